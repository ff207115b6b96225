/** What the events of a session mean, and how references cross it. All under the peer's lock. */
#include "runtime/base/clock.h"
#include "runtime/base/fail.h"
#include "runtime/call/stream.h"

#include <stdlib.h>
#include <string.h>

/* ---- references ---- */

/** As what a target is known that is passed on. */
static const char *events_interface(const crb_target *target)
{
    switch (target->kind) {
    case CRB_TARGET_LOCAL:
        return target->local.skeleton.interface->name;
    case CRB_TARGET_IMPORT:
        return target->import.interface;
    case CRB_TARGET_PROMISE:
        return target->promise.interface == NULL ? "" : target->promise.interface->name;
    case CRB_TARGET_URI:
        break;
    }
    return target->uri.interface == NULL ? "" : target->uri.interface->name;
}

void crb_peer_refs_out_locked(crb_peer *peer, const crb_ref *refs, size_t n, crb_ref_out *out)
{
    for (size_t i = 0; i < n; i++) {
        crb_target *const target = refs[i].target;
        const char *const interface = refs[i].interface != NULL ? refs[i].interface : events_interface(target);
        out[i] = (crb_ref_out) { .tag = refs[i].tag,
                                 .interface = interface,
                                 .fingerprint = crb_target_fingerprint(target, interface) };
        if (target->kind == CRB_TARGET_IMPORT && target->import.peer == peer) {
            out[i].import = target->import.import;
        } else {
            out[i].object = target; /* ours, or a third process's: then we relay */
        }
    }
}

void crb_peer_refs_sent_locked(crb_peer *peer, const crb_ref *refs, size_t n, const crb_ref_out *out)
{
    (void)peer;
    for (size_t i = 0; i < n; i++) {
        if (out[i].fresh) {
            crb_target_ref(refs[i].target); /* the session's, until CRB_EVENT_UNEXPORTED */
            if (refs[i].target->kind == CRB_TARGET_LOCAL) {
                crb_runtime_shows(refs[i].target->runtime, refs[i].target->local.skeleton.interface);
            }
        }
    }
}

/** The table of a message that came in, with a count of each target. Entries without a target stand for own objects that are
 *  gone. *ret NULL with false: no memory; every receipt was given back. */
static bool events_refs_in(crb_peer *peer, const crb_event *event, crb_ref **ret, size_t *ret_n)
{
    crb_ref *const refs = event->n_refs == 0 ? NULL : calloc(event->n_refs, sizeof *refs);
    *ret = NULL;
    *ret_n = 0;
    if (event->n_refs > 0 && refs == NULL) {
        for (size_t i = 0; i < event->n_refs; i++) {
            if (event->refs[i].import != NULL) {
                crb_session_release(peer->session, event->refs[i].import, 1);
            }
        }
        return false;
    }
    bool complete = true;
    for (size_t i = 0; i < event->n_refs; i++) {
        const crb_ref_in *const in = &event->refs[i];
        refs[i].tag = in->tag;
        if (in->object != NULL) {
            refs[i].target = crb_target_ref(in->object);
        } else if (in->import != NULL) {
            refs[i].target = crb_target_for_import_locked(peer, in->import, in->interface, in->fingerprint);
            complete = complete && refs[i].target != NULL;
        }
    }
    if (!complete) {
        crb_peer_refs_free_locked(peer, refs, event->n_refs);
        return false;
    }
    *ret = refs;
    *ret_n = event->n_refs;
    return true;
}

/* ---- calls of the peer's ---- */

void crb_peer_refuse_locked(crb_peer *peer, crb_answer *answer, bool oneway, corbel_error *error)
{
    if (oneway) {
        crb_session_done(peer->session, answer);
        return;
    }
    crb_result result = { .outcome = CRB_OUTCOME_ERROR, .error = error };
    crb_session_return(peer->session, answer, &result, crb_now());
}

static void events_refuse(crb_peer *peer, const crb_event *event, corbel_status status, const char *message)
{
    corbel_error error = CORBEL_ERROR_INIT;
    crb_fail(&error, status, CORBEL_COMPLETED_NO, "%s", message);
    crb_error_add_hop(&error, peer->runtime->name, event->kind == CRB_EVENT_BIND ? event->id : "", event->operation, message);
    crb_peer_refuse_locked(peer, event->answer, event->oneway, &error);
    corbel_error_clear(&error);
}

