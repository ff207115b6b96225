/** What tests may set of a listener. */
#ifndef CRB_LISTENER_H
#define CRB_LISTENER_H

#include "runtime/base/clock.h"
#include "runtime/transport/transport.h"

typedef struct crb_listener_limits {
    uint64_t opening_ns; /* what a peer has from connecting to having opened its session stream */
    size_t max_silent;   /* connections that have not said what they speak; beyond them none is accepted for a while */
    uint64_t crowded_ns; /* how long one of them may be silent when others wait: then the one that is silent longest goes */
} crb_listener_limits;
#define CRB_LISTENER_LIMITS_DEFAULT                                                                                              \
    {                                                                                                                            \
        .opening_ns = 10 * CRB_SECOND, .max_silent = 128, .crowded_ns = CRB_SECOND                                               \
    }

corbel_status crb_listener_new_with(const crb_listener_limits *limits, const crb_address *addresses, size_t n, crb_accept accept,
                                    void *user, crb_listener **ret, corbel_error *reterr);

#endif /* CRB_LISTENER_H */
