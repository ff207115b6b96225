/** The user's own event loop: no thread but his runs his code, and an idle loop costs nothing. */
#include "later.h"

#include "runtime/base/clock.h"

#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cmocka.h>

static later_server server; /* with workers */
static corbel_runtime *loop;
static later_Later *later;
static pthread_t main_thread;

/** What ran, and how much of it elsewhere than on the main thread. */
static _Atomic uint32_t ran, strangers;

static void note(void)
{
    atomic_fetch_add(&ran, 1);
    atomic_fetch_add(&strangers, pthread_equal(main_thread, pthread_self()) ? 0 : 1);
}

static corbel_runtime *loop_new(void)
{
    corbel_error error = CORBEL_ERROR_INIT;
    corbel_runtime_options options = CORBEL_RUNTIME_OPTIONS_INIT;
    corbel_runtime *runtime = NULL;
    options.user_dispatch = true;
    MUST(corbel_runtime_new(&options, &runtime, &error));
    return runtime;
}

static int set_up(void **state)
{
    corbel_error error = CORBEL_ERROR_INIT;
    (void)state;
    main_thread = pthread_self();
    later_server_start(&server, NULL);
    loop = loop_new();
    MUST(later_Later_from_uri(loop, server.uri, &later, &error));
    MUST(later_Later_add(later, 1, 1, NULL, &error)); /* a blocking call on the loop's thread */
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    later_Later_unref(later);
    corbel_runtime_unref(loop);
    later_server_stop(&server);
    return 0;
}

/** Is there something to run? */
static bool readable(corbel_runtime *runtime, int timeout_ms)
{
    struct pollfd event = { .fd = corbel_runtime_fd(runtime), .events = POLLIN };
    return poll(&event, 1, timeout_ms) == 1 && event.revents == POLLIN;
}

/** Until count has reached n. */
static void loop_until(corbel_runtime *runtime, _Atomic uint32_t *count, uint32_t n)
{
    const int epoll = epoll_create1(EPOLL_CLOEXEC);
    struct epoll_event event = { .events = EPOLLIN };
    assert_true(epoll >= 0);
    assert_int_equal(epoll_ctl(epoll, EPOLL_CTL_ADD, corbel_runtime_fd(runtime), &event), 0);
    while (atomic_load(count) < n) {
        assert_int_equal(epoll_wait(epoll, &event, 1, 20000 * (int)probe_slow), 1);
        assert_int_equal(corbel_runtime_dispatch(runtime, 0), CORBEL_OK);
    }
    close(epoll);
}

static void count_after(corbel_call *call, void *user)
{
    corbel_error error = CORBEL_ERROR_INIT;
    int32_t ret = 0;
    note();
    MUST(later_Later_after_finish(call, &ret, &error));
    atomic_fetch_add((_Atomic uint32_t *)user, (uint32_t)ret);
}

/** The descriptor tells what there is to run: nothing, something, and nothing again. */
static void descriptor(void **state)
{
    (void)state;
    _Atomic uint32_t count = 0;
    assert_int_equal(corbel_runtime_fd(server.runtime), -1);
    assert_int_equal(corbel_runtime_fd(NULL), -1);
    assert_int_equal(corbel_runtime_dispatch(server.runtime, 0), CORBEL_MISUSE);
    assert_int_equal(corbel_runtime_dispatch(NULL, 0), CORBEL_MISUSE);
    assert_false(readable(loop, 0));
    assert_int_equal(corbel_runtime_dispatch(loop, 0), CORBEL_DEADLINE);
    assert_int_equal(corbel_runtime_dispatch(loop, 10), CORBEL_DEADLINE);
    corbel_call_on_done(later_Later_after_begin(later, 1, 0), count_after, (void *)&count);
    assert_true(readable(loop, 20000 * (int)probe_slow));
    assert_true(readable(loop, 0)); /* it is a level */
    assert_int_equal(atomic_load(&count), 0);
    assert_int_equal(corbel_runtime_dispatch(loop, 0), CORBEL_OK);
    assert_int_equal(atomic_load(&count), 1);
    assert_false(readable(loop, 0));
    corbel_call_on_done(later_Later_after_begin(later, 1, 5), count_after, (void *)&count);
    assert_int_equal(corbel_runtime_dispatch(loop, -1), CORBEL_OK); /* without a loop */
    assert_int_equal(atomic_load(&count), 2);
    assert_int_equal(atomic_load(&strangers), 0);
}

