/** When a call is made again, after which pause, and when it is not: the rules alone.
 *
 *  Pure: no clock, lock, thread or session. Facts go in, a verdict comes out; the same facts, the same verdict. Who has a call to
 *  repeat (again.c; the property tests of the session) gathers the facts.
 *
 *  The rules are asked after every attempt that failed. What they refuse is final: the caller gets the error of the last attempt,
 *  with the completion of all of them (crb_retry_worse()). */
#ifndef CRB_RETRY_H
#define CRB_RETRY_H

#include <corbel/error.h>
#include <stdbool.h>
#include <stdint.h>

#define CRB_RETRY_START 10u       /* retries that a session has before any call has succeeded on it */
#define CRB_RETRY_PER_CALLS 10u   /* one more for so many calls */
#define CRB_RETRY_PAUSE 10000000u /* ns: the middle of the first pause; each is twice the one before, up to */
#define CRB_RETRY_PAUSE_MAX 1000000000u
#define CRB_RETRY_HINT_MAX_MS 60000u /* a peer may ask for so much patience, and no more */

/** How a call is made. */
typedef enum crb_retry_kind {
    CRB_RETRY_OF_SYNC,     /* its thread waits */
    CRB_RETRY_OF_BEGUN,    /* _begin(), _finish() */
    CRB_RETRY_OF_CALLBACK, /* _begin(), corbel_call_on_done() */
    CRB_RETRY_OF_ONEWAY,
    CRB_RETRY_OF_BATCH,
    CRB_RETRY_OF_PROMISE,  /* on the route of a promise */
    CRB_RETRY_OF_PROMISED, /* what it returns was promised, and may have been called upon */
    CRB_RETRY_OF_STREAM,
    CRB_RETRY_OF_DEFERRED, /* its servant answers later */
    CRB_RETRY_OF_DYNAMIC,  /* by name, with JSON, undecoded */
    CRB_RETRY_OF_RELAY,    /* passed on for somebody else */
    CRB_RETRY_OF_LOCAL,    /* to an object of this process */
    CRB_RETRY_KINDS
} crb_retry_kind;

/** X(name, why): the clauses in the order in which they are asked; why says for people that this one has refused. */
#define CRB_RETRY_STEP_MAP(X)                                                                                                    \
    X(AGAIN, "it is made again")                                                                                                 \
    X(SWITCHED_OFF, "the caller wants no retries")                                                                               \
    X(REACTION, "repeating it would not help")                                                                                   \
    X(FAIL_FAST, "an unreachable peer is not waited for")                                                                        \
    X(CREDIT, "who must not wait decides himself when to try again")                                                             \
    X(COMPLETION, "it may have run")                                                                                             \
    X(INSTANCE, "it may have run, and the servant is not known to remember it")                                                  \
    X(BROKEN, "what it hangs on is broken for good")                                                                             \
    X(HERE, "the runtime of its object ends")                                                                                    \
    X(SUCCESSORS, "later calls of its lane were sent")                                                                           \
    X(PROMISE, "calls on promises are not repeated")                                                                             \
    X(STREAM, "calls with streams are not repeated")                                                                             \
    X(BATCH, "calls of a batch are not repeated")                                                                                \
    X(RELAY, "who calls through us repeats it")                                                                                  \
    X(SENT, "nobody tells what became of it")                                                                                    \
    X(CANCELLED, "it was cancelled")                                                                                             \
    X(EXPIRED, "its deadline has passed")                                                                                        \
    X(BUDGET, "too many calls of its session were repeated")                                                                     \
    X(TIME, "its deadline comes before the pause is over")

typedef enum crb_retry_step {
#define CRB_RETRY_STEP(name, why) CRB_RETRY_##name,
    CRB_RETRY_STEP_MAP(CRB_RETRY_STEP)
#undef CRB_RETRY_STEP
        CRB_RETRY_STEPS
} crb_retry_step;

/** What is known after an attempt that failed. All zero: a synchronous call whose status and completion are to be filled in. */
typedef struct crb_retry_facts {
    crb_retry_kind kind;
    corbel_status status;         /* of the last attempt */
    corbel_completion completion; /* of all attempts: crb_retry_worse() */
    bool no_retry;                /* an option of the reference, or of the runtime */
    bool waits;                   /* wait_for_ready */
    bool idempotent;              /* @idempotent or @readonly_op */
    bool once;                    /* it goes with a key */
    bool sent;                    /* of a oneway: it was queued */
    bool broken;                  /* the reference hangs on a session that is over, or takes no more calls */
    bool successors;              /* later calls of its lane were sent */
    bool cancelled;
    bool has_session;        /* the attempt had one; its numbers: */
    uint64_t calls, retries; /* made on that session, the retries among them, too */
    uint32_t hint_ms;        /* what the peer asked for; 0: nothing */
    uint32_t attempts;       /* made so far, at least 1 */
    uint64_t now, deadline;  /* nanoseconds of one clock */
    uint64_t random;         /* for the jitter: any number, another one each time */
} crb_retry_facts;

typedef struct crb_retry_verdict {
    crb_retry_step step; /* CRB_RETRY_AGAIN: after pause; else which clause refused */
    uint64_t pause;      /* ns; the call is then not made before now + pause, which lies before the deadline */
    bool remembered;     /* only where crb_retry_goes() says so */
} crb_retry_verdict;

crb_retry_verdict crb_retry_judge(const crb_retry_facts *facts);
/** Of a verdict with remembered, once it is known where the call would go now. same: the daemon whose key it is, by its instance
 *  id; durable: its servant keeps keys and replies durably. CRB_RETRY_AGAIN or CRB_RETRY_INSTANCE. */
crb_retry_step crb_retry_goes(bool same, bool durable);
/** Did the servant run, after two attempts? YES is worse than MAYBE is worse than NO. */
corbel_completion crb_retry_worse(corbel_completion a, corbel_completion b);
/** The pause after so many attempts (at least 1), with no regard to the deadline. */
uint64_t crb_retry_pause(uint32_t attempts, uint32_t hint_ms, uint64_t random);
/** May one more call be repeated on a session with these numbers? */
bool crb_retry_budget(uint64_t calls, uint64_t retries);
/** Never NULL. */
const char *crb_retry_why(crb_retry_step step);

#endif /* CRB_RETRY_H */
