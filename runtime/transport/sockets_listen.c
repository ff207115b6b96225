/* Listening sockets. A Unix path is looked at, replaced and removed under a lock on its folder, so that two processes that start
 * at once on the same path do not throw each other out. */
#include "runtime/transport/sockets.h"

#include "runtime/transport/sockaddr.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define LISTEN_BACKLOG 512
#define LISTEN_LOCALHOST_TRIES 32 /* ports tried until one is free for both addresses of localhost */

/* A descriptor, or -1 with errno. */
static int listen_on(const crb_sockaddr *at)
{
    const int one = 1;
    const int fd = socket(at->at.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) {
        return -1;
    }
    bool good = true;
    if (at->at.any.sa_family != AF_UNIX) {
        good = setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one) == 0;
    }
    if (good && at->at.any.sa_family == AF_INET6) {
        good = setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof one) == 0;
    }
    if (good && bind(fd, &at->at.any, at->len) == 0 && listen(fd, LISTEN_BACKLOG) == 0) {
        return fd;
    }
    const int error = errno;
    close(fd);
    errno = error;
    return -1;
}

static uint16_t listen_port(int fd)
{
    crb_sockaddr at = { .len = sizeof at.at };
    if (getsockname(fd, &at.at.any, &at.len) != 0) {
        return 0;
    }
    return ntohs(at.at.any.sa_family == AF_INET6 ? at.at.v6.sin6_port : at.at.v4.sin_port);
}

static void listen_why(char *why, size_t max, int error)
{
    (void)snprintf(why, max, "%s", strerror(error));
}

/* Both addresses of localhost, on one port; a machine without ::1 has one. */
static bool listen_localhost(uint16_t port, crb_socket_bound ret[2], size_t *ret_n, uint16_t *ret_port, char *why, size_t max)
{
    int error = 0;
    for (int i = 0; i < LISTEN_LOCALHOST_TRIES; i++) {
        crb_sockaddr v4 = { .len = sizeof v4.at.v4,
                            .at.v4 = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) } };
        crb_sockaddr v6 = { .len = sizeof v6.at.v6, .at.v6 = { .sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT } };
        crb_sockaddr_set_port(&v4, port);
        ret[0].fd = listen_on(&v4);
        if (ret[0].fd < 0) {
            error = errno;
            break;
        }
        *ret_port = listen_port(ret[0].fd);
        crb_sockaddr_set_port(&v6, *ret_port);
        ret[1].fd = listen_on(&v6);
        error = ret[1].fd < 0 ? errno : 0;
        if (error == 0 || error == EADDRNOTAVAIL || error == EAFNOSUPPORT) {
            *ret_n = error == 0 ? 2 : 1;
            return true;
        }
        crb_socket_unlisten(&ret[0]);
        if (error != EADDRINUSE || port != 0) {
            break;
        }
    }
    listen_why(why, max, error);
    return false;
}

/* The folder of path, locked; -1: it cannot be (one may write a folder that one may not read): then nothing is locked. */
static int listen_lock_folder(const char *path)
{
    char *folder = strdup(path);
    if (folder == NULL) {
        return -1;
    }
    char *slash = strrchr(folder, '/');
    const char *name = slash == NULL ? "." : slash == folder ? "/" : folder;
    if (slash != NULL && slash != folder) {
        *slash = '\0';
    }
    const int fd = open(name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    free(folder);
    int locked;
    do {
        locked = fd < 0 ? 0 : flock(fd, LOCK_EX);
    } while (locked != 0 && errno == EINTR);
    return fd;
}

/* Closing it unlocks it. */
static void listen_unlock_folder(int fd)
{
    if (fd >= 0) {
        close(fd);
    }
}

/* Is the path a socket on which nobody listens any more? */
static bool listen_is_stale(const crb_sockaddr *at)
{
    struct stat info;
    if (lstat(at->at.local.sun_path, &info) != 0 || !S_ISSOCK(info.st_mode)) {
        return false;
    }
    const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) {
        return false;
    }
    const bool refused = connect(fd, &at->at.any, at->len) != 0 && errno == ECONNREFUSED;
    close(fd);
    return refused;
}

