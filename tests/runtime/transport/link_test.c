/* Links: messages both ways over every kind of address, the end in all its forms, who polls. */
#include "runtime/base/clock.h"
#include "runtime/transport/grpc_link.h"
#include "runtime/transport/io.h"
#include "tests/runtime/transport/support.h"

#include <arpa/inet.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
#define SLOWER 10
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer) || __has_feature(address_sanitizer)
#define SLOWER 10
#endif
#endif
#ifndef SLOWER
#define SLOWER 1
#endif

static int link_up(void **state)
{
    (void)state;
    return crb_io_acquire(NULL) == CORBEL_OK ? 0 : -1;
}

static int link_down(void **state)
{
    (void)state;
    crb_io_release();
    return 0;
}

static void finish(test_end *end, crb_waiter *waiter)
{
    end->link->ops->close(end->link, true);
    end->link->ops->close(end->link, true);
    assert_true(test_end_wait_closed(end, waiter));
    assert_string_equal(end->why, "closed by this side");
    test_end_clear(end);
}

/* Sends a message, and has it back. */
static void ping(test_end *end, crb_waiter *waiter, const void *data, size_t len)
{
    crb_buf buf = CRB_BUF_INIT;
    test_end_send(end, data, len);
    assert_true(test_end_take(end, waiter, &buf));
    assert_int_equal(buf.len, len);
    assert_memory_equal(buf.data, data, len);
    crb_buf_clear(&buf);
}

/* ---- every kind of address ---- */

typedef struct address_case {
    const char *listen; /* %s: the scratch folder; %d: the process */
    const char *peer;   /* how the peer's text begins */
} address_case;

static const address_case address_cases[] = {
    { "127.0.0.1:0", "127.0.0.1:" },
    { "[::1]:0", "[::1]:" },
    { "unix:%s/link.sock", "unix (pid " },
    { "unix:@corbel-test-link-%d", "unix (pid " },
};

static void test_ping_pong_over_every_address(void **state)
{
    (void)state;
    assert_int_equal(sizeof address_cases / sizeof address_cases[0], 4);
    for (size_t i = 0; i < 4; i++) {
        char text[128];
        const char *percent = strchr(address_cases[i].listen, '%');
        if (percent == NULL) {
            (void)snprintf(text, sizeof text, "%s", address_cases[i].listen);
        } else {
            const int lead = (int)(percent - address_cases[i].listen);
            if (percent[1] == 's') {
                (void)snprintf(text, sizeof text, "%.*s%s%s", lead, address_cases[i].listen, test_folder(), percent + 2);
            } else {
                (void)snprintf(text, sizeof text, "%.*s%d%s", lead, address_cases[i].listen, (int)getpid(), percent + 2);
            }
        }
        test_server server = { 0 };
        test_end end;
        crb_waiter waiter;
        crb_waiter_init(&waiter, CRB_WAITER_CALLER);
        test_server_start(&server, text, NULL);
        test_dial(&end, &server.address);
        for (int n = 0; n < 200; n++) {
            ping(&end, &waiter, &n, sizeof n);
        }
        const char *peer = address_cases[i].peer;
        assert_memory_equal(end.link->ops->peer(end.link), peer, strlen(peer));
        test_end *served = test_server_end(&server, 0, &waiter);
        assert_memory_equal(served->link->ops->peer(served->link), peer, strlen(peer));
        finish(&end, &waiter);
        assert_true(test_end_wait_closed(served, &waiter));
        assert_string_equal(served->why, "the peer closed the connection");
        test_server_stop(&server);
        if (percent != NULL && percent[1] == 's') {
            assert_int_equal(access(text + strlen("unix:"), F_OK), -1);
        }
    }
}

