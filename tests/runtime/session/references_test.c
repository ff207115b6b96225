/* References: counts, objects that come back, stale generations, take-back, withdrawal. */
#include "tests/runtime/session/world.h"

#include <string.h>

static void test_counts_agree_when_quiet(void **state)
{
    (void)state;
    world *const w = world_new(NULL, NULL, NULL);
    side *const client = &w->sides[0];
    side *const server = &w->sides[1];
    crb_import *const object = world_open_and_bind(w);
    world_check_counts(w);
    server->answers_itself = true;
    for (int i = 0; i < 20; i++) {
        crb_ref_out refs[3] = { world_ref_object(client, i % 4), world_ref_object(client, 7), world_ref_object(client, 7) };
        world_call(client, &(call_options) { .target = object, .refs = refs, .n_refs = 3, .oneway = i % 3 == 0 }, NULL);
        world_run(w, 10);
        world_check_counts(w);
        if (i % 5 == 4) {
            world_release(server, server->imports[0]);
            world_run(w, 10);
            world_check_counts(w);
        }
    }
    assert_int_equal(client->objects[7].holds, 1);
    world_release_all(server);
    world_release_all(client);
    world_run(w, 10);
    world_check_and_free(w);
}

static void test_release_crosses_another_receipt(void **state)
{
    (void)state;
    world *const w = world_new(NULL, NULL, NULL);
    side *const client = &w->sides[0];
    side *const server = &w->sides[1];
    crb_import *const object = world_open_and_bind(w);
    server->answers_itself = true;
    crb_ref_out ref = world_ref_object(client, 1);
    world_call(client, &(call_options) { .target = object, .refs = &ref, .n_refs = 1 }, NULL);
    world_run(w, 10);
    /* The server gives it back while it is on its way once more. */
    world_release_all(server);
    world_call(client, &(call_options) { .target = object, .refs = &ref, .n_refs = 1 }, NULL);
    assert_false(ref.fresh);
    world_run(w, 10);
    assert_int_equal(client->objects[1].holds, 1);
    assert_int_equal(server->n_imports, 1);
    world_check_counts(w);
    asked *const back = world_call(server, &(call_options) { .target = server->imports[0] }, NULL);
    world_run(w, 10);
    assert_ptr_equal(world_next(client)->object, &client->objects[1]);
    world_return(client, world_next(client), 8, NULL, 0);
    world_run(w, 10);
    assert_true(back->done);
    world_free(w);
}

static void test_own_object_comes_back(void **state)
{
    (void)state;
    world *const w = world_new(NULL, NULL, NULL);
    side *const client = &w->sides[0];
    side *const server = &w->sides[1];
    crb_import *const object = world_open_and_bind(w);
    crb_ref_out there = world_ref_object(client, 2);
    asked *const a = world_call(client, &(call_options) { .target = object, .refs = &there, .n_refs = 1 }, NULL);
    world_run(w, 10);
    crb_ref_out back = world_ref_import(world_next(server)->ref);
    world_return(server, world_next(server), 8, &back, 1);
    /* The release is behind the result that names it. */
    world_release_all(server);
    world_run(w, 10);
    assert_true(a->done);
    assert_ptr_equal(a->own, &client->objects[2]);
    assert_null(a->ref);
    assert_int_equal(client->objects[2].holds, 0);
    world_check_counts(w);
    world_free(w);
}

static void test_taken_back_when_never_pulled(void **state)
{
    (void)state;
    world *const w = world_new(NULL, NULL, NULL);
    side *const client = &w->sides[0];
    crb_import *const object = world_open_and_bind(w);
    crb_ref_out ref = world_ref_object(client, 3);
    asked *const a = world_call(client, &(call_options) { .target = object, .refs = &ref, .n_refs = 1 }, NULL);
    assert_int_equal(client->objects[3].holds, 1);
    world_finish(a, true);
    world_events(w);
    assert_true(a->done);
    assert_int_equal(a->status, CORBEL_CANCELLED);
    assert_int_equal(a->completion, CORBEL_COMPLETED_NO);
    assert_int_equal(client->objects[3].holds, 0);
    assert_int_equal(client->session->tx[CRB_WIN_REQUESTS].used, 0);
    world_run(w, 10);
    assert_int_equal(w->sides[1].events[CRB_EVENT_CALL], 0);
    world_check_counts(w);
    world_free(w);
}

