#include "tests/runtime/value/rich.h"

#define FLAGGED(S, member, number, bits, table)                                                                                  \
    {                                                                                                                            \
        .name = #member, .id = number, .flags = bits, .offset = offsetof(S, member), .type = table                               \
    }
#define MEMBER(S, member, number, table) FLAGGED(S, member, number, 0, table)
#define OPTION(S, member, number, table) FLAGGED(S, member, number, CORBEL_OPTIONAL, table)
#define DEFAULT(S, member, number, table, value)                                                                                 \
    {                                                                                                                            \
        .name = #member, .id = number, .flags = CORBEL_PRESENT, .offset = offsetof(S, member), .type = table, .fallback = value  \
    }
#define CASE(S, member, number, table, ...)                                                                                      \
    {                                                                                                                            \
        .name = #member, .id = number, .offset = offsetof(S, member), .type = table,                                             \
        .labels = (const int64_t[]) { __VA_ARGS__ }, .n_labels = sizeof((const int64_t[]) { __VA_ARGS__ }) / sizeof(int64_t)     \
    }
#define TABLE(k, S, list, bits)                                                                                                  \
    {                                                                                                                            \
        .kind = CORBEL_KIND_##k, .flags = bits, .name = #S, .size = sizeof(S), .count = sizeof list / sizeof *list,              \
        .members = list                                                                                                          \
    }
#define SEQUENCE(S, item)                                                                                                        \
    {                                                                                                                            \
        .kind = CORBEL_KIND_SEQUENCE, .size = sizeof(S), .element = item                                                         \
    }
#define MAP(S, item, most)                                                                                                       \
    {                                                                                                                            \
        .kind = CORBEL_KIND_MAP, .size = sizeof(S), .bound = most, .element = item                                               \
    }
