/* eventloop-server [LISTEN]: hosts a clock, example.eventloop, in an epoll loop. Everything of ours runs on the main thread: the
 * calls, the timer that answers them, and the signal that ends it. So nothing needs a lock. */
#include "eventloop.corbel.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

typedef struct alarm_order {
    struct alarm_order *next;
    corbel_request *request;
    eventloop_Clock_ring_args args;
    struct timespec when;
} alarm_order;

typedef struct bell {
    int timer;
    alarm_order *orders; /* the next one first */
} bell;

static bool is_before(struct timespec a, struct timespec b)
{
    return a.tv_sec < b.tv_sec || (a.tv_sec == b.tv_sec && a.tv_nsec < b.tv_nsec);
}

/* The timer runs out when the first order is due; without one it stands still. */
static void wind_up(const bell *b)
{
    const struct itimerspec when = { .it_value = b->orders == NULL ? (struct timespec) { 0 } : b->orders->when };
    timerfd_settime(b->timer, TFD_TIMER_ABSTIME, &when, NULL);
}

static corbel_status ring(void *self, corbel_request *request, const char *what, uint32_t ms, const char **ret)
{
    bell *b = self;
    (void)what;
    (void)ret;
    alarm_order *order = calloc(1, sizeof *order);
    if (order == NULL) {
        return corbel_request_fail(request, CORBEL_NO_MEMORY, "no memory for an alarm");
    }
    order->request = request;
    clock_gettime(CLOCK_MONOTONIC, &order->when);
    order->when.tv_sec += ms / 1000;
    order->when.tv_nsec += (long)(ms % 1000) * 1000000;
    order->when.tv_sec += order->when.tv_nsec / 1000000000;
    order->when.tv_nsec %= 1000000000;
    alarm_order **at = &b->orders;
    while (*at != NULL && !is_before(order->when, (*at)->when)) {
        at = &(*at)->next;
    }
    order->next = *at;
    *at = order;
    wind_up(b);
    return eventloop_Clock_ring_defer(request, &order->args);
}

static const eventloop_Clock_servant servant = { .ring = ring };

static void answer_due(bell *b, bool all)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    while (b->orders != NULL && (all || !is_before(now, b->orders->when))) {
        alarm_order *order = b->orders;
        b->orders = order->next;
        eventloop_Clock_ring_reply(order->request, order->args.what);
        free(order);
    }
    wind_up(b);
}

static bool watch(int epoll, int descriptor)
{
    struct epoll_event event = { .events = EPOLLIN, .data.fd = descriptor };
    return descriptor >= 0 && epoll_ctl(epoll, EPOLL_CTL_ADD, descriptor, &event) == 0;
}

/* Until a signal comes. */
static bool loop(corbel_runtime *runtime, bell *b, int signals)
{
    const int epoll = epoll_create1(EPOLL_CLOEXEC);
    bool good = watch(epoll, corbel_runtime_fd(runtime)) && watch(epoll, b->timer) && watch(epoll, signals);
    for (bool ended = false; good && !ended;) {
        struct epoll_event event;
        if (epoll_wait(epoll, &event, 1, -1) != 1) {
            good = false;
        } else if (event.data.fd == corbel_runtime_fd(runtime)) {
            corbel_runtime_dispatch(runtime, 0); /* calls to the clock, and whatever else the library has for us */
        } else if (event.data.fd == b->timer) {
            answer_due(b, false);
        } else {
            ended = true;
        }
    }
    close(epoll);
    return good;
}

int main(int argc, char **argv)
{
    corbel_runtime_options options = CORBEL_RUNTIME_OPTIONS_INIT;
    corbel_error error = CORBEL_ERROR_INIT;
    corbel_runtime *runtime = NULL;
    corbel_daemon *daemon = NULL;
    eventloop_Clock *object = NULL;
    bell b = { .timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK) };
    sigset_t ending;
    int result = 0;

    setvbuf(stdout, NULL, _IOLBF, BUFSIZ); /* each line when it is written, into a pipe too */
    sigemptyset(&ending);
    sigaddset(&ending, SIGINT);
    sigaddset(&ending, SIGTERM);
    sigprocmask(SIG_BLOCK, &ending, NULL); /* before there are other threads, which inherit it */
    const int signals = signalfd(-1, &ending, SFD_CLOEXEC);

    options.user_dispatch = true;
    if (corbel_runtime_new(&options, &runtime, &error) ||
        corbel_daemon_new(runtime, argc > 1 ? argv[1] : NULL, &daemon, &error)) {
        goto failed;
    }
    object = eventloop_Clock_new(runtime, &servant, &b, NULL);
    if (corbel_daemon_register(daemon, "example.eventloop", eventloop_Clock_as_object(object), &error) ||
        corbel_daemon_publish(daemon, "example.eventloop", eventloop_Clock_as_object(object), NULL, true, &error) ||
        corbel_daemon_ready(daemon, eventloop_Clock_as_object(object), stdout, &error)) {
        goto failed;
    }
    if (!loop(runtime, &b, signals)) {
        perror("eventloop-server");
        result = 1;
    }
    answer_due(&b, true); /* early, but never is worse */
    goto done;
failed:
    result = corbel_error_print(&error, stderr);
done:
    eventloop_Clock_unref(object);
    corbel_daemon_unref(daemon);
    corbel_runtime_unref(runtime);
    corbel_error_clear(&error);
    return result;
}
