/* Streams: the items that flow with a call, each way, between its CALL and its RETURN. The core moves bytes and tables of
 * references and does not look into them; docs/protocol.md says how items lie in the bytes.
 *
 * Going out: bytes that were put wait until the reader's credit (a window a stream) and the bulk window let them go, in pieces,
 * in turns with the bodies: see output.c. A RETURN waits until the items before it have gone. Coming in: bytes are kept until the
 * driver takes the event, and count against the window until the driver says that they are used up.
 *
 * Invariants: no more than a window of a stream is on the way to its reader, or waits there; a writer whose reader has had
 * enough, or is gone, holds nothing; of a question that is over nothing is said any more. */
#include "runtime/session/session_impl.h"

#include <stdlib.h>
#include <string.h>

#define STREAMS_COMPACT (64u << 10) /* bytes sent that are kept in front of those that wait, at most */

/* ---- making and ending ---- */

static crb_stream *stream_new(crb_session *session, bool writes, bool answerer, uint64_t number)
{
    crb_stream *const stream = calloc(1, sizeof *stream);
    if (stream != NULL) {
        stream->writes = writes;
        stream->answerer = answerer;
        stream->number = number;
        stream->items_event.kind = CRB_EVENT_ITEMS;
        stream->room_event.kind = CRB_EVENT_ROOM;
        stream->control.kind = CRB_OUT_STREAM;
        stream->received_end = &stream->received;
        stream->waiting_end = &stream->waiting;
        session->n_streams++;
        (writes ? session->n_streams_written : session->n_streams_read)[answerer]++;
    }
    return stream;
}

/** Whatever waits to be sent is forgotten. */
static void stream_drop_output(crb_session *session, crb_stream *stream)
{
    crb_list_remove(&stream->ring);
    crb_list_remove(&stream->control.node);
    while (stream->waiting != NULL) {
        crb_item_refs *const group = stream->waiting;
        stream->waiting = group->next;
        crb_refs_take_back(session, group->refs, false);
        free(group);
    }
    stream->waiting_end = &stream->waiting;
    session->items_queued -= stream->out.len - stream->at;
    crb_buf_clear(&stream->out);
    stream->at = 0;
}

/** Whatever came and was not taken is dropped, its references given back. */
static void stream_drop_input(crb_session *session, crb_stream *stream)
{
    while (stream->received != NULL) {
        crb_received_refs *const refs = stream->received;
        stream->received = refs->next;
        crb_refs_drop(session, refs);
    }
    stream->received_end = &stream->received;
    crb_buf_clear(&stream->in);
    stream->lent = 0;
}

void crb_stream_close(crb_session *session, crb_stream *stream)
{
    if (stream == NULL || stream->closed) {
        return;
    }
    stream->closed = true;
    stream_drop_output(session, stream);
    if (stream->writes && stream->room_wanted) {
        crb_event_queue(session, &stream->room_event);
    }
}

void crb_stream_forget(crb_session *session, crb_stream *stream)
{
    if (stream == NULL) {
        return;
    }
    stream->user = NULL;
    stream->room_wanted = false;
    crb_event_drop(&stream->items_event);
    crb_event_drop(&stream->room_event);
    if (!stream->writes) {
        crb_stream_close(session, stream);
        stream_drop_input(session, stream);
    }
}

void crb_stream_free(crb_session *session, crb_stream *stream)
{
    if (stream == NULL) {
        return;
    }
    crb_event_drop(&stream->items_event);
    crb_event_drop(&stream->room_event);
    stream_drop_output(session, stream);
    stream_drop_input(session, stream);
    session->n_streams--;
    session->n_returns_waiting -= stream->then != NULL;
    (stream->writes ? session->n_streams_written : session->n_streams_read)[stream->answerer]--;
    free(stream);
}

bool crb_streams_make(crb_session *session, uint32_t flags, bool answerer, uint64_t number, crb_stream **ret_in,
                      crb_stream **ret_out)
{
    if ((flags & CRB_FLAG_STREAM_IN) != 0) {
        *ret_in = stream_new(session, !answerer, answerer, number);
        if (*ret_in == NULL) {
            return false;
        }
    }
    if ((flags & CRB_FLAG_STREAM_OUT) != 0) {
        *ret_out = stream_new(session, answerer, answerer, number);
        if (*ret_out == NULL) {
            return false;
        }
    }
    return true;
}

void crb_stream_start(crb_session *session, crb_stream *stream, uint64_t number)
{
    stream->number = number;
    stream->started = true;
    crb_stream_ready(session, stream);
}

