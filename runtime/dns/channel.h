/** One c-ares channel, used by one thread, with blocking queries. */
#ifndef CRB_DNS_CHANNEL_H
#define CRB_DNS_CHANNEL_H

#include "runtime/uri/uri.h"

#include <ares.h>

/** For tests; NULL members, and NULL for all of it, mean what the system says. */
typedef struct crb_dns_options {
    const char *servers; /* "127.0.0.1:5353,..." */
    const char *lookups; /* "b": DNS only; "f": only the hosts file */
    int timeout_ms;      /* of the first try; 0: the usual one */
} crb_dns_options;

typedef struct crb_dns_channel {
    ares_channel ares;
    uint64_t deadline;
} crb_dns_channel;

/** Numeric addresses found. */
typedef struct crb_dns_found {
    crb_address *items;
    size_t len;
} crb_dns_found;

/** Where a service is. */
typedef struct crb_dns_place {
    char host[256];
    uint16_t port;
    uint16_t priority, weight;
} crb_dns_place;

enum { CRB_DNS_TIMEOUT = -1, CRB_DNS_MAX_FOUND = 64 };

/* All return an ares status, or CRB_DNS_TIMEOUT. */
int crb_dns_open(crb_dns_channel *channel, const crb_dns_options *options, uint64_t deadline);
/** A and AAAA, and the hosts file: appends what is found, each with like's kind and the port. ARES_SUCCESS: at least one. */
int crb_dns_hosts(crb_dns_channel *channel, const char *host, crb_address_kind kind, uint16_t port, crb_dns_found *found);
/** SRV: fills in places, at most max, in the order in which they are to be tried. */
int crb_dns_services(crb_dns_channel *channel, const char *name, crb_dns_place *places, size_t max, size_t *ret_n);
void crb_dns_close(crb_dns_channel *channel);

/** Appends a copy. false: no memory. */
bool crb_dns_add(crb_dns_found *found, crb_address_kind kind, const char *host, uint16_t port);

#endif /* CRB_DNS_CHANNEL_H */
