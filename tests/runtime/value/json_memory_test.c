/* Every allocation fails once, in turn, in any and JSON: no crash, no leak, CORBEL_NO_MEMORY told, nothing handed out or counted.
 */
#include "runtime/value/any.h"
#include "tests/runtime/support/alloc_fail.h"
#include "tests/runtime/support/test.h"
#include "tests/runtime/value/fake_object.h"
#include "tests/runtime/value/kinds.h"
#include "tests/runtime/value/rich.h"

#include <corbel/json.h>
#include <string.h>

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
        { .name = "any", .least = 12, .run = run_any },
        { .name = "sequence of any", .least = 10, .run = run_any_seq },
        { .name = "to JSON", .least = 3, .run = run_to_json },
        { .name = "from JSON", .least = 8, .run = run_from_json },
    };
    (void)state;
    alloc_fail_cases(cases, LENGTH_OF(cases));
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_all) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
