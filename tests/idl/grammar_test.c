/* What the wider grammar becomes in the model: types, unions, bits, inheritance, nested definitions, ids. */
#include "tests/idl/support.h"

#include "idl/fixed.h"
#include "idl/warnings.h"

#include <unistd.h>

static void new_types(void **state)
{
    static const struct {
        const char *written;
        const char *text;
        idl_type_kind kind;
    } rows[] = {
        { "int8", "int8", IDL_INT8 },
        { "uint8", "uint8", IDL_UINT8 },
        { "long double", "long double", IDL_LONG_DOUBLE },
        { "wchar", "wchar", IDL_WCHAR },
        { "wstring", "wstring", IDL_WSTRING },
        { "wstring<3>", "wstring<3>", IDL_WSTRING },
        { "fixed<5, 2>", "fixed<5, 2>", IDL_FIXED },
        { "any", "any", IDL_ANY },
        { "Object", "Object", IDL_OBJECT },
        { "TypeCode", "TypeCode", IDL_TYPECODE },
        { "::CORBA::TypeCode", "TypeCode", IDL_TYPECODE },
        { "map<long, string<2>>", "map<long, string<2>>", IDL_MAP },
        { "map<string, map<wchar, any, 4>, 5>", "map<string, map<wchar, any, 4>, 5>", IDL_MAP },
    };
    (void)state;
    assert_int_equal(LENGTH_OF(rows), 13);
    for (size_t i = 0; i < LENGTH_OF(rows); i++) {
        char text[256];
        snprintf(text, sizeof text, "interface I { %s f(in %s x); }; typedef sequence<%s> T; struct S { %s m[2][3]; };",
                 rows[i].written, rows[i].written, rows[i].written, rows[i].written);
        compiled c = compile_text(text, NULL);
        const idl_unit *unit = good(&c);
        assert_int_equal(find(unit, "I::f")->type->kind, rows[i].kind);
        assert_string_equal(type_text(find(unit, "I::f::x")->type), rows[i].text);
        assert_int_equal(find(unit, "T")->type->element->kind, rows[i].kind);
        const idl_type *array = find(unit, "S::m")->type;
        assert_int_equal(array->kind, IDL_ARRAY);
        assert_int_equal(array->n_dimensions, 2);
        assert_int_equal(array->dimensions[0], 2);
        assert_int_equal(array->dimensions[1], 3);
        assert_int_equal(array->element->kind, rows[i].kind);
        compiled_free(&c);
    }
}

static void unions(void **state)
{
    (void)state;
    compiled c = compile_text("enum E { A, B, C };\n"
                              "union U switch (E) { case A: case C: long x; default: string y[2]; };\n"
                              "union Open switch (long) { case -3: long x; };\n"
                              "union Covered switch (boolean) { case TRUE: long x; case FALSE: long y; };\n"
                              "union Wide switch (wchar) { case L'\\u20ac': long x; };\n",
                              NULL);
    const idl_unit *unit = good(&c);
    const idl_decl *u = find(unit, "U");
    const idl_decl *x = child(u, "x");
    assert_int_equal(u->kind, IDL_UNION);
    assert_string_equal(type_text(u->type), "E");
    assert_false(u->has_implicit_default);
    assert_int_equal(x->n_labels, 2);
    assert_ptr_equal(x->labels[1].enumerator, find(unit, "C"));
    assert_false(x->is_default);
    assert_true(child(u, "y")->is_default);
    assert_int_equal(child(u, "y")->n_labels, 0);
    assert_int_equal(child(u, "y")->id, 1);
    assert_true(find(unit, "Open")->has_implicit_default);
    assert_true(child(find(unit, "Open"), "x")->labels[0].negative);
    assert_false(find(unit, "Covered")->has_implicit_default);
    assert_int_equal(child(find(unit, "Wide"), "x")->labels[0].magnitude, 0x20AC);
    assert_string_equal(u->repository_id, "IDL:U:1.0");
    compiled_free(&c);
}

