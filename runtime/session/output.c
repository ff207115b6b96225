/* What goes out. Headers and control frames wait in one queue, in the order in which they came about: so headers keep the order
 * of their lanes, a reference is never released before a frame that names it, and a promise exists before it is called. Credit
 * and PING are in no order and go first. Bodies form a ring and go in turns, a piece each, as the bulk window allows.
 *
 * Numbers, counts and "sent" marks are given at the pull: what is not pulled has not happened. */
#include "runtime/session/session_impl.h"

#include <stdlib.h>

enum { OUTPUT_PIECE_OVERHEAD = 64 };

void crb_out_queue(crb_session *session, crb_out *out)
{
    if (!crb_node_linked(&out->node)) {
        crb_list_append(&session->out, &out->node);
    }
}

static void output_frame(crb_session *session, crb_buf *out, const crb_frame *frame)
{
    crb_frame_pack(out, frame, &session->scratch);
    session->sent[crb_session_type_index(frame->type)]++;
}

/** Nothing is in either ring: that is so of small calls, and quick to see. */
static bool output_no_pieces(const crb_session *session)
{
    return crb_list_empty(&session->ring) && crb_list_empty(&session->stream_ring);
}

/* ---- headers ---- */

static size_t output_refs(crb_wire_ref *to, const crb_sent_refs *from)
{
    const size_t n = from == NULL ? 0 : from->n;
    for (size_t i = 0; i < n; i++) {
        const crb_sent_ref *const ref = &from->items[i];
        to[i] = (crb_wire_ref) {
            .tag = ref->tag,
            .yours = ref->export == NULL && ref->promise == NULL,
            .index = ref->index,
            .generation = ref->generation,
            .interface = ref->interface,
            .fingerprint = ref->fingerprint,
            .promise = ref->promise != NULL ? ref->promise->by_id.id : 0,
            .path = ref->path,
            .n_path = ref->n_path,
        };
    }
    return n;
}

/** Packs a frame with a table of references; afterwards the table is gone. */
static void output_frame_with_refs(crb_session *session, crb_buf *out, crb_frame *frame, crb_sent_refs **refs)
{
    crb_wire_ref few[8];
    const size_t n = *refs == NULL ? 0 : (*refs)->n;
    crb_wire_ref *const table = n <= sizeof few / sizeof *few ? few : malloc(n * sizeof *table);
    if (table == NULL) {
        out->failed = true;
        return;
    }
    output_refs(table, *refs);
    if (frame->type == CRB_WIRE_CALL) {
        frame->u.call.refs = table;
        frame->u.call.n_refs = n;
    } else if (frame->type == CRB_WIRE_STREAM) {
        frame->u.stream.refs = table;
        frame->u.stream.n_refs = n;
    } else {
        frame->u.ret.refs = table;
        frame->u.ret.n_refs = n;
    }
    output_frame(session, out, frame);
    if (frame->type != CRB_WIRE_STREAM) { /* a table of items is put together of theirs, which are counted by themselves */
        crb_refs_sent(session, *refs);
    }
    free(*refs);
    *refs = NULL;
    if (table != few) {
        free(table);
    }
}

/** What of the body did not go with the header goes in pieces. */
static void output_rest(crb_session *session, crb_sending *sending, size_t first)
{
    *(sending->result ? &session->results_queued : &session->args_queued) -= first;
    sending->at = first;
    if (first < sending->buf.len) {
        crb_list_append(&session->ring, &sending->node);
    } else {
        crb_buf_clear(&sending->buf);
        sending->at = 0;
    }
}

/** A promise that it needs and that never left, as it failed before; NULL: there is none. */
static const crb_question *output_unsent_promise(const crb_question *question)
{
    if (question->promise != NULL && !question->promise->sent) {
        return question->promise;
    }
    for (size_t i = 0; question->refs != NULL && i < question->refs->n; i++) {
        const crb_question *const promise = question->refs->items[i].promise;
        if (promise != NULL && !promise->sent) {
            return promise;
        }
    }
    return NULL;
}

