/* What a peer may not do: each ends the session with a reason; what it may send too early, twice or from the future does not. */
#include "tests/runtime/session/world.h"

#include <stdlib.h>
#include <string.h>

/** A session with a peer by hand. The peer holds the session's object 0 as index 0, generation 1, and has asked questions 1 (a
 * bind, answered) and 2 (a call, not answered, large arguments on their way), and has been asked question 1 (a call of its export
 * 0,1). */
typedef struct rig {
    world *w;
    side *at;
} rig;

static void rig_send(rig *r, const crb_frame *frame)
{
    crb_buf message = CRB_BUF_INIT;
    world_frame(&message, frame);
    crb_session_input(r->at->session, message.data, message.len, WORLD_START);
    crb_buf_clear(&message);
    world_events(r->w);
}

static void rig_pull(rig *r)
{
    crb_buf out = CRB_BUF_INIT;
    while (crb_session_pull(r->at->session, &out, WORLD_START)) {
        crb_buf_clear(&out);
        world_events(r->w);
    }
    crb_buf_clear(&out);
    world_events(r->w);
}

static crb_frame frame_call(uint64_t question)
{
    return (crb_frame) { .type = CRB_WIRE_CALL,
                         .u.call = { .question = question, .generation = 1, .operation = 1, .hop = 0, .length = 0 } };
}

static rig rig_new(const crb_session_limits *limits)
{
    rig r = { .w = world_new(NULL, limits, NULL) };
    r.at = &r.w->sides[1];
    r.at->answers_binds = true;
    crb_frame frame;
    world_hello(&frame);
    rig_send(&r, &frame);
    rig_send(&r, &(crb_frame) { .type = CRB_WIRE_BIND, .u.bind = { .question = 1, .id = "0", .interface = "" } });
    /* The asker of the world is only a place for numbers here. */
    r.w->n_asked = 2;
    r.w->asked[0] = (asked) { .number = 1, .from = &r.w->sides[0], .oneway = true };
    r.w->asked[1] = (asked) { .number = 2, .from = &r.w->sides[0], .oneway = true };
    static const uint8_t args[32] = { 1 };
    const crb_wire_ref ref = { .tag = 1, .index = 0, .generation = 1, .interface = "test::Object" };
    crb_frame call = frame_call(2);
    call.u.call.interface = "test::Object";
    call.u.call.name = "op";
    call.u.call.refs = &ref;
    call.u.call.n_refs = 1;
    call.u.call.length = 64;
    call.u.call.args = (crb_wire_bytes) { args, sizeof args };
    rig_send(&r, &call);
    assert_int_equal(r.at->n_pending, 1);
    world_call(r.at, &(call_options) { .target = r.at->imports[0] }, NULL);
    rig_pull(&r);
    assert_false(r.at->closed);
    return r;
}

static void rig_free(rig *r)
{
    world_free(r->w);
}

/* ---- violations ---- */

static const uint8_t some_bytes[CRB_PIECE];
static char long_text[CRB_FRAME_MAX_TEXT + 2];
static const crb_wire_ref no_tag[] = { { .generation = 1, .interface = "" } };
static const crb_wire_ref no_generation[] = { { .tag = 1, .interface = "" } };
static const crb_wire_ref high_index[] = { { .tag = 1, .index = 1u << 20, .generation = 1, .interface = "" } };
static const crb_wire_ref other_generation[] = { { .tag = 1, .generation = 2, .interface = "" } };

