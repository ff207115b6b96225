/* Formatting a text: puts the parts together. */
#include "idl/format.h"

#include "idl/format_pieces.h"

#include <stdlib.h>
#include <string.h>

/* What is to be freed, however it ends. */
typedef struct formatting {
    idl_arena arena;
    idl_diagnostics diagnostics;
    idl_pieces pieces;
    idl_shape shape;
    jmp_buf stop;
} formatting;

static bool is_alone(const char *start, const char *end)
{
    for (; start < end; start++) {
        if (*start != ' ' && *start != '\t' && *start != '\f') {
            return false;
        }
    }
    return true;
}

static void refuse_control(formatting *f, const idl_source *source, uint32_t line, const char *start, const char *at)
{
    const idl_range range = { .file = &source->file, .line = line, .column = (uint32_t)(at - start) + 1, .length = 1 };
    if (*at == '\0') {
        idl_error(&f->diagnostics, IDL_DIAG_NUL_BYTE, &range, "a NUL byte in the source");
        return;
    }
    idl_error(&f->diagnostics, IDL_DIAG_STRAY_CONTROL, &range, "%s in the middle of a line cannot be laid out",
              *at == '\r'   ? "a carriage return"
              : *at == '\v' ? "a vertical tab"
                            : "a form feed");
}

/* What of the characters that nobody sees has a place in the layout: lines that end in a carriage return and a line feed end in
 * the line feed, pages (form feeds alone in their line) become empty lines. Others are refused: they are blanks to a lexer and
 * none to the eye, and the preprocessor's rules about them are nowhere the same. NULL: refused. */
static const char *without_controls(formatting *f, const idl_source *source, size_t *ret_length)
{
    const char *const end = source->file.text + source->file.length;
    char *const made = idl_arena_alloc(&f->arena, source->file.length + 1);
    size_t length = 0;
    uint32_t line = 1;
    for (const char *start = source->file.text, *next = NULL; start < end; start = next, line++) {
        const char *const newline = memchr(start, '\n', (size_t)(end - start));
        const char *stop = newline == NULL ? end : newline;
        next = newline == NULL ? end : newline + 1;
        stop -= newline != NULL && stop > start && stop[-1] == '\r';
        const bool page = memchr(start, '\f', (size_t)(stop - start)) != NULL && is_alone(start, stop);
        for (const char *at = start; at < stop && !page; at++) {
            if (*at == '\r' || *at == '\v' || *at == '\f' || *at == '\0') {
                refuse_control(f, source, line, start, at);
                return NULL;
            }
            made[length++] = *at;
        }
        if (newline != NULL) {
            made[length++] = '\n';
        }
    }
    made[length] = '\0';
    *ret_length = length;
    return made;
}

static idl_format_result run(formatting *f, const char *name, const char *text, size_t length, char **ret_text,
                             size_t *ret_length)
{
    const idl_options options = { .diagnostics = f->diagnostics.out };
    idl_sources sources = { .arena = &f->arena, .diagnostics = &f->diagnostics, .options = &options };
    idl_lexer lexer;
    f->arena.stop = &f->stop;
    if (!idl_shape_init(&f->shape, &f->diagnostics, &f->pieces)) {
        return IDL_FORMAT_MEMORY;
    }
    const int stopped = setjmp(f->stop);
    if (stopped != 0) {
        return stopped == IDL_STOP_MEMORY ? IDL_FORMAT_MEMORY : IDL_FORMAT_ERRORS;
    }
    idl_source *source = idl_source_text(&sources, name, text, length);
    if (source == NULL) {
        return IDL_FORMAT_ERRORS;
    }
    source->file.text = without_controls(f, source, &source->file.length);
    if (source->file.text == NULL) {
        return IDL_FORMAT_ERRORS;
    }
    idl_lexer_init(&lexer, &f->arena, &f->diagnostics, source);
    if (!idl_pieces_scan(&lexer, &f->pieces, &f->shape)) {
        return IDL_FORMAT_ERRORS;
    }
    *ret_text = idl_pieces_layout(&f->pieces, ret_length);
    return *ret_text == NULL ? IDL_FORMAT_MEMORY : IDL_FORMAT_DONE;
}

idl_format_result idl_format(const char *name, const char *text, size_t length, FILE *diagnostics, char **ret_text,
                             size_t *ret_length)
{
    formatting *f = calloc(1, sizeof *f);
    idl_format_result result = IDL_FORMAT_MEMORY;
    if (f != NULL) {
        f->diagnostics = (idl_diagnostics) { .arena = &f->arena, .out = diagnostics, .max_errors = 20 };
        char *made = NULL;
        size_t made_length = 0;
        result = run(f, name, text, length, &made, &made_length);
        if (result == IDL_FORMAT_DONE) {
            *ret_text = made;
            *ret_length = made_length;
        }
        idl_shape_free(&f->shape);
        free(f->pieces.items);
        idl_arena_free(&f->arena);
        free(f);
    }
    if (result == IDL_FORMAT_MEMORY) {
        const idl_warning_options as_text = { 0 };
        idl_report_alone(diagnostics, &as_text, IDL_DIAG_OUT_OF_MEMORY, NULL, "out of memory");
    }
    return result;
}
