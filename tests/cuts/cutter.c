/* One thread and one poll() for all connections. What is read is bounded by what may still pass, so that the cut is exact; and
 * what was read is written before the cut. */
#include "tests/cuts/cutter.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { CUTTER_PAIRS = 64, CUTTER_BUFFER = 16384 };

/** One way of a connection. */
typedef struct way {
    uint8_t bytes[CUTTER_BUFFER];
    size_t begin, end;
} way;

typedef struct pair {
    int fds[2]; /* the client's, the server's; -1: free */
    way ways[2];
} pair;

typedef union address {
    struct sockaddr any;
    struct sockaddr_in in;
    struct sockaddr_un un;
} address;

struct cutter {
    pthread_t thread;
    int listener, kick;
    address server;
    socklen_t server_len;
    char here[128];
    pair *pairs;
    _Atomic bool stop, cut;
    _Atomic uint64_t ended;
    pthread_mutex_t lock; /* what follows */
    bool armed, reset;
    cutter_direction direction;
    uint64_t left;
};

static void cutter_must(bool fine, const char *what)
{
    if (!fine) {
        (void)fprintf(stderr, "cutter: %s: %s\n", what, strerror(errno));
        abort();
    }
}

/* ---- connections ---- */

static void pair_close(cutter *self, pair *p, bool reset)
{
    const struct linger at_once = { .l_onoff = 1 };
    for (int i = 0; i < 2; i++) {
        if (reset) {
            (void)setsockopt(p->fds[i], SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
        }
        (void)close(p->fds[i]);
        p->fds[i] = -1;
        p->ways[i].begin = p->ways[i].end = 0;
    }
    atomic_fetch_add(&self->ended, 1);
}

static void cutter_accept(cutter *self)
{
    const int client = accept4(self->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (client < 0) {
        return;
    }
    const int server = socket(self->server.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    cutter_must(server >= 0, "socket");
    for (size_t i = 0; i < CUTTER_PAIRS; i++) {
        pair *const p = &self->pairs[i];
        /* On this host it connects at once or not at all. */
        if (p->fds[0] < 0 && connect(server, &self->server.any, self->server_len) == 0) {
            p->fds[0] = client;
            p->fds[1] = server;
            const int on = 1; /* as the ends have it; a Unix socket refuses */
            (void)setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
            (void)setsockopt(server, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
            return;
        }
    }
    (void)close(client); /* the server is away */
    (void)close(server);
}

/** How much may be read of this way now. */
static size_t way_room(cutter *self, int direction)
{
    size_t room = CUTTER_BUFFER;
    pthread_mutex_lock(&self->lock);
    if (self->armed && self->left == 0) {
        room = 0; /* nothing more passes, either way */
    } else if (self->armed && (int)self->direction == direction && self->left < room) {
        room = (size_t)self->left;
    }
    pthread_mutex_unlock(&self->lock);
    return room;
}

static void way_passed(cutter *self, int direction, size_t n)
{
    pthread_mutex_lock(&self->lock);
    if (self->armed && (int)self->direction == direction) {
        self->left -= n < self->left ? n : self->left;
    }
    pthread_mutex_unlock(&self->lock);
}

/** False: the connection is over. */
static bool way_read(cutter *self, pair *p, int direction)
{
    way *const w = &p->ways[direction];
    const size_t room = way_room(self, direction);
    if (room == 0 || w->end > w->begin) {
        return true;
    }
    const ssize_t n = recv(p->fds[direction], w->bytes, room, MSG_DONTWAIT);
    if (n > 0) {
        w->begin = 0;
        w->end = (size_t)n;
        way_passed(self, direction, (size_t)n);
    }
    return n > 0 || (n < 0 && (errno == EAGAIN || errno == EINTR));
}

static bool way_write(pair *p, int direction)
{
    way *const w = &p->ways[direction];
    while (w->end > w->begin) {
        const ssize_t n = send(p->fds[1 - direction], w->bytes + w->begin, w->end - w->begin, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (n < 0) {
            return errno == EAGAIN || errno == EINTR;
        }
        w->begin += (size_t)n;
    }
    return true;
}

/** Cuts, when all that may pass has. */
static void cutter_look(cutter *self)
{
    pthread_mutex_lock(&self->lock);
    bool now = self->armed && self->left == 0;
    const bool reset = self->reset;
    for (size_t i = 0; now && i < CUTTER_PAIRS; i++) {
        const way *const w = &self->pairs[i].ways[self->direction];
        now = self->pairs[i].fds[0] < 0 || w->begin == w->end;
    }
    self->armed = self->armed && !now;
    pthread_mutex_unlock(&self->lock);
    for (size_t i = 0; now && i < CUTTER_PAIRS; i++) {
        if (self->pairs[i].fds[0] >= 0) {
            pair_close(self, &self->pairs[i], reset);
        }
    }
    if (now) {
        atomic_store(&self->cut, true);
    }
}

static void *cutter_run(void *user)
{
    cutter *const self = user;
    while (!atomic_load(&self->stop)) {
        struct pollfd polled[2 + 2 * CUTTER_PAIRS] = { { .fd = self->kick, .events = POLLIN },
                                                       { .fd = self->listener, .events = POLLIN } };
        for (size_t i = 0; i < CUTTER_PAIRS; i++) {
            const pair *const p = &self->pairs[i];
            for (int k = 0; k < 2; k++) {
                const bool reads = p->ways[k].begin == p->ways[k].end && way_room(self, k) > 0;
                const bool writes = p->ways[1 - k].begin < p->ways[1 - k].end;
                polled[2 + 2 * i + (size_t)k] =
                    (struct pollfd) { .fd = reads || writes ? p->fds[k] : -1,
                                      .events = (short)((reads ? POLLIN : 0) | (writes ? POLLOUT : 0)) };
            }
        }
        if (poll(polled, 2 + 2 * CUTTER_PAIRS, -1) < 0) {
            cutter_must(errno == EINTR, "poll");
            continue;
        }
        uint64_t kicks = 0;
        (void)!read(self->kick, &kicks, sizeof kicks);
        if (polled[1].revents != 0) {
            cutter_accept(self);
        }
        for (size_t i = 0; i < CUTTER_PAIRS; i++) {
            pair *const p = &self->pairs[i];
            if (p->fds[0] >= 0 && (polled[2 + 2 * i].revents != 0 || polled[3 + 2 * i].revents != 0)) {
                bool lives = true;
                for (int k = 0; k < 2 && lives; k++) {
                    lives = way_read(self, p, k) && way_write(p, k);
                }
                if (!lives) {
                    pair_close(self, p, false);
                }
            }
        }
        cutter_look(self);
    }
    return NULL;
}

/* ---- from outside ---- */

static void cutter_resolve(cutter *self, const char *server)
{
    unsigned port = 0;
    memset(&self->server, 0, sizeof self->server);
    if (strncmp(server, "unix:@", 6) == 0) {
        const size_t n = strlen(server + 6);
        cutter_must(n + 1 < sizeof self->server.un.sun_path, "the address is too long");
        self->server.un.sun_family = AF_UNIX;
        memcpy(self->server.un.sun_path + 1, server + 6, n);
        self->server_len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + n);
    } else {
        cutter_must(sscanf(server, "127.0.0.1:%u", &port) == 1 && port < 65536, "no address that it knows");
        self->server.in.sin_family = AF_INET;
        self->server.in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        self->server.in.sin_port = htons((uint16_t)port);
        self->server_len = sizeof self->server.in;
    }
}

static void cutter_listen(cutter *self)
{
    static _Atomic unsigned made;
    address here;
    socklen_t len = 0;
    memset(&here, 0, sizeof here);
    if (self->server.any.sa_family == AF_UNIX) {
        char name[64];
        const int n = snprintf(name, sizeof name, "corbel-cutter-%d-%u", (int)getpid(), atomic_fetch_add(&made, 1));
        here.un.sun_family = AF_UNIX;
        memcpy(here.un.sun_path + 1, name, (size_t)n);
        len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + (size_t)n);
        (void)snprintf(self->here, sizeof self->here, "unix:@%s", name);
    } else {
        here.in.sin_family = AF_INET;
        here.in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        len = sizeof here.in;
    }
    self->listener = socket(here.any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    cutter_must(self->listener >= 0 && bind(self->listener, &here.any, len) == 0 && listen(self->listener, 64) == 0, "listen");
    if (here.any.sa_family == AF_INET) {
        cutter_must(getsockname(self->listener, &here.any, &len) == 0, "getsockname");
        (void)snprintf(self->here, sizeof self->here, "127.0.0.1:%u", (unsigned)ntohs(here.in.sin_port));
    }
}

cutter *cutter_new(const char *server)
{
    cutter *const self = calloc(1, sizeof *self);
    cutter_must(self != NULL, "no memory");
    self->pairs = calloc(CUTTER_PAIRS, sizeof *self->pairs);
    cutter_must(self->pairs != NULL, "no memory");
    for (size_t i = 0; i < CUTTER_PAIRS; i++) {
        self->pairs[i].fds[0] = self->pairs[i].fds[1] = -1;
    }
    cutter_resolve(self, server);
    cutter_listen(self);
    self->kick = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    cutter_must(self->kick >= 0, "eventfd");
    pthread_mutex_init(&self->lock, NULL);
    cutter_must(pthread_create(&self->thread, NULL, cutter_run, self) == 0, "pthread_create");
    return self;
}

static void cutter_kick(cutter *self)
{
    const uint64_t one = 1;
    cutter_must(write(self->kick, &one, sizeof one) == (ssize_t)sizeof one, "write");
}

void cutter_free(cutter *self)
{
    atomic_store(&self->stop, true);
    cutter_kick(self);
    pthread_join(self->thread, NULL);
    for (size_t i = 0; i < CUTTER_PAIRS; i++) {
        if (self->pairs[i].fds[0] >= 0) {
            pair_close(self, &self->pairs[i], false);
        }
    }
    (void)close(self->listener);
    (void)close(self->kick);
    pthread_mutex_destroy(&self->lock);
    free(self->pairs);
    free(self);
}

const char *cutter_address(const cutter *self)
{
    return self->here;
}

void cutter_arm(cutter *self, cutter_direction direction, uint64_t bytes, bool reset)
{
    pthread_mutex_lock(&self->lock);
    self->armed = true;
    self->reset = reset;
    self->direction = direction;
    self->left = bytes;
    atomic_store(&self->cut, false);
    pthread_mutex_unlock(&self->lock);
    cutter_kick(self);
}

bool cutter_disarm(cutter *self)
{
    pthread_mutex_lock(&self->lock);
    const bool armed = self->armed;
    self->armed = false;
    pthread_mutex_unlock(&self->lock);
    return armed;
}

bool cutter_has_cut(const cutter *self)
{
    return atomic_load(&self->cut);
}

uint64_t cutter_ended(const cutter *self)
{
    return atomic_load(&self->ended);
}
