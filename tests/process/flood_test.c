/** flood_test SERVER COUNT: floods of oneway calls between two processes with one worker each: all arrive, in order, in bounded
 *  memory, and nobody locks up. */
#include "flood_sink.h"

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

/* What may be on the way is bounded by the window of requests, of which each call takes 64 bytes at least; what a call that is
 * on the way costs either side in memory is less than 2 KiB. The rest is gRPC's, and the allocator's. */
enum {
    WINDOW = 256 << 10,
    CALL_COST = 64,
    CALL_MEMORY = 2048,
    SLACK = 8 << 20,
    BOUND = WINDOW / CALL_COST * CALL_MEMORY + SLACK
};
#define PATIENCE (100 * CRB_SECOND)

static const char *server_program;
static uint32_t count;
static pid_t server;
static char uri[512];
static corbel_runtime *runtime;
static flood_Sink *sink, *own;
static flood_sink heard;

static void must(corbel_status status, corbel_error *error)
{
    if (status != CORBEL_OK) {
        (void)corbel_error_print(error, stderr);
        abort();
    }
}

static int set_up(void **state)
{
    const corbel_runtime_options options = FLOOD_ONE_WORKER;
    corbel_error error = CORBEL_ERROR_INIT;
    int out[2];
    (void)state;
    assert_int_equal(pipe(out), 0);
    server = fork(); /* before any runtime: gRPC is not up yet */
    if (server == 0) {
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
    assert_int_equal(fscanf(lines, "ready %511s", uri), 1);
    (void)fclose(lines);
    must(corbel_runtime_new(&options, &runtime, &error), &error);
    must(flood_Sink_from_uri(runtime, uri, &sink, &error), &error);
    memset(&heard, 0, sizeof heard);
    own = flood_Sink_new(runtime, &flood_sink_servant, &heard, NULL);
    return 0;
}

static int tear_down(void **state)
{
    int status = 0;
    (void)state;
    flood_Sink_unref(own);
    flood_Sink_unref(sink);
    corbel_runtime_unref(runtime);
    assert_int_equal(kill(server, SIGTERM), 0);
    assert_int_equal(waitpid(server, &status, 0), server);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
    return 0;
}

/** Resident memory in bytes. */
static long memory_of(pid_t pid)
{
    char path[64];
    long pages = 0;
    (void)snprintf(path, sizeof path, "/proc/%ld/statm", (long)pid);
    FILE *const file = fopen(path, "r");
    assert_non_null(file);
    assert_int_equal(fscanf(file, "%*d %ld", &pages), 1);
    (void)fclose(file);
    return pages * sysconf(_SC_PAGESIZE);
}

typedef struct growth {
    pid_t pid;
    long first, most;
} growth;

static void sample(growth *g)
{
    const long now = memory_of(g->pid);
    g->first = g->first == 0 ? now : g->first;
    g->most = now > g->most ? now : g->most;
}

/** What the server counts. */
typedef struct told {
    uint64_t taken, wrong, bounced, failed;
} told;

static told ask(void)
{
    corbel_error error = CORBEL_ERROR_INIT;
    corbel_options options = CORBEL_OPTIONS_INIT;
    told t = { 0 };
    options.deadline_ms = 120000;
    flood_Sink *const patient = flood_Sink_with(sink, &options);
    must(flood_Sink_tell(patient, &t.taken, &t.wrong, &t.bounced, &t.failed, &error), &error);
    flood_Sink_unref(patient);
    return t;
}

static void all_arrive_in_order_in_bounded_memory(void **state)
{
    corbel_error error = CORBEL_ERROR_INIT;
    growth sender = { .pid = getpid() }, receiver = { .pid = server };
    (void)state;
    for (uint32_t i = 1; i <= 200; i++) { /* everybody has what he always has */
        must(flood_Sink_put(sink, i, &error), &error);
    }
    assert_int_equal(ask().taken, 200);
    const uint64_t begin = crb_now();
    for (uint32_t i = 201; i <= count; i++) {
        must(flood_Sink_put(sink, i, &error), &error);
        if (i % 1000 == 1) {
            sample(&sender);
            sample(&receiver);
        }
    }
    const told t = ask(); /* behind all of them */
    const double seconds = (double)(crb_now() - begin) / 1e9;
    sample(&sender);
    sample(&receiver);
    printf("%u in %.2f s, %.2f us each; memory grew by %ld KiB here, %ld KiB there, of %d KiB\n", count, seconds,
           seconds * 1e6 / count, (sender.most - sender.first) >> 10, (receiver.most - receiver.first) >> 10, BOUND >> 10);
    assert_int_equal(t.taken, count);
    assert_int_equal(t.wrong, 0);
    assert_true(sender.most - sender.first < BOUND);
    assert_true(receiver.most - receiver.first < BOUND);
}

/** Until so many were heard here. */
static void await_heard(uint64_t n)
{
    const uint64_t until = crb_now() + PATIENCE;
    while (atomic_load(&heard.taken) < n && crb_now() < until) {
        (void)ask();
    }
    assert_int_equal(atomic_load(&heard.taken), n);
}

/** Each side sends as fast as it can, and counts what the other sends. */
static void both_flood_each_other(void **state)
{
    corbel_error error = CORBEL_ERROR_INIT;
    const uint32_t n = count / 2;
    (void)state;
    must(flood_Sink_start(sink, own, n, &error), &error);
    for (uint32_t i = 1; i <= n; i++) {
        must(flood_Sink_put(sink, i, &error), &error);
    }
    await_heard(n);
    const told t = ask();
    assert_int_equal(t.taken, n);
    assert_int_equal(t.wrong, 0);
    assert_int_equal(t.failed, 0);
    assert_int_equal(atomic_load(&heard.wrong), 0);
}

/** Each oneway has the server send one back from inside, and call back now and then, while its own flood goes on. */
static void oneways_and_callbacks_both_ways(void **state)
{
    corbel_error error = CORBEL_ERROR_INIT;
    const uint32_t n = count / 10;
    growth here = { .pid = getpid() }, there = { .pid = server };
    (void)state;
    for (uint32_t i = 1; i <= n; i++) {
        must(flood_Sink_bounce(sink, own, i, &error), &error);
        if (i % 1000 == 1) {
            sample(&here);
            sample(&there);
        }
    }
    const told t = ask();
    await_heard(n);
    assert_int_equal(t.bounced, n);
    assert_int_equal(t.failed, 0);
    assert_int_equal(atomic_load(&heard.wrong), 0);
    assert_true(here.most - here.first < 2 * BOUND); /* two windows: there are nested calls */
    assert_true(there.most - there.first < 2 * BOUND);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(all_arrive_in_order_in_bounded_memory, set_up, tear_down),
        cmocka_unit_test_setup_teardown(both_flood_each_other, set_up, tear_down),
        cmocka_unit_test_setup_teardown(oneways_and_callbacks_both_ways, set_up, tear_down),
    };
    server_program = argc > 2 ? argv[1] : NULL;
    count = argc > 2 ? (uint32_t)strtoul(argv[2], NULL, 10) : 0;
    if (count < 1000) {
        fprintf(stderr, "usage: flood_test SERVER COUNT (1000 at least)\n");
        return 2;
    }
    return cmocka_run_group_tests_name("flood", tests, NULL, NULL);
}
