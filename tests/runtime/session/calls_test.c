/* Calls, returns, exceptions, errors, oneways, callbacks, nesting, pipelining. */
#include "tests/runtime/session/world.h"

#include <string.h>

static void test_call_and_return(void **state)
{
    (void)state;
    world *const w = world_new(NULL, NULL, NULL);
    crb_import *const object = world_open_and_bind(w);
    asked *const a =
        world_call(&w->sides[0], &(call_options) { .target = object, .args = 100, .deadline_ms = 1000, .lane = 7 }, NULL);
    world_run(w, 10);
    pending *const p = world_next(&w->sides[1]);
    assert_non_null(p);
    assert_ptr_equal(p->object, &w->sides[1].objects[0]);
    assert_string_equal(p->operation, "op");
    assert_string_equal(p->interface, "test::Object");
    assert_int_equal(p->lane, 7);
    assert_int_equal(p->chain, UINT64_C(0x1122334455667788));
    assert_int_equal(p->args_len, 100);
    assert_true(p->deadline > world_now(w) && p->deadline <= world_now(w) + SECOND);
    assert_false(a->done);
    world_return(&w->sides[1], p, 5, NULL, 0);
    world_run(w, 10);
    assert_true(a->done);
    assert_int_equal(a->outcome, CRB_OUTCOME_RESULT);
    assert_int_equal(a->body_len, 5);
    world_release_all(&w->sides[0]);
    world_run(w, 10);
    world_check_and_free(w);
}

static void test_operation_is_bound_once(void **state)
{
    (void)state;
    static const char key = 0;
    world *const w = world_new(NULL, NULL, NULL);
    crb_import *const object = world_open_and_bind(w);
    w->sides[1].answers_itself = true;
    const uint64_t before = crb_scripted_arrived(w->pipe, 0);
    world_call(&w->sides[0], &(call_options) { .target = object, .operation = "a_long_name", .key = &key }, NULL);
    world_run(w, 10);
    const uint64_t first = crb_scripted_arrived(w->pipe, 0) - before;
    world_call(&w->sides[0], &(call_options) { .target = object, .operation = "a_long_name", .key = &key }, NULL);
    world_run(w, 10);
    const uint64_t second = crb_scripted_arrived(w->pipe, 0) - before - first;
    world_call(&w->sides[0], &(call_options) { .target = object, .operation = "a_long_name" }, NULL);
    world_run(w, 10);
    const uint64_t third = crb_scripted_arrived(w->pipe, 0) - before - first - second;
    assert_int_equal(first - second, strlen("a_long_name") + strlen("test::Object") + 4);
    assert_int_equal(third, second);
    assert_int_equal(w->sides[0].session->n_bound, 1);
    world_check_over(w);
    world_free(w);
}

static void test_an_operation_is_remembered(void **state)
{
    (void)state;
    static const char *const operations[] = { "a", "b", "a", "a", "b" };
    world *const w = world_new(NULL, NULL, NULL);
    side *const server = &w->sides[1];
    crb_import *const object = world_open_and_bind(w);
    const size_t binds = server->n_pending;
    for (size_t i = 0; i < LENGTH_OF(operations); i++) {
        world_call(&w->sides[0], &(call_options) { .target = object, .operation = operations[i] }, NULL);
        world_run(w, 5);
        crb_memo *const memo = server->pending[binds + i]->memo;
        assert_non_null(memo);
        assert_ptr_equal(memo->of, i < 2 ? NULL : server);
        assert_ptr_equal(memo->is, i < 2 ? NULL : operations[i]);
        *memo = (crb_memo) { server, operations[i] };
    }
    while (server->n_pending > 0) {
        world_return(server, world_next(server), 8, NULL, 0);
    }
    world_run(w, 5);
    world_check_over(w);
    world_free(w);
}

