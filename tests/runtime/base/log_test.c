/* The level is read once a process: each case runs in a child of its own, whose stderr is a datagram socket, so that every
 * write(2) arrives as one piece. */
#include "runtime/base/clock.h"
#include "runtime/base/log.h"
#include "tests/runtime/support/test.h"

#include <errno.h>
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
    assert_int_equal(LENGTH_OF(rows), 8);
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(levels_choose_lines_written_at_once),
        cmocka_unit_test(a_long_line_is_cut_and_says_so),
        cmocka_unit_test(lines_about_peers_do_not_fill_the_log),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
