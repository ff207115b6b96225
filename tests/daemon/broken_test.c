/** corbel_object_on_broken(): told once, on a worker, no lock held, whatever becomes of the reference meanwhile. */
#include "probe.h"

#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static probe_server server;
static corbel_runtime *client;
static probe_Probe *probe;

static int set_up(void **state)
{
    corbel_error error = CORBEL_ERROR_INIT;
    (void)state;
    probe_server_start(&server, NULL, NULL);
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

/** What a callback was told. */
typedef struct told {
    probe_event event;
    corbel_status status;
    corbel_completion completion;
    char message[300];
    pthread_t thread;
    corbel_object *reference; /* for those that use it */
    probe_event leaving;
    _Atomic bool returned;
} told;

static void told_init(told *t)
{
    memset(t, 0, sizeof *t);
    probe_event_init(&t->event);
    probe_event_init(&t->leaving);
}

static void note(void *context, const corbel_error *why)
{
    told *const t = context;
    t->status = why->status;
    t->completion = why->completion;
    (void)snprintf(t->message, sizeof t->message, "%s", why->message);
    t->thread = pthread_self();
    probe_event_add(&t->event, 1);
}

/** Calls until the client has noticed that its session was cut, and has another. */
static void reach(void)
{
    corbel_error error = CORBEL_ERROR_INIT;
    while (probe_Probe_add(probe, 1, 2, NULL, &error)) {
        assert_int_equal(error.status, CORBEL_GONE);
    }
    corbel_error_clear(&error);
}

static probe_Node *make(void)
{
    corbel_error error = CORBEL_ERROR_INIT;
    probe_Node *made = NULL;
    MUST(probe_Probe_make_node(probe, "node", &made, &error));
    return made;
}

static corbel_status watch(void *reference, told *t)
{
    return corbel_object_on_broken(reference, note, t);
}

/** By now every callback of a session that was cut has been called that ever will be: one that was set last was, too. */
static void all_told(void)
{
    told last;
    told_init(&last);
    reach();
    probe_Node *const made = make();
    assert_int_equal(watch(made, &last), CORBEL_OK);
    probe_server_cut(&server);
    assert_true(probe_event_wait(&last.event, 1));
    probe_Node_unref(made);
}

static void an_implicit_reference_is_broken_for_good(void **state)
{
    corbel_error error = CORBEL_ERROR_INIT;
    told t;
    char *name = NULL;
    (void)state;
    told_init(&t);
    probe_Node *const made = make();
    assert_int_equal(watch(made, &t), CORBEL_OK);
    probe_server_cut(&server);
    assert_true(probe_event_wait(&t.event, 1));
    assert_int_equal(t.status, CORBEL_GONE);
    assert_int_equal(t.completion, CORBEL_COMPLETED_NO);
    assert_non_null(strstr(t.message, "has ended: "));
    assert_non_null(strstr(t.message, "cut by the test"));
    assert_false(pthread_equal(t.thread, pthread_self()));
    for (int i = 0; i < 2; i++) { /* and stays so, though the process can be reached again */
        assert_int_equal(probe_Node_get_name(made, &name, &error), CORBEL_GONE);
        assert_int_equal(error.completion, CORBEL_COMPLETED_NO);
        assert_non_null(strstr(error.message, "broken for good"));
        assert_non_null(strstr(error.message, "cut by the test"));
        MUST(probe_Probe_add(probe, 1, 1, NULL, &error));
    }
    all_told();
    assert_int_equal(probe_event_count(&t.event), 1);
    probe_Node_unref(made);
    corbel_error_clear(&error);
}

static void asked_of_a_broken_one_it_tells_at_once(void **state)
{
    told t;
    (void)state;
    told_init(&t);
    probe_Node *const made = make();
    probe_server_cut(&server);
    for (uint64_t i = 1; i <= 3; i++) {
        corbel_status status;
        while ((status = watch(made, &t)) == CORBEL_EXISTS) { /* the callback before has not quite returned, or not begun */
            sched_yield();
        }
        assert_int_equal(status, CORBEL_OK);
        assert_true(probe_event_wait(&t.event, i));
        assert_int_equal(t.status, CORBEL_GONE);
        assert_non_null(strstr(t.message, "cut by the test"));
    }
    assert_int_equal(probe_event_count(&t.event), 3);
    probe_Node_unref(made);
}

static void one_at_a_time_and_it_can_be_taken_back(void **state)
{
    told first, second;
    (void)state;
    told_init(&first);
    told_init(&second);
    probe_Node *const made = make();
    assert_int_equal(corbel_object_on_broken(probe_Node_as_object(made), NULL, NULL), CORBEL_OK);
    assert_int_equal(watch(made, &first), CORBEL_OK);
    assert_int_equal(watch(made, &second), CORBEL_EXISTS);
    assert_int_equal(corbel_object_on_broken(probe_Node_as_object(made), NULL, NULL), CORBEL_OK);
    assert_int_equal(watch(made, &second), CORBEL_OK);
    probe_server_cut(&server);
    assert_true(probe_event_wait(&second.event, 1));
    all_told();
    assert_int_equal(probe_event_count(&first.event), 0);
    assert_int_equal(probe_event_count(&second.event), 1);
    probe_Node_unref(made);
}

static void derived_references_break_together(void **state)
{
    corbel_error error = CORBEL_ERROR_INIT;
    told t[3];
    probe_Named *cast = NULL;
    corbel_options options = CORBEL_OPTIONS_INIT;
    (void)state;
    for (int i = 0; i < 3; i++) {
        told_init(&t[i]);
    }
    probe_Node *const made = make();
    probe_Node *const derived = probe_Node_with(made, &options);
    probe_Node *const gone = probe_Node_with(made, &options);
    MUST(probe_Named_cast(probe_Node_as_object(made), &cast, &error));
    assert_int_equal(watch(derived, &t[0]), CORBEL_OK);
    assert_int_equal(watch(cast, &t[1]), CORBEL_OK);
    assert_int_equal(watch(gone, &t[2]), CORBEL_OK);
    probe_Node_unref(made);
    probe_Node_unref(gone); /* its callback goes with it */
    probe_server_cut(&server);
    assert_true(probe_event_wait(&t[0].event, 1));
    assert_true(probe_event_wait(&t[1].event, 1));
    all_told();
    assert_int_equal(probe_event_count(&t[0].event), 1);
    assert_int_equal(probe_event_count(&t[1].event), 1);
    assert_int_equal(probe_event_count(&t[2].event), 0);
    probe_Node_unref(derived);
    probe_Named_unref(cast);
}

/** Asks to be told again, and calls: a reference by URI is found again from inside. */
static void note_and_again(void *context, const corbel_error *why)
{
    corbel_error error = CORBEL_ERROR_INIT;
    told *const t = context;
    (void)why;
    assert_int_equal(corbel_object_on_broken(t->reference, note_and_again, t), CORBEL_OK);
    MUST(probe_Probe_add((probe_Probe *)t->reference, 1, 2, NULL, &error));
    probe_event_add(&t->event, 1);
}

static void a_reference_by_uri_binds_again(void **state)
{
    corbel_error error = CORBEL_ERROR_INIT;
    told once, again, derived_told;
    (void)state;
    told_init(&once);
    told_init(&again);
    told_init(&derived_told);
    probe_Probe *const second = probe_Probe_with(probe, NULL);
    again.reference = probe_Probe_as_object(second);
    /* Before it is bound to anything. */
    assert_int_equal(watch(probe, &once), CORBEL_OK);
    assert_int_equal(corbel_object_on_broken(again.reference, note_and_again, &again), CORBEL_OK);
    probe_server_cut(&server);
    MUST(probe_Probe_add(probe, 1, 2, NULL, &error));
    assert_int_equal(probe_event_count(&once.event), 0);
    probe_server_cut(&server);
    assert_true(probe_event_wait(&once.event, 1));
    assert_true(probe_event_wait(&again.event, 1));
    MUST(probe_Probe_add(probe, 1, 2, NULL, &error));
    /* While it is bound; and told of every break, since it asks each time. */
    probe_Probe *const third = probe_Probe_with(probe, NULL);
    assert_int_equal(watch(third, &derived_told), CORBEL_OK);
    for (uint64_t i = 2; i <= 5; i++) {
        probe_server_cut(&server);
        assert_true(probe_event_wait(&again.event, i));
    }
    assert_true(probe_event_wait(&derived_told.event, 1));
    assert_int_equal(probe_event_count(&derived_told.event), 1);
    assert_int_equal(probe_event_count(&once.event), 1);
    probe_Probe_unref(third);
    probe_Probe_unref(second);
}

/** Between two sessions there is nothing that could break. */
static void asked_between_two_sessions(void **state)
{
    corbel_error error = CORBEL_ERROR_INIT;
    told t, before;
    (void)state;
    told_init(&t);
    told_init(&before);
    MUST(probe_Probe_add(probe, 1, 2, NULL, &error));
    assert_int_equal(watch(probe, &before), CORBEL_OK);
    probe_server_cut(&server);
    assert_true(probe_event_wait(&before.event, 1));
    corbel_status status;
    while ((status = watch(probe, &t)) == CORBEL_EXISTS) {
        sched_yield();
    }
    assert_int_equal(status, CORBEL_OK);
    MUST(probe_Probe_add(probe, 1, 2, NULL, &error));
    assert_int_equal(probe_event_count(&t.event), 0);
    probe_server_cut(&server);
    assert_true(probe_event_wait(&t.event, 1));
    assert_int_equal(probe_event_count(&t.event), 1);
}

/** The object is gone, and another has its id: the reference hangs on the session all the same. */
static void rebound_to_another_object(void **state)
{
    corbel_error error = CORBEL_ERROR_INIT;
    told t;
    (void)state;
    told_init(&t);
    MUST(probe_Probe_add(probe, 1, 2, NULL, &error));
    assert_int_equal(watch(probe, &t), CORBEL_OK);
    MUST(corbel_daemon_unregister(server.daemon, "probe", &error));
    probe_Node *other = NULL;
    MUST(probe_Probe_make_node(server.object, "other", &other, &error));
    MUST(corbel_daemon_register(server.daemon, "probe", probe_Probe_as_object(server.object), &error));
    corbel_status status;
    while ((status = probe_Probe_add(probe, 1, 2, NULL, &error)) == CORBEL_NOT_FOUND) { /* GONE is on its way */
        sched_yield();
    }
    assert_int_equal(status, CORBEL_OK);
    assert_int_equal(probe_event_count(&t.event), 0);
    probe_server_cut(&server);
    assert_true(probe_event_wait(&t.event, 1));
    assert_int_equal(probe_event_count(&t.event), 1);
    probe_Node_unref(other);
    corbel_error_clear(&error);
}

static void unref_inside(void *context, const corbel_error *why)
{
    told *const t = context;
    (void)why;
    corbel_object_unref(t->reference); /* the last */
    probe_event_add(&t->event, 1);
}

static void given_back_from_inside(void **state)
{
    told t;
    (void)state;
    for (int by_uri = 0; by_uri < 2; by_uri++) {
        corbel_error error = CORBEL_ERROR_INIT;
        probe_Probe *found = NULL;
        told_init(&t);
        MUST(probe_Probe_from_uri(client, server.uri, &found, &error));
        MUST(probe_Probe_add(found, 1, 1, NULL, &error));
        t.reference = by_uri != 0 ? probe_Probe_as_object(found) : probe_Node_as_object(make());
        assert_int_equal(corbel_object_on_broken(t.reference, unref_inside, &t), CORBEL_OK);
        probe_server_cut(&server);
        assert_true(probe_event_wait(&t.event, 1));
        if (by_uri == 0) {
            probe_Probe_unref(found);
        }
    }
}

static void slow(void *context, const corbel_error *why)
{
    told *const t = context;
    (void)why;
    probe_event_add(&t->event, 1);
    (void)probe_event_wait(&t->leaving, 1);
    for (int i = 0; i < 2000; i++) { /* the other thread is on its way into the library */
        sched_yield();
    }
    atomic_store(&t->returned, true);
}

static void who_lets_go_waits_for_the_callback(void **state)
{
    told t;
    (void)state;
    for (int way = 0; way < 2; way++) {
        told_init(&t);
        probe_Node *const made = make();
        assert_int_equal(corbel_object_on_broken(probe_Node_as_object(made), slow, &t), CORBEL_OK);
        probe_server_cut(&server);
        assert_true(probe_event_wait(&t.event, 1));
        probe_event_add(&t.leaving, 1);
        if (way == 0) {
            assert_int_equal(corbel_object_on_broken(probe_Node_as_object(made), NULL, NULL), CORBEL_OK);
            assert_true(atomic_load(&t.returned));
        }
        probe_Node_unref(made);
        assert_true(atomic_load(&t.returned));
    }
}

static void a_watch_holds_nothing(void **state)
{
    told t;
    (void)state;
    told_init(&t);
    probe_Node *const made = make();
    assert_int_equal(watch(made, &t), CORBEL_OK);
    probe_Node_unref(made);
    assert_true(probe_event_wait(&server.state.finalized, 1));
    probe_server_cut(&server);
    all_told();
    assert_int_equal(probe_event_count(&t.event), 0);
}

static void the_peer_says_goodbye(void **state)
{
    corbel_error error = CORBEL_ERROR_INIT;
    told t;
    (void)state;
    told_init(&t);
    probe_Node *const made = make();
    assert_int_equal(watch(made, &t), CORBEL_OK);
    corbel_daemon_shutdown(server.daemon);
    MUST(corbel_daemon_join(server.daemon, 1000, &error));
    assert_true(probe_event_wait(&t.event, 1));
    assert_non_null(strstr(t.message, "goodbye"));
    probe_Node_unref(made);
}

static void what_we_end_ourselves_tells_nobody(void **state)
{
    told t, of_own;
    (void)state;
    told_init(&t);
    told_init(&of_own);
    probe_listener_state heard;
    probe_listener_init(&heard);
    probe_Listener *const own = probe_listener_new(client, &heard);
    probe_Node *const made = make();
    assert_int_equal(watch(made, &t), CORBEL_OK);
    assert_int_equal(watch(own, &of_own), CORBEL_OK); /* of this process: never breaks */
    assert_int_equal(watch(probe, &t), CORBEL_OK);
    corbel_runtime_unref(client);
    client = NULL;
    assert_int_equal(watch(made, &t), CORBEL_GONE);
    assert_int_equal(corbel_object_on_broken(NULL, note, &t), CORBEL_NIL_REFERENCE);
    assert_int_equal(probe_event_count(&t.event), 0);
    assert_int_equal(probe_event_count(&of_own.event), 0);
    probe_Node_unref(made);
    probe_Listener_unref(own);
}

/** Many threads take references, ask, take it back and let go, while the sessions are cut again and again. */
static void at_random(void *argument_told)
{
    corbel_error error = CORBEL_ERROR_INIT;
    told *const t = argument_told;
    for (int i = 0; i < 60; i++) {
        probe_Node *made = NULL;
        if (probe_Probe_make_node(probe, "random", &made, &error) != CORBEL_OK) {
            assert_true(error.status == CORBEL_GONE || error.status == CORBEL_UNREACHABLE);
            continue;
        }
        const uint64_t before = probe_event_count(&t->event);
        assert_int_equal(watch(made, t), CORBEL_OK);
        if (i % 5 == 4) {
            probe_server_cut(&server);
            assert_true(probe_event_wait(&t->event, before + 1));
        } else if (i % 5 == 3) {
            assert_int_equal(corbel_object_on_broken(probe_Node_as_object(made), NULL, NULL), CORBEL_OK);
        }
        probe_Node_unref(made);
        const uint64_t after = probe_event_count(&t->event);
        assert_true(after - before <= 1);
        sched_yield();
        assert_int_equal(probe_event_count(&t->event), after); /* not after it was let go of */
    }
    corbel_error_clear(&error);
}

static void *at_random_thread(void *argument)
{
    at_random(argument);
    return NULL;
}

static void many_threads(void **state)
{
    enum { THREADS = 4 };
    pthread_t threads[THREADS];
    static told t[THREADS];
    (void)state;
    for (int i = 0; i < THREADS; i++) {
        told_init(&t[i]);
        assert_int_equal(pthread_create(&threads[i], NULL, at_random_thread, &t[i]), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
    }
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(an_implicit_reference_is_broken_for_good),
        TEST(asked_of_a_broken_one_it_tells_at_once),
        TEST(one_at_a_time_and_it_can_be_taken_back),
        TEST(derived_references_break_together),
        TEST(a_reference_by_uri_binds_again),
        TEST(asked_between_two_sessions),
        TEST(rebound_to_another_object),
        TEST(given_back_from_inside),
        TEST(who_lets_go_waits_for_the_callback),
        TEST(a_watch_holds_nothing),
        TEST(the_peer_says_goodbye),
        TEST(what_we_end_ourselves_tells_nobody),
        TEST(many_threads),
    };
    return cmocka_run_group_tests_name("broken references", tests, NULL, NULL);
}
