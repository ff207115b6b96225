/** Targets: what references refer to. One target for each object that this process knows by one way; references (with options)
 *  share it. Counted: by references, by exports of sessions, by registrations, by requests. */
#ifndef CRB_TARGET_H
#define CRB_TARGET_H

#include "runtime/call/runtime_impl.h"

typedef enum crb_target_kind {
    CRB_TARGET_LOCAL,  /* a servant of this runtime */
    CRB_TARGET_IMPORT, /* an object behind a session */
    CRB_TARGET_URI,    /* found by URI or name when it is needed, and again when its session broke */
    CRB_TARGET_PROMISE /* what a call is still to return: see promise.c */
} crb_target_kind;

/** An object was found to have another interface, too. */
typedef struct crb_known {
    struct crb_known *next;
    uint64_t fingerprint; /* there */
    char interface[];
} crb_known;

struct crb_target {
    _Atomic uint32_t refs;
    crb_target *next_dead; /* in crb_peer.dead */
    crb_target_kind kind;
    corbel_runtime *runtime; /* its memory is counted */
    struct crb_gate *gate;   /* of a serial object here, counted; constant once others know the target; NULL: none */
    uint64_t key;            /* the same for the same object found the same way; tells nothing to others */
    union {
        struct {
            corbel_skeleton skeleton;
            void *self;
            corbel_finalizer finalize;
            const struct crb_raw *raw; /* malloc'ed: all its calls come to one function; NULL: to the skeleton's */
            const struct corbel_once_store
                *store; /* remembers keys and replies by itself; NULL: it does not; set before others know it */
            void *store_user;
            uint8_t key[16];    /* random: names the object in traces */
            char *id;           /* registered under; guarded by dispatch_lock; NULL: not */
            void *daemon;       /* the hosting half's: where it is registered; guarded by dispatch_lock */
            crb_work finalizer; /* runs finalize */
        } local;
        struct {
            crb_peer *peer; /* counted */
            crb_import *import;
            uint64_t receipts;           /* guarded by the peer's lock */
            _Atomic bool gone;           /* the peer withdrew it */
            _Atomic bool durable;        /* its servant remembers keys and replies by itself: the answer to a BIND said so */
            char *interface;             /* as what it came */
            uint64_t fingerprint;        /* of that interface there; 0: not known */
            _Atomic(crb_known *) others; /* what is known of it besides; only grows */
            /* The interface as which calls may be made without another look: see agree.c. */
            _Atomic(const corbel_interface *) agreed;
        } import;
        struct {
            crb_uri uri;
            char *text;
            const corbel_interface *interface; /* wanted; NULL: any */
            pthread_mutex_t bind_lock;
            crb_target *bound; /* counted; LOCAL or IMPORT; changed under bind_lock and watch_lock, read under either */
            crb_watch *parked; /* of references that are not bound to a session; guarded by watch_lock */
        } uri;
        struct {
            _Atomic(struct corbel_call *) call; /* counted; whose result it is; NULL: it was settled, and then used */
            const corbel_interface *interface;
            uint32_t *path; /* in the result; malloc'ed */
            size_t n_path;
            _Atomic bool settled;   /* calls go to result; set once, under guard. As long as it is not: */
            crb_peer *peer;         /* its route; counted; NULL: in this process */
            pthread_mutex_t *guard; /* call's; guards: */
            bool known;             /* call has returned */
            uint32_t unanswered;    /* calls on the route */
            crb_target *result;     /* counted; NULL with known: there is none, because of */
            corbel_error error;
            crb_target *next;               /* of the same call's, not settled */
            crb_work *parked, **parked_end; /* calls that are passed on when it is known */
        } promise;
    };
};

/** What an object has whose calls are not decoded: see daemon/dynamic.c. */
typedef struct crb_raw {
    corbel_status (*handler)(void *self, struct corbel_request *request);
    bool everything; /* the operations of corbel::Object come to it, too */
} crb_raw;

