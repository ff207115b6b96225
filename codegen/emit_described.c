/* What the tables repeat of the IDL for people: comments and annotations, as C string literals.
 *
 * A literal says exactly what the IDL says, whatever the bytes: quotes, backslashes, control characters, question marks in a row
 * (trigraphs) and characters that deceive a reader are escaped. C11 promises no literal above 4095 bytes: longer texts become
 * arrays. */
#include "codegen/emit.h"

#include "codegen/comment.h"
#include "idl/annotations.h"
#include "idl/text.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LITERAL_MOST 4095
#define PIECE_COLUMNS 72
#define BYTES_PER_LINE 16

/* ---- literals ---- */

/* One character of the text in a literal; returns how many bytes of the text it took. */
static size_t add_character(emit_buf *out, const char *at, const char *end, bool after_question)
{
    const size_t length = idl_utf8_length(at, end);
    const unsigned char byte = (unsigned char)*at;
    if (byte == '\n') {
        emit_raw(out, "\\n", 2);
    } else if (byte == '"' || byte == '\\' || (byte == '?' && after_question)) {
        emit(out, "\\%c", byte);
    } else if (length == 0 || byte < 0x20 || byte == 0x7F || emit_is_deceptive(at, length)) {
        for (size_t i = 0; i < (length == 0 ? 1 : length); i++) {
            emit(out, "\\%03o", (unsigned char)at[i]);
        }
    } else {
        emit_raw(out, at, length);
    }
    return length == 0 ? 1 : length;
}

/* The literal in pieces, each with its quotes: they end behind a newline, or behind a space where a piece would be too wide. */
static emit_strings literal_pieces(idl_arena *arena, const char *text)
{
    emit_strings pieces = { .arena = arena };
    const char *const end = text + strlen(text);
    do {
        emit_buf piece = { .arena = arena };
        size_t columns = 0, kept = 0; /* kept: of the piece's text, up to its last space */
        const char *next = text;
        emit_raw(&piece, "\"", 1);
        while (next < end && (columns < PIECE_COLUMNS || kept == 0)) {
            const char c = *next;
            const size_t before = piece.length;
            next += add_character(&piece, next, end, next > text && next[-1] == '?');
            columns += c == '\n' || next[-1] != c ? piece.length - before : emit_width(piece.text + before);
            if (c == '\n') {
                break;
            }
            kept = c == ' ' ? (size_t)(next - text) : kept;
        }
        if (next < end && next[-1] != '\n' && kept > 0 && kept < (size_t)(next - text)) {
            piece.length = 1;
            for (next = text; next < text + kept;) {
                next += add_character(&piece, next, end, next > text && next[-1] == '?');
            }
        }
        emit_add(&pieces, "%.*s\"", (int)piece.length, piece.text);
        text = next;
    } while (text < end);
    return pieces;
}

static emit_strings array_pieces(idl_arena *arena, const char *text)
{
    emit_strings pieces = { .arena = arena };
    emit_add(&pieces, "(const char[]){");
    for (const char *at = text; *at != '\0';) {
        emit_buf line = { .arena = arena };
        for (size_t i = 0; i < BYTES_PER_LINE && *at != '\0'; i++, at++) {
            emit(&line, "%s%d,", i == 0 ? "" : " ", *(const signed char *)at);
        }
        emit_add(&pieces, "%s", line.text);
    }
    emit_add(&pieces, "0 }");
    return pieces;
}

static emit_strings text_pieces(idl_arena *arena, const char *text)
{
    return strlen(text) > LITERAL_MOST ? array_pieces(arena, text) : literal_pieces(arena, text);
}

/* ---- annotations ---- */

static void add_quoted(emit_buf *out, const char *text, size_t length, char quote)
{
    emit(out, "%c", quote);
    for (size_t i = 0; i < length; i++) {
        const unsigned char byte = (unsigned char)text[i];
        if (byte == (unsigned char)quote || byte == '\\') {
            emit(out, "\\%c", byte);
        } else if (byte < 0x20 || byte == 0x7F) {
            emit(out, "\\%03o", byte);
        } else {
            emit_raw(out, text + i, 1);
        }
    }
    emit(out, "%c", quote);
}

static void add_number(emit_buf *out, double number)
{
    char text[40];
    int digits = 15;
    do {
        snprintf(text, sizeof text, "%.*g", digits, number);
    } while (digits++ < 17 && strtod(text, NULL) != number);
    emit(out, "%s%s", text, strpbrk(text, ".e") == NULL ? ".0" : "");
}

