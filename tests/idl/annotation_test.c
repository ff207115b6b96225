/* What annotations become in the model. */
#include "tests/idl/support.h"

#include "idl/annotations.h"

static void what_standard_ones_say(void **state)
{
    (void)state;
    compiled c = compile_text("enum Level { LOW, HIGH };\n"
                              "@final struct S {\n"
                              "  @key @id(7) @unit(\"m\") long a;\n"
                              "  @optional @c_name(\"bee\") @deprecated(\"old\") string b;\n"
                              "  @default(HIGH) @min(LOW) Level c;\n"
                              "  @range(min = -1, max = 2 * 4) @default(-1) short d, e;\n"
                              "};\n"
                              "@mutable union U switch (@key long) { @id(3) case 1: long a; case 2: long b; };\n"
                              "typedef sequence<@external(FALSE) long> L;\n",
                              NULL);
    const idl_unit *unit = good(&c);
    const idl_decl *s = find(unit, "S");
    assert_int_equal(s->extensibility, IDL_FINAL);
    assert_true(child(s, "a")->is_key);
    assert_true(child(s, "a")->has_id);
    assert_int_equal(child(s, "a")->id, 7);
    assert_string_equal(child(s, "a")->unit, "m");
    assert_true(child(s, "b")->is_optional);
    assert_true(child(s, "b")->is_deprecated);
    assert_string_equal(child(s, "b")->c_name, "bee");
    assert_int_equal(child(s, "b")->id, 1);
    assert_false(child(s, "b")->has_id);
    assert_ptr_equal(child(s, "c")->default_value.enumerator, find(unit, "HIGH"));
    assert_ptr_equal(child(s, "c")->min.enumerator, find(unit, "LOW"));
    assert_int_equal(child(s, "c")->max.kind, IDL_VALUE_NONE);
    assert_int_equal(child(s, "e")->max.magnitude, 8);
    assert_true(child(s, "e")->default_value.negative);
    const idl_decl *u = find(unit, "U");
    assert_int_equal(u->extensibility, IDL_MUTABLE);
    assert_string_equal(u->type->annotations->name, "key");
    assert_int_equal(child(u, "a")->id, 3);
    assert_int_equal(child(u, "b")->id, 1);
    const idl_annotation *external = find(unit, "L")->type->element->annotations;
    assert_string_equal(external->name, "external");
    assert_int_equal(idl_argument_find(external, "value")->value.magnitude, 0);
    compiled_free(&c);
}

/* The hash of "color" is the one that DDS-XTypes gives as its example. */
static void hashed_ids(void **state)
{
    (void)state;
    compiled c =
        compile_text("@autoid(HASH) module m { struct S { long color; @hashid(\"shapesize\") long x; @id(4) long y; }; };\n"
                     "@autoid struct T { long color; }; @autoid(SEQUENTIAL) struct V { long color; };",
                     NULL);
    const idl_unit *unit = good(&c);
    assert_int_equal(find(unit, "m::S::color")->id, 0x0FA5DD70);
    assert_int_equal(find(unit, "m::S::x")->id, 0x047790DA);
    assert_int_equal(find(unit, "m::S::y")->id, 4);
    assert_int_equal(find(unit, "T::color")->id, 0x0FA5DD70);
    assert_int_equal(find(unit, "V::color")->id, 0);
    compiled_free(&c);
}

static void defined_ones(void **state)
{
    (void)state;
    compiled c =
        compile_text("module m { @annotation Limits { enum Kind { SOFT, HARD }; long low default 1; any note default \"x\";\n"
                     "  Kind which default SOFT; string<3> text; }; };\n"
                     "@m::Limits(\"abc\") struct S { @::m::Limits(which = HARD, text = \"z\", note = 2.5) long x; };",
                     NULL);
    const idl_unit *unit = good(&c);
    const idl_decl *definition = find(unit, "m::Limits");
    assert_int_equal(definition->kind, IDL_ANNOTATION_TYPE);
    assert_int_equal(child(definition, "low")->default_value.magnitude, 1);
    const idl_annotation *first = find(unit, "S")->annotations;
    assert_ptr_equal(first->definition, definition);
    assert_string_equal(first->name, "m::Limits");
    assert_string_equal(idl_argument_find(first, "text")->value.string, "abc");
    const idl_annotation *second = find(unit, "S::x")->annotations;
    assert_string_equal(idl_argument_find(second, "which")->value.enumerator->name, "HARD");
    assert_int_equal(idl_argument_find(second, "note")->value.kind, IDL_VALUE_FLOAT);
    assert_null(idl_argument_find(second, "low"));
    compiled_free(&c);
}

