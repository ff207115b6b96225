/* The reader's sequences and maps: counted, given memory, read, settled. */
#include "runtime/value/decode.h"
#include "runtime/value/map.h"

_Static_assert(sizeof(size_t) == 8, "two counts share the len of a view");

/** How many items the field holds. */
static size_t list_items_in(const corbel_type *element, crb_wire_type wire, crb_span contents)
{
    if (wire != CRB_WIRE_LEN || !crb_is_packable(element)) {
        return 1;
    }
    const size_t len = (size_t)(contents.end - contents.at);
    if (element->kind == CORBEL_KIND_FLOAT) {
        return len / 4;
    }
    if (element->kind == CORBEL_KIND_DOUBLE) {
        return len / 8;
    }
    size_t n = 0;
    for (const uint8_t *at = contents.at; at < contents.end; at++) {
        n += *at < 0x80;
    }
    return n;
}

/** Gives one view memory for the items in the high half of its len, behind those it has already. */
static bool list_make_room(crb_decoder *d, const corbel_type *type, void *at, const crb_path *path)
{
    crb_view view = crb_view_get(at);
    const size_t more = view.len >> 32, old = view.len & UINT32_MAX;
    if (more == 0) {
        return true;
    }
    const corbel_type *element = type->element;
    if (type->bound > 0 && old + more > type->bound) {
        return crb_decoder_fail(d, CORBEL_DECODE, path, "%zu items, at most %u", old + more, type->bound);
    }
    if (old + more > UINT32_MAX) {
        return crb_decoder_fail(d, CORBEL_LIMIT, path, "%zu items", old + more);
    }
    uint8_t *items = at == d->root ? crb_decoder_root(d, old + more, element->size, path)
                                   : crb_decoder_alloc(d, old + more, element->size, path);
    if (items == NULL) {
        return false;
    }
    if (old > 0) {
        memcpy(items, view.items, old * element->size);
    }
    if (!crb_is_packable(element)) {
        crb_decoder_start_values(element, items + old * element->size, more);
    }
    crb_view_set(at, (crb_view) { (old + more) << 32 | old, items });
    return true;
}

/** The path of a member, or of the message where the member has no name. */
static const crb_path *list_path(crb_path *here, const crb_path *path, const corbel_member *member)
{
    *here = (crb_path) { .up = path, .name = member->name };
    return member->name != NULL ? here : path;
}

bool crb_decode_count(crb_decoder *d, const crb_layout *layout, crb_span span, const crb_path *path)
{
    uint32_t cursor = 0;
    while (span.at < span.end) {
        uint32_t id = 0;
        crb_wire_type wire = CRB_WIRE_VARINT;
        crb_span contents = { NULL, NULL };
        if (!crb_decode_field(d, &span, path, &id, &wire, &contents)) {
            return false;
        }
        const corbel_member *member = crb_decode_find(layout, id, &cursor);
        if (member != NULL && crb_decode_is_counted(member)) {
            crb_view view = crb_view_get(layout->base + member->offset);
            view.len += list_items_in(member->type->element, wire, contents) << 32;
            crb_view_set(layout->base + member->offset, view);
        }
    }
    for (uint32_t i = 0; i < layout->n; i++) {
        const corbel_member *member = &layout->members[i];
        if (crb_decode_is_counted(member)) {
            crb_path here;
            if (!list_make_room(d, member->type, layout->base + member->offset, list_path(&here, path, member))) {
                return false;
            }
        }
    }
    return true;
}

static bool list_check_map(crb_decoder *d, const corbel_type *type, crb_view view, const crb_path *path)
{
    bool twice = false;
    const size_t at = crb_map_disorder(type, view.items, view.len, &twice);
    if (at == view.len) {
        return true;
    }
    const crb_path item = { .up = path, .index = at };
    const crb_path key = { .up = &item, .name = type->element->members[0].name };
    return crb_decoder_fail(d, CORBEL_DECODE, &key, "%s", twice ? CRB_MAP_TWICE : CRB_MAP_DISORDER);
}

bool crb_decode_settle(crb_decoder *d, const crb_layout *layout, const crb_path *path)
{
    for (uint32_t i = 0; i < layout->n; i++) {
        const corbel_member *member = &layout->members[i];
        if (!crb_decode_is_counted(member)) {
            continue;
        }
        crb_path here;
        crb_view view = crb_view_get(layout->base + member->offset);
        view.len &= UINT32_MAX;
        crb_view_set(layout->base + member->offset, view);
        if (member->type->kind == CORBEL_KIND_MAP && !list_check_map(d, member->type, view, list_path(&here, path, member))) {
            return false;
        }
    }
    return true;
}

bool crb_decode_items(crb_decoder *d, const corbel_type *type, uint8_t *items, size_t *n, size_t room, crb_wire_type wire,
                      crb_span *span, const crb_path *path)
{
    const corbel_type *element = type->element;
    crb_path here = { .up = path, .index = *n, .dimensions = type->dimensions };
    const bool packed = wire == CRB_WIRE_LEN && crb_is_packable(element);
    crb_span contents = { NULL, NULL };
    if (!packed) {
        if (*n >= room) {
            return type->kind == CORBEL_KIND_ARRAY ? crb_decoder_fail(d, CORBEL_DECODE, path, "more than %zu items", room)
                                                   : crb_decode_cut(d, &here);
        }
        return crb_decode_single(d, element, items + (*n)++ * element->size, wire, span, &here);
    }
    if (!crb_decode_delimited(d, span, path, &contents)) {
        return false;
    }
    for (wire = crb_wire_type_of(element); contents.at < contents.end; here.index = ++*n) {
        if (*n >= room) {
            return type->kind == CORBEL_KIND_ARRAY ? crb_decoder_fail(d, CORBEL_DECODE, path, "more than %zu items", room)
                                                   : crb_decode_cut(d, &here);
        }
        if (!crb_decode_scalar(d, element, items + *n * element->size, wire, &contents, &here)) {
            return false;
        }
    }
    return true;
}

bool crb_decode_counted(crb_decoder *d, const corbel_type *type, void *at, crb_wire_type wire, crb_span *span,
                        const crb_path *path)
{
    const crb_view view = crb_view_get(at);
    const size_t room = view.len >> 32;
    size_t n = view.len & UINT32_MAX;
    if (!crb_decode_items(d, type, (uint8_t *)(uintptr_t)view.items, &n, room, wire, span, path)) {
        return false;
    }
    crb_view_set(at, (crb_view) { (size_t)room << 32 | n, view.items });
    return true;
}
