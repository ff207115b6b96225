/** Promises over gRPC with 50 ms each way: a chain of objects in one round trip. Between the two stands a proxy of bytes, one
 * thread with one poll(). */
#include "accounts.h"

#include "runtime/base/clock.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#define DELAY (50 * CRB_MS)
enum { OBJECTS = 16, TRIES = 5, PIECE = 4096, QUEUE = 256 };

/** Bytes on their way to a socket. */
typedef struct late {
    uint64_t when;
    size_t len;
    uint8_t bytes[PIECE];
} late;

typedef struct way {
    int from, to;
    late queue[QUEUE]; /* a ring */
    size_t first, n;
    bool ended;
} way;

typedef struct proxy {
    int listener, stop[2];
    uint16_t port, to_port;
    way ways[2];
    pthread_t thread;
} proxy;

static int proxy_socket(uint16_t port, bool listens, uint16_t *ret_port)
{
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons(port) };
    socklen_t len = sizeof address;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    if (!listens) {
        const int on = 1;
        (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof address), 0);
        return fd;
    }
    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(fd, 4), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &len), 0);
    *ret_port = ntohs(address.sin_port);
    return fd;
}

/** False: its reader is gone. */
static bool way_write(way *self, uint64_t now)
{
    while (self->n > 0 && self->queue[self->first].when <= now) {
        const late *const piece = &self->queue[self->first];
        for (size_t at = 0; at < piece->len;) {
            const ssize_t n = send(self->to, piece->bytes + at, piece->len - at, MSG_NOSIGNAL);
            if (n <= 0) {
                return false;
            }
            at += (size_t)n;
        }
        self->first = (self->first + 1) % QUEUE;
        self->n--;
    }
    return true;
}

static bool way_read(way *self, uint64_t now)
{
    late *const piece = &self->queue[(self->first + self->n) % QUEUE];
    const ssize_t n = recv(self->from, piece->bytes, sizeof piece->bytes, 0);
    if (n <= 0) {
        return false;
    }
    piece->len = (size_t)n;
    piece->when = now + DELAY;
    self->n++;
    return true;
}

/** One connection, until it ends or the proxy is stopped: then false. */
static bool proxy_carry(proxy *self)
{
    way *const ways = self->ways;
    bool open = true;
    while (open) {
        struct pollfd fds[3] = { { self->stop[0], POLLIN, 0 }, { -1, POLLIN, 0 }, { -1, POLLIN, 0 } };
        uint64_t next = CRB_NEVER;
        for (size_t i = 0; i < 2; i++) {
            fds[1 + i].fd = ways[i].n < QUEUE ? ways[i].from : -1;
            if (ways[i].n > 0 && ways[i].queue[ways[i].first].when < next) {
                next = ways[i].queue[ways[i].first].when;
            }
        }
        const uint64_t before = crb_now();
        const uint64_t left = next == CRB_NEVER ? 0 : next <= before ? 0 : next - before;
        const struct timespec timeout = { 0, (long)left };
        (void)ppoll(fds, 3, next == CRB_NEVER ? NULL : &timeout, NULL);
        if (fds[0].revents != 0) {
            return false;
        }
        const uint64_t now = crb_now();
        for (size_t i = 0; i < 2 && open; i++) {
            open = (fds[1 + i].revents == 0 || way_read(&ways[i], now)) && way_write(&ways[i], now);
        }
    }
    return true;
}

static void *proxy_main(void *argument)
{
    proxy *const self = argument;
    bool goes_on = true;
    while (goes_on) {
        struct pollfd fds[2] = { { self->stop[0], POLLIN, 0 }, { self->listener, POLLIN, 0 } };
        (void)poll(fds, 2, -1);
        if (fds[0].revents != 0) {
            break;
        }
        const int on = 1;
        const int caller = accept4(self->listener, NULL, NULL, SOCK_CLOEXEC);
        const int callee = proxy_socket(self->to_port, false, NULL);
        (void)setsockopt(caller, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        memset(self->ways, 0, sizeof self->ways);
        self->ways[0].from = self->ways[1].to = caller;
        self->ways[0].to = self->ways[1].from = callee;
        goes_on = proxy_carry(self);
        (void)close(caller);
        (void)close(callee);
    }
    return NULL;
}

static proxy between;
static promises_Branch *distant;

static int set_up(void **state)
{
    corbel_error error = CORBEL_ERROR_INIT;
    char uri[100];
    const int failed = accounts_set_up(state);
    between.to_port = (uint16_t)strtoul(strrchr(near.uri, ':') + 1, NULL, 10);
    between.listener = proxy_socket(0, true, &between.port);
    assert_int_equal(pipe(between.stop), 0);
    assert_int_equal(pthread_create(&between.thread, NULL, proxy_main, &between), 0);
    (void)snprintf(uri, sizeof uri, "corbel:branch@127.0.0.1:%u", (unsigned)between.port);
    MUST(promises_Branch_from_uri(client, uri, &distant, &error));
    return failed;
}

static int tear_down(void **state)
{
    promises_Branch_unref(distant);
    const int failed = accounts_tear_down(state);
    assert_int_equal(write(between.stop[1], "", 1), 1);
    pthread_join(between.thread, NULL);
    (void)close(between.listener);
    (void)close(between.stop[0]);
    (void)close(between.stop[1]);
    return failed;
}

/** In round trips. */
static double with_promises(void)
{
    const uint64_t before = crb_now();
    promises_Account *account = promises_Branch_open_promise(distant, "bob");
    for (int i = 1; i < OBJECTS; i++) {
        promises_Account *const next = promises_Account_get_partner_promise(account);
        promises_Account_unref(account);
        account = next;
    }
    assert_owner(account, "partner");
    const uint64_t after = crb_now();
    promises_Account_unref(account);
    return (double)(after - before) / (2.0 * (double)DELAY);
}

static double without(void)
{
    corbel_error error = CORBEL_ERROR_INIT;
    promises_Account *account = NULL, *next = NULL;
    const uint64_t before = crb_now();
    MUST(promises_Branch_open(distant, "bob", &account, &error));
    for (int i = 1; i < OBJECTS; i++) {
        MUST(promises_Account_get_partner(account, &next, &error));
        promises_Account_unref(account);
        account = next;
    }
    assert_owner(account, "partner");
    const uint64_t after = crb_now();
    promises_Account_unref(account);
    return (double)(after - before) / (2.0 * (double)DELAY);
}

/** The best of some: a machine that does other things makes any of them later. */
static void a_chain(void **state)
{
    double promised = 1000, plain = 1000;
    (void)state;
    (void)with_promises(); /* the session is opened */
    for (int i = 0; i < TRIES; i++) {
        const double took = with_promises();
        promised = took < promised ? took : promised;
    }
    plain = without();
    printf("%d objects, 50 ms each way: %.2f round trips with promises, %.2f without\n", OBJECTS, promised, plain);
    assert_true(promised >= 1.0);
    assert_true(promised <= 1.3 * probe_slow);
    assert_true(plain >= OBJECTS);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(a_chain) };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
