/* What must hold at every moment, when all is quiet, and when all is over. */
#include "tests/runtime/session/property/sim.h"

#include <string.h>

enum { CHECK_ROUNDS = 3000, CHECK_ROUND_MS = 10, CHECK_QUIET_ROUNDS = 12 };

/* ---- at every moment ---- */

static void check_session(sim_side *at)
{
    sim *const s = at->sim;
    const crb_session *const session = at->session;
    const crb_session *const peer = at->peer->session;
    for (int i = 0; i < CRB_WINDOWS; i++) {
        const bool early = i == CRB_WIN_REQUESTS || i == CRB_WIN_NESTED;
        const uint64_t size = session->tx[i].size;
        SIM_CHECK(s, session->tx[i].used <= (early && size < CRB_EARLY_BYTES ? CRB_EARLY_BYTES : size),
                  "window %d: more was taken than it has", i);
        SIM_CHECK(s, session->rx[i].owed <= session->rx[i].used, "window %d: more is owed than was used", i);
        SIM_CHECK(s,
                  at->closed || at->peer->closed || session->phase != CRB_PHASE_OPEN || session->rx[i].used <= peer->tx[i].used,
                  "window %d: the peer has used more than it knows of", i);
    }
    SIM_CHECK(s, session->reserved <= session->limits.max_queued, "more is reserved for bodies than the limit");
    SIM_CHECK(s, session->results_queued <= session->limits.max_queued, "more results wait than the limit");
    SIM_CHECK(s, session->n_exports <= session->limits.max_exports || session->phase == CRB_PHASE_NEW, "too many exports");
}

/** Who serves a call is told when its time is over. */
static void check_told(const sim_node *node)
{
    for (const sim_request *request = node->requests; request != NULL; request = request->next) {
        const sim_side *const at = request->at;
        const bool late = request->deadline != UINT64_MAX && sim_now(at) > request->deadline + SIM_MS;
        SIM_CHECK(node->sim, !late || request->cancelled || at->closed || crb_session_over(at->session),
                  "call %u: its deadline has passed, and its servant was not told", request->call->number);
    }
}

void sim_check(sim *s)
{
    for (int i = 0; i < s->n_nodes; i++) {
        check_told(&s->nodes[i]);
    }
    for (int i = 0; i < s->n_links; i++) {
        check_session(&s->links[i].sides[0]);
        check_session(&s->links[i].sides[1]);
    }
}

/* ---- when all is quiet ---- */

static bool check_link_lives(const sim_link *link)
{
    return !link->sides[0].closed && !link->sides[1].closed;
}

/** A call that has not come to its end; NULL: none. */
static const sim_call *check_open_call(const sim *s)
{
    for (uint32_t i = s->n_calls; i > 0; i--) { /* the last first: others may wait for it */
        if (s->calls[i - 1].kind != SIM_ONEWAY && !s->calls[i - 1].done) {
            return &s->calls[i - 1];
        }
    }
    return NULL;
}

static bool check_is_quiet(const sim *s)
{
    for (int i = 0; i < s->n_nodes; i++) {
        if (!sim_is_idle(&s->nodes[i])) {
            return false;
        }
    }
    for (int i = 0; i < s->n_links; i++) {
        const sim_link *const link = &s->links[i];
        if (check_link_lives(link) &&
            (crb_session_has_output(link->sides[0].session) || crb_session_has_output(link->sides[1].session))) {
            return false;
        }
    }
    return check_open_call(s) == NULL && sim_open_effect(s) == NULL;
}

static void check_calls(sim *s)
{
    for (uint32_t i = 0; i < s->n_calls; i++) {
        const sim_call *const call = &s->calls[i];
        SIM_CHECK(s, call->kind == SIM_ONEWAY || call->done, "call %u never completed", call->number);
        SIM_CHECK(s, !call->done || call->completion != CORBEL_COMPLETED_NO || !call->entered, "call %u: NO, but it entered",
                  call->number);
        if (call->on_wire == 0 || !check_link_lives(&s->links[call->from->link])) {
            continue;
        }
        SIM_CHECK(s, call->returns == (call->kind != SIM_ONEWAY), "call %u: %u RETURNs", call->number, call->returns);
        SIM_CHECK(s,
                  call->arrived || call->status == CORBEL_LIMIT || call->status == CORBEL_OVERLOADED ||
                      call->status == CORBEL_TOO_DEEP || call->status == CORBEL_SKIPPED || call->cancelled ||
                      call->status == CORBEL_DEADLINE || call->promise != NULL || call->n_refs > 0 || call->kind == SIM_ONEWAY,
                  "call %u never came, and nobody was told", call->number);
        const bool small =
            call->hop == 0 && call->args_len <= 1000 && call->promise == NULL && call->after == NULL && call->n_refs == 0;
        SIM_CHECK(s, call->arrived || call->kind != SIM_ONEWAY || !small, "oneway call %u was dropped", call->number);
        SIM_CHECK(s, !call->cancelled || call->finishes == 1, "call %u: was cancelled, and the peer was not told", call->number);
        if (call->cancelled && !call->told) {
            sim_count(s, SIM_DO_CANCEL_LATE);
        }
    }
}

