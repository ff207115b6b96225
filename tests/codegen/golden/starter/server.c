/* bank-server: hosts one object, and tells the name server that it is called bank. */
#include "bank.corbel.h"

static corbel_status greet(void *self, corbel_request *request, const char *whom, const char **ret)
{
    (void)self; /* what the third argument of bank_Greeter_new() was */
    *ret = corbel_request_printf(request, "Hello %s, this is bank", whom);
    return CORBEL_OK;
}

static const bank_Greeter_servant servant = { .greet = greet };

static corbel_status serve(corbel_runtime *runtime, corbel_daemon *daemon, corbel_error *error)
{
    bank_Greeter *mine = bank_Greeter_new(runtime, &servant, NULL, NULL);
    corbel_object *object = bank_Greeter_as_object(mine);
    const bool failed = corbel_daemon_register(daemon, "bank", object, error) ||
                        corbel_daemon_publish(daemon, "bank", object, NULL, true, error) ||
                        corbel_daemon_shutdown_on_signals(daemon, error) ||
                        corbel_daemon_ready(daemon, object, stdout, error) ||
                        corbel_daemon_run(daemon, error);
    bank_Greeter_unref(mine);
    return failed ? error->status : CORBEL_OK;
}

int main(void)
{
    corbel_error error = CORBEL_ERROR_INIT;
    corbel_runtime *runtime = NULL;
    corbel_daemon *daemon = NULL;
    const bool failed = corbel_runtime_new(NULL, &runtime, &error) ||
                        corbel_daemon_new(runtime, NULL, &daemon, &error) ||
                        serve(runtime, daemon, &error);
    const int result = failed ? corbel_error_print(&error, stderr) : 0;
    corbel_daemon_unref(daemon);
    corbel_runtime_unref(runtime);
    corbel_error_clear(&error);
    return result;
}
