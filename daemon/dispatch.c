/** The dispatcher: which call may be entered when, and by whom.
 *
 *  A call waits until its arguments are complete and it is the first of its lane; then it is runnable. A runnable call goes to
 * the thread that waits in its chain, if there is one, else to the workers. When a call of a waiting thread's chain stands in a
 * lane behind others, the thread runs those, too: with a single worker nobody else might. A call with streams goes to the workers
 * all the same: who waits in its chain may be who is to write or read them. */
#include "daemon/host.h"

#include "runtime/base/clock.h"
#include "runtime/base/fail.h"

#include <stdlib.h>
#include <string.h>

crb_dispatch *crb_dispatch_get_locked(corbel_runtime *runtime)
{
    if (runtime->dispatch == NULL && !runtime->ended) {
        crb_dispatch *const dispatch = calloc(1, sizeof *dispatch);
        if (dispatch != NULL) {
            dispatch->queue_end = &dispatch->queue;
            crb_timer_init(&dispatch->retry, crb_workers_retry, runtime);
            crb_timer_init(&dispatch->turns, crb_turns_tick, runtime);
            crb_timer_init(&dispatch->once_timer, crb_once_tick, runtime);
            pthread_condattr_t attributes;
            pthread_condattr_init(&attributes);
            pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
            pthread_cond_init(&dispatch->changed, &attributes);
            pthread_condattr_destroy(&attributes);
            runtime->dispatch = dispatch;
        }
    }
    return runtime->dispatch;
}

/* ---- lanes ---- */

static crb_lane *lane_find(crb_dispatch *dispatch, uint64_t origin, uint64_t id, const crb_target *target)
{
    struct crb_lane_key key;
    crb_lane *lane = dispatch->last_lane;
    if (lane != NULL && lane->key.lane == id && lane->key.target == target && lane->key.origin == origin) {
        return lane;
    }
    lane = NULL;
    memset(&key, 0, sizeof key);
    key.origin = origin;
    key.lane = id;
    key.target = target;
    HASH_FIND(hh, dispatch->lanes, &key, sizeof key, lane);
    if (lane != NULL) {
        dispatch->last_lane = lane;
    }
    return lane;
}

/** It is empty. */
static void lane_free(crb_dispatch *dispatch, crb_lane *lane)
{
    if (dispatch->last_lane == lane) {
        dispatch->last_lane = NULL;
    }
    HASH_DEL(dispatch->lanes, lane);
    free(lane);
}

static crb_lane *lane_get(crb_dispatch *dispatch, uint64_t origin, uint64_t id, const crb_target *target)
{
    crb_lane *lane = lane_find(dispatch, origin, id, target);
    if (lane == NULL && (lane = calloc(1, sizeof *lane)) != NULL) {
        lane->key.origin = origin;
        lane->key.lane = id;
        lane->key.target = target;
        lane->end = &lane->first;
        HASH_ADD(hh, dispatch->lanes, key, sizeof lane->key, lane);
        if (lane->hh.tbl == NULL) { /* uthash found no memory */
            free(lane);
            lane = NULL;
        }
    }
    return lane;
}

static void lane_not_urgent(crb_lane *lane)
{
    if (lane->urgent != NULL) {
        crb_lane **at = &lane->urgent->lanes;
        while (*at != lane) {
            at = &(*at)->next_urgent;
        }
        *at = lane->next_urgent;
        lane->urgent = NULL;
    }
}

void crb_dispatch_wait_ends_locked(crb_wait *wait)
{
    while (wait->lanes != NULL) {
        lane_not_urgent(wait->lanes);
    }
}

void crb_dispatch_wait_takes_over_locked(crb_wait *wait, crb_wait *outer)
{
    while (outer->lanes != NULL) {
        crb_lane *const lane = outer->lanes;
        outer->lanes = lane->next_urgent;
        lane->urgent = wait;
        lane->next_urgent = wait->lanes;
        wait->lanes = lane;
    }
}

/* ---- who runs it ---- */

