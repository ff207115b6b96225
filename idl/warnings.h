/** The warnings, each with the name by which it is turned off (-Wno-NAME) or made an error. */
#ifndef IDL_WARNINGS_H
#define IDL_WARNINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define IDL_WARNINGS(X)                                                                                                          \
    X(CONTEXT, "context")                         /* a context clause, which has no effect */                                    \
    X(DERIVED_NAME, "derived-name")               /* a name in C gives way */                                                    \
    X(KEYWORD_AS_NAME, "keyword-as-name")         /* a keyword that old IDL does not have is used as a name */                   \
    X(UNDEFINED_INTERFACE, "undefined-interface") /* declared, and never defined */                                              \
    X(UNKNOWN_ANNOTATION, "unknown-annotation")   /* kept, without a meaning */

typedef enum idl_warning_id {
#define X(name, text) IDL_WARNING_##name,
    IDL_WARNINGS(X)
#undef X
        IDL_N_WARNINGS
} idl_warning_id;

/** What is to be done with warnings. All zero: they are said. */
typedef struct idl_warning_options {
    uint32_t off;   /* a bit for each that is not said: 1 << id */
    bool as_errors; /* those that are said are errors */
} idl_warning_options;

/** "context". */
const char *idl_warning_name(idl_warning_id id);

/** The warning of that name; IDL_N_WARNINGS: there is none. */
idl_warning_id idl_warning_find(const char *name);

#endif /* IDL_WARNINGS_H */
