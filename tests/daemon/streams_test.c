/** Streams end to end, between two runtimes and within one: order, ends from either side, exceptions, references, what they hold.
 */
#include "streamer.h"

#include "runtime/base/clock.h"
#include "runtime/call/peer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static streamer_pair pair;

static int set_up(void **state)
{
    (void)state;
    streamer_pair_start(&pair, NULL, NULL);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    streamer_pair_stop(&pair);
    return 0;
}

/** To an object in another process, in this one, and in a third one through the second. */
static corbel_object *ways(size_t i)
{
    return i == 0 ? pair.remote : i == 1 ? pair.local : pair.relayed;
}
#define WAYS 3
static const char *const way_names[] = { "remote", "in process", "through a relay" };

static void results(void **state)
{
    (void)state;
    for (size_t way = 0; way < WAYS; way++) {
        corbel_error error = CORBEL_ERROR_INIT;
        corbel_stream *stream = NULL;
        corbel_call *const call = streamer_begin_count(ways(way), 20000, false, &stream);
        uint64_t item = 0, n = 0;
        while (corbel_stream_next(stream, &corbel_uint64_type, &item)) {
            assert_int_equal(item, n);
            n++;
        }
        MUST(streamer_finish(call, &streamer_count, &error));
        assert_int_equal(n, 20000);
    }
}

static void arguments(void **state)
{
    (void)state;
    for (size_t way = 0; way < WAYS; way++) {
        corbel_error error = CORBEL_ERROR_INIT;
        corbel_stream *stream = NULL;
        uint64_t sum = 0;
        corbel_call *const call = streamer_begin_sum(ways(way), UINT64_MAX, &stream);
        for (uint64_t i = 0; i < 20000; i++) {
            assert_true(corbel_stream_put(stream, &corbel_uint64_type, &i));
        }
        MUST(streamer_finish_number(call, &streamer_sum, &sum, &error));
        assert_int_equal(sum, UINT64_C(20000) * 19999 / 2);
    }
}

static void both(void **state)
{
    (void)state;
    for (size_t way = 0; way < WAYS; way++) {
        corbel_error error = CORBEL_ERROR_INIT;
        corbel_stream *to = NULL, *from = NULL;
        corbel_call *const call = streamer_begin_twice(ways(way), &to, &from);
        uint64_t item = 0, read = 0;
        for (uint64_t i = 0; i < 1000; i++) {
            assert_true(corbel_stream_put(to, &corbel_uint64_type, &i));
            if (i >= 500) {
                assert_true(corbel_stream_next(from, &corbel_uint64_type, &item));
                assert_int_equal(item, 2 * read);
                read++;
            }
        }
        corbel_stream_end(to);
        while (corbel_stream_next(from, &corbel_uint64_type, &item)) {
            assert_int_equal(item, 2 * read);
            read++;
        }
        assert_int_equal(read, 1000);
        MUST(streamer_finish(call, &streamer_twice, &error));
    }
}

static void an_exception_in_mid_stream(void **state)
{
    (void)state;
    for (size_t way = 0; way < WAYS; way++) {
        corbel_error error = CORBEL_ERROR_INIT;
        corbel_stream *stream = NULL;
        corbel_call *const call = streamer_begin_count(ways(way), 3000, true, &stream);
        uint64_t item = 0, n = 0;
        while (corbel_stream_next(stream, &corbel_uint64_type, &item)) {
            n++;
        }
        assert_int_equal(n, 3000);
        assert_int_equal(streamer_finish(call, &streamer_count, &error), CORBEL_RAISED);
        const uint64_t *const after = corbel_error_raised(&error, &streamer_broken_type);
        assert_non_null(after);
        assert_int_equal(*after, 3000);
        corbel_error_clear(&error);
    }
}

/* ---- ends ---- */

