/** Values of any type: what IDL calls any. */
#ifndef CORBEL_ANY_H
#define CORBEL_ANY_H

#include <corbel/object.h>
#include <corbel/value.h>

CORBEL_BEGIN_DECLS

/** A value with its type's name, as bytes, and the references in it. Immutable and counted: any thread may use it, and whoever
 *  wants to keep one counts it. NULL is the any that holds nothing. One whose type this program lacks can be kept and passed on
 *  like any other, with its references. As an argument it is borrowed for the call, and one that stands in a value that came out
 *  of a call belongs to that value, like a reference. As an output it is yours, corbel_any_unref(); servants give it away. */
typedef struct corbel_any corbel_any;
/** sequence<any>. */
typedef struct corbel_any_seq {
    size_t len;
    corbel_any *const *items;
} corbel_any_seq;

/** Takes NULL, returns its argument. */
CORBEL_API corbel_any *corbel_any_ref(const corbel_any *self);
/** Takes NULL, returns NULL. The last one gives back the references in it: not under a lock that their owners' callbacks take. */
CORBEL_API corbel_any *corbel_any_unref(corbel_any *self);
/** As corbel_string_seq_clear(). */
CORBEL_API void corbel_any_seq_clear(corbel_any_seq *self);
/** The type of what it holds: a scoped name ("bank::Entry"), or IDL's words without bounds ("long", "octet", "string",
 *  "sequence<bank::Entry>", "map<string,long>", "fixed"); "" for NULL. Borrowed from self. */
CORBEL_API const char *corbel_any_type_name(const corbel_any *self);
/** Do both hold the same type, the same bytes and the same objects? NULL equals NULL. Values with other bytes may mean the same,
 *  when a newer program wrote one of them. */
CORBEL_API bool corbel_any_equal(const corbel_any *a, const corbel_any *b);

/** An any that holds a copy of value, whose address is given, and counts the references in it. What generated _to_any() call.
 *  ret: yours. CORBEL_INVALID_ARGUMENT: the value breaks a rule of its type (a bound, UTF-8), the message names the member. */
CORBEL_API CORBEL_MUST_CHECK corbel_status corbel_value_to_any(const corbel_type *type, const void *value, corbel_any **ret,
                                                               corbel_error *reterr);
/** The value in any, if it is of that very type; what generated _from_any() call. out: where it goes, as for the output of an
 *  operation: the address of a T for plain types, sequences and maps, of a char * for strings and fixed, of a T * for structs and
 *  unions, of an I * or corbel_any * for references and any. It is yours, and untouched on failure. CORBEL_INVALID_ARGUMENT: any
 *  is NULL or holds another type, the message names both; CORBEL_DECODE: its bytes are not a value of the type; CORBEL_LIMIT:
 *  it would need more than 256 MiB, or is nested more than 64 deep. Completion NO. */
CORBEL_API CORBEL_MUST_CHECK corbel_status corbel_value_from_any(const corbel_type *type, const corbel_any *any, void *out,
                                                                 corbel_error *reterr);

