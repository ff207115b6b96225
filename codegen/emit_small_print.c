/* The end of the header: exceptions, descriptions, and what is the same for every type. */
#include "codegen/emit.h"

#include "codegen/comment.h"

#include <string.h>

static bool has_kind(const emit_file *file, idl_decl_kind kind)
{
    for (size_t i = 0; i < file->decls.length; i++) {
        if (file->decls.items[i]->kind == kind) {
            return true;
        }
    }
    return false;
}

static bool is_opaque_forward(const emit_file *file, size_t index)
{
    return emit_is_first_forward(file, index) && emit_is_opaque(file, file->decls.items[index]->definition);
}

static bool has_opaque(const emit_file *file)
{
    for (size_t i = 0; i < file->decls.length; i++) {
        if (is_opaque_forward(file, i)) {
            return true;
        }
    }
    return false;
}

void emit_prototype(emit_file *file, emit_buf *out, const char *prefix, const char *name, const char *first, const char *second,
                    const char *third, const char *fourth)
{
    emit_strings params = { .arena = file->run->arena };
    const char *const all[] = { first, second, third, fourth };
    for (size_t i = 0; i < sizeof all / sizeof *all && all[i] != NULL; i++) {
        emit_add(&params, "%s", all[i]);
    }
    emit_function(out, prefix, name, &params, ";");
}

static void emit_exceptions(emit_file *file, emit_buf *out)
{
    emit_run *run = file->run;
    emit_heading(out, "exceptions", NULL);
    emit_remark(out, "In a servant: return X_raise(request, &value). In a client: X_of() is borrowed from error, NULL when it is "
                     "another.");
    for (size_t i = 0; i < file->decls.length; i++) {
        const idl_decl *decl = file->decls.items[i];
        if (decl->kind != IDL_EXCEPTION) {
            continue;
        }
        const char *name = emit_name(run, decl);
        const char *value = decl->children == NULL ? NULL : emit_format(run->arena, "const %s *exception", name);
        emit_prototype(file, out, "corbel_status ", emit_derived(run, decl, NULL, "_raise"), "corbel_request *request", value,
                       NULL, NULL);
        emit_prototype(file, out, emit_format(run->arena, "const %s *", name), emit_derived(run, decl, NULL, "_of"),
                       "const corbel_error *error", NULL, NULL, NULL);
    }
}

static void emit_descriptions(emit_file *file, emit_buf *out)
{
    emit_run *run = file->run;
    emit_strings types = { .arena = run->arena }, interfaces = { .arena = run->arena };
    for (size_t i = 0; i < file->decls.length; i++) {
        const idl_decl *decl = file->decls.items[i];
        if (decl->kind == IDL_ENUM || decl->kind == IDL_BITMASK || decl->kind == IDL_EXCEPTION || emit_is_value_decl(decl)) {
            emit_add(&types, "%s", emit_derived(run, decl, NULL, "_type"));
        } else if (decl->kind == IDL_INTERFACE) {
            emit_add(&interfaces, "%s", emit_derived(run, decl, NULL, "_interface"));
        } else if (is_opaque_forward(file, i)) {
            emit_add(&interfaces, "%s", emit_derived(run, decl->definition, NULL, "_interface"));
        }
    }
    if (types.length > 0 || interfaces.length > 0) {
        emit_gap(out);
        emit(out, "/* Descriptions, for tools. */\n");
    }
    if (types.length > 0) {
        emit_list(out, "extern const corbel_type ", &types, ";");
    }
    if (interfaces.length > 0) {
        emit_list(out, "extern const corbel_interface ", &interfaces, ";");
    }
}

static void emit_enums(emit_file *file, emit_buf *out)
{
    emit_run *run = file->run;
    emit(out, "\n");
    emit_remark(out, "Enums: NULL and false for what is no enumerator (a newer peer may send one).");
    for (size_t i = 0; i < file->decls.length; i++) {
        const idl_decl *decl = file->decls.items[i];
        if (decl->kind != IDL_ENUM) {
            continue;
        }
        const char *name = emit_name(run, decl);
        emit_prototype(file, out, "const char *", emit_derived(run, decl, NULL, "_to_string"),
                       emit_format(run->arena, "%s self", name), NULL, NULL, NULL);
        emit_prototype(file, out, "CORBEL_MUST_CHECK bool ", emit_derived(run, decl, NULL, "_from_string"), "const char *text",
                       emit_format(run->arena, "%s *ret", name), NULL, NULL);
        emit_prototype(file, out, "bool ", emit_derived(run, decl, NULL, "_is_valid"), emit_format(run->arena, "%s self", name),
                       NULL, NULL, NULL);
    }
}

static void emit_upcast(emit_file *file, emit_buf *out, const char *type, const char *function, const char *self)
{
    emit_strings params = { .arena = file->run->arena };
    emit_add(&params, "%s *self", self);
    emit_short_function(out, emit_format(file->run->arena, "static inline %s *", type), function, &params,
                        emit_format(file->run->arena, "return CORBEL_CAST(%s *, self);", type));
}

