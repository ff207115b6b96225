#include "runtime/base/buf.h"
#include "tests/runtime/support/test.h"

#include <string.h>

typedef struct row {
    uint64_t value;
    size_t len;
    uint8_t bytes[10];
} row;

static const row rows[] = {
    { 0, 1, { 0 } },
    { 1, 1, { 1 } },
    { 127, 1, { 0x7f } },
    { 128, 2, { 0x80, 0x01 } },
    { 300, 2, { 0xac, 0x02 } },
    { UINT32_MAX, 5, { 0xff, 0xff, 0xff, 0xff, 0x0f } },
    { UINT64_MAX, 10, { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01 } },
};

static void varints_are_protobufs(void **state)
{
    (void)state;
    assert_int_equal(LENGTH_OF(rows), 7);
    for (size_t i = 0; i < LENGTH_OF(rows); i++) {
        crb_buf buf = CRB_BUF_INIT;
        crb_buf_varint(&buf, rows[i].value);
        assert_int_equal(buf.len, rows[i].len);
        assert_memory_equal(buf.data, rows[i].bytes, rows[i].len);
        crb_buf_clear(&buf);
    }
}

static void it_grows_and_keeps_what_was_there(void **state)
{
    (void)state;
    crb_buf buf = CRB_BUF_INIT;
    for (uint32_t i = 0; i < 10000; i++) {
        crb_buf_append(&buf, &i, sizeof i);
    }
    assert_false(buf.failed);
    assert_int_equal(buf.len, 40000);
    for (uint32_t i = 0; i < 10000; i++) {
        assert_memory_equal(buf.data + 4 * i, &i, sizeof i);
    }
    crb_buf_clear(&buf);
    assert_null(buf.data);
    assert_int_equal(buf.len, 0);
}

static void reserve_gives_room_and_leaves_the_length(void **state)
{
    (void)state;
    crb_buf buf = CRB_BUF_INIT;
    assert_non_null(crb_buf_reserve(&buf, 0));
    uint8_t *at = crb_buf_reserve(&buf, 1000);
    assert_non_null(at);
    assert_int_equal(buf.len, 0);
    memset(at, 'x', 1000);
    buf.len += 1000;
    assert_ptr_equal(crb_buf_reserve(&buf, 0), buf.data + 1000);
    crb_buf_clear(&buf);
}

static void a_failure_sticks(void **state)
{
    (void)state;
    crb_buf buf = CRB_BUF_INIT;
    crb_buf_append(&buf, "abc", 3);
    assert_null(crb_buf_reserve(&buf, SIZE_MAX));
    assert_true(buf.failed);
    crb_buf_append(&buf, "def", 3);
    crb_buf_varint(&buf, 1);
    assert_null(crb_buf_reserve(&buf, 1));
    assert_int_equal(buf.len, 3);
    crb_buf_clear(&buf);
    assert_false(buf.failed);
    crb_buf_append(&buf, "abc", 3);
    assert_int_equal(buf.len, 3);
    crb_buf_clear(&buf);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(varints_are_protobufs),
        cmocka_unit_test(it_grows_and_keeps_what_was_there),
        cmocka_unit_test(reserve_gives_room_and_leaves_the_length),
        cmocka_unit_test(a_failure_sticks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
