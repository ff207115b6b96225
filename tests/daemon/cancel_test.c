/** Cancelled calls: what their servants see, that nested calls go with them, and that nothing is left behind. */
#include "later.h"
#include "nest.h"

#include "daemon/host.h"
#include "runtime/call/call_impl.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

/* Three nodes, each in a runtime of its own, and a client. */
static nest_server nodes[3];
static corbel_runtime *client;
static nest_Node *node[3]; /* the client's references */

static int set_up(void **state)
{
    corbel_error error = CORBEL_ERROR_INIT;
    (void)state;
    MUST(corbel_runtime_new(NULL, &client, &error));
    for (size_t i = 0; i < 3; i++) {
        nest_server_start(&nodes[i], NULL, NULL);
        MUST(nest_Node_from_uri(client, nodes[i].uri, &node[i], &error));
        nest_Notes notes;
        MUST(nest_Node_notes(node[i], &notes, &error));
    }
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        nest_Node_unref(node[i]);
    }
    corbel_runtime_unref(client);
    for (size_t i = 0; i < 3; i++) {
        nest_server_stop(&nodes[i]);
    }
    return 0;
}

typedef struct counts {
    uint64_t entered[3], told[3], passed[3];
} counts;

static counts count(void)
{
    counts now = { 0 };
    for (size_t i = 0; i < 3; i++) {
        now.entered[i] = probe_event_count(&nodes[i].entered);
        now.told[i] = probe_event_count(&nodes[i].told);
        now.passed[i] = probe_event_count(&nodes[i].passed);
    }
    return now;
}

static nest_Notes notes_of(size_t i)
{
    pthread_mutex_lock(&nodes[i].lock);
    const nest_Notes notes = nodes[i].notes;
    pthread_mutex_unlock(&nodes[i].lock);
    return notes;
}

/** In time, in microseconds: what the issue asks for is printed, the bound is generous. */
static void must_be_soon(const char *what, uint64_t from, uint64_t to)
{
    const uint64_t took = to > from ? to - from : from - to;
    print_message("[   time   ] %s: %.3f ms\n", what, (double)took / 1000);
    assert_true(took < 1000000u * probe_slow);
}

/* ---- what a servant sees ---- */

static void seen_in_each_way(void **state)
{
    corbel_error error = CORBEL_ERROR_INIT;
    static const char *const names[] = { "by callback", "by descriptor", "by asking" };
    (void)state;
    for (nest_Look look = nest_BY_CALLBACK; look <= nest_BY_ASKING; look++) {
        const counts before = count();
        corbel_call *const call = nest_Node_wait_begin(node[0], look);
        assert_true(probe_event_wait(&nodes[0].entered, before.entered[0] + 1));
        const uint64_t from = nest_now_us();
        corbel_call_cancel(call);
        assert_int_equal(nest_Node_wait_finish(call, &error), CORBEL_CANCELLED);
        assert_int_equal(error.completion, CORBEL_COMPLETED_MAYBE);
        assert_true(probe_event_wait(&nodes[0].told, before.told[0] + 1));
        must_be_soon(names[look], from, notes_of(0).told_at);
    }
    corbel_error_clear(&error);
}

static void seen_at_the_deadline(void **state)
{
    corbel_error error = CORBEL_ERROR_INIT;
    corbel_options options = CORBEL_OPTIONS_INIT;
    (void)state;
    options.deadline_ms = 100 * probe_slow;
    nest_Node *const local = nest_Node_with(nodes[0].object, &options);
    nest_Node *const remote = nest_Node_with(node[0], &options);
    for (size_t i = 0; i < 4; i++) {
        const counts before = count();
        const nest_Look look = i % 2 == 0 ? nest_BY_CALLBACK : nest_BY_DESCRIPTOR;
        assert_int_equal(nest_Node_wait(i < 2 ? remote : local, look, &error), CORBEL_DEADLINE);
        const uint64_t here = nest_now_us();
        assert_true(probe_event_wait(&nodes[0].told, before.told[0] + 1));
        must_be_soon(i < 2 ? "caller and servant, across a session" : "in one process", here, notes_of(0).told_at);
    }
    nest_Node_unref(local);
    nest_Node_unref(remote);
    corbel_error_clear(&error);
}

