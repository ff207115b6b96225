/* The level is read once a process: each case runs in a child of its own, whose stderr is a datagram socket, so that every
 * write(2) arrives as one piece. */
#include "runtime/base/clock.h"
#include "runtime/base/log.h"
#include "tests/runtime/support/test.h"

#include <errno.h>
#include <pthread.h>
#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MAX_LINES = 160, MAX_LINE = 8192 };

typedef struct row {
    const char *level; /* of CORBEL_LOG; NULL: unset */
    size_t n_lines;
    const char *lines[5]; /* what stands behind the date and process */
} row;

#define COMPLAINT "warning log: CORBEL_LOG is 'loud\\x0a'; it can be error, warning, info, debug, or off; warning it is"

static const row rows[] = {
    { NULL, 2, { "error room: e 1", "warning room: w 2" } },
    { "", 2, { "error room: e 1", "warning room: w 2" } },
    { "off", 0, { NULL } },
    { "error", 1, { "error room: e 1" } },
    { "warning", 2, { "error room: e 1", "warning room: w 2" } },
    { "info", 3, { "error room: e 1", "warning room: w 2", "info room: i\\x0a" } },
    { "debug", 4, { "error room: e 1", "warning room: w 2", "info room: i\\x0a", "debug room: d" } },
    { "room=debug", 4, { "error room: e 1", "warning room: w 2", "info room: i\\x0a", "debug room: d" } },
    { "debug,room=off,other=info", 0, { NULL } },
    { "off,room=error,room=warning", 2, { "error room: e 1", "warning room: w 2" } },
    { "loud\n", 3, { COMPLAINT, "error room: e 1", "warning room: w 2" } },
};

static void log_one_of_each(void)
{
    errno = EPIPE;
    crb_log(CRB_LOG_ERROR, "room", "e %d", 1);
    if (errno != EPIPE) {
        _exit(1);
    }
    crb_log(CRB_LOG_WARNING, "room", "w %d", 2);
    crb_log(CRB_LOG_INFO, "room", "i\n");
    crb_log(CRB_LOG_DEBUG, "room", "d");
    if (crb_log_enabled(CRB_LOG_OFF)) {
        _exit(1);
    }
}

static void log_long(void)
{
    char *text = malloc(5001);
    if (text == NULL) {
        _exit(1);
    }
    memset(text, '\n', 5000);
    text[5000] = '\0';
    crb_log(CRB_LOG_ERROR, "room", "%s", text);
    free(text);
}

/** Runs body in a child and collects its writes to stderr. */
static size_t run_logged(const char *level, void (*body)(void), char lines[][MAX_LINE])
{
    int pair[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair), 0);
    const pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        if (level != NULL) {
            setenv("CORBEL_LOG", level, 1);
        } else {
            unsetenv("CORBEL_LOG");
        }
        dup2(pair[1], STDERR_FILENO);
        close(pair[0]);
        close(pair[1]);
        body();
        _exit(0);
    }
    close(pair[1]);
    size_t n = 0;
    ssize_t len = 0;
    while (n < MAX_LINES && (len = read(pair[0], lines[n], MAX_LINE - 1)) > 0) {
        lines[n++][len] = '\0';
    }
    close(pair[0]);
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    return n;
}

static void levels_choose_lines_written_at_once(void **state)
{
    (void)state;
    static char lines[MAX_LINES][MAX_LINE];
    regex_t head;
    assert_int_equal(
        regcomp(&head, "^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\\.[0-9]{3}Z corbel\\[[0-9]+\\] ", REG_EXTENDED),
        0);
    assert_int_equal(LENGTH_OF(rows), 11);
    for (size_t i = 0; i < LENGTH_OF(rows); i++) {
        const size_t n = run_logged(rows[i].level, log_one_of_each, lines);
        assert_int_equal(n, rows[i].n_lines);
        for (size_t k = 0; k < n; k++) {
            regmatch_t match;
            assert_int_equal(regexec(&head, lines[k], 1, &match, 0), 0);
            char expected[256];
            snprintf(expected, sizeof expected, "%s\n", rows[i].lines[k]);
            assert_string_equal(lines[k] + match.rm_eo, expected);
        }
    }
    regfree(&head);
}

