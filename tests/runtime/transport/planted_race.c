/* A race, planted: a timer writes what this thread reads, and nothing orders the two. ThreadSanitizer must report it, although
 * the suppressions are in force: see planted_race_test. */
#include "runtime/base/clock.h"
#include "runtime/transport/io.h"

#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>

static int planted;
static atomic_bool written;

static void planted_write(void *user)
{
    (void)user;
    planted = 1;
    atomic_store_explicit(&written, true, memory_order_relaxed);
}

int main(void)
{
    if (crb_io_acquire(NULL) != CORBEL_OK) {
        return 0; /* which the test takes for a failure of its own */
    }
    crb_timer timer;
    crb_timer_init(&timer, planted_write, NULL);
    crb_timer_set(&timer, crb_now());
    while (!atomic_load_explicit(&written, memory_order_relaxed)) {
        sched_yield();
    }
    printf("%d\n", planted);
    crb_io_release();
    return 0;
}
