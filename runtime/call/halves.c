/** Calls in two halves: beginning, finishing, dropping. */
#include "runtime/base/clock.h"
#include "runtime/base/fail.h"
#include "runtime/base/fork.h"
#include "runtime/call/again.h"
#include "runtime/call/batch.h"
#include "runtime/call/intercept.h"
#include "runtime/call/promise.h"
#include "runtime/call/stream.h"
#include "runtime/describe/describe.h"

#include <stdlib.h>

corbel_call crb_call_no_memory;

corbel_call *crb_call_failed(const corbel_object *self, const corbel_operation *operation, corbel_error *error)
{
    corbel_call *const call = calloc(1, sizeof *call);
    if (call == NULL) {
        corbel_error_clear(error);
        return &crb_call_no_memory;
    }
    atomic_init(&call->refs, 1);
    if (self != NULL && self->target != NULL) { /* its callback wants a worker */
        call->target = crb_target_ref(self->target);
        call->runtime = self->target->runtime;
    }
    call->operation = operation;
    crb_operation_hold(operation);
    call->value.outcome = CRB_OUTCOME_ERROR;
    crb_error_move(&call->value.error, error);
    atomic_init(&call->done, true);
    return call;
}

/** streams: they are made, too. keep: its result may be promised. */
static corbel_call *halves_begin(corbel_object *self, const corbel_operation *operation, const void *const *in, bool streams,
                                 bool keep)
{
    corbel_error error = CORBEL_ERROR_INIT;
    crb_start start;
    if (self != NULL && self->batch != NULL && streams) {
        crb_fail(&error, CORBEL_MISUSE, CORBEL_COMPLETED_NO, "%s::%s has streams, which a batch does not carry",
                 operation->interface, operation->name);
        return crb_call_failed(self, operation, &error);
    }
    if (self != NULL && self->batch != NULL) {
        return crb_batch_begin(self, operation, in, keep);
    }
    if (crb_start_prepare(self, operation, in, true, &start, &error)) {
        return crb_call_failed(self, operation, &error);
    }
    corbel_call *const call = crb_call_new(operation, &start);
    if (call == NULL) {
        crb_start_clear(&start);
        return &crb_call_no_memory;
    }
    if (streams && !crb_call_add_streams(call, operation, start.deadline - crb_now())) {
        crb_call_unref(call);
        crb_start_clear(&start);
        return &crb_call_no_memory;
    }
    call->keep = keep && call->peer != NULL;
    call->again = streams || call->keep ? NULL : crb_again_new(self, &start);
    if (call->peer == NULL) {
        call->back = call->again == NULL ? NULL : crb_again_back(call->again);
        crb_call_queue(&start, operation, call);
    } else if (crb_start_send(&start, operation, self->wait_for_credit || crb_context_current() == NULL, call, &error) &&
               (call->again == NULL || !crb_again_keeps(call, &error))) {
        crb_again_has_rest(call->again, &start);
        crb_call_unref(call);
        crb_start_clear(&start);
        return crb_call_failed(self, operation, &error);
    }
    crb_again_has_rest(call->again, &start);
    crb_start_clear(&start);
    crb_cancel_under_current(call);
    if (streams && crb_context_current() != NULL && call->streams != NULL) {
        crb_call_bound_streams(call, crb_context_current()->deadline);
    }
    return call;
}

corbel_call *corbel_stub_begin(corbel_object *self, const corbel_operation *operation, const void *const *in)
{
    return halves_begin(self, operation, in, false, (operation->flags & CORBEL_PROMISES) != 0);
}

corbel_call *crb_call_begin(corbel_object *self, const corbel_operation *operation, const void *const *in, bool keep)
{
    return halves_begin(self, operation, in, false, keep);
}

