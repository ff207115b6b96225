/* Any bytes, read as a message of some type:
 *  - refused with a status and a message that fit, or taken, and then: the value needs no more memory than the limit says;
 * writing, reading and writing again gives the same bytes and an equal value; so do both kinds of copy; references balance;
 *  - protobuf-c refuses what the reader refuses, or the reason is one of the table below;
 *  - the reader refuses what protobuf-c refuses, and what both take is the same value, but where fields come twice:
 * protobuf-c 1.4 loses numbers of a message that does. */
#include "tests/runtime/value/agreement.h"
#include "runtime/value/any.h"
#include "runtime/value/union.h"
#include "tests/runtime/value/fake_object.h"
#include "tests/runtime/value/kinds.h"
#include "tests/runtime/value/rich.h"

#include "kinds.pb-c.h"
#include "rich.pb-c.h"

#include <stdio.h>
#include <stdlib.h>

const agreement_schema agreement_schemas[AGREEMENT_SCHEMAS] = {
    { &rich_All_type, &rich__all__descriptor },     { &rich_Pick_type, &rich__pick__descriptor },
    { &rich_Tree_type, &rich__tree__descriptor },   { &rich_Leaf_type, &rich__leaf__descriptor },
    { &rich_Small_type, &rich__small__descriptor }, { &kinds_All_type, &kinds__all__descriptor },
};

static agreement_reason reasons[] = {
    { "out of range", "protobuf-c cuts numbers to the field's width", 0 },
    { ", at most", "ranges, bounds and digits are IDL's", 0 },
    { ", at least", "ranges are IDL's", 0 },
    { "not UTF-8, or a NUL in it", "protobuf-c does not look into texts", 0 },
    { "not a decimal number", "a fixed number is a string to protobuf-c", 0 },
    { "not a code point", "a wchar is a number to protobuf-c", 0 },
    { "(hexadecimal) is more than", "a bitmask is a number to protobuf-c", 0 },
    { "items, not", "an array is a repeated field to protobuf-c", 0 },
    { "bytes, not", "an array of octets and a long double are bytes to protobuf-c", 0 },
    { "key: twice", "a map is a repeated field to protobuf-c", 0 },
    { "key: not in ascending order", "the same", 0 },
    { "_d: behind the case", "of a union protobuf-c knows the oneof, not the discriminator", 0 },
    { "not what _d selects", "the same", 0 },
    { "b: wire type", "protobuf-c 1.4 does not look at the wire type of a boolean", 0 },
    { "_d: wire type", "the same", 0 },
    { "flag: wire type", "the same", 0 },
    { "key: wire type", "the same", 0 },
    { "bools[", "the same", 0 },
    { "a field number that cannot be", "protobuf-c 1.4 takes 0 when it is longer than it has to be", 0 },
    { "more than 64 bits", "protobuf-c 1.4 drops the bits beyond", 0 },
    { "more than", "arrays have their number of items; depth and memory have limits", 0 },
    { "tag ", "references are numbers to protobuf-c", 0 },
};

agreement_reason *agreement_reasons(size_t *ret_n)
{
    *ret_n = sizeof reasons / sizeof *reasons;
    return reasons;
}

/* Less deep than writers go: arrays that were not in a message are written, and their items are a level deeper. */
static const crb_codec_limits limits = { (size_t)4 << 20, 60 };

/** What is being checked, for the last words. */
static struct {
    const agreement_schema *schema;
    const uint8_t *data;
    size_t len;
} current;

static void must(bool condition, const char *what)
{
    if (!condition) {
        fprintf(stderr, "agreement: %s: %s:", current.schema->type->name, what);
        for (size_t i = 0; i < current.len; i++) {
            fprintf(stderr, " %02x", current.data[i]);
        }
        fprintf(stderr, "\n");
        abort();
    }
}

/** What the value takes beside its own size. */
static size_t memory_of(const corbel_type *type, const uint8_t *value);

