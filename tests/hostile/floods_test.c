/* Peers that want too much of what is allowed once: look-ups, PINGs, bodies, names, objects, connections. */
#include "support.h"

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

static hostile_server server;

/** A raw session; what the server says is not read, unless hostile_send() has to wait. */
static int open_session(void)
{
    crb_buf out = CRB_BUF_INIT, hello = CRB_BUF_INIT;
    const int fd = hostile_connect(&server, 1, NULL);
    h2_preface(&out);
    h2_open(&out, 1);
    hostile_hello(&hello);
    h2_message(&out, 1, hello.data, hello.len);
    assert_true(hostile_send(fd, out.data, out.len));
    crb_buf_clear(&out);
    crb_buf_clear(&hello);
    return fd;
}

/** Adds what is in message to out as one message of the session, when it is large enough, or last. */
static void flush_message(crb_buf *out, crb_buf *message, bool last)
{
    if (message->len > 8000 || (last && message->len > 0)) {
        h2_message(out, 1, message->data, message->len);
        message->len = 0;
    }
}

static void send_all(int fd, crb_buf *out, crb_buf *message)
{
    flush_message(out, message, true);
    assert_false(out->failed || message->failed);
    (void)hostile_send(fd, out->data, out->len);
    crb_buf_clear(out);
    crb_buf_clear(message);
}

static void frame_bind(crb_buf *message, uint64_t question, const char *id)
{
    crb_frame frame = { .type = CRB_WIRE_BIND };
    frame.u.bind = (crb_wire_bind) { .question = question, .id = id, .interface = "" };
    hostile_frame(message, &frame);
}

static void expect_growth(size_t before, size_t most)
{
    const size_t now = hostile_memory(&server);
    print_message("%zu KiB more than before\n", now > before ? now - before : 0);
    assert_true(now < before + most * SLOW);
}

static void drop_message(test_end *end, const uint8_t *data, size_t len)
{
    (void)end;
    (void)data;
    (void)len;
}

/** A session over gRPC, for what is more than HTTP/2 lets a raw one send. */
static void dial_session(test_end *end)
{
    crb_buf hello = CRB_BUF_INIT;
    const crb_address address = {
        .kind = CRB_ADDRESS_TCP, .host = (char *)(uintptr_t) "127.0.0.1", .has_port = true, .port = server.port
    };
    test_dial(end, &address);
    pthread_mutex_lock(&end->lock);
    end->on_message = drop_message;
    pthread_mutex_unlock(&end->lock);
    hostile_hello(&hello);
    test_end_send(end, hello.data, hello.len);
    crb_buf_clear(&hello);
}

static void close_session(test_end *end)
{
    crb_waiter waiter;
    crb_waiter_init(&waiter, CRB_WAITER_CALLER);
    assert_true(test_end_wait_closed(end, &waiter));
    test_end_clear(end);
}

/** Look-ups that are never finished: beyond the limit the session ends. */
static void look_ups_without_an_end(void **state)
{
    (void)state;
    crb_buf message = CRB_BUF_INIT;
    test_end end;
    hostile_start(&server, false, NULL);
    const size_t before = hostile_memory(&server);
    dial_session(&end);
    for (uint64_t question = 1; question <= 65537; question++) {
        frame_bind(&message, question, "nothing of this name is here");
        if (message.len > 30000 || question == 65537) {
            test_end_send(&end, message.data, message.len);
            message.len = 0;
        }
    }
    crb_buf_clear(&message);
    close_session(&end);
    expect_growth(before, 64 * 1024);
    hostile_expect_one_line(&server, "127.0.0.1:", "ended: more questions at once than the limit");
    hostile_stop(&server);
}

/** PINGs are answered, but not one by one. */
static void pings_without_an_end(void **state)
{
    (void)state;
    crb_buf message = CRB_BUF_INIT;
    test_end end;
    hostile_start(&server, false, NULL);
    const size_t before = hostile_memory(&server);
    dial_session(&end);
    for (int i = 1; i <= 200000; i++) {
        hostile_frame(&message, &(crb_frame) { .type = CRB_WIRE_PING });
        if (i % 1000 == 0) {
            test_end_send(&end, message.data, message.len);
            message.len = 0;
        }
    }
    hostile_frame(&message, &(crb_frame) { .type = CRB_WIRE_BYE });
    test_end_send(&end, message.data, message.len);
    crb_buf_clear(&message);
    close_session(&end);
    expect_growth(before, 16 * 1024);
    hostile_stop(&server);
}