static void bits(void **state)
{
    (void)state;
    compiled c = compile_text("bitset B { bitfield<3> a; bitfield<4>; bitfield<9, short> b c; };\n"
                              "bitset D : B { bitfield<33> d; bitfield<1> e; };\n"
                              "@bit_bound(8) bitmask M { X, @position(4) Y, Z };\n"
                              "bitmask N { P };\n"
                              "@bit_bound(16) enum E { @value(-2) L, K, @value(9) J };\n",
                              NULL);
    const idl_unit *unit = good(&c);
    const idl_decl *b = find(unit, "B");
    assert_int_equal(b->bits, 25);
    assert_string_equal(b->children->next->name, "");
    assert_int_equal(b->children->next->bits, 4);
    assert_int_equal(child(b, "c")->offset, 16);
    assert_int_equal(child(b, "a")->type->kind, IDL_OCTET);
    assert_int_equal(child(b, "c")->type->kind, IDL_INT16);
    const idl_decl *d = find(unit, "D");
    assert_int_equal(d->bits, 59);
    assert_ptr_equal(d->bases.items[0], b);
    assert_int_equal(child(d, "d")->offset, 25);
    assert_int_equal(child(d, "d")->type->kind, IDL_UINT64);
    assert_int_equal(child(d, "e")->type->kind, IDL_BOOLEAN);
    const idl_decl *m = find(unit, "M");
    assert_int_equal(m->bits, 8);
    assert_int_equal(child(m, "Z")->value.magnitude, 5);
    assert_string_equal(child(m, "Z")->scoped_name, "M::Z");
    assert_int_equal(find(unit, "N")->bits, 32);
    assert_int_equal(find(unit, "E")->bits, 16);
    assert_true(find(unit, "K")->value.negative);
    assert_int_equal(find(unit, "K")->value.magnitude, 1);
    assert_int_equal(find(unit, "J")->value.magnitude, 9);
    compiled_free(&c);
}

static void inherited_members(void **state)
{
    (void)state;
    compiled c =
        compile_text("struct A { long a, b; }; struct B : A { long c; }; struct C : B { }; struct D : C { A d; };", NULL);
    const idl_unit *unit = good(&c);
    assert_string_equal(list_text(find(unit, "D")->members), "A::a A::b B::c D::d");
    assert_string_equal(list_text(find(unit, "D")->bases), "C");
    assert_int_equal(child(find(unit, "D"), "d")->id, 3);
    compiled_free(&c);
}

static void forward_structs(void **state)
{
    (void)state;
    compiled c = compile_text("struct S; union U; typedef sequence<S> Ss; struct S { Ss more; sequence<U> us; };\n"
                              "union U switch (long) { case 1: S s; };",
                              NULL);
    const idl_unit *unit = good(&c);
    const idl_decl *forward = find(unit, "S");
    assert_int_equal(forward->kind, IDL_FORWARD);
    assert_int_equal(forward->definition->kind, IDL_STRUCT);
    assert_ptr_equal(find(unit, "Ss")->type->element->decl, forward->definition);
    assert_int_equal(find(unit, "U")->definition->kind, IDL_UNION);
    compiled_free(&c);
}

/* The members of an interface are its operations and attributes, whatever else it declares. */
static void nested_definitions(void **state)
{
    (void)state;
    compiled c =
        compile_text("interface I { struct S { long x; }; const long N = 2; exception E { S s; }; S f(in S s) raises (E);\n"
                     "  attribute long a getraises (E) setraises (E); readonly attribute long b raises (E); };\n"
                     "interface J : I { typedef string S; S g(); I::S h(); };\n"
                     "struct T { sequence<long, I::N> x; };",
                     NULL);
    const idl_unit *unit = good(&c);
    const idl_decl *i = find(unit, "I");
    assert_string_equal(list_text(i->members), "I::f I::a I::b");
    assert_int_equal(i->children->kind, IDL_STRUCT);
    assert_ptr_equal(i->children->parent, i);
    assert_string_equal(list_text(find(unit, "I::a")->raises), "I::E");
    assert_string_equal(list_text(find(unit, "I::a")->set_raises), "I::E");
    assert_int_equal(find(unit, "I::b")->set_raises.length, 0);
    assert_string_equal(type_text(find(unit, "J::g")->type), "J::S");
    assert_string_equal(type_text(find(unit, "J::h")->type), "I::S");
    assert_int_equal(find(unit, "T::x")->type->bound, 2);
    compiled_free(&c);
}

