/** Finding objects: ids to imports, names to URIs, and again when what was found is gone. Which peer an address leads to is in
 *  connect.c. */
#include "runtime/base/clock.h"
#include "runtime/base/fail.h"
#include "runtime/call/call_impl.h"
#include "runtime/call/connect.h"
#include "runtime/call/promise.h"
#include "runtime/call/watch.h"

#include <corbel/naming.corbel.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* ---- objects by id ---- */

static void bind_end(corbel_call *call)
{
    crb_peer_lock(call->peer);
    if (call->question != NULL) {
        crb_session_finish(call->peer->session, call->question, !atomic_load(&call->done));
        call->question = NULL;
    }
    crb_peer_unlock(call->peer);
    crb_outcome_clear(&call->value);
}

corbel_status crb_peer_bind(crb_peer *peer, const char *id, const corbel_interface *interface, uint64_t deadline,
                            crb_target **ret, corbel_error *reterr)
{
    crb_wait wait;
    corbel_call call = {
        .runtime = peer->runtime, .peer = peer, .guard = &peer->lock, .wait = &wait, .deadline = deadline, .is_bind = true
    };
    crb_wait_begin(&wait, peer->runtime, crb_random_id()); /* a chain of its own: nobody calls back in it */
    crb_peer_lock(peer);
    corbel_status status =
        crb_session_bind(peer->session, id, interface == NULL ? "" : interface->name,
                         interface == NULL ? 0 : interface->fingerprint, deadline, &call, crb_now(), &call.question, reterr);
    crb_peer_unlock(peer);
    if (status == CORBEL_OK) {
        if (!crb_wait_until(&wait, &call.done, call.guard, deadline)) {
            status =
                crb_fail(reterr, CORBEL_DEADLINE, CORBEL_COMPLETED_NO, "the deadline passed while looking for object '%s'", id);
        } else if (call.value.outcome == CRB_OUTCOME_ERROR) {
            status = call.value.error.status;
            crb_error_move(reterr, &call.value.error);
        } else if (call.value.n_refs != 1 || call.value.refs[0].target == NULL) {
            status = crb_fail(reterr, CORBEL_PROTOCOL, CORBEL_COMPLETED_NO, "the peer's answer holds no reference");
        } else {
            *ret = crb_target_ref(call.value.refs[0].target);
            if (call.value.durable && (*ret)->kind == CRB_TARGET_IMPORT) {
                atomic_store(&(*ret)->import.durable, true);
            }
        }
        bind_end(&call);
    }
    crb_wait_end(&wait);
    if (status != CORBEL_OK && reterr != NULL) {
        reterr->completion = CORBEL_COMPLETED_NO; /* whatever became of the question, no call was sent */
    }
    return status;
}

/* ---- URIs ---- */

static corbel_status bind_object(crb_target *target, const crb_uri *uri, uint64_t deadline, crb_target **ret,
                                 corbel_error *reterr)
{
    crb_peer *peer = NULL;
    bool itself = false;
    corbel_error error = CORBEL_ERROR_INIT;
    corbel_status status = crb_peer_find(target->runtime, uri->addresses, uri->n_addresses, deadline, &peer, &itself, &error);
    if (status != CORBEL_OK) {
        crb_error_reword(&error, "object '%s' cannot be reached: %s", uri->id, error.message);
        crb_error_move(reterr, &error);
        return status;
    }
    if (itself) {
        const corbel_interface *const interface = target->uri.interface;
        const crb_host *const host = crb_host_get();
        *ret = host->find(target->runtime, uri->id, interface == NULL ? "" : interface->name, reterr);
        return *ret != NULL ? CORBEL_OK : reterr != NULL ? reterr->status : CORBEL_NOT_FOUND;
    }
    status = crb_peer_bind(peer, uri->id, target->uri.interface, deadline, ret, reterr);
    crb_peer_unref(peer);
    return status;
}

/** A deadline for a nested look-up, in whole milliseconds, at least one. */
static uint32_t bind_remaining_ms(uint64_t deadline)
{
    const uint64_t now = crb_now();
    const uint64_t ms = deadline <= now ? 1 : (deadline - now) / CRB_MS + 1;
    return ms > UINT32_MAX ? UINT32_MAX : (uint32_t)ms;
}

