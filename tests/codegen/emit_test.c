/* What the emitters refuse and warn of, and what does and does not change a fingerprint. */
#include "codegen/emit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/codegen/support.h"

typedef struct message_row {
    const char *text;
    uint32_t errors, warnings;
    const char *message; /* part of it; NULL: none at all */
} message_row;

static const message_row message_rows[] = {
    { "interface X { void f(in long a, out long b); };", 0, 0, NULL },
    { "module a { struct b_c { long x; }; module b { struct c { long x; }; }; };", 1, 0,
      "test.idl:1:54: error: 'a::b::c' and 'a::b_c' would both be 'a_b_c' in C" },
    { "module a { interface b { void c(); }; }; module a_b { const long c = 1; };", 1, 0,
      "'a_b::c' and 'a::b::c' would both be 'a_b_c' in C" },
    { "struct S { long int; long int_; };", 1, 0, "'S::int_' and 'S::int' would both be 'int_' in C" },
    { "interface X { void f(in long self, in long self_); };", 1, 0, "would both be 'self_' in C" },
    { "interface X { void f(in long ret_a, out long a_); };", 1, 0, "would both be 'ret_a_' in C" },
    { "interface X { void f(in long a, out long b); void f_begin(); };", 0, 1,
      "test.idl:1:51: warning: 'X::f_begin' is in the way: what is derived from 'X' is called 'X_f_begin_' in C [derived-name]" },
    { "module m { struct A { long x; }; struct A_copy { long x; }; };", 0, 1, "'m_A_copy_'" },
    { "typedef sequence<long, 4294967295> S;", 0, 0, NULL },
    /* @c_name settles both clashes, and may make one */
    { "module a { @c_name(\"bc\") struct b_c { long x; }; module b { struct c { long x; }; }; };", 0, 0, NULL },
    { "interface X { void f(in long a, out long b); @c_name(\"begin\") void f_begin(); };", 0, 0, NULL },
    { "struct S { long int; @c_name(\"other\") long int_; };", 0, 0, NULL },
    { "interface X { void f(in long self, @c_name(\"me\") in long self_); };", 0, 0, NULL },
    { "struct A { long x; }; @c_name(\"A\") struct B { long x; };", 1, 0, "'B' and 'A' would both be 'A' in C" },
    { "struct S { long a; @c_name(\"a\") long b; };", 1, 0, "'S::b' and 'S::a' would both be 'a' in C" },
    { "interface X { void f(); @c_name(\"f\") void g(); };", 1, 0, "'X::g' and 'X::f' would both be 'X_f' in C" },
    { "enum E { A, @c_name(\"A\") B };", 1, 0, "'B' and 'A' would both be 'A' in C" },
    /* a map's view is called after two types */
    { "module m { struct E { long x; }; struct E_by_string { map<string, E> x; }; };", 1, 0,
      "test.idl:1:55: error: this map and 'm::E_by_string' would both be 'm_E_by_string' in C" },
    { "enum K { A }; module m { enum K { B }; struct E { long x; }; struct S { map<K, E> x; map<::K, E> y; }; };", 1, 0,
      "error: this map and one with keys of type 'm::K' would both be 'm_E_by_K' in C" },
    { "enum K { A }; module m { enum K { B }; struct E { long x; }; struct S { map<K, E> x; map<K, E, 3> y; }; };", 0, 0, NULL },
    /* @verbatim needs a place */
    { "@verbatim(text=\"x\") module m { const long X = 1; };", 1, 0,
      "test.idl:1:1: error: in C 'm' has no lines of its own: no place for this text" },
    { "interface X { void f(@verbatim(text=\"x\") in long a); };", 1, 0, "in C 'X::f::a' has no lines of its own" },
    { "@verbatim(text=\"x\", placement=BEGIN_DECLARATION) const long X = 1;", 1, 0, "in C there is nothing inside of 'X'" },
    { "@verbatim(text=\"x\", language=\"c++\") module m { const long X = 1; };", 0, 0, NULL },
    { "@verbatim(text=\"x\", placement=END_FILE) module m { const long X = 1; };", 0, 0, NULL },
};

static void says_so(void **state)
{
    (void)state;
    assert_int_equal(sizeof message_rows / sizeof *message_rows, 25);
    for (size_t i = 0; i < sizeof message_rows / sizeof *message_rows; i++) {
        const message_row *row = &message_rows[i];
        test_run run = test_emit(row->text);
        assert_int_equal(run.result.errors, row->errors);
        assert_int_equal(run.result.warnings, row->warnings);
        assert_int_equal(run.result.n_outputs, row->errors > 0 ? 0 : 1);
        if (row->message == NULL) {
            assert_string_equal(run.messages, "");
        } else if (strstr(run.messages, row->message) == NULL) {
            fail_msg("expected '%s' in: %s", row->message, run.messages);
        }
        test_emit_end(&run);
    }
}

