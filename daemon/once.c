/** Calls with keys: what the table of the runtime (runtime/session/once.h) says becomes of a request, what it keeps of replies,
 *  and the servants that remember for themselves.
 *
 *  A key is looked at when its call is about to be entered, not when it comes: what was dropped in its lane never had an entry.
 *  Requests that join another one are parked in its entry: they have left their lane, count as deferred, and are answered with
 * it. The table is the dispatcher's, under dispatch_lock. Replies are counted, and freed under no lock. */
#include "daemon/host.h"

#include "runtime/base/clock.h"
#include "runtime/base/fail.h"
#include "runtime/base/log.h"
#include "runtime/wire/frame.h"

#include <corbel/dynamic.h>
#include <corbel/once.h>
#include <stdlib.h>
#include <string.h>

#define ONCE_FORMAT 1u /* the first byte of what a store is given */

/** How a call ended. */
typedef struct once_reply {
    _Atomic uint32_t holds;
    struct once_reply *next; /* to be freed */
    crb_outcome outcome;
    crb_buf body;
    crb_ref *refs; /* malloc'ed; counted targets */
    size_t n_refs;
    char *exception;
    corbel_error error;
    crb_buf context;
} once_reply;

static void once_reply_drop(once_reply *reply)
{
    if (reply != NULL && atomic_fetch_sub(&reply->holds, 1) == 1) {
        crb_refs_free(reply->refs, reply->n_refs);
        crb_buf_clear(&reply->body);
        crb_buf_clear(&reply->context);
        free(reply->exception);
        corbel_error_clear(&reply->error);
        free(reply);
    }
}

static bool once_copy_refs(const crb_ref *from, size_t n, crb_ref **ret)
{
    crb_ref *const to = n == 0 ? NULL : calloc(n, sizeof *to);
    for (size_t i = 0; to != NULL && i < n; i++) {
        to[i].tag = from[i].tag; /* its interface is the target's own: the text that it was passed as may not live so long */
        to[i].target = from[i].target == NULL ? NULL : crb_target_ref(from[i].target);
    }
    *ret = to;
    return n == 0 || to != NULL;
}

/** A copy of what is about to be sent. NULL: no memory. */
static once_reply *once_reply_new(crb_outcome outcome, const crb_buf *body, const crb_ref_list *refs, const char *exception,
                                  const corbel_error *error, const crb_buf *context)
{
    once_reply *const reply = calloc(1, sizeof *reply);
    if (reply == NULL) {
        return NULL;
    }
    atomic_init(&reply->holds, 1);
    reply->outcome = outcome;
    reply->error = (corbel_error)CORBEL_ERROR_INIT;
    bool complete = true;
    if (body != NULL && body->len > 0) {
        crb_buf_append(&reply->body, body->data, body->len);
    }
    if (context->len > 0) {
        crb_buf_append(&reply->context, context->data, context->len);
    }
    if (refs != NULL && refs->len > 0) {
        complete = once_copy_refs(refs->items, refs->len, &reply->refs);
        reply->n_refs = complete ? refs->len : 0;
    }
    if (exception != NULL) {
        reply->exception = strdup(exception);
        complete = complete && reply->exception != NULL;
    }
    if (error != NULL) {
        crb_error_copy(&reply->error, error);
    }
    if (!complete || reply->body.failed || reply->context.failed) {
        once_reply_drop(reply);
        return NULL;
    }
    return reply;
}

static uint64_t once_reply_bytes(const once_reply *reply)
{
    return sizeof *reply + reply->body.len + reply->context.len + reply->n_refs * sizeof *reply->refs;
}

/* ---- the table ---- */

/** What the table has given up, in one list; to be freed under no lock. */
static once_reply *once_dropped_locked(crb_once_table *table)
{
    once_reply *list = NULL;
    for (once_reply *reply = crb_once_take_dropped(table); reply != NULL; reply = crb_once_take_dropped(table)) {
        reply->next = list;
        list = reply;
    }
    return list;
}

