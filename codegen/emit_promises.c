/* Promises: _promise() for what returns a reference, _promised_<path>() for each reference in an out parameter or inside a struct
 * that comes out. What stands in sequences, maps, unions and anys has no path. */
#include "codegen/emit.h"

#include "codegen/comment.h"

#include <string.h>

enum {
    PROMISE_MAX_DEPTH = 8, /* structs inside each other: deeper ones promise nothing */
    PROMISE_MAX_PATHS = 64 /* of one operation */
};

typedef struct promise_walk {
    emit_run *run;
    emit_promise *items;
    size_t length;
    uint32_t path[PROMISE_MAX_DEPTH + 1];
    const idl_decl *inside[PROMISE_MAX_DEPTH + 1];
} promise_walk;

/* "result", "entry_main"; with a '_' behind it while another path is called so. */
static const char *free_path_name(const promise_walk *walk, const char *name)
{
    for (size_t i = 0; i < walk->length; i++) {
        if (strcmp(walk->items[i].name, name) == 0) {
            return free_path_name(walk, emit_format(walk->run->arena, "%s_", name));
        }
    }
    return name;
}

static void add_promise(promise_walk *walk, const idl_type *type, const char *name, size_t depth)
{
    if (walk->length == PROMISE_MAX_PATHS) {
        return;
    }
    uint32_t *path = idl_arena_alloc(walk->run->arena, depth * sizeof *path);
    memcpy(path, walk->path, depth * sizeof *path);
    const emit_promise promise = { free_path_name(walk, name), type, path, depth };
    walk->items[walk->length++] = promise;
}

static void walk_type(promise_walk *walk, const idl_type *type, const char *name, size_t depth);

static void walk_struct(promise_walk *walk, const idl_decl *decl, const char *name, size_t depth)
{
    if (depth > PROMISE_MAX_DEPTH) {
        return;
    }
    for (size_t i = 0; i + 1 < depth; i++) {
        if (walk->inside[i] == decl) {
            return; /* it has itself inside */
        }
    }
    walk->inside[depth - 1] = decl;
    const emit_members members = emit_members_of(walk->run, decl);
    for (size_t i = 0; i < members.length; i++) {
        const idl_decl *member = members.items[i];
        if (emit_is_unsent(member)) {
            continue;
        }
        const char *own = emit_own_name(member);
        walk->path[depth] = emit_member_id(member);
        walk_type(walk, member->type, name == NULL ? own : emit_format(walk->run->arena, "%s_%s", name, own), depth + 1);
    }
}

/* name: of the way here; NULL: the result, which has none. depth: steps of the path so far. */
static void walk_type(promise_walk *walk, const idl_type *type, const char *name, size_t depth)
{
    const idl_type *resolved = emit_resolve(type);
    if (emit_shape_of(walk->run, resolved) == EMIT_REFERENCE) {
        if (name != NULL) {
            add_promise(walk, resolved, name, depth);
        }
    } else if (resolved->kind == IDL_NAMED && resolved->decl->kind == IDL_STRUCT) {
        walk_struct(walk, resolved->decl, name, depth);
    }
}

bool emit_is_promised(emit_run *run, const emit_call *call)
{
    return emit_has_halves(call) && !emit_has_streams(call) && call->result != NULL &&
           emit_shape_of(run, emit_resolve(call->result)) == EMIT_REFERENCE;
}

emit_promises emit_promises_of(emit_run *run, const emit_call *call)
{
    promise_walk walk = { .run = run, .items = idl_arena_alloc(run->arena, PROMISE_MAX_PATHS * sizeof(emit_promise)) };
    if (emit_has_halves(call) && !emit_has_streams(call)) {
        if (call->result != NULL) {
            walk.path[0] = 1;
            walk_type(&walk, call->result, NULL, 1);
        }
        for (size_t i = 0; i < call->n_params; i++) {
            const emit_param *param = &call->params[i];
            if (param->out_id != 0 && !param->is_stream) {
                walk.path[0] = param->out_id;
                walk_type(&walk, param->type, param->c_name, 1);
            }
        }
    }
    return (emit_promises) { walk.items, walk.length };
}

const char *emit_promised_suffix(emit_run *run, const emit_promise *promise)
{
    return emit_format(run->arena, "_promised_%s", promise->name);
}

/* "&bank_Account_interface"; of Object none. */
static const char *interface_address(emit_run *run, const idl_type *type)
{
    const idl_type *resolved = emit_resolve(type);
    if (resolved->kind != IDL_NAMED) {
        return "NULL";
    }
    const idl_decl *decl = resolved->decl->kind == IDL_FORWARD ? resolved->decl->definition : resolved->decl;
    return emit_format(run->arena, "&%s", emit_derived(run, decl, NULL, "_interface"));
}

static emit_strings call_param(emit_run *run)
{
    emit_strings params = { .arena = run->arena };
    emit_add(&params, "corbel_call *call");
    return params;
}

