/** Overload: which calls are refused because too many wait, and when their callers are asked to come back.
 *
 *  What waits is what has come and runs in no thread: all calls but those that were deferred, less the threads. Refused are
 * two-way calls, completion NO, before they became requests. Not refused: a oneway, whose sender is held by credit that it does
 * not get back before the call enters; a call of a chain for which a thread waits here, which runs it itself. Calls that are made
 * while serving others have a quarter more room, so that what was begun ends before more is let in. */
#include "daemon/host.h"

#include "runtime/base/clock.h"

#define OVERLOAD_FIRST_HINT 20u  /* ms, as long as nothing was measured */
#define OVERLOAD_MOST_HINT 5000u /* ms */
#define OVERLOAD_SAMPLE (10 * CRB_MS)

uint32_t crb_overload_waiting(const crb_dispatch *dispatch)
{
    const uint32_t elsewhere = dispatch->n_deferred + dispatch->n_threads;
    return dispatch->n_requests > elsewhere ? dispatch->n_requests - elsewhere : 0;
}

/** Looks how fast calls end, now that it matters: from one refusal to another. */
static void overload_measure(crb_dispatch *dispatch, uint64_t now)
{
    crb_pace *const pace = &dispatch->pace;
    const uint64_t time = now - pace->since;
    const uint64_t finished = dispatch->n_finished - pace->finished;
    if (pace->since != 0 && time < OVERLOAD_SAMPLE) {
        return;
    }
    if (pace->since != 0 && time < CRB_SECOND) { /* else it was idle in between */
        const uint64_t gap = time / (finished == 0 ? 1 : finished);
        pace->gap = pace->gap == 0 ? gap : (3 * pace->gap + gap) / 4;
    }
    pace->since = now;
    pace->finished = dispatch->n_finished;
}

/** Until half of what waits has gone. */
static uint32_t overload_hint(crb_dispatch *dispatch, uint32_t waiting)
{
    overload_measure(dispatch, crb_now());
    if (dispatch->pace.gap == 0) {
        return OVERLOAD_FIRST_HINT;
    }
    const uint64_t ms = (waiting / 2 + 1) * dispatch->pace.gap / CRB_MS;
    return ms < 1 ? 1 : ms > OVERLOAD_MOST_HINT ? OVERLOAD_MOST_HINT : (uint32_t)ms;
}

const char *crb_overload_refuses_locked(corbel_runtime *runtime, crb_dispatch *dispatch, const crb_incoming *incoming,
                                        uint32_t in_lane, uint32_t *ret_hint_ms)
{
    const uint32_t most = incoming->hop == 0 ? runtime->max_waiting : runtime->max_waiting + runtime->max_waiting / 4;
    const uint32_t waiting = crb_overload_waiting(dispatch);
    const bool full = waiting >= most;
    if ((!full && in_lane < runtime->max_waiting_lane) || incoming->oneway ||
        crb_wait_find_locked(runtime, incoming->chain) != NULL) {
        return NULL;
    }
    *ret_hint_ms = overload_hint(dispatch, full ? waiting : in_lane);
    return full ? "too many calls wait here" : "too many calls of its lane wait here";
}
