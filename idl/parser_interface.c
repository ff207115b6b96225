/* Interfaces: inheritance, operations, attributes, and what else an interface can contain. */
#include "idl/parser.h"

#include <string.h>

/* raises_expr = "raises" "(" scoped_name { "," scoped_name } ")"; the keyword is next, or one of its kin */
static bool raises_expr(idl_parser *parser, const char *again, idl_decl_list *ret)
{
    idl_name_list list = { 0 };
    idl_parser_advance(parser);
    if (!idl_parser_expect(parser, '(', "'('")) {
        return false;
    }
    if (!idl_parse_name_list(parser, IDL_WANT_EXCEPTION, again, &list)) {
        return false;
    }
    *ret = (idl_decl_list) { list.length, list.items };
    return idl_parser_expect(parser, ')', "')'");
}

/* context_expr = "context" "(" string_literal { "," string_literal } ")" */
static bool context_expr(idl_parser *parser)
{
    idl_warning(parser->diagnostics, IDL_DIAG_CONTEXT, &parser->token.range,
                "a context has no effect: the standard has given it up");
    idl_parser_advance(parser);
    if (!idl_parser_expect(parser, '(', "'('")) {
        return false;
    }
    do {
        if (parser->token.kind != IDL_TOKEN_STRING) {
            return idl_parser_unexpected(parser, IDL_DIAG_EXPECTED_STRING, "a string");
        }
        while (parser->token.kind == IDL_TOKEN_STRING) {
            idl_parser_advance(parser);
        }
    } while (idl_parser_take_mark(parser, ','));
    return idl_parser_expect(parser, ')', "')'");
}

/* param_dcl = ( "in" | "out" | "inout" ) type_spec identifier */
static bool param_dcl(idl_parser *parser, const idl_node *operation, idl_node **ret)
{
    idl_token name;
    idl_direction direction = IDL_IN;
    const char *doc = parser->token.doc;
    idl_annotation *annotations = idl_parse_annotations(parser);
    doc = doc == NULL ? parser->token.doc : doc;
    if (idl_parser_is_keyword(parser, IDL_KEYWORD_OUT) || idl_parser_is_keyword(parser, IDL_KEYWORD_INOUT)) {
        direction = parser->token.keyword == IDL_KEYWORD_OUT ? IDL_OUT : IDL_INOUT;
        if (operation->decl.is_oneway) {
            idl_error(parser->diagnostics, IDL_DIAG_ONEWAY_OUTPUT, &parser->token.range,
                      "a oneway operation has only 'in' parameters");
        }
        idl_parser_advance(parser);
    } else if (!idl_parser_take_keyword(parser, IDL_KEYWORD_IN)) {
        idl_parser_unexpected(parser, IDL_DIAG_EXPECTED_WORD, "'in', 'out' or 'inout'");
        if (parser->token.kind != IDL_TOKEN_NAME && parser->token.kind != IDL_TOKEN_KEYWORD) {
            return false;
        }
    }
    const idl_type *type = idl_parse_type_spec(parser);
    if (!idl_parse_simple_declarator(parser, "a name for the parameter", &type, &name)) {
        return false;
    }
    *ret = idl_declare(parser, IDL_PARAMETER, &name, doc);
    (*ret)->decl.type = type;
    (*ret)->decl.direction = direction;
    idl_annotate(parser, *ret, annotations);
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
    if (idl_parser_is_keyword(parser, IDL_KEYWORD_RAISES)) {
        if (operation->decl.is_oneway) {
            idl_error(parser->diagnostics, IDL_DIAG_ONEWAY_RAISES, &parser->token.range,
                      "a oneway operation cannot raise exceptions");
        }
        if (!raises_expr(parser, "this operation raises", &operation->decl.raises)) {
            return false;
        }
    }
    if (idl_parser_is_keyword(parser, IDL_KEYWORD_CONTEXT) && !context_expr(parser)) {
        return false;
    }
    return idl_parser_expect_semicolon(parser, "an operation");
}