/** Bodies that are announced and do not come take no memory, and only so many are. */
static void bodies_that_do_not_come(void **state)
{
    (void)state;
    crb_buf out = CRB_BUF_INIT, message = CRB_BUF_INIT;
    hostile_start(&server, false, NULL);
    const size_t before = hostile_memory(&server);
    const int fd = open_session();
    frame_bind(&message, 1, "target");
    for (uint64_t question = 2; question < 100; question++) {
        crb_frame frame = { .type = CRB_WIRE_CALL };
        frame.u.call = (crb_wire_call) { .question = question,
                                         .promise = 1,
                                         .operation = 1,
                                         .interface = question == 2 ? "hostile::Target" : NULL,
                                         .name = question == 2 ? "blob" : NULL,
                                         .length = 64u << 20 };
        hostile_frame(&message, &frame);
    }
    send_all(fd, &out, &message);
    hostile_let_call(&server, 20);
    expect_growth(before, 16 * 1024);
    assert_false(hostile_closed(fd, 1)); /* it is within the limits */
    close(fd);
    hostile_expect_one_line(&server, "127.0.0.1:", "ended: ");
    hostile_stop(&server);
}

static void names_without_an_end(void **state)
{
    (void)state;
    crb_buf out = CRB_BUF_INIT, message = CRB_BUF_INIT;
    hostile_start(&server, false, (const char *const[]) { "max_operations=100", NULL });
    const int fd = open_session();
    frame_bind(&message, 1, "target");
    for (uint64_t i = 1; i <= 101; i++) {
        char name[32];
        crb_frame frame = { .type = CRB_WIRE_CALL };
        (void)snprintf(name, sizeof name, "operation_%llu", (unsigned long long)i);
        frame.u.call = (crb_wire_call) {
            .question = i + 1, .promise = 1, .operation = (uint32_t)i, .interface = "hostile::Target", .name = name
        };
        hostile_frame(&message, &frame);
    }
    send_all(fd, &out, &message);
    assert_true(hostile_closed(fd, SLOW * PATIENCE / CRB_MS));
    close(fd);
    hostile_expect_one_line(&server, "127.0.0.1:", "ended: more operations than the limit");
    hostile_stop(&server);
}

/** An honest program that keeps too many references is told so, and goes on. */
static void objects_without_an_end(void **state)
{
    (void)state;
    enum { MOST = 2000 };
    static hostile_Target *made[MOST + 1];
    corbel_error error = CORBEL_ERROR_INIT;
    corbel_status status = CORBEL_OK;
    size_t n = 0;
    hostile_start(&server, false, (const char *const[]) { "max_exports=2000", NULL });
    while (status == CORBEL_OK && n <= MOST) {
        status = hostile_Target_make(server.target, &made[n], &error);
        n += status == CORBEL_OK ? 1 : 0;
    }
    assert_int_equal(status, CORBEL_LIMIT);
    assert_in_range(n, MOST - 2, MOST);
    corbel_error_clear(&error);
    hostile_let_call(&server, 3);
    hostile_Target_unref(made[--n]); /* its place is free again, once the server has heard of it */
    const uint64_t until = crb_now() + SLOW * PATIENCE;
    while ((status = hostile_Target_make(server.target, &made[n], &error)) == CORBEL_LIMIT && crb_now() < until) {
        corbel_error_clear(&error);
    }
    assert_int_equal(status, CORBEL_OK);
    for (n++; n > 0; n--) {
        hostile_Target_unref(made[n - 1]);
    }
    hostile_stop(&server);
}

/** Who comes again and again with garbage fills neither the log nor the table of descriptors. */
static void visits_without_an_end(void **state)
{
    (void)state;
    static char lines[HOSTILE_LINES][HOSTILE_LINE];
    enum { VISITS = 2000 };
    hostile_start(&server, false, NULL);
    const size_t before = hostile_memory(&server);
    for (int i = 0; i < VISITS; i++) {
        const int fd = hostile_connect(&server, 1, NULL);
        (void)hostile_send(fd, "\x1b]0;evil\x07\n", 10);
        close(fd);
    }
    hostile_wait_idle(&server);
    const size_t n = hostile_log(&server, 1, lines);
    assert_true(n >= 1 && n < 64 + 8 * 20 * SLOW);
    expect_growth(before, 16 * 1024);
    hostile_stop(&server);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(look_ups_without_an_end), cmocka_unit_test(pings_without_an_end),
        cmocka_unit_test(bodies_that_do_not_come), cmocka_unit_test(names_without_an_end),
        cmocka_unit_test(objects_without_an_end),  cmocka_unit_test(visits_without_an_end),
    };
    if (argc < 2) {
        return 2;
    }
    hostile_program = argv[1];
    return cmocka_run_group_tests(tests, NULL, NULL);
}
