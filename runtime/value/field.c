#include "runtime/value/field.h"

#include <stdio.h>

crb_wire_type crb_wire_type_of(const corbel_type *type)
{
    switch (type->kind) {
    case CORBEL_KIND_FLOAT:
        return CRB_WIRE_I32;
    case CORBEL_KIND_DOUBLE:
        return CRB_WIRE_I64;
    case CORBEL_KIND_STRING:
    case CORBEL_KIND_STRUCT:
    case CORBEL_KIND_SEQUENCE:
        return CRB_WIRE_LEN;
    default:
        return CRB_WIRE_VARINT;
    }
}

static uint64_t field_zigzag(int64_t value)
{
    return ((uint64_t)value << 1) ^ (value < 0 ? UINT64_MAX : 0);
}

static int64_t field_unzigzag(uint64_t wire)
{
    return (int64_t)((wire >> 1) ^ ((wire & 1) != 0 ? UINT64_MAX : 0));
}

uint64_t crb_scalar_load(corbel_kind kind, const void *at)
{
    union {
        uint8_t u8;
        int16_t i16;
        uint16_t u16;
        int32_t i32;
        uint32_t u32;
        int64_t i64;
        uint64_t u64;
    } value;
    switch (kind) {
    case CORBEL_KIND_BOOL:
        /* Any other byte than 0 is true: a caller's bool may be memory that never was a bool. */
        memcpy(&value.u8, at, 1);
        return value.u8 != 0;
    case CORBEL_KIND_UINT8:
    case CORBEL_KIND_CHAR:
        memcpy(&value.u8, at, 1);
        return value.u8;
    case CORBEL_KIND_INT16:
        memcpy(&value.i16, at, 2);
        return field_zigzag(value.i16);
    case CORBEL_KIND_UINT16:
        memcpy(&value.u16, at, 2);
        return value.u16;
    case CORBEL_KIND_INT32:
        memcpy(&value.i32, at, 4);
        return field_zigzag(value.i32);
    case CORBEL_KIND_ENUM:
        memcpy(&value.i32, at, 4);
        return (uint64_t)(int64_t)value.i32;
    case CORBEL_KIND_UINT32:
    case CORBEL_KIND_FLOAT:
        memcpy(&value.u32, at, 4);
        return value.u32;
    case CORBEL_KIND_INT64:
        memcpy(&value.i64, at, 8);
        return field_zigzag(value.i64);
    default:
        memcpy(&value.u64, at, 8);
        return value.u64;
    }
}

static bool field_store_u8(void *at, uint64_t wire)
{
    const uint8_t value = (uint8_t)wire;
    memcpy(at, &value, 1);
    return wire == value;
}

bool crb_scalar_store(corbel_kind kind, void *at, uint64_t wire)
{
    const int64_t number = field_unzigzag(wire);
    const int64_t extended = (int64_t)wire;
    const int16_t i16 = (int16_t)number;
    const uint16_t u16 = (uint16_t)wire;
    int32_t i32 = (int32_t)number;
    const uint32_t u32 = (uint32_t)wire;
    switch (kind) {
    case CORBEL_KIND_BOOL:
        return field_store_u8(at, wire != 0);
    case CORBEL_KIND_UINT8:
    case CORBEL_KIND_CHAR:
        return wire <= UINT8_MAX && field_store_u8(at, wire);
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

static size_t field_path_append(const crb_path *path, char *out)
{
    size_t len = path->up != NULL ? field_path_append(path->up, out) : 0;
    const size_t room = CRB_MAX_PATH - len;
    int n = 0;
    if (path->name == NULL) {
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
