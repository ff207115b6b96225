/* Input made to exhaust the stack, the memory or the patience: it ends soon, with few errors. */
#include "tests/idl/support.h"

#include <sys/stat.h>
#include <unistd.h>

#define MANY 200000

/* start, n times repeated, end. */
static char *make(const char *start, const char *repeated, size_t n, const char *end)
{
    const size_t size = strlen(start) + n * strlen(repeated) + strlen(end) + 1;
    char *text = malloc(size);
    assert_non_null(text);
    char *at = stpcpy(text, start);
    for (size_t i = 0; i < n; i++) {
        at = stpcpy(at, repeated);
    }
    stpcpy(at, end);
    return text;
}

static void deep_nesting(void **state)
{
    static const struct {
        const char *start;
        const char *repeated;
        size_t n;
        const char *end;
        const char *message; /* in the first message; NULL: no error */
    } rows[] = {
        { "", "module m { ", 64,
          "const long A = 1; };};};};};};};};};};};};};};};};};};};};};};};};};};};};};};};};"
          "};};};};};};};};};};};};};};};};};};};};};};};};};};};};};};};};",
          NULL },
        { "", "module m { ", MANY, "", "modules nest deeper than 64" },
        { "typedef ", "sequence<", MANY, "long", "types nest deeper than 64" },
        { "const long A = ", "(", MANY, "1", "expressions nest deeper than 64" },
        { "typedef sequence<long, ", "(", MANY, "1", "expressions nest deeper than 64" },
        { "const long A = ", "-", MANY, "1;", "expected a value" },
        { "const long A = 1", " + 1", 20000, ";", NULL },
        { "#if ", "(", MANY, "1\n#endif\n", "expected fewer parentheses" },
        { "#if ", "!", MANY, "1\nconst long A = 1;\n#endif\n", NULL },
        { "", "#if 0\n", MANY, "", "this condition has no #endif" },
        { "#if 0\n", "#if 1\n", MANY, "", "this condition has no #endif" },
        { "", "#if 1\n", MANY, "", "this condition has no #endif" },
        { "", "{", MANY, "", "expected a definition" },
        { "", "}", MANY, "", "expected a definition" },
        { "", "@a(", MANY, "", "expected ')', found the end of the file" },
        { "struct S { map<", "sequence<", MANY, "", "types nest deeper than 64" },
        { "struct S { ", "map<long, ", MANY, "", "types nest deeper than 64" },
        { "@a ", "@a ", MANY, "struct S { long x; };", "more than 256 annotations stand here" },
        { "struct S { ", "@id(@id", MANY, "", "expected a value" },
        { "typedef long A", "[1]", MANY, ";", "an array has at most 16 dimensions" },
        { "@f(", "(", MANY, ") struct S { long x; };", "expected ')'" },
        { "const fixed A = 1d", " * 2.5d / 2.5d", 20000, ";", NULL },
        { "const long A = ", "a::", MANY, "b;", "unknown module or interface 'a'" },
        { "union U switch (long) {", "case 1: {", MANY, "", "expected a type" },
        { "const string A = ", "\"a\" ", MANY, ";", NULL },
        { "/** ", "* ", MANY, "*/ const long A = 1;", NULL },
        { "", "/// a\n", MANY, "const long A = 1;", NULL },
        { "#if 0\n", "\\\"'\\'", MANY, "\n#endif\n", NULL },
        { "const long ", "a", MANY, " = 1;", "this identifier is longer than 255 bytes" },
    };
    (void)state;
    assert_int_equal(LENGTH_OF(rows), 29);
    for (size_t i = 0; i < LENGTH_OF(rows); i++) {
        char *text = make(rows[i].start, rows[i].repeated, rows[i].n, rows[i].end);
        compiled c = compile_text(text, NULL);
        if (rows[i].message == NULL) {
            good(&c);
        } else {
            const char *first = strstr(c.messages, ": error: ");
            assert_non_null(first);
            if (strncmp(first + 9, rows[i].message, strlen(rows[i].message)) != 0) {
                fail_msg("expected \"%s\", said \"%.80s\"", rows[i].message, first + 9);
            }
        }
        assert_true(strlen(c.messages) < 20000);
        compiled_free(&c);
        free(text);
    }
}

