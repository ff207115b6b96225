/* Debian's omniorb-idl, file by file, against the table in docs/omniorb-idl.md: what compiles, how many operations, attributes,
 * members and constants it has, which omniidl has to agree on, and what is refused, for which reason.
 *
 * A row is "| path | result | operations | attributes | members | constants |". The result is "clean", or the first error. */
#include "tests/idl/support.h"

#include <sys/wait.h>
#include <unistd.h>

#define FEWEST_CLEAN 58
#define N_FILES 71

typedef struct omniorb_counts {
    unsigned operations;
    unsigned attributes;
    unsigned members;
    unsigned constants;
} omniorb_counts;

static const char *page;
static char *paths[N_FILES + 1];
static size_t n_paths;

/* What the main files of a unit declare. */
static void count_declarations(const idl_decl *first, omniorb_counts *counts)
{
    for (const idl_decl *decl = first; decl != NULL; decl = decl->next) {
        if (decl->kind != IDL_MODULE && !decl->range.file->is_main) {
            continue;
        }
        counts->operations += decl->kind == IDL_OPERATION ? 1 : 0;
        counts->attributes += decl->kind == IDL_ATTRIBUTE ? 1 : 0;
        counts->members += decl->kind == IDL_MEMBER ? 1 : 0;
        counts->constants += decl->kind == IDL_CONST ? 1 : 0;
        if (decl->kind != IDL_OPERATION && decl->kind != IDL_ATTRIBUTE) {
            count_declarations(decl->children, counts);
        }
    }
}

static bool begins(const char *text, const char *with)
{
    return strncmp(text, with, strlen(with)) == 0;
}

/* How many declarators a line has: commas outside < > and ( ), and one. */
static unsigned count_declarators(const char *line)
{
    unsigned count = 1;
    int depth = 0;
    for (; *line != '\0' && *line != ';'; line++) {
        depth += *line == '<' || *line == '(' ? 1 : *line == '>' || *line == ')' ? -1 : 0;
        count += *line == ',' && depth == 0 ? 1 : 0;
    }
    return count;
}

/* A line of what omniidl -bdump prints, inside blocks of these kinds ('m'odule, 'i'nterface, 's'truct, 'u'nion, 'v'alue type). */
static void count_line(const char *line, char *blocks, size_t *depth, omniorb_counts *counts)
{
    const size_t length = strlen(line);
    const char inside = *depth == 0 ? 'm' : blocks[*depth - 1];
    const char *kind = line + (begins(line, "local ") ? 6 : begins(line, "abstract ") ? 9 : 0);
    if (length == 0 || begins(line, "//") || begins(line, "#")) {
        return;
    }
    if (line[length - 1] == '{') {
        assert_true(*depth < 30);
        const bool is_value = strstr(line, "valuetype ") != NULL || inside == 'v';
        const bool is_struct = begins(kind, "struct ") || begins(kind, "exception ");
        const char block = is_value                     ? 'v'
                           : begins(kind, "interface ") ? 'i'
                           : begins(kind, "union ")     ? 'u'
                           : begins(kind, "module ")    ? 'm'
                                                        : 's';
        assert_true(block != 's' || is_struct);
        blocks[(*depth)++] = block;
    } else if (strcmp(line, "};") == 0) {
        assert_true(*depth > 0);
        (*depth)--;
    } else if (inside == 'v') {
        return; /* a value type's own */
    } else if (begins(line, "const ")) {
        counts->constants++;
    } else if (begins(kind, "interface ") || begins(line, "enum ") || begins(line, "typedef ") || begins(line, "native ") ||
               begins(kind, "valuetype ") || begins(line, "struct ") || begins(line, "union ")) {
        return;
    } else if (inside == 'i' && (begins(line, "attribute ") || begins(line, "readonly attribute "))) {
        counts->attributes += count_declarators(line);
    } else if (inside == 'i') {
        assert_non_null(strchr(line, '('));
        counts->operations++;
    } else if (inside == 's') {
        counts->members += count_declarators(line);
    } else if (inside == 'u') {
        counts->members += line[length - 1] == ';' ? 1 : 0; /* else a label */
    } else {
        fail_msg("not understood: %s", line);
    }
}

