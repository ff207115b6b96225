/** A daemon that shuts down while it is in use: what it still takes, what it refuses, and where its clients go. */
#include "probe.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static probe_server first, second;
static corbel_runtime *client;

static int set_up(void **state)
{
    corbel_error error = CORBEL_ERROR_INIT;
    (void)state;
    probe_server_start(&first, NULL, "127.0.0.1:0");
    probe_server_start(&second, NULL, "127.0.0.1:0");
    MUST(corbel_runtime_new(NULL, &client, &error));
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    corbel_runtime_unref(client);
    probe_server_stop(&first);
    probe_server_stop(&second);
    return 0;
}

/** "probe" at the first server, and, if both, else at the second. */
static probe_Probe *reference(bool both)
{
    corbel_error error = CORBEL_ERROR_INIT;
    probe_Probe *made = NULL;
    char uri[300];
    (void)snprintf(uri, sizeof uri, "%s%s%s", first.uri, both ? "," : "", both ? strchr(second.uri, '@') + 1 : "");
    MUST(probe_Probe_from_uri(client, uri, &made, &error));
    return made;
}

/** Calls are under way that do not end by themselves; then the first server is asked to end, and says that it is busy. */
static void drain_with(probe_Probe *probe, corbel_call **ret_call)
{
    corbel_error error = CORBEL_ERROR_INIT;
    *ret_call = probe_Probe_wait_begin(probe);
    assert_true(probe_event_wait(&first.state.waiting, 1));
    corbel_daemon_shutdown(first.daemon);
    assert_int_equal(corbel_daemon_join(first.daemon, 20, &error), CORBEL_BUSY);
    assert_non_null(strstr(error.message, "probe::Probe::wait"));
    corbel_error_clear(&error);
}

/** The client knows that the server drains: by GOAWAY, or because a call that crossed it was refused, behind it. */
static void learn(probe_Probe *probe)
{
    corbel_error error = CORBEL_ERROR_INIT;
    if (probe_Probe_add(probe, 1, 2, NULL, &error)) {
        assert_int_equal(error.status, CORBEL_DRAINING);
        assert_int_equal(error.completion, CORBEL_COMPLETED_NO);
        corbel_error_clear(&error);
    }
}

static void note(void *context, const corbel_error *why)
{
    assert_int_equal(why->status, CORBEL_GONE);
    probe_event_add(context, 1);
}

static void clients_go_elsewhere(void **state)
{
    corbel_error error = CORBEL_ERROR_INIT;
    static probe_event told;
    corbel_call *waits = NULL;
    (void)state;
    probe_event_init(&told);
    probe_Probe *const probe = reference(true), *const only = reference(false);
    MUST(probe_Probe_add(probe, 1, 2, NULL, &error));
    MUST(probe_Probe_add(only, 1, 2, NULL, &error));
    assert_int_equal(corbel_object_on_broken(probe_Probe_as_object(probe), note, &told), CORBEL_OK);
    drain_with(probe, &waits);
    learn(probe);
    const uint64_t before = atomic_load(&second.state.entered), there = atomic_load(&first.state.entered);
    for (int i = 0; i < 10; i++) {
        MUST(probe_Probe_add(probe, 1, 2, NULL, &error));
    }
    assert_int_equal(probe_Probe_add(only, 1, 2, NULL, &error), CORBEL_DRAINING); /* it knows no other */
    assert_int_equal(error.completion, CORBEL_COMPLETED_NO);
    assert_int_equal(atomic_load(&second.state.entered), before + 10);
    assert_int_equal(atomic_load(&first.state.entered), there);
    assert_int_equal(probe_event_count(&told), 0); /* the old session lives until its last call has ended */
    probe_event_add(&first.state.go_on, 1);
    MUST(probe_Probe_wait_finish(waits, &error));
    MUST(corbel_daemon_join(first.daemon, 20000 * probe_slow, &error));
    assert_true(probe_event_wait(&told, 1));
    MUST(probe_Probe_add(probe, 1, 2, NULL, &error));
    assert_int_equal(probe_event_count(&told), 1);
    corbel_error_clear(&error);
    probe_Probe_unref(probe);
    probe_Probe_unref(only);
}

