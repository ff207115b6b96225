/* The streams of items: bank_Entry_stream and its three functions, which are inline. A file declares those that its operations
 * use and that no file it includes has declared; one of another file's type may be declared by others, too. */
#include "codegen/comment.h"
#include "codegen/emit.h"

#include <string.h>

bool emit_has_streams(const emit_call *call)
{
    return call->stream_in != NULL || call->stream_out != NULL;
}

const idl_type *emit_item_of(const idl_type *sequence)
{
    return emit_resolve(sequence)->element;
}

/* Of what a stream is called, without its ending, and with it the ending of its functions: of a declaration's name in C it is
 * derived, so that it gives way to the IDL's names; that of a view is made of the view's. */
static const char *name_of(emit_run *run, const idl_type *item, const char *suffix)
{
    const idl_type *resolved = emit_resolve(item);
    if (resolved->kind == IDL_NAMED) {
        return emit_derived(run, resolved->decl, NULL, emit_format(run->arena, "_stream%s", suffix));
    }
    if (resolved->kind == IDL_SEQUENCE || resolved->kind == IDL_MAP) {
        return emit_format(run->arena, "%s_stream%s", emit_view_name(run, resolved), suffix);
    }
    return emit_format(run->arena, "corbel_%s_stream%s", emit_basic_name(resolved), suffix);
}

const char *emit_stream_name(emit_run *run, const idl_type *sequence)
{
    return name_of(run, emit_item_of(sequence), "");
}

const char *emit_stream_function(emit_run *run, const idl_type *sequence, const char *suffix)
{
    return name_of(run, emit_item_of(sequence), suffix);
}

/* ---- which ones ---- */

/* <corbel/stream.h> has it. */
static bool is_of_library(const idl_type *item)
{
    const idl_type *resolved = emit_resolve(item);
    return emit_basic_name(resolved) != NULL ||
           (resolved->kind == IDL_SEQUENCE && emit_resolve(resolved->element)->kind == IDL_OCTET);
}

/* Is there anything of this file in it? Then no other file declares it that does not see this one. */
static bool is_own_item(const emit_file *file, const idl_type *item)
{
    const idl_type *resolved = emit_resolve(item);
    if (resolved->kind == IDL_NAMED) {
        const idl_decl *decl = resolved->decl->kind == IDL_FORWARD ? resolved->decl->definition : resolved->decl;
        return emit_is_own(file, decl) && !emit_is_opaque(file, decl);
    }
    return (resolved->element != NULL && is_own_item(file, resolved->element)) ||
           (resolved->key != NULL && is_own_item(file, resolved->key));
}

static bool is_declared(const emit_file *file, const char *name)
{
    for (size_t i = 0; i < file->n_streams; i++) {
        if (strcmp(file->streams[i].name, name) == 0) {
            return true;
        }
    }
    return false;
}

static bool is_visible(const emit_file *file, const char *name)
{
    bool found = is_declared(file, name);
    for (size_t i = 0; i < file->n_closure && !found; i++) {
        found = is_declared(file->closure[i], name);
    }
    return found;
}

/* The name of a view's stream is not among those that give way. */
static void check_name(emit_file *file, const idl_type *item, const char *name)
{
    const idl_decl *taken = emit_resolve(item)->kind == IDL_NAMED ? NULL : emit_taken_by(file, name);
    if (taken != NULL) {
        idl_error(file->run->diagnostics, IDL_DIAG_C_NAME_COLLISION, &item->range,
                  "a stream of this and '%s' would both be '%s' in C", taken->scoped_name, name);
    }
}

static void use(emit_file *file, const idl_type *sequence)
{
    const idl_type *item = emit_item_of(sequence);
    const char *name = name_of(file->run, item, "");
    if (is_of_library(item) || is_visible(file, name)) {
        return;
    }
    check_name(file, item, name);
    emit_stream *grown = idl_arena_alloc(file->run->arena, (file->n_streams + 1) * sizeof *grown);
    if (file->n_streams > 0) {
        memcpy(grown, file->streams, file->n_streams * sizeof *grown);
    }
    grown[file->n_streams++] = (emit_stream) { .name = name, .item = item, .is_foreign = !is_own_item(file, item) };
    file->streams = grown;
}

