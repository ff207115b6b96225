/* The formatter: examples of its layout, and what holds for every IDL file of the repository. */
#include "idl/format.h"

#include "tests/idl/format_support.h"
#include "tests/runtime/support/test.h"

#include <dirent.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#define FEWEST_EXAMPLES 4
#define FEWEST_FILES 60
#define FEWEST_WORLD_FILES 71
#define SEEDS 12
#define FEWEST_SHUFFLES 1000

static const char *root;

typedef idl_format_result formatter(const char *name, const char *text, size_t length, FILE *diagnostics, char **ret_text,
                                    size_t *ret_length);

typedef struct text {
    char *bytes;
    size_t length;
} text;

static text read_file(const char *path)
{
    text whole = { 0 };
    struct stat status;
    FILE *file = fopen(path, "rb");
    if (file == NULL || fstat(fileno(file), &status) != 0) {
        fail_msg("%s cannot be read", path);
    }
    whole.bytes = calloc(1, (size_t)status.st_size + 1);
    assert_non_null(whole.bytes);
    whole.length = fread(whole.bytes, 1, (size_t)status.st_size, file);
    fclose(file);
    return whole;
}

/* ---- what every formatter must hold ---- */

typedef enum finding {
    HOLDS,
    REFUSED,
    CHANGES_WORDS, /* a token, comment or directive is lost, new or another one */
    IS_NOT_STABLE, /* formatting again changes something */
    FOLLOWS_BLANKS /* the layout depends on white space */
} finding;

static finding examine(formatter *format, const text *input, size_t seeds, uint64_t seed, size_t *n_shuffles)
{
    text once = { 0 };
    text twice = { 0 };
    if (format("input.idl", input->bytes, input->length, NULL, &once.bytes, &once.length) != IDL_FORMAT_DONE) {
        return REFUSED;
    }
    char *before = format_essence(input->bytes, input->length);
    char *after = format_essence(once.bytes, once.length);
    finding found = strcmp(before, after) == 0 ? HOLDS : CHANGES_WORDS;
    free(before);
    free(after);
    const bool again = format("once.idl", once.bytes, once.length, NULL, &twice.bytes, &twice.length) == IDL_FORMAT_DONE;
    if (found == HOLDS && (!again || twice.length != once.length || memcmp(once.bytes, twice.bytes, once.length) != 0)) {
        found = IS_NOT_STABLE;
    }
    free(twice.bytes);
    for (size_t i = 0; i < seeds && found == HOLDS; i++) {
        text shuffled;
        text made = { 0 };
        shuffled.bytes = format_shuffle(input->bytes, input->length, seed + i, &shuffled.length);
        const bool done =
            format("shuffled.idl", shuffled.bytes, shuffled.length, NULL, &made.bytes, &made.length) == IDL_FORMAT_DONE;
        if (!done || made.length != once.length || memcmp(once.bytes, made.bytes, once.length) != 0) {
            print_error("seed %zu gives\n%.*s\nand that\n%.*s\n", i, (int)shuffled.length, shuffled.bytes, (int)made.length,
                        done ? made.bytes : "");
            found = FOLLOWS_BLANKS;
        }
        free(shuffled.bytes);
        free(made.bytes);
        ++*n_shuffles;
    }
    free(once.bytes);
    return found;
}

/* ---- the files of the repository ---- */

typedef struct walk {
    size_t n_files;
    size_t n_formatted;
    size_t n_shuffles;
} walk;

static bool ends_in(const char *name, const char *ending)
{
    return strlen(name) > strlen(ending) && strcmp(name + strlen(name) - strlen(ending), ending) == 0;
}

static void walk_file(walk *all, const char *path)
{
    text input = read_file(path);
    const finding found = examine(idl_format, &input, SEEDS, all->n_files * 1000, &all->n_shuffles);
    free(input.bytes);
    if (found != HOLDS && found != REFUSED) {
        fail_msg("%s: finding %d", path, (int)found);
    }
    all->n_files++;
    all->n_formatted += found == HOLDS;
}

static void walk_folder(walk *all, const char *path)
{
    DIR *folder = opendir(path);
    if (folder == NULL) {
        fail_msg("%s cannot be read", path);
    }
    const struct dirent *entry;
    while ((entry = readdir(folder)) != NULL) {
        char inner[4096];
        struct stat status;
        if (entry->d_name[0] == '.' || snprintf(inner, sizeof inner, "%s/%s", path, entry->d_name) >= (int)sizeof inner ||
            lstat(inner, &status) != 0) {
            continue;
        }
        if (S_ISDIR(status.st_mode)) {
            walk_folder(all, inner);
        } else if (S_ISREG(status.st_mode) && ends_in(entry->d_name, ".idl")) {
            walk_file(all, inner);
        }
    }
    closedir(folder);
}

