/* Calls that are made again, over TCP and Unix sockets: those that never left are, in every way to call; those that may have run
 * are where that does no harm. Sessions are cut from the inside: while the client's link seems busy what it calls is queued and
 * does not leave, so that the cut says NO; what the servant holds up was entered, so that it says MAYBE. */
#include "probe.h"

#include "daemon/host.h"
#include "retry.corbel.h"
#include "runtime/base/clock.h"
#include "runtime/call/peer.h"
#include "runtime/call/retry.h"

#include <corbel/batch.h>
#include <corbel/dynamic.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

/* ---- the server ---- */

typedef struct server {
    corbel_runtime *runtime;
    corbel_daemon *daemon;
    again_Counter *object;
    char *uri;
    _Atomic int32_t total;
    _Atomic uint32_t bumps, looks, nudges;
    probe_event slow, go_on, nudged;
    _Atomic uint32_t slowly_entered; /* the first of these waits */
} server;

static corbel_status servant_bump(void *self, corbel_request *request, int32_t by, int32_t *ret)
{
    server *const s = self;
    (void)request;
    atomic_fetch_add(&s->bumps, 1);
    *ret = atomic_fetch_add(&s->total, by) + by;
    return CORBEL_OK;
}

static corbel_status servant_look(void *self, corbel_request *request, int32_t by, int32_t *ret)
{
    server *const s = self;
    (void)request;
    atomic_fetch_add(&s->looks, 1);
    *ret = by;
    return CORBEL_OK;
}

static void slowly(server *s)
{
    const bool first = atomic_fetch_add(&s->slowly_entered, 1) == 0;
    probe_event_add(&s->slow, 1);
    if (first) {
        assert_true(probe_event_wait(&s->go_on, 1));
    }
}

static corbel_status servant_bump_slowly(void *self, corbel_request *request, int32_t by, int32_t *ret)
{
    slowly(self);
    return servant_bump(self, request, by, ret);
}

static corbel_status servant_look_slowly(void *self, corbel_request *request, int32_t by, int32_t *ret)
{
    slowly(self);
    return servant_look(self, request, by, ret);
}

static corbel_status servant_nudge(void *self, corbel_request *request)
{
    server *const s = self;
    (void)request;
    atomic_fetch_add(&s->nudges, 1);
    probe_event_add(&s->nudged, 1);
    return CORBEL_OK;
}

static corbel_status servant_bump_with(void *self, corbel_request *request, again_Counter *other, corbel_bytes bytes,
                                       int32_t *ret)
{
    int32_t seen = 0;
    corbel_error error = CORBEL_ERROR_INIT;
    if (again_Counter_look(other, (int32_t)bytes.len, &seen, &error)) { /* the reference is good */
        return corbel_request_forward(request, &error);
    }
    return servant_bump(self, request, seen, ret);
}

static corbel_status servant_bump_other(void *self, corbel_request *request, again_Counter *other, int32_t *ret)
{
    corbel_error error = CORBEL_ERROR_INIT;
    if (again_Counter_bump(other, 1, ret, &error)) {
        return corbel_request_forward(request, &error);
    }
    return servant_bump(self, request, 1, ret);
}

static corbel_status servant_another(void *self, corbel_request *request, again_Counter **ret);

static const again_Counter_servant servant = {
    .bump = servant_bump,
    .look = servant_look,
    .bump_slowly = servant_bump_slowly,
    .look_slowly = servant_look_slowly,
    .nudge = servant_nudge,
    .bump_with = servant_bump_with,
    .bump_other = servant_bump_other,
    .another = servant_another,
};

static corbel_status servant_another(void *self, corbel_request *request, again_Counter **ret)
{
    *ret = again_Counter_new(corbel_request_runtime(request), &servant, self, NULL);
    return CORBEL_OK;
}

static const char *listens[] = { "localhost:0", "unix:/tmp/corbel-retry-test" };