/* op_dcl = [ "oneway" ] ( "void" | type_spec ) identifier parameter_dcls [ raises_expr ] [ context_expr ] */
static bool op_dcl(idl_parser *parser, idl_lead lead)
{
    const bool is_oneway = idl_parser_take_keyword(parser, IDL_KEYWORD_ONEWAY);
    const idl_type *type;
    idl_token name;
    idl_annotation *more = idl_parse_annotations(parser);
    if (idl_parser_is_keyword(parser, IDL_KEYWORD_VOID)) {
        type = idl_make_type(parser, IDL_VOID, &parser->token.range);
        idl_parser_advance(parser);
    } else {
        type = idl_parse_type_spec(parser);
    }
    if ((type == parser->bad_type && parser->token.kind != IDL_TOKEN_NAME) ||
        !idl_parse_identifier(parser, "a name for the operation", &name)) {
        return false;
    }
    idl_node *node = idl_declare(parser, IDL_OPERATION, &name, lead.doc);
    node->decl.type = type;
    node->decl.is_oneway = is_oneway;
    idl_annotate(parser, node, lead.annotations);
    idl_annotate(parser, node, more);
    if (node->decl.is_oneway && type->kind != IDL_VOID) {
        idl_error(parser->diagnostics, IDL_DIAG_ONEWAY_RESULT, &type->range,
                  "a oneway operation has no result: it returns 'void'");
    }
    idl_node *outer = parser->owner;
    idl_enter_scope(parser, node);
    const bool parsed = parameter_dcls(parser, node);
    idl_leave_scope(parser, outer);
    idl_check_ids(parser, node);
    idl_check_streams(parser, node);
    idl_check_once(parser, &node->decl);
    if (!parsed || !operation_end(parser, node)) {
        return false;
    }
    idl_take_trailing(parser, node);
    return true;
}

/* attr_raises_expr = raises_expr | "getraises" exception_list [ "setraises" exception_list ] | "setraises" exception_list */
static bool attr_raises_expr(idl_parser *parser, bool is_readonly, idl_decl *like)
{
    if (idl_parser_is_keyword(parser, IDL_KEYWORD_RAISES)) {
        const idl_range range = parser->token.range;
        if (!raises_expr(parser, "this attribute raises", &like->raises)) {
            return false;
        }
        if (!is_readonly) {
            idl_error(parser->diagnostics, IDL_DIAG_ATTRIBUTE_RAISES, &range,
                      "an attribute that is not readonly has 'getraises' and 'setraises'");
        }
        return true;
    }
    const idl_range range = parser->token.range;
    if (idl_parser_is_keyword(parser, IDL_KEYWORD_GETRAISES) && !raises_expr(parser, "this attribute raises", &like->raises)) {
        return false;
    }
    const idl_range set_range = parser->token.range;
    const bool sets = idl_parser_is_keyword(parser, IDL_KEYWORD_SETRAISES);
    if (sets && !raises_expr(parser, "this attribute raises", &like->set_raises)) {
        return false;
    }
    if (is_readonly && (sets || like->raises.length > 0)) {
        idl_error(parser->diagnostics, IDL_DIAG_ATTRIBUTE_RAISES, sets ? &set_range : &range,
                  "a readonly attribute has 'raises'");
    }
    return true;
}

/* attr_dcl = "attribute" type_spec ( identifier { "," identifier } | identifier attr_raises_expr )
 * readonly_attr_dcl = "readonly" "attribute" type_spec ( identifier { "," identifier } | identifier raises_expr ) */
