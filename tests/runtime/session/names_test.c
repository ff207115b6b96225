/** Names of sessions: what HELLO says about other sessions of the two, and what a session that is one too many is told. */
#include "world.h"

#include <stdlib.h>

/** The dialer's HELLO comes to the acceptor, which has taken OPEN and has said nothing yet. */
static world *world_with_hello(uint64_t id, uint64_t supersedes)
{
    world *const w = world_new(NULL, NULL, NULL);
    crb_buf message = CRB_BUF_INIT;
    crb_event event;
    assert_non_null(w);
    w->sides[0].session->id = id;
    w->sides[0].session->supersedes = supersedes;
    assert_true(crb_session_has_output(w->sides[0].session));
    assert_false(crb_session_has_output(w->sides[1].session)); /* it waits for the dialer's */
    assert_true(crb_session_pull(w->sides[0].session, &message, WORLD_START));
    crb_session_input(w->sides[1].session, message.data, message.len, WORLD_START);
    crb_buf_clear(&message);
    assert_true(crb_session_next_event(w->sides[1].session, &event));
    assert_int_equal(event.kind, CRB_EVENT_OPEN);
    return w;
}

static void test_hello_names_the_session(void **state)
{
    (void)state;
    world *const w = world_with_hello(77, 55);
    assert_int_equal(crb_session_id(w->sides[0].session), 77);
    assert_int_equal(crb_session_id(w->sides[1].session), 77);
    assert_int_equal(crb_session_supersedes(w->sides[1].session), 55);
    assert_int_equal(crb_session_supersedes(w->sides[0].session), 0); /* nobody has told it anything */
    world_run(w, 10);
    assert_true(crb_session_is_open(w->sides[0].session));
    assert_int_equal(crb_session_instead(w->sides[0].session), 0);
    assert_int_equal(crb_session_instead(w->sides[1].session), 0);
    world_check_and_free(w);
}

static void test_hello_names_the_session_to_use(void **state)
{
    (void)state;
    world *const w = world_with_hello(77, 0);
    crb_session_set_instead(w->sides[1].session, UINT64_MAX);
    world_run(w, 10);
    assert_int_equal(crb_session_instead(w->sides[0].session), UINT64_MAX);
    assert_int_equal(crb_session_id(w->sides[0].session), 77);
    crb_session_bye(w->sides[0].session, world_now(w)); /* what the dialer does then */
    world_run(w, 10);
    assert_true(w->sides[1].closed);
    assert_true(w->sides[1].clean);
    world_check_and_free(w);
}

static void test_refused(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        world *const w = world_with_hello(77, 0);
        if (i == 0) {
            crb_session_refuse(w->sides[1].session, "not you", WORLD_START);
        } else {
            crb_session_abort(w->sides[1].session, "not so", WORLD_START);
        }
        world_run(w, 10);
        assert_true(w->sides[0].closed);
        assert_false(w->sides[0].clean);
        assert_int_equal(crb_session_was_refused(w->sides[0].session), i == 0);
        assert_string_equal(w->sides[0].why,
                            i == 0 ? "the peer ended the session: not you" : "the peer ended the session: not so");
        world_check_and_free(w);
    }
}

/** What is one too many goes on for what hangs on it; a GOAWAY that means it may follow. */
static void test_duplicate(void **state)
{
    (void)state;
    world *const w = world_new(NULL, NULL, NULL);
    crb_import *const object = world_open_and_bind(w);
    crb_session_tell_duplicate(w->sides[1].session, 42);
    crb_session_tell_duplicate(w->sides[1].session, 43);
    world_run(w, 10);
    assert_int_equal(w->sides[0].events[CRB_EVENT_DRAINING], 1);
    assert_int_equal(w->sides[0].session->duplicate_of, 42);
    asked *const call = world_call(&w->sides[0], &(call_options) { .target = object }, NULL);
    world_run(w, 10);
    world_return(&w->sides[1], world_next(&w->sides[1]), 8, NULL, 0);
    world_run(w, 10);
    assert_int_equal(call->outcome, CRB_OUTCOME_RESULT);
    crb_session_goaway(w->sides[1].session);
    world_run(w, 10);
    assert_int_equal(w->sides[0].events[CRB_EVENT_DRAINING], 2);
    corbel_status status = CORBEL_OK;
    assert_null(world_call(&w->sides[0], &(call_options) { .target = object }, &status));
    assert_int_equal(status, CORBEL_DRAINING);
    world_free(w);
}

static void test_quiet(void **state)
{
    (void)state;
    world *const w = world_new(NULL, NULL, NULL);
    world_open(w);
    for (int i = 0; i < 2; i++) {
        assert_true(crb_session_is_quiet(w->sides[i].session));
    }
    asked *const bind = world_bind(&w->sides[0], "0", NULL);
    assert_false(crb_session_is_quiet(w->sides[0].session)); /* a question */
    world_run(w, 10);
    world_return(&w->sides[1], world_next(&w->sides[1]), 0, (crb_ref_out[]) { world_ref_object(&w->sides[1], 0) }, 1);
    world_run(w, 10);
    world_finish(bind, false);
    world_run(w, 10);
    for (int i = 0; i < 2; i++) { /* a reference, at both ends */
        assert_false(crb_session_is_quiet(w->sides[i].session));
    }
    world_release(&w->sides[0], bind->ref);
    assert_false(crb_session_is_quiet(w->sides[0].session)); /* the other side is still to be told */
    world_run(w, 10);
    for (int i = 0; i < 2; i++) {
        assert_true(crb_session_is_quiet(w->sides[i].session));
    }
    world_check_and_free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_hello_names_the_session),
        cmocka_unit_test(test_hello_names_the_session_to_use),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_duplicate),
        cmocka_unit_test(test_quiet),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
