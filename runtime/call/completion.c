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

static void completion_run(crb_work *work)
{
    corbel_call *const call = (corbel_call *)((char *)work - offsetof(corbel_call, done_work));
    atomic_store(&call->given, false); /* from here on it is the callback's to finish */
    call->on_done(call, call->done_user);
}

/** completed() of a call with a callback. */
static void completion_post(corbel_call *call)
{
    const crb_host *const host = crb_host_get();
    call->done_work.run = completion_run;
    if (host != NULL && call->runtime != NULL) {
        host->post(call->runtime, &call->done_work);
    } else {
        completion_run(&call->done_work);
    }
}

/** Completes a call in this process that its servant has not answered. No lock held. */
static void completion_give_up(corbel_call *call, corbel_status status, const char *why)
{
    const crb_host *const host = crb_host_get();
    crb_outcome_value value = { .outcome = CRB_OUTCOME_ERROR, .error = CORBEL_ERROR_INIT };
    crb_fail(&value.error, status, CORBEL_COMPLETED_MAYBE, "%s::%s: %s", call->operation->interface, call->operation->name, why);
    pthread_mutex_lock(call->guard);
    const bool gives_up = !atomic_load(&call->done);
    if (gives_up) {
        if (call->request != NULL) {
            host->cancel_locked(call->request);
        }
        crb_call_complete_locked(call, &value);
    }
    void (*const completed)(corbel_call *) = gives_up ? call->completed : NULL;
    pthread_mutex_unlock(call->guard);
    if (gives_up && call->streams != NULL) {
        crb_call_streams_done(call);
    }
    crb_outcome_clear(&value);
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
    const bool again = atomic_load(&call->given);
    const bool complete = atomic_load(&call->done);
    if (!again) {
        call->on_done = done;
        call->done_user = user;
        atomic_store(&call->given, true);
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

void corbel_call_cancel(corbel_call *call)
{
    if (call == NULL || call->guard == NULL || crb_forked() || atomic_load(&call->done)) {
        return; /* without a guard it never left, and has failed */
    }
    if (call->batch != NULL && crb_batch_cancel(call)) {
        return;
    }
    if (call->peer == NULL) {
        completion_give_up(call, CORBEL_CANCELLED, "cancelled by the caller");
        return;
    }
    crb_peer_lock(call->peer);
    if (!atomic_load(&call->done) && call->question == NULL) { /* its batch has not sent it yet */
        crb_outcome_value value = { .outcome = CRB_OUTCOME_ERROR, .error = CORBEL_ERROR_INIT };
        crb_fail(&value.error, CORBEL_CANCELLED, CORBEL_COMPLETED_NO, "%s::%s: cancelled by the caller",
                 call->operation->interface, call->operation->name);
        crb_call_complete_locked(call, &value);
    } else if (!atomic_load(&call->done)) {
        crb_question *const question = call->question;
        call->question = NULL;
        crb_session_finish(call->peer->session, question, true);
        crb_peer_settle_locked(call->peer); /* it completes here */
        assert(atomic_load(&call->done));
    }
    crb_peer_unlock(call->peer);
}
