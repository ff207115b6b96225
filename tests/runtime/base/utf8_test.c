#include "runtime/base/utf8.h"
#include "tests/runtime/support/test.h"

#include <stdlib.h>
#include <string.h>

typedef struct row {
    const char *what;
    size_t len;
    const char *bytes;
    bool valid;
} row;

static const row rows[] = {
    { "empty", 0, "", true },
    { "ASCII", 11, "hello world", true },
    { "NUL", 3, "a\0b", false },
    { "NUL in a long text", 20, "0123456789abc\0efghij", false },
    { "two bytes", 2, "\xc3\xa9", true },
    { "three bytes", 3, "\xe2\x82\xac", true },
    { "four bytes", 4, "\xf0\x9f\x98\x80", true },
    { "last code point", 4, "\xf4\x8f\xbf\xbf", true },
    { "above the last", 4, "\xf4\x90\x80\x80", false },
    { "five bytes", 5, "\xf8\x88\x80\x80\x80", false },
    { "overlong slash, 2", 2, "\xc0\xaf", false },
    { "overlong slash, 3", 3, "\xe0\x80\xaf", false },
    { "overlong slash, 4", 4, "\xf0\x80\x80\xaf", false },
    { "overlong NUL", 2, "\xc0\x80", false },
    { "first surrogate", 3, "\xed\xa0\x80", false },
    { "last surrogate", 3, "\xed\xbf\xbf", false },
    { "before surrogates", 3, "\xed\x9f\xbf", true },
    { "lone continuation", 1, "\x80", false },
    { "cut after 1 of 2", 1, "\xc3", false },
    { "cut after 2 of 3", 2, "\xe2\x82", false },
    { "cut after 3 of 4", 3, "\xf0\x9f\x98", false },
    { "bad third byte", 3, "\xe2\x82\x41", false },
    { "long, then bad", 17, "0123456789abcdef\xff", false },
    { "long, bad in a word", 16,
      "01234567\xff"
      "9abcdef",
      false },
};

static void table(void **state)
{
    (void)state;
    assert_int_equal(LENGTH_OF(rows), 24);
    for (size_t i = 0; i < LENGTH_OF(rows); i++) {
        /* Exactly as large, so that the address sanitizer sees a read beyond it. */
        uint8_t *copy = malloc(rows[i].len + 1);
        assert_non_null(copy);
        memcpy(copy + 1, rows[i].bytes, rows[i].len);
        if (crb_utf8_valid(copy + 1, rows[i].len) != rows[i].valid) {
            fail_msg("%s", rows[i].what);
        }
        free(copy);
    }
}

/** The definition in other words: decode, then check the range of the code point. */
static bool slow_valid(const uint8_t *text, size_t len)
{
    size_t i = 0;
    while (i < len) {
        const uint8_t b = text[i];
        const size_t n = b < 0x80 ? 1 : (b >> 5) == 6 ? 2 : (b >> 4) == 14 ? 3 : (b >> 3) == 30 ? 4 : 0;
        if (n == 0 || n > len - i) {
            return false;
        }
        uint32_t code = n == 1 ? b : b & (0x7fU >> n);
        for (size_t k = 1; k < n; k++) {
            if ((text[i + k] & 0xc0) != 0x80) {
                return false;
            }
            code = code << 6 | (text[i + k] & 0x3f);
        }
        static const uint32_t least[] = { 0, 1, 0x80, 0x800, 0x10000 };
        if (code < least[n] || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff)) {
            return false;
        }
        i += n;
    }
    return true;
}

static void all_two_bytes_and_samples_of_four_agree_with_the_definition(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < 1U << 16; i++) {
        const uint8_t text[] = { (uint8_t)(i >> 8), (uint8_t)i };
        assert_int_equal(crb_utf8_valid(text, 2), slow_valid(text, 2));
    }
    static const uint8_t edges[] = { 0x41, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0, 0xc1, 0xc2, 0xdf,
                                     0xe0, 0xe1, 0xec, 0xed, 0xee, 0xef, 0xf0, 0xf1, 0xf3, 0xf4, 0xf5, 0xff };
    const size_t n = LENGTH_OF(edges);
    for (size_t i = 0; i < n * n * n * n; i++) {
        const uint8_t text[] = { edges[i % n], edges[i / n % n], edges[i / n / n % n], edges[i / n / n / n] };
        assert_int_equal(crb_utf8_valid(text, 4), slow_valid(text, 4));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(table),
        cmocka_unit_test(all_two_bytes_and_samples_of_four_agree_with_the_definition),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
