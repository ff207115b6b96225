/* Connecting and naming. Listening is in sockets_listen.c. */
#include "runtime/transport/sockets.h"

#include "runtime/base/clock.h"
#include "runtime/transport/sockaddr.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#define SOCKETS_TIMED_OUT "no answer before the deadline"

bool crb_sockaddr_make(const crb_address *address, crb_sockaddr *ret, char *why, size_t max)
{
    memset(ret, 0, sizeof *ret);
    if (address->kind == CRB_ADDRESS_TLS) {
        (void)snprintf(why, max, "TLS is not supported yet");
        return false;
    }
    if (address->kind == CRB_ADDRESS_TCP) {
        const struct addrinfo hints = { .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV, .ai_socktype = SOCK_STREAM };
        struct addrinfo *list = NULL;
        if (!address->has_port) {
            (void)snprintf(why, max, "the address has no port");
            return false;
        }
        if (getaddrinfo(address->host, "0", &hints, &list) != 0 || list == NULL || list->ai_addrlen > sizeof ret->at) {
            if (list != NULL) {
                freeaddrinfo(list);
            }
            (void)snprintf(why, max, "the host is not a numeric address");
            return false;
        }
        memcpy(&ret->at, list->ai_addr, list->ai_addrlen);
        ret->len = list->ai_addrlen;
        freeaddrinfo(list);
        crb_sockaddr_set_port(ret, address->port);
        return true;
    }
    struct sockaddr_un *at = &ret->at.local;
    const size_t len = strlen(address->host);
    const size_t lead = address->kind == CRB_ADDRESS_ABSTRACT ? 1 : 0; /* its name begins with a zero byte, and has none behind */
    if (len == 0 || len + 1 > sizeof at->sun_path) {
        (void)snprintf(why, max, "a Unix address has 1 to %zu bytes", sizeof at->sun_path - 1);
        return false;
    }
    at->sun_family = AF_UNIX;
    memcpy(at->sun_path + lead, address->host, len);
    ret->len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len + 1);
    return true;
}

void crb_sockaddr_set_port(crb_sockaddr *at, uint16_t port)
{
    if (at->at.any.sa_family == AF_INET6) {
        at->at.v6.sin6_port = htons(port);
    } else if (at->at.any.sa_family == AF_INET) {
        at->at.v4.sin_port = htons(port);
    }
}

/* What is left until deadline, in poll()'s milliseconds, rounded up. */
static int sockets_left_ms(uint64_t deadline)
{
    const uint64_t now = crb_now();
    if (deadline <= now) {
        return 0;
    }
    const uint64_t ms = (deadline - now + CRB_MS - 1) / CRB_MS;
    return ms < INT_MAX ? (int)ms : INT_MAX;
}

/* 0, or an errno. */
static int sockets_finish_connect(int fd, uint64_t deadline)
{
    struct pollfd wait = { .fd = fd, .events = POLLOUT };
    int n;
    do {
        n = poll(&wait, 1, deadline == CRB_NEVER ? -1 : sockets_left_ms(deadline));
    } while (n < 0 && errno == EINTR);
    if (n < 0) {
        return errno;
    }
    if (n == 0) {
        return ETIMEDOUT;
    }
    int error = 0;
    socklen_t len = sizeof error;
    return getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len) != 0 ? errno : error;
}

/* The kernel may give a dialling socket the very port that it dials: then it has reached itself, and nobody listens. */
static bool sockets_reached_itself(int fd)
{
    crb_sockaddr here = { .len = sizeof here.at };
    crb_sockaddr there = { .len = sizeof there.at };
    return getsockname(fd, &here.at.any, &here.len) == 0 && getpeername(fd, &there.at.any, &there.len) == 0 &&
           here.len == there.len && memcmp(&here.at, &there.at, here.len) == 0;
}

static int sockets_connect_tcp(int fd, const crb_sockaddr *to, uint64_t deadline)
{
    const int one = 1;
    if (setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one) != 0) {
        return errno;
    }
    int error = connect(fd, &to->at.any, to->len) == 0 ? 0 : errno;
    if (error == EINPROGRESS || error == EINTR) {
        error = sockets_finish_connect(fd, deadline);
    }
    return error == 0 && sockets_reached_itself(fd) ? ECONNREFUSED : error;
}

/* A Unix socket's connect cannot be polled for: when the listener's queue is full it says EAGAIN at once, or waits. */
static int sockets_connect_unix(int fd, const crb_sockaddr *to, uint64_t deadline)
{
    const int flags = fcntl(fd, F_GETFL);
    int error = 0;
    (void)fcntl(fd, F_SETFL, flags & ~O_NONBLOCK);
    do {
        const int left = deadline == CRB_NEVER ? 0 : sockets_left_ms(deadline);
        if (deadline != CRB_NEVER && left == 0) {
            return ETIMEDOUT;
        }
        const struct timeval timeout = { .tv_sec = left / 1000, .tv_usec = (left % 1000) * 1000L };
        (void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof timeout);
        error = connect(fd, &to->at.any, to->len) == 0 ? 0 : errno;
    } while (error == EINTR);
    (void)fcntl(fd, F_SETFL, flags);
    return error == EAGAIN ? ETIMEDOUT : error;
}

int crb_socket_connect(const crb_address *address, uint64_t deadline, char *why, size_t max)
{
    crb_sockaddr to;
    if (!crb_sockaddr_make(address, &to, why, max)) {
        return -1;
    }
    const int family = to.at.any.sa_family;
    const int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    int error = fd < 0 ? errno : 0;
    if (error == 0) {
        error = family == AF_UNIX ? sockets_connect_unix(fd, &to, deadline) : sockets_connect_tcp(fd, &to, deadline);
    }
    if (error != 0) {
        if (fd >= 0) {
            close(fd);
        }
        (void)snprintf(why, max, "%s", error == ETIMEDOUT ? SOCKETS_TIMED_OUT : strerror(error));
        return -1;
    }
    return fd;
}

bool crb_socket_user(int fd, crb_link_user *ret)
{
    crb_sockaddr peer = { .len = sizeof peer.at };
    struct ucred who;
    socklen_t len = sizeof who;
    if (getpeername(fd, &peer.at.any, &peer.len) != 0 || peer.at.any.sa_family != AF_UNIX ||
        getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &len) != 0) {
        return false;
    }
    *ret = (crb_link_user) { .uid = who.uid, .gid = who.gid, .pid = who.pid };
    return true;
}

void crb_socket_peer(int fd, char *text, size_t max)
{
    crb_sockaddr peer = { .len = sizeof peer.at };
    if (getpeername(fd, &peer.at.any, &peer.len) != 0) {
        (void)snprintf(text, max, "a peer that is gone");
        return;
    }
    char host[INET6_ADDRSTRLEN + 32];
    char port[8];
    struct ucred who;
    socklen_t len = sizeof who;
    if (peer.at.any.sa_family == AF_UNIX) {
        if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &len) == 0) {
            (void)snprintf(text, max, "unix (pid %ld, uid %lu)", (long)who.pid, (unsigned long)who.uid);
        } else {
            (void)snprintf(text, max, "unix");
        }
    } else if (getnameinfo(&peer.at.any, peer.len, host, sizeof host, port, sizeof port, NI_NUMERICHOST | NI_NUMERICSERV) == 0) {
        (void)snprintf(text, max, peer.at.any.sa_family == AF_INET6 ? "[%s]:%s" : "%s:%s", host, port);
    } else {
        (void)snprintf(text, max, "unknown");
    }
}
