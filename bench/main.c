/* corbel-bench: the figures of docs/performance.md. See bench/README.md for its options and exit codes. */
#include "bench/bench.h"

#include <errno.h>
#include <getopt.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static const char main_usage[] =
    "usage: corbel-bench [OPTION...]\n"
    "  --rounds N         rounds (default 40)\n"
    "  --calls N          small calls in a slice (default 2000)\n"
    "  --many-calls N     small calls in a slice with 64 outstanding (default 6400)\n"
    "  --bulk-calls N     echoes of 1 MiB in a slice (default 20)\n"
    "  --cpu N            where both processes run (default: the last CPU)\n"
    "  --results FILE     writes the figures as JSON\n"
    "  --page FILE        puts the table between the markers of this page\n"
    "  --baseline FILE    compares with the JSON of an earlier run\n"
    "  --slower PERCENT   how much slower than the baseline is not slower (default 10)\n"
    "  --commit TEXT      what was measured\n"
    "  --quick            a few rounds, to see that it works; figures mean nothing\n"
    "  --any-build        also when it is not a Release build\n"
    "  --burn US          Corbel's servant wastes so many microseconds: to see a regression noticed\n"
    "exit: 0 done; 1 a bound is broken or something is slower than the baseline; 2 usage or build; 3 measuring failed;\n"
    "      4 a file cannot be read or written\n";

enum {
    OPT_ROUNDS = 256,
    OPT_CALLS,
    OPT_MANY_CALLS,
    OPT_BULK_CALLS,
    OPT_CPU,
    OPT_RESULTS,
    OPT_PAGE,
    OPT_BASELINE,
    OPT_SLOWER,
    OPT_COMMIT,
    OPT_QUICK,
    OPT_ANY_BUILD,
    OPT_BURN,
    OPT_HELP
};

static const struct option main_options[] = {
    { "rounds", required_argument, NULL, OPT_ROUNDS },
    { "calls", required_argument, NULL, OPT_CALLS },
    { "many-calls", required_argument, NULL, OPT_MANY_CALLS },
    { "bulk-calls", required_argument, NULL, OPT_BULK_CALLS },
    { "cpu", required_argument, NULL, OPT_CPU },
    { "results", required_argument, NULL, OPT_RESULTS },
    { "page", required_argument, NULL, OPT_PAGE },
    { "baseline", required_argument, NULL, OPT_BASELINE },
    { "slower", required_argument, NULL, OPT_SLOWER },
    { "commit", required_argument, NULL, OPT_COMMIT },
    { "quick", no_argument, NULL, OPT_QUICK },
    { "any-build", no_argument, NULL, OPT_ANY_BUILD },
    { "burn", required_argument, NULL, OPT_BURN },
    { "help", no_argument, NULL, OPT_HELP },
    { NULL, 0, NULL, 0 },
};

/** A whole number from least to most. */
static bool main_number(const char *text, long least, long most, long *ret)
{
    char *end = NULL;
    errno = 0;
    const long n = strtol(text, &end, 10);
    if (errno != 0 || end == text || *end != '\0' || n < least || n > most) {
        return bench_fail("'%s' is no number from %ld to %ld", text, least, most);
    }
    *ret = n;
    return true;
}

static bool main_u32(const char *text, long least, long most, uint32_t *ret)
{
    long n = 0;
    if (!main_number(text, least, most, &n)) {
        return false;
    }
    *ret = (uint32_t)n;
    return true;
}

static bool main_percent(const char *text, double *ret)
{
    char *end = NULL;
    const double n = strtod(text, &end);
    if (end == text || *end != '\0' || !isfinite(n) || n < 0) {
        return bench_fail("'%s' is no percentage", text);
    }
    *ret = n;
    return true;
}

static bool main_option(int option, bench_options *options)
{
    long cpu = -1;
    switch (option) {
    case OPT_ROUNDS:
        return main_u32(optarg, 1, BENCH_MAX_ROUNDS, &options->rounds);
    case OPT_CALLS:
        return main_u32(optarg, 1, 10000000, &options->calls[BENCH_SMALL]);
    case OPT_MANY_CALLS:
        return main_u32(optarg, 1, 10000000, &options->calls[BENCH_MANY]);
    case OPT_BULK_CALLS:
        return main_u32(optarg, 1, 1000000, &options->calls[BENCH_BULK]);
    case OPT_BURN:
        return main_u32(optarg, 0, 1000000, &options->burn_us);
    case OPT_SLOWER:
        return main_percent(optarg, &options->slower);
    case OPT_CPU:
        if (!main_number(optarg, 0, 1023, &cpu)) {
            return false;
        }
        options->cpu = (int)cpu;
        return true;
    case OPT_RESULTS:
        options->results = optarg;
        return true;
    case OPT_PAGE:
        options->page = optarg;
        return true;
    case OPT_BASELINE:
        options->baseline = optarg;
        return true;
    case OPT_COMMIT:
        options->commit = optarg;
        return true;
    case OPT_QUICK:
        options->quick = true;
        options->rounds = 3;
        options->calls[BENCH_SMALL] = 50;
        options->calls[BENCH_BULK] = 2;
        options->calls[BENCH_MANY] = 200;
        return true;
    case OPT_ANY_BUILD:
        options->any_build = true;
        return true;
    default:
        return false;
    }
}

