/* The sink: lines are queued where they come about, under whatever locks, and given to it by a thread of its own, under none.
 *
 * Invariants: at most SINK_MOST lines wait; what the sink's own thread logs is left out. */
#include "runtime/base/fail.h"
#include "runtime/base/log.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { SINK_MOST = 1024 };

typedef struct sink_line {
    struct sink_line *next;
    corbel_log_line line; /* its texts are in the same piece of memory */
} sink_line;

static pthread_mutex_t sink_change = PTHREAD_MUTEX_INITIALIZER; /* one sets a sink at a time */
static pthread_mutex_t sink_lock = PTHREAD_MUTEX_INITIALIZER;   /* innermost of all; guards: */
static pthread_cond_t sink_changed = PTHREAD_COND_INITIALIZER;
static bool sink_takes;          /* lines */
static corbel_log_sink sink_now; /* of the thread */
static void *sink_user;
static pid_t sink_process;
static pthread_t sink_thread;
static bool sink_stops;
static sink_line *sink_first, **sink_end = &sink_first;
static unsigned sink_waiting, sink_left_out;
static _Thread_local bool sink_inside;

static void sink_tell_left_out(corbel_log_sink sink, void *user, unsigned n)
{
    char text[64];
    (void)snprintf(text, sizeof text, "%u lines left out, as the sink is too slow", n);
    sink(user, &(corbel_log_line) { sizeof(corbel_log_line), CORBEL_LOG_WARNING, "log", "", text, crb_log_now_ms() });
}

static void *sink_main(void *argument)
{
    (void)argument;
    sink_inside = true;
    pthread_mutex_lock(&sink_lock);
    const corbel_log_sink sink = sink_now;
    void *const user = sink_user;
    while (sink_first != NULL || sink_left_out > 0 || !sink_stops) {
        sink_line *const line = sink_first;
        const unsigned left_out = line == NULL ? sink_left_out : 0;
        if (line != NULL) {
            sink_first = line->next;
            sink_end = sink_first == NULL ? &sink_first : sink_end;
            sink_waiting--;
        } else if (left_out > 0) {
            sink_left_out = 0;
        } else {
            pthread_cond_wait(&sink_changed, &sink_lock);
            continue;
        }
        pthread_mutex_unlock(&sink_lock);
        if (line != NULL) {
            sink(user, &line->line);
            free(line);
        } else {
            sink_tell_left_out(sink, user, left_out);
        }
        pthread_mutex_lock(&sink_lock);
    }
    pthread_mutex_unlock(&sink_lock);
    return NULL;
}

/** In one piece of memory; NULL: there is none. */
static sink_line *sink_copy(corbel_log_level level, const char *room, const char *correlation, const char *text)
{
    const size_t room_size = strlen(room) + 1, correlation_size = strlen(correlation) + 1, text_size = strlen(text) + 1;
    sink_line *const line = malloc(sizeof *line + room_size + correlation_size + text_size);
    if (line != NULL) {
        char *const at = (char *)(line + 1);
        memcpy(at, room, room_size);
        memcpy(at + room_size, correlation, correlation_size);
        memcpy(at + room_size + correlation_size, text, text_size);
        line->next = NULL;
        line->line = (corbel_log_line) { sizeof line->line, level, at, at + room_size, at + room_size + correlation_size,
                                         crb_log_now_ms() };
    }
    return line;
}

bool crb_log_to_sink(corbel_log_level level, const char *room, const char *correlation, const char *text)
{
    if (sink_inside) {
        return true;
    }
    pthread_mutex_lock(&sink_lock);
    const bool taken = sink_takes && sink_process == getpid();
    if (taken) {
        sink_line *const line = sink_waiting == SINK_MOST ? NULL : sink_copy(level, room, correlation, text);
        if (line == NULL) {
            sink_left_out++;
        } else {
            *sink_end = line;
            sink_end = &line->next;
            sink_waiting++;
        }
        pthread_cond_signal(&sink_changed);
    }
    pthread_mutex_unlock(&sink_lock);
    return taken;
}

static void sink_stop(void)
{
    pthread_mutex_lock(&sink_lock);
    const bool runs = sink_takes && sink_process == getpid();
    sink_takes = false;
    sink_stops = true;
    pthread_cond_signal(&sink_changed);
    pthread_mutex_unlock(&sink_lock);
    if (runs) {
        pthread_join(sink_thread, NULL);
    }
}

/** Its signals are the application's threads'. */
static int sink_start(corbel_log_sink sink, void *user)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_mutex_lock(&sink_lock);
    sink_takes = true;
    sink_now = sink;
    sink_user = user;
    sink_process = getpid();
    sink_stops = false;
    pthread_sigmask(SIG_SETMASK, &all, &before);
    const int failed = pthread_create(&sink_thread, NULL, sink_main, NULL);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (failed != 0) {
        sink_takes = false;
    } else {
        (void)pthread_setname_np(sink_thread, "corbel-log");
    }
    pthread_mutex_unlock(&sink_lock);
    return failed;
}

corbel_status corbel_log_set_sink(corbel_log_sink sink, void *user, corbel_error *reterr)
{
    if (sink_inside) {
        return crb_fail(reterr, CORBEL_MISUSE, CORBEL_COMPLETED_NO, "a sink of the log cannot be changed by itself");
    }
    pthread_mutex_lock(&sink_change);
    sink_stop();
    const int failed = sink == NULL ? 0 : sink_start(sink, user);
    pthread_mutex_unlock(&sink_change);
    return failed == 0
               ? CORBEL_OK
               : crb_fail(reterr, CORBEL_SYSTEM, CORBEL_COMPLETED_NO, "no thread for the sink of the log: %s", strerror(failed));
}