static void add_value(emit_buf *out, const idl_value *value, const idl_decl *definition)
{
    char code[4];
    switch (value->kind) {
    case IDL_VALUE_NONE:
        break;
    case IDL_VALUE_INTEGER:
    case IDL_VALUE_BITS:
        emit(out, "%s%" PRIu64, value->negative ? "-" : "", value->magnitude);
        break;
    case IDL_VALUE_FLOAT:
        add_number(out, value->number);
        break;
    case IDL_VALUE_BOOLEAN:
        emit(out, "%s", value->magnitude != 0 ? "TRUE" : "FALSE");
        break;
    case IDL_VALUE_CHAR:
        if (value->magnitude < 0x20 || value->magnitude >= 0x7F) {
            emit(out, "'\\%03o'", (unsigned)value->magnitude);
        } else {
            code[0] = (char)value->magnitude;
            add_quoted(out, code, 1, '\'');
        }
        break;
    case IDL_VALUE_WCHAR:
        emit(out, "L");
        add_quoted(out, code, idl_utf8_put((uint32_t)value->magnitude, code), '\'');
        break;
    case IDL_VALUE_STRING:
    case IDL_VALUE_WSTRING:
        emit(out, "%s", value->kind == IDL_VALUE_WSTRING ? "L" : "");
        add_quoted(out, value->string, strlen(value->string), '"');
        break;
    case IDL_VALUE_FIXED:
        emit(out, "%sd", value->string);
        break;
    case IDL_VALUE_ENUM: {
        const char *const scope = definition == NULL ? "" : definition->scoped_name;
        const size_t length = strlen(scope);
        const char *const name = value->enumerator->scoped_name;
        const bool is_own = length > 0 && strncmp(name, scope, length) == 0 && strncmp(name + length, "::", 2) == 0;
        emit(out, "%s", is_own ? value->enumerator->name : name); /* an annotation's own constants stand alone */
        break;
    }
    }
}

/* A word of a standard's own enum stands without quotes. */
static bool is_word(const idl_annotation *annotation, const char *name)
{
    const idl_standard_annotation *const standard =
        annotation->is_known && annotation->definition == NULL ? idl_standard_annotation_find(annotation->name) : NULL;
    for (size_t i = 0; standard != NULL && i < IDL_PARAMETERS_MOST && standard->parameters[i].name != NULL; i++) {
        if (strcmp(standard->parameters[i].name, name) == 0) {
            return standard->parameters[i].kind == IDL_PARAMETER_WORD;
        }
    }
    return false;
}

static void add_argument(emit_buf *out, const idl_annotation *annotation, const idl_argument *argument)
{
    if (strcmp(argument->name, "value") != 0) {
        emit(out, "%s=", argument->name);
    }
    if (argument->text != NULL) {
        emit(out, "%s", argument->text);
    } else if (is_word(annotation, argument->name)) {
        emit(out, "%s", argument->value.string);
    } else {
        add_value(out, &argument->value, annotation->definition);
    }
}

const char *emit_annotations(emit_run *run, const idl_annotation *first)
{
    emit_buf out = { .arena = run->arena };
    for (const idl_annotation *at = first; at != NULL; at = at->next) {
        emit(&out, "%s@%s", at == first ? "" : " ", at->definition != NULL ? at->definition->scoped_name : at->name);
        for (size_t i = 0; i < at->n_arguments; i++) {
            emit(&out, "%s", i == 0 ? "(" : ", ");
            add_argument(&out, at, &at->arguments[i]);
        }
        emit(&out, "%s", at->n_arguments > 0 ? ")" : "");
    }
    return out.text;
}

/* ---- in tables ---- */

static void add_field(emit_buf *out, const char *name, const char *text)
{
    if (text == NULL) {
        return;
    }
    const emit_strings pieces = text_pieces(out->arena, text);
    for (size_t i = 0; i < pieces.length; i++) {
        if (i == 0) {
            emit(out, "    .%s = %s", name, pieces.items[i]);
        } else {
            emit(out, "\n%*s%s", (int)strlen(name) + 8, "", pieces.items[i]);
        }
    }
    emit(out, ",\n");
}

void emit_described(emit_buf *out, const char *doc, const char *annotations)
{
    add_field(out, "doc", doc);
    add_field(out, "annotations", annotations);
}

static void add_row_field(emit_buf *row, const char *name, const char *text)
{
    if (text == NULL) {
        return;
    }
    const emit_strings pieces = text_pieces(row->arena, text);
    emit(row, ",%s.%s = %s", pieces.length > 1 ? "\n" : " ", name, pieces.items[0]);
    for (size_t i = 1; i < pieces.length; i++) {
        emit(row, "\n%*s%s", (int)strlen(name) + 4, "", pieces.items[i]);
    }
}

const char *emit_described_row(idl_arena *arena, const char *row, const char *doc, const char *annotations)
{
    emit_buf out = { .arena = arena };
    emit(&out, "%s", row);
    add_row_field(&out, "doc", doc);
    add_row_field(&out, "annotations", annotations);
    emit(&out, " }");
    return out.text;
}
