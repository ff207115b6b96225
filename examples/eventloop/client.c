/* eventloop-client: three alarms at once from an epoll loop that does other things, too, with one thread. */
#include "eventloop.corbel.h"

#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>

enum { ALARMS = 3, TICK_MS = 10 };

static const char *const names[ALARMS] = { "bread", "tea", "eggs" };
static const uint32_t times[ALARMS] = { 500, 50, 250 };

typedef struct state {
    int rung, failed, ticks;
} state;

/* Called by corbel_runtime_dispatch(). */
static void rung(corbel_call *call, void *user)
{
    state *s = user;
    corbel_error error = CORBEL_ERROR_INIT;
    char *what = NULL;
    if (eventloop_Clock_ring_finish(call, &what, &error)) {
        s->failed = corbel_error_print(&error, stderr);
    } else {
        printf("%s\n", what);
    }
    s->rung++;
    corbel_string_free(what);
    corbel_error_clear(&error);
}

static bool watch(int epoll, int descriptor)
{
    struct epoll_event event = { .events = EPOLLIN, .data.fd = descriptor };
    return descriptor >= 0 && epoll_ctl(epoll, EPOLL_CTL_ADD, descriptor, &event) == 0;
}

static bool loop(corbel_runtime *runtime, state *s)
{
    const int epoll = epoll_create1(EPOLL_CLOEXEC);
    const int timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
    const struct itimerspec tick = { { .tv_nsec = TICK_MS * 1000000L }, { .tv_nsec = TICK_MS * 1000000L } };
    bool good = watch(epoll, corbel_runtime_fd(runtime)) && watch(epoll, timer) && timerfd_settime(timer, 0, &tick, NULL) == 0;
    while (good && s->rung < ALARMS) {
        struct epoll_event event;
        uint64_t expired = 0;
        if (epoll_wait(epoll, &event, 1, -1) != 1) {
            good = false;
        } else if (event.data.fd == timer) {
            s->ticks += read(timer, &expired, sizeof expired) > 0;
        } else {
            corbel_runtime_dispatch(runtime, 0);
        }
    }
    close(timer);
    close(epoll);
    return good;
}

int main(void)
{
    corbel_runtime_options options = CORBEL_RUNTIME_OPTIONS_INIT;
    corbel_error error = CORBEL_ERROR_INIT;
    corbel_runtime *runtime = NULL;
    eventloop_Clock *clock = NULL;
    state s = { 0 };
    int result = 1;

    options.user_dispatch = true;
    if (corbel_runtime_new(&options, &runtime, &error) ||
        eventloop_Clock_from_uri(runtime, "corbelname:example.eventloop", &clock, &error)) {
        goto done;
    }
    for (int i = 0; i < ALARMS; i++) {
        corbel_call_on_done(eventloop_Clock_ring_begin(clock, names[i], times[i]), rung, &s);
    }
    printf("%d alarms are set\n", ALARMS);
    if (!loop(runtime, &s)) {
        perror("eventloop-client");
        goto done;
    }
    printf("%s\n", s.ticks > 0 ? "and there was time for other things" : "it was hectic");
    result = s.failed;
done:
    if (error.status != CORBEL_OK) {
        corbel_error_print(&error, stderr);
    }
    eventloop_Clock_unref(clock);
    corbel_runtime_unref(runtime);
    corbel_error_clear(&error);
    return result;
}
