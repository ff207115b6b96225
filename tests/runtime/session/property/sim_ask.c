/* Callers: calls and binds, what comes back, references that are passed, taken and given back. */
#include "tests/runtime/session/property/sim.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- bytes ---- */

static uint8_t fill_byte(uint64_t number, size_t i)
{
    const uint64_t byte = i < 8 ? number >> (8 * i) : number * 17 + i * 31 + (i >> 8) * 7;
    return (uint8_t)byte;
}

bool sim_fill(crb_buf *buf, uint64_t number, size_t len)
{
    uint8_t *const at = crb_buf_reserve(buf, len);
    for (size_t i = 0; at != NULL && i < len; i++) {
        at[i] = fill_byte(number, i);
    }
    buf->len += at != NULL ? len : 0;
    return at != NULL;
}

bool sim_is_filled(const uint8_t *data, size_t len)
{
    uint64_t number = 0;
    for (size_t i = 0; i < 8 && i < len; i++) {
        number |= (uint64_t)data[i] << (8 * i);
    }
    for (size_t i = 8; i < len; i++) {
        if (data[i] != fill_byte(number, i)) {
            return false;
        }
    }
    return true;
}

/** Field 1: the tag of the first reference; field 3: a message whose field 1 is that of the second; field 4: bytes, which follow.
 */
static void fill_names(crb_buf *buf, size_t n_refs, size_t len)
{
    static const uint8_t first[] = { 0x08, 1 }, second[] = { 0x1A, 2, 0x08, 2 }, bytes[] = { 0x22 };
    if (n_refs > 0) {
        crb_buf_append(buf, first, sizeof first);
    }
    if (n_refs > 1) {
        crb_buf_append(buf, second, sizeof second);
    }
    crb_buf_append(buf, bytes, sizeof bytes);
    crb_buf_varint(buf, len);
}

bool sim_fill_kept(crb_buf *buf, uint64_t number, size_t n_refs, size_t len)
{
    fill_names(buf, n_refs, len);
    return sim_fill(buf, number, len) && !buf->failed;
}

bool sim_is_filled_kept(const crb_buf *buf, size_t n_refs, size_t len)
{
    crb_buf names = CRB_BUF_INIT;
    fill_names(&names, n_refs, len);
    const bool fine =
        buf->len == names.len + len && memcmp(buf->data, names.data, names.len) == 0 && sim_is_filled(buf->data + names.len, len);
    crb_buf_clear(&names);
    return fine;
}

/* ---- promises ---- */

static const uint32_t path_first[] = { 1 }, path_second[] = { 3, 1 }, path_nowhere[] = { 4, 1 };
static const struct {
    const uint32_t *path;
    size_t n;
} paths[SIM_PATHS] = {
    [SIM_PATH_FIRST] = { path_first, 1 },
    [SIM_PATH_SECOND] = { path_second, 2 },
    [SIM_PATH_NOWHERE] = { path_nowhere, 2 },
};

sim_object *sim_promised(const sim_call *promise, sim_path path)
{
    const size_t at = path == SIM_PATH_SECOND ? 1 : 0;
    return promise->answered && promise->answer == CRB_OUTCOME_RESULT && path != SIM_PATH_NOWHERE && promise->n_result > at
               ? promise->result[at]
               : NULL;
}

sim_call *sim_some_promise(sim_side *at)
{
    sim *const s = at->sim;
    sim_call *found = NULL;
    uint64_t n = 0;
    for (uint32_t i = 0; i < s->n_calls; i++) {
        sim_call *const call = &s->calls[i];
        if ((call->kind == SIM_BIND || call->keep) && call->from == at && call->question != NULL && sim_pick(s, ++n) == 0) {
            found = call;
        }
    }
    return found;
}

/** A path for a promise: nearly always one that can be. */
static sim_path some_path(sim *s, const sim_call *promise)
{
    return promise->kind == SIM_BIND ? SIM_PATH_FIRST : (sim_path)(sim_chance(s, 10) ? SIM_PATH_NOWHERE : sim_pick(s, 2));
}

/* ---- references ---- */

void sim_count_fresh(sim_side *at, const crb_ref_out *refs, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (refs[i].fresh) {
            ((sim_object *)refs[i].object)->holds[at->link]++;
        }
    }
}

