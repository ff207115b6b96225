/* Who polls. Invariants, all under io.lock:
 *
 *  - At most one thread leads: io.leader is its waiter, whose state has LEADING. Only it calls crb_queue_next(), runs tags and
 *    timers, and arms.
 *  - When nobody leads, the keeper ticks: so a completion, a timer or something to arm that no leader saw waits for at most two
 *    ticks.
 *  - The callers that wait and do not lead are listed, in the order of their coming; a leaving leader gives the lead to the first
 *    of them. Workers that wait are not listed.
 *
 *  A waiter's state says what a waker has to do. WOKEN is set once for each wait; a waker touches nothing of the waiter after it
 *  has set it, since the waiter may be gone. PARKED: it is, or is about to be, in the futex on its state: whatever changes the
 *  state lets it out. LEADING without PARKED: it is, or is about to be, in the queue: a kick lets it out. Before it goes there,
 * it looks at its state; a kick that comes in between stays in the queue and is seen at once. */
#include "runtime/transport/io.h"

#include "runtime/base/clock.h"
#include "runtime/base/fail.h"
#include "runtime/base/log.h"
#include "runtime/transport/arm.h"
#include "runtime/transport/queue.h"
#include "runtime/transport/timer_heap.h"

#include <assert.h>
#include <errno.h>
#include <linux/futex.h>
#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define IO_TICK (1 * CRB_MS) /* of the keeper */
#define IO_QUIET_TICKS 10    /* with the same leader: the keeper sleeps until it leaves */
#define IO_MAX_SKIP 64       /* times that the keeper does not step aside for a worker that does not come back for the lead */

enum { WOKEN = 1, BY_OTHER = 2, PARKED = 4, LEADING = 8 };

/* What a leading thread knows about itself. */
typedef struct io_term {
    crb_waiter *waiter;
    bool woke_caller, woke_worker; /* by what it ran: another than its own waiter */
    crb_timer *running;            /* the timer whose fn it is in */
} io_term;

static _Thread_local io_term *io_my_term;

/* One process has one group of I/O: this is the state that the design allows to be global. */
static struct {
    pthread_mutex_t setup_lock; /* held over the whole of crb_io_acquire() and crb_io_release() */
    unsigned users;
    pthread_t keeper_thread;

    pthread_mutex_t lock;
    crb_waiter *leader;
    uint64_t terms; /* how often the lead was taken */
    crb_waiter *first_parked, *last_parked;
    crb_armable *to_arm;
    crb_timer_heap timers;
    crb_timer *running; /* the leader is in its fn */
    pthread_cond_t timer_done;
    unsigned timer_waiters;

    crb_waiter keeper;
    pthread_cond_t keeper_wake;
    bool keeper_sleeps; /* until somebody leaves the lead */
    bool stopping;
    unsigned skip;        /* times the keeper goes on leading although it woke a worker */
    unsigned max_skip;    /* what skip starts from next time */
    bool left_for_worker; /* the keeper, the last time */

    _Atomic uint64_t polling_until; /* the leader is in the queue at most until then; 0: it will look at the timers before */
    _Atomic uint64_t led[3];        /* events, by kind of leader; only the leader writes */
    _Atomic uint64_t hand_overs, kicks;
} io = {
    .setup_lock = PTHREAD_MUTEX_INITIALIZER,
    .lock = PTHREAD_MUTEX_INITIALIZER,
    .timer_done = PTHREAD_COND_INITIALIZER,
    .keeper_wake = PTHREAD_COND_INITIALIZER,
};

static void io_futex_wake(_Atomic uint32_t *word)
{
    (void)syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
}

/* Returns when the word is not expected any more, at the deadline, or early. */
static void io_futex_wait(_Atomic uint32_t *word, uint32_t expected, uint64_t deadline)
{
    struct timespec until;
    if (deadline != CRB_NEVER) {
        until.tv_sec = (time_t)(deadline / CRB_SECOND);
        until.tv_nsec = (long)(deadline % CRB_SECOND);
    }
    (void)syscall(SYS_futex, word, FUTEX_WAIT_BITSET_PRIVATE, expected, deadline != CRB_NEVER ? &until : NULL, NULL,
                  FUTEX_BITSET_MATCH_ANY);
}

