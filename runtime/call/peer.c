/** Peers: the lock around a session, and what its events mean. */
#include "runtime/call/peer.h"

#include "runtime/base/clock.h"
#include "runtime/base/fail.h"
#include "runtime/base/log.h"
#include "runtime/call/call_impl.h"
#include "runtime/call/watch.h"
#include "runtime/call/who.h"

#include <assert.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#define PEER_GATHERS CRB_MS /* what there is to send waits for more, at most so long */
#define PEER_MAX_GATHERED 64

/** The peer has neither a link nor anything to wait for. No lock held; gives the link's count back. */
static void peer_is_over(crb_peer *peer)
{
    crb_timer_stop(&peer->timer);
    crb_peer_unlist(peer);
    crb_peer_unref(peer);
}

/** Is this the moment at which nothing is kept any more? Then the caller goes on with peer_is_over(). */
static bool peer_stops_keeping_locked(crb_peer *peer)
{
    const bool stops = peer->keeps && !crb_session_keeps(peer->session);
    peer->keeps = peer->keeps && !stops;
    return stops;
}

static void peer_timer(void *user)
{
    crb_peer *const peer = user;
    crb_peer_lock(peer);
    peer->timer_when = CRB_NEVER;
    if (peer->link != NULL || peer->keeps) {
        crb_session_tick(peer->session, crb_now());
    }
    const bool over = peer_stops_keeping_locked(peer);
    crb_peer_unlock(peer);
    if (over) {
        peer_is_over(peer);
    }
}

crb_peer *crb_peer_new(corbel_runtime *runtime, const char *address)
{
    static _Atomic uint64_t last_serial;
    crb_peer *const peer = calloc(1, sizeof *peer);
    if (peer == NULL) {
        return NULL;
    }
    crb_session_config config = { .dialer = address != NULL, .name = runtime->name, .limits = runtime->limits };
    if (address != NULL) {
        config.id = crb_random_id();
        config.supersedes = crb_who_lost_at_locked(runtime, address);
    }
    memcpy(config.instance, runtime->instance, sizeof config.instance);
    memcpy(config.secret, runtime->secret, sizeof config.secret);
    peer->session = crb_session_new(&config, crb_now());
    peer->address = address == NULL ? NULL : strdup(address);
    if (peer->session == NULL || (address != NULL && peer->address == NULL)) {
        crb_session_free(peer->session);
        free(peer->address);
        free(peer);
        return NULL;
    }
    atomic_init(&peer->refs, 1);
    atomic_init(&peer->alive, true);
    pthread_mutex_init(&peer->lock, NULL);
    peer->runtime = runtime;
    peer->id = config.id;
    peer->supersedes = config.supersedes;
    peer->serial = atomic_fetch_add(&last_serial, 1) + 1;
    peer->later_end = &peer->later;
    peer->timer_when = CRB_NEVER;
    crb_timer_init(&peer->timer, peer_timer, peer);
    crb_runtime_ref_memory(runtime);
    return peer;
}

crb_peer *crb_peer_ref(crb_peer *peer)
{
    atomic_fetch_add_explicit(&peer->refs, 1, memory_order_relaxed);
    return peer;
}

void crb_peer_unref(crb_peer *peer)
{
    if (peer == NULL || atomic_fetch_sub(&peer->refs, 1) != 1) {
        return;
    }
    corbel_runtime *const runtime = peer->runtime;
    crb_session_free(peer->session);
    crb_agreements_free(peer);
    pthread_mutex_destroy(&peer->lock);
    crb_buf_clear(&peer->message);
    free(peer->address);
    free(peer->why);
    free(peer);
    crb_runtime_unref_memory(runtime);
}

/* ---- the runtime's list ---- */

void crb_peer_list_locked(crb_peer *peer)
{
    corbel_runtime *const runtime = peer->runtime;
    peer->listed = true;
    peer->prev = NULL;
    peer->next = runtime->peers;
    if (runtime->peers != NULL) {
        runtime->peers->prev = peer;
    }
    runtime->peers = peer;
}

static void peer_list(crb_peer *peer)
{
    corbel_runtime *const runtime = peer->runtime;
    pthread_mutex_lock(&runtime->lock);
    if (!peer->listed) {
        crb_peer_list_locked(peer);
    }
    pthread_mutex_unlock(&runtime->lock);
}

void crb_peer_unlist(crb_peer *peer)
{
    corbel_runtime *const runtime = peer->runtime;
    pthread_mutex_lock(&runtime->lock);
    if (peer->listed) {
        if (peer->prev != NULL) {
            peer->prev->next = peer->next;
        } else {
            runtime->peers = peer->next;
        }
        if (peer->next != NULL) {
            peer->next->prev = peer->prev;
        }
        crb_routes_forget_locked(peer);
        crb_who_forget_locked(peer);
        peer->listed = false;
        if (runtime->closing != NULL) {
            crb_io_wake(runtime->closing);
        }
    }
    pthread_mutex_unlock(&runtime->lock);
}

