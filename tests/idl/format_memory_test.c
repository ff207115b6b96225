/* Every allocation of the formatter fails once: a message, nothing kept. */
#include "idl/format.h"

#include "tests/runtime/support/alloc_fail.h"
#include "tests/runtime/support/test.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void every_allocation_fails_once(void **state)
{
    (void)state;
    static const char piece[] =
        "/** doc */ module m { // tail\n#ifdef A /* why */\n#define B 1 \\\n 2\n#else\n#if 0\nx\n#endif\n#endif\n"
        "struct S { long x; // one\n string y; // two\n }; }; // end\n";
    char *text = malloc(200 * sizeof piece);
    assert_non_null(text);
    size_t length = 0;
    for (int i = 0; i < 200; i++) {
        memcpy(text + length, piece, sizeof piece - 1);
        length += sizeof piece - 1;
    }
    bool failed = true;
    size_t failures = 0;
    for (size_t n = 0; failed; n++) {
        const size_t live = alloc_fail_live();
        char *made = NULL;
        size_t made_length = 0;
        alloc_fail_at(n);
        const idl_format_result result = idl_format("test.idl", text, length, NULL, &made, &made_length);
        failed = alloc_fail_end();
        assert_int_equal(result, failed ? IDL_FORMAT_MEMORY : IDL_FORMAT_DONE);
        assert_int_equal(made == NULL, failed);
        failures += failed;
        free(made);
        assert_int_equal(alloc_fail_live(), live);
    }
    assert_true(failures > 20);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(every_allocation_fails_once) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
