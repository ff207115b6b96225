/* What good input becomes. */
#include "tests/idl/support.h"

static const char account[] =
    "interface Early;\n"
    "module bank {\n"
    "    const unsigned long MOST = 8;\n"
    "    enum Kind { DEPOSIT, FEE };\n"
    "    interface Account;\n"
    "    typedef sequence<Account> Accounts, Others;\n"
    "    struct Entry {\n"
    "        Kind kind;\n"
    "        long long amount, rest;\n"
    "        string<MOST> text;\n"
    "        sequence<sequence<Entry>, MOST * 2> nested;\n"
    "        Account account;\n"
    "    };\n"
    "    exception Locked { };\n"
    "    exception Poor { double needed; ::bank::Entry last; };\n"
    "    interface Base {\n"
    "        readonly attribute string name;\n"
    "        void ping(in Early early);\n"
    "    };\n"
    "    interface Account : Base {\n"
    "        attribute short a, b;\n"
    "        Entry move(in Account to, out Entry entry, inout sequence<octet> data) raises (Poor, Locked);\n"
    "        oneway void poke(in boolean hard);\n"
    "    };\n"
    "};\n"
    "module bank { interface Left : Account { }; interface Right : Base, Account { void r(); }; };\n"
    "module bank { interface Both : Left, Right { void _module(); }; };\n"
    "interface Early { bank::Accounts all(); };\n";

static void modules_reopen(void **state)
{
    (void)state;
    compiled c = compile_text(account, NULL);
    const idl_unit *unit = good(&c);
    for (size_t i = 0; i < 3; i++) {
        const idl_decl *module = find_nth(unit, "bank", i);
        assert_int_equal(module->kind, IDL_MODULE);
        assert_null(module->parent);
    }
    const idl_decl *left = find(unit, "bank::Left");
    assert_ptr_equal(left->parent, find_nth(unit, "bank", 1));
    assert_int_equal(left->range.line, 26);
    assert_int_equal(left->range.column, 25);
    assert_int_equal(left->range.length, 4);
    assert_string_equal(left->range.file->path, "test.idl");
    compiled_free(&c);
}

static void types_are_resolved(void **state)
{
    (void)state;
    compiled c = compile_text(account, NULL);
    const idl_unit *unit = good(&c);
    const idl_decl *entry = find(unit, "bank::Entry");
    assert_int_equal(entry->kind, IDL_STRUCT);
    assert_string_equal(type_text(child(entry, "kind")->type), "bank::Kind");
    assert_string_equal(type_text(child(entry, "rest")->type), "long long");
    assert_string_equal(type_text(child(entry, "text")->type), "string<8>");
    assert_string_equal(type_text(child(entry, "nested")->type), "sequence<sequence<bank::Entry>, 16>");
    assert_string_equal(child(entry, "rest")->scoped_name, "bank::Entry::rest");
    assert_ptr_equal(child(entry, "nested")->type->element->element->decl, entry);
    assert_string_equal(type_text(find(unit, "bank::Others")->type), "sequence<bank::Account>");
    assert_int_equal(idl_type_resolve(find(unit, "Early::all")->type)->kind, IDL_SEQUENCE);
    assert_string_equal(type_text(child(find(unit, "bank::Poor"), "last")->type), "bank::Entry");
    assert_null(find(unit, "bank::Locked")->children);
    compiled_free(&c);
}

/* A type never names a forward declaration, only what it was about. */
static void forwards_point_to_definitions(void **state)
{
    (void)state;
    compiled c = compile_text(account, NULL);
    const idl_unit *unit = good(&c);
    const idl_decl *forward = find(unit, "bank::Account");
    const idl_decl *definition = find_nth(unit, "bank::Account", 1);
    assert_int_equal(forward->kind, IDL_FORWARD);
    assert_int_equal(forward->range.line, 5);
    assert_int_equal(definition->kind, IDL_INTERFACE);
    assert_int_equal(definition->range.line, 20);
    assert_ptr_equal(forward->definition, definition);
    assert_ptr_equal(child(find(unit, "bank::Entry"), "account")->type->decl, definition);
    assert_ptr_equal(find(unit, "bank::Accounts")->type->element->decl, definition);
    assert_int_equal(unit->definitions->kind, IDL_FORWARD);
    assert_string_equal(unit->definitions->definition->scoped_name, "Early");
    compiled_free(&c);
}