/** refs 1. NULL: no memory (finalize is then not called: the caller does). */
crb_target *crb_target_new_local(corbel_runtime *runtime, corbel_skeleton skeleton, void *self, corbel_finalizer finalize);
/** Takes over uri and counts nothing else. */
crb_target *crb_target_new_uri(corbel_runtime *runtime, const corbel_interface *interface, const char *text, crb_uri *uri);
/** refs 1; all of promise is zero. NULL: no memory. */
crb_target *crb_target_new_promise(corbel_runtime *runtime);
/** The session by which calls on the target go; NULL: none, or it is not found yet. Of a promise on whose route the caller counts
 *  a call, or under its guard. */
crb_peer *crb_target_peer(const crb_target *target);
/** The target for an import that has just come in: the one that is there, or a new one; one receipt is counted. Under the
 *  peer's lock. NULL: no memory; the receipt was given back. */
crb_target *crb_target_for_import_locked(crb_peer *peer, crb_import *import, const char *interface, uint64_t fingerprint);
/** The fingerprint that the interface of that name has where the object is; 0: not known. */
uint64_t crb_target_fingerprint(const crb_target *target, const char *interface);
/** From now on it is known. Of a reference by URI: of what it is bound to. No lock held. */
void crb_target_learn(crb_target *target, const char *interface, uint64_t fingerprint);

crb_target *crb_target_ref(crb_target *target);
/** Counts it unless it is on its way out: then false. */
bool crb_target_try_ref(crb_target *target);
/** May take locks of peers: never under any lock. Takes NULL. */
void crb_target_unref(crb_target *target);
/** What is left to do when the last count is gone. Never under any lock. */
void crb_target_destroy(crb_target *target);

/** A name for people: the registered id, or that of a URI; interface and four bytes of a hash; the interface alone of what is
 *  elsewhere. Under no lock. */
void crb_target_name(const crb_target *target, char *out, size_t max);
/** The same of an object of ours, under dispatch_lock. */
void crb_target_name_local_locked(const crb_target *target, char *out, size_t max);
/** The interface of that name: itself or one of its bases; "" is itself. NULL: none. */
const corbel_interface *crb_interface_find(const corbel_interface *interface, const char *name);
/** Is name the interface, or one of its bases? "" is any. */
bool crb_interface_is_a(const corbel_interface *interface, const char *name);

/** How to find what a reference by URI stands for. */
typedef struct crb_resolving {
    uint64_t deadline;
    bool wait;   /* where nobody answers, or nobody knows the object: again and again until the deadline; else one pass */
    bool nested; /* for a call of a chain that may run there: what was found is good as long as its session takes such */
} crb_resolving;

/** A target that can be called, for one that perhaps has to be found first: a counted LOCAL or IMPORT target; or a promise, on
 *  whose route the call is counted then: see crb_promise_way(). Blocks until the deadline at most. */
corbel_status crb_target_resolve(crb_target *target, const crb_resolving *how, crb_target **ret, corbel_error *reterr);

/** A reference: a target and how to call it. */
struct corbel_object {
    _Atomic uint32_t refs;
    crb_target *target; /* counted; NULL: the reference that there was no memory for */
    const corbel_interface *interface;
    const corbel_interface *agree; /* whose fingerprint says whether both sides mean the same: interface, or its heir that this
                                      reference is known to have */
    _Atomic(crb_watch *) watches;  /* the newest first; guarded by watch_lock, but that a last unref may look for NULL */
    uint32_t deadline_ms;
    bool wait_for_credit;
    bool wait_for_ready;
    bool overlap;
    bool no_retry;
    corbel_lane *lane;       /* counted; NULL: that of the calling thread */
    corbel_batch *batch;     /* counted: calls wait there; NULL: none */
    corbel_context *context; /* counted, constant: what its calls carry; NULL: nothing of its own */
    corbel_context *reply;   /* counted: takes what comes with answers; NULL: nobody wants it */
};

/** Takes over a count of target. NULL: no memory; the count is given back. */
corbel_object *crb_object_new(crb_target *target, const corbel_interface *interface);
/** Never NULL, never counted: calls on it fail with CORBEL_NO_MEMORY. */
corbel_object *crb_object_no_memory(void);
/** The same with CORBEL_NIL_REFERENCE: what a call on NULL promises. */
corbel_object *crb_object_nil(void);

#endif /* CRB_TARGET_H */
