/** What a call begins with, whatever way it is made: checks, the context, the arguments, the object. */
#include "runtime/base/clock.h"
#include "runtime/base/fail.h"
#include "runtime/base/fork.h"
#include "runtime/call/again.h"
#include "runtime/call/intercept.h"
#include "runtime/call/message.h"
#include "runtime/call/promise.h"
#include "runtime/describe/describe.h"
#include "runtime/value/codec.h"

void crb_start_clear(crb_start *start)
{
    if (start->intercepted != NULL) {
        crb_intercept_handed_on(start->intercepted);
        start->intercepted = NULL;
    }
    crb_buf_clear(&start->args);
    if (start->context.data != NULL) {
        crb_buf_clear(&start->context);
    }
    crb_refs_free(start->refs.items, start->refs.len);
    start->refs = (crb_ref_list) { 0 };
    if (start->route != NULL) {
        crb_promise_over(start->route);
        start->route = NULL;
    }
    crb_target_unref(start->target);
    start->target = NULL;
    if (start->once != NULL) {
        crb_once_end(start->runtime, start->once);
        start->once = NULL;
    }
}

/** Calls that are never made again need no key: those on promises, in this process, and oneways. */
static corbel_status start_draw_key(crb_start *start, const corbel_operation *operation, corbel_error *reterr)
{
    if (start->target->kind != CRB_TARGET_IMPORT || (operation->flags & CORBEL_ONEWAY) != 0) {
        return CORBEL_OK;
    }
    start->once = crb_once_begin(start->runtime);
    return start->once != NULL ? CORBEL_OK
                               : crb_fail(reterr, CORBEL_NO_MEMORY, CORBEL_COMPLETED_NO, "no memory for the key of %s::%s",
                                          operation->interface, operation->name);
}

uint32_t crb_deadline_ms(const corbel_object *self, const corbel_operation *operation)
{
    return self->deadline_ms != 0        ? self->deadline_ms
           : operation->deadline_ms != 0 ? operation->deadline_ms
                                         : self->target->runtime->default_deadline_ms;
}

/** The call that promises what is called waits in a batch. */
static corbel_status start_fail_unsent(const crb_target *promise, corbel_error *reterr)
{
    const corbel_call *const call = atomic_load(&promise->promise.call); /* on whose route we count: it stays */
    return crb_fail(reterr, CORBEL_MISUSE, CORBEL_COMPLETED_NO, CRB_PROMISE_UNSENT, call->operation->name,
                    call->operation->interface);
}

corbel_status crb_start_encode(const corbel_operation *operation, const void *const *in, crb_start *start, corbel_error *reterr)
{
    const crb_ref_writer writer = { crb_ref_list_add, &start->refs };
    return (operation->flags & CRB_RAW) == 0
               ? crb_encode_params(operation->in, operation->n_in, in, &writer, &start->args, reterr)
               : crb_message_send(in[0], &start->args, &start->refs, reterr);
}

corbel_status crb_start_find(const corbel_object *self, const corbel_operation *operation, crb_start *start, corbel_error *reterr)
{
    const crb_resolving how = { .deadline = start->deadline,
                                .wait = self->wait_for_ready || start->runtime->wait_for_ready,
                                .nested = start->hop > 0 && !start->child };
    corbel_status status = crb_target_resolve(self->target, &how, &start->target, reterr);
    if (status == CORBEL_OK && start->target->kind == CRB_TARGET_PROMISE) {
        start->route = start->target;
        if (self->batch == NULL && crb_promise_waits(start->route)) {
            status = start_fail_unsent(start->route, reterr);
        }
    }
    if (status == CORBEL_OK && start->target->kind == CRB_TARGET_IMPORT &&
        atomic_load_explicit(&start->target->import.agreed, memory_order_relaxed) != self->agree &&
        (operation->flags & CRB_COUNTED) == 0) { /* of what the callee has described nothing need be asked */
        status = crb_agree(self, start->target, operation, start->deadline, reterr);
    }
    return status;
}

