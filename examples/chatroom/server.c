/* chatroom-server [LISTEN]: hosts a chat room, example.chatroom. What one guest says, the listeners of the others in the channel
 * hear: all calls are begun, then all are finished, so that it takes no longer than the slowest of them. A listener that fails,
 * or takes too long, is put out of the room. */
#include "chatroom.corbel.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_GUESTS = 100, MOST_CHANNELS = 8, NAME_SIZE = 33, PATIENCE_MS = 5000 };

struct room;

typedef struct guest {
    struct room *room;
    char nickname[NAME_SIZE];
    chatroom_Listener *listener;
    char channels[MOST_CHANNELS][NAME_SIZE]; /* "": none */
    bool is_there;
} guest;

typedef struct room {
    pthread_mutex_t lock; /* of the list, and of what the guests in it have; nobody is called while it is held */
    guest *guests[MOST_GUESTS];
    size_t n_guests;
} room;

/* Where the channel stands among those that the guest is in; "" finds a free place; NULL: nowhere. */
static char *guest_channel_locked(guest *self, const char *channel)
{
    for (size_t i = 0; i < MOST_CHANNELS; i++) {
        if (strcmp(self->channels[i], channel) == 0) {
            return self->channels[i];
        }
    }
    return NULL;
}

static void put_out(room *self, const chatroom_Listener *listener);

/* Everybody in the channel hears it, but the one whom it is about. */
static void tell(room *self, const chatroom_Message *message)
{
    chatroom_Listener *listeners[MOST_GUESTS];
    corbel_call *calls[MOST_GUESTS];
    size_t n = 0;
    pthread_mutex_lock(&self->lock);
    for (size_t i = 0; i < self->n_guests; i++) {
        guest *g = self->guests[i];
        if (strcmp(g->nickname, message->who) != 0 && guest_channel_locked(g, message->channel) != NULL) {
            listeners[n++] = chatroom_Listener_ref(g->listener);
        }
    }
    pthread_mutex_unlock(&self->lock);
    for (size_t i = 0; i < n; i++) {
        calls[i] = chatroom_Listener_hear_begin(listeners[i], message);
    }
    for (size_t i = 0; i < n; i++) {
        if (chatroom_Listener_hear_finish(calls[i], NULL)) {
            put_out(self, listeners[i]);
        }
        chatroom_Listener_unref(listeners[i]);
    }
}

static void tell_news(room *self, const char *channel, const char *who, const char *news)
{
    tell(self, &(chatroom_Message) { .channel = channel, .who = who, .text = news, .is_news = true });
}

/* Takes the guest off the list; ret: what it was like. Only one of those who want it gone does it. */
static bool remove_locked(room *self, guest *gone, guest *ret)
{
    for (size_t i = 0; i < self->n_guests; i++) {
        if (self->guests[i] == gone) {
            *ret = *gone;
            gone->is_there = false;
            self->guests[i] = self->guests[--self->n_guests];
            return true;
        }
    }
    return false;
}

static void tell_of_departure(room *self, const guest *gone)
{
    for (size_t i = 0; i < MOST_CHANNELS; i++) {
        if (gone->channels[i][0] != '\0') {
            tell_news(self, gone->channels[i], gone->nickname, "is gone");
        }
    }
}

static void put_out(room *self, const chatroom_Listener *listener)
{
    guest gone;
    bool was_there = false;
    pthread_mutex_lock(&self->lock);
    for (size_t i = 0; i < self->n_guests && !was_there; i++) {
        was_there = self->guests[i]->listener == listener && remove_locked(self, self->guests[i], &gone);
    }
    pthread_mutex_unlock(&self->lock);
    if (was_there) {
        tell_of_departure(self, &gone);
    }
}

/* ---- guests ---- */

static corbel_status guest_join(void *self, corbel_request *request, const char *channel, chatroom_Nicknames *ret)
{
    guest *g = self;
    room *r = g->room;
    const char **names = corbel_request_alloc(request, MOST_GUESTS, sizeof *names);
    if (channel[0] == '\0' || names == NULL) {
        return corbel_request_fail(request, CORBEL_INVALID_ARGUMENT, "a channel has a name");
    }
    pthread_mutex_lock(&r->lock);
    const bool is_there = g->is_there;
    char *place = guest_channel_locked(g, channel);
    const bool is_new = place == NULL;
    place = is_new ? guest_channel_locked(g, "") : place;
    for (size_t i = 0; i < r->n_guests; i++) {
        if (r->guests[i] != g && guest_channel_locked(r->guests[i], channel) != NULL) {
            names[ret->len++] = corbel_request_strdup(request, r->guests[i]->nickname);
        }
    }
    if (place != NULL) {
        strcpy(place, channel); /* the IDL says how long it may be, and the library has seen to that */
    }
    pthread_mutex_unlock(&r->lock);
    ret->items = names;
    if (!is_there) {
        return chatroom_PutOut_raise(request);
    }
    if (place == NULL) {
        return corbel_request_fail(request, CORBEL_LIMIT, "a guest is in %d channels at most", MOST_CHANNELS);
    }
    if (is_new) {
        tell_news(r, channel, g->nickname, "has come");
    }
    return CORBEL_OK;
}

