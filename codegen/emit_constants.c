/* Constants: macros whose value has the type that the IDL says, after C's promotions, and which #if can read where they are
 * integers. Only strings can be longer than a line: they are broken into several literals. */
#include "codegen/emit.h"

#include "codegen/comment.h"
#include "idl/text.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static const char *character(idl_arena *arena, unsigned char c, char quote)
{
    static const char plain[] = "abtnvfr";
    if (c >= '\a' && c <= '\r') {
        static const char places[] = { '\a', '\b', '\t', '\n', '\v', '\f', '\r' };
        return emit_format(arena, "\\%c", plain[(const char *)memchr(places, c, sizeof places) - places]);
    }
    if (c == (unsigned char)quote || c == '\\' || c == '?') { /* "??/" would be a trigraph */
        return emit_format(arena, "\\%c", c);
    }
    return c >= 0x20 && c < 0x7F ? emit_format(arena, "%c", c) : emit_format(arena, "\\%03o", c);
}

/* What stands in the literal for the next character; moves *text behind it. */
static const char *next_character(idl_arena *arena, const char **text, const char *end)
{
    const size_t length = idl_utf8_length(*text, end);
    if (length > 1 && !emit_is_deceptive(*text, length)) {
        const char *whole = emit_format(arena, "%.*s", (int)length, *text);
        *text += length;
        return whole;
    }
    return character(arena, (unsigned char)*(*text)++, '"');
}

/* Broken behind spaces and line ends, where there are any. */
const char *emit_string_literal(idl_arena *arena, const char *text, size_t column, const char *before, const char *between)
{
    emit_buf one = { .arena = arena }, line = { .arena = arena }, lines = { .arena = arena };
    const char *const end = text + strlen(text);
    const size_t most = EMIT_COLUMNS - (emit_width(between) + strlen("\"\" \\"));
    size_t width = 0, good = 0; /* of the line; what of it may stand alone */
    while (text < end) {
        const char was = *text;
        const char *next = next_character(arena, &text, end);
        if (width + emit_width(next) > most) {
            const size_t taken = good > 0 ? good : line.length;
            emit(&lines, "%s\"%.*s\"", lines.length == 0 ? before : between, (int)taken, line.text);
            emit_buf rest = { .arena = arena };
            emit_raw(&rest, line.text + taken, line.length - taken);
            line = rest;
            width = line.text == NULL ? 0 : emit_width(line.text);
            good = 0;
        }
        emit(&line, "%s", next);
        emit(&one, "%s", next);
        width += emit_width(next);
        if (was == ' ' || was == '\n') {
            good = line.length;
        }
    }
    const char *whole = emit_format(arena, "\"%s\"", one.text == NULL ? "" : one.text);
    return column + emit_width(whole) <= EMIT_COLUMNS
               ? whole
               : emit_format(arena, "%s%s\"%s\"", lines.text == NULL ? "" : lines.text, lines.length == 0 ? before : between,
                             line.text == NULL ? "" : line.text);
}

/* The shortest text that gives the number back, marked as a floating one. */
static const char *float_literal(idl_arena *arena, double number, idl_type_kind kind)
{
    const char *text = NULL;
    const bool is_single = kind == IDL_FLOAT;
    for (int digits = 1; digits <= (is_single ? 9 : 17); digits++) {
        text = emit_format(arena, "%.*g", digits, number);
        if (is_single ? strtof(text, NULL) == (float)number : strtod(text, NULL) == number) {
            break;
        }
    }
    const char *mark = strpbrk(text, ".e") != NULL ? "" : ".0";
    const char *suffix = is_single ? "f" : kind == IDL_LONG_DOUBLE ? "L" : "";
    const char *literal = emit_format(arena, "%s%s%s", text, mark, suffix);
    return *text == '-' ? emit_format(arena, "(%s)", literal) : literal;
}

static const char *signed_literal(idl_arena *arena, const idl_value *value, bool is_long)
{
    const bool is_negative = value->negative && value->magnitude > 0;
    const bool is_lowest = is_negative && value->magnitude == UINT64_C(1) << (is_long ? 63 : 31);
    const uint64_t magnitude = value->magnitude - is_lowest; /* the lowest has no literal: one more, less one */
    const char *number =
        is_long ? emit_format(arena, "INT64_C(%" PRIu64 ")", magnitude) : emit_format(arena, "%" PRIu64, magnitude);
    return is_lowest ? emit_format(arena, "(-%s - 1)", number) : is_negative ? emit_format(arena, "(-%s)", number) : number;
}

