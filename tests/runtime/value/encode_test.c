/* The writer's bytes, and what it refuses. */
#include "runtime/base/fail.h"
#include "tests/runtime/support/test.h"
#include "tests/runtime/value/fake_object.h"
#include "tests/runtime/value/kinds.h"

#include <string.h>

/** A struct by itself that holds itself: a cycle. */
static kinds_Inner knot;

static void params_are_written_by_number_without_zeros(void **state)
{
    (void)state;
    const corbel_param params[] = {
        { .name = "amount", .id = 1, .type = &corbel_int64_type },
        { .name = "zero", .id = 2, .type = &corbel_int32_type },
        { .name = "names", .id = 3, .type = &corbel_string_seq_type },
        { .name = "none", .id = 4, .type = &kinds_Inner_type },
        { .name = "where", .id = 5, .type = &kinds_Point_type },
        { .name = "account", .id = 7, .type = &kinds_Thing_type },
        { .name = "nil", .id = 8, .type = &kinds_Thing_type },
        { .name = "rows", .id = 9, .type = &kinds_int32_seq_seq_type },
    };
    const int64_t amount = -3;
    const int32_t zero = 0;
    const char *const names[] = { "a", NULL };
    const corbel_string_seq seq = CORBEL_SEQ(names);
    const kinds_Inner none = { 0 };
    const kinds_Point where = { 1, 0 };
    kinds_Thing *account = &fake_objects[1], *nil = NULL;
    const int32_t row[] = { 1, -1 };
    const corbel_int32_seq lines[] = { CORBEL_SEQ(row), { 0, NULL } };
    const kinds_int32_seq_seq rows = CORBEL_SEQ(lines);
    const void *values[] = { &amount, &zero, &seq, &none, &where, &account, &nil, &rows };
    crb_buf buf = CRB_BUF_INIT;
    crb_buf_append(&buf, "before", 6);
    assert_int_equal(crb_encode_params(params, LENGTH_OF(params), values, &fake_writer, &buf, NULL), CORBEL_OK);
    static const char expected[] = "before"
                                   "\x08\x05" /* amount */
                                   "\x1a\x01"
                                   "a"
                                   "\x1a\x00"                          /* names */
                                   "\x2a\x02\x08\x02"                  /* where */
                                   "\x38\x02"                          /* account: tag 2 */
                                   "\x4a\x04\x0a\x02\x02\x01\x4a\x00"; /* rows: { 1: [1, -1] }, { } */
    assert_int_equal(buf.len, sizeof expected - 1);
    assert_memory_equal(buf.data, expected, buf.len);
    assert_ptr_equal(fake_objects[1].interface, &kinds_Thing_interface);
    crb_buf_clear(&buf);
}

static void lengths_of_every_size_are_right(void **state)
{
    (void)state;
    static uint8_t bytes[70000];
    const corbel_bytes blob = { sizeof bytes, bytes };
    for (size_t len = 1; len < sizeof bytes; len = len * 2 + len % 3) {
        const kinds_Inner inner = { .text = NULL, .numbers = { 0 }, .children = { 1, &(kinds_Inner) { .point = { 1, 1 } } } };
        const corbel_bytes part = { len, blob.items };
        const corbel_param params[] = { { .name = "inner", .id = 1, .type = &kinds_Inner_type },
                                        { .name = "part", .id = 2, .type = &corbel_bytes_type } };
        const void *values[] = { &inner, &part };
        crb_buf buf = CRB_BUF_INIT;
        assert_int_equal(crb_encode_params(params, 2, values, NULL, &buf, NULL), CORBEL_OK);
        crb_arena *arena = crb_arena_new(0);
        crb_held held;
        const void *back[2];
        assert_int_equal(crb_decode_args(params, 2, buf.data, buf.len, NULL, NULL, arena, &held, back, NULL), CORBEL_OK);
        assert_true(corbel_value_equal(&kinds_Inner_type, &inner, back[0]));
        assert_true(corbel_value_equal(&corbel_bytes_type, &part, back[1]));
        crb_arena_free(arena);
        crb_buf_clear(&buf);
    }
}

static void minus_zero_and_odd_bools_travel(void **state)
{
    (void)state;
    kinds_Point point = { 0, -0.0 };
    crb_buf buf = CRB_BUF_INIT;
    assert_int_equal(crb_encode_struct(&kinds_Point_type, &point, NULL, &buf, NULL), CORBEL_OK);
    assert_int_equal(buf.len, 9);
    crb_buf_clear(&buf);

    const uint8_t odd = 77; /* never was a bool */
    bool b = false;
    memcpy(&b, &odd, 1);
    const corbel_param params[] = { { .name = "b", .id = 1, .type = &corbel_bool_type } };
    const void *values[] = { &b };
    assert_int_equal(crb_encode_params(params, 1, values, NULL, &buf, NULL), CORBEL_OK);
    assert_int_equal(buf.len, 2);
    assert_memory_equal(buf.data, "\x08\x01", 2);
    crb_buf_clear(&buf);
}

typedef struct row {
    const corbel_type *type;
    const void *value;
    const char *message;
} row;

