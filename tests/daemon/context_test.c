/** What calls and answers carry: between three runtimes over sessions (the client relays between the other two), and inside one.
 */
#include "runtime/call/carried.h"
#include "teller.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define LENGTH_OF(array) (sizeof(array) / sizeof *(array))
#define TRACE "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
#define TRACE_ID "00-0af7651916cd43dd8448eb211c80319c-"

typedef struct place {
    corbel_runtime *runtime;
    corbel_daemon *daemon;
    teller_state state;
    ctx_Teller *object; /* of its own process */
    ctx_Teller *remote; /* the same, as the client sees it */
} place;

static place a, b;
static corbel_runtime *client;
/** Every test of one call runs twice: across a session, and in the servant's own process. */
static ctx_Teller *tellers[2];
#define FOR_BOTH(name) for (ctx_Teller **at_ = tellers, *name = *at_; at_ < tellers + 2; name = ++at_ < tellers + 2 ? *at_ : NULL)

static void must(corbel_status status, corbel_error *error, const char *what)
{
    if (status != CORBEL_OK) {
        (void)fprintf(stderr, "%s: %s\n", what, corbel_status_name(status));
        corbel_error_print(error, stderr);
        fail();
    }
}
#define MUST(call) must((call), &error, #call)

static void place_start(place *self, const corbel_runtime_options *options, const char *listen)
{
    corbel_error error = CORBEL_ERROR_INIT;
    char *uri = NULL;
    teller_init(&self->state);
    MUST(corbel_runtime_new(options, &self->runtime, &error));
    MUST(corbel_daemon_new(self->runtime, listen, &self->daemon, &error));
    self->object = teller_new(self->runtime, &self->state);
    MUST(corbel_daemon_register(self->daemon, "teller", ctx_Teller_as_object(self->object), &error));
    MUST(corbel_daemon_uri(self->daemon, "teller", &uri, &error));
    MUST(ctx_Teller_from_uri(client, uri, &self->remote, &error));
    corbel_string_free(uri);
}

static void place_end(place *self)
{
    ctx_Teller_unref(self->remote);
    corbel_daemon_unref(self->daemon);
    ctx_Teller_unref(self->object);
    corbel_runtime_unref(self->runtime);
    teller_destroy(&self->state);
}

static int set_up(void **state)
{
    corbel_error error = CORBEL_ERROR_INIT;
    corbel_runtime_options one = CORBEL_RUNTIME_OPTIONS_INIT;
    one.max_workers = 1; /* what a thread would keep from one operation the next one would see */
    (void)state;
    MUST(corbel_runtime_new(NULL, &client, &error));
    place_start(&a, &one, NULL);
    place_start(&b, NULL, NULL);
    tellers[0] = a.remote;
    tellers[1] = a.object;
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    place_end(&a);
    place_end(&b);
    corbel_runtime_unref(client);
    return 0;
}

/* ---- helpers ---- */

/** A reference whose calls carry context; and take replies into reply. */
static ctx_Teller *with(ctx_Teller *self, const corbel_context *context, corbel_context *reply)
{
    corbel_options options = CORBEL_OPTIONS_INIT;
    options.context = context;
    options.reply = reply;
    return ctx_Teller_with(self, &options);
}

static corbel_context *made(const char *correlation, const char *trace, const char *name, const char *value)
{
    corbel_error error = CORBEL_ERROR_INIT;
    corbel_context *const context = corbel_context_new();
    MUST(corbel_context_set_correlation(context, correlation, &error));
    MUST(corbel_context_set_traceparent(context, trace, &error));
    if (name != NULL) {
        MUST(corbel_context_set(context, name, value, &error));
    }
    return context;
}

/** What a line of teller_line() tells: the spans, which are drawn, are put into spans and become SPAN. */
static void expect(char *line, const char *expected, char spans[17])
{
    char *const trace = strstr(line, TRACE_ID);
    if (trace != NULL) {
        memcpy(spans, trace + strlen(TRACE_ID), 16);
        spans[16] = '\0';
        memcpy(trace + strlen(TRACE_ID), "SPAN", 4);
        memmove(trace + strlen(TRACE_ID) + 4, trace + strlen(TRACE_ID) + 16, strlen(trace + strlen(TRACE_ID) + 16) + 1);
    }
    assert_string_equal(line, expected);
    corbel_string_free(line);
}

