/** Relays: a call on a reference that we passed on, to an object of a third process. It is passed on undecoded, with its lane,
 *  chain, deadline and reference table; the answer comes back the same way. */
#include "daemon/host.h"

#include "runtime/call/promise.h"

#include "runtime/base/clock.h"
#include "runtime/base/fail.h"

#include <corbel/dynamic.h>
#include <stdlib.h>
#include <string.h>

/** The lane of a caller's thread, on the way from us to the object's process: the same for the same caller and lane, however
 *  often it falls empty; different ones for different callers (a chance meeting of two would only put them in one line). */
static uint64_t relay_lane(const corbel_request *request)
{
    uint64_t mixed = request->lane_id + 0x9e3779b97f4a7c15u * (1 + (request->peer == NULL ? 0 : request->peer->serial));
    mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9u; /* splitmix64's finisher (Steele, Lea, Flood 2014) */
    mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111ebu;
    mixed ^= mixed >> 31;
    return mixed == 0 ? 1 : mixed;
}

/** Own objects that are gone have no target: their entries are left out, and the reader says so. */
static size_t relay_drop_gone(crb_ref *refs, size_t n)
{
    size_t kept = 0;
    for (size_t i = 0; i < n; i++) {
        if (refs[i].target != NULL) {
            refs[kept++] = refs[i];
        }
    }
    return kept;
}

/** The relaying thread and the answer each have a hold on the request; who is last ends it. */
static void relay_drop(corbel_request *request)
{
    if (atomic_fetch_sub(&request->holds, 1) == 1) {
        crb_dispatch_finish(request);
        crb_request_free(request);
    }
}

/** The call that a request becomes. */
typedef struct relay_call {
    corbel_call call; /* first: see relay_answered() */
    corbel_request *request;
    crb_relay_streams *streams; /* NULL: none */
} relay_call;

static void relay_finish(void *user)
{
    corbel_call *const call = user;
    const relay_call *const relay = user;
    corbel_request *const request = relay->request;
    crb_outcome_value *const value = &call->value;
    crb_buf_clear(&request->reply_bytes); /* what a handler that passed it on has added gives way to the answer's */
    request->reply_bytes = value->context;
    value->context = (crb_buf)CRB_BUF_INIT;
    if (relay->streams != NULL && value->outcome == CRB_OUTCOME_RESULT &&
        crb_relay_streams_failed(relay->streams, &value->error)) {
        value->outcome = CRB_OUTCOME_ERROR;
    }
    if (value->outcome == CRB_OUTCOME_ERROR) {
        crb_request_reply_error(request, &value->error);
    } else {
        const size_t n = relay_drop_gone(value->refs, value->n_refs);
        crb_ref_list refs = { .items = value->refs, .len = n, .capacity = n };
        crb_error_move(&request->trace, &value->error);
        value->refs = NULL;
        value->n_refs = 0;
        crb_request_reply(request, value->outcome, &value->body, &refs, value->exception);
        crb_refs_free(refs.items, refs.len);
    }
    if (relay->streams != NULL) {
        crb_relay_streams_end(relay->streams, request, call);
    }
    crb_call_unref(call);
    relay_drop(request);
}

static void relay_answered(corbel_call *call)
{
    const relay_call *const relay = (const relay_call *)(const void *)call;
    if (relay->streams == NULL || crb_relay_streams_part(relay->streams)) {
        relay_finish(call);
    }
}

static corbel_call *relay_call_new(corbel_request *request, crb_target *target)
{
    relay_call *const relay = calloc(1, sizeof *relay);
    if (relay == NULL) {
        return NULL;
    }
    corbel_call *const call = &relay->call;
    relay->request = request;
    call->runtime = request->runtime;
    call->target = crb_target_ref(target);
    if (crb_target_peer(target) != NULL) {
        atomic_init(&call->refs, 1);
        call->peer = crb_target_peer(target);
        call->route = target->kind == CRB_TARGET_PROMISE ? target : NULL;
        call->promising = call->route != NULL;
        call->guard = &call->peer->lock;
    } else {
        atomic_init(&call->refs, 2); /* the request's that it becomes, too */
        call->guard = &target->runtime->dispatch_lock;
    }
    call->completed = relay_answered;
    call->value.error = (corbel_error)CORBEL_ERROR_INIT;
    if (request->stream_in != NULL || request->stream_out != NULL) {
        call->chain = request->chain;
        relay->streams = crb_relay_streams_new(request, call, relay_finish, call);
        if (relay->streams == NULL) {
            crb_target_unref(call->target);
            crb_call_free_streams(call);
            free(call);
            return NULL;
        }
    }
    return call;
}

