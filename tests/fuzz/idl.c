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

static void walk_annotations(const idl_annotation *first)
{
    for (const idl_annotation *at = first; at != NULL; at = at->next) {
        need(at->name != NULL && at->range.file != NULL && (at->definition == NULL || at->is_known));
        for (size_t i = 0; i < at->n_arguments; i++) {
            need(at->arguments[i].name != NULL &&
                 (at->is_known ? at->arguments[i].value.kind != IDL_VALUE_NONE : at->arguments[i].text != NULL));
        }
    }
}

/* Types nest 64 deep at most: what an emitter does with them recurses. */
static void walk_type(const idl_type *type, unsigned depth)
{
    need(type != NULL && type->kind != IDL_VOID && depth <= 64 && type->bound <= UINT32_MAX);
    walk_annotations(type->annotations);
    switch (type->kind) {
    case IDL_SEQUENCE:
        walk_type(type->element, depth + 1);
        break;
    case IDL_MAP:
        walk_type(type->key, depth + 1);
        walk_type(type->element, depth + 1);
        break;
    case IDL_ARRAY:
        need(type->n_dimensions > 0 && type->dimensions[type->n_dimensions - 1] > 0);
        walk_type(type->element, depth + 1);
        break;
    case IDL_FIXED:
        need(type->digits <= 31 && type->scale <= type->digits);
        break;
    case IDL_NAMED:
        need(type->decl != NULL && type->decl->kind != IDL_FORWARD && idl_type_resolve(type)->kind != IDL_VOID);
        if (type->decl->kind == IDL_TYPEDEF) {
            walk_type(type->decl->type, depth + 1);
        }
        break;
    default:
        break;
    }
}

static void walk_list(idl_decl_list list, idl_decl_kind one, idl_decl_kind other)
{
    for (size_t i = 0; i < list.length; i++) {
        need(list.items[i]->kind == one || list.items[i]->kind == other);
    }
}

static void walk_decl(const idl_unit *unit, const idl_decl *decl)
{
    walk_annotations(decl->annotations);
    switch (decl->kind) {
    case IDL_CONST:
        walk_type(decl->type, 0);
        need(decl->value.kind != IDL_VALUE_NONE && decl->repository_id != NULL);
        break;
    case IDL_TYPEDEF:
    case IDL_MEMBER:
    case IDL_ATTRIBUTE:
    case IDL_PARAMETER:
        walk_type(decl->type, 0);
        walk_list(decl->raises, IDL_EXCEPTION, IDL_EXCEPTION);
        walk_list(decl->set_raises, IDL_EXCEPTION, IDL_EXCEPTION);
        break;
    case IDL_OPERATION:
        if (decl->type->kind != IDL_VOID) {
            walk_type(decl->type, 0);
        }
        walk_list(decl->raises, IDL_EXCEPTION, IDL_EXCEPTION);
        break;
    case IDL_FORWARD:
        need(decl->definition != NULL && (decl->definition->kind == IDL_INTERFACE || decl->definition->kind == IDL_STRUCT ||
                                          decl->definition->kind == IDL_UNION));
        need(decl->definition->is_undefined ? decl->definition->kind == IDL_INTERFACE : decl->definition->range.file != NULL);
        break;
    case IDL_INTERFACE:
        walk_list(idl_interface_members(unit, decl), IDL_ATTRIBUTE, IDL_OPERATION);
        walk_list(decl->all_bases, IDL_INTERFACE, IDL_INTERFACE);
        break;
    case IDL_UNION:
        walk_type(decl->type, 0);
        need(decl->children != NULL);
        for (const idl_decl *member = decl->children; member != NULL; member = member->next) {
            need(member->kind == IDL_MEMBER && (member->is_default || member->n_labels > 0));
        }
        break;
    case IDL_STRUCT:
        walk_list(decl->members, IDL_MEMBER, IDL_MEMBER);
        break;
    case IDL_BITFIELD:
        need(decl->bits > 0 && decl->offset + decl->bits <= 64);
        break;
    case IDL_BIT:
        need(decl->value.magnitude < decl->parent->bits);
        break;
    default:
        break;
    }
}

static void walk(const idl_unit *unit, const idl_decl *first, const idl_decl *parent)
{
    for (const idl_decl *decl = first; decl != NULL; decl = decl->next) {
        need(decl->name != NULL && decl->scoped_name != NULL && decl->parent == parent && decl->range.file != NULL);
        walk_decl(unit, decl);
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
        need(result.errors + result.warnings > 0 ? length > 0 : length == 0);
    }
    need(result.errors > 0 || result.unit != NULL);
    if (result.unit != NULL && result.errors == 0) {
        walk(result.unit, result.unit->definitions, NULL);
    }
    idl_unit_free(result.unit);
    free(messages);
    return 0;
}