/* A struct of n members, or an operation of n parameters. */
static char *many(const char *before, const char *each, unsigned n, const char *between, const char *after)
{
    char *text = NULL;
    size_t length = 0;
    FILE *out = open_memstream(&text, &length);
    assert_non_null(out);
    fputs(before, out);
    for (unsigned i = 0; i < n; i++) {
        fprintf(out, "%s%s m%u", i > 0 ? between : "", each, i);
    }
    fputs(after, out);
    fclose(out);
    return text;
}

typedef struct band_row {
    const char *before, *each, *between, *after;
    unsigned n; /* the first that is refused */
    const char *message;
} band_row;

static const band_row band_rows[] = {
    { "struct S { ", "long", "; ", "; };", 19000, "'S::m18999' would be field number 19000" },
    { "interface X { void f(", "in long", ", ", "); };", 19000, "'X::f::m18999' would be field number 19000" },
    { "interface X { void f(", "out long", ", ", "); };", 19000, "'X::f::m18999' would be field number 19000" },
    { "interface X { long f(", "out long", ", ", "); };", 18999, "'X::f::m18998' would be field number 19000" },
};

static void refuses_protobufs_band(void **state)
{
    (void)state;
    assert_int_equal(sizeof band_rows / sizeof *band_rows, 4);
    for (size_t i = 0; i < sizeof band_rows / sizeof *band_rows; i++) {
        const band_row *row = &band_rows[i];
        char *text = many(row->before, row->each, row->n - 1, row->between, row->after);
        test_run run = test_emit(text);
        assert_int_equal(run.result.errors, 0);
        test_emit_end(&run);
        free(text);
        text = many(row->before, row->each, row->n, row->between, row->after);
        run = test_emit(text);
        assert_int_equal(run.result.errors, 1);
        assert_non_null(strstr(run.messages, row->message));
        test_emit_end(&run);
        free(text);
    }
}

static uint64_t fingerprint(const char *text)
{
    test_run run = test_emit(text);
    assert_int_equal(run.result.n_outputs, 1);
    const char *at = run.result.outputs[0].source;
    const char *last = NULL;
    while ((at = strstr(at, ".fingerprint = 0x")) != NULL) {
        at += strlen(".fingerprint = 0x");
        last = at;
    }
    assert_non_null(last);
    const uint64_t value = strtoull(last, NULL, 16);
    test_emit_end(&run);
    return value;
}

#define BASE "enum E { A, B }; struct S { long x; string<5> y; E e; }; exception Bad { long why; }; "
#define WHOLE BASE "interface X { S f(in long a, inout S b) raises (Bad); oneway void g(in sequence<S, 3> s); };"

typedef struct fingerprint_row {
    const char *text;
    bool same; /* as WHOLE */
} fingerprint_row;

static const fingerprint_row fingerprint_rows[] = {
    { WHOLE, true },
    /* not a difference: comments, layout, aliases, order of operations */
    { "/** said */ " WHOLE, true },
    { BASE "typedef S T; typedef sequence<T, 3> Ts; typedef long L; "
           "interface X { T f(in L a, inout S b) raises (Bad); oneway void g(in Ts s); };",
      true },
    { BASE "interface X { oneway void g(in sequence<S, 3> s); S f(in long a, inout S b) raises (Bad); };", true },
    /* differences */
    { BASE "interface Y { S f(in long a, inout S b) raises (Bad); oneway void g(in sequence<S, 3> s); };", false },
    { BASE "interface X { S h(in long a, inout S b) raises (Bad); oneway void g(in sequence<S, 3> s); };", false },
    { BASE "interface X { S f(in long a, inout S b); oneway void g(in sequence<S, 3> s); };", false },
    { BASE "interface X { S f(in long a, in S b) raises (Bad); oneway void g(in sequence<S, 3> s); };", false },
    { BASE "interface X { S f(in short a, inout S b) raises (Bad); oneway void g(in sequence<S, 3> s); };", false },
    { BASE "interface X { S f(in long z, inout S b) raises (Bad); oneway void g(in sequence<S, 3> s); };", false },
    { BASE "interface X { S f(in long a, inout S b) raises (Bad); void g(in sequence<S, 3> s); };", false },
    { BASE "interface X { S f(in long a, inout S b) raises (Bad); oneway void g(in sequence<S, 4> s); };", false },
    { "enum E { A, B }; struct S { long x; string<6> y; E e; }; exception Bad { long why; }; "
      "interface X { S f(in long a, inout S b) raises (Bad); oneway void g(in sequence<S, 3> s); };",
      false },
    { "enum E { B, A }; struct S { long x; string<5> y; E e; }; exception Bad { long why; }; "
      "interface X { S f(in long a, inout S b) raises (Bad); oneway void g(in sequence<S, 3> s); };",
      false },
    { "enum E { A, B }; struct S { long x; string<5> y; E e; }; exception Bad { string why; }; "
      "interface X { S f(in long a, inout S b) raises (Bad); oneway void g(in sequence<S, 3> s); };",
      false },
    { BASE "interface W { S f(in long a, inout S b) raises (Bad); }; "
           "interface X : W { oneway void g(in sequence<S, 3> s); };",
      false },
};

