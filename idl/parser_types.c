/* Type specifications and declarators. */
#include "idl/parser.h"

#include <string.h>

static idl_type *make_type(idl_parser *parser, idl_type_kind kind, const idl_range *range)
{
    idl_type *type = idl_arena_alloc(parser->arena, sizeof *type);
    type->kind = kind;
    type->range = *range;
    return type;
}

static void extend(idl_range *range, const idl_range *to)
{
    if (range->file == to->file && range->line == to->line && to->column >= range->column) {
        range->length = to->column + to->length - range->column;
    }
}

uint32_t idl_type_depth(const idl_type *type)
{
    uint32_t depth = 0;
    while (type->kind == IDL_SEQUENCE) {
        depth++;
        type = type->element;
    }
    return type->kind == IDL_NAMED ? depth + idl_node_of(type->decl)->depth : depth;
}

void idl_parser_skip_angles(idl_parser *parser)
{
    uint32_t depth = 0;
    while (parser->token.kind == IDL_TOKEN_PUNCTUATION || parser->token.kind == IDL_TOKEN_NAME ||
           parser->token.kind == IDL_TOKEN_KEYWORD || parser->token.kind == IDL_TOKEN_INTEGER) {
        if (idl_parser_is_mark(parser, '<')) {
            depth++;
        } else if (idl_parser_is_mark(parser, IDL_MARK_SHIFT_LEFT)) {
            depth += 2;
        } else if (depth == 0 || idl_parser_is_mark(parser, ';') || idl_parser_is_mark(parser, '{') ||
                   idl_parser_is_mark(parser, '}')) {
            return;
        } else if (idl_parser_is_mark(parser, '>') && --depth == 0) {
            idl_parser_advance(parser);
            return;
        }
        idl_parser_advance(parser);
    }
}

/* A type that the grammar has and this compiler does not. NULL: the keyword is none of them. */
static const char *unsupported_type(idl_keyword keyword)
{
    switch (keyword) {
    case IDL_KEYWORD_ANY:
        return "type 'any' is";
    case IDL_KEYWORD_OBJECT:
        return "type 'Object' is";
    case IDL_KEYWORD_VALUEBASE:
        return "type 'ValueBase' is";
    case IDL_KEYWORD_WCHAR:
        return "type 'wchar' is";
    case IDL_KEYWORD_WSTRING:
        return "type 'wstring' is";
    case IDL_KEYWORD_FIXED:
        return "type 'fixed' is";
    case IDL_KEYWORD_INT8:
        return "type 'int8' is";
    case IDL_KEYWORD_UINT8:
        return "type 'uint8' is";
    case IDL_KEYWORD_MAP:
        return "type 'map' is";
    default:
        return NULL;
    }
}

/* string_type = "string" [ "<" positive_int_const ">" ] */
static const idl_type *string_type(idl_parser *parser)
{
    idl_type *type = make_type(parser, IDL_STRING, &parser->token.range);
    idl_parser_advance(parser);
    if (idl_parser_take_mark(parser, '<')) {
        type->bound = idl_parse_bound(parser);
        if (!idl_parser_expect(parser, '>', "'>' after the bound")) {
            idl_parser_skip_angles(parser);
            return parser->bad_type;
        }
        extend(&type->range, &parser->previous);
        return type->bound == 0 ? parser->bad_type : type;
    }
    return type;
}

/* sequence_type = "sequence" "<" type_spec [ "," positive_int_const ] ">" */
static const idl_type *sequence_type(idl_parser *parser)
{
    idl_type *type = make_type(parser, IDL_SEQUENCE, &parser->token.range);
    idl_parser_advance(parser);
    if (!idl_parser_is_mark(parser, '<')) {
        idl_parser_unexpected(parser, "'<' after 'sequence'");
        return parser->bad_type;
    }
    if (parser->nesting >= IDL_NESTING_LIMIT) {
        idl_error(parser->diagnostics, &type->range, "types nest deeper than %d", IDL_NESTING_LIMIT);
        idl_parser_skip_angles(parser);
        return parser->bad_type;
    }
    idl_parser_advance(parser);
    parser->nesting++;
    type->element = idl_parse_type_spec(parser);
    parser->nesting--;
    bool bad = type->element == parser->bad_type;
    if (idl_parser_take_mark(parser, ',')) {
        type->bound = idl_parse_bound(parser);
        bad = bad || type->bound == 0;
    }
    if (!idl_parser_take_mark(parser, '>')) {
        idl_parser_unexpected(parser, "'>'");
        return parser->bad_type;
    }
    extend(&type->range, &parser->previous);
    if (!bad && idl_type_depth(type) > IDL_NESTING_LIMIT) {
        idl_error(parser->diagnostics, &type->range, "types nest deeper than %d", IDL_NESTING_LIMIT);
        bad = true;
    }
    return bad ? parser->bad_type : type;
}

