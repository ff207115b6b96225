/** Watches: telling the owner of a reference, once, that its session has broken.
 *
 *  Invariant: a watch that is armed or running is freed by nobody but its reference, or the thread that runs it; one that is
 * queued or dropped, by its work. So the callback runs at most once, and never after its reference is gone. */
#include "runtime/call/watch.h"

#include "runtime/call/promise.h"

#include "runtime/base/fail.h"
#include "runtime/base/fork.h"

#include <stdlib.h>

/* ---- lists ---- */

static void watch_link(crb_watch *watch, crb_watch **list)
{
    watch->list = list;
    watch->prev = NULL;
    watch->next = *list;
    if (*list != NULL) {
        (*list)->prev = watch;
    }
    *list = watch;
}

static void watch_unlink(crb_watch *watch)
{
    if (watch->list == NULL) {
        return;
    }
    if (watch->prev != NULL) {
        watch->prev->next = watch->next;
    } else {
        *watch->list = watch->next;
    }
    if (watch->next != NULL) {
        watch->next->prev = watch->prev;
    }
    watch->list = NULL;
    watch->next = NULL;
}

static void watch_free(crb_watch *watch)
{
    corbel_runtime *const runtime = watch->runtime;
    corbel_error_clear(&watch->why);
    free(watch);
    crb_runtime_unref_memory(runtime);
}

/** Takes it off its reference, if that still has it. */
static void watch_detach(crb_watch *watch)
{
    if (watch->object == NULL) {
        return;
    }
    crb_watch *const newest = atomic_load(&watch->object->watches);
    if (newest == watch) {
        atomic_store(&watch->object->watches, watch->older); /* the reference may go from here on */
    } else {
        crb_watch *at = newest;
        while (at->older != watch) {
            at = at->older;
        }
        at->older = watch->older;
    }
    watch->object = NULL;
}

/* ---- telling ---- */

static void watch_run(crb_work *work)
{
    crb_watch *const watch = (crb_watch *)((char *)work - offsetof(crb_watch, work));
    corbel_runtime *const runtime = watch->runtime;
    pthread_mutex_lock(&runtime->watch_lock);
    const bool wanted = watch->state == CRB_WATCH_QUEUED && !atomic_load(&runtime->closed);
    if (wanted) {
        watch->state = CRB_WATCH_RUNNING;
        watch->runner = pthread_self();
        pthread_mutex_unlock(&runtime->watch_lock);
        watch->callback(watch->context, &watch->why);
        pthread_mutex_lock(&runtime->watch_lock);
    }
    watch_detach(watch);
    pthread_cond_broadcast(&runtime->watch_changed);
    pthread_mutex_unlock(&runtime->watch_lock);
    watch_free(watch);
}

static void watch_post_later(crb_later *later)
{
    crb_watch *const watch = (crb_watch *)((char *)later - offsetof(crb_watch, later));
    crb_watch_post(watch);
}

void crb_watch_post(crb_watch *fired)
{
    const crb_host *const host = crb_host_get();
    while (fired != NULL) {
        crb_watch *const next = fired->next;
        fired->next = NULL;
        if (host != NULL) {
            host->post(fired->runtime, &fired->work);
        } else {
            watch_run(&fired->work);
        }
        fired = next;
    }
}

/** The peer is over: neither its name nor why it ended changes any more. */
static void watch_queue(crb_watch *watch, const crb_peer *peer)
{
    watch_unlink(watch);
    watch->state = CRB_WATCH_QUEUED;
    crb_fail(&watch->why, CORBEL_GONE, CORBEL_COMPLETED_NO, "the session with '%s' has ended: %s",
             crb_session_peer_name(peer->session), peer->why == NULL ? "" : peer->why);
}

void crb_watch_session_ended_locked(crb_peer *peer)
{
    corbel_runtime *const runtime = peer->runtime;
    pthread_mutex_lock(&runtime->watch_lock);
    while (peer->watches != NULL) {
        crb_watch *const watch = peer->watches;
        watch_queue(watch, peer);
        crb_peer_later_locked(peer, &watch->later);
    }
    pthread_mutex_unlock(&runtime->watch_lock);
}

/* ---- what they hang on ---- */

/** Hangs it on the peer's session; false: that has ended. */
static bool watch_hang(crb_watch *watch, crb_peer *peer)
{
    if (atomic_load(&peer->over)) { /* else who ends it waits for our lock, and finds it in the list */
        return false;
    }
    watch_link(watch, &peer->watches);
    return true;
}

static crb_peer *watch_peer(const crb_target *target)
{
    return target != NULL && target->kind == CRB_TARGET_IMPORT ? target->import.peer : NULL;
}

crb_target *crb_watch_rebound(crb_target *target, crb_target *bound, crb_watch **ret_fired)
{
    corbel_runtime *const runtime = target->runtime;
    crb_peer *const peer = watch_peer(bound);
    *ret_fired = NULL;
    pthread_mutex_lock(&runtime->watch_lock);
    crb_target *const before = target->uri.bound;
    crb_peer *const old = watch_peer(before);
    target->uri.bound = bound;
    if (old != NULL && old != peer && !atomic_load(&old->over) && !atomic_load(&old->draining)) {
        /* That session lives on, the object there does not: nothing of the reference hangs on it any more. */
        crb_watch *next = NULL;
        for (crb_watch *watch = old->watches; watch != NULL; watch = next) {
            next = watch->next;
            if (watch->object->target == target) {
                watch_unlink(watch);
                watch_link(watch, &target->uri.parked);
            }
        }
    }
    while (peer != NULL && target->uri.parked != NULL) {
        crb_watch *const watch = target->uri.parked;
        watch_unlink(watch);
        if (!watch_hang(watch, peer)) {
            watch_queue(watch, peer);
            watch->next = *ret_fired;
            *ret_fired = watch;
        }
    }
    pthread_mutex_unlock(&runtime->watch_lock);
    return before;
}

