/* retry-client URI: counts to 300 twice, over a connection that is cut every 8,000 bytes: once with an operation that happens
 * once, and once with one that does not say so. */
#include "cutter.h"
#include "retry.corbel.h"

#include <stdlib.h>
#include <string.h>

enum { CALLS = 300, BYTES = 8000 };

/* @once: the library sends it again, with its key, until the answer has come. */
static corbel_status count_exactly(retry_Counter *counter, cutter *line, corbel_error *error)
{
    int32_t before = 0, after = 0;
    const unsigned cuts = atomic_load(&line->cuts);
    corbel_status status = retry_Counter_total(counter, &before, error);
    for (int i = 0; i < CALLS && status == CORBEL_OK; i++) {
        status = retry_Counter_add_once(counter, 1, error);
    }
    if (status == CORBEL_OK && (status = retry_Counter_total(counter, &after, error)) == CORBEL_OK) {
        printf("once: %d calls, the counter went up by %d, the line was cut: %s\n", CALLS, after - before,
               atomic_load(&line->cuts) > cuts + 1 ? "again and again" : "hardly");
    }
    return status;
}

/* A plain operation: what certainly did not run is sent again; what may have run fails, and says so. */
static corbel_status count_plainly(retry_Counter *counter, corbel_error *error)
{
    int32_t before = 0, after = 0;
    int done = 0, maybe = 0, failed = 0;
    corbel_status status = retry_Counter_total(counter, &before, error);
    for (int i = 0; i < CALLS && status == CORBEL_OK; i++) {
        if (retry_Counter_add(counter, 1, error) == CORBEL_OK) {
            done++;
        } else if (error->completion == CORBEL_COMPLETED_NO) {
            failed++;
        } else {
            maybe++;
        }
    }
    if (status == CORBEL_OK && (status = retry_Counter_total(counter, &after, error)) == CORBEL_OK) {
        const int up = after - before;
        fprintf(stderr, "plain: %d done, %d may be, %d not; the counter went up by %d\n", done, maybe, failed, up);
        printf("plain: %d calls, what was told of them was true: %s\n", CALLS, up >= done && up <= done + maybe ? "yes" : "no");
    }
    return status;
}

/* The object at uri, through the line. */
static corbel_status reach(corbel_runtime *runtime, const char *uri, cutter *line, retry_Counter **ret, corbel_error *error)
{
    char through[64];
    const char *const port = strrchr(uri, ':');
    if (cutter_start(line, (uint16_t)strtoul(port == NULL ? "0" : port + 1, NULL, 10), BYTES) != 0) {
        perror("retry-client: no line");
        exit(1);
    }
    (void)snprintf(through, sizeof through, "corbel:counter@127.0.0.1:%u", (unsigned)line->port);
    return retry_Counter_from_uri(runtime, through, ret, error);
}

int main(int argc, char **argv)
{
    corbel_error error = CORBEL_ERROR_INIT;
    corbel_runtime_options options = CORBEL_RUNTIME_OPTIONS_INIT;
    corbel_runtime *runtime = NULL;
    retry_Counter *counter = NULL;
    static cutter line;
    int result = 0;

    if (argc < 2) {
        fputs("usage: retry-client URI\n", stderr);
        return 2;
    }
    options.wait_for_ready = true; /* that one attempt to connect fails is no reason to give up */
    if (corbel_runtime_new(&options, &runtime, &error) || reach(runtime, argv[1], &line, &counter, &error) ||
        count_exactly(counter, &line, &error) || count_plainly(counter, &error)) {
        result = corbel_error_print(&error, stderr);
    }
    retry_Counter_unref(counter);
    corbel_runtime_unref(runtime);
    corbel_error_clear(&error);
    return result;
}
