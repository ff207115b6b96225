/** Calls of every kind, between two runtimes over TCP, and inside one. */
#include "probe.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static probe_server server;
static corbel_runtime *client;
/** Every test runs twice: across a session, and in the server's own process. */
static probe_Probe *probes[2];

static int set_up(void **state)
{
    corbel_error error = CORBEL_ERROR_INIT;
    (void)state;
    probe_server_start(&server, NULL, NULL);
    MUST(corbel_runtime_new(NULL, &client, &error));
    MUST(probe_Probe_from_uri(client, server.uri, &probes[0], &error));
    probes[1] = probe_Probe_ref(server.object);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    probe_Probe_unref(probes[0]);
    probe_Probe_unref(probes[1]);
    corbel_runtime_unref(client);
    probe_server_stop(&server);
    return 0;
}

#define FOR_BOTH(probe)                                                                                                          \
    for (probe_Probe **at_ = probes, *probe = *at_; at_ < probes + 2; probe = ++at_ < probes + 2 ? *at_ : NULL)

static void scalars(void **state)
{
    corbel_error error = CORBEL_ERROR_INIT;
    (void)state;
    FOR_BOTH(probe)
    {
        int32_t sum = 0;
        MUST(probe_Probe_add(probe, 2, 40, &sum, &error));
        assert_int_equal(sum, 42);
        MUST(probe_Probe_add(probe, 2, 40, NULL, &error)); /* not wanted */
    }
}

static void strings(void **state)
{
    corbel_error error = CORBEL_ERROR_INIT;
    (void)state;
    FOR_BOTH(probe)
    {
        char *text = NULL;
        MUST(probe_Probe_echo(probe, "Grüße", &text, &error));
        assert_string_equal(text, "Grüße");
        corbel_string_free(text);
        MUST(probe_Probe_echo(probe, NULL, &text, &error));
        assert_string_equal(text, "");
        corbel_string_free(text);
        assert_int_equal(probe_Probe_echo(probe, "\xff", &text, &error), CORBEL_INVALID_ARGUMENT);
        assert_int_equal(error.completion, CORBEL_COMPLETED_NO);
        assert_non_null(strstr(error.message, "text"));
    }
    corbel_error_clear(&error);
}

static void structs(void **state)
{
    corbel_error error = CORBEL_ERROR_INIT;
    const probe_Point points[] = { { 1, "one" }, { -2, "two" }, { 3, "three" } };
    const probe_Points in = CORBEL_SEQ(points);
    (void)state;
    FOR_BOTH(probe)
    {
        probe_Points out = { 0, NULL };
        int32_t count = 10;
        char *last = NULL;
        MUST(probe_Probe_turn(probe, in, &count, &last, &out, &error));
        assert_int_equal(count, 13);
        assert_string_equal(last, "three");
        assert_int_equal(out.len, 3);
        assert_int_equal(out.items[1].x, -2);
        assert_string_equal(out.items[2].label, "one");
        corbel_string_free(last);
        probe_Point_seq_clear(&out);
        const probe_Point too_long[] = { { 1, "nine bytes" } };
        assert_int_equal(probe_Probe_turn(probe, (probe_Points)CORBEL_SEQ(too_long), &count, NULL, NULL, &error),
                         CORBEL_INVALID_ARGUMENT);
        assert_int_equal(count, 13); /* untouched on failure */
    }
    corbel_error_clear(&error);
}

static void large_bodies(void **state)
{
    corbel_error error = CORBEL_ERROR_INIT;
    const size_t size = 5u << 20;
    uint8_t *const data = malloc(size);
    (void)state;
    assert_non_null(data);
    for (size_t i = 0; i < size; i++) {
        data[i] = (uint8_t)(i * 7 + i / 251);
    }
    FOR_BOTH(probe)
    {
        corbel_bytes out = { 0, NULL };
        MUST(probe_Probe_blob(probe, (corbel_bytes) { size, data }, &out, &error));
        assert_int_equal(out.len, size);
        assert_memory_equal(out.items, data, size);
        corbel_bytes_clear(&out);
    }
    free(data);
}

static void too_large(void **state)
{
    corbel_error error = CORBEL_ERROR_INIT;
    const size_t size = (64u << 20) + 1000;
    uint8_t *const data = calloc(1, size);
    (void)state;
    assert_non_null(data);
    assert_int_equal(probe_Probe_blob(probes[0], (corbel_bytes) { size, data }, NULL, &error), CORBEL_LIMIT);
    assert_int_equal(error.completion, CORBEL_COMPLETED_NO);
    corbel_error_clear(&error);
    free(data);
}

