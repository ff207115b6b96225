/* callback-server [LISTEN]: hosts a workshop, example.callback, whose workers tell the client's listener when they are done. */
#include "callback.corbel.h"

#include <stdlib.h>
#include <time.h>

typedef struct worker {
    int32_t number;
    callback_Listener *listener;
} worker;

/* Runs on a thread of the daemon; the caller of the oneway has gone on long ago. */
static corbel_status worker_work(void *self, corbel_request *request)
{
    const worker *w = self;
    corbel_error error = CORBEL_ERROR_INIT;
    (void)request;
    nanosleep(&(struct timespec) { .tv_nsec = 50000000 }, NULL); /* hard work */

    if (callback_Listener_done(w->listener, w->number, &error)) {
        const callback_Unwanted *unwanted = callback_Unwanted_of(&error);
        if (unwanted != NULL) {
            printf("worker %d: the listener raised %s: %s\n", w->number, corbel_error_exception(&error), unwanted->reason);
        } else {
            corbel_error_print(&error, stderr);
        }
    }
    corbel_error_clear(&error);
    return CORBEL_OK;
}

static const callback_Worker_servant worker_servant = { .work = worker_work };

static void worker_finalize(void *self)
{
    worker *w = self;
    callback_Listener_unref(w->listener);
    free(w);
}

static corbel_status hire(void *self, corbel_request *request, int32_t number, callback_Listener *listener, callback_Worker **ret)
{
    (void)self;
    worker *w = malloc(sizeof *w);
    if (w == NULL) {
        return corbel_request_fail(request, CORBEL_NO_MEMORY, "no memory for worker %d", number);
    }
    *w = (worker) { number, callback_Listener_ref(listener) };
    *ret = callback_Worker_new(corbel_request_runtime(request), &worker_servant, w, worker_finalize);
    return CORBEL_OK;
}

static const callback_Workshop_servant servant = { .hire = hire };

int main(int argc, char **argv)
{
    corbel_error error = CORBEL_ERROR_INIT;
    corbel_runtime *runtime = NULL;
    corbel_daemon *daemon = NULL;
    callback_Workshop *workshop = NULL;
    int result = 0;

    setvbuf(stdout, NULL, _IOLBF, BUFSIZ); /* each line when it is written, into a pipe too */
    if (corbel_runtime_new(NULL, &runtime, &error) || corbel_daemon_new(runtime, argc > 1 ? argv[1] : NULL, &daemon, &error)) {
        goto failed;
    }
    workshop = callback_Workshop_new(runtime, &servant, NULL, NULL);
    corbel_object *object = callback_Workshop_as_object(workshop);
    if (corbel_daemon_register(daemon, "example.callback", object, &error) ||
        corbel_daemon_publish(daemon, "example.callback", object, NULL, true, &error) ||
        corbel_daemon_shutdown_on_signals(daemon, &error) || corbel_daemon_ready(daemon, object, stdout, &error) ||
        corbel_daemon_run(daemon, &error)) {
        goto failed;
    }
    goto done;
failed:
    result = corbel_error_print(&error, stderr);
done:
    callback_Workshop_unref(workshop);
    corbel_daemon_unref(daemon);
    corbel_runtime_unref(runtime);
    corbel_error_clear(&error);
    return result;
}
