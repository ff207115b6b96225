/** What the files of the benchmark share: the contenders, the runs, the figures.
 *
 *  A contender is a server and a client, each a process of its own. Both live through the whole run; the client measures when it
 * is told to. So contenders can take turns in short slices, and what disturbs the machine disturbs all of them alike. */
#ifndef BENCH_H
#define BENCH_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define BENCH_SMALL_BYTES 32u       /* of a raw message that stands for a small call */
#define BENCH_BULK_BYTES (1u << 20) /* of an echo */
#define BENCH_OUTSTANDING 64u       /* calls of one thread under way at once: BENCH_MANY */
#define BENCH_MAX_ROUNDS 1000u

/** Exit codes. */
typedef enum bench_exit {
    BENCH_OK = 0,
    BENCH_SLOWER = 1, /* a bound is broken, or something is slower than the baseline */
    BENCH_USAGE = 2,  /* options; a build that is not Release */
    BENCH_FAILED = 3, /* a process failed or did not answer in time */
    BENCH_FILES = 4   /* a file cannot be read or written */
} bench_exit;

typedef enum bench_workload { BENCH_SMALL, BENCH_BULK, BENCH_MANY, BENCH_WORKLOADS } bench_workload;
typedef enum bench_transport { BENCH_TCP, BENCH_UNIX, BENCH_TRANSPORTS } bench_transport;
/** In the order in which they take turns. */
typedef enum bench_contender { BENCH_CORBEL, BENCH_STREAM, BENCH_UNARY, BENCH_CONTENDERS } bench_contender;

extern const char *const bench_workload_names[BENCH_WORKLOADS];
extern const char *const bench_transport_names[BENCH_TRANSPORTS];
extern const char *const bench_contender_names[BENCH_CONTENDERS];

/** What a run is asked for. */
typedef struct bench_options {
    bool quick;
    bool any_build;
    uint32_t rounds;
    uint32_t calls[BENCH_WORKLOADS]; /* in a slice */
    int cpu;                         /* both processes run there; -1: the last one that this process may use */
    double slower;                   /* percent more than the baseline that is tolerated */
    uint32_t burn_us;                /* Corbel's servant wastes so much time: a planted regression */
    const char *baseline, *results, *page, *commit;
} bench_options;

/** Over the rounds. */
typedef struct bench_spread {
    double median, low, high; /* low and high: a tenth of the rounds lies beyond each */
} bench_spread;

/** Of one workload over one transport. */
typedef struct bench_figures {
    bench_spread us[BENCH_CONTENDERS];     /* microseconds of the clock for a call */
    bench_spread cpu_us[BENCH_CONTENDERS]; /* microseconds of CPU that both processes used */
    bench_spread ratio[BENCH_CONTENDERS];  /* Corbel's time by the contender's, round by round */
    bench_spread cpu_ratio[BENCH_CONTENDERS];
} bench_figures;

typedef struct bench_report {
    char commit[80], cpu_name[128], kernel[128], compiler[64], build[32], grpc[64], load[32];
    bench_options options;
    bench_figures figures[BENCH_WORKLOADS][BENCH_TRANSPORTS];
} bench_report;

/** The most that a small call may cost, by a raw message on an open stream, and what it is meant to cost. */
#define BENCH_BOUND 1.6
#define BENCH_TARGET 1.3
/** How many times as fast as unary gRPC calls calls are, with 64 of each outstanding: at least, and as it is meant to be. */
#define BENCH_MANY_BOUND 6.0
#define BENCH_MANY_TARGET 10.0

/** Complains on stderr; false, so that it can be returned. */
bool bench_fail(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* ---- peers (corbel_peer.c, grpc_peer.c, peer.c) ---- */

/** The client's side of a contender: opened once, then called. Each prints what failed and returns false (NULL). */
typedef struct bench_caller {
    void *(*open)(const char *where);
    bool (*call)(void *self, bench_workload workload);
    bool (*many)(void *self, unsigned long calls); /* so many small ones, BENCH_OUTSTANDING of them under way */
} bench_caller;

extern const bench_caller bench_corbel_caller, bench_stream_caller, bench_unary_caller;

/** Serve at an address as bench_listen_address() makes it, say "ready WHERE" on stdout, and go on for ever. Return on failure
 *  only. */
void bench_corbel_serve(const char *address, uint32_t burn_us);
void bench_grpc_serve(const char *address, bool stream);

/** The whole process of a client: answers each "WORKLOAD CALLS" on stdin by the nanoseconds that they took. */
int bench_caller_main(const bench_caller *caller, const char *where);

/* ---- measuring (measure.c, child.c) ---- */

/** A process that runs this program again. */
typedef struct bench_child {
    int pid;
    FILE *in;       /* what we say to it */
    int out;        /* what it says */
    char text[512]; /* its last line */
} bench_child;

/** argv without the program's name; ends with NULL. On the given CPU; dies with this process. */
bool bench_child_start(bench_child *child, int cpu, const char *const *argv);
/** Its next line into text. False: none within 60 s. */
bool bench_child_line(bench_child *child);
/** CPU time that it has used, in nanoseconds. */
uint64_t bench_child_cpu(const bench_child *child);
void bench_child_stop(bench_child *child);

/** Fills in the figures. */
bool bench_measure(const bench_options *options, bench_figures figures[BENCH_WORKLOADS][BENCH_TRANSPORTS]);
/** Sorts values. */
bench_spread bench_spread_of(double *values, size_t n);

/* ---- telling (machine.c, results.c, page.c) ---- */

void bench_machine(bench_report *report);
/** NULL: no memory. */
json_t *bench_results(const bench_report *report);
bool bench_results_write(const bench_report *report, const char *file);
/** Tells what became slower than in the baseline. *ret_slower: how many ratios did. */
bool bench_compare(const bench_report *report, const char *baseline, unsigned *ret_slower);
/** The table, as text for people and for the page. */
void bench_table(const bench_report *report, FILE *out);
/** Puts the table between the markers of the page. */
bool bench_page_write(const bench_report *report, const char *file);

#endif /* BENCH_H */
