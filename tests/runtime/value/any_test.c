/* any: values in and out, on the wire and in other values, with the references inside; what of it is refused. */
#include "runtime/base/fail.h"
#include "runtime/value/any.h"
#include "tests/runtime/support/test.h"
#include "tests/runtime/value/fake_object.h"
#include "tests/runtime/value/kinds.h"
#include "tests/runtime/value/rich.h"

#include <string.h>

/* A struct around anys, as the IDL compiler would write it. */
typedef struct any_seq {
    size_t len;
    corbel_any *const *items;
} any_seq;
typedef struct box {
    corbel_any *one;
    const char *text;
    any_seq list;
} box;
static const corbel_type any_seq_type = { .kind = CORBEL_KIND_SEQUENCE, .size = sizeof(any_seq), .element = &corbel_any_type };
static const corbel_member box_members[] = {
    { .name = "one", .id = 1, .offset = offsetof(box, one), .type = &corbel_any_type },
    { .name = "text", .id = 2, .offset = offsetof(box, text), .type = &corbel_string_type },
    { .name = "list", .id = 3, .offset = offsetof(box, list), .type = &any_seq_type },
};
static const corbel_type box_type = {
    .kind = CORBEL_KIND_STRUCT, .name = "test::Box", .size = sizeof(box), .count = 3, .members = box_members
};

/** An Inner with a reference, as an any. */
static corbel_any *inner_any(size_t object)
{
    const kinds_Inner inner = { .text = "in", .point = { 3, 4 }, .object = &fake_objects[object] };
    corbel_any *any = NULL;
    assert_int_equal(corbel_value_to_any(&kinds_Inner_type, &inner, &any, NULL), CORBEL_OK);
    assert_non_null(any);
    return any;
}

