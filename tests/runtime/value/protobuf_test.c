/* The codec against protobuf-c: the same bytes for the same values, both ways, for random values. */
#include "runtime/base/fail.h"
#include "tests/runtime/support/test.h"
#include "tests/runtime/value/as_protobuf.h"
#include "tests/runtime/value/fake_object.h"
#include "tests/runtime/value/random_kinds.h"

#include <stdlib.h>
#include <string.h>

enum { SEEDS = 1500 };

static void must(corbel_status status, const corbel_error *error, uint64_t seed)
{
    if (status != CORBEL_OK) {
        fail_msg("seed %llu: %s", (unsigned long long)seed, error->message);
    }
}

static crb_buf encoded(const kinds_All *all, uint64_t seed)
{
    crb_buf buf = CRB_BUF_INIT;
    corbel_error error = CORBEL_ERROR_INIT;
    must(crb_encode_struct(&kinds_All_type, all, &fake_writer, &buf, &error), &error, seed);
    return buf;
}

static kinds_All *decoded(const uint8_t *data, size_t len, uint64_t seed)
{
    void *value = NULL;
    corbel_error error = CORBEL_ERROR_INIT;
    must(crb_decode_struct(&kinds_All_type, data, len, NULL, &fake_reader, &value, &error), &error, seed);
    return value;
}

/** The same message by protobuf-c, in memory of just its size. */
static crb_buf packed(const Kinds__All *all)
{
    crb_buf buf = CRB_BUF_INIT;
    const size_t size = kinds__all__get_packed_size(all);
    uint8_t *at = crb_buf_reserve(&buf, size);
    buf.len = kinds__all__pack(all, at);
    assert_int_equal(buf.len, size);
    return buf;
}

static void same_bytes(const crb_buf *a, const crb_buf *b, uint64_t seed)
{
    if (a->len != b->len || (a->len > 0 && memcmp(a->data, b->data, a->len) != 0)) {
        fail_msg("seed %llu: %zu and %zu bytes differ", (unsigned long long)seed, a->len, b->len);
    }
}

static void the_same_bytes_both_ways(void **state)
{
    (void)state;
    size_t largest = 0;
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        crb_arena *arena = crb_arena_new(0);
        const kinds_All *all = random_all(arena, seed);
        crb_buf ours = encoded(all, seed), theirs = packed(as_protobuf(arena, all));
        same_bytes(&ours, &theirs, seed);
        kinds_All *back = decoded(theirs.data, theirs.len, seed);
        if (!corbel_value_equal(&kinds_All_type, all, back)) {
            fail_msg("seed %llu: not equal after reading", (unsigned long long)seed);
        }
        Kinds__All *read = kinds__all__unpack(NULL, ours.len, ours.data);
        assert_non_null(read);
        crb_buf again = packed(read);
        same_bytes(&ours, &again, seed);
        largest = ours.len > largest ? ours.len : largest;
        kinds__all__free_unpacked(read, NULL);
        corbel_block_free(back);
        crb_buf_clear(&again);
        crb_buf_clear(&ours);
        crb_buf_clear(&theirs);
        crb_arena_free(arena);
        assert_int_equal(fake_counts(), 0);
    }
    assert_true(largest > 3000); /* the seeds are worth something */
}

static void unpacked_numbers_are_read(void **state)
{
    (void)state;
    /* The same descriptor without its packed flags makes protobuf-c write one field an item. */
    ProtobufCFieldDescriptor fields[64];
    ProtobufCMessageDescriptor unpacked = kinds__all__descriptor;
    assert_true(unpacked.n_fields <= LENGTH_OF(fields));
    size_t n_packed = 0;
    for (unsigned i = 0; i < unpacked.n_fields; i++) {
        fields[i] = unpacked.fields[i];
        n_packed += (fields[i].flags & PROTOBUF_C_FIELD_FLAG_PACKED) != 0;
        fields[i].flags &= ~(uint32_t)PROTOBUF_C_FIELD_FLAG_PACKED;
    }
    assert_int_equal(n_packed, 12);
    unpacked.fields = fields;
    for (uint64_t seed = 0; seed < SEEDS / 4; seed++) {
        crb_arena *arena = crb_arena_new(0);
        const kinds_All *all = random_all(arena, seed);
        Kinds__All *proto = as_protobuf(arena, all);
        proto->base.descriptor = &unpacked;
        crb_buf buf = CRB_BUF_INIT;
        buf.len = protobuf_c_message_pack(&proto->base, crb_buf_reserve(&buf, protobuf_c_message_get_packed_size(&proto->base)));
        kinds_All *back = decoded(buf.data, buf.len, seed);
        if (!corbel_value_equal(&kinds_All_type, all, back)) {
            fail_msg("seed %llu: not equal", (unsigned long long)seed);
        }
        corbel_block_free(back);
        crb_buf_clear(&buf);
        crb_arena_free(arena);
    }
    assert_int_equal(fake_counts(), 0);
}

/** What proto3 says two values one after the other mean, in to: numbers, text and octets of b unless zero, items of both, structs
 *  likewise. By hand, because protobuf-c 1.4 loses the numbers of a struct that comes twice. */