static void events_bind(crb_peer *peer, const crb_event *event)
{
    const crb_host *const host = crb_host_get();
    corbel_error error = CORBEL_ERROR_INIT;
    if (host == NULL) {
        events_refuse(peer, event, CORBEL_NOT_FOUND, "this process hosts no objects");
        return;
    }
    crb_target *const target = host->find(peer->runtime, event->id, event->interface, &error);
    if (target == NULL) {
        crb_error_add_hop(&error, peer->runtime->name, event->id, NULL, error.message);
        crb_peer_refuse_locked(peer, event->answer, false, &error);
        corbel_error_clear(&error);
        return;
    }
    crb_buf body = CRB_BUF_INIT;
    const crb_ref ref = { .tag = 1, .target = target, .interface = event->interface };
    crb_ref_out out;
    crb_peer_refs_out_locked(peer, &ref, 1, &out);
    crb_result result = {
        .outcome = CRB_OUTCOME_RESULT, .body = &body, .refs_out = &out, .n_refs_out = 1, .durable = host->durable(target)
    };
    crb_session_return(peer->session, event->answer, &result, crb_now());
    crb_peer_refs_sent_locked(peer, &ref, 1, &out);
    crb_peer_unref_target_locked(peer, target);
}

static void events_call(crb_peer *peer, crb_event *event)
{
    const crb_host *const host = crb_host_get();
    crb_ref *refs = NULL;
    size_t n_refs = 0;
    crb_target *const own =
        event->import == NULL ? NULL : crb_target_for_import_locked(peer, event->import, event->as, event->fingerprint);
    if (!events_refs_in(peer, event, &refs, &n_refs) || (event->import != NULL && own == NULL)) {
        events_refuse(peer, event, CORBEL_NO_MEMORY, "no memory for the references of a call");
        crb_peer_refs_free_locked(peer, refs, n_refs);
        crb_peer_unref_target_locked(peer, own);
    } else if ((event->object == NULL && own == NULL) || host == NULL) {
        events_refuse(peer, event, CORBEL_NOT_FOUND, "the object does not exist");
        crb_peer_refs_free_locked(peer, refs, n_refs);
    } else {
        crb_incoming incoming = {
            .peer = peer,
            .answer = event->answer,
            .target = own != NULL ? own : crb_target_ref(event->object),
            .interface = event->interface,
            .operation = event->operation,
            .memo = event->memo,
            .lane = event->lane,
            .deadline = event->deadline,
            .chain = event->chain,
            .hop = event->hop,
            .oneway = event->oneway,
            .complete = event->complete,
            .enter = event->enter,
            .stream_in = event->stream_in,
            .stream_out = event->stream_out,
            .args = event->args,
            .refs = refs,
            .n_refs = n_refs,
            .context = event->context,
            .once = event->once,
        };
        event->once = NULL;
        event->args = (crb_buf)CRB_BUF_INIT;
        event->context = (crb_buf)CRB_BUF_INIT;
        host->call(peer->runtime, &incoming);
    }
    free(event->once);
    crb_buf_clear(&event->args);
    crb_buf_clear(&event->context);
}

/** The rest of a call that has its place in its lane. */
static void events_body(crb_peer *peer, crb_event *event)
{
    void *const request = crb_answer_user(event->answer);
    crb_ref *refs = NULL;
    size_t n_refs = 0;
    if (!events_refs_in(peer, event, &refs, &n_refs)) {
        crb_fail(&event->error, CORBEL_NO_MEMORY, CORBEL_COMPLETED_NO, "no memory for the references of a call");
    }
    if (request != NULL) {
        crb_host_get()->body(request, &event->args, refs, n_refs, &event->error);
    } else {
        crb_peer_refs_free_locked(peer, refs, n_refs);
    }
    crb_buf_clear(&event->args);
    corbel_error_clear(&event->error);
}

/* ---- calls of ours ---- */