static void server_start(server *s, const corbel_runtime_options *options, const char *listen)
{
    corbel_error error = CORBEL_ERROR_INIT;
    char address[128];
    memset(s, 0, sizeof *s);
    probe_event_init(&s->slow);
    probe_event_init(&s->go_on);
    probe_event_init(&s->nudged);
    (void)snprintf(address, sizeof address, strncmp(listen, "unix:", 5) == 0 ? "%s-%d" : "%s", listen, (int)getpid());
    MUST(corbel_runtime_new(options, &s->runtime, &error));
    MUST(corbel_daemon_new(s->runtime, address, &s->daemon, &error));
    s->object = again_Counter_new(s->runtime, &servant, s, NULL);
    MUST(corbel_daemon_register(s->daemon, "counter", again_Counter_as_object(s->object), &error));
    MUST(corbel_object_to_uri(again_Counter_as_object(s->object), &s->uri, &error));
}

static void server_stop(server *s)
{
    corbel_string_free(s->uri);
    again_Counter_unref(s->object);
    corbel_daemon_unref(s->daemon);
    corbel_runtime_unref(s->runtime);
}

/* ---- the client ---- */

typedef struct client {
    corbel_runtime *runtime;
    again_Counter *counter;
    corbel_error error;
    corbel_batch *batch;
    uint64_t questions; /* when it was held */
} client;

static void client_start(client *c, const server *s, const corbel_runtime_options *options)
{
    corbel_error error = CORBEL_ERROR_INIT;
    memset(c, 0, sizeof *c);
    c->error = (corbel_error)CORBEL_ERROR_INIT;
    MUST(corbel_runtime_new(options, &c->runtime, &error));
    MUST(again_Counter_from_uri(c->runtime, s->uri, &c->counter, &error));
    MUST(again_Counter_look(c->counter, 1, NULL, &error)); /* the session is up */
}

static void client_stop(client *c)
{
    corbel_error_clear(&c->error);
    again_Counter_unref(c->counter);
    corbel_runtime_unref(c->runtime);
}

static void count_questions(crb_peer *peer, void *user)
{
    crb_peer_lock(peer);
    *(uint64_t *)user += crb_session_get_stats(peer->session).questions;
    crb_peer_unlock(peer);
}

static uint64_t client_questions(client *c)
{
    uint64_t questions = 0;
    crb_runtime_each_peer(c->runtime, count_questions, &questions);
    return questions;
}

static void hold_one(crb_peer *peer, void *user)
{
    (void)user;
    for (bool held = false; !held;) {
        crb_peer_lock(peer);
        held = !peer->sending || peer->ended;
        peer->sending = peer->sending || held;
        crb_peer_unlock(peer);
    }
}

/** From now on what is called on its sessions is queued, and does not leave. */
static void client_hold(client *c)
{
    crb_runtime_each_peer(c->runtime, hold_one, NULL);
    c->questions = client_questions(c);
}

static void cut_one(crb_peer *peer, void *user)
{
    (void)user;
    crb_peer_lock(peer);
    if (!peer->ended) {
        crb_session_lost(peer->session, "cut by the test", crb_now());
    }
    peer->sending = false;
    crb_peer_unlock(peer);
}

static void client_cut(client *c)
{
    crb_runtime_each_peer(c->runtime, cut_one, NULL);
}

/** Waits until so many calls more are under way than when it was held. */
static void client_has(client *c, uint64_t n)
{
    for (uint64_t until = crb_now() + 20 * probe_slow * CRB_SECOND; client_questions(c) < c->questions + n;) {
        assert_true(crb_now() < until);
        sched_yield();
    }
}

static void sum_retries(crb_peer *peer, void *user)
{
    *(uint64_t *)user += atomic_load(&peer->retries);
}

/** Of the sessions that are listed. */
static uint64_t client_retries(client *c)
{
    uint64_t retries = 0;
    crb_runtime_each_peer(c->runtime, sum_retries, &retries);
    return retries;
}

/** A session of its own, for what a thread calls. */
typedef struct caller {
    client *client;
    corbel_status (*call)(struct caller *caller);
    corbel_status status;
    int32_t ret;
    corbel_error error;
    pthread_t thread;
} caller;

static void *caller_main(void *user)
{
    caller *const c = user;
    c->status = c->call(c);
    return NULL;
}