static const char *integer_literal(idl_arena *arena, const idl_value *value, idl_type_kind kind)
{
    if (kind == IDL_UINT64) {
        return emit_format(arena, "UINT64_C(%" PRIu64 ")", value->magnitude);
    }
    if (kind == IDL_UINT32) {
        return emit_format(arena, "%" PRIu64 "u", value->magnitude);
    }
    return signed_literal(arena, value, kind == IDL_INT64);
}

/* A code point, and how it looks. */
static const char *wide_literal(idl_arena *arena, uint64_t point)
{
    char text[5] = "";
    if (point < 0x80) {
        text[0] = (char)point;
    } else if (point < 0x800) {
        text[0] = (char)(0xC0 | point >> 6);
        text[1] = (char)(0x80 | (point & 0x3F));
    } else if (point < 0x10000) {
        text[0] = (char)(0xE0 | point >> 12);
        text[1] = (char)(0x80 | (point >> 6 & 0x3F));
        text[2] = (char)(0x80 | (point & 0x3F));
    } else {
        text[0] = (char)(0xF0 | point >> 18);
        text[1] = (char)(0x80 | (point >> 12 & 0x3F));
        text[2] = (char)(0x80 | (point >> 6 & 0x3F));
        text[3] = (char)(0x80 | (point & 0x3F));
    }
    const size_t length = strlen(text);
    const bool is_seen = length > 0 && point > ' ' && point != 0x7F && idl_utf8_length(text, text + length) == length &&
                         !emit_is_deceptive(text, length);
    const char *literal = emit_format(arena, "0x%04" PRIX64 "u", point);
    return is_seen ? emit_format(arena, "%s /* %s */", literal, text) : literal;
}

static const char *constant(emit_run *run, const idl_type *type, const idl_value *value, size_t column)
{
    type = idl_type_resolve(type);
    switch (value->kind) {
    case IDL_VALUE_STRING:
    case IDL_VALUE_WSTRING:
        return emit_string_literal(run->arena, value->string, column, "\\\n    ", " \\\n    ");
    case IDL_VALUE_FIXED:
        return emit_format(run->arena, "\"%s\"", value->string);
    case IDL_VALUE_ENUM:
        return emit_name(run, value->enumerator);
    case IDL_VALUE_BOOLEAN:
        return value->magnitude != 0 ? "true" : "false";
    case IDL_VALUE_CHAR:
        return emit_format(run->arena, "'%s'", character(run->arena, (unsigned char)value->magnitude, '\''));
    case IDL_VALUE_WCHAR:
        return wide_literal(run->arena, value->magnitude);
    case IDL_VALUE_FLOAT:
        return float_literal(run->arena, value->number, type->kind);
    case IDL_VALUE_INTEGER:
        return integer_literal(run->arena, value, type->kind);
    case IDL_VALUE_BITS:
        return type->decl->bits > 32 ? emit_format(run->arena, "UINT64_C(0x%" PRIX64 ")", value->magnitude)
                                     : emit_format(run->arena, "0x%" PRIX64 "u", value->magnitude);
    case IDL_VALUE_NONE:
    default: /* a constant has a value */
        break;
    }
    return "0";
}

void emit_constant(emit_file *file, emit_buf *out, const idl_decl *decl)
{
    const char *head = emit_format(file->run->arena, "#define %s ", emit_name(file->run, decl));
    emit_strings facts = { .arena = file->run->arena };
    emit_add_unit(&facts, NULL, decl);
    emit_add_deprecation(&facts, NULL, decl);
    emit_comment(out, 0, decl->doc, &facts);
    emit(out, "%s%s\n", head, constant(file->run, decl->type, &decl->value, emit_width(head)));
}

const char *emit_literal(emit_run *run, const idl_type *type, const idl_value *value)
{
    return value->kind == IDL_VALUE_WCHAR ? emit_format(run->arena, "0x%04" PRIX64 "u", value->magnitude)
                                          : constant(run, type, value, 0);
}
