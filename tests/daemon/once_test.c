/* Exactly-once effects, attempt by attempt: what comes of a key that is sent again after its session broke, while its call runs,
 * after it was answered, acknowledged, given up or kept too long; over TCP and over Unix sockets. The repetitions are the test's
 * own: which a caller makes by itself is tests/daemon/once_again_test.c's. */
#include "once_servant.h"

#include "runtime/base/clock.h"
#include "runtime/call/call_impl.h"

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
static crb_once_mine *first; /* open: nothing is acknowledged */
static const char *transport;

static void start(const corbel_limits *limits, bool durable)
{
    corbel_error error = CORBEL_ERROR_INIT;
    char socket[64];
    static unsigned n;
    (void)snprintf(socket, sizeof socket, "unix:@corbel-once-%d-%u", (int)getpid(), n++);
    once_state_init(&state_of);
    once_server_start(&server, &state_of, limits, strcmp(transport, "unix") == 0 ? socket : NULL, durable);
    MUST(corbel_runtime_new(NULL, &client, &error));
    MUST(once_Counter_from_uri(client, server.uri, &counter, &error));
    first = once_hold_keys(client);
}

static void stop(void)
{
    once_Counter_unref(counter);
    crb_once_end(client, first);
    corbel_runtime_unref(client);
    once_server_stop(&server);
    once_state_clear(&state_of);
}

/** Cuts the sessions, and waits until both sides know. */
static void cut(void)
{
    once_server_cut(&server);
    const uint64_t until = crb_after_ms(crb_now(), 20000 * probe_slow);
    corbel_error error = CORBEL_ERROR_INIT;
    int32_t n = 0;
    /* The reference is by URI: it finds its way again; until then calls fail. */
    while (once_Counter_plain(counter, 5, &n, &error) != CORBEL_OK) {
        assert_true(crb_now() < until);
        corbel_error_clear(&error);
    }
}

static void expect_total(int32_t total, uint32_t entered)
{
    assert_int_equal(atomic_load(&state_of.total), total);
    assert_int_equal(atomic_load(&state_of.entered), entered);
}

static uint64_t keys(void)
{
    uint64_t n = 0, running = 0, bytes = 0;
    once_server_keys(&server, &n, &running, &bytes);
    return n;
}

static void expect_failure(corbel_status status, corbel_error *error, corbel_status wanted, corbel_completion completion)
{
    if (status != wanted) {
        (void)corbel_error_print(error, stderr);
    }
    assert_int_equal(status, wanted);
    assert_int_equal(error->completion, completion);
    corbel_error_clear(error);
}

/* ---- what was answered ---- */

static void a_reply_is_kept(void **state)
{
    corbel_error error = CORBEL_ERROR_INIT;
    int32_t sum = 0;
    (void)state;
    start(NULL, false);
    MUST(once_add(counter, 3, 2, false, &sum, &error));
    for (int i = 0; i < 3; i++) {
        cut();
        sum = 0;
        MUST(once_add(counter, 3, 2, true, &sum, &error));
        assert_int_equal(sum, 3);
    }
    MUST(once_add(counter, 4, 3, false, &sum, &error));
    assert_int_equal(sum, 7);
    expect_total(7, 2);
    assert_int_equal(keys(), 2);
    /* The key is good for its own operation alone. */
    expect_failure(once_finish(once_begin(counter, "add_and_fail", 3, 2, true), NULL, &error), &error, CORBEL_PROTOCOL,
                   CORBEL_COMPLETED_NO);
    expect_total(7, 2);
    stop();
}