static void caller_start(caller *c, client *of, corbel_status (*call)(caller *))
{
    *c = (caller) { .client = of, .call = call, .error = CORBEL_ERROR_INIT };
    assert_int_equal(pthread_create(&c->thread, NULL, caller_main, c), 0);
}

static void caller_join(caller *c)
{
    assert_int_equal(pthread_join(c->thread, NULL), 0);
}

/* ---- ways to call ---- */

static corbel_status call_plainly(caller *c)
{
    return again_Counter_bump(c->client->counter, 5, &c->ret, &c->error);
}

static corbel_status call_and_finish(caller *c)
{
    return again_Counter_bump_finish(again_Counter_bump_begin(c->client->counter, 5), &c->ret, &c->error);
}

typedef struct finished {
    probe_event event;
    caller *caller;
    corbel_status status;
} finished;

static void bump_done(corbel_call *call, void *user)
{
    finished *const f = user;
    f->status = again_Counter_bump_finish(call, &f->caller->ret, &f->caller->error);
    probe_event_add(&f->event, 1);
}

static corbel_status call_with_callback(caller *c)
{
    finished f = { .caller = c };
    probe_event_init(&f.event);
    corbel_call_on_done(again_Counter_bump_begin(c->client->counter, 5), bump_done, &f);
    assert_true(probe_event_wait(&f.event, 1));
    return f.status;
}

static corbel_status call_dynamically(caller *c)
{
    char *text = NULL;
    const corbel_status status = corbel_json_call(again_Counter_as_object(c->client->counter), &again_Counter_interface, "bump",
                                                  "{\"by\":5}", &text, &c->error);
    c->ret = text == NULL ? 0 : atoi(text + strlen("{\"ret\":"));
    corbel_string_free(text);
    return status;
}

static corbel_status call_in_a_lane(caller *c)
{
    corbel_options options = CORBEL_OPTIONS_INIT;
    corbel_lane *const lane = corbel_lane_new();
    options.lane = lane;
    again_Counter *const other = again_Counter_with(c->client->counter, &options);
    corbel_lane_unref(lane);
    const corbel_status status = again_Counter_bump(other, 5, &c->ret, &c->error);
    again_Counter_unref(other);
    return status;
}

static corbel_status pass_begun(caller *c, again_Counter *what)
{
    uint8_t bytes[5] = { 1, 2, 3, 4, 5 };
    return again_Counter_bump_with_finish(again_Counter_bump_with_begin(c->client->counter, what, (corbel_bytes) { 5, bytes }),
                                          &c->ret, &c->error);
}

/** Passes an object of the client's, which the server calls. */
static corbel_status call_with_much(caller *c)
{
    static server own_state;
    again_Counter *const own = again_Counter_new(c->client->runtime, &servant, &own_state, NULL);
    const corbel_status status = pass_begun(c, own);
    again_Counter_unref(own);
    return status;
}

/** Passes what hangs on the session. */
static corbel_status call_with_what_breaks(caller *c)
{
    return pass_begun(c, c->client->counter);
}

static corbel_status call_oneway(caller *c)
{
    c->ret = 5;
    return again_Counter_nudge(c->client->counter, &c->error);
}

/* ---- NO ---- */

typedef struct way_row {
    corbel_status (*call)(caller *caller);
    bool dispatch; /* the client's runtime has user_dispatch */
} way_row;

static const way_row ways[] = {
    { call_plainly, false },   { call_and_finish, false }, { call_with_callback, false }, { call_dynamically, false },
    { call_in_a_lane, false }, { call_with_much, false },  { call_plainly, true },        { call_and_finish, true },
};

