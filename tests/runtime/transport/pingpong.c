/* One client, one server, both on one CPU: a round trip over links, the client waiting as a caller and the server as a worker,
 * against a raw round trip on an open gRPC stream. Prints microseconds and their ratio, and what was handed over.
 * pingpong [CALLS [BYTES]] */
#include "runtime/base/clock.h"
#include "runtime/transport/io.h"
#include "runtime/transport/transport.h"
#include "tests/runtime/transport/support.h"

#include <grpc/byte_buffer.h>
#include <grpc/grpc.h>
#include <grpc/grpc_security.h>
#include <grpc/slice.h>
#include <grpc/support/time.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define TAG ((void *)1)

static grpc_arg pingpong_arg = { .type = GRPC_ARG_INTEGER, .key = (char *)"grpc.minimal_stack", .value.integer = 1 };
static const grpc_channel_args pingpong_args = { .num_args = 1, .args = &pingpong_arg };

static void next(grpc_completion_queue *cq)
{
    const grpc_event event = grpc_completion_queue_next(cq, gpr_inf_future(GPR_CLOCK_REALTIME), NULL);
    if (event.type != GRPC_OP_COMPLETE || event.success == 0) {
        exit(0);
    }
}

static void batch(grpc_call *call, grpc_completion_queue *cq, const grpc_op *ops, size_t n)
{
    if (grpc_call_start_batch(call, ops, n, TAG, NULL) != GRPC_CALL_OK) {
        exit(1);
    }
    next(cq);
}

static int raw_server(void)
{
    grpc_init();
    grpc_completion_queue *cq = grpc_completion_queue_create_for_next(NULL);
    grpc_server *server = grpc_server_create(&pingpong_args, NULL);
    grpc_server_register_completion_queue(server, cq, NULL);
    printf("%d\n", grpc_server_add_http2_port(server, "127.0.0.1:0", grpc_insecure_server_credentials_create()));
    fflush(stdout);
    grpc_server_start(server);
    grpc_call *call;
    grpc_call_details details;
    grpc_metadata_array metadata;
    grpc_call_details_init(&details);
    grpc_metadata_array_init(&metadata);
    grpc_server_request_call(server, &call, &details, &metadata, cq, cq, TAG);
    next(cq);
    grpc_byte_buffer *in = NULL;
    grpc_op ops[2] = { { .op = GRPC_OP_SEND_INITIAL_METADATA },
                       { .op = GRPC_OP_RECV_MESSAGE, .data.recv_message.recv_message = &in } };
    batch(call, cq, ops, 2);
    while (in != NULL) {
        grpc_byte_buffer *out = in;
        grpc_op op = { .op = GRPC_OP_SEND_MESSAGE, .data.send_message.send_message = out };
        batch(call, cq, &op, 1);
        grpc_byte_buffer_destroy(out);
        batch(call, cq, &ops[1], 1);
    }
    return 0;
}

static double raw_client(int port, size_t calls, size_t bytes)
{
    char target[64];
    (void)snprintf(target, sizeof target, "ipv4:127.0.0.1:%d", port);
    grpc_init();
    grpc_completion_queue *cq = grpc_completion_queue_create_for_next(NULL);
    grpc_channel *channel = grpc_channel_create(target, grpc_insecure_credentials_create(), &pingpong_args);
    grpc_call *call =
        grpc_channel_create_call(channel, NULL, GRPC_PROPAGATE_DEFAULTS, cq, grpc_slice_from_static_string("/raw/raw"), NULL,
                                 gpr_inf_future(GPR_CLOCK_REALTIME), NULL);
    grpc_metadata_array metadata;
    grpc_metadata_array_init(&metadata);
    grpc_op ops[2] = { { .op = GRPC_OP_SEND_INITIAL_METADATA },
                       { .op = GRPC_OP_RECV_INITIAL_METADATA, .data.recv_initial_metadata.recv_initial_metadata = &metadata } };
    batch(call, cq, ops, 2);
    uint64_t began = 0;
    for (size_t i = 0; i < calls + calls / 10; i++) {
        if (i == calls / 10) {
            began = crb_now();
        }
        grpc_slice slice = grpc_slice_malloc(bytes);
        memset(GRPC_SLICE_START_PTR(slice), 7, bytes);
        grpc_byte_buffer *out = grpc_raw_byte_buffer_create(&slice, 1);
        grpc_byte_buffer *in = NULL;
        grpc_slice_unref(slice);
        ops[0] = (grpc_op) { .op = GRPC_OP_SEND_MESSAGE, .data.send_message.send_message = out };
        ops[1] = (grpc_op) { .op = GRPC_OP_RECV_MESSAGE, .data.recv_message.recv_message = &in };
        batch(call, cq, ops, 2);
        grpc_byte_buffer_destroy(out);
        grpc_byte_buffer_destroy(in);
    }
    return (double)(crb_now() - began) / 1e3 / (double)calls;
}

/* A link's end with nothing but what a round trip needs. */
typedef struct pong {
    crb_link *link;
    crb_waiter waiter;
    crb_buf in;
    pthread_mutex_t lock; /* of what follows: a reply may come before sent() */
    bool busy, queued;
    crb_buf out;
} pong;

static void pong_send(pong *self, crb_buf *message)
{
    pthread_mutex_lock(&self->lock);
    if (self->busy) {
        self->out = *message;
        self->queued = true;
    } else {
        self->busy = true;
        self->link->ops->send(self->link, message);
        crb_buf_clear(message);
    }
    pthread_mutex_unlock(&self->lock);
}

static void pong_received(void *user, const uint8_t *data, size_t len)
{
    pong *self = user;
    crb_buf_append(&self->in, data, len);
    crb_io_wake(&self->waiter);
}

