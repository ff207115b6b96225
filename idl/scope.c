/* Keys are names in lower case, so what differs only in case meets in one entry. Lookups want the exact spelling all the same: a
 * member `account` does not hide the interface `Account` from the members after it. */
#include "idl/scope.h"

#include "idl/lexer.h"
#include "idl/text.h"

#include <string.h>

/* So many names are compared for a suggestion. */
#define SUGGESTION_LIMIT 20000

idl_node *idl_node_of(const idl_decl *decl)
{
    return (idl_node *)decl;
}

const char *idl_kind_text(const idl_decl *decl)
{
    switch (decl->kind) {
    case IDL_MODULE:
        return "a module";
    case IDL_CONST:
        return "a constant";
    case IDL_TYPEDEF:
        return "a typedef";
    case IDL_ENUM:
        return "an enum";
    case IDL_ENUMERATOR:
        return "an enumerator";
    case IDL_STRUCT:
        return "a struct";
    case IDL_EXCEPTION:
        return "an exception";
    case IDL_MEMBER:
        return "a member";
    case IDL_FORWARD:
    case IDL_INTERFACE:
        return "an interface";
    case IDL_ATTRIBUTE:
        return "an attribute";
    case IDL_OPERATION:
        return "an operation";
    case IDL_PARAMETER:
        return "a parameter";
    case IDL_UNION:
        return "a union";
    case IDL_BITSET:
        return "a bitset";
    case IDL_BITFIELD:
        return "a bit field";
    case IDL_BITMASK:
        return "a bitmask";
    case IDL_BIT:
        return "a bit";
    case IDL_NATIVE:
        return "a native type";
    case IDL_ANNOTATION_TYPE:
        return "an annotation";
    }
    return "a declaration";
}

const char *idl_key(idl_arena *arena, const char *name)
{
    const size_t length = strlen(name);
    char *key = idl_arena_text(arena, name, length);
    for (size_t i = 0; i < length; i++) {
        key[i] = idl_lower(key[i]);
    }
    return key;
}

idl_node *idl_scope_find(const idl_scope *scope, const char *name, idl_node **ret_similar)
{
    char key[IDL_NAME_LIMIT + 1];
    const size_t length = strlen(name);
    if (length > IDL_NAME_LIMIT) {
        return NULL;
    }
    for (size_t i = 0; i < length; i++) {
        key[i] = idl_lower(name[i]);
    }
    const idl_names *const tables[] = { &scope->names, &scope->inherited };
    for (size_t i = 0; i < sizeof tables / sizeof *tables; i++) {
        idl_node *found = idl_names_get(tables[i], key, length);
        if (found != NULL && strcmp(found->decl.name, name) == 0) {
            return found;
        }
        if (found != NULL && ret_similar != NULL && *ret_similar == NULL) {
            *ret_similar = found;
        }
    }
    return NULL;
}

idl_node *idl_scope_find_outward(const idl_scope *scope, const char *name, idl_node **ret_similar)
{
    for (; scope != NULL; scope = scope->outer) {
        idl_node *found = idl_scope_find(scope, name, ret_similar);
        if (found != NULL) {
            return found;
        }
    }
    return NULL;
}

const idl_scope *idl_file_scope(const idl_scope *scope)
{
    while (!scope->is_file_level) {
        scope = scope->outer;
    }
    return scope;
}

idl_node *idl_scope_put(idl_scope *scope, idl_arena *arena, idl_node *node)
{
    const size_t length = strlen(node->key);
    idl_node *old = idl_names_get(&scope->names, node->key, length);
    if (old != NULL && old->is_builtin) {
        idl_names_remove(&scope->names, node->key, length);
        old = NULL;
    }
    if (old == NULL) {
        idl_names_put(&scope->names, arena, node->key, length, node);
    }
    return old;
}

bool idl_is_wanted(const idl_decl *decl, idl_wanted wanted)
{
    switch (wanted) {
    case IDL_WANT_TYPE:
        return decl->kind == IDL_TYPEDEF || decl->kind == IDL_ENUM || decl->kind == IDL_STRUCT || decl->kind == IDL_INTERFACE ||
               decl->kind == IDL_UNION || decl->kind == IDL_BITSET || decl->kind == IDL_BITMASK || decl->kind == IDL_NATIVE;
    case IDL_WANT_EXCEPTION:
        return decl->kind == IDL_EXCEPTION;
    case IDL_WANT_INTERFACE: { /* or another name of one */
        const idl_type *type = decl->kind == IDL_TYPEDEF ? idl_type_resolve(decl->type) : NULL;
        return decl->kind == IDL_INTERFACE || (type != NULL && type->kind == IDL_NAMED && type->decl->kind == IDL_INTERFACE);
    }
    case IDL_WANT_STRUCT:
        return decl->kind == IDL_STRUCT;
    case IDL_WANT_BITSET:
        return decl->kind == IDL_BITSET;
    case IDL_WANT_ANYTHING:
        return true;
    case IDL_WANT_CONSTANT:
        return decl->kind == IDL_CONST || decl->kind == IDL_ENUMERATOR || decl->kind == IDL_BIT;
    case IDL_WANT_SCOPE:
        return idl_node_of(decl)->scope != NULL;
    }
    return false;
}

const idl_node *idl_scope_suggest(const idl_scope *scope, const char *name, idl_wanted wanted, bool outward)
{
    const size_t length = strlen(name);
    size_t limit = length < 3 ? 0 : length < 6 ? 1 : 2;
    size_t compared = 0;
    const idl_node *best = NULL;
    for (; scope != NULL; scope = outward ? scope->outer : NULL) {
        void *value;
        const struct idl_name *at = NULL;
        while ((at = idl_names_next(&scope->names, at, &value)) != NULL && compared++ < SUGGESTION_LIMIT) {
            const idl_node *node = value;
            if (node->is_poisoned || node->is_builtin || node->key[0] == '@' || !idl_is_wanted(&node->decl, wanted)) {
                continue;
            }
            const size_t distance = idl_edit_distance(name, node->decl.name, limit);
            if (distance <= limit && (best == NULL || distance < limit)) {
                best = node;
                limit = distance;
            }
        }
    }
    return best;
}