static void what_never_left_is_made_again(void **state)
{
    (void)state;
    size_t n = 0;
    for (size_t l = 0; l < 2; l++) {
        for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++) {
            server s;
            client c;
            caller call;
            corbel_runtime_options options = CORBEL_RUNTIME_OPTIONS_INIT;
            options.user_dispatch = ways[i].dispatch;
            server_start(&s, NULL, listens[l]);
            client_start(&c, &s, &options);
            if (ways[i].call == call_dynamically) { /* what it asks first is not what is to be cut */
                caller_start(&call, &c, ways[i].call);
                caller_join(&call);
                atomic_store(&s.total, 0);
                atomic_store(&s.bumps, 0);
            }
            client_hold(&c);
            caller_start(&call, &c, ways[i].call);
            client_has(&c, 1);
            client_cut(&c);
            caller_join(&call);
            if (call.status != CORBEL_OK) {
                corbel_error_print(&call.error, stderr);
            }
            assert_int_equal(call.status, CORBEL_OK);
            assert_int_equal(call.ret, 5);
            assert_int_equal(atomic_load(&s.bumps), 1);
            assert_int_equal(call.error.status, CORBEL_OK); /* a succeeding call leaves it alone */
            client_stop(&c);
            server_stop(&s);
            n++;
        }
    }
    assert_int_equal(n, 16);
}

static void with_no_retry_it_is_not(void **state)
{
    (void)state;
    for (size_t i = 0; i < 4; i++) { /* of the reference, of the runtime; a call that waits, one that was begun */
        server s;
        client c;
        caller call;
        corbel_runtime_options options = CORBEL_RUNTIME_OPTIONS_INIT;
        options.no_retry = i % 2 == 1;
        server_start(&s, NULL, listens[0]);
        client_start(&c, &s, &options);
        if (i % 2 == 0) {
            corbel_options how = CORBEL_OPTIONS_INIT;
            how.no_retry = true;
            again_Counter *const other = again_Counter_with(c.counter, &how);
            again_Counter_unref(c.counter);
            c.counter = again_Counter_with(other, NULL); /* it is handed on */
            again_Counter_unref(other);
        }
        client_hold(&c);
        caller_start(&call, &c, i < 2 ? call_plainly : call_and_finish);
        client_has(&c, 1);
        client_cut(&c);
        caller_join(&call);
        assert_int_equal(call.status, CORBEL_GONE);
        assert_int_equal(call.error.completion, CORBEL_COMPLETED_NO);
        assert_null(strstr(call.error.message, "attempts"));
        assert_int_equal(atomic_load(&s.bumps), 0);
        corbel_error_clear(&call.error);
        client_stop(&c);
        server_stop(&s);
    }
}

static void a_oneway_that_cannot_be_queued_is_sent_later(void **state)
{
    (void)state;
    server s;
    client c;
    caller call;
    server_start(&s, NULL, listens[0]);
    client_start(&c, &s, NULL);
    client_cut(&c);
    caller_start(&call, &c, call_oneway);
    caller_join(&call);
    assert_int_equal(call.status, CORBEL_OK);
    assert_true(probe_event_wait(&s.nudged, 1));
    client_stop(&c);
    server_stop(&s);
    assert_int_equal(atomic_load(&s.nudges), 1);
}

/* ---- MAYBE ---- */

static corbel_status call_slowly(caller *c)
{
    return again_Counter_bump_slowly(c->client->counter, 5, &c->ret, &c->error);
}

static corbel_status begin_slowly(caller *c)
{
    return again_Counter_bump_slowly_finish(again_Counter_bump_slowly_begin(c->client->counter, 5), &c->ret, &c->error);
}

static corbel_status look_slowly(caller *c)
{
    return again_Counter_look_slowly(c->client->counter, 5, &c->ret, &c->error);
}

static corbel_status begin_look_slowly(caller *c)
{
    return again_Counter_look_slowly_finish(again_Counter_look_slowly_begin(c->client->counter, 5), &c->ret, &c->error);
}

typedef struct maybe_row {
    corbel_status (*call)(caller *caller);
    bool idempotent;
} maybe_row;

static const maybe_row maybes[] = {
    { call_slowly, false }, { begin_slowly, false }, { look_slowly, true }, { begin_look_slowly, true }
};

