/* hello-server [LISTEN]: hosts a greeter and registers it as example.hello. Listens at a free port of localhost, or at LISTEN. */
#include "hello.corbel.h"

static corbel_status welcome(void *self, corbel_request *request, const char *name, const char **ret)
{
    (void)self;
    *ret = corbel_request_printf(request, "Hi welcome %s", name);
    return CORBEL_OK;
}

static const hello_Greeter_servant servant = { .welcome = welcome };

int main(int argc, char **argv)
{
    corbel_error error = CORBEL_ERROR_INIT;
    corbel_runtime *runtime = NULL;
    corbel_daemon *daemon = NULL;
    hello_Greeter *greeter = NULL;
    int result = 0;

    if (corbel_runtime_new(NULL, &runtime, &error) || corbel_daemon_new(runtime, argc > 1 ? argv[1] : NULL, &daemon, &error)) {
        goto failed;
    }
    greeter = hello_Greeter_new(runtime, &servant, NULL, NULL);
    corbel_object *object = hello_Greeter_as_object(greeter);
    if (corbel_daemon_register(daemon, "example.hello", object, &error) ||
        corbel_daemon_publish(daemon, "example.hello", object, NULL, true, &error) ||
        corbel_daemon_shutdown_on_signals(daemon, &error) || corbel_daemon_ready(daemon, object, stdout, &error) ||
        corbel_daemon_run(daemon, &error)) {
        goto failed;
    }
    goto done;
failed:
    result = corbel_error_print(&error, stderr);
done:
    hello_Greeter_unref(greeter);
    corbel_daemon_unref(daemon);
    corbel_runtime_unref(runtime);
    corbel_error_clear(&error);
    return result;
}
