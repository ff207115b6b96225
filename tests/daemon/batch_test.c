/** Batches: what travels together runs in order, and everybody is told the truth about each call. */
#include "probe.h"

#include "batches.corbel.h"
#include "runtime/base/clock.h"
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
enum { BOOK = 40000 };

/* ---- desks ---- */

typedef struct office {
    pthread_mutex_t lock;
    int32_t book[BOOK];
    uint32_t n;
    probe_event written, entered, go_on;
} office;

static void office_init(office *self)
{
    memset(self, 0, sizeof *self);
    pthread_mutex_init(&self->lock, NULL);
    probe_event_init(&self->written);
    probe_event_init(&self->entered);
    probe_event_init(&self->go_on);
}

static uint32_t office_write(office *self, int32_t number)
{
    pthread_mutex_lock(&self->lock);
    if (self->n < BOOK) {
        self->book[self->n++] = number;
    }
    const uint32_t n = self->n;
    pthread_mutex_unlock(&self->lock);
    probe_event_add(&self->written, 1);
    return n;
}

static corbel_status desk_note(void *self, corbel_request *request, int32_t number, uint32_t *ret)
{
    (void)request;
    *ret = office_write(self, number);
    return CORBEL_OK;
}

static corbel_status desk_refuse(void *self, corbel_request *request, int32_t number);
static corbel_status desk_fail(void *self, corbel_request *request, int32_t number)
{
    office_write(self, number);
    return corbel_request_fail(request, CORBEL_BUSY, "not now");
}

static corbel_status desk_drop(void *self, corbel_request *request, int32_t number)
{
    (void)request;
    office_write(self, number);
    return CORBEL_OK;
}

static corbel_status desk_slow(void *self, corbel_request *request, int32_t number)
{
    office *const o = self;
    probe_event_add(&o->entered, 1);
    (void)request;
    const bool goes_on = probe_event_wait(&o->go_on, 1);
    if (!goes_on) {
        return CORBEL_FAILED;
    }
    office_write(o, number);
    return CORBEL_OK;
}

static corbel_status desk_blob(void *self, corbel_request *request, corbel_bytes data, corbel_bytes *ret)
{
    (void)request;
    office_write(self, (int32_t)data.len);
    *ret = data;
    return CORBEL_OK;
}

static corbel_status desk_open(void *self, corbel_request *request, const char *name, batches_Desk **ret);

static corbel_status desk_pass_on(void *self, corbel_request *request, batches_Desk *to, int32_t number, uint32_t *ret)
{
    corbel_error error = CORBEL_ERROR_INIT;
    (void)self;
    return batches_Desk_note(to, number, ret, &error) ? corbel_request_forward(request, &error) : CORBEL_OK;
}

static corbel_status desk_book(void *self, corbel_request *request, corbel_int32_seq *ret)
{
    office *const o = self;
    pthread_mutex_lock(&o->lock);
    int32_t *const items = corbel_request_alloc(request, o->n == 0 ? 1 : o->n, sizeof *items);
    if (items != NULL) {
        memcpy(items, o->book, o->n * sizeof *items);
        *ret = (corbel_int32_seq) { o->n, items };
    }
    pthread_mutex_unlock(&o->lock);
    return items == NULL ? CORBEL_NO_MEMORY : CORBEL_OK;
}

static const batches_Desk_servant desk_servant = { .note = desk_note,
                                                   .refuse = desk_refuse,
                                                   .fail = desk_fail,
                                                   .drop = desk_drop,
                                                   .slow = desk_slow,
                                                   .blob = desk_blob,
                                                   .open = desk_open,
                                                   .pass_on = desk_pass_on,
                                                   .book = desk_book };

static corbel_status desk_refuse(void *self, corbel_request *request, int32_t number)
{
    batches_Desk *const what = batches_Desk_new(corbel_request_runtime(request), &desk_servant, self, NULL);
    office_write(self, number);
    const batches_Refused refused = { .at = number, .what = batches_Desk_as_object(what) };
    const corbel_status status = batches_Refused_raise(request, &refused);
    batches_Desk_unref(what);
    return status;
}

