/** Workers: threads that run calls and finalizers.
 *
 *  They are started when work finds none idle, up to the runtime's limits; an idle one leads the polling where it can, so that
 * what it reads it runs itself. A worker that is blocked in a call does not count against the limit: a substitute may be started.
 */
#include "daemon/host.h"

#include "runtime/base/clock.h"
#include "runtime/base/log.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define WORKERS_RETRY (10 * CRB_MS) /* when there is work, but neither a worker nor the memory for one */

static _Thread_local crb_worker *workers_self;

/* ---- the list of idle ones ---- */

static void workers_push_idle(crb_dispatch *dispatch, crb_worker *worker)
{
    worker->idle = true;
    worker->prev = NULL;
    worker->next = dispatch->idle;
    if (dispatch->idle != NULL) {
        dispatch->idle->prev = worker;
    }
    dispatch->idle = worker;
}

static void workers_remove_idle(crb_dispatch *dispatch, crb_worker *worker)
{
    worker->idle = false;
    if (worker->prev != NULL) {
        worker->prev->next = worker->next;
    } else {
        dispatch->idle = worker->next;
    }
    if (worker->next != NULL) {
        worker->next->prev = worker->prev;
    }
}

/* ---- the queue ---- */

/** With user_dispatch: the descriptor is readable as long as the queue is not empty. */
static void workers_tell(corbel_runtime *runtime, bool work)
{
    uint64_t count = 1;
    if (!runtime->user_dispatch) {
        return;
    }
    if (work) { /* neither can fail: the counter is 0 or 1, and changes under the lock alone */
        (void)!write(runtime->work_event, &count, sizeof count);
        pthread_cond_broadcast(&runtime->dispatch->changed); /* for crb_workers_wait_locked() */
    } else {
        (void)!read(runtime->work_event, &count, sizeof count);
    }
}

static crb_work *workers_take(corbel_runtime *runtime)
{
    crb_dispatch *const dispatch = runtime->dispatch;
    crb_work *const work = dispatch->queue;
    if (work != NULL) {
        dispatch->queue = work->next;
        dispatch->n_queued--;
        if (dispatch->queue == NULL) {
            dispatch->queue_end = &dispatch->queue;
            workers_tell(runtime, false);
        }
        if (work->run == crb_request_run) {
            ((corbel_request *)(void *)work)->in_queue = false; /* its first member */
        }
    }
    return work;
}

/** Takes one thing from the queue and runs it; false: there is none. Under the lock, which it lets go of meanwhile. */
static bool workers_run_one_locked(corbel_runtime *runtime)
{
    crb_work *const work = workers_take(runtime);
    crb_worker *const self = workers_self;
    if (work != NULL) {
        const bool serves = work->run == crb_request_run;
        pthread_mutex_unlock(&runtime->dispatch_lock);
        if (self != NULL) {
            self->serves = serves;
        }
        work->run(work);
        if (self != NULL) {
            self->serves = false;
        }
        pthread_mutex_lock(&runtime->dispatch_lock);
    }
    return work != NULL;
}

/** Is the calling thread a worker of the runtime's that comes back to the queue soon? Not one inside an operation, which may
 * wait, nor one that polls: it has read something, and reads on; nor one that runs a callback, which may do anything. */
static crb_worker *workers_returning(const corbel_runtime *runtime)
{
    crb_worker *const self = workers_self;
    const bool returns = self != NULL && self->runtime == runtime && self->serves && crb_context_current() == NULL;
    return returns && !crb_io_is_leading() ? self : NULL;
}

/* ---- answers that go together ---- */

#define WORKERS_GATHER (CRB_MS / 10) /* answers wait for others so long, while the calls behind are quick */

bool crb_workers_gathers(corbel_runtime *runtime, crb_peer *peer, uint64_t now)
{
    crb_worker *const self = workers_returning(runtime);
    if (self == NULL || (self->unsent != NULL && self->unsent != peer)) {
        return false;
    }
    if (self->unsent == NULL) {
        self->unsent = crb_peer_ref(peer);
        self->unsent_since = now;
    }
    return true;
}

/** No lock held. */
static void workers_send(crb_worker *self)
{
    crb_peer *const peer = self->unsent;
    if (peer != NULL) {
        self->unsent = NULL;
        crb_peer_lock(peer);
        crb_peer_unlock(peer);
        crb_peer_unref(peer);
    }
}

/* ---- memory for requests ---- */

