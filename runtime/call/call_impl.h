/** Calls under way, as the calling half keeps them. */
#ifndef CRB_CALL_IMPL_H
#define CRB_CALL_IMPL_H

#include "runtime/base/fail.h"
#include "runtime/call/peer.h"

#include <corbel/call.h>

/** Whose a call is. */
typedef enum crb_callback {
    CRB_CALLBACK_NONE,   /* who began it */
    CRB_CALLBACK_GIVEN,  /* its callback's, which has not begun yet */
    CRB_CALLBACK_TAKEN,  /* nobody's: it was dropped before the callback began; who would have run that frees it */
    CRB_CALLBACK_RUNS,   /* its callback's, which runs */
    CRB_CALLBACK_AWAITED /* the same, and somebody who drops it waits until it has returned */
} crb_callback;

/** How a call ended, whatever way it went. */
typedef struct crb_outcome_value {
    crb_outcome outcome;
    crb_buf body;  /* RESULT, EXCEPTION */
    crb_ref *refs; /* malloc'ed; counted targets */
    size_t n_refs;
    char *exception;    /* EXCEPTION: malloc'ed */
    corbel_error error; /* ERROR; EXCEPTION: the hops alone */
    crb_buf context;    /* the values that the servant added, as they came */
    bool durable;       /* of a bind */
} crb_outcome_value;

void crb_outcome_clear(crb_outcome_value *value);

/** Where what a call in this process brought goes when it is refused at once. */
typedef struct crb_given_back {
    crb_target *target; /* NULL: nothing was given back */
    crb_buf args, context;
    crb_ref *refs;
    size_t n_refs;
} crb_given_back;

/** What it takes to make a call again: see again.h. */
typedef struct crb_again crb_again;

struct corbel_call {
    _Atomic uint32_t refs; /* who began it; of a queued call in this process its request, too */
    corbel_runtime *runtime;
    const corbel_operation *operation;
    crb_target *target; /* counted: what was called */
    crb_peer *peer;     /* counted; NULL: a call in this process, or one that never left */
    union {
        struct {                    /* with a peer */
            crb_question *question; /* guarded by the peer's lock; NULL once it is complete */
            crb_later later;
        };
        crb_timer timer; /* without: ends it at its deadline, where a callback waits for that; see timed */
    };
    uint64_t chain, deadline;
    pthread_mutex_t *guard; /* under which done is set; NULL: it never left */
    crb_wait *wait;         /* who waits; guarded by guard */
    crb_lent lent;          /* to who waits for several; its wait NULL: nobody does */
    _Atomic bool done;
    crb_outcome_value value; /* valid once done */
    /** Instead of a waiting thread: called once, on the polling thread, with no lock held; owns the call. */
    void (*completed)(struct corbel_call *call);
    struct corbel_request *request; /* that is passed on, for completed(); in this process the one that it became, until that is
                                       answered: guarded by guard */
    struct crb_streams *streams;    /* NULL: none; see stream.h */
    bool is_bind;                   /* its question lives on until crb_session_finish() */
    bool keep;                      /* with a peer: that of a call, too; as long as something may be promised of it */
    bool promising;                 /* on a promise's route, or there are promises of it: see promise.c; guarded by guard */
    bool forgotten;                 /* nobody promises more of it; guarded by guard */
    bool inherits;                  /* its error is that of the promise that it was made on */
    crb_target *route;              /* the promise on whose route it is; counted by target; guarded by guard */
    crb_target *promises;           /* of it, not settled; guarded by guard */
    bool direct;                    /* in this process, on its caller's stack, run by its thread */
    bool timed;                     /* timer is in use; set before anybody else knows the call */
    _Atomic int callback;           /* a crb_callback; see completion.c */
    pthread_t runner;               /* of the callback that runs */
    corbel_call_done on_done;       /* see completion.c */
    void *done_user;
    crb_work done_work;
    corbel_batch *batch;                    /* counted: in which it was begun; NULL: none */
    struct batch_entry *batched;            /* it waits there; guarded by the batch's lock */
    bool unsent;                            /* corbel_batch_run() has not come to it; guarded by guard */
    struct crb_batch_run *run;              /* that waits for it; guarded by guard */
    size_t index;                           /* in that run */
    struct corbel_intercepted *intercepted; /* its interceptors; NULL: there are none, or its thread waits for it */
    corbel_context *reply; /* takes what comes with the answer; NULL: nobody wants it; counted of a call of crb_call_new() */
    bool ready;            /* counted in peer->n_ready; guarded by guard */
    bool on_stack;         /* its caller's, not counted */
    bool parked;           /* direct, deferred, and its function has returned; guarded by guard */
    bool cancelled;        /* direct, and its caller's operation is cancelled; guarded by guard */
    crb_under under;       /* the operation that it was made by, and ends with: see cancel.h */
    crb_once_mine *once;   /* malloc'ed; its key, until the call is freed; NULL: none */
    crb_again *again;      /* NULL: it is not made again; set before anybody else knows the call */
    crb_given_back *back;  /* NULL: nobody wants it; only while it is being queued */
};