/* One of the integer and floating point types, after its first keyword was read: "long" may go on. */
static idl_type_kind long_type(idl_parser *parser, idl_type *type)
{
    if (idl_parser_take_keyword(parser, IDL_KEYWORD_LONG)) {
        extend(&type->range, &parser->previous);
        return IDL_INT64;
    }
    if (idl_parser_is_keyword(parser, IDL_KEYWORD_DOUBLE)) {
        extend(&type->range, &parser->token.range);
        idl_parser_unsupported(parser, &type->range, "type 'long double' is");
        idl_parser_advance(parser);
        return IDL_VOID;
    }
    return IDL_INT32;
}

/* unsigned_int = "unsigned" ( "short" | "long" | "long" "long" ) */
static idl_type_kind unsigned_type(idl_parser *parser, idl_type *type)
{
    if (idl_parser_take_keyword(parser, IDL_KEYWORD_SHORT)) {
        extend(&type->range, &parser->previous);
        return IDL_UINT16;
    }
    if (!idl_parser_take_keyword(parser, IDL_KEYWORD_LONG)) {
        idl_parser_unexpected(parser, "'short' or 'long' after 'unsigned'");
        return IDL_VOID;
    }
    extend(&type->range, &parser->previous);
    if (idl_parser_take_keyword(parser, IDL_KEYWORD_LONG)) {
        extend(&type->range, &parser->previous);
        return IDL_UINT64;
    }
    return IDL_UINT32;
}

/* base_type_spec = "float" | "double" | "short" | "long" | "long" "long" | unsigned_int | "char" | "boolean" | "octet" */
static const idl_type *base_type_spec(idl_parser *parser)
{
    idl_type *type = make_type(parser, IDL_VOID, &parser->token.range);
    const idl_keyword keyword = parser->token.keyword;
    idl_parser_advance(parser);
    switch (keyword) {
    case IDL_KEYWORD_FLOAT:
        type->kind = IDL_FLOAT;
        break;
    case IDL_KEYWORD_DOUBLE:
        type->kind = IDL_DOUBLE;
        break;
    case IDL_KEYWORD_SHORT:
    case IDL_KEYWORD_INT16:
        type->kind = IDL_INT16;
        break;
    case IDL_KEYWORD_LONG:
        type->kind = long_type(parser, type);
        break;
    case IDL_KEYWORD_INT32:
        type->kind = IDL_INT32;
        break;
    case IDL_KEYWORD_INT64:
        type->kind = IDL_INT64;
        break;
    case IDL_KEYWORD_UNSIGNED:
        type->kind = unsigned_type(parser, type);
        break;
    case IDL_KEYWORD_UINT16:
        type->kind = IDL_UINT16;
        break;
    case IDL_KEYWORD_UINT32:
        type->kind = IDL_UINT32;
        break;
    case IDL_KEYWORD_UINT64:
        type->kind = IDL_UINT64;
        break;
    case IDL_KEYWORD_CHAR:
        type->kind = IDL_CHAR;
        break;
    case IDL_KEYWORD_BOOLEAN:
        type->kind = IDL_BOOLEAN;
        break;
    case IDL_KEYWORD_OCTET:
        type->kind = IDL_OCTET;
        break;
    default:
        break;
    }
    return type->kind == IDL_VOID ? parser->bad_type : type;
}

static bool is_base_type(idl_keyword keyword)
{
    switch (keyword) {
    case IDL_KEYWORD_FLOAT:
    case IDL_KEYWORD_DOUBLE:
    case IDL_KEYWORD_SHORT:
    case IDL_KEYWORD_INT16:
    case IDL_KEYWORD_LONG:
    case IDL_KEYWORD_INT32:
    case IDL_KEYWORD_INT64:
    case IDL_KEYWORD_UNSIGNED:
    case IDL_KEYWORD_UINT16:
    case IDL_KEYWORD_UINT32:
    case IDL_KEYWORD_UINT64:
    case IDL_KEYWORD_CHAR:
    case IDL_KEYWORD_BOOLEAN:
    case IDL_KEYWORD_OCTET:
        return true;
    default:
        return false;
    }
}