/* Of all that wait in a queue at once the allocator would give most back for good. None where a sanitizer looks for uses of freed
 * memory. */
#if defined(__SANITIZE_ADDRESS__)
#define WORKERS_SPARES 0
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define WORKERS_SPARES 0
#endif
#endif
#ifndef WORKERS_SPARES
#define WORKERS_SPARES 64
#endif

struct crb_spare {
    struct crb_spare *next;
};

void *crb_workers_take_spare(size_t size)
{
    crb_worker *const self = workers_self;
    struct crb_spare *const spare = self == NULL ? NULL : self->spares;
    if (spare == NULL) {
        return malloc(size);
    }
    self->spares = spare->next;
    self->n_spares--;
    return spare;
}

void crb_workers_give_spare(void *memory)
{
    crb_worker *const self = workers_self;
    struct crb_spare *const spare = memory;
    if (self == NULL || self->n_spares + 1 > WORKERS_SPARES) {
        free(memory);
        return;
    }
    spare->next = self->spares;
    self->spares = spare;
    self->n_spares++;
}

static void workers_free_spares(crb_worker *self)
{
    while (self->spares != NULL) {
        struct crb_spare *const spare = self->spares;
        self->spares = spare->next;
        free(spare);
    }
}

/* ---- threads ---- */

static void workers_join(crb_worker *ended)
{
    if (ended != NULL) {
        pthread_join(ended->thread, NULL);
        free(ended);
    }
}

static void *workers_main(void *argument)
{
    crb_worker *const self = argument;
    corbel_runtime *const runtime = self->runtime;
    workers_self = self;
    pthread_mutex_lock(&runtime->dispatch_lock);
    crb_dispatch *const dispatch = runtime->dispatch;
    for (;;) {
        const crb_work *const next = dispatch->queue;
        if (self->unsent != NULL &&
            (next == NULL || !crb_request_is_quick(next) || crb_now() > self->unsent_since + WORKERS_GATHER)) {
            pthread_mutex_unlock(&runtime->dispatch_lock);
            workers_send(self);
            pthread_mutex_lock(&runtime->dispatch_lock);
            continue;
        }
        self->takes_next = false;
        if (workers_run_one_locked(runtime)) {
            continue;
        }
        if (dispatch->stopping) {
            break;
        }
        const bool extra = dispatch->n_threads > runtime->min_workers;
        workers_push_idle(dispatch, self);
        pthread_mutex_unlock(&runtime->dispatch_lock);
        const bool woken = crb_io_wait(&self->waiter, extra ? crb_now() + runtime->worker_idle : CRB_NEVER);
        pthread_mutex_lock(&runtime->dispatch_lock);
        if (self->idle) {
            workers_remove_idle(dispatch, self);
            if (!woken && dispatch->queue == NULL && dispatch->n_threads > runtime->min_workers) {
                break;
            }
        }
    }
    /* The one that ended before is joined by this one, which the next one joins: at most one stack waits to be freed. */
    crb_worker *const before = dispatch->ended;
    self->next = NULL;
    dispatch->ended = self;
    dispatch->n_threads--;
    pthread_cond_broadcast(&dispatch->changed);
    pthread_mutex_unlock(&runtime->dispatch_lock);
    workers_free_spares(self);
    workers_join(before);
    return NULL;
}

static bool workers_start(corbel_runtime *runtime)
{
    crb_worker *const worker = calloc(1, sizeof *worker);
    if (worker == NULL) {
        return false;
    }
    worker->runtime = runtime;
    crb_waiter_init(&worker->waiter, CRB_WAITER_WORKER);
    sigset_t all, before; /* the application's signals are the application's threads' */
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    const int failed = pthread_create(&worker->thread, NULL, workers_main, worker);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (failed != 0) {
        crb_log(CRB_LOG_ERROR, "daemon", "no worker can be started: %s", strerror(failed));
        free(worker);
        return false;
    }
    (void)pthread_setname_np(worker->thread, "corbel-worker"); /* from here: who counts threads sees it from the start */
    runtime->dispatch->n_threads++;
    return true;
}