static void holds_for_every_file(void **state)
{
    (void)state;
    static const char *const folders[] = { "idl", "examples", "bench", "tests" };
    walk all = { 0 };
    for (size_t i = 0; i < sizeof folders / sizeof *folders; i++) {
        char path[4096];
        snprintf(path, sizeof path, "%s/%s", root, folders[i]);
        walk_folder(&all, path);
    }
    printf("%zu files, %zu formatted, %zu shuffles\n", all.n_files, all.n_formatted, all.n_shuffles);
    assert_true(all.n_formatted >= FEWEST_FILES);
    assert_true(all.n_shuffles >= FEWEST_SHUFFLES);
}

/* Debian's omniorb-idl: IDL that nobody here wrote. All of it can be formatted, value types too. */
static void holds_for_files_of_the_world(void **state)
{
    (void)state;
    walk all = { 0 };
    walk_folder(&all, "/usr/share/idl/omniORB");
    printf("%zu files, %zu formatted, %zu shuffles\n", all.n_files, all.n_formatted, all.n_shuffles);
    assert_true(all.n_files >= FEWEST_WORLD_FILES);
    assert_int_equal(all.n_formatted, all.n_files);
}

/* ---- examples ---- */

static void looks_like_its_example(void **state)
{
    (void)state;
    char path[4096];
    size_t n_examples = 0;
    snprintf(path, sizeof path, "%s/tests/idl/format", root);
    DIR *folder = opendir(path);
    assert_non_null(folder);
    const struct dirent *entry;
    while ((entry = readdir(folder)) != NULL) {
        if (!ends_in(entry->d_name, ".idl")) {
            continue;
        }
        snprintf(path, sizeof path, "%s/tests/idl/format/%s", root, entry->d_name);
        text input = read_file(path);
        memcpy(path + strlen(path) - 4, ".out", 4);
        text expected = read_file(path);
        text made = { 0 };
        assert_int_equal(idl_format(path, input.bytes, input.length, stderr, &made.bytes, &made.length), IDL_FORMAT_DONE);
        assert_string_equal(made.bytes, expected.bytes);
        assert_int_equal(made.length, expected.length);
        free(input.bytes);
        free(expected.bytes);
        free(made.bytes);
        n_examples++;
    }
    closedir(folder);
    assert_true(n_examples >= FEWEST_EXAMPLES);
}

typedef struct layout_row {
    const char *input;
    const char *output;
} layout_row;

static const layout_row layouts[] = {
    { "", "" },
    { "  \n\t", "" },
    { "// alone", "// alone\n" },
    { "\xEF\xBB\xBF// after a byte order mark\r\n", "// after a byte order mark\n" },
    { "const long\nA\n=\n1\n;", "const long A = 1;\n" },
    { "#pragma once\n\n\n\n#pragma twice", "#pragma once\n#pragma twice\n" },
    { "interface A{};struct B{};exception C{};", "interface A { };\nstruct B { };\nexception C { };\n" },
    { "struct A { // x\n long a; };", "struct A { // x\n    long a;\n};\n" },
    { "struct A { long a; // x\n };", "struct A {\n    long a; // x\n};\n" },
    { "struct A { long a;\n// x\n };", "struct A {\n    long a;\n    // x\n};\n" },
    { "/// doc\nstruct A { };", "/// doc\nstruct A { };\n" },
    { "// banner\nstruct A { };", "// banner\n\nstruct A { };\n" },
    { "typedef sequence<sequence<long>> A;", "typedef sequence<sequence<long> > A;\n" },
    { "const long A = - 1 >> 2;", "const long A = -1 >> 2;\n" },
    { "interface A { void f ( ) ; } ;", "interface A {\n    void f();\n};\n" },
    { "const string A = \"\xC3\xA4\" L\"x\";", "const string A = \"\xC3\xA4\" L\"x\";\n" },
    { "typedef long factory;", "typedef long factory;\n" },
    { "#if 0\nit's\n#endif\n", "#if 0\nit's\n#endif\n" },
    { "const long A = 1;\n\f\nconst long B = 2;\r\n \f", "const long A = 1;\nconst long B = 2;\n" },
    { "#pragma a \\\r\n b\r\n", "#pragma a \\\n b\n" },
};
#define N_LAYOUTS 20
_Static_assert(sizeof layouts / sizeof *layouts == N_LAYOUTS, "a row a line");