static const idl_type *named_type(idl_parser *parser)
{
    idl_range range;
    const idl_node *node = idl_parse_scoped_name(parser, IDL_WANT_TYPE, &range);
    if (node == NULL || (node->decl.kind == IDL_TYPEDEF && node->decl.type == parser->bad_type)) {
        return parser->bad_type;
    }
    idl_type *type = make_type(parser, IDL_NAMED, &range);
    type->decl = &node->decl;
    return type;
}

/* A type's definition where only its name can stand: up to the '}' that closes it. */
static void skip_definition(idl_parser *parser)
{
    idl_parser_advance(parser);
    idl_declare_poisoned(parser, &parser->token);
    uint32_t depth = 0;
    while (parser->token.kind != IDL_TOKEN_END) {
        const bool ends = idl_parser_is_mark(parser, ';') || idl_parser_is_mark(parser, ',') || idl_parser_is_mark(parser, '}');
        if (depth == 0 && ends) {
            return;
        }
        depth += idl_parser_is_mark(parser, '{') ? 1 : 0;
        const bool closes = idl_parser_is_mark(parser, '}') && --depth == 0;
        idl_parser_advance(parser);
        if (closes) {
            return;
        }
    }
}

/* type_spec = base_type_spec | scoped_name | sequence_type | string_type */
const idl_type *idl_parse_type_spec(idl_parser *parser)
{
    idl_parser_annotations(parser);
    const idl_token *token = &parser->token;
    if (token->kind == IDL_TOKEN_NAME || idl_parser_is_mark(parser, IDL_MARK_SCOPE)) {
        return named_type(parser);
    }
    if (token->kind != IDL_TOKEN_KEYWORD) {
        idl_parser_unexpected(parser, "a type");
        return parser->bad_type;
    }
    if (is_base_type(token->keyword)) {
        return base_type_spec(parser);
    }
    if (token->keyword == IDL_KEYWORD_STRING) {
        return string_type(parser);
    }
    if (token->keyword == IDL_KEYWORD_SEQUENCE) {
        return sequence_type(parser);
    }
    if (unsupported_type(token->keyword) != NULL) {
        idl_parser_unsupported(parser, &token->range, unsupported_type(token->keyword));
        idl_parser_advance(parser);
        idl_parser_skip_angles(parser);
        return parser->bad_type;
    }
    if (token->keyword == IDL_KEYWORD_VOID) {
        idl_error(parser->diagnostics, &token->range, "'void' can only be the result of an operation");
        idl_parser_advance(parser);
        return parser->bad_type;
    }
    if (token->keyword == IDL_KEYWORD_STRUCT || token->keyword == IDL_KEYWORD_ENUM || token->keyword == IDL_KEYWORD_UNION) {
        idl_error(parser->diagnostics, &token->range, "a type cannot be defined here: define it before, and use its name");
        skip_definition(parser);
        return parser->bad_type;
    }
    idl_parser_unexpected(parser, "a type");
    return parser->bad_type;
}

/* declarator = identifier | identifier "[" positive_int_const "]" { "[" positive_int_const "]" } */
bool idl_parse_declarator(idl_parser *parser, const char *what, const idl_type **type, idl_token *ret_name)
{
    if (*type == parser->bad_type && parser->token.kind != IDL_TOKEN_NAME) {
        return false; /* what stands here may be the rest of what was reported */
    }
    if (!idl_parse_identifier(parser, what, ret_name)) {
        return false;
    }
    if (idl_parser_is_mark(parser, '[')) {
        idl_parser_unsupported(parser, &parser->token.range, "arrays are");
        *type = parser->bad_type;
        while (parser->token.kind != IDL_TOKEN_END && !idl_parser_is_mark(parser, ';') && !idl_parser_is_mark(parser, ',') &&
               !idl_parser_is_mark(parser, ')') && !idl_parser_is_mark(parser, '}')) {
            idl_parser_advance(parser);
        }
    }
    return true;
}
