/** How long objects live: what holds them, when they are finalized, and what a stale reference meets. */
#include "probe.h"

#include "runtime/base/clock.h"
#include "runtime/call/peer.h"

#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define KEEP_MS 300u /* of objects whose holder was lost: less than by default, so that the tests need not wait as long */

static probe_server server;
static corbel_runtime *client;
static probe_Probe *probe;

static int set_up(void **state)
{
    corbel_error error = CORBEL_ERROR_INIT;
    (void)state;
    probe_server_start(&server, NULL, NULL);
    assert_int_equal(server.runtime->limits.keep_lost_ms, 2000);
    server.runtime->limits.keep_lost_ms = KEEP_MS;
    MUST(corbel_runtime_new(NULL, &client, &error));
    MUST(probe_Probe_from_uri(client, server.uri, &probe, &error));
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    probe_Probe_unref(probe);
    corbel_runtime_unref(client);
    probe_server_stop(&server);
    return 0;
}

static uint64_t finalized(void)
{
    return probe_event_count(&server.state.finalized);
}

enum { NODES = 20 };

static void make(probe_Node *nodes[NODES])
{
    corbel_error error = CORBEL_ERROR_INIT;
    for (int i = 0; i < NODES; i++) {
        MUST(probe_Probe_make_node(probe, "node", &nodes[i], &error));
    }
}

static void drop(probe_Node *nodes[NODES])
{
    for (int i = 0; i < NODES; i++) {
        probe_Node_unref(nodes[i]);
    }
}

static void a_lost_holder_is_given_time(void **state)
{
    probe_Node *nodes[NODES];
    (void)state;
    make(nodes);
    const uint64_t begin = crb_now();
    probe_server_cut(&server);
    assert_int_equal(finalized(), 0);
    assert_true(probe_event_wait(&server.state.finalized, NODES));
    assert_true(crb_now() - begin >= KEEP_MS * CRB_MS);
    drop(nodes);
    assert_int_equal(finalized(), NODES);
}

static void a_holder_that_says_goodbye_is_not(void **state)
{
    probe_Node *nodes[NODES];
    (void)state;
    server.runtime->limits.keep_lost_ms = 3600000; /* it would be noticed */
    make(nodes);
    corbel_runtime_unref(client);
    client = NULL;
    assert_true(probe_event_wait(&server.state.finalized, NODES));
    drop(nodes);
    assert_int_equal(finalized(), NODES);
}

static void nothing_is_kept_beyond_the_end_of_the_owner(void **state)
{
    probe_Node *nodes[NODES];
    corbel_error error = CORBEL_ERROR_INIT;
    (void)state;
    server.runtime->limits.keep_lost_ms = 3600000;
    make(nodes);
    probe_server_cut(&server);
    corbel_daemon_shutdown(server.daemon);
    MUST(corbel_daemon_join(server.daemon, 1000, &error));
    assert_true(probe_event_wait(&server.state.finalized, NODES));
    drop(nodes);
    assert_int_equal(finalized(), NODES);
}

