/* What nsc prints, in its three forms, also of what a hostile name server sends. */
#include "nameserver/nsc.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

static const char *const hello_tags[] = { "greeting", "demo" };
static const corbel_NameEntry entries[] = {
    { .name = "Zo\xc3\xab", .uri = "corbel:z@localhost:1", .leased = false, .revision = 7 },
    { .name = "example.hello",
      .uri = "corbel:example.hello@localhost:40123",
      .tags = CORBEL_SEQ(hello_tags),
      .leased = true,
      .revision = 8 },
};
static const corbel_NameEntry hostile = { .name = "a\x1b[2J\tb\n\xc2\x9b\x7f", .uri = "corbel:x@h:1\r", .revision = 1 };

enum { LIST, EMPTY_LIST, ENTRY, HOSTILE_LIST, HOSTILE_ENTRY, PING, DONE };

static char *print(int what, nsc_form form)
{
    char *text = NULL;
    size_t size = 0;
    nsc_output output = { .out = open_memstream(&text, &size) };
    assert_non_null(output.out);
    output.form = form;
    switch (what) {
    case LIST:
        nsc_output_list(&output, (corbel_NameEntries)CORBEL_SEQ(entries));
        break;
    case EMPTY_LIST:
        nsc_output_list(&output, (corbel_NameEntries) { 0, NULL });
        break;
    case ENTRY:
        nsc_output_entry(&output, &entries[1]);
        break;
    case HOSTILE_LIST:
        nsc_output_list(&output, (corbel_NameEntries) { 1, &hostile });
        break;
    case HOSTILE_ENTRY:
        nsc_output_entry(&output, &hostile);
        break;
    case PING:
        nsc_output_ping(&output, "corbel:corbel.NameServer@localhost:9676");
        break;
    default:
        nsc_output_done(&output, "removed", "a\nb");
        break;
    }
    assert_false(output.failed);
    assert_int_equal(fclose(output.out), 0);
    return text;
}

static void test_text(void **state)
{
    static const struct {
        int what;
        nsc_form form;
        const char *text;
    } rows[] = {
        { LIST, NSC_TABS,
          "Zo\xc3\xab\tcorbel:z@localhost:1\tpermanent\t\n"
          "example.hello\tcorbel:example.hello@localhost:40123\tleased\tgreeting,demo\n" },
        { LIST, NSC_TABLE,
          "NAME           URI                                   KIND       TAGS\n"
          "Zo\xc3\xab            corbel:z@localhost:1                  permanent\n"
          "example.hello  corbel:example.hello@localhost:40123  leased     greeting,demo\n" },
        { EMPTY_LIST, NSC_TABS, "" },
        { EMPTY_LIST, NSC_TABLE, "" },
        { ENTRY, NSC_TABS, "corbel:example.hello@localhost:40123\n" },
        { ENTRY, NSC_TABLE, "corbel:example.hello@localhost:40123\n" },
        { HOSTILE_LIST, NSC_TABS, "a\\x1B[2J\\x09b\\x0A\\xC2\\x9B\\x7F\tcorbel:x@h:1\\x0D\tpermanent\t\n" },
        { HOSTILE_ENTRY, NSC_TABLE, "corbel:x@h:1\\x0D\n" },
        { PING, NSC_TABS, "ok\n" },
        { DONE, NSC_TABLE, "removed a\\x0Ab\n" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char *text = print(rows[i].what, rows[i].form);
        assert_string_equal(text, rows[i].text);
        free(text);
    }
    assert_int_equal(sizeof rows / sizeof *rows, 10);
}

/* JSON parses, says what was there, and has no byte in it that a terminal would obey. */
static void test_json(void **state)
{
    (void)state;
    for (int what = LIST; what <= DONE; what++) {
        json_error_t where;
        char *text = print(what, NSC_JSON);
        json_t *value = json_loads(text, 0, &where);
        assert_non_null(value);
        for (const unsigned char *c = (const unsigned char *)text; *c != '\0'; c++) {
            assert_true((*c >= ' ' && *c <= 0x7f) || *c == '\n');
        }
        if (what == LIST) {
            const json_t *hello = json_array_get(value, 1);
            assert_int_equal(json_array_size(value), 2);
            assert_string_equal(json_string_value(json_object_get(json_array_get(value, 0), "name")), "Zo\xc3\xab");
            assert_string_equal(json_string_value(json_object_get(hello, "uri")), entries[1].uri);
            assert_int_equal(json_array_size(json_object_get(hello, "tags")), 2);
            assert_true(json_is_true(json_object_get(hello, "leased")));
            assert_int_equal(json_integer_value(json_object_get(hello, "revision")), 8);
        }
        if (what == EMPTY_LIST) {
            assert_int_equal(json_array_size(value), 0);
        }
        json_decref(value);
        free(text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_text), cmocka_unit_test(test_json) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
