/* Constant expressions: parsed and evaluated in one go, for a constant of a known type. What was reported has the value NONE, and
 * what is computed from it is NONE without another word. */
#include "idl/expression.h"
#include "idl/fixed.h"
#include "idl/text.h"

#include <string.h>

/* For operands of an operator that was reported. */
static const expr_target unchecked = { .kind = IDL_VALUE_NONE };

static bool or_expr(idl_parser *parser, const expr_target *target, expr_value *ret);

static bool report_fault(idl_parser *parser, idl_fault fault, const idl_range *range)
{
    switch (fault) {
    case IDL_FAULT_NONE:
        return false;
    case IDL_FAULT_OVERFLOW:
        idl_error(parser->diagnostics, IDL_DIAG_CONSTANT_OVERFLOW, range, "this overflows");
        break;
    case IDL_FAULT_ZERO:
        idl_error(parser->diagnostics, IDL_DIAG_DIVISION_BY_ZERO, range, "division by zero");
        break;
    case IDL_FAULT_SHIFT:
        idl_error(parser->diagnostics, IDL_DIAG_SHIFT_OUT_OF_RANGE, range, "a shift goes by 0 to 63 bits");
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
    const bool is_wide = parser->token.is_wide;
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
        if (parser->token.is_wide != is_wide && !bad) {
            idl_error(parser->diagnostics, IDL_DIAG_MIXED_STRINGS, &parser->token.range,
                      "a wide string and one that is not wide cannot be joined");
            bad = true;
        }
        bad = bad || parser->token.bad;
        parser->forgive_semicolon = parser->token.bad;
        idl_range_extend(&operand->range, &parser->token.range);
        idl_parser_advance(parser);
    }
    text[length] = '\0';
    if (!bad && !idl_is_utf8(text, length)) {
        idl_error(parser->diagnostics, IDL_DIAG_STRING_NOT_UTF8, &operand->range, "with its escapes this string is not UTF-8");
        bad = true;
    }
    operand->value = (idl_value) { .string = text };
    if (!bad) {
        operand->value.kind = is_wide ? IDL_VALUE_WSTRING : IDL_VALUE_STRING;
    }
}

/* literal */
static bool literal(idl_parser *parser, expr_value *operand)
{
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
        *value = (idl_value) { .kind = token->is_wide ? IDL_VALUE_WCHAR : IDL_VALUE_CHAR, .magnitude = token->integer };
        break;
    case IDL_TOKEN_FIXED:
        *value = (idl_value) { .kind = IDL_VALUE_FIXED, .string = token->string };
        break;
    case IDL_TOKEN_STRING:
        string_literals(parser, operand);
        return true;
    case IDL_TOKEN_KEYWORD:
        if (token->keyword == IDL_KEYWORD_TRUE || token->keyword == IDL_KEYWORD_FALSE) {
            *value = (idl_value) { .kind = IDL_VALUE_BOOLEAN, .magnitude = token->keyword == IDL_KEYWORD_TRUE };
            break;
        }
        return idl_parser_unexpected(parser, IDL_DIAG_EXPECTED_VALUE, "a value");
    default:
        return idl_parser_unexpected(parser, IDL_DIAG_EXPECTED_VALUE, "a value");
    }
    parser->forgive_semicolon = token->bad;
    if (token->bad) {
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
            idl_error(parser->diagnostics, IDL_DIAG_EXPRESSION_NESTING, &parser->token.range, "expressions nest deeper than %d",
                      IDL_NESTING_LIMIT);
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
        idl_range_extend(&ret->range, &parser->previous);
        return ok;
    }
    const idl_keyword word = idl_parser_at_name(parser) && parser->token.kind == IDL_TOKEN_NAME && !parser->token.escaped
                                 ? idl_keyword_find(parser->token.name, strlen(parser->token.name))
                                 : IDL_KEYWORD_NONE;
    if (word == IDL_KEYWORD_TRUE || word == IDL_KEYWORD_FALSE) {
        idl_warning(parser->diagnostics, IDL_DIAG_KEYWORD_CASE, &parser->token.range, "'%s' is written '%s'", parser->token.name,
                    idl_keyword_word(word));
        ret->value = (idl_value) { .kind = IDL_VALUE_BOOLEAN, .magnitude = word == IDL_KEYWORD_TRUE };
        idl_parser_advance(parser);
    } else if (idl_parser_at_name(parser)) {
        const idl_node *node = idl_parse_scoped_name(parser, IDL_WANT_CONSTANT, &ret->range);
        if (node != NULL && node->decl.kind == IDL_ENUMERATOR) {
            ret->value = (idl_value) { .kind = IDL_VALUE_ENUM, .enumerator = &node->decl };
        } else if (node != NULL && node->decl.kind == IDL_BIT) {
            ret->value = (idl_value) { .kind = IDL_VALUE_BITS, .enumerator = node->of_enum };
            ret->value.magnitude = UINT64_C(1) << node->decl.value.magnitude;
        } else if (node != NULL) {
            ret->value = node->decl.value;
        }
    } else if (!literal(parser, ret)) {
        return false;
    }
    idl_expr_convert(parser, target, ret);
    return true;
}

