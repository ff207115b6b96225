/* Maps, fixed numbers and long doubles by themselves. */
#include "runtime/value/fixed.h"
#include "runtime/value/long_double.h"
#include "runtime/value/map.h"
#include "tests/runtime/support/test.h"
#include "tests/runtime/value/rich.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- maps ---- */

static void maps_are_sorted_and_searched(void **state)
{
    (void)state;
    enum { MOST = 40 };
    uint32_t seed = 1;
    for (size_t n = 0; n <= MOST; n++) {
        for (size_t turn = 0; turn < 20; turn++) {
            static char keys[MOST][8];
            rich_string_by_int32_item items[MOST + 1] = { 0 };
            int32_t sum = 0;
            for (size_t i = 0; i < n; i++) {
                seed = seed * 1664525 + 1013904223;
                snprintf(keys[i], sizeof keys[i], "%s%u", i % 3 == 0 ? "\xc3\xa9" : "", (seed >> 16) % (turn < 10 ? 1000 : 5));
                items[i] = (rich_string_by_int32_item) { i == 7 ? NULL : keys[i], (int32_t)i };
                sum += (int32_t)i;
            }
            items[n].value = -1;
            corbel_map_sort(&rich_Tags_type, items, n);
            assert_int_equal(items[n].value, -1);
            const rich_Tags map = { n, items };
            for (size_t i = 0; i < n; i++) {
                sum -= items[i].value;
                if (i > 0) {
                    assert_true(strcmp(items[i - 1].key != NULL ? items[i - 1].key : "", items[i].key) <= 0);
                }
                const rich_string_by_int32_item *found = corbel_map_find(&rich_Tags_type, &map, &items[i].key);
                assert_non_null(found);
                assert_int_equal(crb_map_compare_keys(&corbel_string_type, &found->key, &items[i].key), 0);
            }
            assert_int_equal(sum, 0); /* all are there */
            const char *missing = "~";
            assert_null(corbel_map_find(&rich_Tags_type, &map, &missing));
            bool twice = false;
            const size_t at = crb_map_disorder(&rich_Tags_type, items, n, &twice);
            assert_true(at == n || twice);
        }
    }
}

static void keys_are_compared_by_value(void **state)
{
    (void)state;
    const int8_t a8 = -1, b8 = 1;
    const uint8_t u8 = 255, v8 = 1;
    const char c = (char)200, d = 'a';
    const int64_t a64 = INT64_MIN, b64 = INT64_MAX;
    const uint64_t u64 = UINT64_MAX, v64 = 1;
    const rich_Shade below = (rich_Shade)-1, above = rich_LIGHT;
    const bool no = false, yes = true;
    const struct {
        const corbel_type *type;
        const void *less, *more;
    } pairs[] = {
        { &corbel_int8_type, &a8, &b8 },    { &corbel_uint8_type, &v8, &u8 },    { &corbel_char_type, &d, &c },
        { &corbel_int64_type, &a64, &b64 }, { &corbel_uint64_type, &v64, &u64 }, { &rich_Shade_type, &below, &above },
        { &corbel_bool_type, &no, &yes },
    };
    for (size_t i = 0; i < LENGTH_OF(pairs); i++) {
        assert_true(crb_map_compare_keys(pairs[i].type, pairs[i].less, pairs[i].more) < 0);
        assert_true(crb_map_compare_keys(pairs[i].type, pairs[i].more, pairs[i].less) > 0);
        assert_int_equal(crb_map_compare_keys(pairs[i].type, pairs[i].more, pairs[i].more), 0);
    }
}

/* ---- fixed ---- */

static void fixed_numbers_have_one_shortest_form(void **state)
{
    (void)state;
    const struct {
        const char *text, *shortest; /* NULL: not a number */
    } rows[] = {
        { "", "0" },           { "0", "0" },    { "-0", "0" },   { "+000.000", "0" }, { "1", "1" },      { "-1", "-1" },
        { "0012.50", "12.5" }, { "+.5", NULL }, { "5.", NULL },  { ".", NULL },       { "-", NULL },     { "1.2.3", NULL },
        { "1 ", NULL },        { " 1", NULL },  { "1a", NULL },  { "0x1", NULL },     { "0.10", "0.1" }, { "-0.01", "-0.01" },
        { "100", "100" },      { "--1", NULL }, { "+-1", NULL },
    };
    for (size_t i = 0; i < LENGTH_OF(rows); i++) {
        crb_fixed number;
        assert_int_equal(crb_fixed_parse(rows[i].text, strlen(rows[i].text), &number), rows[i].shortest != NULL);
        if (rows[i].shortest != NULL) {
            char out[40] = { 0 };
            crb_fixed_print(&number, out);
            assert_string_equal(out, rows[i].shortest);
            assert_int_equal(crb_fixed_len(&number), strlen(out));
        }
    }
    crb_fixed number;
    assert_true(crb_fixed_parse("123", 2, &number)); /* the length counts */
    assert_int_equal(number.n_whole, 2);
    assert_false(crb_fixed_parse("1.2", 2, &number));
}

