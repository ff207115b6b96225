/* What the writer refuses of the kinds that kinds.h lacks, what copies and comparisons make of them, and who counts what. */
#include "runtime/base/fail.h"
#include "runtime/value/codec.h"
#include "tests/runtime/support/test.h"
#include "tests/runtime/value/fake_object.h"
#include "tests/runtime/value/rich.h"

#include <math.h>
#include <string.h>

typedef struct row {
    rich_All value;
    const char *message; /* NULL: written */
} row;

static const rich_string_by_int32_item tags_twice[] = { { "a", 1 }, { "b", 2 }, { "b", 3 } };
static const rich_string_by_int32_item tags_down[] = { { "b", 1 }, { NULL, 2 } };
static const rich_string_by_int32_item tags_up[] = { { NULL, 1 }, { "a", 2 }, { "\xc3\xa9", 3 } };
static const rich_Tags map_lists[] = { { 3, tags_up }, { 2, tags_down } };
static const rich_Leaf_item four_leaves[] = { { .key = -1 }, { .key = 0 }, { .key = 1 }, { .key = 2 } };
static const int32_t percents[] = { 1, 2, 101 };
static const uint32_t letters[] = { 'a', 0xdfff };
static const uint8_t masks[] = { 31, 32 };
static const char *const prices[] = { "1", "1,5" };
static const rich_Pick bad_picks[] = { { ._d = 1, .text = "ok" }, { ._d = 10, .shade = (rich_Shade)11 } };
static const rich_Leaf bad_leaf = { .note = "\xff" };
static const corbel_int32_seq nowhere = { 2, NULL };
static const rich_Tree child = { .names = { NULL, "\xff" } };

static const row rows[] = {
    { { .percent = 0 }, NULL },
    { { .letter = 0xd800 }, "letter: D800 (hexadecimal) is not a code point" },
    { { .letter = 0x110000 }, "letter: 110000 (hexadecimal) is not a code point" },
    { { .letter = 0x10ffff }, NULL },
    { { .flags = 32 }, "flags: 20 (hexadecimal) is more than 5 bits" },
    { { .bits = (uint64_t)1 << 40 }, "bits: 10000000000 (hexadecimal) is more than 40 bits" },
    { { .bits = ((uint64_t)1 << 40) - 1 }, NULL },
    { { .percent = 101 }, "percent: 101, at most 100" },
    { { .percent = -11 }, "percent: -11, at least -10" },
    { { .ratio = 1.5 }, "ratio: 1.5, at most 1" },
    { { .ratio = NAN }, "ratio: nan, at least 0" },
    { { .limited = 8 }, "limited: 8, at most 7" },
    { { .shade = (rich_Shade)-2 }, "shade: -2, at least -1" },
    { { .wide = "\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9" }, NULL },
    { { .wide = "abcd\xc3\xa9" }, "wide: 5 characters, at most 4" },
    { { .price = "-099.90" }, NULL },
    { { .price = "1000" }, "price: 4 digits before the point, at most 3" },
    { { .price = "0.125" }, "price: 3 digits behind the point, at most 2" },
    { { .price = "1e3" }, "price: not a decimal number" },
    { { .pick = { ._d = 10, .shade = (rich_Shade)11 } }, "pick.shade: 11, at most 10" },
    { { .pick = { ._d = 5, .tags = { 3, tags_twice } } }, "pick.tags[2].key: twice" },
    { { .tags = { 3, tags_up } }, NULL },
    { { .tags = { 3, tags_twice } }, "tags[2].key: twice" },
    { { .tags = { 2, tags_down } }, "tags[1].key: not in ascending order" },
    { { .tags = { 1, NULL } }, "tags: 1 items at NULL" },
    { { .by_number = { 4, four_leaves } }, "by_number: 4 items, at most 3" },
    { { .by_number = { 3, four_leaves } }, NULL },
    { { .maps = { 2, map_lists } }, "maps[1][1].key: not in ascending order" },
    { { .percents = { 3, percents } }, "percents[2]: 101, at most 100" },
    { { .letters = { 2, letters } }, "letters[1]: DFFF (hexadecimal) is not a code point" },
    { { .masks = { 2, masks } }, "masks[1]: 20 (hexadecimal) is more than 5 bits" },
    { { .prices = { 2, prices } }, "prices[1]: not a decimal number" },
    { { .picks = { 2, bad_picks } }, "picks[1].shade: 11, at most 10" },
    { { .opt_leaf = &bad_leaf }, "opt_leaf.note: not UTF-8" },
    { { .opt_list = &nowhere }, "opt_list: 2 items at NULL" },
    { { .names = { "a", "\xff" } }, "names[1]: not UTF-8" },
    { { .leaves = { { .name = "" }, { .price = "x" } } }, "leaves[1].price: not a decimal number" },
    { { .tree = { .child = &child } }, "tree.child.names[1]: not UTF-8" },
    { { .level = 0, .title = NULL, .cost = "7.1250" }, "cost: 3 digits behind the point, at most 2" },
};