static size_t memory_of_items(const corbel_type *element, size_t n, const void *items)
{
    size_t sum = 0;
    for (size_t i = 0; i < n; i++) {
        sum += memory_of(element, (const uint8_t *)items + i * element->size);
    }
    return sum;
}

static size_t memory_of_member(const corbel_member *member, const uint8_t *value)
{
    const uint8_t *at = value + member->offset;
    if ((member->flags & CORBEL_OPTIONAL) == 0 || crb_is_pointer(member->type)) {
        return memory_of(member->type, at);
    }
    const void *there = crb_pointer_get(at);
    return there != NULL ? member->type->size + memory_of(member->type, there) : 0;
}

static size_t memory_of(const corbel_type *type, const uint8_t *value)
{
    const corbel_member *selected = NULL;
    crb_view view = { 0, NULL };
    size_t sum = 0;
    switch (type->kind) {
    case CORBEL_KIND_STRING:
        return strlen(crb_string_get(value));
    case CORBEL_KIND_SEQUENCE:
    case CORBEL_KIND_MAP:
        view = crb_view_get(value);
        return view.len * type->element->size + memory_of_items(type->element, view.len, view.items);
    case CORBEL_KIND_ARRAY:
        return memory_of_items(type->element, type->bound, value);
    case CORBEL_KIND_UNION:
        selected = crb_union_case(type, value);
        return selected != NULL ? memory_of_member(selected, value) : 0;
    case CORBEL_KIND_STRUCT:
        for (uint32_t i = 0; i < type->count; i++) {
            sum += memory_of_member(&type->members[i], value);
        }
        return sum;
    default:
        return 0;
    }
}

static bool varint(const uint8_t **at, const uint8_t *end, uint64_t *ret)
{
    *ret = 0;
    for (unsigned shift = 0; *at < end && shift < 70; shift += 7) {
        const uint8_t byte = *(*at)++;
        *ret |= (uint64_t)(byte & 0x7f) << (shift & 63);
        if (byte < 0x80) {
            return true;
        }
    }
    return false;
}

/** Does a field that is not repeated come twice, at any depth, as far as the bytes are a message? */
static bool has_twice(const ProtobufCMessageDescriptor *descriptor, const uint8_t *at, const uint8_t *end)
{
    uint64_t seen = 0, tag = 0, len = 0;
    while (at < end && varint(&at, end, &tag)) {
        const ProtobufCFieldDescriptor *field = protobuf_c_message_descriptor_get_field(descriptor, (unsigned)(tag >> 3));
        if (field != NULL && field->label != PROTOBUF_C_LABEL_REPEATED) {
            const uint64_t bit = (uint64_t)1 << (field - descriptor->fields);
            if ((seen & bit) != 0) {
                return true;
            }
            seen |= bit;
        }
        if ((tag & 7) == 0 && varint(&at, end, &len)) {
            continue;
        }
        len = (tag & 7) == 1 ? 8 : 4;
        if ((tag & 7) == 2 && !varint(&at, end, &len)) {
            return false;
        }
        if (len > (uint64_t)(end - at)) {
            return false;
        }
        if ((tag & 7) == 2 && field != NULL && field->type == PROTOBUF_C_TYPE_MESSAGE &&
            has_twice(field->descriptor, at, at + len)) {
            return true;
        }
        at += len;
    }
    return false;
}

static crb_buf written(const agreement_schema *schema, const void *value)
{
    crb_buf buf = CRB_BUF_INIT;
    corbel_error error = CORBEL_ERROR_INIT;
    const corbel_status status = crb_encode_struct(schema->type, value, &fake_writer, &buf, &error);
    must(status == CORBEL_OK, error.message);
    return buf;
}

static void must_be_same(const crb_buf *a, crb_buf b, const char *what)
{
    must(a->len == b.len && (b.len == 0 || memcmp(a->data, b.data, b.len) == 0), what);
    crb_buf_clear(&b);
}

