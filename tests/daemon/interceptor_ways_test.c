/** Interceptors around every way of calling: each test is a way, named as in ways.idl. A client calls an object of a second
 * runtime, which calls that way an object of a third over a session of its own, one of its own process, and the third's once more
 * by a reference that it got from the client, who passes those calls on. There is one interceptor on each side of each runtime;
 * each sees each call once, before and after; and what it adds to the context the servant sees. */
#include "ways.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#define LENGTH_OF(array) (sizeof(array) / sizeof *(array))
enum { SEEN = 16 };

/** What an interceptor saw of one operation. */
typedef struct sight {
    char operation[16];
    unsigned before, after;
    corbel_status status; /* the worst */
    bool oneway, stream;
} sight;

typedef struct spy {
    const char *adds; /* a name to the context, with the value "1"; NULL: nothing */
    pthread_mutex_t lock;
    pthread_cond_t changed;
    sight seen[SEEN];
    size_t n;
} spy;

static corbel_runtime *client;
static ways_place a, b;
static ways_Place *first, *seconds[3];
/* By runtime, the caller's side and the servant's. */
static spy client_out = { .adds = NULL }, client_in = { .adds = "client" }, a_out = { .adds = "out" }, a_in = { .adds = "in" },
           b_out = { .adds = "out" }, b_in = { .adds = "in" };
static spy *const spies[] = { &client_out, &client_in, &a_out, &a_in, &b_out, &b_in };

/** Under the lock. */
static sight *spy_sight(spy *self, const corbel_intercepted *call)
{
    const char *const operation = corbel_intercepted_operation(call);
    for (size_t i = 0; i < self->n; i++) {
        if (strcmp(self->seen[i].operation, operation) == 0) {
            return &self->seen[i];
        }
    }
    assert_true(self->n < SEEN);
    sight *const new = &self->seen[self->n++];
    memset(new, 0, sizeof *new);
    (void)snprintf(new->operation, sizeof new->operation, "%s", operation);
    new->oneway = corbel_intercepted_is_oneway(call);
    new->stream = corbel_intercepted_is_stream(call);
    return new;
}

static corbel_status spy_before(void *user, corbel_intercepted *call)
{
    corbel_error error = CORBEL_ERROR_INIT;
    spy *const self = user;
    assert_string_equal(corbel_intercepted_interface(call), "ways::Place");
    pthread_mutex_lock(&self->lock);
    spy_sight(self, call)->before++;
    pthread_mutex_unlock(&self->lock);
    *corbel_intercepted_data(call) = self;
    if (self->adds != NULL) {
        MUST(corbel_context_set(corbel_intercepted_context(call), self->adds, "1", &error));
    }
    return CORBEL_OK;
}

static void spy_after(void *user, corbel_intercepted *call)
{
    spy *const self = user;
    assert_ptr_equal(*corbel_intercepted_data(call), self);
    pthread_mutex_lock(&self->lock);
    sight *const seen = spy_sight(self, call);
    seen->after++;
    if (corbel_intercepted_status(call) != CORBEL_OK) {
        seen->status = corbel_intercepted_status(call);
    }
    pthread_cond_broadcast(&self->changed);
    pthread_mutex_unlock(&self->lock);
}

static const corbel_interceptor spying = { sizeof spying, spy_before, spy_after, NULL };

static void spy_on(corbel_runtime *runtime, spy *out, spy *in)
{
    corbel_error error = CORBEL_ERROR_INIT;
    MUST(corbel_runtime_intercept_calls(runtime, &spying, out, &error));
    MUST(corbel_runtime_intercept_requests(runtime, &spying, in, &error));
}

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
    for (size_t i = 0; i < LENGTH_OF(spies); i++) {
        pthread_mutex_init(&spies[i]->lock, NULL);
        pthread_cond_init(&spies[i]->changed, NULL);
    }
    MUST(corbel_runtime_new(NULL, &client, &error));
    ways_place_start(&a);
    ways_place_start(&b);
    first = at_client(a.uris[0]);
    for (size_t i = 0; i < LENGTH_OF(seconds); i++) {
        seconds[i] = at_client(b.uris[i]);
    }
    spy_on(client, &client_out, &client_in);
    spy_on(a.runtime, &a_out, &a_in);
    spy_on(b.runtime, &b_out, &b_in);
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

