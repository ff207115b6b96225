/* Windows, pieces, reservations. */
#include "tests/runtime/session/world.h"

#include <string.h>

static crb_session_limits small_windows(void)
{
    crb_session_limits limits = CRB_SESSION_LIMITS_DEFAULT;
    limits.window_requests = 8192;
    limits.window_nested = 4096;
    limits.window_responses = 8192;
    return limits;
}

static void test_no_more_than_the_window(void **state)
{
    (void)state;
    const crb_session_limits limits = small_windows();
    world *const w = world_new(NULL, &limits, NULL);
    side *const client = &w->sides[0];
    side *const server = &w->sides[1];
    crb_import *const object = world_open_and_bind(w);
    corbel_status status = CORBEL_OK;
    size_t sent = 0;
    while (world_call(client, &(call_options) { .target = object, .args = 448, .oneway = true }, &status) != NULL) {
        sent++;
        world_run(w, 5);
        assert_true(server->session->rx[CRB_WIN_REQUESTS].used <= 8192);
    }
    assert_int_equal(status, CORBEL_WOULD_BLOCK);
    assert_int_equal(sent, 8192 / (448 + CRB_CALL_COST));
    assert_int_equal(client->events[CRB_EVENT_CREDIT], 0);
    /* A nested call has its own window. */
    asked *const nested = world_call(client, &(call_options) { .target = object, .hop = 1 }, NULL);
    world_run(w, 5);
    world_return(server, server->pending[server->n_pending - 1], 8, NULL, 0);
    world_run(w, 5);
    assert_true(nested->done);
    /* Less than a quarter given back is not announced, a quarter is. */
    for (int i = 0; i < 3; i++) {
        world_done(server, world_next(server));
    }
    world_run(w, 5);
    assert_int_equal(client->events[CRB_EVENT_CREDIT], 0);
    world_done(server, world_next(server));
    world_run(w, 5);
    assert_int_equal(client->events[CRB_EVENT_CREDIT], 1);
    assert_non_null(world_call(client, &(call_options) { .target = object, .args = 448, .oneway = true }, &status));
    while (server->n_pending > 0) {
        world_done(server, world_next(server));
    }
    world_run(w, 5);
    assert_int_equal(client->events[CRB_EVENT_CREDIT], 1); /* nobody waited */
    world_free(w);
}

static void test_enter_gives_back_before_the_return(void **state)
{
    (void)state;
    const crb_session_limits limits = small_windows();
    world *const w = world_new(NULL, &limits, NULL);
    crb_import *const object = world_open_and_bind(w);
    corbel_status status = CORBEL_OK;
    while (world_call(&w->sides[0], &(call_options) { .target = object, .args = 1000 }, &status) != NULL) {
    }
    world_run(w, 5);
    for (size_t i = 0; i < w->sides[1].n_pending; i++) {
        world_enter(&w->sides[1], w->sides[1].pending[i]);
    }
    world_run(w, 5);
    assert_int_equal(w->sides[0].events[CRB_EVENT_CREDIT], 1);
    assert_non_null(world_call(&w->sides[0], &(call_options) { .target = object, .args = 1000 }, &status));
    world_free(w);
}

/* The driver need not say that calls entered which came while there was much room: what they keep never becomes a quarter. */
static void test_early_calls_may_give_back_late(void **state)
{
    (void)state;
    const crb_session_limits limits = small_windows();
    world *const w = world_new(NULL, &limits, NULL);
    side *const server = &w->sides[1];
    crb_import *const object = world_open_and_bind(w);
    const size_t cost = 448 + CRB_CALL_COST;
    size_t late = 0;
    for (int i = 0; i < 100; i++) {
        assert_non_null(world_call(&w->sides[0], &(call_options) { .target = object, .args = 448 }, NULL));
        world_run(w, 5);
        pending *const p = server->pending[server->n_pending - 1];
        assert_true(w->sides[0].session->tx[CRB_WIN_REQUESTS].used <= 8192 / 2);
        if (p->enter) {
            world_enter(server, p);
            world_return(server, p, 8, NULL, 0);
        } else {
            late++;
            assert_true(late * cost < 8192 / 4);
        }
    }
    assert_int_equal(late, (8192 / 4 - 1) / cost);
    while (server->n_pending > 0) { /* those that kept theirs give it back with their answers */
        world_return(server, world_next(server), 8, NULL, 0);
    }
    world_run(w, 5);
    const crb_receive_window *const rx = &server->session->rx[CRB_WIN_REQUESTS];
    assert_true(rx->used == rx->owed);
    world_free(w);
}

