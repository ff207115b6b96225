/* The reader's numbers and references. */
#include "runtime/base/fail.h"
#include "runtime/value/decode.h"
#include "runtime/value/scalar.h"

/** The number in front of span, as it travels. */
static inline bool scalar_number(crb_decoder *d, crb_wire_type wire, crb_span *span, const crb_path *path, uint64_t *ret)
{
    if (wire == CRB_WIRE_VARINT) {
        return crb_decode_varint(d, span, path, ret);
    }
    const size_t size = wire == CRB_WIRE_I64 ? 8 : 4;
    crb_span bytes = { NULL, NULL };
    *ret = 0;
    if (!crb_decode_bytes(d, span, size, path, &bytes)) {
        return false;
    }
    memcpy(ret, bytes.at, size);
    return true;
}

/** Remembers a counted reference; gives it back when it cannot. */
static bool scalar_hold(crb_decoder *d, corbel_object *object, const crb_path *path)
{
    crb_held *held = d->held;
    if (held->len == held->capacity) {
        const size_t capacity = held->capacity > 0 ? held->capacity * 2 : 4;
        if (d->arena == NULL) {
            d->arena = crb_arena_new_sized(0, capacity * sizeof *held->items);
        }
        corbel_object **items = NULL;
        if (d->arena == NULL) {
            crb_decoder_fail(d, CORBEL_NO_MEMORY, path, "no memory for it");
        } else {
            items = crb_decoder_take(d, capacity, sizeof(corbel_object *), _Alignof(corbel_object *), path);
        }
        if (items == NULL) {
            corbel_object_unref(object);
            return false;
        }
        if (held->len > 0) {
            memcpy(items, held->items, held->len * sizeof *items);
        }
        held->items = items;
        held->capacity = capacity;
    }
    held->items[held->len++] = object;
    return true;
}

static bool scalar_reference(crb_decoder *d, const corbel_type *type, void *at, uint64_t tag, const crb_path *path)
{
    corbel_object *object = NULL;
    if (tag != 0) {
        if (d->refs == NULL) {
            return crb_decoder_fail(d, CORBEL_DECODE, path, "a reference cannot stand here");
        }
        object = d->refs->take(d->refs->user, tag, type->interface, &d->error);
        if (object == NULL) {
            const corbel_status status = d->error.status;
            return crb_decoder_fail(d, status != CORBEL_OK ? status : CORBEL_DECODE, path, "%s",
                                    status != CORBEL_OK ? d->error.message : "no such reference");
        }
        if (!scalar_hold(d, object, path)) {
            return false;
        }
    }
    crb_reference_set(at, object);
    return true;
}

/** Stores a number that has a range, or that crb_scalar_store() would not have, or says why not. */
static bool scalar_checked(crb_decoder *d, const corbel_type *type, void *at, uint64_t wire, const crb_path *path)
{
    char problem[CRB_SCALAR_PROBLEM] = "out of range";
    if (type->kind == CORBEL_KIND_WCHAR && wire <= UINT32_MAX) {
        const uint32_t number = (uint32_t)wire;
        memcpy(at, &number, sizeof number);
    } else if (type->kind == CORBEL_KIND_BITMASK && (type->size == 8 || wire >> (8 * type->size) == 0)) {
        memcpy(at, &wire, type->size);
    } else if (!crb_scalar_store(type, at, wire)) {
        return crb_decoder_fail(d, CORBEL_DECODE, path, "%s", problem);
    }
    return crb_scalar_check(type, at, problem) || crb_decoder_fail(d, CORBEL_DECODE, path, "%s", problem);
}

bool crb_decode_scalar(crb_decoder *d, const corbel_type *type, void *at, crb_wire_type wire, crb_span *span,
                       const crb_path *path)
{
    uint64_t number = 0;
    if (!scalar_number(d, wire, span, path, &number)) {
        return false;
    }
    if (type->kind == CORBEL_KIND_REFERENCE) {
        return scalar_reference(d, type, at, number, path);
    }
    if (type->range == NULL && crb_scalar_store(type, at, number)) {
        return true;
    }
    return scalar_checked(d, type, at, number, path);
}
