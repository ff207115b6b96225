/** Calls: sending one, waiting for it, taking its result. */
#include "runtime/base/clock.h"
#include "runtime/base/fail.h"
#include "runtime/base/fork.h"
#include "runtime/call/call_impl.h"
#include "runtime/value/codec.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

void crb_outcome_clear(crb_outcome_value *value)
{
    crb_refs_free(value->refs, value->n_refs);
    crb_buf_clear(&value->body);
    free(value->exception);
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
    call->value = *value;
    *value = (crb_outcome_value) { .error = CORBEL_ERROR_INIT };
    atomic_store(&call->done, true);
    if (call->completed != NULL) {
        call->later.run = call_completed_later;
        crb_peer_later_locked(call->peer, &call->later);
    } else if (call->wait != NULL) {
        crb_io_wake(&call->wait->waiter);
    }
}

corbel_status crb_call_send(crb_target *target, const crb_send *send, corbel_call *call, uint64_t chain, uint64_t deadline,
                            corbel_error *reterr)
{
    crb_peer *const peer = target->import.peer;
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
    crb_call_out out = {
        .target = target->import.import,
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
    };
    corbel_error error = CORBEL_ERROR_INIT; /* an attempt that only had to wait leaves nothing in reterr */
    corbel_status status;
    crb_peer_lock(peer);
    for (;;) {
        crb_question *question = NULL;
        if (atomic_load(&target->import.gone)) {
            status = crb_fail(&error, CORBEL_NOT_FOUND, CORBEL_COMPLETED_NO, "the object does not exist any more");
            break;
        }
        if (send->n_refs > 0) {
            crb_peer_refs_out_locked(peer, send->refs, send->n_refs, refs);
        }
        status = crb_session_call(peer->session, &out, crb_now(), &question, &error);
        if (status == CORBEL_OK) {
            crb_peer_refs_sent_locked(peer, send->refs, send->n_refs, refs);
            if (call != NULL) {
                call->question = question;
            }
            break;
        }
        if (status != CORBEL_WOULD_BLOCK || !send->may_wait) {
            break;
        }
        if (!crb_peer_wait_locked(peer, deadline) && crb_now() >= deadline) {
            status = crb_fail(&error, CORBEL_DEADLINE, CORBEL_COMPLETED_NO,
                              "the deadline passed while waiting for the peer to take what was sent before");
            break;
        }
    }
    crb_peer_unlock(peer);
    if (refs != few) {
        free(refs);
    }
    if (status != CORBEL_OK) {
        crb_error_move(reterr, &error);
    }
    corbel_error_clear(&error);
    return status;
}

/* ---- what a stub's call begins with ---- */

typedef struct call_start {
    corbel_runtime *runtime;
    bool implicit;      /* the reference came in a message: what it hangs on is not found again */
    crb_target *target; /* counted: LOCAL or IMPORT */
    crb_buf args;
    crb_ref_list refs;
    uint64_t chain, deadline, lane;
    uint32_t hop;
} call_start;

static void call_start_clear(call_start *start)
{
    crb_buf_clear(&start->args);
    crb_refs_free(start->refs.items, start->refs.len);
    start->refs = (crb_ref_list) { 0 };
    crb_target_unref(start->target);
    start->target = NULL;
}

