/* See support.h. */
#include "support.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

const char *hostile_program;

#define MUST(call) support_must((call), &error, #call)

static void support_must(corbel_status status, corbel_error *error, const char *what)
{
    if (status != CORBEL_OK) {
        fail_msg("%s: %s: %s", what, corbel_status_name(status), error->message);
    }
}

/** Between two looks at something that no event tells of. */
static void support_pause(void)
{
    (void)poll(NULL, 0, 2);
}

/* ---- the server ---- */

static void support_exec(const hostile_server *server, const char *listen, const char *const *limits, int out)
{
    const char *argv[32] = { hostile_program, listen };
    size_t n = 2;
    for (; limits != NULL && *limits != NULL && n < LENGTH_OF(argv) - 1; limits++) {
        argv[n++] = *limits;
    }
    const int log = open(server->log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    prctl(PR_SET_PDEATHSIG, SIGKILL); /* a test that fails leaves nothing running */
    setenv("CORBEL_LOG", "warning", 1);
    dup2(out, STDOUT_FILENO);
    dup2(log, STDERR_FILENO);
    execv(hostile_program, (char *const *)(uintptr_t)argv);
    _exit(127);
}

static void *support_honest(void *user)
{
    hostile_server *const server = user;
    corbel_error error = CORBEL_ERROR_INIT;
    for (int32_t i = 0; !atomic_load(&server->stop); i++) {
        int32_t sum = 0;
        const uint64_t begin = crb_now();
        if (hostile_Target_add(server->target, i, 1, &sum, &error) || sum != i + 1) {
            if (atomic_fetch_add(&server->failures, 1) == 0) {
                (void)snprintf(server->failure, sizeof server->failure, "%s", error.message);
            }
            corbel_error_clear(&error);
        }
        const uint64_t us = (crb_now() - begin) / 1000;
        if (us > atomic_load(&server->longest_us)) {
            atomic_store(&server->longest_us, us);
        }
        atomic_fetch_add(&server->calls, 1);
        (void)poll(NULL, 0, 1); /* it does not want the machine for itself */
    }
    return NULL;
}

void hostile_start(hostile_server *server, bool with_unix, const char *const *limits)
{
    static unsigned number;
    corbel_error error = CORBEL_ERROR_INIT;
    char listen[512] = "127.0.0.1:0";
    int out[2];
    memset(server, 0, sizeof *server);
    (void)snprintf(server->log, sizeof server->log, "%s/log-%u", test_folder(), ++number);
    if (with_unix) {
        (void)snprintf(server->socket, sizeof server->socket, "%s/socket-%u", test_folder(), number);
        (void)snprintf(listen, sizeof listen, "127.0.0.1:0,unix:%s", server->socket);
    }
    assert_int_equal(pipe2(out, O_CLOEXEC), 0);
    server->pid = fork();
    if (server->pid == 0) {
        support_exec(server, listen, limits, out[1]);
    }
    close(out[1]);
    FILE *const lines = fdopen(out[0], "r");
    assert_non_null(lines);
    if (fgets(server->uri, sizeof server->uri, lines) == NULL || strncmp(server->uri, "ready ", 6) != 0) {
        fail_msg("the server did not start");
    }
    (void)fclose(lines);
    memmove(server->uri, server->uri + 6, strlen(server->uri + 6) + 1);
    server->uri[strcspn(server->uri, "\n")] = '\0';
    const char *const at = strstr(server->uri, "@127.0.0.1:");
    assert_non_null(at);
    server->port = (uint16_t)strtoul(at + strlen("@127.0.0.1:"), NULL, 10);
    const corbel_runtime_options options = { .size = sizeof options, .name = "honest" };
    MUST(corbel_runtime_new(&options, &server->runtime, &error));
    MUST(hostile_Target_from_uri(server->runtime, server->uri, &server->target, &error));
    MUST(hostile_Target_add(server->target, 1, 1, NULL, &error));
    server->descriptors = hostile_descriptors(server);
    assert_int_equal(pthread_create(&server->thread, NULL, support_honest, server), 0);
}

void hostile_stop(hostile_server *server)
{
    int status = 0;
    hostile_let_call(server, 3);
    hostile_wait_idle(server);
    atomic_store(&server->stop, true);
    pthread_join(server->thread, NULL);
    if (atomic_load(&server->failures) > 0) {
        fail_msg("the honest client: %llu of %llu calls failed; the first: %s", (unsigned long long)server->failures,
                 (unsigned long long)server->calls, server->failure);
    }
    hostile_Target_unref(server->target);
    corbel_runtime_unref(server->runtime);
    assert_int_equal(kill(server->pid, SIGTERM), 0);
    assert_int_equal(waitpid(server->pid, &status, 0), server->pid);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

void hostile_let_call(const hostile_server *server, uint64_t n)
{
    const uint64_t wanted = atomic_load(&server->calls) + n;
    const uint64_t until = crb_now() + SLOW * PATIENCE;
    while (atomic_load(&server->calls) < wanted) {
        assert_true(crb_now() < until);
        support_pause();
    }
}

uint64_t hostile_new_client(const hostile_server *server)
{
    corbel_error error = CORBEL_ERROR_INIT;
    corbel_runtime *runtime = NULL;
    hostile_Target *target = NULL;
    int32_t sum = 0;
    MUST(corbel_runtime_new(NULL, &runtime, &error));
    const uint64_t begin = crb_now();
    MUST(hostile_Target_from_uri(runtime, server->uri, &target, &error));
    MUST(hostile_Target_add(target, 2, 3, &sum, &error));
    const uint64_t ms = (crb_now() - begin) / CRB_MS;
    assert_int_equal(sum, 5);
    hostile_Target_unref(target);
    corbel_runtime_unref(runtime);
    return ms;
}

/* ---- what is seen of it ---- */

size_t hostile_descriptors(const hostile_server *server)
{
    char path[64];
    size_t n = 0;
    (void)snprintf(path, sizeof path, "/proc/%ld/fd", (long)server->pid);
    DIR *const folder = opendir(path);
    assert_non_null(folder);
    while (readdir(folder) != NULL) {
        n++;
    }
    closedir(folder);
    return n;
}

size_t hostile_memory(const hostile_server *server)
{
    char path[64];
    unsigned long all = 0, resident = 0;
    (void)snprintf(path, sizeof path, "/proc/%ld/statm", (long)server->pid);
    FILE *const file = fopen(path, "r");
    assert_non_null(file);
    assert_int_equal(fscanf(file, "%lu %lu", &all, &resident), 2);
    (void)fclose(file);
    return resident * (size_t)sysconf(_SC_PAGESIZE) / 1024;
}

void hostile_wait_idle(hostile_server *server)
{
    const uint64_t until = crb_now() + SLOW * PATIENCE;
    while (hostile_descriptors(server) > server->descriptors) {
        if (crb_now() >= until) {
            fail_msg("the server has %zu descriptors; idle it had %zu", hostile_descriptors(server), server->descriptors);
        }
        support_pause();
    }
}

/** The whole lines since log_at, which moves. */
static size_t support_read_log(hostile_server *server, char lines[][HOSTILE_LINE], size_t n)
{
    static char line[4 * HOSTILE_LINE];
    FILE *const file = fopen(server->log, "r");
    assert_non_null(file);
    assert_int_equal(fseek(file, server->log_at, SEEK_SET), 0);
    while (n < HOSTILE_LINES && fgets(line, sizeof line, file) != NULL && strchr(line, '\n') != NULL) {
        server->log_at = ftell(file);
        line[strcspn(line, "\n")] = '\0';
        const char *const text = strstr(line, "] ");
        (void)snprintf(lines[n++], HOSTILE_LINE, "%.1000s", text == NULL ? line : text + 2);
    }
    (void)fclose(file);
    return n;
}

size_t hostile_log(hostile_server *server, size_t n, char lines[][HOSTILE_LINE])
{
    const uint64_t until = crb_now() + SLOW * PATIENCE;
    size_t got = support_read_log(server, lines, 0);
    while (got < n) {
        if (crb_now() >= until) {
            fail_msg("%zu lines in the log, not %zu", got, n);
        }
        support_pause();
        got = support_read_log(server, lines, got);
    }
    return got;
}

void hostile_expect_one_line(hostile_server *server, const char *who, const char *what)
{
    static char lines[HOSTILE_LINES][HOSTILE_LINE];
    hostile_wait_idle(server);
    hostile_let_call(server, 2);
    const size_t n = hostile_log(server, 1, lines);
    for (size_t i = 0; n > 1 && i < n; i++) {
        print_error("%s\n", lines[i]);
    }
    assert_int_equal(n, 1);
    if (strstr(lines[0], who) == NULL || strstr(lines[0], what) == NULL) {
        fail_msg("'%s' does not tell of '%s' that '%s'", lines[0], who, what);
    }
    for (const char *at = lines[0]; *at != '\0'; at++) {
        assert_true((unsigned char)*at >= 0x20 && *at != 0x7f);
    }
}

/* ---- plain sockets ---- */

int hostile_connect(const hostile_server *server, uint8_t from, char name[64])
{
    struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK - 1 + from) };
    socklen_t len = sizeof at;
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    assert_int_equal(bind(fd, (const struct sockaddr *)&at, sizeof at), 0);
    const struct sockaddr_in to = { .sin_family = AF_INET,
                                    .sin_port = htons(server->port),
                                    .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    assert_int_equal(connect(fd, (const struct sockaddr *)&to, sizeof to), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &len), 0);
    if (name != NULL) {
        (void)snprintf(name, 64, "127.0.0.%u:%u", from, ntohs(at.sin_port));
    }
    return fd;
}

