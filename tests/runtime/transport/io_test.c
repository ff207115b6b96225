/* Waiters, the lead, the keeper and timers, without links. */
#include "runtime/base/clock.h"
#include "runtime/transport/io.h"
#include "runtime/transport/timer_heap.h"
#include "tests/runtime/transport/support.h"

#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static int io_up(void **state)
{
    (void)state;
    return crb_io_acquire(NULL) == CORBEL_OK ? 0 : -1;
}

static int io_down(void **state)
{
    (void)state;
    crb_io_release();
    return 0;
}

static void test_wait_ends_at_its_deadline(void **state)
{
    (void)state;
    for (int kind = CRB_WAITER_CALLER; kind <= CRB_WAITER_WORKER; kind++) {
        crb_waiter waiter;
        crb_waiter_init(&waiter, (crb_waiter_kind)kind);
        const uint64_t began = crb_now();
        assert_false(crb_io_wait(&waiter, began + 30 * CRB_MS));
        assert_true(crb_now() - began >= 30 * CRB_MS);
        assert_false(crb_io_wait(&waiter, 0));
        assert_false(crb_io_is_leading());
    }
}

static void test_wake_before_wait_is_kept_once(void **state)
{
    (void)state;
    crb_waiter waiter;
    crb_waiter_init(&waiter, CRB_WAITER_CALLER);
    crb_io_wake(&waiter);
    crb_io_wake(&waiter);
    assert_true(crb_io_wait(&waiter, CRB_NEVER));
    assert_false(crb_io_wait(&waiter, crb_now() + CRB_MS));
}

/* A thread that wakes a waiter again and again, as soon as the waiter has said that it waits again. */
typedef struct waking {
    crb_waiter *waiter;
    atomic_int asked;
    int times;
} waking;

static void *wake_on_request(void *user)
{
    waking *self = user;
    for (int i = 0; i < self->times; i++) {
        while (atomic_load(&self->asked) <= i) {
            sched_yield();
        }
        crb_io_wake(self->waiter);
    }
    return NULL;
}

/* The wake meets the waiter at every point on its way into the queue or the futex. None may be lost. */
static void test_no_wake_is_lost(void **state)
{
    (void)state;
    enum { TIMES = 3000 };
    for (int kind = CRB_WAITER_CALLER; kind <= CRB_WAITER_WORKER; kind++) {
        crb_waiter waiter;
        crb_waiter_init(&waiter, (crb_waiter_kind)kind);
        waking self = { .waiter = &waiter, .times = TIMES };
        pthread_t thread;
        assert_int_equal(pthread_create(&thread, NULL, wake_on_request, &self), 0);
        for (int i = 0; i < TIMES; i++) {
            atomic_fetch_add(&self.asked, 1);
            assert_true(crb_io_wait(&waiter, crb_now() + PATIENCE));
        }
        assert_int_equal(pthread_join(thread, NULL), 0);
    }
}

typedef struct ring_member {
    crb_waiter waiter;
    struct ring_member *next;
    int rounds;
    bool failed;
} ring_member;

static void *ring_run(void *user)
{
    ring_member *self = user;
    for (int i = 0; i < self->rounds; i++) {
        if (!crb_io_wait(&self->waiter, crb_now() + PATIENCE)) {
            self->failed = true;
            return NULL;
        }
        crb_io_wake(&self->next->waiter);
    }
    return NULL;
}

/* Callers and workers that wake each other around a ring: the lead is handed over all the time. */
static void test_lead_goes_around(void **state)
{
    (void)state;
    enum { MEMBERS = 8, ROUNDS = 300 };
    ring_member members[MEMBERS];
    pthread_t threads[MEMBERS];
    for (int i = 0; i < MEMBERS; i++) {
        crb_waiter_init(&members[i].waiter, i % 3 == 0 ? CRB_WAITER_WORKER : CRB_WAITER_CALLER);
        members[i].next = &members[(i + 1) % MEMBERS];
        members[i].rounds = ROUNDS;
        members[i].failed = false;
    }
    for (int i = 0; i < MEMBERS; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, ring_run, &members[i]), 0);
    }
    crb_io_wake(&members[0].waiter);
    for (int i = 0; i < MEMBERS; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
        assert_false(members[i].failed);
    }
}

