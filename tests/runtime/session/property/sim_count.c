/* How often each kind of frame, event, status, state and doing occurred, and how often it must. */
#include "tests/runtime/session/property/sim.h"

#include <corbel/error.h>
#include <stdio.h>

typedef enum count_state {
    STATE_SESSION_NEW,
    STATE_SESSION_OPEN,
    STATE_SESSION_FLUSHING,
    STATE_SESSION_ENDED,
    STATE_SESSION_KEEPS,
    STATE_QUESTION_WAITS,
    STATE_QUESTION_SENDS,
    STATE_QUESTION_SENT,
    STATE_QUESTION_RECEIVES,
    STATE_QUESTION_GIVEN_UP,
    STATE_QUESTION_BOUND,
    STATE_ANSWER_INCOMPLETE,
    STATE_ANSWER_HANDED,
    STATE_ANSWER_ENTERED,
    STATE_ANSWER_CANCELLED,
    STATE_ANSWER_WAITS,
    STATE_ANSWER_SENDS,
    STATE_ANSWER_BOUND,
    STATE_EXPORT_COUNTED,
    STATE_EXPORT_WITHDRAWN,
    STATE_IMPORT_SHARED,
    STATE_IMPORT_WITHDRAWN,
    STATE_NUMBER
} count_state;
_Static_assert((int)STATE_NUMBER <= (int)SIM_STATES, "room for all states");

/** A line of the report: its name and how often, at least, in a thousand runs. */
typedef struct count_line {
    const char *name;
    uint64_t floor;
} count_line;

static const count_line frames[CRB_FRAME_TYPES] = {
    { "HELLO", 1900 },  { "BIND", 5600 },    { "CALL", 18000 },        { "BODY", 8400 },   { "RETURN", 18000 },
    { "FINISH", 9400 }, { "RELEASE", 7900 }, { "CREDIT", 2100 },       { "GONE", 670 },    { "PING", 39000 },
    { "GOAWAY", 170 },  { "BYE", 330 },      { "UNIMPLEMENTED", 640 }, { "STREAM", 4800 }, { "ABORT", 300 },
};

static const count_line events[SIM_EVENTS] = {
    { "OPEN", 1900 },    { "BIND", 5300 },       { "CALL", 14000 },  { "BODY", 540 },   { "CANCEL", 2000 },
    { "RETURN", 20000 }, { "UNEXPORTED", 8100 }, { "GONE", 490 },    { "CREDIT", 260 }, { "DRAINING", 160 },
    { "ITEMS", 3600 },   { "ROOM", 2 },          { "CLOSED", 1900 },
};

static const count_line states[STATE_NUMBER] = {
    [STATE_SESSION_NEW] = { "session, before HELLO", 1800 },
    [STATE_SESSION_OPEN] = { "session, open", 110000 },
    [STATE_SESSION_FLUSHING] = { "session, flushing", 170 },
    [STATE_SESSION_ENDED] = { "session, ended", 12000 },
    [STATE_SESSION_KEEPS] = { "session, keeps what a lost peer held", 5500 },
    [STATE_QUESTION_WAITS] = { "question, waits to be sent", 30000 },
    [STATE_QUESTION_SENDS] = { "question, arguments going out", 2700 },
    [STATE_QUESTION_SENT] = { "question, sent", 290000 },
    [STATE_QUESTION_RECEIVES] = { "question, result coming in", 190 },
    [STATE_QUESTION_GIVEN_UP] = { "question, completed before its RETURN", 55000 },
    [STATE_QUESTION_BOUND] = { "question, a promise that is kept", 110000 },
    [STATE_ANSWER_INCOMPLETE] = { "answer, arguments coming in", 950 },
    [STATE_ANSWER_HANDED] = { "answer, not entered", 21000 },
    [STATE_ANSWER_ENTERED] = { "answer, entered", 17000 },
    [STATE_ANSWER_CANCELLED] = { "answer, cancelled", 2000 },
    [STATE_ANSWER_WAITS] = { "answer, RETURN waits", 5600 },
    [STATE_ANSWER_SENDS] = { "answer, result going out", 250 },
    [STATE_ANSWER_BOUND] = { "answer, a promise that is kept", 75000 },
    [STATE_EXPORT_COUNTED] = { "export, counted more than once", 61000 },
    [STATE_EXPORT_WITHDRAWN] = { "export, withdrawn", 17000 },
    [STATE_IMPORT_SHARED] = { "import, received more than once", 28000 },
    [STATE_IMPORT_WITHDRAWN] = { "import, withdrawn", 5900 },
};

