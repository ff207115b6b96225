#include "runtime/base/arena.h"
#include "runtime/base/buf.h"
#include "tests/runtime/support/alloc_fail.h"
#include "tests/runtime/support/test.h"

#include <string.h>

static void memory_is_zeroed_aligned_and_apart(void **state)
{
    (void)state;
    crb_arena *arena = crb_arena_new(0);
    assert_non_null(arena);
    uint8_t *pieces[300];
    for (size_t i = 0; i < LENGTH_OF(pieces); i++) {
        const size_t n = i * i; /* up to 90 kB: small ones, and ones with a chunk of their own */
        pieces[i] = crb_arena_alloc(arena, n, 1);
        assert_non_null(pieces[i]);
        assert_int_equal((uintptr_t)pieces[i] % _Alignof(max_align_t), 0);
        for (size_t k = 0; k < n; k++) {
            assert_int_equal(pieces[i][k], 0);
        }
        memset(pieces[i], (int)(i & 0xff), n);
    }
    for (size_t i = 0; i < LENGTH_OF(pieces); i++) {
        for (size_t k = 0; k < i * i; k++) {
            assert_int_equal(pieces[i][k], i & 0xff);
        }
    }
    crb_arena_free(arena);
    crb_arena_free(NULL);
}

static void the_budget_holds(void **state)
{
    (void)state;
    crb_arena *arena = crb_arena_new(1000);
    assert_non_null(crb_arena_alloc(arena, 6, 100));
    assert_null(crb_arena_alloc(arena, 1, 401));
    assert_non_null(crb_arena_alloc(arena, 4, 100));
    assert_null(crb_arena_alloc(arena, 1, 1));
    assert_non_null(crb_arena_alloc(arena, 0, 8));
    assert_non_null(crb_arena_alloc(arena, 8, 0));
    crb_arena_free(arena);
}

static void overflows_are_refused(void **state)
{
    (void)state;
    crb_arena *arena = crb_arena_new(0);
    assert_null(crb_arena_alloc(arena, SIZE_MAX, 2));
    assert_null(crb_arena_alloc(arena, SIZE_MAX / 2 + 2, 2));
    assert_null(crb_arena_alloc(arena, SIZE_MAX, 1));
    assert_null(crb_arena_take(arena, SIZE_MAX - 8, 16));
    assert_null(crb_arena_new_sized(0, SIZE_MAX));
    assert_non_null(crb_arena_alloc(arena, 1, 1));
    crb_arena_free(arena);
}

static void who_knows_the_size_takes_one_block(void **state)
{
    (void)state;
    const size_t live = alloc_fail_live();
    crb_arena *arena = crb_arena_new_sized(0, 5000 + 15 + 7 + 3);
    assert_non_null(crb_arena_take(arena, 7, 1));
    assert_non_null(crb_arena_take(arena, 5000, 16));
    assert_non_null(crb_arena_take(arena, 3, 1));
    assert_int_equal(alloc_fail_live(), live + 1);
    crb_arena_free(arena);
    assert_int_equal(alloc_fail_live(), live);
}

static void failing_allocations_are_told(void **state)
{
    (void)state;
    const size_t live = alloc_fail_live();
    size_t n = 0;
    bool failed = true;
    for (; failed; n++) {
        alloc_fail_at(n);
        crb_arena *arena = crb_arena_new(0);
        const bool complete =
            arena != NULL && crb_arena_alloc(arena, 1, 5000) != NULL && crb_arena_alloc(arena, 1, 100000) != NULL;
        failed = alloc_fail_end();
        assert_int_equal(complete, !failed);
        crb_arena_free(arena);
    }
    assert_int_equal(n, 4); /* three allocations, each failed once, and one run without */

    alloc_fail_at(1);
    crb_buf buf = CRB_BUF_INIT;
    for (int i = 0; i < 1000; i++) {
        crb_buf_append(&buf, "0123456789", 10);
    }
    assert_true(alloc_fail_end());
    assert_true(buf.failed);
    assert_true(buf.len <= buf.capacity);
    crb_buf_clear(&buf);
    assert_int_equal(alloc_fail_live(), live);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(memory_is_zeroed_aligned_and_apart),
        cmocka_unit_test(the_budget_holds),
        cmocka_unit_test(overflows_are_refused),
        cmocka_unit_test(who_knows_the_size_takes_one_block),
        cmocka_unit_test(failing_allocations_are_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
