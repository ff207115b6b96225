/* Deep and greedy messages of the kinds that kinds.h lacks. */
#include "runtime/base/fail.h"
#include "runtime/value/codec.h"
#include "tests/runtime/support/test.h"
#include "tests/runtime/value/fake_object.h"
#include "tests/runtime/value/rich.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

/* All that handles a value of the greatest depth has this much stack; sanitizers put much around each variable. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
enum { STACK = 4 << 20 };
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
enum { STACK = 4 << 20 };
#else
enum { STACK = 128 << 10 };
#endif
#else
enum { STACK = 128 << 10 };
#endif

/** Puts buf into a field. */
static void wrap(crb_buf *buf, uint32_t id)
{
    crb_buf outer = CRB_BUF_INIT;
    crb_buf_varint(&outer, (uint64_t)id << 3 | 2);
    crb_buf_varint(&outer, buf->len);
    crb_buf_append(&outer, buf->data, buf->len);
    crb_buf_clear(buf);
    *buf = outer;
}

/** Puts a discriminator in front of a case. */
static void select_case(crb_buf *buf, uint8_t number)
{
    crb_buf outer = CRB_BUF_INIT;
    crb_buf_varint(&outer, 1 << 3);
    crb_buf_varint(&outer, number);
    crb_buf_append(&outer, buf->data, buf->len);
    crb_buf_clear(buf);
    *buf = outer;
}

/** How a tree stands in a tree: the fields on the way, from the inside, and the case of the knot that is one of them (0: none).
 */
typedef struct way {
    const char *place;
    uint32_t ids[4];
    uint8_t selected;
    uint32_t levels;
} way;

static const way ways[] = {
    { "child.child", { 2 }, 0, 1 },
    { "maybe[0].maybe[0]", { 1, 3 }, 0, 2 },
    { "by_name[0].value.by_name[0]", { 2, 4 }, 0, 2 },
    { "knot.trees[0].knot.trees[0]", { 1, 2, 5 }, 1, 3 },
    { "knots[0].by_name[0].value", { 2, 1, 3, 6 }, 2, 4 },
};

/** n trees in a tree. */
static crb_buf nested(const way *w, size_t n)
{
    crb_buf buf = CRB_BUF_INIT;
    for (size_t i = 0; i < n; i++) {
        for (size_t k = 0; k < 4 && w->ids[k] != 0; k++) {
            if (w->selected != 0 && (k == 3 || w->ids[k + 1] == 0)) {
                select_case(&buf, w->selected);
            }
            wrap(&buf, w->ids[k]);
        }
        if (w->ids[3] != 0) { /* knots: two of them */
            crb_buf_append(&buf, "\x32\x00", 2);
        }
    }
    return buf;
}

typedef struct user {
    const crb_buf *bytes;
    corbel_error read, write;
    bool is_equal;
} user;

/** Reads, writes, copies, compares and releases a value, on a small stack. */
static void *use(void *argument)
{
    user *u = argument;
    void *value = NULL;
    if (crb_decode_struct(&rich_Tree_type, u->bytes->data, u->bytes->len, NULL, &fake_reader, &value, &u->read) != CORBEL_OK) {
        return NULL;
    }
    crb_buf again = CRB_BUF_INIT;
    u->write.status = crb_encode_struct(&rich_Tree_type, value, &fake_writer, &again, &u->write);
    void *copy = corbel_value_copy(&rich_Tree_type, value);
    u->is_equal = copy != NULL && corbel_value_equal(&rich_Tree_type, value, copy);
    if (copy != NULL) {
        crb_value_release_refs(&rich_Tree_type, copy);
    }
    crb_buf_clear(&again);
    corbel_block_free(copy);
    corbel_block_free(value);
    return NULL;
}

static void use_on_a_small_stack(user *u)
{
    pthread_attr_t attributes;
    pthread_t thread;
    assert_int_equal(pthread_attr_init(&attributes), 0);
    assert_int_equal(pthread_attr_setstacksize(&attributes, STACK), 0);
    assert_int_equal(pthread_create(&thread, &attributes, use, u), 0);
    assert_int_equal(pthread_join(thread, NULL), 0);
    pthread_attr_destroy(&attributes);
}

static void depth_is_bounded_on_every_way(void **state)
{
    (void)state;
    for (size_t i = 0; i < LENGTH_OF(ways); i++) {
        const size_t most = 64 / ways[i].levels;
        const size_t depths[] = { 1, most - 1, most, most + 1, 3000 };
        for (size_t k = 0; k < LENGTH_OF(depths); k++) {
            crb_buf buf = nested(&ways[i], depths[k]);
            user u = { .bytes = &buf, .read = CORBEL_ERROR_INIT, .write = CORBEL_ERROR_INIT };
            use_on_a_small_stack(&u);
            if (depths[k] <= most) {
                assert_string_equal(u.read.message, "");
                assert_true(u.is_equal);
                /* An array that was not in the message is written, and its items may be a level too deep. */
                assert_true(u.write.status == CORBEL_OK ||
                            (depths[k] == most && strstr(u.write.message, ": nested more than 64 deep") != NULL));
            } else {
                assert_int_equal(u.read.status, CORBEL_LIMIT);
                assert_non_null(strstr(u.read.message, ways[i].place));
                assert_non_null(strstr(u.read.message, ": nested more than 64 deep"));
            }
            corbel_error_clear(&u.read);
            corbel_error_clear(&u.write);
            crb_buf_clear(&buf);
        }
    }
}