/* ---- lock, events, output ---- */

void crb_peer_lock(crb_peer *peer)
{
    pthread_mutex_lock(&peer->lock);
}

void crb_peer_later_locked(crb_peer *peer, crb_later *later)
{
    later->next = NULL;
    *peer->later_end = later;
    peer->later_end = &later->next;
}

static void peer_cancels(crb_later *later)
{
    crb_peer *const peer = (crb_peer *)((char *)later - offsetof(crb_peer, cancel));
    crb_peer_lock(peer);
    peer->cancels = false;
    pthread_mutex_unlock(&peer->lock); /* nothing has changed that would have to be sent */
    crb_cancel_run(peer->runtime);
    crb_peer_unref(peer);
}

void crb_peer_cancel_later_locked(crb_peer *peer)
{
    if (!peer->cancels) {
        peer->cancels = true;
        crb_peer_ref(peer);
        peer->cancel.run = peer_cancels;
        crb_peer_later_locked(peer, &peer->cancel);
    }
}

void crb_peer_unref_target_locked(crb_peer *peer, crb_target *target)
{
    if (target != NULL && atomic_fetch_sub(&target->refs, 1) == 1) {
        target->next_dead = peer->dead;
        peer->dead = target;
    }
}

void crb_peer_refs_free_locked(crb_peer *peer, crb_ref *refs, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        crb_peer_unref_target_locked(peer, refs[i].target);
    }
    free(refs);
}

static void peer_wake_waiters(crb_peer *peer)
{
    while (peer->waiters != NULL) {
        crb_peer_waiter *const waiter = peer->waiters;
        peer->waiters = waiter->next;
        waiter->woken = true;
        crb_io_wake(waiter->waiter);
    }
}

static void peer_pump(crb_peer *peer)
{
    peer->n_gathered = 0;
    if (peer->link == NULL || peer->closing) {
        return;
    }
    while (!peer->sending && crb_session_has_output(peer->session)) {
        const bool alone = crb_session_is_alone(peer->session);
        if (!crb_session_pull(peer->session, &peer->message, crb_now())) {
            crb_buf_clear(&peer->message); /* it may have failed */
            break;
        }
        peer->n_messages++;
        if (alone) {
            peer->sending = !peer->link->ops->send_now(peer->link, &peer->message);
        } else {
            peer->sending = true;
            peer->link->ops->send(peer->link, &peer->message);
        }
    }
    if (crb_session_wants_close(peer->session)) {
        peer->closing = true;
        peer->link->ops->close(peer->link, true);
    }
}

static void peer_set_timer(crb_peer *peer)
{
    const uint64_t next = peer->link == NULL && !peer->keeps ? CRB_NEVER : crb_session_next_tick(peer->session);
    if (next < peer->timer_when) {
        peer->timer_when = next;
        crb_timer_set(&peer->timer, next);
    }
}

static void peer_handle_events(crb_peer *peer)
{
    crb_event event; /* filled in as a whole, where there is one */
    while (crb_session_next_event(peer->session, &event)) {
        crb_peer_handle_event(peer, &event);
    }
}

void crb_peer_settle_locked(crb_peer *peer)
{
    peer_handle_events(peer);
    if (peer->retiring && peer->open && peer->settled && !peer->ended && crb_session_is_quiet(peer->session)) {
        crb_session_bye(peer->session, crb_now());
        peer_handle_events(peer);
    }
    peer_pump(peer);
    peer_set_timer(peer);
}

/** Gives the lock back, and does what was to be done later. */
static void peer_unlock(crb_peer *peer)
{
    crb_later *later = peer->later;
    crb_target *dead = peer->dead;
    peer->later = NULL;
    peer->later_end = &peer->later;
    peer->dead = NULL;
    pthread_mutex_unlock(&peer->lock);
    /* From here on the peer may be gone. */
    while (later != NULL) {
        crb_later *const next = later->next;
        later->run(later);
        later = next;
    }
    while (dead != NULL) {
        crb_target *const next = dead->next_dead;
        crb_target_destroy(dead);
        dead = next;
    }
}

