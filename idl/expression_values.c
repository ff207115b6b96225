/* What the value of a constant expression has to be: of the kind that its type wants, and within the type's range. */
#include "idl/expression.h"
#include "idl/fixed.h"
#include "idl/text.h"

#include <float.h>
#include <inttypes.h>
#include <math.h>
#include <string.h>

static const char *wanted_text(const expr_target *target)
{
    switch (target->kind) {
    case IDL_VALUE_INTEGER:
        return "an integer";
    case IDL_VALUE_FLOAT:
        return "a number";
    case IDL_VALUE_BOOLEAN:
        return "TRUE or FALSE";
    case IDL_VALUE_CHAR:
        return "a character";
    case IDL_VALUE_STRING:
        return "a string";
    case IDL_VALUE_ENUM:
        return "an enumerator";
    case IDL_VALUE_WCHAR:
        return "a wide character";
    case IDL_VALUE_WSTRING:
        return "a wide string";
    case IDL_VALUE_FIXED:
        return "a fixed-point number, such as 1.5d";
    case IDL_VALUE_BITS:
        return "bits of the bitmask";
    default:
        return "a value";
    }
}

const char *idl_expr_value_text(const idl_value *value)
{
    switch (value->kind) {
    case IDL_VALUE_INTEGER:
        return "an integer";
    case IDL_VALUE_FLOAT:
        return "a floating-point number";
    case IDL_VALUE_BOOLEAN:
        return "a boolean";
    case IDL_VALUE_CHAR:
        return "a character";
    case IDL_VALUE_STRING:
        return "a string";
    case IDL_VALUE_ENUM:
        return "an enumerator";
    case IDL_VALUE_WCHAR:
        return "a wide character";
    case IDL_VALUE_WSTRING:
        return "a wide string";
    case IDL_VALUE_FIXED:
        return "a fixed-point number";
    case IDL_VALUE_BITS:
        return "a set of bits";
    case IDL_VALUE_NONE:
        break;
    }
    return "nothing";
}

void idl_expr_convert(idl_parser *parser, const expr_target *target, expr_value *operand)
{
    idl_value *value = &operand->value;
    if (value->kind == IDL_VALUE_NONE || target->kind == IDL_VALUE_NONE) {
        value->kind = IDL_VALUE_NONE;
        return;
    }
    if (target->kind == EXPR_ANY) {
        return;
    }
    if (target->kind == IDL_VALUE_FLOAT && value->kind == IDL_VALUE_INTEGER) {
        *value = (idl_value) { .kind = IDL_VALUE_FLOAT, .number = idl_integer_to_double(value) };
    }
    if (target->kind == IDL_VALUE_BITS && value->kind == IDL_VALUE_INTEGER && !value->negative) {
        *value = (idl_value) { .kind = IDL_VALUE_BITS, .magnitude = value->magnitude, .enumerator = target->named };
    }
    const bool is_named = target->kind == IDL_VALUE_ENUM || target->kind == IDL_VALUE_BITS;
    const idl_decl *of = target->kind == IDL_VALUE_ENUM && (int)value->kind == target->kind
                             ? idl_node_of(value->enumerator)->of_enum
                             : value->enumerator;
    if ((int)value->kind != target->kind) {
        idl_error(parser->diagnostics, IDL_DIAG_WRONG_VALUE_KIND, &operand->range, "expected %s, found %s", wanted_text(target),
                  idl_expr_value_text(value));
        value->kind = IDL_VALUE_NONE;
    } else if (is_named && of != target->named) {
        idl_error(parser->diagnostics, IDL_DIAG_FOREIGN_ENUMERATOR, &operand->range, "'%s' is not %s of '%s'",
                  value->enumerator->name, target->kind == IDL_VALUE_ENUM ? "an enumerator" : "a bit", target->named->name);
        idl_note(parser->diagnostics, &value->enumerator->range, "declared here");
        value->kind = IDL_VALUE_NONE;
    }
}

