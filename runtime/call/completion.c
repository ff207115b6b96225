/** Completions: callbacks instead of waiting threads, and cancelling.
 *
 *  Invariants: a call is complete once, by whoever is first: its answer, the end of its session, its deadline, or who cancels it.
 *  Its callback is posted once, by who completed it or (it was complete already) by corbel_call_on_done(), and with no lock held.
 */
#include "runtime/base/fail.h"
#include "runtime/base/fork.h"
#include "runtime/base/log.h"
#include "runtime/call/batch.h"
#include "runtime/call/stream.h"

#include <assert.h>
#include <stddef.h>

static pthread_mutex_t completion_lock = PTHREAD_MUTEX_INITIALIZER; /* for waits only */
static pthread_cond_t completion_changed = PTHREAD_COND_INITIALIZER;

static void completion_run(crb_work *work)
{
    corbel_call *const call = (corbel_call *)((char *)work - offsetof(corbel_call, done_work));
    int callback = CRB_CALLBACK_GIVEN;
    call->runner = pthread_self();
    if (!atomic_compare_exchange_strong(&call->callback, &callback, CRB_CALLBACK_RUNS)) { /* it was dropped */
        crb_call_unref(call);
        return;
    }
    atomic_fetch_add(&call->refs, 1); /* from here on it is the callback's to finish */
    call->on_done(call, call->done_user);
    if (atomic_exchange(&call->callback, CRB_CALLBACK_NONE) == CRB_CALLBACK_AWAITED) {
        pthread_mutex_lock(&completion_lock);
        pthread_cond_broadcast(&completion_changed);
        pthread_mutex_unlock(&completion_lock);
    }
    crb_call_unref(call);
}

/** completed() of a call with a callback. */
static void completion_post(corbel_call *call)
{
    const crb_host *const host = crb_host_get();
    call->done_work.run = completion_run;
    if (atomic_load(&call->callback) != CRB_CALLBACK_TAKEN && host != NULL && call->runtime != NULL) {
        host->post(call->runtime, &call->done_work);
    } else {
        completion_run(&call->done_work);
    }
}

bool crb_call_take_back(corbel_call *call)
{
    int callback = CRB_CALLBACK_GIVEN;
    atomic_fetch_add(&call->refs, 1); /* as soon as it is taken who would have run the callback may free it */
    const bool taken = atomic_compare_exchange_strong(&call->callback, &callback, CRB_CALLBACK_TAKEN);
    if (taken) {
        corbel_call_cancel(call);
    }
    crb_call_unref(call);
    if (taken) {
        return true;
    }
    if (callback == CRB_CALLBACK_RUNS && !pthread_equal(call->runner, pthread_self())) {
        pthread_mutex_lock(&completion_lock);
        if (atomic_compare_exchange_strong(&call->callback, &callback, CRB_CALLBACK_AWAITED)) {
            while (atomic_load(&call->callback) == CRB_CALLBACK_AWAITED) {
                pthread_cond_wait(&completion_changed, &completion_lock);
            }
        }
        pthread_mutex_unlock(&completion_lock);
    }
    return false;
}

/** Completes a call in this process that its servant has not answered. No lock held. */
static void completion_give_up(corbel_call *call, corbel_status status, const char *why)
{
    const crb_host *const host = crb_host_get();
    corbel_runtime *const runtime = call->runtime;
    const corbel_operation *const operation = call->operation; /* NULL: of a call that is passed on */
    crb_outcome_value value = { .outcome = CRB_OUTCOME_ERROR, .error = CORBEL_ERROR_INIT };
    crb_fail(&value.error, status, CORBEL_COMPLETED_MAYBE, "%s%s%s%s%s", operation == NULL ? "" : operation->interface,
             operation == NULL ? "" : "::", operation == NULL ? "" : operation->name, operation == NULL ? "" : ": ", why);
    pthread_mutex_lock(call->guard);
    const bool under_way = !atomic_load(&call->done);
    const bool gives_up = under_way && (!call->direct || call->parked);
    if (under_way && call->request != NULL && call->parked) {
        host->abandon_locked(call->request); /* it is its caller's stack that goes */
        call->request = NULL;
    } else if (under_way && call->request != NULL) {
        host->cancel_locked(call->request);
    }
    call->cancelled = call->cancelled || (under_way && call->direct); /* whose function has to return first */
    if (gives_up) {
        crb_call_complete_locked(call, &value);
    }
    void (*const completed)(corbel_call *) = gives_up ? call->completed : NULL;
    pthread_mutex_unlock(call->guard); /* a direct one may be gone from here on, unless its runtime cancels it */
    if (gives_up && !call->direct && call->streams != NULL) {
        crb_call_streams_done(call);
    }
    crb_outcome_clear(&value);
    if (under_way) {
        crb_cancel_run(runtime);
    }
    if (completed != NULL) {
        completed(call);
    }
}