/* ---- long double ---- */

static void long_doubles_travel_as_binary128(void **state)
{
    (void)state;
    const struct {
        long double value;
        uint64_t high, low;
    } rows[] = {
        { 0.0L, 0, 0 },
        { -0.0L, 0x8000000000000000, 0 },
        { 1.0L, 0x3fff000000000000, 0 },
        { -2.0L, 0xc000000000000000, 0 },
        { 0.5L, 0x3ffe000000000000, 0 },
        { 1.0L + 0x1p-63L, 0x3fff000000000000, 0x0002000000000000 },
        { (long double)INFINITY, 0x7fff000000000000, 0 },
        { (long double)-INFINITY, 0xffff000000000000, 0 },
        { 0x1p-16382L, 0x0001000000000000, 0 },
        { 0x1p-16383L, 0x0000800000000000, 0 },
        { 0x1p-16445L, 0x0000000000000000, 0x0002000000000000 },
        { 0x1.fffffffffffffffep16383L, 0x7ffeffffffffffff, 0xfffe000000000000 },
    };
    for (size_t i = 0; i < LENGTH_OF(rows); i++) {
        uint8_t wire[CRB_LONG_DOUBLE_WIRE];
        crb_long_double_load(&rows[i].value, wire);
        assert_memory_equal(wire, &rows[i].low, 8);
        assert_memory_equal(wire + 8, &rows[i].high, 8);
        long double back = 1;
        crb_long_double_store(wire, &back);
        assert_true(back == rows[i].value && signbit(back) == signbit(rows[i].value));
    }
    const long double nan = (long double)NAN;
    uint8_t wire[CRB_LONG_DOUBLE_WIRE];
    long double back = 1;
    crb_long_double_load(&nan, wire);
    crb_long_double_store(wire, &back);
    assert_true(isnan(back));
}

#if LDBL_MANT_DIG == 64
static long double from_parts(uint64_t high, uint64_t low)
{
    uint8_t wire[CRB_LONG_DOUBLE_WIRE];
    memcpy(wire, &low, 8);
    memcpy(wire + 8, &high, 8);
    long double value = 0;
    crb_long_double_store(wire, &value);
    return value;
}

static void what_is_finer_is_rounded(void **state)
{
    (void)state;
    const uint64_t one = 0x3fff000000000000;
    assert_true(from_parts(one, 0x0001000000000000) == 1.0L);                /* half way: to even */
    assert_true(from_parts(one, 0x0001000000000001) == 1.0L + 0x1p-63L);     /* above half */
    assert_true(from_parts(one, 0x0003000000000000) == 1.0L + 2 * 0x1p-63L); /* half way, odd */
    assert_true(from_parts(one, 0x0000ffffffffffff) == 1.0L);                /* below half */
    assert_true(from_parts(0x3fffffffffffffff, UINT64_MAX) == 2.0L);         /* carries into the exponent */
    assert_true(isinf(from_parts(0x7ffeffffffffffff, UINT64_MAX)));          /* and beyond the largest */
    assert_true(from_parts(0x0000ffffffffffff, UINT64_MAX) == 0x1p-16382L);  /* from subnormal to normal */
    assert_true(isnan(from_parts(0x7fff000000000000, 1)));                   /* a NaN whose bits are all cut off */
    assert_true(from_parts(0, 1) == 0.0L);
    /* Bits that x86 has and no number needs. */
    uint8_t wire[CRB_LONG_DOUBLE_WIRE];
    uint8_t raw[sizeof(long double)] = { 0 };
    raw[7] = 0x80; /* exponent 0 with a leading 1 */
    crb_long_double_load(raw, wire);
    uint64_t high = 0;
    memcpy(&high, wire + 8, 8);
    assert_true(high == 0x0001000000000000);
    raw[7] = 0x40; /* exponent 1 without one */
    raw[8] = 1;
    crb_long_double_load(raw, wire);
    memcpy(&high, wire + 8, 8);
    assert_true(high >> 48 == 0x7fff && high << 16 != 0);
}
#endif

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(maps_are_sorted_and_searched),
        cmocka_unit_test(keys_are_compared_by_value),
        cmocka_unit_test(fixed_numbers_have_one_shortest_form),
        cmocka_unit_test(long_doubles_travel_as_binary128),
#if LDBL_MANT_DIG == 64
        cmocka_unit_test(what_is_finer_is_rounded),
#endif
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