static void test_cancelled_call_gives_its_credit_back(void **state)
{
    (void)state;
    const crb_session_limits limits = small_windows();
    world *const w = world_new(NULL, &limits, NULL);
    crb_import *const object = world_open_and_bind(w);
    asked *const a = world_call(&w->sides[0], &(call_options) { .target = object, .args = 3000 }, NULL);
    asked *const b = world_call(&w->sides[0], &(call_options) { .target = object, .args = 3000 }, NULL);
    corbel_status status = CORBEL_OK;
    assert_null(world_call(&w->sides[0], &(call_options) { .target = object, .args = 3000 }, &status));
    assert_int_equal(status, CORBEL_WOULD_BLOCK);
    world_finish(a, true);
    world_events(w);
    assert_int_equal(w->sides[0].events[CRB_EVENT_CREDIT], 1);
    assert_non_null(world_call(&w->sides[0], &(call_options) { .target = object, .args = 3000 }, &status));
    assert_false(b->done);
    world_free(w);
}

/** Watches how many frames of BODY are in messages with anything else. */
static void watch_mix(side *at, const uint8_t *message, size_t len)
{
    size_t *const counts = at->watch_user; /* messages with BODY; and of those with other frames, too; longest */
    bool body = false, other = false;
    const crb_frame_limits limits = { 4096 };
    crb_scratch scratch;
    crb_scratch_init(&scratch);
    const size_t whole = len;
    while (len > 0) {
        const uint8_t *data = NULL;
        size_t size = 0;
        crb_frame frame;
        const char *why = NULL;
        assert_true(crb_frame_split(&message, &len, &data, &size));
        assert_int_equal(crb_frame_unpack(&frame, data, size, &limits, &scratch, &why), CRB_FRAME_OK);
        body = body || frame.type == CRB_WIRE_BODY;
        other = other || frame.type != CRB_WIRE_BODY;
        assert_true(frame.type != CRB_WIRE_BODY || frame.u.body.data.len <= CRB_PIECE);
        /* Small frames first. */
        assert_true(frame.type == CRB_WIRE_BODY || !body || frame.u.body.abandoned);
    }
    crb_scratch_reset(&scratch, 0);
    counts[0] += body;
    counts[1] += body && other;
    counts[2] = body && whole > counts[2] ? whole : counts[2];
}

static void test_large_bodies_both_ways_with_small_calls_between(void **state)
{
    (void)state;
    enum { LARGE = 4 << 20 };
    crb_script script = CRB_SCRIPT_INIT;
    script.capacity = 128 << 10;
    world *const w = world_new(NULL, NULL, &script);
    side *const client = &w->sides[0];
    side *const server = &w->sides[1];
    crb_import *const object = world_open_and_bind(w);
    size_t counts[2][3] = { { 0 } };
    for (int i = 0; i < 2; i++) {
        w->sides[i].watch = watch_mix;
        w->sides[i].watch_user = counts[i];
    }
    server->answers_itself = true;
    asked *const large = world_call(client, &(call_options) { .target = object, .args = LARGE, .lane = 1 }, NULL);
    asked *const second = world_call(client, &(call_options) { .target = object, .args = LARGE / 2, .lane = 2 }, NULL);
    size_t between = 0;
    while (!large->done || !second->done) {
        asked *const small = world_call(client, &(call_options) { .target = object, .args = 100 }, NULL);
        const uint64_t begun = world_now(w);
        while (!small->done) {
            assert_true(crb_scripted_step(w->pipe, CRB_SCRIPTED_NEVER));
        }
        /* There and back, with little of the bulk in front. */
        assert_true(world_now(w) - begun <= 8 * MS);
        between++;
    }
    assert_true(between > 20);
    assert_int_equal(large->body_len, LARGE);
    assert_int_equal(second->body_len, LARGE / 2);
    for (int i = 0; i < 2; i++) {
        assert_true(counts[i][0] > 50);
        assert_true(counts[i][1] > 10);
        assert_true(counts[i][2] <= CRB_MESSAGE_SOFT);
    }
    world_release_all(client);
    world_run(w, 10);
    world_check_and_free(w);
}

