/* Each frame packed and unpacked, against the wire; what a frame of a peer's may cost. */
#include "tests/runtime/support/test.h"

#include "runtime/wire/frame.h"

#include <stdlib.h>
#include <string.h>

static const crb_frame_limits limits = { 4096 };

static const uint32_t some_path[] = { 1, 0x1FFFFFFF, 16 };
static const crb_wire_ref some_refs[] = {
    { 1, false, 0, 1, "bank::Account", 0, 0, NULL, 0 },
    { UINT64_MAX, true, UINT32_MAX, UINT32_MAX, "", UINT64_MAX, UINT64_MAX, some_path, 3 },
};
static const crb_wire_hop some_hops[] = { { "daemon", "object", "operation", "Grüße" }, { "", "", "", "" } };
static const char *const some_features[] = { "streams", "leases" };
static const uint8_t some_bytes[] = { 0, 1, 2, 255 };
static const uint8_t some_instance[16] = { 1, 0, 255 };

static const crb_frame frames[] = {
    { .type = CRB_WIRE_HELLO,
      .u.hello = { 1,
                   2,
                   some_features,
                   2,
                   "0123456789abcde",
                   "edcba9876543210",
                   "name",
                   UINT64_MAX,
                   2,
                   3,
                   4,
                   5,
                   6,
                   7,
                   8,
                   9,
                   10,
                   11,
                   12,
                   13,
                   14,
                   UINT64_MAX,
                   UINT64_MAX - 1 } },
    { .type = CRB_WIRE_BIND,
      .critical = true,
      .u.bind = { 3, "corbel.NameServer", "naming::Registry", UINT64_MAX - 5, 30000000 } },
    { .type = CRB_WIRE_CALL,
      .u.call = { 1,
                  2,
                  3,
                  4,
                  5,
                  "i",
                  "n",
                  UINT64_MAX,
                  1,
                  7,
                  8,
                  128,
                  some_refs,
                  2,
                  20000,
                  { some_bytes, 4 },
                  42,
                  some_path,
                  3,
                  { some_bytes, 3 },
                  77,
                  70,
                  { some_instance, 16 } } },
    { .type = CRB_WIRE_BODY, .u.body = { 1, true, false, { some_bytes, 4 } } },
    { .type = CRB_WIRE_RETURN,
      .u.ret = { 9,
                 2,
                 some_refs,
                 2,
                 4,
                 { some_bytes, 4 },
                 "bank::Broke",
                 4711,
                 2,
                 "what happened",
                 some_hops,
                 2,
                 { some_bytes, 2 },
                 false,
                 250 } },
    { .type = CRB_WIRE_RETURN, .u.ret = { .question = 3, .exception = "", .message = "", .durable = true } },
    { .type = CRB_WIRE_FINISH, .u.finish = { 12, true } },
    { .type = CRB_WIRE_RELEASE, .u.release = { 1, 2, UINT64_MAX } },
    { .type = CRB_WIRE_CREDIT, .u.credit = { 1, 2, 3, 4 } },
    { .type = CRB_WIRE_GONE, .u.gone = { 5, 6, "unregistered" } },
    { .type = CRB_WIRE_PING, .u.ping = { true } },
    { .type = CRB_WIRE_GOAWAY },
    { .type = CRB_WIRE_GOAWAY, .u.goaway = { UINT64_MAX } },
    { .type = CRB_WIRE_BYE, .u.bye = { 77 } },
    { .type = CRB_WIRE_UNIMPLEMENTED, .u.unimplemented = { 15 } },
    { .type = CRB_WIRE_STREAM, .u.stream = { 7, true, { some_bytes, 4 }, some_refs, 2, UINT64_MAX, true, true } },
    { .type = CRB_WIRE_STREAM, .u.stream = { .question = 8, .items = { some_bytes, 4 }, .credit = 9, .end = true } },
    { .type = CRB_WIRE_ABORT, .u.abort = { "why", 1, 0, 3, true } },
};

static void assert_bytes(crb_wire_bytes a, crb_wire_bytes b)
{
    assert_int_equal(a.len, b.len);
    if (a.len > 0) {
        assert_memory_equal(a.data, b.data, a.len);
    }
}

static void assert_path(const uint32_t *a, size_t n, const uint32_t *b, size_t m)
{
    assert_int_equal(n, m);
    if (n > 0) {
        assert_memory_equal(a, b, n * sizeof *a);
    }
}

