/* The .c: prologue, private tables, types with their functions, exceptions, interfaces. */
#include "codegen/emit.h"

#include <string.h>

static emit_strings list_of(emit_run *run, const char *first, const char *second, const char *third)
{
    emit_strings list = { .arena = run->arena };
    const char *const all[] = { first, second, third };
    for (size_t i = 0; i < sizeof all / sizeof *all && all[i] != NULL; i++) {
        emit_add(&list, "%s", all[i]);
    }
    return list;
}

static void emit_struct_functions(emit_file *file, emit_buf *out, const idl_decl *decl)
{
    emit_run *run = file->run;
    const idl_type self = { .kind = IDL_NAMED, .decl = decl };
    const bool is_plain = emit_is_plain(run, &self);
    const char *name = emit_name(run, decl);
    const char *pointer = emit_format(run->arena, "%s *", name);
    const char *constant = emit_format(run->arena, "const %s *", name);
    const char *type = emit_derived(run, decl, NULL, "_type");
    emit_strings params = list_of(run, emit_format(run->arena, "%sself", pointer), NULL, NULL);
    if (!is_plain) {
        emit_short_function(out, pointer, emit_derived(run, decl, NULL, "_free"), &params, "return corbel_block_free(self);");
        params = list_of(run, emit_format(run->arena, "%sself", constant), NULL, NULL);
        emit_short_function(out, pointer, emit_derived(run, decl, NULL, "_copy"), &params,
                            emit_format(run->arena, "return corbel_value_copy(&%s, self);", type));
    }
    params = list_of(run, emit_format(run->arena, "%sa", constant), emit_format(run->arena, "%sb", constant), NULL);
    emit_short_function(out, "bool ", emit_derived(run, decl, NULL, "_equal"), &params,
                        emit_format(run->arena, "return corbel_value_equal(&%s, a, b);", type));
    if (!is_plain) {
        params = list_of(run, "corbel_request *request", emit_format(run->arena, "%svalue", constant),
                         emit_format(run->arena, "%sret", pointer));
        emit_short_function(out, "corbel_status ", emit_derived(run, decl, NULL, "_copy_for"), &params,
                            emit_format(run->arena, "return corbel_request_copy(request, &%s, value, ret);", type));
    }
    if (decl->kind == IDL_UNION) {
        emit_union_functions(file, out, decl, false);
    }
}

static void emit_view_functions(emit_file *file, emit_buf *out, const emit_view *view)
{
    emit_run *run = file->run;
    const char *shared = view->is_foreign ? "__attribute__((weak)) " : ""; /* another file may define it, too */
    const char *table = emit_type_address(file, view->type, NULL);
    emit_strings params = list_of(run, emit_format(run->arena, "%s *self", view->name), NULL, NULL);
    emit_function(out, emit_format(run->arena, "%svoid ", shared), emit_view_function(run, view->type, "_clear"), &params, "");
    emit(out, "{\n    corbel_block_free(self->items);\n    *self = (%s){ 0, NULL };\n}\n", view->name);
    params = list_of(run, emit_format(run->arena, "%s self", view->name), emit_format(run->arena, "%s *ret", view->name), NULL);
    emit_short_function(out, emit_format(run->arena, "%scorbel_status ", shared), emit_view_function(run, view->type, "_copy"),
                        &params, emit_format(run->arena, "return corbel_sequence_copy(%s, &self, ret);", table));
    if (view->type->kind == IDL_MAP) {
        emit_map_functions(file, out, view, shared);
    }
    emit_view_conversions(file, out, view);
}

static void emit_exception_functions(emit_file *file, emit_buf *out, const idl_decl *decl)
{
    emit_run *run = file->run;
    const char *name = emit_name(run, decl);
    const char *type = emit_derived(run, decl, NULL, "_type");
    const bool is_empty = decl->children == NULL;
    emit_strings params =
        list_of(run, "corbel_request *request", is_empty ? NULL : emit_format(run->arena, "const %s *exception", name), NULL);
    emit_short_function(out, "corbel_status ", emit_derived(run, decl, NULL, "_raise"), &params,
                        emit_format(run->arena, "return corbel_skeleton_raise(request, &%s, %s);", type,
                                    is_empty ? emit_format(run->arena, "&(%s){ 0 }", name) : "exception"));
    params = list_of(run, "const corbel_error *error", NULL, NULL);
    emit_short_function(out, emit_format(run->arena, "const %s *", name), emit_derived(run, decl, NULL, "_of"), &params,
                        emit_format(run->arena, "return corbel_error_raised(error, &%s);", type));
}

