/** Connecting: which peer an address leads to, dialling, and the turns and pauses of several attempts.
 *
 *  Of all who want the same address at the same time one dials, and the others wait for what becomes of it; each for no longer
 *  than its own deadline says. Nobody else's calls wait: no lock is held meanwhile. */
#include "runtime/call/connect.h"

#include "runtime/base/clock.h"
#include "runtime/base/fail.h"
#include "runtime/call/call_impl.h"
#include "runtime/call/retry.h"
#include "runtime/call/who.h"
#include "runtime/dns/dns.h"

#include <stdlib.h>
#include <string.h>

#define CONNECT_TURN (5 * CRB_SECOND) /* what an address gets at most while there are others */
#define CONNECT_LAST (20 * CRB_MS)    /* less is not worth another attempt */

void crb_connect_blocks(corbel_runtime *runtime, bool blocks)
{
    const crb_host *const host = crb_host_get();
    if (host != NULL) {
        host->blocking(runtime, blocks);
    }
}

/* ---- one address ---- */

/** A peer that leads to address, or a new one that the caller is to dial. Counted. */
static crb_peer *connect_peer_for(corbel_runtime *runtime, const char *address, bool *ret_dial, bool *ret_itself)
{
    *ret_dial = false;
    pthread_mutex_lock(&runtime->lock);
    crb_peer *peer = crb_routes_find_locked(runtime, address, ret_itself);
    crb_peer *unused = NULL;
    if (peer != NULL) {
        crb_peer_ref(peer);
    } else if (!*ret_itself && (peer = crb_peer_new(runtime, address)) != NULL) {
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
static crb_peer *connect_deduplicate(crb_peer *peer, bool *ret_itself)
{
    corbel_runtime *const runtime = peer->runtime;
    pthread_mutex_lock(&runtime->lock);
    *ret_itself = memcmp(peer->instance, runtime->instance, sizeof peer->instance) == 0;
    const uint64_t instead = crb_session_instead(peer->session);
    crb_peer *other = *ret_itself ? NULL : crb_who_same_locked(peer, instead);
    if (other == NULL && !*ret_itself) { /* its HELLO may not have been seen yet */
        other = crb_routes_named_locked(peer, instead);
    }
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

static void connect_dial(crb_peer *peer, const crb_address *address, uint64_t deadline)
{
    corbel_error error = CORBEL_ERROR_INIT;
    crb_link *link = NULL;
    crb_peer_expect_link(peer);
    crb_connect_blocks(peer->runtime, true);
    const corbel_status status = crb_grpc_dial(address, deadline, &crb_peer_link_handler, peer, &link, &error);
    crb_connect_blocks(peer->runtime, false);
    if (status != CORBEL_OK) {
        atomic_store(&peer->gave_up, crb_now() >= deadline);
        crb_peer_no_link(peer, error.message);
        corbel_error_clear(&error);
        return;
    }
    crb_peer_start(peer, link);
}

/** Where it is, for people: one that we did not dial may be used, too. */
static const char *connect_where(const crb_peer *peer)
{
    return peer->address != NULL ? peer->address : peer->from;
}

/** Why it ended, with the address in front. */
static corbel_status connect_failed(const crb_peer *peer, corbel_error *reterr)
{
    const char *const where = connect_where(peer);
    const char *const why = peer->why == NULL ? "the session ended" : peer->why;
    const bool named = strncmp(why, where, strlen(where)) == 0;
    const corbel_status status = crb_session_was_refused(peer->session) ? CORBEL_REFUSED : CORBEL_UNREACHABLE;
    return crb_fail(reterr, status, CORBEL_COMPLETED_NO, "%s%s%s", named ? "" : where, named ? "" : ": ", why);
}

/** Waits until peer is open, or says why not. Who did not dial waits, too, until who did knows whether the peer is to be used. */
static corbel_status connect_wait_open(crb_peer *peer, bool dialled, uint64_t deadline, corbel_error *reterr)
{
    corbel_status status = CORBEL_OK;
    crb_peer_lock(peer);
    while (!(peer->open && (dialled || peer->settled)) && !peer->ended && crb_peer_wait_locked(peer, deadline)) {
    }
    if (peer->replaced || (!dialled && peer->open && peer->ended)) {
        /* the caller looks again: that one had answered has no meaning for whether somebody answers now */
    } else if (peer->ended) {
        status = connect_failed(peer, reterr);
    } else if (!peer->open || !(dialled || peer->settled)) {
        status = crb_fail(reterr, CORBEL_UNREACHABLE, CORBEL_COMPLETED_NO, "%s: no answer in time", connect_where(peer));
    }
    crb_peer_unlock(peer);
    return status;
}

/** The one who dialled is through with it, also when it gave up: those who wait may use the peer once it is open. */
static void connect_settle(crb_peer *peer, bool replaced)
{
    crb_peer_lock(peer);
    peer->settled = true;
    peer->replaced = replaced;
    crb_peer_changed_locked(peer);
    crb_peer_unlock(peer);
}

/** What the one who dialled does. Takes over the count of peer. */
static corbel_status connect_first(crb_peer *peer, const crb_address *address, uint64_t deadline, crb_peer **ret,
                                   bool *ret_itself, corbel_error *reterr)
{
    connect_dial(peer, address, deadline);
    const corbel_status status = connect_wait_open(peer, true, deadline, reterr);
    crb_peer *const other = status == CORBEL_OK ? connect_deduplicate(peer, ret_itself) : NULL;
    connect_settle(peer, other != NULL || *ret_itself);
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

static corbel_status connect_peer_at(corbel_runtime *runtime, const crb_address *address, uint64_t deadline, crb_peer **ret,
                                     bool *ret_itself, corbel_error *reterr)
{
    char *const text = crb_address_format(address);
    if (text == NULL) {
        return crb_fail(reterr, CORBEL_NO_MEMORY, CORBEL_COMPLETED_NO, "no memory for an address");
    }
    corbel_status status = CORBEL_OK;
    for (;;) {
        bool dial = false;
        crb_peer *const peer = connect_peer_for(runtime, text, &dial, ret_itself);
        if (*ret_itself) {
            break;
        }
        if (peer == NULL) {
            status = crb_fail(reterr, CORBEL_NO_MEMORY, CORBEL_COMPLETED_NO, "no memory for a session");
            break;
        }
        if (dial) {
            status = connect_first(peer, address, deadline, ret, ret_itself, reterr);
            break;
        }
        status = connect_wait_open(peer, false, deadline, reterr);
        if (status == CORBEL_OK && atomic_load(&peer->alive)) {
            *ret = peer;
            break;
        }
        const bool hasty = status != CORBEL_OK && atomic_load(&peer->gave_up) && crb_now() < deadline;
        crb_peer_unref(peer);
        if (status != CORBEL_OK && !hasty) {
            break;
        }
        /* Another one leads there, or it has just ended, or who dialled had less time than we have: look again. */
    }
    free(text);
    return status;
}

/* ---- several ---- */

/** A peer that one of the addresses leads to as they stand there, and that can be called at once; counted. What is not numeric
 *  is found in its turn. */
static crb_peer *connect_open_already(corbel_runtime *runtime, const crb_address *addresses, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        bool itself = false;
        char *const text = crb_address_format(&addresses[i]);
        pthread_mutex_lock(&runtime->lock);
        crb_peer *const peer = text == NULL ? NULL : crb_routes_find_locked(runtime, text, &itself);
        if (peer != NULL) {
            crb_peer_ref(peer);
        }
        pthread_mutex_unlock(&runtime->lock);
        free(text);
        if (peer != NULL) {
            crb_peer_lock(peer);
            const bool usable = peer->open && peer->settled && !peer->ended && atomic_load(&peer->alive);
            crb_peer_unlock(peer);
            if (usable) {
                return peer;
            }
            crb_peer_unref(peer);
        }
    }
    return NULL;
}

/** Until when the next of so many that are left may be tried: who never answers must not take the time of the others. */
static uint64_t connect_turn(uint64_t deadline, size_t left)
{
    const uint64_t now = crb_now();
    if (left <= 1 || deadline <= now) {
        return deadline;
    }
    const uint64_t part = (deadline - now) / left;
    return now + (part < CONNECT_TURN ? part : CONNECT_TURN);
}

/** The numeric addresses of one of the addresses, in turn; after them there are others. */
static corbel_status connect_each(corbel_runtime *runtime, const crb_address *address, size_t others, uint64_t deadline,
                                  crb_peer **ret, bool *ret_itself, corbel_error *all)
{
    crb_address *numeric = NULL;
    size_t n = 0;
    corbel_error error = CORBEL_ERROR_INIT;
    crb_connect_blocks(runtime, true);
    corbel_status status = crb_resolve(address, connect_turn(deadline, others + 1), &numeric, &n, &error);
    crb_connect_blocks(runtime, false);
    if (status != CORBEL_OK) {
        crb_error_add_address(all, error.message);
    }
    for (size_t i = 0; i < n; i++) {
        status = connect_peer_at(runtime, &numeric[i], connect_turn(deadline, others + n - i), ret, ret_itself, &error);
        if (status == CORBEL_OK) {
            break;
        }
        crb_error_add_address(all, error.message);
    }
    crb_addresses_free(numeric, n);
    corbel_error_clear(&error);
    return status;
}

corbel_status crb_peer_find(corbel_runtime *runtime, const crb_address *addresses, size_t n, uint64_t deadline, crb_peer **ret,
                            bool *ret_itself, corbel_error *reterr)
{
    corbel_error all = CORBEL_ERROR_INIT;
    *ret_itself = false;
    if (n > 1 && (*ret = connect_open_already(runtime, addresses, n)) != NULL) {
        return CORBEL_OK;
    }
    crb_fail(&all, CORBEL_UNREACHABLE, CORBEL_COMPLETED_NO, "no address answered");
    bool refused = n > 0; /* by all: nobody is to come who would not */
    for (size_t i = 0; i < n; i++) {
        const corbel_status status = connect_each(runtime, &addresses[i], n - i - 1, deadline, ret, ret_itself, &all);
        if (status == CORBEL_OK) {
            corbel_error_clear(&all);
            return CORBEL_OK;
        }
        refused = refused && status == CORBEL_REFUSED;
    }
    if (refused) {
        all.status = CORBEL_REFUSED;
    }
    const corbel_status status = all.status;
    crb_error_move(reterr, &all);
    return status;
}

/* ---- again ---- */

bool crb_connect_pause(corbel_runtime *runtime, uint32_t attempts, uint64_t deadline)
{
    const uint64_t now = crb_now();
    const uint64_t left = deadline <= now ? 0 : deadline - now;
    uint64_t pause = crb_retry_pause(attempts + 1, 0, crb_random_id());
    if (left < CONNECT_LAST || atomic_load(&runtime->closed)) {
        return false;
    }
    if (pause > left / 2) {
        pause = left / 2; /* the last attempts have some time, too */
    }
    crb_waiter waiter;
    crb_waiter_init(&waiter, CRB_WAITER_CALLER);
    crb_connect_blocks(runtime, true);
    (void)crb_io_wait(&waiter, now + pause); /* nobody wakes it */
    crb_connect_blocks(runtime, false);
    return !atomic_load(&runtime->closed);
}
