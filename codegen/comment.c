/* What a comment must not hold: its own end, the start of another one (-Wcomment), trigraphs (-Wtrigraphs), control
 * characters, and the characters that turn the writing direction round (-Wbidi-chars; a reader would be deceived). */
#include "codegen/comment.h"

#include "idl/text.h"

#include <stdbool.h>
#include <string.h>

bool emit_is_deceptive(const char *at, size_t length)
{
    if (length == 2 && (unsigned char)at[0] == 0xC2 && (unsigned char)at[1] < 0xA0) {
        return true; /* C1 controls */
    }
    if (length != 3 || (unsigned char)at[0] != 0xE2) {
        return false;
    }
    const unsigned char second = (unsigned char)at[1], third = (unsigned char)at[2];
    return (second == 0x80 && (third == 0x8E || third == 0x8F || (third >= 0xAA && third <= 0xAE))) ||
           (second == 0x81 && third >= 0xA6 && third <= 0xA9);
}

static const char *harmless(idl_arena *arena, const char *text)
{
    const char *end = text + strlen(text);
    emit_buf clean = { .arena = arena };
    emit_raw(&clean, "", 0);
    while (text < end) {
        const size_t length = idl_utf8_length(text, end);
        const char last = clean.length > 0 ? clean.text[clean.length - 1] : '\0';
        if (length == 0) {
            emit_raw(&clean, "?", 1);
            text++;
            continue;
        }
        if (length == 1 && (unsigned char)*text < 0x20 && *text != '\n') {
            if (*text == '\t') {
                emit_raw(&clean, " ", 1);
            }
        } else if (!emit_is_deceptive(text, length)) {
            if ((last == '*' && *text == '/') || (last == '/' && *text == '*') || (last == '?' && *text == '?')) {
                emit_raw(&clean, " ", 1);
            }
            emit_raw(&clean, text, length);
        }
        text += length;
    }
    return clean.text;
}

/* One line of text, broken where it is too long: "first" is what the first line starts with, "next" the following ones. */
static void wrap(emit_strings *lines, const char *text, size_t length, size_t width)
{
    while (length > 0) {
        const char *cut = NULL; /* the last space that leaves a line that fits, else the first of all */
        size_t column = 0;
        for (size_t i = 0; i < length; i++) {
            if (text[i] == ' ' && i > 0 && text[i - 1] != ' ' && (cut == NULL || column <= width)) {
                cut = text + i;
            }
            column += ((unsigned char)text[i] & 0xC0) != 0x80;
            if (column > width && cut != NULL) {
                break;
            }
        }
        if (column <= width || cut == NULL) {
            cut = text + length;
        }
        emit_add(lines, "%.*s", (int)(cut - text), text);
        length -= (size_t)(cut - text);
        text = cut;
        while (length > 0 && *text == ' ') {
            text++;
            length--;
        }
    }
}

static void wrap_lines(emit_strings *lines, const char *text, size_t width)
{
    while (*text != '\0') {
        size_t length = strcspn(text, "\n");
        const size_t whole = length;
        while (length > 0 && text[length - 1] == ' ') {
            length--;
        }
        if (length == 0) {
            emit_add(lines, "%s", "");
        } else {
            wrap(lines, text, length, width);
        }
        text += whole;
        text += *text == '\n';
    }
}

static void comment_lines(emit_buf *out, int indent, const char *start, const emit_strings *lines)
{
    const char *pad = strlen(start) == 3 ? " * " : " *";
    for (size_t i = 0; i < lines->length; i++) {
        const char *line = lines->items[i];
        const bool last = i + 1 == lines->length;
        if (line[0] == '\0' && i > 0 && !last) {
            emit(out, "%*s *\n", indent, "");
        } else {
            emit(out, "%*s%s %s%s\n", indent, "", i == 0 ? start : pad, line, last ? " */" : "");
        }
    }
}

void emit_comment(emit_buf *out, int indent, const char *doc, const emit_strings *facts)
{
    const size_t width = EMIT_COLUMNS - (size_t)indent - strlen("/**  */");
    emit_strings lines = { .arena = out->arena };
    if (doc != NULL) {
        wrap_lines(&lines, harmless(out->arena, doc), width);
    }
    if (facts != NULL && facts->length > 0) {
        emit_buf text = { .arena = out->arena };
        for (size_t i = 0, column = 0; i < facts->length; i++) { /* a line ends between two facts, if that can be */
            const char *fact = harmless(out->arena, facts->items[i]);
            const bool fits = column + 1 + emit_width(fact) <= width;
            emit(&text, "%s%s", i == 0 ? "" : fits ? " " : "\n", fact);
            column = (fits && i > 0 ? column + 1 : 0) + emit_width(fact);
        }
        wrap_lines(&lines, text.text, width);
    }
    comment_lines(out, indent, "/**", &lines);
}

void emit_remark(emit_buf *out, const char *text)
{
    emit_strings lines = { .arena = out->arena };
    wrap_lines(&lines, text, EMIT_COLUMNS - strlen("/*  */"));
    comment_lines(out, 0, "/*", &lines);
}

const char *emit_inline_doc(idl_arena *arena, const char *doc)
{
    if (doc == NULL || doc[0] == '\0' || strchr(doc, '\n') != NULL) {
        return NULL;
    }
    return harmless(arena, doc);
}

void emit_heading(emit_buf *out, const char *title, const char *doc)
{
    const char *line = emit_inline_doc(out->arena, doc);
    const char *head = emit_format(out->arena, "/* ---- %s ", title);
    if (line != NULL) {
        const char *longer = emit_format(out->arena, "/* ---- %s: %s ", title, line);
        if (emit_width(longer) + strlen("---- */") <= EMIT_COLUMNS) {
            head = longer;
        } else {
            line = NULL;
        }
    }
    emit_gap(out);
    emit(out, "%s", head);
    for (size_t column = emit_width(head); column < EMIT_COLUMNS - strlen(" */"); column++) {
        emit(out, "-");
    }
    emit(out, " */\n");
    if (doc != NULL && line == NULL) { /* a plain comment: tools would take a doc comment for that of the next declaration */
        emit_remark(out, harmless(out->arena, doc));
    }
    emit(out, "\n");
}
