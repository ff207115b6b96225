/** References passed on to a third process: the giver relays. */
#include "probe.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static probe_server middle, far;
static corbel_runtime *client;
static probe_Probe *at_middle, *at_far;
static probe_listener_state heard;
static probe_Listener *listener;

static int set_up(void **state)
{
    corbel_error error = CORBEL_ERROR_INIT;
    (void)state;
    probe_server_start(&middle, NULL, NULL);
    probe_server_start(&far, NULL, NULL);
    MUST(corbel_runtime_new(NULL, &client, &error));
    MUST(probe_Probe_from_uri(client, middle.uri, &at_middle, &error));
    MUST(probe_Probe_from_uri(middle.runtime, far.uri, &at_far, &error));
    probe_listener_init(&heard);
    listener = probe_listener_new(client, &heard);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    probe_Listener_unref(listener);
    probe_Probe_unref(at_middle);
    probe_Probe_unref(at_far);
    corbel_runtime_unref(client);
    probe_server_stop(&middle);
    probe_server_stop(&far);
    return 0;
}

/** The client's listener, kept at the middle, which hands it to the far one: far calls the client through the middle. */
static void a_callback_passed_on(void **state)
{
    corbel_error error = CORBEL_ERROR_INIT;
    probe_Listener *kept = NULL, *back = NULL;
    int32_t sum = 0;
    (void)state;
    MUST(probe_Probe_keep(at_middle, listener, &error));
    MUST(probe_Probe_kept(middle.object, &kept, &error));
    MUST(probe_Probe_keep(at_far, kept, &error));
    MUST(probe_Probe_add_by_kept(at_far, 5, 6, &sum, &error));
    assert_int_equal(sum, 11);
    MUST(probe_Probe_kept(at_far, &back, &error)); /* comes back to the middle as the middle's own import */
    assert_true(corbel_object_equal(probe_Listener_as_object(back), probe_Listener_as_object(kept)));
    probe_Listener_unref(back);
    probe_Listener_unref(kept);
}

static void order_through_a_relay(void **state)
{
    corbel_error error = CORBEL_ERROR_INIT;
    probe_Listener *kept = NULL;
    uint32_t sent = 0;
    (void)state;
    MUST(probe_Probe_keep(at_middle, listener, &error));
    MUST(probe_Probe_kept(middle.object, &kept, &error));
    MUST(probe_Probe_flood(at_far, kept, 3000, true, &sent, &error));
    assert_int_equal(sent, 3000);
    assert_true(probe_event_wait(&heard.heard, 3000));
    assert_int_equal(heard.out_of_order, 0);
    probe_Listener_unref(kept);
}

/** Objects in arguments and results of relayed calls: the table is passed on, nothing is decoded. */
static void references_inside_relayed_calls(void **state)
{
    corbel_error error = CORBEL_ERROR_INIT;
    probe_Listener *kept = NULL;
    probe_Node *node = NULL;
    uint32_t depth = 0;
    (void)state;
    MUST(probe_Probe_make_node(far.object, "far", &node, &error));
    MUST(probe_Node_set_next(node, node, &error));
    MUST(corbel_daemon_register(far.daemon, "node", probe_Node_as_object(node), &error));
    MUST(probe_Probe_keep(at_middle, listener, &error));
    MUST(probe_Probe_kept(middle.object, &kept, &error));
    char *uri = NULL;
    probe_Node *far_node = NULL;
    MUST(corbel_daemon_uri(far.daemon, "node", &uri, &error));
    MUST(probe_Node_from_uri(middle.runtime, uri, &far_node, &error));
    /* middle calls far, which calls the client through middle, which calls far through middle, … in one chain */
    MUST(probe_Node_descend(far_node, kept, 8, &depth, &error));
    assert_int_equal(depth, 8);
    corbel_string_free(uri);
    probe_Node_unref(far_node);
    probe_Listener_unref(kept);
    MUST(probe_Node_set_next(node, NULL, &error));
    MUST(corbel_daemon_unregister(far.daemon, "node", &error));
    probe_Node_unref(node);
}

static void an_exception_and_a_failure_come_through(void **state)
{
    corbel_error error = CORBEL_ERROR_INIT;
    probe_Probe *by_middle = NULL;
    (void)state;
    /* The client gets far's probe as an object of the middle: registered there by nobody, passed on in a result. */
    MUST(probe_Probe_keep(at_middle, listener, &error));
    MUST(probe_Probe_from_uri(client, middle.uri, &by_middle, &error));
    assert_int_equal(probe_Probe_raise_it(by_middle, "far away", &error), CORBEL_RAISED);
    assert_string_equal(probe_Refused_of(&error)->why, "far away");
    probe_Probe_unref(by_middle);
    corbel_error_clear(&error);
}

static void the_end_of_the_far_session_is_told(void **state)
{
    corbel_error error = CORBEL_ERROR_INIT;
    probe_Listener *kept = NULL;
    int32_t sum = 0;
    (void)state;
    MUST(probe_Probe_keep(at_middle, listener, &error));
    MUST(probe_Probe_kept(middle.object, &kept, &error));
    MUST(probe_Probe_keep(at_far, kept, &error));
    probe_Listener_unref(kept);
    corbel_runtime_unref(client); /* the listener's process goes */
    assert_int_not_equal(probe_Probe_add_by_kept(at_far, 1, 1, &sum, &error), CORBEL_OK);
    assert_true(corbel_error_hops(&error) >= 2); /* the middle, and far */
    MUST(corbel_runtime_new(NULL, &client, &error));
    corbel_error_clear(&error);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_callback_passed_on, set_up, tear_down),
        cmocka_unit_test_setup_teardown(order_through_a_relay, set_up, tear_down),
        cmocka_unit_test_setup_teardown(references_inside_relayed_calls, set_up, tear_down),
        cmocka_unit_test_setup_teardown(an_exception_and_a_failure_come_through, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_end_of_the_far_session_is_told, set_up, tear_down),
    };
    return cmocka_run_group_tests_name("relay", tests, NULL, NULL);
}
