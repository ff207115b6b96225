/* One side of the test json_python: writes random values as their messages (hexadecimal) and as JSON, a line each, or reads such
 * lines, whose JSON another program made of the messages. json_python write COUNT json_python read */
#include "runtime/value/codec.h"
#include "tests/runtime/value/kinds.h"
#include "tests/runtime/value/random_value.h"

#include <corbel/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DEPTH = 4 };

typedef enum shade { NONE, LIGHT, DARK = 5 } shade;
typedef struct pick {
    int32_t _d;
    union {
        int32_t number;
        const char *some_text;
        corbel_int32_seq numbers;
        kinds_Point point;
        corbel_bytes data;
        shade shade;
        uint64_t large;
    };
} pick;
typedef struct by_text_item {
    const char *key;
    int32_t value;
} by_text_item;
typedef struct by_number_item {
    int32_t key;
    kinds_Point value;
} by_number_item;
typedef struct by_flag_item {
    bool key;
    uint64_t value;
} by_flag_item;
typedef struct view {
    size_t len;
    const void *items;
} view;
typedef struct all {
    bool flag;
    int8_t small;
    uint32_t letter_number;
    uint64_t bits;
    int32_t i32;
    uint32_t u32;
    int64_t i64;
    uint64_t u64;
    float a_float;
    double a_double;
    shade shade;
    const char *text;
    const char *price;
    corbel_bytes data;
    long double long_double;
    kinds_Point point;
    pick pick;
    corbel_double_seq doubles;
    corbel_float_seq floats;
    corbel_string_seq texts;
    kinds_int32_seq_seq lists;
    int32_t grid[2][2];
    uint8_t key[4];
    view by_text, by_number, by_flag, picks, shades, blobs;
    const int32_t *maybe_number;
    const char *maybe_text;
    const kinds_Point *maybe_point;
    const corbel_int32_seq *maybe_list;
    int32_t level;
    corbel_bool_seq flags;
    corbel_int64_seq longs;
} all;

#define MEMBER(S, m, number, table)                                                                                              \
    {                                                                                                                            \
        .name = #m, .id = number, .offset = offsetof(S, m), .type = table                                                        \
    }
#define OPTION(S, m, number, table)                                                                                              \
    {                                                                                                                            \
        .name = #m, .id = number, .flags = CORBEL_OPTIONAL, .offset = offsetof(S, m), .type = table                              \
    }
#define CASE(m, number, table, label)                                                                                            \
    {                                                                                                                            \
        .name = #m, .id = number, .offset = offsetof(pick, m), .type = table, .labels = (const int64_t[]) { label },             \
        .n_labels = 1                                                                                                            \
    }
#define MAP(S, key_table, value_table)                                                                                           \
    static const corbel_member S##_members[] = { MEMBER(S##_item, key, 1, key_table), MEMBER(S##_item, value, 2, value_table) }; \
    static const corbel_type S##_item_type = {                                                                                   \
        .kind = CORBEL_KIND_STRUCT, .name = #S, .size = sizeof(S##_item), .count = 2, .members = S##_members                     \
    };                                                                                                                           \
    static const corbel_type S##_type = { .kind = CORBEL_KIND_MAP, .size = sizeof(view), .element = &S##_item_type }
#define SEQUENCE(item)                                                                                                           \
    {                                                                                                                            \
        .kind = CORBEL_KIND_SEQUENCE, .size = sizeof(view), .element = item                                                      \
    }

static const corbel_enumerator shade_names[] = { { .name = "NONE", .value = 0 },
                                                 { .name = "LIGHT", .value = 1 },
                                                 { .name = "DARK", .value = 5 } };
static const corbel_type shade_type = { .kind = CORBEL_KIND_ENUM,
                                        .flags = CORBEL_PLAIN,
                                        .name = "python::Shade",
                                        .size = sizeof(shade),
                                        .count = 3,
                                        .enumerators = shade_names };
