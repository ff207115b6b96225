/* retry-server [LISTEN]: a counter. That calls come twice, or answers get lost, is nothing that it would have to know of. */
#include "retry.corbel.h"

#include <stdatomic.h>

static atomic_int total;

static corbel_status counter_add(void *self, corbel_request *request, int32_t n)
{
    (void)self;
    (void)request;
    atomic_fetch_add(&total, n);
    return CORBEL_OK;
}

static corbel_status counter_total(void *self, corbel_request *request, int32_t *ret)
{
    (void)self;
    (void)request;
    *ret = atomic_load(&total);
    return CORBEL_OK;
}

static const retry_Counter_servant servant = { .add = counter_add, .add_once = counter_add, .total = counter_total };

int main(int argc, char **argv)
{
    corbel_error error = CORBEL_ERROR_INIT;
    corbel_runtime *runtime = NULL;
    corbel_daemon *daemon = NULL;
    retry_Counter *counter = NULL;
    int result = 0;

    if (corbel_runtime_new(NULL, &runtime, &error) ||
        corbel_daemon_new(runtime, argc > 1 ? argv[1] : "127.0.0.1:0", &daemon, &error)) {
        goto failed;
    }
    counter = retry_Counter_new(runtime, &servant, NULL, NULL);
    if (corbel_daemon_register(daemon, "counter", retry_Counter_as_object(counter), &error) ||
        corbel_daemon_shutdown_on_signals(daemon, &error) ||
        corbel_daemon_ready(daemon, retry_Counter_as_object(counter), stdout, &error) || corbel_daemon_run(daemon, &error)) {
        goto failed;
    }
    goto done;
failed:
    result = corbel_error_print(&error, stderr);
done:
    retry_Counter_unref(counter);
    corbel_daemon_unref(daemon);
    corbel_runtime_unref(runtime);
    corbel_error_clear(&error);
    return result;
}
