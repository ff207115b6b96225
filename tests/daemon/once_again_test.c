/* Exactly-once effects, end to end: a caller whose session breaks after the effect and before the reply repeats its call by
 * itself, over TCP and over Unix sockets, and whatever way it calls; also when the server was started again meanwhile. */
#include "once_servant.h"

#include "runtime/base/clock.h"
#include "runtime/uri/uri.h"

#include <corbel/call.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

static once_state state_of;
static once_server server;
static corbel_runtime *client;
static once_Counter *counter;
static const char *transport;
static char address[128];

/** An address that a second server can have, too. */
static void choose_address(void)
{
    static unsigned n;
    if (strcmp(transport, "unix") == 0) {
        (void)snprintf(address, sizeof address, "unix:@corbel-again-%d-%u", (int)getpid(), n++);
    } else {
        (void)snprintf(address, sizeof address, "127.0.0.1:0");
    }
}

/** What the kernel chose, for the next one. */
static void note_address(void)
{
    crb_uri uri = { 0 };
    corbel_error error = CORBEL_ERROR_INIT;
    MUST(crb_uri_parse(server.uri, &uri, &error));
    char *const text = crb_address_format(&uri.addresses[0]);
    (void)snprintf(address, sizeof address, "%s", text);
    free(text);
    crb_uri_clear(&uri);
}

static void start(const corbel_limits *limits, bool durable)
{
    corbel_error error = CORBEL_ERROR_INIT;
    corbel_options options = CORBEL_OPTIONS_INIT;
    once_Counter *found = NULL;
    choose_address();
    once_state_init(&state_of);
    once_server_start(&server, &state_of, limits, address, durable);
    note_address();
    MUST(corbel_runtime_new(NULL, &client, &error));
    MUST(once_Counter_from_uri(client, server.uri, &found, &error));
    options.wait_for_ready = true;
    options.deadline_ms = 20000 * probe_slow;
    counter = once_Counter_with(found, &options);
    once_Counter_unref(found);
}

static void stop(void)
{
    once_Counter_unref(counter);
    corbel_runtime_unref(client);
    once_server_stop(&server);
    once_state_clear(&state_of);
}

static void synchronous(void **state)
{
    corbel_error error = CORBEL_ERROR_INIT;
    int32_t sum = 0;
    (void)state;
    start(NULL, false);
    for (int32_t i = 1; i <= 5; i++) {
        atomic_store(&state_of.cuts, 1);
        MUST(once_Counter_add(counter, 1, &sum, &error));
        assert_int_equal(sum, i);
        assert_int_equal(atomic_load(&state_of.total), i);
        assert_int_equal(atomic_load(&state_of.entered), i);
        assert_int_equal(probe_event_count(&state_of.cut), i);
    }
    /* Twice in one call. */
    atomic_store(&state_of.cuts, 1);
    assert_int_equal(once_Counter_add_and_raise(counter, 1, &error), CORBEL_RAISED);
    assert_int_equal(once_Refused_of(&error)->total, 6);
    corbel_error_clear(&error);
    assert_int_equal(atomic_load(&state_of.entered), 6);
    stop();
}

static void begun(void **state)
{
    corbel_error error = CORBEL_ERROR_INIT;
    int32_t sum = 0;
    (void)state;
    start(NULL, false);
    for (int32_t i = 1; i <= 5; i++) {
        atomic_store(&state_of.cuts, 1);
        corbel_call *const call = once_Counter_add_begin(counter, 1);
        MUST(once_Counter_add_finish(call, &sum, &error));
        assert_int_equal(sum, i);
        assert_int_equal(atomic_load(&state_of.total), i);
        assert_int_equal(atomic_load(&state_of.entered), i);
    }
    stop();
}

typedef struct heard {
    probe_event done;
    corbel_status status;
    int32_t sum;
} heard;

static void on_done(corbel_call *call, void *user)
{
    heard *const to = user;
    to->status = once_Counter_add_finish(call, &to->sum, NULL);
    probe_event_add(&to->done, 1);
}

static void with_a_callback(void **state)
{
    heard to = { .status = CORBEL_FAILED };
    (void)state;
    start(NULL, false);
    probe_event_init(&to.done);
    atomic_store(&state_of.cuts, 1);
    corbel_call_on_done(once_Counter_add_begin(counter, 4), on_done, &to);
    assert_true(probe_event_wait(&to.done, 1));
    assert_int_equal(to.status, CORBEL_OK);
    assert_int_equal(to.sum, 4);
    assert_int_equal(atomic_load(&state_of.entered), 1);
    stop();
}

/** Without a key the truth is MAYBE: the twin of the above. */
static void without_retries(void **state)
{
    corbel_error error = CORBEL_ERROR_INIT;
    corbel_options options = CORBEL_OPTIONS_INIT;
    int32_t sum = 0;
    (void)state;
    start(NULL, false);
    options.no_retry = true;
    once_Counter *const once = once_Counter_with(counter, &options);
    atomic_store(&state_of.cuts, 1);
    assert_int_equal(once_Counter_add(once, 1, &sum, &error), CORBEL_GONE);
    assert_int_equal(error.completion, CORBEL_COMPLETED_MAYBE);
    corbel_error_clear(&error);
    assert_int_equal(atomic_load(&state_of.total), 1);
    once_Counter_unref(once);
    stop();
}