/** May a thread that waits run it? Without workers there is no other. */
static bool dispatch_may_lend(const corbel_runtime *runtime, const corbel_request *request)
{
    return runtime->user_dispatch || (request->stream_in == NULL && request->stream_out == NULL);
}

/** It is complete and the first of its lane. next: the calling thread has just run, and answered, the call in front of it. */
static void dispatch_runnable(corbel_runtime *runtime, corbel_request *request, bool next)
{
    if (request->target->gate != NULL && !crb_turns_may_run_locked(request)) {
        return;
    }
    const bool lends = dispatch_may_lend(runtime, request);
    crb_wait *wait = lends ? crb_wait_find_locked(runtime, request->chain) : NULL;
    if (wait == NULL && lends && request->lane != NULL) {
        wait = request->lane->urgent;
    }
    request->state = CRB_REQUEST_RUNNABLE;
    if (wait != NULL) {
        crb_wait_give_locked(wait, &request->work);
    } else {
        request->in_queue = true;
        if (next) {
            crb_workers_post_next_locked(runtime, &request->work);
        } else {
            crb_workers_post_locked(runtime, &request->work);
        }
    }
}

void crb_dispatch_resume_locked(corbel_runtime *runtime, crb_work *work)
{
    dispatch_runnable(runtime, (corbel_request *)(void *)work, false); /* its first member */
}

/** request stands behind others in its lane; a thread of its chain waits: it is to run those others. */
static void dispatch_hurry(corbel_runtime *runtime, corbel_request *request)
{
    crb_wait *const wait = crb_wait_find_locked(runtime, request->chain);
    crb_lane *const lane = request->lane;
    if (wait == NULL || lane->urgent != NULL) {
        return;
    }
    lane->urgent = wait;
    lane->next_urgent = wait->lanes;
    wait->lanes = lane;
    corbel_request *const first = lane->first;
    if (first->in_queue && dispatch_may_lend(runtime, first)) {
        crb_workers_unpost_locked(runtime, &first->work);
        first->in_queue = false;
        crb_wait_give_locked(wait, &first->work);
    }
}

void crb_dispatch_wait_lends_locked(crb_wait *wait, uint64_t chain)
{
    corbel_runtime *const runtime = wait->runtime;
    crb_dispatch *const dispatch = runtime->dispatch;
    if (dispatch == NULL || dispatch->queue == NULL) { /* what is first in a lane is queued, or somebody runs it */
        return;
    }
    for (corbel_request *request = dispatch->requests; request != NULL; request = request->next) {
        if (request->chain == chain && request->in_queue) {
            crb_workers_unpost_locked(runtime, &request->work);
            request->in_queue = false;
            crb_wait_give_locked(wait, &request->work);
        } else if (request->chain == chain && request->lane != NULL && request->lane->first != request) {
            dispatch_hurry(runtime, request);
        }
    }
}

static void dispatch_list(crb_dispatch *dispatch, corbel_request *request)
{
    request->next = dispatch->requests;
    if (dispatch->requests != NULL) {
        dispatch->requests->prev = request;
    }
    dispatch->requests = request;
    dispatch->n_requests++;
}

void crb_dispatch_let_in_locked(corbel_request *request)
{
    if (request->lane == NULL || request->lane->first == request) {
        dispatch_runnable(request->runtime, request, false);
    }
}

void crb_dispatch_run_now_locked(corbel_request *request)
{
    crb_lane *const lane = request->lane;
    if (lane != NULL && lane->first != request) {
        corbel_request *before = lane->first;
        while (before->next_in_lane != request) {
            before = before->next_in_lane;
        }
        corbel_request *const behind = request->next_in_lane;
        before->next_in_lane = behind;
        if (behind == NULL) {
            lane->end = &before->next_in_lane;
        } else {
            crb_turns_follows_locked(behind, before);
        }
        lane->n--;
        request->lane = NULL;
        request->next_in_lane = NULL;
    }
    dispatch_runnable(request->runtime, request, false);
}