/* What a constant of the type is; false: there are no constants of such a type. */
static bool make_target(const idl_type *type, expr_target *ret)
{
    *ret = (expr_target) { .type = type->kind };
    switch (type->kind) {
    case IDL_OCTET:
    case IDL_INT8:
    case IDL_UINT8:
    case IDL_INT16:
    case IDL_UINT16:
    case IDL_INT32:
    case IDL_UINT32:
    case IDL_INT64:
    case IDL_UINT64:
        ret->kind = IDL_VALUE_INTEGER;
        return true;
    case IDL_FLOAT:
    case IDL_DOUBLE:
    case IDL_LONG_DOUBLE:
        ret->kind = IDL_VALUE_FLOAT;
        return true;
    case IDL_BOOLEAN:
        ret->kind = IDL_VALUE_BOOLEAN;
        return true;
    case IDL_CHAR:
        ret->kind = IDL_VALUE_CHAR;
        return true;
    case IDL_STRING:
        ret->kind = IDL_VALUE_STRING;
        return true;
    case IDL_WCHAR:
        ret->kind = IDL_VALUE_WCHAR;
        return true;
    case IDL_WSTRING:
        ret->kind = IDL_VALUE_WSTRING;
        return true;
    case IDL_FIXED:
        ret->kind = IDL_VALUE_FIXED;
        return true;
    case IDL_NAMED:
        ret->kind = type->decl->kind == IDL_BITMASK ? IDL_VALUE_BITS : IDL_VALUE_ENUM;
        ret->named = type->decl;
        return type->decl->kind == IDL_ENUM || type->decl->kind == IDL_BITMASK;
    default:
        return false;
    }
}

bool idl_is_constant_type(const idl_type *type)
{
    expr_target target;
    return make_target(idl_type_resolve(type), &target) && target.kind != IDL_VALUE_BITS;
}

static void check_range(idl_parser *parser, const idl_type *type, expr_value *operand)
{
    const idl_value *value = &operand->value;
    if (value->kind == IDL_VALUE_INTEGER && !idl_integer_fits(value, type->kind)) {
        idl_error(parser->diagnostics, IDL_DIAG_VALUE_OUT_OF_RANGE, &operand->range, "%s%" PRIu64 " does not fit into %s",
                  value->negative ? "-" : "", value->magnitude, idl_basic_type_text(type->kind));
    } else if (value->kind == IDL_VALUE_FLOAT && type->kind == IDL_FLOAT && fabs(value->number) > (double)FLT_MAX) {
        idl_error(parser->diagnostics, IDL_DIAG_VALUE_OUT_OF_RANGE, &operand->range, "%g does not fit into float", value->number);
    } else if (value->kind == IDL_VALUE_STRING && type->bound > 0 && strlen(value->string) > type->bound) {
        idl_error(parser->diagnostics, IDL_DIAG_STRING_TOO_LONG, &operand->range,
                  "this string has %zu bytes, and its type allows %" PRIu64, strlen(value->string), type->bound);
    } else if (value->kind == IDL_VALUE_WSTRING && type->bound > 0 && idl_utf8_count(value->string) > type->bound) {
        idl_error(parser->diagnostics, IDL_DIAG_STRING_TOO_LONG, &operand->range,
                  "this string has %zu characters, and its type allows %" PRIu64, idl_utf8_count(value->string), type->bound);
    } else if (value->kind == IDL_VALUE_BITS && type->decl->bits < 64 && value->magnitude >> type->decl->bits != 0) {
        idl_error(parser->diagnostics, IDL_DIAG_VALUE_OUT_OF_RANGE, &operand->range,
                  "this value has a bit that '%s' does not have", type->decl->name);
    } else if (value->kind == IDL_VALUE_FIXED && type->digits > 0) {
        uint32_t before;
        uint32_t behind;
        idl_fixed_measure(value->string, &before, &behind);
        if (before <= type->digits - type->scale && behind <= type->scale) {
            return;
        }
        idl_error(parser->diagnostics, IDL_DIAG_VALUE_OUT_OF_RANGE, &operand->range,
                  "%s does not fit into fixed<%" PRIu32 ", %" PRIu32 ">", value->string, type->digits, type->scale);
    } else {
        return;
    }
    operand->value.kind = IDL_VALUE_NONE;
}

/* Where an expression broke off: to where something else begins. */
static void skip_expression(idl_parser *parser)
{
    while (parser->token.kind != IDL_TOKEN_END && !idl_parser_is_mark(parser, ';') && !idl_parser_is_mark(parser, '}') &&
           !parser->token.begins_line) {
        idl_parser_advance(parser);
    }
    parser->forgive_semicolon = true;
}