static const count_line doings[SIM_DO_NUMBER] = {
    [SIM_DO_LANE_WAIT] = { "a call behind another of its lane", 17000 },
    [SIM_DO_BODY_WAIT] = { "a call before the whole of its arguments", 570 },
    [SIM_DO_PROMISE_WAIT] = { "a call on a promise, waiting", 1000 },
    [SIM_DO_PROMISE_DIRECT] = { "a call on a promise that is kept", 3100 },
    [SIM_DO_PROMISE_OWN] = { "a call on a promise that is the caller's own", 32 },
    [SIM_DO_PROMISE_PASSED] = { "a promise passed as an argument", 1400 },
    [SIM_DO_PROMISE_FAILED] = { "a call on a promise that fails", 1900 },
    [SIM_DO_BATCH] = { "a batch", 4600 },
    [SIM_DO_AFTER] = { "a call after another", 940 },
    [SIM_DO_ANYWAY] = { "a call after one that failed, anyway", 340 },
    [SIM_DO_SKIPPED] = { "a call that is skipped", 460 },
    [SIM_DO_NESTED] = { "a nested call to a third peer", 80 },
    [SIM_DO_CALLBACK] = { "a nested call to the caller's process", 900 },
    [SIM_DO_DEEP] = { "a chain of three calls and more", 26 },
    [SIM_DO_DEFER] = { "a deferred reply", 1600 },
    [SIM_DO_RELAY] = { "a call carried on by a relay", 120 },
    [SIM_DO_CANCEL_QUEUED] = { "a call cancelled before it was sent", 420 },
    [SIM_DO_CANCEL_SENT] = { "a call cancelled under way", 2400 },
    [SIM_DO_CANCEL_LATE] = { "a cancellation that came too late", 980 },
    [SIM_DO_EXPIRED] = { "a deadline that passed", 1000 },
    [SIM_DO_RELEASE] = { "a reference released", 10000 },
    [SIM_DO_WITHDRAW] = { "an object withdrawn", 740 },
    [SIM_DO_REFERENCE] = { "an own reference passed", 13000 },
    [SIM_DO_REFERENCE_BACK] = { "a reference passed back", 4100 },
    [SIM_DO_REFERENCE_RELAYED] = { "a third peer's reference passed", 230 },
    [SIM_DO_LARGE] = { "large arguments", 1500 },
    [SIM_DO_REUSE] = { "an index used again", 1200 },
    [SIM_DO_STREAM_IN] = { "a call with a stream to its servant", 1000 },
    [SIM_DO_STREAM_OUT] = { "a call with a stream to its caller", 1000 },
    [SIM_DO_STREAM_PUT] = { "an item", 4800 },
    [SIM_DO_STREAM_WAIT] = { "a writer that waits for room", 2 },
    [SIM_DO_STREAM_ENOUGH] = { "a reader that has had enough", 100 },
    [SIM_DO_STREAM_CLOSED] = { "a writer that sees it", 110 },
    [SIM_DO_STREAM_END] = { "the end of a stream", 910 },
    [SIM_DO_CUT] = { "a pipe that ended in the midst", 900 },
    [SIM_DO_RESTART] = { "a new session between two peers", 450 },
    [SIM_DO_RESTART_BESIDE] = { "a new session beside one that goes away", 280 },
    [SIM_DO_KEPT_LET_GO] = { "what a lost peer held is let go on the way", 600 },
    [SIM_DO_EFFECT] = { "an effect", 7900 },
    [SIM_DO_AGAIN] = { "an attempt at an effect after another", 2200 },
    [SIM_DO_AGAIN_ELSEWHERE] = { "a first attempt on a new session after another", 300 },
    [SIM_DO_KEY_JOINS] = { "a call that waits for the one with its key", 2 },
    [SIM_DO_KEY_REPLAYED] = { "a reply that was kept and is given again", 30 },
    [SIM_DO_KEY_FORGOTTEN] = { "a key that was forgotten", 40 },
    [SIM_DO_KEY_ACKNOWLEDGED] = { "a reply that was acknowledged", 120 },
    [SIM_DO_TWICE] = { "an idempotent effect that happened again", 50 },
    [SIM_DO_QUIET] = { "a run whose sessions all lived to its end", 160 },
};

