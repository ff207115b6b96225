/* Numbers are arrays of decimal digits, the lowest first. 31 digits leave room for the school's methods without any thought. */
#include "idl/fixed.h"

#include "idl/text.h"

#include <string.h>

/* The longest that comes about: a dividend of 31 digits, lengthened by the divisor's 31 and the quotient's 31, and its scale. */
#define ROOM 160

typedef struct number {
    uint8_t digits[ROOM]; /* zero above length */
    size_t length;        /* without zeros at the top */
    size_t scale;         /* digits behind the point */
    bool negative;
} number;

static void trim(number *value)
{
    while (value->length > 0 && value->digits[value->length - 1] == 0) {
        value->length--;
    }
}

/* Takes the lowest digit away. */
static void drop(number *value)
{
    memmove(value->digits, value->digits + 1, ROOM - 1);
    value->digits[ROOM - 1] = 0;
    value->length -= value->length > 0 ? 1 : 0;
    value->scale--;
}

/* Adds a zero at the low end. */
static void lengthen(number *value)
{
    memmove(value->digits + 1, value->digits, ROOM - 1);
    value->digits[0] = 0;
    value->length += value->length > 0 ? 1 : 0;
    value->scale++;
}

static number read_number(const char *text, size_t length)
{
    number value = { .negative = length > 0 && *text == '-' };
    bool behind = false;
    for (size_t i = 0; i < length && value.length < ROOM; i++) {
        behind = behind || text[i] == '.';
        if (!idl_is_digit(text[i])) {
            continue;
        }
        memmove(value.digits + 1, value.digits, ROOM - 1);
        value.digits[0] = (uint8_t)(text[i] - '0');
        value.length += value.length > 0 || value.digits[0] > 0 ? 1 : 0;
        value.scale += behind ? 1 : 0;
    }
    return value;
}

/* As text, with at most 31 digits. */
static idl_fault write_number(number value, char *ret)
{
    trim(&value);
    while (value.scale > 0 && (value.length > IDL_FIXED_DIGITS || value.scale > IDL_FIXED_DIGITS)) {
        drop(&value);
    }
    if (value.length > IDL_FIXED_DIGITS) {
        return IDL_FAULT_OVERFLOW;
    }
    char *at = ret;
    if (value.negative && value.length > 0) {
        *at++ = '-';
    }
    const size_t written = value.length > value.scale ? value.length : value.scale;
    if (written == value.scale) {
        *at++ = '0';
    }
    for (size_t i = written; i-- > 0;) {
        if (i + 1 == value.scale) {
            *at++ = '.';
        }
        *at++ = (char)('0' + value.digits[i]);
    }
    *at = '\0';
    return IDL_FAULT_NONE;
}

/* Of the digits alone; the scales are the same. */
static int compare_digits(const number *one, const number *other)
{
    for (size_t i = ROOM; i-- > 0;) {
        if (one->digits[i] != other->digits[i]) {
            return one->digits[i] < other->digits[i] ? -1 : 1;
        }
    }
    return 0;
}

/* larger -= smaller, digits alone. */
static void subtract(number *larger, const number *smaller)
{
    int borrow = 0;
    for (size_t i = 0; i < ROOM; i++) {
        const int digit = larger->digits[i] - smaller->digits[i] - borrow;
        borrow = digit < 0 ? 1 : 0;
        larger->digits[i] = (uint8_t)(digit + 10 * borrow);
    }
    larger->length = ROOM;
    trim(larger);
}

static number add(number left, number right)
{
    if (left.negative != right.negative) {
        const bool left_is_larger = compare_digits(&left, &right) >= 0;
        number *larger = left_is_larger ? &left : &right;
        subtract(larger, left_is_larger ? &right : &left);
        return *larger;
    }
    unsigned carry = 0;
    for (size_t i = 0; i < ROOM; i++) {
        const unsigned digit = (unsigned)left.digits[i] + right.digits[i] + carry;
        left.digits[i] = (uint8_t)(digit % 10);
        carry = digit / 10;
    }
    left.length = ROOM;
    return left;
}

static number multiply(const number *left, const number *right)
{
    number product = { .scale = left->scale + right->scale, .negative = left->negative != right->negative, .length = ROOM };
    for (size_t i = 0; i < left->length; i++) {
        unsigned carry = 0;
        for (size_t j = 0; i + j < ROOM && (j < right->length || carry > 0); j++) {
            const unsigned digit = product.digits[i + j] + (unsigned)left->digits[i] * right->digits[j] + carry;
            product.digits[i + j] = (uint8_t)(digit % 10);
            carry = digit / 10;
        }
    }
    return product;
}

static number divide(number left, const number *right)
{
    /* So many digits that the quotient has more than 31, whatever the divisor; what is too much is cut off again. */
    while (left.length < right->length + IDL_FIXED_DIGITS + 1 || left.scale < right->scale) {
        if (left.length == 0 && left.scale >= right->scale) {
            break; /* zero stays zero */
        }
        lengthen(&left);
    }
    number quotient = { .scale = left.scale - right->scale, .negative = left.negative != right->negative, .length = ROOM };
    number rest = { 0 };
    for (size_t i = left.length; i-- > 0;) {
        lengthen(&rest);
        rest.digits[0] = left.digits[i];
        while (compare_digits(&rest, right) >= 0) {
            subtract(&rest, right);
            quotient.digits[i]++;
        }
    }
    while (quotient.scale > 0 && quotient.digits[0] == 0) {
        drop(&quotient);
    }
    return quotient;
}

static void align(number *left, number *right)
{
    while (left->scale < right->scale) {
        lengthen(left);
    }
    while (right->scale < left->scale) {
        lengthen(right);
    }
}

idl_fault idl_fixed_parse(const char *text, size_t length, char *ret)
{
    const number value = read_number(text, length);
    if (value.length > IDL_FIXED_DIGITS || value.scale > IDL_FIXED_DIGITS) {
        return IDL_FAULT_OVERFLOW;
    }
    return write_number(value, ret);
}

idl_fault idl_fixed_binary(int operation, const char *left, const char *right, char *ret)
{
    number a = read_number(left, strlen(left));
    number b = read_number(right, strlen(right));
    if (operation == '*') {
        return write_number(multiply(&a, &b), ret);
    }
    if (operation == '/') {
        return b.length == 0 ? IDL_FAULT_ZERO : write_number(divide(a, &b), ret);
    }
    b.negative = b.negative != (operation == '-');
    align(&a, &b);
    return write_number(add(a, b), ret);
}

void idl_fixed_negate(const char *number_text, char *ret)
{
    number value = read_number(number_text, strlen(number_text));
    value.negative = !value.negative;
    write_number(value, ret); /* cannot fail: it has as many digits as before */
}

void idl_fixed_measure(const char *number_text, uint32_t *ret_before, uint32_t *ret_behind)
{
    number value = read_number(number_text, strlen(number_text));
    while (value.scale > 0 && value.digits[0] == 0) {
        drop(&value);
    }
    *ret_before = (uint32_t)(value.length > value.scale ? value.length - value.scale : 0);
    *ret_behind = (uint32_t)value.scale;
}

int idl_fixed_compare(const char *left, const char *right)
{
    number a = read_number(left, strlen(left));
    number b = read_number(right, strlen(right));
    align(&a, &b);
    if (a.length == 0 && b.length == 0) {
        return 0;
    }
    if (a.negative != b.negative) {
        return a.negative ? -1 : 1;
    }
    return a.negative ? compare_digits(&b, &a) : compare_digits(&a, &b);
}
