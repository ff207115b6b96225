/** Calls under way. */
#ifndef CORBEL_CALL_H
#define CORBEL_CALL_H

#include <corbel/error.h>
#include <stddef.h>
#include <stdint.h>

CORBEL_BEGIN_DECLS

/** A call under way, from a _begin(), which never returns NULL: whatever goes wrong is told, once, by its _finish().
 *  Exactly one _finish() or corbel_call_drop() ends it. One thread at a time, but for corbel_call_cancel(). */
typedef struct corbel_call corbel_call;

/** Is told that a call is complete. The call is its to finish or to drop, here or later; user is what was given with it. It may
 *  call anything that an operation may. */
typedef void (*corbel_call_done)(corbel_call *call, void *user);

/** Has done called when the call is complete, whatever way: answered, failed, cancelled, its deadline passed, its session ended,
 *  also when it was complete before. Exactly once, with no lock held, and never before _begin() has returned; on a worker, or, of
 * a runtime with user_dispatch, in corbel_runtime_dispatch(). From here on the call belongs to done: another's _finish() or wait
 *  answers CORBEL_MISUSE, a second callback is refused with a line in the log; corbel_call_drop() takes it back. Where there is
 * no runtime to run it (the reference was NULL, there was no memory for the call or for the reference, the runtime has ended),
 * done is called before this returns. */
CORBEL_API void corbel_call_on_done(corbel_call *call, corbel_call_done done, void *user);

/** Waits until _finish() would not block: CORBEL_OK, whether the call succeeded or failed. At most timeout_ms (0: looks only;
 *  UINT32_MAX: until the call's deadline); then CORBEL_DEADLINE: the call is still under way, as if nobody had waited. While the
 *  thread waits it runs what the call causes here (callbacks of its chain), as in _finish(). CORBEL_MISUSE: no call, or it has a
 *  callback. */
CORBEL_API CORBEL_MUST_CHECK corbel_status corbel_call_wait(corbel_call *call, uint32_t timeout_ms);
/** Waits until one of n calls is complete, and tells its index: the first of them in the order of calls. NULL entries are passed
 *  over, so that what is finished may be set to NULL. Looks at every call whenever one completes: for thousands take
 *  corbel_call_on_done(). Else as corbel_call_wait(). CORBEL_MISUSE: all are NULL; one has a callback; those under way are not
 * all of one runtime. */
CORBEL_API CORBEL_MUST_CHECK corbel_status corbel_call_wait_any(corbel_call *const *calls, size_t n, uint32_t timeout_ms,
                                                                size_t *ret_index);
/** Waits until all of n calls are complete; n may be 0. Else as corbel_call_wait_any(). */
CORBEL_API CORBEL_MUST_CHECK corbel_status corbel_call_wait_all(corbel_call *const *calls, size_t n, uint32_t timeout_ms);

/** Gives a call up that is still under way: it completes at once with CORBEL_CANCELLED (completion NO when it never left, else
 *  MAYBE), its servant is told (corbel_request_cancelled()), and _finish() or the callback follows as always. Of a call that is
 *  complete: nothing. Any thread may cancel, also while another waits, as long as nobody has finished or dropped the call. Takes
 *  NULL. */
CORBEL_API void corbel_call_cancel(corbel_call *call);
/** Ends a call whose result nobody wants, and cancels it, if it is under way. Of a call that was given to a callback: once this
 *  has returned, the callback neither runs nor will. When it runs on another thread this waits for it; when it is the callback
 *  that drops the call, this only ends that. It is for whom the call is still there: a callback that ends its call ends it for
 *  all. So either the callback runs on the thread that drops (with user_dispatch), or both agree under a lock who of them takes
 *  the call: but do not drop while holding a lock that the callback takes. Takes NULL, returns NULL. */
CORBEL_API corbel_call *corbel_call_drop(corbel_call *call);

CORBEL_END_DECLS
#endif /* CORBEL_CALL_H */
