/** The table of runtimes that are known here, by instance id: those with a session that is listed, also one that was lost and
 *  still keeps what its peer held.
 *
 *  Invariant: every peer of an entry has the entry's instance and gave its secret. All under corbel_runtime.lock. */
#include "runtime/call/who.h"

#include <stdlib.h>
#include <string.h>

/* An element that could not be added has hh.tbl == NULL afterwards. */
#define HASH_NONFATAL_OOM 1
#define uthash_nonfatal_oom(element) ((void)(element))
#include <uthash.h>

#define WHO_MAX_LOST 64u /* addresses whose session was lost */

struct crb_who {
    UT_hash_handle hh; /* in corbel_runtime.who */
    uint8_t instance[16], secret[16];
    bool dialled;    /* we came to it: nobody else can have that address */
    crb_peer *peers; /* by next_same */
};

struct crb_lost {
    UT_hash_handle hh; /* in corbel_runtime.lost, the oldest first */
    uint64_t id;
    char address[];
};

static void who_add(crb_who *who, crb_peer *peer)
{
    peer->who = who;
    peer->next_same = who->peers;
    who->peers = peer;
}

static void who_remove(crb_peer *peer)
{
    crb_who *const who = peer->who;
    crb_peer **at = &who->peers;
    while (*at != peer) {
        at = &(*at)->next_same;
    }
    *at = peer->next_same;
    peer->who = NULL;
    peer->next_same = NULL;
    if (who->peers == NULL) {
        HASH_DEL(peer->runtime->who, who);
        free(who);
    }
}

static crb_who *who_find(corbel_runtime *runtime, const uint8_t *instance)
{
    crb_who *who = NULL;
    HASH_FIND(hh, runtime->who, instance, sizeof who->instance, who);
    return who;
}

static crb_who *who_new(corbel_runtime *runtime, const crb_peer *peer, const uint8_t *secret)
{
    crb_who *const who = calloc(1, sizeof *who);
    if (who == NULL) {
        return NULL;
    }
    memcpy(who->instance, peer->instance, sizeof who->instance);
    memcpy(who->secret, secret, sizeof who->secret);
    HASH_ADD(hh, runtime->who, instance, sizeof who->instance, who);
    if (who->hh.tbl == NULL) {
        free(who);
        return NULL;
    }
    return who;
}

/** Whoever went by that name came to us, and may have been anybody; this one we went to. */
static void who_replace(crb_who *who, const uint8_t *secret)
{
    for (crb_peer *peer = who->peers, *next = NULL; peer != NULL; peer = next) {
        next = peer->next_same;
        peer->who = NULL;
        peer->next_same = NULL;
    }
    who->peers = NULL; /* one more is added at once */
    memcpy(who->secret, secret, sizeof who->secret);
}

/** May one stand for the other? If the same side dialled both, that is its own affair; else both are to go the same kind of way,
 *  as the same user. */
static bool who_same_way(const crb_peer *a, const crb_peer *b)
{
    if ((a->address == NULL) == (b->address == NULL)) {
        return true;
    }
    return a->has_user == b->has_user && (!a->has_user || a->user.uid == b->user.uid);
}

static bool who_usable(const crb_peer *peer)
{
    return atomic_load(&peer->alive) && !atomic_load(&peer->over);
}

