/* Operations and attributes in one form: what is called. */
#include "codegen/emit.h"

#include <string.h>

static bool has_operation(const idl_decl *interface, const char *name)
{
    for (const idl_decl *child = interface->children; child != NULL; child = child->next) {
        if (child->kind == IDL_OPERATION && strcmp(child->name, name) == 0) {
            return true;
        }
    }
    return false;
}

/* Rows ascend by number: each goes behind those with smaller ones. */
static void give_rows(emit_call *call, emit_param *params)
{
    for (size_t i = 0; i < call->n_params; i++) {
        params[i].in_row = 0;
        params[i].out_row = call->result == NULL ? 0 : 1;
        for (size_t other = 0; other < call->n_params; other++) {
            params[i].in_row += params[other].in_id != 0 && !params[other].is_stream && params[other].in_id < params[i].in_id;
            params[i].out_row += params[other].out_id != 0 && params[other].out_id < params[i].out_id;
        }
    }
}

/* A stream takes a number as it would without being one, and no row. */
static void number_params(emit_call *call, emit_param *params)
{
    const uint32_t first_out = call->result == NULL && call->stream_out == NULL ? 1 : 2;
    uint32_t place_in = 0, place_out = 0;
    bool has_ids = false;
    call->n_out = call->result == NULL ? 0 : 1;
    for (size_t i = 0; i < call->n_params; i++) {
        const idl_decl *decl = params[i].decl;
        has_ids |= decl->has_id;
        if (params[i].direction != IDL_OUT) {
            params[i].in_row = params[i].is_stream ? 0 : call->n_in++;
            params[i].in_id = (decl->has_id ? decl->id : place_in) + 1;
            place_in++;
        }
        if (params[i].direction != IDL_IN) {
            params[i].out_row = call->n_out++;
            params[i].out_id = (decl->has_id ? decl->id : place_out) + first_out;
            place_out++;
        }
    }
    if (has_ids) {
        give_rows(call, params);
    }
}

const emit_param *emit_param_at(const emit_call *call, uint32_t row, bool is_out)
{
    for (size_t i = 0; i < call->n_params; i++) {
        const emit_param *param = &call->params[i];
        const bool is_there = is_out ? param->out_id != 0 : param->in_id != 0;
        if (is_there && !param->is_stream && (is_out ? param->out_row : param->in_row) == row) {
            return param;
        }
    }
    return NULL;
}

static void make_operation(emit_run *run, emit_call *call)
{
    size_t n = 0;
    for (const idl_decl *child = call->decl->children; child != NULL; child = child->next) {
        n += child->kind == IDL_PARAMETER;
    }
    emit_param *params = idl_arena_alloc(run->arena, (n + 1) * sizeof *params);
    for (const idl_decl *child = call->decl->children; child != NULL; child = child->next) {
        if (child->kind == IDL_PARAMETER) {
            params[call->n_params++] = (emit_param) { .name = child->name,
                                                      .c_name = emit_own_name(child),
                                                      .decl = child,
                                                      .type = child->type,
                                                      .direction = child->direction,
                                                      .is_stream = child->is_stream };
            call->stream_in = child->is_stream ? &params[call->n_params - 1] : call->stream_in;
        }
    }
    call->role = EMIT_OPERATION;
    call->raises = &call->decl->raises;
    call->result = call->decl->type->kind == IDL_VOID || call->decl->is_stream ? NULL : call->decl->type;
    call->stream_out = call->decl->is_stream ? call->decl->type : NULL;
    call->params = params;
    call->wire_name = call->decl->name;
    call->stem = emit_own_name(call->decl);
    number_params(call, params);
}

static void make_accessor(emit_run *run, emit_call *call, bool is_setter)
{
    const idl_decl *attribute = call->decl;
    call->role = is_setter ? EMIT_SETTER : EMIT_GETTER;
    call->raises = is_setter ? &attribute->set_raises : &attribute->raises;
    call->stem = emit_format(run->arena, "%s_%s", is_setter ? "set" : "get", emit_own_name(attribute));
    call->wire_name = emit_format(run->arena, "%s_%s", is_setter ? "set" : "get", attribute->name);
    while (has_operation(call->owner, call->wire_name)) { /* an operation of that name keeps it, on the wire, too */
        call->wire_name = emit_format(run->arena, "%s_", call->wire_name);
    }
    if (!is_setter) {
        call->result = attribute->type;
        call->n_out = 1;
        return;
    }
    emit_param *param = idl_arena_alloc(run->arena, sizeof *param);
    *param = (emit_param) {
        .name = attribute->name, .c_name = emit_own_name(attribute), .decl = attribute, .type = attribute->type, .in_id = 1
    };
    call->params = param;
    call->n_params = 1;
    call->n_in = 1;
}

/* Calls in the making. */
typedef struct call_list {
    emit_call *items;
    size_t length;
} call_list;

