/* chatroom-client [--listen | --deaf] NICKNAME CHANNEL: joins the channel, prints what the others say, and says each line of its
 * input; at its end it leaves. With --listen it says nothing, and stays until a signal ends it (Ctrl-C). With --deaf its listener
 * fails, and the room puts it out. */
#include "chatroom.corbel.h"

#include <signal.h>
#include <string.h>

/* Runs on a thread of the library. */
static corbel_status hear(void *self, corbel_request *request, const chatroom_Message *message)
{
    (void)self;
    (void)request;
    printf("[%s] %s%s %s\n", message->channel, message->who, message->is_news ? "" : ":", message->text);
    return CORBEL_OK;
}

static const chatroom_Listener_servant listening = { .hear = hear };
static const chatroom_Listener_servant deaf = { NULL }; /* what is not there answers CORBEL_UNIMPLEMENTED */

static corbel_status talk(chatroom_Guest *guest, const char *channel, corbel_error *reterr)
{
    char line[256];
    while (fgets(line, sizeof line, stdin) != NULL) {
        line[strcspn(line, "\n")] = '\0';
        if (chatroom_Guest_say(guest, channel, line, reterr)) {
            return reterr->status;
        }
    }
    return chatroom_Guest_leave(guest, channel, reterr);
}

static void wait_for_signal(const sigset_t *signals)
{
    int number = 0;
    while (sigwait(signals, &number) != 0) {
    }
}

int main(int argc, char **argv)
{
    corbel_error error = CORBEL_ERROR_INIT;
    corbel_runtime *runtime = NULL;
    chatroom_Room *room = NULL;
    chatroom_Guest *guest = NULL;
    chatroom_Listener *listener = NULL;
    chatroom_Nicknames others = { 0, NULL };
    sigset_t signals;
    int result = 1;

    const bool is_deaf = argc > 1 && strcmp(argv[1], "--deaf") == 0;
    const bool only_listens = is_deaf || (argc > 1 && strcmp(argv[1], "--listen") == 0);
    if (argc != (only_listens ? 4 : 3)) {
        fprintf(stderr, "usage: chatroom-client [--listen | --deaf] NICKNAME CHANNEL\n");
        return 2;
    }
    const char *nickname = argv[argc - 2], *channel = argv[argc - 1];
    setvbuf(stdout, NULL, _IOLBF, BUFSIZ); /* each line when it is written, into a pipe too */
    sigemptyset(&signals);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGTERM);
    if (only_listens) {
        pthread_sigmask(SIG_BLOCK, &signals, NULL); /* before there are other threads */
    }

    if (corbel_runtime_new(NULL, &runtime, &error) ||
        chatroom_Room_from_uri(runtime, "corbelname:example.chatroom", &room, &error)) {
        goto done;
    }
    listener = chatroom_Listener_new(runtime, is_deaf ? &deaf : &listening, NULL, NULL);
    if (chatroom_Room_log_in(room, nickname, listener, &guest, &error)) {
        if (chatroom_NicknameTaken_of(&error) != NULL) {
            printf("%s is here already\n", nickname);
            corbel_error_clear(&error);
            result = 0;
        }
        goto done;
    }
    if (chatroom_Guest_join(guest, channel, &others, &error)) {
        goto done;
    }
    printf("%s is in %s, with %zu others\n", nickname, channel, others.len);
    if (only_listens) {
        wait_for_signal(&signals);
    } else if (talk(guest, channel, &error)) {
        goto done;
    }
    result = 0;
done:
    if (error.status != CORBEL_OK) {
        corbel_error_print(&error, stderr);
    }
    corbel_string_seq_clear(&others);
    chatroom_Guest_unref(guest);
    chatroom_Listener_unref(listener);
    chatroom_Room_unref(room);
    corbel_runtime_unref(runtime);
    corbel_error_clear(&error);
    return result;
}
