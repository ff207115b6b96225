/** Contexts as the bytes that travel: Context of session.proto, written and read here in one pass, as everything of it is
 * bounded.
 *
 *  Invariant: what is written here is read here, and by protobuf; what is read is UTF-8, within the limits, and each name once.
 */
#include "runtime/call/carried.h"

#include "runtime/base/fail.h"
#include "runtime/base/utf8.h"

#include <string.h>

/* Fields of Context and of ContextValue, all but one of them with a length. */
enum { WIRE_CORRELATION = 1, WIRE_TRACEPARENT = 2, WIRE_VALUE = 3 };
enum { WIRE_NAME = 1, WIRE_TEXT = 2, WIRE_HERE = 3 };
enum { WIRE_VARINT = 0, WIRE_64BIT = 1, WIRE_BYTES = 2, WIRE_32BIT = 5 };
#define WIRE_KEY(number, type) ((uint8_t)((number) << 3 | (type)))

/* ---- writing ---- */

static size_t wire_size(size_t len)
{
    size_t size = 2 + len; /* key, length, text */
    for (size_t left = len; left >= 0x80; left >>= 7) {
        size++;
    }
    return size;
}

static void wire_put(crb_buf *out, uint8_t number, const char *text, size_t len)
{
    const uint8_t key = WIRE_KEY(number, WIRE_BYTES);
    crb_buf_append(out, &key, 1);
    crb_buf_varint(out, len);
    crb_buf_append(out, text, len);
}

static void wire_put_value(crb_buf *out, const crb_carried_value *value)
{
    static const uint8_t here[] = { WIRE_KEY(WIRE_HERE, WIRE_VARINT), 1 };
    const uint8_t key = WIRE_KEY(WIRE_VALUE, WIRE_BYTES);
    const size_t name_len = strlen(value->name), text_len = strlen(value->value);
    crb_buf_append(out, &key, 1);
    crb_buf_varint(out, wire_size(name_len) + (text_len > 0 ? wire_size(text_len) : 0) +
                            (value->scope == CRB_CARRIED_ON ? 0 : sizeof here));
    wire_put(out, WIRE_NAME, value->name, name_len);
    if (text_len > 0) {
        wire_put(out, WIRE_TEXT, value->value, text_len);
    }
    if (value->scope != CRB_CARRIED_ON) {
        crb_buf_append(out, here, sizeof here);
    }
}

static corbel_status wire_written(const crb_carried_limits *limits, size_t n, crb_buf *out, corbel_error *reterr)
{
    corbel_status status = CORBEL_OK;
    if (n > limits->values) {
        status =
            crb_fail(reterr, CORBEL_LIMIT, CORBEL_COMPLETED_NO, "the context has %zu values, and may have %u", n, limits->values);
    } else if (out->failed) {
        status = crb_fail(reterr, CORBEL_NO_MEMORY, CORBEL_COMPLETED_NO, "no memory for the context of a call");
    } else if (out->len > limits->bytes) {
        status = crb_fail(reterr, CORBEL_LIMIT, CORBEL_COMPLETED_NO, "the context takes %zu bytes, and may take %u", out->len,
                          limits->bytes);
    }
    if (status != CORBEL_OK) {
        crb_buf_clear(out);
    }
    return status;
}

corbel_status crb_carried_pack(const corbel_context *inherited, const corbel_context *own, const crb_carried_limits *limits,
                               crb_buf *ret, corbel_error *reterr)
{
    corbel_context *merged = NULL;
    const corbel_context *context = inherited != NULL ? inherited : own;
    if (inherited != NULL && own != NULL) {
        context = merged = crb_carried_merge(inherited, own);
    }
    *ret = (crb_buf)CRB_BUF_INIT;
    if (context == NULL) {
        return crb_fail(reterr, CORBEL_NO_MEMORY, CORBEL_COMPLETED_NO, "no memory for the context of a call");
    }
    const char *const correlation = corbel_context_get_correlation(context);
    if (correlation[0] != '\0') {
        wire_put(ret, WIRE_CORRELATION, correlation, strlen(correlation));
    }
    if (crb_trace_is_set(&context->trace)) {
        crb_trace trace = context->trace;
        char text[CRB_TRACE_TEXT];
        crb_trace_draw_span(&trace);
        crb_trace_format(&trace, text);
        wire_put(ret, WIRE_TRACEPARENT, text, strlen(text));
    }
    size_t n = 0;
    for (size_t i = 0; i < context->n; i++) {
        if (context->values[i].scope != CRB_CARRIED_CAME) {
            wire_put_value(ret, &context->values[i]);
            n++;
        }
    }
    corbel_context_unref(merged);
    return wire_written(limits, n, ret, reterr);
}

