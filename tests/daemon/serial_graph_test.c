/** Gates and the wait-for graph by themselves: no thread, no call. */
#include "daemon/serial.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define GATES 6

static crb_serial serial;
static crb_gate *gates[GATES];
static crb_cycle cycle;

static int set_up(void **state)
{
    (void)state;
    memset(&serial, 0, sizeof serial);
    for (unsigned i = 0; i < GATES; i++) {
        gates[i] = crb_gate_get(&serial, NULL);
        assert_non_null(gates[i]);
    }
    return 0;
}

/** Whatever happened: nothing is left. */
static int tear_down(void **state)
{
    (void)state;
    for (unsigned i = 0; i < GATES; i++) {
        assert_null(gates[i]->holders);
        assert_null(gates[i]->waiters);
        crb_gate_put(gates[i]);
    }
    assert_int_equal(serial.n_gates, 0);
    assert_int_equal(serial.n_waiting, 0);
    assert_int_equal(serial.n_blocks, 0);
    for (unsigned i = 0; i < CRB_SERIAL_SLOTS; i++) {
        assert_null(serial.slots[i]);
    }
    return 0;
}

static crb_verdict arrive(unsigned gate, crb_turn *turn, uint64_t chain)
{
    return crb_serial_arrive(gates[gate], turn, chain, false, &cycle);
}

static void leave_all(crb_turn *turns, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        (void)crb_serial_leave(&turns[i]);
    }
}

static void the_first_enters_others_wait(void **state)
{
    crb_turn turns[4] = { 0 };
    (void)state;
    assert_true(crb_serial_is_open(gates[0], 1));
    assert_int_equal(arrive(0, &turns[0], 1), CRB_ENTERS);
    assert_false(crb_serial_is_open(gates[0], 2));
    assert_true(crb_serial_is_open(gates[0], 1));
    assert_int_equal(arrive(0, &turns[1], 2), CRB_WAITS);
    assert_int_equal(arrive(0, &turns[2], 3), CRB_WAITS);
    assert_int_equal(arrive(0, &turns[3], 4), CRB_WAITS);
    assert_null(crb_serial_leave(&turns[2])); /* it gave up */
    assert_int_equal(turns[2].state, CRB_TURN_NONE);
    assert_ptr_equal(crb_serial_leave(&turns[0]), &turns[1]);
    assert_int_equal(turns[1].state, CRB_TURN_HOLDS);
    assert_ptr_equal(crb_serial_leave(&turns[1]), &turns[3]);
    assert_null(crb_serial_leave(&turns[3]));
    assert_null(crb_serial_leave(&turns[3])); /* it is nowhere */
}

static void a_chain_comes_back(void **state)
{
    crb_turn turns[4] = { 0 };
    (void)state;
    assert_int_equal(arrive(0, &turns[0], 1), CRB_ENTERS);
    assert_int_equal(arrive(0, &turns[1], 2), CRB_WAITS);
    assert_int_equal(arrive(0, &turns[2], 1), CRB_ENTERS); /* before the one that waits */
    assert_null(crb_serial_leave(&turns[0]));              /* the outer one goes first: the gate is held still */
    assert_int_equal(crb_serial_arrive(gates[0], &turns[3], 1, true, &cycle), CRB_COMES_BACK);
    assert_int_equal(turns[3].state, CRB_TURN_NONE);
    assert_ptr_equal(crb_serial_leave(&turns[2]), &turns[1]);
    assert_null(crb_serial_leave(&turns[1]));
}

static void one_servant_one_gate(void **state)
{
    int a = 0, b = 0;
    (void)state;
    crb_gate *const one = crb_gate_get(&serial, &a);
    crb_gate *const same = crb_gate_get(&serial, &a);
    crb_gate *const other = crb_gate_get(&serial, &b);
    assert_ptr_equal(one, same);
    assert_ptr_not_equal(one, other);
    crb_gate_put(one);
    assert_ptr_equal(crb_gate_get(&serial, &a), same);
    crb_gate_put(same);
    crb_gate_put(same);
    crb_gate_put(other);
}