/** Enters the request into its lane, and lets it run if it may. False: no memory. */
static bool dispatch_enter(corbel_runtime *runtime, crb_dispatch *dispatch, corbel_request *request)
{
    corbel_request *before = NULL;
    if (request->lane_id != 0) {
        const uint64_t origin = request->peer == NULL ? 0 : request->peer->serial;
        crb_lane *const lane = lane_get(dispatch, origin, request->lane_id, request->target);
        if (lane == NULL) {
            return false;
        }
        if (lane->first != NULL) {
            before = (corbel_request *)(void *)((char *)lane->end - offsetof(corbel_request, next_in_lane));
        }
        if (runtime->serial != NULL && !crb_turns_enter_locked(request, before)) {
            if (lane->first == NULL) {
                lane_free(dispatch, lane);
            }
            return false;
        }
        request->lane = lane;
        *lane->end = request;
        lane->end = &request->next_in_lane;
        lane->n++;
    } else if (runtime->serial != NULL && !crb_turns_enter_locked(request, NULL)) {
        return false;
    }
    dispatch_list(dispatch, request);
    if (before != NULL) {
        dispatch_hurry(runtime, request);
        if (request->queued != NULL) {
            crb_turns_follows_locked(request, before);
        }
    } else if (request->complete) {
        dispatch_runnable(runtime, request, crb_request_answers_now());
    }
    return true;
}

/** While the runtime drains only chains that run here may go on. */
static bool dispatch_takes(const crb_dispatch *dispatch, uint64_t chain)
{
    if (!dispatch->draining) {
        return true;
    }
    for (const corbel_request *request = dispatch->requests; request != NULL; request = request->next) {
        if (request->chain == chain) {
            return true;
        }
    }
    return false;
}

/** Who called may want to try again. */
static void dispatch_give_back(crb_incoming *incoming, crb_given_back *back)
{
    *back = (crb_given_back) { .target = incoming->target,
                               .args = incoming->args,
                               .context = incoming->context,
                               .refs = incoming->refs,
                               .n_refs = incoming->n_refs };
    incoming->target = NULL;
    incoming->args = (crb_buf)CRB_BUF_INIT;
    incoming->context = (crb_buf)CRB_BUF_INIT;
    incoming->refs = NULL;
    incoming->n_refs = 0;
}

/** Refuses a call before it became a request, and releases what it brought. */
static void dispatch_refuse(corbel_runtime *runtime, crb_incoming *incoming, corbel_status status, const char *why,
                            uint32_t hint_ms)
{
    corbel_error error = CORBEL_ERROR_INIT;
    char operation[256];
    crb_fail(&error, status, CORBEL_COMPLETED_NO, "%s", why);
    crb_error_set_retry_after(&error, hint_ms);
    (void)snprintf(operation, sizeof operation, "%s::%s", incoming->interface, incoming->operation);
    if (incoming->oneway) {
        crb_log_oneway(operation, "an object", &error);
    }
    if (incoming->peer != NULL) {
        crb_error_add_hop(&error, runtime->name, "", operation, why);
        crb_peer_refuse_locked(incoming->peer, incoming->answer, incoming->oneway, &error);
        crb_peer_refs_free_locked(incoming->peer, incoming->refs, incoming->n_refs);
        crb_peer_unref_target_locked(incoming->peer, incoming->target);
        corbel_error_clear(&error);
    } else {
        crb_outcome_value value = { .outcome = CRB_OUTCOME_ERROR, .error = error };
        if (incoming->local != NULL && incoming->local->back != NULL) {
            dispatch_give_back(incoming, incoming->local->back);
        }
        if (incoming->local != NULL) {
            crb_call_complete(incoming->local, &value);
        }
        corbel_error_clear(&value.error);
        crb_refs_free(incoming->refs, incoming->n_refs);
        crb_target_unref(incoming->target);
    }
    crb_buf_clear(&incoming->args);
    crb_buf_clear(&incoming->context);
    free(incoming->once);
}

