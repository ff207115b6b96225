/** Nodes that call each other and wait until they are cancelled. */
#include "nest.h"

#include <corbel/batch.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

uint64_t nest_now_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

/* ---- waiting ---- */

static void nest_enter(nest_server *server, corbel_request *request)
{
    pthread_mutex_lock(&server->lock);
    server->notes.entered++;
    server->notes.deadline = nest_now_us() + (uint64_t)corbel_request_remaining_ms(request) * 1000;
    pthread_mutex_unlock(&server->lock);
    probe_event_add(&server->entered, 1);
}

static void nest_tell(nest_server *server)
{
    const uint64_t now = nest_now_us();
    pthread_mutex_lock(&server->lock);
    server->notes.told++;
    server->notes.told_at = now;
    pthread_mutex_unlock(&server->lock);
    probe_event_add(&server->told, 1);
}

typedef struct nest_heard {
    nest_server *server;
    probe_event told;
} nest_heard;

static void nest_hear(corbel_request *request, void *user)
{
    nest_heard *const heard = user;
    if (!corbel_request_cancelled(request)) {
        abort();
    }
    nest_tell(heard->server);
    probe_event_add(&heard->told, 1);
}

static corbel_status nest_stopped(corbel_request *request)
{
    return corbel_request_remaining_ms(request) == 0 ? CORBEL_DEADLINE : CORBEL_CANCELLED;
}

static corbel_status nest_wait_by_callback(nest_server *server, corbel_request *request)
{
    nest_heard heard = { .server = server };
    probe_event_init(&heard.told);
    const corbel_status status = corbel_request_on_cancel(request, nest_hear, &heard);
    if (status != CORBEL_OK) {
        return status;
    }
    const bool told = probe_event_wait(&heard.told, 1);
    if (corbel_request_on_cancel(request, NULL, NULL) != CORBEL_OK) {
        abort();
    }
    return told ? nest_stopped(request) : corbel_request_fail(request, CORBEL_FAILED, "the callback was not called");
}

static corbel_status nest_wait(void *self, corbel_request *request, nest_Look look)
{
    nest_server *const server = self;
    nest_enter(server, request);
    if (look == nest_BY_CALLBACK) {
        return nest_wait_by_callback(server, request);
    }
    if (look == nest_BY_DESCRIPTOR) {
        struct pollfd fd = { .fd = corbel_request_cancel_fd(request), .events = POLLIN };
        if (fd.fd < 0 || poll(&fd, 1, 20000 * (int)probe_slow) != 1) {
            return corbel_request_fail(request, CORBEL_FAILED, "the descriptor was not readable");
        }
    } else {
        const struct timespec pause = { .tv_nsec = 200000 };
        while (!corbel_request_cancelled(request)) {
            nanosleep(&pause, NULL); /* this way of seeing it is one that has to look again and again */
        }
    }
    nest_tell(server);
    return nest_stopped(request);
}

static corbel_status nest_wait_for(void *self, corbel_request *request, nest_Node **ret)
{
    (void)ret;
    return nest_wait(self, request, nest_BY_CALLBACK);
}

static void nest_end(corbel_request *request, void *user)
{
    nest_tell(user);
    corbel_request_end(request, nest_stopped(request));
}

static corbel_status nest_hold(void *self, corbel_request *request)
{
    const corbel_status status = corbel_request_defer(request);
    nest_enter(self, request);
    if (corbel_request_on_cancel(request, nest_end, self) != CORBEL_OK) {
        abort();
    }
    return status;
}

static corbel_status nest_flow(void *self, corbel_request *request, uint32_t every_ms, corbel_uint32_stream *ret)
{
    nest_server *const server = self;
    struct pollfd fd = { .fd = corbel_request_cancel_fd(request), .events = POLLIN };
    nest_enter(server, request);
    for (uint32_t i = 0; poll(&fd, 1, (int)every_ms) == 0; i++) {
        if (!corbel_uint32_stream_put(ret, i)) {
            break;
        }
    }
    nest_tell(server);
    return CORBEL_CANCELLED;
}

/* ---- passing on ---- */

/** The first of the path. */
static nest_Node *pass_to(corbel_request *request, nest_Path path)
{
    corbel_error error = CORBEL_ERROR_INIT;
    nest_Node *to = NULL;
    MUST(nest_Node_from_uri(corbel_request_runtime(request), path.items[0], &to, &error));
    return to;
}

static corbel_status pass_promised(nest_Node *to)
{
    corbel_error error = CORBEL_ERROR_INIT;
    nest_Node *const promised = nest_Node_wait_for_promise(to);
    const corbel_status status = nest_Node_wait(promised, nest_BY_CALLBACK, &error);
    nest_Node_unref(promised);
    corbel_error_clear(&error);
    return status;
}

