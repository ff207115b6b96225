/* Short messages that want to become large, and deep ones. */
#include "runtime/base/fail.h"
#include "tests/runtime/support/test.h"
#include "tests/runtime/value/fake_object.h"
#include "tests/runtime/value/kinds.h"

#include <string.h>

/** n times the two bytes, a sequence's item or a number. */
static crb_buf repeated(size_t n, const char *bytes, size_t len)
{
    crb_buf buf = CRB_BUF_INIT;
    for (size_t i = 0; i < n; i++) {
        crb_buf_append(&buf, bytes, len);
    }
    return buf;
}

static corbel_status read_with(const crb_buf *buf, size_t memory, uint32_t depth, corbel_error *error)
{
    const crb_codec_limits limits = { memory, depth };
    void *value = NULL;
    const corbel_status status = crb_decode_struct(&kinds_All_type, buf->data, buf->len, &limits, &fake_reader, &value, error);
    corbel_block_free(value);
    return status;
}

static void memory_is_charged_before_it_is_taken(void **state)
{
    (void)state;
    corbel_error error = CORBEL_ERROR_INIT;
    /* 30 kB of empty structs, each sizeof(kinds_Inner) in memory. */
    crb_buf buf = repeated(10000, "\xea\x01\x00", 3);
    const size_t exact = sizeof(kinds_All) + 10000 * sizeof(kinds_Inner);
    assert_int_equal(read_with(&buf, exact, 64, &error), CORBEL_OK);
    assert_int_equal(read_with(&buf, exact - 1, 64, &error), CORBEL_LIMIT);
    char expected[100];
    snprintf(expected, sizeof expected, "inners: the values need more than %zu bytes of memory", exact - 1);
    assert_string_equal(error.message, expected);
    assert_int_equal(read_with(&buf, sizeof(kinds_All) - 1, 64, &error), CORBEL_LIMIT);
    crb_buf_clear(&buf);

    buf = repeated(1000,
                   "\xe2\x01\x02"
                   "ab",
                   5); /* texts: pointer, letters and NUL each */
    assert_int_equal(read_with(&buf, sizeof(kinds_All) + 1000 * (sizeof(char *) + 3), 64, &error), CORBEL_OK);
    assert_int_equal(read_with(&buf, sizeof(kinds_All) + 1000 * (sizeof(char *) + 3) - 1, 64, &error), CORBEL_LIMIT);
    crb_buf_clear(&buf);

    buf = repeated(1000,
                   "\x6a\x02"
                   "ab",
                   4); /* the same text again and again */
    assert_int_equal(read_with(&buf, sizeof(kinds_All) + 2999, 64, &error), CORBEL_LIMIT);
    crb_buf_clear(&buf);

    buf = repeated(1000, "\x78\x01", 2); /* the same reference */
    assert_int_equal(read_with(&buf, sizeof(kinds_All) + 1000 * sizeof(void *), 64, &error), CORBEL_LIMIT);
    assert_int_equal(fake_counts(), 0);
    assert_int_equal(read_with(&buf, 1 << 20, 64, &error), CORBEL_OK);
    assert_int_equal(fake_counts(), 0);
    crb_buf_clear(&buf);

    /* A struct that comes again moves its sequence each time: what that costs is charged, so it ends. */
    buf = repeated(20000, "\x72\x02\x2a\x00", 4);
    assert_int_equal(read_with(&buf, (size_t)16 << 20, 64, &error), CORBEL_LIMIT);
    crb_buf_clear(&buf);
    corbel_error_clear(&error);
}

