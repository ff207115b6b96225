/** Who is who: two runtimes share one session whoever dialled, also when both did at once; a session that died in silence ends at
 *  both ends when its dialler comes again. (Who says that he is somebody else: tests/hostile/identity_test.c.) */
#include "probe.h"
#include "wire.h"

#include "runtime/base/clock.h"
#include "runtime/call/peer.h"

#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static uint16_t port_of(const char *uri)
{
    return (uint16_t)strtoul(strrchr(uri, ':') + 1, NULL, 10);
}

/** Sessions that a runtime has, and those of them that may be used for what is new. */
static unsigned sessions(corbel_runtime *runtime, bool only_alive)
{
    unsigned n = 0;
    pthread_mutex_lock(&runtime->lock);
    for (const crb_peer *peer = runtime->peers; peer != NULL; peer = peer->next) {
        n += only_alive ? atomic_load(&peer->alive) : 1;
    }
    pthread_mutex_unlock(&runtime->lock);
    return n;
}

/** Waits until both runtimes have so many. Nothing tells of it: it is looked for. */
static void wait_sessions(corbel_runtime *a, corbel_runtime *b, unsigned n)
{
    for (unsigned i = 0; sessions(a, false) != n || sessions(b, false) != n; i++) {
        if (i > 10000 * probe_slow) {
            fail_msg("%u and %u sessions instead of %u", sessions(a, false), sessions(b, false), n);
        }
        (void)poll(NULL, 0, 2);
    }
}

/** A runtime has its first session open: the peer's HELLO has come. */
static void wait_accepted(corbel_runtime *runtime)
{
    for (unsigned i = 0;; i++) {
        bool open = false;
        pthread_mutex_lock(&runtime->lock);
        crb_peer *peer = runtime->peers;
        while (peer != NULL && peer->address != NULL) {
            peer = peer->next;
        }
        if (peer != NULL) {
            crb_peer_ref(peer);
        }
        pthread_mutex_unlock(&runtime->lock);
        if (peer != NULL) {
            crb_peer_lock(peer);
            open = peer->open;
            crb_peer_unlock(peer);
            crb_peer_unref(peer);
        }
        if (open) {
            return;
        }
        assert_true(i < 10000 * probe_slow);
        (void)poll(NULL, 0, 2);
    }
}

static probe_Probe *reference(corbel_runtime *runtime, uint16_t port)
{
    corbel_error error = CORBEL_ERROR_INIT;
    probe_Probe *made = NULL;
    char uri[100];
    (void)snprintf(uri, sizeof uri, "corbel:probe@127.0.0.1:%u", port);
    MUST(probe_Probe_from_uri(runtime, uri, &made, &error));
    return made;
}

typedef struct caller {
    pthread_t thread;
    probe_Probe *probe;
    pthread_barrier_t *barrier;
    corbel_status status;
    corbel_error error;
} caller;

static void *caller_run(void *argument)
{
    caller *const c = argument;
    int32_t sum = 0;
    if (c->barrier != NULL) {
        pthread_barrier_wait(c->barrier);
    }
    c->error = (corbel_error)CORBEL_ERROR_INIT;
    for (int i = 0; i < 3 && c->status == CORBEL_OK; i++) {
        c->status = probe_Probe_add(c->probe, i, 1, &sum, &c->error);
    }
    return NULL;
}

static void who_was_called_calls_back_over_the_same_session(void **state)
{
    corbel_error error = CORBEL_ERROR_INIT;
    static probe_server a, b;
    int32_t sum = 0;
    (void)state;
    probe_server_start(&a, NULL, "127.0.0.1:0");
    probe_server_start(&b, NULL, "127.0.0.1:0");
    probe_Probe *const b_from_a = reference(a.runtime, port_of(b.uri));
    probe_Probe *const a_from_b = reference(b.runtime, port_of(a.uri));
    MUST(probe_Probe_add(b_from_a, 1, 2, &sum, &error));
    MUST(probe_Probe_add(a_from_b, 2, 3, &sum, &error)); /* dials, and is told that there is one already */
    assert_int_equal(sum, 5);
    wait_sessions(a.runtime, b.runtime, 1);
    MUST(probe_Probe_add(b_from_a, 1, 2, &sum, &error));
    MUST(probe_Probe_add(a_from_b, 2, 3, &sum, &error));
    probe_Probe *const again = reference(b.runtime, port_of(a.uri));
    MUST(probe_Probe_add(again, 2, 3, &sum, &error));
    assert_int_equal(sessions(a.runtime, false), 1); /* it does not even dial */
    probe_Probe_unref(again);
    probe_Probe_unref(b_from_a);
    probe_Probe_unref(a_from_b);
    probe_server_stop(&a);
    probe_server_stop(&b);
}

