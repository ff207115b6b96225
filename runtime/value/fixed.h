/** Fixed numbers: exact decimal text, [+-]digits[.digits]. */
#ifndef CRB_FIXED_H
#define CRB_FIXED_H

#include <corbel/generated.h>

/** A decimal number as parts of the text it was read from, without what does not count: leading zeros, and trailing ones behind
 *  the point. */
typedef struct crb_fixed {
    bool negative; /* never of zero */
    const char *whole, *fraction;
    size_t n_whole, n_fraction;
} crb_fixed;

/** Empty text is 0. false: not a decimal number. */
bool crb_fixed_parse(const char *text, size_t len, crb_fixed *ret);
static inline bool crb_fixed_is_zero(const crb_fixed *number)
{
    return number->n_whole + number->n_fraction == 0;
}
/** Bytes of its shortest form ("12.5", "0", "-0.3"), without a NUL. */
size_t crb_fixed_len(const crb_fixed *number);
/** Writes that form, and no NUL, to out, which must not be its own text. */
void crb_fixed_print(const crb_fixed *number, char *out);
bool crb_fixed_equal(const crb_fixed *a, const crb_fixed *b);

enum { CRB_FIXED_PROBLEM = 100 };
/** Does text hold a number with the type's digits? If not, problem tells why not. */
bool crb_fixed_check(const corbel_type *type, const char *text, size_t len, crb_fixed *ret, char problem[CRB_FIXED_PROBLEM]);

#endif /* CRB_FIXED_H */
