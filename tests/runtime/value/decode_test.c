/* The reader, fed by hand: what it takes, what it refuses and how it says so. */
#include "runtime/base/fail.h"
#include "tests/runtime/support/test.h"
#include "tests/runtime/value/fake_object.h"
#include "tests/runtime/value/kinds.h"

#include <stdlib.h>
#include <string.h>

/** A string literal as bytes with their number. */
#define BYTES(text) sizeof(text) - 1, text

typedef struct bad_row {
    const char *what;
    size_t len;
    const char *bytes;
    corbel_status status;
    const char *message;
} bad_row;

static const bad_row bad_rows[] = {
    { "cut in a tag", BYTES("\x80"), CORBEL_DECODE, "message: ends in the middle of a field" },
    { "cut behind a tag", BYTES("\x08"), CORBEL_DECODE, "b: ends in the middle of a field" },
    { "cut in a varint", BYTES("\x08\xff"), CORBEL_DECODE, "b: ends in the middle of a field" },
    { "cut in a float", BYTES("\x55\x01\x02\x03"), CORBEL_DECODE, "f: ends in the middle of a field" },
    { "cut in a double", BYTES("\x59\x01\x02\x03"), CORBEL_DECODE, "d: ends in the middle of a field" },
    { "length beyond the end",
      BYTES("\x6a\x05"
            "abcd"),
      CORBEL_DECODE, "text: ends in the middle of a field" },
    { "length of 2^64-1", BYTES("\x6a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"), CORBEL_DECODE,
      "text: ends in the middle of a field" },
    { "length beyond a struct",
      BYTES("\x72\x02\x0a\x05"
            "abcde"),
      CORBEL_DECODE, "inner.text: ends in the middle of a field" },
    { "field number 0", BYTES("\x00\x00"), CORBEL_DECODE, "message: a field number that cannot be" },
    { "field number 2^29", BYTES("\x80\x80\x80\x80\x10\x00"), CORBEL_DECODE, "message: a field number that cannot be" },
    { "varint of 11 bytes", BYTES("\x40\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01"), CORBEL_DECODE,
      "i64: a number of more than 64 bits" },
    { "varint of 70 bits", BYTES("\x40\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02"), CORBEL_DECODE,
      "i64: a number of more than 64 bits" },
    { "unknown group", BYTES("\x83\x7d\x84\x7d"), CORBEL_DECODE, "message: wire type 3" },
    { "known as a group", BYTES("\x0b\x0c"), CORBEL_DECODE, "b: wire type 3, not 0" },
    { "lone group end", BYTES("\x84\x7d"), CORBEL_DECODE, "message: wire type 4" },
    { "wire type 6", BYTES("\x86\x7d"), CORBEL_DECODE, "message: wire type 6" },
    { "wire type 7", BYTES("\x87\x7d"), CORBEL_DECODE, "message: wire type 7" },
    { "bool as a string", BYTES("\x0a\x01\x01"), CORBEL_DECODE, "b: wire type 2, not 0" },
    { "float as a varint", BYTES("\x50\x01"), CORBEL_DECODE, "f: wire type 0, not 5" },
    { "double as a float", BYTES("\x5d\x01\x01\x01\x01"), CORBEL_DECODE, "d: wire type 5, not 1" },
    { "string as a varint", BYTES("\x68\x01"), CORBEL_DECODE, "text: wire type 0, not 2" },
    { "struct as a varint", BYTES("\x70\x01"), CORBEL_DECODE, "inner: wire type 0, not 2" },
    { "reference as a string", BYTES("\x7a\x01\x01"), CORBEL_DECODE, "object: wire type 2, not 0" },
    { "octets as a varint", BYTES("\x80\x01\x01"), CORBEL_DECODE, "data: wire type 0, not 2" },
    { "an item as a float", BYTES("\xad\x01\x01\x01\x01\x01"), CORBEL_DECODE, "i32s[0]: wire type 5, not 0" },
    { "text item as a varint", BYTES("\xe0\x01\x01"), CORBEL_DECODE, "texts[0]: wire type 0, not 2" },
    { "wrapper as a varint", BYTES("\xa0\x06\x01"), CORBEL_DECODE, "numbers[0]: wire type 0, not 2" },
    { "octet 256", BYTES("\x10\x80\x02"), CORBEL_DECODE, "octet: out of range" },
    { "char 256", BYTES("\x18\x80\x02"), CORBEL_DECODE, "c: out of range" },
    { "short 32768", BYTES("\x20\x80\x80\x04"), CORBEL_DECODE, "i16: out of range" },
    { "short -32769", BYTES("\x20\x81\x80\x04"), CORBEL_DECODE, "i16: out of range" },
    { "unsigned short 65536", BYTES("\x28\x80\x80\x04"), CORBEL_DECODE, "u16: out of range" },
    { "long 2^31", BYTES("\x30\x80\x80\x80\x80\x10"), CORBEL_DECODE, "i32: out of range" },
    { "unsigned long 2^32", BYTES("\x38\x80\x80\x80\x80\x10"), CORBEL_DECODE, "u32: out of range" },
    { "enum 2^32", BYTES("\x60\x80\x80\x80\x80\x10"), CORBEL_DECODE, "color: out of range" },
    { "packed short 32768", BYTES("\x9a\x01\x04\x02\x80\x80\x04"), CORBEL_DECODE, "i16s[1]: out of range" },
    { "packed, cut in an item", BYTES("\xaa\x01\x02\x02\x80"), CORBEL_DECODE, "i32s[1]: ends in the middle of a field" },
    { "packed floats, 5 bytes", BYTES("\xca\x01\x05\x01\x02\x03\x04\x05"), CORBEL_DECODE,
      "floats[1]: ends in the middle of a field" },
    { "packed doubles, 4 bytes", BYTES("\xd2\x01\x04\x01\x02\x03\x04"), CORBEL_DECODE,
      "doubles[0]: ends in the middle of a field" },
    { "bad UTF-8", BYTES("\x6a\x02\xc0\x80"), CORBEL_DECODE, "text: not UTF-8, or a NUL in it" },
    { "NUL in a text",
      BYTES("\x6a\x03"
            "a\0b"),
      CORBEL_DECODE, "text: not UTF-8, or a NUL in it" },
    { "bad item deep down", BYTES("\xea\x01\x00\xea\x01\x05\x2a\x03\x0a\x01\xff"), CORBEL_DECODE,
      "inners[1].children[0].text: not UTF-8, or a NUL in it" },
    { "bad item in a wrapper", BYTES("\xaa\x06\x00\xaa\x06\x07\x0a\x00\x0a\x03\x0a\x01\xff"), CORBEL_DECODE,
      "inner_lists[1][1].text: not UTF-8, or a NUL in it" },
    { "cut in an uncounted field", BYTES("\xaa\x01\x01\x02\x6a\x05"), CORBEL_DECODE, "message: ends in the middle of a field" },
    { "unknown tag", BYTES("\x78\x09"), CORBEL_WRONG_INTERFACE, "object: tag 9" },
    { "unknown tag in a sequence", BYTES("\xf2\x01\x03\x01\x02\x09"), CORBEL_WRONG_INTERFACE, "objects[2]: tag 9" },
};

