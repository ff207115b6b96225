/* gRPC C core as a contender, used as sparingly as it can be: one completion queue, one thread, as few batches as there can be,
 * no filter that is not needed. What it is given it echoes, a message on an open stream or a unary call. */
#include "bench/bench.h"

#include <grpc/byte_buffer.h>
#include <grpc/grpc.h>
#include <grpc/grpc_security.h>
#include <grpc/slice.h>
#include <grpc/support/time.h>
#include <stdlib.h>
#include <string.h>

#define TAG ((void *)1)
#define MAX_MESSAGE (4 * (int)BENCH_BULK_BYTES)

/* gRPC's structures are not const. */
static grpc_arg grpc_peer_arg[] = {
    { .type = GRPC_ARG_INTEGER, .key = (char *)(GRPC_ARG_MINIMAL_STACK), .value.integer = 1 },
    { .type = GRPC_ARG_INTEGER, .key = (char *)(GRPC_ARG_MAX_RECEIVE_MESSAGE_LENGTH), .value.integer = MAX_MESSAGE },
    { .type = GRPC_ARG_INTEGER, .key = (char *)(GRPC_ARG_ENABLE_HTTP_PROXY), .value.integer = 0 },
};
static const grpc_channel_args grpc_peer_args = { sizeof grpc_peer_arg / sizeof grpc_peer_arg[0], grpc_peer_arg };

/** Waits for the one batch that is under way. */
static bool peer_next(grpc_completion_queue *cq)
{
    const grpc_event event = grpc_completion_queue_next(cq, gpr_inf_future(GPR_CLOCK_REALTIME), NULL);
    return event.type == GRPC_OP_COMPLETE && event.success != 0;
}

static bool peer_batch(grpc_call *call, grpc_completion_queue *cq, const grpc_op *ops, size_t n)
{
    return grpc_call_start_batch(call, ops, n, TAG, NULL) == GRPC_CALL_OK && peer_next(cq);
}

/* ---- servers ---- */

typedef struct peer_server {
    grpc_completion_queue *cq;
    grpc_server *server;
    grpc_call *call;
    grpc_call_details details;
    grpc_metadata_array metadata;
} peer_server;

static bool peer_accept(peer_server *self)
{
    grpc_metadata_array_init(&self->metadata);
    grpc_call_details_init(&self->details);
    return grpc_server_request_call(self->server, &self->call, &self->details, &self->metadata, self->cq, self->cq, TAG) ==
               GRPC_CALL_OK &&
           peer_next(self->cq);
}

static void peer_serve_stream(peer_server *self)
{
    grpc_byte_buffer *in = NULL;
    grpc_op first[] = { { .op = GRPC_OP_SEND_INITIAL_METADATA },
                        { .op = GRPC_OP_RECV_MESSAGE, .data.recv_message.recv_message = &in } };
    bool going = peer_accept(self) && peer_batch(self->call, self->cq, first, 2);
    while (going && in != NULL) {
        grpc_byte_buffer *const out = in;
        const grpc_op echo[] = { { .op = GRPC_OP_SEND_MESSAGE, .data.send_message.send_message = out },
                                 { .op = GRPC_OP_RECV_MESSAGE, .data.recv_message.recv_message = &in } };
        going = peer_batch(self->call, self->cq, echo, 2);
        grpc_byte_buffer_destroy(out);
    }
}

/** One of the calls that are served at once. */
typedef struct peer_slot {
    grpc_call *call;
    grpc_call_details details;
    grpc_metadata_array metadata;
    grpc_byte_buffer *in;
    int cancelled;
    enum { SLOT_WAITS, SLOT_RECEIVES, SLOT_ANSWERS } step;
} peer_slot;

static bool slot_wait(peer_server *self, peer_slot *slot)
{
    slot->step = SLOT_WAITS;
    slot->in = NULL;
    grpc_metadata_array_init(&slot->metadata);
    grpc_call_details_init(&slot->details);
    return grpc_server_request_call(self->server, &slot->call, &slot->details, &slot->metadata, self->cq, self->cq, slot) ==
           GRPC_CALL_OK;
}

static bool slot_receive(peer_slot *slot)
{
    const grpc_op receive = { .op = GRPC_OP_RECV_MESSAGE, .data.recv_message.recv_message = &slot->in };
    slot->step = SLOT_RECEIVES;
    return grpc_call_start_batch(slot->call, &receive, 1, slot, NULL) == GRPC_CALL_OK;
}

