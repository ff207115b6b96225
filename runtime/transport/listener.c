/* Listening sockets and the thread that accepts. A connection goes through three hands: here it is until its first bytes are
 * looked at; then gRPC has it and it waits for its stream; then it is a link. It is silent, and may have to go when there are
 * too many like it, until its first message has come. */
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

/* A connection. */
typedef struct listener_conn {
    crb_member member; /* first; guarded by lock */
    crb_listener *listener;
    int fd;              /* -1: gRPC has it */
    uint64_t until;      /* it has to have opened its session by then */
    crb_grpc_link *link; /* from when gRPC has it until it is decided: it may be ended; guarded by lock */
    bool unopened;       /* the link's stream is not open; guarded by lock */
    struct listener_conn *next,
        *prev; /* that gRPC does not have, oldest first: the thread's; then those with a link, guarded by lock */
} listener_conn;

struct crb_listener {
    crb_listener_limits limits;
    crb_accept accept;
    void *user;
    crb_address *addresses;
    size_t n_addresses;
    crb_socket_bound *bound; /* two places for each address */
    size_t n_bound;
    int epoll, wake; /* an epoll; an eventfd */
    pthread_t thread;
    bool running;

    /* The thread's alone. */
    listener_conn *first_mute, *last_mute; /* have not said what they speak */
    bool paused;                           /* no connection is accepted, as the process has no descriptors left, until: */
    uint64_t pause_until;

    pthread_mutex_t lock; /* guards: */
    pthread_cond_t none_left;
    crb_crowd crowd;
    listener_conn *links;
    bool crowded; /* no connection is accepted until one of the silent ones says something, or goes */
    size_t live;  /* connections given to gRPC that are not over */
    bool closed;
};

/* ---- what becomes of connections that gRPC has ---- */

static void listener_wake(const crb_listener *listener)
{
    const uint64_t one = 1;
    (void)!write(listener->wake, &one, sizeof one); /* cannot fail: the counter is far from full */
}

/* One more may be accepted. */
static void listener_has_room_locked(const crb_listener *listener)
{
    if (listener->crowded) {
        listener_wake(listener);
    }
}

static void listener_add(void *user, crb_grpc_link *link)
{
    listener_conn *conn = user;
    crb_listener *listener = conn->listener;
    pthread_mutex_lock(&listener->lock);
    listener->live++;
    conn->link = link;
    conn->unopened = true;
    conn->prev = NULL;
    conn->next = listener->links;
    if (conn->next != NULL) {
        conn->next->prev = conn;
    }
    listener->links = conn;
    pthread_mutex_unlock(&listener->lock);
}

static bool listener_opened(void *user, crb_link *link, const crb_link_handler **ret_handler, void **ret_user)
{
    listener_conn *conn = user;
    crb_listener *listener = conn->listener;
    pthread_mutex_lock(&listener->lock);
    const bool closed = listener->closed;
    conn->unopened = false;
    pthread_mutex_unlock(&listener->lock);
    return !closed && listener->accept(listener->user, link, ret_handler, ret_user);
}

static void listener_decided(void *user)
{
    listener_conn *conn = user;
    crb_listener *listener = conn->listener;
    pthread_mutex_lock(&listener->lock);
    conn->link = NULL;
    crb_crowd_spoke(&listener->crowd, &conn->member);
    listener_has_room_locked(listener);
    pthread_mutex_unlock(&listener->lock);
}

static void listener_over(void *user)
{
    listener_conn *conn = user;
    crb_listener *listener = conn->listener;
    pthread_mutex_lock(&listener->lock);
    *(conn->prev != NULL ? &conn->prev->next : &listener->links) = conn->next;
    if (conn->next != NULL) {
        conn->next->prev = conn->prev;
    }
    crb_crowd_leave(&listener->crowd, &conn->member);
    free(conn);
    if (--listener->live == 0) {
        pthread_cond_broadcast(&listener->none_left);
    }
    pthread_mutex_unlock(&listener->lock);
}

static const crb_grpc_door listener_door = { .opened = listener_opened, .decided = listener_decided, .over = listener_over };

/* ---- the thread ---- */

static void listener_complain(int fd, const char *what)
{
    char peer[CRB_MAX_PEER];
    crb_socket_peer(fd, peer, sizeof peer);
    crb_log_peer(CRB_LOG_WARNING, "transport", "%s: %s: closed", peer, what);
}

static void listener_unlink(crb_listener *listener, listener_conn *conn)
{
    *(conn->prev != NULL ? &conn->prev->next : &listener->first_mute) = conn->next;
    *(conn->next != NULL ? &conn->next->prev : &listener->last_mute) = conn->prev;
}

