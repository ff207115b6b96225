/** Interceptors: functions around every call that a runtime makes, or serves. */
#ifndef CORBEL_INTERCEPTOR_H
#define CORBEL_INTERCEPTOR_H

#include <corbel/context.h>
#include <corbel/error.h>
#include <corbel/object.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

CORBEL_BEGIN_DECLS

/** A call as interceptors see it: valid during their functions, and the same for both. */
typedef struct corbel_intercepted corbel_intercepted;

/** What is called around calls. Each function may be NULL. They run with no lock held, for several calls at once; what takes long
 *  in them comes off the call's deadline. docs/interceptors.md tells all of it. */
typedef struct corbel_interceptor {
    size_t size; /**< sizeof(corbel_interceptor): the structure may grow */
    /** Before the call is sent, on the calling thread; before the servant is entered, on its thread. CORBEL_OK: the call goes on.
     *  Anything else refuses it, with that status and completion NO: return what corbel_intercepted_refuse() returns. */
    corbel_status (*before)(void *self, corbel_intercepted *call);
    /** Once for each call whose before() returned CORBEL_OK, when it is over, whatever became of it. Where the calling thread
     * waits for the answer, or the servant has run, on that thread; for other calls (_begin()) on a worker, or on the thread that
     * takes the result, whichever is first. Of a oneway: when it is handed on. */
    void (*after)(void *self, corbel_intercepted *call);
    /** Once, when neither will be called any more: after the runtime has ended, and with it the calls. */
    void (*finalize)(void *self);
} corbel_interceptor;
/** What a corbel_interceptor starts with. */
#define CORBEL_INTERCEPTOR_INIT                                                                                                  \
    {                                                                                                                            \
        sizeof(corbel_interceptor), NULL, NULL, NULL                                                                             \
    }

/** From now on interceptor is called around every call on references of the runtime. before() in the order in which they were
 *  registered, after() the other way round; after one that refused, those behind it are not called. It is copied; self must live
 *  until finalize(). Calls that an interceptor makes are intercepted on neither side of this process; nor are those that the
 * library makes by itself (look-ups, casts). CORBEL_NO_MEMORY; CORBEL_GONE: the runtime has ended. Nothing is called then. */
CORBEL_API CORBEL_MUST_CHECK corbel_status corbel_runtime_intercept_calls(corbel_runtime *runtime,
                                                                          const corbel_interceptor *interceptor, void *self,
                                                                          corbel_error *reterr);
/** The same around every operation of an object of the runtime, whoever calls it. What is passed on for others
 * (docs/interceptors.md) is none. */
CORBEL_API CORBEL_MUST_CHECK corbel_status corbel_runtime_intercept_requests(corbel_runtime *runtime,
                                                                             const corbel_interceptor *interceptor, void *self,
                                                                             corbel_error *reterr);

/** "bank::Account": the interface that declares the operation. Never NULL, as all texts here. */
CORBEL_API const char *corbel_intercepted_interface(const corbel_intercepted *call);
/** "withdraw", "get_balance". */
CORBEL_API const char *corbel_intercepted_operation(const corbel_intercepted *call);
/** The id under which the object is registered, or found; interface and four hash bytes of an object of this process that is not
 *  registered; else the interface of the reference. */
CORBEL_API const char *corbel_intercepted_object(corbel_intercepted *call);
/** Does nobody wait for its answer? */
CORBEL_API bool corbel_intercepted_is_oneway(const corbel_intercepted *call);
/** Has the operation a stream? Its items are not shown. */
CORBEL_API bool corbel_intercepted_is_stream(const corbel_intercepted *call);
/** The servant's side: the request, for who calls and for values of the reply. NULL on the caller's side. */
CORBEL_API struct corbel_request *corbel_intercepted_request(const corbel_intercepted *call);
/** What the call carries, to be read and in before() to be changed: at the caller what is sent, at the servant what it sees and
 *  passes on. Without memory it takes nothing. */
CORBEL_API corbel_context *corbel_intercepted_context(corbel_intercepted *call);
/** In after(), at the caller: the values that came with the answer. */
CORBEL_API const corbel_context *corbel_intercepted_reply(const corbel_intercepted *call);
/** In before(): milliseconds until the deadline. */
CORBEL_API uint32_t corbel_intercepted_remaining_ms(const corbel_intercepted *call);
/** In before(): return corbel_intercepted_refuse(call, CORBEL_REFUSED, "%s may not", name). Returns status (CORBEL_REFUSED for
 *  CORBEL_OK, CORBEL_RAISED and CORBEL_DEFERRED, which refuse nothing). */
CORBEL_API CORBEL_PRINTF(3, 4) corbel_status
    corbel_intercepted_refuse(corbel_intercepted *call, corbel_status status, const char *format, ...);
/** In after(): what became of it. */
CORBEL_API corbel_status corbel_intercepted_status(const corbel_intercepted *call);
/** In after(): the error; NULL after a success. Of an exception: CORBEL_RAISED, and a message that names it. */
CORBEL_API const corbel_error *corbel_intercepted_error(const corbel_intercepted *call);
/** Microseconds since before() of the first interceptor; in after() until the call was over. */
CORBEL_API uint64_t corbel_intercepted_elapsed_us(const corbel_intercepted *call);
/** A pointer of this interceptor's for this call, NULL at first: what before() leaves there after() finds. */
CORBEL_API void **corbel_intercepted_data(corbel_intercepted *call);

CORBEL_END_DECLS
#endif /* CORBEL_INTERCEPTOR_H */
