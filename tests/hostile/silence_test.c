/* Peers that connect and then say nothing, or little, or slowly. */
#include "support.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

/* Short, but not for the honest client: a sanitizer makes everything slow. */
#if SLOW > 1
#define SHORT_MS 3000
#else
#define SHORT_MS 400
#endif
#define TEXT_OF(number) #number
#define MS(number) "=" TEXT_OF(number)

static const char *const short_handshake[] = { "handshake_ms" MS(SHORT_MS), NULL };

/* ---- one that is silent ---- */

static void say_nothing(int fd)
{
    (void)fd;
}

static void say_preface(int fd)
{
    crb_buf out = CRB_BUF_INIT;
    h2_preface(&out);
    assert_true(hostile_send(fd, out.data, out.len));
    crb_buf_clear(&out);
}

static void say_half_a_preface(int fd)
{
    assert_true(hostile_send(fd, "PRI * HT", 8));
}

static void open_stream(int fd)
{
    crb_buf out = CRB_BUF_INIT;
    h2_preface(&out);
    h2_open(&out, 1);
    assert_true(hostile_send(fd, out.data, out.len));
    crb_buf_clear(&out);
}

static void begin_a_message(int fd)
{
    static const uint8_t head[5] = { 0, 0, 0x10, 0, 0 }; /* of 1 MiB */
    crb_buf out = CRB_BUF_INIT;
    open_stream(fd);
    h2_frame(&out, 0, 0, 1, head, sizeof head);
    assert_true(hostile_send(fd, out.data, out.len));
    crb_buf_clear(&out);
}

static const struct {
    const char *name;
    void (*say)(int fd);
    const char *line;
} silences[] = {
    { "nothing", say_nothing, "said nothing: closed" },
    { "half a preface", say_half_a_preface, "said nothing: closed" },
    { "the preface", say_preface, "connected, but did not open a session: closed" },
    { "a stream without HELLO", open_stream, "ended: no HELLO in time" },
    { "a message that does not come", begin_a_message, "ended: no HELLO in time" },
};

static void whoever_is_silent_is_closed_in_time(void **state)
{
    (void)state;
    hostile_server server;
    assert_int_equal(LENGTH_OF(silences), 5);
    hostile_start(&server, true, short_handshake);
    for (size_t i = 0; i < LENGTH_OF(silences); i++) {
        for (int local = 0; local < 2; local++) {
            char name[64] = "unix (pid ";
            const uint64_t begin = crb_now();
            const int fd = local ? hostile_connect_unix(&server) : hostile_connect(&server, 1, name);
            silences[i].say(fd);
            assert_true(hostile_closed(fd, SLOW * PATIENCE / CRB_MS));
            assert_true(crb_now() - begin >= (SHORT_MS - 10) * CRB_MS);
            close(fd);
            hostile_expect_one_line(&server, name, silences[i].line);
        }
    }
    hostile_stop(&server);
}

/** A byte now and then is not more than silence. */
static void a_trickle_is_closed_in_time(void **state)
{
    (void)state;
    hostile_server server;
    crb_buf out = CRB_BUF_INIT;
    char name[64];
    hostile_start(
        &server, false,
        (const char *const[]) { "handshake_ms" MS(SHORT_MS), "ping_idle_ms=500", "ping_timeout_ms" MS(SHORT_MS), NULL });
    /* Before the session: of the preface and what follows, a byte now and then, for longer than the handshake lasts. */
    h2_preface(&out);
    h2_open(&out, 1);
    int fd = hostile_connect(&server, 1, name);
    size_t at = 0;
    while (at < out.len && !hostile_closed(fd, 25 * SLOW)) {
        (void)hostile_send(fd, out.data + at++, 1);
    }
    assert_true(at < out.len);
    close(fd);
    hostile_expect_one_line(&server, name, "closed");
    /* In the session: a message of 1 MiB that comes byte by byte is no sign of life. */
    crb_buf hello = CRB_BUF_INIT;
    hostile_hello(&hello);
    h2_message(&out, 1, hello.data, hello.len);
    static const uint8_t head[5] = { 0, 0, 0x10, 0, 0 };
    h2_frame(&out, 0, 0, 1, head, sizeof head);
    fd = hostile_connect(&server, 1, name);
    assert_true(hostile_send(fd, out.data, out.len));
    out.len = 0;
    h2_frame(&out, 0, 0, 1, "", 1);
    const uint64_t until = crb_now() + SLOW * PATIENCE;
    while (crb_now() < until && !hostile_closed(fd, 25)) {
        (void)hostile_send(fd, out.data, out.len);
    }
    assert_true(crb_now() < until);
    close(fd);
    hostile_expect_one_line(&server, name, "ended: no answer to PING");
    crb_buf_clear(&out);
    crb_buf_clear(&hello);
    hostile_stop(&server);
}

/* ---- many ---- */

enum { MANY = 500 };

static int many[MANY];

static void many_open(const hostile_server *server, uint8_t from, size_t n, void (*say)(int fd))
{
    for (size_t i = 0; i < n; i++) {
        many[i] = hostile_connect(server, from, NULL);
        if (say == say_preface || say == open_stream) { /* those that went meanwhile do not hear */
            crb_buf out = CRB_BUF_INIT;
            h2_preface(&out);
            if (say == open_stream) {
                h2_open(&out, 1);
            }
            (void)send(many[i], out.data, out.len, MSG_NOSIGNAL | MSG_DONTWAIT);
            crb_buf_clear(&out);
        }
    }
}

static void many_close(size_t n)
{
    for (size_t i = 0; i < n; i++) {
        close(many[i]);
    }
}