static void io_kick(void)
{
    atomic_fetch_add_explicit(&io.kicks, 1, memory_order_relaxed);
    crb_queue_kick();
}

/* ---- what to arm ---- */

void crb_io_arm_later(crb_armable *armable)
{
    pthread_mutex_lock(&io.lock);
    armable->listed = true;
    armable->prev = NULL;
    armable->next = io.to_arm;
    if (armable->next != NULL) {
        armable->next->prev = armable;
    }
    io.to_arm = armable;
    pthread_mutex_unlock(&io.lock);
}

static void io_unlist_armable_locked(crb_armable *armable)
{
    if (armable->prev != NULL) {
        armable->prev->next = armable->next;
    } else {
        io.to_arm = armable->next;
    }
    if (armable->next != NULL) {
        armable->next->prev = armable->prev;
    }
    armable->listed = false;
}

void crb_io_arm_not(crb_armable *armable)
{
    pthread_mutex_lock(&io.lock);
    if (armable->listed) {
        io_unlist_armable_locked(armable);
    }
    pthread_mutex_unlock(&io.lock);
}

/* ---- timers ---- */

void crb_timer_init(crb_timer *timer, void (*fn)(void *user), void *user)
{
    *timer = (crb_timer) { .fn = fn, .user = user };
}

void crb_timer_set(crb_timer *timer, uint64_t when)
{
    pthread_mutex_lock(&io.lock);
    if (timer == io.running && io.timer_waiters > 0) { /* somebody stops it while it runs: the stop wins */
        pthread_mutex_unlock(&io.lock);
        return;
    }
    if (timer->set) {
        crb_timer_heap_remove(&io.timers, timer);
    }
    timer->when = when;
    crb_timer_heap_insert(&io.timers, timer);
    const bool too_late = io_my_term == NULL && when < atomic_load(&io.polling_until);
    pthread_mutex_unlock(&io.lock);
    if (too_late) {
        io_kick();
    }
}

void crb_timer_stop(crb_timer *timer)
{
    pthread_mutex_lock(&io.lock);
    while (true) {
        if (timer->set) {
            crb_timer_heap_remove(&io.timers, timer);
        }
        if (io.running != timer || (io_my_term != NULL && io_my_term->running == timer)) {
            break;
        }
        io.timer_waiters++;
        pthread_cond_wait(&io.timer_done, &io.lock);
        io.timer_waiters--;
    }
    pthread_mutex_unlock(&io.lock);
}

/* Runs what is due. The lock is let go of while a timer runs. True: some ran. */
static bool io_run_timers_locked(io_term *term)
{
    crb_timer *timer = io.timers.root;
    if (timer == NULL) {
        return false;
    }
    const uint64_t now = crb_now();
    bool ran = false;
    for (; timer != NULL && timer->when <= now; timer = io.timers.root) {
        crb_timer_heap_remove(&io.timers, timer);
        void (*fn)(void *) = timer->fn;
        void *user = timer->user;
        io.running = timer;
        term->running = timer;
        pthread_mutex_unlock(&io.lock);
        fn(user); /* timer may be gone afterwards */
        pthread_mutex_lock(&io.lock);
        io.running = NULL;
        term->running = NULL;
        if (io.timer_waiters > 0) {
            pthread_cond_broadcast(&io.timer_done);
        }
        ran = true;
    }
    return ran;
}

/* ---- the lead ---- */

bool crb_io_is_leading(void)
{
    return io_my_term != NULL;
}

static void io_list_parked_locked(crb_waiter *waiter)
{
    waiter->parked = true;
    waiter->next = NULL;
    waiter->prev = io.last_parked;
    if (io.last_parked != NULL) {
        io.last_parked->next = waiter;
    } else {
        io.first_parked = waiter;
    }
    io.last_parked = waiter;
}