static void tells(ctx_Teller *self, const char *expected)
{
    corbel_error error = CORBEL_ERROR_INIT;
    char *line = NULL;
    char span[17];
    MUST(ctx_Teller_tell(self, &line, &error));
    expect(line, expected, span);
}

/* ---- one call ---- */

static void a_call_carries_nothing_by_itself(void **state)
{
    (void)state;
    FOR_BOTH(teller)
    {
        tells(teller, "||");
        corbel_context *const context = made("c", NULL, "x", "y");
        ctx_Teller *const carrying = with(teller, context, NULL);
        tells(carrying, "c||x=y");
        tells(teller, "||");
        ctx_Teller_unref(carrying);
        corbel_context_unref(context);
    }
    assert_string_equal(corbel_context_get_correlation(corbel_context_current()), "");
}

static void references_carry_what_their_context_had(void **state)
{
    corbel_error error = CORBEL_ERROR_INIT;
    (void)state;
    FOR_BOTH(teller)
    {
        corbel_context *const context = made("Grüße", TRACE, "user", "ada");
        MUST(corbel_context_set(context, "empty", "", &error));
        MUST(corbel_context_set(context, "gone", "x", &error));
        MUST(corbel_context_set(context, "gone", NULL, &error));
        MUST(corbel_context_set_here(context, "here", "x", &error));
        ctx_Teller *const first = with(teller, context, NULL);
        MUST(corbel_context_set(context, "user", "too late for the first", &error));
        corbel_context *const over = made(NULL, NULL, "user", "bob");
        ctx_Teller *const second = with(first, over, NULL);
        tells(first, "Grüße|" TRACE_ID "SPAN-01|empty=,here=x!,user=ada");
        tells(second, "Grüße|" TRACE_ID "SPAN-01|empty=,here=x!,user=bob");
        ctx_Teller_unref(first);
        ctx_Teller_unref(second);
        corbel_context_unref(over);
        corbel_context_unref(context);
    }
}

static void a_correlation_id_is_drawn_where_none_is_set(void **state)
{
    corbel_error error = CORBEL_ERROR_INIT;
    (void)state;
    FOR_BOTH(teller)
    {
        corbel_context *const context = made(NULL, NULL, "x", "y");
        ctx_Teller *const first = with(teller, context, NULL), *const second = with(teller, context, NULL);
        char *lines[3];
        MUST(ctx_Teller_tell(first, &lines[0], &error));
        MUST(ctx_Teller_tell(first, &lines[1], &error));
        MUST(ctx_Teller_tell(second, &lines[2], &error));
        assert_int_equal(strspn(lines[0], "0123456789abcdef"), 32);
        assert_string_equal(lines[0] + 32, "||x=y");
        assert_string_equal(lines[0], lines[1]);
        assert_string_not_equal(lines[0], lines[2]);
        for (size_t i = 0; i < 3; i++) {
            corbel_string_free(lines[i]);
        }
        ctx_Teller_unref(first);
        ctx_Teller_unref(second);
        corbel_context_unref(context);
    }
}

static void threads_enter_and_leave(void **state)
{
    corbel_error error = CORBEL_ERROR_INIT;
    corbel_context *const outer = made("outer", TRACE, "a", "1");
    corbel_context *const inner = made(NULL, NULL, "b", "2");
    corbel_context *const own = made("own", NULL, "b", "3");
    (void)state;
    FOR_BOTH(teller)
    {
        ctx_Teller *const carrying = with(teller, own, NULL);
        MUST(corbel_context_enter(outer, &error));
        tells(teller, "outer|" TRACE_ID "SPAN-01|a=1");
        MUST(corbel_context_enter(inner, &error));
        tells(teller, "outer|" TRACE_ID "SPAN-01|a=1,b=2");
        tells(carrying, "own|" TRACE_ID "SPAN-01|a=1,b=3");
        assert_string_equal(corbel_context_get_correlation(corbel_context_current()), "outer");
        corbel_context_leave();
        tells(teller, "outer|" TRACE_ID "SPAN-01|a=1");
        corbel_context_leave();
        tells(teller, "||");
        corbel_context_leave(); /* one too many */
        tells(teller, "||");
        ctx_Teller_unref(carrying);
    }
    corbel_context_unref(outer);
    corbel_context_unref(inner);
    corbel_context_unref(own);
}

