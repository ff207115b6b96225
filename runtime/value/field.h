/** What writer, reader and copier share: protobuf's wire types, scalars as wire values, views, and the path to a member, which
 *  errors show. */
#ifndef CRB_FIELD_H
#define CRB_FIELD_H

#include <corbel/generated.h>
#include <string.h>

typedef enum crb_wire_type {
    CRB_WIRE_VARINT = 0,
    CRB_WIRE_I64 = 1,
    CRB_WIRE_LEN = 2,
    CRB_WIRE_GROUP = 3,
    CRB_WIRE_GROUP_END = 4,
    CRB_WIRE_I32 = 5
} crb_wire_type;

enum { CRB_MAX_FIELD_ID = (1 << 29) - 1, CRB_MAX_VARINT = 10 };

/** Any sequence's view. Views are read and written as bytes, because T_seq's items have another pointer type. */
typedef struct crb_view {
    size_t len;
    const void *items;
} crb_view;

static inline crb_view crb_view_get(const void *at)
{
    crb_view view;
    memcpy(&view, at, sizeof view);
    return view;
}

static inline void crb_view_set(void *at, crb_view view)
{
    memcpy(at, &view, sizeof view);
}

static inline corbel_object *crb_reference_get(const void *at)
{
    corbel_object *object;
    memcpy(&object, at, sizeof object);
    return object;
}

static inline void crb_reference_set(void *at, corbel_object *object)
{
    memcpy(at, &object, sizeof object);
}

static inline const char *crb_string_get(const void *at)
{
    const char *text;
    memcpy(&text, at, sizeof text);
    return text != NULL ? text : "";
}

static inline void crb_string_set(void *at, const char *text)
{
    memcpy(at, &text, sizeof text);
}

/** What an optional member points to; at: of the member. */
static inline const void *crb_pointer_get(const void *at)
{
    const void *value;
    memcpy(&value, at, sizeof value);
    return value;
}

static inline void crb_pointer_set(void *at, const void *value)
{
    memcpy(at, &value, sizeof value);
}

/** Octets of a sequence in one protobuf bytes field. */
static inline bool crb_is_bytes(const corbel_type *type)
{
    return type->kind == CORBEL_KIND_SEQUENCE && (type->flags & CORBEL_BYTES) != 0;
}

/** A repeated field. */
static inline bool crb_is_repeated(const corbel_type *type)
{
    return (type->kind == CORBEL_KIND_SEQUENCE || type->kind == CORBEL_KIND_ARRAY || type->kind == CORBEL_KIND_MAP) &&
           (type->flags & CORBEL_BYTES) == 0;
}

/** A view whose items are counted before they are read. */
static inline bool crb_is_counted(const corbel_type *type)
{
    return (type->kind == CORBEL_KIND_SEQUENCE && (type->flags & CORBEL_BYTES) == 0) || type->kind == CORBEL_KIND_MAP;
}

/** A pointer in C, NULL when there is nothing: what an optional member of the type is, too. */
static inline bool crb_is_pointer(const corbel_type *type)
{
    return type->kind == CORBEL_KIND_STRING || type->kind == CORBEL_KIND_FIXED || type->kind == CORBEL_KIND_REFERENCE ||
           type->kind == CORBEL_KIND_ANY;
}

/** Of C values of size bytes: only a long double, or what holds one, needs 16, and its size is a multiple of that. */
static inline size_t crb_align_of(size_t size)
{
    return size % 16 == 0 ? 16 : 8;
}

/** A number, whose wire value crb_scalar_load() gives. */
static inline bool crb_is_scalar(const corbel_type *type)
{
    return type->kind <= CORBEL_KIND_ENUM;
}

/** Do sequences of it travel packed? Numbers and references' tags. */
static inline bool crb_is_packable(const corbel_type *type)
{
    return crb_is_scalar(type) || type->kind == CORBEL_KIND_REFERENCE;
}

/** The wire type of one value; CRB_WIRE_LEN for what is neither number nor reference. */
static inline crb_wire_type crb_wire_type_of(const corbel_type *type)
{
    switch (type->kind) {
    case CORBEL_KIND_FLOAT:
        return CRB_WIRE_I32;
    case CORBEL_KIND_DOUBLE:
        return CRB_WIRE_I64;
    case CORBEL_KIND_REFERENCE:
        return CRB_WIRE_VARINT;
    default:
        return crb_is_scalar(type) ? CRB_WIRE_VARINT : CRB_WIRE_LEN;
    }
}

static inline uint64_t crb_zigzag(int64_t value)
{
    return ((uint64_t)value << 1) ^ (value < 0 ? UINT64_MAX : 0);
}