/* ---- the writer ---- */

static size_t stream_waits(const crb_stream *stream)
{
    return stream->out.len - stream->at;
}

static uint64_t stream_credit(const crb_session *session, const crb_stream *stream)
{
    const uint64_t window = session->peer.window_stream; /* 0 before the peer's HELLO */
    return window > stream->used ? window - stream->used : 0;
}

/** How many of the next bytes may go, with how many references; 0: none for now. */
static size_t stream_piece(const crb_session *session, const crb_stream *stream, size_t *ret_groups, size_t *ret_refs)
{
    const size_t waits = stream_waits(stream);
    const uint64_t credit = stream_credit(session, stream);
    size_t n = waits < CRB_PIECE ? waits : CRB_PIECE;
    size_t refs = 0, groups = 0, text = 0;
    for (const crb_item_refs *group = stream->waiting; group != NULL && group->at - stream->gone < n; group = group->next) {
        const size_t before = (size_t)(group->at - stream->gone);
        const uint64_t cost = before + 1 + CRB_STREAM_REF_COST * (uint64_t)(refs + group->refs->n);
        if (refs + group->refs->n > session->peer.max_references || text + group->size > CRB_FRAME_MAX / 2 || cost > credit) {
            n = before;
            break;
        }
        refs += group->refs->n;
        text += group->size;
        groups++;
    }
    const uint64_t left = credit - CRB_STREAM_REF_COST * (uint64_t)refs; /* the first byte behind each of them has room in it */
    *ret_groups = groups;
    *ret_refs = refs;
    return left < n ? (size_t)left : n;
}

static bool stream_end_is_due(const crb_stream *stream)
{
    return stream->end_wanted && !stream->end_sent && stream_waits(stream) == 0;
}

void crb_stream_ready(crb_session *session, crb_stream *stream)
{
    size_t groups = 0, refs = 0;
    if (!stream->started || stream->closed || crb_node_linked(&stream->ring) || session->phase == CRB_PHASE_NEW) {
        return;
    }
    if (stream_end_is_due(stream) || (stream_waits(stream) > 0 && stream_piece(session, stream, &groups, &refs) > 0)) {
        crb_list_append(&session->stream_ring, &stream->ring);
    }
}

/** Some of what waited has gone: its writer may go on, and a RETURN that waited for the last of it. */
static void stream_moved(crb_session *session, crb_stream *stream)
{
    if (stream->room_wanted && stream_waits(stream) < CRB_STREAM_ROOM) {
        stream->room_wanted = false;
        crb_event_queue(session, &stream->room_event);
    }
    if (stream->then != NULL && stream_waits(stream) == 0) {
        crb_out *const then = stream->then;
        stream->then = NULL;
        session->n_returns_waiting--;
        crb_out_queue(session, then);
    }
}

void crb_streams_opened(crb_session *session)
{
    for (crb_node *node = session->all_questions.next; node != &session->all_questions; node = node->next) {
        crb_question *const question = CRB_CONTAINER(node, crb_question, all);
        if (question->stream_in != NULL) {
            crb_stream_ready(session, question->stream_in);
            stream_moved(session, question->stream_in);
        }
    }
}

/** Beside calls a stream has no more on the way than a piece, of which the receiver tells when it has come. */
static bool stream_fits(const crb_session *session, size_t n)
{
    if (session->company > 0 && session->tx[CRB_WIN_BULK].used >= CRB_BULK_ACK) {
        return false;
    }
    return n <= crb_flow_available(session, CRB_WIN_BULK);
}

crb_stream *crb_stream_next_piece(crb_session *session, size_t *ret_len)
{
    while (!crb_list_empty(&session->stream_ring)) {
        crb_stream *const stream = CRB_CONTAINER(session->stream_ring.next, crb_stream, ring);
        size_t groups = 0, refs = 0;
        const size_t n = stream_waits(stream) > 0 ? stream_piece(session, stream, &groups, &refs) : 0;
        if (n == 0 && !stream_end_is_due(stream)) {
            crb_list_remove(&stream->ring); /* until credit comes */
            continue;
        }
        if (!stream_fits(session, n)) {
            return NULL;
        }
        *ret_len = n;
        return stream;
    }
    return NULL;
}

/** The tables of the groups, in one. NULL: no memory. */
static crb_sent_refs *stream_join_refs(crb_stream *stream, size_t groups, size_t n)
{
    crb_sent_refs *const all = malloc(sizeof *all + n * sizeof *all->items);
    if (all == NULL) {
        return NULL;
    }
    all->n = 0;
    const crb_item_refs *group = stream->waiting;
    for (size_t i = 0; i < groups; i++, group = group->next) {
        memcpy(&all->items[all->n], group->refs->items, group->refs->n * sizeof *all->items);
        all->n += group->refs->n;
    }
    return all;
}

