/* Values as JSON: each kind in its form both ways, what else is taken, what is refused and where. */
#include "runtime/base/fail.h"
#include "runtime/value/any.h"
#include "runtime/value/json.h"
#include "tests/runtime/support/test.h"
#include "tests/runtime/value/fake_object.h"
#include "tests/runtime/value/kinds.h"

#include <corbel/json.h>
#include <float.h>
#include <locale.h>
#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

/* ---- one struct with all that JSON has a form of its own for ---- */

typedef struct by_int_item {
    int32_t key;
    const char *value;
} by_int_item;
typedef struct by_int {
    size_t len;
    const by_int_item *items;
} by_int;
typedef struct by_text_item {
    const char *key;
    corbel_int32_seq value;
} by_text_item;
typedef struct by_text {
    size_t len;
    const by_text_item *items;
} by_text;
typedef struct by_flag_item {
    bool key;
    uint64_t value;
} by_flag_item;
typedef struct by_flag {
    size_t len;
    const by_flag_item *items;
} by_flag;
typedef struct by_color_item {
    kinds_Color key;
    kinds_Point value;
} by_color_item;
typedef struct by_color {
    size_t len;
    const by_color_item *items;
} by_color;
typedef struct choice {
    int32_t _d;
    union {
        int32_t number;
        const char *some_text;
        corbel_int32_seq numbers;
        kinds_Point point;
    };
} choice;
typedef struct grid_seq {
    size_t len;
    const int16_t (*items)[2];
} grid_seq;
typedef struct thing {
    bool flag;
    uint8_t octet;
    int8_t small;
    char letter;
    uint32_t wide_letter;
    uint16_t mask;
    uint64_t big_mask;
    int32_t i32;
    int64_t i64;
    uint64_t u64;
    float f;
    double d;
    long double exact;
    kinds_Color color;
    const char *text;
    const char *wide;
    const char *price;
    corbel_bytes data;
    kinds_Point point;
    choice pick;
    corbel_double_seq doubles;
    kinds_int32_seq_seq lists;
    int16_t grid[2][2];
    uint8_t key[3];
    grid_seq grids;
    by_int by_number;
    by_text by_text_key;
    by_flag by_flag_key;
    by_color by_color_key;
    corbel_any *any;
    corbel_object *who;
    corbel_object_seq all_of_them;
    const int32_t *maybe_number;
    const char *maybe_text;
    const corbel_int32_seq *maybe_list;
    const kinds_Point *maybe_point;
    int32_t level;
    int32_t a_b;
    int32_t aB;
    int32_t _hidden;
} thing;

static const corbel_type mask_type = { .kind = CORBEL_KIND_BITMASK, .flags = CORBEL_PLAIN, .size = 2, .bound = 10 };
static const corbel_type big_mask_type = { .kind = CORBEL_KIND_BITMASK, .flags = CORBEL_PLAIN, .size = 8, .bound = 64 };
static const corbel_range percent_range = { true, true, { .i = -5 }, { .i = 100 } };
static const corbel_type percent_type = {
    .kind = CORBEL_KIND_INT32, .flags = CORBEL_PLAIN, .size = sizeof(int32_t), .range = &percent_range
};
static const corbel_type wide_type = { .kind = CORBEL_KIND_STRING, .flags = CORBEL_WIDE, .size = sizeof(char *), .bound = 3 };
static const corbel_type short_type = { .kind = CORBEL_KIND_STRING, .size = sizeof(char *), .bound = 20 };
static const corbel_type price_type = { .kind = CORBEL_KIND_FIXED, .size = sizeof(char *), .bound = 5, .count = 2 };
static const corbel_type grid_type = { .kind = CORBEL_KIND_ARRAY,
                                       .flags = CORBEL_PLAIN,
                                       .size = 4 * sizeof(int16_t),
                                       .bound = 4,
                                       .element = &corbel_int16_type,
                                       .dimensions = (const uint32_t[]) { 2, 2, 0 } };
static const corbel_type pair_type = { .kind = CORBEL_KIND_ARRAY,
                                       .flags = CORBEL_PLAIN,
                                       .size = 2 * sizeof(int16_t),
                                       .bound = 2,
                                       .element = &corbel_int16_type,
                                       .dimensions = (const uint32_t[]) { 2, 0 } };
static const corbel_type pairs_type = {
    .kind = CORBEL_KIND_SEQUENCE, .size = sizeof(grid_seq), .bound = 3, .element = &pair_type
};
static const corbel_type key_type = { .kind = CORBEL_KIND_ARRAY,
                                      .flags = CORBEL_PLAIN | CORBEL_BYTES,
                                      .size = 3,
                                      .bound = 3,
                                      .element = &corbel_uint8_type,
                                      .dimensions = (const uint32_t[]) { 3, 0 } };

#define MEMBER(S, member, number, table)                                                                                         \
    {                                                                                                                            \
        .name = #member, .id = number, .offset = offsetof(S, member), .type = table                                              \
    }
#define OPTION(S, member, number, table)                                                                                         \
    {                                                                                                                            \
        .name = #member, .id = number, .flags = CORBEL_OPTIONAL, .offset = offsetof(S, member), .type = table                    \
    }
#define MAP(S, key_table, value_table)                                                                                           \
    static const corbel_member S##_members[] = { MEMBER(S##_item, key, 1, key_table), MEMBER(S##_item, value, 2, value_table) }; \
    static const corbel_type S##_item_type = {                                                                                   \
        .kind = CORBEL_KIND_STRUCT, .name = #S, .size = sizeof(S##_item), .count = 2, .members = S##_members                     \
    };                                                                                                                           \
    static const corbel_type S##_type = { .kind = CORBEL_KIND_MAP, .size = sizeof(S), .element = &S##_item_type }
