#include "runtime/base/block.h"
#include "runtime/base/fail.h"
#include "tests/runtime/support/alloc_fail.h"
#include "tests/runtime/support/test.h"

#include <corbel/generated.h>
#include <stdlib.h>
#include <string.h>

static const corbel_type broke_type = { .kind = CORBEL_KIND_STRUCT, .name = "bank::Broke", .size = 8 };
static const corbel_type other_type = { .kind = CORBEL_KIND_STRUCT, .name = "bank::Broke", .size = 8 };

static void printed_is(const corbel_error *error, const char *expected)
{
    char *text = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&text, &len);
    assert_non_null(out);
    assert_int_equal(corbel_error_print(error, out), 1);
    fclose(out);
    assert_string_equal(text, expected);
    free(text);
}

static void a_failure_replaces_what_was_there(void **state)
{
    (void)state;
    corbel_error error = CORBEL_ERROR_INIT;
    assert_int_equal(crb_fail(&error, CORBEL_DECODE, CORBEL_COMPLETED_YES, "byte %d", 7), CORBEL_DECODE);
    assert_int_equal(error.status, CORBEL_DECODE);
    assert_int_equal(error.completion, CORBEL_COMPLETED_YES);
    assert_string_equal(error.message, "byte 7");
    crb_error_add_hop(&error, "d", "o", "op", "m");
    crb_error_add_address(&error, "a");

    /* The old message may be part of the new one. */
    crb_fail(&error, CORBEL_GONE, CORBEL_COMPLETED_MAYBE, "lost: %s", error.message);
    assert_string_equal(error.message, "lost: byte 7");
    assert_int_equal(error.completion, CORBEL_COMPLETED_MAYBE);
    assert_int_equal(corbel_error_hops(&error), 0);
    assert_null(corbel_error_address(&error, 0));

    char digits[1001];
    memset(digits, '5', 1000);
    digits[1000] = '\0';
    crb_fail(&error, CORBEL_GONE, CORBEL_COMPLETED_NO, "%s", digits);
    assert_string_equal(error.message, digits);

    corbel_error_clear(&error);
    assert_int_equal(error.status, CORBEL_OK);
    assert_string_equal(error.message, "");
    corbel_error_clear(&error);
    corbel_error_clear(NULL);
}

static void every_function_takes_null(void **state)
{
    (void)state;
    assert_int_equal(crb_fail(NULL, CORBEL_LIMIT, CORBEL_COMPLETED_NO, "x"), CORBEL_LIMIT);
    crb_error_add_hop(NULL, "a", "b", "c", "d");
    crb_error_add_address(NULL, "a");
    assert_int_equal(crb_error_set_exception(NULL, "bank::Broke", &broke_type, crb_block_string("abc", 3)), CORBEL_RAISED);
    crb_error_move(NULL, NULL);
    corbel_error error = CORBEL_ERROR_INIT;
    crb_fail(&error, CORBEL_LIMIT, CORBEL_COMPLETED_NO, "x");
    crb_error_move(NULL, &error);
    assert_int_equal(error.status, CORBEL_OK);
}

static void exceptions_are_views_of_their_own_type(void **state)
{
    (void)state;
    corbel_error error = CORBEL_ERROR_INIT;
    const char *block = crb_block_string("value", 5);
    assert_int_equal(crb_error_set_exception(&error, "bank::Broke", &broke_type, block), CORBEL_RAISED);
    assert_int_equal(error.completion, CORBEL_COMPLETED_YES);
    assert_string_equal(error.message, "raised bank::Broke");
    assert_string_equal(corbel_error_exception(&error), "bank::Broke");
    assert_ptr_equal(corbel_error_raised(&error, &broke_type), block);
    assert_null(corbel_error_raised(&error, &other_type));
    const corbel_type *type = NULL;
    assert_ptr_equal(crb_error_value(&error, &type), block);
    assert_ptr_equal(type, &broke_type);

    /* One whose type this program lacks has its name. */
    crb_error_set_exception(&error, "bank::Unheard", NULL, NULL);
    assert_string_equal(corbel_error_exception(&error), "bank::Unheard");
    assert_null(corbel_error_raised(&error, &broke_type));
    crb_fail(&error, CORBEL_GONE, CORBEL_COMPLETED_NO, "x");
    assert_null(corbel_error_exception(&error));
    assert_null(crb_error_value(&error, &type));
    assert_null(type);
    corbel_error_clear(&error);
}

static unsigned fake_unrefs, fake_views;

static corbel_any *fake_unref(corbel_any *any)
{
    (void)any;
    fake_unrefs++;
    return NULL;
}

static const void *fake_view(const corbel_any *any, const corbel_type *type)
{
    (void)any;
    fake_views++;
    return type == &broke_type ? crb_block_string("view", 4) : NULL;
}

