/* The other process is killed, or stopped: the link ends all the same, and soon. */
#include "tests/runtime/transport/link_support.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#include <cmocka.h>

static void kill_peer(bool is_server, const char *why, const char *other_why)
{
    test_peer peer;
    test_peer_start(&peer, is_server);
    assert_int_equal(kill(peer.pid, SIGKILL), 0);
    const uint64_t began = crb_now();
    assert_true(test_end_wait_closed(peer.end, &peer.waiter));
    assert_true(crb_now() - began < SLOWER * CRB_SECOND / 2);
    if (strcmp(peer.end->why, other_why) != 0) {
        assert_string_equal(peer.end->why, why);
    }
    test_peer_end(&peer, -SIGKILL);
}

static void test_the_serving_process_is_killed(void **state)
{
    (void)state;
    kill_peer(true, "the peer closed the connection", "Connection reset by peer");
}

static void test_the_dialling_process_is_killed(void **state)
{
    (void)state;
    kill_peer(false, "the connection to the peer was lost", "the connection to the peer was lost");
}

/* A peer that does not answer a close in order has its second, then it is over. */
static void stop_peer(bool is_server)
{
    test_peer peer;
    int status = 0;
    test_peer_start(&peer, is_server);
    assert_int_equal(kill(peer.pid, SIGSTOP), 0);
    assert_int_equal(waitpid(peer.pid, &status, WUNTRACED), peer.pid);
    assert_true(WIFSTOPPED(status));
    const uint64_t began = crb_now();
    peer.end->link->ops->close(peer.end->link, true);
    assert_true(test_end_wait_closed(peer.end, &peer.waiter));
    const uint64_t took = crb_now() - began;
    assert_true(took >= CRB_SECOND);
    assert_true(took < 2 * CRB_SECOND + (SLOWER - 1) * CRB_SECOND);
    assert_string_equal(peer.end->why, "closed by this side");
    assert_int_equal(kill(peer.pid, SIGKILL), 0);
    test_peer_end(&peer, -SIGKILL);
}

static void test_a_stopped_server_does_not_hold_the_end_up(void **state)
{
    (void)state;
    stop_peer(true);
}

static void test_a_stopped_dialler_does_not_hold_the_end_up(void **state)
{
    (void)state;
    stop_peer(false);
}

int main(int argc, char **argv)
{
    int status = 0;
    if (test_peer_main(argc, argv, &status)) {
        return status;
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_the_serving_process_is_killed, test_io_up, test_io_down),
        cmocka_unit_test_setup_teardown(test_the_dialling_process_is_killed, test_io_up, test_io_down),
        cmocka_unit_test_setup_teardown(test_a_stopped_server_does_not_hold_the_end_up, test_io_up, test_io_down),
        cmocka_unit_test_setup_teardown(test_a_stopped_dialler_does_not_hold_the_end_up, test_io_up, test_io_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
