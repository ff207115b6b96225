/* Invariants: what is accepted here, the general way would accept, too, and as the same frame; what is written here, the general
 * way would write as the same bytes. tests/runtime/wire/direct_test.c holds both against protobuf-c. */
#include "runtime/wire/direct.h"

#include <string.h>

/* Keys of session.proto: a field's number and its wire type. */
enum { DIRECT_VARINT = 0, DIRECT_64BIT = 1, DIRECT_BYTES = 2 };
#define DIRECT_KEY(number, wire_type) ((uint8_t)((number) << 3 | (wire_type)))
#define DIRECT_AFTER 17
#define DIRECT_AFTER_KEY ((DIRECT_AFTER << 3 & 0x7F) | 0x80 | DIRECT_AFTER >> 4 << 8) /* a varint; the low byte comes first */

enum {
    DIRECT_MAX_VARINT = 10,
    DIRECT_MAX_FIELDS = 15,
    DIRECT_MAX_HEAD = DIRECT_MAX_FIELDS * (1 + DIRECT_MAX_VARINT), /* of a body, without the bytes and what is behind them */
    DIRECT_MAX_TAIL = 3 * (1 + DIRECT_MAX_VARINT)
};

/* ---- writing ---- */

static uint8_t *direct_put_varint(uint8_t *at, uint64_t value)
{
    while (value >= 0x80) {
        *at++ = (uint8_t)(value | 0x80);
        value >>= 7;
    }
    *at++ = (uint8_t)value;
    return at;
}

static uint8_t *direct_put(uint8_t *at, uint8_t number, uint64_t value)
{
    if (value != 0) {
        *at++ = DIRECT_KEY(number, DIRECT_VARINT);
        at = direct_put_varint(at, value);
    }
    return at;
}

static uint8_t *direct_put_fixed64(uint8_t *at, uint8_t number, uint64_t value)
{
    if (value != 0) {
        *at++ = DIRECT_KEY(number, DIRECT_64BIT);
        for (unsigned shift = 0; shift < 64; shift += 8) {
            *at++ = (uint8_t)(value >> shift);
        }
    }
    return at;
}

static uint8_t *direct_put_length(uint8_t *at, uint8_t number, size_t len)
{
    if (len != 0) {
        *at++ = DIRECT_KEY(number, DIRECT_BYTES);
        at = direct_put_varint(at, len);
    }
    return at;
}

static bool direct_is_empty(const char *text)
{
    return text == NULL || text[0] == '\0';
}

static bool direct_is_simple(const crb_frame *frame)
{
    if (frame->critical) {
        return false;
    }
    if (frame->type == CRB_WIRE_CALL) {
        const crb_wire_call *const call = &frame->u.call;
        return call->n_refs == 0 && call->n_path == 0 && call->context.len == 0 && (call->once | call->acknowledged) == 0 &&
               direct_is_empty(call->interface) && direct_is_empty(call->name);
    }
    if (frame->type == CRB_WIRE_RETURN) {
        const crb_wire_return *const ret = &frame->u.ret;
        return ret->outcome == 0 && ret->n_refs == 0 && ret->context.len == 0 && ret->n_hops == 0 && ret->status == 0 &&
               ret->retry_after_ms == 0 && ret->completion == 0 && !ret->durable && direct_is_empty(ret->exception) &&
               direct_is_empty(ret->message);
    }
    if (frame->type == CRB_WIRE_STREAM) {
        return frame->u.stream.n_refs == 0;
    }
    return frame->type == CRB_WIRE_BODY;
}

static uint8_t *direct_put_call(uint8_t *at, const crb_wire_call *call)
{
    at = direct_put(at, 1, call->question);
    at = direct_put(at, 2, call->promise);
    at = direct_put(at, 3, call->index);
    at = direct_put(at, 4, call->generation);
    at = direct_put(at, 5, call->operation);
    at = direct_put(at, 8, call->lane);
    at = direct_put(at, 9, call->flags);
    at = direct_put(at, 10, call->remaining_us);
    at = direct_put_fixed64(at, 11, call->chain);
    at = direct_put(at, 12, call->hop);
    at = direct_put(at, 14, call->length);
    return direct_put_length(at, 15, call->args.len);
}