static void exceptions_are_kept_as_they_came(void **state)
{
    static const crb_any_hooks hooks = { fake_unref, fake_view };
    static char memory;
    corbel_any *const any = (corbel_any *)(void *)&memory;
    (void)state;
    corbel_error error = CORBEL_ERROR_INIT;
    fake_unrefs = fake_views = 0;
    assert_null(corbel_error_exception_any(&error));
    crb_fail(&error, CORBEL_UNDECLARED, CORBEL_COMPLETED_YES, "x");
    crb_error_keep_exception(&error, broke_type.name, any, &hooks);
    assert_string_equal(corbel_error_exception(&error), broke_type.name);
    assert_ptr_equal(corbel_error_exception_any(&error), any);
    const char *const view = corbel_error_raised(&error, &broke_type);
    assert_string_equal(view, "view");
    assert_ptr_equal(corbel_error_raised(&error, &broke_type), view); /* made once */
    assert_int_equal(fake_views, 1);
    assert_null(corbel_error_raised(&error, &other_type)); /* another table of the name: it cannot be read as that */
    assert_int_equal(fake_views, 2);
    static const corbel_type another_type = { .kind = CORBEL_KIND_STRUCT, .name = "bank::Another", .size = 8 };
    assert_null(corbel_error_raised(&error, &another_type));
    assert_int_equal(fake_views, 2);
    crb_fail(&error, CORBEL_GONE, CORBEL_COMPLETED_NO, "x");
    assert_int_equal(fake_unrefs, 1);
    assert_null(corbel_error_exception_any(&error));
    /* Beside the value that the operation declares. */
    crb_error_set_exception(&error, broke_type.name, &broke_type, crb_block_string("value", 5));
    crb_error_keep_exception(&error, broke_type.name, any, &hooks);
    assert_string_equal(corbel_error_raised(&error, &broke_type), "value");
    corbel_error_clear(&error);
    assert_int_equal(fake_unrefs, 2);
    crb_error_keep_exception(NULL, broke_type.name, any, &hooks);
    assert_int_equal(fake_unrefs, 3);
}

static void move_empties_its_source(void **state)
{
    (void)state;
    corbel_error from = CORBEL_ERROR_INIT, to = CORBEL_ERROR_INIT;
    crb_fail(&to, CORBEL_GONE, CORBEL_COMPLETED_MAYBE, "old");
    crb_fail(&from, CORBEL_BUSY, CORBEL_COMPLETED_NO, "new");
    crb_error_move(&to, &from);
    assert_string_equal(to.message, "new");
    assert_int_equal(from.status, CORBEL_OK);
    crb_error_move(&to, &to);
    assert_string_equal(to.message, "new");
    corbel_error_clear(&to);
}

static void print_tells_everything_escaped(void **state)
{
    (void)state;
    corbel_error error = CORBEL_ERROR_INIT;
    printed_is(&error, "error: OK:  (the servant did not run)\n");
    crb_fail(&error, CORBEL_UNREACHABLE, CORBEL_COMPLETED_NO, "no address of the name server answered");
    crb_error_add_address(&error, "127.0.0.1:9676: Connection refused");
    crb_error_add_address(&error, "[::1]:9676: Connection refused");
    printed_is(&error, "error: UNREACHABLE: no address of the name server answered (the servant did not run)\n"
                       "  tried: 127.0.0.1:9676: Connection refused\n"
                       "  tried: [::1]:9676: Connection refused\n");
    assert_null(corbel_error_address(&error, 2));

    crb_error_set_exception(&error, "bank::Broke", &broke_type, crb_block_string("v", 1));
    crb_error_add_hop(&error, "bankd", "branch", "bank::Branch::open", "no \x1b[31mred\n");
    crb_error_add_hop(&error, NULL, NULL, NULL, NULL);
    printed_is(&error, "error: RAISED: raised bank::Broke (the servant ran)\n"
                       "  exception: bank::Broke\n"
                       "  at: bankd, object branch, bank::Branch::open: no \\x1b[31mred\\x0a\n"
                       "  at: , object , : \n");
    assert_int_equal(corbel_error_hops(&error), 2);
    assert_string_equal(corbel_error_hop(&error, 0).object, "branch");
    assert_null(corbel_error_hop(&error, 2).daemon);

    crb_fail(&error, CORBEL_GONE, CORBEL_COMPLETED_MAYBE, "cut");
    printed_is(&error, "error: GONE: cut (the servant may have run)\n");
    corbel_error_clear(&error);
}

static void without_memory_the_status_still_stands(void **state)
{
    (void)state;
    size_t n = 0;
    bool failed = true;
    for (; failed; n++) {
        const size_t live = alloc_fail_live();
        corbel_error error = CORBEL_ERROR_INIT;
        void *block = crb_block_string("v", 1);
        alloc_fail_at(n);
        crb_fail(&error, CORBEL_DECODE, CORBEL_COMPLETED_YES, "a message");
        crb_error_add_hop(&error, "d", "o", "op", "m");
        crb_error_add_address(&error, "a");
        assert_int_equal(error.status, CORBEL_DECODE);
        assert_int_equal(error.completion, CORBEL_COMPLETED_YES);
        assert_true(strcmp(error.message, "a message") == 0 || strcmp(error.message, corbel_status_text(CORBEL_DECODE)) == 0);
        for (size_t i = 0; i < corbel_error_hops(&error); i++) {
            assert_string_equal(corbel_error_hop(&error, i).message, "m");
        }
        crb_error_set_exception(&error, "bank::Broke", &broke_type, block);
        failed = alloc_fail_end();
        assert_int_equal(error.status, CORBEL_RAISED);
        assert_non_null(error.message);
        corbel_error_clear(&error);
        assert_int_equal(alloc_fail_live(), live);
    }
    assert_int_equal(n, 10); /* message, detail; hop array, hop; address array, address; name, message, detail; and one without */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_failure_replaces_what_was_there),
        cmocka_unit_test(every_function_takes_null),
        cmocka_unit_test(exceptions_are_views_of_their_own_type),
        cmocka_unit_test(exceptions_are_kept_as_they_came),
        cmocka_unit_test(move_empties_its_source),
        cmocka_unit_test(print_tells_everything_escaped),
        cmocka_unit_test(without_memory_the_status_still_stands),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
