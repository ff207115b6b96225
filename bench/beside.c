/* Small calls while a large stream flows through the same session: what bench/beside runs.
 *
 *   corbel-bench-beside serve ADDRESS    says "ready URI" on stdout, and goes on until it is killed
 *   corbel-bench-beside call URI MIB     times small calls alone, then beside a stream of so many MiB that another thread reads
 *
 * The bounds: the median beside the stream is at most 5 times that alone, and of a hundred calls 99 take at most 20 times as long
 * as alone, or 5 ms. Exit: 0 they are kept, 1 one is broken, 2 usage, 3 something failed. */
#include "beside.corbel.h"

#include <corbel/corbel.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
    BESIDE_BROKEN = 1,
    BESIDE_USAGE = 2,
    BESIDE_FAILED = 3,
    BESIDE_CHUNK = 64 << 10,
    BESIDE_CALLS = 20000,
    BESIDE_FEW = 100, /* fewer say nothing about one in a hundred */
    BESIDE_MEDIAN_TIMES = 5,
    BESIDE_HIGH_TIMES = 20,
    BESIDE_HIGH_NS = 5000000
};

static corbel_status pipe_flow(void *self, corbel_request *request, int32_t chunks, corbel_bytes_stream *ret)
{
    static const uint8_t bytes[BESIDE_CHUNK] = { 1 };
    const corbel_bytes chunk = { sizeof bytes, bytes };
    (void)self;
    (void)request;
    for (int32_t i = 0; i < chunks && corbel_bytes_stream_put(ret, chunk); i++) {
    }
    return CORBEL_OK;
}

static corbel_status pipe_add(void *self, corbel_request *request, int32_t a, int32_t b, int32_t *ret)
{
    (void)self;
    (void)request;
    *ret = a + b;
    return CORBEL_OK;
}

static int beside_serve(const char *address)
{
    static const bench_Pipe_servant servant = { .flow = pipe_flow, .add = pipe_add };
    corbel_error error = CORBEL_ERROR_INIT;
    corbel_runtime *runtime = NULL;
    corbel_daemon *daemon = NULL;
    bench_Pipe *pipe = NULL;
    if (corbel_runtime_new(NULL, &runtime, &error) || corbel_daemon_new(runtime, address, &daemon, &error)) {
        goto done;
    }
    pipe = bench_Pipe_new(runtime, &servant, NULL, NULL);
    if (corbel_daemon_register(daemon, "pipe", bench_Pipe_as_object(pipe), &error) ||
        corbel_daemon_ready(daemon, bench_Pipe_as_object(pipe), stdout, &error) || corbel_daemon_run(daemon, &error)) {
        goto done;
    }
done:
    (void)corbel_error_print(&error, stderr);
    bench_Pipe_unref(pipe);
    corbel_daemon_unref(daemon);
    corbel_runtime_unref(runtime);
    corbel_error_clear(&error);
    return BESIDE_FAILED;
}