static bool slot_answer(peer_slot *slot)
{
    const grpc_op answer[] = {
        { .op = GRPC_OP_SEND_INITIAL_METADATA },
        { .op = GRPC_OP_SEND_MESSAGE, .data.send_message.send_message = slot->in },
        { .op = GRPC_OP_SEND_STATUS_FROM_SERVER, .data.send_status_from_server.status = GRPC_STATUS_OK },
        { .op = GRPC_OP_RECV_CLOSE_ON_SERVER, .data.recv_close_on_server.cancelled = &slot->cancelled },
    };
    slot->step = SLOT_ANSWERS;
    return slot->in != NULL && grpc_call_start_batch(slot->call, answer, 4, slot, NULL) == GRPC_CALL_OK;
}

static bool slot_over(peer_server *self, peer_slot *slot)
{
    grpc_byte_buffer_destroy(slot->in);
    grpc_call_details_destroy(&slot->details);
    grpc_metadata_array_destroy(&slot->metadata);
    grpc_call_unref(slot->call);
    return slot_wait(self, slot);
}

static void peer_serve_unary(peer_server *self)
{
    static peer_slot slots[BENCH_OUTSTANDING];
    bool going = true;
    for (size_t i = 0; going && i < BENCH_OUTSTANDING; i++) {
        going = slot_wait(self, &slots[i]);
    }
    while (going) {
        const grpc_event event = grpc_completion_queue_next(self->cq, gpr_inf_future(GPR_CLOCK_REALTIME), NULL);
        peer_slot *const slot = event.tag;
        going = event.type == GRPC_OP_COMPLETE && event.success != 0 &&
                (slot->step == SLOT_WAITS      ? slot_receive(slot)
                 : slot->step == SLOT_RECEIVES ? slot_answer(slot)
                                               : slot_over(self, slot));
    }
}

void bench_grpc_serve(const char *address, bool stream)
{
    peer_server self = { 0 };
    grpc_init();
    self.cq = grpc_completion_queue_create_for_next(NULL);
    self.server = grpc_server_create(&grpc_peer_args, NULL);
    grpc_server_register_completion_queue(self.server, self.cq, NULL);
    grpc_server_credentials *const credentials = grpc_insecure_server_credentials_create();
    const int port = grpc_server_add_http2_port(self.server, address, credentials);
    grpc_server_credentials_release(credentials);
    if (port == 0) {
        (void)bench_fail("gRPC cannot listen at %s", address);
        return;
    }
    grpc_server_start(self.server);
    if (strncmp(address, "unix:", 5) == 0) {
        printf("ready %s\n", address);
    } else {
        printf("ready ipv4:127.0.0.1:%d\n", port);
    }
    (void)fflush(stdout);
    if (stream) {
        peer_serve_stream(&self);
    } else {
        peer_serve_unary(&self);
    }
    (void)bench_fail("the raw server ended");
}

/* ---- clients ---- */

typedef struct peer_client {
    grpc_completion_queue *cq;
    grpc_channel *channel;
    grpc_call *call; /* of a stream */
    uint8_t *bulk;
} peer_client;

static peer_client *peer_open(const char *where)
{
    static peer_client self; /* until the process ends */
    self.bulk = malloc(BENCH_BULK_BYTES);
    if (self.bulk == NULL) {
        return NULL;
    }
    memset(self.bulk, 7, BENCH_BULK_BYTES);
    grpc_init();
    self.cq = grpc_completion_queue_create_for_next(NULL);
    grpc_channel_credentials *const credentials = grpc_insecure_credentials_create();
    self.channel = grpc_channel_create(where, credentials, &grpc_peer_args);
    grpc_channel_credentials_release(credentials);
    return &self;
}

static grpc_call *peer_new_call(peer_client *self)
{
    return grpc_channel_create_call(self->channel, NULL, GRPC_PROPAGATE_DEFAULTS, self->cq,
                                    grpc_slice_from_static_string("/bench/echo"), NULL, gpr_inf_future(GPR_CLOCK_REALTIME), NULL);
}

