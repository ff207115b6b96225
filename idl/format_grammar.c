/* The shape of the grammar, for the formatter: which tokens may follow each other, what each is for, where definitions begin.
 *
 * A predictive parser without recursion: what is expected lies on a stack, so that its state can be put aside at an #if and taken
 * up again at the #else. It knows no names, and forgives what only the model could tell (formatting a file must not depend on
 * other files). The rules bear the names that the parser's functions have. */
#include "idl/format_pieces.h"
#include "idl/preprocess.h"

#include <stdlib.h>
#include <string.h>

/* Above the terminals: rules, then what is done without reading anything. */
typedef enum rule {
    SPECIFICATION = 600,
    DEFINITIONS,
    DEFINITION,
    AFTER_AT,
    MODULE_REST,
    IMPORTED,
    INTERFACE_REST,
    EXPORTS,
    EXPORT,
    OPERATION,
    RESULT,
    PARAMETERS,
    MORE_PARAMETERS,
    PARAMETER,
    RAISES,
    GET_RAISES,
    CONTEXT,
    ATTRIBUTE,
    MORE_NAMES,
    STRUCT_REST,
    BASES,
    BODY_OF_MEMBERS,
    MEMBERS,
    MEMBER,
    UNION_REST,
    CASES,
    LABELS,
    MORE_LABELS,
    ENUMERATORS,
    MORE_ENUMERATORS,
    BITFIELDS,
    BITFIELD_TYPE,
    BITFIELD_NAMES,
    ANNOTATIONS,
    ANNOTATION_NAME,
    ANNOTATION_NAME_REST,
    ANNOTATION_ARGUMENTS,
    ARGUMENTS,
    MAYBE_SHIFT_END,
    ANNOTATION_MEMBERS,
    ANNOTATION_MEMBER,
    ANNOTATION_DEFAULT,
    TYPE,
    MAYBE_LONG,
    LONG_REST,
    UNSIGNED_REST,
    STRING_REST,
    FIXED_REST,
    MAP_REST,
    BOUND,
    CONSTRUCTED,
    SCOPED_NAMES,
    MORE_SCOPED_NAMES,
    SCOPED_NAME,
    SCOPED_REST,
    DECLARATORS,
    MORE_DECLARATORS,
    DECLARATOR,
    DIMENSIONS,
    STRINGS,
    MORE_STRINGS,
    END_OR_LINE,
    STRING_LISTS,
    MORE_STRING_LISTS,
    CONST_EXPR, /* in parentheses, behind '=': with ">>" */
    EXPR_REST,
    BOUND_EXPR, /* before a '>' that closes */
    BOUND_REST,
    UNARY,
    PRIMARY,
    GENERIC,       /* the head of what is not supported */
    GENERIC_ITEMS, /* and its body */
    GENERIC_ITEM,
    MARK = 800, /* + log2 of a mark for the next token */
    KIND = 900  /* + idl_item of the item that began last */
} rule;

#define K(word) (IDL_SYMBOL_KEYWORD + IDL_KEYWORD_##word)
#define AS(what, symbol) ((uint32_t)IDL_ROLE_##what << 16 | (uint32_t)(symbol))
#define NAME IDL_SYMBOL_NAME
#define ITEM (MARK + 0)
#define ELEMENT (MARK + 1)
#define ANNOTATED (MARK + 2)
#define CLAUSE (MARK + 3)
#define LABELLED (MARK + 4)
#define LABEL (MARK + 5)
#define IS(what) (KIND + IDL_ITEM_##what)
#define END AS(END, ';')
#define OPEN_BODY AS(OPEN_BODY, '{')
#define CLOSE_BODY AS(CLOSE_BODY, '}')

/* Replaces the rule on top. */
#define BECOMES(...)                                                                                                             \
    do {                                                                                                                         \
        static const uint32_t symbols_[] = { __VA_ARGS__ };                                                                      \
        return push(shape, symbols_, sizeof symbols_ / sizeof *symbols_);                                                        \
    } while (false)
#define NOTHING return true

static bool push(idl_shape *shape, const uint32_t *symbols, size_t n)
{
    if (shape->expected.length + n > IDL_EXPECTED_LIMIT) {
        return false;
    }
    for (size_t i = n; i-- > 0;) {
        shape->expected.items[shape->expected.length++] = symbols[i];
    }
    return true;
}

static bool is_keyword(unsigned symbol)
{
    return symbol > IDL_SYMBOL_KEYWORD;
}

static bool is_name(unsigned symbol)
{
    return symbol == NAME || (is_keyword(symbol) && idl_keyword_is_young((idl_keyword)(symbol - IDL_SYMBOL_KEYWORD)));
}

