/** The symbols of the formatter's grammar, and the functions that expand its rules; for format_grammar.c, format_expressions.c
 * and format_shape.c alone. */
#ifndef IDL_FORMAT_GRAMMAR_H
#define IDL_FORMAT_GRAMMAR_H

#include "idl/format_pieces.h"

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
        return idl_grammar_push(shape, symbols_, sizeof symbols_ / sizeof *symbols_);                                            \
    } while (false)
#define NOTHING return true

/** Puts symbols on the stack of what is expected, the first on top. false: too many. */
bool idl_grammar_push(idl_shape *shape, const uint32_t *symbols, size_t n);
bool idl_grammar_is_keyword(unsigned symbol);
bool idl_grammar_is_name(unsigned symbol);
/** A declaration's name where types have been read: newer types are names there. */
bool idl_grammar_is_member_name(unsigned symbol);
bool idl_grammar_is_constructed(unsigned symbol);
/** Replaces the rule on top by what it is, with that token next. false: it cannot begin with it. */
bool idl_grammar_expand(idl_shape *shape, unsigned symbol, unsigned next);
/** What both a module and an interface can contain. */
bool idl_grammar_expand_definition(idl_shape *shape, unsigned next);
bool idl_grammar_expand_expressions(idl_shape *shape, unsigned symbol, unsigned next);
bool idl_grammar_expand_annotations(idl_shape *shape, unsigned symbol, unsigned next);

#endif /* IDL_FORMAT_GRAMMAR_H */