static void refusals_name_the_member(void **state)
{
    (void)state;
    assert_int_equal(LENGTH_OF(rows), 39);
    for (size_t i = 0; i < LENGTH_OF(rows); i++) {
        crb_buf buf = CRB_BUF_INIT;
        corbel_error error = CORBEL_ERROR_INIT;
        const corbel_status status = crb_encode_struct(&rich_All_type, &rows[i].value, &fake_writer, &buf, &error);
        assert_string_equal(error.message, rows[i].message != NULL ? rows[i].message : "");
        assert_int_equal(status, rows[i].message != NULL ? CORBEL_INVALID_ARGUMENT : CORBEL_OK);
        assert_int_equal(buf.len > 0, rows[i].message == NULL);
        corbel_error_clear(&error);
        crb_buf_clear(&buf);
    }
}

/** A value with a reference in each place that can hold one: eight. */
#define WITH_OBJECT                                                                                                              \
    {                                                                                                                            \
        ._d = 8, .object = &fake_objects[0]                                                                                      \
    }
static const rich_Pick with_object = WITH_OBJECT;
static const rich_Tree subtree = { .object = &fake_objects[1] };
static const rich_Tree_item subtrees[] = { { "x", { .object = &fake_objects[2] } } };
static const rich_Tree_seq tree_list = { 1, &subtree };
static corbel_object *const things[] = { &fake_objects[3], NULL };
static const int32_t number = 0;
static const rich_All full = {
    .price = "+1.50",
    .pick = WITH_OBJECT,
    .opt_pick = &with_object,
    .picks = { 1, &with_object },
    .opt_object = &fake_objects[4],
    .opt_text = "",
    .opt_number = &number,
    .tags = { 3, tags_up },
    .tree = { .child = &subtree, .maybe = &tree_list, .knot = { ._d = 2, .by_name = { 1, subtrees } } },
    .objects = { NULL, &fake_objects[0] },
    .things = { 2, things },
};
enum { FULL_REFERENCES = 9 };

static void copies_count_what_they_hold(void **state)
{
    (void)state;
    rich_All *copy = corbel_value_copy(&rich_All_type, &full);
    assert_non_null(copy);
    assert_int_equal(fake_counts(), FULL_REFERENCES);
    assert_true(corbel_value_equal(&rich_All_type, &full, copy));
    assert_ptr_not_equal(copy->opt_pick, full.opt_pick);
    assert_ptr_not_equal(copy->tree.child, full.tree.child);
    assert_string_equal(copy->opt_text, "");
    assert_null(copy->opt_leaf);
    assert_null(copy->opt_price);
    assert_string_equal(copy->cost, "0");
    assert_string_equal(copy->title, "");
    assert_string_equal(copy->leaves[1].name, "");
    corbel_block_free(copy);
    assert_int_equal(fake_counts(), 0);

    crb_arena *arena = crb_arena_new(0);
    rich_All into;
    assert_int_equal(crb_value_copy_into(&rich_All_type, &full, arena, &into), CORBEL_OK);
    assert_int_equal(fake_counts(), FULL_REFERENCES);
    crb_value_release_refs(&rich_All_type, &into);
    assert_int_equal(fake_counts(), 0);
    assert_null(into.pick.object);
    assert_null(into.opt_object);
    assert_null(into.objects[1]);
    assert_int_equal(into.opt_pick->_d, 8);
    crb_arena_free(arena);

    rich_Tags tags = { 0, NULL };
    assert_int_equal(corbel_sequence_copy(&rich_Tags_type, &full.tags, &tags), CORBEL_OK);
    assert_true(corbel_value_equal(&rich_Tags_type, &full.tags, &tags));
    assert_string_equal(tags.items[0].key, "");
    corbel_block_free(tags.items);
}

