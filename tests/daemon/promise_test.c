/** Promises end to end: calls on what a call is still to return, with objects of the callee, of the caller and of a third
 * process. */
#include "accounts.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* ---- calls ---- */

static void a_promise_is_called(void **state)
{
    (void)state;
    promises_Branch *const branches[] = { branch, near.branch };
    for (size_t i = 0; i < 2; i++) {
        const uint64_t before = probe_event_count(&near.finalized);
        promises_Account *const bob = promises_Branch_open_promise(branches[i], "bob");
        assert_owner(bob, "bob");
        assert_owner(bob, "bob");
        promises_Account_unref(bob);
        assert_true(probe_event_wait(&near.finalized, before + 1));
    }
}

static void a_chain(void **state)
{
    (void)state;
    promises_Branch *const branches[] = { branch, near.branch };
    for (size_t i = 0; i < 2; i++) {
        promises_Account *account = promises_Branch_open_promise(branches[i], "bob");
        for (int step = 0; step < 16; step++) {
            promises_Account *const next = promises_Account_get_partner_promise(account);
            promises_Account_unref(account);
            account = next;
        }
        assert_owner(account, "partner");
        promises_Account_unref(account);
    }
}

static void a_promise_that_nobody_used(void **state)
{
    (void)state;
    promises_Branch *const branches[] = { branch, near.branch };
    for (size_t i = 0; i < 2; i++) {
        const uint64_t before = probe_event_count(&near.finalized);
        for (int k = 0; k < 20; k++) {
            promises_Account_unref(promises_Branch_open_promise(branches[i], "bob"));
        }
        assert_true(probe_event_wait(&near.finalized, before + 20));
    }
}

/* ---- order ---- */

enum { CALLS = 60 };

/** Numbers, begun, oneway and synchronous in turns, on a promise from before it is known until long after. */
static void numbers_in_order(promises_Account *account)
{
    corbel_error error = CORBEL_ERROR_INIT;
    corbel_call *calls[CALLS] = { NULL };
    uint32_t number = 0, ret = 1;
    for (size_t i = 0; i < CALLS; i++) {
        if (i % 3 == 1) {
            MUST(promises_Account_drop(account, ++number, &error));
        }
        calls[i] = promises_Account_put_begin(account, ++number);
    }
    for (size_t i = 0; i < CALLS; i++) {
        MUST(promises_Account_put_finish(calls[i], &ret, &error));
    }
    for (size_t i = 0; i < CALLS; i++) {
        if (i % 7 == 3) {
            calls[i] = promises_Account_put_begin(account, ++number);
        }
        MUST(promises_Account_drop(account, ++number, &error));
        MUST(promises_Account_put(account, ++number, &ret, &error));
        assert_int_equal(ret, number);
        if (i % 7 == 3) {
            MUST(promises_Account_put_finish(calls[i], &ret, &error));
        }
    }
    MUST(promises_Account_out_of_order(account, &ret, &error));
    assert_int_equal(ret, 0);
}

static void order_with_the_callees_object(void **state)
{
    (void)state;
    promises_Account *const account = promises_Branch_open_promise(branch, "bob");
    numbers_in_order(account);
    promises_Account_unref(account);
}

static void order_with_the_callers_own_object(void **state)
{
    (void)state;
    promises_Account *const mine = account_new(&own, "mine");
    promises_Account *const account = promises_Branch_mirror_promise(branch, mine);
    numbers_in_order(account);
    assert_true(corbel_object_equal(promises_Account_as_object(account), promises_Account_as_object(mine)));
    promises_Account_unref(account);
    promises_Account_unref(mine);
}

static void order_with_an_object_of_a_third_process(void **state)
{
    (void)state;
    promises_Account *const account = promises_Branch_find_promise(branch, "far");
    numbers_in_order(account);
    promises_Account_unref(account);
}

static void put_is_done(corbel_call *call, void *user)
{
    corbel_error error = CORBEL_ERROR_INIT;
    MUST(promises_Account_put_finish(call, NULL, &error));
    probe_event_add(user, 1);
}

/** Whoever reads the answer that a call waits for at a relay: the call goes on. Nobody waits in a call here, so that it is read
 * by workers, which read on afterwards. */
