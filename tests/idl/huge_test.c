/* Ten megabytes of one thing over and over: an error or success within a second on a machine that does nothing else, with little
 * stack and few messages.
 */
#include "tests/idl/support.h"

#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define HUGE_BYTES ((size_t)1 << 20) /* they are slow: the stack is what they look at */
#define MOST_SECONDS 60.0
#define STACK_BYTES ((rlim_t)2 << 20)
#define TOO_MANY_INCLUDES "include-nesting" /* one megabyte has not enough of them for the other limit */
#elif defined(__OPTIMIZE__)
#define HUGE_BYTES ((size_t)10 << 20)
#define MOST_SECONDS 10.0 /* of the CPU; the slowest takes 0.6, and what is not linear takes minutes */
#define STACK_BYTES ((rlim_t)256 << 10)
#define TOO_MANY_INCLUDES "include-limit"
#else
#define HUGE_BYTES ((size_t)10 << 20)
#define MOST_SECONDS 60.0
#define STACK_BYTES ((rlim_t)512 << 10)
#define TOO_MANY_INCLUDES "include-limit"
#endif

static double cpu_seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* start, then repeated up to ten megabytes, then end. */
static char *make(const char *start, const char *repeated, const char *end, size_t *ret_length)
{
    const size_t one = strlen(repeated);
    const size_t n = HUGE_BYTES / one;
    char *text = malloc(strlen(start) + n * one + strlen(end) + 1);
    assert_non_null(text);
    char *at = stpcpy(text, start);
    for (size_t i = 0; i < n; i++) {
        memcpy(at, repeated, one);
        at += one;
    }
    at = stpcpy(at, end);
    *ret_length = (size_t)(at - text);
    return text;
}

typedef struct huge_row {
    const char *start;
    const char *repeated;
    const char *end;
    const char *id; /* of the first error; NULL: none */
} huge_row;

static const huge_row rows[] = {
    { "", "(", "", "expected-definition" },
    { "const long A = ", "(", "", "expression-nesting" },
    { "const long A = ", "(", "1;", "expression-nesting" },
    { "const long A = 1", " + (2", ";", "expression-nesting" },
    { "", "{", "", "expected-definition" },
    { "", "}", "", "expected-definition" },
    { "", "};", "", "expected-definition" },
    { "", "[", "", "expected-definition" },
    { "typedef long A", "[", ";", "expected-value" },
    { "typedef long A", "[1]", ";", "array-size" },
    { "typedef ", "sequence<", "", "type-nesting" },
    { "struct S { ", "sequence<", "long x; };", "type-nesting" },
    { "typedef ", "map<long, ", "", "type-nesting" },
    { "interface I { void f(in ", "sequence<", "", "type-nesting" },
    { "", "@a(", "", "expected-bracket" },
    { "", "@a ", "struct S { long x; };", "annotation-limit" },
    { "@a(", "(", ")", "expected-bracket" },
    { "", "module m { ", "", "module-nesting" },
    { "", "module m {", "const long A = 1; };", "module-nesting" },
    { "", "struct S { ", "", "type-nesting" },
    { "struct S { ", "struct T { ", "", "type-nesting" },
    { "", "struct S { struct T { long x; } ", "", "reserved-word" },
    { "struct S { ", "struct T { long x; } y; ", "};", "duplicate-name" },
    { "struct S { ", "union U switch (enum E { A }) { case A: ", "", "type-nesting" },
    { "", "interface I { ", "", "expected-type" },
    { "", "union U switch (long) { case 1: ", "", "type-nesting" },
    { "union U switch (long) { ", "case 1: ", "", "duplicate-label" },
    { "const long A = ", "-", "1;", "expected-value" },
    { "const long A = ", "~", "1;", "expected-value" },
    { "const long A = ", "- ~", "1;", "expected-value" },
    { "const long A = ", "-(", "1;", "expression-nesting" },
    { "const long A = 1", " + 1", ";", NULL },
    { "const long long A = 1", " << 1", ";", "constant-overflow" },
    { "const string A = ", "\"abc\" ", ";", NULL },
    { "const wstring A = ", "L\"abc\" ", ";", NULL },
    { "const long A = ", "a::", "b;", "unknown-name" },
    { "const long A = ", "::", "b;", "expected-name" },
    { "", "#if 1\n", "", "condition-not-closed" },
    { "#if ", "(", "1\n#endif\n", "condition-syntax" },
    { "#if ", "!", "1\nconst long A = 1;\n#endif\n", NULL },
    { "#if 0\n", "#if 1\n", "", "condition-not-closed" },
    { "", "#include \"nowhere.idl\"\n", "", "include-not-found" },
    { "", "#define A A\n", "const long B = A;", "unknown-name" },
    { "", "valuetype V { ", "", "unsupported-value-type" },
    { "", "component C { ", "", "unsupported-component" },
    { "", "module M<typename T", "", "unsupported-template" },
    { "module M", "<", "", "expected-bracket" },
    { "", "/* ", "", "unclosed-comment" },
    { "", "// /* \n", "", NULL },
    { "", "\"", "", "expected-definition" },
    { "", "'", "", "character-length" },
    { "", "\xff", "", "not-utf8" },
    { "", ";", "", "expected-definition" },
    { "interface I : ", "I, ", "{ };", "inherits-itself" },
    { "interface I { void f(", "in long x, ", ") ; };", "duplicate-name" },
    { "enum E { ", "x, ", "y };", "duplicate-name" },
};

