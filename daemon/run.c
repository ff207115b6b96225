/** Running a request: from its bytes to the servant's function and back. */
#include "daemon/host.h"

#include "runtime/base/clock.h"
#include "runtime/base/fail.h"
#include "runtime/base/log.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- how long functions take ---- */

#define RUN_QUICK 20000u /* ns */
#define RUN_PACES 256

/* By method: nanoseconds from entering a call to its answer, a moving average; 0: not known. Two methods may share one. */
static _Atomic uint32_t run_paces[RUN_PACES];

static _Atomic uint32_t *run_pace_of(const corbel_method *method)
{
    return &run_paces[((uintptr_t)method / sizeof *method) % RUN_PACES];
}

static void run_pace(const corbel_request *request, uint64_t now)
{
    if (request->method != NULL && request->entered != 0) {
        _Atomic uint32_t *const pace = run_pace_of(request->method);
        const uint64_t took = now - request->entered < UINT32_MAX ? now - request->entered : UINT32_MAX;
        const uint64_t before = atomic_load_explicit(pace, memory_order_relaxed);
        const uint64_t after = before == 0 ? took : before - before / 8 + took / 8;
        atomic_store_explicit(pace, (uint32_t)(after == 0 ? 1 : after < UINT32_MAX ? after : UINT32_MAX), memory_order_relaxed);
    }
}

bool crb_request_is_quick(const crb_work *work)
{
    const corbel_request *const request = (const corbel_request *)(const void *)work;
    if (work->run != crb_request_run || request->method == NULL) {
        return false;
    }
    const uint32_t pace = atomic_load_explicit(run_pace_of(request->method), memory_order_relaxed);
    return pace != 0 && pace < RUN_QUICK;
}

/* ---- replies ---- */

static _Thread_local bool run_answers;

bool crb_request_answers_now(void)
{
    return run_answers;
}

static void run_return(corbel_request *request, crb_result *result, const crb_ref_list *refs)
{
    crb_peer *const peer = request->peer;
    crb_ref_out few[8];
    const size_t n = refs == NULL ? 0 : refs->len;
    crb_ref_out *out = n <= sizeof few / sizeof few[0] ? few : calloc(n, sizeof *out);
    corbel_error error = CORBEL_ERROR_INIT;
    crb_result failed = { .outcome = CRB_OUTCOME_ERROR, .error = &error };
    if (out == NULL) {
        crb_fail(&error, CORBEL_NO_MEMORY, CORBEL_COMPLETED_YES, "no memory for the references of a result");
        result = &failed;
    } else if (n > 0 && crb_refs_may_leave(refs->items, n, CORBEL_BAD_REPLY, CORBEL_COMPLETED_YES, &error)) {
        result = &failed;
    }
    const bool has_refs = n > 0 && result != &failed;
    result->context = request->reply_bytes.data;
    result->context_len = request->reply_bytes.len;
    crb_peer_lock(peer);
    if (has_refs) {
        crb_peer_refs_out_locked(peer, refs->items, n, out);
        result->refs_out = out;
        result->n_refs_out = n;
    }
    const uint64_t now = crb_now();
    run_pace(request, now);
    if (request->stream_in != NULL || request->stream_out != NULL) {
        crb_stream_detach_locked(request->stream_in);
        crb_stream_detach_locked(request->stream_out);
    }
    crb_session_return(peer->session, request->answer, result, now);
    if (has_refs) {
        crb_peer_refs_sent_locked(peer, refs->items, n, out);
    }
    run_answers = true; /* a call that waits for this answer is handed up now */
    if (!crb_session_is_alone(peer->session) && crb_workers_gathers(request->runtime, peer, now)) {
        crb_peer_unlock_gathering(peer);
    } else {
        crb_peer_unlock(peer);
    }
    run_answers = false;
    if (out != few) {
        free(out);
    }
    corbel_error_clear(&error);
}

/** For a caller in this process. */
static void run_take_context(corbel_request *request, crb_outcome_value *value)
{
    value->context = request->reply_bytes;
    request->reply_bytes = (crb_buf)CRB_BUF_INIT;
}

static void run_done(corbel_request *request)
{
    if (request->peer != NULL) {
        crb_peer_lock(request->peer);
        crb_session_done(request->peer->session, request->answer);
        crb_peer_unlock(request->peer);
    }
}

