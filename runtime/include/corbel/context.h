/** Contexts: what travels with calls beside their arguments, and with answers beside their results. */
#ifndef CORBEL_CONTEXT_H
#define CORBEL_CONTEXT_H

#include <corbel/error.h>
#include <stdbool.h>
#include <stddef.h>

CORBEL_BEGIN_DECLS

/** A correlation id, by which log lines of many processes are found again; a W3C trace; and named values. Given to a reference
 *  (corbel_options.context) or a thread (corbel_context_enter()), it goes with calls; a servant sees it by
 *  corbel_request_context(), and calls that the servant makes carry it on: synchronous ones, _begin(), oneways, batches, promises
 *  and streams. docs/context.md tells all of it.
 *
 *  Functions that read take NULL, which is empty. One thread at a time, but any number may read one that nobody changes. */
typedef struct corbel_context corbel_context;

#define CORBEL_CONTEXT_MAX_NAME 128u        /**< bytes of a value's name, and at least 1 */
#define CORBEL_CONTEXT_MAX_CORRELATION 128u /**< bytes of a correlation id */
#define CORBEL_CONTEXT_MAX_BYTES 16384u     /**< what corbel_limits.max_context can be at most */

/** An empty one. Never NULL: without memory one that takes nothing (CORBEL_NO_MEMORY). Yours, corbel_context_unref(). */
CORBEL_API corbel_context *corbel_context_new(void);
/** Another one with the same contents, yours to change. Never NULL, as corbel_context_new(). */
CORBEL_API corbel_context *corbel_context_copy(const corbel_context *self);
/** Takes NULL, returns NULL. */
CORBEL_API corbel_context *corbel_context_unref(corbel_context *self);

/** Sets the value of name; value NULL takes it out. Both are copied, UTF-8. A call that carries more than its runtime's
 *  corbel_limits (max_context bytes, max_context_values) fails with CORBEL_LIMIT, completion NO. CORBEL_INVALID_ARGUMENT,
 *  CORBEL_LIMIT: a name or value that is no text, or is too long. CORBEL_MISUSE: the context is not yours to change. */
CORBEL_API CORBEL_MUST_CHECK corbel_status corbel_context_set(corbel_context *self, const char *name, const char *value,
                                                              corbel_error *reterr);
/** The same for a value that goes to whoever is called, and no further: not to what it calls. */
CORBEL_API CORBEL_MUST_CHECK corbel_status corbel_context_set_here(corbel_context *self, const char *name, const char *value,
                                                                   corbel_error *reterr);
/** Sets the correlation id: UTF-8, CORBEL_CONTEXT_MAX_CORRELATION bytes at most; NULL or "": none of its own. Where nobody sets
 *  one, it is drawn (32 hexadecimal digits): when a context without one is given to a reference or entered by a thread, for all
 *  calls made by it. A call that carries no context at all has none. */
CORBEL_API CORBEL_MUST_CHECK corbel_status corbel_context_set_correlation(corbel_context *self, const char *id,
                                                                          corbel_error *reterr);
/** Continues a trace: a traceparent of the W3C's Trace Context, version 00 or newer (of which what 00 has is taken); NULL or "":
 *  no trace of its own. Trace id and flags travel on; the parent id is replaced by one drawn for each call.
 * CORBEL_INVALID_ARGUMENT: it is not valid. */
CORBEL_API CORBEL_MUST_CHECK corbel_status corbel_context_set_traceparent(corbel_context *self, const char *traceparent,
                                                                          corbel_error *reterr);
/** Begins a trace, with ids drawn at random. */
CORBEL_API CORBEL_MUST_CHECK corbel_status corbel_context_start_trace(corbel_context *self, bool sampled, corbel_error *reterr);

/** NULL: there is none of that name. Borrowed until it changes. */
CORBEL_API const char *corbel_context_get(const corbel_context *self, const char *name);
/** "": none. Borrowed until it changes. */
CORBEL_API const char *corbel_context_get_correlation(const corbel_context *self);
/** 55 characters, "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"; "": no trace. In a request's the parent id is that
 *  of the call. Borrowed until it changes. */
CORBEL_API const char *corbel_context_get_traceparent(const corbel_context *self);

/** A named value. */
typedef struct corbel_context_value {
    const char *name, *value;
    bool here; /**< corbel_context_set_here() */
} corbel_context_value;
/** How many values there are. */
CORBEL_API size_t corbel_context_count(const corbel_context *self);
/** In no particular order; borrowed until it changes; name and value NULL beyond the last. */
CORBEL_API corbel_context_value corbel_context_value_at(const corbel_context *self, size_t index);

/** From now until corbel_context_leave() the calls of this thread carry a copy of what self has now, over what they carry
 *  anyway: what self has wins, and what the options of a reference have wins over both. May be nested. What an operation has
 *  entered ends with it. CORBEL_NO_MEMORY: nothing was entered. */
CORBEL_API CORBEL_MUST_CHECK corbel_status corbel_context_enter(const corbel_context *self, corbel_error *reterr);
/** Ends the last corbel_context_enter() of this thread, and of this operation; without one it does nothing. */
CORBEL_API void corbel_context_leave(void);
/** What calls of this thread carry, references' options aside; in an operation at first what the request brought. Never NULL;
 *  borrowed until the thread's next corbel_context_enter() or _leave(), or the end of the operation. To go on in another thread,
 *  give that one a copy to enter. */
CORBEL_API const corbel_context *corbel_context_current(void);

CORBEL_END_DECLS
#endif /* CORBEL_CONTEXT_H */