static void io_unlist_parked_locked(crb_waiter *waiter)
{
    if (waiter->prev != NULL) {
        waiter->prev->next = waiter->next;
    } else {
        io.first_parked = waiter->next;
    }
    if (waiter->next != NULL) {
        waiter->next->prev = waiter->prev;
    } else {
        io.last_parked = waiter->prev;
    }
    waiter->parked = false;
}

static void io_take_lead_locked(crb_waiter *waiter)
{
    io.leader = waiter;
    io.terms++;
    atomic_fetch_or(&waiter->state, LEADING);
}

/* To the first caller that waits and was not woken; without one, to nobody, and the keeper ticks. */
static void io_leave_lead_locked(crb_waiter *waiter)
{
    atomic_fetch_and(&waiter->state, ~(uint32_t)LEADING);
    io.leader = NULL;
    while (io.first_parked != NULL) {
        crb_waiter *heir = io.first_parked;
        io_unlist_parked_locked(heir);
        if ((atomic_load(&heir->state) & WOKEN) == 0) {
            io_take_lead_locked(heir);
            io_futex_wake(&heir->state);
            return;
        }
    }
    if (io.keeper_sleeps) {
        io.keeper_sleeps = false;
        pthread_cond_signal(&io.keeper_wake);
    }
}

/* Must a leader that is not woken itself leave nevertheless? */
static bool io_steps_aside(io_term *term)
{
    const bool woke_caller = term->woke_caller;
    const bool woke_worker = term->woke_worker;
    term->woke_caller = false;
    term->woke_worker = false;
    if (term->waiter != &io.keeper) {
        /* A worker that went on would read all further replies of a caller that could have read them itself. */
        return woke_caller && term->waiter->kind == CRB_WAITER_WORKER;
    }
    if (woke_worker && !woke_caller && io.skip > 0) {
        io.skip--;
        return false;
    }
    io.left_for_worker = woke_worker && !woke_caller;
    return woke_caller || woke_worker;
}

/* Polls, until waiter is woken or the deadline has come (true), or the thread has to step aside (false). The lead is its own
 * before and after. io.lock is held before and after, and not while anything runs. */
static bool io_lead_locked(crb_waiter *waiter, uint64_t deadline)
{
    const unsigned who = waiter == &io.keeper ? 2 : waiter->kind == CRB_WAITER_CALLER ? 0 : 1;
    io_term term = { .waiter = waiter };
    bool stays = true;
    io_my_term = &term;
    while ((atomic_load(&waiter->state) & WOKEN) == 0) {
        if (io_run_timers_locked(&term)) {
            if (io_steps_aside(&term)) {
                stays = false;
                break;
            }
            continue;
        }
        while (io.to_arm != NULL) {
            crb_armable *armable = io.to_arm;
            io_unlist_armable_locked(armable);
            pthread_mutex_unlock(&io.lock);
            armable->arm(armable);
            pthread_mutex_lock(&io.lock);
        }
        if (deadline != CRB_NEVER && crb_now() >= deadline) {
            break;
        }
        const uint64_t timer = io.timers.root != NULL ? io.timers.root->when : CRB_NEVER;
        const uint64_t until = timer < deadline ? timer : deadline;
        atomic_store(&io.polling_until, until);
        pthread_mutex_unlock(&io.lock);
        const bool event = crb_queue_next(until);
        atomic_store(&io.polling_until, 0);
        if (event) {
            atomic_store_explicit(&io.led[who], atomic_load_explicit(&io.led[who], memory_order_relaxed) + 1,
                                  memory_order_relaxed);
        }
        pthread_mutex_lock(&io.lock);
        if (io_steps_aside(&term)) {
            stays = false;
            break;
        }
    }
    io_my_term = NULL;
    return stays;
}

/* ---- waiters ---- */

void crb_waiter_init(crb_waiter *waiter, crb_waiter_kind kind)
{
    *waiter = (crb_waiter) { .kind = kind };
}

