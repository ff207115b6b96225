/** Calls: sending one, waiting for it, taking its result. */
#include "runtime/base/clock.h"
#include "runtime/base/fail.h"
#include "runtime/base/fork.h"
#include "runtime/call/again.h"
#include "runtime/call/batch.h"
#include "runtime/call/intercept.h"
#include "runtime/call/promise.h"
#include "runtime/call/stream.h"
#include "runtime/describe/describe.h"
#include "runtime/value/codec.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

void crb_outcome_clear(crb_outcome_value *value)
{
    crb_refs_free(value->refs, value->n_refs);
    crb_buf_clear(&value->body);
    free(value->exception);
    if (value->context.data != NULL) {
        crb_buf_clear(&value->context);
    }
    corbel_error_clear(&value->error);
    *value = (crb_outcome_value) { .error = CORBEL_ERROR_INIT };
}

static void call_completed_later(crb_later *later)
{
    corbel_call *const call = (corbel_call *)((char *)later - offsetof(corbel_call, later));
    call->completed(call);
}

void crb_call_complete_locked(corbel_call *call, crb_outcome_value *value)
{
    assert(!atomic_load(&call->done));
    if (call->again != NULL && value->outcome == CRB_OUTCOME_ERROR && crb_again_keeps_locked(call, value)) {
        return;
    }
    call->value = *value;
    *value = (crb_outcome_value) { .error = CORBEL_ERROR_INIT };
    if (call->intercepted != NULL) {
        crb_intercept_completed_locked(call);
    }
    if (call->run != NULL) {
        crb_batch_note_locked(call, &call->value);
    }
    atomic_store(&call->done, true);
    if (call->streams != NULL && call->peer != NULL) {
        crb_call_streams_done_locked(call);
    }
    if (call->promising) {
        crb_promise_completed_locked(call);
    } else if (call->keep && call->question != NULL) {
        crb_session_finish(call->peer->session, call->question, false);
        call->question = NULL;
    }
    if (call->completed != NULL) {
        if (call->peer != NULL) { /* else who completes it calls completed() */
            call->later.run = call_completed_later;
            crb_peer_later_locked(call->peer, &call->later);
        }
    }
    if (call->wait != NULL) { /* of one that completes a callback it is a batch's run that waits */
        crb_io_wake(&call->wait->waiter);
    }
}

corbel_status crb_call_send_locked(crb_target *target, const crb_send *send, corbel_call *call, uint64_t chain, uint64_t deadline,
                                   crb_ref_out *refs, corbel_error *reterr)
{
    crb_peer *const peer = crb_target_peer(target);
    crb_call_out out = {
        .target = target->kind == CRB_TARGET_IMPORT ? target->import.import : NULL,
        .operation_key = send->operation_key,
        .interface = send->interface,
        .operation = send->operation,
        .lane = send->lane,
        .deadline = deadline,
        .chain = chain,
        .hop = send->hop,
        .oneway = send->oneway,
        .refs = refs,
        .n_refs = send->n_refs,
        .args = send->args,
        .user = call,
        .stream_in = call != NULL && call->streams != NULL && call->streams->in != NULL,
        .stream_out = call != NULL && call->streams != NULL && call->streams->out != NULL,
        .after = send->after.call == NULL || atomic_load(&send->after.call->done) ? NULL : send->after.call->question,
        .anyway = send->after.anyway,
        .guard = send->after.guard,
        .context = send->context == NULL ? NULL : send->context->data,
        .context_len = send->context == NULL ? 0 : send->context->len,
        .keep = send->keep,
    };
    if (target->kind == CRB_TARGET_PROMISE) {
        const corbel_status status = crb_promise_aim_locked(target, &out, reterr);
        if (status != CORBEL_OK) {
            return status;
        }
    } else if (atomic_load(&target->import.gone)) {
        return crb_fail(reterr, CORBEL_NOT_FOUND, CORBEL_COMPLETED_NO, "the object does not exist any more");
    }
    if (send->n_refs > 0) {
        crb_peer_refs_out_locked(peer, send->refs, send->n_refs, refs);
    }
    for (size_t i = 0; i < send->n_refs; i++) {
        const crb_target *const passed = send->refs[i].target;
        const corbel_status status =
            passed->kind == CRB_TARGET_PROMISE ? crb_promise_entry_locked(passed, peer, &refs[i], reterr) : CORBEL_OK;
        if (status != CORBEL_OK) {
            return status;
        }
    }
    crb_once_wire once;
    if ((send->once != NULL || send->relayed_once != NULL || peer->once_told != 0) && crb_once_say_locked(peer, send, &once)) {
        out.once = &once;
    }
    crb_question *question = NULL;
    const corbel_status status = crb_session_call(peer->session, &out, crb_now(), &question, reterr);
    if (status == CORBEL_OK) {
        if (out.once != NULL) {
            crb_once_said_locked(peer, send, &once);
        }
        crb_peer_refs_sent_locked(peer, send->refs, send->n_refs, refs);
        if (call != NULL) {
            call->question = question;
            if (call->streams != NULL) {
                crb_call_attach_streams_locked(call);
            }
        }
    }
    return status;
}

