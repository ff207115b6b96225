/** Contexts by every way of calling: each test is a way, named as in ways.idl. A client calls an object of a second runtime,
 * which calls that way an object of a third over a session of its own, one of its own process, and the third's once more by a
 * reference that it got from the client, who passes those calls on. */
#include "ways.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define LENGTH_OF(array) (sizeof(array) / sizeof *(array))
#define TRACE "TRACE-01"
#define TRACE_ID "00-0af7651916cd43dd8448eb211c80319c-"

static corbel_runtime *client;
static ways_place a, b;
static ways_Place *first;      /* a's, at the client */
static ways_Place *seconds[3]; /* b's three */
static ways_Place *noting[3];  /* who notes, by column */

static ways_Place *at_client(const char *uri)
{
    corbel_error error = CORBEL_ERROR_INIT;
    ways_Place *place = NULL;
    MUST(ways_Place_from_uri(client, uri, &place, &error));
    return place;
}

static int set_up(void **state)
{
    corbel_error error = CORBEL_ERROR_INIT;
    (void)state;
    MUST(corbel_runtime_new(NULL, &client, &error));
    ways_place_start(&a);
    ways_place_start(&b);
    first = at_client(a.uris[0]);
    for (size_t i = 0; i < LENGTH_OF(seconds); i++) {
        seconds[i] = at_client(b.uris[i]);
    }
    noting[0] = noting[2] = seconds[0];
    noting[1] = first;
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    ways_Place_unref(first);
    for (size_t i = 0; i < LENGTH_OF(seconds); i++) {
        ways_Place_unref(seconds[i]);
    }
    corbel_runtime_unref(client);
    ways_place_stop(&a);
    ways_place_stop(&b);
    return 0;
}

/** What the first carried itself, with the parent id left out, and what those carried that it called. */
static void goes(const ways_row *row, size_t column, corbel_context *context, const char *carried, const char *expected)
{
    corbel_error error = CORBEL_ERROR_INIT;
    corbel_options options = CORBEL_OPTIONS_INIT;
    corbel_context *const reply = corbel_context_new();
    char *line = NULL, *noted = NULL;
    options.context = context;
    options.reply = reply;
    ways_Place *const carrying = ways_Place_with(first, &options);
    if (column == 2) {
        MUST(ways_Place_go(carrying, row->how, seconds[0], seconds[1], seconds[2], &line, &error));
    } else {
        char **const uris = column == 0 ? b.uris : a.uris;
        MUST(ways_Place_go_uri(carrying, row->how, uris[0], uris[1], uris[2], &line, &error));
    }
    MUST(ways_Place_noted(noting[column], ways_count(row), &noted, &error));
    char *const trace = strstr(line, TRACE_ID);
    if (trace != NULL) {
        memcpy(trace, "TRACE", 5);
        memmove(trace + 5, trace + strlen(TRACE_ID) + 16, strlen(trace + strlen(TRACE_ID) + 16) + 1);
    }
    assert_string_equal(line, carried);
    ways_expect(row, noted, expected);
    assert_int_equal(corbel_context_count(reply), 0); /* what they answered with went no further */
    assert_string_equal(corbel_context_get_correlation(corbel_context_current()), "");
    corbel_string_free(line);
    ways_Place_unref(carrying);
    corbel_context_unref(reply);
}

static void way(void **state)
{
    const ways_row *const row = *state;
    corbel_error error = CORBEL_ERROR_INIT;
    corbel_context *const full = corbel_context_new(), *const other = corbel_context_new();
    MUST(corbel_context_set_correlation(full, "id", &error));
    MUST(corbel_context_set_traceparent(full, WAYS_TRACE, &error));
    MUST(corbel_context_set(full, "on", "1", &error));
    MUST(corbel_context_set_here(full, "here", "2", &error));
    MUST(corbel_context_set_correlation(other, "other", &error));
    MUST(corbel_context_set(other, "x", "3", &error));
    for (size_t column = 0; column < LENGTH_OF(noting); column++) {
        goes(row, column, full, "id|" TRACE "|here=2!,on=1", "id|" TRACE "|on=1");
        goes(row, column, other, "other||x=3", "other||x=3");
        goes(row, column, NULL, "||", "||");
    }
    corbel_context_unref(full);
    corbel_context_unref(other);
}

int main(void)
{
    struct CMUnitTest tests[ways_n_ways];
    for (size_t i = 0; i < LENGTH_OF(tests); i++) {
        if (ways_n_rows != LENGTH_OF(tests) || ways_rows[i].how != (ways_Way)i) {
            (void)fprintf(stderr, "there is no row for %s\n", ways_Way_to_string((ways_Way)i));
            return 1;
        }
        tests[i] = (struct CMUnitTest) { .name = ways_Way_to_string((ways_Way)i),
                                         .test_func = way,
                                         .initial_state = (void *)(uintptr_t)&ways_rows[i] };
    }
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
