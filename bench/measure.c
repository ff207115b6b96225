/* The rounds: in each, every contender gets a slice of every workload over every transport, one after the other. */
#include "bench/bench.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const char *const bench_workload_names[BENCH_WORKLOADS] = { "small call", "1 MiB echo", "64 outstanding" };
const char *const bench_transport_names[BENCH_TRANSPORTS] = { "TCP", "Unix socket" };
const char *const bench_contender_names[BENCH_CONTENDERS] = { "Corbel", "gRPC stream", "gRPC unary" };

static const char *const measure_modes[BENCH_CONTENDERS] = { "corbel", "stream", "unary" };

typedef struct measure_pair {
    bench_child server, client;
} measure_pair;

typedef struct measure_state {
    const bench_options *options;
    int cpu;
    char folder[64]; /* of the Unix sockets */
    measure_pair pairs[BENCH_TRANSPORTS][BENCH_CONTENDERS];
    /* Microseconds of a call: of the clock, of CPU. */
    double us[BENCH_WORKLOADS][BENCH_TRANSPORTS][BENCH_CONTENDERS][BENCH_MAX_ROUNDS];
    double cpu_us[BENCH_WORKLOADS][BENCH_TRANSPORTS][BENCH_CONTENDERS][BENCH_MAX_ROUNDS];
} measure_state;

static bool pair_start(measure_state *state, bench_transport transport, bench_contender contender)
{
    measure_pair *const pair = &state->pairs[transport][contender];
    char address[128] = "127.0.0.1:0";
    char burn[16];
    if (transport == BENCH_UNIX) {
        (void)snprintf(address, sizeof address, "unix:%s/%s", state->folder, measure_modes[contender]);
    }
    (void)snprintf(burn, sizeof burn, "%" PRIu32, state->options->burn_us);
    const char *const serve[] = { "--serve", measure_modes[contender], address, burn, NULL };
    if (!bench_child_start(&pair->server, state->cpu, serve) || !bench_child_line(&pair->server)) {
        return false;
    }
    if (strncmp(pair->server.text, "ready ", 6) != 0) {
        return bench_fail("a server said: %s", pair->server.text);
    }
    const char *const call[] = { "--call", measure_modes[contender], pair->server.text + 6, NULL };
    return bench_child_start(&pair->client, state->cpu, call) && bench_child_line(&pair->client);
}

/** One slice. */
static bool pair_measure(measure_pair *pair, bench_workload workload, uint32_t calls, double *ret_us, double *ret_cpu_us)
{
    const uint64_t before = bench_child_cpu(&pair->server) + bench_child_cpu(&pair->client);
    if (fprintf(pair->client.in, "%u %" PRIu32 "\n", (unsigned)workload, calls) < 0 || fflush(pair->client.in) != 0) {
        return bench_fail("a client takes no command");
    }
    if (!bench_child_line(&pair->client)) {
        return false;
    }
    const uint64_t after = bench_child_cpu(&pair->server) + bench_child_cpu(&pair->client);
    *ret_us = (double)strtoull(pair->client.text, NULL, 10) / 1e3 / calls;
    *ret_cpu_us = (double)(after - before) / 1e3 / calls;
    return *ret_us > 0 || bench_fail("a client said: %s", pair->client.text);
}

/** Who begins changes from round to round, so that nobody always follows the same one. */
static bool measure_round(measure_state *state, uint32_t round)
{
    for (unsigned workload = 0; workload < BENCH_WORKLOADS; workload++) {
        for (unsigned transport = 0; transport < BENCH_TRANSPORTS; transport++) {
            for (unsigned i = 0; i < BENCH_CONTENDERS; i++) {
                const unsigned contender = (i + round) % BENCH_CONTENDERS;
                if (!pair_measure(&state->pairs[transport][contender], (bench_workload)workload, state->options->calls[workload],
                                  &state->us[workload][transport][contender][round],
                                  &state->cpu_us[workload][transport][contender][round])) {
                    return bench_fail("%s, %s, %s", bench_contender_names[contender], bench_workload_names[workload],
                                      bench_transport_names[transport]);
                }
            }
        }
    }
    return true;
}

/* ---- figures ---- */

static int compare_doubles(const void *a, const void *b)
{
    const double x = *(const double *)a;
    const double y = *(const double *)b;
    return x < y ? -1 : x > y;
}