/** Before a header is pulled: is it still wanted? False: it was dealt with. */
static bool output_still_wanted(crb_session *session, crb_question *question, uint64_t now)
{
    const bool oneway = question->kind == CRB_QUESTION_ONEWAY;
    const crb_question *const unsent = output_unsent_promise(question);
    if (unsent != NULL) {
        crb_question_break(session, question, unsent);
    } else if (question->after != NULL && !question->anyway && question->after->completed &&
               question->after->outcome != CRB_OUTCOME_RESULT) {
        crb_question_unsend(session, question);
        if (!oneway) {
            crb_question_fail(session, question, CORBEL_SKIPPED, CORBEL_COMPLETED_NO, corbel_status_text(CORBEL_SKIPPED));
        }
    } else if (question->due.when <= now) {
        crb_question_unsend(session, question);
        if (!oneway) {
            crb_question_fail(session, question, CORBEL_DEADLINE, CORBEL_COMPLETED_NO, corbel_status_text(CORBEL_DEADLINE));
        }
    } else {
        return true;
    }
    if (oneway) {
        crb_sending_abandon(session, &question->args, NULL, false);
    }
    crb_question_settle(session, question);
    return false;
}

/** Gives it its number. False: no memory. */
static bool output_number(crb_session *session, crb_question *question)
{
    const uint64_t number = session->last_question + 1;
    if (question->kind != CRB_QUESTION_ONEWAY && !crb_id_add(&session->questions, &question->by_id, number)) {
        return false;
    }
    session->last_question = number;
    question->args.question = number;
    question->sent = true;
    return true;
}

static uint32_t output_call_flags(const crb_question *question)
{
    return (question->kind == CRB_QUESTION_ONEWAY ? CRB_FLAG_ONEWAY : 0) | (question->guard ? CRB_FLAG_GUARD : 0) |
           (question->keep ? CRB_FLAG_KEEP : 0) | (question->stream_in != NULL ? CRB_FLAG_STREAM_IN : 0) |
           (question->stream_out != NULL ? CRB_FLAG_STREAM_OUT : 0);
}

static void output_once(const crb_once_wire *once, crb_wire_call *call)
{
    call->once = once->sequence;
    call->acknowledged = once->acknowledged;
    call->flags |= once->again ? CRB_FLAG_AGAIN : 0;
    if (once->relayed) {
        call->once_instance = (crb_wire_bytes) { once->whose, sizeof once->whose };
    }
}

/** From here on they have a number, and each wait for them its own bound in place of the call's deadline. */
static void output_start_streams(crb_session *session, crb_question *question)
{
    crb_due_remove(&session->due, &question->due);
    if (question->stream_in != NULL) {
        crb_stream_start(session, question->stream_in, question->args.question);
    }
    if (question->stream_out != NULL) {
        crb_stream_start(session, question->stream_out, question->args.question);
    }
}

static void output_call(crb_session *session, crb_question *question, crb_buf *out, uint64_t now)
{
    crb_list_remove(&question->header.node);
    if (!output_still_wanted(session, question, now)) {
        return;
    }
    if (!output_number(session, question)) {
        out->failed = true;
        return;
    }
    question->call_number = ++session->calls_sent;
    bool names = false;
    const uint32_t operation = crb_operation_number(session, question->operation, &names);
    crb_frame frame;
    frame.type = CRB_WIRE_CALL;
    frame.critical = false;
    frame.u.call = (crb_wire_call) {
        .question = question->args.question,
        .promise = question->promise != NULL ? question->promise->by_id.id : 0,
        .index = question->index,
        .generation = question->generation,
        .operation = operation,
        .interface = names ? question->operation->interface : NULL,
        .name = names ? question->operation->name : NULL,
        .lane = question->lane,
        .flags = output_call_flags(question),
        .remaining_us = crb_session_remaining(question->due.when, now),
        .chain = question->chain,
        .hop = question->hop,
        .length = question->args.buf.len,
        .args = { question->args.buf.data, question->first },
        .path = question->path,
        .n_path = question->n_path,
        .context = { question->context.data, question->context.len },
    };
    const crb_question *after = question->after;
    while (after != NULL && !after->sent) { /* it stands for what it was after */
        after = after->after;
    }
    if (after != NULL && !after->returned) {
        frame.u.call.after = after->by_id.id;
        frame.u.call.flags |= question->anyway ? CRB_FLAG_ANYWAY : 0;
    }
    if (question->once != NULL) {
        output_once(question->once, &frame.u.call);
    }
    output_frame_with_refs(session, out, &frame, &question->refs);
    if (question->context.data != NULL) {
        crb_buf_clear(&question->context);
    }
    output_rest(session, &question->args, question->first);
    if (question->stream_in != NULL || question->stream_out != NULL) {
        output_start_streams(session, question);
    } else {
        crb_streams_company(session);
    }
    if (question->promise != NULL || question->after != NULL) {
        crb_question_named(session, question);
    }
    if (question->finished && !question->finish_sent) {
        question->finish_sent = true;
        crb_out_queue(session, &question->finish);
    }
    crb_question_settle(session, question);
}

