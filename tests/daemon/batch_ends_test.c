/** Batches that do not simply run to their end: deadlines, sessions that break, calls that are cancelled, waited for and
 * completed by callbacks; and who runs what comes back meanwhile. */
#include "desks.h"

#include "runtime/base/clock.h"
#include "runtime/call/call_impl.h"

#include <corbel/corbel.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

/** Lets the slow call go on when its caller has given it up. */
static void *releaser_main(void *argument)
{
    const corbel_call *const slow = argument;
    while (!atomic_load(&slow->done)) {
        const struct timespec pause = { .tv_nsec = 1000000 };
        (void)clock_nanosleep(CLOCK_MONOTONIC, 0, &pause, NULL);
    }
    probe_event_add(&world.there.go_on, 1);
    return NULL;
}

/** Its time begins when it is run, and is each call's own. */
static void deadlines(void **state)
{
    corbel_error error = CORBEL_ERROR_INIT;
    (void)state;
    for (size_t stops = 0; stops < 2; stops++) {
        corbel_options options = CORBEL_OPTIONS_INIT;
        corbel_batch *const batch =
            corbel_batch_new(world.client, stops ? CORBEL_BATCH_STOP_AT_FIRST_ERROR : CORBEL_BATCH_CONTINUE);
        options.batch = batch;
        options.deadline_ms = 300 * probe_slow;
        batches_Desk *const hasty = batches_Desk_with(world.remote[0], &options);
        options.deadline_ms = 20000 * probe_slow;
        batches_Desk *const patient = batches_Desk_with(world.remote[1], &options);
        corbel_call *const first = batches_Desk_note_begin(hasty, 1);
        const uint64_t until = crb_now() + 320 * probe_slow * CRB_MS;
        while (crb_now() < until) { /* nothing is lost by waiting here: that is what is tested */
            const struct timespec pause = { .tv_nsec = 10000000 };
            (void)clock_nanosleep(CLOCK_MONOTONIC, 0, &pause, NULL);
        }
        corbel_call *const slow = batches_Desk_slow_begin(hasty, 2);
        corbel_call *const last = batches_Desk_note_begin(patient, 3);
        pthread_t releaser;
        probe_event_reset(&world.there.go_on);
        probe_event_reset(&world.there.written);
        assert_int_equal(pthread_create(&releaser, NULL, releaser_main, slow), 0);
        assert_int_equal(corbel_batch_run(batch, &error), CORBEL_DEADLINE);
        pthread_join(releaser, NULL);
        assert_non_null(strstr(error.message, "call 2 of 3 of the batch, batches::Desk::slow: "));
        assert_int_equal(error.completion, CORBEL_COMPLETED_MAYBE);
        assert_int_equal(batches_Desk_note_finish(first, NULL, &error), CORBEL_OK);
        assert_int_equal(batches_Desk_slow_finish(slow, &error), CORBEL_DEADLINE);
        const corbel_status behind = batches_Desk_note_finish(last, NULL, &error);
        /* The servant's function ends late, but with a result: where the call behind it was on its way it is run. */
        assert_true(behind == CORBEL_OK || (stops && behind == CORBEL_SKIPPED));
        assert_true(probe_event_wait(&world.there.written, 2 + (behind == CORBEL_OK)));
        batches_Desk_unref(hasty);
        batches_Desk_unref(patient);
        corbel_batch_unref(batch);
    }
    corbel_error_clear(&error);
}

/** Cuts the sessions when the slow call was entered; it goes on afterwards. */
static void *cutter_main(void *argument)
{
    const uint64_t *const entered = argument;
    const bool reached = probe_event_wait(&world.there.entered, *entered);
    probe_server_cut(&world.server);
    probe_event_add(&world.there.go_on, 1);
    return reached ? argument : NULL;
}

