/* Definitions at file level and in modules, and the types among them. */
#include "idl/parser.h"

#include <string.h>

static bool definition(idl_parser *parser);

/* Definitions up to the end of the file or, in a module, of the block. */
static void definitions(idl_parser *parser, bool in_module)
{
    while (parser->token.kind != IDL_TOKEN_END && !(in_module && idl_parser_is_mark(parser, '}'))) {
        idl_run_pragmas(parser);
        if (!definition(parser)) {
            idl_parser_recover(parser);
        }
    }
    idl_run_pragmas(parser);
}

/* specification = definition { definition } */
void idl_parse_specification(idl_parser *parser)
{
    do {
        idl_parser_begin(parser);
        definitions(parser, false);
    } while (idl_preprocess_leave(parser->preprocessor));
}

static idl_node *open_module(idl_parser *parser, const idl_token *name, const char *doc)
{
    idl_node *node = idl_make_node(parser, IDL_MODULE, name, doc);
    idl_append(parser, node);
    const idl_node *first = idl_scope_find(parser->scope, name->name, NULL);
    if (first != NULL && first->decl.kind == IDL_MODULE) {
        node->scope = first->scope;
        if (first->is_builtin) {
            node->scope->owner = node;
            idl_put_or_report(parser, node);
        }
    } else {
        idl_put_or_report(parser, node);
    }
    return node;
}

/* module_dcl = "module" identifier "{" definition { definition } "}" */
static bool module_dcl(idl_parser *parser, idl_lead lead)
{
    const idl_range keyword = parser->token.range;
    const uint32_t errors = parser->diagnostics->errors;
    idl_token name;
    idl_parser_advance(parser);
    if (!idl_parse_identifier(parser, "a name for the module", &name)) {
        return false;
    }
    if (idl_parser_is_mark(parser, '<')) {
        idl_declare_unsupported(parser, &name, &keyword, &idl_unsupported_template);
        idl_parser_skip_angles(parser);
        if (parser->token.kind == IDL_TOKEN_NAME) {
            idl_declare_unsupported(parser, &parser->token, &keyword, &idl_unsupported_template);
        }
        idl_parser_recover(parser);
        return true;
    }
    const idl_range open = parser->token.range;
    if (parser->modules == IDL_NESTING_LIMIT) { /* before its '{', so that recovery skips all of it */
        idl_error(parser->diagnostics, IDL_DIAG_MODULE_NESTING, &name.range, "modules nest deeper than %d", IDL_NESTING_LIMIT);
        return false;
    }
    if (!idl_parser_expect(parser, '{', "'{'") && !idl_parser_at_definition(parser)) {
        return false;
    }
    idl_node *outer = parser->owner;
    idl_node *node = open_module(parser, &name, lead.doc);
    idl_annotate(parser, node, lead.annotations);
    if (idl_parser_is_mark(parser, '}') && parser->diagnostics->errors == errors) {
        idl_error(parser->diagnostics, IDL_DIAG_EMPTY_DEFINITION, &name.range, "module '%s' is empty", name.name);
    }
    const char *prefix = parser->prefix;
    idl_enter_scope(parser, node);
    parser->modules++;
    definitions(parser, true);
    parser->modules--;
    parser->prefix = prefix;
    idl_leave_scope(parser, outer);
    if (!idl_parser_expect_close(parser, &open)) {
        return false;
    }
    const bool ok = idl_parser_expect_semicolon(parser, "a module");
    idl_take_trailing(parser, node);
    return ok;
}

/* const_dcl = "const" const_type identifier "=" const_expr */
bool idl_parse_const_dcl(idl_parser *parser, idl_lead lead)
{
    idl_token name;
    idl_parser_advance(parser);
    parser->in_const_type = true;
    const idl_type *type = idl_parse_type_spec(parser);
    parser->in_const_type = false;
    if ((type == parser->bad_type && parser->token.kind != IDL_TOKEN_NAME) ||
        !idl_parse_identifier(parser, "a name for the constant", &name)) {
        return false;
    }
    if (!idl_parser_expect(parser, '=', "'='")) {
        idl_declare_poisoned(parser, &name);
        return false;
    }
    idl_node *node = idl_make_node(parser, IDL_CONST, &name, lead.doc);
    node->decl.type = type;
    node->decl.value = idl_parse_const_expr(parser, type);
    idl_append(parser, node);
    idl_put_or_report(parser, node);
    idl_annotate(parser, node, lead.annotations);
    const bool ok = idl_parser_expect_semicolon(parser, "a constant");
    idl_take_trailing(parser, node);
    return ok;
}