static uint64_t beside_now(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/* ---- the stream ---- */

typedef struct beside_reader {
    pthread_t thread;
    corbel_bytes_stream *stream;
    uint64_t bytes;
    uint64_t ended; /* when; only for who has joined the thread */
    atomic_bool over;
} beside_reader;

static void *beside_read(void *self)
{
    beside_reader *const reader = self;
    corbel_bytes chunk = { 0, NULL };
    while (corbel_bytes_stream_next(reader->stream, &chunk)) {
        reader->bytes += chunk.len;
    }
    reader->ended = beside_now();
    atomic_store(&reader->over, true);
    return NULL;
}

/* ---- the calls ---- */

typedef struct beside_figures {
    size_t n;
    uint64_t median, high; /* nanoseconds; 99 of a hundred calls took at most high */
} beside_figures;

static int beside_compare(const void *a, const void *b)
{
    const uint64_t x = *(const uint64_t *)a;
    const uint64_t y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

/** Calls until there are enough, or the stream is over (NULL: there is none). */
static corbel_status beside_calls(bench_Pipe *pipe, beside_reader *reader, beside_figures *ret, corbel_error *reterr)
{
    static uint64_t times[BESIDE_CALLS];
    size_t n = 0;
    while (n < BESIDE_CALLS && (reader == NULL || !atomic_load(&reader->over))) {
        int32_t sum = 0;
        const uint64_t began = beside_now();
        const corbel_status status = bench_Pipe_add(pipe, (int32_t)n, 1, &sum, reterr);
        if (status != CORBEL_OK) {
            return status;
        }
        times[n++] = beside_now() - began;
        if (sum != (int32_t)n) {
            fprintf(stderr, "corbel-bench-beside: %zu + 1 is %" PRId32 "\n", n - 1, sum);
            exit(BESIDE_FAILED);
        }
    }
    qsort(times, n, sizeof *times, beside_compare);
    *ret = (beside_figures) { n, n == 0 ? 0 : times[n / 2], n == 0 ? 0 : times[n * 99 / 100] };
    return CORBEL_OK;
}

static void beside_print(const char *what, const beside_figures *figures)
{
    printf("%-28s %6zu calls, median %8.1f us, 99 of 100 within %8.1f us\n", what, figures->n, (double)figures->median / 1e3,
           (double)figures->high / 1e3);
}

static int beside_judge(const beside_figures *alone, const beside_figures *beside)
{
    const double median = (double)beside->median / (double)alone->median;
    const double high = (double)beside->high / (double)alone->high;
    const bool kept = median <= BESIDE_MEDIAN_TIMES && (high <= BESIDE_HIGH_TIMES || beside->high <= BESIDE_HIGH_NS);
    printf("median %.1f times (bound %d), 99 of 100 %.1f times (bound %d, or %d ms): %s\n", median, BESIDE_MEDIAN_TIMES, high,
           BESIDE_HIGH_TIMES, BESIDE_HIGH_NS / 1000000, kept ? "kept" : "BROKEN");
    return kept ? 0 : BESIDE_BROKEN;
}

static int beside_call(const char *uri, int32_t mib)
{
    corbel_error error = CORBEL_ERROR_INIT;
    corbel_runtime *runtime = NULL;
    bench_Pipe *pipe = NULL;
    beside_figures alone = { 0 };
    beside_figures beside = { 0 };
    beside_reader reader = { .over = false };
    int result = BESIDE_FAILED;
    if (corbel_runtime_new(NULL, &runtime, &error) || bench_Pipe_from_uri(runtime, uri, &pipe, &error) ||
        beside_calls(pipe, NULL, &alone, &error) || beside_calls(pipe, NULL, &alone, &error)) { /* the first warm up */
        goto done;
    }
    const int32_t chunks = mib * ((1 << 20) / BESIDE_CHUNK);
    corbel_call *const call = bench_Pipe_flow_begin(pipe, chunks, &reader.stream);
    const uint64_t began = beside_now();
    if (pthread_create(&reader.thread, NULL, beside_read, &reader) != 0) {
        fputs("corbel-bench-beside: no thread\n", stderr);
        (void)corbel_call_drop(call);
        goto done;
    }
    const corbel_status status = beside_calls(pipe, &reader, &beside, &error);
    (void)pthread_join(reader.thread, NULL);
    if (bench_Pipe_flow_finish(call, &error) || status != CORBEL_OK) {
        goto done;
    }
    if (reader.bytes != (uint64_t)chunks * BESIDE_CHUNK || beside.n < BESIDE_FEW) {
        fprintf(stderr, "corbel-bench-beside: %" PRIu64 " bytes of %" PRIu64 " came, beside %zu calls\n", reader.bytes,
                (uint64_t)chunks * BESIDE_CHUNK, beside.n);
        goto done;
    }
    beside_print("alone:", &alone);
    beside_print("beside the stream:", &beside);
    printf("the stream: %" PRId32 " MiB in %.2f s\n", mib, (double)(reader.ended - began) / 1e9);
    result = beside_judge(&alone, &beside);
done:
    if (error.status != CORBEL_OK) {
        (void)corbel_error_print(&error, stderr);
    }
    bench_Pipe_unref(pipe);
    corbel_runtime_unref(runtime);
    corbel_error_clear(&error);
    return result;
}

int main(int argc, char **argv)
{
    if (argc == 3 && strcmp(argv[1], "serve") == 0) {
        return beside_serve(argv[2]);
    }
    if (argc == 4 && strcmp(argv[1], "call") == 0) {
        char *end = NULL;
        const long mib = strtol(argv[3], &end, 10);
        if (*end == '\0' && mib > 0 && mib <= 16384) {
            return beside_call(argv[2], (int32_t)mib);
        }
    }
    fputs("usage: corbel-bench-beside serve ADDRESS | call URI MIB\n", stderr);
    return BESIDE_USAGE;
}
