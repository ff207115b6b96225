/** Many calls at a time: from many threads, from one, with memory counted; and every completion once, whatever races. */
#include "later.h"

#include "runtime/base/clock.h"

#include <malloc.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static later_server server;
static uint32_t n_workers;
static corbel_runtime *client;
static later_Later *later;

static int set_up(void **state)
{
    corbel_error error = CORBEL_ERROR_INIT;
    corbel_runtime_options options = CORBEL_RUNTIME_OPTIONS_INIT;
    (void)state;
    options.max_workers = n_workers;
    options.no_substitutes = true;
    later_server_start(&server, &options);
    MUST(corbel_runtime_new(NULL, &client, &error));
    MUST(later_Later_from_uri(client, server.uri, &later, &error));
    MUST(later_Later_add(later, 1, 1, NULL, &error));
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    later_Later_unref(later);
    corbel_runtime_unref(client);
    later_server_stop(&server);
    return 0;
}

static double seconds_since(uint64_t begun)
{
    return (double)(crb_now() - begun) / 1e9;
}

#define THREADS 16

static void *work(void *user)
{
    corbel_error error = CORBEL_ERROR_INIT;
    MUST(later_Later_work(user, 300, &error));
    return NULL;
}

#define ATTEMPTS 5 /* one has to be in time: the machine may have other work */

static double call_from_threads(void)
{
    pthread_t threads[THREADS];
    const uint64_t begun = crb_now();
    for (int i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, work, later), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
    }
    return seconds_since(begun);
}

/** Sixteen threads call an operation that takes 0.3 s, on one reference. */
static void sixteen_threads(void **state)
{
    (void)state;
    for (int i = 0; i < ATTEMPTS; i++) {
        const double took = call_from_threads();
        printf("%d threads, an operation of 0.3 s: %.3f s\n", THREADS, took);
        if (took < 0.45 * probe_slow) {
            return;
        }
    }
    fail_msg("they waited for each other");
}

static double call_from_one_thread(void)
{
    corbel_error error = CORBEL_ERROR_INIT;
    static corbel_call *calls[1000];
    const uint64_t begun = crb_now();
    for (int i = 0; i < 1000; i++) {
        calls[i] = later_Later_after_begin(later, i, 1000);
    }
    assert_int_equal(corbel_call_wait_all(calls, 1000, UINT32_MAX), CORBEL_OK);
    const double took = seconds_since(begun);
    printf("1000 calls of 1 s from one thread, 8 workers: %.3f s\n", took);
    for (int i = 0; i < 1000; i++) {
        int32_t ret = -1;
        MUST(later_Later_after_finish(calls[i], &ret, &error));
        assert_int_equal(ret, i);
    }
    return took;
}

/** One thread begins a thousand calls of which each takes a second; the servant has eight workers. */
static void one_thread(void **state)
{
    (void)state;
    for (int i = 0; i < ATTEMPTS; i++) {
        const double took = call_from_one_thread();
        assert_true(took >= 1.0);
        if (took < 1.5 * probe_slow) {
            return;
        }
    }
    fail_msg("they waited for each other");
}

#define OUTSTANDING 10000

static size_t in_use(void)
{
    const struct mallinfo2 info = mallinfo2();
    return info.uordblks + info.hblkhd;
}

/** What a call under way costs, its caller and its servant together, as both are in this process. */
static void memory(void **state)
{
    corbel_error error = CORBEL_ERROR_INIT;
    static corbel_call *calls[OUTSTANDING];
    static later_held *held[OUTSTANDING];
    (void)state;
    for (int round = 0; round < 2; round++) { /* in the first what stays is allocated */
        const size_t before = in_use();
        for (int i = 0; i < OUTSTANDING; i++) {
            calls[i] = later_Later_hold_nothing_begin(later);
        }
        for (int i = 0; i < OUTSTANDING; i++) {
            held[i] = later_take(&server);
        }
        const size_t each = (in_use() - before) / OUTSTANDING;
        if (round == 1) {
            printf("memory per call at %d outstanding, caller and servant together: %zu bytes (of which the test's own: %zu)\n",
                   OUTSTANDING, each, sizeof(later_held) + 16);
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
            assert_in_range(each, 1, 6 * 1024);
#endif
        }
        for (int i = 0; i < OUTSTANDING; i++) {
            later_Later_hold_nothing_reply(held[i]->request);
            free(held[i]);
        }
        for (int i = 0; i < OUTSTANDING; i++) {
            MUST(later_Later_hold_nothing_finish(calls[i], &error));
        }
    }
}

