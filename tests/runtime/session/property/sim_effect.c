/* Effects: what a caller wants to have done. Attempts are calls of the model's like others, on whatever session there is with the
 * target's process; whether one is followed by another is what the rules of runtime/call/retry.c say. Here is checked that
 * nothing is done twice that must not be, and that nobody repeats what is not to be repeated. */
#include "tests/runtime/session/property/sim.h"

#include <stdlib.h>
#include <string.h>

/** Where attempts are made now. */
static sim_side *effect_side(const sim_effect *effect)
{
    return effect->from->sides[effect->target->node->index];
}

static void effect_note(const sim_effect *effect, const char *what, uint64_t b)
{
    sim_note(effect_side(effect), what, effect->number, b);
}

const char *sim_promise_name(sim_promise promise)
{
    static const char *const names[SIM_PROMISES] = { "plain", "@idempotent", "@once" };
    return names[promise];
}

void sim_effect_new(sim_node *from, sim_object *target, sim_promise promise, uint64_t deadline)
{
    sim *const s = from->sim;
    if (s->n_effects == SIM_EFFECTS) {
        return;
    }
    sim_effect *const effect = &s->effects[s->n_effects++];
    *effect = (sim_effect) {
        .number = s->n_effects,
        .from = from,
        .target = target,
        .promise = promise,
        .deadline = deadline,
        .len = 8 + (size_t)(sim_chance(s, 10) ? sim_pick(s, 40000) : sim_pick(s, 300)),
    };
    if (promise == SIM_ONCE) {
        crb_once_draw(&from->book, &effect->mine);
    }
    sim_count(s, SIM_DO_EFFECT);
    effect_note(effect, promise == SIM_PLAIN ? "wants effect" : "wants, idempotently, effect", (uint64_t)target->index);
}

void sim_effect_enters(sim_side *at, const sim_call *call)
{
    sim *const s = at->sim;
    sim_effect *const effect = call->effect;
    effect->entered++;
    sim_note(at, "has effect", effect->number, effect->entered);
    SIM_CHECK(s, effect->entered == 1 || effect->promise == SIM_IDEMPOTENT, "effect %u happened twice", effect->number);
    if (effect->entered == 2) {
        sim_count(s, SIM_DO_TWICE);
    }
    SIM_CHECK(s, !effect->over || effect->completion != CORBEL_COMPLETED_NO, "effect %u happened after NO", effect->number);
}

static const sim_held *effect_reference(const sim_effect *effect)
{
    const sim_side *const at = effect_side(effect);
    for (size_t i = 0; i < at->n_held; i++) {
        if (at->held[i].object == effect->target) {
            return &at->held[i];
        }
    }
    return NULL;
}

static void effect_over(sim_effect *effect, corbel_status status, crb_retry_step why)
{
    effect->over = true;
    if (effect->promise == SIM_ONCE) {
        crb_once_close(&effect->from->book, &effect->mine);
    }
    effect->status = status;
    effect->why = why;
    effect_note(effect, corbel_status_name(status), (uint64_t)effect->completion);
}

/** An attempt has failed, on at: NULL: there was no session. */
static void effect_judge(sim_effect *effect, sim_side *at, corbel_status status, corbel_completion completion)
{
    sim *const s = effect->from->sim;
    const uint64_t now = s->clock;
    effect->completion = crb_retry_worse(effect->completion, completion);
    const crb_retry_facts facts = {
        .status = status,
        .completion = effect->completion,
        .waits = true, /* a session that cannot be had at once is waited for */
        .idempotent = effect->promise == SIM_IDEMPOTENT,
        .once = effect->promise == SIM_ONCE,
        .cancelled = effect->cancelled,
        .has_session = at != NULL,
        .calls = at != NULL ? at->asked_calls : 0,
        .retries = at != NULL ? at->asked_retries : 0,
        .attempts = effect->attempts,
        .now = now,
        .deadline = effect->deadline,
        .random = crb_scripted_random(&s->random),
    };
    const crb_retry_verdict verdict = crb_retry_judge(&facts);
    s->counts->verdicts[verdict.step]++;
    if (verdict.step != CRB_RETRY_AGAIN) {
        effect_over(effect, status, verdict.step);
        return;
    }
    /* The model's own rules, which know nothing of those. */
    SIM_CHECK(s, !effect->cancelled && status != CORBEL_CANCELLED, "effect %u: repeated after it was cancelled", effect->number);
    SIM_CHECK(s, effect->promise != SIM_PLAIN || effect->completion == CORBEL_COMPLETED_NO,
              "effect %u: repeated after MAYBE or YES", effect->number);
    SIM_CHECK(s, verdict.pause > 0 && now + verdict.pause < effect->deadline, "effect %u: repeated after its deadline",
              effect->number);
    effect->due = now + verdict.pause;
    effect->bind = NULL;
    if (at != NULL) {
        at->asked_retries++;
        SIM_CHECK(s, at->asked_retries <= 10 + at->asked_calls / 10, "%llu retries after %llu calls of one session",
                  (unsigned long long)at->asked_retries, (unsigned long long)at->asked_calls);
    }
}

