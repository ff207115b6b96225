/* The hosting half in the .c: one typed thunk an operation, the interface's table, and the functions of its references. */
#include "codegen/emit.h"

#include <inttypes.h>
#include <string.h>

static const char *thunk_name(emit_file *file, const idl_decl *interface, const emit_call *call)
{
    emit_run *run = file->run;
    return emit_static_name(file, emit_format(run->arena, "%s_thunk", emit_call_name(run, interface, call, "")));
}

/* The arguments of the servant's function, in its order: what is at in[] and out[]. */
static emit_strings thunk_arguments(emit_file *file, const emit_call *call, emit_strings *copies)
{
    emit_run *run = file->run;
    emit_strings list = { .arena = run->arena };
    emit_add(&list, "self");
    emit_add(&list, "request");
    for (size_t i = 0; i < call->n_params; i++) {
        const emit_param *param = &call->params[i];
        if (param->is_stream) { /* behind the others */
            emit_add(&list, "*(%s *const *)in[%" PRIu32 "]", emit_stream_name(run, param->type), call->n_in);
            continue;
        }
        const emit_shape shape = emit_shape_of(run, param->type);
        const char *pointer = emit_const_pointer(run, param->type);
        if (param->direction == IDL_INOUT && (shape == EMIT_PLAIN || shape == EMIT_FLAT)) {
            emit_add(copies, "*(%s)out[%" PRIu32 "] = *(%s)in[%" PRIu32 "];", emit_out_type(run, param->type), param->out_row,
                     pointer, param->in_row);
            emit_add(&list, "out[%" PRIu32 "]", param->out_row);
            continue;
        }
        if (param->in_id != 0) {
            if (shape == EMIT_STRUCT || shape == EMIT_FLAT) {
                emit_add(&list, "in[%" PRIu32 "]", param->in_row);
            } else {
                emit_add(&list, "*(%s)in[%" PRIu32 "]", pointer, param->in_row);
            }
        }
        if (param->out_id != 0) {
            emit_add(&list, "out[%" PRIu32 "]", param->out_row);
        }
    }
    if (call->result != NULL) {
        emit_add(&list, "out[0]");
    }
    if (call->stream_out != NULL) {
        emit_add(&list, "*(%s *const *)out[%" PRIu32 "]", emit_stream_name(run, call->stream_out), call->n_out);
    }
    return list;
}

static void emit_thunk(emit_file *file, emit_buf *out, const idl_decl *interface, const emit_call *call)
{
    emit_run *run = file->run;
    emit_strings params = { .arena = run->arena }, copies = { .arena = run->arena };
    emit_add(&params, "const void *servant");
    emit_add(&params, "void *self");
    emit_add(&params, "corbel_request *request");
    emit_add(&params, "const void *const *in");
    emit_add(&params, "void *const *out");
    const emit_strings arguments = thunk_arguments(file, call, &copies);
    emit_function(out, "static corbel_status ", thunk_name(file, interface, call), &params, "");
    emit(out, "{\n    const %s *const s = servant;\n", emit_derived(run, interface, NULL, "_servant"));
    if (call->n_in == 0 && call->stream_in == NULL) {
        emit(out, "    (void)in;\n");
    }
    if (call->n_out == 0 && call->stream_out == NULL) {
        emit(out, "    (void)out;\n");
    }
    for (size_t i = 0; i < copies.length; i++) {
        emit(out, "    %s\n", copies.items[i]);
    }
    const char *member = call->servant_member;
    const char *test = emit_format(run->arena, "    return s->%s == NULL ? CORBEL_UNIMPLEMENTED", member);
    size_t width = emit_width(test) + strlen(" : s->();") + strlen(member);
    for (size_t i = 0; i < arguments.length; i++) {
        width += strlen(arguments.items[i]) + (i > 0 ? 2 : 0);
    }
    if (width <= EMIT_COLUMNS) {
        emit_list(out, emit_format(run->arena, "%s : s->%s(", test, member), &arguments, ");");
    } else {
        emit(out, "%s\n", test);
        emit_list(out, emit_format(run->arena, "           : s->%s(", member), &arguments, ");");
    }
    emit(out, "}\n");
}

void emit_skeleton(emit_file *file, emit_buf *out, const idl_decl *interface)
{
    emit_run *run = file->run;
    const emit_calls calls = emit_calls_of(run, interface, true);
    emit_strings methods = { .arena = run->arena }, bases = { .arena = run->arena };
    for (size_t i = 0; i < calls.length; i++) {
        const emit_call *call = &calls.items[i];
        if (!emit_is_own(file, call->owner)) {
            emit_operation_table(file, out, interface, call);
        }
        emit_thunk(file, out, interface, call);
        emit_add(&methods, "{ &%s, %s }", emit_operation_name(file, interface, call), thunk_name(file, interface, call));
    }
    emit(out, "const corbel_interface %s = {\n    .name = \"%s\",\n    .fingerprint = 0x%016" PRIx64 ",\n",
         emit_derived(run, interface, NULL, "_interface"), interface->scoped_name, emit_fingerprint(run, interface));
    const char *const serial[] = { NULL, "CORBEL_SERIAL", "CORBEL_SERIAL | CORBEL_STRICT" };
    const char *const is_serial = serial[emit_serial_of(interface)];
    if (interface->is_local || is_serial != NULL) {
        emit(out, "    .flags = %s%s%s,\n", interface->is_local ? "CORBEL_LOCAL" : "",
             interface->is_local && is_serial != NULL ? " | " : "", is_serial != NULL ? is_serial : "");
    }
    if (methods.length > 0) {
        emit(out, "    .n_methods = %zu,\n", methods.length);
        emit_rows(out, "    .methods = (const corbel_method[]){", &methods, "},");
    }
    for (size_t i = 0; i < interface->all_bases.length; i++) {
        emit_add(&bases, "&%s", emit_derived(run, interface->all_bases.items[i], NULL, "_interface"));
    }
    if (bases.length > 0) {
        emit_add(&bases, "NULL");
        emit_rows(out, "    .bases = (const corbel_interface *const[]){", &bases, "},");
    }
    emit_described(out, interface->doc, emit_annotations(run, interface->annotations));
    emit(out, "};\n");
}

