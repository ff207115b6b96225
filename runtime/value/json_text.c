/* The reader of JSON text. Every byte is looked at before the next one, and the text ends with a NUL, so that nothing is read
 * beyond it. */
#include "runtime/value/json_text.h"
#include "runtime/base/fail.h"
#include "runtime/base/utf8.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

bool crb_json_fail(crb_json_text *text, const char *where, corbel_status status, const crb_path *path, const char *format, ...)
{
    char member[CRB_MAX_PATH], message[256];
    size_t line = 1, column = 1;
    va_list args;
    va_start(args, format);
    vsnprintf(message, sizeof message, format, args);
    va_end(args);
    for (const char *at = text->start; at < where; at++) {
        line += *at == '\n';
        column = *at == '\n' ? 1 : column + 1;
    }
    crb_fail(&text->error, status, CORBEL_COMPLETED_NO, "line %zu, column %zu: %s%s%s", line, column,
             path != NULL ? crb_path_print(path, member) : "", path != NULL ? ": " : "", message);
    return false;
}

void crb_json_space(crb_json_text *text)
{
    while (*text->at == ' ' || *text->at == '\t' || *text->at == '\n' || *text->at == '\r') {
        text->at++;
    }
}

bool crb_json_take(crb_json_text *text, char c)
{
    crb_json_space(text);
    if (*text->at != c) {
        return false;
    }
    text->at++;
    return true;
}

/** The length of the word if it stands there, alone; else 0. */
static size_t text_word(const char *at, const char *word)
{
    const size_t len = strlen(word);
    const char next = strncmp(at, word, len) == 0 ? at[len] : 'x';
    const bool more = (next >= 'a' && next <= 'z') || (next >= 'A' && next <= 'Z') || (next >= '0' && next <= '9') || next == '_';
    return more ? 0 : len;
}

bool crb_json_take_word(crb_json_text *text, const char *word)
{
    crb_json_space(text);
    const size_t len = text_word(text->at, word);
    text->at += len;
    return len > 0;
}

const char *crb_json_what(const char *at)
{
    if (text_word(at, "true") > 0 || text_word(at, "false") > 0) {
        return "a boolean";
    }
    if (text_word(at, "null") > 0) {
        return "null";
    }
    switch (*at) {
    case '\0':
        return "the end";
    case '{':
        return "an object";
    case '[':
        return "an array";
    case '"':
        return "a string";
    default:
        return crb_json_number(at) > 0 ? "a number" : "something else";
    }
}

