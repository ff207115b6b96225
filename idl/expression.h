/** What the files of constant expressions share: what a value is to become, and a value with its place. */
#ifndef IDL_EXPRESSION_H
#define IDL_EXPRESSION_H

#include "idl/parser.h"

/** What the constant is to be. */
typedef struct expr_target {
    int kind;              /* the idl_value kind; NONE: the type is bad, and nothing is checked; EXPR_ANY: what it is by itself */
    idl_type_kind type;    /* INTEGER, FLOAT */
    const idl_decl *named; /* ENUM, BITS */
} expr_target;

enum { EXPR_ANY = -1 };

/** A value and where its expression stands. */
typedef struct expr_value {
    idl_value value;
    idl_range range;
} expr_value;

/** The value as the target wants it, or NONE after a message. */
void idl_expr_convert(idl_parser *parser, const expr_target *target, expr_value *operand);

/** "a floating-point number": what it is, for a message. */
const char *idl_expr_value_text(const idl_value *value);

/** or_expr, the whole of an expression. False: it was reported, and not all of it was read. */
bool idl_expr_parse(idl_parser *parser, const expr_target *target, expr_value *ret);

#endif /* IDL_EXPRESSION_H */
