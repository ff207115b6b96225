/** Deferred replies: from any thread, before and after the function has returned, once, also for nobody. */
#include "daemon/host.h"
#include "later.h"

#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

static later_server server;
static corbel_runtime *client;
/** Every test runs twice: across a session, and in the server's own process. */
static later_Later *laters[2];

static int set_up(void **state)
{
    corbel_error error = CORBEL_ERROR_INIT;
    (void)state;
    later_server_start(&server, NULL);
    MUST(corbel_runtime_new(NULL, &client, &error));
    MUST(later_Later_from_uri(client, server.uri, &laters[0], &error));
    laters[1] = later_Later_ref(server.object);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    later_Later_unref(laters[0]);
    later_Later_unref(laters[1]);
    corbel_runtime_unref(client);
    later_server_stop(&server);
    return 0;
}

#define FOR_BOTH(later)                                                                                                          \
    for (later_Later **at_ = laters, *later = *at_; at_ < laters + 2; later = ++at_ < laters + 2 ? *at_ : NULL)

static void replies(void **state)
{
    corbel_error error = CORBEL_ERROR_INIT;
    (void)state;
    FOR_BOTH(later)
    {
        char text[] = "what is asked";
        later_Pair pair = { .text = "pair", .number = 7 };
        corbel_call *const call = later_Later_hold_begin(later, text, &pair, 5);
        later_held *const held = later_take(&server);
        memset(text, 'x', sizeof text - 1); /* what the caller had is not what is lent */
        pair = (later_Pair) { .text = "other", .number = 8 };
        assert_string_equal(held->args.text, "what is asked");
        assert_string_equal(held->args.pair->text, "pair");
        assert_int_equal(held->args.pair->number, 7);
        assert_int_equal(held->args.n, 5);
        assert_int_equal(corbel_call_wait(call, 0), CORBEL_DEADLINE);
        later_Later_hold_reply(held->request, held->args.n + 1, corbel_request_printf(held->request, "%s!", held->args.text));
        free(held);
        char *ret = NULL;
        int32_t n = 0;
        MUST(later_Later_hold_finish(call, &n, &ret, &error));
        assert_string_equal(ret, "what is asked!");
        assert_int_equal(n, 6);
        corbel_string_free(ret);
    }
}

/** A synchronous call, in this process entered by the caller's own thread. */
static void synchronous(void **state)
{
    corbel_error error = CORBEL_ERROR_INIT;
    (void)state;
    FOR_BOTH(later)
    {
        int32_t ret = 0;
        MUST(later_Later_after(later, 42, 5, &ret, &error));
        assert_int_equal(ret, 42);
        corbel_options options = CORBEL_OPTIONS_INIT;
        options.deadline_ms = 30;
        later_Later *const hasty = later_Later_with(later, &options);
        assert_int_equal(later_Later_hold_nothing(hasty, &error), CORBEL_DEADLINE);
        later_held *const held = later_take(&server);
        struct pollfd cancelled = { .fd = corbel_request_cancel_fd(held->request), .events = POLLIN };
        assert_int_equal(poll(&cancelled, 1, 20000 * (int)probe_slow), 1); /* its deadline may be that of a slower way */
        assert_true(corbel_request_cancelled(held->request));
        later_Later_hold_nothing_reply(held->request); /* nobody hears it */
        free(held);
        later_Later_unref(hasty);
    }
    corbel_error_clear(&error);
}

static void failures(void **state)
{
    corbel_error error = CORBEL_ERROR_INIT;
    (void)state;
    FOR_BOTH(later)
    {
        corbel_call *call = later_Later_hold_nothing_begin(later);
        later_held *held = later_take(&server);
        corbel_request_end(held->request, later_Refused_raise(held->request, &(later_Refused) { "no" }));
        free(held);
        assert_int_equal(later_Later_hold_nothing_finish(call, &error), CORBEL_RAISED);
        assert_string_equal(later_Refused_of(&error)->why, "no");

        call = later_Later_hold_nothing_begin(later);
        held = later_take(&server);
        corbel_request_end(held->request, corbel_request_fail(held->request, CORBEL_NOT_FOUND, "not %s", "here"));
        free(held);
        assert_int_equal(later_Later_hold_nothing_finish(call, &error), CORBEL_NOT_FOUND);
        assert_int_equal(error.completion, CORBEL_COMPLETED_YES);
        assert_non_null(strstr(error.message, "not here"));

        call = later_Later_hold_nothing_begin(later);
        held = later_take(&server);
        corbel_request_end(held->request, CORBEL_OK); /* it has no outputs */
        free(held);
        MUST(later_Later_hold_nothing_finish(call, &error));

        call = later_Later_hold_begin(later, "a", &(later_Pair) { 0 }, 1);
        held = later_take(&server);
        corbel_request_end(held->request, CORBEL_OK); /* it has */
        free(held);
        assert_int_equal(later_Later_hold_finish(call, NULL, NULL, &error), CORBEL_BAD_REPLY);

        call = later_Later_hold_begin(later, "a", &(later_Pair) { 0 }, 1);
        held = later_take(&server);
        later_Later_hold_nothing_reply(held->request); /* another operation's */
        free(held);
        assert_int_equal(later_Later_hold_finish(call, NULL, NULL, &error), CORBEL_BAD_REPLY);

        call = later_Later_hold_begin(later, "a", &(later_Pair) { 0 }, 1);
        held = later_take(&server);
        later_Later_hold_reply(held->request, 1, "\xff");
        free(held);
        assert_int_equal(later_Later_hold_finish(call, NULL, NULL, &error), CORBEL_BAD_REPLY);
    }
    corbel_error_clear(&error);
}

