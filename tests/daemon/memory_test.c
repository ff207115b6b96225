/* Every allocation of ours fails once around runtimes, daemons and calls, on whatever thread it is: no crash, no hang, no leak, a
 * clear status, and finalize runs exactly once. (gRPC's own allocations do not fail here: it aborts when they do.) */
#include "probe.h"
#include "runtime/transport/io.h"
#include "tests/runtime/support/alloc_fail.h"
#include "tests/runtime/support/test.h"

#include <corbel/daemon.h>
#include <corbel/dynamic.h>

#include <stdlib.h>
#include <string.h>

/** Takes what a step says: false ends the run. Whatever fails must say that there is no memory. */
static bool went(corbel_status status, corbel_error *error)
{
    if (status != CORBEL_OK && status != CORBEL_NO_MEMORY) {
        (void)corbel_error_print(error, stderr);
        fail_msg("%s instead of NO_MEMORY", corbel_status_name(status));
    }
    assert_true(status == CORBEL_OK || error->status == status);
    corbel_error_clear(error);
    return status == CORBEL_OK;
}

static alloc_outcome run_runtime(void)
{
    corbel_error error = CORBEL_ERROR_INIT;
    corbel_runtime *runtime = NULL;
    if (!went(corbel_runtime_new(NULL, &runtime, &error), &error)) {
        assert_null(runtime);
        return ALLOC_REFUSED;
    }
    corbel_runtime_unref(runtime);
    return ALLOC_DONE;
}

/** An object of one's own, called in its own process. */
static alloc_outcome run_object(void)
{
    corbel_error error = CORBEL_ERROR_INIT;
    corbel_runtime *runtime = NULL;
    probe_listener_state state;
    probe_listener_init(&state);
    bool whole = went(corbel_runtime_new(NULL, &runtime, &error), &error);
    if (whole) {
        int32_t sum = 0;
        probe_Listener *const listener = probe_listener_new(runtime, &state);
        assert_non_null(listener);
        whole = went(probe_Listener_add(listener, 40, 2, &sum, &error), &error);
        assert_int_equal(sum, whole ? 42 : 0);
        probe_Listener_unref(listener);
        assert_true(probe_event_wait(&state.finalized, 1));
        corbel_runtime_unref(runtime);
        assert_int_equal(state.finalized.count, 1);
    }
    return whole ? ALLOC_DONE : ALLOC_REFUSED;
}

static alloc_outcome run_daemon(void)
{
    corbel_error error = CORBEL_ERROR_INIT;
    corbel_runtime *runtime = NULL;
    corbel_daemon *daemon = NULL;
    bool whole = went(corbel_runtime_new(NULL, &runtime, &error), &error);
    whole = whole && went(corbel_daemon_new(runtime, "127.0.0.1:0", &daemon, &error), &error);
    corbel_daemon_unref(daemon);
    corbel_runtime_unref(runtime);
    return whole ? ALLOC_DONE : ALLOC_REFUSED;
}

/** The same of a call to another runtime: what fails there may also end the session. */
static bool pair_went(corbel_status status, corbel_error *error)
{
    if (status == CORBEL_GONE || status == CORBEL_UNREACHABLE) {
        assert_int_equal(error->status, status);
        corbel_error_clear(error);
        return false;
    }
    return went(status, error);
}

static bool pair_calls(probe_Listener *remote)
{
    corbel_error error = CORBEL_ERROR_INIT;
    static char text[100000];
    int32_t sum = 0;
    memset(text, 'x', sizeof text - 1);
    if (!pair_went(probe_Listener_add(remote, 40, 2, &sum, &error), &error)) {
        return false;
    }
    assert_int_equal(sum, 42);
    const corbel_status status = probe_Listener_raise_it(remote, text, &error);
    if (status != CORBEL_RAISED) {
        assert_int_not_equal(status, CORBEL_OK);
        return pair_went(status, &error);
    }
    /* Its status stands, also where there was no memory for its value. */
    const probe_Refused *const refused = probe_Refused_of(&error);
    const bool whole = refused != NULL;
    assert_true(!whole || strcmp(refused->why, text) == 0);
    corbel_error_clear(&error);
    return whole;
}

