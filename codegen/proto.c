/* A .proto from top to bottom: types in the order of the IDL, each interface as a service with its messages behind it. */
#include "codegen/proto.h"

#include <inttypes.h>
#include <string.h>

static void write_block(emit_buf *out, const char *what, const char *name, const emit_buf *body)
{
    if (body->length == 0) {
        emit(out, "%s %s {}\n", what, name);
    } else {
        emit(out, "%s %s {\n", what, name);
        emit_raw(out, body->text, body->length);
        emit(out, "}\n");
    }
}

/* ---- types ---- */

static void write_members(proto_run *all, proto_file *file, emit_buf *out, const idl_decl *decl)
{
    proto_scope scope = { .arena = all->run->arena };
    const emit_fields fields = emit_fields_of(all->run, decl);
    const char **names = idl_arena_alloc(scope.arena, (fields.length + 1) * sizeof *names);
    for (size_t i = 0; i < fields.length; i++) { /* the IDL's names before what is derived from them */
        names[i] = proto_scope_enter(&scope, fields.items[i].member->name);
    }
    for (size_t i = 0; i < fields.length; i++) {
        const idl_decl *member = fields.items[i].member;
        emit_check_number(all->run, member, fields.items[i].id);
        const proto_field field = {
            .name = names[i],
            .decl = member,
            .type = member->type,
            .id = fields.items[i].id,
            .has_presence = member->is_optional || member->default_value.kind != IDL_VALUE_NONE,
        };
        proto_emit_field(all, file, &scope, out, 2, &field);
    }
}

static void write_union(proto_run *all, proto_file *file, emit_buf *out, const idl_decl *decl)
{
    proto_scope scope = { .arena = all->run->arena };
    emit_buf cases = { .arena = scope.arena };
    const emit_fields fields = emit_fields_of(all->run, decl);
    const char **names = idl_arena_alloc(scope.arena, (fields.length + 1) * sizeof *names);
    const proto_field selector = { .name = proto_scope_enter(&scope, "_d"), .type = decl->type, .id = 1 };
    for (size_t i = 0; i < fields.length; i++) {
        names[i] = proto_scope_enter(&scope, fields.items[i].member->name);
    }
    proto_emit_field(all, file, &scope, out, 2, &selector);
    for (size_t i = 0; i < fields.length; i++) {
        const idl_decl *member = fields.items[i].member;
        const proto_field field = { .name = names[i], .decl = member, .type = member->type, .id = fields.items[i].id };
        emit_check_number(all->run, member, field.id);
        const char *type =
            proto_single_type(all, file, &scope, out, 2, member->type, emit_format(scope.arena, "%s_items", names[i]));
        proto_comment(&cases, 4, member->doc, proto_facts(file, &field));
        emit(&cases, "    %s %s = %" PRIu32 ";\n", type, names[i], field.id);
    }
    emit(out, "  oneof %s {\n", proto_scope_enter(&scope, "value"));
    emit_raw(out, cases.text, cases.length);
    emit(out, "  }\n");
}

static void write_enumerator(proto_run *all, emit_buf *out, const idl_decl *decl)
{
    proto_comment(out, 2, decl->doc, NULL);
    emit(out, "  %s = %s%" PRIu64 ";\n", proto_name(all, decl), decl->value.negative && decl->value.magnitude > 0 ? "-" : "",
         decl->value.magnitude);
}

/* proto3 wants the zero first, and one. */
static void write_enum(proto_run *all, emit_buf *out, const idl_decl *decl)
{
    const idl_decl *zero = proto_zero_of(decl);
    if (zero != NULL) {
        write_enumerator(all, out, zero);
    } else {
        proto_comment(out, 2, NULL, "Not in the IDL: proto3 wants a zero.");
        emit(out, "  %s = 0;\n", proto_zero_name(all, decl));
    }
    for (const idl_decl *at = decl->children; at != NULL; at = at->next) {
        if (at != zero) {
            write_enumerator(all, out, at);
        }
    }
}