static const uint32_t one_step[] = { 1 }, no_step[] = { 0 };
static const uint32_t long_path[CRB_FRAME_MAX_PATH + 1] = {
    1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
    1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
};
static const crb_wire_ref promise_of_bind[] = { { .tag = 1, .interface = "", .promise = 1 } };
static const crb_wire_ref promise_of_call[] = { { .tag = 1, .interface = "", .promise = 2, .path = one_step, .n_path = 1 } };
static const crb_wire_ref promise_of_itself[] = { { .tag = 1, .interface = "", .promise = 3, .path = one_step, .n_path = 1 } };
static const crb_wire_ref promise_of_later[] = { { .tag = 1, .interface = "", .promise = 4, .path = one_step, .n_path = 1 } };
static const crb_wire_ref promise_twice[] = { { .tag = 1, .interface = "", .promise = 1, .index = 1, .generation = 1 } };
static const crb_wire_ref path_alone[] = { { .tag = 1, .interface = "", .path = one_step, .n_path = 1 } };

typedef struct violation {
    const char *name;
    crb_frame frame;
    const char *why;
} violation;

#define CALL(...)                                                                                                                \
    {                                                                                                                            \
        .type = CRB_WIRE_CALL, .u.call = { __VA_ARGS__ }                                                                         \
    }
#define RETURN(...)                                                                                                              \
    {                                                                                                                            \
        .type = CRB_WIRE_RETURN, .u.ret = { __VA_ARGS__ }                                                                        \
    }
#define BODY(...)                                                                                                                \
    {                                                                                                                            \
        .type = CRB_WIRE_BODY, .u.body = { __VA_ARGS__ }                                                                         \
    }