/* ---- timers ---- */

enum { TIMERS = 20 };
typedef struct timer_log {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    int order[4 * TIMERS];
    int n;
    bool early;
} timer_log;

typedef struct logged_timer {
    crb_timer timer;
    timer_log *log;
    int number;
    uint64_t when;
} logged_timer;

static void timer_log_it(void *user)
{
    logged_timer *self = user;
    assert_true(crb_io_is_leading());
    pthread_mutex_lock(&self->log->lock);
    self->log->order[self->log->n++] = self->number;
    self->log->early = self->log->early || crb_now() < self->when;
    pthread_cond_broadcast(&self->log->changed);
    pthread_mutex_unlock(&self->log->lock);
}

static void timer_log_wait(timer_log *log, int n)
{
    pthread_mutex_lock(&log->lock);
    while (log->n < n) {
        pthread_cond_wait(&log->changed, &log->lock);
    }
    pthread_mutex_unlock(&log->lock);
}

/* Set in a scrambled order, while nobody waits: the keeper runs them, none early, in order. */
static void test_timers_fire_in_order_without_waiters(void **state)
{
    (void)state;
    timer_log log = { .lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER };
    logged_timer timers[TIMERS];
    const uint64_t base = crb_now() + 20 * CRB_MS;
    for (int i = 0; i < TIMERS; i++) {
        logged_timer *timer = &timers[(i * 7) % TIMERS];
        *timer = (logged_timer) { .log = &log, .number = (i * 7) % TIMERS };
        timer->when = base + (unsigned)timer->number * CRB_MS;
        crb_timer_init(&timer->timer, timer_log_it, timer);
        crb_timer_set(&timer->timer, timer->when);
    }
    crb_timer_stop(&timers[3].timer);
    crb_timer_stop(&timers[3].timer);
    timer_log_wait(&log, TIMERS - 1);
    assert_false(log.early);
    for (int i = 0; i < TIMERS - 1; i++) {
        assert_int_equal(log.order[i], i < 3 ? i : i + 1);
    }
}

static void timer_wake(void *user)
{
    crb_io_wake(user);
}

/* One that is set while somebody polls with a later deadline. */
static void *timer_set_later(void *user)
{
    crb_timer_set(user, crb_now());
    return NULL;
}

static void test_timer_interrupts_a_poll(void **state)
{
    (void)state;
    crb_waiter waiter;
    crb_timer timer;
    pthread_t thread;
    crb_waiter_init(&waiter, CRB_WAITER_CALLER);
    crb_timer_init(&timer, timer_wake, &waiter);
    for (int i = 0; i < 20; i++) {
        const uint64_t began = crb_now();
        assert_int_equal(pthread_create(&thread, NULL, timer_set_later, &timer), 0);
        assert_true(crb_io_wait(&waiter, began + PATIENCE));
        assert_true(crb_now() - began < PATIENCE / 2);
        assert_int_equal(pthread_join(thread, NULL), 0);
    }
}

typedef struct slow_timer {
    crb_timer timer;
    atomic_bool inside, stopping, done;
} slow_timer;

static void timer_slow(void *user)
{
    slow_timer *self = user;
    atomic_store(&self->inside, true);
    while (!atomic_load(&self->stopping)) {
        sched_yield();
    }
    for (int i = 0; i < 100; i++) {
        sched_yield();
    }
    crb_timer_set(&self->timer, crb_now()); /* the stop must win */
    atomic_store(&self->done, true);
}