static void an_operation_takes_what_it_entered_with_it(void **state)
{
    corbel_error error = CORBEL_ERROR_INIT;
    corbel_context *const entered = made("mine", NULL, NULL, NULL);
    char *line = NULL;
    char span[17];
    (void)state;
    FOR_BOTH(teller)
    {
        MUST(corbel_context_enter(entered, &error));
        MUST(ctx_Teller_enter_and_return(teller, &error)); /* on this very thread, when it is in this process */
        MUST(ctx_Teller_pass(teller, b.remote, ctx_by_call, &line, &error));
        expect(line, "mine||", span);
        corbel_context_leave();
        MUST(ctx_Teller_pass(teller, b.remote, ctx_by_call, &line, &error));
        expect(line, "||", span);
    }
    corbel_context_unref(entered);
}

/* ---- forwarding ---- */

static void nested_calls_carry_it_on(void **state)
{
    corbel_error error = CORBEL_ERROR_INIT;
    static const ctx_Way ways[] = { ctx_by_call, ctx_by_begin, ctx_by_oneway };
    corbel_context *const context = made("id", TRACE, "on", "1");
    (void)state;
    MUST(corbel_context_set_here(context, "here", "2", &error));
    FOR_BOTH(teller)
    {
        ctx_Teller *const carrying = with(teller, context, NULL);
        char *line = NULL;
        char spans[3][17];
        MUST(ctx_Teller_tell(carrying, &line, &error));
        expect(line, "id|" TRACE_ID "SPAN-01|here=2!,on=1", spans[0]);
        for (size_t i = 0; i < LENGTH_OF(ways); i++) {
            MUST(ctx_Teller_pass(carrying, b.remote, ways[i], &line, &error));
            expect(line, "id|" TRACE_ID "SPAN-01|on=1", spans[1]);
            MUST(ctx_Teller_pass(carrying, a.object, ways[i], &line, &error)); /* and to an object of that process */
            expect(line, "id|" TRACE_ID "SPAN-01|on=1", spans[2]);
            assert_string_not_equal(spans[0], spans[1]);
            assert_string_not_equal(spans[1], spans[2]);
        }
        MUST(ctx_Teller_pass_twice(carrying, b.remote, b.remote, &line, &error));
        expect(line, "id|" TRACE_ID "SPAN-01|on=1", spans[2]);
        ctx_Teller_unref(carrying);
    }
    corbel_context_unref(context);
}

static void a_servant_adds_for_those_it_calls(void **state)
{
    corbel_error error = CORBEL_ERROR_INIT;
    corbel_context *const context = made("id", NULL, "on", "1");
    (void)state;
    FOR_BOTH(teller)
    {
        ctx_Teller *const carrying = with(teller, context, NULL);
        char *line = NULL;
        char span[17];
        MUST(ctx_Teller_pass_more(carrying, b.remote, &line, &error));
        expect(line, "id||added=by the first,on=1,once=for the second!", span);
        MUST(ctx_Teller_pass(carrying, b.remote, ctx_by_call, &line, &error));
        expect(line, "id||on=1", span);
        ctx_Teller_unref(carrying);
    }
    corbel_context_unref(context);
}

static void a_request_s_context_is_copied_for_another_thread(void **state)
{
    corbel_error error = CORBEL_ERROR_INIT;
    corbel_context *const context = made("id", TRACE, "on", "1");
    corbel_context *const copy = corbel_context_copy(context);
    (void)state;
    MUST(corbel_context_set(context, "on", "2", &error));
    assert_string_equal(corbel_context_get(copy, "on"), "1");
    assert_string_equal(corbel_context_get_traceparent(copy), TRACE);
    assert_null(corbel_context_get(copy, "off"));
    assert_int_equal(corbel_context_set(NULL, "a", "b", &error), CORBEL_MISUSE);
    MUST(corbel_context_enter(copy, &error));
    assert_int_equal(corbel_context_set((corbel_context *)corbel_context_current(), "a", "b", &error), CORBEL_MISUSE);
    corbel_context_leave();
    corbel_context_unref(copy);
    corbel_context_unref(context);
    corbel_error_clear(&error);
}

/* ---- the log ---- */

static char logged[256];

static void log_line(void *user, const corbel_log_line *line)
{
    (void)user;
    const size_t len = strlen(logged);
    (void)snprintf(logged + len, sizeof logged - len, "%s[%s] %s\n", line->room, line->correlation, line->text);
}

