/* Interfaces: inheritance, operations, attributes. */
#include "idl/parser.h"

#include <string.h>

/* How many names an inheritance specification or a raises expression can list. */
#define LIST_LIMIT 1024

/* A list of names with where each was written. */
typedef struct name_list {
    const idl_decl **items;
    idl_range *ranges;
    size_t length;
    size_t room;
} name_list;

static void append_name(idl_parser *parser, name_list *list, const idl_decl *decl, const idl_range *range)
{
    if (list->length == list->room) {
        const size_t room = list->room == 0 ? 4 : 2 * list->room;
        const idl_decl **items = idl_arena_alloc(parser->arena, room * sizeof *items);
        idl_range *ranges = idl_arena_alloc(parser->arena, room * sizeof *ranges);
        if (list->length > 0) {
            memcpy(items, list->items, list->length * sizeof *items);
            memcpy(ranges, list->ranges, list->length * sizeof *ranges);
        }
        list->items = items;
        list->ranges = ranges;
        list->room = room;
    }
    list->items[list->length] = decl;
    list->ranges[list->length++] = *range;
}

static bool contains(const name_list *list, const idl_decl *decl)
{
    for (size_t i = 0; i < list->length; i++) {
        if (list->items[i] == decl) {
            return true;
        }
    }
    return false;
}

/* scoped_name, one of a list of what is wanted. False: the list is too long. */
static bool listed_name(idl_parser *parser, name_list *list, idl_wanted wanted, const char *again)
{
    idl_range range;
    const idl_node *node = idl_parse_scoped_name(parser, wanted, &range);
    if (node == NULL) {
        return true;
    }
    if (contains(list, &node->decl)) {
        idl_error(parser->diagnostics, &range, "%s '%s' twice", again, node->decl.name);
        return true;
    }
    if (list->length == LIST_LIMIT) {
        idl_error(parser->diagnostics, &range, "this list has more than %d names", LIST_LIMIT);
        return false;
    }
    append_name(parser, list, &node->decl, &range);
    return true;
}

/* raises_expr = "raises" "(" scoped_name { "," scoped_name } ")" */
static bool raises_expr(idl_parser *parser, idl_node *operation)
{
    name_list list = { 0 };
    if (operation->decl.is_oneway) {
        idl_error(parser->diagnostics, &parser->token.range, "a oneway operation cannot raise exceptions");
    }
    idl_parser_advance(parser);
    if (!idl_parser_expect(parser, '(', "'('")) {
        return false;
    }
    do {
        if (!listed_name(parser, &list, IDL_WANT_EXCEPTION, "this operation raises")) {
            return false;
        }
    } while (idl_parser_take_mark(parser, ','));
    operation->decl.raises = (idl_decl_list) { list.length, list.items };
    return idl_parser_expect(parser, ')', "')'");
}

/* param_dcl = ( "in" | "out" | "inout" ) type_spec identifier */
static bool param_dcl(idl_parser *parser, const idl_node *operation, idl_node **ret)
{
    idl_token name;
    idl_direction direction = IDL_IN;
    const char *doc = parser->token.doc;
    idl_parser_annotations(parser);
    if (idl_parser_is_keyword(parser, IDL_KEYWORD_OUT) || idl_parser_is_keyword(parser, IDL_KEYWORD_INOUT)) {
        direction = parser->token.keyword == IDL_KEYWORD_OUT ? IDL_OUT : IDL_INOUT;
        if (operation->decl.is_oneway) {
            idl_error(parser->diagnostics, &parser->token.range, "a oneway operation has only 'in' parameters");
        }
        idl_parser_advance(parser);
    } else if (!idl_parser_take_keyword(parser, IDL_KEYWORD_IN)) {
        idl_parser_unexpected(parser, "'in', 'out' or 'inout'");
        if (parser->token.kind != IDL_TOKEN_NAME && parser->token.kind != IDL_TOKEN_KEYWORD) {
            return false;
        }
    }
    const idl_type *type = idl_parse_type_spec(parser);
    if (!idl_parse_declarator(parser, "a name for the parameter", &type, &name)) {
        return false;
    }
    *ret = idl_declare(parser, IDL_PARAMETER, &name, doc);
    (*ret)->decl.type = type;
    (*ret)->decl.direction = direction;
    idl_take_trailing(parser, *ret);
    return true;
}

