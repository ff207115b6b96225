/** Writing what a run made: all of it or, as far as a file system can promise that, nothing. */
#ifndef EMIT_OUTPUT_H
#define EMIT_OUTPUT_H

#include "codegen/codegen.h"
#include "idl/warnings.h"

#include <stdbool.h>
#include <stdio.h>

/** Writes <folder>/<stem>.corbel.h and .corbel.c, or <stem>.proto, of each output, with_dependencies also .corbel.d or .proto.d,
 * first to temporary files in that folder, then by renaming. A folder that does not exist is made, its parents are not. false: a
 * message went to diagnostics, and the files that were there are as they were (unless a rename failed after others had been
 * done). */
bool emit_write(const emit_result *result, const char *folder, bool with_dependencies, FILE *diagnostics,
                const idl_warning_options *warn);

/** A path as a make rule spells it; NULL: out of memory. The caller frees it. */
char *emit_make_path(const char *path);

#endif /* EMIT_OUTPUT_H */
