/* Calls and binds of the peer's.
 *
 * Invariants: every two-way call and bind gets exactly one RETURN, or the session dies; a call whose event was not taken when the
 * session ends is never taken. */
#include "runtime/session/session_impl.h"

#include "runtime/base/fail.h"

#include <stdlib.h>
#include <string.h>

/** Zeroed. NULL: no memory. */
static crb_answer *answer_alloc(crb_session *session)
{
    if (crb_list_empty(&session->spare_answers)) {
        return calloc(1, sizeof(crb_answer));
    }
    crb_answer *const answer = CRB_CONTAINER(session->spare_answers.next, crb_answer, all);
    crb_list_remove(&answer->all);
    session->n_spare_answers--;
    memset(answer, 0, sizeof *answer);
    return answer;
}

/** Nothing of it is under way any more between the two sides. */
static void answer_uncount(crb_session *session, crb_answer *answer)
{
    if (answer->counted) {
        answer->counted = false;
        session->n_answers--;
    }
}

static void answer_free(crb_session *session, crb_answer *answer)
{
    crb_list_remove(&answer->follow);
    while (crb_node_linked(&answer->followers) && !crb_list_empty(&answer->followers)) { /* only when the session ends */
        crb_answer *const follower = CRB_CONTAINER(answer->followers.next, crb_answer, follow);
        crb_list_remove(&follower->follow);
        follower->after = NULL;
    }
    answer_uncount(session, answer);
    crb_answer_miss(session, answer);
    crb_id_remove(&session->answers, &answer->by_id);
    crb_due_remove(&session->due, &answer->due);
    crb_list_remove(&answer->all);
    crb_event_drop(&answer->event);
    crb_event_drop(&answer->body_event);
    crb_event_drop(&answer->cancel_event);
    crb_list_remove(&answer->header.node);
    crb_list_remove(&answer->abandon.node);
    crb_sending_abandon(session, &answer->body, NULL, false);
    crb_body_drop(session, &answer->args);
    crb_operation_put(answer->operation);
    crb_refs_take_back(session, answer->refs, false);
    crb_refs_drop(session, answer->refs_in);
    if (answer->target.promise != NULL || answer->promised != NULL) {
        crb_promises_drop(session, answer);
    }
    if (answer->kept != NULL) {
        crb_promise_forget(session, answer);
    }
    if (answer->stream_in != NULL || answer->stream_out != NULL) {
        crb_stream_free(session, answer->stream_in);
        crb_stream_free(session, answer->stream_out);
    }
    free(answer->names);
    if (answer->context.data != NULL) {
        crb_buf_clear(&answer->context);
    }
    if (answer->once != NULL) {
        free(answer->once);
    }
    free(answer->exception);
    free(answer->error);
    if (session->n_spare_answers < CRB_SPARES) {
        session->n_spare_answers++;
        crb_list_append(&session->spare_answers, &answer->all);
    } else {
        free(answer);
    }
}

void crb_answer_miss(crb_session *session, crb_answer *answer)
{
    if (answer->aim != NULL) {
        crb_export *const aim = answer->aim;
        answer->aim = NULL;
        crb_export_unhold(session, aim);
    }
}

/** May the peer still name it? */
static bool answer_is_named(const crb_answer *answer)
{
    return !answer->finished && (answer->keep || (answer->guard && answer->outcome != CRB_OUTCOME_RESULT));
}

void crb_answer_settle(crb_session *session, crb_answer *answer)
{
    if (answer->kept != NULL && answer->finished && answer->pins == 0) {
        crb_promise_forget(session, answer);
    }
    const bool wire_done = answer->answered && answer->pulled && !answer->args.active && !crb_node_linked(&answer->body.node) &&
                           !crb_out_waits(&answer->abandon) && !answer_is_named(answer);
    if (wire_done) {
        answer_uncount(session, answer); /* so does its asker; the calls that still wait for it count themselves */
    }
    if (wire_done && answer->pins == 0) {
        answer_free(session, answer);
    }
}

void crb_session_enter(crb_session *session, crb_answer *answer)
{
    if (!answer->entered) {
        answer->entered = true;
        crb_flow_give_back(session, answer->window, answer->cost);
        crb_body_unreserve(session, &answer->args);
        if (answer->stream_in != NULL || answer->stream_out != NULL) {
            crb_due_remove(&session->due, &answer->due); /* it has begun: from here on each wait has its own bound */
        }
    }
}