static void lines_show_the_correlation_id(void **state)
{
    corbel_error error = CORBEL_ERROR_INIT;
    corbel_context *const context = made("a\nb", NULL, NULL, NULL);
    (void)state;
    MUST(corbel_log_set_levels("warning,teller=debug", &error));
    FOR_BOTH(self)
    {
        ctx_Teller *const carrying = with(self, context, NULL);
        char *line = NULL;
        logged[0] = '\0';
        MUST(corbel_log_set_sink(log_line, NULL, &error));
        tells(self, "||");
        tells(carrying, "a\nb||");
        MUST(ctx_Teller_pass(carrying, b.remote, ctx_by_begin, &line, &error));
        corbel_log(CORBEL_LOG_INFO, "teller", "here");
        MUST(corbel_context_enter(context, &error));
        corbel_log(CORBEL_LOG_INFO, "teller", "inside");
        corbel_context_leave();
        MUST(corbel_log_set_sink(NULL, NULL, &error));
        assert_string_equal(logged, "teller[] told\nteller[a\\x0ab] told\nteller[a\\x0ab] told\n"
                                    "teller[] here\nteller[a\\x0ab] inside\n");
        corbel_string_free(line);
        ctx_Teller_unref(carrying);
    }
    MUST(corbel_log_set_levels("warning", &error));
    corbel_context_unref(context);
}

/* ---- replies ---- */

static void servants_add_to_their_replies(void **state)
{
    corbel_error error = CORBEL_ERROR_INIT;
    (void)state;
    FOR_BOTH(teller)
    {
        corbel_context *const reply = made("stays", NULL, "before", "x");
        ctx_Teller *const watched = with(teller, NULL, reply);
        MUST(ctx_Teller_answer(watched, "cost", "3", false, &error));
        assert_int_equal(corbel_context_count(reply), 1);
        assert_string_equal(corbel_context_get(reply, "cost"), "3");
        MUST(ctx_Teller_hear(watched, &error)); /* a oneway has no answer */
        assert_int_equal(corbel_context_count(reply), 1);
        assert_int_equal(ctx_Teller_answer(watched, "cost", "4", true, &error), CORBEL_REFUSED);
        assert_string_equal(corbel_context_get(reply, "cost"), "4");
        tells(watched, "||");
        assert_int_equal(corbel_context_count(reply), 0);
        corbel_call *const call = ctx_Teller_answer_begin(watched, "cost", "5", false);
        assert_int_equal(corbel_context_count(reply), 0);
        MUST(ctx_Teller_answer_finish(call, &error));
        assert_string_equal(corbel_context_get(reply, "cost"), "5");
        corbel_call_drop(ctx_Teller_answer_begin(watched, "cost", "6", false));
        assert_string_equal(corbel_context_get(reply, "cost"), "5");
        ctx_Teller_unref(watched);
        corbel_context_unref(reply);
    }
    corbel_error_clear(&error);
}

static void replies_go_no_further(void **state)
{
    corbel_error error = CORBEL_ERROR_INIT;
    (void)state;
    FOR_BOTH(teller)
    {
        corbel_context *const reply = corbel_context_new();
        ctx_Teller *const watched = with(teller, NULL, reply);
        char *line = NULL;
        MUST(ctx_Teller_answer_through(watched, b.remote, "cost", "3", &line, &error)); /* b's answer comes over a relay */
        assert_string_equal(line, "||cost=3");
        assert_int_equal(corbel_context_count(reply), 0);
        corbel_string_free(line);
        ctx_Teller_unref(watched);
        corbel_context_unref(reply);
    }
}

/* ---- limits ---- */

static void repeat(char *out, char c, size_t n)
{
    memset(out, c, n);
    out[n] = '\0';
}