static void arguments_and_results_share_their_limit(void **state)
{
    (void)state;
    const corbel_param params[] = { { .name = "a", .id = 1, .type = &corbel_string_seq_type },
                                    { .name = "b", .id = 2, .type = &corbel_bytes_type } };
    const uint8_t bytes[] = "\x0a\x03"
                            "abc"
                            "\x12\x05"
                            "abcde"; /* 16 + 8 + 4 and 16 + 5 */
    const size_t in_arena = 2 * sizeof(corbel_bytes) + sizeof(char *) + 4 + 5;
    for (size_t memory = 0; memory <= in_arena; memory++) {
        const crb_codec_limits limits = { memory, 64 };
        crb_arena *arena = crb_arena_new(0);
        crb_held held;
        const void *values[2];
        const corbel_status status =
            crb_decode_args(params, 2, bytes, sizeof bytes - 1, &limits, NULL, arena, &held, values, NULL);
        assert_int_equal(status, memory < in_arena ? CORBEL_LIMIT : CORBEL_OK);
        crb_arena_free(arena);
    }
    const size_t in_blocks = sizeof(char *) + 4 + 5; /* the views are the caller's */
    for (size_t memory = 0; memory <= in_blocks; memory++) {
        const crb_codec_limits limits = { memory, 64 };
        corbel_string_seq a = { 77, NULL };
        corbel_bytes b = { 77, NULL };
        void *const out[] = { &a, &b };
        const corbel_status status = crb_decode_results(params, 2, bytes, sizeof bytes - 1, &limits, NULL, out, NULL);
        assert_int_equal(status, memory < in_blocks ? CORBEL_LIMIT : CORBEL_OK);
        if (status != CORBEL_OK) {
            assert_int_equal(a.len + b.len, 154);
        } else {
            corbel_string_seq_clear(&a);
            corbel_bytes_clear(&b);
        }
    }
    /* An arena with less than the values need. */
    crb_arena *arena = crb_arena_new(40);
    crb_held held;
    const void *values[2];
    assert_int_equal(crb_decode_args(params, 2, bytes, sizeof bytes - 1, NULL, NULL, arena, &held, values, NULL),
                     CORBEL_NO_MEMORY);
    crb_arena_free(arena);
}

/** depth times a child in a child. */
static crb_buf nested(size_t depth)
{
    crb_buf buf = CRB_BUF_INIT;
    for (size_t i = 0; i < depth; i++) {
        crb_buf outer = CRB_BUF_INIT;
        crb_buf_varint(&outer, 5 << 3 | 2);
        crb_buf_varint(&outer, buf.len);
        crb_buf_append(&outer, buf.data, buf.len);
        crb_buf_clear(&buf);
        buf = outer;
    }
    return buf;
}

static void depth_is_bounded(void **state)
{
    (void)state;
    static const size_t depths[] = { 63, 64, 65, 5000 };
    for (size_t i = 0; i < LENGTH_OF(depths); i++) {
        crb_buf buf = nested(depths[i]);
        void *value = NULL;
        corbel_error error = CORBEL_ERROR_INIT;
        const corbel_status status = crb_decode_struct(&kinds_Inner_type, buf.data, buf.len, NULL, NULL, &value, &error);
        assert_int_equal(status, depths[i] <= 64 ? CORBEL_OK : CORBEL_LIMIT);
        if (status != CORBEL_OK) {
            assert_non_null(strstr(error.message, "children[0].children[0]"));
            assert_non_null(strstr(error.message, ": nested more than 64 deep"));
        }
        corbel_error_clear(&error);
        corbel_block_free(value);
        crb_buf_clear(&buf);
    }
    /* The wrapper of a sequence of sequences is a level, as is the struct in it. */
    const crb_buf list = { (uint8_t *)(uintptr_t) "\xaa\x06\x02\x0a\x00", 5, 5, false };
    assert_int_equal(read_with(&list, 1 << 20, 1, NULL), CORBEL_LIMIT);
    assert_int_equal(read_with(&list, 1 << 20, 2, NULL), CORBEL_OK);
    const crb_buf flat = { (uint8_t *)(uintptr_t) "\x08\x01", 2, 2, false };
    assert_int_equal(read_with(&flat, 1 << 20, 0, NULL), CORBEL_OK);
}

static void large_messages_are_read_in_linear_time(void **state)
{
    (void)state;
    /* A million items of two sequences by turns: a second scan for each would not end within the test's time. */
    crb_buf buf = repeated(500000, "\xa8\x01\x02\xe2\x01\x00", 6);
    void *value = NULL;
    assert_int_equal(crb_decode_struct(&kinds_All_type, buf.data, buf.len, NULL, NULL, &value, NULL), CORBEL_OK);
    const kinds_All *all = value;
    assert_int_equal(all->i32s.len, 500000);
    assert_int_equal(all->texts.len, 500000);
    assert_int_equal(all->i32s.items[499999], 1);
    assert_string_equal(all->texts.items[499999], "");
    corbel_block_free(value);
    crb_buf_clear(&buf);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(memory_is_charged_before_it_is_taken),
        cmocka_unit_test(arguments_and_results_share_their_limit),
        cmocka_unit_test(depth_is_bounded),
        cmocka_unit_test(large_messages_are_read_in_linear_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
