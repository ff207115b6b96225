/* Copies, comparison, and references given away. */
#include "runtime/base/fail.h"
#include "tests/runtime/support/test.h"
#include "tests/runtime/value/fake_object.h"
#include "tests/runtime/value/kinds.h"

#include <math.h>
#include <string.h>

static kinds_Thing *const things[] = { &fake_objects[0], NULL, &fake_objects[1] };
static const int32_t numbers[] = { 1, 2 };
static const kinds_Inner children[] = { { .text = "c", .object = &fake_objects[2] }, { .text = NULL } };
static const kinds_Inner inner = {
    .text = "in", .numbers = CORBEL_SEQ(numbers), .object = &fake_objects[3], .children = CORBEL_SEQ(children)
};
static const corbel_bytes blobs[] = { { 2, (const uint8_t *)"ab" }, { 0, NULL } };
static const kinds_All all = { .text = "text",
                               .inner = { .text = "deep", .object = &fake_objects[4] },
                               .object = &fake_objects[0],
                               .objects = CORBEL_SEQ(things),
                               .inners = { 1, &inner },
                               .blobs = CORBEL_SEQ(blobs) };
enum { REFERENCES = 6 }; /* in all */

static void a_copy_is_one_block_of_its_own(void **state)
{
    (void)state;
    kinds_All *copy = corbel_value_copy(&kinds_All_type, &all);
    assert_non_null(copy);
    assert_true(corbel_value_equal(&kinds_All_type, copy, &all));
    assert_ptr_not_equal(copy->text, all.text);
    assert_ptr_not_equal(copy->inners.items, all.inners.items);
    assert_ptr_not_equal(copy->inners.items[0].children.items, children);
    assert_string_equal(copy->inners.items[0].children.items[1].text, ""); /* was NULL */
    assert_int_equal(fake_counts(), REFERENCES);
    copy->object = NULL;
    copy->text = "other";
    assert_null(corbel_block_free(copy));
    assert_int_equal(fake_counts(), 0);
    assert_null(corbel_block_free(NULL));
    assert_null(corbel_string_free(NULL));
}

static void sequences_are_copied_as_views(void **state)
{
    (void)state;
    const kinds_Inner_seq seq = { 1, &inner };
    kinds_Inner_seq copy = { 7, NULL };
    assert_int_equal(corbel_sequence_copy(&kinds_Inner_seq_type, &seq, &copy), CORBEL_OK);
    assert_true(corbel_value_equal(&kinds_Inner_seq_type, &seq, &copy));
    assert_int_equal(fake_counts(), 2);
    corbel_block_free(copy.items);
    assert_int_equal(fake_counts(), 0);

    const kinds_Inner_seq empty = { 0, &inner };
    assert_int_equal(corbel_sequence_copy(&kinds_Inner_seq_type, &empty, &copy), CORBEL_OK);
    assert_int_equal(copy.len, 0);
    assert_null(copy.items);

    const corbel_bytes bytes = { 3, (const uint8_t *)"abc" };
    corbel_bytes octets = { 0 };
    assert_int_equal(corbel_sequence_copy(&corbel_bytes_type, &bytes, &octets), CORBEL_OK);
    assert_memory_equal(octets.items, "abc", 3);
    corbel_bytes_clear(&octets);
    assert_int_equal(octets.len, 0);
    assert_null(octets.items);
    corbel_bytes_clear(&octets);
    corbel_bytes_clear(NULL);
}

static void copies_into_an_arena_are_given_away(void **state)
{
    (void)state;
    crb_arena *arena = crb_arena_new(0);
    kinds_All copy;
    assert_int_equal(crb_value_copy_into(&kinds_All_type, &all, arena, &copy), CORBEL_OK);
    assert_true(corbel_value_equal(&kinds_All_type, &copy, &all));
    assert_int_equal(fake_counts(), REFERENCES);
    crb_value_release_refs(&kinds_All_type, &copy);
    assert_int_equal(fake_counts(), 0);
    assert_null(copy.object);
    assert_null(copy.inner.object);
    crb_arena_free(arena);

    kinds_Thing *thing = corbel_object_ref(&fake_objects[0]);
    crb_value_release_refs(&kinds_Thing_type, &thing);
    assert_null(thing);
    assert_int_equal(fake_counts(), 0);

    /* Too little memory: ret is untouched and nothing is counted. */
    arena = crb_arena_new(sizeof(kinds_All) + 30);
    kinds_All untouched;
    memset(&untouched, 0x55, sizeof untouched);
    memcpy(&copy, &untouched, sizeof copy);
    assert_int_equal(crb_value_copy_into(&kinds_All_type, &all, arena, &copy), CORBEL_NO_MEMORY);
    assert_memory_equal(&copy, &untouched, sizeof copy);
    assert_int_equal(fake_counts(), 0);
    crb_arena_free(arena);
}

