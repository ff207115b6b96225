/** Three processes, each of which calls the next: cancelling, deadlines and exceptions go through all of them.
 *  nest_test NEST_SERVER */
#include "tests/daemon/nest.h"

#include <corbel/dynamic.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

enum { NODES = 3 };

typedef struct child {
    pid_t pid;
    char uri[512], socket[108];
} child;

/* Over TCP, and over Unix sockets. */
static child children[2][NODES];
static const char *program;
static corbel_runtime *client;
static nest_Node *node[2][NODES];
static char folder[] = "/tmp/corbel-nest-XXXXXX";

/** Starts the program, and waits for its ready line. */
static void child_start(child *c, size_t transport, size_t i)
{
    static const char *const names[NODES] = { "first", "second", "third" };
    int out[2];
    char listen[128] = "localhost:0";
    if (transport == 1) {
        (void)snprintf(c->socket, sizeof c->socket, "%s/%s", folder, names[i]);
        (void)snprintf(listen, sizeof listen, "unix:%s", c->socket);
    }
    assert_int_equal(pipe(out), 0);
    c->pid = fork(); /* before any runtime: gRPC is not up yet */
    if (c->pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL); /* a test that fails leaves nothing running */
        dup2(out[1], STDOUT_FILENO);
        close(out[0]);
        close(out[1]);
        execl(program, program, names[i], listen, (char *)NULL);
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

static int set_up(void **state)
{
    corbel_error error = CORBEL_ERROR_INIT;
    (void)state;
    assert_non_null(mkdtemp(folder));
    for (size_t t = 0; t < 2; t++) {
        for (size_t i = 0; i < NODES; i++) {
            child_start(&children[t][i], t, i);
        }
    }
    MUST(corbel_runtime_new(NULL, &client, &error));
    for (size_t t = 0; t < 2; t++) {
        for (size_t i = 0; i < NODES; i++) {
            nest_Notes notes;
            MUST(nest_Node_from_uri(client, children[t][i].uri, &node[t][i], &error));
            MUST(nest_Node_notes(node[t][i], &notes, &error));
        }
    }
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    for (size_t t = 0; t < 2; t++) {
        for (size_t i = 0; i < NODES; i++) {
            nest_Node_unref(node[t][i]);
        }
    }
    corbel_runtime_unref(client);
    for (size_t t = 0; t < 2; t++) {
        for (size_t i = 0; i < NODES; i++) {
            child *const c = &children[t][i];
            int status = 0;
            assert_int_equal(kill(c->pid, SIGTERM), 0);
            assert_int_equal(waitpid(c->pid, &status, 0), c->pid);
            assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
            (void)unlink(c->socket);
        }
    }
    (void)rmdir(folder);
    return 0;
}

/** What happened at a node, once condition holds. */
#define UNTIL(notes, t, i, condition)                                                                                            \
    do {                                                                                                                         \
        const uint64_t until_ = nest_now_us() + 20000000u * probe_slow;                                                          \
        MUST(nest_Node_notes(node[t][i], &(notes), &error));                                                                     \
        while (!(condition) && nest_now_us() < until_) {                                                                         \
            nanosleep(&(struct timespec) { .tv_nsec = 500000 }, NULL); /* it is another process that is waited for */            \
            MUST(nest_Node_notes(node[t][i], &(notes), &error));                                                                 \
        }                                                                                                                        \
        assert_true(condition);                                                                                                  \
    } while (0)

static void tell(const char *what, size_t transport, uint64_t us)
{
    print_message("[   time   ] %s, %s: %.3f ms\n", what, transport == 0 ? "TCP" : "Unix sockets", (double)us / 1000);
}

/** The caller gives up; the third process is told within 50 ms, however the calls were made. */
static void a_chain_is_cancelled(void **state)
{
    corbel_error error = CORBEL_ERROR_INIT;
    (void)state;
    for (size_t t = 0; t < 2; t++) {
        uint64_t worst = 0;
        const char *const path[2] = { children[t][1].uri, children[t][2].uri };
        for (nest_How how = nest_DIRECTLY; how <= nest_DEFERRED; how++) {
            for (size_t turn = 0; turn < 5; turn++) {
                nest_Notes before, now, passed;
                MUST(nest_Node_notes(node[t][2], &before, &error));
                nest_Notes first;
                MUST(nest_Node_notes(node[t][0], &first, &error));
                corbel_call *const call = nest_Node_pass_begin(node[t][0], (nest_Path) { 2, path }, how);
                UNTIL(now, t, 2, now.entered > before.entered);
                const uint64_t from = nest_now_us();
                corbel_call_cancel(call);
                assert_int_equal(nest_Node_pass_finish(call, &error), CORBEL_CANCELLED);
                UNTIL(now, t, 2, now.told > before.told);
                const uint64_t took = now.told_at - from;
                worst = took > worst ? took : worst;
                UNTIL(passed, t, 0, passed.passed > first.passed);
                assert_int_equal(passed.status, CORBEL_CANCELLED);
            }
        }
        tell("a chain over three processes is cancelled", t, worst);
        assert_true(worst < 1000000u * probe_slow);
    }
    corbel_error_clear(&error);
}

/** When the caller sees its deadline, and when the servant does: of one process, and at the end of three. */
static void all_agree_on_the_deadline(void **state)
{
    corbel_error error = CORBEL_ERROR_INIT;
    corbel_options options = CORBEL_OPTIONS_INIT;
    (void)state;
    options.deadline_ms = 150 * probe_slow;
    for (size_t t = 0; t < 2; t++) {
        const char *const path[2] = { children[t][1].uri, children[t][2].uri };
        nest_Node *const hasty = nest_Node_with(node[t][0], &options);
        uint64_t worst[2] = { 0 };
        for (size_t turn = 0; turn < 10; turn++) {
            const size_t last = turn % 2 == 0 ? 0 : 2;
            nest_Notes before, now;
            MUST(nest_Node_notes(node[t][last], &before, &error));
            const corbel_status status = last == 0 ? nest_Node_wait(hasty, nest_BY_CALLBACK, &error)
                                                   : nest_Node_pass(hasty, (nest_Path) { 2, path }, nest_DIRECTLY, &error);
            const uint64_t here = nest_now_us();
            assert_int_equal(status, CORBEL_DEADLINE);
            UNTIL(now, t, last, now.told > before.told);
            const uint64_t apart = now.told_at > here ? now.told_at - here : here - now.told_at;
            worst[turn % 2] = apart > worst[turn % 2] ? apart : worst[turn % 2];
        }
        nest_Node_unref(hasty);
        tell("caller and servant see the deadline apart by", t, worst[0]);
        tell("caller and the third servant of a chain", t, worst[1]);
        assert_true(worst[0] < 1000000u * probe_slow && worst[1] < 1000000u * probe_slow);
    }
    corbel_error_clear(&error);
}

/** A call in the middle is the client's own, passed on by it: it relays the cancellation, too. */
static void relays_pass_it_on(void **state)
{
    corbel_error error = CORBEL_ERROR_INIT;
    (void)state;
    for (size_t t = 0; t < 2; t++) {
        nest_Notes before, now;
        MUST(nest_Node_notes(node[t][2], &before, &error));
        corbel_call *const call = nest_Node_wait_at_begin(node[t][0], node[t][2]);
        UNTIL(now, t, 2, now.entered > before.entered);
        const uint64_t from = nest_now_us();
        corbel_call_cancel(call);
        assert_int_equal(nest_Node_wait_at_finish(call, &error), CORBEL_CANCELLED);
        UNTIL(now, t, 2, now.told > before.told);
        tell("through a relay", t, now.told_at - from);
    }
    corbel_error_clear(&error);
}

/** Raised in the third process; this one does not know its type. */
static void an_exception_crosses_three_processes(void **state)
{
    static const char *const daemons[NODES] = { "third", "second", "first" };
    corbel_error error = CORBEL_ERROR_INIT;
    (void)state;
    for (size_t t = 0; t < 2; t++) {
        corbel_object *bare = NULL;
        corbel_message arguments = CORBEL_MESSAGE_INIT;
        uint8_t bytes[1100];
        size_t len = 0;
        for (size_t i = 1; i < NODES; i++) { /* field 1, twice: the path */
            const size_t n = strlen(children[t][i].uri);
            assert_in_range(n, 1, 127);
            bytes[len++] = 1 << 3 | 2;
            bytes[len++] = (uint8_t)n;
            memcpy(bytes + len, children[t][i].uri, n);
            len += n;
        }
        arguments.body = (corbel_bytes) { len, bytes };
        MUST(corbel_object_from_uri(client, NULL, children[t][0].uri, &bare, &error));
        corbel_message reply = CORBEL_MESSAGE_INIT;
        assert_int_equal(corbel_raw_call(bare, "nest::Node", "fail_at_last", false, &arguments, &reply, &error), CORBEL_RAISED);
        assert_string_equal(corbel_error_exception(&error), "nest::Failed");
        assert_int_equal(error.completion, CORBEL_COMPLETED_YES);
        const corbel_any *const any = corbel_error_exception_any(&error);
        assert_non_null(any);
        assert_string_equal(corbel_any_type_name(any), "nest::Failed");
        const nest_Failed *const seen = nest_Failed_of(&error); /* the call was made without it */
        assert_non_null(seen);
        assert_string_equal(seen->who, children[t][2].uri);
        assert_int_equal(seen->code, 42);
        assert_int_equal(corbel_error_hops(&error), NODES);
        for (size_t i = 0; i < NODES; i++) {
            const corbel_hop hop = corbel_error_hop(&error, i);
            assert_string_equal(hop.daemon, daemons[i]);
            assert_string_equal(hop.object, "node");
            assert_string_equal(hop.operation, "nest::Node::fail_at_last");
            assert_string_equal(hop.message, "raised nest::Failed");
        }
        corbel_object_unref(bare);
    }
    corbel_error_clear(&error);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_chain_is_cancelled),
        cmocka_unit_test(all_agree_on_the_deadline),
        cmocka_unit_test(relays_pass_it_on),
        cmocka_unit_test(an_exception_crosses_three_processes),
    };
    program = argc > 1 ? argv[1] : "nest_server";
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