static uint8_t *direct_put_return(uint8_t *at, const crb_wire_return *ret)
{
    at = direct_put(at, 1, ret->question);
    at = direct_put(at, 4, ret->length);
    return direct_put_length(at, 5, ret->body.len);
}

static uint8_t *direct_put_body(uint8_t *at, const crb_wire_body *body)
{
    at = direct_put(at, 1, body->question);
    at = direct_put(at, 2, body->result);
    at = direct_put(at, 3, body->abandoned);
    return direct_put_length(at, 4, body->data.len);
}

/** Its bytes are not the last field: what follows them is put by direct_put_tail(). */
static uint8_t *direct_put_stream(uint8_t *at, const crb_wire_stream *stream)
{
    at = direct_put(at, 1, stream->question);
    at = direct_put(at, 2, stream->result);
    return direct_put_length(at, 3, stream->items.len);
}

/** What is behind the bytes: of a CALL one field whose key has two bytes. */
static uint8_t *direct_put_tail(uint8_t *at, const crb_frame *frame)
{
    if (frame->type == CRB_WIRE_CALL && frame->u.call.after != 0) {
        *at++ = DIRECT_AFTER_KEY & 0xFF;
        *at++ = DIRECT_AFTER_KEY >> 8;
        at = direct_put_varint(at, frame->u.call.after);
    } else if (frame->type == CRB_WIRE_STREAM) {
        at = direct_put(at, 5, frame->u.stream.credit);
        at = direct_put(at, 6, frame->u.stream.end);
        at = direct_put(at, 7, frame->u.stream.enough);
    }
    return at;
}

/** All that is in front of the bytes. */
static uint8_t *direct_put_head(uint8_t *at, const crb_frame *frame, crb_wire_bytes *ret_bytes)
{
    switch (frame->type) {
    case CRB_WIRE_STREAM:
        *ret_bytes = frame->u.stream.items;
        return direct_put_stream(at, &frame->u.stream);
    case CRB_WIRE_CALL:
        *ret_bytes = frame->u.call.args;
        return direct_put_call(at, &frame->u.call);
    case CRB_WIRE_RETURN:
        *ret_bytes = frame->u.ret.body;
        return direct_put_return(at, &frame->u.ret);
    default:
        *ret_bytes = frame->u.body.data;
        return direct_put_body(at, &frame->u.body);
    }
}

bool crb_direct_pack(crb_buf *out, const crb_frame *frame)
{
    if (!direct_is_simple(frame)) {
        return false;
    }
    crb_wire_bytes bytes;
    uint8_t head[DIRECT_MAX_HEAD];
    uint8_t tail[DIRECT_MAX_TAIL];
    const size_t head_len = (size_t)(direct_put_head(head, frame, &bytes) - head);
    const size_t tail_len = (size_t)(direct_put_tail(tail, frame) - tail);
    const size_t len = head_len + bytes.len + tail_len;
    uint8_t body_key[1 + DIRECT_MAX_VARINT]; /* that of the only field of Frame */
    body_key[0] = DIRECT_KEY(frame->type, DIRECT_BYTES);
    const size_t key_len = (size_t)(direct_put_varint(body_key + 1, len) - body_key);
    uint8_t *at = crb_buf_reserve(out, DIRECT_MAX_VARINT + key_len + len);
    if (at == NULL) {
        return true;
    }
    const uint8_t *const start = at;
    at = direct_put_varint(at, key_len + len);
    memcpy(at, body_key, key_len);
    at += key_len;
    memcpy(at, head, head_len);
    at += head_len;
    if (bytes.len > 0) {
        memcpy(at, bytes.data, bytes.len);
        at += bytes.len;
    }
    if (tail_len > 0) {
        memcpy(at, tail, tail_len);
        at += tail_len;
    }
    out->len += (size_t)(at - start);
    return true;
}

/* ---- reading ---- */

typedef struct direct_input {
    const uint8_t *at, *end;
    uint8_t last; /* the field before */
} direct_input;

