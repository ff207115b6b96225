/* What the session says. As long as the peer's books are right, each frame must keep the rules; a frame that cannot be taken
 * apart is a finding in any case. */
#include "tests/fuzz/session_peer.h"

#include <string.h>

peer_question *peer_find(peer_question questions[PEER_QUESTIONS], uint64_t number)
{
    for (size_t i = 0; i < PEER_QUESTIONS; i++) {
        if (questions[i].number == number) {
            return &questions[i];
        }
    }
    return NULL;
}

static void peer_take_window(fuzz_peer *p, crb_window window, uint64_t bytes)
{
    p->owed[window] += bytes;
    /* What was sent before HELLO may be more than a small window. */
    const bool early = window == CRB_WIN_REQUESTS || window == CRB_WIN_NESTED;
    driver_require(p->owed[window] <= p->window[window] || (early && p->owed[window] <= CRB_EARLY_BYTES));
}

/** The place of an export of the session's; a free one where it is new; NULL: no room. */
static peer_export *peer_held(fuzz_peer *p, uint32_t index)
{
    peer_export *place = NULL;
    for (size_t i = 0; i < PEER_EXPORTS; i++) {
        if (p->held[i].generation != 0 && p->held[i].index == index) {
            return &p->held[i];
        }
        if (p->held[i].generation == 0 && place == NULL) {
            place = &p->held[i];
        }
    }
    return place;
}

static void peer_take_promise(fuzz_peer *p, uint64_t number, size_t n_path)
{
    const peer_question *const promise = peer_find(p->heard, number);
    driver_require(promise != NULL && promise->bind == (n_path == 0) && promise->kept && !promise->finished);
}

static void peer_take_refs(fuzz_peer *p, const crb_wire_ref *refs, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        driver_require(refs[i].tag != 0 && (refs[i].generation != 0) == (refs[i].promise == 0));
        if (refs[i].promise != 0) {
            peer_take_promise(p, refs[i].promise, refs[i].n_path);
            continue;
        }
        peer_export *const held = refs[i].yours ? NULL : peer_held(p, refs[i].index);
        if (held != NULL) {
            driver_require(held->generation == 0 || held->generation == refs[i].generation);
            *held = (peer_export) { refs[i].index, refs[i].generation, held->count + 1 };
        }
    }
}

static peer_question *peer_add(fuzz_peer *p, uint64_t number, bool bind)
{
    driver_require(number == ++p->last_heard);
    peer_question *const place = peer_find(p->heard, 0);
    if (place == NULL) {
        p->books = false; /* more than they have room for */
        return NULL;
    }
    *place = (peer_question) { .number = number, .bind = bind, .kept = bind };
    return place;
}

static void peer_take_call(fuzz_peer *p, const crb_wire_call *call)
{
    p->heard_calls++;
    peer_take_window(p, call->hop == 0 ? CRB_WIN_REQUESTS : CRB_WIN_NESTED,
                     CRB_CALL_COST + call->n_refs * CRB_REF_COST + call->context.len + call->args.len);
    peer_question *const question = peer_add(p, call->question, false);
    if (question == NULL) {
        return;
    }
    driver_require(call->args.len <= call->length);
    question->args_left = call->length - call->args.len;
    question->answered = (call->flags & CRB_FLAG_ONEWAY) != 0;
    question->kept = (call->flags & CRB_FLAG_KEEP) != 0;
    if (call->name[0] != '\0' && call->operation != 0) {
        driver_require(call->operation == ++p->heard_bound);
    } else {
        driver_require((call->operation == 0) == (call->name[0] != '\0') && call->operation <= p->heard_bound);
    }
    if (call->promise != 0) {
        peer_take_promise(p, call->promise, call->n_path);
    }
    peer_take_refs(p, call->refs, call->n_refs);
}

static void peer_take_return(fuzz_peer *p, const crb_wire_return *frame)
{
    peer_question *const question = peer_find(p->asked, frame->question);
    driver_require(question != NULL && !question->answered && frame->body.len <= frame->length);
    question->answered = true;
    question->response = frame->body.len;
    question->result_left = frame->length - frame->body.len;
    peer_take_window(p, CRB_WIN_RESPONSES, frame->body.len);
    peer_take_refs(p, frame->refs, frame->n_refs);
}

static void peer_take_body(fuzz_peer *p, const crb_wire_body *frame)
{
    peer_question *const question = peer_find(frame->result ? p->asked : p->heard, frame->question);
    driver_require(question != NULL);
    uint64_t *const left = frame->result ? &question->result_left : &question->args_left;
    driver_require(*left > 0 && (frame->abandoned ? frame->data.len == 0 : frame->data.len > 0 && frame->data.len <= *left));
    *left = frame->abandoned ? 0 : *left - frame->data.len;
    peer_take_window(p, CRB_WIN_BULK, frame->data.len);
}

