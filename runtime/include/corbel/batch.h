/** Batches: calls that are begun one by one and travel together. */
#ifndef CORBEL_BATCH_H
#define CORBEL_BATCH_H

#include <corbel/error.h>
#include <corbel/object.h>

CORBEL_BEGIN_DECLS

/** What becomes of the calls behind one that failed. */
typedef enum corbel_batch_mode {
    CORBEL_BATCH_STOP_AT_FIRST_ERROR, /**< they are not run: CORBEL_SKIPPED, completion NO */
    CORBEL_BATCH_CONTINUE             /**< they are run */
} corbel_batch_mode;

/** Calls on references derived with corbel_options.batch wait in the batch until corbel_batch_run(): a _begin() only notes the
 *  call and its arguments (which may go), a oneway as well. What has no _begin() is refused with CORBEL_MISUSE.
 *
 *  All objects called are of one process that is reached by one session, or of this process: that of the first call counts,
 *  a call elsewhere fails with CORBEL_MISUSE, completion NO. There may be any number of them, and the calls are run in the order
 *  in which they were begun, each when the one before it has returned. A oneway is run after the calls before it that have an
 *  answer; calls on other objects do not wait for it.
 *
 *  Promises compose with batches: what a call in a batch promises can be called in that batch (on a reference that was derived
 * from the promise for it) and passed as an argument there, so that a chain of objects takes one message; on anything else a
 * promise may be used for it waits until corbel_batch_run(): before, such calls fail with CORBEL_MISUSE, completion NO. A oneway
 * on a promise that is not known yet is answered like the other calls, and its failure is one of the batch. A call in a batch has
 * no streams: CORBEL_MISUSE.
 *
 *  Before corbel_batch_run() a _finish() fails with CORBEL_MISUSE, and corbel_call_drop() takes the call out of the batch.
 *  Any thread may use a batch; the calls of a batch that is being run belong to corbel_batch_run() until it returns, but for
 *  those that complete a callback. The memory that waiting calls take is that of their arguments; what is sent is bounded by the
 *  peer's windows, as always: corbel_batch_run() waits for credit where a batch is larger. */

/** Never NULL: without memory, or with a NULL runtime, one whose calls and runs all fail. Yours, corbel_batch_unref(). */
CORBEL_API corbel_batch *corbel_batch_new(corbel_runtime *runtime, corbel_batch_mode mode);
/** Sends what was begun since the last time, in as few messages as it fits into, and waits until all of it is complete: then no
 *  _finish() of it blocks. Deadlines of the calls begin here. CORBEL_OK: all succeeded, or there was nothing. Else the first
 *  failure in the order of the calls, an exception included, with a message that says which call it was; each _finish() tells
 *  about its own. A result that does not decode is found by its _finish() only. The batch may be used again. */
CORBEL_API CORBEL_MUST_CHECK corbel_status corbel_batch_run(corbel_batch *self, corbel_error *reterr);
/** Calls that still wait fail with CORBEL_CANCELLED, completion NO, as do calls begun afterwards on references that were derived
 *  for it (with CORBEL_MISUSE). Takes NULL, returns NULL. */
CORBEL_API corbel_batch *corbel_batch_unref(corbel_batch *self);

CORBEL_END_DECLS
#endif /* CORBEL_BATCH_H */