/** It is the session that is given time: who comes back meanwhile takes nothing over, but finds what others hold. */
static void another_holder_keeps_it(void **state)
{
    probe_Node *nodes[NODES], *next = NULL;
    corbel_error error = CORBEL_ERROR_INIT;
    char *name = NULL;
    (void)state;
    make(nodes);
    probe_Node *kept = NULL;
    MUST(probe_Probe_make_node(server.object, "kept", &kept, &error));
    MUST(corbel_daemon_register(server.daemon, "kept", probe_Node_as_object(kept), &error));
    char *uri = NULL;
    MUST(corbel_daemon_uri(server.daemon, "kept", &uri, &error));
    probe_Node *by_uri = NULL;
    MUST(probe_Node_from_uri(client, uri, &by_uri, &error));
    MUST(probe_Node_set_next(by_uri, nodes[0], &error)); /* now the node kept holds it, too */
    probe_server_cut(&server);
    assert_true(probe_event_wait(&server.state.finalized, NODES - 1));
    MUST(probe_Node_get_next(by_uri, &next, &error));
    MUST(probe_Node_get_name(next, &name, &error));
    assert_string_equal(name, "node");
    assert_int_equal(finalized(), NODES - 1);
    probe_Node_unref(next);
    MUST(probe_Node_set_next(by_uri, NULL, &error));
    assert_true(probe_event_wait(&server.state.finalized, NODES));
    /* A registered object lives until it is unregistered, and then until nobody holds it. */
    probe_Node_unref(kept);
    MUST(probe_Node_get_label(by_uri, NULL, &error));
    assert_int_equal(finalized(), NODES);
    MUST(corbel_daemon_unregister(server.daemon, "kept", &error));
    assert_true(probe_event_wait(&server.state.finalized, NODES + 1));
    assert_int_equal(probe_Node_get_label(by_uri, NULL, &error), CORBEL_NOT_FOUND);
    corbel_error_clear(&error);
    corbel_string_free(name);
    corbel_string_free(uri);
    probe_Node_unref(by_uri);
    drop(nodes);
}

/** What is gone is "no such object", also when its place has been taken. */
static void stale_is_never_another(void **state)
{
    corbel_error error = CORBEL_ERROR_INIT;
    probe_Node *first = NULL, *by_uri = NULL, *held = NULL;
    char *uri = NULL, *name = NULL;
    (void)state;
    MUST(probe_Probe_make_node(server.object, "first", &first, &error));
    MUST(corbel_daemon_register(server.daemon, "place", probe_Node_as_object(first), &error));
    MUST(corbel_daemon_uri(server.daemon, "place", &uri, &error));
    MUST(probe_Node_from_uri(client, uri, &by_uri, &error));
    MUST(probe_Node_get_label(by_uri, NULL, &error)); /* it is bound, so that what is passed is the object itself */
    MUST(probe_Node_set_next(by_uri, by_uri, &error));
    MUST(probe_Node_get_next(by_uri, &held, &error));
    MUST(probe_Node_set_next(by_uri, NULL, &error));
    MUST(corbel_daemon_unregister(server.daemon, "place", &error));
    probe_Node_unref(first);
    assert_true(probe_event_wait(&server.state.finalized, 1));
    MUST(probe_Probe_make_node(server.object, "second", &first, &error));
    MUST(corbel_daemon_register(server.daemon, "place", probe_Node_as_object(first), &error));
    for (int i = 0; i < 3; i++) {
        assert_int_equal(probe_Node_get_name(held, &name, &error), CORBEL_NOT_FOUND);
        assert_int_equal(error.completion, CORBEL_COMPLETED_NO);
    }
    corbel_status status;
    while ((status = probe_Node_get_name(by_uri, &name, &error)) == CORBEL_NOT_FOUND) { /* GONE is on its way */
        sched_yield();
    }
    assert_int_equal(status, CORBEL_OK);
    assert_string_equal(name, "second"); /* by its id it is found again */
    assert_int_equal(probe_Node_get_name(held, NULL, &error), CORBEL_NOT_FOUND);
    probe_Node_unref(held);
    probe_Node_unref(by_uri);
    probe_Node_unref(first);
    corbel_string_free(name);
    corbel_string_free(uri);
    corbel_error_clear(&error);
}

/** Ids that are made up are long and random; those of objects that were never registered find nothing. */
static void ids_cannot_be_guessed(void **state)
{
    enum { IDS = 200 };
    static char ids[IDS][80];
    corbel_error error = CORBEL_ERROR_INIT;
    (void)state;
    for (int i = 0; i < IDS; i++) {
        probe_Node *made = NULL;
        char *uri = NULL;
        MUST(probe_Probe_make_node(server.object, "made", &made, &error));
        MUST(corbel_daemon_register(server.daemon, NULL, probe_Node_as_object(made), &error));
        MUST(corbel_object_to_uri(probe_Node_as_object(made), &uri, &error));
        assert_int_equal(strncmp(uri, "corbel:object-", 14), 0);
        assert_int_equal(strcspn(uri + 14, "@"), 32);
        (void)snprintf(ids[i], sizeof ids[i], "%.*s", 32, uri + 14);
        assert_int_equal(strspn(ids[i], "0123456789abcdef"), 32);
        for (int k = 0; k < i; k++) {
            assert_int_not_equal(strncmp(ids[k], ids[i], 16), 0); /* neither half comes twice */
            assert_int_not_equal(strncmp(ids[k] + 16, ids[i] + 16, 16), 0);
        }
        corbel_string_free(uri);
        probe_Node_unref(made);
    }
}

