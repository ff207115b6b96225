/** Who wants to know when a session breaks: corbel_object_on_broken().
 *
 *  A watch belongs to its reference, and hangs on the session that the reference hangs on: it is in the list of that peer. One of
 * a reference by URI that is not bound is parked at the target, until it is. When the session ends, its watches are queued for a
 *  worker, each once.
 *
 *  Guarded by corbel_runtime.watch_lock: every list, every state, and crb_target.uri.bound (which changes under bind_lock, too,
 * so that holding either is enough to read it). */
#ifndef CRB_WATCH_H
#define CRB_WATCH_H

#include "runtime/call/peer.h"

typedef enum crb_watch_state {
    CRB_WATCH_ARMED,   /* in a list, or on an object of this process */
    CRB_WATCH_QUEUED,  /* its session has ended */
    CRB_WATCH_DROPPED, /* after it was queued: nobody wants to know any more */
    CRB_WATCH_RUNNING  /* runner is in the callback */
} crb_watch_state;

struct crb_watch {
    crb_watch_state state;
    corbel_runtime *runtime; /* its memory is counted */
    corbel_object *object;   /* its reference; NULL: that has let go of it */
    crb_watch *older;        /* of the same reference: one that runs */
    crb_watch **list;        /* that it is in, or NULL */
    crb_watch *next, *prev;
    corbel_broken_callback callback;
    void *context;
    corbel_error why; /* once queued */
    pthread_t runner;
    crb_later later;
    crb_work work;
};

/** The session has ended; why and over are set. Under the peer's lock: the callbacks are posted when that is given back. */
void crb_watch_session_ended_locked(crb_peer *peer);
/** A reference by URI was found: its watches hang on bound's session from now on. Under bind_lock; returns the target that it was
 *  before. *ret_fired: what crb_watch_post() is to be called with after that lock was given back. */
crb_target *crb_watch_rebound(crb_target *target, crb_target *bound, crb_watch **ret_fired);
/** Posts the callbacks of sessions that had ended already. No lock held. */
void crb_watch_post(crb_watch *fired);
/** The reference goes: afterwards no callback of its watches runs, but one on this very thread. No lock held. */
void crb_watch_forget(corbel_object *object);

#endif /* CRB_WATCH_H */