/** What one side has sent and not got back is what the other holds; what was given back can be named no more. */
static void check_counts(sim_side *at)
{
    sim *const s = at->sim;
    const crb_session *const owner = at->session, *const holder = at->peer->session;
    uint64_t receipts = 0, held = at->peer->n_held;
    uint32_t counted = 0;
    for (uint32_t i = 0; i < owner->n_slots; i++) {
        counted += owner->slots[i].export != NULL && owner->slots[i].export->count > 0; /* others are kept by binds */
    }
    SIM_CHECK(s, counted == holder->n_imports, "%u exports, but %u imports", counted, holder->n_imports);
    for (const crb_node *node = holder->imports_all.next; node != &holder->imports_all; node = node->next) {
        const crb_import *const import = CRB_CONTAINER(node, const crb_import, all);
        const crb_export *const export = crb_export_find(owner, import->index, import->generation);
        SIM_CHECK(s, export != NULL && export->count == import->received, "reference %u.%u: the two sides count it otherwise",
                  import->index, import->generation);
        receipts += import->count;
    }
    for (int i = SIM_OBJECTS; i < SIM_OBJECTS + SIM_RELAYS; i++) {
        const sim_object *const object = &at->peer->node->objects[i];
        held += object->used && object->relay == at->peer;
    }
    for (const crb_node *node = holder->all_answers.next; node != &holder->all_answers; node = node->next) {
        const crb_kept *const kept = CRB_CONTAINER(node, const crb_answer, all)->kept;
        for (size_t i = 0; kept != NULL && i < kept->n; i++) {
            held += kept->items[i].import != NULL; /* a promise holds what it stands for */
        }
    }
    SIM_CHECK(s, receipts == held, "the core counts %llu receipts, the driver %llu", (unsigned long long)receipts,
              (unsigned long long)held);
    for (size_t i = 0; i < at->n_pairs; i++) {
        const sim_pair *const pair = &at->pairs[i];
        const crb_export *const export = crb_export_find(owner, pair->index, pair->generation);
        SIM_CHECK(s, (export != NULL ? export->count : 0) == pair->sent - pair->released,
                  "reference %u.%u: the wire and its owner count it otherwise", pair->index, pair->generation);
    }
}

static void check_windows(sim_side *at)
{
    sim *const s = at->sim;
    SIM_CHECK(s, !at->waits[0] && !at->waits[1], "a call was told to wait for credit, and all is quiet");
    for (int i = 0; i < CRB_WINDOWS; i++) {
        SIM_CHECK(s, at->session->rx[i].used == at->session->rx[i].owed, "window %d: %llu bytes were not given back", i,
                  (unsigned long long)(at->session->rx[i].used - at->session->rx[i].owed));
        SIM_CHECK(s, at->session->tx[i].used == at->peer->session->rx[i].used, "window %d: the two sides count it otherwise", i);
    }
}

static void check_quiet(sim *s)
{
    check_calls(s);
    bool all = true;
    for (int i = 0; i < s->n_links; i++) {
        sim_link *const link = &s->links[i];
        if (!check_link_lives(link)) {
            all = false;
            continue;
        }
        for (int k = 0; k < 2; k++) {
            SIM_CHECK(s, !crb_session_has_output(link->sides[k].session), "all is quiet, but something waits to be sent");
            check_counts(&link->sides[k]);
            check_windows(&link->sides[k]);
        }
    }
    if (all) {
        sim_count(s, SIM_DO_QUIET);
    }
}

/* ---- the end ---- */

/** Serves and lets time pass until nothing is under way, nor was for a while. */
static void check_come_to_rest(sim *s)
{
    int quiet = 0;
    for (int round = 0; round < CHECK_ROUNDS && quiet < CHECK_QUIET_ROUNDS; round++) {
        for (int i = 0; i < s->n_nodes; i++) {
            while (sim_stream(&s->nodes[i]) || sim_serve(&s->nodes[i])) {
            }
        }
        sim_settle_relays(s);
        sim_effects(s);
        sim_run(s, CHECK_ROUND_MS);
        sim_check(s);
        s->step++;
        quiet = check_is_quiet(s) ? quiet + 1 : 0;
    }
    const sim_call *const open = check_open_call(s);
    SIM_CHECK(s, open == NULL,
              "call %u does not come to its end: sent as %llu, came %d, entered %d, answered %d, RETURNs %u, FINISH %u, on %u, "
              "after %u",
              open->number, (unsigned long long)open->on_wire, open->arrived, open->entered, open->answered, open->returns,
              open->finishes, open->promise != NULL ? open->promise->number : 0, open->after != NULL ? open->after->number : 0);
    const sim_effect *const effect = sim_open_effect(s);
    SIM_CHECK(s, effect == NULL, "effect %u does not come to its end: %u attempts, due %llu", effect->number, effect->attempts,
              (unsigned long long)effect->due);
    SIM_CHECK(s, quiet == CHECK_QUIET_ROUNDS, "something does not come to its end");
}

