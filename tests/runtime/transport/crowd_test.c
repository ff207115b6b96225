/* Who may come in, and who has to go: the book-keeping alone, with a clock made of numbers. */
#include "runtime/transport/crowd.h"
#include "tests/runtime/support/test.h"

#include <stdlib.h>

static crb_origin_key key_of(uint8_t number)
{
    return (crb_origin_key) { { 2, 10, 0, 0, number } };
}

static void enter(crb_crowd *crowd, crb_member *member, uint8_t from, uint64_t now)
{
    const crb_origin_key key = key_of(from);
    assert_null(crb_crowd_refuses(crowd, &key));
    assert_true(crb_crowd_enter(crowd, member, &key, now));
}

static void expect_victim(const crb_crowd *crowd, bool others_wait, const crb_member *victim, uint64_t when)
{
    uint64_t got = 0;
    assert_ptr_equal(crb_crowd_victim(crowd, others_wait, &got), victim);
    assert_true(victim == NULL || got == when);
}

static void nothing_is_limited_by_zeros(void **state)
{
    (void)state;
    crb_crowd crowd;
    static crb_member members[100];
    crb_crowd_init(&crowd, &(crb_crowd_limits) { 0 });
    for (size_t i = 0; i < LENGTH_OF(members); i++) {
        enter(&crowd, &members[i], 1, i);
    }
    assert_false(crb_crowd_is_full(&crowd));
    expect_victim(&crowd, true, NULL, 0);
    for (size_t i = 0; i < LENGTH_OF(members); i++) {
        crb_crowd_leave(&crowd, &members[i]);
        crb_crowd_leave(&crowd, &members[i]);
    }
    assert_int_equal(crowd.n_all, 0);
    assert_null(crowd.origins);
    assert_null(crowd.first);
    assert_null(crowd.last);
}

/** One that is alone from its address outlasts the oldest of many from another, though it is older itself. */
static void the_crowded_address_pays(void **state)
{
    (void)state;
    crb_crowd crowd;
    crb_member lone, many[3];
    crb_crowd_init(&crowd, &(crb_crowd_limits) { .max_silent = 4, .grace_ns = 10 });
    enter(&crowd, &lone, 1, 100);
    for (size_t i = 0; i < 3; i++) {
        enter(&crowd, &many[i], 2, 200 + i);
    }
    assert_true(crb_crowd_is_full(&crowd));
    expect_victim(&crowd, false, NULL, 0);
    expect_victim(&crowd, true, &many[0], 210);
    crb_crowd_spoke(&crowd, &many[0]);
    crb_crowd_spoke(&crowd, &many[0]);
    assert_false(crb_crowd_is_full(&crowd));
    expect_victim(&crowd, true, NULL, 0);
    assert_int_equal(crowd.n_all, 4);
    crb_crowd_leave(&crowd, &many[0]);
    crb_crowd_leave(&crowd, &many[2]);
    assert_int_equal(crowd.n_all, 2);
    crb_member equal[2];
    enter(&crowd, &equal[0], 3, 300);
    enter(&crowd, &equal[1], 4, 301);
    expect_victim(&crowd, true, &lone, 110); /* all have one: the oldest */
    crb_crowd_leave(&crowd, &lone);
    crb_crowd_leave(&crowd, &many[1]);
    crb_crowd_leave(&crowd, &equal[0]);
    crb_crowd_leave(&crowd, &equal[1]);
    assert_null(crowd.origins);
}

static void one_address_alone_may_have_too_many(void **state)
{
    (void)state;
    crb_crowd crowd;
    crb_member members[6];
    crb_crowd_init(&crowd, &(crb_crowd_limits) { .max_silent = 100, .max_silent_per_origin = 2, .grace_ns = UINT64_MAX });
    enter(&crowd, &members[0], 1, 1);
    enter(&crowd, &members[1], 2, 2);
    enter(&crowd, &members[2], 2, 3);
    expect_victim(&crowd, false, NULL, 0);
    enter(&crowd, &members[3], 2, 4);
    expect_victim(&crowd, false, &members[1], UINT64_MAX);
    for (size_t i = 0; i < 4; i++) {
        crb_crowd_leave(&crowd, &members[i]);
    }
    assert_null(crowd.origins);
}

static void sessions_are_counted_in_all_and_per_address(void **state)
{
    (void)state;
    crb_crowd crowd;
    crb_member members[3];
    const crb_origin_key first = key_of(1), second = key_of(2);
    crb_crowd_init(&crowd, &(crb_crowd_limits) { .max_all = 3, .max_all_per_origin = 2 });
    enter(&crowd, &members[0], 1, 1);
    enter(&crowd, &members[1], 1, 2);
    crb_crowd_spoke(&crowd, &members[0]);
    assert_string_equal(crb_crowd_refuses(&crowd, &first), "too many sessions from there");
    enter(&crowd, &members[2], 2, 3);
    assert_string_equal(crb_crowd_refuses(&crowd, &second), "too many sessions");
    crb_crowd_leave(&crowd, &members[0]);
    assert_null(crb_crowd_refuses(&crowd, &first));
    crb_crowd_leave(&crowd, &members[1]);
    crb_crowd_leave(&crowd, &members[2]);
    assert_null(crowd.origins);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_limited_by_zeros),
        cmocka_unit_test(the_crowded_address_pays),
        cmocka_unit_test(one_address_alone_may_have_too_many),
        cmocka_unit_test(sessions_are_counted_in_all_and_per_address),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
