/* Constant expressions: parsed and evaluated in one go, for a constant of a known type. What was reported has the value NONE, and
 * what is computed from it is NONE without another word. */
#include "idl/constant.h"
#include "idl/parser.h"
#include "idl/text.h"

#include <float.h>
#include <inttypes.h>
#include <math.h>
#include <string.h>

/* What the constant is to be. */
typedef struct expr_target {
    int kind;              /* the idl_value kind; NONE: the type is bad, and nothing is checked */
    idl_type_kind type;    /* INTEGER, FLOAT */
    const idl_decl *enum_; /* ENUM */
} expr_target;

/* A value and where its expression stands. */
typedef struct expr_value {
    idl_value value;
    idl_range range;
} expr_value;

/* For operands of an operator that was reported. */
static const expr_target unchecked = { .kind = IDL_VALUE_NONE };

static bool or_expr(idl_parser *parser, const expr_target *target, expr_value *ret);

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
    default:
        return "a value";
    }
}

static const char *value_text(const idl_value *value)
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

static void extend(idl_range *range, const idl_range *to)
{
    if (range->file == to->file && range->line == to->line && to->column >= range->column) {
        range->length = to->column + to->length - range->column;
    }
}

/* The value as the target wants it, or NONE after a message. */
static void convert(idl_parser *parser, const expr_target *target, expr_value *operand)
{
    idl_value *value = &operand->value;
    if (value->kind == IDL_VALUE_NONE || target->kind == IDL_VALUE_NONE) {
        value->kind = IDL_VALUE_NONE;
        return;
    }
    if (target->kind == IDL_VALUE_FLOAT && value->kind == IDL_VALUE_INTEGER) {
        *value = (idl_value) { .kind = IDL_VALUE_FLOAT, .number = idl_integer_to_double(value) };
    }
    if ((int)value->kind != target->kind) {
        idl_error(parser->diagnostics, &operand->range, "expected %s, found %s", wanted_text(target), value_text(value));
        value->kind = IDL_VALUE_NONE;
    } else if (target->kind == IDL_VALUE_ENUM && idl_node_of(value->enumerator)->of_enum != target->enum_) {
        idl_error(parser->diagnostics, &operand->range, "'%s' is not an enumerator of '%s'", value->enumerator->name,
                  target->enum_->name);
        idl_note(parser->diagnostics, &value->enumerator->range, "declared here");
        value->kind = IDL_VALUE_NONE;
    }
}

static bool report_fault(idl_parser *parser, idl_fault fault, const idl_range *range)
{
    switch (fault) {
    case IDL_FAULT_NONE:
        return false;
    case IDL_FAULT_OVERFLOW:
        idl_error(parser->diagnostics, range, "this overflows");
        break;
    case IDL_FAULT_ZERO:
        idl_error(parser->diagnostics, range, "division by zero");
        break;
    case IDL_FAULT_SHIFT:
        idl_error(parser->diagnostics, range, "a shift goes by 0 to 63 bits");
        break;
    }
    return true;
}

/* string_literal { string_literal }: they are one string */
static void string_literals(idl_parser *parser, expr_value *operand)
{
    const uint32_t room_step = 256;
    char *text = NULL;
    size_t length = 0;
    size_t room = 0;
    bool bad = false;
    while (parser->token.kind == IDL_TOKEN_STRING) {
        const size_t more = parser->token.string_length;
        if (length + more + 1 > room) {
            room = 2 * room + more + room_step;
            char *larger = idl_arena_alloc(parser->arena, room);
            if (length > 0) {
                memcpy(larger, text, length);
            }
            text = larger;
        }
        memcpy(text + length, parser->token.string, more);
        length += more;
        bad = bad || parser->token.bad || parser->token.is_wide;
        parser->forgive_semicolon = parser->token.bad;
        extend(&operand->range, &parser->token.range);
        idl_parser_advance(parser);
    }
    text[length] = '\0';
    if (!bad && !idl_is_utf8(text, length)) {
        idl_error(parser->diagnostics, &operand->range, "with its escapes this string is not UTF-8");
        bad = true;
    }
    operand->value = (idl_value) { .kind = bad ? IDL_VALUE_NONE : IDL_VALUE_STRING, .string = text };
}

