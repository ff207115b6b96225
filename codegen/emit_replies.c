/* Deferred replies: for each operation that is not oneway a _reply(), and where it has arguments _args and _defer(). Inherited
 * operations have those of the interface that declares them. */
#include "codegen/comment.h"
#include "codegen/emit.h"

#include <stdint.h>
#include <string.h>

static const char *name_of(emit_file *file, const emit_param *param)
{
    return emit_local_name(file, param->c_name, true);
}

/* request, then the outputs in the form of arguments, in the order of the IDL, the result last. */
static emit_strings reply_params(emit_file *file, const emit_call *call)
{
    emit_run *run = file->run;
    emit_strings list = { .arena = run->arena };
    emit_add(&list, "corbel_request *request");
    for (size_t i = 0; i < call->n_params; i++) {
        const emit_param *param = &call->params[i];
        if (param->out_id != 0) {
            emit_add(&list, "%s%s", emit_in_type(run, param->type), name_of(file, param));
        }
    }
    if (call->result != NULL) {
        emit_add(&list, "%sret", emit_in_type(run, call->result));
    }
    return list;
}

static bool is_by_address(emit_run *run, const idl_type *type)
{
    const emit_shape shape = emit_shape_of(run, type);
    return shape == EMIT_STRUCT || shape == EMIT_FLAT;
}

/* A local's name that no parameter has. */
static const char *array_name(emit_file *file, const emit_call *call)
{
    const char *name = "out";
    for (size_t i = 0; i < call->n_params; i++) {
        if (call->params[i].out_id != 0 && strcmp(name_of(file, &call->params[i]), name) == 0) {
            name = emit_format(file->run->arena, "%s_", name);
            i = SIZE_MAX; /* from the start */
        }
    }
    return name;
}

static void emit_reply(emit_file *file, emit_buf *out, const idl_decl *interface, const emit_call *call)
{
    emit_run *run = file->run;
    const emit_strings params = reply_params(file, call);
    const char *function = emit_call_name(run, interface, call, "_reply");
    const char *operation = emit_operation_name(file, interface, call);
    if (call->n_out == 0) {
        emit_short_function(out, "void ", function, &params,
                            emit_format(run->arena, "corbel_skeleton_reply(request, &%s, NULL);", operation));
        return;
    }
    const char *array = array_name(file, call);
    emit_strings addresses = { .arena = run->arena };
    for (uint32_t row = 0; row < call->n_out; row++) {
        const emit_param *param = emit_param_at(call, row, true);
        const idl_type *type = param == NULL ? call->result : param->type;
        emit_add(&addresses, "%s%s", is_by_address(run, type) ? "" : "&", param == NULL ? "ret" : name_of(file, param));
    }
    emit_function(out, "void ", function, &params, "");
    emit(out, "{\n");
    emit_list(out, emit_format(run->arena, "    const void *const %s[] = { ", array), &addresses, " };");
    emit_statement(out, 4, emit_format(run->arena, "corbel_skeleton_reply(request, &%s, %s);", operation, array));
    emit(out, "}\n");
}

static emit_strings defer_params(emit_file *file, const idl_decl *interface, const emit_call *call)
{
    emit_run *run = file->run;
    emit_strings list = { .arena = run->arena };
    emit_add(&list, "corbel_request *request");
    emit_add(&list, "%s *args", emit_call_name(run, interface, call, "_args"));
    return list;
}

static void emit_defer(emit_file *file, emit_buf *out, const idl_decl *interface, const emit_call *call)
{
    emit_run *run = file->run;
    const emit_strings params = defer_params(file, interface, call);
    emit_strings places = { .arena = run->arena };
    for (uint32_t row = 0; row < call->n_in; row++) {
        emit_add(&places, "&args->%s", name_of(file, emit_param_at(call, row, false)));
    }
    emit_function(out, "corbel_status ", emit_call_name(run, interface, call, "_defer"), &params, "");
    emit(out, "{\n");
    emit_list(out, "    void *const lent[] = { ", &places, " };");
    emit_statement(
        out, 4,
        emit_format(run->arena, "return corbel_skeleton_defer(request, &%s, lent);", emit_operation_name(file, interface, call)));
    emit(out, "}\n");
}

bool emit_lends_arguments(const emit_call *call)
{
    return emit_has_halves(call) && call->n_in > 0;
}

void emit_replies(emit_file *file, emit_buf *out, const idl_decl *interface)
{
    const emit_calls calls = emit_calls_of(file->run, interface, false);
    for (size_t i = 0; i < calls.length; i++) {
        const emit_call *call = &calls.items[i];
        if (emit_has_halves(call)) {
            emit_reply(file, out, interface, call);
        }
        if (emit_lends_arguments(call)) {
            emit_defer(file, out, interface, call);
        }
    }
}

static void emit_args(emit_file *file, emit_buf *out, const idl_decl *interface, const emit_call *call)
{
    emit_run *run = file->run;
    const char *name = emit_call_name(run, interface, call, "_args");
    emit_strings members = { .arena = run->arena };
    size_t width = strlen("typedef struct {  } ;") + strlen(name);
    for (size_t i = 0; i < call->n_params; i++) {
        const emit_param *param = &call->params[i];
        if (param->in_id != 0 && !param->is_stream) {
            emit_add(&members, "%s%s;", emit_in_type(run, param->type), name_of(file, param));
            width += emit_width(members.items[members.length - 1]) + (members.length > 1 ? 1 : 0);
        }
    }
    const bool is_short = width <= EMIT_COLUMNS;
    emit(out, "typedef struct {%s", is_short ? "" : "\n");
    for (size_t i = 0; i < members.length; i++) {
        emit(out, "%s%s%s", is_short ? " " : "    ", members.items[i], is_short ? "" : "\n");
    }
    emit(out, "%s} %s;\n", is_short ? " " : "", name);
    const emit_strings params = defer_params(file, interface, call);
    emit_function(out, "CORBEL_MUST_CHECK corbel_status ", emit_call_name(run, interface, call, "_defer"), &params, ";");
}

void emit_header_replies(emit_file *file, emit_buf *out, const idl_decl *interface)
{
    emit_run *run = file->run;
    const emit_calls calls = emit_calls_of(run, interface, false);
    bool is_first = true, lends = false;
    for (size_t i = 0; i < calls.length; i++) {
        const emit_call *call = &calls.items[i];
        if (!emit_has_halves(call)) {
            continue;
        }
        if (is_first) {
            emit(out, "\n");
            emit_remark(out, "After corbel_request_defer(), once, from any thread; what it is given is borrowed.");
        }
        is_first = false;
        lends |= emit_lends_arguments(call);
        const emit_strings params = reply_params(file, call);
        emit_function(out, "void ", emit_call_name(run, interface, call, "_reply"), &params, ";");
    }
    if (!lends) {
        return;
    }
    emit(out, "\n");
    emit_remark(out, "Instead of corbel_request_defer(): lends the arguments until the reply.");
    for (size_t i = 0; i < calls.length; i++) {
        if (emit_lends_arguments(&calls.items[i])) {
            emit_args(file, out, interface, &calls.items[i]);
        }
    }
}