static void what_is_set_is_checked(void **state)
{
    corbel_error error = CORBEL_ERROR_INIT;
    corbel_context *const context = corbel_context_new();
    char text[CORBEL_CONTEXT_MAX_BYTES + 2];
    (void)state;
    repeat(text, 'n', CORBEL_CONTEXT_MAX_NAME);
    MUST(corbel_context_set(context, text, "v", &error));
    repeat(text, 'n', CORBEL_CONTEXT_MAX_NAME + 1);
    assert_int_equal(corbel_context_set(context, text, "v", &error), CORBEL_LIMIT);
    assert_int_equal(corbel_context_set_here(context, text, "v", &error), CORBEL_LIMIT);
    repeat(text, 'v', CORBEL_CONTEXT_MAX_BYTES);
    MUST(corbel_context_set(context, "n", text, &error));
    repeat(text, 'v', CORBEL_CONTEXT_MAX_BYTES + 1);
    assert_int_equal(corbel_context_set(context, "n", text, &error), CORBEL_LIMIT);
    assert_int_equal(corbel_context_set(context, "", "v", &error), CORBEL_INVALID_ARGUMENT);
    assert_int_equal(corbel_context_set(context, NULL, "v", &error), CORBEL_INVALID_ARGUMENT);
    assert_int_equal(corbel_context_set(context, "\xff", "v", &error), CORBEL_INVALID_ARGUMENT);
    assert_int_equal(corbel_context_set(context, "n", "\xc0\x80", &error), CORBEL_INVALID_ARGUMENT);
    repeat(text, 'c', CORBEL_CONTEXT_MAX_CORRELATION);
    MUST(corbel_context_set_correlation(context, text, &error));
    repeat(text, 'c', CORBEL_CONTEXT_MAX_CORRELATION + 1);
    assert_int_equal(corbel_context_set_correlation(context, text, &error), CORBEL_LIMIT);
    assert_int_equal(corbel_context_set_correlation(context, "\xed\xa0\x80", &error), CORBEL_INVALID_ARGUMENT);
    assert_int_equal(strlen(corbel_context_get_correlation(context)), CORBEL_CONTEXT_MAX_CORRELATION);
    corbel_context_unref(context);
    corbel_error_clear(&error);
}

/** A context with n values, and one more, so that it takes so many bytes in all. */
static corbel_context *sized(size_t n, size_t bytes)
{
    corbel_error error = CORBEL_ERROR_INIT;
    corbel_context *const context = made("c", NULL, NULL, NULL); /* 3 bytes */
    size_t left = bytes - 3;
    char name[32], text[CORBEL_CONTEXT_MAX_BYTES + 1];
    for (size_t i = 1; i < n; i++) {
        (void)snprintf(name, sizeof name, "%04zu", i);
        MUST(corbel_context_set(context, name, "", &error)); /* 2 + 6 bytes */
        left -= 8;
    }
    /* 1 + 3 for the value's length, 2 + 1 for its name, 1 + 2 or 3 for its text's */
    repeat(text, 'v', left - (left > 128 ? 1 + 2 + 3 + 3 : 1 + 1 + 3 + 2));
    MUST(corbel_context_set(context, "v", text, &error));
    return context;
}

typedef struct limit_row {
    size_t values, bytes;
    corbel_status status;
} limit_row;

static void calls_are_held_to_the_limits(void **state)
{
    static const limit_row rows[] = {
        { 1, 8192, CORBEL_OK }, { 1, 8193, CORBEL_LIMIT }, { 64, 1024, CORBEL_OK }, { 65, 1024, CORBEL_LIMIT }
    };
    (void)state;
    assert_int_equal(LENGTH_OF(rows), 4);
    FOR_BOTH(teller)
    {
        for (size_t i = 0; i < LENGTH_OF(rows); i++) {
            corbel_error error = CORBEL_ERROR_INIT;
            corbel_context *const context = sized(rows[i].values, rows[i].bytes);
            ctx_Teller *const carrying = with(teller, context, NULL);
            char *line = NULL;
            assert_int_equal(ctx_Teller_tell(carrying, &line, &error), rows[i].status);
            if (rows[i].status != CORBEL_OK) {
                assert_int_equal(error.completion, CORBEL_COMPLETED_NO);
                assert_non_null(strstr(error.message, "context"));
                assert_int_equal(corbel_error_hops(&error), 0); /* it did not leave */
                assert_int_equal(ctx_Teller_hear(carrying, &error), rows[i].status);
            }
            corbel_string_free(line);
            corbel_error_clear(&error);
            ctx_Teller_unref(carrying);
            corbel_context_unref(context);
        }
    }
}

