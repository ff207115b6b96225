/** The one small door from the calling half to the hosting half: `daemon/` fills it in and installs it; `runtime/` calls
 *  through it. Without a host a runtime answers every call with CORBEL_NOT_FOUND. */
#ifndef CRB_HOST_H
#define CRB_HOST_H

#include "runtime/base/buf.h"
#include "runtime/session/session.h"

#include <corbel/generated.h>

struct crb_peer;
struct crb_target;
struct corbel_call;
struct crb_wait;
struct crb_lent;

/** Something for a thread to run. Embedded in what it belongs to. */
typedef struct crb_work {
    void (*run)(struct crb_work *work);
    struct crb_work *next;
} crb_work;

/** A reference that travels in a message, by its tag. Counts target. */
typedef struct crb_ref {
    const char *interface; /* as what it is passed: static, of a corbel_interface; NULL in tables that came in */
    uint64_t tag;
    struct crb_target *target;
} crb_ref;

/** A call that comes in. The host takes over args, context and refs (with the array, malloc'ed) and a count of target; strings
 * are borrowed. */
typedef struct crb_incoming {
    struct crb_peer *peer;     /* borrowed; NULL: from this runtime itself, then: */
    struct corbel_call *local; /* completed by crb_call_complete(), unless oneway (NULL) */
    crb_answer *answer;
    struct crb_target *target;
    const char *interface, *operation;
    crb_memo *memo; /* about them; may be NULL */
    uint64_t lane, deadline, chain;
    uint32_t hop;
    bool oneway, complete;
    bool enter;                         /* crb_session_enter() is wanted when it enters */
    crb_stream *stream_in, *stream_out; /* of a call of a peer's */
    crb_buf args;
    crb_ref *refs;
    size_t n_refs;
    crb_buf context;     /* what it carries, as it came; the host's on success, too */
    bool plain;          /* an interceptor's own: others do not see it */
    crb_once_wire *once; /* malloc'ed; the host's on success, too; NULL: nothing about keys */
} crb_incoming;

typedef struct crb_host {
    /** Under the peer's lock, or none for a call from this runtime itself: queues the call. Sets the answer's user pointer. When
     * it cannot, it answers. */
    void (*call)(corbel_runtime *runtime, crb_incoming *incoming);
    /** No lock held: runs a call from this runtime itself on the calling thread, if its lane and object are free; what it became
     *  is then in local. False: not now, nothing was taken over. */
    bool (*call_direct)(corbel_runtime *runtime, crb_incoming *incoming);
    /** Under the peer's lock: the rest of the arguments of a call (its user pointer). Takes over args, and refs, which come now
     * if they did not with the call (with the array, malloc'ed). error, if its status is not OK: it is to be answered with that.
     */
    void (*body)(void *request, crb_buf *args, crb_ref *refs, size_t n_refs, corbel_error *error);
    /** Under the peer's lock: the caller has given up. */
    void (*cancel)(void *request);
    /** Under dispatch_lock: the same for a call in this runtime itself. crb_cancel_run() is to follow. */
    void (*cancel_locked)(void *request);
    /** The same, and it has no call any more to answer. */
    void (*abandon_locked)(void *request);
    /** Under the peer's lock: which object has the id? A counted target, or NULL with reterr. */
    struct crb_target *(*find)(corbel_runtime *runtime, const char *id, const char *interface, corbel_error *reterr);
    /** Does the object remember keys and replies by itself? Any lock. */
    bool (*durable)(const struct crb_target *target);
    /** No lock held: the URI of a registered object, a corbel block; NULL: it has none. */
    char *(*uri)(struct crb_target *target);
    /** No lock held: runs work on a worker, or at once where there is none to be had. */
    void (*post)(corbel_runtime *runtime, crb_work *work);
    /** Under dispatch_lock: the same; the caller is one that must not run it itself. */
    void (*post_locked)(corbel_runtime *runtime, crb_work *work);
    /** Under dispatch_lock: a call that waited for its promise, and took itself out of everybody's hands, goes on. */
    void (*resume_locked)(corbel_runtime *runtime, crb_work *work);
    /** Under dispatch_lock: wait has begun to wait in chain. What came of that before and nobody has taken goes to it, where no
     *  worker would. */
    void (*wait_lends_locked)(struct crb_wait *wait, uint64_t chain);
    /** Under dispatch_lock, in a runtime with serial objects: the calling thread, in wait, lends itself to a chain, and waits for
     * a call of it. proven: until it is complete. */
    void (*blocks_locked)(struct crb_wait *wait, struct crb_lent *lent, bool proven);
    /** Under dispatch_lock: no more. */
    void (*unblocks_locked)(struct crb_wait *wait, struct crb_lent *lent);
    /** No lock held: gives back the gate of a serial object that ends. */
    void (*gate_put)(struct crb_target *target);
    /** Under dispatch_lock: the lanes of outer are wait's now. */
    void (*wait_takes_over_locked)(struct crb_wait *wait, struct crb_wait *outer);
    /** Under dispatch_lock: wait ends; its lanes go back to the workers. */
    void (*wait_ends_locked)(struct crb_wait *wait);
    /** No lock held: corbel_runtime_dispatch(). */
    corbel_status (*dispatch)(corbel_runtime *runtime, int timeout_ms);
    /** No lock held: the calling thread is about to block, or goes on. No-op on threads that are no workers. */
    void (*blocking)(corbel_runtime *runtime, bool blocked);
    /** No lock held: new chains are refused from now on, the peers are told; waits for the calls that run, at most grace_ms, so
     *  that their answers are sent before the goodbye. */
    void (*drain)(corbel_runtime *runtime, uint32_t grace_ms);
    /** No lock held: the runtime ends: waits for its calls and ends its workers. */
    void (*end)(corbel_runtime *runtime);
} crb_host;

/** Called once, when the library is loaded, by the hosting half. */
void crb_host_install(const crb_host *host);
/** NULL: none. */
const crb_host *crb_host_get(void);

#endif /* CRB_HOST_H */
