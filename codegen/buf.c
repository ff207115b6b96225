/* Growing doubles. A small text leaves its earlier ones in the arena; a large one has a block of its own, which grows. */
#include "codegen/buf.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define SMALLEST 128
#define LARGE ((size_t)64 << 10)

static void reserve(emit_buf *out, size_t more)
{
    if (out->length + more < out->capacity) {
        return;
    }
    size_t capacity = out->capacity == 0 ? SMALLEST : out->capacity;
    while (capacity <= out->length + more) {
        capacity *= 2;
    }
    const bool was_large = out->capacity >= LARGE;
    char *text = capacity >= LARGE ? idl_arena_resize(out->arena, was_large ? out->text : NULL, capacity)
                                   : idl_arena_alloc(out->arena, capacity);
    if (out->length > 0 && !was_large) {
        memcpy(text, out->text, out->length);
    }
    out->text = text;
    out->capacity = capacity;
}

void emit_buf_end(emit_buf *out)
{
    if (out->capacity >= LARGE) {
        idl_arena_release(out->arena, out->text);
    }
    *out = (emit_buf) { .arena = out->arena };
}

void emit_raw(emit_buf *out, const char *text, size_t length)
{
    reserve(out, length);
    memcpy(out->text + out->length, text, length);
    out->length += length;
    out->text[out->length] = '\0';
}

/* What vsnprintf() does. Nearly all formats here have no directive but %s, and the C library takes most of the compiler's time
 * over them: so those are done here, and the others there. */
static int format_into(char *to, size_t room, const char *format, va_list arguments)
{
    for (const char *at = strchr(format, '%'); at != NULL; at = strchr(at + 2, '%')) {
        if (at[1] != 's') {
            return vsnprintf(to, room, format, arguments);
        }
    }
    size_t length = 0;
    for (const char *at = format; *at != '\0';) {
        const bool is_text = *at == '%';
        const char *piece = is_text ? va_arg(arguments, const char *) : at;
        const size_t size = is_text ? strlen(piece) : strcspn(at, "%");
        if (length < room) {
            memcpy(to + length, piece, size < room - length ? size : room - length);
        }
        length += size;
        at += is_text ? 2 : size;
    }
    if (room > 0) {
        to[length < room ? length : room - 1] = '\0';
    }
    return (int)length;
}

static void append(emit_buf *out, const char *format, va_list arguments)
{
    va_list again;
    va_copy(again, arguments);
    reserve(out, 1);
    int needed = format_into(out->text + out->length, out->capacity - out->length, format, arguments);
    if (needed < 0) { /* an encoding error: there are no wide characters here */
        needed = 0;
        out->text[out->length] = '\0';
    } else if ((size_t)needed >= out->capacity - out->length) {
        reserve(out, (size_t)needed);
        format_into(out->text + out->length, out->capacity - out->length, format, again);
    }
    out->length += (size_t)needed;
    va_end(again);
}

void emit(emit_buf *out, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    append(out, format, arguments);
    va_end(arguments);
}

void emit_gap(emit_buf *out)
{
    if (out->length < 2 || out->text[out->length - 2] != '\n') {
        emit(out, "\n");
    }
}

static const char *format_list(idl_arena *arena, const char *format, va_list arguments)
{
    va_list again;
    va_copy(again, arguments);
    const int needed = format_into(NULL, 0, format, arguments);
    const size_t size = needed < 0 ? 1 : (size_t)needed + 1;
    char *text = idl_arena_alloc(arena, size);
    format_into(text, size, format, again);
    va_end(again);
    return text;
}

const char *emit_format(idl_arena *arena, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    const char *text = format_list(arena, format, arguments);
    va_end(arguments);
    return text;
}

static void add_text(emit_strings *list, const char *text)
{
    if (list->length == list->capacity) {
        list->capacity = list->capacity == 0 ? 8 : list->capacity * 2;
        const char **items = idl_arena_alloc(list->arena, list->capacity * sizeof *items);
        if (list->length > 0) {
            memcpy(items, list->items, list->length * sizeof *items);
        }
        list->items = items;
    }
    list->items[list->length++] = text;
}