static void exceptions(void **state)
{
    corbel_error error = CORBEL_ERROR_INIT;
    (void)state;
    FOR_BOTH(probe)
    {
        assert_int_equal(probe_Probe_raise_it(probe, "because", &error), CORBEL_RAISED);
        assert_int_equal(error.completion, CORBEL_COMPLETED_YES);
        assert_string_equal(corbel_error_exception(&error), "probe::Refused");
        assert_non_null(probe_Refused_of(&error));
        assert_string_equal(probe_Refused_of(&error)->why, "because");
    }
    corbel_error_clear(&error);
}

static void failures_and_hops(void **state)
{
    corbel_error error = CORBEL_ERROR_INIT;
    (void)state;
    FOR_BOTH(probe)
    {
        assert_int_equal(probe_Probe_fail(probe, "not you", &error), CORBEL_REFUSED);
        assert_int_equal(error.completion, CORBEL_COMPLETED_YES);
        assert_string_equal(error.message, "not you");
        assert_int_equal(corbel_error_hops(&error), 1);
        const corbel_hop hop = corbel_error_hop(&error, 0);
        assert_string_equal(hop.object, "probe");
        assert_string_equal(hop.operation, "probe::Probe::fail");
        assert_string_equal(hop.message, "not you");
    }
    corbel_error_clear(&error);
}

static void attributes_and_inheritance(void **state)
{
    corbel_error error = CORBEL_ERROR_INIT;
    (void)state;
    FOR_BOTH(probe)
    {
        probe_Node *node = NULL, *next = NULL, *same = NULL;
        probe_Named *named = NULL;
        char *text = NULL;
        MUST(probe_Probe_make_node(probe, "first", &node, &error));
        MUST(probe_Probe_make_node(probe, "second", &next, &error));
        MUST(probe_Node_set_label(node, "blue", &error));
        MUST(probe_Named_get_label(probe_Node_as_Named(node), &text, &error));
        assert_string_equal(text, "blue");
        corbel_string_free(text);
        MUST(probe_Node_set_next(node, next, &error));
        MUST(probe_Node_get_next(node, &same, &error));
        assert_true(corbel_object_equal(probe_Node_as_object(same), probe_Node_as_object(next)));
        assert_false(corbel_object_equal(probe_Node_as_object(node), probe_Node_as_object(next)));
        MUST(probe_Named_cast(probe_Node_as_object(node), &named, &error));
        MUST(probe_Named_get_name(named, &text, &error));
        assert_string_equal(text, "first");
        corbel_string_free(text);
        probe_Listener *wrong = NULL;
        assert_int_equal(probe_Listener_cast(probe_Node_as_object(node), &wrong, &error), CORBEL_WRONG_INTERFACE);
        probe_Named_unref(named);
        probe_Node_unref(same);
        MUST(probe_Node_set_next(node, NULL, &error)); /* NULL travels */
        MUST(probe_Node_get_next(node, &same, &error));
        assert_null(same);
        probe_Node_unref(node);
        probe_Node_unref(next);
        assert_int_equal(probe_Node_ring(NULL, 1, NULL, &error), CORBEL_NIL_REFERENCE);
    }
    corbel_error_clear(&error);
    assert_true(probe_event_wait(&server.state.finalized, 4)); /* released by the session, and by us */
}

static void in_two_halves(void **state)
{
    corbel_error error = CORBEL_ERROR_INIT;
    (void)state;
    FOR_BOTH(probe)
    {
        corbel_call *calls[20];
        for (int i = 0; i < 20; i++) {
            calls[i] = probe_Probe_add_begin(probe, i, 1);
        }
        for (int i = 19; i >= 0; i--) {
            int32_t sum = 0;
            MUST(probe_Probe_add_finish(calls[i], &sum, &error));
            assert_int_equal(sum, i + 1);
        }
        corbel_call *const wrong = probe_Probe_add_begin(probe, 1, 1);
        assert_int_equal(probe_Probe_wait_finish(wrong, &error), CORBEL_MISUSE);
        assert_null(corbel_call_drop(probe_Probe_add_begin(probe, 1, 1)));
        corbel_call *const raised = probe_Probe_raise_it_begin(probe, "later");
        assert_int_equal(probe_Probe_raise_it_finish(raised, &error), CORBEL_RAISED);
    }
    corbel_call *const nil = probe_Probe_add_begin(NULL, 1, 1);
    assert_int_equal(probe_Probe_add_finish(nil, NULL, &error), CORBEL_NIL_REFERENCE);
    corbel_error_clear(&error);
}