static void what_may_have_run_is_made_again_only_where_that_does_no_harm(void **state)
{
    (void)state;
    size_t n = 0;
    for (size_t l = 0; l < 2; l++) {
        for (size_t i = 0; i < sizeof maybes / sizeof maybes[0]; i++) {
            server s;
            client c;
            caller call;
            server_start(&s, NULL, listens[l]);
            client_start(&c, &s, NULL);
            caller_start(&call, &c, maybes[i].call);
            assert_true(probe_event_wait(&s.slow, 1));
            client_cut(&c);
            caller_join(&call);
            probe_event_add(&s.go_on, 1);
            if (maybes[i].idempotent) {
                assert_int_equal(call.status, CORBEL_OK);
                assert_int_equal(call.ret, 5);
                assert_int_equal(probe_event_count(&s.slow), 2);
            } else {
                assert_int_equal(call.status, CORBEL_GONE);
                assert_int_equal(call.error.completion, CORBEL_COMPLETED_MAYBE);
                assert_null(strstr(call.error.message, "attempts"));
                corbel_error_clear(&call.error);
            }
            client_stop(&c);
            server_stop(&s);
            if (!maybes[i].idempotent) {
                assert_int_equal(probe_event_count(&s.slow), 1); /* nothing came later */
            }
            n++;
        }
    }
    assert_int_equal(n, 8);
}

/* ---- what is never made again ---- */

static void a_call_whose_successors_were_sent_is_not(void **state)
{
    (void)state;
    server s;
    client c;
    int32_t value = 0;
    server_start(&s, NULL, listens[0]);
    client_start(&c, &s, NULL);
    client_hold(&c);
    corbel_call *const first = again_Counter_bump_begin(c.counter, 1);
    corbel_call *const second = again_Counter_bump_begin(c.counter, 10);
    client_cut(&c);
    assert_int_equal(again_Counter_bump_finish(first, &value, &c.error), CORBEL_GONE);
    assert_int_equal(c.error.completion, CORBEL_COMPLETED_NO);
    assert_int_equal(again_Counter_bump_finish(second, &value, &c.error), CORBEL_OK);
    assert_int_equal(value, 10);
    assert_int_equal(atomic_load(&s.bumps), 1);
    /* Nor one that waits to be made again, when another is sent meanwhile: it would come behind that. */
    corbel_error_clear(&c.error);
    client_hold(&c);
    corbel_call *const third = again_Counter_bump_begin(c.counter, 100);
    client_cut(&c);
    assert_int_equal(again_Counter_bump(c.counter, 1000, &value, &c.error), CORBEL_OK);
    const corbel_status status = again_Counter_bump_finish(third, &value, &c.error);
    assert_true(status == CORBEL_GONE || (status == CORBEL_OK && value == 110)); /* it was made again in time, and before */
    client_stop(&c);
    server_stop(&s);
}

static corbel_status run_batch(caller *c)
{
    return corbel_batch_run(c->client->batch, &c->error);
}

static void a_batch_and_a_promise_are_not(void **state)
{
    (void)state;
    server s;
    client c;
    int32_t value = 0;
    server_start(&s, NULL, listens[0]);
    client_start(&c, &s, NULL);
    corbel_batch *const batch = corbel_batch_new(c.runtime, CORBEL_BATCH_CONTINUE);
    corbel_options options = CORBEL_OPTIONS_INIT;
    options.batch = batch;
    again_Counter *const gathered = again_Counter_with(c.counter, &options);
    corbel_call *const in_batch = again_Counter_bump_begin(gathered, 1);
    caller call;
    client_hold(&c);
    c.batch = batch;
    caller_start(&call, &c, run_batch);
    client_has(&c, 1);
    client_cut(&c);
    caller_join(&call);
    corbel_error_clear(&call.error);
    assert_int_equal(again_Counter_bump_finish(in_batch, &value, &c.error), CORBEL_GONE);
    assert_int_equal(c.error.completion, CORBEL_COMPLETED_NO);
    assert_int_equal(again_Counter_look(c.counter, 1, &value, &c.error), CORBEL_OK);
    client_hold(&c);
    again_Counter *const promise = again_Counter_another_promise(c.counter);
    corbel_call *const on_promise = again_Counter_bump_begin(promise, 1);
    client_cut(&c);
    assert_int_equal(again_Counter_bump_finish(on_promise, &value, &c.error), CORBEL_GONE);
    assert_int_equal(c.error.completion, CORBEL_COMPLETED_NO);
    assert_int_equal(atomic_load(&s.bumps), 0);
    again_Counter_unref(promise);
    again_Counter_unref(gathered);
    corbel_batch_unref(batch);
    client_stop(&c);
    server_stop(&s);
}

