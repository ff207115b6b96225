/* Values into any and JSON and out of them: of every type with a name, and of the views of sequences and maps. */
#include "codegen/emit.h"

#include "codegen/comment.h"

#include <string.h>

/* One type or view whose conversions are written. */
typedef struct subject {
    const idl_type *type;
    const idl_decl *decl;  /* NULL: a view */
    const emit_view *view; /* NULL: a type */
} subject;

static const char *function_of(emit_run *run, const subject *one, const char *suffix)
{
    return one->decl != NULL ? emit_derived(run, one->decl, NULL, suffix) : emit_view_function(run, one->type, suffix);
}

static bool holds_native(emit_run *run, const idl_type *type)
{
    static const char yes[] = "native", no[] = "";
    type = emit_resolve(type);
    if (type->kind == IDL_SEQUENCE || type->kind == IDL_MAP || type->kind == IDL_ARRAY) {
        return holds_native(run, type->element);
    }
    if (type->kind != IDL_NAMED || (!emit_is_value_decl(type->decl) && type->decl->kind != IDL_NATIVE)) {
        return false;
    }
    const idl_decl *decl = type->decl;
    const size_t length = strlen(decl->scoped_name);
    const char *known = idl_names_get(&run->native, decl->scoped_name, length);
    if (known == NULL) {
        idl_names_put(&run->native, run->arena, decl->scoped_name, length,
                      (void *)(uintptr_t)no); /* of itself it learns nothing */
        bool found = decl->kind == IDL_NATIVE || (decl->kind == IDL_TYPEDEF && holds_native(run, decl->type->element));
        const emit_members members = emit_members_of(run, decl);
        for (size_t i = 0; i < members.length && decl->kind != IDL_TYPEDEF && !found; i++) {
            found = holds_native(run, members.items[i]->type);
        }
        known = found ? yes : no;
        idl_names_remove(&run->native, decl->scoped_name, length);
        idl_names_put(&run->native, run->arena, decl->scoped_name, length, (void *)(uintptr_t)known);
    }
    return *known != '\0';
}

/* The functions of one subject: as prototypes, or, with address of its table, defined. */
static void emit_subject(emit_file *file, emit_buf *out, const subject *one, const char *address)
{
    emit_run *run = file->run;
    const char *status = address == NULL                              ? "CORBEL_MUST_CHECK corbel_status "
                         : one->view != NULL && one->view->is_foreign ? "__attribute__((weak)) corbel_status "
                                                                      : "corbel_status ";
    const emit_shape shape = emit_shape_of(run, one->type);
    const char *value = shape == EMIT_STRUCT || shape == EMIT_FLAT ? "value" : "&value";
    const char *in = emit_format(run->arena, "%svalue", emit_in_type(run, one->type));
    const char *ret = emit_format(run->arena, "%sret", emit_out_type(run, one->type));
    const char *const suffixes[] = { "_to_any", "_from_any" };
    for (size_t i = 0; i < sizeof suffixes / sizeof *suffixes; i++) {
        const bool is_out = i % 2 == 0;
        emit_strings params = { .arena = run->arena };
        emit_add(&params, "%s", is_out ? in : "const corbel_any *any");
        emit_add(&params, "%s", is_out ? "corbel_any **ret" : ret);
        emit_add(&params, "corbel_error *reterr");
        const char *name = function_of(run, one, suffixes[i]);
        if (address == NULL) {
            emit_function(out, status, name, &params, ";");
        } else {
            emit_short_function(out, status, name, &params,
                                emit_format(run->arena, "return corbel_value%s(%s, %s, ret, reterr);", suffixes[i], address,
                                            is_out ? value : "any"));
        }
    }
}

static bool has_conversions(emit_run *run, const idl_decl *decl)
{
    const idl_type type = { .kind = IDL_NAMED, .decl = decl };
    return (emit_is_value_decl(decl) || decl->kind == IDL_ENUM || decl->kind == IDL_BITMASK || decl->kind == IDL_INTERFACE) &&
           !holds_native(run, &type);
}

void emit_conversions(emit_file *file, emit_buf *out, const idl_decl *decl)
{
    if (has_conversions(file->run, decl)) {
        const idl_type type = { .kind = IDL_NAMED, .decl = decl };
        const subject one = { .type = &type, .decl = decl };
        emit_subject(file, out, &one, emit_type_address(file, &type, NULL));
    }
}

void emit_view_conversions(emit_file *file, emit_buf *out, const emit_view *view)
{
    if (!holds_native(file->run, view->type)) {
        const subject one = { .type = view->type, .view = view };
        emit_subject(file, out, &one, emit_type_address(file, view->type, NULL));
    }
}

void emit_conversion_prototypes(emit_file *file, emit_buf *out)
{
    emit_run *run = file->run;
    emit_buf list = { .arena = run->arena };
    for (size_t i = 0; i < file->decls.length; i++) {
        const idl_decl *decl = file->decls.items[i];
        if (has_conversions(run, decl)) {
            const idl_type type = { .kind = IDL_NAMED, .decl = decl };
            emit_subject(file, &list, &(const subject) { .type = &type, .decl = decl }, NULL);
        }
    }
    for (size_t i = 0; i < file->n_views; i++) {
        const emit_view *view = &file->views[i];
        if (!holds_native(run, view->type)) {
            emit_subject(file, &list, &(const subject) { .type = view->type, .view = view }, NULL);
        }
    }
    if (list.length > 0) {
        emit(out, "\n");
        emit_remark(out,
                    "Into any, and out of it again, if that very type is there: ret is yours as the output of an operation is.");
        emit_raw(out, list.text, list.length);
    }
}
