/** Workers: those beyond the minimum go and leave nothing; one that waits to pass a call on does not keep others from theirs. */
#include "probe.h"

#include "daemon/host.h"
#include "runtime/base/clock.h"
#include "runtime/call/peer.h"

#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

enum { BURST = 8, BURSTS = 5, NOTES = 30000 };

typedef struct figures {
    uint32_t threads, blocked, ended;
} figures;

static figures figures_of(corbel_runtime *runtime)
{
    figures found = { 0 };
    pthread_mutex_lock(&runtime->dispatch_lock);
    found.threads = runtime->dispatch->n_threads;
    found.blocked = runtime->dispatch->n_blocked;
    for (const crb_worker *worker = runtime->dispatch->ended; worker != NULL; worker = worker->next) {
        found.ended++;
    }
    pthread_mutex_unlock(&runtime->dispatch_lock);
    return found;
}

static void *waiting_main(void *argument)
{
    corbel_error error = CORBEL_ERROR_INIT;
    MUST(probe_Probe_wait(argument, &error));
    return NULL;
}

/** BURST calls run at once, several times; in between the workers go. */
static void workers_beyond_the_minimum_go(void **state)
{
    probe_server server;
    corbel_error error = CORBEL_ERROR_INIT;
    corbel_runtime_options options = CORBEL_RUNTIME_OPTIONS_INIT;
    corbel_runtime *client = NULL;
    probe_Probe *probe = NULL;
    (void)state;
    options.min_workers = 1;
    options.max_workers = BURST;
    probe_server_start(&server, &options, NULL);
    server.runtime->worker_idle = 1 * CRB_MS;
    MUST(corbel_runtime_new(NULL, &client, &error));
    MUST(probe_Probe_from_uri(client, server.uri, &probe, &error));
    for (uint64_t burst = 1; burst <= BURSTS; burst++) {
        pthread_t threads[BURST];
        probe_event_reset(&server.state.go_on);
        for (size_t i = 0; i < BURST; i++) {
            assert_int_equal(pthread_create(&threads[i], NULL, waiting_main, probe), 0);
        }
        assert_true(probe_event_wait(&server.state.waiting, burst * BURST));
        assert_int_equal(figures_of(server.runtime).threads, BURST);
        probe_event_add(&server.state.go_on, 1);
        for (size_t i = 0; i < BURST; i++) {
            assert_int_equal(pthread_join(threads[i], NULL), 0);
        }
        const uint64_t until = crb_after_ms(crb_now(), 20000 * probe_slow);
        while (figures_of(server.runtime).threads > options.min_workers && crb_now() < until) {
            sched_yield();
        }
        assert_int_equal(figures_of(server.runtime).threads, options.min_workers);
        assert_true(figures_of(server.runtime).ended <= 1); /* the last one: its stack goes with the next one, or at the end */
    }
    probe_Probe_unref(probe);
    corbel_runtime_unref(client);
    probe_server_stop(&server);
}

/* ---- a listener that lets nothing in until it is told ---- */

typedef struct gate {
    probe_event open;
    _Atomic uint32_t notes;
    probe_event all;
} gate;

static corbel_status gate_note(void *self, corbel_request *request, uint32_t thread, uint32_t number)
{
    gate *const g = self;
    (void)thread, (void)number;
    if (!probe_event_wait(&g->open, 1)) {
        return corbel_request_fail(request, CORBEL_FAILED, "nobody opened the gate");
    }
    if (atomic_fetch_add(&g->notes, 1) + 1 == NOTES) {
        probe_event_add(&g->all, 1);
    }
    return CORBEL_OK;
}

static const probe_Listener_servant gate_servant = { .note = gate_note };

/** A listener that is stuck is called through a relay until nothing more fits in: the relay's only worker waits to pass a note
 * on, and a substitute serves others. */