static void test_exception_and_error(void **state)
{
    (void)state;
    world *const w = world_new(NULL, NULL, NULL);
    crb_import *const object = world_open_and_bind(w);
    asked *const raised = world_call(&w->sides[0], &(call_options) { .target = object }, NULL);
    asked *const failed = world_call(&w->sides[0], &(call_options) { .target = object }, NULL);
    asked *const newer = world_call(&w->sides[0], &(call_options) { .target = object }, NULL);
    world_run(w, 10);
    world_raise(&w->sides[1], world_next(&w->sides[1]), "bank::InsufficientFunds", 20);
    world_return_error(&w->sides[1], world_next(&w->sides[1]), CORBEL_OVERLOADED, CORBEL_COMPLETED_NO, "\xff too much");
    world_return_error(&w->sides[1], world_next(&w->sides[1]), (corbel_status)4711, CORBEL_COMPLETED_MAYBE, "news");
    world_run(w, 10);
    assert_int_equal(raised->outcome, CRB_OUTCOME_EXCEPTION);
    assert_string_equal(raised->exception, "bank::InsufficientFunds");
    assert_int_equal(raised->body_len, 20);
    assert_int_equal(failed->status, CORBEL_OVERLOADED);
    assert_int_equal(failed->completion, CORBEL_COMPLETED_NO);
    assert_string_equal(failed->message, "? too much");
    assert_int_equal(failed->n_hops, 1);
    assert_int_equal((int)newer->status, 4711);
    assert_int_equal(newer->completion, CORBEL_COMPLETED_MAYBE);
    world_check_over(w);
    world_free(w);
}

static void test_oneways_keep_their_order(void **state)
{
    (void)state;
    world *const w = world_new(NULL, NULL, NULL);
    crb_import *const object = world_open_and_bind(w);
    enum { N = 50 };
    asked *sent[N];
    for (size_t i = 0; i < N; i++) {
        sent[i] = world_call(&w->sides[0], &(call_options) { .target = object, .oneway = true, .lane = 1, .args = 8 + i }, NULL);
    }
    world_run(w, 10);
    assert_int_equal(w->sides[1].n_pending, N);
    for (size_t i = 0; i < N; i++) {
        pending *const p = world_next(&w->sides[1]);
        assert_ptr_equal(p->asked, sent[i]);
        assert_true(p->oneway);
        world_done(&w->sides[1], p);
    }
    assert_int_equal(crb_session_get_stats(w->sides[0].session).questions, 0);
    assert_int_equal(crb_session_get_stats(w->sides[1].session).answers, 0);
    world_release_all(&w->sides[0]);
    world_run(w, 10);
    world_check_tables_empty(w);
    world_free(w);
}

static void test_callback_while_a_call_runs(void **state)
{
    (void)state;
    world *const w = world_new(NULL, NULL, NULL);
    side *const client = &w->sides[0];
    side *const server = &w->sides[1];
    crb_import *const object = world_open_and_bind(w);
    crb_ref_out ref = world_ref_object(client, 5);
    asked *const outer = world_call(client, &(call_options) { .target = object, .refs = &ref, .n_refs = 1 }, NULL);
    assert_true(ref.fresh);
    world_run(w, 10);
    pending *const p = world_next(server);
    assert_non_null(p->ref);
    world_enter(server, p);
    asked *const inner = world_call(server, &(call_options) { .target = p->ref, .hop = 1 }, NULL);
    world_run(w, 10);
    pending *const q = world_next(client);
    assert_ptr_equal(q->object, &client->objects[5]);
    assert_int_equal(q->hop, 1);
    asked *const deeper = world_call(client, &(call_options) { .target = object, .hop = 2 }, NULL);
    world_run(w, 10);
    world_return(server, server->pending[1], 8, NULL, 0);
    world_run(w, 10);
    assert_true(deeper->done);
    world_return(client, q, 8, NULL, 0);
    world_run(w, 10);
    assert_true(inner->done);
    world_return(server, world_next(server), 8, NULL, 0);
    world_run(w, 10);
    assert_true(outer->done);
    assert_int_equal(client->objects[5].holds, 1);
    world_release_all(server);
    world_release_all(client);
    world_run(w, 10);
    assert_int_equal(client->objects[5].holds, 0);
    world_check_and_free(w);
}