/** Early, by _finish() and by dropping: the servant, who would go on for ever, is freed. */
static void the_reader_has_had_enough(void **state)
{
    (void)state;
    for (size_t way = 0; way < WAYS; way++) {
        for (int how = 0; how < 3; how++) {
            corbel_error error = CORBEL_ERROR_INIT;
            corbel_stream *stream = NULL;
            const uint64_t over = probe_event_count(&pair.state.over);
            corbel_call *const call = streamer_begin_count(ways(way), UINT64_MAX, false, &stream);
            uint64_t item = 0;
            for (uint64_t i = 0; i < 10; i++) {
                assert_true(corbel_stream_next(stream, &corbel_uint64_type, &item));
                assert_int_equal(item, i);
            }
            if (how == 0) {
                MUST(streamer_finish(call, &streamer_count, &error));
            } else if (how == 1) {
                corbel_call_drop(call);
            } else {
                corbel_stream_end(stream);
                assert_false(corbel_stream_next(stream, &corbel_uint64_type, &item));
                MUST(streamer_finish(call, &streamer_count, &error));
            }
            assert_true(probe_event_wait(&pair.state.over, over + 1));
        }
    }
}

/** A caller who drops his call is the end of it for a servant who waits for items, too: long before its deadline. */
static void the_writer_is_gone(void **state)
{
    (void)state;
    for (size_t way = 0; way < WAYS; way++) {
        corbel_stream *stream = NULL;
        const uint64_t begun = probe_event_count(&pair.state.begun), over = probe_event_count(&pair.state.over);
        corbel_call *const call = streamer_begin_sum(ways(way), UINT64_MAX, &stream);
        assert_true(probe_event_wait(&pair.state.begun, begun + 1));
        corbel_call_drop(call);
        assert_true(probe_event_wait(&pair.state.over, over + 1)); /* within 20 s, where a wait may take 30 */
    }
}

/** The servant reads some and returns: the writer's next puts fail, and _finish() has the result. */
static void the_servant_has_had_enough(void **state)
{
    (void)state;
    for (size_t way = 0; way < WAYS; way++) {
        corbel_error error = CORBEL_ERROR_INIT;
        corbel_stream *stream = NULL;
        uint64_t sum = 0, n = 0;
        corbel_call *const call = streamer_begin_sum(ways(way), 5, &stream);
        while (corbel_stream_put(stream, &corbel_uint64_type, &n)) {
            n++;
        }
        assert_true(n >= 5);
        MUST(streamer_finish_number(call, &streamer_sum, &sum, &error));
        assert_int_equal(sum, 0 + 1 + 2 + 3 + 4);
    }
}

/** Nothing is put or read at all. */
static void empty_streams(void **state)
{
    (void)state;
    for (size_t way = 0; way < WAYS; way++) {
        corbel_error error = CORBEL_ERROR_INIT;
        corbel_stream *stream = NULL, *other = NULL;
        uint64_t sum = 1, item = 0;
        corbel_call *call = streamer_begin_sum(ways(way), UINT64_MAX, &stream);
        MUST(streamer_finish_number(call, &streamer_sum, &sum, &error));
        assert_int_equal(sum, 0);
        call = streamer_begin_count(ways(way), 0, false, &stream);
        assert_false(corbel_stream_next(stream, &corbel_uint64_type, &item));
        assert_false(corbel_stream_next(stream, &corbel_uint64_type, &item));
        MUST(streamer_finish(call, &streamer_count, &error));
        call = streamer_begin_twice(ways(way), &stream, &other);
        MUST(streamer_finish(call, &streamer_twice, &error));
        call = streamer_begin_count(ways(way), 10, false, &stream);
        MUST(streamer_finish(call, &streamer_count, &error));
    }
}

/** A slow reader stops the writer: what is between them is bounded by the window and what waits to be sent. */
static void a_slow_reader_stops_the_writer(void **state)
{
    (void)state;
    for (size_t way = 0; way < WAYS; way++) {
        corbel_error error = CORBEL_ERROR_INIT;
        corbel_stream *stream = NULL;
        atomic_store(&pair.state.put, 0);
        corbel_call *const call = streamer_begin_blobs(ways(way), 4096, 1000, &stream);
        const uint64_t until = crb_now() + 200 * CRB_MS;
        uint64_t put = 0;
        while (crb_now() < until) { /* it does not get further, however long it has */
            put = atomic_load(&pair.state.put);
            assert_true(put * 1000 < (way == 2 ? 3 : 1) * ((256u << 10) + CRB_STREAM_ROOM) + 4096);
        }
        assert_true(put > 100);
        corbel_bytes item = { 0, NULL };
        uint64_t n = 0;
        while (corbel_stream_next(stream, &corbel_bytes_type, &item)) {
            assert_int_equal(item.len, 1000);
            n++;
        }
        assert_int_equal(n, 4096);
        MUST(streamer_finish(call, &streamer_blobs, &error));
    }
}