corbel_status crb_call_send(crb_target *target, const crb_send *send, corbel_call *call, uint64_t chain, uint64_t deadline,
                            corbel_error *reterr)
{
    crb_peer *const peer = crb_target_peer(target);
    const corbel_status refused =
        send->n_refs == 0 ? CORBEL_OK
                          : crb_refs_may_leave(send->refs, send->n_refs, CORBEL_INVALID_ARGUMENT, CORBEL_COMPLETED_NO, reterr);
    if (refused != CORBEL_OK) {
        return refused;
    }
    crb_ref_out few[8];
    crb_ref_out *const refs = send->n_refs <= sizeof few / sizeof few[0] ? few : calloc(send->n_refs, sizeof *refs);
    if (refs == NULL) {
        return crb_fail(reterr, CORBEL_NO_MEMORY, CORBEL_COMPLETED_NO, "no memory for the references of a call");
    }
    corbel_error error = CORBEL_ERROR_INIT; /* an attempt that only had to wait leaves nothing in reterr */
    corbel_status status;
    crb_peer_lock(peer);
    for (;;) {
        status = crb_call_send_locked(target, send, call, chain, deadline, refs, &error);
        if (status != CORBEL_WOULD_BLOCK || !send->may_wait) {
            break;
        }
        if (!crb_peer_wait_locked(peer, deadline) && crb_now() >= deadline) {
            status = crb_fail(&error, CORBEL_DEADLINE, CORBEL_COMPLETED_NO,
                              "the deadline passed while waiting for the peer to take what was sent before");
            break;
        }
    }
    if (status == CORBEL_OK && peer->n_ready > 0 && call != NULL && call->wait == NULL) {
        crb_peer_unlock_gathering(peer); /* it will come for those that are ready, and begin others or block */
    } else {
        crb_peer_unlock(peer);
    }
    if (refs != few) {
        free(refs);
    }
    if (status != CORBEL_OK) {
        crb_error_move(reterr, &error);
    }
    corbel_error_clear(&error);
    return status;
}

void crb_call_expire(corbel_call *call)
{
    crb_peer_lock(call->peer);
    if (!atomic_load(&call->done)) {
        crb_session_tick(call->peer->session, crb_now()); /* its deadline has passed: it completes here */
        if (call->streams != NULL && !atomic_load(&call->done)) {
            crb_call_streams_expire_locked(call);
        }
        crb_peer_settle_locked(call->peer);
    }
    crb_peer_unlock(call->peer);
}

void crb_call_wait_remote(corbel_call *call, crb_wait *wait)
{
    if (!crb_wait_until(wait, &call->done, call->guard, call->deadline)) {
        crb_call_expire(call);
        crb_wait_until(wait, &call->done, call->guard, CRB_NEVER);
    }
}

static corbel_status call_remote(crb_start *start, const corbel_operation *operation, void *const *out, corbel_error *reterr)
{
    crb_wait wait;
    corbel_call call = { .runtime = start->runtime,
                         .operation = operation,
                         .peer = crb_target_peer(start->target),
                         .guard = &crb_target_peer(start->target)->lock,
                         .wait = &wait,
                         .deadline = start->deadline,
                         .reply = start->reply,
                         .on_stack = true,
                         .value.error = CORBEL_ERROR_INIT };
    crb_wait_begin(&wait, start->runtime, start->chain);
    corbel_status status = crb_start_send(start, operation, true, &call, reterr);
    if (status == CORBEL_OK) {
        crb_cancel_under_current(&call);
        crb_call_wait_remote(&call, &wait);
        crb_cancel_forget(&call);
    }
    crb_wait_end(&wait);
    return status == CORBEL_OK ? crb_call_take(&call, operation, out, reterr) : status;
}

