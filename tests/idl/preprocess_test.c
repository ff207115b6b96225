/* Files, includes, conditions and macros. */
#include "tests/idl/support.h"

#include <sys/stat.h>
#include <unistd.h>

/* A folder of its own for each test, which is also the working directory. */
typedef struct folder {
    char path[64];
    char before[4096];
} folder;

static int enter(void **state)
{
    folder *self = calloc(1, sizeof *self);
    assert_non_null(self);
    strcpy(self->path, "/tmp/corbel-idl-XXXXXX");
    assert_non_null(getcwd(self->before, sizeof self->before));
    assert_non_null(mkdtemp(self->path));
    assert_int_equal(chdir(self->path), 0);
    assert_int_equal(mkdir("sub", 0700), 0);
    assert_int_equal(mkdir("lib", 0700), 0);
    *state = self;
    return 0;
}

static const char *const files[] = { "a.idl",     "b.idl",     "c.idl",          "common.idl", "sub/a.idl",
                                     "sub/b.idl", "lib/c.idl", "lib/common.idl", "big.idl",    "link.idl" };

static int leave(void **state)
{
    folder *self = *state;
    for (size_t i = 0; i < LENGTH_OF(files); i++) {
        unlink(files[i]);
    }
    rmdir("sub");
    rmdir("lib");
    const int left = chdir(self->before);
    const int removed = rmdir(self->path);
    free(self);
    return left + removed;
}

