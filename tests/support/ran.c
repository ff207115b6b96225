/* Around cmocka's runner in every test program (linked with --wrap): what ran is written to a file beside the program,
 * PROGRAM.ran, for those that want to know whether a certain test did (docs/calls_test). A line is the name of a test that has
 * passed, or "skipped FILE:LINE" for a skip() that was reached. Where something failed there is no file. */
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <unistd.h>

#include <cmocka.h>

// NOLINTBEGIN(bugprone-reserved-identifier): what the linker calls them
int __real__cmocka_run_group_tests(const char *group, const struct CMUnitTest *tests, size_t n, CMFixtureFunction setup,
                                   CMFixtureFunction teardown);
int __wrap__cmocka_run_group_tests(const char *group, const struct CMUnitTest *tests, size_t n, CMFixtureFunction setup,
                                   CMFixtureFunction teardown);
void __real__skip(const char *file, int line);
void __wrap__skip(const char *file, int line);
// NOLINTEND(bugprone-reserved-identifier)

enum { RAN_SKIPS = 64 };
static struct {
    const char *file;
    int line;
} skips[RAN_SKIPS];
static size_t n_skips;
static bool failed, begun;

void __wrap__skip(const char *file, int line)
{
    if (n_skips < RAN_SKIPS) {
        skips[n_skips].file = file;
        skips[n_skips++].line = line;
    }
    __real__skip(file, line);
}

/** False: it could not be written. Whoever wants to read it will say so. */
static bool ran_write(const char *path, const struct CMUnitTest *tests, size_t n)
{
    FILE *const out = fopen(path, begun ? "a" : "w");
    if (out == NULL) {
        return false;
    }
    begun = true;
    for (size_t i = 0; i < n; i++) {
        (void)fprintf(out, "%s\n", tests[i].name);
    }
    for (size_t i = 0; i < n_skips; i++) {
        (void)fprintf(out, "skipped %s:%d\n", skips[i].file, skips[i].line);
    }
    return fclose(out) == 0;
}

int __wrap__cmocka_run_group_tests(const char *group, const struct CMUnitTest *tests, size_t n, CMFixtureFunction setup,
                                   CMFixtureFunction teardown)
{
    char path[PATH_MAX];
    const ssize_t len = readlink("/proc/self/exe", path, sizeof path - sizeof ".ran");
    const int status = __real__cmocka_run_group_tests(group, tests, n, setup, teardown);
    failed = failed || status != 0;
    if (len > 0) {
        (void)snprintf(path + len, sizeof ".ran", ".ran");
        if (failed || !ran_write(path, tests, n)) {
            (void)unlink(path);
        }
    }
    return status;
}