void crb_request_after(corbel_request *request, corbel_status status, const corbel_error *error)
{
    corbel_intercepted *const intercepted = request->intercepted;
    corbel_error made = CORBEL_ERROR_INIT;
    if (status != CORBEL_OK && error == NULL) {
        crb_fail(&made, status, CORBEL_COMPLETED_YES, "%s", corbel_status_text(status));
    }
    request->intercepted = NULL;
    crb_context context = crb_request_context(request);
    crb_context_enter(&context);
    crb_intercept_end(intercepted, status == CORBEL_OK ? NULL : error != NULL ? error : &made, NULL);
    crb_context_leave(&context);
    corbel_error_clear(&made);
}

static void run_after_raised(corbel_request *request, const char *exception)
{
    corbel_error error = CORBEL_ERROR_INIT;
    crb_fail(&error, CORBEL_RAISED, CORBEL_COMPLETED_YES, "the servant raised %s", exception);
    crb_request_after(request, CORBEL_RAISED, &error);
    corbel_error_clear(&error);
}

static const char *run_interface(const corbel_request *request)
{
    return request->method != NULL ? request->method->operation->interface : request->interface;
}

static const char *run_operation(const corbel_request *request)
{
    return request->method != NULL ? request->method->operation->name : request->operation;
}

/** The hop of this process, behind those that the exception came by. */
static void run_trace_exception(corbel_request *request, const char *exception)
{
    char object[300], operation[256], message[300];
    (void)snprintf(operation, sizeof operation, "%s::%s", run_interface(request), run_operation(request));
    (void)snprintf(message, sizeof message, "raised %s", exception);
    crb_request_object_name(request->target, object, sizeof object);
    crb_error_add_hop(&request->trace, request->runtime->name, object, operation, message);
}

void crb_request_reply(corbel_request *request, crb_outcome outcome, crb_buf *body, crb_ref_list *refs, const char *exception)
{
    if (request->once != NULL) {
        corbel_error error = CORBEL_ERROR_INIT;
        if (crb_once_keep(request, outcome, body, refs, exception, &error) != CORBEL_OK) {
            crb_request_reply_error(request, &error);
            return;
        }
    }
    if (exception != NULL && !request->oneway) {
        run_trace_exception(request, exception);
    }
    if (request->intercepted != NULL && exception != NULL) {
        run_after_raised(request, exception);
    } else if (request->intercepted != NULL) {
        crb_request_after(request, CORBEL_OK, NULL);
    }
    if (request->oneway) {
        run_done(request);
    } else if (request->peer != NULL) {
        crb_result result = {
            .outcome = outcome, .body = body, .exception = exception, .error = exception == NULL ? NULL : &request->trace
        };
        run_return(request, &result, refs);
    } else {
        crb_outcome_value value = { .outcome = outcome, .body = *body, .error = CORBEL_ERROR_INIT };
        run_take_context(request, &value);
        *body = (crb_buf)CRB_BUF_INIT;
        for (size_t i = 0; i < refs->len; i++) {
            refs->items[i].interface = NULL; /* as in what comes from a peer: its text may not live so long */
        }
        value.refs = refs->items; /* their counts move along */
        value.n_refs = refs->len;
        *refs = (crb_ref_list) { 0 };
        if (exception != NULL) {
            crb_error_move(&value.error, &request->trace);
        }
        if (exception != NULL && (value.exception = strdup(exception)) == NULL) {
            crb_outcome_clear(&value);
            value.outcome = CRB_OUTCOME_ERROR;
            crb_fail(&value.error, CORBEL_NO_MEMORY, CORBEL_COMPLETED_YES, "no memory for an exception");
        }
        crb_call_complete_at(&request->local, &request->runtime->dispatch_lock, &value);
    }
    crb_buf_clear(body);
}

void crb_log_oneway(const char *operation, const char *object, const corbel_error *error)
{
    static _Atomic uint64_t next;
    static _Atomic uint32_t left_out;
    const uint64_t now = crb_now();
    uint64_t when = atomic_load(&next);
    if (now < when || !atomic_compare_exchange_strong(&next, &when, now + CRB_SECOND)) {
        atomic_fetch_add(&left_out, 1);
        return;
    }
    crb_log(CRB_LOG_WARNING, "daemon", "oneway %s of %s failed: %s: %s (%u more failed since the last such line)", operation,
            object, corbel_status_name(error->status), error->message, atomic_exchange(&left_out, 0));
}

