/* Deadlines, cancelling, GOAWAY, BYE, ABORT, loss, PING, HELLO. */
#include "tests/runtime/session/world.h"

#include <string.h>

static void test_deadline_of_a_call_never_pulled(void **state)
{
    (void)state;
    world *const w = world_new(NULL, NULL, NULL);
    crb_import *const object = world_open_and_bind(w);
    asked *const a = world_call(&w->sides[0], &(call_options) { .target = object, .deadline_ms = 5 }, NULL);
    crb_session_tick(w->sides[0].session, world_now(w) + 5 * MS);
    world_events(w);
    assert_int_equal(a->status, CORBEL_DEADLINE);
    assert_int_equal(a->completion, CORBEL_COMPLETED_NO);
    world_run(w, 10);
    assert_int_equal(w->sides[1].events[CRB_EVENT_CALL], 0);
    corbel_status status = CORBEL_OK;
    crb_buf args = CRB_BUF_INIT;
    crb_call_out call = { .target = object, .interface = "i", .operation = "o", .deadline = world_now(w), .args = &args };
    crb_question *question = NULL;
    status = crb_session_call(w->sides[0].session, &call, world_now(w), &question, NULL);
    assert_int_equal(status, CORBEL_DEADLINE);
    world_free(w);
}

static void test_deadline_passes_before_the_pull(void **state)
{
    (void)state;
    world *const w = world_new(NULL, NULL, NULL);
    crb_import *const object = world_open_and_bind(w);
    asked *const a = world_call(&w->sides[0], &(call_options) { .target = object, .deadline_ms = 5 }, NULL);
    asked *const b = world_call(&w->sides[0], &(call_options) { .target = object, .deadline_ms = 50 }, NULL);
    world_call(&w->sides[0], &(call_options) { .target = object, .deadline_ms = 5, .oneway = true }, NULL);
    crb_buf message = CRB_BUF_INIT;
    const uint64_t later = world_now(w) + 6 * MS;
    assert_true(crb_session_pull(w->sides[0].session, &message, later));
    assert_int_equal(crb_session_next_tick(w->sides[0].session), 0); /* events wait */
    world_events(w);
    assert_int_equal(a->status, CORBEL_DEADLINE);
    assert_int_equal(a->completion, CORBEL_COMPLETED_NO);
    assert_false(b->done);
    crb_session_input(w->sides[1].session, message.data, message.len, later + MS);
    crb_buf_clear(&message);
    world_events(w);
    assert_int_equal(w->sides[1].n_pending, 1);
    /* The remaining time is of the pull. */
    assert_int_equal(world_next(&w->sides[1])->deadline, later + MS + 44 * MS);
    world_free(w);
}

static void test_deadline_on_both_sides(void **state)
{
    (void)state;
    world *const w = world_new(NULL, NULL, NULL);
    side *const client = &w->sides[0];
    side *const server = &w->sides[1];
    crb_import *const object = world_open_and_bind(w);
    asked *const a = world_call(client, &(call_options) { .target = object, .deadline_ms = 50 }, NULL);
    asked *const large = world_call(client, &(call_options) { .target = object, .deadline_ms = 50 }, NULL);
    world_run(w, 10);
    world_enter(server, server->pending[0]);
    crb_scripted_stall(w->pipe, 0, true);
    crb_ref_out ref = world_ref_object(server, 3);
    world_return(server, server->pending[1], 4 << 20, &ref, 1);
    world_run(w, 60);
    assert_int_equal(a->status, CORBEL_DEADLINE);
    assert_int_equal(a->completion, CORBEL_COMPLETED_MAYBE);
    /* Of the result of the other something had come. */
    assert_int_equal(large->status, CORBEL_DEADLINE);
    assert_int_equal(large->completion, CORBEL_COMPLETED_YES);
    assert_true(world_next(server)->cancelled); /* by its own clock: FINISH has not come */
    assert_int_equal(crb_session_get_stats(server->session).received[CRB_FRAME_FINISH], 1);
    crb_scripted_stall(w->pipe, 0, false);
    world_return(server, world_next(server), 8, NULL, 0);
    world_run(w, 100);
    assert_int_equal(crb_session_get_stats(server->session).received[CRB_FRAME_FINISH], 3);
    assert_int_equal(server->objects[3].holds, 0);
    assert_int_equal(server->events[CRB_EVENT_CANCEL], 1);
    world_release_all(client);
    world_run(w, 100);
    world_check_and_free(w);
}

