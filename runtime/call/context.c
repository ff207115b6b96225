/** What the running thread is doing for whom, and the numbers that go with it. */
#include "runtime/base/clock.h"
#include "runtime/base/fail.h"
#include "runtime/base/log.h"
#include "runtime/call/runtime_impl.h"

#include <stdlib.h>
#include <string.h>

/** A corbel_context_enter(). */
typedef struct crb_entered {
    struct crb_entered *outer;
    const corbel_context *outer_carried;
    corbel_context *merged;
} crb_entered;

static _Thread_local crb_context *context_current;
static _Thread_local const corbel_context *context_carried; /* by calls of the thread; NULL: nothing */
static _Thread_local crb_entered *context_entered;          /* by the operation that runs, or outside of any */
static _Thread_local uint64_t context_lane;
static _Thread_local bool context_uses_lanes;

/** From now on the thread's calls carry it, and its log lines show its correlation id. */
static void context_carry(const corbel_context *carried)
{
    context_carried = carried;
    crb_log_set_correlation(carried == NULL ? "" : corbel_context_get_correlation(carried));
}

const corbel_context *crb_carried_inherited(void)
{
    return context_carried;
}

corbel_status corbel_context_enter(const corbel_context *self, corbel_error *reterr)
{
    crb_entered *const entered = malloc(sizeof *entered);
    corbel_context *const merged = entered == NULL ? NULL : crb_carried_merge(context_carried, self);
    if (merged == NULL) {
        free(entered);
        return crb_fail(reterr, CORBEL_NO_MEMORY, CORBEL_COMPLETED_NO, "no memory to enter a context");
    }
    *entered = (crb_entered) { .outer = context_entered, .outer_carried = context_carried, .merged = merged };
    context_entered = entered;
    context_carry(merged);
    return CORBEL_OK;
}

void corbel_context_leave(void)
{
    crb_entered *const entered = context_entered;
    if (entered != NULL) {
        context_entered = entered->outer;
        context_carry(entered->outer_carried);
        corbel_context_unref(entered->merged);
        free(entered);
    }
}

const corbel_context *corbel_context_current(void)
{
    return context_carried == NULL ? &crb_context_empty : context_carried;
}

crb_context *crb_context_current(void)
{
    return context_current;
}

void crb_context_enter(crb_context *context)
{
    context->outer = context_current;
    context->outer_carried = context_carried;
    context->outer_entered = context_entered;
    context_current = context;
    context_entered = NULL;
    crb_carried_ref(context->carried);
    if (context->carried != context_carried) {
        context_carry(context->carried);
    }
}

void crb_context_leave(crb_context *context)
{
    while (context_entered != NULL) { /* what the operation entered, and did not leave */
        corbel_context_leave();
    }
    if (context->outer_carried != context_carried) {
        context_carry(context->outer_carried);
    }
    context_entered = context->outer_entered;
    if (context->carried != NULL) {
        corbel_context_unref(context->carried);
    }
    context_current = context->outer;
}

uint64_t crb_lane_id(void)
{
    static _Atomic uint64_t last;
    return atomic_fetch_add_explicit(&last, 1, memory_order_relaxed) + 1;
}

uint64_t crb_thread_lane(void)
{
    if (context_lane == 0) {
        context_lane = crb_lane_id();
    }
    return context_lane;
}

crb_kept_lane crb_thread_keep_lane(void)
{
    const crb_kept_lane kept = { context_lane, context_uses_lanes };
    context_lane = 0;
    context_uses_lanes = false;
    return kept;
}

void crb_thread_restore_lane(crb_kept_lane kept)
{
    context_lane = kept.lane;
    context_uses_lanes = kept.uses;
}

bool crb_thread_uses_lanes(void)
{
    return context_uses_lanes;
}

void crb_thread_use_lanes(void)
{
    context_uses_lanes = true;
}

/* A system call for each chain would cost more than the rest of a call in this process: bytes are fetched for many. */
uint64_t crb_random_id(void)
{
    static _Thread_local uint64_t pool[32];
    static _Thread_local unsigned left;
    uint64_t id = 0;
    while (id == 0) {
        if (left == 0) {
            crb_random(pool, sizeof pool);
            left = sizeof pool / sizeof pool[0];
        }
        id = pool[--left];
        pool[left] = 0;
    }
    return id;
}