static void refusals_name_the_member_and_leave_nothing(void **state)
{
    (void)state;
    assert_int_equal(LENGTH_OF(bad_rows), 46);
    for (size_t i = 0; i < LENGTH_OF(bad_rows); i++) {
        const bad_row *row = &bad_rows[i];
        uint8_t *exact = malloc(row->len);
        assert_non_null(exact);
        memcpy(exact, row->bytes, row->len);
        void *value = &value;
        corbel_error error = CORBEL_ERROR_INIT;
        const corbel_status status = crb_decode_struct(&kinds_All_type, exact, row->len, NULL, &fake_reader, &value, &error);
        if (status != row->status || strcmp(error.message, row->message) != 0) {
            fail_msg("%s: %s: %s", row->what, corbel_status_name(status), error.message);
        }
        assert_int_equal(error.status, row->status);
        assert_int_equal(error.completion, CORBEL_COMPLETED_YES);
        assert_ptr_equal(value, &value);
        assert_int_equal(crb_decode_struct(&kinds_All_type, exact, row->len, NULL, &fake_reader, &value, NULL), row->status);
        assert_int_equal(fake_counts(), 0);
        corbel_error_clear(&error);
        free(exact);
    }
}

typedef struct bound_row {
    size_t len;
    const char *bytes;
    const char *message; /* NULL: it is taken */
} bound_row;

