/* An auditor of the wire: takes every message apart as it is pulled, and holds it against the rules of docs/protocol.md with
 * books of its own. What it knows of the cores is only which object an index and generation stand for. */
#include "tests/runtime/session/property/sim.h"

#include <string.h>

/* ---- references ---- */

static sim_pair *wire_pair(sim_side *owner, uint32_t index, uint32_t generation)
{
    for (size_t i = 0; i < owner->n_pairs; i++) {
        if (owner->pairs[i].index == index && owner->pairs[i].generation == generation) {
            return &owner->pairs[i];
        }
    }
    return NULL;
}

static void wire_refs(sim_side *at, const crb_wire_ref *refs, size_t n)
{
    sim *const s = at->sim;
    for (size_t i = 0; i < n; i++) {
        const crb_wire_ref *const ref = &refs[i];
        if (ref->promise != 0) {
            const sim_call *const promise = ref->promise <= at->last_question ? at->asked[ref->promise] : NULL;
            SIM_CHECK(s, promise != NULL && promise->finishes == 0 && (promise->keep || promise->kind == SIM_BIND),
                      "a reference that is no open promise");
            continue;
        }
        if (ref->yours) {
            const sim_pair *const pair = wire_pair(at->peer, ref->index, ref->generation);
            SIM_CHECK(s, pair != NULL && pair->sent > pair->released, "a reference back that this side does not hold");
            continue;
        }
        const crb_export *const export = crb_export_find(at->session, ref->index, ref->generation);
        sim_pair *pair = wire_pair(at, ref->index, ref->generation);
        if (pair == NULL && at->n_pairs < SIM_PAIRS) {
            pair = &at->pairs[at->n_pairs++];
            *pair = (sim_pair) { .index = ref->index, .generation = ref->generation };
            if (ref->generation > 1) {
                sim_count(s, SIM_DO_REUSE);
            }
        }
        if (pair == NULL) {
            continue;
        }
        const void *const object = export != NULL ? crb_export_object(export) : NULL;
        SIM_CHECK(s, pair->object == NULL || object == NULL || pair->object == object, "reference %u.%u stands for two objects",
                  ref->index, ref->generation);
        pair->object = object != NULL ? object : pair->object;
        pair->sent++;
    }
}

static void wire_release(sim_side *at, uint32_t index, uint32_t generation, uint64_t count)
{
    sim_pair *const pair = wire_pair(at->peer, index, generation);
    SIM_CHECK(at->sim, pair != NULL && count > 0 && count <= pair->sent - pair->released,
              "RELEASE of %llu of reference %u.%u, which are not held", (unsigned long long)count, index, generation);
    pair->released += count;
}

/* ---- windows ---- */

static void wire_use(sim_side *at, crb_window window, uint64_t bytes, bool early)
{
    sim_window *const used = &at->windows[window];
    uint64_t most = window == CRB_WIN_BULK ? CRB_WINDOW_BULK : at->peer->session->rx[window].size;
    if (early && most < CRB_EARLY_BYTES) {
        most = CRB_EARLY_BYTES; /* what may be sent before HELLO has come */
    }
    used->used += bytes;
    SIM_CHECK(at->sim, used->used - used->credited <= most, "more bytes on the way than window %d has", (int)window);
}

static void wire_credit(sim_side *at, const crb_frame *frame)
{
    const uint64_t given[CRB_WINDOWS] = { frame->u.credit.requests, frame->u.credit.nested, frame->u.credit.responses,
                                          frame->u.credit.bulk };
    for (int i = 0; i < CRB_WINDOWS; i++) {
        sim_window *const used = &at->peer->windows[i];
        used->credited += given[i];
        SIM_CHECK(at->sim, used->credited <= used->used, "more credit than was used of window %d", i);
    }
}

/* ---- questions ---- */

static void wire_question(sim_side *at, uint64_t question, sim_call *call)
{
    sim *const s = at->sim;
    SIM_CHECK(s, question == at->last_question + 1 && question <= SIM_CALLS, "question %llu after %llu",
              (unsigned long long)question, (unsigned long long)at->last_question);
    SIM_CHECK(s, call->from == at && call->on_wire == 0, "call %u: sent twice, or by another", call->number);
    SIM_CHECK(s, !call->done, "call %u: sent after its completion", call->number);
    at->last_question = question;
    at->asked[question] = call;
    call->on_wire = question;
}

/** What is left of the call's time when it goes, to a millisecond. */
static void wire_deadline(sim_side *at, uint64_t remaining_us, sim_call *call)
{
    const uint64_t now = sim_now(at);
    const uint64_t left = call->deadline == UINT64_MAX ? 0 : call->deadline > now ? call->deadline - now : 1;
    const uint64_t told = remaining_us * 1000;
    const uint64_t apart = left > told ? left - told : told - left;
    SIM_CHECK(at->sim, (left == 0) == (remaining_us == 0) && apart <= SIM_MS, "call %u: sent with another deadline than it has",
              call->number);
    call->sent_at = now;
    call->remaining = remaining_us == 0 ? UINT64_MAX : told;
}

