/* Calls and binds of ours.
 *
 * Invariants: every two-way call and bind is completed exactly once (completed, CRB_EVENT_RETURN); its completion is NO only when
 * its header was never pulled or the peer said so; its number stays in the table until the peer has answered. */
#include "runtime/session/session_impl.h"

#include "runtime/base/fail.h"

#include <stdlib.h>
#include <string.h>

/** The peer will not answer it any more (or its FINISH was pulled). */
static void question_uncount(crb_session *session, crb_question *question)
{
    if (question->counted) {
        question->counted = false;
        session->n_questions--;
    }
}

/** Zeroed. NULL: no memory. */
static crb_question *question_alloc(crb_session *session)
{
    if (crb_list_empty(&session->spare_questions)) {
        return calloc(1, sizeof(crb_question));
    }
    crb_question *const question = CRB_CONTAINER(session->spare_questions.next, crb_question, all);
    crb_list_remove(&question->all);
    session->n_spare_questions--;
    memset(question, 0, sizeof *question);
    return question;
}

static void question_free(crb_session *session, crb_question *question)
{
    question_uncount(session, question);
    crb_id_remove(&session->questions, &question->by_id);
    crb_due_remove(&session->due, &question->due);
    crb_list_remove(&question->all);
    crb_event_drop(&question->event);
    crb_list_remove(&question->header.node);
    crb_list_remove(&question->finish.node);
    crb_list_remove(&question->abandon.node);
    crb_sending_abandon(session, &question->args, NULL, false);
    crb_body_drop(session, &question->body);
    crb_operation_put(question->operation);
    crb_refs_take_back(session, question->refs, false);
    free(question->path);
    crb_refs_drop(session, question->refs_in);
    if (question->stream_in != NULL || question->stream_out != NULL) {
        crb_stream_free(session, question->stream_in);
        crb_stream_free(session, question->stream_out);
    }
    free(question->names);
    if (question->once != NULL) {
        free(question->once);
    }
    if (question->context.data != NULL) {
        crb_buf_clear(&question->context);
    }
    free(question->exception);
    corbel_error_clear(&question->error);
    if (session->n_spare_questions < CRB_SPARES) {
        session->n_spare_questions++;
        crb_list_append(&session->spare_questions, &question->all);
    } else {
        free(question);
    }
}

/** Returns what it was after, if it was never sent and is gone: that is to be settled next. */
static crb_question *question_settle(crb_session *session, crb_question *question)
{
    const bool user_done = question->kind == CRB_QUESTION_ONEWAY || (question->taken && (!question->keep || question->finished));
    if (question->finishes && !question->keep && question->taken && question->waiting == 0 && !question->finish_sent &&
        !crb_session_over(session)) {
        question->finish_sent = true;
        crb_out_queue(session, &question->finish);
    }
    const bool wire_done = !crb_out_waits(&question->header) && !crb_out_waits(&question->finish) &&
                           !crb_out_waits(&question->abandon) && !crb_node_linked(&question->args.node) &&
                           (question->kind == CRB_QUESTION_ONEWAY || !question->sent || question->returned);
    const bool until_finish = question->keep || question->finishes;
    if (question->returned && (!until_finish || (question->finish_sent && wire_done))) {
        question_uncount(session, question);
    }
    if (!user_done || !wire_done || question->waiting > 0) {
        return NULL;
    }
    crb_question *const after = question->after;
    if (after != NULL) {
        after->waiting--;
    }
    question_free(session, question);
    return after;
}

void crb_question_settle(crb_session *session, crb_question *question)
{
    while (question != NULL) {
        question = question_settle(session, question);
    }
}

static void question_complete(crb_session *session, crb_question *question)
{
    assert(!question->completed && question->kind != CRB_QUESTION_ONEWAY);
    question->completed = true;
    crb_due_remove(&session->due, &question->due);
    if (question->stream_in != NULL || question->stream_out != NULL) {
        crb_stream_close(session, question->stream_in);
        crb_stream_close(session, question->stream_out);
    }
    crb_event_queue(session, &question->event);
}