/** A pipe that is over ticks no more: what is kept of a lost peer's goes at its time all the same. */
static void check_pass_keeping(sim_side *at)
{
    uint64_t now = sim_now(at);
    while (at->closed && crb_scripted_is_over(at->sim->links[at->link].pipe) &&
           crb_session_next_tick(at->session) != UINT64_MAX) {
        const uint64_t next = crb_session_next_tick(at->session);
        now = next > now ? next : now;
        sim_tick(at, now);
    }
}

static void check_give_back(sim *s)
{
    for (uint32_t i = 0; i < s->n_calls; i++) {
        if (s->calls[i].question != NULL) {
            sim_finish(&s->calls[i], false);
        }
    }
    /* Relays hold what others hold through them: the ends of a long chain take their time. */
    for (int round = 0; round < 20; round++) {
        for (int i = 0; i < s->n_links; i++) {
            for (int k = 0; k < 2; k++) {
                sim_side *const at = &s->links[i].sides[k];
                while (at->n_held > 0) {
                    sim_release(at, 0);
                }
                check_pass_keeping(at);
            }
        }
        sim_settle_relays(s);
        sim_run(s, 40);
    }
}

static void check_empty(sim_side *at)
{
    sim *const s = at->sim;
    const crb_session_stats stats = crb_session_get_stats(at->session);
    SIM_CHECK(s, stats.questions == 0 && at->session->questions.count == 0 && crb_list_empty(&at->session->all_questions),
              "questions are left");
    SIM_CHECK(s, stats.answers == 0 && crb_list_empty(&at->session->all_answers), "answers are left");
    SIM_CHECK(s, stats.exports == 0 && stats.imports == 0 && crb_list_empty(&at->session->imports_all), "references are left");
    SIM_CHECK(s, stats.queued_bytes == 0, "bytes are left in queues");
    SIM_CHECK(s, at->session->due.n == 0, "deadlines are left");
    for (int i = 0; i < SIM_OBJECTS + SIM_RELAYS; i++) {
        SIM_CHECK(s, at->node->objects[i].holds[at->link] == 0, "object %d is still held", i);
    }
}

/** Ends what lives, in one way or another, and lets what is kept of lost peers go. */
static void check_end_sessions(sim *s)
{
    for (int i = 0; i < s->n_links; i++) {
        sim_link *const link = &s->links[i];
        sim_side *const at = &link->sides[sim_pick(s, 2)];
        switch (crb_scripted_is_over(link->pipe) ? 3 : sim_pick(s, 3)) {
        case 0:
            crb_session_bye(at->session, sim_now(at));
            break;
        case 1:
            at->aborts = true;
            crb_session_abort(at->session, "the end of the run", sim_now(at));
            break;
        case 2:
            crb_scripted_cut(link->pipe, "the end of the run");
            break;
        default:
            break;
        }
    }
    sim_run(s, 1500);
    for (int i = 0; i < s->n_links; i++) {
        for (int k = 0; k < 2; k++) {
            sim_side *const at = &s->links[i].sides[k];
            SIM_CHECK(s, at->closed, "a session does not end");
            SIM_CHECK(s, crb_scripted_is_over(s->links[i].pipe), "a pipe does not end");
        }
    }
}

void sim_end(sim *s)
{
    s->winding_down = true;
    for (int i = 0; i < s->n_links; i++) {
        crb_scripted_stall(s->links[i].pipe, 0, false);
        crb_scripted_stall(s->links[i].pipe, 1, false);
    }
    check_come_to_rest(s);
    check_quiet(s);
    sim_check_effects(s);
    check_give_back(s);
    for (int i = 0; i < s->n_links; i++) {
        for (int k = 0; check_link_lives(&s->links[i]) && k < 2; k++) {
            check_empty(&s->links[i].sides[k]);
        }
    }
    check_end_sessions(s);
    check_come_to_rest(s);
    check_calls(s);
    check_give_back(s);
    for (int i = 0; i < s->n_links; i++) {
        for (int k = 0; k < 2; k++) {
            sim_side *const at = &s->links[i].sides[k];
            check_empty(at);
            sim_count_session(s->counts, at->session);
        }
    }
    s->counts->runs++;
    s->counts->steps += s->step;
}
