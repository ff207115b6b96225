/** See serial.h. Searches go over edges breadth first, with their marks in the edges: they need no memory, and look at each edge
 *  once. */
#include "daemon/serial.h"

#include <stdlib.h>
#include <string.h>

/* ---- edges ---- */

/** Peers choose the numbers of their chains: they are mixed. */
static crb_edge **serial_slot(crb_serial *serial, uint64_t chain)
{
    const uint64_t mixed = (chain ^ (chain >> 32)) * 0x9e3779b97f4a7c15u;
    return &serial->slots[(mixed >> 32) % CRB_SERIAL_SLOTS];
}

static void serial_link(crb_serial *serial, crb_edge *edge, uint64_t from)
{
    crb_edge **const slot = serial_slot(serial, from);
    edge->from = from;
    edge->linked = true;
    edge->prev = NULL;
    edge->next = *slot;
    if (edge->next != NULL) {
        edge->next->prev = edge;
    }
    *slot = edge;
}

static void serial_unlink(crb_serial *serial, crb_edge *edge)
{
    if (edge->prev != NULL) {
        edge->prev->next = edge->next;
    } else {
        *serial_slot(serial, edge->from) = edge->next;
    }
    if (edge->next != NULL) {
        edge->next->prev = edge->prev;
    }
    edge->next = edge->prev = NULL;
    edge->linked = false;
}

static crb_turn *serial_turn(crb_edge *edge)
{
    return (crb_turn *)(void *)edge; /* its first member */
}

static crb_await *serial_block_of(crb_edge *edge)
{
    return (crb_await *)(void *)edge; /* its first member */
}

/* ---- searches ---- */

/** Edges that are reached and not yet looked at. */
typedef struct serial_search {
    crb_serial *serial;
    bool has_goal;
    uint64_t goal;
    bool blocks_only; /* turns are not followed; what is not proven is */
    crb_edge *first, *last;
    bool found;
    crb_edge *end; /* found: the edge that led to the goal; NULL: the start is it */
    const crb_turn *end_by;
} serial_search;

static void search_begin(serial_search *search, crb_serial *serial, uint64_t goal, bool blocks_only)
{
    *search = (serial_search) { .serial = serial, .has_goal = true, .goal = goal, .blocks_only = blocks_only };
    serial->search++;
}

/** The chain is reached. */
static void search_reach(serial_search *search, uint64_t chain, crb_edge *parent, const crb_turn *by)
{
    if (search->found) {
        return;
    }
    if (search->has_goal && chain == search->goal) {
        search->found = true;
        search->end = parent;
        search->end_by = by;
        return;
    }
    for (crb_edge *edge = *serial_slot(search->serial, chain); edge != NULL; edge = edge->next) {
        const bool followed = search->blocks_only ? !edge->is_turn : edge->is_turn || serial_block_of(edge)->proven;
        if (edge->from != chain || edge->search == search->serial->search || !followed) {
            continue;
        }
        edge->search = search->serial->search;
        edge->parent = parent;
        edge->by = by;
        edge->later = NULL;
        if (search->last == NULL) {
            search->first = edge;
        } else {
            search->last->later = edge;
        }
        search->last = edge;
    }
}

/** Holders that may go whatever their chains wait for lead nowhere. */
static void search_reach_holders(serial_search *search, const crb_gate *gate, crb_edge *parent)
{
    for (const crb_turn *holder = gate->holders; holder != NULL && !search->found; holder = holder->next) {
        if (!holder->later) {
            search_reach(search, holder->edge.from, parent, holder);
        }
    }
}

static bool search_run(serial_search *search)
{
    while (!search->found && search->first != NULL) {
        crb_edge *const edge = search->first;
        search->first = edge->later;
        if (search->first == NULL) {
            search->last = NULL;
        }
        if (edge->is_turn) {
            search_reach_holders(search, serial_turn(edge)->gate, edge);
        } else {
            search_reach(search, serial_block_of(edge)->to, edge, NULL);
        }
    }
    return search->found;
}

