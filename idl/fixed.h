/** Exact decimal arithmetic for constants of fixed-point types. A number is text, "-12.50", and has at most 31 digits; a result
 * with more loses those farthest behind the point. */
#ifndef IDL_FIXED_H
#define IDL_FIXED_H

#include "idl/constant.h"

/** The most digits that a fixed-point number has. */
#define IDL_FIXED_DIGITS 31
/** Room for one as text: sign, digits, a zero before the point, the point, NUL. */
#define IDL_FIXED_TEXT (IDL_FIXED_DIGITS + 4)

/** Digits with at most one point among them, as they are written. Faults: more than 31 digits. */
idl_fault idl_fixed_parse(const char *text, size_t length, char *ret);

/** left OP right. operation: one of + - * /. ret may be one of the operands. */
idl_fault idl_fixed_binary(int operation, const char *left, const char *right, char *ret);

/** -number. */
void idl_fixed_negate(const char *number, char *ret);

/** How many digits stand before and behind the point, zeros at the ends aside. */
void idl_fixed_measure(const char *number, uint32_t *ret_before, uint32_t *ret_behind);

/** Which is the larger: less than 0, 0, more than 0, as strcmp(). */
int idl_fixed_compare(const char *left, const char *right);

#endif /* IDL_FIXED_H */
