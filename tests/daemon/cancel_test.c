/** Cancelled calls: what their servants see, that nested calls go with them, and that nothing is left behind. */
#include "later.h"
#include "nest.h"

#include "runtime/base/clock.h"
#include "runtime/call/call_impl.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* Three nodes, each in a runtime of its own, and a client. */
static nest_server nodes[3];
static corbel_runtime *client;
static nest_Node *node[3]; /* the client's references */

static int set_up(void **state)
{
    corbel_error error = CORBEL_ERROR_INIT;
    (void)state;
    MUST(corbel_runtime_new(NULL, &client, &error));
    for (size_t i = 0; i < 3; i++) {
        nest_server_start(&nodes[i], NULL, NULL);
        MUST(nest_Node_from_uri(client, nodes[i].uri, &node[i], &error));
        nest_Notes notes;
        MUST(nest_Node_notes(node[i], &notes, &error));
    }
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        nest_Node_unref(node[i]);
    }
    corbel_runtime_unref(client);
    for (size_t i = 0; i < 3; i++) {
        nest_server_stop(&nodes[i]);
    }
    return 0;
}

typedef struct counts {
    uint64_t entered[3], told[3], passed[3];
} counts;

static counts count(void)
{
    counts now = { 0 };
    for (size_t i = 0; i < 3; i++) {
        now.entered[i] = probe_event_count(&nodes[i].entered);
        now.told[i] = probe_event_count(&nodes[i].told);
        now.passed[i] = probe_event_count(&nodes[i].passed);
    }
    return now;
}

static nest_Notes notes_of(size_t i)
{
    pthread_mutex_lock(&nodes[i].lock);
    const nest_Notes notes = nodes[i].notes;
    pthread_mutex_unlock(&nodes[i].lock);
    return notes;
}

/** In time, in microseconds: what the issue asks for is printed, the bound is generous. */
static void must_be_soon(const char *what, uint64_t from, uint64_t to)
{
    const uint64_t took = to > from ? to - from : from - to;
    print_message("[   time   ] %s: %.3f ms\n", what, (double)took / 1000);
    assert_true(took < 1000000u * probe_slow);
}

/* ---- what a servant sees ---- */

static void seen_in_each_way(void **state)
{
    corbel_error error = CORBEL_ERROR_INIT;
    static const char *const names[] = { "by callback", "by descriptor", "by asking" };
    (void)state;
    for (nest_Look look = nest_BY_CALLBACK; look <= nest_BY_ASKING; look++) {
        const counts before = count();
        corbel_call *const call = nest_Node_wait_begin(node[0], look);
        assert_true(probe_event_wait(&nodes[0].entered, before.entered[0] + 1));
        const uint64_t from = nest_now_us();
        corbel_call_cancel(call);
        assert_int_equal(nest_Node_wait_finish(call, &error), CORBEL_CANCELLED);
        assert_int_equal(error.completion, CORBEL_COMPLETED_MAYBE);
        assert_true(probe_event_wait(&nodes[0].told, before.told[0] + 1));
        must_be_soon(names[look], from, notes_of(0).told_at);
    }
    corbel_error_clear(&error);
}

static void seen_at_the_deadline(void **state)
{
    corbel_error error = CORBEL_ERROR_INIT;
    corbel_options options = CORBEL_OPTIONS_INIT;
    (void)state;
    options.deadline_ms = 100 * probe_slow;
    nest_Node *const local = nest_Node_with(nodes[0].object, &options);
    nest_Node *const remote = nest_Node_with(node[0], &options);
    for (size_t i = 0; i < 4; i++) {
        const counts before = count();
        const nest_Look look = i % 2 == 0 ? nest_BY_CALLBACK : nest_BY_DESCRIPTOR;
        assert_int_equal(nest_Node_wait(i < 2 ? remote : local, look, &error), CORBEL_DEADLINE);
        const uint64_t here = nest_now_us();
        assert_true(probe_event_wait(&nodes[0].told, before.told[0] + 1));
        must_be_soon(i < 2 ? "caller and servant, across a session" : "in one process", here, notes_of(0).told_at);
    }
    nest_Node_unref(local);
    nest_Node_unref(remote);
    corbel_error_clear(&error);
}

static void seen_when_the_session_ends(void **state)
{
    corbel_error error = CORBEL_ERROR_INIT;
    corbel_runtime *other = NULL;
    nest_Node *there = NULL;
    (void)state;
    const counts before = count();
    MUST(corbel_runtime_new(NULL, &other, &error));
    MUST(nest_Node_from_uri(other, nodes[0].uri, &there, &error));
    corbel_call *const call = nest_Node_wait_begin(there, nest_BY_CALLBACK);
    assert_true(probe_event_wait(&nodes[0].entered, before.entered[0] + 1));
    nest_Node_unref(there);
    corbel_runtime_unref(other);
    assert_true(probe_event_wait(&nodes[0].told, before.told[0] + 1));
    corbel_call_drop(call);
}

static void a_deferred_call_is_ended_by_its_callback(void **state)
{
    corbel_error error = CORBEL_ERROR_INIT;
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        const counts before = count();
        corbel_call *const call = nest_Node_hold_begin(i == 0 ? node[0] : nodes[0].object);
        assert_true(probe_event_wait(&nodes[0].entered, before.entered[0] + 1));
        corbel_call_cancel(call);
        assert_int_equal(nest_Node_hold_finish(call, &error), CORBEL_CANCELLED);
        assert_true(probe_event_wait(&nodes[0].told, before.told[0] + 1));
    }
    corbel_error_clear(&error);
}

/* ---- nested calls ---- */

/** The client calls the first, that the second, that the third; or all of it happens in two processes or one. */
static void nested_calls_are_cancelled(void **state)
{
    static const char *const names[] = { "directly", "begun", "batched", "promised", "streamed", "deferred" };
    corbel_error error = CORBEL_ERROR_INIT;
    (void)state;
    for (nest_How how = nest_DIRECTLY; how <= nest_DEFERRED; how++) {
        const char *const path[2] = { nodes[1].uri, nodes[2].uri };
        const counts before = count();
        corbel_call *const call = nest_Node_pass_begin(node[0], (nest_Path) { 2, path }, how);
        assert_true(probe_event_wait(&nodes[2].entered, before.entered[2] + 1));
        const uint64_t from = nest_now_us();
        corbel_call_cancel(call);
        assert_int_equal(nest_Node_pass_finish(call, &error), CORBEL_CANCELLED);
        assert_true(probe_event_wait(&nodes[2].told, before.told[2] + 1));
        must_be_soon(names[how], from, notes_of(2).told_at);
        assert_true(probe_event_wait(&nodes[0].passed, before.passed[0] + 1));
        assert_int_equal(notes_of(0).status, CORBEL_CANCELLED);
        assert_true(probe_event_wait(&nodes[1].passed, before.passed[1] + 1));
        assert_int_equal(notes_of(1).status, CORBEL_CANCELLED);
    }
    corbel_error_clear(&error);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(seen_in_each_way),           cmocka_unit_test(seen_at_the_deadline),
        cmocka_unit_test(seen_when_the_session_ends), cmocka_unit_test(a_deferred_call_is_ended_by_its_callback),
        cmocka_unit_test(nested_calls_are_cancelled),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