void crb_question_fail(crb_session *session, crb_question *question, corbel_status status, corbel_completion completion,
                       const char *message)
{
    question->outcome = CRB_OUTCOME_ERROR;
    crb_fail(&question->error, status, completion, "%s", message);
    question_complete(session, question);
}

/** Did the servant run, as far as we know? */
static corbel_completion question_completion(const crb_question *question, uint64_t calls)
{
    if (!question->sent || question->kind == CRB_QUESTION_BIND || question->call_number > calls) {
        return CORBEL_COMPLETED_NO;
    }
    return question->has_result ? CORBEL_COMPLETED_YES : CORBEL_COMPLETED_MAYBE;
}

/** Takes from it those that it names, which still count it: question_let_go() is to follow. */
static void question_unname(crb_question *question, crb_question *ret_named[2])
{
    ret_named[0] = question->promise;
    ret_named[1] = question->sent || question->waiting == 0 ? question->after : NULL;
    question->promise = NULL;
    question->after = ret_named[1] != NULL ? NULL : question->after;
}

/** They wait for one call less each. One by one: both may be the same, or the first after the second, which our count keeps. */
static void question_let_go(crb_session *session, crb_question *const named[2])
{
    for (int i = 0; i < 2; i++) {
        if (named[i] != NULL) {
            named[i]->waiting--;
            crb_question_settle(session, named[i]);
        }
    }
}

void crb_question_named(crb_session *session, crb_question *question)
{
    crb_question *named[2];
    question_unname(question, named);
    question_let_go(session, named);
}

static void question_unsend(crb_session *session, crb_question *question, crb_question *ret_named[2])
{
    assert(!question->sent);
    crb_list_remove(&question->header.node);
    crb_flow_untake(session, question->window, question->cost);
    question->cost = 0;
    crb_refs_take_back(session, question->refs, false);
    question->refs = NULL;
    question_uncount(session, question);
    question_unname(question, ret_named);
}

void crb_question_unsend(crb_session *session, crb_question *question)
{
    crb_question *named[2];
    crb_sent_refs *const refs = question->refs;
    question->refs = NULL;
    question_unsend(session, question, named);
    question_let_go(session, named);
    crb_refs_take_back(session, refs, true);
}

/** Why a call on promise, which is complete and has no result, fails. */
static void question_broken(const crb_question *promise, corbel_error *reterr)
{
    const bool raised = promise->outcome == CRB_OUTCOME_EXCEPTION;
    const corbel_status status = raised ? CORBEL_UNDECLARED : promise->error.status;
    if (promise->kind == CRB_QUESTION_BIND) {
        crb_fail(reterr, status, CORBEL_COMPLETED_NO, "the object to call could not be bound");
    } else {
        crb_fail(reterr, status, CORBEL_COMPLETED_NO, "%s of %s failed: %s", promise->operation->name,
                 promise->operation->interface, raised ? "it raised an exception" : corbel_status_text(status));
    }
}

void crb_question_break(crb_session *session, crb_question *question, const crb_question *promise)
{
    corbel_error error = CORBEL_ERROR_INIT;
    question_broken(promise, &error);
    crb_question_unsend(session, question);
    if (question->kind != CRB_QUESTION_ONEWAY) {
        crb_question_fail(session, question, error.status, CORBEL_COMPLETED_NO, error.message);
    }
    corbel_error_clear(&error);
}

/** Asks the peer to stop, and sends no more of it. */
static void question_give_up(crb_session *session, crb_question *question)
{
    if (!question->finish_sent) {
        question->finish_sent = true;
        question->cancel = true;
        crb_out_queue(session, &question->finish);
    }
    crb_sending_abandon(session, &question->args, &question->abandon, true);
    crb_refs_drop(session, question->refs_in);
    question->refs_in = NULL;
    crb_body_drop(session, &question->body);
}

/** Completes it early, by us. */
static void question_stop(crb_session *session, crb_question *question, corbel_status status, const char *message)
{
    const corbel_completion completion = question_completion(question, UINT64_MAX);
    if (!question->sent) {
        crb_question_unsend(session, question);
    } else {
        question_give_up(session, question);
    }
    crb_question_fail(session, question, status, completion, message);
}

