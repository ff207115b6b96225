/* Type specifications and declarators. */
#include "idl/parser.h"

#include <string.h>

idl_type *idl_make_type(idl_parser *parser, idl_type_kind kind, const idl_range *range)
{
    idl_type *type = idl_arena_alloc(parser->arena, sizeof *type);
    type->kind = kind;
    type->range = *range;
    return type;
}

/* Types nest no deeper than IDL_NESTING_LIMIT. */
uint32_t idl_type_depth(const idl_type *type)
{
    if (type->kind == IDL_NAMED) {
        return idl_node_of(type->decl)->depth;
    }
    if (type->element == NULL) {
        return 0;
    }
    const uint32_t element = idl_type_depth(type->element);
    const uint32_t key = type->key == NULL ? 0 : idl_type_depth(type->key);
    return 1 + (key > element ? key : element);
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

typedef struct basic_type {
    idl_keyword keyword;
    idl_type_kind kind;
} basic_type;

static const basic_type basic_types[] = {
    { IDL_KEYWORD_FLOAT, IDL_FLOAT },   { IDL_KEYWORD_DOUBLE, IDL_DOUBLE },   { IDL_KEYWORD_SHORT, IDL_INT16 },
    { IDL_KEYWORD_INT8, IDL_INT8 },     { IDL_KEYWORD_INT16, IDL_INT16 },     { IDL_KEYWORD_INT32, IDL_INT32 },
    { IDL_KEYWORD_INT64, IDL_INT64 },   { IDL_KEYWORD_UINT8, IDL_UINT8 },     { IDL_KEYWORD_UINT16, IDL_UINT16 },
    { IDL_KEYWORD_UINT32, IDL_UINT32 }, { IDL_KEYWORD_UINT64, IDL_UINT64 },   { IDL_KEYWORD_CHAR, IDL_CHAR },
    { IDL_KEYWORD_WCHAR, IDL_WCHAR },   { IDL_KEYWORD_BOOLEAN, IDL_BOOLEAN }, { IDL_KEYWORD_OCTET, IDL_OCTET },
    { IDL_KEYWORD_ANY, IDL_ANY },       { IDL_KEYWORD_OBJECT, IDL_OBJECT },   { IDL_KEYWORD_LONG, IDL_VOID },
    { IDL_KEYWORD_UNSIGNED, IDL_VOID },
};

static const basic_type *find_basic_type(idl_keyword keyword)
{
    for (size_t i = 0; i < sizeof basic_types / sizeof *basic_types; i++) {
        if (basic_types[i].keyword == keyword) {
            return &basic_types[i];
        }
    }
    return NULL;
}

/* One of the integer and floating point types, after its first keyword was read: "long" may go on. */
static idl_type_kind long_type(idl_parser *parser, idl_type *type)
{
    if (idl_parser_take_keyword(parser, IDL_KEYWORD_LONG)) {
        idl_range_extend(&type->range, &parser->previous);
        return IDL_INT64;
    }
    if (idl_parser_is_keyword(parser, IDL_KEYWORD_DOUBLE)) {
        idl_range_extend(&type->range, &parser->token.range);
        idl_parser_advance(parser);
        return IDL_LONG_DOUBLE;
    }
    return IDL_INT32;
}

/* unsigned_int = "unsigned" ( "short" | "long" | "long" "long" ) */
static idl_type_kind unsigned_type(idl_parser *parser, idl_type *type)
{
    if (idl_parser_take_keyword(parser, IDL_KEYWORD_SHORT)) {
        idl_range_extend(&type->range, &parser->previous);
        return IDL_UINT16;
    }
    if (!idl_parser_take_keyword(parser, IDL_KEYWORD_LONG)) {
        idl_parser_unexpected(parser, IDL_DIAG_EXPECTED_WORD, "'short' or 'long' after 'unsigned'");
        const bool is_int = parser->token.kind == IDL_TOKEN_NAME && strcmp(parser->token.name, "int") == 0;
        if (is_int || (parser->token.kind == IDL_TOKEN_KEYWORD && find_basic_type(parser->token.keyword) != NULL)) {
            idl_parser_advance(parser); /* it was meant as the rest of the type */
        }
        return IDL_VOID;
    }
    idl_range_extend(&type->range, &parser->previous);
    if (idl_parser_take_keyword(parser, IDL_KEYWORD_LONG)) {
        idl_range_extend(&type->range, &parser->previous);
        return IDL_UINT64;
    }
    return IDL_UINT32;
}

/* base_type_spec = "float" | "double" | "long" "double" | "short" | "long" | "long" "long" | unsigned_int | "char" | "wchar"
 *                | "boolean" | "octet" | "any" | "Object" | "int8" | "uint8" | "int16" | ... | "uint64" */
static const idl_type *base_type_spec(idl_parser *parser, const basic_type *basic)
{
    idl_type *type = idl_make_type(parser, basic->kind, &parser->token.range);
    idl_parser_advance(parser);
    if (basic->keyword == IDL_KEYWORD_LONG) {
        type->kind = long_type(parser, type);
    } else if (basic->keyword == IDL_KEYWORD_UNSIGNED) {
        type->kind = unsigned_type(parser, type);
    }
    return type->kind == IDL_VOID ? parser->bad_type : type;
}

static const idl_type *named_type(idl_parser *parser)
{
    idl_range range;
    const idl_node *node = idl_parse_scoped_name(parser, IDL_WANT_TYPE, &range);
    if (node != NULL && node->is_builtin) {
        return idl_make_type(parser, IDL_TYPECODE, &range);
    }
    if (node == NULL || (node->decl.kind == IDL_TYPEDEF && node->decl.type == parser->bad_type)) {
        return parser->bad_type;
    }
    idl_type *type = idl_make_type(parser, IDL_NAMED, &range);
    type->decl = &node->decl;
    return type;
}

void idl_skip_definition_rest(idl_parser *parser, bool is_enum)
{
    uint32_t depth = 0;
    while (parser->token.kind != IDL_TOKEN_END) {
        if (is_enum && depth > 0) {
            idl_declare_poisoned(parser, &parser->token);
        }
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

void idl_skip_definition(idl_parser *parser)
{
    const bool is_enum = idl_parser_is_keyword(parser, IDL_KEYWORD_ENUM);
    idl_parser_advance(parser);
    idl_declare_poisoned(parser, &parser->token);
    idl_skip_definition_rest(parser, is_enum);
}

/* ValueBase, and what has no meaning as a type. */
static const idl_type *no_type(idl_parser *parser)
{
    const idl_token *token = &parser->token;
    if (token->keyword == IDL_KEYWORD_VALUEBASE) {
        if (token->range.file->is_main) {
            idl_parser_unsupported(parser, &token->range, &idl_unsupported_value_type);
        } else {
            parser->used = &idl_unsupported_value_type;
        }
        idl_parser_advance(parser);
    } else if (token->keyword == IDL_KEYWORD_VOID) {
        idl_error(parser->diagnostics, IDL_DIAG_VOID_AS_TYPE, &token->range, "'void' can only be the result of an operation");
        idl_parser_advance(parser);
    } else if (token->keyword == IDL_KEYWORD_STRUCT || token->keyword == IDL_KEYWORD_ENUM ||
               token->keyword == IDL_KEYWORD_UNION) {
        idl_error(parser->diagnostics, IDL_DIAG_NESTED_DEFINITION, &token->range,
                  "a type cannot be defined here: define it before, and use its name");
        idl_skip_definition(parser);
    } else {
        idl_parser_unexpected(parser, IDL_DIAG_EXPECTED_TYPE, "a type");
    }
    return parser->bad_type;
}

/* A word that became a type after the file gave it a meaning: "typedef long int32;". */
static bool is_old_name(const idl_parser *parser)
{
    const idl_keyword keyword = parser->token.keyword;
    if (!parser->has_old_types || !idl_keyword_is_new_integer(keyword)) {
        return false;
    }
    for (const idl_scope *scope = parser->scope; scope != NULL; scope = scope->outer) {
        const idl_node *found = idl_scope_find(scope, idl_keyword_word(keyword), NULL);
        if (found != NULL && found->decl.kind == IDL_TYPEDEF) {
            return true;
        }
    }
    return false;
}

/* simple_type_spec = base_type_spec | scoped_name
 * template_type_spec = sequence_type | string_type | wide_string_type | fixed_pt_type | map_type */
static const idl_type *type_spec(idl_parser *parser)
{
    const idl_token *token = &parser->token;
    if (token->kind == IDL_TOKEN_KEYWORD) {
        if (is_old_name(parser)) {
            return named_type(parser);
        }
        const basic_type *basic = find_basic_type(token->keyword);
        if (basic != NULL) {
            return base_type_spec(parser, basic);
        }
        switch (token->keyword) {
        case IDL_KEYWORD_STRING:
        case IDL_KEYWORD_WSTRING:
            return idl_parse_string_type(parser);
        case IDL_KEYWORD_SEQUENCE:
            return idl_parse_sequence_type(parser);
        case IDL_KEYWORD_FIXED:
            return idl_parse_fixed_type(parser);
        case IDL_KEYWORD_MAP:
            if (idl_parser_peek(parser) == '<') {
                return idl_parse_map_type(parser);
            }
            break;
        default:
            break;
        }
    }
    if (idl_parser_at_name(parser)) {
        return named_type(parser);
    }
    if (token->kind == IDL_TOKEN_KEYWORD) {
        return no_type(parser);
    }
    idl_parser_unexpected(parser, IDL_DIAG_EXPECTED_TYPE, "a type");
    return parser->bad_type;
}

/* type_spec = { annotation_appl } ( simple_type_spec | template_type_spec ) */
const idl_type *idl_parse_type_spec(idl_parser *parser)
{
    idl_annotation *annotations = idl_parse_annotations(parser);
    return idl_annotate_type(parser, type_spec(parser), annotations, IDL_TARGET_TYPE);
}

/* declarator = identifier { "[" positive_int_const "]" } */
bool idl_parse_declarator(idl_parser *parser, const char *what, const idl_type **type, idl_token *ret_name)
{
    if (*type == parser->bad_type && parser->token.kind != IDL_TOKEN_NAME) {
        return false; /* what stands here may be the rest of what was reported */
    }
    if (!idl_parse_identifier(parser, what, ret_name)) {
        return false;
    }
    if (idl_parser_is_mark(parser, '[')) {
        *type = idl_parse_array(parser, *type, &ret_name->range);
    }
    return true;
}

/* simple_declarator = identifier */
bool idl_parse_simple_declarator(idl_parser *parser, const char *what, const idl_type **type, idl_token *ret_name)
{
    idl_range range = parser->token.range;
    const bool ok = idl_parse_declarator(parser, what, type, ret_name);
    if (ok && *type != parser->bad_type && (*type)->kind == IDL_ARRAY) {
        range = (*type)->range;
        idl_error(parser->diagnostics, IDL_DIAG_MISPLACED_ARRAY, &range,
                  "an array cannot be declared here: give its type a name with typedef");
        *type = parser->bad_type;
    }
    return ok;
}
