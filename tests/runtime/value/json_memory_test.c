/* Every allocation fails once, in turn, in any and JSON: no crash, no leak, CORBEL_NO_MEMORY told, nothing handed out or counted.
 */
#include "runtime/value/any.h"
#include "tests/runtime/support/alloc_fail.h"
#include "tests/runtime/support/test.h"
#include "tests/runtime/value/fake_object.h"
#include "tests/runtime/value/kinds.h"
#include "tests/runtime/value/rich.h"

#include <corbel/json.h>
#include <jansson.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
enum { SANITIZED = true }; /* their shadow is no less address space */
#else
enum { SANITIZED = false };
#endif

static alloc_outcome outcome_of(corbel_status status)
{
    assert_true(status == CORBEL_OK || status == CORBEL_NO_MEMORY);
    return status == CORBEL_OK ? ALLOC_DONE : ALLOC_REFUSED;
}

static const kinds_Inner inner = { .text = "a text", .object = &fake_objects[1], .point = { 1, 2 } };

static alloc_outcome run_any(void)
{
    corbel_any *any = NULL, *around = NULL, *inside = NULL;
    kinds_Inner *back = NULL;
    corbel_status status = corbel_value_to_any(&kinds_Inner_type, &inner, &any, NULL);
    if (status == CORBEL_OK) {
        status = corbel_any_to_any(any, &around, NULL);
    }
    if (status == CORBEL_OK) {
        status = corbel_any_from_any(around, &inside, NULL);
    }
    if (status == CORBEL_OK) {
        status = corbel_value_from_any(&kinds_Inner_type, inside, &back, NULL);
    }
    assert_int_equal(status == CORBEL_OK, back != NULL);
    corbel_block_free(back);
    corbel_any_unref(inside);
    corbel_any_unref(around);
    corbel_any_unref(any);
    assert_int_equal(fake_counts(), 0);
    return outcome_of(status);
}

static alloc_outcome run_any_seq(void)
{
    corbel_any *any = NULL;
    corbel_any_seq copy = { 0, NULL }, back = { 0, NULL };
    corbel_status status = corbel_object_to_any(&fake_objects[0], &any, NULL);
    corbel_any *const items[] = { any, NULL, any };
    const corbel_any_seq seq = CORBEL_SEQ(items);
    corbel_any *all = NULL;
    if (status == CORBEL_OK) {
        status = corbel_sequence_copy(&corbel_any_seq_type, &seq, &copy);
    }
    if (status == CORBEL_OK) {
        status = corbel_any_seq_to_any(copy, &all, NULL);
    }
    if (status == CORBEL_OK) {
        status = corbel_any_seq_from_any(all, &back, NULL);
    }
    corbel_any_seq_clear(&copy);
    corbel_any_seq_clear(&back);
    corbel_any_unref(all);
    corbel_any_unref(any);
    assert_int_equal(fake_counts(), 0);
    return outcome_of(status);
}

static alloc_outcome run_to_json(void)
{
    char *json = NULL;
    const corbel_status status = corbel_value_to_json(&kinds_Inner_type, &inner, &json, NULL);
    assert_int_equal(status == CORBEL_OK, json != NULL);
    corbel_string_free(json);
    return outcome_of(status);
}

static alloc_outcome run_from_json(void)
{
    static const char json[] = "{\"percent\":1,\"price\":\"1.5\",\"pick\":{\"D\":8,\"object\":\"fake:2\"},\"leaves\":[{},{}],"
                               "\"tags\":{\"b\":1,\"a\":2,\"c\":3},\"names\":[\"x\",\"y\"],\"grid\":[1,2,3,4,5,6],"
                               "\"objects\":[\"fake:0\",\"\"],\"optList\":{\"items\":[1]},\"tree\":{\"names\":[\"\",\"\"],"
                               "\"child\":{\"names\":[\"\",\"z\"]}}}";
    rich_All *all = NULL;
    const corbel_status status = corbel_value_from_json(fake_runtime, &rich_All_type, json, &all, NULL);
    assert_int_equal(status == CORBEL_OK, all != NULL);
    corbel_block_free(all);
    assert_int_equal(fake_counts(), 0);
    return outcome_of(status);
}

static void test_all(void **state)
{
    static const alloc_case cases[] = {
        { .name = "any", .least = 10, .run = run_any },
        { .name = "sequence of any", .least = 10, .run = run_any_seq },
        { .name = "to JSON", .least = 3, .run = run_to_json },
        { .name = "from JSON", .least = 100, .run = run_from_json },
    };
    (void)state;
    json_set_alloc_funcs(malloc, free); /* the parser's are ours here, and fail, too */
    alloc_fail_cases(cases, LENGTH_OF(cases));
}

/** The bytes of address space that the process has. */
static rlim_t address_space(void)
{
    unsigned long pages = 0;
    FILE *const file = fopen("/proc/self/statm", "re");
    assert_non_null(file);
    assert_int_equal(fscanf(file, "%lu", &pages), 1);
    (void)fclose(file);
    return (rlim_t)pages * 4096;
}

/** A long token, in less and less memory: the parser alone would go on without some of its bytes. */
static void test_long_token(void **state)
{
    enum { LENGTH = 300000, STEP = 65536 };
    static const struct {
        const corbel_type *type;
        char first, inside, last;
    } rows[] = { { &corbel_string_type, '"', 'x', '"' }, { &corbel_double_type, '0', '0', ' ' } };
    size_t taken = 0, refused = 0;
    struct rlimit before;
    (void)state;
    if (SANITIZED) {
        skip();
    }
    char *const text = test_malloc(LENGTH + 1);
    assert_int_equal(getrlimit(RLIMIT_AS, &before), 0);
    for (size_t i = 0; i < LENGTH_OF(rows); i++) {
        memset(text, rows[i].inside, LENGTH);
        text[0] = rows[i].first;
        text[1] = rows[i].first == '0' ? '.' : text[1];
        text[LENGTH - 1] = rows[i].last;
        text[LENGTH] = '\0';
        for (rlim_t room = (rlim_t)96 * STEP; room > 0; room -= STEP) {
            void *value[2] = { NULL, NULL };
            (void)malloc_trim(0);
            const struct rlimit tight = { address_space() + room, before.rlim_max };
            assert_int_equal(setrlimit(RLIMIT_AS, &tight), 0);
            const corbel_status status = corbel_value_from_json(NULL, rows[i].type, text, &value, NULL);
            assert_int_equal(setrlimit(RLIMIT_AS, &before), 0);
            assert_true(status == CORBEL_OK || status == CORBEL_NO_MEMORY);
            taken += status == CORBEL_OK;
            refused += status == CORBEL_NO_MEMORY;
            if (status == CORBEL_OK && rows[i].type == &corbel_string_type) {
                assert_int_equal(strlen(value[0]), LENGTH - 2);
                corbel_string_free(value[0]);
            }
        }
    }
    test_free(text);
    assert_true(taken > 10);
    assert_true(refused > 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_long_token), cmocka_unit_test(test_all) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