void crb_question_expire(crb_session *session, crb_question *question)
{
    question_stop(session, question, CORBEL_DEADLINE, corbel_status_text(CORBEL_DEADLINE));
}

static void question_finish(crb_session *session, crb_question *question, bool cancel, corbel_status status)
{
    assert(question->kind != CRB_QUESTION_ONEWAY && !question->finished);
    const bool bind = question->kind == CRB_QUESTION_BIND;
    question->finished = question->keep;
    if (!question->completed && (cancel || (bind && !question->sent))) {
        question_stop(session, question, status, corbel_status_text(status));
    } else if (question->keep && question->sent && !question->finish_sent && !crb_session_over(session)) {
        question->finish_sent = true;
        crb_out_queue(session, &question->finish);
    }
    crb_question_settle(session, question);
}

void crb_session_finish(crb_session *session, crb_question *question, bool cancel)
{
    question_finish(session, question, cancel, CORBEL_CANCELLED);
}

void crb_session_give_up(crb_session *session, crb_question *question, corbel_status status)
{
    question_finish(session, question, true, status);
}

/* ---- asking ---- */

static corbel_status question_refuse(corbel_error *reterr, corbel_status status, const char *message)
{
    return crb_fail(reterr, status, CORBEL_COMPLETED_NO, "%s", message);
}

/** What forbids any question now. */
static corbel_status question_allowed(const crb_session *session, bool new_chain, uint64_t deadline, uint64_t now, bool counts,
                                      corbel_error *reterr)
{
    if (crb_session_over(session)) {
        return question_refuse(reterr, CORBEL_GONE, session->why);
    }
    if (session->draining && new_chain) {
        return question_refuse(reterr, CORBEL_DRAINING, corbel_status_text(CORBEL_DRAINING));
    }
    if (deadline <= now) {
        return question_refuse(reterr, CORBEL_DEADLINE, corbel_status_text(CORBEL_DEADLINE));
    }
    if (counts && session->phase != CRB_PHASE_NEW && session->n_questions >= session->peer.max_questions) {
        return question_refuse(reterr, CORBEL_LIMIT, "the peer takes no more calls under way at once");
    }
    return CORBEL_OK;
}

static bool question_is_broken(const crb_question *promise)
{
    return promise != NULL && promise->completed && promise->outcome != CRB_OUTCOME_RESULT;
}

/** The first promise that the call needs and that has failed; NULL: none. */
static const crb_question *question_broken_promise(const crb_call_out *call)
{
    if (question_is_broken(call->promise)) {
        return call->promise;
    }
    for (size_t i = 0; i < call->n_refs; i++) {
        if (question_is_broken(call->refs[i].promise)) {
            return call->refs[i].promise;
        }
    }
    return NULL;
}

static corbel_status question_call_allowed(const crb_session *session, const crb_call_out *call, corbel_error *reterr)
{
    const bool early = session->phase == CRB_PHASE_NEW;
    if (call->target != NULL && call->target->withdrawn) {
        return question_refuse(reterr, CORBEL_NOT_FOUND, "the object is not there any more");
    }
    const crb_question *const broken = question_broken_promise(call);
    if (broken != NULL) {
        corbel_error error = CORBEL_ERROR_INIT;
        question_broken(broken, &error);
        const corbel_status status = error.status;
        crb_error_move(reterr, &error);
        return status;
    }
    if (call->n_path > CRB_FRAME_MAX_PATH) {
        return question_refuse(reterr, CORBEL_LIMIT, "a path in a result is too long");
    }
    if (!early && call->hop > session->peer.max_hops) {
        return question_refuse(reterr, CORBEL_TOO_DEEP, corbel_status_text(CORBEL_TOO_DEEP));
    }
    if (!early && call->args->len > session->peer.max_body) {
        return question_refuse(reterr, CORBEL_LIMIT, "the arguments are longer than the peer takes");
    }
    if (early ? call->n_refs > CRB_EARLY_REFERENCES : call->n_refs > session->peer.max_references) {
        return question_refuse(reterr, early ? CORBEL_WOULD_BLOCK : CORBEL_LIMIT,
                               "more references in one call than the peer takes");
    }
    if (!crb_operation_is_last(session, call->operation_key) &&
        (!crb_text_is_name(call->interface) || !crb_text_is_name(call->operation) || call->operation[0] == '\0')) {
        return question_refuse(reterr, CORBEL_INVALID_ARGUMENT, "the name of an operation is not valid");
    }
    if (call->stream_out && session->n_streams_read[0] >= session->limits.max_streams) {
        return question_refuse(reterr, CORBEL_LIMIT, "this side reads no more streams of that session at once");
    }
    if (call->stream_in && !early && session->n_streams_written[0] >= session->peer.max_streams) {
        return question_refuse(reterr, CORBEL_LIMIT, "the peer reads no more streams at once");
    }
    const char *const why = crb_refs_check(call->refs, call->n_refs);
    if (why != NULL) {
        return question_refuse(reterr, CORBEL_LIMIT, why);
    }
    return CORBEL_OK;
}

