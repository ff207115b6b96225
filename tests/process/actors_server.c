/** Actors as a program: prints the ready line of object 0, serves until SIGTERM. actors_server KINDS PREFIX [LISTEN] */
#include "tests/daemon/actors.h"

#include <stdio.h>

static actors_stage stage;

int main(int argc, char **argv)
{
    corbel_error error = CORBEL_ERROR_INIT;
    if (argc < 3) {
        return 2;
    }
    corbel_runtime_options options = CORBEL_RUNTIME_OPTIONS_INIT;
    options.name = argv[2];
    actors_start(&stage, argv[1], argv[2], &options, argc > 3 ? argv[3] : NULL);
    MUST(corbel_daemon_shutdown_on_signals(stage.daemon, &error));
    MUST(corbel_daemon_ready(stage.daemon, serial_Node_as_object(stage.own[0]), stdout, &error));
    MUST(corbel_daemon_run(stage.daemon, &error));
    actors_stop(&stage);
    return 0;
}
