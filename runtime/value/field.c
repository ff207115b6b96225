#include "runtime/value/field.h"

#include <stdio.h>

static bool field_store_u8(void *at, uint64_t wire)
{
    const uint8_t value = (uint8_t)wire;
    memcpy(at, &value, 1);
    return wire == value;
}

/** A bitmask of size bytes; bits: that it has. */
static bool field_store_mask(void *at, uint64_t wire, size_t size, uint32_t bits)
{
    if (bits < 64 && wire >> bits != 0) {
        return false;
    }
    memcpy(at, &wire, size); /* little-endian, as fixed-size numbers are, too */
    return true;
}

bool crb_scalar_store(const corbel_type *type, void *at, uint64_t wire)
{
    const int64_t number = crb_unzigzag(wire);
    const int64_t extended = (int64_t)wire;
    const int16_t i16 = (int16_t)number;
    const uint16_t u16 = (uint16_t)wire;
    int32_t i32 = (int32_t)number;
    const uint32_t u32 = (uint32_t)wire;
    switch (type->kind) {
    case CORBEL_KIND_BOOL:
        return field_store_u8(at, wire != 0);
    case CORBEL_KIND_UINT8:
    case CORBEL_KIND_CHAR:
        return wire <= UINT8_MAX && field_store_u8(at, wire);
    case CORBEL_KIND_INT8:
        if (number < INT8_MIN || number > INT8_MAX) {
            return false;
        }
        return field_store_u8(at, (uint8_t)number);
    case CORBEL_KIND_WCHAR:
        if (!crb_is_code_point(wire)) {
            return false;
        }
        memcpy(at, &u32, 4);
        return true;
    case CORBEL_KIND_BITMASK:
        return field_store_mask(at, wire, type->size, type->bound);
    case CORBEL_KIND_INT16:
        if (number != i16) {
            return false;
        }
        memcpy(at, &i16, 2);
        return true;
    case CORBEL_KIND_UINT16:
        if (wire != u16) {
            return false;
        }
        memcpy(at, &u16, 2);
        return true;
    case CORBEL_KIND_INT32:
        if (number != i32) {
            return false;
        }
        memcpy(at, &i32, 4);
        return true;
    case CORBEL_KIND_ENUM:
        /* Negative ones are sign-extended to 64 bits; some writers extend to 32 only. */
        if (wire > UINT32_MAX && (extended < INT32_MIN || extended >= 0)) {
            return false;
        }
        i32 = (int32_t)u32;
        memcpy(at, &i32, 4);
        return true;
    case CORBEL_KIND_UINT32:
    case CORBEL_KIND_FLOAT:
        if (wire != u32) {
            return false;
        }
        memcpy(at, &u32, 4);
        return true;
    case CORBEL_KIND_INT64:
        memcpy(at, &number, 8);
        return true;
    default:
        memcpy(at, &wire, 8);
        return true;
    }
}

/** "[1][2]" for the index 5 of [3][3]. */
static int field_print_index(const crb_path *path, char *out, size_t room)
{
    size_t below = 1; /* items in one of the outermost dimension */
    for (const uint32_t *d = path->dimensions; *d != 0; d++) {
        below *= *d;
    }
    size_t index = path->index, len = 0;
    for (const uint32_t *d = path->dimensions; *d != 0 && len < room; d++) {
        below /= *d;
        const int n = snprintf(out + len, room - len, "[%zu]", index / below);
        len += n > 0 ? (size_t)n : 0;
        index %= below;
    }
    return (int)len;
}

static size_t field_path_append(const crb_path *path, char *out)
{
    size_t len = path->up != NULL ? field_path_append(path->up, out) : 0;
    const size_t room = CRB_MAX_PATH - len;
    int n = 0;
    if (path->name == NULL && path->dimensions != NULL) {
        n = field_print_index(path, out + len, room);
    } else if (path->name == NULL) {
        n = snprintf(out + len, room, "[%zu]", path->index);
    } else {
        n = snprintf(out + len, room, "%s%s", path->up != NULL ? "." : "", path->name);
    }
    len += n > 0 ? (size_t)n : 0;
    return len < CRB_MAX_PATH ? len : CRB_MAX_PATH - 1;
}

char *crb_path_print(const crb_path *path, char out[CRB_MAX_PATH])
{
    if (path == NULL) {
        return memcpy(out, "message", sizeof "message");
    }
    field_path_append(path, out);
    return out;
}
