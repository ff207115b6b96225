/** Calls that wait for others: they enter in order, or are skipped, and nothing is left of either. */
#include "tests/runtime/session/world.h"

#include <string.h>

typedef struct rig {
    world *w;
    side *asker, *server;
    crb_import *object;
} rig;

static rig rig_new(const crb_session_limits *limits)
{
    rig r = { .w = world_new(NULL, limits, NULL) };
    r.asker = &r.w->sides[0];
    r.server = &r.w->sides[1];
    r.object = world_open_and_bind(r.w);
    return r;
}

static void rig_end(rig *r)
{
    world_release_all(r->asker);
    world_run(r->w, 10);
    world_check_and_free(r->w);
}

static asked *rig_call(rig *r, const asked *after, bool anyway, bool guard)
{
    return world_call(r->asker,
                      &(call_options) { .target = r->object, .after = after, .anyway = anyway, .guard = guard, .args = 8 }, NULL);
}

static void assert_ended(const asked *a, corbel_status status, corbel_completion completion)
{
    assert_true(a->done);
    assert_int_equal(a->outcome, CRB_OUTCOME_ERROR);
    assert_int_equal(a->status, status);
    assert_int_equal(a->completion, completion);
}

/** It is entered, and fails. */
static void fail_next(rig *r, pending *p)
{
    world_enter(r->server, p);
    world_return_error(r->server, p, CORBEL_FAILED, CORBEL_COMPLETED_YES, "no");
}

static void test_one_after_the_other(void **state)
{
    (void)state;
    rig r = rig_new(NULL);
    asked *calls[5] = { NULL };
    for (size_t i = 0; i < LENGTH_OF(calls); i++) {
        calls[i] = rig_call(&r, i == 0 ? NULL : calls[i - 1], i % 2 == 0, true);
    }
    for (size_t i = 0; i < LENGTH_OF(calls); i++) {
        world_run(r.w, 10);
        assert_int_equal(r.server->n_pending, 1);
        pending *const p = world_next(r.server);
        assert_ptr_equal(p->asked, calls[i]);
        world_return(r.server, p, 8, NULL, 0);
    }
    world_run(r.w, 10);
    for (size_t i = 0; i < LENGTH_OF(calls); i++) {
        assert_true(calls[i]->done);
        assert_int_equal(calls[i]->outcome, CRB_OUTCOME_RESULT);
    }
    rig_end(&r);
}

/** What follows a failure: those that do not care, and nobody else. */
static void test_what_follows_a_failure(void **state)
{
    (void)state;
    for (int raises = 0; raises < 2; raises++) {
        rig r = rig_new(NULL);
        asked *const first = rig_call(&r, NULL, false, true);
        asked *const second = rig_call(&r, first, false, true);
        asked *const third = rig_call(&r, second, false, false);
        asked *const anyway = rig_call(&r, second, true, false);
        world_call(r.asker, &(call_options) { .target = r.object, .after = first, .oneway = true, .args = 8 }, NULL);
        world_run(r.w, 10);
        pending *const p = world_next(r.server);
        assert_ptr_equal(p->asked, first);
        if (raises) {
            world_raise(r.server, p, "test::Oops", 8);
        } else {
            fail_next(&r, p);
        }
        world_run(r.w, 10);
        assert_true(first->done);
        assert_ended(second, CORBEL_SKIPPED, CORBEL_COMPLETED_NO);
        assert_ended(third, CORBEL_SKIPPED, CORBEL_COMPLETED_NO);
        assert_int_equal(r.server->n_pending, 1); /* not the oneway */
        pending *const last = world_next(r.server);
        assert_ptr_equal(last->asked, anyway);
        world_return(r.server, last, 8, NULL, 0);
        world_run(r.w, 10);
        rig_end(&r);
    }
}