void crb_request_reply_error(corbel_request *request, corbel_error *error)
{
    char object[300], operation[256];
    if (request->once != NULL) {
        (void)crb_once_keep(request, CRB_OUTCOME_ERROR, NULL, NULL, NULL, error); /* error says all */
    }
    if (request->intercepted != NULL) {
        crb_request_after(request, error->status, error);
    }
    (void)snprintf(operation, sizeof operation, "%s::%s", run_interface(request), run_operation(request));
    crb_request_object_name(request->target, object, sizeof object);
    if (request->oneway) {
        crb_log_set_correlation(corbel_context_get_correlation(request->carried));
        crb_log_oneway(operation, object, error);
        crb_log_set_correlation(corbel_context_get_correlation(crb_carried_inherited()));
        run_done(request);
    } else if (request->peer != NULL) {
        crb_error_add_hop(error, request->runtime->name, object, operation, error->message);
        crb_result result = { .outcome = CRB_OUTCOME_ERROR, .error = error };
        run_return(request, &result, NULL);
    } else {
        crb_outcome_value value = { .outcome = CRB_OUTCOME_ERROR, .error = CORBEL_ERROR_INIT };
        run_take_context(request, &value);
        crb_error_add_hop(error, request->runtime->name, object, operation, error->message);
        crb_error_move(&value.error, error);
        crb_call_complete_at(&request->local, &request->runtime->dispatch_lock, &value);
    }
    corbel_error_clear(error);
}

/* ---- the servant ---- */

/** Zeroed room for every output, in the arena. */
static bool run_make_outs(corbel_request *request, const corbel_operation *operation, void **outs)
{
    for (uint32_t i = 0; i < operation->n_out; i++) {
        outs[i] = crb_arena_alloc(request->arena, 1, operation->out[i].type->size);
        if (outs[i] == NULL) {
            return false;
        }
    }
    return true;
}

void crb_request_failure(corbel_request *request, corbel_status status, corbel_error *ret)
{
    if (request->error.status == status && status != CORBEL_OK) {
        crb_error_move(ret, &request->error);
    } else if (status == CORBEL_RAISED || status == CORBEL_DEFERRED) {
        crb_fail(ret, CORBEL_MISUSE, CORBEL_COMPLETED_YES, "the servant returned %s, but did not %s", corbel_status_name(status),
                 status == CORBEL_RAISED ? "raise anything" : "defer its reply");
    } else {
        /* A missing function answers like this, too; a servant that says so itself says that it did nothing. */
        const corbel_completion completion = status == CORBEL_UNIMPLEMENTED ? CORBEL_COMPLETED_NO : CORBEL_COMPLETED_YES;
        crb_fail(ret, status, completion, "%s", corbel_status_text(status));
    }
}

/** Its function runs as long as its streams do: it counts as returned for its lane, and for the caller's deadline, from here on.
 */
static void run_begin_streams(corbel_request *request, const corbel_operation *operation, const void **ins, void **outs)
{
    ins[operation->n_in] = &request->stream_in;
    outs[operation->n_out] = &request->stream_out;
    request->deadline = CRB_NEVER;
    atomic_store(&request->scope.deadline, CRB_NEVER);
    crb_dispatch_leave_lane(request);
}

/** What went wrong with an item, unless the servant says itself what went wrong. */
static corbel_status run_streams_failure(corbel_request *request, corbel_error *error)
{
    corbel_stream *const ends[2] = { request->stream_in, request->stream_out };
    for (size_t i = 0; i < 2; i++) {
        if (ends[i] != NULL && ends[i]->failure.status != CORBEL_OK) {
            crb_error_move(error, &ends[i]->failure);
            error->completion = CORBEL_COMPLETED_YES;
            return error->status;
        }
    }
    return CORBEL_OK;
}