bench_spread bench_spread_of(double *values, size_t n)
{
    qsort(values, n, sizeof *values, compare_doubles);
    return (bench_spread) { .median = n % 2 == 1 ? values[n / 2] : (values[n / 2 - 1] + values[n / 2]) / 2,
                            .low = values[n / 10],
                            .high = values[n - 1 - n / 10] };
}

static bench_spread measure_ratio(const double *ours, const double *theirs, size_t n)
{
    double values[BENCH_MAX_ROUNDS];
    for (size_t i = 0; i < n; i++) {
        values[i] = theirs[i] > 0 ? ours[i] / theirs[i] : 0;
    }
    return bench_spread_of(values, n);
}

static void measure_figures(measure_state *state, unsigned workload, unsigned transport, bench_figures *figures)
{
    const size_t n = state->options->rounds;
    double(*const us)[BENCH_MAX_ROUNDS] = state->us[workload][transport];
    double(*const cpu_us)[BENCH_MAX_ROUNDS] = state->cpu_us[workload][transport];
    for (unsigned contender = 0; contender < BENCH_CONTENDERS; contender++) {
        figures->ratio[contender] = measure_ratio(us[BENCH_CORBEL], us[contender], n);
        figures->cpu_ratio[contender] = measure_ratio(cpu_us[BENCH_CORBEL], cpu_us[contender], n);
    }
    for (unsigned contender = 0; contender < BENCH_CONTENDERS; contender++) { /* sorts: after the ratios of the rounds */
        figures->us[contender] = bench_spread_of(us[contender], n);
        figures->cpu_us[contender] = bench_spread_of(cpu_us[contender], n);
    }
}

/* ---- the whole run ---- */

static int measure_last_cpu(void)
{
    cpu_set_t mine;
    int last = 0;
    if (sched_getaffinity(0, sizeof mine, &mine) == 0) {
        for (int i = 0; i < CPU_SETSIZE; i++) {
            last = CPU_ISSET((size_t)i, &mine) ? i : last;
        }
    }
    return last;
}

static bool measure_folder(measure_state *state)
{
    const char *const where = getenv("TMPDIR");
    (void)snprintf(state->folder, sizeof state->folder, "%s/corbel-bench-XXXXXX",
                   where != NULL && strlen(where) < 32 ? where : "/tmp"); /* the path of a Unix socket is short */
    if (mkdtemp(state->folder) == NULL) {
        return bench_fail("no folder for the sockets: %s", strerror(errno));
    }
    return true;
}

static void measure_clean_up(measure_state *state)
{
    for (unsigned transport = 0; transport < BENCH_TRANSPORTS; transport++) {
        for (unsigned contender = 0; contender < BENCH_CONTENDERS; contender++) {
            bench_child_stop(&state->pairs[transport][contender].server);
            bench_child_stop(&state->pairs[transport][contender].client);
        }
    }
    DIR *const folder = opendir(state->folder);
    for (struct dirent *entry; folder != NULL && (entry = readdir(folder)) != NULL;) {
        (void)unlinkat(dirfd(folder), entry->d_name, 0); /* what is left of the killed servers' sockets */
    }
    if (folder != NULL) {
        (void)closedir(folder);
    }
    (void)rmdir(state->folder);
}

bool bench_measure(const bench_options *options, bench_figures figures[BENCH_WORKLOADS][BENCH_TRANSPORTS])
{
    static measure_state state;
    state = (measure_state) { .options = options, .cpu = options->cpu >= 0 ? options->cpu : measure_last_cpu() };
    bool done = measure_folder(&state);
    if (!done) {
        return false;
    }
    for (unsigned transport = 0; done && transport < BENCH_TRANSPORTS; transport++) {
        for (unsigned contender = 0; done && contender < BENCH_CONTENDERS; contender++) {
            done = pair_start(&state, (bench_transport)transport, (bench_contender)contender);
        }
    }
    done = done && measure_round(&state, 0); /* not counted: it warms up */
    for (uint32_t round = 0; done && round < options->rounds; round++) {
        done = measure_round(&state, round);
    }
    measure_clean_up(&state);
    for (unsigned workload = 0; done && workload < BENCH_WORKLOADS; workload++) {
        for (unsigned transport = 0; transport < BENCH_TRANSPORTS; transport++) {
            measure_figures(&state, workload, transport, &figures[workload][transport]);
        }
    }
    return done;
}
