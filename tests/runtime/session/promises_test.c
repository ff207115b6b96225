/* Promises in the session core: calls on what a call is still to return, before and after it is known, in virtual time. */
#include "tests/runtime/session/world.h"

#include "runtime/base/fail.h"

#include <string.h>

static const uint32_t first[] = { 1 };
static const uint32_t inner[] = { 2, 3 };

#define ON(of, ...)                                                                                                              \
    &(call_options)                                                                                                              \
    {                                                                                                                            \
        .promise = (of), .path = first, .n_path = 1, __VA_ARGS__                                                                 \
    }

/** Answers the oldest call with a reference to one of the side's objects, whose tag is its number and 1. */
static void give(side *at, int object)
{
    crb_ref_out ref = world_ref_object(at, object);
    const char bytes[] = { 0x08, (char)(object + 1) };
    world_return_bytes(at, world_next(at), bytes, sizeof bytes, &ref, 1);
}

static world *open_world(crb_import **ret, uint32_t delay_ms)
{
    crb_script script = CRB_SCRIPT_INIT;
    script.delay_us[0] = script.delay_us[1] = delay_ms * 1000;
    world *const w = world_new(NULL, NULL, &script);
    *ret = world_open_and_bind(w);
    world_run(w, 1000);
    return w;
}

static void check_over(world *w)
{
    for (size_t i = 0; i < w->n_asked; i++) {
        if (w->asked[i].question != NULL) {
            world_finish(&w->asked[i], false);
        }
    }
    world_release_all(&w->sides[0]);
    world_release_all(&w->sides[1]);
    world_run(w, 1000);
    world_check_counts(w);
    world_check_tables_empty(w);
    world_check_and_free(w);
}

/* ---- paths ---- */

typedef struct path_row {
    const char *name;
    const char *bytes;
    size_t len;
    uint32_t path[3];
    size_t n;
    uint64_t tag;
} path_row;

static const path_row paths[] = {
    { "field 1", "\x08\x05", 2, { 1 }, 1, 5 },
    { "nothing", "", 0, { 1 }, 1, 0 },
    { "another field", "\x08\x05", 2, { 2 }, 1, 0 },
    { "no path", "\x08\x05", 2, { 0 }, 0, 0 },
    { "behind others", "\x0A\x01x\x11\x01\x02\x03\x04\x05\x06\x07\x08\x1D\x01\x02\x03\x04\x20\x09", 19, { 4 }, 1, 9 },
    { "the last of two", "\x08\x05\x08\x06", 4, { 1 }, 1, 6 },
    { "inside", "\x12\x02\x18\x07", 4, { 2, 3 }, 2, 7 },
    { "two inside", "\x12\x04\x1A\x02\x08\x07", 6, { 2, 3, 1 }, 3, 7 },
    { "inside what is not there", "\x08\x07", 2, { 2, 3 }, 2, 0 },
    { "inside a number", "\x10\x07", 2, { 2, 3 }, 2, 0 },
    { "a number that is a message", "\x12\x02\x18\x07", 4, { 2 }, 1, 0 },
    { "a large tag", "\x08\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x01", 11, { 1 }, 1, UINT64_MAX },
    { "a varint that does not end", "\x08\xFF", 2, { 1 }, 1, 0 },
    { "a message that is cut off", "\x12\x05\x18\x07", 4, { 2, 3 }, 2, 0 },
    { "a group", "\x0B\x08\x07\x0C", 4, { 1 }, 1, 0 },
    { "a key that is cut off", "\x80", 1, { 1 }, 1, 0 },
    { "garbage behind it", "\x08\x05\x12\xFF", 4, { 1 }, 1, 0 },
};

static void test_paths(void **state)
{
    (void)state;
    assert_int_equal(LENGTH_OF(paths), 17);
    for (size_t i = 0; i < LENGTH_OF(paths); i++) {
        const path_row *const row = &paths[i];
        const uint64_t tag = crb_path_follow((const uint8_t *)row->bytes, row->len, row->path, row->n);
        if (tag != row->tag) {
            fail_msg("%s: %llu", row->name, (unsigned long long)tag);
        }
    }
}

/* ---- calls on promises ---- */