static void test_big_messages(void **state)
{
    (void)state;
    static const size_t sizes[] = { 1, 65536, CRB_MAX_MESSAGE - 1, CRB_MAX_MESSAGE };
    test_server server = { 0 };
    test_end end;
    crb_waiter waiter;
    crb_waiter_init(&waiter, CRB_WAITER_CALLER);
    test_server_start(&server, "127.0.0.1:0", NULL);
    test_dial(&end, &server.address);
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        uint8_t *data = malloc(sizes[i]);
        assert_non_null(data);
        for (size_t at = 0; at < sizes[i]; at++) {
            data[at] = (uint8_t)(at * 31 + at / 4099);
        }
        ping(&end, &waiter, data, sizes[i]);
        free(data);
    }
    finish(&end, &waiter);
    test_server_stop(&server);
}

static void test_too_big_a_message_ends_the_link(void **state)
{
    (void)state;
    /* We refuse the first, gRPC the others, which it does not keep. */
    static const size_t sizes[] = { CRB_MAX_MESSAGE + 1, CRB_MAX_MESSAGE + CRB_MESSAGE_SLACK + 1, 65 * 1024 * 1024 };
    test_server server = { 0 };
    crb_waiter waiter;
    crb_waiter_init(&waiter, CRB_WAITER_CALLER);
    test_server_start(&server, "127.0.0.1:0", NULL);
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        test_end end;
        test_dial(&end, &server.address);
        uint8_t *data = calloc(1, sizes[i]);
        assert_non_null(data);
        test_end_send(&end, data, sizes[i]);
        free(data);
        assert_true(test_end_wait_closed(&end, &waiter));
        test_end *served = test_server_end(&server, i, &waiter);
        assert_true(test_end_wait_closed(served, &waiter));
        assert_int_equal(served->received, 0);
        assert_string_equal(served->why,
                            i == 0 ? "the peer sent a message that is too long" : "the connection to the peer was lost");
        test_end_clear(&end);
    }
    test_server_stop(&server);
}

/* ---- order and ends ---- */

enum { MANY = 10000 };

/* All of them, in order; then the end. */
static void expect_many(test_end *end, crb_waiter *waiter)
{
    for (int i = 0; i < MANY; i++) {
        crb_buf buf = CRB_BUF_INIT;
        int number = -1;
        assert_true(test_end_take(end, waiter, &buf));
        assert_int_equal(buf.len, sizeof number);
        memcpy(&number, buf.data, sizeof number);
        crb_buf_clear(&buf);
        assert_int_equal(number, i);
    }
    assert_true(test_end_wait_closed(end, waiter));
    assert_string_equal(end->why, "the peer closed the connection");
}

static void test_many_in_order_then_the_dialler_closes(void **state)
{
    (void)state;
    test_server server = { .no_echo = true };
    test_end end;
    crb_waiter waiter;
    crb_waiter_init(&waiter, CRB_WAITER_CALLER);
    test_server_start(&server, "127.0.0.1:0", NULL);
    test_dial(&end, &server.address);
    for (int i = 0; i < MANY; i++) {
        test_end_send(&end, &i, sizeof i);
    }
    test_end_close_in_order(&end);
    expect_many(test_server_end(&server, 0, &waiter), &waiter);
    assert_true(test_end_wait_closed(&end, &waiter));
    assert_string_equal(end.why, "closed by this side");
    assert_int_equal(end.sent, MANY);
    test_end_clear(&end);
    test_server_stop(&server);
}

static void test_many_in_order_then_the_server_closes(void **state)
{
    (void)state;
    test_server server = { .no_echo = true };
    test_end end;
    crb_waiter waiter;
    crb_waiter_init(&waiter, CRB_WAITER_CALLER);
    test_server_start(&server, "127.0.0.1:0", NULL);
    test_dial(&end, &server.address);
    test_end *served = test_server_end(&server, 0, &waiter);
    for (int i = 0; i < MANY; i++) {
        test_end_send(served, &i, sizeof i);
    }
    test_end_close_in_order(served);
    expect_many(&end, &waiter);
    assert_true(test_end_wait_closed(served, &waiter));
    assert_string_equal(served->why, "closed by this side");
    test_end_clear(&end);
    test_server_stop(&server);
}

