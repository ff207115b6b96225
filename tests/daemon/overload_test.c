/* A daemon at its limits under 64 clients, each with a session of its own: as much is done as when few call, every call that is
 * refused did not run, none hangs, and memory stays as it is. overload_test [SECONDS] */
#include "probe.h"

#include "daemon/host.h"
#include "retry.corbel.h"
#include "runtime/base/clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

enum { CLIENTS = 64, FEW = 12, WORKERS = 4, WAITING = 16 };

static uint64_t seconds = 1;

typedef struct office {
    corbel_runtime *runtime;
    corbel_daemon *daemon;
    again_Counter *object;
    char *uri;
    _Atomic uint64_t served;
    _Atomic uint32_t inside, most_inside;
} office;

static void pause_ms(uint32_t ms)
{
    const struct timespec time = { .tv_sec = ms / 1000, .tv_nsec = (long)(ms % 1000) * 1000000 };
    nanosleep(&time, NULL);
}

/** Work that takes time and no CPU: so the office's pace is its workers', whatever the machine does beside. */
static corbel_status office_bump(void *self, corbel_request *request, int32_t by, int32_t *ret)
{
    office *const o = self;
    (void)request;
    const uint32_t inside = atomic_fetch_add(&o->inside, 1) + 1;
    uint32_t most = atomic_load(&o->most_inside);
    while (inside > most && !atomic_compare_exchange_weak(&o->most_inside, &most, inside)) {
    }
    pause_ms(5);
    atomic_fetch_sub(&o->inside, 1);
    atomic_fetch_add(&o->served, 1);
    *ret = by;
    return CORBEL_OK;
}

static void office_open(office *o)
{
    static const again_Counter_servant servant = { .bump = office_bump };
    corbel_error error = CORBEL_ERROR_INIT;
    corbel_limits limits = CORBEL_LIMITS_INIT;
    corbel_runtime_options options = CORBEL_RUNTIME_OPTIONS_INIT;
    memset(o, 0, sizeof *o);
    limits.max_waiting = WAITING;
    options.limits = &limits;
    options.min_workers = options.max_workers = WORKERS;
    options.no_substitutes = true;
    MUST(corbel_runtime_new(&options, &o->runtime, &error));
    MUST(corbel_daemon_new(o->runtime, "localhost:0", &o->daemon, &error));
    o->object = again_Counter_new(o->runtime, &servant, o, NULL);
    MUST(corbel_daemon_register(o->daemon, "office", again_Counter_as_object(o->object), &error));
    MUST(corbel_object_to_uri(again_Counter_as_object(o->object), &o->uri, &error));
}

static void office_close(office *o)
{
    corbel_string_free(o->uri);
    again_Counter_unref(o->object);
    corbel_daemon_unref(o->daemon);
    corbel_runtime_unref(o->runtime);
}

typedef struct customer {
    office *office;
    corbel_runtime *runtime;
    again_Counter *object;
    pthread_t thread;
    _Atomic bool *stop;
    uint64_t served, refused, other, longest, hints;
    bool untrue; /* a refusal that did not say NO, or had no hint */
} customer;

static void *customer_main(void *user)
{
    customer *const c = user;
    corbel_error error = CORBEL_ERROR_INIT;
    while (!atomic_load(c->stop)) {
        const uint64_t before = crb_now();
        const corbel_status status = again_Counter_bump(c->object, 1, NULL, &error);
        const uint64_t time = crb_now() - before;
        c->longest = time > c->longest ? time : c->longest;
        if (status == CORBEL_OK) {
            c->served++;
        } else if (status == CORBEL_OVERLOADED) {
            c->refused++;
            c->untrue = c->untrue || error.completion != CORBEL_COMPLETED_NO || corbel_error_retry_after_ms(&error) == 0;
            pause_ms(corbel_error_retry_after_ms(&error)); /* as somebody would who has read the documents */
        } else {
            corbel_error_print(&error, stderr);
            c->other++;
        }
    }
    corbel_error_clear(&error);
    return NULL;
}

