/* Queries block in poll() on c-ares's own sockets, until the answer or the deadline. A channel serves one call of crb_resolve(),
 * so that no lock is needed. */
#include "runtime/dns/channel.h"
#include "runtime/base/clock.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>

/* DNS's own numbers. */
enum { CHANNEL_CLASS_IN = 1, CHANNEL_TYPE_SRV = 33 };

int crb_dns_open(crb_dns_channel *channel, const crb_dns_options *options, uint64_t deadline)
{
    /* A server that leaves one of the two questions, A and AAAA, unanswered must not cost the answer to the other: c-ares gives
     * up after 14 s (2, then 4, then 8), inside the default deadline of a call. */
    struct ares_options ares = { .timeout = 2000, .tries = 3 };
    int mask = ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES;
    char lookups[8] = "";
    if (options != NULL && options->lookups != NULL) {
        strncpy(lookups, options->lookups, sizeof lookups - 1);
        ares.lookups = lookups;
        mask |= ARES_OPT_LOOKUPS;
    }
    if (options != NULL && options->timeout_ms > 0) {
        ares.timeout = options->timeout_ms;
    }
    channel->deadline = deadline;
    int status = ares_init_options(&channel->ares, &ares, mask);
    if (status == ARES_SUCCESS && options != NULL && options->servers != NULL) {
        status = ares_set_servers_ports_csv(channel->ares, options->servers);
        if (status != ARES_SUCCESS) {
            ares_destroy(channel->ares);
        }
    }
    return status;
}

void crb_dns_close(crb_dns_channel *channel)
{
    ares_destroy(channel->ares);
}

/** Milliseconds until the next thing to do: the deadline, or what c-ares wants to repeat. */
static int channel_wait_ms(const crb_dns_channel *channel, uint64_t now)
{
    struct timeval next;
    uint64_t wait = 1000;
    if (ares_timeout(channel->ares, NULL, &next) != NULL) {
        wait = (uint64_t)next.tv_sec * 1000 + (uint64_t)next.tv_usec / 1000 + 1;
    }
    const uint64_t left = (channel->deadline - now) / CRB_MS + 1;
    wait = wait < left ? wait : left;
    return wait < 60000 ? (int)wait : 60000;
}

/** Lets c-ares work until *done. When the deadline comes first, cancels, so that the callback has run in any case. */
static bool channel_run(crb_dns_channel *channel, const bool *done)
{
    while (!*done) {
        const uint64_t now = crb_now();
        if (now >= channel->deadline) {
            ares_cancel(channel->ares);
            return false;
        }
        ares_socket_t sockets[ARES_GETSOCK_MAXNUM];
        struct pollfd fds[ARES_GETSOCK_MAXNUM];
        const unsigned bits = (unsigned)ares_getsock(channel->ares, sockets, ARES_GETSOCK_MAXNUM);
        nfds_t n = 0;
        for (unsigned i = 0; i < ARES_GETSOCK_MAXNUM; i++) {
            /* Not by c-ares's macros: they shift a 1 into the sign. */
            const int events = ((bits >> i & 1) != 0 ? POLLIN : 0) | ((bits >> (i + ARES_GETSOCK_MAXNUM) & 1) != 0 ? POLLOUT : 0);
            if (events != 0) {
                fds[n++] = (struct pollfd) { .fd = sockets[i], .events = (short)events };
            }
        }
        const int ready = poll(fds, n, channel_wait_ms(channel, now));
        for (nfds_t i = 0; i < n && ready > 0; i++) {
            const int got = fds[i].revents;
            if (got != 0) {
                /* An error is found by whoever reads or writes. */
                const bool in = (got & (POLLIN | POLLERR | POLLHUP)) != 0, out = (got & (POLLOUT | POLLERR)) != 0;
                ares_process_fd(channel->ares, in ? fds[i].fd : ARES_SOCKET_BAD, out ? fds[i].fd : ARES_SOCKET_BAD);
            }
        }
        if (ready <= 0) {
            ares_process_fd(channel->ares, ARES_SOCKET_BAD, ARES_SOCKET_BAD); /* timeouts */
        }
    }
    return true;
}

bool crb_dns_add(crb_dns_found *found, crb_address_kind kind, const char *host, uint16_t port)
{
    if (found->len >= CRB_DNS_MAX_FOUND) {
        return true; /* nobody tries that many */
    }
    crb_address *items = realloc(found->items, (found->len + 1) * sizeof *items);
    if (items == NULL) {
        return false;
    }
    found->items = items;
    const size_t size = strlen(host) + 1;
    char *copy = malloc(size);
    if (copy == NULL) {
        return false;
    }
    items[found->len++] = (crb_address) { .kind = kind, .host = memcpy(copy, host, size), .port = port, .has_port = true };
    return true;
}