static void a_call_that_passes_what_has_broken_is_not(void **state)
{
    (void)state;
    server s;
    client c;
    caller call;
    server_start(&s, NULL, listens[0]);
    client_start(&c, &s, NULL);
    client_hold(&c);
    caller_start(&call, &c, call_with_what_breaks);
    client_has(&c, 1);
    client_cut(&c);
    caller_join(&call);
    assert_int_equal(call.status, CORBEL_GONE);
    assert_int_equal(call.error.completion, CORBEL_COMPLETED_NO);
    corbel_error_clear(&call.error);
    client_stop(&c);
    server_stop(&s);
}

static void a_broken_reference_is_not(void **state)
{
    (void)state;
    server s;
    client c;
    caller call;
    again_Counter *other = NULL;
    corbel_error error = CORBEL_ERROR_INIT;
    server_start(&s, NULL, listens[0]);
    client_start(&c, &s, NULL);
    MUST(again_Counter_another(c.counter, &other, &error));
    again_Counter_unref(c.counter);
    c.counter = other;
    for (size_t i = 0; i < 2; i++) {
        client_hold(&c);
        caller_start(&call, &c, i == 0 ? call_and_finish : call_plainly);
        if (i == 0) {
            client_has(&c, 1);
            client_cut(&c);
        }
        caller_join(&call);
        assert_int_equal(call.status, CORBEL_GONE);
        assert_int_equal(call.error.completion, CORBEL_COMPLETED_NO);
        corbel_error_clear(&call.error);
    }
    assert_int_equal(atomic_load(&s.bumps), 0);
    client_stop(&c);
    server_stop(&s);
}

/* ---- ends while it waits to be made again ---- */

/** A server whose one worker is held up, and which lets nobody else wait. */
static void full_server_start(server *s, client *c)
{
    corbel_limits limits = CORBEL_LIMITS_INIT;
    limits.max_waiting = 1;
    corbel_runtime_options options = CORBEL_RUNTIME_OPTIONS_INIT;
    options.limits = &limits;
    options.max_workers = 1;
    options.no_substitutes = true;
    server_start(s, &options, listens[0]);
    client_start(c, s, NULL);
}

/** Waits until so many calls wait there to be entered. */
static void server_has_waiting(server *s, uint32_t n)
{
    for (uint64_t until = crb_now() + 20 * probe_slow * CRB_SECOND;;) {
        pthread_mutex_lock(&s->runtime->dispatch_lock);
        const uint32_t waiting = crb_overload_waiting(s->runtime->dispatch);
        pthread_mutex_unlock(&s->runtime->dispatch_lock);
        if (waiting >= n) {
            return;
        }
        assert_true(crb_now() < until);
        sched_yield();
    }
}

/** Fills it; what to finish at the end is in calls. */
static void full_server_fill(server *s, client *c, corbel_call *calls[2])
{
    corbel_options options = CORBEL_OPTIONS_INIT;
    options.overlap = true;
    again_Counter *const overlapping = again_Counter_with(c->counter, &options);
    calls[0] = again_Counter_bump_slowly_begin(overlapping, 1);
    assert_true(probe_event_wait(&s->slow, 1));
    calls[1] = again_Counter_bump_begin(overlapping, 1);
    again_Counter_unref(overlapping);
    server_has_waiting(s, 1);
    corbel_options once = CORBEL_OPTIONS_INIT;
    once.no_retry = true;
    once.overlap = true;
    again_Counter *const probe = again_Counter_with(c->counter, &once);
    assert_int_equal(again_Counter_look(probe, 1, NULL, &c->error), CORBEL_OVERLOADED);
    assert_int_equal(c->error.completion, CORBEL_COMPLETED_NO);
    assert_true(corbel_error_retry_after_ms(&c->error) >= 1);
    assert_true(corbel_error_retry_after_ms(&c->error) <= 5000);
    again_Counter_unref(probe);
}