corbel_status crb_start_prepare(corbel_object *self, const corbel_operation *operation, const void *const *in, bool child,
                                crb_start *start, corbel_error *reterr)
{
    const crb_context *const context = crb_context_current();
    if (self == NULL) {
        return crb_fail(reterr, CORBEL_NIL_REFERENCE, CORBEL_COMPLETED_NO, "%s::%s called on a NULL reference",
                        operation->interface, operation->name);
    }
    if (self->target == NULL) {
        const bool nil = self == crb_object_nil();
        return crb_fail(reterr, nil ? CORBEL_NIL_REFERENCE : CORBEL_NO_MEMORY, CORBEL_COMPLETED_NO, "%s::%s%s",
                        operation->interface, operation->name,
                        nil ? " called on what a call on a NULL reference promised" : ": the reference was made without memory");
    }
    if (crb_forked()) {
        return crb_fail(reterr, CORBEL_FORKED, CORBEL_COMPLETED_NO,
                        "%s::%s called in the child of a fork, which may only exec or exit", operation->interface,
                        operation->name);
    }
    *start = (crb_start) { .runtime = self->target->runtime,
                           .implicit = self->target->kind == CRB_TARGET_IMPORT,
                           .args = CRB_BUF_INIT,
                           .reply = self->reply,
                           .child = child,
                           .of = self->target->key };
    if (atomic_load(&start->runtime->closed)) {
        return crb_fail(reterr, CORBEL_GONE, CORBEL_COMPLETED_NO, "%s::%s: the runtime of the reference has ended",
                        operation->interface, operation->name);
    }
    start->deadline = crb_after_ms(crb_now(), crb_deadline_ms(self, operation));
    if (context != NULL) {
        start->hop = context->hop + 1;
        start->deadline = context->deadline < start->deadline ? context->deadline : start->deadline;
        const corbel_status over = crb_cancel_seen();
        if (over != CORBEL_OK) {
            return crb_fail(reterr, over, CORBEL_COMPLETED_NO, "%s::%s: the operation that makes it is over for its caller",
                            operation->interface, operation->name);
        }
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
    if (self->lane != NULL && (start->lane = crb_lane_of(self->lane)) == 0) {
        return crb_fail(reterr, CORBEL_NO_MEMORY, CORBEL_COMPLETED_NO, "%s::%s: the lane was made without memory",
                        operation->interface, operation->name);
    }
    start->shares_lane = self->lane != NULL;
    if (self->overlap || (operation->flags & CORBEL_OVERLAP) != 0) {
        start->lane = 0;
    } else if (self->lane == NULL && crb_thread_uses_lanes()) {
        start->lane = crb_thread_lane();
    }
    const corbel_context *const inherited = crb_carried_inherited();
    corbel_status status = CORBEL_OK;
    const bool intercepts = crb_intercepts(start->runtime->outgoing);
    if (!intercepts && (inherited != NULL || self->context != NULL)) {
        status = crb_carried_pack(inherited, self->context, &start->runtime->carried, &start->context, reterr);
    }
    if (status == CORBEL_OK) {
        status = crb_start_encode(operation, in, start, reterr);
    }
    if (status == CORBEL_OK) {
        status = crb_start_find(self, operation, start, reterr);
    }
    if (status == CORBEL_OK && (operation->flags & CORBEL_ONCE) != 0) {
        status = start_draw_key(start, operation, reterr);
    }
    if (status == CORBEL_OK && intercepts) {
        status = crb_intercept_start(self, operation, start, reterr);
    }
    if (status != CORBEL_OK) {
        crb_start_clear(start);
        return status;
    }
    crb_again_mark(start);
    return CORBEL_OK;
}

crb_incoming crb_start_incoming(crb_start *start, const corbel_operation *operation, corbel_call *local, bool oneway)
{
    for (size_t i = 0; i < start->refs.len; i++) {
        start->refs.items[i].interface = NULL; /* as in what comes from a peer: the request may outlive the caller's tables */
    }
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
        .context = start->context,
        .plain = crb_intercept_is_inside(),
    };
}

void crb_start_handed_over(crb_start *start)
{
    start->target = NULL;
    start->route = NULL;
    start->args = (crb_buf)CRB_BUF_INIT;
    start->refs = (crb_ref_list) { 0 };
    start->context = (crb_buf)CRB_BUF_INIT;
}

void crb_start_given_back(crb_start *start, crb_given_back *back)
{
    start->target = back->target;
    start->args = back->args;
    start->context = back->context;
    start->refs.items = back->refs;
    start->refs.len = back->n_refs;
    start->refs.capacity = back->n_refs;
    *back = (crb_given_back) { .target = NULL };
}

static crb_send start_to_send(crb_start *start, const corbel_operation *operation, bool may_wait, const corbel_call *call)
{
    return (crb_send) {
        .interface = operation->interface,
        .operation = operation->name,
        .operation_key = (operation->flags & CRB_COUNTED) == 0 ? operation : NULL, /* the session keeps it */
        .lane = start->lane,
        .hop = start->hop,
        .oneway = call == NULL,
        .may_wait = may_wait,
        .args = &start->args,
        .refs = start->refs.items,
        .n_refs = start->refs.len,
        .context = &start->context,
        .keep = call != NULL && call->keep,
        .once = call != NULL && call->once != NULL ? call->once : start->once,
    };
}

/** Takes error, where there is one. */
static corbel_status start_sent(const crb_start *start, corbel_status status, corbel_error *error, corbel_error *reterr)
{
    if (status == CORBEL_GONE && start->implicit) {
        crb_error_reword(error, "the reference is broken for good, as the session that it came by has ended: %s", error->message);
    }
    if (status != CORBEL_OK) {
        crb_error_move(reterr, error);
    }
    return status;
}

corbel_status crb_start_send(crb_start *start, const corbel_operation *operation, bool may_wait, corbel_call *call,
                             corbel_error *reterr)
{
    const crb_send send = start_to_send(start, operation, may_wait, call);
    corbel_error error = CORBEL_ERROR_INIT;
    crb_target *const route = start->route;
    if (route != NULL) {
        call->route = route; /* oneways, too, are calls there */
        call->promising = true;
    }
    const corbel_status status = crb_call_send(start->target, &send, call, start->chain, start->deadline, &error);
    if (route != NULL && status == CORBEL_OK) {
        start->route = NULL;
    } else if (route != NULL) {
        call->route = NULL;
    }
    return start_sent(start, status, &error, reterr);
}

corbel_status crb_start_send_locked(crb_start *start, const corbel_operation *operation, const crb_send_after *after,
                                    corbel_call *call, crb_ref_out *refs, corbel_error *reterr)
{
    crb_send send = start_to_send(start, operation, false, call);
    corbel_error error = CORBEL_ERROR_INIT;
    send.after = *after;
    const corbel_status status = crb_call_send_locked(start->target, &send, call, start->chain, start->deadline, refs, &error);
    if (start->route != NULL && status == CORBEL_OK) {
        call->route = start->route; /* oneways, too, are calls there */
        call->promising = true;
        start->route = NULL;
    }
    return start_sent(start, status, &error, reterr);
}