typedef struct channel_hosts {
    bool done;
    int status;
    crb_address_kind kind;
    uint16_t port;
    crb_dns_found *found;
} channel_hosts;

static void channel_hosts_done(void *user, int status, int timeouts, struct ares_addrinfo *result)
{
    (void)timeouts;
    channel_hosts *query = user;
    query->done = true;
    query->status = status;
    if (status == ARES_SUCCESS && result != NULL) {
        query->status = ARES_ENODATA;
        for (const struct ares_addrinfo_node *node = result->nodes; node != NULL; node = node->ai_next) {
            char text[INET6_ADDRSTRLEN];
            const void *binary = NULL;
            if (node->ai_family == AF_INET) {
                binary = &((const struct sockaddr_in *)(const void *)node->ai_addr)->sin_addr;
            } else if (node->ai_family == AF_INET6) {
                binary = &((const struct sockaddr_in6 *)(const void *)node->ai_addr)->sin6_addr;
            }
            if (binary != NULL && inet_ntop(node->ai_family, binary, text, sizeof text) != NULL) {
                if (!crb_dns_add(query->found, query->kind, text, query->port)) {
                    query->status = ARES_ENOMEM;
                    break;
                }
                query->status = ARES_SUCCESS;
            }
        }
    }
    if (result != NULL) {
        ares_freeaddrinfo(result);
    }
}

int crb_dns_hosts(crb_dns_channel *channel, const char *host, crb_address_kind kind, uint16_t port, crb_dns_found *found)
{
    channel_hosts query = { .kind = kind, .port = port, .found = found };
    const struct ares_addrinfo_hints hints = { .ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM };
    ares_getaddrinfo(channel->ares, host, NULL, &hints, channel_hosts_done, &query);
    return channel_run(channel, &query.done) ? query.status : CRB_DNS_TIMEOUT;
}

typedef struct channel_services {
    bool done;
    int status;
    crb_dns_place *places;
    size_t n, max;
} channel_services;

static void channel_services_done(void *user, int status, int timeouts, unsigned char *answer, int len)
{
    (void)timeouts;
    channel_services *query = user;
    query->done = true;
    query->status = status;
    struct ares_srv_reply *first = NULL;
    if (status == ARES_SUCCESS) {
        query->status = ares_parse_srv_reply(answer, len, &first);
    }
    for (const struct ares_srv_reply *srv = first; srv != NULL && query->n < query->max; srv = srv->next) {
        crb_dns_place *place = &query->places[query->n];
        const size_t size = strlen(srv->host) + 1;
        /* The root as target says that there is no such service; port 0 is nowhere. */
        if (size > 1 && strcmp(srv->host, ".") != 0 && size <= sizeof place->host && srv->port != 0) {
            *place = (crb_dns_place) { .port = srv->port, .priority = srv->priority, .weight = srv->weight };
            memcpy(place->host, srv->host, size);
            query->n++;
        }
    }
    ares_free_data(first);
}

/** Lower priorities first; within one, at random in proportion to the weights (RFC 2782). */
static void channel_order(crb_dns_place *places, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        uint16_t best = UINT16_MAX;
        uint64_t weights = 0;
        for (size_t k = i; k < n; k++) {
            best = places[k].priority < best ? places[k].priority : best;
        }
        for (size_t k = i; k < n; k++) {
            weights += places[k].priority == best ? places[k].weight + 1U : 0;
        }
        uint64_t draw = 0;
        crb_random(&draw, sizeof draw);
        draw %= weights;
        size_t chosen = i;
        for (size_t k = i; k < n; k++) {
            if (places[k].priority == best) {
                chosen = k;
                if (draw < places[k].weight + 1U) {
                    break;
                }
                draw -= places[k].weight + 1U;
            }
        }
        const crb_dns_place place = places[i];
        places[i] = places[chosen];
        places[chosen] = place;
    }
}

int crb_dns_services(crb_dns_channel *channel, const char *name, crb_dns_place *places, size_t max, size_t *ret_n)
{
    channel_services query = { .places = places, .max = max };
    ares_query(channel->ares, name, CHANNEL_CLASS_IN, CHANNEL_TYPE_SRV, channel_services_done, &query);
    if (!channel_run(channel, &query.done)) {
        return CRB_DNS_TIMEOUT;
    }
    if (query.status == ARES_SUCCESS && query.n == 0) {
        query.status = ARES_ENODATA;
    }
    if (query.status == ARES_SUCCESS) {
        channel_order(places, query.n);
        *ret_n = query.n;
    }
    return query.status;
}
