/* Servants, and who decides when a call enters: a small dispatcher by the rules of DESIGN's "Order". A call enters when its
 * arguments are whole, when the promise that it was made on is answered, and when the function of the call before it in its lane
 * has returned. */
#include "tests/runtime/session/property/sim.h"

#include "runtime/base/fail.h"

#include <stdlib.h>
#include <string.h>

/* ---- calls that come ---- */

static sim_request *serve_request(const crb_answer *answer)
{
    return crb_answer_user(answer);
}

static sim_call *serve_call(sim_side *at, const crb_event *event)
{
    sim *const s = at->sim;
    uint64_t number = 0;
    if (event->kind == CRB_EVENT_BIND) {
        const char *const dot = strchr(event->id, '.');
        number = dot != NULL ? strtoull(dot + 1, NULL, 10) : 0;
    } else {
        /* What is there of the arguments begins with it, also when the rest has still to come. */
        const crb_buf *const args = event->complete ? &event->args : &event->answer->args.buf;
        SIM_CHECK(s, args->len >= 8, "a call of %zu bytes", args->len);
        for (size_t i = 0; i < 8; i++) {
            number |= (uint64_t)args->data[i] << (8 * i);
        }
    }
    SIM_CHECK(s, number >= 1 && number <= s->n_calls, "a call that nobody made");
    return &s->calls[number - 1];
}

static void serve_target(sim_side *at, const crb_event *event, sim_request *request)
{
    sim *const s = at->sim;
    const sim_call *const call = request->call;
    const sim_object *wanted = call->target;
    request->place = ++at->node->places;
    if (call->promise != NULL) {
        wanted = sim_promised(call->promise, call->path);
        SIM_CHECK(s, wanted != NULL, "call %u: came on a promise that is not kept", call->number);
        sim_count(s, call->promise->returns == 0 ? SIM_DO_PROMISE_WAIT : SIM_DO_PROMISE_DIRECT);
    }
    request->object = event->object;
    if (wanted->node != at->node) { /* the caller's own: it goes back to it */
        SIM_CHECK(s,
                  call->promise != NULL && event->object == NULL && event->import != NULL &&
                      strcmp(event->as, "test::Object") == 0 && crb_import_user(event->import) == wanted,
                  "call %u: on a promise that is the caller's own object, and came as another", call->number);
        SIM_CHECK(s, at->n_held < SIM_HELD, "no room");
        at->held[at->n_held] = (sim_held) { event->import, crb_import_user(event->import) };
        request->object = sim_relay(at, at->n_held++);
        sim_note(at, "call on the own object of its caller", call->number, (uint64_t)wanted->index);
        sim_count(s, SIM_DO_PROMISE_OWN);
        return;
    }
    SIM_CHECK(s, event->import == NULL && (event->object == wanted || (event->object == NULL && wanted->gone[at->link])),
              "call %u: at another object: %d, not %d", call->number,
              event->object != NULL ? ((sim_object *)event->object)->index : -1, wanted->index);
}

/** The references of a call, once those that are promises are known. */
static void serve_refs(sim_side *at, const crb_event *event, sim_call *call)
{
    for (size_t i = 0; i < call->n_refs; i++) {
        if (call->ref_promises[i] != NULL) {
            call->refs[i] = sim_promised(call->ref_promises[i], call->ref_paths[i]);
            SIM_CHECK(at->sim, call->refs[i] != NULL, "call %u: a reference of a promise that is not kept", call->number);
        }
    }
    sim_take_refs(at, event, call->refs, call->n_refs);
}

static void serve_args(sim_request *request, crb_buf *args)
{
    const sim_call *const call = request->call;
    SIM_CHECK(request->at->sim, args->len == call->args_len && sim_is_filled(args->data, args->len),
              "call %u: other arguments than were given", call->number);
    request->complete = true;
    crb_buf_clear(args);
}

