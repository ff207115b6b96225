/* The gate (codegen/emit_gate.c): what it refuses, where and how often, and that nothing is written then. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/codegen/support.h"

typedef struct gate_test_row {
    const char *text;
    const char *message; /* the first; NULL: it passes */
    uint32_t errors;
} gate_test_row;

/* To teach the emitters something is to turn its row's message into NULL. */
static const gate_test_row rows[] = {
    { "struct S { int8 x; };", NULL, 0 },
    { "struct S { uint8 x; };", NULL, 0 },
    { "struct S { long double x; };", NULL, 0 },
    { "struct S { wchar x; };", NULL, 0 },
    { "struct S { wstring<3> x; };", NULL, 0 },
    { "struct S { fixed<5, 2> x; };", NULL, 0 },
    { "struct S { any x; };", NULL, 0 },
    { "struct S { Object x; };", NULL, 0 },
    { "struct S { TypeCode x; };", NULL, 0 },
    { "struct S { map<long, long> x; };", NULL, 0 },
    { "struct S { long x[2]; };", NULL, 0 },
    { "const fixed X = 1.5d;", NULL, 0 },
    { "const wchar X = L'x';", NULL, 0 },
    /* where a type may stand; a typedef's uses are silent */
    { "typedef any T; struct S { T x; sequence<T> y; };", NULL, 0 },
    { "typedef sequence<sequence<any>> T;", NULL, 0 },
    { "interface I { any f(in any x); attribute any a; };", NULL, 0 },
    { "exception E { any x; };", NULL, 0 },
    { "union U switch (long) { case 1: long x; }; struct S { U u; };", NULL, 0 },
    { "bitset B { bitfield<3> x; };", NULL, 0 },
    { "bitmask B { X };", NULL, 0 },
    { "native N;", NULL, 0 },
    { "struct S { };", NULL, 0 },
    { "struct A { long x; }; struct B : A { };", NULL, 0 },
    { "struct A; struct A { long x; };", NULL, 0 },
    { "local interface I { };", NULL, 0 },
    { "abstract interface I { };", NULL, 0 },
    { "interface I { struct S { long x; }; };", NULL, 0 },
    { "interface I { struct S { any x; }; };", NULL, 0 },
    { "interface I { const long X = 1; };", NULL, 0 },
    { "interface I { exception X { }; };", NULL, 0 },
    { "exception E { }; interface I { readonly attribute long x raises (E); };", NULL, 0 },
    { "interface I; interface J { void f(in I i); };", NULL, 0 },
    { "@final struct S { long x; };", NULL, 0 },
    { "struct S { @optional @id(3) long x; };", NULL, 0 },
    { "struct S { @try_construct(DISCARD) string<3> x; };", NULL, 0 },
    { "struct S { @try_construct(TRIM) string<3> x; };", "test.idl:1:12: error: '@try_construct(TRIM)' is not supported yet", 1 },
    { "struct S { @try_construct string<3> x; };", "test.idl:1:12: error: '@try_construct(USE_DEFAULT)' is not supported yet",
      1 },
    { "struct S { @min(1.5d) fixed<3, 1> x; };", "test.idl:1:35: error: a range of a fixed is not supported yet", 1 },
    { "typedef fixed<3, 1> F; interface I { void f(@max(1.5d) in F x); };",
      "test.idl:1:61: error: a range of a fixed is not supported yet", 1 },
    { "enum E { @value(3) X };", NULL, 0 },
    { "interface I { void f(@unit(\"m\") in long x); };", NULL, 0 },
    { "typedef sequence<@external long> T;", NULL, 0 },
    { "struct S { @must_understand long x; };", "test.idl:1:12: error: '@must_understand' is not supported yet", 1 },
    { "struct S { @must_understand(FALSE) long x; @external(FALSE) long y; };", NULL, 0 },
    { "@deprecated module m { const long X = 1; };", NULL, 0 },
    /* what only permits or describes */
    { "interface I { @idempotent void f(); @readonly_op long g(); @idempotent attribute long a; @overlap void h(); };", NULL, 0 },
    { "@nested @topic @mutable struct S { @key long x; };", NULL, 0 },
    { "@annotation A { long x; }; @A(1) struct S { @A(2) long x; };", NULL, 0 },
    { "#pragma prefix \"x\"\nstruct S { long x; }; typeid S \"IDL:y:1.0\";", NULL, 0 },
};

static void refuses_what_cannot_be_written(void **state)
{
    (void)state;
    assert_int_equal(sizeof rows / sizeof *rows, 49);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        test_run run = test_emit(rows[i].text);
        if (run.result.errors != rows[i].errors) {
            fail_msg("%s\n%s", rows[i].text, run.messages);
        }
        if (rows[i].message != NULL) {
            if (strncmp(run.messages, rows[i].message, strlen(rows[i].message)) != 0) {
                fail_msg("%s\n%s", rows[i].text, run.messages);
            }
            assert_int_equal(run.result.n_outputs, 0);
        } else {
            assert_int_equal(run.result.n_outputs, 1);
        }
        test_emit_end(&run);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(refuses_what_cannot_be_written) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
