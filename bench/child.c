/* Processes of the benchmark: this very program, run again on one CPU. */
#include "bench/bench.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define CHILD_PATIENCE_MS 60000
#define CHILD_MAX_ARGS 16

static _Noreturn void child_exec(int cpu, const char *const *argv, int in, int out)
{
    const char *all[CHILD_MAX_ARGS + 2] = { "corbel-bench" };
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET((size_t)cpu, &one);
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    (void)setenv("CORBEL_LOG", "error", 0); /* that its peer is killed in the end is no news */
    if (sched_setaffinity(0, sizeof one, &one) == 0 && dup2(in, STDIN_FILENO) >= 0 && dup2(out, STDOUT_FILENO) >= 0) {
        for (size_t i = 0; i < CHILD_MAX_ARGS && argv[i] != NULL; i++) {
            all[i + 1] = argv[i];
        }
        (void)execv("/proc/self/exe", (char *const *)(const void *)all);
    }
    (void)bench_fail("cannot run again on CPU %d: %s", cpu, strerror(errno));
    _exit(BENCH_FAILED);
}

bool bench_child_start(bench_child *child, int cpu, const char *const *argv)
{
    int in[2] = { -1, -1 };
    int out[2] = { -1, -1 };
    *child = (bench_child) { .pid = -1, .out = -1 };
    if (pipe2(in, O_CLOEXEC) != 0 || pipe2(out, O_CLOEXEC) != 0 || (child->in = fdopen(in[1], "w")) == NULL) {
        goto failed;
    }
    child->out = out[0];
    child->pid = fork();
    if (child->pid == 0) {
        child_exec(cpu, argv, in[0], out[1]);
    }
    if (child->pid < 0) {
        (void)fclose(child->in);
        in[1] = -1;
        goto failed;
    }
    (void)close(in[0]);
    (void)close(out[1]);
    return true;

failed:
    (void)bench_fail("no process: %s", strerror(errno));
    for (int i = 0; i < 2; i++) {
        if (in[i] >= 0) {
            (void)close(in[i]);
        }
        if (out[i] >= 0) {
            (void)close(out[i]);
        }
    }
    *child = (bench_child) { .pid = -1, .out = -1 };
    return false;
}

/* It says one line at a time, and only when asked: nothing lies behind the newline. */
bool bench_child_line(bench_child *child)
{
    size_t len = 0;
    do {
        struct pollfd ready = { .fd = child->out, .events = POLLIN };
        if (poll(&ready, 1, CHILD_PATIENCE_MS) != 1) {
            return bench_fail("a process does not answer");
        }
        const ssize_t n = read(child->out, child->text + len, sizeof child->text - 1 - len);
        if (n <= 0) {
            return bench_fail("a process ended early");
        }
        len += (size_t)n;
    } while (child->text[len - 1] != '\n' && len < sizeof child->text - 1);
    child->text[len - 1] = '\0';
    return true;
}

uint64_t bench_child_cpu(const bench_child *child)
{
    clockid_t clock;
    struct timespec used = { 0 };
    if (clock_getcpuclockid(child->pid, &clock) == 0) {
        (void)clock_gettime(clock, &used);
    }
    return (uint64_t)used.tv_sec * 1000000000u + (uint64_t)used.tv_nsec;
}

void bench_child_stop(bench_child *child)
{
    if (child->pid > 0) {
        (void)fclose(child->in);
        (void)close(child->out);
        (void)kill(child->pid, SIGKILL);
        (void)waitpid(child->pid, NULL, 0);
        child->pid = -1;
    }
}