static void write_type(proto_run *all, proto_file *file, emit_buf *out, const idl_decl *decl)
{
    emit_gap(out);
    proto_comment(out, 0, decl->doc, NULL);
    emit_buf body = { .arena = out->arena };
    if (decl->kind == IDL_ENUM) {
        write_enum(all, &body, decl);
    } else if (decl->kind == IDL_UNION) {
        write_union(all, file, &body, decl);
    } else {
        write_members(all, file, &body, decl);
    }
    write_block(out, decl->kind == IDL_ENUM ? "enum" : "message", proto_name(all, decl), &body);
}

/* ---- interfaces ---- */

static void write_parameters(proto_run *all, proto_file *file, emit_buf *out, const emit_call *call, bool is_reply)
{
    proto_scope scope = { .arena = all->run->arena };
    const char **names = idl_arena_alloc(scope.arena, (call->n_params + 1) * sizeof *names);
    for (size_t i = 0; i < call->n_params; i++) {
        const uint32_t id = is_reply ? call->params[i].out_id : call->params[i].in_id;
        names[i] = id == 0 || call->params[i].is_stream ? NULL : proto_scope_enter(&scope, call->params[i].name);
    }
    if (is_reply && call->result != NULL) {
        const proto_field field = { .name = proto_scope_enter(&scope, "ret"), .type = call->result, .id = 1 };
        proto_emit_field(all, file, &scope, out, 2, &field);
    }
    for (size_t i = 0; i < call->n_params; i++) {
        const emit_param *param = &call->params[i];
        if (names[i] != NULL) {
            const proto_field field = { .name = names[i],
                                        .decl = param->decl->kind == IDL_PARAMETER ? param->decl : NULL,
                                        .type = param->type,
                                        .id = is_reply ? param->out_id : param->in_id };
            emit_check_number(all->run, param->decl, field.id);
            proto_emit_field(all, file, &scope, out, 2, &field);
        }
    }
}

static void write_message(proto_run *all, proto_file *file, emit_buf *out, const emit_call *call, bool is_reply)
{
    const char *name = proto_call_name(all, call, is_reply ? "reply" : "request");
    emit_buf body = { .arena = out->arena };
    write_parameters(all, file, &body, call, is_reply);
    emit_gap(out);
    write_block(out, "message", name, &body);
}

/* An item of a stream is a message of one field. */
static void write_item(proto_run *all, proto_file *file, emit_buf *out, const emit_call *call, bool is_reply)
{
    const emit_param *param = is_reply ? NULL : call->stream_in;
    if (is_reply ? call->stream_out == NULL : param == NULL) {
        return;
    }
    proto_scope scope = { .arena = all->run->arena };
    emit_buf body = { .arena = out->arena };
    const proto_field field = { .name = proto_scope_enter(&scope, param == NULL ? "ret" : param->name),
                                .decl = param == NULL ? NULL : param->decl,
                                .type = emit_item_of(param == NULL ? call->stream_out : param->type),
                                .id = param == NULL ? 1 : param->in_id };
    proto_emit_field(all, file, &scope, &body, 2, &field);
    emit_gap(out);
    write_block(out, "message", proto_call_name(all, call, is_reply ? "reply item" : "request item"), &body);
}

static const char *list_names(emit_run *run, const char *before, const idl_decl_list *list)
{
    const char *text = NULL;
    for (size_t i = 0; i < list->length; i++) {
        text = emit_format(run->arena, "%s%s", text == NULL ? before : emit_format(run->arena, "%s, ", text),
                           list->items[i]->scoped_name);
    }
    return text == NULL ? NULL : emit_format(run->arena, "%s.", text);
}

static const char *facts_of_call(const proto_run *all, const emit_call *call)
{
    emit_run *run = all->run;
    const idl_decl_list *raises = call->role == EMIT_SETTER ? &call->decl->set_raises : &call->decl->raises;
    const char *raised = list_names(run, "Raises ", raises);
    if (!emit_has_halves(call)) {
        return "Oneway: there is no reply.";
    }
    if (!emit_has_streams(call)) {
        return raised;
    }
    const char *text = emit_format(
        run->arena, "%s%s%s",
        call->stream_in == NULL ? ""
                                : emit_format(run->arena, "%s goes before the items. ", proto_call_name(all, call, "request")),
        call->stream_out == NULL ? ""
                                 : emit_format(run->arena, "%s comes after the items. ", proto_call_name(all, call, "reply")),
        raised == NULL ? "" : raised);
    return text;
}

