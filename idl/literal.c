/* Numbers, characters and strings. A literal that is wrong is reported once and marked bad; it then has no value. */
#include "idl/lexer.h"
#include "idl/text.h"

#include <locale.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

static void complain(idl_lexer *lexer, idl_token *token, const char *start, const char *end, const char *text)
{
    if (!lexer->silent && !token->bad) {
        const idl_range range = idl_lex_range(lexer, start, end);
        idl_error(lexer->diagnostics, &range, "%s", text);
    }
    token->bad = true;
}

/* strtod() would read the decimal point of the user's language. */
static double to_double(idl_lexer *lexer, const char *text)
{
    locale_t plain = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    if (plain == (locale_t)0) {
        idl_stop(lexer->arena, IDL_STOP_MEMORY);
    }
    const double number = strtod_l(text, NULL, plain);
    freelocale(plain);
    return number;
}

static const char *digits(const char *at)
{
    while (idl_is_digit(*at)) {
        at++;
    }
    return at;
}

static void lex_float(idl_lexer *lexer, idl_token *token, const char *start, const char *end)
{
    token->kind = IDL_TOKEN_FLOAT;
    const char *at = digits(start);
    if (*at == '.') {
        at = digits(at + 1);
    }
    if (*at == 'e' || *at == 'E') {
        at++;
        at += *at == '+' || *at == '-' ? 1 : 0;
        if (!idl_is_digit(*at)) {
            complain(lexer, token, start, end, "the exponent of this number has no digits");
        }
        at = digits(at);
    }
    if (at != end) {
        const bool fixed = at + 1 == end && (*at == 'd' || *at == 'D');
        complain(lexer, token, start, end, fixed ? "fixed-point numbers are not supported yet" : "this is not a number");
    }
    if (!token->bad) {
        token->number = to_double(lexer, idl_arena_text(lexer->arena, start, (size_t)(end - start)));
        if (isinf(token->number)) {
            complain(lexer, token, start, end, "this number is too large for a double");
        }
    }
}

static void lex_integer(idl_lexer *lexer, idl_token *token, const char *start, const char *end)
{
    token->kind = IDL_TOKEN_INTEGER;
    const bool hexadecimal = start[0] == '0' && (start[1] == 'x' || start[1] == 'X');
    const unsigned base = hexadecimal ? 16 : start[0] == '0' ? 8 : 10;
    const char *at = start + (hexadecimal ? 2 : 0);
    if (at == end) {
        complain(lexer, token, start, end, "a hexadecimal number needs digits");
    }
    for (; at < end && !token->bad; at++) {
        const int digit = idl_hex_value(*at);
        if (base == 8 && (*at == '8' || *at == '9')) {
            complain(lexer, token, start, end, "an octal number (it begins with 0) has only the digits 0 to 7");
        } else if (base != 16 && at + 1 == end && (*at == 'd' || *at == 'D')) {
            complain(lexer, token, start, end, "fixed-point numbers are not supported yet");
        } else if (digit < 0 || (unsigned)digit >= base) {
            complain(lexer, token, start, end, "this is not a number");
        } else if (__builtin_mul_overflow(token->integer, (uint64_t)base, &token->integer) ||
                   __builtin_add_overflow(token->integer, (uint64_t)digit, &token->integer)) {
            complain(lexer, token, start, end, "this number needs more than 64 bits");
        }
    }
}

void idl_lex_number(idl_lexer *lexer, idl_token *token)
{
    const char *start = lexer->at;
    const char *end = start;
    const bool hexadecimal = start[0] == '0' && (start[1] == 'x' || start[1] == 'X');
    bool is_float = false;
    while (idl_is_name_part(*end) || *end == '.') {
        const bool exponent = !hexadecimal && (*end == 'e' || *end == 'E');
        is_float = is_float || *end == '.' || exponent;
        end++;
        end += exponent && (*end == '+' || *end == '-') ? 1 : 0;
    }
    lexer->at = end;
    if (is_float && !hexadecimal) {
        lex_float(lexer, token, start, end);
    } else {
        lex_integer(lexer, token, start, end);
    }
}

