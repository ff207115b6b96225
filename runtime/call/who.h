/** Who is who: which sessions lead to the same runtime, and which of them is used.
 *
 *  A runtime is known by its instance id and the secret that came with it. Whoever comes to us and says that he is somebody whom
 *  we know has to give the same secret, else he is refused. That two sessions lead to the same runtime we believe who we dialled,
 *  for nobody else knows the random name of the other one: his HELLO names the session that he has with us already; and where
 * both have dialled at once, he says on the session that he dialled what the one that we dialled is called. */
#ifndef CRB_WHO_H
#define CRB_WHO_H

#include "runtime/call/peer.h"

#define CRB_WHO_REFUSED "that instance id belongs to another process"

/** The HELLO of the peer has come: lists it under its instance. Under the peer's lock and runtime->lock. Tells what is left to do
 *  when those were given back. */
typedef struct crb_who_opened {
    const char *refuse; /* NULL, or: it is not who it says */
    crb_peer *dead;     /* counted: the session that it says is over; NULL: none */
    uint64_t instead;   /* to the dialer: the session that is to be used; 0: this one */
    uint64_t duplicate; /* to the peer, which we dialled: nothing new is to begin on that session, which it dialled; 0: none */
} crb_who_opened;
void crb_who_opens_locked(crb_peer *peer, crb_who_opened *ret);
/** The open session of that name that leads to the same process as peer, which we dialled, and by the same kind of way; not
 *  counted. Under runtime->lock. */
crb_peer *crb_who_same_locked(const crb_peer *peer, uint64_t id);
/** peer leaves the runtime's list. Under runtime->lock. */
void crb_who_forget_locked(crb_peer *peer);
/** At the end of the runtime; no lock. */
void crb_who_free(corbel_runtime *runtime);

/** A session that we dialled was lost without a word: the next one that is dialled there says so, until one has opened. Under
 *  runtime->lock. */
void crb_who_lost_locked(crb_peer *peer);
/** Which session to address was lost; 0: none. Under runtime->lock. */
uint64_t crb_who_lost_at_locked(corbel_runtime *runtime, const char *address);
/** peer has opened: what it supersedes was told. Under runtime->lock. */
void crb_who_told_locked(const crb_peer *peer);

#endif /* CRB_WHO_H */
