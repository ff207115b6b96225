/* Streams in the session core, in virtual time: credit, order, ends from either side, references, and peers that break the rules.
 */
#include "tests/runtime/session/world.h"

#include <stdlib.h>
#include <string.h>

enum { DELAY_MS = 50 };

/** What the two ends of one call with both streams see. */
typedef struct ends {
    world *w;
    crb_stream *written, *read; /* by the servant: its result, its argument */
    crb_stream *asked_written, *asked_read;
    bool reads;                 /* items are used up as they come */
    uint64_t bytes[2], refs[2]; /* that came to each side */
    bool ended[2];
    size_t room[2];
    uint64_t returned_after; /* bytes that had come when the RETURN did */
} ends;

static void ends_event(side *at, crb_event *event)
{
    ends *const e = at->stream_user;
    if (event->kind == CRB_EVENT_CALL) {
        e->read = event->stream_in;
        e->written = event->stream_out;
    } else if (event->kind == CRB_EVENT_ITEMS) {
        e->bytes[at->index] += event->items.len;
        e->refs[at->index] += event->n_refs;
        e->ended[at->index] = e->ended[at->index] || event->end;
        if (e->reads) {
            crb_session_stream_taken(at->session, event->stream,
                                     event->items.len + CRB_STREAM_REF_COST * (uint64_t)event->n_refs);
        }
    } else {
        e->room[at->index]++;
    }
}

static asked *ends_open(ends *e, const crb_script *script, const crb_session_limits *limits, bool in, bool out)
{
    *e = (ends) { .w = world_new(limits, limits, script) };
    assert_non_null(e->w);
    for (int i = 0; i < 2; i++) {
        e->w->sides[i].stream = ends_event;
        e->w->sides[i].stream_user = e;
    }
    crb_import *const target = world_open_and_bind(e->w);
    e->w->sides[1].answers_binds = true;
    asked *const a =
        world_call(&e->w->sides[0], &(call_options) { .target = target, .args = 8, .stream_in = in, .stream_out = out }, NULL);
    world_run(e->w, 10 * DELAY_MS);
    assert_non_null(world_next(&e->w->sides[1]));
    world_enter(&e->w->sides[1], world_next(&e->w->sides[1]));
    e->asked_written = crb_question_stream_in(a->question);
    e->asked_read = crb_question_stream_out(a->question);
    return a;
}

static void ends_close(ends *e)
{
    world_run(e->w, 20 * DELAY_MS);
    world_release_all(&e->w->sides[0]);
    world_release_all(&e->w->sides[1]);
    world_run(e->w, 20 * DELAY_MS);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(e->w->sides[i].session->n_streams, 0);
        assert_int_equal(e->w->sides[i].session->items_queued, 0);
        assert_int_equal(e->w->sides[i].session->n_returns_waiting, 0);
    }
    world_free(e->w);
}

static const uint8_t some[300000];

/** Puts as long as there is room. Returns the bytes put. */
static uint64_t put_all(side *at, crb_stream *stream, size_t len, uint64_t most)
{
    uint64_t put = 0;
    while (put < most && crb_session_stream_has_room(at->session, stream) && !crb_session_stream_is_closed(stream)) {
        assert_int_equal(crb_session_stream_put(at->session, stream, some, len, NULL, 0), CORBEL_OK);
        put += len;
    }
    return put;
}

static void test_credit_bounds_both_sides(void **state)
{
    (void)state;
    for (int way = 0; way < 2; way++) {
        ends e;
        crb_session_limits limits = CRB_SESSION_LIMITS_DEFAULT;
        limits.window_stream = 20000;
        ends_open(&e, NULL, &limits, true, true);
        side *const from = &e.w->sides[way];
        const int to = 1 - way;
        crb_stream *const stream = way == 0 ? e.asked_written : e.written;
        uint64_t put = 0;
        for (int i = 0; i < 10; i++) { /* nobody reads */
            put += put_all(from, stream, 1000, UINT64_MAX);
            world_run(e.w, 100);
        }
        assert_int_equal(e.bytes[to], 20000);
        assert_true(put <= 20000 + CRB_STREAM_ROOM + 1000);
        const size_t room = e.room[way];
        e.reads = true;
        crb_stream *const reader = way == 0 ? e.read : e.asked_read;
        crb_session_stream_taken(e.w->sides[to].session, reader, 20000);
        world_run(e.w, 100);
        assert_true(e.room[way] > room);
        assert_int_equal(e.bytes[to], put); /* all that waited */
        for (int i = 0; i < 100; i++) {
            put += put_all(from, stream, 1000, UINT64_MAX);
            world_run(e.w, 10);
        }
        assert_int_equal(e.bytes[to], put);
        assert_true(put > 1000000);
        world_return(&e.w->sides[1], world_next(&e.w->sides[1]), 8, NULL, 0);
        ends_close(&e);
    }
}

