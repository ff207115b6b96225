/** The writer's inside. Entry points in encode.c. A zero value is written by crb_encode_present() and not by crb_encode_value();
 *  arrays are written by both. All of them return false with e->error filled in. */
#ifndef CRB_ENCODE_H
#define CRB_ENCODE_H

#include "runtime/value/codec.h"
#include "runtime/value/field.h"

typedef struct crb_encoder {
    crb_buf *out;
    const crb_ref_writer *refs;
    int32_t depth; /* left; below 0 only inside a struct or union by value, which may turn out to be zero and not be written */
    corbel_error error;
} crb_encoder;

/** CORBEL_INVALID_ARGUMENT, completion NO. Returns false. */
CORBEL_PRINTF(3, 4) bool crb_encode_fail(crb_encoder *e, const crb_path *path, const char *format, ...);

/** A member or parameter, or the like: id, type, address of the C value. */
bool crb_encode_value(crb_encoder *e, uint32_t id, const corbel_type *type, const void *at, const crb_path *path);
/** The same where the reader must see that it is there: an item, a case of a union, what is optional. A repeated field is wrapped
 *  in a message. */
bool crb_encode_present(crb_encoder *e, uint32_t id, const corbel_type *type, const void *at, const crb_path *path);
/** All members of a struct, or discriminator and case of a union; no tag and no length. */
bool crb_encode_members(crb_encoder *e, const corbel_type *type, const void *value, const crb_path *path);
bool crb_encode_union_members(crb_encoder *e, const corbel_type *type, const void *value, const crb_path *path);
/** The tag of a reference, 0 for NULL. */
bool crb_encode_reference(crb_encoder *e, const corbel_type *type, const void *at, const crb_path *path, uint64_t *ret);
/** A sequence or map that is not empty, or an array, as a field of its own. */
bool crb_encode_list(crb_encoder *e, uint32_t id, const corbel_type *type, const void *at, const crb_path *path);
/** The length behind what crb_encode_begin() began. */
void crb_encode_end(crb_encoder *e, size_t start);
/** Begins a message within the message. false: nested too deep. */
bool crb_encode_enter(crb_encoder *e, const crb_path *path);

/** What crb_buf_varint() does, without a call where there is room. */
static inline void crb_encode_varint(crb_encoder *e, uint64_t value)
{
    crb_buf *out = e->out;
    if (out->capacity - out->len < CRB_MAX_VARINT) {
        crb_buf_varint(out, value);
        return;
    }
    uint8_t *at = out->data + out->len;
    while (value >= 0x80) {
        *at++ = (uint8_t)(value | 0x80);
        value >>= 7;
    }
    *at++ = (uint8_t)value;
    out->len = (size_t)(at - out->data);
}

static inline void crb_encode_bytes(crb_encoder *e, const void *data, size_t len)
{
    crb_buf *out = e->out;
    if (len > 0 && out->capacity - out->len >= len) {
        memcpy(out->data + out->len, data, len);
        out->len += len;
    } else {
        crb_buf_append(out, data, len);
    }
}

static inline void crb_encode_tag(crb_encoder *e, uint32_t id, crb_wire_type wire)
{
    crb_encode_varint(e, (uint64_t)id << 3 | wire);
}

/** Begins something length-delimited: returns the place behind its length, which is still one byte. */
static inline size_t crb_encode_begin(crb_encoder *e)
{
    crb_encode_bytes(e, "", 1);
    return e->out->len;
}

static inline void crb_encode_scalar(crb_encoder *e, corbel_kind kind, uint64_t wire)
{
    if (kind == CORBEL_KIND_FLOAT) {
        crb_encode_bytes(e, &wire, 4);
    } else if (kind == CORBEL_KIND_DOUBLE) {
        crb_encode_bytes(e, &wire, 8);
    } else {
        crb_encode_varint(e, wire);
    }
}

#endif /* CRB_ENCODE_H */