int hostile_connect_unix(const hostile_server *server)
{
    struct sockaddr_un to = { .sun_family = AF_UNIX };
    (void)snprintf(to.sun_path, sizeof to.sun_path, "%.100s", server->socket);
    const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    assert_int_equal(connect(fd, (const struct sockaddr *)&to, sizeof to), 0);
    return fd;
}

bool hostile_send(int fd, const void *data, size_t len)
{
    const uint8_t *at = data;
    while (len > 0) {
        struct pollfd wait = { .fd = fd, .events = POLLOUT };
        char drop[4096];
        const ssize_t n = send(fd, at, len, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (n > 0) {
            at += n;
            len -= (size_t)n;
        } else if (n < 0 && errno == EAGAIN) {
            wait.events |= POLLIN; /* what the server says is not of interest, but it must not wait for us */
            if (poll(&wait, 1, (int)(SLOW * PATIENCE / CRB_MS)) != 1) {
                return false;
            }
            if ((wait.revents & POLLIN) != 0 && recv(fd, drop, sizeof drop, MSG_DONTWAIT) == 0) {
                return false;
            }
        } else if (n < 0 && errno != EINTR) {
            return false;
        }
    }
    return true;
}

bool hostile_closed(int fd, uint64_t ms)
{
    const uint64_t until = crb_now() + ms * CRB_MS;
    for (;;) {
        char drop[65536];
        const uint64_t now = crb_now();
        struct pollfd wait = { .fd = fd, .events = POLLIN };
        if (now >= until || poll(&wait, 1, (int)((until - now) / CRB_MS) + 1) != 1) {
            return false;
        }
        const ssize_t n = recv(fd, drop, sizeof drop, MSG_DONTWAIT);
        if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR)) {
            return true;
        }
    }
}

