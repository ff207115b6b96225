/* The direct way of CALL, BODY, RETURN and STREAM against protobuf-c: the same bytes out, the same frame in, and nothing accepted
 * that the general way would not accept. */
#include "tests/runtime/support/test.h"

#include "runtime/wire/check.h"
#include "runtime/wire/direct.h"

#include "session.pb-c.h"

#include <stdlib.h>
#include <string.h>

enum { MAX_BODY = 300, MAX_FRAME = 1024, ROUNDS = 20000 };

static uint64_t random_state;

static uint64_t random_next(void)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return random_state;
}

/** Zero often, else of any length: what is left out and what takes many bytes. */
static uint64_t random_value(void)
{
    return random_next() % 3 == 0 ? 0 : random_next() >> random_next() % 64;
}

/** A frame for the direct way, ours and protobuf-c's. */
typedef struct pair {
    crb_frame frame;
    Corbel__Wire__Frame theirs;
    Corbel__Wire__Call call;
    Corbel__Wire__Return ret;
    Corbel__Wire__Body piece;
    Corbel__Wire__Stream stream;
    uint8_t body[MAX_BODY];
} pair;

static void pair_fill_call(pair *p, ProtobufCBinaryData body)
{
    Corbel__Wire__Call *const call = &p->call;
    corbel__wire__call__init(call);
    call->question = random_value();
    call->promise = random_value();
    call->index = (uint32_t)random_value();
    call->generation = (uint32_t)random_value();
    call->operation = (uint32_t)random_value();
    call->lane = random_value();
    call->flags = (uint32_t)random_value();
    call->remaining_us = random_value();
    call->chain = random_value();
    call->hop = (uint32_t)random_value();
    call->length = random_value();
    call->args = body;
    call->after = random_value();
    p->theirs.body_case = CORBEL__WIRE__FRAME__BODY_CALL;
    p->theirs.call = call;
    p->frame.type = CRB_WIRE_CALL;
    p->frame.u.call = (crb_wire_call) { .question = call->question,
                                        .promise = call->promise,
                                        .index = call->index,
                                        .generation = call->generation,
                                        .operation = call->operation,
                                        .interface = random_next() % 2 == 0 ? NULL : "",
                                        .name = random_next() % 2 == 0 ? NULL : "",
                                        .lane = call->lane,
                                        .flags = call->flags,
                                        .remaining_us = call->remaining_us,
                                        .chain = call->chain,
                                        .hop = call->hop,
                                        .length = call->length,
                                        .args = { body.data, body.len },
                                        .after = call->after };
}

static void pair_fill_return(pair *p, ProtobufCBinaryData body)
{
    corbel__wire__return__init(&p->ret);
    p->ret.question = random_value();
    p->ret.length = random_value();
    p->ret.body = body;
    p->theirs.body_case = CORBEL__WIRE__FRAME__BODY_RETURNED;
    p->theirs.returned = &p->ret;
    p->frame.type = CRB_WIRE_RETURN;
    p->frame.u.ret = (crb_wire_return) { .question = p->ret.question, .length = p->ret.length, .body = { body.data, body.len } };
}

static void pair_fill_piece(pair *p, ProtobufCBinaryData body)
{
    corbel__wire__body__init(&p->piece);
    p->piece.question = random_value();
    p->piece.result = random_next() % 2 == 0;
    p->piece.abandoned = random_next() % 2 == 0;
    p->piece.data = body;
    p->theirs.body_case = CORBEL__WIRE__FRAME__BODY_PIECE;
    p->theirs.piece = &p->piece;
    p->frame.type = CRB_WIRE_BODY;
    p->frame.u.body = (crb_wire_body) { .question = p->piece.question,
                                        .result = p->piece.result != 0,
                                        .abandoned = p->piece.abandoned != 0,
                                        .data = { body.data, body.len } };
}

static void pair_fill_stream(pair *p, ProtobufCBinaryData body)
{
    corbel__wire__stream__init(&p->stream);
    p->stream.question = random_value();
    p->stream.result = random_next() % 2 == 0;
    p->stream.items = body;
    p->stream.credit = random_value();
    p->stream.end = random_next() % 2 == 0;
    p->stream.enough = random_next() % 2 == 0;
    p->theirs.body_case = CORBEL__WIRE__FRAME__BODY_STREAM;
    p->theirs.stream = &p->stream;
    p->frame.type = CRB_WIRE_STREAM;
    p->frame.u.stream = (crb_wire_stream) { .question = p->stream.question,
                                            .result = p->stream.result != 0,
                                            .items = { body.data, body.len },
                                            .credit = p->stream.credit,
                                            .end = p->stream.end != 0,
                                            .enough = p->stream.enough != 0 };
}

