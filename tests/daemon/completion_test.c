/** Did the servant run? A table of failures; the servant's own counter agrees in every row. */
#include "probe.h"

#include "runtime/call/peer.h"

#include <corbel/generated.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static probe_server server;
static corbel_runtime *client;
static probe_Probe *probe;

/* ---- operations that the IDL does not have: what a peer built from another IDL would send ---- */

static const corbel_param bytes_in[] = { { .name = "text", .id = 1, .type = &corbel_bytes_type } };
static const corbel_param int_in[] = { { .name = "a", .id = 1, .type = &corbel_int32_type },
                                       { .name = "b", .id = 2, .type = &corbel_int32_type } };
static const corbel_param string_out[] = { { .name = "ret", .id = 1, .type = &corbel_string_type } };
static const corbel_operation unknown = { .interface = "probe::Probe", .name = "no_such_operation" };
static const corbel_operation echo_of_bytes = {
    .interface = "probe::Probe", .name = "echo", .n_in = 1, .in = bytes_in, .n_out = 1, .out = string_out
};
static const corbel_operation add_to_string = {
    .interface = "probe::Probe", .name = "add", .n_in = 2, .in = int_in, .n_out = 1, .out = string_out
};

static corbel_object *as_object(void)
{
    return probe_Probe_as_object(probe);
}

/* ---- what is done in each row ---- */

static corbel_status do_refused(corbel_error *error)
{
    corbel_error ignored = CORBEL_ERROR_INIT;
    probe_server gone;
    probe_Probe *nobody = NULL;
    probe_server_start(&gone, NULL, NULL);
    char *const uri = strdup(gone.uri);
    probe_server_stop(&gone); /* its port is free, and nobody listens there */
    probe_must(probe_Probe_from_uri(client, uri, &nobody, &ignored), &ignored, "from_uri");
    free(uri);
    const corbel_status status = probe_Probe_add(nobody, 1, 1, NULL, error);
    assert_non_null(corbel_error_address(error, 0));
    probe_Probe_unref(nobody);
    return status;
}

static corbel_status do_unknown_object(corbel_error *error)
{
    corbel_error ignored = CORBEL_ERROR_INIT;
    probe_Probe *nobody = NULL;
    char *uri = NULL;
    probe_must(corbel_daemon_uri(server.daemon, "nobody", &uri, &ignored), &ignored, "uri");
    probe_must(probe_Probe_from_uri(client, uri, &nobody, &ignored), &ignored, "from_uri");
    corbel_string_free(uri);
    const corbel_status status = probe_Probe_add(nobody, 1, 1, NULL, error);
    probe_Probe_unref(nobody);
    return status;
}

static corbel_status do_wrong_interface(corbel_error *error)
{
    corbel_error ignored = CORBEL_ERROR_INIT;
    probe_Node *node = NULL;
    probe_must(probe_Node_from_uri(client, server.uri, &node, &ignored), &ignored, "from_uri");
    const corbel_status status = probe_Node_ring(node, 1, NULL, error);
    probe_Node_unref(node);
    return status;
}

static corbel_status do_unknown_operation(corbel_error *error)
{
    return corbel_stub_call(as_object(), &unknown, NULL, NULL, error);
}

static corbel_status do_undecodable_arguments(corbel_error *error)
{
    const uint8_t not_utf8[] = { 0xff, 0xfe };
    const corbel_bytes bytes = CORBEL_SEQ(not_utf8);
    const void *const in[] = { &bytes };
    return corbel_stub_call(as_object(), &echo_of_bytes, in, NULL, error);
}

static corbel_status do_undecodable_result(corbel_error *error)
{
    const int32_t a = 1, b = 2;
    const void *const in[] = { &a, &b };
    char *text = NULL;
    void *const out[] = { &text };
    return corbel_stub_call(as_object(), &add_to_string, in, out, error);
}

static corbel_status do_bad_argument(corbel_error *error)
{
    return probe_Probe_echo(probe, "\xff", NULL, error);
}

static corbel_status do_exception(corbel_error *error)
{
    return probe_Probe_raise_it(probe, "x", error);
}

static corbel_status do_failure(corbel_error *error)
{
    return probe_Probe_fail(probe, "x", error);
}

static corbel_status do_bad_reply(corbel_error *error)
{
    return probe_Probe_bad_reply(probe, NULL, error);
}

static void cut(crb_peer *peer, void *user)
{
    (void)user;
    crb_peer_lock(peer);
    if (peer->link != NULL) {
        peer->link->ops->close(peer->link, false);
    }
    crb_peer_unlock(peer);
}