/** What the search found, from its start to its end, behind what the cycle has already. The first turn of it, or NULL. */
static crb_turn *search_tell(const serial_search *search, crb_cycle *cycle)
{
    crb_edge *ordered = NULL; /* their order is turned round, in later */
    crb_turn *first = NULL;
    for (crb_edge *edge = search->end; edge != NULL; edge = edge->parent) {
        edge->later = ordered;
        ordered = edge;
    }
    const crb_turn *by = ordered == NULL ? search->end_by : ordered->by;
    if (by != NULL) { /* how the start was reached: the gate at which the call that closes it is */
        cycle->steps[0].waits = NULL;
        cycle->steps[0].holds = by;
        cycle->n = 1;
    }
    for (crb_edge *edge = ordered; edge != NULL; edge = edge->later) {
        if (!edge->is_turn) {
            continue;
        }
        if (first == NULL) {
            first = serial_turn(edge);
        }
        if (cycle->n < CRB_SERIAL_STEPS) {
            cycle->steps[cycle->n].waits = serial_turn(edge);
            cycle->steps[cycle->n].holds = edge->later == NULL ? search->end_by : edge->later->by;
        }
        cycle->n++;
    }
    return first;
}

/** Does a chain that holds the gate wait for this one, by blocks alone? Or is it this one? */
static bool serial_works_for_holder(crb_gate *gate, uint64_t chain)
{
    for (const crb_turn *holder = gate->holders; holder != NULL; holder = holder->next) {
        if (holder->edge.from == chain) {
            return true;
        }
    }
    if (gate->serial->n_blocks == 0) {
        return false;
    }
    serial_search search;
    search_begin(&search, gate->serial, chain, true);
    for (const crb_turn *holder = gate->holders; holder != NULL; holder = holder->next) {
        search_reach(&search, holder->edge.from, NULL, NULL);
    }
    return search_run(&search);
}

/* ---- gates ---- */

crb_gate *crb_gate_get(crb_serial *serial, const void *servant)
{
    crb_gate *gate = NULL;
    if (servant != NULL) {
        HASH_FIND_PTR(serial->gates, &servant, gate);
    }
    if (gate != NULL) {
        gate->refs++;
        return gate;
    }
    gate = calloc(1, sizeof *gate);
    if (gate == NULL) {
        return NULL;
    }
    gate->serial = serial;
    gate->servant = servant;
    gate->refs = 1;
    if (servant != NULL) {
        HASH_ADD_PTR(serial->gates, servant, gate);
        if (gate->hh.tbl == NULL) { /* uthash found no memory */
            free(gate);
            return NULL;
        }
    }
    serial->n_gates++;
    return gate;
}

void crb_gate_put(crb_gate *gate)
{
    if (--gate->refs == 0) {
        gate->serial->n_gates--;
        if (gate->servant != NULL) {
            HASH_DEL(gate->serial->gates, gate);
        }
        free(gate);
    }
}

/* ---- turns ---- */

static void turn_hold(crb_turn *turn)
{
    crb_gate *const gate = turn->gate;
    turn->state = CRB_TURN_HOLDS;
    turn->prev = NULL;
    turn->next = gate->holders;
    if (turn->next != NULL) {
        turn->next->prev = turn;
    }
    gate->holders = turn;
}

static void turn_wait(crb_turn *turn)
{
    crb_gate *const gate = turn->gate;
    turn->state = CRB_TURN_WAITS;
    turn->next = NULL;
    turn->prev = gate->last_waiter;
    if (turn->prev != NULL) {
        turn->prev->next = turn;
    } else {
        gate->waiters = turn;
    }
    gate->last_waiter = turn;
    gate->serial->n_waiting++;
    serial_link(gate->serial, &turn->edge, turn->edge.from);
}

/** It stands nowhere any more. */
static void turn_out(crb_turn *turn)
{
    crb_gate *const gate = turn->gate;
    if (turn->next != NULL) {
        turn->next->prev = turn->prev;
    }
    if (turn->state == CRB_TURN_HOLDS) {
        if (turn->prev != NULL) {
            turn->prev->next = turn->next;
        } else {
            gate->holders = turn->next;
        }
    } else {
        if (turn->prev != NULL) {
            turn->prev->next = turn->next;
        } else {
            gate->waiters = turn->next;
        }
        if (gate->last_waiter == turn) {
            gate->last_waiter = turn->prev;
        }
        gate->serial->n_waiting--;
        serial_unlink(gate->serial, &turn->edge);
    }
    turn->next = turn->prev = NULL;
    turn->state = CRB_TURN_NONE;
}