static void events_return(crb_peer *peer, crb_event *event)
{
    corbel_call *const call = event->user;
    crb_outcome_value value = {
        .outcome = event->outcome, .error = CORBEL_ERROR_INIT, .context = event->context, .durable = event->durable
    };
    if (!events_refs_in(peer, event, &value.refs, &value.n_refs)) {
        value.outcome = CRB_OUTCOME_ERROR;
        crb_fail(&value.error, CORBEL_NO_MEMORY, CORBEL_COMPLETED_YES, "no memory for the references of a result");
        corbel_error_clear(&event->error);
    } else if (event->outcome == CRB_OUTCOME_ERROR) {
        crb_error_move(&value.error, &event->error);
    } else {
        value.body = event->body;
        event->body = (crb_buf)CRB_BUF_INIT;
        if (event->outcome == CRB_OUTCOME_EXCEPTION) {
            crb_error_move(&value.error, &event->error);
            value.exception = strdup(event->exception);
            if (value.exception == NULL) {
                crb_peer_refs_free_locked(peer, value.refs, value.n_refs);
                value.refs = NULL;
                value.n_refs = 0;
                value.outcome = CRB_OUTCOME_ERROR;
                crb_fail(&value.error, CORBEL_NO_MEMORY, CORBEL_COMPLETED_YES, "no memory for an exception");
            }
        }
    }
    crb_buf_clear(&event->body);
    if (!call->is_bind && !call->keep) {
        call->question = NULL;
    }
    if (call->wait == NULL && call->completed == NULL && call->run == NULL && !call->is_bind) {
        call->ready = true;
        peer->n_ready++;
    }
    crb_call_complete_locked(call, &value);
}

/* ---- streams ---- */

static void events_items(crb_peer *peer, crb_event *event)
{
    corbel_stream *const stream = crb_stream_user(event->stream);
    crb_ref *refs = NULL;
    size_t n_refs = 0;
    const bool complete = events_refs_in(peer, event, &refs, &n_refs);
    if (stream == NULL) {
        crb_peer_refs_free_locked(peer, refs, n_refs);
    } else if (!complete) {
        crb_stream_no_memory_locked(stream);
    } else {
        crb_stream_items_locked(stream, event, refs, n_refs);
    }
    crb_buf_clear(&event->items);
}

void crb_peer_handle_event(crb_peer *peer, crb_event *event)
{
    const crb_host *const host = crb_host_get();
    switch (event->kind) {
    case CRB_EVENT_OPEN:
        crb_peer_opened_locked(peer);
        break;
    case CRB_EVENT_BIND:
        events_bind(peer, event);
        break;
    case CRB_EVENT_CALL:
        events_call(peer, event);
        break;
    case CRB_EVENT_BODY:
        events_body(peer, event);
        break;
    case CRB_EVENT_CANCEL:
        if (crb_answer_user(event->answer) != NULL) {
            host->cancel(crb_answer_user(event->answer));
        }
        break;
    case CRB_EVENT_RETURN:
        events_return(peer, event);
        break;
    case CRB_EVENT_ITEMS:
        events_items(peer, event);
        break;
    case CRB_EVENT_ROOM:
        if (crb_stream_user(event->stream) != NULL) {
            crb_stream_room_locked(crb_stream_user(event->stream));
        }
        break;
    case CRB_EVENT_UNEXPORTED:
        crb_peer_unref_target_locked(peer, event->object);
        break;
    case CRB_EVENT_GONE: {
        crb_target *const target = crb_import_user(event->import);
        if (target != NULL) {
            atomic_store(&target->import.gone, true);
        }
        break;
    }
    case CRB_EVENT_CREDIT:
        crb_peer_changed_locked(peer);
        break;
    case CRB_EVENT_DRAINING:
        if (event->duplicate != 0) {
            crb_peer_duplicate_locked(peer, event->duplicate);
            break;
        }
        atomic_store(&peer->draining, true);
        atomic_store(&peer->alive, false);
        crb_peer_changed_locked(peer);
        break;
    case CRB_EVENT_CLOSED:
        crb_peer_ended_locked(peer, event->why, event->clean);
        break;
    }
}