sim_object *sim_relay(sim_side *from, size_t held)
{
    sim_object *const objects = from->node->objects;
    for (int i = SIM_OBJECTS; i < SIM_OBJECTS + SIM_RELAYS; i++) {
        sim_object *const object = &objects[i];
        if (object->used && object->relay == from && object->to.import == from->held[held].import) {
            return object;
        }
    }
    for (int i = SIM_OBJECTS; i < SIM_OBJECTS + SIM_RELAYS; i++) {
        sim_object *const object = &objects[i];
        if (!object->used) {
            *object = (sim_object) { .node = from->node, .index = i, .used = true, .relay = from, .to = from->held[held] };
            from->held[held] = from->held[--from->n_held]; /* its receipt is the relay's from now on */
            return object;
        }
    }
    return NULL;
}

/** Relays that nobody holds any more give back what they stand for. */
static void relay_settle(sim_object *object)
{
    bool held = false;
    for (int i = 0; i < SIM_LINKS; i++) {
        held = held || object->holds[i] > 0;
    }
    for (const sim_request *request = object->node->requests; request != NULL; request = request->next) {
        held = held || request->object == object;
    }
    if (object->used && !held) {
        crb_session_release(object->relay->session, object->to.import, 1);
        object->used = false;
    }
}

void sim_unexported(sim_side *at, sim_object *object)
{
    int *const holds = &object->holds[at->link];
    SIM_CHECK(at->sim, *holds > 0, "object %d is not held any more, and was not", object->index);
    --*holds;
}

/** Makes the reference a promise, if the side has one. */
static bool choose_promise(sim_side *at, crb_ref_out *ref, sim_call *call, size_t i)
{
    sim_call *const promise = sim_some_promise(at);
    /* One that waits for others itself might come to stand behind this call in its lane, and each would wait for the other. */
    if (promise == NULL || promise == call || promise->promise != NULL || promise->n_refs > 0 || promise->after != NULL) {
        return false;
    }
    const sim_path path = some_path(at->sim, promise);
    call->ref_promises[i] = promise;
    call->ref_paths[i] = path;
    ref->promise = promise->question;
    ref->path = promise->kind == SIM_BIND ? NULL : paths[path].path;
    ref->n_path = promise->kind == SIM_BIND ? 0 : paths[path].n;
    sim_count(at->sim, SIM_DO_PROMISE_PASSED);
    return true;
}

size_t sim_choose_refs(sim_side *at, crb_ref_out refs[SIM_REFS], sim_object *objects[SIM_REFS], sim_call *call)
{
    sim *const s = at->sim;
    const size_t n = sim_chance(s, 3) ? (size_t)sim_pick(s, SIM_REFS + 1) : 0;
    for (size_t i = 0; i < n; i++) {
        refs[i] = (crb_ref_out) { .tag = i + 1, .interface = "test::Object" };
        const uint64_t what = sim_pick(s, 7);
        if (what == 6 && call != NULL && choose_promise(at, &refs[i], call, i)) {
            continue;
        }
        sim_side *const other = at->node->sides[sim_pick(s, (uint64_t)s->n_nodes)];
        if (what < 2 && at->n_held > 0) {
            const sim_held *const held = &at->held[sim_pick(s, at->n_held)];
            refs[i].import = held->import;
            objects[i] = held->object;
            sim_count(s, SIM_DO_REFERENCE_BACK);
            continue;
        }
        if (what == 2 && other != NULL && other != at && !other->closed && other->n_held > 0) {
            objects[i] = sim_relay(other, sim_pick(s, other->n_held));
            if (objects[i] != NULL) {
                refs[i].object = objects[i];
                sim_count(s, SIM_DO_REFERENCE_RELAYED);
                continue;
            }
        }
        objects[i] = &at->node->objects[sim_pick(s, SIM_OBJECTS)];
        refs[i].object = objects[i];
        sim_count(s, SIM_DO_REFERENCE);
    }
    return n;
}

void sim_take_ref(sim_side *at, const crb_ref_in *ref, sim_object *object)
{
    sim *const s = at->sim;
    SIM_CHECK(s, strcmp(ref->interface, "test::Object") == 0, "a reference came changed");
    if (object->node == at->node) {
        SIM_CHECK(s, ref->import == NULL, "an own object came back as another's");
        SIM_CHECK(s, ref->object == object || (ref->object == NULL && object->gone[at->link]),
                  "own object %d came back as another one, or not at all", object->index);
        SIM_CHECK(s, ref->object == NULL || object->holds[at->link] > 0, "it is not held any more");
        return;
    }
    SIM_CHECK(s, ref->import != NULL && ref->object == NULL, "a reference to the peer's object came as something else");
    SIM_CHECK(s, crb_import_user(ref->import) == NULL || crb_import_user(ref->import) == object,
              "one reference stands for two objects");
    crb_import_set_user(ref->import, object);
    sim_note(at, "takes a reference to object", (uint64_t)object->index, at->n_held);
    if (at->n_held == SIM_HELD) {
        crb_session_release(at->session, ref->import, 1);
    } else {
        at->held[at->n_held++] = (sim_held) { ref->import, object };
    }
}