static corbel_status desk_open(void *self, corbel_request *request, const char *name, batches_Desk **ret)
{
    (void)name;
    *ret = batches_Desk_new(corbel_request_runtime(request), &desk_servant, self, NULL);
    return CORBEL_OK;
}

/* ---- the world ---- */

static probe_server server;
static office there;
static corbel_runtime *client;
static batches_Desk *remote[3], *local[3];
static batches_Desk *const *const sides[2] = { remote, local };

static void world_open(const corbel_runtime_options *options)
{
    corbel_error error = CORBEL_ERROR_INIT;
    char uri[600];
    office_init(&there);
    probe_server_start(&server, options, NULL);
    local[0] = batches_Desk_new(server.runtime, &desk_servant, &there, NULL);
    MUST(corbel_daemon_register(server.daemon, "desk", batches_Desk_as_object(local[0]), &error));
    MUST(corbel_runtime_new(NULL, &client, &error));
    (void)snprintf(uri, sizeof uri, "corbel:desk%s", strchr(server.uri, '@'));
    MUST(batches_Desk_from_uri(client, uri, &remote[0], &error));
    for (size_t i = 1; i < 3; i++) {
        MUST(batches_Desk_open(remote[0], "", &remote[i], &error));
        MUST(batches_Desk_open(local[0], "", &local[i], &error));
    }
}

static int set_up(void **state)
{
    (void)state;
    world_open(NULL);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        batches_Desk_unref(remote[i]);
        batches_Desk_unref(local[i]);
    }
    corbel_runtime_unref(client);
    probe_server_stop(&server);
    return 0;
}

/** The book holds exactly these; then it is emptied. */
static void assert_book(const int32_t *numbers, size_t n)
{
    pthread_mutex_lock(&there.lock);
    assert_int_equal(there.n, n);
    for (size_t i = 0; i < n; i++) {
        assert_int_equal(there.book[i], numbers[i]);
    }
    there.n = 0;
    pthread_mutex_unlock(&there.lock);
}

static void derive(batches_Desk *const *from, corbel_batch *batch, batches_Desk **ret)
{
    corbel_options options = CORBEL_OPTIONS_INIT;
    options.batch = batch;
    for (size_t i = 0; i < 3; i++) {
        ret[i] = batches_Desk_with(from[i], &options);
    }
}

static void give_back(batches_Desk **desks)
{
    for (size_t i = 0; i < 3; i++) {
        batches_Desk_unref(desks[i]);
    }
}

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
    derive(from, batch, desks);
    for (size_t round = 0; round < 3; round++) { /* it can be used again */
        n = 0;
        for (size_t i = 0; i < LENGTH_OF(steps); i++) {
            calls[i] = step_begin(desks, i, &error);
        }
        assert_book(NULL, 0);
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
        assert_book(expected, n);
    }
    give_back(desks);
    corbel_batch_unref(batch);
}

static void stopping_at_the_first_error(void **state)
{
    (void)state;
    assert_int_equal(LENGTH_OF(steps), 11);
    run_steps(remote, client, true);
}

static void going_on(void **state)
{
    (void)state;
    run_steps(remote, client, false);
}

static void in_this_process_stopping(void **state)
{
    (void)state;
    run_steps(local, server.runtime, true);
}

static void in_this_process_going_on(void **state)
{
    (void)state;
    run_steps(local, server.runtime, false);
}

