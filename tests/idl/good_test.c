/* The files of good/ give no message at all. One test a file. */
#include "tests/idl/support.h"

#include <dirent.h>
#include <unistd.h>

#define MOST_FILES 100
#define FEWEST_FILES 7

static char names[MOST_FILES][64];
static struct CMUnitTest tests[MOST_FILES];
static size_t n_tests;

static void says_nothing(void **state)
{
    char path[128];
    snprintf(path, sizeof path, "good/%s", (const char *)*state);
    const char *const paths[] = { path };
    const char *const include_dirs[] = { "include" };
    const idl_options options = { .include_dirs = include_dirs, .n_include_dirs = 1 };
    compiled c = compile_files(paths, 1, &options);
    assert_non_null(good(&c)->definitions);
    compiled_free(&c);
}

static int compare(const void *one, const void *other)
{
    return strcmp(one, other);
}

/* argv[1]: the folder that holds good/ and include/. */
int main(int argc, char **argv)
{
    if (argc != 2 || chdir(argv[1]) != 0) {
        fprintf(stderr, "usage: good_test FOLDER\n");
        return 2;
    }
    DIR *folder = opendir("good");
    const struct dirent *entry;
    while (folder != NULL && (entry = readdir(folder)) != NULL && n_tests < MOST_FILES) {
        const size_t length = strlen(entry->d_name);
        if (length > 4 && length < sizeof names[0] && strcmp(entry->d_name + length - 4, ".idl") == 0) {
            memcpy(names[n_tests++], entry->d_name, length + 1);
        }
    }
    if (folder != NULL) {
        closedir(folder);
    }
    if (n_tests < FEWEST_FILES || n_tests == MOST_FILES) {
        fprintf(stderr, "%zu files in good/, expected %d to %d\n", n_tests, FEWEST_FILES, MOST_FILES - 1);
        return 1;
    }
    qsort(names, n_tests, sizeof names[0], compare);
    for (size_t i = 0; i < n_tests; i++) {
        tests[i] = (struct CMUnitTest) { .name = names[i], .test_func = says_nothing, .initial_state = names[i] };
    }
    return _cmocka_run_group_tests("good", tests, n_tests, NULL, NULL);
}