/** Who cannot hand a request over after all returns its failure. */
static void in_vain(void **state)
{
    corbel_error error = CORBEL_ERROR_INIT;
    (void)state;
    FOR_BOTH(later)
    {
        assert_int_equal(later_Later_defer_in_vain(later, &error), CORBEL_EXISTS);
        assert_non_null(strstr(error.message, "in vain"));
        assert_int_equal(later_Later_defer_in_vain_finish(later_Later_defer_in_vain_begin(later), &error), CORBEL_EXISTS);
    }
    corbel_error_clear(&error);
}

/** The reply borrows references; those among the arguments live until then. */
static void references(void **state)
{
    corbel_error error = CORBEL_ERROR_INIT;
    (void)state;
    FOR_BOTH(later)
    {
        corbel_call *const call = later_Later_hold_this_begin(later, later);
        later_held *const held = later_take(&server);
        int32_t sum = 0;
        later_Later *ret = NULL;
        MUST(later_Later_add(held->this_args.that, 1, 2, &sum, &error));
        assert_int_equal(sum, 3);
        later_Later_hold_this_reply(held->request, held->this_args.that);
        free(held);
        MUST(later_Later_hold_this_finish(call, &ret, &error));
        assert_true(corbel_object_equal(later_Later_as_object(ret), later_Later_as_object(later)) || later == laters[0]);
        MUST(later_Later_add(ret, 1, 2, &sum, &error));
        later_Later_unref(ret);
    }
}

/** Deferred calls count as returned: what stands behind them in the lane is entered. */
static void lane_goes_on(void **state)
{
    corbel_error error = CORBEL_ERROR_INIT;
    (void)state;
    FOR_BOTH(later)
    {
        corbel_call *const first = later_Later_hold_nothing_begin(later);
        corbel_call *const second = later_Later_hold_nothing_begin(later);
        later_held *const one = later_take(&server);
        later_held *const two = later_take(&server);
        later_Later_hold_nothing_reply(two->request);
        MUST(later_Later_hold_nothing_finish(second, &error));
        assert_int_equal(corbel_call_wait(first, 0), CORBEL_DEADLINE);
        later_Later_hold_nothing_reply(one->request);
        MUST(later_Later_hold_nothing_finish(first, &error));
        free(one);
        free(two);
    }
}

static void for_nobody(void **state)
{
    corbel_error error = CORBEL_ERROR_INIT;
    (void)state;
    FOR_BOTH(later)
    {
        corbel_call *const call = later_Later_hold_nothing_begin(later);
        later_held *const held = later_take(&server);
        assert_false(corbel_request_cancelled(held->request));
        corbel_call_drop(call);
        for (int i = 0; i < 20000 && !corbel_request_cancelled(held->request); i++) {
            usleep(100);
        }
        assert_true(corbel_request_cancelled(held->request));
        later_Later_hold_nothing_reply(held->request);
        free(held);
    }
    /* its session is gone, too */
    corbel_runtime *runtime = NULL;
    later_Later *later = NULL;
    MUST(corbel_runtime_new(NULL, &runtime, &error));
    MUST(later_Later_from_uri(runtime, server.uri, &later, &error));
    corbel_call *const call = later_Later_hold_nothing_begin(later);
    later_held *const held = later_take(&server);
    later_Later_unref(later);
    corbel_runtime_unref(runtime);
    corbel_call_drop(call);
    corbel_request_end(held->request, later_Refused_raise(held->request, &(later_Refused) { "no" }));
    free(held);
    MUST(later_Later_hold_oneway(laters[0], &error));
    later_held *const oneway = later_take(&server);
    corbel_request_end(oneway->request, CORBEL_OK);
    free(oneway);
}