/** Why the call does not come in; NULL: it does. */
static const char *dispatch_is_full(corbel_runtime *runtime, crb_dispatch *dispatch, const crb_incoming *incoming,
                                    uint32_t *ret_hint_ms)
{
    const uint64_t origin = incoming->peer == NULL ? 0 : incoming->peer->serial;
    const crb_lane *const lane = incoming->lane == 0 ? NULL : lane_find(dispatch, origin, incoming->lane, incoming->target);
    return crb_overload_refuses_locked(runtime, dispatch, incoming, lane == NULL ? 0 : lane->n, ret_hint_ms);
}

void crb_dispatch_call(corbel_runtime *runtime, crb_incoming *incoming)
{
    corbel_status status = CORBEL_NO_MEMORY;
    const char *why = NULL;
    uint32_t hint_ms = 0;
    pthread_mutex_lock(&runtime->dispatch_lock);
    crb_dispatch *const dispatch = crb_dispatch_get_locked(runtime);
    corbel_request *request = NULL;
    if (dispatch != NULL && !dispatch_takes(dispatch, incoming->chain)) {
        status = CORBEL_DRAINING;
    } else if (dispatch != NULL && (why = dispatch_is_full(runtime, dispatch, incoming, &hint_ms)) != NULL) {
        status = CORBEL_OVERLOADED;
    } else if (dispatch != NULL && (request = crb_request_new(runtime, incoming)) != NULL) {
        if (incoming->peer != NULL) {
            crb_answer_set_user(incoming->answer, request);
        }
        if (dispatch_enter(runtime, dispatch, request)) {
            status = CORBEL_OK;
        } else {
            if (incoming->peer != NULL) {
                crb_answer_set_user(incoming->answer, NULL);
            }
            crb_request_disown(request); /* incoming keeps what it brought */
        }
    }
    pthread_mutex_unlock(&runtime->dispatch_lock);
    if (status != CORBEL_OK) {
        dispatch_refuse(runtime, incoming, status, why != NULL ? why : corbel_status_text(status), hint_ms);
    }
}

bool crb_dispatch_call_direct(corbel_runtime *runtime, crb_incoming *incoming)
{
    corbel_request *request = NULL;
    bool drains = false;
    pthread_mutex_lock(&runtime->dispatch_lock);
    crb_dispatch *const dispatch = crb_dispatch_get_locked(runtime);
    if (dispatch != NULL && (incoming->lane == 0 || lane_find(dispatch, 0, incoming->lane, incoming->target) == NULL) &&
        (incoming->target->gate == NULL || crb_turns_is_open_locked(incoming->target, incoming->chain))) {
        drains = !dispatch_takes(dispatch, incoming->chain);
        if (!drains && (request = crb_request_new(runtime, incoming)) != NULL) {
            request->lane_id = 0; /* nothing of its lane is under way, and its thread is busy here until it is over */
            request->state = CRB_REQUEST_RUNNING;
            if (request->target->gate == NULL) {
                dispatch_list(dispatch, request);
            } else if (crb_turns_enter_locked(request, NULL)) {
                dispatch_list(dispatch, request);
                (void)crb_turns_may_run_locked(request); /* the gate is open: it enters, or is refused there */
            } else {
                crb_request_disown(request);
                request = NULL;
            }
        }
    }
    pthread_mutex_unlock(&runtime->dispatch_lock);
    if (request != NULL) {
        crb_cancel_under_current(incoming->local);
    }
    if (drains) {
        dispatch_refuse(runtime, incoming, CORBEL_DRAINING, corbel_status_text(CORBEL_DRAINING), 0);
        return true;
    }
    if (request == NULL) {
        return false;
    }
    crb_request_run(&request->work);
    return true;
}

void crb_dispatch_body(void *user, crb_buf *args, crb_ref *refs, size_t n_refs, corbel_error *error)
{
    corbel_request *const request = user;
    corbel_runtime *const runtime = request->runtime;
    pthread_mutex_lock(&runtime->dispatch_lock);
    request->args = *args;
    *args = (crb_buf)CRB_BUF_INIT;
    if (refs != NULL) {
        request->refs = refs;
        request->n_refs = n_refs;
    }
    if (error->status != CORBEL_OK) {
        request->broken = true;
        crb_error_move(&request->error, error);
    }
    request->complete = true;
    if (request->lane == NULL || request->lane->first == request) {
        dispatch_runnable(runtime, request, false);
    } else if (request->target->gate != NULL) {
        (void)crb_turns_may_run_locked(request);
    }
    pthread_mutex_unlock(&runtime->dispatch_lock);
}