/** The call is over: nothing more is told of it. */
static void answer_close(crb_session *session, crb_answer *answer)
{
    assert(!answer->answered);
    crb_session_enter(session, answer);
    answer->answered = true;
    crb_due_remove(&session->due, &answer->due);
    crb_event_drop(&answer->event);
    crb_event_drop(&answer->body_event);
    crb_event_drop(&answer->cancel_event);
    crb_body_drop(session, &answer->args);
    if (answer->refs_in != NULL) { /* they waited for promises; the answer itself may be kept for long */
        crb_refs_drop(session, answer->refs_in);
        answer->refs_in = NULL;
    }
    crb_list_remove(&answer->follow);
    answer->after = NULL;
    crb_answer_miss(session, answer);
    if (answer->target.promise != NULL || answer->promised != NULL) {
        crb_promises_drop(session, answer);
    }
    if (answer->stream_in != NULL || answer->stream_out != NULL) {
        crb_stream_forget(session, answer->stream_in);
        crb_stream_forget(session, answer->stream_out);
    }
}

void crb_session_done(crb_session *session, crb_answer *answer)
{
    assert(answer->kind == CRB_QUESTION_ONEWAY);
    answer_close(session, answer);
    answer->pulled = true;
    crb_answer_settle(session, answer);
}

/* ---- answering ---- */

/** One piece of memory; NULL: none. */
static crb_sent_error *answer_error(corbel_status status, corbel_completion completion, const char *message,
                                    const corbel_error *hops)
{
    const size_t n_hops = hops == NULL                                   ? 0
                          : corbel_error_hops(hops) < CRB_FRAME_MAX_HOPS ? corbel_error_hops(hops)
                                                                         : CRB_FRAME_MAX_HOPS;
    const size_t message_max = strnlen(message, CRB_FRAME_MAX_MESSAGE) + 1;
    size_t size = message_max;
    for (size_t i = 0; i < n_hops; i++) {
        const corbel_hop hop = corbel_error_hop(hops, i);
        const char *const texts[4] = { hop.daemon, hop.object, hop.operation, hop.message };
        for (size_t k = 0; k < 4; k++) {
            size += strnlen(texts[k], CRB_FRAME_MAX_HOP_TEXT) + 1;
        }
    }
    crb_sent_error *const error = malloc(sizeof *error + n_hops * sizeof *error->hops + size);
    if (error == NULL) {
        return NULL;
    }
    char *at = (char *)&error->hops[n_hops];
    *error = (crb_sent_error) { .status = (uint32_t)status, .completion = (uint32_t)completion, .message = at, .n_hops = n_hops };
    error->retry_after_ms = hops == NULL ? 0 : corbel_error_retry_after_ms(hops);
    at += crb_text_fit(message, at, message_max) + 1;
    for (size_t i = 0; i < n_hops; i++) {
        const corbel_hop hop = corbel_error_hop(hops, i);
        const char *const texts[4] = { hop.daemon, hop.object, hop.operation, hop.message };
        const char **const places[4] = { &error->hops[i].daemon, &error->hops[i].object, &error->hops[i].operation,
                                         &error->hops[i].message };
        for (size_t k = 0; k < 4; k++) {
            *places[k] = at;
            at += crb_text_fit(texts[k], at, strnlen(texts[k], CRB_FRAME_MAX_HOP_TEXT) + 1) + 1;
        }
    }
    return error;
}

/** Behind the items that were put before it. */
static void answer_queue_return(crb_session *session, crb_answer *answer)
{
    if (answer->stream_out == NULL || !crb_stream_delays(session, answer->stream_out, &answer->header)) {
        crb_out_queue(session, &answer->header);
    }
}

/** Queues RETURN with an error. */
static void answer_fail(crb_session *session, crb_answer *answer, corbel_status status, corbel_completion completion,
                        const char *message, const corbel_error *hops)
{
    answer->outcome = CRB_OUTCOME_ERROR;
    answer->bound_status = status;
    free(answer->error); /* the hops of an exception that does not go */
    answer->error = answer_error(status, completion, message, hops);
    if (answer->error == NULL) {
        crb_session_no_memory(session);
        return;
    }
    answer_queue_return(session, answer);
    crb_promise_answered(session, answer);
}