static void a_cycle_ends(void **state)
{
    (void)state;
    static kinds_Inner knot[2];
    knot[0].children = (kinds_Inner_seq) { 2, knot };
    knot[1].children = (kinds_Inner_seq) { 2, knot };
    assert_null(corbel_value_copy(&kinds_Inner_type, &knot[0]));
    crb_arena *arena = crb_arena_new(0);
    kinds_Inner copy;
    assert_int_equal(crb_value_copy_into(&kinds_Inner_type, &knot[0], arena, &copy), CORBEL_LIMIT);
    crb_arena_free(arena);
    crb_value_release_refs(&kinds_Inner_type, &knot[0]);
}

static void basic_types_fit(void **state)
{
    (void)state;
    const struct {
        const corbel_type *type;
        const corbel_type *element;
        size_t size;
    } rows[] = {
        { &corbel_bool_seq_type, &corbel_bool_type, sizeof(bool) },
        { &corbel_char_seq_type, &corbel_char_type, sizeof(char) },
        { &corbel_int16_seq_type, &corbel_int16_type, 2 },
        { &corbel_uint16_seq_type, &corbel_uint16_type, 2 },
        { &corbel_int32_seq_type, &corbel_int32_type, 4 },
        { &corbel_uint32_seq_type, &corbel_uint32_type, 4 },
        { &corbel_int64_seq_type, &corbel_int64_type, 8 },
        { &corbel_uint64_seq_type, &corbel_uint64_type, 8 },
        { &corbel_float_seq_type, &corbel_float_type, 4 },
        { &corbel_double_seq_type, &corbel_double_type, 8 },
        { &corbel_string_seq_type, &corbel_string_type, sizeof(char *) },
        { &corbel_bytes_type, &corbel_octet_type, 1 },
    };
    assert_int_equal(LENGTH_OF(rows), 12);
    for (size_t i = 0; i < LENGTH_OF(rows); i++) {
        assert_int_equal(rows[i].type->kind, CORBEL_KIND_SEQUENCE);
        assert_int_equal(rows[i].type->size, sizeof(corbel_bytes));
        assert_ptr_equal(rows[i].type->element, rows[i].element);
        assert_int_equal(rows[i].element->size, rows[i].size);
        assert_int_equal((rows[i].element->flags & CORBEL_PLAIN) != 0, rows[i].element != &corbel_string_type);
    }
}

static void equality_is_by_value(void **state)
{
    (void)state;
    kinds_All a = all, b = all;
    assert_true(corbel_value_equal(&kinds_All_type, &a, &b));
    b.inner.text = NULL;
    assert_false(corbel_value_equal(&kinds_All_type, &a, &b));
    a.inner.text = "";
    assert_true(corbel_value_equal(&kinds_All_type, &a, &b));
    b.object = &fake_objects[1];
    assert_false(corbel_value_equal(&kinds_All_type, &a, &b));
    b.object = a.object;
    b.objects.len--;
    assert_false(corbel_value_equal(&kinds_All_type, &a, &b));

    const double nan = NAN, zero = 0.0, minus = -0.0;
    assert_false(corbel_value_equal(&corbel_double_type, &nan, &nan));
    assert_true(corbel_value_equal(&corbel_double_type, &zero, &minus));
    const float fnan = NAN, one = 1, two = 2;
    assert_false(corbel_value_equal(&corbel_float_type, &fnan, &fnan));
    assert_false(corbel_value_equal(&corbel_float_type, &one, &two));
    const corbel_double_seq nans = { 1, &nan };
    assert_false(corbel_value_equal(&corbel_double_seq_type, &nans, &nans));
    const corbel_double_seq none = { 0, NULL }, empty = { 0, &nan };
    assert_true(corbel_value_equal(&corbel_double_seq_type, &none, &empty));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_copy_is_one_block_of_its_own),
        cmocka_unit_test(sequences_are_copied_as_views),
        cmocka_unit_test(copies_into_an_arena_are_given_away),
        cmocka_unit_test(a_cycle_ends),
        cmocka_unit_test(basic_types_fit),
        cmocka_unit_test(equality_is_by_value),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
