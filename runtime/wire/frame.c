/* Packing: our structs to protobuf-c's, on the stack and in the scratch, then to bytes behind their length. */
#include "runtime/wire/direct.h"

#include "session.pb-c.h"

typedef struct frame_pack {
    Corbel__Wire__Frame frame;
    union {
        Corbel__Wire__Hello hello;
        Corbel__Wire__Bind bind;
        Corbel__Wire__Call call;
        Corbel__Wire__Body body;
        Corbel__Wire__Return ret;
        Corbel__Wire__Finish finish;
        Corbel__Wire__Release release;
        Corbel__Wire__Credit credit;
        Corbel__Wire__Gone gone;
        Corbel__Wire__Ping ping;
        Corbel__Wire__Goaway goaway;
        Corbel__Wire__Bye bye;
        Corbel__Wire__Unimplemented unimplemented;
        Corbel__Wire__Stream stream;
        Corbel__Wire__Abort abort;
    } u;
    Corbel__Wire__Limits limits;
} frame_pack;

/* protobuf-c's structs are for writing and reading and so lack const; packing only reads. */
static char *frame_text(const char *text)
{
    return (char *)(uintptr_t)(text != NULL ? text : "");
}

static ProtobufCBinaryData frame_bytes(const uint8_t *data, size_t len)
{
    return (ProtobufCBinaryData) { .len = len, .data = (uint8_t *)(uintptr_t)data };
}

static void frame_pack_hello(frame_pack *pack, const crb_wire_hello *hello)
{
    corbel__wire__limits__init(&pack->limits);
    pack->limits.body = hello->max_body;
    pack->limits.window_requests = hello->window_requests;
    pack->limits.window_nested = hello->window_nested;
    pack->limits.window_responses = hello->window_responses;
    pack->limits.window_bulk = hello->window_bulk;
    pack->limits.questions = hello->max_questions;
    pack->limits.references = hello->max_exports;
    pack->limits.operations = hello->max_operations;
    pack->limits.table = hello->max_references;
    pack->limits.hops = hello->max_hops;
    pack->limits.window_stream = hello->window_stream;
    pack->limits.streams = hello->max_streams;

    Corbel__Wire__Hello *const out = &pack->u.hello;
    corbel__wire__hello__init(out);
    out->major = hello->major;
    out->minor = hello->minor;
    out->n_features = hello->n_features;
    out->features = (char **)(uintptr_t)hello->features;
    out->instance = frame_bytes(hello->instance, sizeof hello->instance);
    out->secret = frame_bytes(hello->secret, sizeof hello->secret);
    out->name = frame_text(hello->name);
    out->limits = &pack->limits;
    out->ping_idle_ms = hello->ping_idle_ms;
    out->ping_timeout_ms = hello->ping_timeout_ms;
    out->session = hello->session;
    out->supersedes = hello->supersedes;
}

/** False: no memory. */
static bool frame_pack_refs(crb_scratch *scratch, const crb_wire_ref *refs, size_t n, Corbel__Wire__Reference ***ret)
{
    *ret = NULL;
    if (n == 0) {
        return true;
    }
    Corbel__Wire__Reference **const list = crb_scratch_alloc(scratch, n * sizeof *list);
    Corbel__Wire__Reference *const items = crb_scratch_alloc(scratch, n * sizeof *items);
    if (list == NULL || items == NULL) {
        return false;
    }
    for (size_t i = 0; i < n; i++) {
        corbel__wire__reference__init(&items[i]);
        items[i].tag = refs[i].tag;
        items[i].yours = refs[i].yours;
        items[i].index = refs[i].index;
        items[i].generation = refs[i].generation;
        items[i].interface = frame_text(refs[i].interface);
        items[i].fingerprint = refs[i].fingerprint;
        items[i].promise = refs[i].promise;
        items[i].n_path = refs[i].n_path;
        items[i].path = (uint32_t *)(uintptr_t)refs[i].path;
        list[i] = &items[i];
    }
    *ret = list;
    return true;
}

static bool frame_pack_hops(crb_scratch *scratch, const crb_wire_hop *hops, size_t n, Corbel__Wire__Hop ***ret)
{
    *ret = NULL;
    if (n == 0) {
        return true;
    }
    Corbel__Wire__Hop **const list = crb_scratch_alloc(scratch, n * sizeof *list);
    Corbel__Wire__Hop *const items = crb_scratch_alloc(scratch, n * sizeof *items);
    if (list == NULL || items == NULL) {
        return false;
    }
    for (size_t i = 0; i < n; i++) {
        corbel__wire__hop__init(&items[i]);
        items[i].daemon = frame_text(hops[i].daemon);
        items[i].object = frame_text(hops[i].object);
        items[i].operation = frame_text(hops[i].operation);
        items[i].message = frame_text(hops[i].message);
        list[i] = &items[i];
    }
    *ret = list;
    return true;
}

