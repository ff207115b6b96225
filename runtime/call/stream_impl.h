/** What the files about streams call of each other. */
#ifndef CRB_STREAM_IMPL_H
#define CRB_STREAM_IMPL_H

#include "runtime/call/stream.h"

pthread_mutex_t *crb_conduit_guard(crb_conduit *conduit);
void crb_conduit_lock(crb_conduit *conduit);
/** Notifies, too, with no lock held. */
void crb_conduit_unlock(crb_conduit *conduit);
/** Something has changed for who waits there. Under the guard. */
void crb_side_wake_locked(crb_stream_side *side);
/** Waits, unlocked meanwhile, until something changed at the stream's side; the thread serves the stream's chain. False: it took
 *  longer than a wait may. Under the guard. */
bool crb_stream_wait_locked(corbel_stream *stream);
/** Notes why the stream failed, the first time, and lets go of it: its call fails with that. No lock held. */
void crb_stream_fail(corbel_stream *stream, corbel_error *error);

#endif /* CRB_STREAM_IMPL_H */
