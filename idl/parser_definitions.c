/* Definitions at file level and in modules, and the types among them. */
#include "idl/parser.h"

#include <string.h>

static bool definition(idl_parser *parser);

/* A type may not nest deeper than the limit: what generated code and readers do with it recurses. */
static void set_depth(idl_parser *parser, idl_node *node, uint32_t depth)
{
    if (depth > IDL_NESTING_LIMIT) {
        idl_error(parser->diagnostics, &node->decl.range, "'%s' nests deeper than %d types", node->decl.name, IDL_NESTING_LIMIT);
        depth = 0;
    }
    node->depth = depth;
}

/* Definitions up to the end of the file or, in a module, of the block. */
static void definitions(idl_parser *parser, bool in_module)
{
    while (parser->token.kind != IDL_TOKEN_END && !(in_module && idl_parser_is_mark(parser, '}'))) {
        if (!definition(parser)) {
            idl_parser_recover(parser);
        }
    }
}

/* specification = definition { definition } */
void idl_parse_specification(idl_parser *parser)
{
    do {
        idl_preprocess_next(parser->preprocessor, &parser->token);
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
    } else {
        idl_put_or_report(parser, node);
    }
    return node;
}

/* module_dcl = "module" identifier "{" definition { definition } "}" */
static bool module_dcl(idl_parser *parser, const char *doc)
{
    const idl_range keyword = parser->token.range;
    const uint32_t errors = parser->diagnostics->errors;
    idl_token name;
    idl_parser_advance(parser);
    if (!idl_parse_identifier(parser, "a name for the module", &name)) {
        return false;
    }
    if (idl_parser_is_mark(parser, '<')) {
        idl_parser_unsupported(parser, &keyword, "template modules are");
        idl_declare_poisoned(parser, &name);
        idl_parser_skip_angles(parser);
        idl_declare_poisoned(parser, &parser->token);
        idl_parser_recover(parser);
        return true;
    }
    const idl_range open = parser->token.range;
    if (!idl_parser_expect(parser, '{', "'{'") && !idl_parser_at_definition(parser)) {
        return false;
    }
    if (parser->modules == IDL_NESTING_LIMIT) {
        idl_error(parser->diagnostics, &name.range, "modules nest deeper than %d", IDL_NESTING_LIMIT);
        return false;
    }
    idl_node *outer = parser->owner;
    idl_node *node = open_module(parser, &name, doc);
    if (idl_parser_is_mark(parser, '}') && parser->diagnostics->errors == errors) {
        idl_error(parser->diagnostics, &name.range, "module '%s' is empty", name.name);
    }
    idl_enter_scope(parser, node);
    parser->modules++;
    definitions(parser, true);
    parser->modules--;
    idl_leave_scope(parser, outer);
    if (!idl_parser_expect_close(parser, &open)) {
        return false;
    }
    const bool ok = idl_parser_expect_semicolon(parser, "a module");
    idl_take_trailing(parser, node);
    return ok;
}

/* const_dcl = "const" const_type identifier "=" const_expr */
bool idl_parse_const_dcl(idl_parser *parser, const char *doc)
{
    idl_token name;
    idl_parser_advance(parser);
    const idl_type *type = idl_parse_type_spec(parser);
    if ((type == parser->bad_type && parser->token.kind != IDL_TOKEN_NAME) ||
        !idl_parse_identifier(parser, "a name for the constant", &name)) {
        return false;
    }
    if (!idl_parser_expect(parser, '=', "'='")) {
        idl_declare_poisoned(parser, &name);
        return false;
    }
    idl_node *node = idl_make_node(parser, IDL_CONST, &name, doc);
    node->decl.type = type;
    node->decl.value = idl_parse_const_expr(parser, type);
    idl_append(parser, node);
    idl_put_or_report(parser, node);
    const bool ok = idl_parser_expect_semicolon(parser, "a constant");
    idl_take_trailing(parser, node);
    return ok;
}

