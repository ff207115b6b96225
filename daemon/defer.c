/** Deferred replies: a request that outlives its function.
 *
 *  Two have a hold on a deferred request: its function, until it has returned, and whoever answers it; the last ends it. Who
 * answers claims it first, so that it is answered once. What was answered is remembered for a while without what belonged to it,
 * as the memory alone: an answer too many finds that it comes too late, and a line in the log says so. */
#include "daemon/host.h"

#include "runtime/base/fail.h"
#include "runtime/base/log.h"

#include <corbel/dynamic.h>
#include <stdlib.h>
#include <string.h>

enum { DEFER_NOT, DEFER_WAITS, DEFER_ANSWERED }; /* corbel_request.deferral */

bool crb_is_deferred(const corbel_request *request)
{
    return atomic_load_explicit(&request->deferral, memory_order_relaxed) != DEFER_NOT;
}

/** Keeps the memory of a request that is over, in place of the one for which that was done longest ago. */
static void defer_remember(corbel_request *request)
{
    corbel_runtime *const runtime = request->runtime;
    corbel_request *forgotten = request;
    crb_request_clear(request);
    pthread_mutex_lock(&runtime->dispatch_lock);
    crb_dispatch *const dispatch = runtime->dispatch;
    if (dispatch != NULL && !request->detached) {
        corbel_request **const place = &dispatch->answered[dispatch->next_answered++ % CRB_ANSWERED];
        forgotten = *place;
        *place = request;
    }
    pthread_mutex_unlock(&runtime->dispatch_lock);
    if (forgotten != NULL) {
        crb_request_free(forgotten);
    }
}

static void defer_drop(corbel_request *request)
{
    if (atomic_fetch_sub(&request->holds, 1) == 1) {
        crb_dispatch_finish(request);
        defer_remember(request);
    }
}

/** May the calling thread answer it? */
static bool defer_claim(corbel_request *request, const char *how)
{
    uint32_t before = DEFER_WAITS;
    if (atomic_compare_exchange_strong(&request->deferral, &before, DEFER_ANSWERED)) {
        return true;
    }
    crb_log(CRB_LOG_ERROR, "daemon", "%s of %s::%s: the request %s", how, corbel_request_interface(request),
            corbel_request_operation(request), before == DEFER_NOT ? "was not deferred" : "was answered before");
    return false;
}

/** The same one may stand in several files: those that define an heir have a copy. */
static bool defer_is(const corbel_request *request, const corbel_operation *operation)
{
    const corbel_operation *const own = request->method == NULL ? NULL : request->method->operation; /* NULL: a raw handler's */
    return own == operation ||
           (own != NULL && strcmp(own->name, operation->name) == 0 && strcmp(own->interface, operation->interface) == 0);
}

/* ---- the function ---- */

corbel_status corbel_request_defer(corbel_request *request)
{
    uint32_t before = DEFER_NOT;
    if (atomic_compare_exchange_strong(&request->deferral, &before, DEFER_WAITS)) {
        atomic_store(&request->holds, 2);
    }
    return CORBEL_DEFERRED;
}

corbel_status corbel_skeleton_defer(corbel_request *request, const corbel_operation *operation, void *const *args)
{
    if (request->ins == NULL || !defer_is(request, operation)) {
        return corbel_request_fail(request, CORBEL_MISUSE, "a request of %s::%s cannot lend the arguments of %s::%s",
                                   corbel_request_interface(request), corbel_request_operation(request), operation->interface,
                                   operation->name);
    }
    for (uint32_t i = 0; i < operation->n_in; i++) {
        const corbel_type *const type = operation->in[i].type;
        if (type->kind == CORBEL_KIND_STRUCT || type->kind == CORBEL_KIND_UNION || type->kind == CORBEL_KIND_ARRAY) {
            *(const void **)args[i] = request->ins[i];
        } else {
            memcpy(args[i], request->ins[i], type->size);
        }
    }
    request->lends_args = true;
    return corbel_request_defer(request);
}