/* A declaration's name where types have been read: newer types are names there. */
static bool is_member_name(unsigned symbol)
{
    return is_name(symbol) || (is_keyword(symbol) && idl_keyword_is_new_type((idl_keyword)(symbol - IDL_SYMBOL_KEYWORD)));
}

static bool is_constructed(unsigned symbol)
{
    return symbol == K(STRUCT) || symbol == K(UNION) || symbol == K(ENUM) || symbol == K(BITSET) || symbol == K(BITMASK);
}

static bool is_unsupported(unsigned symbol)
{
    return symbol == K(VALUETYPE) || symbol == K(CUSTOM) || symbol == K(EVENTTYPE) || symbol == K(COMPONENT) ||
           symbol == K(HOME) || symbol == K(PORTTYPE) || symbol == K(CONNECTOR) || symbol == K(ALIAS);
}

static bool is_clause(unsigned symbol)
{
    return symbol == K(RAISES) || symbol == K(GETRAISES) || symbol == K(SETRAISES);
}

/* What both a module and an interface can contain. */
static bool expand_definition(idl_shape *shape, unsigned next)
{
    switch (next) {
    case K(CONST):
        BECOMES(IS(CONST), K(CONST), TYPE, NAME, AS(BINARY, '='), CONST_EXPR, END);
    case K(TYPEDEF):
        BECOMES(IS(TYPEDEF), K(TYPEDEF), ANNOTATIONS, TYPE, DECLARATORS, END);
    case K(EXCEPTION):
        BECOMES(K(EXCEPTION), NAME, BODY_OF_MEMBERS, END);
    case K(NATIVE):
        BECOMES(IS(NATIVE), K(NATIVE), NAME, END);
    case K(TYPEID):
        BECOMES(IS(IDS), K(TYPEID), SCOPED_NAME, STRINGS, END_OR_LINE);
    case K(TYPEPREFIX):
        BECOMES(IS(IDS), K(TYPEPREFIX), SCOPED_NAME, STRINGS, END_OR_LINE);
    default:
        if (is_constructed(next)) {
            BECOMES(CONSTRUCTED, END);
        }
        return false;
    }
}

static bool expand_file_level(idl_shape *shape, unsigned next)
{
    switch (next) {
    case K(MODULE):
        BECOMES(K(MODULE), NAME, MODULE_REST);
    case K(LOCAL):
        BECOMES(K(LOCAL), K(INTERFACE), NAME, INTERFACE_REST, END);
    case K(ABSTRACT):
        BECOMES(K(ABSTRACT), GENERIC_ITEM);
    case K(INTERFACE):
        BECOMES(K(INTERFACE), NAME, INTERFACE_REST, END);
    case K(IMPORT):
        BECOMES(IS(IMPORT), K(IMPORT), IMPORTED, END);
    default:
        if (is_unsupported(next)) {
            BECOMES(GENERIC);
        }
        return expand_definition(shape, next);
    }
}

/* The head of a value type, component, ..., up to its body or ';'. */
static bool expand_generic(idl_shape *shape, unsigned next)
{
    switch (next) {
    case '{':
        BECOMES(OPEN_BODY, GENERIC_ITEMS, CLOSE_BODY, END);
    case ';':
        BECOMES(END);
    case IDL_MARK_SCOPE:
        if (is_name(shape->previous)) {
            BECOMES(AS(SCOPE, IDL_MARK_SCOPE), NAME, GENERIC);
        }
        BECOMES(AS(SCOPE_LEAD, IDL_MARK_SCOPE), NAME, GENERIC);
    case ':':
        BECOMES(AS(BINARY, ':'), GENERIC);
    case ',':
        BECOMES(AS(COMMA, ','), GENERIC);
    case '<':
        BECOMES(AS(OPEN_TIGHT, '<'), GENERIC);
    case '>':
        BECOMES(AS(CLOSE, '>'), GENERIC);
    default:
        if (next == NAME || next == IDL_SYMBOL_NUMBER || is_keyword(next)) {
            const uint32_t symbols[] = { next, GENERIC };
            return push(shape, symbols, 2);
        }
        return false;
    }
}