#define OUTSTANDING 10000

static void ten_thousand(void **state)
{
    (void)state;
    _Atomic uint32_t count = 0;
    atomic_store(&ran, 0);
    const uint64_t begun = crb_now();
    for (int i = 0; i < OUTSTANDING; i++) {
        corbel_call_on_done(later_Later_after_begin(later, 1, 500), count_after, (void *)&count);
    }
    const uint64_t sent = crb_now();
    assert_int_equal(atomic_load(&ran), 0); /* nobody but us would */
    loop_until(loop, &count, OUTSTANDING);
    printf("%d calls from one loop: begun in %.0f ms, all answered after %.0f ms (the servant waits 500 ms)\n", OUTSTANDING,
           (double)(sent - begun) / 1e6, (double)(crb_now() - begun) / 1e6);
    assert_int_equal(atomic_load(&ran), OUTSTANDING);
    assert_int_equal(atomic_load(&strangers), 0);
}

static double cpu_seconds(void)
{
    struct rusage usage;
    assert_int_equal(getrusage(RUSAGE_SELF, &usage), 0);
    return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
           (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

/** CPU time that the process takes while the loop waits for the call. */
static double cpu_while_waiting(corbel_call *call, corbel_call_done done)
{
    _Atomic uint32_t count = 0;
    corbel_call_on_done(call, done, (void *)&count);
    const double before = cpu_seconds();
    loop_until(loop, &count, 1);
    return cpu_seconds() - before;
}

static const double idle_seconds = 0.05; /* at most */

/** While a loop waits for its event, neither it nor anybody else in this process does anything. */
static void idle(void **state)
{
    (void)state;
    const double used = cpu_while_waiting(later_Later_after_begin(later, 1, 1000), count_after);
    printf("CPU time while waiting for 1 s: %.1f ms\n", used * 1e3);
    assert_true(used < idle_seconds * probe_slow);
}

/** Lets the call end once it has used twice what may be used. */
static void *spin(void *user)
{
    struct timespec used = { 0, 0 };
    while ((double)used.tv_sec + (double)used.tv_nsec / 1e9 < 2 * idle_seconds * probe_slow) {
        (void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
    }
    later_server_open(user);
    return NULL;
}

static void count_gate(corbel_call *call, void *user)
{
    corbel_error error = CORBEL_ERROR_INIT;
    MUST(later_Later_gate_finish(call, &error));
    atomic_fetch_add((_Atomic uint32_t *)user, 1);
}

/** The same beside a thread that spins: that is seen. */
static void not_idle(void **state)
{
    pthread_t spinner;
    (void)state;
    corbel_call *const call = later_Later_gate_begin(later);
    assert_int_equal(pthread_create(&spinner, NULL, spin, &server), 0);
    const double used = cpu_while_waiting(call, count_gate);
    pthread_join(spinner, NULL);
    assert_true(used >= idle_seconds * probe_slow);
}

/* ---- the user's objects ---- */

static corbel_status noted_add(void *self, corbel_request *request, int32_t a, int32_t b, int32_t *ret)
{
    (void)self;
    (void)request;
    note();
    *ret = a + b;
    return CORBEL_OK;
}

static void noted_end(void *self)
{
    note();
    atomic_fetch_add((_Atomic uint32_t *)self, 1);
}

static const later_Later_servant noted = { .add = noted_add };

static void *add_from_thread(void *user)
{
    corbel_error error = CORBEL_ERROR_INIT;
    later_held *const held = user;
    int32_t sum = 0;
    if (later_Later_add(held->this_args.that, 40, 2, &sum, &error)) {
        corbel_request_end(held->request, corbel_request_forward(held->request, &error));
    } else {
        later_Later_hold_this_reply(held->request, sum == 42 ? held->this_args.that : NULL);
    }
    free(held);
    return NULL;
}

static void got_this(corbel_call *call, void *user)
{
    corbel_error error = CORBEL_ERROR_INIT;
    later_Later *ret = NULL;
    note();
    MUST(later_Later_hold_this_finish(call, &ret, &error));
    assert_non_null(ret);
    later_Later_unref(ret);
    atomic_fetch_add((_Atomic uint32_t *)user, 1);
}

static void objects(void **state)
{
    (void)state;
    _Atomic uint32_t ended = 0, called = 0;
    atomic_store(&ran, 0);
    later_Later *const mine = later_Later_new(loop, &noted, (void *)&ended, noted_end);
    corbel_call_on_done(later_Later_hold_this_begin(later, mine), got_this, (void *)&called);
    later_Later_unref(mine);
    pthread_t thread; /* the peer calls from outside of our call's chain */
    assert_int_equal(pthread_create(&thread, NULL, add_from_thread, later_take(&server)), 0);
    loop_until(loop, &called, 1);
    pthread_join(thread, NULL);
    loop_until(loop, &ended, 1);
    assert_int_equal(atomic_load(&ran), 3);
    assert_int_equal(atomic_load(&strangers), 0);
}

/** A call that blocks the loop runs what it causes here, and nothing else. */
static void *answer_by_calling_back(void *user)
{
    corbel_error error = CORBEL_ERROR_INIT;
    later_held *const held = later_take(&server);
    (void)user;
    corbel_request_enter(held->request);
    const corbel_status status = later_Later_add(held->this_args.that, 40, 2, NULL, &error);
    corbel_request_leave(held->request);
    corbel_request_end(held->request, status == CORBEL_OK ? corbel_request_fail(held->request, CORBEL_EXISTS, "called")
                                                          : corbel_request_forward(held->request, &error));
    free(held);
    return NULL;
}

static void blocking(void **state)
{
    corbel_error error = CORBEL_ERROR_INIT;
    (void)state;
    _Atomic uint32_t ended = 0, count = 0;
    atomic_store(&ran, 0);
    later_Later *const mine = later_Later_new(loop, &noted, (void *)&ended, noted_end);
    corbel_call_on_done(later_Later_after_begin(later, 1, 0), count_after, (void *)&count);
    assert_true(readable(loop, 20000 * (int)probe_slow));
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, answer_by_calling_back, NULL), 0);
    assert_int_equal(later_Later_hold_this(later, mine, NULL, &error), CORBEL_EXISTS);
    pthread_join(thread, NULL);
    assert_int_equal(atomic_load(&ran), 1); /* the call back alone */
    assert_int_equal(atomic_load(&count), 0);
    int32_t sum = 0;
    MUST(later_Later_add(mine, 1, 2, &sum, &error)); /* in this process */
    corbel_call *const call = later_Later_add_begin(mine, 1, 2);
    assert_int_equal(corbel_call_wait(call, UINT32_MAX), CORBEL_OK);
    MUST(later_Later_add_finish(call, &sum, &error));
    assert_int_equal(sum, 3);
    later_Later_unref(mine);
    loop_until(loop, &count, 1);
    loop_until(loop, &ended, 1);
    assert_int_equal(atomic_load(&strangers), 0);
    corbel_error_clear(&error);
}

static void broken(void *context, const corbel_error *why)
{
    note();
    assert_int_equal(why->status, CORBEL_GONE);
    atomic_fetch_add((_Atomic uint32_t *)context, 1);
}

static void gone(corbel_call *call, void *user)
{
    note();
    atomic_fetch_add((_Atomic uint32_t *)user, 1);
    corbel_call_drop(call);
}

/** What is left at the end is run by who ends. */
static void end(void **state)
{
    corbel_error error = CORBEL_ERROR_INIT;
    (void)state;
    _Atomic uint32_t ended = 0, completed = 0, breaks = 0;
    later_server other;
    later_server_start(&other, NULL);
    corbel_runtime *const runtime = loop_new();
    later_Later *theirs = NULL, *own = NULL;
    MUST(later_Later_from_uri(runtime, other.uri, &theirs, &error));
    MUST(later_Later_add(theirs, 1, 1, NULL, &error));
    assert_int_equal(corbel_object_on_broken(later_Later_as_object(theirs), broken, (void *)&breaks), CORBEL_OK);
    later_server_stop(&other);
    loop_until(runtime, &breaks, 1);
    MUST(later_Later_from_uri(runtime, server.uri, &own, &error));
    corbel_call_on_done(later_Later_hold_nothing_begin(own), gone, (void *)&completed);
    later_held *const held = later_take(&server);
    later_Later *const mine = later_Later_new(runtime, &noted, (void *)&ended, noted_end);
    corbel_call_on_done(later_Later_add_begin(mine, 1, 2), gone, (void *)&completed);
    later_Later_unref(mine);
    corbel_runtime_unref(runtime);
    assert_int_equal(atomic_load(&completed), 2);
    assert_int_equal(atomic_load(&ended), 1);
    assert_int_equal(atomic_load(&strangers), 0);
    later_Later_hold_nothing_reply(held->request);
    free(held);
    later_Later_unref(theirs);
    later_Later_unref(own);
}

/* ---- a daemon ---- */

static corbel_daemon *hosting;

static void *use_daemon(void *user)
{
    corbel_error error = CORBEL_ERROR_INIT;
    later_Later *served = NULL;
    MUST(later_Later_from_uri(server.runtime, user, &served, &error));
    for (int i = 0; i < 100; i++) {
        int32_t sum = 0;
        MUST(later_Later_add(served, i, 1, &sum, &error));
        if (sum != i + 1) {
            abort();
        }
    }
    later_Later_unref(served);
    corbel_daemon_shutdown(hosting);
    return NULL;
}

static void hosts(void **state)
{
    corbel_error error = CORBEL_ERROR_INIT;
    (void)state;
    _Atomic uint32_t ended = 0;
    char *uri = NULL;
    atomic_store(&ran, 0);
    corbel_runtime *const runtime = loop_new();
    MUST(corbel_daemon_new(runtime, NULL, &hosting, &error));
    later_Later *mine = later_Later_new(runtime, &noted, (void *)&ended, noted_end);
    MUST(corbel_daemon_register(hosting, "noted", later_Later_as_object(mine), &error));
    MUST(corbel_object_to_uri(later_Later_as_object(mine), &uri, &error));
    mine = later_Later_unref(mine);
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, use_daemon, uri), 0);
    MUST(corbel_daemon_run(hosting, &error));
    pthread_join(thread, NULL);
    corbel_daemon_unref(hosting);
    corbel_runtime_unref(runtime);
    corbel_string_free(uri);
    assert_int_equal(atomic_load(&ran), 101);
    assert_int_equal(atomic_load(&strangers), 0);
}