/** True: crb_cancel_run() is to be called once no lock is held. */
static bool dispatch_cancel_locked(corbel_request *request)
{
    bool runs = false;
    if (!request->oneway || !request->complete) {
        /* A oneway that is here is run, though its session has ended: its sender was told that it was sent. */
        atomic_store(&request->cancelled, true);
        runs = crb_scope_cancel_locked(&request->scope);
    }
    if (!request->complete) { /* the rest will not come: it takes its turn, and is answered without being entered */
        request->complete = true;
        if (request->lane == NULL || request->lane->first == request) {
            dispatch_runnable(request->runtime, request, false);
        } else if (request->target->gate != NULL) {
            (void)crb_turns_may_run_locked(request);
        }
    } else if (request->queued != NULL && atomic_load(&request->cancelled) && crb_turns_give_up_locked(request)) {
        crb_dispatch_run_now_locked(request);
    }
    return runs;
}

void crb_dispatch_cancel_locked(void *user)
{
    (void)dispatch_cancel_locked(user); /* its caller calls crb_cancel_run() */
}

void crb_dispatch_abandon_locked(void *user)
{
    ((corbel_request *)user)->local = NULL;
    crb_dispatch_cancel_locked(user);
}

void crb_dispatch_cancel(void *user)
{
    const corbel_request *const request = user;
    corbel_runtime *const runtime = request->runtime;
    crb_stream_over_locked(request->stream_in); /* the peer's lock is held */
    crb_stream_over_locked(request->stream_out);
    pthread_mutex_lock(&runtime->dispatch_lock);
    corbel_request *const whom = request->once == NULL ? user : crb_once_cancels_locked(user);
    if (whom != NULL && dispatch_cancel_locked(whom)) {
        crb_peer_cancel_later_locked(request->peer);
    }
    pthread_mutex_unlock(&runtime->dispatch_lock);
}

void crb_dispatch_remove_locked(crb_dispatch *dispatch, corbel_request *request)
{
    if (request->prev != NULL) {
        request->prev->next = request->next;
    } else {
        dispatch->requests = request->next;
    }
    if (request->next != NULL) {
        request->next->prev = request->prev;
    }
    dispatch->n_requests--;
    dispatch->n_finished++;
    dispatch->n_deferred -= request->returned ? 1 : 0;
    if (request->queued != NULL) {
        crb_turns_over_locked(request);
    }
    pthread_cond_broadcast(&dispatch->changed);
}

void crb_dispatch_finish(corbel_request *request)
{
    corbel_runtime *const runtime = request->runtime;
    pthread_mutex_lock(&runtime->dispatch_lock);
    crb_scope_close_locked(&request->scope);
    if (!request->detached) {
        crb_dispatch_remove_locked(runtime->dispatch, request);
    }
    pthread_mutex_unlock(&runtime->dispatch_lock);
}

void crb_dispatch_leave_lane_locked(corbel_request *request)
{
    corbel_runtime *const runtime = request->runtime;
    crb_lane *const lane = request->lane;
    if (lane == NULL) {
        return;
    }
    request->lane = NULL;
    lane->first = request->next_in_lane;
    lane->n--;
    if (lane->first == NULL) {
        lane_not_urgent(lane);
        lane_free(runtime->dispatch, lane);
    } else {
        if (lane->first->queued != NULL) {
            crb_turns_follows_locked(lane->first, NULL);
        }
        if (lane->first->complete) {
            dispatch_runnable(runtime, lane->first, true);
        }
    }
}

void crb_dispatch_leave_lane(corbel_request *request)
{
    if (request->lane != NULL) {
        pthread_mutex_lock(&request->runtime->dispatch_lock);
        crb_dispatch_leave_lane_locked(request);
        pthread_mutex_unlock(&request->runtime->dispatch_lock);
    }
}
