/** The C form of types that are made at run time: what a C compiler would give the struct that corbelc writes. */
#include "runtime/base/fail.h"
#include "runtime/describe/rebuild.h"
#include "runtime/value/field.h"

#include <stdalign.h>

typedef struct layout {
    uint64_t size;
    size_t align;
    bool plain;
} layout;

static corbel_status layout_too_big(const corbel_type *type, corbel_error *reterr)
{
    return crb_fail(reterr, CORBEL_LIMIT, CORBEL_COMPLETED_YES, "the description: values of type %s are too big",
                    type->name == NULL ? "without a name" : type->name);
}

static void layout_place(layout *all, uint64_t size, size_t align, size_t *ret_offset)
{
    const uint64_t offset = (all->size + align - 1) / align * align;
    *ret_offset = (size_t)offset;
    all->size = offset + size;
    all->align = align > all->align ? align : all->align;
}

/** Of what an optional member points to the pointer; of what is one already that. */
static corbel_status layout_member(crb_tables *tables, const corbel_member *member, uint32_t depth, layout *ret,
                                   corbel_error *reterr)
{
    if ((member->flags & CORBEL_OPTIONAL) != 0) {
        *ret = (layout) { sizeof(void *), alignof(void *), false };
        return CORBEL_OK;
    }
    const uint32_t index = (uint32_t)(member->type - tables->types);
    const corbel_status status = crb_tables_lay_out(tables, index, depth, reterr);
    if (status == CORBEL_OK) {
        *ret = (layout) { member->type->size, tables->aligns[index], (member->type->flags & CORBEL_PLAIN) != 0 };
    }
    return status;
}

/** A union: the discriminator, and one place for all cases. */
static corbel_status layout_members(crb_tables *tables, corbel_type *type, uint32_t depth, layout *ret, corbel_error *reterr)
{
    corbel_member *const members = (corbel_member *)(uintptr_t)type->members; /* made by us, and not const */
    layout all = { 0, 1, true }, cases = { 0, 1, true };
    for (uint32_t i = 0; i < type->count; i++) {
        layout one = { 0, 1, true };
        const corbel_status status = layout_member(tables, &members[i], depth, &one, reterr);
        if (status != CORBEL_OK) {
            return status;
        }
        all.plain = all.plain && one.plain;
        if (type->kind == CORBEL_KIND_UNION && i > 0) {
            cases.size = one.size > cases.size ? one.size : cases.size;
            cases.align = one.align > cases.align ? one.align : cases.align;
        } else {
            layout_place(&all, one.size, one.align, &members[i].offset);
        }
        if (all.size > tables->limits.value_size) {
            return layout_too_big(type, reterr);
        }
    }
    if (type->kind == CORBEL_KIND_UNION && type->count > 1) {
        size_t offset = 0;
        cases.size = (cases.size + cases.align - 1) / cases.align * cases.align;
        layout_place(&all, cases.size, cases.align, &offset);
        for (uint32_t i = 1; i < type->count; i++) {
            members[i].offset = offset;
        }
    }
    all.size = all.size == 0 ? 1 : all.size; /* char unused_ */
    all.size = (all.size + all.align - 1) / all.align * all.align;
    *ret = all;
    return CORBEL_OK;
}

static corbel_status layout_array(crb_tables *tables, const corbel_type *type, uint32_t depth, layout *ret, corbel_error *reterr)
{
    const uint32_t index = (uint32_t)(type->element - tables->types);
    const corbel_status status = crb_tables_lay_out(tables, index, depth, reterr);
    if (status != CORBEL_OK) {
        return status;
    }
    /* Both factors are below 2^32: the limit keeps values small. */
    *ret = (layout) { (uint64_t)type->bound * type->element->size, tables->aligns[index],
                      (type->element->flags & CORBEL_PLAIN) != 0 };
    return CORBEL_OK;
}

static layout layout_number(const corbel_type *type)
{
    switch (type->kind) {
    case CORBEL_KIND_BOOL:
        return (layout) { sizeof(bool), alignof(bool), true };
    case CORBEL_KIND_UINT8:
    case CORBEL_KIND_INT8:
    case CORBEL_KIND_CHAR:
        return (layout) { 1, 1, true };
    case CORBEL_KIND_INT16:
    case CORBEL_KIND_UINT16:
        return (layout) { 2, alignof(int16_t), true };
    case CORBEL_KIND_INT64:
    case CORBEL_KIND_UINT64:
        return (layout) { 8, alignof(int64_t), true };
    case CORBEL_KIND_DOUBLE:
        return (layout) { 8, alignof(double), true };
    case CORBEL_KIND_LONG_DOUBLE:
        return (layout) { sizeof(long double), alignof(long double), true };
    case CORBEL_KIND_BITMASK: {
        const size_t size = type->bound <= 8 ? 1 : type->bound <= 16 ? 2 : type->bound <= 32 ? 4 : 8;
        return (layout) { size, size, true };
    }
    default:
        return (layout) { 4, 4, true };
    }
}

corbel_status crb_tables_lay_out(crb_tables *tables, uint32_t index, uint32_t depth, corbel_error *reterr)
{
    corbel_type *const type = &tables->types[index];
    corbel_status status = CORBEL_OK;
    layout all = { 0, 1, false };
    if (tables->states[index] == CRB_LAYOUT_DONE) {
        return CORBEL_OK;
    }
    if (tables->states[index] == CRB_LAYOUT_UNDER_WAY) {
        return crb_fail(reterr, CORBEL_DECODE, CORBEL_COMPLETED_YES, "the description: type %s contains itself",
                        type->name == NULL ? "without a name" : type->name);
    }
    if (depth == tables->limits.depth) {
        return crb_fail(reterr, CORBEL_LIMIT, CORBEL_COMPLETED_YES, "the description: more than %u types inside each other",
                        (unsigned)tables->limits.depth);
    }
    tables->states[index] = CRB_LAYOUT_UNDER_WAY;
    switch (type->kind) {
    case CORBEL_KIND_STRUCT:
    case CORBEL_KIND_UNION:
        status = layout_members(tables, type, depth + 1, &all, reterr);
        all.plain = all.plain && (type->flags & CORBEL_PLAIN) != 0;
        break;
    case CORBEL_KIND_ARRAY:
        status = layout_array(tables, type, depth + 1, &all, reterr);
        break;
    case CORBEL_KIND_SEQUENCE:
    case CORBEL_KIND_MAP:
        all = (layout) { sizeof(crb_view), alignof(crb_view), false };
        break;
    case CORBEL_KIND_STRING:
    case CORBEL_KIND_FIXED:
    case CORBEL_KIND_REFERENCE:
    case CORBEL_KIND_ANY:
        all = (layout) { sizeof(void *), alignof(void *), false };
        break;
    default:
        all = layout_number(type);
        break;
    }
    if (status != CORBEL_OK) {
        return status;
    }
    if (all.size > tables->limits.value_size) {
        return layout_too_big(type, reterr);
    }
    if ((type->flags & CORBEL_PLAIN) != 0 && !all.plain) {
        return crb_fail(reterr, CORBEL_DECODE, CORBEL_COMPLETED_YES, "the description: type %s is not plain",
                        type->name == NULL ? "without a name" : type->name);
    }
    type->flags = all.plain ? type->flags | CORBEL_PLAIN : type->flags & ~(uint32_t)CORBEL_PLAIN;
    type->size = (size_t)all.size;
    tables->aligns[index] = all.align;
    tables->states[index] = CRB_LAYOUT_DONE;
    return CORBEL_OK;
}
