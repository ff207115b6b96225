/* Two files in one program, of which the first knows a struct and an interface of the second by name only: what both need of
 * them is there once, and says what the second knows. */
#include "tests/codegen/golden/opaque/late.corbel.h"

#include <corbel/generated.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void the_definition_stands(void **state)
{
    (void)state;
    assert_string_equal(opaque_Later_interface.name, "opaque::Later");
    assert_int_equal(opaque_Later_interface.n_methods, 3);
    assert_ptr_equal(opaque_Early_type.members[0].type->interface, &opaque_Later_interface);
    assert_ptr_equal(opaque_Early_type.members[1].type->element, &opaque_Undone_type);
    assert_int_equal(opaque_Undone_type.count, 3);
    assert_ptr_equal(opaque_Undone_type.members[1].type->element, &opaque_Undone_type);
}

static void their_functions_are_there(void **state)
{
    opaque_Undones undones = { 0, NULL };
    opaque_Laters laters = { 0, NULL };
    (void)state;
    opaque_Undone_seq_clear(&undones);
    opaque_Later_seq_clear(&laters);
    assert_null(opaque_Later_unref(NULL));
    assert_null(opaque_Undone_free(NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(the_definition_stands), cmocka_unit_test(their_functions_are_there) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
