/** The child of a fork may only exec or exit: every entry point says so, at once, and does nothing to the parent; and what it
 *  execs inherits nothing of ours. */
#include "probe.h"

#include <dirent.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static probe_server server;
static corbel_runtime *client;
static probe_Probe *probe;
static corbel_call *begun;

static int set_up(void **state)
{
    corbel_error error = CORBEL_ERROR_INIT;
    (void)state;
    probe_server_start(&server, NULL, NULL);
    MUST(corbel_runtime_new(NULL, &client, &error));
    MUST(probe_Probe_from_uri(client, server.uri, &probe, &error));
    MUST(probe_Probe_add(probe, 1, 1, NULL, &error));
    begun = probe_Probe_add_begin(probe, 1, 2);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    begun = corbel_call_drop(begun);
    probe_Probe_unref(probe);
    corbel_runtime_unref(client);
    probe_server_stop(&server);
    return 0;
}

static corbel_status new_runtime(corbel_error *reterr)
{
    corbel_runtime *runtime = NULL;
    return corbel_runtime_new(NULL, &runtime, reterr);
}

static corbel_status from_uri(corbel_error *reterr)
{
    probe_Probe *other = NULL;
    return probe_Probe_from_uri(client, server.uri, &other, reterr);
}

static corbel_status to_uri(corbel_error *reterr)
{
    char *uri = NULL;
    return corbel_object_to_uri(probe_Probe_as_object(probe), &uri, reterr);
}

static corbel_status call(corbel_error *reterr)
{
    return probe_Probe_add(probe, 1, 1, NULL, reterr);
}

static corbel_status call_here(corbel_error *reterr)
{
    return probe_Probe_add(server.object, 1, 1, NULL, reterr);
}

static corbel_status oneway(corbel_error *reterr)
{
    return probe_Probe_notify(probe, 1, reterr);
}

static corbel_status begin_and_finish(corbel_error *reterr)
{
    return probe_Probe_add_finish(probe_Probe_add_begin(probe, 1, 1), NULL, reterr);
}

static corbel_status finish(corbel_error *reterr)
{
    return probe_Probe_add_finish(begun, NULL, reterr);
}

static corbel_status cast(corbel_error *reterr)
{
    probe_Node *node = NULL;
    return probe_Node_cast(probe_Probe_as_object(probe), &node, reterr);
}

static corbel_status new_daemon(corbel_error *reterr)
{
    corbel_daemon *daemon = NULL;
    return corbel_daemon_new(client, "localhost:0", &daemon, reterr);
}

static corbel_status daemon_uri(corbel_error *reterr)
{
    char *uri = NULL;
    return corbel_daemon_uri(server.state.daemon, "probe", &uri, reterr);
}

static corbel_status ready(corbel_error *reterr)
{
    return corbel_daemon_ready(server.daemon, probe_Probe_as_object(server.object), stderr, reterr);
}

static corbel_status register_it(corbel_error *reterr)
{
    return corbel_daemon_register(server.daemon, "again", probe_Probe_as_object(server.object), reterr);
}

static corbel_status unregister(corbel_error *reterr)
{
    return corbel_daemon_unregister(server.daemon, "probe", reterr);
}

static corbel_status publish(corbel_error *reterr)
{
    return corbel_daemon_publish(server.daemon, "probe", probe_Probe_as_object(server.object), NULL, true, reterr);
}

static corbel_status unpublish(corbel_error *reterr)
{
    return corbel_daemon_unpublish(server.daemon, "probe", reterr);
}

static corbel_status on_signals(corbel_error *reterr)
{
    return corbel_daemon_shutdown_on_signals(server.daemon, reterr);
}

static corbel_status join(corbel_error *reterr)
{
    return corbel_daemon_join(server.daemon, 0, reterr);
}

static corbel_status run(corbel_error *reterr)
{
    return corbel_daemon_run(server.daemon, reterr);
}

