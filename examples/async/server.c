/* async-server [LISTEN]: hosts a kitchen, example.async. Orders are deferred: however many there are, one thread, the cook,
 * answers them all, and no thread of the library waits for any. */
#include "async.corbel.h"

#include <pthread.h>
#include <stdlib.h>
#include <time.h>

enum { LOOK_AFTER_MS = 10 };

typedef struct order {
    struct order *next;
    corbel_request *request;
    async_Kitchen_cook_args args; /* lent until the reply */
    int64_t ready;
} order;

typedef struct kitchen {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    order *orders; /* the one that is ready first, first */
    bool closed;
} kitchen;

static int64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Returns at once. The reply is the cook's. */
static corbel_status cook(void *self, corbel_request *request, const char *dish, uint32_t ms, const char **ret)
{
    kitchen *k = self;
    (void)dish;
    (void)ret;
    order *o = malloc(sizeof *o);
    if (o == NULL) {
        return corbel_request_fail(request, CORBEL_NO_MEMORY, "no room on the stove");
    }
    *o = (order) { .request = request, .ready = now_ms() + ms };
    const corbel_status status = async_Kitchen_cook_defer(request, &o->args);
    pthread_mutex_lock(&k->lock);
    order **at = &k->orders;
    while (*at != NULL && (*at)->ready <= o->ready) {
        at = &(*at)->next;
    }
    o->next = *at;
    *at = o; /* from here on the request is the cook's */
    pthread_cond_signal(&k->changed);
    pthread_mutex_unlock(&k->lock);
    return status;
}

static const async_Kitchen_servant servant = { .cook = cook };

/* Takes what is ready, or what nobody waits for any more. */
static order *take(kitchen *k, bool *cancelled)
{
    const int64_t now = now_ms();
    for (order **at = &k->orders; *at != NULL; at = &(*at)->next) {
        order *o = *at;
        *cancelled = corbel_request_cancelled(o->request);
        if (*cancelled || o->ready <= now || k->closed) {
            *at = o->next;
            return o;
        }
    }
    return NULL;
}

static void *cook_main(void *user)
{
    kitchen *k = user;
    bool cancelled = false;
    pthread_mutex_lock(&k->lock);
    while (!k->closed || k->orders != NULL) {
        order *o = take(k, &cancelled);
        if (o != NULL) {
            pthread_mutex_unlock(&k->lock);
            if (cancelled) {
                printf("nobody waits for the %s any more\n", o->args.dish);
                corbel_request_end(o->request, CORBEL_CANCELLED);
            } else {
                async_Kitchen_cook_reply(o->request, corbel_request_printf(o->request, "a warm %s", o->args.dish));
            }
            free(o);
            pthread_mutex_lock(&k->lock);
        } else if (k->orders == NULL) {
            pthread_cond_wait(&k->changed, &k->lock);
        } else { /* that an order was cancelled is seen by looking */
            struct timespec until;
            clock_gettime(CLOCK_REALTIME, &until);
            until.tv_nsec += LOOK_AFTER_MS * 1000000L;
            until.tv_sec += until.tv_nsec / 1000000000;
            until.tv_nsec %= 1000000000;
            pthread_cond_timedwait(&k->changed, &k->lock, &until);
        }
    }
    pthread_mutex_unlock(&k->lock);
    return NULL;
}

int main(int argc, char **argv)
{
    kitchen self = { .lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER };
    corbel_error error = CORBEL_ERROR_INIT;
    corbel_runtime *runtime = NULL;
    corbel_daemon *daemon = NULL;
    async_Kitchen *object = NULL;
    pthread_t thread;
    int result = 0;

    setvbuf(stdout, NULL, _IOLBF, BUFSIZ); /* each line when it is written, into a pipe too */
    if (pthread_create(&thread, NULL, cook_main, &self) != 0) {
        fprintf(stderr, "async-server: there is no cook\n");
        return 1;
    }
    if (corbel_runtime_new(NULL, &runtime, &error) || corbel_daemon_new(runtime, argc > 1 ? argv[1] : NULL, &daemon, &error)) {
        goto failed;
    }
    object = async_Kitchen_new(runtime, &servant, &self, NULL);
    if (corbel_daemon_register(daemon, "example.async", async_Kitchen_as_object(object), &error) ||
        corbel_daemon_publish(daemon, "example.async", async_Kitchen_as_object(object), NULL, true, &error) ||
        corbel_daemon_shutdown_on_signals(daemon, &error) ||
        corbel_daemon_ready(daemon, async_Kitchen_as_object(object), stdout, &error) || corbel_daemon_run(daemon, &error)) {
        goto failed;
    }
    goto done;
failed:
    result = corbel_error_print(&error, stderr);
done:
    async_Kitchen_unref(object);
    corbel_daemon_unref(daemon);
    corbel_runtime_unref(runtime);
    pthread_mutex_lock(&self.lock);
    self.closed = true;
    pthread_cond_signal(&self.changed);
    pthread_mutex_unlock(&self.lock);
    pthread_join(thread, NULL);
    corbel_error_clear(&error);
    return result;
}
