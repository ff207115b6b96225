/* The list of messages (idl/diagnostic_list.def): ids are words, unique, documented; their examples do what they say; and each is
 * given by one to four files of the folders bad/, which say so in lines "// expect: … [id]". */
#include "idl/diagnostic_ids.h"
#include "tests/idl/support.h"

#include <dirent.h>

#define FEWEST_IDS 130
#define MOST_FILES_AN_ID 4

static const char *folders[2]; /* bad/ of the front end and of the emitters */
static const char *page;       /* docs/diagnostics.md */

static const idl_diagnostic_kind *kind_at(int i)
{
    return idl_diagnostic_kind_of((idl_diagnostic_id)i);
}

static char *read_whole(const char *path)
{
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        fail_msg("cannot open %s", path);
    }
    assert_int_equal(fseek(file, 0, SEEK_END), 0);
    const long size = ftell(file);
    assert_true(size >= 0);
    rewind(file);
    char *text = calloc(1, (size_t)size + 1);
    assert_non_null(text);
    assert_int_equal(fread(text, 1, (size_t)size, file), size);
    for (long i = 0; i < size; i++) {
        text[i] = text[i] == '\0' ? ' ' : text[i]; /* so that it is one text */
    }
    fclose(file);
    return text;
}

static void ids_are_words(void **state)
{
    (void)state;
    assert_true(IDL_N_DIAGNOSTICS >= FEWEST_IDS);
    for (int i = 0; i < IDL_N_DIAGNOSTICS; i++) {
        const idl_diagnostic_kind *kind = kind_at(i);
        assert_int_equal(strspn(kind->id, "abcdefghijklmnopqrstuvwxyz0123456789-"), strlen(kind->id));
        assert_true(kind->id[0] != '-' && kind->id[strlen(kind->id) - 1] != '-' && strstr(kind->id, "--") == NULL);
        assert_int_equal(idl_diagnostic_find(kind->id), i);
        assert_true(strlen(kind->title) > 10 && strchr(kind->title, '\n') == NULL);
        assert_true(strlen(kind->text) > 20);
        assert_true((kind->wrong == NULL) == (kind->right == NULL));
        assert_true(i == 0 || kind->is_warning <= kind_at(i - 1)->is_warning);
    }
    assert_string_equal(idl_diagnostic_suggest("unknown-nmae"), "unknown-name");
    assert_null(idl_diagnostic_suggest("something else"));
}

static void all_are_documented(void **state)
{
    (void)state;
    char *text = read_whole(page);
    for (int i = 0; i < IDL_N_DIAGNOSTICS; i++) {
        char row[200];
        snprintf(row, sizeof row, "| `%s` | %s%s |\n", kind_at(i)->id, kind_at(i)->title,
                 kind_at(i)->is_warning ? " (warning)" : "");
        if (strstr(text, row) == NULL) {
            fail_msg("%s lacks %s", page, row);
        }
    }
    size_t rows = 0;
    for (const char *at = text; (at = strstr(at, "\n| `")) != NULL; at++) {
        rows++;
    }
    assert_int_equal(rows, IDL_N_DIAGNOSTICS);
    free(text);
}

/* Those that only the emitters give are compiled by tests/codegen. */
static bool is_of_emitters(const char *id)
{
    return strcmp(id, "derived-name") == 0 || strcmp(id, "c-name-collision") == 0 || strcmp(id, "verbatim-place") == 0;
}

/* Those that only --format gives are in format_test.c. */
static bool is_of_formatter(const char *id)
{
    return strcmp(id, "stray-control") == 0;
}

static void examples_do_what_they_say(void **state)
{
    size_t n = 0;
    (void)state;
    for (int i = 0; i < IDL_N_DIAGNOSTICS; i++) {
        const idl_diagnostic_kind *kind = kind_at(i);
        char wanted[80];
        if (kind->wrong == NULL || is_of_emitters(kind->id)) {
            continue;
        }
        n++;
        snprintf(wanted, sizeof wanted, " [%s]\n", kind->id);
        compiled c = compile_text(kind->wrong, NULL);
        const char *end = strchr(c.messages, '\n');
        if (end == NULL || strncmp(end + 1 - strlen(wanted), wanted, strlen(wanted)) != 0) {
            fail_msg("%s: its wrong example says\n%s", kind->id, c.messages);
        }
        compiled_free(&c);
        c = compile_text(kind->right, NULL);
        if (c.messages[0] != '\0') {
            fail_msg("%s: its right example says\n%s", kind->id, c.messages);
        }
        compiled_free(&c);
    }
    assert_true(n >= 100);
}