static const violation violations[] = {
    { "second HELLO", { .type = CRB_WIRE_HELLO, .u.hello = { .major = 1, .name = "" } }, "a second HELLO" },
    { "BIND out of order",
      { .type = CRB_WIRE_BIND, .u.bind = { .question = 4, .id = "0", .interface = "" } },
      "a question whose number is not the next" },
    { "BIND again",
      { .type = CRB_WIRE_BIND, .u.bind = { .question = 1, .id = "0", .interface = "" } },
      "a question whose number is not the next" },
    { "CALL out of order", CALL(.question = 5, .operation = 1), "a question whose number is not the next" },
    { "CALL with an unbound operation", CALL(.question = 3, .operation = 2), "an operation that is not bound" },
    { "CALL without an operation", CALL(.question = 3), "an operation that is not bound" },
    { "CALL that binds a wrong number", CALL(.question = 3, .operation = 7, .interface = "i", .name = "o"),
      "an operation bound to a number that is not the next" },
    { "CALL that binds again", CALL(.question = 3, .operation = 1, .interface = "i", .name = "o"),
      "an operation bound to a number that is not the next" },
    { "CALL with a critical flag", CALL(.question = 3, .operation = 1, .flags = 0x10000),
      "a critical flag of a call that is not known here" },
    { "CALL longer than it says", CALL(.question = 3, .operation = 1, .args = { some_bytes, 4 }, .length = 3),
      "a call whose arguments are longer than it says" },
    { "CALL on a call", CALL(.question = 3, .operation = 1, .promise = 2), "a call on a promise that is not open" },
    { "CALL on itself", CALL(.question = 3, .operation = 1, .promise = 3, .path = one_step, .n_path = 1),
      "a call on a promise that is not open" },
    { "CALL on a bind with a path", CALL(.question = 3, .operation = 1, .promise = 1, .path = one_step, .n_path = 1),
      "a path that does not fit its promise" },
    { "CALL with a path of nothing", CALL(.question = 3, .operation = 1, .path = one_step, .n_path = 1), "a path of no promise" },
    { "path with a step 0", CALL(.question = 3, .operation = 1, .promise = 1, .path = no_step, .n_path = 1),
      "a path with a step that is no field number" },
    { "path too long", CALL(.question = 3, .operation = 1, .promise = 1, .path = long_path, .n_path = LENGTH_OF(long_path)),
      "a path that is too long" },
    { "oneway that is to be kept", CALL(.question = 3, .operation = 1, .flags = CRB_FLAG_ONEWAY | CRB_FLAG_KEEP),
      "a oneway that is to be kept" },
    { "promise of a call in a table", CALL(.question = 3, .operation = 1, .refs = promise_of_call, .n_refs = 1),
      "a call on a promise that is not open" },
    { "promise of itself in a table", CALL(.question = 3, .operation = 1, .refs = promise_of_itself, .n_refs = 1),
      "a call on a promise that is not open" },
    { "promise of a later one in a table", CALL(.question = 3, .operation = 1, .refs = promise_of_later, .n_refs = 1),
      "a call on a promise that is not open" },
    { "promise that is a reference, too", CALL(.question = 3, .operation = 1, .refs = promise_twice, .n_refs = 1),
      "a promise where none can be" },
    { "path of nothing in a table", CALL(.question = 3, .operation = 1, .refs = path_alone, .n_refs = 1),
      "a promise where none can be" },
    { "promise in the table of a RETURN", RETURN(.question = 1, .refs = promise_of_bind, .n_refs = 1),
      "a promise where none can be" },
    { "CALL on nothing", CALL(.question = 3, .operation = 1, .promise = 99), "a call on a promise that is not open" },
    { "CALL after itself", CALL(.question = 3, .operation = 1, .after = 3), "a call after one that was not asked before it" },
    { "CALL after a later one", CALL(.question = 3, .operation = 1, .after = UINT64_MAX),
      "a call after one that was not asked before it" },
    { "CALL after a bind", CALL(.question = 3, .operation = 1, .after = 1, .flags = CRB_FLAG_ANYWAY),
      "a call after one that no call may be after" },
    { "CALL after one that is no guard", CALL(.question = 3, .operation = 1, .after = 2),
      "a call after one that no call may be after" },
    { "reference without a tag", CALL(.question = 3, .operation = 1, .refs = no_tag, .n_refs = 1), "a reference without a tag" },
    { "reference without a generation", CALL(.question = 3, .operation = 1, .refs = no_generation, .n_refs = 1),
      "a reference whose index or generation cannot be" },
    { "reference with an index beyond the limit", CALL(.question = 3, .operation = 1, .refs = high_index, .n_refs = 1),
      "a reference whose index or generation cannot be" },
    { "reference with two generations", CALL(.question = 3, .operation = 1, .refs = other_generation, .n_refs = 1),
      "a reference whose index is in use" },
    { "name too long", CALL(.question = 3, .operation = 2, .interface = long_text, .name = "o"), "a text that is too long" },
    { "name not UTF-8", CALL(.question = 3, .operation = 2, .interface = "\xc0\x80", .name = "o"), "a text that is not UTF-8" },
    { "RETURN for nothing", RETURN(.question = 2), "RETURN for a question that is not open" },
    { "RETURN longer than it says", RETURN(.question = 1, .body = { some_bytes, 4 }, .length = 3), "RETURN that is not valid" },
    { "RETURN with another outcome", RETURN(.question = 1, .outcome = 3), "RETURN that is not valid" },
    { "RETURN with an error and a body", RETURN(.question = 1, .outcome = 2, .length = 5), "RETURN that is not valid" },
    { "BODY of nothing", BODY(.question = 77, .data = { some_bytes, 1 }), "BODY of something that has none" },
    { "BODY of a result that has none", BODY(.question = 1, .result = true, .data = { some_bytes, 1 }),
      "BODY of something that has none" },
    { "BODY without data", BODY(.question = 2), "BODY of a wrong length" },
    { "BODY longer than what is left", BODY(.question = 2, .data = { some_bytes, 33 }), "BODY of a wrong length" },
    { "BODY abandoned with data", BODY(.question = 2, .abandoned = true, .data = { some_bytes, 1 }), "BODY of a wrong length" },
    { "FINISH of nothing", { .type = CRB_WIRE_FINISH, .u.finish = { 3, true } }, "FINISH of a question that was not asked" },
    { "FINISH of question 0", { .type = CRB_WIRE_FINISH, .u.finish = { 0, true } }, "FINISH of a question that was not asked" },
    { "RELEASE of nothing", { .type = CRB_WIRE_RELEASE, .u.release = { 5, 1, 1 } }, "RELEASE of a reference that is not held" },
    { "RELEASE of another generation",
      { .type = CRB_WIRE_RELEASE, .u.release = { 0, 2, 1 } },
      "RELEASE of a reference that is not held" },
    { "RELEASE of too many",
      { .type = CRB_WIRE_RELEASE, .u.release = { 0, 1, 2 } },
      "RELEASE of more references than were sent" },
    { "RELEASE of none", { .type = CRB_WIRE_RELEASE, .u.release = { 0, 1, 0 } }, "RELEASE of more references than were sent" },
    { "RELEASE of very many",
      { .type = CRB_WIRE_RELEASE, .u.release = { 0, 1, UINT64_MAX } },
      "RELEASE of more references than were sent" },
    { "CREDIT that was not used", { .type = CRB_WIRE_CREDIT, .u.credit = { 1u << 20, 0, 0, 0 } }, "more credit than was used" },
    { "CREDIT of bulk", { .type = CRB_WIRE_CREDIT, .u.credit = { 0, 0, 0, 1 } }, "more credit than was used" },
    { "CREDIT of very much", { .type = CRB_WIRE_CREDIT, .u.credit = { 0, 0, UINT64_MAX, 0 } }, "more credit than was used" },
    { "BYE for more than was sent", { .type = CRB_WIRE_BYE, .u.bye = { 2 } }, "BYE for more calls than were sent" },
};

