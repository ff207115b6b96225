/* The enum, its names, texts and reactions are one list; this is the list once more, as the wire knows it. */
#include "tests/runtime/support/test.h"

#include <corbel/status.h>
#include <string.h>

typedef struct row {
    corbel_status status;
    int number;
    const char *name;
    corbel_reaction reaction;
} row;

static const row rows[] = {
    { CORBEL_OK, 0, "OK", CORBEL_GIVE_UP },
    { CORBEL_RAISED, 1, "RAISED", CORBEL_GIVE_UP },
    { CORBEL_DEFERRED, 2, "DEFERRED", CORBEL_GIVE_UP },
    { CORBEL_NO_MEMORY, 3, "NO_MEMORY", CORBEL_RETRY },
    { CORBEL_NIL_REFERENCE, 4, "NIL_REFERENCE", CORBEL_FIX_CALL },
    { CORBEL_INVALID_ARGUMENT, 5, "INVALID_ARGUMENT", CORBEL_FIX_CALL },
    { CORBEL_UNIMPLEMENTED, 6, "UNIMPLEMENTED", CORBEL_GIVE_UP },
    { CORBEL_UNDECLARED, 7, "UNDECLARED", CORBEL_GIVE_UP },
    { CORBEL_BAD_REPLY, 8, "BAD_REPLY", CORBEL_GIVE_UP },
    { CORBEL_WRONG_INTERFACE, 9, "WRONG_INTERFACE", CORBEL_FIX_CALL },
    { CORBEL_MISUSE, 10, "MISUSE", CORBEL_FIX_CALL },
    { CORBEL_MISMATCH, 11, "MISMATCH", CORBEL_GIVE_UP },
    { CORBEL_DEADLINE, 12, "DEADLINE", CORBEL_RETRY },
    { CORBEL_CANCELLED, 13, "CANCELLED", CORBEL_GIVE_UP },
    { CORBEL_UNREACHABLE, 14, "UNREACHABLE", CORBEL_RETRY },
    { CORBEL_NOT_FOUND, 15, "NOT_FOUND", CORBEL_GIVE_UP },
    { CORBEL_DECODE, 16, "DECODE", CORBEL_GIVE_UP },
    { CORBEL_LIMIT, 17, "LIMIT", CORBEL_FIX_CALL },
    { CORBEL_WOULD_BLOCK, 18, "WOULD_BLOCK", CORBEL_RETRY },
    { CORBEL_OVERLOADED, 19, "OVERLOADED", CORBEL_RETRY },
    { CORBEL_DRAINING, 20, "DRAINING", CORBEL_RECONNECT },
    { CORBEL_GONE, 21, "GONE", CORBEL_RECONNECT },
    { CORBEL_TOO_DEEP, 22, "TOO_DEEP", CORBEL_FIX_CALL },
    { CORBEL_BUSY, 23, "BUSY", CORBEL_RETRY },
    { CORBEL_EXISTS, 24, "EXISTS", CORBEL_FIX_CALL },
    { CORBEL_REFUSED, 25, "REFUSED", CORBEL_GIVE_UP },
    { CORBEL_PROTOCOL, 26, "PROTOCOL", CORBEL_GIVE_UP },
    { CORBEL_SYSTEM, 27, "SYSTEM", CORBEL_GIVE_UP },
    { CORBEL_FORKED, 28, "FORKED", CORBEL_FIX_CALL },
    { CORBEL_FAILED, 29, "FAILED", CORBEL_GIVE_UP },
    { CORBEL_SKIPPED, 30, "SKIPPED", CORBEL_GIVE_UP },
    { CORBEL_DEADLOCK, 31, "DEADLOCK", CORBEL_GIVE_UP },
    { CORBEL_FORGOTTEN, 32, "FORGOTTEN", CORBEL_GIVE_UP },
};

static void enum_names_and_reactions_agree(void **state)
{
    (void)state;
#define COUNT(name, reaction, text) +1
    assert_int_equal(LENGTH_OF(rows), 0 CORBEL_STATUS_MAP(COUNT));
    assert_int_equal(LENGTH_OF(rows), 33);
    for (size_t i = 0; i < LENGTH_OF(rows); i++) {
        assert_int_equal(rows[i].status, rows[i].number);
        assert_string_equal(corbel_status_name(rows[i].status), rows[i].name);
        assert_int_equal(corbel_status_reaction(rows[i].status), rows[i].reaction);
        const char *text = corbel_status_text(rows[i].status);
        assert_true(strlen(text) > 0 && text[strlen(text) - 1] != '.');
    }
}

static void unknown_numbers_are_told_apart(void **state)
{
    (void)state;
    const int numbers[] = { LENGTH_OF(rows), 1000, -1 };
    for (size_t i = 0; i < LENGTH_OF(numbers); i++) {
        const corbel_status status = (corbel_status)numbers[i];
        assert_string_equal(corbel_status_name(status), "UNKNOWN");
        assert_non_null(corbel_status_text(status));
        assert_int_equal(corbel_status_reaction(status), CORBEL_GIVE_UP);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(enum_names_and_reactions_agree),
        cmocka_unit_test(unknown_numbers_are_told_apart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