static void full_server_empty(server *s, client *c, corbel_call *calls[2])
{
    corbel_error error = CORBEL_ERROR_INIT;
    int32_t value = 0;
    probe_event_add(&s->go_on, 1);
    MUST(again_Counter_bump_slowly_finish(calls[0], &value, &error));
    MUST(again_Counter_bump_finish(calls[1], &value, &error));
    client_stop(c);
    server_stop(s);
}

static corbel_status overlapping(caller *c, uint32_t deadline_ms, corbel_status (*call)(again_Counter *counter, caller *c))
{
    corbel_options options = CORBEL_OPTIONS_INIT;
    options.overlap = true;
    options.deadline_ms = deadline_ms;
    again_Counter *const other = again_Counter_with(c->client->counter, &options);
    const corbel_status status = call(other, c);
    again_Counter_unref(other);
    return status;
}

static corbel_status bump_now(again_Counter *counter, caller *c)
{
    return again_Counter_bump(counter, 5, &c->ret, &c->error);
}

static corbel_status bump_later(again_Counter *counter, caller *c)
{
    return again_Counter_bump_finish(again_Counter_bump_begin(counter, 5), &c->ret, &c->error);
}

static corbel_status bump_now_for_long(caller *c)
{
    return overlapping(c, 0, bump_now);
}

static corbel_status bump_later_for_long(caller *c)
{
    return overlapping(c, 0, bump_later);
}

static corbel_status bump_now_soon(caller *c)
{
    return overlapping(c, 300, bump_now);
}

static corbel_status bump_later_soon(caller *c)
{
    return overlapping(c, 300, bump_later);
}

static void who_is_refused_comes_back(void **state)
{
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        server s;
        client c;
        caller call;
        corbel_call *calls[2];
        full_server_start(&s, &c);
        full_server_fill(&s, &c, calls);
        const uint64_t before = client_retries(&c);
        caller_start(&call, &c, i == 0 ? bump_now_for_long : bump_later_for_long);
        for (uint64_t until = crb_now() + 20 * probe_slow * CRB_SECOND; client_retries(&c) == before;) {
            assert_true(crb_now() < until);
            sched_yield();
        }
        probe_event_add(&s.go_on, 1);
        caller_join(&call);
        assert_int_equal(call.status, CORBEL_OK);
        full_server_empty(&s, &c, calls);
        assert_int_equal(atomic_load(&s.bumps), 3);
    }
}

static void the_error_tells_how_often_it_was_tried(void **state)
{
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        server s;
        client c;
        caller call;
        corbel_call *calls[2];
        full_server_start(&s, &c);
        full_server_fill(&s, &c, calls);
        caller_start(&call, &c, i == 0 ? bump_now_soon : bump_later_soon);
        caller_join(&call);
        assert_true(call.status == CORBEL_OVERLOADED || call.status == CORBEL_DEADLINE);
        assert_int_equal(call.error.completion, CORBEL_COMPLETED_NO);
        assert_non_null(strstr(call.error.message, "attempts"));
        /* The last attempt may have been on its way when the deadline passed. */
        assert_true(call.status == CORBEL_DEADLINE || strstr(call.error.message, "wait here") != NULL);
        corbel_error_clear(&call.error);
        full_server_empty(&s, &c, calls);
        assert_int_equal(atomic_load(&s.bumps), 2);
    }
}