/* In the futex, until woken, handed the lead, or the deadline. */
static void io_park_locked(crb_waiter *waiter, uint64_t deadline)
{
    const uint32_t state = atomic_fetch_or(&waiter->state, PARKED);
    if ((state & WOKEN) == 0) {
        if (waiter->kind == CRB_WAITER_CALLER) {
            io_list_parked_locked(waiter);
        }
        pthread_mutex_unlock(&io.lock);
        io_futex_wait(&waiter->state, state | PARKED, deadline);
        pthread_mutex_lock(&io.lock);
        if (waiter->parked) {
            io_unlist_parked_locked(waiter);
        }
    }
    atomic_fetch_and(&waiter->state, ~(uint32_t)PARKED);
}

bool crb_io_wait(crb_waiter *waiter, uint64_t deadline)
{
    bool waited = false;
    if ((atomic_load(&waiter->state) & WOKEN) == 0) {
        pthread_mutex_lock(&io.lock);
        bool may_lead = true;
        while ((atomic_load(&waiter->state) & WOKEN) == 0) {
            waited = true;
            if (io.leader == NULL && may_lead) {
                io_take_lead_locked(waiter);
            }
            if (io.leader == waiter) {
                may_lead = io_lead_locked(waiter, deadline);
                io_leave_lead_locked(waiter);
            }
            if (deadline != CRB_NEVER && crb_now() >= deadline) {
                break;
            }
            if ((atomic_load(&waiter->state) & WOKEN) == 0) {
                io_park_locked(waiter, deadline);
            }
        }
        if (io.leader == waiter) { /* handed over to one that was woken at the same time */
            io_leave_lead_locked(waiter);
        }
        pthread_mutex_unlock(&io.lock);
    }
    const uint32_t state = atomic_fetch_and(&waiter->state, ~(uint32_t)(WOKEN | BY_OTHER));
    if ((state & WOKEN) == 0) {
        return false;
    }
    waiter->delivered_by_other = (state & BY_OTHER) != 0;
    if (waited && waiter->delivered_by_other) {
        atomic_fetch_add_explicit(&io.hand_overs, 1, memory_order_relaxed);
    }
    return true;
}

void crb_io_wake(crb_waiter *waiter)
{
    io_term *term = io_my_term;
    const bool own = term != NULL && term->waiter == waiter;
    const crb_waiter_kind kind = waiter->kind;
    uint32_t state = atomic_load(&waiter->state);
    do {
        if ((state & WOKEN) != 0) {
            return;
        }
    } while (!atomic_compare_exchange_weak(&waiter->state, &state, state | WOKEN | (own ? 0 : BY_OTHER)));
    /* waiter may be gone: its address is only a number now */
    if (own) {
        return;
    }
    if (term != NULL) {
        *(kind == CRB_WAITER_CALLER ? &term->woke_caller : &term->woke_worker) = true;
    }
    if ((state & PARKED) != 0) {
        io_futex_wake(&waiter->state);
    } else if ((state & LEADING) != 0) {
        io_kick();
    }
}

/* ---- the keeper ---- */

static void io_keeper_pause_locked(uint64_t ns)
{
    const uint64_t at = crb_now() + ns;
    const struct timespec until = { .tv_sec = (time_t)(at / CRB_SECOND), .tv_nsec = (long)(at % CRB_SECOND) };
    (void)pthread_cond_clockwait(&io.keeper_wake, &io.lock, CLOCK_MONOTONIC, &until);
}