static corbel_status pass_streamed(nest_Node *to)
{
    corbel_error error = CORBEL_ERROR_INIT;
    corbel_uint32_stream *items = NULL;
    uint32_t item = 0;
    corbel_call *const call = nest_Node_flow_begin(to, 10, &items);
    while (corbel_uint32_stream_next(items, &item)) {
    }
    const corbel_status status = nest_Node_flow_finish(call, &error);
    corbel_error_clear(&error);
    return status;
}

static corbel_status pass_batched(corbel_request *request, nest_Node *to, const nest_Path *rest)
{
    corbel_error error = CORBEL_ERROR_INIT;
    corbel_batch *const batch = corbel_batch_new(corbel_request_runtime(request), CORBEL_BATCH_CONTINUE);
    corbel_options options = CORBEL_OPTIONS_INIT;
    options.batch = batch;
    nest_Node *const there = nest_Node_with(to, &options);
    corbel_call *const calls[2] = { rest->len > 0 ? nest_Node_pass_begin(there, *rest, nest_BATCHED)
                                                  : nest_Node_wait_begin(there, nest_BY_CALLBACK),
                                    nest_Node_wait_begin(there, nest_BY_CALLBACK) };
    if (corbel_batch_run(batch, NULL) == CORBEL_MISUSE) {
        abort();
    }
    const corbel_status status =
        rest->len > 0 ? nest_Node_pass_finish(calls[0], &error) : nest_Node_wait_finish(calls[0], &error);
    corbel_call_drop(calls[1]);
    nest_Node_unref(there);
    corbel_batch_unref(batch);
    corbel_error_clear(&error);
    return status;
}

static corbel_status pass_on(corbel_request *request, nest_Path path, nest_How how)
{
    const nest_Path rest = { path.len - 1, path.items + 1 };
    nest_Node *const to = pass_to(request, path);
    corbel_error error = CORBEL_ERROR_INIT;
    corbel_status status = CORBEL_OK;
    if (how == nest_BATCHED) {
        status = pass_batched(request, to, &rest);
    } else if (rest.len == 0 && how == nest_PROMISED) {
        status = pass_promised(to);
    } else if (rest.len == 0 && how == nest_STREAMED) {
        status = pass_streamed(to);
    } else if (how == nest_BEGUN || how == nest_DEFERRED) {
        corbel_call *const call =
            rest.len > 0 ? nest_Node_pass_begin(to, rest, how) : nest_Node_wait_begin(to, nest_BY_DESCRIPTOR);
        status = rest.len > 0 ? nest_Node_pass_finish(call, &error) : nest_Node_wait_finish(call, &error);
    } else {
        status = rest.len > 0 ? nest_Node_pass(to, rest, how, &error) : nest_Node_wait(to, nest_BY_CALLBACK, &error);
    }
    nest_Node_unref(to);
    corbel_error_clear(&error);
    return status;
}

static void nest_passed(nest_server *server, corbel_status status)
{
    pthread_mutex_lock(&server->lock);
    server->notes.passed++;
    server->notes.status = (int32_t)status;
    pthread_mutex_unlock(&server->lock);
    probe_event_add(&server->passed, 1);
}

/** Who passes on a call that was deferred. */
typedef struct nest_later {
    nest_server *server;
    corbel_request *request;
    nest_Node_pass_args args;
} nest_later;

static void *nest_later_main(void *user)
{
    nest_later *const later = user;
    corbel_request_enter(later->request);
    const corbel_status status = pass_on(later->request, later->args.path, later->args.how);
    corbel_request_leave(later->request);
    nest_passed(later->server, status);
    corbel_request_end(later->request, corbel_request_fail(later->request, status, "passed on later"));
    free(later);
    return NULL;
}

static corbel_status nest_pass(void *self, corbel_request *request, nest_Path path, nest_How how)
{
    nest_server *const server = self;
    if (how == nest_DEFERRED) {
        nest_later *const later = calloc(1, sizeof *later);
        pthread_t thread;
        if (later == NULL) {
            abort();
        }
        *later = (nest_later) { .server = server, .request = request };
        const corbel_status status = nest_Node_pass_defer(request, &later->args);
        if (pthread_create(&thread, NULL, nest_later_main, later) != 0) {
            abort();
        }
        pthread_detach(thread);
        return status;
    }
    const corbel_status status = pass_on(request, path, how);
    nest_passed(server, status);
    return status;
}

static corbel_status nest_wait_at(void *self, corbel_request *request, nest_Node *there)
{
    nest_server *const server = self;
    corbel_error error = CORBEL_ERROR_INIT;
    const corbel_status status = nest_Node_wait(there, nest_BY_CALLBACK, &error);
    nest_passed(server, status);
    return status == CORBEL_OK ? CORBEL_OK : corbel_request_forward(request, &error);
}