static corbel_status guest_leave(void *self, corbel_request *request, const char *channel)
{
    guest *g = self;
    pthread_mutex_lock(&g->room->lock);
    const bool is_there = g->is_there;
    char *place = channel[0] == '\0' ? NULL : guest_channel_locked(g, channel);
    if (place != NULL) {
        place[0] = '\0';
    }
    pthread_mutex_unlock(&g->room->lock);
    if (place != NULL && is_there) {
        tell_news(g->room, channel, g->nickname, "has left");
    }
    return is_there ? CORBEL_OK : chatroom_PutOut_raise(request);
}

static corbel_status guest_say(void *self, corbel_request *request, const char *channel, const char *text)
{
    guest *g = self;
    pthread_mutex_lock(&g->room->lock);
    const bool is_there = g->is_there;
    const bool is_in = channel[0] != '\0' && guest_channel_locked(g, channel) != NULL;
    pthread_mutex_unlock(&g->room->lock);
    if (!is_there) {
        return chatroom_PutOut_raise(request);
    }
    if (!is_in) {
        return corbel_request_fail(request, CORBEL_INVALID_ARGUMENT, "who is not in a channel is not heard there");
    }
    tell(g->room, &(chatroom_Message) { .channel = channel, .who = g->nickname, .text = text });
    return CORBEL_OK;
}

static const chatroom_Guest_servant guest_servant = { .join = guest_join, .leave = guest_leave, .say = guest_say };

/* Nobody holds the guest any more: it was given back, or its holder is lost. */
static void guest_finalize(void *self)
{
    guest *g = self;
    guest gone;
    pthread_mutex_lock(&g->room->lock);
    const bool was_there = remove_locked(g->room, g, &gone);
    pthread_mutex_unlock(&g->room->lock);
    if (was_there) {
        tell_of_departure(g->room, &gone);
    }
    chatroom_Listener_unref(g->listener);
    free(g);
}

/* ---- the room ---- */

static corbel_status log_in(void *self, corbel_request *request, const char *nickname, chatroom_Listener *listener,
                            chatroom_Guest **ret)
{
    room *r = self;
    guest *g = calloc(1, sizeof *g);
    if (g == NULL || nickname[0] == '\0' || listener == NULL) {
        free(g);
        return corbel_request_fail(request, CORBEL_INVALID_ARGUMENT, "a guest has a nickname, and listens");
    }
    corbel_options options = CORBEL_OPTIONS_INIT;
    options.deadline_ms = PATIENCE_MS;
    g->room = r;
    g->listener = chatroom_Listener_with(listener, &options);
    strcpy(g->nickname, nickname);
    pthread_mutex_lock(&r->lock);
    bool is_taken = false;
    for (size_t i = 0; i < r->n_guests; i++) {
        is_taken = is_taken || strcmp(r->guests[i]->nickname, nickname) == 0;
    }
    g->is_there = !is_taken && r->n_guests < MOST_GUESTS;
    if (g->is_there) {
        r->guests[r->n_guests++] = g;
    }
    const bool is_there = g->is_there;
    pthread_mutex_unlock(&r->lock);
    *ret = chatroom_Guest_new(corbel_request_runtime(request), &guest_servant, g, guest_finalize); /* frees it on failure, too */
    return is_taken   ? chatroom_NicknameTaken_raise(request)
           : is_there ? CORBEL_OK
                      : corbel_request_fail(request, CORBEL_LIMIT, "the room is full");
}

static const chatroom_Room_servant room_servant = { .log_in = log_in };

int main(int argc, char **argv)
{
    static room self = { .lock = PTHREAD_MUTEX_INITIALIZER };
    corbel_error error = CORBEL_ERROR_INIT;
    corbel_runtime *runtime = NULL;
    corbel_daemon *daemon = NULL;
    chatroom_Room *object = NULL;
    int result = 0;

    if (corbel_runtime_new(NULL, &runtime, &error) || corbel_daemon_new(runtime, argc > 1 ? argv[1] : NULL, &daemon, &error)) {
        goto failed;
    }
    object = chatroom_Room_new(runtime, &room_servant, &self, NULL);
    if (corbel_daemon_register(daemon, "example.chatroom", chatroom_Room_as_object(object), &error) ||
        corbel_daemon_publish(daemon, "example.chatroom", chatroom_Room_as_object(object), NULL, true, &error) ||
        corbel_daemon_shutdown_on_signals(daemon, &error) ||
        corbel_daemon_ready(daemon, chatroom_Room_as_object(object), stdout, &error) || corbel_daemon_run(daemon, &error)) {
        goto failed;
    }
    goto done;
failed:
    result = corbel_error_print(&error, stderr);
done:
    chatroom_Room_unref(object);
    corbel_daemon_unref(daemon);
    corbel_runtime_unref(runtime);
    corbel_error_clear(&error);
    return result;
}