static void exceptions_and_failures_are_kept(void **state)
{
    corbel_error error = CORBEL_ERROR_INIT;
    (void)state;
    start(NULL, false);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(once_finish(once_begin(counter, "add_and_raise", 3, 2, i > 0), NULL, &error), CORBEL_RAISED);
        assert_int_equal(once_Refused_of(&error)->total, 3);
        corbel_error_clear(&error);
        assert_int_equal(once_finish(once_begin(counter, "add_and_fail", 2, 3, i > 0), NULL, &error), CORBEL_FAILED);
        assert_string_equal(error.message, "failed at 5");
        assert_int_equal(corbel_error_hops(&error), 1);
        assert_int_equal(error.completion, CORBEL_COMPLETED_YES);
        corbel_error_clear(&error);
        cut();
    }
    expect_total(5, 2);
    /* A servant that says that it did nothing is asked again. */
    for (uint32_t i = 1; i <= 2; i++) {
        expect_failure(once_finish(once_begin(counter, "refuse", 0, 4, i > 1), NULL, &error), &error, CORBEL_UNIMPLEMENTED,
                       CORBEL_COMPLETED_NO);
        expect_total(5, 2 + i);
    }
    stop();
}

/* ---- what runs ---- */

static void a_repetition_joins_the_call_that_runs(void **state)
{
    corbel_error error = CORBEL_ERROR_INIT;
    int32_t sums[3] = { 0 };
    (void)state;
    start(NULL, false);
    atomic_store(&state_of.closed, true);
    corbel_call *const attempt = once_begin(counter, "add", 3, 2, false);
    assert_true(probe_event_wait(&state_of.arrived, 1));
    cut(); /* that the session is lost does not cancel it */
    expect_failure(once_finish(attempt, &sums[0], &error), &error, CORBEL_GONE, CORBEL_COMPLETED_MAYBE);
    corbel_call *const second = once_begin(counter, "add", 3, 2, true);
    corbel_call *const third = once_begin(counter, "add", 3, 2, true);
    int32_t n = 0;
    MUST(once_Counter_plain(counter, 5, &n, &error)); /* they wait, and nobody waits for them */
    assert_int_equal(n, 5);
    assert_int_equal(corbel_call_wait(second, 20), CORBEL_DEADLINE);
    assert_int_equal(corbel_call_wait(third, 0), CORBEL_DEADLINE);
    atomic_store(&state_of.closed, false);
    MUST(once_finish(second, &sums[1], &error));
    MUST(once_finish(third, &sums[2], &error));
    assert_int_equal(sums[1], 3);
    assert_int_equal(sums[2], 3);
    expect_total(3, 1);
    assert_int_equal(atomic_load(&state_of.cancels), 0);
    stop();
}

static void a_call_without_key_is_cancelled_with_its_session(void **state)
{
    corbel_error error = CORBEL_ERROR_INIT;
    int32_t sum = 0;
    (void)state;
    start(NULL, false);
    atomic_store(&state_of.closed, true);
    /* sequence 0: the twin of the test above */
    corbel_call *const attempt = once_begin(counter, "add", 3, 0, false);
    assert_true(probe_event_wait(&state_of.arrived, 1));
    once_server_cut(&server);
    assert_int_equal(once_finish(attempt, &sum, &error), CORBEL_GONE);
    corbel_error_clear(&error);
    const uint64_t until = crb_after_ms(crb_now(), 20000 * probe_slow);
    while (atomic_load(&state_of.cancels) == 0) {
        assert_true(crb_now() < until);
        nanosleep(&(struct timespec) { .tv_nsec = 1000000 }, NULL);
    }
    atomic_store(&state_of.closed, false);
    stop();
}

