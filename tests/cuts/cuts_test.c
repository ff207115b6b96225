/** Runs over real connections, each cut at a random byte after its session is up: no plain call runs twice, and each is told the
 * truth. cuts_test RUNS [SEED] */
#include "tests/cuts/cutter.h"
#include "tests/cuts/ledger.h"
#include "tests/daemon/probe.h"

#include "runtime/transport/scripted.h" /* its random numbers */

#include <corbel/corbel.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

enum { CALLS_IN_RUN = 400, LOAD = 60000, TRIES = 200 };

static uint64_t runs = 100, seed = 1;

/** A server, a client, and what stands between them. */
typedef struct rig {
    uint64_t random;
    ledger ledger;
    corbel_runtime *server, *client;
    corbel_daemon *daemon;
    cuts_Counter *object, *counter;
    cuts_Sink *sink;
    cutter *between;
    uint64_t cut;
    _Atomic uint64_t seen[4]; /* by interceptors: before the client's calls, before the server's operations; after them */
    probe_event completed;    /* callbacks */
    uint64_t callbacks;
} rig;

static uint64_t pick(rig *r, uint64_t n)
{
    return crb_scripted_random(&r->random) % n;
}

static corbel_status seen_before(void *self, corbel_intercepted *call)
{
    (void)call;
    atomic_fetch_add((_Atomic uint64_t *)self, 1);
    return CORBEL_OK;
}

/** The counter of after() stands two behind that of before(). */
static void seen_after(void *self, corbel_intercepted *call)
{
    (void)call;
    atomic_fetch_add((_Atomic uint64_t *)self + 2, 1);
}

static void rig_intercept(rig *r)
{
    corbel_error error = CORBEL_ERROR_INIT;
    corbel_interceptor seen = CORBEL_INTERCEPTOR_INIT;
    seen.before = seen_before;
    seen.after = seen_after;
    MUST(corbel_runtime_intercept_calls(r->client, &seen, &r->seen[0], &error));
    MUST(corbel_runtime_intercept_requests(r->server, &seen, &r->seen[1], &error));
}

static void rig_start(rig *r, const char *listen)
{
    corbel_error error = CORBEL_ERROR_INIT;
    char *uri = NULL, text[256];
    memset(r, 0, sizeof *r);
    r->random = seed;
    probe_event_init(&r->completed);
    ledger_init(&r->ledger, (size_t)(runs + 10) * CALLS_IN_RUN);
    MUST(corbel_runtime_new(NULL, &r->server, &error));
    MUST(corbel_runtime_new(NULL, &r->client, &error));
    MUST(corbel_daemon_new(r->server, listen, &r->daemon, &error));
    r->object = ledger_counter_new(r->server, &r->ledger);
    MUST(corbel_daemon_register(r->daemon, "counter", cuts_Counter_as_object(r->object), &error));
    MUST(corbel_daemon_uri(r->daemon, "counter", &uri, &error));
    r->between = cutter_new(strchr(uri, '@') + 1);
    (void)snprintf(text, sizeof text, "corbel:counter@%s", cutter_address(r->between));
    corbel_string_free(uri);
    MUST(cuts_Counter_from_uri(r->client, text, &r->counter, &error));
    r->sink = ledger_sink_new(r->client, &r->ledger);
}

/** All threads have ended afterwards. */
static void rig_stop(rig *r)
{
    assert_true(probe_event_wait(&r->completed, r->callbacks));
    cuts_Counter_unref(r->counter);
    cuts_Sink_unref(r->sink);
    corbel_runtime_unref(r->client);
    cuts_Counter_unref(r->object);
    corbel_daemon_unref(r->daemon);
    corbel_runtime_unref(r->server);
    cutter_free(r->between);
    assert_int_equal(probe_event_count(&r->completed), r->callbacks);
}

/* ---- calls ---- */

static const uint8_t load_bytes[LOAD];

static corbel_bytes some_load(rig *r)
{
    return (corbel_bytes) { .len = (size_t)pick(r, pick(r, 16) == 0 ? LOAD : 300), .items = load_bytes };
}

/** CORBEL_OK also checks what came back. */
static void told_plain(rig *r, uint64_t number, corbel_status status, corbel_bytes *result, size_t len, corbel_error *error)
{
    ledger_tell(&r->ledger, number, status, error);
    if (status == CORBEL_OK) {
        assert_int_equal(result->len, len);
        corbel_bytes_clear(result);
    }
    corbel_error_clear(error);
}

