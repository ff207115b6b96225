/* The files of bad/ and of mixed/: each says itself, in lines "// expect: …", which messages it gives, in their order, and it
 * gives no others. A message is LINE:COLUMN: KIND: TEXT [ID]; in another file it begins with that file's name. One test a file.
 * What a file cannot say in IDL stands in a line "// given: WHAT VALUE": see read_given(). */
#include "tests/idl/support.h"

#include <dirent.h>
#include <unistd.h>

#define MOST_FILES 500

static char names[MOST_FILES][64];
static struct CMUnitTest tests[MOST_FILES];
static size_t n_tests;
static const char *kind; /* "bad" */

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

/* The one line that says under which options the file is compiled; define has room for the name and the value. */
static void read_given(const char *text, idl_options *options, char define[2][64], idl_define *defines)
{
    const char *line = strstr(text, "// given: ");
    unsigned long number;
    char word[64];
    if (line == NULL) {
        return;
    }
    if (sscanf(line, "// given: define %63[^=\r\n]=%63[^\r\n]", define[0], define[1]) >= 1) {
        if (strstr(define[1], "NEWLINE") != NULL) {
            strcpy(strstr(define[1], "NEWLINE"), "\n");
        }
        *defines = (idl_define) { .name = define[0], .value = define[1] };
        options->defines = defines;
        options->n_defines = 1;
    } else if (sscanf(line, "// given: max-errors %lu", &number) == 1) {
        options->max_errors = (uint32_t)number;
    } else if (sscanf(line, "// given: max-memory %lu", &number) == 1) {
        options->max_memory = number;
    } else if (sscanf(line, "// given: %63s", word) == 1 && strcmp(word, "warnings-are-errors") == 0) {
        options->warn.as_errors = true;
    } else {
        fail_msg("not understood: %.60s", line);
    }
}

static size_t count_errors(const char *lines)
{
    size_t count = 0;
    for (const char *at = lines; *at != '\0'; at += strcspn(at, "\n") + 1) {
        const size_t length = strcspn(at, "\n");
        const char *found = memmem(at, length, "error: ", 7);
        const char *what = memmem(at, length, "[too-many-errors]", 17);
        count += found != NULL && what == NULL && (found == at || found[-1] == ' ') ? 1 : 0;
    }
    return count;
}

static void says_what_it_expects(void **state)
{
    const char *name = *state;
    char path[128];
    size_t length;
    snprintf(path, sizeof path, "%s/%s", kind, name);
    char *text = read_file(path, &length);
    char *expected = expectations(text, length);
    const char *const include_dirs[] = { "include" };
    idl_options options = { .include_dirs = include_dirs, .n_include_dirs = 1, .max_errors = 100 };
    char define[2][64] = { "", "" };
    idl_define defines;
    read_given(text, &options, define, &defines);
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

/* argv[1]: the folder that holds bad/, mixed/ and include/; argv[2]: which of them; argv[3]: how many files it has at least. */
int main(int argc, char **argv)
{
    if (argc != 4 || chdir(argv[1]) != 0) {
        fprintf(stderr, "usage: bad_test FOLDER bad|mixed FEWEST\n");
        return 2;
    }
    kind = argv[2];
    const size_t fewest = strtoul(argv[3], NULL, 10);
    DIR *folder = opendir(kind);
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
    if (n_tests < fewest || n_tests == MOST_FILES) {
        fprintf(stderr, "%zu files in %s/, expected %zu to %d\n", n_tests, kind, fewest, MOST_FILES - 1);
        return 1;
    }
    qsort(names, n_tests, sizeof names[0], compare);
    for (size_t i = 0; i < n_tests; i++) {
        tests[i] = (struct CMUnitTest) { .name = names[i], .test_func = says_what_it_expects, .initial_state = names[i] };
    }
    return _cmocka_run_group_tests(kind, tests, n_tests, NULL, NULL);
}