bool crb_serial_is_open(crb_gate *gate, uint64_t chain)
{
    return gate->holders == NULL || serial_works_for_holder(gate, chain);
}

crb_verdict crb_serial_arrive(crb_gate *gate, crb_turn *turn, uint64_t chain, bool strict, crb_cycle *ret_cycle)
{
    turn->edge.from = chain;
    turn->edge.is_turn = true;
    turn->gate = gate;
    if (gate->holders == NULL) {
        turn_hold(turn);
        return CRB_ENTERS;
    }
    if (serial_works_for_holder(gate, chain)) {
        if (strict) {
            return CRB_COMES_BACK;
        }
        turn_hold(turn);
        return CRB_ENTERS;
    }
    if (gate->serial->n_waiting > 0) { /* a cycle has another turn that waits */
        serial_search search;
        search_begin(&search, gate->serial, chain, false);
        search_reach_holders(&search, gate, NULL);
        if (search_run(&search)) {
            *ret_cycle = (crb_cycle) { 0 };
            (void)search_tell(&search, ret_cycle);
            return CRB_DEADLOCKS;
        }
    }
    turn_wait(turn);
    return CRB_WAITS;
}

crb_turn *crb_serial_leave(crb_turn *turn)
{
    if (turn->state == CRB_TURN_NONE) {
        return NULL;
    }
    crb_gate *const gate = turn->gate;
    turn_out(turn);
    if (gate->holders != NULL || gate->waiters == NULL) {
        return NULL;
    }
    crb_turn *const next = gate->waiters;
    turn_out(next);
    turn_hold(next);
    return next;
}

void crb_serial_admit(crb_turn *turn)
{
    turn_out(turn);
    turn_hold(turn);
}

/* ---- blocks ---- */

void crb_serial_block(crb_serial *serial, crb_await *block, uint64_t from, uint64_t to, bool proven)
{
    block->to = to;
    block->proven = proven;
    serial_link(serial, &block->edge, from);
    serial->n_blocks++;
}

void crb_serial_unblock(crb_serial *serial, crb_await *block)
{
    if (block->edge.linked) {
        serial_unlink(serial, &block->edge);
        serial->n_blocks--;
    }
}

crb_turn *crb_serial_freed(crb_serial *serial, uint64_t to)
{
    if (serial->n_waiting == 0) {
        return NULL;
    }
    /* Chains that to waits for by blocks, and to itself; every turn of theirs that waits is looked at. The searches that say
     * whether it is let in use the same marks: the chains are searched again for each. */
    for (uint32_t skip = 0;; skip++) {
        serial_search search;
        uint32_t seen = 0;
        crb_turn *candidate = NULL;
        search_begin(&search, serial, 0, true);
        search.has_goal = false;
        search_reach(&search, to, NULL, NULL);
        uint64_t chain = to;
        for (;;) {
            for (crb_edge *edge = *serial_slot(serial, chain); edge != NULL && candidate == NULL; edge = edge->next) {
                if (edge->from == chain && edge->is_turn && seen++ == skip) {
                    candidate = serial_turn(edge);
                }
            }
            if (candidate != NULL || search.first == NULL) {
                break;
            }
            crb_edge *const edge = search.first;
            search.first = edge->later;
            if (search.first == NULL) {
                search.last = NULL;
            }
            chain = serial_block_of(edge)->to;
            search_reach(&search, chain, edge, NULL);
        }
        if (candidate == NULL || serial_works_for_holder(candidate->gate, candidate->edge.from)) {
            return candidate;
        }
    }
}

bool crb_serial_closes(crb_serial *serial, uint64_t from, uint64_t to, crb_cycle *ret_cycle, crb_turn **ret_first)
{
    serial_search search;
    if (serial->n_waiting == 0) {
        return false;
    }
    search_begin(&search, serial, from, false);
    search_reach(&search, to, NULL, NULL);
    if (!search_run(&search)) {
        return false;
    }
    *ret_cycle = (crb_cycle) { 0 };
    *ret_first = search_tell(&search, ret_cycle);
    return *ret_first != NULL; /* a cycle of blocks alone is no matter of gates */
}