/* Chains of definitions, each of which uses the one before it. */
static void chains(void **state)
{
    static const struct {
        const char *first;
        const char *next; /* the numbers of this one and the one before */
        const char *message;
    } rows[] = {
        { "typedef long T0;", "typedef T%2$d T%1$d;", "'T64' nests deeper than 64 types" },
        { "struct T0 { long x; };", "struct T%1$d { T%2$d x; };", "'T64' nests deeper than 64 types" },
        { "struct T0 { long x; };", "struct T%1$d { sequence<T%2$d> x; };", "'T32' nests deeper than 64 types" },
        { "interface T0 { };", "interface T%1$d : T%2$d { };", "the interfaces up to here inherit more than 1000000" },
    };
    (void)state;
    assert_int_equal(LENGTH_OF(rows), 4);
    for (size_t i = 0; i < LENGTH_OF(rows); i++) {
        char *text = malloc(5000 * 64);
        assert_non_null(text);
        char *at = stpcpy(text, rows[i].first);
        for (int n = 1; n < 5000; n++) {
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
            at += sprintf(at, rows[i].next, n, n - 1);
#pragma GCC diagnostic pop
        }
        compiled c = compile_text(text, NULL);
        const char *first = strstr(c.messages, ": error: ");
        assert_non_null(first);
        assert_memory_equal(first + 9, rows[i].message, strlen(rows[i].message));
        compiled_free(&c);
        free(text);
    }
}

static void macros_that_multiply(void **state)
{
    static const char *const lasts[] = { "#define A0 1 + 1\n", "#define A0\n" };
    (void)state;
    for (size_t i = 0; i < LENGTH_OF(lasts); i++) {
        char text[4096];
        char *at = stpcpy(text, lasts[i]);
        for (int n = 1; n <= 60; n++) {
            at += sprintf(at, "#define A%d A%d A%d\n", n, n - 1, n - 1);
        }
        strcpy(at, "@A60 A60\n");
        compiled c = compile_text(text, NULL);
        assert_non_null(strstr(c.messages, "macros expand to more than 1000000 tokens"));
        assert_null(c.result.unit);
        compiled_free(&c);
    }
}

static void includes_that_multiply(void **state)
{
    (void)state;
    char folder[] = "/tmp/corbel-idl-XXXXXX";
    char path[64];
    assert_non_null(mkdtemp(folder));
    for (int i = 0; i <= 40; i++) {
        snprintf(path, sizeof path, "%s/%d.idl", folder, i);
        FILE *file = fopen(path, "w");
        assert_non_null(file);
        if (i < 40) {
            fprintf(file, "#include \"%d.idl\"\n#include \"%d.idl\"\n", i + 1, i + 1);
        }
        fclose(file);
    }
    snprintf(path, sizeof path, "%s/0.idl", folder);
    const char *const paths[] = { path };
    compiled c = compile_files(paths, 1, NULL);
    assert_non_null(strstr(c.messages, "this unit has too many #includes"));
    assert_null(c.result.unit);
    compiled_free(&c);
    for (int i = 0; i <= 40; i++) {
        snprintf(path, sizeof path, "%s/%d.idl", folder, i);
        unlink(path);
    }
    assert_int_equal(rmdir(folder), 0);
}

/* A text at the limit is read, one above it is not. */
static void size_of_a_text(void **state)
{
    (void)state;
    const size_t limit = (size_t)16 << 20;
    char *text = malloc(limit + 1);
    assert_non_null(text);
    memset(text, ' ', limit + 1);
    compiled c = compile_bytes(text, limit, NULL);
    good(&c);
    compiled_free(&c);
    c = compile_bytes(text, limit + 1, NULL);
    assert_string_equal(c.messages, "test.idl: error: cannot read this file: it is larger than 16 MiB [cannot-read]\n");
    compiled_free(&c);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(deep_nesting),           cmocka_unit_test(chains),         cmocka_unit_test(macros_that_multiply),
        cmocka_unit_test(includes_that_multiply), cmocka_unit_test(size_of_a_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
