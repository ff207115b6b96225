/** The IDL front end: from source files to a checked model (idl/model.h). Not thread-safe: one thread a unit. */
#ifndef IDL_IDL_H
#define IDL_IDL_H

#include "idl/model.h"
#include "idl/warnings.h"

#include <stdio.h>

typedef struct idl_define {
    const char *name;
    const char *value; /* "" for a bare -D name */
} idl_define;

typedef struct idl_options {
    const char *const *include_dirs; /* -I, searched in order after the including file's own folder */
    size_t n_include_dirs;
    const idl_define *defines;
    size_t n_defines;
    FILE *diagnostics;   /* where messages go; NULL: nowhere (fuzzing) */
    uint32_t max_errors; /* stop after so many; 0: 20 */
    size_t max_memory;   /* bytes; 0: IDL_MEMORY_LIMIT (idl/arena.h) */
    idl_warning_options warn;
} idl_options;

typedef struct idl_result {
    idl_unit *unit; /* complete only when errors is 0; NULL when memory ran out or a limit (max_errors too) ended the run */
    uint32_t errors;
    uint32_t warnings;
} idl_result;

/** Reads, parses and checks the files and all that they include as one unit. The unit is the caller's: idl_unit_free(). */
idl_result idl_compile(const idl_options *options, const char *const *paths, size_t n_paths);

/** The same for text in memory, named name in messages; #include finds files as usual. What the fuzz target and tests call. */
idl_result idl_compile_text(const idl_options *options, const char *name, const char *text, size_t length);

/** Takes NULL. */
void idl_unit_free(idl_unit *unit);

#endif /* IDL_IDL_H */
