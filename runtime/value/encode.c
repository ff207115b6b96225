/* The writer. One pass: the length in front of what is length-delimited is one byte first, and what follows moves up when the
 * length turns out to need more. Everything is checked before it is written; a failure leaves the buffer's length as it was. */
#include "runtime/base/fail.h"
#include "runtime/base/utf8.h"
#include "runtime/value/any.h"

#include <stdarg.h>
#include <stdio.h>

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "fixed-size numbers are copied as they are");

typedef struct encoder {
    crb_buf *out;
    const crb_ref_writer *refs;
    int32_t depth; /* left; below 0 only inside a struct by value, which may turn out to be zero and not be written */
    corbel_error error;
} encoder;

static bool encode_member(encoder *e, uint32_t id, const corbel_type *type, const void *at, const crb_path *path);

CORBEL_PRINTF(3, 4) static bool encode_fail(encoder *e, const crb_path *path, const char *format, ...)
{
    char where[CRB_MAX_PATH], text[256];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    crb_fail(&e->error, CORBEL_INVALID_ARGUMENT, CORBEL_COMPLETED_NO, "%s: %s", crb_path_print(path, where), text);
    return false;
}

/** What crb_buf_varint() does, without a call where there is room. */
static inline void encode_varint(encoder *e, uint64_t value)
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

static void encode_bytes(encoder *e, const void *data, size_t len)
{
    crb_buf *out = e->out;
    if (len > 0 && out->capacity - out->len >= len) {
        memcpy(out->data + out->len, data, len);
        out->len += len;
    } else {
        crb_buf_append(out, data, len);
    }
}

static void encode_tag(encoder *e, uint32_t id, crb_wire_type wire)
{
    encode_varint(e, (uint64_t)id << 3 | wire);
}

/** Begins something length-delimited: returns the place behind its length, which is still one byte. */
static size_t encode_begin(encoder *e)
{
    encode_bytes(e, "", 1);
    return e->out->len;
}

static void encode_end(encoder *e, size_t start)
{
    size_t len = e->out->len - start;
    if (len < 0x80 && !e->out->failed) {
        e->out->data[start - 1] = (uint8_t)len;
        return;
    }
    size_t more = 0;
    for (size_t rest = len >> 7; rest > 0; rest >>= 7) {
        more++;
    }
    if (crb_buf_reserve(e->out, more) == NULL) {
        return;
    }
    uint8_t *at = e->out->data + start;
    if (more > 0) {
        memmove(at + more, at, len);
        e->out->len += more;
    }
    at--;
    for (; len >= 0x80; len >>= 7) {
        *at++ = (uint8_t)(len | 0x80);
    }
    *at = (uint8_t)len;
}

static void encode_scalar(encoder *e, corbel_kind kind, uint64_t wire)
{
    if (kind == CORBEL_KIND_FLOAT) {
        encode_bytes(e, &wire, 4);
    } else if (kind == CORBEL_KIND_DOUBLE) {
        encode_bytes(e, &wire, 8);
    } else {
        encode_varint(e, wire);
    }
}

/** The tag of a reference, 0 for NULL. */
static bool encode_reference(encoder *e, const corbel_type *type, const void *at, const crb_path *path, uint64_t *ret)
{
    corbel_object *object = crb_reference_get(at);
    *ret = 0;
    if (object == NULL) {
        return true;
    }
    if (e->refs == NULL) {
        return encode_fail(e, path, "a reference cannot be sent here");
    }
    *ret = e->refs->add(e->refs->user, object, type->interface, &e->error);
    if (*ret == 0 && e->error.status == CORBEL_OK) {
        return encode_fail(e, path, "the reference cannot be sent");
    }
    return *ret != 0;
}

/** Tag, length and text. */
static bool encode_string(encoder *e, uint32_t id, const corbel_type *type, const char *text, const crb_path *path)
{
    const size_t len = strlen(text);
    if (type->bound > 0 && len > type->bound) {
        return encode_fail(e, path, "%zu bytes, at most %u", len, type->bound);
    }
    if (!crb_utf8_valid((const uint8_t *)text, len)) {
        return encode_fail(e, path, "not UTF-8");
    }
    encode_tag(e, id, CRB_WIRE_LEN);
    encode_varint(e, len);
    encode_bytes(e, text, len);
    return true;
}