static void test_references_of_dropped_results_go_back(void **state)
{
    (void)state;
    world *const w = world_new(NULL, NULL, NULL);
    side *const client = &w->sides[0];
    side *const server = &w->sides[1];
    crb_import *const object = world_open_and_bind(w);
    asked *const a = world_call(client, &(call_options) { .target = object }, NULL);
    world_run(w, 10);
    world_finish(a, true);
    crb_ref_out ref = world_ref_object(server, 9);
    world_return(server, world_next(server), 8, &ref, 1);
    assert_int_equal(server->objects[9].holds, 1);
    world_run(w, 10);
    assert_int_equal(server->objects[9].holds, 0);
    assert_int_equal(client->n_imports, 1);
    world_check_counts(w);
    world_free(w);
}

static void test_stale_generation_hits_nothing(void **state)
{
    (void)state;
    world *const w = world_new(NULL, NULL, NULL);
    side *const client = &w->sides[0];
    side *const server = &w->sides[1];
    crb_import *const object = world_open_and_bind(w);
    /* A call is on its way to a callback object that the server has given back; its place has another object by then. */
    server->answers_itself = true;
    crb_ref_out ref = world_ref_object(client, 1);
    world_call(client, &(call_options) { .target = object, .refs = &ref, .n_refs = 1 }, NULL);
    world_run(w, 10);
    const uint32_t index = server->imports[0]->index, generation = server->imports[0]->generation;
    world_release_all(server);
    world_run(w, 10);
    assert_int_equal(client->objects[1].holds, 0);
    ref = world_ref_object(client, 2);
    world_call(client, &(call_options) { .target = object, .refs = &ref, .n_refs = 1 }, NULL);
    world_run(w, 10);
    crb_import *const newer = server->imports[0];
    assert_int_equal(newer->index, index);
    assert_int_not_equal(newer->generation, generation);
    assert_null(crb_export_find(client->session, index, generation));
    assert_ptr_equal(crb_export_find(client->session, index, newer->generation)->object, &client->objects[2]);
    newer->generation = generation; /* what a peer that mixes them up would send */
    client->answers_itself = true;
    asked *const stale = world_call(server, &(call_options) { .target = newer }, NULL);
    newer->generation = generation + 1;
    world_run(w, 10);
    assert_int_equal(stale->status, CORBEL_NOT_FOUND);
    world_free(w);
}

static void test_wrapping_generation_retires_its_slot(void **state)
{
    (void)state;
    world *const w = world_new(NULL, NULL, NULL);
    side *const client = &w->sides[0];
    side *const server = &w->sides[1];
    crb_import *const object = world_open_and_bind(w);
    server->answers_itself = true;
    crb_ref_out ref = world_ref_object(client, 1);
    world_call(client, &(call_options) { .target = object, .refs = &ref, .n_refs = 1 }, NULL);
    world_run(w, 10);
    world_release_all(server);
    world_run(w, 10);
    client->session->slots[0].generation = UINT32_MAX;
    for (int i = 0; i < 2; i++) {
        world_call(client, &(call_options) { .target = object, .refs = &ref, .n_refs = 1 }, NULL);
        world_run(w, 10);
        assert_int_equal(server->imports[0]->index, i);
        assert_int_equal(server->imports[0]->generation, i == 0 ? UINT32_MAX : 1);
        world_release_all(server);
        world_run(w, 10);
        assert_int_equal(client->objects[1].holds, 0);
    }
    world_free(w);
}

static void test_withdrawn_object(void **state)
{
    (void)state;
    world *const w = world_new(NULL, NULL, NULL);
    side *const client = &w->sides[0];
    side *const server = &w->sides[1];
    crb_import *const object = world_open_and_bind(w);
    server->answers_itself = true;
    crb_session_withdraw(server->session, &server->objects[0], "unregistered");
    crb_session_withdraw(server->session, &server->objects[1], "never exported");
    asked *const crossing = world_call(client, &(call_options) { .target = object }, NULL);
    world_run(w, 10);
    assert_int_equal(server->objects[0].holds, 0);
    assert_int_equal(crossing->status, CORBEL_NOT_FOUND);
    assert_int_equal(crossing->completion, CORBEL_COMPLETED_NO);
    assert_ptr_equal(client->gone, object);
    assert_string_equal(client->gone_why, "unregistered");
    corbel_status status = CORBEL_OK;
    assert_null(world_call(client, &(call_options) { .target = object }, &status));
    assert_int_equal(status, CORBEL_NOT_FOUND);
    /* The same object, registered again, is another export. */
    asked *const again = world_bind(client, "0", NULL);
    world_run(w, 10);
    assert_ptr_not_equal(again->ref, object);
    asked *const works = world_call(client, &(call_options) { .target = again->ref }, NULL);
    world_run(w, 10);
    assert_int_equal(works->outcome, CRB_OUTCOME_RESULT);
    world_finish(again, false);
    world_release_all(client);
    world_run(w, 10);
    world_check_and_free(w);
}