/* ---- deadlines ---- */

static corbel_status left_batched(corbel_request *request, nest_Node *to, nest_Path rest, uint32_t *ret, corbel_error *error)
{
    corbel_batch *const batch = corbel_batch_new(corbel_request_runtime(request), CORBEL_BATCH_CONTINUE);
    corbel_options options = CORBEL_OPTIONS_INIT;
    options.batch = batch;
    nest_Node *const there = nest_Node_with(to, &options);
    corbel_call *const call = nest_Node_left_begin(there, rest, nest_BATCHED);
    if (corbel_batch_run(batch, NULL) == CORBEL_MISUSE) {
        abort();
    }
    const corbel_status status = nest_Node_left_finish(call, ret, error);
    nest_Node_unref(there);
    corbel_batch_unref(batch);
    return status;
}

static corbel_status nest_left(void *self, corbel_request *request, nest_Path path, nest_How how, uint32_t *ret)
{
    nest_server *const server = self;
    corbel_error error = CORBEL_ERROR_INIT;
    corbel_status status;
    (void)server;
    *ret = corbel_request_remaining_ms(request);
    if (path.len == 0) {
        return CORBEL_OK;
    }
    const nest_Path rest = { path.len - 1, path.items + 1 };
    nest_Node *const to = pass_to(request, path);
    if (how == nest_BATCHED) {
        status = left_batched(request, to, rest, ret, &error);
    } else if (how == nest_BEGUN) {
        status = nest_Node_left_finish(nest_Node_left_begin(to, rest, how), ret, &error);
    } else {
        status = nest_Node_left(to, rest, how, ret, &error);
        if (rest.len == 0 && status == CORBEL_OK) {
            status = nest_Node_note_left(to, &error);
        }
    }
    nest_Node_unref(to);
    return status == CORBEL_OK ? CORBEL_OK : corbel_request_forward(request, &error);
}

static corbel_status nest_note_left(void *self, corbel_request *request)
{
    nest_server *const server = self;
    atomic_store(&server->last_left, corbel_request_remaining_ms(request));
    probe_event_add(&server->left, 1);
    return CORBEL_OK;
}

static corbel_status nest_fail_at_last(void *self, corbel_request *request, nest_Path path)
{
    nest_server *const server = self;
    corbel_error error = CORBEL_ERROR_INIT;
    if (path.len == 0) {
        return nest_Failed_raise(request, &(nest_Failed) { server->uri, 42 });
    }
    const nest_Path rest = { path.len - 1, path.items + 1 };
    nest_Node *const to = pass_to(request, path);
    const corbel_status status = nest_Node_fail_at_last(to, rest, &error);
    nest_Node_unref(to);
    return status == CORBEL_OK ? CORBEL_OK : corbel_request_forward(request, &error);
}

static corbel_status nest_notes(void *self, corbel_request *request, nest_Notes *ret)
{
    nest_server *const server = self;
    (void)request;
    pthread_mutex_lock(&server->lock);
    *ret = server->notes;
    pthread_mutex_unlock(&server->lock);
    return CORBEL_OK;
}

static const nest_Node_servant servant = {
    .wait = nest_wait,
    .wait_for = nest_wait_for,
    .hold = nest_hold,
    .flow = nest_flow,
    .pass = nest_pass,
    .wait_at = nest_wait_at,
    .left = nest_left,
    .note_left = nest_note_left,
    .fail_at_last = nest_fail_at_last,
    .notes = nest_notes,
};

void nest_server_start(nest_server *server, const corbel_runtime_options *options, const char *listen)
{
    corbel_error error = CORBEL_ERROR_INIT;
    *server = (nest_server) { 0 };
    pthread_mutex_init(&server->lock, NULL);
    probe_event_init(&server->entered);
    probe_event_init(&server->told);
    probe_event_init(&server->passed);
    probe_event_init(&server->left);
    MUST(corbel_runtime_new(options, &server->runtime, &error));
    MUST(corbel_daemon_new(server->runtime, listen, &server->daemon, &error));
    server->object = nest_Node_new(server->runtime, &servant, server, NULL);
    MUST(corbel_daemon_register(server->daemon, "node", nest_Node_as_object(server->object), &error));
    MUST(corbel_object_to_uri(nest_Node_as_object(server->object), &server->uri, &error));
}

void nest_server_stop(nest_server *server)
{
    nest_Node_unref(server->object);
    corbel_daemon_unref(server->daemon);
    corbel_runtime_unref(server->runtime);
    corbel_string_free(server->uri);
}
