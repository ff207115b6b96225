/** fork(): a child has one thread of the process and none of the others, which poll, serve and hold locks. So it may only exec or
 *  exit; every public function that would need them looks here first, and answers CORBEL_FORKED or does nothing.
 *
 *  A fork while no runtime is alive harms nobody, and is not noticed. */
#ifndef CRB_FORK_H
#define CRB_FORK_H

#include <corbel/error.h>
#include <stdatomic.h>
#include <stdbool.h>

extern _Atomic bool crb_fork_noticed; /* private: see crb_forked() */

/** Are we the child of a fork that took place while a runtime was alive? Async-signal-safe. */
static inline bool crb_forked(void)
{
    return atomic_load_explicit(&crb_fork_noticed, memory_order_relaxed);
}

/** Fails with CORBEL_FORKED, completion NO. what: the function that was called, with its brackets. */
corbel_status crb_fail_forked(corbel_error *reterr, const char *what);

/** A runtime begins to live; one has ended. Any thread. */
void crb_fork_watch_begin(void);
void crb_fork_watch_end(void);

#endif /* CRB_FORK_H */
