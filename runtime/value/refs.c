#include "runtime/value/refs.h"
#include "runtime/value/any.h"
#include "runtime/value/union.h"

typedef struct refs_visit {
    bool release;   /* gives their counts back; else counts them */
    bool clear;     /* sets to NULL: this is the value's own storage */
    unsigned depth; /* left */
} refs_visit;

static bool refs_in(refs_visit *visit, const corbel_type *type, void *value);

static bool refs_in_items(refs_visit *visit, const corbel_type *element, size_t n, void *items)
{
    for (size_t i = 0; i < n && (element->flags & CORBEL_PLAIN) == 0; i++) {
        if (!refs_in(visit, element, (uint8_t *)items + i * element->size)) {
            return false;
        }
    }
    return true;
}

/** Behind a pointer: what is there is constant. */
static bool refs_elsewhere(refs_visit *visit, const corbel_type *element, size_t n, const void *items)
{
    const bool clear = visit->clear;
    visit->clear = false;
    const bool done = refs_in_items(visit, element, n, (void *)(uintptr_t)items);
    visit->clear = clear;
    return done;
}

static void refs_visit_object(const refs_visit *visit, void *at)
{
    corbel_object *const object = crb_reference_get(at);
    if (visit->clear && object != NULL) {
        crb_reference_set(at, NULL);
    }
    if (visit->release) {
        corbel_object_unref(object);
    } else {
        corbel_object_ref(object);
    }
}

static void refs_visit_any(const refs_visit *visit, void *at)
{
    corbel_any *const any = crb_any_get(at);
    if (visit->clear && any != NULL) {
        crb_any_set(at, NULL);
    }
    if (visit->release) {
        corbel_any_unref(any);
    } else {
        corbel_any_ref(any);
    }
}

static bool refs_in_member(refs_visit *visit, const corbel_member *member, void *value)
{
    void *at = (uint8_t *)value + member->offset;
    if ((member->flags & CORBEL_OPTIONAL) == 0 || crb_is_pointer(member->type)) {
        return refs_in(visit, member->type, at);
    }
    const void *there = crb_pointer_get(at);
    return there == NULL || refs_elsewhere(visit, member->type, 1, there);
}

static bool refs_in(refs_visit *visit, const corbel_type *type, void *value)
{
    if ((type->flags & CORBEL_PLAIN) != 0) {
        return true;
    }
    if (visit->depth == 0) {
        return false;
    }
    visit->depth--;
    bool done = true;
    const corbel_member *selected = NULL;
    switch (type->kind) {
    case CORBEL_KIND_REFERENCE:
        refs_visit_object(visit, value);
        break;
    case CORBEL_KIND_ANY:
        refs_visit_any(visit, value);
        break;
    case CORBEL_KIND_STRUCT:
        for (uint32_t i = 0; i < type->count && done; i++) {
            done = refs_in_member(visit, &type->members[i], value);
        }
        break;
    case CORBEL_KIND_UNION:
        selected = crb_union_case(type, value);
        done = selected == NULL || refs_in_member(visit, selected, value);
        break;
    case CORBEL_KIND_ARRAY:
        done = refs_in_items(visit, type->element, type->bound, value);
        break;
    case CORBEL_KIND_SEQUENCE:
    case CORBEL_KIND_MAP:
        done = refs_elsewhere(visit, type->element, crb_view_get(value).len, crb_view_get(value).items);
        break;
    default:
        break;
    }
    visit->depth++;
    return done;
}

void crb_value_hold_refs(const corbel_type *type, const void *value)
{
    refs_visit visit = { false, false, CRB_VALUE_DEPTH };
    refs_in(&visit, type, (void *)(uintptr_t)value);
}

void crb_value_release_refs(const corbel_type *type, const void *value)
{
    refs_visit visit = { true, true, CRB_VALUE_DEPTH };
    refs_in(&visit, type, (void *)(uintptr_t)value);
}