static customer customers[CLIENTS];

/** How many calls were served in a second, by n clients for so long. */
static double run(office *o, size_t n, uint64_t ms, uint64_t *ret_refused, long *ret_grown)
{
    corbel_error error = CORBEL_ERROR_INIT;
    _Atomic bool stop = false;
    for (size_t i = 0; i < n; i++) {
        customers[i] = (customer) { .office = o, .stop = &stop };
        MUST(corbel_runtime_new(NULL, &customers[i].runtime, &error));
        MUST(again_Counter_from_uri(customers[i].runtime, o->uri, &customers[i].object, &error));
        again_Counter *same = NULL;
        MUST(again_Counter_cast(again_Counter_as_object(customers[i].object), &same, &error)); /* the session is up */
        again_Counter_unref(same);
    }
    for (size_t i = 0; i < n; i++) {
        assert_int_equal(pthread_create(&customers[i].thread, NULL, customer_main, &customers[i]), 0);
    }
    pause_ms(300); /* what is made once */
    const uint64_t before = atomic_load(&o->served), since = crb_now();
    long pages[2] = { 0, 0 };
    for (int i = 0; i < 2; i++) {
        pause_ms((uint32_t)(ms / 2));
        FILE *const file = fopen("/proc/self/statm", "r");
        assert_non_null(file);
        assert_int_equal(fscanf(file, "%*d %ld", &pages[i]), 1);
        (void)fclose(file);
    }
    const double rate = (double)(atomic_load(&o->served) - before) * 1e9 / (double)(crb_now() - since);
    *ret_grown = (pages[1] - pages[0]) * sysconf(_SC_PAGESIZE);
    atomic_store(&stop, true);
    *ret_refused = 0;
    for (size_t i = 0; i < n; i++) {
        assert_int_equal(pthread_join(customers[i].thread, NULL), 0);
        assert_int_equal(customers[i].other, 0);
        assert_false(customers[i].untrue);
        assert_true(customers[i].longest < 20 * probe_slow * CRB_SECOND);
        *ret_refused += customers[i].refused;
        again_Counter_unref(customers[i].object);
        corbel_runtime_unref(customers[i].runtime);
    }
    return rate;
}

static void at_its_limits_it_does_as_much_as_ever(void **state)
{
    (void)state;
    office o;
    uint64_t refused = 0, none = 0, total = 0;
    long grown = 0;
    office_open(&o);
    double best = 0, full = 0;
    for (int i = 0; i < 3 && (best == 0 || full < 0.8 * best); i++) { /* other work of the machine may fall into one of the two */
        const double few = run(&o, FEW, 1000, &none, &grown);
        const uint64_t before = atomic_load(&o.served);
        best = few;
        assert_int_equal(none, 0); /* they all find room */
        full = run(&o, CLIENTS, seconds * 1000, &refused, &grown);
        total = 0;
        for (size_t k = 0; k < CLIENTS; k++) {
            total += customers[k].served;
        }
        assert_int_equal(atomic_load(&o.served) - before, total); /* what was refused did not run */
    }
    print_message("%d clients: %.0f calls/s; %d clients: %.0f calls/s, %llu refused, memory grown by %ld KiB\n", FEW, best,
                  CLIENTS, full, (unsigned long long)refused, grown / 1024);
    assert_true(full >= 0.8 * best);
    assert_true(refused > 0);
    assert_int_equal(atomic_load(&o.most_inside), WORKERS);
    assert_true(grown < (8 << 20) * (long)probe_slow);
    pthread_mutex_lock(&o.runtime->dispatch_lock);
    assert_int_equal(crb_overload_waiting(o.runtime->dispatch), 0);
    pthread_mutex_unlock(&o.runtime->dispatch_lock);
    office_close(&o);
}

int main(int argc, char **argv)
{
    if (argc > 1) {
        seconds = strtoull(argv[1], NULL, 10);
    }
    const struct CMUnitTest tests[] = { cmocka_unit_test(at_its_limits_it_does_as_much_as_ever) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