static void serve_check_after(const sim_side *at, const sim_call *call)
{
    sim *const s = at->sim;
    const sim_call *const after = call->after;
    if (after == NULL) {
        return;
    }
    /* The core answers some itself, as it refuses them; nobody else knows of that until RETURN is pulled. */
    const crb_id_node *const node = crb_id_find(&at->session->answers, after->on_wire);
    const crb_answer *const answer = node != NULL ? CRB_CONTAINER(node, const crb_answer, by_id) : NULL;
    const bool answered = after->answered || after->returns > 0 || (answer != NULL && answer->answered);
    const bool failed = (after->answered && after->answer != CRB_OUTCOME_RESULT) ||
                        (after->returns > 0 && after->returned != CRB_OUTCOME_RESULT) || !after->answered;
    SIM_CHECK(s, answered || after->on_wire == 0, "call %u comes before the call that it is after", call->number);
    /* One that was never sent stands for the one that it was after. */
    for (const sim_call *before = after->after; before != NULL; before = before->after) {
        SIM_CHECK(s, !before->arrived || before->answered, "call %u comes before call %u of its batch is over", call->number,
                  before->number);
    }
    SIM_CHECK(s, call->anyway || !failed, "call %u was to be skipped", call->number);
    sim_count(s, failed ? SIM_DO_ANYWAY : SIM_DO_AFTER);
}

/** What was left of the caller's time when the call was sent counts from its coming, which was some time since then. */
static void serve_check_deadline(sim_side *at, const crb_event *event, const sim_call *call)
{
    const bool fine = call->remaining == UINT64_MAX ? event->deadline == UINT64_MAX
                                                    : event->deadline + SIM_MS >= call->sent_at + call->remaining &&
                                                          event->deadline <= sim_now(at) + call->remaining + SIM_MS;
    SIM_CHECK(at->sim, fine, "call %u: came with another deadline than it was sent with", call->number);
}

void sim_arrived(sim_side *at, crb_event *event)
{
    sim *const s = at->sim;
    sim_call *const call = serve_call(at, event);
    SIM_CHECK(s, call->from == at->peer, "call %u: at the wrong peer", call->number);
    SIM_CHECK(s, !call->arrived, "call %u: came twice", call->number);
    SIM_CHECK(s,
              event->kind == CRB_EVENT_BIND || (event->lane == call->lane && event->chain == call->chain &&
                                                event->hop == call->hop && event->oneway == (call->kind == SIM_ONEWAY)),
              "call %u: lane, chain, hops or kind are others", call->number);
    serve_check_after(at, call);
    serve_check_deadline(at, event, call);
    call->arrived = true;
    sim_request *const request = calloc(1, sizeof *request);
    SIM_CHECK(s, request != NULL, "no memory");
    sim_request **end = &at->node->requests;
    while (*end != NULL) {
        end = &(*end)->next;
    }
    *end = request;
    request->at = at;
    request->answer = event->answer;
    request->call = call;
    request->enter = event->enter;
    request->deadline = event->deadline;
    SIM_CHECK(s, (event->once != NULL) == (call->once.sequence != 0), "call %u: with a key, or without", call->number);
    if (event->once != NULL) {
        request->once = *event->once;
        free(event->once);
        SIM_CHECK(s,
                  request->once.sequence == call->once.sequence && request->once.again == call->once.again &&
                      !request->once.relayed && request->once.acknowledged == call->once.acknowledged,
                  "call %u: came with another key", call->number);
        sim_once_arrived(at, request);
    }
    crb_answer_set_user(event->answer, request);
    sim_note(at, call->kind == SIM_BIND ? "gets bind" : "gets call", call->number, call->lane);
    if (event->kind == CRB_EVENT_BIND) {
        request->complete = true;
        return;
    }
    sim_streams_of_servant(at, event, call);
    serve_target(at, event, request);
    bool promised = false;
    for (size_t i = 0; i < call->n_refs; i++) {
        promised = promised || call->ref_promises[i] != NULL;
    }
    if (!promised || event->n_refs > 0) {
        serve_refs(at, event, call);
        request->has_refs = true;
    }
    if (event->complete) {
        serve_args(request, &event->args);
    } else {
        sim_count(s, SIM_DO_BODY_WAIT);
    }
}

void sim_body(sim_side *at, crb_event *event)
{
    sim_request *const request = serve_request(event->answer);
    SIM_CHECK(at->sim, !request->complete && !request->cancelled, "call %u: arguments twice, or too late", request->call->number);
    if (event->error.status != CORBEL_OK) {
        request->failed = true;
        request->failure = event->error.status;
        request->complete = true;
        crb_buf_clear(&event->args);
        corbel_error_clear(&event->error);
        return;
    }
    if (!request->has_refs) {
        serve_refs(at, event, request->call);
        request->has_refs = true;
    }
    serve_args(request, &event->args);
}