static bool expand_export(idl_shape *shape, unsigned next, bool is_generic)
{
    if (is_generic) {
        switch (next) {
        case K(PUBLIC):
        case K(PRIVATE): {
            const uint32_t symbols[] = { IS(MEMBER), next, TYPE, DECLARATORS, END };
            return push(shape, symbols, 5);
        }
        case K(FACTORY):
        case K(FINDER): {
            const uint32_t symbols[] = { IS(OPERATION), next, NAME, AS(OPEN_PARAMS, '('), PARAMETERS, RAISES, END };
            return push(shape, symbols, 7);
        }
        case K(PROVIDES):
        case K(USES):
        case K(EMITS):
        case K(PUBLISHES):
        case K(CONSUMES):
        case K(PORT):
        case K(MIRRORPORT):
            BECOMES(IS(MEMBER), GENERIC);
        default:
            break;
        }
    }
    if (next == K(READONLY)) {
        BECOMES(IS(ATTRIBUTE), K(READONLY), ATTRIBUTE);
    }
    if (next == K(ATTRIBUTE)) {
        BECOMES(IS(ATTRIBUTE), ATTRIBUTE);
    }
    if (next == K(ONEWAY)) {
        BECOMES(K(ONEWAY), ANNOTATIONS, OPERATION);
    }
    if (expand_definition(shape, next)) {
        return true;
    }
    if (next != NAME && next != IDL_MARK_SCOPE && !is_keyword(next)) {
        return false;
    }
    BECOMES(OPERATION);
}

static bool expand_interface(idl_shape *shape, unsigned symbol, unsigned next)
{
    switch (symbol) {
    case INTERFACE_REST:
        if (next == ':') {
            BECOMES(AS(BINARY, ':'), SCOPED_NAMES, OPEN_BODY, EXPORTS, CLOSE_BODY);
        }
        if (next == ';') {
            BECOMES(IS(FORWARD));
        }
        BECOMES(OPEN_BODY, EXPORTS, CLOSE_BODY);
    case EXPORTS:
        if (next == '}') {
            NOTHING;
        }
        BECOMES(ITEM, EXPORT, EXPORTS);
    case EXPORT:
        return expand_export(shape, next, false);
    case GENERIC_ITEMS:
        if (next == '}') {
            NOTHING;
        }
        BECOMES(ITEM, GENERIC_ITEM, GENERIC_ITEMS);
    case GENERIC_ITEM:
        if (shape->previous == K(ABSTRACT)) {
            if (next == K(INTERFACE)) {
                BECOMES(K(INTERFACE), NAME, INTERFACE_REST, END);
            }
            BECOMES(K(VALUETYPE), GENERIC);
        }
        return expand_export(shape, next, true);
    case OPERATION:
        BECOMES(IS(OPERATION), RESULT, NAME, AS(OPEN_PARAMS, '('), PARAMETERS, RAISES, CONTEXT, END);
    case RESULT:
        if (next == K(VOID)) {
            BECOMES(K(VOID));
        }
        BECOMES(TYPE);
    case PARAMETERS:
        if (next == ')') {
            BECOMES(AS(CLOSE_PARAMS, ')'));
        }
        BECOMES(ELEMENT, ANNOTATIONS, PARAMETER, MORE_PARAMETERS);
    case MORE_PARAMETERS:
        if (next == ',') {
            BECOMES(AS(PARAM_COMMA, ','), ELEMENT, ANNOTATIONS, PARAMETER, MORE_PARAMETERS);
        }
        BECOMES(AS(CLOSE_PARAMS, ')'));
    case PARAMETER:
        if (next == K(IN) || next == K(OUT) || next == K(INOUT)) {
            const uint32_t symbols[] = { next, TYPE, IDL_SYMBOL_MEMBER_NAME };
            return push(shape, symbols, 3);
        }
        return false;
    case RAISES:
        if (next == K(RAISES)) {
            BECOMES(CLAUSE, K(RAISES), AS(OPEN, '('), SCOPED_NAMES, AS(CLOSE, ')'));
        }
        NOTHING;
    case CONTEXT:
        if (next == K(CONTEXT)) {
            BECOMES(CLAUSE, K(CONTEXT), AS(OPEN, '('), STRING_LISTS, AS(CLOSE, ')'));
        }
        NOTHING;
    case ATTRIBUTE:
        BECOMES(K(ATTRIBUTE), ANNOTATIONS, TYPE, NAME, MORE_NAMES, GET_RAISES, END);
    case MORE_NAMES:
        if (next == ',') {
            BECOMES(AS(COMMA, ','), NAME, MORE_NAMES);
        }
        NOTHING;
    case GET_RAISES:
        if (is_clause(next)) {
            const uint32_t symbols[] = { CLAUSE, next, AS(OPEN, '('), SCOPED_NAMES, AS(CLOSE, ')'), GET_RAISES };
            return push(shape, symbols, 6);
        }
        NOTHING;
    default:
        return false;
    }
}