/* A close in order that follows a send at once, without waiting for sent(). */
static void test_close_right_after_send_delivers(void **state)
{
    (void)state;
    for (int side = 0; side < 2; side++) {
        for (int i = 0; i < 20; i++) {
            test_server server = { .no_echo = true };
            test_end end;
            crb_waiter waiter;
            crb_buf buf = CRB_BUF_INIT;
            crb_waiter_init(&waiter, CRB_WAITER_CALLER);
            test_server_start(&server, "127.0.0.1:0", NULL);
            test_dial(&end, &server.address);
            test_end *served = test_server_end(&server, 0, &waiter);
            test_end *from = side == 0 ? &end : served;
            test_end *to = side == 0 ? served : &end;
            test_end_send(from, "last words", 10);
            from->link->ops->close(from->link, true);
            assert_true(test_end_take(to, &waiter, &buf));
            assert_memory_equal(buf.data, "last words", 10);
            crb_buf_clear(&buf);
            assert_true(test_end_wait_closed(to, &waiter));
            assert_true(test_end_wait_closed(from, &waiter));
            test_end_clear(&end);
            test_server_stop(&server);
        }
    }
}

static void test_cut_ends_both_sides(void **state)
{
    (void)state;
    for (int side = 0; side < 2; side++) {
        test_server server = { 0 };
        test_end end;
        crb_waiter waiter;
        crb_waiter_init(&waiter, CRB_WAITER_CALLER);
        test_server_start(&server, "127.0.0.1:0", NULL);
        test_dial(&end, &server.address);
        ping(&end, &waiter, "x", 1);
        test_end *served = test_server_end(&server, 0, &waiter);
        test_end *from = side == 0 ? &end : served;
        test_end *to = side == 0 ? served : &end;
        const uint64_t began = crb_now();
        from->link->ops->close(from->link, false);
        from->link->ops->close(from->link, false);
        from->link->ops->close(from->link, true);
        assert_true(test_end_wait_closed(from, &waiter));
        assert_true(test_end_wait_closed(to, &waiter));
        assert_true(crb_now() - began < SLOWER * CRB_SECOND / 2);
        assert_string_equal(from->why, "closed by this side");
        assert_string_equal(to->why, side == 0 ? "the connection to the peer was lost" : "the peer cut the connection");
        /* After the end nothing goes out, and nothing comes of it. */
        crb_buf buf = CRB_BUF_INIT;
        crb_buf_append(&buf, "x", 1);
        to->link->ops->send(to->link, &buf);
        assert_null(buf.data);
        test_end_clear(&end);
        test_server_stop(&server);
    }
}

static void test_refused_link(void **state)
{
    (void)state;
    test_server server = { .refuse = true };
    test_end end;
    crb_waiter waiter;
    crb_waiter_init(&waiter, CRB_WAITER_CALLER);
    test_server_start(&server, "127.0.0.1:0", NULL);
    test_dial(&end, &server.address);
    assert_true(test_end_wait_closed(&end, &waiter));
    test_end_clear(&end);
    test_server_stop(&server);
}

/* ---- dialling ---- */

typedef struct dial_case {
    const char *address;
    const char *message;
} dial_case;

