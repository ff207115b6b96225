/* Outputs: a block each, all or nothing. */
#include "runtime/base/fail.h"
#include "tests/runtime/support/test.h"
#include "tests/runtime/value/fake_object.h"
#include "tests/runtime/value/kinds.h"

#include <string.h>

static const corbel_param params[] = {
    { .name = "ret", .id = 1, .type = &corbel_int64_type },
    { .name = "text", .id = 2, .type = &corbel_string_type },
    { .name = "inner", .id = 3, .type = &kinds_Inner_type },
    { .name = "point", .id = 4, .type = &kinds_Point_type },
    { .name = "data", .id = 5, .type = &corbel_bytes_type },
    { .name = "numbers", .id = 6, .type = &corbel_int32_seq_type },
    { .name = "things", .id = 7, .type = &kinds_Thing_seq_type },
    { .name = "inners", .id = 8, .type = &kinds_Inner_seq_type },
    { .name = "thing", .id = 9, .type = &kinds_Thing_type },
    { .name = "color", .id = 10, .type = &kinds_Color_type },
    { .name = "texts", .id = 11, .type = &corbel_string_seq_type },
    { .name = "flag", .id = 12, .type = &corbel_bool_type },
    { .name = "points", .id = 13, .type = &kinds_Point_seq_type },
};
enum { N = sizeof params / sizeof *params };

typedef struct outputs {
    int64_t ret;
    char *text;
    kinds_Inner *inner;
    kinds_Point point;
    corbel_bytes data;
    corbel_int32_seq numbers;
    kinds_Thing_seq things;
    kinds_Inner_seq inners;
    kinds_Thing *thing;
    kinds_Color color;
    corbel_string_seq texts;
    bool flag;
    kinds_Point_seq points;
} outputs;

static void places(outputs *o, void *out[N])
{
    void *const all[] = { &o->ret,    &o->text,  &o->inner, &o->point, &o->data, &o->numbers, &o->things,
                          &o->inners, &o->thing, &o->color, &o->texts, &o->flag, &o->points };
    memcpy(out, all, sizeof all);
}

static void clear(outputs *o)
{
    corbel_string_free(o->text);
    corbel_block_free(o->inner);
    corbel_bytes_clear(&o->data);
    corbel_int32_seq_clear(&o->numbers);
    corbel_block_free(o->things.items);
    corbel_block_free(o->inners.items);
    corbel_object_unref(o->thing);
    corbel_string_seq_clear(&o->texts);
    corbel_block_free(o->points.items);
}

static const kinds_Inner inner_value = { .text = "in", .object = &fake_objects[2], .point = { 3, 4 } };
static kinds_Thing *const thing_items[] = { &fake_objects[0], NULL, &fake_objects[0] };
static const kinds_Inner inner_items[] = { { .text = "a", .object = &fake_objects[1] }, { .text = "b" } };
static const int32_t number_items[] = { 1, -1, 70000 };
static const char *const text_items[] = { "x", "", "y" };
static const kinds_Point point_items[] = { { 1, 2 }, { 3, 4 } };

static crb_buf message(void)
{
    const int64_t ret = -5;
    const char *text = "hello";
    const kinds_Point point = { 1, 2 };
    const corbel_bytes data = { 3, (const uint8_t *)"abc" };
    const corbel_int32_seq numbers = CORBEL_SEQ(number_items);
    const kinds_Thing_seq things = CORBEL_SEQ(thing_items);
    const kinds_Inner_seq inners = CORBEL_SEQ(inner_items);
    kinds_Thing *thing = &fake_objects[3];
    const kinds_Color color = kinds_BLUE;
    const corbel_string_seq texts = CORBEL_SEQ(text_items);
    const bool flag = true;
    const kinds_Point_seq points = CORBEL_SEQ(point_items);
    const void *values[] = { &ret,    &text,  &inner_value, &point, &data, &numbers, &things,
                             &inners, &thing, &color,       &texts, &flag, &points };
    crb_buf buf = CRB_BUF_INIT;
    assert_int_equal(crb_encode_params(params, N, values, &fake_writer, &buf, NULL), CORBEL_OK);
    return buf;
}

static void each_output_is_a_block_of_its_own(void **state)
{
    (void)state;
    crb_buf buf = message();
    outputs o = { 0 };
    void *out[N];
    places(&o, out);
    assert_int_equal(crb_decode_results(params, N, buf.data, buf.len, NULL, &fake_reader, out, NULL), CORBEL_OK);
    crb_buf_clear(&buf); /* nothing points into the message */
    assert_int_equal(o.ret, -5);
    assert_string_equal(o.text, "hello");
    assert_true(corbel_value_equal(&kinds_Inner_type, o.inner, &inner_value));
    assert_true(o.point.x == 1 && o.point.y == 2);
    assert_memory_equal(o.data.items, "abc", 3);
    assert_memory_equal(o.numbers.items, number_items, sizeof number_items);
    assert_memory_equal(o.things.items, thing_items, sizeof thing_items);
    assert_int_equal(o.inners.len, 2);
    assert_true(corbel_value_equal(&kinds_Inner_type, &o.inners.items[0], &inner_items[0]));
    assert_ptr_equal(o.thing, &fake_objects[3]);
    assert_int_equal(o.color, kinds_BLUE);
    assert_string_equal(o.texts.items[2], "y");
    assert_true(o.flag);
    assert_int_equal(o.points.len, 2);
    assert_int_equal(o.points.items[1].x, 3);
    /* inner 1, things 2, inners 1, thing 1 */
    assert_int_equal(fake_counts(), 5);
    corbel_block_free(o.things.items);
    o.things = (kinds_Thing_seq) { 0 };
    assert_int_equal(fake_counts(), 3);
    o.inner->object = NULL; /* members may be overwritten: the block knows what it counts */
    clear(&o);
    assert_int_equal(fake_counts(), 0);
}

