/* Streams: what is put at one end comes out at the other, in order and whole, and no more than the reader allows is on its way.
 */
#include "tests/runtime/session/property/sim.h"

#include <string.h>

static uint8_t stream_byte(const sim_call *call, int way, uint64_t place)
{
    return (uint8_t)(call->number * 13 + (uint64_t)way * 101 + place * 29 + (place >> 8));
}

void sim_streams_of_asker(sim_call *call)
{
    crb_stream *const in = crb_question_stream_in(call->question), *const out = crb_question_stream_out(call->question);
    SIM_CHECK(call->from->sim, (in != NULL) == call->flows[0].used && (out != NULL) == call->flows[1].used,
              "call %u: other streams than were asked for", call->number);
    call->flows[0].writer = in;
    call->flows[1].reader = out;
    if (in != NULL) {
        crb_stream_set_user(in, call);
    }
    if (out != NULL) {
        crb_stream_set_user(out, call);
    }
}

void sim_streams_of_servant(sim_side *at, const crb_event *event, sim_call *call)
{
    SIM_CHECK(at->sim, (event->stream_in != NULL) == call->flows[0].used && (event->stream_out != NULL) == call->flows[1].used,
              "call %u: other streams than were asked for", call->number);
    call->flows[0].reader = event->stream_in;
    call->flows[1].writer = event->stream_out;
    if (event->stream_in != NULL) {
        crb_stream_set_user(event->stream_in, call);
        sim_count(at->sim, SIM_DO_STREAM_IN);
    }
    if (event->stream_out != NULL) {
        crb_stream_set_user(event->stream_out, call);
        sim_count(at->sim, SIM_DO_STREAM_OUT);
    }
}

void sim_items(sim_side *at, crb_event *event)
{
    sim *const s = at->sim;
    sim_call *const call = crb_stream_user(event->stream);
    SIM_CHECK(s, call != NULL, "items of a call that nobody knows");
    const int way = call->from == at ? 1 : 0;
    sim_flow *const flow = &call->flows[way];
    SIM_CHECK(s, flow->reader == event->stream || (call->cancelled && way == 1), "call %u: items for nobody", call->number);
    SIM_CHECK(s, !flow->enough && !flow->end_came, "call %u: items after enough, or after the end", call->number);
    for (size_t i = 0; i < event->n_refs; i++) {
        SIM_CHECK(s, flow->refs_came < flow->n_refs, "call %u: more references in items than were put", call->number);
        sim_take_ref(at, &event->refs[i], flow->refs[flow->refs_came++]);
    }
    for (size_t i = 0; i < event->items.len; i++) {
        SIM_CHECK(s, flow->came + i < flow->put && event->items.data[i] == stream_byte(call, way, flow->came + i),
                  "call %u: other items than were put", call->number);
    }
    flow->came += event->items.len;
    flow->untaken += event->items.len + event->n_refs * CRB_STREAM_REF_COST;
    SIM_CHECK(s, flow->untaken <= at->session->limits.window_stream, "call %u: more items than the reader has room for",
              call->number);
    flow->end_came = event->end;
    /* One that is cancelled ends for both, wherever it is. */
    const bool ended = flow->ended || (way == 1 && call->answered);
    SIM_CHECK(s, !event->end || call->cancelled || call->told || (flow->came == flow->put && ended),
              "call %u: an end before the end", call->number);
    if (event->end) {
        sim_count(s, SIM_DO_STREAM_END);
    }
    crb_buf_clear(&event->items);
}

void sim_room(sim_side *at, const crb_event *event)
{
    sim_call *const call = crb_stream_user(event->stream);
    sim_flow *const flow = &call->flows[call->from == at ? 0 : 1];
    SIM_CHECK(at->sim, flow->waits, "call %u: room for a writer that does not wait", call->number);
    flow->waits = false;
}

static void stream_write(sim_side *at, sim_call *call, int way)
{
    sim *const s = at->sim;
    sim_flow *const flow = &call->flows[way];
    if (crb_session_stream_is_closed(flow->writer)) {
        sim_count(s, SIM_DO_STREAM_CLOSED);
        flow->writer = NULL; /* the writer sees it, and stops */
        return;
    }
    if (s->winding_down || sim_chance(s, 12)) {
        crb_session_stream_end(at->session, flow->writer);
        flow->ended = true;
        flow->writer = NULL;
        return;
    }
    if (!crb_session_stream_has_room(at->session, flow->writer)) {
        sim_count(s, SIM_DO_STREAM_WAIT);
        flow->waits = true;
        return;
    }
    crb_ref_out refs[SIM_REFS];
    sim_object *objects[SIM_REFS];
    const size_t n = flow->n_refs + SIM_REFS <= SIM_FLOW_REFS ? sim_choose_refs(at, refs, objects, NULL) : 0;
    uint8_t bytes[4096];
    const size_t len = 1 + (size_t)sim_pick(s, sim_chance(s, 4) ? sizeof bytes - 1 : 100);
    for (size_t i = 0; i < len; i++) {
        bytes[i] = stream_byte(call, way, flow->put + i);
    }
    const corbel_status status = crb_session_stream_put(at->session, flow->writer, bytes, len, refs, n);
    SIM_CHECK(s, status == CORBEL_OK || status == CORBEL_LIMIT || status == CORBEL_GONE, "call %u: an item was refused: %s",
              call->number, corbel_status_name(status));
    if (status == CORBEL_OK) {
        flow->put += len;
        memcpy(&flow->refs[flow->n_refs], objects, n * sizeof *objects);
        flow->n_refs += n;
        sim_count_fresh(at, refs, n);
        sim_count(s, SIM_DO_STREAM_PUT);
    }
}

static void stream_read(sim_side *at, sim_call *call, int way)
{
    sim *const s = at->sim;
    sim_flow *const flow = &call->flows[way];
    if (!s->winding_down && sim_chance(s, 16)) {
        sim_count(s, SIM_DO_STREAM_ENOUGH);
        crb_session_stream_enough(at->session, flow->reader);
        flow->enough = true;
        flow->reader = NULL;
        return;
    }
    const uint64_t cost = s->winding_down ? flow->untaken : flow->untaken - sim_pick(s, flow->untaken + 1);
    crb_session_stream_taken(at->session, flow->reader, cost);
    flow->untaken -= cost;
}

bool sim_stream(sim_node *node)
{
    sim *const s = node->sim;
    struct {
        sim_call *call;
        int way;
        bool writes;
    } found = { 0 };
    uint64_t n = 0;
    for (sim_call *call = s->calls; call < s->calls + s->n_calls; call++) {
        for (int way = 0; way < 2; way++) {
            const sim_flow *const flow = &call->flows[way];
            sim_side *const writer = way == 0 ? call->from : call->from->peer;
            if (flow->writer != NULL && writer->node == node && !writer->closed && !flow->waits && sim_pick(s, ++n) == 0) {
                found.call = call;
                found.way = way;
                found.writes = true;
            }
            if (flow->reader != NULL && writer->peer->node == node && !writer->peer->closed && flow->untaken > 0 &&
                sim_pick(s, ++n) == 0) {
                found.call = call;
                found.way = way;
                found.writes = false;
            }
        }
    }
    if (found.call == NULL) {
        return false;
    }
    sim_side *const writer = found.way == 0 ? found.call->from : found.call->from->peer;
    if (found.writes) {
        stream_write(writer, found.call, found.way);
    } else {
        stream_read(writer->peer, found.call, found.way);
    }
    return true;
}