static void nothing_to_run(void **state)
{
    corbel_error error = CORBEL_ERROR_INIT;
    corbel_batch *const batch = corbel_batch_new(client, CORBEL_BATCH_CONTINUE);
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
        corbel_batch *const batch = corbel_batch_new(side == 0 ? client : server.runtime, CORBEL_BATCH_CONTINUE);
        derive(sides[side], batch, desks);
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
        assert_book((const int32_t[]) { 4 }, 1);
        corbel_batch_unref(batch);
        corbel_call *const late = batches_Desk_note_begin(desks[0], 5);
        assert_int_equal(batches_Desk_note_finish(late, NULL, &error), CORBEL_MISUSE);
        assert_int_equal(batches_Desk_drop(desks[0], 6, &error), CORBEL_MISUSE);
        give_back(desks);
    }
    corbel_batch *const none = corbel_batch_new(NULL, CORBEL_BATCH_CONTINUE);
    batches_Desk *desks[3];
    derive(remote, none, desks);
    corbel_call *const call = batches_Desk_note_begin(desks[0], 7);
    assert_int_equal(corbel_batch_run(none, &error), CORBEL_NO_MEMORY);
    assert_int_equal(batches_Desk_note_finish(call, NULL, &error), CORBEL_NO_MEMORY);
    assert_int_equal(batches_Desk_drop(desks[0], 7, &error), CORBEL_NO_MEMORY);
    give_back(desks);
    corbel_batch_unref(none);
    assert_book(NULL, 0);
    corbel_error_clear(&error);
}