/* What omniidl says of the file; false: it refuses it, too. */
static bool ask_omniidl(const char *path, omniorb_counts *counts)
{
    char command[512];
    char line[4096];
    char blocks[32];
    size_t depth = 0;
    snprintf(command, sizeof command, "omniidl -bdump -DENABLE_CLIENT_IR_SUPPORT -I. -ICOS '%s' 2>/dev/null", path);
    FILE *dump = popen(command, "r"); /* NOLINT(cert-env33-c): the test's own words */
    assert_non_null(dump);
    while (fgets(line, sizeof line, dump) != NULL) {
        char *start = line + strspn(line, " \t");
        start[strcspn(start, "\n")] = '\0';
        count_line(start, blocks, &depth, counts);
    }
    const int status = pclose(dump);
    while (waitpid(-1, NULL, 0) > 0) { /* its preprocessor, when it dies of a file that it refuses */
    }
    assert_true(!WIFEXITED(status) || WEXITSTATUS(status) != 127); /* there is an omniidl */
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

/* The row of a file, from what the front end says. */
static void make_row(const char *path, char row[1024], bool *ret_clean, bool *ret_value_type)
{
    static const char *const include_dirs[] = { ".", "COS" };
    static const idl_define defines[] = { { .name = "ENABLE_CLIENT_IR_SUPPORT", .value = "" } };
    const idl_options options = {
        .include_dirs = include_dirs,
        .n_include_dirs = LENGTH_OF(include_dirs),
        .defines = defines,
        .n_defines = LENGTH_OF(defines),
        .warn = { .off = UINT32_MAX },
    };
    const char *const main_path[] = { path };
    compiled c = compile_files(main_path, 1, &options);
    *ret_clean = c.result.errors == 0;
    *ret_value_type = false;
    if (*ret_clean) {
        omniorb_counts ours = { 0 };
        count_declarations(good(&c)->definitions, &ours);
        snprintf(row, 1024, "| %s | clean | %u | %u | %u | %u |", path, ours.operations, ours.attributes, ours.members,
                 ours.constants);
    } else {
        unsigned of_values = 0;
        for (const char *at = c.messages; (at = strstr(at, " [unsupported-value-type]\n")) != NULL; at++) {
            of_values++;
        }
        *ret_value_type = of_values == c.result.errors;
        snprintf(row, 1024, "| %s | %.*s | | | | |", path, (int)strcspn(c.messages, "\n"), c.messages);
    }
    compiled_free(&c);
}

static void rows_hold(void **state)
{
    char row[1024];
    size_t clean = 0, of_values = 0, refused = 0;
    bool failed = false;
    (void)state;
    char *table = calloc(1, (size_t)64 << 10);
    FILE *file = fopen(page, "r");
    assert_non_null(table);
    assert_non_null(file);
    assert_true(fread(table, 1, ((size_t)64 << 10) - 1, file) > 0);
    fclose(file);
    assert_int_equal(n_paths, N_FILES);
    for (size_t i = 0; i < n_paths; i++) {
        bool is_clean, is_value_type;
        make_row(paths[i], row, &is_clean, &is_value_type);
        clean += is_clean ? 1 : 0;
        of_values += is_value_type ? 1 : 0;
        refused += is_clean || is_value_type ? 0 : 1;
        const char *found = strstr(table, row);
        if (found == NULL || found[strlen(row)] != '\n') {
            print_message("not in %s: %s\n", page, row);
            failed = true;
        }
    }
    size_t n_rows = 0;
    for (const char *at = table; (at = strstr(at, ".idl | ")) != NULL; at++) {
        n_rows++;
    }
    assert_int_equal(n_rows, N_FILES);
    assert_true(clean >= FEWEST_CLEAN);
    snprintf(row, sizeof row, "\n%zu are clean, %zu have value types, %zu name what is not shipped.\n", clean, of_values,
             refused);
    assert_non_null(strstr(table, row));
    assert_false(failed);
    free(table);
}

static void omniidl_agrees(void **state)
{
    (void)state;
    for (size_t i = 0; i < n_paths; i++) {
        char row[1024], theirs[1024];
        bool is_clean, is_value_type;
        omniorb_counts counts = { 0 };
        make_row(paths[i], row, &is_clean, &is_value_type);
        assert_int_equal(ask_omniidl(paths[i], &counts), is_clean || is_value_type);
        snprintf(theirs, sizeof theirs, "| %s | clean | %u | %u | %u | %u |", paths[i], counts.operations, counts.attributes,
                 counts.members, counts.constants);
        if (is_clean) {
            assert_string_equal(row, theirs);
        }
    }
}

/* The counting sees what it should. */
static void counting_can_fail(void **state)
{
    static const char *const lines[] = { "module m {",
                                         "interface I : J {",
                                         "readonly attribute long x, y;",
                                         "void f(in long a, in long b);",
                                         "};",
                                         "struct S {",
                                         "sequence<fixed<3,1>, 4> x, y[3];",
                                         "};",
                                         "union U switch (long) {",
                                         "case 1:",
                                         "long z;",
                                         "};",
                                         "const long A = 1;",
                                         "local interface K;",
                                         "};" };
    char blocks[32];
    size_t depth = 0;
    omniorb_counts counts = { 0 };
    (void)state;
    for (size_t i = 0; i < LENGTH_OF(lines); i++) {
        count_line(lines[i], blocks, &depth, &counts);
    }
    assert_int_equal(depth, 0);
    assert_int_equal(counts.attributes, 2);
    assert_int_equal(counts.operations, 1);
    assert_int_equal(counts.members, 3);
    assert_int_equal(counts.constants, 1);
}

/* argv: the folder of the files, docs/omniorb-idl.md */
int main(int argc, char **argv)
{
    char *absolute = argc == 3 ? realpath(argv[2], NULL) : NULL;
    if (absolute == NULL || chdir(argv[1]) != 0) {
        fprintf(stderr, "usage: omniorb_test FOLDER PAGE (is the package omniorb-idl there?)\n");
        return 2;
    }
    page = absolute;
    FILE *list = popen("LC_ALL=C; export LC_ALL; find . -name '*.idl' | sed 's,^[.]/,,' | sort", "r"); /* NOLINT(cert-env33-c) */
    char line[128];
    while (list != NULL && fgets(line, sizeof line, list) != NULL && n_paths <= N_FILES) {
        line[strcspn(line, "\n")] = '\0';
        paths[n_paths] = strdup(line);
        if (paths[n_paths++] == NULL) {
            return 2;
        }
    }
    if (list == NULL || pclose(list) != 0) {
        return 2;
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counting_can_fail),
        cmocka_unit_test(rows_hold),
        cmocka_unit_test(omniidl_agrees),
    };
    const int failed = cmocka_run_group_tests(tests, NULL, NULL);
    for (size_t i = 0; i < n_paths; i++) {
        free(paths[i]);
    }
    free(absolute);
    return failed;
}