static void at_a_relay_that_reads(void **state)
{
    (void)state;
    corbel_error error = CORBEL_ERROR_INIT;
    promises_Account *account = NULL;
    probe_event done;
    probe_event_init(&done);
    MUST(promises_Branch_find(branch, "far", &account, &error));
    for (uint64_t i = 1; i <= 200; i++) {
        promises_Account *const partner = promises_Account_get_partner_promise(account);
        corbel_call_on_done(promises_Account_put_begin(partner, 1), put_is_done, &done);
        assert_true(probe_event_wait(&done, i));
        promises_Account_unref(partner);
    }
    promises_Account_unref(account);
}

static void order_in_one_process(void **state)
{
    (void)state;
    promises_Account *account = promises_Branch_open_promise(near.branch, "bob");
    numbers_in_order(account);
    promises_Account_unref(account);
    account = promises_Branch_find_promise(near.branch, "far");
    numbers_in_order(account);
    promises_Account_unref(account);
}

/** Nothing is known until all calls stand in line. */
static void calls_wait(void **state)
{
    corbel_error error = CORBEL_ERROR_INIT;
    (void)state;
    promises_Branch *const branches[] = { branch, near.branch };
    for (size_t i = 0; i < 2; i++) {
        corbel_call *calls[CALLS];
        uint32_t ret = 0;
        probe_event_reset(&go_on);
        promises_Account *const bob = promises_Branch_open_promise(branches[i], "bob");
        promises_Account *const late = promises_Account_later_promise(bob);
        promises_Account *const joined = promises_Account_join_promise(bob, late); /* held until late is known */
        for (uint32_t k = 0; k < CALLS; k++) {
            calls[k] = promises_Account_put_begin(late, k + 1);
        }
        for (uint32_t k = 0; k < CALLS; k++) {
            assert_false(corbel_call_wait(calls[k], 0) == CORBEL_OK);
        }
        probe_event_add(&go_on, 1);
        for (uint32_t k = 0; k < CALLS; k++) {
            MUST(promises_Account_put_finish(calls[k], &ret, &error));
            assert_int_equal(ret, k + 1);
        }
        MUST(promises_Account_out_of_order(late, &ret, &error));
        assert_int_equal(ret, 0);
        assert_owner(joined, "bob and late");
        promises_Account_unref(joined);
        promises_Account_unref(late);
        promises_Account_unref(bob);
    }
}

/* ---- failures ---- */

static void failures_name_the_step(void **state)
{
    (void)state;
    promises_Branch *const branches[] = { branch, near.branch };
    for (size_t i = 0; i < 2; i++) {
        static const char raised[] = "find of promises::Branch failed: it raised promises::NoSuchAccount";
        static const char failed[] = "find of promises::Branch failed: the books are lost";
        static const char nothing[] = "nothing of promises::Branch failed: it gave no reference";
        promises_Account *const nobody = promises_Branch_find_promise(branches[i], "nobody");
        promises_Account *const of_nobody = promises_Account_get_partner_promise(nobody);
        promises_Account *const of_that = promises_Account_get_partner_promise(of_nobody);
        assert_fails(of_that, CORBEL_UNDECLARED, raised);
        assert_fails(nobody, CORBEL_UNDECLARED, raised);
        assert_fails(of_nobody, CORBEL_UNDECLARED, raised);
        promises_Account *const later = promises_Account_get_partner_promise(of_nobody);
        assert_fails(later, CORBEL_UNDECLARED, raised);
        promises_Account *const broken = promises_Branch_find_promise(branches[i], "broken");
        promises_Account *const of_broken = promises_Account_join_promise(broken, broken);
        assert_fails(of_broken, CORBEL_FAILED, failed);
        assert_fails(broken, CORBEL_FAILED, failed);
        promises_Account *const none = promises_Branch_nothing_promise(branches[i]);
        assert_fails(none, CORBEL_NIL_REFERENCE, nothing);
        promises_Account *const of_none = promises_Account_get_partner_promise(none);
        assert_fails(of_none, CORBEL_NIL_REFERENCE, nothing);
        promises_Account_unref(of_none);
        promises_Account_unref(none);
        promises_Account_unref(of_broken);
        promises_Account_unref(broken);
        promises_Account_unref(later);
        promises_Account_unref(of_that);
        promises_Account_unref(of_nobody);
        promises_Account_unref(nobody);
    }
    promises_Account *const nil = promises_Account_get_partner_promise(NULL);
    assert_non_null(nil);
    assert_fails(nil, CORBEL_NIL_REFERENCE, "promises::Account::get_owner called on what a call on a NULL reference promised");
    promises_Account_unref(nil);
}

