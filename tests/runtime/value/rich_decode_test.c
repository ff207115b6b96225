/* The reader and every kind that kinds.h lacks, byte by byte. Each row is read as an argument and as a result of one parameter x
 * with number 1; what is taken is shown by what the writer makes of it. */
#include "runtime/base/fail.h"
#include "runtime/value/codec.h"
#include "tests/runtime/support/test.h"
#include "tests/runtime/value/fake_object.h"
#include "tests/runtime/value/rich.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct row {
    const corbel_type *type;
    const char *in;      /* hexadecimal */
    const char *out;     /* hexadecimal; NULL: refused */
    const char *message; /* of the refusal */
} row;

#define SAME(table, bytes)                                                                                                       \
    {                                                                                                                            \
        &table, bytes, bytes, NULL                                                                                               \
    }
#define TAKEN(table, bytes, again)                                                                                               \
    {                                                                                                                            \
        &table, bytes, again, NULL                                                                                               \
    }
#define REFUSED(table, bytes, text)                                                                                              \
    {                                                                                                                            \
        &table, bytes, NULL, text                                                                                                \
    }

static const row rows[] = {
    /* numbers */
    SAME(corbel_int8_type, "08 ff 01"),
    REFUSED(corbel_int8_type, "08 80 02", "x: out of range"),
    REFUSED(corbel_int8_type, "08 81 02", "x: out of range"),
    SAME(corbel_wchar_type, "08 ff af 03"),
    SAME(corbel_wchar_type, "08 ff ff 43"),
    REFUSED(corbel_wchar_type, "08 80 b0 03", "x: D800 (hexadecimal) is not a code point"),
    REFUSED(corbel_wchar_type, "08 80 80 44", "x: 110000 (hexadecimal) is not a code point"),
    REFUSED(corbel_wchar_type, "08 80 80 80 80 10", "x: out of range"),
    SAME(rich_flags_type, "08 1f"),
    REFUSED(rich_flags_type, "08 20", "x: 20 (hexadecimal) is more than 5 bits"),
    REFUSED(rich_flags_type, "08 80 02", "x: out of range"),
    SAME(rich_percent_type, "08 c8 01"),
    SAME(rich_percent_type, "08 13"),
    REFUSED(rich_percent_type, "08 ca 01", "x: 101, at most 100"),
    REFUSED(rich_percent_type, "08 15", "x: -11, at least -10"),
    REFUSED(rich_percent_type, "08 80 80 80 80 10", "x: out of range"),
    SAME(rich_Shade_type, "08 07"), /* nobody knows it, but it is in the range */
    REFUSED(rich_Shade_type, "08 0b", "x: 11, at most 10"),
    REFUSED(rich_Shade_type, "08 fe ff ff ff ff ff ff ff ff 01", "x: -2, at least -1"),
    SAME(corbel_long_double_type, "0a 10 00 00 00 00 00 00 00 00 00 00 00 00 00 00 ff 3f"),
    SAME(corbel_long_double_type, "0a 10 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 80"), /* -0 */
    TAKEN(corbel_long_double_type, "0a 10 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00", ""),
    REFUSED(corbel_long_double_type, "0a 0f 00 00 00 00 00 00 00 00 00 00 00 00 00 00 ff", "x: 15 bytes, not 16"),
    REFUSED(corbel_long_double_type, "0a 00", "x: 0 bytes, not 16"),
    /* texts */
    SAME(rich_wide_type, "0a 08 c3 a9 c3 a9 c3 a9 c3 a9"),
    SAME(rich_wide_type, "0a 10 f0 9f 98 80 f0 9f 98 80 f0 9f 98 80 f0 9f 98 80"),
    REFUSED(rich_wide_type, "0a 06 61 62 63 64 c3 a9", "x: 5 characters, at most 4"),
    REFUSED(rich_wide_type, "0a 05 61 62 63 64 65", "x: 5 characters, at most 4"),
    REFUSED(rich_wide_type, "0a 02 c3 28", "x: not UTF-8, or a NUL in it"),
    SAME(rich_price_type, "0a 04 31 32 2e 35"),
    TAKEN(rich_price_type, "0a 07 2b 30 31 32 2e 35 30", "0a 04 31 32 2e 35"),
    TAKEN(rich_price_type, "0a 05 2d 30 2e 30 30", ""),
    TAKEN(rich_price_type, "0a 00", ""),
    TAKEN(rich_price_type, "0a 06 2d 30 30 2e 30 31", "0a 05 2d 30 2e 30 31"),
    REFUSED(rich_price_type, "0a 02 31 2e", "x: not a decimal number"),
    REFUSED(rich_price_type, "0a 02 2e 35", "x: not a decimal number"),
    REFUSED(rich_price_type, "0a 01 2d", "x: not a decimal number"),
    REFUSED(rich_price_type, "0a 03 31 65 35", "x: not a decimal number"),
    REFUSED(rich_price_type, "0a 02 20 31", "x: not a decimal number"),
    REFUSED(rich_price_type, "0a 02 31 00", "x: not a decimal number"),
    REFUSED(rich_price_type, "0a 04 31 32 33 34", "x: 4 digits before the point, at most 3"),
    REFUSED(rich_price_type, "0a 05 31 2e 31 32 35", "x: 3 digits behind the point, at most 2"),
    /* arrays */
    SAME(rich_Grid_type, "0a 04 02 04 06 08"),
    TAKEN(rich_Grid_type, "08 02 0a 02 04 06 08 08", "0a 04 02 04 06 08"),
    TAKEN(rich_Grid_type, "0a 02 02 04 0a 00 08 06 08 08", "0a 04 02 04 06 08"),
    TAKEN(rich_Grid_type, "", "0a 04 00 00 00 00"),
    TAKEN(rich_Grid_type, "0a 00", "0a 04 00 00 00 00"),
    REFUSED(rich_Grid_type, "0a 03 02 04 06", "x: 3 items, not 4"),
    REFUSED(rich_Grid_type, "0a 05 02 04 06 08 0a", "x: more than 4 items"),
    REFUSED(rich_Grid_type, "0a 04 02 04 06 08 08 0a", "x: more than 4 items"),
    REFUSED(rich_Grid_type, "0a 04 02 04 06 80", "x[1][1]: ends in the middle of a field"),
    REFUSED(rich_Grid_type, "0a 07 02 04 80 80 80 80 10", "x[1][0]: out of range"),
    SAME(rich_key_type, "0a 04 01 02 03 04"),
    TAKEN(rich_key_type, "0a 04 01 02 03 04 0a 04 05 06 07 08", "0a 04 05 06 07 08"),
    TAKEN(rich_key_type, "", "0a 04 00 00 00 00"),
    TAKEN(rich_key_type, "0a 04 01 02 03 04 0a 00", "0a 04 00 00 00 00"),
    REFUSED(rich_key_type, "0a 03 01 02 03", "x: 3 bytes, not 4"),
    REFUSED(rich_key_type, "0a 05 01 02 03 04 05", "x: 5 bytes, not 4"),
    SAME(rich_names_type, "0a 01 61 0a 00"),
    TAKEN(rich_names_type, "", "0a 00 0a 00"),
    REFUSED(rich_names_type, "0a 01 61", "x: 1 items, not 2"),
    REFUSED(rich_names_type, "0a 00 0a 00 0a 00", "x: more than 2 items"),
    REFUSED(rich_names_type, "0a 00 0a 01 ff", "x[1]: not UTF-8, or a NUL in it"),
    /* maps */
    SAME(rich_Tags_type, "0a 03 0a 01 61 0a 05 0a 01 62 10 02"),
    SAME(rich_Tags_type, "0a 00 0a 03 0a 01 61"),
    SAME(rich_Tags_type, "0a 03 0a 01 7a 0a 04 0a 02 c3 a9"),
    TAKEN(rich_Tags_type, "0a 05 10 02 0a 01 61", "0a 05 0a 01 61 10 02"),
    REFUSED(rich_Tags_type, "0a 00 0a 00", "x[1].key: twice"),
    REFUSED(rich_Tags_type, "0a 03 0a 01 61 0a 05 0a 01 61 10 02", "x[1].key: twice"),
    REFUSED(rich_Tags_type, "0a 00 0a 03 0a 01 62 0a 03 0a 01 61", "x[2].key: not in ascending order"),
    REFUSED(rich_Tags_type, "0a 04 0a 02 61 62 0a 03 0a 01 61", "x[1].key: not in ascending order"),
    REFUSED(rich_Tags_type, "0a 03 0a 01 ff", "x[0].key: not UTF-8, or a NUL in it"),
    TAKEN(rich_Leaves_type, "0a 02 08 01 0a 00 0a 02 08 02",
          "0a 0a 08 01 12 06 12 04 6c 65 61 66 0a 08 12 06 12 04 6c 65 61 66 0a 0a 08 02 12 06 12 04 6c 65 61 66"),
    REFUSED(rich_Leaves_type, "0a 00 0a 02 08 01", "x[1].key: not in ascending order"),
    REFUSED(rich_Leaves_type, "0a 00 0a 02 08 02 0a 02 08 04 0a 02 08 06", "x: 4 items, at most 3"),
    SAME(rich_Lists_type, "0a 03 12 01 61 0a 06 08 01 12 00 12 00"),
    REFUSED(rich_Lists_type, "0a 02 08 01 0a 00", "x[1].key: not in ascending order"),
    /* unions */
    TAKEN(rich_Pick_type, "", "0a 02 10 00"),
    TAKEN(rich_Pick_type, "0a 00", "0a 02 10 00"),
    SAME(rich_Pick_type, "0a 05 08 02 1a 01 61"),
    TAKEN(rich_Pick_type, "0a 02 08 02", "0a 04 08 02 1a 00"),
    REFUSED(rich_Pick_type, "0a 05 1a 01 61 08 02", "x.text: not what _d selects"),
    TAKEN(rich_Pick_type, "0a 08 f8 07 01 08 02 1a 01 61", "0a 05 08 02 1a 01 61"),
    TAKEN(rich_Pick_type, "0a 08 08 02 1a 01 61 1a 01 62", "0a 05 08 02 1a 01 62"),
    TAKEN(rich_Pick_type, "0a 05 08 02 1a 01 61 0a 00", "0a 02 10 00"),
    TAKEN(rich_Pick_type, "0a 0c 08 04 22 03 0a 01 02 22 03 0a 01 04", "0a 08 08 04 22 04 0a 02 02 04"),
    TAKEN(rich_Pick_type, "0a 02 08 06", "0a 04 08 06 22 00"),
    SAME(rich_Pick_type, "0a 0a 08 08 2a 06 08 02 12 02 68 69"),
    TAKEN(rich_Pick_type, "0a 0a 08 08 2a 02 08 02 2a 02 18 04", "0a 0e 08 08 2a 0a 08 02 12 04 6c 65 61 66 18 04"),
    TAKEN(rich_Pick_type, "0a 02 08 08", "0a 0a 08 08 2a 06 12 04 6c 65 61 66"),
    TAKEN(rich_Pick_type, "0a 04 08 0c 3a 00", "0a 0a 08 0c 3a 06 0a 04 00 00 00 00"),
    TAKEN(rich_Pick_type, "0a 02 08 0e", "0a 07 08 0e 42 03 00 00 00"),
    SAME(rich_Pick_type, "0a 04 08 10 48 02"),
    TAKEN(rich_Pick_type, "0a 02 08 12", "0a 05 08 12 52 01 30"),
    TAKEN(rich_Pick_type, "0a 02 08 01", "0a 04 08 01 5a 00"),
    SAME(rich_Pick_type, "0a 0c 08 9a 01 71 00 00 00 00 00 00 f0 3f"),
    REFUSED(rich_Pick_type, "0a 04 08 02 08 02", "x._d: twice"),
    REFUSED(rich_Pick_type, "0a 06 08 02 08 04 1a 00", "x._d: twice"),
    REFUSED(rich_Pick_type, "0a 04 10 02 08 02", "x._d: behind the case"),
    REFUSED(rich_Pick_type, "0a 06 08 00 10 02 08 00", "x._d: twice"),
    REFUSED(rich_Pick_type, "0a 04 08 02 10 02", "x.number: not what _d selects"),
    REFUSED(rich_Pick_type, "0a 05 08 04 1a 01 61", "x.text: not what _d selects"),
    REFUSED(rich_Pick_type, "0a 0a 08 0c 3a 06 0a 03 02 04 06", "x: ends in the middle of a field"),
    REFUSED(rich_Pick_type, "0a 09 08 0c 3a 05 0a 03 02 04 06", "x.grid: 3 items, not 4"),
    REFUSED(rich_Pick_type, "0a 04 08 14 60 0b", "x.shade: 11, at most 10"),
    REFUSED(rich_Pick_type, "0a 04 08 10 48 09", "x.object: tag 9"),
    REFUSED(rich_Pick_type, "0a 0a 08 0a 32 06 0a 00 0a 00 0a 00", "x.tags[1].key: twice"),
    SAME(rich_Small_type, "0a 04 08 01 10 02"),
    TAKEN(rich_Small_type, "0a 02 08 00", ""),
    TAKEN(rich_Small_type, "0a 02 08 01", "0a 04 08 01 10 00"),
    REFUSED(rich_Small_type, "0a 02 10 02", "x.on: not what _d selects"),
    /* defaults and optional members */
    TAKEN(rich_Leaf_type, "", "0a 06 12 04 6c 65 61 66"),
    SAME(rich_Leaf_type, "0a 02 12 00"),
    TAKEN(rich_Leaf_type, "0a 04 18 00 12 00", "0a 04 12 00 18 00"),
    SAME(rich_Leaf_type, "0a 04 12 00 22 00"),
    TAKEN(rich_Leaf_type, "0a 04 12 00 18 02 0a 02 18 04", "0a 04 12 00 18 04"),
    REFUSED(rich_Leaf_type, "0a 04 18 80 80 04", "x.maybe: out of range"),
};