typedef struct pair {
    corbel_runtime *server, *client;
    corbel_daemon *daemon;
    probe_Listener *object, *remote;
    char *uri;
    probe_listener_state state;
} pair;

/** False: something had no memory. */
static bool pair_start(pair *p)
{
    corbel_error error = CORBEL_ERROR_INIT;
    memset(p, 0, sizeof *p);
    probe_listener_init(&p->state);
    if (!went(corbel_runtime_new(NULL, &p->server, &error), &error) ||
        !went(corbel_runtime_new(NULL, &p->client, &error), &error) ||
        !went(corbel_daemon_new(p->server, "127.0.0.1:0", &p->daemon, &error), &error)) {
        return false;
    }
    p->object = probe_listener_new(p->server, &p->state);
    return went(corbel_daemon_register(p->daemon, "listener", probe_Listener_as_object(p->object), &error), &error) &&
           went(corbel_daemon_uri(p->daemon, "listener", &p->uri, &error), &error) &&
           pair_went(probe_Listener_from_uri(p->client, p->uri, &p->remote, &error), &error);
}

static void pair_end(pair *p)
{
    probe_Listener_unref(p->remote);
    corbel_runtime_unref(p->client);
    corbel_daemon_unref(p->daemon);
    if (p->object != NULL) {
        probe_Listener_unref(p->object);
        assert_true(probe_event_wait(&p->state.finalized, 1));
    }
    corbel_string_free(p->uri);
    corbel_runtime_unref(p->server);
    assert_int_equal(p->state.finalized.count, p->object != NULL);
}

static alloc_outcome run_session(void)
{
    pair p;
    const bool whole = pair_start(&p) && pair_calls(p.remote);
    pair_end(&p);
    return whole ? ALLOC_DONE : ALLOC_REFUSED;
}

/** Begun and run together, the second raises; over the session, then in one's own process. */
static bool batch_calls(corbel_runtime *runtime, probe_Listener *listener)
{
    corbel_error error = CORBEL_ERROR_INIT;
    corbel_options options = CORBEL_OPTIONS_INIT;
    corbel_batch *const batch = corbel_batch_new(runtime, CORBEL_BATCH_STOP_AT_FIRST_ERROR);
    options.batch = batch;
    probe_Listener *const batched = probe_Listener_with(listener, &options);
    int32_t sum = 0;
    corbel_call *const first = probe_Listener_add_begin(batched, 40, 2);
    corbel_call *const second = probe_Listener_raise_it_begin(batched, "no");
    corbel_call *const third = probe_Listener_add_begin(batched, 1, 1);
    const corbel_status ran = corbel_batch_run(batch, &error);
    /* Without memory for the reference the batch is empty. */
    bool whole = ran == CORBEL_RAISED ? probe_Refused_of(&error) != NULL : pair_went(ran, &error) && false;
    corbel_error_clear(&error);
    whole = pair_went(probe_Listener_add_finish(first, &sum, &error), &error) && whole;
    assert_true(sum == 42 || !whole);
    const corbel_status raised = probe_Listener_raise_it_finish(second, &error);
    if (raised == CORBEL_RAISED) {
        whole = probe_Refused_of(&error) != NULL && whole;
        corbel_error_clear(&error);
    } else {
        assert_int_not_equal(raised, CORBEL_OK);
        whole = (raised == CORBEL_SKIPPED || pair_went(raised, &error)) && false;
        corbel_error_clear(&error);
    }
    const corbel_status skipped = probe_Listener_add_finish(third, NULL, &error);
    assert_int_not_equal(skipped, CORBEL_OK);
    whole = skipped == CORBEL_SKIPPED ? whole : pair_went(skipped, &error);
    corbel_error_clear(&error);
    probe_Listener_unref(batched);
    corbel_batch_unref(batch);
    return whole;
}

