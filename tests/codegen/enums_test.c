/* The functions of golden/enums: values from zero on, sparse and negative ones. */
#include "tests/codegen/golden/enums/enums.corbel.h"

#include <corbel/generated.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void values_from_zero(void **state)
{
    shades_Plain value = shades_RED;
    (void)state;
    assert_string_equal(shades_Plain_to_string(shades_GREEN), "GREEN");
    assert_null(shades_Plain_to_string((shades_Plain)2));
    assert_null(shades_Plain_to_string((shades_Plain)-1));
    assert_true(shades_Plain_is_valid(shades_GREEN) && !shades_Plain_is_valid((shades_Plain)2));
    assert_false(shades_Plain_is_valid((shades_Plain)-1));
    assert_true(shades_Plain_from_string("GREEN", &value));
    assert_int_equal(value, shades_GREEN);
    assert_false(shades_Plain_from_string("BLUE", &value));
    assert_false(shades_Plain_from_string(NULL, &value));
    assert_int_equal(value, shades_GREEN);
}

static void values_of_all_kinds(void **state)
{
    shades_Wide wide = shades_SECOND;
    shades_Sparse sparse = shades_ONE;
    (void)state;
    assert_true(shades_FIRST == INT32_MIN && shades_SECOND == INT32_MIN + 1 && shades_LAST == INT32_MAX);
    assert_string_equal(shades_Wide_to_string(shades_FIRST), "FIRST");
    assert_true(shades_Wide_from_string("LAST", &wide));
    assert_int_equal(wide, INT32_MAX);
    assert_string_equal(shades_Small_to_string((shades_Small)-128), "LOWEST");
    assert_true(shades_Small_is_valid(shades_NONE) && !shades_Small_is_valid((shades_Small)1));
    assert_string_equal(shades_Sparse_to_string((shades_Sparse)6), "SIX");
    assert_null(shades_Sparse_to_string((shades_Sparse)0));
    assert_false(shades_Sparse_is_valid((shades_Sparse)0));
    assert_true(shades_Sparse_from_string("FIVE", &sparse));
    assert_int_equal(sparse, 5);
}

/* A member that a sender does not know reads as the enum's default literal, which _INIT holds, too. */
static void default_literals(void **state)
{
    static const struct {
        const char *name;
        uint32_t flags;
        shades_Finish fallback;
    } rows[] = {
        { "finish", CORBEL_PRESENT, shades_SILK },
        { "rim", CORBEL_PRESENT, shades_GLOSS },
        { "back", CORBEL_OPTIONAL, shades_MATT },
        { "layers", 0, shades_MATT },
        { "coat", 0, shades_MATT },
    };
    const shades_Paint start = shades_Paint_INIT;
    (void)state;
    assert_int_equal(shades_Paint_type.count, 10);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const corbel_member *member = &shades_Paint_type.members[5 + i];
        assert_string_equal(member->name, rows[i].name);
        assert_int_equal(member->flags, rows[i].flags);
        if (rows[i].flags == CORBEL_PRESENT) {
            assert_int_equal(*(const shades_Finish *)member->fallback, rows[i].fallback);
        } else {
            assert_null(member->fallback);
        }
    }
    assert_true(start.finish == shades_SILK && start.rim == shades_GLOSS && start.back == NULL &&
                start.coat == shades_FIRST_COAT);
    assert_true(start.layers[0] == shades_SILK && start.layers[1] == shades_SILK);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(values_from_zero), cmocka_unit_test(values_of_all_kinds),
                                        cmocka_unit_test(default_literals) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