static bool encode_any_fields(encoder *e, const void *at, const crb_path *path)
{
    if (crb_any_write(crb_any_get(at), e->refs, e->out, &e->error)) {
        return true;
    }
    if (e->error.status != CORBEL_INVALID_ARGUMENT) {
        return false;
    }
    char text[256];
    snprintf(text, sizeof text, "%s", e->error.message);
    return encode_fail(e, path, "%s", text);
}

static bool encode_too_deep(encoder *e, const crb_path *path)
{
    const crb_codec_limits limits = CRB_CODEC_LIMITS_DEFAULT;
    return encode_fail(e, path, "nested more than %u deep", limits.depth);
}

static bool encode_members(encoder *e, const corbel_type *type, const void *value, const crb_path *path)
{
    for (uint32_t i = 0; i < type->count; i++) {
        const corbel_member *member = &type->members[i];
        const crb_path here = { path, member->name, 0 };
        if (!encode_member(e, member->id, member->type, (const uint8_t *)value + member->offset, &here)) {
            return false;
        }
    }
    return true;
}

static bool encode_packed(encoder *e, uint32_t id, const corbel_type *element, crb_view view, const crb_path *path)
{
    encode_tag(e, id, CRB_WIRE_LEN);
    const size_t start = encode_begin(e);
    const uint8_t *at = view.items;
    if (element->kind == CORBEL_KIND_FLOAT || element->kind == CORBEL_KIND_DOUBLE) {
        encode_bytes(e, at, view.len * element->size);
    } else if (element->kind == CORBEL_KIND_REFERENCE) {
        for (size_t i = 0; i < view.len; i++) {
            const crb_path here = { path, NULL, i };
            uint64_t tag = 0;
            if (!encode_reference(e, element, at + i * element->size, &here, &tag)) {
                return false;
            }
            encode_varint(e, tag);
        }
    } else {
        for (size_t i = 0; i < view.len; i++) {
            encode_varint(e, crb_scalar_load(element, at + i * element->size));
        }
    }
    encode_end(e, start);
    return true;
}

/** One item of a sequence that is not packed; written also when it is zero. */
static bool encode_item(encoder *e, uint32_t id, const corbel_type *type, const void *at, const crb_path *path)
{
    if (type->kind == CORBEL_KIND_STRING) {
        return encode_string(e, id, type, crb_string_get(at), path);
    }
    if (crb_is_bytes(type) && crb_view_get(at).len > 0) {
        return encode_member(e, id, type, at, path);
    }
    if (crb_is_bytes(type)) {
        encode_tag(e, id, CRB_WIRE_LEN);
        encode_varint(e, 0);
        return true;
    }
    if (e->depth <= 0) {
        return encode_too_deep(e, path);
    }
    e->depth--;
    encode_tag(e, id, CRB_WIRE_LEN);
    const size_t start = encode_begin(e);
    bool done = false;
    if (type->kind == CORBEL_KIND_STRUCT) {
        done = encode_members(e, type, at, path);
    } else if (type->kind == CORBEL_KIND_ANY) {
        done = encode_any_fields(e, at, path);
    } else {
        /* A sequence of sequences: a message of the one field 1 around each inner one. */
        done = encode_member(e, 1, type, at, path);
    }
    encode_end(e, start);
    e->depth++;
    return done;
}

/** A struct by value; not written when all its members are zero. */
static bool encode_struct(encoder *e, uint32_t id, const corbel_type *type, const void *at, const crb_path *path)
{
    const size_t before = e->out->len;
    encode_tag(e, id, CRB_WIRE_LEN);
    const size_t start = encode_begin(e);
    e->depth--;
    const bool done = encode_members(e, type, at, path);
    const bool too_deep = e->depth < 0;
    e->depth++;
    if (!done) {
        return false;
    }
    if (e->out->len == start) {
        e->out->len = before;
        return true;
    }
    if (too_deep) {
        return encode_too_deep(e, path);
    }
    encode_end(e, start);
    return true;
}

