/** Contexts from process to process: this one calls a second, which calls a third, which each have this one's objects to call
 * back; everything that is to go on goes on, and nothing else. context_chain_test WAYS_SERVER */
#include "tests/daemon/ways.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define LENGTH_OF(array) (sizeof(array) / sizeof *(array))
#define TRACE_ID "00-0af7651916cd43dd8448eb211c80319c-"

static const char *program;

/** A place in a process of its own. */
typedef struct child {
    pid_t pid;
    char uris[3][256];
} child;

static child children[2];

static int child_start(child *c)
{
    int out[2];
    if (pipe(out) != 0) {
        return -1;
    }
    c->pid = fork(); /* before any runtime: gRPC is not up yet */
    if (c->pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL); /* a test that fails leaves nothing running */
        dup2(out[1], STDOUT_FILENO);
        close(out[0]);
        close(out[1]);
        execl(program, program, (char *)NULL);
        _exit(127);
    }
    close(out[1]);
    FILE *const lines = fdopen(out[0], "r");
    bool got = lines != NULL;
    for (size_t i = 0; i < LENGTH_OF(c->uris) && got; i++) {
        got = fgets(c->uris[i], sizeof c->uris[i], lines) != NULL;
        c->uris[i][strcspn(c->uris[i], "\n")] = '\0';
    }
    if (lines != NULL) {
        (void)fclose(lines);
    }
    return got ? 0 : -1;
}

static int set_up(void **state)
{
    (void)state;
    return child_start(&children[0]) == 0 ? child_start(&children[1]) : -1;
}

static int tear_down(void **state)
{
    bool right = true;
    (void)state;
    for (size_t i = 0; i < LENGTH_OF(children); i++) {
        int status = 0;
        right = kill(children[i].pid, SIGTERM) == 0 && waitpid(children[i].pid, &status, 0) == children[i].pid && right;
        right = right && WIFEXITED(status) && WEXITSTATUS(status) == 0;
    }
    return right ? 0 : -1;
}

/** The second's own line, with the parent id left out. */
static void expect_line(char *line, const char *expected)
{
    char *const trace = strstr(line, TRACE_ID);
    if (trace != NULL) {
        memcpy(trace, "TRACE", 5);
        memmove(trace + 5, trace + strlen(TRACE_ID) + 16, strlen(trace + strlen(TRACE_ID) + 16) + 1);
    }
    assert_string_equal(line, expected);
    corbel_string_free(line);
}

/** Each way from the second to the third, and from the second back to this one. */
static void goes(ways_Place *second, ways_Place *third, ways_place *own, const corbel_context *context, const char *carried,
                 const char *expected)
{
    corbel_error error = CORBEL_ERROR_INIT;
    corbel_options options = CORBEL_OPTIONS_INIT;
    corbel_context *const reply = corbel_context_new();
    options.context = context;
    options.reply = reply;
    ways_Place *const carrying = ways_Place_with(second, &options);
    const char *const there[] = { children[1].uris[0], children[1].uris[1], children[1].uris[2] };
    const char *const back[] = { own->uris[0], own->uris[1], own->uris[2] };
    ways_Place *const noting[] = { third, own->object };
    for (size_t i = 0; i < ways_n_rows; i++) {
        const char *const *const uris[] = { there, back };
        for (size_t at = 0; at < LENGTH_OF(uris); at++) {
            char *line = NULL, *noted = NULL;
            MUST(ways_Place_go_uri(carrying, ways_rows[i].how, uris[at][0], uris[at][1], uris[at][2], &line, &error));
            expect_line(line, carried);
            MUST(ways_Place_noted(noting[at], ways_count(&ways_rows[i]), &noted, &error));
            ways_expect(&ways_rows[i], noted, expected);
            assert_int_equal(corbel_context_count(reply), 0); /* what the last one answered with stays with the second */
        }
    }
    ways_Place_unref(carrying);
    corbel_context_unref(reply);
}

static void three_processes(void **state)
{
    corbel_error error = CORBEL_ERROR_INIT;
    static ways_place own;
    ways_Place *second = NULL, *third = NULL;
    (void)state;
    ways_place_start(&own);
    MUST(ways_Place_from_uri(own.runtime, children[0].uris[0], &second, &error));
    MUST(ways_Place_from_uri(own.runtime, children[1].uris[0], &third, &error));
    corbel_context *const full = corbel_context_new(), *const other = corbel_context_new();
    MUST(corbel_context_set_correlation(full, "id", &error));
    MUST(corbel_context_set_traceparent(full, WAYS_TRACE, &error));
    MUST(corbel_context_set(full, "on", "1", &error));
    MUST(corbel_context_set_here(full, "here", "2", &error));
    MUST(corbel_context_set_correlation(other, "other", &error));
    MUST(corbel_context_set(other, "x", "3", &error));
    goes(second, third, &own, full, "id|TRACE-01|here=2!,on=1", "id|TRACE-01|on=1");
    goes(second, third, &own, other, "other||x=3", "other||x=3");
    goes(second, third, &own, NULL, "||", "||");
    corbel_context_unref(full);
    corbel_context_unref(other);
    ways_Place_unref(second);
    ways_Place_unref(third);
    ways_place_stop(&own);
}

int main(int argc, char **argv)
{
    program = argc > 1 ? argv[1] : "";
    const struct CMUnitTest tests[] = { cmocka_unit_test(three_processes) };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