static void fingerprints_tell(void **state)
{
    (void)state;
    assert_int_equal(sizeof fingerprint_rows / sizeof *fingerprint_rows, 16);
    const uint64_t whole = fingerprint(WHOLE);
    for (size_t i = 0; i < sizeof fingerprint_rows / sizeof *fingerprint_rows; i++) {
        if ((fingerprint(fingerprint_rows[i].text) == whole) != fingerprint_rows[i].same) {
            fail_msg("row %zu: %s", i, fingerprint_rows[i].text);
        }
    }
}

/* What attributes raise counts as what operations raise: all of these differ. */
static void fingerprints_tell_what_attributes_raise(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "exception E { long x; }; interface X { attribute long a; };",
        "exception E { long x; }; interface X { attribute long a getraises (E); };",
        "exception E { long x; }; interface X { attribute long a setraises (E); };",
        "exception E { long x; }; interface X { attribute long a getraises (E) setraises (E); };",
        "exception E { string x; }; interface X { attribute long a setraises (E); };",
        "interface X { exception E { long x; }; attribute long a setraises (E); };",
        "exception E { long x; }; interface X { readonly attribute long a; };",
        "exception E { long x; }; interface X { readonly attribute long a raises (E); };",
    };
    enum { N = sizeof texts / sizeof *texts };
    uint64_t all[N];
    for (size_t i = 0; i < N; i++) {
        all[i] = fingerprint(texts[i]);
        for (size_t j = 0; j < i; j++) {
            assert_int_not_equal(all[i], all[j]);
        }
    }
}

/* Values and names of enumerators count, names only where the enum does not ignore them. */
/* Each says something else about what travels. */
static void fingerprints_tell_values(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "struct S { long x; };",
        "struct S { @optional long x; };",
        "struct S { @default(0) long x; };",
        "struct S { @default(1) long x; };",
        "struct S { @id(1) long x; };",
        "struct S { @min(0) long x; };",
        "struct S { @max(0) long x; };",
        "struct S { @range(min=0, max=0) long x; };",
        "@min(0) typedef long L; struct S { L y; };",
        "struct S { long x[2]; };",
        "struct S { long x[3]; };",
        "struct S { long x[2][1]; };",
        "struct S { sequence<octet> x; };",
        "struct S { sequence<uint8> x; };",
        "struct S { string x; };",
        "struct S { wstring x; };",
        "struct S { TypeCode x; };",
        "struct S { fixed<3, 1> x; };",
        "struct S { fixed<3, 2> x; };",
        "struct S { any x; };",
        "struct S { Object x; };",
        "struct S { map<long, string> x; };",
        "struct S { map<string, long> x; };",
        "struct S { map<string, long, 2> x; };",
        "struct S { sequence<@min(2) long> x; };",
        "struct S { @non_serialized long y; };",
        "union S switch (long) { case 1: long x; };",
        "union S switch (short) { case 1: long x; };",
        "union S switch (long) { case 2: long x; };",
        "union S switch (long) { case 1: default: long x; };",
        "union S switch (@max(9) long) { case 1: long x; };",
        "bitmask S { X };",
        "bitmask S { @position(1) X };",
        "@bit_bound(8) bitmask S { X };",
        "bitset S { bitfield<3> x; };",
        "bitset S { bitfield<4> x; };",
        "bitset S { bitfield<4> x y; };",
    };
    enum { COUNT = sizeof texts / sizeof *texts };
    uint64_t all[COUNT];
    for (size_t i = 0; i < COUNT; i++) {
        char whole[200];
        snprintf(whole, sizeof whole, "%s interface X { void f(in S s); };", texts[i]);
        all[i] = fingerprint(whole);
        for (size_t other = 0; other < i; other++) {
            if (all[other] == all[i]) {
                fail_msg("%s\n%s", texts[other], texts[i]);
            }
        }
    }
    /* and these do not */
    assert_true(fingerprint("@final struct S { long x; }; interface X { void f(in S s); };") == all[0]);
    assert_true(fingerprint("typedef long L; struct S { L x; }; interface X { void f(in S s); };") == all[0]);
    assert_true(fingerprint("typedef long L[2]; struct S { L x; }; interface X { void f(in S s); };") == all[9]);
    assert_true(fingerprint("struct S { long x; @non_serialized long y; }; interface X { void f(in S s); };") == all[0]);
}

