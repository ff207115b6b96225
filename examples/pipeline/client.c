/* pipeline-client: goes along a line of stations without waiting for any of them. */
#include "pipeline.corbel.h"

#include <stdio.h>

enum { STATIONS = 16 };

int main(void)
{
    corbel_error error = CORBEL_ERROR_INIT;
    corbel_runtime *runtime = NULL;
    railway_Line *line = NULL;
    railway_Station *stations[STATIONS + 2] = { NULL };
    char *name = NULL;
    int32_t distance = 0;
    int result = 0;

    if (corbel_runtime_new(NULL, &runtime, &error) || railway_Line_from_uri(runtime, "corbelname:example.line", &line, &error)) {
        goto failed;
    }

    /* Each is asked of the one before, of which nothing has come yet. */
    stations[0] = railway_Line_first_promise(line);
    for (int i = 1; i < STATIONS + 2; i++) {
        stations[i] = railway_Station_next_promise(stations[i - 1]);
    }
    /* The first wait: all that was asked for travels there together, and one answer comes back. */
    if (railway_Station_get_name(stations[STATIONS - 1], &name, &error)) {
        goto failed;
    }
    printf("the last of %d: %s\n", STATIONS, name);

    /* Promises are arguments, too. */
    if (railway_Station_distance_to(stations[2], stations[STATIONS - 1], &distance, &error)) {
        goto failed;
    }
    printf("from the third to the last: %d stations\n", (int)distance);

    /* There are no more than sixteen: whatever is asked of what is not there tells which step failed. */
    corbel_string_free(name);
    name = NULL;
    if (railway_Station_get_name(stations[STATIONS + 1], &name, &error) == CORBEL_OK) {
        printf("there is %s\n", name);
    } else {
        printf("beyond it: %s (%s, did it run: %s)\n", error.message, corbel_status_name(error.status),
               error.completion == CORBEL_COMPLETED_NO ? "no" : "perhaps");
        corbel_error_clear(&error);
    }
    goto done;
failed:
    result = corbel_error_print(&error, stderr);
done:
    corbel_string_free(name);
    for (int i = 0; i < STATIONS + 2; i++) {
        railway_Station_unref(stations[i]);
    }
    railway_Line_unref(line);
    corbel_runtime_unref(runtime);
    corbel_error_clear(&error);
    return result;
}
