/* Numbers, characters and strings. A literal that is wrong is reported once and marked bad; it then has no value. */
#include "idl/fixed.h"
#include "idl/lexer.h"
#include "idl/text.h"

#include <locale.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

static void complain(idl_lexer *lexer, idl_token *token, const char *start, const char *end, idl_diagnostic_id id,
                     const char *text)
{
    if (!lexer->silent && !token->bad) {
        const idl_range range = idl_lex_range(lexer, start, end);
        idl_error(lexer->diagnostics, id, &range, "%s", text);
        if (id == IDL_DIAG_UNCLOSED_LITERAL) {
            lexer->diagnostics->unclosed = range;
        }
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
            complain(lexer, token, start, end, IDL_DIAG_NUMBER_SYNTAX, "the exponent of this number has no digits");
        }
        at = digits(at);
    }
    if (at != end) {
        complain(lexer, token, start, end, IDL_DIAG_NUMBER_SYNTAX, "this is not a number");
    }
    if (!token->bad) {
        token->number = to_double(lexer, idl_arena_text(lexer->arena, start, (size_t)(end - start)));
        if (isinf(token->number)) {
            complain(lexer, token, start, end, IDL_DIAG_NUMBER_TOO_LARGE, "this number is too large for a double");
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
        complain(lexer, token, start, end, IDL_DIAG_NUMBER_SYNTAX, "a hexadecimal number needs digits");
    }
    for (; at < end && !token->bad; at++) {
        const int digit = idl_hex_value(*at);
        if (base == 8 && (*at == '8' || *at == '9')) {
            complain(lexer, token, start, end, IDL_DIAG_NUMBER_SYNTAX,
                     "an octal number (it begins with 0) has only the digits 0 to 7");
        } else if (digit < 0 || (unsigned)digit >= base) {
            complain(lexer, token, start, end, IDL_DIAG_NUMBER_SYNTAX, "this is not a number");
        } else if (__builtin_mul_overflow(token->integer, (uint64_t)base, &token->integer) ||
                   __builtin_add_overflow(token->integer, (uint64_t)digit, &token->integer)) {
            complain(lexer, token, start, end, IDL_DIAG_NUMBER_TOO_LARGE, "this number needs more than 64 bits");
        }
    }
}

/* Digits with at most one point, then 'd'. False: it is something else. */
static bool lex_fixed(idl_lexer *lexer, idl_token *token, const char *start, const char *end)
{
    const char *at = digits(start);
    if (*at == '.') {
        at = digits(at + 1);
    }
    if (at + 1 != end || (*at != 'd' && *at != 'D')) {
        return false;
    }
    char *text = idl_arena_alloc(lexer->arena, IDL_FIXED_TEXT);
    token->kind = IDL_TOKEN_FIXED;
    if (idl_fixed_parse(start, (size_t)(at - start), text) != IDL_FAULT_NONE) {
        complain(lexer, token, start, end, IDL_DIAG_NUMBER_TOO_LARGE, "a fixed-point number has at most 31 digits");
    }
    token->string = text;
    return true;
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
    if (!hexadecimal && lex_fixed(lexer, token, start, end)) {
        return;
    }
    if (is_float && !hexadecimal) {
        lex_float(lexer, token, start, end);
    } else {
        lex_integer(lexer, token, start, end);
    }
}

/* Up to so many digits of the base. */
static uint32_t escape_digits(idl_lexer *lexer, int base, int most)
{
    uint32_t value = 0;
    for (int i = 0; i < most; i++) {
        const int digit = idl_hex_value(*lexer->at);
        if (digit < 0 || digit >= base) {
            break;
        }
        value = value * (uint32_t)base + (uint32_t)digit;
        lexer->at++;
    }
    return value;
}

