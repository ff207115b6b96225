/* Messages for people. What comes from a source file is printed with its control characters escaped: a message is always as many
 * lines as it should. */
#include "idl/diagnostics_forms.h"
#include "idl/text.h"

#include <string.h>

/* Longer source lines are shown in part: so many bytes before the range, so many in all. */
#define SHOWN_BEFORE 100
#define SHOWN_LENGTH 240

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

void idl_message_as_text(FILE *out, const idl_message *message)
{
    const idl_range *range = message->range;
    if (range->file != NULL) {
        put_text(out, range->file->path);
        if (range->line > 0) {
            fprintf(out, ":%u:%u", range->line, range->column);
        }
        fputs(": ", out);
    }
    fprintf(out, "%s: ", message->severity);
    put_text(out, message->text);
    if (message->id != NULL) {
        fprintf(out, " [%s]", message->id);
    }
    fputc('\n', out);
    if (range->file != NULL && range->line > 0) {
        put_source(out, range);
    }
}
