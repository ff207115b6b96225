/* The functions of golden/enums: values from zero on, sparse and negative ones. */
#include "tests/codegen/golden/enums/enums.corbel.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void values_from_zero(void **state)
{
    shades_Plain value = shades_RED;
    (void)state;
    assert_string_equal(shades_Plain_to_string(shades_GREEN), "GREEN");
    assert_null(shades_Plain_to_string((shades_Plain)2));
    assert_null(shades_Plain_to_string((shades_Plain)-1));
    assert_true(shades_Plain_is_valid(shades_GREEN) && !shades_Plain_is_valid((shades_Plain)2));
    assert_false(shades_Plain_is_valid((shades_Plain)-1));
    assert_true(shades_Plain_from_string("GREEN", &value));
    assert_int_equal(value, shades_GREEN);
    assert_false(shades_Plain_from_string("BLUE", &value));
    assert_false(shades_Plain_from_string(NULL, &value));
    assert_int_equal(value, shades_GREEN);
}

static void values_of_all_kinds(void **state)
{
    shades_Wide wide = shades_SECOND;
    shades_Sparse sparse = shades_ONE;
    (void)state;
    assert_true(shades_FIRST == INT32_MIN && shades_SECOND == INT32_MIN + 1 && shades_LAST == INT32_MAX);
    assert_string_equal(shades_Wide_to_string(shades_FIRST), "FIRST");
    assert_true(shades_Wide_from_string("LAST", &wide));
    assert_int_equal(wide, INT32_MAX);
    assert_string_equal(shades_Small_to_string((shades_Small)-128), "LOWEST");
    assert_true(shades_Small_is_valid(shades_NONE) && !shades_Small_is_valid((shades_Small)1));
    assert_string_equal(shades_Sparse_to_string((shades_Sparse)6), "SIX");
    assert_null(shades_Sparse_to_string((shades_Sparse)0));
    assert_false(shades_Sparse_is_valid((shades_Sparse)0));
    assert_true(shades_Sparse_from_string("FIVE", &sparse));
    assert_int_equal(sparse, 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(values_from_zero), cmocka_unit_test(values_of_all_kinds) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
