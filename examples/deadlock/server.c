/* deadlock-server [LISTEN]: hosts four bouncers that serve one chain of calls at a time; one of them strictly. */
#include "deadlock.corbel.h"

#include <pthread.h>

#define PREFIX "example.deadlock."

typedef struct bouncer {
    const char *name;
    deadlock_Bouncer *self; /* as whom it is called back */
} bouncer;

#define LONG_ENOUGH 3

static corbel_status bouncer_process(void *self, corbel_request *request, deadlock_Message message, deadlock_Bouncer *back,
                                     deadlock_Message *ret)
{
    const bouncer *me = self;
    corbel_error error = CORBEL_ERROR_INIT;
    deadlock_Message answer = { 0, NULL };
    const char *complete = corbel_request_printf(request, "complete at %s", me->name);

    if (message.len < LONG_ENOUGH) {
        const char *longer[LONG_ENOUGH] = { NULL };
        for (size_t i = 0; i < message.len; i++) {
            longer[i] = message.items[i];
        }
        longer[message.len] = me->name;
        if (deadlock_Bouncer_process(back, (deadlock_Message) { message.len + 1, longer }, me->self, &answer, &error)) {
            return corbel_request_forward(request, &error);
        }
    }
    const char **items = corbel_request_alloc(request, answer.len + 1, sizeof *items);
    if (items != NULL) {
        items[0] = message.len < LONG_ENOUGH ? corbel_request_printf(request, "passed on from %s", me->name) : complete;
        for (size_t i = 0; i < answer.len; i++) {
            items[i + 1] = corbel_request_strdup(request, answer.items[i]);
        }
        *ret = (deadlock_Message) { answer.len + 1, items };
    }
    corbel_string_seq_clear(&answer);
    return items == NULL ? CORBEL_NO_MEMORY : CORBEL_OK;
}

/* Where two meet. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static unsigned n_here;

static corbel_status bouncer_meet(void *self, corbel_request *request, deadlock_Bouncer *other, const char **ret)
{
    corbel_error error = CORBEL_ERROR_INIT;
    char *name = NULL;
    (void)self;
    pthread_mutex_lock(&lock);
    const unsigned wanted = n_here + 2 - n_here % 2; /* both of this pair are here */
    n_here++;
    pthread_cond_broadcast(&changed);
    while (n_here < wanted) {
        pthread_cond_wait(&changed, &lock);
    }
    pthread_mutex_unlock(&lock);
    if (deadlock_Bouncer_name(other, &name, &error)) {
        return corbel_request_forward(request, &error);
    }
    *ret = corbel_request_strdup(request, name);
    corbel_string_free(name);
    return CORBEL_OK;
}

static corbel_status bouncer_name(void *self, corbel_request *request, const char **ret)
{
    const bouncer *me = self;
    (void)request;
    *ret = me->name;
    return CORBEL_OK;
}

static const deadlock_Patient_servant patient_servant = {
    .process = bouncer_process,
    .meet = bouncer_meet,
    .name = bouncer_name,
};
static const deadlock_Strict_servant strict_servant = {
    .process = bouncer_process,
    .meet = bouncer_meet,
    .name = bouncer_name,
};

enum { PATIENT, STRICT, LEFT, RIGHT, N };

int main(int argc, char **argv)
{
    static const char *const names[N] = { "patient", "strict", "left", "right" };
    bouncer bouncers[N] = { 0 };
    corbel_error error = CORBEL_ERROR_INIT;
    corbel_runtime *runtime = NULL;
    corbel_daemon *daemon = NULL;
    int result = 0;

    if (corbel_runtime_new(NULL, &runtime, &error) || corbel_daemon_new(runtime, argc > 1 ? argv[1] : NULL, &daemon, &error)) {
        goto failed;
    }
    for (int i = 0; i < N; i++) {
        bouncer *b = &bouncers[i];
        char id[64];
        b->name = names[i];
        b->self = i == STRICT ? deadlock_Strict_as_Bouncer(deadlock_Strict_new(runtime, &strict_servant, b, NULL))
                              : deadlock_Patient_as_Bouncer(deadlock_Patient_new(runtime, &patient_servant, b, NULL));
        snprintf(id, sizeof id, PREFIX "%s", names[i]);
        if (corbel_daemon_register(daemon, id, deadlock_Bouncer_as_object(b->self), &error) ||
            corbel_daemon_publish(daemon, id, deadlock_Bouncer_as_object(b->self), NULL, true, &error)) {
            goto failed;
        }
    }
    if (corbel_daemon_shutdown_on_signals(daemon, &error) ||
        corbel_daemon_ready(daemon, deadlock_Bouncer_as_object(bouncers[PATIENT].self), stdout, &error) ||
        corbel_daemon_run(daemon, &error)) {
        goto failed;
    }
    goto done;
failed:
    result = corbel_error_print(&error, stderr);
done:
    for (int i = 0; i < N; i++) {
        deadlock_Bouncer_unref(bouncers[i].self);
    }
    corbel_daemon_unref(daemon);
    corbel_runtime_unref(runtime);
    corbel_error_clear(&error);
    return result;
}