/** There is work: sees that somebody runs it. */
static void workers_find_one(corbel_runtime *runtime)
{
    crb_dispatch *const dispatch = runtime->dispatch;
    crb_worker *worker = dispatch->idle;
    if (workers_self != NULL && workers_self->runtime == runtime && workers_self->idle && crb_io_is_leading()) {
        worker = workers_self; /* it has just read the work: no other thread is woken for it */
    }
    if (worker != NULL) {
        workers_remove_idle(dispatch, worker);
        crb_io_wake(&worker->waiter);
        return;
    }
    if (!runtime->user_dispatch && dispatch->n_threads - dispatch->n_blocked < runtime->max_workers &&
        dispatch->n_threads < runtime->max_workers + runtime->max_substitutes) {
        if (!workers_start(runtime) && dispatch->n_threads == dispatch->n_blocked) {
            crb_timer_set(&dispatch->retry, crb_now() + WORKERS_RETRY); /* nobody will come to it */
        }
    }
}

void crb_workers_retry(void *user)
{
    corbel_runtime *const runtime = user;
    pthread_mutex_lock(&runtime->dispatch_lock);
    if (runtime->dispatch != NULL && runtime->dispatch->queue != NULL) {
        workers_find_one(runtime);
    }
    pthread_mutex_unlock(&runtime->dispatch_lock);
}

/* ---- work ---- */

void crb_workers_post_locked(corbel_runtime *runtime, crb_work *work)
{
    crb_dispatch *const dispatch = runtime->dispatch;
    const bool first = dispatch->queue == NULL;
    work->next = NULL;
    *dispatch->queue_end = work;
    dispatch->queue_end = &work->next;
    dispatch->n_queued++;
    if (first) {
        workers_tell(runtime, true);
    }
    workers_find_one(runtime);
}

void crb_workers_post_next_locked(corbel_runtime *runtime, crb_work *work)
{
    crb_dispatch *const dispatch = runtime->dispatch;
    crb_worker *const self = workers_returning(runtime);
    if (self == NULL || self->takes_next || dispatch->queue != NULL) {
        crb_workers_post_locked(runtime, work);
        return;
    }
    self->takes_next = true;
    work->next = NULL;
    *dispatch->queue_end = work;
    dispatch->queue_end = &work->next;
    dispatch->n_queued++;
}

void crb_workers_unpost_locked(corbel_runtime *runtime, crb_work *work)
{
    crb_dispatch *const dispatch = runtime->dispatch;
    crb_work **at = &dispatch->queue;
    while (*at != work) {
        at = &(*at)->next;
    }
    *at = work->next;
    dispatch->n_queued--;
    if (*at == NULL) {
        dispatch->queue_end = at;
    }
    if (dispatch->queue == NULL) {
        workers_tell(runtime, false);
    }
}

void crb_workers_post(corbel_runtime *runtime, crb_work *work)
{
    pthread_mutex_lock(&runtime->dispatch_lock);
    crb_dispatch *const dispatch = crb_dispatch_get_locked(runtime);
    bool posted = false;
    if (dispatch != NULL && !dispatch->stopping) {
        crb_workers_post_locked(runtime, work);
        /* The polling thread runs nothing of the user's: it leaves it to the timer to find a worker. */
        posted = dispatch->n_threads > 0 || runtime->user_dispatch || crb_io_is_leading();
        if (!posted) {
            crb_workers_unpost_locked(runtime, work);
        }
    }
    pthread_mutex_unlock(&runtime->dispatch_lock);
    if (!posted) {
        work->run(work);
    }
}

void crb_workers_blocking(corbel_runtime *runtime, bool blocked)
{
    crb_worker *const self = workers_self;
    if (self == NULL || self->runtime != runtime || self->blocked == blocked) {
        return;
    }
    if (blocked) {
        workers_send(self);
    }
    pthread_mutex_lock(&runtime->dispatch_lock);
    crb_dispatch *const dispatch = runtime->dispatch;
    self->blocked = blocked;
    if (!blocked) {
        dispatch->n_blocked--;
    } else {
        dispatch->n_blocked++;
        if (dispatch->queue != NULL) {
            workers_find_one(runtime);
        }
    }
    pthread_mutex_unlock(&runtime->dispatch_lock);
}

