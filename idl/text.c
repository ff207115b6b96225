#include "idl/text.h"

#include <string.h>

#define COMPARED_LENGTH 64

size_t idl_utf8_length(const char *text, const char *end)
{
    const unsigned char *at = (const unsigned char *)text;
    const size_t left = (size_t)(end - text);
    if (left == 0) {
        return 0;
    }
    if (at[0] < 0x80) {
        return 1;
    }
    size_t length = 0;
    unsigned low = 0x80;
    unsigned high = 0xBF;
    if (at[0] >= 0xC2 && at[0] <= 0xDF) {
        length = 2;
    } else if (at[0] >= 0xE0 && at[0] <= 0xEF) {
        length = 3;
        low = at[0] == 0xE0 ? 0xA0 : 0x80;
        high = at[0] == 0xED ? 0x9F : 0xBF;
    } else if (at[0] >= 0xF0 && at[0] <= 0xF4) {
        length = 4;
        low = at[0] == 0xF0 ? 0x90 : 0x80;
        high = at[0] == 0xF4 ? 0x8F : 0xBF;
    }
    if (length == 0 || left < length || at[1] < low || at[1] > high) {
        return 0;
    }
    for (size_t i = 2; i < length; i++) {
        if ((at[i] & 0xC0) != 0x80) {
            return 0;
        }
    }
    return length;
}

size_t idl_utf8_put(uint32_t code, char *text)
{
    if (code < 0x80) {
        text[0] = (char)code;
        return 1;
    }
    if (code < 0x800) {
        text[0] = (char)(0xC0 | code >> 6);
        text[1] = (char)(0x80 | (code & 0x3F));
        return 2;
    }
    if (code < 0x10000) {
        text[0] = (char)(0xE0 | code >> 12);
        text[1] = (char)(0x80 | (code >> 6 & 0x3F));
        text[2] = (char)(0x80 | (code & 0x3F));
        return 3;
    }
    text[0] = (char)(0xF0 | code >> 18);
    text[1] = (char)(0x80 | (code >> 12 & 0x3F));
    text[2] = (char)(0x80 | (code >> 6 & 0x3F));
    text[3] = (char)(0x80 | (code & 0x3F));
    return 4;
}

uint32_t idl_utf8_get(const char *text, size_t length)
{
    const unsigned char *at = (const unsigned char *)text;
    uint32_t code = length == 1 ? at[0] : length == 2 ? at[0] & 0x1Fu : length == 3 ? at[0] & 0xFu : at[0] & 7u;
    for (size_t i = 1; i < length; i++) {
        code = code << 6 | (at[i] & 0x3Fu);
    }
    return code;
}

size_t idl_utf8_count(const char *text)
{
    size_t count = 0;
    for (; *text != '\0'; text++) {
        count += ((unsigned char)*text & 0xC0) != 0x80 ? 1 : 0;
    }
    return count;
}

bool idl_is_utf8(const char *text, size_t length)
{
    const char *end = text + length;
    while (text < end) {
        const size_t step = idl_utf8_length(text, end);
        if (step == 0) {
            return false;
        }
        text += step;
    }
    return true;
}

bool idl_is_digit(char c)
{
    return c >= '0' && c <= '9';
}

bool idl_is_name_start(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

bool idl_is_name_part(char c)
{
    return idl_is_name_start(c) || idl_is_digit(c);
}

char idl_lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

int idl_hex_value(char c)
{
    if (idl_is_digit(c)) {
        return c - '0';
    }
    c = idl_lower(c);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

size_t idl_edit_distance(const char *one, const char *other, size_t limit)
{
    const size_t n = strlen(one);
    const size_t m = strlen(other);
    const size_t apart = n > m ? n - m : m - n;
    if (n > COMPARED_LENGTH || m > COMPARED_LENGTH || apart > limit) {
        return limit + 1;
    }
    size_t above[COMPARED_LENGTH + 1] = { 0 }; /* the row before the one before */
    size_t row[COMPARED_LENGTH + 1];
    for (size_t j = 0; j <= m; j++) {
        row[j] = j;
    }
    for (size_t i = 1; i <= n; i++) {
        size_t diagonal = row[0];
        size_t swapped = 0; /* of the row above, two columns before */
        row[0] = i;
        for (size_t j = 1; j <= m; j++) {
            const size_t exchange = swapped + 1;
            const bool is_exchange = i > 1 && j > 1 && idl_lower(one[i - 1]) == idl_lower(other[j - 2]) &&
                                     idl_lower(one[i - 2]) == idl_lower(other[j - 1]);
            const size_t replaced = diagonal + (idl_lower(one[i - 1]) == idl_lower(other[j - 1]) ? 0 : 1);
            swapped = above[j - 1];
            above[j - 1] = diagonal;
            diagonal = row[j];
            const size_t shorter = row[j] < row[j - 1] ? row[j] : row[j - 1];
            row[j] = replaced < shorter + 1 ? replaced : shorter + 1;
            row[j] = is_exchange && exchange < row[j] ? exchange : row[j];
        }
        above[m] = diagonal;
    }
    return row[m] > limit ? limit + 1 : row[m];
}
