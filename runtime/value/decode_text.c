/* The reader's texts, octets and numbers of more than 64 bits. */
#include "runtime/base/utf8.h"
#include "runtime/value/decode.h"
#include "runtime/value/fixed.h"
#include "runtime/value/long_double.h"
#include "runtime/value/scalar.h"

/** Memory for len bytes that the value at that address is to point to. */
static void *text_take(crb_decoder *d, const void *at, size_t len, const crb_path *path)
{
    return at == d->root ? crb_decoder_root(d, len, 1, path) : crb_decoder_take(d, len, 1, 1, path);
}

static bool text_string(crb_decoder *d, const corbel_type *type, void *at, crb_span text, const crb_path *path)
{
    const size_t len = (size_t)(text.end - text.at);
    const bool wide = (type->flags & CORBEL_WIDE) != 0;
    if (type->bound > 0 && len > type->bound && !wide) {
        return crb_decoder_fail(d, CORBEL_DECODE, path, "%zu bytes, at most %u", len, type->bound);
    }
    if (!crb_utf8_valid(text.at, len)) {
        return crb_decoder_fail(d, CORBEL_DECODE, path, "not UTF-8, or a NUL in it");
    }
    if (type->bound > 0 && len > type->bound && crb_utf8_count(text.at, len) > type->bound) {
        return crb_decoder_fail(d, CORBEL_DECODE, path, "%zu characters, at most %u", crb_utf8_count(text.at, len), type->bound);
    }
    char *copy = text_take(d, at, len + 1, path);
    if (copy == NULL) {
        return false;
    }
    memcpy(copy, text.at, len);
    copy[len] = '\0';
    crb_string_set(at, copy);
    return true;
}

static bool text_fixed(crb_decoder *d, const corbel_type *type, void *at, crb_span text, const crb_path *path)
{
    crb_fixed number;
    char problem[CRB_FIXED_PROBLEM];
    if (!crb_fixed_check(type, (const char *)text.at, (size_t)(text.end - text.at), &number, problem)) {
        return crb_decoder_fail(d, CORBEL_DECODE, path, "%s", problem);
    }
    const size_t len = crb_fixed_len(&number);
    char *copy = text_take(d, at, len + 1, path);
    if (copy == NULL) {
        return false;
    }
    crb_fixed_print(&number, copy);
    copy[len] = '\0';
    crb_string_set(at, copy);
    return true;
}

/** Octets that have a range: each of them. */
static bool text_check_octets(crb_decoder *d, const corbel_type *type, crb_span bytes, const crb_path *path)
{
    char problem[CRB_SCALAR_PROBLEM];
    if (type->element == NULL || type->element->range == NULL) {
        return true;
    }
    crb_path here = { .up = path, .dimensions = type->dimensions };
    for (const uint8_t *at = bytes.at; at < bytes.end; at++, here.index++) {
        if (!crb_scalar_check(type->element, at, problem)) {
            return crb_decoder_fail(d, CORBEL_DECODE, &here, "%s", problem);
        }
    }
    return true;
}

static bool text_octets(crb_decoder *d, const corbel_type *type, void *at, crb_span bytes, const crb_path *path)
{
    const size_t len = (size_t)(bytes.end - bytes.at);
    if (type->bound > 0 && len > type->bound) {
        return crb_decoder_fail(d, CORBEL_DECODE, path, "%zu bytes, at most %u", len, type->bound);
    }
    crb_view view = { 0, NULL };
    if (len > 0) {
        void *copy = text_take(d, at, len, path);
        if (copy == NULL) {
            return false;
        }
        view = (crb_view) { len, memcpy(copy, bytes.at, len) };
    }
    crb_view_set(at, view);
    return text_check_octets(d, type, bytes, path);
}

/** None at all are zeros, as where the field is missing. */
static bool text_octet_array(crb_decoder *d, const corbel_type *type, void *at, crb_span bytes, const crb_path *path)
{
    const size_t len = (size_t)(bytes.end - bytes.at);
    if (len == 0) {
        memset(at, 0, type->bound);
        return true;
    }
    if (len != type->bound) {
        return crb_decoder_fail(d, CORBEL_DECODE, path, "%zu bytes, not %u", len, type->bound);
    }
    memcpy(at, bytes.at, len);
    return text_check_octets(d, type, bytes, path);
}

static bool text_long_double(crb_decoder *d, const corbel_type *type, void *at, crb_span bytes, const crb_path *path)
{
    const size_t len = (size_t)(bytes.end - bytes.at);
    char problem[CRB_SCALAR_PROBLEM];
    if (len != CRB_LONG_DOUBLE_WIRE) {
        return crb_decoder_fail(d, CORBEL_DECODE, path, "%zu bytes, not %d", len, CRB_LONG_DOUBLE_WIRE);
    }
    crb_long_double_store(bytes.at, at);
    return !crb_scalar_is_checked(type) || crb_scalar_check(type, at, problem) ||
           crb_decoder_fail(d, CORBEL_DECODE, path, "%s", problem);
}

bool crb_decode_text(crb_decoder *d, const corbel_type *type, void *at, crb_span contents, const crb_path *path)
{
    switch (type->kind) {
    case CORBEL_KIND_STRING:
        return text_string(d, type, at, contents, path);
    case CORBEL_KIND_FIXED:
        return text_fixed(d, type, at, contents, path);
    case CORBEL_KIND_LONG_DOUBLE:
        return text_long_double(d, type, at, contents, path);
    case CORBEL_KIND_ARRAY:
        return text_octet_array(d, type, at, contents, path);
    default:
        return text_octets(d, type, at, contents, path);
    }
}
