/* The rules of retries: a row for each clause and each kind of call; the budget; the pauses; and bugs in the rules that the same
 * tables must find. */
#include "runtime/call/retry.h"
#include "tests/runtime/support/test.h"

#include <string.h>

#define MS UINT64_C(1000000)
#define NOW (UINT64_C(1000) * MS)
#define ROWS(array) (sizeof(array) / sizeof(array)[0])

enum { PLAIN, IDEMPOTENT, ONCE };

typedef crb_retry_verdict (*judge_rules)(const crb_retry_facts *facts);

/** What every row begins with: a plain call that failed on a session, with time enough. */
static crb_retry_facts facts_of(crb_retry_kind kind, corbel_status status, corbel_completion completion, int how)
{
    return (crb_retry_facts) { .kind = kind,
                               .status = status,
                               .completion = completion,
                               .idempotent = how == IDEMPOTENT,
                               .once = how == ONCE,
                               .has_session = true,
                               .calls = 1,
                               .attempts = 1,
                               .now = NOW,
                               .deadline = NOW + 30000 * MS,
                               .random = 12345 };
}

/* ---- the reaction of every status ---- */

typedef struct status_row {
    corbel_status status;
    crb_retry_step no;         /* of a plain call with completion NO */
    crb_retry_step maybe;      /* with MAYBE */
    crb_retry_step idempotent; /* of an idempotent one with MAYBE */
} status_row;

#define SAME(status, step)                                                                                                       \
    {                                                                                                                            \
        CORBEL_##status, CRB_RETRY_##step, CRB_RETRY_##step, CRB_RETRY_##step                                                    \
    }
#define REPEATED(status)                                                                                                         \
    {                                                                                                                            \
        CORBEL_##status, CRB_RETRY_AGAIN, CRB_RETRY_COMPLETION, CRB_RETRY_AGAIN                                                  \
    }

static const status_row statuses[] = {
    SAME(OK, REACTION),
    SAME(RAISED, REACTION),
    SAME(DEFERRED, REACTION),
    REPEATED(NO_MEMORY),
    SAME(NIL_REFERENCE, REACTION),
    SAME(INVALID_ARGUMENT, REACTION),
    SAME(UNIMPLEMENTED, REACTION),
    SAME(UNDECLARED, REACTION),
    SAME(BAD_REPLY, REACTION),
    SAME(WRONG_INTERFACE, REACTION),
    SAME(MISUSE, REACTION),
    SAME(MISMATCH, REACTION),
    { CORBEL_DEADLINE, CRB_RETRY_EXPIRED, CRB_RETRY_COMPLETION, CRB_RETRY_EXPIRED },
    SAME(CANCELLED, REACTION),
    SAME(UNREACHABLE, FAIL_FAST),
    SAME(NOT_FOUND, REACTION),
    SAME(DECODE, REACTION),
    SAME(LIMIT, REACTION),
    SAME(WOULD_BLOCK, CREDIT),
    REPEATED(OVERLOADED),
    REPEATED(DRAINING),
    REPEATED(GONE),
    SAME(TOO_DEEP, REACTION),
    REPEATED(BUSY),
    SAME(EXISTS, REACTION),
    SAME(REFUSED, REACTION),
    SAME(PROTOCOL, REACTION),
    SAME(SYSTEM, REACTION),
    SAME(FORKED, REACTION),
    SAME(FAILED, REACTION),
    SAME(SKIPPED, REACTION),
};
enum {
#define COUNT_STATUS(name, reaction, text) COUNT_OF_##name,
    CORBEL_STATUS_MAP(COUNT_STATUS)
#undef COUNT_STATUS
        N_STATUSES
};