static void check(const char *what, const compiled *c, const char *id, double seconds)
{
    char wanted[80];
    const char *found = strstr(c->messages, ": error: ");
    if (id == NULL) {
        assert_string_equal(c->messages, "");
    } else {
        snprintf(wanted, sizeof wanted, " [%s]\n", id);
        const char *end = found == NULL ? NULL : strchr(found, '\n');
        if (end == NULL || strncmp(end + 1 - strlen(wanted), wanted, strlen(wanted)) != 0) {
            fail_msg("%s: not [%s]: %.200s", what, id, c->messages);
        }
    }
    assert_true(strlen(c->messages) < 30000);
    if (seconds > MOST_SECONDS) {
        fail_msg("%s: %.2f s", what, seconds);
    }
}

static void ten_megabytes(void **state)
{
    double slowest = 0.0;
    (void)state;
    assert_int_equal(LENGTH_OF(rows), 56);
    for (size_t i = 0; i < LENGTH_OF(rows); i++) {
        char what[100];
        size_t length;
        char *text = make(rows[i].start, rows[i].repeated, rows[i].end, &length);
        snprintf(what, sizeof what, "%s%s...%s", rows[i].start, rows[i].repeated, rows[i].end);
        const double before = cpu_seconds();
        compiled c = compile_bytes(text, length, NULL);
        const double seconds = cpu_seconds() - before;
        check(what, &c, rows[i].id, seconds);
        slowest = seconds > slowest ? seconds : slowest;
        compiled_free(&c);
        free(text);
    }
    print_message("the slowest of %zu took %.2f s\n", LENGTH_OF(rows), slowest);
}

/* A file that includes itself as often as ten megabytes allow, and two that include each other. */
static void include_loops(void **state)
{
    static const char *const names[] = { "a.idl", "b.idl" };
    static const char *const lines[][2] = { { "#include \"a.idl\"\n", "" },
                                            { "#include \"b.idl\"\n", "#include \"a.idl\"\n" },
                                            { "#ifndef A\n#include \"a.idl\"\n#endif\n", "" } };
    char folder[] = "/tmp/corbel-huge-XXXXXX";
    (void)state;
    assert_non_null(mkdtemp(folder));
    for (size_t i = 0; i < LENGTH_OF(lines); i++) {
        char path[2][64];
        for (size_t f = 0; f < 2; f++) {
            snprintf(path[f], sizeof path[f], "%s/%s", folder, names[f]);
            FILE *file = fopen(path[f], "w");
            assert_non_null(file);
            const size_t length = strlen(lines[i][f]);
            for (size_t written = 0; length > 0 && written < HUGE_BYTES; written += length) {
                assert_int_equal(fwrite(lines[i][f], 1, length, file), length);
            }
            assert_int_equal(fclose(file), 0);
        }
        const char *const paths[] = { path[0] };
        const double before = cpu_seconds();
        compiled c = compile_files(paths, 1, NULL);
        check(lines[i][0], &c, TOO_MANY_INCLUDES, cpu_seconds() - before);
        compiled_free(&c);
        unlink(path[0]);
        unlink(path[1]);
    }
    assert_int_equal(rmdir(folder), 0);
}

/* The limit of the stack is one: a function that needs more dies of it. */
static void use_stack(volatile char *above, size_t left)
{
    volatile char here[4096];
    here[0] = above == NULL ? 0 : above[0];
    if (left > sizeof here) {
        use_stack(here, left - sizeof here);
    }
    here[1] = here[0];
}

static void the_small_stack_is_small(void **state)
{
    int status;
    (void)state;
    const pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        const struct rlimit none = { 0, 0 };
        setrlimit(RLIMIT_CORE, &none);
        use_stack(NULL, 4 * (size_t)STACK_BYTES);
        _exit(0);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_false(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

int main(void)
{
    const struct rlimit limit = { STACK_BYTES, STACK_BYTES };
    if (setrlimit(RLIMIT_STACK, &limit) != 0) {
        return 2;
    }
    const struct CMUnitTest tests[] = { cmocka_unit_test(ten_megabytes), cmocka_unit_test(include_loops),
                                        cmocka_unit_test(the_small_stack_is_small) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