/* Takes the lead when nobody led since the last tick; sleeps while one and the same thread leads. */
static void *io_keeper(void *user)
{
    (void)user;
    pthread_mutex_lock(&io.lock);
    uint64_t seen = io.terms;
    uint64_t own_term = 0; /* the last one */
    unsigned quiet = 0;
    while (!io.stopping) {
        if (io.terms != seen) {
            seen = io.terms;
            quiet = 0;
        } else if (io.leader == NULL) {
            if (io.left_for_worker) {
                /* Did the worker come back for the lead, or was it for nothing that nobody polled meanwhile? */
                io.max_skip = io.terms != own_term ? 0 : io.max_skip == 0 ? 1 : io.max_skip * 2;
                io.max_skip = io.max_skip < IO_MAX_SKIP ? io.max_skip : IO_MAX_SKIP;
                io.skip = io.max_skip;
                io.left_for_worker = false;
            }
            io_take_lead_locked(&io.keeper);
            own_term = io.terms;
            (void)io_lead_locked(&io.keeper, CRB_NEVER);
            atomic_fetch_and(&io.keeper.state, ~(uint32_t)(WOKEN | BY_OTHER));
            io_leave_lead_locked(&io.keeper);
            seen = io.terms;
            quiet = 0;
        } else if (++quiet >= IO_QUIET_TICKS) {
            io.keeper_sleeps = true;
            while (io.keeper_sleeps && !io.stopping) {
                pthread_cond_wait(&io.keeper_wake, &io.lock);
            }
            io.keeper_sleeps = false;
            quiet = 0;
            seen = io.terms;
        }
        if (!io.stopping) {
            io_keeper_pause_locked(IO_TICK);
        }
    }
    pthread_mutex_unlock(&io.lock);
    return NULL;
}

static corbel_status io_start_locked_setup(corbel_error *reterr)
{
    const corbel_status status = crb_queue_open(reterr);
    if (status != CORBEL_OK) {
        return status;
    }
    io.stopping = false;
    io.keeper_sleeps = false;
    io.skip = 0;
    io.max_skip = 0;
    io.left_for_worker = false;
    crb_waiter_init(&io.keeper, CRB_WAITER_WORKER);
    const int error = pthread_create(&io.keeper_thread, NULL, io_keeper, NULL);
    if (error != 0) {
        crb_queue_close();
        return crb_fail(reterr, CORBEL_SYSTEM, CORBEL_COMPLETED_NO, "no thread for I/O: %s", strerror(error));
    }
    (void)pthread_setname_np(io.keeper_thread, "corbel-keeper");
    return CORBEL_OK;
}

corbel_status crb_io_acquire(corbel_error *reterr)
{
    corbel_status status = CORBEL_OK;
    pthread_mutex_lock(&io.setup_lock);
    if (io.users == 0) {
        /* The keeper's and gRPC's threads must not be the ones that run the program's signal handlers. */
        sigset_t all, before;
        sigfillset(&all);
        pthread_sigmask(SIG_SETMASK, &all, &before);
        status = io_start_locked_setup(reterr);
        pthread_sigmask(SIG_SETMASK, &before, NULL);
    }
    if (status == CORBEL_OK) {
        io.users++;
    }
    pthread_mutex_unlock(&io.setup_lock);
    return status;
}

void crb_io_release(void)
{
    pthread_mutex_lock(&io.setup_lock);
    assert(io.users > 0 && io_my_term == NULL);
    if (--io.users == 0) {
        pthread_mutex_lock(&io.lock);
        io.stopping = true;
        pthread_cond_signal(&io.keeper_wake);
        pthread_mutex_unlock(&io.lock);
        crb_io_wake(&io.keeper); /* if it leads */
        pthread_join(io.keeper_thread, NULL);
        crb_queue_close();
    }
    pthread_mutex_unlock(&io.setup_lock);
}

crb_io_stats crb_io_get_stats(void)
{
    return (crb_io_stats) {
        .led_by_caller = atomic_load_explicit(&io.led[0], memory_order_relaxed),
        .led_by_worker = atomic_load_explicit(&io.led[1], memory_order_relaxed),
        .led_by_keeper = atomic_load_explicit(&io.led[2], memory_order_relaxed),
        .hand_overs = atomic_load_explicit(&io.hand_overs, memory_order_relaxed),
        .kicks = atomic_load_explicit(&io.kicks, memory_order_relaxed),
    };
}
