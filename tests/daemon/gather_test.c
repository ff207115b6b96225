/** Calls and answers gather into common messages while several are under way, and nothing waits for company that does not come.
 */
#include "probe.h"

#include "batches.corbel.h"
#include "runtime/base/clock.h"
#include "runtime/call/call_impl.h"

#include <corbel/corbel.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { OUTSTANDING = 64, STOPS = -1 };

static probe_server server;
static corbel_runtime *client;
static batches_Desk *object, *desk;
static probe_event stopped, go_on, noted;

/** Quick, but for STOPS: that one waits for the test. */
static corbel_status desk_note(void *self, corbel_request *request, int32_t number, uint32_t *ret)
{
    (void)self;
    *ret = (uint32_t)number;
    if (number == STOPS) {
        probe_event_add(&stopped, 1);
        return probe_event_wait(&go_on, 1) ? CORBEL_OK : corbel_request_fail(request, CORBEL_FAILED, "nobody let it go on");
    }
    probe_event_add(&noted, 1);
    return CORBEL_OK;
}

static const batches_Desk_servant desk_servant = { .note = desk_note };

static int set_up(void **state)
{
    corbel_error error = CORBEL_ERROR_INIT;
    char uri[600];
    (void)state;
    probe_event_init(&stopped);
    probe_event_init(&go_on);
    probe_event_init(&noted);
    probe_server_start(&server, NULL, NULL);
    object = batches_Desk_new(server.runtime, &desk_servant, NULL, NULL);
    MUST(corbel_daemon_register(server.daemon, "desk", batches_Desk_as_object(object), &error));
    MUST(corbel_runtime_new(NULL, &client, &error));
    (void)snprintf(uri, sizeof uri, "corbel:desk%s", strchr(server.uri, '@'));
    MUST(batches_Desk_from_uri(client, uri, &desk, &error));
    for (int32_t i = 0; i < 200; i++) { /* known to be quick */
        MUST(batches_Desk_note(desk, i, NULL, &error));
    }
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    batches_Desk_unref(desk);
    batches_Desk_unref(object);
    corbel_runtime_unref(client);
    probe_server_stop(&server);
    return 0;
}

/** Messages that the client has sent. */
static uint64_t messages(void)
{
    crb_peer *const peer = batches_Desk_as_object(desk)->target->uri.bound->import.peer;
    crb_peer_lock(peer);
    const uint64_t n = peer->n_messages;
    crb_peer_unlock(peer);
    return n;
}

/** The oldest is finished, another one is begun. */
static void many_calls_in_few_messages(void **state)
{
    enum { CALLS = 6400 };
    corbel_error error = CORBEL_ERROR_INIT;
    corbel_call *calls[OUTSTANDING];
    const uint64_t before = messages();
    (void)state;
    for (int32_t i = 0; i < CALLS + OUTSTANDING; i++) {
        corbel_call **const call = &calls[i % OUTSTANDING];
        if (i >= OUTSTANDING) {
            uint32_t back = 0;
            MUST(batches_Desk_note_finish(*call, &back, &error));
            assert_int_equal(back, i - OUTSTANDING);
        }
        if (i < CALLS) {
            *call = batches_Desk_note_begin(desk, i);
        }
    }
    const uint64_t sent = messages() - before;
    printf("%d calls in %u messages\n", CALLS, (unsigned)sent);
    if (probe_slow == 1) { /* under a sanitizer nothing is quick */
        assert_true(sent < CALLS / 2);
    }
}

/** It is answered at once, or a little later: not when the call behind it ends. */
static void an_answer_does_not_wait_for_a_slow_call(void **state)
{
    corbel_error error = CORBEL_ERROR_INIT;
    corbel_call *calls[8];
    (void)state;
    for (size_t round = 0; round < 20; round++) {
        for (int32_t i = 0; i < 8; i++) {
            calls[i] = batches_Desk_note_begin(desk, i < 7 ? i : STOPS);
        }
        for (int32_t i = 0; i < 7; i++) {
            MUST(batches_Desk_note_finish(calls[i], NULL, &error));
        }
        assert_true(probe_event_wait(&stopped, round + 1));
        assert_int_equal(corbel_call_wait(calls[7], 0), CORBEL_DEADLINE);
        probe_event_add(&go_on, 1);
        MUST(batches_Desk_note_finish(calls[7], NULL, &error));
        probe_event_reset(&go_on);
        for (int32_t i = 0; i < 200; i++) { /* known to be quick again */
            MUST(batches_Desk_note(desk, i, NULL, &error));
        }
    }
}

/** Whoever has begun a call may do something else, with others lying there complete. */
static void a_call_goes_though_nobody_finishes_any(void **state)
{
    corbel_error error = CORBEL_ERROR_INIT;
    (void)state;
    for (size_t round = 0; round < 20; round++) {
        corbel_call *calls[5];
        for (int32_t i = 0; i < 4; i++) {
            calls[i] = batches_Desk_note_begin(desk, i);
        }
        assert_int_equal(corbel_call_wait_all(calls, 4, UINT32_MAX), CORBEL_OK);
        const uint64_t before = probe_event_count(&noted);
        calls[4] = batches_Desk_note_begin(desk, 4);
        assert_true(probe_event_wait(&noted, before + 1));
        for (int32_t i = 0; i < 5; i++) {
            if (i % 2 == 0) {
                MUST(batches_Desk_note_finish(calls[i], NULL, &error));
            } else {
                corbel_call_drop(calls[i]);
            }
        }
        crb_peer *const peer = batches_Desk_as_object(desk)->target->uri.bound->import.peer;
        crb_peer_lock(peer);
        assert_int_equal(peer->n_ready, 0);
        crb_peer_unlock(peer);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(many_calls_in_few_messages, set_up, tear_down),
        cmocka_unit_test_setup_teardown(an_answer_does_not_wait_for_a_slow_call, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_call_goes_though_nobody_finishes_any, set_up, tear_down),
    };
    return cmocka_run_group_tests_name("gather", tests, NULL, NULL);
}