static void test_calls_wait_for_the_result(void **state)
{
    (void)state;
    crb_import *object = NULL;
    world *const w = open_world(&object, 1);
    side *const client = &w->sides[0], *const server = &w->sides[1];
    asked *const open = world_call(client, &(call_options) { .target = object, .promised = true }, NULL);
    asked *const second = world_call(client, ON(open, .lane = 1), NULL);
    asked *const third = world_call(client, ON(open, .lane = 1), NULL);
    asked *const oneway = world_call(client, ON(open, .lane = 1, .oneway = true), NULL);
    world_run(w, 20);
    assert_int_equal(server->n_pending, 1);
    give(server, 5);
    world_events(w);
    /* Before RETURN has left they stand in line. */
    assert_int_equal(server->n_pending, 3);
    assert_false(open->done);
    assert_ptr_equal(server->pending[0]->asked, second);
    assert_ptr_equal(server->pending[1]->asked, third);
    assert_ptr_equal(server->pending[2]->asked, oneway);
    for (size_t i = 0; i < 3; i++) {
        assert_ptr_equal(server->pending[i]->object, &server->objects[5]);
    }
    world_run(w, 20);
    assert_true(open->done);
    /* A call on the promise and one on what it became go to the same object, in their order. */
    asked *const later = world_call(client, ON(open, .lane = 1), NULL);
    asked *const direct = world_call(client, &(call_options) { .target = open->ref, .lane = 1 }, NULL);
    world_run(w, 20);
    assert_ptr_equal(server->pending[3]->asked, later);
    assert_ptr_equal(server->pending[4]->asked, direct);
    assert_ptr_equal(server->pending[4]->object, &server->objects[5]);
    world_done(server, server->pending[2]);
    while (server->n_pending > 0) {
        world_return(server, world_next(server), 8, NULL, 0);
    }
    world_run(w, 20);
    assert_true(second->done && third->done && later->done && direct->done);
    world_check_lanes(w);
    check_over(w);
}

/** The promise holds the object until it is finished, also when the reference has been given back. */
static void test_a_promise_holds(void **state)
{
    (void)state;
    crb_import *object = NULL;
    world *const w = open_world(&object, 1);
    side *const client = &w->sides[0], *const server = &w->sides[1];
    asked *const open = world_call(client, &(call_options) { .target = object, .promised = true }, NULL);
    world_run(w, 20);
    give(server, 5);
    world_run(w, 20);
    world_release(client, open->ref);
    world_run(w, 20);
    assert_int_equal(server->objects[5].holds, 1);
    asked *const call = world_call(client, ON(open, 0), NULL);
    world_finish(open, false); /* behind the call */
    world_run(w, 20);
    assert_int_equal(server->n_pending, 1);
    assert_ptr_equal(world_next(server)->object, &server->objects[5]);
    assert_int_equal(crb_session_get_stats(client->session).sent[CRB_FRAME_FINISH], 2); /* and of the bind */
    assert_int_equal(server->objects[5].holds, 0);
    world_return(server, world_next(server), 8, NULL, 0);
    world_run(w, 20);
    assert_true(call->done);
    check_over(w);
}

/** CALL, a call on it and FINISH in one message: the second call gets its object all the same. */
static void test_finish_at_once(void **state)
{
    (void)state;
    for (int when = 0; when < 3; when++) {
        crb_import *object = NULL;
        world *const w = open_world(&object, 1);
        side *const client = &w->sides[0], *const server = &w->sides[1];
        asked *const open = world_call(client, &(call_options) { .target = object, .promised = true }, NULL);
        asked *const call = world_call(client, ON(open, 0), NULL);
        if (when == 0) {
            world_finish(open, false);
        }
        world_run(w, 20);
        if (when == 1) {
            world_finish(open, false);
            world_run(w, 20);
        }
        give(server, 5);
        if (when == 2) {
            world_finish(open, false); /* it crosses RETURN */
        }
        world_run(w, 20);
        assert_true(open->done);
        assert_int_equal(open->outcome, CRB_OUTCOME_RESULT);
        assert_int_equal(server->n_pending, 1);
        assert_ptr_equal(world_next(server)->object, &server->objects[5]);
        world_return(server, world_next(server), 8, NULL, 0);
        world_run(w, 20);
        assert_true(call->done);
        world_release(client, open->ref);
        world_run(w, 20);
        assert_int_equal(server->objects[5].holds, 0);
        check_over(w);
    }
}

