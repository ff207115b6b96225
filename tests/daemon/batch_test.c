/** Batches: what travels together runs in order, and everybody is told the truth about each call. */
#include "desks.h"

#include "runtime/call/call_impl.h"
#include "runtime/call/peer.h"
#include "runtime/call/target.h"

#include <corbel/corbel.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define LENGTH_OF(array) (sizeof(array) / sizeof(array)[0])

/** What a batch consists of, as a row. */
typedef enum step_kind { STEP_NOTE, STEP_REFUSE, STEP_FAIL, STEP_DROP } step_kind;
typedef struct step {
    size_t desk;
    step_kind kind;
    corbel_status stops, goes_on; /* what its _finish() says in each mode */
} step;

static const step steps[] = {
    { 0, STEP_NOTE, CORBEL_OK, CORBEL_OK },        { 1, STEP_NOTE, CORBEL_OK, CORBEL_OK },
    { 0, STEP_NOTE, CORBEL_OK, CORBEL_OK },        { 1, STEP_DROP, CORBEL_OK, CORBEL_OK },
    { 1, STEP_NOTE, CORBEL_OK, CORBEL_OK },        { 2, STEP_REFUSE, CORBEL_RAISED, CORBEL_RAISED },
    { 2, STEP_NOTE, CORBEL_SKIPPED, CORBEL_OK },   { 0, STEP_NOTE, CORBEL_SKIPPED, CORBEL_OK },
    { 0, STEP_FAIL, CORBEL_SKIPPED, CORBEL_BUSY }, { 0, STEP_DROP, CORBEL_OK, CORBEL_OK },
    { 0, STEP_NOTE, CORBEL_SKIPPED, CORBEL_OK },
};

static corbel_call *step_begin(batches_Desk *const *desks, size_t i, corbel_error *error)
{
    batches_Desk *const desk = desks[steps[i].desk];
    switch (steps[i].kind) {
    case STEP_NOTE:
        return batches_Desk_note_begin(desk, (int32_t)i);
    case STEP_REFUSE:
        return batches_Desk_refuse_begin(desk, (int32_t)i);
    case STEP_FAIL:
        return batches_Desk_fail_begin(desk, (int32_t)i);
    case STEP_DROP:
        break;
    }
    probe_must(batches_Desk_drop(desk, (int32_t)i, error), error, "drop");
    return NULL;
}

static corbel_status step_finish(corbel_call *call, size_t i, corbel_error *error)
{
    switch (steps[i].kind) {
    case STEP_NOTE:
        return batches_Desk_note_finish(call, NULL, error);
    case STEP_REFUSE:
        return batches_Desk_refuse_finish(call, error);
    case STEP_FAIL:
        return batches_Desk_fail_finish(call, error);
    case STEP_DROP:
        break;
    }
    return CORBEL_OK;
}

static void run_steps(batches_Desk *const *from, corbel_runtime *runtime, bool stops)
{
    corbel_error error = CORBEL_ERROR_INIT;
    batches_Desk *desks[3];
    corbel_call *calls[LENGTH_OF(steps)];
    int32_t expected[LENGTH_OF(steps) + 1];
    size_t n = 0;
    corbel_batch *const batch = corbel_batch_new(runtime, stops ? CORBEL_BATCH_STOP_AT_FIRST_ERROR : CORBEL_BATCH_CONTINUE);
    desks_derive(from, batch, desks);
    for (size_t round = 0; round < 3; round++) { /* it can be used again */
        n = 0;
        for (size_t i = 0; i < LENGTH_OF(steps); i++) {
            calls[i] = step_begin(desks, i, &error);
        }
        world_expect_book(NULL, 0);
        assert_int_equal(corbel_batch_run(batch, &error), CORBEL_RAISED);
        assert_non_null(strstr(error.message, "call 6 of 11 of the batch, batches::Desk::refuse: "));
        const batches_Refused *const refused = batches_Refused_of(&error);
        assert_non_null(refused);
        assert_int_equal(refused->at, 5);
        assert_non_null(refused->what);
        for (size_t i = 0; i < LENGTH_OF(steps); i++) {
            const corbel_status status = stops ? steps[i].stops : steps[i].goes_on;
            assert_int_equal(step_finish(calls[i], i, &error), status);
            if (status == CORBEL_SKIPPED) {
                assert_int_equal(error.completion, CORBEL_COMPLETED_NO);
            }
            if (status == CORBEL_OK && !(stops && i > 5)) {
                expected[n++] = (int32_t)i;
            } else if (status != CORBEL_SKIPPED && status != CORBEL_OK) {
                expected[n++] = (int32_t)i;
            }
        }
        corbel_error_clear(&error);
        MUST(batches_Desk_note(from[0], -1, NULL, &error)); /* behind the last oneway */
        expected[n++] = -1;
        world_expect_book(expected, n);
    }
    desks_give_back(desks);
    corbel_batch_unref(batch);
}