/** Four hexadecimal digits. */
static bool text_hex(const char *at, uint32_t *ret)
{
    *ret = 0;
    for (unsigned i = 0; i < 4; i++) {
        const char c = at[i];
        uint32_t digit = 0;
        if (c >= '0' && c <= '9') {
            digit = (uint32_t)(c - '0');
        } else if ((c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F')) {
            digit = (uint32_t)((c | 0x20) - 'a') + 10;
        } else {
            return false;
        }
        *ret = *ret << 4 | digit;
    }
    return true;
}

static void text_put_code_point(crb_buf *out, uint32_t c)
{
    uint8_t bytes[4];
    size_t n = 0;
    if (c < 0x80) {
        bytes[n++] = (uint8_t)c;
    } else if (c < 0x800) {
        bytes[n++] = (uint8_t)(0xc0 | c >> 6);
        bytes[n++] = (uint8_t)(0x80 | (c & 63));
    } else if (c < 0x10000) {
        bytes[n++] = (uint8_t)(0xe0 | c >> 12);
        bytes[n++] = (uint8_t)(0x80 | (c >> 6 & 63));
        bytes[n++] = (uint8_t)(0x80 | (c & 63));
    } else {
        bytes[n++] = (uint8_t)(0xf0 | c >> 18);
        bytes[n++] = (uint8_t)(0x80 | (c >> 12 & 63));
        bytes[n++] = (uint8_t)(0x80 | (c >> 6 & 63));
        bytes[n++] = (uint8_t)(0x80 | (c & 63));
    }
    crb_buf_append(out, bytes, n);
}

/** Behind a backslash and its u. */
static bool text_unicode(crb_json_text *text, const crb_path *path)
{
    uint32_t c = 0, low = 0;
    const char *const where = text->at - 2;
    if (!text_hex(text->at, &c)) {
        return crb_json_fail(text, where, CORBEL_INVALID_ARGUMENT, path, "\\u without four hexadecimal digits");
    }
    text->at += 4;
    if (c == 0) {
        return crb_json_fail(text, where, CORBEL_INVALID_ARGUMENT, path, "a NUL in a string");
    }
    if (c >= 0xd800 && c < 0xdc00 && text->at[0] == '\\' && text->at[1] == 'u' && text_hex(text->at + 2, &low) && low >= 0xdc00 &&
        low < 0xe000) {
        text->at += 6;
        c = 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
    } else if (c >= 0xd800 && c < 0xe000) {
        return crb_json_fail(text, where, CORBEL_INVALID_ARGUMENT, path, "half of a surrogate pair");
    }
    text_put_code_point(&text->string, c);
    return true;
}

static bool text_escape(crb_json_text *text, const crb_path *path)
{
    static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
    const char c = *++text->at;
    const char *const found = c != '\0' ? strchr(from, c) : NULL;
    if (c == 'u') {
        text->at++;
        return text_unicode(text, path);
    }
    if (found == NULL) {
        return crb_json_fail(text, text->at - 1, CORBEL_INVALID_ARGUMENT, path, "not an escape of JSON");
    }
    crb_buf_append(&text->string, &to[found - from], 1);
    text->at++;
    return true;
}

bool crb_json_string(crb_json_text *text, const crb_path *path)
{
    crb_json_space(text);
    const char *const start = text->at;
    if (*start != '"') {
        return crb_json_fail(text, start, CORBEL_INVALID_ARGUMENT, path, "%s, not a string", crb_json_what(start));
    }
    text->string.len = 0;
    text->at++;
    while (*text->at != '"') {
        const char *const from = text->at;
        while ((unsigned char)*text->at >= 0x20 && *text->at != '"' && *text->at != '\\') {
            text->at++;
        }
        if (text->at > from) {
            crb_buf_append(&text->string, from, (size_t)(text->at - from));
        }
        if (*text->at == '\0') {
            return crb_json_fail(text, start, CORBEL_INVALID_ARGUMENT, path, "a string without an end");
        }
        if ((unsigned char)*text->at < 0x20) {
            return crb_json_fail(text, text->at, CORBEL_INVALID_ARGUMENT, path, "a control character in a string");
        }
        if (*text->at == '\\' && !text_escape(text, path)) {
            return false;
        }
    }
    text->at++;
    crb_buf_append(&text->string, "", 1);
    if (text->string.failed) {
        crb_fail(&text->error, CORBEL_NO_MEMORY, CORBEL_COMPLETED_NO, "no memory for a string");
        return false;
    }
    text->string.len--;
    if (!crb_utf8_valid(text->string.data, text->string.len)) {
        return crb_json_fail(text, start, CORBEL_INVALID_ARGUMENT, path, "not UTF-8");
    }
    return true;
}

static size_t text_digits(const char *at)
{
    size_t n = 0;
    while (at[n] >= '0' && at[n] <= '9') {
        n++;
    }
    return n;
}

size_t crb_json_number(const char *start)
{
    const char *at = start;
    at += *at == '-';
    const size_t whole = text_digits(at);
    if (whole == 0 || (whole > 1 && *at == '0')) {
        return 0;
    }
    at += whole;
    if (*at == '.') {
        const size_t fraction = text_digits(at + 1);
        if (fraction == 0) {
            return 0;
        }
        at += 1 + fraction;
    }
    if (*at == 'e' || *at == 'E') {
        at += at[1] == '+' || at[1] == '-' ? 2 : 1;
        const size_t exponent = text_digits(at);
        if (exponent == 0) {
            return 0;
        }
        at += exponent;
    }
    return (size_t)(at - start);
}
