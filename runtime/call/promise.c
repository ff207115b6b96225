/** Promises: references to what a call is still to return.
 *
 *  A promise keeps its route. While its call is under way, calls on it go where that call went: to the same peer, on the call's
 *  question, which is kept there until FINISH; or, in this process, through the dispatcher, where they wait (relay.c). When the
 *  call has returned and nothing sent on the route is unanswered, the promise is settled: it stands for what it became, for good.
 *  A oneway on the route is sent as a call, so that it is answered.
 *
 *  A reference in the result that was promised, and whose promise is not settled when the result is taken, is that promise: so
 *  calls on it stand behind those on the promise. A call that waits in a batch has no question yet: what it promises can be
 * called in that batch alone.
 *
 *  Invariants: what is guarded by a promise's guard (that of its call) does not change once it is settled; a call that goes by a
 *  promise counts it and is counted in unanswered until it is over; the question is finished once, when no promise needs it. */
#include "runtime/call/promise.h"

#include "runtime/base/fail.h"
#include "runtime/base/fork.h"
#include "runtime/call/batch.h"
#include "runtime/call/intercept.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum { PROMISE_MAX_STEPS = 64 }; /* promises that became promises, one after the other */

static void promise_lock(const crb_target *promise)
{
    if (promise->promise.peer != NULL) {
        crb_peer_lock(promise->promise.peer);
    } else {
        pthread_mutex_lock(promise->promise.guard);
    }
}

static void promise_unlock(const crb_target *promise)
{
    if (promise->promise.peer != NULL) {
        crb_peer_unlock(promise->promise.peer);
    } else {
        pthread_mutex_unlock(promise->promise.guard);
    }
}

/* ---- the call ---- */

static void promise_lock_call(const corbel_call *call)
{
    if (call->peer != NULL) {
        crb_peer_lock(call->peer);
    } else {
        pthread_mutex_lock(call->guard);
    }
}

static void promise_unlock_call(const corbel_call *call)
{
    if (call->peer != NULL) {
        crb_peer_unlock(call->peer);
    } else {
        pthread_mutex_unlock(call->guard);
    }
}

/** No promise needs the question any more: FINISH. Under the call's guard. */
static void promise_finish_locked(corbel_call *call)
{
    if (call->peer == NULL || !call->keep || call->question == NULL) {
        return;
    }
    if (call->promises == NULL && (atomic_load(&call->done) || (call->forgotten && call->run == NULL))) {
        crb_question *const question = call->question;
        call->question = NULL;
        crb_session_finish(call->peer->session, question, false);
    }
}

/** Takes it off the list of its call's. */
static void promise_unlist_locked(crb_target *promise)
{
    crb_target **at = &atomic_load(&promise->promise.call)->promises;
    while (*at != NULL && *at != promise) {
        at = &(*at)->promise.next;
    }
    if (*at != NULL) {
        *at = promise->promise.next;
    }
}

/** Settles it if nothing is on its way; what failed, at once: whatever is on its way fails by itself. Under its guard, and the
 *  last that is done with it: others look at a settled one without its guard, take its call from it, and may free both. */
static void promise_settle_locked(crb_target *promise)
{
    if (promise->promise.known && (promise->promise.unanswered == 0 || promise->promise.result == NULL) &&
        !atomic_load(&promise->promise.settled)) {
        promise_unlist_locked(promise);
        promise_finish_locked(atomic_load(&promise->promise.call));
        atomic_store(&promise->promise.settled, true);
    }
}

/** A settled one has no use for its call: long chains of promises do not keep each other. No lock held. */
static void promise_drop_call(crb_target *promise)
{
    corbel_call *const call = atomic_exchange(&promise->promise.call, NULL);
    if (call != NULL) {
        crb_call_unref(call);
    }
}

/** What the call's value, which is a result, has at the end of the promise's path; NULL: nothing. */
static crb_ref *promise_entry(const crb_target *promise, const crb_outcome_value *value)
{
    const uint64_t tag = crb_path_follow(value->body.data, value->body.len, promise->promise.path, promise->promise.n_path);
    for (size_t i = 0; tag != 0 && i < value->n_refs; i++) {
        if (value->refs[i].tag == tag) {
            return &value->refs[i];
        }
    }
    return NULL;
}

