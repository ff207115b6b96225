/* The client's process: what is the same for all contenders. */
#include "bench/bench.h"

#include <inttypes.h>
#include <stdarg.h>
#include <string.h>
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
    unsigned workload = 0;
    uint32_t calls = 0;
    while (scanf("%u %" SCNu32, &workload, &calls) == 2 && workload < BENCH_WORKLOADS) {
        const uint64_t began = peer_now();
        for (uint32_t i = 0; i < calls; i++) {
            if (!caller->call(self, (bench_workload)workload)) {
                return BENCH_FAILED;
            }
        }
        printf("%" PRIu64 "\n", peer_now() - began);
        (void)fflush(stdout);
    }
    return BENCH_OK;
}