static void once_free_dropped(once_reply *list)
{
    while (list != NULL) {
        once_reply *const next = list->next;
        once_reply_drop(list);
        list = next;
    }
}

static void once_arm_locked(crb_dispatch *dispatch, uint64_t when)
{
    if (when != UINT64_MAX && !dispatch->once_armed) {
        dispatch->once_armed = true;
        crb_timer_set(&dispatch->once_timer, when);
    }
}

void crb_once_tick(void *user)
{
    corbel_runtime *const runtime = user;
    once_reply *dropped = NULL;
    pthread_mutex_lock(&runtime->dispatch_lock);
    crb_dispatch *const dispatch = runtime->dispatch;
    if (dispatch != NULL && dispatch->once != NULL) {
        dispatch->once_armed = false;
        once_arm_locked(dispatch, crb_once_expire(dispatch->once, crb_now()));
        dropped = once_dropped_locked(dispatch->once);
    }
    pthread_mutex_unlock(&runtime->dispatch_lock);
    once_free_dropped(dropped);
}

/** Made at the first call with a key. NULL: no memory, or the runtime ends. */
static crb_once_table *once_table_locked(corbel_runtime *runtime)
{
    crb_dispatch *const dispatch = runtime->dispatch;
    if (dispatch != NULL && dispatch->once == NULL && !dispatch->once_over) {
        dispatch->once = crb_once_new(&runtime->once_limits);
    }
    return dispatch == NULL ? NULL : dispatch->once;
}

/** Tells operations apart, whatever numbers their session has given them (FNV-1a). */
static uint64_t once_operation(const corbel_request *request)
{
    const char *const names[2] = { corbel_request_interface(request), corbel_request_operation(request) };
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    for (size_t i = 0; i < 2; i++) {
        for (const char *at = names[i]; *at != '\0'; at++) {
            hash = (hash ^ (uint8_t)*at) * UINT64_C(0x100000001b3);
        }
        hash *= UINT64_C(0x100000001b3); /* between them */
    }
    return hash;
}

static const corbel_once_store *once_store(const corbel_request *request)
{
    return request->target->kind == CRB_TARGET_LOCAL ? request->target->local.store : NULL;
}

/* ---- answering with what was kept ---- */

/** As if its servant had just answered so. No lock held. */
static void once_replay(corbel_request *request, const once_reply *reply)
{
    corbel_error error = CORBEL_ERROR_INIT;
    crb_buf body = CRB_BUF_INIT;
    crb_ref_list refs = { 0 };
    crb_buf_clear(&request->reply_bytes);
    if (reply->context.len > 0) {
        crb_buf_append(&request->reply_bytes, reply->context.data, reply->context.len);
    }
    if (reply->outcome == CRB_OUTCOME_ERROR) {
        crb_error_copy(&error, &reply->error);
        crb_request_reply_error(request, &error);
        return;
    }
    if (reply->body.len > 0) {
        crb_buf_append(&body, reply->body.data, reply->body.len);
    }
    const bool complete = once_copy_refs(reply->refs, reply->n_refs, &refs.items);
    refs.len = refs.capacity = complete ? reply->n_refs : 0;
    if (!complete || body.failed || request->reply_bytes.failed) {
        crb_fail(&error, CORBEL_NO_MEMORY, CORBEL_COMPLETED_YES, "no memory for a reply that was kept");
        crb_request_reply_error(request, &error);
    } else {
        crb_request_reply(request, reply->outcome, &body, &refs, reply->exception);
    }
    crb_buf_clear(&body);
    crb_refs_free(refs.items, refs.len);
}

/** Those that had joined. reply NULL: error says how it ended. */
static void once_answer_joined(corbel_request *joined, const once_reply *reply, const corbel_error *error)
{
    while (joined != NULL) {
        corbel_request *const next = joined->once_next;
        if (reply != NULL) {
            once_replay(joined, reply);
        } else {
            corbel_error copy = CORBEL_ERROR_INIT;
            crb_error_copy(&copy, error);
            crb_request_reply_error(joined, &copy);
        }
        crb_dispatch_finish(joined);
        crb_request_free(joined);
        joined = next;
    }
}