static void test_a_promise_that_nobody_used(void **state)
{
    (void)state;
    for (int cancel = 0; cancel < 2; cancel++) {
        crb_import *object = NULL;
        world *const w = open_world(&object, 1);
        side *const client = &w->sides[0], *const server = &w->sides[1];
        asked *const open = world_call(client, &(call_options) { .target = object, .promised = true }, NULL);
        world_run(w, 20);
        world_finish(open, cancel == 1);
        world_run(w, 20);
        assert_int_equal(world_next(server)->cancelled, cancel);
        give(server, 5);
        world_run(w, 20);
        assert_true(open->done);
        world_release_all(client);
        world_run(w, 20);
        assert_int_equal(server->objects[5].holds, 0);
        check_over(w);
    }
}

/** The result is an object of the caller's own: calls on the promise come to who made it, as calls on the caller's object. */
static void test_the_callers_own_object(void **state)
{
    (void)state;
    crb_import *object = NULL;
    world *const w = open_world(&object, 1);
    side *const client = &w->sides[0], *const server = &w->sides[1];
    crb_ref_out mine = world_ref_object(client, 7);
    asked *const open =
        world_call(client, &(call_options) { .target = object, .promised = true, .refs = &mine, .n_refs = 1 }, NULL);
    asked *const early = world_call(client, ON(open, 0), NULL);
    world_run(w, 20);
    pending *const p = world_next(server);
    crb_import *const theirs = p->ref;
    assert_non_null(theirs);
    crb_ref_out back = world_ref_import(theirs);
    const char bytes[] = { 0x08, (char)back.tag };
    assert_true(back.tag < 128);
    world_return_bytes(server, p, bytes, sizeof bytes, &back, 1);
    world_events(w);
    world_run(w, 20);
    assert_ptr_equal(open->own, &client->objects[7]);
    assert_ptr_equal(world_next(server)->peers_own, theirs);
    assert_null(world_next(server)->object);
    world_return(server, world_next(server), 8, NULL, 0);
    /* The server gives up all it has: the promise holds the object alone. */
    world_release_all(server);
    world_run(w, 20);
    assert_true(early->done);
    assert_int_equal(client->objects[7].holds, 1);
    asked *const late = world_call(client, ON(open, 0), NULL);
    world_run(w, 20);
    assert_non_null(world_next(server)->peers_own);
    world_return(server, world_next(server), 8, NULL, 0);
    world_release_all(server);
    world_finish(open, false);
    world_run(w, 20);
    assert_true(late->done);
    assert_int_equal(client->objects[7].holds, 0);
    check_over(w);
}

/** A reference inside a struct of the result. */
static void test_a_path_inside(void **state)
{
    (void)state;
    crb_import *object = NULL;
    world *const w = open_world(&object, 1);
    side *const client = &w->sides[0], *const server = &w->sides[1];
    asked *const open = world_call(client, &(call_options) { .target = object, .promised = true }, NULL);
    asked *const call = world_call(client, &(call_options) { .promise = open, .path = inner, .n_path = 2 }, NULL);
    world_run(w, 20);
    crb_ref_out refs[] = { world_ref_object(server, 3), world_ref_object(server, 4) };
    world_return_bytes(server, world_next(server), "\x08\x04\x12\x02\x18\x05", 6, refs, 2);
    world_run(w, 20);
    assert_ptr_equal(world_next(server)->object, &server->objects[4]);
    world_return(server, world_next(server), 8, NULL, 0);
    world_run(w, 20);
    assert_true(call->done);
    check_over(w);
}

/* ---- a chain ---- */

static uint64_t chain(bool promised, int n)
{
    crb_import *object = NULL;
    world *const w = open_world(&object, 50);
    side *const client = &w->sides[0], *const server = &w->sides[1];
    const uint64_t begin = world_now(w);
    asked *last = NULL;
    int made = 0, given = 0;
    while (given < n || !last->done) {
        while (made < n && (made == 0 || promised || last->done)) {
            crb_import *const target = made == 0 ? object : promised ? NULL : last->ref;
            const call_options options = { .target = target,
                                           .promise = target == NULL ? last : NULL,
                                           .path = first,
                                           .n_path = target == NULL ? 1 : 0,
                                           .promised = promised };
            last = world_call(client, &options, NULL);
            made++;
        }
        while (server->n_pending > 0) {
            assert_ptr_equal(world_next(server)->object, &server->objects[given]);
            give(server, ++given);
            world_events(w);
        }
        assert_true(world_now(w) < begin + 10 * SECOND);
        crb_scripted_step(w->pipe, world_now(w) + SECOND);
        world_events(w);
    }
    const uint64_t took = world_now(w) - begin;
    check_over(w);
    return took;
}