/** The same the other way: the servant does not read until it is told to. */
static void a_slow_servant_stops_the_writer(void **state)
{
    (void)state;
    corbel_error error = CORBEL_ERROR_INIT;
    corbel_stream *stream = NULL;
    uint64_t sum = 0, n = 0;
    const uint64_t over = probe_event_count(&pair.state.over);
    corbel_object *hasty = NULL;
    hasty =
        corbel_object_with(pair.remote, &(corbel_options) { .size = sizeof(corbel_options), .deadline_ms = 300 * probe_slow });
    atomic_store(&pair.state.hold, true);
    corbel_call *const call = streamer_begin_sum(hasty, UINT64_MAX, &stream);
    while (corbel_stream_put(stream, &corbel_uint64_type, &n)) {
        n++;
    }
    assert_true(n > 10000 && n < 200000);
    assert_int_equal(streamer_finish_number(call, &streamer_sum, &sum, &error), CORBEL_DEADLINE); /* each wait is bounded */
    corbel_error_clear(&error);
    probe_event_add(&pair.state.go_on, 1);
    corbel_object_unref(hasty);
    assert_true(probe_event_wait(&pair.state.over, over + 1));
}

/** Items larger than all windows travel in pieces. */
static void large_items(void **state)
{
    (void)state;
    static uint8_t data[3000000];
    for (size_t i = 0; i < sizeof data; i++) {
        data[i] = (uint8_t)(i * 7);
    }
    for (size_t way = 0; way < WAYS; way++) {
        corbel_error error = CORBEL_ERROR_INIT;
        corbel_stream *stream = NULL;
        uint64_t sum = 0, expected = 0;
        corbel_call *call = streamer_begin_weigh(ways(way), &stream);
        static const size_t sizes[] = { 3000000, 1, 0, 262144, 262143, 16384, 16383, 100000, 2999999 };
        for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
            const corbel_bytes item = { sizes[i], data };
            assert_true(corbel_stream_put(stream, &corbel_bytes_type, &item));
            expected += sizes[i];
        }
        MUST(streamer_finish_number(call, &streamer_weigh, &sum, &error));
        assert_int_equal(sum, expected);
        call = streamer_begin_blobs(ways(way), 5, 1000000, &stream);
        corbel_bytes item = { 0, NULL };
        uint64_t n = 0;
        while (corbel_stream_next(stream, &corbel_bytes_type, &item)) {
            assert_int_equal(item.len, 1000000);
            assert_memory_equal(item.items, data, item.len);
            n++;
        }
        assert_int_equal(n, 5);
        MUST(streamer_finish(call, &streamer_blobs, &error));
    }
}

/** A value that does not fit ends the stream, and the call says which item it was. */
static void items_that_are_not_valid(void **state)
{
    (void)state;
    for (size_t way = 0; way < WAYS; way++) {
        corbel_error error = CORBEL_ERROR_INIT;
        corbel_stream *stream = NULL;
        corbel_call *const call = streamer_begin_lines(ways(way), 10, &stream);
        const char *line = NULL;
        uint64_t n = 0;
        while (corbel_stream_next(stream, &corbel_string_type, &line)) {
            n++;
        }
        assert_int_equal(n, 3);
        assert_int_equal(streamer_finish(call, &streamer_lines, &error), CORBEL_BAD_REPLY);
        assert_non_null(strstr(error.message, "item 4 of the stream"));
        corbel_error_clear(&error);
    }
}