MAP(by_int, &corbel_int32_type, &corbel_string_type);
MAP(by_text, &short_type, &corbel_int32_seq_type);
MAP(by_flag, &corbel_bool_type, &corbel_uint64_type);
MAP(by_color, &kinds_Color_type, &kinds_Point_type);

static const corbel_member choice_members[] = {
    MEMBER(choice, _d, 1, &corbel_int32_type),
    { .name = "number",
      .id = 2,
      .offset = offsetof(choice, number),
      .type = &corbel_int32_type,
      .labels = (const int64_t[]) { 0 },
      .n_labels = 1 },
    { .name = "some_text",
      .id = 3,
      .offset = offsetof(choice, some_text),
      .type = &corbel_string_type,
      .labels = (const int64_t[]) { 1 },
      .n_labels = 1 },
    { .name = "numbers",
      .id = 4,
      .offset = offsetof(choice, numbers),
      .type = &corbel_int32_seq_type,
      .labels = (const int64_t[]) { 2 },
      .n_labels = 1 },
    { .name = "point",
      .id = 5,
      .offset = offsetof(choice, point),
      .type = &kinds_Point_type,
      .labels = (const int64_t[]) { 3 },
      .n_labels = 1 },
};
static const corbel_type choice_type = {
    .kind = CORBEL_KIND_UNION, .name = "json::Choice", .size = sizeof(choice), .count = 5, .members = choice_members
};
static const int32_t level_default = 7;
static const corbel_member thing_members[] = {
    MEMBER(thing, flag, 1, &corbel_bool_type),
    MEMBER(thing, octet, 2, &corbel_uint8_type),
    MEMBER(thing, small, 3, &corbel_int8_type),
    MEMBER(thing, letter, 4, &corbel_char_type),
    MEMBER(thing, wide_letter, 5, &corbel_wchar_type),
    MEMBER(thing, mask, 6, &mask_type),
    MEMBER(thing, big_mask, 7, &big_mask_type),
    MEMBER(thing, i32, 8, &percent_type),
    MEMBER(thing, i64, 9, &corbel_int64_type),
    MEMBER(thing, u64, 10, &corbel_uint64_type),
    MEMBER(thing, f, 11, &corbel_float_type),
    MEMBER(thing, d, 12, &corbel_double_type),
    MEMBER(thing, exact, 13, &corbel_long_double_type),
    MEMBER(thing, color, 14, &kinds_Color_type),
    MEMBER(thing, text, 15, &short_type),
    MEMBER(thing, wide, 16, &wide_type),
    MEMBER(thing, price, 17, &price_type),
    MEMBER(thing, data, 18, &corbel_bytes_type),
    MEMBER(thing, point, 19, &kinds_Point_type),
    MEMBER(thing, pick, 20, &choice_type),
    MEMBER(thing, doubles, 21, &corbel_double_seq_type),
    MEMBER(thing, lists, 22, &kinds_int32_seq_seq_type),
    MEMBER(thing, grid, 23, &grid_type),
    MEMBER(thing, key, 24, &key_type),
    MEMBER(thing, grids, 25, &pairs_type),
    MEMBER(thing, by_number, 26, &by_int_type),
    MEMBER(thing, by_text_key, 27, &by_text_type),
    MEMBER(thing, by_flag_key, 28, &by_flag_type),
    MEMBER(thing, by_color_key, 29, &by_color_type),
    MEMBER(thing, any, 30, &corbel_any_type),
    MEMBER(thing, who, 31, &kinds_Thing_type),
    MEMBER(thing, all_of_them, 32, &corbel_object_seq_type),
    OPTION(thing, maybe_number, 33, &corbel_int32_type),
    OPTION(thing, maybe_text, 34, &corbel_string_type),
    OPTION(thing, maybe_list, 35, &corbel_int32_seq_type),
    OPTION(thing, maybe_point, 36, &kinds_Point_type),
    { .name = "level",
      .id = 37,
      .flags = CORBEL_PRESENT,
      .offset = offsetof(thing, level),
      .type = &corbel_int32_type,
      .fallback = &level_default },
    MEMBER(thing, a_b, 38, &corbel_int32_type),
    MEMBER(thing, aB, 39, &corbel_int32_type),
    MEMBER(thing, _hidden, 40, &corbel_int32_type),
};
static const corbel_type thing_type = { .kind = CORBEL_KIND_STRUCT,
                                        .name = "json::Thing",
                                        .size = sizeof(thing),
                                        .count = sizeof thing_members / sizeof *thing_members,
                                        .members = thing_members };

/** Grid and key are always there. */
#define TAIL "\"grid\":[0,0,0,0],\"key\":\"AAAA\""
#define EMPTY "{" TAIL ",\"level\":7}"

/* ---- both ways ---- */

static thing *read_thing(const char *json)
{
    thing *value = NULL;
    corbel_error error = CORBEL_ERROR_INIT;
    if (corbel_value_from_json(fake_runtime, &thing_type, json, &value, &error)) {
        print_error("%s\n%s\n", json, error.message);
        corbel_error_clear(&error);
        fail();
    }
    return value;
}

