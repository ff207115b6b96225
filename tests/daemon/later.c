/** A servant that lets its callers wait. */
#include "later.h"

#include <stdlib.h>
#include <time.h>

static corbel_status later_add(void *self, corbel_request *request, int32_t a, int32_t b, int32_t *ret)
{
    (void)self;
    (void)request;
    *ret = a + b;
    return CORBEL_OK;
}

static bool take_ticket(later_server *server)
{
    int64_t tickets = atomic_load(&server->tickets);
    while (tickets > 0) {
        if (atomic_compare_exchange_weak(&server->tickets, &tickets, tickets - 1)) {
            return true;
        }
    }
    return false;
}

static corbel_status later_gate(void *self, corbel_request *request)
{
    later_server *const server = self;
    probe_event_add(&server->entered, 1);
    while (!take_ticket(server)) {
        if (corbel_request_cancelled(request)) {
            probe_event_add(&server->cancelled, 1);
            return corbel_request_remaining_ms(request) == 0 ? CORBEL_DEADLINE : CORBEL_CANCELLED;
        }
        nanosleep(&(struct timespec) { .tv_nsec = 1000000 }, NULL); /* a cancelled call is nothing that one can wait for */
    }
    return CORBEL_OK;
}

static const later_Later_servant servant = { .add = later_add, .gate = later_gate };

void later_server_open(later_server *server)
{
    atomic_fetch_add(&server->tickets, 1);
}

void later_server_start(later_server *server, const corbel_runtime_options *options)
{
    corbel_error error = CORBEL_ERROR_INIT;
    *server = (later_server) { 0 };
    probe_event_init(&server->entered);
    probe_event_init(&server->cancelled);
    MUST(corbel_runtime_new(options, &server->runtime, &error));
    MUST(corbel_daemon_new(server->runtime, NULL, &server->daemon, &error));
    server->object = later_Later_new(server->runtime, &servant, server, NULL);
    MUST(corbel_daemon_register(server->daemon, "later", later_Later_as_object(server->object), &error));
    MUST(corbel_object_to_uri(later_Later_as_object(server->object), &server->uri, &error));
}

void later_server_stop(later_server *server)
{
    corbel_string_free(server->uri);
    later_Later_unref(server->object);
    corbel_daemon_unref(server->daemon);
    corbel_runtime_unref(server->runtime);
}