/** n chains, each holds its gate and comes to the next one's: the last one closes the cycle. */
static void cycles_of_every_length(void **state)
{
    (void)state;
    for (unsigned n = 2; n <= GATES; n++) {
        crb_turn held[GATES] = { 0 }, waits[GATES] = { 0 };
        for (unsigned i = 0; i < n; i++) {
            assert_int_equal(arrive(i, &held[i], i + 1), CRB_ENTERS);
        }
        for (unsigned i = 0; i + 1 < n; i++) {
            assert_int_equal(arrive(i + 1, &waits[i], i + 1), CRB_WAITS);
        }
        assert_int_equal(arrive(0, &waits[n - 1], n), CRB_DEADLOCKS);
        assert_int_equal(cycle.n, n);
        assert_null(cycle.steps[0].waits);
        for (unsigned i = 0; i < n; i++) {
            assert_ptr_equal(cycle.steps[i].holds, &held[i]);
            assert_ptr_equal(cycle.steps[i].waits, i == 0 ? NULL : &waits[i - 1]);
        }
        assert_ptr_equal(crb_serial_leave(&held[n - 1]), &waits[n - 2]); /* its error goes back: the others go on */
        leave_all(waits, GATES);
        leave_all(held, GATES);
    }
}

static void long_cycles_are_cut_short_in_print(void **state)
{
    enum { N = 40 };
    static crb_gate *many[N];
    crb_turn held[N] = { 0 }, waits[N] = { 0 };
    (void)state;
    for (unsigned i = 0; i < N; i++) {
        many[i] = crb_gate_get(&serial, NULL);
        assert_int_equal(crb_serial_arrive(many[i], &held[i], i + 1, false, &cycle), CRB_ENTERS);
    }
    for (unsigned i = 0; i + 1 < N; i++) {
        assert_int_equal(crb_serial_arrive(many[i + 1], &waits[i], i + 1, false, &cycle), CRB_WAITS);
    }
    assert_int_equal(crb_serial_arrive(many[0], &waits[N - 1], N, false, &cycle), CRB_DEADLOCKS);
    assert_int_equal(cycle.n, N);
    assert_ptr_equal(cycle.steps[CRB_SERIAL_STEPS - 1].holds, &held[CRB_SERIAL_STEPS - 1]);
    for (unsigned i = 0; i < N; i++) {
        (void)crb_serial_leave(&waits[i]);
    }
    leave_all(held, N);
    for (unsigned i = 0; i < N; i++) {
        crb_gate_put(many[i]);
    }
}

/** Of the same shapes, but no cycles. */
static void innocents_wait(void **state)
{
    crb_turn turns[6] = { 0 };
    (void)state;
    /* Two that take the gates in the same order. */
    assert_int_equal(arrive(0, &turns[0], 1), CRB_ENTERS);
    assert_int_equal(arrive(1, &turns[1], 1), CRB_ENTERS);
    assert_int_equal(arrive(0, &turns[2], 2), CRB_WAITS);
    assert_int_equal(arrive(2, &turns[3], 1), CRB_ENTERS);
    assert_int_equal(arrive(2, &turns[4], 3), CRB_WAITS);
    /* A queue behind queues. */
    assert_int_equal(arrive(0, &turns[5], 3), CRB_WAITS);
    leave_all(turns, 6);
}

/** Who holds may be through without what its chain waits for: nothing is proven. */
static void deferred_holders_prove_nothing(void **state)
{
    crb_turn turns[4] = { 0 };
    (void)state;
    assert_int_equal(arrive(0, &turns[0], 1), CRB_ENTERS);
    assert_int_equal(arrive(1, &turns[1], 2), CRB_ENTERS);
    turns[0].later = true;
    assert_int_equal(arrive(1, &turns[2], 1), CRB_WAITS);
    assert_int_equal(arrive(0, &turns[3], 2), CRB_WAITS);
    assert_int_equal(crb_serial_arrive(gates[0], &(crb_turn) { 0 }, 1, true, &cycle), CRB_COMES_BACK); /* that is no guess */
    leave_all(turns, 4);
}

/* ---- blocks ---- */

