/* The writer. One pass: the length in front of what is length-delimited is one byte first, and what follows moves up when the
 * length turns out to need more. Everything is checked before it is written; a failure leaves the buffer's length as it was. */
#include "runtime/value/encode.h"
#include "runtime/base/fail.h"
#include "runtime/base/utf8.h"
#include "runtime/value/any.h"
#include "runtime/value/fixed.h"
#include "runtime/value/long_double.h"
#include "runtime/value/scalar.h"

#include <stdarg.h>
#include <stdio.h>

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "fixed-size numbers are copied as they are");

bool crb_encode_fail(crb_encoder *e, const crb_path *path, const char *format, ...)
{
    char where[CRB_MAX_PATH], text[256];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    crb_fail(&e->error, CORBEL_INVALID_ARGUMENT, CORBEL_COMPLETED_NO, "%s: %s", crb_path_print(path, where), text);
    return false;
}

void crb_encode_end(crb_encoder *e, size_t start)
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

bool crb_encode_reference(crb_encoder *e, const corbel_type *type, const void *at, const crb_path *path, uint64_t *ret)
{
    corbel_object *object = crb_reference_get(at);
    *ret = 0;
    if (object == NULL) {
        return true;
    }
    if (e->refs == NULL) {
        return crb_encode_fail(e, path, "a reference cannot be sent here");
    }
    *ret = e->refs->add(e->refs->user, object, type->interface, &e->error);
    if (*ret == 0 && e->error.status == CORBEL_OK) {
        return crb_encode_fail(e, path, "the reference cannot be sent");
    }
    return *ret != 0;
}

/** Tag, length and text. */
static bool encode_string(crb_encoder *e, uint32_t id, const corbel_type *type, const char *text, const crb_path *path)
{
    const size_t len = strlen(text);
    const bool wide = (type->flags & CORBEL_WIDE) != 0;
    if (type->bound > 0 && len > type->bound && !wide) {
        return crb_encode_fail(e, path, "%zu bytes, at most %u", len, type->bound);
    }
    if (!crb_utf8_valid((const uint8_t *)text, len)) {
        return crb_encode_fail(e, path, "not UTF-8");
    }
    if (type->bound > 0 && len > type->bound && crb_utf8_count((const uint8_t *)text, len) > type->bound) {
        return crb_encode_fail(e, path, "%zu characters, at most %u", crb_utf8_count((const uint8_t *)text, len), type->bound);
    }
    crb_encode_tag(e, id, CRB_WIRE_LEN);
    crb_encode_varint(e, len);
    crb_encode_bytes(e, text, len);
    return true;
}

/** The number in its shortest form. */
static bool encode_fixed(crb_encoder *e, uint32_t id, const corbel_type *type, const char *text, bool present,
                         const crb_path *path)
{
    crb_fixed number;
    char problem[CRB_FIXED_PROBLEM];
    if (!crb_fixed_check(type, text, strlen(text), &number, problem)) {
        return crb_encode_fail(e, path, "%s", problem);
    }
    if (!present && crb_fixed_is_zero(&number)) {
        return true;
    }
    const size_t len = crb_fixed_len(&number);
    crb_encode_tag(e, id, CRB_WIRE_LEN);
    crb_encode_varint(e, len);
    uint8_t *at = crb_buf_reserve(e->out, len);
    if (at != NULL) {
        crb_fixed_print(&number, (char *)at);
        e->out->len += len;
    }
    return true;
}

static bool encode_check_scalar(crb_encoder *e, const corbel_type *type, const void *at, const crb_path *path)
{
    char problem[CRB_SCALAR_PROBLEM];
    return crb_scalar_check(type, at, problem) || crb_encode_fail(e, path, "%s", problem);
}

static bool encode_long_double(crb_encoder *e, uint32_t id, const corbel_type *type, const void *at, bool present,
                               const crb_path *path)
{
    static const uint8_t zero[CRB_LONG_DOUBLE_WIRE];
    uint8_t wire[CRB_LONG_DOUBLE_WIRE];
    if (crb_scalar_is_checked(type) && !encode_check_scalar(e, type, at, path)) {
        return false;
    }
    crb_long_double_load(at, wire);
    if (present || memcmp(wire, zero, sizeof wire) != 0) {
        crb_encode_tag(e, id, CRB_WIRE_LEN);
        crb_encode_varint(e, sizeof wire);
        crb_encode_bytes(e, wire, sizeof wire);
    }
    return true;
}