void crb_request_answer(corbel_request *request, corbel_status status, const void *const *outs)
{
    if (request->watching != NULL) {
        crb_watching_close(request);
    }
    if (request->raw != NULL) {
        crb_raw_answer(request, status);
        return;
    }
    const corbel_operation *const operation = request->method->operation;
    corbel_error error = CORBEL_ERROR_INIT;
    crb_buf body = CRB_BUF_INIT;
    crb_ref_list refs = { 0 };
    if (status == CORBEL_OK && (request->stream_in != NULL || request->stream_out != NULL) &&
        (status = run_streams_failure(request, &error)) != CORBEL_OK) {
        crb_request_reply_error(request, &error);
        return;
    }
    if (status == CORBEL_OK && request->no_memory) {
        status = crb_fail(&error, CORBEL_NO_MEMORY, CORBEL_COMPLETED_YES, "no memory for a string in the result");
    } else if (status == CORBEL_RAISED && request->exception != NULL) {
        crb_request_reply(request, CRB_OUTCOME_EXCEPTION, &request->exception_body, &request->exception_refs, request->exception);
        return;
    } else if (status != CORBEL_OK) {
        crb_request_failure(request, status, &error);
    } else if (operation->n_out > 0) {
        const crb_ref_writer writer = { crb_ref_list_add, &refs };
        corbel_error bad = CORBEL_ERROR_INIT;
        if (crb_encode_params(operation->out, operation->n_out, outs, &writer, &body, &bad)) {
            status = bad.status == CORBEL_NO_MEMORY ? CORBEL_NO_MEMORY : CORBEL_BAD_REPLY;
            crb_fail(&error, status, CORBEL_COMPLETED_YES, "the servant's result: %s", bad.message);
            corbel_error_clear(&bad);
        }
    }
    if (status == CORBEL_OK) {
        crb_request_reply(request, CRB_OUTCOME_RESULT, &body, &refs, NULL);
    } else {
        crb_request_reply_error(request, &error);
    }
    crb_buf_clear(&body);
    crb_refs_free(refs.items, refs.len);
}

crb_context crb_request_context(corbel_request *request)
{
    return (crb_context) { .runtime = request->runtime,
                           .chain = request->chain,
                           .deadline = request->deadline,
                           .hop = request->hop,
                           .scope = &request->scope,
                           .carried = request->carried };
}

/** True: it is over. False: it was deferred, and may be gone. */
static bool run_servant(corbel_request *request)
{
    const corbel_operation *const operation = request->method->operation;
    crb_ref_table table = { request->refs, request->n_refs };
    const crb_ref_reader reader = { crb_ref_table_take, &table };
    const void *few_ins[16];
    void *few_outs[16];
    crb_held held = { 0 };
    corbel_error error = CORBEL_ERROR_INIT;
    request->arena = crb_arena_new(0);
    const void **const ins = operation->n_in < 16 ? few_ins : crb_arena_alloc(request->arena, operation->n_in + 1, sizeof *ins);
    void **const outs = operation->n_out < 16 ? few_outs : crb_arena_alloc(request->arena, operation->n_out + 1, sizeof *outs);
    if (request->arena == NULL || ins == NULL || outs == NULL || !run_make_outs(request, operation, outs)) {
        crb_fail(&error, CORBEL_NO_MEMORY, CORBEL_COMPLETED_NO, "no memory for the arguments");
        crb_dispatch_leave_lane(request);
        crb_request_reply_error(request, &error);
        return true;
    }
    if (crb_decode_args(operation->in, operation->n_in, request->args.data, request->args.len, &request->runtime->values, &reader,
                        request->arena, &held, ins, &error)) {
        error.completion = CORBEL_COMPLETED_NO;
        crb_dispatch_leave_lane(request);
        crb_request_reply_error(request, &error);
        return true;
    }
    if (request->stream_in != NULL || request->stream_out != NULL) {
        run_begin_streams(request, operation, ins, outs);
    }
    request->ins = ins;
    crb_context context = crb_request_context(request);
    crb_context_enter(&context);
    const corbel_status status =
        request->method->thunk(request->target->local.skeleton.servant, request->target->local.self, request, ins, outs);
    crb_context_leave(&context);
    const bool deferred = crb_is_deferred(request);
    if (!deferred) {
        crb_request_answer(request, status, (const void *const *)outs);
    }
    crb_dispatch_leave_lane(request);
    for (uint32_t i = 0; i < operation->n_out; i++) {
        crb_value_release_refs(operation->out[i].type, outs[i]);
    }
    if (deferred) {
        crb_defer_returned(request, status, &held);
    } else {
        crb_held_release(&held);
    }
    return !deferred;
}

/* ---- all of it ---- */

/** Why it is not entered any more; false: it is. */
static bool run_too_late(corbel_request *request, corbel_error *error)
{
    if (atomic_load(&request->cancelled)) {
        crb_fail(error, CORBEL_CANCELLED, CORBEL_COMPLETED_NO, "the caller gave up before the call was entered");
        return true;
    }
    request->entered = crb_now();
    if (request->entered >= request->deadline) {
        crb_fail(error, CORBEL_DEADLINE, CORBEL_COMPLETED_NO, "the deadline passed before the call was entered");
        return true;
    }
    if (request->hop > request->runtime->limits.max_hops) {
        crb_fail(error, CORBEL_TOO_DEEP, CORBEL_COMPLETED_NO, "more than %u calls, each inside the one before",
                 request->runtime->limits.max_hops);
        return true;
    }
    return false;
}