void sim_cancelled(sim_side *at, const crb_event *event)
{
    sim_request *const request = serve_request(event->answer);
    SIM_CHECK(at->sim, !request->cancelled, "call %u: cancelled twice", request->call->number);
    request->cancelled = true;
    request->call->told = true;
    sim_note(at, "is told to cancel", request->call->number, 0);
}

/* ---- answers ---- */

static void serve_forget(sim_request *request)
{
    sim_request **at = &request->at->node->requests;
    while (*at != request) {
        at = &(*at)->next;
    }
    *at = request->next;
    free(request);
}

static void serve_answer(sim_request *request, crb_result *result);

static void serve_error(sim_request *request, corbel_status status, corbel_completion completion)
{
    corbel_error error = CORBEL_ERROR_INIT;
    crb_fail(&error, status, completion, "the servant says so");
    crb_error_add_hop(&error, "daemon", "object", "operation", "why");
    crb_result result = { .outcome = CRB_OUTCOME_ERROR, .error = &error };
    serve_answer(request, &result);
    corbel_error_clear(&error);
}

static void serve_answer(sim_request *request, crb_result *result)
{
    sim_side *const at = request->at;
    sim_call *const call = request->call;
    SIM_CHECK(at->sim, !call->answered, "call %u: answered twice by the model", call->number);
    call->flows[0].reader = NULL;
    call->flows[1].writer = NULL;
    sim_note(at, result->outcome == CRB_OUTCOME_ERROR ? "answers with an error" : "answers", call->number, call->entered);
    if (request->entry != NULL) {
        sim_once_answered(request, result);
    }
    call->answered = true;
    call->left = true;
    call->answer = result->outcome;
    call->answer_status = result->outcome == CRB_OUTCOME_ERROR ? result->error->status : CORBEL_OK;
    if (call->kind == SIM_ONEWAY) {
        crb_session_done(at->session, request->answer);
    } else {
        crb_session_return(at->session, request->answer, result, sim_now(at));
        sim_count_fresh(at, result->refs_out, result->n_refs_out);
    }
    serve_forget(request);
}

void sim_refuse(sim_request *request, corbel_status status, corbel_completion completion)
{
    serve_error(request, status, completion);
}

void sim_replay(sim_request *request, const sim_reply *reply)
{
    sim_call *const call = request->call;
    crb_buf body = CRB_BUF_INIT;
    call->entered = true; /* an attempt before it was */
    if (reply->outcome == CRB_OUTCOME_ERROR) {
        serve_error(request, reply->status, CORBEL_COMPLETED_YES);
        return;
    }
    crb_result result = { .outcome = reply->outcome, .body = &body, .exception = "test::Wrong" };
    call->result_len = reply->len;
    SIM_CHECK(request->at->sim, sim_fill(&body, reply->number, reply->len), "no memory");
    serve_answer(request, &result);
    crb_buf_clear(&body);
}

static size_t serve_size(sim *s)
{
    return 8 + (size_t)(sim_chance(s, 8) ? sim_pick(s, 100000) : sim_pick(s, 300));
}

static void serve_result(sim_request *request, crb_outcome outcome)
{
    sim *const s = request->at->sim;
    sim_call *const call = request->call;
    crb_ref_out refs[SIM_REFS];
    crb_buf body = CRB_BUF_INIT;
    crb_result result = { .outcome = outcome, .body = &body, .refs_out = refs, .exception = "test::Wrong" };
    if (call->kind == SIM_BIND) {
        call->result[0] = &request->at->node->objects[call->wanted];
        refs[0] = (crb_ref_out) { .tag = 1, .interface = "test::Object", .object = call->result[0] };
        result.n_refs_out = 1;
    } else if (call->kind == SIM_CALL) {
        call->result_len = request->large ? 20000 + (size_t)sim_pick(s, 80000) : serve_size(s);
        result.n_refs_out =
            outcome == CRB_OUTCOME_RESULT && request->entry == NULL ? sim_choose_refs(request->at, refs, call->result, NULL) : 0;
        if (call->keep && outcome == CRB_OUTCOME_RESULT && request->at->n_held > 0 && sim_chance(s, 4)) {
            const sim_held *const held = &request->at->held[sim_pick(s, request->at->n_held)];
            refs[0] = (crb_ref_out) { .tag = 1, .interface = "test::Object", .import = held->import }; /* the caller's own */
            call->result[0] = held->object;
            result.n_refs_out = result.n_refs_out == 0 ? 1 : result.n_refs_out;
        }
        const bool filled = call->keep && outcome == CRB_OUTCOME_RESULT
                                ? sim_fill_kept(&body, call->number, result.n_refs_out, call->result_len)
                                : sim_fill(&body, call->number, call->result_len);
        SIM_CHECK(s, filled, "no memory");
    }
    call->n_result = result.n_refs_out;
    serve_answer(request, &result);
    crb_buf_clear(&body);
}

