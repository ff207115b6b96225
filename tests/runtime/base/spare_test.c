#include "runtime/base/spare.h"
#include "tests/runtime/support/test.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum { KIB = 1024, MIB = 1024 * KIB, THREADS = 4, ROUNDS = 2000 };

static int empty(void **state)
{
    (void)state;
    size_t capacity = 0;
    for (size_t needed = CRB_SPARE_MOST; needed > CRB_SPARE_LEAST / 2; needed /= 2) {
        for (void *block = NULL; (block = crb_spare_take(needed, &capacity)) != NULL;) {
            free(block);
        }
    }
    return 0;
}

static void needs_spares(void)
{
    if (!CRB_SPARE_KEEPS) {
        skip();
    }
}

static void give(size_t capacity)
{
    void *const block = malloc(capacity);
    assert_non_null(block);
    memset(block, 'x', capacity);
    crb_spare_give(block, capacity);
}

static void what_was_given_is_taken(void **state)
{
    (void)state;
    needs_spares();
    size_t capacity = 0;
    assert_null(crb_spare_take(MIB, &capacity));
    void *const block = malloc(2 * MIB);
    assert_non_null(block);
    crb_spare_give(block, 2 * MIB);
    void *const again = crb_spare_take(MIB, &capacity);
    assert_ptr_equal(again, block);
    assert_int_equal(capacity, 2 * MIB);
    memset(again, 'y', capacity);
    assert_null(crb_spare_take(MIB, &capacity));
    free(again);
}

/** What is given, what is needed, is it taken, and is it still there for who needs all of it? */
typedef struct row {
    size_t given, needed;
    bool taken, stays;
} row;
static const row rows[] = {
    { 1 * MIB, 1 * MIB, true, false },     { 1 * MIB, 1 * MIB + 1, false, false }, { 1 * MIB, MIB / 8, false, true },
    { 1 * MIB, 129 * KIB, true, false },   { 4 * MIB, 4 * MIB, true, false },      { 4 * MIB, 129 * KIB, false, true },
    { 256 * KIB, 256 * KIB, true, false }, { 255 * KIB, 200 * KIB, false, false }, { 4 * MIB + 1, 4 * MIB, false, false },
    { 4 * MIB, 4 * MIB + 1, false, true },
};

static void only_to_whom_it_fits(void **state)
{
    (void)state;
    needs_spares();
    assert_int_equal(LENGTH_OF(rows), 10);
    for (size_t i = 0; i < LENGTH_OF(rows); i++) {
        size_t capacity = 0;
        give(rows[i].given);
        void *const block = crb_spare_take(rows[i].needed, &capacity);
        if ((block != NULL) != rows[i].taken) {
            fail_msg("row %zu: taken %d", i, block != NULL);
        }
        free(block);
        void *const left = crb_spare_take(rows[i].given, &capacity);
        if ((left != NULL) != rows[i].stays) {
            fail_msg("row %zu: stays %d", i, left != NULL);
        }
        free(left);
    }
}

static void no_more_than_a_few(void **state)
{
    (void)state;
    needs_spares();
    size_t capacity = 0;
    for (size_t i = 0; i < CRB_SPARE_BLOCKS + 3; i++) {
        give(MIB);
    }
    for (size_t i = 0; i < CRB_SPARE_BLOCKS; i++) {
        void *const block = crb_spare_take(MIB, &capacity);
        assert_non_null(block);
        free(block);
    }
    assert_null(crb_spare_take(MIB, &capacity));
}

static void *use(void *seed)
{
    const char mark = *(const char *)seed;
    size_t wrong = 0;
    for (size_t i = 0; i < ROUNDS; i++) {
        size_t capacity = 0;
        const size_t needed = CRB_SPARE_LEAST + (size_t)mark * 1000;
        char *block = crb_spare_take(needed, &capacity);
        if (block == NULL) {
            block = malloc(needed);
            capacity = needed;
        }
        if (block == NULL) {
            return seed;
        }
        for (size_t at = 0; at < needed; at += 4096) {
            block[at] = mark;
        }
        for (size_t at = 0; at < needed; at += 4096) {
            wrong += block[at] != mark;
        }
        crb_spare_give(block, capacity);
    }
    return wrong == 0 ? NULL : seed;
}

static void one_at_a_time_has_it(void **state)
{
    (void)state;
    static const char marks[THREADS] = { 1, 2, 3, 4 };
    pthread_t threads[THREADS];
    for (size_t i = 0; i < THREADS; i++) {
        char *const mark = (char *)(uintptr_t)&marks[i];
        assert_int_equal(pthread_create(&threads[i], NULL, use, mark), 0);
    }
    for (size_t i = 0; i < THREADS; i++) {
        void *wrong = NULL;
        assert_int_equal(pthread_join(threads[i], &wrong), 0);
        assert_null(wrong);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(what_was_given_is_taken, empty),
        cmocka_unit_test_setup(only_to_whom_it_fits, empty),
        cmocka_unit_test_setup(no_more_than_a_few, empty),
        cmocka_unit_test_setup(one_at_a_time_has_it, empty),
    };
    return cmocka_run_group_tests(tests, NULL, empty);
}