static void items_of_another_type(void **state)
{
    (void)state;
    corbel_error error = CORBEL_ERROR_INIT;
    corbel_stream *stream = NULL;
    corbel_call *const call = streamer_begin_sum(pair.remote, 5, &stream);
    uint64_t item = 0, sum = 0;
    assert_false(corbel_stream_put(stream, &corbel_bool_type, &item));
    assert_false(corbel_stream_put(stream, &corbel_uint64_type, &item));
    assert_int_equal(streamer_finish_number(call, &streamer_sum, &sum, &error), CORBEL_MISUSE);
    corbel_error_clear(&error);
    assert_false(corbel_stream_next(NULL, &corbel_uint64_type, &item));
    assert_false(corbel_stream_put(NULL, &corbel_uint64_type, &item));
    corbel_stream_end(NULL);
}

/** A call that failed before it began has streams all the same. */
static void streams_of_a_call_that_failed(void **state)
{
    (void)state;
    corbel_error error = CORBEL_ERROR_INIT;
    corbel_stream *to = NULL, *from = NULL;
    corbel_call *const call = streamer_begin_twice(NULL, &to, &from);
    uint64_t item = 0;
    assert_non_null(to);
    assert_false(corbel_stream_put(to, &corbel_uint64_type, &item));
    assert_false(corbel_stream_next(from, &corbel_uint64_type, &item));
    corbel_stream_end(to);
    assert_int_equal(streamer_finish(call, &streamer_twice, &error), CORBEL_NIL_REFERENCE);
    corbel_error_clear(&error);
}

/** Calls that do not know of the streams are refused. */
static void a_call_without_its_streams(void **state)
{
    (void)state;
    static const corbel_param items = { .name = "n", .id = 1, .type = &corbel_uint64_type };
    static const corbel_operation plain = { .interface = "test::Streamer", .name = "lines", .n_in = 1, .in = &items };
    for (size_t way = 0; way < WAYS; way++) {
        corbel_error error = CORBEL_ERROR_INIT;
        const uint64_t n = 3;
        const void *const in[] = { &n };
        assert_int_equal(corbel_stub_call(ways(way), &plain, in, NULL, &error), CORBEL_MISMATCH);
        assert_int_equal(error.completion, CORBEL_COMPLETED_NO);
        corbel_error_clear(&error);
    }
}

/* ---- references ---- */

static void streams_of_references(void **state)
{
    (void)state;
    for (size_t way = 0; way < WAYS; way++) {
        corbel_error error = CORBEL_ERROR_INIT;
        corbel_stream *stream = NULL;
        const uint64_t before = probe_event_count(&pair.state.finalized);
        corbel_call *call = streamer_begin_makers(ways(way), 2000, &stream);
        corbel_object *item = NULL, *kept = NULL;
        uint64_t n = 0, back = 0;
        while (n < 1000 && corbel_stream_next(stream, &corbel_object_type, &item)) {
            if (n % 100 == 0) {
                MUST(streamer_call_ping(item, n, &back, &error));
                assert_int_equal(back, n + 1);
            }
            if (n == 999) {
                kept = corbel_object_ref(item); /* what should stay is counted */
            }
            n++;
        }
        assert_int_equal(n, 1000);
        atomic_store(&pair.state.put, 0);
        MUST(streamer_finish(call, &streamer_makers, &error)); /* the rest is unread: it goes back */
        MUST(streamer_call_ping(kept, 7, &back, &error));
        assert_int_equal(back, 8);
        corbel_object_unref(kept);
        const uint64_t until = crb_now() + 10 * probe_slow * CRB_SECOND;
        while (probe_event_count(&pair.state.finalized) < before + 1000 && crb_now() < until) {
            (void)probe_event_wait(&pair.state.finalized, before + 1000);
        }
        assert_true(probe_event_count(&pair.state.finalized) >= before + 1000);
    }
}