static void a_relay_that_waits_for_credit_serves_others(void **state)
{
    corbel_error error = CORBEL_ERROR_INIT;
    corbel_runtime_options options = CORBEL_RUNTIME_OPTIONS_INIT;
    probe_server middle, far;
    corbel_runtime *client = NULL, *other = NULL;
    probe_Probe *at_middle = NULL, *at_far = NULL, *by_other = NULL;
    probe_Listener *kept = NULL;
    gate g;
    (void)state;
    memset(&g, 0, sizeof g);
    probe_event_init(&g.open);
    probe_event_init(&g.all);
    options.min_workers = 1;
    options.max_workers = 1;
    probe_server_start(&middle, &options, NULL);
    probe_server_start(&far, NULL, NULL);
    MUST(corbel_runtime_new(NULL, &client, &error));
    MUST(corbel_runtime_new(NULL, &other, &error));
    MUST(probe_Probe_from_uri(client, middle.uri, &at_middle, &error));
    MUST(probe_Probe_from_uri(other, middle.uri, &by_other, &error));
    MUST(probe_Probe_from_uri(middle.runtime, far.uri, &at_far, &error));
    probe_Listener *const listener = probe_Listener_new(client, &gate_servant, &g, NULL);
    MUST(probe_Probe_keep(at_middle, listener, &error));
    MUST(probe_Probe_kept(middle.object, &kept, &error));
    MUST(probe_Probe_flood_from_threads(at_far, kept, 1, NOTES, &error));

    const uint64_t until = crb_after_ms(crb_now(), 20000 * probe_slow);
    while (figures_of(middle.runtime).blocked == 0 && crb_now() < until) {
        sched_yield();
    }
    assert_int_equal(figures_of(middle.runtime).blocked, 1);
    int32_t sum = 0;
    MUST(probe_Probe_add(by_other, 20, 22, &sum, &error));
    assert_int_equal(sum, 42);
    assert_int_equal(atomic_load(&g.notes), 0);

    probe_event_add(&g.open, 1);
    assert_true(probe_event_wait(&g.all, 1));
    MUST(probe_Probe_keep(at_middle, NULL, &error));
    probe_Listener_unref(kept);
    probe_Listener_unref(listener);
    probe_Probe_unref(by_other);
    probe_Probe_unref(at_middle);
    probe_Probe_unref(at_far);
    corbel_runtime_unref(other);
    corbel_runtime_unref(client);
    probe_server_stop(&far);
    probe_server_stop(&middle);
}

/* ---- several addresses of one daemon at once ---- */

typedef struct caller {
    corbel_runtime *runtime;
    const char *uri;
    pthread_barrier_t *barrier;
} caller;

static void *caller_main(void *argument)
{
    const caller *const c = argument;
    corbel_error error = CORBEL_ERROR_INIT;
    probe_Probe *probe = NULL;
    int32_t sum = 0;
    MUST(probe_Probe_from_uri(c->runtime, c->uri, &probe, &error));
    pthread_barrier_wait(c->barrier);
    for (int32_t i = 0; i < 3; i++) {
        MUST(probe_Probe_add(probe, i, 1, &sum, &error));
    }
    probe_Probe_unref(probe);
    return NULL;
}

/** Threads that dial two addresses of one daemon at the same time end on one session, and no call fails on the way. */
static void two_ways_to_one_daemon(void **state)
{
    enum { CALLERS = 4, ROUNDS = 40 };
    probe_server server;
    corbel_error error = CORBEL_ERROR_INIT;
    char path[128], listen[160], uris[2][200];
    (void)state;
    (void)snprintf(path, sizeof path, "unix:@corbel-two-ways-%ld", (long)getpid());
    (void)snprintf(listen, sizeof listen, "127.0.0.1:0,%s", path);
    probe_server_start(&server, NULL, listen);
    const char *const tcp = strstr(server.uri, "127.0.0.1:");
    assert_non_null(tcp);
    (void)snprintf(uris[0], sizeof uris[0], "corbel:probe@%.*s", (int)strcspn(tcp, ","), tcp);
    (void)snprintf(uris[1], sizeof uris[1], "corbel:probe@%s", path);
    for (int round = 0; round < ROUNDS; round++) {
        corbel_runtime *client = NULL;
        pthread_t threads[CALLERS];
        caller callers[CALLERS];
        pthread_barrier_t barrier;
        MUST(corbel_runtime_new(NULL, &client, &error));
        pthread_barrier_init(&barrier, NULL, CALLERS);
        for (size_t i = 0; i < CALLERS; i++) {
            callers[i] = (caller) { client, uris[i % 2], &barrier };
            assert_int_equal(pthread_create(&threads[i], NULL, caller_main, &callers[i]), 0);
        }
        for (size_t i = 0; i < CALLERS; i++) {
            assert_int_equal(pthread_join(threads[i], NULL), 0);
        }
        unsigned alive = 0;
        pthread_mutex_lock(&client->lock);
        for (const crb_peer *peer = client->peers; peer != NULL; peer = peer->next) {
            alive += atomic_load(&peer->alive);
        }
        pthread_mutex_unlock(&client->lock);
        assert_int_equal(alive, 1);
        pthread_barrier_destroy(&barrier);
        corbel_runtime_unref(client);
    }
    probe_server_stop(&server);
}

int main(void)
{
    const struct CMUnitTest tests[] = {

        cmocka_unit_test(workers_beyond_the_minimum_go),
        cmocka_unit_test(a_relay_that_waits_for_credit_serves_others),
        cmocka_unit_test(two_ways_to_one_daemon),
    };
    return cmocka_run_group_tests_name("workers", tests, NULL, NULL);
}
