/** Values: the C types of IDL's basic sequences, and what every generated type can do. */
#ifndef CORBEL_VALUE_H
#define CORBEL_VALUE_H

#include <corbel/status.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

CORBEL_BEGIN_DECLS

/** Describes an IDL type; tables of these are generated (bank_Entry_type). */
typedef struct corbel_type corbel_type;

/** sequence<octet>. A sequence is a view: a length and items that somebody else keeps. It is passed by value. One that came out
 *  of a call is yours, in one block with all that hangs on it: _clear() releases the block and empties the view; _copy() makes
 *  such a block. */
typedef struct corbel_bytes {
    size_t len;
    const uint8_t *items;
} corbel_bytes;
/** sequence<boolean>. */
typedef struct corbel_bool_seq {
    size_t len;
    const bool *items;
} corbel_bool_seq;
/** sequence<int8>. */
typedef struct corbel_int8_seq {
    size_t len;
    const int8_t *items;
} corbel_int8_seq;
/** sequence<uint8>: numbers; octets are corbel_bytes. */
typedef struct corbel_uint8_seq {
    size_t len;
    const uint8_t *items;
} corbel_uint8_seq;
/** sequence<char>; not a string: no NUL at its end. */
typedef struct corbel_char_seq {
    size_t len;
    const char *items;
} corbel_char_seq;
/** sequence<wchar>: code points. */
typedef struct corbel_wchar_seq {
    size_t len;
    const uint32_t *items;
} corbel_wchar_seq;
/** sequence<short>. */
typedef struct corbel_int16_seq {
    size_t len;
    const int16_t *items;
} corbel_int16_seq;
/** sequence<unsigned short>. */
typedef struct corbel_uint16_seq {
    size_t len;
    const uint16_t *items;
} corbel_uint16_seq;
/** sequence<long>. */
typedef struct corbel_int32_seq {
    size_t len;
    const int32_t *items;
} corbel_int32_seq;
/** sequence<unsigned long>. */
typedef struct corbel_uint32_seq {
    size_t len;
    const uint32_t *items;
} corbel_uint32_seq;
/** sequence<long long>. */
typedef struct corbel_int64_seq {
    size_t len;
    const int64_t *items;
} corbel_int64_seq;
/** sequence<unsigned long long>. */
typedef struct corbel_uint64_seq {
    size_t len;
    const uint64_t *items;
} corbel_uint64_seq;
/** sequence<float>. */
typedef struct corbel_float_seq {
    size_t len;
    const float *items;
} corbel_float_seq;
/** sequence<double>. */
typedef struct corbel_double_seq {
    size_t len;
    const double *items;
} corbel_double_seq;
/** sequence<long double>. */
typedef struct corbel_long_double_seq {
    size_t len;
    const long double *items;
} corbel_long_double_seq;
/** sequence<string>, sequence<wstring>, a sequence of fixed numbers or of TypeCode. */
typedef struct corbel_string_seq {
    size_t len;
    const char *const *items;
} corbel_string_seq;

/** A sequence's initializer from an array: bank_Names names = CORBEL_SEQ(array); */
#define CORBEL_SEQ(array)                                                                                                        \
    {                                                                                                                            \
        sizeof(array) / sizeof *(array), (array)                                                                                 \
    }

/* What the generated _free, _clear, _copy and _equal call. */
/** Releases a value that came in one block, with the references in it. Takes NULL, returns NULL. */
CORBEL_API void *corbel_block_free(const void *value);
/** A deep copy in one block, which counts the references in it. NULL: out of memory. corbel_block_free() releases it. */
CORBEL_API void *corbel_value_copy(const corbel_type *type, const void *value);
/** A deep copy of a sequence or map, given by the address of its view, into the view at ret. */
CORBEL_API CORBEL_MUST_CHECK corbel_status corbel_sequence_copy(const corbel_type *type, const void *value, void *ret);
/** Compares deeply. NULL and "" are equal strings, but for optional members, where NULL is absent; NaN equals nothing; fixed
 *  numbers are equal by value ("1.50" and "1.5"); references are equal when they name the same object. */
CORBEL_API bool corbel_value_equal(const corbel_type *type, const void *a, const void *b);
/** The item with that key, or NULL. type: of the map; map: the address of its view, whose items ascend; key: the address of the
 *  key (of a string: of its const char *). */
CORBEL_API const void *corbel_map_find(const corbel_type *type, const void *map, const void *key);
/** Brings len items of the map into the ascending order of their keys that a map must have. Of a key that is there twice nothing
 *  is dropped: sending such a map is an error that says so. */
CORBEL_API void corbel_map_sort(const corbel_type *type, void *items, size_t len);

/** Releases a string that a call returned. Takes NULL, returns NULL. */
CORBEL_API char *corbel_string_free(char *string);

/** Releases a sequence that a call or _copy() returned, with all that its items hold, and empties the view. Takes an empty one.
 *  @{ */
CORBEL_API void corbel_bytes_clear(corbel_bytes *self);
CORBEL_API void corbel_bool_seq_clear(corbel_bool_seq *self);
CORBEL_API void corbel_int8_seq_clear(corbel_int8_seq *self);
CORBEL_API void corbel_uint8_seq_clear(corbel_uint8_seq *self);
CORBEL_API void corbel_char_seq_clear(corbel_char_seq *self);
CORBEL_API void corbel_wchar_seq_clear(corbel_wchar_seq *self);
CORBEL_API void corbel_int16_seq_clear(corbel_int16_seq *self);
CORBEL_API void corbel_uint16_seq_clear(corbel_uint16_seq *self);
CORBEL_API void corbel_int32_seq_clear(corbel_int32_seq *self);
CORBEL_API void corbel_uint32_seq_clear(corbel_uint32_seq *self);
CORBEL_API void corbel_int64_seq_clear(corbel_int64_seq *self);
CORBEL_API void corbel_uint64_seq_clear(corbel_uint64_seq *self);
CORBEL_API void corbel_float_seq_clear(corbel_float_seq *self);
CORBEL_API void corbel_double_seq_clear(corbel_double_seq *self);
CORBEL_API void corbel_long_double_seq_clear(corbel_long_double_seq *self);
CORBEL_API void corbel_string_seq_clear(corbel_string_seq *self);
/** @} */

/** The tables of types without a name of their own. @{ */
CORBEL_API extern const corbel_type corbel_bool_type, corbel_int8_type, corbel_octet_type, corbel_uint8_type, corbel_char_type,
    corbel_wchar_type, corbel_int16_type, corbel_uint16_type, corbel_int32_type, corbel_uint32_type, corbel_int64_type,
    corbel_uint64_type, corbel_float_type, corbel_double_type, corbel_long_double_type, corbel_string_type, corbel_wstring_type,
    corbel_typecode_type, /* a string: the repository id */
    corbel_object_type, corbel_bytes_type, corbel_bool_seq_type, corbel_int8_seq_type, corbel_uint8_seq_type,
    corbel_char_seq_type, corbel_wchar_seq_type, corbel_int16_seq_type, corbel_uint16_seq_type, corbel_int32_seq_type,
    corbel_uint32_seq_type, corbel_int64_seq_type, corbel_uint64_seq_type, corbel_float_seq_type, corbel_double_seq_type,
    corbel_long_double_seq_type, corbel_string_seq_type, corbel_wstring_seq_type, corbel_typecode_seq_type,
    corbel_object_seq_type;
CORBEL_API extern const corbel_type corbel_any_type, corbel_any_seq_type;
/** @} */

CORBEL_END_DECLS
#endif /* CORBEL_VALUE_H */
