/* The calling half in the .c: two arrays of addresses and a call on a constant operation. */
#include "codegen/emit.h"

#include <string.h>

/* A local's name that no parameter has: an IDL parameter may be called _in. */
static const char *free_name(emit_run *run, const char *name, const emit_strings *used)
{
    for (size_t i = 0; i < used->length; i++) {
        if (strcmp(used->items[i], name) == 0) {
            return free_name(run, emit_format(run->arena, "%s_", name), used);
        }
    }
    return name;
}

/* Declares the array of addresses, if there are any; returns what stands for it. */
static const char *emit_array(emit_run *run, emit_buf *out, const char *type, const char *wanted, const emit_strings *addresses,
                              const emit_strings *used)
{
    if (addresses->length == 0) {
        return "NULL";
    }
    const char *name = free_name(run, wanted, used);
    emit_list(out, emit_format(run->arena, "    %s%s[] = { ", type, name), addresses, " };");
    return name;
}

static void emit_return(emit_run *run, emit_buf *out, const char *function, const emit_strings *arguments)
{
    emit_list(out, emit_format(run->arena, "    return %s(", function), arguments, ");");
}

/* A stream that _begin() hands out: the library's at first. Returns where the library puts it. */
static const char *emit_stream_variable(emit_run *run, emit_buf *out, const char *wanted, const emit_strings *used)
{
    const char *name = free_name(run, wanted, used);
    emit(out, "    corbel_stream *%s = NULL;\n", name);
    return name;
}

static void emit_stream_handed_out(emit_run *run, emit_buf *out, const char *ret, const idl_type *sequence, const char *variable)
{
    emit(out, "    if (%s != NULL) {\n        *%s = (%s *)%s;\n    }\n", ret, ret, emit_stream_name(run, sequence), variable);
}

/* _begin() of an operation with streams. */
static void emit_begin_streams(emit_file *file, emit_buf *out, const idl_decl *interface, const emit_call *call)
{
    emit_run *run = file->run;
    const emit_strings params = emit_call_params(file, interface, call, EMIT_BEGIN);
    const emit_strings names = emit_call_arguments(file, call, EMIT_BEGIN);
    const emit_strings ins = emit_in_addresses(file, call, EMIT_BEGIN);
    emit_function(out, "corbel_call *", emit_call_name(run, interface, call, "_begin"), &params, "");
    emit(out, "{\n");
    const char *in = emit_array(run, out, "const void *const ", "in", &ins, &names);
    const char *written = NULL, *read = NULL;
    if (call->stream_in != NULL) {
        written = emit_stream_variable(run, out, "stream_in", &names);
    }
    if (call->stream_out != NULL) {
        read = emit_stream_variable(run, out, "stream_out", &names);
    }
    emit_strings arguments = { .arena = run->arena };
    emit_add(&arguments, "(corbel_object *)self");
    emit_add(&arguments, "&%s", emit_operation_name(file, interface, call));
    emit_add(&arguments, "%s", in);
    emit_add(&arguments, "%s%s", written == NULL ? "" : "&", written == NULL ? "NULL" : written);
    emit_add(&arguments, "%s%s", read == NULL ? "" : "&", read == NULL ? "NULL" : read);
    const char *begun = free_name(run, "call", &names);
    emit_list(out, emit_format(run->arena, "    corbel_call *%s = corbel_stub_begin_streams(", begun), &arguments, ");");
    if (written != NULL) {
        emit_stream_handed_out(run, out, emit_format(run->arena, "ret_%s", call->stream_in->c_name), call->stream_in->type,
                               written);
    }
    if (read != NULL) {
        emit_stream_handed_out(run, out, "ret", call->stream_out, read);
    }
    emit(out, "    return %s;\n}\n", begun);
}

