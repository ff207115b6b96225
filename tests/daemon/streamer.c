/** A servant with streams: see streamer.h. */
#include "streamer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- tables ---- */

typedef struct streamer_broken {
    uint64_t after;
} streamer_broken;

static const corbel_member broken_members[] = { { .name = "after", .id = 1, .type = &corbel_uint64_type } };
const corbel_type streamer_broken_type = {
    .kind = CORBEL_KIND_STRUCT, .name = "test::Broken", .size = sizeof(streamer_broken), .count = 1, .members = broken_members
};

#define NUMBER(n_, name_)                                                                                                        \
    {                                                                                                                            \
        .name = (name_), .id = (n_), .type = &corbel_uint64_type                                                                 \
    }
static const corbel_param count_in[] = { NUMBER(1, "n"), { .name = "raise", .id = 2, .type = &corbel_bool_type } };
static const corbel_param number_in[] = { NUMBER(2, "take") };
static const corbel_param blobs_in[] = { NUMBER(1, "n"), NUMBER(2, "size") };
static const corbel_param n_in[] = { NUMBER(1, "n") };
static const corbel_param number_out[] = { NUMBER(1, "ret") };
static const corbel_param numbers = NUMBER(1, "items");
static const corbel_param blobs = { .name = "items", .id = 1, .type = &corbel_bytes_type };
static const corbel_param objects = { .name = "items", .id = 1, .type = &corbel_object_type };
static const corbel_param strings = { .name = "items", .id = 1, .type = &corbel_string_type };
static const corbel_type *const count_raises[] = { &streamer_broken_type, NULL };

const corbel_operation streamer_count = {
    .interface = "test::Streamer", .name = "count", .n_in = 2, .in = count_in, .raises = count_raises, .stream_out = &numbers
};
const corbel_operation streamer_sum = {
    .interface = "test::Streamer", .name = "sum", .n_in = 1, .in = number_in, .n_out = 1, .out = number_out, .stream_in = &numbers
};
const corbel_operation streamer_twice = {
    .interface = "test::Streamer", .name = "twice", .stream_in = &numbers, .stream_out = &numbers
};
const corbel_operation streamer_blobs = {
    .interface = "test::Streamer", .name = "blobs", .n_in = 2, .in = blobs_in, .stream_out = &blobs
};
const corbel_operation streamer_weigh = {
    .interface = "test::Streamer", .name = "weigh", .n_out = 1, .out = number_out, .stream_in = &blobs
};
const corbel_operation streamer_makers = {
    .interface = "test::Streamer", .name = "makers", .n_in = 1, .in = n_in, .stream_out = &objects
};
const corbel_operation streamer_keep = { .interface = "test::Streamer",
                                         .name = "keep",
                                         .n_in = 1,
                                         .in = number_in,
                                         .n_out = 1,
                                         .out = number_out,
                                         .stream_in = &objects };
const corbel_operation streamer_lines = {
    .interface = "test::Streamer", .name = "lines", .n_in = 1, .in = n_in, .stream_out = &strings
};
const corbel_operation streamer_ping = {
    .interface = "test::Streamer", .name = "ping", .n_in = 1, .in = n_in, .n_out = 1, .out = number_out
};

/* ---- the servant ---- */

static uint64_t argument(const void *const *in, size_t i)
{
    return *(const uint64_t *)in[i];
}

static void put_one(streamer_state *state, bool put)
{
    if (put) {
        atomic_fetch_add(&state->put, 1);
    }
}

static corbel_status serve_count(const void *servant, void *self, corbel_request *request, const void *const *in,
                                 void *const *out)
{
    streamer_state *const state = self;
    corbel_stream *const stream = *(corbel_stream **)out[0];
    const uint64_t n = argument(in, 0);
    (void)servant;
    probe_event_add(&state->begun, 1);
    for (uint64_t i = 0; i < n; i++) {
        const bool put = corbel_stream_put(stream, &corbel_uint64_type, &i);
        put_one(state, put);
        if (!put) {
            probe_event_add(&state->refused, 1);
            break;
        }
    }
    probe_event_add(&state->over, 1);
    if (*(const bool *)in[1]) {
        return corbel_skeleton_raise(request, &streamer_broken_type, &(streamer_broken) { n });
    }
    return CORBEL_OK;
}