/* Whether a line "// expect: …" of the text ends with the id in brackets. */
static bool text_expects(const char *text, const char *id)
{
    static const char marker[] = "// expect: ";
    char wanted[80];
    const size_t length = (size_t)snprintf(wanted, sizeof wanted, " [%s]", id);
    while ((text = strstr(text, marker)) != NULL) {
        const size_t line = strcspn(text, "\r\n");
        if (line > length && memcmp(text + line - length, wanted, length) == 0) {
            return true;
        }
        text += sizeof marker - 1;
    }
    return false;
}

/* In how many texts an id is expected; the first thing that is wrong goes to problem, "" if nothing is. */
static void check_counts(char *const *texts, size_t n_texts, char problem[200])
{
    problem[0] = '\0';
    for (int i = 0; i < IDL_N_DIAGNOSTICS; i++) {
        size_t count = 0;
        for (size_t t = 0; t < n_texts; t++) {
            count += text_expects(texts[t], kind_at(i)->id) ? 1 : 0;
        }
        if (is_of_formatter(kind_at(i)->id)) {
            continue;
        }
        if (count == 0 || count > MOST_FILES_AN_ID) {
            snprintf(problem, 200, "%zu bad files give [%s], and it should be 1 to %d", count, kind_at(i)->id, MOST_FILES_AN_ID);
            return;
        }
    }
}

static char **read_bad_files(size_t *ret_n)
{
    char **texts = calloc(1000, sizeof *texts);
    size_t n = 0;
    assert_non_null(texts);
    for (size_t i = 0; i < LENGTH_OF(folders); i++) {
        DIR *folder = opendir(folders[i]);
        if (folder == NULL) {
            fail_msg("no folder %s", folders[i]);
        }
        for (const struct dirent *entry = readdir(folder); entry != NULL; entry = readdir(folder)) {
            const size_t length = strlen(entry->d_name);
            if (length > 4 && strcmp(entry->d_name + length - 4, ".idl") == 0) {
                char path[1024];
                snprintf(path, sizeof path, "%s/%s", folders[i], entry->d_name);
                assert_true(n < 1000);
                texts[n++] = read_whole(path);
            }
        }
        closedir(folder);
    }
    *ret_n = n;
    return texts;
}

static void each_is_given_by_one_to_four_files(void **state)
{
    char problem[200];
    size_t n;
    (void)state;
    char **texts = read_bad_files(&n);
    assert_true(n >= 200);
    check_counts(texts, n, problem);
    assert_string_equal(problem, "");

    /* The counting can fail: an id that nobody gives, and one that too many give. */
    char *const only[] = { texts[0] };
    check_counts(only, 1, problem);
    assert_non_null(strstr(problem, "0 bad files give ["));
    const char *every = "// expect: 1:1: error: x [context]\n";
    char **more = calloc(n + 5, sizeof *more);
    assert_non_null(more);
    memcpy(more, texts, n * sizeof *texts);
    for (size_t i = 0; i < 5; i++) {
        more[n + i] = strdup(every);
        assert_non_null(more[n + i]);
    }
    check_counts(more, n + 5, problem);
    assert_non_null(strstr(problem, "bad files give [context]"));
    for (size_t i = 0; i < n + 5; i++) {
        free(more[i]);
    }
    free(more);
    free(texts);
}

/* argv: bad/ of the front end, bad/ of the emitters, docs/diagnostics.md */
int main(int argc, char **argv)
{
    if (argc != 4) {
        fprintf(stderr, "usage: ids_test BAD BAD PAGE\n");
        return 2;
    }
    folders[0] = argv[1];
    folders[1] = argv[2];
    page = argv[3];
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ids_are_words),
        cmocka_unit_test(all_are_documented),
        cmocka_unit_test(examples_do_what_they_say),
        cmocka_unit_test(each_is_given_by_one_to_four_files),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