/** What a call in a batch waits for. */
typedef struct crb_send_after {
    const corbel_call *call; /* sent before; NULL: none */
    bool anyway, guard;      /* as in crb_call_out */
} crb_send_after;

/** What to send. */
typedef struct crb_send {
    const char *interface, *operation;
    const void *operation_key;
    uint64_t lane;
    uint32_t hop;
    bool oneway;
    bool may_wait; /* for credit */
    crb_buf *args;
    const crb_ref *refs;
    size_t n_refs;
    crb_send_after after;
    const crb_buf *context;            /* what it carries; borrowed */
    bool keep;                         /* the call may be promised of */
    const crb_once_mine *once;         /* its key; NULL: none */
    const crb_once_wire *relayed_once; /* what the caller has said, for whom it is passed on; NULL: nothing */
} crb_send;

/** The call that there was no memory for: operation NULL, not counted, not to be touched. */
extern corbel_call crb_call_no_memory;

/** Sends a call to an IMPORT target. Waits for credit if it may. CORBEL_OK: call (NULL for a oneway) completes some time. */
corbel_status crb_call_send(crb_target *target, const crb_send *send, corbel_call *call, uint64_t chain, uint64_t deadline,
                            corbel_error *reterr);
/** One attempt: CORBEL_WOULD_BLOCK where there is no credit. refs has room for send->n_refs, which may leave. Under the peer's
 * lock. */
corbel_status crb_call_send_locked(crb_target *target, const crb_send *send, corbel_call *call, uint64_t chain, uint64_t deadline,
                                   crb_ref_out *refs, corbel_error *reterr);
/** The call is complete: value is moved from. Under call->guard. */
void crb_call_complete_locked(corbel_call *call, crb_outcome_value *value);
/** The same for a queued call in this process, whose count of the request it gives back. No lock held. */
void crb_call_complete(corbel_call *call, crb_outcome_value *value);
/** The same for the call that *at holds under guard, the call's own; *at becomes NULL. When it is already, nobody waits. */
void crb_call_complete_at(corbel_call **at, pthread_mutex_t *guard, crb_outcome_value *value);

/* Operations of every object (daemon/builtin.c). */
/** (in string interface; boolean ret, unsigned long long fingerprint: of that interface where the object is). */
extern const corbel_operation crb_object_is_a;
/** (Object ret): the corbel.Daemon of the process that has the object, wherever calls on it are passed on. */
extern const corbel_operation crb_object_daemon;
/** (string ret, unsigned long long fingerprint): the interface that the object has itself, and its fingerprint there; "":
 * whatever it is taken for (corbel_raw_new()). */
extern const corbel_operation crb_object_interface;