static void many_do_not_disturb_a_new_client(void (*say)(int fd))
{
    hostile_server server;
    static char lines[HOSTILE_LINES][HOSTILE_LINE];
    hostile_start(&server, false, NULL);
    const size_t memory = hostile_memory(&server);
    many_open(&server, 1, MANY, say);
    const uint64_t first = hostile_new_client(&server);
    const uint64_t second = hostile_new_client(&server);
    const size_t now = hostile_memory(&server);
    const size_t used = now > memory ? now - memory : 0;
    hostile_let_call(&server, 50);
    print_message(
        "beside %d silent connections a new client has its answer after %llu and %llu ms; %zu KiB, %zu descriptors; the "
        "honest client's longest call %llu us\n",
        MANY, (unsigned long long)first, (unsigned long long)second, used, hostile_descriptors(&server),
        (unsigned long long)server.longest_us);
    assert_true(first < 5000 * SLOW && second < 5000 * SLOW);
    assert_true(hostile_descriptors(&server) < server.descriptors + 128 + 64);
    assert_true(used < SLOW * 100 * 1024);
    many_close(MANY);
    hostile_wait_idle(&server);
    /* Hundreds went: the log has a burst of lines, not a line for each. */
    const size_t n = hostile_log(&server, 1, lines);
    assert_true(n < 64 + SLOW * 100);
    hostile_stop(&server);
}

static void five_hundred_that_say_nothing(void **state)
{
    (void)state;
    many_do_not_disturb_a_new_client(say_nothing);
}

static void five_hundred_that_say_the_preface(void **state)
{
    (void)state;
    many_do_not_disturb_a_new_client(say_preface);
}

static void five_hundred_that_open_a_stream(void **state)
{
    (void)state;
    many_do_not_disturb_a_new_client(open_stream);
}

/** Who pays is the address that has most of them: a slow one that comes alone keeps its place. */
static void a_crowd_from_one_address_goes_before_one_from_another(void **state)
{
    (void)state;
    hostile_server server;
    hostile_start(&server, false,
                  (const char *const[]) { "max_silent=40", "max_silent_per_address=20", "silent_grace_ms=1",
                                          "handshake_ms=3600000", NULL });
    const int lone = hostile_connect(&server, 9, NULL);
    many_open(&server, 2, 100, say_nothing);
    size_t closed = 0;
    const uint64_t until = crb_now() + SLOW * PATIENCE;
    while (closed < 80 && crb_now() < until) {
        closed = 0;
        for (size_t i = 0; i < 100; i++) {
            struct pollfd wait = { .fd = many[i], .events = POLLIN };
            closed += poll(&wait, 1, i == 79 ? 5 : 0) == 1 ? 1 : 0;
        }
    }
    for (size_t i = 0; i < 100; i++) { /* the last twenty are left */
        struct pollfd wait = { .fd = many[i], .events = POLLIN };
        assert_int_equal(poll(&wait, 1, 0), i < 80);
    }
    struct pollfd wait = { .fd = lone, .events = POLLIN };
    assert_int_equal(poll(&wait, 1, 0), 0);
    close(lone);
    many_close(100);
    hostile_stop(&server);
}

static void sessions_are_counted(void **state)
{
    (void)state;
    hostile_server server;
    char name[64];
    hostile_start(&server, false, (const char *const[]) { "max_sessions=5", "max_sessions_per_address=3", NULL });
    crb_buf out = CRB_BUF_INIT, hello = CRB_BUF_INIT;
    h2_preface(&out);
    h2_open(&out, 1);
    hostile_hello(&hello);
    h2_message(&out, 1, hello.data, hello.len);
    int fds[4];
    for (size_t i = 0; i < 3; i++) { /* from there three; with the honest client four in all */
        fds[i] = hostile_connect(&server, 3, NULL);
        assert_true(hostile_send(fds[i], out.data, out.len));
    }
    int refused = hostile_connect(&server, 3, name);
    assert_true(hostile_closed(refused, SLOW * PATIENCE / CRB_MS));
    close(refused);
    fds[3] = hostile_connect(&server, 4, NULL);
    assert_true(hostile_send(fds[3], out.data, out.len));
    refused = hostile_connect(&server, 5, NULL);
    assert_true(hostile_closed(refused, SLOW * PATIENCE / CRB_MS));
    close(refused);
    static char lines[HOSTILE_LINES][HOSTILE_LINE];
    assert_int_equal(hostile_log(&server, 2, lines), 2);
    assert_non_null(strstr(lines[0], name));
    assert_non_null(strstr(lines[0], "too many sessions from there: closed"));
    assert_non_null(strstr(lines[1], "too many sessions: closed"));
    for (size_t i = 0; i < 4; i++) {
        close(fds[i]);
    }
    hostile_wait_idle(&server);
    assert_true(hostile_new_client(&server) < 5000 * SLOW);
    crb_buf_clear(&out);
    crb_buf_clear(&hello);
    hostile_stop(&server);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whoever_is_silent_is_closed_in_time),
        cmocka_unit_test(a_trickle_is_closed_in_time),
        cmocka_unit_test(five_hundred_that_say_nothing),
        cmocka_unit_test(five_hundred_that_say_the_preface),
        cmocka_unit_test(five_hundred_that_open_a_stream),
        cmocka_unit_test(a_crowd_from_one_address_goes_before_one_from_another),
        cmocka_unit_test(sessions_are_counted),
    };
    if (argc < 2) {
        return 2;
    }
    hostile_program = argv[1];
    return cmocka_run_group_tests(tests, NULL, NULL);
}