/* ---- entering ---- */

static bool serve_same_route(const sim_call *a, const sim_call *b)
{
    while (a != NULL && b != NULL && a->from == b->from) {
        a = a->carries;
        b = b->carries;
    }
    return a == NULL && b == NULL;
}

/** Two calls of one lane to one object, first made before second: is it told in which order they enter? Not, when the first was
 *  made on a promise and nobody could know what it stands for when the second was made on something else. */
static bool serve_is_ordered(const sim *s, const sim_call *first, const sim_call *second)
{
    const sim_call *const a = &s->calls[first->root_number - 1], *const b = &s->calls[second->root_number - 1];
    return a->promise == NULL || a->promise == b->promise ||
           (a->promise->done && a->promise->outcome == CRB_OUTCOME_RESULT && a->promise->done_at < b->number);
}

static void serve_check_order(const sim_request *request)
{
    sim *const s = request->at->sim;
    const sim_call *const call = request->call;
    for (const sim_call *other = s->calls; other < s->calls + s->n_calls; other++) {
        if (other == call || other->lane != call->lane || other->entered_at != request->object || other->root != call->root ||
            other->root_lane != call->root_lane || !serve_same_route(other, call)) {
            continue;
        }
        SIM_CHECK(s, other->left, "call %u enters before the function of call %u of its lane has returned", call->number,
                  other->number);
        SIM_CHECK(s, other->root_number < call->root_number || !serve_is_ordered(s, call, other),
                  "call %u enters after call %u of its lane, which was made later", call->number, other->number);
    }
}

static void serve_enter(sim_request *request)
{
    sim *const s = request->at->sim;
    sim_call *const call = request->call;
    SIM_CHECK(s, !request->at->closed, "call %u enters after the end of its session", call->number);
    if (call->lane != 0) {
        serve_check_order(request);
    }
    for (sim_call *at = call; at != NULL; at = at->carries) {
        SIM_CHECK(s, !at->done || at->completion != CORBEL_COMPLETED_NO, "call %u enters after its completion said NO",
                  at->number);
        SIM_CHECK(s, !at->entered, "call %u enters twice", at->number);
        at->entered = true;
    }
    call->entered_at = request->object;
    if (call->effect != NULL) {
        sim_effect_enters(request->at, call);
    }
    sim_note(request->at, "call enters", call->number, (uint64_t)request->object->index);
}

/** A call of the servant's own; NULL: it was refused, or there is nobody to call. */
static sim_call *serve_nested(sim_request *request, bool wait)
{
    sim_node *const node = request->at->node;
    sim *const s = node->sim;
    sim_side *const to = sim_chance(s, 2) ? request->at : node->sides[sim_pick(s, (uint64_t)s->n_nodes)];
    if (to == NULL || to->closed || to->n_held == 0) {
        return NULL;
    }
    corbel_status status = CORBEL_OK;
    const sim_asking asking = {
        .kind = !wait && sim_chance(s, 3) ? SIM_ONEWAY : SIM_CALL,
        .held = &to->held[sim_pick(s, to->n_held)],
        .lane = 1000 + node->threads++,
        .chain = wait ? request->call->chain : ++s->chains,
        .hop = request->call->hop + 1,
        .deadline = request->deadline,
        .within = request,
        .len = serve_size(s),
        .with_refs = true,
    };
    sim_call *const call = sim_ask(to, &asking, &status);
    if (call != NULL) {
        sim_count(s, to == request->at ? SIM_DO_CALLBACK : SIM_DO_NESTED);
    }
    return call;
}