corbel_status crb_carried_pack_values(const corbel_context *context, const crb_carried_limits *limits, crb_buf *ret,
                                      corbel_error *reterr)
{
    *ret = (crb_buf)CRB_BUF_INIT;
    for (size_t i = 0; i < context->n; i++) {
        wire_put_value(ret, &context->values[i]);
    }
    return wire_written(limits, context->n, ret, reterr);
}

/* ---- reading ---- */

typedef struct wire_input {
    const uint8_t *at, *end;
    unsigned seen; /* fields that may come once */
} wire_input;

/** One field. */
typedef struct wire_field {
    uint64_t number, varint;
    const char *text;
    size_t len;
    unsigned type;
} wire_field;

static bool wire_get_varint(wire_input *in, uint64_t *ret)
{
    uint64_t value = 0;
    for (unsigned shift = 0; shift < 70 && in->at < in->end; shift += 7) {
        const uint8_t byte = *in->at++;
        value |= shift < 64 ? (uint64_t)(byte & 0x7F) << shift : 0;
        if ((byte & 0x80) == 0) {
            *ret = value;
            return true;
        }
    }
    return false;
}

static bool wire_skip(wire_input *in, uint64_t n)
{
    if (n > (uint64_t)(in->end - in->at)) {
        return false;
    }
    in->at += n;
    return true;
}

static bool wire_get(wire_input *in, wire_field *ret)
{
    uint64_t key = 0;
    *ret = (wire_field) { 0 };
    if (!wire_get_varint(in, &key) || key >> 3 == 0) {
        return false;
    }
    ret->number = key >> 3;
    ret->type = (unsigned)(key & 7);
    switch (ret->type) {
    case WIRE_VARINT:
        return wire_get_varint(in, &ret->varint);
    case WIRE_64BIT:
        return wire_skip(in, 8);
    case WIRE_32BIT:
        return wire_skip(in, 4);
    case WIRE_BYTES:
        if (!wire_get_varint(in, &ret->varint)) {
            return false;
        }
        ret->text = (const char *)in->at;
        ret->len = (size_t)ret->varint;
        return wire_skip(in, ret->varint);
    default:
        return false;
    }
}

/** Each of the first three fields comes once, but for values, and as what it is. */
static bool wire_may(wire_input *in, const wire_field *field, unsigned type, bool once)
{
    const unsigned bit = 1u << field->number;
    const bool may = field->type == type && (!once || (in->seen & bit) == 0);
    in->seen |= bit;
    return may;
}

static corbel_status wire_bad(corbel_error *reterr)
{
    return crb_fail(reterr, CORBEL_DECODE, CORBEL_COMPLETED_NO, "the context of the call does not decode");
}

static corbel_status wire_check_text(const char *what, const wire_field *text, size_t max, corbel_error *reterr)
{
    if (text->len > max) {
        return crb_fail(reterr, CORBEL_LIMIT, CORBEL_COMPLETED_NO,
                        "%s in the context of the call has %zu bytes, and may have %zu", what, text->len, max);
    }
    if (!crb_utf8_valid((const uint8_t *)text->text, text->len)) {
        return crb_fail(reterr, CORBEL_INVALID_ARGUMENT, CORBEL_COMPLETED_NO, "%s in the context of the call is not UTF-8", what);
    }
    return CORBEL_OK;
}

static corbel_status wire_no_memory(bool done, corbel_error *reterr)
{
    return done ? CORBEL_OK : crb_fail(reterr, CORBEL_NO_MEMORY, CORBEL_COMPLETED_NO, "no memory for the context of the call");
}

