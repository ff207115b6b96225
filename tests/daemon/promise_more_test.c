/** Promises together with other ways to call: streams, raw messages, calls inside calls. */
#include "accounts.h"

#include "runtime/base/clock.h"
#include "runtime/call/target.h"

#include <corbel/dynamic.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static promises_Branch *branches[2];

static int set_up(void **state)
{
    const int failed = accounts_set_up(state);
    branches[0] = branch;
    branches[1] = near.branch;
    return failed;
}

/* ---- streams ---- */

/** A call with a stream goes the way of its promise, before and after that is known. */
static void streams_on_a_promise(void **state)
{
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        corbel_error error = CORBEL_ERROR_INIT;
        go_on.count = 0;
        promises_Account *bob = NULL;
        MUST(promises_Branch_open(branches[i], "bob", &bob, &error));
        promises_Account *const late = promises_Account_later_promise(bob);
        for (int round = 0; round < 2; round++) {
            corbel_uint32_stream *numbers = NULL;
            promises_Account_stream *accounts = NULL;
            char *names = NULL;
            uint32_t number = 0, n = 0;
            corbel_call *const count = promises_Account_count_begin(late, 20000, &numbers);
            corbel_call *const named = promises_Account_names_begin(late, &accounts);
            for (int k = 0; k < 3; k++) {
                assert_true(promises_Account_stream_put(accounts, bob));
            }
            probe_event_add(&go_on, 1);
            while (corbel_uint32_stream_next(numbers, &number)) {
                assert_int_equal(number, ++n);
            }
            MUST(promises_Account_count_finish(count, &error));
            assert_int_equal(n, 20000);
            MUST(promises_Account_names_finish(named, &names, &error));
            assert_string_equal(names, " bob bob bob");
            corbel_string_free(names);
        }
        promises_Account_unref(late);
        promises_Account_unref(bob);
    }
}

static void streams_on_a_promise_that_fails(void **state)
{
    static const char why[] = "find of promises::Branch failed: the books are lost";
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        promises_Account *const broken = promises_Branch_find_promise(branches[i], "broken");
        for (int round = 0; round < 2; round++) {
            corbel_error error = CORBEL_ERROR_INIT;
            corbel_uint32_stream *numbers = NULL;
            promises_Account_stream *accounts = NULL;
            char *names = NULL;
            uint32_t number = 0;
            corbel_call *const count = promises_Account_count_begin(broken, 5, &numbers);
            assert_false(corbel_uint32_stream_next(numbers, &number));
            assert_int_equal(promises_Account_count_finish(count, &error), CORBEL_FAILED);
            assert_non_null(strstr(error.message, why));
            assert_int_equal(error.completion, CORBEL_COMPLETED_NO);
            corbel_error_clear(&error);
            corbel_call *const named = promises_Account_names_begin(broken, &accounts);
            assert_int_equal(promises_Account_names_finish(named, &names, &error), CORBEL_FAILED);
            corbel_error_clear(&error);
        }
        promises_Account_unref(broken);
    }
}

/** A promise in an item is passed as an object of the caller's, who passes calls on: there is no call whose arguments could wait.
 */
static void promises_in_items(void **state)
{
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        corbel_error error = CORBEL_ERROR_INIT;
        promises_Account_stream *accounts = NULL;
        promises_Account *bob = NULL;
        char *names = NULL;
        go_on.count = 0;
        MUST(promises_Branch_open(branches[i], "bob", &bob, &error));
        promises_Account *const late = promises_Account_later_promise(bob);
        promises_Account *const eve = promises_Branch_open_promise(branches[i], "eve");
        corbel_call *call = promises_Account_names_begin(bob, &accounts);
        assert_true(promises_Account_stream_put(accounts, late));
        assert_true(promises_Account_stream_put(accounts, eve));
        promises_Account_unref(eve);
        probe_event_add(&go_on, 1);
        assert_true(promises_Account_stream_put(accounts, late));
        MUST(promises_Account_names_finish(call, &names, &error));
        assert_string_equal(names, " late eve late");
        corbel_string_free(names);
        promises_Account *const broken = promises_Branch_find_promise(branches[i], "broken");
        char *owner = NULL;
        assert_int_equal(promises_Account_get_owner(broken, &owner, &error), CORBEL_FAILED);
        call = promises_Account_names_begin(bob, &accounts);
        assert_false(promises_Account_stream_put(accounts, broken));
        assert_int_equal(promises_Account_names_finish(call, &names, &error), CORBEL_FAILED);
        assert_non_null(strstr(error.message, "find of promises::Branch failed: the books are lost"));
        corbel_error_clear(&error);
        promises_Account_unref(broken);
        promises_Account_unref(late);
        promises_Account_unref(bob);
    }
}

/* ---- raw messages ---- */

static void assert_named(corbel_object *to, corbel_object *account, const char *expected)
{
    static const uint8_t first[] = { 0x08, 0x07 }; /* the argument is the reference with the tag 7 */
    const corbel_tagged tagged = { 7, account, NULL };
    const corbel_message message = { { sizeof first, first }, 1, &tagged };
    corbel_message ret = CORBEL_MESSAGE_INIT;
    corbel_error error = CORBEL_ERROR_INIT;
    MUST(corbel_raw_call(to, "promises::Branch", "name_of", false, &message, &ret, &error));
    assert_int_equal(ret.body.len, 2 + strlen(expected));
    assert_memory_equal(ret.body.items + 2, expected, strlen(expected));
    corbel_message_clear(&ret);
}