static void seen_when_the_session_ends(void **state)
{
    corbel_error error = CORBEL_ERROR_INIT;
    corbel_runtime *other = NULL;
    nest_Node *there = NULL;
    (void)state;
    const counts before = count();
    MUST(corbel_runtime_new(NULL, &other, &error));
    MUST(nest_Node_from_uri(other, nodes[0].uri, &there, &error));
    corbel_call *const call = nest_Node_wait_begin(there, nest_BY_CALLBACK);
    assert_true(probe_event_wait(&nodes[0].entered, before.entered[0] + 1));
    nest_Node_unref(there);
    corbel_runtime_unref(other);
    assert_true(probe_event_wait(&nodes[0].told, before.told[0] + 1));
    corbel_call_drop(call);
}

static void a_deferred_call_is_ended_by_its_callback(void **state)
{
    corbel_error error = CORBEL_ERROR_INIT;
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        const counts before = count();
        corbel_call *const call = nest_Node_hold_begin(i == 0 ? node[0] : nodes[0].object);
        assert_true(probe_event_wait(&nodes[0].entered, before.entered[0] + 1));
        corbel_call_cancel(call);
        assert_int_equal(nest_Node_hold_finish(call, &error), CORBEL_CANCELLED);
        assert_true(probe_event_wait(&nodes[0].told, before.told[0] + 1));
    }
    corbel_error_clear(&error);
}

/* ---- nested calls ---- */

/** The client calls the first, that the second, that the third; or all of it happens in two processes or one. */
static void nested_calls_are_cancelled(void **state)
{
    static const char *const names[] = { "directly", "begun", "batched", "promised", "streamed", "deferred" };
    corbel_error error = CORBEL_ERROR_INIT;
    (void)state;
    for (nest_How how = nest_DIRECTLY; how <= nest_DEFERRED; how++) {
        const char *const path[2] = { nodes[1].uri, nodes[2].uri };
        const counts before = count();
        corbel_call *const call = nest_Node_pass_begin(node[0], (nest_Path) { 2, path }, how);
        assert_true(probe_event_wait(&nodes[2].entered, before.entered[2] + 1));
        const uint64_t from = nest_now_us();
        corbel_call_cancel(call);
        assert_int_equal(nest_Node_pass_finish(call, &error), CORBEL_CANCELLED);
        assert_true(probe_event_wait(&nodes[2].told, before.told[2] + 1));
        must_be_soon(names[how], from, notes_of(2).told_at);
        assert_true(probe_event_wait(&nodes[0].passed, before.passed[0] + 1));
        assert_int_equal(notes_of(0).status, CORBEL_CANCELLED);
        assert_true(probe_event_wait(&nodes[1].passed, before.passed[1] + 1));
        assert_int_equal(notes_of(1).status, CORBEL_CANCELLED);
    }
    corbel_error_clear(&error);
}

/** Is anything under way there, or left in a table? */
static bool is_busy(corbel_runtime *runtime)
{
    pthread_mutex_lock(&runtime->dispatch_lock);
    bool busy = runtime->dispatch->n_requests > 0 || runtime->cancelled != NULL || runtime->cancels;
    pthread_mutex_unlock(&runtime->dispatch_lock);
    pthread_mutex_lock(&runtime->lock);
    crb_peer *peers[16];
    size_t n = 0;
    for (crb_peer *peer = runtime->peers; peer != NULL && n < sizeof peers / sizeof peers[0]; peer = peer->next) {
        peers[n++] = crb_peer_ref(peer);
    }
    pthread_mutex_unlock(&runtime->lock);
    for (size_t i = 0; i < n; i++) {
        crb_peer_lock(peers[i]);
        const crb_session_stats stats = crb_session_get_stats(peers[i]->session);
        crb_peer_unlock(peers[i]);
        busy = busy || stats.questions > 0 || stats.answers > 0 || stats.queued_bytes > 0;
        crb_peer_unref(peers[i]);
    }
    return busy;
}

