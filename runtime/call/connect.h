/** Connecting: from addresses to a peer, and the pauses between attempts. */
#ifndef CRB_CONNECT_H
#define CRB_CONNECT_H

#include "runtime/call/peer.h"

/** Waits before the attempt after so many (from 0) that failed: longer each time, and never quite the same. false: the deadline
 *  leaves no time for another one, or the runtime ends. No lock held. */
bool crb_connect_pause(corbel_runtime *runtime, uint32_t attempts, uint64_t deadline);
/** The calling thread waits outside of the library's own waiting: a worker is replaced meanwhile. */
void crb_connect_blocks(corbel_runtime *runtime, bool blocks);

#endif /* CRB_CONNECT_H */