/** As an argument, before and after it is known to have failed. */
static void a_failed_argument(void **state)
{
    (void)state;
    promises_Branch *const branches[] = { branch, near.branch };
    for (size_t i = 0; i < 2; i++) {
        corbel_error error = CORBEL_ERROR_INIT;
        char *name = NULL;
        promises_Account *const broken = promises_Branch_find_promise(branches[i], "broken");
        for (int k = 0; k < 3; k++) {
            assert_int_equal(promises_Branch_name_of(branches[i], broken, &name, &error), CORBEL_FAILED);
            assert_non_null(strstr(error.message, "find of promises::Branch failed: the books are lost"));
            corbel_error_clear(&error);
        }
        promises_Account_unref(broken);
    }
}

static void the_session_ends(void **state)
{
    corbel_error error = CORBEL_ERROR_INIT;
    place gone;
    promises_Branch *there = NULL;
    uint32_t ret = 0;
    (void)state;
    memset(&gone, 0, sizeof gone);
    probe_event_reset(&go_on);
    place_start(&gone);
    MUST(promises_Branch_from_uri(client, gone.uri, &there, &error));
    promises_Account *const bob = promises_Branch_open_promise(there, "bob");
    assert_owner(bob, "bob");
    promises_Account *const late = promises_Account_later_promise(bob);
    corbel_call *const put = promises_Account_put_begin(late, 1);
    probe_event_add(&go_on, 1);
    place_stop(&gone);
    const corbel_status status = promises_Account_put_finish(put, &ret, &error);
    corbel_error_clear(&error);
    assert_true(status == CORBEL_OK || status == CORBEL_GONE || status == CORBEL_DRAINING);
    assert_int_not_equal(promises_Account_put(late, 2, &ret, &error), CORBEL_OK);
    assert_int_equal(error.completion, CORBEL_COMPLETED_NO);
    corbel_error_clear(&error);
    promises_Account_unref(late);
    promises_Account_unref(bob);
    promises_Branch_unref(there);
    atomic_fetch_sub(&made, probe_event_count(&gone.finalized)); /* place_stop() has waited for them */
}

/* ---- parts of results ---- */

static void parts_of_a_result(void **state)
{
    corbel_error error = CORBEL_ERROR_INIT;
    (void)state;
    promises_Branch *const branches[] = { branch, near.branch };
    for (size_t i = 0; i < 2; i++) {
        for (int late = 0; late < 2; late++) {
            promises_Account *const bob = promises_Branch_open_promise(branches[i], "bob"), *keeper = NULL;
            promises_Profile *profile = NULL;
            corbel_call *const call = promises_Account_profile_begin(bob);
            if (late == 1) {
                assert_int_equal(corbel_call_wait(call, 20000), CORBEL_OK);
            }
            promises_Account *const parts[] = { promises_Account_profile_promised_main_account(call),
                                                promises_Account_profile_promised_others_first(call),
                                                promises_Account_profile_promised_keeper(call) };
            promises_Account *const second = promises_Account_profile_promised_others_second(call);
            assert_owner(parts[0], "main");
            assert_owner(parts[1], "first");
            MUST(promises_Account_profile_finish(call, &keeper, &profile, &error));
            assert_owner(parts[2], "keeper");
            assert_owner(keeper, "keeper");
            assert_true(corbel_object_equal(promises_Account_as_object(parts[2]), promises_Account_as_object(keeper)));
            assert_owner(profile->main_account, "main");
            assert_fails(second, CORBEL_NIL_REFERENCE, "profile of promises::Account failed: it gave no reference");
            promises_Profile_free(profile);
            promises_Account_unref(keeper);
            assert_owner(parts[1], "first");
            for (size_t k = 0; k < 3; k++) {
                promises_Account_unref(parts[k]);
            }
            promises_Account_unref(second);
            promises_Account_unref(bob);
        }
    }
}