/** How many rows say something else than the rules. */
static size_t statuses_wrong(judge_rules judge)
{
    size_t wrong = 0;
    for (size_t i = 0; i < ROWS(statuses); i++) {
        const status_row *const row = &statuses[i];
        const crb_retry_facts no = facts_of(CRB_RETRY_OF_SYNC, row->status, CORBEL_COMPLETED_NO, PLAIN);
        const crb_retry_facts maybe = facts_of(CRB_RETRY_OF_SYNC, row->status, CORBEL_COMPLETED_MAYBE, PLAIN);
        const crb_retry_facts same = facts_of(CRB_RETRY_OF_SYNC, row->status, CORBEL_COMPLETED_MAYBE, IDEMPOTENT);
        wrong += judge(&no).step != row->no;
        wrong += judge(&maybe).step != row->maybe;
        wrong += judge(&same).step != row->idempotent;
    }
    return wrong;
}

static void every_status_has_its_row(void **state)
{
    (void)state;
    for (size_t i = 0; i < ROWS(statuses); i++) {
        assert_int_equal(statuses[i].status, i);
    }
    /* What is younger than the table gives up, as every status that is not known. */
    for (size_t i = ROWS(statuses); i < N_STATUSES; i++) {
        assert_int_equal(corbel_status_reaction((corbel_status)i), CORBEL_GIVE_UP);
    }
    assert_int_equal(ROWS(statuses), 31);
    assert_int_equal(statuses_wrong(crb_retry_judge), 0);
}

/* ---- kinds ---- */

typedef struct kind_row {
    crb_retry_kind kind;
    crb_retry_step refused;   /* GONE, NO: it never left */
    crb_retry_step broke;     /* GONE, MAYBE */
    crb_retry_step idle;      /* GONE, MAYBE, idempotent */
    crb_retry_step remembers; /* GONE, MAYBE, with a key */
    crb_retry_step full;      /* OVERLOADED, NO */
} kind_row;

#define AGAIN CRB_RETRY_AGAIN
#define RAN CRB_RETRY_COMPLETION

static const kind_row kinds[] = {
    { CRB_RETRY_OF_SYNC, AGAIN, RAN, AGAIN, AGAIN, AGAIN },
    { CRB_RETRY_OF_BEGUN, AGAIN, RAN, AGAIN, AGAIN, AGAIN },
    { CRB_RETRY_OF_CALLBACK, AGAIN, RAN, AGAIN, AGAIN, AGAIN },
    { CRB_RETRY_OF_ONEWAY, AGAIN, RAN, AGAIN, AGAIN, AGAIN },
    { CRB_RETRY_OF_BATCH, CRB_RETRY_BATCH, RAN, CRB_RETRY_BATCH, CRB_RETRY_BATCH, CRB_RETRY_BATCH },
    { CRB_RETRY_OF_PROMISE, CRB_RETRY_PROMISE, RAN, CRB_RETRY_PROMISE, CRB_RETRY_PROMISE, CRB_RETRY_PROMISE },
    { CRB_RETRY_OF_PROMISED, CRB_RETRY_PROMISE, RAN, CRB_RETRY_PROMISE, CRB_RETRY_PROMISE, CRB_RETRY_PROMISE },
    { CRB_RETRY_OF_STREAM, CRB_RETRY_STREAM, RAN, CRB_RETRY_STREAM, CRB_RETRY_STREAM, CRB_RETRY_STREAM },
    { CRB_RETRY_OF_DEFERRED, AGAIN, RAN, AGAIN, AGAIN, AGAIN },
    { CRB_RETRY_OF_DYNAMIC, AGAIN, RAN, AGAIN, AGAIN, AGAIN },
    { CRB_RETRY_OF_RELAY, CRB_RETRY_RELAY, RAN, CRB_RETRY_RELAY, CRB_RETRY_RELAY, CRB_RETRY_RELAY },
    { CRB_RETRY_OF_LOCAL, CRB_RETRY_HERE, RAN, CRB_RETRY_HERE, CRB_RETRY_HERE, AGAIN },
};