/* native_dcl = "native" simple_declarator */
bool idl_parse_native_dcl(idl_parser *parser, idl_lead lead, idl_node **ret)
{
    idl_token name;
    idl_parser_advance(parser);
    if (!idl_parse_identifier(parser, "a name for the native type", &name)) {
        return false;
    }
    idl_node *node = idl_declare(parser, IDL_NATIVE, &name, lead.doc);
    node->has_native = true;
    idl_annotate(parser, node, lead.annotations);
    *ret = node;
    return true;
}

/* The declarators of a typedef. */
static bool typedef_declarators(idl_parser *parser, const idl_type *type, idl_lead lead)
{
    idl_node *first = NULL;
    do {
        const idl_type *own = type;
        idl_token name;
        idl_annotation *more = idl_parse_annotations(parser);
        if (!idl_parse_declarator(parser, "a name for the typedef", &own, &name)) {
            return false;
        }
        idl_node *node = idl_make_node(parser, IDL_TYPEDEF, &name, lead.doc);
        node->decl.type = own;
        node->is_poisoned = own == parser->bad_type;
        idl_set_depth(parser, node, 1 + idl_type_depth(own));
        node->has_native = idl_type_has_native(own);
        idl_append(parser, node);
        idl_put_or_report(parser, node);
        idl_annotate(parser, node, lead.annotations);
        idl_annotate(parser, node, more);
        first = first == NULL ? node : first;
    } while (idl_parser_take_mark(parser, ','));
    const bool ok = idl_parser_expect_semicolon(parser, "a typedef");
    idl_take_trailing(parser, first);
    return ok;
}

typedef struct constructed {
    idl_keyword keyword;
    bool (*parse)(idl_parser *parser, idl_lead lead, idl_node **ret);
    const char *what;
    bool in_typedef; /* may also be defined in a typedef */
} constructed;

static const constructed constructed_types[] = {
    { IDL_KEYWORD_STRUCT, idl_parse_struct_dcl, "a struct", true },
    { IDL_KEYWORD_UNION, idl_parse_union_dcl, "a union", true },
    { IDL_KEYWORD_ENUM, idl_parse_enum_dcl, "an enum", true },
    { IDL_KEYWORD_BITSET, idl_parse_bitset_dcl, "a bitset", true },
    { IDL_KEYWORD_BITMASK, idl_parse_bitmask_dcl, "a bitmask", true },
    { IDL_KEYWORD_NATIVE, idl_parse_native_dcl, "a native type", false },
};

static const constructed *find_constructed(const idl_parser *parser)
{
    for (size_t i = 0; i < sizeof constructed_types / sizeof *constructed_types; i++) {
        if (idl_parser_is_keyword(parser, constructed_types[i].keyword)) {
            return &constructed_types[i];
        }
    }
    return NULL;
}

bool idl_parser_at_type_dcl(const idl_parser *parser)
{
    return idl_parser_is_keyword(parser, IDL_KEYWORD_TYPEDEF) || find_constructed(parser) != NULL;
}

/* A type that is defined where it is used; the bad type if that was reported. */
static const idl_type *defined_here(idl_parser *parser, const constructed *found, idl_lead lead, bool *ret_ok)
{
    idl_node *node = NULL;
    *ret_ok = found->parse(parser, lead, &node);
    if (!*ret_ok || node == NULL || node->is_poisoned) {
        return parser->bad_type;
    }
    idl_type *type = idl_make_type(parser, IDL_NAMED, &node->decl.range);
    type->decl = &node->decl;
    return type;
}

/* constr_type_spec = type_spec | constr_type_dcl: older CORBA's */
const idl_type *idl_parse_constr_type_spec(idl_parser *parser)
{
    const constructed *found = find_constructed(parser);
    if (found == NULL || !found->in_typedef) {
        return idl_parse_type_spec(parser);
    }
    if (parser->nesting == IDL_NESTING_LIMIT) {
        idl_error(parser->diagnostics, IDL_DIAG_TYPE_NESTING, &parser->token.range, "types nest deeper than %d",
                  IDL_NESTING_LIMIT);
        idl_skip_definition(parser);
        return parser->bad_type;
    }
    bool ok = false;
    parser->nesting++;
    const idl_type *type = defined_here(parser, found, (idl_lead) { 0 }, &ok);
    parser->nesting--;
    if (!ok && !idl_parser_at_definition(parser)) {
        idl_skip_definition_rest(parser, found->keyword == IDL_KEYWORD_ENUM);
    }
    return type;
}