/** False: it does not end, or does not fit into 64 bits. */
static bool direct_get_varint(direct_input *in, uint64_t *ret)
{
    uint64_t value = 0;
    if (in->at < in->end && *in->at < 0x80) { /* most are */
        *ret = *in->at++;
        return true;
    }
    for (unsigned shift = 0; shift < 64 && in->at < in->end; shift += 7) {
        const uint8_t byte = *in->at++;
        if (shift == 63 && byte > 1) {
            return false;
        }
        value |= (uint64_t)(byte & 0x7F) << shift;
        if ((byte & 0x80) == 0) {
            *ret = value;
            return true;
        }
    }
    return false;
}

static bool direct_get_u32(direct_input *in, uint32_t *ret)
{
    uint64_t value = 0;
    if (!direct_get_varint(in, &value) || value > UINT32_MAX) {
        return false;
    }
    *ret = (uint32_t)value;
    return true;
}

/** As protobuf-c: any number of any length, but 0, is true. */
static bool direct_get_bool(direct_input *in, bool *ret)
{
    uint64_t value = 0;
    if (!direct_get_varint(in, &value)) {
        return false;
    }
    *ret = value != 0;
    return true;
}

static bool direct_get_fixed64(direct_input *in, uint64_t *ret)
{
    if (in->end - in->at < 8) {
        return false;
    }
    uint64_t value = 0;
    for (unsigned i = 0; i < 8; i++) {
        value |= (uint64_t)in->at[i] << (8 * i);
    }
    in->at += 8;
    *ret = value;
    return true;
}

static bool direct_get_bytes(direct_input *in, crb_wire_bytes *ret)
{
    uint64_t len = 0;
    if (!direct_get_varint(in, &len) || len > (uint64_t)(in->end - in->at)) {
        return false;
    }
    *ret = (crb_wire_bytes) { in->at, (size_t)len };
    in->at += len;
    return true;
}

/** The next key, which must be of a later field than the one before. */
static bool direct_get_key(direct_input *in, uint8_t *ret)
{
    const uint8_t key = *in->at++;
    if ((key & 0x80) != 0) { /* the one with two bytes, which is above all others: nothing may follow it */
        if (key != (DIRECT_AFTER_KEY & 0xFF) || in->at == in->end || *in->at++ != DIRECT_AFTER_KEY >> 8) {
            return false;
        }
        in->last = UINT8_MAX;
        *ret = key;
        return true;
    }
    if (key >> 3 <= in->last) {
        return false;
    }
    in->last = key >> 3;
    *ret = key;
    return true;
}

static bool direct_get_call_field(direct_input *in, uint8_t key, crb_wire_call *call)
{
    switch (key) {
    case DIRECT_KEY(1, DIRECT_VARINT):
        return direct_get_varint(in, &call->question);
    case DIRECT_KEY(2, DIRECT_VARINT):
        return direct_get_varint(in, &call->promise);
    case DIRECT_KEY(3, DIRECT_VARINT):
        return direct_get_u32(in, &call->index);
    case DIRECT_KEY(4, DIRECT_VARINT):
        return direct_get_u32(in, &call->generation);
    case DIRECT_KEY(5, DIRECT_VARINT):
        return direct_get_u32(in, &call->operation);
    case DIRECT_KEY(8, DIRECT_VARINT):
        return direct_get_varint(in, &call->lane);
    case DIRECT_KEY(9, DIRECT_VARINT):
        return direct_get_u32(in, &call->flags);
    case DIRECT_KEY(10, DIRECT_VARINT):
        return direct_get_varint(in, &call->remaining_us);
    case DIRECT_KEY(11, DIRECT_64BIT):
        return direct_get_fixed64(in, &call->chain);
    case DIRECT_KEY(12, DIRECT_VARINT):
        return direct_get_u32(in, &call->hop);
    case DIRECT_KEY(14, DIRECT_VARINT):
        return direct_get_varint(in, &call->length);
    case DIRECT_KEY(15, DIRECT_BYTES):
        return direct_get_bytes(in, &call->args);
    case DIRECT_AFTER_KEY & 0xFF:
        return in->last == UINT8_MAX && direct_get_varint(in, &call->after);
    default:
        return false;
    }
}