static size_t kinds_wrong(judge_rules judge)
{
    size_t wrong = 0;
    for (size_t i = 0; i < ROWS(kinds); i++) {
        const kind_row *const row = &kinds[i];
        const crb_retry_facts cases[] = {
            facts_of(row->kind, CORBEL_GONE, CORBEL_COMPLETED_NO, PLAIN),
            facts_of(row->kind, CORBEL_GONE, CORBEL_COMPLETED_MAYBE, PLAIN),
            facts_of(row->kind, CORBEL_GONE, CORBEL_COMPLETED_MAYBE, IDEMPOTENT),
            facts_of(row->kind, CORBEL_GONE, CORBEL_COMPLETED_MAYBE, ONCE),
            facts_of(row->kind, CORBEL_OVERLOADED, CORBEL_COMPLETED_NO, PLAIN),
        };
        const crb_retry_step steps[] = { row->refused, row->broke, row->idle, row->remembers, row->full };
        for (size_t j = 0; j < ROWS(cases); j++) {
            wrong += judge(&cases[j]).step != steps[j];
        }
        for (size_t j = 0; j < ROWS(cases); j++) { /* and none of them where the caller wants none */
            crb_retry_facts off = cases[j];
            off.no_retry = true;
            wrong += judge(&off).step != CRB_RETRY_SWITCHED_OFF;
        }
    }
    return wrong;
}

static void every_kind_has_its_row(void **state)
{
    (void)state;
    assert_int_equal(ROWS(kinds), CRB_RETRY_KINDS);
    for (size_t i = 0; i < ROWS(kinds); i++) {
        assert_int_equal(kinds[i].kind, i);
    }
    assert_int_equal(ROWS(kinds), 12);
    assert_int_equal(kinds_wrong(crb_retry_judge), 0);
}

/* ---- clauses: what a single fact changes ---- */

typedef struct clause_row {
    const char *what;
    crb_retry_step with;    /* with that fact */
    crb_retry_step without; /* and without */
    crb_retry_facts facts;  /* what is not zero counts, over a plain begun call that was GONE, NO, with 1 s left */
    bool no_session;
} clause_row;

static const clause_row clauses[] = {
    { "switched off", CRB_RETRY_SWITCHED_OFF, AGAIN, { .no_retry = true }, false },
    { "a reaction", CRB_RETRY_REACTION, AGAIN, { .status = CORBEL_REFUSED }, false },
    { "fail fast", CRB_RETRY_FAIL_FAST, AGAIN, { .status = CORBEL_UNREACHABLE }, false },
    { "wait for ready", AGAIN, AGAIN, { .status = CORBEL_UNREACHABLE, .waits = true }, false },
    { "credit", CRB_RETRY_CREDIT, AGAIN, { .status = CORBEL_WOULD_BLOCK }, false },
    { "maybe", CRB_RETRY_COMPLETION, AGAIN, { .completion = CORBEL_COMPLETED_MAYBE }, false },
    { "yes", CRB_RETRY_COMPLETION, AGAIN, { .completion = CORBEL_COMPLETED_YES }, false },
    { "maybe, idempotent", AGAIN, AGAIN, { .completion = CORBEL_COMPLETED_MAYBE, .idempotent = true }, false },
    { "yes, idempotent", AGAIN, AGAIN, { .completion = CORBEL_COMPLETED_YES, .idempotent = true }, false },
    { "maybe, with a key", AGAIN, AGAIN, { .completion = CORBEL_COMPLETED_MAYBE, .once = true }, false },
    { "a broken reference", CRB_RETRY_BROKEN, AGAIN, { .broken = true }, false },
    { "a broken reference, idempotent", CRB_RETRY_BROKEN, AGAIN, { .broken = true, .idempotent = true }, false },
    { "successors", CRB_RETRY_SUCCESSORS, AGAIN, { .successors = true }, false },
    { "successors, idempotent", CRB_RETRY_SUCCESSORS, AGAIN, { .successors = true, .idempotent = true }, false },
    { "successors, with a key", CRB_RETRY_SUCCESSORS, AGAIN, { .successors = true, .once = true }, false },
    { "a oneway that was sent", CRB_RETRY_SENT, AGAIN, { .kind = CRB_RETRY_OF_ONEWAY, .sent = true }, false },
    { "cancelled", CRB_RETRY_CANCELLED, AGAIN, { .cancelled = true }, false },
    { "cancelled, idempotent", CRB_RETRY_CANCELLED, AGAIN, { .cancelled = true, .idempotent = true }, false },
    { "expired", CRB_RETRY_EXPIRED, AGAIN, { .deadline = NOW }, false },
    { "expired, idempotent", CRB_RETRY_EXPIRED, AGAIN, { .deadline = NOW - 1, .idempotent = true }, false },
    { "the budget", CRB_RETRY_BUDGET, AGAIN, { .calls = 19, .retries = 11 }, false },
    { "the budget, idempotent", CRB_RETRY_BUDGET, AGAIN, { .calls = 19, .retries = 11, .idempotent = true }, false },
    { "the budget, with no session", AGAIN, AGAIN, { .calls = 19, .retries = 11 }, true },
    { "no time for the pause", CRB_RETRY_TIME, AGAIN, { .deadline = NOW + CRB_RETRY_PAUSE / 2 }, false },
    { "no time for the hint", CRB_RETRY_TIME, AGAIN, { .status = CORBEL_OVERLOADED, .hint_ms = 1000 }, false },
    { "a hint", AGAIN, AGAIN, { .status = CORBEL_OVERLOADED, .hint_ms = 999 }, false },
};

