/* Leaves something behind when its only test has passed; the argument says what. The negative twin of left.c and of
 * LeakSanitizer: see planted_left_test. */
#include "tests/runtime/support/test.h"

#include "runtime/transport/io.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *planted;
static void *volatile lost;
static volatile int zero, number;

/** As gRPC's own, but not. */
static void plant_pair(void)
{
    const int epoll = epoll_create1(EPOLL_CLOEXEC);
    const int event = eventfd(0, EFD_CLOEXEC);
    struct epoll_event wanted = { .events = EPOLLIN };
    assert_int_equal(epoll_ctl(epoll, EPOLL_CTL_ADD, event, &wanted), 0);
}

static void plant_grpc(void)
{
    assert_int_equal(crb_io_acquire(NULL), CORBEL_OK);
    crb_io_release();
}

static pid_t plant_child(int sleep_s)
{
    const pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        _exit((int)sleep((unsigned)sleep_s));
    }
    return child;
}

static void plant_grandchild(void)
{
    const pid_t child = fork();
    if (child == 0) {
        (void)plant_child(600);
        _exit(0);
    }
    assert_int_equal(waitpid(child, NULL, 0), child);
}

static void test_plant(void **state)
{
    (void)state;
    if (strcmp(planted, "descriptor") == 0) {
        assert_true(dup(0) >= 0);
    } else if (strcmp(planted, "pair") == 0) {
        plant_pair();
    } else if (strcmp(planted, "grpc") == 0) {
        plant_grpc();
    } else if (strcmp(planted, "grpc-and-pair") == 0) {
        plant_grpc();
        plant_pair();
    } else if (strcmp(planted, "child") == 0) {
        (void)plant_child(600);
    } else if (strcmp(planted, "zombie") == 0) {
        siginfo_t info;
        const pid_t child = plant_child(0);
        assert_int_equal(waitid(P_PID, (id_t)child, &info, WEXITED | WNOWAIT), 0);
    } else if (strcmp(planted, "grandchild") == 0) {
        plant_grandchild();
    } else if (strcmp(planted, "memory") == 0) {
        lost = malloc(1000);
        lost = NULL;
    } else if (strcmp(planted, "overflow") == 0) {
        char *volatile block = malloc(8);
        assert_non_null(block);
        block[zero + 8] = 1;
        free(block);
    } else if (strcmp(planted, "undefined") == 0) {
        number = INT_MAX - zero;
        number += 1;
    } else {
        assert_string_equal(planted, "nothing");
    }
}

int main(int argc, char **argv)
{
    planted = argc > 1 ? argv[1] : "";
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_plant) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