/* The same for the types that have no generated functions. */
/** boolean. @{ */
CORBEL_API CORBEL_MUST_CHECK corbel_status corbel_bool_to_any(bool value, corbel_any **ret, corbel_error *reterr);
CORBEL_API CORBEL_MUST_CHECK corbel_status corbel_bool_from_any(const corbel_any *any, bool *ret, corbel_error *reterr);
/** @} */
/** octet and uint8. @{ */
CORBEL_API CORBEL_MUST_CHECK corbel_status corbel_uint8_to_any(uint8_t value, corbel_any **ret, corbel_error *reterr);
CORBEL_API CORBEL_MUST_CHECK corbel_status corbel_uint8_from_any(const corbel_any *any, uint8_t *ret, corbel_error *reterr);
/** @} */
/** int8. @{ */
CORBEL_API CORBEL_MUST_CHECK corbel_status corbel_int8_to_any(int8_t value, corbel_any **ret, corbel_error *reterr);
CORBEL_API CORBEL_MUST_CHECK corbel_status corbel_int8_from_any(const corbel_any *any, int8_t *ret, corbel_error *reterr);
/** @} */
/** char. @{ */
CORBEL_API CORBEL_MUST_CHECK corbel_status corbel_char_to_any(char value, corbel_any **ret, corbel_error *reterr);
CORBEL_API CORBEL_MUST_CHECK corbel_status corbel_char_from_any(const corbel_any *any, char *ret, corbel_error *reterr);
/** @} */
/** wchar: a code point. @{ */
CORBEL_API CORBEL_MUST_CHECK corbel_status corbel_wchar_to_any(uint32_t value, corbel_any **ret, corbel_error *reterr);
CORBEL_API CORBEL_MUST_CHECK corbel_status corbel_wchar_from_any(const corbel_any *any, uint32_t *ret, corbel_error *reterr);
/** @} */
/** short. @{ */
CORBEL_API CORBEL_MUST_CHECK corbel_status corbel_int16_to_any(int16_t value, corbel_any **ret, corbel_error *reterr);
CORBEL_API CORBEL_MUST_CHECK corbel_status corbel_int16_from_any(const corbel_any *any, int16_t *ret, corbel_error *reterr);
/** @} */
/** unsigned short. @{ */
CORBEL_API CORBEL_MUST_CHECK corbel_status corbel_uint16_to_any(uint16_t value, corbel_any **ret, corbel_error *reterr);
CORBEL_API CORBEL_MUST_CHECK corbel_status corbel_uint16_from_any(const corbel_any *any, uint16_t *ret, corbel_error *reterr);
/** @} */
/** long. @{ */
CORBEL_API CORBEL_MUST_CHECK corbel_status corbel_int32_to_any(int32_t value, corbel_any **ret, corbel_error *reterr);
CORBEL_API CORBEL_MUST_CHECK corbel_status corbel_int32_from_any(const corbel_any *any, int32_t *ret, corbel_error *reterr);
/** @} */
/** unsigned long. @{ */
CORBEL_API CORBEL_MUST_CHECK corbel_status corbel_uint32_to_any(uint32_t value, corbel_any **ret, corbel_error *reterr);
CORBEL_API CORBEL_MUST_CHECK corbel_status corbel_uint32_from_any(const corbel_any *any, uint32_t *ret, corbel_error *reterr);
/** @} */
/** long long. @{ */
CORBEL_API CORBEL_MUST_CHECK corbel_status corbel_int64_to_any(int64_t value, corbel_any **ret, corbel_error *reterr);
CORBEL_API CORBEL_MUST_CHECK corbel_status corbel_int64_from_any(const corbel_any *any, int64_t *ret, corbel_error *reterr);
/** @} */
/** unsigned long long. @{ */
CORBEL_API CORBEL_MUST_CHECK corbel_status corbel_uint64_to_any(uint64_t value, corbel_any **ret, corbel_error *reterr);
CORBEL_API CORBEL_MUST_CHECK corbel_status corbel_uint64_from_any(const corbel_any *any, uint64_t *ret, corbel_error *reterr);
/** @} */
/** float. @{ */
CORBEL_API CORBEL_MUST_CHECK corbel_status corbel_float_to_any(float value, corbel_any **ret, corbel_error *reterr);
CORBEL_API CORBEL_MUST_CHECK corbel_status corbel_float_from_any(const corbel_any *any, float *ret, corbel_error *reterr);
/** @} */
/** double. @{ */
CORBEL_API CORBEL_MUST_CHECK corbel_status corbel_double_to_any(double value, corbel_any **ret, corbel_error *reterr);
CORBEL_API CORBEL_MUST_CHECK corbel_status corbel_double_from_any(const corbel_any *any, double *ret, corbel_error *reterr);
/** @} */
/** long double. @{ */
CORBEL_API CORBEL_MUST_CHECK corbel_status corbel_long_double_to_any(long double value, corbel_any **ret, corbel_error *reterr);
CORBEL_API CORBEL_MUST_CHECK corbel_status corbel_long_double_from_any(const corbel_any *any, long double *ret,
                                                                       corbel_error *reterr);
/** @} */
/** string. @{ */
CORBEL_API CORBEL_MUST_CHECK corbel_status corbel_string_to_any(const char *value, corbel_any **ret, corbel_error *reterr);
CORBEL_API CORBEL_MUST_CHECK corbel_status corbel_string_from_any(const corbel_any *any, char **ret, corbel_error *reterr);
/** @} */
/** wstring. @{ */
CORBEL_API CORBEL_MUST_CHECK corbel_status corbel_wstring_to_any(const char *value, corbel_any **ret, corbel_error *reterr);
CORBEL_API CORBEL_MUST_CHECK corbel_status corbel_wstring_from_any(const corbel_any *any, char **ret, corbel_error *reterr);
/** @} */
/** any: an any inside another. @{ */
CORBEL_API CORBEL_MUST_CHECK corbel_status corbel_any_to_any(const corbel_any *value, corbel_any **ret, corbel_error *reterr);
CORBEL_API CORBEL_MUST_CHECK corbel_status corbel_any_from_any(const corbel_any *any, corbel_any **ret, corbel_error *reterr);
/** @} */
/** Object: a reference. @{ */
CORBEL_API CORBEL_MUST_CHECK corbel_status corbel_object_to_any(corbel_object *value, corbel_any **ret, corbel_error *reterr);
CORBEL_API CORBEL_MUST_CHECK corbel_status corbel_object_from_any(const corbel_any *any, corbel_object **ret,
                                                                  corbel_error *reterr);
