/* eventloop-client-uv: the same in the loop of libuv: one uv_poll_t is all that it takes. */
#include "eventloop.corbel.h"

#include <uv.h>

enum { ALARMS = 3, TICK_MS = 10 };

static const char *const names[ALARMS] = { "bread", "tea", "eggs" };
static const uint32_t times[ALARMS] = { 500, 50, 250 };

typedef struct state {
    uv_poll_t poll;
    uv_timer_t timer;
    corbel_runtime *runtime;
    int rung, failed, ticks;
} state;

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
    corbel_string_free(what);
    corbel_error_clear(&error);
    if (++s->rung == ALARMS) { /* without handles the loop ends */
        uv_close((uv_handle_t *)&s->poll, NULL);
        uv_close((uv_handle_t *)&s->timer, NULL);
    }
}

static void readable(uv_poll_t *poll, int status, int events)
{
    const state *s = poll->data;
    (void)status;
    (void)events;
    corbel_runtime_dispatch(s->runtime, 0);
}

static void tick(uv_timer_t *timer)
{
    ((state *)timer->data)->ticks++;
}

/* A libuv error, or 0. */
static int run(state *s, uv_loop_t *loop)
{
    int problem = uv_poll_init(loop, &s->poll, corbel_runtime_fd(s->runtime));
    if (problem == 0) {
        problem = uv_timer_init(loop, &s->timer);
    }
    s->poll.data = s;
    s->timer.data = s;
    if (problem == 0) {
        problem = uv_poll_start(&s->poll, UV_READABLE, readable);
    }
    if (problem == 0) {
        problem = uv_timer_start(&s->timer, tick, TICK_MS, TICK_MS);
    }
    if (problem == 0) {
        uv_run(loop, UV_RUN_DEFAULT);
        problem = uv_loop_close(loop);
    }
    return problem;
}

int main(void)
{
    corbel_runtime_options options = CORBEL_RUNTIME_OPTIONS_INIT;
    corbel_error error = CORBEL_ERROR_INIT;
    eventloop_Clock *clock = NULL;
    uv_loop_t loop;
    state s = { 0 };
    int result = 1;

    options.user_dispatch = true;
    if (corbel_runtime_new(&options, &s.runtime, &error) ||
        eventloop_Clock_from_uri(s.runtime, "corbelname:example.eventloop", &clock, &error)) {
        goto done;
    }
    for (int i = 0; i < ALARMS; i++) {
        corbel_call_on_done(eventloop_Clock_ring_begin(clock, names[i], times[i]), rung, &s);
    }
    printf("%d alarms are set\n", ALARMS);
    int problem = uv_loop_init(&loop);
    if (problem == 0) {
        problem = run(&s, &loop);
    }
    if (problem != 0) {
        fprintf(stderr, "eventloop-client-uv: %s\n", uv_strerror(problem));
        goto done;
    }
    printf("%s\n", s.ticks > 0 ? "and there was time for other things" : "it was hectic");
    result = s.failed;
done:
    if (error.status != CORBEL_OK) {
        corbel_error_print(&error, stderr);
    }
    eventloop_Clock_unref(clock);
    corbel_runtime_unref(s.runtime);
    corbel_error_clear(&error);
    return result;
}
