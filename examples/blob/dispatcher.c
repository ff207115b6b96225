/* blob-dispatcher [LISTEN]: hosts example.blob, which brings calls to listeners without decoding them. */
#include "dispatch.corbel.h"

#include <corbel/dynamic.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_LISTENERS = 16, MAX_TOPICS = 16 };

typedef struct topic {
    char name[32];
    corbel_object *object; /* whose calls go to the listeners */
    corbel_object *listeners[MAX_LISTENERS];
    size_t n;
} topic;

typedef struct dispatcher {
    pthread_mutex_t lock;
    topic topics[MAX_TOPICS];
    size_t n;
} dispatcher;

static dispatcher state = { .lock = PTHREAD_MUTEX_INITIALIZER };

/* ---- what is sent about a topic ---- */

/* The listeners as they are now, counted: nothing is called under the lock. */
static size_t topic_listeners(topic *self, corbel_object **ret)
{
    pthread_mutex_lock(&state.lock);
    const size_t n = self->n;
    for (size_t i = 0; i < n; i++) {
        ret[i] = corbel_object_ref(self->listeners[i]);
    }
    pthread_mutex_unlock(&state.lock);
    return n;
}

static void topic_remove(topic *self, corbel_object *listener)
{
    corbel_object *removed = NULL;
    pthread_mutex_lock(&state.lock);
    for (size_t i = 0; i < self->n && removed == NULL; i++) {
        if (self->listeners[i] == listener) {
            removed = listener;
            memmove(&self->listeners[i], &self->listeners[i + 1], (self->n - i - 1) * sizeof self->listeners[0]);
            self->n--;
        }
    }
    pthread_mutex_unlock(&state.lock);
    corbel_object_unref(removed);
}

/* Any operation of any interface comes here. Its arguments are bytes, and the references in them: both go on as they are. */
static corbel_status topic_handle(void *self, corbel_request *request)
{
    topic *t = self;
    corbel_object *listeners[MAX_LISTENERS];
    const corbel_message *arguments = corbel_request_arguments(request);
    if (arguments == NULL) {
        return corbel_request_fail(request, CORBEL_NO_MEMORY, "no memory for the arguments");
    }
    const size_t n = topic_listeners(t, listeners);
    corbel_status status = CORBEL_OK;
    printf("%s: %s::%s, %zu bytes for %zu\n", t->name, corbel_request_interface(request), corbel_request_operation(request),
           arguments->body.len, n);

    if (n == 0) {
        status = corbel_request_fail(request, CORBEL_NOT_FOUND, "nobody listens to %s", t->name);
    } else if (n == 1) {
        status = corbel_request_pass(request, listeners[0]); /* and the answer goes back without us */
    }
    for (size_t i = 0; n > 1 && i < n; i++) {
        corbel_error error = CORBEL_ERROR_INIT;
        corbel_message answer = CORBEL_MESSAGE_INIT;
        const corbel_status one =
            corbel_raw_call(listeners[i], corbel_request_interface(request), corbel_request_operation(request),
                            corbel_request_is_oneway(request), arguments, &answer, &error);
        if (one == CORBEL_GONE) {
            topic_remove(t, listeners[i]);
        }
        if (i == 0) { /* the first one's answer, or exception, is the caller's */
            status = one == CORBEL_OK ? corbel_request_reply_raw(request, &answer) : corbel_request_forward(request, &error);
        }
        corbel_message_clear(&answer);
        corbel_error_clear(&error);
    }
    for (size_t i = 0; i < n; i++) {
        corbel_object_unref(listeners[i]);
    }
    return status;
}

/* ---- the dispatcher ---- */

/* The topic of that name, made when it is first spoken of; NULL: there are too many. Under the lock. */
static topic *topic_get(corbel_runtime *runtime, const char *name)
{
    for (size_t i = 0; i < state.n; i++) {
        if (strcmp(state.topics[i].name, name) == 0) {
            return &state.topics[i];
        }
    }
    if (state.n == MAX_TOPICS || strlen(name) >= sizeof state.topics[0].name) {
        return NULL;
    }
    topic *t = &state.topics[state.n++];
    snprintf(t->name, sizeof t->name, "%s", name);
    t->object = corbel_raw_new(runtime, NULL, 0, topic_handle, t, NULL); /* of any interface */
    return t;
}

static corbel_status subscribe(void *self, corbel_request *request, const char *name, corbel_object *listener)
{
    (void)self;
    pthread_mutex_lock(&state.lock);
    topic *t = topic_get(corbel_request_runtime(request), name);
    const bool has_room = t != NULL && t->n < MAX_LISTENERS;
    if (has_room) {
        t->listeners[t->n++] = corbel_object_ref(listener);
    }
    pthread_mutex_unlock(&state.lock);
    return has_room ? CORBEL_OK : corbel_request_fail(request, CORBEL_LIMIT, "no room to listen to %s", name);
}

static corbel_status get_topic(void *self, corbel_request *request, const char *name, corbel_object **ret)
{
    (void)self;
    pthread_mutex_lock(&state.lock);
    topic *t = topic_get(corbel_request_runtime(request), name);
    *ret = t == NULL ? NULL : corbel_object_ref(t->object);
    pthread_mutex_unlock(&state.lock);
    return t != NULL ? CORBEL_OK : corbel_request_fail(request, CORBEL_LIMIT, "no room for the topic %s", name);
}

static const blob_Dispatcher_servant servant = { .subscribe = subscribe, .topic = get_topic };

int main(int argc, char **argv)
{
    corbel_error error = CORBEL_ERROR_INIT;
    corbel_runtime *runtime = NULL;
    corbel_daemon *daemon = NULL;
    blob_Dispatcher *object = NULL;
    int result = 0;

    setvbuf(stdout, NULL, _IOLBF, BUFSIZ); /* each line when it is written, into a pipe too */
    if (corbel_runtime_new(NULL, &runtime, &error) || corbel_daemon_new(runtime, argc > 1 ? argv[1] : NULL, &daemon, &error)) {
        goto failed;
    }
    object = blob_Dispatcher_new(runtime, &servant, NULL, NULL);
    corbel_object *as_object = blob_Dispatcher_as_object(object);
    if (corbel_daemon_register(daemon, "example.blob", as_object, &error) ||
        corbel_daemon_publish(daemon, "example.blob", as_object, NULL, true, &error) ||
        corbel_daemon_shutdown_on_signals(daemon, &error) || corbel_daemon_ready(daemon, as_object, stdout, &error) ||
        corbel_daemon_run(daemon, &error)) {
        goto failed;
    }
    goto done;
failed:
    result = corbel_error_print(&error, stderr);
done:
    for (size_t i = 0; i < state.n; i++) {
        for (size_t l = 0; l < state.topics[i].n; l++) {
            corbel_object_unref(state.topics[i].listeners[l]);
        }
        corbel_object_unref(state.topics[i].object);
    }
    blob_Dispatcher_unref(object);
    corbel_daemon_unref(daemon);
    corbel_runtime_unref(runtime);
    corbel_error_clear(&error);
    return result;
}