void emit_promise_stubs(emit_file *file, emit_buf *out, const idl_decl *interface, const emit_call *call)
{
    emit_run *run = file->run;
    const char *operation = emit_operation_name(file, interface, call);
    if (emit_is_promised(run, call)) {
        const emit_strings params = emit_call_params(file, interface, call, EMIT_BEGIN);
        const emit_strings ins = emit_in_addresses(file, call, EMIT_BEGIN);
        const char *in = "NULL";
        emit_function(out, emit_value_type(run, call->result), emit_call_name(run, interface, call, "_promise"), &params, "");
        emit(out, "{\n");
        if (ins.length > 0) {
            in = "in";
            for (size_t i = 0; i < call->n_params; i++) { /* a local's name that no parameter has */
                if (strcmp(emit_local_name(file, call->params[i].c_name, true), in) == 0) {
                    in = emit_format(run->arena, "%s_", in);
                    i = (size_t)-1;
                }
            }
            emit_list(out, emit_format(run->arena, "    const void *const %s[] = { ", in), &ins, " };");
        }
        emit_strings arguments = { .arena = run->arena };
        emit_add(&arguments, "(corbel_object *)self");
        emit_add(&arguments, "&%s", operation);
        emit_add(&arguments, "%s", in);
        emit_add(&arguments, "%s", interface_address(run, call->result));
        emit_list(out, emit_format(run->arena, "    return (%s)corbel_stub_promise(", emit_value_type(run, call->result)),
                  &arguments, ");");
        emit(out, "}\n");
    }
    const emit_promises promises = emit_promises_of(run, call);
    const emit_strings params = call_param(run);
    for (size_t i = 0; i < promises.length; i++) {
        const emit_promise *promise = &promises.items[i];
        const char *type = emit_value_type(run, promise->type);
        emit_function(out, type, emit_call_name(run, interface, call, emit_promised_suffix(run, promise)), &params, "");
        emit(out, "{\n    static const uint32_t path[] = { ");
        for (size_t step = 0; step < promise->n_path; step++) {
            emit(out, "%s%u", step == 0 ? "" : ", ", promise->path[step]);
        }
        emit(out, " };\n");
        emit_strings arguments = { .arena = run->arena };
        emit_add(&arguments, "call");
        emit_add(&arguments, "&%s", operation);
        emit_add(&arguments, "path");
        emit_add(&arguments, "%zu", promise->n_path);
        emit_add(&arguments, "%s", interface_address(run, promise->type));
        emit_list(out, emit_format(run->arena, "    return (%s)corbel_stub_promised(", type), &arguments, ");");
        emit(out, "}\n");
    }
}

void emit_promise_forward(emit_file *file, emit_buf *out, const idl_decl *interface, const emit_call *call)
{
    emit_run *run = file->run;
    if (!emit_is_promised(run, call)) {
        return;
    }
    const emit_strings params = emit_call_params(file, interface, call, EMIT_BEGIN);
    emit_strings arguments = emit_call_arguments(file, call, EMIT_BEGIN);
    arguments.items[0] = emit_format(run->arena, "%s(self)", emit_derived(run, interface, call->owner, "_as_"));
    emit_function(out, emit_value_type(run, call->result), emit_call_name(run, interface, call, "_promise"), &params, "");
    emit(out, "{\n");
    emit_list(out, emit_format(run->arena, "    return %s(", emit_call_name(run, call->owner, call, "_promise")), &arguments,
              ");");
    emit(out, "}\n");
}

static void emit_promise_prototypes(emit_file *file, emit_buf *out, const idl_decl *interface, const emit_call *call)
{
    emit_run *run = file->run;
    const char *deprecated = emit_deprecated(run, call->decl, 0);
    const char *before = deprecated == NULL ? "" : emit_format(run->arena, "%s\n", deprecated);
    if (emit_is_promised(run, call)) {
        const emit_strings params = emit_call_params(file, interface, call, EMIT_BEGIN);
        emit(out, "%s", before);
        emit_function(out, emit_value_type(run, call->result), emit_call_name(run, interface, call, "_promise"), &params, ";");
    }
    if (call->owner != interface) {
        return;
    }
    const emit_promises promises = emit_promises_of(run, call);
    const emit_strings params = call_param(run);
    for (size_t i = 0; i < promises.length; i++) {
        const emit_promise *promise = &promises.items[i];
        emit(out, "%s", before);
        emit_function(out, emit_value_type(run, promise->type),
                      emit_call_name(run, interface, call, emit_promised_suffix(run, promise)), &params, ";");
    }
}

void emit_header_promises(emit_file *file, emit_buf *out, const idl_decl *interface, bool with_rules)
{
    const emit_calls calls = emit_calls_of(file->run, interface, false);
    bool has_any = false;
    for (size_t i = 0; i < calls.length; i++) {
        has_any |= emit_is_promised(file->run, &calls.items[i]) || emit_promises_of(file->run, &calls.items[i]).length > 0;
    }
    if (!has_any) {
        return;
    }
    emit(out, "\n");
    emit_remark(out, with_rules ? "Promises: references in results, usable before they are there; a failure shows in the first "
                                  "call on them. _promised_ is for a call between _begin() and _finish(). Yours, never NULL."
                                : "Promises.");
    for (size_t i = 0; i < calls.length; i++) {
        emit_promise_prototypes(file, out, interface, &calls.items[i]);
    }
}

void emit_header_inherited_promises(emit_file *file, emit_buf *out, const idl_decl *interface, const emit_call *call)
{
    emit_promise_prototypes(file, out, interface, call);
}