typedef enum once_end {
    ONCE_KEEP,  /* the reply */
    ONCE_NO,    /* it was not entered */
    ONCE_MAYBE, /* it was passed on, and nobody knows */
    ONCE_ASK    /* the servant is to be asked the next time */
} once_end;

/** The call of request's entry is over: reply (its count is taken over; NULL: there was no memory for it), or error. */
static void once_settle(corbel_request *request, once_end end, once_reply *reply, const corbel_error *error)
{
    corbel_runtime *const runtime = request->runtime;
    const uint64_t now = crb_now();
    once_reply *dropped = NULL;
    corbel_request *joined = NULL;
    pthread_mutex_lock(&runtime->dispatch_lock);
    crb_once_entry *const entry = request->once_entry;
    if (entry != NULL) { /* else the runtime ends */
        crb_once_table *const table = runtime->dispatch->once;
        request->once_entry = NULL;
        joined = entry->waiting;
        entry->waiting = NULL;
        for (corbel_request *at = joined; at != NULL; at = at->once_next) {
            at->once_joined = NULL;
        }
        if (end == ONCE_NO) {
            crb_once_not_run(table, entry, request->once_before, now);
        } else if (end == ONCE_MAYBE) {
            crb_once_unsure(table, entry, now);
        } else if (end == ONCE_ASK) {
            crb_once_leave(table, entry, now);
        } else if (reply == NULL) {
            crb_once_unkept(table, entry, now);
        } else {
            atomic_fetch_add(&reply->holds, 1); /* the table's */
            crb_once_answered(table, entry, reply, once_reply_bytes(reply), now);
        }
        once_arm_locked(runtime->dispatch, crb_once_expire(table, now));
        dropped = once_dropped_locked(table);
    }
    pthread_mutex_unlock(&runtime->dispatch_lock);
    once_free_dropped(dropped);
    once_answer_joined(joined, end == ONCE_KEEP ? reply : NULL, error);
    once_reply_drop(reply);
}

/* ---- servants that remember ---- */

/** A varint-framed RETURN without its body, then the body. False: no memory. */
static bool once_pack(const once_reply *reply, crb_buf *out)
{
    crb_scratch *const scratch = malloc(sizeof *scratch);
    crb_wire_hop hops[CRB_FRAME_MAX_HOPS];
    crb_frame frame = { .type = CRB_WIRE_RETURN };
    if (scratch == NULL) {
        return false;
    }
    const uint8_t format = ONCE_FORMAT;
    const size_t n = corbel_error_hops(&reply->error);
    frame.u.ret = (crb_wire_return) { .outcome = (uint32_t)reply->outcome,
                                      .exception = reply->exception,
                                      .context = { reply->context.data, reply->context.len } };
    if (reply->outcome == CRB_OUTCOME_ERROR) {
        frame.u.ret.status = (uint32_t)reply->error.status;
        frame.u.ret.completion = (uint32_t)reply->error.completion;
        frame.u.ret.message = reply->error.message;
        frame.u.ret.hops = hops;
        frame.u.ret.n_hops = n < CRB_FRAME_MAX_HOPS ? n : CRB_FRAME_MAX_HOPS;
        for (size_t i = 0; i < frame.u.ret.n_hops; i++) {
            const corbel_hop hop = corbel_error_hop(&reply->error, i);
            hops[i] = (crb_wire_hop) { hop.daemon, hop.object, hop.operation, hop.message };
        }
    }
    crb_scratch_init(scratch);
    crb_buf_append(out, &format, 1);
    crb_frame_pack(out, &frame, scratch);
    crb_buf_append(out, reply->body.data, reply->body.len);
    crb_scratch_reset(scratch, 0);
    free(scratch);
    return !out->failed;
}

