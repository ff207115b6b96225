/** References: counted handles to objects, in this process or another. */
#ifndef CORBEL_OBJECT_H
#define CORBEL_OBJECT_H

#include <corbel/context.h>
#include <corbel/error.h>
#include <corbel/value.h>
#include <stdbool.h>
#include <stdint.h>

CORBEL_BEGIN_DECLS

/** Any reference. bank_Account and the like are the same thing, typed. Any thread may use it. */
typedef struct corbel_object corbel_object;
/** sequence<Object>. */
typedef struct corbel_object_seq {
    size_t len;
    corbel_object *const *items;
} corbel_object_seq;
/** Describes an interface; tables of these are generated (bank_Account_interface). */
typedef struct corbel_interface corbel_interface;
/** What a program needs before its first reference: see <corbel/runtime.h>. Any thread may use it. */
typedef struct corbel_runtime corbel_runtime;
/** Calls that travel together: see <corbel/batch.h>. */
typedef struct corbel_batch corbel_batch;
/** Called once, when nothing holds an object any more; on a worker (with user_dispatch: in corbel_runtime_dispatch()), with no
 * lock held, after the last call has left. */
typedef void (*corbel_finalizer)(void *self);

/** Takes NULL, returns its argument. */
CORBEL_API corbel_object *corbel_object_ref(corbel_object *self);
/** Takes NULL, returns NULL. */
CORBEL_API corbel_object *corbel_object_unref(corbel_object *self);
/** As corbel_string_seq_clear(). */
CORBEL_API void corbel_object_seq_clear(corbel_object_seq *self);
/** The URI by which others find the object: of a reference by URI that URI, of a registered object its own daemon's.
 *  ret: yours, corbel_string_free(). CORBEL_NOT_FOUND: it has none (a reference that came in a message, an object that is not
 *  registered). */
CORBEL_API CORBEL_MUST_CHECK corbel_status corbel_object_to_uri(corbel_object *self, char **ret, corbel_error *reterr);
/** Do both name the same object, as far as this process can tell without asking? NULL equals NULL. */
CORBEL_API bool corbel_object_equal(const corbel_object *a, const corbel_object *b);

/** Tells that the session on which a reference hung is no more. why: CORBEL_GONE and a message with the reason, for people;
 *  borrowed until the callback returns. Called on a worker (with user_dispatch: in corbel_runtime_dispatch()), with no lock held;
 * it may call anything that an operation may, also give back the very reference, or ask to be told again. */
typedef void (*corbel_broken_callback)(void *context, const corbel_error *why);

/** Has callback called, once, when the session to the object's process ends while self hangs on it: the process ended or was
 *  killed, said goodbye, or the network fell silent. Calls that were under way have failed by then.
 *
 *  What that means depends on the reference. One that came in a message (a result, an argument) is *broken for good*: every call
 *  on it fails with CORBEL_GONE, completion NO; ask for the object again. On one that is broken already the callback is called at
 *  once. One by URI or name is not: its next call looks for the object again. But what the process knew of us is gone, as when
 *  it keeps our callback objects: hand them over again. It hangs on a session from its first call to that session's end; asking
 *  before or in between is for the next one. An object of this process never breaks.
 *
 *  One callback a reference: CORBEL_EXISTS while one waits. When it is called, the next may be set, from inside, too. References
 *  derived from one another (_with(), _cast()) break together; each has its own callback. NULL takes it back: once that has
 *  returned, the callback neither runs nor will, unless it is the one that calls. Giving back the last count of the reference
 * does the same. So context need not live longer than the reference; but do not do either while holding a lock that the callback
 *  takes. A callback holds nothing: neither the reference nor the object.
 *
 *  Not told: of a promise, before it is known what it stands for; that the object alone is gone (CORBEL_NOT_FOUND), that a
 * session broke through which somebody else passes our calls on, and what corbel_runtime_unref() closes: when that has begun
 * nothing is called any more. CORBEL_GONE: it has begun. CORBEL_NIL_REFERENCE, CORBEL_NO_MEMORY: as they say. */
CORBEL_API CORBEL_MUST_CHECK corbel_status corbel_object_on_broken(corbel_object *self, corbel_broken_callback callback,
                                                                   void *context);