static void test_a_chain_in_one_round_trip(void **state)
{
    (void)state;
    const uint64_t round_trip = 100 * MS;
    const uint64_t with = chain(true, 16), without = chain(false, 16);
    printf("a chain of 16 objects, 50 ms each way: %.2f round trips with promises, %.2f without\n",
           (double)with / (double)round_trip, (double)without / (double)round_trip);
    assert_true(with <= round_trip * 13 / 10);
    assert_true(without >= 16 * round_trip && without <= 17 * round_trip);
}

static void test_depth(void **state)
{
    (void)state;
    crb_import *object = NULL;
    world *const w = open_world(&object, 1);
    side *const client = &w->sides[0], *const server = &w->sides[1];
    asked *calls[66];
    calls[0] = world_call(client, &(call_options) { .target = object, .promised = true }, NULL);
    for (size_t i = 1; i < LENGTH_OF(calls); i++) {
        calls[i] = world_call(client, ON(calls[i - 1], .promised = true), NULL);
    }
    world_run(w, 20);
    assert_false(calls[64]->done);
    assert_true(calls[65]->done);
    assert_int_equal(calls[65]->status, CORBEL_TOO_DEEP);
    assert_int_equal(calls[65]->completion, CORBEL_COMPLETED_NO);
    for (size_t i = 0; i < 65; i++) {
        give(server, (int)i + 1);
        world_run(w, 20);
        assert_true(calls[i]->done);
    }
    check_over(w);
}

/* ---- failures ---- */

static void assert_failed(const asked *a, corbel_status status, const char *message)
{
    assert_true(a->done);
    assert_int_equal(a->outcome, CRB_OUTCOME_ERROR);
    assert_string_equal(a->message, message);
    assert_int_equal(a->status, status);
    assert_int_equal(a->completion, CORBEL_COMPLETED_NO);
}

static void test_each_step_fails(void **state)
{
    (void)state;
    for (int how = 0; how < 4; how++) {
        for (int step = 0; step < 3; step++) {
            crb_import *object = NULL;
            world *const w = open_world(&object, 1);
            side *const client = &w->sides[0], *const server = &w->sides[1];
            static const char *const names[] = { "open", "find", "look", "read" };
            asked *calls[4];
            calls[0] = world_call(client, &(call_options) { .target = object, .promised = true, .operation = names[0] }, NULL);
            for (int i = 1; i < 4; i++) {
                calls[i] = world_call(client, ON(calls[i - 1], .promised = true, .operation = names[i]), NULL);
            }
            world_run(w, 20);
            for (int i = 0; i < step; i++) {
                give(server, i + 1);
                world_run(w, 20);
            }
            pending *const p = world_next(server);
            corbel_status status = CORBEL_NIL_REFERENCE;
            const char *why = "it gave no reference";
            if (how == 0) {
                status = CORBEL_FAILED;
                why = "no such thing";
                world_enter(server, p);
                world_return_error(server, p, status, CORBEL_COMPLETED_YES, why);
            } else if (how == 1) {
                status = CORBEL_UNDECLARED;
                why = "it raised bank::NoSuchAccount";
                world_raise(server, p, "bank::NoSuchAccount", 8);
            } else if (how == 2) {
                world_return_bytes(server, p, "", 0, NULL, 0);
            } else {
                crb_ref_out ref = world_ref_object(server, 9);
                world_return_bytes(server, p, "\x08\x63", 2, &ref, 1); /* a tag that is not in the table */
            }
            world_run(w, 20);
            char message[128];
            snprintf(message, sizeof message, "%s of test::Object failed: %s", names[step], why);
            assert_int_equal(server->n_pending, 0);
            for (int i = step + 1; i < 4; i++) {
                assert_failed(calls[i], status, message);
            }
            check_over(w);
        }
    }
}

static void test_cancel_and_deadline_while_waiting(void **state)
{
    (void)state;
    crb_import *object = NULL;
    world *const w = open_world(&object, 1);
    side *const client = &w->sides[0], *const server = &w->sides[1];
    asked *const open = world_call(client, &(call_options) { .target = object, .promised = true }, NULL);
    asked *const cancelled = world_call(client, ON(open, 0), NULL);
    asked *const late = world_call(client, ON(open, .deadline_ms = 30, .promised = true), NULL);
    asked *const on_late = world_call(client, ON(late, 0), NULL);
    world_run(w, 10);
    world_finish(cancelled, true);
    world_run(w, 100);
    assert_int_equal(cancelled->status, CORBEL_CANCELLED);
    assert_int_equal(late->status, CORBEL_DEADLINE);
    assert_failed(on_late, CORBEL_CANCELLED, "op of test::Object failed: cancelled"); /* what the caller said of it */
    assert_int_equal(server->n_pending, 1);
    give(server, 5);
    world_run(w, 20);
    assert_int_equal(server->n_pending, 0); /* none of them enters any more */
    check_over(w);
}

