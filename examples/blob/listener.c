/* blob-listener NAME: listens to the weather, and says what it hears, until its input ends or it is told to stop. */
#include "dispatch.corbel.h"
#include "weather.corbel.h"

#include <pthread.h>
#include <signal.h>
#include <string.h>

enum { MAX_STATIONS = 16 };

typedef struct observer {
    const char *name;
    pthread_mutex_t lock;
    struct {
        char name[32];
        double degrees;
    } stations[MAX_STATIONS];
    size_t n;
} observer;

static corbel_status observed(void *self, corbel_request *request, const weather_Reading *reading)
{
    observer *o = self;
    size_t i = 0;
    pthread_mutex_lock(&o->lock);
    while (i < o->n && strcmp(o->stations[i].name, reading->station) != 0) {
        i++;
    }
    const bool has_room = i < MAX_STATIONS && strlen(reading->station) < sizeof o->stations[0].name;
    if (has_room) {
        snprintf(o->stations[i].name, sizeof o->stations[i].name, "%s", reading->station);
        o->stations[i].degrees = reading->degrees;
        o->n = i == o->n ? i + 1 : o->n;
        printf("%s: %.1f degrees in %s\n", o->name, reading->degrees, reading->station);
    }
    pthread_mutex_unlock(&o->lock);
    return has_room ? CORBEL_OK : corbel_request_fail(request, CORBEL_LIMIT, "no room for %s", reading->station);
}

static corbel_status last(void *self, corbel_request *request, const char *station, weather_Reading *ret)
{
    observer *o = self;
    bool found = false;
    pthread_mutex_lock(&o->lock);
    for (size_t i = 0; i < o->n && !found; i++) {
        found = strcmp(o->stations[i].name, station) == 0;
        ret->degrees = o->stations[i].degrees;
    }
    pthread_mutex_unlock(&o->lock);
    if (!found) {
        return weather_NoReading_raise(request, &(weather_NoReading) { .station = station });
    }
    ret->station = station;
    return CORBEL_OK;
}

static const weather_Observer_servant servant = { .observed = observed, .last = last };

int main(int argc, char **argv)
{
    observer self = { .name = argc > 1 ? argv[1] : "somebody", .lock = PTHREAD_MUTEX_INITIALIZER };
    corbel_error error = CORBEL_ERROR_INIT;
    corbel_runtime *runtime = NULL;
    blob_Dispatcher *dispatcher = NULL;
    weather_Observer *object = NULL;
    sigset_t ends;
    int result = 0, signal_ = 0;

    setvbuf(stdout, NULL, _IOLBF, BUFSIZ);
    sigemptyset(&ends);
    sigaddset(&ends, SIGINT);
    sigaddset(&ends, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &ends, NULL);
    if (corbel_runtime_new(NULL, &runtime, &error) ||
        blob_Dispatcher_from_uri(runtime, "corbelname:example.blob", &dispatcher, &error)) {
        goto failed;
    }
    object = weather_Observer_new(runtime, &servant, &self, NULL);
    if (blob_Dispatcher_subscribe(dispatcher, "weather", weather_Observer_as_object(object), &error)) {
        goto failed;
    }
    printf("%s listens\n", self.name);
    sigwait(&ends, &signal_);
    goto done;
failed:
    result = corbel_error_print(&error, stderr);
done:
    weather_Observer_unref(object);
    blob_Dispatcher_unref(dispatcher);
    corbel_runtime_unref(runtime);
    corbel_error_clear(&error);
    return result;
}
