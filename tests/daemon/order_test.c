/** Order: calls of one thread to one object enter one after another, whatever their kind. Floods: nothing is lost, nothing locks
 * up. */
#include "probe.h"

#include "runtime/base/clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static probe_server server;
static corbel_runtime *client;
static probe_Probe *probe;
static probe_listener_state heard;
static probe_Listener *listener;

static int set_up(void **state)
{
    corbel_error error = CORBEL_ERROR_INIT;
    (void)state;
    probe_server_start(&server, NULL, NULL);
    MUST(corbel_runtime_new(NULL, &client, &error));
    MUST(probe_Probe_from_uri(client, server.uri, &probe, &error));
    probe_listener_init(&heard);
    listener = probe_listener_new(client, &heard);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    probe_Listener_unref(listener);
    probe_Probe_unref(probe);
    corbel_runtime_unref(client);
    probe_server_stop(&server);
    return 0;
}

static void oneways_then_a_call(void **state)
{
    corbel_error error = CORBEL_ERROR_INIT;
    probe_Probe *const both[] = { probe, server.object };
    (void)state;
    for (size_t which = 0; which < 2; which++) {
        uint64_t entered = 0, before = 0;
        MUST(probe_Probe_entered(both[which], &before, &error));
        pthread_mutex_lock(&server.state.lock); /* any worker may be the one that reads it */
        server.state.last_notified = 0;
        pthread_mutex_unlock(&server.state.lock);
        for (uint32_t i = 1; i <= 2000; i++) {
            MUST(probe_Probe_notify(both[which], i, &error));
        }
        MUST(probe_Probe_entered(both[which], &entered, &error)); /* behind all of them */
        assert_int_equal(entered - before, 2000);
        assert_int_equal(server.state.out_of_order, 0);
    }
}

/** A client that says goodbye has been heard: what it sent before is run. */
static void oneways_before_a_goodbye(void **state)
{
    corbel_error error = CORBEL_ERROR_INIT;
    corbel_runtime *brief = NULL;
    probe_Probe *sent_to = NULL;
    (void)state;
    MUST(corbel_runtime_new(NULL, &brief, &error));
    MUST(probe_Probe_from_uri(brief, server.uri, &sent_to, &error));
    for (uint32_t i = 1; i <= 3000; i++) {
        MUST(probe_Probe_notify(sent_to, i, &error));
    }
    probe_Probe_unref(sent_to);
    corbel_runtime_unref(brief);
    assert_true(probe_event_wait(&server.state.notified, 3000));
    assert_int_equal(server.state.out_of_order, 0);
}

static void begun_calls(void **state)
{
    enum { CALLS = 500 };
    corbel_error error = CORBEL_ERROR_INIT;
    corbel_call *calls[CALLS];
    (void)state;
    for (int i = 0; i < CALLS; i++) {
        calls[i] = probe_Probe_entered_begin(probe);
        MUST(probe_Probe_notify(probe, (uint32_t)i + 1, &error));
    }
    for (int i = 0; i < CALLS; i++) {
        uint64_t entered = 0;
        MUST(probe_Probe_entered_finish(calls[i], &entered, &error));
        assert_int_equal(entered, i); /* the oneways before it, and none behind it */
    }
}

static void a_large_call_is_not_overtaken(void **state)
{
    corbel_error error = CORBEL_ERROR_INIT;
    const size_t size = 3u << 20;
    uint8_t *const data = calloc(1, size);
    uint64_t entered = 0;
    (void)state;
    assert_non_null(data);
    corbel_call *const large = probe_Probe_blob_begin(probe, (corbel_bytes) { size, data });
    MUST(probe_Probe_entered(probe, &entered, &error));
    assert_int_equal(entered, 1);
    MUST(probe_Probe_blob_finish(large, NULL, &error));
    free(data);
}

static void ten_thousand_callbacks_from_inside(void **state)
{
    corbel_error error = CORBEL_ERROR_INIT;
    uint32_t sent = 0;
    (void)state;
    MUST(probe_Probe_flood(probe, listener, 10000, true, &sent, &error));
    assert_int_equal(sent, 10000);
    assert_true(probe_event_wait(&heard.heard, 10000));
    assert_int_equal(heard.out_of_order, 0);
    assert_int_equal(heard.last[0], 10000);
}

static void from_inside_without_waiting_some_are_refused(void **state)
{
    corbel_error error = CORBEL_ERROR_INIT;
    uint32_t sent = 0;
    (void)state;
    MUST(probe_Probe_flood(probe, listener, 1000000, false, &sent, &error));
    assert_true(sent > 0);
    assert_true(sent < 1000000);
    assert_true(probe_event_wait(&heard.heard, sent)); /* what was taken arrives */
    assert_int_equal(heard.out_of_order, 0);
}