void emit_add(emit_strings *list, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    add_text(list, format_list(list->arena, format, arguments));
    va_end(arguments);
}

void emit_add_list(emit_strings *list, const emit_strings *more)
{
    for (size_t i = 0; i < more->length; i++) {
        add_text(list, more->items[i]);
    }
}

size_t emit_width(const char *text)
{
    size_t width = 0;
    for (; *text != '\0'; text++) {
        width += ((unsigned char)*text & 0xC0) != 0x80;
    }
    return width;
}

static size_t indentation(const char *text)
{
    return strspn(text, " ");
}

static size_t widest(const emit_strings *items)
{
    size_t most = 0;
    for (size_t i = 0; i < items->length; i++) {
        const size_t width = emit_width(items->items[i]);
        most = width > most ? width : most;
    }
    return most;
}

void emit_list(emit_buf *out, const char *head, const emit_strings *items, const char *tail)
{
    size_t all = emit_width(head) + emit_width(tail);
    for (size_t i = 0; i < items->length; i++) {
        all += emit_width(items->items[i]) + (i > 0 ? 2 : 0);
    }
    emit(out, "%s", head);
    size_t indent = emit_width(head);
    size_t column = indent;
    if (all > EMIT_COLUMNS && items->length > 0 && indent + widest(items) + 1 + strlen(tail) > EMIT_COLUMNS) {
        indent = indentation(head) + 4;
        emit(out, "\n%*s", (int)indent, "");
        column = indent;
    }
    for (size_t i = 0; i < items->length; i++) {
        const size_t width = emit_width(items->items[i]);
        const size_t behind = i + 1 < items->length ? 1 : emit_width(tail);
        if (all > EMIT_COLUMNS && i > 0) {
            if (column + 1 + width + behind > EMIT_COLUMNS) {
                emit(out, "\n%*s", (int)indent, "");
                column = indent;
            } else {
                emit(out, " ");
                column += 1;
            }
        } else if (i > 0) {
            emit(out, " ");
        }
        emit(out, "%s%s", items->items[i], i + 1 < items->length ? "," : "");
        column += width + 1;
    }
    emit(out, "%s\n", tail);
}

/* The last place where a row may be broken so that the part before it, with its comma, has at most room bytes; if there is none,
 * the first; NULL: the row has no such place. Places are the ", " between the fields of an initialiser, not those inside of
 * texts, or deeper inside of parentheses and braces. */
static const char *break_place(const char *row, size_t room, int deepest)
{
    const char *found = NULL;
    int depth = *row == '{' ? 0 : 1; /* the rest of a broken row starts inside */
    bool in_text = false;
    for (const char *at = row; *at != '\0'; at++) {
        if (*at == '"') {
            in_text = !in_text;
        } else if (in_text) {
            at += *at == '\\';
        } else if (*at == '{' || *at == '(') {
            depth++;
        } else if (*at == '}' || *at == ')') {
            depth--;
        } else if (*at == ',' && at[1] == ' ' && depth >= 1 && depth <= deepest) {
            if (found != NULL && (size_t)(at + 1 - row) > room) {
                break;
            }
            found = at;
        }
    }
    return found;
}