static corbel_status serve_sum(const void *servant, void *self, corbel_request *request, const void *const *in, void *const *out)
{
    streamer_state *const state = self;
    corbel_stream *const stream = *(corbel_stream *const *)in[1];
    const uint64_t take = argument(in, 0);
    uint64_t item = 0, sum = 0, n = 0;
    (void)servant;
    (void)request;
    probe_event_add(&state->begun, 1);
    if (atomic_load(&state->hold)) {
        (void)probe_event_wait(&state->go_on, 1);
    }
    while (n < take && corbel_stream_next(stream, &corbel_uint64_type, &item)) {
        sum += item;
        n++;
        atomic_fetch_add(&state->taken, 1);
    }
    *(uint64_t *)out[0] = sum;
    probe_event_add(&state->over, 1);
    return CORBEL_OK;
}

static corbel_status serve_twice(const void *servant, void *self, corbel_request *request, const void *const *in,
                                 void *const *out)
{
    corbel_stream *const from = *(corbel_stream *const *)in[0];
    corbel_stream *const to = *(corbel_stream **)out[0];
    uint64_t item = 0;
    (void)servant;
    (void)request;
    while (corbel_stream_next(from, &corbel_uint64_type, &item)) {
        item *= 2;
        if (!corbel_stream_put(to, &corbel_uint64_type, &item)) {
            break;
        }
    }
    probe_event_add(&((streamer_state *)self)->over, 1);
    return CORBEL_OK;
}

static corbel_status serve_blobs(const void *servant, void *self, corbel_request *request, const void *const *in,
                                 void *const *out)
{
    streamer_state *const state = self;
    corbel_stream *const stream = *(corbel_stream **)out[0];
    const size_t size = (size_t)argument(in, 1);
    uint8_t *const data = corbel_request_alloc(request, size, 1);
    (void)servant;
    if (data == NULL) {
        return CORBEL_NO_MEMORY;
    }
    for (size_t i = 0; i < size; i++) {
        data[i] = (uint8_t)(i * 7);
    }
    for (uint64_t i = 0; i < argument(in, 0); i++) {
        const corbel_bytes item = { size, data };
        const bool put = corbel_stream_put(stream, &corbel_bytes_type, &item);
        put_one(state, put);
        if (!put) {
            break;
        }
    }
    probe_event_add(&state->over, 1);
    return CORBEL_OK;
}

static corbel_status serve_weigh(const void *servant, void *self, corbel_request *request, const void *const *in,
                                 void *const *out)
{
    corbel_stream *const stream = *(corbel_stream *const *)in[0];
    corbel_bytes item = { 0, NULL };
    uint64_t sum = 0;
    (void)servant;
    (void)request;
    while (corbel_stream_next(stream, &corbel_bytes_type, &item)) {
        for (size_t i = 0; i < item.len; i += 4099) {
            if (item.items[i] != (uint8_t)(i * 7)) {
                return corbel_request_fail(request, CORBEL_FAILED, "a byte is wrong");
            }
        }
        sum += item.len;
        atomic_fetch_add(&((streamer_state *)self)->taken, 1);
    }
    *(uint64_t *)out[0] = sum;
    return CORBEL_OK;
}

static void streamer_finalize(void *self)
{
    probe_event_add(&((streamer_state *)self)->finalized, 1);
}

static corbel_status serve_makers(const void *servant, void *self, corbel_request *request, const void *const *in,
                                  void *const *out)
{
    streamer_state *const state = self;
    corbel_stream *const stream = *(corbel_stream **)out[0];
    (void)servant;
    for (uint64_t i = 0; i < argument(in, 0); i++) {
        corbel_object *const give = atomic_load(&state->give);
        corbel_object *const item = give != NULL ? corbel_object_ref(give) : streamer_new(corbel_request_runtime(request), state);
        const bool put = corbel_stream_put(stream, &corbel_object_type, &item);
        corbel_object_unref(item);
        put_one(state, put);
        if (!put) {
            break;
        }
    }
    probe_event_add(&state->over, 1);
    return CORBEL_OK;
}

