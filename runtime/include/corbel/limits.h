/** Limits: what other processes may make this one do, keep and wait for. docs/limits.md says what happens beyond each. */
#ifndef CORBEL_LIMITS_H
#define CORBEL_LIMITS_H

#include <corbel/status.h>
#include <stddef.h>
#include <stdint.h>

CORBEL_BEGIN_DECLS

/** X(type, name, default, text): the one list of limits. New ones are added at the end. */
#define CORBEL_LIMITS_MAP(X)                                                                                                     \
    X(uint32_t, handshake_ms, 10000, "a peer's time to open its session, and again to say HELLO")                                \
    X(uint32_t, max_sessions, 10000, "connections of a daemon at once")                                                          \
    X(uint32_t, max_sessions_per_address, 5000, "connections of a daemon at once from one address")                              \
    X(uint32_t, max_silent, 128, "connections of a daemon that have said no HELLO yet")                                          \
    X(uint32_t, max_silent_per_address, 64, "connections from one address that have said no HELLO yet")                          \
    X(uint32_t, silent_grace_ms, 100, "how long each of those is let be, whatever others want")                                  \
    X(uint32_t, ping_idle_ms, 10000, "silence after which a peer is asked for a sign of life")                                   \
    X(uint32_t, ping_timeout_ms, 5000, "a peer's time to give it")                                                               \
    X(uint64_t, max_body, UINT64_C(64) << 20, "bytes of the arguments, or of the result, of one call")                           \
    X(uint64_t, max_queued, UINT64_C(256) << 20, "bytes that one session may have kept for what is not complete, or not taken")  \
    X(uint64_t, max_values, UINT64_C(256) << 20, "bytes of C values that one message may become")                                \
    X(uint32_t, max_depth, 64, "structs and sequences inside each other, in what is received")                                   \
    X(uint32_t, window_requests, 256u << 10, "bytes of a session's calls that wait to be entered")                               \
    X(uint32_t, window_nested, 64u << 10, "the same of calls made while serving calls")                                          \
    X(uint32_t, window_responses, 256u << 10, "bytes of a session's results that wait to be taken")                              \
    X(uint32_t, max_questions, 65536, "calls and look-ups of one session under way at once")                                     \
    X(uint32_t, max_exports, 1u << 20, "references that a session holds, each way")                                              \
    X(uint32_t, max_operations, 16384, "names of operations that one session may use")                                           \
    X(uint32_t, max_references, 4096, "references in one message")                                                               \
    X(uint32_t, max_hops, 128, "calls, each made while serving the one before")                                                  \
    X(uint32_t, keep_lost_ms, 2000, "how long what a peer held is kept when the peer is lost")                                   \
    X(uint32_t, max_pipeline, 64, "calls, each on what the one before is still to return")                                       \
    X(uint32_t, max_context, 8192, "bytes of the context of one call, or of one reply")                                          \
    X(uint32_t, max_context_values, 64, "named values in the context of one call, or of one reply")                              \
    X(uint32_t, window_stream, 256u << 10, "bytes of a stream's items that wait to be taken")                                    \
    X(uint32_t, max_streams, 1024, "streams of one session that are read at once; those that come with calls, and results")      \
    X(uint32_t, once_keys, 16384, "calls with @once whose replies are kept, in all")                                             \
    X(uint32_t, once_keys_of_one, 1024, "the same of one caller")                                                                \
    X(uint64_t, once_bytes, UINT64_C(16) << 20, "bytes of replies kept, in all")                                                 \
    X(uint64_t, once_bytes_of_one, UINT64_C(4) << 20, "the same of one caller")                                                  \
    X(uint32_t, once_callers, 16384, "callers with @once that are remembered")                                                   \
    X(uint32_t, once_keep_ms, 60000, "how long a reply is kept that its caller does not acknowledge")                            \
    X(uint32_t, max_waiting, 65536, "calls that wait to be entered, of all sessions and this process together")                  \
    X(uint32_t, max_waiting_lane, 16384, "the same of one lane of calls on one object")

/** What a runtime takes from its peers. Start with CORBEL_LIMITS_INIT; a member that is 0 has its default. */
typedef struct corbel_limits {
    size_t size; /**< sizeof(corbel_limits): the structure may grow */
#define CORBEL_LIMITS_MEMBER(type, name, standard, text) type name;
    CORBEL_LIMITS_MAP(CORBEL_LIMITS_MEMBER)
#undef CORBEL_LIMITS_MEMBER
} corbel_limits;
#define CORBEL_LIMITS_ZERO(type, name, standard, text) , 0
/** What corbel_limits start with. */
#define CORBEL_LIMITS_INIT                                                                                                       \
    {                                                                                                                            \
        sizeof(corbel_limits) CORBEL_LIMITS_MAP(CORBEL_LIMITS_ZERO)                                                              \
    }

CORBEL_END_DECLS
#endif /* CORBEL_LIMITS_H */