#define ARRAY(bits, n, item, ...)                                                                                                \
    {                                                                                                                            \
        .kind = CORBEL_KIND_ARRAY, .flags = bits, .size = (n) * (item##_size), .bound = n, .element = &item,                     \
        .dimensions = (const uint32_t[])                                                                                         \
        {                                                                                                                        \
            __VA_ARGS__, 0                                                                                                       \
        }                                                                                                                        \
    }

static const corbel_enumerator shade_names[] = { { .name = "NONE", .value = 0 },
                                                 { .name = "LIGHT", .value = 1 },
                                                 { .name = "DARK", .value = 5 } };
static const corbel_range shade_range = { true, true, { .i = -1 }, { .i = 10 } };
const corbel_type rich_Shade_type = { .kind = CORBEL_KIND_ENUM,
                                      .flags = CORBEL_PLAIN,
                                      .name = "rich::Shade",
                                      .size = sizeof(rich_Shade),
                                      .count = 3,
                                      .enumerators = shade_names,
                                      .range = &shade_range };

const corbel_type rich_flags_type = { .kind = CORBEL_KIND_BITMASK, .flags = CORBEL_PLAIN, .size = 1, .bound = 5 };
static const corbel_type bits_type = { .kind = CORBEL_KIND_BITMASK, .flags = CORBEL_PLAIN, .size = 8, .bound = 40 };
static const corbel_range percent_range = { true, true, { .i = -10 }, { .i = 100 } };
const corbel_type rich_percent_type = {
    .kind = CORBEL_KIND_INT32, .flags = CORBEL_PLAIN, .size = sizeof(int32_t), .range = &percent_range
};
static const corbel_range ratio_range = { true, true, { .d = 0 }, { .d = 1 } };
static const corbel_type ratio_type = {
    .kind = CORBEL_KIND_DOUBLE, .flags = CORBEL_PLAIN, .size = sizeof(double), .range = &ratio_range
};
static const corbel_range limited_range = { false, true, { .u = 0 }, { .u = 7 } };
static const corbel_type limited_type = { .kind = CORBEL_KIND_UINT8, .flags = CORBEL_PLAIN, .size = 1, .range = &limited_range };
const corbel_type rich_wide_type = { .kind = CORBEL_KIND_STRING, .flags = CORBEL_WIDE, .size = sizeof(const char *), .bound = 4 };
const corbel_type rich_price_type = { .kind = CORBEL_KIND_FIXED, .size = sizeof(const char *), .bound = 5, .count = 2 };

#define corbel_int32_type_size sizeof(int32_t)
#define corbel_uint8_type_size 1
#define corbel_float_type_size sizeof(float)
#define corbel_string_type_size sizeof(const char *)
#define corbel_object_type_size sizeof(corbel_object *)
#define rich_Leaf_type_size sizeof(rich_Leaf)
#define knot_type_size sizeof(rich_Knot)
static const corbel_type grid23_type = ARRAY(CORBEL_PLAIN, 6, corbel_int32_type, 2, 3);
const corbel_type rich_Grid_type = ARRAY(CORBEL_PLAIN, 4, corbel_int32_type, 2, 2);
const corbel_type rich_key_type = ARRAY(CORBEL_PLAIN | CORBEL_BYTES, 4, corbel_uint8_type, 4);
static const corbel_type code_type = ARRAY(CORBEL_PLAIN | CORBEL_BYTES, 3, corbel_uint8_type, 3);
const corbel_type rich_names_type = ARRAY(0, 2, corbel_string_type, 2);
static const corbel_type objects_type = ARRAY(0, 2, corbel_object_type, 2);
static const corbel_type floats_type = ARRAY(CORBEL_PLAIN, 2, corbel_float_type, 2);

static const corbel_member tag_members[] = {
    MEMBER(rich_string_by_int32_item, key, 1, &corbel_string_type),
    MEMBER(rich_string_by_int32_item, value, 2, &corbel_int32_type),
};
static const corbel_type tag_type = TABLE(STRUCT, rich_string_by_int32_item, tag_members, 0);
const corbel_type rich_Tags_type = MAP(rich_Tags, &tag_type, 0);

static const char *const leaf_name = "leaf";
static const corbel_member leaf_members[] = {
    MEMBER(rich_Leaf, small, 1, &corbel_int8_type),  DEFAULT(rich_Leaf, name, 2, &corbel_string_type, &leaf_name),
    OPTION(rich_Leaf, maybe, 3, &corbel_int16_type), OPTION(rich_Leaf, note, 4, &corbel_string_type),
    MEMBER(rich_Leaf, price, 5, &rich_price_type),
};
const corbel_type rich_Leaf_type = TABLE(STRUCT, rich_Leaf, leaf_members, 0);
static const corbel_type leaves_type = ARRAY(0, 2, rich_Leaf_type, 2);

static const corbel_member leaf_item_members[] = {
    MEMBER(rich_Leaf_item, key, 1, &corbel_int16_type),
    MEMBER(rich_Leaf_item, value, 2, &rich_Leaf_type),
};
static const corbel_type leaf_item_type = TABLE(STRUCT, rich_Leaf_item, leaf_item_members, 0);
const corbel_type rich_Leaves_type = MAP(rich_Leaves, &leaf_item_type, 3);

static const corbel_member list_members[] = {
    MEMBER(rich_List_item, key, 1, &corbel_bool_type),
    MEMBER(rich_List_item, value, 2, &corbel_string_seq_type),
};
static const corbel_type list_type = TABLE(STRUCT, rich_List_item, list_members, 0);
const corbel_type rich_Lists_type = MAP(rich_Lists, &list_type, 0);

static const corbel_member pick_members[] = {
    MEMBER(rich_Pick, _d, 1, &corbel_int32_type),
    CASE(rich_Pick, number, 2, &corbel_int32_type, 0),
    CASE(rich_Pick, text, 3, &corbel_string_type, 1),
    CASE(rich_Pick, numbers, 4, &corbel_int32_seq_type, 2, 3),
    CASE(rich_Pick, leaf, 5, &rich_Leaf_type, 4),
    CASE(rich_Pick, tags, 6, &rich_Tags_type, 5),
    CASE(rich_Pick, grid, 7, &rich_Grid_type, 6),
    CASE(rich_Pick, code, 8, &code_type, 7),
    CASE(rich_Pick, object, 9, &corbel_object_type, 8),
    CASE(rich_Pick, price, 10, &rich_price_type, 9),
    CASE(rich_Pick, data, 11, &corbel_bytes_type, -1),
    CASE(rich_Pick, shade, 12, &rich_Shade_type, 10),
    CASE(rich_Pick, exact, 13, &corbel_long_double_type, 11),
    FLAGGED(rich_Pick, other, 14, CORBEL_DEFAULT, &corbel_double_type),
};
const corbel_type rich_Pick_type = TABLE(UNION, rich_Pick, pick_members, 0);
const corbel_type rich_Pick_seq_type = SEQUENCE(rich_Pick_seq, &rich_Pick_type);

static const corbel_member small_members[] = {
    MEMBER(rich_Small, _d, 1, &corbel_bool_type),
    CASE(rich_Small, on, 2, &corbel_int32_type, 1),
};
const corbel_type rich_Small_type = TABLE(UNION, rich_Small, small_members, CORBEL_PLAIN);

static const corbel_type tree_item_type, tree_seq_type = SEQUENCE(rich_Tree_seq, &rich_Tree_type),
                                         trees_type = MAP(rich_Trees, &tree_item_type, 0);
static const corbel_member knot_members[] = {
    MEMBER(rich_Knot, _d, 1, &corbel_uint8_type),
    CASE(rich_Knot, trees, 2, &tree_seq_type, 1),
    CASE(rich_Knot, by_name, 3, &trees_type, 2),
};
static const corbel_type knot_type = TABLE(UNION, rich_Knot, knot_members, 0);
static const corbel_type knots_type = ARRAY(0, 2, knot_type, 2);
static const corbel_member tree_members[] = {
    MEMBER(rich_Tree, names, 1, &rich_names_type),
    OPTION(rich_Tree, child, 2, &rich_Tree_type),
    OPTION(rich_Tree, maybe, 3, &tree_seq_type),
    MEMBER(rich_Tree, by_name, 4, &trees_type),
    MEMBER(rich_Tree, knot, 5, &knot_type),
    MEMBER(rich_Tree, knots, 6, &knots_type),
    MEMBER(rich_Tree, object, 7, &corbel_object_type),
};
const corbel_type rich_Tree_type = TABLE(STRUCT, rich_Tree, tree_members, 0);
static const corbel_member tree_item_members[] = {
    MEMBER(rich_Tree_item, key, 1, &corbel_string_type),
    MEMBER(rich_Tree_item, value, 2, &rich_Tree_type),
};
static const corbel_type tree_item_type = TABLE(STRUCT, rich_Tree_item, tree_item_members, 0);

static const corbel_type masks_type = SEQUENCE(corbel_uint8_seq, &rich_flags_type);
static const corbel_type prices_type = SEQUENCE(corbel_string_seq, &rich_price_type);
static const corbel_type maps_type = SEQUENCE(rich_Tags_seq, &rich_Tags_type);
static const corbel_type grids_type = SEQUENCE(rich_Grid_seq, &rich_Grid_type);
static const corbel_type keys_type = SEQUENCE(rich_Key_seq, &rich_key_type);
static const corbel_type percents_type = {
    .kind = CORBEL_KIND_SEQUENCE, .size = sizeof(corbel_int32_seq), .bound = 100, .element = &rich_percent_type
};

static const int32_t seven = 7;
static const char *const none = "none", *const one_and_a_half = "1.5";
static const rich_Shade dark = rich_DARK;
static const corbel_member all_members[] = {
    MEMBER(rich_All, i8, 1, &corbel_int8_type),
    MEMBER(rich_All, letter, 2, &corbel_wchar_type),
    MEMBER(rich_All, flags, 3, &rich_flags_type),
    MEMBER(rich_All, bits, 4, &bits_type),
    MEMBER(rich_All, percent, 5, &rich_percent_type),
    MEMBER(rich_All, ratio, 6, &ratio_type),
    MEMBER(rich_All, limited, 7, &limited_type),
    MEMBER(rich_All, shade, 8, &rich_Shade_type),
    MEMBER(rich_All, wide, 9, &rich_wide_type),
    MEMBER(rich_All, price, 10, &rich_price_type),
    MEMBER(rich_All, exact, 11, &corbel_long_double_type),
    MEMBER(rich_All, pick, 12, &rich_Pick_type),
    MEMBER(rich_All, small, 13, &rich_Small_type),
    MEMBER(rich_All, grid, 14, &grid23_type),
    MEMBER(rich_All, key, 15, &rich_key_type),
    MEMBER(rich_All, names, 16, &rich_names_type),
    MEMBER(rich_All, leaves, 17, &leaves_type),
    MEMBER(rich_All, tags, 18, &rich_Tags_type),
    MEMBER(rich_All, by_number, 19, &rich_Leaves_type),
    MEMBER(rich_All, lists, 20, &rich_Lists_type),
    OPTION(rich_All, opt_number, 21, &corbel_int32_type),
    OPTION(rich_All, opt_text, 22, &corbel_string_type),
    OPTION(rich_All, opt_leaf, 23, &rich_Leaf_type),
    OPTION(rich_All, opt_pick, 24, &rich_Pick_type),
    OPTION(rich_All, opt_list, 25, &corbel_int32_seq_type),
    OPTION(rich_All, opt_map, 26, &rich_Tags_type),
    OPTION(rich_All, opt_grid, 27, &rich_Grid_type),
    OPTION(rich_All, opt_key, 28, &rich_key_type),
    OPTION(rich_All, opt_data, 29, &corbel_bytes_type),
    OPTION(rich_All, opt_object, 30, &corbel_object_type),
    OPTION(rich_All, opt_price, 31, &rich_price_type),
    OPTION(rich_All, opt_exact, 32, &corbel_long_double_type),
    DEFAULT(rich_All, level, 33, &corbel_int32_type, &seven),
    DEFAULT(rich_All, title, 34, &corbel_string_type, &none),
    DEFAULT(rich_All, cost, 35, &rich_price_type, &one_and_a_half),
    DEFAULT(rich_All, tone, 36, &rich_Shade_type, &dark),
    MEMBER(rich_All, octets, 37, &corbel_uint8_seq_type),
    MEMBER(rich_All, int8s, 38, &corbel_int8_seq_type),
    MEMBER(rich_All, letters, 39, &corbel_wchar_seq_type),
    MEMBER(rich_All, masks, 40, &masks_type),
    MEMBER(rich_All, exacts, 41, &corbel_long_double_seq_type),
    MEMBER(rich_All, prices, 42, &prices_type),
    MEMBER(rich_All, picks, 43, &rich_Pick_seq_type),
    MEMBER(rich_All, maps, 44, &maps_type),
    MEMBER(rich_All, grids, 45, &grids_type),
    MEMBER(rich_All, keys, 46, &keys_type),
    MEMBER(rich_All, tree, 47, &rich_Tree_type),
    MEMBER(rich_All, objects, 48, &objects_type),
    MEMBER(rich_All, percents, 49, &percents_type),
    MEMBER(rich_All, floats, 50, &floats_type),
    MEMBER(rich_All, things, 51, &corbel_object_seq_type),
    OPTION(rich_All, opt_flag, 52, &corbel_bool_type),
    OPTION(rich_All, opt_small, 53, &rich_Small_type),
};
const corbel_type rich_All_type = TABLE(STRUCT, rich_All, all_members, 0);
