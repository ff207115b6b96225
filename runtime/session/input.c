/* What comes in: a message is taken apart into frames, each is checked and goes to the file that owns its table. The first thing
 * that breaks the protocol ends the session; nothing after it is looked at. */
#include "runtime/session/session_impl.h"

#include <string.h>

static const char *input_unknown(crb_session *session, uint32_t type, bool critical)
{
    if (critical) {
        return "a critical frame of a type that is not known here";
    }
    for (uint32_t i = 0; i < session->n_unimplemented; i++) {
        if (session->unimplemented[i] == type) {
            return NULL;
        }
    }
    if (session->n_unimplemented < CRB_MAX_UNIMPLEMENTED) {
        session->unimplemented[session->n_unimplemented++] = type;
    }
    return NULL;
}

/** What came before it is still handed up, in order: then the session ends. */
static void input_bye(crb_session *session, uint64_t calls)
{
    session->bye_came = true;
    session->bye_calls = calls;
    if (crb_list_empty(&session->events)) {
        crb_session_end_by_bye(session);
    }
}

static void input_abort(crb_session *session, const char *peers_why, uint64_t calls, bool refused)
{
    static const char prefix[] = "the peer ended the session: ";
    char why[CRB_FRAME_MAX_TEXT + sizeof prefix];
    memcpy(why, prefix, sizeof prefix);
    crb_text_fit(peers_why, why + sizeof prefix - 1, CRB_FRAME_MAX_TEXT + 1);
    session->refused = refused;
    crb_session_closed_by_peer(session, why, false, calls > session->calls_sent ? UINT64_MAX : calls);
}

static const char *input_frame(crb_session *session, const crb_frame *frame, uint64_t now)
{
    switch ((crb_wire_type)frame->type) {
    case CRB_WIRE_HELLO:
        return crb_session_on_hello(session, &frame->u.hello, now);
    case CRB_WIRE_BIND:
        return crb_answer_on_bind(session, &frame->u.bind, now);
    case CRB_WIRE_CALL:
        return crb_answer_on_call(session, &frame->u.call, now);
    case CRB_WIRE_BODY:
        return crb_body_on_frame(session, &frame->u.body);
    case CRB_WIRE_RETURN:
        return crb_question_on_return(session, &frame->u.ret);
    case CRB_WIRE_FINISH:
        return crb_answer_on_finish(session, frame->u.finish.question, frame->u.finish.cancel);
    case CRB_WIRE_RELEASE:
        return crb_export_on_release(session, frame->u.release.index, frame->u.release.generation, frame->u.release.count);
    case CRB_WIRE_CREDIT:
        return crb_flow_on_credit(session, frame);
    case CRB_WIRE_GONE:
        return crb_import_on_gone(session, frame->u.gone.index, frame->u.gone.generation, frame->u.gone.why);
    case CRB_WIRE_PING:
        session->pong_wanted = session->pong_wanted || !frame->u.ping.answer;
        return NULL;
    case CRB_WIRE_GOAWAY:
        if (frame->u.goaway.duplicate != 0 && session->duplicate_of == 0) {
            session->duplicate_of = frame->u.goaway.duplicate;
            crb_event_queue(session, &session->duplicate_event);
        } else if (frame->u.goaway.duplicate == 0 && !session->draining) {
            session->draining = true;
            crb_event_queue(session, &session->draining_event);
        }
        return NULL;
    case CRB_WIRE_BYE:
        if (frame->u.bye.calls > session->calls_sent) {
            return "BYE for more calls than were sent";
        }
        input_bye(session, frame->u.bye.calls);
        return NULL;
    case CRB_WIRE_UNIMPLEMENTED:
        return NULL; /* nothing of ours depends on a frame being known */
    case CRB_WIRE_ABORT:
        input_abort(session, frame->u.abort.why, frame->u.abort.calls, frame->u.abort.refused);
        return NULL;
    case CRB_WIRE_STREAM:
        return crb_stream_on_frame(session, &frame->u.stream);
    }
    return input_unknown(session, frame->type, frame->critical);
}

/** Which frames may come now. */
static const char *input_allowed(const crb_session *session, uint32_t type)
{
    if (session->phase == CRB_PHASE_NEW && type != CRB_WIRE_HELLO && type != CRB_WIRE_ABORT) {
        return "the first frame is not HELLO";
    }
    if (session->phase == CRB_PHASE_OPEN && type == CRB_WIRE_HELLO) {
        return "a second HELLO";
    }
    return NULL;
}

/** While BYE waits for the last results to be sent, only what they need is heard. */
static void input_while_flushing(crb_session *session, const crb_frame *frame)
{
    if (frame->type == CRB_WIRE_CREDIT) {
        if (crb_flow_on_credit(session, frame) != NULL) {
            crb_output_drop(session);
        }
    } else if (frame->type == CRB_WIRE_STREAM) {
        crb_stream_while_flushing(session, &frame->u.stream);
    } else if (frame->type == CRB_WIRE_BYE || frame->type == CRB_WIRE_ABORT) {
        crb_output_drop(session);
    }
}

void crb_session_input(crb_session *session, const uint8_t *message, size_t len, uint64_t now)
{
    const bool flushing = session->phase == CRB_PHASE_FLUSHING;
    const crb_frame_limits limits = { session->limits.max_references > CRB_EARLY_REFERENCES ? session->limits.max_references
                                                                                            : CRB_EARLY_REFERENCES };
    session->heard = now;
    session->pinged = 0;
    session->ping_wanted = false;
    while (len > 0 && !session->out_of_memory && !session->bye_came && session->phase != CRB_PHASE_ENDED &&
           crb_session_over(session) == flushing) {
        const uint8_t *data = NULL;
        size_t size = 0;
        crb_frame frame;
        const char *why = "a frame whose length is not valid";
        if (crb_frame_split(&message, &len, &data, &size)) {
            const crb_frame_result result = crb_frame_unpack(&frame, data, size, &limits, &session->scratch, &why);
            if (result == CRB_FRAME_NO_MEMORY) {
                crb_session_no_memory(session);
                break;
            }
            if (result == CRB_FRAME_OK) {
                why = flushing ? NULL : input_allowed(session, frame.type);
                session->received[crb_session_type_index(frame.type)]++;
                if (flushing) {
                    input_while_flushing(session, &frame);
                } else if (why == NULL) {
                    why = input_frame(session, &frame, now);
                }
            }
        }
        if (why != NULL) {
            crb_session_abort(session, why, now);
            break;
        }
    }
    crb_scratch_reset(&session->scratch, 0);
    crb_session_end_without_memory(session);
}