/** NULL: it is not what once_pack() made, or no memory. */
static once_reply *once_unpack(const uint8_t *bytes, size_t len)
{
    const uint8_t *at = bytes, *packed = NULL;
    size_t left = len, n = 0;
    const char *why = NULL;
    crb_frame frame;
    const crb_frame_limits limits = { 0 };
    if (left < 1 || *at != ONCE_FORMAT) {
        return NULL;
    }
    at++;
    left--;
    if (!crb_frame_split(&at, &left, &packed, &n)) {
        return NULL;
    }
    crb_scratch *const scratch = malloc(sizeof *scratch);
    if (scratch == NULL) {
        return NULL;
    }
    crb_scratch_init(scratch);
    once_reply *reply = NULL;
    if (crb_frame_unpack(&frame, packed, n, &limits, scratch, &why) == CRB_FRAME_OK && frame.type == CRB_WIRE_RETURN &&
        frame.u.ret.outcome <= CRB_OUTCOME_ERROR) {
        const crb_wire_return *const ret = &frame.u.ret;
        corbel_error error = CORBEL_ERROR_INIT;
        const crb_buf body = { .data = (uint8_t *)(uintptr_t)at, .len = left };
        const crb_buf context = { .data = (uint8_t *)(uintptr_t)ret->context.data, .len = ret->context.len };
        if (ret->outcome == CRB_OUTCOME_ERROR) {
            crb_fail(&error, (corbel_status)ret->status, (corbel_completion)ret->completion, "%s", ret->message);
            for (size_t i = 0; i < ret->n_hops; i++) {
                crb_error_add_hop(&error, ret->hops[i].daemon, ret->hops[i].object, ret->hops[i].operation, ret->hops[i].message);
            }
        }
        reply =
            once_reply_new((crb_outcome)ret->outcome, &body, NULL, ret->outcome == CRB_OUTCOME_EXCEPTION ? ret->exception : NULL,
                           ret->outcome == CRB_OUTCOME_ERROR ? &error : NULL, &context);
        corbel_error_clear(&error);
    }
    crb_scratch_reset(scratch, 0);
    free(scratch);
    return reply;
}

static corbel_once_key once_key(const corbel_request *request)
{
    corbel_once_key key = { .sequence = request->once->sequence };
    memcpy(key.caller, request->once->whose, sizeof key.caller);
    return key;
}

/** Asks the servant whether it knows the key. True: it answered, or refused; the request is over. */
static bool once_find(corbel_request *request, const corbel_once_store *store)
{
    const corbel_once_key key = once_key(request);
    corbel_error error = CORBEL_ERROR_INIT;
    const void *bytes = NULL;
    size_t len = 0;
    request->arena = crb_arena_new(0); /* for the store */
    corbel_status status =
        request->arena == NULL ? CORBEL_NO_MEMORY : store->find(request->target->local.store_user, request, &key, &bytes, &len);
    once_reply *reply = NULL;
    if (status == CORBEL_OK && bytes == NULL) {
        crb_arena_free(request->arena);
        request->arena = NULL;
        return false;
    }
    request->once_runs = false;
    crb_dispatch_leave_lane(request);
    if (status == CORBEL_OK && (reply = once_unpack(bytes, len)) == NULL) {
        status = CORBEL_BAD_REPLY;
    }
    if (reply != NULL) {
        atomic_fetch_add(&reply->holds, 1);
        once_settle(request, ONCE_KEEP, reply, NULL);
        once_replay(request, reply);
        once_reply_drop(reply);
    } else {
        crb_fail(&error, status, CORBEL_COMPLETED_MAYBE, "the servant does not tell whether the call ran: %s",
                 corbel_status_text(status));
        once_settle(request, ONCE_ASK, NULL, &error);
        crb_request_reply_error(request, &error);
    }
    return true;
}

