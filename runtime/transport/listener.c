/* Listening sockets and the thread that accepts. A connection goes through three hands: here it is silent until its first bytes
 * are looked at (the thread's own list, oldest first); then gRPC has it and it waits for its stream (the list `opening`, under
 * the lock); then it is a link, and the listener only counts it. */
#include "runtime/transport/listener.h"

#include "runtime/base/clock.h"
#include "runtime/base/fail.h"
#include "runtime/base/log.h"
#include "runtime/transport/grpc_link.h"
#include "runtime/transport/sockets.h"

#include <errno.h>
#include <limits.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#define LISTENER_PREFACE "PRI * HTTP/2.0"
#define LISTENER_PREFACE_LEN (sizeof LISTENER_PREFACE - 1)
#define LISTENER_EVENTS 32
#define LISTENER_PAUSE (100 * CRB_MS) /* without accepting, when the process has no descriptors left */
#define LISTENER_LOG_PAUSE CRB_SECOND /* between two lines about strange peers: they must not fill the log */

/* A connection that has not said what it speaks. */
typedef struct listener_silent {
    int fd;
    uint64_t since, until;
    struct listener_silent *next, *prev;
} listener_silent;

struct crb_listener {
    crb_listener_limits limits;
    crb_accept accept;
    void *user;
    crb_address *addresses;
    size_t n_addresses;
    crb_socket_bound *bound; /* two places for each address */
    size_t n_bound;
    int epoll, stop; /* an epoll; an eventfd */
    pthread_t thread;
    bool running;

    /* The thread's alone. */
    listener_silent *first_silent, *last_silent;
    size_t n_silent;
    bool crowded; /* no connection is accepted until one of the silent ones says something, or goes */
    bool paused;  /* nor when the process has no descriptors left, until pause_until */
    uint64_t pause_until;
    uint64_t log_after;
    unsigned not_logged;

    pthread_mutex_t lock;
    pthread_cond_t none_left;
    crb_grpc_link *opening;
    size_t live; /* connections given to gRPC that are not over */
    bool closed;
};

/* ---- what becomes of connections that gRPC has ---- */

static void listener_add(void *user, crb_grpc_link *link)
{
    crb_listener *listener = user;
    pthread_mutex_lock(&listener->lock);
    listener->live++;
    link->prev = NULL;
    link->next = listener->opening;
    if (link->next != NULL) {
        link->next->prev = link;
    }
    listener->opening = link;
    pthread_mutex_unlock(&listener->lock);
}

static void listener_decided(void *user, crb_grpc_link *link)
{
    crb_listener *listener = user;
    pthread_mutex_lock(&listener->lock);
    if (link->prev != NULL) {
        link->prev->next = link->next;
    } else {
        listener->opening = link->next;
    }
    if (link->next != NULL) {
        link->next->prev = link->prev;
    }
    pthread_mutex_unlock(&listener->lock);
}

static bool listener_opened(void *user, crb_link *link, const crb_link_handler **ret_handler, void **ret_user)
{
    crb_listener *listener = user;
    pthread_mutex_lock(&listener->lock);
    const bool closed = listener->closed;
    pthread_mutex_unlock(&listener->lock);
    return !closed && listener->accept(listener->user, link, ret_handler, ret_user);
}

static void listener_over(void *user)
{
    crb_listener *listener = user;
    pthread_mutex_lock(&listener->lock);
    if (--listener->live == 0) {
        pthread_cond_broadcast(&listener->none_left);
    }
    pthread_mutex_unlock(&listener->lock);
}

static const crb_grpc_door listener_door = { .opened = listener_opened, .decided = listener_decided, .over = listener_over };

/* ---- the thread ---- */

/* May a line be written? At most one a second. */
static bool listener_may_log(crb_listener *listener)
{
    const uint64_t now = crb_now();
    if (now < listener->log_after) {
        listener->not_logged++;
        return false;
    }
    listener->log_after = now + LISTENER_LOG_PAUSE;
    return true;
}

/* A line about a peer. */
static void listener_complain(crb_listener *listener, int fd, const char *what)
{
    if (!listener_may_log(listener)) {
        return;
    }
    char peer[CRB_MAX_PEER];
    crb_socket_peer(fd, peer, sizeof peer);
    if (listener->not_logged > 0) {
        crb_log(CRB_LOG_WARNING, "transport", "%s: %s: closed (and %u lines like this left out)", peer, what,
                listener->not_logged);
    } else {
        crb_log(CRB_LOG_WARNING, "transport", "%s: %s: closed", peer, what);
    }
    listener->not_logged = 0;
}

