/** Objects of any interface: all calls come, undecoded, to one function, which answers or passes them on. Passing on is a relay's
 * work (relay.c): what is here only says where to. */
#include "daemon/host.h"

#include "runtime/base/clock.h"
#include "runtime/base/fail.h"
#include "runtime/call/message.h"

#include <stdlib.h>
#include <string.h>

/** One without a name is whatever it is taken for (crb_interface_find()). */
static const corbel_interface dynamic_any = { .name = "" };

/** What a handler has said about its request. */
typedef struct crb_raw_call {
    corbel_message arguments; /* the body is the request's */
    bool has_arguments;
    corbel_object *to; /* counted: whom it is passed on to */
    crb_buf body;      /* the reply */
    crb_ref_list refs;
    corbel_message reply; /* owned: what refs' interfaces point into */
    char *exception;      /* in the request's arena */
} crb_raw_call;

/* ---- objects ---- */

corbel_object *corbel_raw_new(corbel_runtime *runtime, const corbel_interface *interface, uint32_t flags,
                              corbel_raw_handler handler, void *self, corbel_finalizer finalize)
{
    crb_raw *const raw = runtime == NULL || handler == NULL ? NULL : malloc(sizeof *raw);
    const corbel_interface *const is = interface == NULL ? &dynamic_any : interface;
    crb_target *const target =
        raw == NULL ? NULL : crb_target_new_local(runtime, (corbel_skeleton) { .interface = is }, self, finalize);
    if (target == NULL) {
        free(raw);
        if (finalize != NULL) {
            finalize(self);
        }
        return crb_object_no_memory();
    }
    corbel_interface_ref(is);
    *raw = (crb_raw) { .handler = handler, .everything = (flags & CORBEL_RAW_EVERYTHING) != 0 };
    target->local.raw = raw;
    if (!crb_turns_open_gate(target)) {
        crb_target_unref(target); /* its end finalizes */
        return crb_object_no_memory();
    }
    corbel_object *const object = crb_object_new(target, interface); /* on failure the target's end finalizes */
    return object == NULL ? crb_object_no_memory() : object;
}

/* ---- what a handler asks ---- */

const char *corbel_request_interface(const corbel_request *request)
{
    return request->method != NULL ? request->method->operation->interface : request->interface;
}

const char *corbel_request_operation(const corbel_request *request)
{
    return request->method != NULL ? request->method->operation->name : request->operation;
}

bool corbel_request_is_oneway(const corbel_request *request)
{
    return request->oneway;
}

static void dynamic_drop_arguments(crb_raw_call *raw)
{
    for (size_t i = 0; i < raw->arguments.n_references; i++) {
        corbel_object_unref(raw->arguments.references[i].object);
    }
    raw->arguments = (corbel_message)CORBEL_MESSAGE_INIT;
    raw->has_arguments = false;
}

const corbel_message *corbel_request_arguments(corbel_request *request)
{
    crb_raw_call *const raw = request->raw;
    if (raw == NULL || raw->has_arguments) {
        return raw == NULL ? NULL : &raw->arguments;
    }
    corbel_tagged *const entries = crb_arena_alloc(request->arena, request->n_refs, sizeof *entries);
    if (entries == NULL) {
        return NULL;
    }
    raw->arguments = (corbel_message) { .body = { request->args.len, request->args.data }, .references = entries };
    for (size_t i = 0; i < request->n_refs; i++) {
        crb_target *const target = request->refs[i].target;
        entries[i].tag = request->refs[i].tag;
        if (target != NULL) {
            const corbel_interface *const is = target->kind == CRB_TARGET_LOCAL ? target->local.skeleton.interface : NULL;
            entries[i].object = crb_object_new(crb_target_ref(target), is);
        }
        if (target != NULL && entries[i].object == NULL) {
            dynamic_drop_arguments(raw);
            return NULL;
        }
        raw->arguments.n_references++;
    }
    raw->has_arguments = true;
    return &raw->arguments;
}

/* ---- what it answers ---- */

static void dynamic_drop_reply(crb_raw_call *raw)
{
    crb_buf_clear(&raw->body);
    crb_refs_free(raw->refs.items, raw->refs.len);
    raw->refs = (crb_ref_list) { 0 };
    corbel_message_clear(&raw->reply);
    raw->exception = NULL;
}

/** Takes a copy of the message as the reply, in place of what was there. */
static corbel_status dynamic_set(corbel_request *request, const corbel_message *message)
{
    crb_raw_call *const raw = request->raw;
    corbel_error error = CORBEL_ERROR_INIT;
    crb_ref_list given = { 0 };
    if (raw == NULL) {
        return corbel_request_fail(request, CORBEL_MISUSE, "a raw reply of a request that no raw handler has");
    }
    dynamic_drop_reply(raw);
    corbel_status status = crb_message_send(message, &raw->body, &given, &error);
    if (status == CORBEL_OK) { /* the interfaces' names are to live until it is sent */
        status = crb_message_received(NULL, 0, given.items, given.len, &raw->reply, &error);
    }
    for (size_t i = 0; status == CORBEL_OK && i < given.len; i++) {
        given.items[i].interface = raw->reply.references[i].interface;
    }
    raw->refs = given;
    if (status != CORBEL_OK) {
        status =
            corbel_request_fail(request, status == CORBEL_NO_MEMORY ? status : CORBEL_BAD_REPLY, "the reply: %s", error.message);
        corbel_error_clear(&error);
        dynamic_drop_reply(raw);
    }
    return status;
}