/** Checks the reference, reads off the context, writes the arguments, finds the object. */
static corbel_status call_prepare(corbel_object *self, const corbel_operation *operation, const void *const *in, bool child,
                                  call_start *start, corbel_error *reterr)
{
    const crb_context *const context = crb_context_current();
    if (self == NULL) {
        return crb_fail(reterr, CORBEL_NIL_REFERENCE, CORBEL_COMPLETED_NO, "%s::%s called on a NULL reference",
                        operation->interface, operation->name);
    }
    if (self->target == NULL) {
        return crb_fail(reterr, CORBEL_NO_MEMORY, CORBEL_COMPLETED_NO, "%s::%s: the reference was made without memory",
                        operation->interface, operation->name);
    }
    if (crb_forked()) {
        return crb_fail(reterr, CORBEL_FORKED, CORBEL_COMPLETED_NO,
                        "%s::%s called in the child of a fork, which may only exec or exit", operation->interface,
                        operation->name);
    }
    *start = (call_start) { .runtime = self->target->runtime,
                            .implicit = self->target->kind == CRB_TARGET_IMPORT,
                            .args = CRB_BUF_INIT };
    if (atomic_load(&start->runtime->closed)) {
        return crb_fail(reterr, CORBEL_GONE, CORBEL_COMPLETED_NO, "%s::%s: the runtime of the reference has ended",
                        operation->interface, operation->name);
    }
    start->deadline = crb_after_ms(crb_now(), self->deadline_ms != 0 ? self->deadline_ms : start->runtime->default_deadline_ms);
    if (context != NULL) {
        start->hop = context->hop + 1;
        start->deadline = context->deadline < start->deadline ? context->deadline : start->deadline;
        if (start->hop > start->runtime->limits.max_hops) {
            return crb_fail(reterr, CORBEL_TOO_DEEP, CORBEL_COMPLETED_NO,
                            "%s::%s: more than %u calls, each inside the one before", operation->interface, operation->name,
                            start->runtime->limits.max_hops);
        }
    }
    start->chain = context != NULL && !child ? context->chain : crb_random_id();
    if (child) {
        crb_thread_use_lanes();
    }
    start->lane = crb_thread_uses_lanes() ? crb_thread_lane() : 0;
    const crb_ref_writer writer = { crb_ref_list_add, &start->refs };
    corbel_status status = crb_encode_params(operation->in, operation->n_in, in, &writer, &start->args, reterr);
    if (status == CORBEL_OK) {
        status = crb_target_resolve(self->target, start->deadline, &start->target, reterr);
    }
    if (status == CORBEL_OK && start->target->kind == CRB_TARGET_IMPORT &&
        atomic_load_explicit(&start->target->import.agreed, memory_order_relaxed) != self->agree) {
        status = crb_agree(self, start->target, operation, start->deadline, reterr);
    }
    if (status != CORBEL_OK) {
        call_start_clear(start);
    }
    return status;
}

static crb_incoming call_incoming(call_start *start, const corbel_operation *operation, corbel_call *local, bool oneway)
{
    return (crb_incoming) {
        .local = local,
        .target = start->target,
        .interface = operation->interface,
        .operation = operation->name,
        .lane = start->lane,
        .deadline = start->deadline,
        .chain = start->chain,
        .hop = start->hop,
        .oneway = oneway,
        .complete = true,
        .args = start->args,
        .refs = start->refs.items,
        .n_refs = start->refs.len,
    };
}

/** What an incoming call took over is no longer the start's. */
static void call_handed_over(call_start *start)
{
    start->target = NULL;
    start->args = (crb_buf)CRB_BUF_INIT;
    start->refs = (crb_ref_list) { 0 };
}

static corbel_status call_send(call_start *start, const corbel_operation *operation, bool may_wait, corbel_call *call,
                               corbel_error *reterr)
{
    const crb_send send = {
        .interface = operation->interface,
        .operation = operation->name,
        .operation_key = operation,
        .lane = start->lane,
        .hop = start->hop,
        .oneway = call == NULL,
        .may_wait = may_wait,
        .args = &start->args,
        .refs = start->refs.items,
        .n_refs = start->refs.len,
    };
    corbel_error error = CORBEL_ERROR_INIT;
    const corbel_status status = crb_call_send(start->target, &send, call, start->chain, start->deadline, &error);
    if (status == CORBEL_GONE && start->implicit) {
        crb_error_reword(&error, "the reference is broken for good, as the session that it came by has ended: %s", error.message);
    }
    if (status != CORBEL_OK) {
        crb_error_move(reterr, &error);
    }
    return status;
}

/* ---- what it ends with ---- */

static const corbel_type *call_declared(const corbel_operation *operation, const char *exception)
{
    for (const corbel_type *const *type = operation->raises; type != NULL && *type != NULL; type++) {
        if (strcmp((*type)->name, exception) == 0) {
            return *type;
        }
    }
    return NULL;
}