/** From hexadecimal, on the heap and of just its size. */
static uint8_t *bytes_of(const char *text, size_t *ret_len)
{
    uint8_t *bytes = malloc(strlen(text) / 2 + 1);
    assert_non_null(bytes);
    size_t n = 0;
    for (const char *at = text; *at != '\0'; at += at[2] != '\0' ? 3 : 2) {
        unsigned byte = 0;
        assert_int_equal(sscanf(at, "%2x", &byte), 1);
        bytes[n++] = (uint8_t)byte;
    }
    uint8_t *exact = malloc(n + 1);
    assert_non_null(exact);
    memcpy(exact + 1, bytes, n); /* behind it, so that the address sanitizer sees a read beyond its end */
    free(bytes);
    *ret_len = n;
    return exact;
}

static char *hexadecimal(const crb_buf *buf, char out[400])
{
    *out = '\0';
    for (size_t i = 0; i < buf->len && i < 130; i++) {
        snprintf(out + 3 * i - (i > 0), 5, i > 0 ? " %02x" : "%02x", buf->data[i]);
    }
    return out;
}

static void must_be_written_as(const row *r, const void *value, const char *how)
{
    const corbel_param param = { .name = "x", .id = 1, .type = r->type };
    corbel_error error = CORBEL_ERROR_INIT;
    crb_buf buf = CRB_BUF_INIT;
    if (crb_encode_params(&param, 1, &value, &fake_writer, &buf, &error) != CORBEL_OK) {
        fail_msg("%s: %s: %s", how, r->in, error.message);
    }
    char text[400];
    if (r->out == NULL || strcmp(hexadecimal(&buf, text), r->out) != 0) {
        fail_msg("%s: %s: taken as %s", how, r->in, hexadecimal(&buf, text));
    }
    crb_buf_clear(&buf);
}

