/** Interceptors: registering them, and taking a call through their chain, on both sides. */
#include "runtime/call/intercept.h"

#include "runtime/base/clock.h"
#include "runtime/base/fail.h"
#include "runtime/base/fork.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct crb_interceptor_list {
    struct crb_interceptor_list *before; /* with one less; kept, as calls may be on their way through it */
    size_t n;
    struct {
        corbel_interceptor functions;
        void *self;
    } items[];
} crb_interceptor_list;

typedef enum intercept_state { INTERCEPT_OPEN, INTERCEPT_RUNNING, INTERCEPT_OVER } intercept_state;

struct corbel_intercepted {
    crb_interceptors *from; /* counted: memory and user */
    const crb_interceptor_list *list;
    size_t entered, at; /* how many before() have returned CORBEL_OK; whose function runs */
    const char *interface, *operation;
    bool oneway, stream;
    struct corbel_request *request;
    const crb_target *target; /* counted on the caller's side */
    char *object;             /* malloc'ed; NULL: nobody has asked */
    corbel_context *carried;  /* counted: before anybody looked */
    corbel_context *context;  /* counted: somebody has; NULL: not yet */
    corbel_context *reply;    /* counted */
    uint64_t started, ended, deadline;
    corbel_error refusal;
    const corbel_error *error; /* in after() */
    _Atomic int state;         /* of after(), where several threads may want to run it */
    bool discards;             /* nobody takes the result: it goes when after() is over; guarded by intercept_lock */
    corbel_call *call;         /* whose completion is posted; counted while it is */
    crb_later later;
    crb_work work;
    void *data[];
};

static _Thread_local bool intercept_inside;
/* Who takes the result while a worker runs after() waits; that is rare, so all do it here. */
static pthread_mutex_t intercept_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t intercept_changed = PTHREAD_COND_INITIALIZER;

bool crb_intercept_is_inside(void)
{
    return intercept_inside;
}

bool crb_intercept_set_inside(bool inside)
{
    const bool before = intercept_inside;
    intercept_inside = inside;
    return before;
}

/* ---- who is registered ---- */

crb_interceptors *crb_interceptors_new(void)
{
    crb_interceptors *const self = calloc(1, sizeof *self);
    if (self != NULL) {
        atomic_init(&self->refs, 1);
        atomic_init(&self->users, 1);
        pthread_mutex_init(&self->lock, NULL);
    }
    return self;
}

void crb_interceptors_unref(crb_interceptors *self)
{
    if (self == NULL || atomic_fetch_sub(&self->refs, 1) != 1) {
        return;
    }
    crb_interceptor_list *list = atomic_load(&self->list);
    while (list != NULL) {
        crb_interceptor_list *const before = list->before;
        free(list);
        list = before;
    }
    pthread_mutex_destroy(&self->lock);
    free(self);
}

/** One user less; the last one finalizes. */
static void interceptors_leave(crb_interceptors *self)
{
    if (atomic_fetch_sub(&self->users, 1) != 1 || !atomic_load(&self->ended) || atomic_exchange(&self->finalized, true)) {
        return;
    }
    const crb_interceptor_list *const list = atomic_load(&self->list);
    for (size_t i = list == NULL ? 0 : list->n; i > 0; i--) {
        if (list->items[i - 1].functions.finalize != NULL) {
            list->items[i - 1].functions.finalize(list->items[i - 1].self);
        }
    }
}

void crb_interceptors_end(crb_interceptors *self)
{
    if (self != NULL) {
        pthread_mutex_lock(&self->lock);
        atomic_store(&self->ended, true);
        pthread_mutex_unlock(&self->lock);
        interceptors_leave(self);
    }
}