static corbel_status do_cut_after_sending(corbel_error *error)
{
    corbel_call *const call = probe_Probe_wait_begin(probe);
    assert_true(probe_event_wait(&server.state.waiting, 1));
    crb_runtime_each_peer(client, cut, NULL);
    const corbel_status status = probe_Probe_wait_finish(call, error);
    probe_event_add(&server.state.go_on, 1);
    return status;
}

static corbel_status do_draining(corbel_error *error)
{
    corbel_error busy = CORBEL_ERROR_INIT;
    corbel_call *const call = probe_Probe_wait_begin(probe);
    assert_true(probe_event_wait(&server.state.waiting, 1));
    corbel_daemon_shutdown(server.daemon);
    assert_int_equal(corbel_daemon_join(server.daemon, 1, &busy), CORBEL_BUSY);
    corbel_error_clear(&busy);
    atomic_fetch_sub(&server.state.entered, 1); /* the call that holds the daemon up is none of the row's */
    const corbel_status status = probe_Probe_add(probe, 1, 1, NULL, error);
    probe_event_add(&server.state.go_on, 1);
    corbel_call_drop(call);
    return status;
}

static const struct {
    const char *name;
    corbel_status (*run)(corbel_error *error);
    corbel_status status;
    corbel_completion completion;
    unsigned entered;
} rows[] = {
    { "refused connection", do_refused, CORBEL_UNREACHABLE, CORBEL_COMPLETED_NO, 0 },
    { "draining peer", do_draining, CORBEL_DRAINING, CORBEL_COMPLETED_NO, 0 },
    { "unknown object", do_unknown_object, CORBEL_NOT_FOUND, CORBEL_COMPLETED_NO, 0 },
    { "wrong interface", do_wrong_interface, CORBEL_WRONG_INTERFACE, CORBEL_COMPLETED_NO, 0 },
    { "unknown operation", do_unknown_operation, CORBEL_UNIMPLEMENTED, CORBEL_COMPLETED_NO, 0 },
    { "bad argument", do_bad_argument, CORBEL_INVALID_ARGUMENT, CORBEL_COMPLETED_NO, 0 },
    { "undecodable arguments", do_undecodable_arguments, CORBEL_DECODE, CORBEL_COMPLETED_NO, 0 },
    { "undecodable result", do_undecodable_result, CORBEL_DECODE, CORBEL_COMPLETED_YES, 1 },
    { "exception", do_exception, CORBEL_RAISED, CORBEL_COMPLETED_YES, 1 },
    { "servant's failure", do_failure, CORBEL_REFUSED, CORBEL_COMPLETED_YES, 1 },
    { "servant's bad result", do_bad_reply, CORBEL_BAD_REPLY, CORBEL_COMPLETED_YES, 1 },
    { "cut after sending", do_cut_after_sending, CORBEL_GONE, CORBEL_COMPLETED_MAYBE, 1 },
};

static void row(void **state)
{
    const size_t i = *(const size_t *)*state;
    corbel_error error = CORBEL_ERROR_INIT;
    probe_server_start(&server, NULL, NULL);
    MUST(corbel_runtime_new(NULL, &client, &error));
    MUST(probe_Probe_from_uri(client, server.uri, &probe, &error));
    const corbel_status status = rows[i].run(&error);
    if (status != rows[i].status || error.completion != rows[i].completion) {
        corbel_error_print(&error, stderr);
    }
    assert_int_equal(status, rows[i].status);
    assert_int_equal(error.status, rows[i].status);
    assert_int_equal(error.completion, rows[i].completion);
    corbel_error_clear(&error);
    probe_Probe_unref(probe);
    corbel_runtime_unref(client);
    const uint64_t entered = atomic_load(&server.state.entered);
    probe_server_stop(&server);
    assert_int_equal(entered, rows[i].entered);
}

int main(void)
{
    enum { ROWS = sizeof rows / sizeof rows[0] };
    _Static_assert(ROWS == 12, "a row of the table was lost");
    static size_t numbers[ROWS];
    struct CMUnitTest tests[ROWS];
    for (size_t i = 0; i < ROWS; i++) {
        numbers[i] = i;
        tests[i] = (struct CMUnitTest) { rows[i].name, row, NULL, NULL, &numbers[i] };
    }
    return cmocka_run_group_tests_name("completion", tests, NULL, NULL);
}
