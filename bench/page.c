/* Figures for people: the table, and the page that holds it. */
#include "bench/bench.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define PAGE_BEGIN "<!-- figures: begin -->\n"
#define PAGE_END "<!-- figures: end -->\n"

static void table_row(const bench_report *report, unsigned workload, unsigned transport, FILE *out)
{
    const bench_figures *const figures = &report->figures[workload][transport];
    for (unsigned contender = 0; contender < BENCH_CONTENDERS; contender++) {
        const bench_spread us = figures->us[contender];
        fprintf(out, "| %s | %s | %s | %.4g | %.4g to %.4g | %.4g |", bench_workload_names[workload],
                bench_transport_names[transport], bench_contender_names[contender], us.median, us.low, us.high,
                figures->cpu_us[contender].median);
        if (contender == BENCH_CORBEL) {
            fputs(" | |\n", out);
        } else {
            const bench_spread ratio = figures->ratio[contender];
            fprintf(out, " **%.2f** (%.2f to %.2f) | %.2f |\n", ratio.median, ratio.low, ratio.high,
                    figures->cpu_ratio[contender].median);
        }
    }
}

void bench_table(const bench_report *report, FILE *out)
{
    fprintf(out,
            "Commit %s. %s, %s; gRPC C core %s; %s, %s build. %u rounds of %u small calls and %u echoes; load average before: "
            "%s.\n\n",
            report->commit, report->cpu_name, report->kernel, report->grpc, report->compiler, report->build,
            report->options.rounds, report->options.calls[BENCH_SMALL], report->options.calls[BENCH_BULK], report->load);
    fputs("| What | Over | Who | µs | spread | CPU µs | Corbel by it | of CPU |\n|---|---|---|---|---|---|---|---|\n", out);
    for (unsigned workload = 0; workload < BENCH_WORKLOADS; workload++) {
        for (unsigned transport = 0; transport < BENCH_TRANSPORTS; transport++) {
            table_row(report, workload, transport, out);
        }
    }
}

/** The whole file; free(). NULL: complained. */
static char *page_read(const char *name)
{
    FILE *const file = fopen(name, "r");
    char *text = NULL;
    size_t len = 0;
    FILE *const copy = open_memstream(&text, &len);
    for (int c; file != NULL && copy != NULL && (c = fgetc(file)) != EOF;) {
        fputc(c, copy);
    }
    const bool whole = file != NULL && copy != NULL && ferror(file) == 0;
    if (file != NULL) {
        (void)fclose(file);
    }
    if (copy == NULL || fclose(copy) != 0 || !whole) {
        (void)bench_fail("%s: %s", name, strerror(errno));
        free(text);
        return NULL;
    }
    return text;
}

bool bench_page_write(const bench_report *report, const char *name)
{
    char *const text = page_read(name);
    if (text == NULL) {
        return false;
    }
    char *begin = strstr(text, PAGE_BEGIN);
    const char *const end = begin == NULL ? NULL : strstr(begin, PAGE_END);
    if (end == NULL) {
        free(text);
        return bench_fail("%s: the lines between which the figures go are not there", name);
    }
    begin += strlen(PAGE_BEGIN);
    FILE *const file = fopen(name, "w");
    bool written = file != NULL;
    if (written) {
        (void)fwrite(text, 1, (size_t)(begin - text), file);
        bench_table(report, file);
        (void)fputs(end, file);
        written = ferror(file) == 0;
        written = fclose(file) == 0 && written;
    }
    free(text);
    return written || bench_fail("%s: cannot be written", name);
}