/** What the call's value has there is known to the promise. */
static void promise_know_locked(crb_target *promise, const corbel_call *call)
{
    static const char text[] = "%s of %s failed: %s%s";
    const crb_outcome_value *const value = &call->value;
    const corbel_operation *const operation = call->operation;
    corbel_error *const error = &promise->promise.error;
    crb_target *found = NULL;
    if (value->outcome == CRB_OUTCOME_RESULT) {
        const crb_ref *const entry = promise_entry(promise, value);
        found = entry == NULL ? NULL : entry->target;
        if (found == promise) {
            found = NULL; /* it was passed to the very call, which gave it back */
        }
        if (found == NULL) {
            crb_fail(error, CORBEL_NIL_REFERENCE, CORBEL_COMPLETED_NO, text, operation->name, operation->interface,
                     "it gave no reference", "");
        }
    } else if (value->outcome == CRB_OUTCOME_EXCEPTION) {
        crb_fail(error, CORBEL_UNDECLARED, CORBEL_COMPLETED_NO, text, operation->name, operation->interface, "it raised ",
                 value->exception);
    } else if (call->inherits) {
        crb_fail(error, value->error.status, CORBEL_COMPLETED_NO, "%s", value->error.message);
    } else {
        crb_fail(error, value->error.status, CORBEL_COMPLETED_NO, text, operation->name, operation->interface,
                 value->error.message, "");
    }
    promise->promise.result = found == NULL ? NULL : crb_target_ref(found);
    promise->promise.known = true;
    while (promise->promise.parked != NULL) {
        crb_work *const work = promise->promise.parked;
        promise->promise.parked = work->next;
        work->next = NULL;
        crb_host_get()->resume_locked(promise->runtime, work); /* only the host parks */
    }
    promise->promise.parked_end = &promise->promise.parked;
    promise_settle_locked(promise);
}

void crb_promise_completed_locked(corbel_call *call)
{
    crb_target *next = NULL;
    if (call->route != NULL) {
        call->inherits = crb_promise_failed(call->route) != NULL;
        crb_promise_over_locked(call->route);
        call->route = NULL;
    }
    for (crb_target *promise = call->promises; promise != NULL; promise = next) {
        next = promise->promise.next;
        promise_know_locked(promise, call);
    }
    promise_finish_locked(call);
}

void crb_promise_taken(corbel_call *call)
{
    crb_outcome_value *const value = &call->value;
    if (call->guard == NULL || value->outcome != CRB_OUTCOME_RESULT) {
        return;
    }
    promise_lock_call(call);
    for (crb_target *promise = call->promises; promise != NULL; promise = promise->promise.next) {
        crb_ref *const ref = promise_entry(promise, value);
        if (ref != NULL && ref->target == promise->promise.result && crb_target_try_ref(promise)) {
            crb_target_unref(ref->target); /* the promise has a count of it */
            ref->target = promise;
        }
    }
    promise_unlock_call(call);
}

void crb_promise_lend(const corbel_call *call, crb_wait *wait, crb_promise_lends *ret)
{
    ret->n = 0;
    pthread_mutex_lock(call->guard);
    const crb_target *promise = call->route;
    while (promise != NULL && promise->promise.peer == NULL && !promise->promise.known &&
           ret->n < sizeof ret->lents / sizeof *ret->lents) {
        const corbel_call *const of = atomic_load(&promise->promise.call); /* it is not settled */
        crb_wait_lend_locked(wait, &ret->lents[ret->n++], of->chain);
        promise = of->route;
    }
    pthread_mutex_unlock(call->guard);
}

void crb_promise_lend_no_more(crb_wait *wait, crb_promise_lends *lends)
{
    pthread_mutex_lock(&wait->runtime->dispatch_lock);
    while (lends->n > 0) {
        crb_wait_keep_locked(wait, &lends->lents[--lends->n]);
    }
    pthread_mutex_unlock(&wait->runtime->dispatch_lock);
}

void crb_promise_over_locked(crb_target *promise)
{
    assert(promise->promise.unanswered > 0);
    promise->promise.unanswered--;
    promise_settle_locked(promise);
}

