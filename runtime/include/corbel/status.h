/** Statuses: what every function that can fail returns. */
#ifndef CORBEL_STATUS_H
#define CORBEL_STATUS_H

/** @cond for the headers themselves */
#ifdef __cplusplus
#define CORBEL_BEGIN_DECLS extern "C" {
#define CORBEL_END_DECLS }
#define CORBEL_CAST(type, pointer) reinterpret_cast<type>(pointer)
#else
#define CORBEL_BEGIN_DECLS
#define CORBEL_END_DECLS
#define CORBEL_CAST(type, pointer) ((type)(pointer))
#endif
#define CORBEL_API __attribute__((visibility("default")))
#define CORBEL_MUST_CHECK __attribute__((warn_unused_result))
#ifdef CORBEL_ALLOW_DEPRECATED
#define CORBEL_DEPRECATED(text)
#else
#define CORBEL_DEPRECATED(text) __attribute__((deprecated(text)))
#endif
#define CORBEL_PRINTF(text, first) __attribute__((__format__(__printf__, text, first)))
/** @endcond */

CORBEL_BEGIN_DECLS

/** What a caller can sensibly do about a status. Whether a retry is safe is another question: see corbel_completion. */
typedef enum corbel_reaction {
    CORBEL_GIVE_UP,  /**< repeating it will not help */
    CORBEL_FIX_CALL, /**< the call itself is wrong: a bug, or bad data */
    CORBEL_RETRY,    /**< the same may work a little later */
    CORBEL_RECONNECT /**< what hung on the session is gone: find the object again, then retry */
} corbel_reaction;

/** X(name, reaction, text): the one list of statuses. New ones are added at the end: the numbers travel on the wire. */
#define CORBEL_STATUS_MAP(X)                                                                                                     \
    X(OK, GIVE_UP, "success")                                                                                                    \
    X(RAISED, GIVE_UP, "the operation raised a declared exception")                                                              \
    X(DEFERRED, GIVE_UP, "the reply comes later")                                                                                \
    X(NO_MEMORY, RETRY, "out of memory")                                                                                         \
    X(NIL_REFERENCE, FIX_CALL, "the reference is NULL")                                                                          \
    X(INVALID_ARGUMENT, FIX_CALL, "an argument is not valid")                                                                    \
    X(UNIMPLEMENTED, GIVE_UP, "the object does not implement this operation")                                                    \
    X(UNDECLARED, GIVE_UP, "the servant raised an exception that its operation does not declare")                                \
    X(BAD_REPLY, GIVE_UP, "the servant's result is not valid")                                                                   \
    X(WRONG_INTERFACE, FIX_CALL, "the object has another interface")                                                             \
    X(MISUSE, FIX_CALL, "the library was called in the wrong way")                                                               \
    X(MISMATCH, GIVE_UP, "compiled against another version of the interface")                                                    \
    X(DEADLINE, RETRY, "the deadline passed")                                                                                    \
    X(CANCELLED, GIVE_UP, "cancelled")                                                                                           \
    X(UNREACHABLE, RETRY, "the peer cannot be reached")                                                                          \
    X(NOT_FOUND, GIVE_UP, "no such name or object")                                                                              \
    X(DECODE, GIVE_UP, "the peer's bytes do not decode")                                                                         \
    X(LIMIT, FIX_CALL, "a limit was exceeded")                                                                                   \
    X(WOULD_BLOCK, RETRY, "it would have to wait for the peer to take what was sent before")                                     \
    X(OVERLOADED, RETRY, "the peer has too much to do")                                                                          \
    X(DRAINING, RECONNECT, "the peer is shutting down and takes no new calls")                                                   \
    X(GONE, RECONNECT, "the session with the peer has ended")                                                                    \
    X(TOO_DEEP, FIX_CALL, "the chain of nested calls is too long")                                                               \
    X(BUSY, RETRY, "calls are still running")                                                                                    \
    X(EXISTS, FIX_CALL, "the name or id is taken")                                                                               \
    X(REFUSED, GIVE_UP, "not permitted")                                                                                         \
    X(PROTOCOL, GIVE_UP, "the peer does not speak the protocol")                                                                 \
    X(SYSTEM, GIVE_UP, "the operating system refused")                                                                           \
    X(FORKED, FIX_CALL, "not usable in the child of a fork")                                                                     \
    X(FAILED, GIVE_UP, "the servant failed")                                                                                     \
    X(SKIPPED, GIVE_UP, "a call before it in its batch failed")                                                                  \
    X(DEADLOCK, GIVE_UP, "calls wait for each other")                                                                            \
    X(FORGOTTEN, GIVE_UP, "the peer no longer knows whether the call ran")

/** What every function that can fail returns. Must be checked: CORBEL_OK, which is 0, is success. The values are those of
 *  CORBEL_STATUS_MAP. */
typedef enum corbel_status {
#define CORBEL_STATUS_ENUM(name, reaction, text) CORBEL_##name,
    CORBEL_STATUS_MAP(CORBEL_STATUS_ENUM)
#undef CORBEL_STATUS_ENUM
} corbel_status;

/** "NO_MEMORY"; for a number that this version does not know (a newer peer may send one): "UNKNOWN". Never NULL. */
CORBEL_API const char *corbel_status_name(corbel_status status);
/** One clause for people, without a full stop. Never NULL. */
CORBEL_API const char *corbel_status_text(corbel_status status);
/** GIVE_UP for a number that this version does not know. */
CORBEL_API corbel_reaction corbel_status_reaction(corbel_status status);

CORBEL_END_DECLS
#endif /* CORBEL_STATUS_H */
