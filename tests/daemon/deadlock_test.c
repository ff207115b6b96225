/** Chains that wait for each other: told within a second where one daemon sees it all, else at the deadline, with the holder's
 * name; and innocent ones of the same shapes, which are left alone. */
#include "actors.h"

#include "runtime/base/clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define SERIALS 5

/* Objects 0 to 4 are serial, 5 is not; 6 is at another daemon, and not serial, 7 is there and serial. */
static actors_stage stage, far;
static corbel_runtime *client;
static bool over_unix;
/** What each test calls: across a session, and in the objects' own process. */
static serial_Node *nodes[2][SERIALS + 1];

static int set_up(void **state)
{
    corbel_error error = CORBEL_ERROR_INIT;
    (void)state;
    char at[2][64] = { "localhost:0", "localhost:0" };
    for (int i = 0; i < 2 && over_unix; i++) {
        (void)snprintf(at[i], sizeof at[i], "unix:@corbel-deadlock-test-%ld-%d", (long)getpid(), i);
    }
    actors_start(&stage, "sssssn", "", NULL, at[0]);
    actors_start(&far, "nnnnnnns", "far", NULL, at[1]);
    MUST(corbel_runtime_new(NULL, &client, &error));
    for (unsigned i = 0; i <= SERIALS; i++) {
        serial_Node *back = NULL;
        MUST(serial_Node_from_uri(client, stage.uris[i], &nodes[0][i], &error));
        nodes[1][i] = serial_Node_ref(stage.own[i]);
        MUST(serial_Node_from_uri(far.runtime, stage.uris[i], &back, &error));
        actors_set(&far, i, back);
    }
    for (unsigned i = 6; i < 8; i++) {
        serial_Node *there = NULL;
        MUST(serial_Node_from_uri(stage.runtime, far.uris[i], &there, &error));
        actors_set(&stage, i, there);
    }
    /* All sessions are there before anything is measured. */
    MUST(serial_Node_run(far.other[0], "A", NULL, &error)); /* nobody else is at it yet */
    MUST(serial_Node_run(stage.other[6], "A", NULL, &error));
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    for (unsigned i = 0; i <= SERIALS; i++) {
        serial_Node_unref(nodes[0][i]);
        serial_Node_unref(nodes[1][i]);
        actors_set(&far, i, NULL);
    }
    actors_set(&stage, 6, NULL);
    actors_set(&stage, 7, NULL);
    corbel_runtime_unref(client);
    actors_stop(&far);
    actors_stop(&stage);
    return 0;
}

static int forget(void **state)
{
    (void)state;
    actors_forget(&stage);
    actors_forget(&far);
    return 0;
}

#define FOR_BOTH(node) for (serial_Node *const *node = nodes[0]; node != NULL; node = node == nodes[0] ? nodes[1] : NULL)

static void end_ok(actors_caller *caller)
{
    const corbel_status status = actors_end(caller);
    probe_must(status, &caller->error, caller->script);
}

/** n chains, each at an object and waiting there; then all call at once, as their scripts say. ret_victim: the one that failed.
 * The others succeeded. */
static void run_cycle(serial_Node *const *from, unsigned n, const char *const *scripts, actors_caller *callers,
                      unsigned *ret_victim)
{
    unsigned failed = 0;
    for (unsigned i = 0; i < n; i++) {
        actors_call(&callers[i], from[i], scripts[i], 0);
        assert_true(probe_event_wait(&stage.reached[0], i + 1));
    }
    const uint64_t start = crb_now();
    actors_go(&stage, 0);
    for (unsigned i = 0; i < n; i++) {
        if (actors_end(&callers[i]) != CORBEL_OK) {
            assert_int_equal(callers[i].status, CORBEL_DEADLOCK);
            *ret_victim = i;
            failed++;
        }
    }
    assert_true(crb_now() - start < probe_slow * CRB_SECOND);
    assert_int_equal(failed, 1);
    assert_int_equal(atomic_load(&stage.offences), 0);
    assert_true(actors_wait_waiting(stage.runtime, 0));
}

static void check_names(const actors_caller *victim, unsigned n)
{
    char name[64];
    assert_non_null(strstr(victim->error.message, "calls wait for each other in daemon_deadlock_test: "));
    for (unsigned i = 0; i < n; i++) {
        (void)snprintf(name, sizeof name, "for serial::Node::run of %u (from ", i);
        assert_non_null(strstr(victim->error.message, name));
    }
}

static void two_that_wait_for_each_other(void **state)
{
    (void)state;
    FOR_BOTH(node)
    {
        actors_caller callers[2];
        unsigned victim = 0;
        actors_forget(&stage);
        run_cycle(node, 2, (const char *const[]) { "Aw01", "Bw00" }, callers, &victim);
        check_names(&callers[victim], 2);
        /* The call that closed the cycle was not entered; what it fails in was. */
        assert_int_equal(callers[victim].error.completion, CORBEL_COMPLETED_YES);
        assert_int_equal(actors_entered(&stage, 1 - victim), 1);
        assert_int_equal(actors_entered(&stage, victim), 2);
        assert_int_equal(corbel_error_hops(&callers[victim].error), 2);
        corbel_error_clear(&callers[victim].error);
    }
}

