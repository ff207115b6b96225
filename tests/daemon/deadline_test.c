/** Deadlines: where they come from, that nested calls inherit them, that nobody stretches them. */
#include "nest.h"
#include "timed.corbel.h"

#include <corbel/batch.h>
#include <corbel/dynamic.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

/* ---- a servant with deadlines ---- */

static _Atomic uint32_t noted;
static probe_event notes, go_on;
static uint64_t gone_on; /* one call at a time */

static corbel_status timed_left(void *self, corbel_request *request, uint32_t *ret)
{
    (void)self;
    *ret = corbel_request_remaining_ms(request);
    return CORBEL_OK;
}

static corbel_status timed_note(void *self, corbel_request *request)
{
    (void)self;
    atomic_store(&noted, corbel_request_remaining_ms(request));
    probe_event_add(&notes, 1);
    return CORBEL_OK;
}

static uint32_t most(uint32_t a, uint32_t b)
{
    return a > b ? a : b;
}

/** What is left for calls that are made with references that would allow more. */
static corbel_status timed_most_left_of(void *self, corbel_request *request, timed_Timed *there, uint32_t *ret)
{
    corbel_error error = CORBEL_ERROR_INIT;
    corbel_options options = CORBEL_OPTIONS_INIT;
    uint32_t left[4] = { 0 };
    (void)self;
    options.deadline_ms = 3600000;
    timed_Timed *const long_one = timed_Timed_with(there, &options);
    MUST(timed_Timed_left_longer(there, &left[0], &error));
    MUST(timed_Timed_left(long_one, &left[1], &error));
    MUST(timed_Timed_left_longer_finish(timed_Timed_left_longer_begin(long_one), &left[2], &error));
    corbel_batch *const batch = corbel_batch_new(corbel_request_runtime(request), CORBEL_BATCH_CONTINUE);
    options.batch = batch;
    timed_Timed *const batched = timed_Timed_with(there, &options);
    corbel_call *const call = timed_Timed_left_longer_begin(batched);
    MUST(corbel_batch_run(batch, &error));
    MUST(timed_Timed_left_longer_finish(call, &left[3], &error));
    corbel_batch_unref(batch);
    const uint64_t before = probe_event_count(&notes);
    MUST(timed_Timed_note(long_one, &error));
    if (!probe_event_wait(&notes, before + 1)) {
        abort();
    }
    *ret = most(most(left[0], left[1]), most(most(left[2], left[3]), atomic_load(&noted)));
    timed_Timed_unref(batched);
    timed_Timed_unref(long_one);
    return CORBEL_OK;
}

static corbel_status timed_wait(void *self, corbel_request *request, uint32_t *ret)
{
    struct pollfd cancelled = { .fd = corbel_request_cancel_fd(request), .events = POLLIN };
    const uint64_t from = nest_now_us();
    (void)self;
    if (poll(&cancelled, 1, 20000 * (int)probe_slow) != 1 || !corbel_request_cancelled(request)) {
        abort();
    }
    *ret = (uint32_t)((nest_now_us() - from) / 1000);
    probe_event_add(&notes, 1);
    return probe_event_wait(&go_on, ++gone_on) ? CORBEL_OK : CORBEL_FAILED; /* its result comes after the deadline */
}

static corbel_status timed_trickle(void *self, corbel_request *request, uint32_t every_ms, uint32_t n, corbel_uint8_stream *ret)
{
    const struct timespec pause = { every_ms / 1000, (long)(every_ms % 1000) * 1000000 };
    (void)self;
    for (uint32_t i = 0; i < n && !corbel_request_cancelled(request); i++) {
        nanosleep(&pause, NULL); /* a peer that is slow is what this is about */
        if (!corbel_uint8_stream_put(ret, (uint8_t)i)) {
            return CORBEL_CANCELLED;
        }
    }
    return CORBEL_OK;
}

static _Atomic int32_t trickled; /* how reading it ended */