static void a_long_line_is_cut_and_says_so(void **state)
{
    (void)state;
    static char lines[MAX_LINES][MAX_LINE];
    assert_int_equal(run_logged("error", log_long, lines), 1);
    const char *end = "\\x0a\\x0a ...\n";
    const size_t len = strlen(lines[0]);
    assert_true(len > 4000 && len < 5000);
    assert_string_equal(lines[0] + len - strlen(end), end);
}

static void log_flood(void)
{
    for (unsigned i = 0; i < 1000; i++) {
        crb_log_peer(CRB_LOG_WARNING, "room", "p %u", i);
    }
    crb_log_peer(CRB_LOG_INFO, "room", "not at this level");
    for (const uint64_t until = crb_now() + 300 * CRB_MS; crb_now() < until;) { /* more are due each eighth of a second */
        crb_log_peer(CRB_LOG_WARNING, "room", "p \x1b");
    }
}

/** What peers cause is written up to a burst, then a few a second, and what is left out is counted. */
static void lines_about_peers_do_not_fill_the_log(void **state)
{
    (void)state;
    static char lines[MAX_LINES][MAX_LINE];
    const size_t n = run_logged("warning", log_flood, lines);
    assert_true(n > CRB_LOG_PEER_BURST && n < 2 * CRB_LOG_PEER_BURST);
    for (size_t i = 0; i < CRB_LOG_PEER_BURST; i++) {
        char expected[64];
        snprintf(expected, sizeof expected, " warning room: p %zu\n", i);
        assert_non_null(strstr(lines[i], expected));
    }
    unsigned left_out = 0;
    const char *const told = strstr(lines[CRB_LOG_PEER_BURST], " (and ");
    assert_non_null(told);
    assert_int_equal(sscanf(told, " (and %u lines like this left out)\n", &left_out), 1);
    assert_true(left_out >= 900);
    if (strstr(lines[CRB_LOG_PEER_BURST], "p \\x1b") == NULL) {
        assert_non_null(strstr(lines[CRB_LOG_PEER_BURST], "p 9")); /* written slowly, the flood itself was let through again */
    }
}

/* ---- the sink; levels that are set ---- */

typedef struct heard {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    size_t n;
    bool held; /* the sink does not return while this is so */
    char lines[8][256];
} heard;

static heard heard_now = { .lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER };

static void hear(void *user, const corbel_log_line *line)
{
    heard *const h = user;
    crb_log(CRB_LOG_ERROR, "sink", "this goes nowhere");
    corbel_error error = CORBEL_ERROR_INIT;
    assert_int_equal(corbel_log_set_sink(NULL, NULL, &error), CORBEL_MISUSE);
    corbel_error_clear(&error);
    assert_true(line->size >= sizeof *line && line->when_ms > 0);
    pthread_mutex_lock(&h->lock);
    snprintf(h->lines[h->n++ % 8], sizeof h->lines[0], "%d %s [%s] %s", (int)line->level, line->room, line->correlation,
             line->text);
    pthread_cond_broadcast(&h->changed);
    while (h->held) {
        pthread_cond_wait(&h->changed, &h->lock);
    }
    pthread_mutex_unlock(&h->lock);
}