/* Behind "\u": a code point, of one such sequence or of the two of a surrogate pair. */
static uint32_t unicode_escape(idl_lexer *lexer, idl_token *token, const char *backslash)
{
    if (idl_hex_value(*lexer->at) < 0) {
        complain(lexer, token, backslash, lexer->at, IDL_DIAG_ESCAPE_SEQUENCE, "\\u needs one to four hexadecimal digits");
        return '?';
    }
    const uint32_t value = escape_digits(lexer, 16, 4);
    if (value < 0xD800 || value > 0xDFFF) {
        return value;
    }
    if (value < 0xDC00 && lexer->at[0] == '\\' && lexer->at[1] == 'u' && idl_hex_value(lexer->at[2]) >= 0) {
        lexer->at += 2;
        const uint32_t low = escape_digits(lexer, 16, 4);
        if (low >= 0xDC00 && low <= 0xDFFF) {
            return 0x10000 + ((value - 0xD800) << 10) + (low - 0xDC00);
        }
    }
    complain(lexer, token, backslash, lexer->at, IDL_DIAG_ESCAPE_SEQUENCE, "this is half of a surrogate pair");
    return '?';
}

/* What an escape sequence stands for, a byte or, in a wide literal and behind \\u, a code point; at stands behind the backslash
 * and moves behind the sequence. */
static uint32_t escape(idl_lexer *lexer, idl_token *token, const char *backslash)
{
    static const char letters[] = "ntvbrfa\\?'\"";
    static const char meanings[] = "\n\t\v\b\r\f\a\\?'\"";
    const char *letter = *lexer->at == '\0' ? NULL : strchr(letters, *lexer->at);
    if (letter != NULL) {
        lexer->at++;
        return (uint32_t)meanings[letter - letters];
    }
    if (*lexer->at >= '0' && *lexer->at <= '7') {
        const uint32_t value = escape_digits(lexer, 8, 3);
        if (value > 255) {
            complain(lexer, token, backslash, lexer->at, IDL_DIAG_ESCAPE_SEQUENCE, "this escape sequence is larger than a byte");
        }
        return value & 0xFF;
    }
    if (*lexer->at == 'x' && idl_hex_value(lexer->at[1]) >= 0) {
        lexer->at++;
        return escape_digits(lexer, 16, 2);
    }
    if (*lexer->at == 'u') {
        lexer->at++;
        return unicode_escape(lexer, token, backslash);
    }
    const size_t length = lexer->at == lexer->end ? 0 : idl_utf8_length(lexer->at, lexer->end);
    if (length > 0 && *lexer->at != '\n') {
        lexer->at += length;
    }
    complain(lexer, token, backslash, lexer->at, IDL_DIAG_ESCAPE_SEQUENCE, "there is no such escape sequence");
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
            const bool is_code_point = token->is_wide || *lexer->at == 'u'; /* else a byte */
            const uint32_t code = escape(lexer, token, start);
            if (code == 0 && quote == '"') {
                complain(lexer, token, start, lexer->at, IDL_DIAG_STRING_WITH_NUL, "a string cannot contain NUL");
            }
            if (is_code_point) {
                length += idl_utf8_put(code, bytes + length);
            } else {
                bytes[length++] = (char)code;
            }
            continue;
        }
        const size_t step = idl_utf8_length(start, lexer->end);
        if (step == 0 || *start == '\0') {
            lexer->source->bad_bytes_reported = true;
            complain(lexer, token, start, start + 1, step == 0 ? IDL_DIAG_NOT_UTF8 : IDL_DIAG_NUL_BYTE,
                     step == 0 ? "this is not UTF-8" : "a NUL byte in the source");
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
        complain(lexer, token, start, lexer->at, IDL_DIAG_UNCLOSED_LITERAL, "this string is not closed on its line");
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
        complain(lexer, token, start, lexer->at, IDL_DIAG_UNCLOSED_LITERAL, "this character is not closed on its line");
    } else if (length == 0) {
        complain(lexer, token, start, lexer->at, IDL_DIAG_CHARACTER_LENGTH, "there is no character between the quotes");
    } else if (length != (token->is_wide ? idl_utf8_length(bytes, bytes + length) : 1)) {
        complain(lexer, token, start, lexer->at, IDL_DIAG_CHARACTER_LENGTH,
                 token->is_wide ? "a wchar is one character, and this is more" : "a char is one byte, and this is more");
    }
    token->integer = token->is_wide && !token->bad ? idl_utf8_get(bytes, length) : (unsigned char)bytes[0];
}
