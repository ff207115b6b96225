#include "runtime/dns/dns.h"
#include "runtime/base/fail.h"
#include "runtime/dns/resolve.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

static bool dns_is_numeric(const char *host)
{
    unsigned char binary[sizeof(struct in6_addr)];
    return inet_pton(AF_INET, host, binary) == 1 || inet_pton(AF_INET6, host, binary) == 1;
}

static bool dns_is_localhost(const char *host)
{
    return strcasecmp(host, "localhost") == 0 || strcasecmp(host, "localhost.") == 0;
}

static corbel_status dns_no_memory(const char *host, corbel_error *reterr)
{
    return crb_fail(reterr, CORBEL_NO_MEMORY, CORBEL_COMPLETED_NO, "%s: no memory to resolve it", host);
}

/** what: the name that was asked for. */
static corbel_status dns_fail(const char *host, const char *what, int status, corbel_error *reterr)
{
    if (status == ARES_ENOMEM) {
        return dns_no_memory(host, reterr);
    }
    if (status == CRB_DNS_TIMEOUT) {
        return crb_fail(reterr, CORBEL_UNREACHABLE, CORBEL_COMPLETED_NO, "%s: no answer from DNS within the deadline", host);
    }
    return crb_fail(reterr, CORBEL_UNREACHABLE, CORBEL_COMPLETED_NO, "%s%s: %s", what == host ? "" : "no port, and for ", what,
                    ares_strerror(status));
}

/** Asks for the service, then for the hosts that have it. One that does not resolve is left out, unless it is the last. */
static corbel_status dns_find_service(crb_dns_channel *channel, const crb_address *address, crb_dns_found *found,
                                      corbel_error *reterr)
{
    char name[300];
    crb_dns_place places[CRB_MAX_ADDRESSES];
    size_t n = 0;
    snprintf(name, sizeof name, "_corbel._tcp.%s", address->host);
    int status = crb_dns_services(channel, name, places, CRB_MAX_ADDRESSES, &n);
    if (status != ARES_SUCCESS) {
        return dns_fail(address->host, name, status, reterr);
    }
    const char *host = address->host;
    for (size_t i = 0; i < n && status != CRB_DNS_TIMEOUT; i++) {
        host = places[i].host;
        status = crb_dns_hosts(channel, host, address->kind, places[i].port, found);
    }
    return found->len > 0 ? CORBEL_OK : dns_fail(host, host, status, reterr);
}

static corbel_status dns_ask(const crb_dns_options *options, const crb_address *address, uint64_t deadline, crb_dns_found *found,
                             corbel_error *reterr)
{
    crb_dns_channel channel;
    int status = crb_dns_open(&channel, options, deadline);
    if (status != ARES_SUCCESS) {
        return dns_fail(address->host, address->host, status, reterr);
    }
    corbel_status result = CORBEL_OK;
    if (address->has_port) {
        status = crb_dns_hosts(&channel, address->host, address->kind, address->port, found);
        result = status == ARES_SUCCESS ? CORBEL_OK : dns_fail(address->host, address->host, status, reterr);
    } else {
        result = dns_find_service(&channel, address, found, reterr);
    }
    crb_dns_close(&channel);
    return result;
}

static corbel_status dns_resolve(const crb_dns_options *options, const crb_address *address, uint64_t deadline,
                                 crb_dns_found *found, corbel_error *reterr)
{
    const char *host = address->host;
    if (address->kind == CRB_ADDRESS_UNIX || address->kind == CRB_ADDRESS_ABSTRACT) {
        if (!crb_dns_add(found, address->kind, host, 0)) {
            return dns_no_memory(host, reterr);
        }
        found->items[0].has_port = false;
        return CORBEL_OK;
    }
    const bool numeric = dns_is_numeric(host), local = dns_is_localhost(host);
    if (!numeric && !local) {
        return dns_ask(options, address, deadline, found, reterr);
    }
    if (!address->has_port) {
        return crb_fail(reterr, CORBEL_UNREACHABLE, CORBEL_COMPLETED_NO, "%s has no port", host);
    }
    const bool added = numeric ? crb_dns_add(found, address->kind, host, address->port)
                               : crb_dns_add(found, address->kind, "127.0.0.1", address->port) &&
                                     crb_dns_add(found, address->kind, "::1", address->port);
    return added ? CORBEL_OK : dns_no_memory(host, reterr);
}

corbel_status crb_resolve_with(const crb_dns_options *options, const crb_address *address, uint64_t deadline, crb_address **ret,
                               size_t *ret_n, corbel_error *reterr)
{
    crb_dns_found found = { NULL, 0 };
    const corbel_status status = dns_resolve(options, address, deadline, &found, reterr);
    if (status != CORBEL_OK) {
        crb_addresses_free(found.items, found.len);
        return status;
    }
    *ret = found.items;
    *ret_n = found.len;
    return CORBEL_OK;
}

corbel_status crb_resolve(const crb_address *address, uint64_t deadline, crb_address **ret, size_t *ret_n, corbel_error *reterr)
{
    return crb_resolve_with(NULL, address, deadline, ret, ret_n, reterr);
}