/* What the service shows of a direction: the items where they flow, which come after the arguments, or before the reply. */
static const char *carried(proto_run *all, const emit_call *call, bool is_reply)
{
    const bool is_stream = is_reply ? call->stream_out != NULL : call->stream_in != NULL;
    const char *what = is_reply ? is_stream ? "reply item" : "reply" : is_stream ? "request item" : "request";
    return emit_format(all->run->arena, "%s%s", is_stream ? "stream " : "", proto_call_name(all, call, what));
}

static void write_service(proto_run *all, proto_file *file, emit_buf *out, const idl_decl *decl)
{
    emit_run *run = all->run;
    const emit_calls calls = emit_calls_of(run, decl, false);
    emit_gap(out);
    proto_comment(out, 0, decl->doc, list_names(run, "Inherits from ", &decl->bases));
    emit_buf body = { .arena = out->arena };
    for (size_t i = 0; i < calls.length; i++) {
        const emit_call *call = &calls.items[i];
        proto_comment(&body, 2, call->role == EMIT_SETTER ? NULL : call->decl->doc, facts_of_call(all, call));
        emit(&body, "  rpc %s (%s) returns (%s);\n", call->wire_name, carried(all, call, false), carried(all, call, true));
    }
    write_block(out, "service", proto_name(all, decl), &body);
    for (size_t i = 0; i < calls.length; i++) {
        write_message(all, file, out, &calls.items[i], false);
        write_item(all, file, out, &calls.items[i], false);
        write_message(all, file, out, &calls.items[i], true);
        write_item(all, file, out, &calls.items[i], true);
    }
}

/* ---- the file ---- */

/* A file that cannot be compiled itself has no .proto: what it includes takes its place, as in the header. to: its folder. */
static void add_imports(proto_run *all, proto_file *file, emit_buf *out, const idl_file *of, const char *to, size_t depth)
{
    idl_arena *arena = out->arena;
    for (size_t i = 0; of->includes != NULL && of->includes[i] != NULL; i++) {
        const char *header = emit_include_name(all->run, of, i);
        const char *path = emit_is_beside(of, i) ? emit_format(arena, "%s%s", to, header) : header;
        if (!of->includes[i]->is_partial) {
            if (!proto_is_circle(file, of->includes[i])) {
                emit(out, "import public \"%.*s.proto\";\n", (int)(strlen(path) - strlen(".corbel.h")), path);
            }
        } else if (depth < file->file->n_closure) { /* files may include each other */
            const char *slash = strrchr(path, '/');
            const size_t length = slash == NULL ? 0 : (size_t)(slash - path) + 1;
            add_imports(all, file, out, of->includes[i], emit_format(arena, "%.*s", (int)length, path), depth + 1);
        }
    }
}

static void write_imports(proto_run *all, proto_file *file, emit_buf *out)
{
    emit_buf imports = { .arena = out->arena };
    add_imports(all, file, &imports, file->file->file, "", 0);
    if (file->uses_any) {
        emit(&imports, "import \"corbel/any.proto\";\n");
    }
    if (imports.length > 0) {
        emit_gap(out);
        emit_raw(out, imports.text, imports.length);
    }
}

void proto_emit(proto_run *all, proto_file *file, emit_buf *out)
{
    emit_buf body = { .arena = all->run->arena };
    emit_raw(&body, "", 0);
    for (size_t i = 0; i < file->decls.length; i++) {
        const idl_decl *decl = file->decls.items[i];
        if (decl->kind == IDL_INTERFACE) {
            write_service(all, file, &body, decl);
        } else {
            write_type(all, file, &body, decl);
        }
    }
    emit(out, "// Generated by corbelc " CORBELC_SHORT_VERSION " from %s.idl. Do not edit.\n//\n", file->file->stem);
    emit(out, "// What travels: arguments, results and values as the peer of a Corbel program reads and writes them.\n"
              "syntax = \"proto3\";\n");
    if (file->depth > 0) {
        emit(out, "\npackage %s;\n", file->package);
    }
    write_imports(all, file, out);
    emit_raw(out, body.text, body.length);
}
