/* Promises: what calls may name before it is there.
 *
 * An answer that is kept (a BIND, or a CALL that says so) may be the target of calls, and stand in reference tables of calls,
 * until FINISH. What needs it waits in its list of dependents, in the order in which it came; a call whose target is not known is
 * not handed up at all, one whose arguments are not known is handed up as incomplete, so that it has its place in its lane.
 *
 * Invariants: a dependent is in a list only while the answer that it depends on is not answered; each depends on an answer with a
 * smaller number, so there is no circle; when RETURN of an answer is queued all that waited for it has been queued for the
 * driver, who takes it before RETURN is pulled; what a kept result names is held until FINISH has come and nobody waits. */
#include "runtime/session/session_impl.h"

#include "runtime/base/fail.h"

#include <stdlib.h>
#include <string.h>

/* ---- paths ---- */

static bool promise_varint(const uint8_t **at, const uint8_t *end, uint64_t *ret)
{
    uint64_t value = 0;
    for (unsigned shift = 0; shift < 70 && *at < end; shift += 7) {
        const uint8_t byte = *(*at)++;
        value |= shift < 64 ? (uint64_t)(byte & 0x7F) << shift : 0;
        if ((byte & 0x80) == 0) {
            *ret = value;
            return true;
        }
    }
    return false;
}

/** The last field of that number and wire type. False: none, or bytes that are no message. */
static bool promise_field(const uint8_t *at, const uint8_t *end, uint32_t number, unsigned wire_type, uint64_t *ret_value,
                          const uint8_t **ret_content)
{
    bool found = false;
    while (at < end) {
        uint64_t key = 0, value = 0;
        const uint8_t *content = NULL;
        if (!promise_varint(&at, end, &key)) {
            return false;
        }
        const unsigned has = (unsigned)(key & 7);
        uint64_t skip = has == 1 ? 8 : has == 5 ? 4 : 0;
        if (has == 3 || has == 4 || has > 5 || ((has == 0 || has == 2) && !promise_varint(&at, end, &value))) {
            return false;
        }
        if (has == 2) {
            content = at;
            skip = value;
        }
        if (skip > (uint64_t)(end - at)) {
            return false;
        }
        at += skip;
        if (key >> 3 == number && has == wire_type) {
            found = true;
            *ret_value = value;
            *ret_content = content;
        }
    }
    return found;
}

uint64_t crb_path_follow(const uint8_t *body, size_t len, const uint32_t *path, size_t n)
{
    const uint8_t *at = body;
    uint64_t value = len;
    for (size_t i = 0; i < n; i++) {
        const bool last = i + 1 == n;
        if (value == 0 || !promise_field(at, at + value, path[i], last ? 0 : 2, &value, &at)) {
            return 0;
        }
    }
    return n == 0 ? 0 : value;
}

/* ---- what is kept ---- */

void crb_promise_keep(crb_session *session, crb_answer *answer, const crb_result *result)
{
    const size_t n = result->n_refs_out;
    const size_t len = result->body == NULL ? 0 : result->body->len;
    size_t text = 0;
    if (n == 0 || (answer->finished && answer->pins == 0)) {
        return;
    }
    if (len > session->limits.max_queued - session->kept_bytes) {
        answer->kept_too_much = true;
        return;
    }
    for (size_t i = 0; i < n; i++) {
        text += strlen(result->refs_out[i].interface) + 1;
    }
    crb_kept *const kept = malloc(sizeof *kept + n * sizeof *kept->items + text + len);
    if (kept == NULL) {
        crb_session_no_memory(session);
        return;
    }
    char *at = (char *)&kept->items[n];
    kept->n = n;
    kept->len = len;
    for (size_t i = 0; i < n; i++) {
        const crb_ref_out *const ref = &result->refs_out[i];
        const size_t size = strlen(ref->interface) + 1;
        crb_export *const export = answer->refs->items[i].export;
        kept->items[i] = (crb_kept_ref) { ref->tag, export, ref->import, at, ref->fingerprint };
        memcpy(at, ref->interface, size);
        at += size;
        if (export != NULL) {
            crb_export_hold(export);
        } else {
            ref->import->count++;
        }
    }
    kept->body = (uint8_t *)at;
    if (len > 0) {
        memcpy(kept->body, result->body->data, len);
    }
    session->kept_bytes += len;
    answer->kept = kept;
}

void crb_promise_forget(crb_session *session, crb_answer *answer)
{
    crb_kept *const kept = answer->kept;
    if (kept == NULL) {
        return;
    }
    answer->kept = NULL;
    session->kept_bytes -= kept->len;
    for (size_t i = 0; i < kept->n; i++) {
        if (kept->items[i].export != NULL) {
            crb_export_unhold(session, kept->items[i].export);
        } else {
            crb_session_release(session, kept->items[i].import, 1);
        }
    }
    free(kept);
}