static void test_the_return_follows_the_items(void **state)
{
    (void)state;
    for (int error = 0; error < 2; error++) {
        ends e;
        crb_session_limits limits = CRB_SESSION_LIMITS_DEFAULT;
        limits.window_stream = 5000;
        asked *const a = ends_open(&e, NULL, &limits, false, true);
        side *const servant = &e.w->sides[1];
        assert_int_equal(crb_session_stream_put(servant->session, e.written, some, 30000, NULL, 0), CORBEL_OK);
        if (error == 1) {
            world_return_error(servant, world_next(servant), CORBEL_FAILED, CORBEL_COMPLETED_YES, "in mid-stream");
        } else {
            world_return(servant, world_next(servant), 8, NULL, 0);
        }
        world_run(e.w, 1000);
        assert_false(a->done); /* it waits for credit with the items before it */
        assert_int_equal(e.bytes[0], 5000);
        e.reads = true;
        crb_session_stream_taken(e.w->sides[0].session, e.asked_read, 5000);
        world_run(e.w, 1000);
        assert_true(a->done);
        assert_int_equal(e.bytes[0], 30000);
        assert_int_equal(a->status, error == 1 ? CORBEL_FAILED : CORBEL_OK);
        ends_close(&e);
    }
}

/** Within a round trip of the reader's word the writer is free. */
static void test_enough_frees_the_writer(void **state)
{
    (void)state;
    for (int how = 0; how < 3; how++) {
        ends e;
        crb_script script = CRB_SCRIPT_INIT;
        script.delay_us[0] = DELAY_MS * 1000;
        script.delay_us[1] = DELAY_MS * 1000;
        crb_session_limits limits = CRB_SESSION_LIMITS_DEFAULT;
        limits.window_stream = 5000;
        asked *const a = ends_open(&e, &script, &limits, false, true);
        side *const servant = &e.w->sides[1];
        (void)put_all(servant, e.written, 1000, UINT64_MAX);
        world_run(e.w, 1000);
        (void)put_all(servant, e.written, 1000, UINT64_MAX);
        world_run(e.w, 1000);
        assert_false(crb_session_stream_has_room(servant->session, e.written));
        const size_t room = e.room[1];
        if (how == 0) {
            crb_session_stream_enough(e.w->sides[0].session, e.asked_read);
        } else if (how == 1) {
            world_finish(a, true);
        } else {
            crb_session_lost(servant->session, "cut", world_now(e.w));
        }
        world_run(e.w, DELAY_MS + 1);
        assert_true(e.room[1] > room);
        assert_true(crb_session_stream_is_closed(e.written));
        assert_int_equal(crb_session_stream_put(servant->session, e.written, some, 10, NULL, 0),
                         how == 2 ? CORBEL_GONE : CORBEL_CANCELLED);
        world_return(servant, world_next(servant), 8, NULL, 0);
        ends_close(&e);
    }
}

/** Whoever waits for an item is told one way after the other side has given up or ended, and not before. */
static void test_who_waits_is_told_at_once(void **state)
{
    (void)state;
    for (int how = 0; how < 4; how++) {
        ends e;
        crb_script script = CRB_SCRIPT_INIT;
        script.delay_us[0] = DELAY_MS * 1000;
        script.delay_us[1] = DELAY_MS * 1000;
        asked *const a = ends_open(&e, &script, NULL, true, true);
        side *const servant = &e.w->sides[1];
        const int waits = how < 2 ? 1 : 0;
        if (how == 0) {
            world_finish(a, true);
        } else if (how == 1) {
            crb_session_stream_end(e.w->sides[0].session, e.asked_written);
        } else if (how == 2) {
            crb_session_stream_end(servant->session, e.written);
        } else {
            world_return_error(servant, world_next(servant), CORBEL_FAILED, CORBEL_COMPLETED_YES, "it failed");
        }
        world_run(e.w, DELAY_MS - 1);
        assert_false(e.ended[waits]);
        assert_true(how < 2 || !a->done);
        world_run(e.w, 2);
        assert_true(how == 3 ? a->done : e.ended[waits]);
        assert_true(how != 0 || world_next(servant)->cancelled);
        if (how != 3) {
            world_return(servant, world_next(servant), 8, NULL, 0);
        }
        ends_close(&e);
    }
}

