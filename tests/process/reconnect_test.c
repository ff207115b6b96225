/** Servers that are killed, or fall silent, and come back: what a client is told, and what it finds again. */
#include "tests/daemon/probe.h"

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

static const char *server_program;

typedef struct child {
    pid_t pid;
    char uri[512];
} child;

static void child_start(child *c, const char *listen)
{
    int out[2];
    assert_int_equal(pipe(out), 0);
    c->pid = fork(); /* beside other threads: nothing but system calls until exec */
    if (c->pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL); /* a test that fails leaves nothing running */
        dup2(out[1], STDOUT_FILENO);
        close(out[0]);
        close(out[1]);
        execl(server_program, server_program, listen, (char *)NULL);
        _exit(127);
    }
    assert_true(c->pid > 0);
    close(out[1]);
    FILE *const lines = fdopen(out[0], "r");
    assert_non_null(lines);
    assert_non_null(fgets(c->uri, sizeof c->uri, lines));
    assert_int_equal(strncmp(c->uri, "ready ", 6), 0);
    memmove(c->uri, c->uri + 6, strlen(c->uri + 6) + 1);
    c->uri[strcspn(c->uri, "\n")] = '\0';
    (void)fclose(lines);
}

static void child_end(const child *c, int signal_number)
{
    int status = 0;
    assert_int_equal(kill(c->pid, signal_number), 0);
    assert_int_equal(waitpid(c->pid, &status, 0), c->pid);
    assert_true(signal_number == SIGKILL ? WIFSIGNALED(status) : WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

static void note(void *context, const corbel_error *why)
{
    assert_int_equal(why->status, CORBEL_GONE);
    probe_event_add(context, 1);
}

/** A client, a reference by URI, and an object that came in a message, which is watched. */
typedef struct client {
    corbel_runtime *runtime;
    probe_Probe *probe, *patient; /* one of them waits */
    probe_Node *node;
    probe_event told;
} client;

static void client_start(client *c, const corbel_runtime_options *options, const char *uri)
{
    corbel_error error = CORBEL_ERROR_INIT;
    corbel_options patience = CORBEL_OPTIONS_INIT;
    memset(c, 0, sizeof *c);
    probe_event_init(&c->told);
    patience.wait_for_ready = true;
    patience.deadline_ms = 20000 * probe_slow;
    MUST(corbel_runtime_new(options, &c->runtime, &error));
    MUST(probe_Probe_from_uri(c->runtime, uri, &c->probe, &error));
    c->patient = probe_Probe_with(c->probe, &patience);
    MUST(probe_Probe_make_node(c->probe, "node", &c->node, &error));
    assert_int_equal(corbel_object_on_broken(probe_Node_as_object(c->node), note, &c->told), CORBEL_OK);
}

/** The object that came is broken for good, and its owner was told, once. */
static void client_stop(client *c)
{
    corbel_error error = CORBEL_ERROR_INIT;
    char *name = NULL;
    assert_true(probe_event_wait(&c->told, 1));
    assert_int_equal(probe_Node_get_name(c->node, &name, &error), CORBEL_GONE);
    assert_int_equal(error.completion, CORBEL_COMPLETED_NO);
    corbel_error_clear(&error);
    probe_Node_unref(c->node);
    probe_Probe_unref(c->probe);
    probe_Probe_unref(c->patient);
    corbel_runtime_unref(c->runtime);
    assert_int_equal(probe_event_count(&c->told), 1);
}

static void a_killed_server_is_found_again(void **state)
{
    corbel_error error = CORBEL_ERROR_INIT;
    child server;
    client c;
    char listen[100];
    int32_t sum = 0;
    (void)state;
    (void)snprintf(listen, sizeof listen, "unix:@corbel-reconnect-test-%ld", (long)getpid());
    child_start(&server, listen);
    client_start(&c, NULL, server.uri);
    corbel_options overlaps = CORBEL_OPTIONS_INIT;
    overlaps.overlap = true;
    probe_Probe *const aside = probe_Probe_with(c.probe, &overlaps);
    corbel_call *const waits = probe_Probe_wait_begin(aside);
    MUST(probe_Probe_add(aside, 1, 2, &sum, &error)); /* it was sent before this one */
    probe_Probe_unref(aside);
    child_end(&server, SIGKILL);
    assert_int_equal(probe_Probe_wait_finish(waits, &error), CORBEL_GONE);
    assert_int_equal(error.completion, CORBEL_COMPLETED_MAYBE);
    const corbel_status status = probe_Probe_add(c.probe, 1, 2, &sum, &error);
    assert_int_equal(status, CORBEL_UNREACHABLE); /* one pass over the addresses */
    assert_int_equal(error.completion, CORBEL_COMPLETED_NO);
    assert_non_null(corbel_error_address(&error, 0));
    corbel_call *const later = probe_Probe_add_begin(c.probe, 1, 2);
    assert_int_equal(probe_Probe_add_finish(later, &sum, &error), CORBEL_UNREACHABLE);
    child_start(&server, listen);
    MUST(probe_Probe_add(c.patient, 2, 3, &sum, &error));
    assert_int_equal(sum, 5);
    MUST(probe_Probe_add(c.probe, 3, 4, &sum, &error));
    assert_int_equal(sum, 7);
    client_stop(&c);
    child_end(&server, SIGTERM);
    corbel_error_clear(&error);
}

typedef struct waiting {
    const client *client;
    corbel_status status;
    corbel_error error;
    pthread_t thread;
} waiting;

static void *wait_for_server(void *argument)
{
    waiting *const w = argument;
    w->error = (corbel_error)CORBEL_ERROR_INIT;
    w->status = probe_Probe_add(w->client->patient, 1, 2, NULL, &w->error);
    return NULL;
}

/** Calls that wait for a server while there is none are made by the next one. */
static void calls_wait_for_the_next_server(void **state)
{
    child server;
    client c;
    waiting calls[4];
    char listen[100];
    (void)state;
    (void)snprintf(listen, sizeof listen, "unix:@corbel-reconnect-next-%ld", (long)getpid());
    child_start(&server, listen);
    client_start(&c, NULL, server.uri);
    child_end(&server, SIGKILL);
    assert_true(probe_event_wait(&c.told, 1));
    for (size_t i = 0; i < 4; i++) {
        calls[i].client = &c;
        assert_int_equal(pthread_create(&calls[i].thread, NULL, wait_for_server, &calls[i]), 0);
    }
    child_start(&server, listen);
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(pthread_join(calls[i].thread, NULL), 0);
        probe_must(calls[i].status, &calls[i].error, "a call that waited");
    }
    client_stop(&c);
    child_end(&server, SIGTERM);
}

/** A server that is stopped answers nothing, and its kernel goes on acknowledging what it is sent. */
static void a_silent_server_is_lost_and_found_again(void **state)
{
    corbel_error error = CORBEL_ERROR_INIT;
    corbel_limits limits = CORBEL_LIMITS_INIT;
    corbel_runtime_options options = CORBEL_RUNTIME_OPTIONS_INIT;
    child server;
    client c;
    int32_t sum = 0;
    int stopped = 0;
    (void)state;
    limits.ping_idle_ms = 200;
    limits.ping_timeout_ms = 3000 * (probe_slow > 1 ? 3 : 1); /* a loaded machine is no silent peer */
    options.limits = &limits;
    child_start(&server, "127.0.0.1:0");
    client_start(&c, &options, server.uri);
    assert_int_equal(kill(server.pid, SIGSTOP), 0);
    assert_int_equal(waitpid(server.pid, &stopped, WUNTRACED), server.pid); /* all of its threads */
    assert_true(WIFSTOPPED(stopped));
    assert_int_equal(probe_Probe_add(c.probe, 1, 2, &sum, &error), CORBEL_GONE);
    assert_int_equal(error.completion, CORBEL_COMPLETED_MAYBE);
    assert_non_null(strstr(error.message, "PING"));
    assert_true(probe_event_wait(&c.told, 1));
    assert_int_equal(kill(server.pid, SIGCONT), 0);
    MUST(probe_Probe_add(c.patient, 2, 3, &sum, &error));
    assert_int_equal(sum, 5);
    client_stop(&c);
    child_end(&server, SIGTERM);
    corbel_error_clear(&error);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_killed_server_is_found_again),
        cmocka_unit_test(calls_wait_for_the_next_server),
        cmocka_unit_test(a_silent_server_is_lost_and_found_again),
    };
    assert_int_equal(argc, 2);
    server_program = argv[1];
    return cmocka_run_group_tests(tests, NULL, NULL);
}