/** @} */
/** sequence<octet>. @{ */
CORBEL_API CORBEL_MUST_CHECK corbel_status corbel_bytes_to_any(corbel_bytes value, corbel_any **ret, corbel_error *reterr);
CORBEL_API CORBEL_MUST_CHECK corbel_status corbel_bytes_from_any(const corbel_any *any, corbel_bytes *ret, corbel_error *reterr);
/** @} */
/** sequence<boolean>. @{ */
CORBEL_API CORBEL_MUST_CHECK corbel_status corbel_bool_seq_to_any(corbel_bool_seq value, corbel_any **ret, corbel_error *reterr);
CORBEL_API CORBEL_MUST_CHECK corbel_status corbel_bool_seq_from_any(const corbel_any *any, corbel_bool_seq *ret,
                                                                    corbel_error *reterr);
/** @} */
/** sequence<char>. @{ */
CORBEL_API CORBEL_MUST_CHECK corbel_status corbel_char_seq_to_any(corbel_char_seq value, corbel_any **ret, corbel_error *reterr);
CORBEL_API CORBEL_MUST_CHECK corbel_status corbel_char_seq_from_any(const corbel_any *any, corbel_char_seq *ret,
                                                                    corbel_error *reterr);
/** @} */
/** sequence<short>. @{ */
CORBEL_API CORBEL_MUST_CHECK corbel_status corbel_int16_seq_to_any(corbel_int16_seq value, corbel_any **ret,
                                                                   corbel_error *reterr);
CORBEL_API CORBEL_MUST_CHECK corbel_status corbel_int16_seq_from_any(const corbel_any *any, corbel_int16_seq *ret,
                                                                     corbel_error *reterr);
/** @} */
/** sequence<unsigned short>. @{ */
CORBEL_API CORBEL_MUST_CHECK corbel_status corbel_uint16_seq_to_any(corbel_uint16_seq value, corbel_any **ret,
                                                                    corbel_error *reterr);
CORBEL_API CORBEL_MUST_CHECK corbel_status corbel_uint16_seq_from_any(const corbel_any *any, corbel_uint16_seq *ret,
                                                                      corbel_error *reterr);
/** @} */
/** sequence<long>. @{ */
CORBEL_API CORBEL_MUST_CHECK corbel_status corbel_int32_seq_to_any(corbel_int32_seq value, corbel_any **ret,
                                                                   corbel_error *reterr);
CORBEL_API CORBEL_MUST_CHECK corbel_status corbel_int32_seq_from_any(const corbel_any *any, corbel_int32_seq *ret,
                                                                     corbel_error *reterr);
/** @} */
/** sequence<unsigned long>. @{ */
CORBEL_API CORBEL_MUST_CHECK corbel_status corbel_uint32_seq_to_any(corbel_uint32_seq value, corbel_any **ret,
                                                                    corbel_error *reterr);
CORBEL_API CORBEL_MUST_CHECK corbel_status corbel_uint32_seq_from_any(const corbel_any *any, corbel_uint32_seq *ret,
                                                                      corbel_error *reterr);
/** @} */
/** sequence<long long>. @{ */
CORBEL_API CORBEL_MUST_CHECK corbel_status corbel_int64_seq_to_any(corbel_int64_seq value, corbel_any **ret,
                                                                   corbel_error *reterr);
CORBEL_API CORBEL_MUST_CHECK corbel_status corbel_int64_seq_from_any(const corbel_any *any, corbel_int64_seq *ret,
                                                                     corbel_error *reterr);
/** @} */
/** sequence<unsigned long long>. @{ */
CORBEL_API CORBEL_MUST_CHECK corbel_status corbel_uint64_seq_to_any(corbel_uint64_seq value, corbel_any **ret,
                                                                    corbel_error *reterr);
CORBEL_API CORBEL_MUST_CHECK corbel_status corbel_uint64_seq_from_any(const corbel_any *any, corbel_uint64_seq *ret,
                                                                      corbel_error *reterr);