static bool act_sync(rig *r, cuts_Counter *on)
{
    corbel_error error = CORBEL_ERROR_INIT;
    corbel_bytes result = { 0 };
    const uint64_t number = ledger_next(&r->ledger, LEDGER_PLAIN);
    const corbel_bytes load = some_load(r);
    const corbel_status status = cuts_Counter_plain(on, number, load, &result, &error);
    told_plain(r, number, status, &result, load.len, &error);
    return status == CORBEL_OK;
}

static void act_raises(rig *r)
{
    corbel_error error = CORBEL_ERROR_INIT;
    const uint64_t number = ledger_next(&r->ledger, LEDGER_PLAIN);
    const corbel_status status = cuts_Counter_wrong(r->counter, number, &error);
    assert_true(status != CORBEL_OK);
    assert_true(status != CORBEL_RAISED || cuts_Wrong_of(&error)->number == number);
    ledger_tell(&r->ledger, number, status, &error);
    corbel_error_clear(&error);
}

/** A oneway is told that it went, or that it did not. */
static void act_oneway(rig *r)
{
    corbel_error error = CORBEL_ERROR_INIT;
    const uint64_t number = ledger_next(&r->ledger, LEDGER_PLAIN);
    const corbel_status status = cuts_Counter_tell(r->counter, number, &error);
    if (status != CORBEL_OK) {
        ledger_tell(&r->ledger, number, status, &error);
    }
    corbel_error_clear(&error);
}

enum { TOGETHER = 6 };

/** Begun together, on counter or in a batch, and finished in whatever order. */
static void act_begun(rig *r, cuts_Counter *on, corbel_batch *batch)
{
    corbel_call *calls[TOGETHER] = { NULL };
    uint64_t numbers[TOGETHER];
    size_t lens[TOGETHER];
    const size_t n = 1 + (size_t)pick(r, TOGETHER), first = (size_t)pick(r, n);
    corbel_error error = CORBEL_ERROR_INIT;
    for (size_t i = 0; i < n; i++) {
        const corbel_bytes load = some_load(r);
        numbers[i] = ledger_next(&r->ledger, LEDGER_PLAIN);
        lens[i] = load.len;
        calls[i] = cuts_Counter_plain_begin(on, numbers[i], load);
    }
    if (batch != NULL) {
        const corbel_status status = corbel_batch_run(batch, &error);
        assert_int_equal(status, error.status);
        corbel_error_clear(&error);
    }
    for (size_t i = 0; i < n; i++) {
        const size_t k = (first + i) % n;
        corbel_bytes result = { 0 };
        const corbel_status status = cuts_Counter_plain_finish(calls[k], &result, &error);
        told_plain(r, numbers[k], status, &result, lens[k], &error);
    }
}

static void act_batch(rig *r)
{
    corbel_batch *const batch =
        corbel_batch_new(r->client, pick(r, 2) == 0 ? CORBEL_BATCH_STOP_AT_FIRST_ERROR : CORBEL_BATCH_CONTINUE);
    corbel_options options = CORBEL_OPTIONS_INIT;
    options.batch = batch;
    cuts_Counter *const on = cuts_Counter_with(r->counter, &options);
    act_begun(r, on, batch);
    cuts_Counter_unref(on);
    corbel_batch_unref(batch);
}

/** What a callback needs. */
typedef struct waiting {
    rig *r;
    uint64_t number;
    size_t len;
} waiting;

static void completed(corbel_call *call, void *user)
{
    waiting *const w = user;
    corbel_error error = CORBEL_ERROR_INIT;
    corbel_bytes result = { 0 };
    const corbel_status status = cuts_Counter_plain_finish(call, &result, &error);
    told_plain(w->r, w->number, status, &result, w->len, &error);
    probe_event_add(&w->r->completed, 1);
    free(w);
}

static void act_callback(rig *r)
{
    const corbel_bytes load = some_load(r);
    waiting *const w = malloc(sizeof *w);
    assert_non_null(w);
    *w = (waiting) { r, ledger_next(&r->ledger, LEDGER_PLAIN), load.len };
    r->callbacks++;
    corbel_call_on_done(cuts_Counter_plain_begin(r->counter, w->number, load), completed, w);
}

static void act_promise(rig *r)
{
    cuts_Counter *const promise = cuts_Counter_me_promise(r->counter, ledger_next(&r->ledger, LEDGER_PLAIN));
    if (pick(r, 2) == 0) {
        act_sync(r, promise);
    } else {
        act_begun(r, promise, NULL);
    }
    cuts_Counter_unref(promise);
}