/** What the rules of retries said; others cannot be met here. */
static const uint64_t verdicts[CRB_RETRY_STEPS] = {
    [CRB_RETRY_AGAIN] = 2200, [CRB_RETRY_REACTION] = 3300, [CRB_RETRY_COMPLETION] = 450, [CRB_RETRY_CREDIT] = 550,
    [CRB_RETRY_EXPIRED] = 70, [CRB_RETRY_BUDGET] = 100,    [CRB_RETRY_TIME] = 10,
};

/** Those that honest peers and this model can meet. */
static const struct {
    corbel_status status;
    uint64_t completed, refused;
} statuses[] = {
    { CORBEL_OK, 10000, 0 },         { CORBEL_INVALID_ARGUMENT, 0, 64 }, { CORBEL_DEADLINE, 1000, 450 },
    { CORBEL_CANCELLED, 2900, 2 },   { CORBEL_NOT_FOUND, 1500, 1200 },   { CORBEL_LIMIT, 380, 1500 },
    { CORBEL_WOULD_BLOCK, 0, 1300 }, { CORBEL_NIL_REFERENCE, 450, 40 },  { CORBEL_UNDECLARED, 28, 51 },
    { CORBEL_SKIPPED, 460, 0 },      { CORBEL_OVERLOADED, 33, 0 },       { CORBEL_DRAINING, 0, 1200 },
    { CORBEL_GONE, 1600, 3300 },     { CORBEL_TOO_DEEP, 0, 4 },          { CORBEL_REFUSED, 450, 41 },
    { CORBEL_FAILED, 1100, 140 },
};

/* ---- counting ---- */

void sim_count_session(sim_counts *counts, const crb_session *session)
{
    const crb_session_stats stats = crb_session_get_stats(session);
    for (int i = 0; i < CRB_FRAME_TYPES; i++) {
        counts->sent[i] += stats.sent[i];
        counts->received[i] += stats.received[i];
    }
}

static void count_questions(sim_counts *counts, const crb_session *session)
{
    for (const crb_node *node = session->all_questions.next; node != &session->all_questions; node = node->next) {
        const crb_question *const question = CRB_CONTAINER(node, const crb_question, all);
        counts->states[STATE_QUESTION_WAITS] += !question->sent;
        counts->states[STATE_QUESTION_SENDS] += crb_node_linked(&question->args.node);
        counts->states[STATE_QUESTION_SENT] += question->sent && !question->returned;
        counts->states[STATE_QUESTION_RECEIVES] += question->body.active;
        counts->states[STATE_QUESTION_GIVEN_UP] += question->completed && !question->returned;
        counts->states[STATE_QUESTION_BOUND] += question->keep && question->returned;
    }
}

static void count_answers(sim_counts *counts, const crb_session *session)
{
    for (const crb_node *node = session->all_answers.next; node != &session->all_answers; node = node->next) {
        const crb_answer *const answer = CRB_CONTAINER(node, const crb_answer, all);
        counts->states[STATE_ANSWER_INCOMPLETE] += answer->args.active && !answer->answered;
        counts->states[STATE_ANSWER_HANDED] += answer->handed && !answer->entered;
        counts->states[STATE_ANSWER_ENTERED] += answer->entered && !answer->answered;
        counts->states[STATE_ANSWER_CANCELLED] += answer->cancelled && !answer->answered;
        counts->states[STATE_ANSWER_WAITS] += answer->answered && !answer->pulled;
        counts->states[STATE_ANSWER_SENDS] += crb_node_linked(&answer->body.node);
        counts->states[STATE_ANSWER_BOUND] += answer->kept != NULL;
    }
}

