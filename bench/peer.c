/* The client's process: what is the same for all contenders. */
#include "bench/bench.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <time.h>

bool bench_fail(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    fputs("corbel-bench: ", stderr);
    (void)vfprintf(stderr, format, args);
    fputc('\n', stderr);
    va_end(args);
    return false;
}

static uint64_t peer_now(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

int bench_caller_main(const bench_caller *caller, const char *where)
{
    void *const self = caller->open(where);
    if (self == NULL) {
        return BENCH_FAILED;
    }
    puts("open");
    (void)fflush(stdout);
    char line[64];
    while (fgets(line, sizeof line, stdin) != NULL) {
        char *end = NULL;
        const unsigned long workload = strtoul(line, &end, 10);
        const unsigned long calls = strtoul(end, NULL, 10);
        if (workload >= BENCH_WORKLOADS || calls == 0) {
            (void)bench_fail("not a command: %s", line);
            return BENCH_USAGE;
        }
        const uint64_t began = peer_now();
        if (workload == BENCH_MANY && !caller->many(self, calls)) {
            return BENCH_FAILED;
        }
        for (unsigned long i = 0; workload != BENCH_MANY && i < calls; i++) {
            if (!caller->call(self, (bench_workload)workload)) {
                return BENCH_FAILED;
            }
        }
        printf("%" PRIu64 "\n", peer_now() - began);
        (void)fflush(stdout);
    }
    return BENCH_OK;
}