static const corbel_type bits_type = { .kind = CORBEL_KIND_BITMASK, .flags = CORBEL_PLAIN, .size = 8, .bound = 40 };
static const corbel_type price_type = { .kind = CORBEL_KIND_FIXED, .size = sizeof(char *), .bound = 5, .count = 2 };
static const corbel_type grid_type = { .kind = CORBEL_KIND_ARRAY,
                                       .flags = CORBEL_PLAIN,
                                       .size = 4 * sizeof(int32_t),
                                       .bound = 4,
                                       .element = &corbel_int32_type,
                                       .dimensions = (const uint32_t[]) { 2, 2, 0 } };
static const corbel_type key_type = { .kind = CORBEL_KIND_ARRAY,
                                      .flags = CORBEL_PLAIN | CORBEL_BYTES,
                                      .size = 4,
                                      .bound = 4,
                                      .element = &corbel_uint8_type,
                                      .dimensions = (const uint32_t[]) { 4, 0 } };
MAP(by_text, &corbel_string_type, &corbel_int32_type);
MAP(by_number, &corbel_int32_type, &kinds_Point_type);
MAP(by_flag, &corbel_bool_type, &corbel_uint64_type);
static const corbel_member pick_members[] = {
    MEMBER(pick, _d, 1, &corbel_int32_type),
    CASE(number, 2, &corbel_int32_type, 0),
    CASE(some_text, 3, &corbel_string_type, 1),
    CASE(numbers, 4, &corbel_int32_seq_type, 2),
    CASE(point, 5, &kinds_Point_type, 3),
    CASE(data, 6, &corbel_bytes_type, 4),
    CASE(shade, 7, &shade_type, 5),
    CASE(large, 8, &corbel_uint64_type, -6),
};
static const corbel_type pick_type = { .kind = CORBEL_KIND_UNION,
                                       .name = "python::Pick",
                                       .size = sizeof(pick),
                                       .count = sizeof pick_members / sizeof *pick_members,
                                       .members = pick_members };
static const corbel_type picks_type = SEQUENCE(&pick_type), shades_type = SEQUENCE(&shade_type),
                         blobs_type = SEQUENCE(&corbel_bytes_type);
static const int32_t level_default = 7;
static const corbel_member all_members[] = {
    MEMBER(all, flag, 1, &corbel_bool_type),
    MEMBER(all, small, 2, &corbel_int8_type),
    MEMBER(all, letter_number, 3, &corbel_wchar_type),
    MEMBER(all, bits, 4, &bits_type),
    MEMBER(all, i32, 5, &corbel_int32_type),
    MEMBER(all, u32, 6, &corbel_uint32_type),
    MEMBER(all, i64, 7, &corbel_int64_type),
    MEMBER(all, u64, 8, &corbel_uint64_type),
    MEMBER(all, a_float, 9, &corbel_float_type),
    MEMBER(all, a_double, 10, &corbel_double_type),
    MEMBER(all, shade, 11, &shade_type),
    MEMBER(all, text, 12, &corbel_string_type),
    MEMBER(all, price, 13, &price_type),
    MEMBER(all, data, 14, &corbel_bytes_type),
    MEMBER(all, long_double, 15, &corbel_long_double_type),
    MEMBER(all, point, 16, &kinds_Point_type),
    MEMBER(all, pick, 17, &pick_type),
    MEMBER(all, doubles, 18, &corbel_double_seq_type),
    MEMBER(all, floats, 19, &corbel_float_seq_type),
    MEMBER(all, texts, 20, &corbel_string_seq_type),
    MEMBER(all, lists, 21, &kinds_int32_seq_seq_type),
    MEMBER(all, grid, 22, &grid_type),
    MEMBER(all, key, 23, &key_type),
    MEMBER(all, by_text, 24, &by_text_type),
    MEMBER(all, by_number, 25, &by_number_type),
    MEMBER(all, by_flag, 26, &by_flag_type),
    MEMBER(all, picks, 27, &picks_type),
    MEMBER(all, shades, 28, &shades_type),
    MEMBER(all, blobs, 29, &blobs_type),
    OPTION(all, maybe_number, 30, &corbel_int32_type),
    OPTION(all, maybe_text, 31, &corbel_string_type),
    OPTION(all, maybe_point, 32, &kinds_Point_type),
    OPTION(all, maybe_list, 33, &corbel_int32_seq_type),
    { .name = "level",
      .id = 34,
      .flags = CORBEL_PRESENT,
      .offset = offsetof(all, level),
      .type = &corbel_int32_type,
      .fallback = &level_default },
    MEMBER(all, flags, 35, &corbel_bool_seq_type),
    MEMBER(all, longs, 36, &corbel_int64_seq_type),
};
static const corbel_type all_type = { .kind = CORBEL_KIND_STRUCT,
                                      .name = "python::All",
                                      .size = sizeof(all),
                                      .count = sizeof all_members / sizeof *all_members,
                                      .members = all_members };

