/** The W3C's traceparent, row by row. */
#include "runtime/call/trace.h"
#include "tests/runtime/support/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ID "0af7651916cd43dd8448eb211c80319c"
#define SPAN "b7ad6b7169203331"
#define VALID "00-" ID "-" SPAN "-01"

typedef struct trace_row {
    const char *text, *becomes; /* NULL: it is refused, */
    const char *because;
} trace_row;

static const trace_row rows[] = {
    { VALID, VALID, NULL },
    { "00-" ID "-" SPAN "-00", "00-" ID "-" SPAN "-00", NULL },
    { "00-" ID "-" SPAN "-03", "00-" ID "-" SPAN "-03", NULL },
    { "00-" ID "-" SPAN "-ff", "00-" ID "-" SPAN "-03", NULL }, /* flags that are not defined */
    { "00-00000000000000000000000000000001-0000000000000001-00", "00-00000000000000000000000000000001-0000000000000001-00",
      NULL },
    /* Newer versions: what 00 has of them. */
    { "01-" ID "-" SPAN "-01", VALID, NULL },
    { "fe-" ID "-" SPAN "-01", VALID, NULL },
    { "cc-" ID "-" SPAN "-01-what-comes-later", VALID, NULL },
    { "cc-" ID "-" SPAN "-01-", VALID, NULL },
    { "cc-" ID "-" SPAN "-01.what", NULL, "too long" },
    { "cc-" ID "-" SPAN "-012", NULL, "too long" },
    { "ff-" ID "-" SPAN "-01", NULL, "ff is not allowed" },
    /* Length. */
    { "", NULL, "too short" },
    { "00", NULL, "too short" },
    { "00-" ID "-" SPAN "-0", NULL, "too short" },
    { VALID "1", NULL, "too long" },
    { VALID "-", NULL, "too long" },
    { VALID "-x", NULL, "too long" },
    { " " VALID, NULL, "version" },
    /* Upper case, and what is no digit. */
    { "FF-" ID "-" SPAN "-01", NULL, "version" },
    { "0A-" ID "-" SPAN "-01", NULL, "version" },
    { "0g-" ID "-" SPAN "-01", NULL, "version" },
    { "00-0AF7651916CD43DD8448EB211C80319C-" SPAN "-01", NULL, "trace id" },
    { "00-0af7651916cd43dd8448eb211c80319g-" SPAN "-01", NULL, "trace id" },
    { "00-" ID "-B7AD6B7169203331-01", NULL, "parent id" },
    { "00-" ID "-b7ad6b716920333.-01", NULL, "parent id" },
    { "00-" ID "-" SPAN "-0A", NULL, "flags" },
    { "00-" ID "-" SPAN "-x1", NULL, "flags" },
    /* Zeros. */
    { "00-00000000000000000000000000000000-" SPAN "-01", NULL, "trace id" },
    { "00-" ID "-0000000000000000-01", NULL, "parent id" },
    /* What divides. */
    { "00_" ID "-" SPAN "-01", NULL, "divided" },
    { "00-" ID "_" SPAN "-01", NULL, "divided" },
    { "00-" ID "-" SPAN "_01", NULL, "divided" },
    { "00-0af7651916cd43dd8448eb211c8031-9cb7ad6b7169203331-01-", NULL, "too long" },
};

static void parsed(void **state)
{
    (void)state;
    assert_int_equal(LENGTH_OF(rows), 34);
    for (size_t i = 0; i < LENGTH_OF(rows); i++) {
        const trace_row *const row = &rows[i];
        crb_trace trace;
        char text[CRB_TRACE_TEXT];
        const size_t len = strlen(row->text);
        char *const exact = malloc(len + (len == 0)); /* without its NUL, so that a sanitizer sees a byte too many */
        assert_non_null(exact);
        memcpy(exact, row->text, len);
        memset(&trace, 0xaa, sizeof trace);
        const crb_trace untouched = trace;
        const char *const why = crb_trace_parse(exact, len, &trace);
        free(exact);
        if ((why == NULL) != (row->becomes != NULL)) {
            fail_msg("'%s': %s", row->text, why == NULL ? "was taken" : why);
        }
        if (why == NULL) {
            assert_true(crb_trace_is_set(&trace));
            crb_trace_format(&trace, text);
            assert_string_equal(text, row->becomes);
        } else {
            if (strstr(why, row->because) == NULL) {
                fail_msg("'%s': %s", row->text, why);
            }
            assert_memory_equal(&trace, &untouched, sizeof trace);
        }
    }
}

static void drawn(void **state)
{
    crb_trace first, second, none = { .flags = 0 };
    char text[CRB_TRACE_TEXT];
    (void)state;
    for (int sampled = 0; sampled < 2; sampled++) {
        crb_trace_draw(&first, sampled != 0);
        crb_trace_draw(&second, sampled != 0);
        crb_trace_format(&first, text);
        assert_int_equal(strlen(text), CRB_TRACE_TEXT - 1);
        assert_string_equal(text + CRB_TRACE_TEXT - 3, sampled ? "03" : "02");
        crb_trace read;
        assert_null(crb_trace_parse(text, strlen(text), &read));
        assert_memory_equal(&read, &first, sizeof read);
        assert_memory_not_equal(first.id, second.id, sizeof first.id);
        second = first;
        crb_trace_draw_span(&second);
        assert_memory_equal(first.id, second.id, sizeof first.id);
        assert_memory_not_equal(first.span, second.span, sizeof first.span);
    }
    assert_false(crb_trace_is_set(&none));
    crb_trace_format(&none, text);
    assert_string_equal(text, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(parsed), cmocka_unit_test(drawn) };
    return cmocka_run_group_tests_name("trace", tests, NULL, NULL);
}