static void assert_refs(const crb_wire_ref *a, size_t n, const crb_wire_ref *b, size_t m)
{
    assert_int_equal(n, m);
    for (size_t i = 0; i < n; i++) {
        assert_int_equal(a[i].tag, b[i].tag);
        assert_int_equal(a[i].yours, b[i].yours);
        assert_int_equal(a[i].index, b[i].index);
        assert_int_equal(a[i].generation, b[i].generation);
        assert_string_equal(a[i].interface, b[i].interface);
        assert_int_equal(a[i].fingerprint, b[i].fingerprint);
        assert_int_equal(a[i].promise, b[i].promise);
        assert_path(a[i].path, a[i].n_path, b[i].path, b[i].n_path);
    }
}

static void assert_hello(const crb_wire_hello *a, const crb_wire_hello *b)
{
    assert_int_equal(a->n_features, b->n_features);
    for (size_t i = 0; i < a->n_features; i++) {
        assert_string_equal(a->features[i], b->features[i]);
    }
    assert_memory_equal(a->instance, b->instance, sizeof a->instance);
    assert_memory_equal(a->secret, b->secret, sizeof a->secret);
    assert_string_equal(a->name, b->name);
    assert_int_equal(a->major, b->major);
    assert_int_equal(a->minor, b->minor);
    assert_int_equal(a->max_body, b->max_body);
    assert_memory_equal(&a->window_requests, &b->window_requests, 13 * sizeof a->window_requests);
    assert_int_equal(a->session, b->session);
    assert_int_equal(a->supersedes, b->supersedes);
}

static void assert_call(const crb_wire_call *a, const crb_wire_call *b)
{
    assert_int_equal(a->question, b->question);
    assert_int_equal(a->promise, b->promise);
    assert_int_equal(a->index, b->index);
    assert_int_equal(a->generation, b->generation);
    assert_int_equal(a->operation, b->operation);
    assert_string_equal(a->interface, b->interface);
    assert_string_equal(a->name, b->name);
    assert_int_equal(a->lane, b->lane);
    assert_int_equal(a->flags, b->flags);
    assert_int_equal(a->remaining_us, b->remaining_us);
    assert_int_equal(a->chain, b->chain);
    assert_int_equal(a->hop, b->hop);
    assert_path(a->path, a->n_path, b->path, b->n_path);
    assert_refs(a->refs, a->n_refs, b->refs, b->n_refs);
    assert_int_equal(a->length, b->length);
    assert_bytes(a->args, b->args);
    assert_int_equal(a->after, b->after);
    assert_bytes(a->context, b->context);
    assert_int_equal(a->once, b->once);
    assert_int_equal(a->acknowledged, b->acknowledged);
    assert_bytes(a->once_instance, b->once_instance);
}

static void assert_return(const crb_wire_return *a, const crb_wire_return *b)
{
    assert_int_equal(a->question, b->question);
    assert_int_equal(a->outcome, b->outcome);
    assert_refs(a->refs, a->n_refs, b->refs, b->n_refs);
    assert_int_equal(a->length, b->length);
    assert_bytes(a->body, b->body);
    assert_string_equal(a->exception, b->exception);
    assert_int_equal(a->status, b->status);
    assert_int_equal(a->completion, b->completion);
    assert_string_equal(a->message, b->message);
    assert_bytes(a->context, b->context);
    assert_int_equal(a->durable, b->durable);
    assert_int_equal(a->retry_after_ms, b->retry_after_ms);
    assert_int_equal(a->n_hops, b->n_hops);
    for (size_t i = 0; i < a->n_hops; i++) {
        assert_string_equal(a->hops[i].daemon, b->hops[i].daemon);
        assert_string_equal(a->hops[i].object, b->hops[i].object);
        assert_string_equal(a->hops[i].operation, b->hops[i].operation);
        assert_string_equal(a->hops[i].message, b->hops[i].message);
    }
}