/* ---- calls in this process ---- */

void crb_call_unref(corbel_call *call)
{
    if (atomic_fetch_sub(&call->refs, 1) == 1) {
        crb_cancel_forget(call);
        if (call->timed) {
            crb_timer_stop(&call->timer);
        }
        if (call->ready) { /* dropped */
            pthread_mutex_lock(call->guard);
            crb_call_taken_locked(call);
            pthread_mutex_unlock(call->guard);
        }
        if (call->intercepted != NULL) {
            crb_intercept_settle(call);
            crb_intercept_free(call->intercepted);
        }
        crb_outcome_clear(&call->value);
        if (call->streams != NULL) {
            crb_call_free_streams(call);
        }
        crb_again_free(call->again);
        crb_target_unref(call->target);
        crb_batch_unref(call->batch);
        crb_operation_release(call->operation);
        corbel_context_unref(call->reply);
        if (call->once != NULL) {
            crb_once_end(call->runtime, call->once);
        }
        free(call);
    }
}

void crb_call_complete_at(corbel_call **at, pthread_mutex_t *guard, crb_outcome_value *value)
{
    void (*completed)(corbel_call *) = NULL;
    bool counted = false;
    bool late = true; /* it was cancelled, or its deadline has passed: nobody wants the value */
    pthread_mutex_lock(guard);
    corbel_call *const call = *at;
    *at = NULL;
    if (call != NULL) {
        call->request = NULL;
        counted = !call->direct;
        late = atomic_load(&call->done);
    }
    if (!late) {
        crb_call_complete_locked(call, value);
        completed = atomic_load(&call->done) ? call->completed : NULL; /* else it is made again */
    }
    pthread_mutex_unlock(guard); /* from here on one that is not counted may be gone */
    if (counted && !late &&
        call->streams != NULL) { /* who completed a late one has told its streams, and may have given them on */
        crb_call_streams_done(call);
    }
    if (late) {
        crb_outcome_clear(value);
    }
    if (completed != NULL) {
        completed(call);
    }
    if (counted) {
        crb_call_unref(call);
    }
}

void crb_call_complete(corbel_call *call, crb_outcome_value *value)
{
    corbel_call *at = call;
    crb_call_complete_at(&at, call->guard, value);
}

corbel_call *crb_call_new(const corbel_operation *operation, crb_start *start)
{
    corbel_call *const call = malloc(sizeof *call); /* calloc() does not take from what the thread has just freed */
    if (call != NULL) {
        memset(call, 0, sizeof *call);
        atomic_init(&call->refs, 1);
        call->runtime = start->runtime;
        call->operation = operation;
        crb_operation_hold(operation);
        call->target = crb_target_ref(start->target);
        call->chain = start->chain;
        call->deadline = start->deadline;
        call->reply = crb_carried_ref(start->reply);
        call->intercepted = start->intercepted;
        start->intercepted = NULL;
        call->once = start->once;
        start->once = NULL;
        call->value.error = (corbel_error)CORBEL_ERROR_INIT;
        if (crb_start_leaves(start)) {
            call->peer = crb_target_peer(start->target); /* counted by the target */
            call->guard = &call->peer->lock;
        } else {
            call->guard = &start->runtime->dispatch_lock;
        }
    }
    return call;
}

void crb_call_queue(crb_start *start, const corbel_operation *operation, corbel_call *call)
{
    if (call != NULL) {
        atomic_fetch_add(&call->refs, 1); /* the request's */
        if (start->route != NULL && call->peer == NULL) {
            call->route = start->route;
            call->promising = true;
            start->route = NULL;
        }
    }
    if (start->route != NULL) { /* its lane in the dispatcher keeps its order */
        crb_promise_over(start->route);
        start->route = NULL;
    }
    crb_incoming incoming = crb_start_incoming(start, operation, call, call == NULL);
    crb_start_handed_over(start);
    crb_host_get()->call(start->runtime, &incoming); /* a local target: there is a host */
}

