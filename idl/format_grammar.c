/* The shape of the grammar, for the formatter: which tokens may follow each other, what each is for, where definitions begin.
 *
 * A predictive parser without recursion: what is expected lies on a stack, so that its state can be put aside at an #if and taken
 * up again at the #else. It knows no names, and forgives what only the model could tell (formatting a file must not depend on
 * other files). The rules bear the names that the parser's functions have. */
#include "idl/format_grammar.h"

#include <string.h>

bool idl_grammar_push(idl_shape *shape, const uint32_t *symbols, size_t n)
{
    if (shape->expected.length + n > IDL_EXPECTED_LIMIT) {
        return false;
    }
    for (size_t i = n; i-- > 0;) {
        shape->expected.items[shape->expected.length++] = symbols[i];
    }
    return true;
}

bool idl_grammar_is_keyword(unsigned symbol)
{
    return symbol > IDL_SYMBOL_KEYWORD;
}

bool idl_grammar_is_name(unsigned symbol)
{
    return symbol == NAME || (idl_grammar_is_keyword(symbol) && idl_keyword_is_young((idl_keyword)(symbol - IDL_SYMBOL_KEYWORD)));
}

/* A declaration's name where types have been read: newer types are names there. */
bool idl_grammar_is_member_name(unsigned symbol)
{
    return idl_grammar_is_name(symbol) ||
           (idl_grammar_is_keyword(symbol) && idl_keyword_is_new_type((idl_keyword)(symbol - IDL_SYMBOL_KEYWORD)));
}

bool idl_grammar_is_constructed(unsigned symbol)
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
bool idl_grammar_expand_definition(idl_shape *shape, unsigned next)
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
        if (idl_grammar_is_constructed(next)) {
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
        return idl_grammar_expand_definition(shape, next);
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
        if (idl_grammar_is_name(shape->previous)) {
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
        if (next == NAME || next == IDL_SYMBOL_NUMBER || idl_grammar_is_keyword(next)) {
            const uint32_t symbols[] = { next, GENERIC };
            return idl_grammar_push(shape, symbols, 2);
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
            return idl_grammar_push(shape, symbols, 5);
        }
        case K(FACTORY):
        case K(FINDER): {
            const uint32_t symbols[] = { IS(OPERATION), next, NAME, AS(OPEN_PARAMS, '('), PARAMETERS, RAISES, END };
            return idl_grammar_push(shape, symbols, 7);
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
    if (idl_grammar_expand_definition(shape, next)) {
        return true;
    }
    if (next != NAME && next != IDL_MARK_SCOPE && !idl_grammar_is_keyword(next)) {
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
            return idl_grammar_push(shape, symbols, 3);
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
            return idl_grammar_push(shape, symbols, 6);
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
        if (next != NAME && next != IDL_MARK_SCOPE && next != '@' && !idl_grammar_is_keyword(next)) {
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
        if (idl_grammar_is_name(next)) {
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
        if (idl_grammar_is_constructed(next)) {
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
            return idl_grammar_push(shape, symbols, 2);
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
            return idl_grammar_push(shape, (const uint32_t[]) { next }, 1);
        default:
            if (idl_grammar_is_name(next) || next == IDL_MARK_SCOPE) {
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
bool idl_grammar_expand(idl_shape *shape, unsigned symbol, unsigned next)
{
    if (next == '@' && (symbol == DEFINITION || symbol == EXPORT || symbol == GENERIC_ITEM)) {
        return idl_grammar_push(shape, (const uint32_t[]) { AS(AT, '@'), AFTER_AT, symbol }, 3);
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
               : symbol >= ANNOTATIONS && symbol <= ANNOTATION_DEFAULT ? idl_grammar_expand_annotations(shape, symbol, next)
               : symbol >= STRINGS                                     ? idl_grammar_expand_expressions(shape, symbol, next)
               : symbol >= TYPE && symbol != CONSTRUCTED && symbol < DECLARATORS ? expand_type_spec(shape, symbol, next)
                                                                                 : expand_types(shape, symbol, next);
    }
}
