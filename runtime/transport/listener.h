/** Listeners with their limits. */
#ifndef CRB_LISTENER_H
#define CRB_LISTENER_H

#include "runtime/base/clock.h"
#include "runtime/transport/crowd.h"
#include "runtime/transport/transport.h"

typedef struct crb_listener_limits {
    uint64_t opening_ns; /* what a peer has from connecting to having opened its session stream */
    /* Beyond crowd.max_all a new connection is closed at once. Beyond crowd.max_silent none is accepted until one has said its
     * first word, or has had its grace: then the one of crb_crowd_victim() goes. */
    crb_crowd_limits crowd;
} crb_listener_limits;

corbel_status crb_listener_new_with(const crb_listener_limits *limits, const crb_address *addresses, size_t n, crb_accept accept,
                                    void *user, crb_listener **ret, corbel_error *reterr);

#endif /* CRB_LISTENER_H */