/* parameter_dcls = "(" [ param_dcl { "," param_dcl } ] ")" */
static bool parameter_dcls(idl_parser *parser, const idl_node *operation)
{
    if (!idl_parser_expect(parser, '(', "'('")) {
        return false;
    }
    bool more = !idl_parser_is_mark(parser, ')');
    while (more) {
        idl_node *node;
        if (!param_dcl(parser, operation, &node)) {
            return false;
        }
        more = idl_parser_take_mark(parser, ',');
        if (more) {
            idl_take_trailing(parser, node);
        }
    }
    return idl_parser_expect(parser, ')', "',' or ')'");
}

/* What follows the parameters. */
static bool operation_end(idl_parser *parser, idl_node *operation)
{
    if (idl_parser_is_keyword(parser, IDL_KEYWORD_RAISES) && !raises_expr(parser, operation)) {
        return false;
    }
    if (idl_parser_is_keyword(parser, IDL_KEYWORD_CONTEXT)) {
        idl_parser_unsupported(parser, &parser->token.range, "contexts are");
        idl_parser_advance(parser);
        idl_parser_skip_parentheses(parser);
    }
    return idl_parser_expect_semicolon(parser, "an operation");
}

/* op_dcl = [ "oneway" ] ( "void" | type_spec ) identifier parameter_dcls [ raises_expr ] [ context_expr ] */
static bool op_dcl(idl_parser *parser, const char *doc)
{
    const bool is_oneway = idl_parser_take_keyword(parser, IDL_KEYWORD_ONEWAY);
    const idl_type *type;
    idl_token name;
    idl_parser_annotations(parser);
    if (idl_parser_is_keyword(parser, IDL_KEYWORD_VOID)) {
        idl_type *nothing = idl_arena_alloc(parser->arena, sizeof *nothing);
        nothing->kind = IDL_VOID;
        nothing->range = parser->token.range;
        type = nothing;
        idl_parser_advance(parser);
    } else {
        type = idl_parse_type_spec(parser);
    }
    if ((type == parser->bad_type && parser->token.kind != IDL_TOKEN_NAME) ||
        !idl_parse_identifier(parser, "a name for the operation", &name)) {
        return false;
    }
    if (is_oneway && type->kind != IDL_VOID) {
        idl_error(parser->diagnostics, &type->range, "a oneway operation has no result: it returns 'void'");
    }
    idl_node *node = idl_declare(parser, IDL_OPERATION, &name, doc);
    node->decl.type = type;
    node->decl.is_oneway = is_oneway;
    idl_node *outer = parser->owner;
    idl_enter_scope(parser, node);
    const bool parsed = parameter_dcls(parser, node);
    idl_leave_scope(parser, outer);
    if (!parsed || !operation_end(parser, node)) {
        return false;
    }
    idl_take_trailing(parser, node);
    return true;
}

/* attr_dcl = [ "readonly" ] "attribute" type_spec identifier { "," identifier } */
static bool attr_dcl(idl_parser *parser, const char *doc)
{
    const bool is_readonly = idl_parser_take_keyword(parser, IDL_KEYWORD_READONLY);
    if (!idl_parser_take_keyword(parser, IDL_KEYWORD_ATTRIBUTE)) {
        return idl_parser_unexpected(parser, "'attribute' after 'readonly'");
    }
    const idl_type *type = idl_parse_type_spec(parser);
    idl_node *first = NULL;
    do {
        const idl_type *own = type;
        idl_token name;
        if (!idl_parse_declarator(parser, "a name for the attribute", &own, &name)) {
            return false;
        }
        idl_node *node = idl_declare(parser, IDL_ATTRIBUTE, &name, doc);
        node->decl.type = own;
        node->decl.is_readonly = is_readonly;
        first = first == NULL ? node : first;
    } while (idl_parser_take_mark(parser, ','));
    bool reported = false;
    while (idl_parser_is_keyword(parser, IDL_KEYWORD_RAISES) || idl_parser_is_keyword(parser, IDL_KEYWORD_GETRAISES) ||
           idl_parser_is_keyword(parser, IDL_KEYWORD_SETRAISES)) {
        if (!reported) {
            idl_parser_unsupported(parser, &parser->token.range, "exceptions of attributes are");
        }
        reported = true;
        idl_parser_advance(parser);
        idl_parser_skip_parentheses(parser);
    }
    const bool ok = idl_parser_expect_semicolon(parser, "an attribute");
    idl_take_trailing(parser, first);
    return ok;
}