/** Calls of every kind, given up at random moments by who made them: each completes once, and nothing is left behind. */
static void cancelled_at_random(void **state)
{
    enum { AT_ONCE = 8, CALLS = 4000 };
    corbel_error error = CORBEL_ERROR_INIT;
    corbel_call *calls[AT_ONCE] = { NULL };
    const char *const path[2] = { nodes[1].uri, nodes[2].uri };
    uint64_t random = 88172645463325252u;
    uint32_t cancelled = 0;
    (void)state;
    for (uint32_t i = 0; i < CALLS; i++) {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        corbel_call **const at = &calls[random % AT_ONCE];
        if (*at != NULL) {
            corbel_call_cancel(*at);
            cancelled++;
            assert_int_equal(nest_Node_pass_finish(*at, &error), CORBEL_CANCELLED);
        }
        *at = nest_Node_pass_begin(node[0], (nest_Path) { 1 + (random >> 8) % 2, path }, (nest_How)((random >> 16) % 6));
    }
    for (size_t i = 0; i < AT_ONCE; i++) {
        corbel_call_cancel(calls[i]);
        cancelled++;
        assert_int_equal(nest_Node_pass_finish(calls[i], &error), CORBEL_CANCELLED);
    }
    corbel_error_clear(&error);
    print_message("[   seen   ] %u calls cancelled, each with those that it had made\n", cancelled);
    for (size_t i = 0; i < 3; i++) {
        const uint64_t until = nest_now_us() + 20000000u * probe_slow;
        while (is_busy(nodes[i].runtime)) {
            assert_true(nest_now_us() < until);
            nanosleep(&(struct timespec) { .tv_nsec = 1000000 }, NULL); /* nobody tells of the end of the last one */
        }
    }
}

/* ---- calls that are given to callbacks, and dropped ---- */

static later_server later;
static later_Later *laters[2]; /* across a session, and in its own process */

static int set_up_later(void **state)
{
    corbel_error error = CORBEL_ERROR_INIT;
    (void)state;
    later_server_start(&later, NULL);
    MUST(corbel_runtime_new(NULL, &client, &error));
    MUST(later_Later_from_uri(client, later.uri, &laters[0], &error));
    MUST(later_Later_add(laters[0], 1, 1, NULL, &error));
    laters[1] = later_Later_ref(later.object);
    return 0;
}

static int tear_down_later(void **state)
{
    (void)state;
    later_Later_unref(laters[0]);
    later_Later_unref(laters[1]);
    corbel_runtime_unref(client);
    later_server_stop(&later);
    return 0;
}

/** What a callback and who drops its call share; freed as soon as the call was dropped. */
typedef struct shared {
    pthread_mutex_t lock;
    corbel_call *call; /* whoever takes it owns it */
    _Atomic bool over; /* nothing of this may be called any more */
    probe_event ran;
} shared;

static void count_one(corbel_call *call, void *user)
{
    corbel_call_drop(call);
    probe_event_add(user, 1);
}

static void heard_by_callback(later_Later *there)
{
    probe_event heard;
    probe_event_init(&heard);
    corbel_call_on_done(later_Later_add_begin(there, 1, 2), count_one, &heard);
    assert_true(probe_event_wait(&heard, 1));
}

static _Atomic uint32_t too_late; /* callbacks that ran after corbel_call_drop() had returned */

static void shared_done(corbel_call *call, void *user)
{
    shared *const s = user;
    pthread_mutex_lock(&s->lock);
    const bool mine = s->call != NULL;
    s->call = NULL;
    pthread_mutex_unlock(&s->lock);
    if (atomic_load(&s->over)) {
        atomic_fetch_add(&too_late, 1);
    } else if (mine) {
        corbel_call_drop(call);
        probe_event_add(&s->ran, 1);
    }
}

/** A callback never runs, or has run, once corbel_call_drop() has returned: at random moments of the call. */
static void dropped_at_random(void **state)
{
    enum { CALLS = 2000 };
    uint64_t random = 88172645463325252u;
    uint32_t dropped = 0;
    shared *const all = calloc(CALLS, sizeof *all);
    (void)state;
    assert_non_null(all);
    for (uint32_t i = 0; i < CALLS; i++) {
        shared *const s = &all[i];
        pthread_mutex_init(&s->lock, NULL);
        probe_event_init(&s->ran);
        s->call = later_Later_add_begin(laters[i % 2], 1, 2);
        corbel_call_on_done(s->call, shared_done, s);
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        for (volatile uint64_t spin = random % (i % 3 == 0 ? 100 : 60000); spin > 0; spin--) {
        }
        pthread_mutex_lock(&s->lock);
        corbel_call *const mine = s->call;
        s->call = NULL;
        pthread_mutex_unlock(&s->lock);
        if (mine != NULL) {
            corbel_call_drop(mine);
            dropped++;
        } else {
            assert_true(probe_event_wait(&s->ran, 1));
        }
        atomic_store(&s->over, true);
    }
    print_message("[   seen   ] %u dropped, %u ran\n", dropped, CALLS - dropped);
    for (size_t i = 0; i < 2; i++) { /* what stands in the queues has had its turn */
        heard_by_callback(laters[i]);
    }
    assert_int_equal(atomic_load(&too_late), 0);
    assert_true(dropped > 0);
    free(all);
}