/** wait, which is call's, has begun. As crb_call_wait_local(). */
static bool call_wait_begun(corbel_call *call, crb_wait *wait)
{
    crb_promise_lends lends = { .n = 0 };
    if (call->promising && call->runtime->user_dispatch) {
        crb_promise_lend(call, wait, &lends);
    }
    bool done = crb_wait_until(wait, &call->done, call->guard, call->deadline);
    if (lends.n > 0) {
        crb_promise_lend_no_more(wait, &lends);
    }
    pthread_mutex_lock(call->guard);
    call->wait = NULL;
    done = done || atomic_load(&call->done);
    pthread_mutex_unlock(call->guard);
    crb_wait_end(wait);
    return done;
}

bool crb_call_wait_local(corbel_call *call)
{
    crb_wait wait;
    crb_wait_begin(&wait, call->runtime, call->chain);
    pthread_mutex_lock(call->guard);
    call->wait = &wait;
    if (atomic_load(&call->done)) {
        crb_io_wake(&wait.waiter);
    }
    pthread_mutex_unlock(call->guard);
    return call_wait_begun(call, &wait);
}

/** Its servant's function has returned. False: it has deferred its reply, which did not come in time. */
static bool call_wait_direct(corbel_call *call)
{
    pthread_mutex_lock(call->guard);
    bool done = atomic_load(&call->done);
    const bool cancelled = call->cancelled;
    call->parked = !done;
    pthread_mutex_unlock(call->guard);
    if (!done && cancelled) {
        crb_call_give_up(call, CORBEL_CANCELLED, "the operation that made it was cancelled");
    }
    if (done || crb_call_wait_local(call)) {
        return true;
    }
    pthread_mutex_lock(call->guard);
    done = atomic_load(&call->done);
    if (!done) {
        crb_host_get()->abandon_locked(call->request);
    }
    pthread_mutex_unlock(call->guard);
    if (!done) {
        crb_cancel_run(call->runtime);
    }
    return done;
}

static corbel_status call_local(crb_start *start, const corbel_operation *operation, void *const *out, corbel_error *reterr)
{
    crb_incoming incoming = crb_start_incoming(start, operation, NULL, false);
    corbel_call direct = { .runtime = start->runtime,
                           .operation = operation,
                           .direct = true,
                           .on_stack = true,
                           .guard = &start->runtime->dispatch_lock,
                           .chain = start->chain,
                           .deadline = start->deadline,
                           .reply = start->reply,
                           .value.error = CORBEL_ERROR_INIT };
    incoming.local = &direct;
    if (!start->shares_lane && start->route == NULL && crb_host_get()->call_direct(start->runtime, &incoming)) {
        crb_start_handed_over(start);
        const bool returned = call_wait_direct(&direct);
        crb_cancel_forget(&direct);
        if (!returned) {
            return crb_fail(reterr, CORBEL_DEADLINE, CORBEL_COMPLETED_MAYBE, "%s::%s: the deadline passed", operation->interface,
                            operation->name);
        }
        if (crb_now() >= start->deadline && direct.value.outcome != CRB_OUTCOME_ERROR) {
            crb_outcome_clear(&direct.value);
            return crb_fail(reterr, CORBEL_DEADLINE, CORBEL_COMPLETED_MAYBE, "%s::%s returned after its deadline",
                            operation->interface, operation->name);
        }
        if (direct.cancelled && direct.value.outcome != CRB_OUTCOME_ERROR) {
            crb_outcome_clear(&direct.value);
            return crb_fail(reterr, CORBEL_CANCELLED, CORBEL_COMPLETED_YES,
                            "%s::%s returned after the operation that made it was cancelled", operation->interface,
                            operation->name);
        }
        return crb_call_take(&direct, operation, out, reterr);
    }
    corbel_call *const call = crb_call_new(operation, start);
    if (call == NULL) {
        return crb_fail(reterr, CORBEL_NO_MEMORY, CORBEL_COMPLETED_NO, "no memory for a call");
    }
    crb_wait wait;
    crb_wait_begin(&wait, call->runtime,
                   call->chain); /* first: else the call may be given to a wait further out in this thread */
    call->wait = &wait;
    crb_given_back back = { .target = NULL };
    call->back = &back;
    crb_call_queue(start, operation, call);
    if (back.target != NULL) {
        crb_start_given_back(start, &back);
    }
    call->back = NULL;
    crb_cancel_under_current(call);
    const corbel_status status = call_wait_begun(call, &wait)
                                     ? crb_call_take(call, operation, out, reterr)
                                     : crb_fail(reterr, CORBEL_DEADLINE, CORBEL_COMPLETED_MAYBE, "%s::%s: the deadline passed",
                                                operation->interface, operation->name);
    crb_call_unref(call);
    return status;
}