static void name_servant_members(emit_run *run, const emit_file *file, const call_list *calls)
{
    idl_names used = { 0 };
    for (int accessors = 0; accessors < 2; accessors++) {
        for (size_t i = 0; i < calls->length; i++) {
            emit_call *call = &calls->items[i];
            if ((call->role != EMIT_OPERATION) != (accessors == 1)) {
                continue;
            }
            const char *name = emit_is_reserved(call->stem) ? emit_format(run->arena, "%s_", call->stem) : call->stem;
            while (idl_names_get(&used, name, strlen(name)) != NULL || emit_is_constant(file, name)) {
                name = emit_format(run->arena, "%s_", name);
            }
            idl_names_put(&used, run->arena, name, strlen(name), call);
            call->servant_member = name;
        }
    }
}

static void add_calls(emit_run *run, call_list *calls, const idl_decl *member)
{
    emit_call *call = &calls->items[calls->length++];
    *call = (emit_call) { .owner = member->parent, .decl = member };
    if (member->kind == IDL_OPERATION) {
        make_operation(run, call);
        return;
    }
    make_accessor(run, call, false);
    if (!member->is_readonly) {
        call = &calls->items[calls->length++];
        *call = (emit_call) { .owner = member->parent, .decl = member };
        make_accessor(run, call, true);
    }
}

static emit_calls *make_calls(emit_run *run, const idl_decl *interface)
{
    size_t n = 0;
    for (const idl_decl *child = interface->children; child != NULL; child = child->next) {
        n++;
    }
    for (size_t i = 0; i < interface->all_bases.length; i++) {
        for (const idl_decl *child = interface->all_bases.items[i]->children; child != NULL; child = child->next) {
            n++;
        }
    }
    call_list calls = { .items = idl_arena_alloc(run->arena, (2 * n + 1) * sizeof(emit_call)) };
    for (size_t i = 0; i <= interface->all_bases.length; i++) {
        const bool is_own = i == interface->all_bases.length;
        const idl_decl *owner = is_own ? interface : interface->all_bases.items[i];
        for (const idl_decl *child = owner->children; child != NULL; child = child->next) {
            if (child->kind == IDL_OPERATION || child->kind == IDL_ATTRIBUTE) {
                add_calls(run, &calls, child);
            }
        }
    }
    name_servant_members(run, emit_file_of(run, interface->range.file), &calls);
    emit_calls *made = idl_arena_alloc(run->arena, sizeof *made);
    *made = (emit_calls) { calls.items, calls.length };
    return made;
}

emit_calls emit_calls_of(emit_run *run, const idl_decl *interface, bool inherited)
{
    /* Made once: every part of the output asks for them. The key is the address of the declaration. */
    const emit_calls *made = idl_names_get(&run->calls, (const char *)&interface, sizeof interface);
    if (made == NULL) {
        const idl_decl **key = idl_arena_alloc(run->arena, sizeof *key);
        *key = interface;
        emit_calls *calls = make_calls(run, interface);
        idl_names_put(&run->calls, run->arena, (const char *)key, sizeof *key, calls);
        made = calls;
    }
    emit_calls calls = *made;
    while (!inherited && calls.length > 0 && calls.items->owner != interface) {
        calls.items++;
        calls.length--;
    }
    return calls;
}

bool emit_call_is_plain_name(const idl_decl *interface, const emit_call *call)
{
    return call->role == EMIT_OPERATION && call->owner == interface;
}

const char *emit_call_name(emit_run *run, const idl_decl *interface, const emit_call *call, const char *suffix)
{
    if (suffix[0] == '\0' && emit_call_is_plain_name(interface, call)) {
        return emit_name(run, call->decl);
    }
    return emit_derived(run, interface, call->decl, emit_format(run->arena, "_%s%s", call->stem, suffix));
}

bool emit_overlaps(const emit_call *call)
{
    return emit_is_marked(call->decl, "overlap") || emit_is_marked(call->owner, "overlap");
}

uint32_t emit_deadline(const emit_call *call)
{
    return call->decl->deadline_ms != 0 ? call->decl->deadline_ms : call->owner->deadline_ms;
}

static emit_serial own_serial(const idl_decl *interface)
{
    const idl_annotation *found = idl_annotation_find(interface->annotations, "serial");
    if (found == NULL || !found->is_known) {
        return EMIT_NOT_SERIAL;
    }
    return idl_argument_find(found, "value") == NULL ? EMIT_SERIAL : EMIT_STRICT; /* its one word is "strict" */
}

emit_serial emit_serial_of(const idl_decl *interface)
{
    emit_serial most = own_serial(interface);
    for (size_t i = 0; i < interface->all_bases.length; i++) {
        const emit_serial of_base = own_serial(interface->all_bases.items[i]);
        most = of_base > most ? of_base : most;
    }
    return most;
}

bool emit_has_halves(const emit_call *call)
{
    return !(call->role == EMIT_OPERATION && call->decl->is_oneway);
}