/** A oneway is gone afterwards. */
static void answer_refuse(crb_session *session, crb_answer *answer, corbel_status status, const char *message)
{
    crb_refs_drop(session, answer->refs_in);
    answer->refs_in = NULL;
    if (answer->kind == CRB_QUESTION_ONEWAY) {
        crb_session_done(session, answer);
        return;
    }
    answer_close(session, answer);
    answer_fail(session, answer, status, CORBEL_COMPLETED_NO, message, NULL);
}

/** answer is answered: what waits for it goes on, or is put among skipped. */
static void answer_let_go(crb_session *session, crb_answer *answer, crb_node *skipped)
{
    while (crb_node_linked(&answer->followers) && !crb_list_empty(&answer->followers)) {
        crb_answer *const follower = CRB_CONTAINER(answer->followers.next, crb_answer, follow);
        crb_list_remove(&follower->follow);
        follower->after = NULL;
        if (follower->refused == CORBEL_OK && (follower->anyway || answer->outcome == CRB_OUTCOME_RESULT)) {
            crb_promises_hand_up(session, follower);
        } else {
            crb_list_append(skipped, &follower->follow);
        }
    }
}

/** The same, and for what waits for those that are skipped: one after the other, however many there are. */
static void answer_follow(crb_session *session, crb_answer *answer)
{
    crb_node skipped;
    if (!crb_node_linked(&answer->followers)) {
        return;
    }
    crb_list_init(&skipped);
    answer_let_go(session, answer, &skipped);
    while (!crb_list_empty(&skipped)) {
        crb_answer *const next = CRB_CONTAINER(skipped.next, crb_answer, follow);
        const bool oneway = next->kind == CRB_QUESTION_ONEWAY;
        crb_list_remove(&next->follow);
        if (next->refused != CORBEL_OK) {
            answer_refuse(session, next, next->refused, next->refused_why);
        } else {
            answer_refuse(session, next, CORBEL_SKIPPED, corbel_status_text(CORBEL_SKIPPED));
        }
        if (!oneway) {
            answer_let_go(session, next, &skipped);
        }
    }
}

void crb_answer_refuse(crb_session *session, crb_answer *answer, corbel_status status, const char *message)
{
    const bool oneway = answer->kind == CRB_QUESTION_ONEWAY;
    answer_refuse(session, answer, status, message);
    if (!oneway) {
        answer_follow(session, answer);
    }
}

/** The same of a call that nobody knows of yet: in its turn, as what comes after it must not come before what it is after. */
static void answer_refuse_in_turn(crb_session *session, crb_answer *answer, corbel_status status, const char *message)
{
    if (answer->after == NULL) {
        crb_answer_refuse(session, answer, status, message);
    } else if (answer->refused == CORBEL_OK) {
        answer->refused = status;
        answer->refused_why = message;
        crb_body_drop(session, &answer->args);
    }
}

/** What forbids this result; NULL: nothing. */
static const char *answer_result_allowed(const crb_session *session, const crb_result *result, corbel_status *ret_status)
{
    *ret_status = CORBEL_LIMIT;
    if (result->body != NULL && result->body->len > session->peer.max_body) {
        return "the result is longer than the caller takes";
    }
    if (result->n_refs_out > session->peer.max_references) {
        return "the result has more references than the caller takes";
    }
    if (result->outcome == CRB_OUTCOME_EXCEPTION && !crb_text_is_name(result->exception)) {
        return "the exception's name is not valid";
    }
    if (result->body != NULL && result->body->len > session->limits.max_queued - session->results_queued) {
        *ret_status = CORBEL_OVERLOADED;
        return "the caller does not take its results";
    }
    return crb_refs_check(result->refs_out, result->n_refs_out);
}

