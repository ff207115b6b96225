#include "tests/fuzz/session_peer.h"

#include <string.h>

static uint8_t peer_byte(fuzz_peer *p)
{
    if (p->left == 0) {
        return 0;
    }
    p->left--;
    return *p->data++;
}

static uint64_t peer_wrong(fuzz_peer *p, uint64_t right, uint8_t how)
{
    switch (how) {
    case 0xF8:
        return right + 1;
    case 0xF9:
        return right - 1;
    case 0xFA:
        return 0;
    case 0xFB:
        return UINT64_MAX;
    case 0xFC:
        return peer_byte(p);
    case 0xFD:
        return UINT32_MAX;
    case 0xFE:
        return (uint64_t)1 << 63;
    default:
        return right;
    }
}

/** What is right, or, where the input says so, something else, which the books do not follow. */
static uint64_t peer_number(fuzz_peer *p, uint64_t right)
{
    const uint64_t number = peer_wrong(p, right, peer_byte(p));
    p->books = p->books && number == right;
    return number;
}

/** A size: small, or (one in eight) up to what a window holds, or (one in 32) more than anybody takes. */
static size_t peer_size(fuzz_peer *p)
{
    const uint8_t byte = peer_byte(p);
    if (byte < 0xE0) {
        return byte;
    }
    return byte < 0xF8 ? (size_t)(byte - 0xE0) * 1000 + 300 : (size_t)(byte - 0xF8) * 25000 + 25000;
}

/** How many bytes of a body go with its header. */
static size_t peer_first(size_t length, bool all)
{
    const size_t first = all ? length : length / 2;
    return first < CRB_PIECE ? first : CRB_PIECE;
}

/** A question in the table that fits; NULL: none. */
static peer_question *peer_pick(fuzz_peer *p, peer_question questions[PEER_QUESTIONS], bool (*fits)(const peer_question *))
{
    const size_t first = peer_byte(p);
    for (size_t i = 0; i < PEER_QUESTIONS; i++) {
        peer_question *const question = &questions[(first + i) % PEER_QUESTIONS];
        if (question->number != 0 && fits(question)) {
            return question;
        }
    }
    return NULL;
}

/** Places of questions that are over on both sides. */
static void peer_forget(peer_question questions[PEER_QUESTIONS])
{
    for (size_t i = 0; i < PEER_QUESTIONS; i++) {
        const peer_question *const q = &questions[i];
        if (q->answered && q->args_left == 0 && q->result_left == 0 && (!q->kept || q->finished)) {
            questions[i] = (peer_question) { 0 };
        }
    }
}

static void peer_say(fuzz_peer *p, const crb_frame *frame)
{
    crb_frame_pack(&p->message, frame, &p->scratch);
    driver_require(!p->message.failed);
}

crb_frame peer_hello(void)
{
    crb_frame frame = { .type = CRB_WIRE_HELLO };
    frame.u.hello = (crb_wire_hello) { .major = CRB_PROTOCOL_MAJOR,
                                       .name = "fuzz",
                                       .max_body = 30000,
                                       .window_requests = 100000,
                                       .window_nested = 100000,
                                       .window_responses = 2000,
                                       .window_bulk = CRB_WINDOW_BULK_MIN,
                                       .max_questions = 50,
                                       .max_exports = 50,
                                       .max_operations = 1,
                                       .max_references = 10,
                                       .max_hops = 5,
                                       .ping_idle_ms = 1000,
                                       .ping_timeout_ms = 1000,
                                       .window_stream = 2000,
                                       .max_streams = 5 };
    return frame;
}

static void peer_say_hello(fuzz_peer *p)
{
    const crb_frame frame = peer_hello();
    peer_say(p, &frame);
    if (!p->hello_sent) {
        p->window[CRB_WIN_REQUESTS] = frame.u.hello.window_requests;
        p->window[CRB_WIN_NESTED] = frame.u.hello.window_nested;
        p->window[CRB_WIN_RESPONSES] = frame.u.hello.window_responses;
        p->window[CRB_WIN_BULK] = frame.u.hello.window_bulk;
    }
    p->hello_sent = true;
}