static void test_violations(void **state)
{
    (void)state;
    memset(long_text, 'x', sizeof long_text - 1);
    assert_int_equal(LENGTH_OF(violations), 54);
    for (size_t i = 0; i < LENGTH_OF(violations); i++) {
        rig r = rig_new(NULL);
        rig_send(&r, &violations[i].frame);
        if (!r.at->closed || strcmp(r.at->why, violations[i].why) != 0) {
            fail_msg("%s: %s '%s'", violations[i].name, r.at->closed ? "closed" : "open", r.at->why);
        }
        assert_false(r.at->clean);
        /* Nothing of what follows is looked at. */
        const crb_session_stats before = crb_session_get_stats(r.at->session);
        crb_frame call = frame_call(3);
        rig_send(&r, &call);
        rig_send(&r, &(crb_frame) { .type = CRB_WIRE_PING });
        crb_buf out = CRB_BUF_INIT;
        assert_true(crb_session_pull(r.at->session, &out, WORLD_START));
        assert_true(crb_session_wants_close(r.at->session));
        assert_false(crb_session_pull(r.at->session, &out, WORLD_START));
        crb_buf_clear(&out);
        const crb_session_stats after = crb_session_get_stats(r.at->session);
        assert_int_equal(after.sent[CRB_FRAME_ABORT], 1);
        assert_int_equal(after.sent[CRB_FRAME_PING], before.sent[CRB_FRAME_PING]);
        assert_int_equal(r.at->events[CRB_EVENT_CALL], 1);
        world_check_over(r.w);
        rig_free(&r);
    }
}

static void test_first_frame_is_hello(void **state)
{
    (void)state;
    for (uint32_t type = CRB_WIRE_BIND; type <= CRB_WIRE_UNIMPLEMENTED; type++) {
        world *const w = world_new(NULL, NULL, NULL);
        rig r = { w, &w->sides[1] };
        crb_frame frame = { .type = type };
        if (type == CRB_WIRE_BIND) {
            frame.u.bind = (crb_wire_bind) { .question = 1, .id = "", .interface = "" };
        }
        rig_send(&r, &frame);
        assert_true(r.at->closed);
        assert_string_equal(r.at->why, "the first frame is not HELLO");
        rig_free(&r);
    }
}