static crb_retry_facts clause_facts(const clause_row *row)
{
    crb_retry_facts facts = row->facts;
    facts.kind = facts.kind == CRB_RETRY_OF_SYNC ? CRB_RETRY_OF_BEGUN : facts.kind;
    facts.status = facts.status == CORBEL_OK ? CORBEL_GONE : facts.status;
    facts.has_session = !row->no_session;
    facts.calls = facts.calls == 0 ? 1 : facts.calls;
    facts.attempts = 1;
    facts.now = NOW;
    facts.deadline = facts.deadline == 0 ? NOW + 1000 * MS : facts.deadline;
    return facts;
}

static size_t clauses_wrong(judge_rules judge)
{
    const clause_row nothing = { .what = "nothing" };
    const crb_retry_facts base = clause_facts(&nothing);
    size_t wrong = 0;
    for (size_t i = 0; i < ROWS(clauses); i++) {
        const crb_retry_facts facts = clause_facts(&clauses[i]);
        wrong += judge(&facts).step != clauses[i].with;
        wrong += judge(&base).step != clauses[i].without;
    }
    return wrong;
}

static void every_clause_has_its_row(void **state)
{
    (void)state;
    bool seen[CRB_RETRY_STEPS] = { false };
    for (size_t i = 0; i < ROWS(clauses); i++) {
        seen[clauses[i].with] = true;
    }
    for (size_t i = 0; i < ROWS(kinds); i++) {
        seen[kinds[i].refused] = true;
    }
    seen[crb_retry_goes(false, false)] = true;
    for (size_t i = 0; i < CRB_RETRY_STEPS; i++) {
        assert_true(seen[i]);
        assert_true(crb_retry_why((crb_retry_step)i)[0] != '\0');
    }
    assert_int_equal(CRB_RETRY_STEPS, 19);
    assert_int_equal(ROWS(clauses), 26);
    assert_int_equal(clauses_wrong(crb_retry_judge), 0);
    assert_string_equal(crb_retry_why(CRB_RETRY_STEPS), "");
}

static void a_key_is_repeated_only_where_it_is_remembered(void **state)
{
    (void)state;
    crb_retry_facts facts = facts_of(CRB_RETRY_OF_SYNC, CORBEL_GONE, CORBEL_COMPLETED_MAYBE, ONCE);
    assert_true(crb_retry_judge(&facts).remembered);
    facts.completion = CORBEL_COMPLETED_YES;
    assert_true(crb_retry_judge(&facts).remembered);
    facts.completion = CORBEL_COMPLETED_NO; /* nobody has seen it: it may go anywhere */
    assert_false(crb_retry_judge(&facts).remembered);
    facts.completion = CORBEL_COMPLETED_MAYBE;
    facts.idempotent = true;
    assert_false(crb_retry_judge(&facts).remembered);
    assert_int_equal(crb_retry_goes(true, false), CRB_RETRY_AGAIN);
    assert_int_equal(crb_retry_goes(false, true), CRB_RETRY_AGAIN);
    assert_int_equal(crb_retry_goes(true, true), CRB_RETRY_AGAIN);
    assert_int_equal(crb_retry_goes(false, false), CRB_RETRY_INSTANCE);
}