static void serve_function(sim_request *request)
{
    sim *const s = request->at->sim;
    if (request->enter || sim_chance(s, 2)) {
        crb_session_enter(request->at->session, request->answer);
    }
    serve_enter(request);
    if (request->call->flows[0].used || request->call->flows[1].used) {
        request->state = SIM_STREAMING;
        return;
    }
    /* A nested call of an attempt would be one more of what is repeated. */
    const bool simple = s->winding_down || request->call->effect != NULL;
    const uint64_t what = s->cut_all != 0 ? 2 * sim_pick(s, 5) : simple ? sim_pick(s, 10) : sim_pick(s, 16);
    if (what < 6 || request->call->kind == SIM_ONEWAY) {
        serve_result(request, CRB_OUTCOME_RESULT);
    } else if (what == 6) {
        serve_result(request, CRB_OUTCOME_EXCEPTION);
    } else if (what == 7) {
        serve_error(request, CORBEL_FAILED, CORBEL_COMPLETED_YES);
    } else if (what < 11) {
        sim_count(s, SIM_DO_DEFER);
        request->state = SIM_DEFERRED;
        request->left = true;
        request->call->left = true;
    } else if (what == 15) {
        serve_nested(request, false);
        serve_result(request, CRB_OUTCOME_RESULT);
    } else {
        request->nested = serve_nested(request, true);
        if (request->nested != NULL) {
            request->state = SIM_BLOCKED;
        } else {
            serve_error(request, CORBEL_FAILED, CORBEL_COMPLETED_YES);
        }
    }
}

/** A relay sends the call on, in the order of its lane; it never waits for the answer. */
static void serve_relay(sim_request *request)
{
    sim_object *const relay = request->object;
    sim_call *const call = request->call;
    sim *const s = request->at->sim;
    const uint64_t lane = ((uint64_t)(request->at->link * 2 + request->at->end + 1) << 32) + call->lane;
    const sim_asking asking = {
        .kind = call->kind,
        .held = &relay->to,
        .lane = call->lane == 0 ? 0 : lane,
        .chain = call->chain,
        .hop = call->hop + 1,
        .deadline = request->deadline,
        .carries = call,
        .len = call->args_len,
    };
    corbel_status status = CORBEL_OK;
    sim_call *const on = sim_ask(relay->relay, &asking, &status);
    if (on == NULL && status == CORBEL_WOULD_BLOCK && !s->winding_down && !sim_chance(s, 3)) {
        return; /* it waits for credit, and its lane with it */
    }
    if (request->enter || sim_chance(s, 2)) {
        crb_session_enter(request->at->session, request->answer);
    }
    sim_count(s, SIM_DO_RELAY);
    if (on == NULL) {
        serve_error(request, status == CORBEL_WOULD_BLOCK ? CORBEL_OVERLOADED : status, CORBEL_COMPLETED_NO);
    } else if (call->kind == SIM_ONEWAY) {
        serve_result(request, CRB_OUTCOME_RESULT);
    } else {
        request->state = SIM_CARRIED;
        request->left = true;
        request->nested = on;
    }
}

/** What was carried on has come back. References of the result stay here: the relay's own are others. */
static void serve_carried(sim_request *request)
{
    const sim_call *const on = request->nested;
    if (on->outcome == CRB_OUTCOME_ERROR) {
        serve_error(request, on->status, on->completion);
    } else {
        serve_result(request, on->outcome);
    }
}

/* ---- steps ---- */

static bool serve_is_first(const sim_request *request)
{
    if (request->call->lane == 0) {
        return true;
    }
    for (const sim_request *other = request->at->node->requests; other != NULL; other = other->next) {
        if (other->at == request->at && other->call->lane == request->call->lane && other->object == request->object &&
            other->call->kind != SIM_BIND && other->place < request->place && !other->left) {
            return false;
        }
    }
    return true;
}

static bool serve_can_enter(const sim_request *request)
{
    /* One whose key runs waits for that. */
    const bool joins = request->once.sequence != 0 && request->call->effect->running != NULL;
    return request->complete && !joins && serve_is_first(request);
}