/** It has seen the operation n times, before and after, with that status, and what kind of call it is; then that is forgotten. */
static void sees_end(spy *self, const char *operation, unsigned n, corbel_status status)
{
    static const char *const streams[] = { "lines", "words", "echo" };
    struct timespec end;
    int problem = 0;
    sight got = { .before = 0 };
    clock_gettime(CLOCK_REALTIME, &end);
    end.tv_sec += 20 * probe_slow;
    pthread_mutex_lock(&self->lock);
    for (;;) {
        size_t i = 0;
        while (i < self->n && strcmp(self->seen[i].operation, operation) != 0) {
            i++;
        }
        if (i < self->n && self->seen[i].after >= n) {
            got = self->seen[i];
            self->seen[i] = self->seen[--self->n];
            break;
        }
        if (problem != 0) {
            break;
        }
        problem = pthread_cond_timedwait(&self->changed, &self->lock, &end);
    }
    pthread_mutex_unlock(&self->lock);
    bool stream = false;
    for (size_t i = 0; i < LENGTH_OF(streams); i++) {
        stream = stream || strcmp(streams[i], operation) == 0;
    }
    if (got.before != n || got.after != n) {
        fail_msg("%s was seen %u times before and %u after, not %u", operation, got.before, got.after, n);
    }
    assert_int_equal(got.status, status);
    assert_int_equal(got.oneway, strcmp(operation, "hear") == 0);
    assert_int_equal(got.stream, stream);
}

static void sees(spy *self, const char *operation, unsigned n)
{
    sees_end(self, operation, n, CORBEL_OK);
}

/** How often who serves sees an operation: passing on is a call of its own to whom it is passed on. */
static bool is_forwarded(ways_Way how)
{
    return how >= ways_to_forwarder;
}

static void way_at(const ways_row *row, size_t column)
{
    corbel_error error = CORBEL_ERROR_INIT;
    corbel_options options = CORBEL_OPTIONS_INIT;
    corbel_context *const context = corbel_context_new();
    char *line = NULL, *noted = NULL;
    spy *const served = column == 1 ? &a_in : &b_in;
    MUST(corbel_context_set_correlation(context, "id", &error));
    options.context = context;
    ways_Place *const carrying = ways_Place_with(first, &options);
    if (column == 2) {
        MUST(ways_Place_go(carrying, row->how, seconds[0], seconds[1], seconds[2], &line, &error));
    } else {
        char **const uris = column == 0 ? b.uris : a.uris;
        MUST(ways_Place_go_uri(carrying, row->how, uris[0], uris[1], uris[2], &line, &error));
    }
    assert_string_equal(line, "id||in=1");
    MUST(ways_Place_noted(column == 1 ? first : seconds[0], ways_count(row), &noted, &error));
    ways_expect(row, noted, "id||in=1,out=1");
    sees(&client_out, column == 2 ? "go" : "go_uri", 1);
    sees(&a_in, column == 2 ? "go" : "go_uri", 1);
    sees(&client_out, "noted", 1);
    sees(served, "noted", 1);
    char operation[16];
    for (const char *at = row->noted; *at != '\0'; at = strchr(at, ' ') + 1) {
        const size_t len = strcspn(at, " ");
        const bool again = strncmp(at, at + len + 1, len + 1) == 0; /* the same twice */
        const bool from_servant = row->how == ways_by_deferred_call && strncmp(at, "tell", len) == 0;
        (void)snprintf(operation, sizeof operation, "%.*s", (int)len, at);
        sees(from_servant && column != 1 ? &b_out : &a_out, operation, again ? 2 : 1);
        sees(served, operation, again || is_forwarded(row->how) ? 2 : 1);
        at += again ? len + 1 : 0;
    }
    for (size_t i = 0; i < LENGTH_OF(spies); i++) { /* nobody saw anything else; who passes on saw nothing */
        pthread_mutex_lock(&spies[i]->lock);
        const size_t n = spies[i]->n;
        pthread_mutex_unlock(&spies[i]->lock);
        assert_int_equal(n, 0);
    }
    corbel_string_free(line);
    ways_Place_unref(carrying);
    corbel_context_unref(context);
}

static void way(void **state)
{
    for (size_t column = 0; column < 3; column++) {
        way_at(*state, column);
    }
}

/** What a promise's call came to is told as soon as it is known, while the promise lives. */
static void promises_that_fail(void **state)
{
    ways_Place *const from[] = { first, a.object };
    spy *const out[] = { &client_out, &a_out };
    (void)state;
    for (size_t i = 0; i < 20; i++) {
        ways_Place *const promised = ways_Place_missing_promise(from[i % 2]);
        sees_end(out[i % 2], "missing", 1, CORBEL_NOT_FOUND);
        sees_end(&a_in, "missing", 1, CORBEL_NOT_FOUND);
        ways_Place_unref(promised);
    }
}

int main(void)
{
    struct CMUnitTest tests[ways_n_ways + 1];
    tests[ways_n_ways] = (struct CMUnitTest)cmocka_unit_test(promises_that_fail);
    for (size_t i = 0; i < ways_n_ways; i++) {
        if (ways_n_rows != ways_n_ways || ways_rows[i].how != (ways_Way)i) {
            (void)fprintf(stderr, "there is no row for %s\n", ways_Way_to_string((ways_Way)i));
            return 1;
        }
        tests[i] = (struct CMUnitTest) { .name = ways_Way_to_string((ways_Way)i),
                                         .test_func = way,
                                         .initial_state = (void *)(uintptr_t)&ways_rows[i] };
    }
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
