/* Numbers, booleans, enumerators and references from JSON. Integers may be strings (those of 64 bits are written so), and may
 * have an exponent or a fraction of zeros, as protobuf has it. */
#include "runtime/base/fail.h"
#include "runtime/value/json_read.h"
#include "runtime/value/scalar.h"

#include <corbel/object.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>

/** A number of JSON: an integer with its sign apart, where it has neither a fraction nor an exponent; and about what it is. */
typedef struct scalar_number {
    bool whole, negative; /* whole: it is value, exactly */
    uint64_t value;
    double real; /* infinite: beyond a double */
} scalar_number;

static bool scalar_is_floating(const corbel_type *type)
{
    return type->kind == CORBEL_KIND_FLOAT || type->kind == CORBEL_KIND_DOUBLE;
}

static scalar_number scalar_of_json(const json_t *json)
{
    if (json_is_real(json)) {
        return (scalar_number) { .real = json_real_value(json) };
    }
    const json_int_t value = json_integer_value(json);
    return (scalar_number) {
        .whole = true,
        .negative = value < 0,
        .value = value < 0 ? ~(uint64_t)value + 1 : (uint64_t)value,
        .real = (double)value,
    };
}

/** The whole of the text as a number, for the type. false: it is none, or (then the error is set) there is no memory. */
static bool scalar_of_text(crb_json_reader *r, const corbel_type *type, const char *text, size_t len, scalar_number *ret)
{
    const char *const first = *text == '-' ? text + 1 : text;
    const size_t digits = strspn(first, "0123456789");
    *ret = (scalar_number) { .real = (double)INFINITY };
    if (digits == 0 || strchr("0123456789", text[len - 1]) == NULL) {
        return false; /* so there is no white space around it for the parser to skip */
    }
    if (!scalar_is_floating(type) && first + digits == text + len && (digits == 1 || *first != '0')) {
        errno = 0;
        ret->value = strtoull(first, NULL, 10); /* which the parser reads up to INT64_MAX only */
        ret->whole = errno == 0;
        ret->negative = first != text && ret->value != 0;
        return true;
    }
    enum json_error_code code = json_error_unknown;
    corbel_error error = CORBEL_ERROR_INIT;
    json_t *const json = crb_json_parse(text, len, JSON_DECODE_ANY | JSON_DECODE_INT_AS_REAL, &code, &error);
    if (json != NULL) {
        ret->real = json_real_value(json);
        json_decref(json);
        return true;
    }
    if (error.status == CORBEL_NO_MEMORY) {
        crb_error_move(&r->error, &error);
    }
    corbel_error_clear(&error);
    return code == json_error_numeric_overflow;
}

static bool scalar_wire_of_integer(const corbel_type *type, const scalar_number *number, uint64_t *ret)
{
    static const double exact = 9007199254740992.0; /* 2^53: from there on a double may be meant for a neighbour */
    bool negative = number->negative;
    uint64_t value = number->value;
    if (!number->whole) {
        const double size = fabs(number->real);
        if (!(size < exact) || size != floor(size)) {
            return false;
        }
        value = (uint64_t)size;
        negative = number->real < 0;
    }
    if (!crb_is_signed(type->kind)) {
        *ret = value;
        return !negative;
    }
    if (value > (uint64_t)INT64_MAX + negative) {
        return false;
    }
    const int64_t integer = (int64_t)(negative ? ~value + 1 : value);
    if (type->kind == CORBEL_KIND_ENUM) {
        *ret = (uint64_t)integer;
        return integer >= INT32_MIN && integer <= INT32_MAX; /* the wire's reader would cut it */
    }
    *ret = crb_zigzag(integer);
    return true;
}

static bool scalar_wire_of_floating(const corbel_type *type, double number, uint64_t *ret)
{
    *ret = 0;
    if (type->kind == CORBEL_KIND_FLOAT) {
        const float narrow = (float)number;
        memcpy(ret, &narrow, sizeof narrow);
        return isinf(number) || !isinf(narrow);
    }
    memcpy(ret, &number, sizeof number);
    return true;
}

/** What proto3 writes as strings. */
static bool scalar_special(const char *text, double *ret)
{
    static const struct {
        const char *text;
        double number;
    } rows[] = { { "NaN", (double)NAN }, { "Infinity", (double)INFINITY }, { "-Infinity", (double)-INFINITY } };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (strcmp(rows[i].text, text) == 0) {
            *ret = rows[i].number;
            return true;
        }
    }
    return false;
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
static bool scalar_check(crb_json_reader *r, const corbel_type *type, uint64_t wire, const crb_path *path)
{
    union {
        uint64_t integer;
        double number;
    } value;
    char problem[CRB_SCALAR_PROBLEM] = "out of range";
    return (crb_scalar_store(type, &value, wire) && (!crb_scalar_is_checked(type) || crb_scalar_check(type, &value, problem))) ||
           crb_json_fail(&r->error, CORBEL_INVALID_ARGUMENT, path, "%s", problem);
}