static const bound_row bound_rows[] = {
    { BYTES("\x0a\x04"
            "abcd"),
      NULL },
    { BYTES("\x0a\x05"
            "abcde"),
      "name: 5 bytes, at most 4" },
    { BYTES("\x12\x03"
            "abc"),
      NULL },
    { BYTES("\x12\x04"
            "abcd"),
      "data: 4 bytes, at most 3" },
    { BYTES("\x1a\x02\x02\x02"), NULL },
    { BYTES("\x1a\x03\x02\x02\x02"), "few: 3 items, at most 2" },
    { BYTES("\x18\x02\x18\x02\x18\x02"), "few: 3 items, at most 2" },
    { BYTES("\x1a\x02\x02\x02\x18\x02"), "few: 3 items, at most 2" },
    { BYTES("\x22\x01"
            "a"
            "\x22\x04"
            "abcd"),
      NULL },
    { BYTES("\x22\x01"
            "a"
            "\x22\x05"
            "abcde"),
      "list[1]: 5 bytes, at most 4" },
    { BYTES("\x22\x00\x22\x00\x22\x00"), "list: 3 items, at most 2" },
};

static void bounds_hold(void **state)
{
    (void)state;
    assert_int_equal(LENGTH_OF(bound_rows), 11);
    for (size_t i = 0; i < LENGTH_OF(bound_rows); i++) {
        const bound_row *row = &bound_rows[i];
        void *value = NULL;
        corbel_error error = CORBEL_ERROR_INIT;
        const corbel_status status =
            crb_decode_struct(&kinds_Bounded_type, (const uint8_t *)row->bytes, row->len, NULL, NULL, &value, &error);
        assert_int_equal(status, row->message != NULL ? CORBEL_DECODE : CORBEL_OK);
        assert_string_equal(error.message, row->message != NULL ? row->message : "");
        corbel_error_clear(&error);
        corbel_block_free(value);
    }
}

static kinds_All *taken(size_t len, const char *bytes)
{
    void *value = NULL;
    corbel_error error = CORBEL_ERROR_INIT;
    if (crb_decode_struct(&kinds_All_type, (const uint8_t *)bytes, len, NULL, &fake_reader, &value, &error) != CORBEL_OK) {
        fail_msg("%s", error.message);
    }
    return value;
}

static void what_is_missing_is_zero_and_empty(void **state)
{
    (void)state;
    kinds_All *all = taken(0, NULL);
    assert_string_equal(all->text, "");
    assert_string_equal(all->inner.text, "");
    const kinds_All nothing = { 0 };
    assert_true(corbel_value_equal(&kinds_All_type, all, &nothing));
    corbel_block_free(all);
    /* also in items, and in structs that are there */
    all = taken(BYTES("\x72\x00\xea\x01\x00\xea\x01\x04\x2a\x00\x2a\x00\xe2\x01\x00\xfa\x01\x00\xaa\x06\x02\x0a\x00"));
    assert_string_equal(all->inner.text, "");
    assert_int_equal(all->inners.len, 2);
    assert_string_equal(all->inners.items[0].text, "");
    assert_string_equal(all->inners.items[1].text, "");
    assert_int_equal(all->inners.items[1].children.len, 2);
    assert_string_equal(all->inners.items[1].children.items[1].text, "");
    assert_string_equal(all->texts.items[0], "");
    assert_int_equal(all->blobs.items[0].len, 0);
    assert_string_equal(all->inner_lists.items[0].items[0].text, "");
    corbel_block_free(all);
}