static void output_bind(crb_session *session, crb_question *question, crb_buf *out, uint64_t now)
{
    crb_list_remove(&question->header.node);
    if (!output_still_wanted(session, question, now)) {
        return;
    }
    if (!output_number(session, question)) {
        out->failed = true;
        return;
    }
    crb_frame frame = { .type = CRB_WIRE_BIND };
    frame.u.bind = (crb_wire_bind) {
        .question = question->args.question,
        .id = question->names,
        .interface = question->interface,
        .fingerprint = question->fingerprint,
        .remaining_us = crb_session_remaining(question->due.when, now),
    };
    output_frame(session, out, &frame);
}

static void output_return(crb_session *session, crb_answer *answer, crb_buf *out)
{
    crb_list_remove(&answer->header.node);
    crb_frame frame;
    frame.type = CRB_WIRE_RETURN;
    frame.critical = false;
    frame.u.ret = (crb_wire_return) { .question = answer->body.question, .outcome = (uint32_t)answer->outcome };
    const size_t len = answer->body.buf.len;
    size_t first = 0;
    if (answer->outcome == CRB_OUTCOME_ERROR) {
        frame.u.ret.status = answer->error->status;
        frame.u.ret.completion = answer->error->completion;
        frame.u.ret.message = answer->error->message;
        frame.u.ret.retry_after_ms = answer->error->retry_after_ms;
    } else {
        /* A result for which there is no credit at the moment goes as a large one does: its header keeps its place. */
        if (len <= CRB_PIECE && crb_flow_available(session, CRB_WIN_RESPONSES) >= len) {
            first = len;
            session->tx[CRB_WIN_RESPONSES].used += len;
        }
        frame.u.ret.exception = answer->exception;
        frame.u.ret.length = len;
        frame.u.ret.body = (crb_wire_bytes) { answer->body.buf.data, first };
    }
    if (answer->error != NULL) {
        frame.u.ret.hops = answer->error->hops;
        frame.u.ret.n_hops = answer->error->n_hops;
    }
    frame.u.ret.context = (crb_wire_bytes) { answer->context.data, answer->context.len };
    frame.u.ret.durable = answer->durable;
    output_frame_with_refs(session, out, &frame, &answer->refs);
    if (answer->context.data != NULL) {
        crb_buf_clear(&answer->context);
    }
    answer->pulled = true;
    crb_streams_company(session);
    output_rest(session, &answer->body, first);
    if (answer->unwanted) {
        crb_sending_abandon(session, &answer->body, &answer->abandon, true);
    }
    crb_answer_settle(session, answer);
}

/* ---- control ---- */

static void output_abandon(crb_session *session, const crb_sending *sending, crb_buf *out)
{
    crb_frame frame = { .type = CRB_WIRE_BODY };
    frame.u.body = (crb_wire_body) { .question = sending->question, .result = sending->result, .abandoned = true };
    output_frame(session, out, &frame);
}

static void output_finish(crb_session *session, crb_question *question, crb_buf *out)
{
    crb_frame frame = { .type = CRB_WIRE_FINISH };
    frame.u.finish.question = question->by_id.id;
    frame.u.finish.cancel = question->cancel;
    output_frame(session, out, &frame);
    crb_question_settle(session, question);
}