static bool peer_wait_locked(crb_peer *peer, crb_waiter *on, crb_wait *lent, uint64_t deadline)
{
    const crb_host *const host = crb_host_get();
    corbel_runtime *const runtime = peer->runtime;
    crb_peer_waiter waiter = { .waiter = on, .next = peer->waiters };
    peer->waiters = &waiter;
    crb_peer_unlock(peer);
    if (host != NULL) { /* a worker may be here for an operation, and for a call that it passes on */
        host->blocking(runtime, true);
    }
    const bool woken = crb_io_wait(on, deadline);
    if (host != NULL) {
        host->blocking(runtime, false);
    }
    while (lent != NULL && crb_wait_run_one(lent)) {
    }
    crb_peer_lock(peer);
    for (crb_peer_waiter **at = &peer->waiters; !waiter.woken && *at != NULL; at = &(*at)->next) {
        if (*at == &waiter) {
            *at = waiter.next;
            break;
        }
    }
    return waiter.woken || woken;
}

bool crb_peer_wait_locked(crb_peer *peer, uint64_t deadline)
{
    crb_waiter waiter;
    crb_waiter_init(&waiter, CRB_WAITER_CALLER);
    return peer_wait_locked(peer, &waiter, NULL, deadline);
}

void crb_peer_unlock(crb_peer *peer)
{
    crb_peer_settle_locked(peer);
    peer_unlock(peer);
}

void crb_peer_unlock_gathering(crb_peer *peer)
{
    if (peer->n_gathered >= PEER_MAX_GATHERED || peer->link == NULL || crb_session_wants_close(peer->session)) {
        crb_peer_unlock(peer);
        return;
    }
    peer_handle_events(peer);
    if (peer->n_gathered++ == 0) { /* should nobody come back: see peer_timer() */
        const uint64_t until = crb_now() + PEER_GATHERS;
        if (until < peer->timer_when) {
            peer->timer_when = until;
            crb_timer_set(&peer->timer, until);
        }
    }
    peer_unlock(peer);
}

bool crb_peer_wait_lending_locked(crb_peer *peer, crb_wait *wait, uint64_t deadline)
{
    return peer_wait_locked(peer, &wait->waiter, wait, deadline);
}

/* ---- events that are the peer's own ---- */

typedef struct peer_dead {
    crb_later later;
    crb_peer *peer;
} peer_dead;

static void peer_bury(crb_later *later)
{
    peer_dead *const dead = (peer_dead *)(void *)later;
    crb_peer_lose(dead->peer, "the peer says that it is over, and has opened another one");
    crb_peer_unref(dead->peer);
    free(dead);
}

static void peer_retire(crb_later *later)
{
    peer_dead *const dead = (peer_dead *)(void *)later;
    crb_peer_lock(dead->peer);
    dead->peer->retiring = true;
    crb_peer_unlock(dead->peer);
    crb_peer_unref(dead->peer);
    free(dead);
}

/** False: it is not who it says, and the session was ended. */
static bool peer_who_locked(crb_peer *peer)
{
    corbel_runtime *const runtime = peer->runtime;
    crb_who_opened who;
    pthread_mutex_lock(&runtime->lock);
    memcpy(peer->instance, crb_session_peer_instance(peer->session), sizeof peer->instance);
    crb_who_opens_locked(peer, &who);
    if (who.refuse == NULL) {
        crb_who_told_locked(peer);
    }
    pthread_mutex_unlock(&runtime->lock);
    if (who.dead != NULL) {
        peer_dead *const dead = malloc(sizeof *dead);
        if (dead == NULL) {
            crb_peer_unref(who.dead); /* not its last count: it is listed; its silence will end it */
        } else {
            *dead = (peer_dead) { .later.run = peer_bury, .peer = who.dead };
            crb_peer_later_locked(peer, &dead->later);
        }
    }
    if (who.refuse != NULL) {
        crb_session_refuse(peer->session, who.refuse, crb_now());
    } else if (who.instead != 0) {
        crb_session_set_instead(peer->session, who.instead);
    } else if (who.duplicate != 0) {
        crb_session_tell_duplicate(peer->session, who.duplicate);
    }
    return who.refuse == NULL;
}

void crb_peer_opened_locked(crb_peer *peer)
{
    if (!peer_who_locked(peer)) {
        return;
    }
    peer->open = true;
    peer->settled = peer->settled || peer->address == NULL;
    crb_log(CRB_LOG_INFO, "session", "%s: open with '%s'", peer->link == NULL ? "?" : peer->link->ops->peer(peer->link),
            crb_session_peer_name(peer->session));
    peer_wake_waiters(peer);
}

