/** Finding objects: addresses to peers, ids to imports, names to URIs. */
#include "runtime/base/clock.h"
#include "runtime/base/fail.h"
#include "runtime/call/call_impl.h"
#include "runtime/call/promise.h"
#include "runtime/call/watch.h"
#include "runtime/dns/dns.h"

#include <corbel/naming.corbel.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* ---- peers by address ---- */

/** A peer that leads to address, or a new one that the caller is to dial. Counted. */
static crb_peer *bind_peer_for(corbel_runtime *runtime, const char *address, bool *ret_dial, bool *ret_itself)
{
    *ret_dial = false;
    pthread_mutex_lock(&runtime->lock);
    crb_peer *peer = crb_routes_find_locked(runtime, address, ret_itself);
    crb_peer *unused = NULL;
    if (peer != NULL) {
        crb_peer_ref(peer);
    } else if (!*ret_itself && (peer = crb_peer_new(runtime, true, address)) != NULL) {
        *ret_dial = crb_routes_set_locked(runtime, address, peer);
        if (*ret_dial) {
            crb_peer_list_locked(peer); /* from now on others wait for it instead of dialling, too */
        } else {
            unused = peer;
            peer = NULL;
        }
    }
    pthread_mutex_unlock(&runtime->lock);
    crb_peer_unref(unused);
    return peer;
}

/** A session that we opened turned out to lead where another one leads already, or to ourselves: what is to be used instead.
 *  Then peer is not alive any more: of two that find each other at the same time one stays. */
static crb_peer *bind_deduplicate(crb_peer *peer, bool *ret_itself)
{
    corbel_runtime *const runtime = peer->runtime;
    pthread_mutex_lock(&runtime->lock);
    *ret_itself = memcmp(peer->instance, runtime->instance, sizeof peer->instance) == 0;
    /* Only one that this side dialled, too: an instance is what the peer says it is, and whoever comes to us may say any. */
    crb_peer *other = *ret_itself ? NULL : crb_routes_same_locked(peer);
    if (*ret_itself || other != NULL) {
        const bool routed = crb_routes_set_locked(runtime, peer->address, other);
        *ret_itself = *ret_itself && routed;
        other = routed ? other : NULL;
    }
    if (other != NULL) {
        crb_peer_ref(other);
    }
    if (other != NULL || *ret_itself) {
        atomic_store(&peer->alive, false);
    }
    pthread_mutex_unlock(&runtime->lock);
    return other;
}

static void bind_dial(crb_peer *peer, const crb_address *address, uint64_t deadline)
{
    corbel_error error = CORBEL_ERROR_INIT;
    crb_link *link = NULL;
    crb_peer_expect_link(peer);
    if (crb_grpc_dial(address, deadline, &crb_peer_link_handler, peer, &link, &error)) {
        crb_peer_no_link(peer, error.message);
        corbel_error_clear(&error);
        return;
    }
    crb_peer_start(peer, link);
}

/** Waits until peer is open, or says why not. Who did not dial waits, too, until who did knows whether the peer is to be used. */
static corbel_status bind_wait_open(crb_peer *peer, bool dialled, uint64_t deadline, corbel_error *reterr)
{
    corbel_status status = CORBEL_OK;
    crb_peer_lock(peer);
    while (!(peer->open && (dialled || peer->settled)) && !peer->ended && crb_peer_wait_locked(peer, deadline)) {
    }
    if (peer->replaced) {
        /* the caller looks again */
    } else if (peer->ended) {
        status =
            crb_fail(reterr, CORBEL_UNREACHABLE, CORBEL_COMPLETED_NO, "%s", peer->why == NULL ? "the session ended" : peer->why);
    } else if (!peer->open || !(dialled || peer->settled)) {
        status = crb_fail(reterr, CORBEL_UNREACHABLE, CORBEL_COMPLETED_NO, "%s: no answer in time", peer->address);
    }
    crb_peer_unlock(peer);
    return status;
}

/** The one who dialled is through with it, also when it gave up: those who wait may use the peer once it is open. */
static void bind_settle(crb_peer *peer, bool replaced)
{
    crb_peer_lock(peer);
    peer->settled = true;
    peer->replaced = replaced;
    crb_peer_changed_locked(peer);
    crb_peer_unlock(peer);
}

/** What the one who dialled does. Takes over the count of peer. */
static corbel_status bind_first(crb_peer *peer, const crb_address *address, uint64_t deadline, crb_peer **ret, bool *ret_itself,
                                corbel_error *reterr)
{
    bind_dial(peer, address, deadline);
    const corbel_status status = bind_wait_open(peer, true, deadline, reterr);
    crb_peer *const other = status == CORBEL_OK ? bind_deduplicate(peer, ret_itself) : NULL;
    bind_settle(peer, other != NULL || *ret_itself);
    if (other != NULL || *ret_itself) {
        crb_peer_bye(peer);
    }
    if (status == CORBEL_OK && other == NULL && !*ret_itself) {
        *ret = peer;
        return CORBEL_OK;
    }
    crb_peer_unref(peer);
    *ret = other;
    return status;
}