/** The number as one of the type. */
static bool scalar_number_of(crb_json_reader *r, const corbel_type *type, const scalar_number *number, const crb_path *path,
                             uint64_t *ret)
{
    if (scalar_is_floating(type)) {
        if (isinf(number->real) || !scalar_wire_of_floating(type, number->real, ret)) {
            return crb_json_fail(&r->error, CORBEL_INVALID_ARGUMENT, path, "out of range");
        }
    } else if (!scalar_wire_of_integer(type, number, ret)) {
        return crb_json_fail(&r->error, CORBEL_INVALID_ARGUMENT, path, "not a whole number, or out of range");
    }
    return scalar_check(r, type, *ret, path);
}

bool crb_json_scalar_of(crb_json_reader *r, const corbel_type *type, const char *text, size_t len, const crb_path *path,
                        uint64_t *ret)
{
    scalar_number number;
    double special = 0;
    if (type->kind == CORBEL_KIND_BOOL) {
        *ret = strcmp(text, "true") == 0;
        return *ret != 0 || strcmp(text, "false") == 0 ||
               crb_json_fail(&r->error, CORBEL_INVALID_ARGUMENT, path, "neither true nor false");
    }
    if (type->kind == CORBEL_KIND_ENUM && scalar_enumerator(type, text, ret)) {
        return true;
    }
    if (scalar_is_floating(type) && scalar_special(text, &special)) {
        return scalar_wire_of_floating(type, special, ret) && scalar_check(r, type, *ret, path);
    }
    if (scalar_of_text(r, type, text, len, &number)) {
        return scalar_number_of(r, type, &number, path, ret);
    }
    return r->error.status != CORBEL_NO_MEMORY &&
           crb_json_fail(&r->error, CORBEL_INVALID_ARGUMENT, path,
                         type->kind == CORBEL_KIND_ENUM ? "no such enumerator" : "not a number");
}

/** "#2": the second of the references beside the text. */
static bool scalar_place(crb_json_reader *r, const char *text, const crb_path *path, uint64_t *ret)
{
    uint64_t place = 0;
    const char *at = text + 1;
    while (*at >= '0' && *at <= '9' && place <= r->references->len) {
        place = 10 * place + (uint64_t)(*at++ - '0');
    }
    if (*at != '\0' || place == 0 || place > r->references->len) {
        return crb_json_fail(&r->error, CORBEL_INVALID_ARGUMENT, path, "no such reference beside the text, which has %zu",
                             r->references->len);
    }
    corbel_object *const object = r->references->items[place - 1];
    *ret = object == NULL ? 0 : crb_any_objects_add(&r->objects, object, NULL, &r->error);
    return object == NULL || *ret != 0;
}

static bool scalar_reference(crb_json_reader *r, const corbel_type *type, const char *uri, const crb_path *path, uint64_t *ret)
{
    corbel_object *object = NULL;
    corbel_error error = CORBEL_ERROR_INIT;
    *ret = 0;
    if (*uri == '\0') {
        return true; /* nil */
    }
    if (*uri == '#' && r->references != NULL) {
        return scalar_place(r, uri, path, ret);
    }
    if (r->runtime == NULL) {
        return crb_json_fail(&r->error, CORBEL_INVALID_ARGUMENT, path, "a reference, which needs a runtime");
    }
    if (corbel_object_from_uri(r->runtime, type->interface, uri, &object, &error)) {
        crb_json_fail(&r->error, error.status, path, "%s", error.message);
        corbel_error_clear(&error);
        return false;
    }
    *ret = crb_any_objects_add(&r->objects, object, NULL, &r->error);
    corbel_object_unref(object); /* the list has its own count */
    return *ret != 0;
}

bool crb_json_read_scalar(crb_json_reader *r, json_t *json, const corbel_type *type, const crb_path *path, uint64_t *ret)
{
    size_t len = 0;
    if (type->kind == CORBEL_KIND_BOOL) {
        *ret = json_is_true(json);
        return json_is_boolean(json) ||
               crb_json_fail(&r->error, CORBEL_INVALID_ARGUMENT, path, "%s, not a boolean", crb_json_what(json));
    }
    if (type->kind == CORBEL_KIND_REFERENCE || json_is_string(json)) {
        const char *const text = crb_json_string(r, json, path, &len);
        return text != NULL && (type->kind == CORBEL_KIND_REFERENCE ? scalar_reference(r, type, text, path, ret)
                                                                    : crb_json_scalar_of(r, type, text, len, path, ret));
    }
    if (!json_is_number(json)) {
        return crb_json_fail(&r->error, CORBEL_INVALID_ARGUMENT, path, "%s, not a number", crb_json_what(json));
    }
    const scalar_number number = scalar_of_json(json);
    return scalar_number_of(r, type, &number, path, ret);
}
