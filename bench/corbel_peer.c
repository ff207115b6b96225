/* Corbel as a contender: an ordinary server and an ordinary client. */
#include "bench/bench.h"

#include "bench.corbel.h"

#include <corbel/corbel.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static uint32_t corbel_burn_us;

static void corbel_burn(void)
{
    struct timespec began, now;
    (void)clock_gettime(CLOCK_MONOTONIC, &began);
    do {
        (void)clock_gettime(CLOCK_MONOTONIC, &now);
    } while ((now.tv_sec - began.tv_sec) * 1000000 + (now.tv_nsec - began.tv_nsec) / 1000 < (long)corbel_burn_us);
}

static corbel_status corbel_add(void *self, corbel_request *request, int32_t a, int32_t b, int32_t *ret)
{
    (void)self;
    (void)request;
    if (corbel_burn_us > 0) {
        corbel_burn();
    }
    *ret = (int32_t)((uint32_t)a + (uint32_t)b);
    return CORBEL_OK;
}

static corbel_status corbel_echo(void *self, corbel_request *request, bench_Bytes data, bench_Bytes *ret)
{
    (void)self;
    (void)request;
    *ret = data;
    return CORBEL_OK;
}

void bench_corbel_serve(const char *address, uint32_t burn_us)
{
    static const bench_Probe_servant servant = { .add = corbel_add, .echo = corbel_echo };
    corbel_error error = CORBEL_ERROR_INIT;
    corbel_runtime *runtime = NULL;
    corbel_daemon *daemon = NULL;
    corbel_burn_us = burn_us;
    if (corbel_runtime_new(NULL, &runtime, &error) || corbel_daemon_new(runtime, address, &daemon, &error)) {
        goto failed;
    }
    bench_Probe *const probe = bench_Probe_new(runtime, &servant, NULL, NULL);
    if (corbel_daemon_register(daemon, "bench", bench_Probe_as_object(probe), &error) ||
        corbel_daemon_ready(daemon, bench_Probe_as_object(probe), stdout, &error)) {
        goto failed_probe;
    }
    if (corbel_daemon_run(daemon, &error) == CORBEL_OK) {
        (void)bench_fail("the server was told to end");
    }
failed_probe:
    bench_Probe_unref(probe);
failed:
    (void)corbel_error_print(&error, stderr);
    corbel_daemon_unref(daemon);
    corbel_runtime_unref(runtime);
    corbel_error_clear(&error);
}

typedef struct corbel_caller {
    corbel_runtime *runtime;
    bench_Probe *probe;
    uint8_t *bulk;
} corbel_caller;

static void *corbel_open(const char *where)
{
    static corbel_caller self; /* until the process ends */
    corbel_error error = CORBEL_ERROR_INIT;
    self.bulk = malloc(BENCH_BULK_BYTES);
    if (self.bulk == NULL || corbel_runtime_new(NULL, &self.runtime, &error) ||
        bench_Probe_from_uri(self.runtime, where, &self.probe, &error)) {
        (void)corbel_error_print(&error, stderr);
        corbel_error_clear(&error);
        free(self.bulk);
        return NULL;
    }
    memset(self.bulk, 7, BENCH_BULK_BYTES);
    return &self;
}

static bool corbel_call_small(corbel_caller *self, corbel_error *error)
{
    int32_t sum = 0;
    return !bench_Probe_add(self->probe, 20, 22, &sum, error) && sum == 42;
}

static bool corbel_call_bulk(corbel_caller *self, corbel_error *error)
{
    bench_Bytes back = { 0 };
    if (bench_Probe_echo(self->probe, (bench_Bytes) { BENCH_BULK_BYTES, self->bulk }, &back, error)) {
        return false;
    }
    const bool same = back.len == BENCH_BULK_BYTES && back.items[BENCH_BULK_BYTES - 1] == 7;
    corbel_bytes_clear(&back);
    return same;
}

static bool corbel_caller_call(void *user, bench_workload workload)
{
    corbel_caller *const self = user;
    corbel_error error = CORBEL_ERROR_INIT;
    if (workload == BENCH_SMALL ? corbel_call_small(self, &error) : corbel_call_bulk(self, &error)) {
        return true;
    }
    (void)corbel_error_print(&error, stderr);
    corbel_error_clear(&error);
    return bench_fail("a call of Corbel's went wrong");
}

static bool corbel_finish_one(corbel_call *call, corbel_error *error)
{
    int32_t sum = 0;
    return !bench_Probe_add_finish(call, &sum, error) && sum == 42;
}

/** The oldest is finished, and another one begun. */
static bool corbel_caller_many(void *user, unsigned long calls)
{
    corbel_caller *const self = user;
    corbel_error error = CORBEL_ERROR_INIT;
    corbel_call *under_way[BENCH_OUTSTANDING];
    bool right = true;
    for (unsigned long i = 0; i < calls + BENCH_OUTSTANDING; i++) {
        corbel_call **const call = &under_way[i % BENCH_OUTSTANDING];
        if (i >= BENCH_OUTSTANDING && i - BENCH_OUTSTANDING < calls) {
            right = corbel_finish_one(*call, &error) && right;
        }
        if (i < calls) {
            *call = bench_Probe_add_begin(self->probe, 20, 22);
        }
    }
    if (!right) {
        (void)corbel_error_print(&error, stderr);
        corbel_error_clear(&error);
        return bench_fail("a call of Corbel's went wrong");
    }
    return true;
}

const bench_caller bench_corbel_caller = { corbel_open, corbel_caller_call, corbel_caller_many };
