/* pipeline-server [LISTEN]: hosts example.line, sixteen stations in a row. It does not know what a promise is: it gives
 * references to objects, and waiting for them, or not, is up to who calls. */
#include "pipeline.corbel.h"

#include <pthread.h>
#include <stdio.h>

enum { STATIONS = 16 };

typedef struct station {
    int number;
    char name[24];
} station;

static station stations[STATIONS];
static railway_Station *objects[STATIONS];

static corbel_status get_name(void *self, corbel_request *request, const char **ret)
{
    (void)request;
    *ret = ((station *)self)->name;
    return CORBEL_OK;
}

static corbel_status next(void *self, corbel_request *request, railway_Station **ret)
{
    const station *s = self;
    if (s->number + 1 == STATIONS) {
        return railway_EndOfLine_raise(request, &(railway_EndOfLine) { .at = s->name });
    }
    *ret = railway_Station_ref(objects[s->number + 1]);
    return CORBEL_OK;
}

/* The other station comes back as what it is: an object of this process. */
static corbel_status distance_to(void *self, corbel_request *request, railway_Station *other, int32_t *ret)
{
    const station *s = self;
    (void)request;
    *ret = -1;
    for (int i = 0; i < STATIONS; i++) {
        if (corbel_object_equal(railway_Station_as_object(other), railway_Station_as_object(objects[i]))) {
            *ret = i - s->number;
        }
    }
    return CORBEL_OK;
}

static const railway_Station_servant station_servant = { .get_name = get_name, .next = next, .distance_to = distance_to };

static corbel_status first(void *self, corbel_request *request, railway_Station **ret)
{
    (void)self;
    (void)request;
    *ret = railway_Station_ref(objects[0]);
    return CORBEL_OK;
}

static const railway_Line_servant line_servant = { .first = first };

int main(int argc, char **argv)
{
    corbel_error error = CORBEL_ERROR_INIT;
    corbel_runtime *runtime = NULL;
    corbel_daemon *daemon = NULL;
    railway_Line *line = NULL;
    int result = 0;

    if (corbel_runtime_new(NULL, &runtime, &error) || corbel_daemon_new(runtime, argc > 1 ? argv[1] : NULL, &daemon, &error)) {
        goto failed;
    }
    for (int i = 0; i < STATIONS; i++) {
        stations[i].number = i;
        snprintf(stations[i].name, sizeof stations[i].name, "station %d", i + 1);
        objects[i] = railway_Station_new(runtime, &station_servant, &stations[i], NULL);
    }
    line = railway_Line_new(runtime, &line_servant, NULL, NULL);
    corbel_object *object = railway_Line_as_object(line);
    if (corbel_daemon_register(daemon, "example.line", object, &error) ||
        corbel_daemon_publish(daemon, "example.line", object, NULL, true, &error) ||
        corbel_daemon_shutdown_on_signals(daemon, &error) || corbel_daemon_ready(daemon, object, stdout, &error) ||
        corbel_daemon_run(daemon, &error)) {
        goto failed;
    }
    goto done;
failed:
    result = corbel_error_print(&error, stderr);
done:
    for (int i = 0; i < STATIONS; i++) {
        railway_Station_unref(objects[i]);
    }
    railway_Line_unref(line);
    corbel_daemon_unref(daemon);
    corbel_runtime_unref(runtime);
    corbel_error_clear(&error);
    return result;
}