static bool expand_types(idl_shape *shape, unsigned symbol, unsigned next)
{
    switch (symbol) {
    case CONSTRUCTED:
        switch (next) {
        case K(STRUCT):
            BECOMES(K(STRUCT), NAME, STRUCT_REST);
        case K(UNION):
            BECOMES(K(UNION), NAME, UNION_REST);
        case K(ENUM):
            BECOMES(K(ENUM), NAME, AS(OPEN_LIST, '{'), ELEMENT, ANNOTATIONS, NAME, MORE_ENUMERATORS);
        case K(BITMASK):
            BECOMES(K(BITMASK), NAME, AS(OPEN_LIST, '{'), ELEMENT, ANNOTATIONS, NAME, MORE_ENUMERATORS);
        default:
            BECOMES(K(BITSET), NAME, BASES, OPEN_BODY, BITFIELDS, CLOSE_BODY);
        }
    case STRUCT_REST:
        if (next == ';') {
            BECOMES(IS(FORWARD));
        }
        BECOMES(BASES, BODY_OF_MEMBERS);
    case BASES:
        if (next == ':') {
            BECOMES(AS(BINARY, ':'), SCOPED_NAMES);
        }
        NOTHING;
    case BODY_OF_MEMBERS:
        BECOMES(OPEN_BODY, MEMBERS, CLOSE_BODY);
    case MEMBERS:
        if (next == '}') {
            NOTHING;
        }
        BECOMES(ITEM, MEMBER, MEMBERS);
    case MEMBER:
        if (next != NAME && next != IDL_MARK_SCOPE && next != '@' && !is_keyword(next)) {
            return false;
        }
        BECOMES(IS(MEMBER), ANNOTATIONS, TYPE, ANNOTATIONS, DECLARATORS, END);
    case UNION_REST:
        if (next == ';') {
            BECOMES(IS(FORWARD));
        }
        BECOMES(K(SWITCH), AS(OPEN, '('), ANNOTATIONS, TYPE, AS(CLOSE, ')'), OPEN_BODY, CASES, CLOSE_BODY);
    case CASES:
        if (next == '}') {
            NOTHING;
        }
        BECOMES(ITEM, IS(MEMBER), ANNOTATIONS, LABELS, LABELLED, ANNOTATIONS, TYPE, ANNOTATIONS, DECLARATOR, END, CASES);
    case LABELS:
        if (next == K(DEFAULT)) {
            BECOMES(LABEL, K(DEFAULT), AS(LABEL_COLON, ':'), MORE_LABELS);
        }
        BECOMES(LABEL, K(CASE), CONST_EXPR, AS(LABEL_COLON, ':'), MORE_LABELS);
    case MORE_LABELS:
        if (next == K(CASE) || next == K(DEFAULT)) {
            BECOMES(LABELS);
        }
        NOTHING;
    case MORE_ENUMERATORS:
        if (next == ',') {
            BECOMES(AS(LIST_COMMA, ','), ELEMENT, ANNOTATIONS, NAME, MORE_ENUMERATORS);
        }
        BECOMES(AS(CLOSE_LIST, '}'));
    case BITFIELDS:
        if (next == '}') {
            NOTHING;
        }
        BECOMES(ITEM, IS(MEMBER), ANNOTATIONS, K(BITFIELD), AS(OPEN_TIGHT, '<'), BOUND_EXPR, BITFIELD_TYPE, AS(CLOSE, '>'),
                BITFIELD_NAMES, END, BITFIELDS);
    case BITFIELD_TYPE:
        if (next == ',') {
            BECOMES(AS(COMMA, ','), TYPE);
        }
        NOTHING;
    case BITFIELD_NAMES:
        if (is_name(next)) {
            BECOMES(NAME, BITFIELD_NAMES);
        }
        NOTHING;
    case DECLARATORS:
        BECOMES(DECLARATOR, MORE_DECLARATORS);
    case MORE_DECLARATORS:
        if (next == ',') {
            BECOMES(AS(COMMA, ','), ANNOTATIONS, DECLARATOR, MORE_DECLARATORS);
        }
        NOTHING;
    case DECLARATOR:
        BECOMES(IDL_SYMBOL_MEMBER_NAME, DIMENSIONS);
    case DIMENSIONS:
        if (next == '[') {
            BECOMES(AS(OPEN_TIGHT, '['), CONST_EXPR, AS(CLOSE, ']'), DIMENSIONS);
        }
        NOTHING;
    default:
        return false;
    }
}