void sim_take_refs(sim_side *at, const crb_event *event, sim_object *const *objects, size_t n)
{
    SIM_CHECK(at->sim, event->n_refs == n, "%zu references came, %zu were sent", event->n_refs, n);
    for (size_t i = 0; i < n; i++) {
        SIM_CHECK(at->sim, event->refs[i].tag == i + 1, "a reference came changed");
        sim_take_ref(at, &event->refs[i], objects[i]);
    }
}

void sim_release(sim_side *at, size_t held)
{
    crb_import *const import = at->held[held].import;
    at->held[held] = at->held[--at->n_held];
    sim_count(at->sim, SIM_DO_RELEASE);
    sim_note(at, "releases object", (uint64_t)((sim_object *)crb_import_user(import))->index, 0);
    crb_session_release(at->session, import, 1);
}

/* ---- calls ---- */

static sim_call *ask_new(sim_side *from, sim_kind kind)
{
    sim *const s = from->sim;
    if (s->n_calls == SIM_CALLS) {
        return NULL;
    }
    sim_call *const call = &s->calls[s->n_calls++];
    *call = (sim_call) { .number = s->n_calls, .kind = kind, .from = from, .root = from->node, .root_number = s->n_calls };
    return call;
}

static sim_call *ask_refused(sim_call *call, corbel_status status, const corbel_error *error, corbel_status *ret_status)
{
    sim *const s = call->from->sim;
    SIM_CHECK(s, status != CORBEL_OK && error->status == status && error->completion == CORBEL_COMPLETED_NO,
              "refused with status %d, and the error says %d, completion %d", (int)status, (int)error->status,
              (int)error->completion);
    SIM_CHECK(s, status != CORBEL_DRAINING || call->hop == 0,
              "call %u: refused by a peer that goes away, though its chain runs there", call->number);
    s->counts->refused[status]++;
    bool *const waits = &call->from->waits[call->hop == 0 ? CRB_WIN_REQUESTS : CRB_WIN_NESTED];
    *waits = *waits || status == CORBEL_WOULD_BLOCK;
    sim_note(call->from, corbel_status_name(status), call->number, 0);
    call->done = true;
    call->done_at = s->n_calls;
    call->outcome = CRB_OUTCOME_ERROR;
    call->status = status;
    call->completion = CORBEL_COMPLETED_NO;
    *ret_status = status;
    return NULL;
}

sim_call *sim_ask(sim_side *from, const sim_asking *asking, corbel_status *ret_status)
{
    static const char *const names[] = { "one", "two", "three", "four" };
    static const char keys[4];
    sim *const s = from->sim;
    *ret_status = CORBEL_LIMIT;
    sim_call *const call = ask_new(from, asking->kind);
    if (call == NULL) {
        return NULL;
    }
    crb_ref_out refs[SIM_REFS];
    /* A nested call on what the call that it is within will answer would wait for itself. */
    call->n_refs = asking->with_refs ? sim_choose_refs(from, refs, call->refs, asking->within == NULL ? call : NULL) : 0;
    call->target = asking->held != NULL ? asking->held->object : NULL;
    call->promise = asking->promise;
    call->lane = asking->lane;
    call->deadline = asking->deadline;
    call->effect = asking->effect;
    if (asking->effect != NULL && asking->effect->promise == SIM_ONCE) {
        sim_effect_key(asking->effect, &call->once);
    }
    call->chain = asking->chain;
    call->hop = asking->hop;
    call->within = asking->within;
    call->carries = asking->carries;
    call->after = asking->after;
    call->anyway = asking->anyway;
    call->guard = asking->guard;
    call->keep = asking->keep;
    call->flows[0].used = asking->stream_in;
    call->flows[1].used = asking->stream_out;
    call->path = asking->promise != NULL ? some_path(s, asking->promise) : SIM_PATH_FIRST;
    call->args_len = asking->len;
    call->root_lane = call->lane;
    if (asking->carries != NULL) {
        call->root = asking->carries->root;
        call->root_lane = asking->carries->root_lane;
        call->root_number = asking->carries->root_number;
    }
    crb_buf args = CRB_BUF_INIT;
    SIM_CHECK(s, sim_fill(&args, call->number, call->args_len), "no memory");
    const uint64_t name = sim_pick(s, 4);
    crb_call_out out = {
        .target = asking->held != NULL ? asking->held->import : NULL,
        .promise = asking->promise != NULL ? asking->promise->question : NULL,
        .operation_key = sim_chance(s, 2) ? &keys[name] : NULL,
        .interface = "test::Object",
        .operation = asking->effect == NULL && sim_chance(s, 300) ? "" : names[name], /* sometimes one that cannot be */
        .lane = call->lane,
        .deadline = asking->deadline,
        .chain = call->chain,
        .hop = call->hop,
        .oneway = asking->kind == SIM_ONEWAY,
        .refs = refs,
        .n_refs = call->n_refs,
        .args = &args,
        .user = call,
        .after = asking->after != NULL ? asking->after->question : NULL,
        .anyway = asking->anyway,
        .guard = asking->guard,
        .once = call->once.sequence != 0 ? &call->once : NULL,
        .path = asking->promise != NULL && asking->promise->keep ? paths[call->path].path : NULL,
        .n_path = asking->promise != NULL && asking->promise->keep ? paths[call->path].n : 0,
        .keep = asking->keep,
        .stream_in = asking->stream_in,
        .stream_out = asking->stream_out,
    };
    corbel_error error = CORBEL_ERROR_INIT;
    const corbel_status status = crb_session_call(from->session, &out, sim_now(from), &call->question, &error);
    if (status != CORBEL_OK) {
        crb_buf_clear(&args);
        ask_refused(call, status, &error, ret_status);
        corbel_error_clear(&error);
        return NULL;
    }
    call->early = !crb_session_is_open(from->session);
    SIM_CHECK(s, args.data == NULL && (call->question == NULL) == out.oneway, "a call that was queued and not taken over");
    sim_count_fresh(from, refs, call->n_refs);
    if (asking->stream_in || asking->stream_out) {
        sim_streams_of_asker(call);
    }
    sim_note(from, out.oneway ? "oneway call, on" : "call, on", call->number,
             call->promise != NULL ? 1000 + call->promise->number : (uint64_t)call->target->index);
    if (call->args_len > CRB_PIECE) {
        sim_count(s, SIM_DO_LARGE);
    }
    if (call->hop > 2) {
        sim_count(s, SIM_DO_DEEP);
    }
    *ret_status = CORBEL_OK;
    return call;
}