static void test_cancel_races(void **state)
{
    (void)state;
    world *const w = world_new(NULL, NULL, NULL);
    side *const client = &w->sides[0];
    side *const server = &w->sides[1];
    crb_import *const object = world_open_and_bind(w);
    /* Cancelled while it runs: it is told, and still answers. */
    asked *const a = world_call(client, &(call_options) { .target = object }, NULL);
    world_run(w, 10);
    world_finish(a, true);
    world_events(w);
    assert_int_equal(a->status, CORBEL_CANCELLED);
    assert_int_equal(a->completion, CORBEL_COMPLETED_MAYBE);
    assert_int_equal(crb_session_get_stats(client->session).questions, 1);
    world_run(w, 10);
    assert_true(world_next(server)->cancelled);
    world_return_error(server, world_next(server), CORBEL_CANCELLED, CORBEL_COMPLETED_YES, "cancelled");
    world_run(w, 10);
    assert_int_equal(crb_session_get_stats(client->session).questions, 0);
    /* FINISH and RETURN cross. */
    asked *const b = world_call(client, &(call_options) { .target = object }, NULL);
    world_run(w, 10);
    world_return(server, world_next(server), 8, NULL, 0);
    world_finish(b, true);
    world_run(w, 10);
    assert_int_equal(b->status, CORBEL_CANCELLED);
    /* In the middle of large arguments. */
    asked *const c = world_call(client, &(call_options) { .target = object, .args = 2 << 20 }, NULL);
    world_run(w, 3);
    assert_false(world_next(server)->complete);
    world_finish(c, true);
    world_run(w, 10);
    assert_true(world_next(server)->cancelled);
    assert_int_equal(server->events[CRB_EVENT_BODY], 0);
    world_return_error(server, world_next(server), CORBEL_CANCELLED, CORBEL_COMPLETED_NO, "cancelled");
    /* In the middle of a large result. */
    asked *const d = world_call(client, &(call_options) { .target = object }, NULL);
    world_run(w, 10);
    world_return(server, world_next(server), 4 << 20, NULL, 0);
    world_run(w, 2);
    world_finish(d, true);
    world_run(w, 100);
    assert_int_equal(d->status, CORBEL_CANCELLED);
    assert_int_equal(d->completion, CORBEL_COMPLETED_YES);
    assert_true(crb_scripted_arrived(w->pipe, 1) < 2 << 20);
    /* The servant answers before the arguments are there: the rest is not sent. */
    const uint64_t before = crb_scripted_arrived(w->pipe, 0);
    asked *const e = world_call(client, &(call_options) { .target = object, .args = 4 << 20 }, NULL);
    world_run(w, 2);
    world_return_error(server, world_next(server), CORBEL_REFUSED, CORBEL_COMPLETED_NO, "no");
    world_run(w, 100);
    assert_int_equal(e->status, CORBEL_REFUSED);
    assert_true(crb_scripted_arrived(w->pipe, 0) - before < 2 << 20);
    /* A bind, before and after it was sent. */
    asked *const f = world_bind(client, "1", NULL);
    asked *const on_f = world_call(client, &(call_options) { .promise = f }, NULL);
    world_finish(f, true);
    world_run(w, 10);
    assert_int_equal(f->status, CORBEL_CANCELLED);
    assert_int_equal(on_f->status, CORBEL_CANCELLED);
    assert_int_equal(on_f->completion, CORBEL_COMPLETED_NO);
    asked *const g = world_bind(client, "1", NULL);
    world_run(w, 10);
    world_finish(g, true);
    world_run(w, 10);
    assert_true(world_next(server)->cancelled);
    crb_ref_out ref = world_ref_object(server, 1);
    world_return(server, world_next(server), 0, &ref, 1);
    world_run(w, 10);
    world_release_all(client);
    world_run(w, 10);
    world_check_and_free(w);
}

