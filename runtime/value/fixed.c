#include "runtime/value/fixed.h"

#include <stdio.h>
#include <string.h>

static size_t fixed_digits(const char *text, size_t len)
{
    size_t n = 0;
    while (n < len && text[n] >= '0' && text[n] <= '9') {
        n++;
    }
    return n;
}

bool crb_fixed_parse(const char *text, size_t len, crb_fixed *ret)
{
    *ret = (crb_fixed) { .whole = text, .fraction = text };
    if (len == 0) {
        return true;
    }
    const bool negative = *text == '-';
    if (negative || *text == '+') {
        text++;
        len--;
    }
    ret->whole = text;
    ret->n_whole = fixed_digits(text, len);
    if (ret->n_whole == 0) {
        return false;
    }
    text += ret->n_whole;
    len -= ret->n_whole;
    if (len > 0) {
        ret->fraction = text + 1;
        ret->n_fraction = fixed_digits(text + 1, len - 1);
        if (*text != '.' || ret->n_fraction == 0 || ret->n_fraction != len - 1) {
            return false;
        }
    }
    while (ret->n_whole > 0 && *ret->whole == '0') {
        ret->whole++;
        ret->n_whole--;
    }
    while (ret->n_fraction > 0 && ret->fraction[ret->n_fraction - 1] == '0') {
        ret->n_fraction--;
    }
    ret->negative = negative && !crb_fixed_is_zero(ret);
    return true;
}

size_t crb_fixed_len(const crb_fixed *number)
{
    const size_t whole = number->n_whole > 0 ? number->n_whole : 1;
    return (number->negative ? 1 : 0) + whole + (number->n_fraction > 0 ? 1 + number->n_fraction : 0);
}

void crb_fixed_print(const crb_fixed *number, char *out)
{
    if (number->negative) {
        *out++ = '-';
    }
    if (number->n_whole == 0) {
        *out++ = '0';
    }
    memcpy(out, number->whole, number->n_whole);
    out += number->n_whole;
    if (number->n_fraction > 0) {
        *out++ = '.';
        memcpy(out, number->fraction, number->n_fraction);
    }
}

bool crb_fixed_equal(const crb_fixed *a, const crb_fixed *b)
{
    return a->negative == b->negative && a->n_whole == b->n_whole && a->n_fraction == b->n_fraction &&
           memcmp(a->whole, b->whole, a->n_whole) == 0 && memcmp(a->fraction, b->fraction, a->n_fraction) == 0;
}

bool crb_fixed_check(const corbel_type *type, const char *text, size_t len, crb_fixed *ret, char problem[CRB_FIXED_PROBLEM])
{
    if (!crb_fixed_parse(text, len, ret)) {
        snprintf(problem, CRB_FIXED_PROBLEM, "not a decimal number");
        return false;
    }
    const size_t whole = type->bound > type->count ? type->bound - type->count : 0;
    if (ret->n_whole > whole) {
        snprintf(problem, CRB_FIXED_PROBLEM, "%zu digits before the point, at most %zu", ret->n_whole, whole);
        return false;
    }
    if (ret->n_fraction > type->count) {
        snprintf(problem, CRB_FIXED_PROBLEM, "%zu digits behind the point, at most %u", ret->n_fraction, type->count);
        return false;
    }
    return true;
}