static void must_be_refused(const row *r, corbel_status status, corbel_error *error, const char *how)
{
    assert_int_equal(error->status, status);
    if (r->out != NULL || (r->message != NULL && strcmp(error->message, r->message) != 0)) {
        fail_msg("%s: %s: %s", how, r->in, error->message);
    }
    corbel_error_clear(error);
}

static void as_argument(const row *r, const uint8_t *bytes, size_t len)
{
    const corbel_param param = { .name = "x", .id = 1, .type = r->type };
    corbel_error error = CORBEL_ERROR_INIT;
    crb_arena *arena = crb_arena_new(0);
    crb_held held;
    const void *value = NULL;
    const corbel_status status = crb_decode_args(&param, 1, bytes, len, NULL, &fake_reader, arena, &held, &value, &error);
    if (status == CORBEL_OK) {
        must_be_written_as(r, value, "argument");
        crb_held_release(&held);
    } else {
        must_be_refused(r, status, &error, "argument");
    }
    crb_arena_free(arena);
    assert_int_equal(fake_counts(), 0);
}

/** Is it handed out as an address? */
static bool is_block(const corbel_type *type)
{
    return (type->flags & CORBEL_PLAIN) == 0 && type->kind != CORBEL_KIND_SEQUENCE && type->kind != CORBEL_KIND_MAP;
}

