/* The files of bad/: what corbelc says beyond the front end, about names in C, numbers on the wire and what it writes. Each file
 * says so itself, in lines "// expect: …" as those of tests/idl/bad do; a line "// corbelc: …" has more arguments, in which WORK
 * is a folder for the output. One test a file, which runs corbelc. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* cmocka.h wants these first. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define MOST_FILES 100
#define FEWEST_FILES 12

static char names[MOST_FILES][64];
static struct CMUnitTest tests[MOST_FILES];
static size_t n_tests;
static const char *corbelc;
static const char *work;

/* All that can be read from it; the caller frees it. */
static char *read_all(FILE *file)
{
    size_t room = 4096;
    size_t length = 0;
    char *text = malloc(room);
    assert_non_null(text);
    for (size_t got = 1; got > 0; length += got) {
        if (length + 1 == room) {
            text = realloc(text, room *= 2);
            assert_non_null(text);
        }
        got = fread(text + length, 1, room - length - 1, file);
    }
    text[length] = '\0';
    return text;
}

/* What the lines after the marker say, one a line. */
static char *lines_after(const char *text, const char *marker)
{
    char *lines = calloc(1, strlen(text) + 2);
    size_t used = 0;
    assert_non_null(lines);
    for (const char *at = text; (at = strstr(at, marker)) != NULL;) {
        at += strlen(marker);
        const size_t line = strcspn(at, "\n");
        memcpy(lines + used, at, line);
        used += line;
        lines[used++] = '\n';
    }
    return lines;
}

/* The lines that are messages, without the file's name before a place in it; work is written WORK. */
static char *reduce(const char *messages, const char *name)
{
    char *lines = calloc(1, strlen(messages) + 2);
    size_t used = 0;
    assert_non_null(lines);
    while (*messages != '\0') {
        const char *start = messages;
        const char *end = messages + strcspn(messages, "\n");
        messages = *end == '\n' ? end + 1 : end;
        if (*start == ' ') {
            continue;
        }
        if (strncmp(start, name, strlen(name)) == 0 && start[strlen(name)] == ':' && start[strlen(name) + 1] != ' ') {
            start += strlen(name) + 1;
        } else if (strncmp(start, work, strlen(work)) == 0) {
            memcpy(lines + used, "WORK", 4);
            used += 4;
            start += strlen(work);
        }
        memcpy(lines + used, start, (size_t)(end - start));
        used += (size_t)(end - start);
        lines[used++] = '\n';
    }
    return lines;
}

static void says_what_it_expects(void **state)
{
    const char *name = *state;
    FILE *file = fopen(name, "rb");
    assert_non_null(file);
    char *text = read_all(file);
    fclose(file);
    char *expected = lines_after(text, "// expect: ");
    char *arguments = lines_after(text, "// corbelc: ");
    arguments[strcspn(arguments, "\n")] = '\0';

    char command[4096];
    const int length =
        snprintf(command, sizeof command, "WORK='%s'; '%s' -o \"$WORK\" %s %s 2>&1 >/dev/null", work, corbelc, arguments, name);
    assert_true(length > 0 && (size_t)length < sizeof command);
    FILE *out = popen(command, "r"); /* NOLINT(cert-env33-c): the test's own words */
    assert_non_null(out);
    char *messages = read_all(out);
    const int status = pclose(out);
    char *said = reduce(messages, name);
    assert_string_equal(said, expected);
    const int wanted = strstr(expected, "cannot-write]") != NULL       ? 3
                       : strstr(expected, "output-collision]") != NULL ? 2
                       : strstr(expected, "error: ") != NULL           ? 1
                                                                       : 0;
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), wanted);
    free(said);
    free(messages);
    free(arguments);
    free(expected);
    free(text);
}

static int compare(const void *one, const void *other)
{
    return strcmp(one, other);
}

/* argv: bad/, corbelc, a folder to write into */
int main(int argc, char **argv)
{
    if (argc != 4 || chdir(argv[1]) != 0 || (mkdir(argv[3], 0777) != 0 && access(argv[3], W_OK) != 0)) {
        fprintf(stderr, "usage: bad_test BAD CORBELC WORK\n");
        return 2;
    }
    corbelc = argv[2];
    work = argv[3];
    DIR *folder = opendir(".");
    for (const struct dirent *entry; folder != NULL && (entry = readdir(folder)) != NULL && n_tests < MOST_FILES;) {
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