corbel_status crb_workers_dispatch(corbel_runtime *runtime, int timeout_ms)
{
    const uint64_t deadline = timeout_ms < 0 ? CRB_NEVER : crb_after_ms(crb_now(), (uint32_t)timeout_ms);
    crb_worker self = { .runtime = runtime };
    crb_worker *const outer = workers_self;
    corbel_status status = CORBEL_DEADLINE;
    crb_waiter_init(&self.waiter, CRB_WAITER_WORKER);
    pthread_mutex_lock(&runtime->dispatch_lock);
    crb_dispatch *const dispatch = crb_dispatch_get_locked(runtime);
    if (dispatch == NULL) {
        status = runtime->ended ? CORBEL_GONE : CORBEL_NO_MEMORY;
        pthread_mutex_unlock(&runtime->dispatch_lock);
        return status;
    }
    dispatch->n_threads++;
    while (dispatch->queue == NULL && !dispatch->stopping && timeout_ms != 0 && crb_now() < deadline) {
        workers_push_idle(dispatch, &self);
        pthread_mutex_unlock(&runtime->dispatch_lock);
        workers_self = &self;
        (void)crb_io_wait(&self.waiter, deadline);
        workers_self = outer;
        pthread_mutex_lock(&runtime->dispatch_lock);
        if (self.idle) {
            workers_remove_idle(dispatch, &self);
        }
    }
    for (uint32_t n = dispatch->n_queued; n > 0 && workers_run_one_locked(runtime); n--) {
        status = CORBEL_OK;
    }
    if (status != CORBEL_OK && dispatch->stopping) {
        status = CORBEL_GONE;
    }
    dispatch->n_threads--;
    pthread_cond_broadcast(&dispatch->changed);
    pthread_mutex_unlock(&runtime->dispatch_lock);
    return status;
}

void crb_workers_wait_locked(corbel_runtime *runtime, uint64_t deadline)
{
    const struct timespec until = { (time_t)(deadline / CRB_SECOND), (long)(deadline % CRB_SECOND) };
    if (runtime->user_dispatch && workers_run_one_locked(runtime)) {
        return;
    }
    if (deadline == CRB_NEVER) {
        pthread_cond_wait(&runtime->dispatch->changed, &runtime->dispatch_lock);
    } else {
        (void)pthread_cond_timedwait(&runtime->dispatch->changed, &runtime->dispatch_lock, &until);
    }
}

void crb_workers_end(corbel_runtime *runtime)
{
    pthread_mutex_lock(&runtime->dispatch_lock);
    crb_dispatch *const dispatch = runtime->dispatch;
    if (dispatch != NULL) {
        dispatch->draining = true;
        crb_registered *registered;
        crb_target *const builtin = dispatch->builtin;
        dispatch->builtin = NULL;
        if (builtin != NULL) {
            pthread_mutex_unlock(&runtime->dispatch_lock);
            crb_target_unref(builtin);
            pthread_mutex_lock(&runtime->dispatch_lock);
        }
        while ((registered = dispatch->ids) != NULL) { /* the lock is let go of: nothing is known of the next one */
            HASH_DEL(dispatch->ids, registered);
            pthread_mutex_unlock(&runtime->dispatch_lock);
            crb_target_unref(registered->target);
            free(registered);
            pthread_mutex_lock(&runtime->dispatch_lock);
        }
        while (dispatch->n_requests >
               dispatch->n_deferred) { /* calls whose sessions ended, and those of this process, may finish */
            if (dispatch->n_requests <= dispatch->n_deferred + crb_turns_n_waiting_locked(runtime)) {
                crb_turns_end_locked(runtime); /* nobody is left who would let them in */
            }
            crb_workers_wait_locked(runtime, CRB_NEVER);
        }
        crb_once_end_locked(runtime);
        crb_defer_detach_all_locked(runtime);
        while (runtime->user_dispatch && workers_run_one_locked(runtime)) {
        }
        dispatch->stopping = true;
        while (dispatch->n_threads > 0) {
            for (crb_worker *worker = dispatch->idle; worker != NULL; worker = dispatch->idle) {
                workers_remove_idle(dispatch, worker);
                crb_io_wake(&worker->waiter);
            }
            pthread_cond_wait(&dispatch->changed, &runtime->dispatch_lock);
        }
        while (workers_run_one_locked(runtime)) { /* there never was a worker, or it came meanwhile */
        }
        runtime->dispatch = NULL;
    }
    runtime->ended = true;
    pthread_mutex_unlock(&runtime->dispatch_lock);
    if (dispatch != NULL) {
        crb_timer_stop(&dispatch->retry);
        crb_timer_stop(&dispatch->turns);
        crb_turns_free(dispatch);
        crb_timer_stop(&dispatch->once_timer);
        workers_join(dispatch->ended); /* it has joined those before it */
        pthread_cond_destroy(&dispatch->changed);
        free(dispatch);
    }
}