/** The second answer finds that it comes too late; nothing else happens. */
static void twice(void **state)
{
    corbel_error error = CORBEL_ERROR_INIT;
    (void)state;
    FOR_BOTH(later)
    {
        corbel_call *const call = later_Later_hold_nothing_begin(later);
        later_held *const held = later_take(&server);
        later_Later_hold_nothing_reply(held->request);
        later_Later_hold_nothing_reply(held->request);
        corbel_request_end(held->request, CORBEL_NOT_FOUND);
        MUST(later_Later_hold_nothing_finish(call, &error));
        for (int i = 0; i < 100; i++) { /* others come and go */
            MUST(later_Later_after(later, 1, 0, NULL, &error));
        }
        later_Later_hold_nothing_reply(held->request);
        /* Its function has long returned. */
        corbel_request_end(held->request, corbel_request_fail(held->request, CORBEL_NOT_FOUND, "late"));
        assert_null(corbel_request_alloc(held->request, 1, 1));
        free(held);
    }
}

static void *reply_from_thread(void *user)
{
    later_Later_hold_nothing_reply(user);
    return NULL;
}

/** Of two threads that answer at the same time one does. */
static void racing(void **state)
{
    corbel_error error = CORBEL_ERROR_INIT;
    (void)state;
    for (int i = 0; i < 50; i++) {
        corbel_call *const call = later_Later_hold_nothing_begin(laters[i % 2]);
        later_held *const held = later_take(&server);
        pthread_t threads[2];
        assert_int_equal(pthread_create(&threads[0], NULL, reply_from_thread, held->request), 0);
        assert_int_equal(pthread_create(&threads[1], NULL, reply_from_thread, held->request), 0);
        MUST(later_Later_hold_nothing_finish(call, &error));
        pthread_join(threads[0], NULL);
        pthread_join(threads[1], NULL);
        free(held);
    }
}

/** Calls that a thread makes for a deferred request belong to its chain: they come to the thread that waits for it. */
typedef struct called_back {
    pthread_t thread;
    _Atomic bool called;
} called_back;

static corbel_status note_thread(void *self, corbel_request *request, int32_t a, int32_t b, int32_t *ret)
{
    called_back *const back = self;
    (void)request;
    back->thread = pthread_self();
    atomic_store(&back->called, true);
    *ret = a + b;
    return CORBEL_OK;
}

static void *call_back(void *user)
{
    corbel_error error = CORBEL_ERROR_INIT;
    later_held *const held = later_take(&server);
    int32_t sum = 0;
    (void)user;
    corbel_request_enter(held->request);
    const corbel_status status = later_Later_add(held->this_args.that, 20, 22, &sum, &error);
    corbel_request_leave(held->request);
    corbel_request_leave(held->request); /* once too often */
    if (status == CORBEL_OK && sum == 42) {
        later_Later_hold_this_reply(held->request, held->this_args.that);
    } else {
        corbel_request_end(held->request, corbel_request_forward(held->request, &error));
    }
    free(held);
    return NULL;
}

static void chains(void **state)
{
    static const later_Later_servant ops = { .add = note_thread };
    corbel_error error = CORBEL_ERROR_INIT;
    (void)state;
    called_back back = { 0 };
    later_Later *const mine = later_Later_new(client, &ops, &back, NULL);
    later_Later *ret = NULL;
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, call_back, NULL), 0);
    MUST(later_Later_hold_this(laters[0], mine, &ret, &error));
    pthread_join(thread, NULL);
    assert_true(atomic_load(&back.called));
    assert_true(pthread_equal(back.thread, pthread_self()));
    later_Later_unref(ret);
    later_Later_unref(mine);
}

/** A call of a waiting thread's chain comes behind one of its lane that runs on a worker already. */
typedef struct gated {
    probe_event entered, opened;
} gated;

static corbel_status gated_gate(void *self, corbel_request *request)
{
    gated *const g = self;
    (void)request;
    probe_event_add(&g->entered, 1);
    return probe_event_wait(&g->opened, 1) ? CORBEL_OK : CORBEL_FAILED;
}

static corbel_status gated_add(void *self, corbel_request *request, int32_t a, int32_t b, int32_t *ret)
{
    (void)self;
    (void)request;
    *ret = a + b;
    return CORBEL_OK;
}

