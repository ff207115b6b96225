/* The formatter's grammar: expressions and annotations. */
#include "idl/format_grammar.h"

#include <string.h>

bool idl_grammar_expand_expressions(idl_shape *shape, unsigned symbol, unsigned next)
{
    switch (symbol) {
    case STRINGS:
        BECOMES(IDL_SYMBOL_STRING, MORE_STRINGS);
    case MORE_STRINGS:
        if (next == IDL_SYMBOL_STRING) {
            BECOMES(STRINGS);
        }
        NOTHING;
    case END_OR_LINE:
        if (next != ';') {
            NOTHING; /* CORBA's own orb.idl has none */
        }
        BECOMES(END);
    case STRING_LISTS:
        BECOMES(STRINGS, MORE_STRING_LISTS);
    case MORE_STRING_LISTS:
        if (next == ',') {
            BECOMES(AS(COMMA, ','), STRING_LISTS);
        }
        NOTHING;
    case CONST_EXPR:
        BECOMES(UNARY, EXPR_REST);
    case BOUND_EXPR:
        BECOMES(UNARY, BOUND_REST);
    case EXPR_REST:
        if (next == '>') {
            BECOMES(AS(SHIFT, '>'), AS(SHIFT_END, '>'), UNARY, EXPR_REST);
        }
        if (next == IDL_MARK_SHIFT_LEFT || (next < 127 && strchr("*/%+-&^|", (int)next) != NULL)) {
            const uint32_t symbols[] = { (uint32_t)IDL_ROLE_BINARY << 16 | next, UNARY, EXPR_REST };
            return idl_grammar_push(shape, symbols, 3);
        }
        NOTHING;
    case BOUND_REST:
        if (next == IDL_MARK_SHIFT_LEFT || (next < 127 && strchr("*/%+-&^|", (int)next) != NULL)) {
            const uint32_t symbols[] = { (uint32_t)IDL_ROLE_BINARY << 16 | next, UNARY, BOUND_REST };
            return idl_grammar_push(shape, symbols, 3);
        }
        NOTHING;
    case UNARY:
        if (next == '-' || next == '+' || next == '~') {
            const uint32_t symbols[] = { (uint32_t)IDL_ROLE_UNARY << 16 | next, PRIMARY };
            return idl_grammar_push(shape, symbols, 2);
        }
        BECOMES(PRIMARY);
    case PRIMARY:
        switch (next) {
        case '(':
            BECOMES(AS(OPEN, '('), CONST_EXPR, AS(CLOSE, ')'));
        case IDL_SYMBOL_NUMBER:
            BECOMES(IDL_SYMBOL_NUMBER);
        case IDL_SYMBOL_STRING:
            BECOMES(STRINGS);
        case K(TRUE):
            BECOMES(K(TRUE));
        case K(FALSE):
            BECOMES(K(FALSE));
        default:
            if (idl_grammar_is_name(next) || next == IDL_MARK_SCOPE) {
                BECOMES(SCOPED_NAME);
            }
            return false;
        }
    default:
        return false;
    }
}

/* What stands in the parentheses of an annotation that nobody knows is anything whose parentheses match. */
static idl_role role_of_argument(unsigned before, unsigned next)
{
    const bool after_value = before == NAME || before == IDL_SYMBOL_NUMBER || before == IDL_SYMBOL_STRING || before == ')' ||
                             idl_grammar_is_keyword(before);
    switch (next) {
    case ',':
        return IDL_ROLE_COMMA;
    case '=':
        return IDL_ROLE_EQUALS;
    case IDL_MARK_SCOPE:
        return before == NAME || idl_grammar_is_keyword(before) ? IDL_ROLE_SCOPE : IDL_ROLE_SCOPE_LEAD;
    case '-':
    case '+':
    case '~':
        return after_value ? IDL_ROLE_BINARY : IDL_ROLE_UNARY;
    case '*':
    case '/':
    case '%':
    case '&':
    case '^':
    case '|':
    case IDL_MARK_SHIFT_LEFT:
        return IDL_ROLE_BINARY;
    default:
        return IDL_ROLE_WORD;
    }
}

static bool expand_arguments(idl_shape *shape, unsigned next)
{
    switch (next) {
    case ')':
    case ';':
    case '{':
    case '}':
    case IDL_SYMBOL_END:
        NOTHING;
    case '(':
        if (idl_grammar_is_name(shape->previous)) {
            BECOMES(AS(OPEN_TIGHT, '('), ARGUMENTS, AS(CLOSE, ')'), ARGUMENTS);
        }
        BECOMES(AS(OPEN, '('), ARGUMENTS, AS(CLOSE, ')'), ARGUMENTS);
    case '>':
        BECOMES(AS(SHIFT, '>'), MAYBE_SHIFT_END, ARGUMENTS);
    default: {
        const uint32_t symbols[] = { (uint32_t)role_of_argument(shape->previous, next) << 16 | next, ARGUMENTS };
        return idl_grammar_push(shape, symbols, 2);
    }
    }
}

bool idl_grammar_expand_annotations(idl_shape *shape, unsigned symbol, unsigned next)
{
    switch (symbol) {
    case ANNOTATIONS:
        if (next == '@') {
            BECOMES(AS(AT, '@'), ANNOTATION_NAME, ANNOTATION_ARGUMENTS, ANNOTATED, ANNOTATIONS);
        }
        NOTHING;
    case ANNOTATION_NAME:
        if (next == IDL_MARK_SCOPE) {
            BECOMES(AS(SCOPE_LEAD, IDL_MARK_SCOPE), ANNOTATION_NAME);
        }
        if (next == NAME || idl_grammar_is_keyword(next)) {
            const uint32_t symbols[] = { next, ANNOTATION_NAME_REST };
            return idl_grammar_push(shape, symbols, 2);
        }
        return false;
    case ANNOTATION_NAME_REST:
        if (next == IDL_MARK_SCOPE) {
            BECOMES(AS(SCOPE, IDL_MARK_SCOPE), ANNOTATION_NAME);
        }
        NOTHING;
    case ANNOTATION_ARGUMENTS:
        if (next == '(') {
            BECOMES(AS(OPEN_TIGHT, '('), ARGUMENTS, AS(CLOSE, ')'));
        }
        NOTHING;
    case ARGUMENTS:
        return expand_arguments(shape, next);
    case MAYBE_SHIFT_END:
        if (next == '>' && shape->token->adjacent) {
            BECOMES(AS(SHIFT_END, '>'));
        }
        NOTHING;
    case ANNOTATION_MEMBERS:
        if (next == '}') {
            NOTHING;
        }
        BECOMES(ITEM, ANNOTATION_MEMBER, ANNOTATION_MEMBERS);
    case ANNOTATION_MEMBER:
        if (next == K(CONST) || next == K(TYPEDEF) || idl_grammar_is_constructed(next)) {
            return idl_grammar_push(shape, (const uint32_t[]) { IS(MEMBER) }, 1) && idl_grammar_expand_definition(shape, next);
        }
        BECOMES(IS(MEMBER), TYPE, NAME, ANNOTATION_DEFAULT, END);
    case ANNOTATION_DEFAULT:
        if (next == K(DEFAULT)) {
            BECOMES(K(DEFAULT), CONST_EXPR);
        }
        NOTHING;
    default:
        return false;
    }
}