/** The client's objects, in items, which the servant calls while they are lent; then all are gone. */
static void references_in_arguments(void **state)
{
    (void)state;
    corbel_error error = CORBEL_ERROR_INIT;
    static streamer_state mine;
    streamer_state_init(&mine);
    corbel_stream *stream = NULL;
    uint64_t sum = 0;
    corbel_call *const call = streamer_begin_keep(pair.remote, 300, &stream);
    for (uint64_t i = 0; i < 400; i++) {
        corbel_object *object = i % 7 == 3 ? NULL : streamer_new(pair.client, &mine);
        const bool put = corbel_stream_put(stream, &corbel_object_type, &object);
        corbel_object_unref(object);
        if (!put) {
            break;
        }
    }
    MUST(streamer_finish_number(call, &streamer_keep, &sum, &error));
    assert_int_equal(sum, 300 * 301 / 2 + 300);
    corbel_object_unref(pair.relayed);
    corbel_object_unref(pair.remote);
    pair.relayed = NULL;
    pair.remote = NULL;
    corbel_runtime_unref(pair.client); /* ends when nothing of it is held any more but by the session */
    pair.client = NULL;
}

/* ---- the end of the session ---- */

static void cut(crb_peer *peer, void *unused)
{
    (void)unused;
    crb_peer_lock(peer);
    crb_session_abort(peer->session, "the wire was cut", crb_now());
    crb_peer_unlock(peer);
}

static void *cut_later(void *unused)
{
    (void)unused;
    if (probe_event_wait(&pair.state.begun, 1)) {
        crb_runtime_each_peer(pair.server, cut, NULL);
    }
    return NULL;
}

static void the_session_ends(void **state)
{
    (void)state;
    corbel_error error = CORBEL_ERROR_INIT;
    corbel_stream *stream = NULL;
    pthread_t thread;
    const uint64_t over = probe_event_count(&pair.state.over);
    assert_int_equal(pthread_create(&thread, NULL, cut_later, NULL), 0);
    corbel_call *const call = streamer_begin_count(pair.remote, UINT64_MAX, false, &stream);
    uint64_t item = 0;
    while (corbel_stream_next(stream, &corbel_uint64_type, &item)) {
    }
    const corbel_status status = streamer_finish(call, &streamer_count, &error);
    assert_true(status == CORBEL_GONE || status == CORBEL_CANCELLED);
    corbel_error_clear(&error);
    assert_true(probe_event_wait(&pair.state.over, over + 1)); /* the servant was woken, too */
    pthread_join(thread, NULL);
}

/* ---- beside other calls ---- */

/** While a stream of the same object is open, other calls of the same thread to it are served. */
static void calls_beside_a_stream(void **state)
{
    (void)state;
    for (size_t way = 0; way < WAYS; way++) {
        corbel_error error = CORBEL_ERROR_INIT;
        corbel_stream *stream = NULL;
        uint64_t item = 0, back = 0;
        corbel_call *const call = streamer_begin_count(ways(way), UINT64_MAX, false, &stream);
        for (uint64_t i = 0; i < 300; i++) {
            assert_true(corbel_stream_next(stream, &corbel_uint64_type, &item));
            MUST(streamer_call_ping(ways(way), i, &back, &error));
            assert_int_equal(back, i + 1);
        }
        MUST(streamer_finish(call, &streamer_count, &error));
    }
}

/** Many at once, read in turns by one thread. */
static void many_streams(void **state)
{
    (void)state;
    enum { MANY = 60 };
    corbel_error error = CORBEL_ERROR_INIT;
    corbel_stream *streams[MANY];
    corbel_call *calls[MANY];
    for (size_t i = 0; i < MANY; i++) {
        calls[i] = streamer_begin_count(pair.remote, 3000, false, &streams[i]);
    }
    for (uint64_t n = 0; n < 3000; n++) {
        for (size_t i = 0; i < MANY; i++) {
            uint64_t item = 0;
            assert_true(corbel_stream_next(streams[i], &corbel_uint64_type, &item));
            assert_int_equal(item, n);
        }
    }
    for (size_t i = 0; i < MANY; i++) {
        MUST(streamer_finish(calls[i], &streamer_count, &error));
    }
}

