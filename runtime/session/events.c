/* What the driver is told. Events wait in the order in which they happened, each a node of what it is about; what they lend to
 * the driver lives until the next one is asked for. */
#include "runtime/session/session_impl.h"

#include <stdlib.h>
#include <string.h>

void crb_event_queue(crb_session *session, crb_ev *ev)
{
    if (!crb_node_linked(&ev->node)) {
        crb_list_append(&session->events, &ev->node);
    }
}

void crb_event_queue_first(crb_session *session, crb_ev *ev)
{
    crb_list_append(session->events.next, &ev->node);
}

static void events_end_loans(crb_session *session)
{
    for (size_t i = 0; i < sizeof session->lent / sizeof *session->lent; i++) {
        if (session->lent[i] != NULL) {
            free(session->lent[i]);
            session->lent[i] = NULL;
        }
    }
}

void crb_events_free(crb_session *session)
{
    events_end_loans(session);
    while (!crb_list_empty(&session->events)) {
        crb_ev *const ev = CRB_CONTAINER(session->events.next, crb_ev, node);
        crb_event_drop(ev);
        if (ev->kind == CRB_EVENT_UNEXPORTED) {
            crb_export_settle(session, CRB_CONTAINER(ev, crb_export, unexported));
        }
    }
}

static void events_take_bind(crb_session *session, crb_answer *answer, crb_event *ret)
{
    answer->handed = true;
    ret->answer = answer;
    ret->id = answer->names;
    ret->interface = answer->interface;
    ret->fingerprint = answer->fingerprint;
    ret->deadline = answer->deadline;
    ret->complete = true;
    session->lent[0] = answer->names;
    answer->names = NULL;
}

static void events_lend_refs(crb_session *session, crb_received_refs **refs, crb_event *ret)
{
    if (*refs != NULL) {
        crb_refs_resolve(session, *refs);
        ret->refs = (*refs)->items;
        ret->n_refs = (*refs)->n;
        session->lent[1] = *refs;
        *refs = NULL;
    }
}

/** What its table names, but does not have yet, comes with the rest of it. */
static bool events_refs_known(const crb_answer *answer)
{
    return answer->promised == NULL || answer->promised->unknown == 0;
}

static void events_give_args(crb_answer *answer, crb_event *ret)
{
    ret->complete = true;
    answer->args_handed = true;
    ret->args = answer->args.buf;
    answer->args.buf = (crb_buf)CRB_BUF_INIT;
}

/** False: the core has refused it, as a promise failed; or no memory. */
static bool events_take_call(crb_session *session, crb_answer *answer, crb_event *ret)
{
    const bool refs_known = events_refs_known(answer);
    corbel_error error = CORBEL_ERROR_INIT;
    if ((answer->target.promise != NULL && !crb_promise_target(session, answer, ret, &error)) ||
        (answer->promised != NULL && refs_known && !crb_promise_arguments(session, answer, &error))) {
        if (ret->import != NULL) { /* the target was known, and its receipt the driver's: nobody will take it */
            crb_session_release(session, ret->import, 1);
        }
        if (!session->out_of_memory) {
            crb_answer_refuse(session, answer, error.status, error.message);
        }
        corbel_error_clear(&error);
        return false;
    }
    if (answer->aim != NULL) { /* it had to wait; the object may have been withdrawn since */
        answer->object = crb_export_object(answer->aim);
        crb_answer_miss(session, answer);
    }
    answer->handed = true;
    session->calls_handed = answer->ordinal > session->calls_handed ? answer->ordinal : session->calls_handed;
    ret->answer = answer;
    ret->object = answer->object;
    ret->interface = answer->operation->interface;
    ret->operation = answer->operation->name;
    ret->memo = answer->operation->single ? NULL : &answer->operation->memo;
    ret->lane = answer->lane;
    ret->deadline = answer->deadline;
    ret->chain = answer->chain;
    ret->hop = answer->hop;
    ret->oneway = answer->kind == CRB_QUESTION_ONEWAY;
    ret->stream_in = answer->stream_in;
    ret->stream_out = answer->stream_out;
    ret->enter = answer->args.reserved > 0 || crb_flow_is_tight(session, answer->window) || answer->stream_in != NULL ||
                 answer->stream_out != NULL;
    ret->context = answer->context;
    answer->context = (crb_buf)CRB_BUF_INIT;
    ret->once = answer->once;
    answer->once = NULL;
    if (refs_known) {
        events_lend_refs(session, &answer->refs_in, ret);
    }
    if (refs_known && !answer->args.active && !answer->args.dropping) {
        events_give_args(answer, ret);
    }
    if (answer->operation->single && !answer->keep) { /* a promise is asked for the name of its step */
        session->lent[0] = answer->operation;
        answer->operation = NULL;
    }
    return true;
}