/** Both dial, and neither hears of the other's before its own was answered. */
static void both_dial_at_once(void **state)
{
    corbel_error error = CORBEL_ERROR_INIT;
    static probe_server a, b;
    wire to_a, to_b;
    caller calls_b = { 0 }, calls_a = { 0 };
    int32_t sum = 0;
    (void)state;
    probe_server_start(&a, NULL, "127.0.0.1:0");
    probe_server_start(&b, NULL, "127.0.0.1:0");
    wire_start(&to_a, port_of(a.uri));
    wire_start(&to_b, port_of(b.uri));
    atomic_store(&to_a.hold_back, true); /* what who dialled is to hear */
    atomic_store(&to_b.hold_back, true);
    calls_b.probe = reference(a.runtime, to_b.port);
    calls_a.probe = reference(b.runtime, to_a.port);
    assert_int_equal(pthread_create(&calls_b.thread, NULL, caller_run, &calls_b), 0);
    assert_int_equal(pthread_create(&calls_a.thread, NULL, caller_run, &calls_a), 0);
    wait_accepted(a.runtime);
    wait_accepted(b.runtime);
    const bool a_stays = memcmp(a.runtime->instance, b.runtime->instance, 16) < 0; /* the one that the smaller dialled */
    wire_release(a_stays ? &to_a : &to_b); /* so that the other one is in use before anybody knows */
    assert_int_equal(pthread_join(a_stays ? calls_a.thread : calls_b.thread, NULL), 0);
    wire_release(a_stays ? &to_b : &to_a);
    assert_int_equal(pthread_join(a_stays ? calls_b.thread : calls_a.thread, NULL), 0);
    probe_must(calls_a.status, &calls_a.error, "a's call"); /* neither was killed */
    probe_must(calls_b.status, &calls_b.error, "b's call");
    assert_int_equal(sessions(a.runtime, false), 2);
    assert_int_equal(sessions(b.runtime, false), 2);
    corbel_runtime *const other = a_stays ? b.runtime : a.runtime;
    for (unsigned i = 0; sessions(other, true) != 1; i++) { /* the other learns of it */
        assert_true(i < 10000 * probe_slow);
        (void)poll(NULL, 0, 2);
    }
    /* What is new goes by the one that stays, also from who dialled the other. */
    wire *const leaving = a_stays ? &to_a : &to_b;
    const unsigned dialled = atomic_load(&leaving->connections);
    probe_Probe *const fresh = reference(other, leaving->port);
    MUST(probe_Probe_add(fresh, 4, 5, &sum, &error));
    assert_int_equal(sum, 9);
    assert_int_equal(atomic_load(&leaving->connections), dialled);
    probe_Probe *const old = a_stays ? calls_a.probe : calls_b.probe;
    MUST(probe_Probe_add(old, 5, 6, &sum, &error)); /* what hung on the one that leaves works on */
    assert_int_equal(sum, 11);
    assert_int_equal(sessions(a.runtime, false), 2);
    probe_Probe_unref(old); /* and with it that goes */
    wait_sessions(a.runtime, b.runtime, 1);
    MUST(probe_Probe_add(fresh, 4, 5, &sum, &error));
    MUST(probe_Probe_add(a_stays ? calls_b.probe : calls_a.probe, 4, 5, &sum, &error));
    probe_Probe_unref(fresh);
    probe_Probe_unref(a_stays ? calls_b.probe : calls_a.probe);
    probe_server_stop(&a);
    probe_server_stop(&b);
    wire_stop(&to_a);
    wire_stop(&to_b);
}

