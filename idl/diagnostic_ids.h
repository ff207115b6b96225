/** The list of all messages: diagnostic_list.def as an enum, and what is known of each. An id that is not in the list does not
 *  compile. */
#ifndef IDL_DIAGNOSTIC_IDS_H
#define IDL_DIAGNOSTIC_IDS_H

#include <stdbool.h>
#include <stddef.h>

typedef enum idl_diagnostic_id {
#define IDL_WARNING(name, id, title, text, wrong, right) IDL_DIAG_##name,
#define IDL_ERROR(name, id, title, text, wrong, right) IDL_DIAG_##name,
#include "idl/diagnostic_list.def"
#undef IDL_WARNING
#undef IDL_ERROR
    IDL_N_DIAGNOSTICS
} idl_diagnostic_id;

typedef struct idl_diagnostic_kind {
    const char *id; /* "unknown-name" */
    bool is_warning;
    const char *title; /* "a name that is not declared" */
    const char *text;  /* some lines, without a newline at the end */
    const char *wrong; /* IDL that gives it; NULL: a short file cannot */
    const char *right; /* IDL that does not; NULL with wrong */
} idl_diagnostic_kind;

/** Constant, and never NULL. */
const idl_diagnostic_kind *idl_diagnostic_kind_of(idl_diagnostic_id id);

/** That of the id; IDL_N_DIAGNOSTICS: there is none. */
idl_diagnostic_id idl_diagnostic_find(const char *id);

/** The most similar id; NULL: none is near. */
const char *idl_diagnostic_suggest(const char *id);

#endif /* IDL_DIAGNOSTIC_IDS_H */