/* literal */
static bool literal(idl_parser *parser, const expr_target *target, expr_value *operand)
{
    /* If the type was reported, it is wide as well. */
    if (parser->token.is_wide && target->kind != IDL_VALUE_NONE) {
        idl_parser_unsupported(parser, &parser->token.range, "wide characters and strings are");
    }
    const idl_token *token = &parser->token;
    idl_value *value = &operand->value;
    switch (token->kind) {
    case IDL_TOKEN_INTEGER:
        *value = (idl_value) { .kind = IDL_VALUE_INTEGER, .magnitude = token->integer };
        break;
    case IDL_TOKEN_FLOAT:
        *value = (idl_value) { .kind = IDL_VALUE_FLOAT, .number = token->number };
        break;
    case IDL_TOKEN_CHAR:
        *value = (idl_value) { .kind = IDL_VALUE_CHAR, .magnitude = token->integer };
        break;
    case IDL_TOKEN_STRING:
        string_literals(parser, operand);
        return true;
    case IDL_TOKEN_KEYWORD:
        if (token->keyword == IDL_KEYWORD_TRUE || token->keyword == IDL_KEYWORD_FALSE) {
            *value = (idl_value) { .kind = IDL_VALUE_BOOLEAN, .magnitude = token->keyword == IDL_KEYWORD_TRUE };
            break;
        }
        return idl_parser_unexpected(parser, "a value");
    default:
        return idl_parser_unexpected(parser, "a value");
    }
    parser->forgive_semicolon = token->bad;
    if (token->bad || token->is_wide) {
        value->kind = IDL_VALUE_NONE;
    }
    idl_parser_advance(parser);
    return true;
}

/* primary_expr = scoped_name | literal | "(" const_expr ")" */
static bool primary_expr(idl_parser *parser, const expr_target *target, expr_value *ret)
{
    *ret = (expr_value) { .range = parser->token.range };
    if (idl_parser_is_mark(parser, '(')) {
        if (parser->nesting >= IDL_NESTING_LIMIT) {
            idl_error(parser->diagnostics, &parser->token.range, "expressions nest deeper than %d", IDL_NESTING_LIMIT);
            return false;
        }
        const bool in_bound = parser->in_bound;
        parser->in_bound = false;
        parser->nesting++;
        const idl_range open = parser->token.range;
        idl_parser_advance(parser);
        const bool ok = or_expr(parser, target, ret) && idl_parser_expect(parser, ')', "')'");
        parser->nesting--;
        parser->in_bound = in_bound;
        ret->range = open;
        extend(&ret->range, &parser->previous);
        return ok;
    }
    if (parser->token.kind == IDL_TOKEN_NAME || idl_parser_is_mark(parser, IDL_MARK_SCOPE)) {
        const idl_node *node = idl_parse_scoped_name(parser, IDL_WANT_CONSTANT, &ret->range);
        if (node != NULL && node->decl.kind == IDL_ENUMERATOR) {
            ret->value = (idl_value) { .kind = IDL_VALUE_ENUM, .enumerator = &node->decl };
        } else if (node != NULL) {
            ret->value = node->decl.value;
        }
    } else if (!literal(parser, target, ret)) {
        return false;
    }
    convert(parser, target, ret);
    return true;
}

/* Operators are for numbers. */
static bool check_operator(idl_parser *parser, const expr_target *target, int operation, expr_value *ret)
{
    const bool arithmetic = operation == '+' || operation == '-' || operation == '*' || operation == '/';
    if (target->kind == IDL_VALUE_INTEGER || target->kind == IDL_VALUE_NONE || (target->kind == IDL_VALUE_FLOAT && arithmetic)) {
        return true;
    }
    if (ret == NULL || ret->value.kind != IDL_VALUE_NONE) {
        idl_error(parser->diagnostics, &parser->token.range, "this operator is not for %s",
                  target->kind == IDL_VALUE_FLOAT     ? "floating-point numbers"
                  : target->kind == IDL_VALUE_BOOLEAN ? "booleans"
                  : target->kind == IDL_VALUE_CHAR    ? "characters"
                  : target->kind == IDL_VALUE_STRING  ? "strings"
                                                      : "enumerators");
    }
    return false;
}

