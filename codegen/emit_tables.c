/* The constant tables of the .c: types, operations. Tables of types without a name of their own (bounded strings, sequences,
 * references) are private to the file and made when something first needs them. */
#include "codegen/emit.h"

#include <inttypes.h>
#include <string.h>

/* Starts a private table: returns its name, and in ret_new whether the caller must write it. */
static const char *private_table(emit_file *file, const char *what, bool *ret_new)
{
    const size_t length = strlen(what);
    const char *name = idl_names_get(&file->statics, what, length);
    *ret_new = name == NULL;
    if (name == NULL) {
        name = emit_static_name(file, what);
        idl_names_put(&file->statics, file->run->arena, what, length, (void *)(uintptr_t)name);
    }
    return name;
}

/* What a private table is called, without "_type": the whole structure, bounds included. */
static const char *table_stem(emit_run *run, const idl_type *type)
{
    type = idl_type_resolve(type);
    const char *bound = type->bound > 0 ? emit_format(run->arena, "_%" PRIu64, type->bound) : "";
    if (type->kind == IDL_SEQUENCE) {
        return emit_format(run->arena, "%s_seq%s", table_stem(run, type->element), bound);
    }
    if (type->kind == IDL_NAMED) {
        return emit_name(run, type->decl);
    }
    return emit_format(run->arena, "%s%s", emit_basic_name(type), bound);
}

static const char *string_address(emit_file *file, const idl_type *type)
{
    emit_run *run = file->run;
    bool is_new = false;
    const char *name = private_table(file, emit_format(run->arena, "%s_type", table_stem(run, type)), &is_new);
    if (is_new) {
        emit(&file->static_tables,
             "static const corbel_type %s = {\n    .kind = CORBEL_KIND_STRING,\n    .size = sizeof(const char *),\n"
             "    .bound = %" PRIu64 ",\n};\n",
             name, type->bound);
    }
    return emit_format(run->arena, "&%s", name);
}

static const char *sequence_address(emit_file *file, const idl_type *type)
{
    emit_run *run = file->run;
    const idl_type *element = idl_type_resolve(type->element);
    const char *basic = emit_basic_name(element);
    if (type->bound == 0 && element->bound == 0 && basic != NULL) {
        return element->kind == IDL_OCTET ? "&corbel_bytes_type" : emit_format(run->arena, "&corbel_%s_seq_type", basic);
    }
    const char *inner = emit_type_address(file, element);
    bool is_new = false;
    const char *name = private_table(file, emit_format(run->arena, "%s_type", table_stem(run, type)), &is_new);
    if (is_new) {
        emit_buf *out = &file->static_tables;
        emit(out, "static const corbel_type %s = {\n    .kind = CORBEL_KIND_SEQUENCE,\n", name);
        if (element->kind == IDL_OCTET) {
            emit(out, "    .flags = CORBEL_BYTES,\n");
        }
        emit(out, "    .size = sizeof(%s),\n", emit_view_name(run, type));
        if (type->bound > 0) {
            emit(out, "    .bound = %" PRIu64 ",\n", type->bound);
        }
        emit(out, "    .element = %s,\n};\n", inner);
    }
    return emit_format(run->arena, "&%s", name);
}

static const char *reference_address(emit_file *file, const idl_decl *interface)
{
    emit_run *run = file->run;
    bool is_new = false;
    const char *c_name = emit_name(run, interface);
    const char *name = private_table(file, emit_format(run->arena, "%s_reference", c_name), &is_new);
    if (is_new) {
        const char *description = emit_derived(run, interface, NULL, "_interface");
        emit(&file->static_tables,
             "static const corbel_type %s = {\n    .kind = CORBEL_KIND_REFERENCE,\n    .name = \"%s\",\n"
             "    .size = sizeof(%s *),\n    .interface = &%s,\n};\n",
             name, interface->scoped_name, c_name, description);
    }
    return emit_format(run->arena, "&%s", name);
}