/** When all three have come: the one that runs, and the two behind it. */
static void *open_later(void *user)
{
    enum { CALLS = 3, PATIENCE_MS = 20000 };
    bool come = false;
    for (unsigned i = 0; i < PATIENCE_MS * probe_slow && !come; i++) {
        pthread_mutex_lock(&client->dispatch_lock);
        come = client->dispatch->n_requests == CALLS;
        pthread_mutex_unlock(&client->dispatch_lock);
        nanosleep(&(struct timespec) { .tv_nsec = come ? 0 : 1000000 }, NULL);
    }
    probe_event_add(&((gated *)user)->opened, come ? 1 : 0);
    return NULL;
}

static void *call_behind(void *user)
{
    corbel_error error = CORBEL_ERROR_INIT;
    gated *const g = user;
    later_held *const held = later_take(&server);
    corbel_call *const gate = later_Later_gate_begin(held->this_args.that);
    int32_t sum = 0;
    if (!probe_event_wait(&g->entered, 1)) {
        abort();
    }
    corbel_request_enter(held->request);
    corbel_call *const behind = later_Later_add_begin(held->this_args.that, 1, 1); /* of another chain */
    corbel_request_leave(held->request);
    pthread_t opener;
    if (pthread_create(&opener, NULL, open_later, g) != 0) {
        abort();
    }
    corbel_request_enter(held->request);
    MUST(later_Later_add(held->this_args.that, 20, 22, &sum, &error));
    corbel_request_leave(held->request);
    MUST(later_Later_add_finish(behind, NULL, &error));
    MUST(later_Later_gate_finish(gate, &error));
    pthread_join(opener, NULL);
    later_Later_hold_this_reply(held->request, sum == 42 ? held->this_args.that : NULL);
    free(held);
    return NULL;
}

static void behind_one_that_runs(void **state)
{
    static const later_Later_servant ops = { .gate = gated_gate, .add = gated_add };
    corbel_error error = CORBEL_ERROR_INIT;
    gated g;
    (void)state;
    probe_event_init(&g.entered);
    probe_event_init(&g.opened);
    later_Later *const mine = later_Later_new(client, &ops, &g, NULL);
    later_Later *ret = NULL;
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, call_behind, &g), 0);
    MUST(later_Later_hold_this(laters[0], mine, &ret, &error));
    pthread_join(thread, NULL);
    assert_non_null(ret);
    later_Later_unref(ret);
    later_Later_unref(mine);
}

/** One that is not answered runs, for who waits for the end. */
static void ends(void **state)
{
    corbel_error error = CORBEL_ERROR_INIT;
    (void)state;
    corbel_call *calls[2];
    FOR_BOTH(later)
    {
        calls[at_ - laters] = later_Later_hold_nothing_begin(later);
    }
    later_held *const one = later_take(&server);
    later_held *const other = later_take(&server);
    corbel_daemon_shutdown(server.daemon);
    assert_int_equal(corbel_daemon_join(server.daemon, 20, &error), CORBEL_BUSY);
    assert_non_null(strstr(error.message, "hold_nothing"));
    assert_non_null(strstr(error.message, "2 calls"));
    later_Later_hold_nothing_reply(one->request);
    free(one);
    assert_int_equal(corbel_call_wait(calls[0], 0) == CORBEL_OK, corbel_call_wait(calls[1], 0) != CORBEL_OK);
    later_Later_unref(laters[0]);
    later_Later_unref(laters[1]);
    corbel_string_free(server.uri);
    later_Later_unref(server.object);
    corbel_daemon_unref(server.daemon); /* has mercy with deferred ones */
    corbel_runtime_unref(server.runtime);
    for (int i = 0; i < 2; i++) {
        const corbel_status status = later_Later_hold_nothing_finish(calls[i], &error);
        assert_true(status == CORBEL_OK || status == CORBEL_GONE);
    }
    later_Later_hold_nothing_reply(other->request); /* the runtime has ended */
    free(other);
    corbel_runtime_unref(client);
    pthread_mutex_lock(&server.lock);
    server.stopping = true;
    pthread_cond_signal(&server.changed);
    pthread_mutex_unlock(&server.lock);
    if (server.has_timer) {
        pthread_join(server.timer, NULL);
    }
    free(server.due);
    set_up(NULL);
    corbel_error_clear(&error);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(replies),    cmocka_unit_test(synchronous),
        cmocka_unit_test(failures),   cmocka_unit_test(in_vain),
        cmocka_unit_test(references), cmocka_unit_test(lane_goes_on),
        cmocka_unit_test(for_nobody), cmocka_unit_test(twice),
        cmocka_unit_test(racing),     cmocka_unit_test(behind_one_that_runs),
        cmocka_unit_test(chains),     cmocka_unit_test(ends),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