static bool encode_sequence(encoder *e, uint32_t id, const corbel_type *type, const void *at, const crb_path *path)
{
    const crb_view view = crb_view_get(at);
    if (view.len == 0) {
        return true;
    }
    if (type->bound > 0 && view.len > type->bound) {
        return encode_fail(e, path, "%zu items, at most %u", view.len, type->bound);
    }
    if (view.items == NULL) {
        return encode_fail(e, path, "%zu items at NULL", view.len);
    }
    if (crb_is_bytes(type)) {
        encode_tag(e, id, CRB_WIRE_LEN);
        encode_varint(e, view.len);
        encode_bytes(e, view.items, view.len);
        return true;
    }
    if (crb_is_packable(type->element)) {
        return encode_packed(e, id, type->element, view, path);
    }
    const uint8_t *item = view.items;
    for (size_t i = 0; i < view.len; i++, item += type->element->size) {
        const crb_path here = { path, NULL, i };
        if (!encode_item(e, id, type->element, item, &here)) {
            return false;
        }
    }
    return true;
}

/** A member or parameter; zero values are not written. */
static bool encode_member(encoder *e, uint32_t id, const corbel_type *type, const void *at, const crb_path *path)
{
    uint64_t wire = 0;
    switch (type->kind) {
    case CORBEL_KIND_STRING: {
        const char *text = crb_string_get(at);
        return *text == '\0' || encode_string(e, id, type, text, path);
    }
    case CORBEL_KIND_STRUCT:
        return encode_struct(e, id, type, at, path);
    case CORBEL_KIND_SEQUENCE:
        return encode_sequence(e, id, type, at, path);
    case CORBEL_KIND_ANY:
        return crb_any_get(at) == NULL || encode_item(e, id, type, at, path);
    case CORBEL_KIND_REFERENCE:
        if (!encode_reference(e, type, at, path, &wire)) {
            return false;
        }
        break;
    default:
        wire = crb_scalar_load(type, at);
        break;
    }
    if (wire != 0) {
        encode_tag(e, id, crb_wire_type_of(type));
        encode_scalar(e, type->kind, wire);
    }
    return true;
}

/** Ends a run that began at before and went well or not. */
static corbel_status encode_finish(encoder *e, bool done, size_t before, corbel_error *reterr)
{
    if (done && !e->out->failed) {
        return CORBEL_OK;
    }
    e->out->len = before;
    if (done) {
        return crb_fail(reterr, CORBEL_NO_MEMORY, CORBEL_COMPLETED_NO, "no memory for the message");
    }
    const corbel_status status = e->error.status;
    crb_error_move(reterr, &e->error);
    return status;
}

corbel_status crb_encode_params(const corbel_param *params, uint32_t n, const void *const *values, const crb_ref_writer *refs,
                                crb_buf *out, corbel_error *reterr)
{
    const crb_codec_limits limits = CRB_CODEC_LIMITS_DEFAULT;
    encoder e = { .out = out, .refs = refs, .depth = (int32_t)limits.depth, .error = CORBEL_ERROR_INIT };
    const size_t before = out->len;
    bool done = true;
    for (uint32_t i = 0; i < n && done; i++) {
        const crb_path path = { NULL, params[i].name, 0 };
        done = encode_member(&e, params[i].id, params[i].type, values[i], &path);
    }
    return encode_finish(&e, done, before, reterr);
}

corbel_status crb_encode_struct(const corbel_type *type, const void *value, const crb_ref_writer *refs, crb_buf *out,
                                corbel_error *reterr)
{
    const crb_codec_limits limits = CRB_CODEC_LIMITS_DEFAULT;
    encoder e = { .out = out, .refs = refs, .depth = (int32_t)limits.depth, .error = CORBEL_ERROR_INIT };
    const size_t before = out->len;
    return encode_finish(&e, encode_members(&e, type, value, NULL), before, reterr);
}
