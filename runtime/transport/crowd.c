/* See crowd.h. The list of the silent ones is short (max_silent), so it may be walked; origins are found by a hash table. */
#include "runtime/transport/crowd.h"

#include "runtime/base/clock.h"

#include <stdlib.h>

#define HASH_NONFATAL_OOM 1
#include <uthash.h>

typedef struct crb_origin {
    crb_origin_key key;
    size_t n_all, n_silent;
    UT_hash_handle hh;
} crb_origin;

void crb_crowd_init(crb_crowd *crowd, const crb_crowd_limits *limits)
{
    *crowd = (crb_crowd) { .limits = *limits };
}

static crb_origin *crowd_find(const crb_crowd *crowd, const crb_origin_key *from)
{
    crb_origin *origin = NULL;
    HASH_FIND(hh, crowd->origins, from, sizeof *from, origin);
    return origin;
}

/* Is n at the limit, or over it? */
static bool crowd_reached(size_t n, size_t limit)
{
    return limit != 0 && n >= limit;
}

const char *crb_crowd_refuses(const crb_crowd *crowd, const crb_origin_key *from)
{
    const crb_origin *const origin = crowd_find(crowd, from);
    if (crowd_reached(crowd->n_all, crowd->limits.max_all)) {
        return "too many sessions";
    }
    if (origin != NULL && crowd_reached(origin->n_all, crowd->limits.max_all_per_origin)) {
        return "too many sessions from there";
    }
    return NULL;
}

bool crb_crowd_enter(crb_crowd *crowd, crb_member *member, const crb_origin_key *from, uint64_t now)
{
    crb_origin *origin = crowd_find(crowd, from);
    if (origin == NULL) {
        origin = calloc(1, sizeof *origin);
        if (origin == NULL) {
            return false;
        }
        origin->key = *from;
        HASH_ADD(hh, crowd->origins, key, sizeof origin->key, origin);
        if (origin->hh.tbl == NULL) { /* uthash found no memory */
            free(origin);
            return false;
        }
    }
    origin->n_all++;
    origin->n_silent++;
    crowd->n_all++;
    crowd->n_silent++;
    *member = (crb_member) { .origin = origin, .since = now, .silent = true, .prev = crowd->last };
    *(crowd->last != NULL ? &crowd->last->next : &crowd->first) = member;
    crowd->last = member;
    return true;
}

void crb_crowd_spoke(crb_crowd *crowd, crb_member *member)
{
    if (member->origin == NULL || !member->silent) {
        return;
    }
    *(member->prev != NULL ? &member->prev->next : &crowd->first) = member->next;
    *(member->next != NULL ? &member->next->prev : &crowd->last) = member->prev;
    member->next = NULL;
    member->prev = NULL;
    member->silent = false;
    member->origin->n_silent--;
    crowd->n_silent--;
}

void crb_crowd_leave(crb_crowd *crowd, crb_member *member)
{
    crb_origin *const origin = member->origin;
    if (origin == NULL) {
        return;
    }
    crb_crowd_spoke(crowd, member);
    member->origin = NULL;
    crowd->n_all--;
    if (--origin->n_all == 0) {
        HASH_DEL(crowd->origins, origin);
        free(origin);
    }
}

bool crb_crowd_is_full(const crb_crowd *crowd)
{
    return crowd_reached(crowd->n_silent, crowd->limits.max_silent);
}

crb_member *crb_crowd_victim(const crb_crowd *crowd, bool others_wait, uint64_t *ret_when)
{
    crb_member *victim = NULL;
    const size_t limit = crowd->limits.max_silent_per_origin;
    const bool full = others_wait && crb_crowd_is_full(crowd);
    for (crb_member *each = crowd->first; each != NULL; each = each->next) { /* oldest first */
        const size_t n = each->origin->n_silent;
        if (limit != 0 && n > limit) {
            victim = each;
            break;
        }
        if (full && (victim == NULL || n > victim->origin->n_silent)) {
            victim = each;
        }
    }
    if (victim != NULL) {
        const uint64_t grace = crowd->limits.grace_ns;
        *ret_when = victim->since > CRB_NEVER - grace ? CRB_NEVER : victim->since + grace;
    }
    return victim;
}
