/* Constant expressions and their values. Those that are errors stand in bad/. */
#include "tests/idl/support.h"

static void integers(void **state)
{
    static const struct {
        const char *type;
        const char *expression;
        bool negative;
        uint64_t magnitude;
    } rows[] = {
        { "long", "0", false, 0 },
        { "long", "0x7fFFffff", false, 0x7fffffff },
        { "long", "017", false, 15 },
        { "long", "-2147483648", true, 2147483648 },
        { "long long", "-9223372036854775808", true, (uint64_t)1 << 63 },
        { "unsigned long long", "0xFFFFFFFFFFFFFFFF", false, UINT64_MAX },
        { "octet", "255", false, 255 },
        { "short", "-32768", true, 32768 },
        { "long", "1 + 2 * 3", false, 7 },
        { "long", "(1 + 2) * 3", false, 9 },
        { "long", "7 - 2 - 1", false, 4 },
        { "long", "100 / 7 / 2", false, 7 },
        { "long", "-7 / 2", true, 3 },
        { "long", "-7 % 2", true, 1 },
        { "long", "7 % -2", false, 1 },
        { "long", "1 << 4 + 1", false, 32 },
        { "long", "256 >> 4 >> 1", false, 8 },
        { "long", "-5 >> 1", true, 3 },
        { "long", "-1 << 3", true, 8 },
        { "unsigned long long", "1 << 63", false, (uint64_t)1 << 63 },
        { "long", "1 | 2 ^ 3 & 6", false, 1 },
        { "long", "0xF0 & ~0x10", false, 0xE0 },
        { "long", "~0", true, 1 },
        { "unsigned long", "~0", false, UINT32_MAX },
        { "unsigned short", "~0x00FF", false, 0xFF00 },
        { "octet", "~1", false, 254 },
        { "unsigned long long", "~0", false, UINT64_MAX },
        { "long", "+5", false, 5 },
        { "long", "-(-5)", false, 5 },
        { "long", "3 - -2", false, 5 },
        { "long", "-1 & 0xFF", false, 255 },
        { "long", "-256 | 1", true, 255 },
        { "long", "-1 ^ 1", true, 2 },
        { "long long", "0xFFFFFFFFFFFFFFFF - 0xFFFFFFFFFFFFFFFE", false, 1 },
        { "Outer", "OTHER * 2 + m::INNER", false, 23 },
        { "long", "::OTHER", false, 10 },
    };
    (void)state;
    assert_int_equal(LENGTH_OF(rows), 36);
    for (size_t i = 0; i < LENGTH_OF(rows); i++) {
        char text[256];
        snprintf(text, sizeof text,
                 "typedef long Inner; typedef Inner Outer; const long OTHER = 10; module m { const long INNER = 3; };"
                 "const %s X = %s;",
                 rows[i].type, rows[i].expression);
        compiled c = compile_text(text, NULL);
        const idl_value value = find(good(&c), "X")->value;
        assert_int_equal(value.kind, IDL_VALUE_INTEGER);
        assert_int_equal(value.negative, rows[i].negative);
        assert_int_equal(value.magnitude, rows[i].magnitude);
        compiled_free(&c);
    }
}

static void floats(void **state)
{
    static const struct {
        const char *type;
        const char *expression;
        double number;
    } rows[] = {
        { "double", "1.5", 1.5 },  { "double", "1.", 1 },        { "double", ".25", .25 },
        { "double", "1e3", 1000 }, { "double", "1.5E-1", .15 },  { "double", "-2.5 + 1", -1.5 },
        { "double", "1 / 2", .5 }, { "float", "3", 3 },          { "float", "3.0 * (2 - .5)", 4.5 },
        { "double", "010", 8 },    { "double", "1e308", 1e308 }, { "float", "-3.4e38", -3.4e38 },
    };
    (void)state;
    assert_int_equal(LENGTH_OF(rows), 12);
    for (size_t i = 0; i < LENGTH_OF(rows); i++) {
        char text[256];
        snprintf(text, sizeof text, "const %s X = %s;", rows[i].type, rows[i].expression);
        compiled c = compile_text(text, NULL);
        const idl_value value = find(good(&c), "X")->value;
        assert_int_equal(value.kind, IDL_VALUE_FLOAT);
        assert_true(value.number == rows[i].number);
        compiled_free(&c);
    }
}

static void strings(void **state)
{
    static const struct {
        const char *literal;
        const char *bytes;
    } rows[] = {
        { "\"\"", "" },
        { "\"a\" \"b\"\n\"c\"", "abc" },
        { "\"\\n\\t\\v\\b\\r\\f\\a\\\\\\?\\'\\\"\"", "\n\t\v\b\r\f\a\\?'\"" },
        { "\"\\101\\x42\\x4a1\"", "ABJ1" },
        { "\"\\303\" \"\\xa9\"", "\xC3\xA9" },
        { "\"\xE2\x82\xAC '\"", "\xE2\x82\xAC '" },
        { "\"// no comment /* \"", "// no comment /* " },
        { "NAME", "other" },
        { "PART \"-\" PART", "p-p" },
    };
    (void)state;
    assert_int_equal(LENGTH_OF(rows), 9);
    for (size_t i = 0; i < LENGTH_OF(rows); i++) {
        char text[256];
        snprintf(text, sizeof text, "#define PART \"p\"\nconst string NAME = \"other\"; const string X = %s;", rows[i].literal);
        compiled c = compile_text(text, NULL);
        const idl_value value = find(good(&c), "X")->value;
        assert_int_equal(value.kind, IDL_VALUE_STRING);
        assert_string_equal(value.string, rows[i].bytes);
        compiled_free(&c);
    }
}

static void booleans_and_chars(void **state)
{
    (void)state;
    compiled c = compile_text("const boolean A = TRUE; const boolean B = FALSE; const boolean C = (A); const char D = 'x';"
                              "const char E = '\\xff'; const char F = '\\''; const char G = '\"'; const char H = '\\0';",
                              NULL);
    const idl_unit *unit = good(&c);
    assert_int_equal(find(unit, "A")->value.kind, IDL_VALUE_BOOLEAN);
    assert_int_equal(find(unit, "A")->value.magnitude, 1);
    assert_int_equal(find(unit, "B")->value.magnitude, 0);
    assert_int_equal(find(unit, "C")->value.magnitude, 1);
    assert_int_equal(find(unit, "D")->value.kind, IDL_VALUE_CHAR);
    assert_int_equal(find(unit, "D")->value.magnitude, 'x');
    assert_int_equal(find(unit, "E")->value.magnitude, 255);
    assert_int_equal(find(unit, "F")->value.magnitude, '\'');
    assert_int_equal(find(unit, "G")->value.magnitude, '"');
    assert_int_equal(find(unit, "H")->value.magnitude, 0);
    compiled_free(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(integers),
        cmocka_unit_test(floats),
        cmocka_unit_test(strings),
        cmocka_unit_test(booleans_and_chars),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
