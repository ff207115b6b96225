/* The scripted transport itself: what arrives is what was sent, in order, however it is split; when, and what a cut takes away.
 */
#include "tests/runtime/support/test.h"

#include "runtime/transport/scripted.h"

#include <string.h>

#define MS UINT64_C(1000000)

/** Sends what a test puts there, keeps what comes. */
typedef struct station {
    size_t to_send, sent; /* messages; the n-th has n * 37 bytes, all n */
    size_t received;
    uint64_t last;
    uint64_t tick_at;
    size_t ticks;
    bool closes, lost;
} station;

static bool station_pull(void *user, crb_buf *out, uint64_t now)
{
    station *const at = user;
    (void)now;
    if (at->sent == at->to_send) {
        return false;
    }
    const size_t n = at->sent++;
    for (size_t i = 0; i < n * 37; i++) {
        const uint8_t byte = (uint8_t)n;
        crb_buf_append(out, &byte, 1);
    }
    return true;
}

static void station_received(void *user, const uint8_t *message, size_t len, uint64_t now)
{
    station *const at = user;
    assert_int_equal(len, at->received * 37);
    for (size_t i = 0; i < len; i++) {
        assert_int_equal(message[i], (uint8_t)at->received);
    }
    at->received++;
    at->last = now;
}

static void station_lost(void *user, const char *why, uint64_t now)
{
    station *const at = user;
    (void)why;
    (void)now;
    assert_false(at->lost);
    at->lost = true;
}

static void station_tick(void *user, uint64_t now)
{
    station *const at = user;
    assert_true(now >= at->tick_at);
    at->ticks++;
    at->tick_at = UINT64_MAX;
}

static uint64_t station_next_tick(void *user)
{
    return ((station *)user)->tick_at;
}

static bool station_wants_close(void *user)
{
    const station *const at = user;
    return at->closes && at->sent == at->to_send;
}

static crb_scripted *station_pipe(station *a, station *b, const crb_script *script)
{
    const crb_scripted_end first = {
        a, station_pull, station_received, station_lost, station_tick, station_next_tick, station_wants_close
    };
    crb_scripted_end second = first;
    second.user = b;
    a->tick_at = UINT64_MAX;
    b->tick_at = UINT64_MAX;
    crb_scripted *const pipe = crb_scripted_new(script, first, second, 0);
    assert_non_null(pipe);
    return pipe;
}

static void test_everything_arrives(void **state)
{
    (void)state;
    for (uint32_t split = 0; split < 60; split++) {
        crb_script script = CRB_SCRIPT_INIT;
        script.split = split;
        script.seed = split;
        script.jitter_us[0] = 3000;
        script.capacity = split * 50;
        station a = { .to_send = 30 }, b = { .to_send = 20 };
        crb_scripted *const pipe = station_pipe(&a, &b, &script);
        while (crb_scripted_step(pipe, CRB_SCRIPTED_NEVER)) {
        }
        assert_int_equal(b.received, 30);
        assert_int_equal(a.received, 20);
        assert_true(a.last >= MS && (script.capacity > 0 || a.last == MS));
        assert_int_equal(crb_scripted_arrived(pipe, 0), 30 * 29 / 2 * 37 + 30 * 4);
        crb_scripted_free(pipe);
    }
}

static void test_cut_stall_close_and_time(void **state)
{
    (void)state;
    crb_script script = CRB_SCRIPT_INIT;
    script.cut_after[0] = 4 + 4 + 37 + 4 + 73; /* two messages, and the third but for its last byte */
    station a = { .to_send = 10 }, b = { .to_send = 0 };
    crb_scripted *pipe = station_pipe(&a, &b, &script);
    while (crb_scripted_step(pipe, CRB_SCRIPTED_NEVER)) {
    }
    assert_int_equal(b.received, 2);
    assert_true(a.lost && b.lost);
    assert_true(crb_scripted_is_over(pipe));
    crb_scripted_free(pipe);

    script = (crb_script)CRB_SCRIPT_INIT;
    a = (station) { .to_send = 3, .closes = true };
    b = (station) { .to_send = 1 };
    pipe = station_pipe(&a, &b, &script);
    a.tick_at = 5 * MS;
    crb_scripted_stall(pipe, 0, true);
    while (crb_scripted_step(pipe, 4 * MS)) {
    }
    assert_int_equal(crb_scripted_now(pipe), 4 * MS);
    assert_int_equal(a.received, 1);
    assert_int_equal(b.received, 0);
    assert_int_equal(a.ticks, 0);
    while (crb_scripted_step(pipe, 9 * MS)) {
    }
    assert_int_equal(a.ticks, 1);
    assert_false(a.lost);
    crb_scripted_stall(pipe, 0, false);
    while (crb_scripted_step(pipe, CRB_SCRIPTED_NEVER)) {
    }
    assert_int_equal(b.received, 3);
    assert_true(a.lost && b.lost);
    crb_scripted_free(pipe);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_everything_arrives),
        cmocka_unit_test(test_cut_stall_close_and_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