static const char *named_address(emit_file *file, const idl_decl *decl)
{
    const char *name = emit_derived(file->run, decl, NULL, "_type");
    bool is_new = false;
    if (emit_is_unseen(file, decl)) {
        private_table(file, emit_format(file->run->arena, "extern %s", name), &is_new);
    }
    if (is_new) { /* it was declared forward, and is defined in a file that includes this one */
        emit(&file->static_tables, "extern const corbel_type %s;\n", name);
    }
    return emit_format(file->run->arena, "&%s", name);
}

const char *emit_type_address(emit_file *file, const idl_type *type)
{
    emit_run *run = file->run;
    type = idl_type_resolve(type);
    if (type->kind == IDL_SEQUENCE) {
        return sequence_address(file, type);
    }
    if (type->kind == IDL_STRING && type->bound > 0) {
        return string_address(file, type);
    }
    if (type->kind != IDL_NAMED) {
        return emit_format(run->arena, "&corbel_%s_type", emit_basic_name(type));
    }
    const idl_decl *decl = type->decl->kind == IDL_FORWARD ? type->decl->definition : type->decl;
    return decl->kind == IDL_INTERFACE ? reference_address(file, decl) : named_address(file, decl);
}

void emit_enum_table(emit_file *file, emit_buf *out, const idl_decl *decl)
{
    emit_run *run = file->run;
    emit_strings rows = { .arena = run->arena };
    for (const idl_decl *child = decl->children; child != NULL; child = child->next) {
        const char *row =
            emit_format(run->arena, "{ .name = \"%s\", .value = %s", child->name, emit_enumerator_value(run, child));
        emit_add(&rows, "%s", emit_described_row(run->arena, row, child->doc, emit_annotations(run, child->annotations)));
    }
    const char *name = emit_name(run, decl);
    const char *items = emit_static_name(file, emit_format(run->arena, "%s_enumerators", name));
    emit_rows(out, emit_format(run->arena, "static const corbel_enumerator %s[] = {", items), &rows, "};");
    emit(out,
         "const corbel_type %s = {\n    .kind = CORBEL_KIND_ENUM,\n    .flags = CORBEL_PLAIN,\n    .name = \"%s\",\n"
         "    .size = sizeof(%s),\n    .count = %zu,\n    .enumerators = %s,\n",
         emit_derived(run, decl, NULL, "_type"), decl->scoped_name, name, rows.length, items);
    emit_described(out, decl->doc, emit_annotations(run, decl->annotations));
    emit(out, "};\n");
}

void emit_struct_table(emit_file *file, emit_buf *out, const idl_decl *decl)
{
    emit_run *run = file->run;
    const char *name = emit_name(run, decl);
    emit_strings rows = { .arena = run->arena };
    for (const idl_decl *member = decl->children; member != NULL; member = member->next) {
        const char *row =
            emit_format(run->arena, "{ .name = \"%s\", .id = %zu, .offset = offsetof(%s, %s), .type = %s", member->name,
                        rows.length + 1, name, emit_member_name(file, member), emit_type_address(file, member->type));
        emit_add(&rows, "%s", emit_described_row(run->arena, row, member->doc, emit_annotations(run, member->annotations)));
    }
    emit(out, "const corbel_type %s = {\n    .kind = CORBEL_KIND_STRUCT,\n    .name = \"%s\",\n    .size = sizeof(%s),\n",
         emit_derived(run, decl, NULL, "_type"), decl->scoped_name, name);
    if (rows.length > 0) {
        emit(out, "    .count = %zu,\n", rows.length);
        emit_rows(out, "    .members = (const corbel_member[]){", &rows, "},");
    }
    emit_described(out, decl->doc, emit_annotations(run, decl->annotations));
    emit(out, "};\n");
}

