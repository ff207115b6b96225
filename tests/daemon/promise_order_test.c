/** The order of calls on promises and on the references that results bring. */
#include "accounts.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { BEFORE = 60, AFTER = 40 };

/** A call that is held gives an account; calls on its promise wait for it. Whoever finishes it calls the account behind them. */
static void from_finish(promises_Branch *from, promises_Account *given)
{
    corbel_error error = CORBEL_ERROR_INIT;
    corbel_call *calls[BEFORE + AFTER];
    promises_Account *bob = NULL, *held = NULL;
    uint32_t number = 0, ret = 1;
    go_on.count = 0;
    MUST(promises_Branch_open(from, "bob", &bob, &error));
    corbel_call *const call = promises_Account_hold_begin(bob, given);
    promises_Account *const promises[2] = { promises_Account_hold_promised_given(call),
                                            promises_Account_hold_promised_given(call) };
    for (size_t i = 0; i < BEFORE; i++) {
        if (i % 4 == 3) {
            MUST(promises_Account_drop(promises[i % 3 % 2], ++number, &error));
        }
        calls[i] = promises_Account_put_begin(promises[i % 2], ++number);
    }
    probe_event_add(&go_on, 1);
    MUST(promises_Account_hold_finish(call, &held, &error));
    for (size_t i = BEFORE; i < BEFORE + AFTER; i++) {
        promises_Account *const on = i % 3 == 0 ? promises[i % 2] : held;
        if (i % 5 == 3) {
            MUST(promises_Account_drop(on, ++number, &error));
        }
        calls[i] = promises_Account_put_begin(on, ++number);
    }
    for (size_t i = 0; i < BEFORE + AFTER; i++) {
        MUST(promises_Account_put_finish(calls[i], &ret, &error));
    }
    for (size_t i = 0; i < 9; i++) {
        MUST(promises_Account_put(i % 3 == 0 ? promises[i % 2] : held, ++number, &ret, &error));
    }
    MUST(promises_Account_out_of_order(held, &ret, &error));
    assert_int_equal(ret, 0);
    assert_true(corbel_object_equal(promises_Account_as_object(held), promises_Account_as_object(promises[0])));
    assert_true(given == NULL || corbel_object_equal(promises_Account_as_object(held), promises_Account_as_object(given)));
    promises_Account_unref(held);
    promises_Account_unref(promises[0]);
    promises_Account_unref(promises[1]);
    promises_Account_unref(bob);
}

static void what_finish_gives_in_one_process(void **state)
{
    (void)state;
    for (int i = 0; i < 10; i++) {
        promises_Account *const mine = account_new(&near, "mine");
        from_finish(near.branch, i % 2 == 0 ? NULL : mine);
        promises_Account_unref(mine);
    }
}

static void what_finish_gives_of_another_process(void **state)
{
    (void)state;
    for (int i = 0; i < 10; i++) {
        from_finish(branch, NULL);
    }
}

static void what_finish_gives_of_the_callers_own(void **state)
{
    (void)state;
    for (int i = 0; i < 10; i++) {
        promises_Account *const mine = account_new(&own, "mine");
        from_finish(branch, mine);
        promises_Account_unref(mine);
    }
}

static void what_finish_gives_of_a_third_process(void **state)
{
    corbel_error error = CORBEL_ERROR_INIT;
    promises_Branch *at_far = NULL;
    promises_Account *theirs = NULL;
    (void)state;
    MUST(promises_Branch_from_uri(client, far.uri, &at_far, &error));
    for (int i = 0; i < 10; i++) {
        MUST(promises_Branch_open(at_far, "theirs", &theirs, &error));
        from_finish(branch, theirs);
        promises_Account_unref(theirs);
    }
    promises_Branch_unref(at_far);
}

/** A result that was promised and is dropped, or finished while calls on the promise wait. */
static void what_nobody_keeps(void **state)
{
    corbel_error error = CORBEL_ERROR_INIT;
    promises_Branch *const branches[] = { branch, near.branch };
    (void)state;
    for (size_t i = 0; i < LENGTH_OF(branches); i++) {
        promises_Account *bob = NULL, *held = NULL;
        go_on.count = 0;
        MUST(promises_Branch_open(branches[i], "bob", &bob, &error));
        corbel_call *const call = promises_Account_hold_begin(bob, NULL);
        promises_Account *const promise = promises_Account_hold_promised_given(call);
        corbel_call *const put = promises_Account_put_begin(promise, 1);
        probe_event_add(&go_on, 1);
        MUST(promises_Account_hold_finish(call, &held, &error));
        promises_Account_unref(held);
        promises_Account_unref(promise);
        MUST(promises_Account_put_finish(put, NULL, &error));
        promises_Account_unref(bob);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_finish_gives_in_one_process),
        cmocka_unit_test(what_finish_gives_of_another_process),
        cmocka_unit_test(what_finish_gives_of_the_callers_own),
        cmocka_unit_test(what_finish_gives_of_a_third_process),
        cmocka_unit_test(what_nobody_keeps),
    };
    return cmocka_run_group_tests(tests, accounts_set_up, accounts_tear_down);
}
