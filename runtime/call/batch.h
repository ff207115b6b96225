/** Batches, as the rest of the calling half sees them. See batch.c for their life. */
#ifndef CRB_BATCH_H
#define CRB_BATCH_H

#include "runtime/call/call_impl.h"

#include <corbel/batch.h>

/** Memory of a batch: counted by its user, by references derived for it, and by its calls. Takes NULL. */
corbel_batch *crb_batch_ref(corbel_batch *batch);
void crb_batch_unref(corbel_batch *batch);

/** A call of an object that has a batch: notes it there. keep: its result may be promised. Never NULL. */
corbel_call *crb_batch_begin(corbel_object *self, const corbel_operation *operation, const void *const *in, bool keep);
/** The same for a oneway. A two-way operation is refused. */
corbel_status crb_batch_call(corbel_object *self, const corbel_operation *operation, const void *const *in, corbel_error *reterr);
/** Takes a call that waits in its batch out of it, and what it was to send with it. False: it does not wait there (any more). */
bool crb_batch_forget(corbel_call *call);
/** The same, and ends the call with CORBEL_CANCELLED. */
bool crb_batch_cancel(corbel_call *call);
/** A call of a run is being completed by value. Under call->guard. */
void crb_batch_note_locked(corbel_call *call, const crb_outcome_value *value);

#endif /* CRB_BATCH_H */