/** A reference of a table: one of ours, new or known, or one of the session's going back. */
static crb_wire_ref peer_ref(fuzz_peer *p, size_t i)
{
    crb_wire_ref ref = { .tag = peer_number(p, i + 1), .interface = "a::B" };
    const uint8_t which = peer_byte(p);
    const peer_export *const held = &p->held[which % PEER_EXPORTS];
    if (which >= 0x80 && held->generation != 0) {
        ref.yours = true;
        ref.index = (uint32_t)peer_number(p, held->index);
        ref.generation = (uint32_t)peer_number(p, held->generation);
        return ref;
    }
    peer_export *const export = &p->exports[which % PEER_EXPORTS];
    export->generation += export->count == 0;
    export->count++;
    ref.index = (uint32_t)peer_number(p, which % PEER_EXPORTS);
    ref.generation = (uint32_t)peer_number(p, export->generation);
    return ref;
}

static bool peer_is_open_promise(const peer_question *q)
{
    return q->kept && !q->finished;
}

static void peer_say_bind(fuzz_peer *p)
{
    peer_question *const place = peer_find(p->asked, 0);
    if (place == NULL) {
        return;
    }
    *place = (peer_question) { .number = ++p->last_asked, .bind = true, .kept = true };
    crb_frame frame = { .type = CRB_WIRE_BIND };
    frame.u.bind = (crb_wire_bind) { .question = peer_number(p, place->number), .id = "id", .interface = "" };
    frame.u.bind.remaining_us = peer_byte(p) * UINT64_C(100);
    peer_say(p, &frame);
}

static void peer_say_call(fuzz_peer *p)
{
    static const uint8_t bytes[CRB_PIECE];
    static const uint32_t path[] = { 1, 2 };
    peer_question *const place = peer_find(p->asked, 0);
    const uint8_t how = peer_byte(p);
    const size_t length = peer_size(p);
    const size_t first = peer_first(length, peer_byte(p) < 0xC0);
    crb_wire_ref refs[4];
    const size_t n_refs = how % 8 < 5 ? 0 : how % 4 + 1u;
    const uint64_t cost = CRB_CALL_COST + n_refs * CRB_REF_COST + first;
    const crb_window window = (how & 0x10) == 0 ? CRB_WIN_REQUESTS : CRB_WIN_NESTED;
    if (place == NULL || (p->room[window] < cost && peer_byte(p) < 0xF8)) {
        return;
    }
    const bool fits = p->room[window] >= cost;
    p->room[window] -= fits ? cost : 0;
    p->books = p->books && fits;
    for (size_t i = 0; i < n_refs; i++) {
        const peer_question *const passed = how % 8 == 7 ? peer_pick(p, p->asked, peer_is_open_promise) : NULL;
        if (passed == NULL) {
            refs[i] = peer_ref(p, i);
        } else {
            refs[i] =
                (crb_wire_ref) { .tag = i + 1, .interface = "a::B", .promise = peer_number(p, passed->number), .path = path };
            refs[i].n_path = passed->bind ? 0 : 1;
        }
    }
    crb_frame frame = { .type = CRB_WIRE_CALL };
    crb_wire_call *const call = &frame.u.call;
    *call = (crb_wire_call) { .question = peer_number(p, p->last_asked + 1),
                              .refs = refs,
                              .n_refs = n_refs,
                              .length = length,
                              .args = { bytes, first },
                              .lane = how % 3,
                              .hop = (how & 0x10) == 0 ? 0 : (uint32_t)peer_number(p, 1),
                              .flags =
                                  (how & 0x20) == 0 ? 0 : (uint32_t)peer_number(p, how % 4 < 2 ? CRB_FLAG_ONEWAY : CRB_FLAG_KEEP),
                              .remaining_us = (how & 0x40) == 0 ? 0 : peer_byte(p) * UINT64_C(100),
                              .chain = how };
    call->flags |= (how & 0x22) == 0x02 && (call->flags & (CRB_FLAG_ONEWAY | CRB_FLAG_KEEP)) == 0
                       ? CRB_FLAG_STREAM_IN | CRB_FLAG_STREAM_OUT
                       : 0;
    const peer_question *const promise = how >= 0x80 ? peer_pick(p, p->asked, peer_is_open_promise) : NULL;
    if (promise != NULL) {
        call->promise = peer_number(p, promise->number);
        call->path = path;
        call->n_path = promise->bind ? 0 : 1u + how % 2;
    } else {
        const peer_export *const target = &p->held[peer_byte(p) % PEER_EXPORTS];
        call->index = (uint32_t)peer_number(p, target->index);
        call->generation = (uint32_t)peer_number(p, target->generation);
    }
    const bool binds = p->bound == 0 || peer_byte(p) % 4 == 0;
    call->operation = (uint32_t)peer_number(p, binds ? p->bound + 1 : p->bound);
    call->interface = binds ? "a::B" : NULL;
    call->name = binds ? "op" : NULL;
    p->bound += binds && call->operation == p->bound + 1;
    peer_say(p, &frame);
    p->calls++;
    *place = (peer_question) { .number = ++p->last_asked,
                               .answered = (call->flags & CRB_FLAG_ONEWAY) != 0,
                               .kept = (call->flags & CRB_FLAG_KEEP) != 0,
                               .args_left = length - first };
}