/** A thing with only some members, from compact JSON in the order of the IDL, and back to the very same. */
static void test_members(void **state)
{
    static const char *const rows[] = {
        "\"flag\":true," TAIL ",\"level\":7",
        "\"octet\":255," TAIL ",\"level\":7",
        "\"small\":-128," TAIL ",\"level\":7",
        "\"letter\":200," TAIL ",\"level\":7",
        "\"wideLetter\":128512," TAIL ",\"level\":7",
        "\"mask\":1023," TAIL ",\"level\":7",
        "\"bigMask\":\"18446744073709551615\"," TAIL ",\"level\":7",
        "\"i32\":-5," TAIL ",\"level\":7",
        "\"i64\":\"-9223372036854775808\"," TAIL ",\"level\":7",
        "\"u64\":\"18446744073709551615\"," TAIL ",\"level\":7",
        "\"f\":0.1," TAIL ",\"level\":7",
        "\"f\":3.4028235e+38," TAIL ",\"level\":7",
        "\"f\":\"Infinity\"," TAIL ",\"level\":7",
        "\"f\":-0.0," TAIL ",\"level\":7",
        "\"d\":0.1," TAIL ",\"level\":7",
        "\"d\":1.7976931348623157e+308," TAIL ",\"level\":7",
        "\"d\":5e-324," TAIL ",\"level\":7",
        "\"d\":-0.0," TAIL ",\"level\":7",
        "\"d\":1000000," TAIL ",\"level\":7",
        "\"d\":0.30000000000000004," TAIL ",\"level\":7",
        "\"d\":\"NaN\"," TAIL ",\"level\":7",
        "\"d\":\"-Infinity\"," TAIL ",\"level\":7",
        "\"exact\":\"AAAAAAAAAAAAAAAAAAD/Pw==\"," TAIL ",\"level\":7", /* 1 */
        "\"color\":\"BLUE\"," TAIL ",\"level\":7",
        "\"color\":77," TAIL ",\"level\":7", /* from a newer program */
        "\"color\":-1," TAIL ",\"level\":7",
        "\"text\":\"\\\"\\\\/\\b\\t\\n\\f\\r\\u0001\xe2\x82\xac\"," TAIL ",\"level\":7",
        "\"wide\":\"\xf0\x9f\x98\x80\xc3\xa4z\"," TAIL ",\"level\":7",
        "\"price\":\"-123.45\"," TAIL ",\"level\":7",
        "\"data\":\"AP8=\"," TAIL ",\"level\":7",
        "\"data\":\"AP8+/w==\"," TAIL ",\"level\":7",
        "\"point\":{\"x\":-1,\"y\":2.5}," TAIL ",\"level\":7",
        "\"pick\":{\"number\":0}," TAIL ",\"level\":7",
        "\"pick\":{\"D\":1,\"someText\":\"\"}," TAIL ",\"level\":7",
        "\"pick\":{\"D\":2,\"numbers\":{}}," TAIL ",\"level\":7",
        "\"pick\":{\"D\":2,\"numbers\":{\"items\":[1,2]}}," TAIL ",\"level\":7",
        "\"pick\":{\"D\":3,\"point\":{}}," TAIL ",\"level\":7",
        "\"pick\":{\"D\":9}," TAIL ",\"level\":7",
        "\"pick\":{\"number\":0},\"doubles\":[0,1.5,\"NaN\"]," TAIL ",\"level\":7",
        "\"lists\":[{},{\"items\":[1,-1]},{}]," TAIL ",\"level\":7",
        "\"grid\":[1,-2,3,0],\"key\":\"AQID\",\"level\":7",
        TAIL ",\"grids\":[{\"items\":[1,2]},{\"items\":[0,0]}],\"level\":7",
        TAIL ",\"byNumber\":{\"-7\":\"\",\"0\":\"a\",\"70\":\"b\"},\"level\":7",
        TAIL ",\"byTextKey\":{\"\":[],\"a\":[0],\"\xc3\xa4\":[]},\"level\":7",
        TAIL ",\"byFlagKey\":{\"false\":\"0\",\"true\":\"7\"},\"level\":7",
        TAIL ",\"byColorKey\":{\"RED\":{},\"BLUE\":{\"x\":1},\"9\":{}},\"level\":7",
        TAIL ",\"any\":{\"type\":\"long\",\"value\":\"CAI=\"},\"level\":7",
        TAIL ",\"any\":{\"type\":\"what::ever\",\"references\":[\"fake:1\",\"\",\"fake:3\"]},\"level\":7",
        TAIL ",\"who\":\"fake:2\",\"level\":7",
        TAIL ",\"allOfThem\":[\"fake:0\",\"\",\"fake:0\"],\"level\":7",
        TAIL ",\"maybeNumber\":0,\"maybeText\":\"\",\"maybeList\":{},\"maybePoint\":{},\"level\":7",
        TAIL ",\"maybeNumber\":5,\"maybeText\":\"x\",\"maybeList\":{\"items\":[0]},\"maybePoint\":{\"x\":1},\"level\":7",
        TAIL ",\"level\":0",
        TAIL ",\"level\":7,\"a_b\":1,\"aB\":2,\"Hidden\":3",
    };
    (void)state;
    assert_int_equal(LENGTH_OF(rows), 54);
    for (size_t i = 0; i < LENGTH_OF(rows); i++) {
        char expected[512], spaced[1024];
        /* Only the first one has a union whose case is not the default one. */
        (void)snprintf(expected, sizeof expected, "{%s}", rows[i]);
        thing *const value = read_thing(expected);
        char *json = NULL;
        assert_int_equal(corbel_value_to_json(&thing_type, value, &json, NULL), CORBEL_OK);
        /* pick's case is always there */
        char *const pick = strstr(json, "\"pick\":{\"number\":0},");
        if (strstr(expected, "\"pick\"") == NULL) {
            assert_non_null(pick);
            memmove(pick, pick + 20, strlen(pick + 20) + 1);
        }
        assert_string_equal(json, expected);
        corbel_string_free(json);
        /* And with white space wherever it may be, to an equal value. */
        size_t n = 0;
        bool in_string = false;
        spaced[n++] = ' ';
        for (const char *at = expected; *at != '\0'; at++) {
            const bool mark = strchr("{}[]:,", *at) != NULL && !in_string;
            in_string = *at == '"' && (at == expected || at[-1] != '\\') ? !in_string : in_string;
            if (mark) {
                spaced[n++] = '\n';
            }
            spaced[n++] = *at;
            if (mark) {
                spaced[n++] = '\t';
            }
        }
        spaced[n] = '\0';
        thing *const again = read_thing(spaced);
        assert_true(strstr(expected, "NaN") != NULL || corbel_value_equal(&thing_type, value, again));
        corbel_block_free(again);
        corbel_block_free(value);
        assert_int_equal(fake_counts(), 0);
    }
}