static void pair_fill(pair *p)
{
    memset(p, 0, sizeof *p);
    corbel__wire__frame__init(&p->theirs);
    for (size_t i = 0; i < sizeof p->body; i++) {
        p->body[i] = (uint8_t)random_next();
    }
    const ProtobufCBinaryData body = { random_next() % 3 == 0 ? 0 : random_next() % MAX_BODY, p->body };
    static void (*const fill[])(pair *, ProtobufCBinaryData) = { pair_fill_call, pair_fill_return, pair_fill_piece,
                                                                 pair_fill_stream };
    fill[random_next() % LENGTH_OF(fill)](p, body);
}

static void assert_bytes(crb_wire_bytes a, ProtobufCBinaryData b)
{
    assert_int_equal(a.len, b.len);
    if (a.len > 0) {
        assert_memory_equal(a.data, b.data, a.len);
    }
}

static void assert_same(const crb_frame *ours, const Corbel__Wire__Frame *theirs)
{
    assert_false(ours->critical);
    assert_false(theirs->critical);
    assert_int_equal(ours->type, theirs->body_case);
    if (ours->type == CRB_WIRE_CALL) {
        const crb_wire_call *const a = &ours->u.call;
        const Corbel__Wire__Call *const b = theirs->call;
        assert_true(a->question == b->question && a->promise == b->promise && a->index == b->index &&
                    a->generation == b->generation && a->operation == b->operation && a->lane == b->lane &&
                    a->flags == b->flags && a->remaining_us == b->remaining_us && a->chain == b->chain && a->hop == b->hop &&
                    a->length == b->length);
        assert_string_equal(a->interface, b->interface);
        assert_string_equal(a->name, b->name);
        assert_int_equal(a->n_refs, b->n_references);
        assert_bytes(a->args, b->args);
        assert_int_equal(a->after, b->after);
    } else if (ours->type == CRB_WIRE_STREAM) {
        const crb_wire_stream *const a = &ours->u.stream;
        const Corbel__Wire__Stream *const b = theirs->stream;
        assert_true(a->question == b->question && a->result == (b->result != 0) && a->credit == b->credit &&
                    a->end == (b->end != 0) && a->enough == (b->enough != 0));
        assert_int_equal(a->n_refs, b->n_references);
        assert_bytes(a->items, b->items);
    } else if (ours->type == CRB_WIRE_BODY) {
        const crb_wire_body *const a = &ours->u.body;
        const Corbel__Wire__Body *const b = theirs->piece;
        assert_true(a->question == b->question && a->result == (b->result != 0) && a->abandoned == (b->abandoned != 0));
        assert_bytes(a->data, b->data);
    } else {
        const crb_wire_return *const a = &ours->u.ret;
        const Corbel__Wire__Return *const b = theirs->returned;
        assert_true(a->question == b->question && a->length == b->length && a->outcome == b->outcome && a->status == b->status &&
                    a->completion == b->completion);
        assert_string_equal(a->exception, b->exception);
        assert_string_equal(a->message, b->message);
        assert_int_equal(a->n_refs, b->n_references);
        assert_int_equal(a->n_hops, b->n_hops);
        assert_bytes(a->body, b->body);
    }
}

static void test_same_bytes_both_ways(void **state)
{
    (void)state;
    random_state = 0x9E3779B97F4A7C15u;
    for (int round = 0; round < ROUNDS; round++) {
        pair p;
        uint8_t expected[MAX_FRAME];
        crb_buf out = CRB_BUF_INIT;
        pair_fill(&p);
        const size_t len = corbel__wire__frame__pack(&p.theirs, expected);
        assert_true(crb_direct_pack(&out, &p.frame));
        assert_false(out.failed);
        const uint8_t *at = out.data, *data = NULL;
        size_t left = out.len, got = 0;
        assert_true(crb_frame_split(&at, &left, &data, &got));
        assert_int_equal(left, 0);
        assert_int_equal(got, len);
        assert_memory_equal(data, expected, len);
        crb_frame frame;
        memset(&frame, 0, sizeof frame);
        assert_true(crb_direct_unpack(&frame, data, got));
        assert_same(&frame, &p.theirs);
        crb_buf_clear(&out);
    }
}