static void what_works_for_the_holder_enters(void **state)
{
    crb_turn turns[3] = { 0 };
    crb_await first = { 0 }, second = { 0 };
    (void)state;
    assert_int_equal(arrive(0, &turns[0], 1), CRB_ENTERS);
    crb_serial_block(&serial, &first, 1, 2, false);
    crb_serial_block(&serial, &second, 2, 3, true);
    assert_int_equal(arrive(0, &turns[1], 3), CRB_ENTERS);
    crb_serial_unblock(&serial, &first);
    assert_int_equal(arrive(0, &turns[2], 2), CRB_WAITS); /* nobody waits for it any more, and it waits for 3 */
    crb_serial_unblock(&serial, &second);
    crb_serial_unblock(&serial, &second);
    leave_all(turns, 3);
}

/** It waits already when the holder comes to wait for it. */
static void it_is_freed_by_a_block(void **state)
{
    crb_turn turns[4] = { 0 };
    crb_await first = { 0 }, second = { 0 };
    (void)state;
    assert_int_equal(arrive(0, &turns[0], 1), CRB_ENTERS);
    assert_int_equal(arrive(0, &turns[1], 9), CRB_WAITS);
    assert_int_equal(arrive(0, &turns[2], 3), CRB_WAITS);
    crb_serial_block(&serial, &first, 2, 3, true);
    assert_null(crb_serial_freed(&serial, 3)); /* 2 holds nothing */
    crb_serial_block(&serial, &second, 1, 2, true);
    assert_ptr_equal(crb_serial_freed(&serial, 2), &turns[2]);
    crb_serial_admit(&turns[2]);
    assert_int_equal(turns[2].state, CRB_TURN_HOLDS);
    assert_null(crb_serial_freed(&serial, 2));
    crb_turn *none = NULL;
    assert_false(crb_serial_closes(&serial, 1, 2, &cycle, &none));
    assert_int_equal(turns[1].state, CRB_TURN_WAITS);
    assert_null(crb_serial_leave(&turns[2]));
    assert_ptr_equal(crb_serial_leave(&turns[0]), &turns[1]);
    crb_serial_unblock(&serial, &first);
    crb_serial_unblock(&serial, &second);
    leave_all(turns, 4);
}

/** Where 0 is a chain like every other. */
static void zero_is_a_chain(void **state)
{
    crb_turn turns[2] = { 0 };
    crb_await block = { 0 };
    (void)state;
    assert_int_equal(arrive(0, &turns[0], 1), CRB_ENTERS);
    assert_int_equal(arrive(0, &turns[1], 0), CRB_WAITS);
    crb_serial_block(&serial, &block, 1, 0, true);
    assert_ptr_equal(crb_serial_freed(&serial, 0), &turns[1]);
    crb_serial_unblock(&serial, &block);
    leave_all(turns, 2);
}

/** 1 holds A and waits for 2, which waits at B, which 3 holds, who waits at A. */
static void a_block_closes_a_cycle(void **state)
{
    for (unsigned proven = 0; proven < 2; proven++) {
        crb_turn turns[4] = { 0 };
        crb_await block = { 0 };
        crb_turn *first = NULL;
        (void)state;
        assert_int_equal(arrive(0, &turns[0], 1), CRB_ENTERS);
        assert_int_equal(arrive(1, &turns[1], 3), CRB_ENTERS);
        assert_int_equal(arrive(1, &turns[2], 2), CRB_WAITS);
        assert_int_equal(arrive(0, &turns[3], 3), CRB_WAITS);
        crb_serial_block(&serial, &block, 1, 2, proven != 0);
        assert_null(crb_serial_freed(&serial, 2));
        assert_true(crb_serial_closes(&serial, 1, 2, &cycle, &first));
        assert_ptr_equal(first, &turns[2]);
        assert_int_equal(cycle.n, 2);
        assert_ptr_equal(cycle.steps[0].waits, &turns[2]);
        assert_ptr_equal(cycle.steps[0].holds, &turns[1]);
        assert_ptr_equal(cycle.steps[1].waits, &turns[3]);
        assert_ptr_equal(cycle.steps[1].holds, &turns[0]);
        (void)crb_serial_leave(&turns[3]);
        crb_turn last = { 0 }; /* the same cycle closed at the gate: only what is proven counts */
        assert_int_equal(arrive(0, &last, 3), proven ? CRB_DEADLOCKS : CRB_WAITS);
        (void)crb_serial_leave(&last);
        crb_serial_unblock(&serial, &block);
        leave_all(turns, 4);
    }
}

/* ---- at random, against a model ---- */