/* typedef_dcl = "typedef" ( type_spec | constr_type_dcl ) declarator { "," declarator } */
static bool typedef_dcl(idl_parser *parser, idl_lead lead)
{
    idl_parser_advance(parser);
    idl_annotation *annotations = idl_parse_annotations(parser);
    const constructed *found = find_constructed(parser);
    if (found == NULL || !found->in_typedef) {
        const idl_type *type = idl_annotate_type(parser, idl_parse_type_spec(parser), annotations, IDL_TARGET_TYPE);
        return typedef_declarators(parser, type, lead);
    }
    bool ok = false;
    const idl_type *type = defined_here(parser, found, (idl_lead) { .annotations = annotations }, &ok);
    if (!ok) {
        return false;
    }
    if (type->kind == IDL_NAMED && type->decl->kind == IDL_FORWARD) {
        idl_parser_unexpected(parser, IDL_DIAG_EXPECTED_NAME, "a name for the typedef");
        return true;
    }
    return typedef_declarators(parser, type, lead);
}

/* type_dcl = typedef_dcl ";" | constr_type_dcl ";" | native_dcl ";"
 * constr_type_dcl = struct_dcl | union_dcl | enum_dcl | bitset_dcl | bitmask_dcl */
bool idl_parse_type_dcl(idl_parser *parser, idl_lead lead)
{
    const constructed *found = find_constructed(parser);
    if (found == NULL) {
        return typedef_dcl(parser, lead);
    }
    idl_node *node = NULL;
    if (!found->parse(parser, lead, &node)) {
        return false;
    }
    const bool ok = idl_parser_expect_semicolon(parser, found->what);
    if (node != NULL) {
        idl_take_trailing(parser, node);
    }
    return ok;
}

/* definition = { annotation_appl } ( module_dcl ";" | const_dcl ";" | type_dcl | except_dcl ";" | interface_dcl ";"
 *            | type_id_dcl ";" | type_prefix_dcl ";" ) | annotation_dcl ";" */
static bool any_definition(idl_parser *parser)
{
    idl_lead lead = { .doc = parser->token.doc };
    const uint32_t errors = parser->diagnostics->errors;
    lead.annotations = idl_parse_annotations(parser);
    lead.doc = lead.doc == NULL ? parser->token.doc : lead.doc;
    if (parser->token.kind == IDL_TOKEN_KEYWORD) {
        switch (parser->token.keyword) {
        case IDL_KEYWORD_MODULE:
            return module_dcl(parser, lead);
        case IDL_KEYWORD_CONST:
            return idl_parse_const_dcl(parser, lead);
        case IDL_KEYWORD_EXCEPTION:
            return idl_parse_except_dcl(parser, lead);
        case IDL_KEYWORD_INTERFACE:
        case IDL_KEYWORD_LOCAL:
        case IDL_KEYWORD_ABSTRACT:
            return idl_parse_interface_dcl(parser, lead);
        default:
            if (idl_parser_at_type_dcl(parser)) {
                return idl_parse_type_dcl(parser, lead);
            }
            if (idl_parse_id_dcl(parser) || idl_parse_unsupported_definition(parser)) {
                return true;
            }
        }
    }
    if (idl_parser_take_mark(parser, '@')) {
        return idl_parse_annotation_dcl(parser, lead.doc); /* what is left after annotations */
    }
    if (parser->diagnostics->errors > errors && parser->token.kind == IDL_TOKEN_END) {
        return true;
    }
    idl_parser_unexpected(parser, IDL_DIAG_EXPECTED_DEFINITION, "a definition");
    if (idl_parser_is_mark(parser, '}') || idl_parser_is_mark(parser, ';')) {
        idl_parser_advance(parser); /* or recovery would stop here for ever */
        idl_parser_take_mark(parser, ';');
        return true;
    }
    return false;
}

static bool definition(idl_parser *parser)
{
    if (parser->token.range.file->is_main || idl_parser_is_keyword(parser, IDL_KEYWORD_MODULE)) {
        return any_definition(parser);
    }
    const idl_definition_mark mark = idl_mark_definition(parser);
    const bool ok = any_definition(parser);
    idl_drop_unsupported(parser, &mark);
    return ok;
}