static const int32_t three[] = { 1, 2, 3 };
static const char *const texts[] = { "ok", "a\xff" };
static const char *const many[] = { "a", "b", "c" };
static const char *const long_ones[] = { "a", "abcde" };
static kinds_Thing *const things[] = { &fake_objects[0], &fake_objects[4] };
static const kinds_Inner inners[] = { { .text = "x" },
                                      { .text = "y", .children = { 1, &(kinds_Inner) { .text = "\xc0\x80" } } } };
static const kinds_Inner_seq inner_seqs[] = { { 0, NULL }, { 2, inners } };

static const row rows[] = {
    { &kinds_Bounded_type, &(kinds_Bounded) { .name = "abcde" }, "name: 5 bytes, at most 4" },
    { &kinds_Bounded_type, &(kinds_Bounded) { .data = { 4, (const uint8_t *)"abcd" } }, "data: 4 items, at most 3" },
    { &kinds_Bounded_type, &(kinds_Bounded) { .few = { 3, three } }, "few: 3 items, at most 2" },
    { &kinds_Bounded_type, &(kinds_Bounded) { .list = { 3, many } }, "list: 3 items, at most 2" },
    { &kinds_Bounded_type, &(kinds_Bounded) { .list = { 2, long_ones } }, "list[1]: 5 bytes, at most 4" },
    { &kinds_All_type, &(kinds_All) { .texts = { 2, texts } }, "texts[1]: not UTF-8" },
    { &kinds_All_type, &(kinds_All) { .inner = { .text = "\xff" } }, "inner.text: not UTF-8" },
    { &kinds_All_type, &(kinds_All) { .inners = { 2, inners } }, "inners[1].children[0].text: not UTF-8" },
    { &kinds_All_type, &(kinds_All) { .inner_lists = { 2, inner_seqs } }, "inner_lists[1][1].children[0].text: not UTF-8" },
    { &kinds_All_type, &(kinds_All) { .i32s = { 3, NULL } }, "i32s: 3 items at NULL" },
    { &kinds_All_type, &(kinds_All) { .objects = { 2, things } }, "objects[0]: a reference cannot be sent here" },
};

static void refusals_name_the_member(void **state)
{
    (void)state;
    assert_int_equal(LENGTH_OF(rows), 11);
    for (size_t i = 0; i < LENGTH_OF(rows); i++) {
        crb_buf buf = CRB_BUF_INIT;
        crb_buf_append(&buf, "before", 6);
        corbel_error error = CORBEL_ERROR_INIT;
        assert_int_equal(crb_encode_struct(rows[i].type, rows[i].value, NULL, &buf, &error), CORBEL_INVALID_ARGUMENT);
        assert_int_equal(error.completion, CORBEL_COMPLETED_NO);
        assert_string_equal(error.message, rows[i].message);
        assert_int_equal(buf.len, 6);
        assert_false(buf.failed);
        corbel_error_clear(&error);
        crb_buf_clear(&buf);
    }
}

static void a_full_reference_table_is_told(void **state)
{
    (void)state;
    const kinds_All all = { .objects = { 2, things } };
    crb_buf buf = CRB_BUF_INIT;
    corbel_error error = CORBEL_ERROR_INIT;
    fake_tags = 4;
    assert_int_equal(crb_encode_struct(&kinds_All_type, &all, &fake_writer, &buf, &error), CORBEL_LIMIT);
    assert_string_equal(error.message, "too many references");
    assert_int_equal(crb_encode_struct(&kinds_All_type, &all, &fake_writer, &buf, NULL), CORBEL_LIMIT);
    fake_tags = FAKE_OBJECTS;
    corbel_error_clear(&error);
    crb_buf_clear(&buf);
}

static void depth_is_bounded(void **state)
{
    (void)state;
    kinds_Inner chain[66] = { 0 };
    chain[65].text = "end";
    for (size_t i = 0; i < 65; i++) {
        chain[i].children = (kinds_Inner_seq) { 1, &chain[i + 1] };
    }
    crb_buf buf = CRB_BUF_INIT;
    corbel_error error = CORBEL_ERROR_INIT;
    /* 64 inside one another is what every reader takes. */
    assert_int_equal(crb_encode_struct(&kinds_Inner_type, &chain[1], NULL, &buf, &error), CORBEL_OK);
    void *back = NULL;
    assert_int_equal(crb_decode_struct(&kinds_Inner_type, buf.data, buf.len, NULL, NULL, &back, &error), CORBEL_OK);
    assert_true(corbel_value_equal(&kinds_Inner_type, &chain[1], back));
    corbel_block_free(back);
    buf.len = 0;
    assert_int_equal(crb_encode_struct(&kinds_Inner_type, &chain[0], NULL, &buf, &error), CORBEL_INVALID_ARGUMENT);
    assert_non_null(strstr(error.message, "children[0].children[0]"));
    assert_non_null(strstr(error.message, ": nested more than 64 deep"));
    knot.children = (kinds_Inner_seq) { 1, &knot };
    assert_int_equal(crb_encode_struct(&kinds_Inner_type, &knot, NULL, &buf, &error), CORBEL_INVALID_ARGUMENT);
    corbel_error_clear(&error);
    crb_buf_clear(&buf);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(params_are_written_by_number_without_zeros),
        cmocka_unit_test(lengths_of_every_size_are_right),
        cmocka_unit_test(minus_zero_and_odd_bools_travel),
        cmocka_unit_test(refusals_name_the_member),
        cmocka_unit_test(a_full_reference_table_is_told),
        cmocka_unit_test(depth_is_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
