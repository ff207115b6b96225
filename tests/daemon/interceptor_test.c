/** Interceptors around calls, at the caller, at the servant, and at both in one process. */
#include "teller.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#define LENGTH_OF(array) (sizeof(array) / sizeof *(array))
enum { PATIENCE_S = 60 };

static void must(corbel_status status, corbel_error *error, const char *what)
{
    if (status != CORBEL_OK) {
        (void)fprintf(stderr, "%s: %s\n", what, corbel_status_name(status));
        corbel_error_print(error, stderr);
        fail();
    }
}
#define MUST(call) must((call), &error, #call)

/* ---- what was seen ---- */

static pthread_mutex_t seen_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t seen_changed = PTHREAD_COND_INITIALIZER;
static char seen[4096];

static void see(const char *format, const char *name, const char *more)
{
    pthread_mutex_lock(&seen_lock);
    const size_t len = strlen(seen);
    (void)snprintf(seen + len, sizeof seen - len, format, name, more);
    pthread_cond_broadcast(&seen_changed);
    pthread_mutex_unlock(&seen_lock);
}

/** Waits until it has been seen, and forgets it. */
static void expect_seen(const char *expected)
{
    struct timespec end;
    clock_gettime(CLOCK_REALTIME, &end);
    end.tv_sec += PATIENCE_S;
    pthread_mutex_lock(&seen_lock);
    int problem = 0;
    while (strlen(seen) < strlen(expected) && problem == 0) {
        problem = pthread_cond_timedwait(&seen_changed, &seen_lock, &end);
    }
    char got[sizeof seen];
    memcpy(got, seen, sizeof got);
    seen[0] = '\0';
    pthread_mutex_unlock(&seen_lock);
    assert_string_equal(got, expected);
}

static void forget_seen(void)
{
    pthread_mutex_lock(&seen_lock);
    seen[0] = '\0';
    pthread_mutex_unlock(&seen_lock);
}

/** The same, whatever it was. */
static void expect_seen_bytes(size_t n)
{
    struct timespec end;
    clock_gettime(CLOCK_REALTIME, &end);
    end.tv_sec += PATIENCE_S;
    pthread_mutex_lock(&seen_lock);
    int problem = 0;
    while (strlen(seen) < n && problem == 0) {
        problem = pthread_cond_timedwait(&seen_changed, &seen_lock, &end);
    }
    const size_t len = strlen(seen);
    seen[0] = '\0';
    pthread_mutex_unlock(&seen_lock);
    assert_int_equal(len, n);
}

/* ---- an interceptor that does as it is told ---- */

typedef struct spy {
    const char *name;
    _Atomic bool quiet;            /* sees nothing */
    _Atomic corbel_status refuses; /* CORBEL_OK: not */
    _Atomic bool wordless;         /* … without a message */
    _Atomic bool slow;             /* does not return before the deadline */
    const char *adds;              /* to the context, with its name as the value */
    const char *replies;           /* the servant's side: adds to the reply, in after() */
    ctx_Teller *calls;             /* from inside of both */
    _Atomic unsigned before, after, finalized;
    corbel_status status; /* what after() was told */
    uint64_t elapsed_us;
    uint64_t had_us; /* until the deadline, when it began to be slow */
    char object[64], told[128], reply[64];
    bool oneway;
} spy;

static void spy_calls(spy *self)
{
    corbel_error error = CORBEL_ERROR_INIT;
    char *line = NULL;
    if (self->calls != NULL) {
        MUST(ctx_Teller_tell(self->calls, &line, &error));
        corbel_string_free(line);
        corbel_call *const call = ctx_Teller_tell_begin(self->calls);
        MUST(ctx_Teller_tell_finish(call, &line, &error));
        corbel_string_free(line);
    }
}

