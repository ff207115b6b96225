/* overload-server [LISTEN]: a desk that serves one customer at a time, and lets two more wait. */
#include "overload.corbel.h"

#include <poll.h>
#include <stdatomic.h>

static atomic_uint served;

static corbel_status desk_order(void *self, corbel_request *request)
{
    (void)self;
    (void)request;
    (void)poll(NULL, 0, 5); /* that long it takes */
    atomic_fetch_add(&served, 1);
    return CORBEL_OK;
}

static corbel_status desk_served(void *self, corbel_request *request, uint32_t *ret)
{
    (void)self;
    (void)request;
    *ret = atomic_load(&served);
    return CORBEL_OK;
}

static const overload_Desk_servant desk = { .order = desk_order, .get_served = desk_served };

int main(int argc, char **argv)
{
    corbel_error error = CORBEL_ERROR_INIT;
    corbel_limits limits = CORBEL_LIMITS_INIT;
    corbel_runtime_options options = CORBEL_RUNTIME_OPTIONS_INIT;
    corbel_runtime *runtime = NULL;
    corbel_daemon *daemon = NULL;
    overload_Desk *served_by = NULL;
    int result = 0;

    limits.max_waiting = 2; /* the default is 65,536 */
    options.limits = &limits;
    options.min_workers = options.max_workers = 1;
    if (corbel_runtime_new(&options, &runtime, &error) ||
        corbel_daemon_new(runtime, argc > 1 ? argv[1] : "localhost:0", &daemon, &error)) {
        goto failed;
    }
    served_by = overload_Desk_new(runtime, &desk, NULL, NULL);
    corbel_object *object = overload_Desk_as_object(served_by);
    if (corbel_daemon_register(daemon, "example.overload", object, &error) ||
        corbel_daemon_publish(daemon, "example.overload", object, NULL, true, &error) ||
        corbel_daemon_shutdown_on_signals(daemon, &error) || corbel_daemon_ready(daemon, object, stdout, &error) ||
        corbel_daemon_run(daemon, &error)) {
        goto failed;
    }
    goto done;
failed:
    result = corbel_error_print(&error, stderr);
done:
    overload_Desk_unref(served_by);
    corbel_daemon_unref(daemon);
    corbel_runtime_unref(runtime);
    corbel_error_clear(&error);
    return result;
}