/* Ends a connection that gRPC does not have. */
static void listener_drop(crb_listener *listener, listener_conn *conn, const char *why)
{
    if (why != NULL) {
        listener_complain(conn->fd, why);
    }
    close(conn->fd);
    listener_unlink(listener, conn);
    pthread_mutex_lock(&listener->lock);
    crb_crowd_leave(&listener->crowd, &conn->member);
    pthread_mutex_unlock(&listener->lock);
    free(conn);
}

/* A new connection: watched until its first bytes are there (they may be there already: the epoll tells). */
static void listener_admit(crb_listener *listener, int fd)
{
    const int one = 1;
    crb_origin_key from;
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one); /* a Unix socket has none, and needs none */
    crb_socket_origin(fd, &from);
    listener_conn *conn = calloc(1, sizeof *conn);
    if (conn == NULL) {
        close(fd);
        return;
    }
    const uint64_t now = crb_now();
    conn->listener = listener;
    conn->fd = fd;
    conn->until = now + listener->limits.opening_ns;
    pthread_mutex_lock(&listener->lock);
    const char *const why = crb_crowd_refuses(&listener->crowd, &from);
    const bool in = why == NULL && crb_crowd_enter(&listener->crowd, &conn->member, &from, now);
    pthread_mutex_unlock(&listener->lock);
    if (!in) {
        listener_complain(fd, why != NULL ? why : "no memory for it");
        close(fd);
        free(conn);
        return;
    }
    conn->prev = listener->last_mute;
    *(listener->last_mute != NULL ? &listener->last_mute->next : &listener->first_mute) = conn;
    listener->last_mute = conn;
    struct epoll_event event = { .events = EPOLLIN | EPOLLRDHUP | EPOLLET, .data.ptr = conn };
    if (epoll_ctl(listener->epoll, EPOLL_CTL_ADD, fd, &event) != 0) {
        listener_drop(listener, conn, NULL);
    }
}

