/* Who polls: a synchronous caller reads its own replies, an idle worker steps aside, and what nobody waits for is the keeper's.
 */
#include "tests/runtime/transport/link_support.h"

#include <inttypes.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* 10,000 synchronous round trips with another process: fewer than 1 in 20 goes through another thread. */
static void test_a_caller_reads_its_own_replies(void **state)
{
    (void)state;
    enum { CALLS = 10000 };
    test_peer peer;
    test_peer_start(&peer, true);
    const crb_io_stats before = crb_io_get_stats();
    for (int i = 0; i < CALLS; i++) {
        test_ping(peer.end, &peer.waiter, &i, sizeof i);
    }
    const crb_io_stats after = crb_io_get_stats();
    assert_true(after.hand_overs - before.hand_overs < CALLS / 20);
    if (test_sends_now) { /* replies alone; and most messages had gone before send_now() returned */
        assert_true(after.led_by_caller - before.led_by_caller > CALLS - CALLS / 20);
        assert_true(peer.end->sent_now > CALLS / 2);
    } else {
        assert_true(after.led_by_caller - before.led_by_caller > CALLS);
    }
    test_peer_finish(&peer);
}

/* An idle worker that leads does not keep the callers from reading for themselves. */
typedef struct idler {
    crb_waiter waiter;
    atomic_bool stop;
} idler;

static void *idle(void *user)
{
    idler *self = user;
    while (!atomic_load(&self->stop)) {
        (void)crb_io_wait(&self->waiter, CRB_NEVER);
    }
    return NULL;
}

static void test_an_idle_worker_steps_aside(void **state)
{
    (void)state;
    enum { CALLS = 3000 };
    test_peer peer;
    idler self = { .stop = false };
    pthread_t thread;
    crb_waiter_init(&self.waiter, CRB_WAITER_WORKER);
    assert_int_equal(pthread_create(&thread, NULL, idle, &self), 0);
    test_peer_start(&peer, true);
    const crb_io_stats before = crb_io_get_stats();
    for (int i = 0; i < CALLS; i++) {
        test_ping(peer.end, &peer.waiter, &i, sizeof i);
    }
    const crb_io_stats after = crb_io_get_stats();
    assert_true(after.hand_overs - before.hand_overs < CALLS / 20);
    atomic_store(&self.stop, true);
    crb_io_wake(&self.waiter);
    assert_int_equal(pthread_join(thread, NULL), 0);
    test_peer_finish(&peer);
}

/* Many callers on one link; the replies find their callers by the number in front. */
enum { CALLERS = 16, CALLS_EACH = 300 };

typedef struct caller {
    pthread_t thread;
    crb_waiter waiter;
    test_end *end;
    uint32_t number;
    atomic_uint answer;
    atomic_uint done;
    bool failed;
} caller;

static void caller_reply(test_end *end, const uint8_t *data, size_t len)
{
    caller *callers = end->user;
    uint32_t message[2];
    assert_int_equal(len, sizeof message);
    memcpy(message, data, sizeof message);
    assert_true(message[0] < CALLERS);
    atomic_store(&callers[message[0]].answer, message[1]);
    crb_io_wake(&callers[message[0]].waiter);
}

static void *caller_run(void *user)
{
    caller *self = user;
    for (uint32_t i = 1; i <= CALLS_EACH; i++) {
        const uint32_t message[2] = { self->number, i };
        test_end_send(self->end, message, sizeof message);
        if (!crb_io_wait(&self->waiter, crb_now() + PATIENCE) || atomic_load(&self->answer) != i) {
            self->failed = true;
            return NULL;
        }
        atomic_store(&self->done, i);
    }
    return NULL;
}

static void test_many_callers_on_one_link(void **state)
{
    (void)state;
    static caller callers[CALLERS];
    test_peer peer;
    test_peer_start(&peer, true);
    pthread_mutex_lock(&peer.end->lock);
    peer.end->on_message = caller_reply;
    peer.end->user = callers;
    pthread_mutex_unlock(&peer.end->lock);
    for (uint32_t i = 0; i < CALLERS; i++) {
        callers[i].end = peer.end;
        callers[i].number = i;
        crb_waiter_init(&callers[i].waiter, CRB_WAITER_CALLER);
        assert_int_equal(pthread_create(&callers[i].thread, NULL, caller_run, &callers[i]), 0);
    }
    for (int i = 0; i < CALLERS; i++) {
        assert_int_equal(pthread_join(callers[i].thread, NULL), 0);
        assert_false(callers[i].failed);
        assert_int_equal(atomic_load(&callers[i].done), CALLS_EACH);
    }
    test_peer_finish(&peer);
}

/* What comes while nobody waits is delivered by the keeper: at once when it leads, within its tick when callers have just left.
 */
typedef struct unasked {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    uint64_t at;
} unasked;

static void unasked_message(test_end *end, const uint8_t *data, size_t len)
{
    unasked *self = end->user;
    (void)data;
    (void)len;
    pthread_mutex_lock(&self->lock);
    self->at = crb_now();
    pthread_cond_broadcast(&self->changed);
    pthread_mutex_unlock(&self->lock);
}

static int compare_u64(const void *a, const void *b)
{
    const uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return x < y ? -1 : x > y;
}

static void test_a_message_comes_while_nobody_waits(void **state)
{
    (void)state;
    enum { ROUNDS = 41 };
    static uint64_t took[ROUNDS];
    unasked self = { .lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER };
    test_peer peer;
    test_peer_start(&peer, true);
    for (int round = 0; round < ROUNDS; round++) {
        for (int i = 0; i < 20; i++) {
            test_ping(peer.end, &peer.waiter, &i, sizeof i);
        }
        pthread_mutex_lock(&self.lock);
        self.at = 0;
        pthread_mutex_unlock(&self.lock);
        pthread_mutex_lock(&peer.end->lock);
        peer.end->user = &self;
        peer.end->on_message = unasked_message;
        pthread_mutex_unlock(&peer.end->lock);
        const uint64_t began = crb_now();
        test_end_send(peer.end, "x", 1);
        pthread_mutex_lock(&self.lock);
        while (self.at == 0) {
            pthread_cond_wait(&self.changed, &self.lock);
        }
        took[round] = self.at - began;
        pthread_mutex_unlock(&self.lock);
        pthread_mutex_lock(&peer.end->lock);
        peer.end->on_message = NULL;
        pthread_mutex_unlock(&peer.end->lock);
    }
    qsort(took, ROUNDS, sizeof took[0], compare_u64);
    printf("unasked message: median %" PRIu64 " us, longest %" PRIu64 " us\n", took[ROUNDS / 2] / 1000, took[ROUNDS - 1] / 1000);
    assert_true(took[ROUNDS / 2] < SLOWER * 5 * CRB_MS);
    test_peer_finish(&peer);
}

int main(int argc, char **argv)
{
    int status = 0;
    if (test_peer_main(argc, argv, &status)) {
        return status;
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_a_caller_reads_its_own_replies, test_io_up, test_io_down),
        cmocka_unit_test_setup_teardown(test_an_idle_worker_steps_aside, test_io_up, test_io_down),
        cmocka_unit_test_setup_teardown(test_many_callers_on_one_link, test_io_up, test_io_down),
        cmocka_unit_test_setup_teardown(test_a_message_comes_while_nobody_waits, test_io_up, test_io_down),
    };
    const int failed = cmocka_run_group_tests_name("polling", tests, NULL, NULL);
    test_sends_now = true;
    return failed + cmocka_run_group_tests_name("polling, sending now", tests, NULL, NULL);
}
