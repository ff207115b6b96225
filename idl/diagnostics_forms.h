/** The two forms of a message: text and JSON. Neither allocates. Only diagnostics*.c include this. */
#ifndef IDL_DIAGNOSTICS_FORMS_H
#define IDL_DIAGNOSTICS_FORMS_H

#include "idl/diagnostics.h"

typedef struct idl_message {
    const idl_range *range; /* without a file: no place; with line 0: the file as a whole */
    const char *severity;   /* "error", "warning", "note" */
    const char *id;         /* NULL: a note */
    const char *text;       /* any bytes */
} idl_message;

/** A line, and for a place the source line and carets. */
void idl_message_as_text(FILE *out, const idl_message *message);

/** An object that stays open for notes; a note goes into the one that is open. */
void idl_message_as_json(FILE *out, const idl_message *message, idl_json_state *state);

/** Ends the object that is open, if any, and its line. */
void idl_message_end_json(FILE *out, idl_json_state *state);

#endif /* IDL_DIAGNOSTICS_FORMS_H */
