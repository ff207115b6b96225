#include "runtime/uri/text.h"
#include "runtime/base/fail.h"
#include "runtime/base/utf8.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

corbel_status crb_text_fail(const crb_text *text, const char *at, const char *format, ...)
{
    char message[256];
    va_list args;
    va_start(args, format);
    vsnprintf(message, sizeof message, format, args);
    va_end(args);
    return crb_fail(text->reterr, CORBEL_INVALID_ARGUMENT, CORBEL_COMPLETED_NO, "column %zu: %s", (size_t)(at - text->start) + 1,
                    message);
}

static int text_hex(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    if (c >= 'a' && c <= 'f') {
        return c - 'a' + 10;
    }
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/** Must it be encoded? */
static bool text_is_special(char c)
{
    const unsigned char byte = (unsigned char)c;
    return byte <= ' ' || byte == 0x7f || byte == ',' || byte == '@' || byte == '%';
}

/** Decodes into out, which has room for to - from bytes. */
static corbel_status text_decode_into(const crb_text *text, const char *from, const char *to, const char *what, char *out,
                                      size_t *ret_len)
{
    size_t len = 0;
    for (const char *at = from; at < to; at++) {
        if (*at == '%') {
            const int high = to - at > 2 ? text_hex(at[1]) : -1, low = to - at > 2 ? text_hex(at[2]) : -1;
            if (high < 0 || low < 0) {
                return crb_text_fail(text, at, "%% without two hex digits");
            }
            if (high == 0 && low == 0) {
                return crb_text_fail(text, at, "a NUL in %s", what);
            }
            out[len++] = (char)(high << 4 | low);
            at += 2;
        } else if (text_is_special(*at)) {
            return crb_text_fail(text, at, "in %s this character is written %%%02X", what, (unsigned)(unsigned char)*at);
        } else {
            out[len++] = *at;
        }
    }
    *ret_len = len;
    return CORBEL_OK;
}

corbel_status crb_text_decode(const crb_text *text, const char *from, const char *to, const char *what, size_t max, char **ret)
{
    if (from == to) {
        return crb_text_fail(text, from, "%s is empty", what);
    }
    char *out = malloc((size_t)(to - from) + 1);
    if (out == NULL) {
        return crb_fail(text->reterr, CORBEL_NO_MEMORY, CORBEL_COMPLETED_NO, "no memory for %s", what);
    }
    size_t len = 0;
    corbel_status status = text_decode_into(text, from, to, what, out, &len);
    if (status == CORBEL_OK && len > max) {
        status = crb_text_fail(text, from, "%s has %zu bytes, at most %zu", what, len, max);
    }
    if (status == CORBEL_OK && !crb_utf8_valid((const uint8_t *)out, len)) {
        status = crb_text_fail(text, from, "%s is not UTF-8", what);
    }
    if (status != CORBEL_OK) {
        free(out);
        return status;
    }
    out[len] = '\0';
    *ret = out;
    return CORBEL_OK;
}

void crb_text_encode(crb_buf *out, const char *decoded)
{
    static const char digits[] = "0123456789ABCDEF";
    for (const char *at = decoded; *at != '\0'; at++) {
        if (text_is_special(*at)) {
            const unsigned char byte = (unsigned char)*at;
            const char code[] = { '%', digits[byte >> 4], digits[byte & 15] };
            crb_buf_append(out, code, sizeof code);
        } else {
            crb_buf_append(out, at, 1);
        }
    }
}

bool crb_text_begins(const char *at, const char *end, const char *prefix)
{
    const size_t len = strlen(prefix);
    return (size_t)(end - at) >= len && strncasecmp(at, prefix, len) == 0;
}
