#include "tests/runtime/transport/link_support.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

int test_io_up(void **state)
{
    (void)state;
    return crb_io_acquire(NULL) == CORBEL_OK ? 0 : -1;
}

int test_io_down(void **state)
{
    (void)state;
    crb_io_release();
    return 0;
}

void test_finish(test_end *end, crb_waiter *waiter)
{
    end->link->ops->close(end->link, true);
    end->link->ops->close(end->link, true);
    assert_true(test_end_wait_closed(end, waiter));
    assert_string_equal(end->why, "closed by this side");
    test_end_clear(end);
}

void test_ping(test_end *end, crb_waiter *waiter, const void *data, size_t len)
{
    crb_buf buf = CRB_BUF_INIT;
    test_end_send(end, data, len);
    assert_true(test_end_take(end, waiter, &buf));
    assert_int_equal(buf.len, len);
    assert_memory_equal(buf.data, data, len);
    crb_buf_clear(&buf);
}

void test_peer_start(test_peer *peer, bool is_server)
{
    char line[32], address[64];
    *peer = (test_peer) { .is_server = is_server };
    crb_waiter_init(&peer->waiter, CRB_WAITER_CALLER);
    if (is_server) {
        peer->pid = test_spawn("serve", NULL, line, sizeof line);
        crb_address at = test_address(line);
        test_dial(&peer->dialled, &at);
        free(at.host);
        peer->end = &peer->dialled;
        test_ping(peer->end, &peer->waiter, "x", 1);
    } else {
        test_server_start(&peer->server, "127.0.0.1:0", NULL);
        (void)snprintf(address, sizeof address, "127.0.0.1:%u", peer->server.address.port);
        peer->pid = test_spawn("dial", address, line, sizeof line);
        assert_string_equal(line, "dialled");
        peer->end = test_server_end(&peer->server, 0, &peer->waiter);
    }
}

void test_peer_end(test_peer *peer, int status)
{
    assert_int_equal(test_reap(peer->pid), status);
    if (peer->is_server) {
        test_end_clear(peer->end);
    } else {
        test_server_stop(&peer->server);
    }
}

/* "serve": prints its address, serves one link as an echo until that ends. */
static int peer_serve(void)
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
static int peer_dial(const char *text)
{
    test_end end;
    crb_waiter waiter;
    crb_address address = test_address(text);
    crb_waiter_init(&waiter, CRB_WAITER_CALLER);
    if (crb_io_acquire(NULL) != CORBEL_OK) {
        return 1;
    }
    test_dial(&end, &address);
    test_ping(&end, &waiter, "x", 1);
    printf("dialled\n");
    fflush(stdout);
    return test_end_wait_closed(&end, &waiter) ? 0 : 2;
}

void test_peer_finish(test_peer *peer)
{
    assert_true(peer->is_server);
    test_finish(peer->end, &peer->waiter);
    assert_int_equal(test_reap(peer->pid), 0);
}

bool test_peer_main(int argc, char **argv, int *ret_status)
{
    if (argc > 1 && strcmp(argv[1], "serve") == 0) {
        *ret_status = peer_serve();
        return true;
    }
    if (argc > 2 && strcmp(argv[1], "dial") == 0) {
        *ret_status = peer_dial(argv[2]);
        return true;
    }
    return false;
}