static bool direct_get_return_field(direct_input *in, uint8_t key, crb_wire_return *ret)
{
    switch (key) {
    case DIRECT_KEY(1, DIRECT_VARINT):
        return direct_get_varint(in, &ret->question);
    case DIRECT_KEY(4, DIRECT_VARINT):
        return direct_get_varint(in, &ret->length);
    case DIRECT_KEY(5, DIRECT_BYTES):
        return direct_get_bytes(in, &ret->body);
    default:
        return false;
    }
}

static bool direct_get_body_field(direct_input *in, uint8_t key, crb_wire_body *body)
{
    switch (key) {
    case DIRECT_KEY(1, DIRECT_VARINT):
        return direct_get_varint(in, &body->question);
    case DIRECT_KEY(2, DIRECT_VARINT):
        return direct_get_bool(in, &body->result);
    case DIRECT_KEY(3, DIRECT_VARINT):
        return direct_get_bool(in, &body->abandoned);
    case DIRECT_KEY(4, DIRECT_BYTES):
        return direct_get_bytes(in, &body->data);
    default:
        return false;
    }
}

static bool direct_get_stream_field(direct_input *in, uint8_t key, crb_wire_stream *stream)
{
    switch (key) {
    case DIRECT_KEY(1, DIRECT_VARINT):
        return direct_get_varint(in, &stream->question);
    case DIRECT_KEY(2, DIRECT_VARINT):
        return direct_get_bool(in, &stream->result);
    case DIRECT_KEY(3, DIRECT_BYTES):
        return direct_get_bytes(in, &stream->items);
    case DIRECT_KEY(5, DIRECT_VARINT):
        return direct_get_varint(in, &stream->credit);
    case DIRECT_KEY(6, DIRECT_VARINT):
        return direct_get_bool(in, &stream->end);
    case DIRECT_KEY(7, DIRECT_VARINT):
        return direct_get_bool(in, &stream->enough);
    default:
        return false;
    }
}

static bool direct_get_field(direct_input *in, uint8_t key, crb_frame *frame)
{
    switch (frame->type) {
    case CRB_WIRE_STREAM:
        return direct_get_stream_field(in, key, &frame->u.stream);
    case CRB_WIRE_CALL:
        return direct_get_call_field(in, key, &frame->u.call);
    case CRB_WIRE_RETURN:
        return direct_get_return_field(in, key, &frame->u.ret);
    default:
        return direct_get_body_field(in, key, &frame->u.body);
    }
}

static bool direct_is_read_here(uint8_t key)
{
    return key == DIRECT_KEY(CRB_WIRE_CALL, DIRECT_BYTES) || key == DIRECT_KEY(CRB_WIRE_RETURN, DIRECT_BYTES) ||
           key == DIRECT_KEY(CRB_WIRE_BODY, DIRECT_BYTES) || key == DIRECT_KEY(CRB_WIRE_STREAM, DIRECT_BYTES);
}

bool crb_direct_unpack(crb_frame *frame, const uint8_t *data, size_t len)
{
    const uint8_t *const end = data + len;
    direct_input in = { data, end, 0 };
    uint64_t size = 0;
    if (len < 2 || !direct_is_read_here(data[0])) {
        return false;
    }
    in.at++;
    if (!direct_get_varint(&in, &size) || size != (uint64_t)(end - in.at)) {
        return false;
    }
    frame->type = data[0] >> 3;
    while (in.at < end) {
        uint8_t key = 0;
        if (!direct_get_key(&in, &key) || !direct_get_field(&in, key, frame)) {
            return false;
        }
    }
    if (frame->type == CRB_WIRE_CALL) {
        frame->u.call.interface = "";
        frame->u.call.name = "";
    } else if (frame->type == CRB_WIRE_RETURN) {
        frame->u.ret.exception = "";
        frame->u.ret.message = "";
    }
    return true;
}
