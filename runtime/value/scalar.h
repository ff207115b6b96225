/** The checks of numbers that go beyond their C type: code points, bits, ranges. */
#ifndef CRB_SCALAR_H
#define CRB_SCALAR_H

#include "runtime/value/field.h"

enum { CRB_SCALAR_PROBLEM = 100 };

/** Is there something to check in a number of the type? */
static inline bool crb_scalar_is_checked(const corbel_type *type)
{
    return type->range != NULL || type->kind == CORBEL_KIND_WCHAR || type->kind == CORBEL_KIND_BITMASK;
}

/** Is the number at that address one of the type? If not, problem tells why not: "11, at most 10". Also for long double, of which
 *  there is nothing to check but the range. */
bool crb_scalar_check(const corbel_type *type, const void *at, char problem[CRB_SCALAR_PROBLEM]);

#endif /* CRB_SCALAR_H */
