#include "runtime/base/fail.h"
#include "tests/runtime/support/test.h"

#include <string.h>

typedef struct row {
    const char *text;
    size_t max;
    const char *escaped;
} row;

static const row rows[] = {
    { "plain text", 64, "plain text" },
    { NULL, 64, "" },
    { "", 64, "" },
    { "line\nfeed\ttab\x1b[2J\x7f", 64, "line\\x0afeed\\x09tab\\x1b[2J\\x7f" },
    { "back\\slash", 64, "back\\x5cslash" },
    { "caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80", 64, "caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80" },
    { "C1 \xc2\x9b"
      "31m",
      64, "C1 \\xc2\\x9b31m" },
    { "bad \xff\xc3", 64, "bad \\xff\\xc3" },
    { "12345", 5, "1234" },
    { "12345", 1, "" },
    { "abc\xc3\xa9", 5, "abc" },
    { "a\n", 5, "a" },
    { "a\n", 6, "a\\x0a" },
};

static void table(void **state)
{
    (void)state;
    assert_int_equal(LENGTH_OF(rows), 13);
    for (size_t i = 0; i < LENGTH_OF(rows); i++) {
        char out[64];
        memset(out, '#', sizeof out);
        assert_ptr_equal(crb_escape(rows[i].text, out, rows[i].max), out);
        assert_string_equal(out, rows[i].escaped);
        for (size_t k = rows[i].max; k < sizeof out; k++) {
            assert_int_equal(out[k], '#');
        }
    }
    char untouched = '#';
    crb_escape("abc", &untouched, 0);
    assert_int_equal(untouched, '#');
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(table) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