/** Makes the servant remember. Not OK: error. */
static corbel_status once_remember(corbel_request *request, const corbel_once_store *store, const once_reply *reply,
                                   corbel_error *error)
{
    const corbel_once_key key = once_key(request);
    crb_buf bytes = CRB_BUF_INIT;
    corbel_status status = reply == NULL || (reply->n_refs == 0 && !once_pack(reply, &bytes)) ? CORBEL_NO_MEMORY
                           : reply->n_refs > 0                                                ? CORBEL_BAD_REPLY
                                                                                              : CORBEL_OK;
    const bool kept = status == CORBEL_OK;
    const corbel_status ended = reply == NULL || !kept                    ? status
                                : reply->outcome == CRB_OUTCOME_RESULT    ? CORBEL_OK
                                : reply->outcome == CRB_OUTCOME_EXCEPTION ? CORBEL_RAISED
                                                                          : reply->error.status;
    const corbel_status told =
        store->keep(request->target->local.store_user, request, &key, ended, kept ? bytes.data : NULL, kept ? bytes.len : 0);
    crb_buf_clear(&bytes);
    if (!kept) {
        return crb_fail(error, status, CORBEL_COMPLETED_YES, "%s",
                        status == CORBEL_BAD_REPLY ? "a result with references cannot be remembered"
                                                   : "no memory to remember the result");
    }
    if (told != CORBEL_OK) {
        status = told == CORBEL_RAISED || told == CORBEL_DEFERRED ? CORBEL_FAILED : told;
        return crb_fail(error, status, CORBEL_COMPLETED_MAYBE, "the servant could not make its effect last: %s",
                        corbel_status_text(status));
    }
    return CORBEL_OK;
}

/* ---- a request's way ---- */

static crb_once_verdict once_admit_locked(corbel_request *request, const crb_once_key *key, bool durable, once_reply **ret_reply)
{
    crb_once_table *const table = once_table_locked(request->runtime);
    crb_once_entry *entry = NULL;
    if (table == NULL) {
        return CRB_ONCE_NO_MEMORY;
    }
    const crb_once_verdict verdict = crb_once_admit(table, key, durable, crb_now(), &entry);
    if (verdict == CRB_ONCE_RUN || verdict == CRB_ONCE_RUN_AGAIN) {
        entry->user = request;
        request->once_entry = entry;
        request->once_before = verdict == CRB_ONCE_RUN_AGAIN;
        request->once_runs = true;
    } else if (verdict == CRB_ONCE_REPLAY) {
        *ret_reply = entry->user;
        atomic_fetch_add(&(*ret_reply)->holds, 1);
    } else if (verdict == CRB_ONCE_JOIN) {
        crb_dispatch_leave_lane_locked(request);
        request->once_joined = entry->user;
        request->once_next = entry->waiting;
        entry->waiting = request;
        request->returned = true; /* it waits for somebody else's thread, as a deferred one does */
        request->runtime->dispatch->n_deferred++;
        pthread_cond_broadcast(&request->runtime->dispatch->changed);
    }
    return verdict;
}

static crb_once_key once_key_of(const corbel_request *request)
{
    const crb_once_wire *const once = request->once;
    crb_once_key key = { .sequence = once->sequence, .operation = once_operation(request), .again = once->again };
    memcpy(key.via, crb_session_peer_instance(request->peer->session), sizeof key.via);
    memcpy(key.whose, once->relayed ? once->whose : key.via, sizeof key.whose);
    return key;
}

bool crb_once_passes_locked(corbel_request *request)
{
    crb_once_table *const table = request->runtime->dispatch->once;
    if (request->once != NULL && request->once->sequence != 0 && table != NULL) {
        const crb_once_key key = once_key_of(request);
        request->once_passes = crb_once_knows(table, &key);
    }
    return request->once_passes;
}

static crb_once_way once_refuse(corbel_request *request, corbel_status status, corbel_completion completion, const char *why)
{
    corbel_error error = CORBEL_ERROR_INIT;
    crb_fail(&error, status, completion, "%s", why);
    crb_dispatch_leave_lane(request);
    crb_request_reply_error(request, &error);
    return CRB_ONCE_WAY_OVER;
}

