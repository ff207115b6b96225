/** Making a call again that has failed: what retry.h allows, done. again.c: calls whose thread waits; again_begun.c: those that
 * were begun.
 *
 *  A call whose thread waits still has its arguments where the caller put them: they are encoded again, and a call that succeeds
 *  pays nothing. One that was begun keeps its encoded arguments (once, up to CRB_AGAIN_KEEPS bytes), what passes through them by
 *  reference and its context, until it is complete. It is not complete while it is being repeated: each attempt is a call of its
 *  own, whose outcome becomes that of the first.
 *
 *  Repeating needs threads that may block (an object is looked for again): the runtime's repeaters, which are started on demand,
 * run no user code, and end when nothing is left. */
#ifndef CRB_AGAIN_H
#define CRB_AGAIN_H

#include "runtime/call/call_impl.h"
#include "runtime/call/retry.h"

#define CRB_AGAIN_KEEPS (64u << 10) /* bytes of the arguments of a call that was begun; longer ones are not repeated */
#define CRB_AGAIN_REPEATERS 4u      /* threads of a runtime that repeat calls */

/** Of a runtime that is being made. */
void crb_again_init(corbel_runtime *runtime);

/* ---- lanes: has anything been sent in a lane since? ---- */

/** Of a call that is about to be sent: what is sent later in its lane (or in another one that shares its place in the table,
 * which then is not repeated either) changes the mark. */
void crb_again_mark_slowly(crb_start *start);
static inline void crb_again_mark(crb_start *start)
{
    if (start->lane != 0) {
        crb_again_mark_slowly(start);
    }
}
/** Of one that was sent. */
bool crb_again_has_successors(corbel_runtime *runtime, const crb_again_place places[2], uint64_t lane);

/* ---- what both do (again.c) ---- */

/** What the attempts of one call have come to. */
typedef struct crb_again_run {
    uint32_t attempts;
    corbel_completion completion; /* of all of them */
    bool ran;                     /* it may have run: */
    uint8_t instance[16];         /* there */
} crb_again_run;

/** The session of an attempt. */
typedef struct crb_again_session {
    bool has, broken;
    uint64_t calls, retries;
} crb_again_session;
/** What is known of the session of target (NULL: none). Takes the peer's lock. implicit: the reference came by it. */
crb_again_session crb_again_session_of(crb_target *target, bool implicit);
/** The same with the peer's lock held. */
crb_again_session crb_again_session_locked(const crb_peer *peer, bool implicit);
/** One more attempt has failed with error. */
void crb_again_count(crb_again_run *run, const crb_target *target, const corbel_error *error);
/** May a call that may have run at one place go to target now? */
crb_retry_step crb_again_goes(const crb_again_run *run, const crb_target *target);
/** error, the last one, says what all attempts came to, and why there is none more. */
void crb_again_word(const crb_again_run *run, crb_retry_step step, corbel_error *error);

/* ---- calls whose thread waits (again.c) ---- */

/** After a call with start has failed with error: makes it again by call, as often as the rules allow. What is left in error is
 *  the last failure, and the completion of all. */
corbel_status crb_again_call(corbel_object *self, crb_start *start, const corbel_operation *operation, const void *const *in,
                             void *const *out, corbel_error *error,
                             corbel_status (*call)(corbel_object *self, crb_start *start, const corbel_operation *operation,
                                                   void *const *out, corbel_error *reterr));

/* ---- calls that were begun (again_begun.c) ---- */

/** What it takes to make a call again. Before it is sent: the references and the context of a call to a peer are the result's
 * from then on, and start's only until crb_again_has_rest(). NULL: it is not repeated, whatever happens. */
crb_again *crb_again_new(const corbel_object *self, const crb_start *start);
/** The call was sent, or could not be. again may be NULL. */
static inline void crb_again_has_rest(const crb_again *again, crb_start *start)
{
    if (again != NULL) {
        start->refs = (crb_ref_list) { 0 };
        start->context = (crb_buf)CRB_BUF_INIT;
    }
}
/** Where what such a call in this process brought goes when it is refused. */
crb_given_back *crb_again_back(crb_again *again);
/** Takes NULL. No lock held. */
void crb_again_free(crb_again *again);
/** A call with again ends with value, an error. True: it does not, but is made again; value was taken over. Else value says what
 *  the attempts have come to. Under call->guard. */
bool crb_again_keeps_locked(corbel_call *call, crb_outcome_value *value);
/** The call could not be sent because of error, which is taken over: true, if it is made again. No lock held. */
bool crb_again_keeps(corbel_call *call, corbel_error *error);
/** The runtime ends: nothing is made again any more, what waits completes with its last failure. No lock held. */
void crb_again_stop(corbel_runtime *runtime);
/** Have all repeaters ended after that? Waits for it a little. */
bool crb_again_has_stopped(corbel_runtime *runtime);

#endif /* CRB_AGAIN_H */