static corbel_object *bind_name_server(crb_target *target, const crb_uri *uri, corbel_error *reterr)
{
    corbel_object *object = NULL;
    if (uri->n_addresses == 0) {
        return crb_runtime_name_server(target->runtime, &object, reterr) == CORBEL_OK ? corbel_object_ref(object) : NULL;
    }
    crb_uri where = { .kind = CRB_URI_OBJECT,
                      .id = (char *)(uintptr_t) "corbel.NameServer",
                      .addresses = uri->addresses,
                      .n_addresses = uri->n_addresses };
    char *const text = crb_uri_format(&where);
    if (text == NULL) {
        crb_fail(reterr, CORBEL_NO_MEMORY, CORBEL_COMPLETED_NO, "no memory for a URI");
        return NULL;
    }
    const corbel_status status = corbel_object_from_uri(target->runtime, NULL, text, &object, reterr);
    corbel_string_free(text);
    return status == CORBEL_OK ? object : NULL;
}

static corbel_status bind_name(crb_target *target, uint64_t deadline, crb_target **ret, corbel_error *reterr)
{
    const crb_uri *const uri = &target->uri.uri;
    corbel_error error = CORBEL_ERROR_INIT;
    corbel_NameEntry *entry = NULL;
    corbel_object *const found = bind_name_server(target, uri, reterr);
    if (found == NULL) {
        return reterr != NULL ? reterr->status : CORBEL_INVALID_ARGUMENT;
    }
    corbel_options options = CORBEL_OPTIONS_INIT;
    options.deadline_ms = bind_remaining_ms(deadline);
    corbel_object *const server = corbel_object_with(found, &options);
    corbel_object_unref(found);
    /* The look-up is no part of the caller's chain: nothing may call back into it while the target is locked. */
    crb_context apart = { .runtime = target->runtime, .chain = crb_random_id(), .deadline = deadline, .hop = 0, .apart = true };
    crb_context_enter(&apart);
    corbel_status status = corbel_NameServer_lookup((corbel_NameServer *)server, uri->id, &entry, &error);
    crb_context_leave(&apart);
    corbel_object_unref(server);
    if (status != CORBEL_OK) {
        const bool unknown = corbel_NoSuchName_of(&error) != NULL;
        if (unknown) {
            status =
                crb_fail(reterr, CORBEL_NOT_FOUND, CORBEL_COMPLETED_NO, "no object is registered under the name '%s'", uri->id);
            corbel_error_clear(&error);
        } else {
            crb_error_reword(&error, "the name '%s' cannot be looked up: %s%s", uri->id, error.message,
                             status == CORBEL_UNREACHABLE ? "; is corbel-ns running?" : "");
            error.completion = CORBEL_COMPLETED_NO; /* whatever became of the look-up, the call itself was not sent */
            crb_error_move(reterr, &error);
        }
        return status;
    }
    crb_uri where = { 0 };
    status = crb_uri_parse(entry->uri, &where, reterr);
    if (status == CORBEL_OK && where.kind != CRB_URI_OBJECT) {
        status = crb_fail(reterr, CORBEL_INVALID_ARGUMENT, CORBEL_COMPLETED_NO, "the name '%s' stands for another name: '%s'",
                          uri->id, entry->uri);
    }
    if (status == CORBEL_OK) {
        status = bind_object(target, &where, deadline, ret, reterr);
    }
    crb_uri_clear(&where);
    corbel_NameEntry_free(entry);
    return status;
}

/* ---- again ---- */

/** May calls go to what was found before? */
static bool bind_usable(const crb_target *bound, const crb_resolving *how)
{
    if (bound->kind != CRB_TARGET_IMPORT || atomic_load(&bound->import.gone)) {
        return false;
    }
    const crb_peer *const peer = bound->import.peer;
    return !atomic_load(&peer->over) && (how->nested || !atomic_load(&peer->draining));
}

static bool bind_lock_until(crb_target *target, uint64_t deadline)
{
    pthread_mutex_t *const lock = &target->uri.bind_lock;
    if (pthread_mutex_trylock(lock) == 0) {
        return true;
    }
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until); /* the only clock of pthread_mutex_timedlock() */
    const uint64_t now = crb_now();
    const uint64_t left = deadline <= now ? 0 : deadline - now;
    const uint64_t nanoseconds = (uint64_t)until.tv_nsec + left % CRB_SECOND;
    until.tv_sec += (time_t)(left / CRB_SECOND + nanoseconds / CRB_SECOND);
    until.tv_nsec = (long)(nanoseconds % CRB_SECOND);
    crb_connect_blocks(target->runtime, true);
    const bool locked = pthread_mutex_timedlock(lock, &until) == 0;
    crb_connect_blocks(target->runtime, false);
    return locked;
}

