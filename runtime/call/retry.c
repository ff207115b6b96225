/* The rules of DESIGN section 5, "Retry, in this order": a function for each clause, with its words above it; what stands in
 * quotation marks is the design's. crb_retry_judge() asks them in this order, and the first that refuses names itself. */
#include "runtime/call/retry.h"

/* ---- "only errors whose reaction is retry or reconnect" ---- */

static crb_retry_step retry_reaction(const crb_retry_facts *facts)
{
    const corbel_reaction reaction = corbel_status_reaction(facts->status);
    return reaction == CORBEL_RETRY || reaction == CORBEL_RECONNECT ? CRB_RETRY_AGAIN : CRB_RETRY_REACTION;
}

/** "fail-fast: one pass over the addresses, unless wait-for-ready": that pass was made. */
static crb_retry_step retry_fail_fast(const crb_retry_facts *facts)
{
    return facts->status == CORBEL_UNREACHABLE && !facts->waits ? CRB_RETRY_FAIL_FAST : CRB_RETRY_AGAIN;
}

/** "_begin and oneway answer 'would block' instead" of waiting for credit: repeating it would be waiting. */
static crb_retry_step retry_credit(const crb_retry_facts *facts)
{
    return facts->status == CORBEL_WOULD_BLOCK ? CRB_RETRY_CREDIT : CRB_RETRY_AGAIN;
}

/* ---- "only when completion is NO, or the operation is @idempotent or @readonly_op, or it is @once" ---- */

static crb_retry_step retry_completion(const crb_retry_facts *facts)
{
    return facts->completion == CORBEL_COMPLETED_NO || facts->idempotent || facts->once ? CRB_RETRY_AGAIN : CRB_RETRY_COMPLETION;
}

/** "and goes, with its key, to the same instance of the daemon, or to another whose servant keeps keys and replies durably":
 * which that is shows when it has been looked for again. */
static bool retry_must_be_remembered(const crb_retry_facts *facts)
{
    return facts->completion != CORBEL_COMPLETED_NO && !facts->idempotent;
}

crb_retry_step crb_retry_goes(bool same, bool durable)
{
    return same || durable ? CRB_RETRY_AGAIN : CRB_RETRY_INSTANCE;
}

/* ---- where it would go ---- */

/** "A session that broke is never silently replaced under what hung on it: implicit references are broken." */
static crb_retry_step retry_broken(const crb_retry_facts *facts)
{
    return facts->broken ? CRB_RETRY_BROKEN : CRB_RETRY_AGAIN;
}

/** An object of this process lives and ends with its runtime: there is no other place where it could be found. */
static crb_retry_step retry_here(const crb_retry_facts *facts)
{
    return facts->kind == CRB_RETRY_OF_LOCAL && corbel_status_reaction(facts->status) == CORBEL_RECONNECT ? CRB_RETRY_HERE
                                                                                                          : CRB_RETRY_AGAIN;
}

/* ---- "never" ---- */

/** "never a call whose successors in its lane were sent": it would come after them. */
static crb_retry_step retry_successors(const crb_retry_facts *facts)
{
    return facts->successors ? CRB_RETRY_SUCCESSORS : CRB_RETRY_AGAIN;
}

static crb_retry_step retry_kind(const crb_retry_facts *facts)
{
    switch (facts->kind) {
    case CRB_RETRY_OF_PROMISE:  /* "a call on a promise": its route may have become another one */
    case CRB_RETRY_OF_PROMISED: /* what was called on its promise has failed with it, and is not called again */
        return CRB_RETRY_PROMISE;
    case CRB_RETRY_OF_STREAM: /* "a stream": what was read or written is not had again */
        return CRB_RETRY_STREAM;
    case CRB_RETRY_OF_BATCH: /* those behind it were sent with it, in other lanes, too: their order is the batch's */
        return CRB_RETRY_BATCH;
    case CRB_RETRY_OF_RELAY: /* its caller has the arguments, the deadline and the budget; two who repeat would multiply */
        return CRB_RETRY_RELAY;
    case CRB_RETRY_OF_ONEWAY: /* has no answer: what is known is that it was not queued */
        return facts->sent ? CRB_RETRY_SENT : CRB_RETRY_AGAIN;
    default:
        return CRB_RETRY_AGAIN;
    }
}

/** "a cancelled or expired call". DEADLINE says the second, whosever clock it was: nested deadlines are inherited. */
static crb_retry_step retry_over(const crb_retry_facts *facts)
{
    if (facts->cancelled || facts->status == CORBEL_CANCELLED) {
        return CRB_RETRY_CANCELLED;
    }
    return facts->status == CORBEL_DEADLINE || facts->now >= facts->deadline ? CRB_RETRY_EXPIRED : CRB_RETRY_AGAIN;
}