static void assert_frame(const crb_frame *a, const crb_frame *b)
{
    assert_int_equal(a->type, b->type);
    assert_int_equal(a->critical, b->critical);
    switch ((crb_wire_type)a->type) {
    case CRB_WIRE_HELLO:
        assert_hello(&a->u.hello, &b->u.hello);
        break;
    case CRB_WIRE_BIND:
        assert_int_equal(a->u.bind.question, b->u.bind.question);
        assert_string_equal(a->u.bind.id, b->u.bind.id);
        assert_string_equal(a->u.bind.interface, b->u.bind.interface);
        assert_int_equal(a->u.bind.fingerprint, b->u.bind.fingerprint);
        assert_int_equal(a->u.bind.remaining_us, b->u.bind.remaining_us);
        break;
    case CRB_WIRE_CALL:
        assert_call(&a->u.call, &b->u.call);
        break;
    case CRB_WIRE_BODY:
        assert_int_equal(a->u.body.question, b->u.body.question);
        assert_int_equal(a->u.body.result, b->u.body.result);
        assert_int_equal(a->u.body.abandoned, b->u.body.abandoned);
        assert_bytes(a->u.body.data, b->u.body.data);
        break;
    case CRB_WIRE_RETURN:
        assert_return(&a->u.ret, &b->u.ret);
        break;
    case CRB_WIRE_FINISH:
        assert_int_equal(a->u.finish.question, b->u.finish.question);
        assert_int_equal(a->u.finish.cancel, b->u.finish.cancel);
        break;
    case CRB_WIRE_RELEASE:
        assert_int_equal(a->u.release.index, b->u.release.index);
        assert_int_equal(a->u.release.generation, b->u.release.generation);
        assert_int_equal(a->u.release.count, b->u.release.count);
        break;
    case CRB_WIRE_CREDIT:
        assert_memory_equal(&a->u.credit, &b->u.credit, sizeof a->u.credit);
        break;
    case CRB_WIRE_GONE:
        assert_int_equal(a->u.gone.index, b->u.gone.index);
        assert_int_equal(a->u.gone.generation, b->u.gone.generation);
        assert_string_equal(a->u.gone.why, b->u.gone.why);
        break;
    case CRB_WIRE_PING:
        assert_int_equal(a->u.ping.answer, b->u.ping.answer);
        break;
    case CRB_WIRE_GOAWAY:
        assert_int_equal(a->u.goaway.duplicate, b->u.goaway.duplicate);
        break;
    case CRB_WIRE_BYE:
        assert_int_equal(a->u.bye.calls, b->u.bye.calls);
        break;
    case CRB_WIRE_UNIMPLEMENTED:
        assert_int_equal(a->u.unimplemented.type, b->u.unimplemented.type);
        break;
    case CRB_WIRE_ABORT:
        assert_string_equal(a->u.abort.why, b->u.abort.why);
        assert_int_equal(a->u.abort.major, b->u.abort.major);
        assert_int_equal(a->u.abort.minor, b->u.abort.minor);
        assert_int_equal(a->u.abort.calls, b->u.abort.calls);
        assert_int_equal(a->u.abort.refused, b->u.abort.refused);
        break;
    case CRB_WIRE_STREAM:
        assert_int_equal(a->u.stream.question, b->u.stream.question);
        assert_int_equal(a->u.stream.result, b->u.stream.result);
        assert_bytes(a->u.stream.items, b->u.stream.items);
        assert_refs(a->u.stream.refs, a->u.stream.n_refs, b->u.stream.refs, b->u.stream.n_refs);
        assert_int_equal(a->u.stream.credit, b->u.stream.credit);
        assert_int_equal(a->u.stream.end, b->u.stream.end);
        assert_int_equal(a->u.stream.enough, b->u.stream.enough);
        break;
    }
}

static void test_round_trip(void **state)
{
    (void)state;
    assert_int_equal(LENGTH_OF(frames), 18);
    crb_scratch out, in;
    crb_scratch_init(&out);
    crb_scratch_init(&in);
    crb_buf message = CRB_BUF_INIT;
    for (size_t i = 0; i < LENGTH_OF(frames); i++) {
        crb_frame_pack(&message, &frames[i], &out);
    }
    assert_false(message.failed);
    const uint8_t *at = message.data;
    size_t left = message.len;
    for (size_t i = 0; i < LENGTH_OF(frames); i++) {
        const uint8_t *data = NULL;
        size_t len = 0;
        const char *why = NULL;
        crb_frame frame;
        assert_true(crb_frame_split(&at, &left, &data, &len));
        assert_int_equal(crb_frame_unpack(&frame, data, len, &limits, &in, &why), CRB_FRAME_OK);
        assert_frame(&frames[i], &frame);
        /* Cut anywhere it is another frame or none, never a crash; with sanitizers, never a read beyond. */
        for (size_t cut = 0; cut < len; cut++) {
            uint8_t *const part = malloc(cut + 1);
            assert_non_null(part);
            memcpy(part, data, cut);
            (void)crb_frame_unpack(&frame, part, cut, &limits, &in, &why);
            free(part);
        }
    }
    assert_int_equal(left, 0);
    crb_buf_clear(&message);
    crb_scratch_reset(&out, 0);
    crb_scratch_reset(&in, 0);
}