static void the_worst_completion_of_all_attempts_counts(void **state)
{
    (void)state;
    static const corbel_completion worse[3][3] = {
        { CORBEL_COMPLETED_NO, CORBEL_COMPLETED_YES, CORBEL_COMPLETED_MAYBE },
        { CORBEL_COMPLETED_YES, CORBEL_COMPLETED_YES, CORBEL_COMPLETED_YES },
        { CORBEL_COMPLETED_MAYBE, CORBEL_COMPLETED_YES, CORBEL_COMPLETED_MAYBE },
    };
    for (unsigned a = 0; a < 3; a++) {
        for (unsigned b = 0; b < 3; b++) {
            assert_int_equal(crb_retry_worse((corbel_completion)a, (corbel_completion)b), worse[a][b]);
        }
    }
}

/* ---- the budget ---- */

static void a_tenth_of_the_calls_is_repeated_after_a_start_of_ten(void **state)
{
    (void)state;
    uint64_t retries = 0;
    while (crb_retry_budget(0, retries)) {
        retries++;
    }
    assert_int_equal(retries, 10);
    /* A session on which every call is refused, however often it is tried: calls in steps, retries whenever they may. */
    uint64_t calls = 0;
    retries = 0;
    for (unsigned i = 0; i < 100000; i++) {
        calls++;
        while (crb_retry_budget(calls, retries)) {
            calls++; /* a retry is a call, too */
            retries++;
        }
    }
    assert_true(retries <= 10 + calls / 10);
    assert_true(retries >= calls / 10);
    assert_true(calls < 112000); /* nine tenths were made by somebody */
}

/* ---- pauses ---- */

static void pauses_grow_and_are_bounded(void **state)
{
    (void)state;
    uint64_t before = 0;
    for (uint32_t attempts = 1; attempts < 100; attempts++) {
        uint64_t least = UINT64_MAX, most = 0;
        for (uint64_t random = 0; random < 4000; random++) {
            const uint64_t pause = crb_retry_pause(attempts, 0, random * UINT64_C(0x9e3779b97f4a7c15));
            least = pause < least ? pause : least;
            most = pause > most ? pause : most;
        }
        assert_true(least >= CRB_RETRY_PAUSE / 2);
        assert_true(least >= before);  /* the shortest grows, too */
        assert_true(most > 2 * least); /* they are spread */
        assert_true(most <= CRB_RETRY_PAUSE_MAX * 3 / 2);
        before = attempts < 8 ? least + least / 2 : CRB_RETRY_PAUSE_MAX / 2; /* nearly twice, up to the greatest */
    }
    assert_true(crb_retry_pause(UINT32_MAX, 0, UINT64_MAX) <= CRB_RETRY_PAUSE_MAX * 3 / 2);
}

static void the_hint_is_kept(void **state)
{
    (void)state;
    static const uint32_t hints[] = { 1, 5, 6, 20, 1000, CRB_RETRY_HINT_MAX_MS };
    for (size_t i = 0; i < ROWS(hints); i++) {
        for (uint64_t random = 0; random < 1000; random++) {
            const uint64_t pause = crb_retry_pause(1, hints[i], random * UINT64_C(0x9e3779b97f4a7c15));
            assert_true(pause >= hints[i] * MS);
            assert_true(pause <= hints[i] * MS * 3 / 2 + 3 * CRB_RETRY_PAUSE / 2);
        }
    }
    /* Nobody is sent away for good. */
    assert_true(crb_retry_pause(1, UINT32_MAX, 0) == CRB_RETRY_HINT_MAX_MS * MS);
}