sim_call *sim_bind(sim_side *from, const sim_object *object, uint64_t deadline)
{
    sim_call *const call = ask_new(from, SIM_BIND);
    if (call == NULL) {
        return NULL;
    }
    char id[32];
    call->wanted = object != NULL ? object->index : (int)(call->number % SIM_OBJECTS);
    (void)snprintf(id, sizeof id, "%d.%u", call->wanted, call->number);
    corbel_error error = CORBEL_ERROR_INIT;
    if (object == NULL && sim_chance(from->sim, 8)) {
        deadline = sim_now(from) + (1 + sim_pick(from->sim, 30)) * SIM_MS;
    }
    call->deadline = deadline;
    corbel_status status =
        crb_session_bind(from->session, id, "test::Object", 42, deadline, call, sim_now(from), &call->question, &error);
    if (status != CORBEL_OK) {
        ask_refused(call, status, &error, &status);
        corbel_error_clear(&error);
        return NULL;
    }
    sim_note(from, "bind, of", call->number, (uint64_t)call->wanted);
    return call;
}

void sim_finish(sim_call *call, bool cancel)
{
    sim_side *const from = call->from;
    sim_note(from, cancel ? "cancels" : "finishes", call->number, 0);
    if (!call->done &&
        (cancel || (call->kind == SIM_BIND && call->on_wire == 0))) { /* a bind that was not sent has nobody to answer it */
        sim_count(from->sim, call->on_wire != 0 ? SIM_DO_CANCEL_SENT : SIM_DO_CANCEL_QUEUED);
        call->cancelled = true;
    }
    if (call->cancelled) {
        call->flows[0].writer = NULL;
        call->flows[1].reader = NULL;
    }
    crb_session_finish(from->session, call->question, cancel);
    call->question = NULL;
}

/* ---- completions ---- */

/** Of a call that is after another one, which has failed. */
static bool is_skipped(const sim_call *call)
{
    const sim_call *const after = call->after;
    return after != NULL && !call->anyway &&
           ((after->done && after->outcome != CRB_OUTCOME_RESULT) ||
            (after->returns > 0 && after->returned != CRB_OUTCOME_RESULT));
}

/** One that does may fail as what it names did, or what that named. */
static bool names_promise(const sim_call *call)
{
    bool some = call->promise != NULL;
    for (size_t i = 0; i < call->n_refs; i++) {
        some = some || call->ref_promises[i] != NULL;
    }
    return some;
}