/** The reply is longer than what is kept: the repetition is refused, and nobody says that it did not run. */
static void forgotten(void **state)
{
    corbel_error error = CORBEL_ERROR_INIT;
    corbel_limits limits = CORBEL_LIMITS_INIT;
    int32_t sum = 0;
    (void)state;
    limits.once_bytes_of_one = 1;
    start(&limits, false);
    atomic_store(&state_of.cuts, 1);
    assert_int_equal(once_Counter_add(counter, 1, &sum, &error), CORBEL_FORGOTTEN);
    assert_int_equal(error.completion, CORBEL_COMPLETED_MAYBE);
    corbel_error_clear(&error);
    assert_int_equal(atomic_load(&state_of.total), 1);
    assert_int_equal(atomic_load(&state_of.entered), 1);
    stop();
}

typedef struct caller {
    corbel_status status;
    int32_t sum;
    corbel_completion completion;
} caller;

static void *call_add(void *user)
{
    caller *const by = user;
    corbel_error error = CORBEL_ERROR_INIT;
    by->status = once_Counter_add(counter, 3, &by->sum, &error);
    by->completion = error.completion;
    corbel_error_clear(&error);
    return NULL;
}

/** The server ends after the effect, before the reply, and another one takes its place. */
static caller over_a_restart(bool durable)
{
    caller by = { .status = CORBEL_FAILED };
    pthread_t thread;
    start(NULL, durable);
    atomic_store(&state_of.cuts, 1);
    assert_int_equal(pthread_create(&thread, NULL, call_add, &by), 0);
    assert_true(probe_event_wait(&state_of.cut, 1));
    once_server_stop(&server);
    once_server_start(&server, &state_of, NULL, address, durable);
    (void)pthread_join(thread, NULL);
    assert_int_equal(atomic_load(&state_of.total), 3);
    assert_int_equal(atomic_load(&state_of.entered), 1);
    stop();
    return by;
}

static void a_servant_that_remembers_is_asked_after_a_restart(void **state)
{
    (void)state;
    const caller by = over_a_restart(true);
    assert_int_equal(by.status, CORBEL_OK);
    assert_int_equal(by.sum, 3);
}

static void another_process_is_not_asked(void **state)
{
    (void)state;
    /* Between the cut and the end of the server the caller may have come again: then it was answered. */
    const caller by = over_a_restart(false);
    if (by.status == CORBEL_OK) {
        assert_int_equal(by.sum, 3);
    } else {
        assert_int_equal(by.completion, CORBEL_COMPLETED_MAYBE);
    }
}

/* ---- sessions that break all the time ---- */

enum { CALLS = 150, THREADS = 3 };

static _Atomic bool chaos_ends;

static void *chaos(void *user)
{
    (void)user;
    while (!atomic_load(&chaos_ends)) {
        nanosleep(&(struct timespec) { .tv_nsec = 15000000 }, NULL); /* what it does is no event */
        once_server_cut(&server);
    }
    return NULL;
}

static void *call_many(void *user)
{
    int32_t *const done = user;
    for (int i = 0; i < CALLS; i++) {
        corbel_error error = CORBEL_ERROR_INIT;
        int32_t sum = 0;
        const corbel_status status = i % 3 == 2
                                         ? once_Counter_add_aside_finish(once_Counter_add_aside_begin(counter, 1), &sum, &error)
                                         : once_Counter_add(counter, 1, &sum, &error);
        if (status == CORBEL_OK) {
            *done += 1;
        } else {
            (void)corbel_error_print(&error, stderr);
        }
        corbel_error_clear(&error);
        if (i % 10 == 0) {
            nanosleep(&(struct timespec) { .tv_nsec = 5000000 }, NULL);
        }
    }
    return NULL;
}

static void sessions_that_break_all_the_time(void **state)
{
    pthread_t threads[THREADS], cutter;
    int32_t done[THREADS] = { 0 };
    int32_t sum = 0;
    (void)state;
    start(NULL, false);
    atomic_store(&chaos_ends, false);
    assert_int_equal(pthread_create(&cutter, NULL, chaos, NULL), 0);
    for (size_t i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, call_many, &done[i]), 0);
    }
    for (size_t i = 0; i < THREADS; i++) {
        (void)pthread_join(threads[i], NULL);
        sum += done[i];
    }
    atomic_store(&chaos_ends, true);
    (void)pthread_join(cutter, NULL);
    assert_int_equal(sum, THREADS * CALLS); /* every one succeeded */
    assert_int_equal(atomic_load(&state_of.total), THREADS * CALLS);
    assert_int_equal(atomic_load(&state_of.entered), THREADS * CALLS);
    stop();
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(synchronous),
        cmocka_unit_test(begun),
        cmocka_unit_test(with_a_callback),
        cmocka_unit_test(without_retries),
        cmocka_unit_test(forgotten),
        cmocka_unit_test(a_servant_that_remembers_is_asked_after_a_restart),
        cmocka_unit_test(another_process_is_not_asked),
        cmocka_unit_test(sessions_that_break_all_the_time),
    };
    transport = argc > 1 ? argv[1] : "tcp";
    return cmocka_run_group_tests(tests, NULL, NULL);
}