static void test_bad_hello(void **state)
{
    (void)state;
    static const struct {
        size_t offset;
        uint32_t value;
    } rows[] = {
        { offsetof(crb_wire_hello, window_requests), CRB_WINDOW_MIN - 1 },
        { offsetof(crb_wire_hello, window_nested), 0 },
        { offsetof(crb_wire_hello, window_responses), 0 },
        { offsetof(crb_wire_hello, window_bulk), CRB_WINDOW_BULK_MIN - 1 },
        { offsetof(crb_wire_hello, window_stream), CRB_WINDOW_MIN - 1 },
    };
    assert_int_equal(LENGTH_OF(rows), 5);
    for (size_t i = 0; i < LENGTH_OF(rows); i++) {
        world *const w = world_new(NULL, NULL, NULL);
        rig r = { w, &w->sides[1] };
        crb_frame frame;
        world_hello(&frame);
        memcpy((uint8_t *)&frame.u.hello + rows[i].offset, &rows[i].value, sizeof rows[i].value);
        rig_send(&r, &frame);
        assert_string_equal(r.at->why, "a HELLO with a window that is too small");
        rig_free(&r);
    }
}

static void test_bytes_that_are_no_frames(void **state)
{
    (void)state;
    static const struct {
        const char *bytes;
        size_t len;
        const char *why;
    } rows[] = {
        { "\x80", 1, "a frame whose length is not valid" },
        { "\x80\x80\x80\x01", 4, "a frame whose length is not valid" },
        { "\x80\x00", 2, "a frame whose length is not valid" },
        { "\xff\xff\x7f", 3, "a frame whose length is not valid" },
        { "\x05\x5a", 2, "a frame whose length is not valid" },
        { "\x00", 1, "a frame without a body" },
        { "\x02\x08\x01", 3, "a frame without a body" },
        { "\x02\x0b\x00", 3, "a field of a wire type that is not in use" },
        { "\x02\x00\x00", 3, "a field key that is not valid" },
        { "\x02\x5a\x05", 3, "a frame that is cut off" },
        { "\x02\x58\x05", 3, "a field of the wrong wire type" },
        { "\x02\x58\x80", 3, "a varint that does not end" },
        { "\x04\x5a\x00\x5a\x00", 5, "a field that is there twice" },
        { "\x04\x5a\x00\x62\x00", 5, "a frame with two bodies" },
        { "\x05\x5a\x03\x08\x01\x08", 6, "a varint that does not end" },
        { "\x06\x5a\x04\x08\x01\x08\x01", 7, "a field that is there twice" },
        { "\x03\x59\x00\x00", 4, "a frame that is cut off" },
    };
    assert_int_equal(LENGTH_OF(rows), 17);
    for (size_t i = 0; i < LENGTH_OF(rows); i++) {
        rig r = rig_new(NULL);
        crb_session_input(r.at->session, (const uint8_t *)rows[i].bytes, rows[i].len, WORLD_START);
        world_events(r.w);
        if (!r.at->closed || strcmp(r.at->why, rows[i].why) != 0) {
            fail_msg("row %zu: %s '%s'", i, r.at->closed ? "closed" : "open", r.at->why);
        }
        rig_free(&r);
    }
}