static const struct {
    const char *name;
    corbel_status (*call)(corbel_error *reterr);
} entry_points[] = {
    { "corbel_runtime_new", new_runtime },
    { "corbel_object_from_uri", from_uri },
    { "corbel_object_to_uri", to_uri },
    { "a call", call },
    { "a call in this process", call_here },
    { "a oneway", oneway },
    { "_begin", begin_and_finish },
    { "_finish", finish },
    { "_cast", cast },
    { "corbel_daemon_new", new_daemon },
    { "corbel_daemon_uri", daemon_uri },
    { "corbel_daemon_ready", ready },
    { "corbel_daemon_register", register_it },
    { "corbel_daemon_unregister", unregister },
    { "corbel_daemon_publish", publish },
    { "corbel_daemon_unpublish", unpublish },
    { "corbel_daemon_shutdown_on_signals", on_signals },
    { "corbel_daemon_join", join },
    { "corbel_daemon_run", run },
};

/** In the child: cmocka's assertions would go on in the parent's stead. */
static int in_the_child(void)
{
    int wrong = 0;
    for (size_t i = 0; i < sizeof entry_points / sizeof entry_points[0]; i++) {
        corbel_error error = CORBEL_ERROR_INIT;
        const corbel_status status = entry_points[i].call(&error);
        if (status != CORBEL_FORKED || error.status != CORBEL_FORKED || error.completion != CORBEL_COMPLETED_NO) {
            (void)fprintf(stderr, "%s answers %s: %s\n", entry_points[i].name, corbel_status_name(status), error.message);
            wrong++;
        }
        corbel_error_clear(&error);
    }
    corbel_daemon_shutdown(server.daemon); /* as the handler of a signal would that reaches the child */
    corbel_call_drop(begun);
    probe_Probe_unref(server.object);
    probe_Probe_unref(probe);
    corbel_daemon_unref(server.daemon);
    corbel_runtime_unref(client);
    return wrong;
}

static void a_child_is_refused_and_the_parent_goes_on(void **state)
{
    corbel_error error = CORBEL_ERROR_INIT;
    int32_t sum = 0;
    int status = 0;
    (void)state;
    const pid_t child = fork();
    if (child == 0) {
        alarm(60); /* what hangs is a failure, too */
        _exit(in_the_child());
    }
    assert_true(child > 0);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);

    MUST(probe_Probe_add_finish(begun, &sum, &error));
    begun = NULL;
    assert_int_equal(sum, 3);
    MUST(probe_Probe_add(probe, 2, 2, &sum, &error));
    assert_int_equal(sum, 4);
}

/** Descriptors that a program would inherit. */
static unsigned inherited(void)
{
    unsigned found = 0;
    DIR *const descriptors = opendir("/proc/self/fd");
    assert_non_null(descriptors);
    for (struct dirent *entry = readdir(descriptors); entry != NULL; entry = readdir(descriptors)) {
        const int fd = entry->d_name[0] == '.' ? -1 : (int)strtol(entry->d_name, NULL, 10);
        found += fd >= 0 && (fcntl(fd, F_GETFD) & FD_CLOEXEC) == 0;
    }
    closedir(descriptors);
    return found;
}

static unsigned inherited_before;

static void what_it_execs_inherits_nothing(void **state)
{
    (void)state;
    assert_int_equal(inherited(), inherited_before);
}

static void a_fork_without_a_runtime_is_none_of_our_business(void **state)
{
    int status = 0;
    (void)state;
    const pid_t child = fork();
    if (child == 0) {
        corbel_runtime *runtime = NULL;
        corbel_error error = CORBEL_ERROR_INIT;
        alarm(60);
        const bool made = corbel_runtime_new(NULL, &runtime, &error) == CORBEL_OK;
        corbel_runtime_unref(runtime);
        _exit(made ? 0 : 1);
    }
    assert_true(child > 0);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_fork_without_a_runtime_is_none_of_our_business),
        cmocka_unit_test_setup_teardown(what_it_execs_inherits_nothing, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_child_is_refused_and_the_parent_goes_on, set_up, tear_down),
    };
    inherited_before = inherited();
    return cmocka_run_group_tests_name("fork", tests, NULL, NULL);
}
