/** Interceptors: who is registered, and one call on its way through them.
 *
 *  Invariants: after() runs once for each before() that returned CORBEL_OK, in reverse order, and before the caller has the
 * result; no interceptor runs inside another's functions, nor with a lock held. */
#ifndef CRB_INTERCEPT_H
#define CRB_INTERCEPT_H

#include "runtime/call/call_impl.h"

#include <corbel/interceptor.h>

/** Those of one side of a runtime. */
typedef struct crb_interceptors {
    _Atomic(struct crb_interceptor_list *) list; /* the newest; each keeps the one before; NULL: there are none */
    _Atomic uint32_t refs;                       /* of the memory */
    _Atomic uint32_t users;                      /* who may call them: the runtime, and calls */
    _Atomic bool ended, finalized;
    pthread_mutex_t lock; /* of registering */
} crb_interceptors;

/** NULL: no memory. */
crb_interceptors *crb_interceptors_new(void);
/** The runtime has ended: once the last call is over they are finalized. No lock held. Takes NULL. */
void crb_interceptors_end(crb_interceptors *self);
void crb_interceptors_unref(crb_interceptors *self);
static inline bool crb_intercepts(crb_interceptors *self)
{
    return atomic_load_explicit(&self->list, memory_order_acquire) != NULL;
}
corbel_status crb_intercept(crb_interceptors *self, const corbel_interceptor *interceptor, void *user, corbel_error *reterr);

/** Does this thread run an interceptor? Then its calls are not intercepted. */
bool crb_intercept_is_inside(void);
/** For who runs something of others' on such a thread: returns what it was, to be set again. */
bool crb_intercept_set_inside(bool inside);

/** A call of ours is about to be sent: runs before(), and packs what it carries then. CORBEL_OK: start->intercepted is set, or
 *  (no memory is no reason, but none of them is there) NULL. */
corbel_status crb_intercept_start(corbel_object *self, const corbel_operation *operation, crb_start *start, corbel_error *reterr);
/** It is over: runs after(), and frees it. No lock held. error NULL: CORBEL_OK; reply: what came with the answer, or NULL. */
void crb_intercept_end(corbel_intercepted *call, const corbel_error *error, const corbel_context *reply);
/** The same of a oneway that is on its way, or of a call for which there was no memory. */
void crb_intercept_handed_on(corbel_intercepted *call);
/** After crb_intercept_settle(). */
void crb_intercept_free(corbel_intercepted *call);
/** The same for one that completes by itself; under call->guard. A worker will run after(), unless the taker is faster. */
void crb_intercept_completed_locked(corbel_call *call);
/** after() has run when this returns. No lock held. */
void crb_intercept_settle(corbel_call *call);
/** Nobody takes the result of a call to a peer: it is cleared, after after() has run on its worker. Runs nothing of the user's.
 */
void crb_intercept_discard(corbel_call *call);

/** A call of others' on an object of ours. interface and operation live as long as the request. *ret NULL: nobody looks at it. */
corbel_status crb_intercept_request(crb_interceptors *interceptors, struct corbel_request *request, const crb_target *target,
                                    const char *interface, const char *operation, bool oneway, bool stream, uint64_t deadline,
                                    corbel_context **inout_carried, corbel_intercepted **ret, corbel_error *reterr);

#endif /* CRB_INTERCEPT_H */