/* ---- HTTP/2 ---- */

void h2_frame(crb_buf *out, uint8_t type, uint8_t flags, uint32_t stream, const void *payload, size_t len)
{
    const uint8_t head[9] = { (uint8_t)(len >> 16),    (uint8_t)(len >> 8),     (uint8_t)len,           type,           flags,
                              (uint8_t)(stream >> 24), (uint8_t)(stream >> 16), (uint8_t)(stream >> 8), (uint8_t)stream };
    crb_buf_append(out, head, sizeof head);
    if (len > 0 && payload != NULL) {
        crb_buf_append(out, payload, len);
    }
}

void h2_preface(crb_buf *out)
{
    crb_buf_append(out, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 24);
    h2_frame(out, 4, 0, 0, NULL, 0);
}

static void h2_length(crb_buf *out, size_t len)
{
    uint8_t bytes[8];
    size_t n = 0;
    bytes[n++] = (uint8_t)(len < 127 ? len : 127);
    if (len >= 127) {
        for (len -= 127; len >= 128; len >>= 7) {
            bytes[n++] = (uint8_t)(len | 0x80);
        }
        bytes[n++] = (uint8_t)len;
    }
    crb_buf_append(out, bytes, n);
}

void h2_header(crb_buf *out, const char *name, const char *value, size_t value_len)
{
    crb_buf_append(out, "", 1);
    h2_length(out, strlen(name));
    crb_buf_append(out, name, strlen(name));
    h2_length(out, value_len);
    crb_buf_append(out, value, value_len);
}