static alloc_outcome run_batch(void)
{
    pair p;
    const bool whole = pair_start(&p) && batch_calls(p.client, p.remote) && batch_calls(p.server, p.object);
    pair_end(&p);
    return whole ? ALLOC_DONE : ALLOC_REFUSED;
}

/** self: where to; NULL: answered here. */
static corbel_status raw_handle(void *self, corbel_request *request)
{
    static const uint8_t sum[] = { 0x08, 84 };
    if (self != NULL) {
        return corbel_request_pass(request, self);
    }
    if (corbel_request_arguments(request) == NULL) {
        return CORBEL_NO_MEMORY;
    }
    return corbel_request_reply_raw(request, &(corbel_message) { .body = { sizeof sum, sum } });
}

static void raw_finalize(void *self)
{
    corbel_object_unref(self);
}

/** By name, with JSON, of an object that passes it on to one that answers undecoded. */
static alloc_outcome run_dynamic(void)
{
    corbel_error error = CORBEL_ERROR_INIT;
    corbel_runtime *server = NULL, *client = NULL;
    corbel_daemon *daemon = NULL;
    corbel_object *remote = NULL, *answers = NULL, *passes = NULL;
    char *uri = NULL, *result = NULL;
    bool whole = went(corbel_runtime_new(NULL, &server, &error), &error) &&
                 went(corbel_runtime_new(NULL, &client, &error), &error) &&
                 went(corbel_daemon_new(server, "127.0.0.1:0", &daemon, &error), &error);
    if (whole) {
        answers = corbel_raw_new(server, &probe_Probe_interface, 0, raw_handle, NULL, NULL);
        passes = corbel_raw_new(server, NULL, CORBEL_RAW_EVERYTHING, raw_handle, corbel_object_ref(answers), raw_finalize);
        whole = went(corbel_daemon_register(daemon, "passes", passes, &error), &error) &&
                went(corbel_daemon_uri(daemon, "passes", &uri, &error), &error) &&
                pair_went(corbel_object_from_uri(client, NULL, uri, &remote, &error), &error) &&
                pair_went(corbel_json_call(remote, &probe_Probe_interface, "add", "{\"a\":40,\"b\":2}", &result, &error), &error);
    }
    assert_true(whole == (result != NULL) && (!whole || strcmp(result, "{\"ret\":42}") == 0));
    corbel_string_free(result);
    corbel_string_free(uri);
    corbel_object_unref(remote);
    corbel_object_unref(passes);
    corbel_object_unref(answers);
    corbel_runtime_unref(client);
    corbel_daemon_unref(daemon);
    corbel_runtime_unref(server);
    return whole ? ALLOC_DONE : ALLOC_REFUSED;
}

static const alloc_case cases[] = {
    { "a runtime", 3, run_runtime, false },
    { "an object and a call in its own process", 10, run_object, true },
    { "a daemon", 5, run_daemon, true },
    { "calls across a session", 60, run_session, true },
    { "a call by name, passed on", 60, run_dynamic, true },
    { "batches", 60, run_batch, true },
};

static void every_allocation_fails_once(void **state)
{
    (void)state;
    assert_int_equal(LENGTH_OF(cases), 6);
    alloc_fail_cases(cases, LENGTH_OF(cases));
}

/** gRPC comes up once: the two descriptors that it keeps from then on are not ours. */
static int set_up(void **state)
{
    (void)state;
    if (crb_io_acquire(NULL) != CORBEL_OK) {
        return -1;
    }
    crb_io_release();
    return 0;
}

int main(void)
{
    (void)setenv("CORBEL_LOG", "error", 1); /* each session that ends says so */
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_allocation_fails_once),
    };
    return cmocka_run_group_tests(tests, set_up, NULL);
}
