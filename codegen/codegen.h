/** The back end: from a checked model (idl/model.h) to the text of C files. Nothing is read or written here; corbelc does that
 *  (codegen/output.h). Not thread-safe: one thread a run. */
#ifndef EMIT_CODEGEN_H
#define EMIT_CODEGEN_H

#include "idl/model.h"
#include "idl/warnings.h"

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/** What one main file becomes. */
typedef struct emit_output {
    const char *stem;  /* "bank", for bank.corbel.h and bank.corbel.c */
    const char *path;  /* of the IDL file, as given */
    const char *proto; /* of emit_protos(), which makes nothing else */
    size_t proto_length;
    const char *header;
    size_t header_length;
    const char *source;
    size_t source_length;
    const char *const *dependencies; /* NULL-terminated: the paths of the IDL file and of all that it includes */
} emit_output;

typedef struct emit_result {
    emit_output *outputs; /* one for each main file, in their order; none when there are errors */
    size_t n_outputs;
    uint32_t errors;
    uint32_t warnings;
    void *memory;
} emit_result;

/** unit: from a compilation without errors; it must outlive the result. diagnostics: where messages go; NULL: nowhere.
 *  Without memory: errors is not 0, and a message says so. The result is the caller's: emit_result_free(). */
emit_result emit_unit(const idl_unit *unit, FILE *diagnostics, uint32_t max_errors, idl_warning_options warn);
/** The same for .proto files, which say what travels (codegen/proto.h). */
emit_result emit_protos(const idl_unit *unit, FILE *diagnostics, uint32_t max_errors, idl_warning_options warn);
void emit_result_free(emit_result *result);

#endif /* EMIT_CODEGEN_H */