/* ---- races ---- */

typedef struct raced {
    corbel_call *call;
    _Atomic uint32_t times;
    pthread_barrier_t *start;
    probe_event *done;
} raced;

/** The call stays until both are through with it. */
static void raced_done(corbel_call *call, void *user)
{
    raced *const r = user;
    if (call != r->call) {
        abort();
    }
    atomic_fetch_add(&r->times, 1);
    probe_event_add(r->done, 1);
}

static void *cancel(void *user)
{
    raced *const r = user;
    pthread_barrier_wait(r->start);
    corbel_call_cancel(r->call);
    return NULL;
}

static void *reply(void *user)
{
    later_held *const held = later_try(&server, 1000); /* NULL: its deadline passed before it was entered */
    pthread_barrier_wait(((raced *)user)->start);
    if (held != NULL) {
        later_Later_hold_nothing_reply(held->request);
        free(held);
    }
    return NULL;
}

/** An answer, a cancellation, a deadline and the end of the session at the same time: the callback is called once. */
static void once(void **state)
{
    corbel_error error = CORBEL_ERROR_INIT;
    (void)state;
    for (int i = 0; i < 60; i++) {
        corbel_runtime *runtime = NULL;
        later_Later *remote = NULL, *called = NULL;
        pthread_barrier_t start;
        probe_event done;
        raced r = { .start = &start, .done = &done };
        probe_event_init(&done);
        pthread_barrier_init(&start, NULL, 3);
        MUST(corbel_runtime_new(NULL, &runtime, &error));
        MUST(later_Later_from_uri(runtime, server.uri, &remote, &error));
        MUST(later_Later_add(remote, 1, 1, NULL, &error));
        corbel_options options = CORBEL_OPTIONS_INIT;
        options.deadline_ms = i % 3 == 0 ? 5 : 0;
        called = later_Later_with(i % 2 == 0 ? remote : server.object, &options);
        r.call = later_Later_hold_nothing_begin(called);
        pthread_t threads[2];
        assert_int_equal(pthread_create(&threads[0], NULL, cancel, &r), 0);
        assert_int_equal(pthread_create(&threads[1], NULL, reply, &r), 0);
        corbel_call_on_done(r.call, raced_done, &r);
        pthread_barrier_wait(&start);
        later_Later_unref(called);
        later_Later_unref(remote);
        corbel_runtime_unref(runtime); /* the end of the session */
        assert_true(probe_event_wait(&done, 1));
        for (int t = 0; t < 2; t++) {
            pthread_join(threads[t], NULL);
        }
        assert_int_equal(atomic_load(&r.times), 1);
        const corbel_status status = later_Later_hold_nothing_finish(r.call, &error);
        assert_true(status == CORBEL_OK || status == CORBEL_CANCELLED || status == CORBEL_GONE || status == CORBEL_DEADLINE);
        pthread_barrier_destroy(&start);
    }
    corbel_error_clear(&error);
}

int main(void)
{
    const struct CMUnitTest many_workers[] = { cmocka_unit_test(sixteen_threads) };
    const struct CMUnitTest few_workers[] = { cmocka_unit_test(one_thread), cmocka_unit_test(memory), cmocka_unit_test(once) };
    n_workers = 64;
    const int failed = cmocka_run_group_tests(many_workers, set_up, tear_down);
    n_workers = 8;
    return failed + cmocka_run_group_tests(few_workers, set_up, tear_down);
}