static bool frame_pack_stream(Corbel__Wire__Stream *out, const crb_wire_stream *stream, crb_scratch *scratch)
{
    corbel__wire__stream__init(out);
    out->question = stream->question;
    out->result = stream->result;
    out->items = frame_bytes(stream->items.data, stream->items.len);
    out->credit = stream->credit;
    out->end = stream->end;
    out->enough = stream->enough;
    out->n_references = stream->n_refs;
    return frame_pack_refs(scratch, stream->refs, stream->n_refs, &out->references);
}

static bool frame_pack_call(frame_pack *pack, const crb_wire_call *call, crb_scratch *scratch)
{
    Corbel__Wire__Call *const out = &pack->u.call;
    corbel__wire__call__init(out);
    out->question = call->question;
    out->promise = call->promise;
    out->index = call->index;
    out->generation = call->generation;
    out->operation = call->operation;
    out->interface = frame_text(call->interface);
    out->name = frame_text(call->name);
    out->lane = call->lane;
    out->flags = call->flags;
    out->remaining_us = call->remaining_us;
    out->chain = call->chain;
    out->hop = call->hop;
    out->n_references = call->n_refs;
    out->length = call->length;
    out->args = frame_bytes(call->args.data, call->args.len);
    out->after = call->after;
    out->n_path = call->n_path;
    out->path = (uint32_t *)(uintptr_t)call->path;
    out->context = frame_bytes(call->context.data, call->context.len);
    out->once = call->once;
    out->acknowledged = call->acknowledged;
    out->once_instance = frame_bytes(call->once_instance.data, call->once_instance.len);
    return frame_pack_refs(scratch, call->refs, call->n_refs, &out->references);
}

static bool frame_pack_return(frame_pack *pack, const crb_wire_return *ret, crb_scratch *scratch)
{
    Corbel__Wire__Return *const out = &pack->u.ret;
    corbel__wire__return__init(out);
    out->question = ret->question;
    out->outcome = ret->outcome;
    out->n_references = ret->n_refs;
    out->length = ret->length;
    out->body = frame_bytes(ret->body.data, ret->body.len);
    out->exception = frame_text(ret->exception);
    out->status = ret->status;
    out->completion = ret->completion;
    out->message = frame_text(ret->message);
    out->n_hops = ret->n_hops;
    out->context = frame_bytes(ret->context.data, ret->context.len);
    out->durable = ret->durable;
    out->retry_after_ms = ret->retry_after_ms;
    return frame_pack_refs(scratch, ret->refs, ret->n_refs, &out->references) &&
           frame_pack_hops(scratch, ret->hops, ret->n_hops, &out->hops);
}