/** The small call by a raw message, and many by unary ones: are the bounds kept? */
static unsigned main_bounds(const bench_report *report)
{
    unsigned broken = 0;
    putchar('\n');
    for (unsigned transport = 0; transport < BENCH_TRANSPORTS; transport++) {
        const double ratio = report->figures[BENCH_SMALL][transport].ratio[BENCH_STREAM].median;
        const bool kept = ratio <= BENCH_BOUND;
        printf("The small call, %s: %.2f of a raw message; the bound of %.1f is %s, the target of %.1f is %s.\n",
               bench_transport_names[transport], ratio, BENCH_BOUND, kept ? "kept" : "BROKEN", BENCH_TARGET,
               ratio <= BENCH_TARGET ? "met" : "not met");
        broken += !kept;
    }
    for (unsigned transport = 0; transport < BENCH_TRANSPORTS; transport++) {
        const double ratio = report->figures[BENCH_MANY][transport].ratio[BENCH_UNARY].median;
        const double times = ratio > 0 ? 1 / ratio : 0;
        const bool kept = times >= BENCH_MANY_BOUND;
        printf("64 outstanding, %s: %.1f times as fast as gRPC unary; the bound of %.0f is %s, the target of %.0f is %s.\n",
               bench_transport_names[transport], times, BENCH_MANY_BOUND, kept ? "kept" : "BROKEN", BENCH_MANY_TARGET,
               times >= BENCH_MANY_TARGET ? "met" : "not met");
        broken += !kept;
    }
    return broken;
}

static int main_run(const bench_options *options)
{
    static bench_report report;
    unsigned slower = 0;
    if (strcmp(BENCH_BUILD, "Release") != 0) {
        (void)bench_fail("this is a %s build, not Release: its figures mean nothing", BENCH_BUILD);
        if (!options->any_build) {
            return BENCH_USAGE;
        }
        if (options->page != NULL) {
            (void)bench_fail("they do not go into %s", options->page);
            return BENCH_USAGE;
        }
    }
    report.options = *options;
    bench_machine(&report);
    if (!bench_measure(options, report.figures)) {
        return BENCH_FAILED;
    }
    bench_table(&report, stdout);
    const unsigned broken = main_bounds(&report);
    if ((options->results != NULL && !bench_results_write(&report, options->results)) ||
        (options->page != NULL && !bench_page_write(&report, options->page)) ||
        (options->baseline != NULL && !bench_compare(&report, options->baseline, &slower))) {
        return BENCH_FILES;
    }
    return slower > 0 || (broken > 0 && !options->quick) ? BENCH_SLOWER : BENCH_OK;
}

/* What measure.c starts: --serve MODE ADDRESS BURN, --call MODE WHERE. */
static int main_peer(int argc, char **argv)
{
    const char *const mode = argv[2];
    if (strcmp(argv[1], "--call") == 0) {
        return bench_caller_main(strcmp(mode, "corbel") == 0   ? &bench_corbel_caller
                                 : strcmp(mode, "stream") == 0 ? &bench_stream_caller
                                                               : &bench_unary_caller,
                                 argv[3]);
    }
    if (strcmp(mode, "corbel") == 0) {
        bench_corbel_serve(argv[3], argc > 4 ? (uint32_t)strtoul(argv[4], NULL, 10) : 0);
    } else {
        bench_grpc_serve(argv[3], strcmp(mode, "stream") == 0);
    }
    return BENCH_FAILED;
}

int main(int argc, char **argv)
{
    if (argc > 3 && (strcmp(argv[1], "--serve") == 0 || strcmp(argv[1], "--call") == 0)) {
        return main_peer(argc, argv);
    }
    bench_options options = {
        .rounds = 40, .calls = { [BENCH_SMALL] = 2000, [BENCH_BULK] = 20, [BENCH_MANY] = 6400 }, .cpu = -1, .slower = 10
    };
    for (int option; (option = getopt_long(argc, argv, "", main_options, NULL)) != -1;) {
        if (option == OPT_HELP) {
            fputs(main_usage, stdout);
            return BENCH_OK;
        }
        if (!main_option(option, &options)) {
            fputs(main_usage, stderr);
            return BENCH_USAGE;
        }
    }
    if (optind < argc) {
        fputs(main_usage, stderr);
        return BENCH_USAGE;
    }
    return main_run(&options);
}
