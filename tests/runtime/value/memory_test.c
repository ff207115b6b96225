/* Every allocation fails once, in turn: no crash, no leak, CORBEL_NO_MEMORY told, nothing handed out or counted. */
#include "runtime/base/fail.h"
#include "tests/runtime/support/alloc_fail.h"
#include "tests/runtime/support/test.h"
#include "tests/runtime/value/fake_object.h"
#include "tests/runtime/value/random_kinds.h"

#include <string.h>

enum { SEEDS = 60 };

/** A value worth failing over, and its bytes. */
typedef struct fixture {
    crb_arena *arena;
    const kinds_All *all;
    crb_buf bytes;
} fixture;

static fixture set_up(uint64_t seed)
{
    fixture f = { .arena = crb_arena_new(0), .bytes = CRB_BUF_INIT };
    f.all = random_all(f.arena, seed);
    assert_int_equal(crb_encode_struct(&kinds_All_type, f.all, &fake_writer, &f.bytes, NULL), CORBEL_OK);
    return f;
}

static void tear_down(fixture *f)
{
    crb_buf_clear(&f->bytes);
    crb_arena_free(f->arena);
}

/** One kind of run: returns its status, and leaves nothing behind. */
typedef corbel_status (*run_fn)(const fixture *f, corbel_error *error);

static corbel_status run_encode(const fixture *f, corbel_error *error)
{
    crb_buf buf = CRB_BUF_INIT;
    const corbel_status status = crb_encode_struct(&kinds_All_type, f->all, &fake_writer, &buf, error);
    if (status == CORBEL_OK) {
        assert_int_equal(buf.len, f->bytes.len);
    } else {
        assert_int_equal(buf.len, 0);
    }
    crb_buf_clear(&buf);
    return status;
}

static corbel_status run_decode_struct(const fixture *f, corbel_error *error)
{
    void *value = NULL;
    const corbel_status status =
        crb_decode_struct(&kinds_All_type, f->bytes.data, f->bytes.len, NULL, &fake_reader, &value, error);
    assert_int_equal(status == CORBEL_OK, value != NULL);
    corbel_block_free(value);
    return status;
}

static const corbel_param params[] = {
    { .name = "inner", .id = 14, .type = &kinds_Inner_type },      { .name = "object", .id = 15, .type = &kinds_Thing_type },
    { .name = "data", .id = 16, .type = &corbel_bytes_type },      { .name = "texts", .id = 28, .type = &corbel_string_seq_type },
    { .name = "inners", .id = 29, .type = &kinds_Inner_seq_type }, { .name = "objects", .id = 30, .type = &kinds_Thing_seq_type },
    { .name = "text", .id = 13, .type = &corbel_string_type },     { .name = "last", .id = 3000, .type = &kinds_Point_type },
};

static corbel_status run_decode_args(const fixture *f, corbel_error *error)
{
    crb_arena *arena = crb_arena_new(0);
    if (arena == NULL) {
        return crb_fail(error, CORBEL_NO_MEMORY, CORBEL_COMPLETED_NO, "no arena");
    }
    crb_held held;
    const void *values[LENGTH_OF(params)];
    const corbel_status status =
        crb_decode_args(params, LENGTH_OF(params), f->bytes.data, f->bytes.len, NULL, &fake_reader, arena, &held, values, error);
    if (status == CORBEL_OK) {
        crb_held_release(&held);
    }
    assert_int_equal(fake_counts(), 0);
    crb_arena_free(arena);
    return status;
}