static void its_caller_cancels_it_all_the_same(void **state)
{
    corbel_error error = CORBEL_ERROR_INIT;
    (void)state;
    start(NULL, false);
    atomic_store(&state_of.closed, true);
    corbel_call *const attempt = once_begin(counter, "add", 3, 2, false);
    assert_true(probe_event_wait(&state_of.arrived, 1));
    cut();
    corbel_call_drop(attempt);
    corbel_call *const second = once_begin(counter, "add", 3, 2, true);
    int32_t n = 0;
    MUST(once_Counter_plain(counter, 5, &n, &error));
    corbel_call_cancel(second); /* the joined one: so is the one that runs */
    expect_failure(once_finish(second, NULL, &error), &error, CORBEL_CANCELLED, CORBEL_COMPLETED_MAYBE);
    const uint64_t until = crb_after_ms(crb_now(), 20000 * probe_slow);
    while (atomic_load(&state_of.cancels) == 0) {
        assert_true(crb_now() < until);
        nanosleep(&(struct timespec) { .tv_nsec = 1000000 }, NULL);
    }
    atomic_store(&state_of.closed, false);
    expect_total(0, 1);
    stop();
}

static void what_is_queued_is_dropped(void **state)
{
    corbel_error error = CORBEL_ERROR_INIT;
    int32_t sum = 0;
    (void)state;
    start(NULL, false);
    atomic_store(&state_of.closed, true);
    corbel_call *const runs = once_begin(counter, "add", 1, 2, false);
    corbel_call *const queued = once_begin(counter, "add", 2, 3, false); /* of the same lane */
    assert_true(probe_event_wait(&state_of.arrived, 1));
    cut();
    corbel_call_drop(runs);
    corbel_call_drop(queued);
    atomic_store(&state_of.closed, false);
    MUST(once_add(counter, 2, 3, true, &sum, &error)); /* entered now, for the first time */
    MUST(once_add(counter, 1, 2, true, &sum, &error));
    expect_total(3, 2);
    stop();
}

static void a_deferred_reply_is_kept(void **state)
{
    corbel_error error = CORBEL_ERROR_INIT;
    int32_t sum = 0;
    (void)state;
    start(NULL, false);
    corbel_call *const attempt = once_begin(counter, "add_later", 3, 2, false);
    assert_true(probe_event_wait(&state_of.arrived, 1));
    cut();
    corbel_call_drop(attempt);
    corbel_call *const second = once_begin(counter, "add_later", 3, 2, true);
    int32_t n = 0;
    MUST(once_Counter_plain(counter, 5, &n, &error));
    once_Counter_add_later_reply(state_of.held, state_of.held_sum);
    MUST(once_finish(second, &sum, &error));
    assert_int_equal(sum, 3);
    cut();
    MUST(once_finish(once_begin(counter, "add_later", 3, 2, true), &sum, &error));
    assert_int_equal(sum, 3);
    expect_total(3, 1);
    stop();
}

/** The runtime ends while one is deferred and another one has joined it: both lose their callers, nothing is left. */
static void the_runtime_ends_meanwhile(void **state)
{
    corbel_error error = CORBEL_ERROR_INIT;
    (void)state;
    start(NULL, false);
    corbel_call *const attempt = once_begin(counter, "add_later", 3, 2, false);
    assert_true(probe_event_wait(&state_of.arrived, 1));
    cut();
    corbel_call_drop(attempt);
    corbel_call *const second = once_begin(counter, "add_later", 3, 2, true);
    int32_t n = 0;
    MUST(once_Counter_plain(counter, 5, &n, &error));
    corbel_request *const held = state_of.held;
    once_server_stop(&server);
    assert_int_equal(once_finish(second, NULL, &error), CORBEL_GONE);
    assert_int_equal(error.completion, CORBEL_COMPLETED_MAYBE);
    corbel_error_clear(&error);
    once_Counter_add_later_reply(held, 3); /* too late, and harmless */
    once_Counter_unref(counter);
    crb_once_end(client, first);
    corbel_runtime_unref(client);
    once_state_clear(&state_of);
}

/* ---- references ---- */