/* What members define stands before their owner, the innermost first, and bears the owner's name. */
static void types_of_members(void **state)
{
    (void)state;
    compiled c = compile_text("module M { const long N = 1;\n"
                              "struct S { enum E { A, B } e; struct T { struct In_ { long x; } i; } t, more[2];\n"
                              "  union U switch (enum K { ONE }) { case ONE: bitmask Bits { b0 } bits; } u; E again; };\n"
                              "exception X { struct T { S::T t; } inner; }; const S::E C = S::B; };\n"
                              "struct First { struct Sub { long x; } sub; };\n"
                              "interface I { struct S { enum E { A } e; }; void f(in S::E e, in M::S::T::In_ i); };",
                              NULL);
    const idl_unit *unit = good(&c);
    const char *const order[] = { "M::N",    "M::S::E", "M::S::T::In_", "M::S::T", "M::S::U::K", "M::S::U::Bits",
                                  "M::S::U", "M::S",    "M::X::T",      "M::X",    "M::C" };
    const idl_decl *at = find(unit, "M")->children;
    for (size_t i = 0; i < sizeof order / sizeof *order; i++, at = at->next) {
        assert_non_null(at);
        assert_string_equal(at->scoped_name, order[i]);
    }
    assert_null(at);
    assert_string_equal(find(unit, "M")->next->scoped_name, "First::Sub");
    assert_string_equal(find(unit, "I")->children->scoped_name, "I::S::E");
    const idl_decl *s = find(unit, "M::S");
    assert_int_equal(s->members.length, 5);
    assert_ptr_equal(find(unit, "M::S::T")->parent, s);
    assert_string_equal(find(unit, "M::S::T::In_")->repository_id, "IDL:M/S/T/In_:1.0");
    assert_string_equal(type_text(s->members.items[4]->type), "M::S::E");
    assert_string_equal(type_text(find(unit, "M::X::T")->children->type), "M::S::T");
    assert_string_equal(find(unit, "M::C")->value.enumerator->scoped_name, "M::S::B");
    compiled_free(&c);
}

/* Typedefs of the names that integers have since 4.2: from there on, the words mean what the file says. */
static void old_integers(void **state)
{
    (void)state;
    compiled c =
        compile_text("struct Before { int32 x; };\n"
                     "module M { typedef short int32; struct S { sequence<int32> all; M::int32 other; int32 int32; }; };\n"
                     "struct After { int32 x; ::M::int32 y; };",
                     NULL);
    const idl_unit *unit = c.result.unit;
    assert_int_equal(find(unit, "Before::x")->type->kind, IDL_INT32);
    assert_string_equal(type_text(find(unit, "M::S::int32")->type), "M::int32");
    assert_string_equal(type_text(find(unit, "M::S::other")->type), "M::int32");
    assert_string_equal(type_text(find(unit, "M::S::all")->type->element), "M::int32");
    assert_int_equal(idl_type_resolve(find(unit, "M::S::int32")->type)->kind, IDL_INT16);
    assert_int_equal(find(unit, "After::x")->type->kind, IDL_INT32);
    assert_string_equal(type_text(find(unit, "After::y")->type), "M::int32");
    compiled_free(&c);
}

static void interface_kinds(void **state)
{
    (void)state;
    compiled c = compile_text("local interface L; abstract interface A { }; local interface L : A { }; native N;", NULL);
    const idl_unit *unit = good(&c);
    assert_true(find_nth(unit, "L", 1)->is_local);
    assert_true(find(unit, "A")->is_abstract);
    assert_int_equal(find(unit, "N")->kind, IDL_NATIVE);
    compiled_free(&c);
}