static corbel_status spy_before(void *user, corbel_intercepted *call)
{
    spy *const self = user;
    corbel_error error = CORBEL_ERROR_INIT;
    atomic_fetch_add(&self->before, 1);
    if (!self->quiet) {
        see("%s+%s ", self->name, "");
    }
    assert_null(*corbel_intercepted_data(call));
    *corbel_intercepted_data(call) = self;
    assert_string_equal(corbel_intercepted_interface(call), "ctx::Teller");
    pthread_mutex_lock(&seen_lock); /* several calls may be here at once */
    (void)snprintf(self->object, sizeof self->object, "%s", corbel_intercepted_object(call));
    self->oneway = corbel_intercepted_is_oneway(call);
    pthread_mutex_unlock(&seen_lock);
    assert_false(corbel_intercepted_is_stream(call));
    if (self->adds != NULL) {
        MUST(corbel_context_set(corbel_intercepted_context(call), self->adds, self->name, &error));
    }
    spy_calls(self);
    if (self->slow) {
        pthread_mutex_lock(&seen_lock);
        self->had_us = UINT64_C(1000) * corbel_intercepted_remaining_ms(call);
        pthread_mutex_unlock(&seen_lock);
    }
    while (self->slow && corbel_intercepted_remaining_ms(call) > 0) {
        nanosleep(&(struct timespec) { .tv_nsec = 1000000 }, NULL);
    }
    if (self->slow) {
        nanosleep(&(struct timespec) { .tv_nsec = 2000000 }, NULL); /* the last of its milliseconds */
    }
    if (self->refuses == CORBEL_OK || self->wordless) {
        return self->refuses;
    }
    return corbel_intercepted_refuse(call, self->refuses, "%s does not like %s", self->name, corbel_intercepted_operation(call));
}

static void spy_after(void *user, corbel_intercepted *call)
{
    spy *const self = user;
    assert_ptr_equal(*corbel_intercepted_data(call), self);
    const corbel_status status = corbel_intercepted_status(call);
    pthread_mutex_lock(&seen_lock);
    self->status = status;
    self->elapsed_us = corbel_intercepted_elapsed_us(call);
    const corbel_error *const error = corbel_intercepted_error(call);
    (void)snprintf(self->told, sizeof self->told, "%s", error == NULL ? "" : error->message);
    const char *const reply = corbel_context_get(corbel_intercepted_reply(call), "from");
    (void)snprintf(self->reply, sizeof self->reply, "%s", reply == NULL ? "" : reply);
    pthread_mutex_unlock(&seen_lock);
    assert_int_equal(error == NULL ? CORBEL_OK : error->status, status);
    corbel_request *const request = corbel_intercepted_request(call);
    if (self->replies != NULL) {
        assert_int_equal(corbel_request_set_reply_value(request, "from", self->replies), CORBEL_OK);
    }
    spy_calls(self);
    atomic_fetch_add(&self->after, 1);
    if (!self->quiet) {
        see("%s-%s ", self->name, status == CORBEL_OK ? "" : corbel_status_name(status));
    }
}

static void spy_finalize(void *user)
{
    spy *const self = user;
    atomic_fetch_add(&self->finalized, 1);
}

static const corbel_interceptor spy_functions = { sizeof(corbel_interceptor), spy_before, spy_after, spy_finalize };

/* ---- two runtimes, two interceptors at each side ---- */

static corbel_runtime *client, *server;
static corbel_daemon *host;
static teller_state state_of_host;
static ctx_Teller *object, *remote;
static spy spies[4]; /* c1, c2 at the caller; s1, s2 at the servant */

static int set_up(void **state)
{
    static const char *const names[] = { "c1", "c2", "s1", "s2" };
    corbel_error error = CORBEL_ERROR_INIT;
    char *uri = NULL;
    (void)state;
    forget_seen();
    teller_init(&state_of_host);
    MUST(corbel_runtime_new(NULL, &client, &error));
    MUST(corbel_runtime_new(NULL, &server, &error));
    MUST(corbel_daemon_new(server, NULL, &host, &error));
    object = teller_new(server, &state_of_host);
    MUST(corbel_daemon_register(host, "teller", ctx_Teller_as_object(object), &error));
    MUST(corbel_daemon_uri(host, "teller", &uri, &error));
    MUST(ctx_Teller_from_uri(client, uri, &remote, &error));
    corbel_string_free(uri);
    for (size_t i = 0; i < LENGTH_OF(spies); i++) {
        memset(&spies[i], 0, sizeof spies[i]);
        spies[i].name = names[i];
        MUST(i < 2 ? corbel_runtime_intercept_calls(client, &spy_functions, &spies[i], &error)
                   : corbel_runtime_intercept_requests(server, &spy_functions, &spies[i], &error));
    }
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    ctx_Teller_unref(remote);
    corbel_daemon_unref(host);
    ctx_Teller_unref(object);
    corbel_runtime_unref(client);
    corbel_runtime_unref(server);
    teller_destroy(&state_of_host);
    for (size_t i = 0; i < LENGTH_OF(spies); i++) {
        assert_int_equal(atomic_load(&spies[i].finalized), 1);
    }
    return 0;
}

