/* Every allocation fails once, for the kinds that kinds.h lacks: CORBEL_NO_MEMORY told, nothing leaked, handed out or counted. */
#include "runtime/base/fail.h"
#include "tests/runtime/support/alloc_fail.h"
#include "tests/runtime/support/test.h"
#include "tests/runtime/value/fake_object.h"
#include "tests/runtime/value/random_value.h"
#include "tests/runtime/value/rich.h"

#include <string.h>

enum { SEEDS = 40 };

typedef struct fixture {
    crb_arena *arena;
    const rich_All *all;
    crb_buf bytes;
} fixture;

/** The members that have no type of their own to be outputs of are left to crb_decode_struct(). */
static const corbel_param params[] = {
    { .name = "price", .id = 10, .type = &rich_price_type },   { .name = "exact", .id = 11, .type = &corbel_long_double_type },
    { .name = "pick", .id = 12, .type = &rich_Pick_type },     { .name = "small", .id = 13, .type = &rich_Small_type },
    { .name = "names", .id = 16, .type = &rich_names_type },   { .name = "tags", .id = 18, .type = &rich_Tags_type },
    { .name = "leaves", .id = 19, .type = &rich_Leaves_type }, { .name = "picks", .id = 43, .type = &rich_Pick_seq_type },
    { .name = "tree", .id = 47, .type = &rich_Tree_type },
};
enum { N = LENGTH_OF(params) };

typedef corbel_status (*run_fn)(const fixture *f, corbel_error *error);

static corbel_status run_encode(const fixture *f, corbel_error *error)
{
    crb_buf buf = CRB_BUF_INIT;
    const corbel_status status = crb_encode_struct(&rich_All_type, f->all, &fake_writer, &buf, error);
    assert_int_equal(buf.len, status == CORBEL_OK ? f->bytes.len : 0);
    crb_buf_clear(&buf);
    return status;
}

static corbel_status run_decode_struct(const fixture *f, corbel_error *error)
{
    void *value = NULL;
    const corbel_status status =
        crb_decode_struct(&rich_All_type, f->bytes.data, f->bytes.len, NULL, &fake_reader, &value, error);
    assert_int_equal(status == CORBEL_OK, value != NULL);
    corbel_block_free(value);
    return status;
}

static corbel_status run_decode_args(const fixture *f, corbel_error *error)
{
    crb_arena *arena = crb_arena_new(0);
    if (arena == NULL) {
        return crb_fail(error, CORBEL_NO_MEMORY, CORBEL_COMPLETED_NO, "no arena");
    }
    crb_held held;
    const void *values[N];
    const corbel_status status =
        crb_decode_args(params, N, f->bytes.data, f->bytes.len, NULL, &fake_reader, arena, &held, values, error);
    if (status == CORBEL_OK) {
        assert_int_equal((uintptr_t)values[1] % _Alignof(long double), 0);
        assert_true(*(const long double *)values[1] == f->all->exact);
        crb_held_release(&held);
    }
    crb_arena_free(arena);
    return status;
}

static corbel_status run_decode_results(const fixture *f, corbel_error *error)
{
    struct {
        char *price;
        long double exact;
        rich_Pick *pick;
        rich_Small small;
        void *names;
        rich_Tags tags;
        rich_Leaves leaves;
        rich_Pick_seq picks;
        rich_Tree *tree;
    } o = { 0 };
    void *const out[] = { &o.price, &o.exact, &o.pick, &o.small, &o.names, &o.tags, &o.leaves, &o.picks, &o.tree };
    const corbel_status status = crb_decode_results(params, N, f->bytes.data, f->bytes.len, NULL, &fake_reader, out, error);
    if (status == CORBEL_OK) {
        assert_true(o.exact == f->all->exact);
        assert_true(corbel_value_equal(&rich_price_type, &o.price, &f->all->price));
        assert_true(corbel_value_equal(&rich_Pick_type, o.pick, &f->all->pick));
        assert_true(corbel_value_equal(&rich_Small_type, &o.small, &f->all->small));
        assert_true(corbel_value_equal(&rich_names_type, o.names, &f->all->names));
        assert_true(corbel_value_equal(&rich_Tags_type, &o.tags, &f->all->tags));
        assert_true(corbel_value_equal(&rich_Leaves_type, &o.leaves, &f->all->by_number));
        assert_true(corbel_value_equal(&rich_Pick_seq_type, &o.picks, &f->all->picks));
        assert_true(corbel_value_equal(&rich_Tree_type, o.tree, &f->all->tree));
    } else {
        assert_null(o.price);
        assert_null(o.pick);
        assert_null(o.names);
        assert_null(o.tree);
        assert_int_equal(o.tags.len + o.leaves.len + o.picks.len, 0);
    }
    corbel_string_free(o.price);
    corbel_block_free(o.pick);
    corbel_block_free(o.names);
    corbel_block_free(o.tags.items);
    corbel_block_free(o.leaves.items);
    corbel_block_free(o.picks.items);
    corbel_block_free(o.tree);
    return status;
}

static corbel_status run_copy(const fixture *f, corbel_error *error)
{
    const size_t live = alloc_fail_live();
    rich_All *copy = corbel_value_copy(&rich_All_type, f->all);
    if (copy == NULL) {
        return crb_fail(error, CORBEL_NO_MEMORY, CORBEL_COMPLETED_NO, "no copy");
    }
    assert_int_equal(alloc_fail_live(), live + 1); /* one block is one allocation */
    assert_true(corbel_value_equal(&rich_All_type, copy, f->all));
    corbel_block_free(copy);
    return CORBEL_OK;
}

static corbel_status run_copy_into(const fixture *f, corbel_error *error)
{
    crb_arena *arena = crb_arena_new(0);
    rich_All copy;
    const corbel_status status = arena != NULL ? crb_value_copy_into(&rich_All_type, f->all, arena, &copy) : CORBEL_NO_MEMORY;
    if (status == CORBEL_OK) {
        crb_value_release_refs(&rich_All_type, &copy);
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
        fixture f = { .arena = crb_arena_new(0), .bytes = CRB_BUF_INIT };
        chance c = { .state = (seed + 1) * 0x9e3779b97f4a7c15ULL, .arena = f.arena };
        rich_All *all = crb_arena_alloc(f.arena, 1, sizeof *all);
        random_value(&c, &rich_All_type, all, 5);
        f.all = all;
        assert_int_equal(crb_encode_struct(&rich_All_type, f.all, &fake_writer, &f.bytes, NULL), CORBEL_OK);
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
        crb_buf_clear(&f.bytes);
        crb_arena_free(f.arena);
    }
    assert_true(failures > 500);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_allocation_fails_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