static void as_result(const row *r, const uint8_t *bytes, size_t len)
{
    const corbel_param param = { .name = "x", .id = 1, .type = r->type };
    corbel_error error = CORBEL_ERROR_INIT;
    union {
        void *block;
        rich_Tags view;
        rich_Grid grid;
        rich_Small small;
        long double number;
    } out, before;
    memset(&out, 0x55, sizeof out);
    before = out;
    void *const place = &out;
    const corbel_status status = crb_decode_results(&param, 1, bytes, len, NULL, &fake_reader, &place, &error);
    if (status != CORBEL_OK) {
        assert_memory_equal(&out, &before, sizeof out);
        must_be_refused(r, status, &error, "result");
    } else if (is_block(r->type)) {
        const bool is_text = r->type->kind == CORBEL_KIND_STRING || r->type->kind == CORBEL_KIND_FIXED;
        must_be_written_as(r, is_text ? (const void *)&out : out.block, "result");
        corbel_block_free(out.block);
    } else {
        must_be_written_as(r, &out, "result");
        if (r->type->kind == CORBEL_KIND_MAP) {
            corbel_block_free(out.view.items);
        }
    }
    assert_int_equal(fake_counts(), 0);
}

static void each_row(void **state)
{
    (void)state;
    assert_int_equal(LENGTH_OF(rows), 117);
    for (size_t i = 0; i < LENGTH_OF(rows); i++) {
        size_t len = 0;
        uint8_t *bytes = bytes_of(rows[i].in, &len);
        as_argument(&rows[i], bytes + 1, len);
        as_result(&rows[i], bytes + 1, len);
        free(bytes);
    }
}