static corbel_status bind_peer_at(corbel_runtime *runtime, const crb_address *address, uint64_t deadline, crb_peer **ret,
                                  bool *ret_itself, corbel_error *reterr)
{
    char *const text = crb_address_format(address);
    if (text == NULL) {
        return crb_fail(reterr, CORBEL_NO_MEMORY, CORBEL_COMPLETED_NO, "no memory for an address");
    }
    corbel_status status = CORBEL_OK;
    for (;;) {
        bool dial = false;
        crb_peer *const peer = bind_peer_for(runtime, text, &dial, ret_itself);
        if (*ret_itself) {
            break;
        }
        if (peer == NULL) {
            status = crb_fail(reterr, CORBEL_NO_MEMORY, CORBEL_COMPLETED_NO, "no memory for a session");
            break;
        }
        if (dial) {
            status = bind_first(peer, address, deadline, ret, ret_itself, reterr);
            break;
        }
        status = bind_wait_open(peer, false, deadline, reterr);
        if (status == CORBEL_OK && atomic_load(&peer->alive)) {
            *ret = peer;
            break;
        }
        crb_peer_unref(peer);
        if (status != CORBEL_OK) {
            break;
        }
        /* Another one leads there, or it has just ended: look again. */
    }
    free(text);
    return status;
}

corbel_status crb_peer_find(corbel_runtime *runtime, const crb_address *addresses, size_t n, uint64_t deadline, crb_peer **ret,
                            bool *ret_itself, corbel_error *reterr)
{
    corbel_error all = CORBEL_ERROR_INIT;
    *ret_itself = false;
    crb_fail(&all, CORBEL_UNREACHABLE, CORBEL_COMPLETED_NO, "no address answered");
    for (size_t i = 0; i < n; i++) {
        crb_address *numeric = NULL;
        size_t n_numeric = 0;
        corbel_error error = CORBEL_ERROR_INIT;
        if (crb_resolve(&addresses[i], deadline, &numeric, &n_numeric, &error)) {
            crb_error_add_address(&all, error.message);
        }
        for (size_t j = 0; j < n_numeric; j++) {
            if (bind_peer_at(runtime, &numeric[j], deadline, ret, ret_itself, &error) == CORBEL_OK) {
                crb_addresses_free(numeric, n_numeric);
                corbel_error_clear(&error);
                corbel_error_clear(&all);
                return CORBEL_OK;
            }
            crb_error_add_address(&all, error.message);
        }
        crb_addresses_free(numeric, n_numeric);
        corbel_error_clear(&error);
    }
    crb_error_move(reterr, &all);
    return CORBEL_UNREACHABLE;
}

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
        }
        bind_end(&call);
    }
    crb_wait_end(&wait);
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

static bool bind_usable(const crb_target *bound)
{
    return bound->kind == CRB_TARGET_IMPORT && !atomic_load(&bound->import.peer->over) && !atomic_load(&bound->import.gone);
}

static bool bind_lock_until(pthread_mutex_t *lock, uint64_t deadline)
{
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
    return pthread_mutex_timedlock(lock, &until) == 0;
}

corbel_status crb_target_resolve(crb_target *target, uint64_t deadline, crb_target **ret, corbel_error *reterr)
{
    if (target->kind == CRB_TARGET_PROMISE) {
        const corbel_status status = crb_promise_way(target, ret, reterr);
        if (status != CORBEL_OK || (*ret)->kind != CRB_TARGET_URI) {
            return status;
        }
        crb_target *const by_uri = *ret;
        const corbel_status bound = crb_target_resolve(by_uri, deadline, ret, reterr);
        crb_target_unref(by_uri);
        return bound;
    }
    if (target->kind != CRB_TARGET_URI) {
        *ret = crb_target_ref(target);
        return CORBEL_OK;
    }
    if (!bind_lock_until(&target->uri.bind_lock, deadline)) {
        return crb_fail(reterr, CORBEL_DEADLINE, CORBEL_COMPLETED_NO, "the deadline passed while looking for '%s'",
                        target->uri.text);
    }
    crb_target *stale = NULL;
    crb_watch *fired = NULL;
    corbel_status status = CORBEL_OK;
    if (target->uri.bound == NULL || !bind_usable(target->uri.bound)) {
        corbel_error error = CORBEL_ERROR_INIT;
        crb_target *bound = NULL;
        status = target->uri.uri.kind == CRB_URI_NAME ? bind_name(target, deadline, &bound, &error)
                                                      : bind_object(target, &target->uri.uri, deadline, &bound, &error);
        if (status == CORBEL_OK) {
            stale = crb_watch_rebound(target, bound, &fired);
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