/** A key is one call's, for good, and nothing is acknowledged that is not done with. */
static void wire_key(sim_side *at, const crb_wire_call *frame, const sim_call *call)
{
    sim *const s = at->sim;
    SIM_CHECK(s,
              frame->once == call->once.sequence && frame->once_instance.len == 0 &&
                  ((frame->flags & CRB_FLAG_AGAIN) != 0) == call->once.again,
              "call %u: sent with another key than it has", call->number);
    for (uint32_t i = 0; i < s->n_effects; i++) {
        const sim_effect *const effect = &s->effects[i];
        if (effect->promise != SIM_ONCE || effect->from != at->node) {
            continue;
        }
        SIM_CHECK(s, effect == call->effect || frame->once == 0 || effect->mine.sequence != frame->once,
                  "call %u: goes with the key of effect %u", call->number, effect->number);
        SIM_CHECK(s, effect->over || effect->mine.sequence >= frame->acknowledged,
                  "call %u: acknowledges effect %u, which is not over", call->number, effect->number);
    }
}

static void wire_call(sim_side *at, const crb_wire_call *frame)
{
    sim *const s = at->sim;
    uint64_t number = 0;
    SIM_CHECK(s, frame->args.len >= 8, "a call of %zu bytes", frame->args.len);
    for (size_t i = 0; i < 8; i++) {
        number |= (uint64_t)frame->args.data[i] << (8 * i);
    }
    SIM_CHECK(s, number >= 1 && number <= s->n_calls, "a call that nobody made");
    sim_call *const call = &s->calls[number - 1];
    wire_question(at, frame->question, call);
    wire_deadline(at, frame->remaining_us, call);
    wire_key(at, frame, call);
    at->calls++;
    SIM_CHECK(s, ((frame->flags & CRB_FLAG_ONEWAY) != 0) == (call->kind == SIM_ONEWAY), "call %u: of another kind", call->number);
    SIM_CHECK(s, ((frame->flags & CRB_FLAG_KEEP) != 0) == call->keep, "call %u: kept, or not", call->number);
    SIM_CHECK(s, frame->length == call->args_len, "call %u: of another length", call->number);
    if (frame->promise != 0) {
        const sim_call *const promise = frame->promise < frame->question ? at->asked[frame->promise] : NULL;
        SIM_CHECK(s, promise != NULL && promise == call->promise, "call %u: on another promise", call->number);
        SIM_CHECK(s, promise->finishes == 0, "call %u: on a promise that is finished", call->number);
    } else {
        const sim_pair *const pair = wire_pair(at->peer, frame->index, frame->generation);
        SIM_CHECK(s, pair != NULL ? pair->sent > pair->released : at->peer->n_pairs == SIM_PAIRS,
                  "call %u: on a reference that this side does not hold", call->number);
    }
    const sim_call *after = call->after;
    while (after != NULL && after->on_wire == 0) {
        after = after->after;
    }
    SIM_CHECK(s, frame->after == 0 ? after == NULL || after->returns > 0 : after != NULL && after->on_wire == frame->after,
              "call %u: after another one", call->number);
    wire_use(at, frame->hop == 0 ? CRB_WIN_REQUESTS : CRB_WIN_NESTED,
             CRB_CALL_COST + frame->n_refs * CRB_REF_COST + frame->args.len, call->early);
    wire_refs(at, frame->refs, frame->n_refs);
}

static void wire_bind(sim_side *at, const crb_wire_bind *frame)
{
    uint64_t number = 0;
    for (const char *digit = strchr(frame->id, '.'); digit != NULL && *++digit != '\0';) {
        number = number * 10 + (uint64_t)(*digit - '0');
    }
    SIM_CHECK(at->sim, number >= 1 && number <= at->sim->n_calls, "a bind that nobody made");
    wire_question(at, frame->question, &at->sim->calls[number - 1]);
    wire_deadline(at, frame->remaining_us, &at->sim->calls[number - 1]);
}

static sim_call *wire_asked(sim_side *by, uint64_t question)
{
    SIM_CHECK(by->sim, question >= 1 && question <= by->last_question, "about a question that was not asked");
    return by->asked[question];
}

static void wire_return(sim_side *at, const crb_wire_return *frame)
{
    sim *const s = at->sim;
    sim_call *const call = wire_asked(at->peer, frame->question);
    SIM_CHECK(s, call->kind != SIM_ONEWAY, "oneway call %u: RETURN", call->number);
    SIM_CHECK(s, call->returns == 0, "call %u: a second RETURN", call->number);
    call->returns++;
    call->returned = frame->outcome;
    if (frame->outcome == CRB_OUTCOME_ERROR) {
        SIM_CHECK(s, frame->completion != CORBEL_COMPLETED_NO || !call->entered, "call %u: RETURN says NO, but it entered",
                  call->number);
    } else {
        SIM_CHECK(s, call->answered && (uint32_t)call->answer == frame->outcome, "call %u: RETURN of what nobody gave",
                  call->number);
    }
    call->result_left = (size_t)frame->length - frame->body.len;
    wire_use(at, CRB_WIN_RESPONSES, frame->body.len, false);
    wire_refs(at, frame->refs, frame->n_refs);
}

