/** Chains that come back, and chains that wait for each other, by way of two and three processes.
 *  strict_test ACTORS_SERVER [unix] */
#include "tests/daemon/actors.h"

#include "runtime/base/clock.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define PROCESSES 3

typedef struct child {
    pid_t pid;
    char uri[512];
} child;

static const char *program;
static bool over_unix;
static child children[PROCESSES];
static corbel_runtime *client;
/** In the first process: 0 is strict, 1 and 2 are serial. To all, 3 is the second process's object, 4 the third's. */
static serial_Node *nodes[5];

static void child_start(unsigned number, const char *kinds)
{
    child *const c = &children[number];
    int out[2];
    char prefix[16], at[64] = "localhost:0";
    (void)snprintf(prefix, sizeof prefix, "process%u-", number + 1);
    if (over_unix) {
        (void)snprintf(at, sizeof at, "unix:@corbel-strict-test-%ld-%u", (long)getpid(), number);
    }
    assert_int_equal(pipe(out), 0);
    c->pid = fork(); /* before any runtime */
    if (c->pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL); /* a test that fails leaves nothing running */
        dup2(out[1], STDOUT_FILENO);
        close(out[0]);
        close(out[1]);
        execl(program, program, kinds, prefix, at, (char *)NULL);
        _exit(127);
    }
    close(out[1]);
    FILE *const lines = fdopen(out[0], "r");
    assert_non_null(lines);
    assert_non_null(fgets(c->uri, sizeof c->uri, lines));
    assert_int_equal(strncmp(c->uri, "ready ", 6), 0);
    memmove(c->uri, c->uri + 6, strlen(c->uri + 6) + 1);
    c->uri[strcspn(c->uri, "\n")] = '\0';
    (void)fclose(lines);
}

static char uris[5][512];

/** Object k of the process is node n of all. */
static void find(unsigned n, unsigned number, unsigned k)
{
    corbel_error error = CORBEL_ERROR_INIT;
    char *const at = strstr(strcpy(uris[n], children[number].uri), "-0@");
    assert_non_null(at);
    at[1] = (char)('0' + k);
    MUST(serial_Node_from_uri(client, uris[n], &nodes[n], &error));
}

static int set_up(void **state)
{
    corbel_error error = CORBEL_ERROR_INIT;
    (void)state;
    child_start(0, "tss");
    child_start(1, "n");
    child_start(2, "n");
    MUST(corbel_runtime_new(NULL, &client, &error));
    for (unsigned k = 0; k < 3; k++) {
        find(k, 0, k);
    }
    find(3, 1, 0);
    find(4, 2, 0);
    static const unsigned first[PROCESSES] = { 0, 3, 4 };
    for (unsigned i = 0; i < PROCESSES; i++) {
        for (unsigned k = 0; k < 5; k++) {
            MUST(serial_Node_link(nodes[first[i]], (int32_t)k, uris[k], &error));
        }
    }
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    for (unsigned k = 0; k < 5; k++) {
        serial_Node_unref(nodes[k]);
    }
    corbel_runtime_unref(client);
    for (unsigned i = 0; i < PROCESSES; i++) {
        int status = 0;
        assert_int_equal(kill(children[i].pid, SIGTERM), 0);
        assert_int_equal(waitpid(children[i].pid, &status, 0), children[i].pid);
        assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    }
    return 0;
}

/** A serial object lets the chain in, whatever way it took. */
static void serial_ones_let_it_in(void **state)
{
    corbel_error error = CORBEL_ERROR_INIT;
    (void)state;
    MUST(serial_Node_run(nodes[1], "A31", NULL, &error));
    MUST(serial_Node_run(nodes[1], "A341", NULL, &error));
    MUST(serial_Node_run(nodes[1], "A3421431", NULL, &error));
}

static void check_refused(const char *script, const char *elsewhere, const char *const *daemons, size_t n)
{
    corbel_error error = CORBEL_ERROR_INIT;
    const uint64_t start = crb_now();
    assert_int_equal(serial_Node_run(nodes[0], script, NULL, &error), CORBEL_DEADLOCK);
    assert_true(crb_now() - start < probe_slow * CRB_SECOND);

    assert_non_null(strstr(error.message, "serial::Node::run of process1-0 comes back to an object of process1-"));
    assert_non_null(strstr(error.message, elsewhere));
    assert_int_equal(corbel_error_hops(&error), n);
    for (size_t i = 0; i < n; i++) {
        assert_string_equal(corbel_error_hop(&error, i).daemon, daemons[i]);
        assert_string_equal(corbel_error_hop(&error, i).operation, "serial::Node::run");
    }
    corbel_error_clear(&error);
}

static void through_two_processes(void **state)
{
    static const char *const daemons[] = { "process1-", "process2-", "process1-" };
    (void)state;
    check_refused("A30", "run of process1-0 > 1 call elsewhere > serial::Node::run of process1-0", daemons, 3);
}

static void through_three_processes(void **state)
{
    static const char *const daemons[] = { "process1-", "process3-", "process2-", "process1-" };
    (void)state;
    check_refused("A340", "run of process1-0 > 2 calls elsewhere > serial::Node::run of process1-0", daemons, 4);
}

/** Both gates are in the first process, the ways between them lead through both others. */
static void two_chains_by_way_of_others(void **state)
{
    actors_caller a, b;
    (void)state;
    const uint64_t start = crb_now();
    actors_call(&a, nodes[1], "Am0342", 0);
    actors_call(&b, nodes[2], "Bm0431", 0);
    const corbel_status first = actors_end(&a), second = actors_end(&b);
    assert_true(crb_now() - start < probe_slow * CRB_SECOND);
    assert_true((first == CORBEL_OK && second == CORBEL_DEADLOCK) || (first == CORBEL_DEADLOCK && second == CORBEL_OK));
    corbel_error *const error = first == CORBEL_OK ? &b.error : &a.error;
    assert_non_null(strstr(error->message, "calls wait for each other in process1-: "));
    assert_non_null(strstr(error->message, "for serial::Node::run of process1-1 (from "));
    assert_non_null(strstr(error->message, "for serial::Node::run of process1-2 (from "));
    assert_int_equal(corbel_error_hops(error), 4);
    corbel_error_clear(error);
}

/** The same ways, one after the other, from many at once. */
static void innocents_by_way_of_others(void **state)
{
    static const char *const scripts[] = { "A342", "A432", "A3412", "A342432", "A34" };
    static actors_caller callers[20];
    (void)state;
    for (unsigned i = 0; i < 20; i++) {
        actors_call(&callers[i], nodes[1], scripts[i % 5], 0);
    }
    for (unsigned i = 0; i < 20; i++) {
        const corbel_status status = actors_end(&callers[i]);
        probe_must(status, &callers[i].error, callers[i].script);
    }
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(serial_ones_let_it_in),      cmocka_unit_test(through_two_processes),
        cmocka_unit_test(through_three_processes),    cmocka_unit_test(two_chains_by_way_of_others),
        cmocka_unit_test(innocents_by_way_of_others),
    };
    program = argc > 1 ? argv[1] : "";
    over_unix = argc > 2 && strcmp(argv[2], "unix") == 0;
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