static void completion_deadline(void *user)
{
    completion_give_up(user, CORBEL_DEADLINE, "the deadline passed");
}

void corbel_call_on_done(corbel_call *call, corbel_call_done done, void *user)
{
    if (call == NULL || done == NULL) {
        crb_log(CRB_LOG_ERROR, "call", "corbel_call_on_done() needs a call and a callback");
        return;
    }
    if (crb_forked() && call->guard != NULL) {
        return;
    }
    if (call == &crb_call_no_memory) {
        done(call, user);
        return;
    }
    if (call->guard != NULL) {
        pthread_mutex_lock(call->guard);
    }
    const bool again = atomic_load(&call->callback) != CRB_CALLBACK_NONE;
    const bool complete = atomic_load(&call->done);
    if (!again) {
        call->on_done = done;
        call->done_user = user;
        atomic_store(&call->callback, CRB_CALLBACK_GIVEN);
        if (!complete) {
            call->completed = completion_post;
            if (call->peer == NULL && call->streams == NULL) { /* a session ends its calls at their deadlines itself */
                crb_timer_init(&call->timer, completion_deadline, call);
                call->timed = true;
                crb_timer_set(&call->timer, call->deadline);
            }
        }
    }
    if (call->guard != NULL) {
        pthread_mutex_unlock(call->guard);
    }
    if (again) {
        crb_log(CRB_LOG_ERROR, "call", "corbel_call_on_done(): a call of %s::%s has a callback already",
                call->operation->interface, call->operation->name);
    } else if (complete) {
        completion_post(call);
    }
}

/** Of a call to a peer. Under its lock. */
static void completion_give_up_locked(corbel_call *call, corbel_status status, const char *why)
{
    if (atomic_load(&call->done)) {
        return;
    }
    if (call->question == NULL) { /* its batch has not sent it yet */
        crb_outcome_value value = { .outcome = CRB_OUTCOME_ERROR, .error = CORBEL_ERROR_INIT };
        crb_fail(&value.error, status, CORBEL_COMPLETED_NO, "%s::%s: %s", call->operation->interface, call->operation->name, why);
        crb_call_complete_locked(call, &value);
        return;
    }
    crb_question *const question = call->question;
    call->question = NULL;
    crb_session_give_up(call->peer->session, question, status);
    crb_peer_settle_locked(call->peer); /* it completes here */
    assert(atomic_load(&call->done));
}

void crb_call_give_up(corbel_call *call, corbel_status status, const char *why)
{
    if (call->guard == NULL || atomic_load(&call->done)) {
        return; /* without a guard it never left, and has failed */
    }
    if (call->batch != NULL && crb_batch_cancel(call)) {
        return;
    }
    if (call->peer == NULL) {
        completion_give_up(call, status, why);
        return;
    }
    crb_peer *const peer = call->peer;
    crb_peer_lock(peer);
    completion_give_up_locked(call, status, why);
    crb_peer_unlock(peer);
}

void corbel_call_cancel(corbel_call *call)
{
    if (call == NULL || call->guard == NULL || crb_forked()) {
        return;
    }
    crb_call_give_up(call, CORBEL_CANCELLED, "cancelled by the caller");
}