/** What the completion says against what the servant's side knows: a NO holds for ever, a YES is never early. */
static void returned_truth(sim_side *at, const sim_call *call)
{
    sim *const s = at->sim;
    SIM_CHECK(s, call->completion != CORBEL_COMPLETED_NO || !call->entered, "call %u: NO, but it entered", call->number);
    SIM_CHECK(s, call->completion != CORBEL_COMPLETED_YES || call->entered || call->kind == SIM_BIND,
              "call %u: YES, but it did not enter", call->number);
    if (call->outcome != CRB_OUTCOME_ERROR) {
        SIM_CHECK(s, call->answered && call->answer == call->outcome, "call %u: a result that nobody gave", call->number);
    } else if (call->status == CORBEL_SKIPPED && !call->answered) {
        SIM_CHECK(s, is_skipped(call) || names_promise(call), "call %u: skipped, and the call before it has not failed",
                  call->number);
        sim_count(s, SIM_DO_SKIPPED);
    } else if (call->status == CORBEL_CANCELLED) {
        SIM_CHECK(s, call->answered || call->cancelled || call->told || names_promise(call), "call %u: cancelled by nobody",
                  call->number);
    } else if (call->status == CORBEL_GONE) {
        SIM_CHECK(s, crb_session_over(at->session) || call->answer_status == CORBEL_GONE || names_promise(call),
                  "call %u: gone, and its session lives", call->number);
    }
}

void sim_returned(sim_side *at, crb_event *event)
{
    sim *const s = at->sim;
    sim_call *const call = event->user;
    SIM_CHECK(s, call >= s->calls && call < s->calls + s->n_calls && call->from == at, "a completion at somebody else's");
    SIM_CHECK(s, !call->done, "call %u completed twice", call->number);
    SIM_CHECK(s, call->kind != SIM_ONEWAY, "oneway call %u completed", call->number);
    call->done = true;
    call->done_at = s->n_calls;
    call->outcome = event->outcome;
    call->completion = CORBEL_COMPLETED_YES;
    if (call->kind == SIM_CALL && !call->keep) {
        call->question = NULL;
    }
    if (event->outcome == CRB_OUTCOME_ERROR) {
        call->status = event->error.status;
        call->completion = event->error.completion;
        SIM_CHECK(s, call->status != CORBEL_OK, "an error that is none");
        corbel_error_clear(&event->error);
    } else if (call->kind == SIM_CALL) {
        const bool as_given = call->keep && event->outcome == CRB_OUTCOME_RESULT
                                  ? sim_is_filled_kept(&event->body, call->n_result, call->result_len)
                                  : event->body.len == call->result_len && sim_is_filled(event->body.data, event->body.len);
        SIM_CHECK(s, as_given, "call %u: another result than was given", call->number);
        SIM_CHECK(s, event->outcome != CRB_OUTCOME_EXCEPTION || strcmp(event->exception, "test::Wrong") == 0,
                  "call %u: another exception", call->number);
    }
    sim_note(at, event->outcome == CRB_OUTCOME_ERROR ? corbel_status_name(call->status) : "result, of", call->number,
             (uint64_t)call->completion);
    sim_take_refs(at, event, call->result, event->outcome == CRB_OUTCOME_ERROR ? 0 : call->n_result);
    crb_buf_clear(&event->body);
    s->counts->completed[(int)call->status < SIM_STATUSES ? call->status : 0]++;
    s->counts->completions[call->completion]++;
    if (call->status == CORBEL_DEADLINE) {
        sim_count(s, SIM_DO_EXPIRED);
    }
    if (call->promise != NULL && call->on_wire != 0 && !call->arrived && call->outcome == CRB_OUTCOME_ERROR) {
        sim_count(s, SIM_DO_PROMISE_FAILED);
    }
    const sim_flow *const flow = &call->flows[1];
    const bool broke = call->status == CORBEL_GONE && crb_session_over(at->session); /* whatever its servant said */
    const bool as_answered = call->answered && !broke && call->outcome == call->answer && call->status == call->answer_status;
    SIM_CHECK(s, !as_answered || flow->enough || call->cancelled || (flow->came == flow->put && flow->refs_came == flow->n_refs),
              "call %u: completed before all of its items had come", call->number);
    call->flows[0].writer = NULL;
    call->flows[1].reader = NULL;
    returned_truth(at, call);
}

/** Outside of any session: between two steps. */
void sim_settle_relays(sim *s)
{
    for (int i = 0; i < s->n_nodes; i++) {
        for (int k = SIM_OBJECTS; k < SIM_OBJECTS + SIM_RELAYS; k++) {
            if (s->nodes[i].objects[k].used) {
                relay_settle(&s->nodes[i].objects[k]);
            }
        }
    }
}