/* member = type_spec declarator { "," declarator } ";" */
static bool member(idl_parser *parser, idl_node *owner)
{
    const char *doc = parser->token.doc;
    const idl_type *type = idl_parse_type_spec(parser);
    if (type->kind == IDL_NAMED && type->decl->kind == IDL_STRUCT && idl_node_of(type->decl)->is_open) {
        idl_error(parser->diagnostics, &type->range, "struct '%s' cannot contain itself: use sequence<%s>", type->decl->name,
                  type->decl->name);
        type = parser->bad_type;
    }
    idl_node *first = NULL;
    do {
        const idl_type *own = type;
        idl_token name;
        idl_parser_annotations(parser);
        if (!idl_parse_declarator(parser, "a name for the member", &own, &name)) {
            return false;
        }
        idl_node *node = idl_declare(parser, IDL_MEMBER, &name, doc);
        node->decl.type = own;
        first = first == NULL ? node : first;
        const uint32_t depth = 1 + idl_type_depth(own);
        owner->depth = owner->depth < depth ? depth : owner->depth;
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
        if (!member(parser, node)) {
            idl_parser_recover(parser);
        }
    }
    const uint32_t depth = node->depth;
    node->depth = 0;
    set_depth(parser, node, depth);
    node->is_open = false;
    idl_leave_scope(parser, outer);
    return idl_parser_expect_close(parser, &open);
}

/* struct_dcl = "struct" identifier "{" member { member } "}" | "struct" identifier */
static bool struct_dcl(idl_parser *parser, const char *doc, idl_node **ret)
{
    idl_token name;
    idl_parser_advance(parser);
    if (!idl_parse_identifier(parser, "a name for the struct", &name)) {
        return false;
    }
    if (idl_parser_is_mark(parser, ';')) {
        idl_parser_unsupported(parser, &name.range, "forward declarations of structs are");
        idl_declare_poisoned(parser, &name);
        *ret = NULL;
        return true;
    }
    idl_node *node = idl_declare(parser, IDL_STRUCT, &name, doc);
    *ret = node;
    if (idl_parser_is_mark(parser, ':')) {
        idl_parser_unsupported(parser, &parser->token.range, "inheritance of structs is");
        node->is_poisoned = true;
        while (!idl_parser_is_mark(parser, '{') && !idl_parser_is_mark(parser, ';') && parser->token.kind != IDL_TOKEN_END) {
            idl_parser_advance(parser);
        }
    }
    const uint32_t errors = parser->diagnostics->errors;
    if (!members(parser, node)) {
        return false;
    }
    if (node->decl.children == NULL && errors == parser->diagnostics->errors && !node->is_poisoned) {
        idl_parser_unsupported(parser, &name.range, "structs without members are");
    }
    return true;
}

/* except_dcl = "exception" identifier "{" { member } "}" */
bool idl_parse_except_dcl(idl_parser *parser, const char *doc)
{
    idl_token name;
    idl_parser_advance(parser);
    if (!idl_parse_identifier(parser, "a name for the exception", &name)) {
        return false;
    }
    idl_node *node = idl_declare(parser, IDL_EXCEPTION, &name, doc);
    if (!members(parser, node)) {
        return false;
    }
    const bool ok = idl_parser_expect_semicolon(parser, "an exception");
    idl_take_trailing(parser, node);
    return ok;
}

/* enumerator = identifier */
static bool enumerator(idl_parser *parser, idl_node *owner, uint64_t number, idl_node **ret)
{
    idl_token name;
    const char *doc = parser->token.doc;
    idl_parser_annotations(parser);
    if (!idl_parse_identifier(parser, "an enumerator", &name)) {
        return false;
    }
    idl_node *node = idl_declare(parser, IDL_ENUMERATOR, &name, doc);
    node->of_enum = &owner->decl;
    node->decl.value = (idl_value) { .kind = IDL_VALUE_INTEGER, .magnitude = number };
    *ret = node;
    return true;
}

/* enum_dcl = "enum" identifier "{" enumerator { "," enumerator } "}" */
static bool enum_dcl(idl_parser *parser, const char *doc, idl_node **ret)
{
    idl_token name;
    idl_parser_advance(parser);
    if (!idl_parse_identifier(parser, "a name for the enum", &name)) {
        return false;
    }
    idl_node *node = idl_declare(parser, IDL_ENUM, &name, doc);
    *ret = node;
    const idl_range open = parser->token.range;
    if (!idl_parser_expect(parser, '{', "'{'")) {
        return false;
    }
    idl_node *outer = parser->owner;
    parser->owner = node;
    uint64_t number = 0;
    bool ok = true;
    bool more = true;
    while (ok && more) {
        idl_node *last = NULL;
        ok = enumerator(parser, node, number++, &last);
        if (ok) {
            idl_take_trailing(parser, last);
            more = idl_parser_take_mark(parser, ',');
            idl_take_trailing(parser, last);
        }
    }
    parser->owner = outer;
    if (ok && !idl_parser_is_mark(parser, '}') && !idl_parser_at_definition(parser)) {
        ok = idl_parser_unexpected(parser, "',' or '}'");
    }
    if (!ok) {
        /* Names may follow: to the end of the block, so that one error is one message. */
        while (parser->token.kind != IDL_TOKEN_END && !idl_parser_is_mark(parser, '}') && !idl_parser_at_definition(parser)) {
            idl_parser_advance(parser);
        }
    }
    return idl_parser_expect_close(parser, &open);
}

