/* The codec against protobuf-c, for unions, arrays, maps, optional members and the rest of rich.h. */
#include "runtime/base/fail.h"
#include "runtime/value/codec.h"
#include "tests/runtime/support/test.h"
#include "tests/runtime/value/fake_object.h"
#include "tests/runtime/value/kinds.h"
#include "tests/runtime/value/random_value.h"
#include "tests/runtime/value/rich.h"
#include "tests/runtime/value/to_protobuf.h"

#include "kinds.pb-c.h"
#include "rich.pb-c.h"

#include <string.h>

enum { SEEDS = 1200 };

typedef struct schema {
    const corbel_type *type;
    const ProtobufCMessageDescriptor *descriptor;
    size_t largest;
} schema;

static crb_buf encoded(const schema *s, const void *value, uint64_t seed)
{
    crb_buf buf = CRB_BUF_INIT;
    corbel_error error = CORBEL_ERROR_INIT;
    if (crb_encode_struct(s->type, value, &fake_writer, &buf, &error) != CORBEL_OK) {
        fail_msg("%s, seed %llu: %s", s->type->name, (unsigned long long)seed, error.message);
    }
    return buf;
}

static void *decoded(const schema *s, const crb_buf *buf, uint64_t seed)
{
    void *value = NULL;
    corbel_error error = CORBEL_ERROR_INIT;
    if (crb_decode_struct(s->type, buf->data, buf->len, NULL, &fake_reader, &value, &error) != CORBEL_OK) {
        fail_msg("%s, seed %llu: %s", s->type->name, (unsigned long long)seed, error.message);
    }
    return value;
}

static crb_buf packed(const ProtobufCMessage *message)
{
    crb_buf buf = CRB_BUF_INIT;
    const size_t size = protobuf_c_message_get_packed_size(message);
    buf.len = protobuf_c_message_pack(message, crb_buf_reserve(&buf, size));
    assert_int_equal(buf.len, size);
    return buf;
}

static void same_bytes(const schema *s, const crb_buf *a, const crb_buf *b, uint64_t seed)
{
    if (a->len != b->len || (a->len > 0 && memcmp(a->data, b->data, a->len) != 0)) {
        size_t i = 0;
        while (i < a->len && i < b->len && a->data[i] == b->data[i]) {
            i++;
        }
        fail_msg("%s, seed %llu: %zu and %zu bytes differ at %zu", s->type->name, (unsigned long long)seed, a->len, b->len, i);
    }
}

static void both_ways(schema *s, uint64_t seed)
{
    crb_arena *arena = crb_arena_new(0);
    chance c = { .state = (seed + 1) * 0x9e3779b97f4a7c15ULL, .arena = arena };
    void *value = crb_arena_alloc(arena, 1, s->type->size);
    random_value(&c, s->type, value, 6);
    crb_buf ours = encoded(s, value, seed), theirs = packed(to_protobuf(arena, s->type, value, s->descriptor));
    same_bytes(s, &ours, &theirs, seed);
    void *back = decoded(s, &theirs, seed);
    if (!corbel_value_equal(s->type, value, back)) {
        fail_msg("%s, seed %llu: not equal after reading", s->type->name, (unsigned long long)seed);
    }
    ProtobufCMessage *read = protobuf_c_message_unpack(s->descriptor, NULL, ours.len, ours.data);
    assert_non_null(read);
    crb_buf again = packed(read);
    same_bytes(s, &ours, &again, seed);
    protobuf_c_message_free_unpacked(read, NULL);
    s->largest = ours.len > s->largest ? ours.len : s->largest;
    corbel_block_free(back);
    crb_buf_clear(&again);
    crb_buf_clear(&ours);
    crb_buf_clear(&theirs);
    crb_arena_free(arena);
    assert_int_equal(fake_counts(), 0);
}

static void the_same_bytes_both_ways(void **state)
{
    (void)state;
    schema schemas[] = {
        { &rich_All_type, &rich__all__descriptor, 0 },     { &rich_Pick_type, &rich__pick__descriptor, 0 },
        { &rich_Tree_type, &rich__tree__descriptor, 0 },   { &rich_Leaf_type, &rich__leaf__descriptor, 0 },
        { &rich_Small_type, &rich__small__descriptor, 0 }, { &kinds_All_type, &kinds__all__descriptor, 0 },
    };
    for (size_t i = 0; i < LENGTH_OF(schemas); i++) {
        for (uint64_t seed = 0; seed < SEEDS; seed++) {
            both_ways(&schemas[i], seed);
        }
    }
    assert_true(schemas[0].largest > 3000); /* the seeds are worth something */
    assert_true(schemas[2].largest > 1000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_same_bytes_both_ways),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
