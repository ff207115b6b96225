/* Figures for machines: written, and compared with those of an earlier run. */
#include "bench/bench.h"

#include <string.h>

#define RESULTS_VERSION 1

static json_t *results_spread(bench_spread spread)
{
    return json_pack("{s:f, s:f, s:f}", "median", spread.median, "low", spread.low, "high", spread.high);
}

static json_t *results_figures(const bench_report *report)
{
    json_t *const all = json_array();
    for (unsigned workload = 0; workload < BENCH_WORKLOADS; workload++) {
        for (unsigned transport = 0; transport < BENCH_TRANSPORTS; transport++) {
            const bench_figures *const figures = &report->figures[workload][transport];
            for (unsigned contender = 0; contender < BENCH_CONTENDERS; contender++) {
                json_t *const row = json_pack(
                    "{s:s, s:s, s:s, s:o, s:o, s:o, s:o}", "workload", bench_workload_names[workload], "transport",
                    bench_transport_names[transport], "contender", bench_contender_names[contender], "us",
                    results_spread(figures->us[contender]), "cpu_us", results_spread(figures->cpu_us[contender]), "ratio",
                    results_spread(figures->ratio[contender]), "cpu_ratio", results_spread(figures->cpu_ratio[contender]));
                if (json_array_append_new(all, row) != 0) {
                    json_decref(all);
                    return NULL;
                }
            }
        }
    }
    return all;
}

json_t *bench_results(const bench_report *report)
{
    return json_pack("{s:i, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:i, s:i, s:i, s:o}", "version", RESULTS_VERSION, "commit",
                     report->commit, "cpu", report->cpu_name, "kernel", report->kernel, "compiler", report->compiler, "build",
                     report->build, "grpc", report->grpc, "load", report->load, "rounds", (int)report->options.rounds,
                     "small_calls", (int)report->options.calls[BENCH_SMALL], "bulk_calls", (int)report->options.calls[BENCH_BULK],
                     "figures", results_figures(report));
}

bool bench_results_write(const bench_report *report, const char *file)
{
    json_t *const json = bench_results(report);
    const bool written = json != NULL && json_dump_file(json, file, JSON_INDENT(2) | JSON_REAL_PRECISION(6)) == 0;
    json_decref(json);
    return written || bench_fail("%s: cannot be written", file);
}

/* ---- comparing ---- */

static const json_t *compare_row(const json_t *figures, unsigned workload, unsigned transport, unsigned contender)
{
    size_t i;
    const json_t *row;
    json_array_foreach(figures, i, row)
    {
        const char *const w = json_string_value(json_object_get(row, "workload"));
        const char *const t = json_string_value(json_object_get(row, "transport"));
        const char *const c = json_string_value(json_object_get(row, "contender"));
        if (w != NULL && t != NULL && c != NULL && strcmp(w, bench_workload_names[workload]) == 0 &&
            strcmp(t, bench_transport_names[transport]) == 0 && strcmp(c, bench_contender_names[contender]) == 0) {
            return row;
        }
    }
    return NULL;
}

static double compare_median(const json_t *row, const char *name)
{
    return json_number_value(json_object_get(json_object_get(row, name), "median"));
}

/* What is compared is Corbel's share of a raw message of the same run: microseconds of two runs, or of two machines, are not of
 * one kind. */
bool bench_compare(const bench_report *report, const char *baseline, unsigned *ret_slower)
{
    json_error_t why;
    json_t *const json = json_load_file(baseline, 0, &why);
    const json_t *const figures = json_object_get(json, "figures");
    *ret_slower = 0;
    if (json_integer_value(json_object_get(json, "version")) != RESULTS_VERSION || !json_is_array(figures)) {
        json_decref(json);
        return bench_fail("%s: not the results of this program", baseline);
    }
    const char *const commit = json_string_value(json_object_get(json, "commit"));
    printf("\nAgainst %s:\n", commit != NULL ? commit : "an unknown commit");
    unsigned compared = 0;
    for (unsigned workload = 0; workload < BENCH_WORKLOADS; workload++) {
        for (unsigned transport = 0; transport < BENCH_TRANSPORTS; transport++) {
            const double before = compare_median(compare_row(figures, workload, transport, BENCH_STREAM), "ratio");
            const double now = report->figures[workload][transport].ratio[BENCH_STREAM].median;
            if (before <= 0) {
                continue;
            }
            const double more = (now / before - 1) * 100;
            const bool slower = more > report->options.slower;
            printf("  %s, %s: %.2f of a raw message, was %.2f: %+.1f %%%s\n", bench_workload_names[workload],
                   bench_transport_names[transport], now, before, more, slower ? ", SLOWER" : "");
            *ret_slower += slower;
            compared++;
        }
    }
    json_decref(json);
    return compared > 0 || bench_fail("%s: nothing in it to compare with", baseline);
}