static bool attr_dcl(idl_parser *parser, idl_lead lead)
{
    const bool is_readonly = idl_parser_take_keyword(parser, IDL_KEYWORD_READONLY);
    if (!idl_parser_take_keyword(parser, IDL_KEYWORD_ATTRIBUTE)) {
        return idl_parser_unexpected(parser, IDL_DIAG_EXPECTED_WORD, "'attribute' after 'readonly'");
    }
    const idl_type *type = idl_parse_type_spec(parser);
    idl_node *first = NULL;
    do {
        const idl_type *own = type;
        idl_token name;
        if (!idl_parse_simple_declarator(parser, "a name for the attribute", &own, &name)) {
            return false;
        }
        idl_node *node = idl_declare(parser, IDL_ATTRIBUTE, &name, lead.doc);
        node->decl.type = own;
        node->decl.is_readonly = is_readonly;
        idl_annotate(parser, node, lead.annotations);
        idl_check_once(parser, &node->decl);
        first = first == NULL ? node : first;
    } while (idl_parser_take_mark(parser, ','));
    idl_decl like = { 0 };
    if (!attr_raises_expr(parser, is_readonly, &like)) {
        return false;
    }
    for (idl_decl *decl = &first->decl; decl != NULL; decl = decl->next) {
        decl->raises = like.raises;
        decl->set_raises = like.set_raises;
    }
    const bool ok = idl_parser_expect_semicolon(parser, "an attribute");
    idl_take_trailing(parser, first);
    return ok;
}

/* export = { annotation_appl } ( op_dcl ";" | attr_dcl ";" | type_dcl | const_dcl ";" | except_dcl ";" | type_id_dcl ";"
 *        | type_prefix_dcl ";" ) */
static bool export(idl_parser *parser)
{
    idl_lead lead = { .doc = parser->token.doc };
    lead.annotations = idl_parse_annotations(parser);
    lead.doc = lead.doc == NULL ? parser->token.doc : lead.doc;
    if (parser->token.kind == IDL_TOKEN_KEYWORD) {
        switch (parser->token.keyword) {
        case IDL_KEYWORD_READONLY:
        case IDL_KEYWORD_ATTRIBUTE:
            return attr_dcl(parser, lead);
        case IDL_KEYWORD_CONST:
            return idl_parse_const_dcl(parser, lead);
        case IDL_KEYWORD_EXCEPTION:
            return idl_parse_except_dcl(parser, lead);
        default:
            if (idl_parser_at_type_dcl(parser)) {
                return idl_parse_type_dcl(parser, lead);
            }
            if (idl_parse_id_dcl(parser)) {
                return true;
            }
        }
    }
    if (parser->token.kind == IDL_TOKEN_KEYWORD || idl_parser_at_name(parser)) {
        return op_dcl(parser, lead);
    }
    if (idl_parser_take_mark(parser, '@')) {
        return idl_parse_annotation_dcl(parser, lead.doc);
    }
    idl_parser_unexpected(parser, IDL_DIAG_EXPECTED_DEFINITION, "an operation or an attribute");
    return idl_parser_take_mark(parser, ';');
}

/* interface_inheritance_spec = ":" scoped_name { "," scoped_name } */
static void inheritance(idl_parser *parser, idl_node *node, idl_name_list *list)
{
    do {
        idl_range range;
        const idl_node *base = idl_parse_scoped_name(parser, IDL_WANT_INTERFACE, &range);
        if (base == NULL) {
            continue;
        }
        if (base->decl.kind == IDL_TYPEDEF) {
            base = idl_node_of(idl_type_resolve(base->decl.type)->decl);
        }
        if (base == node) {
            idl_error(parser->diagnostics, IDL_DIAG_INHERITS_ITSELF, &range, "interface '%s' cannot inherit from itself",
                      node->decl.name);
        } else if (!base->is_defined) {
            idl_error(parser->diagnostics, IDL_DIAG_BASE_NOT_DEFINED, &range,
                      "interface '%s' is not defined yet: a base is defined before its heirs", base->decl.name);
            if (base->forward != NULL) {
                idl_note(parser->diagnostics, &base->forward->range, "only declared here");
            }
        } else if (idl_name_list_has(list, &base->decl)) {
            idl_error(parser->diagnostics, IDL_DIAG_REPEATED_NAME, &range, "'%s' is named twice as a base", base->decl.name);
        } else {
            idl_name_list_add(parser, list, &base->decl, &range);
        }
    } while (idl_parser_take_mark(parser, ','));
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
        idl_run_pragmas(parser);
        if (!export(parser)) {
            idl_parser_recover(parser);
        }
        missing = parser->token.begins_line &&
                  (idl_parser_is_keyword(parser, IDL_KEYWORD_MODULE) || idl_parser_is_keyword(parser, IDL_KEYWORD_INTERFACE));
    }
    idl_run_pragmas(parser);
    idl_leave_scope(parser, outer);
    return idl_parser_expect_close(parser, &open);
}

