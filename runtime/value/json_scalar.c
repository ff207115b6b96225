/* Numbers, booleans, enumerators and references from JSON. Integers may be strings (those of 64 bits are written so), and may
 * have an exponent or a fraction of zeros, as protobuf has it. */
#include "runtime/base/fail.h"
#include "runtime/value/json_read.h"
#include "runtime/value/scalar.h"

#include <corbel/object.h>
#include <float.h>
#include <math.h>
#include <stdlib.h>

/** An integer with its sign apart; false: it is none, or has more than 64 bits. */
static bool scalar_integer(const char *text, size_t len, bool *ret_negative, uint64_t *ret)
{
    static const double exact = 9007199254740992.0; /* 2^53: beyond it a double leaves integers out */
    const bool negative = *text == '-';
    uint64_t value = 0;
    size_t i = negative;
    for (; i < len && text[i] >= '0' && text[i] <= '9'; i++) {
        if (__builtin_mul_overflow(value, 10, &value) || __builtin_add_overflow(value, (uint64_t)(text[i] - '0'), &value)) {
            return false;
        }
    }
    if (i < len) {
        const double number = fabs(strtod(text, NULL));
        if (number > exact || number != floor(number)) {
            return false;
        }
        value = (uint64_t)number;
    }
    *ret_negative = negative && value != 0;
    *ret = value;
    return true;
}

static bool scalar_wire_of_integer(const corbel_type *type, const char *text, size_t len, uint64_t *ret)
{
    bool negative = false;
    uint64_t value = 0;
    if (!scalar_integer(text, len, &negative, &value)) {
        return false;
    }
    if (!crb_is_signed(type->kind)) {
        *ret = value;
        return !negative;
    }
    if (value > (uint64_t)INT64_MAX + negative) {
        return false;
    }
    const int64_t number = (int64_t)(negative ? ~value + 1 : value);
    if (type->kind == CORBEL_KIND_ENUM) {
        *ret = (uint64_t)number;
        return number >= INT32_MIN && number <= INT32_MAX; /* the wire's reader would cut it */
    }
    *ret = crb_zigzag(number);
    return true;
}

static bool scalar_floating(crb_json_reader *r, const corbel_type *type, const char *text, size_t len, const char *where,
                            const crb_path *path, uint64_t *ret)
{
    double number = 0;
    if (strcmp(text, "NaN") == 0) {
        number = (double)NAN;
    } else if (strcmp(text, "Infinity") == 0) {
        number = (double)INFINITY;
    } else if (strcmp(text, "-Infinity") == 0) {
        number = (double)-INFINITY;
    } else if (crb_json_number(text) == len && len > 0) {
        number = strtod(text, NULL);
        if (isinf(number) || (type->kind == CORBEL_KIND_FLOAT && isinf((float)number))) {
            return crb_json_fail(&r->text, where, CORBEL_INVALID_ARGUMENT, path, "out of range");
        }
    } else {
        return crb_json_fail(&r->text, where, CORBEL_INVALID_ARGUMENT, path, "not a number");
    }
    *ret = 0;
    if (type->kind == CORBEL_KIND_FLOAT) {
        const float narrow = (float)number;
        memcpy(ret, &narrow, sizeof narrow);
    } else {
        memcpy(ret, &number, sizeof number);
    }
    return true;
}

static bool scalar_enumerator(const corbel_type *type, const char *text, uint64_t *ret)
{
    for (uint32_t i = 0; i < type->count; i++) {
        if (strcmp(type->enumerators[i].name, text) == 0) {
            *ret = (uint64_t)(int64_t)type->enumerators[i].value;
            return true;
        }
    }
    return false;
}

/** Is the number one of the type? */
static bool scalar_check(crb_json_reader *r, const corbel_type *type, uint64_t wire, const char *where, const crb_path *path)
{
    union {
        uint64_t integer;
        double number;
    } value;
    char problem[CRB_SCALAR_PROBLEM] = "out of range";
    return (crb_scalar_store(type, &value, wire) && (!crb_scalar_is_checked(type) || crb_scalar_check(type, &value, problem))) ||
           crb_json_fail(&r->text, where, CORBEL_INVALID_ARGUMENT, path, "%s", problem);
}

