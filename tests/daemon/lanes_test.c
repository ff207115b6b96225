/** The order of calls: in a thread's lane, in lanes of its own, and out of any. */
#include "later.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static later_server server;
static corbel_runtime *client;
/** Every test runs twice: across a session, and in the server's own process. */
static later_Later *laters[2];

static int set_up(void **state)
{
    corbel_error error = CORBEL_ERROR_INIT;
    (void)state;
    later_server_start(&server, NULL);
    MUST(corbel_runtime_new(NULL, &client, &error));
    MUST(later_Later_from_uri(client, server.uri, &laters[0], &error));
    MUST(later_Later_add(laters[0], 1, 1, NULL, &error));
    laters[1] = later_Later_ref(server.object);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    later_Later_unref(laters[0]);
    later_Later_unref(laters[1]);
    corbel_runtime_unref(client);
    later_server_stop(&server);
    return 0;
}

#define FOR_BOTH(later)                                                                                                          \
    for (later_Later **at_ = laters, *later = *at_; at_ < laters + 2; later = ++at_ < laters + 2 ? *at_ : NULL)

static uint64_t n_entered;

/** A call that stands in the gate, in the lane of later's calls. */
static corbel_call *enter_gate(later_Later *later)
{
    corbel_call *const gate = later_Later_gate_begin(later);
    assert_true(probe_event_wait(&server.entered, ++n_entered));
    return gate;
}

static void leave_gate(corbel_call *gate)
{
    corbel_error error = CORBEL_ERROR_INIT;
    later_server_open(&server);
    MUST(later_Later_gate_finish(gate, &error));
}

/** It stands behind the gate. What would overtake it does so at once: a reply to a later call tells that it had its chance. */
static void waits_behind(corbel_call *call, later_Later *aside)
{
    corbel_error error = CORBEL_ERROR_INIT;
    MUST(later_Later_add_aside(aside, 1, 1, NULL, &error));
    assert_int_equal(corbel_call_wait(call, 20), CORBEL_DEADLINE);
}

static void finishes(corbel_call *call)
{
    corbel_error error = CORBEL_ERROR_INIT;
    int32_t sum = 0;
    MUST(later_Later_add_finish(call, &sum, &error));
    assert_int_equal(sum, 42);
}

static later_Later *with(later_Later *later, bool overlap, corbel_lane *lane)
{
    corbel_options options = CORBEL_OPTIONS_INIT;
    options.overlap = overlap;
    options.lane = lane;
    return later_Later_with(later, &options);
}

static void of_a_thread(void **state)
{
    (void)state;
    FOR_BOTH(later)
    {
        later_Later *const derived = later_Later_with(later, NULL);
        corbel_call *const gate = enter_gate(later);
        corbel_call *const behind = later_Later_add_begin(derived, 40, 2); /* references to one object share its lanes */
        waits_behind(behind, later);
        leave_gate(gate);
        finishes(behind);
        later_Later_unref(derived);
    }
}

static void out_of_lanes(void **state)
{
    corbel_error error = CORBEL_ERROR_INIT;
    (void)state;
    FOR_BOTH(later)
    {
        later_Later *const free_one = with(later, true, NULL);
        later_Later *const derived = later_Later_with(free_one, NULL);
        corbel_call *const gate = enter_gate(later);
        int32_t sum = 0;
        finishes(later_Later_add_begin(free_one, 40, 2));
        finishes(later_Later_add_begin(derived, 40, 2));                                             /* options are inherited */
        MUST(later_Later_add_aside_finish(later_Later_add_aside_begin(later, 40, 2), &sum, &error)); /* by annotation */
        assert_int_equal(sum, 42);
        leave_gate(gate);
        later_Later_unref(derived);
        later_Later_unref(free_one);
    }
}

static void of_ones_own(void **state)
{
    (void)state;
    FOR_BOTH(later)
    {
        corbel_lane *const lane = corbel_lane_new();
        corbel_lane *const other = corbel_lane_ref(corbel_lane_new());
        later_Later *const in_lane = with(later, false, lane);
        later_Later *const in_other = with(in_lane, false, other); /* the younger wish */
        assert_null(corbel_lane_unref(lane));                      /* the reference has a count */
        corbel_lane_unref(other);
        corbel_call *const gate = enter_gate(in_lane);
        finishes(later_Later_add_begin(later, 40, 2)); /* the thread's */
        finishes(later_Later_add_begin(in_other, 40, 2));
        corbel_call *const behind = later_Later_add_begin(in_lane, 40, 2);
        waits_behind(behind, later);
        leave_gate(gate);
        finishes(behind);
        later_Later_unref(in_lane);
        later_Later_unref(in_other);
        corbel_lane_unref(other);
    }
    corbel_lane_unref(NULL);
    corbel_lane_ref(NULL);
}

typedef struct sharing {
    later_Later *in_lane;
    probe_event begins;
    _Atomic bool over;
} sharing;

static void *add_in_lane(void *user)
{
    corbel_error error = CORBEL_ERROR_INIT;
    sharing *const s = user;
    probe_event_add(&s->begins, 1);
    MUST(later_Later_add(s->in_lane, 40, 2, NULL, &error)); /* synchronous: in this process it may not take the short way */
    atomic_store(&s->over, true);
    return NULL;
}

/** Threads that share a lane share its order. */
static void of_several_threads(void **state)
{
    (void)state;
    FOR_BOTH(later)
    {
        corbel_lane *const lane = corbel_lane_new();
        sharing s = { .in_lane = with(later, false, lane) };
        pthread_t thread;
        probe_event_init(&s.begins);
        corbel_call *const gate = enter_gate(s.in_lane);
        assert_int_equal(pthread_create(&thread, NULL, add_in_lane, &s), 0);
        assert_true(probe_event_wait(&s.begins, 1));
        assert_int_equal(corbel_call_wait(gate, 30), CORBEL_DEADLINE);
        assert_false(atomic_load(&s.over));
        leave_gate(gate);
        pthread_join(thread, NULL);
        assert_true(atomic_load(&s.over));
        later_Later_unref(s.in_lane);
        corbel_lane_unref(lane);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(of_a_thread),
        cmocka_unit_test(out_of_lanes),
        cmocka_unit_test(of_ones_own),
        cmocka_unit_test(of_several_threads),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
