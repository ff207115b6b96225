/** The timers that are set, earliest first: a pairing heap whose links are in the timers, so that it never needs memory. Not
 *  thread-safe: io.c has the lock. */
#ifndef CRB_TIMER_HEAP_H
#define CRB_TIMER_HEAP_H

#include "runtime/transport/io.h"

typedef struct crb_timer_heap {
    crb_timer *root; /* the earliest; NULL: none is set */
} crb_timer_heap;

/** timer is not set before, and is set afterwards. */
void crb_timer_heap_insert(crb_timer_heap *heap, crb_timer *timer);
/** timer is set before, and is not set afterwards. */
void crb_timer_heap_remove(crb_timer_heap *heap, crb_timer *timer);

#endif /* CRB_TIMER_HEAP_H */