static void count_references(sim_counts *counts, const crb_session *session)
{
    for (uint32_t i = 0; i < session->n_slots; i++) {
        const crb_export *const export = session->slots[i].export;
        if (export != NULL) {
            counts->states[STATE_EXPORT_COUNTED] += export->count > 1;
            counts->states[STATE_EXPORT_WITHDRAWN] += export->object == NULL;
        }
    }
    for (const crb_node *node = session->imports_all.next; node != &session->imports_all; node = node->next) {
        const crb_import *const import = CRB_CONTAINER(node, const crb_import, all);
        counts->states[STATE_IMPORT_SHARED] += import->count > 1;
        counts->states[STATE_IMPORT_WITHDRAWN] += import->withdrawn;
    }
}

void sim_sample_states(sim *s)
{
    for (int i = 0; i < s->n_links; i++) {
        for (int k = 0; k < 2; k++) {
            const crb_session *const session = s->links[i].sides[k].session;
            s->counts->states[STATE_SESSION_NEW + (int)session->phase]++;
            s->counts->states[STATE_SESSION_KEEPS] += session->keeps;
            count_questions(s->counts, session);
            count_answers(s->counts, session);
            count_references(s->counts, session);
        }
    }
}

/* ---- the report ---- */

/** True: enough of it for so many runs. */
static bool count_print(const char *group, const char *name, uint64_t n, uint64_t floor, uint64_t runs)
{
    /* A floor is for a thousand runs; for others in proportion. What is rare may not occur in a few hundred. */
    const uint64_t share = floor * runs / 1000;
    const uint64_t wanted = share >= 10 ? share : floor > 0 && runs >= 1000 ? 1 : 0;
    const bool enough = n >= wanted;
    printf("%-10s %-45s %12llu   floor %9llu%s\n", group, name, (unsigned long long)n, (unsigned long long)wanted,
           enough ? "" : "   TOO FEW");
    return enough;
}

bool sim_report(const sim_counts *counts, bool enforce)
{
    const uint64_t runs = enforce ? counts->runs : 0;
    bool enough = true;
    printf("%llu runs of %llu steps together\n", (unsigned long long)counts->runs, (unsigned long long)counts->steps);
    for (int i = 0; i < CRB_FRAME_TYPES; i++) {
        enough &= count_print("frame", frames[i].name, counts->sent[i], enforce ? frames[i].floor : 0, runs);
    }
    for (int i = 0; i < SIM_EVENTS; i++) {
        enough &= count_print("event", events[i].name, counts->events[i], enforce ? events[i].floor : 0, runs);
    }
    for (int i = 0; i < STATE_NUMBER; i++) {
        enough &= count_print("state", states[i].name, counts->states[i], enforce ? states[i].floor : 0, runs);
    }
    for (int i = 0; i < SIM_DO_NUMBER; i++) {
        enough &= count_print("model", doings[i].name, counts->doings[i], enforce ? doings[i].floor : 0, runs);
    }
    for (size_t i = 0; i < sizeof statuses / sizeof *statuses; i++) {
        const char *const name = corbel_status_name(statuses[i].status);
        enough &=
            count_print("completed", name, counts->completed[statuses[i].status], enforce ? statuses[i].completed : 0, runs);
        enough &= count_print("refused", name, counts->refused[statuses[i].status], enforce ? statuses[i].refused : 0, runs);
    }
    for (int i = 0; i < CRB_RETRY_STEPS; i++) {
        enough &= count_print("retry", crb_retry_why((crb_retry_step)i), counts->verdicts[i], enforce ? verdicts[i] : 0, runs);
    }
    static const char *const completions[3] = { "NO", "YES", "MAYBE" };
    for (int i = 0; i < 3; i++) {
        enough &= count_print("completion", completions[i], counts->completions[i], enforce ? 1 : 0, runs);
    }
    return enough;
}