const char *emit_operation_name(emit_file *file, const idl_decl *interface, const emit_call *call)
{
    emit_run *run = file->run;
    /* An heir in the same file uses the declaring interface's table; one in another file has a private copy. */
    const idl_decl *under = emit_is_own(file, call->owner) ? call->owner : interface;
    const char *name = emit_call_name(run, under, call, "");
    return emit_static_name(file, emit_format(run->arena, "%s_operation", name));
}

/* Do the ids alone not tell the order in the IDL: those that go in by id, then those that only come out? */
static bool needs_positions(const emit_call *call)
{
    for (size_t i = 1; i < call->n_params; i++) {
        const emit_param *before = &call->params[i - 1], *param = &call->params[i];
        if (before->in_id == 0 ? param->in_id != 0 || param->out_id < before->out_id
                               : param->in_id != 0 && param->in_id < before->in_id) {
            return true;
        }
    }
    return false;
}

static void add_param_row(emit_run *run, emit_strings *rows, const emit_call *call, const emit_param *param, uint32_t id,
                          const char *type)
{
    const bool is_own = param->decl->kind == IDL_PARAMETER; /* what an attribute has stands at its operations */
    const char *row = emit_format(run->arena, "{ .name = \"%s\", .id = %" PRIu32 ", .type = %s", param->name, id, type);
    if (needs_positions(call)) {
        row = emit_format(run->arena, "%s, .position = %zu", row, (size_t)(param - call->params) + 1);
    }
    emit_add(rows, "%s",
             emit_described_row(run->arena, row, is_own ? param->decl->doc : NULL,
                                is_own ? emit_annotations(run, param->decl->annotations) : NULL));
}

void emit_operation_table(emit_file *file, emit_buf *out, const idl_decl *interface, const emit_call *call)
{
    emit_run *run = file->run;
    emit_strings ins = { .arena = run->arena }, outs = { .arena = run->arena }, raises = { .arena = run->arena };
    if (call->result != NULL) {
        emit_add(&outs, "{ .name = \"ret\", .id = 1, .type = %s }", emit_type_address(file, call->result));
    }
    for (size_t i = 0; i < call->n_params; i++) {
        const emit_param *param = &call->params[i];
        const char *type = emit_type_address(file, param->type);
        if (param->in_id != 0) {
            add_param_row(run, &ins, call, param, param->in_id, type);
        }
        if (param->out_id != 0) {
            add_param_row(run, &outs, call, param, param->out_id, type);
        }
    }
    emit(out, "static const corbel_operation %s = {\n    .interface = \"%s\",\n    .name = \"%s\",\n",
         emit_operation_name(file, interface, call), call->owner->scoped_name, call->wire_name);
    if (!emit_has_halves(call)) {
        emit(out, "    .flags = CORBEL_ONEWAY,\n");
    } else if (call->role == EMIT_GETTER) {
        emit(out, "    .flags = CORBEL_IDEMPOTENT,\n");
    }
    if (ins.length > 0) {
        emit(out, "    .n_in = %zu,\n", ins.length);
    }
    if (outs.length > 0) {
        emit(out, "    .n_out = %zu,\n", outs.length);
    }
    if (ins.length > 0) {
        emit_rows(out, "    .in = (const corbel_param[]){", &ins, "},");
    }
    if (outs.length > 0) {
        emit_rows(out, "    .out = (const corbel_param[]){", &outs, "},");
    }
    if (call->raises->length > 0) {
        for (size_t i = 0; i < call->raises->length; i++) {
            emit_add(&raises, "&%s", emit_derived(run, call->raises->items[i], NULL, "_type"));
        }
        emit_add(&raises, "NULL");
        emit_rows(out, "    .raises = (const corbel_type *const[]){", &raises, "},");
    }
    if (call->role != EMIT_OPERATION) {
        emit(out, "    .attribute = \"%s\",\n", call->decl->name);
    }
    emit(out, "    .fingerprint = 0x%016" PRIx64 ",\n", emit_call_fingerprint(run, call));
    emit_described(out, call->decl->doc, emit_annotations(run, call->decl->annotations));
    emit(out, "};\n");
}