static void references_are_held_and_passed_anew(void **state)
{
    corbel_error error = CORBEL_ERROR_INIT;
    corbel_limits limits = CORBEL_LIMITS_INIT;
    once_Token *token = NULL;
    int32_t n = 0;
    (void)state;
    limits.keep_lost_ms = 1;
    start(&limits, false);
    MUST(once_finish(once_begin(counter, "make", 0, 2, false), &token, &error));
    once_Token_unref(token); /* only the reply that is kept holds it */
    cut();
    MUST(once_Counter_plain(counter, 5, &n, &error));
    MUST(once_finish(once_begin(counter, "make", 0, 2, true), &token, &error));
    MUST(once_Token_get_number(token, &n, &error));
    assert_int_equal(n, 17);
    assert_int_equal(probe_event_count(&state_of.finalized), 0);
    assert_int_equal(atomic_load(&state_of.entered), 1);
    once_Token_unref(token);
    MUST(once_Counter_plain(counter, 5, &n, &error));
    assert_int_equal(probe_event_count(&state_of.finalized), 0);
    /* Acknowledged: with the next call, whatever that is. */
    crb_once_end(client, first);
    MUST(once_Counter_plain(counter, 5, &n, &error));
    assert_true(probe_event_wait(&state_of.finalized, 1));
    assert_int_equal(keys(), 0);
    first = once_hold_keys(client);
    stop();
}

/* ---- bounds ---- */

static void what_is_acknowledged_is_forgotten(void **state)
{
    corbel_error error = CORBEL_ERROR_INIT;
    int32_t sum = 0;
    (void)state;
    start(NULL, false);
    crb_once_end(client, first);
    for (int32_t i = 1; i <= 5; i++) { /* each acknowledges the ones before */
        MUST(once_Counter_add(counter, 1, &sum, &error));
        assert_int_equal(sum, i);
        assert_int_equal(keys(), 1);
    }
    MUST(once_Counter_plain(counter, 5, &sum, &error));
    assert_int_equal(keys(), 0);
    /* A late twin of one of them: it is not entered, and nobody is told that it was not. */
    expect_failure(once_add(counter, 1, 4, true, &sum, &error), &error, CORBEL_FORGOTTEN, CORBEL_COMPLETED_MAYBE);
    expect_failure(once_add(counter, 1, 4, false, &sum, &error), &error, CORBEL_FORGOTTEN, CORBEL_COMPLETED_MAYBE);
    expect_total(5, 5);
    first = once_hold_keys(client);
    stop();
}

static void beyond_the_number(void **state)
{
    corbel_error error = CORBEL_ERROR_INIT;
    corbel_limits limits = CORBEL_LIMITS_INIT;
    int32_t sum = 0;
    (void)state;
    limits.once_keys_of_one = 3;
    start(&limits, false);
    for (uint64_t i = 2; i <= 6; i++) {
        MUST(once_add(counter, 1, i, false, &sum, &error));
    }
    assert_int_equal(keys(), 3);
    cut();
    for (uint64_t i = 2; i <= 3; i++) {
        expect_failure(once_add(counter, 1, i, true, &sum, &error), &error, CORBEL_FORGOTTEN, CORBEL_COMPLETED_MAYBE);
    }
    for (uint64_t i = 4; i <= 6; i++) {
        MUST(once_add(counter, 1, i, true, &sum, &error));
        assert_int_equal(sum, (int32_t)i - 1);
    }
    expect_total(5, 5);
    /* So many that run: one more is refused, and is told that it did not run. */
    atomic_store(&state_of.closed, true);
    corbel_call *running[3];
    for (uint64_t i = 0; i < 3; i++) {
        running[i] = once_begin(counter, "add_aside", 1, 10 + i, false);
    }
    assert_true(probe_event_wait(&state_of.arrived, 8));
    expect_failure(once_finish(once_begin(counter, "add_aside", 1, 20, false), &sum, &error), &error, CORBEL_OVERLOADED,
                   CORBEL_COMPLETED_NO);
    atomic_store(&state_of.closed, false);
    for (size_t i = 0; i < 3; i++) {
        MUST(once_finish(running[i], &sum, &error));
    }
    MUST(once_finish(once_begin(counter, "add_aside", 1, 20, false), &sum, &error));
    expect_total(9, 9);
    stop();
}

