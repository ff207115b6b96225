/** Text under construction, in the arena of the run, and how lists are broken into lines of at most EMIT_COLUMNS. */
#ifndef EMIT_BUF_H
#define EMIT_BUF_H

#include "idl/arena.h"

#include <stddef.h>

#define EMIT_COLUMNS 100
#define EMIT_PRINTF(text, first) __attribute__((format(printf, text, first)))

typedef struct emit_buf {
    idl_arena *arena;
    char *text; /* NUL-terminated; NULL while empty */
    size_t length;
    size_t capacity;
} emit_buf;

/** Appends. */
void emit(emit_buf *out, const char *format, ...) EMIT_PRINTF(2, 3);
void emit_raw(emit_buf *out, const char *text, size_t length);

/** Empties it, and gives back what it had, as far as that is much. */
void emit_buf_end(emit_buf *out);

/** An empty line, unless there is one at the end already. */
void emit_gap(emit_buf *out);

/** A formatted text of its own. */
const char *emit_format(idl_arena *arena, const char *format, ...) EMIT_PRINTF(2, 3);

/** A growing list of texts. */
typedef struct emit_strings {
    idl_arena *arena;
    const char **items;
    size_t length;
    size_t capacity;
} emit_strings;

void emit_add(emit_strings *list, const char *format, ...) EMIT_PRINTF(2, 3);
void emit_add_list(emit_strings *list, const emit_strings *more);

/** head, the items separated by ", ", tail, and a newline: on one line if that fits, else one line after the other, aligned
 *  behind the head, or, behind a long head, indented by four more than the head. */
void emit_list(emit_buf *out, const char *head, const emit_strings *items, const char *tail);

/** The same, broken before every item (tables). An item may have lines of its own: the first ends with a comma, the others, at
 *  most 15 columns narrower than a line, are written as they are. */
void emit_rows(emit_buf *out, const char *head, const emit_strings *rows, const char *tail);

/** A function: prefix is the type with its space or star ("corbel_status ", "char *"), tail is ";" for a prototype or "" for
 *  a definition whose body follows in lines of its own. No parameters: void. */
void emit_function(emit_buf *out, const char *prefix, const char *name, const emit_strings *params, const char *tail);

/** A statement with its indentation and a newline; broken at spaces when it is too long. */
void emit_statement(emit_buf *out, int indent, const char *statement);

/** A function of one statement ("return x;"), on one line if that fits. */
void emit_short_function(emit_buf *out, const char *prefix, const char *name, const emit_strings *params, const char *statement);

/** How many columns the text takes: its UTF-8 characters. */
size_t emit_width(const char *text);

#endif /* EMIT_BUF_H */