static void test_unknown_frames(void **state)
{
    (void)state;
    rig r = rig_new(NULL);
    /* 18, 17, 17 again, and a known frame with an unknown field beside it. */
    static const uint8_t message[] = { 3, 0x92, 0x01, 0, 3, 0x88, 0x01, 5, 3, 0x8a, 0x01, 0, 5, 0x5a, 0, 0x8a, 0x01, 0 };
    crb_session_input(r.at->session, message, sizeof message, WORLD_START);
    world_events(r.w);
    assert_false(r.at->closed);
    crb_buf out = CRB_BUF_INIT;
    assert_true(crb_session_pull(r.at->session, &out, WORLD_START));
    const crb_session_stats stats = crb_session_get_stats(r.at->session);
    assert_int_equal(stats.sent[CRB_FRAME_UNIMPLEMENTED], 2);
    assert_int_equal(stats.received[CRB_FRAME_PING], 1);
    assert_int_equal(stats.sent[CRB_FRAME_PING], 1);
    /* UNIMPLEMENTED itself changes nothing. */
    crb_session_input(r.w->sides[0].session, out.data, 0, WORLD_START);
    crb_buf_clear(&out);
    rig_send(&r, &(crb_frame) { .type = CRB_WIRE_UNIMPLEMENTED, .u.unimplemented = { 15 } });
    assert_false(r.at->closed);
    /* However many come, few wait. */
    for (uint32_t type = 100; type < 1000; type++) {
        const uint8_t one[] = { 3, (uint8_t)(type << 3 | 0x80), (uint8_t)(type >> 4), 0 };
        crb_session_input(r.at->session, one, sizeof one, WORLD_START);
    }
    assert_false(r.at->closed);
    assert_int_equal(r.at->session->n_unimplemented, CRB_MAX_UNIMPLEMENTED);
    static const uint8_t critical[] = { 5, 0x08, 1, 0x90, 0x01, 0 };
    crb_session_input(r.at->session, critical, sizeof critical, WORLD_START);
    world_events(r.w);
    assert_true(r.at->closed);
    assert_string_equal(r.at->why, "a critical frame of a type that is not known here");
    rig_free(&r);
}

static void test_beyond_the_windows(void **state)
{
    (void)state;
    crb_session_limits limits = CRB_SESSION_LIMITS_DEFAULT;
    limits.window_requests = 100000;
    rig r = rig_new(&limits);
    uint64_t used = r.at->session->rx[CRB_WIN_REQUESTS].used;
    uint64_t question = 3;
    while (!r.at->closed) {
        crb_frame call = frame_call(question++);
        call.u.call.flags = CRB_FLAG_ONEWAY;
        call.u.call.length = 1u << 20;
        call.u.call.args = (crb_wire_bytes) { some_bytes, 5000 };
        rig_send(&r, &call);
        used += 5000 + CRB_CALL_COST;
        assert_int_equal(r.at->closed, used > 100000);
    }
    assert_string_equal(r.at->why, "more bytes on the way than the window allows");
    rig_free(&r);
}

static void test_too_many_questions_of_the_peer(void **state)
{
    (void)state;
    crb_session_limits limits = CRB_SESSION_LIMITS_DEFAULT;
    limits.max_questions = 100;
    rig r = rig_new(&limits);
    uint64_t question = 3;
    while (!r.at->closed) {
        rig_send(&r, &(crb_frame) { .type = CRB_WIRE_BIND, .u.bind = { .question = question++, .id = "0", .interface = "" } });
    }
    assert_string_equal(r.at->why, "more questions at once than the limit");
    assert_int_equal(question, 102);
    rig_free(&r);
}

static void test_too_many_references_of_the_peer(void **state)
{
    (void)state;
    crb_session_limits limits = CRB_SESSION_LIMITS_DEFAULT;
    limits.max_references = 100;
    rig r = rig_new(&limits);
    static crb_wire_ref refs[101];
    for (size_t i = 0; i < LENGTH_OF(refs); i++) {
        refs[i] = (crb_wire_ref) { .tag = 1, .index = 1, .generation = 1, .interface = "" };
    }
    crb_frame call = frame_call(3);
    call.u.call.refs = refs;
    call.u.call.n_refs = 101;
    call.u.call.flags = CRB_FLAG_ONEWAY;
    rig_send(&r, &call);
    assert_true(r.at->closed);
    assert_string_equal(r.at->why, "too many references in one table");
    rig_free(&r);
}