static bool peer_has_args_left(const peer_question *q)
{
    return q->args_left > 0;
}

static bool peer_has_result_left(const peer_question *q)
{
    return q->result_left > 0;
}

/** A piece of a body: of a CALL of ours, or (result) of a RETURN of ours to the session's question. */
static void peer_say_body(fuzz_peer *p)
{
    static const uint8_t bytes[CRB_PIECE];
    const bool result = peer_byte(p) % 2 == 1;
    peer_question *const question =
        result ? peer_pick(p, p->heard, peer_has_result_left) : peer_pick(p, p->asked, peer_has_args_left);
    if (question == NULL) {
        return;
    }
    uint64_t *const left = result ? &question->result_left : &question->args_left;
    const bool abandoned = peer_byte(p) >= 0xE0;
    size_t len = abandoned ? 0 : *left < sizeof bytes ? (size_t)*left : sizeof bytes;
    len = len > p->room[CRB_WIN_BULK] ? (size_t)p->room[CRB_WIN_BULK] : len;
    if (len == 0 && !abandoned) {
        return;
    }
    p->room[CRB_WIN_BULK] -= len;
    *left = abandoned ? 0 : *left - len;
    crb_frame frame = { .type = CRB_WIRE_BODY };
    frame.u.body = (crb_wire_body) { .question = peer_number(p, question->number),
                                     .result = result,
                                     .abandoned = abandoned,
                                     .data = { bytes, (size_t)peer_number(p, len) % (sizeof bytes + 1) } };
    peer_say(p, &frame);
}

static bool peer_is_open(const peer_question *q)
{
    return !q->answered;
}

static void peer_say_return(fuzz_peer *p)
{
    static const uint8_t bytes[CRB_PIECE];
    peer_question *const question = peer_pick(p, p->heard, peer_is_open);
    if (question == NULL) {
        return;
    }
    const uint8_t how = peer_byte(p);
    const size_t length = question->bind || how % 4 == 3 ? 0 : peer_size(p);
    size_t first = peer_first(length, (how & 0x10) == 0);
    first = first > p->room[CRB_WIN_RESPONSES] ? 0 : first;
    p->room[CRB_WIN_RESPONSES] -= first;
    crb_wire_ref refs[2];
    const size_t n_refs = how % 4 == 3 || how >= 0xF0 ? 0 : question->bind ? 1 : (how & 0x20) == 0 ? 0 : 2;
    for (size_t i = 0; i < n_refs; i++) {
        refs[i] = peer_ref(p, i);
    }
    static const crb_wire_hop hops[2] = { { "daemon", "object", "operation", "message" }, { "", "", "", "" } };
    crb_frame frame = { .type = CRB_WIRE_RETURN };
    frame.u.ret =
        (crb_wire_return) { .question = peer_number(p, question->number),
                            .outcome = (uint32_t)peer_number(p, how % 4 == 3                      ? CRB_OUTCOME_ERROR
                                                                : how % 4 == 2 && !question->bind ? CRB_OUTCOME_EXCEPTION
                                                                                                  : CRB_OUTCOME_RESULT),
                            .refs = refs,
                            .n_refs = n_refs,
                            .length = length,
                            .body = { bytes, first },
                            .exception = how % 4 == 2 ? "a::E" : "",
                            .status = how % 4 == 3 ? peer_byte(p) : 0u,
                            .completion = how % 4 == 3 ? how / 64u : 0u,
                            .message = "it failed",
                            .hops = hops,
                            .n_hops = how % 4 == 3 ? how / 8 % 3 : 0 };
    peer_say(p, &frame);
    question->answered = true;
    question->result_left = length - first;
}