static bool encode_too_deep(crb_encoder *e, const crb_path *path)
{
    const crb_codec_limits limits = CRB_CODEC_LIMITS_DEFAULT;
    return crb_encode_fail(e, path, "nested more than %u deep", limits.depth);
}

bool crb_encode_enter(crb_encoder *e, const crb_path *path)
{
    if (e->depth <= 0) {
        return encode_too_deep(e, path);
    }
    e->depth--;
    return true;
}

/** A member that is optional or has a default. */
static bool encode_flagged_member(crb_encoder *e, const corbel_member *member, const void *at, const crb_path *path)
{
    if ((member->flags & CORBEL_OPTIONAL) != 0) {
        const void *value = crb_pointer_get(at);
        if (value == NULL) {
            return true;
        }
        at = crb_is_pointer(member->type) ? at : value;
    }
    return crb_encode_present(e, member->id, member->type, at, path);
}

bool crb_encode_members(crb_encoder *e, const corbel_type *type, const void *value, const crb_path *path)
{
    if (type->kind == CORBEL_KIND_UNION) {
        return crb_encode_union_members(e, type, value, path);
    }
    for (uint32_t i = 0; i < type->count; i++) {
        const corbel_member *member = &type->members[i];
        const crb_path here = { .up = path, .name = member->name };
        const void *at = (const uint8_t *)value + member->offset;
        if (member->flags != 0 ? !encode_flagged_member(e, member, at, &here)
                               : !crb_encode_value(e, member->id, member->type, at, &here)) {
            return false;
        }
    }
    return true;
}

/** A struct or union by value; not written when there is nothing in it but zero. */
static bool encode_struct(crb_encoder *e, uint32_t id, const corbel_type *type, const void *at, const crb_path *path)
{
    const size_t before = e->out->len;
    crb_encode_tag(e, id, CRB_WIRE_LEN);
    const size_t start = crb_encode_begin(e);
    e->depth--;
    const bool done = crb_encode_members(e, type, at, path);
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
    crb_encode_end(e, start);
    return true;
}

/** A message that is there even when it is empty; what has no message of its own is the one field 1 of it. */
static bool encode_message(crb_encoder *e, uint32_t id, const corbel_type *type, const void *at, const crb_path *path)
{
    if (!crb_encode_enter(e, path)) {
        return false;
    }
    crb_encode_tag(e, id, CRB_WIRE_LEN);
    const size_t start = crb_encode_begin(e);
    const bool done = crb_is_repeated(type) ? crb_encode_value(e, 1, type, at, path) : crb_encode_members(e, type, at, path);
    crb_encode_end(e, start);
    e->depth++;
    return done;
}

static bool encode_any_fields(crb_encoder *e, const void *at, const crb_path *path)
{
    if (crb_any_write(crb_any_get(at), e->refs, e->out, &e->error)) {
        return true;
    }
    if (e->error.status != CORBEL_INVALID_ARGUMENT) {
        return false;
    }
    char text[256];
    snprintf(text, sizeof text, "%s", e->error.message);
    return crb_encode_fail(e, path, "%s", text);
}

static bool encode_any(crb_encoder *e, uint32_t id, const void *at, const crb_path *path)
{
    if (!crb_encode_enter(e, path)) {
        return false;
    }
    crb_encode_tag(e, id, CRB_WIRE_LEN);
    const size_t start = crb_encode_begin(e);
    const bool done = encode_any_fields(e, at, path);
    crb_encode_end(e, start);
    e->depth++;
    return done;
}

static bool encode_bytes_value(crb_encoder *e, uint32_t id, const corbel_type *type, const void *at, const crb_path *path)
{
    const bool array = type->kind == CORBEL_KIND_ARRAY;
    if (array || crb_view_get(at).len > 0) {
        return crb_encode_list(e, id, type, at, path);
    }
    crb_encode_tag(e, id, CRB_WIRE_LEN);
    crb_encode_varint(e, 0);
    return true;
}