/** What the answer has at the end of the path; NULL: it failed, or there is nothing. */
static const crb_kept_ref *promise_find(const crb_answer *answer, const uint32_t *path, size_t n)
{
    const crb_kept *const kept = answer->kept;
    if (kept == NULL) {
        return NULL;
    }
    if (answer->kind == CRB_QUESTION_BIND) {
        return kept->items[0].export != NULL ? kept->items : NULL; /* an object of the asker's own has no place in a bind */
    }
    const uint64_t tag = crb_path_follow(kept->body, kept->len, path, n);
    for (size_t i = 0; tag != 0 && i < kept->n; i++) {
        if (kept->items[i].tag == tag) {
            return &kept->items[i];
        }
    }
    return NULL;
}

/* ---- failures ---- */

/** Why nothing can be done with what promise has, or has not, where a path of it led. Says which step it was; of an error that
 * was passed on, which the first was. */
static void promise_why(const crb_answer *promise, corbel_error *ret)
{
    const bool failed = promise->outcome == CRB_OUTCOME_ERROR && promise->error != NULL;
    static const char text[] = "%s of %s failed: %s%s";
    const char *const name = promise->operation != NULL ? promise->operation->name : "";
    const char *const interface = promise->operation != NULL ? promise->operation->interface : "";
    if (promise->kind == CRB_QUESTION_BIND) {
        crb_fail(ret, failed ? promise->bound_status : CORBEL_NOT_FOUND, CORBEL_COMPLETED_NO, "%s",
                 "the object to call could not be bound");
    } else if (failed && promise->inherits) {
        crb_fail(ret, promise->bound_status, CORBEL_COMPLETED_NO, "%s", promise->error->message);
    } else if (failed) {
        crb_fail(ret, promise->bound_status, CORBEL_COMPLETED_NO, text, name, interface, promise->error->message, "");
    } else if (promise->outcome == CRB_OUTCOME_EXCEPTION) {
        crb_fail(ret, CORBEL_UNDECLARED, CORBEL_COMPLETED_NO, text, name, interface, "it raised ", promise->exception);
    } else if (promise->kept_too_much) {
        crb_fail(ret, CORBEL_OVERLOADED, CORBEL_COMPLETED_NO, text, name, interface, "no room to keep its result", "");
    } else {
        crb_fail(ret, CORBEL_NIL_REFERENCE, CORBEL_COMPLETED_NO, text, name, interface, "it gave no reference", "");
    }
}

/* ---- depending ---- */

/** What a call names. NULL: *ret_why. */
static crb_answer *promise_open(crb_session *session, const crb_answer *by, uint64_t number, size_t n_path, const char **ret_why)
{
    crb_id_node *const node = crb_id_find(&session->answers, number);
    crb_answer *const promise = node != NULL ? CRB_CONTAINER(node, crb_answer, by_id) : NULL;
    if (promise == NULL || promise == by || !promise->keep || promise->finished) {
        *ret_why = "a call on a promise that is not open";
        return NULL;
    }
    if ((promise->kind == CRB_QUESTION_BIND) != (n_path == 0)) {
        *ret_why = "a path that does not fit its promise";
        return NULL;
    }
    return promise;
}

/** answer depends on what is at the end of the path. False: no memory. */
static bool promise_depend(crb_answer *answer, crb_dependency *ret, crb_answer *promise, const uint32_t *path, size_t n)
{
    if (n > 0) {
        ret->path = malloc(n * sizeof *path);
        if (ret->path == NULL) {
            return false;
        }
        memcpy(ret->path, path, n * sizeof *path);
        ret->n_path = n;
    }
    ret->waits = answer;
    ret->promise = promise;
    promise->pins++;
    if (!promise->answered) {
        if (promise->dependents.next == NULL) {
            crb_list_init(&promise->dependents);
        }
        crb_list_append(&promise->dependents, &ret->node);
        answer->depth = promise->depth + 1 > answer->depth ? promise->depth + 1 : answer->depth;
    }
    return true;
}

static void promise_forget_dependency(crb_dependency *dependency)
{
    crb_list_remove(&dependency->node);
    free(dependency->path);
    *dependency = (crb_dependency) { 0 };
}

static void promise_depend_no_more(crb_session *session, crb_dependency *dependency)
{
    crb_answer *const promise = dependency->promise;
    promise_forget_dependency(dependency);
    if (promise != NULL) {
        promise->pins--;
        crb_answer_settle(session, promise);
    }
}

void crb_promises_drop(crb_session *session, crb_answer *answer)
{
    crb_promised_refs *const promised = answer->promised;
    answer->promised = NULL;
    promise_depend_no_more(session, &answer->target);
    for (size_t i = 0; promised != NULL && i < promised->n; i++) {
        promise_depend_no_more(session, &promised->items[i]);
    }
    free(promised);
}

