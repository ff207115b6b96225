/* What is known before the first line, and what only the last one tells: how deep types nest through forward declarations, what
 * repository ids are, and which operations cannot be called from outside. */
#include "idl/parser.h"

#include <stdio.h>
#include <string.h>

/* ---- before ---- */

static idl_scope *make_scope(idl_parser *parser, idl_scope *outer, idl_node *owner)
{
    idl_scope *scope = idl_arena_alloc(parser->arena, sizeof *scope);
    scope->outer = outer;
    scope->owner = owner;
    return scope;
}

static idl_node *make_builtin(idl_parser *parser, idl_scope *scope, idl_decl_kind kind, const char *name)
{
    idl_node *node = idl_arena_alloc(parser->arena, sizeof *node);
    node->decl.kind = kind;
    node->decl.name = name;
    node->decl.scoped_name = name;
    node->decl.type = parser->bad_type;
    node->key = idl_key(parser->arena, name);
    node->is_builtin = true;
    node->is_defined = true;
    idl_scope_put(scope, parser->arena, node);
    return node;
}

void idl_begin_scopes(idl_parser *parser)
{
    idl_scope *outermost = make_scope(parser, NULL, NULL);
    idl_scope *file = make_scope(parser, outermost, NULL);
    file->is_file_level = true;
    make_builtin(parser, outermost, IDL_TYPEDEF, "TypeCode");
    idl_node *corba = make_builtin(parser, file, IDL_MODULE, "CORBA");
    corba->scope = make_scope(parser, file, corba);
    make_builtin(parser, corba->scope, IDL_TYPEDEF, "TypeCode");
    parser->scope = file;
}

/* ---- after ---- */

/* How deep the declaration nests, and all that it uses: a chain through forward declarations may be longer than what was known
 * when its parts were read. Every node is visited once; what it is inside of counts nothing. Recurses IDL_NESTING_LIMIT deep. */
static uint32_t measure(idl_parser *parser, idl_node *node, uint32_t level);

static uint32_t measure_type(idl_parser *parser, const idl_type *type, uint32_t level)
{
    if (type->kind == IDL_NAMED) {
        return measure(parser, idl_node_of(type->decl), level);
    }
    if (type->element == NULL) {
        return 0;
    }
    const uint32_t element = measure_type(parser, type->element, level + 1);
    const uint32_t key = type->key == NULL ? 0 : measure_type(parser, type->key, level + 1);
    return 1 + (key > element ? key : element);
}

static bool is_measured(idl_decl_kind kind)
{
    return kind == IDL_STRUCT || kind == IDL_UNION || kind == IDL_EXCEPTION || kind == IDL_TYPEDEF;
}

static uint32_t measure(idl_parser *parser, idl_node *node, uint32_t level)
{
    if (!is_measured(node->decl.kind) || node->is_poisoned) {
        return node->depth;
    }
    if (node->is_open) {
        return 0;
    }
    if (node->is_measured) {
        return node->depth;
    }
    node->is_measured = true;
    node->is_open = true;
    uint32_t depth = 0;
    bool has_native = node->has_native;
    if (level > IDL_NESTING_LIMIT) {
        depth = IDL_NESTING_LIMIT + 1;
    } else if (node->decl.kind == IDL_TYPEDEF) {
        depth = 1 + measure_type(parser, node->decl.type, level + 1);
        has_native = has_native || idl_type_has_native(node->decl.type);
    } else {
        depth = node->decl.bases.length == 0 ? 0 : measure(parser, idl_node_of(node->decl.bases.items[0]), level + 1);
        for (const idl_decl *member = node->decl.children; member != NULL; member = member->next) {
            const uint32_t below = 1 + measure_type(parser, member->type, level + 1);
            depth = below > depth ? below : depth;
            has_native = has_native || idl_type_has_native(member->type);
        }
    }
    node->is_open = false;
    node->has_native = has_native;
    node->depth = depth > IDL_NESTING_LIMIT ? IDL_NESTING_LIMIT + 1 : depth;
    return node->depth;
}

static void measure_all(idl_parser *parser, idl_decl *first)
{
    for (idl_decl *decl = first; decl != NULL; decl = decl->next) {
        if (is_measured(decl->kind)) {
            const uint32_t errors = parser->diagnostics->errors;
            idl_set_depth(parser, idl_node_of(decl), measure(parser, idl_node_of(decl), 0));
            if (parser->diagnostics->errors > errors) {
                return; /* what is around it is too deep as well */
            }
        } else if (decl->kind == IDL_MODULE || decl->kind == IDL_INTERFACE) {
            measure_all(parser, decl->children);
        }
    }
}