static corbel_status read_with(const char *bytes, size_t len, size_t memory)
{
    const crb_codec_limits limits = { memory, 64 };
    void *value = NULL;
    const corbel_status status = crb_decode_struct(&rich_All_type, (const uint8_t *)bytes, len, &limits, NULL, &value, NULL);
    corbel_block_free(value);
    return status;
}

static void memory_is_charged_before_it_is_taken(void **state)
{
    (void)state;
    static const struct {
        const char *bytes;
        size_t len, needs;
    } rows[] = {
        { "\xda\x01\x00", 3, sizeof(rich_Grid) },                            /* optional array, nothing in it */
        { "\xda\x01\x00\xda\x01\x00", 6, sizeof(rich_Grid) },                /* the same one again */
        { "\xba\x01\x00", 3, sizeof(rich_Leaf) },                            /* optional struct */
        { "\xc2\x01\x00", 3, sizeof(rich_Pick) },                            /* optional union */
        { "\xca\x01\x00", 3, sizeof(corbel_int32_seq) },                     /* optional sequence */
        { "\xca\x01\x04\x0a\x02\x02\x02", 7, sizeof(corbel_int32_seq) + 8 }, /* with two items */
        { "\xda\x02\x00\xda\x02\x00", 6, 2 * sizeof(rich_Pick) },            /* unions in a row */
        { "\xea\x02\x00\xea\x02\x00", 6, 2 * sizeof(rich_Grid) },            /* arrays in a row */
        { "\x92\x01\x00", 3, sizeof(rich_string_by_int32_item) },            /* a map's item */
        { "\x52\x04+1.5", 6, 4 },                                            /* a fixed number: what it becomes */
        { "\x9a\x01\x02\x08\x01\x9a\x01\x00", 8, 2 * sizeof(rich_Leaf_item) },
    };
    for (size_t i = 0; i < LENGTH_OF(rows); i++) {
        assert_int_equal(read_with(rows[i].bytes, rows[i].len, sizeof(rich_All) + rows[i].needs), CORBEL_OK);
        assert_int_equal(read_with(rows[i].bytes, rows[i].len, sizeof(rich_All) + rows[i].needs - 1), CORBEL_LIMIT);
    }
    assert_int_equal(read_with(NULL, 0, sizeof(rich_All) - 1), CORBEL_LIMIT);
}

static void sizes_do_not_overflow(void **state)
{
    (void)state;
    /* Items of 2^36 bytes: four times that is more than the limit; 2^28 times would be nothing in 64 bits. */
    static const corbel_type array = { .kind = CORBEL_KIND_ARRAY,
                                       .flags = CORBEL_PLAIN,
                                       .size = (size_t)1 << 36,
                                       .bound = UINT32_MAX,
                                       .element = &corbel_long_double_type };
    static const corbel_type sequence = { .kind = CORBEL_KIND_SEQUENCE, .size = sizeof(corbel_bytes), .element = &array };
    static const corbel_param param = { .name = "x", .id = 1, .type = &sequence };
    corbel_bytes out = { 7, NULL };
    void *const place = &out;
    corbel_error error = CORBEL_ERROR_INIT;
    assert_int_equal(
        crb_decode_results(&param, 1, (const uint8_t *)"\x0a\x00\x0a\x00\x0a\x00\x0a\x00", 8, NULL, NULL, &place, &error),
        CORBEL_LIMIT);
    assert_string_equal(error.message, "x: the values need more than 268435456 bytes of memory");
    assert_int_equal(out.len, 7);
    corbel_error_clear(&error);
}

static void many_arrays_in_one_message(void **state)
{
    (void)state;
    /* More members than there are counts on the stack, all arrays, in pieces by turns. */
    enum { N = 40 };
    static corbel_member members[N];
    static rich_Grid into[N];
    crb_buf buf = CRB_BUF_INIT;
    for (uint32_t i = 0; i < N; i++) {
        members[i] = (corbel_member) { .name = "m", .id = i + 1, .offset = i * sizeof(rich_Grid), .type = &rich_Grid_type };
    }
    for (uint32_t turn = 0; turn < 4; turn++) {
        for (uint32_t i = 0; i < N; i++) {
            crb_buf_varint(&buf, (i + 1) << 3);
            crb_buf_varint(&buf, 2 * (uint64_t)(turn * N + i));
        }
    }
    const corbel_type type = {
        .kind = CORBEL_KIND_STRUCT, .flags = CORBEL_PLAIN, .name = "many", .size = sizeof into, .count = N, .members = members
    };
    void *value = NULL;
    assert_int_equal(crb_decode_struct(&type, buf.data, buf.len, NULL, NULL, &value, NULL), CORBEL_OK);
    const rich_Grid *grids = value;
    for (int32_t i = 0; i < N; i++) {
        for (int32_t turn = 0; turn < 4; turn++) {
            assert_int_equal(grids[i].items[turn / 2][turn % 2], turn * N + i);
        }
    }
    corbel_block_free(value);
    corbel_error error = CORBEL_ERROR_INIT;
    assert_int_equal(crb_decode_struct(&type, buf.data, buf.len - 4, NULL, NULL, &value, &error), CORBEL_DECODE);
    assert_string_equal(error.message, "m: 3 items, not 4");
    corbel_error_clear(&error);
    crb_buf_clear(&buf);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(depth_is_bounded_on_every_way),
        cmocka_unit_test(memory_is_charged_before_it_is_taken),
        cmocka_unit_test(sizes_do_not_overflow),
        cmocka_unit_test(many_arrays_in_one_message),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
