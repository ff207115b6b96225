/* Every allocation of a session fails once: no crash, no leak, every question complete, every completion true. A session without
 * memory ends as if the peer had been lost; a call without memory is refused. */
#include "tests/runtime/session/exchange.h"
#include "tests/runtime/support/alloc_fail.h"

#include "runtime/session/tables.h"
#include "runtime/wire/frame.h"

#include <stdio.h>
#include <string.h>

enum { MANY = 40 };

/** Ends what a case has begun, and holds it against the books. Takes NULL. */
static alloc_outcome alloc_end(world *w, bool whole)
{
    if (w == NULL) {
        return ALLOC_REFUSED;
    }
    if (!crb_scripted_is_over(w->pipe)) {
        crb_session_withdraw(w->sides[0].session, &w->sides[0].objects[1], "withdrawn");
        world_run(w, 20);
        crb_session_bye(w->sides[0].session, world_now(w));
        world_run(w, 2000);
    }
    if (!crb_scripted_is_over(w->pipe)) {
        crb_scripted_cut(w->pipe, "the end");
    }
    world_check_and_free(w);
    return whole ? ALLOC_DONE : ALLOC_REFUSED;
}

static alloc_outcome run_exchange(void)
{
    world *const w = world_new(NULL, NULL, NULL);
    return alloc_end(w, w != NULL && exchange(w, 100));
}

static alloc_outcome run_large_exchange(void)
{
    world *const w = world_new(NULL, NULL, NULL);
    return alloc_end(w, w != NULL && exchange(w, 60000));
}

/** So many objects, operations, questions with deadlines and queued calls at once that each table grows. */
static bool alloc_many(world *w)
{
    static char names[MANY][32];
    side *const client = &w->sides[0], *const server = &w->sides[1];
    corbel_status status = CORBEL_OK;
    asked *calls[MANY] = { NULL };
    server->answers_binds = true;
    asked *const bind = world_bind(client, "0", &status);
    world_run(w, 20);
    if (bind == NULL || !bind->done || bind->ref == NULL) {
        return false;
    }
    for (int i = 0; i < MANY; i++) {
        (void)snprintf(names[i], sizeof names[i], "operation %d", i);
        crb_ref_out ref = world_ref_object(client, i);
        calls[i] = world_call(client,
                              &(call_options) { .target = bind->ref,
                                                .refs = &ref,
                                                .n_refs = 1,
                                                .operation = names[i],
                                                .key = names[i],
                                                .deadline_ms = 1000,
                                                .lane = (uint64_t)i % WORLD_LANES },
                              &status);
    }
    world_run(w, 20);
    for (int i = 0; server->n_pending > 0; i++) {
        crb_ref_out ref = world_ref_object(server, i);
        world_return(server, server->pending[0], 30, &ref, 1);
    }
    world_run(w, 20);
    bool whole = !client->closed && !server->closed;
    for (int i = 0; i < MANY; i++) {
        whole = whole && calls[i] != NULL && calls[i]->done && calls[i]->status == CORBEL_OK;
    }
    crb_session_withdraw(server->session, &server->objects[3], "withdrawn");
    world_run(w, 20);
    whole = whole && client->gone != NULL;
    world_release_all(client);
    world_release_all(server);
    world_run(w, 20);
    return whole;
}

static alloc_outcome run_many(void)
{
    world *const w = world_new(NULL, NULL, NULL);
    return alloc_end(w, w != NULL && alloc_many(w));
}

/** What a failure on the way must leave alone is checked by the next steps. */
static alloc_outcome run_ids(void)
{
    static crb_id_node nodes[200];
    crb_id_table table = { 0 };
    memset(nodes, 0, sizeof nodes);
    size_t n = 0;
    while (n < LENGTH_OF(nodes) && crb_id_add(&table, &nodes[n], n + 1)) {
        n++;
    }
    assert_int_equal(table.count, n);
    for (size_t i = 0; i < LENGTH_OF(nodes); i++) {
        assert_ptr_equal(crb_id_find(&table, i + 1), i < n ? &nodes[i] : NULL);
        crb_id_remove(&table, &nodes[i]);
    }
    assert_int_equal(table.count, 0);
    crb_id_table_clear(&table);
    return n == LENGTH_OF(nodes) ? ALLOC_DONE : ALLOC_REFUSED;
}

static alloc_outcome run_due(void)
{
    static crb_due items[200];
    crb_due_heap heap = { 0 };
    memset(items, 0, sizeof items);
    size_t n = 0;
    while (n < LENGTH_OF(items) && crb_due_add(&heap, &items[n], 1000 - n)) {
        n++;
    }
    assert_int_equal(heap.n, n);
    for (size_t i = n; i > 0; i--) {
        assert_ptr_equal(crb_due_first(&heap), &items[i - 1]);
        crb_due_remove(&heap, &items[i - 1]);
    }
    assert_null(crb_due_first(&heap));
    crb_due_heap_clear(&heap);
    return n == LENGTH_OF(items) ? ALLOC_DONE : ALLOC_REFUSED;
}

/** A frame with a table too large for the memory that a scratch has in itself. */
static alloc_outcome run_frame(void)
{
    crb_wire_ref refs[300];
    for (size_t i = 0; i < LENGTH_OF(refs); i++) {
        refs[i] = (crb_wire_ref) { .tag = i + 1, .index = (uint32_t)i, .generation = 1, .interface = "test::Object" };
    }
    crb_frame frame = { .type = CRB_WIRE_CALL };
    frame.u.call = (crb_wire_call) { .question = 7, .refs = refs, .n_refs = LENGTH_OF(refs) };
    const crb_frame_limits limits = { LENGTH_OF(refs) };
    crb_scratch scratch;
    crb_buf message = CRB_BUF_INIT;
    crb_scratch_init(&scratch);
    crb_frame_pack(&message, &frame, &scratch);
    bool whole = !message.failed;
    if (whole) {
        const uint8_t *at = message.data, *data = NULL;
        size_t left = message.len, len = 0;
        const char *why = NULL;
        crb_frame back;
        assert_true(crb_frame_split(&at, &left, &data, &len));
        const crb_frame_result result = crb_frame_unpack(&back, data, len, &limits, &scratch, &why);
        assert_int_not_equal(result, CRB_FRAME_MALFORMED);
        whole = result == CRB_FRAME_OK;
        assert_true(!whole || (back.u.call.n_refs == LENGTH_OF(refs) && back.u.call.refs[299].tag == 300));
    }
    crb_scratch_reset(&scratch, 0);
    crb_buf_clear(&message);
    return whole ? ALLOC_DONE : ALLOC_REFUSED;
}

/* A session copes where a table is only there to be faster. */
static const alloc_case cases[] = {
    { "an exchange of everything", 100, run_exchange, true },
    { "the same with large bodies", 100, run_large_exchange, true },
    { "many objects, operations and questions", 250, run_many, true },
    { "the table of questions", 4, run_ids, false },
    { "the heap of deadlines", 4, run_due, false },
    { "a large frame", 3, run_frame, false },
};

static void test_every_allocation_fails_once(void **state)
{
    (void)state;
    assert_int_equal(LENGTH_OF(cases), 6);
    alloc_fail_cases(cases, LENGTH_OF(cases));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_allocation_fails_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
