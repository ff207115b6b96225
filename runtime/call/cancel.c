/** What ends with the operation that it was begun for. See cancel.h for the laws. */
#include "runtime/call/cancel.h"

#include "runtime/base/clock.h"
#include "runtime/call/call_impl.h"

corbel_status crb_cancel_seen(void)
{
    const crb_context *const context = crb_context_current();
    if (context == NULL || context->scope == NULL || !atomic_load(&context->scope->cancelled)) {
        return CORBEL_OK;
    }
    return crb_now() >= context->deadline ? CORBEL_DEADLINE : CORBEL_CANCELLED;
}

/* ---- calls under a scope ---- */

static corbel_status scope_why(const crb_scope *scope)
{
    return crb_now() >= atomic_load(&scope->deadline) ? CORBEL_DEADLINE : CORBEL_CANCELLED;
}

static void scope_unlink_locked(corbel_call *call)
{
    crb_under *const under = &call->under;
    if (under->scope != NULL) {
        *under->at = under->next;
        if (under->next != NULL) {
            under->next->under.at = under->at;
        }
        under->scope = NULL;
    }
}

void crb_cancel_under(crb_scope *scope, corbel_call *call)
{
    corbel_runtime *const runtime = scope->runtime;
    pthread_mutex_lock(&runtime->dispatch_lock);
    const bool late = atomic_load(&scope->cancelled);
    if (!late && !scope->closed) {
        call->under = (crb_under) { .of = runtime, .scope = scope, .next = scope->calls, .at = &scope->calls };
        if (scope->calls != NULL) {
            scope->calls->under.at = &call->under.next;
        }
        scope->calls = call;
        if (!call->on_stack) {
            crb_runtime_ref_memory(runtime);
        }
    }
    const corbel_status why = late ? scope_why(scope) : CORBEL_OK;
    pthread_mutex_unlock(&runtime->dispatch_lock);
    if (late) {
        crb_call_give_up(call, why, corbel_status_text(why));
    }
}

void crb_cancel_under_current(corbel_call *call)
{
    const crb_context *const context = crb_context_current();
    if (context != NULL && context->scope != NULL && call->under.of == NULL) {
        crb_cancel_under(context->scope, call);
    }
}

void crb_cancel_forget(corbel_call *call)
{
    corbel_runtime *const of = call->under.of;
    if (of == NULL) {
        return;
    }
    pthread_mutex_lock(&of->dispatch_lock);
    while (of->cancelling == call) { /* one on its caller's stack; who cancels one that is counted has a count of it */
        pthread_cond_wait(&of->cancel_changed, &of->dispatch_lock);
    }
    scope_unlink_locked(call);
    call->under.of = NULL;
    pthread_mutex_unlock(&of->dispatch_lock);
    if (!call->on_stack) {
        crb_runtime_unref_memory(of);
    }
}

/* ---- scopes ---- */

bool crb_scope_cancel_locked(crb_scope *scope)
{
    corbel_runtime *const runtime = scope->runtime;
    if (atomic_load(&scope->cancelled) || scope->closed) {
        return false;
    }
    atomic_store(&scope->cancelled, true);
    if (scope->calls == NULL && scope->tell_locked == NULL) {
        return false;
    }
    scope->queued = true;
    scope->next = runtime->cancelled;
    runtime->cancelled = scope;
    return true;
}

static void scope_unqueue_locked(crb_scope *scope)
{
    if (scope->queued) {
        crb_scope **at = &scope->runtime->cancelled;
        while (*at != scope) {
            at = &(*at)->next;
        }
        *at = scope->next;
        scope->queued = false;
    }
}

void crb_scope_close_locked(crb_scope *scope)
{
    scope->closed = true;
    scope_unqueue_locked(scope);
    while (scope->calls != NULL) {
        scope_unlink_locked(scope->calls);
    }
}

/** A count, unless it is on its way out. */
static bool cancel_try_ref(corbel_call *call)
{
    uint32_t refs = atomic_load(&call->refs);
    while (refs > 0 && !atomic_compare_exchange_weak(&call->refs, &refs, refs + 1)) {
    }
    return refs > 0;
}

/** Cancels one that was under a scope. Under the lock, which it lets go of meanwhile. */
static void cancel_one_locked(corbel_runtime *runtime, corbel_call *call, corbel_status why)
{
    const bool counted = !call->on_stack;
    scope_unlink_locked(call);
    if (counted && !cancel_try_ref(call)) {
        return;
    }
    runtime->cancelling = call;
    pthread_mutex_unlock(&runtime->dispatch_lock);
    crb_call_give_up(call, why, corbel_status_text(why));
    pthread_mutex_lock(&runtime->dispatch_lock);
    runtime->cancelling = NULL;
    pthread_cond_broadcast(&runtime->cancel_changed);
    if (counted) {
        pthread_mutex_unlock(&runtime->dispatch_lock);
        crb_call_unref(call);
        pthread_mutex_lock(&runtime->dispatch_lock);
    }
}

void crb_cancel_run(corbel_runtime *runtime)
{
    pthread_mutex_lock(&runtime->dispatch_lock);
    if (runtime->cancels) { /* that thread, perhaps this one further out, sees what was added */
        pthread_mutex_unlock(&runtime->dispatch_lock);
        return;
    }
    crb_runtime_ref_memory(runtime);
    runtime->cancels = true;
    crb_scope *scope;
    while ((scope = runtime->cancelled) != NULL) {
        if (scope->tell_locked != NULL) {
            void (*const tell)(crb_scope *) = scope->tell_locked;
            scope->tell_locked = NULL;
            tell(scope);
        } else if (scope->calls != NULL) {
            cancel_one_locked(runtime, scope->calls, scope_why(scope)); /* the scope may be gone afterwards */
        } else {
            scope_unqueue_locked(scope);
        }
    }
    runtime->cancels = false;
    pthread_mutex_unlock(&runtime->dispatch_lock);
    crb_runtime_unref_memory(runtime);
}
