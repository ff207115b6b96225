/* One exchange (a bind, a pipelined call, a call with a callback inside, a large call, a oneway, a release, a cancelled call) cut
 * after every single byte, each way: every question completes exactly once and truthfully, and nothing is left. */
#include "tests/runtime/session/exchange.h"

#include <stdlib.h>

enum { CUT_LARGE = 40000 };

/** The bytes of a whole exchange each way. */
static void cut_measure(size_t large, uint64_t bytes[2])
{
    world *const w = world_new(NULL, NULL, NULL);
    assert_true(exchange(w, large));
    bytes[0] = crb_scripted_arrived(w->pipe, 0);
    bytes[1] = crb_scripted_arrived(w->pipe, 1);
    world_check_and_free(w);
}

/** Counts calls that ended in MAYBE: those not entered, those entered. */
static void cut_after(int direction, uint64_t cut, size_t large, size_t maybe[2])
{
    crb_script script = CRB_SCRIPT_INIT;
    script.cut_after[direction] = cut;
    world *const w = world_new(NULL, NULL, &script);
    assert_false(exchange(w, large));
    if (!crb_scripted_is_over(w->pipe)) {
        crb_scripted_cut(w->pipe, "nothing came");
    }
    world_check_over(w);
    world_check_tables_empty(w);
    for (size_t i = 0; i < w->n_asked; i++) {
        const asked *const a = &w->asked[i];
        if (!a->oneway && a->outcome == CRB_OUTCOME_ERROR && a->completion == CORBEL_COMPLETED_MAYBE) {
            maybe[a->entered]++;
        }
    }
    world_free(w);
}

static void test_cut_at_every_byte(void **state)
{
    (void)state;
    uint64_t bytes[2];
    size_t maybe[2] = { 0, 0 };
    cut_measure(100, bytes);
    assert_true(bytes[0] > 500 && bytes[1] > 300);
    for (int direction = 0; direction < 2; direction++) {
        for (uint64_t cut = 0; cut < bytes[direction]; cut++) {
            cut_after(direction, cut, 100, maybe);
        }
    }
    /* It was a real doubt: both happened. */
    assert_true(maybe[0] > 0 && maybe[1] > 0);
}

static void test_cut_in_large_bodies(void **state)
{
    (void)state;
    uint64_t bytes[2];
    size_t maybe[2] = { 0, 0 };
    cut_measure(CUT_LARGE, bytes);
    assert_true(bytes[0] > CUT_LARGE && bytes[1] > CUT_LARGE);
    for (int direction = 0; direction < 2; direction++) {
        for (uint64_t cut = 500; cut < bytes[direction]; cut += 61) {
            cut_after(direction, cut, CUT_LARGE, maybe);
        }
    }
    assert_true(maybe[0] > 0 && maybe[1] > 0);
}

/** How the completion of a call that broke follows from how far it came. */
static void test_completion_table(void **state)
{
    (void)state;
    enum far { UNSENT, SENT, ARRIVED, ENTERED, RETURNED_HALF, FAR };
    enum end { LOST, BYE, ABORT, CANCEL, DEADLINE, ENDS };
    static const corbel_completion expected[FAR][ENDS] = {
        [UNSENT] = { CORBEL_COMPLETED_NO, CORBEL_COMPLETED_NO, CORBEL_COMPLETED_NO, CORBEL_COMPLETED_NO, CORBEL_COMPLETED_NO },
        [SENT] = { CORBEL_COMPLETED_MAYBE, CORBEL_COMPLETED_NO, CORBEL_COMPLETED_NO, CORBEL_COMPLETED_MAYBE,
                   CORBEL_COMPLETED_MAYBE },
        [ARRIVED] = { CORBEL_COMPLETED_MAYBE, CORBEL_COMPLETED_MAYBE, CORBEL_COMPLETED_MAYBE, CORBEL_COMPLETED_MAYBE,
                      CORBEL_COMPLETED_MAYBE },
        [ENTERED] = { CORBEL_COMPLETED_MAYBE, CORBEL_COMPLETED_MAYBE, CORBEL_COMPLETED_MAYBE, CORBEL_COMPLETED_MAYBE,
                      CORBEL_COMPLETED_MAYBE },
        [RETURNED_HALF] = { CORBEL_COMPLETED_YES, CORBEL_COMPLETED_YES, CORBEL_COMPLETED_YES, CORBEL_COMPLETED_YES,
                            CORBEL_COMPLETED_YES },
    };
    size_t rows = 0;
    for (int far = 0; far < FAR; far++) {
        for (int end = 0; end < ENDS; end++, rows++) {
            world *const w = world_new(NULL, NULL, NULL);
            side *const server = &w->sides[1];
            crb_import *const object = world_open_and_bind(w);
            asked *const a = world_call(&w->sides[0], &(call_options) { .target = object, .deadline_ms = 100 }, NULL);
            if (far >= SENT) {
                crb_scripted_step(w->pipe, world_now(w)); /* pulled, on its way */
            }
            if (far >= ARRIVED) {
                world_run(w, 5);
            }
            if (far == ENTERED) {
                world_enter(server, world_next(server));
            }
            if (far == RETURNED_HALF) {
                world_return(server, world_next(server), 4 << 20, NULL, 0);
                crb_scripted_stall(w->pipe, 0, true);
                world_run(w, 5);
            }
            switch ((enum end)end) {
            case LOST:
                crb_scripted_cut(w->pipe, "cut");
                break;
            case BYE:
                crb_session_bye(server->session, world_now(w));
                break;
            case ABORT:
                crb_session_abort(server->session, "aborted", world_now(w));
                break;
            case CANCEL:
                world_finish(a, true);
                break;
            case DEADLINE:
                if (far == UNSENT) {
                    crb_session_tick(w->sides[0].session, world_now(w) + 100 * MS);
                }
                break;
            case ENDS:
                break;
            }
            world_events(w);
            if (!a->done) {
                world_run(w, 2000);
            }
            assert_true(a->done);
            assert_int_equal(a->outcome, CRB_OUTCOME_ERROR);
            if (a->completion != expected[far][end]) {
                fail_msg("far %d, end %d: completion %d, not %d", far, end, (int)a->completion, (int)expected[far][end]);
            }
            world_free(w);
        }
    }
    assert_int_equal(rows, 25);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cut_at_every_byte),
        cmocka_unit_test(test_cut_in_large_bodies),
        cmocka_unit_test(test_completion_table),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
