/* deadline-desk [LISTEN]: hosts example.desk, which asks example.archive. It says nothing of deadlines and looks at no
 * cancellation: the call that it makes has the time that its own caller has left, and ends with it. */
#include "deadline.corbel.h"

static corbel_status find(void *self, corbel_request *request, const char *word, uint32_t pages, uint32_t *ret)
{
    deadline_Archive *archive = self;
    corbel_error error = CORBEL_ERROR_INIT;
    if (deadline_Archive_scan(archive, word, pages, ret, &error)) {
        return corbel_request_forward(request, &error);
    }
    return CORBEL_OK;
}

static const deadline_Desk_servant servant = { .find = find };

int main(int argc, char **argv)
{
    corbel_error error = CORBEL_ERROR_INIT;
    corbel_runtime *runtime = NULL;
    corbel_daemon *daemon = NULL;
    deadline_Archive *archive = NULL;
    deadline_Desk *object = NULL;
    int result = 0;

    if (corbel_runtime_new(NULL, &runtime, &error) || corbel_daemon_new(runtime, argc > 1 ? argv[1] : NULL, &daemon, &error) ||
        deadline_Archive_from_uri(runtime, "corbelname:example.archive", &archive, &error)) {
        goto failed;
    }
    object = deadline_Desk_new(runtime, &servant, archive, NULL);
    if (corbel_daemon_register(daemon, "example.desk", deadline_Desk_as_object(object), &error) ||
        corbel_daemon_publish(daemon, "example.desk", deadline_Desk_as_object(object), NULL, true, &error) ||
        corbel_daemon_shutdown_on_signals(daemon, &error) ||
        corbel_daemon_ready(daemon, deadline_Desk_as_object(object), stdout, &error) || corbel_daemon_run(daemon, &error)) {
        goto failed;
    }
    goto done;
failed:
    result = corbel_error_print(&error, stderr);
done:
    deadline_Desk_unref(object);
    deadline_Archive_unref(archive);
    corbel_daemon_unref(daemon);
    corbel_runtime_unref(runtime);
    corbel_error_clear(&error);
    return result;
}
