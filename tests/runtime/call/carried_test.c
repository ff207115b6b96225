/** Contexts as bytes, row by row: what is written, what is read, what is refused; with little memory, too. */
#include "runtime/call/carried.h"
#include "tests/runtime/support/alloc_fail.h"
#include "tests/runtime/support/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TRACE "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
#define BYTES(literal) (literal), sizeof(literal) - 1

static const crb_carried_limits limits = { .bytes = 200, .values = 3 };

/** "correlation|traceparent|name=value,name=value!": ! behind what was for here. */
static void show(const corbel_context *context, char *out, size_t size)
{
    size_t len =
        (size_t)snprintf(out, size, "%s|%s|", corbel_context_get_correlation(context), corbel_context_get_traceparent(context));
    for (size_t i = 0; i < corbel_context_count(context); i++) {
        const corbel_context_value value = corbel_context_value_at(context, i);
        len += (size_t)snprintf(out + len, size - len, "%s%s=%s%s", i == 0 ? "" : ",", value.name, value.value,
                                value.here ? "!" : "");
    }
}

typedef struct bytes_row {
    const char *what, *bytes;
    size_t len;
    corbel_status status;
    const char *shown; /* or what is in the message */
} bytes_row;

static const bytes_row rows[] = {
    { "nothing", BYTES(""), CORBEL_OK, "||" },
    { "a correlation id", BYTES("\x0a\x01k"), CORBEL_OK, "k||" },
    { "an empty one", BYTES("\x0a\x00"), CORBEL_OK, "||" },
    { "a trace", BYTES("\x12\x37" TRACE), CORBEL_OK, "|" TRACE "|" },
    { "an empty one", BYTES("\x12\x00"), CORBEL_OK, "||" },
    { "a value", BYTES("\x1a\x06\x0a\x01n\x12\x01v"), CORBEL_OK, "||n=v" },
    { "an empty value", BYTES("\x1a\x03\x0a\x01n"), CORBEL_OK, "||n=" },
    { "a value that comes before its name", BYTES("\x1a\x06\x12\x01v\x0a\x01n"), CORBEL_OK, "||n=v" },
    { "a value for here", BYTES("\x1a\x08\x0a\x01n\x12\x01v\x18\x01"), CORBEL_OK, "||n=v!" },
    { "a value that is said to go on", BYTES("\x1a\x08\x0a\x01n\x12\x01v\x18\x00"), CORBEL_OK, "||n=v" },
    { "true as another number", BYTES("\x1a\x0a\x0a\x01n\x12\x01v\x18\x80\x80\x01"), CORBEL_OK, "||n=v!" },
    { "all", BYTES("\x1a\x03\x0a\x01x\x0a\x01k\x1a\x03\x0a\x01y\x12\x37" TRACE), CORBEL_OK, "k|" TRACE "|x=,y=" },
    { "fields of later versions", BYTES("\x20\x05\x22\x01x\x29\x01\x02\x03\x04\x05\x06\x07\x08\x2d\x01\x02\x03\x04\x0a\x01k"),
      CORBEL_OK, "k||" },
    { "the same in a value", BYTES("\x1a\x07\x20\x05\x0a\x01n\x2a\x00"), CORBEL_OK, "||n=" },

    { "two correlation ids", BYTES("\x0a\x01k\x0a\x01k"), CORBEL_DECODE, "does not decode" },
    { "two traces", BYTES("\x12\x00\x12\x00"), CORBEL_DECODE, "does not decode" },
    { "two names", BYTES("\x1a\x06\x0a\x01n\x0a\x01n"), CORBEL_DECODE, "does not decode" },
    { "two texts", BYTES("\x1a\x09\x0a\x01n\x12\x01v\x12\x01v"), CORBEL_DECODE, "does not decode" },
    { "here twice", BYTES("\x1a\x07\x0a\x01n\x18\x01\x18\x01"), CORBEL_DECODE, "does not decode" },
    { "a correlation id that is a number", BYTES("\x08\x01"), CORBEL_DECODE, "does not decode" },
    { "one of eight bytes", BYTES("\x09\x01\x02\x03\x04\x05\x06\x07\x08"), CORBEL_DECODE, "does not decode" },
    { "a value of four bytes", BYTES("\x1d\x01\x02\x03\x04"), CORBEL_DECODE, "does not decode" },
    { "here as bytes", BYTES("\x1a\x06\x0a\x01n\x1a\x01\x01"), CORBEL_DECODE, "does not decode" },
    { "a name as a number", BYTES("\x1a\x02\x08\x01"), CORBEL_DECODE, "does not decode" },
    { "a group", BYTES("\x23\x24"), CORBEL_DECODE, "does not decode" },
    { "a type that is none", BYTES("\x26\x01"), CORBEL_DECODE, "does not decode" },
    { "field 0", BYTES("\x02\x00"), CORBEL_DECODE, "does not decode" },
    { "no length", BYTES("\x0a"), CORBEL_DECODE, "does not decode" },
    { "a length beyond the end", BYTES("\x0a\x02k"), CORBEL_DECODE, "does not decode" },
    { "a value beyond the end", BYTES("\x1a\x04\x0a\x01n"), CORBEL_DECODE, "does not decode" },
    { "a name beyond its value", BYTES("\x1a\x03\x0a\x02nm"), CORBEL_DECODE, "does not decode" },
    { "the longest length", BYTES("\x0a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"), CORBEL_DECODE, "does not decode" },
    { "a number without end", BYTES("\x20\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01"), CORBEL_DECODE, "does not decode" },
    { "a number that is cut off", BYTES("\x20\x80"), CORBEL_DECODE, "does not decode" },
    { "a key that is cut off", BYTES("\x80"), CORBEL_DECODE, "does not decode" },
    { "eight bytes that are cut off", BYTES("\x21\x01\x02\x03\x04\x05\x06\x07"), CORBEL_DECODE, "does not decode" },

    { "a correlation id that is no text", BYTES("\x0a\x01\xff"), CORBEL_INVALID_ARGUMENT, "the correlation id" },
    { "one with a NUL", BYTES("\x0a\x01\x00"), CORBEL_INVALID_ARGUMENT, "the correlation id" },
    { "a name that is no text", BYTES("\x1a\x03\x0a\x01\xff"), CORBEL_INVALID_ARGUMENT, "the name of a value" },
    { "a value that is no text", BYTES("\x1a\x07\x0a\x01n\x12\x02\xc0\x80"), CORBEL_INVALID_ARGUMENT, "a value in the context" },
    { "a value without a name", BYTES("\x1a\x03\x12\x01v"), CORBEL_INVALID_ARGUMENT, "has no name" },
    { "nothing at all as a value", BYTES("\x1a\x00"), CORBEL_INVALID_ARGUMENT, "has no name" },
    { "an empty name", BYTES("\x1a\x02\x0a\x00"), CORBEL_INVALID_ARGUMENT, "has no name" },
    { "a name twice", BYTES("\x1a\x03\x0a\x01n\x1a\x06\x0a\x01n\x12\x01v"), CORBEL_INVALID_ARGUMENT, "twice: 'n'" },
    { "a trace that is none", BYTES("\x12\x01x"), CORBEL_INVALID_ARGUMENT, "too short" },

    { "four values", BYTES("\x1a\x03\x0a\x01x\x1a\x03\x0a\x01y\x1a\x03\x0a\x01z\x1a\x03\x0a\x01n"), CORBEL_LIMIT,
      "more than 3 values" },
    { "a correlation id of 129 bytes",
      BYTES("\x0a\x81\x01"
            "0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789"
            "01234567890123456789012345678"),
      CORBEL_LIMIT, "has 129 bytes, and may have 128" },
    { "a name of 129 bytes",
      BYTES("\x1a\x84\x01\x0a\x81\x01"
            "0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789"
            "01234567890123456789012345678"),
      CORBEL_LIMIT, "has 129 bytes, and may have 128" },
};