crb_sent_refs *crb_stream_take_piece(crb_session *session, crb_stream *stream, crb_wire_stream *frame, bool *ret_failed)
{
    size_t groups = 0, n_refs = 0;
    const size_t n = stream_waits(stream) > 0 ? stream_piece(session, stream, &groups, &n_refs) : 0;
    *frame = (crb_wire_stream) {
        .question = stream->number,
        .result = stream->answerer,
        .items = { n == 0 ? NULL : stream->out.data + stream->at, n },
        .end = stream->end_wanted && n == stream_waits(stream),
    };
    crb_sent_refs *const refs = n_refs > 0 ? stream_join_refs(stream, groups, n_refs) : NULL;
    *ret_failed = n_refs > 0 && refs == NULL;
    return refs;
}

void crb_stream_took_piece(crb_session *session, crb_stream *stream, const crb_wire_stream *frame)
{
    const size_t n = frame->items.len;
    stream->gone += n;
    stream->at += n;
    stream->used += n;
    session->items_queued -= n;
    session->tx[CRB_WIN_BULK].used += n;
    session->company -= session->company > 0 && n == CRB_PIECE;
    while (stream->waiting != NULL && stream->waiting->at < stream->gone) {
        crb_item_refs *const group = stream->waiting;
        stream->waiting = group->next;
        stream->used += CRB_STREAM_REF_COST * (uint64_t)group->refs->n;
        crb_refs_sent(session, group->refs);
        free(group->refs);
        free(group);
    }
    if (stream->waiting == NULL) {
        stream->waiting_end = &stream->waiting;
    }
    stream->end_sent = stream->end_sent || frame->end;
    if (stream->at == stream->out.len) {
        stream->at = 0;
        stream->out.len = 0;
        if (stream->out.capacity > STREAMS_COMPACT) {
            crb_buf_clear(&stream->out);
        }
    } else if (stream->at >= STREAMS_COMPACT && stream->at >= stream->out.len / 2) {
        memmove(stream->out.data, stream->out.data + stream->at, stream->out.len - stream->at);
        stream->out.len -= stream->at;
        stream->at = 0;
    }
    crb_list_remove(&stream->ring);
    crb_stream_ready(session, stream); /* at the end of the ring: in turns */
    stream_moved(session, stream);
}

static corbel_status stream_allowed(const crb_session *session, const crb_stream *stream, size_t len, size_t n_refs)
{
    if (crb_session_over(session)) {
        return CORBEL_GONE;
    }
    if (stream->closed || stream->end_wanted) {
        return CORBEL_CANCELLED;
    }
    if (session->phase == CRB_PHASE_NEW) {
        return CORBEL_WOULD_BLOCK; /* what the peer takes is not known yet */
    }
    return len > session->peer.max_body || n_refs > session->peer.max_references ||
                   CRB_STREAM_REF_COST * (uint64_t)n_refs + 1 > session->peer.window_stream / 2
               ? CORBEL_LIMIT
               : CORBEL_OK;
}

corbel_status crb_session_stream_put(crb_session *session, crb_stream *stream, const uint8_t *bytes, size_t len,
                                     crb_ref_out *refs, size_t n_refs)
{
    assert(stream->writes);
    corbel_status status = stream_allowed(session, stream, len, n_refs);
    for (size_t i = 0; i < n_refs; i++) {
        refs[i].fresh = false;
        status = status == CORBEL_OK && refs[i].promise != NULL ? CORBEL_INVALID_ARGUMENT : status; /* only calls wait for it */
    }
    if (status != CORBEL_OK) {
        return status;
    }
    if (n_refs > 0 && crb_refs_check(refs, n_refs) != NULL) {
        return CORBEL_LIMIT;
    }
    uint8_t *const at = crb_buf_reserve(&stream->out, len);
    if (at == NULL) {
        stream->out.failed = false; /* what was put before is whole */
        return CORBEL_NO_MEMORY;
    }
    if (n_refs > 0) {
        crb_item_refs *const group = malloc(sizeof *group);
        if (group == NULL) {
            return CORBEL_NO_MEMORY;
        }
        group->refs = crb_refs_hold(session, refs, n_refs, &status);
        if (group->refs == NULL) {
            free(group);
            return status;
        }
        group->next = NULL;
        group->at = stream->gone + stream_waits(stream);
        group->size = crb_refs_size(refs, n_refs);
        *stream->waiting_end = group;
        stream->waiting_end = &group->next;
    }
    if (len > 0) {
        memcpy(at, bytes, len);
    }
    stream->out.len += len;
    session->items_queued += len;
    crb_stream_ready(session, stream);
    return CORBEL_OK;
}