/* What an operator is for. */
static bool is_operand(int kind, int operation)
{
    const bool arithmetic = operation == '+' || operation == '-' || operation == '*' || operation == '/';
    const bool of_bits = operation == '|' || operation == '^' || operation == '&';
    switch (kind) {
    case EXPR_ANY:
    case IDL_VALUE_NONE:
    case IDL_VALUE_INTEGER:
        return true;
    case IDL_VALUE_FLOAT:
    case IDL_VALUE_FIXED:
        return arithmetic;
    case IDL_VALUE_BITS:
        return of_bits;
    default:
        return false;
    }
}

/* Operators are for numbers. left: what stands before a binary one. */
static bool check_operator(idl_parser *parser, const expr_target *target, int operation, const expr_value *left)
{
    const int kind = target->kind != EXPR_ANY ? target->kind : left != NULL ? (int)left->value.kind : EXPR_ANY;
    if (is_operand(kind, operation)) {
        return true;
    }
    if (left == NULL || left->value.kind != IDL_VALUE_NONE) {
        idl_error(parser->diagnostics, IDL_DIAG_OPERATOR_TYPE, &parser->token.range, "this operator is not for %s",
                  kind == IDL_VALUE_FLOAT     ? "floating-point numbers"
                  : kind == IDL_VALUE_FIXED   ? "fixed-point numbers"
                  : kind == IDL_VALUE_BOOLEAN ? "booleans"
                  : kind == IDL_VALUE_CHAR    ? "characters"
                  : kind == IDL_VALUE_WCHAR   ? "characters"
                  : kind == IDL_VALUE_STRING  ? "strings"
                  : kind == IDL_VALUE_WSTRING ? "strings"
                  : kind == IDL_VALUE_BITS    ? "bitmasks"
                                              : "enumerators");
    }
    return false;
}

static idl_fault negate(idl_parser *parser, idl_value *value)
{
    if (value->kind == IDL_VALUE_FLOAT) {
        value->number = -value->number;
        return IDL_FAULT_NONE;
    }
    if (value->kind == IDL_VALUE_FIXED) {
        char *text = idl_arena_alloc(parser->arena, IDL_FIXED_TEXT);
        idl_fixed_negate(value->string, text);
        value->string = text;
        return IDL_FAULT_NONE;
    }
    return idl_integer_negate(value, value);
}