/** Does the caller mean other streams than the operation has here? */
static bool run_streams_differ(const corbel_request *request, corbel_error *error)
{
    const corbel_operation *const operation = request->method->operation;
    if ((operation->stream_in != NULL) == (request->stream_in != NULL) &&
        (operation->stream_out != NULL) == (request->stream_out != NULL)) {
        return false;
    }
    crb_fail(error, CORBEL_MISMATCH, CORBEL_COMPLETED_NO, "%s::%s is called with other streams than it has here",
             operation->interface, operation->name);
    return true;
}

/** On an object of ours. As run_servant(). */
static bool run_here(corbel_request *request)
{
    const crb_raw *const raw = request->target->local.raw;
    corbel_error error = CORBEL_ERROR_INIT;
    if (request->method != NULL && run_streams_differ(request, &error)) {
        crb_dispatch_leave_lane(request);
        crb_request_reply_error(request, &error);
        return true;
    }
    if (request->method != NULL) {
        return run_servant(request);
    }
    if ((raw == NULL || !raw->everything) && crb_builtin_run(request)) {
        return true;
    }
    if (raw != NULL) {
        return crb_raw_run(request);
    }
    crb_fail(&error, CORBEL_UNIMPLEMENTED, CORBEL_COMPLETED_NO, "the object has no operation %s::%s", request->interface,
             request->operation);
    crb_dispatch_leave_lane(request);
    crb_request_reply_error(request, &error);
    return true;
}

/** What the call carries, for the servant; true: it is refused. */
static bool run_take_in_context(corbel_request *request, corbel_error *error)
{
    return crb_carried_unpack(request->context_bytes.data, request->context_bytes.len, &request->runtime->carried,
                              &request->carried, error) != CORBEL_OK;
}

/** False: an interceptor has refused it, or took too long. */
static bool run_intercept(corbel_request *request, corbel_error *error)
{
    const corbel_operation *const operation = request->method == NULL ? NULL : request->method->operation;
    if (request->plain || (operation == NULL && request->target->local.raw == NULL)) {
        return true; /* what every object answers by itself, or nobody knows */
    }
    crb_context context = crb_request_context(request);
    crb_context_enter(&context);
    const corbel_status status = crb_intercept_request(
        request->runtime->incoming, request, request->target, operation == NULL ? request->interface : operation->interface,
        operation == NULL ? request->operation : operation->name,
        request->oneway || (operation != NULL && (operation->flags & CORBEL_ONEWAY) != 0), /* one on a promise comes as a call */
        request->stream_in != NULL || request->stream_out != NULL, request->deadline, &request->carried, &request->intercepted,
        error);
    crb_context_leave(&context);
    return status == CORBEL_OK && !run_too_late(request, error);
}

void crb_request_run(crb_work *work)
{
    corbel_request *const request = (corbel_request *)(void *)work; /* its first member */
    corbel_error error = CORBEL_ERROR_INIT;
    crb_once_way way = CRB_ONCE_WAY_ON;
    if (request->enter) {
        crb_peer_lock(request->peer);
        crb_session_enter(request->peer->session, request->answer);
        crb_peer_unlock(request->peer);
    }
    if (request->broken) {
        crb_dispatch_leave_lane(request);
        crb_request_reply_error(request, &request->error);
    } else if (run_too_late(request, &error)) {
        crb_dispatch_leave_lane(request);
        crb_request_reply_error(request, &error);
    } else if (request->once != NULL && (way = crb_once_enter(request)) != CRB_ONCE_WAY_ON) {
        if (way == CRB_ONCE_WAY_PARKED) {
            return; /* over when the other one is */
        }
    } else if (request->target->kind != CRB_TARGET_LOCAL) {
        if (crb_relay(request, request->target, &error)) {
            return; /* over when the answer comes */
        }
        crb_dispatch_leave_lane(request);
        crb_request_reply_error(request, &error);
    } else if (request->context_bytes.len > 0 && run_take_in_context(request, &error)) {
        crb_dispatch_leave_lane(request);
        crb_request_reply_error(request, &error);
    } else if (crb_intercepts(request->runtime->incoming) && !run_intercept(request, &error)) {
        crb_dispatch_leave_lane(request);
        crb_request_reply_error(request, &error);
    } else if (!run_here(request)) {
        return; /* over when it is answered */
    }
    crb_dispatch_finish(request);
    crb_request_free(request);
}