bool crb_encode_present(crb_encoder *e, uint32_t id, const corbel_type *type, const void *at, const crb_path *path)
{
    uint64_t wire = 0;
    switch (type->kind) {
    case CORBEL_KIND_STRING:
        return encode_string(e, id, type, crb_string_get(at), path);
    case CORBEL_KIND_FIXED:
        return encode_fixed(e, id, type, crb_string_get(at), true, path);
    case CORBEL_KIND_LONG_DOUBLE:
        return encode_long_double(e, id, type, at, true, path);
    case CORBEL_KIND_STRUCT:
    case CORBEL_KIND_UNION:
        return encode_message(e, id, type, at, path);
    case CORBEL_KIND_SEQUENCE:
    case CORBEL_KIND_ARRAY:
    case CORBEL_KIND_MAP:
        return crb_is_repeated(type) ? encode_message(e, id, type, at, path) : encode_bytes_value(e, id, type, at, path);
    case CORBEL_KIND_ANY:
        return encode_any(e, id, at, path);
    case CORBEL_KIND_REFERENCE:
        if (!crb_encode_reference(e, type, at, path, &wire)) {
            return false;
        }
        break;
    default:
        if (crb_scalar_is_checked(type) && !encode_check_scalar(e, type, at, path)) {
            return false;
        }
        wire = crb_scalar_load(type, at);
        break;
    }
    crb_encode_tag(e, id, crb_wire_type_of(type));
    crb_encode_scalar(e, type->kind, wire);
    return true;
}

bool crb_encode_value(crb_encoder *e, uint32_t id, const corbel_type *type, const void *at, const crb_path *path)
{
    uint64_t wire = 0;
    switch (type->kind) {
    case CORBEL_KIND_STRING: {
        const char *text = crb_string_get(at);
        return *text == '\0' || encode_string(e, id, type, text, path);
    }
    case CORBEL_KIND_STRUCT:
    case CORBEL_KIND_UNION:
        return encode_struct(e, id, type, at, path);
    case CORBEL_KIND_SEQUENCE:
    case CORBEL_KIND_MAP:
        return crb_view_get(at).len == 0 || crb_encode_list(e, id, type, at, path);
    case CORBEL_KIND_ARRAY:
        return crb_encode_list(e, id, type, at, path);
    case CORBEL_KIND_REFERENCE:
        if (!crb_encode_reference(e, type, at, path, &wire)) {
            return false;
        }
        break;
    case CORBEL_KIND_FIXED:
        return encode_fixed(e, id, type, crb_string_get(at), false, path);
    case CORBEL_KIND_LONG_DOUBLE:
        return encode_long_double(e, id, type, at, false, path);
    case CORBEL_KIND_ANY:
        return crb_any_get(at) == NULL || encode_any(e, id, at, path);
    default:
        wire = crb_scalar_load(type, at);
        if (crb_scalar_is_checked(type) && !encode_check_scalar(e, type, at, path)) {
            return false;
        }
        break;
    }
    if (wire != 0) {
        crb_encode_tag(e, id, crb_wire_type_of(type));
        crb_encode_scalar(e, type->kind, wire);
    }
    return true;
}

/** Ends a run that began at before and went well or not. */
static corbel_status encode_finish(crb_encoder *e, bool done, size_t before, corbel_error *reterr)
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
    crb_encoder e = { .out = out, .refs = refs, .depth = (int32_t)limits.depth, .error = CORBEL_ERROR_INIT };
    const size_t before = out->len;
    bool done = true;
    for (uint32_t i = 0; i < n && done; i++) {
        const crb_path path = { .name = params[i].name };
        done = crb_encode_value(&e, params[i].id, params[i].type, values[i], path.name != NULL ? &path : NULL);
    }
    return encode_finish(&e, done, before, reterr);
}

corbel_status crb_encode_struct(const corbel_type *type, const void *value, const crb_ref_writer *refs, crb_buf *out,
                                corbel_error *reterr)
{
    const crb_codec_limits limits = CRB_CODEC_LIMITS_DEFAULT;
    crb_encoder e = { .out = out, .refs = refs, .depth = (int32_t)limits.depth, .error = CORBEL_ERROR_INIT };
    const size_t before = out->len;
    return encode_finish(&e, crb_encode_members(&e, type, value, NULL), before, reterr);
}