static void what_is_read(void **state)
{
    (void)state;
    assert_int_equal(LENGTH_OF(rows), 48);
    for (size_t i = 0; i < LENGTH_OF(rows); i++) {
        const bytes_row *const row = &rows[i];
        corbel_error error = CORBEL_ERROR_INIT;
        corbel_context *context = NULL;
        char shown[512];
        uint8_t *const exact = malloc(row->len + (row->len == 0)); /* so that a sanitizer sees a byte too many */
        assert_non_null(exact);
        memcpy(exact, row->bytes, row->len);
        const corbel_status status = crb_carried_unpack(exact, row->len, &limits, &context, &error);
        free(exact);
        if (status != row->status) {
            fail_msg("%s: %s, not %s", row->what, corbel_status_name(status), corbel_status_name(row->status));
        }
        if (status == CORBEL_OK) {
            show(context, shown, sizeof shown);
            assert_string_equal(shown, row->shown);
            corbel_context_unref(context);
            continue;
        }
        assert_null(context);
        assert_int_equal(error.completion, CORBEL_COMPLETED_NO);
        if (strstr(error.message, row->shown) == NULL) {
            fail_msg("%s: %s", row->what, error.message);
        }
        corbel_error_clear(&error);
    }
}

/** Every beginning of what is valid is read or refused, and nothing behind it is looked at. */
static void what_is_cut_off(void **state)
{
    (void)state;
    for (size_t i = 0; i < LENGTH_OF(rows); i++) {
        for (size_t len = 0; len < rows[i].len; len++) {
            corbel_context *context = NULL;
            uint8_t *const exact = malloc(len + (len == 0));
            assert_non_null(exact);
            memcpy(exact, rows[i].bytes, len);
            if (crb_carried_unpack(exact, len, &limits, &context, NULL) == CORBEL_OK) {
                corbel_context_unref(context);
            }
            free(exact);
        }
    }
}