static int fail_with(const char *what, const corbel_error *error)
{
    fprintf(stderr, "%s: %s\n", what, error->message);
    return 1;
}

static int write_values(unsigned long count)
{
    for (unsigned long i = 0; i < count; i++) {
        chance c = { .state = (i + 1) * 0x9e3779b97f4a7c15u, .arena = crb_arena_new(0) };
        all *const value = crb_arena_alloc(c.arena, 1, sizeof *value);
        crb_buf bytes = CRB_BUF_INIT;
        corbel_error error = CORBEL_ERROR_INIT;
        char *json = NULL;
        random_value(&c, &all_type, value, DEPTH);
        if (crb_encode_struct(&all_type, value, NULL, &bytes, &error) || corbel_value_to_json(&all_type, value, &json, &error)) {
            return fail_with("writing", &error);
        }
        for (size_t k = 0; k < bytes.len; k++) {
            printf("%02x", bytes.data[k]);
        }
        printf("\t%s\n", json);
        corbel_string_free(json);
        crb_buf_clear(&bytes);
        crb_arena_free(c.arena);
    }
    return 0;
}

/** A line: the same value in both of its forms. */
static int read_line(char *line)
{
    char *const tab = strchr(line, '\t');
    corbel_error error = CORBEL_ERROR_INIT;
    if (tab == NULL) {
        fprintf(stderr, "not a line of ours: %s\n", line);
        return 1;
    }
    line[strcspn(line, "\n")] = '\0';
    const size_t len = (size_t)(tab - line) / 2;
    uint8_t *const bytes = malloc(len + 1);
    for (size_t i = 0; i < len && bytes != NULL; i++) {
        unsigned byte = 0;
        (void)sscanf(line + 2 * i, "%2x", &byte);
        bytes[i] = (uint8_t)byte;
    }
    void *by_bytes = NULL;
    all *by_json = NULL;
    int status = 1;
    if (bytes == NULL || crb_decode_struct(&all_type, bytes, len, NULL, NULL, &by_bytes, &error) ||
        corbel_value_from_json(NULL, &all_type, tab + 1, &by_json, &error)) {
        fail_with(tab + 1, &error);
    } else if (!corbel_value_equal(&all_type, by_bytes, by_json)) {
        fprintf(stderr, "another value: %s\n", tab + 1);
    } else {
        status = 0;
    }
    corbel_error_clear(&error);
    corbel_block_free(by_bytes);
    corbel_block_free(by_json);
    free(bytes);
    return status;
}

static int read_values(void)
{
    char *line = NULL;
    size_t size = 0, count = 0;
    int status = 0;
    while (status == 0 && getline(&line, &size, stdin) > 0) {
        status = read_line(line);
        count++;
    }
    free(line);
    printf("%zu values\n", count);
    return status;
}

int main(int argc, char **argv)
{
    if (argc == 3 && strcmp(argv[1], "write") == 0) {
        return write_values(strtoul(argv[2], NULL, 10));
    }
    if (argc == 2 && strcmp(argv[1], "read") == 0) {
        return read_values();
    }
    fprintf(stderr, "usage: json_python write COUNT | json_python read\n");
    return 2;
}