static void beyond_the_bytes(void **state)
{
    corbel_error error = CORBEL_ERROR_INIT;
    corbel_limits limits = CORBEL_LIMITS_INIT;
    char *text = NULL;
    uint64_t n = 0, running = 0, bytes = 0;
    (void)state;
    limits.once_bytes_of_one = 30000;
    start(&limits, false);
    for (uint64_t i = 2; i <= 4; i++) {
        MUST(once_finish(once_begin(counter, "text", 12000, i, false), &text, &error));
        corbel_string_free(text);
    }
    once_server_keys(&server, &n, &running, &bytes);
    assert_int_equal(n, 2);
    assert_true(bytes > 24000 && bytes <= 30000);
    MUST(once_finish(once_begin(counter, "text", 12000, 4, true), &text, &error));
    assert_int_equal(strlen(text), 12000);
    corbel_string_free(text);
    expect_failure(once_finish(once_begin(counter, "text", 12000, 2, true), &text, &error), &error, CORBEL_FORGOTTEN,
                   CORBEL_COMPLETED_MAYBE);
    /* One that is longer than all: it is sent, and kept not at all. */
    MUST(once_finish(once_begin(counter, "text", 40000, 5, false), &text, &error));
    corbel_string_free(text);
    assert_int_equal(keys(), 0);
    expect_failure(once_finish(once_begin(counter, "text", 40000, 5, true), &text, &error), &error, CORBEL_FORGOTTEN,
                   CORBEL_COMPLETED_MAYBE);
    assert_int_equal(atomic_load(&state_of.entered), 4);
    stop();
}

static void beyond_the_time(void **state)
{
    corbel_error error = CORBEL_ERROR_INIT;
    corbel_limits limits = CORBEL_LIMITS_INIT;
    once_Token *token = NULL;
    (void)state;
    limits.once_keep_ms = 30;
    start(&limits, false);
    MUST(once_finish(once_begin(counter, "make", 0, 2, false), &token, &error));
    once_Token_unref(token);
    assert_true(probe_event_wait(&state_of.finalized, 1)); /* though nobody calls: an idle caller keeps nothing for ever */
    assert_int_equal(keys(), 0);
    expect_failure(once_finish(once_begin(counter, "make", 0, 2, true), &token, &error), &error, CORBEL_FORGOTTEN,
                   CORBEL_COMPLETED_MAYBE);
    stop();
}

/* ---- ways to call ---- */

static void ways_to_call(void **state)
{
    corbel_error error = CORBEL_ERROR_INIT;
    int32_t sum = 0, n = 0;
    (void)state;
    start(NULL, false);
    crb_once_end(client, first);
    MUST(once_Counter_set_preset(counter, 8, &error)); /* with a key, or it would be -1 */
    MUST(once_Counter_get_preset(counter, &n, &error));
    assert_int_equal(n, 8);
    assert_int_equal(once_Counter_plain(counter, 3, &n, &error), CORBEL_OK);
    assert_int_equal(n, 3);
    assert_int_equal(keys(), 0);
    corbel_call *const a = once_Counter_add_begin(counter, 1);
    corbel_call *const b = once_Counter_add_begin(counter, 1);
    MUST(once_Counter_add_finish(b, &sum, &error));
    MUST(once_Counter_add_finish(a, &sum, &error));
    /* In this process nothing is repeated: there are no keys. */
    MUST(once_Counter_add(server.object, 1, &sum, &error));
    assert_int_equal(sum, 3);
    MUST(once_Counter_set_preset(server.object, 8, &error));
    assert_int_equal(state_of.preset, -1);
    expect_total(3, 5);
    first = once_hold_keys(client);
    stop();
}

/* ---- servants that remember ---- */