/** A callback of the client's that calls the server again, once that drains. */
typedef struct caller_back {
    probe_Probe *probe;
    probe_event entered, go_on;
} caller_back;

static corbel_status call_again(void *self, corbel_request *request, int32_t a, int32_t b, int32_t *ret)
{
    caller_back *const c = self;
    corbel_error error = CORBEL_ERROR_INIT;
    probe_event_add(&c->entered, 1);
    if (!probe_event_wait(&c->go_on, 1)) {
        return corbel_request_fail(request, CORBEL_DEADLINE, "nobody said to go on");
    }
    return probe_Probe_add(c->probe, a, b, ret, &error) ? corbel_request_forward(request, &error) : CORBEL_OK;
}

static const probe_Listener_servant calls_again = { .add = call_again };

static void chains_that_run_are_still_served(void **state)
{
    corbel_error error = CORBEL_ERROR_INIT;
    static caller_back back;
    int32_t sum = 0;
    (void)state;
    probe_event_init(&back.entered);
    probe_event_init(&back.go_on);
    back.probe = reference(false);
    probe_Listener *const listener = probe_Listener_new(client, &calls_again, &back, NULL);
    MUST(probe_Probe_keep(back.probe, listener, &error));
    corbel_call *const call = probe_Probe_add_by_kept_begin(back.probe, 40, 2);
    assert_true(probe_event_wait(&back.entered, 1));
    corbel_daemon_shutdown(first.daemon);
    assert_int_equal(corbel_daemon_join(first.daemon, 20, &error), CORBEL_BUSY);
    assert_non_null(strstr(error.message, "add_by_kept"));
    assert_int_equal(probe_Probe_add(back.probe, 1, 2, &sum, &error), CORBEL_DRAINING); /* a new chain */
    assert_int_equal(error.completion, CORBEL_COMPLETED_NO);
    probe_event_add(&back.go_on, 1);
    MUST(probe_Probe_add_by_kept_finish(call, &sum, &error));
    assert_int_equal(sum, 42);
    MUST(corbel_daemon_join(first.daemon, 20000 * probe_slow, &error));
    probe_Listener_unref(listener);
    probe_Probe_unref(back.probe);
    corbel_error_clear(&error);
}

/** References that came in messages hang on the session: they are not found elsewhere, and say so. */
static void implicit_references_stay_with_their_server(void **state)
{
    corbel_error error = CORBEL_ERROR_INIT;
    corbel_call *waits = NULL;
    probe_Node *node = NULL;
    char *name = NULL;
    (void)state;
    probe_Probe *const probe = reference(true);
    MUST(probe_Probe_make_node(probe, "node", &node, &error));
    drain_with(probe, &waits);
    learn(probe);
    MUST(probe_Probe_add(probe, 1, 2, NULL, &error));
    assert_int_equal(probe_Node_get_name(node, &name, &error), CORBEL_DRAINING);
    assert_int_equal(error.completion, CORBEL_COMPLETED_NO);
    probe_event_add(&first.state.go_on, 1);
    MUST(probe_Probe_wait_finish(waits, &error));
    MUST(corbel_daemon_join(first.daemon, 20000 * probe_slow, &error));
    assert_int_equal(probe_Node_get_name(node, &name, &error), CORBEL_GONE);
    assert_int_equal(error.completion, CORBEL_COMPLETED_NO);
    corbel_error_clear(&error);
    probe_Node_unref(node);
    probe_Probe_unref(probe);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(clients_go_elsewhere, set_up, tear_down),
        cmocka_unit_test_setup_teardown(chains_that_run_are_still_served, set_up, tear_down),
        cmocka_unit_test_setup_teardown(implicit_references_stay_with_their_server, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
