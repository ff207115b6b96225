/* Messages as JSON: every line is one object that a JSON parser takes, whatever stands in names and texts. */
#include "tests/idl/support.h"

#include <jansson.h>

/* The n-th line (from 0) as an object, which the caller releases. */
static json_t *object_of(const char *messages, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        messages = strchr(messages, '\n');
        assert_non_null(messages);
        messages++;
    }
    json_error_t error;
    json_t *object = json_loadb(messages, strcspn(messages, "\n"), JSON_REJECT_DUPLICATES, &error);
    if (object == NULL) {
        fail_msg("%s: %s", error.text, messages);
    }
    return object;
}

static size_t count_lines(const char *messages)
{
    size_t count = 0;
    for (const char *at = messages; (at = strchr(at, '\n')) != NULL; at++) {
        count++;
    }
    return count;
}

static const char *text_of(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    assert_non_null(text);
    return text;
}

static void expect_place(const json_t *object, int line, int column, int end)
{
    assert_int_equal(json_integer_value(json_object_get(object, "line")), line);
    assert_int_equal(json_integer_value(json_object_get(object, "column")), column);
    assert_int_equal(json_integer_value(json_object_get(object, "endColumn")), end);
}

static const idl_options as_json = { .warn = { .as_json = true } };

static void places_and_notes(void **state)
{
    static const char text[] = "struct Point { long x; };\nstruct Point { Missing y; };\n@nestd struct Line { long z; };\n";
    (void)state;
    compiled c = compile_text(text, &as_json);
    assert_int_equal(count_lines(c.messages), 3);

    json_t *first = object_of(c.messages, 0);
    assert_string_equal(text_of(first, "file"), "test.idl");
    assert_string_equal(text_of(first, "severity"), "error");
    assert_string_equal(text_of(first, "id"), "duplicate-name");
    assert_string_equal(text_of(first, "message"), "'Point' is already declared as a struct");
    expect_place(first, 2, 8, 13);
    const json_t *notes = json_object_get(first, "notes");
    assert_int_equal(json_array_size(notes), 1);
    const json_t *note = json_array_get(notes, 0);
    assert_string_equal(text_of(note, "severity"), "note");
    assert_string_equal(text_of(note, "file"), "test.idl");
    assert_string_equal(text_of(note, "message"), "declared here");
    expect_place(note, 1, 8, 13);
    json_decref(first);

    json_t *second = object_of(c.messages, 1);
    assert_string_equal(text_of(second, "id"), "unknown-name");
    assert_int_equal(json_array_size(json_object_get(second, "notes")), 0);
    json_decref(second);

    json_t *third = object_of(c.messages, 2);
    assert_string_equal(text_of(third, "severity"), "warning");
    assert_string_equal(text_of(third, "id"), "unknown-annotation");
    json_decref(third);
    compiled_free(&c);
}

static void hostile_names_and_texts(void **state)
{
    static const struct {
        const char *name;
        const char *text;
        const char *file;    /* as read back */
        const char *message; /* begins so */
    } rows[] = {
        { "a\"b\\c\n\t\x01.idl", "struct S { M x; };", "a\"b\\c\n\t\x01.idl", "unknown type 'M'" },
        { "\xff\xc3\xa4\x7f\xc2\x9b.idl", "struct S { M x; };", "\xef\xbf\xbd\xc3\xa4\x7f\xc2\x9b.idl", "unknown type" },
        { "x.idl", "#error a\tb\"c\\ \xed\xa0\x80\n", "x.idl", "#error a\tb\"c\\ \xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd" },
        { "x.idl", "const long A = 1; \xe2\x82\xac", "x.idl", "unexpected '\xe2\x82\xac'" },
        { "{\"a\":1}\n.idl", "#error </script>\xc2\x85\n", "{\"a\":1}\n.idl", "#error </script>\xc2\x85" },
    };
    (void)state;
    assert_int_equal(LENGTH_OF(rows), 5);
    for (size_t i = 0; i < LENGTH_OF(rows); i++) {
        compiled c = compiled_start();
        idl_options options = as_json;
        options.diagnostics = c.out;
        compiled_end(&c, idl_compile_text(&options, rows[i].name, rows[i].text, strlen(rows[i].text)));
        assert_int_equal(count_lines(c.messages), 1);
        json_t *object = object_of(c.messages, 0);
        assert_string_equal(text_of(object, "file"), rows[i].file);
        assert_memory_equal(text_of(object, "message"), rows[i].message, strlen(rows[i].message));
        json_decref(object);
        compiled_free(&c);
    }
}

/* Every byte, in a name of a file and in the text of #error. */
static void all_bytes(void **state)
{
    (void)state;
    for (int byte = 1; byte < 256; byte++) {
        const char name[] = { 'a', (char)byte, 'b', '\0' };
        char text[64];
        snprintf(text, sizeof text, "#error %s\nstruct S { Missing x; };", name);
        compiled c = compiled_start();
        idl_options options = as_json;
        options.diagnostics = c.out;
        compiled_end(&c, idl_compile_text(&options, name, text, strlen(text)));
        const size_t n = count_lines(c.messages);
        assert_true(n >= 1);
        for (size_t i = 0; i < n; i++) {
            json_decref(object_of(c.messages, i));
        }
        compiled_free(&c);
    }
}

static void how_a_run_ends(void **state)
{
    (void)state;
    idl_options options = as_json;
    options.max_errors = 1;
    compiled c = compile_text("struct S { A x; };\nstruct S { B y; };", &options);
    assert_int_equal(count_lines(c.messages), 2);
    json_t *object = object_of(c.messages, 1);
    assert_string_equal(text_of(object, "id"), "too-many-errors");
    assert_true(json_is_null(json_object_get(object, "file")));
    assert_null(json_object_get(object, "line"));
    json_decref(object);
    compiled_free(&c);

    options = (idl_options) { .max_memory = 1000, .warn = { .as_json = true } };
    c = compile_text("struct S { long x; };", &options);
    assert_int_equal(count_lines(c.messages), 1);
    object = object_of(c.messages, 0);
    assert_string_equal(text_of(object, "id"), "out-of-memory");
    json_decref(object);
    compiled_free(&c);

    const char *const paths[] = { "/nowhere/\xff.idl" };
    c = compile_files(paths, 1, &as_json);
    object = object_of(c.messages, 0);
    assert_string_equal(text_of(object, "id"), "cannot-read");
    assert_string_equal(text_of(object, "file"), "/nowhere/\xef\xbf\xbd.idl");
    assert_null(json_object_get(object, "line"));
    json_decref(object);
    compiled_free(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(places_and_notes),
        cmocka_unit_test(hostile_names_and_texts),
        cmocka_unit_test(all_bytes),
        cmocka_unit_test(how_a_run_ends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