static void too_many_streams(void **state)
{
    (void)state;
    corbel_limits limits = CORBEL_LIMITS_INIT;
    limits.max_streams = 20;
    corbel_runtime_options options = CORBEL_RUNTIME_OPTIONS_INIT;
    options.limits = &limits;
    tear_down(NULL);
    streamer_pair_start(&pair, &options, NULL);
    corbel_error error = CORBEL_ERROR_INIT;
    corbel_stream *streams[21];
    corbel_call *calls[21];
    uint64_t sum = 0, n = 0;
    MUST(streamer_call_ping(pair.remote, 1, &n, &error)); /* its limits are known from here on */
    for (size_t i = 0; i < 21; i++) {
        calls[i] = streamer_begin_sum(pair.remote, 1, &streams[i]);
    }
    assert_int_equal(streamer_finish_number(calls[20], &streamer_sum, &sum, &error), CORBEL_LIMIT);
    assert_int_equal(error.completion, CORBEL_COMPLETED_NO);
    corbel_error_clear(&error);
    for (size_t i = 0; i < 20; i++) {
        MUST(streamer_finish_number(calls[i], &streamer_sum, &sum, &error));
    }
}

/* ---- without waiting ---- */

typedef struct watched {
    corbel_call *call;
    corbel_stream *to, *from;
    uint64_t put, read;
    bool over;
} watched;

enum { WATCHED = 12, WATCHED_ITEMS = 20000 };
static size_t watched_over;

/** Puts and reads what goes at the moment, and asks to be called for the rest. */
static void move_on(corbel_stream *stream, void *user)
{
    watched *const w = user;
    corbel_stream_result put = CORBEL_STREAM_OK, read = CORBEL_STREAM_OK;
    uint64_t item = 0;
    (void)stream;
    while (w->put < WATCHED_ITEMS && (put = corbel_stream_try_put(w->to, &corbel_uint64_type, &w->put)) == CORBEL_STREAM_OK) {
        w->put++;
    }
    if (w->put == WATCHED_ITEMS) {
        corbel_stream_end(w->to);
    }
    while ((read = corbel_stream_try_next(w->from, &corbel_uint64_type, &item)) == CORBEL_STREAM_OK) {
        assert_int_equal(item, 2 * w->read);
        w->read++;
    }
    if (read == CORBEL_STREAM_OVER) {
        watched_over += w->over ? 0 : 1;
        w->over = true;
        return;
    }
    const corbel_status asked = corbel_stream_on_ready(w->from, move_on, w);
    assert_true(asked == CORBEL_OK || asked == CORBEL_EXISTS);
    if (put == CORBEL_STREAM_WOULD_BLOCK) {
        const corbel_status asked_to = corbel_stream_on_ready(w->to, move_on, w);
        assert_true(asked_to == CORBEL_OK || asked_to == CORBEL_EXISTS);
    }
}

/** One thread that never waits for a stream serves many, both ways. */
static void one_thread_for_many_streams(void **state)
{
    (void)state;
    static watched all[WATCHED];
    corbel_error error = CORBEL_ERROR_INIT;
    corbel_runtime_options options = CORBEL_RUNTIME_OPTIONS_INIT;
    options.user_dispatch = true;
    tear_down(NULL);
    streamer_pair_start(&pair, NULL, &options);
    watched_over = 0;
    for (size_t i = 0; i < WATCHED; i++) {
        all[i] = (watched) { 0 };
        all[i].call = streamer_begin_twice(i % 2 == 0 ? pair.remote : pair.relayed, &all[i].to, &all[i].from);
        move_on(NULL, &all[i]);
    }
    const uint64_t until = crb_now() + 30 * probe_slow * CRB_SECOND;
    while (watched_over < WATCHED && crb_now() < until) {
        (void)corbel_runtime_dispatch(pair.client, 100);
    }
    assert_int_equal(watched_over, WATCHED);
    for (size_t i = 0; i < WATCHED; i++) {
        assert_int_equal(all[i].read, WATCHED_ITEMS);
        MUST(streamer_finish(all[i].call, &streamer_twice, &error));
    }
    /* What waits when a call is dropped is forgotten. */
    corbel_stream *to = NULL, *from = NULL;
    corbel_call *const call = streamer_begin_twice(pair.remote, &to, &from);
    uint64_t item = 0;
    while (corbel_stream_try_next(from, &corbel_uint64_type, &item) == CORBEL_STREAM_OK) {
    }
    assert_int_equal(corbel_stream_on_ready(from, move_on, NULL), CORBEL_OK);
    assert_int_equal(corbel_stream_on_ready(from, move_on, NULL), CORBEL_EXISTS);
    corbel_call_drop(call);
    (void)corbel_runtime_dispatch(pair.client, 0);
}

