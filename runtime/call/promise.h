/** Promises: what the calling half and relays do with a target of the kind CRB_TARGET_PROMISE. */
#ifndef CRB_PROMISE_H
#define CRB_PROMISE_H

#include "runtime/call/call_impl.h"

/** For crb_fail(): the names of an operation and its interface. */
#define CRB_PROMISE_UNSENT "what %s of %s promises can be called and passed in its batch alone, until corbel_batch_run()"

/** Where a call on the promise goes: a counted LOCAL, IMPORT or URI target; or a promise (this one, or one that it became), on
 *  whose route the call goes: it is counted as unanswered, until crb_promise_over(). No lock held. */
corbel_status crb_promise_way(crb_target *promise, crb_target **ret, corbel_error *reterr);
/** The same for a call that is passed on, whose order its lane keeps. *ret a promise without a peer: it is not known yet, and
 * work was taken, to be run again when it is. No lock held. */
corbel_status crb_promise_pass(crb_target *promise, crb_work *work, crb_target **ret, corbel_error *reterr);
/** A call on its route is over, or was not sent. No lock held; under its guard. */
void crb_promise_over(crb_target *promise);
void crb_promise_over_locked(crb_target *promise);
/** What it has become, for good: a counted target that is no promise. NULL: it is not settled, or it failed. */
crb_target *crb_promise_settled(const crb_target *promise);
/** What it stands for as far as is known, though calls on its route may be unanswered: counted, no promise. NULL: it is not known
 *  yet, or it failed. No lock held. */
crb_target *crb_promise_known(crb_target *promise);
/** Why it failed; NULL: it has not, so far. Lives as long as the promise. */
const corbel_error *crb_promise_failed(const crb_target *promise);

/** The call goes on the promise's route, whose peer's lock is held. */
corbel_status crb_promise_aim_locked(const crb_target *promise, crb_call_out *out, corbel_error *reterr);
/** The promise is passed in a call to peer, whose lock is held: out is the entry that passes it as an object of ours. */
corbel_status crb_promise_entry_locked(const crb_target *promise, const crb_peer *peer, crb_ref_out *out, corbel_error *reterr);

/** A call that is promising has its value. Under its guard. */
void crb_promise_completed_locked(corbel_call *call);
/** Its value is about to be taken: references in it stand behind the calls on what was promised of them. No lock held. */
void crb_promise_taken(corbel_call *call);
/** The call that it is of waits in a batch that was not run. No lock held. */
bool crb_promise_waits(const crb_target *promise);
/** Where no worker is: the thread in wait, which waits for a call in this process, lends itself to the calls of which that needs
 *  the promises. No lock held. */
typedef struct crb_promise_lends {
    crb_lent lents[16];
    size_t n;
} crb_promise_lends;
void crb_promise_lend(const corbel_call *call, crb_wait *wait, crb_promise_lends *ret);
void crb_promise_lend_no_more(crb_wait *wait, crb_promise_lends *lends);
/** The last count of the promise is gone. No lock held. */
void crb_promise_destroy(crb_target *promise);

#endif /* CRB_PROMISE_H */
