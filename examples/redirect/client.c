/* redirect-client LINES [ROOM]: has the server print a report of so many lines on our standard output. With ROOM, our output
 * takes so many bytes and no more. */
#include "redirect.corbel.h"

#include <inttypes.h>
#include <stdlib.h>

/* An output that a FILE is behind. */
typedef struct output {
    FILE *file;
    uint64_t room, written;
} output;

/* Called by the server, over the connection that we opened: while we wait for the report, by the thread that waits. */
static corbel_status output_write(void *self, corbel_request *request, redirect_Bytes data)
{
    output *o = self;
    if (data.len > o->room - o->written) {
        return redirect_Full_raise(request, &(redirect_Full) { .room = o->room });
    }
    o->written += data.len;
    if (fwrite(data.items, 1, data.len, o->file) < data.len) {
        return corbel_request_fail(request, CORBEL_FAILED, "the output cannot be written");
    }
    return CORBEL_OK;
}

static const redirect_Output_servant servant = { .write = output_write };

int main(int argc, char **argv)
{
    output self = { .file = stdout, .room = UINT64_MAX };
    corbel_error error = CORBEL_ERROR_INIT;
    corbel_runtime *runtime = NULL;
    redirect_Reporter *reporter = NULL;
    redirect_Output *object = NULL;
    int result = 1;

    if (argc < 2) {
        fprintf(stderr, "usage: redirect-client LINES [ROOM]\n");
        return 2;
    }
    if (argc > 2) {
        self.room = strtoull(argv[2], NULL, 10);
    }
    if (corbel_runtime_new(NULL, &runtime, &error) ||
        redirect_Reporter_from_uri(runtime, "corbelname:example.redirect", &reporter, &error)) {
        goto done;
    }
    object = redirect_Output_new(runtime, &servant, &self, NULL);
    if (redirect_Reporter_report(reporter, (uint32_t)strtoul(argv[1], NULL, 10), object, &error)) {
        const redirect_Full *full = redirect_Full_of(&error);
        if (full == NULL) {
            goto done;
        }
        printf("the report did not fit into %" PRIu64 " bytes\n", full->room);
        corbel_error_clear(&error);
    }
    result = 0;
done:
    if (error.status != CORBEL_OK) {
        corbel_error_print(&error, stderr);
    }
    redirect_Output_unref(object);
    redirect_Reporter_unref(reporter);
    corbel_runtime_unref(runtime);
    corbel_error_clear(&error);
    return result;
}