/** The caller is done with some: the table, and a servant that remembers, may forget them. */
static void once_acknowledged(corbel_request *request, const uint8_t via[16])
{
    corbel_runtime *const runtime = request->runtime;
    const crb_once_wire *const once = request->once;
    const corbel_once_store *const store = once_store(request);
    once_reply *dropped = NULL;
    pthread_mutex_lock(&runtime->dispatch_lock);
    if (runtime->dispatch != NULL && runtime->dispatch->once != NULL) {
        crb_once_acknowledge(runtime->dispatch->once, via, once->whose, once->acknowledged, crb_now());
        dropped = once_dropped_locked(runtime->dispatch->once);
    }
    pthread_mutex_unlock(&runtime->dispatch_lock);
    once_free_dropped(dropped);
    if (store != NULL && store->forget != NULL) {
        store->forget(request->target->local.store_user, once->whose, once->acknowledged);
    }
}

crb_once_way crb_once_enter(corbel_request *request)
{
    crb_once_wire *const once = request->once;
    const corbel_once_store *const store = once_store(request);
    if (request->once_seen) { /* passed on to a promise, and run again when that is known */
        return CRB_ONCE_WAY_ON;
    }
    request->once_seen = true;
    const crb_once_key key = once_key_of(request);
    memcpy(once->whose, key.whose, sizeof once->whose);
    once->relayed = true; /* as it is passed on */
    if (once->acknowledged != 0) {
        once_acknowledged(request, key.via);
    }
    if (once->sequence == 0) {
        return CRB_ONCE_WAY_ON;
    }
    const bool durable = crb_once_is_durable(request->target);
    once_reply *reply = NULL;
    pthread_mutex_lock(&request->runtime->dispatch_lock);
    const crb_once_verdict verdict = once_admit_locked(request, &key, durable, &reply);
    once_reply *const dropped = request->runtime->dispatch == NULL || request->runtime->dispatch->once == NULL
                                    ? NULL
                                    : once_dropped_locked(request->runtime->dispatch->once);
    pthread_mutex_unlock(&request->runtime->dispatch_lock);
    once_free_dropped(dropped);
    switch (verdict) {
    case CRB_ONCE_RUN:
        if (request->once_passes) { /* what it repeated was not entered, or is not known any more: it has to take its turn */
            return once_refuse(request, CORBEL_OVERLOADED, CORBEL_COMPLETED_NO, "the call that this one repeats was refused");
        }
        once->again = once->again && durable; /* else nobody has seen it before */
        return store != NULL && once_find(request, store) ? CRB_ONCE_WAY_OVER : CRB_ONCE_WAY_ON;
    case CRB_ONCE_RUN_AGAIN:
        once->again = true;
        return CRB_ONCE_WAY_ON;
    case CRB_ONCE_JOIN:
        return CRB_ONCE_WAY_PARKED; /* it may be gone */
    case CRB_ONCE_REPLAY:
        crb_dispatch_leave_lane(request);
        once_replay(request, reply);
        once_reply_drop(reply);
        return CRB_ONCE_WAY_OVER;
    case CRB_ONCE_FORGET:
        return once_refuse(request, CORBEL_FORGOTTEN, CORBEL_COMPLETED_MAYBE, corbel_status_text(CORBEL_FORGOTTEN));
    case CRB_ONCE_OTHER:
        return once_refuse(request, CORBEL_PROTOCOL, CORBEL_COMPLETED_NO, "the key belongs to a call of another operation");
    case CRB_ONCE_FULL:
        return once_refuse(request, CORBEL_OVERLOADED, CORBEL_COMPLETED_NO, "no room for the key of one more call");
    case CRB_ONCE_NO_MEMORY:
        break;
    }
    return once_refuse(request, CORBEL_NO_MEMORY, CORBEL_COMPLETED_NO, "no memory for the key of a call");
}