static void h2_text(crb_buf *out, const char *name, const char *value)
{
    h2_header(out, name, value, strlen(value));
}

void h2_open(crb_buf *out, uint32_t stream)
{
    h2_open_path(out, stream, "/corbel.Session/Open");
}

void h2_open_path(crb_buf *out, uint32_t stream, const char *path)
{
    crb_buf fields = CRB_BUF_INIT;
    h2_text(&fields, ":method", "POST");
    h2_text(&fields, ":scheme", "http");
    h2_text(&fields, ":path", path);
    h2_text(&fields, ":authority", "corbel");
    h2_text(&fields, "te", "trailers");
    h2_text(&fields, "content-type", "application/grpc");
    h2_frame(out, 1, 4, stream, fields.data, fields.len); /* END_HEADERS */
    crb_buf_clear(&fields);
}

void h2_message(crb_buf *out, uint32_t stream, const void *data, size_t len)
{
    crb_buf whole = CRB_BUF_INIT;
    const uint8_t head[5] = { 0, (uint8_t)(len >> 24), (uint8_t)(len >> 16), (uint8_t)(len >> 8), (uint8_t)len };
    crb_buf_append(&whole, head, sizeof head);
    crb_buf_append(&whole, data, len);
    h2_frame(out, 0, 0, stream, whole.data, whole.len);
    crb_buf_clear(&whole);
}

/* ---- sessions ---- */

void hostile_frame(crb_buf *message, const crb_frame *frame)
{
    crb_scratch scratch;
    crb_scratch_init(&scratch);
    crb_frame_pack(message, frame, &scratch);
    crb_scratch_reset(&scratch, 0);
    assert_false(message->failed);
}

crb_frame hostile_hello_frame(void)
{
    crb_frame frame = { .type = CRB_WIRE_HELLO };
    frame.u.hello = (crb_wire_hello) {
        .major = CRB_PROTOCOL_MAJOR,
        .name = "hostile \x1b[31m\n",
        .max_body = 1u << 20,
        .window_requests = 65536,
        .window_nested = 65536,
        .window_responses = 65536,
        .window_bulk = 65536,
        .max_questions = 1000,
        .max_exports = 1000,
        .max_operations = 1000,
        .max_references = 1000,
        .max_hops = 100,
        .window_stream = 65536,
        .max_streams = 100,
        .instance = { 1 },
    };
    return frame;
}

void hostile_hello(crb_buf *message)
{
    const crb_frame frame = hostile_hello_frame();
    hostile_frame(message, &frame);
}