/* ---- how often, and when ---- */

bool crb_retry_budget(uint64_t calls, uint64_t retries)
{
    return retries < CRB_RETRY_START + calls / CRB_RETRY_PER_CALLS;
}

static crb_retry_step retry_budget(const crb_retry_facts *facts)
{
    return facts->has_session && !crb_retry_budget(facts->calls, facts->retries) ? CRB_RETRY_BUDGET : CRB_RETRY_AGAIN;
}

/** The middle of the pause, which grows. */
static uint64_t retry_middle(uint32_t attempts)
{
    uint64_t middle = CRB_RETRY_PAUSE;
    for (uint32_t i = 1; i < attempts && middle < CRB_RETRY_PAUSE_MAX; i++) {
        middle *= 2;
    }
    return middle < CRB_RETRY_PAUSE_MAX ? middle : CRB_RETRY_PAUSE_MAX;
}

/** "overloaded" only after its hint: no pause is shorter than this. */
static uint64_t retry_least(uint32_t attempts, uint32_t hint_ms)
{
    const uint64_t hint = (uint64_t)(hint_ms < CRB_RETRY_HINT_MAX_MS ? hint_ms : CRB_RETRY_HINT_MAX_MS) * 1000000u;
    const uint64_t half = retry_middle(attempts) / 2;
    return hint > half ? hint : half;
}

/** "growing, jittered pauses": what they are spread over, so that those who were refused together do not come back together. */
static uint64_t retry_spread(uint32_t attempts, uint32_t hint_ms)
{
    const uint64_t least = retry_least(attempts, hint_ms);
    const uint64_t middle = retry_middle(attempts);
    return least / 2 > middle ? least / 2 : middle;
}

uint64_t crb_retry_pause(uint32_t attempts, uint32_t hint_ms, uint64_t random)
{
    return retry_least(attempts, hint_ms) + random % retry_spread(attempts, hint_ms);
}

/** "inside the call's deadline": a pause that would not fit is shortened, but not below the least. */
static crb_retry_step retry_time(const crb_retry_facts *facts, uint64_t *ret_pause)
{
    const uint64_t left = facts->deadline - facts->now;
    const uint64_t least = retry_least(facts->attempts, facts->hint_ms);
    if (least >= left) {
        return CRB_RETRY_TIME;
    }
    *ret_pause = crb_retry_pause(facts->attempts, facts->hint_ms, facts->random);
    if (*ret_pause >= left) {
        *ret_pause = least + (left - least) / 2;
    }
    return CRB_RETRY_AGAIN;
}

crb_retry_verdict crb_retry_judge(const crb_retry_facts *facts)
{
    static crb_retry_step (*const clauses[])(const crb_retry_facts *) = {
        retry_reaction, retry_fail_fast,  retry_credit, retry_completion, retry_broken,
        retry_here,     retry_successors, retry_kind,   retry_over,       retry_budget,
    };
    crb_retry_verdict verdict = { .step = facts->no_retry ? CRB_RETRY_SWITCHED_OFF : CRB_RETRY_AGAIN };
    for (size_t i = 0; i < sizeof clauses / sizeof clauses[0] && verdict.step == CRB_RETRY_AGAIN; i++) {
        verdict.step = clauses[i](facts);
    }
    if (verdict.step == CRB_RETRY_AGAIN) {
        verdict.step = retry_time(facts, &verdict.pause);
    }
    verdict.remembered = verdict.step == CRB_RETRY_AGAIN && retry_must_be_remembered(facts);
    return verdict;
}

corbel_completion crb_retry_worse(corbel_completion a, corbel_completion b)
{
    if (a == CORBEL_COMPLETED_YES || b == CORBEL_COMPLETED_YES) {
        return CORBEL_COMPLETED_YES;
    }
    return a == CORBEL_COMPLETED_MAYBE || b == CORBEL_COMPLETED_MAYBE ? CORBEL_COMPLETED_MAYBE : CORBEL_COMPLETED_NO;
}

const char *crb_retry_why(crb_retry_step step)
{
    static const char *const why[] = {
#define CRB_RETRY_STEP(name, text) text,
        CRB_RETRY_STEP_MAP(CRB_RETRY_STEP)
#undef CRB_RETRY_STEP
    };
    return (unsigned)step < sizeof why / sizeof why[0] ? why[step] : "";
}