static void output_release(crb_session *session, crb_import *import, crb_buf *out)
{
    crb_frame frame = { .type = CRB_WIRE_RELEASE };
    frame.u.release.index = import->index;
    frame.u.release.generation = import->generation;
    frame.u.release.count = import->received;
    output_frame(session, out, &frame);
    crb_import_free(import);
}

static void output_gone(crb_session *session, crb_export *export, crb_buf *out)
{
    crb_frame frame = { .type = CRB_WIRE_GONE };
    frame.u.gone.index = export->index;
    frame.u.gone.generation = export->generation;
    frame.u.gone.why = export->why;
    if (export->count > 0) {
        output_frame(session, out, &frame);
    }
    crb_export_unhold(session, export);
}

static void output_next(crb_session *session, crb_buf *out, uint64_t now)
{
    crb_out *const next = CRB_CONTAINER(session->out.next, crb_out, node);
    switch (next->kind) {
    case CRB_OUT_CALL:
        output_call(session, CRB_CONTAINER(next, crb_question, header), out, now);
        return;
    case CRB_OUT_BIND:
        output_bind(session, CRB_CONTAINER(next, crb_question, header), out, now);
        return;
    case CRB_OUT_RETURN:
        output_return(session, CRB_CONTAINER(next, crb_answer, header), out);
        return;
    default:
        break;
    }
    crb_list_remove(&next->node);
    switch (next->kind) {
    case CRB_OUT_FINISH:
        output_finish(session, CRB_CONTAINER(next, crb_question, finish), out);
        break;
    case CRB_OUT_RELEASE:
        output_release(session, CRB_CONTAINER(next, crb_import, release), out);
        break;
    case CRB_OUT_GONE:
        output_gone(session, CRB_CONTAINER(next, crb_export, gone), out);
        break;
    case CRB_OUT_GOAWAY:
        output_frame(
            session, out,
            &(crb_frame) { .type = CRB_WIRE_GOAWAY, .u.goaway = { next == &session->duplicate ? session->duplicate_told : 0 } });
        break;
    case CRB_OUT_STREAM: {
        crb_frame frame = { .type = CRB_WIRE_STREAM };
        if (crb_stream_take_control(CRB_CONTAINER(next, crb_stream, control), &frame.u.stream)) {
            output_frame(session, out, &frame);
        }
        break;
    }
    case CRB_OUT_ABANDON_ARGS: {
        crb_question *const question = CRB_CONTAINER(next, crb_question, abandon);
        output_abandon(session, &question->args, out);
        crb_question_settle(session, question);
        break;
    }
    default: {
        crb_answer *const answer = CRB_CONTAINER(next, crb_answer, abandon);
        output_abandon(session, &answer->body, out);
        crb_answer_settle(session, answer);
        break;
    }
    }
}

static void output_unordered(crb_session *session, crb_buf *out)
{
    if (crb_flow_credit_due(session)) {
        crb_frame frame = { .type = CRB_WIRE_CREDIT };
        uint64_t *const amounts[CRB_WINDOWS] = { &frame.u.credit.requests, &frame.u.credit.nested, &frame.u.credit.responses,
                                                 &frame.u.credit.bulk };
        for (int i = 0; i < CRB_WINDOWS; i++) {
            *amounts[i] = session->rx[i].owed;
            session->rx[i].used -= session->rx[i].owed;
            session->rx[i].owed = 0;
        }
        output_frame(session, out, &frame);
    }
    if (session->pong_wanted) {
        session->pong_wanted = false;
        crb_frame frame = { .type = CRB_WIRE_PING };
        frame.u.ping.answer = true;
        output_frame(session, out, &frame);
    }
    if (session->ping_wanted) {
        session->ping_wanted = false;
        output_frame(session, out, &(crb_frame) { .type = CRB_WIRE_PING });
    }
    for (uint32_t i = 0; i < session->n_unimplemented; i++) {
        crb_frame frame = { .type = CRB_WIRE_UNIMPLEMENTED };
        frame.u.unimplemented.type = session->unimplemented[i];
        output_frame(session, out, &frame);
    }
    session->n_unimplemented = 0;
}

/* ---- bodies ---- */

