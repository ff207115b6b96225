/* _to_any() and _from_any() of the types that have no generated functions. */
#include "runtime/value/any.h"

const corbel_type corbel_any_type = { .kind = CORBEL_KIND_ANY, .size = sizeof(corbel_any *) };
const corbel_type corbel_any_seq_type = { .kind = CORBEL_KIND_SEQUENCE,
                                          .size = sizeof(corbel_any_seq),
                                          .element = &corbel_any_type };

void corbel_any_seq_clear(corbel_any_seq *self)
{
    if (self != NULL) {
        corbel_block_free(self->items);
        *self = (corbel_any_seq) { 0, NULL };
    }
}

#define ANY_BASIC(name, type, ret_type)                                                                                          \
    corbel_status corbel_##name##_to_any(type value, corbel_any **ret, corbel_error *reterr)                                     \
    {                                                                                                                            \
        return corbel_value_to_any(&corbel_##name##_type, &value, ret, reterr);                                                  \
    }                                                                                                                            \
    corbel_status corbel_##name##_from_any(const corbel_any *any, ret_type *ret, corbel_error *reterr)                           \
    {                                                                                                                            \
        return corbel_value_from_any(&corbel_##name##_type, any, ret, reterr);                                                   \
    }
#define ANY_SEQUENCE(name) ANY_BASIC(name##_seq, corbel_##name##_seq, corbel_##name##_seq)

ANY_BASIC(bool, bool, bool)
ANY_BASIC(uint8, uint8_t, uint8_t)
ANY_BASIC(int8, int8_t, int8_t)
ANY_BASIC(char, char, char)
ANY_BASIC(wchar, uint32_t, uint32_t)
ANY_BASIC(int16, int16_t, int16_t)
ANY_BASIC(uint16, uint16_t, uint16_t)
ANY_BASIC(int32, int32_t, int32_t)
ANY_BASIC(uint32, uint32_t, uint32_t)
ANY_BASIC(int64, int64_t, int64_t)
ANY_BASIC(uint64, uint64_t, uint64_t)
ANY_BASIC(float, float, float)
ANY_BASIC(double, double, double)
ANY_BASIC(long_double, long double, long double)
ANY_BASIC(string, const char *, char *)
ANY_BASIC(wstring, const char *, char *)
ANY_BASIC(any, const corbel_any *, corbel_any *)
ANY_BASIC(object, corbel_object *, corbel_object *)
ANY_BASIC(bytes, corbel_bytes, corbel_bytes)
ANY_SEQUENCE(bool)
ANY_SEQUENCE(int8)
ANY_SEQUENCE(uint8)
ANY_SEQUENCE(char)
ANY_SEQUENCE(wchar)
ANY_SEQUENCE(int16)
ANY_SEQUENCE(uint16)
ANY_SEQUENCE(int32)
ANY_SEQUENCE(uint32)
ANY_SEQUENCE(int64)
ANY_SEQUENCE(uint64)
ANY_SEQUENCE(float)
ANY_SEQUENCE(double)
ANY_SEQUENCE(long_double)
ANY_SEQUENCE(string)
ANY_BASIC(wstring_seq, corbel_string_seq, corbel_string_seq)
ANY_SEQUENCE(object)
ANY_SEQUENCE(any)
