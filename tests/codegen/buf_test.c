/* How text grows, and how lists and statements are broken into lines. */
#include "codegen/buf.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/codegen/support.h"

static void grows(void **state)
{
    (void)state;
    TEST_ARENA(arena);
    emit_buf out = { .arena = &arena };
    char expected[20001] = "";
    for (int i = 0; i < 2000; i++) {
        emit(&out, "%09d\n", i);
        snprintf(expected + (size_t)i * 10, sizeof expected - (size_t)i * 10, "%09d\n", i);
    }
    assert_int_equal(out.length, 20000);
    assert_string_equal(out.text, expected);
    char *large = malloc(100001);
    assert_non_null(large);
    memset(large, 'x', 100000);
    large[100000] = '\0';
    emit_buf one = { .arena = &arena };
    emit(&one, "<%s>", large);
    assert_int_equal(one.length, 100002);
    assert_int_equal(one.text[100001], '>');
    free(large);
    idl_arena_free(&arena);
}

typedef struct list_row {
    const char *head;
    size_t n;
    const char *item; /* n times */
    const char *tail;
    const char *expected;
} list_row;

#define TEN "int abcdef"                                 /* ten columns */
#define FORTY "int abcdefghijklmnopqrstuvwxyzabcdefghij" /* forty */

static const list_row list_rows[] = {
    { "f(", 1, "void", ");", "f(void);\n" },
    { "f(", 3, "a", ");", "f(a, a, a);\n" },
    { "f(", 8, TEN, ");", "f(" TEN ", " TEN ", " TEN ", " TEN ", " TEN ", " TEN ", " TEN ", " TEN ");\n" },
    { "f(", 9, TEN, ");", "f(" TEN ", " TEN ", " TEN ", " TEN ", " TEN ", " TEN ", " TEN ", " TEN ",\n  " TEN ");\n" },
    { "    if (", 3, FORTY, ");", "    if (" FORTY ", " FORTY ",\n        " FORTY ");\n" },
    /* A head so long that nothing fits behind it. */
    { FORTY FORTY "(", 2, FORTY, ");", FORTY FORTY "(\n    " FORTY ", " FORTY ");\n" },
    { "    " FORTY FORTY "(", 1, FORTY, ");", "    " FORTY FORTY "(\n        " FORTY ");\n" },
    { "none(", 0, "", ")", "none()\n" },
};

static void breaks_lists(void **state)
{
    (void)state;
    assert_int_equal(sizeof list_rows / sizeof *list_rows, 8);
    TEST_ARENA(arena);
    for (size_t i = 0; i < sizeof list_rows / sizeof *list_rows; i++) {
        const list_row *row = &list_rows[i];
        emit_buf out = { .arena = &arena };
        emit_strings items = { .arena = &arena };
        for (size_t n = 0; n < row->n; n++) {
            emit_add(&items, "%s", row->item);
        }
        emit_list(&out, row->head, &items, row->tail);
        assert_string_equal(out.text, row->expected);
    }
    idl_arena_free(&arena);
}

static void breaks_statements(void **state)
{
    (void)state;
    TEST_ARENA(arena);
    emit_buf out = { .arena = &arena };
    emit_statement(&out, 4, "return f(a, b);");
    assert_string_equal(out.text, "    return f(a, b);\n");
    out = (emit_buf) { .arena = &arena };
    emit_statement(&out, 4, "return " FORTY "(" FORTY ", " FORTY ");");
    assert_string_equal(out.text, "    return " FORTY "(" FORTY ",\n        " FORTY ");\n");
    out = (emit_buf) { .arena = &arena };
    emit_statement(&out, 4, FORTY FORTY FORTY ";"); /* nowhere to break */
    assert_string_equal(out.text, "    " FORTY FORTY FORTY ";\n");
    idl_arena_free(&arena);
}

static void makes_functions(void **state)
{
    (void)state;
    TEST_ARENA(arena);
    emit_buf out = { .arena = &arena };
    emit_strings none = { .arena = &arena };
    emit_function(&out, "int ", "f", &none, ";");
    emit_short_function(&out, "char *", "g", &none, "return NULL;");
    emit_short_function(&out, "char *", "h", &none, "return " FORTY FORTY ";");
    emit_function(&out, "corbel_status ", FORTY FORTY, &none, ";");
    assert_string_equal(out.text, "int f(void);\nchar *g(void) { return NULL; }\n"
                                  "char *h(void)\n{\n    return " FORTY FORTY ";\n}\n"
                                  "corbel_status\n" FORTY FORTY "(void);\n");
    idl_arena_free(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(grows),
        cmocka_unit_test(breaks_lists),
        cmocka_unit_test(breaks_statements),
        cmocka_unit_test(makes_functions),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