static void test_numbers_on_the_wire(void **state)
{
    (void)state;
    /* What another implementation would write: FINISH(cancel) of 5; PING; UNIMPLEMENTED(15) with critical. */
    static const struct {
        const char *bytes;
        size_t len;
        crb_frame frame;
    } rows[] = {
        { "\x06\x3a\x04\x08\x05\x10\x01", 7, { .type = CRB_WIRE_FINISH, .u.finish = { 5, true } } },
        { "\x02\x5a\x00", 3, { .type = CRB_WIRE_PING } },
        { "\x06\x08\x01\x72\x02\x08\x0f", 7, { .type = CRB_WIRE_UNIMPLEMENTED, .critical = true, .u.unimplemented = { 15 } } },
    };
    assert_int_equal(LENGTH_OF(rows), 3);
    crb_scratch scratch;
    crb_scratch_init(&scratch);
    for (size_t i = 0; i < LENGTH_OF(rows); i++) {
        crb_buf message = CRB_BUF_INIT;
        crb_frame_pack(&message, &rows[i].frame, &scratch);
        assert_int_equal(message.len, rows[i].len);
        assert_memory_equal(message.data, rows[i].bytes, rows[i].len);
        crb_buf_clear(&message);
    }
    crb_scratch_reset(&scratch, 0);
}

/* A CALL (field 4) with n empty entries of field 13. */
static size_t many_entries(uint8_t *at, size_t n, uint8_t outer, uint8_t inner)
{
    const size_t content = n * 2;
    size_t len = 0;
    at[len++] = outer;
    at[len++] = (uint8_t)(content | 0x80);
    at[len++] = (uint8_t)(content >> 7 | 0x80);
    at[len++] = (uint8_t)(content >> 14);
    for (size_t i = 0; i < n; i++) {
        at[len++] = inner;
        at[len++] = 0;
    }
    return len;
}

static void test_memory_is_bounded(void **state)
{
    (void)state;
    static const struct {
        uint8_t outer, inner;
        size_t n;
        const char *why; /* NULL: all is well */
    } rows[] = {
        { 4 << 3 | 2, 13 << 3 | 2, 100000, "too many references in one table" },
        { 4 << 3 | 2, 13 << 3 | 2, 4096, "a frame that needs too much memory" }, /* no entry is that short */
        { 4 << 3 | 2, 13 << 3 | 2, 400, NULL },
        { 6 << 3 | 2, 3 << 3 | 2, 100000, "too many references in one table" },
        { 6 << 3 | 2, 10 << 3 | 2, 129, "too many hops" },
        { 6 << 3 | 2, 10 << 3 | 2, 128, NULL },
        { 2 << 3 | 2, 3 << 3 | 2, 65, "too many features" },
        { 4 << 3 | 2, 15 << 3 | 2, 2, "a field that is there twice" },
        { 4 << 3 | 2, 6 << 3 | 2, 100000, "a field that is there twice" },
        { 4 << 3 | 2, 2 << 3 | 0, 100000, "a field that is there twice" },
        { 11 << 3 | 2, 5 << 3 | 0, 100000, "too many unknown fields" },
        { 11 << 3 | 2, 5 << 3 | 2, 256, NULL },
        { 15 << 3 | 2, 4 << 3 | 2, 100000, "too many references in one table" },
        { 1 << 3 | 2, 5 << 3 | 2, 100000, "a field of the wrong wire type" },
    };
    assert_int_equal(LENGTH_OF(rows), 14);
    static uint8_t bytes[CRB_FRAME_MAX];
    crb_scratch scratch;
    crb_scratch_init(&scratch);
    for (size_t i = 0; i < LENGTH_OF(rows); i++) {
        const size_t len = many_entries(bytes, rows[i].n, rows[i].outer, rows[i].inner);
        const char *why = NULL;
        crb_frame frame;
        const crb_frame_result result = crb_frame_unpack(&frame, bytes, len, &limits, &scratch, &why);
        if (rows[i].why == NULL ? result != CRB_FRAME_OK : why == NULL || strcmp(why, rows[i].why) != 0) {
            fail_msg("row %zu: %d '%s'", i, (int)result, why != NULL ? why : "");
        }
        assert_true(scratch.used <= len * 24 + (64 << 10));
    }
    crb_scratch_reset(&scratch, 0);
    assert_null(scratch.chunks);
}

