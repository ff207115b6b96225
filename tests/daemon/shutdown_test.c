/** The end of daemons: from a signal, from another thread, from inside an operation; with calls still running. */
#include "probe.h"

#include "runtime/base/clock.h"

#include <errno.h>
#include <setjmp.h>
#include <signal.h>
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
    MUST(probe_Probe_add(probe, 1, 1, NULL, &error));
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

static void from_inside_an_operation(void **state)
{
    corbel_error error = CORBEL_ERROR_INIT;
    (void)state;
    MUST(probe_Probe_shut_down(probe, &error)); /* is answered all the same */
    MUST(corbel_daemon_run(server.daemon, &error));
    assert_int_not_equal(probe_Probe_add(probe, 1, 1, NULL, &error), CORBEL_OK);
    assert_int_equal(error.completion, CORBEL_COMPLETED_NO);
    corbel_error_clear(&error);
}

static void from_a_signal(void **state)
{
    corbel_error error = CORBEL_ERROR_INIT;
    (void)state;
    MUST(corbel_daemon_shutdown_on_signals(server.daemon, &error));
    assert_int_equal(raise(SIGTERM), 0);
    MUST(corbel_daemon_run(server.daemon, &error));
}

static void *shut_down_later(void *argument)
{
    corbel_daemon_shutdown(argument);
    return NULL;
}

static void from_another_thread(void **state)
{
    corbel_error error = CORBEL_ERROR_INIT;
    pthread_t thread;
    (void)state;
    assert_int_equal(pthread_create(&thread, NULL, shut_down_later, server.daemon), 0);
    MUST(corbel_daemon_run(server.daemon, &error));
    pthread_join(thread, NULL);
}

static void a_call_that_does_not_end_is_named(void **state)
{
    corbel_error error = CORBEL_ERROR_INIT;
    (void)state;
    corbel_call *const call = probe_Probe_wait_begin(probe);
    assert_true(probe_event_wait(&server.state.waiting, 1));
    corbel_daemon_shutdown(server.daemon);
    assert_int_equal(corbel_daemon_join(server.daemon, 50, &error), CORBEL_BUSY);
    assert_non_null(strstr(error.message, "probe::Probe::wait"));
    /* A new chain is refused now, and certainly was not entered. */
    assert_int_equal(probe_Probe_add(probe, 1, 1, NULL, &error), CORBEL_DRAINING);
    assert_int_equal(error.completion, CORBEL_COMPLETED_NO);
    probe_event_add(&server.state.go_on, 1);
    MUST(corbel_daemon_join(server.daemon, 10000, &error));
    MUST(probe_Probe_wait_finish(call, &error)); /* its answer went out before the goodbye */
    corbel_error_clear(&error);
}

static void unregistered_objects_are_gone(void **state)
{
    corbel_error error = CORBEL_ERROR_INIT;
    (void)state;
    MUST(corbel_daemon_unregister(server.daemon, "probe", &error));
    assert_int_equal(probe_Probe_add(probe, 1, 1, NULL, &error), CORBEL_NOT_FOUND);
    assert_int_equal(error.completion, CORBEL_COMPLETED_NO);
    assert_int_equal(corbel_daemon_unregister(server.daemon, "probe", &error), CORBEL_NOT_FOUND);
    MUST(corbel_daemon_register(server.daemon, "probe", probe_Probe_as_object(server.object), &error));
    assert_int_equal(corbel_daemon_register(server.daemon, "probe", probe_Probe_as_object(server.object), &error), CORBEL_EXISTS);
    MUST(probe_Probe_add(probe, 1, 1, NULL, &error)); /* a reference by URI finds it again */
    corbel_error_clear(&error);
}

static void no_uri_of_what_came(void **state)
{
    corbel_error error = CORBEL_ERROR_INIT;
    probe_Node *node = NULL;
    char *uri = NULL;
    (void)state;
    MUST(probe_Probe_make_node(probe, "n", &node, &error));
    assert_int_equal(corbel_object_to_uri(probe_Node_as_object(node), &uri, &error), CORBEL_NOT_FOUND);
    assert_string_equal(error.message, "the reference has no URI, because it came in a message");
    assert_null(uri);
    probe_Node_unref(node);
    corbel_error_clear(&error);
}

static void generated_ids(void **state)
{
    corbel_error error = CORBEL_ERROR_INIT;
    probe_Node *node = NULL, *found = NULL;
    char *uri = NULL, *name = NULL;
    (void)state;
    MUST(probe_Probe_make_node(server.object, "n", &node, &error));
    assert_int_equal(corbel_object_to_uri(probe_Node_as_object(node), &uri, &error), CORBEL_NOT_FOUND);
    assert_non_null(strstr(error.message, "register it with corbel_daemon_register()"));
    MUST(corbel_daemon_register(server.daemon, NULL, probe_Node_as_object(node), &error));
    MUST(corbel_object_to_uri(probe_Node_as_object(node), &uri, &error));
    MUST(probe_Node_from_uri(client, uri, &found, &error));
    MUST(probe_Node_get_name(found, &name, &error));
    assert_string_equal(name, "n");
    corbel_string_free(name);
    corbel_string_free(uri);
    probe_Node_unref(found);
    probe_Node_unref(node);
    corbel_error_clear(&error);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(from_inside_an_operation, set_up, tear_down),
        cmocka_unit_test_setup_teardown(from_a_signal, set_up, tear_down),
        cmocka_unit_test_setup_teardown(from_another_thread, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_call_that_does_not_end_is_named, set_up, tear_down),
        cmocka_unit_test_setup_teardown(unregistered_objects_are_gone, set_up, tear_down),
        cmocka_unit_test_setup_teardown(no_uri_of_what_came, set_up, tear_down),
        cmocka_unit_test_setup_teardown(generated_ids, set_up, tear_down),
    };
    return cmocka_run_group_tests_name("shutdown", tests, NULL, NULL);
}
