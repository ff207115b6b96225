/* Unpacking: bytes, checked first, to protobuf-c's structs to ours. Nothing outlives the scratch. */
#include "runtime/wire/check.h"
#include "runtime/wire/direct.h"

#include "session.pb-c.h"

#include <string.h>

/* An entry of a reference table is at least 8 bytes and becomes less than 192; a hop of 2 bytes 64, of which there are few; a
 * step of a path of 1 byte 4. */
enum { UNPACK_FACTOR = 24, UNPACK_BASE = 64 << 10 };

static void *unpack_alloc(void *scratch, size_t size)
{
    return crb_scratch_alloc(scratch, size);
}

static void unpack_free(void *scratch, void *memory)
{
    (void)scratch;
    (void)memory;
}

static crb_wire_bytes unpack_bytes(ProtobufCBinaryData from)
{
    return (crb_wire_bytes) { from.data, from.len };
}

static const char *unpack_hello(crb_wire_hello *to, const Corbel__Wire__Hello *from)
{
    if (from->instance.len != sizeof to->instance || from->secret.len != sizeof to->secret) {
        return "a HELLO whose instance or secret is not 16 bytes";
    }
    if (from->limits == NULL) {
        return "a HELLO without limits";
    }
    to->major = from->major;
    to->minor = from->minor;
    to->features = (const char *const *)from->features;
    to->n_features = from->n_features;
    memcpy(to->instance, from->instance.data, sizeof to->instance);
    memcpy(to->secret, from->secret.data, sizeof to->secret);
    to->name = from->name;
    to->max_body = from->limits->body;
    to->window_requests = from->limits->window_requests;
    to->window_nested = from->limits->window_nested;
    to->window_responses = from->limits->window_responses;
    to->window_bulk = from->limits->window_bulk;
    to->max_questions = from->limits->questions;
    to->max_exports = from->limits->references;
    to->max_operations = from->limits->operations;
    to->max_references = from->limits->table;
    to->max_hops = from->limits->hops;
    to->window_stream = from->limits->window_stream;
    to->max_streams = from->limits->streams;
    to->ping_idle_ms = from->ping_idle_ms;
    to->ping_timeout_ms = from->ping_timeout_ms;
    to->session = from->session;
    to->supersedes = from->supersedes;
    return NULL;
}

/** NULL with n above 0: no memory. */
static const crb_wire_ref *unpack_refs(crb_scratch *scratch, Corbel__Wire__Reference **from, size_t n)
{
    crb_wire_ref *const to = n == 0 ? NULL : crb_scratch_alloc(scratch, n * sizeof *to);
    for (size_t i = 0; to != NULL && i < n; i++) {
        to[i] = (crb_wire_ref) {
            .tag = from[i]->tag,
            .yours = from[i]->yours,
            .index = from[i]->index,
            .generation = from[i]->generation,
            .interface = from[i]->interface,
            .fingerprint = from[i]->fingerprint,
            .promise = from[i]->promise,
            .path = from[i]->path,
            .n_path = from[i]->n_path,
        };
    }
    return to;
}

static const crb_wire_hop *unpack_hops(crb_scratch *scratch, Corbel__Wire__Hop **from, size_t n)
{
    crb_wire_hop *const to = n == 0 ? NULL : crb_scratch_alloc(scratch, n * sizeof *to);
    for (size_t i = 0; to != NULL && i < n; i++) {
        to[i] = (crb_wire_hop) { from[i]->daemon, from[i]->object, from[i]->operation, from[i]->message };
    }
    return to;
}

static bool unpack_call(crb_wire_call *to, const Corbel__Wire__Call *from, crb_scratch *scratch)
{
    *to = (crb_wire_call) {
        .question = from->question,
        .promise = from->promise,
        .index = from->index,
        .generation = from->generation,
        .operation = from->operation,
        .interface = from->interface,
        .name = from->name,
        .lane = from->lane,
        .flags = from->flags,
        .remaining_us = from->remaining_us,
        .chain = from->chain,
        .hop = from->hop,
        .refs = unpack_refs(scratch, from->references, from->n_references),
        .n_refs = from->n_references,
        .length = from->length,
        .args = unpack_bytes(from->args),
        .after = from->after,
        .path = from->path,
        .n_path = from->n_path,
        .context = unpack_bytes(from->context),
        .once = from->once,
        .acknowledged = from->acknowledged,
        .once_instance = unpack_bytes(from->once_instance),
    };
    return to->n_refs == 0 || to->refs != NULL;
}

static bool unpack_return(crb_wire_return *to, const Corbel__Wire__Return *from, crb_scratch *scratch)
{
    *to = (crb_wire_return) {
        .question = from->question,
        .outcome = from->outcome,
        .refs = unpack_refs(scratch, from->references, from->n_references),
        .n_refs = from->n_references,
        .length = from->length,
        .body = unpack_bytes(from->body),
        .exception = from->exception,
        .status = from->status,
        .completion = from->completion,
        .message = from->message,
        .hops = unpack_hops(scratch, from->hops, from->n_hops),
        .n_hops = from->n_hops,
        .context = unpack_bytes(from->context),
        .durable = from->durable,
        .retry_after_ms = from->retry_after_ms,
    };
    return (to->n_refs == 0 || to->refs != NULL) && (to->n_hops == 0 || to->hops != NULL);
}

