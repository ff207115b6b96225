/* Any text is an IDL file: it gives a model or errors. What it gives is walked as an emitter would. */
#include "idl/idl.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Consistency that the contract promises; abort() is the finding. */
static void need(int truth)
{
    if (!truth) {
        abort();
    }
}

static void walk_type(const idl_type *type)
{
    need(type != NULL);
    for (; type->kind == IDL_SEQUENCE; type = type->element) {
        need(type->bound <= UINT32_MAX && type->element != NULL);
    }
    need(type->kind != IDL_NAMED || (type->decl != NULL && type->decl->kind != IDL_FORWARD));
    need(idl_type_resolve(type)->kind != IDL_VOID);
}

static void walk(const idl_unit *unit, const idl_decl *first, const idl_decl *parent)
{
    for (const idl_decl *decl = first; decl != NULL; decl = decl->next) {
        need(decl->name != NULL && decl->scoped_name != NULL && decl->parent == parent && decl->range.file != NULL);
        switch (decl->kind) {
        case IDL_CONST:
            walk_type(decl->type);
            need(decl->value.kind != IDL_VALUE_NONE);
            break;
        case IDL_TYPEDEF:
        case IDL_MEMBER:
        case IDL_ATTRIBUTE:
        case IDL_PARAMETER:
            walk_type(decl->type);
            break;
        case IDL_OPERATION:
            if (decl->type->kind != IDL_VOID) {
                walk_type(decl->type);
            }
            for (size_t i = 0; i < decl->raises.length; i++) {
                need(decl->raises.items[i]->kind == IDL_EXCEPTION);
            }
            break;
        case IDL_FORWARD:
            need(decl->definition != NULL && decl->definition->kind == IDL_INTERFACE);
            break;
        case IDL_INTERFACE: {
            const idl_decl_list members = idl_interface_members(unit, decl);
            for (size_t i = 0; i < members.length; i++) {
                need(members.items[i]->kind == IDL_ATTRIBUTE || members.items[i]->kind == IDL_OPERATION);
            }
            for (size_t i = 0; i < decl->all_bases.length; i++) {
                need(decl->all_bases.items[i]->kind == IDL_INTERFACE);
            }
            break;
        }
        case IDL_MODULE:
        case IDL_ENUM:
        case IDL_ENUMERATOR:
        case IDL_STRUCT:
        case IDL_EXCEPTION:
        default:
            break;
        }
        walk(unit, decl->children, decl);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    /* The messages are made, and thrown away with the buffer. */
    char *messages = NULL;
    size_t length = 0;
    FILE *out = open_memstream(&messages, &length);
    const idl_options options = { .diagnostics = out, .max_errors = 50 };
    const idl_result result = idl_compile_text(&options, "fuzz/input.idl", (const char *)data, size);
    if (out != NULL) {
        fclose(out);
        need((result.errors > 0) == (length > 0));
    }
    need(result.errors > 0 || result.unit != NULL);
    if (result.unit != NULL && result.errors == 0) {
        walk(result.unit, result.unit->definitions, NULL);
    }
    idl_unit_free(result.unit);
    free(messages);
    return 0;
}
