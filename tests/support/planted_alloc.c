/* What alloc_fail_cases() must not let pass, planted; the argument says what. See planted_alloc_test. */
#include "tests/runtime/support/alloc_fail.h"
#include "tests/runtime/support/test.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

static const char *planted;
static void *volatile lost;

static bool is(const char *what)
{
    return strcmp(planted, what) == 0;
}

static alloc_outcome run_planted(void)
{
    char *const first = malloc(10);
    char *const second = first == NULL ? NULL : strdup("text");
    const bool whole = first != NULL && second != NULL;
    if (first != NULL && second == NULL && is("leak-on-failure")) {
        lost = first;
        return ALLOC_REFUSED;
    }
    if (!whole && is("descriptor-on-failure")) {
        (void)open("/dev/null", O_RDONLY | O_CLOEXEC);
    }
    if (!whole && is("not-checked")) {
        free(second);
        free(first);
        return ALLOC_DONE;
    }
    free(second);
    free(first);
    return whole && !is("refused-for-nothing") ? ALLOC_DONE : ALLOC_REFUSED;
}

static void test_plant(void **state)
{
    (void)state;
    const alloc_case cases[] = { { planted, is("too-few") ? 3 : 2, run_planted, false } };
    alloc_fail_cases(cases, LENGTH_OF(cases));
}

int main(int argc, char **argv)
{
    planted = argc > 1 ? argv[1] : "";
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_plant) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
