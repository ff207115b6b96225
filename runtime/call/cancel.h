/** What an operation has under way, so that it ends with it: calls made from inside an operation are cancelled when the caller of
 *  that operation gives up, when his deadline passes, or when his session ends.
 *
 *  Laws: a scope is guarded by the dispatch_lock of its runtime. Who finds out that a request is cancelled only marks its scope,
 *  under whatever locks he holds; crb_cancel_run() does the rest, with none. A call stands in one scope at most, from when it is
 *  on its way until it is freed or its scope is closed; it may complete meanwhile. */
#ifndef CRB_CANCEL_H
#define CRB_CANCEL_H

#include <corbel/call.h>
#include <corbel/status.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct corbel_runtime;

typedef struct crb_scope {
    struct corbel_runtime *runtime;
    struct corbel_call *calls;
    struct crb_scope *next; /* in runtime->cancelled */
    bool queued;            /* it is there */
    bool closed;            /* the request is over: nothing is put under it any more */
    _Atomic bool cancelled; /* nothing is begun under it any more; set under the lock */
    _Atomic uint64_t deadline;
    /** Under the lock: the request is cancelled, and somebody wants to know. NULL: nobody does. */
    void (*tell_locked)(struct crb_scope *scope);
} crb_scope;

/** A call's place in one. */
typedef struct crb_under {
    struct corbel_runtime *of; /* whose lock guards the rest; its memory is counted by a call that is; NULL: never was in any */
    crb_scope *scope;
    struct corbel_call *next, **at;
} crb_under;

/** The running thread's operation is cancelled, if it is in one: CORBEL_DEADLINE or CORBEL_CANCELLED, else CORBEL_OK. */
corbel_status crb_cancel_seen(void);

/** The call, which is on its way, belongs to the operation that the running thread is in, if it is in one, from here on. When
 *  that is cancelled already, so is the call. No lock held. */
void crb_cancel_under_current(struct corbel_call *call);
/** The same for an operation that is not the thread's own. */
void crb_cancel_under(crb_scope *scope, struct corbel_call *call);
/** The call ends. Nobody cancels it any more afterwards. No lock held. */
void crb_cancel_forget(struct corbel_call *call);

/** Completes the call with status, if nothing did, and tells its servant. Any thread that keeps the call from being freed; no
 *  lock held. */
void crb_call_give_up(struct corbel_call *call, corbel_status status, const char *why);

/** True: there is something to cancel, and crb_cancel_run() is to be called with no lock held. */
bool crb_scope_cancel_locked(crb_scope *scope);
/** The request is over: what it began goes on by itself. */
void crb_scope_close_locked(crb_scope *scope);
/** Cancels what stands under the scopes that were marked. One thread at a time does that; another that comes leaves it to it. */
void crb_cancel_run(struct corbel_runtime *runtime);

#endif /* CRB_CANCEL_H */