static corbel_status timed_read_trickle(void *self, corbel_request *request, timed_Timed *there, uint32_t every_ms, uint32_t *ret)
{
    corbel_error error = CORBEL_ERROR_INIT;
    corbel_options options = CORBEL_OPTIONS_INIT;
    corbel_uint8_stream *items = NULL;
    uint8_t item = 0;
    (void)self;
    (void)request;
    options.deadline_ms = 60000;
    timed_Timed *const patient = timed_Timed_with(there, &options);
    corbel_call *const call = timed_Timed_trickle_begin(patient, every_ms, 250, &items);
    *ret = 0;
    while (corbel_uint8_stream_next(items, &item)) {
        ++*ret;
    }
    const corbel_status status = timed_Timed_trickle_finish(call, &error);
    timed_Timed_unref(patient);
    atomic_store(&trickled, (int32_t)status);
    corbel_error_clear(&error);
    probe_event_add(&notes, 1);
    return status;
}

static const timed_Timed_servant servant = {
    .left = timed_left,
    .left_longer = timed_left,
    .get_left_to_read = timed_left,
    .note = timed_note,
    .most_left_of = timed_most_left_of,
    .wait = timed_wait,
    .trickle = timed_trickle,
    .read_trickle = timed_read_trickle,
};
static const timed_Heir_servant heir_servant = { .left = timed_left, .left_by_default = timed_left };

static corbel_runtime *server, *client;
static corbel_daemon *daemon_;
/* Across a session, and in the server's own process. */
static timed_Timed *timed[2];
static timed_Heir *heir;

static int set_up(void **state)
{
    corbel_error error = CORBEL_ERROR_INIT;
    char *uri = NULL;
    corbel_runtime_options options = CORBEL_RUNTIME_OPTIONS_INIT;
    (void)state;
    probe_event_init(&notes);
    probe_event_init(&go_on);
    MUST(corbel_runtime_new(NULL, &server, &error));
    MUST(corbel_daemon_new(server, NULL, &daemon_, &error));
    timed[1] = timed_Timed_new(server, &servant, NULL, NULL);
    heir = timed_Heir_new(server, &heir_servant, NULL, NULL);
    MUST(corbel_daemon_register(daemon_, "timed", timed_Timed_as_object(timed[1]), &error));
    MUST(corbel_object_to_uri(timed_Timed_as_object(timed[1]), &uri, &error));
    options.default_deadline_ms = 90000;
    MUST(corbel_runtime_new(&options, &client, &error));
    MUST(timed_Timed_from_uri(client, uri, &timed[0], &error));
    corbel_string_free(uri);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    timed_Timed_unref(timed[0]);
    timed_Timed_unref(timed[1]);
    timed_Heir_unref(heir);
    corbel_runtime_unref(client);
    corbel_daemon_unref(daemon_);
    corbel_runtime_unref(server);
    return 0;
}

/** What is left is at most that, and not much less. */
static void must_be_of(uint32_t left, uint32_t deadline)
{
    assert_in_range(left, deadline / 2, deadline);
}

/** The reference's before the operation's or its interface's, that before the runtime's. */
static void where_it_comes_from(void **state)
{
    corbel_error error = CORBEL_ERROR_INIT;
    corbel_options options = CORBEL_OPTIONS_INIT;
    uint32_t left = 0;
    (void)state;
    options.deadline_ms = 10000;
    for (size_t i = 0; i < 2; i++) {
        timed_Timed *const hasty = timed_Timed_with(timed[i], &options);
        MUST(timed_Timed_left(timed[i], &left, &error));
        must_be_of(left, 40000);
        MUST(timed_Timed_left_longer(timed[i], &left, &error));
        must_be_of(left, 70000);
        MUST(timed_Timed_get_left_to_read(timed[i], &left, &error));
        must_be_of(left, 60000);
        const uint64_t before = probe_event_count(&notes);
        MUST(timed_Timed_note(timed[i], &error));
        assert_true(probe_event_wait(&notes, before + 1));
        must_be_of(atomic_load(&noted), 80000);
        MUST(timed_Timed_left_longer_finish(timed_Timed_left_longer_begin(timed[i]), &left, &error));
        must_be_of(left, 70000);
        MUST(timed_Timed_left_longer(hasty, &left, &error));
        must_be_of(left, 10000);
        timed_Timed_unref(hasty);
    }
    MUST(timed_Heir_left(heir, &left, &error)); /* of the interface that declares it */
    must_be_of(left, 40000);
    MUST(timed_Heir_left_by_default(heir, &left, &error));
    must_be_of(left, 30000);
}

