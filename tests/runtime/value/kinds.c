#include "tests/runtime/value/kinds.h"

#define MEMBER(S, member, number, table)                                                                                         \
    {                                                                                                                            \
        .name = #member, .id = number, .offset = offsetof(S, member), .type = table                                              \
    }
#define STRUCT(S, list, bits)                                                                                                    \
    {                                                                                                                            \
        .kind = CORBEL_KIND_STRUCT, .flags = bits, .name = #S, .size = sizeof(S), .count = sizeof list / sizeof *list,           \
        .members = list                                                                                                          \
    }
#define SEQUENCE(S, item)                                                                                                        \
    {                                                                                                                            \
        .kind = CORBEL_KIND_SEQUENCE, .size = sizeof(S), .element = item                                                         \
    }

const corbel_interface kinds_Thing_interface = { .name = "kinds::Thing" };
const corbel_type kinds_Thing_type = {
    .kind = CORBEL_KIND_REFERENCE, .name = "kinds::Thing", .size = sizeof(kinds_Thing *), .interface = &kinds_Thing_interface
};
const corbel_type kinds_Thing_seq_type = SEQUENCE(kinds_Thing_seq, &kinds_Thing_type);

static const corbel_enumerator color_names[] = { { .name = "RED", .value = 0 },
                                                 { .name = "GREEN", .value = 1 },
                                                 { .name = "BLUE", .value = 2 } };
const corbel_type kinds_Color_type = { .kind = CORBEL_KIND_ENUM,
                                       .flags = CORBEL_PLAIN,
                                       .name = "kinds::Color",
                                       .size = sizeof(kinds_Color),
                                       .count = 3,
                                       .enumerators = color_names };
static const corbel_type color_seq_type = SEQUENCE(kinds_Color_seq, &kinds_Color_type);

static const corbel_member point_members[] = {
    MEMBER(kinds_Point, x, 1, &corbel_int32_type),
    MEMBER(kinds_Point, y, 2, &corbel_double_type),
};
const corbel_type kinds_Point_type = STRUCT(kinds_Point, point_members, CORBEL_PLAIN);
const corbel_type kinds_Point_seq_type = SEQUENCE(kinds_Point_seq, &kinds_Point_type);

static const corbel_member inner_members[] = {
    MEMBER(kinds_Inner, text, 1, &corbel_string_type),       MEMBER(kinds_Inner, numbers, 2, &corbel_int32_seq_type),
    MEMBER(kinds_Inner, point, 3, &kinds_Point_type),        MEMBER(kinds_Inner, object, 4, &kinds_Thing_type),
    MEMBER(kinds_Inner, children, 5, &kinds_Inner_seq_type),
};
const corbel_type kinds_Inner_type = STRUCT(kinds_Inner, inner_members, 0);
const corbel_type kinds_Inner_seq_type = SEQUENCE(kinds_Inner_seq, &kinds_Inner_type);
const corbel_type kinds_Inner_seq_seq_type = SEQUENCE(kinds_Inner_seq_seq, &kinds_Inner_seq_type);
const corbel_type kinds_int32_seq_seq_type = SEQUENCE(kinds_int32_seq_seq, &corbel_int32_seq_type);
static const corbel_type bytes_seq_type = SEQUENCE(kinds_bytes_seq, &corbel_bytes_type);

static const corbel_member all_members[] = {
    MEMBER(kinds_All, b, 1, &corbel_bool_type),
    MEMBER(kinds_All, octet, 2, &corbel_uint8_type),
    MEMBER(kinds_All, c, 3, &corbel_char_type),
    MEMBER(kinds_All, i16, 4, &corbel_int16_type),
    MEMBER(kinds_All, u16, 5, &corbel_uint16_type),
    MEMBER(kinds_All, i32, 6, &corbel_int32_type),
    MEMBER(kinds_All, u32, 7, &corbel_uint32_type),
    MEMBER(kinds_All, i64, 8, &corbel_int64_type),
    MEMBER(kinds_All, u64, 9, &corbel_uint64_type),
    MEMBER(kinds_All, f, 10, &corbel_float_type),
    MEMBER(kinds_All, d, 11, &corbel_double_type),
    MEMBER(kinds_All, color, 12, &kinds_Color_type),
    MEMBER(kinds_All, text, 13, &corbel_string_type),
    MEMBER(kinds_All, inner, 14, &kinds_Inner_type),
    MEMBER(kinds_All, object, 15, &kinds_Thing_type),
    MEMBER(kinds_All, data, 16, &corbel_bytes_type),
    MEMBER(kinds_All, bools, 17, &corbel_bool_seq_type),
    MEMBER(kinds_All, chars, 18, &corbel_char_seq_type),
    MEMBER(kinds_All, i16s, 19, &corbel_int16_seq_type),
    MEMBER(kinds_All, u16s, 20, &corbel_uint16_seq_type),
    MEMBER(kinds_All, i32s, 21, &corbel_int32_seq_type),
    MEMBER(kinds_All, u32s, 22, &corbel_uint32_seq_type),
    MEMBER(kinds_All, i64s, 23, &corbel_int64_seq_type),
    MEMBER(kinds_All, u64s, 24, &corbel_uint64_seq_type),
    MEMBER(kinds_All, floats, 25, &corbel_float_seq_type),
    MEMBER(kinds_All, doubles, 26, &corbel_double_seq_type),
    MEMBER(kinds_All, colors, 27, &color_seq_type),
    MEMBER(kinds_All, texts, 28, &corbel_string_seq_type),
    MEMBER(kinds_All, inners, 29, &kinds_Inner_seq_type),
    MEMBER(kinds_All, objects, 30, &kinds_Thing_seq_type),
    MEMBER(kinds_All, blobs, 31, &bytes_seq_type),
    MEMBER(kinds_All, numbers, 100, &kinds_int32_seq_seq_type),
    MEMBER(kinds_All, inner_lists, 101, &kinds_Inner_seq_seq_type),
    MEMBER(kinds_All, last, 3000, &kinds_Point_type),
};
const corbel_type kinds_All_type = STRUCT(kinds_All, all_members, 0);

static const corbel_type string4_type = { .kind = CORBEL_KIND_STRING, .size = sizeof(const char *), .bound = 4 };
static const corbel_type bytes3_type = {
    .kind = CORBEL_KIND_SEQUENCE, .flags = CORBEL_BYTES, .size = sizeof(corbel_bytes), .bound = 3, .element = &corbel_uint8_type
};
static const corbel_type int32_seq2_type = {
    .kind = CORBEL_KIND_SEQUENCE, .size = sizeof(corbel_int32_seq), .bound = 2, .element = &corbel_int32_type
};
static const corbel_type string4_seq2_type = {
    .kind = CORBEL_KIND_SEQUENCE, .size = sizeof(corbel_string_seq), .bound = 2, .element = &string4_type
};
static const corbel_member bounded_members[] = {
    MEMBER(kinds_Bounded, name, 1, &string4_type),
    MEMBER(kinds_Bounded, data, 2, &bytes3_type),
    MEMBER(kinds_Bounded, few, 3, &int32_seq2_type),
    MEMBER(kinds_Bounded, list, 4, &string4_seq2_type),
};
const corbel_type kinds_Bounded_type = STRUCT(kinds_Bounded, bounded_members, 0);