static void peer_take_finish(fuzz_peer *p, uint64_t number)
{
    driver_require(number > 0 && number <= p->last_heard);
    peer_question *const question = peer_find(p->heard, number);
    if (question != NULL) {
        driver_require(!question->finished);
        question->finished = true;
    }
}

static void peer_take_release(fuzz_peer *p, uint32_t index, uint32_t generation, uint64_t count)
{
    driver_require(index < PEER_EXPORTS);
    peer_export *const export = &p->exports[index];
    driver_require(export->generation == generation && count > 0 && count <= export->count);
    export->count -= count;
}

static void peer_take_stream(fuzz_peer *p, const crb_wire_stream *frame)
{
    driver_require(frame->question > 0 && (frame->result || frame->question <= p->last_heard));
    driver_require(frame->items.len > 0 || frame->end || frame->credit > 0 || frame->enough);
    driver_require(frame->items.len > 0 || frame->n_refs == 0);
    driver_require(frame->items.len <= CRB_PIECE);
    peer_take_window(p, CRB_WIN_BULK, frame->items.len);
    peer_take_refs(p, frame->refs, frame->n_refs);
}

static void peer_take(fuzz_peer *p, const crb_frame *frame)
{
    driver_require(frame->type != CRB_WIRE_HELLO || !p->heard_hello);
    switch ((crb_wire_type)frame->type) {
    case CRB_WIRE_HELLO:
        p->room[CRB_WIN_REQUESTS] = frame->u.hello.window_requests;
        p->room[CRB_WIN_NESTED] = frame->u.hello.window_nested;
        p->room[CRB_WIN_RESPONSES] = frame->u.hello.window_responses;
        p->room[CRB_WIN_BULK] = frame->u.hello.window_bulk;
        break;
    case CRB_WIRE_BIND:
        peer_add(p, frame->u.bind.question, true);
        break;
    case CRB_WIRE_CALL:
        peer_take_call(p, &frame->u.call);
        break;
    case CRB_WIRE_RETURN:
        peer_take_return(p, &frame->u.ret);
        break;
    case CRB_WIRE_BODY:
        peer_take_body(p, &frame->u.body);
        break;
    case CRB_WIRE_FINISH:
        peer_take_finish(p, frame->u.finish.question);
        break;
    case CRB_WIRE_RELEASE:
        peer_take_release(p, frame->u.release.index, frame->u.release.generation, frame->u.release.count);
        break;
    case CRB_WIRE_CREDIT:
        p->room[CRB_WIN_REQUESTS] += frame->u.credit.requests;
        p->room[CRB_WIN_NESTED] += frame->u.credit.nested;
        p->room[CRB_WIN_RESPONSES] += frame->u.credit.responses;
        p->room[CRB_WIN_BULK] += frame->u.credit.bulk;
        break;
    case CRB_WIRE_BYE:
        driver_require(frame->u.bye.calls <= p->calls);
        p->heard_end = true;
        break;
    case CRB_WIRE_ABORT:
        driver_require(frame->u.abort.calls <= p->calls);
        p->heard_end = true;
        break;
    case CRB_WIRE_GONE:
    case CRB_WIRE_PING:
    case CRB_WIRE_GOAWAY:
    case CRB_WIRE_UNIMPLEMENTED:
        break;
    case CRB_WIRE_STREAM:
        peer_take_stream(p, &frame->u.stream);
        break;
    }
}

static void peer_take_message(fuzz_peer *p, const uint8_t *message, size_t len)
{
    const crb_frame_limits limits = { 4096 };
    driver_require(len <= CRB_MESSAGE_SOFT + CRB_FRAME_MAX);
    while (len > 0) {
        const uint8_t *data = NULL;
        size_t size = 0;
        crb_frame frame;
        const char *why = NULL;
        driver_require(crb_frame_split(&message, &len, &data, &size));
        driver_require(crb_frame_unpack(&frame, data, size, &limits, &p->scratch, &why) == CRB_FRAME_OK);
        driver_require(!p->heard_end && (p->heard_hello || frame.type == CRB_WIRE_HELLO || frame.type == CRB_WIRE_ABORT));
        if (p->books) {
            peer_take(p, &frame);
        }
        p->heard_hello = true;
    }
}

void peer_listen(fuzz_peer *p)
{
    crb_buf out = CRB_BUF_INIT;
    while (driver_pull(p->d, &out)) {
        peer_take_message(p, out.data, out.len);
        out.len = 0;
    }
    crb_buf_clear(&out);
}
