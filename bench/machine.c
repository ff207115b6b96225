/* What the figures were measured on. */
#include "bench/bench.h"

#include <grpc/grpc.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

static void machine_cpu(char *out, size_t max)
{
    char line[256];
    FILE *const file = fopen("/proc/cpuinfo", "r");
    (void)snprintf(out, max, "unknown CPU");
    while (file != NULL && fgets(line, sizeof line, file) != NULL) {
        const char *const colon = strchr(line, ':');
        if (strncmp(line, "model name", 10) == 0 && colon != NULL && colon[1] != '\0') {
            line[strcspn(line, "\n")] = '\0';
            (void)snprintf(out, max, "%.80s, %ld online", colon + 2, sysconf(_SC_NPROCESSORS_ONLN));
            break;
        }
    }
    if (file != NULL) {
        (void)fclose(file);
    }
}

/* How busy the machine was before: three figures that say how far to trust the rest. */
static void machine_load(char *out, size_t max)
{
    FILE *const file = fopen("/proc/loadavg", "r");
    char one[16] = "?";
    if (file != NULL) {
        if (fscanf(file, "%15s", one) != 1) {
            (void)snprintf(one, sizeof one, "?");
        }
        (void)fclose(file);
    }
    (void)snprintf(out, max, "%s", one);
}

void bench_machine(bench_report *report)
{
    struct utsname kernel;
    machine_cpu(report->cpu_name, sizeof report->cpu_name);
    machine_load(report->load, sizeof report->load);
    (void)snprintf(report->kernel, sizeof report->kernel, "unknown");
    if (uname(&kernel) == 0) {
        (void)snprintf(report->kernel, sizeof report->kernel, "%.40s %.60s", kernel.sysname, kernel.release);
    }
    (void)snprintf(report->commit, sizeof report->commit, "%s",
                   report->options.commit != NULL ? report->options.commit : "unknown");
    (void)snprintf(report->build, sizeof report->build, "%s", BENCH_BUILD);
    (void)snprintf(report->grpc, sizeof report->grpc, "%s", grpc_version_string());
#ifdef __clang__
    (void)snprintf(report->compiler, sizeof report->compiler, "%.60s", __VERSION__);
#else
    (void)snprintf(report->compiler, sizeof report->compiler, "gcc %.50s", __VERSION__);
#endif
}
