/* The constants of golden/constants: their values and types, in C and for the preprocessor. */
#include "tests/codegen/golden/constants/constants.corbel.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define IS(type, value) _Static_assert(_Generic((value), type : 1, default : 0), #value)

IS(int, limits_SHORT_LEAST);
IS(int32_t, limits_LONG_LEAST);
IS(int32_t, limits_LONG_MOST);
IS(uint32_t, limits_ULONG_MOST);
IS(int64_t, limits_HYPER_LEAST);
IS(int64_t, limits_HYPER_MOST);
IS(uint64_t, limits_UHYPER_MOST);
IS(float, limits_TENTH);
IS(double, limits_THIRD);
IS(long double, limits_LONG_THIRD);
IS(uint32_t, limits_EURO);
IS(bool, (bool)limits_YES);

#if limits_LONG_LEAST + 1 != -2147483647 || limits_HYPER_LEAST + 1 != -INT64_C(9223372036854775807)
#error "the lowest numbers"
#endif
#if limits_UHYPER_MOST != UINT64_MAX || limits_ULONG_MOST != UINT32_MAX || limits_OCTET_MOST != 255 || limits_MINUS >= 0
#error "the others"
#endif
#if !limits_YES || limits_NO || limits_LETTER != 'x' || limits_NEWLINE != '\n' || limits_NUL
#error "booleans and characters"
#endif

static void numbers(void **state)
{
    (void)state;
    assert_true(limits_TINY_LEAST == INT8_MIN && limits_SHORT_LEAST == INT16_MIN && limits_LONG_LEAST == INT32_MIN);
    assert_true(limits_HYPER_LEAST == INT64_MIN && limits_HYPER_MOST == INT64_MAX && limits_DOUBLE_FEE == 50);
    assert_true(limits_TENTH == 0.1f && limits_THIRD == 1.0 / 3.0 && limits_LARGEST_FLOAT == 3.4028234663852886e38f);
    assert_true(limits_TINY > 0 && limits_TINY / 2 == 0 && limits_BELOW == -2.5 && -limits_MINUS == 1);
}

static void text(void **state)
{
    (void)state;
    assert_true(limits_HIGHEST == (char)'\xff' && limits_QUOTE == '\'' && limits_EURO == 0x20AC && limits_WIDE_LETTER == 'a');
    assert_string_equal(limits_EMPTY, "");
    assert_string_equal(limits_QUOTED, "say \"hi\" to C:\\");
    assert_string_equal(limits_CONTROLS, "\a\b\t\n\v\f\r\033\177");
    assert_string_equal(limits_NO_TRIGRAPH, "?"
                                            "?/ ?"
                                            "?( what?"
                                            "?!");
    assert_string_equal(limits_DIGITS, "\1"
                                       "23");
    assert_string_equal(limits_WIDE, "Gr\303\274\303\237e, \344\270\226\347\225\214");
    assert_int_equal(strlen(limits_LONG_TEXT), 261);
    assert_non_null(strstr(limits_LONG_TEXT, "spaces, and no more is read"));
    assert_non_null(strstr(limits_LONG_TEXT, "iiiijjjjjjjjjj"));
    assert_string_equal(limits_PRICE, "12.50");
    assert_string_equal(limits_DEBT, "-0.005");
}

static void enums(void **state)
{
    (void)state;
    assert_int_equal(limits_USUAL, limits_LARGE);
    assert_int_equal(limits_Shop_BEST, limits_SMALL);
    assert_int_equal(TOP_LEVEL, limits_LARGE);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(numbers), cmocka_unit_test(text), cmocka_unit_test(enums) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