static void test_stop_waits_for_a_running_timer(void **state)
{
    (void)state;
    for (int i = 0; i < 10; i++) {
        slow_timer self = { 0 };
        crb_timer_init(&self.timer, timer_slow, &self);
        crb_timer_set(&self.timer, 0);
        while (!atomic_load(&self.inside)) {
            sched_yield();
        }
        atomic_store(&self.stopping, true);
        crb_timer_stop(&self.timer);
        assert_true(atomic_load(&self.done));
        assert_false(self.timer.set);
    }
}

typedef struct repeating {
    crb_timer timer;
    crb_waiter waiter;
    int left;
} repeating;

static void timer_repeat(void *user)
{
    repeating *self = user;
    crb_timer_stop(&self->timer); /* from inside: does not wait for itself */
    if (--self->left > 0) {
        crb_timer_set(&self->timer, crb_now() + CRB_MS / 10);
    } else {
        crb_io_wake(&self->waiter);
    }
}

static void test_timer_sets_itself_again(void **state)
{
    (void)state;
    repeating self = { .left = 20 };
    crb_waiter_init(&self.waiter, CRB_WAITER_WORKER);
    crb_timer_init(&self.timer, timer_repeat, &self);
    crb_timer_set(&self.timer, crb_now());
    assert_true(crb_io_wait(&self.waiter, crb_now() + PATIENCE));
    assert_int_equal(self.left, 0);
}

/* The heap against a sorted array. */
static void test_heap_is_ordered(void **state)
{
    (void)state;
    enum { N = 500 };
    static crb_timer timers[N];
    crb_timer_heap heap = { NULL };
    uint32_t seed = 12345;
    for (int round = 0; round < 50; round++) {
        for (int i = 0; i < N; i++) {
            seed = seed * 1664525u + 1013904223u;
            crb_timer_init(&timers[i], timer_wake, NULL);
            timers[i].when = seed >> 22;
            crb_timer_heap_insert(&heap, &timers[i]);
        }
        size_t left = N;
        for (int i = 0; i < N; i++) {
            seed = seed * 1664525u + 1013904223u;
            if ((seed >> 30) == 0) {
                crb_timer_heap_remove(&heap, &timers[i]);
                left--;
            }
        }
        uint64_t last = 0;
        while (heap.root != NULL) {
            crb_timer *first = heap.root;
            assert_true(first->set && first->when >= last);
            last = first->when;
            crb_timer_heap_remove(&heap, first);
            assert_false(first->set);
            left--;
        }
        assert_int_equal(left, 0);
    }
}

/* ---- up and down ---- */

static void test_up_and_down_again(void **state)
{
    (void)state;
    size_t before = 0;
    for (int i = 0; i < 5; i++) {
        assert_int_equal(crb_io_acquire(NULL), CORBEL_OK);
        assert_int_equal(crb_io_acquire(NULL), CORBEL_OK);
        crb_waiter waiter;
        crb_waiter_init(&waiter, CRB_WAITER_CALLER);
        assert_false(crb_io_wait(&waiter, crb_now() + 3 * CRB_MS));
        crb_io_release();
        crb_io_release();
        if (i == 0) {
            before = test_count_descriptors();
        }
        assert_int_equal(test_count_descriptors(), before);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_heap_is_ordered),
        cmocka_unit_test_setup_teardown(test_wait_ends_at_its_deadline, io_up, io_down),
        cmocka_unit_test_setup_teardown(test_wake_before_wait_is_kept_once, io_up, io_down),
        cmocka_unit_test_setup_teardown(test_no_wake_is_lost, io_up, io_down),
        cmocka_unit_test_setup_teardown(test_lead_goes_around, io_up, io_down),
        cmocka_unit_test_setup_teardown(test_timers_fire_in_order_without_waiters, io_up, io_down),
        cmocka_unit_test_setup_teardown(test_timer_interrupts_a_poll, io_up, io_down),
        cmocka_unit_test_setup_teardown(test_stop_waits_for_a_running_timer, io_up, io_down),
        cmocka_unit_test_setup_teardown(test_timer_sets_itself_again, io_up, io_down),
        cmocka_unit_test(test_up_and_down_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