static void repository_ids(void **state)
{
    static const struct {
        const char *name;
        const char *id;
    } rows[] = {
        { "a", "IDL:omg.org/a:1.0" },
        { "a::I", "IDL:other/I:2.5" },
        { "a::J", "IDL:omg.org/a/J:3.1" },
        { "a::J::S", "IDL:omg.org/a/J/S:1.0" },
        { "a::J::f", "IDL:omg.org/a/J/f:1.0" },
        { "a::inner::K", "IDL:inner.org/a/inner/K:1.0" },
        { "a::after", "IDL:omg.org/a/after:1.0" },
        { "b::I", "IDL:typed/b/I:1.0" },
        { "c", "IDL:c:1.0" },
    };
    (void)state;
    assert_int_equal(LENGTH_OF(rows), 9);
    compiled c = compile_text("#pragma prefix \"omg.org\"\n"
                              "module a {\n"
                              "  interface I { };\n"
                              "  typeid I \"IDL:other/I:2.5\";\n"
                              "  interface J { struct S { long x; }; void f(); };\n"
                              "  module inner {\n"
                              "#pragma prefix \"inner.org\"\n"
                              "    typedef long K;\n"
                              "  };\n"
                              "  typedef long after;\n"
                              "};\n"
                              "#pragma version a::J 3.1\n"
                              "module b { interface I { }; };\n"
                              "typeprefix b \"typed\";\n"
                              "#pragma prefix \"\"\n"
                              "typedef long c;\n",
                              NULL);
    const idl_unit *unit = good(&c);
    for (size_t i = 0; i < LENGTH_OF(rows); i++) {
        assert_string_equal(find(unit, rows[i].name)->repository_id, rows[i].id);
    }
    assert_null(find(unit, "a::J::S::x")->repository_id);
    compiled_free(&c);
}