/** The answer of the first is on its way when the others are sent: the server still knows how it ended. */
static void test_a_call_that_crosses_the_answer(void **state)
{
    (void)state;
    for (int fails = 0; fails < 2; fails++) {
        rig r = rig_new(NULL);
        asked *const first = rig_call(&r, NULL, false, true);
        world_run(r.w, 10);
        crb_scripted_stall(r.w->pipe, 1, true);
        pending *const p = world_next(r.server);
        if (fails) {
            fail_next(&r, p);
        } else {
            world_return(r.server, p, 8, NULL, 0);
        }
        world_run(r.w, 10);
        assert_false(first->done);
        asked *const second = rig_call(&r, first, false, false);
        world_run(r.w, 10);
        assert_int_equal(r.server->n_pending, fails ? 0 : 1);
        crb_scripted_stall(r.w->pipe, 1, false);
        if (!fails) {
            world_return(r.server, world_next(r.server), 8, NULL, 0);
        }
        world_run(r.w, 10);
        assert_true(first->done);
        assert_true(second->done);
        assert_int_equal(second->outcome, fails ? CRB_OUTCOME_ERROR : CRB_OUTCOME_RESULT);
        if (fails) {
            assert_ended(second, CORBEL_SKIPPED, CORBEL_COMPLETED_NO);
        }
        rig_end(&r);
    }
}

/** It does not leave when its asker knows already. */
static void test_known_before_it_is_sent(void **state)
{
    (void)state;
    rig r = rig_new(NULL);
    asked *const first = rig_call(&r, NULL, false, true);
    world_run(r.w, 10);
    asked *const gone = rig_call(&r, first, false, true);
    asked *const second = rig_call(&r, gone, false, true);
    asked *const third = rig_call(&r, second, false, false);
    world_finish(gone, true); /* none of the three was pulled */
    world_side_events(r.asker);
    assert_ended(gone, CORBEL_CANCELLED, CORBEL_COMPLETED_NO);
    world_return(r.server, world_next(r.server), 8, NULL, 0);
    world_run(r.w, 10);
    assert_ended(second, CORBEL_SKIPPED, CORBEL_COMPLETED_NO);
    assert_ended(third, CORBEL_SKIPPED, CORBEL_COMPLETED_NO);
    assert_int_equal(r.server->n_pending, 0);
    rig_end(&r);
}

/** One that waits at the server is cancelled, or its time is over: it is never handed up, and what is after it is skipped, in its
 * turn. */
static void test_one_that_waits_is_given_up(void **state)
{
    (void)state;
    for (int expires = 0; expires < 2; expires++) {
        rig r = rig_new(NULL);
        asked *const first = rig_call(&r, NULL, false, true);
        asked *const second = world_call(r.asker,
                                         &(call_options) { .target = r.object,
                                                           .after = first,
                                                           .guard = true,
                                                           .args = 40000, /* some of it in pieces */
                                                           .deadline_ms = expires ? 50 : 0 },
                                         NULL);
        asked *const third = rig_call(&r, second, false, false);
        asked *const anyway = rig_call(&r, second, true, false);
        world_run(r.w, 20);
        assert_int_equal(r.server->n_pending, 1);
        if (!expires) {
            world_finish(second, true);
        }
        world_run(r.w, 100);
        assert_ended(second, expires ? CORBEL_DEADLINE : CORBEL_CANCELLED, CORBEL_COMPLETED_MAYBE);
        assert_int_equal(r.server->n_pending, 1); /* the first still runs: what is after the second does not come before it */
        assert_false(third->done);
        pending *const p = world_next(r.server);
        assert_ptr_equal(p->asked, first);
        world_return(r.server, p, 8, NULL, 0);
        world_run(r.w, 10);
        assert_ended(third, CORBEL_SKIPPED, CORBEL_COMPLETED_NO);
        pending *const last = world_next(r.server);
        assert_ptr_equal(last->asked, anyway);
        world_return(r.server, last, 8, NULL, 0);
        world_run(r.w, 10);
        rig_end(&r);
    }
}

/** As many as may be under way, all skipped at once; and the same again, as FINISH has made room. */
static void test_very_many_are_skipped(void **state)
{
    enum { MANY = 1000 };
    (void)state;
    crb_session_limits limits = CRB_SESSION_LIMITS_DEFAULT;
    limits.max_questions = MANY + 1; /* and the bind */
    rig r = rig_new(&limits);
    for (size_t round = 0; round < 3; round++) {
        asked *calls[MANY];
        for (size_t i = 0; i < MANY; i++) {
            calls[i] = rig_call(&r, i == 0 ? NULL : calls[i - 1], false, true);
        }
        world_run(r.w, 10);
        assert_int_equal(r.server->n_pending, 1);
        fail_next(&r, world_next(r.server));
        world_run(r.w, 10);
        assert_ended(calls[0], CORBEL_FAILED, CORBEL_COMPLETED_YES);
        for (size_t i = 1; i < MANY; i++) {
            assert_ended(calls[i], CORBEL_SKIPPED, CORBEL_COMPLETED_NO);
        }
    }
    rig_end(&r);
}

