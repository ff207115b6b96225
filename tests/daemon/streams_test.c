/** Streams end to end, between two runtimes and within one: order, ends from either side, exceptions, references, what they hold.
 */
#include "streamer.h"

#include "runtime/base/clock.h"

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

/** Of both ways to the object. */
static corbel_object *ways(size_t i)
{
    return i == 0 ? pair.remote : pair.local;
}
#define WAYS 2

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(results, set_up, tear_down),
        cmocka_unit_test_setup_teardown(arguments, set_up, tear_down),
        cmocka_unit_test_setup_teardown(both, set_up, tear_down),
        cmocka_unit_test_setup_teardown(an_exception_in_mid_stream, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
