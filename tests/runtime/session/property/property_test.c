/* The invariants of DESIGN section 6 by property: thousands of seeded runs of two to four peers, in which every peer does
 * anything at any time. See sim.h for the model and sim_check.c for what must hold.
 *
 * usage: session_property_test [FIRST LAST [STEPS]]
 * The seeds from FIRST to LAST; STEPS: no more of each run than so many, then its end. A seed that fails is run again with fewer
 * and fewer steps, and told with the command that shows it. From CHECK_FLOORS seeds on, the report's floors must be reached. */
#include "tests/runtime/session/property/sim.h"

#include "tests/runtime/support/test.h"

#include <corbel/error.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { RUN_STEPS = 260, CHECK_FLOORS = 200, SAMPLE_EVERY = 4 };

static uint64_t first_seed = 1, last_seed = 300, most_steps = RUN_STEPS;

/* ---- what a peer does ---- */

static size_t act_size(sim *s)
{
    return 8 + (size_t)(sim_chance(s, 8) ? sim_pick(s, 120000) : sim_pick(s, 300));
}

static void act_call(sim_side *at, bool on_promise)
{
    sim *const s = at->sim;
    sim_call *const promise = on_promise ? sim_some_promise(at) : NULL;
    if (promise == NULL && at->n_held == 0) {
        return;
    }
    const bool oneway = sim_chance(s, 4);
    const bool streams = !oneway && sim_chance(s, 4);
    const sim_asking asking = {
        .kind = oneway ? SIM_ONEWAY : SIM_CALL,
        .keep = !oneway && !streams && sim_chance(s, 4),
        .stream_in = streams && sim_chance(s, 2),
        .stream_out = streams && sim_chance(s, 2),
        .held = promise != NULL ? NULL : &at->held[sim_pick(s, at->n_held)],
        .promise = promise,
        .lane = sim_pick(s, SIM_LANES),
        .chain = ++s->chains,
        .deadline = !streams && sim_chance(s, 4) ? sim_now(at) + sim_pick(s, 60) * SIM_MS : UINT64_MAX,
        .len = act_size(s),
        .with_refs = true,
    };
    corbel_status status = CORBEL_OK;
    sim_ask(at, &asking, &status);
}

/** A batch: calls on any objects of one session, and on what they and others promise, each after the one before it. */
static void act_batch(sim_side *at)
{
    sim *const s = at->sim;
    const bool stops = sim_chance(s, 2);
    const uint64_t lane = 1000 + at->node->threads++, chain = ++s->chains;
    sim_call *before = NULL;
    sim_count(s, SIM_DO_BATCH);
    for (uint64_t left = 1 + sim_pick(s, 6); left > 0 && at->n_held > 0; left--) {
        const bool last = left == 1;
        const bool oneway = last && sim_chance(s, 4);
        sim_call *const promise = sim_chance(s, 3) ? sim_some_promise(at) : NULL;
        const sim_asking asking = {
            .kind = oneway ? SIM_ONEWAY : SIM_CALL,
            .keep = !oneway && sim_chance(s, 3),
            .held = promise != NULL ? NULL : &at->held[sim_pick(s, at->n_held)],
            .promise = promise,
            .lane = lane,
            .chain = chain,
            .deadline = sim_chance(s, 10) ? sim_now(at) + (1 + sim_pick(s, 60)) * SIM_MS : UINT64_MAX,
            .after = before,
            .anyway = !stops,
            .guard = stops && !last,
            .len = act_size(s),
            .with_refs = true,
        };
        corbel_status status = CORBEL_OK;
        before = sim_ask(at, &asking, &status);
        if (before == NULL || before->question == NULL) {
            return;
        }
    }
}

static void act_cancel(sim *s)
{
    if (s->n_calls > 0) {
        sim_call *const call = &s->calls[s->n_calls - 1 - sim_pick(s, s->n_calls < 30 ? s->n_calls : 30)];
        if (call->question != NULL) {
            sim_finish(call, (call->kind == SIM_CALL && !call->keep) || sim_chance(s, 2));
        }
    }
}

