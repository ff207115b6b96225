/* What can be a name or a tag. */
#include "nameserver/registry.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define CONTROL "has a control character, or bytes that are not UTF-8"

static void test_names(void **state)
{
    static const struct {
        const char *name, *why; /* NULL: it can */
    } rows[] = {
        { "a", NULL },
        { "example.hello", NULL },
        { "with space, comma @ and %", NULL },
        { "\xc2\xa0", NULL },         /* U+00A0 */
        { "Zo\xc3\xab", NULL },       /* two bytes */
        { "\xe0\xa0\x80", NULL },     /* U+0800 */
        { "\xed\x9f\xbf", NULL },     /* U+D7FF */
        { "\xef\xbf\xbf", NULL },     /* U+FFFF */
        { "\xf0\x90\x80\x80", NULL }, /* U+10000 */
        { "\xf4\x8f\xbf\xbf", NULL }, /* U+10FFFF */
        { "", "is empty" },
        { "\n", CONTROL },
        { "a\tb", CONTROL },
        { "\x1b[31m", CONTROL },
        { "\x7f", CONTROL },
        { "\xc2\x80", CONTROL },         /* U+0080, C1 */
        { "\xc2\x9f", CONTROL },         /* U+009F, C1 */
        { "\x80", CONTROL },             /* a second byte first */
        { "\xc3", CONTROL },             /* cut */
        { "\xe2\x82", CONTROL },         /* cut */
        { "\xf0\x9f\x8c", CONTROL },     /* cut */
        { "\xc0\xaf", CONTROL },         /* too long a form of '/' */
        { "\xe0\x80\xaf", CONTROL },     /* the same in three bytes */
        { "\xf0\x80\x80\xaf", CONTROL }, /* the same in four */
        { "\xed\xa0\x80", CONTROL },     /* a surrogate */
        { "\xf4\x90\x80\x80", CONTROL }, /* above U+10FFFF */
        { "\xff", CONTROL },
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const char *why = ns_why_not_a_name(rows[i].name);
        if ((why == NULL) != (rows[i].why == NULL) || (why != NULL && strcmp(why, rows[i].why) != 0)) {
            fail_msg("row %zu, '%s': %s", i, rows[i].name, why == NULL ? "taken" : why);
        }
    }
    assert_int_equal(sizeof rows / sizeof *rows, 27);
}

static void test_lengths(void **state)
{
    char name[NS_MAX_NAME + 2];
    (void)state;
    memset(name, 'x', sizeof name);
    name[NS_MAX_NAME + 1] = '\0';
    assert_string_equal(ns_why_not_a_name(name), "is longer than 255 bytes");
    name[NS_MAX_NAME] = '\0';
    assert_null(ns_why_not_a_name(name));
    /* Bytes count, not characters: the last one crosses the end. */
    memcpy(name + NS_MAX_NAME - 1, "\xc3\xab", 3);
    assert_string_equal(ns_why_not_a_name(name), "is longer than 255 bytes");
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_names), cmocka_unit_test(test_lengths) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
