/* What is right in IDL and cannot be said in C, in the tables, or in protobuf. */
#include "codegen/emit.h"

#include <inttypes.h>
#include <string.h>

/* Protobuf keeps these numbers for itself. */
#define BAND_FIRST 19000
#define BAND_LAST 19999

void emit_check_number(emit_run *run, const idl_decl *decl, uint32_t number)
{
    if (number >= BAND_FIRST && number <= BAND_LAST) {
        idl_error(run->diagnostics, IDL_DIAG_RESERVED_FIELD_NUMBER, &decl->range,
                  "'%s' would be field number %" PRIu32 ", and protobuf reserves %d to %d", decl->scoped_name, number, BAND_FIRST,
                  BAND_LAST);
    }
}

static void check_meeting(emit_file *file, idl_names *used, const idl_decl *decl, const char *name)
{
    emit_run *run = file->run;
    const idl_decl *other = idl_names_get(used, name, strlen(name));
    if (other == NULL) {
        idl_names_put(used, run->arena, name, strlen(name), (void *)(uintptr_t)decl);
    } else if (other != decl) {
        idl_error(run->diagnostics, IDL_DIAG_C_NAME_COLLISION, &decl->range, "'%s' and '%s' would both be '%s' in C",
                  decl->scoped_name, other->scoped_name, name);
        idl_note(run->diagnostics, &other->range, "'%s' is declared here", other->scoped_name);
    }
}

static void check_members(emit_file *file, const idl_decl *decl)
{
    idl_names used = { 0 };
    const emit_members members = emit_members_of(file->run, decl);
    for (size_t i = 0; i < members.length; i++) {
        const idl_decl *member = members.items[i];
        if (member->kind == IDL_MEMBER && !emit_is_unsent(member)) {
            emit_check_number(file->run, member, emit_member_id(member));
        }
        check_meeting(file, &used, member, emit_member_name(file, member));
    }
}

static void check_calls(emit_file *file, const idl_decl *interface)
{
    emit_run *run = file->run;
    const emit_calls calls = emit_calls_of(run, interface, false);
    for (size_t i = 0; i < calls.length; i++) {
        const emit_call *call = &calls.items[i];
        idl_names used = { 0 };
        for (size_t p = 0; p < call->n_params; p++) {
            const emit_param *param = &call->params[p];
            emit_check_number(file->run, param->decl, param->in_id);
            emit_check_number(file->run, param->decl, param->out_id);
            if (param->direction != IDL_OUT) {
                check_meeting(file, &used, param->decl, emit_local_name(file, param->c_name, true));
            }
            if (param->direction != IDL_IN) {
                check_meeting(file, &used, param->decl, emit_format(run->arena, "ret_%s", param->c_name));
                check_meeting(file, &used, param->decl, emit_format(run->arena, "inout_%s", param->c_name));
            }
        }
    }
}

void emit_check(emit_file *file)
{
    emit_check_verbatim(file);
    for (size_t i = 0; i < file->decls.length; i++) {
        const idl_decl *decl = file->decls.items[i];
        if (decl->kind == IDL_STRUCT || decl->kind == IDL_EXCEPTION || decl->kind == IDL_UNION || decl->kind == IDL_BITSET) {
            check_members(file, decl);
        } else if (decl->kind == IDL_INTERFACE) {
            check_calls(file, decl);
        }
    }
}
