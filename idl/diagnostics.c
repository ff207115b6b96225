/* Which messages are given: repetitions, warnings that are off and too many errors are not. How they look: diagnostics_forms.h.
 */
#include "idl/diagnostics.h"

#include "idl/diagnostics_forms.h"

#include <stdarg.h>
#include <string.h>

typedef struct idl_reported {
    struct idl_reported *next;
    idl_range range;
} idl_reported;

/* id: NULL for a note. */
static void report(idl_diagnostics *diagnostics, const idl_range *range, const char *severity, const char *id, const char *format,
                   va_list arguments)
{
    if (diagnostics->out == NULL) {
        return;
    }
    char text[1024];
    vsnprintf(text, sizeof text, format, arguments);
    const idl_message message = { .range = range, .severity = severity, .id = id, .text = text };
    if (!diagnostics->warn.as_json) {
        idl_message_as_text(diagnostics->out, &message);
        return;
    }
    if (id != NULL) {
        idl_diagnostics_end(diagnostics);
    }
    idl_message_as_json(diagnostics->out, &message, &diagnostics->json);
}

void idl_diagnostics_end(idl_diagnostics *diagnostics)
{
    if (diagnostics->out != NULL) {
        idl_message_end_json(diagnostics->out, &diagnostics->json);
    }
}

void idl_report_alone(FILE *out, const idl_warning_options *options, idl_diagnostic_id id, const char *path, const char *text)
{
    const idl_file file = { .path = path };
    const idl_range range = { .file = path == NULL ? NULL : &file };
    const idl_message message = { &range, "error", idl_diagnostic_kind_of(id)->id, text };
    idl_json_state json = { 0 };
    if (out == NULL) {
        return;
    }
    if (options->as_json) {
        idl_message_as_json(out, &message, &json);
        idl_message_end_json(out, &json);
    } else {
        idl_message_as_text(out, &message);
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
        char text[64];
        snprintf(text, sizeof text, "too many errors, stopped after %u", diagnostics->errors);
        idl_diagnostics_end(diagnostics);
        idl_report_alone(diagnostics->out, &diagnostics->warn, IDL_DIAG_TOO_MANY_ERRORS, NULL, text);
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

void idl_error(idl_diagnostics *diagnostics, idl_diagnostic_id id, const idl_range *range, const char *format, ...)
{
    diagnostics->muted = is_repetition(diagnostics, range);
    if (diagnostics->muted) {
        return;
    }
    count_error(diagnostics, range);
    va_list arguments;
    va_start(arguments, format);
    report(diagnostics, range, "error", idl_diagnostic_kind_of(id)->id, format, arguments);
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

void idl_warning(idl_diagnostics *diagnostics, idl_diagnostic_id id, const idl_range *range, const char *format, ...)
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
    report(diagnostics, range, diagnostics->warn.as_errors ? "error" : "warning", idl_diagnostic_kind_of(id)->id, format,
           arguments);
    va_end(arguments);
}

void idl_fatal(idl_diagnostics *diagnostics, idl_diagnostic_id id, const idl_range *range, const char *format, ...)
{
    count_error(diagnostics, range);
    va_list arguments;
    va_start(arguments, format);
    report(diagnostics, range, "error", idl_diagnostic_kind_of(id)->id, format, arguments);
    va_end(arguments);
    idl_stop(diagnostics->arena, IDL_STOP_ERRORS);
}