void crb_promise_over(crb_target *promise)
{
    promise_lock(promise);
    crb_promise_over_locked(promise);
    promise_unlock(promise);
}

/* ---- targets ---- */

/** Takes over nothing. NULL: no memory. */
static crb_target *promise_new(corbel_call *call, const corbel_interface *interface, const uint32_t *path, size_t n)
{
    uint32_t *const copy = malloc((n > 0 ? n : 1) * sizeof *copy);
    crb_target *const promise = copy == NULL ? NULL : crb_target_new_promise(call->runtime);
    if (promise == NULL) {
        free(copy);
        return NULL;
    }
    memcpy(copy, path, n * sizeof *copy);
    atomic_fetch_add(&call->refs, 1);
    atomic_init(&promise->promise.call, call);
    promise->promise.guard = call->guard;
    promise->promise.peer = call->peer == NULL ? NULL : crb_peer_ref(call->peer);
    promise->promise.interface = interface;
    promise->promise.path = copy;
    promise->promise.n_path = n;
    promise->promise.parked_end = &promise->promise.parked;
    promise->promise.error = (corbel_error)CORBEL_ERROR_INIT;
    return promise;
}

void crb_promise_destroy(crb_target *promise)
{
    corbel_call *const call = atomic_load(&promise->promise.call);
    if (!atomic_load(&promise->promise.settled)) {
        promise_lock(promise);
        if (!atomic_load(&promise->promise.settled)) {
            promise_unlist_locked(promise);
            promise_finish_locked(call);
        }
        promise_unlock(promise);
    }
    crb_target_unref(promise->promise.result);
    corbel_error_clear(&promise->promise.error);
    free(promise->promise.path);
    promise_drop_call(promise);
    crb_peer_unref(promise->promise.peer);
}

/** Of a settled one. */
static corbel_status promise_result(const crb_target *promise, crb_target **ret, corbel_error *reterr)
{
    if (promise->promise.result == NULL) {
        const corbel_error *const error = &promise->promise.error;
        return crb_fail(reterr, error->status, CORBEL_COMPLETED_NO, "%s", error->message);
    }
    *ret = crb_target_ref(promise->promise.result);
    return CORBEL_OK;
}

/** One step; *ret promise itself: not known, or not settled. */
static corbel_status promise_step(crb_target *promise, bool passes, crb_work *work, crb_target **ret, corbel_error *reterr)
{
    if (atomic_load(&promise->promise.settled)) {
        promise_drop_call(promise);
        return promise_result(promise, ret, reterr);
    }
    promise_lock(promise);
    const bool here = promise->promise.peer == NULL;
    if (atomic_load(&promise->promise.settled) || (here && passes && promise->promise.known)) {
        promise_unlock(promise);
        return promise_result(promise, ret, reterr);
    }
    *ret = crb_target_ref(promise);
    if (!here || !passes) {
        promise->promise.unanswered++;
    } else {
        work->next = NULL;
        *promise->promise.parked_end = work;
        promise->promise.parked_end = &work->next;
    }
    promise_unlock(promise);
    return CORBEL_OK;
}

static corbel_status promise_walk(crb_target *promise, bool passes, crb_work *work, crb_target **ret, corbel_error *reterr)
{
    crb_target *at = crb_target_ref(promise);
    for (int i = 0; i < PROMISE_MAX_STEPS; i++) {
        crb_target *next = NULL;
        const corbel_status status = promise_step(at, passes, work, &next, reterr);
        const bool over = status != CORBEL_OK || next == at || next->kind != CRB_TARGET_PROMISE;
        crb_target_unref(at);
        if (over) {
            *ret = next;
            return status;
        }
        at = next;
    }
    crb_target_unref(at);
    return crb_fail(reterr, CORBEL_TOO_DEEP, CORBEL_COMPLETED_NO, "too many promises, each of which became the next");
}

corbel_status crb_promise_way(crb_target *promise, crb_target **ret, corbel_error *reterr)
{
    return promise_walk(promise, false, NULL, ret, reterr);
}

corbel_status crb_promise_pass(crb_target *promise, crb_work *work, crb_target **ret, corbel_error *reterr)
{
    return promise_walk(promise, true, work, ret, reterr);
}

