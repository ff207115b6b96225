/** Requests: making and freeing them, and what a servant does with one. */
#include "daemon/host.h"

#include "runtime/base/clock.h"
#include "runtime/base/fail.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const corbel_method *request_find_method(const corbel_interface *has, const char *interface, const char *operation)
{
    for (uint32_t i = 0; i < has->n_methods; i++) {
        const corbel_operation *const candidate = has->methods[i].operation;
        if (strcmp(candidate->name, operation) == 0 && strcmp(candidate->interface, interface) == 0) {
            return &has->methods[i];
        }
    }
    return NULL;
}

/** By its names once for each session and interface; then the session remembers. */
static const corbel_method *request_method(const crb_incoming *incoming)
{
    if (incoming->target->kind != CRB_TARGET_LOCAL) {
        return NULL;
    }
    if (incoming->target->local.raw != NULL) {
        return NULL; /* its handler knows; and its interface may be at another one's address some day */
    }
    const corbel_interface *const has = incoming->target->local.skeleton.interface;
    crb_memo *const memo = incoming->memo;
    if (memo != NULL && memo->of == has) {
        return memo->is;
    }
    const corbel_method *const method = request_find_method(has, incoming->interface, incoming->operation);
    if (memo != NULL) {
        *memo = (crb_memo) { has, method };
    }
    return method;
}

/** The servant's ends of the call's streams. False: no memory. Under the peer's lock, if there is one. */
static bool request_add_streams(corbel_request *request, const crb_incoming *incoming)
{
    const crb_streams *const local = incoming->local != NULL ? incoming->local->streams : NULL;
    const corbel_stream *const other_in = local != NULL ? local->in : NULL;
    const corbel_stream *const other_out = local != NULL ? local->out : NULL;
    const bool in = incoming->stream_in != NULL || other_in != NULL;
    const bool out = incoming->stream_out != NULL || other_out != NULL;
    const corbel_operation *const operation = request->method != NULL ? request->method->operation : NULL;
    const uint64_t now = crb_now();
    const uint64_t wait_ns = request->deadline > now ? request->deadline - now : 0;
    request->stream_wait_ns = wait_ns;
    if (in) {
        request->stream_in = crb_stream_new(request->runtime, request->peer, other_in,
                                            operation != NULL ? operation->stream_in : NULL, false, request->chain, wait_ns);
    }
    if (out) {
        request->stream_out = crb_stream_new(request->runtime, request->peer, other_out,
                                             operation != NULL ? operation->stream_out : NULL, true, request->chain, wait_ns);
    }
    if ((in && request->stream_in == NULL) || (out && request->stream_out == NULL)) {
        return false;
    }
    if (incoming->stream_in != NULL) {
        crb_stream_attach_locked(request->stream_in, incoming->stream_in);
    }
    if (incoming->stream_out != NULL) {
        crb_stream_attach_locked(request->stream_out, incoming->stream_out);
    }
    return true;
}

corbel_request *crb_request_new(corbel_runtime *runtime, crb_incoming *incoming)
{
    corbel_request *const request = crb_workers_take_spare(sizeof *request);
    if (request == NULL) {
        return NULL;
    }
    memset(request, 0, sizeof *request);
    request->method = request_method(incoming);
    if (request->method == NULL) {
        request->interface = strdup(incoming->interface);
        request->operation = strdup(incoming->operation);
        if (request->interface == NULL || request->operation == NULL) {
            free(request->interface);
            free(request->operation);
            crb_workers_give_spare(request);
            return NULL;
        }
    }
    crb_runtime_ref_memory(runtime);
    request->work.run = crb_request_run;
    request->runtime = runtime;
    request->peer = incoming->peer == NULL ? NULL : crb_peer_ref(incoming->peer);
    request->answer = incoming->answer;
    request->local = incoming->local;
    if (incoming->local != NULL) {
        incoming->local->request = request; /* until crb_call_complete() */
    }
    request->target = incoming->target;
    request->lane_id = incoming->lane;
    request->deadline = incoming->deadline;
    request->scope.runtime = runtime;
    atomic_init(&request->scope.deadline, incoming->deadline);
    request->chain = incoming->chain;
    request->hop = incoming->hop;
    request->oneway = incoming->oneway;
    request->enter = incoming->enter;
    request->complete = incoming->complete;
    request->args = incoming->args;
    request->refs = incoming->refs;
    request->n_refs = incoming->n_refs;
    request->context_bytes = incoming->context;
    request->plain = incoming->plain;
    request->once = incoming->once;
    request->error = (corbel_error)CORBEL_ERROR_INIT;
    request->trace = (corbel_error)CORBEL_ERROR_INIT;
    if ((incoming->stream_in != NULL || incoming->stream_out != NULL ||
         (incoming->local != NULL && incoming->local->streams != NULL)) &&
        !request_add_streams(request, incoming)) {
        crb_request_disown(request);
        return NULL;
    }
    return request;
}