/* The byte that an escape sequence stands for; at stands behind the backslash and moves behind the sequence. */
static char escape(idl_lexer *lexer, idl_token *token, const char *backslash)
{
    static const char letters[] = "ntvbrfa\\?'\"";
    static const char meanings[] = "\n\t\v\b\r\f\a\\?'\"";
    const char *letter = *lexer->at == '\0' ? NULL : strchr(letters, *lexer->at);
    if (letter != NULL) {
        lexer->at++;
        return meanings[letter - letters];
    }
    unsigned value = 0;
    if (*lexer->at >= '0' && *lexer->at <= '7') {
        for (int i = 0; i < 3 && *lexer->at >= '0' && *lexer->at <= '7'; i++) {
            value = value * 8 + (unsigned)(*lexer->at++ - '0');
        }
        if (value > 255) {
            complain(lexer, token, backslash, lexer->at, "this escape sequence is larger than a byte");
        }
        return (char)(value & 0xFF);
    }
    if (*lexer->at == 'x' && idl_hex_value(lexer->at[1]) >= 0) {
        lexer->at++;
        for (int i = 0; i < 2 && idl_hex_value(*lexer->at) >= 0; i++) {
            value = value * 16 + (unsigned)idl_hex_value(*lexer->at++);
        }
        return (char)value;
    }
    if (*lexer->at == 'u') {
        lexer->at++;
        if (!token->is_wide) {
            complain(lexer, token, backslash, lexer->at, "\\u belongs to wide characters, which are not supported yet");
        }
        return '?';
    }
    const size_t length = lexer->at == lexer->end ? 0 : idl_utf8_length(lexer->at, lexer->end);
    if (length > 0 && *lexer->at != '\n') {
        lexer->at += length;
    }
    complain(lexer, token, backslash, lexer->at, "there is no such escape sequence");
    return '?';
}

/* Reads up to the closing quote into bytes, which has room for all. False: it is not closed on this line. */
static bool read_quoted(idl_lexer *lexer, idl_token *token, char *bytes, size_t *ret_length)
{
    const char quote = *lexer->at++;
    size_t length = 0;
    while (lexer->at < lexer->end && *lexer->at != '\n' && *lexer->at != quote) {
        const char *start = lexer->at;
        if (*start == '\\') {
            lexer->at++;
            const char byte = escape(lexer, token, start);
            if (byte == '\0' && quote == '"') {
                complain(lexer, token, start, lexer->at, "a string cannot contain NUL");
            }
            bytes[length++] = byte;
            continue;
        }
        const size_t step = idl_utf8_length(start, lexer->end);
        if (step == 0 || *start == '\0') {
            lexer->source->bad_bytes_reported = true;
            complain(lexer, token, start, start + 1, step == 0 ? "this is not UTF-8" : "a NUL byte in the source");
            lexer->at++;
            continue;
        }
        memcpy(bytes + length, start, step);
        length += step;
        lexer->at += step;
    }
    *ret_length = length;
    if (lexer->at == lexer->end || *lexer->at != quote) {
        return false;
    }
    lexer->at++;
    return true;
}

/* Room for what stands between the quotes: the rest of the line at most. */
static char *room(const idl_lexer *lexer)
{
    const char *close = lexer->at + 1;
    while (close < lexer->end && *close != '\n' && *close != *lexer->at) {
        close += *close == '\\' ? 2 : 1;
    }
    return idl_arena_alloc(lexer->arena, (size_t)(close - lexer->at) + 2);
}

void idl_lex_string(idl_lexer *lexer, idl_token *token)
{
    const char *start = lexer->at;
    char *bytes = room(lexer);
    token->kind = IDL_TOKEN_STRING;
    if (!read_quoted(lexer, token, bytes, &token->string_length)) {
        complain(lexer, token, start, lexer->at, "this string is not closed on its line");
    }
    bytes[token->string_length] = '\0';
    token->string = bytes;
}

void idl_lex_char(idl_lexer *lexer, idl_token *token)
{
    const char *start = lexer->at;
    size_t length = 0;
    token->kind = IDL_TOKEN_CHAR;
    char *bytes = room(lexer);
    if (!read_quoted(lexer, token, bytes, &length)) {
        complain(lexer, token, start, lexer->at, "this character is not closed on its line");
    } else if (length != 1 && !token->is_wide) {
        complain(lexer, token, start, lexer->at,
                 length == 0 ? "there is no character between the quotes" : "a char is one byte, and this is more");
    }
    token->integer = (unsigned char)bytes[0];
}