static void lenient_forms_are_taken(void **state)
{
    (void)state;
    kinds_All *all = taken(BYTES("\x08\x02" /* a bool of 2 is true */
                                 "\x60\x07" /* an enum value that nobody knows here */
                                 "\xe2\x92\xf4\x01\x02"
                                 "zz" /* a field from a newer peer: number 500,000 or so */
                                 "\xd9\x92\xf4\x01"
                                 "12345678"
                                 "\xdd\x92\xf4\x01"
                                 "1234"
                                 "\xd8\x92\xf4\x01\xff\x01"
                                 "\x30\x82\x80\x00" /* a varint longer than it has to be */
                                 "\x6a\x01"
                                 "a"
                                 "\x6a\x02"
                                 "bc"                               /* the last text wins */
                                 "\xa8\x01\x02\xaa\x01\x02\x04\x06" /* one by one, then packed */
                                 "\xda\x01\x0c\x01\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01\x02" /* enums 1, -1, 2 */));
    assert_true(all->b);
    assert_int_equal(all->color, 7);
    assert_int_equal(all->i32, 1);
    assert_string_equal(all->text, "bc");
    assert_int_equal(all->i32s.len, 3);
    assert_int_equal(all->i32s.items[0], 1);
    assert_int_equal(all->i32s.items[1], 2);
    assert_int_equal(all->i32s.items[2], 3);
    assert_int_equal(all->colors.len, 3);
    assert_int_equal((int32_t)all->colors.items[1], -1);
    uint8_t b = 0;
    memcpy(&b, &all->b, 1);
    assert_int_equal(b, 1);
    corbel_block_free(all);

    const uint8_t negative_in_32_bits[] = "\x60\xff\xff\xff\xff\x0f";
    all = taken(6, (const char *)negative_in_32_bits);
    assert_int_equal((int32_t)all->color, -1);
    corbel_block_free(all);
}

/* A memory error of an early prototype: the second coming of a struct wrote its items over the memory of the first's. */
static void a_struct_sent_twice_continues_its_sequences(void **state)
{
    (void)state;
    kinds_All *all = taken(BYTES("\x72\x05\x12\x01\x02\x0a\x00" /* numbers: 1; text: "" */
                                 "\x72\x0e\x12\x08\x04\x06\x08\x0a\x0c\x0e\x10\x12\x0a\x02"
                                 "hi" /* numbers: 2 to 9; text */
                                 "\x72\x02\x2a\x00"
                                 "\x72\x04\x2a\x00\x2a\x00" /* children: 1, then 2 */
                                 "\x72\x02\x20\x01"
                                 "\x72\x02\x20\x02")); /* object: the second */
    assert_int_equal(all->inner.numbers.len, 9);
    for (int32_t i = 0; i < 9; i++) {
        assert_int_equal(all->inner.numbers.items[i], i + 1);
    }
    assert_string_equal(all->inner.text, "hi");
    assert_int_equal(all->inner.children.len, 3);
    assert_string_equal(all->inner.children.items[2].text, "");
    assert_ptr_equal(all->inner.object, &fake_objects[1]);
    assert_int_equal(fake_counts(), 2); /* the first is counted, too, until the block goes */
    corbel_block_free(all);
    assert_int_equal(fake_counts(), 0);
}

static void items_never_overrun_what_was_counted(void **state)
{
    (void)state;
    /* Every mixture of packed and single fields of two sequences, which grow side by side. */
    for (uint32_t mix = 0; mix < 1U << 12; mix++) {
        crb_buf buf = CRB_BUF_INIT;
        int32_t n = 0, m = 0;
        for (uint32_t bit = 0; bit < 6; bit++) {
            switch (mix >> (2 * bit) & 3) {
            case 0:
                crb_buf_append(&buf, "\xa8\x01\x02", 3);
                n++;
                break;
            case 1:
                crb_buf_append(&buf, "\xaa\x01\x03\x02\x02\x02", 6);
                n += 3;
                break;
            case 2:
                crb_buf_append(&buf, "\xaa\x01\x00", 3);
                break;
            default:
                crb_buf_append(&buf, "\xc2\x01\x02\x07\x07\xc0\x01\x07", 8);
                m += 3;
                break;
            }
        }
        kinds_All *all = taken(buf.len, (const char *)buf.data);
        assert_int_equal(all->i32s.len, n);
        assert_int_equal(all->u64s.len, m);
        for (int32_t i = 0; i < n; i++) {
            assert_int_equal(all->i32s.items[i], 1);
        }
        for (int32_t i = 0; i < m; i++) {
            assert_int_equal(all->u64s.items[i], 7);
        }
        corbel_block_free(all);
        crb_buf_clear(&buf);
    }
}

