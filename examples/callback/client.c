/* callback-client [UNWANTED]: hires five workers, starts them, and ends when all five have called back. The listener raises an
 * exception for the worker of number UNWANTED: the server sees it, and nothing breaks. */
#include "callback.corbel.h"

#include <pthread.h>
#include <stdlib.h>
#include <time.h>

enum { WORKERS = 5, PATIENCE_S = 20 };

typedef struct listener {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool is_done[WORKERS + 1];
    int n_done;
    int unwanted;
} listener;

/* Runs on a thread of the library, several at once if several workers are done at once. */
static corbel_status listener_done(void *self, corbel_request *request, int32_t number)
{
    listener *l = self;
    if (number < 1 || number > WORKERS) {
        return corbel_request_fail(request, CORBEL_INVALID_ARGUMENT, "there is no worker %d", number);
    }
    pthread_mutex_lock(&l->lock);
    l->n_done += !l->is_done[number];
    l->is_done[number] = true;
    pthread_cond_signal(&l->changed);
    pthread_mutex_unlock(&l->lock);
    if (number == l->unwanted) {
        return callback_Unwanted_raise(request, &(callback_Unwanted) { .reason = "not today" });
    }
    return CORBEL_OK;
}

static const callback_Listener_servant servant = { .done = listener_done };

/* Waits until all five are done, or patience ends. */
static bool listener_wait(listener *self)
{
    struct timespec end;
    int problem = 0;
    clock_gettime(CLOCK_REALTIME, &end);
    end.tv_sec += PATIENCE_S;
    pthread_mutex_lock(&self->lock);
    while (self->n_done < WORKERS && problem == 0) {
        problem = pthread_cond_timedwait(&self->changed, &self->lock, &end);
    }
    const bool all = self->n_done == WORKERS;
    pthread_mutex_unlock(&self->lock);
    return all;
}

int main(int argc, char **argv)
{
    listener self = { .lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER };
    corbel_error error = CORBEL_ERROR_INIT;
    corbel_runtime *runtime = NULL;
    callback_Workshop *workshop = NULL;
    callback_Listener *object = NULL;
    callback_Worker *workers[WORKERS] = { NULL };
    int result = 1;

    self.unwanted = argc > 1 ? (int)strtol(argv[1], NULL, 10) : 0;
    if (corbel_runtime_new(NULL, &runtime, &error) ||
        callback_Workshop_from_uri(runtime, "corbelname:example.callback", &workshop, &error)) {
        goto done;
    }
    object = callback_Listener_new(runtime, &servant, &self, NULL);
    for (int i = 0; i < WORKERS; i++) {
        if (callback_Workshop_hire(workshop, i + 1, object, &workers[i], &error)) {
            goto done;
        }
    }
    for (int i = 0; i < WORKERS; i++) {
        if (callback_Worker_work(workers[i], &error)) {
            goto done;
        }
    }
    printf("%d workers started\n", WORKERS);
    if (!listener_wait(&self)) {
        fprintf(stderr, "callback-client: only %d called back\n", self.n_done);
        goto done;
    }
    for (int i = 1; i <= WORKERS; i++) {
        printf("worker %d is done%s\n", i, i == self.unwanted ? ", but unwanted" : "");
    }
    result = 0;
done:
    if (error.status != CORBEL_OK) {
        corbel_error_print(&error, stderr);
    }
    for (int i = 0; i < WORKERS; i++) {
        callback_Worker_unref(workers[i]);
    }
    callback_Listener_unref(object);
    callback_Workshop_unref(workshop);
    corbel_runtime_unref(runtime);
    corbel_error_clear(&error);
    return result;
}