/* ---- values within values ---- */

static const rich_All *all_of(const char *text, const char *message)
{
    size_t len = 0;
    uint8_t *bytes = bytes_of(text, &len);
    void *value = NULL;
    corbel_error error = CORBEL_ERROR_INIT;
    crb_decode_struct(&rich_All_type, bytes + 1, len, NULL, &fake_reader, &value, &error);
    assert_string_equal(error.message, message != NULL ? message : "");
    corbel_error_clear(&error);
    free(bytes);
    return value;
}

static void what_is_missing_has_its_default(void **state)
{
    (void)state;
    const rich_All *all = all_of("", NULL);
    assert_string_equal(all->wide, "");
    assert_string_equal(all->price, "0");
    assert_int_equal(all->level, 7);
    assert_string_equal(all->title, "none");
    assert_string_equal(all->cost, "1.5");
    assert_int_equal(all->tone, rich_DARK);
    assert_string_equal(all->names[1], "");
    assert_string_equal(all->leaves[1].name, "leaf");
    assert_string_equal(all->leaves[1].price, "0");
    assert_null(all->leaves[1].note);
    assert_null(all->opt_text);
    assert_null(all->opt_leaf);
    assert_null(all->opt_key);
    assert_null(all->opt_price);
    assert_string_equal(all->tree.names[0], "");
    corbel_block_free(all);
    /* and in what is there, each item anew */
    all = all_of("ba 01 00 9a 01 00 9a 01 02 08 02 da 02 02 08 02 c2 01 02 08 02 da 02 02 08 08 fa 02 02 12 00", NULL);
    assert_string_equal(all->opt_leaf->name, "leaf");
    assert_int_equal(all->by_number.len, 2);
    assert_string_equal(all->by_number.items[0].value.name, "leaf");
    assert_string_equal(all->by_number.items[1].value.name, "leaf");
    assert_string_equal(all->opt_pick->text, "");
    assert_int_equal(all->picks.len, 2);
    assert_string_equal(all->picks.items[0].text, "");
    assert_string_equal(all->picks.items[1].leaf.name, "leaf");
    assert_string_equal(all->tree.child->names[1], "");
    corbel_block_free(all);
}

