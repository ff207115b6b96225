/* blob-sender STATION DEGREES: tells those who listen to the weather what it is there, and asks for what they know. */
#include "dispatch.corbel.h"
#include "weather.corbel.h"

#include <stdlib.h>

static int ask(weather_Observer *observers, const char *station, corbel_error *error)
{
    weather_Reading *reading = NULL;
    const corbel_status status = weather_Observer_last(observers, station, &reading, error);
    if (status == CORBEL_OK) {
        printf("%s: %.1f degrees\n", reading->station, reading->degrees);
    } else if (weather_NoReading_of(error) != NULL) {
        printf("%s: no reading\n", weather_NoReading_of(error)->station);
    }
    weather_Reading_free(reading);
    return status == CORBEL_OK || status == CORBEL_RAISED ? 0 : 1;
}

int main(int argc, char **argv)
{
    const weather_Reading reading = { argc > 1 ? argv[1] : "Oslo", argc > 2 ? strtod(argv[2], NULL) : 0 };
    corbel_error error = CORBEL_ERROR_INIT;
    corbel_runtime *runtime = NULL;
    blob_Dispatcher *dispatcher = NULL;
    corbel_object *topic = NULL;
    weather_Observer *observers = NULL;
    int result = 0;

    if (corbel_runtime_new(NULL, &runtime, &error) ||
        blob_Dispatcher_from_uri(runtime, "corbelname:example.blob", &dispatcher, &error) ||
        blob_Dispatcher_topic(dispatcher, "weather", &topic, &error) ||
        weather_Observer_cast(topic, &observers, &error) || /* it takes calls of any interface, and so of this one */
        weather_Observer_observed(observers, &reading, &error) || ask(observers, reading.station, &error) ||
        ask(observers, "Atlantis", &error)) {
        result = corbel_error_print(&error, stderr);
    }
    weather_Observer_unref(observers);
    corbel_object_unref(topic);
    blob_Dispatcher_unref(dispatcher);
    corbel_runtime_unref(runtime);
    corbel_error_clear(&error);
    return result;
}