corbel_status crb_intercept(crb_interceptors *self, const corbel_interceptor *interceptor, void *user, corbel_error *reterr)
{
    corbel_status status = CORBEL_OK;
    if (interceptor == NULL || interceptor->size == 0) {
        return crb_fail(reterr, CORBEL_MISUSE, CORBEL_COMPLETED_NO,
                        "an interceptor needs its functions, with their size (CORBEL_INTERCEPTOR_INIT)");
    }
    pthread_mutex_lock(&self->lock);
    crb_interceptor_list *const before = atomic_load(&self->list);
    const size_t n = before == NULL ? 0 : before->n;
    crb_interceptor_list *const list = malloc(sizeof *list + (n + 1) * sizeof list->items[0]);
    if (atomic_load(&self->ended)) {
        status = CORBEL_GONE;
        free(list);
    } else if (list == NULL) {
        status = CORBEL_NO_MEMORY;
    } else {
        list->before = before;
        list->n = n + 1;
        if (n > 0) {
            memcpy(list->items, before->items, n * sizeof list->items[0]);
        }
        corbel_interceptor functions = CORBEL_INTERCEPTOR_INIT; /* members that an older program does not know are not there */
        memcpy(&functions, interceptor, interceptor->size < sizeof functions ? interceptor->size : sizeof functions);
        list->items[n].functions = functions;
        list->items[n].self = user;
        atomic_store_explicit(&self->list, list, memory_order_release);
    }
    pthread_mutex_unlock(&self->lock);
    return status == CORBEL_OK ? CORBEL_OK
                               : crb_fail(reterr, status, CORBEL_COMPLETED_NO,
                                          status == CORBEL_GONE ? "the runtime has ended" : "no memory for an interceptor");
}

corbel_status corbel_runtime_intercept_calls(corbel_runtime *runtime, const corbel_interceptor *interceptor, void *self,
                                             corbel_error *reterr)
{
    return crb_forked() ? crb_fail_forked(reterr, "corbel_runtime_intercept_calls()")
                        : crb_intercept(runtime->outgoing, interceptor, self, reterr);
}

corbel_status corbel_runtime_intercept_requests(corbel_runtime *runtime, const corbel_interceptor *interceptor, void *self,
                                                corbel_error *reterr)
{
    return crb_forked() ? crb_fail_forked(reterr, "corbel_runtime_intercept_requests()")
                        : crb_intercept(runtime->incoming, interceptor, self, reterr);
}

/* ---- one call ---- */

/** NULL: they have ended, or there is no memory (*ret_status). */
static corbel_intercepted *intercepted_new(crb_interceptors *from, corbel_status *ret_status)
{
    *ret_status = CORBEL_OK;
    atomic_fetch_add(&from->users, 1);
    const crb_interceptor_list *const list = atomic_load_explicit(&from->list, memory_order_acquire);
    corbel_intercepted *const call = atomic_load(&from->ended) ? NULL : calloc(1, sizeof *call + list->n * sizeof call->data[0]);
    if (call == NULL) {
        *ret_status = atomic_load(&from->ended) ? CORBEL_OK : CORBEL_NO_MEMORY;
        interceptors_leave(from);
        return NULL;
    }
    atomic_fetch_add(&from->refs, 1);
    call->from = from;
    call->list = list;
    call->started = crb_now();
    call->refusal = (corbel_error)CORBEL_ERROR_INIT;
    return call;
}

static void intercepted_free(corbel_intercepted *call)
{
    crb_interceptors *const from = call->from;
    if (call->request == NULL) {
        crb_target_unref((crb_target *)call->target);
    }
    corbel_context_unref(call->carried);
    corbel_context_unref(call->context);
    corbel_context_unref(call->reply);
    corbel_error_clear(&call->refusal);
    free(call->object);
    free(call);
    interceptors_leave(from);
    crb_interceptors_unref(from);
}

/** after() of those whose before() returned CORBEL_OK. */
static void intercepted_after(corbel_intercepted *call, const corbel_error *error)
{
    const bool inside = crb_intercept_set_inside(true);
    if (call->ended == 0) {
        call->ended = crb_now();
    }
    call->error = error;
    while (call->entered > 0) {
        call->at = --call->entered;
        if (call->list->items[call->at].functions.after != NULL) {
            call->list->items[call->at].functions.after(call->list->items[call->at].self, call);
        }
    }
    crb_intercept_set_inside(inside);
}

