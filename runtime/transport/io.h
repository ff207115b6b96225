/** The polling scheme of section 7 of the design: one gRPC completion queue for the process; exactly one thread, the leader,
 *  waits on it: a synchronous caller by preference, else an idle worker, else the keeper, a thread of ours that runs no user
 * code.
 *
 *  Everything that waits (a caller for its reply, a worker for work) waits here, so that it can lead while it waits. */
#ifndef CRB_IO_H
#define CRB_IO_H

#include <corbel/error.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/** Brings the process's I/O up (gRPC, the queue, the keeper); counted. */
corbel_status crb_io_acquire(corbel_error *reterr);
/** The last release ends the keeper and gRPC; all links are over by then. Not on the polling thread. */
void crb_io_release(void);

typedef enum crb_waiter_kind { CRB_WAITER_CALLER, CRB_WAITER_WORKER } crb_waiter_kind;

/** One thread that waits. Usually on its stack. */
typedef struct crb_waiter {
    _Atomic uint32_t state; /* io.c's */
    crb_waiter_kind kind;
    struct crb_waiter *next, *prev; /* io.c's */
    bool parked;                    /* io.c's */
    bool delivered_by_other;        /* the last wake came from another thread than the waiting one (a hand-over) */
} crb_waiter;

void crb_waiter_init(crb_waiter *waiter, crb_waiter_kind kind);
/** Waits until crb_io_wake(waiter) was called since the last crb_io_wait() returned true (also before this call), or until
 *  deadline (crb_now() time, CRB_NEVER: none). Leads while it waits, when the lead is free. True: woken. */
bool crb_io_wait(crb_waiter *waiter, uint64_t deadline);
/** Wakes it: a parked thread by futex, a leading one by a kick (unless it is the calling thread itself, which sees it on its
 *  way out). Any thread, also from link callbacks and timers; cheap when the waiter is the caller itself. The waiter may be gone
 *  as soon as it is woken, also before this returns: two who may wake the same one agree by a lock of their own. */
void crb_io_wake(crb_waiter *waiter);

/** Is the calling thread polling at this moment (so that it is inside a link callback or a timer)? */
bool crb_io_is_leading(void);

/** Timers run on the polling thread, with no lock of io held; they must not block nor run user code. */
typedef struct crb_timer {
    uint64_t when;
    void (*fn)(void *user);
    void *user;
    struct crb_timer *child, *next, *prev; /* timer_heap.c's */
    bool set;                              /* timer_heap.c's */
} crb_timer;
void crb_timer_init(crb_timer *timer, void (*fn)(void *user), void *user);
/** Sets or moves it. Any thread; needs no memory. While it runs and another thread is in crb_timer_stop(), it does nothing. */
void crb_timer_set(crb_timer *timer, uint64_t when);
/** Afterwards fn does not run any more (waits for one that is running, unless called from inside it). */
void crb_timer_stop(crb_timer *timer);

/** Counters, for tests and logs. */
typedef struct crb_io_stats {
    uint64_t led_by_caller, led_by_worker, led_by_keeper; /* events taken from the queue by each */
    uint64_t hand_overs; /* waits that ended by another thread's wake; not those that found themselves woken already */
    uint64_t kicks;
} crb_io_stats;
crb_io_stats crb_io_get_stats(void);

#endif /* CRB_IO_H */