static void act_withdraw(sim_side *at)
{
    sim *const s = at->sim;
    sim_object *const object = &at->node->objects[sim_pick(s, SIM_OBJECTS)];
    if (!at->closed && object->holds[at->link] > 0) {
        object->gone[at->link] = true;
        sim_count(s, SIM_DO_WITHDRAW);
        sim_note(at, "withdraws object", (uint64_t)object->index, 0);
        crb_session_withdraw(at->session, object, "withdrawn");
    }
}

/** A frame of a type that nobody knows, as a newer peer may send one. */
static void act_unknown(sim_side *at)
{
    static const uint8_t message[] = { 0x05, 0xA2, 0x06, 0x02, 0x08, 0x01 }; /* field 100 */
    crb_session_input(at->session, message, sizeof message, sim_now(at));
}

/** Things to be done at the peer, whatever becomes of sessions. */
static void act_effects(sim_side *at)
{
    sim *const s = at->sim;
    for (uint64_t n = 1 + sim_pick(s, 6); n > 0; n--) {
        sim_object *const target = &at->peer->node->objects[sim_pick(s, SIM_OBJECTS)];
        const sim_promise promise = (sim_promise)sim_pick(s, SIM_PROMISES);
        sim_effect_new(at->node, target, promise, s->clock + (20 + sim_pick(s, 1500)) * SIM_MS);
    }
}

static void act_rarely(sim_side *at)
{
    sim *const s = at->sim;
    const uint64_t what = sim_pick(s, 300);
    if (what < 60) {
        act_withdraw(at);
    } else if (what < 75 && crb_session_is_open(at->session)) {
        act_unknown(at);
    } else if (what < 84) {
        crb_session_goaway(at->session);
    } else if (what < 86) {
        sim_note(at, "says goodbye", 0, 0);
        crb_session_bye(at->session, sim_now(at));
    } else if (what < 87) {
        sim_note(at, "aborts", 0, 0);
        at->aborts = true;
        crb_session_abort(at->session, "by the schedule", sim_now(at));
    } else if (what < 130) {
        crb_scripted_stall(s->links[at->link].pipe, at->end, what < 90);
    } else if (what < 133) {
        crb_scripted_cut(s->links[at->link].pipe, "cut by the schedule");
    } else if (what < 200) {
        sim_restart(at);
    }
}

static void act(sim *s)
{
    sim_node *const node = &s->nodes[sim_pick(s, (uint64_t)s->n_nodes)];
    sim_side *const at = node->sides[sim_pick(s, (uint64_t)s->n_nodes)];
    if (at == NULL) {
        sim_serve(node);
        return;
    }
    const uint64_t what = sim_pick(s, 100);
    if (what < 12) {
        sim_stream(node);
    } else if (what < 42) {
        sim_serve(node);
    } else if (what < 60) {
        act_call(at, false);
    } else if (what < 70) {
        act_call(at, true);
    } else if (what < 73) {
        act_batch(at);
        for (int i = 0; i < 2 && at->n_held > 0; i++) { /* what its calls may still wait for */
            sim_release(at, sim_pick(s, at->n_held));
        }
    } else if (what < 74) {
        act_effects(at);
    } else if (what < 77) {
        sim_bind(at, NULL, UINT64_MAX);
    } else if (what < 83) {
        if (at->n_held > 0) {
            sim_release(at, sim_pick(s, at->n_held));
        }
    } else if (what < 90) {
        act_cancel(s);
    } else {
        act_rarely(at);
    }
}

/* ---- a run ---- */

static sim *running; /* for the handler of signals */

/** An assertion of the core's, or worse. */
static void run_crashed(int number)
{
    if (running != NULL) {
        /* Raised by abort(), in this thread. NOLINTNEXTLINE(bugprone-signal-handler,cert-sig30-c) */
        (void)snprintf(running->why, sizeof running->why, "signal %d", number);
        longjmp(running->failed, 1);
    }
    _Exit(3);
}