static void emit_stub(emit_file *file, emit_buf *out, const idl_decl *interface, const emit_call *call, emit_half half)
{
    emit_run *run = file->run;
    const emit_strings params = emit_call_params(file, interface, call, half);
    const emit_strings names = emit_call_arguments(file, call, half);
    const char *operation = emit_format(run->arena, "&%s", emit_operation_name(file, interface, call));
    emit_strings ins = { .arena = run->arena }, outs = { .arena = run->arena };
    if (half != EMIT_FINISH) {
        ins = emit_in_addresses(file, call, half);
    }
    if (half != EMIT_BEGIN) {
        outs = emit_out_addresses(file, call, half);
    }
    const char *suffix = half == EMIT_WHOLE ? "" : half == EMIT_BEGIN ? "_begin" : "_finish";
    emit_buf body = { .arena = run->arena };
    const char *in = emit_array(run, &body, "const void *const ", "in", &ins, &names);
    const char *to = emit_array(run, &body, "void *const ", "out", &outs, &names);
    emit_strings arguments = { .arena = run->arena };
    if (half == EMIT_FINISH) {
        emit_add(&arguments, "call");
    } else {
        emit_add(&arguments, "(corbel_object *)self");
    }
    emit_add(&arguments, "%s", operation);
    if (half != EMIT_FINISH) {
        emit_add(&arguments, "%s", in);
    }
    if (half != EMIT_BEGIN) {
        emit_add(&arguments, "%s", to);
        emit_add(&arguments, "reterr");
    }
    emit_function(out, half == EMIT_BEGIN ? "corbel_call *" : "corbel_status ", emit_call_name(run, interface, call, suffix),
                  &params, "");
    emit(out, "{\n%s", body.text == NULL ? "" : body.text);
    emit_return(run, out,
                half == EMIT_WHOLE   ? "corbel_stub_call"
                : half == EMIT_BEGIN ? "corbel_stub_begin"
                                     : "corbel_stub_finish",
                &arguments);
    emit(out, "}\n");
}

void emit_stubs(emit_file *file, emit_buf *out, const idl_decl *interface)
{
    const emit_calls calls = emit_calls_of(file->run, interface, false);
    for (size_t i = 0; i < calls.length; i++) {
        const emit_call *call = &calls.items[i];
        emit_operation_table(file, out, interface, call);
        if (!emit_has_streams(call)) {
            emit_stub(file, out, interface, call, EMIT_WHOLE);
        }
        if (emit_has_halves(call)) {
            if (emit_has_streams(call)) {
                emit_begin_streams(file, out, interface, call);
            } else {
                emit_stub(file, out, interface, call, EMIT_BEGIN);
            }
            emit_stub(file, out, interface, call, EMIT_FINISH);
            emit_promise_stubs(file, out, interface, call);
        }
        emit(out, "\n");
    }
}

/* Under the heir's name: the base's own function, on the same reference. */
static void emit_forward(emit_file *file, emit_buf *out, const idl_decl *interface, const emit_call *call, emit_half half)
{
    emit_run *run = file->run;
    const char *suffix = half == EMIT_WHOLE ? "" : half == EMIT_BEGIN ? "_begin" : "_finish";
    const emit_strings params = emit_call_params(file, interface, call, half);
    emit_strings arguments = emit_call_arguments(file, call, half);
    if (half != EMIT_FINISH) {
        arguments.items[0] = emit_format(run->arena, "%s(self)", emit_derived(run, interface, call->owner, "_as_"));
    }
    emit_function(out, half == EMIT_BEGIN ? "corbel_call *" : "corbel_status ", emit_call_name(run, interface, call, suffix),
                  &params, "");
    emit(out, "{\n");
    emit_return(run, out, emit_call_name(run, call->owner, call, suffix), &arguments);
    emit(out, "}\n");
}

void emit_inherited_stubs(emit_file *file, emit_buf *out, const idl_decl *interface)
{
    const emit_calls calls = emit_calls_of(file->run, interface, true);
    for (size_t i = 0; i < calls.length; i++) {
        const emit_call *call = &calls.items[i];
        if (call->owner == interface) {
            continue;
        }
        if (!emit_has_streams(call)) {
            emit_forward(file, out, interface, call, EMIT_WHOLE);
        }
        if (emit_has_halves(call)) {
            emit_forward(file, out, interface, call, EMIT_BEGIN);
            emit_forward(file, out, interface, call, EMIT_FINISH);
            emit_promise_forward(file, out, interface, call);
        }
    }
}
