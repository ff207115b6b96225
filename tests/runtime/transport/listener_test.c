/* Listening: addresses, stale paths, peers that are silent or speak something else, a process without descriptors. */
#include "runtime/base/clock.h"
#include "runtime/transport/io.h"
#include "runtime/transport/queue.h"
#include "tests/runtime/transport/support.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <grpc/grpc.h>
#include <grpc/grpc_security.h>
#include <grpc/slice.h>
#include <netinet/in.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

static int listener_up(void **state)
{
    (void)state;
    return crb_io_acquire(NULL) == CORBEL_OK ? 0 : -1;
}

static int listener_down(void **state)
{
    (void)state;
    crb_io_release();
    return 0;
}

/* A plain connection to a port of 127.0.0.1. */
static int plain_connect(uint16_t port)
{
    const struct sockaddr_in at = { .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    assert_int_equal(connect(fd, (const struct sockaddr *)&at, sizeof at), 0);
    return fd;
}

/* Waits until the other side has closed it; what comes before is dropped. */
static void plain_expect_closed(int fd)
{
    char bytes[4096];
    ssize_t n;
    struct pollfd wait = { .fd = fd, .events = POLLIN };
    do {
        assert_int_equal(poll(&wait, 1, (int)(PATIENCE / CRB_MS)), 1);
        n = recv(fd, bytes, sizeof bytes, 0);
    } while (n > 0);
    assert_true(n == 0 || errno == ECONNRESET);
    close(fd);
}

static bool plain_is_open(int fd)
{
    struct pollfd wait = { .fd = fd, .events = POLLIN | POLLRDHUP };
    return poll(&wait, 1, 0) == 0;
}

static void plain_send(int fd, const char *text)
{
    assert_int_equal(send(fd, text, strlen(text), MSG_NOSIGNAL), (ssize_t)strlen(text));
}

/* The server still serves. */
static void expect_served(test_server *server)
{
    test_end end;
    crb_waiter waiter;
    crb_buf buf = CRB_BUF_INIT;
    crb_waiter_init(&waiter, CRB_WAITER_CALLER);
    test_dial(&end, &server->address);
    test_end_send(&end, "still there?", 12);
    assert_true(test_end_take(&end, &waiter, &buf));
    crb_buf_clear(&buf);
    end.link->ops->close(end.link, true);
    assert_true(test_end_wait_closed(&end, &waiter));
    test_end_clear(&end);
}

static void test_the_kernel_chooses_the_port(void **state)
{
    (void)state;
    test_server server = { 0 };
    test_server_start(&server, "127.0.0.1:0", NULL);
    assert_int_not_equal(server.address.port, 0);
    assert_string_equal(server.address.host, "127.0.0.1");
    expect_served(&server);
    test_server_stop(&server);
}

static void test_localhost_is_both(void **state)
{
    (void)state;
    test_server server = { 0 };
    test_server_start(&server, "localhost:0", NULL);
    assert_string_equal(server.address.host, "localhost");
    const uint16_t port = server.address.port;
    assert_int_not_equal(port, 0);
    char text[64];
    server.address.host = (char *)"127.0.0.1";
    expect_served(&server);
    const int probe = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const struct sockaddr_in6 any = { .sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT };
    if (probe >= 0 && bind(probe, (const struct sockaddr *)&any, sizeof any) == 0) {
        server.address.host = (char *)"::1";
        expect_served(&server);
    }
    if (probe >= 0) {
        close(probe);
    }
    /* The same port again is taken, and the message says so. */
    crb_listener *second = NULL;
    corbel_error error = CORBEL_ERROR_INIT;
    (void)snprintf(text, sizeof text, "localhost:%u", port);
    crb_address address = test_address(text);
    assert_int_equal(crb_listener_new(&address, 1, NULL, NULL, &second, &error), CORBEL_SYSTEM);
    (void)snprintf(text, sizeof text, "cannot listen on localhost:%u: Address already in use", port);
    assert_string_equal(error.message, text);
    corbel_error_clear(&error);
    free(address.host);
    test_server_stop(&server);
}

static void test_several_addresses(void **state)
{
    (void)state;
    crb_address addresses[3] = { test_address("127.0.0.1:0"), test_address("127.0.0.1:0"), test_address("unix:@corbel-several") };
    char name[64];
    (void)snprintf(name, sizeof name, "corbel-several-%d", (int)getpid());
    free(addresses[2].host);
    addresses[2].host = strdup(name);
    crb_listener *listener = NULL;
    assert_int_equal(crb_listener_new(addresses, 3, NULL, NULL, &listener, NULL), CORBEL_OK);
    size_t n = 0;
    const crb_address *bound = crb_listener_addresses(listener, &n);
    assert_int_equal(n, 3);
    assert_int_not_equal(bound[0].port, bound[1].port);
    crb_listener *second = NULL;
    assert_int_equal(crb_listener_new(&addresses[2], 1, NULL, NULL, &second, NULL), CORBEL_SYSTEM);
    crb_listener_close(listener);
    crb_listener_close(listener);
    assert_int_equal(crb_listener_new(&addresses[2], 1, NULL, NULL, &second, NULL), CORBEL_OK);
    crb_listener_free(second);
    crb_listener_free(listener);
    crb_listener_free(NULL);
    for (int i = 0; i < 3; i++) {
        free(addresses[i].host);
    }
}

/* ---- Unix paths ---- */

static void make_path(char *text, size_t max, const char *name)
{
    (void)snprintf(text, max, "unix:%s/%s", test_folder(), name);
}

static corbel_status listen_text(const char *text, crb_listener **ret, char *message, size_t max)
{
    corbel_error error = CORBEL_ERROR_INIT;
    crb_address address = test_address(text);
    const corbel_status status = crb_listener_new(&address, 1, NULL, NULL, ret, &error);
    (void)snprintf(message, max, "%s", error.message);
    corbel_error_clear(&error);
    free(address.host);
    return status;
}

static void test_a_stale_path_is_replaced_a_live_one_is_not(void **state)
{
    (void)state;
    char text[100], message[256], expected[256];
    crb_listener *first = NULL, *second = NULL;
    make_path(text, sizeof text, "stale.sock");
    /* What a killed process leaves: a socket that nobody listens on. */
    struct sockaddr_un at = { .sun_family = AF_UNIX };
    (void)snprintf(at.sun_path, sizeof at.sun_path, "%s", text + strlen("unix:"));
    const int dead = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(dead, (const struct sockaddr *)&at, sizeof at), 0);
    close(dead);
    assert_int_equal(access(at.sun_path, F_OK), 0);

    assert_int_equal(listen_text(text, &first, message, sizeof message), CORBEL_OK);
    assert_int_equal(listen_text(text, &second, message, sizeof message), CORBEL_SYSTEM);
    (void)snprintf(expected, sizeof expected, "cannot listen on %s: Address already in use", text);
    assert_string_equal(message, expected);
    crb_listener_free(first);
    assert_int_equal(access(at.sun_path, F_OK), -1);
}