/* "IDL:prefix/module/Name:1.0" */
static const char *repository_id(idl_parser *parser, const idl_node *node, const char *prefix)
{
    const char *version = node->version == NULL ? "1.0" : node->version;
    const char *name = node->decl.scoped_name;
    const size_t size = sizeof "IDL:/:" + strlen(prefix) + strlen(name) + strlen(version);
    char *text = idl_arena_alloc(parser->arena, size);
    size_t length = (size_t)snprintf(text, size, "IDL:%s%s", prefix, *prefix == '\0' ? "" : "/");
    for (const char *at = name; *at != '\0'; at++) {
        text[length++] = *at == ':' ? '/' : *at;
        at += *at == ':' ? 1 : 0;
    }
    snprintf(text + length, size - length, ":%s", version);
    return text;
}

static bool has_repository_id(idl_decl_kind kind)
{
    switch (kind) {
    case IDL_ENUMERATOR:
    case IDL_MEMBER:
    case IDL_PARAMETER:
    case IDL_BIT:
    case IDL_BITFIELD:
    case IDL_FORWARD:
    case IDL_ANNOTATION_TYPE:
        return false;
    default:
        return true;
    }
}

/* prefix: of the typeprefix around; NULL: there is none. Modules and interfaces nest no deeper than IDL_NESTING_LIMIT. */
static void give_ids(idl_parser *parser, idl_decl *first, const char *prefix)
{
    for (idl_decl *decl = first; decl != NULL; decl = decl->next) {
        const idl_node *node = idl_node_of(decl);
        const idl_node *prefixed = node;
        if (decl->kind == IDL_MODULE && node->scope != NULL) {
            prefixed = node->scope->owner; /* a reopened module: its first opening has what was said of it */
        }
        const char *own = prefixed->type_prefix != NULL ? prefixed->type_prefix : prefix;
        if (has_repository_id(decl->kind)) {
            decl->repository_id = node->type_id != NULL
                                      ? node->type_id
                                      : repository_id(parser, prefixed->decl.kind == IDL_MODULE ? prefixed : node,
                                                      own != NULL            ? own
                                                      : node->prefix != NULL ? node->prefix
                                                                             : "");
        }
        if (decl->kind == IDL_MODULE || decl->kind == IDL_INTERFACE) {
            give_ids(parser, decl->children, own);
        }
    }
}

static void report_native(idl_parser *parser, const idl_range *range, const idl_decl *user)
{
    idl_error(parser->diagnostics, IDL_DIAG_NATIVE_IN_REMOTE, range,
              "%s '%s' uses a native type, which cannot leave the process: only a local interface can do that",
              user->kind == IDL_ATTRIBUTE ? "attribute" : "operation", user->name);
}

static void refuse_native(idl_parser *parser, const idl_type *type, const idl_decl *user)
{
    if (idl_type_has_native(type)) {
        report_native(parser, &type->range, user);
    }
}

static void refuse_native_raised(idl_parser *parser, const idl_decl_list *raises, const idl_decl *user)
{
    for (size_t i = 0; i < raises->length; i++) {
        if (idl_node_of(raises->items[i])->has_native) {
            report_native(parser, &user->range, user);
            return;
        }
    }
}

static void check_native(idl_parser *parser, const idl_decl *first)
{
    for (const idl_decl *decl = first; decl != NULL; decl = decl->next) {
        if (decl->kind == IDL_MODULE || (decl->kind == IDL_INTERFACE && !decl->is_local)) {
            check_native(parser, decl->children);
        } else if (decl->kind == IDL_ATTRIBUTE) {
            refuse_native(parser, decl->type, decl);
            refuse_native_raised(parser, &decl->raises, decl);
            refuse_native_raised(parser, &decl->set_raises, decl);
        } else if (decl->kind == IDL_OPERATION) {
            refuse_native(parser, decl->type, decl);
            refuse_native_raised(parser, &decl->raises, decl);
            for (const idl_decl *parameter = decl->children; parameter != NULL; parameter = parameter->next) {
                refuse_native(parser, parameter->type, decl);
            }
        }
    }
}

void idl_finish_unit(idl_parser *parser)
{
    measure_all(parser, parser->unit->definitions);
    check_native(parser, parser->unit->definitions);
    give_ids(parser, parser->unit->definitions, NULL);
}
