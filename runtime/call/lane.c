/** Lanes that are not a thread's. */
#include "runtime/call/runtime_impl.h"

#include <stdlib.h>

struct corbel_lane {
    _Atomic uint32_t refs;
    uint64_t id;
};

static corbel_lane lane_no_memory; /* id 0; not counted */

corbel_lane *corbel_lane_new(void)
{
    corbel_lane *const lane = malloc(sizeof *lane);
    if (lane == NULL) {
        return &lane_no_memory;
    }
    atomic_init(&lane->refs, 1);
    lane->id = crb_lane_id();
    return lane;
}

corbel_lane *corbel_lane_ref(corbel_lane *self)
{
    if (self != NULL && self != &lane_no_memory) {
        atomic_fetch_add_explicit(&self->refs, 1, memory_order_relaxed);
    }
    return self;
}

corbel_lane *corbel_lane_unref(corbel_lane *self)
{
    if (self != NULL && self != &lane_no_memory && atomic_fetch_sub(&self->refs, 1) == 1) {
        free(self);
    }
    return NULL;
}

uint64_t crb_lane_of(const corbel_lane *lane)
{
    return lane->id;
}