/** What is taken beside what is written, and what it is then written as. */
static void test_other_forms(void **state)
{
    static const struct {
        const char *json, *same;
    } rows[] = {
        { "{}", "{}" },
        { "{\"wide_letter\":65}", "{\"wideLetter\":65}" },
        { "{\"i64\":5,\"u64\":9223372036854775807}", "{\"i64\":\"5\",\"u64\":\"9223372036854775807\"}" },
        { "{\"i64\":-9223372036854775808}", "{\"i64\":\"-9223372036854775808\"}" },
        { "{\"i64\":-9007199254740991.0,\"u64\":\"9007199254740991.0\"}",
          "{\"i64\":\"-9007199254740991\",\"u64\":\"9007199254740991\"}" },
        { "{\"u64\":\"-0\",\"octet\":\"2.5E+1\"}", "{\"octet\":25}" },
        { "{\"d\":9007199254740993,\"f\":16777217}", "{\"f\":16777216,\"d\":9007199254740992}" },
        { "{\"d\":\"100000000000000000000\",\"f\":\"-0\"}", "{\"f\":-0.0,\"d\":1e20}" },
        { "{\"d\":1e308,\"f\":1e-60}", "{\"d\":\"1e308\"}" },
        { "{\"d\":0.1000000000000000055511151231257827021181583404541015625}", "{\"d\":0.1}" },
        { "{\"i32\":\"50\",\"octet\":1e2}", "{\"octet\":100,\"i32\":50}" },
        { "{\"octet\":10.0,\"i32\":-0}", "{\"octet\":10}" },
        { "{\"d\":\"1.5\",\"f\":\"0.25\"}", "{\"f\":0.25,\"d\":1.5}" },
        { "{\"d\":1E5,\"f\":1e-1}", "{\"f\":0.1,\"d\":100000}" },
        { "{\"d\":1e-400}", "{}" },
        { "{\"color\":2}", "{\"color\":\"BLUE\"}" },
        { "{\"color\":\"GREEN\"}", "{\"color\":\"GREEN\"}" },
        { "{\"data\":\"-_8\"}", "{\"data\":\"+/8=\"}" },
        { "{\"data\":\"-_8=\"}", "{\"data\":\"+/8=\"}" },
        { "{\"text\":\"\\ud83d\\ude00\\u00e4\\/\"}", "{\"text\":\"\xf0\x9f\x98\x80\xc3\xa4/\"}" },
        { "{\"t\\u0065xt\":\"a\"}", "{\"text\":\"a\"}" },
        { "{\"price\":\"+001.50\"}", "{\"price\":\"1.5\"}" },
        { "{\"price\":\"-0\"}", "{}" },
        { "{\"flag\":null,\"text\":null,\"point\":null,\"doubles\":null,\"any\":null,\"who\":null,\"grid\":null}", "{}" },
        { "{\"maybeNumber\":null,\"level\":null,\"pick\":null,\"byNumber\":null}", "{}" },
        { "{\"pick\":{\"some_text\":\"a\",\"_d\":1}}", "{\"pick\":{\"D\":1,\"someText\":\"a\"}}" },
        { "{\"pick\":{\"numbers\":{\"items\":[1]},\"D\":2}}", "{\"pick\":{\"D\":2,\"numbers\":{\"items\":[1]}}}" },
        { "{\"pick\":{\"number\":null,\"someText\":\"a\",\"D\":1}}", "{\"pick\":{\"D\":1,\"someText\":\"a\"}}" },
        { "{\"pick\":{\"D\":1}}", "{\"pick\":{\"D\":1,\"someText\":\"\"}}" },
        { "{\"byNumber\":{\"70\":\"b\",\"-7\":\"c\",\"0\":\"a\"}}", "{\"byNumber\":{\"-7\":\"c\",\"0\":\"a\",\"70\":\"b\"}}" },
        { "{\"byTextKey\":{\"b\":[],\"a\":[1]}}", "{\"byTextKey\":{\"a\":[1],\"b\":[]}}" },
        { "{\"byColorKey\":{\"2\":{},\"RED\":{}}}", "{\"byColorKey\":{\"RED\":{},\"BLUE\":{}}}" },
        { "{\"any\":{}}", "{}" },
        { "{\"who\":\"\"}", "{}" },
        { "{\"doubles\":[],\"lists\":[],\"byNumber\":{}}", "{}" },
        { "{\"point\":{}}", "{}" },
    };
    (void)state;
    assert_int_equal(LENGTH_OF(rows), 36);
    for (size_t i = 0; i < LENGTH_OF(rows); i++) {
        thing *const value = read_thing(rows[i].json), *const same = read_thing(rows[i].same);
        char *a = NULL, *b = NULL;
        assert_int_equal(corbel_value_to_json(&thing_type, value, &a, NULL), CORBEL_OK);
        assert_int_equal(corbel_value_to_json(&thing_type, same, &b, NULL), CORBEL_OK);
        assert_string_equal(a, b);
        corbel_string_free(a);
        corbel_string_free(b);
        corbel_block_free(value);
        corbel_block_free(same);
    }
}