/** Collects the references of a message that is being written. */
typedef struct crb_ref_list {
    crb_ref *items;
    size_t len, capacity;
    bool indexes; /* tags are 1, 2, 3, …: in an exception, which its reader may have to keep without knowing its type */
} crb_ref_list;
uint64_t crb_ref_list_add(void *user, corbel_object *object, const corbel_interface *interface, corbel_error *reterr);
/** Before references go to a peer: refusal, if one is to an object of a local interface. In calls within the runtime they pass.
 */
corbel_status crb_refs_may_leave(const crb_ref *refs, size_t n, corbel_status refusal, corbel_completion completion,
                                 corbel_error *reterr);
/** The reader's side: user is a crb_ref_table. */
typedef struct crb_ref_table {
    const crb_ref *items;
    size_t len;
} crb_ref_table;
corbel_object *crb_ref_table_take(void *user, uint64_t tag, const corbel_interface *interface, corbel_error *reterr);
/** An exception as it came, as an any: its references are those of the table whose tags are at most max. NULL: no memory. */
corbel_any *crb_exception_to_any(const char *exception, const crb_buf *body, const crb_ref_table *table, uint32_t max);
/** The reverse, to pass it on: adds to an empty body and an empty list. false: no memory. */
bool crb_exception_from_any(const corbel_any *any, crb_buf *body, crb_ref_list *refs);
/** For errors that keep one. */
extern const crb_any_hooks crb_exception_hooks;
/** Gives the counts back and frees the array. Never under a lock. */
void crb_refs_free(crb_ref *refs, size_t n);

/** A place in the table of a runtime that tells whether something was sent later in a lane. */
typedef struct crb_again_place {
    uint32_t at, mark;
} crb_again_place;

/** What a stub's call begins with. */
typedef struct crb_start {
    corbel_runtime *runtime;
    bool implicit;      /* the reference came in a message: what it hangs on is not found again */
    crb_target *target; /* counted: LOCAL or IMPORT; or the promise that counts it in route: */
    crb_target *route;  /* target, until a call is on its way by it; NULL: none */
    crb_buf args;
    crb_ref_list refs;
    uint64_t chain, deadline, lane;
    uint32_t hop;
    bool shares_lane;                       /* other threads may have calls in it */
    crb_buf context;                        /* what the call carries, packed */
    struct corbel_intercepted *intercepted; /* its interceptors; NULL: there are none */
    corbel_context *reply;                  /* the reference's: takes what comes with the answer; NULL: nobody wants it */
    crb_once_mine *once;                    /* malloc'ed; its key, unless a corbel_call has it; NULL: none */
    bool child;                             /* it starts a chain of its own */
    uint64_t of;                            /* the key of the reference's target */
    crb_again_place places[2];              /* with a lane, once it was sent: by the reference, and by target */
} crb_start;

/* start.c */
/** How long a call may take: what the reference says, else the operation, else the runtime. */
uint32_t crb_deadline_ms(const corbel_object *self, const corbel_operation *operation);
/** Checks the reference, reads off the context, writes the arguments, finds the object. child: the call starts a chain of its
 *  own. On failure there is nothing to clear. No lock held. */
corbel_status crb_start_prepare(corbel_object *self, const corbel_operation *operation, const void *const *in, bool child,
                                crb_start *start, corbel_error *reterr);
/** Finds the object: fills in target and route. No lock held. */
corbel_status crb_start_find(const corbel_object *self, const corbel_operation *operation, crb_start *start,
                             corbel_error *reterr);
/** Encodes the arguments, and lists their references. On failure there may be some of both. */
corbel_status crb_start_encode(const corbel_operation *operation, const void *const *in, crb_start *start, corbel_error *reterr);
void crb_start_clear(crb_start *start);
/** What the hosting half gets of a call in this process; once it has it, crb_start_handed_over(). */
crb_incoming crb_start_incoming(crb_start *start, const corbel_operation *operation, corbel_call *local, bool oneway);
/** What an incoming call took over is no longer the start's. */
void crb_start_handed_over(crb_start *start);
/** What was refused is the start's again, as it was before. */
void crb_start_given_back(crb_start *start, crb_given_back *back);
/** Sends it to an IMPORT target; call is NULL for a oneway. */
corbel_status crb_start_send(crb_start *start, const corbel_operation *operation, bool may_wait, corbel_call *call,
                             corbel_error *reterr);