/** The first call never leaves: neither does what is called on it. */
static void test_a_promise_that_never_left(void **state)
{
    (void)state;
    crb_script script = CRB_SCRIPT_INIT;
    script.capacity = 64;
    world *const w = world_new(NULL, NULL, &script);
    crb_import *const object = world_open_and_bind(w);
    side *const client = &w->sides[0];
    crb_scripted_stall(w->pipe, 0, true);
    world_call(client, &(call_options) { .target = object, .args = 2000, .oneway = true }, NULL);
    world_run(w, 1);
    asked *const open = world_call(client, &(call_options) { .target = object, .promised = true, .deadline_ms = 20 }, NULL);
    asked *const call = world_call(client, ON(open, 0), NULL);
    crb_ref_out promised = { .tag = 1, .interface = "test::Object", .promise = open->question, .path = first, .n_path = 1 };
    asked *const passed = world_call(client, &(call_options) { .target = object, .refs = &promised, .n_refs = 1 }, NULL);
    world_run(w, 50);
    assert_int_equal(open->status, CORBEL_DEADLINE);
    assert_int_equal(open->completion, CORBEL_COMPLETED_NO);
    crb_scripted_stall(w->pipe, 0, false);
    world_run(w, 50);
    assert_failed(call, CORBEL_DEADLINE, "op of test::Object failed: the deadline passed");
    assert_failed(passed, CORBEL_DEADLINE, "op of test::Object failed: the deadline passed");
    world_done(&w->sides[1], world_next(&w->sides[1]));
    check_over(w);
}

static void test_the_session_ends(void **state)
{
    (void)state;
    for (int how = 0; how < 3; how++) {
        crb_import *object = NULL;
        world *const w = open_world(&object, 1);
        side *const client = &w->sides[0];
        asked *const open = world_call(client, &(call_options) { .target = object, .promised = true }, NULL);
        asked *const call = world_call(client, ON(open, .promised = true), NULL);
        crb_ref_out promised = { .tag = 1, .interface = "test::Object", .promise = call->question, .path = first, .n_path = 1 };
        world_call(client, &(call_options) { .target = object, .refs = &promised, .n_refs = 1 }, NULL);
        world_run(w, how == 0 ? 0 : 20);
        if (how == 2) {
            give(&w->sides[1], 5);
        }
        crb_scripted_cut(w->pipe, "cut");
        world_run(w, 20);
        assert_true(open->done && call->done);
        assert_int_equal(call->status, CORBEL_GONE);
        world_check_and_free(w);
    }
}

/* ---- promises as arguments ---- */

static void test_a_promise_is_passed(void **state)
{
    (void)state;
    crb_import *object = NULL;
    world *const w = open_world(&object, 1);
    side *const client = &w->sides[0], *const server = &w->sides[1];
    asked *const open = world_call(client, &(call_options) { .target = object, .promised = true }, NULL);
    crb_ref_out refs[] = {
        { .tag = 1, .interface = "test::Object", .promise = open->question, .path = first, .n_path = 1 },
        world_ref_object(client, 2),
    };
    asked *const passed = world_call(client, &(call_options) { .target = object, .lane = 1, .refs = refs, .n_refs = 2 }, NULL);
    asked *const behind = world_call(client, &(call_options) { .target = object, .lane = 1 }, NULL);
    world_run(w, 20);
    /* It has its place in its lane, before the call behind it, but is not complete. */
    assert_int_equal(server->n_pending, 3);
    pending *const p = server->pending[1];
    assert_false(p->complete);
    assert_ptr_equal(server->pending[2]->asked, behind);
    give(server, 5);
    world_events(w);
    assert_true(p->complete);
    assert_ptr_equal(p->own, &server->objects[5]);
    assert_int_equal(server->n_imports, 1); /* the other one */
    /* Known already: it comes at once. */
    world_run(w, 20);
    refs[0].tag = 2;
    refs[1] = world_ref_object(client, 3);
    asked *const again = world_call(client, &(call_options) { .target = object, .lane = 1, .refs = refs, .n_refs = 2 }, NULL);
    world_run(w, 20);
    assert_true(server->pending[2]->complete);
    assert_ptr_equal(server->pending[2]->own, &server->objects[5]);
    while (server->n_pending > 0) {
        world_return(server, world_next(server), 8, NULL, 0);
    }
    world_run(w, 20);
    assert_true(passed->done && behind->done && again->done);
    check_over(w);
}

