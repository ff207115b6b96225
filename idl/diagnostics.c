/* What comes from a source file is printed with its control characters escaped: a message is always as many lines as it should.
 */
#include "idl/diagnostics.h"

#include "idl/text.h"

#include <stdarg.h>
#include <string.h>

/* Longer source lines are shown in part: so many bytes before the range, so many in all. */
#define SHOWN_BEFORE 100
#define SHOWN_LENGTH 240

typedef struct idl_reported {
    struct idl_reported *next;
    idl_range range;
} idl_reported;

/* Writes the character at the place, escaped if it would not print, to out (NULL: nowhere). Its bytes and its columns. */
static size_t put(FILE *out, const char *at, const char *end, size_t *ret_columns)
{
    const unsigned char byte = (unsigned char)*at;
    size_t length = idl_utf8_length(at, end);
    /* The second range, U+0080 to U+009F, moves a terminal's cursor as well. */
    const bool control = byte < 0x20 || byte == 0x7F || (length == 2 && byte == 0xC2 && (unsigned char)at[1] < 0xA0);
    if (control || length == 0) {
        length = length == 0 ? 1 : length;
        for (size_t i = 0; i < length && out != NULL; i++) {
            fprintf(out, "\\x%02x", (unsigned char)at[i]);
        }
        *ret_columns = 4 * length;
        return length;
    }
    if (out != NULL) {
        fwrite(at, 1, length, out);
    }
    *ret_columns = 1;
    return length;
}

static void put_text(FILE *out, const char *text)
{
    const char *end = text + strlen(text);
    size_t columns;
    while (text < end) {
        text += put(out, text, end, &columns);
    }
}

static void fill(FILE *out, char with, size_t columns)
{
    while (columns-- > 0) {
        fputc(with, out);
    }
}

/* The source line and the caret under the range. */
static void put_source(FILE *out, const idl_range *range)
{
    const char *line = range->file->text;
    const char *end = line + range->file->length;
    for (uint32_t i = 1; i < range->line; i++) {
        const char *newline = memchr(line, '\n', (size_t)(end - line));
        if (newline == NULL) {
            return;
        }
        line = newline + 1;
    }
    const char *newline = memchr(line, '\n', (size_t)(end - line));
    end = newline == NULL ? end : newline;
    if (end > line && end[-1] == '\r') {
        end--;
    }
    const size_t length = (size_t)(end - line);
    const size_t start = range->column - 1 < length ? range->column - 1 : length;
    const char *marked = line + start;
    const char *marked_end = range->length < length - start ? marked + range->length : end;

    const char *shown = start > SHOWN_BEFORE && length > SHOWN_LENGTH ? marked - SHOWN_BEFORE : line;
    const char *shown_end = (size_t)(end - shown) > SHOWN_LENGTH ? shown + SHOWN_LENGTH : end;
    while (shown > line && ((unsigned char)*shown & 0xC0) == 0x80) {
        shown--;
    }
    while (shown_end < end && shown_end > shown && ((unsigned char)*shown_end & 0xC0) == 0x80) {
        shown_end--;
    }
    fputs(shown > line ? "    ..." : "    ", out);
    size_t columns;
    for (const char *at = shown; at < shown_end;) {
        if (*at == '\t') {
            fputc(*at++, out);
        } else {
            at += put(out, at, shown_end, &columns);
        }
    }
    fputs(shown_end < end ? "...\n    " : "\n    ", out);
    fill(out, ' ', shown > line ? 3 : 0);
    const char *at = shown;
    bool any = false;
    while (at < marked_end && at < shown_end) {
        const bool under = at >= marked;
        if (*at == '\t') {
            fputc(*at++, out);
            continue;
        }
        at += put(NULL, at, shown_end, &columns);
        fill(out, under ? '^' : ' ', columns);
        any = any || under;
    }
    fputs(any ? "\n" : "^\n", out);
}

/* name: of a warning, or NULL. */
static void report(const idl_diagnostics *diagnostics, const idl_range *range, const char *kind, const char *name,
                   const char *format, va_list arguments)
{
    FILE *out = diagnostics->out;
    if (out == NULL) {
        return;
    }
    char text[1024];
    vsnprintf(text, sizeof text, format, arguments);
    if (range->file != NULL) {
        put_text(out, range->file->path);
        if (range->line > 0) {
            fprintf(out, ":%u:%u", range->line, range->column);
        }
        fputs(": ", out);
    }
    fprintf(out, "%s: ", kind);
    put_text(out, text);
    if (name != NULL) {
        fprintf(out, " [%s]", name);
    }
    fputc('\n', out);
    if (range->file != NULL && range->line > 0) {
        put_source(out, range);
    }
}

static bool is_repetition(const idl_diagnostics *diagnostics, const idl_range *range)
{
    if (range->line == 0) {
        return false;
    }
    for (const idl_reported *old = diagnostics->reported; old != NULL; old = old->next) {
        if (old->range.file == range->file && old->range.line == range->line && old->range.column == range->column) {
            return true;
        }
    }
    return false;
}

static void count_error(idl_diagnostics *diagnostics, const idl_range *range)
{
    if (diagnostics->errors == diagnostics->max_errors) {
        if (diagnostics->out != NULL) {
            fprintf(diagnostics->out, "error: too many errors, stopped after %u\n", diagnostics->errors);
        }
        idl_stop(diagnostics->arena, IDL_STOP_ERRORS);
    }
    diagnostics->errors++;
    if (range->line == 0) {
        return; /* not a place, and the file may not live as long as we do */
    }
    idl_reported *reported = idl_arena_alloc(diagnostics->arena, sizeof *reported);
    reported->range = *range;
    reported->next = diagnostics->reported;
    diagnostics->reported = reported;
}

void idl_error(idl_diagnostics *diagnostics, const idl_range *range, const char *format, ...)
{
    diagnostics->muted = is_repetition(diagnostics, range);
    if (diagnostics->muted) {
        return;
    }
    count_error(diagnostics, range);
    va_list arguments;
    va_start(arguments, format);
    report(diagnostics, range, "error", NULL, format, arguments);
    va_end(arguments);
}

void idl_note(idl_diagnostics *diagnostics, const idl_range *range, const char *format, ...)
{
    if (diagnostics->muted) {
        return;
    }
    va_list arguments;
    va_start(arguments, format);
    report(diagnostics, range, "note", NULL, format, arguments);
    va_end(arguments);
}

void idl_warning(idl_diagnostics *diagnostics, idl_warning_id id, const idl_range *range, const char *format, ...)
{
    const bool is_aside = range->file != NULL && !range->file->is_main;
    diagnostics->muted = is_aside || (diagnostics->warn.off & UINT32_C(1) << id) != 0;
    if (diagnostics->muted) {
        return;
    }
    if (diagnostics->warn.as_errors) {
        diagnostics->muted = is_repetition(diagnostics, range);
        if (diagnostics->muted) {
            return;
        }
        count_error(diagnostics, range);
    } else {
        diagnostics->warnings++;
    }
    va_list arguments;
    va_start(arguments, format);
    report(diagnostics, range, diagnostics->warn.as_errors ? "error" : "warning", idl_warning_name(id), format, arguments);
    va_end(arguments);
}

void idl_fatal(idl_diagnostics *diagnostics, const idl_range *range, const char *format, ...)
{
    count_error(diagnostics, range);
    va_list arguments;
    va_start(arguments, format);
    report(diagnostics, range, "error", NULL, format, arguments);
    va_end(arguments);
    idl_stop(diagnostics->arena, IDL_STOP_ERRORS);
}
