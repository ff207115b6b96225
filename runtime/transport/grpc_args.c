/* The arguments of section 7 of the design. Those about connecting and resolving say that gRPC does neither for us. */
#include "runtime/transport/grpc_link.h"

#include <limits.h>

/* gRPC's structures are not const. */
#define ARGS_INT(name, number)                                                                                                   \
    {                                                                                                                            \
        .type = GRPC_ARG_INTEGER, .key = (char *)(name), .value.integer = (number)                                               \
    }
#define ARGS_STRING(name, text)                                                                                                  \
    {                                                                                                                            \
        .type = GRPC_ARG_STRING, .key = (char *)(name), .value.string = (char *)(text)                                           \
    }
/* Liveness is Corbel's own PING; messages are not compressed (a small one could become a large one); deadlines are ours. */
#define ARGS_COMMON                                                                                                              \
    ARGS_INT(GRPC_ARG_MAX_RECEIVE_MESSAGE_LENGTH, CRB_MAX_MESSAGE + CRB_MESSAGE_SLACK),                                          \
        ARGS_INT(GRPC_ARG_MAX_SEND_MESSAGE_LENGTH, -1), ARGS_INT(GRPC_ARG_MAX_METADATA_SIZE, CRB_MAX_METADATA),                  \
        ARGS_INT(GRPC_ARG_KEEPALIVE_TIME_MS, INT_MAX), ARGS_INT(GRPC_ARG_ENABLE_PER_MESSAGE_COMPRESSION, 0),                     \
        ARGS_INT(GRPC_ARG_ENABLE_PER_MESSAGE_DECOMPRESSION, 0), ARGS_INT(GRPC_ARG_ENABLE_DEADLINE_CHECKS, 0),                    \
        ARGS_INT(GRPC_ARG_ENABLE_CHANNELZ, 0)

const grpc_channel_args *crb_grpc_client_args(void)
{
    static grpc_arg args[] = {
        ARGS_COMMON,
        ARGS_STRING(GRPC_ARG_DEFAULT_AUTHORITY, "corbel"),
        ARGS_INT(GRPC_ARG_ENABLE_HTTP_PROXY, 0),
        ARGS_INT(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1),
        ARGS_INT(GRPC_ARG_ENABLE_RETRIES, 0),
        ARGS_INT(GRPC_ARG_SERVICE_CONFIG_DISABLE_RESOLUTION, 1),
        ARGS_INT(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 100),
        ARGS_INT(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, 100),
        ARGS_INT(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 1000),
        ARGS_INT(GRPC_ARG_CLIENT_IDLE_TIMEOUT_MS, INT_MAX),
    };
    static const grpc_channel_args all = { .num_args = sizeof args / sizeof args[0], .args = args };
    return &all;
}

const grpc_channel_args *crb_grpc_server_args(void)
{
    static grpc_arg args[] = {
        ARGS_COMMON,
        ARGS_INT(GRPC_ARG_ALLOW_REUSEPORT, 0),
        ARGS_INT(GRPC_ARG_MAX_CONCURRENT_STREAMS, 1),
    };
    static const grpc_channel_args all = { .num_args = sizeof args / sizeof args[0], .args = args };
    return &all;
}
