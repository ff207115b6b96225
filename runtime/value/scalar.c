#include "runtime/value/scalar.h"

#include <inttypes.h>
#include <stdio.h>

static bool scalar_check_signed(const corbel_range *range, int64_t value, char problem[CRB_SCALAR_PROBLEM])
{
    if (range->has_min && value < range->min.i) {
        snprintf(problem, CRB_SCALAR_PROBLEM, "%" PRId64 ", at least %" PRId64, value, range->min.i);
        return false;
    }
    if (range->has_max && value > range->max.i) {
        snprintf(problem, CRB_SCALAR_PROBLEM, "%" PRId64 ", at most %" PRId64, value, range->max.i);
        return false;
    }
    return true;
}

static bool scalar_check_unsigned(const corbel_range *range, uint64_t value, char problem[CRB_SCALAR_PROBLEM])
{
    if (range->has_min && value < range->min.u) {
        snprintf(problem, CRB_SCALAR_PROBLEM, "%" PRIu64 ", at least %" PRIu64, value, range->min.u);
        return false;
    }
    if (range->has_max && value > range->max.u) {
        snprintf(problem, CRB_SCALAR_PROBLEM, "%" PRIu64 ", at most %" PRIu64, value, range->max.u);
        return false;
    }
    return true;
}

/** NaN is in no range. */
static bool scalar_check_floating(const corbel_range *range, long double value, char problem[CRB_SCALAR_PROBLEM])
{
    if (range->has_min && !(value >= range->min.d)) {
        snprintf(problem, CRB_SCALAR_PROBLEM, "%.17Lg, at least %.17g", value, range->min.d);
        return false;
    }
    if (range->has_max && !(value <= range->max.d)) {
        snprintf(problem, CRB_SCALAR_PROBLEM, "%.17Lg, at most %.17g", value, range->max.d);
        return false;
    }
    return true;
}

bool crb_scalar_check(const corbel_type *type, const void *at, char problem[CRB_SCALAR_PROBLEM])
{
    union {
        float f;
        double d;
        long double l;
    } value;
    if (type->kind == CORBEL_KIND_WCHAR && !crb_is_code_point(crb_unsigned_get(at, 4))) {
        snprintf(problem, CRB_SCALAR_PROBLEM, "%" PRIX64 " (hexadecimal) is not a code point", crb_unsigned_get(at, 4));
        return false;
    }
    if (type->kind == CORBEL_KIND_BITMASK && type->bound < 64 && crb_unsigned_get(at, type->size) >> type->bound != 0) {
        snprintf(problem, CRB_SCALAR_PROBLEM, "%" PRIX64 " (hexadecimal) is more than %u bits", crb_unsigned_get(at, type->size),
                 type->bound);
        return false;
    }
    if (type->range == NULL) {
        return true;
    }
    switch (type->kind) {
    case CORBEL_KIND_FLOAT:
        memcpy(&value.f, at, sizeof value.f);
        return scalar_check_floating(type->range, value.f, problem);
    case CORBEL_KIND_DOUBLE:
        memcpy(&value.d, at, sizeof value.d);
        return scalar_check_floating(type->range, value.d, problem);
    case CORBEL_KIND_LONG_DOUBLE:
        memcpy(&value.l, at, sizeof value.l);
        return scalar_check_floating(type->range, value.l, problem);
    default:
        return crb_is_signed(type->kind) ? scalar_check_signed(type->range, crb_integer_get(type, at), problem)
                                         : scalar_check_unsigned(type->range, (uint64_t)crb_integer_get(type, at), problem);
    }
}