static corbel_status call_raise(const corbel_runtime *runtime, const corbel_operation *operation, crb_outcome_value *value,
                                corbel_error *reterr)
{
    const corbel_type *const type = call_declared(operation, value->exception);
    crb_ref_table table = { value->refs, value->n_refs };
    const crb_ref_reader reader = { crb_ref_table_take, &table };
    void *block = NULL;
    corbel_status status = CORBEL_UNDECLARED;
    if (type != NULL) {
        status = crb_decode_struct(type, value->body.data, value->body.len, &runtime->values, &reader, &block, reterr);
        if (status != CORBEL_OK) {
            return status;
        }
        if (reterr == NULL) {
            corbel_block_free(block);
            return CORBEL_RAISED;
        }
        status = crb_error_set_exception(reterr, value->exception, type, block);
    } else {
        corbel_error error = CORBEL_ERROR_INIT;
        crb_fail(&error, CORBEL_UNDECLARED, CORBEL_COMPLETED_YES, "%s::%s raised %s, which it does not declare here",
                 operation->interface, operation->name, value->exception);
        crb_error_move(reterr, &error);
    }
    if (reterr != NULL) {
        crb_error_keep_exception(reterr, value->exception,
                                 crb_exception_to_any(value->exception, &value->body, &table, runtime->limits.max_references),
                                 &crb_exception_hooks);
    }
    return status;
}

/** Turns the outcome into what the caller gets. Clears it. */
static corbel_status call_take(const corbel_runtime *runtime, const corbel_operation *operation, crb_outcome_value *value,
                               void *const *out, corbel_error *reterr)
{
    corbel_status status = CORBEL_OK;
    if (value->outcome == CRB_OUTCOME_ERROR) {
        status = value->error.status;
        crb_error_move(reterr, &value->error);
    } else if (value->outcome == CRB_OUTCOME_EXCEPTION) {
        status = call_raise(runtime, operation, value, reterr);
    } else {
        crb_ref_table table = { value->refs, value->n_refs };
        const crb_ref_reader reader = { crb_ref_table_take, &table };
        status = crb_decode_results(operation->out, operation->n_out, value->body.data, value->body.len, &runtime->values,
                                    &reader, out, reterr);
    }
    crb_outcome_clear(value);
    return status;
}

/** Waits for a call whose wait is registered. At the deadline it is completed by cancelling it. */
static void call_wait_remote(corbel_call *call, crb_wait *wait)
{
    if (crb_wait_until(wait, &call->done, call->guard, call->deadline)) {
        return;
    }
    crb_peer_lock(call->peer);
    if (!atomic_load(&call->done)) {
        crb_session_tick(call->peer->session, crb_now()); /* its deadline has passed: it completes here */
        crb_peer_settle_locked(call->peer);
    }
    crb_peer_unlock(call->peer);
    crb_wait_until(wait, &call->done, call->guard, CRB_NEVER);
}

static corbel_status call_remote(call_start *start, const corbel_operation *operation, void *const *out, corbel_error *reterr)
{
    crb_wait wait;
    corbel_call call = { .runtime = start->runtime,
                         .operation = operation,
                         .peer = start->target->import.peer,
                         .guard = &start->target->import.peer->lock,
                         .wait = &wait,
                         .deadline = start->deadline,
                         .value.error = CORBEL_ERROR_INIT };
    crb_wait_begin(&wait, start->runtime, start->chain);
    corbel_status status = call_send(start, operation, true, &call, reterr);
    if (status == CORBEL_OK) {
        call_wait_remote(&call, &wait);
    }
    crb_wait_end(&wait);
    return status == CORBEL_OK ? call_take(start->runtime, operation, &call.value, out, reterr) : status;
}

/* ---- calls in this process ---- */

static void call_unref(corbel_call *call)
{
    if (atomic_fetch_sub(&call->refs, 1) == 1) {
        crb_outcome_clear(&call->value);
        crb_target_unref(call->target);
        free(call);
    }
}

void crb_call_complete(corbel_call *call, crb_outcome_value *value)
{
    pthread_mutex_lock(call->guard);
    crb_call_complete_locked(call, value);
    pthread_mutex_unlock(call->guard);
    call_unref(call);
}