static void test_goaway(void **state)
{
    (void)state;
    world *const w = world_new(NULL, NULL, NULL);
    crb_import *const object = world_open_and_bind(w);
    asked *const crossing = world_call(&w->sides[0], &(call_options) { .target = object }, NULL);
    crb_session_goaway(w->sides[1].session);
    crb_session_goaway(w->sides[1].session);
    world_run(w, 10);
    assert_int_equal(w->sides[0].events[CRB_EVENT_DRAINING], 1);
    assert_int_equal(w->sides[1].n_pending, 1); /* the driver refuses it */
    world_return_error(&w->sides[1], world_next(&w->sides[1]), CORBEL_DRAINING, CORBEL_COMPLETED_NO, "draining");
    corbel_status status = CORBEL_OK;
    assert_null(world_call(&w->sides[0], &(call_options) { .target = object }, &status));
    assert_int_equal(status, CORBEL_DRAINING);
    assert_null(world_bind(&w->sides[0], "1", &status));
    assert_int_equal(status, CORBEL_DRAINING);
    asked *const nested = world_call(&w->sides[0], &(call_options) { .target = object, .hop = 1 }, NULL);
    world_run(w, 10);
    assert_int_equal(crossing->status, CORBEL_DRAINING);
    world_return(&w->sides[1], world_next(&w->sides[1]), 8, NULL, 0);
    world_run(w, 10);
    assert_int_equal(nested->outcome, CRB_OUTCOME_RESULT);
    world_free(w);
}

static void test_bye_tells_what_ran(void **state)
{
    (void)state;
    world *const w = world_new(NULL, NULL, NULL);
    side *const client = &w->sides[0];
    side *const server = &w->sides[1];
    crb_import *const object = world_open_and_bind(w);
    asked *const answered = world_call(client, &(call_options) { .target = object }, NULL);
    asked *const running = world_call(client, &(call_options) { .target = object }, NULL);
    world_call(client, &(call_options) { .target = object, .oneway = true }, NULL);
    world_run(w, 10);
    world_enter(server, server->pending[1]);
    /* Two cross the BYE, one more is never pulled. */
    asked *const crossing = world_call(client, &(call_options) { .target = object }, NULL);
    asked *const large = world_call(client, &(call_options) { .target = object, .args = 1 << 20 }, NULL);
    crb_buf message = CRB_BUF_INIT;
    assert_true(crb_session_pull(client->session, &message, world_now(w)));
    crb_buf_clear(&message);
    asked *const unsent = world_call(client, &(call_options) { .target = object }, NULL);
    world_return(server, world_next(server), 500000, NULL, 0);
    crb_session_bye(server->session, world_now(w));
    world_events(w);
    assert_true(server->closed && server->clean);
    assert_false(crb_session_wants_close(server->session));
    world_run(w, 100);
    /* The result given before goes out before, large as it is. */
    assert_int_equal(answered->body_len, 500000);
    assert_int_equal(running->status, CORBEL_GONE);
    assert_int_equal(running->completion, CORBEL_COMPLETED_MAYBE);
    assert_int_equal(crossing->status, CORBEL_GONE);
    assert_int_equal(crossing->completion, CORBEL_COMPLETED_NO);
    assert_int_equal(large->completion, CORBEL_COMPLETED_NO);
    assert_int_equal(unsent->completion, CORBEL_COMPLETED_NO);
    assert_true(client->closed && client->clean);
    assert_true(crb_session_wants_close(server->session));
    corbel_status status = CORBEL_OK;
    assert_null(world_call(client, &(call_options) { .target = object }, &status));
    assert_int_equal(status, CORBEL_GONE);
    world_check_and_free(w);
}

static void test_bye_of_the_asker(void **state)
{
    (void)state;
    world *const w = world_new(NULL, NULL, NULL);
    side *const client = &w->sides[0];
    side *const server = &w->sides[1];
    crb_import *const object = world_open_and_bind(w);
    asked *const running = world_call(client, &(call_options) { .target = object }, NULL);
    world_run(w, 10);
    crb_ref_out ref = world_ref_object(client, 1);
    asked *const unsent = world_call(client, &(call_options) { .target = object, .refs = &ref, .n_refs = 1 }, NULL);
    asked *const oneway = world_call(client, &(call_options) { .target = object, .oneway = true, .args = 100000 }, NULL);
    crb_session_bye(client->session, world_now(w));
    world_events(w);
    assert_int_equal(running->completion, CORBEL_COMPLETED_MAYBE);
    assert_int_equal(unsent->completion, CORBEL_COMPLETED_NO);
    assert_int_equal(client->objects[1].holds, 0);
    world_run(w, 100);
    /* The oneway still went before the goodbye, and was handed up, large as it is. */
    assert_true(server->closed && server->clean);
    assert_true(oneway->seen);
    assert_true(world_next(server)->cancelled);
    assert_false(unsent->seen);
    world_check_and_free(w);
}