static crb_question *question_new(crb_session *session, crb_question_kind kind, uint64_t deadline, void *user)
{
    crb_question *const question = question_alloc(session);
    if (question == NULL) {
        return NULL;
    }
    question->kind = kind;
    question->keep = kind == CRB_QUESTION_BIND;
    question->user = user;
    question->error = (corbel_error)CORBEL_ERROR_INIT;
    question->event.kind = CRB_EVENT_RETURN;
    question->header.kind = kind == CRB_QUESTION_BIND ? CRB_OUT_BIND : CRB_OUT_CALL;
    question->finish.kind = CRB_OUT_FINISH;
    question->abandon.kind = CRB_OUT_ABANDON_ARGS;
    question->due.when = deadline;
    if (kind != CRB_QUESTION_ONEWAY && deadline != UINT64_MAX && !crb_due_add(&session->due, &question->due, deadline)) {
        free(question);
        return NULL;
    }
    crb_list_append(&session->all_questions, &question->all);
    return question;
}

static void question_queue(crb_session *session, crb_question *question)
{
    if (question->kind != CRB_QUESTION_ONEWAY) {
        question->counted = true;
        session->n_questions++;
    }
    crb_out_queue(session, &question->header);
}

corbel_status crb_session_call(crb_session *session, crb_call_out *call, uint64_t now, crb_question **ret_question,
                               corbel_error *reterr)
{
    assert((call->target == NULL) != (call->promise == NULL));
    assert(call->promise == NULL || (call->promise->keep && !call->promise->finished));
    assert(!call->keep || !call->oneway);
    assert(call->after == NULL || (call->after->kind == CRB_QUESTION_CALL && (call->after->guard || call->anyway)));
    assert(call->once == NULL || call->once->sequence == 0 || !call->oneway);
    corbel_status status = question_allowed(session, call->hop == 0, call->deadline, now, !call->oneway, reterr);
    if (status == CORBEL_OK) {
        status = question_call_allowed(session, call, reterr);
    }
    const crb_window window = call->hop == 0 ? CRB_WIN_REQUESTS : CRB_WIN_NESTED;
    if (status != CORBEL_OK) {
        session->tx[window].refused = session->tx[window].refused || status == CORBEL_WOULD_BLOCK;
        return status;
    }
    size_t first = 0;
    const uint32_t cost = crb_flow_cost(session, window, call->n_refs, call->context_len, call->args->len, &first);
    if (cost == 0) {
        return question_refuse(reterr, CORBEL_LIMIT,
                               call->context_len > 0 ? "more references and context than the peer's window has room for"
                                                     : "more references than the peer's window has room for");
    }
    if (!crb_flow_take(session, window, cost)) {
        return question_refuse(reterr, CORBEL_WOULD_BLOCK, corbel_status_text(CORBEL_WOULD_BLOCK));
    }
    status = CORBEL_NO_MEMORY;
    crb_question *const question =
        question_new(session, call->oneway ? CRB_QUESTION_ONEWAY : CRB_QUESTION_CALL, call->deadline, call->user);
    if (question == NULL) {
        goto fail_question;
    }
    question->operation = crb_operation_get(session, call->operation_key, call->interface, call->operation);
    if (call->context_len > 0) {
        crb_buf_append(&question->context, call->context, call->context_len);
    }
    if (question->operation == NULL || question->context.failed) {
        goto fail_rest;
    }
    if (call->once != NULL) {
        question->once = malloc(sizeof *question->once);
        if (question->once == NULL) {
            goto fail_rest;
        }
        *question->once = *call->once;
    }
    if (call->n_path > 0) {
        question->path = malloc(call->n_path * sizeof *call->path);
        if (question->path == NULL) {
            goto fail_rest;
        }
        memcpy(question->path, call->path, call->n_path * sizeof *call->path);
        question->n_path = call->n_path;
    }
    const uint32_t streams = (call->stream_in ? CRB_FLAG_STREAM_IN : 0) | (call->stream_out ? CRB_FLAG_STREAM_OUT : 0);
    if (streams != 0 && !crb_streams_make(session, streams, false, 0, &question->stream_in, &question->stream_out)) {
        goto fail_rest;
    }
    question->refs = crb_refs_hold(session, call->refs, call->n_refs, &status);
    if (question->refs == NULL && call->n_refs > 0) {
        goto fail_rest;
    }
    question->keep = call->keep;
    question->window = window;
    question->cost = cost;
    question->first = first;
    question->promise = call->promise;
    if (call->promise != NULL) {
        call->promise->waiting++;
    } else {
        question->index = call->target->index;
        question->generation = call->target->generation;
    }
    if (call->after != NULL) {
        call->after->waiting++;
        question->after = call->after;
        question->anyway = call->anyway;
    }
    question->guard = call->guard;
    question->lane = call->lane;
    question->chain = call->chain;
    question->hop = call->hop;
    question->args.buf = *call->args;
    *call->args = (crb_buf)CRB_BUF_INIT;
    session->args_queued += question->args.buf.len;
    question_queue(session, question);
    *ret_question = call->oneway ? NULL : question;
    return CORBEL_OK;

fail_rest:
    question_free(session, question);
fail_question:
    crb_flow_untake(session, window, cost);
    return question_refuse(reterr, status,
                           status == CORBEL_LIMIT ? "the peer may hold no more references" : corbel_status_text(status));
}