static void test_withdrawn_while_it_comes_back(void **state)
{
    (void)state;
    world *const w = world_new(NULL, NULL, NULL);
    side *const client = &w->sides[0];
    side *const server = &w->sides[1];
    crb_import *const object = world_open_and_bind(w);
    crb_ref_out back = world_ref_import(object);
    world_call(client, &(call_options) { .target = object, .refs = &back, .n_refs = 1, .oneway = true }, NULL);
    crb_session_withdraw(server->session, &server->objects[0], "unregistered");
    world_run(w, 10);
    assert_null(world_next(server)->object);
    assert_null(world_next(server)->own);
    assert_null(world_next(server)->ref);
    world_free(w);
}

static void test_limits_of_references(void **state)
{
    (void)state;
    crb_session_limits limits = CRB_SESSION_LIMITS_DEFAULT;
    limits.max_exports = 2;
    limits.max_references = 3;
    world *const w = world_new(NULL, &limits, NULL);
    side *const client = &w->sides[0];
    crb_import *const object = world_open_and_bind(w);
    crb_ref_out refs[4] = { world_ref_object(client, 1), world_ref_object(client, 2), world_ref_object(client, 3),
                            world_ref_object(client, 1) };
    corbel_status status = CORBEL_OK;
    assert_null(world_call(client, &(call_options) { .target = object, .refs = refs, .n_refs = 4 }, &status));
    assert_int_equal(status, CORBEL_LIMIT);
    assert_null(world_call(client, &(call_options) { .target = object, .refs = refs, .n_refs = 3 }, &status));
    assert_int_equal(status, CORBEL_LIMIT);
    assert_int_equal(client->session->n_exports, 0);
    assert_non_null(world_call(client, &(call_options) { .target = object, .refs = refs, .n_refs = 2 }, &status));
    assert_int_equal(client->session->tx[CRB_WIN_REQUESTS].used, CRB_CALL_COST + 2 * CRB_REF_COST + 8);
    world_free(w);
}

static void test_big_table(void **state)
{
    (void)state;
    world *const w = world_new(NULL, NULL, NULL);
    side *const client = &w->sides[0];
    side *const server = &w->sides[1];
    crb_import *const object = world_open_and_bind(w);
    enum { N = 2000 };
    static crb_ref_out refs[N];
    for (int i = 0; i < N; i++) {
        refs[i] = world_ref_object(client, i % WORLD_OBJECTS);
    }
    world_call(client, &(call_options) { .target = object, .refs = refs, .n_refs = N, .oneway = true, .args = 20000 }, NULL);
    world_run(w, 10);
    assert_int_equal(server->n_imports, N);
    assert_int_equal(server->session->n_imports, WORLD_OBJECTS);
    world_done(server, world_next(server));
    world_check_counts(w);
    world_release_all(server);
    world_release_all(client);
    world_run(w, 10);
    world_check_tables_empty(w);
    world_free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_counts_agree_when_quiet),
        cmocka_unit_test(test_release_crosses_another_receipt),
        cmocka_unit_test(test_own_object_comes_back),
        cmocka_unit_test(test_taken_back_when_never_pulled),
        cmocka_unit_test(test_references_of_dropped_results_go_back),
        cmocka_unit_test(test_stale_generation_hits_nothing),
        cmocka_unit_test(test_wrapping_generation_retires_its_slot),
        cmocka_unit_test(test_withdrawn_object),
        cmocka_unit_test(test_withdrawn_while_it_comes_back),
        cmocka_unit_test(test_limits_of_references),
        cmocka_unit_test(test_big_table),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
