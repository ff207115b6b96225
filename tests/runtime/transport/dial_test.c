/* Dialling: why it fails, and when it gives up. */
#include "tests/runtime/transport/link_support.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_dial_failures_say_why, test_io_up, test_io_down),
        cmocka_unit_test_setup_teardown(test_a_dial_ends_at_its_deadline, test_io_up, test_io_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
