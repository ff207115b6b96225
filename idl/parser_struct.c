/* Structs and exceptions, and what they share with unions: members, forward declarations. */
#include "idl/parser.h"

#include <string.h>

void idl_set_depth(idl_parser *parser, idl_node *node, uint32_t depth)
{
    /* What generated code and readers do with a type recurses. */
    if (depth > IDL_NESTING_LIMIT) {
        idl_error(parser->diagnostics, IDL_DIAG_TYPE_NESTING, &node->decl.range, "'%s' nests deeper than %d types",
                  node->decl.name, IDL_NESTING_LIMIT);
        depth = 0;
    }
    node->depth = depth;
}

bool idl_type_has_native(const idl_type *type)
{
    if (type->kind == IDL_NAMED) {
        return idl_node_of(type->decl)->has_native;
    }
    return (type->element != NULL && idl_type_has_native(type->element)) || (type->key != NULL && idl_type_has_native(type->key));
}

const idl_type *idl_check_member_type(idl_parser *parser, const idl_type *type)
{
    const idl_type *held = idl_type_resolve(type);
    while (held->kind == IDL_ARRAY) {
        held = idl_type_resolve(held->element);
    }
    if (held->kind != IDL_NAMED || (held->decl->kind != IDL_STRUCT && held->decl->kind != IDL_UNION)) {
        return type;
    }
    idl_node *node = idl_node_of(held->decl);
    const char *what = held->decl->kind == IDL_STRUCT ? "struct" : "union";
    if (node->is_open) {
        idl_error(parser->diagnostics, IDL_DIAG_CONTAINS_ITSELF, &type->range, "%s '%s' cannot contain itself: use sequence<%s>",
                  what, held->decl->name, held->decl->name);
    } else if (!node->is_defined) {
        node->is_poisoned = true;
        idl_error(parser->diagnostics, IDL_DIAG_INCOMPLETE_TYPE, &type->range,
                  "%s '%s' is not defined yet: until then it can only be in a sequence", what, held->decl->name);
        if (node->forward != NULL) {
            idl_note(parser->diagnostics, &node->forward->range, "only declared here");
        }
    } else {
        return type;
    }
    return parser->bad_type;
}

/* What an enum says that it is by default, its members are; zero they are by themselves. */
static void take_default_literal(idl_decl *member)
{
    const idl_type *type = idl_type_resolve(member->type);
    if (member->default_value.kind != IDL_VALUE_NONE || member->is_optional || type->kind != IDL_NAMED ||
        type->decl->kind != IDL_ENUM) {
        return;
    }
    for (const idl_decl *child = type->decl->children; child != NULL; child = child->next) {
        if (child->is_default && child->value.magnitude != 0) {
            member->default_value = (idl_value) { .kind = IDL_VALUE_ENUM, .enumerator = child };
        }
    }
}

/* member = { annotation_appl } constr_type_spec declarator { "," declarator } ";" */
bool idl_parse_member(idl_parser *parser, idl_node *owner)
{
    const char *doc = parser->token.doc;
    idl_annotation *annotations = idl_parse_annotations(parser);
    doc = doc == NULL ? parser->token.doc : doc;
    const idl_type *type = idl_check_member_type(parser, idl_parse_constr_type_spec(parser));
    idl_node *first = NULL;
    do {
        const idl_type *own = type;
        idl_token name;
        idl_annotation *more = idl_parse_annotations(parser);
        if (!idl_parse_declarator(parser, "a name for the member", &own, &name)) {
            return false;
        }
        idl_node *node = idl_declare(parser, IDL_MEMBER, &name, doc);
        node->decl.type = own;
        first = first == NULL ? node : first;
        idl_annotate(parser, node, annotations);
        idl_annotate(parser, node, more);
        take_default_literal(&node->decl);
        const uint32_t depth = 1 + idl_type_depth(own);
        owner->depth = owner->depth < depth ? depth : owner->depth;
        owner->has_native = owner->has_native || idl_type_has_native(own);
    } while (idl_parser_take_mark(parser, ','));
    const bool ok = idl_parser_expect_semicolon(parser, "a member");
    idl_take_trailing(parser, first);
    return ok;
}

/* "{" { member } "}" of a struct or an exception */
static bool members(idl_parser *parser, idl_node *node)
{
    const idl_range open = parser->token.range;
    if (!idl_parser_expect(parser, '{', "'{'")) {
        return false;
    }
    idl_node *outer = parser->owner;
    idl_enter_scope(parser, node);
    node->is_open = true;
    while (parser->token.kind != IDL_TOKEN_END && !idl_parser_is_mark(parser, '}') && !idl_parser_at_definition(parser)) {
        if (!idl_parse_member(parser, node)) {
            idl_parser_recover(parser);
        }
    }
    const uint32_t depth = node->depth;
    node->depth = 0;
    idl_set_depth(parser, node, depth);
    node->is_open = false;
    idl_leave_scope(parser, outer);
    idl_place_nested(parser, node);
    return idl_parser_expect_close(parser, &open);
}

idl_node *idl_find_known(idl_parser *parser, idl_decl_kind kind, const idl_token *name)
{
    idl_node *known = idl_names_get(&parser->scope->names, idl_key(parser->arena, name->name), strlen(name->name));
    return known != NULL && known->decl.kind == kind && strcmp(known->decl.name, name->name) == 0 ? known : NULL;
}

