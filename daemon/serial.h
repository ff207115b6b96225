/** Serial objects: who has the turn, who waits for it, and who waits for whom.
 *
 *  Pure: no lock, no clock, no thread, no request. A *gate* is what the calls of one servant pass, one chain at a time; a *turn*
 * is one call at a gate; a *block* says that a chain goes on only when another one has (its thread waits for a call of that one,
 * or stands behind one in a lane). Turns and blocks are the edges of the wait-for graph, chains its nodes.
 *
 *  Invariants: nobody waits at a gate that nobody holds; who waits is let in in the order of arrival, but that a chain is let in
 * at once where a chain that holds the gate waits for it by blocks alone (it works for the holder, as a nested call does); no
 *  cycle of proven waits stays: who closes it is told. */
#ifndef CRB_SERIAL_H
#define CRB_SERIAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HASH_NONFATAL_OOM 1
#include <uthash.h>

#define CRB_SERIAL_SLOTS 256u
#define CRB_SERIAL_STEPS 8u /* of a cycle that are kept to be told */

typedef struct crb_gate crb_gate;
typedef struct crb_turn crb_turn;

/** One edge of the graph; part of a turn or a block. */
typedef struct crb_edge {
    uint64_t from;                /* the chain that waits */
    struct crb_edge *next, *prev; /* of chains in the same slot */
    bool linked;
    bool is_turn;
    /* Of the search that looks at it: */
    uint64_t search;
    struct crb_edge *parent, *later;
    const crb_turn *by; /* the holder that led here from parent, which is a turn; NULL: none did */
} crb_edge;

typedef enum crb_turn_state { CRB_TURN_NONE, CRB_TURN_WAITS, CRB_TURN_HOLDS } crb_turn_state;

struct crb_turn {
    crb_edge edge; /* first; in the graph while it waits */
    crb_gate *gate;
    crb_turn_state state;
    bool later;            /* holds, and may end whatever its chain waits for: nothing is proven by it */
    crb_turn *next, *prev; /* among those that hold, the newest first, or that wait, the oldest first */
    void *user;
};

typedef struct crb_await {
    crb_edge edge; /* first */
    uint64_t to;
    bool proven; /* it waits until the end; else it may give up before, and no cycle is told of it */
} crb_await;

struct crb_gate {
    struct crb_serial *serial;
    const void *servant; /* gates of one servant are one; NULL: of one object alone */
    uint32_t refs;
    crb_turn *holders;
    crb_turn *waiters, *last_waiter;
    UT_hash_handle hh;
};

typedef struct crb_serial {
    uint32_t n_gates, n_waiting, n_blocks;
    crb_gate *gates; /* of servants that may have several objects */
    crb_edge *slots[CRB_SERIAL_SLOTS];
    uint64_t search;
} crb_serial;

typedef enum crb_verdict {
    CRB_ENTERS,     /* it holds the gate now */
    CRB_WAITS,      /* it is the last of those that wait */
    CRB_COMES_BACK, /* of a strict one: the gate is held by the chain itself, or for it */
    CRB_DEADLOCKS   /* it would wait for what waits for it */
} crb_verdict;

/** A cycle, from the call that closes it on. Each step: a call waits for one that holds its gate. waits NULL: the call that
 * closes it, which stands nowhere. */
typedef struct crb_cycle {
    uint32_t n; /* may be more than CRB_SERIAL_STEPS: the rest is left out */
    struct {
        const crb_turn *waits, *holds;
    } steps[CRB_SERIAL_STEPS];
} crb_cycle;

/** A count of the gate of that servant; NULL: a gate of its own. NULL: no memory. */
crb_gate *crb_gate_get(crb_serial *serial, const void *servant);
/** Nobody is at it when the last count goes. */
void crb_gate_put(crb_gate *gate);

/** Would the chain be let in at once? */
bool crb_serial_is_open(crb_gate *gate, uint64_t chain);
/** A call of chain comes to the gate: turn was zero. Unless it enters or waits the turn is as before. ret_cycle: with
 *  CRB_DEADLOCKS. */
crb_verdict crb_serial_arrive(crb_gate *gate, crb_turn *turn, uint64_t chain, bool strict, crb_cycle *ret_cycle);
/** It goes, whether it holds or waits; in any other state nothing happens. The one that holds the gate now and did not before, or
 *  NULL. */
crb_turn *crb_serial_leave(crb_turn *turn);
/** One that waits is let in out of turn. */
void crb_serial_admit(crb_turn *turn);

/** From now on chain from waits for chain to. block was zero. */
void crb_serial_block(crb_serial *serial, crb_await *block, uint64_t from, uint64_t to, bool proven);
/** No more. Nothing happens when it was not blocked. */
void crb_serial_unblock(crb_serial *serial, crb_await *block);
/** After a block: one that waits at a gate that is held for it now; NULL: none (any more). It is to be admitted, or refused. */
crb_turn *crb_serial_freed(crb_serial *serial, uint64_t to);
/** After a block: does it close a cycle? Its first turn that waits is *ret_first. */
bool crb_serial_closes(crb_serial *serial, uint64_t from, uint64_t to, crb_cycle *ret_cycle, crb_turn **ret_first);

#endif /* CRB_SERIAL_H */