/* const_expr = or_expr */
idl_value idl_parse_const_expr(idl_parser *parser, const idl_type *type)
{
    expr_target target;
    expr_value operand;
    const idl_type *resolved = idl_type_resolve(type);
    /* A bitmask has no constants, only defaults. */
    if (!make_target(resolved, &target) || target.kind == IDL_VALUE_BITS) {
        if (type != parser->bad_type) {
            idl_error(parser->diagnostics, IDL_DIAG_CONSTANT_TYPE, &type->range, "a constant cannot have this type");
        }
        target.kind = IDL_VALUE_NONE;
    }
    if (!idl_expr_parse(parser, &target, &operand)) {
        skip_expression(parser);
        return (idl_value) { 0 };
    }
    check_range(parser, resolved, &operand);
    if (operand.value.kind == IDL_VALUE_NONE) {
        operand.value = (idl_value) { 0 };
    }
    return operand.value;
}

idl_value idl_parse_any_expr(idl_parser *parser, idl_range *ret_range)
{
    static const expr_target anything = { .kind = EXPR_ANY };
    expr_value operand;
    if (!idl_expr_parse(parser, &anything, &operand) || operand.value.kind == IDL_VALUE_NONE) {
        operand.value = (idl_value) { 0 };
    }
    *ret_range = operand.range;
    return operand.value;
}

idl_value idl_convert_value(idl_parser *parser, const idl_value *value, const idl_type *type, const idl_range *range)
{
    expr_target target;
    expr_value operand = { .value = *value, .range = *range };
    const idl_type *resolved = idl_type_resolve(type);
    if (value->kind == IDL_VALUE_NONE || type == parser->bad_type) {
        return (idl_value) { 0 };
    }
    if (!make_target(resolved, &target)) {
        idl_error(parser->diagnostics, IDL_DIAG_NO_VALUE_OF_TYPE, range, "a value of this type cannot be written");
        return (idl_value) { 0 };
    }
    idl_expr_convert(parser, &target, &operand);
    check_range(parser, resolved, &operand);
    return operand.value.kind == IDL_VALUE_NONE ? (idl_value) { 0 } : operand.value;
}

bool idl_parse_unsigned(idl_parser *parser, uint64_t highest, uint64_t *ret, idl_range *ret_range)
{
    const expr_target target = { .kind = IDL_VALUE_INTEGER, .type = IDL_UINT32 };
    expr_value operand;
    const bool in_bound = parser->in_bound;
    parser->in_bound = true;
    const bool ok = idl_expr_parse(parser, &target, &operand);
    parser->in_bound = in_bound;
    *ret_range = operand.range;
    *ret = operand.value.magnitude;
    if (!ok || operand.value.kind != IDL_VALUE_INTEGER) {
        return false;
    }
    if (operand.value.negative || operand.value.magnitude > highest) {
        idl_error(parser->diagnostics, IDL_DIAG_NUMBER_OUT_OF_RANGE, &operand.range, "this is a number from 0 to %" PRIu64,
                  highest);
        return false;
    }
    return true;
}

/* positive_int_const = const_expr */
uint64_t idl_parse_bound(idl_parser *parser)
{
    const expr_target target = { .kind = IDL_VALUE_INTEGER, .type = IDL_UINT32 };
    expr_value operand;
    const bool in_bound = parser->in_bound;
    parser->in_bound = true;
    const bool ok = idl_expr_parse(parser, &target, &operand);
    parser->in_bound = in_bound;
    if (!ok || operand.value.kind != IDL_VALUE_INTEGER) {
        return 0;
    }
    if (operand.value.negative || operand.value.magnitude == 0) {
        idl_error(parser->diagnostics, IDL_DIAG_BOUND_OUT_OF_RANGE, &operand.range, "a bound is at least 1");
        return 0;
    }
    if (operand.value.magnitude > UINT32_MAX) {
        idl_error(parser->diagnostics, IDL_DIAG_BOUND_OUT_OF_RANGE, &operand.range, "a bound is at most %" PRIu32, UINT32_MAX);
        return 0;
    }
    return operand.value.magnitude;
}