static void stopping_at_the_first_error(void **state)
{
    (void)state;
    assert_int_equal(LENGTH_OF(steps), 11);
    run_steps(world.remote, world.client, true);
}

static void going_on(void **state)
{
    (void)state;
    run_steps(world.remote, world.client, false);
}

static void in_this_process_stopping(void **state)
{
    (void)state;
    run_steps(world.local, world.server.runtime, true);
}

static void in_this_process_going_on(void **state)
{
    (void)state;
    run_steps(world.local, world.server.runtime, false);
}

static void nothing_to_run(void **state)
{
    corbel_error error = CORBEL_ERROR_INIT;
    corbel_batch *const batch = corbel_batch_new(world.client, CORBEL_BATCH_CONTINUE);
    (void)state;
    MUST(corbel_batch_run(batch, &error));
    MUST(corbel_batch_run(batch, &error));
    assert_null(corbel_batch_unref(batch));
    assert_null(corbel_batch_unref(NULL));
    assert_int_equal(corbel_batch_run(NULL, &error), CORBEL_MISUSE);
    corbel_error_clear(&error);
}

static void wrong_uses(void **state)
{
    corbel_error error = CORBEL_ERROR_INIT;
    (void)state;
    for (size_t side = 0; side < 2; side++) {
        batches_Desk *desks[3];
        corbel_batch *const batch = corbel_batch_new(side == 0 ? world.client : world.server.runtime, CORBEL_BATCH_CONTINUE);
        desks_derive(world_sides[side], batch, desks);
        assert_int_equal(batches_Desk_note(desks[0], 1, NULL, &error), CORBEL_MISUSE);
        assert_int_equal(error.completion, CORBEL_COMPLETED_NO);
        assert_non_null(strstr(error.message, "corbel_batch_run()"));
        corbel_call *const early = batches_Desk_note_begin(desks[0], 2);
        corbel_call *const dropped = batches_Desk_note_begin(desks[1], 3);
        corbel_call *const kept = batches_Desk_note_begin(desks[2], 4);
        assert_int_equal(batches_Desk_note_finish(early, NULL, &error), CORBEL_MISUSE);
        assert_non_null(strstr(error.message, "before corbel_batch_run()"));
        corbel_call_drop(dropped);
        corbel_error_clear(&error);
        MUST(corbel_batch_run(batch, &error));
        MUST(batches_Desk_note_finish(kept, NULL, &error));
        world_expect_book((const int32_t[]) { 4 }, 1);
        corbel_batch_unref(batch);
        corbel_call *const late = batches_Desk_note_begin(desks[0], 5);
        assert_int_equal(batches_Desk_note_finish(late, NULL, &error), CORBEL_MISUSE);
        assert_int_equal(batches_Desk_drop(desks[0], 6, &error), CORBEL_MISUSE);
        desks_give_back(desks);
    }
    corbel_batch *const none = corbel_batch_new(NULL, CORBEL_BATCH_CONTINUE);
    batches_Desk *desks[3];
    desks_derive(world.remote, none, desks);
    corbel_call *const call = batches_Desk_note_begin(desks[0], 7);
    assert_int_equal(corbel_batch_run(none, &error), CORBEL_NO_MEMORY);
    assert_int_equal(batches_Desk_note_finish(call, NULL, &error), CORBEL_NO_MEMORY);
    assert_int_equal(batches_Desk_drop(desks[0], 7, &error), CORBEL_NO_MEMORY);
    desks_give_back(desks);
    corbel_batch_unref(none);
    world_expect_book(NULL, 0);
    corbel_error_clear(&error);
}

static void given_back_with_calls_waiting(void **state)
{
    corbel_error error = CORBEL_ERROR_INIT;
    (void)state;
    for (size_t side = 0; side < 2; side++) {
        batches_Desk *desks[3];
        corbel_call *calls[3];
        corbel_batch *const batch = corbel_batch_new(side == 0 ? world.client : world.server.runtime, CORBEL_BATCH_CONTINUE);
        desks_derive(world_sides[side], batch, desks);
        for (size_t i = 0; i < 3; i++) {
            calls[i] = batches_Desk_note_begin(desks[i], 1);
            MUST(batches_Desk_drop(desks[i], 1, &error));
        }
        corbel_batch_unref(batch);
        desks_give_back(desks);
        for (size_t i = 0; i < 3; i++) {
            assert_int_equal(batches_Desk_note_finish(calls[i], NULL, &error), CORBEL_CANCELLED);
            assert_int_equal(error.completion, CORBEL_COMPLETED_NO);
        }
    }
    world_expect_book(NULL, 0);
    corbel_error_clear(&error);
}