/** before() of all. On failure after() of those before has run. */
static corbel_status intercepted_before(corbel_intercepted *call, corbel_error *reterr)
{
    corbel_status status = CORBEL_OK;
    const bool inside = crb_intercept_set_inside(true);
    while (status == CORBEL_OK && call->entered < call->list->n) {
        call->at = call->entered;
        if (call->list->items[call->at].functions.before != NULL) {
            status = call->list->items[call->at].functions.before(call->list->items[call->at].self, call);
        }
        call->entered += status == CORBEL_OK;
    }
    crb_intercept_set_inside(inside);
    if (status == CORBEL_OK) {
        return CORBEL_OK;
    }
    if (call->refusal.status != status || status == CORBEL_RAISED || status == CORBEL_DEFERRED) {
        status = status == CORBEL_RAISED || status == CORBEL_DEFERRED ? CORBEL_REFUSED : status;
        crb_fail(&call->refusal, status, CORBEL_COMPLETED_NO, "%s::%s was refused by an interceptor: %s", call->interface,
                 call->operation, corbel_status_text(status));
    }
    intercepted_after(call, &call->refusal);
    crb_error_move(reterr, &call->refusal);
    return status;
}

/** From now on the context is as it is. Has anybody looked at it, and may have changed it? */
static bool intercepted_settle(corbel_intercepted *call)
{
    if (call->context == NULL || call->context->constant) { /* made without memory */
        return false;
    }
    call->context->constant = true;
    return true;
}

/* ---- calls of ours ---- */

/** What goes with the call, as interceptors left it. */
static corbel_status intercepted_pack(corbel_intercepted *call, crb_start *start, corbel_error *reterr)
{
    const bool changed = intercepted_settle(call);
    const corbel_context *const context = changed ? call->context : call->carried;
    if (context == NULL ||
        (call->carried == NULL && context->n == 0 && context->correlation == NULL && !crb_trace_is_set(&context->trace))) {
        return CORBEL_OK;
    }
    corbel_context *const whole = changed ? crb_carried_merge(NULL, context) : NULL; /* it may want a correlation id */
    const corbel_status status =
        changed && whole == NULL
            ? crb_fail(reterr, CORBEL_NO_MEMORY, CORBEL_COMPLETED_NO, "no memory for the context of a call")
            : crb_carried_pack(NULL, changed ? whole : context, &start->runtime->carried, &start->context, reterr);
    corbel_context_unref(whole);
    return status;
}

static bool intercept_is_own(const corbel_operation *operation)
{
    return operation == &crb_object_is_a || operation == &crb_object_daemon || operation == &crb_object_interface;
}

corbel_status crb_intercept_start(corbel_object *self, const corbel_operation *operation, crb_start *start, corbel_error *reterr)
{
    const corbel_context *const inherited = crb_carried_inherited();
    const crb_context *const current = crb_context_current();
    corbel_status status = CORBEL_OK;
    corbel_intercepted *call = NULL;
    if (!intercept_inside && !intercept_is_own(operation) && !(current != NULL && current->apart)) {
        call = intercepted_new(start->runtime->outgoing, &status);
    }
    if (status != CORBEL_OK) {
        return crb_fail(reterr, status, CORBEL_COMPLETED_NO, "no memory for the interceptors of a call");
    }
    if (call == NULL) {
        return inherited == NULL && self->context == NULL
                   ? CORBEL_OK
                   : crb_carried_pack(inherited, self->context, &start->runtime->carried, &start->context, reterr);
    }
    call->interface = operation->interface;
    call->operation = operation->name;
    call->oneway = (operation->flags & CORBEL_ONEWAY) != 0;
    call->stream = operation->stream_in != NULL || operation->stream_out != NULL;
    call->target = crb_target_ref(self->target);
    call->deadline = start->deadline;
    call->reply = corbel_context_new();
    if (inherited != NULL || self->context != NULL) {
        call->carried = crb_carried_merge(inherited, self->context);
        status = call->carried != NULL ? CORBEL_OK : CORBEL_NO_MEMORY;
    }
    if (status != CORBEL_OK) {
        crb_fail(reterr, status, CORBEL_COMPLETED_NO, "no memory for the context of a call");
    } else {
        status = intercepted_before(call, reterr);
    }
    if (status == CORBEL_OK) {
        corbel_error error = CORBEL_ERROR_INIT;
        status = intercepted_pack(call, start, &error);
        if (status != CORBEL_OK) {
            intercepted_after(call, &error);
            crb_error_move(reterr, &error);
        }
    }
    if (status != CORBEL_OK) {
        intercepted_free(call);
        return status;
    }
    start->reply = start->reply != NULL ? start->reply : call->reply;
    start->intercepted = call;
    return CORBEL_OK;
}