static void cycles_of_every_length(void **state)
{
    (void)state;
    FOR_BOTH(node)
    {
        for (unsigned n = 3; n <= SERIALS; n++) {
            static const char *const scripts[SERIALS][SERIALS] = {
                [2] = { "Aw01", "Bw02", "Cw00" },
                [3] = { "Aw01", "Bw02", "Cw03", "Dw00" },
                [4] = { "Aw01", "Bw02", "Cw03", "Dw04", "Ew00" },
            };
            actors_caller callers[SERIALS];
            unsigned victim = 0;
            actors_forget(&stage);
            run_cycle(node, n, scripts[n - 1], callers, &victim);
            check_names(&callers[victim], n);
            corbel_error_clear(&callers[victim].error);
        }
    }
}

/** The gates are all here, the ways lead through another daemon, and through objects that are not serial. */
static void through_others(void **state)
{
    static const char *const scripts[][2] = {
        { "Aw061", "Bw00" }, { "Aw061", "Bw060" }, { "Aw0516", "Bw0560" }, { "Aw0621", "Bw0650" }, { "Aw0606561", "Bw05150" },
    };
    (void)state;
    FOR_BOTH(node)
    {
        for (size_t i = 0; i < sizeof scripts / sizeof *scripts; i++) {
            actors_caller callers[2];
            unsigned victim = 0;
            actors_forget(&stage);
            run_cycle(node, 2, scripts[i], callers, &victim);
            assert_non_null(strstr(callers[victim].error.message, "calls wait for each other in "));
            corbel_error_clear(&callers[victim].error);
        }
    }
}

/** A chain of its own that a servant begins and then waits for, before or after the other chain has come. */
static void with_calls_that_are_waited_for(void **state)
{
    static const char *const scripts[][2] = {
        { "Aw0b1", "Bw00" }, { "Aw01", "Bw0b0" }, { "Aw0b1", "Bw0b0" }, { "Aw0b5b1", "Bw05b0" }, { "Aw0l51", "Bw0l00" },
    };
    (void)state;
    FOR_BOTH(node)
    {
        for (size_t i = 0; i < sizeof scripts / sizeof *scripts; i++) {
            actors_caller callers[2];
            unsigned victim = 0;
            actors_forget(&stage);
            run_cycle(node, 2, scripts[i], callers, &victim);
            corbel_error_clear(&callers[victim].error);
        }
    }
}

/** Nobody waits for what a servant only sends. */
static void oneways_close_no_cycle(void **state)
{
    (void)state;
    FOR_BOTH(node)
    {
        actors_caller a, b;
        actors_forget(&stage);
        actors_call(&a, node[0], "Aw0f1", 0);
        assert_true(probe_event_wait(&stage.reached[0], 1));
        actors_call(&b, node[1], "Bw00", 0);
        assert_true(probe_event_wait(&stage.reached[0], 2));
        actors_go(&stage, 0);
        end_ok(&a);
        end_ok(&b);
    }
}

/* ---- innocents ---- */

/** Chains that take objects inside one another in the order of their numbers, come back, go through other processes and begin
 * calls: of the shapes of all above, but that no two can wait for each other. */
static void a_hundred_innocents(void **state)
{
    static const char *const scripts[] = {
        "01",  "012", "0123", "01234", "0612", "05162", "0b1",   "0b12", "0l12",   "0b5b1",
        "014", "13",  "1624", "2634",  "0100", "0b1b0", "02020", "0151", "061616", "34",
    };
    enum { N = sizeof scripts / sizeof *scripts };
    static actors_caller callers[5 * N];
    (void)state;
    for (unsigned i = 0; i < 5 * N; i++) {
        const char *const script = scripts[i % N];
        char text[32];
        (void)snprintf(text, sizeof text, "%c%s", '!' + (int)i % 90, script + 1);
        actors_call(&callers[i], nodes[i % 2][script[0] - '0'], text, 0);
    }
    for (unsigned i = 0; i < 5 * N; i++) {
        end_ok(&callers[i]);
    }
    assert_int_equal(atomic_load(&stage.offences), 0);
    assert_true(actors_wait_waiting(stage.runtime, 0));
}

/** What only looks like a cycle: the servant may answer its deferred request whatever becomes of the call. */
static void deferred_holders_are_not_accused(void **state)
{
    corbel_error error = CORBEL_ERROR_INIT;
    uint64_t held = 0;
    (void)state;
    FOR_BOTH(node)
    {
        actors_caller b;
        corbel_call *const a = serial_Node_hold_begin(node[0]);
        assert_true(probe_event_wait(&stage.held, ++held));
        actors_call(&b, node[1], "Bw00", 0);
        assert_true(probe_event_wait(&stage.reached[0], held));
        actors_go(&stage, 0);
        assert_true(actors_wait_waiting(stage.runtime, 1)); /* B holds 1 and waits at 0, */
        corbel_request *const request = actors_held(&stage, 0);
        corbel_request_enter(request);
        corbel_call *const c = serial_Node_run_begin(stage.own[1], "A"); /* and the chain of 0 comes to 1, */
        corbel_request_leave(request);
        assert_true(actors_wait_waiting(stage.runtime, 2));
        serial_Node_hold_reply(request); /* but need not wait there */
        end_ok(&b);
        MUST(serial_Node_run_finish(c, NULL, &error));
        MUST(serial_Node_hold_finish(a, &error));
    }
}