void crb_who_opens_locked(crb_peer *peer, crb_who_opened *ret)
{
    corbel_runtime *const runtime = peer->runtime;
    const uint8_t *const secret = crb_session_peer_secret(peer->session);
    const uint64_t supersedes = crb_session_supersedes(peer->session);
    const bool dialled = peer->address != NULL;
    *ret = (crb_who_opened) { 0 };
    peer->id = crb_session_id(peer->session);
    if (memcmp(peer->instance, runtime->instance, sizeof peer->instance) == 0) { /* ourselves, or who says so */
        ret->refuse = memcmp(secret, runtime->secret, sizeof runtime->secret) == 0 ? NULL : CRB_WHO_REFUSED;
        return;
    }
    crb_who *who = who_find(runtime, peer->instance);
    if (who != NULL && memcmp(who->secret, secret, sizeof who->secret) != 0) {
        if (!dialled) {
            ret->refuse = CRB_WHO_REFUSED;
            return;
        }
        if (who->dialled) { /* two addresses, and one of them lies: neither gets what is meant for the other */
            return;
        }
        who_replace(who, secret);
    }
    if (who == NULL && (who = who_new(runtime, peer, secret)) == NULL) {
        return; /* without memory it stays apart, and works all the same */
    }
    who->dialled = who->dialled || dialled;
    who_add(who, peer);
    for (crb_peer *other = peer->next_same; other != NULL; other = other->next_same) {
        if (supersedes != 0 && other->id == supersedes && !atomic_load(&other->over) && ret->dead == NULL) {
            ret->dead = crb_peer_ref(other);
        } else if (who_usable(other) && who_same_way(other, peer)) {
            const bool by_us = other->address != NULL;
            if (!dialled && ret->instead == 0) {
                ret->instead = other->id;
            } else if (dialled && !by_us && ret->duplicate == 0 && crb_session_instead(peer->session) == 0 &&
                       memcmp(runtime->instance, peer->instance, sizeof peer->instance) < 0) {
                ret->duplicate = other->id; /* both dialled at once; ours is the one that stays */
            }
        }
    }
}

crb_peer *crb_who_same_locked(const crb_peer *peer, uint64_t id)
{
    if (id == 0 || peer->who == NULL) {
        return NULL;
    }
    crb_peer *other = peer->who->peers;
    while (other != NULL && (other == peer || other->id != id || !who_usable(other) || !who_same_way(other, peer))) {
        other = other->next_same;
    }
    return other;
}

void crb_who_forget_locked(crb_peer *peer)
{
    if (peer->who != NULL) {
        who_remove(peer);
    }
}

/* ---- sessions that were lost ---- */

void crb_who_lost_locked(crb_peer *peer)
{
    corbel_runtime *const runtime = peer->runtime;
    crb_lost *lost = NULL;
    HASH_FIND_STR(runtime->lost, peer->address, lost);
    if (lost == NULL) {
        const size_t size = strlen(peer->address) + 1;
        if (HASH_COUNT(runtime->lost) >= WHO_MAX_LOST) {
            crb_lost *const oldest = runtime->lost;
            HASH_DEL(runtime->lost, oldest);
            free(oldest);
        }
        lost = malloc(sizeof *lost + size);
        if (lost == NULL) { /* then the peer finds out by itself, a little later */
            return;
        }
        memcpy(lost->address, peer->address, size);
        HASH_ADD_STR(runtime->lost, address, lost);
        if (lost->hh.tbl == NULL) {
            free(lost);
            return;
        }
    }
    lost->id = peer->id;
}

uint64_t crb_who_lost_at_locked(corbel_runtime *runtime, const char *address)
{
    crb_lost *lost = NULL;
    HASH_FIND_STR(runtime->lost, address, lost);
    return lost == NULL ? 0 : lost->id;
}

void crb_who_told_locked(const crb_peer *peer)
{
    crb_lost *lost = NULL;
    if (peer->address != NULL) {
        HASH_FIND_STR(peer->runtime->lost, peer->address, lost);
    }
    if (lost != NULL && lost->id == peer->supersedes) {
        HASH_DEL(peer->runtime->lost, lost);
        free(lost);
    }
}

void crb_who_free(corbel_runtime *runtime)
{
    while (runtime->who != NULL) {
        crb_who *const who = runtime->who;
        HASH_DEL(runtime->who, who);
        free(who);
    }
    while (runtime->lost != NULL) {
        crb_lost *const lost = runtime->lost;
        HASH_DEL(runtime->lost, lost);
        free(lost);
    }
}