static void a_servant_remembers(void **state)
{
    corbel_error error = CORBEL_ERROR_INIT;
    int32_t sum = 0;
    (void)state;
    start(NULL, true);
    MUST(once_add(counter, 3, 2, false, &sum, &error));
    assert_int_equal(once_finish(once_begin(counter, "add_and_raise", 4, 3, false), NULL, &error), CORBEL_RAISED);
    corbel_error_clear(&error);
    expect_total(7, 2);
    assert_int_equal(state_of.n_records, 2);
    /* The server is killed and started again: what it has under its eyes is the servant's. */
    once_server_stop(&server);
    once_server_start(&server, &state_of, NULL, NULL, true);
    once_Counter_unref(counter);
    MUST(once_Counter_from_uri(client, server.uri, &counter, &error));
    sum = 0;
    MUST(once_add(counter, 3, 2, true, &sum, &error));
    assert_int_equal(sum, 3);
    assert_int_equal(once_finish(once_begin(counter, "add_and_raise", 4, 3, true), NULL, &error), CORBEL_RAISED);
    assert_int_equal(once_Refused_of(&error)->total, 7);
    corbel_error_clear(&error);
    MUST(once_add(counter, 1, 4, true, &sum, &error)); /* its first attempt never came */
    assert_int_equal(sum, 8);
    expect_total(8, 3);
    /* It forgets what is acknowledged. */
    crb_once_end(client, first);
    MUST(once_Counter_plain(counter, 5, &sum, &error));
    assert_true(atomic_load(&state_of.forgets) > 0);
    first = once_hold_keys(client);
    stop();
}

static void a_servant_that_does_not_tell(void **state)
{
    corbel_error error = CORBEL_ERROR_INIT;
    int32_t sum = 0;
    (void)state;
    start(NULL, true);
    atomic_store(&state_of.forgetful, true);
    expect_failure(once_add(counter, 3, 2, true, &sum, &error), &error, CORBEL_FORGOTTEN, CORBEL_COMPLETED_MAYBE);
    expect_total(0, 0);
    atomic_store(&state_of.forgetful, false);
    /* It cannot make its effect last: the next attempt enters it again. */
    atomic_store(&state_of.failing, true);
    expect_failure(once_add(counter, 3, 2, true, &sum, &error), &error, CORBEL_SYSTEM, CORBEL_COMPLETED_MAYBE);
    expect_total(0, 1);
    atomic_store(&state_of.failing, false);
    MUST(once_add(counter, 3, 2, true, &sum, &error));
    expect_total(3, 2);
    /* A reply with references cannot be remembered: the effect is taken back, and the caller told. */
    expect_failure(once_finish(once_begin(counter, "make", 0, 3, false), NULL, &error), &error, CORBEL_BAD_REPLY,
                   CORBEL_COMPLETED_YES);
    stop();
}

static void the_answer_to_bind_says_so(void **state)
{
    corbel_error error = CORBEL_ERROR_INIT;
    (void)state;
    for (int durable = 0; durable < 2; durable++) {
        int32_t n = 0;
        start(NULL, durable == 1);
        MUST(once_Counter_plain(counter, 5, &n, &error));
        crb_target *found = NULL;
        const crb_resolving how = { .deadline = CRB_NEVER };
        MUST(crb_target_resolve(once_Counter_as_object(counter)->target, &how, &found, &error));
        assert_int_equal(found->kind, CRB_TARGET_IMPORT);
        assert_int_equal(atomic_load(&found->import.durable), durable == 1);
        crb_target_unref(found);
        stop();
    }
}

/* What a store must have, and whose it may be. */
static void stores_that_are_refused(void **state)
{
    corbel_error error = CORBEL_ERROR_INIT;
    const corbel_once_store none = { .size = sizeof none };
    (void)state;
    start(NULL, true);
    assert_int_equal(corbel_object_remember_once(once_Counter_as_object(server.object), &none, NULL, &error), CORBEL_MISUSE);
    assert_int_equal(corbel_object_remember_once(once_Counter_as_object(counter), &none, NULL, &error), CORBEL_MISUSE);
    assert_int_equal(corbel_object_remember_once(NULL, &none, NULL, &error), CORBEL_NIL_REFERENCE);
    corbel_error_clear(&error);
    stop();
}