static corbel_status serve_keep(const void *servant, void *self, corbel_request *request, const void *const *in, void *const *out)
{
    streamer_state *const state = self;
    corbel_stream *const stream = *(corbel_stream *const *)in[1];
    corbel_object *item = NULL;
    corbel_error error = CORBEL_ERROR_INIT;
    uint64_t n = 0, sum = 0;
    (void)servant;
    while (n < argument(in, 0) && corbel_stream_next(stream, &corbel_object_type, &item)) {
        uint64_t back = 0;
        if (item == NULL) {
            continue;
        }
        n++;
        if (streamer_call_ping(item, n, &back, &error)) { /* the item is called while it is lent */
            return corbel_request_forward(request, &error);
        }
        sum += back;
        atomic_fetch_add(&state->taken, 1);
    }
    *(uint64_t *)out[0] = sum;
    return CORBEL_OK;
}

static corbel_status serve_lines(const void *servant, void *self, corbel_request *request, const void *const *in,
                                 void *const *out)
{
    corbel_stream *const stream = *(corbel_stream **)out[0];
    (void)servant;
    (void)self;
    for (uint64_t i = 0; i < argument(in, 0); i++) {
        const char *const bad = "\xFF";
        const char *const item = i == 3 ? bad : corbel_request_printf(request, "line %d", (int)i);
        if (!corbel_stream_put(stream, &corbel_string_type, &item)) {
            break;
        }
    }
    return CORBEL_OK;
}

static corbel_status serve_ping(const void *servant, void *self, corbel_request *request, const void *const *in, void *const *out)
{
    (void)servant;
    (void)self;
    (void)request;
    *(uint64_t *)out[0] = argument(in, 0) + 1;
    return CORBEL_OK;
}

static const corbel_method streamer_methods[] = {
    { &streamer_count, serve_count }, { &streamer_sum, serve_sum },     { &streamer_twice, serve_twice },
    { &streamer_blobs, serve_blobs }, { &streamer_weigh, serve_weigh }, { &streamer_makers, serve_makers },
    { &streamer_keep, serve_keep },   { &streamer_lines, serve_lines }, { &streamer_ping, serve_ping },
};
const corbel_interface streamer_interface = { .name = "test::Streamer",
                                              .fingerprint = 42,
                                              .n_methods = sizeof streamer_methods / sizeof *streamer_methods,
                                              .methods = streamer_methods };

void streamer_state_init(streamer_state *state)
{
    memset(state, 0, sizeof *state);
    probe_event_init(&state->begun);
    probe_event_init(&state->over);
    probe_event_init(&state->refused);
    probe_event_init(&state->finalized);
    probe_event_init(&state->go_on);
}

corbel_object *streamer_new(corbel_runtime *runtime, streamer_state *state)
{
    return corbel_object_new(runtime, (corbel_skeleton) { &streamer_interface, state }, state, streamer_finalize);
}

/* ---- two runtimes ---- */

void streamer_pair_start(streamer_pair *pair, const corbel_runtime_options *server, const corbel_runtime_options *client)
{
    corbel_error error = CORBEL_ERROR_INIT;
    char *uri = NULL;
    memset(pair, 0, sizeof *pair);
    streamer_state_init(&pair->state);
    MUST(corbel_runtime_new(server, &pair->server, &error));
    MUST(corbel_runtime_new(client, &pair->client, &error));
    MUST(corbel_daemon_new(pair->server, "localhost:0", &pair->daemon, &error));
    pair->local = streamer_new(pair->server, &pair->state);
    MUST(corbel_daemon_register(pair->daemon, "streamer", pair->local, &error));
    MUST(corbel_object_to_uri(pair->local, &uri, &error));
    MUST(corbel_object_from_uri(pair->client, &streamer_interface, uri, &pair->remote, &error));
    corbel_string_free(uri);
    /* The client gets the far one's object from the server. */
    MUST(corbel_runtime_new(NULL, &pair->far, &error));
    MUST(corbel_daemon_new(pair->far, "localhost:0", &pair->far_daemon, &error));
    pair->far_object = streamer_new(pair->far, &pair->state);
    MUST(corbel_daemon_register(pair->far_daemon, "far", pair->far_object, &error));
    MUST(corbel_object_to_uri(pair->far_object, &uri, &error));
    MUST(corbel_object_from_uri(pair->server, &streamer_interface, uri, &pair->far_known, &error));
    corbel_string_free(uri);
    corbel_stream *stream = NULL;
    corbel_object *item = NULL;
    pair->state.give = pair->far_known;
    corbel_call *const call = streamer_begin_makers(pair->remote, 1, &stream);
    if (corbel_stream_next(stream, &corbel_object_type, &item)) {
        MUST(corbel_object_cast(item, &streamer_interface, &pair->relayed, &error));
    }
    MUST(streamer_finish(call, &streamer_makers, &error));
    pair->state.give = NULL;
}

