/* Every allocation fails once: an error result, nothing kept. */
#include "tests/idl/support.h"
#include "tests/runtime/support/alloc_fail.h"

#include <unistd.h>

/* Enough of everything that the arena needs many chunks. */
static char *big_text(void)
{
    static const char piece[] =
        "/** doc */ module m%d { enum E { A, B }; struct S { string<3> x; sequence<E> y; };"
        "exception X { S s; }; const string C = \"text\" \"more\";"
        "interface I { S f(in E e, out S s) raises (X); attribute long a, b; };"
        "interface J : I { oneway void g(in I i); };\n"
        "#pragma prefix \"p\"\n"
        "@final struct T : S { @id(9) @default(1) long v; long z[2][3]; map<string, any> w; };\n"
        "union U switch (E) { case A: fixed<5, 2> f; default: sequence<U> more; };\n"
        "bitset F { bitfield<3> a; }; bitmask K { P, Q }; const fixed D = 1.5d * 2d; const wstring Z = L\"x\";\n"
        "@annotation N { long value; }; @N(3) local interface L { typedef long V; }; };\n";
    char *text = malloc(400 * sizeof piece);
    assert_non_null(text);
    char *at = text;
    for (int i = 0; i < 200; i++) {
        at += sprintf(at, piece, i);
    }
    return text;
}

static void every_allocation_fails_once(void **state)
{
    (void)state;
    char *text = big_text();
    const size_t length = strlen(text);
    const idl_options options = { .diagnostics = NULL };
    bool failed = true;
    size_t failures = 0;
    for (size_t n = 0; failed; n++) {
        const size_t live = alloc_fail_live();
        alloc_fail_at(n);
        const idl_result result = idl_compile_text(&options, "test.idl", text, length);
        failed = alloc_fail_end();
        assert_int_equal(result.errors, failed ? 1 : 0);
        assert_int_equal(result.unit == NULL, failed);
        failures += failed ? 1 : 0;
        idl_unit_free(result.unit);
        assert_int_equal(alloc_fail_live(), live);
    }
    assert_true(failures > 5);
    free(text);
}

static void it_says_so(void **state)
{
    (void)state;
    compiled c = compiled_start();
    const idl_options options = { .diagnostics = c.out };
    alloc_fail_at(0);
    const idl_result result = idl_compile_text(&options, "test.idl", "", 0);
    assert_true(alloc_fail_end());
    compiled_end(&c, result);
    assert_string_equal(c.messages, "error: out of memory [out-of-memory]\n");
    compiled_free(&c);
}

/* While a file is open; its descriptor is closed. */
static void files_are_closed(void **state)
{
    (void)state;
    char path[] = "/tmp/corbel-idl-XXXXXX";
    const int descriptor = mkstemp(path);
    assert_true(descriptor >= 0);
    char *text = big_text();
    assert_int_equal(write(descriptor, text, strlen(text)), (ssize_t)strlen(text));
    free(text);
    const idl_options options = { .diagnostics = NULL };
    const char *const paths[] = { path };
    bool failed = true;
    for (size_t n = 0; failed; n++) {
        alloc_fail_at(n);
        const idl_result result = idl_compile(&options, paths, 1);
        failed = alloc_fail_end();
        assert_int_equal(result.errors, failed ? 1 : 0);
        idl_unit_free(result.unit);
    }
    const int next = dup(descriptor);
    assert_int_equal(next, descriptor + 1);
    close(next);
    close(descriptor);
    assert_int_equal(unlink(path), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_allocation_fails_once),
        cmocka_unit_test(it_says_so),
        cmocka_unit_test(files_are_closed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