/** Bytes of the next piece that may go; 0: none. */
static size_t output_piece(const crb_session *session)
{
    if (crb_list_empty(&session->ring)) {
        return 0;
    }
    const crb_sending *const sending = CRB_CONTAINER(session->ring.next, crb_sending, node);
    const size_t left = sending->buf.len - sending->at;
    const size_t piece = left < CRB_PIECE ? left : CRB_PIECE;
    return crb_flow_available(session, CRB_WIN_BULK) >= piece ? piece : 0;
}

static void output_body(crb_session *session, crb_buf *out, size_t piece)
{
    crb_sending *const sending = CRB_CONTAINER(session->ring.next, crb_sending, node);
    crb_frame frame = { .type = CRB_WIRE_BODY };
    frame.u.body = (crb_wire_body) {
        .question = sending->question,
        .result = sending->result,
        .data = { sending->buf.data + sending->at, piece },
    };
    output_frame(session, out, &frame);
    session->tx[CRB_WIN_BULK].used += piece;
    crb_list_remove(&sending->node);
    if (sending->at + piece < sending->buf.len) {
        *(sending->result ? &session->results_queued : &session->args_queued) -= piece;
        sending->at += piece;
        crb_list_append(&session->ring, &sending->node);
        return;
    }
    crb_sending_abandon(session, sending, NULL, false);
    if (sending->result) {
        crb_answer_settle(session, CRB_CONTAINER(sending, crb_answer, body));
    } else {
        crb_question_settle(session, CRB_CONTAINER(sending, crb_question, args));
    }
}

static void output_items(crb_session *session, crb_buf *out, crb_stream *stream)
{
    crb_frame frame = { .type = CRB_WIRE_STREAM };
    bool failed = false;
    crb_sent_refs *refs = crb_stream_take_piece(session, stream, &frame.u.stream, &failed);
    if (failed) {
        out->failed = true;
        return;
    }
    if (refs == NULL) {
        output_frame(session, out, &frame);
    } else {
        output_frame_with_refs(session, out, &frame, &refs);
        free(refs); /* left where there was no memory */
    }
    if (!out->failed) {
        crb_stream_took_piece(session, stream, &frame.u.stream);
    }
}

/** Pieces of bodies and of streams in turns, as long as one more has room. */
static void output_pieces(crb_session *session, crb_buf *out, size_t start)
{
    for (bool more = !output_no_pieces(session); more && !out->failed;) {
        more = false;
        const size_t piece = output_piece(session);
        if (piece > 0 && (out->len - start) + piece + OUTPUT_PIECE_OVERHEAD <= CRB_MESSAGE_SOFT) {
            output_body(session, out, piece);
            more = true;
        }
        size_t len = 0;
        crb_stream *const stream = crb_stream_next_piece(session, &len);
        if (stream != NULL && !out->failed && (out->len - start) + len + OUTPUT_PIECE_OVERHEAD <= CRB_MESSAGE_SOFT) {
            output_items(session, out, stream);
            more = true;
        }
    }
}

/* ---- messages ---- */

static void output_hello(crb_session *session, crb_buf *out)
{
    crb_frame frame;
    crb_session_hello(session, &frame);
    output_frame(session, out, &frame);
    session->hello_pulled = true;
}

static void output_final(crb_session *session, crb_buf *out)
{
    crb_frame frame = { .type = session->final_is_abort ? CRB_WIRE_ABORT : CRB_WIRE_BYE };
    if (session->final_is_abort) {
        frame.u.abort.why = session->why;
        frame.u.abort.major = CRB_PROTOCOL_MAJOR;
        frame.u.abort.minor = CRB_PROTOCOL_MINOR;
        frame.u.abort.calls = session->final_calls;
        frame.u.abort.refused = session->final_refuses;
    } else {
        frame.u.bye.calls = session->final_calls;
    }
    output_frame(session, out, &frame);
}

/** Before the peer's HELLO only the dialer says anything: the acceptor's own tells what is known of the dialer. */
static bool output_may_talk(const crb_session *session)
{
    return session->phase == CRB_PHASE_OPEN || session->dialer || session->phase == CRB_PHASE_FLUSHING;
}

static bool output_has_pieces(crb_session *session)
{
    size_t len = 0;
    return !output_no_pieces(session) && (output_piece(session) > 0 || crb_stream_next_piece(session, &len) != NULL);
}