static void operations_and_attributes(void **state)
{
    (void)state;
    compiled c = compile_text(account, NULL);
    const idl_unit *unit = good(&c);
    const idl_decl *move = find(unit, "bank::Account::move");
    assert_int_equal(move->kind, IDL_OPERATION);
    assert_false(move->is_oneway);
    assert_string_equal(type_text(move->type), "bank::Entry");
    assert_string_equal(list_text(move->raises), "bank::Poor bank::Locked");
    assert_int_equal(child(move, "to")->direction, IDL_IN);
    assert_int_equal(child(move, "entry")->direction, IDL_OUT);
    assert_int_equal(child(move, "data")->direction, IDL_INOUT);
    assert_string_equal(type_text(child(move, "data")->type), "sequence<octet>");
    assert_ptr_equal(child(move, "to")->parent, move);
    const idl_decl *poke = find(unit, "bank::Account::poke");
    assert_true(poke->is_oneway);
    assert_int_equal(poke->type->kind, IDL_VOID);
    assert_true(find(unit, "bank::Base::name")->is_readonly);
    assert_int_equal(find(unit, "bank::Account::b")->kind, IDL_ATTRIBUTE);
    assert_false(find(unit, "bank::Account::b")->is_readonly);
    compiled_free(&c);
}

static void inheritance(void **state)
{
    (void)state;
    compiled c = compile_text(account, NULL);
    const idl_unit *unit = good(&c);
    const idl_decl *both = find(unit, "bank::Both");
    assert_string_equal(list_text(both->bases), "bank::Left bank::Right");
    assert_string_equal(list_text(both->all_bases), "bank::Base bank::Account bank::Left bank::Right");
    assert_string_equal(list_text(idl_interface_members(unit, both)),
                        "bank::Base::name bank::Base::ping bank::Account::a bank::Account::b bank::Account::move "
                        "bank::Account::poke bank::Right::r bank::Both::module");
    assert_string_equal(list_text(find(unit, "bank::Right")->all_bases), "bank::Base bank::Account");
    assert_int_equal(find(unit, "bank::Base")->all_bases.length, 0);
    assert_string_equal(list_text(idl_interface_members(unit, find(unit, "bank::Base"))), "bank::Base::name bank::Base::ping");
    compiled_free(&c);
}

static void enums(void **state)
{
    (void)state;
    compiled c = compile_text("module m { enum Colour { RED, GREEN }; const Colour C = GREEN; const Colour D = ::m::C; };", NULL);
    const idl_unit *unit = good(&c);
    const idl_decl *green = find(unit, "m::GREEN");
    assert_int_equal(green->kind, IDL_ENUMERATOR);
    assert_int_equal(green->value.magnitude, 1);
    assert_ptr_equal(green->parent, find(unit, "m::Colour"));
    assert_int_equal(find(unit, "m::D")->value.kind, IDL_VALUE_ENUM);
    assert_ptr_equal(find(unit, "m::D")->value.enumerator, green);
    compiled_free(&c);
}

/* The innermost scope wins; what differs only in case hides nothing. */
static void names_are_looked_up_outward(void **state)
{
    (void)state;
    compiled c = compile_text("struct P { long x; };\n"
                              "module m {\n"
                              "    struct P { short y; };\n"
                              "    struct S { P a; ::P b; m::P c; };\n"
                              "    module m { struct Q { P d; }; struct T { m::Q e; ::m::P f; }; };\n"
                              "};\n"
                              "struct U { P p; };\n"
                              "interface Thing { Thing thing(in Thing thing); Thing other(); };\n",
                              NULL);
    const idl_unit *unit = good(&c);
    const idl_decl *s = find(unit, "m::S");
    assert_string_equal(type_text(child(s, "a")->type), "m::P");
    assert_string_equal(type_text(child(s, "b")->type), "P");
    assert_string_equal(type_text(child(s, "c")->type), "m::P");
    assert_string_equal(type_text(find(unit, "m::m::Q::d")->type), "m::P");
    assert_string_equal(type_text(find(unit, "m::m::T::e")->type), "m::m::Q");
    assert_string_equal(type_text(find(unit, "m::m::T::f")->type), "m::P");
    assert_string_equal(type_text(find(unit, "U::p")->type), "P");
    assert_string_equal(type_text(find(unit, "Thing::other")->type), "Thing");
    compiled_free(&c);
}