/** Several threads dispatch: one that waits is woken, each call is run once. */
static _Atomic bool enough;

static void *dispatch_until_enough(void *user)
{
    while (!atomic_load(&enough)) {
        const corbel_status status = corbel_runtime_dispatch(user, 10);
        if (status != CORBEL_OK && status != CORBEL_DEADLINE) {
            abort();
        }
    }
    return NULL;
}

static void threads(void **state)
{
    corbel_error error = CORBEL_ERROR_INIT;
    (void)state;
    _Atomic uint32_t ended = 0;
    pthread_t dispatching[3];
    atomic_store(&ran, 0);
    corbel_runtime *const runtime = loop_new();
    later_Later *const mine = later_Later_new(runtime, &noted, (void *)&ended, noted_end);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(pthread_create(&dispatching[i], NULL, dispatch_until_enough, runtime), 0);
    }
    corbel_call *calls[100];
    for (int i = 0; i < 100; i++) {
        calls[i] = later_Later_add_begin(mine, i, 1);
    }
    for (int i = 0; i < 100; i++) {
        int32_t sum = 0;
        MUST(later_Later_add_finish(calls[i], &sum, &error));
        assert_int_equal(sum, i + 1);
    }
    atomic_store(&enough, true);
    for (int i = 0; i < 3; i++) {
        pthread_join(dispatching[i], NULL);
    }
    later_Later_unref(mine);
    corbel_runtime_unref(runtime);
    assert_int_equal(atomic_load(&ran), 101);
    assert_int_equal(atomic_load(&ended), 1);
    atomic_store(&strangers, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(descriptor), cmocka_unit_test(ten_thousand), cmocka_unit_test(idle),
        cmocka_unit_test(not_idle),   cmocka_unit_test(objects),      cmocka_unit_test(blocking),
        cmocka_unit_test(end),        cmocka_unit_test(hosts),        cmocka_unit_test(threads),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