static void test_bodies_take_turns(void **state)
{
    (void)state;
    world *const w = world_new(NULL, NULL, NULL);
    crb_import *const object = world_open_and_bind(w);
    crb_scripted_stall(w->pipe, 1, true); /* no credit comes back */
    asked *calls[4];
    for (int i = 0; i < 4; i++) {
        calls[i] = world_call(&w->sides[0], &(call_options) { .target = object, .args = 1 << 20 }, NULL);
    }
    world_run(w, 10);
    /* 256 KiB of bulk went out, the same of each. */
    for (int i = 0; i < 4; i++) {
        assert_int_equal(calls[i]->question->args.at, CRB_PIECE + CRB_WINDOW_BULK / 4);
    }
    assert_int_equal(w->sides[0].session->tx[CRB_WIN_BULK].used, CRB_WINDOW_BULK);
    world_free(w);
}

static void test_header_keeps_its_place_in_the_lane(void **state)
{
    (void)state;
    world *const w = world_new(NULL, NULL, NULL);
    side *const server = &w->sides[1];
    crb_import *const object = world_open_and_bind(w);
    world_call(&w->sides[0], &(call_options) { .target = object, .args = 300000, .lane = 1 }, NULL);
    world_call(&w->sides[0], &(call_options) { .target = object, .args = 8, .lane = 1 }, NULL);
    while (server->n_pending < 2) {
        assert_true(crb_scripted_step(w->pipe, CRB_SCRIPTED_NEVER));
    }
    assert_false(server->pending[0]->complete);
    assert_true(server->pending[1]->complete);
    world_run(w, 100);
    assert_int_equal(server->events[CRB_EVENT_BODY], 1);
    assert_int_equal(server->pending[0]->args_len, 300000);
    world_free(w);
}

static void test_longer_than_max_body(void **state)
{
    (void)state;
    crb_session_limits limits = CRB_SESSION_LIMITS_DEFAULT;
    limits.max_body = 100000;
    world *const w = world_new(&limits, &limits, NULL);
    side *const client = &w->sides[0];
    side *const server = &w->sides[1];
    crb_import *const object = world_open_and_bind(w);
    corbel_status status = CORBEL_OK;
    assert_null(world_call(client, &(call_options) { .target = object, .args = 100001 }, &status));
    assert_int_equal(status, CORBEL_LIMIT);
    /* A peer that sends one all the same gets an answer, and its pieces are dropped. */
    client->session->peer.max_body = 200000;
    asked *const a = world_call(client, &(call_options) { .target = object, .args = 150000 }, NULL);
    asked *const oneway = world_call(client, &(call_options) { .target = object, .args = 150000, .oneway = true }, NULL);
    world_run(w, 100);
    assert_int_equal(a->status, CORBEL_LIMIT);
    assert_int_equal(a->completion, CORBEL_COMPLETED_NO);
    assert_false(oneway->seen);
    assert_int_equal(server->events[CRB_EVENT_CALL], 0);
    assert_int_equal(crb_session_get_stats(server->session).answers, 0);
    /* Results: here the sender knows it. */
    asked *const b = world_call(client, &(call_options) { .target = object }, NULL);
    world_run(w, 100);
    world_return(server, world_next(server), 100001, NULL, 0);
    world_run(w, 100);
    assert_int_equal(b->status, CORBEL_LIMIT);
    assert_int_equal(b->completion, CORBEL_COMPLETED_YES);
    /* And here it does not. */
    server->session->peer.max_body = 200000;
    asked *const c = world_call(client, &(call_options) { .target = object }, NULL);
    world_run(w, 100);
    crb_ref_out ref = world_ref_object(server, 4);
    world_return(server, world_next(server), 150000, &ref, 1);
    world_run(w, 100);
    assert_int_equal(c->status, CORBEL_LIMIT);
    assert_int_equal(c->completion, CORBEL_COMPLETED_YES);
    assert_int_equal(server->objects[4].holds, 0);
    world_release_all(client);
    world_run(w, 100);
    world_check_and_free(w);
}