/** To an object of this process: the call is queued there. It completes some time, however it goes. */
static void relay_here(corbel_request *request, crb_target *target, corbel_call *call)
{
    crb_incoming incoming = {
        .local = call,
        .target = crb_target_ref(target),
        .interface = corbel_request_interface(request),
        .operation = corbel_request_operation(request),
        .lane = request->lane_id == 0 ? 0 : relay_lane(request),
        .deadline = request->deadline,
        .chain = request->chain,
        .hop = request->hop + 1,
        .oneway = request->oneway,
        .complete = true,
        .args = request->args,
        .refs = request->refs,
        .n_refs = request->n_refs,
        .context = request->context_bytes,
    };
    request->args = (crb_buf)CRB_BUF_INIT;
    request->context_bytes = (crb_buf)CRB_BUF_INIT;
    request->refs = NULL;
    request->n_refs = 0;
    crb_dispatch_call(target->runtime, &incoming);
}

static corbel_status relay_there(corbel_request *request, crb_target *target, corbel_call *call, corbel_error *error)
{
    request->n_refs = relay_drop_gone(request->refs, request->n_refs);
    const crb_send send = {
        .interface = corbel_request_interface(request),
        .operation = corbel_request_operation(request),
        .lane = request->lane_id == 0 ? 0 : relay_lane(request),
        .hop = request->hop + 1,
        .oneway = call == NULL,
        .may_wait = true,
        .args = &request->args,
        .refs = request->refs,
        .n_refs = request->n_refs,
        .context = &request->context_bytes,
        .relayed_once = request->once,
    };
    return crb_call_send(target, &send, call, request->chain, request->deadline, error);
}

/** Where the call goes: counted; NULL: error says why. */
static crb_target *relay_resolve(corbel_request *request, crb_target *to, corbel_error *error)
{
    const crb_resolving how = { .deadline = request->deadline };
    crb_target *target = NULL;
    if (to->kind == CRB_TARGET_PROMISE) {
        if (crb_promise_pass(to, &request->work, &target, error)) {
            return NULL;
        }
        if (target->kind != CRB_TARGET_URI) {
            return target;
        }
        crb_target *const by_uri = target;
        const corbel_status status = crb_target_resolve(by_uri, &how, &target, error);
        crb_target_unref(by_uri);
        return status == CORBEL_OK ? target : NULL;
    }
    if (crb_target_resolve(to, &how, &target, error)) {
        return NULL;
    }
    if (target->kind == CRB_TARGET_LOCAL && to == request->target) { /* a URI that led back to ourselves */
        crb_target_unref(request->target);
        request->target = target;
        crb_fail(error, CORBEL_NOT_FOUND, CORBEL_COMPLETED_NO, "the reference led back to the process that passed it on");
        return NULL;
    }
    return target;
}

bool crb_relay(corbel_request *request, crb_target *to, corbel_error *error)
{
    crb_target *const target = relay_resolve(request, to, error);
    corbel_call *call = NULL;
    corbel_status status = CORBEL_OK;
    if (target == NULL) {
        return false;
    }
    const bool promised = target->kind == CRB_TARGET_PROMISE;
    if (promised && target->promise.peer == NULL) { /* it is run again when it is known what that is */
        crb_target_unref(target);                   /* not the last count: the request's own target leads to it */
        return true;
    }
    if ((!request->oneway || promised) && (call = relay_call_new(request, target)) == NULL) {
        if (promised) {
            crb_promise_over(target);
        }
        crb_target_unref(target);
        crb_fail(error, CORBEL_NO_MEMORY, CORBEL_COMPLETED_NO, "no memory to pass a call on");
        return false;
    }
    crb_relay_streams *const streams = call == NULL ? NULL : ((const relay_call *)(const void *)call)->streams;
    if (streams != NULL) {
        crb_relay_streams_ref(streams);
    }
    atomic_store(&request->holds, call == NULL ? 1 : 2); /* the answer may come before this function goes on */
    if (call != NULL) {
        atomic_fetch_add(&call->refs, 1);
    }
    if (target->kind == CRB_TARGET_LOCAL) {
        relay_here(request, target, call);
    } else {
        status = relay_there(request, target, call, error);
    }
    if (promised && status != CORBEL_OK) {
        call->route = NULL;
        crb_promise_over(target);
    }
    crb_target_unref(target);
    if (status != CORBEL_OK) {
        if (streams != NULL) {
            crb_relay_streams_drop(streams);
            crb_relay_streams_drop(streams); /* the call's, too */
        }
        if (call != NULL) {
            crb_call_unref(call);
            crb_call_unref(call);
        }
        return false;
    }
    if (call != NULL) { /* it ends with the request */
        crb_cancel_under(&request->scope, call);
        crb_call_unref(call);
    }
    if (streams != NULL) {
        crb_relay_streams_start(streams);
        crb_relay_streams_drop(streams);
    }
    crb_dispatch_leave_lane(request); /* what stands behind it is passed on behind it */
    if (call == NULL) {
        crb_request_reply(request, CRB_OUTCOME_RESULT, &(crb_buf)CRB_BUF_INIT, &(crb_ref_list) { 0 }, NULL);
    }
    relay_drop(request);
    return true;
}
