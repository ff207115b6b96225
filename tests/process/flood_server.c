/** A sink as a program with one worker: prints its ready line, serves until SIGTERM. */
#include "flood_sink.h"

int main(void)
{
    static flood_sink state;
    const corbel_runtime_options options = FLOOD_ONE_WORKER;
    corbel_error error = CORBEL_ERROR_INIT;
    corbel_runtime *runtime = NULL;
    corbel_daemon *daemon = NULL;
    int result = 0;
    if (corbel_runtime_new(&options, &runtime, &error) || corbel_daemon_new(runtime, "localhost:0", &daemon, &error) ||
        corbel_daemon_shutdown_on_signals(daemon, &error)) {
        result = corbel_error_print(&error, stderr);
    } else {
        flood_Sink *const sink = flood_Sink_new(runtime, &flood_sink_servant, &state, NULL);
        if (corbel_daemon_register(daemon, "sink", flood_Sink_as_object(sink), &error) ||
            corbel_daemon_ready(daemon, flood_Sink_as_object(sink), stdout, &error) || corbel_daemon_run(daemon, &error)) {
            result = corbel_error_print(&error, stderr);
        }
        flood_Sink_unref(sink);
    }
    corbel_daemon_unref(daemon);
    corbel_runtime_unref(runtime);
    corbel_error_clear(&error);
    return result;
}