static corbel_status run_decode_results(const fixture *f, corbel_error *error)
{
    struct {
        kinds_Inner *inner;
        kinds_Thing *object;
        corbel_bytes data;
        corbel_string_seq texts;
        kinds_Inner_seq inners;
        kinds_Thing_seq objects;
        char *text;
        kinds_Point last;
    } o = { 0 };
    void *const out[] = { &o.inner, &o.object, &o.data, &o.texts, &o.inners, &o.objects, &o.text, &o.last };
    const corbel_status status =
        crb_decode_results(params, LENGTH_OF(params), f->bytes.data, f->bytes.len, NULL, &fake_reader, out, error);
    if (status != CORBEL_OK) {
        assert_null(o.inner);
        assert_null(o.text);
        assert_int_equal(o.texts.len, 0);
        assert_int_equal(fake_counts(), 0);
    }
    corbel_block_free(o.inner);
    corbel_object_unref(o.object);
    corbel_bytes_clear(&o.data);
    corbel_string_seq_clear(&o.texts);
    corbel_block_free(o.inners.items);
    corbel_block_free(o.objects.items);
    corbel_string_free(o.text);
    return status;
}

static corbel_status run_copy(const fixture *f, corbel_error *error)
{
    const size_t live = alloc_fail_live();
    kinds_All *copy = corbel_value_copy(&kinds_All_type, f->all);
    if (copy == NULL) {
        return crb_fail(error, CORBEL_NO_MEMORY, CORBEL_COMPLETED_NO, "no copy");
    }
    assert_int_equal(alloc_fail_live(), live + 1); /* one block is one allocation */
    assert_true(corbel_value_equal(&kinds_All_type, copy, f->all));
    corbel_block_free(copy);
    return CORBEL_OK;
}

static corbel_status run_copy_into(const fixture *f, corbel_error *error)
{
    crb_arena *arena = crb_arena_new(0);
    kinds_All copy;
    const corbel_status status = arena != NULL ? crb_value_copy_into(&kinds_All_type, f->all, arena, &copy) : CORBEL_NO_MEMORY;
    if (status == CORBEL_OK) {
        crb_value_release_refs(&kinds_All_type, &copy);
    } else {
        crb_fail(error, status, CORBEL_COMPLETED_NO, "no copy");
    }
    crb_arena_free(arena);
    return status;
}

static void every_allocation_fails_once(void **state)
{
    (void)state;
    static const run_fn runs[] = { run_encode, run_decode_struct, run_decode_args, run_decode_results, run_copy, run_copy_into };
    size_t failures = 0;
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        fixture f = set_up(seed);
        for (size_t i = 0; i < LENGTH_OF(runs); i++) {
            bool failed = true;
            for (size_t n = 0; failed; n++) {
                const size_t live = alloc_fail_live();
                corbel_error error = CORBEL_ERROR_INIT;
                alloc_fail_at(n);
                const corbel_status status = runs[i](&f, &error);
                failed = alloc_fail_end();
                assert_int_equal(status, failed ? CORBEL_NO_MEMORY : CORBEL_OK);
                assert_int_equal(error.status, status);
                failures += failed ? 1 : 0;
                corbel_error_clear(&error);
                assert_int_equal(alloc_fail_live(), live);
                assert_int_equal(fake_counts(), 0);
            }
        }
        tear_down(&f);
    }
    assert_true(failures > 500);
}

static void a_failing_decode_without_memory_for_its_message_still_tells(void **state)
{
    (void)state;
    for (size_t n = 0; n < 3; n++) {
        const size_t live = alloc_fail_live();
        corbel_error error = CORBEL_ERROR_INIT;
        void *value = NULL;
        alloc_fail_at(n);
        const corbel_status status =
            crb_decode_struct(&kinds_All_type, (const uint8_t *)"\x78\x09", 2, NULL, &fake_reader, &value, &error);
        const bool hit = alloc_fail_end();
        assert_true(hit);
        assert_int_equal(status, n == 0 ? CORBEL_NO_MEMORY : CORBEL_WRONG_INTERFACE);
        assert_int_equal(error.status, status);
        corbel_error_clear(&error);
        assert_int_equal(alloc_fail_live(), live);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_allocation_fails_once),
        cmocka_unit_test(a_failing_decode_without_memory_for_its_message_still_tells),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