/** Takes over result's body, holds its references. False: no memory, or *ret_why. */
static bool answer_take_result(crb_session *session, crb_answer *answer, crb_result *result, const char **ret_why,
                               corbel_status *ret_status)
{
    *ret_why = answer_result_allowed(session, result, ret_status);
    if (*ret_why != NULL) {
        return false;
    }
    if (result->outcome == CRB_OUTCOME_EXCEPTION) {
        const size_t size = strlen(result->exception) + 1;
        answer->exception = malloc(size);
        if (answer->exception == NULL) {
            return false;
        }
        memcpy(answer->exception, result->exception, size);
        if (result->error != NULL && corbel_error_hops(result->error) > 0) { /* without memory it goes without them */
            answer->error = answer_error(CORBEL_RAISED, CORBEL_COMPLETED_YES, "", result->error);
        }
    }
    answer->refs = crb_refs_hold(session, result->refs_out, result->n_refs_out, ret_status);
    if (answer->refs == NULL && result->n_refs_out > 0) {
        *ret_why = *ret_status == CORBEL_LIMIT ? "the caller may hold no more references" : NULL;
        return false;
    }
    if (answer->keep && result->outcome == CRB_OUTCOME_RESULT) {
        crb_promise_keep(session, answer, result);
    }
    if (result->body != NULL) {
        answer->body.buf = *result->body;
        *result->body = (crb_buf)CRB_BUF_INIT;
        session->results_queued += answer->body.buf.len;
    }
    answer->outcome = result->outcome;
    return true;
}

void crb_session_return(crb_session *session, crb_answer *answer, crb_result *result, uint64_t now)
{
    (void)now;
    assert(answer->kind != CRB_QUESTION_ONEWAY);
    answer_close(session, answer);
    answer->durable = result->durable;
    answer->context.len = 0;
    if (result->context_len > 0) {
        crb_buf_append(&answer->context, result->context, result->context_len);
    }
    for (size_t i = 0; i < result->n_refs_out; i++) {
        result->refs_out[i].fresh = false;
    }
    const bool over = crb_session_over(session);
    if (over) {
        answer->pulled = true;
        answer->finished = true;
        crb_answer_settle(session, answer);
    } else if (answer->context.failed) {
        crb_session_no_memory(session);
    } else if (result->outcome == CRB_OUTCOME_ERROR) {
        answer_fail(session, answer, result->error->status, result->error->completion, result->error->message, result->error);
    } else {
        const char *why = NULL;
        corbel_status status = CORBEL_OK;
        if (answer_take_result(session, answer, result, &why, &status)) {
            answer_queue_return(session, answer);
            if (answer->dependents.next != NULL) {
                crb_promise_answered(session, answer);
            }
        } else if (why != NULL) {
            answer_fail(session, answer, status, CORBEL_COMPLETED_YES, why, NULL);
        } else {
            crb_session_no_memory(session);
        }
    }
    if (!over) {
        answer_follow(session, answer);
    }
    if (result->body != NULL) {
        crb_buf_clear(result->body);
    }
    crb_session_end_without_memory(session);
}

/* ---- being asked ---- */

/** In all tables but that of events. NULL: no memory. */
static crb_answer *answer_new(crb_session *session, crb_question_kind kind, uint64_t question, uint64_t deadline)
{
    crb_answer *const answer = answer_alloc(session);
    if (answer == NULL) {
        crb_session_no_memory(session);
        return NULL;
    }
    answer->kind = kind;
    answer->event.kind = kind == CRB_QUESTION_BIND ? CRB_EVENT_BIND : CRB_EVENT_CALL;
    answer->body_event.kind = CRB_EVENT_BODY;
    answer->cancel_event.kind = CRB_EVENT_CANCEL;
    answer->header.kind = CRB_OUT_RETURN;
    answer->abandon.kind = CRB_OUT_ABANDON_RESULT;
    answer->body.result = true;
    answer->body.question = question;
    answer->deadline = deadline;
    answer->keep = kind == CRB_QUESTION_BIND;
    answer->due.is_answer = true;
    if (!crb_id_add(&session->answers, &answer->by_id, question)) {
        free(answer);
        crb_session_no_memory(session);
        return NULL;
    }
    crb_list_append(&session->all_answers, &answer->all);
    if (deadline != UINT64_MAX && !crb_due_add(&session->due, &answer->due, deadline)) {
        answer_free(session, answer);
        crb_session_no_memory(session);
        return NULL;
    }
    if (kind != CRB_QUESTION_ONEWAY) {
        answer->counted = true;
        session->n_answers++;
    }
    return answer;
}

