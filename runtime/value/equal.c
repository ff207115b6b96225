#include "runtime/value/any.h"
#include "runtime/value/fixed.h"
#include "runtime/value/union.h"

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

static bool equal_long_doubles(const void *a, const void *b)
{
    long double x = 0, y = 0;
    memcpy(&x, a, sizeof x);
    memcpy(&y, b, sizeof y);
    return x == y;
}

/** By value; what is no number, as text. */
static bool equal_fixed(const void *a, const void *b)
{
    const char *x = crb_string_get(a), *y = crb_string_get(b);
    crb_fixed first, second;
    if (!crb_fixed_parse(x, strlen(x), &first) || !crb_fixed_parse(y, strlen(y), &second)) {
        return strcmp(x, y) == 0;
    }
    return crb_fixed_equal(&first, &second);
}

/** Integers, for which equal bytes are equal values. */
static bool equal_by_bytes(corbel_kind kind)
{
    return kind <= CORBEL_KIND_ENUM && kind != CORBEL_KIND_BOOL && kind != CORBEL_KIND_FLOAT && kind != CORBEL_KIND_DOUBLE;
}

/** n items in a row. */
static bool equal_items(const corbel_type *element, size_t n, const void *a, const void *b)
{
    if (equal_by_bytes(element->kind)) {
        return memcmp(a, b, n * element->size) == 0;
    }
    for (size_t i = 0; i < n; i++) {
        const size_t offset = i * element->size;
        if (!corbel_value_equal(element, (const uint8_t *)a + offset, (const uint8_t *)b + offset)) {
            return false;
        }
    }
    return true;
}

static bool equal_views(const corbel_type *type, const void *a, const void *b)
{
    const crb_view x = crb_view_get(a), y = crb_view_get(b);
    return x.len == y.len && (x.len == 0 || equal_items(type->element, x.len, x.items, y.items));
}

static bool equal_members(const corbel_member *member, const void *a, const void *b)
{
    const uint8_t *x = (const uint8_t *)a + member->offset, *y = (const uint8_t *)b + member->offset;
    if ((member->flags & CORBEL_OPTIONAL) != 0) {
        const void *first = crb_pointer_get(x), *second = crb_pointer_get(y);
        if (first == NULL || second == NULL) {
            return first == second;
        }
        if (!crb_is_pointer(member->type)) {
            x = first;
            y = second;
        }
    }
    return corbel_value_equal(member->type, x, y);
}

static bool equal_unions(const corbel_type *type, const void *a, const void *b)
{
    if (!equal_members(&type->members[0], a, b)) {
        return false;
    }
    const corbel_member *selected = crb_union_case(type, a);
    return selected == NULL || equal_members(selected, a, b);
}

bool corbel_value_equal(const corbel_type *type, const void *a, const void *b)
{
    switch (type->kind) {
    case CORBEL_KIND_FLOAT:
        return equal_floats(a, b);
    case CORBEL_KIND_DOUBLE:
        return equal_doubles(a, b);
    case CORBEL_KIND_LONG_DOUBLE:
        return equal_long_doubles(a, b);
    case CORBEL_KIND_STRING:
        return strcmp(crb_string_get(a), crb_string_get(b)) == 0;
    case CORBEL_KIND_FIXED:
        return equal_fixed(a, b);
    case CORBEL_KIND_REFERENCE:
        return corbel_object_equal(crb_reference_get(a), crb_reference_get(b));
    case CORBEL_KIND_ANY:
        return corbel_any_equal(crb_any_get(a), crb_any_get(b));
    case CORBEL_KIND_SEQUENCE:
    case CORBEL_KIND_MAP:
        return equal_views(type, a, b);
    case CORBEL_KIND_ARRAY:
        return equal_items(type->element, type->bound, a, b);
    case CORBEL_KIND_UNION:
        return equal_unions(type, a, b);
    case CORBEL_KIND_STRUCT:
        for (uint32_t i = 0; i < type->count; i++) {
            if (!equal_members(&type->members[i], a, b)) {
                return false;
            }
        }
        return true;
    default:
        return crb_scalar_load(type, a) == crb_scalar_load(type, b);
    }
}
