/** What the running thread is doing for whom, and the numbers that go with it. */
#include "runtime/base/clock.h"
#include "runtime/call/runtime_impl.h"

#include <string.h>

static _Thread_local crb_context *context_current;
static _Thread_local uint64_t context_lane;
static _Thread_local bool context_uses_lanes;

crb_context *crb_context_current(void)
{
    return context_current;
}

void crb_context_enter(crb_context *context)
{
    context->outer = context_current;
    context_current = context;
}

void crb_context_leave(crb_context *context)
{
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