static void check_copies(const agreement_schema *schema, const void *value, const crb_buf *bytes, bool is_number)
{
    void *copy = corbel_value_copy(schema->type, value);
    must(copy != NULL, "no copy");
    must_be_same(bytes, written(schema, copy), "a copy is written in another way");
    must(corbel_value_equal(schema->type, value, copy) == is_number, "a copy is not equal");
    corbel_block_free(copy);

    crb_arena *arena = crb_arena_new(0);
    void *into = crb_arena_alloc(arena, 1, schema->type->size);
    must(crb_value_copy_into(schema->type, value, arena, into) == CORBEL_OK, "no copy in the arena");
    must_be_same(bytes, written(schema, into), "a copy in an arena is written in another way");
    crb_value_release_refs(schema->type, into);
    crb_arena_free(arena);
}

static void check_value(const agreement_schema *schema, const void *value)
{
    must(schema->type->size + memory_of(schema->type, value) <= limits.memory, "more memory than the limit");
    /* A value with a NaN does not equal itself. */
    const bool is_number = corbel_value_equal(schema->type, value, value);
    crb_buf bytes = written(schema, value);
    void *again = NULL;
    corbel_error error = CORBEL_ERROR_INIT;
    must(crb_decode_struct(schema->type, bytes.data, bytes.len, NULL, &fake_reader, &again, &error) == CORBEL_OK, error.message);
    must(corbel_value_equal(schema->type, value, again) == is_number, "not equal after writing and reading");
    must_be_same(&bytes, written(schema, again), "written in another way the second time");
    corbel_block_free(again);
    check_copies(schema, value, &bytes, is_number);
    crb_buf_clear(&bytes);
}

/** What protobuf-c took has to be the same value. */
static void check_theirs(const agreement_schema *schema, const void *value, const ProtobufCMessage *theirs)
{
    crb_buf packed = CRB_BUF_INIT;
    packed.len = protobuf_c_message_pack(theirs, crb_buf_reserve(&packed, protobuf_c_message_get_packed_size(theirs)));
    void *back = NULL;
    corbel_error error = CORBEL_ERROR_INIT;
    must(crb_decode_struct(schema->type, packed.data, packed.len, NULL, &fake_reader, &back, &error) == CORBEL_OK, error.message);
    if (corbel_value_equal(schema->type, value, value)) {
        must(corbel_value_equal(schema->type, value, back), "protobuf-c reads another value");
    }
    corbel_block_free(back);
    crb_buf_clear(&packed);
}

static void check_reason(const corbel_error *error)
{
    for (size_t i = 0; i < sizeof reasons / sizeof *reasons; i++) {
        if (strstr(error->message, reasons[i].text) != NULL) {
            reasons[i].seen++;
            return;
        }
    }
    must(false, error->message);
}

bool agreement_check(const agreement_schema *schema, const uint8_t *data, size_t len)
{
    static const uint8_t nothing[1];
    data = data != NULL ? data : nothing;
    current.schema = schema;
    current.data = data;
    current.len = len;
    void *value = NULL;
    corbel_error error = CORBEL_ERROR_INIT;
    const corbel_status status = crb_decode_struct(schema->type, data, len, &limits, &fake_reader, &value, &error);
    must((status == CORBEL_OK) == (value != NULL) && error.status == status, "status and value do not fit");
    const bool twice = has_twice(schema->descriptor, data, data + len);
    ProtobufCMessage *theirs = twice ? NULL : protobuf_c_message_unpack(schema->descriptor, NULL, len, data);
    if (value != NULL) {
        check_value(schema, value);
        must(twice || theirs != NULL, "protobuf-c refuses it");
    }
    if (value != NULL && theirs != NULL) {
        check_theirs(schema, value, theirs);
    } else if (theirs != NULL) {
        check_reason(&error);
    }
    if (theirs != NULL) {
        protobuf_c_message_free_unpacked(theirs, NULL);
    }
    corbel_block_free(value);
    corbel_error_clear(&error);
    must(fake_counts() == 0, "references do not balance");
    return status == CORBEL_OK;
}
