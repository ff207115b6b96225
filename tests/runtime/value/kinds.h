/** One struct with a member of every kind, and its tables, as the IDL compiler would write them. */
#ifndef CRB_TEST_KINDS_H
#define CRB_TEST_KINDS_H

#include <corbel/generated.h>

typedef enum kinds_Color { kinds_RED, kinds_GREEN, kinds_BLUE } kinds_Color;
typedef struct kinds_Color_seq {
    size_t len;
    const kinds_Color *items;
} kinds_Color_seq;

/* final: plain */
typedef struct kinds_Point {
    int32_t x;
    double y;
} kinds_Point;
typedef struct kinds_Point_seq {
    size_t len;
    const kinds_Point *items;
} kinds_Point_seq;

typedef struct corbel_object kinds_Thing;
typedef struct kinds_Thing_seq {
    size_t len;
    kinds_Thing *const *items;
} kinds_Thing_seq;

typedef struct kinds_Inner kinds_Inner;
typedef struct kinds_Inner_seq {
    size_t len;
    const kinds_Inner *items;
} kinds_Inner_seq;
struct kinds_Inner {
    const char *text;
    corbel_int32_seq numbers;
    kinds_Point point;
    kinds_Thing *object;
    kinds_Inner_seq children;
};

typedef struct kinds_bytes_seq {
    size_t len;
    const corbel_bytes *items;
} kinds_bytes_seq;
typedef struct kinds_int32_seq_seq {
    size_t len;
    const corbel_int32_seq *items;
} kinds_int32_seq_seq;
typedef struct kinds_Inner_seq_seq {
    size_t len;
    const kinds_Inner_seq *items;
} kinds_Inner_seq_seq;

typedef struct kinds_All {
    bool b;
    uint8_t octet;
    char c;
    int16_t i16;
    uint16_t u16;
    int32_t i32;
    uint32_t u32;
    int64_t i64;
    uint64_t u64;
    float f;
    double d;
    kinds_Color color;
    const char *text;
    kinds_Inner inner;
    kinds_Thing *object;
    corbel_bytes data;
    corbel_bool_seq bools;
    corbel_char_seq chars;
    corbel_int16_seq i16s;
    corbel_uint16_seq u16s;
    corbel_int32_seq i32s;
    corbel_uint32_seq u32s;
    corbel_int64_seq i64s;
    corbel_uint64_seq u64s;
    corbel_float_seq floats;
    corbel_double_seq doubles;
    kinds_Color_seq colors;
    corbel_string_seq texts;
    kinds_Inner_seq inners;
    kinds_Thing_seq objects;
    kinds_bytes_seq blobs;
    kinds_int32_seq_seq numbers;
    kinds_Inner_seq_seq inner_lists;
    kinds_Point last;
} kinds_All;

/* Bounds, one of each. */
typedef struct kinds_Bounded {
    const char *name;       /* string<4> */
    corbel_bytes data;      /* sequence<octet, 3> */
    corbel_int32_seq few;   /* sequence<long, 2> */
    corbel_string_seq list; /* sequence<string<4>, 2> */
} kinds_Bounded;

extern const corbel_interface kinds_Thing_interface;
extern const corbel_type kinds_Color_type, kinds_Point_type, kinds_Point_seq_type, kinds_Thing_type, kinds_Thing_seq_type,
    kinds_Inner_type, kinds_Inner_seq_type, kinds_Inner_seq_seq_type, kinds_int32_seq_seq_type, kinds_All_type,
    kinds_Bounded_type;

#endif /* CRB_TEST_KINDS_H */
