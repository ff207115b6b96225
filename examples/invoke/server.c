/* invoke-server [LISTEN]: hosts a thermostat, example.invoke. */
#include "room.corbel.h"

enum { LOWEST = 5, HIGHEST = 30 };

static corbel_status now(void *self, corbel_request *request, room_Climate *ret)
{
    (void)self;
    (void)request;
    *ret = (room_Climate) { .degrees = 18.5 };
    return CORBEL_OK;
}

static corbel_status set_target(void *self, corbel_request *request, double degrees, room_Climate *ret)
{
    if (degrees < LOWEST || degrees > HIGHEST) {
        return room_OutOfRange_raise(request, &(room_OutOfRange) { .lowest = LOWEST, .highest = HIGHEST });
    }
    const corbel_status status = now(self, request, ret);
    ret->heats = degrees > ret->degrees;
    return status;
}

static const room_Thermostat_servant servant = { .set_target = set_target, .get_now = now };

int main(int argc, char **argv)
{
    corbel_error error = CORBEL_ERROR_INIT;
    corbel_runtime *runtime = NULL;
    corbel_daemon *daemon = NULL;
    room_Thermostat *thermostat = NULL;
    int result = 0;

    if (corbel_runtime_new(NULL, &runtime, &error) || corbel_daemon_new(runtime, argc > 1 ? argv[1] : NULL, &daemon, &error)) {
        goto failed;
    }
    thermostat = room_Thermostat_new(runtime, &servant, NULL, NULL);
    corbel_object *object = room_Thermostat_as_object(thermostat);
    if (corbel_daemon_register(daemon, "example.invoke", object, &error) ||
        corbel_daemon_publish(daemon, "example.invoke", object, NULL, true, &error) ||
        corbel_daemon_shutdown_on_signals(daemon, &error) || corbel_daemon_ready(daemon, object, stdout, &error) ||
        corbel_daemon_run(daemon, &error)) {
        goto failed;
    }
    goto done;
failed:
    result = corbel_error_print(&error, stderr);
done:
    room_Thermostat_unref(thermostat);
    corbel_daemon_unref(daemon);
    corbel_runtime_unref(runtime);
    corbel_error_clear(&error);
    return result;
}