/* A type, constant or exception in an interface: known from then on, but not supported. */
static void nested_definition(idl_parser *parser)
{
    idl_parser_unsupported(parser, &parser->token.range,
                           parser->token.keyword == IDL_KEYWORD_CONST       ? "constants in interfaces are"
                           : parser->token.keyword == IDL_KEYWORD_EXCEPTION ? "exceptions in interfaces are"
                                                                            : "types in interfaces are");
    const bool is_typedef = parser->token.keyword == IDL_KEYWORD_TYPEDEF;
    const bool is_const = parser->token.keyword == IDL_KEYWORD_CONST;
    const bool is_enum = parser->token.keyword == IDL_KEYWORD_ENUM;
    idl_parser_advance(parser);
    if (!is_typedef && !is_const) {
        idl_declare_poisoned(parser, &parser->token);
    }
    /* Every name that it may declare: before '=', ',' or ';', and the enumerators. */
    uint32_t depth = 0;
    idl_token last = { 0 };
    while (parser->token.kind != IDL_TOKEN_END &&
           !(depth == 0 && (idl_parser_is_mark(parser, ';') || idl_parser_is_mark(parser, '}')))) {
        const bool names = depth == 0 ? is_typedef || is_const : is_enum;
        if (names && (idl_parser_is_mark(parser, '=') || idl_parser_is_mark(parser, ',') || idl_parser_is_mark(parser, '}') ||
                      idl_parser_is_mark(parser, '['))) {
            idl_declare_poisoned(parser, &last);
        }
        depth += idl_parser_is_mark(parser, '{') ? 1 : 0;
        depth -= idl_parser_is_mark(parser, '}') ? 1 : 0;
        last = parser->token;
        idl_parser_advance(parser);
    }
    if (is_typedef) {
        idl_declare_poisoned(parser, &last);
    }
    idl_parser_take_mark(parser, ';');
}

/* export = op_dcl ";" | attr_dcl ";" */
static bool export(idl_parser *parser)
{
    idl_parser_annotations(parser);
    const char *doc = parser->token.doc;
    if (parser->token.kind == IDL_TOKEN_KEYWORD) {
        switch (parser->token.keyword) {
        case IDL_KEYWORD_READONLY:
        case IDL_KEYWORD_ATTRIBUTE:
            return attr_dcl(parser, doc);
        case IDL_KEYWORD_STRUCT:
        case IDL_KEYWORD_ENUM:
        case IDL_KEYWORD_TYPEDEF:
        case IDL_KEYWORD_CONST:
        case IDL_KEYWORD_EXCEPTION:
            nested_definition(parser);
            return true;
        default:
            if (idl_parse_unsupported_definition(parser)) {
                return true;
            }
        }
    }
    if (parser->token.kind == IDL_TOKEN_NAME || parser->token.kind == IDL_TOKEN_KEYWORD ||
        idl_parser_is_mark(parser, IDL_MARK_SCOPE)) {
        return op_dcl(parser, doc);
    }
    idl_parser_unexpected(parser, "an operation or an attribute");
    return idl_parser_take_mark(parser, ';');
}