static void test_refusals_that_are_no_violations(void **state)
{
    (void)state;
    crb_session_limits limits = CRB_SESSION_LIMITS_DEFAULT;
    limits.max_hops = 4;
    rig r = rig_new(&limits);
    crb_frame deep = frame_call(3);
    deep.u.call.hop = 5;
    rig_send(&r, &deep);
    assert_int_equal(r.at->events[CRB_EVENT_CALL], 1);
    /* A target that is not there, or was: the driver answers. */
    crb_frame gone = frame_call(4);
    static const uint8_t second[8] = { 2 };
    gone.u.call.index = 12345;
    gone.u.call.length = sizeof second;
    gone.u.call.args = (crb_wire_bytes) { second, sizeof second };
    rig_send(&r, &gone);
    assert_int_equal(r.at->n_pending, 2);
    assert_null(r.at->pending[1]->object);
    /* FINISH that crossed, GONE of what was given back, a second GOAWAY. */
    rig_send(&r, &(crb_frame) { .type = CRB_WIRE_FINISH, .u.finish = { 3, true } });
    rig_send(&r, &(crb_frame) { .type = CRB_WIRE_GONE, .u.gone = { 17, 3, "" } });
    rig_send(&r, &(crb_frame) { .type = CRB_WIRE_GOAWAY });
    rig_send(&r, &(crb_frame) { .type = CRB_WIRE_GOAWAY });
    assert_int_equal(r.at->events[CRB_EVENT_DRAINING], 1);
    assert_false(r.at->closed);
    rig_pull(&r);
    assert_int_equal(crb_session_get_stats(r.at->session).sent[CRB_FRAME_RETURN], 2);
    /* A oneway that the peer gives up in the middle. */
    crb_frame large = frame_call(5);
    large.u.call.flags = CRB_FLAG_ONEWAY;
    large.u.call.length = 100;
    rig_send(&r, &large);
    rig_send(&r, &(crb_frame)BODY(.question = 5, .data = { some_bytes, 50 }));
    rig_send(&r, &(crb_frame)BODY(.question = 5, .abandoned = true));
    assert_true(r.at->pending[2]->cancelled);
    assert_int_equal(r.at->events[CRB_EVENT_BODY], 0);
    /* An error that is none. */
    rig_send(&r, &(crb_frame)RETURN(.question = 1, .outcome = 2, .status = 0, .completion = 9, .message = "odd"));
    assert_int_equal(r.w->asked[2].status, CORBEL_FAILED);
    assert_int_equal(r.w->asked[2].completion, CORBEL_COMPLETED_MAYBE);
    assert_false(r.at->closed);
    rig_free(&r);
}

/** CALL and FINISH in one message, and the driver answers at once: it is not told of a cancel of what it has answered. */
static void test_cancel_behind_its_call(void **state)
{
    (void)state;
    rig r = rig_new(NULL);
    r.at->answers_itself = true;
    static const uint8_t args[8] = { 2 };
    crb_frame call = frame_call(3);
    call.u.call.length = sizeof args;
    call.u.call.args = (crb_wire_bytes) { args, sizeof args };
    crb_buf message = CRB_BUF_INIT;
    world_frame(&message, &call);
    call = (crb_frame) { .type = CRB_WIRE_FINISH, .u.finish = { 3, true } };
    world_frame(&message, &call);
    crb_session_input(r.at->session, message.data, message.len, WORLD_START);
    crb_buf_clear(&message);
    world_events(r.w);
    assert_int_equal(r.at->events[CRB_EVENT_CALL], 2);
    assert_int_equal(r.at->events[CRB_EVENT_CANCEL], 0);
    rig_free(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_violations),
        cmocka_unit_test(test_first_frame_is_hello),
        cmocka_unit_test(test_bad_hello),
        cmocka_unit_test(test_bytes_that_are_no_frames),
        cmocka_unit_test(test_unknown_frames),
        cmocka_unit_test(test_beyond_the_windows),
        cmocka_unit_test(test_too_many_questions_of_the_peer),
        cmocka_unit_test(test_too_many_references_of_the_peer),
        cmocka_unit_test(test_refusals_that_are_no_violations),
        cmocka_unit_test(test_cancel_behind_its_call),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