static void unknown_ones_are_kept(void **state)
{
    (void)state;
    const idl_options options = { .warn = { .off = UINT32_C(1) << IDL_DIAG_UNKNOWN_ANNOTATION } };
    compiled c = compile_text("@one @two(3, x = a + b(1), s = \"t\") interface I { @one void f(); };", &options);
    const idl_unit *unit = good(&c);
    const idl_annotation *one = find(unit, "I")->annotations;
    assert_string_equal(one->name, "one");
    assert_false(one->is_known);
    const idl_annotation *two = one->next;
    assert_null(two->next);
    assert_int_equal(two->n_arguments, 3);
    assert_string_equal(two->arguments[0].name, "value");
    assert_int_equal(two->arguments[0].value.magnitude, 3);
    assert_string_equal(two->arguments[1].text, "a + b(1)");
    assert_int_equal(two->arguments[1].value.kind, IDL_VALUE_NONE);
    assert_string_equal(idl_argument_find(two, "s")->value.string, "t");
    assert_string_equal(find(unit, "I::f")->annotations->name, "one");
    compiled_free(&c);
}

/* Each known one, with its least arguments, before something that it is for. */
static void the_table(void **state)
{
    (void)state;
    size_t n = 0;
    for (const idl_standard_annotation *at; (at = idl_standard_annotation_at(n)) != NULL; n++) {
        assert_ptr_equal(idl_standard_annotation_find(at->name), at);
        assert_non_null(at->place);
        assert_true(at->targets != 0);
        bool optional_before = false;
        for (size_t i = 0; i < IDL_PARAMETERS_MOST && at->parameters[i].name != NULL; i++) {
            assert_true((at->parameters[i].kind == IDL_PARAMETER_WORD || at->parameters[i].kind == IDL_PARAMETER_WORDS) ==
                        (at->parameters[i].words != NULL));
            assert_false(optional_before && at->parameters[i].is_required);
            optional_before = !at->parameters[i].is_required;
        }
    }
    assert_int_equal(n, 41);
    assert_string_equal(idl_standard_annotation_suggest("optionl"), "optional");
    assert_null(idl_standard_annotation_suggest("nothing_like_it"));
}

/* A doc comment stands before the annotations or between them and what it is about. */
static void docs_stay(void **state)
{
    (void)state;
    compiled c = compile_text("/** one */ @final struct S { /** two */ @key long a; @key /** three */ long b; };\n"
                              "@deprecated /** four */ interface I { /** five */ @idempotent void f(); };\n"
                              "union U switch (long) { /** six */ case 1: long a; case 2: /** seven */ long b; };",
                              NULL);
    const idl_unit *unit = good(&c);
    assert_string_equal(find(unit, "S")->doc, "one");
    assert_string_equal(find(unit, "S::a")->doc, "two");
    assert_string_equal(find(unit, "S::b")->doc, "three");
    assert_string_equal(find(unit, "I")->doc, "four");
    assert_string_equal(find(unit, "I::f")->doc, "five");
    assert_string_equal(find(unit, "U::a")->doc, "six");
    assert_string_equal(find(unit, "U::b")->doc, "seven");
    compiled_free(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_standard_ones_say), cmocka_unit_test(hashed_ids), cmocka_unit_test(defined_ones),
        cmocka_unit_test(unknown_ones_are_kept),  cmocka_unit_test(the_table),  cmocka_unit_test(docs_stay),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
