/* The files of bad/: each says itself, in lines "// expect: …", which messages it gives, in their order, and it gives no others.
 * A message is LINE:COLUMN: KIND: TEXT; in another file it begins with that file's name. One test a file. */
#include "tests/idl/support.h"

#include <dirent.h>
#include <unistd.h>

#define MOST_FILES 300
#define FEWEST_FILES 115

static char names[MOST_FILES][64];
static struct CMUnitTest tests[MOST_FILES];
static size_t n_tests;

static char *read_file(const char *path, size_t *ret_length)
{
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    assert_int_equal(fseek(file, 0, SEEK_END), 0);
    const long size = ftell(file);
    assert_true(size >= 0);
    rewind(file);
    char *text = calloc(1, (size_t)size + 1);
    assert_non_null(text);
    assert_int_equal(fread(text, 1, (size_t)size, file), size);
    fclose(file);
    *ret_length = (size_t)size;
    return text;
}

/* What the lines after the marker say, one a line. */
static char *expectations(const char *text, size_t length)
{
    static const char marker[] = "// expect: ";
    char *lines = calloc(1, length + 1);
    size_t used = 0;
    assert_non_null(lines);
    const char *at = text;
    while ((at = memmem(at, length - (size_t)(at - text), marker, sizeof marker - 1)) != NULL) {
        at += sizeof marker - 1;
        const size_t line = strcspn(at, "\r\n");
        memcpy(lines + used, at, line);
        used += line;
        lines[used++] = '\n';
    }
    return lines;
}

/* The first lines of the messages, without the main file's path and the folder of others; source lines are indented. */
static char *reduce(const char *messages, const char *main_path)
{
    char *lines = calloc(1, strlen(messages) + 1);
    assert_non_null(lines);
    size_t used = 0;
    while (*messages != '\0') {
        const size_t line = strcspn(messages, "\n");
        const char *start = messages;
        messages += line + (messages[line] == '\n' ? 1 : 0);
        if (*start == ' ') {
            continue;
        }
        const char *end = start + line;
        if (strncmp(start, main_path, strlen(main_path)) == 0) {
            start += strlen(main_path) + 1;
        } else {
            const char *colon = memchr(start, ':', line);
            const char *slash = colon == NULL ? NULL : memrchr(start, '/', (size_t)(colon - start));
            start = slash == NULL ? start : slash + 1;
        }
        memcpy(lines + used, start, (size_t)(end - start));
        used += (size_t)(end - start);
        lines[used++] = '\n';
    }
    return lines;
}

static size_t count_errors(const char *lines)
{
    size_t count = 0;
    for (const char *at = lines; (at = strstr(at, ": error: ")) != NULL; at++) {
        count++;
    }
    return count;
}

static void says_what_it_expects(void **state)
{
    const char *name = *state;
    char path[128];
    size_t length;
    snprintf(path, sizeof path, "bad/%s", name);
    char *text = read_file(path, &length);
    char *expected = expectations(text, length);
    const char *const include_dirs[] = { "include" };
    const idl_options options = { .include_dirs = include_dirs, .n_include_dirs = 1, .max_errors = 100 };
    const char *const paths[] = { path };

    compiled c = compile_files(paths, 1, &options);
    char *said = reduce(c.messages, path);
    assert_string_equal(said, expected);
    assert_true(c.result.errors > 0);
    assert_int_equal(c.result.errors, count_errors(said));

    compiled_free(&c);
    free(said);
    free(expected);
    free(text);
}

static int compare(const void *one, const void *other)
{
    return strcmp(one, other);
}

/* argv[1]: the folder that holds bad/ and include/. */
int main(int argc, char **argv)
{
    if (argc != 2 || chdir(argv[1]) != 0) {
        fprintf(stderr, "usage: bad_test FOLDER\n");
        return 2;
    }
    DIR *folder = opendir("bad");
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
        fprintf(stderr, "%zu files in bad/, expected %d to %d\n", n_tests, FEWEST_FILES, MOST_FILES - 1);
        return 1;
    }
    qsort(names, n_tests, sizeof names[0], compare);
    for (size_t i = 0; i < n_tests; i++) {
        tests[i] = (struct CMUnitTest) { .name = names[i], .test_func = says_what_it_expects, .initial_state = names[i] };
    }
    return _cmocka_run_group_tests("bad", tests, n_tests, NULL, NULL);
}