/* unary_expr = [ "-" | "+" | "~" ] primary_expr */
static bool unary_expr(idl_parser *parser, const expr_target *target, expr_value *ret)
{
    const bool is_unary = idl_parser_is_mark(parser, '-') || idl_parser_is_mark(parser, '+') || idl_parser_is_mark(parser, '~');
    if (!is_unary) {
        return primary_expr(parser, target, ret);
    }
    const int operation = parser->token.mark;
    const idl_range range = parser->token.range;
    const bool allowed = check_operator(parser, target, operation, NULL);
    idl_parser_advance(parser);
    if (!primary_expr(parser, allowed ? target : &unchecked, ret)) {
        return false;
    }
    const idl_range end = ret->range;
    ret->range = range;
    extend(&ret->range, &end);
    idl_value *value = &ret->value;
    if (!allowed || value->kind == IDL_VALUE_NONE) {
        value->kind = IDL_VALUE_NONE;
        return true;
    }
    idl_fault fault = IDL_FAULT_NONE;
    if (operation == '-' && value->kind == IDL_VALUE_FLOAT) {
        value->number = -value->number;
    } else if (operation == '-') {
        fault = idl_integer_negate(value, value);
    } else if (operation == '~') {
        const unsigned bits = target->type == IDL_OCTET    ? 8
                              : target->type == IDL_UINT16 ? 16
                              : target->type == IDL_UINT32 ? 32
                              : target->type == IDL_UINT64 ? 64
                                                           : 0;
        fault = idl_integer_complement(value, bits, value);
    }
    if (report_fault(parser, fault, &ret->range)) {
        value->kind = IDL_VALUE_NONE;
    }
    return true;
}

typedef bool (*expr_function)(idl_parser *, const expr_target *, expr_value *);

/* The operator at the next token, if it is one of these; 0 otherwise. A shift to the right is two adjacent '>', but not in a
 * bound, where they close. The first is read, so that the second is next. */
static int operator_at(idl_parser *parser, const char *marks)
{
    if (parser->token.kind != IDL_TOKEN_PUNCTUATION) {
        return 0;
    }
    const int mark = parser->token.mark;
    if (mark == IDL_MARK_SHIFT_LEFT) {
        return strchr(marks, '<') != NULL ? mark : 0;
    }
    if (mark == '<' || (mark == '>' && parser->in_bound) || strchr(marks, mark) == NULL) {
        return 0;
    }
    return mark;
}

static bool binary_expr(idl_parser *parser, const expr_target *target, expr_value *ret, const char *marks, expr_function part)
{
    if (!part(parser, target, ret)) {
        return false;
    }
    int operation;
    while ((operation = operator_at(parser, marks)) != 0) {
        expr_value right;
        const bool allowed = check_operator(parser, target, operation, ret);
        idl_parser_advance(parser);
        if (operation == '>') {
            if (!idl_parser_is_mark(parser, '>') || !parser->token.adjacent) {
                return idl_parser_unexpected(parser, "'>>'");
            }
            idl_parser_advance(parser);
        }
        if (!part(parser, allowed ? target : &unchecked, &right)) {
            return false;
        }
        extend(&ret->range, &right.range);
        if (!allowed || ret->value.kind == IDL_VALUE_NONE || right.value.kind == IDL_VALUE_NONE) {
            ret->value.kind = IDL_VALUE_NONE;
            continue;
        }
        const idl_value left = ret->value;
        const idl_fault fault = left.kind == IDL_VALUE_FLOAT
                                    ? idl_float_binary(operation, left.number, right.value.number, &ret->value.number)
                                    : idl_integer_binary(operation, &left, &right.value, &ret->value);
        if (report_fault(parser, fault, &ret->range)) {
            ret->value.kind = IDL_VALUE_NONE;
        }
    }
    return true;
}

/* mult_expr = unary_expr { ( "*" | "/" | "%" ) unary_expr } */
static bool mult_expr(idl_parser *parser, const expr_target *target, expr_value *ret)
{
    return binary_expr(parser, target, ret, "*/%", unary_expr);
}

/* add_expr = mult_expr { ( "+" | "-" ) mult_expr } */
static bool add_expr(idl_parser *parser, const expr_target *target, expr_value *ret)
{
    return binary_expr(parser, target, ret, "+-", mult_expr);
}