void crb_defer_returned(corbel_request *request, corbel_status status, crb_held *held)
{
    corbel_runtime *const runtime = request->runtime;
    request->ins = NULL;
    if (request->lends_args) {
        request->held = *held; /* released with the request */
    } else {
        crb_held_release(held);
    }
    if (status != CORBEL_DEFERRED && defer_claim(request, "a return without CORBEL_DEFERRED")) {
        crb_request_answer(request, status == CORBEL_OK ? CORBEL_BAD_REPLY : status, NULL);
        defer_drop(request);
    }
    pthread_mutex_lock(&runtime->dispatch_lock);
    request->returned = true;
    runtime->dispatch->n_deferred++;
    if (request->queued != NULL) {
        crb_turns_deferred_locked(request);
    }
    pthread_cond_broadcast(&runtime->dispatch->changed);
    pthread_mutex_unlock(&runtime->dispatch_lock);
    defer_drop(request);
}

/* ---- the answer ---- */

void corbel_skeleton_reply(corbel_request *request, const corbel_operation *operation, const void *const *out)
{
    if (!defer_claim(request, "a reply")) {
        return;
    }
    corbel_status status = CORBEL_OK;
    if (!defer_is(request, operation)) {
        status = corbel_request_fail(request, CORBEL_BAD_REPLY, "a request of %s::%s was answered as one of %s::%s",
                                     corbel_request_interface(request), corbel_request_operation(request), operation->interface,
                                     operation->name);
    }
    crb_request_answer(request, status, out);
    defer_drop(request);
}

void corbel_request_end(corbel_request *request, corbel_status status)
{
    if (!defer_claim(request, "corbel_request_end()")) {
        return;
    }
    if ((status == CORBEL_OK && request->method != NULL && request->method->operation->n_out > 0) || status == CORBEL_DEFERRED) {
        status = corbel_request_fail(request, CORBEL_BAD_REPLY, "corbel_request_end() with %s, where a reply has outputs",
                                     corbel_status_name(status));
    }
    crb_request_answer(request, status, NULL);
    defer_drop(request);
}

/* ---- its chain ---- */

void corbel_request_enter(corbel_request *request)
{
    request->context = crb_request_context(request);
    crb_context_enter(&request->context);
}

void corbel_request_leave(corbel_request *request)
{
    if (crb_context_current() != &request->context) {
        crb_log(CRB_LOG_ERROR, "daemon", "corbel_request_leave() of a request that this thread did not enter last");
        return;
    }
    crb_context_leave(&request->context);
}

/* ---- the end of the runtime ---- */

/** A hold on it, unless it is on its way out. */
static bool defer_try_hold(corbel_request *request)
{
    uint32_t holds = atomic_load(&request->holds);
    while (holds > 0 && !atomic_compare_exchange_weak(&request->holds, &holds, holds + 1)) {
    }
    return holds > 0;
}

void crb_defer_detach_all_locked(corbel_runtime *runtime)
{
    crb_dispatch *const dispatch = runtime->dispatch;
    corbel_request *request;
    while ((request = dispatch->requests) != NULL) {
        crb_dispatch_remove_locked(dispatch, request);
        request->detached = true;
        if (!defer_try_hold(request)) {
            continue;
        }
        pthread_mutex_unlock(&runtime->dispatch_lock);
        crb_log(CRB_LOG_WARNING, "daemon", "%s::%s was deferred, and not answered before the runtime ended",
                corbel_request_interface(request), corbel_request_operation(request));
        if (request->peer == NULL && !request->oneway) {
            crb_outcome_value value = { .outcome = CRB_OUTCOME_ERROR, .error = CORBEL_ERROR_INIT };
            crb_fail(&value.error, CORBEL_GONE, CORBEL_COMPLETED_MAYBE, "%s::%s: the runtime has ended",
                     corbel_request_interface(request), corbel_request_operation(request));
            crb_call_complete_at(&request->local, &runtime->dispatch_lock, &value);
        }
        defer_drop(request);
        pthread_mutex_lock(&runtime->dispatch_lock);
    }
    for (uint32_t i = 0; i < CRB_ANSWERED; i++) {
        corbel_request *const answered = dispatch->answered[i];
        dispatch->answered[i] = NULL;
        if (answered != NULL) {
            pthread_mutex_unlock(&runtime->dispatch_lock);
            crb_request_free(answered);
            pthread_mutex_lock(&runtime->dispatch_lock);
        }
    }
}