static void test_no_room_to_reserve(void **state)
{
    (void)state;
    crb_session_limits limits = CRB_SESSION_LIMITS_DEFAULT;
    limits.max_queued = 1 << 20;
    world *const w = world_new(&limits, &limits, NULL);
    side *const client = &w->sides[0];
    side *const server = &w->sides[1];
    crb_import *const object = world_open_and_bind(w);
    asked *const first = world_call(client, &(call_options) { .target = object, .args = 800000 }, NULL);
    asked *const second = world_call(client, &(call_options) { .target = object, .args = 800000 }, NULL);
    world_run(w, 200);
    assert_int_equal(second->status, CORBEL_OVERLOADED);
    assert_int_equal(second->completion, CORBEL_COMPLETED_NO);
    assert_int_equal(server->n_pending, 1);
    assert_true(world_next(server)->complete);
    /* Complete, but not entered: the room is still taken. */
    asked *const third = world_call(client, &(call_options) { .target = object, .args = 800000 }, NULL);
    world_run(w, 200);
    assert_int_equal(third->status, CORBEL_OVERLOADED);
    world_enter(server, world_next(server));
    asked *const fourth = world_call(client, &(call_options) { .target = object, .args = 800000 }, NULL);
    world_run(w, 200);
    assert_false(fourth->done);
    world_return(server, world_next(server), 8, NULL, 0);
    world_return(server, world_next(server), 8, NULL, 0);
    world_run(w, 10);
    assert_true(first->done && fourth->done);
    /* Two results of which the caller has room for one. */
    asked *const a = world_call(client, &(call_options) { .target = object }, NULL);
    asked *const b = world_call(client, &(call_options) { .target = object }, NULL);
    world_run(w, 10);
    server->session->limits.max_queued = 16 << 20;
    world_return(server, world_next(server), 800000, NULL, 0);
    world_return(server, world_next(server), 800000, NULL, 0);
    world_run(w, 200);
    assert_int_equal(a->outcome, CRB_OUTCOME_RESULT);
    assert_int_equal(b->status, CORBEL_OVERLOADED);
    assert_int_equal(b->completion, CORBEL_COMPLETED_YES);
    world_release_all(client);
    world_run(w, 10);
    world_check_and_free(w);
}

static void test_results_without_credit_go_as_bulk(void **state)
{
    (void)state;
    const crb_session_limits limits = small_windows();
    world *const w = world_new(&limits, NULL, NULL);
    side *const client = &w->sides[0];
    side *const server = &w->sides[1];
    crb_import *const object = world_open_and_bind(w);
    asked *calls[8];
    for (int i = 0; i < 8; i++) {
        calls[i] = world_call(client, &(call_options) { .target = object }, NULL);
    }
    world_run(w, 10);
    for (int i = 0; i < 8; i++) {
        world_return(server, world_next(server), 3000, NULL, 0);
    }
    world_run(w, 50);
    for (int i = 0; i < 8; i++) {
        assert_int_equal(calls[i]->body_len, 3000);
    }
    assert_true(crb_session_get_stats(server->session).sent[CRB_FRAME_BODY] >= 6);
    assert_int_equal(client->session->rx[CRB_WIN_RESPONSES].used - client->session->rx[CRB_WIN_RESPONSES].owed, 0);
    world_free(w);
}

static void test_results_that_nobody_takes_are_bounded(void **state)
{
    (void)state;
    crb_session_limits limits = CRB_SESSION_LIMITS_DEFAULT;
    limits.max_queued = 1 << 20;
    world *const w = world_new(NULL, &limits, NULL);
    side *const client = &w->sides[0];
    side *const server = &w->sides[1];
    crb_import *const object = world_open_and_bind(w);
    for (int i = 0; i < 10; i++) {
        world_call(client, &(call_options) { .target = object }, NULL);
    }
    world_run(w, 10);
    w->sides[1].session->peer_window_bulk = 0;
    server->session->tx[CRB_WIN_BULK].size = 0; /* it gives no credit at all */
    for (int i = 0; i < 10; i++) {
        world_return(server, world_next(server), 300000, NULL, 0);
    }
    assert_true(crb_session_get_stats(server->session).queued_bytes <= limits.max_queued);
    world_run(w, 10);
    int refused = 0;
    for (size_t i = 0; i < w->n_asked; i++) {
        refused += w->asked[i].done && w->asked[i].status == CORBEL_OVERLOADED;
    }
    assert_int_equal(refused, 7);
    world_free(w);
}

