/* Messages of random values, changed at random places: protobuf-c and the codec agree about them (agreement.c), and every reason
 * for which they may not comes up. */
#include "runtime/value/codec.h"
#include "tests/runtime/support/test.h"
#include "tests/runtime/value/agreement.h"
#include "tests/runtime/value/fake_object.h"
#include "tests/runtime/value/mutate.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { SEEDS = 4000, CHANGES = 3 };

/** An exact copy on the heap, so that the address sanitizer sees a read beyond it. */
static bool check(const agreement_schema *schema, const crb_buf *buf)
{
    uint8_t *exact = malloc(buf->len + 1);
    assert_non_null(exact);
    if (buf->len > 0) {
        memcpy(exact + 1, buf->data, buf->len);
    }
    const bool taken = agreement_check(schema, exact + 1, buf->len);
    free(exact);
    return taken;
}

static void protobuf_and_the_codec_agree(void **state)
{
    (void)state;
    size_t taken = 0, refused = 0;
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        const agreement_schema *schema = &agreement_schemas[seed % AGREEMENT_SCHEMAS];
        crb_arena *arena = crb_arena_new(0);
        chance c = { .state = (seed + 1) * 0x9e3779b97f4a7c15ULL, .arena = arena };
        void *value = crb_arena_alloc(arena, 1, schema->type->size);
        random_value(&c, schema->type, value, 4);
        crb_buf buf = CRB_BUF_INIT;
        assert_int_equal(crb_encode_struct(schema->type, value, &fake_writer, &buf, NULL), CORBEL_OK);
        for (size_t i = 0; i < CHANGES; i++) {
            crb_buf changed = CRB_BUF_INIT;
            mutate(&c, buf.data, buf.len, &changed);
            if (check(schema, &changed)) {
                taken++;
            } else {
                refused++;
            }
            crb_buf_clear(&buf);
            buf = changed;
        }
        crb_buf_clear(&buf);
        crb_arena_free(arena);
    }
    assert_true(taken > SEEDS / 2);
    assert_true(refused > SEEDS / 2);
}

/** What random changes seldom hit. */
static void rare_reasons(void **state)
{
    (void)state;
    /* number = 1, then _d = 1; booleans in four bytes: as a member, a discriminator, optional, a key, an item */
    static uint8_t behind[] = { 0x10, 2, 8, 2 }, boolean[] = { 0x0d, 1, 2, 3, 4 }, flag[] = { 0xa5, 3, 1, 2, 3, 4 },
                   key[] = { 0xa2, 1, 5, 0x0d, 1, 2, 3, 4 }, item[] = { 0x8d, 1, 1, 2, 3, 4 };
    /* a field 0 in two bytes, a number of 70 bits */
    static uint8_t zero[] = { 0x80, 0, 0 }, large[] = { 8, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2 };
    const struct {
        size_t schema;
        crb_buf bytes;
    } rows[] = {
        { 1, { behind, sizeof behind, sizeof behind, false } },
        { 5, { boolean, sizeof boolean, sizeof boolean, false } },
        { 4, { boolean, sizeof boolean, sizeof boolean, false } },
        { 0, { flag, sizeof flag, sizeof flag, false } },
        { 0, { key, sizeof key, sizeof key, false } },
        { 5, { item, sizeof item, sizeof item, false } },
        { 0, { zero, sizeof zero, sizeof zero, false } },
        { 0, { large, sizeof large, sizeof large, false } },
    };
    for (size_t i = 0; i < LENGTH_OF(rows); i++) {
        assert_false(check(&agreement_schemas[rows[i].schema], &rows[i].bytes));
    }
}

static void each_reason_was_seen(void **state)
{
    (void)state;
    size_t n = 0;
    const agreement_reason *reasons = agreement_reasons(&n);
    assert_int_equal(n, 22);
    for (size_t i = 0; i < n; i++) {
        if (reasons[i].seen == 0) {
            print_error("never seen: %s\n", reasons[i].text);
        }
        assert_true(reasons[i].seen > 0);
    }
}

/** A disagreement ends the program: here the schemas are not the same. */
static void what_is_wrong_is_noticed(void **state)
{
    (void)state;
    static const uint8_t bytes[] = { 0x12, 0 };
    const agreement_schema wrong = { agreement_schemas[3].type, agreement_schemas[4].descriptor };
    const pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        signal(SIGABRT, SIG_DFL);
        fclose(stderr);
        agreement_check(&wrong, bytes, sizeof bytes);
        _exit(0);
    }
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(protobuf_and_the_codec_agree),
        cmocka_unit_test(rare_reasons),
        cmocka_unit_test(each_reason_was_seen),
        cmocka_unit_test(what_is_wrong_is_noticed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