static void by_name(void **state)
{
    corbel_error error = CORBEL_ERROR_INIT;
    char *reply = NULL;
    (void)state;
    MUST(corbel_json_call(timed_Timed_as_object(timed[0]), NULL, "left_longer", "{}", &reply, &error));
    const char *const digits = strpbrk(reply, "0123456789");
    assert_non_null(digits);
    must_be_of((uint32_t)strtoul(digits, NULL, 10), 70000); /* its description tells it */
    corbel_string_free(reply);
}

static void batches(void **state)
{
    corbel_error error = CORBEL_ERROR_INIT;
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        corbel_options options = CORBEL_OPTIONS_INIT;
        uint32_t left = 0;
        options.batch = corbel_batch_new(i == 0 ? client : server, CORBEL_BATCH_CONTINUE);
        timed_Timed *const batched = timed_Timed_with(timed[i], &options);
        corbel_call *const call = timed_Timed_left_longer_begin(batched);
        MUST(corbel_batch_run(options.batch, &error));
        MUST(timed_Timed_left_longer_finish(call, &left, &error));
        must_be_of(left, 70000);
        timed_Timed_unref(batched);
        corbel_batch_unref(options.batch);
    }
}

/** Nested calls have what their operation has left, however much their references would allow. */
static void nested_calls_inherit(void **state)
{
    corbel_error error = CORBEL_ERROR_INIT;
    (void)state;
    for (size_t i = 0; i < 4; i++) {
        uint32_t left = 0;
        MUST(timed_Timed_most_left_of(timed[i / 2], timed[i % 2], &left, &error));
        must_be_of(left, 20000);
    }
}

static void it_ends_the_call(void **state)
{
    corbel_error error = CORBEL_ERROR_INIT;
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        const uint64_t before = probe_event_count(&notes);
        const uint64_t from = nest_now_us();
        uint32_t took = 0;
        corbel_call *const call = timed_Timed_wait_begin(timed[i]);
        assert_int_equal(timed_Timed_wait_finish(call, &took, &error), CORBEL_DEADLINE);
        assert_in_range(nest_now_us() - from, 149000, 5000000u * probe_slow);
        assert_true(probe_event_wait(&notes, before + 1)); /* the servant has seen it, too */
        probe_event_add(&go_on, 1);
    }
    corbel_error_clear(&error);
}

/** Items that come often enough each do not keep a stream beyond the deadline of the operation that reads it. */
static void a_trickle_does_not_stretch_it(void **state)
{
    corbel_error error = CORBEL_ERROR_INIT;
    corbel_options options = CORBEL_OPTIONS_INIT;
    (void)state;
    options.deadline_ms = 300;
    for (size_t i = 0; i < 4; i++) {
        timed_Timed *const outer = timed_Timed_with(timed[i / 2], &options);
        const uint64_t before = probe_event_count(&notes);
        const uint64_t from = nest_now_us();
        uint32_t n = 0;
        assert_int_equal(timed_Timed_read_trickle(outer, timed[i % 2], 20, &n, &error), CORBEL_DEADLINE);
        assert_true(probe_event_wait(&notes, before + 1));
        assert_in_range(nest_now_us() - from, 299000, 10000000u * probe_slow);
        assert_int_equal(atomic_load(&trickled), CORBEL_DEADLINE);
        timed_Timed_unref(outer);
    }
    corbel_error_clear(&error);
}

/** deadline_test [TEST]: that one alone. */
int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(where_it_comes_from),
        cmocka_unit_test(by_name),
        cmocka_unit_test(batches),
        cmocka_unit_test(nested_calls_inherit),
        cmocka_unit_test(it_ends_the_call),
        cmocka_unit_test(a_trickle_does_not_stretch_it),
    };
    if (argc > 1) {
        cmocka_set_test_filter(argv[1]);
    }
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
