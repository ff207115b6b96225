/* factory-client [--hold] NAME...: has the factory build a robot, that robot the next one, and so on, and asks the first to tell
 * what became of it. Then it lets go of all; with --hold it keeps them until it is killed. */
#include "factory.corbel.h"

#include <string.h>
#include <unistd.h>

enum { MOST_ROBOTS = 20 };

int main(int argc, char **argv)
{
    corbel_error error = CORBEL_ERROR_INIT;
    corbel_runtime *runtime = NULL;
    robots_Plant *plant = NULL;
    robots_Robot *robots[MOST_ROBOTS] = { NULL };
    char *text = NULL;
    int result = 0;

    const bool hold = argc > 1 && strcmp(argv[1], "--hold") == 0;
    const int n = argc - 1 - hold;
    char **names = argv + 1 + hold;
    if (n < 1 || n > MOST_ROBOTS) {
        fprintf(stderr, "usage: factory-client [--hold] NAME... (at most %d)\n", MOST_ROBOTS);
        return 2;
    }
    if (corbel_runtime_new(NULL, &runtime, &error) ||
        robots_Plant_from_uri(runtime, "corbelname:example.factory", &plant, &error) ||
        robots_Plant_build(plant, names[0], &robots[0], &error)) {
        goto failed;
    }
    for (int i = 1; i < n; i++) {
        if (robots_Robot_build(robots[i - 1], names[i], &robots[i], &error)) {
            goto failed;
        }
    }
    if (robots_Robot_tell(robots[0], &text, &error)) {
        goto failed;
    }
    puts(text);
    if (hold) {
        printf("holding %d\n", n);
        fflush(stdout);
        pause();
    }
    goto done;
failed:
    result = corbel_error_print(&error, stderr);
done:
    corbel_string_free(text);
    for (int i = 0; i < n; i++) {
        robots_Robot_unref(robots[i]);
    }
    robots_Plant_unref(plant);
    corbel_runtime_unref(runtime);
    corbel_error_clear(&error);
    return result;
}