static inline int64_t crb_unzigzag(uint64_t wire)
{
    return (int64_t)((wire >> 1) ^ ((wire & 1) != 0 ? UINT64_MAX : 0));
}

/** Of Unicode, and no surrogate. */
static inline bool crb_is_code_point(uint64_t number)
{
    return number <= 0x10ffff && number >> 11 != 0xd800 >> 11;
}

static inline bool crb_is_signed(corbel_kind kind)
{
    return kind == CORBEL_KIND_INT8 || kind == CORBEL_KIND_INT16 || kind == CORBEL_KIND_INT32 || kind == CORBEL_KIND_INT64 ||
           kind == CORBEL_KIND_ENUM;
}

/** The bits of an unsigned integer of size bytes. */
static inline uint64_t crb_unsigned_get(const void *at, size_t size)
{
    union {
        uint8_t u8;
        uint16_t u16;
        uint32_t u32;
        uint64_t u64;
    } value;
    switch (size) {
    case 1:
        memcpy(&value.u8, at, 1);
        return value.u8;
    case 2:
        memcpy(&value.u16, at, 2);
        return value.u16;
    case 4:
        memcpy(&value.u32, at, 4);
        return value.u32;
    default:
        memcpy(&value.u64, at, 8);
        return value.u64;
    }
}

/** The bits that travel: zigzagged, sign-extended, or the IEEE bits. Zero exactly for the value that is not written. */
static inline uint64_t crb_scalar_load(const corbel_type *type, const void *at)
{
    union {
        uint8_t u8;
        int8_t i8;
        int16_t i16;
        uint16_t u16;
        int32_t i32;
        uint32_t u32;
        int64_t i64;
        uint64_t u64;
    } value;
    switch (type->kind) {
    case CORBEL_KIND_BOOL:
        /* Any other byte than 0 is true: a caller's bool may be memory that never was a bool. */
        memcpy(&value.u8, at, 1);
        return value.u8 != 0;
    case CORBEL_KIND_UINT8:
    case CORBEL_KIND_CHAR:
        memcpy(&value.u8, at, 1);
        return value.u8;
    case CORBEL_KIND_INT8:
        memcpy(&value.i8, at, 1);
        return crb_zigzag(value.i8);
    case CORBEL_KIND_INT16:
        memcpy(&value.i16, at, 2);
        return crb_zigzag(value.i16);
    case CORBEL_KIND_UINT16:
        memcpy(&value.u16, at, 2);
        return value.u16;
    case CORBEL_KIND_INT32:
        memcpy(&value.i32, at, 4);
        return crb_zigzag(value.i32);
    case CORBEL_KIND_ENUM:
        memcpy(&value.i32, at, 4);
        return (uint64_t)(int64_t)value.i32;
    case CORBEL_KIND_UINT32:
    case CORBEL_KIND_WCHAR:
    case CORBEL_KIND_FLOAT:
        memcpy(&value.u32, at, 4);
        return value.u32;
    case CORBEL_KIND_INT64:
        memcpy(&value.i64, at, 8);
        return crb_zigzag(value.i64);
    case CORBEL_KIND_BITMASK:
        return crb_unsigned_get(at, type->size);
    default:
        memcpy(&value.u64, at, 8);
        return value.u64;
    }
}

/** The value of an integer, character, boolean, enum or bitmask; of unsigned 64 bits the bits. */
static inline int64_t crb_integer_get(const corbel_type *type, const void *at)
{
    const uint64_t wire = crb_scalar_load(type, at);
    if (type->kind != CORBEL_KIND_ENUM && crb_is_signed(type->kind)) {
        return crb_unzigzag(wire);
    }
    return (int64_t)wire;
}

/** The reverse of crb_scalar_load(). false: no value of the type, whatever its range; nothing useful is stored. */
bool crb_scalar_store(const corbel_type *type, void *at, uint64_t wire);

/** The way from the outermost value to a member or item; lives on the stack of the recursion. */
typedef struct crb_path {
    const struct crb_path *up; /* NULL: outermost */
    const char *name;          /* NULL: an item */
    size_t index;
    const uint32_t *dimensions; /* of an array's item, zero-terminated: the index is of all together; NULL: one dimension */
} crb_path;

#define CRB_MAX_PATH 400
/** Writes "profile.recent[3].text", cut at CRB_MAX_PATH bytes; "message" for NULL. Returns out. */
char *crb_path_print(const crb_path *path, char out[CRB_MAX_PATH]);

#endif /* CRB_FIELD_H */
