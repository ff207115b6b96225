/* redirect-server [LISTEN]: hosts a reporter, example.redirect, that prints to an object of its caller's. */
#include "redirect.corbel.h"

#include <inttypes.h>

/* Where a report goes, and what went wrong on the way. */
typedef struct sink {
    redirect_Output *output;
    corbel_error error;
} sink;

/* What stdio calls when a line is complete. */
static ssize_t sink_write(void *cookie, const char *data, size_t length)
{
    sink *s = cookie;
    const redirect_Bytes bytes = { length, (const uint8_t *)data };
    return redirect_Output_write(s->output, bytes, &s->error) ? 0 : (ssize_t)length; /* 0: it failed */
}

/* Has never heard of remote objects. */
static void print_report(FILE *out, uint32_t lines)
{
    for (uint32_t i = 1; i <= lines && !ferror(out); i++) {
        fprintf(out, "line %" PRIu32 " of %" PRIu32 "\n", i, lines);
    }
}

static corbel_status report(void *self, corbel_request *request, uint32_t lines, redirect_Output *output)
{
    sink s = { output, CORBEL_ERROR_INIT };
    (void)self;
    FILE *out = fopencookie(&s, "w", (cookie_io_functions_t) { .write = sink_write });
    if (out == NULL) {
        return corbel_request_fail(request, CORBEL_NO_MEMORY, "no memory for a stream");
    }
    setvbuf(out, NULL, _IOLBF, BUFSIZ); /* one call a line */
    print_report(out, lines);
    fclose(out);
    if (s.error.status == CORBEL_OK) {
        return CORBEL_OK;
    }
    printf("a report ends early: %s\n", corbel_error_exception(&s.error));
    const corbel_status status = corbel_request_forward(request, &s.error); /* the client's own exception goes back to it */
    corbel_error_clear(&s.error);
    return status;
}

static const redirect_Reporter_servant servant = { .report = report };

int main(int argc, char **argv)
{
    corbel_error error = CORBEL_ERROR_INIT;
    corbel_runtime *runtime = NULL;
    corbel_daemon *daemon = NULL;
    redirect_Reporter *reporter = NULL;
    int result = 0;

    setvbuf(stdout, NULL, _IOLBF, BUFSIZ); /* each line when it is written, into a pipe too */
    if (corbel_runtime_new(NULL, &runtime, &error) || corbel_daemon_new(runtime, argc > 1 ? argv[1] : NULL, &daemon, &error)) {
        goto failed;
    }
    reporter = redirect_Reporter_new(runtime, &servant, NULL, NULL);
    corbel_object *object = redirect_Reporter_as_object(reporter);
    if (corbel_daemon_register(daemon, "example.redirect", object, &error) ||
        corbel_daemon_publish(daemon, "example.redirect", object, NULL, true, &error) ||
        corbel_daemon_shutdown_on_signals(daemon, &error) || corbel_daemon_ready(daemon, object, stdout, &error) ||
        corbel_daemon_run(daemon, &error)) {
        goto failed;
    }
    goto done;
failed:
    result = corbel_error_print(&error, stderr);
done:
    redirect_Reporter_unref(reporter);
    corbel_daemon_unref(daemon);
    corbel_runtime_unref(runtime);
    corbel_error_clear(&error);
    return result;
}