static void wire_body(sim_side *at, const crb_wire_body *frame)
{
    sim *const s = at->sim;
    sim_call *const call = wire_asked(frame->result ? at->peer : at, frame->question);
    wire_use(at, CRB_WIN_BULK, frame->data.len, false);
    if (frame->result) {
        SIM_CHECK(s, call->returns == 1 && call->result_left > 0, "call %u: BODY without a header", call->number);
        SIM_CHECK(s, frame->data.len <= call->result_left, "call %u: more of its result than was said", call->number);
        call->result_left = frame->abandoned ? 0 : call->result_left - frame->data.len;
    }
}

static void wire_finish(sim_side *at, uint64_t question, bool cancel)
{
    sim_call *const call = wire_asked(at, question);
    SIM_CHECK(at->sim, call->finishes == 0 && call->kind != SIM_ONEWAY, "call %u: a second FINISH, or of a oneway", call->number);
    call->finishes++;
    call->finish_cancels = cancel;
}

static void wire_stream(sim_side *at, const crb_wire_stream *frame)
{
    sim *const s = at->sim;
    sim_call *const call = wire_asked(frame->result ? at->peer : at, frame->question);
    sim_flow *const written = &call->flows[frame->result ? 1 : 0], *const read = &call->flows[frame->result ? 0 : 1];
    SIM_CHECK(s, !frame->result || call->returns == 0,
              "call %u: STREAM after its RETURN: %zu bytes, credit %llu, end %d, enough %d", call->number, frame->items.len,
              (unsigned long long)frame->credit, frame->end, frame->enough);
    const uint64_t cost = frame->items.len + frame->n_refs * CRB_STREAM_REF_COST;
    SIM_CHECK(s, cost == 0 || (written->used && !written->end_on_wire && (!frame->result || call->returns == 0)),
              "call %u: items that nobody wants, or after their end", call->number);
    written->used_on_wire += cost;
    SIM_CHECK(s, written->used_on_wire - written->credited <= at->peer->session->limits.window_stream,
              "call %u: more items on the way than the reader allows", call->number);
    written->end_on_wire = written->end_on_wire || frame->end;
    read->credited += frame->credit;
    SIM_CHECK(s, read->credited <= read->used_on_wire, "call %u: more credit than was used by its items", call->number);
    wire_use(at, CRB_WIN_BULK, frame->items.len, false);
    wire_refs(at, frame->refs, frame->n_refs);
}

/* ---- frames ---- */

static void wire_frame(sim_side *at, const crb_frame *frame)
{
    sim *const s = at->sim;
    SIM_CHECK(s, at->hello == (frame->type != CRB_WIRE_HELLO), "HELLO is not the first frame, or comes again");
    SIM_CHECK(s, !at->ended, "a frame after BYE or ABORT");
    at->hello = true;
    switch ((crb_wire_type)frame->type) {
    case CRB_WIRE_BIND:
        wire_bind(at, &frame->u.bind);
        break;
    case CRB_WIRE_CALL:
        wire_call(at, &frame->u.call);
        break;
    case CRB_WIRE_RETURN:
        wire_return(at, &frame->u.ret);
        break;
    case CRB_WIRE_BODY:
        wire_body(at, &frame->u.body);
        break;
    case CRB_WIRE_STREAM:
        wire_stream(at, &frame->u.stream);
        break;
    case CRB_WIRE_FINISH:
        wire_finish(at, frame->u.finish.question, frame->u.finish.cancel);
        break;
    case CRB_WIRE_RELEASE:
        wire_release(at, frame->u.release.index, frame->u.release.generation, frame->u.release.count);
        break;
    case CRB_WIRE_CREDIT:
        wire_credit(at, frame);
        break;
    case CRB_WIRE_BYE:
        SIM_CHECK(s, frame->u.bye.calls <= at->peer->calls, "BYE for more calls than were sent");
        at->ended = true;
        break;
    case CRB_WIRE_ABORT:
        at->ended = true;
        break;
    default:
        break;
    }
}

void sim_wire(sim_side *at, const uint8_t *message, size_t len)
{
    static const crb_frame_limits limits = { 4096 };
    sim *const s = at->sim;
    while (len > 0) {
        const uint8_t *data = NULL;
        size_t size = 0;
        crb_frame frame;
        const char *why = "its length is not valid";
        const bool fine = crb_frame_split(&message, &len, &data, &size) &&
                          crb_frame_unpack(&frame, data, size, &limits, &s->scratch, &why) == CRB_FRAME_OK;
        SIM_CHECK(s, fine, "a frame that is none: %s", why);
        wire_frame(at, &frame);
    }
    crb_scratch_reset(&s->scratch, 0);
}