/* ---- much ---- */

static uint64_t own_memory(void)
{
    FILE *const file = fopen("/proc/self/statm", "r");
    unsigned long size = 0, resident = 0;
    assert_non_null(file);
    assert_int_equal(fscanf(file, "%lu %lu", &size, &resident), 2);
    (void)fclose(file);
    return (uint64_t)resident * 4096;
}

static uint64_t much; /* bytes */

/** Both directions, with memory sampled against the credit: both ends are in this process. */
static void much_through_a_stream(void **state)
{
    (void)state;
    enum { SIZE = 65536, SLACK = 24 << 20 };
    static uint8_t data[SIZE];
    corbel_error error = CORBEL_ERROR_INIT;
    corbel_stream *stream = NULL;
    const uint64_t items = much / probe_slow / SIZE;
    uint64_t n = 0, sum = 0, most = 0, first = 0;
    for (size_t i = 0; i < SIZE; i++) {
        data[i] = (uint8_t)(i * 7);
    }
    corbel_call *call = streamer_begin_blobs(pair.remote, items, SIZE, &stream);
    corbel_bytes item = { 0, NULL };
    while (corbel_stream_next(stream, &corbel_bytes_type, &item)) {
        assert_int_equal(item.len, SIZE);
        if (++n % 64 == 0) {
            const uint64_t now = own_memory();
            first = first == 0 ? now : first;
            most = now > most ? now : most;
        }
    }
    MUST(streamer_finish(call, &streamer_blobs, &error));
    assert_int_equal(n, items);
    call = streamer_begin_weigh(pair.remote, &stream);
    for (n = 0; n < items; n++) {
        item = (corbel_bytes) { SIZE, data };
        assert_true(corbel_stream_put(stream, &corbel_bytes_type, &item));
        if (n % 64 == 0) {
            const uint64_t now = own_memory();
            most = now > most ? now : most;
        }
    }
    MUST(streamer_finish_number(call, &streamer_weigh, &sum, &error));
    assert_int_equal(sum, items * SIZE);
    if (probe_slow == 1) { /* sanitizers keep what was freed */
        assert_true(most - first < SLACK);
    }
}

/* ---- figures, for people ---- */

static double seconds_since(uint64_t start)
{
    return (double)(crb_now() - start) / 1e9;
}

