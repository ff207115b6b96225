/** A place as a program: prints the URIs of its three objects, a line each; serves until SIGTERM. */
#include "tests/daemon/ways.h"

#include <stdio.h>

int main(void)
{
    corbel_error error = CORBEL_ERROR_INIT;
    static ways_place place;
    ways_place_start(&place);
    MUST(corbel_daemon_shutdown_on_signals(place.daemon, &error));
    (void)printf("%s\n%s\n%s\n", place.uris[0], place.uris[1], place.uris[2]);
    (void)fflush(stdout);
    MUST(corbel_daemon_run(place.daemon, &error));
    ways_place_stop(&place);
    return 0;
}
