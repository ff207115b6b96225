/** Takes the shared thing, and many of its own, says so, and holds them until it is killed, or until SIGTERM, when it says
 *  goodbye. Usage: life_client URI COUNT. */
#include "life.corbel.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv)
{
    corbel_error error = CORBEL_ERROR_INIT;
    corbel_runtime *runtime = NULL;
    life_Maker *maker = NULL;
    life_Thing *shared = NULL;
    life_Things things = { 0, NULL };
    sigset_t end;
    int signal_number = 0;
    sigemptyset(&end);
    sigaddset(&end, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &end, NULL); /* before any thread */
    if (argc != 3) {
        (void)fprintf(stderr, "usage: %s URI COUNT\n", argv[0]);
        return 2;
    }
    if (corbel_runtime_new(NULL, &runtime, &error) || life_Maker_from_uri(runtime, argv[1], &maker, &error) ||
        life_Maker_shared(maker, &shared, &error) ||
        life_Maker_make_many(maker, (uint32_t)strtoul(argv[2], NULL, 10), &things, &error)) {
        return corbel_error_print(&error, stderr);
    }
    (void)printf("holding %zu\n", things.len);
    (void)fflush(stdout);
    sigwait(&end, &signal_number);
    corbel_runtime_unref(runtime); /* the goodbye alone: what is still held is not given back before */
    life_Thing_seq_clear(&things);
    life_Thing_unref(shared);
    life_Maker_unref(maker);
    return 0;
}
