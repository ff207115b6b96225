/** Notices a fork. See fork.h. */
#include "runtime/base/fork.h"

#include "runtime/base/fail.h"

#include <pthread.h>

_Atomic bool crb_fork_noticed;
static _Atomic unsigned fork_watchers;
static pthread_once_t fork_once = PTHREAD_ONCE_INIT;

static void fork_in_child(void)
{
    if (atomic_load(&fork_watchers) > 0) {
        atomic_store(&crb_fork_noticed, true);
    }
}

static void fork_watch(void)
{
    (void)pthread_atfork(NULL, NULL, fork_in_child); /* without memory for it, forks stay unnoticed: nothing else breaks */
}

void crb_fork_watch_begin(void)
{
    (void)pthread_once(&fork_once, fork_watch);
    atomic_fetch_add(&fork_watchers, 1);
}

void crb_fork_watch_end(void)
{
    atomic_fetch_sub(&fork_watchers, 1);
}

corbel_status crb_fail_forked(corbel_error *reterr, const char *what)
{
    return crb_fail(
        reterr, CORBEL_FORKED, CORBEL_COMPLETED_NO,
        "%s in the child of a fork, which has none of Corbel's threads: it may only exec or exit. Fork before the first "
        "corbel_runtime_new(), or start the child with posix_spawn()",
        what);
}
