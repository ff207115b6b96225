/** Calls that nobody waits for, or that somebody waits for together: completions, waits, cancelling. */
#include "later.h"

#include "runtime/base/clock.h"

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

/** A callback's notes. */
typedef struct heard {
    probe_event done;
    _Atomic uint32_t times;
    corbel_status status;
    corbel_completion completion;
    int32_t sum;
    pthread_t thread;
    bool drops;
    probe_event *may; /* it begins only then; NULL: at once */
    corbel_status wait_inside;
} heard;

static void heard_add(corbel_call *call, void *user)
{
    heard *const h = user;
    corbel_error error = CORBEL_ERROR_INIT;
    atomic_fetch_add(&h->times, 1);
    h->thread = pthread_self();
    h->wait_inside = corbel_call_wait(call, 0);
    if (h->drops) {
        corbel_call_drop(call);
    } else {
        h->status = later_Later_add_finish(call, &h->sum, &error);
        h->completion = error.completion;
    }
    corbel_error_clear(&error);
    probe_event_add(&h->done, 1);
}

static void heard_wait(corbel_call *call, void *user)
{
    heard *const h = user;
    corbel_error error = CORBEL_ERROR_INIT;
    if (h->may != NULL) {
        (void)probe_event_wait(h->may, 1);
    }
    atomic_fetch_add(&h->times, 1);
    h->status = later_Later_gate_finish(call, &error);
    h->completion = error.completion;
    corbel_error_clear(&error);
    probe_event_add(&h->done, 1);
}

static void heard_must(heard *h)
{
    assert_true(probe_event_wait(&h->done, 1));
    assert_int_equal(atomic_load(&h->times), 1);
}

static void completes(void **state)
{
    (void)state;
    FOR_BOTH(later)
    {
        heard before = { 0 }, after = { 0 }, dropped = { .drops = true };
        probe_event_init(&before.done);
        probe_event_init(&after.done);
        probe_event_init(&dropped.done);
        corbel_call_on_done(later_Later_add_begin(later, 40, 2), heard_add, &before);
        heard_must(&before);
        assert_int_equal(before.status, CORBEL_OK);
        assert_int_equal(before.sum, 42);
        assert_int_equal(before.wait_inside, CORBEL_OK); /* it is the callback's call */
        assert_false(pthread_equal(before.thread, pthread_self()));

        corbel_call *const call = later_Later_add_begin(later, 40, 3);
        assert_int_equal(corbel_call_wait(call, UINT32_MAX), CORBEL_OK);
        corbel_call_on_done(call, heard_add, &after);
        heard_must(&after);
        assert_int_equal(after.sum, 43);

        corbel_call_on_done(later_Later_add_begin(later, 40, 4), heard_add, &dropped);
        heard_must(&dropped);
    }
}

static void given_away(void **state)
{
    corbel_error error = CORBEL_ERROR_INIT;
    (void)state;
    uint64_t waiting = probe_event_count(&server.entered);
    FOR_BOTH(later)
    {
        probe_event may; /* what is done below is wrong; only that makes it safe */
        probe_event_init(&may);
        heard one = { .may = &may }, other = { 0 };
        probe_event_init(&one.done);
        probe_event_init(&other.done);
        corbel_call *const call = later_Later_gate_begin(later);
        assert_true(probe_event_wait(&server.entered, ++waiting));
        corbel_call_on_done(call, heard_wait, &one);
        corbel_call_on_done(call, heard_wait, &other);
        assert_int_equal(corbel_call_wait(call, 0), CORBEL_MISUSE);
        assert_int_equal(later_Later_gate_finish(call, &error), CORBEL_MISUSE);
        later_server_open(&server);
        probe_event_add(&may, 1);
        heard_must(&one);
        assert_int_equal(one.status, CORBEL_OK);
        assert_int_equal(atomic_load(&other.times), 0);
    }
    corbel_error_clear(&error);
}

/** What failed before it began is told like everything else. */
static void failed_before(void **state)
{
    corbel_error error = CORBEL_ERROR_INIT;
    (void)state;
    heard nil = { 0 }, early = { 0 }, ended = { 0 };
    probe_event_init(&nil.done);
    probe_event_init(&early.done);
    probe_event_init(&ended.done);
    corbel_call_on_done(later_Later_add_begin(NULL, 1, 1), heard_add, &nil);
    heard_must(&nil);
    assert_int_equal(nil.status, CORBEL_NIL_REFERENCE);
    assert_true(pthread_equal(nil.thread, pthread_self())); /* there is no runtime whose worker could tell it */

    corbel_runtime *runtime = NULL;
    later_Later *nobody = NULL;
    MUST(corbel_runtime_new(NULL, &runtime, &error));
    MUST(later_Later_from_uri(runtime, "corbel:nobody@127.0.0.1:1", &nobody, &error));
    corbel_call_on_done(later_Later_add_begin(nobody, 1, 1), heard_add, &early);
    heard_must(&early);
    assert_int_equal(early.status, CORBEL_UNREACHABLE);
    assert_int_equal(early.completion, CORBEL_COMPLETED_NO);
    assert_false(pthread_equal(early.thread, pthread_self()));
    corbel_call *const kept = later_Later_add_begin(nobody, 1, 1);
    corbel_runtime_unref(runtime);
    corbel_call_on_done(kept, heard_add, &ended);
    heard_must(&ended);
    assert_int_equal(ended.status, CORBEL_UNREACHABLE);
    later_Later_unref(nobody);
    corbel_error_clear(&error);
}