corbel_call *corbel_stub_begin_streams(corbel_object *self, const corbel_operation *operation, const void *const *in,
                                       corbel_stream **ret_in, corbel_stream **ret_out)
{
    corbel_call *const call = halves_begin(self, operation, in, true, false);
    if (ret_in != NULL) {
        *ret_in = call->streams != NULL && call->streams->in != NULL ? call->streams->in : crb_stream_dead();
    }
    if (ret_out != NULL) {
        *ret_out = call->streams != NULL && call->streams->out != NULL ? call->streams->out : crb_stream_dead();
    }
    return call;
}

corbel_status corbel_stub_finish(corbel_call *call, const corbel_operation *operation, void *const *out, corbel_error *reterr)
{
    if (call == NULL || call == &crb_call_no_memory) {
        return crb_fail(reterr, call == NULL ? CORBEL_MISUSE : CORBEL_NO_MEMORY, CORBEL_COMPLETED_NO, "%s::%s: %s",
                        operation->interface, operation->name, call == NULL ? "_finish() of no call" : "no memory for a call");
    }
    if (crb_forked() && call->guard != NULL) {
        return crb_fail_forked(reterr, "_finish()");
    }
    if (crb_call_is_given(call)) {
        return crb_fail(reterr, CORBEL_MISUSE, CORBEL_COMPLETED_MAYBE, "a call of %s::%s belongs to its callback now",
                        operation->interface, operation->name);
    }
    if (call->operation != operation) {
        const corbel_status status =
            crb_fail(reterr, CORBEL_MISUSE, CORBEL_COMPLETED_MAYBE, "a call of %s::%s was finished as %s::%s",
                     call->operation->interface, call->operation->name, operation->interface, operation->name);
        corbel_call_drop(call);
        return status;
    }
    const bool complete = atomic_load(&call->done);
    if (call->batch != NULL && crb_batch_cancel(call) && !complete) {
        crb_call_unref(call);
        return crb_fail(reterr, CORBEL_MISUSE, CORBEL_COMPLETED_NO,
                        "%s::%s finished before corbel_batch_run(): it is not called any more", operation->interface,
                        operation->name);
    }
    bool done = true;
    if (call->streams != NULL) {
        crb_call_streams_finish(call);
    }
    if (call->guard != NULL) { /* under its guard, as who completes it may still be at it */
        pthread_mutex_lock(call->guard);
        done = atomic_load(&call->done);
        crb_call_taken_locked(call);
        pthread_mutex_unlock(call->guard);
    }
    if (!done && call->peer != NULL) {
        crb_wait wait;
        crb_wait_begin(&wait, call->runtime, call->chain);
        crb_peer_lock(call->peer);
        call->wait = &wait;
        if (atomic_load(&call->done)) {
            crb_io_wake(&wait.waiter);
        }
        crb_peer_unlock(call->peer);
        crb_call_wait_remote(call, &wait);
        crb_wait_end(&wait);
        done = true;
    } else if (!done) {
        done = crb_call_wait_local(call);
    }
    if (call->intercepted != NULL) {
        crb_intercept_settle(call);
    }
    if (done && call->streams != NULL) {
        const corbel_status failed = crb_call_streams_failure(call, reterr);
        if (failed != CORBEL_OK) {
            crb_call_unref(call);
            return failed;
        }
    }
    if (done && call->promising) {
        crb_promise_taken(call);
    }
    const corbel_status status = done ? crb_call_take(call, operation, out, reterr)
                                      : crb_fail(reterr, CORBEL_DEADLINE, CORBEL_COMPLETED_MAYBE, "%s::%s: the deadline passed",
                                                 operation->interface, operation->name);
    crb_call_unref(call);
    return status;
}

corbel_call *corbel_call_drop(corbel_call *call)
{
    if (call == NULL || call == &crb_call_no_memory || crb_forked()) {
        return NULL;
    }
    if (!crb_call_take_back(call)) {
        corbel_call_cancel(call);
        crb_call_unref(call);
    }
    return NULL;
}
