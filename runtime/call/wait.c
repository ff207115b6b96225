/** Threads that wait for calls, by chain, so that calls of the chain come to them. */
#include "runtime/base/clock.h"
#include "runtime/call/intercept.h"

#include <stddef.h>

static crb_lent **wait_slot(corbel_runtime *runtime, uint64_t chain)
{
    return &runtime->chains[chain % CRB_CHAIN_SLOTS]; /* chain ids are random: no hashing needed */
}

/** outer's thread runs something that it was given, and came to wait inside that, or the chain has gone on elsewhere: what is in
 *  outer's inbox meanwhile is not to wait for the end of that. */
static void wait_take_over_locked(crb_wait *wait, crb_wait *outer)
{
    if (outer->inbox != NULL) {
        *wait->inbox_end = outer->inbox;
        wait->inbox_end = outer->inbox_end;
        outer->inbox = NULL;
        outer->inbox_end = &outer->inbox;
        crb_io_wake(&wait->waiter);
    }
    if (outer->lanes != NULL) {
        crb_host_get()->wait_takes_over_locked(wait, outer);
    }
}

void crb_wait_lend_locked(crb_wait *wait, crb_lent *lent, uint64_t chain)
{
    crb_lent **const slot = wait_slot(wait->runtime, chain);
    crb_wait *const outer = crb_wait_find_locked(wait->runtime, chain);
    if (outer != NULL && outer->running && outer != wait) {
        wait_take_over_locked(wait, outer);
    }
    *lent = (crb_lent) { .chain = chain, .wait = wait, .next = *slot }; /* the innermost first */
    *slot = lent;
    if (wait->runtime->serial != NULL) { /* there is a host */
        crb_host_get()->blocks_locked(wait, lent, lent == &wait->lent);
    }
    if (wait->runtime->user_dispatch && crb_host_get() != NULL) {
        crb_host_get()->wait_lends_locked(wait, chain);
    }
}

void crb_wait_keep_locked(crb_wait *wait, crb_lent *lent)
{
    crb_lent **at = wait_slot(wait->runtime, lent->chain);
    while (*at != lent) {
        at = &(*at)->next;
    }
    *at = lent->next;
    if (lent->block != NULL) {
        crb_host_get()->unblocks_locked(wait, lent);
    }
}

void crb_wait_begin(crb_wait *wait, corbel_runtime *runtime, uint64_t chain)
{
    crb_waiter_init(&wait->waiter, CRB_WAITER_CALLER);
    wait->runtime = runtime;
    wait->lent = (crb_lent) { 0 };
    wait->inbox = NULL;
    wait->inbox_end = &wait->inbox;
    wait->lanes = NULL;
    wait->running = false;
    if (chain != 0) {
        pthread_mutex_lock(&runtime->dispatch_lock);
        crb_wait_lend_locked(wait, &wait->lent, chain);
        pthread_mutex_unlock(&runtime->dispatch_lock);
    }
}

crb_wait *crb_wait_find_locked(corbel_runtime *runtime, uint64_t chain)
{
    const crb_lent *lent = *wait_slot(runtime, chain);
    while (lent != NULL && lent->chain != chain) {
        lent = lent->next;
    }
    return lent == NULL ? NULL : lent->wait;
}

void crb_wait_give_locked(crb_wait *wait, crb_work *work)
{
    work->next = NULL;
    *wait->inbox_end = work;
    wait->inbox_end = &work->next;
    crb_io_wake(&wait->waiter);
}

static crb_work *wait_take_locked(crb_wait *wait)
{
    crb_work *const work = wait->inbox;
    if (work != NULL) {
        wait->inbox = work->next;
        if (wait->inbox == NULL) {
            wait->inbox_end = &wait->inbox;
        }
    }
    return work;
}

static crb_work *wait_take(crb_wait *wait)
{
    pthread_mutex_lock(&wait->runtime->dispatch_lock);
    crb_work *const work = wait_take_locked(wait);
    wait->running = work != NULL; /* until it comes for the next */
    pthread_mutex_unlock(&wait->runtime->dispatch_lock);
    return work;
}

bool crb_wait_run_one(crb_wait *wait)
{
    crb_work *const work = wait_take(wait);
    if (work != NULL) { /* the thread may be inside an interceptor, which has nothing to do with this */
        const bool inside = crb_intercept_set_inside(false);
        const crb_kept_lane lane = crb_thread_keep_lane();
        work->run(work);
        crb_thread_restore_lane(lane);
        crb_intercept_set_inside(inside);
    }
    return work != NULL;
}

bool crb_wait_sleep(crb_wait *wait, uint64_t deadline)
{
    const crb_host *const host = crb_host_get();
    if (host != NULL) {
        host->blocking(wait->runtime, true);
    }
    const bool woken = crb_io_wait(&wait->waiter, deadline);
    if (host != NULL) {
        host->blocking(wait->runtime, false);
    }
    return woken;
}

bool crb_wait_until(crb_wait *wait, const _Atomic bool *done, pthread_mutex_t *guard, uint64_t deadline)
{
    for (;;) {
        const bool woken = crb_wait_sleep(wait, deadline);
        while (!atomic_load(done) && crb_wait_run_one(wait)) {
        }
        if (atomic_load(done)) {
            /* Who set it may still be waking us: it lets go of the guard when it has no more use for the wait. */
            pthread_mutex_lock(guard);
            pthread_mutex_unlock(guard);
            return true;
        }
        if (!woken && crb_now() >= deadline) {
            return false;
        }
    }
}

void crb_wait_end(crb_wait *wait)
{
    corbel_runtime *const runtime = wait->runtime;
    const crb_host *const host = crb_host_get();
    pthread_mutex_lock(&runtime->dispatch_lock);
    if (wait->lent.wait != NULL) {
        crb_wait_keep_locked(wait, &wait->lent);
    }
    if (host != NULL && wait->lanes != NULL) {
        host->wait_ends_locked(wait);
    }
    crb_work *work;
    while ((work = wait_take_locked(wait)) != NULL) {
        host->post_locked(runtime, work); /* only the host gives work */
    }
    pthread_mutex_unlock(&runtime->dispatch_lock);
}