static void merge(crb_arena *arena, const corbel_type *type, const uint8_t *a, const uint8_t *b, uint8_t *to)
{
    for (uint32_t i = 0; i < type->count; i++) {
        const size_t offset = type->members[i].offset;
        const corbel_type *member = type->members[i].type;
        const bool octets = (member->flags & CORBEL_BYTES) != 0;
        if (member->kind == CORBEL_KIND_STRUCT) {
            merge(arena, member, a + offset, b + offset, to + offset);
        } else if (member->kind == CORBEL_KIND_SEQUENCE && !octets) {
            corbel_bytes x, y;
            memcpy(&x, a + offset, sizeof x);
            memcpy(&y, b + offset, sizeof y);
            const size_t size = member->element->size;
            uint8_t *items = crb_arena_alloc(arena, x.len + y.len, size);
            memcpy(items, x.len > 0 ? x.items : items, x.len * size);
            memcpy(items + x.len * size, y.len > 0 ? y.items : items, y.len * size);
            const corbel_bytes both = { x.len + y.len, items };
            memcpy(to + offset, &both, sizeof both);
        } else {
            static const uint8_t zero[16];
            const char *text = NULL;
            memcpy(&text, b + offset, sizeof text);
            const bool empty = member->kind == CORBEL_KIND_STRING ? text == NULL || *text == '\0'
                                                                  : memcmp(b + offset, zero, octets ? 8 : member->size) == 0;
            memcpy(to + offset, (empty ? a : b) + offset, member->size);
        }
    }
}

static void what_comes_twice_merges(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        crb_arena *arena = crb_arena_new(0);
        const kinds_All *first = random_all(arena, seed), *second = random_all(arena, seed + SEEDS);
        const kinds_All *third = random_all(arena, seed + 2 * SEEDS);
        crb_buf all = CRB_BUF_INIT;
        const kinds_All *const each[] = { first, second, third };
        for (size_t i = 0; i < 3; i++) {
            crb_buf one = encoded(each[i], seed);
            crb_buf_append(&all, one.data, one.len);
            crb_buf_clear(&one);
        }
        kinds_All *back = decoded(all.data, all.len, seed);
        kinds_All two, three;
        merge(arena, &kinds_All_type, (const uint8_t *)first, (const uint8_t *)second, (uint8_t *)&two);
        merge(arena, &kinds_All_type, (const uint8_t *)&two, (const uint8_t *)third, (uint8_t *)&three);
        if (!corbel_value_equal(&kinds_All_type, back, &three)) {
            fail_msg("seed %llu: not what proto3 says", (unsigned long long)seed);
        }
        corbel_block_free(back);
        crb_buf_clear(&all);
        crb_arena_free(arena);
    }
    assert_int_equal(fake_counts(), 0);
}

static void unknown_fields_are_skipped(void **state)
{
    (void)state;
    /* A Point reader finds members 3 to 3000 of All unknown, and 1 and 2 the wrong kind: those are left out. */
    for (uint64_t seed = 1; seed < SEEDS / 4; seed++) {
        crb_arena *arena = crb_arena_new(0);
        kinds_All all = *random_all(arena, seed);
        all.b = false;
        all.octet = 0;
        crb_buf buf = encoded(&all, seed);
        crb_buf_append(&buf, "\x08\x0e", 2); /* x = 7 */
        void *value = NULL;
        corbel_error error = CORBEL_ERROR_INIT;
        must(crb_decode_struct(&kinds_Point_type, buf.data, buf.len, NULL, NULL, &value, &error), &error, seed);
        assert_int_equal(((kinds_Point *)value)->x, 7);
        assert_true(((kinds_Point *)value)->y == 0);
        corbel_block_free(value);
        crb_buf_clear(&buf);
        crb_arena_free(arena);
    }
}

static void every_cut_is_an_error_or_a_shorter_message(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed < 40; seed++) {
        crb_arena *arena = crb_arena_new(0);
        crb_buf buf = encoded(random_all(arena, seed), seed);
        for (size_t len = 0; len < buf.len; len += 1 + len / 64) {
            uint8_t *exact = malloc(len + 1); /* so that the address sanitizer sees a read beyond it */
            assert_non_null(exact);
            memcpy(exact + 1, buf.data, len);
            void *value = NULL;
            corbel_error error = CORBEL_ERROR_INIT;
            const corbel_status status = crb_decode_struct(&kinds_All_type, exact + 1, len, NULL, &fake_reader, &value, &error);
            Kinds__All *theirs = kinds__all__unpack(NULL, len, exact + 1);
            assert_int_equal(status == CORBEL_OK, theirs != NULL);
            if (theirs != NULL) {
                kinds__all__free_unpacked(theirs, NULL);
            }
            corbel_error_clear(&error);
            corbel_block_free(value);
            free(exact);
            assert_int_equal(fake_counts(), 0);
        }
        crb_buf_clear(&buf);
        crb_arena_free(arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_same_bytes_both_ways),
        cmocka_unit_test(unpacked_numbers_are_read),
        cmocka_unit_test(what_comes_twice_merges),
        cmocka_unit_test(unknown_fields_are_skipped),
        cmocka_unit_test(every_cut_is_an_error_or_a_shorter_message),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
