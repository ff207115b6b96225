/** The connections of a listener, by where they come from and by how long they have been silent: who may come in, and who has to
 *  go when there are too many. Silent is a connection whose peer has not said its first word of a session.
 *
 *  Pure bookkeeping: no lock, no clock, no socket. Who owns it serialises. An origin is an IPv4 address, the first 64 bits of an
 *  IPv6 address, or a user of this machine. */
#ifndef CRB_CROWD_H
#define CRB_CROWD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** 0: no such limit. */
typedef struct crb_crowd_limits {
    size_t max_all, max_all_per_origin;
    size_t max_silent, max_silent_per_origin;
    uint64_t grace_ns; /* no silent one goes for want of room before it has been silent for so long */
} crb_crowd_limits;

typedef struct crb_origin_key {
    uint8_t bytes[12]; /* the kind first; what is not used is 0 */
} crb_origin_key;

struct crb_origin;

/** A connection, as a member of its owner's structure. */
typedef struct crb_member {
    struct crb_origin *origin; /* NULL: not in the crowd */
    uint64_t since;
    bool silent;
    struct crb_member *next, *prev; /* among the silent ones, oldest first */
} crb_member;

typedef struct crb_crowd {
    crb_crowd_limits limits;
    struct crb_origin *origins; /* a hash table */
    size_t n_all, n_silent;
    crb_member *first, *last;
} crb_crowd;

void crb_crowd_init(crb_crowd *crowd, const crb_crowd_limits *limits);
/** NULL: one more from there may come in. Else why not, for people. */
const char *crb_crowd_refuses(const crb_crowd *crowd, const crb_origin_key *from);
/** Enters it, silent. False: no memory. */
bool crb_crowd_enter(crb_crowd *crowd, crb_member *member, const crb_origin_key *from, uint64_t now);
/** It is not silent any more. Harmless more than once. */
void crb_crowd_spoke(crb_crowd *crowd, crb_member *member);
/** It is gone. Harmless more than once. */
void crb_crowd_leave(crb_crowd *crowd, crb_member *member);
/** No silent one more has room. */
bool crb_crowd_is_full(const crb_crowd *crowd);
/** Which silent one has to go for want of room, and from when on: the oldest of an origin that is over its limit; else, when the
 *  crowd is full and others wait, the oldest of the origin that has the most. NULL: none. */
crb_member *crb_crowd_victim(const crb_crowd *crowd, bool others_wait, uint64_t *ret_when);

#endif /* CRB_CROWD_H */