static void promises_in_raw_messages(void **state)
{
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        corbel_error error = CORBEL_ERROR_INIT;
        promises_Account *bob = NULL;
        corbel_message ret = CORBEL_MESSAGE_INIT;
        go_on.count = 0;
        MUST(promises_Branch_open(branches[i], "bob", &bob, &error));
        promises_Account *const late = promises_Account_later_promise(bob);
        corbel_call *const call = corbel_raw_begin(promises_Account_as_object(late), "promises::Account", "get_owner", NULL);
        probe_event_add(&go_on, 1);
        assert_named(promises_Branch_as_object(branches[i]), promises_Account_as_object(late), "late");
        assert_named(promises_Branch_as_object(branches[i]), promises_Account_as_object(late), "late");
        probe_must(corbel_raw_finish(call, &ret, &error), &error, "get_owner");
        assert_int_equal(ret.body.len, 6);
        assert_memory_equal(ret.body.items + 2, "late", 4);
        corbel_message_clear(&ret);
        promises_Account_unref(late);
        promises_Account_unref(bob);
    }
}

/* ---- calls inside calls ---- */

static void *tell_to_go_on(void *argument)
{
    promises_Account *const late = argument;
    crb_target *const promise = promises_Account_as_object(late)->target;
    const uint64_t until = crb_now() + 20 * CRB_SECOND * probe_slow;
    bool called = false;
    while (!called && crb_now() < until) {
        pthread_mutex_lock(promise->promise.guard);
        called = promise->promise.unanswered > 0;
        pthread_mutex_unlock(promise->promise.guard);
        (void)usleep(1000);
    }
    probe_event_add(&go_on, 1);
    return NULL;
}

/** A thread that waits for a call in this process runs it itself, and what that calls on a promise must not wait for what the
 * thread was about to run. */
static void a_servant_waits_for_a_promise(void **state)
{
    corbel_error error = CORBEL_ERROR_INIT;
    corbel_options options = CORBEL_OPTIONS_INIT;
    promises_Account *bob = NULL;
    pthread_t thread;
    char *name = NULL;
    (void)state;
    go_on.count = 0;
    options.lane = corbel_lane_new(); /* calls in a lane that others may share are queued */
    options.deadline_ms = 20000 * probe_slow;
    promises_Branch *const queued = promises_Branch_with(near.branch, &options);
    MUST(promises_Branch_open(near.branch, "bob", &bob, &error));
    promises_Account *const late = promises_Account_later_promise(bob);
    assert_int_equal(pthread_create(&thread, NULL, tell_to_go_on, late), 0);
    MUST(promises_Branch_name_of(queued, late, &name, &error));
    assert_string_equal(name, "late");
    pthread_join(thread, NULL);
    corbel_string_free(name);
    corbel_lane_unref(options.lane);
    promises_Branch_unref(queued);
    promises_Account_unref(late);
    promises_Account_unref(bob);
}

/** No thread but this one runs anything: it runs what its calls on promises need. */
static void without_workers(void **state)
{
    corbel_error error = CORBEL_ERROR_INIT;
    corbel_runtime_options options = CORBEL_RUNTIME_OPTIONS_INIT;
    corbel_options hurried = CORBEL_OPTIONS_INIT;
    place alone = { .uri = NULL };
    uint32_t ret = 0;
    (void)state;
    options.user_dispatch = true;
    hurried.deadline_ms = 10000 * probe_slow;
    probe_event_init(&alone.finalized);
    MUST(corbel_runtime_new(&options, &alone.runtime, &error));
    alone.branch = branch_new(&alone);
    const uint64_t before = atomic_load(&made);
    for (int steps = 0; steps < 12; steps++) {
        promises_Account *account = promises_Branch_open_promise(alone.branch, "bob");
        for (int i = 0; i < steps; i++) {
            promises_Account *const next = promises_Account_get_partner_promise(account);
            promises_Account_unref(account);
            account = next;
        }
        promises_Account *const with = promises_Account_with(account, &hurried);
        corbel_call *const put = promises_Account_put_begin(with, 1);
        assert_owner(with, steps == 0 ? "bob" : "partner");
        MUST(promises_Account_put_finish(put, &ret, &error));
        promises_Account_unref(account);
        promises_Account_unref(with);
    }
    for (int steps = 0; steps < 12; steps++) { /* _finish() waits, too */
        promises_Account *account = promises_Branch_open_promise(alone.branch, "bob");
        promises_Account *const with = promises_Account_with(account, &hurried);
        corbel_call *const put = promises_Account_put_begin(with, 1);
        MUST(promises_Account_put_finish(put, &ret, &error));
        promises_Account_unref(account);
        promises_Account_unref(with);
    }
    const uint64_t until = crb_now() + 20 * CRB_SECOND * probe_slow;
    while (probe_event_count(&alone.finalized) < atomic_load(&made) - before && crb_now() < until) {
        const corbel_status status = corbel_runtime_dispatch(alone.runtime, 100);
        assert_true(status == CORBEL_OK || status == CORBEL_DEADLINE);
    }
    assert_int_equal(probe_event_count(&alone.finalized), atomic_load(&made) - before);
    atomic_fetch_sub(&made, probe_event_count(&alone.finalized));
    promises_Branch_unref(alone.branch);
    corbel_runtime_unref(alone.runtime);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(streams_on_a_promise),
        cmocka_unit_test(streams_on_a_promise_that_fails),
        cmocka_unit_test(promises_in_items),
        cmocka_unit_test(promises_in_raw_messages),
        cmocka_unit_test(a_servant_waits_for_a_promise),
        cmocka_unit_test(without_workers),
    };
    return cmocka_run_group_tests(tests, set_up, accounts_tear_down);
}