/** A call of a runtime that has ended has failed, and its callback has been called before that returned. */
static void runtime_ends(void **state)
{
    corbel_error error = CORBEL_ERROR_INIT;
    (void)state;
    heard under_way = { 0 };
    corbel_runtime *runtime = NULL;
    later_Later *later = NULL;
    probe_event_init(&under_way.done);
    MUST(corbel_runtime_new(NULL, &runtime, &error));
    MUST(later_Later_from_uri(runtime, server.uri, &later, &error));
    const uint64_t waiting = probe_event_count(&server.entered);
    corbel_call *const call = later_Later_gate_begin(later);
    corbel_call *const late = later_Later_gate_begin(later);
    corbel_call_on_done(call, heard_wait, &under_way);
    assert_true(probe_event_wait(&server.entered, waiting + 1));
    corbel_runtime_unref(runtime);
    assert_int_equal(atomic_load(&under_way.times), 1);
    assert_int_equal(under_way.status, CORBEL_GONE);
    assert_int_equal(corbel_call_wait(late, 0), CORBEL_OK);
    assert_int_equal(later_Later_gate_finish(late, &error), CORBEL_GONE);
    later_Later_unref(later);
    corbel_error_clear(&error);
}

static void cancels(void **state)
{
    corbel_error error = CORBEL_ERROR_INIT;
    (void)state;
    uint64_t waiting = probe_event_count(&server.entered);
    FOR_BOTH(later)
    {
        heard h = { 0 };
        probe_event_init(&h.done);
        corbel_call *call = later_Later_gate_begin(later);
        assert_true(probe_event_wait(&server.entered, ++waiting));
        corbel_call_on_done(call, heard_wait, &h);
        corbel_call_cancel(call);
        heard_must(&h);
        assert_int_equal(h.status, CORBEL_CANCELLED);
        assert_int_equal(h.completion, CORBEL_COMPLETED_MAYBE);

        call = later_Later_gate_begin(later);
        assert_true(probe_event_wait(&server.entered, ++waiting)); /* the servant saw that the first one was cancelled */
        corbel_call_cancel(call);
        corbel_call_cancel(call);
        assert_int_equal(corbel_call_wait(call, 0), CORBEL_OK);
        assert_int_equal(later_Later_gate_finish(call, &error), CORBEL_CANCELLED);

        call = later_Later_gate_begin(later);
        assert_true(probe_event_wait(&server.entered, ++waiting));
        corbel_call_drop(call);

        call = later_Later_add_begin(later, 20, 22); /* complete: cancelling comes too late */
        int32_t sum = 0;
        assert_int_equal(corbel_call_wait(call, UINT32_MAX), CORBEL_OK);
        corbel_call_cancel(call);
        MUST(later_Later_add_finish(call, &sum, &error));
        assert_int_equal(sum, 42);
    }
    corbel_call_cancel(NULL);
    corbel_error_clear(&error);
}

static void deadlines(void **state)
{
    corbel_error error = CORBEL_ERROR_INIT;
    corbel_options options = CORBEL_OPTIONS_INIT;
    options.deadline_ms = 50;
    (void)state;
    uint64_t waiting = probe_event_count(&server.entered);
    FOR_BOTH(later)
    {
        heard h = { 0 };
        probe_event_init(&h.done);
        later_Later *const hasty = later_Later_with(later, &options);
        corbel_call_on_done(later_Later_gate_begin(hasty), heard_wait, &h);
        heard_must(&h);
        assert_int_equal(h.status, CORBEL_DEADLINE);
        assert_true(probe_event_wait(&server.entered, ++waiting)); /* that was the deadline of the entered call */

        corbel_call *const call = later_Later_gate_begin(hasty);
        assert_true(probe_event_wait(&server.entered, ++waiting));
        assert_int_equal(corbel_call_wait(call, UINT32_MAX), CORBEL_OK);
        assert_int_equal(later_Later_gate_finish(call, &error), CORBEL_DEADLINE);
        later_Later_unref(hasty);
    }
    corbel_error_clear(&error);
}