static void effect_ended(sim_effect *effect)
{
    sim_call *const call = effect->attempt, *const bind = effect->bind;
    effect->attempt = NULL;
    effect->cancelled = effect->cancelled || call->cancelled;
    if (bind != NULL && bind->question != NULL) {
        sim_finish(bind, false);
    }
    effect->bind = NULL;
    if (call->outcome == CRB_OUTCOME_ERROR) {
        effect_judge(effect, call->from, call->status, call->completion);
    } else {
        effect->completion = CORBEL_COMPLETED_YES;
        effect_over(effect, CORBEL_OK, CRB_RETRY_AGAIN);
    }
}

static void effect_attempt(sim_effect *effect)
{
    sim *const s = effect->from->sim;
    if (effect_side(effect)->closed || effect_side(effect)->session->draining) {
        sim_restart(effect_side(effect));
    }
    sim_side *const at = effect_side(effect);
    if (at->closed && s->n_links < SIM_LINKS) {
        effect->due = s->clock + SIM_MS; /* its other end has not noticed yet: dialling takes its time */
        return;
    }
    if (effect->attempts++ > 0) {
        sim_count(s, SIM_DO_AGAIN);
        if (at->asked_calls == 0) {
            sim_count(s, SIM_DO_AGAIN_ELSEWHERE);
        }
    }
    at->asked_calls++;
    const sim_held *const held = sim_chance(s, 3) ? NULL : effect_reference(effect);
    if (held == NULL) {
        effect->bind = sim_bind(at, effect->target, effect->deadline);
    }
    const sim_asking asking = {
        .held = held,
        .promise = effect->bind,
        .chain = ++s->chains,
        .deadline = effect->deadline,
        .len = effect->len,
        .effect = effect,
    };
    corbel_status status = CORBEL_GONE;
    effect->attempt = held != NULL || effect->bind != NULL ? sim_ask(at, &asking, &status) : NULL;
    if (effect->attempt == NULL) {
        if (effect->bind != NULL && effect->bind->question != NULL) {
            sim_finish(effect->bind, false);
        }
        effect_judge(effect, at, status, CORBEL_COMPLETED_NO);
    }
}

void sim_effects(sim *s)
{
    for (int i = 0; i < s->n_nodes; i++) {
        crb_once_expire(s->nodes[i].once, s->clock);
        sim_once_settle(&s->nodes[i]);
    }
    for (uint32_t i = 0; i < s->n_effects; i++) {
        sim_effect *const effect = &s->effects[i];
        if (effect->over) {
            continue;
        }
        if (effect->attempt != NULL && effect->attempt->done) {
            effect_ended(effect);
        } else if (effect->attempt == NULL && effect->due <= s->clock) {
            effect_attempt(effect);
        }
    }
}

const sim_effect *sim_open_effect(const sim *s)
{
    for (uint32_t i = 0; i < s->n_effects; i++) {
        if (!s->effects[i].over) {
            return &s->effects[i];
        }
    }
    return NULL;
}

void sim_check_effects(sim *s)
{
    for (uint32_t i = 0; i < s->n_effects; i++) {
        const sim_effect *const effect = &s->effects[i];
        SIM_CHECK(s, effect->completion != CORBEL_COMPLETED_NO || effect->entered == 0, "effect %u: NO, but it happened",
                  effect->number);
        SIM_CHECK(s, effect->completion != CORBEL_COMPLETED_YES || effect->entered > 0, "effect %u: YES, but it did not happen",
                  effect->number);
        const corbel_reaction reaction = corbel_status_reaction(effect->status);
        const bool hopeful = effect->status != CORBEL_OK && (reaction == CORBEL_RETRY || reaction == CORBEL_RECONNECT);
        const bool stopped = effect->why == CRB_RETRY_BUDGET || effect->why == CRB_RETRY_TIME ||
                             effect->why == CRB_RETRY_EXPIRED || effect->why == CRB_RETRY_CANCELLED ||
                             effect->why == CRB_RETRY_CREDIT;
        SIM_CHECK(s, s->cut_all == 0 || effect->promise == SIM_PLAIN || effect->status == CORBEL_OK,
                  "effect %u did not succeed: %s, %s", effect->number, corbel_status_name(effect->status),
                  crb_retry_why(effect->why));
        SIM_CHECK(s, effect->status != CORBEL_FORGOTTEN || (effect->promise == SIM_ONCE && effect->target->node->forgetful),
                  "effect %u: forgotten, and there was room", effect->number);
        SIM_CHECK(s, effect->promise == SIM_PLAIN || !hopeful || stopped, "effect %u may be repeated and was given up: %s",
                  effect->number, crb_retry_why(effect->why));
    }
}

