/* Types with a bound or with an element: strings, sequences, maps, arrays, fixed-point numbers. */
#include "idl/fixed.h"
#include "idl/parser.h"

#include <inttypes.h>

/* Over the '>' of a type that began at its range. */
static bool close_angle(idl_parser *parser, idl_type *type, const char *wanted)
{
    if (!idl_parser_take_mark(parser, '>')) {
        return idl_parser_unexpected(parser, IDL_DIAG_EXPECTED_BRACKET, wanted);
    }
    idl_range_extend(&type->range, &parser->previous);
    return true;
}

/* string_type = "string" [ "<" positive_int_const ">" ]
 * wide_string_type = "wstring" [ "<" positive_int_const ">" ] */
const idl_type *idl_parse_string_type(idl_parser *parser)
{
    const idl_type_kind kind = idl_parser_is_keyword(parser, IDL_KEYWORD_WSTRING) ? IDL_WSTRING : IDL_STRING;
    idl_type *type = idl_make_type(parser, kind, &parser->token.range);
    idl_parser_advance(parser);
    if (!idl_parser_take_mark(parser, '<')) {
        return type;
    }
    type->bound = idl_parse_bound(parser);
    if (!close_angle(parser, type, "'>' after the bound")) {
        idl_parser_skip_angles(parser);
        return parser->bad_type;
    }
    return type->bound == 0 ? parser->bad_type : type;
}

/* The '<' after the type's keyword. */
static bool open_angle(idl_parser *parser, const idl_type *type)
{
    if (!idl_parser_is_mark(parser, '<')) {
        char wanted[32];
        snprintf(wanted, sizeof wanted, "'<' after '%s'", idl_basic_type_text(type->kind));
        return idl_parser_unexpected(parser, IDL_DIAG_EXPECTED_BRACKET, wanted);
    }
    if (parser->nesting >= IDL_NESTING_LIMIT) {
        idl_error(parser->diagnostics, IDL_DIAG_TYPE_NESTING, &type->range, "types nest deeper than %d", IDL_NESTING_LIMIT);
        idl_parser_skip_angles(parser);
        return false;
    }
    idl_parser_advance(parser);
    return true;
}

/* "," positive_int_const ">", or '>' alone: the end of a sequence or a map. */
static const idl_type *container_end(idl_parser *parser, idl_type *type, bool bad)
{
    if (idl_parser_take_mark(parser, ',')) {
        type->bound = idl_parse_bound(parser);
        bad = bad || type->bound == 0;
    }
    if (!close_angle(parser, type, "'>'")) {
        return parser->bad_type;
    }
    if (!bad && idl_type_depth(type) > IDL_NESTING_LIMIT) {
        idl_error(parser->diagnostics, IDL_DIAG_TYPE_NESTING, &type->range, "types nest deeper than %d", IDL_NESTING_LIMIT);
        bad = true;
    }
    return bad ? parser->bad_type : type;
}

/* sequence_type = "sequence" "<" type_spec [ "," positive_int_const ] ">" */
const idl_type *idl_parse_sequence_type(idl_parser *parser)
{
    idl_type *type = idl_make_type(parser, IDL_SEQUENCE, &parser->token.range);
    idl_parser_advance(parser);
    if (!open_angle(parser, type)) {
        return parser->bad_type;
    }
    parser->nesting++;
    type->element = idl_parse_type_spec(parser);
    parser->nesting--;
    return container_end(parser, type, type->element == parser->bad_type);
}

/* What two maps can compare. */
static bool is_key(const idl_type *type)
{
    switch (idl_type_resolve(type)->kind) {
    case IDL_BOOLEAN:
    case IDL_OCTET:
    case IDL_CHAR:
    case IDL_WCHAR:
    case IDL_INT8:
    case IDL_UINT8:
    case IDL_INT16:
    case IDL_UINT16:
    case IDL_INT32:
    case IDL_UINT32:
    case IDL_INT64:
    case IDL_UINT64:
    case IDL_STRING:
    case IDL_WSTRING:
        return true;
    case IDL_NAMED:
        return idl_type_resolve(type)->decl->kind == IDL_ENUM;
    default:
        return false;
    }
}

/* map_type = "map" "<" type_spec "," type_spec [ "," positive_int_const ] ">" */
const idl_type *idl_parse_map_type(idl_parser *parser)
{
    idl_type *type = idl_make_type(parser, IDL_MAP, &parser->token.range);
    idl_parser_advance(parser);
    if (!open_angle(parser, type)) {
        return parser->bad_type;
    }
    parser->nesting++;
    type->key = idl_parse_type_spec(parser);
    bool bad = type->key == parser->bad_type;
    if (!bad && !is_key(type->key)) {
        idl_error(parser->diagnostics, IDL_DIAG_MAP_KEY_TYPE, &type->key->range,
                  "the key of a map is an integer, a character, a boolean, a string or an enum");
        bad = true;
    }
    const bool has_element = idl_parser_expect(parser, ',', "',' and the type of the map's values");
    if (has_element) {
        type->element = idl_parse_type_spec(parser);
    }
    parser->nesting--;
    if (!has_element) {
        return parser->bad_type;
    }
    return container_end(parser, type, bad || type->element == parser->bad_type);
}

