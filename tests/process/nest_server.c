/** A node as a program: see tests/daemon/nest.h. Prints its ready line, serves until SIGTERM. nest_server NAME [LISTEN] */
#include "tests/daemon/nest.h"

int main(int argc, char **argv)
{
    corbel_error error = CORBEL_ERROR_INIT;
    corbel_runtime_options options = CORBEL_RUNTIME_OPTIONS_INIT;
    static nest_server server;
    options.name = argc > 1 ? argv[1] : "nest_server";
    nest_server_start(&server, &options, argc > 2 ? argv[2] : NULL);
    MUST(corbel_daemon_shutdown_on_signals(server.daemon, &error));
    MUST(corbel_daemon_ready(server.daemon, nest_Node_as_object(server.object), stdout, &error));
    MUST(corbel_daemon_run(server.daemon, &error));
    nest_server_stop(&server);
    return 0;
}