/* interface_inheritance_spec = ":" scoped_name { "," scoped_name } */
static void inheritance(idl_parser *parser, idl_node *node, name_list *list)
{
    do {
        idl_range range;
        const idl_node *base = idl_parse_scoped_name(parser, IDL_WANT_INTERFACE, &range);
        if (base == NULL) {
            continue;
        }
        if (base == node) {
            idl_error(parser->diagnostics, &range, "interface '%s' cannot inherit from itself", node->decl.name);
        } else if (!base->is_defined) {
            idl_error(parser->diagnostics, &range, "interface '%s' is not defined yet: a base is defined before its heirs",
                      base->decl.name);
            if (base->forward != NULL) {
                idl_note(parser->diagnostics, &base->forward->range, "only declared here");
            }
        } else if (contains(list, &base->decl)) {
            idl_error(parser->diagnostics, &range, "'%s' is named twice as a base", base->decl.name);
        } else if (list->length == LIST_LIMIT) {
            idl_error(parser->diagnostics, &range, "this list has more than %d names", LIST_LIMIT);
        } else {
            append_name(parser, list, &base->decl, &range);
        }
    } while (idl_parser_take_mark(parser, ','));
}

/* interface_forward_dcl = "interface" identifier */
static idl_node *forward(idl_parser *parser, idl_node *known, const idl_token *name, const char *doc)
{
    idl_node *node = idl_make_node(parser, IDL_FORWARD, name, doc);
    idl_append(parser, node);
    if (known == NULL) {
        known = idl_make_node(parser, IDL_INTERFACE, name, NULL);
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
    return node;
}

/* The node that becomes the definition: that which a forward declaration promised, or a new one. */
static idl_node *begin_interface(idl_parser *parser, idl_node *known, const idl_token *name, const char *doc)
{
    idl_node *node = idl_make_node(parser, IDL_INTERFACE, name, doc);
    if (known != NULL && !known->is_defined) {
        known->decl.range = node->decl.range;
        known->decl.doc = doc;
        known->decl.parent = node->decl.parent;
        node = known;
    } else {
        idl_put_or_report(parser, node);
    }
    idl_append(parser, node);
    return node;
}

static bool interface_body(idl_parser *parser, idl_node *node)
{
    const idl_range open = parser->token.range;
    if (!idl_parser_expect(parser, '{', "'{'")) {
        return false;
    }
    idl_node *outer = parser->owner;
    idl_enter_scope(parser, node);
    bool missing = false;
    while (parser->token.kind != IDL_TOKEN_END && !idl_parser_is_mark(parser, '}') && !missing) {
        if (!export(parser)) {
            idl_parser_recover(parser);
        }
        missing = parser->token.begins_line &&
                  (idl_parser_is_keyword(parser, IDL_KEYWORD_MODULE) || idl_parser_is_keyword(parser, IDL_KEYWORD_INTERFACE));
    }
    idl_leave_scope(parser, outer);
    return idl_parser_expect_close(parser, &open);
}

/* interface_dcl = interface_forward_dcl | "interface" identifier [ interface_inheritance_spec ] "{" { export } "}" */
bool idl_parse_interface_dcl(idl_parser *parser, const char *doc)
{
    idl_token name;
    idl_parser_advance(parser);
    if (!idl_parse_identifier(parser, "a name for the interface", &name)) {
        return false;
    }
    idl_node *known = idl_scope_find(parser->scope, name.name, NULL);
    if (known != NULL && known->decl.kind != IDL_INTERFACE) {
        known = NULL;
    }
    if (idl_parser_take_mark(parser, ';')) {
        idl_node *node = forward(parser, known, &name, doc);
        idl_take_trailing(parser, node);
        return true;
    }
    idl_node *node = begin_interface(parser, known, &name, doc);
    name_list bases = { 0 };
    if (idl_parser_take_mark(parser, ':')) {
        inheritance(parser, node, &bases);
    }
    idl_enter_scope(parser, node); /* so that even an interface with a broken body has one */
    idl_leave_scope(parser, (idl_node *)node->decl.parent);
    idl_check_bases(parser, node, (idl_decl_list) { bases.length, bases.items }, bases.ranges);
    node->is_defined = true;
    const bool ok = interface_body(parser, node);
    idl_list_members(parser, node);
    if (!ok) {
        return false;
    }
    const bool ended = idl_parser_expect_semicolon(parser, "an interface");
    idl_take_trailing(parser, node);
    return ended;
}