bool crb_session_stream_has_room(crb_session *session, crb_stream *stream)
{
    if (stream->closed || (session->phase != CRB_PHASE_NEW && stream_waits(stream) < CRB_STREAM_ROOM)) {
        return true;
    }
    stream->room_wanted = true;
    return false;
}

bool crb_session_stream_is_closed(const crb_stream *stream)
{
    return stream->closed;
}

void crb_session_stream_end(crb_session *session, crb_stream *stream)
{
    if (stream->writes && !stream->closed && !stream->end_wanted && !crb_session_over(session)) {
        stream->end_wanted = true;
        crb_stream_ready(session, stream);
    }
}

bool crb_stream_delays(crb_session *session, crb_stream *stream, crb_out *then)
{
    if (stream == NULL || stream->closed) {
        return false;
    }
    if (stream_waits(stream) == 0) { /* RETURN says the end, and nothing comes behind it */
        crb_list_remove(&stream->ring);
        stream->end_sent = true;
        return false;
    }
    stream->end_wanted = true;
    stream->then = then;
    session->n_returns_waiting++;
    return true;
}

void crb_stream_give_up(crb_session *session, crb_stream *stream)
{
    if (stream == NULL) {
        return;
    }
    crb_stream_close(session, stream);
    stream_moved(session, stream);
}

/* ---- the reader ---- */

void crb_stream_end_input(crb_session *session, crb_stream *stream)
{
    if (stream != NULL && !stream->end_came) {
        stream->end_came = true;
        if (!stream->closed) {
            crb_event_queue(session, &stream->items_event);
        }
    }
}

void crb_session_stream_taken(crb_session *session, crb_stream *stream, uint64_t cost)
{
    assert(!stream->writes && cost <= stream->used - stream->owed);
    stream->owed += cost;
    if (!stream->closed && !stream->end_came && !crb_session_over(session) && stream->owed >= session->limits.window_stream / 4) {
        crb_out_queue(session, &stream->control);
    }
}

void crb_session_stream_enough(crb_session *session, crb_stream *stream)
{
    assert(!stream->writes);
    if (stream->closed) {
        return;
    }
    stream->closed = true;
    crb_event_drop(&stream->items_event);
    stream_drop_input(session, stream);
    if (!stream->end_came && !crb_session_over(session)) {
        stream->enough_wanted = true;
        crb_out_queue(session, &stream->control);
    }
}

bool crb_stream_take_control(crb_stream *stream, crb_wire_stream *frame)
{
    *frame = (crb_wire_stream) {
        .question = stream->number, .result = stream->answerer, .credit = stream->owed, .enough = stream->enough_wanted
    };
    stream->used -= stream->owed;
    stream->owed = 0;
    stream->enough_wanted = false;
    return frame->credit > 0 || frame->enough;
}

crb_received_refs *crb_stream_take_refs(crb_stream *stream)
{
    crb_received_refs *const refs = stream->received;
    if (refs != NULL) {
        stream->received = refs->next;
        if (stream->received == NULL) {
            stream->received_end = &stream->received;
        }
    }
    return refs;
}

/* ---- frames that come in ---- */

static const char *stream_on_credit(crb_session *session, crb_stream *stream, const crb_wire_stream *frame)
{
    if (stream == NULL || !stream->writes) {
        return "credit for a stream that there is not";
    }
    if (frame->credit > stream->used) {
        return "more credit for a stream than was used";
    }
    stream->used -= frame->credit;
    if (frame->enough) {
        crb_stream_give_up(session, stream);
    } else {
        crb_stream_ready(session, stream);
    }
    return NULL;
}