static void test_outermost(void **state)
{
    (void)state;
#define OUTER(T, table, json, check, free_it)                                                                                    \
    do {                                                                                                                         \
        T got = { 0 };                                                                                                           \
        char *back = NULL;                                                                                                       \
        assert_int_equal(corbel_value_from_json(fake_runtime, table, json, &got, NULL), CORBEL_OK);                              \
        assert_true(check);                                                                                                      \
        assert_int_equal(corbel_value_to_json(table, &got, &back, NULL), CORBEL_OK);                                             \
        assert_string_equal(back, json);                                                                                         \
        corbel_string_free(back);                                                                                                \
        free_it;                                                                                                                 \
    } while (0)
    typedef struct {
        int32_t n;
    } number;
    typedef struct {
        char *s;
    } text;
    typedef struct {
        corbel_object *o;
    } object;
    typedef struct {
        corbel_any *a;
    } any;
    OUTER(number, &corbel_int32_type, "-70000", got.n == -70000, (void)0);
    OUTER(text, &corbel_string_type, "\"\"", got.s[0] == '\0', corbel_string_free(got.s));
    OUTER(text, &price_type, "\"1.5\"", strcmp(got.s, "1.5") == 0, corbel_string_free(got.s));
    OUTER(corbel_bytes, &corbel_bytes_type, "\"AAE=\"", got.len == 2, corbel_bytes_clear(&got));
    OUTER(corbel_int32_seq, &corbel_int32_seq_type, "[1,2]", got.len == 2, corbel_int32_seq_clear(&got));
    OUTER(corbel_int32_seq, &corbel_int32_seq_type, "[]", got.len == 0, corbel_int32_seq_clear(&got));
    OUTER(kinds_Point, &kinds_Point_type, "{\"y\":1}", got.y == 1, (void)0);
    OUTER(by_int, &by_int_type, "{\"1\":\"a\"}", got.len == 1, corbel_block_free(got.items));
    OUTER(object, &corbel_object_type, "\"fake:1\"", got.o == &fake_objects[1], corbel_object_unref(got.o));
    OUTER(object, &corbel_object_type, "\"\"", got.o == NULL, (void)0);
    OUTER(any, &corbel_any_type, "{\"type\":\"long\"}", got.a != NULL, corbel_any_unref(got.a));
    OUTER(any, &corbel_any_type, "{}", got.a == NULL, (void)0);
    assert_int_equal(fake_counts(), 0);
}

/* ---- what is refused ---- */