/* ---- across daemons ---- */

/** Neither daemon sees the cycle: whose deadline comes first is told who has the object there, and the way to it. */
static void across_daemons_by_deadline(void **state)
{
    actors_caller a, b;
    unsigned told = 0;
    (void)state;
    actors_call(&a, nodes[0][0], "Aw07", 500 * probe_slow);
    assert_true(probe_event_wait(&stage.reached[0], 1));
    actors_call(&b, far.own[7], "Bw00", 600 * probe_slow);
    assert_true(probe_event_wait(&far.reached[0], 1));
    actors_go(&stage, 0);
    actors_go(&far, 0);
    (void)actors_end(&a);
    (void)actors_end(&b);
    if (a.status != CORBEL_OK) {
        assert_int_equal(a.status, CORBEL_DEADLINE);
        assert_true(a.seconds > 0.4 * probe_slow && a.seconds < (double)probe_slow);
        told += strstr(a.error.message, "serial::Node::run of far7: its turn did not come within ") != NULL &&
                strstr(a.error.message, "the object serves serial::Node::run of far7 for this process") != NULL &&
                corbel_error_hops(&a.error) == 2;
    }
    if (b.status != CORBEL_OK) {
        assert_int_equal(b.status, CORBEL_DEADLINE);
        told += strstr(b.error.message, "serial::Node::run of 0: its turn did not come within ") != NULL &&
                strstr(b.error.message, "the object serves serial::Node::run of 0 for ") != NULL &&
                corbel_error_hops(&b.error) == 2;
    }
    assert_true(a.status != CORBEL_OK || b.status != CORBEL_OK);
    assert_true(told > 0);
    corbel_error_clear(&a.error);
    corbel_error_clear(&b.error);
}

/* ---- at random ---- */

typedef struct wanderer {
    unsigned number, ok, deadlocks;
} wanderer;

/** Calls that take objects of one daemon inside one another in any order: all end, and every failure is a deadlock that was told.
 */
static void *wanderer_main(void *argument)
{
    wanderer *const self = argument;
    uint64_t random = self->number * 7919u + 1;
    for (unsigned i = 0; i < 60; i++) {
        corbel_error error = CORBEL_ERROR_INIT;
        char script[16] = { (char)('A' + self->number) };
        size_t len = 1;
        for (unsigned steps = 1 + (unsigned)(random >> 40) % 4; steps > 0; steps--) {
            random = random * 6364136223846793005u + 1442695040888963407u;
            const unsigned how = (unsigned)(random >> 50) % 8;
            if (how < 2) {
                script[len++] = how == 0 ? 'b' : 'l';
            }
            script[len++] = (char)('0' + (random >> 33) % 6);
        }
        const uint64_t start = crb_now();
        const corbel_status status = serial_Node_run(nodes[self->number % 2][(random >> 45) % SERIALS], script, NULL, &error);
        if (status != CORBEL_OK && status != CORBEL_DEADLOCK) {
            probe_must(status, &error, script);
        }
        if (crb_now() - start > 20 * probe_slow * CRB_SECOND) {
            abort();
        }
        self->ok += status == CORBEL_OK;
        self->deadlocks += status == CORBEL_DEADLOCK;
        corbel_error_clear(&error);
    }
    return NULL;
}

static void wanderers(void **state)
{
    pthread_t threads[6];
    wanderer all[6];
    unsigned ok = 0;
    (void)state;
    for (unsigned i = 0; i < 6; i++) {
        all[i] = (wanderer) { .number = i };
        assert_int_equal(pthread_create(&threads[i], NULL, wanderer_main, &all[i]), 0);
    }
    for (unsigned i = 0; i < 6; i++) {
        pthread_join(threads[i], NULL);
        ok += all[i].ok;
    }
    assert_true(ok > 0);
    assert_int_equal(atomic_load(&stage.offences), 0);
    assert_true(actors_wait_waiting(stage.runtime, 0));
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(two_that_wait_for_each_other, forget),
        cmocka_unit_test_setup(cycles_of_every_length, forget),
        cmocka_unit_test_setup(through_others, forget),
        cmocka_unit_test_setup(with_calls_that_are_waited_for, forget),
        cmocka_unit_test_setup(oneways_close_no_cycle, forget),
        cmocka_unit_test_setup(a_hundred_innocents, forget),
        cmocka_unit_test_setup(deferred_holders_are_not_accused, forget),
        cmocka_unit_test_setup(across_daemons_by_deadline, forget),
        cmocka_unit_test_setup(wanderers, forget),
    };
    over_unix = argc > 1 && strcmp(argv[1], "unix") == 0;
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