static void given_back_with_calls_waiting(void **state)
{
    corbel_error error = CORBEL_ERROR_INIT;
    (void)state;
    for (size_t side = 0; side < 2; side++) {
        batches_Desk *desks[3];
        corbel_call *calls[3];
        corbel_batch *const batch = corbel_batch_new(side == 0 ? client : server.runtime, CORBEL_BATCH_CONTINUE);
        derive(sides[side], batch, desks);
        for (size_t i = 0; i < 3; i++) {
            calls[i] = batches_Desk_note_begin(desks[i], 1);
            MUST(batches_Desk_drop(desks[i], 1, &error));
        }
        corbel_batch_unref(batch);
        give_back(desks);
        for (size_t i = 0; i < 3; i++) {
            assert_int_equal(batches_Desk_note_finish(calls[i], NULL, &error), CORBEL_CANCELLED);
            assert_int_equal(error.completion, CORBEL_COMPLETED_NO);
        }
    }
    assert_book(NULL, 0);
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
            corbel_batch *const batch = corbel_batch_new(side == 0 ? client : server.runtime,
                                                         stops ? CORBEL_BATCH_STOP_AT_FIRST_ERROR : CORBEL_BATCH_CONTINUE);
            derive(sides[side], batch, desks);
            corbel_call *const first = batches_Desk_note_begin(desks[0], 1);
            corbel_call *const bad = batches_Desk_open_begin(desks[0], "\xFF");
            corbel_call *const last = batches_Desk_note_begin(desks[1], 2);
            assert_int_equal(corbel_batch_run(batch, &error), CORBEL_INVALID_ARGUMENT);
            assert_non_null(strstr(error.message, "call 2 of 3 of the batch, batches::Desk::open: "));
            assert_int_equal(batches_Desk_note_finish(first, NULL, &error), CORBEL_OK);
            assert_int_equal(batches_Desk_open_finish(bad, NULL, &error), CORBEL_INVALID_ARGUMENT);
            assert_int_equal(batches_Desk_note_finish(last, NULL, &error), stops ? CORBEL_SKIPPED : CORBEL_OK);
            assert_book((const int32_t[]) { 1, 2 }, stops ? 1 : 2);
            give_back(desks);
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
    MUST(probe_Probe_from_uri(client, other.uri, &probe, &error));
    for (size_t stops = 0; stops < 2; stops++) {
        batches_Desk *desks[3];
        int32_t sum = 0;
        corbel_batch *const batch = corbel_batch_new(client, stops ? CORBEL_BATCH_STOP_AT_FIRST_ERROR : CORBEL_BATCH_CONTINUE);
        derive(remote, batch, desks);
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
        assert_book((const int32_t[]) { 1, 2 }, stops ? 1 : 2);
        corbel_call *const alone = probe_Probe_add_begin(stranger, 20, 22); /* the next one may go there */
        corbel_error_clear(&error);
        MUST(corbel_batch_run(batch, &error));
        MUST(probe_Probe_add_finish(alone, &sum, &error));
        assert_int_equal(sum, 42);
        probe_Probe_unref(stranger);
        give_back(desks);
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
            corbel_batch *const batch = corbel_batch_new(side == 0 ? client : server.runtime,
                                                         stops ? CORBEL_BATCH_STOP_AT_FIRST_ERROR : CORBEL_BATCH_CONTINUE);
            derive(sides[side], batch, desks);
            for (size_t i = 0; i < CALLS; i++) {
                calls[i] = batches_Desk_note_begin(desks[i % 3], (int32_t)i);
            }
            MUST(corbel_batch_run(batch, &error));
            for (size_t i = 0; i < CALLS; i++) {
                uint32_t at = 0;
                MUST(batches_Desk_note_finish(calls[i], &at, &error));
                assert_int_equal(at, i + 1);
            }
            pthread_mutex_lock(&there.lock);
            assert_int_equal(there.n, CALLS);
            there.n = 0;
            pthread_mutex_unlock(&there.lock);
            for (size_t i = 0; i < BLOBS; i++) {
                calls[i] = batches_Desk_blob_begin(desks[i % 3], (corbel_bytes) { BLOB - i, data });
            }
            MUST(corbel_batch_run(batch, &error));
            for (size_t i = 0; i < BLOBS; i++) {
                corbel_bytes back = { 0 };
                MUST(batches_Desk_blob_finish(calls[i], &back, &error));
                assert_int_equal(back.len, BLOB - i);
                corbel_bytes_clear(&back);
                assert_int_equal(there.book[i], BLOB - i);
            }
            pthread_mutex_lock(&there.lock);
            there.n = 0;
            pthread_mutex_unlock(&there.lock);
            give_back(desks);
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
    corbel_batch *const batch = corbel_batch_new(client, CORBEL_BATCH_STOP_AT_FIRST_ERROR);
    derive(remote, batch, desks);
    crb_peer *const peer = batches_Desk_as_object(remote[1])->target->import.peer;
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
    give_back(desks);
    corbel_batch_unref(batch);
}

/** Lets the slow call go on when its caller has given it up. */
static void *releaser_main(void *argument)
{
    const corbel_call *const slow = argument;
    while (!atomic_load(&slow->done)) {
        const struct timespec pause = { .tv_nsec = 1000000 };
        (void)clock_nanosleep(CLOCK_MONOTONIC, 0, &pause, NULL);
    }
    probe_event_add(&there.go_on, 1);
    return NULL;
}

/** Its time begins when it is run, and is each call's own. */
static void deadlines(void **state)
{
    corbel_error error = CORBEL_ERROR_INIT;
    (void)state;
    for (size_t stops = 0; stops < 2; stops++) {
        corbel_options options = CORBEL_OPTIONS_INIT;
        corbel_batch *const batch = corbel_batch_new(client, stops ? CORBEL_BATCH_STOP_AT_FIRST_ERROR : CORBEL_BATCH_CONTINUE);
        options.batch = batch;
        options.deadline_ms = 300 * probe_slow;
        batches_Desk *const hasty = batches_Desk_with(remote[0], &options);
        options.deadline_ms = 20000 * probe_slow;
        batches_Desk *const patient = batches_Desk_with(remote[1], &options);
        corbel_call *const first = batches_Desk_note_begin(hasty, 1);
        const uint64_t until = crb_now() + 320 * probe_slow * CRB_MS;
        while (crb_now() < until) { /* nothing is lost by waiting here: that is what is tested */
            const struct timespec pause = { .tv_nsec = 10000000 };
            (void)clock_nanosleep(CLOCK_MONOTONIC, 0, &pause, NULL);
        }
        corbel_call *const slow = batches_Desk_slow_begin(hasty, 2);
        corbel_call *const last = batches_Desk_note_begin(patient, 3);
        pthread_t releaser;
        there.go_on.count = 0;
        there.written.count = 0;
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
        assert_true(probe_event_wait(&there.written, 2 + (behind == CORBEL_OK)));
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
    const bool reached = probe_event_wait(&there.entered, *entered);
    probe_server_cut(&server);
    probe_event_add(&there.go_on, 1);
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
        corbel_batch *const batch = corbel_batch_new(client, stops ? CORBEL_BATCH_STOP_AT_FIRST_ERROR : CORBEL_BATCH_CONTINUE);
        for (size_t i = 1; i < 3; i++) { /* the session of the round before is no more */
            batches_Desk_unref(remote[i]);
            MUST(batches_Desk_open(remote[0], "", &remote[i], &error));
        }
        derive(remote, batch, desks);
        pthread_mutex_lock(&there.lock);
        there.n = 0;
        pthread_mutex_unlock(&there.lock);
        for (int32_t i = 0; i < CALLS; i++) {
            calls[i] = i == SLOW ? batches_Desk_slow_begin(desks[i % 3], i) : batches_Desk_note_begin(desks[i % 3], i);
        }
        pthread_t cutter;
        uint64_t entered = probe_event_count(&there.entered) + 1;
        void *reached = NULL;
        there.go_on.count = 0;
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
        corbel_batch *const batch = corbel_batch_new(side == 0 ? client : server.runtime, CORBEL_BATCH_STOP_AT_FIRST_ERROR);
        probe_event_init(&t.times);
        derive(sides[side], batch, desks);
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
        assert_book((const int32_t[]) { 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 12 }, 12);
        /* Callbacks of calls that are never run. */
        corbel_call_on_done(batches_Desk_note_begin(desks[0], 14), told_done, &t);
        corbel_batch_unref(batch);
        assert_true(probe_event_wait(&t.times, 12));
        assert_int_equal(atomic_load(&t.statuses[CORBEL_CANCELLED]), 1);
        give_back(desks);
    }
    corbel_error_clear(&error);
}

/** Cancels the call that runs. */
static void *canceller_main(void *argument)
{
    const bool reached = probe_event_wait(&there.entered, 1);
    corbel_call_cancel(argument);
    probe_event_add(&there.go_on, 1);
    return reached ? argument : NULL;
}

static void cancelled_while_it_runs(void **state)
{
    corbel_error error = CORBEL_ERROR_INIT;
    batches_Desk *desks[3];
    pthread_t canceller;
    void *reached = NULL;
    (void)state;
    corbel_batch *const batch = corbel_batch_new(client, CORBEL_BATCH_CONTINUE);
    derive(remote, batch, desks);
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
    assert_book((const int32_t[]) { 1, 2, 3 }, 3);
    give_back(desks);
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
    (void)snprintf(uri, sizeof uri, "corbel:desk%s", strchr(server.uri, '@'));
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
        cmocka_unit_test_setup_teardown(stopping_at_the_first_error, set_up, tear_down),
        cmocka_unit_test_setup_teardown(going_on, set_up, tear_down),
        cmocka_unit_test_setup_teardown(in_this_process_stopping, set_up, tear_down),
        cmocka_unit_test_setup_teardown(in_this_process_going_on, set_up, tear_down),
        cmocka_unit_test_setup_teardown(nothing_to_run, set_up, tear_down),
        cmocka_unit_test_setup_teardown(wrong_uses, set_up, tear_down),
        cmocka_unit_test_setup_teardown(given_back_with_calls_waiting, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_call_that_was_never_one, set_up, tear_down),
        cmocka_unit_test_setup_teardown(an_object_of_another_session, set_up, tear_down),
        cmocka_unit_test_setup_teardown(more_than_the_window, set_up, tear_down),
        cmocka_unit_test_setup_teardown(one_message, set_up, tear_down),
        cmocka_unit_test_setup_teardown(deadlines, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_session_breaks, set_up, tear_down),
        cmocka_unit_test_setup_teardown(callbacks_waits_and_cancelling, set_up, tear_down),
        cmocka_unit_test_setup_teardown(cancelled_while_it_runs, set_up, tear_down),
        cmocka_unit_test_setup_teardown(called_back_without_a_worker, set_up, tear_down),
    };
    return cmocka_run_group_tests_name("batch", tests, NULL, NULL);
}