static bool expand_type_spec(idl_shape *shape, unsigned symbol, unsigned next)
{
    switch (symbol) {
    case TYPE:
        if (is_constructed(next)) {
            BECOMES(CONSTRUCTED);
        }
        switch (next) {
        case '@':
            BECOMES(ANNOTATIONS, TYPE);
        case K(LONG):
            BECOMES(K(LONG), LONG_REST);
        case K(UNSIGNED):
            BECOMES(K(UNSIGNED), UNSIGNED_REST);
        case K(STRING):
        case K(WSTRING): {
            const uint32_t symbols[] = { next, STRING_REST };
            return push(shape, symbols, 2);
        }
        case K(SEQUENCE):
            BECOMES(K(SEQUENCE), AS(OPEN_TIGHT, '<'), TYPE, BOUND, AS(CLOSE, '>'));
        case K(MAP):
            BECOMES(K(MAP), MAP_REST);
        case K(FIXED):
            BECOMES(K(FIXED), FIXED_REST);
        case K(SHORT):
        case K(FLOAT):
        case K(DOUBLE):
        case K(CHAR):
        case K(WCHAR):
        case K(BOOLEAN):
        case K(OCTET):
        case K(ANY):
        case K(OBJECT):
        case K(INT8):
        case K(INT16):
        case K(INT32):
        case K(INT64):
        case K(UINT8):
        case K(UINT16):
        case K(UINT32):
        case K(UINT64):
        case K(VALUEBASE):
            return push(shape, (const uint32_t[]) { next }, 1);
        default:
            if (is_name(next) || next == IDL_MARK_SCOPE) {
                BECOMES(SCOPED_NAME);
            }
            return false;
        }
    case LONG_REST:
        if (next == K(LONG)) {
            BECOMES(K(LONG));
        }
        if (next == K(DOUBLE)) {
            BECOMES(K(DOUBLE));
        }
        NOTHING;
    case UNSIGNED_REST:
        if (next == K(SHORT)) {
            BECOMES(K(SHORT));
        }
        BECOMES(K(LONG), MAYBE_LONG);
    case MAYBE_LONG:
        if (next == K(LONG)) {
            BECOMES(K(LONG));
        }
        NOTHING;
    case STRING_REST:
        if (next == '<') {
            BECOMES(AS(OPEN_TIGHT, '<'), BOUND_EXPR, AS(CLOSE, '>'));
        }
        NOTHING;
    case FIXED_REST:
        if (next == '<') {
            BECOMES(AS(OPEN_TIGHT, '<'), BOUND_EXPR, AS(COMMA, ','), BOUND_EXPR, AS(CLOSE, '>'));
        }
        NOTHING;
    case MAP_REST:
        if (next == '<') {
            BECOMES(AS(OPEN_TIGHT, '<'), TYPE, AS(COMMA, ','), TYPE, BOUND, AS(CLOSE, '>'));
        }
        BECOMES(SCOPED_REST); /* the name of something: the word is younger than many files */
    case BOUND:
        if (next == ',') {
            BECOMES(AS(COMMA, ','), BOUND_EXPR);
        }
        NOTHING;
    case SCOPED_NAMES:
        BECOMES(SCOPED_NAME, MORE_SCOPED_NAMES);
    case MORE_SCOPED_NAMES:
        if (next == ',') {
            BECOMES(AS(COMMA, ','), SCOPED_NAME, MORE_SCOPED_NAMES);
        }
        NOTHING;
    case SCOPED_NAME:
        if (next == IDL_MARK_SCOPE) {
            BECOMES(AS(SCOPE_LEAD, IDL_MARK_SCOPE), NAME, SCOPED_REST);
        }
        BECOMES(NAME, SCOPED_REST);
    case SCOPED_REST:
        if (next == IDL_MARK_SCOPE) {
            BECOMES(AS(SCOPE, IDL_MARK_SCOPE), NAME, SCOPED_REST);
        }
        NOTHING;
    default:
        return false;
    }
}