/** @} */
/** sequence<float>. @{ */
CORBEL_API CORBEL_MUST_CHECK corbel_status corbel_float_seq_to_any(corbel_float_seq value, corbel_any **ret,
                                                                   corbel_error *reterr);
CORBEL_API CORBEL_MUST_CHECK corbel_status corbel_float_seq_from_any(const corbel_any *any, corbel_float_seq *ret,
                                                                     corbel_error *reterr);
/** @} */
/** sequence<double>. @{ */
CORBEL_API CORBEL_MUST_CHECK corbel_status corbel_double_seq_to_any(corbel_double_seq value, corbel_any **ret,
                                                                    corbel_error *reterr);
CORBEL_API CORBEL_MUST_CHECK corbel_status corbel_double_seq_from_any(const corbel_any *any, corbel_double_seq *ret,
                                                                      corbel_error *reterr);
/** @} */
/** sequence<string>. @{ */
CORBEL_API CORBEL_MUST_CHECK corbel_status corbel_string_seq_to_any(corbel_string_seq value, corbel_any **ret,
                                                                    corbel_error *reterr);
CORBEL_API CORBEL_MUST_CHECK corbel_status corbel_string_seq_from_any(const corbel_any *any, corbel_string_seq *ret,
                                                                      corbel_error *reterr);
/** @} */
/** sequence<int8>. @{ */
CORBEL_API CORBEL_MUST_CHECK corbel_status corbel_int8_seq_to_any(corbel_int8_seq value, corbel_any **ret, corbel_error *reterr);
CORBEL_API CORBEL_MUST_CHECK corbel_status corbel_int8_seq_from_any(const corbel_any *any, corbel_int8_seq *ret,
                                                                    corbel_error *reterr);
/** @} */
/** sequence<uint8>. @{ */
CORBEL_API CORBEL_MUST_CHECK corbel_status corbel_uint8_seq_to_any(corbel_uint8_seq value, corbel_any **ret,
                                                                   corbel_error *reterr);
CORBEL_API CORBEL_MUST_CHECK corbel_status corbel_uint8_seq_from_any(const corbel_any *any, corbel_uint8_seq *ret,
                                                                     corbel_error *reterr);
/** @} */
/** sequence<wchar>. @{ */
CORBEL_API CORBEL_MUST_CHECK corbel_status corbel_wchar_seq_to_any(corbel_wchar_seq value, corbel_any **ret,
                                                                   corbel_error *reterr);
CORBEL_API CORBEL_MUST_CHECK corbel_status corbel_wchar_seq_from_any(const corbel_any *any, corbel_wchar_seq *ret,
                                                                     corbel_error *reterr);
/** @} */
/** sequence<long double>. @{ */
CORBEL_API CORBEL_MUST_CHECK corbel_status corbel_long_double_seq_to_any(corbel_long_double_seq value, corbel_any **ret,
                                                                         corbel_error *reterr);
CORBEL_API CORBEL_MUST_CHECK corbel_status corbel_long_double_seq_from_any(const corbel_any *any, corbel_long_double_seq *ret,
                                                                           corbel_error *reterr);
/** @} */
/** sequence<Object>. @{ */
CORBEL_API CORBEL_MUST_CHECK corbel_status corbel_object_seq_to_any(corbel_object_seq value, corbel_any **ret,
                                                                    corbel_error *reterr);
CORBEL_API CORBEL_MUST_CHECK corbel_status corbel_object_seq_from_any(const corbel_any *any, corbel_object_seq *ret,
                                                                      corbel_error *reterr);
/** @} */
/** sequence<any>. @{ */
CORBEL_API CORBEL_MUST_CHECK corbel_status corbel_any_seq_to_any(corbel_any_seq value, corbel_any **ret, corbel_error *reterr);
CORBEL_API CORBEL_MUST_CHECK corbel_status corbel_any_seq_from_any(const corbel_any *any, corbel_any_seq *ret,
                                                                   corbel_error *reterr);
/** @} */
/** sequence<wstring>. @{ */
CORBEL_API CORBEL_MUST_CHECK corbel_status corbel_wstring_seq_to_any(corbel_string_seq value, corbel_any **ret,
                                                                     corbel_error *reterr);
CORBEL_API CORBEL_MUST_CHECK corbel_status corbel_wstring_seq_from_any(const corbel_any *any, corbel_string_seq *ret,
                                                                       corbel_error *reterr);
/** @} */

CORBEL_END_DECLS
#endif /* CORBEL_ANY_H */