crb_target *crb_promise_settled(const crb_target *promise)
{
    const crb_target *at = promise;
    for (int i = 0; i < PROMISE_MAX_STEPS && at->kind == CRB_TARGET_PROMISE; i++) {
        if (!atomic_load(&at->promise.settled) || at->promise.result == NULL) {
            return NULL;
        }
        at = at->promise.result;
    }
    return at->kind == CRB_TARGET_PROMISE ? NULL : crb_target_ref((crb_target *)(uintptr_t)at);
}

crb_target *crb_promise_known(crb_target *promise)
{
    crb_target *at = crb_target_ref(promise);
    for (int i = 0; i < PROMISE_MAX_STEPS && at != NULL && at->kind == CRB_TARGET_PROMISE; i++) {
        const bool settled = atomic_load(&at->promise.settled);
        if (!settled) {
            promise_lock(at);
        }
        crb_target *const result = at->promise.result;
        crb_target *const next = result == NULL ? NULL : crb_target_ref(result);
        if (!settled) {
            promise_unlock(at);
        }
        crb_target_unref(at);
        at = next;
    }
    if (at != NULL && at->kind == CRB_TARGET_PROMISE) {
        crb_target_unref(at);
        at = NULL;
    }
    return at;
}

bool crb_promise_waits(const crb_target *promise)
{
    if (atomic_load(&promise->promise.settled)) {
        return false;
    }
    promise_lock(promise);
    const corbel_call *const call = atomic_load(&promise->promise.call);
    const bool waits = !atomic_load(&promise->promise.settled) && call->unsent && !atomic_load(&call->done);
    promise_unlock(promise);
    return waits;
}

const corbel_error *crb_promise_failed(const crb_target *promise)
{
    return atomic_load(&promise->promise.settled) && promise->promise.result == NULL ? &promise->promise.error : NULL;
}

/** What it is of was begun in a batch that is not under way. */
static corbel_status promise_fail_unsent(const corbel_call *call, corbel_error *reterr)
{
    return crb_fail(reterr, CORBEL_MISUSE, CORBEL_COMPLETED_NO, CRB_PROMISE_UNSENT, call->operation->name,
                    call->operation->interface);
}

corbel_status crb_promise_aim_locked(const crb_target *promise, crb_call_out *out, corbel_error *reterr)
{
    if (crb_promise_failed(promise) != NULL) {
        crb_target *none = NULL;
        return promise_result(promise, &none, reterr);
    }
    const corbel_call *const call = atomic_load(&promise->promise.call);
    if (call->question == NULL) { /* else our count keeps it */
        return promise_fail_unsent(call, reterr);
    }
    out->promise = call->question;
    out->path = promise->promise.path;
    out->n_path = promise->promise.n_path;
    return CORBEL_OK;
}

corbel_status crb_promise_entry_locked(const crb_target *promise, const crb_peer *peer, crb_ref_out *out, corbel_error *reterr)
{
    if (promise->promise.peer != peer) {
        return CORBEL_OK; /* we pass calls on it on */
    }
    if (crb_promise_failed(promise) != NULL) {
        crb_target *none = NULL;
        return promise_result(promise, &none, reterr);
    }
    const crb_target *const result = promise->promise.result;
    if (promise->promise.known && (result->kind != CRB_TARGET_IMPORT || result->import.peer != peer)) {
        return CORBEL_OK;
    }
    out->object = NULL;
    if (promise->promise.known) {
        out->import = result->import.import;
    } else {
        const corbel_call *const call = atomic_load(&promise->promise.call);
        if (call->question == NULL) {
            return promise_fail_unsent(call, reterr);
        }
        out->promise = call->question;
        out->path = promise->promise.path;
        out->n_path = promise->promise.n_path;
    }
    return CORBEL_OK;
}

/* ---- for stubs ---- */

/** The reference; counts the promise for itself alone. */
static corbel_object *promise_object(crb_target *promise, const corbel_interface *interface)
{
    corbel_object *const object = promise == NULL ? NULL : crb_object_new(promise, interface);
    return object != NULL ? object : crb_object_no_memory();
}

