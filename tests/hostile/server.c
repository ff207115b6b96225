/* The server that the tests are hostile to. Arguments: the address to listen on, then limits, each NAME=VALUE. Prints its ready
 * line, serves until SIGTERM. Its log is read by the tests. */
#include "hostile.corbel.h"

#include <corbel/corbel.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const hostile_Target_servant servant;

static corbel_status server_add(void *self, corbel_request *request, int32_t a, int32_t b, int32_t *ret)
{
    (void)self;
    (void)request;
    *ret = (int32_t)((uint32_t)a + (uint32_t)b);
    return CORBEL_OK;
}

static corbel_status server_blob(void *self, corbel_request *request, corbel_bytes data, corbel_bytes *ret)
{
    (void)self;
    (void)request;
    *ret = data;
    return CORBEL_OK;
}

static corbel_status server_take(void *self, corbel_request *request, hostile_Wides wides, uint32_t *ret)
{
    (void)self;
    (void)request;
    *ret = (uint32_t)wides.len;
    return CORBEL_OK;
}

static corbel_status server_take_nested(void *self, corbel_request *request, hostile_Nested nested, uint32_t *ret)
{
    (void)self;
    (void)request;
    *ret = (uint32_t)nested.len;
    return CORBEL_OK;
}

static corbel_status server_make(void *self, corbel_request *request, hostile_Target **ret)
{
    (void)self;
    *ret = hostile_Target_new(corbel_request_runtime(request), &servant, NULL, NULL);
    return *ret == NULL ? CORBEL_NO_MEMORY : CORBEL_OK;
}

static const hostile_Target_servant servant = {
    .add = server_add,
    .blob = server_blob,
    .take = server_take,
    .take_nested = server_take_nested,
    .make = server_make,
};

static bool server_limit(corbel_limits *limits, const char *text)
{
    const char *const equals = strchr(text, '=');
    const size_t len = equals == NULL ? 0 : (size_t)(equals - text);
#define SERVER_LIMIT(type, name, standard, about)                                                                                \
    if (len == strlen(#name) && strncmp(text, #name, len) == 0) {                                                                \
        limits->name = (type)strtoull(equals + 1, NULL, 10);                                                                     \
        return true;                                                                                                             \
    }
    CORBEL_LIMITS_MAP(SERVER_LIMIT)
    return false;
}

int main(int argc, char **argv)
{
    corbel_error error = CORBEL_ERROR_INIT;
    corbel_limits limits = CORBEL_LIMITS_INIT;
    corbel_runtime_options options = CORBEL_RUNTIME_OPTIONS_INIT;
    corbel_runtime *runtime = NULL;
    corbel_daemon *daemon = NULL;
    for (int i = 2; i < argc; i++) {
        if (!server_limit(&limits, argv[i])) {
            (void)fprintf(stderr, "no limit %s\n", argv[i]);
            return 2;
        }
    }
    options.limits = &limits;
    if (corbel_runtime_new(&options, &runtime, &error) ||
        corbel_daemon_new(runtime, argc > 1 ? argv[1] : NULL, &daemon, &error)) {
        return corbel_error_print(&error, stderr);
    }
    hostile_Target *const target = hostile_Target_new(runtime, &servant, NULL, NULL);
    corbel_object *const object = hostile_Target_as_object(target);
    if (corbel_daemon_register(daemon, "target", object, &error) || corbel_daemon_shutdown_on_signals(daemon, &error) ||
        corbel_daemon_ready(daemon, object, stdout, &error) || corbel_daemon_run(daemon, &error)) {
        return corbel_error_print(&error, stderr);
    }
    hostile_Target_unref(target);
    corbel_daemon_unref(daemon);
    corbel_runtime_unref(runtime);
    return 0;
}