static void tells(ctx_Teller *self, const char *expected)
{
    corbel_error error = CORBEL_ERROR_INIT;
    char *line = NULL;
    MUST(ctx_Teller_tell(self, &line, &error));
    assert_string_equal(line, expected);
    corbel_string_free(line);
}

/** The caller's two, the servant's two. */
static void quiet(bool ours, bool theirs)
{
    for (size_t i = 0; i < LENGTH_OF(spies); i++) {
        spies[i].quiet = i < 2 ? ours : theirs;
    }
}

static void wait_after(size_t who, unsigned n)
{
    for (int i = 0; i < PATIENCE_S * 1000 && atomic_load(&spies[who].after) < n; i++) {
        nanosleep(&(struct timespec) { .tv_nsec = 1000000 }, NULL);
    }
    assert_int_equal(atomic_load(&spies[who].after), n);
}

/* ---- tests ---- */

static void the_chain_has_an_order(void **state)
{
    (void)state;
    tells(remote, "||");
    expect_seen("c1+ c2+ s1+ s2+ s2- s1- c2- c1- ");
    assert_string_equal(spies[0].object, "teller");
    assert_string_equal(spies[2].object, "teller");
    assert_false(spies[0].oneway);
}

static void calls_of_every_kind_are_seen(void **state)
{
    corbel_error error = CORBEL_ERROR_INIT;
    char *line = NULL;
    (void)state;
    quiet(true, false);
    MUST(ctx_Teller_hear(remote, &error));
    quiet(false, true);
    wait_after(2, 1);
    wait_after(3, 1);
    MUST(ctx_Teller_hear(remote, &error));
    expect_seen("c1+ c2+ c2- c1- ");
    wait_after(2, 2);
    quiet(false, false);
    assert_true(spies[0].oneway);
    assert_true(spies[2].oneway);

    corbel_call *call = ctx_Teller_tell_begin(remote);
    expect_seen("c1+ c2+ s1+ s2+ s2- s1- c2- c1- "); /* when it completes, whoever takes it and when */
    MUST(ctx_Teller_tell_finish(call, &line, &error));
    corbel_string_free(line);
    expect_seen("");

    corbel_batch *const batch = corbel_batch_new(client, CORBEL_BATCH_STOP_AT_FIRST_ERROR);
    corbel_options options = CORBEL_OPTIONS_INIT;
    options.batch = batch;
    ctx_Teller *const batched = ctx_Teller_with(remote, &options);
    call = ctx_Teller_tell_begin(batched);
    expect_seen("c1+ c2+ ");
    MUST(corbel_batch_run(batch, &error));
    expect_seen("s1+ s2+ s2- s1- c2- c1- ");
    MUST(ctx_Teller_tell_finish(call, &line, &error));
    corbel_string_free(line);
    ctx_Teller_unref(batched);
    corbel_batch_unref(batch);

    MUST(ctx_Teller_heard(remote, NULL, &error)); /* what was heard above */
    expect_seen("c1+ c2+ s1+ s2+ s2- s1- c2- c1- ");
    call = ctx_Teller_heard_begin(remote); /* waits for hear() */
    expect_seen("c1+ c2+ s1+ s2+ ");
    corbel_call_drop(call);
    expect_seen("c2-CANCELLED c1-CANCELLED ");
    quiet(false, true);
    options = (corbel_options)CORBEL_OPTIONS_INIT;
    options.overlap = true; /* it need not wait behind the one that waits for it */
    ctx_Teller *const beside = ctx_Teller_with(remote, &options);
    const unsigned served = atomic_load(&spies[2].after);
    MUST(ctx_Teller_hear(beside, &error)); /* lets it end */
    wait_after(2, served + 2);
    ctx_Teller_unref(beside);
    expect_seen("c1+ c2+ c2- c1- ");
    assert_int_equal(spies[0].before, spies[0].after);
}