/** An order of its own for calls. Without one, the calls that a thread makes on an object (on references derived from one
 * another, and by whatever way it found it) form a lane: they enter the object in the order in which they were begun, each after
 * the function of the one before it has returned (a deferred call counts as returned). Calls of different threads, and on
 * different objects, overlap. A lane of yours is the same for whoever makes the calls: several threads that share an order, or
 * one thread that wants several. Any thread may use it. */
typedef struct corbel_lane corbel_lane;
/** Never NULL; without memory one whose calls fail with CORBEL_NO_MEMORY. Yours, corbel_lane_unref(). */
CORBEL_API corbel_lane *corbel_lane_new(void);
/** Takes NULL, returns its argument. */
CORBEL_API corbel_lane *corbel_lane_ref(corbel_lane *self);
/** Takes NULL, returns NULL. */
CORBEL_API corbel_lane *corbel_lane_unref(corbel_lane *self);

/** How calls on a reference are made; see the _with() of each interface. Zero members leave things as they were. */
typedef struct corbel_options {
    size_t size;          /**< sizeof(corbel_options): the structure may grow */
    uint32_t deadline_ms; /**< for each call, from its start */
    bool wait_for_credit; /**< in a servant, too, oneways and _begin() wait for the peer to take what was sent before,
                               instead of failing with CORBEL_WOULD_BLOCK */
    bool overlap;         /**< the calls leave their lane: they need not keep any order, as those of @overlap operations */
    corbel_lane *lane;    /**< the calls go in this lane; a reference with this option keeps a count of it */
    corbel_batch *batch;  /**< calls begun on the reference wait in the batch until corbel_batch_run() */
    const corbel_context *context; /**< calls carry what it has now, over what they carry anyway: copied */
    corbel_context
        *reply;          /**< takes the values that servants add to their replies: each answer replaces all of it when its call's
                              result is taken (by _finish(), or by the call itself). A count of it is kept; one thread at a time */
    bool wait_for_ready; /**< an object that cannot be reached, or is not known where it should be, is looked for again until the
                              deadline; else a call fails after one pass over the addresses of its reference */
    bool no_retry;       /**< calls that fail are not made again by the library: see docs/failures.md */
} corbel_options;
/** What corbel_options start with. */
#define CORBEL_OPTIONS_INIT                                                                                                      \
    {                                                                                                                            \
        sizeof(corbel_options), 0, false, false, NULL, NULL, NULL, NULL, false, false                                            \
    }

/** An interface and functions that implement it, from bank_Account_skeleton(): type-checked there, opaque here. */
typedef struct corbel_skeleton {
    const corbel_interface *interface; /**< of the object */
    const void *servant;               /**< the struct of functions */
} corbel_skeleton;

/* What the generated functions call. */
/** A new object of this process. Never NULL: without memory (or with a NULL runtime) a reference whose calls all fail.
 *  finalize may be NULL; it runs also when there was no memory. Yours, corbel_object_unref(). */
CORBEL_API corbel_object *corbel_object_new(corbel_runtime *runtime, corbel_skeleton skeleton, void *self,
                                            corbel_finalizer finalize);
/** A second reference to the same object with other options. Never NULL. Yours, corbel_object_unref(). */
CORBEL_API corbel_object *corbel_object_with(corbel_object *self, const corbel_options *options);
/** The same object seen as interface, after a check that it has it (which may ask the object's process). Counts. */
CORBEL_API CORBEL_MUST_CHECK corbel_status corbel_object_cast(corbel_object *self, const corbel_interface *interface,
                                                              corbel_object **ret, corbel_error *reterr);
/** A reference from a URI (corbel:… or corbelname:…). Only the text is checked here; the object is looked for, and its
 *  interface checked, by the first call, and again after its session broke. CORBEL_INVALID_ARGUMENT: not a URI. */
CORBEL_API CORBEL_MUST_CHECK corbel_status corbel_object_from_uri(corbel_runtime *runtime, const corbel_interface *interface,
                                                                  const char *uri, corbel_object **ret, corbel_error *reterr);

CORBEL_END_DECLS
#endif /* CORBEL_OBJECT_H */