static void basic_types(void **state)
{
    static const struct {
        const char *written;
        idl_type_kind kind;
    } rows[] = {
        { "boolean", IDL_BOOLEAN },
        { "octet", IDL_OCTET },
        { "char", IDL_CHAR },
        { "short", IDL_INT16 },
        { "int16", IDL_INT16 },
        { "unsigned short", IDL_UINT16 },
        { "uint16", IDL_UINT16 },
        { "long", IDL_INT32 },
        { "int32", IDL_INT32 },
        { "unsigned long", IDL_UINT32 },
        { "uint32", IDL_UINT32 },
        { "long long", IDL_INT64 },
        { "int64", IDL_INT64 },
        { "unsigned long long", IDL_UINT64 },
        { "uint64", IDL_UINT64 },
        { "float", IDL_FLOAT },
        { "double", IDL_DOUBLE },
        { "string", IDL_STRING },
        { "string<4294967295>", IDL_STRING },
        { "sequence<long>", IDL_SEQUENCE },
    };
    (void)state;
    assert_int_equal(LENGTH_OF(rows), 20);
    for (size_t i = 0; i < LENGTH_OF(rows); i++) {
        char text[128];
        snprintf(text, sizeof text, "interface I { %s f(in %s x); }; typedef %s T;", rows[i].written, rows[i].written,
                 rows[i].written);
        compiled c = compile_text(text, NULL);
        const idl_unit *unit = good(&c);
        assert_int_equal(find(unit, "I::f")->type->kind, rows[i].kind);
        assert_int_equal(find(unit, "I::f::x")->type->kind, rows[i].kind);
        assert_int_equal(find(unit, "T")->type->kind, rows[i].kind);
        compiled_free(&c);
    }
}

static void typedefs_of_definitions(void **state)
{
    (void)state;
    compiled c = compile_text("typedef struct S { long x; } T, U; typedef enum E { A } F; struct V { T t; S s; F f; };", NULL);
    const idl_unit *unit = good(&c);
    assert_int_equal(find(unit, "S")->kind, IDL_STRUCT);
    assert_string_equal(type_text(find(unit, "U")->type), "S");
    assert_string_equal(type_text(find(unit, "F")->type), "E");
    assert_ptr_equal(idl_type_resolve(find(unit, "V::t")->type)->decl, find(unit, "S"));
    compiled_free(&c);
}

static void escaped_names(void **state)
{
    (void)state;
    compiled c = compile_text("struct _interface { long _in; _interface_ x; };", NULL);
    assert_int_equal(c.result.errors, 1);
    compiled_free(&c);
    c = compile_text("struct _struct { long _in; }; struct S { _struct a; _S_ b; }; ", NULL);
    assert_int_equal(c.result.errors, 1);
    compiled_free(&c);
    c = compile_text("struct _struct { long _in, _plain; }; struct S { _struct a; };", NULL);
    const idl_unit *unit = good(&c);
    assert_string_equal(find(unit, "struct")->name, "struct");
    assert_string_equal(find(unit, "struct::plain")->name, "plain");
    assert_string_equal(type_text(find(unit, "S::a")->type), "struct");
    compiled_free(&c);
}

static void empty_input(void **state)
{
    static const char *const texts[] = { "", "\n", "  // nothing\n", "/* */", "\xEF\xBB\xBF", "#define X\n", "#\n" };
    (void)state;
    assert_int_equal(LENGTH_OF(texts), 7);
    for (size_t i = 0; i < LENGTH_OF(texts); i++) {
        compiled c = compile_text(texts[i], NULL);
        assert_null(good(&c)->definitions);
        assert_string_equal(c.result.unit->files->path, "test.idl");
        assert_true(c.result.unit->files->is_main);
        assert_null(c.result.unit->files->includes[0]);
        compiled_free(&c);
    }
    idl_unit_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(modules_reopen),
        cmocka_unit_test(types_are_resolved),
        cmocka_unit_test(forwards_point_to_definitions),
        cmocka_unit_test(operations_and_attributes),
        cmocka_unit_test(inheritance),
        cmocka_unit_test(enums),
        cmocka_unit_test(names_are_looked_up_outward),
        cmocka_unit_test(basic_types),
        cmocka_unit_test(typedefs_of_definitions),
        cmocka_unit_test(escaped_names),
        cmocka_unit_test(empty_input),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
