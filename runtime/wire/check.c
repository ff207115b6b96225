/* Bounds come from a frame's bytes alone, so that nothing is allocated for a frame that breaks them. The schema does not recurse,
 * so neither does this walk beyond its depth (three levels). */
#include "runtime/wire/check.h"

#include "runtime/base/utf8.h"

#include "session.pb-c.h"

#include <string.h>

/* More unknown fields than this in one frame is nothing that a newer version would send. Each costs protobuf-c 60 bytes. */
enum { CHECK_MAX_UNKNOWN = 256 };
enum { CHECK_MAX_FIELD = 0x1FFFFFFF }; /* protobuf's */

typedef struct check_input {
    const uint8_t *at;
    size_t left;
} check_input;

typedef struct check_state {
    const crb_frame_limits *limits;
    unsigned references, hops, features, unknown;
} check_state;

static bool check_varint(check_input *in, uint64_t *ret)
{
    uint64_t value = 0;
    for (unsigned shift = 0; shift < 70 && in->left > 0; shift += 7) {
        const uint8_t byte = *in->at++;
        in->left--;
        value |= shift < 64 ? (uint64_t)(byte & 0x7F) << shift : 0;
        if ((byte & 0x80) == 0) {
            *ret = value;
            return true;
        }
    }
    return false;
}

static bool check_skip(check_input *in, uint64_t n)
{
    if (n > in->left) {
        return false;
    }
    in->at += n;
    in->left -= (size_t)n;
    return true;
}

static size_t check_text_max(const ProtobufCMessageDescriptor *message, const ProtobufCFieldDescriptor *field)
{
    if (message == &corbel__wire__hop__descriptor) {
        return CRB_FRAME_MAX_HOP_TEXT;
    }
    if (message == &corbel__wire__return__descriptor && strcmp(field->name, "message") == 0) {
        return CRB_FRAME_MAX_MESSAGE;
    }
    return CRB_FRAME_MAX_TEXT;
}

/** The steps of a path: field numbers, packed. */
static const char *check_path(check_input in)
{
    for (unsigned n = 0; in.left > 0; n++) {
        uint64_t step = 0;
        if (n == CRB_FRAME_MAX_PATH) {
            return "a path that is too long";
        }
        if (!check_varint(&in, &step) || step == 0 || step > CHECK_MAX_FIELD) {
            return "a path with a step that is no field number";
        }
    }
    return NULL;
}

static const char *check_count(check_state *state, const ProtobufCFieldDescriptor *field)
{
    if (field->descriptor == &corbel__wire__reference__descriptor) {
        return ++state->references > state->limits->max_references ? "too many references in one table" : NULL;
    }
    if (field->descriptor == &corbel__wire__hop__descriptor) {
        return ++state->hops > CRB_FRAME_MAX_HOPS ? "too many hops" : NULL;
    }
    return ++state->features > CRB_FRAME_MAX_FEATURES ? "too many features" : NULL;
}

static const char *check_message(check_state *state, const ProtobufCMessageDescriptor *message, check_input in,
                                 uint32_t *ret_type)
{
    uint64_t seen = 0; /* fields that may come once; their numbers are below 64 */
    uint32_t known_body = 0, unknown_body = 0;
    while (in.left > 0) {
        uint64_t key = 0, value = 0;
        if (!check_varint(&in, &key) || key > UINT32_MAX || key >> 3 == 0) {
            return "a field key that is not valid";
        }
        const uint32_t number = (uint32_t)(key >> 3);
        const unsigned wire_type = (unsigned)(key & 7);
        const uint8_t *content = NULL;
        if (wire_type == PROTOBUF_C_WIRE_TYPE_VARINT) {
            if (!check_varint(&in, &value)) {
                return "a varint that does not end";
            }
        } else if (wire_type == PROTOBUF_C_WIRE_TYPE_64BIT || wire_type == PROTOBUF_C_WIRE_TYPE_32BIT) {
            if (!check_skip(&in, wire_type == PROTOBUF_C_WIRE_TYPE_64BIT ? 8 : 4)) {
                return "a frame that is cut off";
            }
        } else if (wire_type == PROTOBUF_C_WIRE_TYPE_LENGTH_PREFIXED) {
            if (!check_varint(&in, &value)) {
                return "a length that does not end";
            }
            content = in.at;
            if (!check_skip(&in, value)) {
                return "a frame that is cut off";
            }
        } else {
            return "a field of a wire type that is not in use";
        }
        const ProtobufCFieldDescriptor *const field = protobuf_c_message_descriptor_get_field(message, number);
        if (field == NULL) {
            if (++state->unknown > CHECK_MAX_UNKNOWN) {
                return "too many unknown fields";
            }
            unknown_body = unknown_body == 0 ? number : unknown_body;
            continue;
        }
        if (field->label != PROTOBUF_C_LABEL_REPEATED) {
            if ((seen >> number & 1) != 0) {
                return "a field that is there twice";
            }
            seen |= (uint64_t)1 << number;
        }
        const bool is_path = field->type == PROTOBUF_C_TYPE_UINT32 && field->label == PROTOBUF_C_LABEL_REPEATED;
        const bool wants_content = is_path || field->type == PROTOBUF_C_TYPE_STRING || field->type == PROTOBUF_C_TYPE_BYTES ||
                                   field->type == PROTOBUF_C_TYPE_MESSAGE;
        const bool wants_64bit = field->type == PROTOBUF_C_TYPE_FIXED64;
        if (wants_content != (content != NULL) || wants_64bit != (wire_type == PROTOBUF_C_WIRE_TYPE_64BIT) ||
            (!wants_content && !wants_64bit && wire_type != PROTOBUF_C_WIRE_TYPE_VARINT)) {
            return "a field of the wrong wire type";
        }
        if (is_path) {
            if ((seen >> number & 1) != 0) {
                return "a path in two pieces";
            }
            seen |= (uint64_t)1 << number;
            const char *const why = check_path((check_input) { content, (size_t)value });
            if (why != NULL) {
                return why;
            }
        } else if (field->label == PROTOBUF_C_LABEL_REPEATED) {
            const char *const why = check_count(state, field);
            if (why != NULL) {
                return why;
            }
        }
        if (field->type == PROTOBUF_C_TYPE_STRING) {
            if (value > check_text_max(message, field)) {
                return "a text that is too long";
            }
            if (!crb_utf8_valid(content, (size_t)value)) {
                return "a text that is not UTF-8";
            }
        } else if (field->type == PROTOBUF_C_TYPE_MESSAGE) {
            if (ret_type != NULL) {
                if (known_body != 0) {
                    return "a frame with two bodies";
                }
                known_body = number;
            }
            const check_input inner = { content, (size_t)value };
            const char *const why = check_message(state, field->descriptor, inner, NULL);
            if (why != NULL) {
                return why;
            }
        }
    }
    if (ret_type != NULL) {
        *ret_type = known_body != 0 ? known_body : unknown_body;
    }
    return NULL;
}

const char *crb_wire_check(const uint8_t *data, size_t len, const crb_frame_limits *limits, uint32_t *ret_type)
{
    check_state state = { .limits = limits };
    const check_input in = { data, len };
    const char *const why = check_message(&state, &corbel__wire__frame__descriptor, in, ret_type);
    return why != NULL ? why : *ret_type == 0 ? "a frame without a body" : NULL;
}