/** Looks once. Under bind_lock. */
static corbel_status bind_look(crb_target *target, const crb_resolving *how, crb_target **ret, corbel_error *reterr)
{
    const crb_uri *const uri = &target->uri.uri;
    corbel_status status = CORBEL_OK;
    for (int i = 0; i < 2; i++) { /* a session that was there already may have been dead: that is found out by using it */
        if (reterr != NULL) {
            corbel_error_clear(reterr);
        }
        status = uri->kind == CRB_URI_NAME ? bind_name(target, how->deadline, ret, reterr)
                                           : bind_object(target, uri, how->deadline, ret, reterr);
        if (status != CORBEL_GONE) {
            break;
        }
    }
    return status;
}

/** One attempt: uses what was found before, or looks for it. */
static corbel_status bind_once(crb_target *target, const crb_resolving *how, crb_target **ret, corbel_error *reterr)
{
    if (!bind_lock_until(target, how->deadline)) {
        return crb_fail(reterr, CORBEL_DEADLINE, CORBEL_COMPLETED_NO, "the deadline passed while looking for '%s'",
                        target->uri.text);
    }
    crb_target *stale = NULL, *bound = NULL;
    crb_watch *fired = NULL;
    corbel_status status = CORBEL_OK;
    if (target->uri.bound == NULL || !bind_usable(target->uri.bound, how)) {
        corbel_error error = CORBEL_ERROR_INIT;
        status = bind_look(target, how, &bound, &error);
        if (status == CORBEL_OK) {
            stale = crb_watch_rebound(target, bound, &fired);
        } else if (target->uri.bound != NULL && bind_usable(target->uri.bound, &(crb_resolving) { .nested = true })) {
            status = CORBEL_OK; /* it drains, and nobody else is there: its answer says more than ours would */
            corbel_error_clear(&error);
        } else {
            crb_error_move(reterr, &error);
        }
    }
    if (status == CORBEL_OK) {
        *ret = crb_target_ref(target->uri.bound);
    }
    pthread_mutex_unlock(&target->uri.bind_lock);
    crb_watch_post(fired);
    crb_target_unref(stale);
    return status;
}

/** What may be otherwise a little later: who is to answer is being started, or has not registered yet. */
static bool bind_may_come(corbel_status status)
{
    return status == CORBEL_UNREACHABLE || status == CORBEL_NOT_FOUND || status == CORBEL_DRAINING || status == CORBEL_GONE;
}

static corbel_status bind_uri(crb_target *target, const crb_resolving *how, crb_target **ret, corbel_error *reterr)
{
    corbel_error error = CORBEL_ERROR_INIT;
    for (uint32_t attempt = 0;; attempt++) {
        const corbel_status status = bind_once(target, how, ret, &error);
        if (status == CORBEL_OK) {
            corbel_error_clear(&error);
            return CORBEL_OK;
        }
        if (!how->wait || !bind_may_come(status)) {
            crb_error_move(reterr, &error);
            return status;
        }
        if (!crb_connect_pause(target->runtime, attempt, how->deadline)) {
            crb_error_reword(&error, "%s (waited for it until the deadline)", error.message);
            crb_error_move(reterr, &error);
            return status;
        }
    }
}

corbel_status crb_target_resolve(crb_target *target, const crb_resolving *how, crb_target **ret, corbel_error *reterr)
{
    if (target->kind == CRB_TARGET_PROMISE) {
        const corbel_status status = crb_promise_way(target, ret, reterr);
        if (status != CORBEL_OK || (*ret)->kind != CRB_TARGET_URI) {
            return status;
        }
        crb_target *const by_uri = *ret;
        const corbel_status bound = bind_uri(by_uri, how, ret, reterr);
        crb_target_unref(by_uri);
        return bound;
    }
    if (target->kind != CRB_TARGET_URI) {
        *ret = crb_target_ref(target);
        return CORBEL_OK;
    }
    return bind_uri(target, how, ret, reterr);
}
