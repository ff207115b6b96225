/* One run: names, checks, and then, only if all is well, text. */
#include "codegen/codegen.h"

#include "codegen/emit.h"

#include <stdlib.h>

typedef struct memory {
    idl_arena arena;
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
    size_t n = 0;
    for (emit_file *file = run->files; file != NULL; file = file->next) {
        if (file->file->is_main) {
            emit_names_give(file);
            emit_views_collect(file);
            emit_check(file);
            n++;
        }
    }
    result->warnings = diagnostics->warnings;
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

emit_result emit_unit(const idl_unit *unit, FILE *out, uint32_t max_errors)
{
    emit_result result = { 0 };
    memory *held = calloc(1, sizeof *held);
    if (held == NULL) {
        if (out != NULL) {
            fputs("error: out of memory\n", out);
        }
        result.errors = 1;
        return result;
    }
    held->arena.stop = &held->stop;
    result.memory = held;
    idl_diagnostics *diagnostics = idl_arena_try(&held->arena, sizeof *diagnostics); /* in memory that a long jump leaves alone */
    if (diagnostics != NULL) {
        *diagnostics = (idl_diagnostics) { .arena = &held->arena, .out = out, .max_errors = max_errors == 0 ? 20 : max_errors };
    }
    emit_result *volatile made = &result;
    const int stopped = diagnostics == NULL ? IDL_STOP_MEMORY : setjmp(held->stop);
    if (stopped == 0) {
        run_all(unit, diagnostics, made);
    } else if (stopped == IDL_STOP_MEMORY && out != NULL) {
        fputs("error: out of memory\n", out);
    }
    result.errors = diagnostics == NULL ? 1 : diagnostics->errors;
    if (stopped != 0) {
        result.outputs = NULL;
        result.n_outputs = 0;
        result.errors += stopped == IDL_STOP_MEMORY;
    }
    return result;
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
