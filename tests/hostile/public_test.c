/* Whoever listens where other machines reach it is warned, once for each address; on localhost and Unix sockets nobody is. The
 * server runs in a network of its own, which leads nowhere; where the system gives none, only the addresses are looked at. */
#include "runtime/transport/sockets.h"
#include "tests/runtime/support/test.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *program;

static const struct {
    const char *address;
    int family;
    bool is_public;
} addresses[] = {
    { "127.0.0.1", AF_INET, false }, { "127.255.0.7", AF_INET, false }, { "0.0.0.0", AF_INET, true },
    { "::1", AF_INET6, false },      { "::", AF_INET6, true },
};

static void an_address_is_public_or_not(void **state)
{
    (void)state;
    for (size_t i = 0; i < LENGTH_OF(addresses); i++) {
        /* Bound, but nobody listens. */
        struct sockaddr_in v4 = { .sin_family = AF_INET };
        struct sockaddr_in6 v6 = { .sin6_family = AF_INET6 };
        const bool is_v4 = addresses[i].family == AF_INET;
        assert_int_equal(
            inet_pton(addresses[i].family, addresses[i].address, is_v4 ? (void *)&v4.sin_addr : (void *)&v6.sin6_addr), 1);
        const crb_socket_bound bound = { .fd = socket(addresses[i].family, SOCK_STREAM | SOCK_CLOEXEC, 0) };
        if (bound.fd < 0 || bind(bound.fd, is_v4 ? (const struct sockaddr *)&v4 : (const struct sockaddr *)&v6,
                                 is_v4 ? sizeof v4 : sizeof v6) != 0) {
            assert_false(is_v4); /* a machine without IPv6 */
        } else {
            assert_int_equal(crb_socket_is_public(&bound), addresses[i].is_public);
        }
        if (bound.fd >= 0) {
            close(bound.fd);
        }
    }
}

/** Lines of the server's log that warn, once it is ready; -1: there is no network of its own. */
static int warnings(const char *listen)
{
    int out[2], log[2];
    char text[8192], ready[512];
    assert_int_equal(pipe(out), 0);
    assert_int_equal(pipe(log), 0);
    const pid_t child = fork();
    if (child == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        dup2(out[1], STDOUT_FILENO);
        dup2(log[1], STDERR_FILENO);
        close(out[0]);
        close(out[1]);
        close(log[0]);
        close(log[1]);
        setenv("CORBEL_LOG", "warning", 1);
        if (unshare(CLONE_NEWUSER | CLONE_NEWNET) != 0) {
            _exit(77);
        }
        execl(program, program, listen, (char *)NULL);
        _exit(127);
    }
    close(out[1]);
    close(log[1]);
    const bool is_ready = read(out[0], ready, sizeof ready) > 0;
    int status = 0;
    if (is_ready) {
        assert_int_equal(kill(child, SIGTERM), 0);
    }
    size_t len = 0;
    for (ssize_t n = 1; n > 0 && len<sizeof text - 1; len += n> 0 ? (size_t)n : 0) {
        n = read(log[0], text + len, sizeof text - 1 - len);
    }
    text[len] = '\0';
    close(out[0]);
    close(log[0]);
    assert_int_equal(waitpid(child, &status, 0), child);
    if (!is_ready && WIFEXITED(status) && WEXITSTATUS(status) == 77) {
        return -1;
    }
    assert_true(is_ready);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    int n = 0;
    for (const char *at = text; (at = strstr(at, "warning transport: listening on ")) != NULL; at++) {
        n += strstr(at, ": whoever reaches this address may call, unauthenticated and in the clear\n") != NULL ? 1 : 0;
    }
    return n;
}

static void who_listens_in_public_is_warned(void **state)
{
    (void)state;
    const int wildcard = warnings("0.0.0.0:0");
    if (wildcard < 0) {
        print_message("no network of its own: skipped\n");
        return;
    }
    assert_int_equal(wildcard, 1);
    assert_int_equal(warnings("0.0.0.0:0,unix:@corbel-public-test,0.0.0.0:0"), 2);
    assert_int_equal(warnings("unix:@corbel-public-test"), 0);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_address_is_public_or_not),
        cmocka_unit_test(who_listens_in_public_is_warned),
    };
    if (argc < 2) {
        return 2;
    }
    program = argv[1];
    return cmocka_run_group_tests(tests, NULL, NULL);
}
