/* Texts on the wire are UTF-8 without NUL: a receiver ends the session over any other, so a sender makes sure. */
#include "runtime/base/utf8.h"
#include "runtime/wire/frame.h"

#include <string.h>

size_t crb_text_fit(const char *text, char *out, size_t max)
{
    const uint8_t *at = (const uint8_t *)(text != NULL ? text : "");
    size_t left = strlen((const char *)at);
    size_t len = 0;
    while (left > 0) {
        const size_t n = crb_utf8_char(at, left);
        const size_t take = n > 0 ? n : 1;
        if (len + take >= max) {
            break;
        }
        if (n > 0) {
            memcpy(out + len, at, n);
        } else {
            out[len] = '?';
        }
        len += take;
        at += take;
        left -= take;
    }
    out[len] = '\0';
    return len;
}

bool crb_text_is_name(const char *text)
{
    const size_t len = strnlen(text, CRB_FRAME_MAX_TEXT + 1);
    return len <= CRB_FRAME_MAX_TEXT && crb_utf8_valid((const uint8_t *)text, len);
}
