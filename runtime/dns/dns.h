/** Names to addresses, by c-ares. */
#ifndef CRB_DNS_H
#define CRB_DNS_H

#include "runtime/uri/uri.h"

#include <corbel/error.h>
#include <stddef.h>
#include <stdint.h>

/** Turns an address with a host name into numeric ones: `localhost` into 127.0.0.1 and ::1 without asking anybody; numeric hosts
 *  and Unix addresses are copied; a name without port goes by SRV, _corbel._tcp.NAME. Blocks until deadline (crb_now() time) at
 * most. Any thread. ret: crb_addresses_free(). CORBEL_UNREACHABLE, completion NO, names the host. */
corbel_status crb_resolve(const crb_address *address, uint64_t deadline, crb_address **ret, size_t *ret_n, corbel_error *reterr);

#endif /* CRB_DNS_H */