static void lays_out(void **state)
{
    (void)state;
    for (size_t i = 0; i < N_LAYOUTS; i++) {
        text made = { 0 };
        const layout_row *row = &layouts[i];
        assert_int_equal(idl_format("row.idl", row->input, strlen(row->input), stderr, &made.bytes, &made.length),
                         IDL_FORMAT_DONE);
        assert_string_equal(made.bytes, row->output);
        assert_int_equal(made.length, strlen(row->output));
        free(made.bytes);
    }
}

/* ---- what is no IDL ---- */

typedef struct refusal {
    const char *input;
    const char *message;
} refusal;

static const refusal refusals[] = {
    { "struct S { long x }", "x.idl:1:18: error: expected ';' [missing-semicolon]" },
    { "struct S { long x; }\nstruct T { };", "x.idl:1:21: error: expected ';' [missing-semicolon]" },
    { "interface I { void f(long x); };", "x.idl:1:22: error: expected 'in', 'out' or 'inout', found 'long' [expected-word]" },
    { "module m {", "x.idl:1:11: error: expected a definition, found the end of the file [expected-definition]" },
    { "interface I {\n",
      "x.idl:2:1: error: expected an operation, an attribute or '}', found the end of the file [expected-definition]" },
    { "};", "x.idl:1:1: error: expected a definition, found '}' [expected-definition]" },
    { "const long A = ;", "x.idl:1:16: error: expected a value, found ';' [expected-value]" },
    { "typedef sequence<long A;", "x.idl:1:23: error: expected '>', found 'A' [expected-bracket]" },
    { "enum E { A, };", "x.idl:1:13: error: expected a name, found '}' [expected-name]" },
    { "struct S { unsigned int x; };", "x.idl:1:21: error: expected 'long', found 'int' [expected-word]" },
    { "const string A = \"open;", "x.idl:1:18: error: this string is not closed on its line [unclosed-literal]" },
    { "/* open", "x.idl:1:1: error: this comment is not closed [unclosed-comment]" },
    { "#ifdef A\n", "x.idl:1:2: error: this #if has no #endif [condition-not-closed]" },
    { "#if 0\n", "x.idl:1:2: error: this #if has no #endif [condition-not-closed]" },
    { "#endif\n", "x.idl:1:2: error: there is no #if before it [condition-not-opened]" },
    { "#if A\n#else\n#else\n#endif\n", "x.idl:3:2: error: the #else of this #if is over [misplaced-else]" },
    { "#pragma x \\", "x.idl:1:9: error: a backslash with nothing behind it [directive-syntax]" },
    { "#foo\\\f\nconst long A = 1;\n",
      "x.idl:1:6: error: a form feed in the middle of a line cannot be laid out [stray-control]" },
    { "#pragma prefix a\\\\\n", "x.idl:1:9: error: a backslash with nothing behind it [directive-syntax]" },
    { "#foo\\\t\nconst long A = 1;\n", "x.idl:1:5: error: a backslash with nothing behind it [directive-syntax]" },
    { "const long A = 1;\n \v\n", "x.idl:2:2: error: a vertical tab in the middle of a line cannot be laid out [stray-control]" },
    { "#x \\\r\\\r\n", "x.idl:1:5: error: a carriage return in the middle of a line cannot be laid out [stray-control]" },
    { "const long A = 1;\r", "x.idl:1:18: error: a carriage return in the middle of a line cannot be laid out [stray-control]" },
    { "typedef any A;;", "x.idl:1:15: error: expected a definition, found ';' [expected-definition]" },
};
#define N_REFUSALS 24
_Static_assert(sizeof refusals / sizeof *refusals == N_REFUSALS, "a row a line");

static void refuses(void **state)
{
    (void)state;
    for (size_t i = 0; i < N_REFUSALS; i++) {
        char *messages = NULL;
        size_t length = 0;
        text made = { 0 };
        FILE *out = open_memstream(&messages, &length);
        assert_non_null(out);
        assert_int_equal(idl_format("x.idl", refusals[i].input, strlen(refusals[i].input), out, &made.bytes, &made.length),
                         IDL_FORMAT_ERRORS);
        fclose(out);
        assert_null(made.bytes);
        messages[strcspn(messages, "\n")] = '\0';
        assert_string_equal(messages, refusals[i].message);
        free(messages);
    }
}

/* ---- limits ---- */

typedef struct flood {
    const char *begin;
    const char *piece;
} flood;

