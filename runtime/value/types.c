/* The tables of IDL's basic types, and the release functions of their sequences. */
#include "runtime/base/block.h"
#include "runtime/value/field.h"

#define TYPES_SCALAR(word, ctype, KIND)                                                                                          \
    const corbel_type corbel_##word##_type = { .kind = CORBEL_KIND_##KIND, .flags = CORBEL_PLAIN, .size = sizeof(ctype) };
#define TYPES_SEQUENCE(word)                                                                                                     \
    const corbel_type corbel_##word##_seq_type = { .kind = CORBEL_KIND_SEQUENCE,                                                 \
                                                   .size = sizeof(corbel_##word##_seq),                                          \
                                                   .element = &corbel_##word##_type };                                           \
    _Static_assert(sizeof(corbel_##word##_seq) == sizeof(crb_view), "a sequence is not a view");                                 \
    void corbel_##word##_seq_clear(corbel_##word##_seq *self)                                                                    \
    {                                                                                                                            \
        types_clear(self);                                                                                                       \
    }

static void types_clear(void *view)
{
    if (view != NULL) {
        corbel_block_free(crb_view_get(view).items);
        crb_view_set(view, (crb_view) { 0, NULL });
    }
}

TYPES_SCALAR(bool, bool, BOOL)
TYPES_SCALAR(int8, int8_t, INT8)
TYPES_SCALAR(uint8, uint8_t, UINT8)
const corbel_type corbel_octet_type = { .kind = CORBEL_KIND_UINT8,
                                        .flags = CORBEL_PLAIN | CORBEL_OCTET,
                                        .size = sizeof(uint8_t) };
TYPES_SCALAR(char, char, CHAR)
TYPES_SCALAR(wchar, uint32_t, WCHAR)
TYPES_SCALAR(int16, int16_t, INT16)
TYPES_SCALAR(uint16, uint16_t, UINT16)
TYPES_SCALAR(int32, int32_t, INT32)
TYPES_SCALAR(uint32, uint32_t, UINT32)
TYPES_SCALAR(int64, int64_t, INT64)
TYPES_SCALAR(uint64, uint64_t, UINT64)
TYPES_SCALAR(float, float, FLOAT)
TYPES_SCALAR(double, double, DOUBLE)
TYPES_SCALAR(long_double, long double, LONG_DOUBLE)
const corbel_type corbel_string_type = { .kind = CORBEL_KIND_STRING, .size = sizeof(const char *) };
const corbel_type corbel_wstring_type = { .kind = CORBEL_KIND_STRING, .flags = CORBEL_WIDE, .size = sizeof(const char *) };
const corbel_type corbel_typecode_type = { .kind = CORBEL_KIND_STRING, .name = "TypeCode", .size = sizeof(const char *) };
const corbel_type corbel_object_type = { .kind = CORBEL_KIND_REFERENCE, .name = "Object", .size = sizeof(corbel_object *) };
const corbel_type corbel_bytes_type = {
    .kind = CORBEL_KIND_SEQUENCE, .flags = CORBEL_BYTES, .size = sizeof(corbel_bytes), .element = &corbel_octet_type
};
const corbel_type corbel_wstring_seq_type = { .kind = CORBEL_KIND_SEQUENCE,
                                              .size = sizeof(corbel_string_seq),
                                              .element = &corbel_wstring_type };
const corbel_type corbel_typecode_seq_type = { .kind = CORBEL_KIND_SEQUENCE,
                                               .size = sizeof(corbel_string_seq),
                                               .element = &corbel_typecode_type };

TYPES_SEQUENCE(bool)
TYPES_SEQUENCE(int8)
TYPES_SEQUENCE(uint8)
TYPES_SEQUENCE(char)
TYPES_SEQUENCE(wchar)
TYPES_SEQUENCE(int16)
TYPES_SEQUENCE(uint16)
TYPES_SEQUENCE(int32)
TYPES_SEQUENCE(uint32)
TYPES_SEQUENCE(int64)
TYPES_SEQUENCE(uint64)
TYPES_SEQUENCE(float)
TYPES_SEQUENCE(double)
TYPES_SEQUENCE(long_double)
TYPES_SEQUENCE(string)
TYPES_SEQUENCE(object)

void corbel_bytes_clear(corbel_bytes *self)
{
    types_clear(self);
}