typedef enum move { MOVE_NOTHING, MOVE_PUT, MOVE_END, MOVE_ENOUGH, MOVE_OVER, MOVE_FAILS, MOVES } move;

/** What one side does; the last two are a cancelling for the asker, a RETURN for the servant. */
static void race_move(ends *e, asked *a, bool asks, move what)
{
    side *const at = &e->w->sides[asks ? 0 : 1];
    crb_stream *const written = asks ? e->asked_written : e->written, *const read = asks ? e->asked_read : e->read;
    if (what == MOVE_PUT) {
        (void)put_all(at, written, 1000, 8000);
    } else if (what == MOVE_END) {
        crb_session_stream_end(at->session, written);
    } else if (what == MOVE_ENOUGH) {
        crb_session_stream_enough(at->session, read);
    } else if (what >= MOVE_OVER && asks) {
        world_finish(a, true);
    } else if (what == MOVE_OVER) {
        world_return(at, world_next(at), 8, NULL, 0);
    } else if (what == MOVE_FAILS) {
        world_return_error(at, world_next(at), CORBEL_FAILED, CORBEL_COMPLETED_YES, "it failed");
    }
}

/** Ends from both sides that cross on the way, items under way with them: the call completes once, nothing is left of either. */
static void test_ends_that_cross(void **state)
{
    size_t races = 0;
    (void)state;
    for (int asker = 0; asker < MOVES; asker++) {
        for (int servant = 0; servant < MOVES; servant++) {
            for (int before = 0; before < 4; before++) { /* what is under way when they do */
                ends e;
                crb_script script = CRB_SCRIPT_INIT;
                script.delay_us[0] = DELAY_MS * 1000;
                script.delay_us[1] = (before % 2 == 0 ? DELAY_MS : DELAY_MS / 3) * 1000;
                crb_session_limits limits = CRB_SESSION_LIMITS_DEFAULT;
                limits.window_stream = 5000;
                asked *const a = ends_open(&e, &script, &limits, true, true);
                e.reads = before >= 2;
                (void)put_all(&e.w->sides[0], e.asked_written, 1000, 9000);
                (void)put_all(&e.w->sides[1], e.written, 1000, 9000);
                world_run(e.w, before % 2 == 0 ? 1 : DELAY_MS / 2);
                race_move(&e, a, true, (move)asker);
                race_move(&e, a, false, (move)servant);
                world_run(e.w, 10 * DELAY_MS);
                e.reads = true;
                pending *const left = world_next(&e.w->sides[1]);
                if (left != NULL && !a->done) {
                    world_finish(a, true);
                    world_run(e.w, 4 * DELAY_MS);
                }
                if (left != NULL) {
                    world_return(&e.w->sides[1], left, 8, NULL, 0);
                } else if (!a->done) { /* the result waits for its items to be read */
                    assert_true(before < 2);
                    world_finish(a, true);
                }
                world_run(e.w, 4 * DELAY_MS);
                assert_true(a->done);
                ends_close(&e);
                races++;
            }
        }
    }
    assert_int_equal(races, MOVES * MOVES * 4);
}