static corbel_status wire_take_value(corbel_context *context, const wire_field *field, corbel_error *reterr)
{
    wire_input in = { (const uint8_t *)field->text, (const uint8_t *)field->text + field->len, 0 };
    wire_field name = { .text = "" }, text = { .text = "" }, next;
    bool here = false;
    while (in.at < in.end) {
        if (!wire_get(&in, &next)) {
            return wire_bad(reterr);
        }
        if (next.number > WIRE_HERE) {
            continue;
        }
        if (!wire_may(&in, &next, next.number == WIRE_HERE ? WIRE_VARINT : WIRE_BYTES, true)) {
            return wire_bad(reterr);
        }
        if (next.number == WIRE_NAME) {
            name = next;
        } else if (next.number == WIRE_TEXT) {
            text = next;
        } else {
            here = next.varint != 0;
        }
    }
    corbel_status status = wire_check_text("the name of a value", &name, CORBEL_CONTEXT_MAX_NAME, reterr);
    if (status == CORBEL_OK) {
        status = wire_check_text("a value", &text, CORBEL_CONTEXT_MAX_BYTES, reterr);
    }
    if (status == CORBEL_OK && name.len == 0) {
        status = crb_fail(reterr, CORBEL_INVALID_ARGUMENT, CORBEL_COMPLETED_NO, "a value in the context of the call has no name");
    }
    if (status == CORBEL_OK && crb_carried_find(context, name.text, name.len) != NULL) {
        status = crb_fail(reterr, CORBEL_INVALID_ARGUMENT, CORBEL_COMPLETED_NO,
                          "the context of the call has a value twice: '%.*s'", (int)name.len, name.text);
    }
    return status != CORBEL_OK ? status
                               : wire_no_memory(crb_carried_put(context, name.text, name.len, text.text, text.len,
                                                                here ? CRB_CARRIED_CAME : CRB_CARRIED_ON),
                                                reterr);
}

static corbel_status wire_take(corbel_context *context, const wire_field *field, const crb_carried_limits *limits,
                               corbel_error *reterr)
{
    corbel_status status = CORBEL_OK;
    if (field->number == WIRE_CORRELATION) {
        status = wire_check_text("the correlation id", field, CORBEL_CONTEXT_MAX_CORRELATION, reterr);
        return status != CORBEL_OK ? status
                                   : wire_no_memory(crb_carried_put_correlation(context, field->text, field->len), reterr);
    }
    if (field->number == WIRE_TRACEPARENT) {
        crb_trace trace = { .flags = 0 };
        const char *const why = field->len == 0 ? NULL : crb_trace_parse(field->text, field->len, &trace);
        if (why != NULL) {
            return crb_fail(reterr, CORBEL_INVALID_ARGUMENT, CORBEL_COMPLETED_NO,
                            "the traceparent in the context of the call is not valid: %s", why);
        }
        crb_carried_put_trace(context, &trace);
        return CORBEL_OK;
    }
    if (context->n == limits->values) {
        return crb_fail(reterr, CORBEL_LIMIT, CORBEL_COMPLETED_NO, "the context of the call has more than %u values",
                        limits->values);
    }
    return wire_take_value(context, field, reterr);
}

corbel_status crb_carried_unpack(const uint8_t *data, size_t len, const crb_carried_limits *limits, corbel_context **ret,
                                 corbel_error *reterr)
{
    if (len > limits->bytes) {
        return crb_fail(reterr, CORBEL_LIMIT, CORBEL_COMPLETED_NO, "the context of the call takes %zu bytes, and may take %u",
                        len, limits->bytes);
    }
    corbel_context *const context = crb_carried_new();
    wire_input in = { data, data + len, 0 };
    corbel_status status = wire_no_memory(context != NULL, reterr);
    while (status == CORBEL_OK && in.at < in.end) {
        wire_field field;
        if (!wire_get(&in, &field)) {
            status = wire_bad(reterr);
        } else if (field.number <= WIRE_VALUE) {
            status = wire_may(&in, &field, WIRE_BYTES, field.number != WIRE_VALUE) ? wire_take(context, &field, limits, reterr)
                                                                                   : wire_bad(reterr);
        }
    }
    if (status != CORBEL_OK) {
        corbel_context_unref(context);
        return status;
    }
    context->constant = true;
    *ret = context;
    return CORBEL_OK;
}
