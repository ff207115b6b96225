/** What the files of runtime/call and daemon/ share: the runtime, and the order of its locks.
 *
 *  Locks, outermost first; one that stands later may be taken while one that stands earlier is held, never the other way:
 *    crb_target.bind_lock > crb_peer.lock > corbel_runtime.lock, dispatch_lock, watch_lock (never two of these)
 *    > corbel_runtime.again.lock > once_lock
 *  Two peers' locks are never held together. No user code runs under any of them. */
#ifndef CRB_RUNTIME_IMPL_H
#define CRB_RUNTIME_IMPL_H

#include "runtime/call/cancel.h"
#include "runtime/call/carried.h"
#include "runtime/call/host.h"
#include "runtime/session/session.h"
#include "runtime/transport/io.h"
#include "runtime/transport/listener.h"
#include "runtime/uri/uri.h"
#include "runtime/value/codec.h"

#include <corbel/generated.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>

#define CRB_DEFAULT_DEADLINE_MS 30000u
#define CRB_DEFAULT_MAX_WORKERS 64u
#define CRB_DEFAULT_MAX_SUBSTITUTES 256u
#define CRB_CHAIN_SLOTS 256u
#define CRB_LANE_PLACES 1024u

typedef struct crb_peer crb_peer;
typedef struct crb_target crb_target;
typedef struct crb_wait crb_wait;
typedef struct crb_lent crb_lent;
typedef struct crb_watch crb_watch;
typedef struct crb_route crb_route;
typedef struct crb_who crb_who;
typedef struct crb_lost crb_lost;

struct corbel_runtime {
    _Atomic uint32_t memory_refs; /* the user's, and one for each target, peer and request: the memory lives that long */
    _Atomic bool closed;          /* corbel_runtime_unref() has begun: calls fail */
    uint8_t instance[16];
    uint8_t secret[16];
    char *name;
    char *name_server; /* as the user wrote it: HOST:PORT,… or a URI */
    uint32_t default_deadline_ms;
    uint32_t min_workers, max_workers, max_substitutes;
    bool wait_for_ready; /* of all references */
    bool user_dispatch;  /* no workers */
    int work_event;      /* with user_dispatch: an eventfd, readable while work is queued; changed under dispatch_lock; else -1 */
    uint64_t worker_idle; /* how long a worker beyond the minimum stays without work */
    /* Set before the first session. */
    crb_session_limits limits;                    /* of its sessions */
    crb_codec_limits values;                      /* of what is read from messages */
    crb_listener_limits listening;                /* of its daemons */
    crb_carried_limits carried;                   /* of contexts, each way */
    crb_once_limits once_limits;                  /* of keys and replies that are kept */
    uint32_t max_waiting, max_waiting_lane;       /* calls that wait to be entered */
    struct crb_interceptors *outgoing, *incoming; /* around its calls, and around those that it serves */

    bool no_retry;                                /* of all its references */
    _Atomic uint32_t lane_marks[CRB_LANE_PLACES]; /* how often something was sent in the lanes that meet there: see again.h */
    struct {
        pthread_mutex_t lock; /* guards: */
        pthread_cond_t changed;
        struct crb_again_repeats *queue; /* calls that are to be made again */
        uint32_t n_repeaters, n_idle;
        bool stopped;
    } again;

    pthread_mutex_t lock; /* guards: */
    crb_peer *peers;
    corbel_object *name_server_object;
    crb_route *routes; /* see routes.c */
    crb_who *who;      /* see who.c */
    crb_lost *lost;
    struct crb_waiter *closing; /* who waits for the peers to be gone */

    pthread_mutex_t dispatch_lock;     /* guards: */
    crb_lent *chains[CRB_CHAIN_SLOTS]; /* threads that wait, by chain */
    struct crb_dispatch *dispatch;     /* of the hosting half; NULL until it is needed */
    struct crb_serial *serial;         /* the hosting half's; NULL: no serial object */
    bool ended;                        /* no more work is taken */
    const corbel_interface **shown;    /* interfaces of objects that others know, or may; only grows */
    size_t n_shown, room_shown;
    crb_scope *cancelled;                         /* whose calls are to be cancelled: see cancel.h */
    bool cancels;                                 /* a thread is at it */
    struct corbel_call *cancelling;               /* the one that it is at */
    pthread_cond_t cancel_changed;                /* it is through with that one; a callback has returned */
    bool hide_interfaces;                         /* constant */
    _Atomic(const corbel_interface *) last_shown; /* a hint outside the lock */

    pthread_mutex_t once_lock;    /* the innermost of all; guards: */
    crb_once_book once;           /* keys of our calls */
    _Atomic uint64_t once_lowest; /* of it; a hint outside the lock */

    pthread_mutex_t watch_lock;   /* guards what watch.h says */
    pthread_cond_t watch_changed; /* a callback has returned */
};