/** All in one message: HELLO, a bind, a call on it, a oneway, BYE. */
static void test_what_comes_before_bye_is_handed_up(void **state)
{
    (void)state;
    world *const w = world_new(NULL, NULL, NULL);
    side *const client = &w->sides[0];
    side *const server = &w->sides[1];
    asked *const bind = world_bind(client, "0", NULL);
    asked *const oneway = world_call(client, &(call_options) { .promise = bind, .oneway = true }, NULL);
    crb_buf message = CRB_BUF_INIT;
    assert_true(crb_session_pull(client->session, &message, WORLD_START));
    const crb_frame bye = { .type = CRB_WIRE_BYE };
    world_frame(&message, &bye);
    world_frame(&message, &bye); /* nothing is looked at after it */
    server->answers_itself = true;
    crb_session_input(server->session, message.data, message.len, WORLD_START);
    crb_session_lost(server->session, "closed", WORLD_START);
    assert_int_equal(crb_session_next_tick(server->session), 0);
    crb_buf_clear(&message);
    world_events(w);
    assert_true(oneway->entered);
    assert_true(server->closed && server->clean);
    assert_int_equal(server->objects[0].holds, 0);
    crb_session_lost(client->session, "closed", WORLD_START);
    world_check_and_free(w);
}

static void test_bye_does_not_wait_for_ever(void **state)
{
    (void)state;
    world *const w = world_new(NULL, NULL, NULL);
    side *const server = &w->sides[1];
    crb_import *const object = world_open_and_bind(w);
    asked *const a = world_call(&w->sides[0], &(call_options) { .target = object }, NULL);
    world_run(w, 10);
    world_return(server, world_next(server), 4 << 20, NULL, 0);
    crb_scripted_stall(w->pipe, 0, true); /* no credit comes */
    crb_session_bye(server->session, world_now(w));
    world_run(w, 500);
    assert_false(crb_session_wants_close(server->session));
    world_run(w, 600);
    assert_true(crb_session_wants_close(server->session));
    assert_int_equal(a->status, CORBEL_GONE);
    assert_int_equal(a->completion, CORBEL_COMPLETED_YES);
    world_check_and_free(w);
}

static void test_abort(void **state)
{
    (void)state;
    world *const w = world_new(NULL, NULL, NULL);
    side *const client = &w->sides[0];
    side *const server = &w->sides[1];
    crb_import *const object = world_open_and_bind(w);
    asked *const running = world_call(client, &(call_options) { .target = object }, NULL);
    world_run(w, 10);
    world_enter(server, world_next(server));
    asked *const crossing = world_call(client, &(call_options) { .target = object }, NULL);
    crb_session_abort(server->session, "something is wrong", world_now(w));
    world_run(w, 10);
    assert_true(server->closed && !server->clean);
    assert_true(client->closed && !client->clean);
    assert_string_equal(client->why, "the peer ended the session: something is wrong");
    assert_int_equal(running->completion, CORBEL_COMPLETED_MAYBE);
    assert_int_equal(crossing->completion, CORBEL_COMPLETED_NO);
    world_check_and_free(w);
}

static void test_loss(void **state)
{
    (void)state;
    world *const w = world_new(NULL, NULL, NULL);
    side *const client = &w->sides[0];
    side *const server = &w->sides[1];
    crb_import *const object = world_open_and_bind(w);
    asked *const sent = world_call(client, &(call_options) { .target = object }, NULL);
    crb_ref_out ref = world_ref_object(client, 1);
    asked *const holding = world_call(client, &(call_options) { .target = object, .refs = &ref, .n_refs = 1 }, NULL);
    world_run(w, 10);
    asked *const unsent = world_call(client, &(call_options) { .target = object }, NULL);
    crb_scripted_cut(w->pipe, "pulled out");
    world_events(w);
    assert_string_equal(client->why, "pulled out");
    assert_int_equal(sent->completion, CORBEL_COMPLETED_MAYBE);
    assert_int_equal(holding->completion, CORBEL_COMPLETED_MAYBE);
    assert_int_equal(unsent->completion, CORBEL_COMPLETED_NO);
    assert_int_equal(server->events[CRB_EVENT_CANCEL], 2);
    /* What the other side held is kept for a while: it may have been handed on. */
    assert_int_equal(client->events[CRB_EVENT_UNEXPORTED], 0);
    assert_int_equal(server->events[CRB_EVENT_UNEXPORTED], 0);
    assert_true(crb_session_keeps(client->session) && crb_session_keeps(server->session));
    world_pass_keeping(w);
    assert_int_equal(client->events[CRB_EVENT_UNEXPORTED], 1);
    assert_int_equal(server->events[CRB_EVENT_UNEXPORTED], 1);
    world_check_and_free(w);
}

