/** Passing on through two dispatchers, each in a process of its own, to a third: undecoded, with callbacks to the caller, whole
 * in its errors; and one that is killed. proxy_test PROBE_SERVER PROXY_SERVER */
#include "tests/daemon/probe.h"

#include <corbel/dynamic.h>
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

static const char *probe_program, *proxy_program;

typedef struct child {
    pid_t pid;
    char uri[512];
} child;

/** Starts the program, and waits for its ready line. */
static void child_start(child *c, const char *program, const char *argument)
{
    int out[2];
    assert_int_equal(pipe(out), 0);
    c->pid = fork(); /* before any runtime: gRPC is not up yet */
    if (c->pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL); /* a test that fails leaves nothing running */
        dup2(out[1], STDOUT_FILENO);
        close(out[0]);
        close(out[1]);
        execl(program, program, argument, (char *)NULL);
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

static void child_stop(child *c, int signal_)
{
    int status = 0;
    assert_int_equal(kill(c->pid, signal_), 0);
    assert_int_equal(waitpid(c->pid, &status, 0), c->pid);
    assert_true(signal_ == SIGKILL ? WIFSIGNALED(status) : WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

static child far, near[2];

static void calls(corbel_runtime *runtime, probe_Probe *probe)
{
    corbel_error error = CORBEL_ERROR_INIT;
    probe_listener_state heard;
    int32_t sum = 0;
    char *text = NULL;
    uint32_t depth = 0, sent = 0;
    probe_listener_init(&heard);
    probe_Listener *const listener = probe_listener_new(runtime, &heard), *kept = NULL;
    MUST(probe_Probe_add(probe, 40, 2, &sum, &error));
    assert_int_equal(sum, 42);
    MUST(corbel_json_call(probe_Probe_as_object(probe), NULL, "echo", "{\"text\":\"three processes\"}", &text, &error));
    assert_string_equal(text, "{\"ret\":\"three processes\"}");
    corbel_string_free(text);
    assert_int_equal(probe_Probe_raise_it(probe, "rain", &error), CORBEL_RAISED);
    assert_string_equal(probe_Refused_of(&error)->why, "rain");
    assert_int_equal(probe_Probe_fail(probe, "wood", &error), CORBEL_REFUSED);
    assert_string_equal(error.message, "wood");
    assert_int_equal(corbel_error_hops(&error), 3);
    assert_string_equal(corbel_error_hop(&error, 0).daemon, "probe_server");
    assert_string_equal(corbel_error_hop(&error, 1).daemon, "proxy_server");
    assert_string_equal(corbel_error_hop(&error, 1).object, "proxy");
    assert_string_equal(corbel_error_hop(&error, 2).daemon, "proxy_server");
    /* The far one calls back, through both; and in the same chain. */
    MUST(probe_Probe_keep(probe, listener, &error));
    MUST(probe_Probe_add_by_kept(probe, 20, 3, &sum, &error));
    assert_int_equal(sum, 23);
    MUST(probe_Probe_kept(probe, &kept, &error));
    assert_true(corbel_object_equal(probe_Listener_as_object(kept), probe_Listener_as_object(listener)));
    probe_Node *node = NULL;
    MUST(probe_Probe_make_node(probe, "leaf", &node, &error));
    MUST(probe_Node_set_next(node, node, &error));
    MUST(probe_Node_descend(node, listener, 4, &depth, &error));
    MUST(probe_Node_set_next(node, NULL, &error));
    MUST(probe_Probe_flood(probe, listener, 300, true, &sent, &error));
    assert_int_equal(sent, 300);
    assert_true(probe_event_wait(&heard.heard, 300));
    assert_int_equal(heard.out_of_order, 0);
    MUST(probe_Probe_keep(probe, NULL, &error));
    corbel_error_clear(&error);
    probe_Node_unref(node);
    probe_Listener_unref(kept);
    probe_Listener_unref(listener);
    assert_true(probe_event_wait(&heard.finalized, 1)); /* no process on the way holds it any more */
}

static void through_two_dispatchers(void **state)
{
    corbel_error error = CORBEL_ERROR_INIT;
    corbel_runtime *runtime = NULL;
    corbel_object *object = NULL;
    probe_Probe *probe = NULL;
    (void)state;
    MUST(corbel_runtime_new(NULL, &runtime, &error));
    MUST(corbel_object_from_uri(runtime, NULL, near[1].uri, &object, &error));
    MUST(probe_Probe_cast(object, &probe, &error)); /* which the far one has answered */
    calls(runtime, probe);
    /* Without the dispatcher in the middle: an error of the first hop, and the far one is as it was. */
    child_stop(&near[0], SIGKILL);
    const corbel_status status = probe_Probe_add(probe, 1, 2, NULL, &error);
    assert_true(status == CORBEL_GONE || status == CORBEL_UNREACHABLE);
    assert_int_equal(corbel_error_hops(&error), 1);
    corbel_error_clear(&error);
    probe_Probe_unref(probe);
    corbel_object_unref(object);
    MUST(probe_Probe_from_uri(runtime, far.uri, &probe, &error));
    MUST(probe_Probe_add(probe, 1, 2, NULL, &error));
    probe_Probe_unref(probe);
    corbel_runtime_unref(runtime);
}

static int set_up(void **state)
{
    (void)state;
    child_start(&far, probe_program, NULL);
    child_start(&near[0], proxy_program, far.uri);
    child_start(&near[1], proxy_program, near[0].uri);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    child_stop(&near[1], SIGTERM);
    child_stop(&far, SIGTERM);
    return 0;
}

int main(int argc, char **argv)
{
    if (argc != 3) {
        fprintf(stderr, "usage: proxy_test PROBE_SERVER PROXY_SERVER\n");
        return 2;
    }
    probe_program = argv[1];
    proxy_program = argv[2];
    const struct CMUnitTest tests[] = { cmocka_unit_test(through_two_dispatchers) };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