/** A wait that ends early leaves the call as it was. */
static void waits(void **state)
{
    corbel_error error = CORBEL_ERROR_INIT;
    (void)state;
    uint64_t waiting = probe_event_count(&server.entered);
    FOR_BOTH(later)
    {
        corbel_call *const call = later_Later_gate_begin(later);
        assert_true(probe_event_wait(&server.entered, ++waiting));
        assert_int_equal(corbel_call_wait(call, 0), CORBEL_DEADLINE);
        assert_int_equal(corbel_call_wait(call, 20), CORBEL_DEADLINE);
        later_server_open(&server);
        assert_int_equal(corbel_call_wait(call, UINT32_MAX), CORBEL_OK);
        assert_int_equal(corbel_call_wait(call, 0), CORBEL_OK);
        MUST(later_Later_gate_finish(call, &error));
    }
    assert_int_equal(corbel_call_wait(NULL, 0), CORBEL_MISUSE);
}

#define MANY 20

static void waits_for_any(void **state)
{
    corbel_error error = CORBEL_ERROR_INIT;
    (void)state;
    uint64_t waiting = probe_event_count(&server.entered);
    FOR_BOTH(later)
    {
        corbel_call *calls[MANY] = { NULL };
        size_t index = MANY;
        assert_int_equal(corbel_call_wait_any(calls, MANY, 0, &index), CORBEL_MISUSE);
        calls[0] = later_Later_gate_begin(later);
        assert_true(probe_event_wait(&server.entered, ++waiting));
        assert_int_equal(corbel_call_wait_any(calls, MANY, 20, &index), CORBEL_DEADLINE);
        assert_int_equal(index, MANY);
        later_Later *const other = later_Later_with(later, NULL);
        corbel_lane *const lane = corbel_lane_new();
        corbel_options options = CORBEL_OPTIONS_INIT;
        options.lane = lane;
        later_Later *const aside = later_Later_with(other, &options); /* else they would wait behind the first */
        uint32_t seen = 0;
        for (size_t i = 2; i < MANY; i++) { /* the one with index 1 stays NULL */
            calls[i] = later_Later_add_begin(aside, (int32_t)i, 1);
        }
        for (size_t n = 2; n < MANY; n++) {
            int32_t sum = 0;
            assert_int_equal(corbel_call_wait_any(calls, MANY, UINT32_MAX, &index), CORBEL_OK);
            assert_in_range(index, 2, MANY - 1);
            MUST(later_Later_add_finish(calls[index], &sum, &error));
            assert_int_equal(sum, (int32_t)index + 1);
            calls[index] = NULL;
            seen |= 1u << index;
        }
        assert_int_equal(seen, (1u << MANY) - 4);
        later_server_open(&server);
        calls[5] = calls[0]; /* the same call twice */
        assert_int_equal(corbel_call_wait_any(calls, MANY, UINT32_MAX, &index), CORBEL_OK);
        assert_int_equal(index, 0);
        MUST(later_Later_gate_finish(calls[0], &error));
        later_Later_unref(aside);
        later_Later_unref(other);
        corbel_lane_unref(lane);
    }
}

static void waits_for_all(void **state)
{
    corbel_error error = CORBEL_ERROR_INIT;
    (void)state;
    FOR_BOTH(later)
    {
        corbel_call *calls[MANY] = { NULL };
        assert_int_equal(corbel_call_wait_all(calls, MANY, 0), CORBEL_OK);
        assert_int_equal(corbel_call_wait_all(NULL, 0, 0), CORBEL_OK);
        assert_int_equal(corbel_call_wait_all(NULL, 1, 0), CORBEL_MISUSE);
        for (size_t i = 0; i < MANY; i++) {
            calls[i] = i == 7 ? later_Later_add_begin(NULL, 1, 1) : later_Later_add_begin(later, (int32_t)i, 1);
        }
        assert_int_equal(corbel_call_wait_all(calls, MANY, UINT32_MAX), CORBEL_OK);
        for (size_t i = 0; i < MANY; i++) {
            int32_t sum = 0;
            assert_int_equal(corbel_call_wait(calls[i], 0), CORBEL_OK);
            assert_int_equal(later_Later_add_finish(calls[i], &sum, &error), i == 7 ? CORBEL_NIL_REFERENCE : CORBEL_OK);
        }
    }
    corbel_call *mixed[2] = { later_Later_gate_begin(laters[0]), later_Later_gate_begin(laters[1]) }; /* of two runtimes */
    assert_int_equal(corbel_call_wait_all(mixed, 2, 0), CORBEL_MISUSE);
    corbel_call_drop(mixed[0]);
    corbel_call_drop(mixed[1]);
    corbel_error_clear(&error);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(completes),    cmocka_unit_test(given_away),    cmocka_unit_test(failed_before),
        cmocka_unit_test(runtime_ends), cmocka_unit_test(cancels),       cmocka_unit_test(deadlines),
        cmocka_unit_test(waits),        cmocka_unit_test(waits_for_any), cmocka_unit_test(waits_for_all),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
