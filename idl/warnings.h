/** What is to be done with warnings, and the form of all messages: what the command line says about them. */
#ifndef IDL_WARNINGS_H
#define IDL_WARNINGS_H

#include "idl/diagnostic_ids.h"

#include <stdint.h>

/** All zero: warnings are said, as warnings, in text. */
typedef struct idl_warning_options {
    uint32_t off;   /* a bit for each warning that is not said: 1 << id; they are the first ids */
    bool as_errors; /* those that are said are errors */
    bool as_json;   /* each message is one line of JSON, notes inside (docs/diagnostics.md) */
} idl_warning_options;

/** The warning of that id; IDL_N_DIAGNOSTICS: there is none. */
idl_diagnostic_id idl_warning_find(const char *id);

#endif /* IDL_WARNINGS_H */
