/* Messages for programs: one JSON object a line. All that is written is UTF-8: what is not in a file's name or text becomes
 * U+FFFD. */
#include "idl/diagnostics_forms.h"
#include "idl/text.h"

#include <string.h>

static void put_string(FILE *out, const char *text)
{
    const char *end = text + strlen(text);
    fputc('"', out);
    while (text < end) {
        const size_t length = idl_utf8_length(text, end);
        const unsigned char byte = (unsigned char)*text;
        if (length == 0) {
            fputs("\\ufffd", out);
        } else if (byte == '"' || byte == '\\') {
            fprintf(out, "\\%c", byte);
        } else if (byte < 0x20 || byte == 0x7F) {
            fprintf(out, "\\u%04x", byte);
        } else if (length == 2 && byte == 0xC2 && (unsigned char)text[1] < 0xA0) {
            fprintf(out, "\\u%04x", (unsigned char)text[1]); /* moves a terminal's cursor, too */
        } else {
            fwrite(text, 1, length, out);
        }
        text += length == 0 ? 1 : length;
    }
    fputc('"', out);
}

static void put_place(FILE *out, const idl_range *range)
{
    fputs("\"file\":", out);
    if (range->file == NULL) {
        fputs("null", out);
    } else {
        put_string(out, range->file->path);
    }
    if (range->file != NULL && range->line > 0) {
        fprintf(out, ",\"line\":%u,\"column\":%u,\"endColumn\":%u", range->line, range->column, range->column + range->length);
    }
}

void idl_message_as_json(FILE *out, const idl_message *message, idl_json_state *state)
{
    const bool is_note = message->id == NULL;
    if (is_note) {
        fputs(state->has_notes ? ",{" : "{", out);
        state->has_notes = true;
    } else {
        fputc('{', out);
        *state = (idl_json_state) { .is_open = true };
    }
    put_place(out, message->range);
    fprintf(out, ",\"severity\":\"%s\",", message->severity);
    if (!is_note) {
        fputs("\"id\":", out);
        put_string(out, message->id);
        fputc(',', out);
    }
    fputs("\"message\":", out);
    put_string(out, message->text);
    fputs(is_note ? "}" : ",\"notes\":[", out);
}

void idl_message_end_json(FILE *out, idl_json_state *state)
{
    if (state->is_open) {
        fputs("]}\n", out);
    }
    *state = (idl_json_state) { 0 };
}
