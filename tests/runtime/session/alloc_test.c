/* Every allocation of an exchange fails once: no crash, no leak, every question complete, every completion true. */
#include "tests/runtime/session/exchange.h"
#include "tests/runtime/support/alloc_fail.h"

/** Returns whether the n-th allocation was reached. */
static bool alloc_run(size_t n, size_t large, bool *ret_whole)
{
    const size_t before = alloc_fail_live();
    alloc_fail_at(n);
    world *const w = world_new(NULL, NULL, NULL);
    *ret_whole = false;
    if (w != NULL) {
        *ret_whole = exchange(w, large);
        if (!crb_scripted_is_over(w->pipe)) {
            crb_session_withdraw(w->sides[0].session, &w->sides[0].objects[1], "withdrawn");
            world_run(w, 20);
            crb_session_bye(w->sides[0].session, world_now(w));
            world_run(w, 2000);
        }
        if (!crb_scripted_is_over(w->pipe)) {
            crb_scripted_cut(w->pipe, "the end");
        }
    }
    const bool reached = alloc_fail_end();
    if (w != NULL) {
        world_check_over(w);
        world_check_tables_empty(w);
        world_free(w);
    }
    assert_int_equal(alloc_fail_live(), before);
    return reached;
}

static void test_every_allocation_fails_once(void **state)
{
    (void)state;
    static const size_t sizes[] = { 100, 60000 };
    for (size_t i = 0; i < LENGTH_OF(sizes); i++) {
        bool whole = false;
        size_t n = 0;
        while (alloc_run(n, sizes[i], &whole)) {
            n++;
        }
        assert_true(whole);
        assert_true(n > 100);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_allocation_fails_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
