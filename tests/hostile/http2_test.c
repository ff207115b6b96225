/* HTTP/2 spoken badly, by plain sockets. Whatever comes: the connection ends with one line in the log, the server's memory stays
 * where it was, and the honest client notices nothing. */
#include "support.h"

#include <sys/socket.h>
#include <unistd.h>

#define BUILD(name) static void name(crb_buf *out)

/** The last flags of a stream that is opened, and the session's first message. */
static void open_session(crb_buf *out)
{
    crb_buf hello = CRB_BUF_INIT;
    h2_preface(out);
    h2_open(out, 1);
    hostile_hello(&hello);
    h2_message(out, 1, hello.data, hello.len);
    crb_buf_clear(&hello);
}

BUILD(http1)
{
    crb_buf_append(out, "GET / HTTP/1.1\r\nHost: x\r\n\r\n", 27);
}
BUILD(tls)
{
    crb_buf_append(out, "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 11);
}
BUILD(almost)
{
    crb_buf_append(out, "PRI * HTTP/3.0\r\n\r\n", 18);
}
BUILD(preface_and_garbage)
{
    crb_buf_append(out, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 24);
    for (int i = 0; i < 1000; i++) {
        crb_buf_append(out, "\xff\x00\xfe\x7f garbage \x1b[2J", 17);
    }
}
BUILD(long_frame)
{
    h2_preface(out);
    h2_frame(out, 0, 0, 1, NULL, 0xffffff);
}
BUILD(odd_settings)
{
    h2_preface(out);
    h2_frame(out, 4, 0, 0, "12345", 5);
}
BUILD(short_ping)
{
    h2_preface(out);
    h2_frame(out, 6, 0, 0, "123", 3);
}
BUILD(data_on_no_stream)
{
    h2_preface(out);
    h2_frame(out, 0, 0, 0, "data", 4);
}
BUILD(window_overflow)
{
    open_session(out);
    for (int i = 0; i < 3; i++) {
        h2_frame(out, 8, 0, 0, "\x7f\xff\xff\xff", 4);
    }
}
BUILD(bad_index)
{
    h2_preface(out);
    h2_frame(out, 1, 4, 1, "\xff\xff\xff\xff\x0f", 5);
}
/** 4 KB in the table of the server, named a thousand times. */
BUILD(table_bomb)
{
    static char value[3000];
    crb_buf fields = CRB_BUF_INIT;
    memset(value, 'v', sizeof value);
    h2_preface(out);
    h2_header(&fields, "bomb", value, sizeof value);
    fields.data[0] = 0x40; /* to be indexed */
    for (int i = 0; i < 10000; i++) {
        crb_buf_append(&fields, "\xbe", 1); /* the newest */
    }
    h2_frame(out, 1, 4, 1, fields.data, fields.len);
    crb_buf_clear(&fields);
}
BUILD(long_metadata)
{
    static char value[15000];
    crb_buf fields = CRB_BUF_INIT;
    memset(value, 'm', sizeof value);
    h2_preface(out);
    h2_header(&fields, "long", value, sizeof value);
    h2_frame(out, 1, 4, 1, fields.data, fields.len);
    crb_buf_clear(&fields);
}
BUILD(headers_without_end)
{
    static char value[15000];
    crb_buf fields = CRB_BUF_INIT;
    memset(value, 'c', sizeof value);
    h2_header(&fields, "more", value, sizeof value);
    h2_preface(out);
    h2_frame(out, 1, 0, 1, fields.data, fields.len);
    for (int i = 0; i < 1000; i++) {
        h2_frame(out, 9, 0, 1, fields.data, fields.len);
    }
    crb_buf_clear(&fields);
}
BUILD(settings_flood)
{
    h2_preface(out);
    for (int i = 0; i < 100000; i++) {
        h2_frame(out, 4, 0, 0, "\x00\x03\x00\x00\x00\x01", 6);
    }
}
/* gRPC 1.51 reads on as long as something comes, and keeps what it has to answer: no more than what must not be felt. */
enum { PINGS = 20000 / SLOW };

BUILD(ping_flood)
{
    open_session(out);
    for (int i = 0; i < PINGS; i++) {
        h2_frame(out, 6, 0, 0, "12345678", 8);
    }
}
BUILD(second_stream)
{
    open_session(out);
    h2_open(out, 3);
}
/* Streams that are opened and reset at once (a rapid reset). gRPC 1.51 reads on as long as something comes, about 80 us a stream:
 * so these are no more than what must not be felt. */
enum { STREAMS = 1000 / SLOW };

BUILD(stream_flood)
{
    open_session(out);
    for (uint32_t stream = 3; stream < 3 + 2 * STREAMS; stream += 2) {
        h2_open(out, stream);
        h2_frame(out, 3, 0, stream, "\x00\x00\x00\x08", 4);
    }
}
BUILD(reset_flood)
{
    h2_preface(out);
    for (uint32_t stream = 1; stream < 1 + 2 * STREAMS; stream += 2) {
        h2_open(out, stream);
        h2_frame(out, 3, 0, stream, "\x00\x00\x00\x08", 4);
    }
}
BUILD(other_method)
{
    h2_preface(out);
    h2_open_path(out, 1, "/grpc.health.v1.Health/Check");
}
BUILD(compressed)
{
    open_session(out);
    h2_frame(out, 0, 0, 1, "\x01\x00\x00\x00\x02\x78\x9c", 7);
}
BUILD(no_gRPC_message)
{
    open_session(out);
    h2_frame(out, 0, 0, 1, "\x7f\x00\x00\x00\x02\x78\x9c", 7);
}
BUILD(message_of_4_GiB)
{
    open_session(out);
    h2_frame(out, 0, 0, 1, "\x00\xff\xff\xff\xff data", 10);
}
BUILD(beyond_the_flow_window)
{
    static const uint8_t data[16384];
    open_session(out);
    h2_frame(out, 0, 0, 1, "\x00\x00\x3f\xff\xff", 5);
    for (int i = 0; i < 4000; i++) {
        h2_frame(out, 0, 0, 1, data, sizeof data);
    }
}
BUILD(trailers)
{
    open_session(out);
    h2_frame(out, 1, 5, 1, NULL, 0); /* END_STREAM, END_HEADERS */
}
BUILD(reset)
{
    open_session(out);
    h2_frame(out, 3, 0, 1, "\x00\x00\x00\x08", 4);
}
BUILD(goaway)
{
    open_session(out);
    h2_frame(out, 7, 0, 0, "\x00\x00\x00\x00\x00\x00\x00\x00", 8);
}

typedef struct row {
    const char *name;
    void (*build)(crb_buf *out);
    const char *line; /* what the log says; "": one line, whatever it says */
} row;

static const row rows[] = {
    { "HTTP/1.1", http1, "does not speak HTTP/2: closed" },
    { "TLS", tls, "does not speak HTTP/2: closed" },
    { "almost the preface", almost, "does not speak HTTP/2: closed" },
    { "garbage behind the preface", preface_and_garbage, "" },
    { "a frame that is too long", long_frame, "" },
    { "SETTINGS of an odd length", odd_settings, "" },
    { "a short PING", short_ping, "" },
    { "DATA on no stream", data_on_no_stream, "" },
    { "windows that overflow", window_overflow, "" },
    { "an index that is not there", bad_index, "" },
    { "one field, ten thousand times", table_bomb, "" },
    { "metadata that is too long", long_metadata, "" },
    { "headers without an end", headers_without_end, "" },
    { "a flood of SETTINGS", settings_flood, "" },
    { "a flood of PINGs", ping_flood, "" },
    { "a second stream", second_stream, "ended: the peer opened a second stream" },
    { "a flood of streams", stream_flood, "ended: the peer opened a second stream" },
    { "a flood of streams that are reset", reset_flood, "" },
    { "another method", other_method, "called a method that is not served here: closed" },
    { "a compressed message", compressed, "" },
    { "no gRPC message", no_gRPC_message, "" },
    { "a message of 4 GiB", message_of_4_GiB, "" },
    { "more than the flow window", beyond_the_flow_window, "" },
    { "trailers", trailers, "" },
    { "a reset", reset, "" },
    { "GOAWAY", goaway, "" },
};

static void each_ends_its_connection_with_one_line(void **state)
{
    (void)state;
    hostile_server server;
    assert_int_equal(LENGTH_OF(rows), 26);
    hostile_start(&server, false,
                  (const char *const[]) { "handshake_ms=1000", "ping_idle_ms=500", "ping_timeout_ms=2000", NULL });
    const size_t memory = hostile_memory(&server);
    for (size_t i = 0; i < LENGTH_OF(rows); i++) {
        char name[64];
        crb_buf out = CRB_BUF_INIT;
        const uint64_t begin = crb_now();
        const int fd = hostile_connect(&server, 1, name);
        rows[i].build(&out);
        assert_false(out.failed);
        (void)hostile_send(fd, out.data, out.len); /* it may be closed in the middle */
        crb_buf_clear(&out);
        if (!hostile_closed(fd, SLOW * PATIENCE / CRB_MS)) {
            fail_msg("%s: not closed", rows[i].name);
        }
        close(fd);
        print_message("%-34s %5llu ms, %6zu KiB\n", rows[i].name, (unsigned long long)((crb_now() - begin) / CRB_MS),
                      hostile_memory(&server));
        hostile_expect_one_line(&server, name, rows[i].line);
        assert_true(hostile_memory(&server) < memory + (size_t)SLOW * 160 * 1024);
    }
    hostile_stop(&server);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_ends_its_connection_with_one_line),
    };
    if (argc < 2) {
        return 2;
    }
    hostile_program = argv[1];
    return cmocka_run_group_tests(tests, NULL, NULL);
}
