/** Requests: a call as its servant sees it. */
#ifndef CORBEL_REQUEST_H
#define CORBEL_REQUEST_H

#include <corbel/context.h>
#include <corbel/error.h>
#include <corbel/object.h>
#include <stdbool.h>
#include <stdint.h>

CORBEL_BEGIN_DECLS

/** One call as its servant sees it. Valid until the servant's function returns; once deferred, until its _reply() or
 *  corbel_request_end(). One thread at a time. */
typedef struct corbel_request corbel_request;

/** Memory for what goes into ret: zeroed, released by itself after the reply. NULL: out of memory. */
CORBEL_API void *corbel_request_alloc(corbel_request *request, size_t count, size_t size);
/** A copy of string, released after the reply. NULL: out of memory; the call then fails by itself: no need to check. */
CORBEL_API const char *corbel_request_strdup(corbel_request *request, const char *string);
/** The same for what printf() would write. */
CORBEL_API CORBEL_PRINTF(2, 3) const char *corbel_request_printf(corbel_request *request, const char *format, ...);

/** Copies value, which may go away, deeply into ret, with counts of its references; what every generated _copy_for() calls. */
CORBEL_API CORBEL_MUST_CHECK corbel_status corbel_request_copy(corbel_request *request, const corbel_type *type,
                                                               const void *value, void *ret);

/** return corbel_request_fail(request, CORBEL_NOT_FOUND, "no ledger for %s", owner); Returns status (CORBEL_FAILED for
 *  CORBEL_OK, CORBEL_RAISED and CORBEL_DEFERRED, which are no failures of this kind). */
CORBEL_API CORBEL_PRINTF(3, 4) corbel_status
    corbel_request_fail(corbel_request *request, corbel_status status, const char *format, ...);
/** A nested call failed: this one fails with the same error, one hop longer; an exception is passed on as it came, with its
 *  references, whether or not this program knows its type and the operation declares it. Clears error. Return what it returns. */
CORBEL_API corbel_status corbel_request_forward(corbel_request *request, corbel_error *error);

/** Replies later, from any thread: call it before another thread can see the request, hand the request over, and return what it
 *  returns, always CORBEL_DEFERRED. For the order of calls, and for the worker, the call has ended with the return. What ends it
 *  for the caller is one X_reply(request, outs…), which borrows its arguments, or one corbel_request_end(); it may come before
 * the function has returned, and after the caller has gone, which is harmless. One answer too many is refused, with a line in the
 *  log, for a good while after the first (the last 256 answers of the runtime); so is one to a request that was not deferred. A
 *  function that returns anything else ends the request so.
 *
 *  The function's arguments end with its return, all the same: who still needs them defers with X_defer(request, &args) instead.
 *  A request that is never answered runs, as corbel_daemon_join() sees it; at the end of the runtime it loses its caller. */
CORBEL_API CORBEL_MUST_CHECK corbel_status corbel_request_defer(corbel_request *request);
/** Ends a deferred request with a failure: corbel_request_end(request, bank_Locked_raise(request)), or what _fail() or _forward()
 *  returned. CORBEL_OK is for operations without outputs. Any thread. The request is gone afterwards. */
CORBEL_API void corbel_request_end(corbel_request *request, corbel_status status);
/** From here to corbel_request_leave() the calling thread works for a deferred request: calls that it makes belong to the
 *  request's chain and inherit its deadline, as those of the function do. Pairs nest. Leave before you answer. */
CORBEL_API void corbel_request_enter(corbel_request *request);
/** The same thread is through with it. */
CORBEL_API void corbel_request_leave(corbel_request *request);
/** What the call carries: see <corbel/context.h>. Never NULL. Borrowed, as long as the request; not yours to change. Calls made
 * from inside the operation carry it on by themselves, also between corbel_request_enter() and _leave(). */
CORBEL_API const corbel_context *corbel_request_context(const corbel_request *request);
/** Adds a value to the reply, whatever comes of the call: its caller sees it in corbel_options.reply, and it goes no further by
 *  itself. value NULL takes it out. Failures as of corbel_context_set(), and CORBEL_LIMIT for what a context may have; they are
 *  left in the request as by corbel_request_fail(): return them, or go on without the value. */
CORBEL_API CORBEL_MUST_CHECK corbel_status corbel_request_set_reply_value(corbel_request *request, const char *name,
                                                                          const char *value);

/** Who sent the call to this process: "127.0.0.1:43210", "[::1]:43210", "unix (pid 12, uid 1000)", "this process". Where somebody
 *  passes on calls on references that he gave away, it is he. Never NULL. Borrowed, as long as the request. */
CORBEL_API const char *corbel_request_caller_address(const corbel_request *request);
/** A user of this machine, as the kernel knows him. */
typedef struct corbel_user {
    uint32_t uid, gid;
    int32_t pid; /**< of the process that opened the connection; it may have ended since */
} corbel_user;
/** Who sent the call: over a Unix socket, or from this process. false: it came over the network, and ret is left alone. */
CORBEL_API CORBEL_MUST_CHECK bool corbel_request_caller_user(const corbel_request *request, corbel_user *ret);

/** Has the caller given up, or its session ended, or the deadline passed? Then nobody waits for the reply, and calls that the
 *  operation has under way are cancelled: those that it makes wait for nobody, fail with CORBEL_CANCELLED (CORBEL_DEADLINE), and
 * new ones fail at once, completion NO. */
CORBEL_API bool corbel_request_cancelled(const corbel_request *request);
/** Is told that the request is cancelled. It may call anything that an operation may; of the request it may look at
 *  corbel_request_cancelled(), and end it, if it was deferred. */
typedef void (*corbel_cancel_callback)(corbel_request *request, void *user);
/** Has callback called, once, when the request is cancelled: by its caller, by its deadline, by the end of the caller's session;
 *  when it is cancelled already, before this returns, on the calling thread. Else on a worker (with user_dispatch: in
 *  corbel_runtime_dispatch()), with no lock held, outside of the operation: calls that it makes are no nested ones.
 *
 *  Not called any more once the request is over: who answers waits for a callback that runs, unless it is the callback that
 *  answers. One a request: another takes its place, NULL takes it back; once that has returned, the one before neither runs nor
 * will, unless it is the one that calls. So user need not live longer; but do neither while holding a lock that the callback
 *  takes. What user points to on the function's stack is gone when the function returns: take the callback back before.
 *  CORBEL_NO_MEMORY: left in the request as by corbel_request_fail(). Threads as of the request. */
CORBEL_API CORBEL_MUST_CHECK corbel_status corbel_request_on_cancel(corbel_request *request, corbel_cancel_callback callback,
                                                                    void *user);
/** A descriptor that becomes readable when the request is cancelled, and stays so: for poll(), select() and event loops, beside
 *  others. Made at the first call; the request's, which closes it when it is over: do not read, write or close it. -1: there was
 *  no descriptor or no memory to be had. Threads as of the request. */
CORBEL_API int corbel_request_cancel_fd(corbel_request *request);
/** Milliseconds until the caller's deadline. */
CORBEL_API uint32_t corbel_request_remaining_ms(const corbel_request *request);
/** Borrowed; for creating objects to return. */
CORBEL_API corbel_runtime *corbel_request_runtime(const corbel_request *request);

CORBEL_END_DECLS
#endif /* CORBEL_REQUEST_H */