void crb_peer_duplicate_locked(crb_peer *peer, uint64_t id)
{
    corbel_runtime *const runtime = peer->runtime;
    peer_dead *const dead = malloc(sizeof *dead);
    if (dead == NULL) { /* both stay: that costs a connection, and nothing else */
        return;
    }
    pthread_mutex_lock(&runtime->lock);
    crb_peer *other = peer->address == NULL ? crb_who_same_locked(peer, id) : NULL;
    if (other == NULL && peer->address == NULL) { /* its HELLO may not have been seen yet */
        other = crb_routes_named_locked(peer, id);
    }
    const bool ours = other != NULL && other->address != NULL;
    if (ours) { /* we dialled it, so who knows its name is who we wanted */
        atomic_store(&other->alive, false);
        crb_routes_move_locked(other, peer);
        *dead = (peer_dead) { .later.run = peer_retire, .peer = crb_peer_ref(other) };
    }
    pthread_mutex_unlock(&runtime->lock);
    if (ours) {
        crb_peer_later_locked(peer, &dead->later);
    } else {
        free(dead);
    }
}

void crb_peer_changed_locked(crb_peer *peer)
{
    peer_wake_waiters(peer);
}

void crb_peer_ended_locked(crb_peer *peer, const char *why, bool clean)
{
    peer->ended = true;
    peer->why = why == NULL ? NULL : strdup(why);
    atomic_store(&peer->over, true);
    atomic_store(&peer->alive, false);
    crb_watch_session_ended_locked(peer);
    if (peer->open && !clean && peer->address != NULL) {
        pthread_mutex_lock(&peer->runtime->lock);
        crb_who_lost_locked(peer);
        pthread_mutex_unlock(&peer->runtime->lock);
    }
    /* Who dialled in vain is told by the error. A peer may do wrong as often as it likes: its lines are counted. */
    const bool quiet = clean || (!peer->open && peer->address != NULL);
    crb_log_peer(quiet ? CRB_LOG_INFO : CRB_LOG_WARNING, "session", "%s: ended: %s",
                 peer->link != NULL      ? peer->link->ops->peer(peer->link)
                 : peer->address != NULL ? peer->address
                                         : "?",
                 why == NULL ? "" : why);
    if (peer->link == NULL) {
        crb_peer_unlist(peer);
    }
    peer_wake_waiters(peer);
}

/* ---- the link ---- */

static void peer_received(void *user, const uint8_t *data, size_t len)
{
    crb_peer *const peer = user;
    crb_peer_lock(peer);
    crb_session_input(peer->session, data, len, crb_now());
    crb_peer_unlock(peer);
}

static void peer_sent(void *user)
{
    crb_peer *const peer = user;
    crb_peer_lock(peer);
    peer->sending = false;
    crb_peer_unlock(peer);
}

static void peer_closed(void *user, const char *why)
{
    crb_peer *const peer = user;
    crb_peer_lock(peer);
    crb_link *const link = peer->link;
    if (!peer->ended) {
        crb_session_lost(peer->session, why, crb_now());
    }
    crb_peer_settle_locked(peer);
    peer->link_over = true;
    peer->link = NULL;
    peer->keeps = crb_session_keeps(peer->session);
    const bool over = !peer->keeps;
    crb_peer_unlock(peer); /* if it keeps something the timer may end the peer from here on */
    if (link != NULL) {
        link->ops->free(link);
    }
    if (over) {
        peer_is_over(peer);
    }
}

const crb_link_handler crb_peer_link_handler = { peer_received, peer_sent, peer_closed };

void crb_peer_expect_link(crb_peer *peer)
{
    crb_peer_ref(peer);
    peer_list(peer);
}

void crb_peer_start(crb_peer *peer, crb_link *link)
{
    crb_peer_lock(peer);
    const bool over = peer->link_over; /* closed() was faster than we */
    if (!over) {
        peer->link = link;
        (void)snprintf(peer->from, sizeof peer->from, "%s", link->ops->peer(link));
        peer->has_user = link->ops->user != NULL && link->ops->user(link, &peer->user);
    }
    crb_peer_unlock(peer);
    if (over) {
        link->ops->free(link);
    }
}

void crb_peer_no_link(crb_peer *peer, const char *why)
{
    crb_peer_lock(peer);
    crb_session_lost(peer->session, why, crb_now());
    crb_peer_unlock(peer);
    crb_peer_unlist(peer);
    crb_peer_unref(peer);
}

void crb_peer_lose(crb_peer *peer, const char *why)
{
    atomic_store(&peer->alive, false);
    crb_peer_lock(peer);
    if (!peer->ended) {
        crb_session_lost(peer->session, why, crb_now());
    }
    crb_peer_unlock(peer);
}

void crb_peer_bye(crb_peer *peer)
{
    atomic_store(&peer->alive, false);
    crb_peer_lock(peer);
    if (!peer->ended) {
        crb_session_bye(peer->session, crb_now());
    } else {
        crb_session_keep_no_more(peer->session);
    }
    const bool over = peer_stops_keeping_locked(peer);
    crb_peer_unlock(peer);
    if (over) {
        peer_is_over(peer);
    }
}