static void the_budget_holds(void **state)
{
    (void)state;
    server s;
    client c;
    caller calls_of[40];
    corbel_call *calls[2];
    full_server_start(&s, &c);
    full_server_fill(&s, &c, calls);
    for (size_t i = 0; i < 40; i++) {
        caller_start(&calls_of[i], &c, i % 2 == 0 ? bump_now_soon : bump_later_soon);
    }
    size_t told = 0;
    for (size_t i = 0; i < 40; i++) {
        caller_join(&calls_of[i]);
        assert_true(calls_of[i].status == CORBEL_OVERLOADED || calls_of[i].status == CORBEL_DEADLINE);
        assert_int_equal(calls_of[i].error.completion, CORBEL_COMPLETED_NO);
        told += strstr(calls_of[i].error.message, crb_retry_why(CRB_RETRY_BUDGET)) != NULL;
        corbel_error_clear(&calls_of[i].error);
    }
    /* Forty calls, and four before them: ten retries, one more for each ten calls, and for each ten of those. */
    assert_true(client_retries(&c) >= 10);
    assert_true(client_retries(&c) <= 16);
    assert_true(told > 0);
    full_server_empty(&s, &c, calls);
}

static void what_waits_can_be_cancelled(void **state)
{
    (void)state;
    server s;
    client c;
    corbel_call *calls[2];
    int32_t value = 0;
    full_server_start(&s, &c);
    full_server_fill(&s, &c, calls);
    corbel_options options = CORBEL_OPTIONS_INIT;
    options.overlap = true;
    again_Counter *const other = again_Counter_with(c.counter, &options);
    const uint64_t before = client_retries(&c);
    corbel_call *const call = again_Counter_bump_begin(other, 5);
    corbel_call *const dropped = again_Counter_bump_begin(other, 5);
    for (uint64_t until = crb_now() + 20 * probe_slow * CRB_SECOND; client_retries(&c) < before + 2;) {
        assert_true(crb_now() < until);
        sched_yield();
    }
    corbel_call_cancel(call);
    corbel_call_drop(dropped);
    assert_int_equal(again_Counter_bump_finish(call, &value, &c.error), CORBEL_CANCELLED);
    const bool no = c.error.completion == CORBEL_COMPLETED_NO;
    again_Counter_unref(other);
    full_server_empty(&s, &c, calls);
    /* Two, and those that were on their way again when they were cancelled. */
    assert_in_range(atomic_load(&s.bumps), 2, no ? 3 : 4);
}

static void what_waits_ends_with_its_runtime(void **state)
{
    (void)state;
    server s;
    client c, second;
    corbel_call *calls[2];
    caller call = { .client = &second, .error = CORBEL_ERROR_INIT };
    finished f = { .caller = &call };
    probe_event_init(&f.event);
    full_server_start(&s, &c);
    client_start(&second, &s, NULL);
    full_server_fill(&s, &c, calls);
    const uint64_t before = client_retries(&second);
    corbel_call_on_done(again_Counter_bump_begin(second.counter, 5), bump_done, &f);
    for (uint64_t until = crb_now() + 20 * probe_slow * CRB_SECOND; client_retries(&second) == before;) {
        assert_true(crb_now() < until);
        sched_yield();
    }
    again_Counter_unref(second.counter);
    corbel_runtime_unref(second.runtime);
    assert_true(probe_event_wait(&f.event, 1));
    assert_true(f.status != CORBEL_OK);
    assert_int_equal(call.error.completion, CORBEL_COMPLETED_NO);
    corbel_error_clear(&call.error);
    corbel_error_clear(&second.error);
    full_server_empty(&s, &c, calls);
    assert_int_equal(atomic_load(&s.bumps), 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_never_left_is_made_again),
        cmocka_unit_test(with_no_retry_it_is_not),
        cmocka_unit_test(a_oneway_that_cannot_be_queued_is_sent_later),
        cmocka_unit_test(what_may_have_run_is_made_again_only_where_that_does_no_harm),
        cmocka_unit_test(a_call_whose_successors_were_sent_is_not),
        cmocka_unit_test(a_batch_and_a_promise_are_not),
        cmocka_unit_test(a_call_that_passes_what_has_broken_is_not),
        cmocka_unit_test(a_broken_reference_is_not),
        cmocka_unit_test(who_is_refused_comes_back),
        cmocka_unit_test(the_error_tells_how_often_it_was_tried),
        cmocka_unit_test(the_budget_holds),
        cmocka_unit_test(what_waits_can_be_cancelled),
        cmocka_unit_test(what_waits_ends_with_its_runtime),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