/* A number between the angles of a fixed; false: it was reported. */
static bool fixed_number(idl_parser *parser, uint32_t low, uint32_t high, const char *what, uint32_t *ret)
{
    idl_range range;
    uint64_t number;
    if (!idl_parse_unsigned(parser, UINT32_MAX, &number, &range)) {
        return false;
    }
    if (number < low || number > high) {
        idl_error(parser->diagnostics, IDL_DIAG_FIXED_SIZE, &range, "%s of a fixed-point type is %" PRIu32 " to %" PRIu32, what,
                  low, high);
        return false;
    }
    *ret = (uint32_t)number;
    return true;
}

/* fixed_pt_type = "fixed" "<" positive_int_const "," positive_int_const ">"
 * fixed_pt_const_type = "fixed" */
const idl_type *idl_parse_fixed_type(idl_parser *parser)
{
    idl_type *type = idl_make_type(parser, IDL_FIXED, &parser->token.range);
    idl_parser_advance(parser);
    if (!idl_parser_is_mark(parser, '<') && parser->in_const_type) {
        return type;
    }
    if (!open_angle(parser, type)) {
        return parser->bad_type;
    }
    bool ok = fixed_number(parser, 1, IDL_FIXED_DIGITS, "the number of digits", &type->digits);
    if (!idl_parser_expect(parser, ',', "',' and the number of digits behind the point")) {
        idl_parser_skip_angles(parser);
        return parser->bad_type;
    }
    ok = fixed_number(parser, 0, ok ? type->digits : IDL_FIXED_DIGITS, "the number of digits behind the point", &type->scale) &&
         ok;
    if (!close_angle(parser, type, "'>'")) {
        idl_parser_skip_angles(parser);
        return parser->bad_type;
    }
    return ok ? type : parser->bad_type;
}

/* fixed_array_size { fixed_array_size }
 * fixed_array_size = "[" positive_int_const "]" */
const idl_type *idl_parse_array(idl_parser *parser, const idl_type *element, const idl_range *name)
{
    uint32_t dimensions[IDL_DIMENSIONS_LIMIT];
    uint32_t n = 0;
    uint64_t product = 1;
    bool bad = element == parser->bad_type;
    idl_type *type = idl_make_type(parser, IDL_ARRAY, name);
    while (idl_parser_is_mark(parser, '[')) {
        const idl_range open = parser->token.range;
        idl_parser_advance(parser);
        const uint64_t size = idl_parse_bound(parser);
        if (!idl_parser_expect(parser, ']', "']'")) {
            while (parser->token.kind != IDL_TOKEN_END && !idl_parser_is_mark(parser, ';') && !idl_parser_is_mark(parser, ',') &&
                   !idl_parser_is_mark(parser, ')') && !idl_parser_is_mark(parser, '}')) {
                idl_parser_advance(parser);
            }
            return parser->bad_type;
        }
        if (n == IDL_DIMENSIONS_LIMIT) {
            idl_error(parser->diagnostics, IDL_DIAG_ARRAY_SIZE, &open, "an array has at most %d dimensions",
                      IDL_DIMENSIONS_LIMIT);
        } else if (!bad && size > 0 && size * product > UINT32_MAX) {
            idl_error(parser->diagnostics, IDL_DIAG_ARRAY_SIZE, &open, "an array has at most %" PRIu32 " items", UINT32_MAX);
        } else if (size > 0) {
            product *= size;
            dimensions[n++] = (uint32_t)size;
            continue;
        }
        bad = true;
    }
    if (bad) {
        return parser->bad_type;
    }
    idl_range_extend(&type->range, &parser->previous);
    uint32_t *kept = idl_arena_alloc(parser->arena, n * sizeof *kept);
    for (uint32_t i = 0; i < n; i++) {
        kept[i] = dimensions[i];
    }
    type->element = element;
    type->dimensions = kept;
    type->n_dimensions = n;
    if (idl_type_depth(type) > IDL_NESTING_LIMIT) {
        idl_error(parser->diagnostics, IDL_DIAG_TYPE_NESTING, &type->range, "types nest deeper than %d", IDL_NESTING_LIMIT);
        return parser->bad_type;
    }
    return type;
}
