/* Every allocation between an IDL file and the C files on the disk fails once: errors, nothing kept, and no file half-written or
 * left behind. */
#include "codegen/output.h"
#include "codegen/starter.h"
#include "idl/idl.h"
#include "tests/runtime/support/alloc_fail.h"
#include "tests/runtime/support/test.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *golden;   /* the folder of the golden files */
static char folder[64];      /* ours */
static FILE *nowhere;        /* for messages */
static idl_result compiled;  /* shop.idl, and what it includes */
static emit_result expected; /* what it becomes */

static bool same(const char *a, size_t a_length, const char *b, size_t b_length)
{
    return a_length == b_length && memcmp(a, b, a_length) == 0;
}

static idl_result compile_shop(void)
{
    char path[4096], root[4096];
    (void)snprintf(root, sizeof root, "%s/folders", golden);
    (void)snprintf(path, sizeof path, "%s/folders/shop/shop.idl", golden);
    const char *const roots[] = { root };
    const idl_options options = { .include_dirs = roots, .n_include_dirs = 1, .diagnostics = nowhere };
    return idl_compile(&options, (const char *const[]) { path }, 1);
}

static alloc_outcome run_compile(void)
{
    const idl_result result = compile_shop();
    assert_int_equal(result.errors > 0, result.unit == NULL);
    idl_unit_free(result.unit);
    return result.errors == 0 ? ALLOC_DONE : ALLOC_REFUSED;
}

static alloc_outcome run_emit(void)
{
    emit_result result = emit_unit(compiled.unit, nowhere, 0, (idl_warning_options) { 0 });
    const bool done = result.errors == 0;
    assert_int_equal(result.n_outputs, done ? expected.n_outputs : 0);
    for (size_t i = 0; i < result.n_outputs; i++) {
        const emit_output *const a = &result.outputs[i], *const b = &expected.outputs[i];
        assert_true(same(a->header, a->header_length, b->header, b->header_length));
        assert_true(same(a->source, a->source_length, b->source, b->source_length));
    }
    emit_result_free(&result);
    return done ? ALLOC_DONE : ALLOC_REFUSED;
}

/** Removes what is in our folder, and says how much that was. */
static size_t empty_folder(const char *path)
{
    DIR *const open = opendir(path);
    assert_non_null(open);
    size_t n = 0;
    for (const struct dirent *entry = readdir(open); entry != NULL; entry = readdir(open)) {
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0) {
            assert_int_equal(unlinkat(dirfd(open), entry->d_name, 0), 0);
            n++;
        }
    }
    (void)closedir(open);
    return n;
}

static alloc_outcome run_write(void)
{
    const bool done = emit_write(&expected, folder, true, nowhere, &(idl_warning_options) { 0 });
    assert_int_equal(empty_folder(folder), done ? 3 * expected.n_outputs : 0);
    return done ? ALLOC_DONE : ALLOC_REFUSED;
}

static alloc_outcome run_starter(void)
{
    const bool done = starter_write("first", nowhere);
    if (done) {
        assert_true(empty_folder("first") > 3);
        assert_int_equal(rmdir("first"), 0);
    }
    assert_int_equal(empty_folder("."), 0);
    return done ? ALLOC_DONE : ALLOC_REFUSED;
}

static const alloc_case cases[] = {
    { "compile files with includes", 3, run_compile, false },
    { "emit", 3, run_emit, false },
    { "write", 10, run_write, false },
    { "write a first project", 3, run_starter, false },
};

static void every_allocation_fails_once(void **state)
{
    (void)state;
    assert_int_equal(LENGTH_OF(cases), 4);
    alloc_fail_cases(cases, LENGTH_OF(cases));
}

static int set_up(void **state)
{
    (void)state;
    nowhere = fopen("/dev/null", "w");
    compiled = compile_shop();
    (void)snprintf(folder, sizeof folder, "/tmp/corbel-codegen-XXXXXX");
    if (nowhere == NULL || compiled.errors > 0 || mkdtemp(folder) == NULL || chdir(folder) != 0) {
        return -1;
    }
    expected = emit_unit(compiled.unit, nowhere, 0, (idl_warning_options) { 0 });
    return expected.errors == 0 && expected.n_outputs > 0 ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    emit_result_free(&expected);
    idl_unit_free(compiled.unit);
    (void)fclose(nowhere);
    return rmdir(folder);
}

int main(int argc, char **argv)
{
    golden = argc > 1 ? argv[1] : ".";
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_allocation_fails_once),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