bool crb_json_scalar_of(crb_json_reader *r, const corbel_type *type, const char *text, size_t len, const char *where,
                        const crb_path *path, uint64_t *ret)
{
    if (type->kind == CORBEL_KIND_FLOAT || type->kind == CORBEL_KIND_DOUBLE) {
        return scalar_floating(r, type, text, len, where, path, ret) && scalar_check(r, type, *ret, where, path);
    }
    if (type->kind == CORBEL_KIND_BOOL) {
        *ret = strcmp(text, "true") == 0;
        return *ret != 0 || strcmp(text, "false") == 0 ||
               crb_json_fail(&r->text, where, CORBEL_INVALID_ARGUMENT, path, "neither true nor false");
    }
    if (type->kind == CORBEL_KIND_ENUM && scalar_enumerator(type, text, ret)) {
        return true;
    }
    if (len == 0 || crb_json_number(text) != len) {
        return crb_json_fail(&r->text, where, CORBEL_INVALID_ARGUMENT, path,
                             type->kind == CORBEL_KIND_ENUM ? "no such enumerator" : "not a number");
    }
    return (scalar_wire_of_integer(type, text, len, ret) ||
            crb_json_fail(&r->text, where, CORBEL_INVALID_ARGUMENT, path, "not a whole number, or out of range")) &&
           scalar_check(r, type, *ret, where, path);
}

static bool scalar_reference(crb_json_reader *r, const corbel_type *type, const char *where, const crb_path *path, uint64_t *ret)
{
    const char *const uri = (const char *)r->text.string.data;
    corbel_object *object = NULL;
    corbel_error error = CORBEL_ERROR_INIT;
    *ret = 0;
    if (*uri == '\0') {
        return true; /* nil */
    }
    if (r->runtime == NULL) {
        return crb_json_fail(&r->text, where, CORBEL_INVALID_ARGUMENT, path, "a reference, which needs a runtime");
    }
    if (corbel_object_from_uri(r->runtime, type->interface, uri, &object, &error)) {
        crb_json_fail(&r->text, where, error.status, path, "%s", error.message);
        corbel_error_clear(&error);
        return false;
    }
    *ret = crb_any_objects_add(&r->objects, object, NULL, &r->text.error);
    corbel_object_unref(object); /* the list has its own count */
    return *ret != 0;
}

bool crb_json_read_scalar(crb_json_reader *r, const corbel_type *type, const crb_path *path, uint64_t *ret)
{
    crb_json_space(&r->text);
    const char *const where = r->text.at;
    if (type->kind == CORBEL_KIND_REFERENCE) {
        return crb_json_string(&r->text, path) && scalar_reference(r, type, where, path, ret);
    }
    if (type->kind == CORBEL_KIND_BOOL) {
        *ret = crb_json_take_word(&r->text, "true");
        return *ret != 0 || crb_json_take_word(&r->text, "false") ||
               crb_json_fail(&r->text, where, CORBEL_INVALID_ARGUMENT, path, "%s, not a boolean", crb_json_what(where));
    }
    if (*where == '"') {
        return crb_json_string(&r->text, path) &&
               crb_json_scalar_of(r, type, (const char *)r->text.string.data, r->text.string.len, where, path, ret);
    }
    const size_t len = crb_json_number(where);
    if (len == 0) {
        return crb_json_fail(&r->text, where, CORBEL_INVALID_ARGUMENT, path, "%s, not a number", crb_json_what(where));
    }
    /* A copy with an end: what is behind it is none of strtod()'s business. */
    r->text.string.len = 0;
    crb_buf_append(&r->text.string, where, len);
    crb_buf_append(&r->text.string, "", 1);
    if (r->text.string.failed) {
        crb_fail(&r->text.error, CORBEL_NO_MEMORY, CORBEL_COMPLETED_NO, "no memory for a number");
        return false;
    }
    r->text.at += len;
    return crb_json_scalar_of(r, type, (const char *)r->text.string.data, len, where, path, ret);
}
