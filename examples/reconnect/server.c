/* reconnect-server LIFE LISTEN: a counter that is registered as example.reconnect; it begins at one in each life of the server.
 */
#include "reconnect.corbel.h"

#include <stdatomic.h>
#include <stdlib.h>

static atomic_uint count, tickets;
static unsigned life;
static corbel_runtime *runtime;

static corbel_status ticket_number(void *self, corbel_request *request, uint32_t *ret)
{
    (void)request;
    *ret = (uint32_t)(uintptr_t)self;
    return CORBEL_OK;
}

static const reconnect_Ticket_servant ticket = { .get_number = ticket_number };

static corbel_status next(void *self, corbel_request *request, uint32_t *ret_life, uint32_t *ret_count)
{
    (void)self;
    (void)request;
    *ret_life = life;
    *ret_count = atomic_fetch_add(&count, 1) + 1;
    return CORBEL_OK;
}

static corbel_status draw(void *self, corbel_request *request, reconnect_Ticket **ret)
{
    (void)self;
    (void)request;
    *ret = reconnect_Ticket_new(runtime, &ticket, (void *)(uintptr_t)(atomic_fetch_add(&tickets, 1) + 1), NULL);
    return CORBEL_OK;
}

static const reconnect_Counter_servant counter = { .next = next, .draw = draw };

int main(int argc, char **argv)
{
    corbel_error error = CORBEL_ERROR_INIT;
    corbel_daemon *daemon = NULL;
    reconnect_Counter *served = NULL;
    int result = 0;

    if (argc < 3) {
        fputs("usage: reconnect-server LIFE LISTEN\n", stderr);
        return 2;
    }
    life = (unsigned)strtoul(argv[1], NULL, 10);
    if (corbel_runtime_new(NULL, &runtime, &error) || corbel_daemon_new(runtime, argv[2], &daemon, &error)) {
        goto failed;
    }
    served = reconnect_Counter_new(runtime, &counter, NULL, NULL);
    corbel_object *object = reconnect_Counter_as_object(served);
    if (corbel_daemon_register(daemon, "example.reconnect", object, &error) ||
        corbel_daemon_publish(daemon, "example.reconnect", object, NULL, true, &error) ||
        corbel_daemon_shutdown_on_signals(daemon, &error)) {
        goto failed;
    }
    printf("life %u serves\n", life);
    fflush(stdout);
    if (corbel_daemon_run(daemon, &error)) {
        goto failed;
    }
    goto done;
failed:
    result = corbel_error_print(&error, stderr);
done:
    reconnect_Counter_unref(served);
    corbel_daemon_unref(daemon);
    corbel_runtime_unref(runtime);
    corbel_error_clear(&error);
    return result;
}
