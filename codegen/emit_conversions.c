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

/* One function: as a prototype, or, with the address of the table ("": none), defined. */
static void emit_conversion(emit_file *file, emit_buf *out, const subject *one, const char *address, const char *suffix,
                            const emit_strings *params, const char *arguments)
{
    emit_run *run = file->run;
    const char *name = function_of(run, one, suffix);
    if (*address == '\0') {
        emit_function(out, "CORBEL_MUST_CHECK corbel_status ", name, params, ";");
        return;
    }
    const bool is_shared = one->view != NULL && one->view->is_foreign;
    emit_short_function(out, is_shared ? "__attribute__((weak)) corbel_status " : "corbel_status ", name, params,
                        emit_format(run->arena, "return corbel_value%s(%s, ret, reterr);", suffix, arguments));
}

static emit_strings list_of(emit_run *run, const char *first, const char *second, const char *third)
{
    emit_strings list = { .arena = run->arena };
    const char *const all[] = { first, second, third };
    for (size_t i = 0; i < sizeof all / sizeof *all && all[i] != NULL; i++) {
        emit_add(&list, "%s", all[i]);
    }
    emit_add(&list, "corbel_error *reterr");
    return list;
}

static void emit_any(emit_file *file, emit_buf *out, const subject *one, const char *address)
{
    emit_run *run = file->run;
    const emit_shape shape = emit_shape_of(run, one->type);
    const char *value = shape == EMIT_STRUCT || shape == EMIT_FLAT ? "value" : "&value";
    emit_strings params =
        list_of(run, emit_format(run->arena, "%svalue", emit_in_type(run, one->type)), "corbel_any **ret", NULL);
    emit_conversion(file, out, one, address, "_to_any", &params, emit_format(run->arena, "%s, %s", address, value));
    params = list_of(run, "const corbel_any *any", emit_format(run->arena, "%sret", emit_out_type(run, one->type)), NULL);
    emit_conversion(file, out, one, address, "_from_any", &params, emit_format(run->arena, "%s, any", address));
}

static void emit_json(emit_file *file, emit_buf *out, const subject *one, const char *address)
{
    emit_run *run = file->run;
    const emit_shape shape = emit_shape_of(run, one->type);
    const char *value = shape == EMIT_STRUCT || shape == EMIT_FLAT ? "value" : "&value";
    emit_strings params = list_of(run, emit_format(run->arena, "%svalue", emit_in_type(run, one->type)), "char **ret", NULL);
    emit_conversion(file, out, one, address, "_to_json", &params, emit_format(run->arena, "%s, %s", address, value));
    params = list_of(run, "corbel_runtime *runtime", "const char *json",
                     emit_format(run->arena, "%sret", emit_out_type(run, one->type)));
    emit_conversion(file, out, one, address, "_from_json", &params, emit_format(run->arena, "runtime, %s, json", address));
}

static void emit_subject(emit_file *file, emit_buf *out, const subject *one, const char *address)
{
    emit_any(file, out, one, address);
    emit_json(file, out, one, address);
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

/* Of all types and views of the file: the prototypes of one kind. */
static void emit_prototypes(emit_file *file, emit_buf *out, const char *remark,
                            void (*emit_both)(emit_file *, emit_buf *, const subject *, const char *))
{
    emit_run *run = file->run;
    emit_buf list = { .arena = run->arena };
    for (size_t i = 0; i < file->decls.length; i++) {
        const idl_decl *decl = file->decls.items[i];
        if (has_conversions(run, decl)) {
            const idl_type type = { .kind = IDL_NAMED, .decl = decl };
            emit_both(file, &list, &(const subject) { .type = &type, .decl = decl }, "");
        }
    }
    for (size_t i = 0; i < file->n_views; i++) {
        const emit_view *view = &file->views[i];
        if (!holds_native(run, view->type)) {
            emit_both(file, &list, &(const subject) { .type = view->type, .view = view }, "");
        }
    }
    if (list.length > 0) {
        emit(out, "\n");
        emit_remark(out, remark);
        emit_raw(out, list.text, list.length);
    }
}

void emit_conversion_prototypes(emit_file *file, emit_buf *out)
{
    emit_prototypes(file, out,
                    "Into any, and out of it again, if that very type is there. ret of _from_any() is yours as the output of an "
                    "operation is.",
                    emit_any);
    emit_prototypes(file, out,
                    "As JSON, proto3's form of it: text, yours, corbel_string_free(); and back. runtime makes the references in "
                    "it, NULL refuses them.",
                    emit_json);
}