static void a_sink_gets_the_lines(void **state)
{
    (void)state;
    corbel_error error = CORBEL_ERROR_INIT;
    heard_now.n = 0;
    assert_int_equal(corbel_log_set_levels("info", &error), CORBEL_OK);
    assert_int_equal(corbel_log_set_sink(hear, &heard_now, &error), CORBEL_OK);
    crb_log_set_correlation("id\x1b");
    corbel_log(CORBEL_LOG_INFO, "mine", "one %d\n", 1);
    crb_log_set_correlation("");
    corbel_log(CORBEL_LOG_DEBUG, "mine", "not at this level");
    corbel_log(CORBEL_LOG_OFF, "mine", "never");
    crb_log(CRB_LOG_ERROR, "session", "two");
    assert_int_equal(corbel_log_set_sink(NULL, NULL, &error), CORBEL_OK); /* it has got them all now */
    assert_int_equal(heard_now.n, 2);
    assert_string_equal(heard_now.lines[0], "3 mine [id\\x1b] one 1\\x0a");
    assert_string_equal(heard_now.lines[1], "1 session [] two");
    assert_int_equal(corbel_log_set_levels("warning", &error), CORBEL_OK);
}

static void a_slow_sink_misses_lines_and_is_told(void **state)
{
    (void)state;
    corbel_error error = CORBEL_ERROR_INIT;
    heard_now.n = 0;
    heard_now.held = true;
    assert_int_equal(corbel_log_set_sink(hear, &heard_now, &error), CORBEL_OK);
    corbel_log(CORBEL_LOG_ERROR, "mine", "the first");
    pthread_mutex_lock(&heard_now.lock);
    while (heard_now.n == 0) {
        pthread_cond_wait(&heard_now.changed, &heard_now.lock);
    }
    pthread_mutex_unlock(&heard_now.lock);
    for (int i = 0; i < 1024 + 5; i++) {
        corbel_log(CORBEL_LOG_ERROR, "mine", "line %d", i);
    }
    pthread_mutex_lock(&heard_now.lock);
    heard_now.held = false;
    pthread_cond_broadcast(&heard_now.changed);
    pthread_mutex_unlock(&heard_now.lock);
    assert_int_equal(corbel_log_set_sink(NULL, NULL, &error), CORBEL_OK);
    assert_int_equal(heard_now.n, 1 + 1024 + 1);
    assert_string_equal(heard_now.lines[(heard_now.n - 1) % 8], "2 log [] 5 lines left out, as the sink is too slow");
}

static void levels_are_set_by_room(void **state)
{
    (void)state;
    static const char *const wrong[] = { "",      "loud",      "warning,", "=debug",
                                         "room=", "room=loud", "a=b=c",    "sixteen_is_too_much=debug",
                                         ",",     "Debug" };
    corbel_error error = CORBEL_ERROR_INIT;
    assert_int_equal(corbel_log_set_levels("error,session=debug,grpc=off", &error), CORBEL_OK);
    assert_int_equal(corbel_log_get_level("session"), CORBEL_LOG_DEBUG);
    assert_int_equal(corbel_log_get_level("grpc"), CORBEL_LOG_OFF);
    assert_int_equal(corbel_log_get_level("daemon"), CORBEL_LOG_ERROR);
    assert_int_equal(LENGTH_OF(wrong), 10);
    for (size_t i = 0; i < LENGTH_OF(wrong); i++) {
        assert_int_equal(corbel_log_set_levels(wrong[i], &error), CORBEL_INVALID_ARGUMENT);
    }
    assert_int_equal(corbel_log_set_levels(NULL, &error), CORBEL_INVALID_ARGUMENT);
    assert_int_equal(corbel_log_get_level("session"), CORBEL_LOG_DEBUG);
    assert_int_equal(corbel_log_set_levels("warning", &error), CORBEL_OK);
    assert_int_equal(corbel_log_get_level("session"), CORBEL_LOG_WARNING);
    corbel_error_clear(&error);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(levels_choose_lines_written_at_once),   cmocka_unit_test(a_long_line_is_cut_and_says_so),
        cmocka_unit_test(lines_about_peers_do_not_fill_the_log), cmocka_unit_test(a_sink_gets_the_lines),
        cmocka_unit_test(a_slow_sink_misses_lines_and_is_told),  cmocka_unit_test(levels_are_set_by_room),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