/** References in items: those that nobody reads are given back; an import that goes back in an item is held until it has gone. */
static void test_references(void **state)
{
    (void)state;
    for (int taken = 0; taken < 2; taken++) {
        ends e;
        crb_session_limits limits = CRB_SESSION_LIMITS_DEFAULT;
        limits.window_stream = 4000;
        asked *const a = ends_open(&e, NULL, &limits, true, true);
        side *const servant = &e.w->sides[1];
        for (int i = 0; i < 100; i++) {
            crb_ref_out ref = world_ref_object(servant, i + 1);
            const uint8_t item[] = { 3, 1, 9 };
            assert_int_equal(crb_session_stream_put(servant->session, e.written, item, sizeof item, &ref, 1), CORBEL_OK);
            world_count_fresh(&ref, 1);
        }
        world_run(e.w, 100);
        assert_in_range(e.refs[0], 20, 4000 / CRB_STREAM_REF_COST);
        if (taken == 1) {
            e.reads = true;
            crb_session_stream_taken(e.w->sides[0].session, e.asked_read, e.bytes[0] + CRB_STREAM_REF_COST * e.refs[0]);
            world_run(e.w, 100);
            assert_int_equal(e.refs[0], 100);
        }
        /* Too many in one item for the window. */
        crb_ref_out many[40];
        for (size_t i = 0; i < LENGTH_OF(many); i++) {
            many[i] = world_ref_object(servant, (int)i + 200);
        }
        assert_int_equal(crb_session_stream_put(servant->session, e.written, some, 5, many, LENGTH_OF(many)), CORBEL_LIMIT);
        /* One of the servant's own goes back to it, and is given back at once: the item comes first. */
        crb_import *const import = e.w->sides[0].imports[e.w->sides[0].n_imports - 1];
        crb_ref_out back = world_ref_import(import);
        assert_int_equal(crb_session_stream_put(e.w->sides[0].session, e.asked_written, some, 3, &back, 1), CORBEL_OK);
        world_release(&e.w->sides[0], import);
        world_run(e.w, 100);
        assert_int_equal(e.refs[1], 1);
        if (taken == 0) {
            world_finish(a, true);
            world_run(e.w, 100);
        }
        world_return(servant, world_next(servant), 8, NULL, 0);
        world_run(e.w, 100);
        world_release_all(&e.w->sides[0]);
        world_run(e.w, 100);
        for (int i = 1; i < WORLD_OBJECTS; i++) {
            assert_int_equal(servant->objects[i].holds, 0);
        }
        ends_close(&e);
    }
}

/** BYE waits for the items of what was answered. */
static void test_a_goodbye_after_the_items(void **state)
{
    (void)state;
    ends e;
    crb_session_limits limits = CRB_SESSION_LIMITS_DEFAULT;
    limits.window_stream = 5000;
    asked *const a = ends_open(&e, NULL, &limits, false, true);
    side *const servant = &e.w->sides[1];
    e.reads = true;
    assert_int_equal(crb_session_stream_put(servant->session, e.written, some, 30000, NULL, 0), CORBEL_OK);
    world_return(servant, world_next(servant), 8, NULL, 0);
    crb_session_bye(servant->session, world_now(e.w));
    world_run(e.w, 500);
    assert_true(a->done);
    assert_int_equal(a->status, CORBEL_OK);
    assert_int_equal(e.bytes[0], 30000);
    assert_true(e.w->sides[0].closed && e.w->sides[0].clean);
    world_free(e.w);
}

/** A small call does not wait for a large body, nor for a stream. */
static void test_small_calls_between(void **state)
{
    (void)state;
    ends e;
    ends_open(&e, NULL, NULL, true, false);
    side *const caller = &e.w->sides[0];
    crb_import *const target = caller->imports[0];
    e.w->sides[1].answers_itself = true;
    e.reads = true;
    (void)put_all(caller, e.asked_written, 10000, 1 << 20);
    asked *const large = world_call(caller, &(call_options) { .target = target, .args = 4 << 20 }, NULL);
    asked *const small = world_call(caller, &(call_options) { .target = target, .args = 8 }, NULL);
    for (int i = 0; i < 10000 && !small->done; i++) {
        assert_false(large->done);
        (void)crb_scripted_step(e.w->pipe, CRB_SCRIPTED_NEVER);
    }
    assert_true(small->done);
    assert_false(large->done);
    world_run(e.w, 1000);
    assert_true(large->done);
    e.w->sides[1].answers_itself = false;
    while (world_next(&e.w->sides[1]) != NULL) {
        world_return(&e.w->sides[1], world_next(&e.w->sides[1]), 8, NULL, 0);
    }
    ends_close(&e);
}

/* ---- hostile peers ---- */