static grpc_byte_buffer *peer_message(const peer_client *self, bench_workload workload)
{
    grpc_slice slice = workload == BENCH_BULK ? grpc_slice_from_copied_buffer((const char *)self->bulk, BENCH_BULK_BYTES)
                                              : grpc_slice_malloc(BENCH_SMALL_BYTES);
    if (workload == BENCH_SMALL) {
        memset(GRPC_SLICE_START_PTR(slice), 7, BENCH_SMALL_BYTES);
    }
    grpc_byte_buffer *const message = grpc_raw_byte_buffer_create(&slice, 1);
    grpc_slice_unref(slice);
    return message;
}

/** Was it an echo? */
static bool peer_check(grpc_byte_buffer *in, bench_workload workload)
{
    const size_t bytes = workload == BENCH_BULK ? BENCH_BULK_BYTES : BENCH_SMALL_BYTES;
    const bool same = in != NULL && grpc_byte_buffer_length(in) == bytes;
    if (in != NULL) {
        grpc_byte_buffer_destroy(in);
    }
    return same || bench_fail("a raw echo went wrong");
}

static void *stream_open(const char *where)
{
    peer_client *const self = peer_open(where);
    grpc_metadata_array metadata;
    grpc_metadata_array_init(&metadata);
    const grpc_op ops[] = { { .op = GRPC_OP_SEND_INITIAL_METADATA },
                            { .op = GRPC_OP_RECV_INITIAL_METADATA,
                              .data.recv_initial_metadata.recv_initial_metadata = &metadata } };
    if (self == NULL) {
        return NULL;
    }
    self->call = peer_new_call(self);
    const bool opened = peer_batch(self->call, self->cq, ops, 2);
    grpc_metadata_array_destroy(&metadata);
    if (!opened) {
        (void)bench_fail("the raw stream does not open");
        return NULL;
    }
    return self;
}

static bool stream_call(void *user, bench_workload workload)
{
    peer_client *const self = user;
    grpc_byte_buffer *const out = peer_message(self, workload);
    grpc_byte_buffer *in = NULL;
    const grpc_op ops[] = { { .op = GRPC_OP_SEND_MESSAGE, .data.send_message.send_message = out },
                            { .op = GRPC_OP_RECV_MESSAGE, .data.recv_message.recv_message = &in } };
    const bool done = peer_batch(self->call, self->cq, ops, 2);
    grpc_byte_buffer_destroy(out);
    return peer_check(in, workload) && done;
}

static void *unary_open(const char *where)
{
    return peer_open(where);
}

static bool unary_call(void *user, bench_workload workload)
{
    peer_client *const self = user;
    grpc_call *const call = peer_new_call(self);
    grpc_byte_buffer *const out = peer_message(self, workload);
    grpc_byte_buffer *in = NULL;
    grpc_metadata_array first, last;
    grpc_status_code status = GRPC_STATUS_UNKNOWN;
    grpc_slice details = grpc_empty_slice();
    grpc_metadata_array_init(&first);
    grpc_metadata_array_init(&last);
    const grpc_op ops[] = {
        { .op = GRPC_OP_SEND_INITIAL_METADATA },
        { .op = GRPC_OP_SEND_MESSAGE, .data.send_message.send_message = out },
        { .op = GRPC_OP_SEND_CLOSE_FROM_CLIENT },
        { .op = GRPC_OP_RECV_INITIAL_METADATA, .data.recv_initial_metadata.recv_initial_metadata = &first },
        { .op = GRPC_OP_RECV_MESSAGE, .data.recv_message.recv_message = &in },
        { .op = GRPC_OP_RECV_STATUS_ON_CLIENT,
          .data.recv_status_on_client = { .trailing_metadata = &last, .status = &status, .status_details = &details } },
    };
    const bool done = peer_batch(call, self->cq, ops, 6) && status == GRPC_STATUS_OK;
    grpc_byte_buffer_destroy(out);
    grpc_metadata_array_destroy(&first);
    grpc_metadata_array_destroy(&last);
    grpc_slice_unref(details);
    grpc_call_unref(call);
    return peer_check(in, workload) && done;
}

/* ---- many at once ---- */