/** False: it failed, and why and the trace stand in *s. Its digest otherwise. */
static bool run_steps(sim *s, uint64_t steps, uint64_t *ret_digest)
{
    running = s;
    if (setjmp(s->failed) != 0) {
        running = NULL;
        return false;
    }
    for (int i = 0; i < s->n_nodes; i++) {
        sim_side *const at = s->nodes[i].sides[(i + 1) % s->n_nodes];
        sim_bind(at, NULL, UINT64_MAX);
    }
    const uint64_t busy = 2 + sim_pick(s, 10);
    while (s->step < steps) {
        for (uint64_t n = sim_pick(s, busy); n > 0; n--) {
            act(s);
            sim_check(s);
        }
        sim_settle_relays(s);
        sim_effects(s);
        sim_step_one(s, sim_pick(s, 5));
        sim_step_one(s, sim_pick(s, 5));
        sim_check(s);
        if (s->step++ % SAMPLE_EVERY == 0) {
            sim_sample_states(s);
        }
    }
    sim_end(s);
    running = NULL;
    *ret_digest = s->digest;
    return true;
}

static bool run_quietly(uint64_t seed, uint64_t steps)
{
    static sim_counts counts;
    uint64_t digest = 0;
    sim *const s = sim_new(seed, &counts);
    const bool fine = s != NULL && run_steps(s, steps, &digest);
    if (fine) {
        sim_free(s); /* what failed is in no state to be freed */
    }
    return fine;
}

/** The fewest steps with which it still fails: by halves, as far as that goes. */
static uint64_t run_shrink(uint64_t seed, uint64_t steps)
{
    uint64_t fine = 0;
    while (fine + 1 < steps) {
        const uint64_t middle = fine + (steps - fine) / 2;
        if (run_quietly(seed, middle)) {
            fine = middle;
        } else {
            steps = middle;
        }
    }
    return steps;
}

static bool run_seed(uint64_t seed, sim_counts *counts)
{
    uint64_t digest = 0;
    sim *const s = sim_new(seed, counts);
    assert_non_null(s);
    if (run_steps(s, most_steps, &digest)) {
        sim_free(s);
        return true;
    }
    const uint64_t steps = run_shrink(seed, s->step + 1 < most_steps ? s->step + 1 : most_steps);
    fprintf(stderr, "seed %llu failed at step %llu: %s\n", (unsigned long long)seed, (unsigned long long)s->step, s->why);
    sim_print_trace(s);
    fprintf(stderr, "again: session_property_test %llu %llu %llu\n", (unsigned long long)seed, (unsigned long long)seed,
            (unsigned long long)steps);
    return false;
}

/* ---- tests ---- */

static void test_property(void **state)
{
    (void)state;
    static sim_counts counts;
    assert_true(first_seed > 0 && first_seed <= last_seed);
    for (uint64_t seed = first_seed; seed <= last_seed; seed++) {
        if (!run_seed(seed, &counts)) {
            fail_msg("seed %llu", (unsigned long long)seed);
        }
    }
    if (!sim_report(&counts, last_seed - first_seed + 1 >= CHECK_FLOORS)) {
        fail_msg("something occurred less often than it must");
    }
}

/** The same seed twice: the same bytes on every wire. */
static void test_runs_again(void **state)
{
    (void)state;
    static sim_counts counts;
    for (uint64_t seed = first_seed; seed <= last_seed && seed < first_seed + 5; seed++) {
        uint64_t digests[2] = { 0, 1 };
        for (int i = 0; i < 2; i++) {
            sim *const s = sim_new(seed, &counts);
            assert_non_null(s);
            assert_true(run_steps(s, most_steps, &digests[i]));
            sim_free(s);
        }
        assert_true(digests[0] == digests[1]);
    }
}

int main(int argc, char **argv)
{
    if (argc > 2) {
        first_seed = strtoull(argv[1], NULL, 10);
        last_seed = strtoull(argv[2], NULL, 10);
    }
    if (argc > 3) {
        most_steps = strtoull(argv[3], NULL, 10);
    }
    (void)signal(SIGABRT, run_crashed);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_property),
        cmocka_unit_test(test_runs_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