static void objects_of_this_process_are_seen_on_both_sides(void **state)
{
    corbel_error error = CORBEL_ERROR_INIT;
    char *line = NULL;
    static spy local = { .name = "l" };
    (void)state;
    MUST(corbel_runtime_intercept_calls(server, &spy_functions, &local, &error));
    tells(object, "||");
    expect_seen("l+ s1+ s2+ s2- s1- l- ");
    corbel_call *call = ctx_Teller_tell_begin(object);
    MUST(ctx_Teller_tell_finish(call, &line, &error));
    corbel_string_free(line);
    expect_seen("l+ s1+ s2+ s2- s1- l- ");
    MUST(ctx_Teller_hear(object, &error));
    wait_after(2, 3);
    expect_seen_bytes(strlen("l+ s1+ s2+ s2- s1- l- ")); /* in an order that depends */
    corbel_call_drop(ctx_Teller_tell_begin(object));
}

typedef struct refusal_row {
    size_t who;
    corbel_status with;
    bool wordless;
    corbel_status status;
    const char *message, *seen;
} refusal_row;

static void each_side_may_refuse(void **state)
{
    static const refusal_row rows[] = {
        { 0, CORBEL_REFUSED, false, CORBEL_REFUSED, "c1 does not like tell", "c1+ " },
        { 1, CORBEL_OVERLOADED, false, CORBEL_OVERLOADED, "c2 does not like tell", "c1+ c2+ c1-OVERLOADED " },
        { 1, CORBEL_NOT_FOUND, true, CORBEL_NOT_FOUND, "ctx::Teller::tell was refused by an interceptor",
          "c1+ c2+ c1-NOT_FOUND " },
        { 1, CORBEL_RAISED, true, CORBEL_REFUSED, "ctx::Teller::tell was refused by an interceptor", "c1+ c2+ c1-REFUSED " },
        { 2, CORBEL_REFUSED, false, CORBEL_REFUSED, "s1 does not like tell", "c1+ c2+ s1+ c2-REFUSED c1-REFUSED " },
        { 3, CORBEL_REFUSED, false, CORBEL_REFUSED, "s2 does not like tell",
          "c1+ c2+ s1+ s2+ s1-REFUSED c2-REFUSED c1-REFUSED " },
        { 3, CORBEL_DEFERRED, true, CORBEL_REFUSED, "ctx::Teller::tell was refused by an interceptor",
          "c1+ c2+ s1+ s2+ s1-REFUSED c2-REFUSED c1-REFUSED " },
    };
    (void)state;
    assert_int_equal(LENGTH_OF(rows), 7);
    for (size_t i = 0; i < LENGTH_OF(rows); i++) {
        const refusal_row *const row = &rows[i];
        for (int begun = 0; begun < 2; begun++) {
            corbel_error error = CORBEL_ERROR_INIT;
            spies[row->who].refuses = row->with;
            spies[row->who].wordless = row->wordless;
            const corbel_status status = begun ? ctx_Teller_tell_finish(ctx_Teller_tell_begin(remote), NULL, &error)
                                               : ctx_Teller_tell(remote, NULL, &error);
            assert_int_equal(status, row->status);
            assert_int_equal(error.status, row->status);
            assert_int_equal(error.completion, CORBEL_COMPLETED_NO);
            assert_non_null(strstr(error.message, row->message));
            expect_seen(row->seen);
            spies[row->who].refuses = CORBEL_OK;
            corbel_error_clear(&error);
        }
    }
    tells(remote, "||");
}