corbel_status crb_session_bind(crb_session *session, const char *id, const char *interface, uint64_t fingerprint,
                               uint64_t deadline, void *user, uint64_t now, crb_question **ret_question, corbel_error *reterr)
{
    corbel_status status = question_allowed(session, true, deadline, now, true, reterr);
    if (status != CORBEL_OK) {
        return status;
    }
    if (!crb_text_is_name(id) || !crb_text_is_name(interface)) {
        return question_refuse(reterr, CORBEL_INVALID_ARGUMENT, "the id of an object or the name of an interface is not valid");
    }
    const size_t id_size = strlen(id) + 1;
    const size_t interface_size = strlen(interface) + 1;
    if (!crb_flow_take_early(session, (uint32_t)(CRB_CALL_COST + id_size + interface_size))) {
        return question_refuse(reterr, CORBEL_WOULD_BLOCK, corbel_status_text(CORBEL_WOULD_BLOCK));
    }
    crb_question *const question = question_new(session, CRB_QUESTION_BIND, deadline, user);
    char *const names = question == NULL ? NULL : malloc(id_size + interface_size);
    if (names == NULL) {
        if (question != NULL) {
            question_free(session, question);
        }
        return question_refuse(reterr, CORBEL_NO_MEMORY, corbel_status_text(CORBEL_NO_MEMORY));
    }
    memcpy(names, id, id_size);
    memcpy(names + id_size, interface, interface_size);
    question->names = names;
    question->interface = names + id_size;
    question->fingerprint = fingerprint;
    question_queue(session, question);
    *ret_question = question;
    return CORBEL_OK;
}

/* ---- answers to them ---- */

/** Nobody waits for it: its references go back, its body is dropped. */
static void question_drop_return(crb_session *session, crb_question *question, const crb_wire_return *frame)
{
    crb_refs_drop(session, question->refs_in);
    question->refs_in = NULL;
    crb_flow_give_back(session, CRB_WIN_RESPONSES, frame->body.len);
    question->body.dropping = true;
    question->body.total = frame->length;
    question->body.received = frame->body.len;
    question->body.active = frame->body.len < frame->length;
}