static bool peer_may_finish(const peer_question *q)
{
    return q->kept && !q->finished;
}

static bool peer_may_cancel(const peer_question *q)
{
    return !q->bind && !q->answered && !q->finished;
}

static void peer_say_finish(fuzz_peer *p)
{
    const bool cancel = peer_byte(p) % 2 == 1;
    peer_question *const question = peer_pick(p, p->asked, cancel ? peer_may_cancel : peer_may_finish);
    if (question != NULL) {
        crb_frame frame = { .type = CRB_WIRE_FINISH };
        frame.u.finish.question = peer_number(p, question->number);
        frame.u.finish.cancel = cancel;
        peer_say(p, &frame);
        question->finished = true;
    }
}

static void peer_say_release(fuzz_peer *p)
{
    peer_export *const held = &p->held[peer_byte(p) % PEER_EXPORTS];
    if (held->count == 0) {
        return;
    }
    crb_frame frame = { .type = CRB_WIRE_RELEASE };
    const uint64_t count = peer_byte(p) % 4 == 0 ? 1 : held->count;
    frame.u.release.index = (uint32_t)peer_number(p, held->index);
    frame.u.release.generation = (uint32_t)peer_number(p, held->generation);
    frame.u.release.count = peer_number(p, count);
    peer_say(p, &frame);
    held->count -= count;
    if (held->count == 0) {
        *held = (peer_export) { 0 };
    }
}

static void peer_say_credit(fuzz_peer *p)
{
    crb_frame frame = { .type = CRB_WIRE_CREDIT };
    uint64_t *const given[CRB_WINDOWS] = { &frame.u.credit.requests, &frame.u.credit.nested, &frame.u.credit.responses,
                                           &frame.u.credit.bulk };
    const uint8_t which = peer_byte(p);
    for (size_t i = 0; i < CRB_WINDOWS; i++) {
        if ((which >> i & 1) == 0) {
            *given[i] = (which & 0x80) != 0 ? peer_number(p, p->owed[i]) : p->owed[i];
            p->owed[i] -= *given[i] < p->owed[i] ? *given[i] : p->owed[i];
        }
    }
    peer_say(p, &frame);
}

static bool peer_is_call(const peer_question *q)
{
    return !q->bind;
}

/** About a call of either side, that may have such a stream or not. */
static void peer_say_stream(fuzz_peer *p)
{
    static const uint8_t bytes[] = { 2, 9, 0, 2, 9, 5, 1, 8, 1, 0xFF };
    const uint8_t how = peer_byte(p);
    const bool result = how % 2 == 1;
    peer_question *const question = peer_pick(p, result ? p->heard : p->asked, peer_is_call);
    if (question == NULL) {
        return;
    }
    crb_wire_ref ref = { 0 };
    const size_t n_refs = how % 8 >= 6 ? 1 : 0;
    if (n_refs == 1) {
        ref = peer_ref(p, 0);
    }
    size_t len = peer_byte(p) % (sizeof bytes + 1);
    len = len > p->room[CRB_WIN_BULK] ? 0 : len;
    p->room[CRB_WIN_BULK] -= len;
    p->books = false; /* they do not know which calls have streams */
    crb_frame frame = { .type = CRB_WIRE_STREAM };
    frame.u.stream = (crb_wire_stream) { .question = peer_number(p, question->number),
                                         .result = result,
                                         .items = { bytes, len },
                                         .refs = &ref,
                                         .n_refs = n_refs,
                                         .credit = (how & 0x18) == 0x18 ? peer_number(p, 3000) : 0,
                                         .end = (how & 0x60) == 0x60,
                                         .enough = how >= 0xE0 };
    peer_say(p, &frame);
}

