/** Every frame type is sent and received over gRPC, each in a situation of its own; one that is in no row fails the test. */
#include "streamer.h"

#include "runtime/base/clock.h"
#include "runtime/call/peer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static probe_server server;
static corbel_runtime *client;
static probe_Probe *probe;
static probe_listener_state heard;
static probe_Listener *listener;
static crb_peer *ours, *theirs; /* both ends of the session */

static void take(crb_peer *peer, void *user)
{
    crb_peer **const at = user;
    if (*at == NULL) {
        *at = crb_peer_ref(peer);
    }
}

static int set_up(void **state)
{
    corbel_error error = CORBEL_ERROR_INIT;
    (void)state;
    probe_server_start(&server, NULL, NULL);
    MUST(corbel_runtime_new(NULL, &client, &error));
    client->limits.ping_idle_ms = 200; /* so that a PING is seen in this life */
    MUST(probe_Probe_from_uri(client, server.uri, &probe, &error));
    probe_listener_init(&heard);
    listener = probe_listener_new(client, &heard);
    MUST(probe_Probe_add(probe, 1, 1, NULL, &error));
    ours = NULL;
    theirs = NULL;
    crb_runtime_each_peer(client, take, &ours);
    crb_runtime_each_peer(server.runtime, take, &theirs);
    assert_non_null(ours);
    assert_non_null(theirs);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    probe_Listener_unref(listener);
    probe_Probe_unref(probe);
    crb_peer_unref(ours);
    crb_peer_unref(theirs);
    corbel_runtime_unref(client);
    probe_server_stop(&server);
    return 0;
}

/* ---- what makes each type travel ---- */

static void do_nothing(void)
{
}

static void do_body(void)
{
    corbel_error error = CORBEL_ERROR_INIT;
    static uint8_t data[300000];
    MUST(probe_Probe_blob(probe, (corbel_bytes)CORBEL_SEQ(data), NULL, &error));
}

static void do_finish(void)
{
    corbel_call *const call = probe_Probe_wait_begin(probe);
    assert_true(probe_event_wait(&server.state.waiting, 1));
    corbel_call_drop(call);
    probe_event_add(&server.state.go_on, 1);
}

static void do_release(void)
{
    corbel_error error = CORBEL_ERROR_INIT;
    probe_Node *node = NULL;
    MUST(probe_Probe_make_node(probe, "n", &node, &error));
    probe_Node_unref(node);
    assert_true(probe_event_wait(&server.state.finalized, 1));
}

static void do_credit(void)
{
    corbel_error error = CORBEL_ERROR_INIT;
    uint32_t sent = 0;
    MUST(probe_Probe_flood(probe, listener, 20000, true, &sent, &error));
    assert_true(probe_event_wait(&heard.heard, sent));
}

static void do_gone(void)
{
    corbel_error error = CORBEL_ERROR_INIT;
    MUST(corbel_daemon_unregister(server.daemon, "probe", &error));
    assert_int_equal(probe_Probe_add(probe, 1, 1, NULL, &error), CORBEL_NOT_FOUND);
    corbel_error_clear(&error);
}

/** A call holds the daemon up: so the goodbye does not follow at once. */
static void do_goaway(void)
{
    corbel_error error = CORBEL_ERROR_INIT;
    corbel_call *const call = probe_Probe_wait_begin(probe);
    assert_true(probe_event_wait(&server.state.waiting, 1));
    corbel_daemon_shutdown(server.daemon);
    assert_int_equal(corbel_daemon_join(server.daemon, 20, &error), CORBEL_BUSY);
    corbel_error_clear(&error);
    probe_event_add(&server.state.go_on, 1);
    MUST(probe_Probe_wait_finish(call, &error));
}

static void do_bye(void)
{
    corbel_error error = CORBEL_ERROR_INIT;
    corbel_daemon_shutdown(server.daemon);
    MUST(corbel_daemon_join(server.daemon, 1000, &error));
}

static void do_unknown_frame(void)
{
    /* A frame of type 2000, with no contents: field 2000, length-delimited, empty. */
    const uint8_t unknown[] = { 3, 0x82, 0x7d, 0 };
    crb_buf message = CRB_BUF_INIT;
    crb_peer_lock(ours);
    while (ours->sending) {
        crb_peer_wait_locked(ours, crb_now() + CRB_MS);
    }
    crb_buf_append(&message, unknown, sizeof unknown);
    ours->sending = true;
    ours->link->ops->send(ours->link, &message);
    crb_peer_unlock(ours);
    crb_buf_clear(&message);
}

