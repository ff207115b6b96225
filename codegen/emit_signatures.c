/* The parameters of every function that an operation becomes, and the addresses that its stub hands to the library. */
#include "codegen/emit.h"

static const char *plain_in(emit_file *file, const emit_param *param)
{
    return emit_local_name(file, param->c_name, true);
}

static const char *named(emit_run *run, const char *type, const char *prefix, const char *name)
{
    return emit_format(run->arena, "%s%s%s", type, prefix, name);
}

/* _begin() hands it out, the servant gets it. param: what has it; NULL: the result. */
static void add_stream(emit_file *file, emit_strings *types, emit_strings *names, const idl_type *sequence,
                       const emit_param *param, emit_half half)
{
    const char *type = emit_stream_name(file->run, sequence);
    const char *name = param == NULL          ? "ret"
                       : half == EMIT_SERVANT ? plain_in(file, param)
                                              : emit_format(file->run->arena, "ret_%s", param->c_name);
    if (half == EMIT_BEGIN || half == EMIT_SERVANT) {
        emit_add(types, "%s *%s%s", type, half == EMIT_BEGIN ? "*" : "", name);
        emit_add(names, "%s", name);
    }
}

static void add_param(emit_file *file, emit_strings *types, emit_strings *names, const emit_param *param, emit_half half)
{
    emit_run *run = file->run;
    if (param->is_stream) {
        add_stream(file, types, names, param->type, param, half);
        return;
    }
    const bool is_plain = emit_is_plain(run, param->type);
    const char *out_type = half == EMIT_SERVANT ? emit_servant_out_type(run, param->type) : emit_out_type(run, param->type);
    if (param->direction == IDL_INOUT && is_plain && (half == EMIT_WHOLE || half == EMIT_SERVANT)) {
        emit_add(types, "%sinout_%s", out_type, param->c_name);
        emit_add(names, "inout_%s", param->c_name);
        return;
    }
    if (param->in_id != 0 && half != EMIT_FINISH) {
        emit_add(types, "%s", named(run, emit_in_type(run, param->type), "", plain_in(file, param)));
        emit_add(names, "%s", plain_in(file, param));
    }
    if (param->out_id != 0 && half != EMIT_BEGIN) {
        emit_add(types, "%sret_%s", out_type, param->c_name);
        emit_add(names, "ret_%s", param->c_name);
    }
}

static void both_lists(emit_file *file, const idl_decl *interface, const emit_call *call, emit_half half, emit_strings *types,
                       emit_strings *names)
{
    emit_run *run = file->run;
    if (half == EMIT_FINISH) {
        emit_add(types, "corbel_call *call");
        emit_add(names, "call");
    } else if (half == EMIT_SERVANT) {
        emit_add(types, "void *self");
        emit_add(names, "self");
        emit_add(types, "corbel_request *request");
        emit_add(names, "request");
    } else {
        emit_add(types, "%s *self", emit_name(run, interface));
        emit_add(names, "self");
    }
    for (size_t i = 0; i < call->n_params; i++) {
        add_param(file, types, names, &call->params[i], half);
    }
    if (call->result != NULL && half != EMIT_BEGIN) {
        emit_add(types, "%sret",
                 half == EMIT_SERVANT ? emit_servant_out_type(run, call->result) : emit_out_type(run, call->result));
        emit_add(names, "ret");
    }
    if (call->stream_out != NULL) {
        add_stream(file, types, names, call->stream_out, NULL, half);
    }
    if (half == EMIT_WHOLE || half == EMIT_FINISH) {
        emit_add(types, "corbel_error *reterr");
        emit_add(names, "reterr");
    }
}

emit_strings emit_call_params(emit_file *file, const idl_decl *interface, const emit_call *call, emit_half half)
{
    emit_strings types = { .arena = file->run->arena }, names = { .arena = file->run->arena };
    both_lists(file, interface, call, half, &types, &names);
    return types;
}

emit_strings emit_call_arguments(emit_file *file, const emit_call *call, emit_half half)
{
    emit_strings types = { .arena = file->run->arena }, names = { .arena = file->run->arena };
    both_lists(file, call->owner, call, half, &types, &names);
    return names;
}

emit_strings emit_in_addresses(emit_file *file, const emit_call *call, emit_half half)
{
    emit_strings list = { .arena = file->run->arena };
    for (uint32_t row = 0; row < call->n_in; row++) {
        const emit_param *param = emit_param_at(call, row, false);
        const emit_shape shape = emit_shape_of(file->run, param->type);
        const bool is_plain = shape == EMIT_PLAIN || shape == EMIT_FLAT;
        if (param->direction == IDL_INOUT && is_plain && half == EMIT_WHOLE) {
            emit_add(&list, "inout_%s", param->c_name);
        } else {
            emit_add(&list, "%s%s", shape == EMIT_STRUCT || shape == EMIT_FLAT ? "" : "&", plain_in(file, param));
        }
    }
    return list;
}

emit_strings emit_out_addresses(emit_file *file, const emit_call *call, emit_half half)
{
    emit_strings list = { .arena = file->run->arena };
    for (uint32_t row = 0; row < call->n_out; row++) {
        const emit_param *param = emit_param_at(call, row, true);
        if (param == NULL) {
            emit_add(&list, "ret");
            continue;
        }
        const bool both = param->direction == IDL_INOUT && emit_is_plain(file->run, param->type) && half == EMIT_WHOLE;
        emit_add(&list, "%s_%s", both ? "inout" : "ret", param->c_name);
    }
    return list;
}
