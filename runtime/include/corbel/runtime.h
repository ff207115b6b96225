/** The runtime: what a program needs before its first reference. */
#ifndef CORBEL_RUNTIME_H
#define CORBEL_RUNTIME_H

#include <corbel/error.h>
#include <corbel/limits.h>
#include <corbel/object.h>

CORBEL_BEGIN_DECLS

/** How a runtime works. Zero members mean the default. */
typedef struct corbel_runtime_options {
    size_t size;                  /**< sizeof(corbel_runtime_options): the structure may grow */
    const char *name;             /**< shown in other processes' errors; NULL: the program's name */
    const char *name_server;      /**< HOST:PORT or a corbel: URI; NULL: the environment's CORBEL_NS, else localhost:9676 */
    uint32_t default_deadline_ms; /**< of calls for which nothing else says one; 0: 30,000 */
    uint32_t min_workers;         /**< workers are started on demand up to this without counting: 0: one for each CPU */
    uint32_t max_workers;         /**< threads that run calls; 0: 64 */
    uint32_t max_substitutes;     /**< threads started for workers that are blocked in calls; 0: 256 */
    bool no_substitutes;          /**< start none */
    const corbel_limits *limits;  /**< what is taken from peers; copied; NULL: the defaults */
    bool hide_interfaces;         /**< corbel.Daemon describes none: callers with other IDL learn of it when values do not fit */
    bool user_dispatch;           /**< no workers: corbel_runtime_dispatch() runs what they would */
    bool wait_for_ready;          /**< of all its references: see corbel_options */
    bool no_retry;                /**< of all its references: see corbel_options */
} corbel_runtime_options;
/** What corbel_runtime_options start with. */
#define CORBEL_RUNTIME_OPTIONS_INIT                                                                                              \
    {                                                                                                                            \
        sizeof(corbel_runtime_options), NULL, NULL, 0, 0, 0, 0, false, NULL, false, false, false, false                          \
    }

/** ret: yours, corbel_runtime_unref(). options may be NULL. A process may have several: they are two peers to each other. After a
 *  fork() while a runtime was alive, the child may only exec or exit: every function answers CORBEL_FORKED there, and those that
 *  release do nothing. What it execs inherits no descriptor of Corbel's. */
CORBEL_API CORBEL_MUST_CHECK corbel_status corbel_runtime_new(const corbel_runtime_options *options, corbel_runtime **ret,
                                                              corbel_error *reterr);
/** Lets the calls that run here answer (for at most 1 s), says goodbye to all peers and ends the runtime's threads; waits for
 * all. References that still exist stay valid: their calls fail. Not from inside an operation or a callback.
 *  Takes NULL, returns NULL. */
CORBEL_API corbel_runtime *corbel_runtime_unref(corbel_runtime *self);

/* Your own event loop: a runtime with the option user_dispatch has no workers. Whatever they would run (calls to your objects,
 * completions, finalizers, callbacks about broken references) waits until you run it, and no thread of the library ever runs code
 * of yours. A thread that waits in a call (synchronous, _finish(), corbel_call_wait()) runs what that very call causes here, as
 * always (calls that are passed on and questions about interfaces are part of it), and, where it is on a promise of a call in
 * this process, what that promise needs; what others want, also what is only passed on for them or answered by the library, waits
 * for the next dispatch meanwhile. Nobody runs anything while corbel_daemon_run(), corbel_daemon_join(), corbel_daemon_unref()
 * and corbel_runtime_unref() wait but they themselves, on the calling thread. */

/** A descriptor that is readable (POLLIN, level-triggered) as long as there is something to run: for epoll, poll, or the loop of
 * a library. The runtime's: only watch it. -1: the runtime has no user_dispatch, or was made in the parent of this process. */
CORBEL_API int corbel_runtime_fd(const corbel_runtime *self);
/** Runs what there is to run; what comes meanwhile is for the next time. When there is nothing, waits for at most timeout_ms (0:
 *  does not wait; negative: for ever) until there is. CORBEL_OK: something was run. CORBEL_DEADLINE: nothing was there. Several
 *  threads may, at the same time, too: they share the work as workers would; also from inside what it runs. As with everything,
 * all have returned from it when corbel_runtime_unref() is called. CORBEL_MISUSE: the runtime has no user_dispatch. */
CORBEL_API corbel_status corbel_runtime_dispatch(corbel_runtime *self, int timeout_ms);

CORBEL_END_DECLS
#endif /* CORBEL_RUNTIME_H */