/* How many bits an unsigned type has; 0: it is signed, or of no known type. */
static unsigned unsigned_bits(idl_type_kind kind)
{
    switch (kind) {
    case IDL_OCTET:
    case IDL_UINT8:
        return 8;
    case IDL_UINT16:
        return 16;
    case IDL_UINT32:
        return 32;
    case IDL_UINT64:
        return 64;
    default:
        return 0;
    }
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
    idl_range_extend(&ret->range, &end);
    idl_value *value = &ret->value;
    if (target->kind == EXPR_ANY && value->kind != IDL_VALUE_NONE &&
        (!is_operand((int)value->kind, operation) || value->kind == IDL_VALUE_BITS)) {
        idl_error(parser->diagnostics, IDL_DIAG_OPERATOR_TYPE, &ret->range, "this operator is not for %s",
                  idl_expr_value_text(value));
        value->kind = IDL_VALUE_NONE;
    }
    if (!allowed || value->kind == IDL_VALUE_NONE) {
        value->kind = IDL_VALUE_NONE;
        return true;
    }
    idl_fault fault = IDL_FAULT_NONE;
    if (operation == '-') {
        fault = negate(parser, value);
    } else if (operation == '~') {
        fault = idl_integer_complement(value, unsigned_bits(target->type), value);
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

/* Makes integers into floating-point numbers where one of the two is one. False: they do not go together. */
static bool unify(idl_value *left, idl_value *right)
{
    idl_value *const both[] = { left, right };
    for (size_t i = 0; i < 2; i++) {
        if (both[i]->kind == IDL_VALUE_INTEGER && both[1 - i]->kind == IDL_VALUE_FLOAT) {
            *both[i] = (idl_value) { .kind = IDL_VALUE_FLOAT, .number = idl_integer_to_double(both[i]) };
        }
    }
    return left->kind == right->kind && (left->kind != IDL_VALUE_BITS || left->enumerator == right->enumerator);
}

static idl_fault compute(idl_parser *parser, int operation, const idl_value *left, const idl_value *right, idl_value *ret)
{
    if (left->kind == IDL_VALUE_FLOAT) {
        return idl_float_binary(operation, left->number, right->number, &ret->number);
    }
    if (left->kind == IDL_VALUE_FIXED) {
        char *text = idl_arena_alloc(parser->arena, IDL_FIXED_TEXT);
        ret->string = text;
        return idl_fixed_binary(operation, left->string, right->string, text);
    }
    if (left->kind == IDL_VALUE_BITS) {
        ret->magnitude = operation == '|'   ? left->magnitude | right->magnitude
                         : operation == '^' ? left->magnitude ^ right->magnitude
                                            : left->magnitude & right->magnitude;
        return IDL_FAULT_NONE;
    }
    return idl_integer_binary(operation, left, right, ret);
}

/* left OP right, into left; NONE after a message. */
static void combine(idl_parser *parser, int operation, expr_value *left, expr_value *right)
{
    const idl_range first = left->range;
    idl_range_extend(&left->range, &right->range);
    if (left->value.kind == IDL_VALUE_NONE || right->value.kind == IDL_VALUE_NONE) {
        left->value.kind = IDL_VALUE_NONE;
        return;
    }
    if (!unify(&left->value, &right->value) || !is_operand((int)left->value.kind, operation)) {
        idl_error(parser->diagnostics, IDL_DIAG_OPERATOR_TYPE, &first, "this operator is not for %s and %s",
                  idl_expr_value_text(&left->value), idl_expr_value_text(&right->value));
        left->value.kind = IDL_VALUE_NONE;
        return;
    }
    const idl_value operand = left->value;
    if (report_fault(parser, compute(parser, operation, &operand, &right->value, &left->value), &left->range)) {
        left->value.kind = IDL_VALUE_NONE;
    }
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
                return idl_parser_unexpected(parser, IDL_DIAG_EXPECTED_VALUE, "'>>'");
            }
            idl_parser_advance(parser);
        }
        if (!part(parser, allowed ? target : &unchecked, &right)) {
            return false;
        }
        if (!allowed) {
            ret->value.kind = IDL_VALUE_NONE;
        }
        combine(parser, operation, ret, &right);
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

bool idl_expr_parse(idl_parser *parser, const expr_target *target, expr_value *ret)
{
    *ret = (expr_value) { 0 };
    return or_expr(parser, target, ret);
}
