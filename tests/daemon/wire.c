/** See wire.h. One thread, which looks at its flags every few milliseconds. */
#include "wire.h"

#include <arpa/inet.h>
#include <assert.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static struct sockaddr_in wire_at(uint16_t port)
{
    return (struct sockaddr_in) { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK), .sin_port = htons(port) };
}

static void wire_must(bool good)
{
    if (!good) {
        abort();
    }
}

static void wire_accept(wire *w, unsigned n)
{
    const struct sockaddr_in at = wire_at(w->target);
    wire_must(n < WIRE_CONNECTIONS);
    w->pairs[n].near = accept(w->listener, NULL, NULL);
    w->pairs[n].far = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    wire_must(w->pairs[n].near >= 0 && w->pairs[n].far >= 0);
    if (connect(w->pairs[n].far, (const struct sockaddr *)&at, sizeof at) != 0) {
        close(w->pairs[n].near);
        close(w->pairs[n].far);
        w->pairs[n].near = w->pairs[n].far = -1;
    }
    atomic_store(&w->connections, n + 1);
}

/** False: from has nothing more to say. */
static bool wire_pass(int from, int to, atomic_ullong *count)
{
    char bytes[4096];
    const ssize_t n = recv(from, bytes, sizeof bytes, 0);
    if (n <= 0) {
        return false;
    }
    for (ssize_t done = 0; done < n;) {
        const ssize_t sent = send(to, bytes + done, (size_t)(n - done), MSG_NOSIGNAL);
        if (sent <= 0) {
            return false;
        }
        done += sent;
    }
    atomic_fetch_add(count, (unsigned long long)n);
    return true;
}

static void wire_close(int *fd)
{
    if (*fd >= 0) {
        close(*fd);
        *fd = -1;
    }
}

static void *wire_run(void *argument)
{
    wire *const w = argument;
    while (!atomic_load(&w->stop)) {
        const unsigned n = atomic_load(&w->connections);
        const bool hold = atomic_load(&w->hold_back);
        struct pollfd events[2 * WIRE_CONNECTIONS + 1];
        for (unsigned i = 0; i < n; i++) {
            if (hold) {
                atomic_store(&w->pairs[i].held, true);
            }
            events[2 * i] = (struct pollfd) { .fd = w->pairs[i].near, .events = POLLIN };
            events[2 * i + 1] = (struct pollfd) { .fd = w->pairs[i].held ? -1 : w->pairs[i].far, .events = POLLIN };
        }
        events[2 * n] = (struct pollfd) { .fd = w->listener, .events = POLLIN };
        if (poll(events, 2 * n + 1, 5) <= 0) {
            continue;
        }
        for (unsigned i = 0; i < n; i++) {
            if (events[2 * i].revents != 0 && !wire_pass(w->pairs[i].near, w->pairs[i].far, &w->there)) {
                wire_close(&w->pairs[i].near);
                if (!w->pairs[i].held) {
                    wire_close(&w->pairs[i].far);
                }
            }
            if (events[2 * i + 1].revents != 0 && w->pairs[i].far >= 0 &&
                (w->pairs[i].near < 0 || !wire_pass(w->pairs[i].far, w->pairs[i].near, &w->back))) {
                wire_close(&w->pairs[i].near);
                wire_close(&w->pairs[i].far);
            }
        }
        if (events[2 * n].revents != 0) {
            wire_accept(w, n);
        }
    }
    return NULL;
}

void wire_start(wire *w, uint16_t target)
{
    struct sockaddr_in at = wire_at(0);
    socklen_t len = sizeof at;
    memset(w, 0, sizeof *w);
    w->target = target;
    w->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    wire_must(w->listener >= 0 && bind(w->listener, (struct sockaddr *)&at, sizeof at) == 0 && listen(w->listener, 16) == 0 &&
              getsockname(w->listener, (struct sockaddr *)&at, &len) == 0);
    w->port = ntohs(at.sin_port);
    wire_must(pthread_create(&w->thread, NULL, wire_run, w) == 0);
}

void wire_release(wire *w)
{
    atomic_store(&w->hold_back, false);
    for (unsigned i = 0; i < WIRE_CONNECTIONS; i++) {
        atomic_store(&w->pairs[i].held, false);
    }
}

void wire_stop(wire *w)
{
    atomic_store(&w->stop, true);
    pthread_join(w->thread, NULL);
    for (unsigned i = 0; i < atomic_load(&w->connections); i++) {
        wire_close(&w->pairs[i].near);
        wire_close(&w->pairs[i].far);
    }
    close(w->listener);
}