static void emit_row(emit_buf *out, int indent, const char *row)
{
    const char *const rest = strchr(row, '\n');
    if (rest != NULL) { /* broken already: as it is, but for the first line */
        const char *const first =
            emit_format(out->arena, "%.*s", (int)(rest - row - 1), row); /* emit_row() ends it with a comma */
        emit_row(out, indent, first);
        for (const char *at = rest; *at != '\0';) {
            const size_t length = strcspn(++at, "\n");
            emit(out, "%*s%.*s%s\n", indent + 2, "", (int)length, at, at[length] == '\0' ? "," : "");
            at += length;
        }
        return;
    }
    size_t width = (size_t)indent + 1 + emit_width(row);
    while (width > EMIT_COLUMNS) {
        const size_t room = EMIT_COLUMNS - (size_t)indent;
        const char *place = break_place(row, room, 1);
        if (place == NULL || (size_t)(place + 1 - row) > room) { /* one field alone is too long */
            place = break_place(row, room, 2);
        }
        if (place == NULL) {
            break;
        }
        emit(out, "%*s%.*s,\n", indent, "", (int)(place - row), row);
        indent += *row == '{' ? 2 : 0;
        row = place + 2;
        width = (size_t)indent + 1 + emit_width(row);
    }
    emit(out, "%*s%s,\n", indent, "", row);
}

void emit_rows(emit_buf *out, const char *head, const emit_strings *rows, const char *tail)
{
    const int indent = (int)indentation(head);
    size_t all = emit_width(head) + emit_width(tail) + 2;
    for (size_t i = 0; i < rows->length; i++) {
        all += emit_width(rows->items[i]) + (i > 0 ? 2 : 0);
        all += strchr(rows->items[i], '\n') != NULL ? EMIT_COLUMNS : 0;
    }
    if (all <= EMIT_COLUMNS) {
        emit(out, "%s ", head);
        for (size_t i = 0; i < rows->length; i++) {
            emit(out, "%s%s", i > 0 ? ", " : "", rows->items[i]);
        }
        emit(out, " %s\n", tail);
        return;
    }
    emit(out, "%s\n", head);
    for (size_t i = 0; i < rows->length; i++) {
        emit_row(out, indent + 4, rows->items[i]);
    }
    emit(out, "%*s%s\n", indent, "", tail);
}

static const emit_strings *or_void(emit_buf *out, const emit_strings *params, emit_strings *none)
{
    if (params->length > 0) {
        return params;
    }
    *none = (emit_strings) { .arena = out->arena };
    emit_add(none, "void");
    return none;
}

void emit_function(emit_buf *out, const char *prefix, const char *name, const emit_strings *params, const char *tail)
{
    emit_strings none;
    const char *head = emit_format(out->arena, "%s%s(", prefix, name);
    if (emit_width(head) > EMIT_COLUMNS - 8) {
        const size_t end = strlen(prefix) - (prefix[strlen(prefix) - 1] == ' ');
        emit(out, "%.*s\n", (int)end, prefix);
        head = emit_format(out->arena, "%s(", name);
    }
    emit_list(out, head, or_void(out, params, &none), emit_format(out->arena, ")%s", tail));
}

void emit_statement(emit_buf *out, int indent, const char *statement)
{
    int column = indent;
    while ((int)strlen(statement) + column > EMIT_COLUMNS) {
        const char *cut = NULL;
        for (const char *c = statement; *c != '\0' && (cut == NULL || (c - statement) + column <= EMIT_COLUMNS); c++) {
            cut = *c == ' ' && (c[-1] == ',' || c[-1] == '=') ? c : cut;
        }
        if (cut == NULL) {
            break;
        }
        emit(out, "%*s%.*s\n", column, "", (int)(cut - statement), statement);
        statement = cut + 1;
        column = indent + 4;
    }
    emit(out, "%*s%s\n", column, "", statement);
}

void emit_short_function(emit_buf *out, const char *prefix, const char *name, const emit_strings *params, const char *statement)
{
    emit_strings none;
    const emit_strings *all = or_void(out, params, &none);
    size_t width = strlen(prefix) + strlen(name) + strlen(statement) + strlen("() {  }");
    for (size_t i = 0; i < all->length; i++) {
        width += emit_width(all->items[i]) + (i > 0 ? 2 : 0);
    }
    if (width <= EMIT_COLUMNS) {
        emit_function(out, prefix, name, params, emit_format(out->arena, " { %s }", statement));
    } else {
        emit_function(out, prefix, name, params, "");
        emit(out, "{\n");
        emit_statement(out, 4, statement);
        emit(out, "}\n");
    }
}
