/** Constant arithmetic. Integers are computed in 128 bits and must fit, after every operation, into 64 bits signed or unsigned.
 */
#ifndef IDL_CONSTANT_H
#define IDL_CONSTANT_H

#include "idl/model.h"

typedef enum idl_fault {
    IDL_FAULT_NONE,
    IDL_FAULT_OVERFLOW,
    IDL_FAULT_ZERO,  /* division by it */
    IDL_FAULT_SHIFT, /* by less than 0 or more than 63 */
} idl_fault;

/** left OP right, both INTEGER. operation: one of | ^ & + - * / %, or IDL_MARK_SHIFT_LEFT, or '>' for a shift to the right. */
idl_fault idl_integer_binary(int operation, const idl_value *left, const idl_value *right, idl_value *ret);

/** left OP right, both FLOAT. operation: one of + - * /. */
idl_fault idl_float_binary(int operation, double left, double right, double *ret);

/** The complement: of an unsigned type of so many bits 2^bits - 1 - value; otherwise (bits 0) -value - 1. */
idl_fault idl_integer_complement(const idl_value *value, unsigned bits, idl_value *ret);

/** -value. */
idl_fault idl_integer_negate(const idl_value *value, idl_value *ret);

/** The value fits into the integer type (or octet). */
bool idl_integer_fits(const idl_value *value, idl_type_kind kind);

/** The value as a double. */
double idl_integer_to_double(const idl_value *value);

/** "unsigned short", "octet", …: a basic type as it is written. */
const char *idl_basic_type_text(idl_type_kind kind);

#endif /* IDL_CONSTANT_H */