static void pong_sent(void *user)
{
    pong *self = user;
    pthread_mutex_lock(&self->lock);
    self->busy = self->queued;
    if (self->queued) {
        self->queued = false;
        self->link->ops->send(self->link, &self->out);
        crb_buf_clear(&self->out);
    }
    pthread_mutex_unlock(&self->lock);
}

static pong pong_served = { .lock = PTHREAD_MUTEX_INITIALIZER };

static void pong_closed(void *user, const char *why)
{
    (void)why;
    if (user == &pong_served) {
        exit(0);
    }
}

static const crb_link_handler pong_handler = { pong_received, pong_sent, pong_closed };

static bool pong_accept(void *user, crb_link *link, const crb_link_handler **ret_handler, void **ret_user)
{
    (void)user;
    pong_served.link = link;
    *ret_handler = &pong_handler;
    *ret_user = &pong_served;
    return true;
}

static int link_server(void)
{
    crb_listener *listener = NULL;
    crb_address address = test_address("127.0.0.1:0");
    crb_waiter_init(&pong_served.waiter, CRB_WAITER_WORKER);
    if (crb_io_acquire(NULL) != CORBEL_OK || crb_listener_new(&address, 1, pong_accept, NULL, &listener, NULL) != CORBEL_OK) {
        return 1;
    }
    size_t n;
    printf("%d\n", crb_listener_addresses(listener, &n)->port);
    fflush(stdout);
    while (true) {
        (void)crb_io_wait(&pong_served.waiter, CRB_NEVER);
        crb_buf out = pong_served.in;
        pong_served.in = (crb_buf)CRB_BUF_INIT;
        pong_send(&pong_served, &out);
    }
}

static double link_client(int port, size_t calls, size_t bytes)
{
    crb_address address = test_address("127.0.0.1:1");
    address.port = (uint16_t)port;
    pong self = { .lock = PTHREAD_MUTEX_INITIALIZER };
    uint64_t began = 0;
    crb_waiter_init(&self.waiter, CRB_WAITER_CALLER);
    if (crb_io_acquire(NULL) != CORBEL_OK ||
        crb_grpc_dial(&address, crb_now() + PATIENCE, &pong_handler, &self, &self.link, NULL) != CORBEL_OK) {
        exit(1);
    }
    for (size_t i = 0; i < calls + calls / 10; i++) {
        if (i == calls / 10) {
            began = crb_now();
        }
        crb_buf out = CRB_BUF_INIT;
        memset(crb_buf_reserve(&out, bytes), 7, bytes);
        out.len = bytes;
        pong_send(&self, &out);
        if (!crb_io_wait(&self.waiter, crb_now() + 30 * CRB_SECOND)) {
            fprintf(stderr, "no answer to call %zu\n", i);
            exit(1);
        }
        crb_buf_clear(&self.in);
    }
    return (double)(crb_now() - began) / 1e3 / (double)calls;
}

/* "PORT CALLS BYTES" */
static int client(double (*run)(int port, size_t calls, size_t bytes), const char *arg)
{
    char *at = NULL;
    const int port = (int)strtol(arg, &at, 10);
    const size_t calls = strtoul(at, &at, 10);
    const size_t bytes = strtoul(at, &at, 10);
    const double us = run(port, calls, bytes);
    const crb_io_stats stats = crb_io_get_stats();
    printf("%.3f events: %llu by callers, %llu by the keeper; %llu hand-overs, %llu kicks\n", us,
           (unsigned long long)stats.led_by_caller, (unsigned long long)stats.led_by_keeper, (unsigned long long)stats.hand_overs,
           (unsigned long long)stats.kicks);
    fflush(stdout);
    _exit(0);
}

static double measure(const char *server, const char *client_mode, size_t calls, size_t bytes, char *line, size_t max)
{
    char arg[64];
    const pid_t served = test_spawn(server, NULL, line, max);
    (void)snprintf(arg, sizeof arg, "%d %zu %zu", atoi(line), calls, bytes);
    (void)test_reap(test_spawn(client_mode, arg, line, max));
    (void)kill(served, SIGKILL);
    (void)test_reap(served);
    return strtod(line, NULL);
}

int main(int argc, char **argv)
{
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(sysconf(_SC_NPROCESSORS_ONLN) > 1 ? 1 : 0, &one);
    (void)sched_setaffinity(0, sizeof one, &one);
    if (argc > 1 && strcmp(argv[1], "raw-server") == 0) {
        return raw_server();
    }
    if (argc > 1 && strcmp(argv[1], "link-server") == 0) {
        return link_server();
    }
    if (argc > 2 && strcmp(argv[1], "raw-client") == 0) {
        return client(raw_client, argv[2]);
    }
    if (argc > 2 && strcmp(argv[1], "link-client") == 0) {
        return client(link_client, argv[2]);
    }
    const size_t calls = argc > 1 ? strtoul(argv[1], NULL, 10) : 10000;
    const size_t bytes = argc > 2 ? strtoul(argv[2], NULL, 10) : 32;
    const int rounds = argc > 3 ? atoi(argv[3]) : 5;
    double best[2] = { 1e9, 1e9 };
    for (int round = 0; round < rounds; round++) {
        char line[160];
        const double raw = measure("raw-server", "raw-client", calls, bytes, line, sizeof line);
        const double link = measure("link-server", "link-client", calls, bytes, line, sizeof line);
        printf("raw %.2f us, link %.2f us, ratio %.3f; %s\n", raw, link, link / raw, strchr(line, ' ') + 1);
        fflush(stdout);
        best[0] = raw < best[0] ? raw : best[0];
        best[1] = link < best[1] ? link : best[1];
    }
    printf("best: raw %.2f us, link %.2f us, ratio %.3f\n", best[0], best[1], best[1] / best[0]);
    return 0;
}