/* ---- the user's side ---- */

/** target: that of the reference, or what its promise stands for. True: it is to be posted, as its session had ended before. */
static bool watch_arm(crb_watch *watch, crb_target *target)
{
    if (target->kind == CRB_TARGET_URI) {
        crb_peer *const peer = watch_peer(target->uri.bound);
        if (peer == NULL || !watch_hang(watch, peer)) {
            watch_link(watch, &target->uri.parked); /* it will be bound, perhaps again */
        }
        return false;
    }
    crb_peer *const peer = watch_peer(target);
    const bool over = peer != NULL && !watch_hang(watch, peer);
    if (over) {
        watch_queue(watch, peer);
    }
    return over;
}

static corbel_status watch_begin(corbel_object *object, crb_watch *watch)
{
    corbel_runtime *const runtime = watch->runtime;
    corbel_status status = CORBEL_OK;
    bool fired = false;
    crb_target *const known = object->target->kind == CRB_TARGET_PROMISE ? crb_promise_known(object->target) : NULL;
    pthread_mutex_lock(&runtime->watch_lock);
    crb_watch *const newest = atomic_load(&object->watches);
    if (newest != NULL && newest->state != CRB_WATCH_RUNNING) {
        status = CORBEL_EXISTS;
    } else {
        watch->older = newest;
        watch->object = object;
        atomic_store(&object->watches, watch);
        fired = watch_arm(watch, known != NULL && known->kind == CRB_TARGET_IMPORT ? known : object->target);
    }
    pthread_mutex_unlock(&runtime->watch_lock);
    crb_target_unref(known);
    if (fired) {
        crb_watch_post(watch);
    }
    return status;
}

/** Does another thread run a callback of the reference's? Under the lock. */
static bool watch_runs_elsewhere(const corbel_object *object)
{
    const crb_watch *watch = atomic_load(&object->watches);
    while (watch != NULL && !(watch->state == CRB_WATCH_RUNNING && !pthread_equal(watch->runner, pthread_self()))) {
        watch = watch->older;
    }
    return watch != NULL;
}

/** Under the lock, which it lets go of meanwhile. */
static void watch_wait_locked(corbel_runtime *runtime, const corbel_object *object)
{
    const crb_host *const host = crb_host_get();
    bool blocked = false;
    while (watch_runs_elsewhere(object)) {
        if (blocked || host == NULL) {
            pthread_cond_wait(&runtime->watch_changed, &runtime->watch_lock);
            continue;
        }
        blocked = true;
        pthread_mutex_unlock(&runtime->watch_lock);
        host->blocking(runtime, true); /* what runs there may need a worker */
        pthread_mutex_lock(&runtime->watch_lock);
    }
    if (blocked) {
        pthread_mutex_unlock(&runtime->watch_lock);
        host->blocking(runtime, false);
        pthread_mutex_lock(&runtime->watch_lock);
    }
}

/** None of the reference's callbacks will be called any more; nor is one running, on other threads. going: the reference itself
 *  goes. */
static void watch_end_all(corbel_object *object, bool going)
{
    corbel_runtime *const runtime = object->target->runtime;
    crb_watch *dead = NULL, *older = NULL;
    pthread_mutex_lock(&runtime->watch_lock);
    for (crb_watch *watch = atomic_load(&object->watches); watch != NULL; watch = older) {
        older = watch->older;
        if (watch->state == CRB_WATCH_ARMED) {
            watch_unlink(watch);
            watch_detach(watch);
            watch->older = dead;
            dead = watch;
        } else if (watch->state == CRB_WATCH_QUEUED) {
            watch->state = CRB_WATCH_DROPPED;
            watch_detach(watch);
        } else if (going && pthread_equal(watch->runner, pthread_self())) {
            watch_detach(watch); /* we are inside it */
        }
    }
    watch_wait_locked(runtime, object);
    pthread_mutex_unlock(&runtime->watch_lock);
    while (dead != NULL) {
        older = dead->older;
        watch_free(dead);
        dead = older;
    }
}

void crb_watch_forget(corbel_object *object)
{
    watch_end_all(object, true);
}

corbel_status corbel_object_on_broken(corbel_object *self, corbel_broken_callback callback, void *context)
{
    if (self == NULL) {
        return CORBEL_NIL_REFERENCE;
    }
    if (self->target == NULL) {
        return CORBEL_NO_MEMORY;
    }
    if (crb_forked()) {
        return CORBEL_FORKED;
    }
    if (callback == NULL) {
        watch_end_all(self, false);
        return CORBEL_OK;
    }
    corbel_runtime *const runtime = self->target->runtime;
    if (atomic_load(&runtime->closed)) {
        return CORBEL_GONE;
    }
    crb_watch *const watch = calloc(1, sizeof *watch);
    if (watch == NULL) {
        return CORBEL_NO_MEMORY;
    }
    crb_runtime_ref_memory(runtime);
    watch->runtime = runtime;
    watch->callback = callback;
    watch->context = context;
    watch->why = (corbel_error)CORBEL_ERROR_INIT;
    watch->later.run = watch_post_later;
    watch->work.run = watch_run;
    const corbel_status status = watch_begin(self, watch);
    if (status != CORBEL_OK) {
        watch_free(watch);
    }
    return status;
}