static void test_ping_keeps_it_alive(void **state)
{
    (void)state;
    crb_session_limits impatient = CRB_SESSION_LIMITS_DEFAULT;
    impatient.ping_idle_ms = 100;
    impatient.ping_timeout_ms = 50;
    crb_session_limits indifferent = CRB_SESSION_LIMITS_DEFAULT;
    indifferent.ping_idle_ms = 0;
    indifferent.ping_timeout_ms = 0;
    world *const w = world_new(&impatient, &indifferent, NULL);
    world_open_and_bind(w);
    world_run(w, 5000);
    const crb_session_stats stats[2] = { crb_session_get_stats(w->sides[0].session), crb_session_get_stats(w->sides[1].session) };
    assert_true(stats[0].sent[CRB_FRAME_PING] >= 40 && stats[0].sent[CRB_FRAME_PING] <= 110);
    assert_true(stats[1].sent[CRB_FRAME_PING] >= 40);
    assert_false(w->sides[0].closed);
    /* No frame: no life. */
    crb_scripted_stall(w->pipe, 1, true);
    world_run(w, 100);
    assert_false(w->sides[0].closed);
    world_run(w, 60);
    assert_true(w->sides[0].closed);
    assert_string_equal(w->sides[0].why, "no answer to PING");
    assert_false(w->sides[0].clean);
    world_free(w);
}

static void test_any_frame_is_life(void **state)
{
    (void)state;
    crb_session_limits impatient = CRB_SESSION_LIMITS_DEFAULT;
    impatient.ping_idle_ms = 100;
    world *const w = world_new(&impatient, NULL, NULL);
    crb_import *const object = world_open_and_bind(w);
    w->sides[1].answers_itself = true;
    const uint64_t before = crb_session_get_stats(w->sides[0].session).sent[CRB_FRAME_PING];
    for (int i = 0; i < 50; i++) {
        world_call(&w->sides[0], &(call_options) { .target = object }, NULL);
        world_run(w, 50);
    }
    assert_int_equal(crb_session_get_stats(w->sides[0].session).sent[CRB_FRAME_PING], before);
    world_free(w);
}

static void test_no_hello(void **state)
{
    (void)state;
    crb_session_limits limits = CRB_SESSION_LIMITS_DEFAULT;
    limits.hello_timeout_ms = 200;
    world *const w = world_new(&limits, NULL, NULL);
    crb_scripted_stall(w->pipe, 1, true);
    asked *const bind = world_bind(&w->sides[0], "0", NULL);
    asked *const call = world_call(&w->sides[0], &(call_options) { .promise = bind }, NULL);
    world_run(w, 190);
    assert_false(w->sides[0].closed);
    world_run(w, 20);
    assert_true(w->sides[0].closed);
    assert_string_equal(w->sides[0].why, "no HELLO in time");
    assert_int_equal(bind->completion, CORBEL_COMPLETED_NO);
    assert_int_equal(call->completion, CORBEL_COMPLETED_MAYBE); /* it may well have run */
    world_run(w, 10);
    assert_true(w->sides[1].closed);
    assert_string_equal(w->sides[1].why, "the peer ended the session: no HELLO in time");
    world_check_over(w);
    world_free(w);
}

/** With the defaults a peer that says nothing has 10 s, from the side that accepted, too. */
static void test_no_hello_in_ten_seconds(void **state)
{
    (void)state;
    for (int silent = 0; silent < 2; silent++) {
        world *const w = world_new(NULL, NULL, NULL);
        side *const waits = &w->sides[1 - silent];
        crb_scripted_stall(w->pipe, silent, true);
        world_run(w, 9990);
        assert_false(waits->closed);
        world_run(w, 20);
        assert_true(waits->closed);
        assert_string_equal(waits->why, "no HELLO in time");
        world_free(w);
    }
}

