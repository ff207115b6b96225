/** A proxy as a program: everything that its object is asked is passed on, undecoded, to the object at a URI. Prints its ready
 * line, serves until SIGTERM. proxy_server URI */
#include "tests/daemon/probe.h"

#include <corbel/dynamic.h>

static corbel_status pass_on(void *self, corbel_request *request)
{
    return corbel_request_pass(request, self);
}

static void give_back(void *self)
{
    corbel_object_unref(self);
}

int main(int argc, char **argv)
{
    corbel_error error = CORBEL_ERROR_INIT;
    corbel_runtime *runtime = NULL;
    corbel_daemon *daemon = NULL;
    corbel_object *behind = NULL;
    MUST(corbel_runtime_new(NULL, &runtime, &error));
    MUST(corbel_daemon_new(runtime, NULL, &daemon, &error));
    MUST(corbel_object_from_uri(runtime, NULL, argc > 1 ? argv[1] : "", &behind, &error));
    corbel_object *const proxy = corbel_raw_new(runtime, NULL, CORBEL_RAW_EVERYTHING, pass_on, behind, give_back);
    MUST(corbel_daemon_register(daemon, "proxy", proxy, &error));
    MUST(corbel_daemon_shutdown_on_signals(daemon, &error));
    MUST(corbel_daemon_ready(daemon, proxy, stdout, &error));
    MUST(corbel_daemon_run(daemon, &error));
    corbel_object_unref(proxy);
    corbel_daemon_unref(daemon);
    corbel_runtime_unref(runtime);
    return 0;
}
