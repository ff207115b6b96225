/* The codec, fed anything. What it takes must come back: reading what was written from a value gives the same bytes again, for
 * the value, its copy, and protobuf-c in between; arguments and results agree with the struct; references balance. */
#include "runtime/base/fail.h"
#include "tests/runtime/value/fake_object.h"
#include "tests/runtime/value/kinds.h"

#include "kinds.pb-c.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const crb_codec_limits fuzz_limits = { (size_t)4 << 20, 64 };

static void must(bool condition)
{
    if (!condition) {
        abort();
    }
}

static crb_buf written(const kinds_All *all)
{
    crb_buf buf = CRB_BUF_INIT;
    corbel_error error = CORBEL_ERROR_INIT;
    must(crb_encode_struct(&kinds_All_type, all, &fake_writer, &buf, &error) == CORBEL_OK);
    return buf;
}

static void must_be_same(const crb_buf *a, crb_buf b)
{
    must(a->len == b.len && (b.len == 0 || memcmp(a->data, b.data, b.len) == 0));
    crb_buf_clear(&b);
}

/** bytes: as the codec wrote them from all. */
static void check_protobuf(const kinds_All *all, const crb_buf *bytes)
{
    Kinds__All *proto = kinds__all__unpack(NULL, bytes->len, bytes->data);
    must(proto != NULL);
    crb_buf packed = CRB_BUF_INIT;
    packed.len = kinds__all__pack(proto, crb_buf_reserve(&packed, kinds__all__get_packed_size(proto)));
    kinds__all__free_unpacked(proto, NULL);
    void *back = NULL;
    must(crb_decode_struct(&kinds_All_type, packed.data, packed.len, NULL, &fake_reader, &back, NULL) == CORBEL_OK);
    /* Compared as values, because protobuf-c takes -0.0 for nothing; a value with a NaN does not even equal itself. */
    if (corbel_value_equal(&kinds_All_type, all, all)) {
        must(corbel_value_equal(&kinds_All_type, all, back));
    }
    corbel_block_free(back);
    crb_buf_clear(&packed);
}

static void check_copy(const kinds_All *all, const crb_buf *bytes)
{
    kinds_All *copy = corbel_value_copy(&kinds_All_type, all);
    must(copy != NULL);
    must_be_same(bytes, written(copy));
    must(corbel_value_equal(&kinds_All_type, all, copy) == corbel_value_equal(&kinds_All_type, all, all));
    corbel_block_free(copy);

    crb_arena *arena = crb_arena_new(0);
    kinds_All into;
    must(crb_value_copy_into(&kinds_All_type, all, arena, &into) == CORBEL_OK);
    must_be_same(bytes, written(&into));
    crb_value_release_refs(&kinds_All_type, &into);
    crb_arena_free(arena);
}

/** The members of All that are a struct, texts, a sequence of structs, references, octets and a text, as parameters. */
static void check_params(const uint8_t *data, size_t size, const kinds_All *all)
{
    static const corbel_param params[] = {
        { .name = "inner", .id = 14, .type = &kinds_Inner_type },
        { .name = "texts", .id = 28, .type = &corbel_string_seq_type },
        { .name = "inners", .id = 29, .type = &kinds_Inner_seq_type },
        { .name = "objects", .id = 30, .type = &kinds_Thing_seq_type },
        { .name = "data", .id = 16, .type = &corbel_bytes_type },
        { .name = "text", .id = 13, .type = &corbel_string_type },
        { .name = "object", .id = 15, .type = &kinds_Thing_type },
        { .name = "last", .id = 3000, .type = &kinds_Point_type },
        { .name = "numbers", .id = 100, .type = &kinds_int32_seq_seq_type },
    };
    enum { N = sizeof params / sizeof *params };
    struct {
        kinds_Inner *inner;
        corbel_string_seq texts;
        kinds_Inner_seq inners;
        kinds_Thing_seq objects;
        corbel_bytes data;
        char *text;
        kinds_Thing *object;
        kinds_Point last;
        kinds_int32_seq_seq numbers;
    } o = { 0 };
    void *const out[N] = { &o.inner, &o.texts, &o.inners, &o.objects, &o.data, &o.text, &o.object, &o.last, &o.numbers };
    const corbel_status results = crb_decode_results(params, N, data, size, &fuzz_limits, &fake_reader, out, NULL);

    crb_arena *arena = crb_arena_new(0);
    crb_held held;
    const void *values[N];
    const corbel_status args = crb_decode_args(params, N, data, size, &fuzz_limits, &fake_reader, arena, &held, values, NULL);
    if (all != NULL) { /* its other members are fine, too */
        must(results == CORBEL_OK && args == CORBEL_OK);
    }
    if (results == CORBEL_OK && args == CORBEL_OK) {
        const void *const outputs[N] = { o.inner, &o.texts,  &o.inners, &o.objects, &o.data,
                                         &o.text, &o.object, &o.last,   &o.numbers };
        crb_buf a = CRB_BUF_INIT, b = CRB_BUF_INIT;
        must(crb_encode_params(params, N, values, &fake_writer, &a, NULL) == CORBEL_OK);
        must(crb_encode_params(params, N, outputs, &fake_writer, &b, NULL) == CORBEL_OK);
        must_be_same(&a, b);
        crb_buf_clear(&a);
    }
    if (args == CORBEL_OK) {
        crb_held_release(&held);
    }
    crb_arena_free(arena);
    corbel_block_free(o.inner);
    corbel_string_seq_clear(&o.texts);
    corbel_block_free(o.inners.items);
    corbel_block_free(o.objects.items);
    corbel_bytes_clear(&o.data);
    corbel_string_free(o.text);
    corbel_object_unref(o.object);
    corbel_block_free(o.numbers.items);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    void *value = NULL;
    corbel_error error = CORBEL_ERROR_INIT;
    const corbel_status status = crb_decode_struct(&kinds_All_type, data, size, &fuzz_limits, &fake_reader, &value, &error);
    must((status == CORBEL_OK) == (value != NULL));
    must(error.status == status);
    corbel_error_clear(&error);
    const kinds_All *all = value;
    if (all != NULL) {
        crb_buf bytes = written(all);
        void *again = NULL;
        must(crb_decode_struct(&kinds_All_type, bytes.data, bytes.len, NULL, &fake_reader, &again, NULL) == CORBEL_OK);
        must_be_same(&bytes, written(again));
        corbel_block_free(again);
        check_copy(all, &bytes);
        check_protobuf(all, &bytes);
        crb_buf_clear(&bytes);
    }
    check_params(data, size, all);
    corbel_block_free(value);
    must(fake_counts() == 0);

    if (crb_decode_struct(&kinds_Bounded_type, data, size, &fuzz_limits, NULL, &value, NULL) == CORBEL_OK) {
        crb_buf buf = CRB_BUF_INIT;
        must(crb_encode_struct(&kinds_Bounded_type, value, NULL, &buf, NULL) == CORBEL_OK);
        crb_buf_clear(&buf);
        corbel_block_free(value);
    }
    return 0;
}