static bool serve_can(const sim_request *request)
{
    if (request->at->closed || request->call->kind == SIM_BIND) {
        return true;
    }
    switch (request->state) {
    case SIM_QUEUED:
        return request->cancelled || serve_can_enter(request);
    case SIM_BLOCKED:
    case SIM_CARRIED:
        return request->nested->done;
    case SIM_STREAMING: { /* it reads to the end, unless it has had enough */
        const sim_flow *const in = &request->call->flows[0];
        return request->cancelled || !in->used || in->end_came || in->enough;
    }
    case SIM_DEFERRED:
        return true;
    }
    return false;
}

static void serve_bind(sim_request *request)
{
    if (request->at->sim->cut_all == 0 && sim_chance(request->at->sim, 6)) {
        serve_error(request, CORBEL_NOT_FOUND, CORBEL_COMPLETED_NO);
    } else {
        serve_result(request, CRB_OUTCOME_RESULT);
    }
}

static void serve_queued(sim_request *request)
{
    sim *const s = request->at->sim;
    const bool can = serve_can_enter(request);
    if (request->cancelled && (!can || sim_chance(s, 2))) {
        serve_error(request, CORBEL_CANCELLED, CORBEL_COMPLETED_NO);
    } else if (request->failed) {
        serve_error(request, request->failure, CORBEL_COMPLETED_NO);
    } else if (request->object == NULL) {
        serve_error(request, CORBEL_NOT_FOUND, CORBEL_COMPLETED_NO);
    } else if (request->object->index >= SIM_OBJECTS) {
        serve_relay(request);
    } else if (request->call->effect != NULL && s->overloaded && sim_chance(s, 2)) {
        serve_error(request, CORBEL_OVERLOADED, CORBEL_COMPLETED_NO);
    } else if (s->cut_all == 0 && sim_chance(s, 20)) {
        serve_error(request, CORBEL_REFUSED, CORBEL_COMPLETED_NO);
    } else if (request->once.sequence == 0 || sim_once_admit(request)) {
        serve_function(request);
    }
}

static void serve_step(sim_request *request)
{
    if (request->at->closed && request->entry != NULL) {
        /* Its function runs on, and what it answers is kept. */
        if (request->lingers++ >= 25) {
            serve_result(request, CRB_OUTCOME_RESULT);
        }
    } else if (request->at->closed) {
        /* The session only frees it now. */
        serve_error(request, CORBEL_CANCELLED, CORBEL_COMPLETED_MAYBE);
    } else if (request->call->kind == SIM_BIND) {
        serve_bind(request);
    } else if (request->state == SIM_QUEUED) {
        serve_queued(request);
    } else if (request->state == SIM_CARRIED) {
        serve_carried(request);
    } else if (request->state == SIM_STREAMING && !sim_chance(request->at->sim, 3)) {
        if (!sim_stream(request->at->node)) {
            serve_result(request, CRB_OUTCOME_EXCEPTION);
        }
    } else {
        sim_flow *const out = &request->call->flows[1];
        if (out->writer != NULL) { /* it says so, and returns at once */
            crb_session_stream_end(request->at->session, out->writer);
            out->ended = true;
            out->writer = NULL;
            request->large = true;
        }
        serve_result(request, CRB_OUTCOME_RESULT);
    }
}

bool sim_serve(sim_node *node)
{
    uint64_t n = 0;
    for (const sim_request *request = node->requests; request != NULL; request = request->next) {
        n += serve_can(request);
        if (request->state == SIM_QUEUED && request->once.sequence != 0 && request->call->effect->running != NULL) {
            sim_count(node->sim, SIM_DO_KEY_JOINS);
        }
        if (request->state == SIM_QUEUED && request->complete && !serve_is_first(request)) {
            sim_count(node->sim, SIM_DO_LANE_WAIT);
        }
    }
    if (n == 0) {
        return false;
    }
    uint64_t left = sim_pick(node->sim, n);
    for (sim_request *request = node->requests; request != NULL; request = request->next) {
        if (!serve_can(request)) {
            continue;
        }
        if (left-- == 0) {
            serve_step(request);
            return true;
        }
    }
    return false;
}

bool sim_is_idle(const sim_node *node)
{
    return node->requests == NULL;
}