void crb_intercept_end(corbel_intercepted *call, const corbel_error *error, const corbel_context *reply)
{
    if (reply != NULL && call->reply != NULL && reply != call->reply) {
        (void)crb_carried_replace(call->reply, reply);
    }
    intercepted_after(call, error);
    intercepted_free(call);
}

void crb_intercept_handed_on(corbel_intercepted *call)
{
    corbel_error error = CORBEL_ERROR_INIT;
    if (!call->oneway) {
        crb_fail(&error, CORBEL_NO_MEMORY, CORBEL_COMPLETED_NO, "no memory for a call");
    }
    crb_intercept_end(call, call->oneway ? NULL : &error, NULL);
    corbel_error_clear(&error);
}

void crb_intercept_free(corbel_intercepted *call)
{
    intercepted_free(call);
}

/** Runs after() of a call that is complete, or never will be. */
static void intercept_run(corbel_call *call)
{
    corbel_intercepted *const intercepted = call->intercepted;
    corbel_error error = CORBEL_ERROR_INIT;
    const corbel_error *outcome = NULL;
    corbel_context *values = NULL;
    if (!atomic_load(&call->done)) {
        const corbel_status status = crb_now() >= call->deadline ? CORBEL_DEADLINE : CORBEL_CANCELLED;
        crb_fail(&error, status, CORBEL_COMPLETED_MAYBE, "%s", corbel_status_text(status));
        outcome = &error;
    } else if (call->value.outcome == CRB_OUTCOME_ERROR) {
        outcome = &call->value.error;
    } else if (call->value.outcome == CRB_OUTCOME_EXCEPTION) {
        crb_fail(&error, CORBEL_RAISED, CORBEL_COMPLETED_YES, "%s::%s raised %s", intercepted->interface, intercepted->operation,
                 call->value.exception);
        outcome = &error;
    }
    if (atomic_load(&call->done) && call->value.context.len > 0) {
        (void)crb_carried_unpack(call->value.context.data, call->value.context.len, &call->runtime->carried, &values, NULL);
        (void)crb_carried_replace(intercepted->reply, values);
        corbel_context_unref(values);
    }
    intercepted_after(intercepted, outcome);
    corbel_error_clear(&error);
}

static bool intercept_claims(corbel_intercepted *call)
{
    int open = INTERCEPT_OPEN;
    return atomic_compare_exchange_strong(&call->state, &open, INTERCEPT_RUNNING);
}

static void intercept_work(crb_work *work)
{
    corbel_intercepted *const intercepted = (corbel_intercepted *)((char *)work - offsetof(corbel_intercepted, work));
    corbel_call *const call = intercepted->call;
    if (intercept_claims(intercepted)) {
        intercept_run(call);
        pthread_mutex_lock(&intercept_lock);
        atomic_store(&intercepted->state, INTERCEPT_OVER);
        const bool discards = intercepted->discards;
        pthread_cond_broadcast(&intercept_changed);
        pthread_mutex_unlock(&intercept_lock);
        if (discards) {
            crb_outcome_clear(&call->value);
        }
    }
    crb_call_unref(call);
}

static void intercept_later(crb_later *later)
{
    corbel_intercepted *const intercepted = (corbel_intercepted *)((char *)later - offsetof(corbel_intercepted, later));
    const crb_host *const host = crb_host_get();
    intercepted->work.run = intercept_work;
    if (host != NULL) {
        host->post(intercepted->call->runtime, &intercepted->work);
    } else {
        intercept_work(&intercepted->work);
    }
}

void crb_intercept_completed_locked(corbel_call *call)
{
    corbel_intercepted *const intercepted = call->intercepted;
    intercepted->ended = crb_now();
    if (call->peer != NULL) { /* one in this process: who takes the result runs it */
        atomic_fetch_add(&call->refs, 1);
        intercepted->call = call;
        intercepted->later.run = intercept_later;
        crb_peer_later_locked(call->peer, &intercepted->later);
    }
}

void crb_intercept_settle(corbel_call *call)
{
    corbel_intercepted *const intercepted = call->intercepted;
    if (intercept_claims(intercepted)) {
        intercept_run(call);
        atomic_store(&intercepted->state, INTERCEPT_OVER);
        return;
    }
    pthread_mutex_lock(&intercept_lock);
    while (atomic_load(&intercepted->state) != INTERCEPT_OVER) {
        pthread_cond_wait(&intercept_changed, &intercept_lock);
    }
    pthread_mutex_unlock(&intercept_lock);
}