static void test_refused(void **state)
{
    static const struct {
        const char *json, *says;
    } rows[] = {
        { "", "line 1, column 0: unexpected token near end of file" },
        { "[]", "an array, not an object" },
        { "null", "null, not an object" },
        { "{", "line 1, column 1: string or '}' expected near end of file" },
        { "{\"flag\":true", "line 1, column 12: '}' expected near end of file" },
        { "{\"flag\":true,}", "line 1, column 14: string or '}' expected near '}'" },
        { "{\"flag\" true}", "line 1, column 12: ':' expected near 'true'" },
        { "{flag:true}", "line 1, column 5: string or '}' expected near 'flag'" },
        { "{} {}", "line 1, column 4: end of file expected near '{'" },
        { "{}\x01", "line 1, column 3: end of file expected near '\\x01'" },
        { "// x\n{}", "line 1, column 1: invalid token near '/'" },
        { "{\n  \"no_such\": 1}", "no member \"no_such\"" },
        { "{\"point\":{\"z\":1}}", "point: no member \"z\"" },
        { "{\"flag\":true,\"flag\":true}", "line 1, column 19: duplicate object key near '\"flag\"'" },
        { "{\"wideLetter\":1,\"wide_letter\":1}", "wide_letter comes again" },
        { "{\"flag\":1}", "flag: a number, not a boolean" },
        { "{\"flag\":truer}", "line 1, column 13: invalid token near 'truer'" },
        { "{\"octet\":256}", "octet: out of range" },
        { "{\"octet\":-1}", "octet: not a whole number, or out of range" },
        { "{\"octet\":1.5}", "octet: not a whole number, or out of range" },
        { "{\"octet\":01}", "line 1, column 10: invalid token near '0'" },
        { "{\"octet\":\" 1\"}", "octet: not a number" },
        { "{\"octet\":\"0x1\"}", "octet: not a number" },
        { "{\"octet\":\"\"}", "octet: not a number" },
        { "{\"small\":128}", "small: out of range" },
        { "{\"wideLetter\":55296}", "wide_letter: out of range" },
        { "{\"mask\":1024}", "mask: out of range" },
        { "{\"i32\":101}", "i32: 101, at most 100" },
        { "{\"i32\":-6}", "i32: -6, at least -5" },
        { "{\"i64\":\"9223372036854775808\"}", "i64: not a whole number, or out of range" },
        { "{\"u64\":\"18446744073709551616\"}", "u64: not a whole number, or out of range" },
        { "{\"u64\":1e300}", "u64: not a whole number, or out of range" },
        { "{\"f\":3.5e38}", "f: out of range" },
        { "{\"d\":1e400}", "line 1, column 10: real number overflow near '1e400'" },
        { "{\"d\":NaN}", "line 1, column 8: invalid token near 'NaN'" },
        { "{\"d\":\"nan\"}", "d: not a number" },
        { "{\"d\":\"1.5x\"}", "d: not a number" },
        { "{\"d\":1.}", "line 1, column 7: invalid token near '1.'" },
        { "{\"d\":.5}", "line 1, column 6: invalid token near '.'" },
        { "{\"d\":+1}", "line 1, column 6: invalid token near '+'" },
        { "{\"d\":1e}", "line 1, column 7: invalid token near '1e'" },
        { "{\"exact\":\"AAAA\"}", "exact: 3 bytes, not 16" },
        { "{\"color\":\"PINK\"}", "color: no such enumerator" },
        { "{\"color\":2147483648}", "color: not a whole number, or out of range" },
        { "{\"text\":\"a\\u0000b\"}", "text: a NUL in a string" },
        { "{\"text\":\"\\ud83d\"}", "line 1, column 16: invalid Unicode '\\x5cuD83D' near '\"\\x5cud83d\"'" },
        { "{\"text\":\"\\ude00\\ud83d\"}", "line 1, column 22: invalid Unicode '\\x5cuDE00' near '\"\\x5cude00\\x5cud83d\"'" },
        { "{\"text\":\"\\ud83d\\u0041\"}",
          "line 1, column 22: invalid Unicode '\\x5cuD83D\\x5cu0041' near '\"\\x5cud83d\\x5cu0041\"'" },
        { "{\"text\":\"\\u12g4\"}", "line 1, column 14: invalid escape near '\"\\x5cu12g'" },
        { "{\"text\":\"\\x41\"}", "line 1, column 11: invalid escape near '\"\\x5cx'" },
        { "{\"text\":\"\\", "line 1, column 10: invalid escape near '\"\\x5c'" },
        { "{\"text\":\"a\tb\"}", "line 1, column 10: control character 0x9 near '\"a'" },
        { "{\"text\":\"\xff\"}", "line 1, column 9: unable to decode byte 0xff near '\"'" },
        { "{\"text\":\"\xed\xa0\x80\"}", "line 1, column 9: unable to decode byte 0xed near '\"'" },
        { "{\"text\":\"abc", "line 1, column 12: premature end of input near '\"abc'" },
        { "{\"text\":'a'}", "line 1, column 9: invalid token near '''" },
        { "{\"text\":\"123456789012345678901\"}", "text: 21 bytes, at most 20" },
        { "{\"wide\":\"abcd\"}", "wide: 4 characters, at most 3" },
        { "{\"price\":1.5}", "price: a number, not a string" },
        { "{\"data\":\"A\"}", "data: not base64" },
        { "{\"data\":\"AA==AA==\"}", "data: not base64" },
        { "{\"data\":\"A A=\"}", "data: not base64" },
        { "{\"data\":\"=\"}", "data: not base64" },
        { "{\"data\":\"====\"}", "data: not base64" },
        { "{\"data\":[1]}", "data: an array, not a string" },
        { "{\"point\":[]}", "point: an array, not an object" },
        { "{\"pick\":{\"number\":1,\"someText\":\"\"}}", "pick: some_text beside number" },
        { "{\"pick\":{\"D\":1,\"number\":1}}", "pick.number: not what _d selects" },
        { "{\"doubles\":{}}", "doubles: an object, not an array" },
        { "{\"doubles\":[1 2]}", "line 1, column 15: ']' expected near '2'" },
        { "{\"doubles\":[1,]}", "line 1, column 15: unexpected token near ']'" },
        { "{\"doubles\":[null]}", "doubles[0]: null, not a number" },
        { "{\"lists\":[[1]]}", "lists[0]: an array, not an object" },
        { "{\"lists\":[{\"items\":[1,true]}]}", "lists[0].items[1]: a boolean, not a number" },
        { "{\"grid\":[1,2,3]}", "grid: 3 items, not 4" },
        { "{\"grid\":[]}", "grid: 0 items, not 4" },
        { "{\"grid\":[1,2,3,99999]}", "grid[1][1]: out of range" },
        { "{\"key\":\"AAA=\"}", "key: 2 bytes, not 3" },
        { "{\"grids\":[{}]}", "" },
        { "{\"grids\":[{\"items\":[0,0]},{\"items\":[0,0]},{\"items\":[0,0]},{\"items\":[0,0]}]}", "grids: 4 items, at most 3" },
        { "{\"byNumber\":[]}", "by_number: an array, not an object" },
        { "{\"byNumber\":{\"a\":\"\"}}", "by_number[0].key: not a number" },
        { "{\"byNumber\":{\"1\":\"\",\"01\":\"\"}}", "by_number[1].key: not a number" },
        { "{\"byNumber\":{\"2\":\"\",\"1\":\"\",\"2\":\"\"}}", "line 1, column 30: duplicate object key near '\"2\"'" },
        { "{\"byNumber\":{\"1\":null}}", "by_number[0].value: null, not a string" },
        { "{\"byFlagKey\":{\"1\":\"1\"}}", "by_flag_key[0].key: neither true nor false" },
        { "{\"byTextKey\":{\"123456789012345678901\":{}}}", "by_text_key[0].key: 21 bytes, at most 20" },
        { "{\"byTextKey\":{1:{}}}", "line 1, column 15: string or '}' expected near '1'" },
        { "{\"any\":{\"value\":\"\"}}", "" },
        { "{\"any\":{\"value\":\"AA==\"}}", "any: an any without a type" },
        { "{\"any\":{\"kind\":\"long\"}}", "any: no member \"kind\"" },
        { "{\"who\":\"http://x\"}", "who: not a URI" },
        { "{\"who\":7}", "who: a number, not a string" },
        { "{\"a\\nb\":1}", "no member \"a\\x0ab\"" },
        { "{\"u64\":18446744073709551615}",
          "line 1, column 27: too big integer near '18446744073709551615'; above 9223372036854775807 it must be a string" },
        { "{\"d\":9223372036854775808}",
          "line 1, column 24: too big integer near '9223372036854775808'; above 9223372036854775807 it must be a string" },
        { "{\"i64\":-9223372036854775809}", "line 1, column 27: too big negative integer near '-9223372036854775809'" },
        { "{\"d\":1e999}", "line 1, column 10: real number overflow near '1e999'" },
        { "{\"d\":\"1e999\"}", "d: out of range" },
        { "{\"f\":\"-3.5e38\"}", "f: out of range" },
        { "{\"i64\":9007199254740993.0}", "i64: not a whole number, or out of range" },
        { "{\"i64\":\"\\n1e2\"}", "i64: not a number" },
        { "{\"i64\":\"1e2 \"}", "i64: not a number" },
        { "{\"i64\":\"1 2\"}", "i64: not a number" },
        { "{\"i64\":\"-\"}", "i64: not a number" },
        { "{\"i64\":\"01\"}", "i64: not a number" },
        { "{\"u64\":\"1\\u00002\"}", "u64: a NUL in a string" },
        { "{\"te\\u0000xt\":\"\"}", "line 1, column 13: NUL byte in object key not supported near '\"te\\x5cu0000xt\"'" },
        { "{\n \"\xc3\xa4\": x}", "line 2, column 7: invalid token near 'x'" },
        { "{\"byColorKey\":{\"BLUE\":{},\"2\":{}}}", "by_color_key: the same key again" },
    };
    (void)state;
    assert_int_equal(LENGTH_OF(rows), 110);
    for (size_t i = 0; i < LENGTH_OF(rows); i++) {
        thing *value = NULL;
        corbel_error error = CORBEL_ERROR_INIT;
        const corbel_status status = corbel_value_from_json(fake_runtime, &thing_type, rows[i].json, &value, &error);
        if (strcmp(error.message, rows[i].says) != 0) {
            print_error("%s\n", rows[i].json);
        }
        assert_string_equal(error.message, rows[i].says);
        assert_int_equal(status, rows[i].says[0] == '\0' ? CORBEL_OK : CORBEL_INVALID_ARGUMENT);
        assert_int_equal(error.completion, CORBEL_COMPLETED_NO);
        assert_int_equal(value == NULL, rows[i].says[0] != '\0');
        corbel_block_free(value);
        corbel_error_clear(&error);
        assert_int_equal(fake_counts(), 0);
    }
    corbel_error error = CORBEL_ERROR_INIT;
    thing *value = NULL;
    assert_int_equal(corbel_value_from_json(NULL, &thing_type, "{\"who\":\"fake:1\"}", &value, &error), CORBEL_INVALID_ARGUMENT);
    assert_string_equal(error.message, "who: a reference, which needs a runtime");
    assert_int_equal(corbel_value_from_json(NULL, &thing_type, NULL, &value, &error), CORBEL_INVALID_ARGUMENT);
    assert_int_equal(corbel_value_from_json(NULL, &thing_type, "{\"who\":\"\"}", &value, &error), CORBEL_OK);
    corbel_block_free(value);
    corbel_error_clear(&error);
}