/* ---- stubs ---- */

/** The route wants to know when it is over: it is a call whose answer nobody takes. */
static corbel_status call_oneway_on_promise(const corbel_object *self, crb_start *start, const corbel_operation *operation,
                                            corbel_error *reterr)
{
    corbel_call *const call = crb_call_new(operation, start);
    if (call == NULL) {
        return crb_fail(reterr, CORBEL_NO_MEMORY, CORBEL_COMPLETED_NO, "no memory for a call");
    }
    call->completed = crb_call_unref;
    if (call->peer == NULL) {
        crb_call_queue(start, operation, call);
        return CORBEL_OK;
    }
    const corbel_status status =
        crb_start_send(start, operation, self->wait_for_credit || crb_context_current() == NULL, call, reterr);
    if (status != CORBEL_OK) {
        crb_call_unref(call);
    }
    return status;
}

static corbel_status call_oneway(corbel_object *self, crb_start *start, const corbel_operation *operation, corbel_error *reterr)
{
    if (start->route != NULL) {
        return call_oneway_on_promise(self, start, operation, reterr);
    }
    if (start->target->kind == CRB_TARGET_LOCAL) {
        crb_call_queue(start, operation, NULL);
        return CORBEL_OK;
    }
    return crb_start_send(start, operation, self->wait_for_credit || crb_context_current() == NULL, NULL, reterr);
}

static corbel_status call_any(corbel_object *self, crb_start *start, const corbel_operation *operation, void *const *out,
                              corbel_error *reterr)
{
    if ((operation->flags & CORBEL_ONEWAY) != 0) {
        return call_oneway(self, start, operation, reterr);
    }
    return crb_start_leaves(start) ? call_remote(start, operation, out, reterr) : call_local(start, operation, out, reterr);
}

/** The same, and again as often as the rules allow. */
static corbel_status call_repeated(corbel_object *self, crb_start *start, const corbel_operation *operation,
                                   const void *const *in, void *const *out, corbel_error *reterr)
{
    corbel_error error = CORBEL_ERROR_INIT;
    corbel_status status = call_any(self, start, operation, out, &error);
    if (status != CORBEL_OK) {
        if (status != CORBEL_RAISED) {
            status = crb_again_call(self, start, operation, in, out, &error, call_any);
        }
        if (status != CORBEL_OK) {
            crb_error_move(reterr, &error);
        }
    }
    return status;
}

static corbel_status call_intercepted(corbel_object *self, crb_start *start, const corbel_operation *operation,
                                      const void *const *in, void *const *out, corbel_error *reterr)
{
    corbel_error error = CORBEL_ERROR_INIT;
    corbel_intercepted *const intercepted = start->intercepted;
    start->intercepted = NULL;
    const corbel_status status = call_repeated(self, start, operation, in, out, &error);
    crb_intercept_end(intercepted, status == CORBEL_OK ? NULL : &error, start->reply);
    if (status != CORBEL_OK) {
        crb_error_move(reterr, &error);
    }
    return status;
}

corbel_status corbel_stub_call(corbel_object *self, const corbel_operation *operation, const void *const *in, void *const *out,
                               corbel_error *reterr)
{
    const bool oneway = (operation->flags & CORBEL_ONEWAY) != 0;
    crb_start start;
    if (self != NULL && self->batch != NULL) {
        return crb_batch_call(self, operation, in, reterr);
    }
    corbel_status status = crb_start_prepare(self, operation, in, oneway, &start, reterr);
    if (status != CORBEL_OK) {
        return status;
    }
    status = start.intercepted == NULL ? call_repeated(self, &start, operation, in, out, reterr)
                                       : call_intercepted(self, &start, operation, in, out, reterr);
    crb_start_clear(&start);
    return status;
}