static void put_file(const char *folder, const char *name, const char *text)
{
    char path[128];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

/* A file's prefix is its own, and comes back after an #include. What an included file might be warned of is not said. */
static void prefixes_of_files(void **state)
{
    (void)state;
    char folder[] = "/tmp/corbel-idl-XXXXXX";
    char main_path[64], other_path[64];
    assert_non_null(mkdtemp(folder));
    put_file(folder, "main.idl", "#pragma prefix \"one\"\n#include \"other.idl\"\ninterface Mine;\ninterface Mine { };\n");
    put_file(folder, "other.idl",
             "interface Before { long port(); };\n#pragma prefix \"two\"\n@unheard_of interface After { };\n");
    snprintf(main_path, sizeof main_path, "%s/main.idl", folder);
    snprintf(other_path, sizeof other_path, "%s/other.idl", folder);
    const char *const paths[] = { main_path };
    compiled c = compile_files(paths, 1, NULL);
    const idl_unit *unit = good(&c);
    assert_string_equal(find(unit, "Before")->repository_id, "IDL:Before:1.0");
    assert_string_equal(find(unit, "After")->repository_id, "IDL:two/After:1.0");
    assert_string_equal(find_nth(unit, "Mine", 1)->repository_id, "IDL:one/Mine:1.0");
    compiled_free(&c);
    unlink(main_path);
    unlink(other_path);
    assert_int_equal(rmdir(folder), 0);
}

static void wide_constants(void **state)
{
    (void)state;
    compiled c = compile_text(
        "const wchar A = L'\\ud83d\\ude00'; const wstring B = L\"\\xe9\\u20ac\" L\"\\101\"; const wchar C = L'é';", NULL);
    const idl_unit *unit = good(&c);
    assert_int_equal(find(unit, "A")->value.kind, IDL_VALUE_WCHAR);
    assert_int_equal(find(unit, "A")->value.magnitude, 0x1F600);
    assert_int_equal(find(unit, "B")->value.kind, IDL_VALUE_WSTRING);
    assert_string_equal(find(unit, "B")->value.string, "é€A");
    assert_int_equal(find(unit, "C")->value.magnitude, 0xE9);
    compiled_free(&c);
}

static void fixed_arithmetic(void **state)
{
    static const struct {
        const char *left;
        int operation;
        const char *right;
        const char *result; /* NULL: a fault */
    } rows[] = {
        { "1.25", '*', "4", "5.00" },
        { "10", '/', "3", "3.333333333333333333333333333333" },
        { "1", '/', "8", "0.125" },
        { "-1", '/', "3000", "-0.0003333333333333333333333333333" },
        { "0", '/', "3.5", "0" },
        { "1", '/', "0.00", NULL },
        { "0.1", '+', "0.22", "0.32" },
        { "1.0", '-', "2.5", "-1.5" },
        { "-1.5", '-', "-1.5", "0.0" },
        { "-0.5", '+', "1", "0.5" },
        { "9999999999999999999999999999999", '+', "1", NULL },
        { "9999999999999999999999999999999", '*', "0.1", "999999999999999999999999999999.9" },
        { "1234567890123456789012345678901", '*', "-1", "-1234567890123456789012345678901" },
        { "0.1234567890123456789012345678901", '*', "0.1", "0.0123456789012345678901234567890" },
        { "9999999999999999999999999999999", '*', "9999999999999999999999999999999", NULL },
        { "2", '/', "0.0000000000000000000000000000001", NULL },
        { "1", '/', "9999999999999999999999999999999", "0.0000000000000000000000000000001" },
    };
    (void)state;
    assert_int_equal(LENGTH_OF(rows), 17);
    for (size_t i = 0; i < LENGTH_OF(rows); i++) {
        char result[IDL_FIXED_TEXT];
        const idl_fault fault = idl_fixed_binary(rows[i].operation, rows[i].left, rows[i].right, result);
        assert_int_equal(fault == IDL_FAULT_NONE, rows[i].result != NULL);
        if (rows[i].result != NULL) {
            assert_string_equal(result, rows[i].result);
        }
    }
    assert_true(idl_fixed_compare("1.50", "1.5") == 0);
    assert_true(idl_fixed_compare("-1", "0.5") < 0);
    assert_true(idl_fixed_compare("-1", "-2") > 0);
    assert_true(idl_fixed_compare("0", "-0.0") == 0);
}

/* Keywords that old IDL does not have are names where a name is wanted. */
static void young_keywords(void **state)
{
    (void)state;
    const idl_options options = { .warn = { .off = UINT32_C(1) << IDL_DIAG_KEYWORD_AS_NAME } };
    compiled c = compile_text("typedef long port; typedef long Map; struct component { port home; map<port, Map> map; };\n"
                              "interface Factory { component uses(in ::port provides); };",
                              &options);
    const idl_unit *unit = good(&c);
    assert_string_equal(type_text(find(unit, "component::home")->type), "port");
    assert_string_equal(type_text(find(unit, "component::map")->type), "map<port, Map>");
    assert_string_equal(type_text(find(unit, "Factory::uses")->type), "component");
    compiled_free(&c);
}

static void warnings(void **state)
{
    static const char text[] = "interface I { void f() context (\"x\"); };";
    (void)state;
    compiled c = compile_text(text, NULL);
    assert_int_equal(c.result.warnings, 1);
    assert_int_equal(c.result.errors, 0);
    compiled_free(&c);
    const idl_options off = { .warn = { .off = UINT32_C(1) << IDL_DIAG_CONTEXT, .as_errors = true } };
    c = compile_text(text, &off);
    good(&c);
    compiled_free(&c);
    const idl_options errors = { .warn = { .as_errors = true } };
    c = compile_text(text, &errors);
    assert_int_equal(c.result.errors, 1);
    assert_non_null(
        strstr(c.messages, "test.idl:1:24: error: a context has no effect: the standard has given it up [context]\n"));
    compiled_free(&c);
    for (int i = 0; i < IDL_N_DIAGNOSTICS; i++) {
        const idl_diagnostic_kind *kind = idl_diagnostic_kind_of((idl_diagnostic_id)i);
        assert_int_equal(idl_diagnostic_find(kind->id), i);
        assert_int_equal(idl_warning_find(kind->id), kind->is_warning ? i : IDL_N_DIAGNOSTICS);
    }
    assert_int_equal(idl_warning_find("no-such-warning"), IDL_N_DIAGNOSTICS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(new_types),         cmocka_unit_test(unions),          cmocka_unit_test(bits),
        cmocka_unit_test(inherited_members), cmocka_unit_test(forward_structs), cmocka_unit_test(nested_definitions),
        cmocka_unit_test(types_of_members),  cmocka_unit_test(old_integers),    cmocka_unit_test(interface_kinds),
        cmocka_unit_test(repository_ids),    cmocka_unit_test(wide_constants),  cmocka_unit_test(prefixes_of_files),
        cmocka_unit_test(fixed_arithmetic),  cmocka_unit_test(young_keywords),  cmocka_unit_test(warnings),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