static void peer_say_other(fuzz_peer *p)
{
    crb_frame frame = { .type = CRB_WIRE_PING };
    const uint8_t what = peer_byte(p);
    const uint32_t index = what / 16;
    switch (what % 16) {
    case 0:
    case 1:
    case 2:
        frame.u.ping.answer = what % 2 == 1;
        break;
    case 3:
    case 4:
    case 5:
        frame.type = CRB_WIRE_GONE;
        frame.u.gone.index = (uint32_t)peer_number(p, index);
        frame.u.gone.generation = (uint32_t)peer_number(p, p->exports[index].generation);
        frame.u.gone.why = "withdrawn";
        break;
    case 6:
        frame.type = CRB_WIRE_GOAWAY;
        break;
    case 7:
        frame.type = CRB_WIRE_UNIMPLEMENTED;
        frame.u.unimplemented.type = peer_byte(p);
        break;
    case 8:
        peer_say_hello(p);
        return;
    case 9:
        frame.type = CRB_WIRE_BYE;
        frame.u.bye.calls = peer_number(p, p->heard_calls);
        break;
    case 10:
        frame.type = CRB_WIRE_ABORT;
        frame.u.abort.why = "at random";
        frame.u.abort.calls = peer_number(p, p->heard_calls);
        break;
    case 11:
    case 12:
    case 13:
        peer_say_stream(p);
        return;
    default:
        break;
    }
    peer_say(p, &frame);
}

/** Bytes of the input as they are, as a frame of a right length or not; or damage to what was gathered. */
static void peer_say_raw(fuzz_peer *p)
{
    const uint8_t how = peer_byte(p);
    size_t len = peer_byte(p) % 64;
    len = len < p->left ? len : p->left;
    p->books = false;
    if (how % 4 == 3 && p->message.len > 0) {
        p->message.data[peer_byte(p) * (size_t)256 % p->message.len] ^= how;
    } else if (how % 4 == 2 && p->message.len > 0) {
        p->message.len -= how / 4 % p->message.len;
    } else {
        const uint8_t length = (uint8_t)len;
        crb_buf_append(&p->message, &length, how % 2);
        crb_buf_append(&p->message, p->data, len);
        p->data += len;
        p->left -= len;
    }
}

static void peer_step(fuzz_peer *p)
{
    static void (*const say[])(fuzz_peer *) = {
        peer_say_bind,   peer_say_call,   peer_say_call,    peer_say_call,    peer_say_body,   peer_say_body,
        peer_say_return, peer_say_return, peer_say_release, peer_say_release, peer_say_finish, peer_say_credit,
        peer_say_credit, peer_say_other,  peer_say_other,   peer_say_raw,
    };
    const uint8_t what = peer_byte(p);
    if (what % 32 < 16) {
        say[what % 32](p);
    } else {
        driver_act(p->d, peer_byte(p));
    }
    if ((what & 0x40) == 0 && p->message.len > 0) {
        driver_input(p->d, p->message.data, p->message.len);
        p->message.len = 0;
    }
    if ((what & 0x20) == 0 && p->message.len == 0) {
        peer_listen(p);
    }
    peer_forget(p->asked);
    peer_forget(p->heard);
}

void peer_run(driver *d, const uint8_t *data, size_t size)
{
    fuzz_peer p = { .d = d, .data = data, .left = size, .message = CRB_BUF_INIT, .books = true };
    for (size_t i = 0; i < CRB_WINDOWS; i++) {
        p.window[i] = CRB_EARLY_BYTES;
    }
    crb_scratch_init(&p.scratch);
    if (peer_byte(&p) % 8 != 7) {
        peer_listen(&p);
        peer_say_hello(&p);
    }
    while (p.left > 0) {
        peer_step(&p);
    }
    if (p.message.len > 0) {
        driver_input(d, p.message.data, p.message.len);
    }
    peer_listen(&p);
    crb_buf_clear(&p.message);
    crb_scratch_reset(&p.scratch, 0);
}
