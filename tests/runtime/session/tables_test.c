/* The tables by number and by time, against plain arrays. */
#include "tests/runtime/support/test.h"

#include "runtime/session/tables.h"
#include "runtime/transport/scripted.h"

#include <string.h>

static void test_ids(void **state)
{
    (void)state;
    enum { N = 500 };
    static crb_id_node nodes[N];
    memset(nodes, 0, sizeof nodes);
    crb_id_table table = { 0 };
    uint64_t random = 3, next = 1;
    size_t count = 0;
    for (int step = 0; step < 20000; step++) {
        crb_id_node *const node = &nodes[crb_scripted_random(&random) % N];
        if (node->id == 0) {
            assert_true(crb_id_add(&table, node, next++));
            count++;
        } else {
            const uint64_t id = node->id;
            assert_ptr_equal(crb_id_find(&table, id), node);
            crb_id_remove(&table, node);
            crb_id_remove(&table, node);
            assert_null(crb_id_find(&table, id));
            count--;
        }
        assert_int_equal(table.count, count);
    }
    assert_null(crb_id_find(&table, 0));
    for (size_t i = 0; i < N; i++) {
        crb_id_remove(&table, &nodes[i]);
    }
    assert_int_equal(table.count, 0);
    assert_non_null(table.buckets); /* kept for the next */
    crb_id_table_clear(&table);
}

static void test_due(void **state)
{
    (void)state;
    enum { N = 200 };
    static crb_due items[N];
    memset(items, 0, sizeof items);
    crb_due_heap heap = { 0 };
    uint64_t random = 9;
    assert_null(crb_due_first(&heap));
    for (int step = 0; step < 20000; step++) {
        crb_due *const item = &items[crb_scripted_random(&random) % N];
        if (item->place == 0) {
            assert_true(crb_due_add(&heap, item, crb_scripted_random(&random) % 1000));
        } else {
            crb_due_remove(&heap, item);
            crb_due_remove(&heap, item);
        }
        uint64_t least = UINT64_MAX;
        size_t n = 0;
        for (size_t i = 0; i < N; i++) {
            least = items[i].place != 0 && items[i].when < least ? items[i].when : least;
            n += items[i].place != 0;
        }
        assert_int_equal(heap.n, n);
        assert_true(n == 0 ? crb_due_first(&heap) == NULL : crb_due_first(&heap)->when == least);
    }
    crb_due_heap_clear(&heap);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ids),
        cmocka_unit_test(test_due),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
