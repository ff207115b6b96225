/** What the writer and the reader of JSON share: names of members, base64.
 *
 *  The form is proto3's of the messages that corbelc --proto writes: members by protobuf's lowerCamelCase names, what is zero and
 *  not optional left out, 64-bit integers and non-finite numbers as strings, octets as base64, a long double as its 16 bytes,
 *  enumerators by name, maps as objects. References are URIs, "" for nil. */
#ifndef CRB_JSON_H
#define CRB_JSON_H

#include "runtime/base/buf.h"
#include "runtime/value/field.h"

/** The one member of the message that a sequence, map or array is wrapped in where it cannot stand alone. */
#define CRB_JSON_ITEMS "items"

/** An integer of 64 bits, which is a string in JSON. */
static inline bool crb_json_is_long(const corbel_type *type)
{
    return type->kind == CORBEL_KIND_INT64 || type->kind == CORBEL_KIND_UINT64 ||
           (type->kind == CORBEL_KIND_BITMASK && type->size == 8);
}

/** Appends the member's name: protobuf's default one ("dayOfWeek" for day_of_week), or the IDL's own, where two members of the
 * type would have the same. */
void crb_json_put_name(const corbel_type *type, const corbel_member *member, crb_buf *out);
/** The member with that name, the IDL's or the one above; NULL: none. */
const corbel_member *crb_json_find(const corbel_type *type, const char *name);

void crb_json_put_base64(const uint8_t *data, size_t len, crb_buf *out);
/** Decodes text of either alphabet, padded or not, over itself. false: it is not base64. */
bool crb_json_from_base64(uint8_t *text, size_t len, size_t *ret_len);

#endif /* CRB_JSON_H */