static void what_is_missing_is_zero_and_empty(void **state)
{
    (void)state;
    outputs o;
    memset(&o, 0x55, sizeof o);
    void *out[N];
    places(&o, out);
    assert_int_equal(crb_decode_results(params, N, NULL, 0, NULL, NULL, out, NULL), CORBEL_OK);
    assert_int_equal(o.ret, 0);
    assert_string_equal(o.text, "");
    assert_string_equal(o.inner->text, "");
    assert_int_equal(o.point.x, 0);
    assert_int_equal(o.data.len + o.numbers.len + o.things.len + o.inners.len + o.texts.len, 0);
    assert_null(o.data.items);
    assert_null(o.thing);
    assert_false(o.flag);
    clear(&o);
}

static void null_outputs_are_skipped(void **state)
{
    (void)state;
    crb_buf buf = message();
    for (uint32_t mask = 0; mask < 1U << N; mask += 37) {
        outputs o = { 0 };
        void *out[N];
        places(&o, out);
        for (uint32_t i = 0; i < N; i++) {
            out[i] = (mask >> i & 1) != 0 ? out[i] : NULL;
        }
        assert_int_equal(crb_decode_results(params, N, buf.data, buf.len, NULL, &fake_reader, out, NULL), CORBEL_OK);
        assert_int_equal(o.inner != NULL, mask >> 2 & 1);
        assert_int_equal(o.thing != NULL, mask >> 8 & 1);
        assert_int_equal(o.texts.len, (mask >> 10 & 1) != 0 ? 3 : 0);
        clear(&o);
        assert_int_equal(fake_counts(), 0);
    }
    crb_buf_clear(&buf);
}

static void all_or_nothing(void **state)
{
    (void)state;
    crb_buf buf = message();
    crb_buf_append(&buf, "\x62\x00", 2); /* at the very end: flag as a string */
    outputs o, before;
    memset(&o, 0x55, sizeof o);
    memcpy(&before, &o, sizeof o);
    void *out[N];
    places(&o, out);
    corbel_error error = CORBEL_ERROR_INIT;
    assert_int_equal(crb_decode_results(params, N, buf.data, buf.len, NULL, &fake_reader, out, &error), CORBEL_DECODE);
    assert_int_equal(error.completion, CORBEL_COMPLETED_YES);
    assert_string_equal(error.message, "flag: wire type 2, not 0");
    assert_memory_equal(&o, &before, sizeof o);
    assert_int_equal(fake_counts(), 0);

    fake_tags = 2; /* inner's reference is no longer there */
    assert_int_equal(crb_decode_results(params, N, buf.data, buf.len, NULL, &fake_reader, out, &error), CORBEL_WRONG_INTERFACE);
    assert_int_equal(error.completion, CORBEL_COMPLETED_YES);
    assert_string_equal(error.message, "inner.object: tag 3");
    assert_memory_equal(&o, &before, sizeof o);
    fake_tags = FAKE_OBJECTS;
    assert_int_equal(fake_counts(), 0);
    corbel_error_clear(&error);
    crb_buf_clear(&buf);
}

static void what_comes_twice_is_counted_once(void **state)
{
    (void)state;
    const uint8_t bytes[] = "\x48\x01\x48\x02" /* thing */
                            "\x12\x03"
                            "old"
                            "\x12\x03"
                            "new" /* text */
                            "\x2a\x03"
                            "old"
                            "\x2a\x00"                          /* data: then empty */
                            "\x1a\x02\x20\x01\x1a\x02\x20\x02"  /* inner.object */
                            "\x22\x02\x08\x02\x22\x02\x08\x04"; /* point.x */
    outputs o = { 0 };
    void *out[N];
    places(&o, out);
    assert_int_equal(crb_decode_results(params, N, bytes, sizeof bytes - 1, NULL, &fake_reader, out, NULL), CORBEL_OK);
    assert_ptr_equal(o.thing, &fake_objects[1]);
    assert_string_equal(o.text, "new");
    assert_int_equal(o.data.len, 0);
    assert_null(o.data.items);
    assert_ptr_equal(o.inner->object, &fake_objects[1]);
    assert_int_equal(o.point.x, 2);
    assert_int_equal(fake_counts(), 3); /* thing; both of inner's block */
    clear(&o);
    assert_int_equal(fake_counts(), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_output_is_a_block_of_its_own), cmocka_unit_test(what_is_missing_is_zero_and_empty),
        cmocka_unit_test(null_outputs_are_skipped),          cmocka_unit_test(all_or_nothing),
        cmocka_unit_test(what_comes_twice_is_counted_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