static void ends_soon(void **state)
{
    (void)state;
    static const flood floods[] = { { "const long A = ", "(" }, { "", "{" },          { "", "(" },  { "typedef ", "sequence<" },
                                    { "", "module m{" },        { "", "#ifdef A\n" }, { "", "@a(" } };
    const size_t size = (size_t)10 << 20;
    for (size_t i = 0; i < sizeof floods / sizeof *floods; i++) {
        char *bytes = malloc(size);
        char *made = NULL;
        size_t length = strlen(floods[i].begin);
        size_t made_length = 0;
        struct timespec begin;
        struct timespec end;
        assert_non_null(bytes);
        memcpy(bytes, floods[i].begin, length);
        while (length + strlen(floods[i].piece) <= size) {
            memcpy(bytes + length, floods[i].piece, strlen(floods[i].piece));
            length += strlen(floods[i].piece);
        }
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &begin);
        assert_int_equal(idl_format("flood.idl", bytes, length, NULL, &made, &made_length), IDL_FORMAT_ERRORS);
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &end);
        assert_true(end.tv_sec - begin.tv_sec <= 10);
        free(bytes);
    }
}

/* ---- negative twins: formatters that are wrong ---- */

static idl_format_result with_edit(const char *input, size_t length, char **ret_text, size_t *ret_length, const char *what,
                                   const char *with)
{
    const idl_format_result result = idl_format("x.idl", input, length, NULL, ret_text, ret_length);
    char *found = result == IDL_FORMAT_DONE ? strstr(*ret_text, what) : NULL;
    if (found != NULL) {
        const size_t old = strlen(what);
        const size_t new = strlen(with);
        assert_true(new <= old);
        memcpy(found, with, new);
        memmove(found + new, found + old, strlen(found + old) + 1);
        *ret_length -= old - new;
    }
    return result;
}

static idl_format_result drops_a_comment(const char *name, const char *input, size_t length, FILE *out, char **ret_text,
                                         size_t *ret_length)
{
    (void)name;
    (void)out;
    return with_edit(input, length, ret_text, ret_length, " // second", "");
}

static idl_format_result drops_a_token(const char *name, const char *input, size_t length, FILE *out, char **ret_text,
                                       size_t *ret_length)
{
    (void)name;
    (void)out;
    return with_edit(input, length, ret_text, ret_length, "@final ", "");
}

static idl_format_result drops_a_directive(const char *name, const char *input, size_t length, FILE *out, char **ret_text,
                                           size_t *ret_length)
{
    (void)name;
    (void)out;
    return with_edit(input, length, ret_text, ret_length, "#pragma foreign\n", "");
}

static idl_format_result changes_nothing(const char *name, const char *input, size_t length, FILE *out, char **ret_text,
                                         size_t *ret_length)
{
    (void)name;
    (void)out;
    *ret_text = malloc(length + 1);
    assert_non_null(*ret_text);
    memcpy(*ret_text, input, length);
    (*ret_text)[length] = '\0';
    *ret_length = length;
    return IDL_FORMAT_DONE;
}

static idl_format_result grows(const char *name, const char *input, size_t length, FILE *out, char **ret_text, size_t *ret_length)
{
    changes_nothing(name, input, length, out, ret_text, ret_length);
    char *larger = realloc(*ret_text, length + 2);
    assert_non_null(larger);
    larger[length] = '\n';
    larger[length + 1] = '\0';
    *ret_text = larger;
    ++*ret_length;
    return IDL_FORMAT_DONE;
}

typedef struct twin {
    formatter *format;
    finding found;
} twin;

static void wrong_formatters_are_caught(void **state)
{
    (void)state;
    static const twin twins[] = {
        { idl_format, HOLDS },    { drops_a_comment, CHANGES_WORDS },  { drops_a_token, CHANGES_WORDS },
        { grows, IS_NOT_STABLE }, { changes_nothing, FOLLOWS_BLANKS }, { drops_a_directive, CHANGES_WORDS },
    };
    static char bytes[] = "#pragma foreign\n\n@final struct S {\n    long a; // first\n    long b; // second\n};\n";
    const text input = { .bytes = bytes, .length = strlen(bytes) };
    for (size_t i = 0; i < sizeof twins / sizeof *twins; i++) {
        size_t n_shuffles = 0;
        assert_int_equal(examine(twins[i].format, &input, 3, 1, &n_shuffles), twins[i].found);
    }
}

/* argv[1]: the repository. */
int main(int argc, char **argv)
{
    if (argc != 2) {
        fprintf(stderr, "usage: format_test FOLDER\n");
        return 2;
    }
    root = argv[1];
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lays_out),
        cmocka_unit_test(looks_like_its_example),
        cmocka_unit_test(holds_for_every_file),
        cmocka_unit_test(holds_for_files_of_the_world),
        cmocka_unit_test(refuses),
        cmocka_unit_test(ends_soon),
        cmocka_unit_test(wrong_formatters_are_caught),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
