/* The reader's way through protobuf's wire format. */
#include "runtime/value/decode.h"

bool crb_decode_cut(crb_decoder *d, const crb_path *path)
{
    return crb_decoder_fail(d, CORBEL_DECODE, path, "ends in the middle of a field");
}

bool crb_decode_bad_id(crb_decoder *d, const crb_path *path)
{
    return crb_decoder_fail(d, CORBEL_DECODE, path, "a field number that cannot be");
}

bool crb_decode_bad_wire(crb_decoder *d, crb_wire_type wire, crb_wire_type wanted, const crb_path *path)
{
    return crb_decoder_fail(d, CORBEL_DECODE, path, "wire type %d, not %d", (int)wire, (int)wanted);
}

bool crb_decode_too_deep(crb_decoder *d, const crb_path *path)
{
    return crb_decoder_fail(d, CORBEL_LIMIT, path, "nested more than %u deep", d->limits.depth);
}

bool crb_decode_long_varint(crb_decoder *d, crb_span *span, const crb_path *path, uint64_t *ret)
{
    uint64_t value = 0;
    for (unsigned i = 0; i < CRB_MAX_VARINT; i++) {
        if (span->at == span->end) {
            return crb_decode_cut(d, path);
        }
        const uint8_t byte = *span->at++;
        if (i == CRB_MAX_VARINT - 1 && byte > 1) {
            break;
        }
        value |= (uint64_t)(byte & 0x7f) << (7 * i);
        if (byte < 0x80) {
            *ret = value;
            return true;
        }
    }
    return crb_decoder_fail(d, CORBEL_DECODE, path, "a number of more than 64 bits");
}

bool crb_decode_skip(crb_decoder *d, crb_wire_type wire, crb_span *span, const crb_path *path, crb_span *ret)
{
    uint64_t number = 0;
    switch (wire) {
    case CRB_WIRE_VARINT:
        ret->at = span->at;
        if (!crb_decode_varint(d, span, path, &number)) {
            return false;
        }
        ret->end = span->at;
        return true;
    case CRB_WIRE_I64:
        return crb_decode_bytes(d, span, 8, path, ret);
    case CRB_WIRE_LEN:
        return crb_decode_delimited(d, span, path, ret);
    case CRB_WIRE_I32:
        return crb_decode_bytes(d, span, 4, path, ret);
    default:
        return crb_decoder_fail(d, CORBEL_DECODE, path, "wire type %d", (int)wire);
    }
}

enum { WIRE_FEW = 16 };

const corbel_member *crb_decode_find(const crb_layout *layout, uint32_t id, uint32_t *cursor)
{
    /* Writers go up: it is this one or the next. */
    const uint32_t n = layout->n;
    for (uint32_t i = *cursor; i < n && i < *cursor + 2; i++) {
        if (layout->members[i].id == id) {
            *cursor = i;
            return &layout->members[i];
        }
    }
    if (layout->ascending && n > WIRE_FEW) {
        uint32_t low = 0, high = n;
        while (low < high) {
            const uint32_t middle = low + (high - low) / 2;
            if (layout->members[middle].id < id) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        if (low < n && layout->members[low].id == id) {
            *cursor = low;
            return &layout->members[low];
        }
        return NULL;
    }
    for (uint32_t i = 0; i < n; i++) {
        if (layout->members[i].id == id) {
            *cursor = i;
            return &layout->members[i];
        }
    }
    return NULL;
}