static void test_version_differs(void **state)
{
    (void)state;
    world *const w = world_new(NULL, NULL, NULL);
    side *const server = &w->sides[1];
    crb_frame frame;
    world_hello(&frame);
    frame.u.hello.major = 7;
    frame.u.hello.minor = 3;
    crb_buf message = CRB_BUF_INIT;
    world_frame(&message, &frame);
    frame = (crb_frame) { .type = CRB_WIRE_BIND, .u.bind = { .question = 1, .id = "x", .interface = "" } };
    world_frame(&message, &frame);
    crb_session_input(server->session, message.data, message.len, WORLD_START);
    crb_buf_clear(&message);
    world_events(w);
    assert_int_equal(server->events[CRB_EVENT_OPEN], 0);
    assert_int_equal(server->events[CRB_EVENT_BIND], 0);
    assert_true(server->closed);
    assert_string_equal(server->why, "protocol 1.0 here, 7.3 there");
    /* What it says: HELLO, ABORT with its version. */
    crb_buf out = CRB_BUF_INIT;
    assert_true(crb_session_pull(server->session, &out, WORLD_START));
    assert_true(crb_session_wants_close(server->session));
    crb_session_input(w->sides[0].session, out.data, out.len, WORLD_START);
    crb_buf_clear(&out);
    world_events(w);
    assert_string_equal(w->sides[0].why, "the peer ended the session: protocol 1.0 here, 7.3 there");
    world_free(w);
}

static void test_refused_before_open_is_no_for_all(void **state)
{
    (void)state;
    world *const w = world_new(NULL, NULL, NULL);
    side *const client = &w->sides[0];
    side *const server = &w->sides[1];
    asked *const bind = world_bind(client, "0", NULL);
    asked *const call = world_call(client, &(call_options) { .promise = bind }, NULL);
    crb_buf message = CRB_BUF_INIT;
    assert_true(crb_session_pull(client->session, &message, WORLD_START));
    crb_session_input(server->session, message.data, message.len, WORLD_START);
    crb_buf_clear(&message);
    /* The driver looks at who it is, and wants none of it. */
    crb_event event;
    assert_true(crb_session_next_event(server->session, &event));
    assert_int_equal(event.kind, CRB_EVENT_OPEN);
    assert_memory_equal(crb_session_peer_instance(server->session), "\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1", 16);
    assert_memory_equal(crb_session_peer_secret(server->session), "\13\13\13\13\13\13\13\13\13\13\13\13\13\13\13\13", 16);
    assert_string_equal(crb_session_peer_name(server->session), "dialer");
    crb_session_abort(server->session, "not you", WORLD_START);
    world_run(w, 10);
    assert_int_equal(server->events[CRB_EVENT_BIND] + server->events[CRB_EVENT_CALL], 0);
    assert_int_equal(bind->completion, CORBEL_COMPLETED_NO);
    assert_int_equal(call->completion, CORBEL_COMPLETED_NO);
    world_check_and_free(w);
}

static void test_acceptor_waits_for_hello(void **state)
{
    (void)state;
    world *const w = world_new(NULL, NULL, NULL);
    crb_scripted_stall(w->pipe, 0, true);
    asked *const bind = world_bind(&w->sides[1], "0", NULL);
    w->sides[0].answers_itself = true;
    world_run(w, 10);
    assert_int_equal(crb_session_get_stats(w->sides[1].session).sent[CRB_FRAME_HELLO], 0);
    assert_int_equal(crb_session_get_stats(w->sides[1].session).sent[CRB_FRAME_BIND], 0);
    assert_false(crb_session_has_output(w->sides[1].session));
    crb_scripted_stall(w->pipe, 0, false);
    world_run(w, 10);
    assert_int_equal(crb_session_get_stats(w->sides[1].session).sent[CRB_FRAME_HELLO], 1);
    assert_int_equal(bind->outcome, CRB_OUTCOME_RESULT);
    world_free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_deadline_of_a_call_never_pulled),
        cmocka_unit_test(test_deadline_passes_before_the_pull),
        cmocka_unit_test(test_deadline_on_both_sides),
        cmocka_unit_test(test_cancel_races),
        cmocka_unit_test(test_goaway),
        cmocka_unit_test(test_bye_tells_what_ran),
        cmocka_unit_test(test_bye_of_the_asker),
        cmocka_unit_test(test_what_comes_before_bye_is_handed_up),
        cmocka_unit_test(test_bye_does_not_wait_for_ever),
        cmocka_unit_test(test_abort),
        cmocka_unit_test(test_loss),
        cmocka_unit_test(test_ping_keeps_it_alive),
        cmocka_unit_test(test_any_frame_is_life),
        cmocka_unit_test(test_no_hello),
        cmocka_unit_test(test_no_hello_in_ten_seconds),
        cmocka_unit_test(test_version_differs),
        cmocka_unit_test(test_refused_before_open_is_no_for_all),
        cmocka_unit_test(test_acceptor_waits_for_hello),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