static void listener_forget(crb_listener *listener, listener_silent *silent)
{
    *(silent->prev != NULL ? &silent->prev->next : &listener->first_silent) = silent->next;
    *(silent->next != NULL ? &silent->next->prev : &listener->last_silent) = silent->prev;
    listener->n_silent--;
    free(silent);
}

static void listener_drop(crb_listener *listener, listener_silent *silent, const char *why)
{
    if (why != NULL) {
        listener_complain(listener, silent->fd, why);
    }
    close(silent->fd);
    listener_forget(listener, silent);
}

/* A new connection: watched until its first bytes are there (they may be there already: the epoll tells). */
static void listener_admit(crb_listener *listener, int fd)
{
    const int one = 1;
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one); /* a Unix socket has none, and needs none */
    listener_silent *silent = malloc(sizeof *silent);
    if (silent == NULL) {
        close(fd);
        return;
    }
    const uint64_t now = crb_now();
    *silent =
        (listener_silent) { .fd = fd, .since = now, .until = now + listener->limits.opening_ns, .prev = listener->last_silent };
    struct epoll_event event = { .events = EPOLLIN | EPOLLRDHUP | EPOLLET, .data.ptr = silent };
    if (epoll_ctl(listener->epoll, EPOLL_CTL_ADD, fd, &event) != 0) {
        close(fd);
        free(silent);
        return;
    }
    *(listener->last_silent != NULL ? &listener->last_silent->next : &listener->first_silent) = silent;
    listener->last_silent = silent;
    listener->n_silent++;
}

static void listener_watch(crb_listener *listener, bool on)
{
    for (size_t i = 0; i < listener->n_bound; i++) {
        struct epoll_event event = { .events = on ? EPOLLIN : 0, .data.ptr = &listener->bound[i] };
        (void)epoll_ctl(listener->epoll, EPOLL_CTL_MOD, listener->bound[i].fd, &event);
    }
}