static void test_pipelined_calls_on_a_bind(void **state)
{
    (void)state;
    world *const w = world_new(NULL, NULL, NULL);
    asked *const bind = world_bind(&w->sides[0], "3", NULL);
    asked *const first = world_call(&w->sides[0], &(call_options) { .promise = bind }, NULL);
    asked *const second = world_call(&w->sides[0], &(call_options) { .promise = bind }, NULL);
    world_run(w, 10);
    /* One message carried HELLO and all three. */
    assert_int_equal(w->sides[0].messages, 1);
    assert_int_equal(w->sides[1].n_pending, 1);
    pending *const asks = w->sides[1].pending[0];
    assert_true(asks->bind);
    assert_string_equal(asks->id, "3");
    crb_ref_out ref = world_ref_object(&w->sides[1], 3);
    world_return(&w->sides[1], asks, 0, &ref, 1);
    world_events(w);
    assert_int_equal(w->sides[1].n_pending, 2);
    assert_ptr_equal(world_next(&w->sides[1])->object, &w->sides[1].objects[3]);
    world_return(&w->sides[1], world_next(&w->sides[1]), 9, NULL, 0);
    world_return(&w->sides[1], world_next(&w->sides[1]), 10, NULL, 0);
    world_run(w, 10);
    assert_true(bind->done && first->done && second->done);
    assert_int_equal(first->body_len, 9);
    /* After its answer the promise goes on, and the core resolves it. */
    asked *const third = world_call(&w->sides[0], &(call_options) { .promise = bind }, NULL);
    world_run(w, 10);
    assert_ptr_equal(world_next(&w->sides[1])->object, &w->sides[1].objects[3]);
    world_return(&w->sides[1], world_next(&w->sides[1]), 8, NULL, 0);
    world_run(w, 10);
    assert_true(third->done);
    /* The promise holds the object, also without the reference. */
    world_release_all(&w->sides[0]);
    world_run(w, 10);
    assert_int_equal(w->sides[1].objects[3].holds, 1);
    world_finish(bind, false);
    world_run(w, 10);
    assert_int_equal(w->sides[1].objects[3].holds, 0);
    world_check_and_free(w);
}

static void test_calls_on_a_failed_bind(void **state)
{
    (void)state;
    world *const w = world_new(NULL, NULL, NULL);
    w->sides[1].answers_itself = true;
    asked *const bind = world_bind(&w->sides[0], "none", NULL);
    asked *const early = world_call(&w->sides[0], &(call_options) { .promise = bind }, NULL);
    world_run(w, 10);
    assert_int_equal(bind->status, CORBEL_NOT_FOUND);
    assert_int_equal(early->status, CORBEL_NOT_FOUND);
    assert_int_equal(early->completion, CORBEL_COMPLETED_NO);
    assert_int_equal(w->sides[1].events[CRB_EVENT_CALL], 0);
    corbel_status status = CORBEL_OK;
    assert_null(world_call(&w->sides[0], &(call_options) { .promise = bind }, &status));
    assert_int_equal(status, CORBEL_NOT_FOUND);
    world_finish(bind, false);
    world_run(w, 10);
    world_check_and_free(w);
}

static void test_small_calls_cost_no_frame_of_their_own(void **state)
{
    (void)state;
    world *const w = world_new(NULL, NULL, NULL);
    crb_import *const object = world_open_and_bind(w);
    w->sides[1].answers_itself = true;
    const size_t messages[2] = { w->sides[0].messages, w->sides[1].messages };
    enum { N = 200 };
    for (int i = 0; i < N; i++) {
        asked *const a = world_call(&w->sides[0], &(call_options) { .target = object, .args = 32 }, NULL);
        world_run(w, 10);
        assert_true(a->done);
    }
    const crb_session_stats stats = crb_session_get_stats(w->sides[0].session);
    assert_int_equal(w->sides[0].messages - messages[0], N);
    assert_int_equal(w->sides[1].messages - messages[1], N);
    assert_int_equal(stats.sent[CRB_FRAME_FINISH], 1); /* of the bind */
    assert_int_equal(stats.sent[CRB_FRAME_CREDIT], 0);
    assert_int_equal(stats.received[CRB_FRAME_CREDIT], 0);
    world_free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_call_and_return),
        cmocka_unit_test(test_operation_is_bound_once),
        cmocka_unit_test(test_an_operation_is_remembered),
        cmocka_unit_test(test_exception_and_error),
        cmocka_unit_test(test_oneways_keep_their_order),
        cmocka_unit_test(test_callback_while_a_call_runs),
        cmocka_unit_test(test_pipelined_calls_on_a_bind),
        cmocka_unit_test(test_calls_on_a_failed_bind),
        cmocka_unit_test(test_small_calls_cost_no_frame_of_their_own),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