static bool listen_path(const crb_sockaddr *at, crb_socket_bound *ret, char *why, size_t max)
{
    ret->path = strdup(at->at.local.sun_path);
    if (ret->path == NULL) {
        listen_why(why, max, ENOMEM);
        return false;
    }
    const int folder = listen_lock_folder(ret->path);
    ret->fd = listen_on(at);
    int error = ret->fd < 0 ? errno : 0;
    if (error == EADDRINUSE && listen_is_stale(at) && unlink(ret->path) == 0) {
        ret->fd = listen_on(at);
        error = ret->fd < 0 ? errno : 0;
    }
    struct stat info;
    if (error == 0 && lstat(ret->path, &info) == 0) {
        ret->device = info.st_dev;
        ret->inode = info.st_ino;
    }
    listen_unlock_folder(folder);
    if (error != 0) {
        free(ret->path);
        ret->path = NULL;
        listen_why(why, max, error);
        return false;
    }
    return true;
}

bool crb_socket_listen(const crb_address *address, crb_socket_bound ret[2], size_t *ret_n, uint16_t *port, char *why, size_t max)
{
    ret[0] = (crb_socket_bound) { .fd = -1 };
    ret[1] = (crb_socket_bound) { .fd = -1 };
    *ret_n = 1;
    *port = address->port;
    if (address->kind == CRB_ADDRESS_TCP && strcmp(address->host, "localhost") == 0) {
        return listen_localhost(address->port, ret, ret_n, port, why, max);
    }
    crb_sockaddr at;
    if (!crb_sockaddr_make(address, &at, why, max)) {
        return false;
    }
    if (address->kind == CRB_ADDRESS_UNIX) {
        return listen_path(&at, &ret[0], why, max);
    }
    ret[0].fd = listen_on(&at);
    if (ret[0].fd < 0) {
        listen_why(why, max, errno);
        return false;
    }
    if (address->kind == CRB_ADDRESS_TCP) {
        *port = listen_port(ret[0].fd);
    }
    return true;
}

void crb_socket_unlisten(crb_socket_bound *bound)
{
    if (bound->fd < 0) {
        return;
    }
    if (bound->path != NULL) {
        const int folder = listen_lock_folder(bound->path);
        struct stat info;
        if (lstat(bound->path, &info) == 0 && info.st_dev == bound->device && info.st_ino == bound->inode) {
            (void)unlink(bound->path);
        }
        listen_unlock_folder(folder);
        free(bound->path);
        bound->path = NULL;
    }
    close(bound->fd);
    bound->fd = -1;
}

void crb_socket_origin(int fd, crb_origin_key *ret)
{
    enum { NETWORK = 8 }; /* the bytes of an IPv6 address that its user cannot choose */
    crb_sockaddr at = { .len = sizeof at.at };
    struct ucred who;
    socklen_t len = sizeof who;
    *ret = (crb_origin_key) { { 0 } };
    if (getpeername(fd, &at.at.any, &at.len) != 0) {
        return;
    }
    ret->bytes[0] = (uint8_t)at.at.any.sa_family;
    if (at.at.any.sa_family == AF_INET) {
        memcpy(ret->bytes + 1, &at.at.v4.sin_addr, sizeof at.at.v4.sin_addr);
    } else if (at.at.any.sa_family == AF_INET6) {
        memcpy(ret->bytes + 1, &at.at.v6.sin6_addr, NETWORK);
    } else if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &len) == 0) {
        memcpy(ret->bytes + 1, &who.uid, sizeof who.uid);
    }
}

bool crb_socket_is_public(const crb_socket_bound *bound)
{
    crb_sockaddr at = { .len = sizeof at.at };
    if (getsockname(bound->fd, &at.at.any, &at.len) != 0) {
        return false;
    }
    if (at.at.any.sa_family == AF_INET) {
        return (ntohl(at.at.v4.sin_addr.s_addr) >> 24) != IN_LOOPBACKNET;
    }
    return at.at.any.sa_family == AF_INET6 && !IN6_IS_ADDR_LOOPBACK(&at.at.v6.sin6_addr);
}
