/** Calls in two halves: beginning, finishing, dropping. */
#include "runtime/base/fail.h"
#include "runtime/base/fork.h"
#include "runtime/call/call_impl.h"

#include <assert.h>
#include <stdlib.h>

static corbel_call call_no_memory; /* operation NULL */

/** A call that has failed before it began. */
static corbel_call *call_failed(corbel_runtime *runtime, const corbel_operation *operation, corbel_error *error)
{
    corbel_call *const call = calloc(1, sizeof *call);
    if (call == NULL) {
        corbel_error_clear(error);
        return &call_no_memory;
    }
    atomic_init(&call->refs, 1);
    call->runtime = runtime;
    call->operation = operation;
    call->value.outcome = CRB_OUTCOME_ERROR;
    crb_error_move(&call->value.error, error);
    atomic_init(&call->done, true);
    return call;
}

corbel_call *corbel_stub_begin(corbel_object *self, const corbel_operation *operation, const void *const *in)
{
    corbel_error error = CORBEL_ERROR_INIT;
    crb_start start;
    if (crb_start_prepare(self, operation, in, true, &start, &error)) {
        return call_failed(NULL, operation, &error);
    }
    corbel_call *const call = crb_call_new(operation, &start);
    if (call == NULL) {
        crb_start_clear(&start);
        return &call_no_memory;
    }
    if (start.target->kind == CRB_TARGET_LOCAL) {
        crb_call_queue(&start, operation, call);
    } else if (crb_start_send(&start, operation, self->wait_for_credit || crb_context_current() == NULL, call, &error)) {
        crb_call_unref(call);
        crb_start_clear(&start);
        return call_failed(start.runtime, operation, &error);
    }
    crb_start_clear(&start);
    return call;
}

corbel_status corbel_stub_finish(corbel_call *call, const corbel_operation *operation, void *const *out, corbel_error *reterr)
{
    if (call == NULL || call == &call_no_memory) {
        return crb_fail(reterr, call == NULL ? CORBEL_MISUSE : CORBEL_NO_MEMORY, CORBEL_COMPLETED_NO, "%s::%s: %s",
                        operation->interface, operation->name, call == NULL ? "_finish() of no call" : "no memory for a call");
    }
    if (crb_forked() && call->guard != NULL) {
        return crb_fail_forked(reterr, "_finish()");
    }
    if (call->operation != operation) {
        const corbel_status status =
            crb_fail(reterr, CORBEL_MISUSE, CORBEL_COMPLETED_MAYBE, "a call of %s::%s was finished as %s::%s",
                     call->operation->interface, call->operation->name, operation->interface, operation->name);
        corbel_call_drop(call);
        return status;
    }
    bool done = true;
    if (call->peer != NULL) {
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
    } else if (call->guard != NULL) {
        done = crb_call_wait_local(call);
    }
    const corbel_status status = done ? crb_call_take(call->runtime, operation, &call->value, out, reterr)
                                      : crb_fail(reterr, CORBEL_DEADLINE, CORBEL_COMPLETED_MAYBE, "%s::%s: the deadline passed",
                                                 operation->interface, operation->name);
    crb_call_unref(call);
    return status;
}

corbel_call *corbel_call_drop(corbel_call *call)
{
    if (call == NULL || call == &call_no_memory || crb_forked()) {
        return NULL;
    }
    if (call->peer != NULL) {
        crb_peer_lock(call->peer);
        if (!atomic_load(&call->done)) {
            crb_session_finish(call->peer->session, call->question, true);
            crb_peer_settle_locked(call->peer); /* it completes here */
        }
        assert(atomic_load(&call->done));
        crb_peer_unlock(call->peer);
    }
    crb_call_unref(call);
    return NULL;
}