/** The session breaks while one of its calls runs: each call ends once, and none is said not to have run that has. */
static void the_session_breaks(void **state)
{
    enum { CALLS = 6000, SLOW = 40 };
    corbel_error error = CORBEL_ERROR_INIT;
    corbel_call *calls[CALLS];
    (void)state;
    for (size_t stops = 0; stops < 2; stops++) {
        batches_Desk *desks[3];
        corbel_batch *const batch =
            corbel_batch_new(world.client, stops ? CORBEL_BATCH_STOP_AT_FIRST_ERROR : CORBEL_BATCH_CONTINUE);
        for (size_t i = 1; i < 3; i++) { /* the session of the round before is no more */
            batches_Desk_unref(world.remote[i]);
            MUST(batches_Desk_open(world.remote[0], "", &world.remote[i], &error));
        }
        desks_derive(world.remote, batch, desks);
        pthread_mutex_lock(&world.there.lock);
        world.there.n = 0;
        pthread_mutex_unlock(&world.there.lock);
        for (int32_t i = 0; i < CALLS; i++) {
            calls[i] = i == SLOW ? batches_Desk_slow_begin(desks[i % 3], i) : batches_Desk_note_begin(desks[i % 3], i);
        }
        pthread_t cutter;
        uint64_t entered = probe_event_count(&world.there.entered) + 1;
        void *reached = NULL;
        probe_event_reset(&world.there.go_on);
        assert_int_equal(pthread_create(&cutter, NULL, cutter_main, &entered), 0);
        assert_int_equal(corbel_batch_run(batch, &error), CORBEL_GONE);
        pthread_join(cutter, &reached);
        assert_non_null(reached);
        size_t ended[3] = { 0 };
        for (int32_t i = 0; i < CALLS; i++) {
            const corbel_status status =
                i == SLOW ? batches_Desk_slow_finish(calls[i], &error) : batches_Desk_note_finish(calls[i], NULL, &error);
            if (i < SLOW) {
                assert_true(status == CORBEL_OK || (status == CORBEL_GONE && error.completion == CORBEL_COMPLETED_MAYBE));
            } else {
                assert_true(status == CORBEL_GONE || (stops && status == CORBEL_SKIPPED));
                ended[error.completion]++;
                if (i == SLOW) {
                    assert_int_equal(error.completion, CORBEL_COMPLETED_MAYBE);
                }
            }
        }
        assert_int_equal(ended[CORBEL_COMPLETED_YES], 0);
        assert_true(ended[CORBEL_COMPLETED_NO] > 0); /* there was no credit for the last */
        batches_Desk_unref(desks[0]);
        batches_Desk_unref(desks[1]);
        batches_Desk_unref(desks[2]);
        corbel_batch_unref(batch);
    }
    corbel_error_clear(&error);
}

/** What _begin() gives is a call like every other. */
typedef struct told {
    probe_event times;
    _Atomic uint32_t statuses[CORBEL_SKIPPED + 1];
} told;

static void told_done(corbel_call *call, void *user)
{
    told *const t = user;
    atomic_fetch_add(&t->statuses[batches_Desk_note_finish(call, NULL, NULL)], 1);
    probe_event_add(&t->times, 1);
}

static void callbacks_waits_and_cancelling(void **state)
{
    corbel_error error = CORBEL_ERROR_INIT;
    (void)state;
    for (size_t side = 0; side < 2; side++) {
        told t = { 0 };
        batches_Desk *desks[3];
        corbel_batch *const batch =
            corbel_batch_new(side == 0 ? world.client : world.server.runtime, CORBEL_BATCH_STOP_AT_FIRST_ERROR);
        probe_event_init(&t.times);
        desks_derive(world_sides[side], batch, desks);
        for (int32_t i = 0; i < 10; i++) {
            corbel_call_on_done(batches_Desk_note_begin(desks[i % 3], i), told_done, &t);
        }
        corbel_call *const looked_at = batches_Desk_note_begin(desks[0], 10);
        corbel_call *const cancelled = batches_Desk_note_begin(desks[0], 11);
        corbel_call *const failing = batches_Desk_fail_begin(desks[0], 12);
        corbel_call_on_done(batches_Desk_note_begin(desks[1], 13), told_done, &t);
        assert_int_equal(corbel_call_wait(looked_at, 1), CORBEL_DEADLINE);
        corbel_call_cancel(cancelled);
        corbel_call_cancel(cancelled);
        assert_int_equal(corbel_call_wait(cancelled, 0), CORBEL_OK);
        assert_int_equal(corbel_batch_run(batch, &error), CORBEL_BUSY);
        assert_non_null(strstr(error.message, "call 12 of 13 of the batch")); /* the one that was cancelled is none of it */
        assert_int_equal(batches_Desk_note_finish(cancelled, NULL, &error), CORBEL_CANCELLED);
        assert_int_equal(error.completion, CORBEL_COMPLETED_NO);
        assert_int_equal(batches_Desk_note_finish(looked_at, NULL, &error), CORBEL_OK);
        assert_int_equal(batches_Desk_fail_finish(failing, &error), CORBEL_BUSY);
        assert_true(probe_event_wait(&t.times, 11));
        assert_int_equal(atomic_load(&t.statuses[CORBEL_OK]), 10);
        assert_int_equal(atomic_load(&t.statuses[CORBEL_SKIPPED]), 1);
        world_expect_book((const int32_t[]) { 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 12 }, 12);
        /* Callbacks of calls that are never run. */
        corbel_call_on_done(batches_Desk_note_begin(desks[0], 14), told_done, &t);
        corbel_batch_unref(batch);
        assert_true(probe_event_wait(&t.times, 12));
        assert_int_equal(atomic_load(&t.statuses[CORBEL_CANCELLED]), 1);
        desks_give_back(desks);
    }
    corbel_error_clear(&error);
}