/* ---- calls that are passed on ---- */

static void through_a_relay(void **state)
{
    corbel_error error = CORBEL_ERROR_INIT;
    once_state far_state;
    once_server far;
    once_Counter *passed = NULL;
    int32_t sum = 0;
    (void)state;
    start(NULL, false);
    once_state_init(&far_state);
    once_server_start(&far, &far_state, NULL, NULL, false);
    MUST(once_Counter_from_uri(server.runtime, far.uri, &state_of.other, &error));
    MUST(once_Counter_plain(state_of.other, 1, &sum, &error));
    MUST(once_Counter_get_other(counter, &passed, &error));
    /* By that reference the far counter is called through the server. */
    MUST(once_add(passed, 3, 2, false, &sum, &error));
    assert_int_equal(atomic_load(&far_state.total), 3);
    MUST(once_add(passed, 3, 2, true, &sum, &error));
    assert_int_equal(sum, 3);
    assert_int_equal(atomic_load(&far_state.entered), 1);
    once_Counter_unref(passed);
    cut();
    MUST(once_Counter_get_other(counter, &passed, &error)); /* on the new session */
    MUST(once_add(passed, 3, 2, true, &sum, &error));
    assert_int_equal(sum, 3);
    assert_int_equal(atomic_load(&far_state.entered), 1);
    /* The session behind the relay breaks after the effect: it is asked again, as a repetition, and remembers. */
    atomic_store(&far_state.closed, true);
    corbel_call *const attempt = once_begin(passed, "add", 4, 3, false);
    assert_true(probe_event_wait(&far_state.arrived, 2));
    once_server_cut(&far);
    expect_failure(once_finish(attempt, &sum, &error), &error, CORBEL_GONE, CORBEL_COMPLETED_MAYBE);
    corbel_call *const second = once_begin(passed, "add", 4, 3, true);
    assert_int_equal(corbel_call_wait(second, 20), CORBEL_DEADLINE);
    atomic_store(&far_state.closed, false);
    MUST(once_finish(second, &sum, &error));
    assert_int_equal(sum, 7);
    assert_int_equal(atomic_load(&far_state.entered), 2);
    assert_int_equal(atomic_load(&far_state.total), 7);
    once_Counter_unref(passed);
    stop();
    once_server_stop(&far);
    once_state_clear(&far_state);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_reply_is_kept),
        cmocka_unit_test(exceptions_and_failures_are_kept),
        cmocka_unit_test(a_repetition_joins_the_call_that_runs),
        cmocka_unit_test(a_call_without_key_is_cancelled_with_its_session),
        cmocka_unit_test(its_caller_cancels_it_all_the_same),
        cmocka_unit_test(what_is_queued_is_dropped),
        cmocka_unit_test(a_deferred_reply_is_kept),
        cmocka_unit_test(the_runtime_ends_meanwhile),
        cmocka_unit_test(references_are_held_and_passed_anew),
        cmocka_unit_test(what_is_acknowledged_is_forgotten),
        cmocka_unit_test(beyond_the_number),
        cmocka_unit_test(beyond_the_bytes),
        cmocka_unit_test(beyond_the_time),
        cmocka_unit_test(ways_to_call),
        cmocka_unit_test(a_servant_remembers),
        cmocka_unit_test(a_servant_that_does_not_tell),
        cmocka_unit_test(the_answer_to_bind_says_so),
        cmocka_unit_test(stores_that_are_refused),
        cmocka_unit_test(through_a_relay),
    };
    transport = argc > 1 ? argv[1] : "tcp";
    return cmocka_run_group_tests(tests, NULL, NULL);
}