static void refused_to_write(const thing *value, const char *says)
{
    corbel_error error = CORBEL_ERROR_INIT;
    char *json = NULL;
    assert_int_equal(corbel_value_to_json(&thing_type, value, &json, &error), CORBEL_INVALID_ARGUMENT);
    assert_string_equal(error.message, says);
    assert_int_equal(error.completion, CORBEL_COMPLETED_NO);
    assert_null(json);
    corbel_error_clear(&error);
}

static void test_refused_to_write(void **state)
{
    (void)state;
    fake_last_has_no_uri = true;
    refused_to_write(&(thing) { .text = "a\xff" }, "text: not UTF-8");
    refused_to_write(&(thing) { .price = "1x" }, "price: not a decimal number");
    refused_to_write(&(thing) { .doubles = { 2, NULL } }, "doubles: items at NULL");
    refused_to_write(&(thing) { .who = &fake_objects[FAKE_OBJECTS - 1] }, "who: the object has no URI");
    refused_to_write(&(thing) { .pick = { ._d = 1, .some_text = "\xc0\x80" } }, "pick.some_text: not UTF-8");
    refused_to_write(&(thing) { .by_text_key = { 1, &(by_text_item) { .key = "\xff" } } }, "by_text_key[0].key: not UTF-8");
    fake_last_has_no_uri = false;
    /* Ranges and bounds are no business of who only wants to look at it. */
    char *json = NULL;
    assert_int_equal(corbel_value_to_json(&thing_type, &(thing) { .i32 = 101, .level = 1 }, &json, NULL), CORBEL_OK);
    assert_string_equal(json, "{\"i32\":101,\"pick\":{\"number\":0}," TAIL ",\"level\":1}");
    corbel_string_free(json);
}

/** depth objects, one in another. */
static char *nested(size_t depth)
{
    static const char open[] = "{\"children\":[";
    char *const text = test_calloc(depth, sizeof open + 2);
    char *at = text;
    for (size_t i = 0; i < depth; i++) {
        memcpy(at, open, sizeof open - 1);
        at += sizeof open - 1;
    }
    for (size_t i = 0; i < depth; i++) {
        *at++ = ']';
        *at++ = '}';
    }
    return text;
}

static void test_depth(void **state)
{
    (void)state;
    static const struct {
        size_t depth;
        corbel_status status;
    } rows[] = { { 64, CORBEL_OK }, { 65, CORBEL_LIMIT }, { 100000, CORBEL_LIMIT } };
    for (size_t i = 0; i < LENGTH_OF(rows); i++) {
        char *const text = nested(rows[i].depth);
        kinds_Inner *inner = NULL;
        assert_int_equal(corbel_value_from_json(NULL, &kinds_Inner_type, text, &inner, NULL), rows[i].status);
        if (inner != NULL) {
            char *json = NULL;
            assert_int_equal(corbel_value_to_json(&kinds_Inner_type, inner, &json, NULL), CORBEL_OK);
            assert_int_equal(strncmp(json, text, 13 * 63), 0);
            corbel_string_free(json);
        }
        corbel_block_free(inner);
        test_free(text);
    }
    kinds_Inner loop = { .text = "x" };
    loop.children = (kinds_Inner_seq) { 1, &loop };
    char *json = NULL;
    assert_int_equal(corbel_value_to_json(&kinds_Inner_type, &loop, &json, NULL), CORBEL_INVALID_ARGUMENT);
    /* Only brackets. */
    char *const brackets = test_malloc(1000001);
    memset(brackets, '[', 1000000);
    brackets[1000000] = '\0';
    corbel_int32_seq numbers = { 0, NULL };
    assert_int_equal(corbel_value_from_json(NULL, &corbel_int32_seq_type, brackets, &numbers, NULL), CORBEL_LIMIT);
    test_free(brackets);
}

