#include "idl/constant.h"

#include "idl/token.h"

#include <math.h>

__extension__ typedef __int128 wide;

static const wide LOWEST = -((wide)1 << 63);
static const wide HIGHEST = ((wide)1 << 64) - 1;

static wide to_wide(const idl_value *value)
{
    return value->negative ? -(wide)value->magnitude : (wide)value->magnitude;
}

static idl_fault from_wide(wide number, idl_value *ret)
{
    if (number < LOWEST || number > HIGHEST) {
        return IDL_FAULT_OVERFLOW;
    }
    *ret = (idl_value) { .kind = IDL_VALUE_INTEGER };
    ret->negative = number < 0;
    ret->magnitude = (uint64_t)(number < 0 ? -number : number);
    return IDL_FAULT_NONE;
}

idl_fault idl_integer_binary(int operation, const idl_value *left, const idl_value *right, idl_value *ret)
{
    const wide a = to_wide(left);
    const wide b = to_wide(right);
    wide result = 0;
    if ((operation == '/' || operation == '%') && b == 0) {
        return IDL_FAULT_ZERO;
    }
    if ((operation == IDL_MARK_SHIFT_LEFT || operation == '>') && (b < 0 || b > 63)) {
        return IDL_FAULT_SHIFT;
    }
    switch (operation) {
    case '|':
        result = a | b;
        break;
    case '^':
        result = a ^ b;
        break;
    case '&':
        result = a & b;
        break;
    case '+':
        result = a + b;
        break;
    case '-':
        result = a - b;
        break;
    case '*':
        if (__builtin_mul_overflow(a, b, &result)) {
            return IDL_FAULT_OVERFLOW;
        }
        break;
    case '/':
        result = a / b;
        break;
    case '%':
        result = a % b;
        break;
    case IDL_MARK_SHIFT_LEFT:
        if (__builtin_mul_overflow(a, (wide)1 << b, &result)) {
            return IDL_FAULT_OVERFLOW;
        }
        break;
    case '>': {
        /* Rounded down, as the shift of a negative number in two's complement is. */
        const wide divisor = (wide)1 << b;
        result = a >= 0 ? a / divisor : -((-a + divisor - 1) / divisor);
        break;
    }
    default:
        break;
    }
    return from_wide(result, ret);
}

idl_fault idl_float_binary(int operation, double left, double right, double *ret)
{
    if (operation == '/' && right == 0) {
        return IDL_FAULT_ZERO;
    }
    switch (operation) {
    case '+':
        *ret = left + right;
        break;
    case '-':
        *ret = left - right;
        break;
    case '*':
        *ret = left * right;
        break;
    default:
        *ret = left / right;
        break;
    }
    return isfinite(*ret) ? IDL_FAULT_NONE : IDL_FAULT_OVERFLOW;
}

idl_fault idl_integer_complement(const idl_value *value, unsigned bits, idl_value *ret)
{
    const wide number = to_wide(value);
    return from_wide(bits == 0 ? -number - 1 : ((wide)1 << bits) - 1 - number, ret);
}

idl_fault idl_integer_negate(const idl_value *value, idl_value *ret)
{
    return from_wide(-to_wide(value), ret);
}

bool idl_integer_fits(const idl_value *value, idl_type_kind kind)
{
    unsigned bits = 0;
    bool is_signed = false;
    switch (kind) {
    case IDL_OCTET:
    case IDL_UINT8:
    case IDL_INT8:
        bits = 8;
        is_signed = kind == IDL_INT8;
        break;
    case IDL_INT16:
    case IDL_UINT16:
        bits = 16;
        is_signed = kind == IDL_INT16;
        break;
    case IDL_INT32:
    case IDL_UINT32:
        bits = 32;
        is_signed = kind == IDL_INT32;
        break;
    case IDL_INT64:
    case IDL_UINT64:
        bits = 64;
        is_signed = kind == IDL_INT64;
        break;
    default:
        return false;
    }
    const wide number = to_wide(value);
    const wide low = is_signed ? -((wide)1 << (bits - 1)) : 0;
    const wide high = ((wide)1 << (is_signed ? bits - 1 : bits)) - 1;
    return number >= low && number <= high;
}

double idl_integer_to_double(const idl_value *value)
{
    const double number = (double)value->magnitude;
    return value->negative ? -number : number;
}

const char *idl_basic_type_text(idl_type_kind kind)
{
    switch (kind) {
    case IDL_VOID:
        return "void";
    case IDL_BOOLEAN:
        return "boolean";
    case IDL_OCTET:
        return "octet";
    case IDL_CHAR:
        return "char";
    case IDL_INT16:
        return "short";
    case IDL_UINT16:
        return "unsigned short";
    case IDL_INT32:
        return "long";
    case IDL_UINT32:
        return "unsigned long";
    case IDL_INT64:
        return "long long";
    case IDL_UINT64:
        return "unsigned long long";
    case IDL_FLOAT:
        return "float";
    case IDL_DOUBLE:
        return "double";
    case IDL_STRING:
        return "string";
    case IDL_SEQUENCE:
        return "sequence";
    case IDL_INT8:
        return "int8";
    case IDL_UINT8:
        return "uint8";
    case IDL_LONG_DOUBLE:
        return "long double";
    case IDL_WCHAR:
        return "wchar";
    case IDL_WSTRING:
        return "wstring";
    case IDL_FIXED:
        return "fixed";
    case IDL_ANY:
        return "any";
    case IDL_OBJECT:
        return "Object";
    case IDL_TYPECODE:
        return "TypeCode";
    case IDL_MAP:
        return "map";
    case IDL_ARRAY:
        return "array";
    case IDL_NAMED:
        break;
    }
    return "named type";
}