/** Nothing has come yet of one that is freed under a lock. */
static void request_end_streams(corbel_request *request)
{
    corbel_stream **const ends[2] = { &request->stream_in, &request->stream_out };
    for (size_t i = 0; i < 2; i++) {
        corbel_stream *const stream = *ends[i];
        if (stream != NULL && stream->conduit->core != NULL) { /* it was not answered: the peer's lock is held */
            crb_stream_detach_locked(stream);
        }
        crb_stream_end_of_life(stream);
        *ends[i] = NULL;
    }
}

void crb_request_disown(corbel_request *request)
{
    corbel_runtime *const runtime = request->runtime;
    if (request->stream_in != NULL || request->stream_out != NULL) {
        request_end_streams(request);
    }
    crb_peer_unref(request->peer); /* never the last count: the link has one */
    free(request->interface);
    free(request->operation);
    crb_workers_give_spare(request);
    crb_runtime_unref_memory(runtime);
}

static void request_drop_exception(corbel_request *request)
{
    crb_buf_clear(&request->exception_body);
    crb_refs_free(request->exception_refs.items, request->exception_refs.len);
    request->exception_refs = (crb_ref_list) { .indexes = true };
    request->exception_any = corbel_any_unref(request->exception_any);
    request->exception = NULL;
    corbel_error_clear(&request->trace);
}

void crb_request_clear(corbel_request *request)
{
    if (request->intercepted != NULL) { /* it has lost its caller */
        crb_request_after(request, CORBEL_GONE, NULL);
    }
    corbel_error_clear(&request->error);
    request_drop_exception(request);
    if (request->raw != NULL) {
        crb_raw_clear(request);
    }
    crb_held_release(&request->held);
    request->held = (crb_held) { 0 };
    if (request->stream_in != NULL || request->stream_out != NULL) {
        request_end_streams(request);
    }
    crb_arena_free(request->arena);
    request->arena = NULL;
    crb_buf_clear(&request->context_bytes);
    crb_buf_clear(&request->reply_bytes);
    if (request->carried != NULL || request->reply != NULL) {
        request->carried = corbel_context_unref(request->carried);
        request->reply = corbel_context_unref(request->reply);
    }
    if (request->once != NULL) {
        free(request->once);
        request->once = NULL;
    }
    crb_buf_clear(&request->args);
    crb_refs_free(request->refs, request->n_refs);
    request->refs = NULL;
    request->n_refs = 0;
    crb_watching_close(request);
    crb_target_unref(request->target);
    request->target = NULL;
    crb_peer_unref(request->peer);
    request->peer = NULL;
}

void crb_request_free(corbel_request *request)
{
    crb_request_clear(request);
    crb_request_disown(request);
}

void crb_request_object_name(const crb_target *target, char *out, size_t max)
{
    crb_target_name(target, out, max);
    if (target->kind != CRB_TARGET_LOCAL) {
        const size_t len = strlen(out);
        (void)snprintf(out + len, max - len, " (relayed)");
    }
}

/* ---- for servants ---- */

void *corbel_request_alloc(corbel_request *request, size_t count, size_t size)
{
    return request->arena == NULL ? NULL : crb_arena_alloc(request->arena, count, size); /* NULL: it is over */
}

const char *corbel_request_strdup(corbel_request *request, const char *string)
{
    const size_t size = string == NULL ? 1 : strlen(string) + 1;
    char *const copy = corbel_request_alloc(request, size, 1);
    if (copy == NULL) {
        request->no_memory = true;
        return NULL;
    }
    return memcpy(copy, string == NULL ? "" : string, size);
}

const char *corbel_request_printf(corbel_request *request, const char *format, ...)
{
    va_list arguments, again;
    va_start(arguments, format);
    va_copy(again, arguments);
    const int len = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    char *const text = len < 0 ? NULL : corbel_request_alloc(request, (size_t)len + 1, 1);
    if (text == NULL) {
        request->no_memory = true;
    } else {
        (void)vsnprintf(text, (size_t)len + 1, format, again);
    }
    va_end(again);
    return text;
}

corbel_status corbel_request_copy(corbel_request *request, const corbel_type *type, const void *value, void *ret)
{
    return crb_value_copy_into(type, value, request->arena, ret);
}

corbel_status corbel_request_fail(corbel_request *request, corbel_status status, const char *format, ...)
{
    char text[1024];
    va_list arguments;
    if (status == CORBEL_OK || status == CORBEL_RAISED || status == CORBEL_DEFERRED) {
        status = CORBEL_FAILED;
    }
    va_start(arguments, format);
    (void)vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    return crb_fail(&request->error, status, CORBEL_COMPLETED_YES, "%s", text);
}