void crb_runtime_ref_memory(corbel_runtime *runtime);
void crb_runtime_unref_memory(corbel_runtime *runtime);
/** Fills in the limits; given may be NULL. */
void crb_runtime_set_limits(corbel_runtime *runtime, const corbel_limits *given);
/** The runtime's reference to its name server, made at the first use; borrowed. */
corbel_status crb_runtime_name_server(corbel_runtime *runtime, corbel_object **ret, corbel_error *reterr);

/** Others know objects of that interface from now on: it can be described to them. Under no lock, or that of a peer. */
void crb_runtime_shows(corbel_runtime *runtime, const corbel_interface *interface);

/** Says goodbye to every peer and waits until their links are over. No lock held. */
void crb_runtime_close_peers(corbel_runtime *runtime);
/** Visits every peer that there is now, with no lock held. */
void crb_runtime_each_peer(corbel_runtime *runtime, void (*visit)(crb_peer *peer, void *user), void *user);

/** What the running thread is doing for whom. Nested calls inherit from it. */
typedef struct crb_context {
    corbel_runtime *runtime;
    uint64_t chain;
    uint64_t deadline;
    uint32_t hop;
    bool apart;              /* the library's own doing: what it calls is nobody else's business */
    crb_scope *scope;        /* what ends with it; NULL: nothing does */
    corbel_context *carried; /* what the call brought, counted from enter to leave: a deferred request may be gone before; NULL:
                                nothing */
    /* Of the thread, from before: */
    struct crb_context *outer;
    const corbel_context *outer_carried;
    struct crb_entered *outer_entered;
} crb_context;

/** NULL: the thread is in no operation. */
crb_context *crb_context_current(void);
void crb_context_enter(crb_context *context);
void crb_context_leave(crb_context *context);
/** A number for a lane, never 0, never used again in this process. */
uint64_t crb_lane_id(void);
/** The lane of this thread's calls. */
uint64_t crb_thread_lane(void);
/** 0: of the lane that there was no memory for. */
uint64_t crb_lane_of(const corbel_lane *lane);
/** Has this thread ever begun a call or sent a oneway? Until then its calls need no lane. */
bool crb_thread_uses_lanes(void);
void crb_thread_use_lanes(void);
/** The lane of a thread that waits in a call is kept for when it goes on: what it runs meanwhile has one of its own. Else a call
 * of that would stand behind the very call that it belongs to. */
typedef struct crb_kept_lane {
    uint64_t lane;
    bool uses;
} crb_kept_lane;
crb_kept_lane crb_thread_keep_lane(void);
void crb_thread_restore_lane(crb_kept_lane kept);
/** A secret random number, never 0. */
uint64_t crb_random_id(void);

/** One chain to which a waiting thread lends itself. */
struct crb_lent {
    uint64_t chain;
    crb_wait *wait;
    crb_lent *next;          /* in the same slot of the table of chains */
    struct crb_await *block; /* the hosting half's; NULL: none */
};

/** A thread that waits for one call or several, and lends itself to their chains meanwhile. On its stack. */
struct crb_wait {
    crb_waiter waiter;
    corbel_runtime *runtime;
    crb_lent lent;                /* the chain that it began with; 0: none */
    crb_work *inbox, **inbox_end; /* what it is to run; guarded by dispatch_lock */
    struct crb_lane *lanes;       /* lanes that the hosting half gave it; guarded by dispatch_lock */
    bool running;                 /* its thread runs what it took from the inbox; guarded by dispatch_lock */
};

/** Registers the wait under its chain (0: none), so that calls of the chain come to it. */
void crb_wait_begin(crb_wait *wait, corbel_runtime *runtime, uint64_t chain);
/** Calls of one more chain come to it, until crb_wait_keep_locked() with the same lent. Under dispatch_lock. */
void crb_wait_lend_locked(crb_wait *wait, crb_lent *lent, uint64_t chain);
void crb_wait_keep_locked(crb_wait *wait, crb_lent *lent);
/** Waits until woken, or until the deadline: false. Runs nothing. */
bool crb_wait_sleep(crb_wait *wait, uint64_t deadline);
/** Runs one thing that a chain brought; false: there is none. */
bool crb_wait_run_one(crb_wait *wait);
/** Waits until *done, which is set under guard together with crb_io_wake(&wait->waiter), or until the deadline; runs what the
 *  chain brings. True: done. */
bool crb_wait_until(crb_wait *wait, const _Atomic bool *done, pthread_mutex_t *guard, uint64_t deadline);
/** What is left in the inbox goes to the workers. */
void crb_wait_end(crb_wait *wait);
/** The innermost thread that waits in chain, or NULL. Under dispatch_lock. */
crb_wait *crb_wait_find_locked(corbel_runtime *runtime, uint64_t chain);
/** Puts work into its inbox and wakes it. Under dispatch_lock. */
void crb_wait_give_locked(crb_wait *wait, crb_work *work);

#endif /* CRB_RUNTIME_IMPL_H */
