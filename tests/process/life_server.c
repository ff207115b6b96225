/** Makes things and counts what becomes of them. Usage: life_server LISTEN [NAME]: prints its ready line, serves until SIGTERM.
 */
#include "life.corbel.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

enum { MAX_THINGS = 10000 };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed;
/* Guarded by lock: */
static struct thing {
    uint32_t number, finalized;
} things[MAX_THINGS];
static uint32_t n_made, n_finalized, n_twice, n_hanging;

static pthread_mutex_t shared_lock = PTHREAD_MUTEX_INITIALIZER; /* before lock; guards: */
static life_Thing *shared;

static corbel_status thing_number(void *self, corbel_request *request, uint32_t *ret)
{
    (void)request;
    *ret = ((const struct thing *)self)->number;
    return CORBEL_OK;
}

static const life_Thing_servant thing_servant = { .get_number = thing_number };

static void thing_finalize(void *self)
{
    struct thing *const thing = self;
    pthread_mutex_lock(&lock);
    thing->finalized++;
    n_finalized++;
    n_twice += thing->finalized == 2;
    pthread_cond_broadcast(&changed);
    pthread_mutex_unlock(&lock);
}

/** NULL: too many. */
static life_Thing *thing_new(corbel_runtime *runtime)
{
    pthread_mutex_lock(&lock);
    struct thing *const thing = n_made < MAX_THINGS ? &things[n_made] : NULL;
    if (thing != NULL) {
        thing->number = n_made++;
    }
    pthread_mutex_unlock(&lock);
    return thing == NULL ? NULL : life_Thing_new(runtime, &thing_servant, thing, thing_finalize);
}

static corbel_status maker_make(void *self, corbel_request *request, life_Thing **ret)
{
    (void)self;
    *ret = thing_new(corbel_request_runtime(request));
    return *ret != NULL ? CORBEL_OK : corbel_request_fail(request, CORBEL_LIMIT, "too many things");
}

static corbel_status maker_make_many(void *self, corbel_request *request, uint32_t count, life_Things *ret)
{
    (void)self;
    life_Thing **const made = corbel_request_alloc(request, count, sizeof(life_Thing *));
    if (made == NULL) {
        return CORBEL_NO_MEMORY;
    }
    for (uint32_t i = 0; i < count; i++) {
        made[i] = thing_new(corbel_request_runtime(request));
    }
    *ret = (life_Things) { count, made };
    return CORBEL_OK;
}

static corbel_status maker_shared(void *self, corbel_request *request, life_Thing **ret)
{
    (void)self;
    pthread_mutex_lock(&shared_lock);
    if (shared == NULL) {
        shared = thing_new(corbel_request_runtime(request));
    }
    *ret = life_Thing_ref(shared);
    pthread_mutex_unlock(&shared_lock);
    return CORBEL_OK;
}

static corbel_status maker_let_go(void *self, corbel_request *request)
{
    (void)self;
    (void)request;
    pthread_mutex_lock(&shared_lock);
    life_Thing *const before = shared;
    shared = NULL;
    pthread_mutex_unlock(&shared_lock);
    life_Thing_unref(before);
    return CORBEL_OK;
}

/** Waits until *counter is at least count, or for ms. Under lock. */
static void wait_locked(const uint32_t *counter, uint32_t count, uint32_t ms)
{
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += ms / 1000;
    until.tv_nsec += (long)(ms % 1000) * 1000000;
    if (until.tv_nsec >= 1000000000) {
        until.tv_sec++;
        until.tv_nsec -= 1000000000;
    }
    while (*counter < count && pthread_cond_timedwait(&changed, &lock, &until) == 0) {
    }
}

static corbel_status maker_wait_finalized(void *self, corbel_request *request, uint32_t count, uint32_t ms, life_Counts *ret)
{
    (void)self;
    (void)request;
    pthread_mutex_lock(&lock);
    wait_locked(&n_finalized, count, ms);
    *ret = (life_Counts) { .made = n_made, .finalized = n_finalized, .twice = n_twice };
    pthread_mutex_unlock(&lock);
    return CORBEL_OK;
}

static corbel_status maker_wait_hanging(void *self, corbel_request *request, uint32_t count, uint32_t ms, uint32_t *ret)
{
    (void)self;
    (void)request;
    pthread_mutex_lock(&lock);
    wait_locked(&n_hanging, count, ms);
    *ret = n_hanging;
    pthread_mutex_unlock(&lock);
    return CORBEL_OK;
}

static corbel_status maker_hang(void *self, corbel_request *request)
{
    (void)self;
    (void)request;
    pthread_mutex_lock(&lock);
    n_hanging++;
    pthread_cond_broadcast(&changed);
    while (n_hanging > 0) { /* it never becomes less */
        pthread_cond_wait(&changed, &lock);
    }
    pthread_mutex_unlock(&lock);
    return CORBEL_OK;
}

static const life_Maker_servant maker_servant = {
    .make = maker_make,
    .make_many = maker_make_many,
    .shared = maker_shared,
    .let_go = maker_let_go,
    .wait_finalized = maker_wait_finalized,
    .wait_hanging = maker_wait_hanging,
    .hang = maker_hang,
};

int main(int argc, char **argv)
{
    corbel_error error = CORBEL_ERROR_INIT;
    corbel_runtime *runtime = NULL;
    corbel_daemon *daemon = NULL;
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&changed, &attributes);
    if (argc < 2) {
        (void)fprintf(stderr, "usage: %s LISTEN [NAME]\n", argv[0]);
        return 2;
    }
    if (corbel_runtime_new(NULL, &runtime, &error) || corbel_daemon_new(runtime, argv[1], &daemon, &error)) {
        return corbel_error_print(&error, stderr);
    }
    life_Maker *const maker = life_Maker_new(runtime, &maker_servant, NULL, NULL);
    corbel_object *const object = life_Maker_as_object(maker);
    if (corbel_daemon_register(daemon, "maker", object, &error) || corbel_daemon_shutdown_on_signals(daemon, &error) ||
        (argc > 2 && corbel_daemon_publish(daemon, argv[2], object, NULL, false, &error)) ||
        corbel_daemon_ready(daemon, object, stdout, &error) || corbel_daemon_run(daemon, &error)) {
        return corbel_error_print(&error, stderr);
    }
    corbel_daemon_unref(daemon);
    life_Maker_unref(maker);
    corbel_runtime_unref(runtime);
    return 0;
}
