/** Messages: `file:line:col: error: text [id]`, the source line, a caret under the whole range; or JSON. */
#ifndef IDL_DIAGNOSTICS_H
#define IDL_DIAGNOSTICS_H

#include "idl/arena.h"
#include "idl/model.h"
#include "idl/warnings.h"

#include <stdint.h>
#include <stdio.h>

/** What is being written as JSON. */
typedef struct idl_json_state {
    bool is_open; /* an object without its end: notes may follow */
    bool has_notes;
} idl_json_state;

typedef struct idl_diagnostics {
    idl_arena *arena;
    FILE *out; /* NULL: nowhere; errors are counted all the same */
    uint32_t errors;
    uint32_t warnings;
    uint32_t max_errors;
    idl_warning_options warn;
    idl_json_state json;
    bool muted;                    /* the last error was a repetition: its notes are too */
    idl_range unclosed;            /* of the last literal that swallowed the rest of its line, perhaps braces; no file: none */
    struct idl_reported *reported; /* the places where errors were reported */
} idl_diagnostics;

#define IDL_PRINTF(text, first) __attribute__((format(printf, text, first)))

/** One error a place: a second one at the same line and column is dropped, with its notes (a file that is included twice, what
 *  follows from the first error). A range with line 0 stands for the file as a whole; one without a file for nothing at all.
 *  Leaves through idl_stop() when max_errors were reported and another one comes. */
void idl_error(idl_diagnostics *diagnostics, idl_diagnostic_id id, const idl_range *range, const char *format, ...)
    IDL_PRINTF(4, 5);

/** More about the error or warning before it. */
void idl_note(idl_diagnostics *diagnostics, const idl_range *range, const char *format, ...) IDL_PRINTF(3, 4);

/** Something to look at that is no error, unless the options say so. About an included file nothing is said: it will be when that
 *  is compiled. The id is a warning's. */
void idl_warning(idl_diagnostics *diagnostics, idl_diagnostic_id id, const idl_range *range, const char *format, ...)
    IDL_PRINTF(4, 5);

/** An error after which nothing more is read; it is never dropped. */
_Noreturn void idl_fatal(idl_diagnostics *diagnostics, idl_diagnostic_id id, const idl_range *range, const char *format, ...)
    IDL_PRINTF(4, 5);

/** Behind the last message: ends what is open. Without allocation; may be called again. */
void idl_diagnostics_end(idl_diagnostics *diagnostics);

/** An error without a place in a source, outside any run. path: of the file that it is about; NULL: none. out: NULL: nowhere. */
void idl_report_alone(FILE *out, const idl_warning_options *options, idl_diagnostic_id id, const char *path, const char *text);

#endif /* IDL_DIAGNOSTICS_H */
