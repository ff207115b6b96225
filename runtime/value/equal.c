#include "runtime/value/any.h"

static bool equal_floats(const void *a, const void *b)
{
    float x = 0, y = 0;
    memcpy(&x, a, sizeof x);
    memcpy(&y, b, sizeof y);
    return x == y;
}

static bool equal_doubles(const void *a, const void *b)
{
    double x = 0, y = 0;
    memcpy(&x, a, sizeof x);
    memcpy(&y, b, sizeof y);
    return x == y;
}

/** Integers, for which equal bytes are equal values. */
static bool equal_by_bytes(corbel_kind kind)
{
    return kind <= CORBEL_KIND_ENUM && kind != CORBEL_KIND_BOOL && kind != CORBEL_KIND_FLOAT && kind != CORBEL_KIND_DOUBLE;
}

static bool equal_sequences(const corbel_type *type, const void *a, const void *b)
{
    const crb_view x = crb_view_get(a), y = crb_view_get(b);
    if (x.len != y.len) {
        return false;
    }
    if (x.len == 0) {
        return true;
    }
    if (crb_is_bytes(type) || equal_by_bytes(type->element->kind)) {
        return memcmp(x.items, y.items, x.len * type->element->size) == 0;
    }
    for (size_t i = 0; i < x.len; i++) {
        const size_t offset = i * type->element->size;
        if (!corbel_value_equal(type->element, (const uint8_t *)x.items + offset, (const uint8_t *)y.items + offset)) {
            return false;
        }
    }
    return true;
}

bool corbel_value_equal(const corbel_type *type, const void *a, const void *b)
{
    switch (type->kind) {
    case CORBEL_KIND_FLOAT:
        return equal_floats(a, b);
    case CORBEL_KIND_DOUBLE:
        return equal_doubles(a, b);
    case CORBEL_KIND_STRING:
        return strcmp(crb_string_get(a), crb_string_get(b)) == 0;
    case CORBEL_KIND_REFERENCE:
        return corbel_object_equal(crb_reference_get(a), crb_reference_get(b));
    case CORBEL_KIND_ANY:
        return corbel_any_equal(crb_any_get(a), crb_any_get(b));
    case CORBEL_KIND_SEQUENCE:
        return equal_sequences(type, a, b);
    case CORBEL_KIND_STRUCT:
        for (uint32_t i = 0; i < type->count; i++) {
            const corbel_member *member = &type->members[i];
            if (!corbel_value_equal(member->type, (const uint8_t *)a + member->offset, (const uint8_t *)b + member->offset)) {
                return false;
            }
        }
        return true;
    default:
        return crb_scalar_load(type, a) == crb_scalar_load(type, b);
    }
}