/** Calls that cannot even be begun fail in their place. */
static void a_call_that_was_never_one(void **state)
{
    corbel_error error = CORBEL_ERROR_INIT;
    (void)state;
    for (size_t side = 0; side < 2; side++) {
        for (size_t stops = 0; stops < 2; stops++) {
            batches_Desk *desks[3];
            corbel_batch *const batch = corbel_batch_new(side == 0 ? world.client : world.server.runtime,
                                                         stops ? CORBEL_BATCH_STOP_AT_FIRST_ERROR : CORBEL_BATCH_CONTINUE);
            desks_derive(world_sides[side], batch, desks);
            corbel_call *const first = batches_Desk_note_begin(desks[0], 1);
            corbel_call *const bad = batches_Desk_open_begin(desks[0], "\xFF");
            corbel_call *const last = batches_Desk_note_begin(desks[1], 2);
            assert_int_equal(corbel_batch_run(batch, &error), CORBEL_INVALID_ARGUMENT);
            assert_non_null(strstr(error.message, "call 2 of 3 of the batch, batches::Desk::open: "));
            assert_int_equal(batches_Desk_note_finish(first, NULL, &error), CORBEL_OK);
            assert_int_equal(batches_Desk_open_finish(bad, NULL, &error), CORBEL_INVALID_ARGUMENT);
            assert_int_equal(batches_Desk_note_finish(last, NULL, &error), stops ? CORBEL_SKIPPED : CORBEL_OK);
            world_expect_book((const int32_t[]) { 1, 2 }, stops ? 1 : 2);
            desks_give_back(desks);
            corbel_batch_unref(batch);
        }
    }
    corbel_error_clear(&error);
}

static void an_object_of_another_session(void **state)
{
    corbel_error error = CORBEL_ERROR_INIT;
    corbel_options options = CORBEL_OPTIONS_INIT;
    probe_server other;
    probe_Probe *probe = NULL;
    (void)state;
    probe_server_start(&other, NULL, NULL);
    MUST(probe_Probe_from_uri(world.client, other.uri, &probe, &error));
    for (size_t stops = 0; stops < 2; stops++) {
        batches_Desk *desks[3];
        int32_t sum = 0;
        corbel_batch *const batch =
            corbel_batch_new(world.client, stops ? CORBEL_BATCH_STOP_AT_FIRST_ERROR : CORBEL_BATCH_CONTINUE);
        desks_derive(world.remote, batch, desks);
        options.batch = batch;
        probe_Probe *const stranger = probe_Probe_with(probe, &options);
        corbel_call *const first = batches_Desk_note_begin(desks[0], 1);
        corbel_call *const elsewhere = probe_Probe_add_begin(stranger, 1, 1);
        corbel_call *const last = batches_Desk_note_begin(desks[1], 2);
        assert_int_equal(corbel_batch_run(batch, &error), CORBEL_MISUSE);
        assert_non_null(strstr(error.message, "call 2 of 3 of the batch, probe::Probe::add: "));
        assert_non_null(strstr(error.message, "another session"));
        assert_int_equal(batches_Desk_note_finish(first, NULL, &error), CORBEL_OK);
        assert_int_equal(probe_Probe_add_finish(elsewhere, &sum, &error), CORBEL_MISUSE);
        assert_int_equal(error.completion, CORBEL_COMPLETED_NO);
        assert_int_equal(batches_Desk_note_finish(last, NULL, &error), stops ? CORBEL_SKIPPED : CORBEL_OK);
        world_expect_book((const int32_t[]) { 1, 2 }, stops ? 1 : 2);
        corbel_call *const alone = probe_Probe_add_begin(stranger, 20, 22); /* the next one may go there */
        corbel_error_clear(&error);
        MUST(corbel_batch_run(batch, &error));
        MUST(probe_Probe_add_finish(alone, &sum, &error));
        assert_int_equal(sum, 42);
        probe_Probe_unref(stranger);
        desks_give_back(desks);
        corbel_batch_unref(batch);
    }
    probe_Probe_unref(probe);
    probe_server_stop(&other);
    corbel_error_clear(&error);
}