static const char *answer_next(crb_session *session, uint64_t question, bool counts)
{
    const uint32_t most = session->limits.max_questions > CRB_EARLY_CALLS ? session->limits.max_questions : CRB_EARLY_CALLS;
    if (question != session->last_answer + 1) {
        return "a question whose number is not the next";
    }
    if (counts && session->n_answers >= most) {
        return "more questions at once than the limit";
    }
    session->last_answer = question;
    return NULL;
}

/** What the call waits for: answer->after, if that is not answered yet. *ret_skips: it has failed. */
static const char *answer_after(crb_session *session, crb_answer *answer, const crb_wire_call *call, bool *ret_skips)
{
    answer->guard = (call->flags & CRB_FLAG_GUARD) != 0;
    answer->anyway = (call->flags & CRB_FLAG_ANYWAY) != 0;
    if (call->after == 0) {
        return NULL;
    }
    if (call->after >= call->question) {
        return "a call after one that was not asked before it";
    }
    crb_id_node *const node = crb_id_find(&session->answers, call->after);
    if (node == NULL) {
        return NULL; /* it has returned a result: a guard that failed is there until its FINISH */
    }
    crb_answer *const before = CRB_CONTAINER(node, crb_answer, by_id);
    if (before->kind != CRB_QUESTION_CALL || !(before->guard || answer->anyway)) {
        return "a call after one that no call may be after";
    }
    if (before->answered) {
        *ret_skips = !answer->anyway && before->outcome != CRB_OUTCOME_RESULT;
        return NULL;
    }
    if (!crb_node_linked(&before->followers)) {
        crb_list_init(&before->followers);
    }
    answer->after = before;
    answer->aim = call->promise == 0 ? crb_export_find(session, call->index, call->generation) : NULL;
    if (answer->aim != NULL) {
        crb_export_hold(answer->aim);
    }
    crb_list_append(&before->followers, &answer->follow);
    return NULL;
}

static const char *answer_streams(crb_session *session, crb_answer *answer, const crb_wire_call *call)
{
    const uint32_t streams = call->flags & (CRB_FLAG_STREAM_IN | CRB_FLAG_STREAM_OUT);
    const uint32_t most = session->limits.max_streams > CRB_EARLY_CALLS ? session->limits.max_streams : CRB_EARLY_CALLS;
    if (streams == 0) {
        return NULL;
    }
    if (answer->kind == CRB_QUESTION_ONEWAY) {
        return "a oneway with streams";
    }
    if ((streams & CRB_FLAG_STREAM_IN) != 0 && session->n_streams_read[1] >= most) {
        return "more streams at once than the limit";
    }
    if (!crb_streams_make(session, streams, true, call->question, &answer->stream_in, &answer->stream_out)) {
        crb_session_no_memory(session);
        return NULL;
    }
    if (answer->stream_out != NULL) {
        crb_stream_start(session, answer->stream_out, call->question);
    }
    return NULL;
}

/** What it says about keys. NULL: done, or no memory (the session will end). */
static const char *answer_once(crb_session *session, crb_answer *answer, const crb_wire_call *call)
{
    const size_t len = call->once_instance.len;
    if (len != 0 && len != sizeof answer->once->whose) {
        return "a key of an instance whose id has not 16 bytes";
    }
    if (answer->kind == CRB_QUESTION_ONEWAY && call->once != 0) {
        return "a oneway with a key";
    }
    crb_once_wire *const once = calloc(1, sizeof *once);
    if (once == NULL) {
        crb_session_no_memory(session);
        return NULL;
    }
    once->sequence = call->once;
    once->acknowledged = call->acknowledged;
    once->again = (call->flags & CRB_FLAG_AGAIN) != 0;
    once->relayed = len != 0;
    if (len != 0) {
        memcpy(once->whose, call->once_instance.data, len);
    }
    answer->once = once;
    return NULL;
}

