/* Large bodies. Coming in: room for all of one is reserved at its header, and kept until the call enters or the result is taken;
 * without room, or when nobody wants it any more, its pieces are dropped as they come. Going out: see output.c.
 *
 * Invariant: a body ends by being whole or by one BODY that says it was abandoned; so a question with a body on its way stays in
 * the table until then. */
#include "runtime/session/session_impl.h"

bool crb_body_begin(crb_session *session, crb_receiving *body, uint64_t total, crb_wire_bytes first)
{
    assert(first.len <= total);
    body->total = total;
    body->received = first.len;
    body->active = first.len < total;
    if (body->active) {
        if (total > session->limits.max_queued - session->reserved) {
            body->dropping = true;
            return false;
        }
        body->reserved = total;
        session->reserved += total;
    }
    crb_buf_append(&body->buf, first.data, first.len);
    if (body->buf.failed) {
        crb_session_no_memory(session);
        return false;
    }
    return true;
}

void crb_body_unreserve(crb_session *session, crb_receiving *body)
{
    assert(session->reserved >= body->reserved);
    session->reserved -= body->reserved;
    body->reserved = 0;
}

void crb_body_drop(crb_session *session, crb_receiving *body)
{
    crb_body_unreserve(session, body);
    crb_buf_clear(&body->buf);
    body->dropping = true;
}

const char *crb_body_on_frame(crb_session *session, const crb_wire_body *frame)
{
    crb_id_node *const node = crb_id_find(frame->result ? &session->questions : &session->answers, frame->question);
    crb_question *const question = node != NULL && frame->result ? CRB_CONTAINER(node, crb_question, by_id) : NULL;
    crb_answer *const answer = node != NULL && !frame->result ? CRB_CONTAINER(node, crb_answer, by_id) : NULL;
    crb_receiving *const body = question != NULL ? &question->body : answer != NULL ? &answer->args : NULL;
    if (body == NULL || !body->active) {
        return "BODY of something that has none";
    }
    if (frame->abandoned ? frame->data.len > 0 : frame->data.len == 0 || frame->data.len > body->total - body->received) {
        return "BODY of a wrong length";
    }
    const char *const why = crb_flow_receive(session, CRB_WIN_BULK, frame->data.len);
    if (why != NULL) {
        return why;
    }
    crb_flow_give_back(session, CRB_WIN_BULK, frame->data.len);
    body->received += frame->data.len;
    if (!body->dropping) {
        crb_buf_append(&body->buf, frame->data.data, frame->data.len);
        if (body->buf.failed) {
            crb_session_no_memory(session);
            return NULL;
        }
    }
    if (frame->abandoned || body->received == body->total) {
        body->active = false;
        if (question != NULL) {
            crb_question_body_done(session, question, frame->abandoned);
        } else {
            crb_answer_body_done(session, answer, frame->abandoned);
        }
    }
    return NULL;
}

void crb_sending_abandon(crb_session *session, crb_sending *sending, crb_out *abandon, bool announced)
{
    const bool some_left = crb_node_linked(&sending->node);
    crb_list_remove(&sending->node);
    *(sending->result ? &session->results_queued : &session->args_queued) -= sending->buf.len - sending->at;
    crb_buf_clear(&sending->buf);
    sending->at = 0;
    if (some_left && announced) {
        crb_out_queue(session, abandon);
    }
}