static void replies_are_held_to_the_limits(void **state)
{
    corbel_error error = CORBEL_ERROR_INIT;
    char text[8193];
    (void)state;
    repeat(text, 'v', 8192 - 9);
    FOR_BOTH(teller)
    {
        corbel_context *const reply = corbel_context_new();
        ctx_Teller *const watched = with(teller, NULL, reply);
        MUST(ctx_Teller_answer(watched, "v", text + 1, false, &error));
        assert_int_equal(strlen(corbel_context_get(reply, "v")), 8192 - 10);
        assert_int_equal(ctx_Teller_answer(watched, "v", text, false, &error), CORBEL_OK);
        assert_int_equal(ctx_Teller_answer(watched, "vw", text, false, &error), CORBEL_LIMIT);
        assert_int_equal(error.completion, CORBEL_COMPLETED_YES);
        assert_int_equal(corbel_context_count(reply), 0);
        assert_int_equal(ctx_Teller_answer(watched, "", "x", false, &error), CORBEL_INVALID_ARGUMENT);
        ctx_Teller_unref(watched);
        corbel_context_unref(reply);
    }
    corbel_error_clear(&error);
}

/** A peer that takes less refuses by itself. */
static void a_smaller_peer_refuses(void **state)
{
    static const limit_row rows[] = {
        { 1, 200, CORBEL_OK }, { 1, 201, CORBEL_LIMIT }, { 3, 100, CORBEL_OK }, { 4, 100, CORBEL_LIMIT }
    };
    corbel_limits limits = CORBEL_LIMITS_INIT;
    corbel_runtime_options options = CORBEL_RUNTIME_OPTIONS_INIT;
    place small;
    (void)state;
    limits.max_context = 200;
    limits.max_context_values = 3;
    options.limits = &limits;
    place_start(&small, &options, NULL);
    assert_int_equal(LENGTH_OF(rows), 4);
    for (size_t i = 0; i < LENGTH_OF(rows); i++) {
        corbel_error error = CORBEL_ERROR_INIT;
        corbel_context *const context = sized(rows[i].values, rows[i].bytes);
        ctx_Teller *const carrying = with(small.remote, context, NULL);
        char *line = NULL;
        assert_int_equal(ctx_Teller_tell(carrying, &line, &error), rows[i].status);
        assert_int_equal(error.completion, CORBEL_COMPLETED_NO);
        assert_true(rows[i].status == CORBEL_OK || strstr(error.message, "context") != NULL);
        corbel_string_free(line);
        corbel_error_clear(&error);
        ctx_Teller_unref(carrying);
        corbel_context_unref(context);
    }
    tells(small.remote, "||"); /* the session is whole */
    place_end(&small);
}

/** And one that gives more with its answer than is taken here. */
static void a_smaller_caller_refuses(void **state)
{
    corbel_error error = CORBEL_ERROR_INIT;
    corbel_limits limits = CORBEL_LIMITS_INIT;
    corbel_runtime_options options = CORBEL_RUNTIME_OPTIONS_INIT;
    corbel_runtime *small = NULL;
    ctx_Teller *teller = NULL;
    corbel_context *const reply = corbel_context_new();
    char *uri = NULL;
    char text[301];
    (void)state;
    limits.max_context = 200;
    options.limits = &limits;
    MUST(corbel_runtime_new(&options, &small, &error));
    MUST(corbel_daemon_uri(a.daemon, "teller", &uri, &error));
    MUST(ctx_Teller_from_uri(small, uri, &teller, &error));
    ctx_Teller *const watched = with(teller, NULL, reply);
    repeat(text, 'v', 300);
    MUST(ctx_Teller_answer(watched, "v", "x", false, &error));
    assert_int_equal(ctx_Teller_answer(watched, "v", text, false, &error), CORBEL_LIMIT);
    assert_int_equal(error.completion, CORBEL_COMPLETED_YES);
    assert_int_equal(ctx_Teller_answer(watched, "v", text, true, &error), CORBEL_REFUSED); /* an error is told, whatever came */
    MUST(ctx_Teller_answer(watched, "v", "x", false, &error));
    assert_string_equal(corbel_context_get(reply, "v"), "x");
    ctx_Teller_unref(watched);
    ctx_Teller_unref(teller);
    corbel_runtime_unref(small);
    corbel_context_unref(reply);
    corbel_string_free(uri);
    corbel_error_clear(&error);
}

/* ---- what no honest process sends ---- */

typedef struct hostile_row {
    const char *what, *correlation, *name, *value;
    corbel_status status;
} hostile_row;