/** Changes, cuts out or puts in a few bytes. */
static size_t spoil(uint8_t *bytes, size_t len)
{
    for (uint64_t n = random_next() % 3; n > 0; n--) {
        const size_t at = len == 0 ? 0 : random_next() % len;
        const size_t end = random_next() % 2 == 0 && len > 12 ? 12 : len; /* where the fields are */
        switch (random_next() % 4) {
        case 0:
            if (len > 0) {
                bytes[random_next() % (end > 0 ? end : 1)] = (uint8_t)random_next();
            }
            break;
        case 1:
            if (len > 0) {
                memmove(bytes + at, bytes + at + 1, len - at - 1);
                len--;
            }
            break;
        case 2:
            memmove(bytes + at + 1, bytes + at, len - at);
            bytes[at] = (uint8_t)random_next();
            len++;
            break;
        default:
            len = at;
            break;
        }
    }
    return len;
}

static void test_accepts_nothing_more(void **state)
{
    (void)state;
    const crb_frame_limits limits = { 16 };
    unsigned taken = 0, left = 0;
    random_state = 0xD1B54A32D192ED03u;
    for (int round = 0; round < ROUNDS * 5; round++) {
        pair p;
        uint8_t bytes[MAX_FRAME + 8];
        pair_fill(&p);
        const size_t len = spoil(bytes, corbel__wire__frame__pack(&p.theirs, bytes));
        uint8_t *const exact = malloc(len + 1); /* a read beyond is seen */
        assert_non_null(exact);
        memcpy(exact, bytes, len);
        crb_frame frame;
        memset(&frame, 0, sizeof frame);
        if (crb_direct_unpack(&frame, exact, len)) {
            uint32_t type = 0;
            assert_null(crb_wire_check(exact, len, &limits, &type));
            assert_int_equal(type, frame.type);
            Corbel__Wire__Frame *const theirs = corbel__wire__frame__unpack(NULL, len, exact);
            assert_non_null(theirs);
            assert_same(&frame, theirs);
            corbel__wire__frame__free_unpacked(theirs, NULL);
            taken++;
        } else {
            left++;
        }
        free(exact);
    }
    assert_true(taken > ROUNDS); /* both ways were gone often */
    assert_true(left > ROUNDS);
}

static void test_leaves_the_rest(void **state)
{
    (void)state;
    static const uint32_t path[] = { 1 };
    static const crb_wire_ref refs[] = { { 1, false, 2, 3, "a::B", 0, 0, NULL, 0 } };
    static const crb_wire_hop hops[] = { { "d", "o", "p", "m" } };
    static const crb_frame rows[] = {
        { .type = CRB_WIRE_CALL, .critical = true },
        { .type = CRB_WIRE_CALL, .u.call.interface = "a::B" },
        { .type = CRB_WIRE_CALL, .u.call.name = "f" },
        { .type = CRB_WIRE_CALL, .u.call = { .refs = refs, .n_refs = 1 } },
        { .type = CRB_WIRE_CALL, .u.call = { .promise = 1, .path = path, .n_path = 1 } },
        { .type = CRB_WIRE_RETURN, .critical = true },
        { .type = CRB_WIRE_RETURN, .u.ret.outcome = 1 },
        { .type = CRB_WIRE_RETURN, .u.ret.exception = "a::E" },
        { .type = CRB_WIRE_RETURN, .u.ret.status = 1 },
        { .type = CRB_WIRE_RETURN, .u.ret.completion = 1 },
        { .type = CRB_WIRE_RETURN, .u.ret.message = "m" },
        { .type = CRB_WIRE_CALL, .u.call = { .once = 1 } },
        { .type = CRB_WIRE_CALL, .u.call = { .acknowledged = 1 } },
        { .type = CRB_WIRE_RETURN, .u.ret = { .durable = true } },
        { .type = CRB_WIRE_RETURN, .u.ret.retry_after_ms = 1 },
        { .type = CRB_WIRE_RETURN, .u.ret = { .hops = hops, .n_hops = 1 } },
        { .type = CRB_WIRE_RETURN, .u.ret = { .refs = refs, .n_refs = 1 } },
        { .type = CRB_WIRE_BODY, .critical = true },
        { .type = CRB_WIRE_PING },
    };
    assert_int_equal(LENGTH_OF(rows), 19);
    crb_scratch scratch;
    crb_scratch_init(&scratch);
    for (size_t i = 0; i < LENGTH_OF(rows); i++) {
        crb_buf out = CRB_BUF_INIT;
        assert_false(crb_direct_pack(&out, &rows[i]));
        assert_int_equal(out.len, 0);
        crb_frame_pack(&out, &rows[i], &scratch);
        crb_frame frame;
        memset(&frame, 0, sizeof frame);
        assert_true(out.len > 1);
        assert_false(crb_direct_unpack(&frame, out.data + 1, out.len - 1));
        crb_buf_clear(&out);
    }
    crb_scratch_reset(&scratch, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_same_bytes_both_ways),
        cmocka_unit_test(test_accepts_nothing_more),
        cmocka_unit_test(test_leaves_the_rest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