/* ---- keys ---- */

void sim_effect_key(const sim_effect *effect, crb_once_wire *ret)
{
    *ret = (crb_once_wire) {
        .sequence = effect->mine.sequence,
        .acknowledged = crb_once_lowest(&effect->from->book),
        .again = effect->completion == CORBEL_COMPLETED_MAYBE,
    };
}

static crb_once_key once_key(const sim_request *request)
{
    crb_once_key key = { .sequence = request->once.sequence, .operation = 1, .again = request->once.again };
    memcpy(key.via, crb_session_peer_instance(request->at->session), sizeof key.via);
    memcpy(key.whose, key.via, sizeof key.whose);
    return key;
}

void sim_once_settle(sim_node *node)
{
    for (void *reply = crb_once_take_dropped(node->once); reply != NULL; reply = crb_once_take_dropped(node->once)) {
        free(reply);
    }
}

void sim_once_arrived(sim_side *at, const sim_request *request)
{
    const crb_once_key key = once_key(request);
    const uint64_t before = crb_once_get_stats(at->node->once).keys;
    crb_once_acknowledge(at->node->once, key.via, key.whose, request->once.acknowledged, at->sim->clock);
    sim_once_settle(at->node);
    if (crb_once_get_stats(at->node->once).keys < before) {
        sim_count(at->sim, SIM_DO_KEY_ACKNOWLEDGED);
    }
}

bool sim_once_admit(sim_request *request)
{
    sim_node *const node = request->at->node;
    sim *const s = node->sim;
    sim_effect *const effect = request->call->effect;
    const crb_once_key key = once_key(request);
    crb_once_entry *entry = NULL;
    const crb_once_verdict verdict = crb_once_admit(node->once, &key, false, s->clock, &entry);
    sim_once_settle(node);
    switch (verdict) {
    case CRB_ONCE_RUN:
        SIM_CHECK(s, effect->running == NULL, "effect %u: its key runs, and is to run again", effect->number);
        request->entry = entry;
        effect->running = request;
        return true;
    case CRB_ONCE_REPLAY:
        SIM_CHECK(s, ((sim_reply *)entry->user)->effect == effect, "effect %u: a reply that was kept for effect %u",
                  effect->number, ((sim_reply *)entry->user)->effect->number);
        sim_count(s, SIM_DO_KEY_REPLAYED);
        sim_replay(request, entry->user);
        return false;
    case CRB_ONCE_FORGET:
        sim_count(s, SIM_DO_KEY_FORGOTTEN);
        sim_refuse(request, CORBEL_FORGOTTEN, CORBEL_COMPLETED_MAYBE);
        return false;
    case CRB_ONCE_FULL:
        sim_refuse(request, CORBEL_OVERLOADED, CORBEL_COMPLETED_NO);
        return false;
    case CRB_ONCE_JOIN: /* the model does not ask while it runs: see serve_can() */
    default:
        SIM_CHECK(s, false, "effect %u: verdict %d about its key", effect->number, (int)verdict);
        return false;
    }
}

void sim_once_answered(sim_request *request, const crb_result *result)
{
    sim_node *const node = request->at->node;
    sim *const s = node->sim;
    sim_effect *const effect = request->call->effect;
    sim_reply *const reply = malloc(sizeof *reply);
    SIM_CHECK(s, reply != NULL, "no memory");
    *reply = (sim_reply) { .effect = effect,
                           .outcome = result->outcome,
                           .status = result->outcome == CRB_OUTCOME_ERROR ? result->error->status : CORBEL_OK,
                           .number = request->call->number,
                           .len = request->call->result_len };
    effect->running = NULL;
    crb_once_answered(node->once, request->entry, reply, reply->len, s->clock);
    request->entry = NULL;
    sim_once_settle(node);
}