static corbel_call *call_new(const corbel_operation *operation, call_start *start)
{
    corbel_call *const call = calloc(1, sizeof *call);
    if (call != NULL) {
        atomic_init(&call->refs, 1);
        call->runtime = start->runtime;
        call->operation = operation;
        call->target = crb_target_ref(start->target);
        call->chain = start->chain;
        call->deadline = start->deadline;
        call->value.error = (corbel_error)CORBEL_ERROR_INIT;
        if (start->target->kind == CRB_TARGET_IMPORT) {
            call->peer = start->target->import.peer; /* counted by the target */
            call->guard = &call->peer->lock;
        } else {
            call->guard = &start->runtime->dispatch_lock;
        }
    }
    return call;
}

/** Queues a call in this process; call is NULL for a oneway. */
static void call_queue(call_start *start, const corbel_operation *operation, corbel_call *call)
{
    if (call != NULL) {
        atomic_fetch_add(&call->refs, 1); /* the request's */
    }
    crb_incoming incoming = call_incoming(start, operation, call, call == NULL);
    call_handed_over(start);
    crb_host_get()->call(start->runtime, &incoming); /* a local target: there is a host */
}

/** Waits for a queued call in this process; false: the deadline passed and it was left alone. */
static bool call_wait_local(corbel_call *call)
{
    crb_wait wait;
    crb_wait_begin(&wait, call->runtime, call->chain);
    pthread_mutex_lock(call->guard);
    call->wait = &wait;
    if (atomic_load(&call->done)) {
        crb_io_wake(&wait.waiter);
    }
    pthread_mutex_unlock(call->guard);
    bool done = crb_wait_until(&wait, &call->done, call->guard, call->deadline);
    pthread_mutex_lock(call->guard);
    call->wait = NULL;
    done = done || atomic_load(&call->done);
    pthread_mutex_unlock(call->guard);
    crb_wait_end(&wait);
    return done;
}

static corbel_status call_local(call_start *start, const corbel_operation *operation, void *const *out, corbel_error *reterr)
{
    crb_incoming incoming = call_incoming(start, operation, NULL, false);
    corbel_call direct = { .runtime = start->runtime,
                           .operation = operation,
                           .guard = &start->runtime->dispatch_lock,
                           .deadline = start->deadline,
                           .value.error = CORBEL_ERROR_INIT };
    atomic_init(&direct.refs, 2); /* never freed by counting */
    incoming.local = &direct;
    if (crb_host_get()->call_direct(start->runtime, &incoming)) {
        call_handed_over(start);
        if (crb_now() >= start->deadline && direct.value.outcome != CRB_OUTCOME_ERROR) {
            crb_outcome_clear(&direct.value);
            return crb_fail(reterr, CORBEL_DEADLINE, CORBEL_COMPLETED_MAYBE, "%s::%s returned after its deadline",
                            operation->interface, operation->name);
        }
        return call_take(start->runtime, operation, &direct.value, out, reterr);
    }
    corbel_call *const call = call_new(operation, start);
    if (call == NULL) {
        return crb_fail(reterr, CORBEL_NO_MEMORY, CORBEL_COMPLETED_NO, "no memory for a call");
    }
    call_queue(start, operation, call);
    const corbel_status status = call_wait_local(call)
                                     ? call_take(call->runtime, operation, &call->value, out, reterr)
                                     : crb_fail(reterr, CORBEL_DEADLINE, CORBEL_COMPLETED_MAYBE, "%s::%s: the deadline passed",
                                                operation->interface, operation->name);
    call_unref(call);
    return status;
}

/* ---- stubs ---- */

static corbel_status call_oneway(corbel_object *self, call_start *start, const corbel_operation *operation, corbel_error *reterr)
{
    if (start->target->kind == CRB_TARGET_LOCAL) {
        call_queue(start, operation, NULL);
        return CORBEL_OK;
    }
    return call_send(start, operation, self->wait_for_credit || crb_context_current() == NULL, NULL, reterr);
}

corbel_status corbel_stub_call(corbel_object *self, const corbel_operation *operation, const void *const *in, void *const *out,
                               corbel_error *reterr)
{
    const bool oneway = (operation->flags & CORBEL_ONEWAY) != 0;
    call_start start;
    corbel_status status = call_prepare(self, operation, in, oneway, &start, reterr);
    if (status != CORBEL_OK) {
        return status;
    }
    if (oneway) {
        status = call_oneway(self, &start, operation, reterr);
    } else if (start.target->kind == CRB_TARGET_LOCAL) {
        status = call_local(&start, operation, out, reterr);
    } else {
        status = call_remote(&start, operation, out, reterr);
    }
    call_start_clear(&start);
    return status;
}