/** Cancels the call that runs. */
static void *canceller_main(void *argument)
{
    const bool reached = probe_event_wait(&world.there.entered, 1);
    corbel_call_cancel(argument);
    probe_event_add(&world.there.go_on, 1);
    return reached ? argument : NULL;
}

static void cancelled_while_it_runs(void **state)
{
    corbel_error error = CORBEL_ERROR_INIT;
    batches_Desk *desks[3];
    pthread_t canceller;
    void *reached = NULL;
    (void)state;
    corbel_batch *const batch = corbel_batch_new(world.client, CORBEL_BATCH_CONTINUE);
    desks_derive(world.remote, batch, desks);
    corbel_call *const first = batches_Desk_note_begin(desks[0], 1);
    corbel_call *const slow = batches_Desk_slow_begin(desks[1], 2);
    corbel_call *const last = batches_Desk_note_begin(desks[2], 3);
    assert_int_equal(pthread_create(&canceller, NULL, canceller_main, slow), 0);
    assert_int_equal(corbel_batch_run(batch, &error), CORBEL_CANCELLED);
    assert_int_equal(error.completion, CORBEL_COMPLETED_MAYBE);
    pthread_join(canceller, &reached);
    assert_non_null(reached);
    assert_int_equal(batches_Desk_note_finish(first, NULL, &error), CORBEL_OK);
    assert_int_equal(batches_Desk_slow_finish(slow, &error), CORBEL_CANCELLED);
    assert_int_equal(batches_Desk_note_finish(last, NULL, &error), CORBEL_OK);
    world_expect_book((const int32_t[]) { 1, 2, 3 }, 3);
    desks_give_back(desks);
    corbel_batch_unref(batch);
    corbel_error_clear(&error);
}

/** The client has no worker: what its calls cause here, also while it waits for credit, is run by the thread that waits. */
static void called_back_without_a_worker(void **state)
{
    enum { CALLS = 5000 };
    const corbel_runtime_options none = { .size = sizeof none, .user_dispatch = true };
    corbel_error error = CORBEL_ERROR_INIT;
    corbel_options options = CORBEL_OPTIONS_INIT;
    corbel_runtime *alone = NULL;
    batches_Desk *desk = NULL;
    char uri[600];
    static office here;
    (void)state;
    office_init(&here);
    MUST(corbel_runtime_new(&none, &alone, &error));
    (void)snprintf(uri, sizeof uri, "corbel:desk%s", strchr(world.server.uri, '@'));
    MUST(batches_Desk_from_uri(alone, uri, &desk, &error));
    batches_Desk *const own = batches_Desk_new(alone, &desk_servant, &here, NULL);
    corbel_call **const calls = calloc(CALLS, sizeof *calls);
    assert_non_null(calls);
    for (size_t stops = 0; stops < 2; stops++) {
        options.batch = corbel_batch_new(alone, stops ? CORBEL_BATCH_STOP_AT_FIRST_ERROR : CORBEL_BATCH_CONTINUE);
        batches_Desk *const batched = batches_Desk_with(desk, &options);
        for (int32_t i = 0; i < CALLS; i++) {
            calls[i] = batches_Desk_pass_on_begin(batched, own, i);
        }
        MUST(corbel_batch_run(options.batch, &error));
        for (int32_t i = 0; i < CALLS; i++) {
            MUST(batches_Desk_pass_on_finish(calls[i], NULL, &error));
            assert_int_equal(here.book[i], i);
        }
        assert_int_equal(here.n, CALLS);
        here.n = 0;
        batches_Desk_unref(batched);
        corbel_batch_unref(options.batch);
    }
    free(calls);
    batches_Desk_unref(own);
    batches_Desk_unref(desk);
    corbel_runtime_unref(alone);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(deadlines, world_set_up, world_tear_down),
        cmocka_unit_test_setup_teardown(the_session_breaks, world_set_up, world_tear_down),
        cmocka_unit_test_setup_teardown(callbacks_waits_and_cancelling, world_set_up, world_tear_down),
        cmocka_unit_test_setup_teardown(cancelled_while_it_runs, world_set_up, world_tear_down),
        cmocka_unit_test_setup_teardown(called_back_without_a_worker, world_set_up, world_tear_down),
    };
    return cmocka_run_group_tests_name("batch ends", tests, NULL, NULL);
}