idl_node *idl_declare_forward(idl_parser *parser, idl_node *known, idl_decl_kind kind, const idl_token *name, idl_lead lead)
{
    idl_node *node = idl_make_node(parser, IDL_FORWARD, name, lead.doc);
    idl_append(parser, node);
    if (known == NULL) {
        known = idl_make_node(parser, kind, name, NULL);
        known->forward = &node->decl;
        idl_put_or_report(parser, known);
    }
    if (known->forward == NULL) {
        known->forward = &node->decl;
    } else if (known->forward != &node->decl) {
        node->forward = idl_node_of(known->forward)->forward;
        idl_node_of(known->forward)->forward = &node->decl;
    }
    node->decl.definition = &known->decl;
    idl_annotate(parser, node, lead.annotations);
    return node;
}

idl_node *idl_begin_definition(idl_parser *parser, idl_decl_kind kind, const idl_token *name, idl_lead lead)
{
    idl_node *known = idl_find_known(parser, kind, name);
    idl_node *node = idl_make_node(parser, kind, name, lead.doc);
    if (known != NULL && !known->is_defined && !known->is_open) {
        known->decl.range = node->decl.range;
        known->decl.doc = lead.doc;
        known->decl.parent = node->decl.parent;
        known->prefix = node->prefix;
        node = known;
    } else {
        idl_put_or_report(parser, node);
    }
    idl_append(parser, node);
    idl_annotate(parser, node, lead.annotations);
    return node;
}

/* Names of the base are names of the heir. */
static void inherit(idl_parser *parser, idl_node *node, const idl_node *base)
{
    const idl_decl **bases = idl_arena_alloc(parser->arena, sizeof *bases);
    bases[0] = &base->decl;
    node->decl.bases = (idl_decl_list) { 1, bases };
    node->depth = base->depth;
    node->has_native = base->has_native;
    idl_inherit_names(parser, node, base);
}

/* ":" scoped_name */
static void inheritance(idl_parser *parser, idl_node *node)
{
    idl_range range;
    idl_parser_advance(parser);
    const idl_node *base = idl_parse_scoped_name(parser, IDL_WANT_STRUCT, &range);
    if (base == NULL) {
        node->is_poisoned = true;
    } else if (base == node) {
        idl_error(parser->diagnostics, IDL_DIAG_INHERITS_ITSELF, &range, "struct '%s' cannot inherit from itself",
                  node->decl.name);
    } else if (!base->is_defined) {
        idl_error(parser->diagnostics, IDL_DIAG_BASE_NOT_DEFINED, &range,
                  "struct '%s' is not defined yet: a base is defined before its heirs", base->decl.name);
        if (base->forward != NULL) {
            idl_note(parser->diagnostics, &base->forward->range, "only declared here");
        }
    } else {
        inherit(parser, node, base);
    }
    while (idl_parser_is_mark(parser, ',')) {
        idl_error(parser->diagnostics, IDL_DIAG_SECOND_BASE, &parser->token.range, "a struct has at most one base");
        idl_parser_advance(parser);
        idl_parse_scoped_name(parser, IDL_WANT_STRUCT, &range);
    }
}

/* The base's members, then its own. */
static void list_struct_members(idl_parser *parser, idl_node *node)
{
    const idl_decl_list inherited = node->decl.bases.length == 0 ? (idl_decl_list) { 0 } : node->decl.bases.items[0]->members;
    idl_charge_inherited(parser, node, inherited.length);
    const idl_decl **all = idl_arena_alloc(parser->arena, (inherited.length + node->n_children + 1) * sizeof *all);
    size_t length = 0;
    for (; length < inherited.length; length++) {
        all[length] = inherited.items[length];
    }
    for (const idl_decl *member = node->decl.children; member != NULL; member = member->next) {
        all[length++] = member;
    }
    node->decl.members = (idl_decl_list) { length, all };
}

/* struct_def = "struct" identifier [ ":" scoped_name ] "{" { member } "}"
 * struct_forward_dcl = "struct" identifier */
bool idl_parse_struct_dcl(idl_parser *parser, idl_lead lead, idl_node **ret)
{
    idl_token name;
    idl_parser_advance(parser);
    if (!idl_parse_identifier(parser, "a name for the struct", &name)) {
        return false;
    }
    if (idl_parser_is_mark(parser, ';') && !idl_has_members(parser->owner)) {
        *ret = idl_declare_forward(parser, idl_find_known(parser, IDL_STRUCT, &name), IDL_STRUCT, &name, lead);
        return true;
    }
    idl_node *node = idl_begin_definition(parser, IDL_STRUCT, &name, lead);
    *ret = node;
    idl_enter_scope(parser, node); /* so that even a struct with a broken body has one */
    idl_leave_scope(parser, (idl_node *)node->decl.parent);
    if (idl_parser_is_mark(parser, ':')) {
        inheritance(parser, node);
    }
    const bool ok = members(parser, node);
    node->is_defined = true;
    list_struct_members(parser, node);
    idl_check_ids(parser, node);
    return ok;
}

/* except_dcl = "exception" identifier "{" { member } "}" */
bool idl_parse_except_dcl(idl_parser *parser, idl_lead lead)
{
    idl_token name;
    idl_parser_advance(parser);
    if (!idl_parse_identifier(parser, "a name for the exception", &name)) {
        return false;
    }
    idl_node *node = idl_declare(parser, IDL_EXCEPTION, &name, lead.doc);
    idl_annotate(parser, node, lead.annotations);
    if (!members(parser, node)) {
        return false;
    }
    idl_check_ids(parser, node);
    const bool ok = idl_parser_expect_semicolon(parser, "an exception");
    idl_take_trailing(parser, node);
    return ok;
}
