#include "cutter.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <sys/socket.h>
#include <unistd.h>

static struct sockaddr_in loopback(uint16_t port)
{
    return (struct sockaddr_in) { .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
}

static bool send_all(int to, const char *data, size_t n)
{
    while (n > 0) {
        const ssize_t sent = send(to, data, n, MSG_NOSIGNAL);
        if (sent <= 0) {
            return false;
        }
        data += sent;
        n -= (size_t)sent;
    }
    return true;
}

/* What has come on one side goes to the other. How many bytes that were; 0: one side has ended. */
static size_t pass(int from, int to, size_t most)
{
    char data[4096];
    const ssize_t n = recv(from, data, most < sizeof data ? most : sizeof data, 0);
    return n > 0 && send_all(to, data, (size_t)n) ? (size_t)n : 0;
}

/* Until it has carried its bytes. */
static void carry(cutter *self, int client, int server)
{
    struct pollfd both[2] = { { .fd = client, .events = POLLIN }, { .fd = server, .events = POLLIN } };
    size_t left = self->bytes;
    while (left > 0 && poll(both, 2, -1) > 0) {
        for (int i = 0; i < 2 && left > 0; i++) {
            const size_t n = both[i].revents == 0 ? 0 : pass(both[i].fd, both[1 - i].fd, left);
            if (both[i].revents != 0 && n == 0) {
                return;
            }
            left -= n;
        }
    }
    if (left == 0) {
        atomic_fetch_add(&self->cuts, 1);
    }
}

/* One connection after the other. */
static void *cutter_run(void *user)
{
    cutter *const self = user;
    for (;;) {
        const int client = accept(self->listener, NULL, NULL);
        const int server = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        const struct sockaddr_in to = loopback(self->to);
        if (client >= 0 && server >= 0 && connect(server, (const struct sockaddr *)&to, sizeof to) == 0) {
            carry(self, client, server);
        }
        if (client >= 0) {
            (void)close(client);
        }
        if (server >= 0) {
            (void)close(server);
        }
    }
    return NULL;
}

int cutter_start(cutter *self, uint16_t to, size_t bytes)
{
    pthread_t thread;
    struct sockaddr_in address = loopback(0);
    socklen_t size = sizeof address;
    self->to = to;
    self->bytes = bytes;
    atomic_init(&self->cuts, 0);
    self->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (self->listener < 0 || bind(self->listener, (const struct sockaddr *)&address, sizeof address) != 0 ||
        listen(self->listener, 8) != 0 || getsockname(self->listener, (struct sockaddr *)&address, &size) != 0) {
        return -1;
    }
    self->port = ntohs(address.sin_port);
    return pthread_create(&thread, NULL, cutter_run, self) == 0 ? 0 : -1;
}