/* ---- in two halves ---- */

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
    call_start start;
    if (call_prepare(self, operation, in, true, &start, &error)) {
        return call_failed(NULL, operation, &error);
    }
    corbel_call *const call = call_new(operation, &start);
    if (call == NULL) {
        call_start_clear(&start);
        return &call_no_memory;
    }
    if (start.target->kind == CRB_TARGET_LOCAL) {
        call_queue(&start, operation, call);
    } else if (call_send(&start, operation, self->wait_for_credit || crb_context_current() == NULL, call, &error)) {
        call_unref(call);
        call_start_clear(&start);
        return call_failed(start.runtime, operation, &error);
    }
    call_start_clear(&start);
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
        call_wait_remote(call, &wait);
        crb_wait_end(&wait);
    } else if (call->guard != NULL) {
        done = call_wait_local(call);
    }
    const corbel_status status = done ? call_take(call->runtime, operation, &call->value, out, reterr)
                                      : crb_fail(reterr, CORBEL_DEADLINE, CORBEL_COMPLETED_MAYBE, "%s::%s: the deadline passed",
                                                 operation->interface, operation->name);
    call_unref(call);
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
    call_unref(call);
    return NULL;
}

/* ---- the interface of an object ---- */

static const corbel_param call_is_a_in[] = { { .name = "interface", .id = 1, .type = &corbel_string_type } };
static const corbel_param call_is_a_out[] = { { .name = "ret", .id = 1, .type = &corbel_bool_type },
                                              { .name = "fingerprint", .id = 2, .type = &corbel_uint64_type } };
const corbel_operation crb_object_is_a = { .interface = "corbel::Object",
                                           .name = "is_a",
                                           .flags = CORBEL_IDEMPOTENT,
                                           .n_in = 1,
                                           .n_out = 2,
                                           .in = call_is_a_in,
                                           .out = call_is_a_out };
static const corbel_param call_daemon_out[] = { { .name = "ret", .id = 1, .type = &corbel_object_type } };
const corbel_operation crb_object_daemon = {
    .interface = "corbel::Object", .name = "daemon", .flags = CORBEL_IDEMPOTENT, .n_out = 1, .out = call_daemon_out
};

corbel_status corbel_object_cast(corbel_object *self, const corbel_interface *interface, corbel_object **ret,
                                 corbel_error *reterr)
{
    const corbel_interface *agree = NULL;
    if (self != NULL && self->target != NULL && (interface->flags & CORBEL_LOCAL) != 0 &&
        self->target->kind != CRB_TARGET_LOCAL) {
        return crb_fail(reterr, CORBEL_WRONG_INTERFACE, CORBEL_COMPLETED_NO,
                        "the object is not a %s: the interface is local, and the object is not of this process", interface->name);
    }
    if (self != NULL && self->target != NULL &&
        !(self->interface != NULL && crb_interface_is_a(self->interface, interface->name))) {
        bool is_a = false;
        uint64_t fingerprint = 0;
        const void *const in[] = { &interface->name };
        void *const out[] = { &is_a, &fingerprint };
        const corbel_status status = corbel_stub_call(self, &crb_object_is_a, in, out, reterr);
        if (status != CORBEL_OK) {
            return status;
        }
        if (!is_a) {
            return crb_fail(reterr, CORBEL_WRONG_INTERFACE, CORBEL_COMPLETED_NO, "the object is not a %s", interface->name);
        }
        crb_target_learn(self->target, interface->name, fingerprint);
        agree = interface;
    }
    if (self == NULL) {
        return crb_fail(reterr, CORBEL_NIL_REFERENCE, CORBEL_COMPLETED_NO, "a NULL reference cannot be cast to %s",
                        interface->name);
    }
    corbel_object *const cast = corbel_object_with(self, NULL);
    if (cast->target == NULL) {
        return crb_fail(reterr, CORBEL_NO_MEMORY, CORBEL_COMPLETED_NO, "no memory for a reference");
    }
    cast->interface = interface;
    cast->agree = agree != NULL ? agree : self->agree;
    *ret = cast;
    return CORBEL_OK;
}