void emit_streams_collect(emit_file *file)
{
    if (file->streams_known) {
        return;
    }
    file->streams_known = true;
    for (size_t i = 0; i < file->n_closure; i++) {
        emit_streams_collect(file->closure[i]);
    }
    for (size_t i = 0; i < file->decls.length; i++) {
        if (file->decls.items[i]->kind != IDL_INTERFACE) {
            continue;
        }
        const emit_calls calls = emit_calls_of(file->run, file->decls.items[i], false);
        for (size_t c = 0; c < calls.length; c++) {
            const emit_call *call = &calls.items[c];
            if (call->stream_in != NULL) {
                use(file, call->stream_in->type);
            }
            if (call->stream_out != NULL) {
                use(file, call->stream_out);
            }
        }
    }
}

/* ---- how they look ---- */

void emit_stream_types(emit_file *file, emit_buf *out)
{
    if (file->n_streams > 0) {
        emit_gap(out);
        emit(out, "/* Streams of items, which an operation's _begin() hands out. */\n");
    }
    for (size_t i = 0; i < file->n_streams; i++) {
        emit(out, "typedef struct %s %s;\n", file->streams[i].name, file->streams[i].name);
    }
}

/* What the caller takes an item for, so that a wrong cast is seen; what has no table that everybody sees goes without. */
static const char *table_of(emit_file *file, const idl_type *item)
{
    const idl_type *resolved = emit_resolve(item);
    const emit_shape shape = emit_shape_of(file->run, resolved);
    const bool has_table = resolved->kind == IDL_NAMED && shape != EMIT_REFERENCE && resolved->decl->kind != IDL_NATIVE &&
                           !emit_is_unseen(file, resolved->decl);
    return has_table ? emit_format(file->run->arena, "&%s", emit_derived(file->run, resolved->decl, NULL, "_type")) : "NULL";
}

static void emit_one_stream(emit_file *file, emit_buf *out, const emit_stream *stream)
{
    emit_run *run = file->run;
    const char *type = emit_in_type(run, stream->item);
    const char *table = table_of(file, stream->item);
    const emit_shape shape = emit_shape_of(run, stream->item);
    const bool is_address = shape == EMIT_STRUCT || shape == EMIT_FLAT;
    const char *self = emit_format(run->arena, "%s *self", stream->name);
    emit_strings params = { .arena = run->arena };
    emit_add(&params, "%s", self);
    emit_add(&params, "%s*item", type);
    emit_short_function(
        out, "static inline bool ", name_of(run, stream->item, "_next"), &params,
        emit_format(run->arena, "return corbel_stream_next(CORBEL_CAST(corbel_stream *, self), %s, item);", table));
    params = (emit_strings) { .arena = run->arena };
    emit_add(&params, "%s", self);
    emit_add(&params, "%sitem", type);
    emit_short_function(out, "static inline bool ", name_of(run, stream->item, "_put"), &params,
                        emit_format(run->arena, "return corbel_stream_put(CORBEL_CAST(corbel_stream *, self), %s, %sitem);",
                                    table, is_address ? "" : "&"));
    params = (emit_strings) { .arena = run->arena };
    emit_add(&params, "%s", self);
    emit_short_function(out, "static inline void ", name_of(run, stream->item, "_end"), &params,
                        "corbel_stream_end(CORBEL_CAST(corbel_stream *, self));");
}

void emit_stream_functions(emit_file *file, emit_buf *out)
{
    if (file->n_streams == 0) {
        return;
    }
    emit(out, "\n");
    emit_remark(out,
                "Streams, the same on both sides. _next() waits for an item, lends it until the following _next(), and returns "
                "false when there is no more. _put() sends a copy, waits while the reader has enough, and returns false when "
                "no more is wanted. _end() says that no more comes, or is wanted. See <corbel/stream.h>, which has the streams "
                "of basic types.");
    for (size_t i = 0; i < file->n_streams; i++) {
        const emit_stream *stream = &file->streams[i];
        const size_t length = strlen(stream->name) - strlen("_stream");
        if (i > 0) {
            emit(out, "\n");
        }
        if (stream->is_foreign) {
            emit(out, "#ifndef CORBEL_STREAM_%.*s /* another file may have it, too */\n#define CORBEL_STREAM_%.*s\n", (int)length,
                 stream->name, (int)length, stream->name);
        }
        emit_one_stream(file, out, stream);
        if (stream->is_foreign) {
            emit(out, "#endif\n");
        }
    }
}