static void test_a_path_that_is_no_socket_is_left_alone(void **state)
{
    (void)state;
    char text[128], message[256];
    crb_listener *listener = NULL;
    make_path(text, sizeof text, "file");
    const int fd = open(text + strlen("unix:"), O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    close(fd);
    assert_int_equal(listen_text(text, &listener, message, sizeof message), CORBEL_SYSTEM);
    assert_int_equal(access(text + strlen("unix:"), F_OK), 0);
    assert_int_equal(unlink(text + strlen("unix:")), 0);
}

static void test_only_its_own_path_is_removed(void **state)
{
    (void)state;
    char text[128], message[256];
    crb_listener *listener = NULL;
    make_path(text, sizeof text, "own.sock");
    const char *path = text + strlen("unix:");
    assert_int_equal(listen_text(text, &listener, message, sizeof message), CORBEL_OK);
    assert_int_equal(unlink(path), 0);
    const int fd = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    close(fd);
    crb_listener_free(listener);
    assert_int_equal(access(path, F_OK), 0);
    assert_int_equal(unlink(path), 0);
}

/* ---- strange peers ---- */

typedef struct garbage_case {
    const char *says;
} garbage_case;

static void test_garbage_is_closed(void **state)
{
    (void)state;
    static const garbage_case cases[] = {
        { "GET / HTTP/1.1\r\nHost: x\r\n\r\n" }, { "x" }, { "PRI * HTTP/1" }, { "\x16\x03\x01\x02" }, { "PRI * HTTP/2.1\r\n" },
    };
    assert_int_equal(sizeof cases / sizeof cases[0], 5);
    test_server server = { 0 };
    test_server_start(&server, "127.0.0.1:0", NULL);
    for (size_t i = 0; i < 5; i++) {
        const int fd = plain_connect(server.address.port);
        plain_send(fd, cases[i].says);
        plain_expect_closed(fd);
    }
    /* After the preface, too: gRPC closes that one. */
    const int fd = plain_connect(server.address.port);
    plain_send(fd, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\nthis is no frame of HTTP/2 at all, not even nearly");
    plain_expect_closed(fd);
    expect_served(&server);
    test_server_stop(&server);
}

static void test_silent_connections_are_closed_in_time(void **state)
{
    (void)state;
    const crb_listener_limits limits = { .opening_ns = 50 * CRB_MS };
    static const char *const say[] = { "", "PRI", "PRI * HTTP/2.0", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" };
    test_server server = { 0 };
    test_server_start(&server, "127.0.0.1:0", &limits);
    const uint64_t began = crb_now();
    int fds[4];
    for (int i = 0; i < 4; i++) {
        fds[i] = plain_connect(server.address.port);
        plain_send(fds[i], say[i]);
    }
    for (int i = 0; i < 4; i++) {
        plain_expect_closed(fds[i]);
    }
    assert_true(crb_now() - began >= 45 * CRB_MS);
    expect_served(&server);
    test_server_stop(&server);
}

/* One that says half of the preface, and the rest later, is served. */
static void test_a_slow_preface_is_fine(void **state)
{
    (void)state;
    test_server server = { 0 };
    test_server_start(&server, "127.0.0.1:0", NULL);
    const int fd = plain_connect(server.address.port);
    static const char preface[] = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
    for (size_t i = 0; i < sizeof preface - 1; i++) {
        assert_int_equal(send(fd, &preface[i], 1, MSG_NOSIGNAL), 1);
    }
    static const char settings[9] = { 0, 0, 0, 4, 0, 0, 0, 0, 0 };
    assert_int_equal(send(fd, settings, sizeof settings, MSG_NOSIGNAL), (ssize_t)sizeof settings);
    /* The server's own SETTINGS come: gRPC has it. */
    struct pollfd wait = { .fd = fd, .events = POLLIN };
    char bytes[9];
    assert_int_equal(poll(&wait, 1, (int)(PATIENCE / CRB_MS)), 1);
    assert_true(recv(fd, bytes, sizeof bytes, MSG_WAITALL) == (ssize_t)sizeof bytes);
    assert_int_equal(bytes[3], 4);
    close(fd);
    expect_served(&server);
    test_server_stop(&server);
}

static void test_too_many_silent_ones_push_out_the_oldest(void **state)
{
    (void)state;
    enum { LIMIT = 4, N = 10 };
    const crb_listener_limits limits = { .opening_ns = 3600 * CRB_SECOND,
                                         .crowd = { .max_silent = LIMIT, .grace_ns = 20 * CRB_MS } };
    test_server server = { 0 };
    int fds[N];
    test_server_start(&server, "127.0.0.1:0", &limits);
    for (int i = 0; i < N; i++) {
        fds[i] = plain_connect(server.address.port);
    }
    for (int i = 0; i < N - LIMIT; i++) {
        plain_expect_closed(fds[i]);
    }
    for (int i = N - LIMIT; i < N; i++) {
        assert_true(plain_is_open(fds[i]));
    }
    expect_served(&server); /* it takes a silent one's place for a moment, and speaks */
    for (int i = N - LIMIT; i < N; i++) {
        close(fds[i]);
    }
    test_server_stop(&server);
}

/* Many that come at once, and speak only later, are all served: none is pushed out, none is refused. */
static void test_a_crowd_that_speaks_is_served(void **state)
{
    (void)state;
    enum { LIMIT = 4, N = 40 };
    const crb_listener_limits limits = { .opening_ns = PATIENCE, .crowd = { .max_silent = LIMIT, .grace_ns = PATIENCE } };
    test_server server = { 0 };
    static test_end ends[N];
    crb_waiter waiter;
    crb_waiter_init(&waiter, CRB_WAITER_CALLER);
    test_server_start(&server, "127.0.0.1:0", &limits);
    for (int i = 0; i < N; i++) {
        test_dial(&ends[i], &server.address);
    }
    for (int i = 0; i < N; i++) {
        test_end_send(&ends[i], &i, sizeof i);
    }
    for (int i = 0; i < N; i++) {
        crb_buf buf = CRB_BUF_INIT;
        assert_true(test_end_take(&ends[i], &waiter, &buf));
        assert_int_equal(buf.len, sizeof i);
        assert_memory_equal(buf.data, &i, sizeof i);
        crb_buf_clear(&buf);
    }
    for (int i = 0; i < N; i++) {
        ends[i].link->ops->close(ends[i].link, true);
        assert_true(test_end_wait_closed(&ends[i], &waiter));
        test_end_clear(&ends[i]);
    }
    test_server_stop(&server);
}

/* It is silent, too, who greets gRPC and opens no stream, and who opens it and says nothing. */
static void test_those_without_a_word_go_first_whatever_gRPC_heard(void **state)
{
    (void)state;
    enum { LIMIT = 3 };
    const crb_listener_limits limits = { .opening_ns = 3600 * CRB_SECOND,
                                         .crowd = { .max_silent = LIMIT, .grace_ns = 20 * CRB_MS } };
    static const char greeting[] = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0";
    test_server server = { 0 };
    test_end spoke, mute;
    crb_waiter waiter;
    crb_buf buf = CRB_BUF_INIT;
    crb_waiter_init(&waiter, CRB_WAITER_CALLER);
    test_server_start(&server, "127.0.0.1:0", &limits);
    test_dial(&spoke, &server.address);
    test_end_send(&spoke, "here", 4);
    assert_true(test_end_take(&spoke, &waiter, &buf));
    crb_buf_clear(&buf);
    test_dial(&mute, &server.address);
    test_end *const served = test_server_end(&server, 1, &waiter);
    const int greets = plain_connect(server.address.port);
    assert_int_equal(send(greets, greeting, sizeof greeting, MSG_NOSIGNAL), (ssize_t)sizeof greeting);
    const int plain = plain_connect(server.address.port);
    int later[LIMIT];
    for (int i = 0; i < LIMIT; i++) { /* each takes the place of the oldest of the three */
        later[i] = plain_connect(server.address.port);
    }
    assert_true(test_end_wait_closed(&mute, &waiter));
    assert_true(test_end_wait_closed(served, &waiter));
    assert_string_equal(served->why, "silent, and others wait");
    plain_expect_closed(greets);
    plain_expect_closed(plain);
    for (int i = 0; i < LIMIT; i++) {
        assert_true(plain_is_open(later[i]));
        close(later[i]);
    }
    test_end_send(&spoke, "still", 5);
    assert_true(test_end_take(&spoke, &waiter, &buf));
    crb_buf_clear(&buf);
    spoke.link->ops->close(spoke.link, true);
    assert_true(test_end_wait_closed(&spoke, &waiter));
    test_end_clear(&spoke);
    test_end_clear(&mute);
    test_server_stop(&server);
}

/* Beyond the number of connections a new one is closed at once; those that are there stay. */
static void test_too_many_connections_are_closed_at_once(void **state)
{
    (void)state;
    const crb_listener_limits limits = { .opening_ns = 3600 * CRB_SECOND, .crowd = { .max_all = 2 } };
    test_server server = { 0 };
    test_server_start(&server, "127.0.0.1:0", &limits);
    const int first = plain_connect(server.address.port);
    const int second = plain_connect(server.address.port);
    plain_expect_closed(plain_connect(server.address.port));
    assert_true(plain_is_open(first));
    assert_true(plain_is_open(second));
    plain_send(first, "GET");
    plain_expect_closed(first); /* its place is free again */
    expect_served(&server);
    close(second);
    test_server_stop(&server);
}

static void test_closing_with_silent_and_half_open_peers(void **state)
{
    (void)state;
    test_server server = { 0 };
    test_server_start(&server, "127.0.0.1:0", NULL);
    const int silent = plain_connect(server.address.port);
    const int half = plain_connect(server.address.port);
    plain_send(half, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
    struct pollfd wait = { .fd = half, .events = POLLIN };
    assert_int_equal(poll(&wait, 1, (int)(PATIENCE / CRB_MS)), 1); /* gRPC has it, and has greeted */
    const uint64_t began = crb_now();
    test_server_stop(&server);
    assert_true(crb_now() - began < 5 * CRB_SECOND);
    plain_expect_closed(silent);
    plain_expect_closed(half);
}

/* Another method than ours: refused, by name. */
typedef struct stranger {
    crb_tag tag;
    crb_waiter waiter;
} stranger;

static void stranger_done(crb_tag *tag, bool ok)
{
    (void)ok;
    crb_io_wake(&((stranger *)(void *)tag)->waiter);
}

static void test_another_method_is_refused(void **state)
{
    (void)state;
    test_server server = { 0 };
    test_server_start(&server, "127.0.0.1:0", NULL);
    char target[64];
    (void)snprintf(target, sizeof target, "ipv4:127.0.0.1:%u", server.address.port);
    grpc_channel_credentials *plain = grpc_insecure_credentials_create();
    grpc_channel *channel = grpc_channel_create(target, plain, NULL);
    grpc_channel_credentials_release(plain);
    grpc_call *call = crb_queue_create_call(channel, "/another.Service/Method");
    stranger self = { .tag.done = stranger_done };
    crb_waiter_init(&self.waiter, CRB_WAITER_CALLER);
    grpc_metadata_array initial, trailing;
    grpc_metadata_array_init(&initial);
    grpc_metadata_array_init(&trailing);
    grpc_status_code code = GRPC_STATUS_OK;
    grpc_slice text = grpc_empty_slice();
    const grpc_op ops[3] = {
        { .op = GRPC_OP_SEND_INITIAL_METADATA },
        { .op = GRPC_OP_RECV_INITIAL_METADATA, .data.recv_initial_metadata.recv_initial_metadata = &initial },
        { .op = GRPC_OP_RECV_STATUS_ON_CLIENT,
          .data.recv_status_on_client = { .trailing_metadata = &trailing, .status = &code, .status_details = &text } },
    };
    crb_queue_start(call, ops, 3, &self.tag);
    assert_true(crb_io_wait(&self.waiter, crb_now() + PATIENCE));
    assert_int_equal(code, GRPC_STATUS_UNIMPLEMENTED);
    assert_int_equal(grpc_slice_str_cmp(text, "only Corbel sessions are served here"), 0);
    grpc_slice_unref(text);
    grpc_metadata_array_destroy(&initial);
    grpc_metadata_array_destroy(&trailing);
    grpc_call_unref(call);
    grpc_channel_destroy(channel);
    expect_served(&server);
    test_server_stop(&server);
}

/* ---- no descriptors left ---- */

static void test_no_descriptors_for_a_while(void **state)
{
    (void)state;
    test_server server = { 0 };
    struct rlimit before, tight;
    int taken[256];
    size_t n_taken = 0;
    test_server_start(&server, "127.0.0.1:0", NULL);
    const int late = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(late >= 0);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    tight = before;
    tight.rlim_cur = 200;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &tight), 0);
    while (n_taken < 256 && (taken[n_taken] = fcntl(0, F_DUPFD_CLOEXEC, 0)) >= 0) {
        n_taken++;
    }
    assert_int_equal(errno, EMFILE);
    const struct sockaddr_in at = { .sin_family = AF_INET,
                                    .sin_port = htons(server.address.port),
                                    .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    assert_int_equal(connect(late, (const struct sockaddr *)&at, sizeof at), 0);
    plain_send(late, "GET /");
    struct pollfd wait = { .fd = late, .events = POLLIN };
    assert_int_equal(poll(&wait, 1, 250), 0); /* it waits in the kernel, for longer than one pause of the listener */
    while (n_taken > 0) {
        close(taken[--n_taken]);
    }
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
    plain_expect_closed(late);
    expect_served(&server);
    test_server_stop(&server);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_the_kernel_chooses_the_port, listener_up, listener_down),
        cmocka_unit_test_setup_teardown(test_localhost_is_both, listener_up, listener_down),
        cmocka_unit_test_setup_teardown(test_several_addresses, listener_up, listener_down),
        cmocka_unit_test_setup_teardown(test_a_stale_path_is_replaced_a_live_one_is_not, listener_up, listener_down),
        cmocka_unit_test_setup_teardown(test_a_path_that_is_no_socket_is_left_alone, listener_up, listener_down),
        cmocka_unit_test_setup_teardown(test_only_its_own_path_is_removed, listener_up, listener_down),
        cmocka_unit_test_setup_teardown(test_garbage_is_closed, listener_up, listener_down),
        cmocka_unit_test_setup_teardown(test_silent_connections_are_closed_in_time, listener_up, listener_down),
        cmocka_unit_test_setup_teardown(test_a_slow_preface_is_fine, listener_up, listener_down),
        cmocka_unit_test_setup_teardown(test_too_many_silent_ones_push_out_the_oldest, listener_up, listener_down),
        cmocka_unit_test_setup_teardown(test_a_crowd_that_speaks_is_served, listener_up, listener_down),
        cmocka_unit_test_setup_teardown(test_those_without_a_word_go_first_whatever_gRPC_heard, listener_up, listener_down),
        cmocka_unit_test_setup_teardown(test_too_many_connections_are_closed_at_once, listener_up, listener_down),
        cmocka_unit_test_setup_teardown(test_closing_with_silent_and_half_open_peers, listener_up, listener_down),
        cmocka_unit_test_setup_teardown(test_another_method_is_refused, listener_up, listener_down),
        cmocka_unit_test_setup_teardown(test_no_descriptors_for_a_while, listener_up, listener_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
