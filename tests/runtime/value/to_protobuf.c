#include "tests/runtime/value/to_protobuf.h"
#include "runtime/value/field.h"
#include "runtime/value/long_double.h"
#include "runtime/value/union.h"
#include "tests/runtime/value/fake_object.h"

#include <stdlib.h>

typedef struct target {
    crb_arena *arena;
    ProtobufCMessage *message;
} target;

static void must(bool condition)
{
    if (!condition) {
        abort();
    }
}

/** "+012.50" as "12.5"; NULL as "0". By hand. */
static char *shortest(crb_arena *arena, const char *text)
{
    char *out = crb_arena_alloc(arena, text != NULL ? strlen(text) + 2 : 2, 1), *at = out;
    if (text == NULL || *text == '\0') {
        return strcpy(out, "0");
    }
    if (*text == '-') {
        *at++ = '-';
    }
    text += *text == '-' || *text == '+';
    while (*text == '0') {
        text++;
    }
    if (*text == '\0' || *text == '.') {
        *at++ = '0';
    }
    strcpy(at, text);
    if (strchr(at, '.') != NULL) {
        for (char *end = at + strlen(at) - 1; *end == '0' || *end == '.'; end--) {
            const bool point = *end == '.';
            *end = '\0';
            if (point) {
                break;
            }
        }
    }
    return strcmp(out, "-0") == 0 ? strcpy(out, "0") : out;
}

static size_t size_of(const ProtobufCFieldDescriptor *field)
{
    switch (field->type) {
    case PROTOBUF_C_TYPE_SINT64:
    case PROTOBUF_C_TYPE_UINT64:
    case PROTOBUF_C_TYPE_DOUBLE:
        return 8;
    case PROTOBUF_C_TYPE_STRING:
    case PROTOBUF_C_TYPE_MESSAGE:
        return sizeof(void *);
    case PROTOBUF_C_TYPE_BYTES:
        return sizeof(ProtobufCBinaryData);
    default:
        return 4;
    }
}

static void set_number(const ProtobufCFieldDescriptor *field, const corbel_type *type, const void *at, void *out)
{
    uint64_t number = 0;
    if (type->kind == CORBEL_KIND_REFERENCE) {
        const corbel_object *object = crb_reference_get(at);
        number = object != NULL ? (uint64_t)(object - fake_objects) + 1 : 0;
    } else if (type->kind == CORBEL_KIND_FLOAT || type->kind == CORBEL_KIND_DOUBLE) {
        memcpy(&number, at, type->size);
    } else {
        number = (uint64_t)crb_integer_get(type, at);
    }
    memcpy(out, &number, size_of(field));
}

static void set_bytes(crb_arena *arena, const corbel_type *type, const void *at, ProtobufCBinaryData *out)
{
    if (type->kind == CORBEL_KIND_LONG_DOUBLE) {
        static const uint8_t zero[CRB_LONG_DOUBLE_WIRE];
        out->data = crb_arena_alloc(arena, CRB_LONG_DOUBLE_WIRE, 1);
        crb_long_double_load(at, out->data);
        out->len = memcmp(out->data, zero, sizeof zero) != 0 ? CRB_LONG_DOUBLE_WIRE : 0;
    } else if (type->kind == CORBEL_KIND_ARRAY) {
        *out = (ProtobufCBinaryData) { type->bound, (uint8_t *)(uintptr_t)at };
    } else {
        const crb_view view = crb_view_get(at);
        *out = (ProtobufCBinaryData) { view.len, (uint8_t *)(uintptr_t)view.items };
    }
}

static void set_field(const target *to, uint32_t id, const corbel_type *type, const void *at, bool present);

static ProtobufCMessage *wrap(crb_arena *arena, const corbel_type *type, const void *value,
                              const ProtobufCMessageDescriptor *descriptor)
{
    target to = { arena, crb_arena_alloc(arena, 1, descriptor->sizeof_message) };
    protobuf_c_message_init(descriptor, to.message);
    set_field(&to, 1, type, value, false);
    return to.message;
}

