/** probe_server [LISTEN]: the probe as a program: prints its ready line, serves until SIGTERM. */
#include "tests/daemon/probe.h"

int main(int argc, char **argv)
{
    corbel_error error = CORBEL_ERROR_INIT;
    probe_server server;
    probe_server_start(&server, NULL, argc > 1 ? argv[1] : NULL);
    MUST(corbel_daemon_shutdown_on_signals(server.daemon, &error));
    MUST(corbel_daemon_ready(server.daemon, probe_Probe_as_object(server.object), stdout, &error));
    MUST(corbel_daemon_run(server.daemon, &error));
    probe_server_stop(&server);
    return 0;
}
