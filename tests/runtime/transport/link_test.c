/* Links: messages both ways over every kind of address, in order, and the end in all its forms. */
#include "tests/runtime/transport/link_support.h"

#include "runtime/transport/grpc_link.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

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
            test_ping(&end, &waiter, &n, sizeof n);
        }
        const char *peer = address_cases[i].peer;
        assert_memory_equal(end.link->ops->peer(end.link), peer, strlen(peer));
        test_end *served = test_server_end(&server, 0, &waiter);
        assert_memory_equal(served->link->ops->peer(served->link), peer, strlen(peer));
        test_finish(&end, &waiter);
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
        test_ping(&end, &waiter, data, sizes[i]);
        free(data);
    }
    test_finish(&end, &waiter);
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
        test_ping(&end, &waiter, "x", 1);
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
        assert_int_equal(buf.len, 0);
        crb_buf_clear(&buf);
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
        test_ping(&end, &waiter, "x", 1);
        if (i % 2 == 0) {
            test_finish(&end, &waiter);
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
        test_ping(&end, &waiter, "x", 1);
        test_finish(&end, &waiter);
        test_server_stop(&server);
        crb_io_release();
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_ping_pong_over_every_address, test_io_up, test_io_down),
        cmocka_unit_test_setup_teardown(test_big_messages, test_io_up, test_io_down),
        cmocka_unit_test_setup_teardown(test_too_big_a_message_ends_the_link, test_io_up, test_io_down),
        cmocka_unit_test_setup_teardown(test_many_in_order_then_the_dialler_closes, test_io_up, test_io_down),
        cmocka_unit_test_setup_teardown(test_many_in_order_then_the_server_closes, test_io_up, test_io_down),
        cmocka_unit_test_setup_teardown(test_close_right_after_send_delivers, test_io_up, test_io_down),
        cmocka_unit_test_setup_teardown(test_cut_ends_both_sides, test_io_up, test_io_down),
        cmocka_unit_test_setup_teardown(test_refused_link, test_io_up, test_io_down),
        cmocka_unit_test_setup_teardown(test_no_descriptor_is_left, test_io_up, test_io_down),
        cmocka_unit_test(test_links_after_gRPC_came_back),
    };
    const int failed = cmocka_run_group_tests_name("link", tests, NULL, NULL);
    test_sends_now = true;
    return failed + cmocka_run_group_tests_name("link, sending now", tests, NULL, NULL);
}