/** present: an item, or a member of a oneof. */
static void set_one(crb_arena *arena, const ProtobufCFieldDescriptor *field, const corbel_type *type, const void *at,
                    bool present, void *out)
{
    if (field->type == PROTOBUF_C_TYPE_STRING) {
        const bool fixed = type->kind == CORBEL_KIND_FIXED;
        char *text = fixed ? shortest(arena, crb_string_get(at)) : (char *)(uintptr_t)crb_string_get(at);
        text = fixed && !present && strcmp(text, "0") == 0 ? text + 1 : text;
        memcpy(out, &text, sizeof text);
    } else if (field->type == PROTOBUF_C_TYPE_BYTES) {
        set_bytes(arena, type, at, out);
        if (present && type->kind == CORBEL_KIND_LONG_DOUBLE) {
            ((ProtobufCBinaryData *)out)->len = CRB_LONG_DOUBLE_WIRE;
        }
    } else if (field->type == PROTOBUF_C_TYPE_MESSAGE) {
        ProtobufCMessage *message =
            crb_is_repeated(type) ? wrap(arena, type, at, field->descriptor) : to_protobuf(arena, type, at, field->descriptor);
        message = present || protobuf_c_message_get_packed_size(message) > 0 ? message : NULL;
        memcpy(out, &message, sizeof message);
    } else {
        set_number(field, type, at, out);
    }
}

static void set_field(const target *to, uint32_t id, const corbel_type *type, const void *at, bool present)
{
    uint8_t *base = (uint8_t *)to->message;
    const ProtobufCFieldDescriptor *field = protobuf_c_message_descriptor_get_field(to->message->descriptor, id);
    must(field != NULL);
    if (field->label == PROTOBUF_C_LABEL_REPEATED) {
        const crb_view view = type->kind == CORBEL_KIND_ARRAY ? (crb_view) { type->bound, at } : crb_view_get(at);
        const size_t size = size_of(field);
        uint8_t *items = crb_arena_alloc(to->arena, view.len, size);
        for (size_t i = 0; i < view.len; i++) {
            set_one(to->arena, field, type->element, (const uint8_t *)view.items + i * type->element->size, true,
                    items + i * size);
        }
        memcpy(base + field->quantifier_offset, &view.len, sizeof view.len);
        memcpy(base + field->offset, &items, sizeof items);
        return;
    }
    const bool in_oneof = (field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) != 0;
    must(in_oneof == present);
    if (in_oneof) {
        memcpy(base + field->quantifier_offset, &id, sizeof id);
    }
    set_one(to->arena, field, type, at, present, base + field->offset);
}

static void set_member(const target *to, const corbel_member *member, const uint8_t *value)
{
    const void *at = value + member->offset;
    if ((member->flags & CORBEL_OPTIONAL) != 0) {
        const void *there = crb_pointer_get(at);
        if (there == NULL) {
            return;
        }
        at = crb_is_pointer(member->type) ? at : there;
    }
    set_field(to, member->id, member->type, at, (member->flags & (CORBEL_OPTIONAL | CORBEL_PRESENT)) != 0);
}

ProtobufCMessage *to_protobuf(crb_arena *arena, const corbel_type *type, const void *value,
                              const ProtobufCMessageDescriptor *descriptor)
{
    target to = { arena, crb_arena_alloc(arena, 1, descriptor->sizeof_message) };
    protobuf_c_message_init(descriptor, to.message);
    if (type->kind == CORBEL_KIND_UNION) {
        const corbel_member *selected = crb_union_case(type, value);
        set_member(&to, &type->members[0], value);
        if (selected != NULL) {
            set_field(&to, selected->id, selected->type, (const uint8_t *)value + selected->offset, true);
        }
        return to.message;
    }
    for (uint32_t i = 0; i < type->count; i++) {
        set_member(&to, &type->members[i], value);
    }
    return to.message;
}