static size_t pauses_wrong(judge_rules judge)
{
    size_t wrong = 0;
    for (uint64_t left = 1; left < 3000; left += 7) {
        for (uint32_t attempts = 1; attempts < 12; attempts++) {
            for (uint32_t hint = 0; hint < 300; hint += 100) {
                crb_retry_facts facts = facts_of(CRB_RETRY_OF_BEGUN, CORBEL_OVERLOADED, CORBEL_COMPLETED_NO, PLAIN);
                facts.deadline = facts.now + left * MS;
                facts.attempts = attempts;
                facts.hint_ms = hint;
                facts.random = left * 1000003 * attempts;
                const crb_retry_verdict verdict = judge(&facts);
                wrong += verdict.step == CRB_RETRY_AGAIN && verdict.pause >= left * MS;
                wrong += verdict.step == CRB_RETRY_AGAIN && verdict.pause < hint * MS;
                wrong += verdict.step != CRB_RETRY_AGAIN && verdict.step != CRB_RETRY_TIME;
                wrong += verdict.step == CRB_RETRY_TIME && left > 1500 && left > hint;
            }
        }
    }
    return wrong;
}

static void a_pause_lies_inside_the_deadline(void **state)
{
    (void)state;
    assert_int_equal(pauses_wrong(crb_retry_judge), 0);
}

/* ---- rules with a bug, which the tables must find ---- */

static crb_retry_verdict bug(const crb_retry_facts *facts, crb_retry_step forgotten)
{
    crb_retry_verdict verdict = crb_retry_judge(facts);
    if (verdict.step == forgotten) {
        verdict = (crb_retry_verdict) { .step = CRB_RETRY_AGAIN, .pause = MS };
    }
    return verdict;
}

#define FORGETS(name, step)                                                                                                      \
    static crb_retry_verdict forgets_##name(const crb_retry_facts *facts)                                                        \
    {                                                                                                                            \
        return bug(facts, CRB_RETRY_##step);                                                                                     \
    }
FORGETS(switched_off, SWITCHED_OFF)
FORGETS(reaction, REACTION)
FORGETS(fail_fast, FAIL_FAST)
FORGETS(credit, CREDIT)
FORGETS(completion, COMPLETION) /* a retry after MAYBE of a plain operation */
FORGETS(broken, BROKEN)
FORGETS(here, HERE)
FORGETS(successors, SUCCESSORS)
FORGETS(promise, PROMISE)
FORGETS(stream, STREAM)
FORGETS(batch, BATCH)
FORGETS(relay, RELAY)
FORGETS(sent, SENT)
FORGETS(cancelled, CANCELLED)
FORGETS(expired, EXPIRED)
FORGETS(budget, BUDGET)
FORGETS(time, TIME)

static crb_retry_verdict forgets_the_hint(const crb_retry_facts *facts)
{
    crb_retry_facts other = *facts;
    other.hint_ms = 0;
    return crb_retry_judge(&other);
}

static void a_rule_that_is_forgotten_is_found(void **state)
{
    (void)state;
    static const judge_rules bugs[] = {
        forgets_switched_off, forgets_reaction,   forgets_fail_fast, forgets_credit, forgets_completion, forgets_broken,
        forgets_here,         forgets_successors, forgets_promise,   forgets_stream, forgets_batch,      forgets_relay,
        forgets_sent,         forgets_cancelled,  forgets_expired,   forgets_budget, forgets_time,       forgets_the_hint,
    };
    assert_int_equal(ROWS(bugs), 18);
    for (size_t i = 0; i < ROWS(bugs); i++) {
        assert_true(statuses_wrong(bugs[i]) + kinds_wrong(bugs[i]) + clauses_wrong(bugs[i]) + pauses_wrong(bugs[i]) > 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_status_has_its_row),
        cmocka_unit_test(every_kind_has_its_row),
        cmocka_unit_test(every_clause_has_its_row),
        cmocka_unit_test(a_key_is_repeated_only_where_it_is_remembered),
        cmocka_unit_test(the_worst_completion_of_all_attempts_counts),
        cmocka_unit_test(a_tenth_of_the_calls_is_repeated_after_a_start_of_ten),
        cmocka_unit_test(pauses_grow_and_are_bounded),
        cmocka_unit_test(the_hint_is_kept),
        cmocka_unit_test(a_pause_lies_inside_the_deadline),
        cmocka_unit_test(a_rule_that_is_forgotten_is_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
