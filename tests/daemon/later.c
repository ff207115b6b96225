/** A servant that lets its callers wait. */
#include "later.h"

#include "runtime/base/clock.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

static corbel_status later_add(void *self, corbel_request *request, int32_t a, int32_t b, int32_t *ret)
{
    (void)self;
    (void)request;
    *ret = a + b;
    return CORBEL_OK;
}

static bool take_ticket(later_server *server)
{
    int64_t tickets = atomic_load(&server->tickets);
    while (tickets > 0) {
        if (atomic_compare_exchange_weak(&server->tickets, &tickets, tickets - 1)) {
            return true;
        }
    }
    return false;
}

static corbel_status later_gate(void *self, corbel_request *request)
{
    later_server *const server = self;
    probe_event_add(&server->entered, 1);
    while (!take_ticket(server)) {
        if (corbel_request_cancelled(request)) {
            probe_event_add(&server->cancelled, 1);
            return corbel_request_remaining_ms(request) == 0 ? CORBEL_DEADLINE : CORBEL_CANCELLED;
        }
        nanosleep(&(struct timespec) { .tv_nsec = 1000000 }, NULL); /* a cancelled call is nothing that one can wait for */
    }
    return CORBEL_OK;
}

/* ---- for the test to answer ---- */

static later_held *held_new(corbel_request *request)
{
    later_held *const held = calloc(1, sizeof *held);
    if (held == NULL) {
        abort();
    }
    held->request = request;
    return held;
}

static void held_give(later_server *server, later_held *held)
{
    pthread_mutex_lock(&server->lock);
    *server->end = held;
    server->end = &held->next;
    pthread_mutex_unlock(&server->lock);
    probe_event_add(&server->held, 1);
}

later_held *later_try(later_server *server, uint32_t ms)
{
    const struct timespec pause = { .tv_nsec = 100000 };
    const uint64_t until = crb_after_ms(crb_now(), ms);
    do {
        pthread_mutex_lock(&server->lock);
        later_held *const held = server->first;
        if (held != NULL && (server->first = held->next) == NULL) {
            server->end = &server->first;
        }
        pthread_mutex_unlock(&server->lock);
        if (held != NULL) {
            return held;
        }
        nanosleep(&pause, NULL);
    } while (crb_now() < until);
    return NULL;
}

later_held *later_take(later_server *server)
{
    later_held *const held = later_try(server, 20000 * probe_slow);
    if (held == NULL) {
        (void)fprintf(stderr, "no call was deferred\n");
        abort();
    }
    return held;
}

static corbel_status later_hold(void *self, corbel_request *request, const char *text, const later_Pair *pair, int32_t *inout_n,
                                const char **ret)
{
    later_held *const held = held_new(request);
    (void)text;
    (void)pair;
    (void)inout_n;
    (void)ret;
    const corbel_status status = later_Later_hold_defer(request, &held->args);
    held_give(self, held);
    return status;
}

static corbel_status later_hold_nothing(void *self, corbel_request *request)
{
    later_held *const held = held_new(request);
    const corbel_status status = corbel_request_defer(request);
    held_give(self, held);
    return status;
}

static corbel_status later_hold_this(void *self, corbel_request *request, later_Later *that, later_Later **ret)
{
    later_held *const held = held_new(request);
    (void)that;
    (void)ret;
    const corbel_status status = later_Later_hold_this_defer(request, &held->this_args);
    held_give(self, held);
    return status;
}

static corbel_status later_defer_in_vain(void *self, corbel_request *request)
{
    (void)self;
    return corbel_request_defer(request) == CORBEL_DEFERRED ? corbel_request_fail(request, CORBEL_EXISTS, "in vain") : CORBEL_OK;
}

/* ---- by a timer ---- */

static void *timer_main(void *user)
{
    later_server *const server = user;
    pthread_mutex_lock(&server->lock);
    while (!server->stopping) {
        if (server->first_due == server->n_due) {
            pthread_cond_wait(&server->changed, &server->lock);
            continue;
        }
        const later_due due = server->due[server->first_due];
        if (due.when > crb_now()) {
            const struct timespec until = { (time_t)(due.when / CRB_SECOND), (long)(due.when % CRB_SECOND) };
            (void)pthread_cond_timedwait(&server->changed, &server->lock, &until);
            continue;
        }
        server->first_due++;
        pthread_mutex_unlock(&server->lock);
        later_Later_after_reply(due.request, due.a);
        pthread_mutex_lock(&server->lock);
    }
    pthread_mutex_unlock(&server->lock);
    return NULL;
}

static corbel_status later_after(void *self, corbel_request *request, int32_t a, uint32_t ms, int32_t *ret)
{
    later_server *const server = self;
    (void)ret;
    const corbel_status status = corbel_request_defer(request);
    pthread_mutex_lock(&server->lock);
    if (!server->has_timer) {
        server->has_timer = pthread_create(&server->timer, NULL, timer_main, server) == 0;
    }
    if (server->n_due == server->room_due) {
        server->room_due = server->room_due == 0 ? 1024 : 2 * server->room_due;
        later_due *const more = realloc(server->due, server->room_due * sizeof *more);
        if (more == NULL) {
            abort();
        }
        server->due = more;
    }
    server->due[server->n_due++] = (later_due) { crb_now() + ms * CRB_MS, request, a };
    pthread_cond_signal(&server->changed);
    pthread_mutex_unlock(&server->lock);
    return status;
}

static corbel_status later_work(void *self, corbel_request *request, uint32_t ms)
{
    (void)self;
    (void)request;
    nanosleep(&(struct timespec) { .tv_sec = ms / 1000, .tv_nsec = (long)(ms % 1000) * 1000000 }, NULL);
    return CORBEL_OK;
}

static const later_Later_servant servant = {
    .add = later_add,
    .add_aside = later_add,
    .gate = later_gate,
    .hold = later_hold,
    .hold_nothing = later_hold_nothing,
    .hold_this = later_hold_this,
    .hold_oneway = later_hold_nothing,
    .defer_in_vain = later_defer_in_vain,
    .after = later_after,
    .work = later_work,
};

void later_server_open(later_server *server)
{
    atomic_fetch_add(&server->tickets, 1);
}

void later_server_start(later_server *server, const corbel_runtime_options *options)
{
    corbel_error error = CORBEL_ERROR_INIT;
    *server = (later_server) { 0 };
    probe_event_init(&server->entered);
    probe_event_init(&server->cancelled);
    probe_event_init(&server->held);
    pthread_mutex_init(&server->lock, NULL);
    server->end = &server->first;
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&server->changed, &attributes);
    pthread_condattr_destroy(&attributes);
    MUST(corbel_runtime_new(options, &server->runtime, &error));
    MUST(corbel_daemon_new(server->runtime, NULL, &server->daemon, &error));
    server->object = later_Later_new(server->runtime, &servant, server, NULL);
    MUST(corbel_daemon_register(server->daemon, "later", later_Later_as_object(server->object), &error));
    MUST(corbel_object_to_uri(later_Later_as_object(server->object), &server->uri, &error));
}

void later_server_stop(later_server *server)
{
    corbel_string_free(server->uri);
    later_Later_unref(server->object);
    corbel_daemon_unref(server->daemon);
    corbel_runtime_unref(server->runtime);
    pthread_mutex_lock(&server->lock);
    server->stopping = true;
    pthread_cond_signal(&server->changed);
    pthread_mutex_unlock(&server->lock);
    if (server->has_timer) {
        pthread_join(server->timer, NULL);
    }
    free(server->due);
}