/** Nothing is left to be said but goodbye. */
static bool output_is_final(const crb_session *session)
{
    return session->phase == CRB_PHASE_FLUSHING && crb_list_empty(&session->out) && crb_list_empty(&session->ring) &&
           session->n_returns_waiting == 0;
}

bool crb_session_pull(crb_session *session, crb_buf *out, uint64_t now)
{
    const size_t start = out->len;
    if (session->phase == CRB_PHASE_ENDED) {
        return false;
    }
    if (!session->hello_pulled) {
        if (!output_may_talk(session)) {
            return false;
        }
        output_hello(session, out);
    }
    if (output_may_talk(session)) {
        if (session->phase == CRB_PHASE_OPEN) {
            output_unordered(session, out);
        }
        const size_t most = output_has_pieces(session) ? CRB_MESSAGE_SOFT - CRB_PIECE - OUTPUT_PIECE_OVERHEAD : CRB_MESSAGE_SOFT;
        while (!out->failed && !crb_list_empty(&session->out) && out->len - start < most) {
            output_next(session, out, now);
        }
        output_pieces(session, out, start);
    }
    if (output_is_final(session) && !out->failed) {
        output_final(session, out);
        crb_output_drop(session);
    }
    if (out->failed) {
        out->len = start;
        crb_session_no_memory(session);
        crb_session_end_without_memory(session);
        return false;
    }
    return out->len > start;
}

bool crb_session_has_output(crb_session *session)
{
    if (session->phase == CRB_PHASE_ENDED) {
        return false;
    }
    if (!output_may_talk(session)) {
        return false;
    }
    if (!session->hello_pulled) {
        return true;
    }
    if (!crb_list_empty(&session->out)) {
        return true;
    }
    const bool unordered = session->phase == CRB_PHASE_OPEN && (crb_flow_credit_due(session) || session->pong_wanted ||
                                                                session->ping_wanted || session->n_unimplemented > 0);
    return unordered || output_is_final(session) || output_has_pieces(session);
}

bool crb_session_is_alone(const crb_session *session)
{
    return session->n_questions <= 1 && session->n_answers <= 1 && session->n_questions + session->n_answers > 0 &&
           session->n_streams == 0;
}

/* What waits leaves the queues; its memory goes with its table. */
void crb_output_clear(crb_session *session)
{
    while (!crb_list_empty(&session->out)) {
        crb_out *const next = CRB_CONTAINER(session->out.next, crb_out, node);
        crb_list_remove(&next->node);
        if (next->kind == CRB_OUT_RELEASE) {
            crb_import_free(CRB_CONTAINER(next, crb_import, release));
        } else if (next->kind == CRB_OUT_GONE) {
            crb_export_unhold(session, CRB_CONTAINER(next, crb_export, gone));
        }
    }
    while (!crb_list_empty(&session->ring)) {
        crb_list_remove(session->ring.next);
    }
    while (!crb_list_empty(&session->stream_ring)) {
        crb_list_remove(session->stream_ring.next);
    }
}

void crb_output_keep(crb_session *session)
{
    crb_node *next = NULL;
    for (crb_node *node = session->out.next; node != &session->out; node = next) {
        next = node->next;
        crb_out *const out = CRB_CONTAINER(node, crb_out, node);
        if (out->kind == CRB_OUT_RELEASE) {
            crb_list_remove(node);
            crb_import_free(CRB_CONTAINER(out, crb_import, release));
        } else if (out->kind == CRB_OUT_GONE) {
            crb_list_remove(node);
            crb_export_unhold(session, CRB_CONTAINER(out, crb_export, gone));
        } else if (out->kind == CRB_OUT_GOAWAY || out->kind == CRB_OUT_STREAM) {
            crb_list_remove(node);
        }
    }
}

void crb_output_stop(crb_session *session)
{
    crb_answers_end(session, false);
    crb_questions_end(session, session->why, UINT64_MAX, false);
    crb_output_clear(session);
}

void crb_output_drop(crb_session *session)
{
    session->phase = CRB_PHASE_ENDED;
    crb_output_stop(session);
    if (!session->keeps) {
        crb_exports_forget(session);
    }
}