/* ---- references ---- */

static emit_strings params_of(emit_run *run, const char *first, const char *second, const char *third, const char *fourth)
{
    emit_strings params = { .arena = run->arena };
    const char *const all[] = { first, second, third, fourth };
    for (size_t i = 0; i < sizeof all / sizeof *all && all[i] != NULL; i++) {
        emit_add(&params, "%s", all[i]);
    }
    return params;
}

/* A function that asks the library for a reference and hands it out under its type. */
static void emit_lookup(emit_file *file, emit_buf *out, const idl_decl *interface, const char *suffix, const emit_strings *params,
                        const char *statement)
{
    emit_run *run = file->run;
    emit_function(out, "corbel_status ", emit_derived(run, interface, NULL, suffix), params, "");
    emit(out, "{\n    corbel_object *found = NULL;\n");
    emit_statement(out, 4, emit_format(run->arena, "const corbel_status status = %s;", statement));
    emit(out, "    if (status == CORBEL_OK && ret != NULL) {\n        *ret = (%s *)found;\n    }\n    return status;\n}\n",
         emit_name(run, interface));
}

/* _ref and _unref; shared: before the type. */
static void emit_counting(emit_file *file, emit_buf *out, const idl_decl *interface, const char *shared)
{
    emit_run *run = file->run;
    const char *name = emit_name(run, interface);
    const char *pointer = emit_format(run->arena, "%s%s *", shared, name);
    const emit_strings params = params_of(run, emit_format(run->arena, "%s *self", name), NULL, NULL, NULL);
    emit_short_function(out, pointer, emit_derived(run, interface, NULL, "_ref"), &params,
                        emit_format(run->arena, "return (%s *)corbel_object_ref((corbel_object *)self);", name));
    emit_short_function(out, pointer, emit_derived(run, interface, NULL, "_unref"), &params,
                        emit_format(run->arena, "return (%s *)corbel_object_unref((corbel_object *)self);", name));
}

void emit_opaque_references(emit_file *file, emit_buf *out)
{
    emit_run *run = file->run;
    bool is_first = true;
    for (size_t i = 0; i < file->decls.length; i++) {
        const idl_decl *decl = file->decls.items[i];
        if (!emit_is_first_forward(file, i) || !emit_is_opaque(file, decl->definition)) {
            continue;
        }
        if (is_first) {
            emit(out, "\n/* ---- interfaces known by name only: who defines them has more to say ---- */\n");
            is_first = false;
        }
        emit(out, "\n__attribute__((weak)) const corbel_interface %s = {\n    .name = \"%s\",\n%s};\n",
             emit_derived(run, decl->definition, NULL, "_interface"), decl->definition->scoped_name,
             decl->definition->is_local ? "    .flags = CORBEL_LOCAL,\n" : "");
        emit_counting(file, out, decl->definition, "__attribute__((weak)) ");
    }
}

void emit_references(emit_file *file, emit_buf *out, const idl_decl *interface)
{
    emit_run *run = file->run;
    const char *name = emit_name(run, interface);
    const char *pointer = emit_format(run->arena, "%s *", name);
    const char *self = emit_format(run->arena, "%s *self", name);
    const char *ret = emit_format(run->arena, "%s **ret", name);
    const char *servant = emit_format(run->arena, "const %s *servant", emit_derived(run, interface, NULL, "_servant"));
    const char *table = emit_derived(run, interface, NULL, "_interface");
    const char *skeleton = emit_derived(run, interface, NULL, "_skeleton");

    emit_counting(file, out, interface, "");
    emit_strings params = params_of(run, servant, NULL, NULL, NULL);
    emit_short_function(out, "corbel_skeleton ", skeleton, &params,
                        emit_format(run->arena, "return (corbel_skeleton){ &%s, servant };", table));
    params = params_of(run, "corbel_runtime *runtime", servant, "void *self", "corbel_finalizer finalize");
    emit_short_function(
        out, pointer, emit_derived(run, interface, NULL, "_new"), &params,
        emit_format(run->arena, "return (%s *)corbel_object_new(runtime, %s(servant), self, finalize);", name, skeleton));
    params = params_of(run, self, "const corbel_options *options", NULL, NULL);
    emit_short_function(out, pointer, emit_derived(run, interface, NULL, "_with"), &params,
                        emit_format(run->arena, "return (%s *)corbel_object_with((corbel_object *)self, options);", name));
    params = params_of(run, "corbel_runtime *runtime", "const char *uri", ret, "corbel_error *reterr");
    if (!interface->is_local) {
        emit_lookup(file, out, interface, "_from_uri", &params,
                    emit_format(run->arena, "corbel_object_from_uri(runtime, &%s, uri, &found, reterr)", table));
    }
    params = params_of(run, "corbel_object *object", ret, "corbel_error *reterr", NULL);
    emit_lookup(file, out, interface, "_cast", &params,
                emit_format(run->arena, "corbel_object_cast(object, &%s, &found, reterr)", table));
}
