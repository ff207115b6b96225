/* context-server NAME [NEXT]: hosts the counter example.context.NAME, which has things made at NEXT, or makes them itself.
 *
 * An interceptor refuses calls that do not say for which table they are, and counts the others. */
#include "context.corbel.h"

#include <stdatomic.h>
#include <string.h>

#define PREFIX "example.context."

typedef struct counter {
    const char *name, *next;
    _Atomic unsigned served;
} counter;

/* Around every operation of this process. */
static corbel_status check_table(void *self, corbel_intercepted *call)
{
    (void)self;
    if (corbel_context_get(corbel_intercepted_context(call), "table") == NULL) {
        return corbel_intercepted_refuse(call, CORBEL_REFUSED, "%s: for which table?", corbel_intercepted_operation(call));
    }
    return CORBEL_OK;
}

static void count(void *self, corbel_intercepted *call)
{
    counter *c = self;
    (void)call;
    atomic_fetch_add(&c->served, 1);
}

/* What the call carried, in words. */
static const char *carried(const counter *self, corbel_request *request)
{
    const corbel_context *context = corbel_request_context(request);
    const char *hint = corbel_context_get(context, "hint");
    return corbel_request_printf(request, "%s: order %s, table %s, hint %s", self->name, corbel_context_get_correlation(context),
                                 corbel_context_get(context, "table"), hint == NULL ? "none" : hint);
}

static corbel_status make(void *self, corbel_request *request, const char *what, const char **ret)
{
    const counter *c = self;
    corbel_error error = CORBEL_ERROR_INIT;
    orders_Counter *next = NULL;
    char uri[256];
    char *there = NULL;

    printf("%s\n", carried(c, request));
    if (c->next == NULL) {
        *ret = carried(c, request);
        return corbel_request_set_reply_value(request, "cook", c->name);
    }
    snprintf(uri, sizeof uri, "corbelname:" PREFIX "%s", c->next);
    if (orders_Counter_from_uri(corbel_request_runtime(request), uri, &next, &error) ||
        orders_Counter_make(next, what, &there, &error)) { /* carries on what this call has brought */
        orders_Counter_unref(next);
        return corbel_request_forward(request, &error);
    }
    *ret = corbel_request_printf(request, "%s; %s", carried(c, request), there);
    corbel_string_free(there);
    orders_Counter_unref(next);
    return corbel_request_set_reply_value(request, "waiter", "Anna");
}

static const orders_Counter_servant servant = { .make = make };

int main(int argc, char **argv)
{
    corbel_error error = CORBEL_ERROR_INIT;
    corbel_runtime *runtime = NULL;
    corbel_daemon *daemon = NULL;
    orders_Counter *object = NULL;
    char id[256];
    int result = 0;

    if (argc < 2) {
        fputs("usage: context-server NAME [NEXT]\n", stderr);
        return 2;
    }
    counter self = { .name = argv[1], .next = argc > 2 ? argv[2] : NULL };
    const corbel_interceptor guard = { sizeof guard, check_table, count, NULL };
    snprintf(id, sizeof id, PREFIX "%s", self.name);
    if (corbel_runtime_new(NULL, &runtime, &error) || corbel_daemon_new(runtime, NULL, &daemon, &error) ||
        corbel_runtime_intercept_requests(runtime, &guard, &self, &error)) {
        goto failed;
    }
    object = orders_Counter_new(runtime, &servant, &self, NULL);
    if (corbel_daemon_register(daemon, id, orders_Counter_as_object(object), &error) ||
        corbel_daemon_publish(daemon, id, orders_Counter_as_object(object), NULL, true, &error) ||
        corbel_daemon_shutdown_on_signals(daemon, &error)) {
        goto failed;
    }
    setvbuf(stdout, NULL, _IOLBF, BUFSIZ); /* each line when it is written, into a pipe too */
    if (corbel_daemon_ready(daemon, orders_Counter_as_object(object), stdout, &error) || corbel_daemon_run(daemon, &error)) {
        goto failed;
    }
    printf("%u served\n", atomic_load(&self.served));
    goto done;
failed:
    result = corbel_error_print(&error, stderr);
done:
    orders_Counter_unref(object);
    corbel_daemon_unref(daemon);
    corbel_runtime_unref(runtime);
    corbel_error_clear(&error);
    return result;
}
