/* From files to a unit: puts the parts together, and is where idl_stop() comes back to. */
#include "idl/idl.h"

#include "idl/parser.h"

#include <stdlib.h>
#include <string.h>

#define DEFAULT_MAX_ERRORS 20

/* An idl_unit and its memory. It lives outside the arena that it owns. */
typedef struct compilation {
    idl_unit unit; /* first: an idl_unit of ours is a compilation */
    idl_arena arena;
    idl_diagnostics diagnostics;
    idl_sources sources;
    idl_preprocessor preprocessor;
    idl_parser parser;
    jmp_buf stop;
} compilation;

/* What to compile: paths, or one text. */
typedef struct idl_request {
    const idl_options *options;
    const char *const *paths;
    size_t n_paths;
    const char *name;
    const char *text;
    size_t length;
} idl_request;

static void wire(compilation *c, const idl_options *options)
{
    c->arena.stop = &c->stop;
    c->arena.limit = options->max_memory;
    c->diagnostics.arena = &c->arena;
    c->diagnostics.out = options->diagnostics;
    c->diagnostics.warn = options->warn;
    c->diagnostics.max_errors = options->max_errors == 0 ? DEFAULT_MAX_ERRORS : options->max_errors;
    c->sources.arena = &c->arena;
    c->sources.diagnostics = &c->diagnostics;
    c->sources.options = options;
    c->preprocessor.arena = &c->arena;
    c->preprocessor.diagnostics = &c->diagnostics;
    c->preprocessor.sources = &c->sources;
    c->preprocessor.options = options;
    c->parser.arena = &c->arena;
    c->parser.diagnostics = &c->diagnostics;
    c->parser.preprocessor = &c->preprocessor;
    c->parser.unit = &c->unit;
}

static void compile(compilation *c, const idl_request *request)
{
    const size_t n_mains = request->name != NULL ? 1 : request->n_paths;
    idl_source **mains = idl_arena_alloc(&c->arena, (n_mains + 1) * sizeof *mains);
    for (size_t i = 0; i < n_mains; i++) {
        mains[i] = request->name != NULL ? idl_source_text(&c->sources, request->name, request->text, request->length)
                                         : idl_source_main(&c->sources, request->paths[i]);
    }
    idl_type *bad_type = idl_arena_alloc(&c->arena, sizeof *bad_type);
    bad_type->kind = IDL_VOID;
    c->parser.bad_type = bad_type;
    idl_begin_scopes(&c->parser);
    for (size_t i = 0; i < n_mains; i++) {
        if (mains[i] != NULL) {
            idl_preprocess_main(&c->preprocessor, mains[i]);
            idl_parse_specification(&c->parser);
        }
    }
    idl_check_forwards(&c->parser);
    if (c->diagnostics.errors == 0) {
        idl_finish_unit(&c->parser);
    }
    idl_sources_finish(&c->sources);
    c->unit.files = c->sources.first;
}

static idl_result run(const idl_request *request)
{
    idl_result result = { .errors = 1 };
    compilation *const c = calloc(1, sizeof *c);
    const int reason = c == NULL ? IDL_STOP_MEMORY : 0;
    if (reason == 0) {
        wire(c, request->options);
        const int stopped = setjmp(c->stop);
        if (stopped == 0) {
            compile(c, request);
        }
        idl_diagnostics_end(&c->diagnostics);
        if (stopped != IDL_STOP_MEMORY) {
            result.errors = c->diagnostics.errors;
            result.warnings = c->diagnostics.warnings;
            c->arena.stop = NULL;
            result.unit = stopped == 0 ? &c->unit : NULL;
            if (stopped != 0) {
                idl_unit_free(&c->unit);
            }
            return result;
        }
        idl_unit_free(&c->unit);
    }
    idl_report_alone(request->options->diagnostics, &request->options->warn, IDL_DIAG_OUT_OF_MEMORY, NULL, "out of memory");
    return result;
}

idl_result idl_compile(const idl_options *options, const char *const *paths, size_t n_paths)
{
    const idl_request request = { .options = options, .paths = paths, .n_paths = n_paths };
    return run(&request);
}

idl_result idl_compile_text(const idl_options *options, const char *name, const char *text, size_t length)
{
    const idl_request request = { .options = options, .name = name, .text = text, .length = length };
    return run(&request);
}

void idl_unit_free(idl_unit *unit)
{
    compilation *c = (compilation *)unit;
    if (c != NULL) {
        idl_arena_free(&c->arena);
        free(c);
    }
}