#define CHAINS 12

/** Chains that take gates one inside the other, in any order: each is at one place only, so the model is a table of who waits
 *  where. */
static void at_random(void **state)
{
    static crb_turn stack[CHAINS][GATES + 1];
    unsigned deadlocks = 0, waits = 0, comes_back = 0;
    (void)state;
    for (unsigned seed = 1; seed <= 3000; seed++) {
        unsigned depth[CHAINS] = { 0 };
        int at[CHAINS];
        uint64_t random = seed;
        memset(stack, 0, sizeof stack);
        for (unsigned i = 0; i < CHAINS; i++) {
            at[i] = -1; /* it waits nowhere */
        }
        for (unsigned step = 0; step < 60; step++) {
            random = random * 6364136223846793005u + 1442695040888963407u;
            const unsigned chain = (unsigned)(random >> 33) % CHAINS, gate = (unsigned)(random >> 43) % GATES;
            if (at[chain] >= 0 || depth[chain] >= GATES) {
                continue;
            }
            if ((random >> 60) < 5 && depth[chain] > 0) { /* it goes out of the innermost one */
                crb_turn *const next = crb_serial_leave(&stack[chain][--depth[chain]]);
                if (next != NULL) {
                    const unsigned who = (unsigned)next->edge.from - 1;
                    assert_int_equal(gates[at[who]]->holders->edge.from, who + 1);
                    at[who] = -1;
                    depth[who]++;
                }
                continue;
            }
            /* The model: follow the holder, where it waits, its holder, and so on. */
            const crb_turn *holder = gates[gate]->holders;
            const bool own = holder != NULL && holder->edge.from == chain + 1;
            bool closes = false;
            for (unsigned n = 0; holder != NULL && !own && n <= CHAINS; n++) {
                const unsigned who = (unsigned)holder->edge.from - 1;
                closes = closes || who == chain;
                holder = at[who] < 0 ? NULL : gates[at[who]]->holders;
            }
            const crb_verdict expected = gates[gate]->holders == NULL || own ? CRB_ENTERS : closes ? CRB_DEADLOCKS : CRB_WAITS;
            crb_turn *const turn = &stack[chain][depth[chain]];
            *turn = (crb_turn) { 0 };
            assert_int_equal(arrive(gate, turn, chain + 1), expected);
            comes_back += own;
            deadlocks += expected == CRB_DEADLOCKS;
            waits += expected == CRB_WAITS;
            if (expected == CRB_ENTERS) {
                depth[chain]++;
            } else if (expected == CRB_WAITS) {
                at[chain] = (int)gate;
            }
            for (unsigned i = 0; i < GATES; i++) { /* nobody shares a gate, and nobody waits for nobody */
                for (const crb_turn *one = gates[i]->holders; one != NULL; one = one->next) {
                    assert_int_equal(one->edge.from, gates[i]->holders->edge.from);
                }
                assert_true(gates[i]->holders != NULL || gates[i]->waiters == NULL);
            }
        }
        for (unsigned i = 0; i < CHAINS; i++) {
            leave_all(stack[i], GATES + 1);
        }
        for (unsigned i = 0; i < CHAINS; i++) { /* who was let in meanwhile goes, too */
            leave_all(stack[i], GATES + 1);
        }
    }
    assert_true(deadlocks > 1000);
    assert_true(waits > 10000);
    assert_true(comes_back > 1000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_first_enters_others_wait, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_chain_comes_back, set_up, tear_down),
        cmocka_unit_test_setup_teardown(one_servant_one_gate, set_up, tear_down),
        cmocka_unit_test_setup_teardown(cycles_of_every_length, set_up, tear_down),
        cmocka_unit_test_setup_teardown(long_cycles_are_cut_short_in_print, set_up, tear_down),
        cmocka_unit_test_setup_teardown(innocents_wait, set_up, tear_down),
        cmocka_unit_test_setup_teardown(deferred_holders_prove_nothing, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_works_for_the_holder_enters, set_up, tear_down),
        cmocka_unit_test_setup_teardown(it_is_freed_by_a_block, set_up, tear_down),
        cmocka_unit_test_setup_teardown(zero_is_a_chain, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_block_closes_a_cycle, set_up, tear_down),
        cmocka_unit_test_setup_teardown(at_random, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