/** The same under the peer's lock, as crb_call_send_locked(). */
corbel_status crb_start_send_locked(crb_start *start, const corbel_operation *operation, const crb_send_after *after,
                                    corbel_call *call, crb_ref_out *refs, corbel_error *reterr);

/* once.c */
/** A key for a call that begins. NULL: no memory. Any lock may be held, but not two calls' at once. */
crb_once_mine *crb_once_begin(corbel_runtime *runtime);
/** The call is over, and will not be made again: the peer may forget its reply, and is told with the next call. Frees the key.
 *  Takes NULL. */
void crb_once_end(corbel_runtime *runtime, crb_once_mine *once);
/** What a CALL to peer is to say about keys; false: nothing. Under the peer's lock. */
bool crb_once_say_locked(crb_peer *peer, const crb_send *send, crb_once_wire *ret);
/** It was queued. Under the peer's lock. */
static inline void crb_once_said_locked(crb_peer *peer, const crb_send *send, const crb_once_wire *said)
{
    if (send->relayed_once == NULL) {
        peer->once_told = said->acknowledged;
    }
}

/* take.c */
/** Turns the outcome into what the caller gets. Clears it. */
corbel_status crb_outcome_take(const corbel_runtime *runtime, const corbel_operation *operation, crb_outcome_value *value,
                               void *const *out, corbel_error *reterr);
/** The same of a call that is done, with what came beside the outcome. */
corbel_status crb_call_take(corbel_call *call, const corbel_operation *operation, void *const *out, corbel_error *reterr);

/** Does it belong to a callback that has not begun? */
static inline bool crb_call_is_given(const corbel_call *call)
{
    const int callback = atomic_load(&call->callback);
    return callback == CRB_CALLBACK_GIVEN || callback == CRB_CALLBACK_TAKEN;
}

/** Does it go to a peer? */
static inline bool crb_start_leaves(const crb_start *start)
{
    return start->target->kind == CRB_TARGET_IMPORT ||
           (start->target->kind == CRB_TARGET_PROMISE && start->target->promise.peer != NULL);
}

/* halves.c */
/** _begin(); keep: its result may be promised. */
corbel_call *crb_call_begin(corbel_object *self, const corbel_operation *operation, const void *const *in, bool keep);

/* completion.c */
/** No callback of the call runs from here on, nor will: waits for one that runs, unless it is this thread's. True: it was given
 *  to one that has not begun, and is cancelled and freed by itself. No lock held. */
bool crb_call_take_back(corbel_call *call);

/* call.c */
/** It is complete, and somebody has come for it. Under its guard. */
static inline void crb_call_taken_locked(corbel_call *call)
{
    if (call->ready) {
        call->ready = false;
        call->peer->n_ready--;
    }
}
/** One count, the caller's. NULL: no memory. */
corbel_call *crb_call_new(const corbel_operation *operation, crb_start *start);
void crb_call_unref(corbel_call *call);
/** Queues a call in this process; call is NULL for a oneway. */
void crb_call_queue(crb_start *start, const corbel_operation *operation, corbel_call *call);
/** At or after the deadline of a call to a peer: completes it, if nothing did. No lock held. */
void crb_call_expire(corbel_call *call);
/** Waits for a queued call in this process; false: the deadline passed and it was left alone. */
bool crb_call_wait_local(corbel_call *call);
/** Waits for a call whose wait is registered. At the deadline it is completed by cancelling it. */
void crb_call_wait_remote(corbel_call *call, crb_wait *wait);

/* halves.c */
/** A call that has failed before it began: takes the error. Never NULL: without memory one whose operation is NULL. */
corbel_call *crb_call_failed(const corbel_object *self, const corbel_operation *operation, corbel_error *error);

#endif /* CRB_CALL_IMPL_H */
