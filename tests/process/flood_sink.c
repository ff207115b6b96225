/** A sink: it counts, and sends on. */
#include "flood_sink.h"

#include <pthread.h>
#include <stdlib.h>

enum { SINK_CHECKS = 32 }; /* every so many bounces call back */

static corbel_status sink_put(void *self, corbel_request *request, uint32_t number)
{
    flood_sink *const sink = self;
    (void)request;
    if (number != atomic_fetch_add(&sink->last, 1) + 1) {
        atomic_fetch_add(&sink->wrong, 1);
        atomic_store(&sink->last, number);
    }
    atomic_fetch_add(&sink->taken, 1);
    return CORBEL_OK;
}

static flood_Sink *sink_patient(flood_Sink *to)
{
    corbel_options options = CORBEL_OPTIONS_INIT;
    options.wait_for_credit = true;
    options.deadline_ms = 120000;
    return flood_Sink_with(to, &options);
}

static corbel_status sink_bounce(void *self, corbel_request *request, flood_Sink *to, uint32_t number)
{
    flood_sink *const sink = self;
    corbel_error error = CORBEL_ERROR_INIT;
    flood_Sink *const patient = sink_patient(to);
    uint32_t back = 0;
    corbel_status status = flood_Sink_put(patient, number, &error);
    if (status == CORBEL_OK && number % SINK_CHECKS == 0) {
        status = flood_Sink_check(patient, number, &back, &error);
    }
    flood_Sink_unref(patient);
    atomic_fetch_add(&sink->bounced, 1);
    if (status != CORBEL_OK) {
        atomic_fetch_add(&sink->failed, 1);
        return corbel_request_forward(request, &error);
    }
    return CORBEL_OK;
}

static corbel_status sink_check(void *self, corbel_request *request, uint32_t number, uint32_t *ret)
{
    (void)self;
    (void)request;
    *ret = number;
    return CORBEL_OK;
}

typedef struct starter {
    flood_sink *sink;
    flood_Sink *to; /* counted */
    uint32_t count;
} starter;

static void *starter_main(void *argument)
{
    starter *const self = argument;
    corbel_error error = CORBEL_ERROR_INIT;
    for (uint32_t i = 1; i <= self->count; i++) {
        if (flood_Sink_put(self->to, i, &error)) {
            atomic_fetch_add(&self->sink->failed, 1);
        }
    }
    corbel_error_clear(&error);
    flood_Sink_unref(self->to);
    free(self);
    return NULL;
}

static corbel_status sink_start(void *self, corbel_request *request, flood_Sink *to, uint32_t count)
{
    starter *const work = malloc(sizeof *work);
    pthread_t thread;
    if (work == NULL) {
        return corbel_request_fail(request, CORBEL_NO_MEMORY, "no memory to begin");
    }
    *work = (starter) { .sink = self, .to = sink_patient(to), .count = count };
    if (pthread_create(&thread, NULL, starter_main, work) != 0) {
        flood_Sink_unref(work->to);
        free(work);
        return corbel_request_fail(request, CORBEL_SYSTEM, "no thread to begin with");
    }
    pthread_detach(thread);
    return CORBEL_OK;
}

static corbel_status sink_tell(void *self, corbel_request *request, uint64_t *ret_taken, uint64_t *ret_wrong,
                               uint64_t *ret_bounced, uint64_t *ret_failed)
{
    const flood_sink *const sink = self;
    (void)request;
    *ret_taken = atomic_load(&sink->taken);
    *ret_wrong = atomic_load(&sink->wrong);
    *ret_bounced = atomic_load(&sink->bounced);
    *ret_failed = atomic_load(&sink->failed);
    return CORBEL_OK;
}

const flood_Sink_servant flood_sink_servant = {
    .put = sink_put, .bounce = sink_bounce, .check = sink_check, .start = sink_start, .tell = sink_tell
};