/* The declarators of a typedef. */
static bool typedef_declarators(idl_parser *parser, const idl_type *type, const char *doc)
{
    idl_node *first = NULL;
    do {
        const idl_type *own = type;
        idl_token name;
        idl_parser_annotations(parser);
        if (!idl_parse_declarator(parser, "a name for the typedef", &own, &name)) {
            return false;
        }
        idl_node *node = idl_make_node(parser, IDL_TYPEDEF, &name, doc);
        node->decl.type = own;
        node->is_poisoned = own == parser->bad_type;
        set_depth(parser, node, 1 + idl_type_depth(own));
        idl_append(parser, node);
        idl_put_or_report(parser, node);
        first = first == NULL ? node : first;
    } while (idl_parser_take_mark(parser, ','));
    const bool ok = idl_parser_expect_semicolon(parser, "a typedef");
    idl_take_trailing(parser, first);
    return ok;
}

/* typedef_dcl = "typedef" ( type_spec | struct_dcl | enum_dcl ) declarator { "," declarator } */
static bool typedef_dcl(idl_parser *parser, const char *doc)
{
    idl_parser_advance(parser);
    idl_parser_annotations(parser);
    const bool is_struct = idl_parser_is_keyword(parser, IDL_KEYWORD_STRUCT);
    if (!is_struct && !idl_parser_is_keyword(parser, IDL_KEYWORD_ENUM)) {
        if (idl_parser_is_keyword(parser, IDL_KEYWORD_UNION)) {
            return idl_parse_unsupported_definition(parser);
        }
        return typedef_declarators(parser, idl_parse_type_spec(parser), doc);
    }
    idl_node *node;
    if (!(is_struct ? struct_dcl(parser, doc, &node) : enum_dcl(parser, doc, &node))) {
        return false;
    }
    idl_type *type = idl_arena_alloc(parser->arena, sizeof *type);
    type->kind = IDL_NAMED;
    type->decl = node == NULL ? NULL : &node->decl;
    type->range = node == NULL ? parser->previous : node->decl.range;
    return typedef_declarators(parser, node == NULL || node->is_poisoned ? parser->bad_type : type, doc);
}

/* type_dcl = typedef_dcl ";" | struct_dcl ";" | enum_dcl ";" */
bool idl_parse_type_dcl(idl_parser *parser, const char *doc)
{
    if (idl_parser_is_keyword(parser, IDL_KEYWORD_TYPEDEF)) {
        return typedef_dcl(parser, doc);
    }
    const bool is_struct = idl_parser_is_keyword(parser, IDL_KEYWORD_STRUCT);
    idl_node *node = NULL;
    if (!(is_struct ? struct_dcl(parser, doc, &node) : enum_dcl(parser, doc, &node))) {
        return false;
    }
    const bool ok = idl_parser_expect_semicolon(parser, is_struct ? "a struct" : "an enum");
    if (node != NULL) {
        idl_take_trailing(parser, node);
    }
    return ok;
}

/* definition = module_dcl ";" | const_dcl ";" | type_dcl | except_dcl ";" | interface_dcl ";" */
static bool definition(idl_parser *parser)
{
    idl_parser_annotations(parser);
    const char *doc = parser->token.doc;
    if (parser->token.kind == IDL_TOKEN_KEYWORD) {
        switch (parser->token.keyword) {
        case IDL_KEYWORD_MODULE:
            return module_dcl(parser, doc);
        case IDL_KEYWORD_CONST:
            return idl_parse_const_dcl(parser, doc);
        case IDL_KEYWORD_TYPEDEF:
        case IDL_KEYWORD_STRUCT:
        case IDL_KEYWORD_ENUM:
            return idl_parse_type_dcl(parser, doc);
        case IDL_KEYWORD_EXCEPTION:
            return idl_parse_except_dcl(parser, doc);
        case IDL_KEYWORD_INTERFACE:
            return idl_parse_interface_dcl(parser, doc);
        default:
            if (idl_parse_unsupported_definition(parser)) {
                return true;
            }
        }
    }
    idl_parser_unexpected(parser, "a definition");
    if (idl_parser_is_mark(parser, '}') || idl_parser_is_mark(parser, ';')) {
        idl_parser_advance(parser); /* or recovery would stop here for ever */
        idl_parser_take_mark(parser, ';');
        return true;
    }
    return false;
}