/** Each message is one of gRPC's; one is sent at a time, as it must be, and as many are under way as may be. */
static bool stream_many(void *user, unsigned long calls)
{
    peer_client *const self = user;
    static char send_tag, recv_tag;
    grpc_byte_buffer *in = NULL;
    grpc_byte_buffer *out = NULL;
    const grpc_op receive = { .op = GRPC_OP_RECV_MESSAGE, .data.recv_message.recv_message = &in };
    unsigned long sent = 0, received = 0;
    bool right = grpc_call_start_batch(self->call, &receive, 1, &recv_tag, NULL) == GRPC_CALL_OK;
    while (right && received < calls) {
        if (out == NULL && sent < calls && sent - received < BENCH_OUTSTANDING) {
            out = peer_message(self, BENCH_SMALL);
            const grpc_op send = { .op = GRPC_OP_SEND_MESSAGE, .data.send_message.send_message = out };
            right = grpc_call_start_batch(self->call, &send, 1, &send_tag, NULL) == GRPC_CALL_OK;
            sent++;
        }
        const grpc_event event = grpc_completion_queue_next(self->cq, gpr_inf_future(GPR_CLOCK_REALTIME), NULL);
        right = right && event.type == GRPC_OP_COMPLETE && event.success != 0;
        if (event.tag == &send_tag) {
            grpc_byte_buffer_destroy(out);
            out = NULL;
        } else {
            right = right && peer_check(in, BENCH_SMALL);
            in = NULL;
            received++;
            right =
                right && (received == calls || grpc_call_start_batch(self->call, &receive, 1, &recv_tag, NULL) == GRPC_CALL_OK);
        }
    }
    while (right && out != NULL) { /* its answer was faster than the word that it is gone */
        right = peer_next(self->cq);
        grpc_byte_buffer_destroy(out);
        out = NULL;
    }
    return right || bench_fail("a raw stream went wrong");
}

/** A call among several. */
typedef struct unary_slot {
    grpc_call *call;
    grpc_byte_buffer *in, *out;
    grpc_metadata_array first, last;
    grpc_status_code status;
    grpc_slice details;
} unary_slot;

static bool unary_begin(peer_client *self, unary_slot *slot)
{
    *slot = (unary_slot) { .call = peer_new_call(self), .out = peer_message(self, BENCH_SMALL), .status = GRPC_STATUS_UNKNOWN };
    slot->details = grpc_empty_slice();
    grpc_metadata_array_init(&slot->first);
    grpc_metadata_array_init(&slot->last);
    const grpc_op ops[] = {
        { .op = GRPC_OP_SEND_INITIAL_METADATA },
        { .op = GRPC_OP_SEND_MESSAGE, .data.send_message.send_message = slot->out },
        { .op = GRPC_OP_SEND_CLOSE_FROM_CLIENT },
        { .op = GRPC_OP_RECV_INITIAL_METADATA, .data.recv_initial_metadata.recv_initial_metadata = &slot->first },
        { .op = GRPC_OP_RECV_MESSAGE, .data.recv_message.recv_message = &slot->in },
        { .op = GRPC_OP_RECV_STATUS_ON_CLIENT,
          .data.recv_status_on_client = { .trailing_metadata = &slot->last,
                                          .status = &slot->status,
                                          .status_details = &slot->details } },
    };
    return grpc_call_start_batch(slot->call, ops, 6, slot, NULL) == GRPC_CALL_OK;
}

static bool unary_end(unary_slot *slot)
{
    grpc_byte_buffer_destroy(slot->out);
    grpc_metadata_array_destroy(&slot->first);
    grpc_metadata_array_destroy(&slot->last);
    grpc_slice_unref(slot->details);
    grpc_call_unref(slot->call);
    return peer_check(slot->in, BENCH_SMALL) && slot->status == GRPC_STATUS_OK;
}

static bool unary_many(void *user, unsigned long calls)
{
    static unary_slot slots[BENCH_OUTSTANDING];
    peer_client *const self = user;
    unsigned long begun = 0, ended = 0;
    bool right = true;
    while (right && begun < calls && begun < BENCH_OUTSTANDING) {
        right = unary_begin(self, &slots[begun++]);
    }
    while (right && ended < calls) {
        const grpc_event event = grpc_completion_queue_next(self->cq, gpr_inf_future(GPR_CLOCK_REALTIME), NULL);
        unary_slot *const slot = event.tag;
        right = event.type == GRPC_OP_COMPLETE && event.success != 0 && unary_end(slot);
        ended++;
        if (right && begun < calls) {
            right = unary_begin(self, slot);
            begun++;
        }
    }
    return right || bench_fail("raw unary calls went wrong");
}

const bench_caller bench_stream_caller = { stream_open, stream_call, stream_many };
const bench_caller bench_unary_caller = { unary_open, unary_call, unary_many };
