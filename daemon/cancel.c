/** Cancelled requests, as their servants see them: a callback, a descriptor.
 *
 *  What both need is made when somebody asks for the first of them. It is counted by the request and by whoever is about to call
 *  the callback, so that the request may end meanwhile. All of it is guarded by dispatch_lock; the callback runs without. */
#include "daemon/host.h"

#include "runtime/base/clock.h"
#include "runtime/base/fail.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

typedef enum watching_state { WATCHING_WAITS, WATCHING_POSTED, WATCHING_RUNS } watching_state;

typedef struct crb_watching {
    crb_work work; /* first: see watching_run() */
    uint32_t refs;
    corbel_runtime *runtime; /* its memory is counted */
    corbel_request *request; /* NULL: it is over */
    corbel_cancel_callback callback;
    void *user;
    watching_state state;
    pthread_t runner;
    int fd;
    bool timed; /* nobody else sees to the deadline */
    crb_timer timer;
} crb_watching;

static void watching_unref_locked(crb_watching *watching)
{
    watching->refs--;
}

/** Gives the lock back, and what nobody counts any more. */
static void watching_unlock(crb_watching *watching)
{
    corbel_runtime *const runtime = watching->runtime;
    const bool last = watching->refs == 0;
    pthread_mutex_unlock(&runtime->dispatch_lock);
    if (last) {
        free(watching);
        crb_runtime_unref_memory(runtime);
    }
}

/** Under the lock, which it lets go of meanwhile. */
static void watching_call_locked(crb_watching *watching)
{
    corbel_runtime *const runtime = watching->runtime;
    const corbel_cancel_callback callback = watching->callback;
    corbel_request *const request = watching->request;
    void *const user = watching->user;
    watching->callback = NULL;
    watching->state = WATCHING_RUNS;
    watching->runner = pthread_self();
    pthread_mutex_unlock(&runtime->dispatch_lock);
    callback(request, user);
    pthread_mutex_lock(&runtime->dispatch_lock);
    watching->state = WATCHING_WAITS;
    pthread_cond_broadcast(&runtime->cancel_changed);
}

static void watching_run(crb_work *work)
{
    crb_watching *const watching = (crb_watching *)(void *)work; /* its first member */
    pthread_mutex_lock(&watching->runtime->dispatch_lock);
    if (watching->state == WATCHING_POSTED) {
        watching->state = WATCHING_WAITS;
        if (watching->callback != NULL) {
            watching_call_locked(watching);
        }
    }
    watching_unref_locked(watching);
    watching_unlock(watching);
}

/** The scope's tell_locked(). */
static void watching_tell_locked(crb_scope *scope)
{
    corbel_request *const request = (corbel_request *)((char *)scope - offsetof(corbel_request, scope));
    crb_watching *const watching = request->watching;
    const crb_dispatch *const dispatch = watching->runtime->dispatch;
    if (watching->fd >= 0) {
        (void)eventfd_write(watching->fd, 1);
    }
    if (watching->callback != NULL && watching->state == WATCHING_WAITS && dispatch != NULL && !dispatch->stopping) {
        watching->state = WATCHING_POSTED;
        watching->refs++;
        crb_workers_post_locked(watching->runtime, &watching->work);
    }
}

/** The deadline of a request that no session looks after. */
static void watching_late(void *user)
{
    crb_watching *const watching = user;
    corbel_runtime *const runtime = watching->runtime;
    pthread_mutex_lock(&runtime->dispatch_lock);
    const bool runs = watching->request != NULL && crb_scope_cancel_locked(&watching->request->scope);
    pthread_mutex_unlock(&runtime->dispatch_lock);
    if (runs) {
        crb_cancel_run(runtime);
    }
}

/** NULL: no memory. */
static crb_watching *watching_get(corbel_request *request)
{
    crb_watching *watching = request->watching;
    if (watching == NULL && (watching = calloc(1, sizeof *watching)) != NULL) {
        crb_runtime_ref_memory(request->runtime);
        watching->work.run = watching_run;
        watching->refs = 1;
        watching->runtime = request->runtime;
        watching->request = request;
        watching->fd = -1;
        pthread_mutex_lock(&request->runtime->dispatch_lock);
        request->watching = watching;
        pthread_mutex_unlock(&request->runtime->dispatch_lock);
        if (request->deadline != CRB_NEVER && (request->peer == NULL || request->oneway || request->once != NULL)) {
            crb_timer_init(&watching->timer, watching_late, watching);
            watching->timed = true;
            crb_timer_set(&watching->timer, request->deadline);
        }
    }
    return watching;
}

/** No callback from here on. Under the lock, which it may let go of meanwhile. */
static void watching_take_back_locked(crb_watching *watching)
{
    watching->callback = NULL;
    while (watching->state == WATCHING_RUNS && !pthread_equal(watching->runner, pthread_self())) {
        pthread_cond_wait(&watching->runtime->cancel_changed, &watching->runtime->dispatch_lock);
    }
}

void crb_watching_close(corbel_request *request)
{
    crb_watching *const watching = request->watching;
    if (watching == NULL) {
        return;
    }
    if (watching->timed) {
        crb_timer_stop(&watching->timer);
    }
    pthread_mutex_lock(&watching->runtime->dispatch_lock);
    request->watching = NULL;
    request->scope.tell_locked = NULL;
    watching_take_back_locked(watching);
    watching->request = NULL;
    if (watching->fd >= 0) {
        (void)close(watching->fd);
        watching->fd = -1;
    }
    watching_unref_locked(watching);
    watching_unlock(watching);
}

corbel_status corbel_request_on_cancel(corbel_request *request, corbel_cancel_callback callback, void *user)
{
    crb_watching *const watching = callback == NULL ? request->watching : watching_get(request);
    if (watching == NULL) {
        return callback == NULL ? CORBEL_OK
                                : corbel_request_fail(request, CORBEL_NO_MEMORY, "no memory to tell that the call is cancelled");
    }
    pthread_mutex_lock(&watching->runtime->dispatch_lock);
    watching->refs++; /* the callback may end the request */
    watching_take_back_locked(watching);
    watching->callback = callback;
    watching->user = user;
    if (callback != NULL && corbel_request_cancelled(request)) {
        watching_call_locked(watching);
    } else if (callback != NULL) {
        request->scope.tell_locked = watching_tell_locked;
    }
    watching_unref_locked(watching);
    watching_unlock(watching);
    return CORBEL_OK;
}

int corbel_request_cancel_fd(corbel_request *request)
{
    crb_watching *const watching = watching_get(request);
    if (watching == NULL) {
        return -1;
    }
    pthread_mutex_lock(&watching->runtime->dispatch_lock);
    if (watching->fd < 0) {
        watching->fd = eventfd(corbel_request_cancelled(request) ? 1 : 0, EFD_CLOEXEC | EFD_NONBLOCK);
        request->scope.tell_locked = watching_tell_locked;
    }
    const int fd = watching->fd;
    pthread_mutex_unlock(&watching->runtime->dispatch_lock);
    return fd;
}