/** In a large body whose pieces and promise come in either order; and on a target that is promised, too. */
static void test_a_promise_in_a_large_call(void **state)
{
    (void)state;
    for (int early = 0; early < 2; early++) {
        crb_import *object = NULL;
        world *const w = open_world(&object, 1);
        side *const client = &w->sides[0], *const server = &w->sides[1];
        asked *const open = world_call(client, &(call_options) { .target = object, .promised = true }, NULL);
        asked *const other = world_call(client, &(call_options) { .target = object, .promised = true }, NULL);
        crb_ref_out ref = { .tag = 1, .interface = "test::Object", .promise = open->question, .path = first, .n_path = 1 };
        asked *const call = world_call(client, ON(other, .args = 600 << 10, .refs = &ref, .n_refs = 1), NULL);
        world_run(w, early == 1 ? 2 : 100);
        pending *const others = server->pending[1];
        give(server, 5); /* open */
        world_run(w, 20);
        assert_int_equal(server->n_pending, 1);
        assert_ptr_equal(world_next(server), others);
        give(server, 6);
        world_run(w, 100);
        assert_int_equal(server->n_pending, 1);
        assert_true(world_next(server)->complete);
        assert_ptr_equal(world_next(server)->object, &server->objects[6]);
        assert_ptr_equal(world_next(server)->own, &server->objects[5]);
        world_return(server, world_next(server), 8, NULL, 0);
        world_run(w, 20);
        assert_true(call->done);
        check_over(w);
    }
}

static void test_a_promise_that_is_passed_fails(void **state)
{
    (void)state;
    crb_import *object = NULL;
    world *const w = open_world(&object, 1);
    side *const client = &w->sides[0], *const server = &w->sides[1];
    asked *const open = world_call(client, &(call_options) { .target = object, .promised = true, .operation = "open" }, NULL);
    crb_ref_out ref = { .tag = 1, .interface = "test::Object", .promise = open->question, .path = first, .n_path = 1 };
    asked *const passed =
        world_call(client, &(call_options) { .target = object, .promised = true, .refs = &ref, .n_refs = 1 }, NULL);
    asked *const oneway =
        world_call(client, &(call_options) { .target = object, .oneway = true, .refs = &ref, .n_refs = 1 }, NULL);
    asked *const on_passed = world_call(client, ON(passed, 0), NULL);
    world_run(w, 20);
    assert_int_equal(server->n_pending, 3);
    world_enter(server, world_next(server));
    world_return_error(server, world_next(server), CORBEL_FAILED, CORBEL_COMPLETED_YES, "no");
    world_run(w, 20);
    assert_failed(passed, CORBEL_FAILED, "open of test::Object failed: no");
    assert_failed(on_passed, CORBEL_FAILED, "open of test::Object failed: no");
    assert_false(oneway->entered);
    corbel_status status = CORBEL_OK;
    assert_null(world_call(client, ON(open, 0), &status));
    assert_int_equal(status, CORBEL_FAILED);
    check_over(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_paths),
        cmocka_unit_test(test_calls_wait_for_the_result),
        cmocka_unit_test(test_a_promise_holds),
        cmocka_unit_test(test_finish_at_once),
        cmocka_unit_test(test_a_promise_that_nobody_used),
        cmocka_unit_test(test_the_callers_own_object),
        cmocka_unit_test(test_a_path_inside),
        cmocka_unit_test(test_a_chain_in_one_round_trip),
        cmocka_unit_test(test_depth),
        cmocka_unit_test(test_each_step_fails),
        cmocka_unit_test(test_cancel_and_deadline_while_waiting),
        cmocka_unit_test(test_a_promise_that_never_left),
        cmocka_unit_test(test_the_session_ends),
        cmocka_unit_test(test_a_promise_is_passed),
        cmocka_unit_test(test_a_promise_in_a_large_call),
        cmocka_unit_test(test_a_promise_that_is_passed_fails),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