/** The same without holding anything up: whatever comes of it, all calls work, and one session is left. */
static void many_dial_at_once(void **state)
{
    enum { ROUNDS = 25 };
    (void)state;
    for (int round = 0; round < ROUNDS; round++) {
        static probe_server servers[2];
        caller callers[4];
        pthread_barrier_t barrier;
        pthread_barrier_init(&barrier, NULL, 4);
        probe_server_start(&servers[0], NULL, "127.0.0.1:0");
        probe_server_start(&servers[1], NULL, "127.0.0.1:0");
        for (size_t i = 0; i < 4; i++) {
            callers[i] =
                (caller) { .barrier = &barrier, .probe = reference(servers[i % 2].runtime, port_of(servers[1 - i % 2].uri)) };
            assert_int_equal(pthread_create(&callers[i].thread, NULL, caller_run, &callers[i]), 0);
        }
        for (size_t i = 0; i < 4; i++) {
            assert_int_equal(pthread_join(callers[i].thread, NULL), 0);
            probe_must(callers[i].status, &callers[i].error, "a call");
        }
        const bool first = memcmp(servers[0].runtime->instance, servers[1].runtime->instance, 16) < 0;
        /* Those of the larger may hang on the session that leaves. */
        probe_Probe_unref(callers[first ? 1 : 0].probe);
        probe_Probe_unref(callers[first ? 3 : 2].probe);
        wait_sessions(servers[0].runtime, servers[1].runtime, 1);
        probe_Probe_unref(callers[first ? 0 : 1].probe);
        probe_Probe_unref(callers[first ? 2 : 3].probe);
        pthread_barrier_destroy(&barrier);
        probe_server_stop(&servers[0]);
        probe_server_stop(&servers[1]);
    }
}

typedef struct told {
    probe_event event;
    char why[300];
} told;

static void note(void *context, const corbel_error *why)
{
    told *const t = context;
    (void)snprintf(t->why, sizeof t->why, "%s", why->message);
    probe_event_add(&t->event, 1);
}

/** The client hears nothing any more, while the server hears it: only the client can know that the session is over. */
static void a_session_that_died_in_silence_ends_at_both_ends(void **state)
{
    corbel_error error = CORBEL_ERROR_INIT;
    static probe_server server;
    static probe_listener_state listening;
    static told there, here;
    corbel_limits limits = CORBEL_LIMITS_INIT;
    corbel_runtime_options options = CORBEL_RUNTIME_OPTIONS_INIT;
    corbel_runtime *client = NULL;
    probe_Node *node = NULL;
    wire between;
    int32_t sum = 0;
    (void)state;
    probe_event_init(&there.event);
    probe_event_init(&here.event);
    limits.ping_idle_ms = 100;
    limits.ping_timeout_ms = 3000 * (probe_slow > 1 ? 4 : 1);
    options.limits = &limits;
    probe_server_start(&server, NULL, "127.0.0.1:0");
    wire_start(&between, port_of(server.uri));
    MUST(corbel_runtime_new(&options, &client, &error));
    probe_listener_init(&listening);
    probe_Listener *const listener = probe_listener_new(client, &listening);
    probe_Probe *const probe = reference(client, between.port);
    MUST(probe_Probe_keep(probe, listener, &error));
    MUST(probe_Probe_make_node(probe, "node", &node, &error));
    assert_int_equal(corbel_object_on_broken(probe_Listener_as_object(server.state.kept), note, &there), CORBEL_OK);
    assert_int_equal(corbel_object_on_broken(probe_Node_as_object(node), note, &here), CORBEL_OK);
    atomic_store(&between.hold_back, true);
    assert_int_equal(probe_Probe_add(probe, 1, 2, &sum, &error), CORBEL_GONE);
    assert_int_equal(error.completion, CORBEL_COMPLETED_MAYBE);
    assert_int_equal(probe_event_count(&there.event), 0); /* the server has no idea */
    atomic_store(&between.hold_back, false);
    MUST(probe_Probe_add(probe, 2, 3, &sum, &error));
    assert_int_equal(sum, 5);
    assert_true(probe_event_wait(&there.event, 1));
    assert_non_null(strstr(there.why, "the peer says that it is over"));
    assert_true(probe_event_wait(&here.event, 1));
    wait_sessions(server.runtime, client, 1);
    MUST(probe_Probe_add(probe, 2, 3, &sum, &error));
    assert_int_equal(probe_event_count(&there.event), 1);
    assert_int_equal(probe_event_count(&here.event), 1);
    corbel_error_clear(&error);
    probe_Node_unref(node);
    probe_Probe_unref(probe);
    probe_Listener_unref(listener);
    corbel_runtime_unref(client);
    probe_server_stop(&server);
    wire_stop(&between);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_was_called_calls_back_over_the_same_session),
        cmocka_unit_test(both_dial_at_once),
        cmocka_unit_test(many_dial_at_once),
        cmocka_unit_test(a_session_that_died_in_silence_ends_at_both_ends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
