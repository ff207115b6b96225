/* What may stand in an IDL comment and must not stand in a C one. */
#include "codegen/comment.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/codegen/support.h"

typedef struct comment_row {
    const char *doc;
    const char *fact;
    const char *expected;
} comment_row;

#define WORD "abcdefghi " /* ten columns */
#define FIFTY WORD WORD WORD WORD WORD

static const comment_row comment_rows[] = {
    { NULL, NULL, NULL },
    { "Short.", NULL, "/** Short. */\n" },
    { NULL, "Raises X.", "/** Raises X. */\n" },
    { "Text.", "Raises X.", "/** Text.\n *  Raises X. */\n" },
    { "One\n\nTwo", NULL, "/** One\n *\n *  Two */\n" },
    { "Ends */ here /* and starts", NULL, "/** Ends * / here / * and starts */\n" },
    { "what?\?/", NULL, "/** what? ?/ */\n" },
    { "bell\a tab\tend", NULL, "/** bell tab end */\n" },
    { "left\xE2\x80\xAEright \xE2\x81\xA6x", NULL, "/** leftright x */\n" },
    { "bad \xFF byte", NULL, "/** bad ? byte */\n" },
    { "Gr\xC3\xBC\xC3\x9F"
      "e",
      NULL,
      "/** Gr\xC3\xBC\xC3\x9F"
      "e */\n" },
    { FIFTY FIFTY "end", NULL, "/** " FIFTY WORD WORD WORD "abcdefghi\n *  " WORD "end */\n" },
    { "trailing   \n   indented", NULL, "/** trailing\n *     indented */\n" },
};

static void is_harmless(void **state)
{
    (void)state;
    assert_int_equal(sizeof comment_rows / sizeof *comment_rows, 13);
    TEST_ARENA(arena);
    for (size_t i = 0; i < sizeof comment_rows / sizeof *comment_rows; i++) {
        const comment_row *row = &comment_rows[i];
        emit_buf out = { .arena = &arena };
        emit_strings facts = { .arena = &arena };
        if (row->fact != NULL) {
            emit_add(&facts, "%s", row->fact);
        }
        emit_comment(&out, 0, row->doc, &facts);
        if (row->expected == NULL) {
            assert_null(out.text);
        } else {
            assert_string_equal(out.text, row->expected);
        }
    }
    idl_arena_free(&arena);
}

static void keeps_facts_together(void **state)
{
    (void)state;
    TEST_ARENA(arena);
    emit_buf out = { .arena = &arena };
    emit_strings facts = { .arena = &arena };
    emit_add(&facts, "%s", WORD WORD WORD WORD WORD "first.");
    emit_add(&facts, "%s", WORD WORD WORD WORD WORD "second.");
    emit_add(&facts, "third.");
    emit_comment(&out, 0, NULL, &facts);
    assert_string_equal(out.text, "/** " FIFTY "first.\n *  " FIFTY "second. third. */\n");
    idl_arena_free(&arena);
}

static void headings_are_full_lines(void **state)
{
    (void)state;
    TEST_ARENA(arena);
    const char *const docs[] = { NULL, "short", FIFTY FIFTY, "two\nlines" };
    for (size_t i = 0; i < sizeof docs / sizeof *docs; i++) {
        emit_buf out = { .arena = &arena };
        emit_heading(&out, "title", docs[i]);
        assert_int_equal(strcspn(out.text + 1, "\n"), EMIT_COLUMNS);
        assert_ptr_not_equal(strstr(out.text, i == 1 ? "title: short -" : "title -"), NULL);
        assert_int_equal(strstr(out.text + 2, "\n/* ") != NULL, i >= 2);
        assert_null(strstr(out.text, "/**")); /* it would be taken for that of the next declaration */
    }
    idl_arena_free(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(is_harmless),
        cmocka_unit_test(keeps_facts_together),
        cmocka_unit_test(headings_are_full_lines),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