/* An interface is local everywhere or nowhere. */
static void check_kind(idl_parser *parser, const idl_node *known, const idl_token *name, bool is_local, bool is_abstract)
{
    if (known == NULL || (known->decl.is_local == is_local && known->decl.is_abstract == is_abstract)) {
        return;
    }
    const bool local_differs = known->decl.is_local != is_local;
    const char *word = local_differs ? "local" : "abstract";
    const bool has_word = local_differs ? is_local : is_abstract;
    idl_error(parser->diagnostics, IDL_DIAG_INTERFACE_KIND_DIFFERS, &name->range,
              "interface '%s' was %sdeclared %s, and here it is%s", name->name, has_word ? "not " : "", word,
              has_word ? "" : " not");
    idl_note(parser->diagnostics, known->forward != NULL && !known->is_defined ? &known->forward->range : &known->decl.range,
             "declared here");
}

/* interface_dcl = interface_kind identifier [ interface_inheritance_spec ] "{" { export } "}"
 * interface_forward_dcl = interface_kind identifier
 * interface_kind = [ "local" | "abstract" ] "interface" */
bool idl_parse_interface_dcl(idl_parser *parser, idl_lead lead)
{
    idl_token name;
    const idl_range range = parser->token.range;
    const bool is_local = idl_parser_take_keyword(parser, IDL_KEYWORD_LOCAL);
    const bool is_abstract = !is_local && idl_parser_take_keyword(parser, IDL_KEYWORD_ABSTRACT);
    if (is_abstract &&
        (idl_parser_take_keyword(parser, IDL_KEYWORD_VALUETYPE) || idl_parser_take_keyword(parser, IDL_KEYWORD_EVENTTYPE))) {
        idl_declare_unsupported(parser, &parser->token, &range, &idl_unsupported_value_type);
        idl_parser_recover(parser);
        return true;
    }
    if (!idl_parser_take_keyword(parser, IDL_KEYWORD_INTERFACE)) {
        return idl_parser_unexpected(parser, IDL_DIAG_EXPECTED_WORD,
                                     is_local ? "'interface' after 'local'" : "'interface' after 'abstract'");
    }
    if (!idl_parse_identifier(parser, "a name for the interface", &name)) {
        return false;
    }
    idl_node *known = idl_find_known(parser, IDL_INTERFACE, &name);
    check_kind(parser, known, &name, is_local, is_abstract);
    if (idl_parser_take_mark(parser, ';')) {
        idl_node *node = idl_declare_forward(parser, known, IDL_INTERFACE, &name, lead);
        node->decl.is_local = is_local;
        node->decl.is_abstract = is_abstract;
        idl_node *definition = idl_node_of(node->decl.definition);
        definition->decl.is_local = is_local;
        definition->decl.is_abstract = is_abstract;
        idl_take_trailing(parser, node);
        return true;
    }
    idl_node *node = idl_begin_definition(parser, IDL_INTERFACE, &name, lead);
    node->decl.is_local = is_local;
    node->decl.is_abstract = is_abstract;
    idl_name_list bases = { 0 };
    if (idl_parser_take_mark(parser, ':')) {
        inheritance(parser, node, &bases);
    }
    idl_enter_scope(parser, node); /* so that even an interface with a broken body has one */
    idl_leave_scope(parser, (idl_node *)node->decl.parent);
    idl_check_bases(parser, node, (idl_decl_list) { bases.length, bases.items }, bases.ranges);
    node->is_defined = true;
    const char *prefix = parser->prefix;
    const bool ok = interface_body(parser, node);
    parser->prefix = prefix;
    idl_list_members(parser, node);
    if (!ok) {
        return false;
    }
    const bool ended = idl_parser_expect_semicolon(parser, "an interface");
    idl_take_trailing(parser, node);
    return ended;
}