/* Somebody waits to be accepted. */
static void listener_accept(crb_listener *listener, const crb_socket_bound *bound)
{
    if (listener->n_silent >= listener->limits.max_silent && !listener->crowded) {
        listener->crowded = true;
        listener_watch(listener, false);
    }
    while (!listener->paused && listener->n_silent < listener->limits.max_silent) {
        const int fd = accept4(bound->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
        if (fd >= 0) {
            listener_admit(listener, fd);
        } else if (errno == EAGAIN) {
            return;
        } else if (errno != EINTR && errno != ECONNABORTED && errno != EPROTO && errno != EPERM) {
            /* Not the fault of one connection, but of a process or a machine that has no more descriptors or memory. */
            const int error = errno;
            if (listener_may_log(listener)) {
                crb_log(CRB_LOG_ERROR, "transport", "cannot accept connections at the moment: %s", strerror(error));
            }
            listener->paused = true;
            listener->pause_until = crb_now() + LISTENER_PAUSE;
            listener_watch(listener, false);
        }
    }
}

/* The first bytes of a silent connection, or its end. */
static void listener_look(crb_listener *listener, listener_silent *silent)
{
    char first[LISTENER_PREFACE_LEN];
    ssize_t n;
    do {
        n = recv(silent->fd, first, sizeof first, MSG_PEEK | MSG_DONTWAIT);
    } while (n < 0 && errno == EINTR);
    if (n < 0 && errno == EAGAIN) {
        return;
    }
    if (n <= 0) {
        listener_drop(listener, silent, NULL); /* it went as it came: a port scan, a health check */
        return;
    }
    if (memcmp(first, LISTENER_PREFACE, (size_t)n) != 0) {
        listener_drop(listener, silent, "does not speak HTTP/2");
        return;
    }
    if ((size_t)n < sizeof first) {
        return;
    }
    char peer[CRB_MAX_PEER];
    crb_socket_peer(silent->fd, peer, sizeof peer);
    (void)epoll_ctl(listener->epoll, EPOLL_CTL_DEL, silent->fd, NULL);
    if (crb_grpc_serve(silent->fd, peer, silent->until, &listener_door, listener, listener_add)) {
        listener_forget(listener, silent);
    } else {
        listener_drop(listener, silent, "no memory for it");
    }
}

/* The oldest silent connection has had its time, and goes then; CRB_NEVER: there is none. */
static uint64_t listener_patience(const crb_listener *listener)
{
    const listener_silent *oldest = listener->first_silent;
    if (oldest == NULL) {
        return CRB_NEVER;
    }
    const uint64_t crowded = oldest->since + listener->limits.crowded_ns;
    return listener->crowded && crowded < oldest->until ? crowded : oldest->until;
}

/* Epoll's timeout: until one must go, or accepting goes on. */
static int listener_timeout(const crb_listener *listener)
{
    uint64_t until = listener_patience(listener);
    if (listener->paused && listener->pause_until < until) {
        until = listener->pause_until;
    }
    if (until == CRB_NEVER) {
        return -1;
    }
    const uint64_t now = crb_now();
    const uint64_t ms = until <= now ? 0 : (until - now + CRB_MS - 1) / CRB_MS;
    return ms < INT_MAX ? (int)ms : INT_MAX;
}

/* What time brings: silent connections go, accepting goes on. */
static void listener_look_at_the_clock(crb_listener *listener)
{
    const uint64_t now = crb_now();
    while (listener_patience(listener) <= now) {
        const bool pushed = listener->first_silent->until > now;
        listener_drop(listener, listener->first_silent, pushed ? "silent, and others wait" : "said nothing");
        if (pushed) {
            break; /* one place is enough until it is taken */
        }
    }
    const bool was_off = listener->paused || listener->crowded;
    listener->paused = listener->paused && listener->pause_until > now;
    listener->crowded = listener->crowded && listener->n_silent >= listener->limits.max_silent;
    if (was_off && !listener->paused && !listener->crowded) {
        listener_watch(listener, true);
    }
}

static bool listener_is_bound(const crb_listener *listener, const void *what)
{
    for (size_t i = 0; i < listener->n_bound; i++) {
        if (what == &listener->bound[i]) {
            return true;
        }
    }
    return false;
}

static void *listener_run(void *user)
{
    crb_listener *listener = user;
    struct epoll_event events[LISTENER_EVENTS];
    bool stopped = false;
    while (!stopped) {
        const int n = epoll_wait(listener->epoll, events, LISTENER_EVENTS, listener_timeout(listener));
        /* Connections first: accepting may drop the oldest silent one, which may be among the events. */
        for (int i = 0; i < n; i++) {
            void *what = events[i].data.ptr;
            if (what == listener) {
                stopped = true;
            } else if (!listener_is_bound(listener, what)) {
                listener_look(listener, what);
            }
        }
        for (int i = 0; i < n && !stopped; i++) {
            if (listener_is_bound(listener, events[i].data.ptr)) {
                listener_accept(listener, events[i].data.ptr);
            }
        }
        listener_look_at_the_clock(listener);
    }
    while (listener->first_silent != NULL) {
        listener_drop(listener, listener->first_silent, NULL);
    }
    return NULL;
}

/* ---- made and unmade ---- */

static bool listener_copy_address(const crb_address *from, crb_address *to)
{
    *to = *from;
    to->host = strdup(from->host);
    return to->host != NULL;
}

/* Binds the i-th address; the port that the kernel chose goes into the listener's copy. */
static corbel_status listener_bind(crb_listener *listener, size_t i, corbel_error *reterr)
{
    crb_address *address = &listener->addresses[i];
    char why[CRB_MAX_SOCKET_WHY];
    crb_socket_bound bound[2];
    size_t n = 0;
    uint16_t port = 0;
    if (!crb_socket_listen(address, bound, &n, &port, why, sizeof why)) {
        char *text = crb_address_format(address);
        const corbel_status status = crb_fail(reterr, CORBEL_SYSTEM, CORBEL_COMPLETED_NO, "cannot listen on %s: %s",
                                              text != NULL ? text : address->host, why);
        free(text);
        return status;
    }
    address->port = port;
    for (size_t at = 0; at < n; at++) {
        listener->bound[listener->n_bound++] = bound[at];
    }
    if (crb_socket_is_public(&bound[0])) {
        char *text = crb_address_format(address);
        crb_log(CRB_LOG_WARNING, "transport",
                "listening on %s: whoever reaches this address may call, unauthenticated and in the clear",
                text != NULL ? text : address->host);
        free(text);
    }
    return CORBEL_OK;
}

static corbel_status listener_start(crb_listener *listener, corbel_error *reterr)
{
    listener->epoll = epoll_create1(EPOLL_CLOEXEC);
    listener->stop = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    struct epoll_event event = { .events = EPOLLIN, .data.ptr = listener };
    int error = 0;
    if (listener->epoll < 0 || listener->stop < 0 || epoll_ctl(listener->epoll, EPOLL_CTL_ADD, listener->stop, &event) != 0) {
        error = errno;
    }
    for (size_t i = 0; error == 0 && i < listener->n_bound; i++) {
        event.data.ptr = &listener->bound[i];
        error = epoll_ctl(listener->epoll, EPOLL_CTL_ADD, listener->bound[i].fd, &event) != 0 ? errno : 0;
    }
    if (error == 0) {
        sigset_t all, before;
        sigfillset(&all);
        pthread_sigmask(SIG_SETMASK, &all, &before); /* the program's handlers do not run on this thread */
        error = pthread_create(&listener->thread, NULL, listener_run, listener);
        pthread_sigmask(SIG_SETMASK, &before, NULL);
    }
    if (error != 0) {
        return crb_fail(reterr, CORBEL_SYSTEM, CORBEL_COMPLETED_NO, "cannot wait for connections: %s", strerror(error));
    }
    listener->running = true;
    (void)pthread_setname_np(listener->thread, "corbel-accept");
    return CORBEL_OK;
}

corbel_status crb_listener_new_with(const crb_listener_limits *limits, const crb_address *addresses, size_t n, crb_accept accept,
                                    void *user, crb_listener **ret, corbel_error *reterr)
{
    corbel_status status = CORBEL_NO_MEMORY;
    crb_listener *listener = calloc(1, sizeof *listener);
    if (listener == NULL) {
        goto failed;
    }
    listener->limits = *limits;
    listener->accept = accept;
    listener->user = user;
    listener->epoll = -1;
    listener->stop = -1;
    pthread_mutex_init(&listener->lock, NULL);
    pthread_cond_init(&listener->none_left, NULL);
    listener->addresses = calloc(n > 0 ? n : 1, sizeof *listener->addresses);
    listener->bound = calloc(n > 0 ? n : 1, 2 * sizeof *listener->bound);
    if (listener->addresses == NULL || listener->bound == NULL) {
        goto failed;
    }
    for (; listener->n_addresses < n; listener->n_addresses++) {
        if (!listener_copy_address(&addresses[listener->n_addresses], &listener->addresses[listener->n_addresses])) {
            goto failed;
        }
    }
    for (size_t i = 0; i < n; i++) {
        status = listener_bind(listener, i, reterr);
        if (status != CORBEL_OK) {
            goto told;
        }
    }
    status = listener_start(listener, reterr);
    if (status != CORBEL_OK) {
        goto told;
    }
    *ret = listener;
    return CORBEL_OK;
failed:
    status = crb_fail(reterr, CORBEL_NO_MEMORY, CORBEL_COMPLETED_NO, "no memory for a listener");
told:
    crb_listener_free(listener);
    return status;
}

corbel_status crb_listener_new(const crb_address *addresses, size_t n, crb_accept accept, void *user, crb_listener **ret,
                               corbel_error *reterr)
{
    const crb_listener_limits limits = CRB_LISTENER_LIMITS_DEFAULT;
    return crb_listener_new_with(&limits, addresses, n, accept, user, ret, reterr);
}

const crb_address *crb_listener_addresses(const crb_listener *listener, size_t *ret_n)
{
    *ret_n = listener->n_addresses;
    return listener->addresses;
}

void crb_listener_close(crb_listener *listener)
{
    pthread_mutex_lock(&listener->lock);
    const bool closed = listener->closed;
    listener->closed = true;
    pthread_mutex_unlock(&listener->lock);
    if (closed) {
        return;
    }
    if (listener->running) {
        const uint64_t one = 1;
        (void)!write(listener->stop, &one, sizeof one); /* cannot fail: the counter is far from full */
        pthread_join(listener->thread, NULL);
    }
    for (size_t i = 0; i < listener->n_bound; i++) {
        crb_socket_unlisten(&listener->bound[i]);
    }
    /* Those that have no session stream yet get none: they end by themselves, and report. */
    pthread_mutex_lock(&listener->lock);
    for (crb_grpc_link *link = listener->opening; link != NULL; link = link->next) {
        crb_grpc_serve_no_more(link);
    }
    pthread_mutex_unlock(&listener->lock);
}

void crb_listener_free(crb_listener *listener)
{
    if (listener == NULL) {
        return;
    }
    crb_listener_close(listener);
    pthread_mutex_lock(&listener->lock);
    while (listener->live > 0) {
        pthread_cond_wait(&listener->none_left, &listener->lock);
    }
    pthread_mutex_unlock(&listener->lock);
    if (listener->epoll >= 0) {
        close(listener->epoll);
    }
    if (listener->stop >= 0) {
        close(listener->stop);
    }
    free(listener->bound);
    crb_addresses_free(listener->addresses, listener->n_addresses);
    pthread_cond_destroy(&listener->none_left);
    pthread_mutex_destroy(&listener->lock);
    free(listener);
}