void crb_intercept_discard(corbel_call *call)
{
    corbel_intercepted *const intercepted = call->intercepted;
    pthread_mutex_lock(&intercept_lock);
    const bool over = atomic_load(&intercepted->state) == INTERCEPT_OVER;
    intercepted->discards = !over;
    pthread_mutex_unlock(&intercept_lock);
    if (over) {
        crb_outcome_clear(&call->value);
    }
}

/* ---- calls of others' ---- */

corbel_status crb_intercept_request(crb_interceptors *interceptors, struct corbel_request *request, const crb_target *target,
                                    const char *interface, const char *operation, bool oneway, bool stream, uint64_t deadline,
                                    corbel_context **inout_carried, corbel_intercepted **ret, corbel_error *reterr)
{
    corbel_status status = CORBEL_OK;
    corbel_intercepted *const call = intercepted_new(interceptors, &status);
    *ret = NULL;
    if (status != CORBEL_OK) {
        return crb_fail(reterr, status, CORBEL_COMPLETED_NO, "no memory for the interceptors of a call");
    }
    if (call == NULL) {
        return CORBEL_OK;
    }
    call->request = request;
    call->target = target;
    call->interface = interface;
    call->operation = operation;
    call->oneway = oneway;
    call->stream = stream;
    call->deadline = deadline;
    call->carried = crb_carried_ref(*inout_carried);
    status = intercepted_before(call, reterr);
    if (status != CORBEL_OK) {
        intercepted_free(call);
        return status;
    }
    if (intercepted_settle(call)) {
        corbel_context_unref(*inout_carried);
        *inout_carried = crb_carried_ref(call->context);
    }
    *ret = call;
    return CORBEL_OK;
}

/* ---- for interceptors ---- */

const char *corbel_intercepted_interface(const corbel_intercepted *call)
{
    return call->interface;
}

const char *corbel_intercepted_operation(const corbel_intercepted *call)
{
    return call->operation;
}

const char *corbel_intercepted_object(corbel_intercepted *call)
{
    if (call->object == NULL) {
        char text[300];
        crb_target_name(call->target, text, sizeof text);
        call->object = strdup(text);
    }
    return call->object == NULL ? "" : call->object;
}

bool corbel_intercepted_is_oneway(const corbel_intercepted *call)
{
    return call->oneway;
}

bool corbel_intercepted_is_stream(const corbel_intercepted *call)
{
    return call->stream;
}

struct corbel_request *corbel_intercepted_request(const corbel_intercepted *call)
{
    return call->request;
}

corbel_context *corbel_intercepted_context(corbel_intercepted *call)
{
    if (call->context == NULL) {
        call->context = corbel_context_copy(call->carried);
    }
    return call->context;
}

const corbel_context *corbel_intercepted_reply(const corbel_intercepted *call)
{
    return call->reply;
}

uint32_t corbel_intercepted_remaining_ms(const corbel_intercepted *call)
{
    const uint64_t now = crb_now();
    const uint64_t ms = now >= call->deadline ? 0 : (call->deadline - now) / CRB_MS;
    return ms > UINT32_MAX ? UINT32_MAX : (uint32_t)ms;
}

corbel_status corbel_intercepted_refuse(corbel_intercepted *call, corbel_status status, const char *format, ...)
{
    char text[1024];
    va_list arguments;
    if (status == CORBEL_OK || status == CORBEL_RAISED || status == CORBEL_DEFERRED) {
        status = CORBEL_REFUSED;
    }
    va_start(arguments, format);
    (void)vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    return crb_fail(&call->refusal, status, CORBEL_COMPLETED_NO, "%s", text);
}

corbel_status corbel_intercepted_status(const corbel_intercepted *call)
{
    return call->error == NULL ? CORBEL_OK : call->error->status;
}

const corbel_error *corbel_intercepted_error(const corbel_intercepted *call)
{
    return call->error;
}

uint64_t corbel_intercepted_elapsed_us(const corbel_intercepted *call)
{
    return ((call->ended != 0 ? call->ended : crb_now()) - call->started) / 1000;
}

void **corbel_intercepted_data(corbel_intercepted *call)
{
    return &call->data[call->at];
}