/** Many times the window, of calls and of bytes; the deadline is there only to end what hangs. */
static void more_than_the_window(void **state)
{
    enum { CALLS = 6000, BLOBS = 12, BLOB = 300000 };
    corbel_error error = CORBEL_ERROR_INIT;
    (void)state;
    corbel_call **const calls = calloc(CALLS, sizeof *calls);
    uint8_t *const data = calloc(1, BLOB);
    assert_non_null(calls);
    assert_non_null(data);
    for (size_t side = 0; side < 2; side++) {
        for (size_t stops = 0; stops < 2; stops++) {
            batches_Desk *desks[3];
            corbel_batch *const batch = corbel_batch_new(side == 0 ? world.client : world.server.runtime,
                                                         stops ? CORBEL_BATCH_STOP_AT_FIRST_ERROR : CORBEL_BATCH_CONTINUE);
            desks_derive(world_sides[side], batch, desks);
            for (size_t i = 0; i < CALLS; i++) {
                calls[i] = batches_Desk_note_begin(desks[i % 3], (int32_t)i);
            }
            MUST(corbel_batch_run(batch, &error));
            for (size_t i = 0; i < CALLS; i++) {
                uint32_t at = 0;
                MUST(batches_Desk_note_finish(calls[i], &at, &error));
                assert_int_equal(at, i + 1);
            }
            pthread_mutex_lock(&world.there.lock);
            assert_int_equal(world.there.n, CALLS);
            world.there.n = 0;
            pthread_mutex_unlock(&world.there.lock);
            for (size_t i = 0; i < BLOBS; i++) {
                calls[i] = batches_Desk_blob_begin(desks[i % 3], (corbel_bytes) { BLOB - i, data });
            }
            MUST(corbel_batch_run(batch, &error));
            for (size_t i = 0; i < BLOBS; i++) {
                corbel_bytes back = { 0 };
                MUST(batches_Desk_blob_finish(calls[i], &back, &error));
                assert_int_equal(back.len, BLOB - i);
                corbel_bytes_clear(&back);
                assert_int_equal(world.there.book[i], BLOB - i);
            }
            pthread_mutex_lock(&world.there.lock);
            world.there.n = 0;
            pthread_mutex_unlock(&world.there.lock);
            desks_give_back(desks);
            corbel_batch_unref(batch);
        }
    }
    free(data);
    free(calls);
}

/** Small calls of a batch are one message there and, when the servant is quick, few back. */
static void one_message(void **state)
{
    enum { CALLS = 100 };
    corbel_error error = CORBEL_ERROR_INIT;
    corbel_call *calls[CALLS];
    batches_Desk *desks[3];
    (void)state;
    corbel_batch *const batch = corbel_batch_new(world.client, CORBEL_BATCH_STOP_AT_FIRST_ERROR);
    desks_derive(world.remote, batch, desks);
    crb_peer *const peer = batches_Desk_as_object(world.remote[1])->target->import.peer;
    for (size_t i = 0; i < CALLS; i++) {
        calls[i] = batches_Desk_note_begin(desks[i % 3], (int32_t)i);
    }
    crb_peer_lock(peer);
    const uint64_t before = peer->n_messages;
    crb_peer_unlock(peer);
    MUST(corbel_batch_run(batch, &error));
    crb_peer_lock(peer);
    const uint64_t messages = peer->n_messages - before;
    crb_peer_unlock(peer);
    assert_int_equal(messages, 1);
    for (size_t i = 0; i < CALLS; i++) {
        MUST(batches_Desk_note_finish(calls[i], NULL, &error));
    }
    desks_give_back(desks);
    corbel_batch_unref(batch);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(stopping_at_the_first_error, world_set_up, world_tear_down),
        cmocka_unit_test_setup_teardown(going_on, world_set_up, world_tear_down),
        cmocka_unit_test_setup_teardown(in_this_process_stopping, world_set_up, world_tear_down),
        cmocka_unit_test_setup_teardown(in_this_process_going_on, world_set_up, world_tear_down),
        cmocka_unit_test_setup_teardown(nothing_to_run, world_set_up, world_tear_down),
        cmocka_unit_test_setup_teardown(wrong_uses, world_set_up, world_tear_down),
        cmocka_unit_test_setup_teardown(given_back_with_calls_waiting, world_set_up, world_tear_down),
        cmocka_unit_test_setup_teardown(a_call_that_was_never_one, world_set_up, world_tear_down),
        cmocka_unit_test_setup_teardown(an_object_of_another_session, world_set_up, world_tear_down),
        cmocka_unit_test_setup_teardown(more_than_the_window, world_set_up, world_tear_down),
        cmocka_unit_test_setup_teardown(one_message, world_set_up, world_tear_down),
    };
    return cmocka_run_group_tests_name("batch", tests, NULL, NULL);
}