static void a_oneway_is_refused_in_silence(void **state)
{
    corbel_error error = CORBEL_ERROR_INIT;
    (void)state;
    spies[3].refuses = CORBEL_REFUSED;
    quiet(true, false);
    MUST(ctx_Teller_hear(remote, &error));
    expect_seen("s1+ s2+ s1-REFUSED ");
    spies[1].refuses = CORBEL_REFUSED;
    assert_int_equal(ctx_Teller_hear(remote, &error), CORBEL_REFUSED);
    assert_int_equal(error.completion, CORBEL_COMPLETED_NO);
    corbel_error_clear(&error);
}

static void they_change_what_the_servant_sees(void **state)
{
    corbel_error error = CORBEL_ERROR_INIT;
    corbel_context *const context = corbel_context_new();
    corbel_options options = CORBEL_OPTIONS_INIT;
    char *line = NULL;
    (void)state;
    for (size_t i = 0; i < LENGTH_OF(spies); i++) {
        spies[i].adds = i % 2 == 0 ? "even" : "odd";
    }
    MUST(ctx_Teller_tell(remote, &line, &error));
    assert_int_equal(strspn(line, "0123456789abcdef"), 32); /* it carries something now: an id is drawn */
    assert_string_equal(line + 32, "||even=s1,odd=s2");
    corbel_string_free(line);
    spies[2].adds = spies[3].adds = NULL;
    MUST(corbel_context_set_correlation(context, "id", &error));
    MUST(corbel_context_set(context, "odd", "mine", &error));
    options.context = context;
    ctx_Teller *const carrying = ctx_Teller_with(remote, &options);
    tells(carrying, "id||even=c1,odd=c2");
    corbel_call *call = ctx_Teller_tell_begin(carrying);
    MUST(ctx_Teller_tell_finish(call, &line, &error));
    assert_string_equal(line, "id||even=c1,odd=c2");
    corbel_string_free(line);
    spies[0].adds = spies[1].adds = NULL;
    tells(carrying, "id||odd=mine");
    tells(remote, "||");
    spies[2].adds = "odd";
    MUST(ctx_Teller_pass(carrying, object, ctx_by_call, &line, &error)); /* and so do those that it calls */
    assert_string_equal(line, "id||odd=s1");
    corbel_string_free(line);
    ctx_Teller_unref(carrying);
    corbel_context_unref(context);
}

static void a_slow_one_takes_from_the_deadline(void **state)
{
    corbel_options options = CORBEL_OPTIONS_INIT;
    (void)state;
    tells(remote, "||"); /* the object is found now */
    forget_seen();
    options.deadline_ms = 30;
    for (size_t i = 0; i < LENGTH_OF(spies); i++) {
        ctx_Teller *const hurried = ctx_Teller_with(remote, &options);
        corbel_error error = CORBEL_ERROR_INIT;
        spies[i].slow = true;
        assert_int_equal(ctx_Teller_tell(hurried, NULL, &error), CORBEL_DEADLINE);
        assert_true(i >= 2 || error.completion == CORBEL_COMPLETED_NO);
        pthread_mutex_lock(&seen_lock);
        assert_true(spies[0].elapsed_us >= spies[i].had_us / 2); /* not at once; on a busy machine there may be little left */
        pthread_mutex_unlock(&seen_lock);
        spies[i].slow = false;
        corbel_error_clear(&error);
        ctx_Teller_unref(hurried);
    }
    assert_int_equal(spies[1].status, CORBEL_DEADLINE);
    forget_seen();
}