static void events_take_body(crb_session *session, crb_answer *answer, crb_event *ret)
{
    ret->answer = answer;
    if (answer->promised != NULL && !crb_promise_arguments(session, answer, &ret->error)) {
        ret->complete = true;
        answer->args_handed = true;
        return;
    }
    events_lend_refs(session, &answer->refs_in, ret);
    events_give_args(answer, ret);
}

static void events_take_return(crb_session *session, crb_question *question, crb_event *ret)
{
    question->taken = true;
    ret->user = question->user;
    ret->outcome = question->outcome;
    ret->durable = question->durable;
    ret->context = question->context;
    question->context = (crb_buf)CRB_BUF_INIT;
    events_lend_refs(session, &question->refs_in, ret);
    if (question->outcome == CRB_OUTCOME_ERROR) {
        ret->error = question->error;
        question->error = (corbel_error)CORBEL_ERROR_INIT;
        question->error.status = ret->error.status; /* for calls on it as a promise */
    } else {
        ret->body = question->body.buf;
        question->body.buf = (crb_buf)CRB_BUF_INIT;
        if (question->outcome == CRB_OUTCOME_EXCEPTION) {
            ret->error = question->error;
            question->error = (corbel_error)CORBEL_ERROR_INIT;
        }
        ret->exception = question->exception;
        session->lent[0] = question->exception;
        question->exception = NULL;
        crb_body_unreserve(session, &question->body);
    }
    crb_flow_give_back(session, CRB_WIN_RESPONSES, question->response);
    question->response = 0;
    crb_question_settle(session, question);
}

static void events_take_items(crb_session *session, crb_stream *stream, crb_event *ret)
{
    crb_received_refs *refs = crb_stream_take_refs(stream);
    ret->stream = stream;
    events_lend_refs(session, &refs, ret);
    if (stream->received != NULL) { /* one table at a time, the bytes with the last */
        crb_event_queue_first(session, &stream->items_event);
        return;
    }
    ret->items = stream->in;
    ret->end = stream->end_came;
    stream->in = (crb_buf)CRB_BUF_INIT;
}

/** Kept apart, so that looking for an event where there is none costs next to nothing. */
static bool events_take(crb_session *session, crb_event *ret)
{
    for (;;) {
        if (crb_list_empty(&session->events) && session->bye_came) {
            crb_session_end_by_bye(session);
        }
        if (crb_list_empty(&session->events)) {
            return false;
        }
        crb_ev *const ev = CRB_CONTAINER(session->events.next, crb_ev, node);
        crb_event_drop(ev);
        *ret = (crb_event) { .kind = ev->kind, .error = CORBEL_ERROR_INIT, .deadline = UINT64_MAX };
        switch (ev->kind) {
        case CRB_EVENT_OPEN:
        case CRB_EVENT_CREDIT:
            return true;
        case CRB_EVENT_DRAINING:
            ret->duplicate = ev == &session->duplicate_event ? session->duplicate_of : 0;
            return true;
        case CRB_EVENT_BIND:
            events_take_bind(session, CRB_CONTAINER(ev, crb_answer, event), ret);
            return true;
        case CRB_EVENT_CALL:
            if (events_take_call(session, CRB_CONTAINER(ev, crb_answer, event), ret)) {
                return true;
            }
            crb_session_end_without_memory(session);
            break;
        case CRB_EVENT_BODY:
            events_take_body(session, CRB_CONTAINER(ev, crb_answer, body_event), ret);
            return true;
        case CRB_EVENT_CANCEL:
            ret->answer = CRB_CONTAINER(ev, crb_answer, cancel_event);
            return true;
        case CRB_EVENT_ITEMS:
            events_take_items(session, CRB_CONTAINER(ev, crb_stream, items_event), ret);
            return true;
        case CRB_EVENT_ROOM:
            ret->stream = CRB_CONTAINER(ev, crb_stream, room_event);
            ret->stream->room_wanted = false;
            return true;
        case CRB_EVENT_RETURN:
            events_take_return(session, CRB_CONTAINER(ev, crb_question, event), ret);
            return true;
        case CRB_EVENT_UNEXPORTED: {
            crb_export *const export = CRB_CONTAINER(ev, crb_export, unexported);
            ret->object = export->reported;
            crb_export_settle(session, export);
            return true;
        }
        case CRB_EVENT_GONE:
            ret->import = CRB_CONTAINER(ev, crb_import, gone);
            ret->why = ret->import->why;
            session->lent[0] = ret->import->why;
            ret->import->why = NULL;
            return true;
        case CRB_EVENT_CLOSED:
            ret->why = session->why;
            ret->clean = session->clean;
            return true;
        }
    }
}

bool crb_session_next_event(crb_session *session, crb_event *ret)
{
    events_end_loans(session);
    return (!crb_list_empty(&session->events) || session->bye_came) && events_take(session, ret);
}
