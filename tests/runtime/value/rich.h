/** Structs with what kinds.h does not have, and their tables, as the IDL compiler would write them: small and large numbers,
 *  ranges, unions, arrays, maps, optional members, defaults. */
#ifndef CRB_TEST_RICH_H
#define CRB_TEST_RICH_H

#include <corbel/generated.h>

typedef enum rich_Shade { rich_NONE, rich_LIGHT, rich_DARK = 5 } rich_Shade;

typedef struct rich_string_by_int32_item {
    const char *key;
    int32_t value;
} rich_string_by_int32_item;
typedef struct rich_Tags {
    size_t len;
    const rich_string_by_int32_item *items;
} rich_Tags;

typedef struct rich_Grid {
    int32_t items[2][2];
} rich_Grid;

/** One default, two optional members. */
typedef struct rich_Leaf {
    int8_t small;
    const char *name; /* @default("leaf") */
    const int16_t *maybe;
    const char *note; /* optional */
    const char *price;
} rich_Leaf;

typedef struct rich_Leaf_item {
    int16_t key;
    rich_Leaf value;
} rich_Leaf_item;
typedef struct rich_Leaves {
    size_t len;
    const rich_Leaf_item *items;
} rich_Leaves;

typedef struct rich_List_item {
    bool key;
    corbel_string_seq value;
} rich_List_item;
typedef struct rich_Lists {
    size_t len;
    const rich_List_item *items;
} rich_Lists;

typedef struct rich_Pick {
    int32_t _d;
    union {
        int32_t number;           /* 0 */
        const char *text;         /* 1 */
        corbel_int32_seq numbers; /* 2, 3 */
        rich_Leaf leaf;           /* 4 */
        rich_Tags tags;           /* 5 */
        int32_t grid[2][2];       /* 6 */
        uint8_t code[3];          /* 7 */
        corbel_object *object;    /* 8 */
        const char *price;        /* 9 */
        corbel_bytes data;        /* -1 */
        rich_Shade shade;         /* 10 */
        long double exact;        /* 11 */
        double other;             /* default */
    };
} rich_Pick;
typedef struct rich_Pick_seq {
    size_t len;
    const rich_Pick *items;
} rich_Pick_seq;

/** @final: plain; FALSE selects nothing. */
typedef struct rich_Small {
    bool _d;
    union {
        int32_t on;
    };
} rich_Small;

typedef struct rich_Tree rich_Tree;
typedef struct rich_Tree_seq {
    size_t len;
    const rich_Tree *items;
} rich_Tree_seq;
typedef struct rich_Tree_item rich_Tree_item;
typedef struct rich_Trees {
    size_t len;
    const rich_Tree_item *items;
} rich_Trees;
/** Contains itself through everything that can hold it. */
typedef struct rich_Knot {
    uint8_t _d;
    union {
        rich_Tree_seq trees; /* 1 */
        rich_Trees by_name;  /* 2 */
    };
} rich_Knot;
struct rich_Tree {
    const char *names[2];
    const rich_Tree *child;     /* optional */
    const rich_Tree_seq *maybe; /* optional */
    rich_Trees by_name;
    rich_Knot knot;
    rich_Knot knots[2];
    corbel_object *object;
};
struct rich_Tree_item {
    const char *key;
    rich_Tree value;
};

typedef struct rich_Tags_seq {
    size_t len;
    const rich_Tags *items;
} rich_Tags_seq;
typedef struct rich_Grid_seq {
    size_t len;
    const rich_Grid *items;
} rich_Grid_seq;
typedef struct rich_Key_seq {
    size_t len;
    const uint8_t (*items)[4];
} rich_Key_seq;

typedef struct rich_All {
    int8_t i8;
    uint32_t letter;
    uint8_t flags;     /* 5 bits */
    uint64_t bits;     /* 40 bits */
    int32_t percent;   /* -10 to 100 */
    double ratio;      /* 0 to 1 */
    uint8_t limited;   /* at most 7 */
    rich_Shade shade;  /* -1 to 10 */
    const char *wide;  /* wstring<4> */
    const char *price; /* fixed<5,2> */
    long double exact;
    rich_Pick pick;
    rich_Small small;
    int32_t grid[2][3];
    uint8_t key[4];
    const char *names[2];
    rich_Leaf leaves[2];
    rich_Tags tags;
    rich_Leaves by_number; /* at most 3 */
    rich_Lists lists;
    const int32_t *opt_number;
    const char *opt_text;
    const rich_Leaf *opt_leaf;
    const rich_Pick *opt_pick;
    const corbel_int32_seq *opt_list;
    const rich_Tags *opt_map;
    const int32_t (*opt_grid)[2][2];
    const uint8_t (*opt_key)[4];
    const corbel_bytes *opt_data;
    corbel_object *opt_object;
    const char *opt_price;
    const long double *opt_exact;
    int32_t level;     /* @default(7) */
    const char *title; /* @default("none") */
    const char *cost;  /* @default(1.5) */
    rich_Shade tone;   /* @default(DARK) */
    corbel_uint8_seq octets;
    corbel_int8_seq int8s;
    corbel_wchar_seq letters;
    corbel_uint8_seq masks;
    corbel_long_double_seq exacts;
    corbel_string_seq prices;
    rich_Pick_seq picks;
    rich_Tags_seq maps;
    rich_Grid_seq grids;
    rich_Key_seq keys;
    rich_Tree tree;
    corbel_object *objects[2];
    corbel_int32_seq percents; /* -10 to 100 each, at most 100 */
    float floats[2];
    corbel_object_seq things;
    const bool *opt_flag;
    const rich_Small *opt_small;
} rich_All;

extern const corbel_type rich_All_type, rich_Leaf_type, rich_Pick_type, rich_Small_type, rich_Tree_type, rich_Tags_type,
    rich_Leaves_type, rich_Lists_type, rich_Grid_type, rich_key_type, rich_price_type, rich_Shade_type, rich_names_type,
    rich_Pick_seq_type, rich_flags_type, rich_percent_type, rich_wide_type;

#endif /* CRB_TEST_RICH_H */