static void after_is_told_what_became_of_it(void **state)
{
    corbel_error error = CORBEL_ERROR_INIT;
    corbel_context *const reply = corbel_context_new();
    corbel_options options = CORBEL_OPTIONS_INIT;
    (void)state;
    assert_int_equal(ctx_Teller_answer(remote, "from", "the servant", true, &error), CORBEL_REFUSED);
    for (size_t i = 0; i < LENGTH_OF(spies); i++) {
        assert_int_equal(spies[i].status, CORBEL_REFUSED);
        assert_string_equal(spies[i].told, "as asked");
    }
    assert_string_equal(spies[0].reply, "the servant");
    assert_string_equal(spies[2].reply, "");
    spies[2].replies = "s1";
    MUST(ctx_Teller_answer(remote, "from", "the servant", false, &error));
    assert_string_equal(spies[0].reply, "s1"); /* the last word */
    options.reply = reply;
    ctx_Teller *const watched = ctx_Teller_with(remote, &options);
    MUST(ctx_Teller_answer(watched, "from", "the servant", false, &error));
    assert_string_equal(corbel_context_get(reply, "from"), "s1");
    assert_string_equal(spies[1].reply, "s1");
    spies[1].reply[0] = '\0';
    corbel_call *const call = ctx_Teller_answer_begin(watched, "from", "the servant", false);
    MUST(ctx_Teller_answer_finish(call, &error));
    assert_string_equal(spies[1].reply, "s1");
    ctx_Teller_unref(watched);
    corbel_context_unref(reply);
    corbel_error_clear(&error);
    forget_seen();
}

static void their_own_calls_are_not_intercepted(void **state)
{
    (void)state;
    spies[0].calls = remote; /* the servant's side sees those */
    tells(remote, "||");
    expect_seen("c1+ s1+ s2+ s2- s1- s1+ s2+ s2- s1- c2+ s1+ s2+ s2- s1- c2- s1+ s2+ s2- s1- s1+ s2+ s2- s1- c1- ");
    spies[0].calls = NULL;
    spies[2].calls = object; /* and here neither side */
    spies[3].calls = object;
    tells(remote, "||");
    expect_seen("c1+ c2+ s1+ s2+ s2- s1- c2- c1- ");
}

static void wrong_uses_are_told(void **state)
{
    corbel_error error = CORBEL_ERROR_INIT;
    corbel_interceptor nothing = CORBEL_INTERCEPTOR_INIT;
    (void)state;
    assert_int_equal(corbel_runtime_intercept_calls(client, NULL, NULL, &error), CORBEL_MISUSE);
    MUST(corbel_runtime_intercept_calls(client, &nothing, NULL, &error)); /* has no functions */
    MUST(corbel_runtime_intercept_requests(server, &nothing, NULL, &error));
    nothing.size = 0;
    assert_int_equal(corbel_runtime_intercept_requests(server, &nothing, NULL, &error), CORBEL_MISUSE);
    tells(remote, "||");
    corbel_error_clear(&error);
}

/* ---- many threads ---- */

enum { THREADS = 4, CALLS = 200 };

static void *hammer(void *argument)
{
    corbel_error error = CORBEL_ERROR_INIT;
    (void)argument;
    for (int i = 0; i < CALLS; i++) {
        if (i % 2 == 0) {
            MUST(ctx_Teller_tell(remote, NULL, &error));
        } else {
            corbel_call *const call = ctx_Teller_tell_begin(remote);
            MUST(ctx_Teller_tell_finish(call, NULL, &error));
        }
    }
    return NULL;
}

static void each_call_is_seen_once(void **state)
{
    pthread_t threads[THREADS];
    (void)state;
    for (size_t i = 0; i < LENGTH_OF(spies); i++) {
        spies[i].quiet = true;
    }
    for (size_t i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, hammer, NULL), 0);
    }
    for (size_t i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
    }
    for (size_t i = 0; i < LENGTH_OF(spies); i++) {
        assert_int_equal(atomic_load(&spies[i].before), THREADS * CALLS);
        assert_int_equal(atomic_load(&spies[i].after), THREADS * CALLS);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_chain_has_an_order),
        TEST(calls_of_every_kind_are_seen),
        TEST(objects_of_this_process_are_seen_on_both_sides),
        TEST(each_side_may_refuse),
        TEST(a_oneway_is_refused_in_silence),
        TEST(they_change_what_the_servant_sees),
        TEST(a_slow_one_takes_from_the_deadline),
        TEST(after_is_told_what_became_of_it),
        TEST(their_own_calls_are_not_intercepted),
        TEST(wrong_uses_are_told),
        TEST(each_call_is_seen_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