/** A status from the wire. Numbers of a newer peer are kept; what is no failure is one all the same. */
static corbel_status question_status(uint32_t status)
{
    return status == CORBEL_OK || status == CORBEL_RAISED || status == CORBEL_DEFERRED || status > INT32_MAX
               ? CORBEL_FAILED
               : (corbel_status)status;
}

static void question_take_hops(crb_question *question, const crb_wire_return *frame)
{
    for (size_t i = 0; i < frame->n_hops; i++) {
        const crb_wire_hop *const hop = &frame->hops[i];
        crb_error_add_hop(&question->error, hop->daemon, hop->object, hop->operation, hop->message);
    }
}

static void question_take_error(crb_session *session, crb_question *question, const crb_wire_return *frame)
{
    const corbel_status status = question_status(frame->status);
    const corbel_completion completion =
        frame->completion <= CORBEL_COMPLETED_MAYBE ? (corbel_completion)frame->completion : CORBEL_COMPLETED_MAYBE;
    question->outcome = CRB_OUTCOME_ERROR;
    crb_fail(&question->error, status, completion, "%s", frame->message[0] != '\0' ? frame->message : corbel_status_text(status));
    question_take_hops(question, frame);
    crb_error_set_retry_after(&question->error, frame->retry_after_ms);
    question_complete(session, question);
}

/** A result or an exception for somebody who waits. */
static void question_take_result(crb_session *session, crb_question *question, const crb_wire_return *frame)
{
    if (frame->outcome == CRB_OUTCOME_EXCEPTION) {
        const size_t size = strlen(frame->exception) + 1;
        question->exception = malloc(size);
        if (question->exception == NULL) {
            crb_session_no_memory(session);
            return;
        }
        memcpy(question->exception, frame->exception, size);
        question_take_hops(question, frame);
    }
    question->outcome = (crb_outcome)frame->outcome;
    if (frame->context.len > session->limits.max_context) {
        question_drop_return(session, question, frame);
        if (question->body.active) {
            question_give_up(session, question);
        }
        crb_question_fail(session, question, CORBEL_LIMIT, CORBEL_COMPLETED_YES,
                          "the context of the reply is longer than this side takes");
        return;
    }
    if (frame->length > session->limits.max_body || !crb_body_begin(session, &question->body, frame->length, frame->body)) {
        if (session->out_of_memory) {
            return;
        }
        const bool too_long = frame->length > session->limits.max_body;
        question_drop_return(session, question, frame);
        if (question->body.active) {
            question_give_up(session, question);
        }
        crb_question_fail(session, question, too_long ? CORBEL_LIMIT : CORBEL_OVERLOADED, CORBEL_COMPLETED_YES,
                          too_long ? "the result is longer than this side takes" : "no room for a result of this length");
        return;
    }
    question->response = frame->body.len;
    if (!question->body.active) {
        question_complete(session, question);
    }
}

