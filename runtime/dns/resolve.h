/** crb_resolve() with other servers than the system's, for tests. */
#ifndef CRB_DNS_RESOLVE_H
#define CRB_DNS_RESOLVE_H

#include "runtime/dns/channel.h"

corbel_status crb_resolve_with(const crb_dns_options *options, const crb_address *address, uint64_t deadline, crb_address **ret,
                               size_t *ret_n, corbel_error *reterr);

#endif /* CRB_DNS_RESOLVE_H */