/** Whatever the windows are: with everybody entering and returning, all calls end, and no side ever has more than a window out.
 */
static void test_no_standstill(void **state)
{
    (void)state;
    uint64_t random = 42;
    for (int round = 0; round < 60; round++) {
        crb_session_limits limits[2] = { CRB_SESSION_LIMITS_DEFAULT, CRB_SESSION_LIMITS_DEFAULT };
        for (int i = 0; i < 2; i++) {
            limits[i].window_requests = 1024 + (uint32_t)(crb_scripted_random(&random) % 60000);
            limits[i].window_nested = 1024 + (uint32_t)(crb_scripted_random(&random) % 20000);
            limits[i].window_responses = 1024 + (uint32_t)(crb_scripted_random(&random) % 60000);
        }
        world *const w = world_new(&limits[0], &limits[1], NULL);
        crb_import *const object = world_open_and_bind(w);
        /* One lane, entered in order: a large call in front holds up all behind it. */
        size_t made = 0;
        for (int step = 0; step < 400; step++) {
            const size_t len = crb_scripted_random(&random) % 4 == 0 ? crb_scripted_random(&random) % 200000
                                                                     : crb_scripted_random(&random) % 600;
            const call_options options = { .target = object,
                                           .args = len,
                                           .lane = 1,
                                           .hop = crb_scripted_random(&random) % 3 == 0,
                                           .oneway = crb_scripted_random(&random) % 3 == 0 };
            corbel_status status = CORBEL_OK;
            if (world_call(&w->sides[0], &options, &status) != NULL) {
                made++;
            } else {
                assert_int_equal(status, CORBEL_WOULD_BLOCK);
            }
            crb_scripted_step(w->pipe, world_now(w) + MS / 4);
            for (int i = 0; i < 2; i++) {
                for (int k = 0; k < CRB_WINDOWS; k++) {
                    assert_true(w->sides[i].session->tx[k].used <= w->sides[i].session->tx[k].size);
                }
            }
            pending *const p = world_next(&w->sides[1]);
            if (p != NULL && p->complete && crb_scripted_random(&random) % 2 == 0) {
                if (p->oneway) {
                    world_done(&w->sides[1], p);
                } else {
                    world_return(&w->sides[1], p, crb_scripted_random(&random) % 40000, NULL, 0);
                }
            }
        }
        for (int step = 0; step < 3000 && (w->sides[1].n_pending > 0 || w->sides[0].session->n_questions > 0); step++) {
            pending *const p = world_next(&w->sides[1]);
            if (p != NULL && p->complete) {
                if (p->oneway) {
                    world_done(&w->sides[1], p);
                } else {
                    world_return(&w->sides[1], p, 8, NULL, 0);
                }
            }
            world_run(w, 1);
        }
        world_run(w, 100);
        assert_true(made > 10);
        for (size_t i = 0; i < w->n_asked; i++) {
            assert_true(w->asked[i].oneway ? w->asked[i].entered : w->asked[i].done);
        }
        /* With all entered, any call has room, whatever was given back and not announced. */
        for (uint32_t hop = 0; hop < 2; hop++) {
            const call_options options = { .target = object, .args = 200000, .hop = hop };
            corbel_status status = CORBEL_OK;
            assert_non_null(world_call(&w->sides[0], &options, &status));
        }
        world_free(w);
    }
}