/** The same promise, if it was made before: calls on both are of one order. */
static crb_target *promise_again_locked(const corbel_call *call, const uint32_t *path, size_t n,
                                        const corbel_interface *interface)
{
    for (crb_target *promise = call->promises; promise != NULL; promise = promise->promise.next) {
        if (promise->promise.interface == interface && promise->promise.n_path == n &&
            memcmp(promise->promise.path, path, n * sizeof *path) == 0 && crb_target_try_ref(promise)) {
            return promise;
        }
    }
    return NULL;
}

/** A promise of what the call is to return; settled at once where that is known. */
static crb_target *promise_of(corbel_call *call, const uint32_t *path, size_t n, const corbel_interface *interface)
{
    crb_target *const promise = promise_new(call, interface, path, n);
    crb_target *again = NULL;
    if (promise == NULL) {
        return NULL;
    }
    if (call->guard != NULL) {
        promise_lock(promise);
        again = promise_again_locked(call, path, n, interface);
    }
    if (again != NULL) {
        promise->promise.known = true; /* nothing: it goes */
        promise_settle_locked(promise);
    } else if (atomic_load(&call->done)) {
        promise_know_locked(promise, call);
    } else if (call->peer != NULL && !call->keep) {
        crb_fail(&promise->promise.error, CORBEL_MISUSE, CORBEL_COMPLETED_NO,
                 "%s::%s: the call was begun as one that promises nothing", call->operation->interface, call->operation->name);
        promise->promise.known = true;
        promise_settle_locked(promise);
    } else {
        promise->promise.next = call->promises;
        call->promises = promise;
        call->promising = true;
    }
    if (call->guard != NULL) {
        promise_unlock(promise);
    }
    if (again != NULL) {
        crb_target_unref(promise);
        return again;
    }
    return promise;
}

/** On the polling thread, or where it was begun. */
static void promise_call_over(corbel_call *call)
{
    if (call->intercepted != NULL && call->peer != NULL) {
        crb_intercept_discard(call); /* interceptors may be about to look at it */
    } else {
        crb_outcome_clear(&call->value); /* what was promised is counted by its promise */
    }
    crb_call_unref(call);
}

/** Of one in this process, on a worker. */
static void promise_call_done(corbel_call *call, void *user)
{
    (void)user;
    if (call->intercepted != NULL) {
        crb_intercept_settle(call);
    }
    promise_call_over(call);
}

corbel_object *corbel_stub_promise(corbel_object *self, const corbel_operation *operation, const void *const *in,
                                   const corbel_interface *interface)
{
    static const uint32_t path[] = { 1 }; /* the result is the first output */
    if (self == NULL) {
        return crb_object_nil();
    }
    corbel_call *const call = crb_call_begin(self, operation, in, true);
    if (call == &crb_call_no_memory || call->runtime == NULL) {
        corbel_call_drop(call);
        return crb_object_no_memory();
    }
    if (call->guard == NULL) {
        call->inherits = self->target->kind == CRB_TARGET_PROMISE && crb_promise_failed(self->target) != NULL;
    }
    crb_target *const promise = promise_of(call, path, 1, interface);
    if (promise == NULL) {
        corbel_call_drop(call);
        return crb_object_no_memory();
    }
    corbel_object *const object = promise_object(promise, interface);
    if (call->guard == NULL && call->batch != NULL) { /* corbel_batch_run() tells of its failure */
        crb_call_unref(call);
    } else if (call->guard == NULL) { /* it never left */
        promise_call_over(call);
    } else if (call->peer == NULL) {
        corbel_call_on_done(call, promise_call_done, NULL);
    } else {
        crb_peer_lock(call->peer);
        const bool done = atomic_load(&call->done);
        call->completed = done ? NULL : promise_call_over;
        call->forgotten = true;
        promise_finish_locked(call);
        crb_peer_unlock(call->peer); /* it may be gone from here on, unless it was done */
        if (done) {
            promise_call_over(call);
        }
    }
    return object;
}

corbel_object *corbel_stub_promised(corbel_call *call, const corbel_operation *operation, const uint32_t *path, size_t n,
                                    const corbel_interface *interface)
{
    if (call == NULL) {
        return crb_object_nil();
    }
    if (call == &crb_call_no_memory || call->runtime == NULL || call->operation != operation || crb_forked()) {
        return crb_object_no_memory();
    }
    return promise_object(promise_of(call, path, n, interface), interface);
}