/** False: no memory. */
static bool frame_convert(frame_pack *pack, const crb_frame *frame, crb_scratch *scratch)
{
    Corbel__Wire__Frame *const out = &pack->frame;
    corbel__wire__frame__init(out);
    out->critical = frame->critical;
    out->body_case = (Corbel__Wire__Frame__BodyCase)frame->type;
    switch ((crb_wire_type)frame->type) {
    case CRB_WIRE_HELLO:
        frame_pack_hello(pack, &frame->u.hello);
        out->hello = &pack->u.hello;
        return true;
    case CRB_WIRE_BIND:
        corbel__wire__bind__init(&pack->u.bind);
        pack->u.bind.question = frame->u.bind.question;
        pack->u.bind.id = frame_text(frame->u.bind.id);
        pack->u.bind.interface = frame_text(frame->u.bind.interface);
        pack->u.bind.fingerprint = frame->u.bind.fingerprint;
        pack->u.bind.remaining_us = frame->u.bind.remaining_us;
        out->bind = &pack->u.bind;
        return true;
    case CRB_WIRE_CALL:
        out->call = &pack->u.call;
        return frame_pack_call(pack, &frame->u.call, scratch);
    case CRB_WIRE_BODY:
        corbel__wire__body__init(&pack->u.body);
        pack->u.body.question = frame->u.body.question;
        pack->u.body.result = frame->u.body.result;
        pack->u.body.abandoned = frame->u.body.abandoned;
        pack->u.body.data = frame_bytes(frame->u.body.data.data, frame->u.body.data.len);
        out->piece = &pack->u.body;
        return true;
    case CRB_WIRE_RETURN:
        out->returned = &pack->u.ret;
        return frame_pack_return(pack, &frame->u.ret, scratch);
    case CRB_WIRE_FINISH:
        corbel__wire__finish__init(&pack->u.finish);
        pack->u.finish.question = frame->u.finish.question;
        pack->u.finish.cancel = frame->u.finish.cancel;
        out->finish = &pack->u.finish;
        return true;
    case CRB_WIRE_RELEASE:
        corbel__wire__release__init(&pack->u.release);
        pack->u.release.index = frame->u.release.index;
        pack->u.release.generation = frame->u.release.generation;
        pack->u.release.count = frame->u.release.count;
        out->release = &pack->u.release;
        return true;
    case CRB_WIRE_CREDIT:
        corbel__wire__credit__init(&pack->u.credit);
        pack->u.credit.requests = frame->u.credit.requests;
        pack->u.credit.nested = frame->u.credit.nested;
        pack->u.credit.responses = frame->u.credit.responses;
        pack->u.credit.bulk = frame->u.credit.bulk;
        out->credit = &pack->u.credit;
        return true;
    case CRB_WIRE_GONE:
        corbel__wire__gone__init(&pack->u.gone);
        pack->u.gone.index = frame->u.gone.index;
        pack->u.gone.generation = frame->u.gone.generation;
        pack->u.gone.why = frame_text(frame->u.gone.why);
        out->gone = &pack->u.gone;
        return true;
    case CRB_WIRE_PING:
        corbel__wire__ping__init(&pack->u.ping);
        pack->u.ping.answer = frame->u.ping.answer;
        out->ping = &pack->u.ping;
        return true;
    case CRB_WIRE_GOAWAY:
        corbel__wire__goaway__init(&pack->u.goaway);
        pack->u.goaway.duplicate = frame->u.goaway.duplicate;
        out->goaway = &pack->u.goaway;
        return true;
    case CRB_WIRE_BYE:
        corbel__wire__bye__init(&pack->u.bye);
        pack->u.bye.calls = frame->u.bye.calls;
        out->bye = &pack->u.bye;
        return true;
    case CRB_WIRE_UNIMPLEMENTED:
        corbel__wire__unimplemented__init(&pack->u.unimplemented);
        pack->u.unimplemented.type = frame->u.unimplemented.type;
        out->unimplemented = &pack->u.unimplemented;
        return true;
    case CRB_WIRE_ABORT:
        corbel__wire__abort__init(&pack->u.abort);
        pack->u.abort.why = frame_text(frame->u.abort.why);
        pack->u.abort.major = frame->u.abort.major;
        pack->u.abort.minor = frame->u.abort.minor;
        pack->u.abort.calls = frame->u.abort.calls;
        pack->u.abort.refused = frame->u.abort.refused;
        out->abort = &pack->u.abort;
        return true;
    case CRB_WIRE_STREAM:
        out->stream = &pack->u.stream;
        return frame_pack_stream(&pack->u.stream, &frame->u.stream, scratch);
    }
    return false;
}

void crb_frame_pack(crb_buf *out, const crb_frame *frame, crb_scratch *scratch)
{
    if (crb_direct_pack(out, frame)) {
        return;
    }
    crb_scratch_reset(scratch, SIZE_MAX);
    frame_pack pack;
    if (!frame_convert(&pack, frame, scratch)) {
        out->failed = true;
        return;
    }
    const size_t size = corbel__wire__frame__get_packed_size(&pack.frame);
    crb_buf_varint(out, size);
    uint8_t *const at = crb_buf_reserve(out, size);
    if (at != NULL) {
        out->len += corbel__wire__frame__pack(&pack.frame, at);
    }
}

bool crb_frame_split(const uint8_t **message, size_t *len, const uint8_t **ret_frame, size_t *ret_len)
{
    size_t size = 0;
    for (unsigned i = 0; i < 3; i++) {
        if (*len == 0) {
            return false;
        }
        const uint8_t byte = *(*message)++;
        (*len)--;
        size |= (size_t)(byte & 0x7F) << (7 * i);
        if ((byte & 0x80) == 0) {
            if (size > CRB_FRAME_MAX || size > *len || (i > 0 && byte == 0)) {
                return false;
            }
            *ret_frame = *message;
            *ret_len = size;
            *message += size;
            *len -= size;
            return true;
        }
    }
    return false;
}