corbel_status corbel_request_reply_raw(corbel_request *request, const corbel_message *result)
{
    return dynamic_set(request, result);
}

corbel_status corbel_request_raise_raw(corbel_request *request, const char *exception, const corbel_message *value)
{
    const size_t size = exception == NULL ? 1 : strlen(exception) + 1;
    if (size == 1) {
        return corbel_request_fail(request, CORBEL_MISUSE, "an exception without a name");
    }
    for (size_t i = 0; value != NULL && i < value->n_references; i++) {
        if (value->references[i].tag > value->n_references) {
            return corbel_request_fail(request, CORBEL_BAD_REPLY, "the references of the exception %s do not count from 1",
                                       exception);
        }
    }
    const corbel_status status = dynamic_set(request, value);
    if (status != CORBEL_OK) {
        return status;
    }
    char *const name = crb_arena_alloc(request->arena, size, 1);
    if (name == NULL) {
        return corbel_request_fail(request, CORBEL_NO_MEMORY, "no memory for the exception %s", exception);
    }
    request->raw->exception = memcpy(name, exception, size);
    return CORBEL_RAISED;
}

corbel_status corbel_request_pass(corbel_request *request, corbel_object *to)
{
    crb_raw_call *const raw = request->raw;
    if (raw == NULL) {
        return corbel_request_fail(request, CORBEL_MISUSE, "a request that no raw handler has cannot be passed on");
    }
    if (to == NULL) {
        return corbel_request_fail(request, CORBEL_NIL_REFERENCE, "%s::%s passed on to a NULL reference",
                                   corbel_request_interface(request), corbel_request_operation(request));
    }
    if (to->target == NULL) {
        return corbel_request_fail(request, CORBEL_NO_MEMORY,
                                   "the reference that a call is passed on to was made without memory");
    }
    corbel_object_unref(raw->to);
    raw->to = corbel_object_ref(to);
    return CORBEL_DEFERRED;
}

/* ---- running ---- */

void crb_raw_answer(corbel_request *request, corbel_status status)
{
    crb_raw_call *const raw = request->raw;
    corbel_error error = CORBEL_ERROR_INIT;
    if (status == CORBEL_OK && request->no_memory) {
        status = crb_fail(&error, CORBEL_NO_MEMORY, CORBEL_COMPLETED_YES, "no memory for a string in the result");
    } else if (status == CORBEL_RAISED && raw->exception != NULL) {
        crb_request_reply(request, CRB_OUTCOME_EXCEPTION, &raw->body, &raw->refs, raw->exception);
        return;
    } else if (status == CORBEL_RAISED && request->exception != NULL) { /* by an X_raise(), or corbel_request_forward() */
        crb_request_reply(request, CRB_OUTCOME_EXCEPTION, &request->exception_body, &request->exception_refs, request->exception);
        return;
    } else if (status != CORBEL_OK) {
        crb_request_failure(request, status, &error);
    }
    if (status == CORBEL_OK) {
        crb_request_reply(request, CRB_OUTCOME_RESULT, &raw->body, &raw->refs, NULL);
    } else {
        crb_request_reply_error(request, &error);
    }
}

void crb_raw_clear(corbel_request *request)
{
    crb_raw_call *const raw = request->raw;
    if (raw != NULL) {
        request->raw = NULL;
        dynamic_drop_arguments(raw);
        dynamic_drop_reply(raw);
        corbel_object_unref(raw->to);
    }
}

/** Passes it on to whom the handler said. As crb_raw_run(). */
static bool dynamic_pass(corbel_request *request)
{
    corbel_error error = CORBEL_ERROR_INIT;
    corbel_object *const to = corbel_object_ref(request->raw->to);
    crb_raw_clear(request);
    if (to->deadline_ms != 0) {
        const uint64_t own = crb_after_ms(crb_now(), to->deadline_ms);
        request->deadline = own < request->deadline ? own : request->deadline;
    }
    const bool passed = crb_relay(request, to->target, &error);
    if (!passed) {
        crb_dispatch_leave_lane(request);
        crb_request_reply_error(request, &error);
    }
    corbel_object_unref(to);
    return !passed;
}

bool crb_raw_run(corbel_request *request)
{
    corbel_error error = CORBEL_ERROR_INIT;
    request->arena = crb_arena_new(0);
    request->raw = request->arena == NULL ? NULL : crb_arena_alloc(request->arena, 1, sizeof *request->raw);
    if (request->raw == NULL) {
        crb_fail(&error, CORBEL_NO_MEMORY, CORBEL_COMPLETED_NO, "no memory for the arguments");
        crb_dispatch_leave_lane(request);
        crb_request_reply_error(request, &error);
        return true;
    }
    crb_context context = crb_request_context(request);
    crb_context_enter(&context);
    const corbel_status status = request->target->local.raw->handler(request->target->local.self, request);
    crb_context_leave(&context);
    if (crb_is_deferred(request)) {
        crb_held none = { 0 };
        crb_dispatch_leave_lane(request);
        crb_defer_returned(request, status, &none);
        return false;
    }
    if (status == CORBEL_DEFERRED && request->raw->to != NULL) {
        return dynamic_pass(request);
    }
    crb_raw_answer(request, status);
    crb_dispatch_leave_lane(request);
    return true;
}
