/* Messages, byte for byte. */
#include "tests/idl/support.h"

static void expect(const char *text, size_t length, const char *messages)
{
    compiled c = compile_bytes(text, length, NULL);
    assert_string_equal(c.messages, messages);
    compiled_free(&c);
}

#define EXPECT(text, messages) expect(text, sizeof text - 1, messages)

static void caret_under_the_range(void **state)
{
    (void)state;
    EXPECT("struct S {\n  m::Missing x;\n};", "test.idl:2:3: error: unknown module or interface 'm' [unknown-name]\n"
                                              "      m::Missing x;\n"
                                              "      ^\n");
    EXPECT("typedef sequence<Missing> T;", "test.idl:1:18: error: unknown type 'Missing' [unknown-name]\n"
                                           "    typedef sequence<Missing> T;\n"
                                           "                     ^^^^^^^\n");
    EXPECT("const short A = (1 + 2) * 99999;", "test.idl:1:17: error: 299997 does not fit into short [value-out-of-range]\n"
                                               "    const short A = (1 + 2) * 99999;\n"
                                               "                    ^^^^^^^^^^^^^^^\n");
}

static void tabs_line_up(void **state)
{
    (void)state;
    EXPECT("struct S {\tlong\tx;\tMissing\ty; };\r\n", "test.idl:1:20: error: unknown type 'Missing' [unknown-name]\n"
                                                       "    struct S {\tlong\tx;\tMissing\ty; };\n"
                                                       "              \t    \t  \t^^^^^^^\n");
}

static void wide_characters_take_one_column(void **state)
{
    (void)state;
    EXPECT("/* \xE2\x82\xAC\xC3\xA9 */ struct S { Missing x; };", "test.idl:1:24: error: unknown type 'Missing' [unknown-name]\n"
                                                                  "    /* \xE2\x82\xAC\xC3\xA9 */ struct S { Missing x; };\n"
                                                                  "                        ^^^^^^^\n");
}

static void what_does_not_print_is_escaped(void **state)
{
    (void)state;
    EXPECT("/*\033[2J\xff\xc2\x9b*/ struct S { Missing x; };", "test.idl:1:24: error: unknown type 'Missing' [unknown-name]\n"
                                                               "    /*\\x1b[2J\\xff\\xc2\\x9b*/ struct S { Missing x; };\n"
                                                               "                                       ^^^^^^^\n");
    EXPECT("#error a\tb\001\n", "test.idl:1:8: error: #error a\\x09b\\x01 [error-directive]\n"
                                "    #error a\tb\\x01\n"
                                "           ^\t^^^^^\n");
    EXPECT("struct S { long \0x; };", "test.idl:1:17: error: a NUL byte in the source [nul-byte]\n"
                                      "    struct S { long \\x00x; };\n"
                                      "                    ^^^^\n");
}

static void behind_the_line(void **state)
{
    (void)state;
    EXPECT("const long A = 1", "test.idl:1:17: error: expected ';' after a constant [missing-semicolon]\n"
                               "    const long A = 1\n"
                               "                    ^\n");
    EXPECT("struct S {\n", "test.idl:2:1: error: expected '}', found the end of the file [missing-brace]\n"
                           "    \n"
                           "    ^\n"
                           "test.idl:1:10: note: to close this\n"
                           "    struct S {\n"
                           "             ^\n");
}

static void long_lines_are_cut(void **state)
{
    (void)state;
    char text[3000];
    memset(text, ' ', sizeof text);
    memcpy(text, "struct S {", 10);
    memcpy(text + 1000, "Missing x; };", 13);
    compiled c = compile_bytes(text, sizeof text, NULL);
    assert_int_equal(c.result.errors, 1);
    assert_true(strlen(c.messages) < 700);
    const char *source = strchr(c.messages, '\n') + 1;
    const char *caret = strchr(source, '\n') + 1;
    assert_memory_equal(source, "    ...", 7);
    assert_memory_equal(source + (strchr(caret, '^') - caret), "Missing x", 9);
    compiled_free(&c);
}

static void they_end_with_the_limit(void **state)
{
    (void)state;
    char text[4096] = "";
    for (int i = 0; i < 50; i++) {
        snprintf(text + strlen(text), sizeof text - strlen(text), "typedef Missing%d T%d;\n", i, i);
    }
    compiled c = compile_text(text, NULL);
    assert_int_equal(c.result.errors, 20);
    assert_non_null(strstr(c.messages, "Missing19"));
    assert_null(strstr(c.messages, "Missing20"));
    assert_non_null(strstr(c.messages, "error: too many errors, stopped after 20 [too-many-errors]\n"));
    compiled_free(&c);
    const idl_options three = { .max_errors = 3 };
    c = compile_text(text, &three);
    assert_int_equal(c.result.errors, 3);
    compiled_free(&c);
    const idl_options enough = { .max_errors = 50 };
    c = compile_text(text, &enough);
    assert_int_equal(c.result.errors, 50);
    assert_null(strstr(c.messages, "too many"));
    compiled_free(&c);
}

/* As many errors, with nobody to tell. */
static void silence(void **state)
{
    (void)state;
    static const char text[] = "struct S { Missing x; }; const long A = 1 / 0; }";
    const idl_options options = { .diagnostics = NULL };
    idl_result result = idl_compile_text(&options, "quiet.idl", text, sizeof text - 1);
    assert_int_equal(result.errors, 3);
    idl_unit_free(result.unit);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(caret_under_the_range),
        cmocka_unit_test(tabs_line_up),
        cmocka_unit_test(wide_characters_take_one_column),
        cmocka_unit_test(what_does_not_print_is_escaped),
        cmocka_unit_test(behind_the_line),
        cmocka_unit_test(long_lines_are_cut),
        cmocka_unit_test(they_end_with_the_limit),
        cmocka_unit_test(silence),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
