/* The ids of members and parameters: given, hashed from the name, or counted; no two alike. */
#include "idl/parser.h"

#include <inttypes.h>
#include <string.h>

/* @autoid of the struct, or of what it stands in. */
static bool hashes_names(const idl_decl *decl)
{
    for (; decl != NULL; decl = decl->parent) {
        const idl_annotation *annotation = idl_annotation_find(decl->annotations, "autoid");
        if (annotation != NULL && annotation->is_known) {
            const idl_argument *argument = idl_argument_find(annotation, "value");
            return argument == NULL || strcmp(argument->value.string, "HASH") == 0;
        }
    }
    return false;
}

static void enter_id(idl_parser *parser, idl_names *ids, const idl_decl *decl, uint32_t id)
{
    uint32_t *key = idl_arena_alloc(parser->arena, sizeof *key);
    *key = id;
    const idl_decl *old = idl_names_get(ids, (const char *)key, sizeof *key);
    if (old == NULL) {
        idl_names_put(ids, parser->arena, (const char *)key, sizeof *key, (void *)(uintptr_t)decl);
        return;
    }
    idl_error(parser->diagnostics, IDL_DIAG_DUPLICATE_ID, &decl->range, "'%s' has the id %" PRIu32 ", as '%s' has", decl->name,
              id, old->name);
    idl_note(parser->diagnostics, &old->range, "declared here");
}

static void check_parameters(idl_parser *parser, idl_node *operation, idl_direction without)
{
    idl_names ids = { 0 };
    uint32_t position = 0;
    for (const idl_decl *at = operation->decl.children; at != NULL; at = at->next) {
        if (at->direction != without) {
            enter_id(parser, &ids, at, at->has_id ? at->id : position);
            position++;
        }
    }
}

void idl_check_ids(idl_parser *parser, idl_node *node)
{
    bool any = false;
    for (const idl_decl *at = node->decl.children; at != NULL; at = at->next) {
        any = any || at->has_id;
    }
    if (node->decl.kind == IDL_OPERATION) {
        if (any) {
            check_parameters(parser, node, IDL_OUT);
            check_parameters(parser, node, IDL_IN);
        }
        return;
    }
    const bool hashed = hashes_names(&node->decl);
    const idl_decl_list inherited = node->decl.bases.length == 0 ? (idl_decl_list) { 0 } : node->decl.bases.items[0]->members;
    uint32_t position = 0;
    for (size_t i = 0; i < inherited.length; i++) {
        any = any || inherited.items[i]->has_id;
        position++;
    }
    for (idl_decl *at = node->decl.children; at != NULL; at = at->next) {
        if (!at->has_id) {
            at->id = hashed ? idl_hash_id(at->name) : position;
            at->has_id = hashed;
        }
        position++;
    }
    if (!any && !hashed) {
        return; /* positions do not meet */
    }
    idl_names ids = { 0 };
    for (size_t i = 0; i < inherited.length; i++) {
        enter_id(parser, &ids, inherited.items[i], inherited.items[i]->id);
    }
    for (const idl_decl *at = node->decl.children; at != NULL; at = at->next) {
        enter_id(parser, &ids, at, at->id);
    }
}