static void write_file(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static size_t count(const idl_decl *first)
{
    size_t n = 0;
    for (; first != NULL; first = first->next) {
        n++;
    }
    return n;
}

static const idl_file *nth_file(const idl_unit *unit, size_t n)
{
    const idl_file *file = unit->files;
    while (file != NULL && n-- > 0) {
        file = file->next;
    }
    assert_non_null(file);
    return file;
}

static void includes_are_files_of_the_unit(void **state)
{
    (void)state;
    write_file("sub/a.idl", "#include \"b.idl\"\n#include <c.idl>\n#include \"b.idl\"\nstruct A { B b; C c; };\n");
    write_file("sub/b.idl", "#ifndef B_IDL\n#define B_IDL\nstruct B { long x; };\n#endif\n");
    write_file("lib/c.idl", "struct C { long x; };\n");
    const char *const dirs[] = { "nowhere", "lib" };
    const idl_options options = { .include_dirs = dirs, .n_include_dirs = 2 };
    const char *const paths[] = { "sub/a.idl" };
    compiled c = compile_files(paths, 1, &options);
    const idl_unit *unit = good(&c);

    const idl_file *a = nth_file(unit, 0);
    const idl_file *b = nth_file(unit, 1);
    const idl_file *third = nth_file(unit, 2);
    assert_null(third->next);
    assert_string_equal(a->path, "sub/a.idl");
    assert_string_equal(a->spelling, "a.idl");
    assert_true(a->is_main);
    assert_string_equal(b->path, "sub/b.idl");
    assert_string_equal(b->spelling, "b.idl");
    assert_false(b->is_main);
    assert_string_equal(third->path, "lib/c.idl");
    assert_string_equal(third->spelling, "c.idl");
    assert_ptr_equal(a->includes[0], b);
    assert_ptr_equal(a->includes[1], third);
    assert_null(a->includes[2]);
    assert_null(b->includes[0]);

    assert_string_equal(unit->definitions->name, "B");
    assert_ptr_equal(unit->definitions->range.file, b);
    assert_string_equal(unit->definitions->next->name, "C");
    assert_ptr_equal(find(unit, "A")->range.file, a);
    compiled_free(&c);
}

/* The own folder comes before -I for quotes; -I alone counts for angles. */
static void where_includes_are_looked_for(void **state)
{
    (void)state;
    write_file("lib/common.idl", "const long WHERE = 2;\n");
    write_file("common.idl", "const long WHERE = 1;\n");
    const char *const dirs[] = { "lib" };
    const idl_options options = { .include_dirs = dirs, .n_include_dirs = 1 };
    static const struct {
        const char *text;
        uint64_t where;
    } rows[] = {
        { "#include \"common.idl\"\n", 1 },
        { "#include <common.idl>\n", 2 },
        { "#include \"sub/../common.idl\"\n", 1 },
        { "#  include /* c */ \"./common.idl\" // c\n", 1 },
    };
    assert_int_equal(LENGTH_OF(rows), 4);
    for (size_t i = 0; i < LENGTH_OF(rows); i++) {
        compiled c = compile_text(rows[i].text, &options);
        assert_int_equal(find(good(&c), "WHERE")->value.magnitude, rows[i].where);
        compiled_free(&c);
    }
    compiled c = compile_text("#include <common.idl>\n", NULL);
    assert_int_equal(c.result.errors, 1);
    compiled_free(&c);
}

/* One file under two names is one file. */
static void a_file_is_known_by_itself(void **state)
{
    (void)state;
    write_file("common.idl", "#ifndef C_IDL\n#define C_IDL\nstruct C { long x; };\n#endif\n");
    assert_int_equal(symlink("common.idl", "link.idl"), 0);
    write_file("a.idl", "#include \"common.idl\"\n#include \"link.idl\"\n#include \"./common.idl\"\n");
    const char *const paths[] = { "a.idl" };
    compiled c = compile_files(paths, 1, NULL);
    assert_null(nth_file(good(&c), 1)->next);
    assert_null(nth_file(good(&c), 0)->includes[1]);
    compiled_free(&c);
}

/* Main files meet in one unit, in any order, guarded or not; each sees the macros that it would see alone. */
static void main_files_share_a_unit(void **state)
{
    (void)state;
    write_file("common.idl", "#define MOST 4\nstruct Common { sequence<long, MOST> x; };\n");
    write_file("a.idl", "#ifndef A_IDL\n#define A_IDL\n#include \"common.idl\"\n#define LOCAL 1\n"
                        "interface A { void f(in string<MOST> x); };\n#endif\n");
    write_file("b.idl", "#include \"a.idl\"\n#include \"common.idl\"\n#undef LOCAL\n#define LOCAL 2\n"
                        "interface B : A { void g(in string<MOST> x, in sequence<Common, LOCAL> y); };\n");
    write_file("c.idl", "#ifdef MOST\n#error leaked\n#endif\n#include \"common.idl\"\nstruct C { Common x; };\n");
    static const char *const orders[][3] = {
        { "a.idl", "b.idl", "c.idl" },
        { "a.idl", "c.idl", "b.idl" },
        { "c.idl", "a.idl", "a.idl" },
    };
    /* b.idl takes common.idl in twice: alone that would be a redefinition. */
    assert_int_equal(LENGTH_OF(orders), 3);
    for (size_t i = 0; i < LENGTH_OF(orders); i++) {
        compiled c = compile_files(orders[i], 3, NULL);
        const idl_unit *unit = good(&c);
        assert_int_equal(count(unit->definitions), i == 2 ? 3 : 4);
        assert_false(find(unit, "Common")->range.file->is_main);
        assert_true(find(unit, "A")->range.file->is_main);
        assert_string_equal(type_text(child(find(unit, "A::f"), "x")->type), "string<4>");
        compiled_free(&c);
    }
    const char *const alone[] = { "b.idl" };
    compiled c = compile_files(alone, 1, NULL);
    assert_non_null(strstr(c.messages, "common.idl:2:8: error: 'Common' is declared again: this file is included twice"));
    assert_int_equal(c.result.errors, 1);
    compiled_free(&c);

    /* What includes it may come first: it is a main file all the same. */
    write_file("b.idl", "#include \"a.idl\"\ninterface B : A { };\n");
    const char *const reversed[] = { "b.idl", "a.idl" };
    c = compile_files(reversed, 2, NULL);
    const idl_unit *unit = good(&c);
    assert_string_equal(nth_file(unit, 0)->path, "b.idl");
    assert_string_equal(nth_file(unit, 1)->path, "a.idl");
    assert_true(find(unit, "A")->range.file->is_main);
    assert_string_equal(find(unit, "A")->range.file->spelling, "a.idl");
    assert_ptr_equal(nth_file(unit, 0)->includes[0], nth_file(unit, 1));
    compiled_free(&c);
}

/* What was read before is not there for a file that does not include it. */
static void a_file_includes_what_it_uses(void **state)
{
    (void)state;
    write_file("a.idl", "module m { struct A { long x; }; const long N = 3; interface I { }; };\n");
    write_file("b.idl", "module m {\nstruct B { A a; sequence<long, N> b; };\ninterface J : I { };\n};\n");
    write_file("c.idl", "#include \"a.idl\"\n#include \"b.idl\"\nstruct C { m::A a; m::B b; };\n");
    const char *const paths[] = { "a.idl", "b.idl" };
    compiled c = compile_files(paths, 2, NULL);
    assert_int_equal(c.result.errors, 3);
    assert_non_null(
        strstr(c.messages, "b.idl:2:12: error: 'A' is declared in 'a.idl', which 'b.idl' does not include [not-included]\n"));
    assert_non_null(strstr(c.messages, "b.idl:2:32: error: 'N' is declared in 'a.idl'"));
    assert_non_null(strstr(c.messages, "b.idl:3:15: error: 'I' is declared in 'a.idl'"));
    compiled_free(&c);
    const char *const both[] = { "c.idl" };
    c = compile_files(both, 1, NULL);
    assert_int_equal(c.result.errors, 3);
    compiled_free(&c);

    /* Through another file is enough; so is a forward declaration. */
    write_file("b.idl", "interface Later;\n#include \"a.idl\"\nstruct B { m::A a; Later later; };\n");
    write_file("c.idl", "#include \"b.idl\"\ninterface Later { };\nstruct C { m::A a; B b; Later later; };\n");
    write_file("common.idl", "#include \"b.idl\"\nstruct D { Later later; };\n");
    const char *const through[] = { "c.idl", "common.idl" };
    c = compile_files(through, 2, NULL);
    good(&c);
    compiled_free(&c);
}

static void errors_of_shared_files_come_once(void **state)
{
    (void)state;
    write_file("common.idl", "$\n#if 2\n#endif\nstruct Common { Missing x; };\n");
    write_file("a.idl", "#include \"common.idl\"\n");
    write_file("b.idl", "#include \"common.idl\"\n");
    const char *const paths[] = { "a.idl", "b.idl" };
    compiled c = compile_files(paths, 2, NULL);
    assert_int_equal(c.result.errors, 3);
    compiled_free(&c);
}

static void files_that_cannot_be_read(void **state)
{
    (void)state;
    write_file("a.idl", "const long A = 1;\n");
    FILE *big = fopen("big.idl", "w");
    assert_non_null(big);
    assert_int_equal(fclose(big), 0);
    assert_int_equal(truncate("big.idl", (16 << 20) + 1), 0);
    const char *const paths[] = { "missing.idl", "sub", "/dev/null", "big.idl", "a.idl" };
    compiled c = compile_files(paths, 5, NULL);
    assert_int_equal(c.result.errors, 4);
    assert_string_equal(c.messages, "missing.idl: error: cannot read this file: No such file or directory [cannot-read]\n"
                                    "sub: error: cannot read this file: Is a directory [cannot-read]\n"
                                    "/dev/null: error: cannot read this file: it is not a regular file [cannot-read]\n"
                                    "big.idl: error: cannot read this file: it is larger than 16 MiB [cannot-read]\n");
    compiled_free(&c);
    c = compile_text("#include \"big.idl\"\n", NULL);
    assert_non_null(strstr(c.messages, "test.idl:1:10: error: cannot read 'big.idl': it is larger than 16 MiB [cannot-read]\n"));
    compiled_free(&c);
    assert_int_equal(truncate("big.idl", 16 << 20), 0);
    c = compile_text("#include \"big.idl\"\n", NULL);
    assert_non_null(strstr(c.messages, "big.idl:1:1: error: a NUL byte in the source [nul-byte]\n"));
    compiled_free(&c);
}

static void conditions(void **state)
{
    static const struct {
        const char *condition;
        bool value;
    } rows[] = {
        { "#if 1", true },
        { "#if 0", false },
        { "#if !0", true },
        { "#if !!1 && !0", true },
        { "#if 0 || 1 && 0", false },
        { "#if 1 || 0 && 0", true },
        { "#if (1 || 0) && 0", false },
        { "#if defined ONE", true },
        { "#if defined(ONE) && !defined(TWO)", true },
        { "#if defined TWO || defined (EMPTY)", true },
        { "#if ONE", true },
        { "#if CHAIN", true },
        { "#if ZERO", false },
        { "#if TWO", false },
        { "#if ((((((1))))))", true },
        { "#if 0x1", true },
        { "#ifdef ONE", true },
        { "#ifdef TWO // c", false },
        { "#ifndef TWO /* c\n */", true },
        { "#  ifndef ONE", false },
        { "/* c */ # /* c */ if /* c */ 1 \\\n && \\\r\n 1", true },
        { "#if CMD", true },
        { "#if defined(BARE)", true },
        { "#ifdef long", false },
    };
    (void)state;
    assert_int_equal(LENGTH_OF(rows), 24);
    const idl_define defines[] = { { "CMD", "1" }, { "BARE", "" } };
    const idl_options options = { .defines = defines, .n_defines = 2 };
    for (size_t i = 0; i < LENGTH_OF(rows); i++) {
        char text[512];
        snprintf(text, sizeof text,
                 "#define ONE 1\n#define ZERO 0\n#define CHAIN ONE\n#define EMPTY\n%s\nconst long X = 1;\n#else\n"
                 "const long X = 0;\n#endif\n",
                 rows[i].condition);
        compiled c = compile_text(text, &options);
        assert_int_equal(find(good(&c), "X")->value.magnitude, rows[i].value);
        compiled_free(&c);
    }
}

static void groups(void **state)
{
    static const struct {
        const char *text;
        const char *names; /* of what is declared, in order */
    } rows[] = {
        { "#if 0\nA\n#elif 1\nB\n#elif 1\nC\n#else\nD\n#endif\n", "b" },
        { "#if 0\nA\n#elif 0\nB\n#else\nD\n#endif\n", "d" },
        { "#if 1\nA\n#elif garbage $ 'x\nB\n#else\nD\n#endif\nE\n", "a e" },
        { "#if 0\n#if 1\nA\n#else\nB\n#endif\nC\n#else\nD\n#endif\n", "d" },
        { "#if 1\n#if 0\nA\n#else\nB\n#endif\nC\n#else\nD\n#endif\n", "b c" },
        { "#if 0\n don't \"\n /* #endif */ '/*'\n#unknown\n#include \"nowhere\"\n#define X(\n# 3\n#\n#endif\nA\n", "a" },
        { "#if 0\n'\" /* #endif\n*/ \"/*\"\n#endif // x\nA\n", "a" },
        { "#ifdef NO\n#error no\n#pragma prefix\n#endif\nA\n#pragma x $ ' \"\nB\n", "a b" },
        { "#if 0\n#else\n#endif\nA", "a" },
    };
    (void)state;
    assert_int_equal(LENGTH_OF(rows), 9);
    for (size_t i = 0; i < LENGTH_OF(rows); i++) {
        char text[1024] = "";
        for (int n = 0; n < 5; n++) {
            snprintf(text + strlen(text), sizeof text - strlen(text), "#define %c const long %c = 1;\n", 'A' + n, 'a' + n);
        }
        snprintf(text + strlen(text), sizeof text - strlen(text), "%s", rows[i].text);
        compiled c = compile_text(text, NULL);
        const idl_decl *decls[5];
        idl_decl_list list = { .items = decls };
        for (const idl_decl *decl = good(&c)->definitions; decl != NULL; decl = decl->next) {
            decls[list.length++] = decl;
        }
        assert_string_equal(list_text(list), rows[i].names);
        compiled_free(&c);
    }
}

static void macros(void **state)
{
    (void)state;
    const idl_define defines[] = { { "FROM_OUTSIDE", "40 + 2" } };
    const idl_options options = { .defines = defines, .n_defines = 1 };
    compiled c = compile_text("#define N 3 /* three */\n"
                              "#define SUM (N + \\\n  M) // sum\n"
                              "#define M N\n"
                              "#define EXPORT\n"
                              "#define TEXT \"a\" \"N\"\n"
                              "#define SELF SELF\n"
                              "#define PING PONG\n"
                              "#define PONG PING\n"
                              "#define KEY interface\n"
                              "#define N 3\n"
                              "#undef GONE\n"
                              "/** kept */ EXPORT const long A = SUM * N;\n"
                              "const string B = TEXT;\n"
                              "const long SELF = 1, _dummy = 2;\n",
                              &options);
    assert_int_equal(c.result.errors, 1); /* a constant has one declarator */
    compiled_free(&c);
    c = compile_text("#define N 3 /* three */\n"
                     "#define SUM (N + \\\n  M) // sum\n"
                     "#define M N\n"
                     "#define EXPORT\n"
                     "#define TEXT \"a\" \"N\"\n"
                     "#define SELF SELF\n"
                     "#define PING PONG\n"
                     "#define PONG PING\n"
                     "#define KEY interface\n"
                     "EXPORT const long A = SUM * N;\n"
                     "const string B = TEXT;\n"
                     "const long SELF = FROM_OUTSIDE;\n"
                     "const long PING = 1;\n"
                     "const long OTHER = PING;\n"
                     "/** kept */ KEY I { EXPORT void N_(in long A); };\n",
                     &options);
    const idl_unit *unit = good(&c);
    assert_int_equal(find(unit, "A")->value.magnitude, 18);
    assert_string_equal(find(unit, "B")->value.string, "aN");
    assert_int_equal(find(unit, "SELF")->value.magnitude, 42);
    assert_int_equal(find(unit, "OTHER")->value.magnitude, 1);
    assert_string_equal(find(unit, "I")->doc, "kept");
    compiled_free(&c);
}

/* What was defined on the command line and is no name. */
static void bad_defines(void **state)
{
    (void)state;
    const idl_define defines[] = { { "1X", "1" }, { "", "" }, { "A(x)", "x" }, { "B", "1\n#error" }, { "defined", "" } };
    const idl_options options = { .defines = defines, .n_defines = 5 };
    compiled c = compile_text("", &options);
    assert_string_equal(c.messages, "error: '1X' cannot be the name of a macro [invalid-define]\n"
                                    "error: '' cannot be the name of a macro [invalid-define]\n"
                                    "error: 'A(x)' cannot be the name of a macro [invalid-define]\n"
                                    "error: macro 'B' is defined as more than one line [invalid-define]\n"
                                    "error: 'defined' cannot be the name of a macro [invalid-define]\n");
    assert_int_equal(c.result.errors, 5);
    compiled_free(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(includes_are_files_of_the_unit, enter, leave),
        cmocka_unit_test_setup_teardown(where_includes_are_looked_for, enter, leave),
        cmocka_unit_test_setup_teardown(a_file_is_known_by_itself, enter, leave),
        cmocka_unit_test_setup_teardown(main_files_share_a_unit, enter, leave),
        cmocka_unit_test_setup_teardown(a_file_includes_what_it_uses, enter, leave),
        cmocka_unit_test_setup_teardown(errors_of_shared_files_come_once, enter, leave),
        cmocka_unit_test_setup_teardown(files_that_cannot_be_read, enter, leave),
        cmocka_unit_test(conditions),
        cmocka_unit_test(groups),
        cmocka_unit_test(macros),
        cmocka_unit_test(bad_defines),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