static void act_back(rig *r)
{
    corbel_error error = CORBEL_ERROR_INIT;
    const uint64_t number = ledger_next(&r->ledger, LEDGER_PLAIN), nested = ledger_next(&r->ledger, LEDGER_PLAIN);
    ledger_tell(&r->ledger, number, cuts_Counter_back(r->counter, number, r->sink, nested, &error), &error);
    corbel_error_clear(&error);
}

static void act_pour(rig *r)
{
    corbel_error error = CORBEL_ERROR_INIT;
    corbel_uint64_stream *to = NULL, *from = NULL;
    const uint64_t number = ledger_next(&r->ledger, LEDGER_PLAIN), n = pick(r, 40);
    corbel_call *const call = cuts_Counter_pour_begin(r->counter, number, &to, &from);
    uint64_t item = 0, came = 0;
    for (uint64_t i = 0; i < n && corbel_uint64_stream_put(to, i); i++) {
    }
    corbel_uint64_stream_end(to);
    while (corbel_uint64_stream_next(from, &item)) {
        assert_int_equal(item, came);
        came++;
    }
    const corbel_status status = cuts_Counter_pour_finish(call, &error);
    assert_true(status != CORBEL_OK || came == n);
    ledger_tell(&r->ledger, number, status, &error);
    corbel_error_clear(&error);
}

static void act(rig *r)
{
    switch (pick(r, 10)) {
    case 0:
        act_raises(r);
        break;
    case 1:
        act_oneway(r);
        break;
    case 2:
        act_batch(r);
        break;
    case 3:
        act_callback(r);
        break;
    case 4:
        act_promise(r);
        break;
    case 5:
        act_back(r);
        break;
    case 6:
        act_pour(r);
        break;
    case 7:
        act_begun(r, r->counter, NULL);
        break;
    default:
        act_sync(r, r->counter);
        break;
    }
}

/* ---- runs ---- */

/** Until a call succeeds: then a session is up. */
static void reach(rig *r)
{
    int tries = 0;
    while (!act_sync(r, r->counter)) {
        assert_true(++tries < TRIES);
    }
}

static void run(rig *r)
{
    reach(r);
    const uint64_t before = r->ledger.n;
    cutter_arm(r->between, (cutter_direction)pick(r, 2), pick(r, pick(r, 8) == 0 ? LOAD : 4000), pick(r, 2) == 0);
    while (!cutter_has_cut(r->between) && r->ledger.n < before + CALLS_IN_RUN / 2) {
        act(r);
    }
    r->cut += !cutter_disarm(r->between);
}

static void plain_calls(const char *listen, bool intercepted)
{
    rig r;
    ledger_sums sums;
    rig_start(&r, listen);
    if (intercepted) {
        rig_intercept(&r);
    }
    for (uint64_t i = 0; i < runs; i++) {
        run(&r);
    }
    rig_stop(&r);
    ledger_check(&r.ledger, &sums);
    printf("%llu runs, %llu cut, %llu calls\n", (unsigned long long)runs, (unsigned long long)r.cut,
           (unsigned long long)r.ledger.n);
    ledger_print(&sums);
    assert_int_equal(r.cut, runs);
    /* It was a real doubt: of those that were told MAYBE some ran and some did not. */
    const uint64_t *const maybe = sums.calls[LEDGER_PLAIN][LEDGER_MAYBE];
    assert_true(runs < 40 || (maybe[0] > 0 && maybe[1] > 0));
    for (int i = 0; i < 2; i++) { /* each is seen to its end, once */
        const uint64_t before = atomic_load(&r.seen[i]);
        assert_int_equal(before, atomic_load(&r.seen[i + 2]));
        assert_true(before >= (intercepted ? runs : 0));
    }
    ledger_free(&r.ledger);
}

static void plain_calls_over_tcp(void **state)
{
    (void)state;
    plain_calls("127.0.0.1:0", false);
}

static void intercepted_calls(void **state)
{
    (void)state;
    plain_calls("127.0.0.1:0", true);
}

static void plain_calls_over_a_unix_socket(void **state)
{
    char listen[64];
    (void)state;
    (void)snprintf(listen, sizeof listen, "unix:@corbel-cuts-%d", (int)getpid());
    plain_calls(listen, false);
}

int main(int argc, char **argv)
{
    corbel_error error = CORBEL_ERROR_INIT;
    MUST(corbel_log_set_levels("warning,session=off", &error)); /* thousands of lines about what is wanted here */
    runs = argc > 1 ? strtoull(argv[1], NULL, 10) : runs;
    seed = argc > 2 ? strtoull(argv[2], NULL, 10) : seed;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plain_calls_over_tcp),
        cmocka_unit_test(plain_calls_over_a_unix_socket),
        cmocka_unit_test(intercepted_calls),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