static void test_basic(void **state)
{
    (void)state;
    corbel_any *any = NULL;
    corbel_error error = CORBEL_ERROR_INIT;
#define ROUND(name, type, value, text)                                                                                           \
    do {                                                                                                                         \
        type got = 0;                                                                                                            \
        assert_int_equal(corbel_##name##_to_any(value, &any, &error), CORBEL_OK);                                                \
        assert_string_equal(corbel_any_type_name(any), text);                                                                    \
        assert_int_equal(corbel_##name##_from_any(any, &got, &error), CORBEL_OK);                                                \
        assert_true(got == (value));                                                                                             \
        any = corbel_any_unref(any);                                                                                             \
    } while (0)
    ROUND(bool, bool, true, "boolean");
    ROUND(bool, bool, false, "boolean");
    ROUND(uint8, uint8_t, 255, "octet");
    ROUND(char, char, 'x', "char");
    ROUND(int16, int16_t, INT16_MIN, "short");
    ROUND(uint16, uint16_t, UINT16_MAX, "unsigned short");
    ROUND(int32, int32_t, INT32_MIN, "long");
    ROUND(uint32, uint32_t, UINT32_MAX, "unsigned long");
    ROUND(int64, int64_t, INT64_MIN, "long long");
    ROUND(uint64, uint64_t, UINT64_MAX, "unsigned long long");
    ROUND(float, float, -1.5f, "float");
    ROUND(double, double, 1e300, "double");
    ROUND(int8, int8_t, INT8_MIN, "int8");
    ROUND(wchar, uint32_t, 0x10ffff, "wchar");
    ROUND(long_double, long double, 0.1L, "long double");
    assert_int_equal(corbel_wchar_to_any(0xd800, &any, &error), CORBEL_INVALID_ARGUMENT);
    char *wide = NULL;
    assert_int_equal(corbel_wstring_to_any("\xc3\xa4", &any, &error), CORBEL_OK);
    assert_int_equal(corbel_string_from_any(any, &wide, &error), CORBEL_INVALID_ARGUMENT);
    assert_string_equal(error.message, "the any holds wstring, not string");
    assert_int_equal(corbel_wstring_from_any(any, &wide, &error), CORBEL_OK);
    assert_string_equal(wide, "\xc3\xa4");
    corbel_string_free(wide);
    any = corbel_any_unref(any);
    static const uint8_t numbers8[] = { 1, 200 };
    const corbel_uint8_seq few = CORBEL_SEQ(numbers8);
    corbel_uint8_seq few_back = { 0, NULL };
    assert_int_equal(corbel_uint8_seq_to_any(few, &any, &error), CORBEL_OK);
    assert_string_equal(corbel_any_type_name(any), "sequence<uint8>");
    assert_int_equal(corbel_uint8_seq_from_any(any, &few_back, &error), CORBEL_OK);
    assert_true(corbel_value_equal(&corbel_uint8_seq_type, &few, &few_back));
    corbel_uint8_seq_clear(&few_back);
    any = corbel_any_unref(any);
    char *text = NULL;
    assert_int_equal(corbel_string_to_any(NULL, &any, &error), CORBEL_OK);
    assert_string_equal(corbel_any_type_name(any), "string");
    assert_int_equal(corbel_string_from_any(any, &text, &error), CORBEL_OK);
    assert_string_equal(text, "");
    corbel_string_free(text);
    any = corbel_any_unref(any);
    assert_int_equal(corbel_string_to_any("\xff", &any, &error), CORBEL_INVALID_ARGUMENT);
    assert_null(any);
    static const double items[] = { 1, -2.5 };
    const corbel_double_seq numbers = CORBEL_SEQ(items);
    corbel_double_seq got = { 0, NULL };
    assert_int_equal(corbel_double_seq_to_any(numbers, &any, &error), CORBEL_OK);
    assert_string_equal(corbel_any_type_name(any), "sequence<double>");
    assert_int_equal(corbel_double_seq_from_any(any, &got, &error), CORBEL_OK);
    assert_true(corbel_value_equal(&corbel_double_seq_type, &numbers, &got));
    corbel_double_seq_clear(&got);
    any = corbel_any_unref(any);
    const corbel_bytes octets = { 3, (const uint8_t *)"a\0b" };
    corbel_bytes back = { 0, NULL };
    assert_int_equal(corbel_bytes_to_any(octets, &any, &error), CORBEL_OK);
    assert_string_equal(corbel_any_type_name(any), "sequence<octet>");
    assert_int_equal(corbel_bytes_from_any(any, &back, &error), CORBEL_OK);
    assert_true(corbel_value_equal(&corbel_bytes_type, &octets, &back));
    corbel_bytes_clear(&back);
    corbel_any_unref(any);
    corbel_error_clear(&error);
}

static const corbel_type map_item_members_value = { .kind = CORBEL_KIND_INT32, .size = 4 };
static const corbel_member map_members[] = { { .name = "key", .id = 1, .type = &corbel_string_type },
                                             { .name = "value", .id = 2, .type = &map_item_members_value } };
static const corbel_type map_item = { .kind = CORBEL_KIND_STRUCT, .count = 2, .members = map_members };
static const corbel_type map_type = { .kind = CORBEL_KIND_MAP, .element = &map_item };
static const corbel_type maps_type = { .kind = CORBEL_KIND_SEQUENCE, .element = &map_type };
static const corbel_type bounded_type = { .kind = CORBEL_KIND_STRING, .bound = 5 };
static const corbel_type numbers8_type = { .kind = CORBEL_KIND_SEQUENCE, .element = &corbel_uint8_type };
static const corbel_type wide_type = { .kind = CORBEL_KIND_STRING, .flags = CORBEL_WIDE };

static void test_type_text(void **state)
{
    (void)state;
    static const struct {
        const corbel_type *type;
        const char *text;
    } rows[] = {
        { &kinds_Inner_type, "kinds_Inner" },
        { &kinds_Inner_seq_type, "sequence<kinds_Inner>" },
        { &kinds_Inner_seq_seq_type, "sequence<sequence<kinds_Inner>>" },
        { &kinds_Thing_type, "kinds::Thing" },
        { &kinds_Thing_seq_type, "sequence<kinds::Thing>" },
        { &kinds_Color_type, "kinds::Color" },
        { &map_type, "map<string,long>" },
        { &maps_type, "sequence<map<string,long>>" },
        { &bounded_type, "string" },
        { &wide_type, "wstring" },
        { &numbers8_type, "sequence<uint8>" },
        { &corbel_bytes_type, "sequence<octet>" },
        { &corbel_any_type, "any" },
        { &any_seq_type, "sequence<any>" },
        { &corbel_object_type, "Object" },
        { &corbel_uint64_type, "unsigned long long" },
    };
    enum { ROWS = sizeof rows / sizeof *rows };
    assert_int_equal(ROWS, 16);
    for (size_t i = 0; i < ROWS; i++) {
        char text[64];
        assert_int_equal(crb_type_text(rows[i].type, text, sizeof text), strlen(rows[i].text));
        assert_string_equal(text, rows[i].text);
        assert_int_equal(crb_type_text(rows[i].type, text, 5), strlen(rows[i].text));
        assert_int_equal(strlen(text), strlen(rows[i].text) < 4 ? strlen(rows[i].text) : 4);
        for (size_t j = 0; j < ROWS; j++) {
            const bool same = strcmp(rows[i].text, rows[j].text) == 0;
            assert_int_equal(crb_type_is(rows[i].type, rows[j].text), same);
        }
    }
    assert_false(crb_type_is(&kinds_Inner_type, "kinds_InnerX"));
    assert_false(crb_type_is(&kinds_Inner_seq_type, "sequence<kinds_Inner"));
    assert_false(crb_type_is(&corbel_int32_type, ""));
}

/** A union and an array are in it as themselves, and as the one field of a message. */
static void test_unions_and_arrays(void **state)
{
    (void)state;
    const rich_Pick pick = { ._d = 1, .text = "one" };
    corbel_any *any = NULL;
    rich_Pick *back = NULL;
    assert_int_equal(corbel_value_to_any(&rich_Pick_type, &pick, &any, NULL), CORBEL_OK);
    assert_memory_equal(any->value, "\x08\x02\x1a\x03one", any->len);
    assert_int_equal(corbel_value_from_any(&rich_Pick_type, any, &back, NULL), CORBEL_OK);
    assert_true(corbel_value_equal(&rich_Pick_type, &pick, back));
    corbel_block_free(back);
    any = corbel_any_unref(any);
    const rich_Small small = { ._d = true, .on = 5 };
    rich_Small small_back = { 0 };
    assert_int_equal(corbel_value_to_any(&rich_Small_type, &small, &any, NULL), CORBEL_OK);
    assert_int_equal(corbel_value_from_any(&rich_Small_type, any, &small_back, NULL), CORBEL_OK);
    assert_int_equal(small_back.on, 5);
    any = corbel_any_unref(any);
    const rich_Grid grid = { { { 1, 2 }, { 3, 4 } } };
    rich_Grid grid_back = { 0 };
    assert_int_equal(corbel_value_to_any(&rich_Grid_type, &grid, &any, NULL), CORBEL_OK);
    assert_memory_equal(any->value, "\x0a\x04\x02\x04\x06\x08", any->len);
    assert_int_equal(corbel_value_from_any(&rich_Grid_type, any, &grid_back, NULL), CORBEL_OK);
    assert_memory_equal(&grid, &grid_back, sizeof grid);
    corbel_any_unref(any);
}

static void test_another_type(void **state)
{
    (void)state;
    corbel_any *const any = inner_any(0);
    corbel_error error = CORBEL_ERROR_INIT;
    int32_t number = 7;
    assert_int_equal(corbel_int32_from_any(any, &number, &error), CORBEL_INVALID_ARGUMENT);
    assert_string_equal(error.message, "the any holds kinds_Inner, not long");
    assert_int_equal(error.completion, CORBEL_COMPLETED_NO);
    assert_int_equal(corbel_int32_from_any(NULL, &number, &error), CORBEL_INVALID_ARGUMENT);
    assert_string_equal(error.message, "the any holds nothing, not long");
    assert_int_equal(number, 7);
    assert_string_equal(corbel_any_type_name(NULL), "");
    corbel_error_clear(&error);
    corbel_any_unref(any);
    assert_int_equal(fake_counts(), 0);
}

static void test_references(void **state)
{
    (void)state;
    corbel_any *const any = inner_any(2);
    assert_int_equal(fake_objects[2].count, 1);
    fake_objects[2].interface = NULL;
    kinds_Inner *inner = NULL;
    assert_int_equal(corbel_value_from_any(&kinds_Inner_type, any, &inner, NULL), CORBEL_OK);
    assert_ptr_equal(inner->object, &fake_objects[2]);
    assert_ptr_equal(fake_objects[2].interface, &kinds_Thing_interface); /* typed when it comes out */
    assert_int_equal(fake_objects[2].count, 2);
    corbel_block_free(inner);
    assert_ptr_equal(corbel_any_ref(any), any);
    corbel_any_unref(any);
    assert_int_equal(fake_objects[2].count, 1);
    corbel_any_unref(any);
    corbel_any *one = NULL;
    assert_int_equal(corbel_object_to_any(&fake_objects[1], &one, NULL), CORBEL_OK);
    corbel_object *object = NULL;
    assert_int_equal(corbel_object_from_any(one, &object, NULL), CORBEL_OK);
    assert_ptr_equal(object, &fake_objects[1]);
    corbel_object_unref(object);
    corbel_any_unref(one);
    assert_int_equal(corbel_object_to_any(NULL, &one, NULL), CORBEL_OK);
    assert_int_equal(corbel_object_from_any(one, &object, NULL), CORBEL_OK);
    assert_null(object);
    corbel_any_unref(one);
    assert_int_equal(fake_counts(), 0);
}

/** A box with an any in everything that can hold one; its parts are borrowed from items. */
static box a_box(corbel_any *items[3])
{
    items[0] = inner_any(1);
    assert_int_equal(corbel_any_to_any(items[0], &items[1], NULL), CORBEL_OK); /* an any in an any */
    items[2] = NULL;
    return (box) { .one = items[1], .text = "t", .list = { 3, items } };
}

static void check_box(const box *got)
{
    assert_string_equal(corbel_any_type_name(got->one), "any");
    corbel_any *inside = NULL;
    assert_int_equal(corbel_any_from_any(got->one, &inside, NULL), CORBEL_OK);
    assert_string_equal(corbel_any_type_name(inside), "kinds_Inner");
    kinds_Inner *inner = NULL;
    assert_int_equal(corbel_value_from_any(&kinds_Inner_type, inside, &inner, NULL), CORBEL_OK);
    assert_string_equal(inner->text, "in");
    assert_ptr_equal(inner->object, &fake_objects[1]);
    corbel_block_free(inner);
    corbel_any_unref(inside);
    assert_int_equal(got->list.len, 3);
    assert_true(corbel_any_equal(got->list.items[1], got->one));
    assert_false(corbel_any_equal(got->list.items[0], got->one));
    assert_null(got->list.items[2]);
}

static void test_in_values(void **state)
{
    (void)state;
    corbel_any *items[3];
    const box sent = a_box(items);
    crb_buf bytes = CRB_BUF_INIT;
    assert_int_equal(crb_encode_struct(&box_type, &sent, &fake_writer, &bytes, NULL), CORBEL_OK);
    void *got = NULL;
    assert_int_equal(crb_decode_struct(&box_type, bytes.data, bytes.len, NULL, &fake_reader, &got, NULL), CORBEL_OK);
    check_box(got);
    assert_true(corbel_value_equal(&box_type, &sent, got));
    box *const copy = corbel_value_copy(&box_type, got);
    corbel_block_free(got);
    check_box(copy);
    any_seq list = { 0, NULL };
    assert_int_equal(corbel_sequence_copy(&any_seq_type, &copy->list, &list), CORBEL_OK);
    corbel_any *const kept = corbel_any_ref(copy->one); /* outlives its value */
    corbel_block_free(copy);
    assert_true(corbel_any_equal(list.items[0], items[0]));
    corbel_block_free(list.items);
    assert_true(corbel_any_equal(kept, items[1]));
    corbel_any_unref(kept);
    /* into a request, and given away */
    crb_arena *const arena = crb_arena_new(0);
    box given = { 0 };
    assert_int_equal(crb_value_copy_into(&box_type, &sent, arena, &given), CORBEL_OK);
    corbel_any_unref(items[0]);
    corbel_any_unref(items[1]);
    check_box(&given);
    crb_value_release_refs(&box_type, &given);
    assert_null(given.one);
    crb_arena_free(arena);
    crb_buf_clear(&bytes);
    assert_int_equal(fake_counts(), 0);
}

static void test_as_parameters(void **state)
{
    (void)state;
    static const corbel_param params[] = { { .name = "ret", .id = 1, .type = &corbel_any_type },
                                           { .name = "list", .id = 2, .type = &any_seq_type } };
    corbel_any *items[] = { inner_any(0), inner_any(3) };
    const any_seq list = { 2, items };
    const void *const values[] = { &items[0], &list };
    crb_buf bytes = CRB_BUF_INIT;
    assert_int_equal(crb_encode_params(params, 2, values, &fake_writer, &bytes, NULL), CORBEL_OK);
    corbel_any *ret = NULL;
    any_seq got = { 0, NULL };
    void *const out[] = { &ret, &got };
    assert_int_equal(crb_decode_results(params, 2, bytes.data, bytes.len, NULL, &fake_reader, out, NULL), CORBEL_OK);
    assert_true(corbel_any_equal(ret, items[0]));
    assert_true(corbel_any_equal(got.items[1], items[1]));
    corbel_any_unref(ret);
    corbel_block_free(got.items);
    crb_arena *const arena = crb_arena_new(0);
    crb_held held;
    const void *args[2];
    assert_int_equal(crb_decode_args(params, 2, bytes.data, bytes.len, NULL, &fake_reader, arena, &held, args, NULL), CORBEL_OK);
    assert_true(corbel_any_equal(crb_any_get(args[0]), items[0]));
    crb_held_release(&held);
    crb_arena_free(arena);
    corbel_any_unref(items[0]);
    corbel_any_unref(items[1]);
    crb_buf_clear(&bytes);
    assert_int_equal(fake_counts(), 0);
}

/** What a message of a box becomes. */
typedef struct hostile {
    const char *bytes;
    size_t len;
    const char *says; /* NULL: it is taken */
} hostile;

static void test_bytes(void **state)
{
    (void)state;
#define ROW(bytes, says)                                                                                                         \
    {                                                                                                                            \
        bytes, sizeof bytes - 1, says                                                                                            \
    }
    static const hostile rows[] = {
        ROW("\x0a\x00", NULL), /* NULL */
        ROW("\x0a\x06\x0a\x04long", NULL),
        ROW("\x0a\x0a\x0a\x04long\x1a\x02\x01\x02", NULL),         /* references, packed */
        ROW("\x0a\x0a\x0a\x04long\x18\x01\x18\x00", NULL),         /* not packed; and a nil */
        ROW("\x0a\x08\x0a\x04long\x20\x07", NULL),                 /* an unknown field */
        ROW("\x0a\x06\x0a\x04long\x0a\x04\x12\x02\x08\x02", NULL), /* in two parts */
        ROW("\x0a\x04\x12\x02\x08\x02", "one: an any without a type"),
        ROW("\x0a\x02\x18\x01", "one: an any without a type"),
        ROW("\x0a\x03\x0a\x01\xff", "one: the name of an any's type is not UTF-8, or has a NUL in it"),
        ROW("\x0a\x03\x0a\x01\x00", "one: the name of an any's type is not UTF-8, or has a NUL in it"),
        ROW("\x0a\x02\x08\x01", "one: wire type 0, not 2"),
        ROW("\x0a\x02\x10\x01", "one: wire type 0, not 2"),
        ROW("\x0a\x05\x1d\x01\x01\x01\x01", "one: wire type 5, not 0"),
        ROW("\x0a\x03\x0a\x04lo", "one: ends in the middle of a field"),
        ROW("\x0a\x09\x0a\x04long\x1a\x01\x80", "one: ends in the middle of a field"),
        ROW("\x0a\x08\x0a\x04long\x18\x09", "one: tag 9"),
        ROW("\x1a\x08\x0a\x04long\x18\x09", "list[0]: tag 9"),
        ROW("\x08\x01", "one: wire type 0, not 2"),
    };
    enum { ROWS = sizeof rows / sizeof *rows };
    assert_int_equal(ROWS, 18);
    for (size_t i = 0; i < ROWS; i++) {
        void *got = NULL;
        corbel_error error = CORBEL_ERROR_INIT;
        const corbel_status status =
            crb_decode_struct(&box_type, (const uint8_t *)rows[i].bytes, rows[i].len, NULL, &fake_reader, &got, &error);
        assert_string_equal(rows[i].says == NULL ? "" : rows[i].says, error.message);
        assert_int_equal(status == CORBEL_OK, rows[i].says == NULL);
        corbel_block_free(got);
        corbel_error_clear(&error);
        assert_int_equal(fake_counts(), 0);
    }
    void *got = NULL; /* the parts of row 5 are one any */
    assert_int_equal(crb_decode_struct(&box_type, (const uint8_t *)rows[5].bytes, rows[5].len, NULL, NULL, &got, NULL),
                     CORBEL_OK);
    int32_t number = 0;
    assert_int_equal(corbel_int32_from_any(((const box *)got)->one, &number, NULL), CORBEL_OK);
    assert_int_equal(number, 1);
    corbel_block_free(got);
    assert_int_equal(crb_decode_struct(&box_type, (const uint8_t *)rows[2].bytes, rows[2].len, NULL, NULL, &got, NULL),
                     CORBEL_DECODE); /* no references here */
}

static void test_inside_is_checked(void **state)
{
    (void)state;
    static const struct {
        const char *type, *bytes;
        corbel_status status;
        const char *says;
    } rows[] = {
        { "kinds_Inner", "\x0a\x05x", CORBEL_DECODE, "text: ends in the middle of a field" },
        { "kinds_Inner", "\x20\x01", CORBEL_DECODE, "object: no such reference in the any" },
        { "kinds_Inner", "\x08\x01", CORBEL_DECODE, "text: wire type 0, not 2" },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        corbel_any *const any = crb_any_from_parts(rows[i].type, (const uint8_t *)rows[i].bytes, strlen(rows[i].bytes), NULL, 0);
        corbel_error error = CORBEL_ERROR_INIT;
        kinds_Inner *inner = NULL;
        assert_int_equal(corbel_value_from_any(&kinds_Inner_type, any, &inner, &error), rows[i].status);
        assert_string_equal(error.message, rows[i].says);
        assert_int_equal(error.completion, CORBEL_COMPLETED_NO);
        assert_null(inner);
        corbel_error_clear(&error);
        corbel_any_unref(any);
    }
}

static void test_limits(void **state)
{
    (void)state;
    enum { LEN = 1000 };
    uint8_t *const octets = test_calloc(LEN, 1);
    corbel_any *any = NULL;
    assert_int_equal(corbel_bytes_to_any((corbel_bytes) { LEN, octets }, &any, NULL), CORBEL_OK);
    test_free(octets);
    const box sent = { .one = any };
    crb_buf bytes = CRB_BUF_INIT;
    assert_int_equal(crb_encode_struct(&box_type, &sent, &fake_writer, &bytes, NULL), CORBEL_OK);
    crb_codec_limits limits = { .memory = LEN, .depth = 64 };
    void *got = NULL;
    assert_int_equal(crb_decode_struct(&box_type, bytes.data, bytes.len, &limits, NULL, &got, NULL), CORBEL_LIMIT);
    limits.memory = LEN + 500;
    assert_int_equal(crb_decode_struct(&box_type, bytes.data, bytes.len, &limits, NULL, &got, NULL), CORBEL_OK);
    corbel_block_free(got);
    limits.depth = 0; /* the any is a message in a message */
    assert_int_equal(crb_decode_struct(&box_type, bytes.data, bytes.len, &limits, NULL, &got, NULL), CORBEL_LIMIT);
    crb_buf_clear(&bytes);
    /* References that cannot be sent. */
    corbel_any *const with = inner_any(4);
    corbel_error error = CORBEL_ERROR_INIT;
    assert_int_equal(crb_encode_struct(&box_type, &(box) { .one = with }, NULL, &bytes, &error), CORBEL_INVALID_ARGUMENT);
    assert_string_equal(error.message, "one: a reference cannot be sent here");
    fake_tags = 1;
    assert_int_equal(crb_encode_struct(&box_type, &(box) { .one = with }, &fake_writer, &bytes, &error), CORBEL_LIMIT);
    fake_tags = FAKE_OBJECTS;
    crb_buf_clear(&bytes); /* nothing in it, but its memory */
    corbel_error_clear(&error);
    corbel_any_unref(with);
    corbel_any_unref(any);
    /* As deep as anybody likes: an any in an any in an any … is only bytes. */
    assert_int_equal(corbel_int32_to_any(5, &any, NULL), CORBEL_OK);
    for (unsigned i = 0; i < 200; i++) {
        corbel_any *around = NULL;
        assert_int_equal(corbel_any_to_any(any, &around, NULL), CORBEL_OK);
        corbel_any_unref(any);
        any = around;
    }
    for (unsigned i = 0; i < 200; i++) {
        corbel_any *inside = NULL;
        assert_int_equal(corbel_any_from_any(any, &inside, NULL), CORBEL_OK);
        corbel_any_unref(any);
        any = inside;
    }
    int32_t number = 0;
    assert_int_equal(corbel_int32_from_any(any, &number, NULL), CORBEL_OK);
    assert_int_equal(number, 5);
    corbel_any_unref(any);
    assert_int_equal(fake_counts(), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_basic),
        cmocka_unit_test(test_type_text),
        cmocka_unit_test(test_another_type),
        cmocka_unit_test(test_references),
        cmocka_unit_test(test_unions_and_arrays),
        cmocka_unit_test(test_in_values),
        cmocka_unit_test(test_as_parameters),
        cmocka_unit_test(test_bytes),
        cmocka_unit_test(test_inside_is_checked),
        cmocka_unit_test(test_limits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