static void ten_thousand_callbacks_from_a_thread_in_no_operation(void **state)
{
    corbel_error error = CORBEL_ERROR_INIT;
    (void)state;
    MUST(probe_Probe_flood_from_threads(probe, listener, 1, 10000, &error));
    assert_true(probe_event_wait(&heard.heard, 10000));
    assert_int_equal(heard.out_of_order, 0);
}

static void from_four_threads_at_once(void **state)
{
    corbel_error error = CORBEL_ERROR_INIT;
    (void)state;
    MUST(probe_Probe_flood_from_threads(probe, listener, 4, 10000, &error));
    assert_true(probe_event_wait(&heard.heard, 40000));
    assert_int_equal(heard.out_of_order, 0);
    for (int i = 0; i < 4; i++) {
        assert_int_equal(heard.last[i], 10000);
    }
}

typedef struct flooder {
    probe_Probe *at;
    const char *other;
    uint32_t sent;
    corbel_status status;
    pthread_t thread;
} flooder;

static void *flooder_main(void *argument)
{
    flooder *const f = argument;
    corbel_error error = CORBEL_ERROR_INIT;
    f->status = probe_Probe_flood_probe(f->at, f->other, 1000000, &f->sent, &error);
    corbel_error_clear(&error);
    return NULL;
}

/** Each of two daemons has one worker, busy with sending oneways to the other: nobody takes any. */
static void two_daemons_that_flood_each_other_end(void **state)
{
    static const corbel_runtime_options one_worker = { .size = sizeof one_worker, .max_workers = 1, .no_substitutes = true };
    corbel_error error = CORBEL_ERROR_INIT;
    corbel_options hasty = CORBEL_OPTIONS_INIT;
    probe_server servers[2];
    probe_Probe *at[2];
    flooder flooders[2];
    (void)state;
    hasty.deadline_ms = 1000;
    for (int i = 0; i < 2; i++) {
        probe_server_start(&servers[i], &one_worker, NULL);
    }
    for (int i = 0; i < 2; i++) {
        probe_Probe *plain = NULL;
        MUST(probe_Probe_from_uri(client, servers[i].uri, &plain, &error));
        MUST(probe_Probe_add(plain, 1, 1, NULL, &error));
        at[i] = probe_Probe_with(plain, &hasty);
        probe_Probe_unref(plain);
    }
    const uint64_t begin = crb_now();
    for (int i = 0; i < 2; i++) {
        flooders[i] = (flooder) { .at = at[i], .other = servers[1 - i].uri };
        assert_int_equal(pthread_create(&flooders[i].thread, NULL, flooder_main, &flooders[i]), 0);
    }
    for (int i = 0; i < 2; i++) {
        pthread_join(flooders[i].thread, NULL);
        assert_int_not_equal(flooders[i].status, CORBEL_OK);
    }
    assert_true(crb_now() - begin < probe_slow * 5 * CRB_SECOND);
    for (int i = 0; i < 2; i++) {
        int32_t sum = 0;
        corbel_options patient = CORBEL_OPTIONS_INIT;
        patient.deadline_ms = 20000 * probe_slow;
        probe_Probe *const again = probe_Probe_with(at[i], &patient);
        MUST(probe_Probe_add(again, 20, 22, &sum, &error)); /* they serve on */
        assert_int_equal(sum, 42);
        probe_Probe_unref(again);
        probe_Probe_unref(at[i]);
    }
    for (int i = 0; i < 2; i++) {
        probe_server_stop(&servers[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(oneways_then_a_call, set_up, tear_down),
        cmocka_unit_test_setup_teardown(oneways_before_a_goodbye, set_up, tear_down),
        cmocka_unit_test_setup_teardown(begun_calls, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_large_call_is_not_overtaken, set_up, tear_down),
        cmocka_unit_test_setup_teardown(ten_thousand_callbacks_from_inside, set_up, tear_down),
        cmocka_unit_test_setup_teardown(from_inside_without_waiting_some_are_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(ten_thousand_callbacks_from_a_thread_in_no_operation, set_up, tear_down),
        cmocka_unit_test_setup_teardown(from_four_threads_at_once, set_up, tear_down),
        cmocka_unit_test_setup_teardown(two_daemons_that_flood_each_other_end, set_up, tear_down),
    };
    return cmocka_run_group_tests_name("order", tests, NULL, NULL);
}
