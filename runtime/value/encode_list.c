/* The writer's repeated fields: sequences, arrays, maps; and octets, which are one field. */
#include "runtime/value/encode.h"
#include "runtime/value/map.h"
#include "runtime/value/scalar.h"

/** Before the first is written, so that the loop that writes them has no more to do. */
static bool list_check_scalars(crb_encoder *e, const corbel_type *element, crb_view view, const crb_path *item)
{
    crb_path here = *item;
    for (here.index = 0; here.index < view.len; here.index++) {
        char problem[CRB_SCALAR_PROBLEM];
        if (!crb_scalar_check(element, (const uint8_t *)view.items + here.index * element->size, problem)) {
            return crb_encode_fail(e, &here, "%s", problem);
        }
    }
    return true;
}

/** item: the path of the first. */
static bool list_encode_packed(crb_encoder *e, uint32_t id, const corbel_type *element, crb_view view, const crb_path *item)
{
    if (crb_scalar_is_checked(element) && !list_check_scalars(e, element, view, item)) {
        return false;
    }
    crb_encode_tag(e, id, CRB_WIRE_LEN);
    const size_t start = crb_encode_begin(e);
    const uint8_t *at = view.items;
    if (element->kind == CORBEL_KIND_FLOAT || element->kind == CORBEL_KIND_DOUBLE) {
        crb_encode_bytes(e, at, view.len * element->size);
    } else if (element->kind == CORBEL_KIND_REFERENCE) {
        crb_path here = *item;
        for (; here.index < view.len; here.index++) {
            uint64_t tag = 0;
            if (!crb_encode_reference(e, element, at + here.index * element->size, &here, &tag)) {
                return false;
            }
            crb_encode_varint(e, tag);
        }
    } else {
        for (size_t i = 0; i < view.len; i++) {
            crb_encode_varint(e, crb_scalar_load(element, at + i * element->size));
        }
    }
    crb_encode_end(e, start);
    return true;
}

static bool list_check_map(crb_encoder *e, const corbel_type *type, crb_view view, const crb_path *path)
{
    bool twice = false;
    const size_t at = crb_map_disorder(type, view.items, view.len, &twice);
    if (at == view.len) {
        return true;
    }
    const crb_path item = { .up = path, .index = at };
    const crb_path key = { .up = &item, .name = type->element->members[0].name };
    return crb_encode_fail(e, &key, "%s", twice ? CRB_MAP_TWICE : CRB_MAP_DISORDER);
}

bool crb_encode_list(crb_encoder *e, uint32_t id, const corbel_type *type, const void *at, const crb_path *path)
{
    const bool array = type->kind == CORBEL_KIND_ARRAY;
    const crb_view view = array ? (crb_view) { type->bound, at } : crb_view_get(at);
    if (!array && type->bound > 0 && view.len > type->bound) {
        return crb_encode_fail(e, path, "%zu items, at most %u", view.len, type->bound);
    }
    if (view.items == NULL) {
        return crb_encode_fail(e, path, "%zu items at NULL", view.len);
    }
    crb_path here = { .up = path, .dimensions = type->dimensions };
    if ((type->flags & CORBEL_BYTES) != 0) {
        if (type->element != NULL && type->element->range != NULL && !list_check_scalars(e, type->element, view, &here)) {
            return false;
        }
        crb_encode_tag(e, id, CRB_WIRE_LEN);
        crb_encode_varint(e, view.len);
        crb_encode_bytes(e, view.items, view.len);
        return true;
    }
    if (crb_is_packable(type->element)) {
        return list_encode_packed(e, id, type->element, view, &here);
    }
    const uint8_t *item = view.items;
    for (; here.index < view.len; here.index++, item += type->element->size) {
        if (!crb_encode_present(e, id, type->element, item, &here)) {
            return false;
        }
    }
    return type->kind != CORBEL_KIND_MAP || list_check_map(e, type, view, path);
}