void streamer_pair_stop(streamer_pair *pair)
{
    corbel_object_unref(pair->relayed);
    corbel_object_unref(pair->far_known);
    corbel_object_unref(pair->far_object);
    corbel_object_unref(pair->remote);
    corbel_object_unref(pair->local);
    corbel_runtime_unref(pair->client);
    corbel_daemon_unref(pair->daemon);
    corbel_runtime_unref(pair->server);
    corbel_daemon_unref(pair->far_daemon);
    corbel_runtime_unref(pair->far);
}

/* ---- stubs ---- */

corbel_call *streamer_begin_count(corbel_object *self, uint64_t n, bool raise, corbel_stream **ret)
{
    const void *const in[] = { &n, &raise };
    return corbel_stub_begin_streams(self, &streamer_count, in, NULL, ret);
}

corbel_call *streamer_begin_sum(corbel_object *self, uint64_t take, corbel_stream **ret_items)
{
    const void *const in[] = { &take };
    return corbel_stub_begin_streams(self, &streamer_sum, in, ret_items, NULL);
}

corbel_call *streamer_begin_twice(corbel_object *self, corbel_stream **ret_items, corbel_stream **ret)
{
    return corbel_stub_begin_streams(self, &streamer_twice, NULL, ret_items, ret);
}

corbel_call *streamer_begin_blobs(corbel_object *self, uint64_t n, uint64_t size, corbel_stream **ret)
{
    const void *const in[] = { &n, &size };
    return corbel_stub_begin_streams(self, &streamer_blobs, in, NULL, ret);
}

corbel_call *streamer_begin_weigh(corbel_object *self, corbel_stream **ret_items)
{
    return corbel_stub_begin_streams(self, &streamer_weigh, NULL, ret_items, NULL);
}

corbel_call *streamer_begin_makers(corbel_object *self, uint64_t n, corbel_stream **ret)
{
    const void *const in[] = { &n };
    return corbel_stub_begin_streams(self, &streamer_makers, in, NULL, ret);
}

corbel_call *streamer_begin_keep(corbel_object *self, uint64_t take, corbel_stream **ret_items)
{
    const void *const in[] = { &take };
    return corbel_stub_begin_streams(self, &streamer_keep, in, ret_items, NULL);
}

corbel_call *streamer_begin_lines(corbel_object *self, uint64_t n, corbel_stream **ret)
{
    const void *const in[] = { &n };
    return corbel_stub_begin_streams(self, &streamer_lines, in, NULL, ret);
}

corbel_status streamer_call_ping(corbel_object *self, uint64_t n, uint64_t *ret, corbel_error *reterr)
{
    const void *const in[] = { &n };
    void *const out[] = { ret };
    return corbel_stub_call(self, &streamer_ping, in, out, reterr);
}

corbel_status streamer_finish(corbel_call *call, const corbel_operation *operation, corbel_error *reterr)
{
    return corbel_stub_finish(call, operation, NULL, reterr);
}

corbel_status streamer_finish_number(corbel_call *call, const corbel_operation *operation, uint64_t *ret, corbel_error *reterr)
{
    void *const out[] = { ret };
    return corbel_stub_finish(call, operation, out, reterr);
}