/* ---- finalizers ---- */

typedef struct guest {
    probe_Listener_servant servant;
    probe_Probe *host; /* called by the finalizer */
    pthread_t thread;
    corbel_status status;
    probe_event finalized;
} guest;

static void guest_finalize(void *self)
{
    guest *const g = self;
    corbel_error error = CORBEL_ERROR_INIT;
    probe_Node *made = NULL;
    g->thread = pthread_self();
    /* Over the very session whose peer has let go: that would not go under any of our locks. */
    g->status = probe_Probe_make_node(g->host, "from a finalizer", &made, &error);
    probe_Node_unref(made);
    corbel_error_clear(&error);
    probe_event_add(&g->finalized, 1);
}

static void a_finalizer_may_call(void **state)
{
    corbel_error error = CORBEL_ERROR_INIT;
    guest g;
    (void)state;
    memset(&g, 0, sizeof g);
    probe_event_init(&g.finalized);
    g.host = probe;
    g.status = CORBEL_FAILED;
    probe_Listener *const listener = probe_Listener_new(client, &g.servant, &g, guest_finalize);
    MUST(probe_Probe_keep(probe, listener, &error));
    probe_Listener_unref(listener);
    MUST(probe_Probe_add(probe, 1, 1, NULL, &error));
    assert_int_equal(probe_event_count(&g.finalized), 0); /* the server holds it */
    MUST(probe_Probe_keep(probe, NULL, &error));
    assert_true(probe_event_wait(&g.finalized, 1));
    assert_int_equal(g.status, CORBEL_OK);
    assert_false(pthread_equal(g.thread, pthread_self()));
    assert_true(probe_event_wait(&server.state.finalized, 1));
}

static void not_before_the_last_call_has_left(void **state)
{
    corbel_error error = CORBEL_ERROR_INIT;
    (void)state;
    probe_event ended;
    probe_event_init(&ended);
    corbel_call *const call = probe_Probe_wait_begin(probe);
    assert_true(probe_event_wait(&server.state.waiting, 1));
    /* While it runs its object is unregistered, and its caller lost. */
    MUST(corbel_daemon_unregister(server.daemon, "probe", &error));
    probe_server_cut(&server);
    assert_int_equal(probe_Probe_wait_finish(call, &error), CORBEL_GONE);
    assert_int_equal(error.completion, CORBEL_COMPLETED_MAYBE);
    corbel_error_clear(&error);
    assert_true(atomic_load(&probe_Probe_as_object(server.object)->target->refs) >= 2); /* ours, the call's */
    probe_event_add(&server.state.go_on, 1);
    const uint64_t until = crb_now() + 20 * probe_slow * CRB_SECOND;
    while (atomic_load(&probe_Probe_as_object(server.object)->target->refs) > 1 && crb_now() < until) {
        sched_yield();
    }
    assert_int_equal(atomic_load(&probe_Probe_as_object(server.object)->target->refs), 1);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_lost_holder_is_given_time),
        TEST(a_holder_that_says_goodbye_is_not),
        TEST(nothing_is_kept_beyond_the_end_of_the_owner),
        TEST(another_holder_keeps_it),
        TEST(stale_is_never_another),
        TEST(ids_cannot_be_guessed),
        TEST(a_finalizer_may_call),
        TEST(not_before_the_last_call_has_left),
    };
    return cmocka_run_group_tests_name("lifetimes", tests, NULL, NULL);
}