static void the_servant_is_not_entered_with_a_bad_context(void **state)
{
    static const hostile_row rows[] = {
        { "an id that is no text", "\xff", "n", "v", CORBEL_INVALID_ARGUMENT },
        { "a name that is no text", "c", "\xc3", "v", CORBEL_INVALID_ARGUMENT },
        { "a value that is no text", "c", "n", "\xed\xa0\x80", CORBEL_INVALID_ARGUMENT },
        { "no name", "c", "", "v", CORBEL_INVALID_ARGUMENT },
    };
    (void)state;
    assert_int_equal(LENGTH_OF(rows), 4);
    FOR_BOTH(teller)
    {
        for (size_t i = 0; i < LENGTH_OF(rows); i++) {
            const hostile_row *const row = &rows[i];
            corbel_error error = CORBEL_ERROR_INIT;
            corbel_context *const context = crb_carried_new();
            assert_true(crb_carried_put_correlation(context, row->correlation, strlen(row->correlation)));
            assert_true(crb_carried_put(context, row->name, strlen(row->name), row->value, strlen(row->value), CRB_CARRIED_ON));
            ctx_Teller *const carrying = with(teller, context, NULL);
            char *line = NULL;
            if (ctx_Teller_tell(carrying, &line, &error) != row->status) {
                fail_msg("%s: %s", row->what, error.message);
            }
            assert_int_equal(error.completion, CORBEL_COMPLETED_NO);
            assert_non_null(strstr(error.message, "context"));
            assert_int_equal(corbel_error_hops(&error), 1); /* it is refused where the object is */
            assert_int_equal(ctx_Teller_answer(carrying, "a", "b", false, &error), row->status);
            tells(teller, "||");
            corbel_error_clear(&error);
            ctx_Teller_unref(carrying);
            corbel_context_unref(context);
        }
    }
}

/* ---- who calls ---- */

static void the_caller_is_known(void **state)
{
    corbel_error error = CORBEL_ERROR_INIT;
    char listen[64];
    place local;
    uint32_t uid = 9, gid = 9, pid = 9;
    char *address = NULL;
    (void)state;
    MUST(ctx_Teller_caller(a.remote, &uid, &gid, &pid, &address, &error));
    assert_true(strncmp(address, "127.0.0.1:", 10) == 0 || strncmp(address, "[::1]:", 6) == 0);
    assert_int_equal(pid, 0);
    corbel_string_free(address);

    (void)snprintf(listen, sizeof listen, "unix:@corbel-context-test-%ld", (long)getpid());
    place_start(&local, NULL, listen);
    char expected[64];
    (void)snprintf(expected, sizeof expected, "unix (pid %ld, uid %lu)", (long)getpid(), (unsigned long)getuid());
    MUST(ctx_Teller_caller(local.remote, &uid, &gid, &pid, &address, &error));
    assert_string_equal(address, expected);
    assert_int_equal(uid, getuid());
    assert_int_equal(gid, getgid());
    assert_int_equal(pid, getpid());
    corbel_string_free(address);
    place_end(&local);

    pid = 0;
    MUST(ctx_Teller_caller(a.object, &uid, &gid, &pid, &address, &error));
    assert_string_equal(address, "this process");
    assert_int_equal(uid, getuid());
    assert_int_equal(pid, getpid());
    corbel_string_free(address);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_call_carries_nothing_by_itself),
        cmocka_unit_test(references_carry_what_their_context_had),
        cmocka_unit_test(a_correlation_id_is_drawn_where_none_is_set),
        cmocka_unit_test(threads_enter_and_leave),
        cmocka_unit_test(an_operation_takes_what_it_entered_with_it),
        cmocka_unit_test(nested_calls_carry_it_on),
        cmocka_unit_test(a_servant_adds_for_those_it_calls),
        cmocka_unit_test(a_request_s_context_is_copied_for_another_thread),
        cmocka_unit_test(lines_show_the_correlation_id),
        cmocka_unit_test(servants_add_to_their_replies),
        cmocka_unit_test(replies_go_no_further),
        cmocka_unit_test(what_is_set_is_checked),
        cmocka_unit_test(calls_are_held_to_the_limits),
        cmocka_unit_test(replies_are_held_to_the_limits),
        cmocka_unit_test(a_smaller_peer_refuses),
        cmocka_unit_test(a_smaller_caller_refuses),
        cmocka_unit_test(the_servant_is_not_entered_with_a_bad_context),
        cmocka_unit_test(the_caller_is_known),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