#if defined(__SANITIZE_THREAD__)
enum { SMALL_STACK = 4 * 1024 * 1024 }; /* the sanitizer's own share of it is large */
#else
enum { SMALL_STACK = 256 * 1024 };
#endif

/** As deep as the parser goes, in a small stack; and one deeper. */
static void *parse_deep(void *ret)
{
    enum { MOST = 2048 };
    static const struct {
        const char *open, *inside, *close;
    } rows[] = { { "[", "0", "]" }, { "{\"a\":", "0", "}" }, { "[{\"a\":", "0", "}]" } };
    size_t *const wrong = ret;
    for (size_t i = 0; i < LENGTH_OF(rows); i++) {
        const size_t step = rows[i].open[1] == '{' ? 2 : 1;
        for (size_t depth = MOST; depth <= MOST + step; depth += step) {
            char *const text = calloc(8, depth);
            char *at = text;
            for (size_t d = step; d < depth; d += step) { /* the innermost is the number */
                at = stpcpy(at, rows[i].open);
            }
            at = stpcpy(at, rows[i].inside);
            for (size_t d = step; d < depth; d += step) {
                at = stpcpy(at, rows[i].close);
            }
            corbel_int32_seq numbers = { 0, NULL };
            *wrong += corbel_value_from_json(NULL, &corbel_int32_seq_type, text, &numbers, NULL) !=
                      (depth > MOST ? CORBEL_LIMIT : CORBEL_INVALID_ARGUMENT);
            free(text);
        }
    }
    return NULL;
}

static void test_stack(void **state)
{
    pthread_attr_t attributes;
    pthread_t thread;
    size_t wrong = 0;
    (void)state;
    assert_int_equal(pthread_attr_init(&attributes), 0);
    assert_int_equal(pthread_attr_setstacksize(&attributes, SMALL_STACK), 0);
    assert_int_equal(pthread_create(&thread, &attributes, parse_deep, &wrong), 0);
    assert_int_equal(pthread_join(thread, NULL), 0);
    pthread_attr_destroy(&attributes);
    assert_int_equal(wrong, 0);
}

/** The longest text that is read, and one byte more. */
static void test_size(void **state)
{
    (void)state;
    char *const text = test_malloc(CRB_JSON_MAX_TEXT + 2), *string = NULL;
    corbel_error error = CORBEL_ERROR_INIT;
    memset(text, 'x', CRB_JSON_MAX_TEXT);
    text[0] = text[CRB_JSON_MAX_TEXT - 1] = '"';
    text[CRB_JSON_MAX_TEXT] = '\0';
    assert_int_equal(corbel_value_from_json(NULL, &corbel_string_type, text, &string, NULL), CORBEL_OK);
    assert_int_equal(strlen(string), CRB_JSON_MAX_TEXT - 2);
    corbel_string_free(string);
    (void)stpcpy(text + CRB_JSON_MAX_TEXT, " ");
    string = NULL;
    assert_int_equal(corbel_value_from_json(NULL, &corbel_string_type, text, &string, &error), CORBEL_LIMIT);
    assert_string_equal(error.message, "more than 4194304 bytes of text");
    assert_int_equal(error.completion, CORBEL_COMPLETED_NO);
    assert_null(string);
    corbel_error_clear(&error);
    test_free(text);
}

/** Every float and double is the same after it, whatever the locale. */
static void test_numbers(void **state)
{
    (void)state;
    uint64_t bits = 88172645463325252u;
    const char *const german = setlocale(LC_NUMERIC, "de_DE.UTF-8"); /* where it is installed */
    for (size_t i = 0; i < 20000; i++) {
        bits ^= bits << 13;
        bits ^= bits >> 7;
        bits ^= bits << 17;
        double number = 0, back = 0;
        float narrow = 0, narrow_back = 0;
        const uint32_t half = (uint32_t)bits;
        char *json = NULL;
        memcpy(&number, &bits, sizeof number);
        memcpy(&narrow, &half, sizeof narrow);
        assert_int_equal(corbel_value_to_json(&corbel_double_type, &number, &json, NULL), CORBEL_OK);
        assert_int_equal(corbel_value_from_json(NULL, &corbel_double_type, json, &back, NULL), CORBEL_OK);
        uint64_t back_bits = 0;
        memcpy(&back_bits, &back, sizeof back);
        assert_true(back_bits == bits || (isnan(number) && isnan(back)));
        corbel_string_free(json);
        assert_int_equal(corbel_value_to_json(&corbel_float_type, &narrow, &json, NULL), CORBEL_OK);
        assert_int_equal(corbel_value_from_json(NULL, &corbel_float_type, json, &narrow_back, NULL), CORBEL_OK);
        uint32_t back_half = 0;
        memcpy(&back_half, &narrow_back, sizeof narrow_back);
        assert_true(back_half == half || (isnan(narrow) && isnan(narrow_back)));
        corbel_string_free(json);
    }
    if (german != NULL) {
        setlocale(LC_NUMERIC, "C");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_members),          cmocka_unit_test(test_other_forms), cmocka_unit_test(test_outermost),
        cmocka_unit_test(test_refused),          cmocka_unit_test(test_depth),       cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_refused_to_write), cmocka_unit_test(test_stack),       cmocka_unit_test(test_size),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