static corbel_context *full(corbel_error *error)
{
    corbel_context *const context = corbel_context_new();
    if (corbel_context_set_correlation(context, "k", error) || corbel_context_set_traceparent(context, TRACE, error) ||
        corbel_context_set(context, "on", "w", error) || corbel_context_set(context, "none", "", error) ||
        corbel_context_set_here(context, "here", "z", error)) {
        return corbel_context_unref(context);
    }
    return context;
}

static void what_is_written(void **state)
{
    static const char before[] = "\x0a\x01k\x12\x37"
                                 "00-0af7651916cd43dd8448eb211c80319c-";
    static const char behind[] = "-01\x1a\x07\x0a\x02on\x12\x01w\x1a\x06\x0a\x04none\x1a\x0b\x0a\x04here\x12\x01z\x18\x01";
    corbel_error error = CORBEL_ERROR_INIT;
    corbel_context *const context = full(&error), *came = NULL;
    crb_buf bytes[2];
    (void)state;
    assert_non_null(context);
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(crb_carried_pack(NULL, context, &limits, &bytes[i], &error), CORBEL_OK);
        assert_int_equal(bytes[i].len, sizeof before - 1 + 16 + sizeof behind - 1);
        assert_memory_equal(bytes[i].data, before, sizeof before - 1);
        assert_memory_equal(bytes[i].data + sizeof before - 1 + 16, behind, sizeof behind - 1);
    }
    assert_memory_not_equal(bytes[0].data, bytes[1].data, bytes[0].len); /* each call has a parent id of its own */
    crb_buf_clear(&bytes[1]);
    /* Who is called passes on what is not for here. */
    assert_int_equal(crb_carried_unpack(bytes[0].data, bytes[0].len, &limits, &came, &error), CORBEL_OK);
    assert_int_equal(corbel_context_count(came), 3);
    assert_int_equal(crb_carried_pack(came, NULL, &limits, &bytes[1], &error), CORBEL_OK);
    assert_int_equal(bytes[1].len, bytes[0].len - 13);
    crb_buf_clear(&bytes[0]);
    crb_buf_clear(&bytes[1]);
    /* An answer has its values alone. */
    assert_int_equal(crb_carried_pack_values(context, &limits, &bytes[0], &error), CORBEL_OK);
    assert_int_equal(bytes[0].len, sizeof behind - 1 - 3);
    assert_memory_equal(bytes[0].data, behind + 3, bytes[0].len);
    crb_buf_clear(&bytes[0]);
    corbel_context_unref(came);
    corbel_context_unref(context);
}

static void limits_of_what_is_written(void **state)
{
    static const crb_carried_limits tight[] = { { 200, 2 }, { 89, 3 }, { 90, 3 } };
    static const corbel_status expected[] = { CORBEL_LIMIT, CORBEL_LIMIT, CORBEL_OK };
    corbel_error error = CORBEL_ERROR_INIT;
    corbel_context *const context = full(&error);
    (void)state;
    assert_non_null(context);
    for (size_t i = 0; i < LENGTH_OF(tight); i++) {
        crb_buf bytes;
        assert_int_equal(crb_carried_pack(NULL, context, &tight[i], &bytes, &error), expected[i]);
        assert_int_equal(bytes.len, expected[i] == CORBEL_OK ? 90 : 0);
        crb_buf_clear(&bytes);
        corbel_error_clear(&error);
    }
    corbel_context_unref(context);
}

/* ---- with little memory ---- */

static alloc_outcome out_and_in(void)
{
    corbel_error error = CORBEL_ERROR_INIT;
    corbel_context *const context = full(&error), *came = NULL;
    crb_buf bytes = CRB_BUF_INIT;
    corbel_status status = context == NULL ? error.status : CORBEL_OK;
    if (status == CORBEL_OK) {
        corbel_context *const over = corbel_context_copy(context);
        status = corbel_context_set(over, "on", "q", &error);
        status = status == CORBEL_OK ? crb_carried_pack(context, over, &limits, &bytes, &error) : status;
        corbel_context_unref(over);
    }
    if (status == CORBEL_OK) {
        status = crb_carried_unpack(bytes.data, bytes.len, &limits, &came, &error);
    }
    if (status == CORBEL_OK) {
        assert_string_equal(corbel_context_get(came, "on"), "q");
        assert_int_equal(corbel_context_count(came), 3);
    } else {
        assert_int_equal(status, CORBEL_NO_MEMORY);
        assert_null(came);
    }
    crb_buf_clear(&bytes);
    corbel_context_unref(came);
    corbel_context_unref(context);
    corbel_error_clear(&error);
    return status == CORBEL_OK ? ALLOC_DONE : ALLOC_REFUSED;
}

static void without_memory(void **state)
{
    static const alloc_case cases[] = { { .name = "out and in", .least = 15, .run = out_and_in } };
    (void)state;
    alloc_fail_cases(cases, LENGTH_OF(cases));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_read),    cmocka_unit_test(what_is_cut_off),
        cmocka_unit_test(what_is_written), cmocka_unit_test(limits_of_what_is_written),
        cmocka_unit_test(without_memory),
    };
    return cmocka_run_group_tests_name("carried", tests, NULL, NULL);
}
