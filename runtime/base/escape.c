#include "runtime/base/fail.h"
#include "runtime/base/utf8.h"

#include <stdbool.h>
#include <string.h>

/** Is the character of n bytes harmless on a terminal? Not: C0 and C1 controls, DEL, and the backslash that marks escapes. */
static bool escape_is_plain(const uint8_t *text, size_t n)
{
    if (n == 1) {
        return text[0] >= 0x20 && text[0] != 0x7f && text[0] != '\\';
    }
    return n > 0 && !(n == 2 && text[0] == 0xc2 && text[1] < 0xa0);
}

char *crb_escape(const char *text, char *out, size_t max)
{
    static const char digits[] = "0123456789abcdef";
    if (max == 0) {
        return out;
    }
    const uint8_t *at = (const uint8_t *)(text != NULL ? text : "");
    size_t left = strlen((const char *)at), len = 0;
    while (left > 0) {
        size_t n = crb_utf8_char(at, left);
        if (escape_is_plain(at, n)) {
            if (n > max - 1 - len) {
                break;
            }
            memcpy(out + len, at, n);
            len += n;
        } else {
            n = 1;
            if (max - 1 - len < 4) {
                break;
            }
            out[len++] = '\\';
            out[len++] = 'x';
            out[len++] = digits[*at >> 4];
            out[len++] = digits[*at & 15];
        }
        at += n;
        left -= n;
    }
    out[len] = '\0';
    return out;
}