/* May the next one be accepted? If not, and it is known that one waits, none is until there is room. */
static bool listener_has_room(crb_listener *listener, bool one_waits)
{
    pthread_mutex_lock(&listener->lock);
    const bool full = crb_crowd_is_full(&listener->crowd);
    listener->crowded = listener->crowded || (full && one_waits);
    pthread_mutex_unlock(&listener->lock);
    return !full;
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
    if (!listener_has_room(listener, true)) {
        listener_watch(listener, false);
        return;
    }
    while (!listener->paused && listener_has_room(listener, false)) { /* the epoll tells if there is one more */
        const int fd = accept4(bound->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
        if (fd >= 0) {
            listener_admit(listener, fd);
        } else if (errno == EAGAIN) {
            return;
        } else if (errno != EINTR && errno != ECONNABORTED && errno != EPROTO && errno != EPERM) {
            /* Not the fault of one connection, but of a process or a machine that has no more descriptors or memory. */
            const int error = errno;
            crb_log_peer(CRB_LOG_ERROR, "transport", "cannot accept connections at the moment: %s", strerror(error));
            listener->paused = true;
            listener->pause_until = crb_now() + LISTENER_PAUSE;
            listener_watch(listener, false);
        }
    }
}

/* The first bytes of a connection, or its end. */
static void listener_look(crb_listener *listener, listener_conn *conn)
{
    char first[LISTENER_PREFACE_LEN];
    ssize_t n;
    do {
        n = recv(conn->fd, first, sizeof first, MSG_PEEK | MSG_DONTWAIT);
    } while (n < 0 && errno == EINTR);
    if (n < 0 && errno == EAGAIN) {
        return;
    }
    if (n <= 0) {
        listener_drop(listener, conn, NULL); /* it went as it came: a port scan, a health check */
        return;
    }
    if (memcmp(first, LISTENER_PREFACE, (size_t)n) != 0) {
        listener_drop(listener, conn, "does not speak HTTP/2");
        return;
    }
    if ((size_t)n < sizeof first) {
        return;
    }
    char peer[CRB_MAX_PEER];
    const int fd = conn->fd;
    crb_socket_peer(fd, peer, sizeof peer);
    (void)epoll_ctl(listener->epoll, EPOLL_CTL_DEL, fd, NULL);
    listener_unlink(listener, conn);
    conn->fd = -1;
    if (!crb_grpc_serve(fd, peer, conn->until, &listener_door, conn, listener_add)) {
        listener_complain(fd, "no memory for it");
        close(fd);
        pthread_mutex_lock(&listener->lock);
        crb_crowd_leave(&listener->crowd, &conn->member);
        pthread_mutex_unlock(&listener->lock);
        free(conn);
    }
}

/* ---- time ---- */

/* Who has to go for want of room, and when; CRB_NEVER: nobody. */
static uint64_t listener_patience_locked(const crb_listener *listener, crb_member **ret)
{
    uint64_t when = CRB_NEVER;
    *ret = crb_crowd_victim(&listener->crowd, listener->crowded, &when);
    return when;
}

static uint64_t listener_patience(crb_listener *listener)
{
    crb_member *victim = NULL;
    pthread_mutex_lock(&listener->lock);
    const uint64_t when = listener_patience_locked(listener, &victim);
    pthread_mutex_unlock(&listener->lock);
    return listener->first_mute != NULL && listener->first_mute->until < when ? listener->first_mute->until : when;
}

/* Epoll's timeout: until one must go, or accepting goes on. */
static int listener_timeout(crb_listener *listener)
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

/* One silent connection goes, if one has to. */
static bool listener_push_out(crb_listener *listener, uint64_t now)
{
    static const char why[] = "silent, and others wait";
    crb_member *victim = NULL;
    pthread_mutex_lock(&listener->lock);
    const bool must = listener_patience_locked(listener, &victim) <= now;
    listener_conn *const conn = (listener_conn *)(void *)victim;
    const bool mute = must && conn->fd >= 0;
    char peer[CRB_MAX_PEER] = "";
    if (must && !mute) {
        /* It leaves the silent ones now, and ends by itself soon. One that is open tells its user why. */
        if (conn->unopened) {
            (void)snprintf(peer, sizeof peer, "%s", conn->link->peer);
        }
        crb_crowd_spoke(&listener->crowd, victim);
        crb_grpc_serve_push_out(conn->link, why);
        conn->link = NULL;
    }
    pthread_mutex_unlock(&listener->lock);
    if (mute) {
        listener_drop(listener, conn, why);
    } else if (peer[0] != '\0') {
        crb_log_peer(CRB_LOG_WARNING, "transport", "%s: %s: closed", peer, why);
    }
    return must;
}

/* What time brings: silent connections go, accepting goes on. */
static void listener_look_at_the_clock(crb_listener *listener)
{
    const uint64_t now = crb_now();
    while (listener->first_mute != NULL && listener->first_mute->until <= now) {
        listener_drop(listener, listener->first_mute, "said nothing");
    }
    while (listener_push_out(listener, now)) {
        pthread_mutex_lock(&listener->lock);
        const bool enough = listener->crowded && !crb_crowd_is_full(&listener->crowd); /* until that place is taken */
        pthread_mutex_unlock(&listener->lock);
        if (enough) {
            break;
        }
    }
    const bool was_paused = listener->paused;
    listener->paused = was_paused && listener->pause_until > now;
    pthread_mutex_lock(&listener->lock);
    const bool was_crowded = listener->crowded;
    listener->crowded = was_crowded && crb_crowd_is_full(&listener->crowd);
    const bool crowded = listener->crowded;
    pthread_mutex_unlock(&listener->lock);
    if ((was_paused || was_crowded) && !listener->paused && !crowded) {
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
                uint64_t count = 0;
                (void)!read(listener->wake, &count, sizeof count); /* only what it stands for is of interest */
                pthread_mutex_lock(&listener->lock);
                stopped = listener->closed;
                pthread_mutex_unlock(&listener->lock);
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
    while (listener->first_mute != NULL) {
        listener_drop(listener, listener->first_mute, NULL);
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
    listener->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    struct epoll_event event = { .events = EPOLLIN, .data.ptr = listener };
    int error = 0;
    if (listener->epoll < 0 || listener->wake < 0 || epoll_ctl(listener->epoll, EPOLL_CTL_ADD, listener->wake, &event) != 0) {
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
    crb_crowd_init(&listener->crowd, &limits->crowd);
    listener->accept = accept;
    listener->user = user;
    listener->epoll = -1;
    listener->wake = -1;
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
    const crb_listener_limits limits = { .opening_ns = 10 * CRB_SECOND };
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
        listener_wake(listener);
        pthread_join(listener->thread, NULL);
    }
    for (size_t i = 0; i < listener->n_bound; i++) {
        crb_socket_unlisten(&listener->bound[i]);
    }
    /* Those that have no session stream yet get none: they end by themselves, and report. */
    pthread_mutex_lock(&listener->lock);
    for (const listener_conn *conn = listener->links; conn != NULL; conn = conn->next) {
        if (conn->link != NULL && conn->unopened) {
            (void)crb_grpc_serve_no_more(conn->link);
        }
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
    if (listener->wake >= 0) {
        close(listener->wake);
    }
    free(listener->bound);
    crb_addresses_free(listener->addresses, listener->n_addresses);
    pthread_cond_destroy(&listener->none_left);
    pthread_mutex_destroy(&listener->lock);
    free(listener);
}