/** The call is dropped under its promise. */
static void a_dropped_call(void **state)
{
    (void)state;
    probe_event_reset(&go_on);
    probe_event_add(&go_on, 1);
    promises_Account *const bob = promises_Branch_open_promise(branch, "bob");
    corbel_call *call = promises_Account_profile_begin(bob);
    promises_Account *const part = promises_Account_profile_promised_main_account(call);
    corbel_call_drop(call);
    corbel_error error = CORBEL_ERROR_INIT;
    char *owner = NULL;
    const corbel_status status = promises_Account_get_owner(part, &owner, &error);
    assert_true(status == CORBEL_OK || status == CORBEL_CANCELLED);
    corbel_error_clear(&error);
    corbel_string_free(owner);
    promises_Account_unref(part);
    promises_Account_unref(bob);
}

/* ---- promises that are passed ---- */

static void promises_are_passed(void **state)
{
    corbel_error error = CORBEL_ERROR_INIT;
    promises_Branch *at_far = NULL;
    char *name = NULL;
    (void)state;
    probe_event_reset(&go_on);
    probe_event_add(&go_on, 1);
    MUST(promises_Branch_from_uri(client, far.uri, &at_far, &error));
    promises_Branch *const from[] = { branch, near.branch, at_far };
    promises_Branch *const to[] = { branch, at_far, near.branch };
    for (size_t i = 0; i < LENGTH_OF(from); i++) {
        for (size_t k = 0; k < LENGTH_OF(to); k++) {
            if ((from[i] == near.branch) != (to[k] == near.branch)) {
                continue; /* of another runtime */
            }
            promises_Account *const bob = promises_Branch_open_promise(from[i], "bob");
            MUST(promises_Branch_name_of(to[k], bob, &name, &error));
            assert_string_equal(name, "bob");
            corbel_string_free(name);
            promises_Account *const back = promises_Branch_mirror_promise(to[k], bob);
            assert_owner(back, "bob");
            MUST(promises_Branch_name_of(to[k], back, &name, &error));
            assert_string_equal(name, "bob");
            corbel_string_free(name);
            promises_Account_unref(back);
            promises_Account_unref(bob);
        }
    }
    promises_Branch_unref(at_far);
}

static void what_else_a_promise_is(void **state)
{
    corbel_error error = CORBEL_ERROR_INIT;
    (void)state;
    probe_event_reset(&go_on);
    promises_Account *const bob = promises_Branch_open_promise(branch, "bob");
    promises_Account *const late = promises_Account_later_promise(bob);
    char *uri = NULL;
    assert_int_equal(corbel_object_to_uri(promises_Account_as_object(late), &uri, &error), CORBEL_NOT_FOUND);
    corbel_error_clear(&error);
    assert_true(corbel_object_equal(promises_Account_as_object(late), promises_Account_as_object(late)));
    assert_false(corbel_object_equal(promises_Account_as_object(late), promises_Account_as_object(bob)));
    corbel_options options = CORBEL_OPTIONS_INIT;
    options.deadline_ms = 60;
    promises_Account *const hurried = promises_Account_with(late, &options);
    char *owner = NULL;
    assert_int_equal(promises_Account_get_owner(hurried, &owner, &error), CORBEL_DEADLINE);
    corbel_error_clear(&error);
    probe_event_add(&go_on, 1);
    promises_Account *cast = NULL;
    MUST(promises_Account_cast(promises_Account_as_object(late), &cast, &error));
    assert_owner(cast, "late");
    promises_Account_unref(cast);
    promises_Account_unref(hurried);
    promises_Account_unref(late);
    promises_Account_unref(bob);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_promise_is_called),
        cmocka_unit_test(a_chain),
        cmocka_unit_test(a_promise_that_nobody_used),
        cmocka_unit_test(order_with_the_callees_object),
        cmocka_unit_test(order_with_the_callers_own_object),
        cmocka_unit_test(order_with_an_object_of_a_third_process),
        cmocka_unit_test(at_a_relay_that_reads),
        cmocka_unit_test(order_in_one_process),
        cmocka_unit_test(calls_wait),
        cmocka_unit_test(failures_name_the_step),
        cmocka_unit_test(a_failed_argument),
        cmocka_unit_test(the_session_ends),
        cmocka_unit_test(parts_of_a_result),
        cmocka_unit_test(a_dropped_call),
        cmocka_unit_test(promises_are_passed),
        cmocka_unit_test(what_else_a_promise_is),
    };
    return cmocka_run_group_tests(tests, accounts_set_up, accounts_tear_down);
}