/** Each is unlike full in one place. */
static void equality_sees_each_difference(void **state)
{
    (void)state;
    static const int32_t one = 1;
    static const rich_Pick other_pick = { ._d = 8, .object = &fake_objects[1] };
    rich_All same = full;
    same.price = "01.5";
    assert_true(corbel_value_equal(&rich_All_type, &full, &same));
    rich_All others[14];
    for (size_t i = 0; i < LENGTH_OF(others); i++) {
        others[i] = full;
    }
    others[0].price = "1.51";
    others[1].opt_text = NULL;
    others[2].opt_number = &one;
    others[3].opt_number = NULL;
    others[4].pick._d = 1;
    others[5].pick.object = NULL;
    others[6].opt_pick = &other_pick;
    others[7].tags.len = 2;
    others[8].tree.child = NULL;
    others[9].tree.knot._d = 0;
    others[10].objects[0] = &fake_objects[0];
    others[11].exact = 1;
    others[12].grid[1][2] = 1;
    others[13].small._d = true;
    for (size_t i = 0; i < LENGTH_OF(others); i++) {
        assert_false(corbel_value_equal(&rich_All_type, &full, &others[i]));
        assert_false(corbel_value_equal(&rich_All_type, &others[i], &full));
    }
    /* What no discriminator selects does not count. */
    same.small.on = 7;
    assert_true(corbel_value_equal(&rich_All_type, &full, &same));
    others[11].exact = NAN;
    assert_false(corbel_value_equal(&rich_All_type, &others[11], &others[11]));
}

static void cycles_end(void **state)
{
    (void)state;
    static rich_Tree trees[5];
    static rich_Tree_seq list = { 1, &trees[1] };
    static rich_Tree_item item;
    trees[0].child = &trees[0];
    trees[1].maybe = &list;
    trees[2].knot = (rich_Knot) { ._d = 1, .trees = { 1, &trees[2] } };
    item.value.knot = (rich_Knot) { ._d = 2, .by_name = { 1, &item } };
    trees[3].by_name = (rich_Trees) { 1, &item };
    trees[4].knots[1] = (rich_Knot) { ._d = 1, .trees = { 1, &trees[4] } };
    for (size_t i = 0; i < LENGTH_OF(trees); i++) {
        corbel_error error = CORBEL_ERROR_INIT;
        crb_buf buf = CRB_BUF_INIT;
        assert_int_equal(crb_encode_struct(&rich_Tree_type, &trees[i], &fake_writer, &buf, &error), CORBEL_INVALID_ARGUMENT);
        assert_non_null(strstr(error.message, ": nested more than 64 deep"));
        assert_null(corbel_value_copy(&rich_Tree_type, &trees[i]));
        crb_arena *arena = crb_arena_new(0);
        rich_Tree copy;
        assert_int_equal(crb_value_copy_into(&rich_Tree_type, &trees[i], arena, &copy), CORBEL_LIMIT);
        crb_arena_free(arena);
        crb_value_release_refs(&rich_Tree_type, &trees[i]);
        corbel_error_clear(&error);
        crb_buf_clear(&buf);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(refusals_name_the_member),
        cmocka_unit_test(copies_count_what_they_hold),
        cmocka_unit_test(equality_sees_each_difference),
        cmocka_unit_test(cycles_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