static void a_struct_that_comes_twice(void **state)
{
    (void)state;
    /* tree: knot = trees { {}, {} }, object 1, by_name { "a" }; then knot anew, names, object 2, by_name { "b" } */
    const rich_All *all = NULL;
    all = all_of("fa 02 13 22 03 0a 01 61 2a 08 08 01 12 04 0a 00 0a 00 38 01 0a 00 "
                 "fa 02 13 22 03 0a 01 62 2a 04 08 02 1a 00 38 02 0a 01 78 0a 01 79",
                 "tree.names: 1 items, not 2");
    assert_null(all);
    all = all_of("fa 02 15 22 03 0a 01 61 2a 08 08 01 12 04 0a 00 0a 00 38 01 0a 00 0a 00 "
                 "fa 02 13 22 03 0a 01 62 2a 04 08 02 1a 00 38 02 0a 01 78 0a 01 79",
                 NULL);
    assert_int_equal(all->tree.by_name.len, 2);
    assert_string_equal(all->tree.by_name.items[0].key, "a");
    assert_string_equal(all->tree.by_name.items[1].key, "b");
    assert_int_equal(all->tree.knot._d, 2);
    assert_int_equal(all->tree.knot.by_name.len, 0);
    assert_string_equal(all->tree.names[0], "x");
    assert_string_equal(all->tree.names[1], "y");
    assert_ptr_equal(all->tree.object, &fake_objects[1]);
    corbel_block_free(all);
    assert_int_equal(fake_counts(), 0);
    /* a map that goes on has to go up */
    assert_null(all_of("fa 02 05 22 03 0a 01 62 fa 02 05 22 03 0a 01 61", "tree.by_name[1].key: not in ascending order"));
    assert_null(all_of("fa 02 05 22 03 0a 01 61 fa 02 05 22 03 0a 01 61", "tree.by_name[1].key: twice"));
    /* optional: one value, read over; a wrapped list goes on */
    all = all_of("ba 01 05 08 02 22 01 61 ba 01 02 18 04 ca 01 03 0a 01 02 ca 01 03 0a 01 04 da 01 00 da 01 06 0a 04 02 04 06 08",
                 NULL);
    assert_int_equal(all->opt_leaf->small, 1);
    assert_int_equal(*all->opt_leaf->maybe, 2);
    assert_string_equal(all->opt_leaf->note, "a");
    assert_int_equal(all->opt_list->len, 2);
    assert_int_equal(all->opt_list->items[1], 2);
    assert_int_equal((*all->opt_grid)[1][1], 4);
    corbel_block_free(all);
}

static void errors_name_the_place(void **state)
{
    (void)state;
    static const struct {
        const char *in, *message;
    } places[] = {
        { "fa 02 09 22 07 12 05 12 03 1a 01 0a", "tree.by_name[0].value.child.maybe: ends in the middle of a field" },
        { "fa 02 0b 22 09 12 07 12 05 0a 00 0a 01 ff", "tree.by_name[0].value.child.names[1]: not UTF-8, or a NUL in it" },
        { "fa 02 0a 2a 08 08 01 12 04 0a 02 38 09", "tree.knot.trees[0].object: tag 9" },
        { "e2 02 0a 0a 03 0a 01 62 0a 03 0a 01 61", "maps[0][1].key: not in ascending order" },
        { "ea 02 06 0a 04 02 04 06 08 ea 02 05 0a 03 02 04 06", "grids[1]: 3 items, not 4" },
        { "72 06 02 04 06 08 0a 80", "grid[1][2]: ends in the middle of a field" },
        { "8a 03 04 02 04 ca 01", "percents[2]: 101, at most 100" },
        { "8a 03 02 02 ca", "percents[1]: ends in the middle of a field" },
        { "8a 01 00 8a 01 02 2a 01 78", "leaves[1].price: ends in the middle of a field" },
        { "8a 01 00 8a 01 03 2a 01 78", "leaves[1].price: not a decimal number" },
        { "d2 01 06 0a 00 0a 00 0a 00", "opt_map[1].key: twice" },
        { "c2 01 04 08 02 08 02", "opt_pick._d: twice" },
        { "c2 02 01 20", "masks[0]: 20 (hexadecimal) is more than 5 bits" },
    };
    for (size_t i = 0; i < LENGTH_OF(places); i++) {
        assert_null(all_of(places[i].in, places[i].message));
    }
    assert_int_equal(fake_counts(), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_row),
        cmocka_unit_test(what_is_missing_has_its_default),
        cmocka_unit_test(a_struct_that_comes_twice),
        cmocka_unit_test(errors_name_the_place),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