static bool expand_expressions(idl_shape *shape, unsigned symbol, unsigned next)
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
            return push(shape, symbols, 3);
        }
        NOTHING;
    case BOUND_REST:
        if (next == IDL_MARK_SHIFT_LEFT || (next < 127 && strchr("*/%+-&^|", (int)next) != NULL)) {
            const uint32_t symbols[] = { (uint32_t)IDL_ROLE_BINARY << 16 | next, UNARY, BOUND_REST };
            return push(shape, symbols, 3);
        }
        NOTHING;
    case UNARY:
        if (next == '-' || next == '+' || next == '~') {
            const uint32_t symbols[] = { (uint32_t)IDL_ROLE_UNARY << 16 | next, PRIMARY };
            return push(shape, symbols, 2);
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
            if (is_name(next) || next == IDL_MARK_SCOPE) {
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
    const bool after_value =
        before == NAME || before == IDL_SYMBOL_NUMBER || before == IDL_SYMBOL_STRING || before == ')' || is_keyword(before);
    switch (next) {
    case ',':
        return IDL_ROLE_COMMA;
    case '=':
        return IDL_ROLE_EQUALS;
    case IDL_MARK_SCOPE:
        return before == NAME || is_keyword(before) ? IDL_ROLE_SCOPE : IDL_ROLE_SCOPE_LEAD;
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
        if (is_name(shape->previous)) {
            BECOMES(AS(OPEN_TIGHT, '('), ARGUMENTS, AS(CLOSE, ')'), ARGUMENTS);
        }
        BECOMES(AS(OPEN, '('), ARGUMENTS, AS(CLOSE, ')'), ARGUMENTS);
    case '>':
        BECOMES(AS(SHIFT, '>'), MAYBE_SHIFT_END, ARGUMENTS);
    default: {
        const uint32_t symbols[] = { (uint32_t)role_of_argument(shape->previous, next) << 16 | next, ARGUMENTS };
        return push(shape, symbols, 2);
    }
    }
}

static bool expand_annotations(idl_shape *shape, unsigned symbol, unsigned next)
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
        if (next == NAME || is_keyword(next)) {
            const uint32_t symbols[] = { next, ANNOTATION_NAME_REST };
            return push(shape, symbols, 2);
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
        if (next == K(CONST) || next == K(TYPEDEF) || is_constructed(next)) {
            return push(shape, (const uint32_t[]) { IS(MEMBER) }, 1) && expand_definition(shape, next);
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

static bool expand_files(idl_shape *shape, unsigned symbol, unsigned next)
{
    switch (symbol) {
    case SPECIFICATION:
        if (next == IDL_SYMBOL_END) {
            BECOMES(IDL_SYMBOL_END);
        }
        BECOMES(ITEM, DEFINITION, SPECIFICATION);
    case DEFINITIONS:
        if (next == '}') {
            NOTHING;
        }
        BECOMES(ITEM, DEFINITION, DEFINITIONS);
    case DEFINITION:
        return expand_file_level(shape, next);
    case MODULE_REST:
        if (next == '{') {
            BECOMES(OPEN_BODY, DEFINITIONS, CLOSE_BODY, END);
        }
        if (next == '<' || next == IDL_MARK_SCOPE) {
            BECOMES(GENERIC);
        }
        return false;
    case IMPORTED:
        if (next == IDL_SYMBOL_STRING) {
            BECOMES(STRINGS);
        }
        BECOMES(SCOPED_NAME);
    case GENERIC:
        return expand_generic(shape, next);
    default:
        return false;
    }
}

/* Behind the '@' where a definition may begin; what is annotated lies below. */
static bool expand_after_at(idl_shape *shape)
{
    static const char word[] = "annotation";
    if (shape->token->length == sizeof word - 1 && memcmp(shape->token->text, word, sizeof word - 1) == 0) {
        shape->expected.length--;
        BECOMES(NAME, ANNOTATION_NAME, OPEN_BODY, ANNOTATION_MEMBERS, CLOSE_BODY, END);
    }
    BECOMES(ANNOTATION_NAME, ANNOTATION_ARGUMENTS, ANNOTATED);
}

/* Replaces the rule on top by what it is, with that token next. False: it cannot begin with it. */
static bool expand(idl_shape *shape, unsigned symbol, unsigned next)
{
    if (next == '@' && (symbol == DEFINITION || symbol == EXPORT || symbol == GENERIC_ITEM)) {
        return push(shape, (const uint32_t[]) { AS(AT, '@'), AFTER_AT, symbol }, 3);
    }
    switch (symbol) {
    case AFTER_AT:
        return expand_after_at(shape);
    case SPECIFICATION:
    case DEFINITIONS:
    case DEFINITION:
    case MODULE_REST:
    case IMPORTED:
    case GENERIC:
        return expand_files(shape, symbol, next);
    default:
        return (symbol >= INTERFACE_REST && symbol <= MORE_NAMES) || symbol == GENERIC_ITEMS || symbol == GENERIC_ITEM
                   ? expand_interface(shape, symbol, next)
               : symbol >= ANNOTATIONS && symbol <= ANNOTATION_DEFAULT           ? expand_annotations(shape, symbol, next)
               : symbol >= STRINGS                                               ? expand_expressions(shape, symbol, next)
               : symbol >= TYPE && symbol != CONSTRUCTED && symbol < DECLARATORS ? expand_type_spec(shape, symbol, next)
                                                                                 : expand_types(shape, symbol, next);
    }
}

/* ---- messages ---- */

static const char *wanted_by(unsigned symbol, char *text, size_t size)
{
    switch (symbol) {
    case NAME:
    case IDL_SYMBOL_MEMBER_NAME:
        return "a name";
    case IDL_SYMBOL_STRING:
        return "a string";
    case IDL_SYMBOL_END:
    case DEFINITION:
        return "a definition";
    case PARAMETER:
        return "'in', 'out' or 'inout'";
    case MODULE_REST:
        return "'{'";
    case PRIMARY:
        return "a value";
    case TYPE:
        return "a type";
    case EXPORT:
    case GENERIC_ITEM:
        return "an operation, an attribute or '}'";
    case MEMBER:
        return "a member or '}'";
    case ANNOTATION_NAME:
        return "the name of an annotation";
    default:
        if (symbol == IDL_MARK_SCOPE) {
            return "'::'";
        }
        if (symbol < 127) {
            snprintf(text, size, "'%c'", (char)symbol);
        } else if (symbol > IDL_SYMBOL_KEYWORD && symbol < SPECIFICATION) {
            snprintf(text, size, "'%s'", idl_keyword_word((idl_keyword)(symbol - IDL_SYMBOL_KEYWORD)));
        } else {
            return "something else";
        }
        return text;
    }
}

/* As the parser's messages have them. */
static idl_diagnostic_id id_of(unsigned wanted)
{
    switch (wanted) {
    case NAME:
    case IDL_SYMBOL_MEMBER_NAME:
    case ANNOTATION_NAME:
        return IDL_DIAG_EXPECTED_NAME;
    case IDL_SYMBOL_STRING:
        return IDL_DIAG_EXPECTED_STRING;
    case IDL_SYMBOL_END:
    case DEFINITION:
    case EXPORT:
    case GENERIC_ITEM:
    case MEMBER:
        return IDL_DIAG_EXPECTED_DEFINITION;
    case PRIMARY:
        return IDL_DIAG_EXPECTED_VALUE;
    case TYPE:
        return IDL_DIAG_EXPECTED_TYPE;
    case ';':
        return IDL_DIAG_MISSING_SEMICOLON;
    case '}':
        return IDL_DIAG_MISSING_BRACE;
    case ',':
    case ':':
    case '=':
        return IDL_DIAG_EXPECTED_SEPARATOR;
    default:
        return wanted < 127 || wanted == MODULE_REST ? IDL_DIAG_EXPECTED_BRACKET : IDL_DIAG_EXPECTED_WORD;
    }
}

/* What nests too deeply, when there is no room for that rule. */
static idl_diagnostic_id nesting_of(unsigned symbol)
{
    return symbol == DEFINITION || symbol == DEFINITIONS || symbol == MODULE_REST ? IDL_DIAG_MODULE_NESTING
           : symbol >= STRINGS || symbol == ARGUMENTS                             ? IDL_DIAG_EXPRESSION_NESTING
                                                                                  : IDL_DIAG_TYPE_NESTING;
}

static bool complain(idl_shape *shape, unsigned wanted, const idl_token *token)
{
    char text[IDL_TOKEN_TEXT];
    char name[32];
    idl_range range = token->range;
    const bool line_ended =
        token->begins_line || token->kind == IDL_TOKEN_END || (token->kind == IDL_TOKEN_PUNCTUATION && token->mark == '}');
    if (wanted == ';' && line_ended) {
        range = shape->previous_range;
        range.column += range.length;
        range.length = 1;
        idl_error(shape->diagnostics, id_of(wanted), &range, "expected ';'");
        return false;
    }
    idl_error(shape->diagnostics, id_of(wanted), &range, "expected %s, found %s", wanted_by(wanted, name, sizeof name),
              idl_token_text(token, text));
    return false;
}

/* ---- tokens ---- */

/* The terminal on top is the token. */
static void take(idl_shape *shape, idl_piece *piece, uint32_t symbol, const idl_token *token)
{
    piece->role = (uint8_t)(symbol >> 16);
    piece->depth = shape->expected.depth;
    piece->marks |= (uint16_t)shape->pending;
    shape->pending = 0;
    shape->previous = piece->symbol;
    shape->previous_range = token->range;
    if (piece->role == IDL_ROLE_OPEN_BODY && shape->expected.depth < UINT16_MAX) {
        shape->expected.depth++;
    } else if (piece->role == IDL_ROLE_CLOSE_BODY && shape->expected.depth > 0) {
        piece->depth = --shape->expected.depth;
    }
}

bool idl_shape_token(idl_shape *shape, const idl_token *token)
{
    idl_pieces *pieces = shape->pieces;
    idl_piece *piece = &pieces->items[pieces->length - 1];
    const unsigned next = piece->symbol;
    shape->token = token;
    if (token->kind == IDL_TOKEN_END && shape->n_branches > 0) {
        idl_error(shape->diagnostics, IDL_DIAG_CONDITION_NOT_CLOSED, &shape->branches[shape->n_branches - 1].range,
                  "this #if has no #endif");
        return false;
    }
    while (shape->expected.length > 0) {
        const uint32_t symbol = shape->expected.items[--shape->expected.length];
        const unsigned what = symbol & 0xFFFF;
        if (what >= KIND) {
            pieces->items[shape->item].item = (uint8_t)(what - KIND);
        } else if (what >= MARK) {
            static const uint16_t marks[] = { IDL_PIECE_ITEM,   IDL_PIECE_ELEMENT,  IDL_PIECE_ANNOTATED,
                                              IDL_PIECE_CLAUSE, IDL_PIECE_LABELLED, IDL_PIECE_LABEL };
            shape->pending |= marks[what - MARK];
            shape->item = what == ITEM ? pieces->length - 1 : shape->item;
        } else if (what < SPECIFICATION) {
            const bool is_joined = (symbol >> 16) != IDL_ROLE_SHIFT_END || token->adjacent;
            if (is_joined &&
                (what == next || (what == NAME && is_name(next)) || (what == IDL_SYMBOL_MEMBER_NAME && is_member_name(next)))) {
                take(shape, piece, symbol, token);
                return true;
            }
            return complain(shape, what, token);
        } else if (!expand(shape, what, next)) {
            if (shape->expected.length + 16 > IDL_EXPECTED_LIMIT) {
                idl_error(shape->diagnostics, nesting_of(what), &token->range, "this nests too deeply");
                return false;
            }
            return complain(shape, what, token);
        }
    }
    return complain(shape, IDL_SYMBOL_END, token);
}

/* ---- conditionals ---- */

static bool copy_expected(idl_shape *shape, idl_expected *to)
{
    free(to->items);
    *to = shape->expected;
    to->items = malloc((to->length + 1) * sizeof *to->items);
    if (to->items == NULL) {
        idl_stop(shape->diagnostics->arena, IDL_STOP_MEMORY);
    }
    memcpy(to->items, shape->expected.items, to->length * sizeof *to->items);
    return true;
}

static void take_up(idl_shape *shape, const idl_expected *from)
{
    memcpy(shape->expected.items, from->items, from->length * sizeof *from->items);
    shape->expected.length = from->length;
    shape->expected.depth = from->depth;
}

bool idl_shape_if(idl_shape *shape, const idl_range *range)
{
    if (shape->n_branches == IDL_CONDITIONS_LIMIT) {
        idl_error(shape->diagnostics, IDL_DIAG_CONDITION_SYNTAX, range, "conditionals nest deeper than %d", IDL_CONDITIONS_LIMIT);
        return false;
    }
    idl_branch *branch = &shape->branches[shape->n_branches];
    *branch = (idl_branch) { .range = *range };
    shape->n_branches++;
    return copy_expected(shape, &branch->before);
}

static bool without_if(const idl_shape *shape, const idl_range *range)
{
    if (shape->n_branches == 0) {
        idl_error(shape->diagnostics, IDL_DIAG_CONDITION_NOT_OPENED, range, "there is no #if before it");
    }
    return shape->n_branches == 0;
}

bool idl_shape_else(idl_shape *shape, const idl_range *range, bool is_last)
{
    if (without_if(shape, range)) {
        return false;
    }
    idl_branch *branch = &shape->branches[shape->n_branches - 1];
    if (branch->had_else) {
        idl_error(shape->diagnostics, IDL_DIAG_MISPLACED_ELSE, range, "the #else of this #if is over");
        return false;
    }
    branch->had_else = is_last;
    if (!branch->has_after) {
        branch->has_after = true;
        copy_expected(shape, &branch->after);
    }
    take_up(shape, &branch->before);
    return true;
}

bool idl_shape_endif(idl_shape *shape, const idl_range *range)
{
    if (without_if(shape, range)) {
        return false;
    }
    idl_branch *branch = &shape->branches[--shape->n_branches];
    if (branch->has_after) {
        take_up(shape, &branch->after);
    }
    free(branch->before.items);
    free(branch->after.items);
    *branch = (idl_branch) { 0 };
    return true;
}

bool idl_shape_init(idl_shape *shape, idl_diagnostics *diagnostics, idl_pieces *pieces)
{
    *shape = (idl_shape) { .diagnostics = diagnostics, .pieces = pieces };
    shape->expected.items = malloc(IDL_EXPECTED_LIMIT * sizeof *shape->expected.items);
    if (shape->expected.items == NULL) {
        return false;
    }
    return push(shape, (const uint32_t[]) { SPECIFICATION }, 1);
}

void idl_shape_free(idl_shape *shape)
{
    free(shape->expected.items);
    for (size_t i = 0; i < shape->n_branches; i++) {
        free(shape->branches[i].before.items);
        free(shape->branches[i].after.items);
    }
}