static void test_dial_failures_say_why(void **state)
{
    (void)state;
    static const dial_case cases[] = {
        { "127.0.0.1:1", "127.0.0.1:1: Connection refused" },
        { "[::1]:1", "[::1]:1: Connection refused" },
        { "unix:/nowhere/corbel.sock", "unix:/nowhere/corbel.sock: No such file or directory" },
        { "unix:@corbel-nobody-listens-here", "unix:@corbel-nobody-listens-here: Connection refused" },
        { "somewhere.example:1", "somewhere.example:1: the host is not a numeric address" },
    };
    assert_int_equal(sizeof cases / sizeof cases[0], 5);
    for (size_t i = 0; i < 5; i++) {
        crb_address address = test_address(cases[i].address);
        corbel_error error = CORBEL_ERROR_INIT;
        crb_link *link = NULL;
        test_end end;
        test_end_init(&end);
        assert_int_equal(crb_grpc_dial(&address, crb_now() + PATIENCE, &test_handler, &end, &link, &error), CORBEL_UNREACHABLE);
        assert_string_equal(error.message, cases[i].message);
        assert_int_equal(error.completion, CORBEL_COMPLETED_NO);
        assert_null(link);
        corbel_error_clear(&error);
        test_end_clear(&end);
        free(address.host);
    }
}