static int by_time(const void *a, const void *b)
{
    const uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

static void calls_timed(const char *what, bool beside)
{
    enum { CALLS = 2000 };
    static uint64_t times[CALLS];
    corbel_error error = CORBEL_ERROR_INIT;
    size_t n = 0;
    while (n < CALLS && (!beside || probe_event_count(&pair.state.over) == 0)) {
        uint64_t back = 0;
        const uint64_t start = crb_now();
        MUST(streamer_call_ping(pair.remote, n, &back, &error));
        times[n++] = crb_now() - start;
    }
    qsort(times, n, sizeof *times, by_time);
    const size_t middle = n / 2, high = n * 99 / 100;
    (void)printf("small calls %s: %zu, median %.1f us, 99th percentile %.1f us\n", what, n, (double)times[middle] / 1e3,
                 (double)times[high] / 1e3);
}

static void *read_all(void *stream)
{
    corbel_bytes item = { 0, NULL };
    while (corbel_stream_next(stream, &corbel_bytes_type, &item)) {
    }
    return NULL;
}

static void figures(void **state)
{
    (void)state;
    for (size_t way = 0; way < WAYS; way++) {
        enum { ITEMS = 2000000 };
        corbel_error error = CORBEL_ERROR_INIT;
        corbel_stream *stream = NULL;
        uint64_t item = 0, sum = 0, start = crb_now();
        corbel_call *call = streamer_begin_count(ways(way), ITEMS, false, &stream);
        while (corbel_stream_next(stream, &corbel_uint64_type, &item)) {
        }
        MUST(streamer_finish(call, &streamer_count, &error));
        (void)printf("%s: an item of a result %.3f us\n", way_names[way], seconds_since(start) / ITEMS * 1e6);
        start = crb_now();
        call = streamer_begin_sum(ways(way), UINT64_MAX, &stream);
        for (uint64_t i = 0; i < ITEMS; i++) {
            (void)corbel_stream_put(stream, &corbel_uint64_type, &i);
        }
        MUST(streamer_finish_number(call, &streamer_sum, &sum, &error));
        (void)printf("%s: an item of an argument %.3f us\n", way_names[way], seconds_since(start) / ITEMS * 1e6);
        start = crb_now();
        call = streamer_begin_blobs(ways(way), 16384, 65536, &stream);
        read_all(stream);
        MUST(streamer_finish(call, &streamer_blobs, &error));
        (void)printf("%s: items of 64 KiB, %.0f MB/s\n", way_names[way], 1073.741824 / seconds_since(start));
    }
    corbel_error error = CORBEL_ERROR_INIT;
    corbel_stream *stream = NULL;
    pthread_t thread;
    calls_timed("alone", false);
    calls_timed("alone", false);
    streamer_state_init(&pair.state);
    corbel_call *const call = streamer_begin_blobs(pair.remote, 16384, 65536, &stream);
    assert_int_equal(pthread_create(&thread, NULL, read_all, stream), 0);
    calls_timed("beside a stream of 1 GiB", true);
    pthread_join(thread, NULL);
    MUST(streamer_finish(call, &streamer_blobs, &error));
}

int main(int argc, char **argv)
{
    const struct CMUnitTest figures_tests[] = {
        cmocka_unit_test_setup_teardown(figures, set_up, tear_down),
    };
    if (argc > 1 && strcmp(argv[1], "figures") == 0) {
        return cmocka_run_group_tests(figures_tests, NULL, NULL);
    }
    much = (argc > 1 ? strtoull(argv[1], NULL, 10) : 256) << 20;
    const struct CMUnitTest long_tests[] = {
        cmocka_unit_test_setup_teardown(much_through_a_stream, set_up, tear_down),
    };
    if (argc > 1) {
        return cmocka_run_group_tests(long_tests, NULL, NULL);
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(results, set_up, tear_down),
        cmocka_unit_test_setup_teardown(arguments, set_up, tear_down),
        cmocka_unit_test_setup_teardown(both, set_up, tear_down),
        cmocka_unit_test_setup_teardown(an_exception_in_mid_stream, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_reader_has_had_enough, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_writer_is_gone, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_servant_has_had_enough, set_up, tear_down),
        cmocka_unit_test_setup_teardown(empty_streams, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_slow_reader_stops_the_writer, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_slow_servant_stops_the_writer, set_up, tear_down),
        cmocka_unit_test_setup_teardown(large_items, set_up, tear_down),
        cmocka_unit_test_setup_teardown(items_that_are_not_valid, set_up, tear_down),
        cmocka_unit_test_setup_teardown(items_of_another_type, set_up, tear_down),
        cmocka_unit_test_setup_teardown(streams_of_a_call_that_failed, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_call_without_its_streams, set_up, tear_down),
        cmocka_unit_test_setup_teardown(streams_of_references, set_up, tear_down),
        cmocka_unit_test_setup_teardown(references_in_arguments, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_session_ends, set_up, tear_down),
        cmocka_unit_test_setup_teardown(calls_beside_a_stream, set_up, tear_down),
        cmocka_unit_test_setup_teardown(many_streams, set_up, tear_down),
        cmocka_unit_test_setup_teardown(too_many_streams, set_up, tear_down),
        cmocka_unit_test_setup_teardown(one_thread_for_many_streams, set_up, tear_down),
        cmocka_unit_test_setup_teardown(much_through_a_stream, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
