/* Runs over the scripted transport whose session is cut after a random byte, once it is up: two peers who want things done of
 * each other, and make attempts by the rules of retries on one session after the other. A plain operation runs at most once, and
 * what its caller is told is true; an @idempotent one succeeds, and one with a key (@once) happens exactly once.
 *
 * usage: session_cut_runs_test [FIRST LAST]
 * See sim.h; what holds of effects is checked in sim_effect.c. */
#include "tests/runtime/session/property/sim.h"

#include "tests/runtime/support/test.h"

#include <stdio.h>
#include <stdlib.h>

enum { CUT_WITHIN = 4000, CUT_STEPS = 20000, CUT_OPEN = 10 };

static uint64_t first_seed = 1, last_seed = 300;

/** How effects ended: by what they promise, what was told, and how often they happened. */
typedef struct cut_sums {
    uint64_t told[SIM_PROMISES][4][3];
} cut_sums;

/** More at once would be more than a session may have repeated. */
static bool cut_may_want(const sim *s)
{
    unsigned open = 0;
    for (uint32_t i = 0; i < s->n_effects; i++) {
        open += !s->effects[i].over;
    }
    return open < CUT_OPEN;
}

static void cut_act(sim *s)
{
    sim_node *const node = &s->nodes[sim_pick(s, 2)];
    if (cut_may_want(s) && sim_chance(s, 3)) {
        const sim_promise promise = (sim_promise)sim_pick(s, SIM_PROMISES);
        sim_object *const target = &s->nodes[1 - node->index].objects[sim_pick(s, SIM_OBJECTS)];
        sim_effect_new(node, target, promise, s->clock + 60000 * SIM_MS);
    } else {
        sim_serve(node);
    }
}

/** False: it failed, and why stands in *s. */
static bool cut_run(sim *s)
{
    if (setjmp(s->failed) != 0) {
        return false;
    }
    const sim_link *const link = &s->links[0];
    const crb_scripted *const pipe = link->pipe;
    bool up = false;
    while (!up && !crb_scripted_is_over(pipe)) {
        sim_step_one(s, 1);
        up = crb_session_is_open(link->sides[0].session) && crb_session_is_open(link->sides[1].session);
    }
    SIM_CHECK(s, up, "it was cut before it was up");
    while (s->step < CUT_STEPS && !crb_scripted_is_over(pipe)) {
        cut_act(s);
        sim_effects(s);
        sim_step_one(s, sim_pick(s, 3));
        sim_check(s);
        s->step++;
        if (s->n_effects == SIM_EFFECTS) { /* it was a long way to the cut */
            crb_scripted_cut(s->links[0].pipe, "nothing more comes");
        }
    }
    SIM_CHECK(s, crb_scripted_is_over(pipe), "it was not cut");
    sim_end(s);
    return true;
}

static void cut_sum(const sim *s, cut_sums *sums)
{
    for (uint32_t i = 0; i < s->n_effects; i++) {
        const sim_effect *const effect = &s->effects[i];
        const int told = effect->status == CORBEL_OK ? 3 : (int)effect->completion;
        sums->told[effect->promise][told][effect->entered > 2 ? 2 : effect->entered]++;
    }
}

static void cut_print(const cut_sums *sums, const sim_counts *counts)
{
    static const char *const told[4] = {
        [CORBEL_COMPLETED_NO] = "NO", [CORBEL_COMPLETED_YES] = "YES", [CORBEL_COMPLETED_MAYBE] = "MAYBE", "its result"
    };
    printf("%llu runs, %llu sessions cut, %llu made anew, %llu attempts repeated\n", (unsigned long long)counts->runs,
           (unsigned long long)counts->doings[SIM_DO_CUT], (unsigned long long)counts->doings[SIM_DO_RESTART],
           (unsigned long long)counts->doings[SIM_DO_AGAIN]);
    for (int promise = 0; promise < SIM_PROMISES; promise++) {
        for (int i = 0; i < 4; i++) {
            const uint64_t *const n = sums->told[promise][i];
            if (n[0] + n[1] + n[2] > 0) {
                printf("%-12s told %-10s happened never %7llu, once %7llu, more often %7llu\n",
                       sim_promise_name((sim_promise)promise), told[i], (unsigned long long)n[0], (unsigned long long)n[1],
                       (unsigned long long)n[2]);
            }
        }
    }
}

static void test_cut_runs(void **state)
{
    (void)state;
    static sim_counts counts;
    static cut_sums sums;
    for (uint64_t seed = first_seed; seed <= last_seed; seed++) {
        sim *const s = sim_new_cut(seed, CUT_WITHIN, &counts);
        assert_non_null(s);
        if (!cut_run(s)) {
            fprintf(stderr, "seed %llu failed at step %llu: %s\n", (unsigned long long)seed, (unsigned long long)s->step, s->why);
            sim_print_trace(s);
            fprintf(stderr, "again: session_cut_runs_test %llu %llu\n", (unsigned long long)seed, (unsigned long long)seed);
            fail_msg("seed %llu", (unsigned long long)seed);
        }
        cut_sum(s, &sums);
        sim_free(s);
    }
    cut_print(&sums, &counts);
    const uint64_t n = last_seed - first_seed + 1;
    assert_true(counts.doings[SIM_DO_CUT] >= n); /* each at least once */
    if (n >= 100) {
        const uint64_t *const doubt = sums.told[SIM_PLAIN][CORBEL_COMPLETED_MAYBE];
        assert_true(doubt[0] > 0 && doubt[1] > 0);
        assert_true(sums.told[SIM_IDEMPOTENT][3][2] > 0); /* some ran again */
        const uint64_t *const once = sums.told[SIM_ONCE][3];
        assert_true(once[0] == 0 && once[1] > 0 && once[2] == 0);
    }
}

int main(int argc, char **argv)
{
    if (argc > 2) {
        first_seed = strtoull(argv[1], NULL, 10);
        last_seed = strtoull(argv[2], NULL, 10);
    }
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_cut_runs) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