static bool emit_decl(emit_file *file, emit_buf *out, const idl_decl *decl)
{
    switch (decl->kind) {
    case IDL_ENUM:
        emit(out, "\n");
        emit_enum_table(file, out, decl);
        emit_enum_functions(file, out, decl);
        emit_conversions(file, out, decl);
        return true;
    case IDL_STRUCT:
    case IDL_UNION:
    case IDL_BITSET:
    case IDL_TYPEDEF:
        if (emit_is_value_decl(decl)) {
            emit(out, "\n");
            emit_value_table(file, out, decl);
            emit_struct_functions(file, out, decl);
            emit_conversions(file, out, decl);
        }
        return true;
    case IDL_BITMASK:
        emit(out, "\n");
        emit_bitmask_table(file, out, decl);
        emit_conversions(file, out, decl);
        return true;
    case IDL_EXCEPTION:
        emit(out, "\n");
        emit_value_table(file, out, decl);
        emit_exception_functions(file, out, decl);
        return true;
    case IDL_INTERFACE:
        emit(out, "\n/* ---- interface %s ---- */\n\n", decl->scoped_name);
        emit_stubs(file, out, decl);
        emit_skeleton(file, out, decl);
        emit_replies(file, out, decl);
        emit(out, "\n");
        emit_references(file, out, decl);
        emit_conversions(file, out, decl);
        if (decl->all_bases.length > 0) {
            emit(out, "\n");
            emit_inherited_stubs(file, out, decl);
        }
        return true;
    case IDL_MODULE:
    case IDL_CONST:
    case IDL_ENUMERATOR:
    case IDL_MEMBER:
    case IDL_FORWARD:
    case IDL_ATTRIBUTE:
    case IDL_OPERATION:
    case IDL_PARAMETER:
    default: /* emit_gate.c refuses the others */
        break;
    }
    return false;
}

/* The types, or the exceptions, in a section of their own. */
static void emit_section(emit_file *file, emit_buf *out, const char *title, bool of_exceptions)
{
    emit_buf section = { .arena = file->run->arena };
    for (size_t i = 0; i < file->decls.length; i++) {
        const idl_decl *decl = file->decls.items[i];
        if (decl->kind != IDL_INTERFACE && (decl->kind == IDL_EXCEPTION) == of_exceptions) {
            emit_decl(file, &section, decl);
        }
    }
    if (section.length > 0) {
        emit(out, "\n/* ---- %s ---- */\n", title);
        emit_raw(out, section.text, section.length);
    }
}

static bool has_array_case(const idl_decl *decl)
{
    bool found = false;
    for (const idl_decl *member = decl->children; decl->kind == IDL_UNION && member != NULL; member = member->next) {
        found |= member->kind == IDL_MEMBER && emit_resolve(member->type)->kind == IDL_ARRAY;
    }
    return found;
}

void emit_source(emit_file *file, emit_buf *out)
{
    emit_buf body = { .arena = file->run->arena };
    emit_section(file, &body, "types", false);
    if (file->n_views > 0) {
        emit(&body, "\n/* ---- %s ---- */\n\n", emit_has_maps(file) ? "sequences and maps" : "sequences");
        for (size_t i = 0; i < file->n_views; i++) {
            emit_view_functions(file, &body, &file->views[i]);
        }
    }
    emit_section(file, &body, "exceptions", true);
    bool has_enums = false; /* what needs <string.h>, as the arrays of unions do */
    for (size_t i = 0; i < file->decls.length; i++) {
        has_enums |= file->decls.items[i]->kind == IDL_ENUM || has_array_case(file->decls.items[i]);
        if (file->decls.items[i]->kind == IDL_INTERFACE) {
            emit_decl(file, &body, file->decls.items[i]);
        }
    }
    emit_opaque_references(file, &body);
    emit(out,
         "/* Generated by corbelc " CORBELC_SHORT_VERSION " from %s.idl. Do not edit. */\n/* clang-format off */\n"
         "%s#include \"%s.corbel.h\"\n\n#include <corbel/generated.h>\n%s\n"
         "#if CORBEL_GENERATED_VERSION != %d\n"
         "#error \"%s.corbel.c was generated for another Corbel: run corbelc again\"\n#endif\n",
         file->stem, emit_has_deprecated(file) ? "#define CORBEL_ALLOW_DEPRECATED\n" : "", file->stem,
         has_enums ? "#include <string.h>\n" : "", CORBELC_GENERATED_VERSION, file->stem);
    if (file->static_tables.length > 0) {
        emit(out, "\n/* ---- types without a name of their own ---- */\n\n");
        emit_raw(out, file->static_tables.text, file->static_tables.length);
    }
    if (body.length > 0) {
        emit_raw(out, body.text, body.length);
    }
    emit_buf_end(&body);
}