static void test_early_limits(void **state)
{
    (void)state;
    world *const w = world_new(NULL, NULL, NULL);
    side *const client = &w->sides[0];
    asked *const bind = world_bind(client, "0", NULL);
    corbel_status status = CORBEL_OK;
    int made = 0;
    while (world_call(client, &(call_options) { .promise = bind }, &status) != NULL) {
        made++;
    }
    assert_int_equal(made, CRB_EARLY_CALLS - 1);
    assert_int_equal(status, CORBEL_WOULD_BLOCK);
    assert_null(world_bind(client, "1", &status));
    assert_int_equal(status, CORBEL_WOULD_BLOCK);
    world_run(w, 10);
    assert_int_equal(client->events[CRB_EVENT_CREDIT], 1);
    assert_non_null(world_call(client, &(call_options) { .promise = bind }, &status));
    world_free(w);

    world *const v = world_new(NULL, NULL, NULL);
    asked *const large = world_bind(&v->sides[0], "0", NULL);
    v->sides[1].answers_itself = true;
    made = 0;
    while (world_call(&v->sides[0], &(call_options) { .promise = large, .args = 1 << 20 }, &status) != NULL) {
        made++;
    }
    assert_int_equal(made, 3);
    assert_int_equal(status, CORBEL_WOULD_BLOCK);
    while (v->sides[0].messages == 0) {
        crb_scripted_step(v->pipe, CRB_SCRIPTED_NEVER);
    }
    assert_true(v->sides[0].longest < CRB_EARLY_BYTES + 512); /* and HELLO */
    world_run(v, 1000);
    for (size_t i = 0; i < v->n_asked; i++) {
        assert_int_equal(v->asked[i].outcome, CRB_OUTCOME_RESULT);
    }
    world_free(v);
}

static void test_many_references_early(void **state)
{
    (void)state;
    world *const w = world_new(NULL, NULL, NULL);
    side *const client = &w->sides[0];
    asked *const bind = world_bind(client, "0", NULL);
    static crb_ref_out refs[CRB_EARLY_REFERENCES + 1];
    for (size_t i = 0; i < LENGTH_OF(refs); i++) {
        refs[i] = world_ref_object(client, 1);
    }
    const call_options options = { .promise = bind, .refs = refs, .n_refs = LENGTH_OF(refs) };
    corbel_status status = CORBEL_OK;
    assert_null(world_call(client, &options, &status));
    assert_int_equal(status, CORBEL_WOULD_BLOCK);
    world_run(w, 10);
    assert_int_equal(client->events[CRB_EVENT_CREDIT], 1);
    assert_non_null(world_call(client, &options, &status));
    world_free(w);
}

static void test_too_many_questions(void **state)
{
    (void)state;
    crb_session_limits limits = CRB_SESSION_LIMITS_DEFAULT;
    limits.max_questions = 20;
    limits.max_operations = 1;
    limits.max_hops = 5;
    world *const w = world_new(NULL, &limits, NULL);
    side *const client = &w->sides[0];
    crb_import *const object = world_open_and_bind(w);
    corbel_status status = CORBEL_OK;
    assert_null(world_call(client, &(call_options) { .target = object, .hop = 6 }, &status));
    assert_int_equal(status, CORBEL_TOO_DEEP);
    int made = 0;
    const char *const names[] = { "one", "two", "three" };
    while (world_call(client, &(call_options) { .target = object, .operation = names[made % 3] }, &status) != NULL) {
        made++;
    }
    assert_int_equal(made, 20);
    assert_int_equal(status, CORBEL_LIMIT);
    assert_non_null(world_call(client, &(call_options) { .target = object, .oneway = true }, &status));
    world_run(w, 10);
    assert_int_equal(w->sides[1].n_pending, 21);
    assert_string_equal(w->sides[1].pending[1]->operation, "two");
    assert_string_equal(w->sides[1].pending[4]->operation, "two");
    assert_int_equal(w->sides[1].session->n_peer_bound, 1);
    world_return(&w->sides[1], world_next(&w->sides[1]), 8, NULL, 0);
    world_run(w, 10);
    assert_non_null(world_call(client, &(call_options) { .target = object }, &status));
    world_free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_no_more_than_the_window),
        cmocka_unit_test(test_enter_gives_back_before_the_return),
        cmocka_unit_test(test_early_calls_may_give_back_late),
        cmocka_unit_test(test_cancelled_call_gives_its_credit_back),
        cmocka_unit_test(test_large_bodies_both_ways_with_small_calls_between),
        cmocka_unit_test(test_bodies_take_turns),
        cmocka_unit_test(test_header_keeps_its_place_in_the_lane),
        cmocka_unit_test(test_longer_than_max_body),
        cmocka_unit_test(test_no_room_to_reserve),
        cmocka_unit_test(test_results_without_credit_go_as_bulk),
        cmocka_unit_test(test_results_that_nobody_takes_are_bounded),
        cmocka_unit_test(test_no_standstill),
        cmocka_unit_test(test_early_limits),
        cmocka_unit_test(test_many_references_early),
        cmocka_unit_test(test_too_many_questions),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