static bool unpack_stream(crb_wire_stream *to, const Corbel__Wire__Stream *from, crb_scratch *scratch)
{
    *to = (crb_wire_stream) {
        .question = from->question,
        .result = from->result,
        .items = unpack_bytes(from->items),
        .refs = unpack_refs(scratch, from->references, from->n_references),
        .n_refs = from->n_references,
        .credit = from->credit,
        .end = from->end,
        .enough = from->enough,
    };
    return to->n_refs == 0 || to->refs != NULL;
}

/** False: no memory, or *ret_why is set. */
static bool unpack_body(crb_frame *to, const Corbel__Wire__Frame *from, crb_scratch *scratch, const char **ret_why)
{
    switch ((crb_wire_type)to->type) {
    case CRB_WIRE_HELLO:
        *ret_why = unpack_hello(&to->u.hello, from->hello);
        return *ret_why == NULL;
    case CRB_WIRE_BIND:
        to->u.bind = (crb_wire_bind) { from->bind->question, from->bind->id, from->bind->interface, from->bind->fingerprint,
                                       from->bind->remaining_us };
        return true;
    case CRB_WIRE_CALL:
        return unpack_call(&to->u.call, from->call, scratch);
    case CRB_WIRE_BODY:
        to->u.body = (crb_wire_body) { from->piece->question, from->piece->result, from->piece->abandoned,
                                       unpack_bytes(from->piece->data) };
        return true;
    case CRB_WIRE_RETURN:
        return unpack_return(&to->u.ret, from->returned, scratch);
    case CRB_WIRE_FINISH:
        to->u.finish.question = from->finish->question;
        to->u.finish.cancel = from->finish->cancel;
        return true;
    case CRB_WIRE_RELEASE:
        to->u.release.index = from->release->index;
        to->u.release.generation = from->release->generation;
        to->u.release.count = from->release->count;
        return true;
    case CRB_WIRE_CREDIT:
        to->u.credit.requests = from->credit->requests;
        to->u.credit.nested = from->credit->nested;
        to->u.credit.responses = from->credit->responses;
        to->u.credit.bulk = from->credit->bulk;
        return true;
    case CRB_WIRE_GONE:
        to->u.gone.index = from->gone->index;
        to->u.gone.generation = from->gone->generation;
        to->u.gone.why = from->gone->why;
        return true;
    case CRB_WIRE_PING:
        to->u.ping.answer = from->ping->answer;
        return true;
    case CRB_WIRE_BYE:
        to->u.bye.calls = from->bye->calls;
        return true;
    case CRB_WIRE_UNIMPLEMENTED:
        to->u.unimplemented.type = from->unimplemented->type;
        return true;
    case CRB_WIRE_ABORT:
        to->u.abort.why = from->abort->why;
        to->u.abort.major = from->abort->major;
        to->u.abort.minor = from->abort->minor;
        to->u.abort.calls = from->abort->calls;
        to->u.abort.refused = from->abort->refused;
        return true;
    case CRB_WIRE_STREAM:
        return unpack_stream(&to->u.stream, from->stream, scratch);
    case CRB_WIRE_GOAWAY:
        to->u.goaway.duplicate = from->goaway->duplicate;
        return true;
    }
    return true; /* nothing in it, or unknown */
}

crb_frame_result crb_frame_unpack(crb_frame *frame, const uint8_t *data, size_t len, const crb_frame_limits *limits,
                                  crb_scratch *scratch, const char **ret_why)
{
    memset(frame, 0, sizeof *frame);
    *ret_why = NULL;
    crb_scratch_reset(scratch, 0);
    if (len > CRB_FRAME_MAX) {
        *ret_why = "a frame that is too long";
        return CRB_FRAME_MALFORMED;
    }
    if (crb_direct_unpack(frame, data, len)) {
        return CRB_FRAME_OK;
    }
    memset(frame, 0, sizeof *frame);
    *ret_why = crb_wire_check(data, len, limits, &frame->type);
    if (*ret_why != NULL) {
        return CRB_FRAME_MALFORMED;
    }
    crb_scratch_reset(scratch, len * UNPACK_FACTOR + UNPACK_BASE);
    ProtobufCAllocator allocator = { unpack_alloc, unpack_free, scratch };
    const Corbel__Wire__Frame *const from = corbel__wire__frame__unpack(&allocator, len, data);
    if (from != NULL) {
        frame->critical = from->critical;
        if (unpack_body(frame, from, scratch, ret_why)) {
            return CRB_FRAME_OK;
        }
    }
    if (scratch->failed) {
        *ret_why = NULL;
        return CRB_FRAME_NO_MEMORY;
    }
    if (*ret_why == NULL) {
        *ret_why = scratch->over_budget ? "a frame that needs too much memory" : "a frame that does not decode";
    }
    return CRB_FRAME_MALFORMED;
}