/* Somebody listens, but accepts nothing, and the kernel's queue is full: the deadline ends it. */
static void test_a_dial_ends_at_its_deadline(void **state)
{
    (void)state;
    crb_address addresses[2] = { test_address("127.0.0.1:1"), test_address("unix:@x") };
    char name[64];
    (void)snprintf(name, sizeof name, "corbel-test-full-%d", (int)getpid());
    free(addresses[1].host);
    addresses[1].host = strdup(name);
    for (int i = 0; i < 2; i++) {
        union {
            struct sockaddr any;
            struct sockaddr_in in;
            struct sockaddr_un un;
        } at = { 0 };
        socklen_t len = sizeof at.in;
        if (i == 0) {
            at.in = (struct sockaddr_in) { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
        } else {
            at.un.sun_family = AF_UNIX;
            memcpy(at.un.sun_path + 1, name, strlen(name));
            len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + strlen(name));
        }
        const int full = socket(at.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
        assert_int_equal(bind(full, &at.any, len), 0);
        assert_int_equal(listen(full, 0), 0);
        assert_int_equal(getsockname(full, &at.any, &len), 0);
        if (i == 0) {
            addresses[0].port = ntohs(at.in.sin_port);
        }
        int fillers[2];
        for (int n = 0; n < 2; n++) {
            fillers[n] = socket(at.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
            (void)connect(fillers[n], &at.any, len);
        }
        corbel_error error = CORBEL_ERROR_INIT;
        crb_link *link = NULL;
        test_end end;
        test_end_init(&end);
        const uint64_t began = crb_now();
        assert_int_equal(crb_grpc_dial(&addresses[i], began + 50 * CRB_MS, &test_handler, &end, &link, &error),
                         CORBEL_UNREACHABLE);
        assert_true(crb_now() - began >= 50 * CRB_MS);
        assert_non_null(strstr(error.message, ": no answer before the deadline"));
        corbel_error_clear(&error);
        test_end_clear(&end);
        close(full);
        close(fillers[0]);
        close(fillers[1]);
        free(addresses[i].host);
    }
}

/* ---- who polls ---- */

/* 10,000 synchronous round trips with another process: fewer than 1 in 20 goes through another thread. */
static void test_a_caller_reads_its_own_replies(void **state)
{
    (void)state;
    enum { CALLS = 10000 };
    char line[32];
    const pid_t pid = test_spawn("serve", NULL, line, sizeof line);
    crb_address address = test_address(line);
    test_end end;
    crb_waiter waiter;
    crb_waiter_init(&waiter, CRB_WAITER_CALLER);
    test_dial(&end, &address);
    const crb_io_stats before = crb_io_get_stats();
    for (int i = 0; i < CALLS; i++) {
        ping(&end, &waiter, &i, sizeof i);
    }
    const crb_io_stats after = crb_io_get_stats();
    assert_true(after.hand_overs - before.hand_overs < CALLS / 20);
    assert_true(after.led_by_caller - before.led_by_caller > CALLS);
    finish(&end, &waiter);
    free(address.host);
    assert_int_equal(test_reap(pid), 0);
}

/* An idle worker that leads does not keep the callers from reading for themselves. */
typedef struct idler {
    crb_waiter waiter;
    atomic_bool stop;
} idler;

static void *idle(void *user)
{
    idler *self = user;
    while (!atomic_load(&self->stop)) {
        (void)crb_io_wait(&self->waiter, CRB_NEVER);
    }
    return NULL;
}

static void test_an_idle_worker_steps_aside(void **state)
{
    (void)state;
    enum { CALLS = 3000 };
    char line[32];
    const pid_t pid = test_spawn("serve", NULL, line, sizeof line);
    crb_address address = test_address(line);
    test_end end;
    crb_waiter waiter;
    idler self = { .stop = false };
    pthread_t thread;
    crb_waiter_init(&waiter, CRB_WAITER_CALLER);
    crb_waiter_init(&self.waiter, CRB_WAITER_WORKER);
    assert_int_equal(pthread_create(&thread, NULL, idle, &self), 0);
    test_dial(&end, &address);
    const crb_io_stats before = crb_io_get_stats();
    for (int i = 0; i < CALLS; i++) {
        ping(&end, &waiter, &i, sizeof i);
    }
    const crb_io_stats after = crb_io_get_stats();
    assert_true(after.hand_overs - before.hand_overs < CALLS / 20);
    atomic_store(&self.stop, true);
    crb_io_wake(&self.waiter);
    assert_int_equal(pthread_join(thread, NULL), 0);
    finish(&end, &waiter);
    free(address.host);
    assert_int_equal(test_reap(pid), 0);
}

/* Many callers on one link; the replies find their callers by the number in front. */
enum { CALLERS = 16, CALLS_EACH = 300 };

typedef struct caller {
    pthread_t thread;
    crb_waiter waiter;
    test_end *end;
    uint32_t number;
    atomic_uint answer;
    atomic_uint done;
    bool failed;
} caller;

static void caller_reply(test_end *end, const uint8_t *data, size_t len)
{
    caller *callers = end->user;
    uint32_t message[2];
    assert_int_equal(len, sizeof message);
    memcpy(message, data, sizeof message);
    assert_true(message[0] < CALLERS);
    atomic_store(&callers[message[0]].answer, message[1]);
    crb_io_wake(&callers[message[0]].waiter);
}

static void *caller_run(void *user)
{
    caller *self = user;
    for (uint32_t i = 1; i <= CALLS_EACH; i++) {
        const uint32_t message[2] = { self->number, i };
        test_end_send(self->end, message, sizeof message);
        if (!crb_io_wait(&self->waiter, crb_now() + PATIENCE) || atomic_load(&self->answer) != i) {
            self->failed = true;
            return NULL;
        }
        atomic_store(&self->done, i);
    }
    return NULL;
}

static void test_many_callers_on_one_link(void **state)
{
    (void)state;
    static caller callers[CALLERS];
    char line[32];
    const pid_t pid = test_spawn("serve", NULL, line, sizeof line);
    crb_address address = test_address(line);
    test_end end;
    crb_waiter waiter;
    crb_waiter_init(&waiter, CRB_WAITER_CALLER);
    test_dial(&end, &address);
    pthread_mutex_lock(&end.lock);
    end.on_message = caller_reply;
    end.user = callers;
    pthread_mutex_unlock(&end.lock);
    for (uint32_t i = 0; i < CALLERS; i++) {
        callers[i].end = &end;
        callers[i].number = i;
        crb_waiter_init(&callers[i].waiter, CRB_WAITER_CALLER);
        assert_int_equal(pthread_create(&callers[i].thread, NULL, caller_run, &callers[i]), 0);
    }
    for (int i = 0; i < CALLERS; i++) {
        assert_int_equal(pthread_join(callers[i].thread, NULL), 0);
        assert_false(callers[i].failed);
        assert_int_equal(atomic_load(&callers[i].done), CALLS_EACH);
    }
    finish(&end, &waiter);
    free(address.host);
    assert_int_equal(test_reap(pid), 0);
}

/* What comes while nobody waits is delivered by the keeper: at once when it leads, within its tick when callers have just left.
 */
typedef struct unasked {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    uint64_t at;
} unasked;

static void unasked_message(test_end *end, const uint8_t *data, size_t len)
{
    unasked *self = end->user;
    (void)data;
    (void)len;
    pthread_mutex_lock(&self->lock);
    self->at = crb_now();
    pthread_cond_broadcast(&self->changed);
    pthread_mutex_unlock(&self->lock);
}

static int compare_u64(const void *a, const void *b)
{
    const uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return x < y ? -1 : x > y;
}

static void test_a_message_comes_while_nobody_waits(void **state)
{
    (void)state;
    enum { ROUNDS = 41 };
    static uint64_t took[ROUNDS];
    unasked self = { .lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER };
    char line[32];
    const pid_t pid = test_spawn("serve", NULL, line, sizeof line);
    crb_address address = test_address(line);
    test_end end;
    crb_waiter waiter;
    crb_waiter_init(&waiter, CRB_WAITER_CALLER);
    test_dial(&end, &address);
    for (int round = 0; round < ROUNDS; round++) {
        for (int i = 0; i < 20; i++) {
            ping(&end, &waiter, &i, sizeof i);
        }
        pthread_mutex_lock(&self.lock);
        self.at = 0;
        pthread_mutex_unlock(&self.lock);
        pthread_mutex_lock(&end.lock);
        end.user = &self;
        end.on_message = unasked_message;
        pthread_mutex_unlock(&end.lock);
        const uint64_t began = crb_now();
        test_end_send(&end, "x", 1);
        pthread_mutex_lock(&self.lock);
        while (self.at == 0) {
            pthread_cond_wait(&self.changed, &self.lock);
        }
        took[round] = self.at - began;
        pthread_mutex_unlock(&self.lock);
        pthread_mutex_lock(&end.lock);
        end.on_message = NULL;
        pthread_mutex_unlock(&end.lock);
    }
    qsort(took, ROUNDS, sizeof took[0], compare_u64);
    printf("unasked message: median %" PRIu64 " us, longest %" PRIu64 " us\n", took[ROUNDS / 2] / 1000, took[ROUNDS - 1] / 1000);
    assert_true(took[ROUNDS / 2] < SLOWER * 5 * CRB_MS);
    finish(&end, &waiter);
    free(address.host);
    assert_int_equal(test_reap(pid), 0);
}

/* ---- other processes ---- */

static void test_the_serving_process_is_killed(void **state)
{
    (void)state;
    char line[32];
    const pid_t pid = test_spawn("serve", NULL, line, sizeof line);
    crb_address address = test_address(line);
    test_end end;
    crb_waiter waiter;
    crb_waiter_init(&waiter, CRB_WAITER_CALLER);
    test_dial(&end, &address);
    ping(&end, &waiter, "x", 1);
    assert_int_equal(kill(pid, SIGKILL), 0);
    const uint64_t began = crb_now();
    assert_true(test_end_wait_closed(&end, &waiter));
    assert_true(crb_now() - began < SLOWER * CRB_SECOND / 2);
    if (strcmp(end.why, "the peer closed the connection") != 0) {
        assert_string_equal(end.why, "Connection reset by peer");
    }
    assert_int_equal(test_reap(pid), -SIGKILL);
    test_end_clear(&end);
    free(address.host);
}

static void test_the_dialling_process_is_killed(void **state)
{
    (void)state;
    test_server server = { 0 };
    crb_waiter waiter;
    char line[32], address[64];
    crb_waiter_init(&waiter, CRB_WAITER_CALLER);
    test_server_start(&server, "127.0.0.1:0", NULL);
    (void)snprintf(address, sizeof address, "127.0.0.1:%u", server.address.port);
    const pid_t pid = test_spawn("dial", address, line, sizeof line);
    assert_string_equal(line, "dialled");
    test_end *served = test_server_end(&server, 0, &waiter);
    assert_int_equal(kill(pid, SIGKILL), 0);
    const uint64_t began = crb_now();
    assert_true(test_end_wait_closed(served, &waiter));
    assert_true(crb_now() - began < SLOWER * CRB_SECOND / 2);
    assert_string_equal(served->why, "the connection to the peer was lost");
    assert_int_equal(test_reap(pid), -SIGKILL);
    test_server_stop(&server);
}

/* A peer that does not answer a close in order: it has its second, then it is over. */
static void expect_lingering_end(test_end *end, crb_waiter *waiter)
{
    const uint64_t began = crb_now();
    end->link->ops->close(end->link, true);
    assert_true(test_end_wait_closed(end, waiter));
    const uint64_t took = crb_now() - began;
    assert_true(took >= CRB_SECOND);
    assert_true(took < 2 * CRB_SECOND + (SLOWER - 1) * CRB_SECOND);
    assert_string_equal(end->why, "closed by this side");
}

static void stop(pid_t pid)
{
    int status = 0;
    assert_int_equal(kill(pid, SIGSTOP), 0);
    assert_int_equal(waitpid(pid, &status, WUNTRACED), pid);
    assert_true(WIFSTOPPED(status));
}

static void test_a_stopped_server_does_not_hold_the_end_up(void **state)
{
    (void)state;
    char line[32];
    const pid_t pid = test_spawn("serve", NULL, line, sizeof line);
    crb_address address = test_address(line);
    test_end end;
    crb_waiter waiter;
    crb_waiter_init(&waiter, CRB_WAITER_CALLER);
    test_dial(&end, &address);
    ping(&end, &waiter, "x", 1);
    stop(pid);
    expect_lingering_end(&end, &waiter);
    assert_int_equal(kill(pid, SIGKILL), 0);
    assert_int_equal(test_reap(pid), -SIGKILL);
    test_end_clear(&end);
    free(address.host);
}

static void test_a_stopped_dialler_does_not_hold_the_end_up(void **state)
{
    (void)state;
    test_server server = { 0 };
    crb_waiter waiter;
    char line[32], address[64];
    crb_waiter_init(&waiter, CRB_WAITER_CALLER);
    test_server_start(&server, "127.0.0.1:0", NULL);
    (void)snprintf(address, sizeof address, "127.0.0.1:%u", server.address.port);
    const pid_t pid = test_spawn("dial", address, line, sizeof line);
    assert_string_equal(line, "dialled");
    test_end *served = test_server_end(&server, 0, &waiter);
    stop(pid);
    expect_lingering_end(served, &waiter);
    assert_int_equal(kill(pid, SIGKILL), 0);
    assert_int_equal(test_reap(pid), -SIGKILL);
    test_server_stop(&server);
}

/* "serve": prints its address, serves one link as an echo until that ends. */
static int serve(void)
{
    test_server server = { 0 };
    crb_waiter waiter;
    crb_waiter_init(&waiter, CRB_WAITER_CALLER);
    if (crb_io_acquire(NULL) != CORBEL_OK) {
        return 1;
    }
    test_server_start(&server, "127.0.0.1:0", NULL);
    printf("127.0.0.1:%u\n", server.address.port);
    fflush(stdout);
    const bool closed = test_end_wait_closed(test_server_end(&server, 0, &waiter), &waiter);
    test_server_stop(&server);
    crb_io_release();
    return closed ? 0 : 2;
}

/* "dial ADDRESS": dials, has one message echoed, says "dialled", and waits for its end. */
static int dial(const char *text)
{
    test_end end;
    crb_waiter waiter;
    crb_address address = test_address(text);
    crb_waiter_init(&waiter, CRB_WAITER_CALLER);
    if (crb_io_acquire(NULL) != CORBEL_OK) {
        return 1;
    }
    test_dial(&end, &address);
    ping(&end, &waiter, "x", 1);
    printf("dialled\n");
    fflush(stdout);
    return test_end_wait_closed(&end, &waiter) ? 0 : 2;
}

static void test_no_descriptor_is_left(void **state)
{
    (void)state;
    crb_waiter waiter;
    crb_waiter_init(&waiter, CRB_WAITER_CALLER);
    size_t before = 0;
    for (int i = 0; i < 20; i++) {
        test_server server = { 0 };
        test_end end;
        test_server_start(&server, "127.0.0.1:0", NULL);
        test_dial(&end, &server.address);
        ping(&end, &waiter, "x", 1);
        if (i % 2 == 0) {
            finish(&end, &waiter);
        } else {
            test_end *served = test_server_end(&server, 0, &waiter);
            served->link->ops->close(served->link, i % 4 == 1);
            assert_true(test_end_wait_closed(&end, &waiter));
            test_end_clear(&end);
        }
        test_server_stop(&server);
        if (i == 3) {
            before = test_count_descriptors();
        }
    }
    assert_int_equal(test_count_descriptors(), before);
}

/* Links in one life of gRPC, and again in the next. */
static void test_links_after_gRPC_came_back(void **state)
{
    (void)state;
    for (int i = 0; i < 3; i++) {
        crb_waiter waiter;
        test_server server = { 0 };
        test_end end;
        crb_waiter_init(&waiter, CRB_WAITER_CALLER);
        assert_int_equal(crb_io_acquire(NULL), CORBEL_OK);
        test_server_start(&server, "127.0.0.1:0", NULL);
        test_dial(&end, &server.address);
        ping(&end, &waiter, "x", 1);
        finish(&end, &waiter);
        test_server_stop(&server);
        crb_io_release();
    }
}

int main(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], "serve") == 0) {
        return serve();
    }
    if (argc > 2 && strcmp(argv[1], "dial") == 0) {
        return dial(argv[2]);
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_ping_pong_over_every_address, link_up, link_down),
        cmocka_unit_test_setup_teardown(test_big_messages, link_up, link_down),
        cmocka_unit_test_setup_teardown(test_too_big_a_message_ends_the_link, link_up, link_down),
        cmocka_unit_test_setup_teardown(test_many_in_order_then_the_dialler_closes, link_up, link_down),
        cmocka_unit_test_setup_teardown(test_many_in_order_then_the_server_closes, link_up, link_down),
        cmocka_unit_test_setup_teardown(test_close_right_after_send_delivers, link_up, link_down),
        cmocka_unit_test_setup_teardown(test_cut_ends_both_sides, link_up, link_down),
        cmocka_unit_test_setup_teardown(test_refused_link, link_up, link_down),
        cmocka_unit_test_setup_teardown(test_dial_failures_say_why, link_up, link_down),
        cmocka_unit_test_setup_teardown(test_a_dial_ends_at_its_deadline, link_up, link_down),
        cmocka_unit_test_setup_teardown(test_a_caller_reads_its_own_replies, link_up, link_down),
        cmocka_unit_test_setup_teardown(test_an_idle_worker_steps_aside, link_up, link_down),
        cmocka_unit_test_setup_teardown(test_many_callers_on_one_link, link_up, link_down),
        cmocka_unit_test_setup_teardown(test_a_message_comes_while_nobody_waits, link_up, link_down),
        cmocka_unit_test_setup_teardown(test_the_serving_process_is_killed, link_up, link_down),
        cmocka_unit_test_setup_teardown(test_the_dialling_process_is_killed, link_up, link_down),
        cmocka_unit_test_setup_teardown(test_a_stopped_server_does_not_hold_the_end_up, link_up, link_down),
        cmocka_unit_test_setup_teardown(test_a_stopped_dialler_does_not_hold_the_end_up, link_up, link_down),
        cmocka_unit_test_setup_teardown(test_no_descriptor_is_left, link_up, link_down),
        cmocka_unit_test(test_links_after_gRPC_came_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