static void fingerprints_tell_streams(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "interface X { sequence<long> f(in sequence<long> x); };",
        "interface X { @stream sequence<long> f(in sequence<long> x); };",
        "interface X { sequence<long> f(@stream in sequence<long> x); };",
        "interface X { @stream sequence<long> f(@stream in sequence<long> x); };",
        "interface X { @stream sequence<long> f(@stream in sequence<short> x); };",
        "interface X { @stream sequence<long> f(@id(3) @stream in sequence<long> x); };",
    };
    uint64_t all[sizeof texts / sizeof *texts];
    assert_int_equal(sizeof texts / sizeof *texts, 6);
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        all[i] = fingerprint(texts[i]);
        for (size_t j = 0; j < i; j++) {
            assert_int_not_equal(all[i], all[j]);
        }
    }
    assert_int_equal(fingerprint("typedef sequence<long> L; interface X { @stream L f(@stream in L x); };"), all[3]);
}

static void fingerprints_tell_enumerators(void **state)
{
    (void)state;
    assert_int_equal(fingerprint("interface X { @oneway void f(); };"), fingerprint("interface X { oneway void f(); };"));
    assert_int_equal(fingerprint("interface X { @oneway(FALSE) void f(); };"), fingerprint("interface X { void f(); };"));
    assert_int_not_equal(fingerprint("interface X { @oneway void f(); };"), fingerprint("interface X { void f(); };"));
#define OF(of_enum) fingerprint(of_enum " interface X { void f(in E e); };")
    assert_int_not_equal(OF("enum E { A, B };"), OF("enum E { A, @value(2) B };"));
    assert_int_not_equal(OF("enum E { @value(1) A };"), OF("enum E { @value(-1) A };"));
    assert_int_not_equal(OF("enum E { A, B };"), OF("enum E { A, C };"));
    assert_int_equal(OF("@ignore_literal_names enum E { A, B };"), OF("@ignore_literal_names enum E { A, C };"));
    assert_int_not_equal(OF("@ignore_literal_names enum E { A, B };"), OF("@ignore_literal_names enum E { A, @value(2) C };"));
    assert_int_equal(OF("@ignore_literal_names(FALSE) enum E { A, B };"), OF("enum E { A, B };"));
#undef OF
}

static void knows_reserved_names(void **state)
{
    (void)state;
    static const char *const reserved[] = { "BUFSIZ", "I",        "NULL",   "_Bool", "class",   "errno",   "int",
                                            "linux",  "register", "size_t", "stdin", "uint8_t", "va_list", "xor_eq" };
    static const char *const free_names[] = { "Account", "balance", "self", "zebra", "", "in", "Class" };
    for (size_t i = 0; i < sizeof reserved / sizeof *reserved; i++) {
        assert_true(emit_is_reserved(reserved[i]));
    }
    for (size_t i = 0; i < sizeof free_names / sizeof *free_names; i++) {
        assert_false(emit_is_reserved(free_names[i]));
    }
    assert_true(emit_is_reserved_macro("bases"));
    assert_true(emit_is_reserved_macro("weak"));
    assert_false(emit_is_reserved_macro("MAX"));
    assert_true(emit_is_reserved_parameter("ret_x"));
    assert_false(emit_is_reserved_parameter("retx"));
    assert_true(emit_reserved_are_sorted());
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(says_so),
        cmocka_unit_test(refuses_protobufs_band),
        cmocka_unit_test(fingerprints_tell),
        cmocka_unit_test(fingerprints_tell_what_attributes_raise),
        cmocka_unit_test(fingerprints_tell_streams),
        cmocka_unit_test(fingerprints_tell_enumerators),
        cmocka_unit_test(fingerprints_tell_values),
        cmocka_unit_test(knows_reserved_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
