/* Random values come back from their JSON, and JSON with something changed never does harm. */
#include "tests/runtime/support/test.h"
#include "tests/runtime/value/json_rules.h"
#include "tests/runtime/value/random_value.h"

#include <corbel/json.h>
#include <string.h>

enum { SEEDS = 400, DEPTH = 4, CHANGES = 20 };

/** Any value of the type; of a box, which holds anys, the zero one. */
static const void *make(chance *c, const corbel_type *type)
{
    void *const value = crb_arena_alloc(c->arena, 1, type->size);
    assert_non_null(value);
    if (type != json_types[JSON_TYPES - 1]) {
        random_value(c, type, value, DEPTH);
    }
    return value;
}

static void test_values(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        chance c = { .state = seed * 0x9e3779b97f4a7c15u, .arena = crb_arena_new(0) };
        const corbel_type *const type = json_types[seed % JSON_TYPES];
        json_check_value(type, make(&c, type));
        crb_arena_free(c.arena);
    }
}

static void test_changed(void **state)
{
    static const char marks[] = "{}[]\",:\\u0e-+.5truefalsnxD_ \n\x01\xff";
    size_t taken = 0, refused = 0;
    (void)state;
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        chance c = { .state = seed * 0x9e3779b97f4a7c15u, .arena = crb_arena_new(0) };
        const corbel_type *const type = json_types[seed % (JSON_TYPES - 1)];
        char *json = NULL;
        assert_int_equal(corbel_value_to_json(type, make(&c, type), &json, NULL), CORBEL_OK);
        const size_t len = strlen(json);
        for (unsigned i = 0; i < CHANGES && len > 2; i++) {
            const size_t at = chance_below(&c, len);
            const char before = json[at];
            json[at] = marks[chance_below(&c, sizeof marks - 1)];
            const bool done = json_check_text(type, json);
            taken += done;
            refused += !done;
            json[at] = before;
        }
        const char before = json[len / 2];
        json[len / 2] = '\0';
        assert_false(json_check_text(type, json));
        json[len / 2] = before;
        corbel_string_free(json);
        crb_arena_free(c.arena);
    }
    assert_true(taken > 100);
    assert_true(refused > 1000);
}

static void test_anys(void **state)
{
    static const char *const texts[] = {
        "{\"one\":{\"type\":\"long\",\"value\":\"CAI=\"},\"list\":[{},{\"type\":\"x\",\"references\":[\"fake:1\",\"\"]}]}",
        "{\"list\":[{},{}]}",
    };
    (void)state;
    for (size_t i = 0; i < LENGTH_OF(texts); i++) {
        assert_true(json_check_text(json_types[JSON_TYPES - 1], texts[i]));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_values), cmocka_unit_test(test_changed),
                                        cmocka_unit_test(test_anys) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