static const char *stream_on_items(crb_session *session, crb_stream *stream, const crb_wire_stream *frame)
{
    if (stream == NULL || stream->writes) {
        return "items of a stream that there is not";
    }
    if (stream->end_came) {
        return "items behind the end of their stream";
    }
    const uint64_t cost = frame->items.len + CRB_STREAM_REF_COST * (uint64_t)frame->n_refs;
    if (cost > session->limits.window_stream - stream->used) {
        return "more items on the way than the stream's window allows";
    }
    const char *why = NULL;
    crb_received_refs *const refs = crb_refs_receive(session, frame->refs, frame->n_refs, false, &why);
    if (why != NULL || session->out_of_memory) {
        return why;
    }
    stream->used += cost;
    stream->end_came = frame->end;
    if (stream->closed) { /* they crossed what said so */
        crb_refs_drop(session, refs);
        return NULL;
    }
    if (refs != NULL) {
        *stream->received_end = refs;
        stream->received_end = &refs->next;
    }
    crb_buf_append(&stream->in, frame->items.data, frame->items.len);
    if (stream->in.failed) {
        crb_session_no_memory(session);
        return NULL;
    }
    stream->lent += cost;
    if (!stream->early) {
        crb_event_queue(session, &stream->items_event);
    }
    return NULL;
}

void crb_stream_hand_up(crb_session *session, crb_stream *stream)
{
    if (stream != NULL) {
        stream->early = false;
        if (!stream->closed && (stream->lent > 0 || stream->end_came)) {
            crb_event_queue(session, &stream->items_event);
        }
    }
}

/** Nobody has that question any more: what came with the frame goes back. */
static const char *stream_on_late(crb_session *session, const crb_wire_stream *frame)
{
    const char *why = NULL;
    crb_refs_drop(session, crb_refs_receive(session, frame->refs, frame->n_refs, false, &why));
    return why;
}

/** The streams of the question or answer that the frame is about; false: it is over. NULL in *ret_why: that is no violation. */
static bool stream_find(crb_session *session, const crb_wire_stream *frame, crb_stream **ret_items, crb_stream **ret_credit,
                        const char **ret_why)
{
    crb_id_node *const node = crb_id_find(frame->result ? &session->questions : &session->answers, frame->question);
    *ret_why = NULL;
    if (frame->result) {
        crb_question *const question = node == NULL ? NULL : CRB_CONTAINER(node, crb_question, by_id);
        if (question == NULL || question->has_result || question->returned) {
            *ret_why = "STREAM for a question that is not open";
            return false;
        }
        *ret_items = question->stream_out;
        *ret_credit = question->stream_in;
        return true;
    }
    if (frame->question == 0 || frame->question > session->last_answer) {
        *ret_why = "STREAM of a question that was not asked";
        return false;
    }
    crb_answer *const answer = node == NULL ? NULL : CRB_CONTAINER(node, crb_answer, by_id);
    if (answer == NULL) {
        return false; /* it crossed its RETURN */
    }
    if (answer->stream_in != NULL) { /* the call may wait for others */
        answer->stream_in->early = !answer->handed && !crb_node_linked(&answer->event.node);
    }
    *ret_items = answer->stream_in;
    *ret_credit = answer->stream_out;
    return true;
}

const char *crb_stream_on_frame(crb_session *session, const crb_wire_stream *frame)
{
    crb_stream *items = NULL, *credit = NULL;
    const char *why = NULL;
    const bool has_items = frame->items.len > 0 || frame->n_refs > 0 || frame->end;
    const bool has_credit = frame->credit > 0 || frame->enough;
    if (!has_items && !has_credit) {
        return "STREAM that says nothing";
    }
    if (frame->items.len > 0) {
        why = crb_flow_receive(session, CRB_WIN_BULK, frame->items.len);
        if (why != NULL) {
            return why;
        }
        crb_flow_give_back(session, CRB_WIN_BULK, frame->items.len);
    }
    if (!stream_find(session, frame, &items, &credit, &why)) {
        return why != NULL ? why : stream_on_late(session, frame);
    }
    if (has_credit) {
        why = stream_on_credit(session, credit, frame);
    }
    return why != NULL || !has_items ? why : stream_on_items(session, items, frame);
}

void crb_stream_while_flushing(crb_session *session, const crb_wire_stream *frame)
{
    crb_id_node *const node = frame->result ? NULL : crb_id_find(&session->answers, frame->question);
    crb_answer *const answer = node == NULL ? NULL : CRB_CONTAINER(node, crb_answer, by_id);
    if (answer != NULL && answer->stream_out != NULL && (frame->credit > 0 || frame->enough) &&
        stream_on_credit(session, answer->stream_out, frame) != NULL) {
        crb_output_drop(session);
    }
}

/* ---- for the driver ---- */

void crb_stream_set_user(crb_stream *stream, void *user)
{
    stream->user = user;
}

void *crb_stream_user(const crb_stream *stream)
{
    return stream->user;
}

crb_stream *crb_question_stream_in(const crb_question *question)
{
    return question->stream_in;
}

crb_stream *crb_question_stream_out(const crb_question *question)
{
    return question->stream_out;
}