static void deadlines(void **state)
{
    corbel_error error = CORBEL_ERROR_INIT;
    corbel_options options = CORBEL_OPTIONS_INIT;
    (void)state;
    options.deadline_ms = 400;
    MUST(probe_Probe_add(probes[0], 1, 1, NULL, &error)); /* connects, so that what follows is about the call */
    probe_Probe *const hasty = probe_Probe_with(probes[0], &options);
    assert_int_equal(probe_Probe_wait(hasty, &error), CORBEL_DEADLINE);
    assert_int_equal(error.completion, CORBEL_COMPLETED_MAYBE);
    corbel_call *const call = probe_Probe_wait_begin(hasty);
    assert_int_equal(probe_Probe_wait_finish(call, &error), CORBEL_DEADLINE);
    assert_true(probe_event_wait(&server.state.waiting, 1));
    probe_event_add(&server.state.go_on, 1);
    probe_Probe_unref(hasty);
    corbel_error_clear(&error);
}

static void unix_sockets(void **state)
{
    corbel_error error = CORBEL_ERROR_INIT;
    probe_server other;
    probe_Probe *probe = NULL;
    char listen[64];
    int32_t sum = 0;
    (void)state;
    (void)snprintf(listen, sizeof listen, "unix:@corbel-test-%ld", (long)getpid());
    probe_server_start(&other, NULL, listen);
    MUST(probe_Probe_from_uri(client, other.uri, &probe, &error));
    MUST(probe_Probe_add(probe, 20, 22, &sum, &error));
    assert_int_equal(sum, 42);
    probe_Probe_unref(probe);
    probe_server_stop(&other);
}

static void found_again_after_a_restart(void **state)
{
    corbel_error error = CORBEL_ERROR_INIT;
    probe_server other;
    probe_Probe *probe = NULL;
    int32_t sum = 0;
    (void)state;
    probe_server_start(&other, NULL, NULL);
    char *const at = strchr(other.uri, '@');
    assert_non_null(at);
    char *const address = strdup(at + 1);
    MUST(probe_Probe_from_uri(client, other.uri, &probe, &error));
    MUST(probe_Probe_add(probe, 1, 2, &sum, &error));
    probe_server_stop(&other);
    assert_int_not_equal(probe_Probe_add(probe, 1, 2, &sum, &error), CORBEL_OK);
    probe_server_start(&other, NULL, address);
    MUST(probe_Probe_add(probe, 4, 5, &sum, &error));
    assert_int_equal(sum, 9);
    probe_Probe_unref(probe);
    probe_server_stop(&other);
    free(address);
    corbel_error_clear(&error);
}

static void its_own_uri_is_an_object_of_this_process(void **state)
{
    corbel_error error = CORBEL_ERROR_INIT;
    probe_Probe *itself = NULL;
    int32_t sum = 0;
    (void)state;
    MUST(probe_Probe_from_uri(server.runtime, server.uri, &itself, &error));
    MUST(probe_Probe_add(itself, 1, 2, &sum, &error));
    assert_int_equal(sum, 3);
    assert_true(corbel_object_equal(probe_Probe_as_object(itself), probe_Probe_as_object(server.object)));
    probe_Probe_unref(itself);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(scalars, set_up, tear_down),
        cmocka_unit_test_setup_teardown(strings, set_up, tear_down),
        cmocka_unit_test_setup_teardown(structs, set_up, tear_down),
        cmocka_unit_test_setup_teardown(large_bodies, set_up, tear_down),
        cmocka_unit_test_setup_teardown(too_large, set_up, tear_down),
        cmocka_unit_test_setup_teardown(exceptions, set_up, tear_down),
        cmocka_unit_test_setup_teardown(failures_and_hops, set_up, tear_down),
        cmocka_unit_test_setup_teardown(attributes_and_inheritance, set_up, tear_down),
        cmocka_unit_test_setup_teardown(in_two_halves, set_up, tear_down),
        cmocka_unit_test_setup_teardown(deadlines, set_up, tear_down),
        cmocka_unit_test_setup_teardown(unix_sockets, set_up, tear_down),
        cmocka_unit_test_setup_teardown(found_again_after_a_restart, set_up, tear_down),
        cmocka_unit_test_setup_teardown(its_own_uri_is_an_object_of_this_process, set_up, tear_down),
    };
    return cmocka_run_group_tests_name("calls", tests, NULL, NULL);
}
