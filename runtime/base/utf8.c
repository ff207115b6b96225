#include "runtime/base/utf8.h"

#include <string.h>

size_t crb_utf8_char(const uint8_t *text, size_t len)
{
    const uint8_t first = text[0];
    if (first < 0x80) {
        return 1;
    }
    /* The range of the second byte excludes overlong forms, surrogates and what is above U+10FFFF. */
    size_t n = 0;
    uint8_t low = 0x80, high = 0xbf;
    if (first >= 0xc2 && first <= 0xdf) {
        n = 2;
    } else if (first >= 0xe0 && first <= 0xef) {
        n = 3;
        low = first == 0xe0 ? 0xa0 : 0x80;
        high = first == 0xed ? 0x9f : 0xbf;
    } else if (first >= 0xf0 && first <= 0xf4) {
        n = 4;
        low = first == 0xf0 ? 0x90 : 0x80;
        high = first == 0xf4 ? 0x8f : 0xbf;
    }
    if (n == 0 || n > len || text[1] < low || text[1] > high) {
        return 0;
    }
    for (size_t i = 2; i < n; i++) {
        if ((text[i] & 0xc0) != 0x80) {
            return 0;
        }
    }
    return n;
}

/** Are the eight bytes all ASCII and none of them NUL? */
static bool utf8_is_plain_word(uint64_t word)
{
    const uint64_t high_bits = 0x8080808080808080ULL;
    const uint64_t ones = 0x0101010101010101ULL;
    return ((word | (word - ones)) & high_bits) == 0;
}

bool crb_utf8_valid(const uint8_t *text, size_t len)
{
    size_t i = 0;
    while (i < len) {
        uint64_t word = 0;
        if (len - i >= sizeof word) {
            memcpy(&word, text + i, sizeof word);
            if (utf8_is_plain_word(word)) {
                i += sizeof word;
                continue;
            }
        }
        const size_t n = text[i] != 0 ? crb_utf8_char(text + i, len - i) : 0;
        if (n == 0) {
            return false;
        }
        i += n;
    }
    return true;
}

size_t crb_utf8_count(const uint8_t *text, size_t len)
{
    size_t n = 0;
    for (size_t i = 0; i < len; i++) {
        n += (text[i] & 0xc0) != 0x80;
    }
    return n;
}