static void emit_interface_functions(emit_file *file, emit_buf *out, const idl_decl *decl)
{
    emit_run *run = file->run;
    const char *name = emit_name(run, decl);
    const char *pointer = emit_format(run->arena, "%s *", name);
    const char *self = emit_format(run->arena, "%s *self", name);
    const char *ret = emit_format(run->arena, "%s **ret", name);
    const char *servant = emit_format(run->arena, "const %s *servant", emit_derived(run, decl, NULL, "_servant"));
    emit(out, "\n");
    emit_prototype(file, out, pointer, emit_derived(run, decl, NULL, "_ref"), self, NULL, NULL, NULL);
    emit_prototype(file, out, pointer, emit_derived(run, decl, NULL, "_unref"), self, NULL, NULL, NULL);
    emit_prototype(file, out, pointer, emit_derived(run, decl, NULL, "_new"), "corbel_runtime *runtime", servant, "void *self",
                   "corbel_finalizer finalize");
    emit_prototype(file, out, pointer, emit_derived(run, decl, NULL, "_with"), self, "const corbel_options *options", NULL, NULL);
    if (!decl->is_local) {
        emit_prototype(file, out, "CORBEL_MUST_CHECK corbel_status ", emit_derived(run, decl, NULL, "_from_uri"),
                       "corbel_runtime *runtime", "const char *uri", ret, "corbel_error *reterr");
    }
    emit_prototype(file, out, "CORBEL_MUST_CHECK corbel_status ", emit_derived(run, decl, NULL, "_cast"), "corbel_object *object",
                   ret, "corbel_error *reterr", NULL);
    emit_prototype(file, out, "corbel_skeleton ", emit_derived(run, decl, NULL, "_skeleton"), servant, NULL, NULL, NULL);
    emit_upcast(file, out, "corbel_object", emit_derived(run, decl, NULL, "_as_object"), name);
    for (size_t i = 0; i < decl->all_bases.length; i++) {
        const idl_decl *base = decl->all_bases.items[i];
        emit_upcast(file, out, emit_name(run, base), emit_derived(run, decl, base, "_as_"), name);
    }
}

static void emit_interface_small_print(emit_file *file, emit_buf *out)
{
    emit(out, "\n");
    emit_remark(out,
                "References: _new() makes one to your own object, _from_uri() finds one, _cast() checks the interface, _ref() "
                "counts; all yours: _unref() (takes NULL, returns NULL). _with() derives one with other options. _skeleton() "
                "is what corbel_object_new() takes. _as_X() is the same reference seen as "
                "another type: borrowed, no count. _new() and _with() never return NULL: without memory they return one whose "
                "calls all fail with CORBEL_NO_MEMORY. finalize(self), NULL if there is nothing to do, runs once, after the "
                "last call; also when _new() finds no memory.");
    for (size_t i = 0; i < file->decls.length; i++) {
        if (file->decls.items[i]->kind == IDL_INTERFACE) {
            emit_interface_functions(file, out, file->decls.items[i]);
        }
    }
    for (size_t i = 0; i < file->decls.length; i++) {
        const idl_decl *decl = file->decls.items[i];
        if (decl->kind == IDL_INTERFACE && decl->all_bases.length > 0) {
            emit(out, "\n");
            emit_remark(out, emit_format(file->run->arena, "What %s inherits, under its own name.", decl->scoped_name));
            emit(out, "\n");
            emit_header_inherited(file, out, decl);
        }
    }
}

static void emit_opaque_small_print(emit_file *file, emit_buf *out)
{
    emit_run *run = file->run;
    emit(out, "\n");
    emit_remark(out, "References to what this file knows by name only: they can be kept and passed on. _ref() counts, _unref() "
                     "releases (takes NULL, returns NULL).");
    for (size_t i = 0; i < file->decls.length; i++) {
        if (is_opaque_forward(file, i)) {
            const idl_decl *decl = file->decls.items[i]->definition;
            const char *pointer = emit_format(run->arena, "%s *", emit_name(run, decl));
            const char *self = emit_format(run->arena, "%sself", pointer);
            emit_prototype(file, out, pointer, emit_derived(run, decl, NULL, "_ref"), self, NULL, NULL, NULL);
            emit_prototype(file, out, pointer, emit_derived(run, decl, NULL, "_unref"), self, NULL, NULL, NULL);
        }
    }
}

void emit_header_small_print(emit_file *file, emit_buf *out)
{
    bool has_values = has_kind(file, IDL_EXCEPTION);
    for (size_t i = 0; i < file->decls.length; i++) {
        has_values |= emit_is_value_decl(file->decls.items[i]);
    }
    if (has_kind(file, IDL_EXCEPTION)) {
        emit_exceptions(file, out);
    }
    emit_descriptions(file, out);
    if (has_values || has_kind(file, IDL_ENUM) || has_kind(file, IDL_BITMASK) || has_kind(file, IDL_INTERFACE) ||
        has_opaque(file) || file->n_views > 0) {
        emit_heading(out, "the small print: the same for every type", NULL);
        out->length--; /* each part below starts with an empty line of its own */
        out->text[out->length] = '\0';
    }
    if (has_kind(file, IDL_ENUM)) {
        emit_enums(file, out);
    }
    if (has_values || file->n_views > 0) {
        emit_small_values(file, out);
    }
    emit_stream_functions(file, out);
    if (has_kind(file, IDL_INTERFACE)) {
        emit_interface_small_print(file, out);
    }
    if (has_opaque(file)) {
        emit_opaque_small_print(file, out);
    }
    emit_conversion_prototypes(file, out);
}