static void test_what_breaks_the_rules(void **state)
{
    (void)state;
    static const crb_wire_ref untagged = { .tag = 0, .generation = 1, .interface = "" };
    static const struct {
        const char *why;
        bool in, out; /* streams of the open call, question 2 */
        crb_wire_stream frames[2];
        int n;
    } rows[] = {
        { "STREAM that says nothing", true, true, { { .question = 2 } }, 1 },
        { "STREAM of a question that was not asked", true, true, { { .question = 3, .end = true } }, 1 },
        { "STREAM of a question that was not asked", true, true, { { .question = 0, .end = true } }, 1 },
        { "STREAM for a question that is not open", true, true, { { .question = 1, .result = true, .end = true } }, 1 },
        { "items of a stream that there is not", false, true, { { .question = 2, .end = true } }, 1 },
        { "credit for a stream that there is not", true, false, { { .question = 2, .credit = 1 } }, 1 },
        { "credit for a stream that there is not", true, false, { { .question = 2, .enough = true } }, 1 },
        { "more credit for a stream than was used", true, true, { { .question = 2, .credit = 1 } }, 1 },
        { "more credit for a stream than was used", true, true, { { .question = 2, .credit = UINT64_MAX } }, 1 },
        { "items behind the end of their stream",
          true,
          true,
          { { .question = 2, .end = true }, { .question = 2, .items = { some, 1 } } },
          2 },
        { "more items on the way than the stream's window allows",
          true,
          true,
          { { .question = 2, .items = { some, 60000 } }, { .question = 2, .items = { some, 40001 } } },
          2 },
        { "more bytes on the way than the window allows",
          true,
          true,
          { { .question = 2, .items = { some, 200000 } }, { .question = 2, .items = { some, 62145 } } },
          -2 },
        { "a reference without a tag", true, true, { { .question = 2, .refs = &untagged, .n_refs = 1 } }, 1 },
    };
    assert_int_equal(LENGTH_OF(rows), 13);
    for (size_t i = 0; i < LENGTH_OF(rows); i++) {
        ends e;
        crb_session_limits limits = CRB_SESSION_LIMITS_DEFAULT;
        limits.window_stream = rows[i].n < 0 ? 1u << 20 : 100000;
        ends_open(&e, NULL, &limits, rows[i].in, rows[i].out);
        side *const at = &e.w->sides[1];
        const int n = abs(rows[i].n);
        crb_buf message = CRB_BUF_INIT;
        for (int k = 0; k < n; k++) {
            const crb_frame frame = { .type = CRB_WIRE_STREAM, .u.stream = rows[i].frames[k] };
            world_frame(&message, &frame);
        }
        crb_session_input(at->session, message.data, message.len, world_now(e.w));
        crb_buf_clear(&message);
        world_side_events(at);
        if (!at->closed || strcmp(at->why, rows[i].why) != 0) {
            fail_msg("row %zu: %s '%s'", i, at->closed ? "closed" : "open", at->why);
        }
        world_free(e.w);
    }
}

/** What crosses the RETURN is no violation. */
static void test_late_frames_are_ignored(void **state)
{
    (void)state;
    ends e;
    ends_open(&e, NULL, NULL, true, true);
    side *const servant = &e.w->sides[1];
    world_return(servant, world_next(servant), 8, NULL, 0);
    world_run(e.w, 100);
    crb_buf message = CRB_BUF_INIT;
    const crb_frame frame = { .type = CRB_WIRE_STREAM,
                              .u.stream = { .question = 2, .items = { some, 5 }, .credit = 7, .end = true } };
    world_frame(&message, &frame);
    crb_session_input(servant->session, message.data, message.len, world_now(e.w));
    crb_buf_clear(&message);
    world_side_events(servant);
    assert_false(servant->closed);
    ends_close(&e);
}

static void test_too_many(void **state)
{
    (void)state;
    ends e;
    crb_session_limits limits = CRB_SESSION_LIMITS_DEFAULT;
    limits.max_streams = 20;
    ends_open(&e, NULL, &limits, true, true);
    side *const caller = &e.w->sides[0];
    crb_import *const target = caller->imports[0];
    corbel_status status = CORBEL_OK;
    for (int i = 1; i < 20; i++) {
        assert_non_null(world_call(
            caller, &(call_options) { .target = target, .args = 8, .stream_in = i % 2 == 0, .stream_out = true }, NULL));
    }
    assert_null(world_call(caller, &(call_options) { .target = target, .args = 8, .stream_out = true }, &status));
    assert_int_equal(status, CORBEL_LIMIT);
    world_run(e.w, 100);
    while (world_next(&e.w->sides[1]) != NULL) {
        world_return(&e.w->sides[1], world_next(&e.w->sides[1]), 8, NULL, 0);
    }
    ends_close(&e);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_credit_bounds_both_sides),
        cmocka_unit_test(test_the_return_follows_the_items),
        cmocka_unit_test(test_enough_frees_the_writer),
        cmocka_unit_test(test_who_waits_is_told_at_once),
        cmocka_unit_test(test_ends_that_cross),
        cmocka_unit_test(test_references),
        cmocka_unit_test(test_a_goodbye_after_the_items),
        cmocka_unit_test(test_small_calls_between),
        cmocka_unit_test(test_what_breaks_the_rules),
        cmocka_unit_test(test_late_frames_are_ignored),
        cmocka_unit_test(test_too_many),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