const char *crb_question_on_return(crb_session *session, const crb_wire_return *frame)
{
    crb_id_node *const node = crb_id_find(&session->questions, frame->question);
    crb_question *const question = node != NULL ? CRB_CONTAINER(node, crb_question, by_id) : NULL;
    if (question == NULL || question->returned || question->body.active) {
        return "RETURN for a question that is not open";
    }
    if (frame->outcome > CRB_OUTCOME_ERROR || frame->body.len > frame->length ||
        (frame->outcome == CRB_OUTCOME_ERROR && (frame->length > 0 || frame->n_refs > 0))) {
        return "RETURN that is not valid";
    }
    const char *why = crb_flow_receive(session, CRB_WIN_RESPONSES, frame->body.len);
    if (why != NULL) {
        return why;
    }
    question->refs_in = crb_refs_receive(session, frame->refs, frame->n_refs, false, &why);
    if (why != NULL || session->out_of_memory) {
        return why;
    }
    question->has_result = frame->outcome != CRB_OUTCOME_ERROR;
    question->durable = frame->durable;
    question->finishes = question->guard && frame->outcome != CRB_OUTCOME_RESULT && !question->finish_sent;
    question->context.len = 0;
    if (!question->completed && frame->context.len > 0 && frame->context.len <= session->limits.max_context) {
        crb_buf_append(&question->context, frame->context.data, frame->context.len);
        if (question->context.failed) {
            crb_session_no_memory(session);
            return NULL;
        }
    }
    crb_stream_close(session, question->stream_in);
    crb_stream_close(session, question->stream_out);
    crb_sending_abandon(session, &question->args, &question->abandon, true);
    if (question->completed) {
        question_drop_return(session, question, frame);
        if (question->body.active) {
            question_give_up(session, question);
        }
    } else if (frame->outcome == CRB_OUTCOME_ERROR) {
        question_take_error(session, question, frame);
    } else {
        question_take_result(session, question, frame);
        if (session->out_of_memory) {
            return NULL;
        }
    }
    question->returned = !question->body.active;
    crb_question_settle(session, question);
    return NULL;
}

void crb_question_body_done(crb_session *session, crb_question *question, bool abandoned)
{
    question->returned = true;
    if (!question->completed) {
        if (abandoned) {
            crb_refs_drop(session, question->refs_in);
            question->refs_in = NULL;
            crb_flow_give_back(session, CRB_WIN_RESPONSES, question->response);
            question->response = 0;
            crb_body_drop(session, &question->body);
            crb_question_fail(session, question, CORBEL_CANCELLED, CORBEL_COMPLETED_YES, "the peer gave up sending the result");
        } else {
            question_complete(session, question);
        }
    }
    crb_question_settle(session, question);
}

/* ---- the end ---- */

/** Completes one, without freeing any. */
static void question_end(crb_session *session, crb_question *question, const char *why, uint64_t calls)
{
    if (!question->sent && crb_out_waits(&question->header)) {
        crb_question *named[2];
        question_unsend(session, question, named); /* those are in the list, too, and settled from there */
        for (int i = 0; i < 2; i++) {
            if (named[i] != NULL) {
                named[i]->waiting--;
            }
        }
    }
    crb_list_remove(&question->finish.node);
    crb_list_remove(&question->abandon.node);
    crb_sending_abandon(session, &question->args, NULL, false);
    if (question->kind != CRB_QUESTION_ONEWAY && !question->completed) {
        crb_refs_drop(session, question->refs_in);
        question->refs_in = NULL;
        crb_body_drop(session, &question->body);
        crb_question_fail(session, question, CORBEL_GONE, question_completion(question, calls), why);
    }
    question->returned = true;
}

void crb_questions_end(crb_session *session, const char *why, uint64_t calls, bool keep_output)
{
    for (crb_node *node = session->all_questions.next; node != &session->all_questions; node = node->next) {
        crb_question *const question = CRB_CONTAINER(node, crb_question, all);
        if (question->kind != CRB_QUESTION_ONEWAY || !keep_output) {
            question_end(session, question, why, calls);
        }
    }
    crb_node *next = NULL;
    for (crb_node *node = session->all_questions.next; node != &session->all_questions; node = next) {
        next = node->next;
        crb_question_settle(session, CRB_CONTAINER(node, crb_question, all));
    }
}

void crb_questions_free(crb_session *session)
{
    for (crb_node *node = session->all_questions.next; node != &session->all_questions; node = node->next) {
        crb_sent_refs *const refs = CRB_CONTAINER(node, crb_question, all)->refs;
        for (size_t i = 0; refs != NULL && i < refs->n; i++) {
            refs->items[i].promise = NULL;
        }
    }
    while (!crb_list_empty(&session->all_questions)) {
        question_free(session, CRB_CONTAINER(session->all_questions.next, crb_question, all));
    }
    while (!crb_list_empty(&session->spare_questions)) {
        crb_question *const spare = CRB_CONTAINER(session->spare_questions.next, crb_question, all);
        crb_list_remove(&spare->all);
        free(spare);
    }
    crb_id_table_clear(&session->questions);
}