const char *crb_answer_on_call(crb_session *session, const crb_wire_call *call, uint64_t now)
{
    const bool oneway = (call->flags & CRB_FLAG_ONEWAY) != 0;
    const char *why = answer_next(session, call->question, !oneway);
    if (why != NULL) {
        return why;
    }
    if ((call->flags & CRB_FLAGS_CRITICAL) != 0) {
        return "a critical flag of a call that is not known here";
    }
    if (oneway && (call->flags & CRB_FLAG_KEEP) != 0) {
        return "a oneway that is to be kept";
    }
    if (call->args.len > call->length) {
        return "a call whose arguments are longer than it says";
    }
    const crb_window window = call->hop == 0 ? CRB_WIN_REQUESTS : CRB_WIN_NESTED;
    const uint64_t cost = CRB_CALL_COST + call->n_refs * (uint64_t)CRB_REF_COST + call->context.len + call->args.len;
    why = crb_flow_receive(session, window, cost);
    if (why != NULL) {
        return why;
    }
    session->calls_received++;
    crb_answer *const answer = answer_new(session, oneway ? CRB_QUESTION_ONEWAY : CRB_QUESTION_CALL, call->question,
                                          crb_session_deadline(now, call->remaining_us));
    if (answer == NULL) {
        return NULL;
    }
    answer->ordinal = session->calls_received;
    why = answer_streams(session, answer, call);
    if (why != NULL || session->out_of_memory) {
        return why;
    }
    answer->window = window;
    answer->cost = (uint32_t)cost;
    answer->lane = call->lane;
    answer->chain = call->chain;
    answer->hop = call->hop;
    answer->keep = (call->flags & CRB_FLAG_KEEP) != 0;
    answer->operation = crb_operation_receive(session, call, &why);
    if (answer->operation == NULL) {
        return why;
    }
    answer->refs_in = crb_refs_receive(session, call->refs, call->n_refs, true, &why);
    if (why != NULL || session->out_of_memory) {
        return why;
    }
    bool skips = false;
    if (call->promise == 0) {
        const crb_export *const export = crb_export_find(session, call->index, call->generation);
        answer->object = export != NULL ? crb_export_object(export) : NULL;
    }
    if ((call->promise | call->n_refs | call->n_path) != 0) {
        why = crb_promises_of_call(session, answer, call);
    }
    if (why == NULL && (call->after | (call->flags & ~CRB_FLAG_ONEWAY)) != 0) {
        why = answer_after(session, answer, call, &skips);
    }
    if (why == NULL && (call->once | call->acknowledged) != 0 && !session->out_of_memory) {
        why = answer_once(session, answer, call);
    }
    if (why != NULL || session->out_of_memory) {
        return why;
    }
    const bool too_long = call->length > session->limits.max_body;
    if (!too_long && crb_body_begin(session, &answer->args, call->length, call->args)) {
        if (call->context.len > 0 && call->context.len <= session->limits.max_context) {
            crb_buf_append(&answer->context, call->context.data, call->context.len);
        }
        if (answer->context.failed) {
            crb_session_no_memory(session);
        } else if (call->context.len > session->limits.max_context) {
            answer_refuse_in_turn(session, answer, CORBEL_LIMIT, "the context is longer than the object's process takes");
        } else if (call->hop > session->limits.max_hops) {
            answer_refuse_in_turn(session, answer, CORBEL_TOO_DEEP, corbel_status_text(CORBEL_TOO_DEEP));
        } else if (skips) {
            crb_answer_refuse(session, answer, CORBEL_SKIPPED, corbel_status_text(CORBEL_SKIPPED));
        } else if (answer->depth > session->limits.max_pipeline) {
            answer_refuse_in_turn(session, answer, CORBEL_TOO_DEEP,
                                  "too many calls, each on what the one before is still to return");
        } else {
            crb_promises_hand_up(session, answer);
        }
        return NULL;
    }
    if (!session->out_of_memory) {
        answer->args.total = call->length;
        answer->args.received = call->args.len;
        answer->args.active = call->args.len < call->length;
        answer_refuse_in_turn(session, answer, too_long ? CORBEL_LIMIT : CORBEL_OVERLOADED,
                              too_long ? "the arguments are longer than the object's process takes"
                                       : "no room for arguments of this length");
    }
    return NULL;
}

const char *crb_answer_on_bind(crb_session *session, const crb_wire_bind *bind, uint64_t now)
{
    const char *const why = answer_next(session, bind->question, true);
    if (why != NULL) {
        return why;
    }
    crb_answer *const answer =
        answer_new(session, CRB_QUESTION_BIND, bind->question, crb_session_deadline(now, bind->remaining_us));
    if (answer == NULL) {
        return NULL;
    }
    const size_t id_size = strlen(bind->id) + 1;
    const size_t interface_size = strlen(bind->interface) + 1;
    answer->names = malloc(id_size + interface_size);
    if (answer->names == NULL) {
        crb_session_no_memory(session);
        return NULL;
    }
    memcpy(answer->names, bind->id, id_size);
    memcpy(answer->names + id_size, bind->interface, interface_size);
    answer->interface = answer->names + id_size;
    answer->fingerprint = bind->fingerprint;
    crb_event_queue(session, &answer->event);
    return NULL;
}

