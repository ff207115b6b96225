/* deadlock-server [LISTEN]: hosts four bouncers that serve one chain of calls at a time; one of them strictly. */
#include "bouncer.h"

#define PREFIX "example.deadlock."

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