const char *crb_promises_of_call(crb_session *session, crb_answer *answer, const crb_wire_call *call)
{
    const char *why = NULL;
    size_t n = 0;
    if (call->promise != 0) {
        crb_answer *const promise = promise_open(session, answer, call->promise, call->n_path, &why);
        if (promise == NULL) {
            return why;
        }
        if (!promise_depend(answer, &answer->target, promise, call->path, call->n_path)) {
            crb_session_no_memory(session);
            return NULL;
        }
    } else if (call->n_path > 0) {
        return "a path of no promise";
    }
    for (size_t i = 0; i < call->n_refs; i++) {
        n += call->refs[i].promise != 0;
    }
    if (n == 0) {
        return NULL;
    }
    crb_promised_refs *const promised = calloc(1, sizeof *promised + n * sizeof *promised->items);
    if (promised == NULL) {
        crb_session_no_memory(session);
        return NULL;
    }
    answer->promised = promised;
    for (size_t i = 0; i < call->n_refs; i++) {
        const crb_wire_ref *const ref = &call->refs[i];
        if (ref->promise == 0) {
            continue;
        }
        crb_answer *const promise = promise_open(session, answer, ref->promise, ref->n_path, &why);
        if (promise == NULL) {
            return why;
        }
        crb_dependency *const item = &promised->items[promised->n++];
        item->entry = i;
        if (!promise_depend(answer, item, promise, ref->path, ref->n_path)) {
            crb_session_no_memory(session);
            return NULL;
        }
        promised->unknown += !promise->answered;
    }
    return NULL;
}

/* ---- knowing ---- */

bool crb_promise_target(crb_session *session, crb_answer *answer, crb_event *ret, corbel_error *reterr)
{
    crb_answer *const promise = answer->target.promise;
    if (promise == NULL) {
        return true;
    }
    const crb_kept_ref *const is = promise_find(promise, answer->target.path, answer->target.n_path);
    if (is == NULL) {
        answer->inherits = promise->kind != CRB_QUESTION_BIND;
        promise_why(promise, reterr);
        return false;
    }
    if (is->export != NULL) {
        answer->object = crb_export_object(is->export);
    } else {
        const size_t size = strlen(is->interface) + 1;
        char *const as = malloc(size);
        if (as == NULL) {
            crb_session_no_memory(session);
            return false;
        }
        memcpy(as, is->interface, size);
        is->import->count++; /* the driver's */
        session->lent[2] = as;
        ret->import = is->import;
        ret->as = as;
        ret->fingerprint = is->fingerprint;
    }
    promise_depend_no_more(session, &answer->target);
    return true;
}

bool crb_promise_arguments(crb_session *session, crb_answer *answer, corbel_error *reterr)
{
    crb_promised_refs *const promised = answer->promised;
    for (size_t i = 0; promised != NULL && i < promised->n; i++) {
        crb_dependency *const item = &promised->items[i];
        const crb_kept_ref *const is = promise_find(item->promise, item->path, item->n_path);
        if (is == NULL) {
            answer->inherits = item->promise->kind != CRB_QUESTION_BIND;
            promise_why(item->promise, reterr);
            return false;
        }
        if (is->export != NULL) {
            answer->refs_in->exports[item->entry] = is->export;
            crb_export_hold(is->export);
        } else {
            answer->refs_in->items[item->entry].import = is->import;
            is->import->count++;
        }
    }
    answer->promised = NULL;
    for (size_t i = 0; promised != NULL && i < promised->n; i++) {
        promise_depend_no_more(session, &promised->items[i]);
    }
    free(promised);
    return true;
}

void crb_promise_answered(crb_session *session, crb_answer *answer)
{
    while (answer->dependents.next != NULL && !crb_list_empty(&answer->dependents)) {
        crb_dependency *const dependency = CRB_CONTAINER(answer->dependents.next, crb_dependency, node);
        crb_answer *const waits = dependency->waits;
        crb_list_remove(&dependency->node);
        if (dependency == &waits->target) {
            crb_promises_hand_up(session, waits);
        } else if (--waits->promised->unknown == 0 && waits->handed && !waits->cancelled && !waits->args.active) {
            crb_event_queue(session, &waits->body_event);
        }
    }
}

/* ---- the end ---- */

void crb_promises_end(crb_session *session)
{
    for (crb_node *node = session->all_answers.next; node != &session->all_answers; node = node->next) {
        crb_answer *const answer = CRB_CONTAINER(node, crb_answer, all);
        crb_promised_refs *const promised = answer->promised;
        answer->promised = NULL;
        answer->pins = 0;
        promise_forget_dependency(&answer->target);
        for (size_t i = 0; promised != NULL && i < promised->n; i++) {
            promise_forget_dependency(&promised->items[i]);
        }
        free(promised);
        crb_promise_forget(session, answer);
    }
}