typedef struct slow {
    probe_event began, go_on;
    _Atomic bool returned;
} slow;

static void slow_done(corbel_call *call, void *user)
{
    slow *const s = user;
    (void)call; /* who drops it ends it */
    probe_event_add(&s->began, 1);
    if (!probe_event_wait(&s->go_on, 1)) {
        abort();
    }
    atomic_store(&s->returned, true);
}

static void *release_soon(void *user)
{
    slow *const s = user;
    const struct timespec pause = { .tv_nsec = 20000000 };
    nanosleep(&pause, NULL); /* so that corbel_call_drop() has begun: if not, nothing is missed but what this looks for */
    probe_event_add(&s->go_on, 1);
    return NULL;
}

/** It waits for a callback that runs. */
static void dropped_while_it_runs(void **state)
{
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        slow s = { 0 };
        pthread_t thread;
        probe_event_init(&s.began);
        probe_event_init(&s.go_on);
        corbel_call *const call = later_Later_add_begin(laters[i], 1, 2);
        corbel_call_on_done(call, slow_done, &s);
        assert_true(probe_event_wait(&s.began, 1));
        assert_int_equal(pthread_create(&thread, NULL, release_soon, &s), 0);
        corbel_call_drop(call);
        assert_true(atomic_load(&s.returned));
        pthread_join(thread, NULL);
    }
}

static void counts_itself(corbel_call *call, void *user)
{
    ++*(uint32_t *)user;
    corbel_call_drop(call); /* its own */
}

/** With the user's own event loop both are on one thread: nothing has to be agreed. */
static void dropped_in_a_loop(void **state)
{
    corbel_error error = CORBEL_ERROR_INIT;
    corbel_runtime_options options = CORBEL_RUNTIME_OPTIONS_INIT;
    corbel_runtime *loop = NULL;
    later_Later *there = NULL;
    uint32_t ran = 0;
    (void)state;
    options.user_dispatch = true;
    MUST(corbel_runtime_new(&options, &loop, &error));
    MUST(later_Later_from_uri(loop, later.uri, &there, &error));
    MUST(later_Later_add(there, 1, 1, NULL, &error));
    for (uint32_t i = 0; i < 100; i++) {
        uint32_t first = 0, second = 0;
        corbel_call *const call = later_Later_add_begin(there, 1, 2);
        corbel_call *const other = later_Later_add_begin(there, 1, 2);
        corbel_call_on_done(call, counts_itself, &first);
        corbel_call_on_done(other, counts_itself, &second);
        while (i % 2 == 1 && first + second == 0 && corbel_runtime_dispatch(loop, 20000) == CORBEL_OK) {
        }
        ran += first + second;
        if (first == 0) {
            corbel_call_drop(call);
        }
        if (second == 0) {
            corbel_call_drop(other);
        }
        first = 0;
        second = 0;
        while (corbel_runtime_dispatch(loop, 0) == CORBEL_OK) {
        }
        assert_int_equal(first + second, 0); /* nothing comes of those that were dropped */
    }
    assert_in_range(ran, 50, 100);
    later_Later_unref(there);
    corbel_runtime_unref(loop);
}

/** cancel_test [TEST]: that one alone. */
int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(seen_in_each_way),           cmocka_unit_test(seen_at_the_deadline),
        cmocka_unit_test(seen_when_the_session_ends), cmocka_unit_test(a_deferred_call_is_ended_by_its_callback),
        cmocka_unit_test(nested_calls_are_cancelled), cmocka_unit_test(cancelled_at_random),
    };
    const struct CMUnitTest drops[] = {
        cmocka_unit_test(dropped_at_random),
        cmocka_unit_test(dropped_while_it_runs),
        cmocka_unit_test(dropped_in_a_loop),
    };
    if (argc > 1) {
        cmocka_set_test_filter(argv[1]);
    }
    return cmocka_run_group_tests(tests, set_up, tear_down) + cmocka_run_group_tests(drops, set_up_later, tear_down_later);
}
