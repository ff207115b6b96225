/* One run: names, checks, and then, only if all is well, text. */
#include "codegen/codegen.h"

#include "codegen/emit.h"
#include "codegen/proto.h"

#include <stdlib.h>

#define DEFAULT_MAX_ERRORS 20

typedef struct memory {
    idl_arena arena;
    idl_diagnostics diagnostics;
    emit_result result;
    jmp_buf stop;
} memory;

static const char *const *dependencies_of(const emit_file *file)
{
    const char **paths = idl_arena_alloc(file->run->arena, (file->n_closure + 2) * sizeof *paths);
    paths[0] = file->file->path;
    for (size_t i = 0; i < file->n_closure; i++) {
        paths[i + 1] = file->closure[i]->file->path;
    }
    return paths;
}

static void emit_one(emit_file *file, emit_output *output)
{
    emit_buf header = { .arena = file->run->arena }, source = { .arena = file->run->arena };
    emit_header(file, &header);
    emit_source(file, &source);
    *output = (emit_output) {
        .stem = file->stem,
        .path = file->file->path,
        .header = header.text,
        .header_length = header.length,
        .source = source.text,
        .source_length = source.length,
        .dependencies = dependencies_of(file),
    };
}

static void run_all(const idl_unit *unit, idl_diagnostics *diagnostics, emit_result *result)
{
    emit_run *run = emit_run_new(diagnostics->arena, unit, diagnostics);
    emit_gate(run);
    if (diagnostics->errors > 0) {
        return;
    }
    size_t n = 0;
    for (emit_file *file = run->files; file != NULL; file = file->next) {
        if (file->file->is_main) {
            emit_names_give(file);
            emit_views_collect(file);
            emit_streams_collect(file);
            emit_check(file);
            n++;
        }
    }
    if (diagnostics->errors > 0) {
        return;
    }
    emit_output *outputs = idl_arena_alloc(diagnostics->arena, (n + 1) * sizeof *outputs);
    size_t i = 0;
    for (emit_file *file = run->files; file != NULL; file = file->next) {
        if (file->file->is_main) {
            emit_one(file, &outputs[i++]);
        }
    }
    result->outputs = outputs;
    result->n_outputs = n;
}

static void run_protos(const idl_unit *unit, idl_diagnostics *diagnostics, emit_result *result)
{
    proto_run *all = proto_names_give(emit_run_new(diagnostics->arena, unit, diagnostics));
    emit_output *outputs = idl_arena_alloc(diagnostics->arena, (all->n_files + 1) * sizeof *outputs);
    size_t n = 0;
    for (size_t i = 0; i < all->n_files; i++) {
        const emit_file *file = all->files[i].file;
        if (file->file->is_main) {
            emit_buf text = { .arena = diagnostics->arena };
            proto_emit(all, &all->files[i], &text);
            outputs[n++] = (emit_output) {
                .stem = file->stem,
                .path = file->file->path,
                .proto = text.text,
                .proto_length = text.length,
                .dependencies = dependencies_of(file),
            };
        }
    }
    result->outputs = outputs;
    result->n_outputs = diagnostics->errors > 0 ? 0 : n;
}

typedef void run_function(const idl_unit *unit, idl_diagnostics *diagnostics, emit_result *result);

/* Where idl_stop() comes back to, with why; 0: it ran to its end. */
static int run_guarded(memory *held, const idl_unit *unit, run_function *run)
{
    const int stopped = setjmp(held->stop);
    if (stopped == 0) {
        run(unit, &held->diagnostics, &held->result);
    }
    return stopped;
}

static emit_result run_one(run_function *run, const idl_unit *unit, FILE *diagnostics, uint32_t max_errors,
                           idl_warning_options warn)
{
    emit_result result = { 0 };
    memory *held = calloc(1, sizeof *held);
    int stopped = held == NULL ? IDL_STOP_MEMORY : 0;
    if (held != NULL) {
        held->arena.stop = &held->stop;
        held->diagnostics =
            (idl_diagnostics) { .arena = &held->arena, .out = diagnostics, .max_errors = max_errors, .warn = warn };
        if (max_errors == 0) {
            held->diagnostics.max_errors = DEFAULT_MAX_ERRORS;
        }
        stopped = run_guarded(held, unit, run);
        idl_diagnostics_end(&held->diagnostics);
        if (stopped == 0) {
            result = held->result;
        }
        result.errors = held->diagnostics.errors;
        result.warnings = held->diagnostics.warnings;
        result.memory = held;
    }
    if (stopped == IDL_STOP_MEMORY) {
        result.errors++;
        idl_report_alone(diagnostics, &warn, IDL_DIAG_OUT_OF_MEMORY, NULL, "out of memory");
    }
    return result;
}

emit_result emit_unit(const idl_unit *unit, FILE *diagnostics, uint32_t max_errors, idl_warning_options warn)
{
    return run_one(run_all, unit, diagnostics, max_errors, warn);
}

emit_result emit_protos(const idl_unit *unit, FILE *diagnostics, uint32_t max_errors, idl_warning_options warn)
{
    return run_one(run_protos, unit, diagnostics, max_errors, warn);
}

void emit_result_free(emit_result *result)
{
    memory *held = result->memory;
    if (held != NULL) {
        idl_arena_free(&held->arena);
        free(held);
    }
    *result = (emit_result) { 0 };
}