void crb_answer_cancel(crb_session *session, crb_answer *answer)
{
    const bool late = answer->deadline != UINT64_MAX && answer->due.place == 0;
    crb_due_remove(&session->due, &answer->due);
    if (answer->answered || answer->cancelled) {
        return;
    }
    if (crb_node_linked(&answer->target.node) || answer->after != NULL) { /* the driver does not know it yet */
        const corbel_status status = late ? CORBEL_DEADLINE : CORBEL_CANCELLED;
        answer_refuse_in_turn(session, answer, status, corbel_status_text(status));
        return;
    }
    answer->cancelled = true;
    if (!answer->args_handed && answer->args.active) {
        crb_body_drop(session, &answer->args);
    }
    crb_event_queue(session, &answer->cancel_event);
}

const char *crb_answer_on_finish(crb_session *session, uint64_t question, bool cancel)
{
    if (question == 0 || question > session->last_answer) {
        return "FINISH of a question that was not asked";
    }
    crb_id_node *const node = crb_id_find(&session->answers, question);
    crb_answer *const answer = node != NULL ? CRB_CONTAINER(node, crb_answer, by_id) : NULL;
    if (answer == NULL || answer->finished || answer->kind == CRB_QUESTION_ONEWAY ||
        (!answer->keep && !cancel && !answer->guard)) {
        return NULL; /* it crossed its RETURN, or says nothing */
    }
    answer->finished = true;
    answer->unwanted = cancel && answer->kind == CRB_QUESTION_CALL;
    if (cancel) {
        crb_stream_give_up(session, answer->stream_out);
        crb_stream_end_input(session, answer->stream_in);
    }
    if (cancel && !answer->answered) {
        crb_answer_cancel(session, answer);
    } else if (cancel && answer->pulled) {
        crb_sending_abandon(session, &answer->body, &answer->abandon, true);
    }
    crb_answer_settle(session, answer);
    return NULL;
}

void crb_answer_body_done(crb_session *session, crb_answer *answer, bool abandoned)
{
    if (answer->answered || answer->args.dropping) {
        crb_answer_settle(session, answer);
    } else if (abandoned) {
        crb_body_drop(session, &answer->args);
        crb_answer_cancel(session, answer);
    } else if (answer->handed && (answer->promised == NULL || answer->promised->unknown == 0)) {
        crb_event_queue(session, &answer->body_event);
    }
}

/* ---- the end ---- */

void crb_answers_end(crb_session *session, bool keep_output)
{
    crb_promises_end(session);
    crb_node *next = NULL;
    for (crb_node *node = session->all_answers.next; node != &session->all_answers; node = next) {
        next = node->next;
        crb_answer *const answer = CRB_CONTAINER(node, crb_answer, all);
        if (answer->answered) {
            if (!keep_output) {
                answer_free(session, answer);
            } else {
                answer->args.active = false;
                answer->finished = answer->finished || answer->keep || answer->guard;
                crb_answer_settle(session, answer);
            }
        } else if (!answer->handed) {
            answer_free(session, answer);
        } else {
            answer->args.active = false;
            crb_event_drop(&answer->body_event);
            crb_stream_close(session, answer->stream_in);
            crb_stream_close(session, answer->stream_out);
            crb_answer_cancel(session, answer);
        }
    }
}

void crb_answers_free(crb_session *session)
{
    crb_promises_end(session);
    while (!crb_list_empty(&session->all_answers)) {
        answer_free(session, CRB_CONTAINER(session->all_answers.next, crb_answer, all));
    }
    while (!crb_list_empty(&session->spare_answers)) {
        crb_answer *const spare = CRB_CONTAINER(session->spare_answers.next, crb_answer, all);
        crb_list_remove(&spare->all);
        free(spare);
    }
    crb_id_table_clear(&session->answers);
}
