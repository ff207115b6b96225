/** From the limits that the user gave to those of the layers below. */
#include "runtime/call/runtime_impl.h"

#include <string.h>
#include <sys/resource.h>

/** Of four descriptors that the process may have, connections get three. */
static size_t limits_of_descriptors(uint32_t max_sessions)
{
    struct rlimit descriptors;
    if (getrlimit(RLIMIT_NOFILE, &descriptors) != 0 || descriptors.rlim_cur == RLIM_INFINITY) {
        return max_sessions;
    }
    const rlim_t most = descriptors.rlim_cur / 4 * 3;
    return most < max_sessions ? (size_t)most : max_sessions;
}

void crb_runtime_set_limits(corbel_runtime *runtime, const corbel_limits *given)
{
    corbel_limits limits = CORBEL_LIMITS_INIT;
    if (given != NULL) { /* members that an older program does not know keep their defaults */
        memcpy(&limits, given, given->size < sizeof limits ? given->size : sizeof limits);
    }
#define LIMITS_DEFAULT(type, name, standard, text)                                                                               \
    if (limits.name == 0) {                                                                                                      \
        limits.name = (standard);                                                                                                \
    }
    CORBEL_LIMITS_MAP(LIMITS_DEFAULT)
#undef LIMITS_DEFAULT
    limits.max_context = limits.max_context < CORBEL_CONTEXT_MAX_BYTES ? limits.max_context : CORBEL_CONTEXT_MAX_BYTES;
    runtime->once_limits = (crb_once_limits)CRB_ONCE_LIMITS_DEFAULT;
    runtime->once_limits.keys = limits.once_keys;
    runtime->once_limits.keys_of_one = limits.once_keys_of_one;
    runtime->once_limits.bytes = limits.once_bytes;
    runtime->once_limits.bytes_of_one = limits.once_bytes_of_one;
    runtime->once_limits.callers = limits.once_callers;
    runtime->once_limits.keep = limits.once_keep_ms * CRB_MS;
    runtime->max_waiting = limits.max_waiting;
    runtime->max_waiting_lane = limits.max_waiting_lane;
    runtime->carried = (crb_carried_limits) { .bytes = limits.max_context, .values = limits.max_context_values };
    runtime->limits = (crb_session_limits) {
        .max_body = limits.max_body,
        .max_queued = limits.max_queued,
        .window_requests = limits.window_requests,
        .window_nested = limits.window_nested,
        .window_responses = limits.window_responses,
        .max_questions = limits.max_questions,
        .max_exports = limits.max_exports,
        .max_operations = limits.max_operations,
        .max_references = limits.max_references,
        .max_hops = limits.max_hops,
        .ping_idle_ms = limits.ping_idle_ms,
        .ping_timeout_ms = limits.ping_timeout_ms,
        .hello_timeout_ms = limits.handshake_ms,
        .keep_lost_ms = limits.keep_lost_ms,
        .max_pipeline = limits.max_pipeline,
        .max_context = limits.max_context,
        .window_stream = limits.window_stream,
        .max_streams = limits.max_streams,
    };
    runtime->values = (crb_codec_limits) {
        .memory = limits.max_values < SIZE_MAX ? (size_t)limits.max_values : SIZE_MAX,
        .depth = limits.max_depth,
    };
    runtime->listening = (crb_listener_limits) {
        .opening_ns = limits.handshake_ms * CRB_MS,
        .crowd = { .max_all = limits_of_descriptors(limits.max_sessions),
                   .max_all_per_origin = limits.max_sessions_per_address,
                   .max_silent = limits.max_silent,
                   .max_silent_per_origin = limits.max_silent_per_address,
                   .grace_ns = limits.silent_grace_ms * CRB_MS },
    };
}
