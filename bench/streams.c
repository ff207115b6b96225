/* Small items over a stream: Corbel's side of bench/streams.
 *
 *   corbel-bench-streams serve       says "ready URI" on stdout, and goes on until it is killed
 *   corbel-bench-streams call URI    says "open"; answers each line "ITEMS" on stdin by the nanoseconds that it took to read so
 * many
 *
 * Exit: 2 usage, 3 something failed. */
#include "streams.corbel.h"

#include <corbel/corbel.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { STREAMS_USAGE = 2, STREAMS_FAILED = 3 };

static corbel_status feed_count(void *self, corbel_request *request, int32_t items, corbel_int32_stream *ret)
{
    (void)self;
    (void)request;
    for (int32_t i = 0; i < items && corbel_int32_stream_put(ret, i); i++) {
    }
    return CORBEL_OK;
}

static int streams_serve(void)
{
    static const bench_Feed_servant servant = { .count = feed_count };
    corbel_error error = CORBEL_ERROR_INIT;
    corbel_runtime *runtime = NULL;
    corbel_daemon *daemon = NULL;
    bench_Feed *feed = NULL;
    if (corbel_runtime_new(NULL, &runtime, &error) || corbel_daemon_new(runtime, "127.0.0.1:0", &daemon, &error)) {
        goto done;
    }
    feed = bench_Feed_new(runtime, &servant, NULL, NULL);
    if (corbel_daemon_register(daemon, "feed", bench_Feed_as_object(feed), &error) ||
        corbel_daemon_ready(daemon, bench_Feed_as_object(feed), stdout, &error) || corbel_daemon_run(daemon, &error)) {
        goto done;
    }
done:
    (void)corbel_error_print(&error, stderr);
    bench_Feed_unref(feed);
    corbel_daemon_unref(daemon);
    corbel_runtime_unref(runtime);
    corbel_error_clear(&error);
    return STREAMS_FAILED;
}

static uint64_t streams_now(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static corbel_status streams_read(bench_Feed *feed, int32_t items, corbel_error *reterr)
{
    corbel_int32_stream *stream = NULL;
    corbel_call *const call = bench_Feed_count_begin(feed, items, &stream);
    int32_t item = 0;
    int32_t n = 0;
    while (corbel_int32_stream_next(stream, &item)) {
        if (item != n++) {
            fprintf(stderr, "corbel-bench-streams: item %" PRId32 " is %" PRId32 "\n", n - 1, item);
            exit(STREAMS_FAILED);
        }
    }
    const corbel_status status = bench_Feed_count_finish(call, reterr);
    if (status == CORBEL_OK && n != items) {
        fprintf(stderr, "corbel-bench-streams: %" PRId32 " items instead of %" PRId32 "\n", n, items);
        exit(STREAMS_FAILED);
    }
    return status;
}

static int streams_call(const char *uri)
{
    corbel_error error = CORBEL_ERROR_INIT;
    corbel_runtime *runtime = NULL;
    bench_Feed *feed = NULL;
    char line[64];
    if (corbel_runtime_new(NULL, &runtime, &error) || bench_Feed_from_uri(runtime, uri, &feed, &error) ||
        streams_read(feed, 1, &error)) {
        goto failed;
    }
    puts("open");
    (void)fflush(stdout);
    while (fgets(line, sizeof line, stdin) != NULL) {
        const long items = strtol(line, NULL, 10);
        if (items <= 0 || items > INT32_MAX) {
            fprintf(stderr, "corbel-bench-streams: not a number of items: %s", line);
            return STREAMS_USAGE;
        }
        const uint64_t began = streams_now();
        if (streams_read(feed, (int32_t)items, &error)) {
            goto failed;
        }
        printf("%" PRIu64 "\n", streams_now() - began);
        (void)fflush(stdout);
    }
    bench_Feed_unref(feed);
    corbel_runtime_unref(runtime);
    return 0;
failed:
    (void)corbel_error_print(&error, stderr);
    bench_Feed_unref(feed);
    corbel_runtime_unref(runtime);
    corbel_error_clear(&error);
    return STREAMS_FAILED;
}

int main(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "serve") == 0) {
        return streams_serve();
    }
    if (argc == 3 && strcmp(argv[1], "call") == 0) {
        return streams_call(argv[2]);
    }
    fputs("usage: corbel-bench-streams serve | call URI\n", stderr);
    return STREAMS_USAGE;
}