/* shift_expr = add_expr { ( ">>" | "<<" ) add_expr } */
static bool shift_expr(idl_parser *parser, const expr_target *target, expr_value *ret)
{
    return binary_expr(parser, target, ret, "<>", add_expr);
}

/* and_expr = shift_expr { "&" shift_expr } */
static bool and_expr(idl_parser *parser, const expr_target *target, expr_value *ret)
{
    return binary_expr(parser, target, ret, "&", shift_expr);
}

/* xor_expr = and_expr { "^" and_expr } */
static bool xor_expr(idl_parser *parser, const expr_target *target, expr_value *ret)
{
    return binary_expr(parser, target, ret, "^", and_expr);
}

/* or_expr = xor_expr { "|" xor_expr } */
static bool or_expr(idl_parser *parser, const expr_target *target, expr_value *ret)
{
    return binary_expr(parser, target, ret, "|", xor_expr);
}

/* What a constant of the type is; false: there are no constants of such a type. */
static bool make_target(const idl_type *type, expr_target *ret)
{
    *ret = (expr_target) { .type = type->kind };
    switch (type->kind) {
    case IDL_OCTET:
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
    case IDL_NAMED:
        ret->kind = IDL_VALUE_ENUM;
        ret->enum_ = type->decl;
        return type->decl->kind == IDL_ENUM;
    default:
        return false;
    }
}

static void check_range(idl_parser *parser, const idl_type *type, expr_value *operand)
{
    const idl_value *value = &operand->value;
    if (value->kind == IDL_VALUE_INTEGER && !idl_integer_fits(value, type->kind)) {
        idl_error(parser->diagnostics, &operand->range, "%s%" PRIu64 " does not fit into %s", value->negative ? "-" : "",
                  value->magnitude, idl_basic_type_text(type->kind));
    } else if (value->kind == IDL_VALUE_FLOAT && type->kind == IDL_FLOAT && fabs(value->number) > (double)FLT_MAX) {
        idl_error(parser->diagnostics, &operand->range, "%g does not fit into float", value->number);
    } else if (value->kind == IDL_VALUE_STRING && type->bound > 0 && strlen(value->string) > type->bound) {
        idl_error(parser->diagnostics, &operand->range, "this string has %zu bytes, and its type allows %" PRIu64,
                  strlen(value->string), type->bound);
    } else {
        return;
    }
    operand->value.kind = IDL_VALUE_NONE;
}

/* const_expr = or_expr */
idl_value idl_parse_const_expr(idl_parser *parser, const idl_type *type)
{
    expr_target target;
    expr_value operand = { 0 };
    const idl_type *resolved = idl_type_resolve(type);
    if (!make_target(resolved, &target)) {
        if (type != parser->bad_type) {
            idl_error(parser->diagnostics, &type->range, "a constant cannot have this type");
        }
        target.kind = IDL_VALUE_NONE;
    }
    if (!or_expr(parser, &target, &operand)) {
        while (parser->token.kind != IDL_TOKEN_END && !idl_parser_is_mark(parser, ';') && !idl_parser_is_mark(parser, '}') &&
               !parser->token.begins_line) {
            idl_parser_advance(parser);
        }
        parser->forgive_semicolon = true;
        return (idl_value) { 0 };
    }
    check_range(parser, resolved, &operand);
    if (operand.value.kind == IDL_VALUE_NONE) {
        operand.value = (idl_value) { 0 };
    }
    return operand.value;
}

/* positive_int_const = const_expr */
uint64_t idl_parse_bound(idl_parser *parser)
{
    const expr_target target = { .kind = IDL_VALUE_INTEGER, .type = IDL_UINT32 };
    expr_value operand = { 0 };
    const bool in_bound = parser->in_bound;
    parser->in_bound = true;
    const bool ok = or_expr(parser, &target, &operand);
    parser->in_bound = in_bound;
    if (!ok || operand.value.kind != IDL_VALUE_INTEGER) {
        return 0;
    }
    if (operand.value.negative || operand.value.magnitude == 0) {
        idl_error(parser->diagnostics, &operand.range, "a bound is at least 1");
        return 0;
    }
    if (operand.value.magnitude > UINT32_MAX) {
        idl_error(parser->diagnostics, &operand.range, "a bound is at most %" PRIu32, UINT32_MAX);
        return 0;
    }
    return operand.value.magnitude;
}
