/* batch-server [LISTEN]: hosts a shelf of calculators, example.batch, which print what was done with them. */
#include "batch.corbel.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

typedef struct calculator {
    char *name;
    pthread_mutex_t lock; /* of calls */
    uint32_t calls;
} calculator;

static void count(calculator *c)
{
    pthread_mutex_lock(&c->lock);
    c->calls++;
    pthread_mutex_unlock(&c->lock);
}

static corbel_status add(void *self, corbel_request *request, int32_t a, int32_t b, int32_t *ret)
{
    (void)request;
    count(self);
    *ret = (int32_t)((uint32_t)a + (uint32_t)b);
    return CORBEL_OK;
}

static corbel_status multiply(void *self, corbel_request *request, int32_t a, int32_t b, int32_t *ret)
{
    (void)request;
    count(self);
    *ret = (int32_t)((int64_t)a * b);
    return CORBEL_OK;
}

static corbel_status divide(void *self, corbel_request *request, int32_t a, int32_t b, int32_t *ret)
{
    count(self);
    if (b == 0) {
        return batch_DivideByZero_raise(request, &(batch_DivideByZero) { .dividend = a });
    }
    *ret = (int32_t)((int64_t)a / b);
    return CORBEL_OK;
}

static corbel_status get_calls(void *self, corbel_request *request, uint32_t *ret)
{
    calculator *c = self;
    (void)request;
    pthread_mutex_lock(&c->lock);
    *ret = c->calls;
    pthread_mutex_unlock(&c->lock);
    return CORBEL_OK;
}

/* Named apart from log() of the C library. */
static corbel_status log_text(void *self, corbel_request *request, const char *text)
{
    const calculator *c = self;
    (void)request;
    printf("%s: %s\n", c->name, text);
    return CORBEL_OK;
}

static const batch_Calculator_servant calculator_servant = {
    .add = add, .multiply = multiply, .divide = divide, .get_calls = get_calls, .log = log_text
};

static void calculator_finalize(void *self)
{
    calculator *c = self;
    pthread_mutex_destroy(&c->lock);
    free(c->name);
    free(c);
}

static corbel_status take(void *self, corbel_request *request, const char *name, batch_Calculator **ret)
{
    calculator *c = calloc(1, sizeof *c);
    char *copy = strdup(name);
    (void)self;
    if (c == NULL || copy == NULL || pthread_mutex_init(&c->lock, NULL) != 0) {
        free(c);
        free(copy);
        return corbel_request_fail(request, CORBEL_NO_MEMORY, "no memory for another calculator");
    }
    c->name = copy;
    *ret = batch_Calculator_new(corbel_request_runtime(request), &calculator_servant, c, calculator_finalize);
    return CORBEL_OK;
}

static const batch_Shelf_servant shelf_servant = { .take = take };

int main(int argc, char **argv)
{
    corbel_error error = CORBEL_ERROR_INIT;
    corbel_runtime *runtime = NULL;
    corbel_daemon *daemon = NULL;
    batch_Shelf *shelf = NULL;
    int result = 0;

    setvbuf(stdout, NULL, _IOLBF, BUFSIZ); /* each line when it is written, into a pipe too */
    if (corbel_runtime_new(NULL, &runtime, &error) || corbel_daemon_new(runtime, argc > 1 ? argv[1] : NULL, &daemon, &error)) {
        goto failed;
    }
    shelf = batch_Shelf_new(runtime, &shelf_servant, NULL, NULL);
    corbel_object *object = batch_Shelf_as_object(shelf);
    if (corbel_daemon_register(daemon, "example.batch", object, &error) ||
        corbel_daemon_publish(daemon, "example.batch", object, NULL, true, &error) ||
        corbel_daemon_shutdown_on_signals(daemon, &error) || corbel_daemon_ready(daemon, object, stdout, &error) ||
        corbel_daemon_run(daemon, &error)) {
        goto failed;
    }
    goto done;
failed:
    result = corbel_error_print(&error, stderr);
done:
    batch_Shelf_unref(shelf);
    corbel_daemon_unref(daemon);
    corbel_runtime_unref(runtime);
    corbel_error_clear(&error);
    return result;
}