/** Passes on an exception as it came, whether this program knows its type or not: its reader sees whether it declares it. */
static corbel_status request_pass_on(corbel_request *request, const corbel_any *any)
{
    request_drop_exception(request);
    if (!crb_exception_from_any(any, &request->exception_body, &request->exception_refs)) {
        return corbel_request_fail(request, CORBEL_NO_MEMORY, "no memory for the exception %s", corbel_any_type_name(any));
    }
    request->exception_any = corbel_any_ref(any);
    request->exception = corbel_any_type_name(any);
    return CORBEL_RAISED;
}

corbel_status corbel_request_forward(corbel_request *request, corbel_error *error)
{
    if (error->status == CORBEL_OK) {
        return corbel_request_fail(request, CORBEL_MISUSE, "corbel_request_forward() of an error that holds none");
    }
    const corbel_any *const any = corbel_error_exception_any(error);
    if (any != NULL && !request->oneway) {
        const corbel_status status = request_pass_on(request, any);
        crb_error_add_hops(&request->trace, error);
        corbel_error_clear(error);
        return status;
    }
    if (error->status == CORBEL_RAISED) {
        const corbel_type *type = NULL;
        const void *const value = crb_error_value(error, &type);
        if (value != NULL) {
            const corbel_status status = corbel_skeleton_raise(request, type, value);
            crb_error_add_hops(&request->trace, error);
            corbel_error_clear(error);
            return status;
        }
    }
    crb_error_move(&request->error, error);
    request->error.completion = CORBEL_COMPLETED_YES; /* of this request */
    return request->error.status;
}

static bool request_declares(const corbel_request *request, const corbel_type *type)
{
    const corbel_type *const *declared = request->method == NULL ? NULL : request->method->operation->raises;
    if (request->raw != NULL) {
        return true; /* what the operation declares its handler knows */
    }
    while (declared != NULL && *declared != NULL && strcmp((*declared)->name, type->name) != 0) {
        declared++;
    }
    return declared != NULL && *declared != NULL;
}

corbel_status corbel_skeleton_raise(corbel_request *request, const corbel_type *type, const void *exception)
{
    if (!request_declares(request, type)) {
        return corbel_request_fail(request, CORBEL_UNDECLARED, "the servant raised %s, which the operation does not declare",
                                   type->name);
    }
    const crb_ref_writer writer = { crb_ref_list_add, &request->exception_refs };
    request_drop_exception(request);
    corbel_error error = CORBEL_ERROR_INIT;
    if (crb_encode_struct(type, exception, &writer, &request->exception_body, &error)) {
        const corbel_status status =
            error.status == CORBEL_NO_MEMORY
                ? corbel_request_fail(request, CORBEL_NO_MEMORY, "no memory for the exception %s", type->name)
                : corbel_request_fail(request, CORBEL_BAD_REPLY, "the exception %s is not valid: %s", type->name, error.message);
        corbel_error_clear(&error);
        return status;
    }
    request->exception = type->name;
    return CORBEL_RAISED;
}

const corbel_context *corbel_request_context(const corbel_request *request)
{
    return request->carried == NULL ? &crb_context_empty : request->carried;
}

corbel_status corbel_request_set_reply_value(corbel_request *request, const char *name, const char *value)
{
    corbel_error error = CORBEL_ERROR_INIT;
    crb_buf packed = CRB_BUF_INIT;
    if (request->reply == NULL) {
        request->reply = corbel_context_new();
    }
    corbel_status status = corbel_context_set(request->reply, name, value, &error);
    if (status == CORBEL_OK) {
        status = crb_carried_pack_values(request->reply, &request->runtime->carried, &packed, &error);
        if (status == CORBEL_OK) {
            crb_buf_clear(&request->reply_bytes);
            request->reply_bytes = packed;
        } else {
            crb_carried_take_out(request->reply, name); /* what was packed before still goes */
        }
    }
    if (status != CORBEL_OK) {
        status = corbel_request_fail(request, status, "a value for the reply: %s", error.message);
    }
    corbel_error_clear(&error);
    return status;
}

const char *corbel_request_caller_address(const corbel_request *request)
{
    return request->peer == NULL ? "this process" : request->peer->from;
}

bool corbel_request_caller_user(const corbel_request *request, corbel_user *ret)
{
    if (request->peer == NULL) {
        *ret = (corbel_user) { .uid = getuid(), .gid = getgid(), .pid = getpid() };
        return true;
    }
    const crb_link_user *const user = &request->peer->user;
    if (request->peer->has_user) {
        *ret = (corbel_user) { .uid = user->uid, .gid = user->gid, .pid = user->pid };
    }
    return request->peer->has_user;
}

bool corbel_request_cancelled(const corbel_request *request)
{
    return atomic_load(&request->cancelled) || crb_now() >= request->deadline;
}

uint32_t corbel_request_remaining_ms(const corbel_request *request)
{
    const uint64_t now = crb_now();
    const uint64_t ms = now >= request->deadline ? 0 : (request->deadline - now) / CRB_MS;
    return ms > UINT32_MAX ? UINT32_MAX : (uint32_t)ms;
}

corbel_runtime *corbel_request_runtime(const corbel_request *request)
{
    return request->runtime;
}