static void do_stream(void)
{
    static streamer_state state;
    corbel_error error = CORBEL_ERROR_INIT;
    corbel_object *object = NULL;
    corbel_stream *stream = NULL;
    char *uri = NULL;
    uint64_t item = 0;
    streamer_state_init(&state);
    corbel_object *const own = streamer_new(server.runtime, &state);
    MUST(corbel_daemon_register(server.daemon, "streamer", own, &error));
    MUST(corbel_object_to_uri(own, &uri, &error));
    MUST(corbel_object_from_uri(client, &streamer_interface, uri, &object, &error));
    corbel_string_free(uri);
    corbel_call *const call = streamer_begin_count(object, 3, false, &stream);
    assert_true(corbel_stream_next(stream, &corbel_uint64_type, &item));
    MUST(streamer_finish(call, &streamer_count, &error));
    corbel_object_unref(object);
    corbel_object_unref(own);
}

static void do_abort(void)
{
    crb_peer_lock(ours);
    crb_session_abort(ours->session, "a test", crb_now());
    crb_peer_unlock(ours);
}

static const struct {
    crb_frame_type type;
    const char *name;
    void (*run)(void);
    bool from_server; /* it is the server that sends it */
} rows[] = {
    { CRB_FRAME_HELLO, "HELLO", do_nothing, false },
    { CRB_FRAME_BIND, "BIND", do_nothing, false },
    { CRB_FRAME_CALL, "CALL", do_nothing, false },
    { CRB_FRAME_BODY, "BODY", do_body, false },
    { CRB_FRAME_RETURN, "RETURN", do_nothing, true },
    { CRB_FRAME_FINISH, "FINISH", do_finish, false },
    { CRB_FRAME_RELEASE, "RELEASE", do_release, false },
    { CRB_FRAME_CREDIT, "CREDIT", do_credit, false },
    { CRB_FRAME_GONE, "GONE", do_gone, true },
    { CRB_FRAME_PING, "PING", do_nothing, false },
    { CRB_FRAME_GOAWAY, "GOAWAY", do_goaway, true },
    { CRB_FRAME_BYE, "BYE", do_bye, true },
    { CRB_FRAME_UNIMPLEMENTED, "UNIMPLEMENTED", do_unknown_frame, true },
    { CRB_FRAME_STREAM, "STREAM", do_stream, true },
    { CRB_FRAME_ABORT, "ABORT", do_abort, false },
};

static uint64_t counted(crb_peer *peer, crb_frame_type type, bool sent)
{
    crb_peer_lock(peer);
    const crb_session_stats stats = crb_session_get_stats(peer->session);
    crb_peer_unlock(peer);
    return sent ? stats.sent[type] : stats.received[type];
}

static void row(void **state)
{
    const size_t i = *(const size_t *)*state;
    assert_int_equal(set_up(state), 0);
    rows[i].run();
    crb_peer *const sender = rows[i].from_server ? theirs : ours;
    crb_peer *const receiver = rows[i].from_server ? ours : theirs;
    const uint64_t until = crb_now() + 10 * probe_slow * CRB_SECOND;
    while (crb_now() < until && (counted(sender, rows[i].type, true) == 0 || counted(receiver, rows[i].type, false) == 0)) {
        crb_peer_lock(receiver); /* wakes when something changes, or after a little */
        crb_peer_wait_locked(receiver, crb_now() + 5 * CRB_MS);
        crb_peer_unlock(receiver);
    }
    assert_true(counted(sender, rows[i].type, true) > 0);
    assert_true(counted(receiver, rows[i].type, false) > 0);
    assert_int_equal(tear_down(state), 0);
}

int main(void)
{
    enum { ROWS = sizeof rows / sizeof rows[0] };
    static size_t numbers[ROWS];
    struct CMUnitTest tests[ROWS];
    bool has[CRB_FRAME_TYPES] = { false };
    for (size_t i = 0; i < ROWS; i++) {
        numbers[i] = i;
        has[rows[i].type] = true;
        tests[i] = (struct CMUnitTest) { rows[i].name, row, NULL, NULL, &numbers[i] };
    }
    for (size_t i = 0; i < CRB_FRAME_TYPES; i++) {
        if (!has[i]) {
            (void)fprintf(stderr, "frame type %zu has no row\n", i);
            return 1;
        }
    }
    return cmocka_run_group_tests_name("frames over gRPC", tests, NULL, NULL);
}