corbel_status crb_once_keep(corbel_request *request, crb_outcome outcome, const crb_buf *body, const crb_ref_list *refs,
                            const char *exception, corbel_error *error)
{
    if (!request->once_runs) {
        return CORBEL_OK;
    }
    request->once_runs = false;
    const corbel_once_store *const store = once_store(request);
    const bool failed = outcome == CRB_OUTCOME_ERROR;
    const corbel_completion completion = failed ? error->completion : CORBEL_COMPLETED_YES;
    if (completion == CORBEL_COMPLETED_NO) {
        once_settle(request, ONCE_NO, NULL, error);
        return CORBEL_OK;
    }
    if (completion == CORBEL_COMPLETED_MAYBE && request->method == NULL) {
        once_settle(request, ONCE_MAYBE, NULL, error);
        return CORBEL_OK;
    }
    once_reply *const reply = once_reply_new(outcome, body, refs, exception, failed ? error : NULL, &request->reply_bytes);
    corbel_error lost = CORBEL_ERROR_INIT;
    corbel_status status = CORBEL_OK;
    if (store != NULL && (status = once_remember(request, store, reply, &lost)) != CORBEL_OK) {
        once_settle(request, ONCE_ASK, reply, &lost);
        crb_error_move(error, &lost);
        return status;
    }
    if (reply == NULL) {
        crb_fail(&lost, CORBEL_FORGOTTEN, CORBEL_COMPLETED_MAYBE, "no memory to keep the reply");
    }
    once_settle(request, ONCE_KEEP, reply, &lost);
    corbel_error_clear(&lost);
    return CORBEL_OK;
}

corbel_request *crb_once_cancels_locked(corbel_request *request)
{
    if (!crb_session_has_ended(request->peer->session)) {
        return request->once_joined != NULL ? request->once_joined : request;
    }
    return request->once_joined != NULL || request->once_entry != NULL ? NULL : request; /* it may be asked for again */
}

bool crb_once_is_durable(const crb_target *target)
{
    return target->kind == CRB_TARGET_LOCAL    ? target->local.store != NULL
           : target->kind == CRB_TARGET_IMPORT ? atomic_load(&target->import.durable)
                                               : false;
}

void crb_once_end_locked(corbel_runtime *runtime)
{
    crb_dispatch *const dispatch = runtime->dispatch;
    crb_once_table *const table = dispatch->once;
    corbel_request *parked = NULL;
    dispatch->once_over = true;
    if (table == NULL) {
        return;
    }
    for (corbel_request *request = dispatch->requests; request != NULL; request = request->next) {
        if (request->once_joined != NULL) {
            request->once_joined = NULL;
            request->once_next = parked;
            parked = request;
        }
        request->once_entry = NULL;
    }
    dispatch->once = NULL;
    crb_once_drop_all(table);
    once_reply *const dropped = once_dropped_locked(table);
    crb_once_free(table);
    pthread_mutex_unlock(&runtime->dispatch_lock);
    corbel_error error = CORBEL_ERROR_INIT;
    crb_fail(&error, CORBEL_GONE, CORBEL_COMPLETED_MAYBE, "the runtime has ended");
    once_answer_joined(parked, NULL, &error);
    corbel_error_clear(&error);
    once_free_dropped(dropped);
    pthread_mutex_lock(&runtime->dispatch_lock);
}

/* ---- what servants see ---- */

bool corbel_request_once_key(const corbel_request *request, corbel_once_key *ret)
{
    if (request->once == NULL || request->once->sequence == 0 || !request->once_seen) {
        return false;
    }
    *ret = once_key(request);
    return true;
}

corbel_status corbel_object_remember_once(corbel_object *object, const corbel_once_store *store, void *user, corbel_error *reterr)
{
    crb_target *const target = object == NULL ? NULL : object->target;
    if (target == NULL) {
        return crb_fail(reterr, object == NULL ? CORBEL_NIL_REFERENCE : CORBEL_NO_MEMORY, CORBEL_COMPLETED_NO,
                        "corbel_object_remember_once() of no object");
    }
    if (target->kind != CRB_TARGET_LOCAL || target->local.store != NULL || store == NULL || store->size < sizeof *store ||
        store->find == NULL || store->keep == NULL) {
        return crb_fail(reterr, CORBEL_MISUSE, CORBEL_COMPLETED_NO,
                        target->kind != CRB_TARGET_LOCAL ? "only an object of this runtime can remember"
                        : target->local.store != NULL    ? "the object remembers already"
                                                         : "a store without size, find or keep");
    }
    target->local.store_user = user;
    target->local.store = store;
    return CORBEL_OK;
}