/** The pipe is lost with calls that wait on both sides. */
static void test_cut_with_calls_that_wait(void **state)
{
    (void)state;
    for (int sent = 0; sent < 2; sent++) {
        rig r = rig_new(NULL);
        asked *calls[6] = { NULL };
        for (size_t i = 0; i < LENGTH_OF(calls); i++) {
            calls[i] = rig_call(&r, i == 0 ? NULL : calls[i - 1], i == 3, true);
            if (i == 2 || (i == 5 && sent)) {
                world_run(r.w, 10);
            }
        }
        crb_scripted_cut(r.w->pipe, "cut");
        world_run(r.w, 10);
        for (size_t i = 0; i < LENGTH_OF(calls); i++) {
            assert_ended(calls[i], CORBEL_GONE, i < 3 || sent ? CORBEL_COMPLETED_MAYBE : CORBEL_COMPLETED_NO);
        }
        while (r.server->n_pending > 0) {
            world_return(r.server, world_next(r.server), 8, NULL, 0);
        }
        world_check_over(r.w);
        world_free(r.w);
    }
}

/** A call on what the call before it promises, as batches have them: the one before is cancelled, given up and never sent. */
static void test_what_is_after_its_own_promise(void **state)
{
    static const uint32_t path[] = { 1 };
    (void)state;
    for (int stops = 0; stops < 2; stops++) {
        rig r = rig_new(NULL);
        asked *const first = rig_call(&r, NULL, false, true);
        asked *const promise = world_call(
            r.asker,
            &(call_options) {
                .target = r.object, .after = first, .anyway = stops == 0, .guard = stops == 1, .promised = true, .args = 8 },
            NULL);
        asked *const on_it = world_call(
            r.asker,
            &(call_options) { .promise = promise, .path = path, .n_path = 1, .after = promise, .anyway = stops == 0, .args = 8 },
            NULL);
        world_finish(promise, true);
        world_run(r.w, 10);
        assert_ended(promise, CORBEL_CANCELLED, CORBEL_COMPLETED_NO);
        assert_ended(on_it, CORBEL_CANCELLED, CORBEL_COMPLETED_NO);
        world_enter(r.server, world_next(r.server));
        world_return(r.server, world_next(r.server), 8, NULL, 0);
        world_run(r.w, 10);
        assert_true(first->done);
        rig_end(&r);
    }
}

/** What a call was after ends together with the promise that it is on, which was after the same. */
static void test_a_promise_that_was_after_the_same(void **state)
{
    (void)state;
    static const uint32_t path[] = { 1 };
    for (int order = 0; order < 2; order++) {
        rig r = rig_new(NULL);
        /* None of them has left when the first expires and the promise is cancelled. */
        asked *const first =
            world_call(r.asker, &(call_options) { .target = r.object, .guard = true, .deadline_ms = 5, .args = 8 }, NULL);
        asked *const promise =
            world_call(r.asker, &(call_options) { .target = r.object, .promised = true, .after = first, .args = 8 }, NULL);
        asked *const last = world_call(r.asker,
                                       &(call_options) { .promise = promise,
                                                         .path = path,
                                                         .n_path = 1,
                                                         .after = order == 0 ? first : promise,
                                                         .anyway = order == 1,
                                                         .args = 8 },
                                       NULL);
        crb_session_tick(r.asker->session, world_now(r.w) + 6 * MS);
        world_events(r.w);
        assert_ended(first, CORBEL_DEADLINE, CORBEL_COMPLETED_NO);
        world_finish(promise, true);
        world_run(r.w, 10);
        assert_ended(promise, CORBEL_CANCELLED, CORBEL_COMPLETED_NO);
        assert_ended(last, CORBEL_CANCELLED, CORBEL_COMPLETED_NO);
        rig_end(&r);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_after_the_other),
        cmocka_unit_test(test_what_follows_a_failure),
        cmocka_unit_test(test_a_call_that_crosses_the_answer),
        cmocka_unit_test(test_known_before_it_is_sent),
        cmocka_unit_test(test_one_that_waits_is_given_up),
        cmocka_unit_test(test_very_many_are_skipped),
        cmocka_unit_test(test_cut_with_calls_that_wait),
        cmocka_unit_test(test_what_is_after_its_own_promise),
        cmocka_unit_test(test_a_promise_that_was_after_the_same),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