static void arguments_go_to_the_arena(void **state)
{
    (void)state;
    const corbel_param params[] = { { .name = "name", .id = 3, .type = &corbel_string_type },
                                    { .name = "things", .id = 1, .type = &kinds_Thing_seq_type }, /* numbers need not ascend */
                                    { .name = "where", .id = 2, .type = &kinds_Point_type },
                                    { .name = "missing", .id = 9, .type = &corbel_string_type } };
    const uint8_t bytes[] = "\x0a\x03\x01\x00\x02\x12\x02\x08\x04\x1a\x01"
                            "x";
    crb_arena *arena = crb_arena_new(0);
    crb_held held;
    const void *values[4];
    assert_int_equal(crb_decode_args(params, 4, bytes, sizeof bytes - 1, NULL, &fake_reader, arena, &held, values, NULL),
                     CORBEL_OK);
    assert_string_equal(*(const char *const *)values[0], "x");
    const kinds_Thing_seq *things = values[1];
    assert_int_equal(things->len, 3);
    assert_ptr_equal(things->items[0], &fake_objects[0]);
    assert_null(things->items[1]);
    assert_ptr_equal(fake_objects[0].interface, &kinds_Thing_interface);
    assert_int_equal(((const kinds_Point *)values[2])->x, 2);
    assert_string_equal(*(const char *const *)values[3], "");
    assert_int_equal(held.len, 2);
    assert_int_equal(fake_counts(), 2);
    crb_held_release(&held);
    crb_held_release(&held);
    assert_int_equal(fake_counts(), 0);

    corbel_error error = CORBEL_ERROR_INIT;
    const uint8_t bad[] = "\x0a\x03\x01\x00\x02\x1a\x01\xff";
    assert_int_equal(crb_decode_args(params, 4, bad, sizeof bad - 1, NULL, &fake_reader, arena, &held, values, &error),
                     CORBEL_DECODE);
    assert_int_equal(error.completion, CORBEL_COMPLETED_NO);
    assert_string_equal(error.message, "name: not UTF-8, or a NUL in it");
    assert_int_equal(fake_counts(), 0);
    assert_int_equal(held.len, 0);

    assert_int_equal(crb_decode_args(params, 4, bytes, sizeof bytes - 1, NULL, NULL, arena, &held, values, &error),
                     CORBEL_DECODE);
    assert_string_equal(error.message, "things[0]: a reference cannot stand here");
    corbel_error_clear(&error);
    assert_int_equal(crb_decode_args(NULL, 0, bytes, sizeof bytes - 1, NULL, NULL, arena, &held, NULL, NULL), CORBEL_OK);
    crb_arena_free(arena);
}

static void many_parameters_and_members_are_found(void **state)
{
    (void)state;
    /* More than fit on the stack, in rising and in falling order of their numbers. */
    enum { N = 40 };
    corbel_param params[2][N];
    crb_buf buf = CRB_BUF_INIT;
    for (uint32_t i = 0; i < N; i++) {
        params[0][i] = (corbel_param) { .name = "p", .id = 2 * i + 1, .type = &corbel_uint32_type };
        params[1][N - 1 - i] = params[0][i];
        crb_buf_varint(&buf, (uint64_t)(2 * i + 1) << 3);
        crb_buf_varint(&buf, i + 100);
        crb_buf_varint(&buf, (uint64_t)(2 * i + 2) << 3); /* unknown */
        crb_buf_varint(&buf, 7);
    }
    for (size_t order = 0; order < 2; order++) {
        crb_arena *arena = crb_arena_new(0);
        crb_held held;
        const void *values[N];
        assert_int_equal(crb_decode_args(params[order], N, buf.data, buf.len, NULL, NULL, arena, &held, values, NULL), CORBEL_OK);
        for (uint32_t i = 0; i < N; i++) {
            assert_int_equal(*(const uint32_t *)values[order == 0 ? i : N - 1 - i], i + 100);
        }
        crb_arena_free(arena);
    }
    crb_buf_clear(&buf);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(refusals_name_the_member_and_leave_nothing),
        cmocka_unit_test(bounds_hold),
        cmocka_unit_test(what_is_missing_is_zero_and_empty),
        cmocka_unit_test(lenient_forms_are_taken),
        cmocka_unit_test(a_struct_sent_twice_continues_its_sequences),
        cmocka_unit_test(items_never_overrun_what_was_counted),
        cmocka_unit_test(arguments_go_to_the_arena),
        cmocka_unit_test(many_parameters_and_members_are_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
