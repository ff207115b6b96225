/* The constant tables of the .c: types with a name, operations. */
#include "codegen/emit.h"

#include <inttypes.h>
#include <string.h>

emit_strings emit_enumerator_rows(emit_run *run, const idl_decl *decl)
{
    emit_strings rows = { .arena = run->arena };
    for (const idl_decl *child = decl->children; child != NULL; child = child->next) {
        const char *row =
            emit_format(run->arena, "{ .name = \"%s\", .value = %s", child->name, emit_enumerator_value(run, child));
        emit_add(&rows, "%s", emit_described_row(run->arena, row, child->doc, emit_annotations(run, child->annotations)));
    }
    return rows;
}

void emit_enum_table(emit_file *file, emit_buf *out, const idl_decl *decl)
{
    emit_run *run = file->run;
    const emit_strings rows = emit_enumerator_rows(run, decl);
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

/* A bit's value is its position. */
void emit_bitmask_table(emit_file *file, emit_buf *out, const idl_decl *decl)
{
    emit_run *run = file->run;
    emit_strings rows = { .arena = run->arena };
    for (const idl_decl *child = decl->children; child != NULL; child = child->next) {
        if (child->kind == IDL_BIT) {
            const char *row = emit_format(run->arena, "{ .name = \"%s\", .value = %" PRIu64, child->name, child->value.magnitude);
            emit_add(&rows, "%s", emit_described_row(run->arena, row, child->doc, emit_annotations(run, child->annotations)));
        }
    }
    const char *name = emit_name(run, decl);
    emit(out,
         "const corbel_type %s = {\n    .kind = CORBEL_KIND_BITMASK,\n    .flags = CORBEL_PLAIN,\n    .name = \"%s\",\n"
         "    .size = sizeof(%s),\n    .bound = %" PRIu32 ",\n",
         emit_derived(run, decl, NULL, "_type"), decl->scoped_name, name, decl->bits);
    if (rows.length > 0) {
        emit(out, "    .count = %zu,\n", rows.length);
        emit_rows(out, "    .enumerators = (const corbel_enumerator[]){", &rows, "},");
    }
    emit_described(out, decl->doc, emit_annotations(run, decl->annotations));
    emit(out, "};\n");
}

/* Constant labels of a case: the values themselves, since the tables have one type for all. */
static const char *label(emit_run *run, const idl_value *value)
{
    if (value->kind == IDL_VALUE_ENUM) {
        return emit_name(run, value->enumerator);
    }
    if (value->negative && value->magnitude > INT64_MAX) {
        return "INT64_MIN";
    }
    if (value->magnitude > INT64_MAX) {
        return emit_format(run->arena, "(int64_t)UINT64_C(%" PRIu64 ")", value->magnitude);
    }
    return emit_format(run->arena, "%s%" PRIu64, value->negative && value->magnitude > 0 ? "-" : "", value->magnitude);
}

static const char *member_flags(emit_run *run, const idl_decl *member)
{
    emit_buf flags = { .arena = run->arena };
    const bool has_default = member->default_value.kind != IDL_VALUE_NONE && !member->is_optional;
    if (member->is_optional || has_default) {
        emit(&flags, ", .flags = %s", member->is_optional ? "CORBEL_OPTIONAL" : "CORBEL_PRESENT");
    } else if (member->is_default) {
        emit(&flags, ", .flags = CORBEL_DEFAULT");
    }
    return flags.text == NULL ? "" : flags.text;
}

/* "(const char *const)": of a constant that a table points to. */
static const char *constant_type(emit_run *run, const idl_type *type)
{
    const char *value = emit_value_type(run, type);
    const size_t length = strlen(value);
    return value[length - 1] == '*' ? emit_format(run->arena, "%sconst", value)
                                    : emit_format(run->arena, "const %.*s", (int)length - 1, value);
}

static const char *member_row(emit_file *file, const char *name, const emit_field *row)
{
    emit_run *run = file->run;
    const idl_decl *member = row->member;
    emit_buf out = { .arena = run->arena };
    emit(&out, "{ .name = \"%s\", .id = %" PRIu32 "%s, .offset = offsetof(%s, %s), .type = %s", member->name, row->id,
         member_flags(run, member), name, emit_member_name(file, member), emit_type_address(file, member->type, member));
    if (member->default_value.kind != IDL_VALUE_NONE && !member->is_optional) {
        emit(&out, ", .fallback = &(%s){ %s }", constant_type(run, member->type),
             emit_literal(run, member->type, &member->default_value));
    }
    if (member->n_labels > 0) {
        emit(&out, ", .labels = (const int64_t[]){ ");
        for (uint32_t i = 0; i < member->n_labels; i++) {
            emit(&out, "%s%s", i > 0 ? ", " : "", label(run, &member->labels[i]));
        }
        emit(&out, " }, .n_labels = %" PRIu32, member->n_labels);
    }
    return emit_described_row(run->arena, out.text, member->doc, emit_annotations(run, member->annotations));
}

static emit_strings member_rows(emit_file *file, const idl_decl *decl)
{
    emit_run *run = file->run;
    const char *name = emit_name(run, decl);
    const emit_fields fields = emit_fields_of(run, decl);
    emit_strings list = { .arena = run->arena };
    if (decl->kind == IDL_UNION) {
        const char *row = emit_format(run->arena, "{ .name = \"_d\", .id = 1, .offset = offsetof(%s, _d), .type = %s", name,
                                      emit_type_address(file, decl->type, NULL));
        emit_add(&list, "%s", emit_described_row(run->arena, row, NULL, emit_annotations(run, decl->type->annotations)));
    }
    for (size_t i = 0; i < fields.length; i++) {
        emit_add(&list, "%s", member_row(file, name, &fields.items[i]));
    }
    return list;
}

void emit_value_table(emit_file *file, emit_buf *out, const idl_decl *decl)
{
    emit_run *run = file->run;
    const char *type = emit_derived(run, decl, NULL, "_type");
    if (decl->kind == IDL_TYPEDEF) {
        emit_array_table(file, out, decl->type, emit_format(run->arena, "const corbel_type %s", type), decl);
        return;
    }
    const emit_strings rows = member_rows(file, decl);
    const idl_type self = { .kind = IDL_NAMED, .decl = decl };
    emit(out, "const corbel_type %s = {\n    .kind = CORBEL_KIND_%s,\n", type, decl->kind == IDL_UNION ? "UNION" : "STRUCT");
    if (decl->kind != IDL_EXCEPTION && emit_is_plain(run, &self)) {
        emit(out, "    .flags = CORBEL_PLAIN%s,\n", decl->kind == IDL_BITSET ? " | CORBEL_BITSET" : "");
    }
    emit(out, "    .name = \"%s\",\n    .size = sizeof(%s),\n", decl->scoped_name, emit_name(run, decl));
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

/* type: of an item. */
static void emit_stream_rows(emit_file *file, emit_buf *out, const emit_call *call)
{
    emit_strings in = { .arena = file->run->arena }, ret = { .arena = file->run->arena };
    if (call->stream_in != NULL) {
        const emit_param *param = call->stream_in;
        add_param_row(file->run, &in, call, param, param->in_id, emit_type_address(file, emit_item_of(param->type), NULL));
        emit_rows(out, "    .stream_in = (const corbel_param[]){", &in, "},");
    }
    if (call->stream_out != NULL) {
        emit_add(&ret, "{ .name = \"ret\", .id = 1, .type = %s }", emit_type_address(file, emit_item_of(call->stream_out), NULL));
        emit_rows(out, "    .stream_out = (const corbel_param[]){", &ret, "},");
    }
}

/* One below the other behind the head; where one is too long for that, each on lines of its own. */
static void emit_params(emit_buf *out, const char *head, const emit_strings *rows)
{
    const size_t indent = emit_width(head) + 1;
    bool fits = true;
    for (size_t i = 0; i < rows->length; i++) {
        fits =
            fits && strchr(rows->items[i], '\n') == NULL && indent + emit_width(rows->items[i]) + strlen(" },") <= EMIT_COLUMNS;
    }
    if (!fits) {
        emit_rows(out, head, rows, "},");
        return;
    }
    for (size_t i = 0; i < rows->length; i++) {
        emit(out, "%s%*s%s%s\n", i == 0 ? head : "", i == 0 ? 1 : (int)indent, "", rows->items[i],
             i + 1 < rows->length ? "," : " },");
    }
}

void emit_operation_table(emit_file *file, emit_buf *out, const idl_decl *interface, const emit_call *call)
{
    emit_run *run = file->run;
    emit_strings ins = { .arena = run->arena }, outs = { .arena = run->arena }, raises = { .arena = run->arena };
    for (uint32_t row = 0; row < call->n_in; row++) {
        const emit_param *param = emit_param_at(call, row, false);
        add_param_row(run, &ins, call, param, param->in_id, emit_type_address(file, param->type, param->decl));
    }
    for (uint32_t row = 0; row < call->n_out; row++) {
        const emit_param *param = emit_param_at(call, row, true);
        if (param != NULL) {
            add_param_row(run, &outs, call, param, param->out_id, emit_type_address(file, param->type, param->decl));
        } else {
            emit_add(&outs, "{ .name = \"ret\", .id = 1, .type = %s }", emit_type_address(file, call->result, call->decl));
        }
    }
    emit(out, "static const corbel_operation %s = {\n", emit_operation_name(file, interface, call));
    emit_strings fields = { .arena = run->arena };
    emit_add(&fields, ".interface = \"%s\"", call->owner->scoped_name);
    emit_add(&fields, ".name = \"%s\"", call->wire_name);
    const bool idempotent =
        call->role == EMIT_GETTER || emit_is_marked(call->decl, "idempotent") || emit_is_marked(call->decl, "readonly_op");
    const bool once = !idempotent && emit_is_marked(call->decl, "once");
    const char *const flags[] = { !emit_has_halves(call) ? "CORBEL_ONEWAY"
                                  : idempotent           ? "CORBEL_IDEMPOTENT"
                                  : once                 ? "CORBEL_ONCE"
                                                         : NULL,
                                  emit_overlaps(call) ? "CORBEL_OVERLAP" : NULL,
                                  emit_promises_of(run, call).length > 0 ? "CORBEL_PROMISES" : NULL };
    const char *all = "";
    for (size_t i = 0; i < sizeof flags / sizeof flags[0]; i++) {
        if (flags[i] != NULL) {
            all = emit_format(run->arena, "%s%s%s", all, *all == '\0' ? "" : " | ", flags[i]);
        }
    }
    if (*all != '\0') {
        emit_add(&fields, ".flags = %s", all);
    }
    if (ins.length > 0) {
        emit_add(&fields, ".n_in = %zu", ins.length);
    }
    if (outs.length > 0) {
        emit_add(&fields, ".n_out = %zu", outs.length);
    }
    if (emit_deadline(call) != 0) {
        emit_add(&fields, ".deadline_ms = %" PRIu32, emit_deadline(call));
    }
    emit_list(out, "    ", &fields, ",");
    if (ins.length > 0) {
        emit_params(out, "    .in = (const corbel_param[]){", &ins);
    }
    if (outs.length > 0) {
        emit_params(out, "    .out = (const corbel_param[]){", &outs);
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
    emit_stream_rows(file, out, call);
    emit(out, "};\n");
}