static void test_biggest_table_fits(void **state)
{
    (void)state;
    static crb_wire_ref refs[4096];
    for (size_t i = 0; i < LENGTH_OF(refs); i++) {
        refs[i] = (crb_wire_ref) { i + 1, i % 2 == 0, (uint32_t)i, 1, i % 3 == 0 ? "" : "a::B", i, i % 5, some_path, i % 4 };
    }
    const crb_frame frame = { .type = CRB_WIRE_CALL, .u.call = { .question = 1, .refs = refs, .n_refs = LENGTH_OF(refs) } };
    crb_scratch scratch;
    crb_scratch_init(&scratch);
    crb_buf message = CRB_BUF_INIT;
    crb_frame_pack(&message, &frame, &scratch);
    const uint8_t *at = message.data, *data = NULL;
    size_t left = message.len, len = 0;
    const char *why = NULL;
    crb_frame back;
    assert_true(crb_frame_split(&at, &left, &data, &len));
    assert_int_equal(crb_frame_unpack(&back, data, len, &limits, &scratch, &why), CRB_FRAME_OK);
    assert_refs(refs, LENGTH_OF(refs), back.u.call.refs, back.u.call.n_refs);
    crb_buf_clear(&message);
    crb_scratch_reset(&scratch, 0);
}

static void test_text(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        size_t max;
        const char *fits;
    } rows[] = {
        { "plain", 16, "plain" },
        { "plain", 6, "plain" },
        { "plain", 5, "plai" },
        { "", 1, "" },
        { NULL, 8, "" },
        { "Gr\xc3\xbc\xc3\x9f"
          "e",
          4, "Gr" },
        { "Gr\xc3\xbc\xc3\x9f"
          "e",
          5, "Gr\xc3\xbc" },
        { "\xff\xfe", 8, "??" },
        { "a\xc3", 8, "a?" },
        { "\xed\xa0\x80", 8, "???" },
    };
    assert_int_equal(LENGTH_OF(rows), 10);
    for (size_t i = 0; i < LENGTH_OF(rows); i++) {
        char out[16];
        memset(out, 'x', sizeof out);
        assert_int_equal(crb_text_fit(rows[i].text, out, rows[i].max), strlen(rows[i].fits));
        assert_string_equal(out, rows[i].fits);
    }
    static char longest[CRB_FRAME_MAX_TEXT + 2];
    memset(longest, 'x', sizeof longest - 1);
    assert_false(crb_text_is_name(longest));
    longest[CRB_FRAME_MAX_TEXT] = '\0';
    assert_true(crb_text_is_name(longest));
    assert_true(crb_text_is_name(""));
    assert_false(crb_text_is_name("\xc0\x80"));
}

static void test_scratch(void **state)
{
    (void)state;
    crb_scratch scratch;
    crb_scratch_init(&scratch);
    assert_null(crb_scratch_alloc(&scratch, 1));
    assert_true(scratch.over_budget);
    crb_scratch_reset(&scratch, 100000);
    size_t taken = 0;
    for (size_t size = 1; taken + size <= 100000; size = size * 3 / 2 + 1) {
        uint8_t *const at = crb_scratch_alloc(&scratch, size);
        assert_non_null(at);
        assert_int_equal((uintptr_t)at % _Alignof(max_align_t), 0);
        memset(at, 0xAA, size);
        taken += size;
    }
    assert_null(crb_scratch_alloc(&scratch, 100000 - taken + 1));
    assert_non_null(crb_scratch_alloc(&scratch, 100000 - taken));
    assert_false(scratch.failed);
    crb_scratch_reset(&scratch, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_numbers_on_the_wire),
        cmocka_unit_test(test_memory_is_bounded),
        cmocka_unit_test(test_biggest_table_fits),
        cmocka_unit_test(test_text),
        cmocka_unit_test(test_scratch),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
