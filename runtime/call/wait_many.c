/** Waiting for calls without finishing them: for one, for the first of several, for all.
 *
 *  A thread that waits lends itself to the chains of all its calls, as _finish() does for one. When it leaves, nothing of the
 * wait is known any more to the calls that are still under way. */
#include "runtime/base/clock.h"
#include "runtime/base/fork.h"
#include "runtime/call/call_impl.h"

/** Would its _finish() return at once? */
static bool many_is_ready(const corbel_call *call, uint64_t now)
{
    return call->guard == NULL || atomic_load(&call->done) || (call->peer == NULL && now >= call->deadline);
}

/** Checks that the calls may be waited for, and finds the runtime of those that are under way; NULL: all are complete. */
static corbel_status many_check(corbel_call *const *calls, size_t n, corbel_runtime **ret)
{
    *ret = NULL;
    if (n > 0 && calls == NULL) {
        return CORBEL_MISUSE;
    }
    for (size_t i = 0; i < n; i++) {
        const corbel_call *const call = calls[i];
        if (call == NULL || call->guard == NULL) {
            continue;
        }
        if (crb_forked()) {
            return CORBEL_FORKED;
        }
        if (crb_call_is_given(call)) {
            return CORBEL_MISUSE; /* its callback may finish it at any moment */
        }
        if (!atomic_load(&call->done)) {
            if (*ret != NULL && *ret != call->runtime) {
                return CORBEL_MISUSE;
            }
            *ret = call->runtime;
        }
    }
    return CORBEL_OK;
}

/* ---- lending ---- */

static void many_lend(crb_wait *wait, corbel_call *const *calls, size_t n)
{
    pthread_mutex_lock(&wait->runtime->dispatch_lock);
    for (size_t i = 0; i < n; i++) {
        if (calls[i] != NULL && calls[i]->guard != NULL && !atomic_load(&calls[i]->done) && calls[i]->lent.wait == NULL) {
            crb_wait_lend_locked(wait, &calls[i]->lent, calls[i]->chain);
        }
    }
    pthread_mutex_unlock(&wait->runtime->dispatch_lock);
}

static void many_keep(crb_wait *wait, corbel_call *const *calls, size_t n)
{
    pthread_mutex_lock(&wait->runtime->dispatch_lock);
    for (size_t i = 0; i < n; i++) {
        if (calls[i] != NULL && calls[i]->guard != NULL && calls[i]->lent.wait != NULL) {
            crb_wait_keep_locked(wait, &calls[i]->lent);
            calls[i]->lent.wait = NULL;
        }
    }
    pthread_mutex_unlock(&wait->runtime->dispatch_lock);
}

/** From now on the call wakes the wait when it completes; NULL: no more. */
static void many_watch(corbel_call *call, crb_wait *wait)
{
    pthread_mutex_lock(call->guard);
    call->wait = wait;
    if (wait != NULL && atomic_load(&call->done)) {
        crb_io_wake(&wait->waiter);
    }
    pthread_mutex_unlock(call->guard);
}

/* ---- for all ---- */

static bool many_wait_one(crb_wait *wait, corbel_call *call, uint64_t until)
{
    many_watch(call, wait);
    while (!atomic_load(&call->done) && crb_wait_run_one(wait)) { /* what came while it waited for the one before */
    }
    bool ready = crb_wait_until(wait, &call->done, call->guard, until < call->deadline ? until : call->deadline);
    if (!ready && crb_now() >= call->deadline) {
        if (call->peer != NULL) {
            crb_call_expire(call);
        }
        ready = true;
    }
    many_watch(call, NULL);
    return ready || atomic_load(&call->done);
}

static uint64_t many_until(uint32_t timeout_ms)
{
    return timeout_ms == UINT32_MAX ? CRB_NEVER : crb_after_ms(crb_now(), timeout_ms);
}

corbel_status corbel_call_wait_all(corbel_call *const *calls, size_t n, uint32_t timeout_ms)
{
    corbel_runtime *runtime = NULL;
    const corbel_status status = many_check(calls, n, &runtime);
    if (status != CORBEL_OK || runtime == NULL) {
        return status;
    }
    const uint64_t until = many_until(timeout_ms);
    crb_wait wait;
    bool ready = true;
    crb_wait_begin(&wait, runtime, 0);
    many_lend(&wait, calls, n);
    for (size_t i = 0; i < n && ready; i++) {
        if (calls[i] != NULL && !many_is_ready(calls[i], crb_now())) {
            ready = many_wait_one(&wait, calls[i], until);
        }
    }
    many_keep(&wait, calls, n);
    crb_wait_end(&wait);
    return ready ? CORBEL_OK : CORBEL_DEADLINE;
}

corbel_status corbel_call_wait(corbel_call *call, uint32_t timeout_ms)
{
    return call == NULL ? CORBEL_MISUSE : corbel_call_wait_all(&call, 1, timeout_ms);
}

/* ---- for any ---- */

/** The first that is ready, or n. */
static size_t many_first_ready(corbel_call *const *calls, size_t n)
{
    const uint64_t now = crb_now();
    size_t i = 0;
    while (i < n && (calls[i] == NULL || !many_is_ready(calls[i], now))) {
        i++;
    }
    return i;
}

/** Completes what is due, and tells when the next will be. */
static uint64_t many_expire(corbel_call *const *calls, size_t n)
{
    const uint64_t now = crb_now();
    uint64_t next = CRB_NEVER;
    for (size_t i = 0; i < n; i++) {
        if (calls[i] == NULL || many_is_ready(calls[i], now)) {
            continue;
        }
        if (now >= calls[i]->deadline) {
            crb_call_expire(calls[i]);
        } else if (calls[i]->deadline < next) {
            next = calls[i]->deadline;
        }
    }
    return next;
}

static size_t many_wait_any(crb_wait *wait, corbel_call *const *calls, size_t n, uint64_t until)
{
    for (;;) {
        const uint64_t due = many_expire(calls, n);
        size_t first = many_first_ready(calls, n);
        if (first < n || crb_now() >= until) {
            return first;
        }
        (void)crb_wait_sleep(wait, until < due ? until : due);
        while ((first = many_first_ready(calls, n)) == n && crb_wait_run_one(wait)) {
        }
        if (first < n) {
            return first;
        }
    }
}

corbel_status corbel_call_wait_any(corbel_call *const *calls, size_t n, uint32_t timeout_ms, size_t *ret_index)
{
    corbel_runtime *runtime = NULL;
    const corbel_status status = many_check(calls, n, &runtime);
    if (status != CORBEL_OK) {
        return status;
    }
    size_t first = many_first_ready(calls, n);
    if (first == n && runtime == NULL) {
        return CORBEL_MISUSE; /* there is none */
    }
    if (first == n) {
        crb_wait wait;
        crb_wait_begin(&wait, runtime, 0);
        many_lend(&wait, calls, n);
        for (size_t i = 0; i < n; i++) {
            if (calls[i] != NULL && calls[i]->guard != NULL) {
                many_watch(calls[i], &wait);
            }
        }
        first = many_wait_any(&wait, calls, n, many_until(timeout_ms));
        for (size_t i = 0; i < n; i++) {
            if (calls[i] != NULL && calls[i]->guard != NULL) {
                many_watch(calls[i], NULL);
            }
        }
        many_keep(&wait, calls, n);
        crb_wait_end(&wait);
    }
    if (first == n) {
        return CORBEL_DEADLINE;
    }
    if (ret_index != NULL) {
        *ret_index = first;
    }
    return CORBEL_OK;
}
