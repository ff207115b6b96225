/** What needs a server in a process of its own: who polls, how soon a callback is served, what a client listens on, and what a
 *  killed server leaves. */
#include "tests/daemon/probe.h"

#include "runtime/base/clock.h"
#include "runtime/transport/io.h"

#include <dirent.h>
#include <errno.h>
#include <sched.h>
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

/** Starts the server on our own CPU, and waits for its ready line. */
static void child_start(child *c)
{
    int out[2];
    assert_int_equal(pipe(out), 0);
    c->pid = fork(); /* before any runtime: gRPC is not up yet */
    if (c->pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL); /* a test that fails leaves nothing running */
        dup2(out[1], STDOUT_FILENO);
        close(out[0]);
        close(out[1]);
        execl(server_program, server_program, (char *)NULL);
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

static void child_stop(child *c)
{
    int status = 0;
    assert_int_equal(kill(c->pid, SIGTERM), 0);
    assert_int_equal(waitpid(c->pid, &status, 0), c->pid);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

/** Voluntary context switches of all threads of a process; of the one that made most, in ret_most. */
static long switches(pid_t pid, long before[][2], size_t *n, long *ret_others)
{
    char path[300];
    long all = 0, most = 0;
    size_t seen = 0;
    (void)snprintf(path, sizeof path, "/proc/%ld/task", (long)pid);
    DIR *const tasks = opendir(path);
    assert_non_null(tasks);
    for (struct dirent *task = readdir(tasks); task != NULL; task = readdir(tasks)) {
        char line[200];
        if (task->d_name[0] == '.') {
            continue;
        }
        (void)snprintf(path, sizeof path, "/proc/%ld/task/%s/status", (long)pid, task->d_name);
        FILE *const status = fopen(path, "r");
        long count = 0;
        while (status != NULL && fgets(line, sizeof line, status) != NULL) {
            if (strncmp(line, "voluntary_ctxt_switches:", 24) == 0) {
                count = strtol(line + 24, NULL, 10);
            }
        }
        if (status != NULL) {
            (void)fclose(status);
        }
        const long id = strtol(task->d_name, NULL, 10);
        long old = 0;
        for (size_t i = 0; ret_others != NULL && i < *n; i++) {
            old = before[i][0] == id ? before[i][1] : old;
        }
        if (ret_others == NULL && seen < 64) {
            before[seen][0] = id;
            before[seen++][1] = count;
        }
        all += count - old;
        most = count - old > most ? count - old : most;
    }
    closedir(tasks);
    if (ret_others == NULL) {
        *n = seen;
    } else {
        *ret_others = all - most;
    }
    return all;
}

enum { CALLS = 10000 };

/** Makes the calls; false: too many were handed to another thread on the way. */
static bool calls_in_one_run(probe_Probe *probe, pid_t server)
{
    corbel_error error = CORBEL_ERROR_INIT;
    long mine[64][2], theirs[64][2], my_others = 0, their_others = 0;
    size_t n_mine = 0, n_theirs = 0;
    (void)switches(getpid(), mine, &n_mine, NULL);
    (void)switches(server, theirs, &n_theirs, NULL);
    const crb_io_stats io_before = crb_io_get_stats();
    const uint64_t begin = crb_now();
    for (int i = 0; i < CALLS; i++) {
        MUST(probe_Probe_add(probe, i, 1, NULL, &error));
    }
    const long ticks = (long)((crb_now() - begin) / CRB_MS) + 1; /* the keeper's, one a millisecond, in each process */
    const uint64_t hand_overs = crb_io_get_stats().hand_overs - io_before.hand_overs;
    const long my_all = switches(getpid(), mine, &n_mine, &my_others);
    const long their_all = switches(server, theirs, &n_theirs, &their_others);
    print_message("%d calls in %ld ms: %llu handed over; client %ld switches, %ld of them beside the caller's; server %ld, %ld "
                  "beside its worker's\n",
                  CALLS, ticks, (unsigned long long)hand_overs, my_all, my_others, their_all, their_others);
    return hand_overs < CALLS / 20 && my_others - ticks < CALLS / 20 && their_others - ticks < CALLS / 20;
}

static void calls_are_not_handed_over(void **state)
{
    corbel_error error = CORBEL_ERROR_INIT;
    corbel_runtime *client = NULL;
    probe_Probe *probe = NULL;
    child server;
    cpu_set_t before, one;
    (void)state;
    assert_int_equal(sched_getaffinity(0, sizeof before, &before), 0);
    CPU_ZERO(&one);
    for (size_t cpu = 0; cpu < CPU_SETSIZE; cpu++) {
        if (CPU_ISSET(cpu, &before)) {
            CPU_SET(cpu, &one);
            break;
        }
    }
    assert_int_equal(sched_setaffinity(0, sizeof one, &one), 0);
    child_start(&server);
    MUST(corbel_runtime_new(NULL, &client, &error));
    MUST(probe_Probe_from_uri(client, server.uri, &probe, &error));
    for (int i = 0; i < 100; i++) {
        MUST(probe_Probe_add(probe, i, 1, NULL, &error));
    }
    const bool kept = calls_in_one_run(probe, server.pid);
    probe_Probe_unref(probe);
    corbel_runtime_unref(client);
    child_stop(&server);
    assert_int_equal(sched_setaffinity(0, sizeof before, &before), 0);
    assert_true(kept);
}

static unsigned listening_sockets(void)
{
    unsigned found = 0;
    DIR *const descriptors = opendir("/proc/self/fd");
    assert_non_null(descriptors);
    for (struct dirent *entry = readdir(descriptors); entry != NULL; entry = readdir(descriptors)) {
        char path[300], target[128] = "";
        (void)snprintf(path, sizeof path, "/proc/self/fd/%s", entry->d_name);
        unsigned long inode = 0;
        if (readlink(path, target, sizeof target - 1) < 0 || sscanf(target, "socket:[%lu]", &inode) != 1) {
            continue;
        }
        static const char *const tables[] = { "/proc/net/tcp", "/proc/net/tcp6" };
        for (size_t i = 0; i < 2; i++) {
            char line[512];
            FILE *const table = fopen(tables[i], "r");
            while (table != NULL && fgets(line, sizeof line, table) != NULL) {
                unsigned long other = 0;
                unsigned tcp_state = 0;
                if (sscanf(line, " %*u: %*s %*s %x %*s %*s %*s %*u %*u %lu", &tcp_state, &other) == 2 && other == inode) {
                    found += tcp_state == 0x0A; /* TCP_LISTEN */
                }
            }
            if (table != NULL) {
                (void)fclose(table);
            }
        }
    }
    closedir(descriptors);
    return found;
}

static void callbacks_without_a_listening_socket(void **state)
{
    corbel_error error = CORBEL_ERROR_INIT;
    corbel_runtime *client = NULL;
    probe_Probe *probe = NULL;
    probe_listener_state heard;
    child server;
    uint32_t sent = 0;
    (void)state;
    child_start(&server);
    memset(&heard, 0, sizeof heard);
    probe_event_init(&heard.heard);
    probe_event_init(&heard.finalized);
    MUST(corbel_runtime_new(NULL, &client, &error));
    MUST(probe_Probe_from_uri(client, server.uri, &probe, &error));
    probe_Listener *const listener = probe_listener_new(client, &heard);
    MUST(probe_Probe_flood(probe, listener, 10000, true, &sent, &error));
    assert_true(probe_event_wait(&heard.heard, 10000));
    assert_int_equal(heard.out_of_order, 0);
    assert_int_equal(listening_sockets(), 0);
    corbel_daemon *daemon = NULL; /* the count itself works: a daemon has them */
    MUST(corbel_daemon_new(client, NULL, &daemon, &error));
    assert_true(listening_sockets() > 0);
    corbel_daemon_unref(daemon);
    assert_int_equal(listening_sockets(), 0);
    probe_Listener_unref(listener);
    probe_Probe_unref(probe);
    corbel_runtime_unref(client);
    child_stop(&server);
}

/* The bound is 5 ms for each, on a clock that stands still while the machine has no CPU for us (see measure_callbacks): what is
 * ours is that nobody sleeps while a callback is there. */
enum { SOON_US = 5000 };

static void a_callback_while_nobody_calls_is_served_soon(void **state)
{
    corbel_error error = CORBEL_ERROR_INIT;
    corbel_runtime *client = NULL;
    probe_Probe *probe = NULL;
    probe_listener_state heard;
    child server;
    (void)state;
    child_start(&server);
    memset(&heard, 0, sizeof heard);
    probe_event_init(&heard.heard);
    probe_event_init(&heard.finalized);
    MUST(corbel_runtime_new(NULL, &client, &error));
    MUST(probe_Probe_from_uri(client, server.uri, &probe, &error));
    probe_Listener *const listener = probe_listener_new(client, &heard);
    MUST(probe_Probe_measure_callbacks(probe, listener, 50, 1, (int32_t)getpid(), &error));
    assert_true(probe_event_wait(&heard.heard, 1));
    print_message("the slowest of 50 callbacks to an idle client: %u us\n", heard.last[1]);
    assert_true(heard.last[1] < SOON_US * probe_slow);

    /* One that sleeps for four times as long is caught. */
    MUST(probe_Probe_measure_callbacks(probe, listener, 5, -4 * (SOON_US / 1000) * (int32_t)probe_slow, (int32_t)getpid(),
                                       &error));
    assert_true(probe_event_wait(&heard.heard, 2));
    assert_true(heard.last[1] >= SOON_US * probe_slow);
    probe_Listener_unref(listener);
    probe_Probe_unref(probe);
    corbel_runtime_unref(client);
    child_stop(&server);
}

static void a_killed_server_is_noticed(void **state)
{
    corbel_error error = CORBEL_ERROR_INIT;
    corbel_runtime *client = NULL;
    probe_Probe *probe = NULL;
    child server;
    (void)state;
    child_start(&server);
    MUST(corbel_runtime_new(NULL, &client, &error));
    MUST(probe_Probe_from_uri(client, server.uri, &probe, &error));
    MUST(probe_Probe_add(probe, 1, 1, NULL, &error));
    corbel_call *const call = probe_Probe_wait_begin(probe);
    assert_int_equal(kill(server.pid, SIGKILL), 0);
    assert_int_equal(waitpid(server.pid, NULL, 0), server.pid);
    assert_int_equal(probe_Probe_wait_finish(call, &error), CORBEL_GONE);
    assert_int_equal(error.completion, CORBEL_COMPLETED_MAYBE);
    assert_int_equal(probe_Probe_add(probe, 1, 1, NULL, &error), CORBEL_UNREACHABLE);
    assert_int_equal(error.completion, CORBEL_COMPLETED_NO);
    probe_Probe_unref(probe);
    corbel_runtime_unref(client);
    corbel_error_clear(&error);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(calls_are_not_handed_over),
        cmocka_unit_test(callbacks_without_a_listening_socket),
        cmocka_unit_test(a_callback_while_nobody_calls_is_served_soon),
        cmocka_unit_test(a_killed_server_is_noticed),
    };
    if (argc != 2) {
        (void)fprintf(stderr, "usage: %s SERVER-PROGRAM\n", argv[0]);
        return 2;
    }
    server_program = argv[1];
    return cmocka_run_group_tests_name("process", tests, NULL, NULL);
}
