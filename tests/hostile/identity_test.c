/* Who comes to a process and says that it is another one gets none of that one's calls. */
#include "support.h"

#include "runtime/call/peer.h"
#include "tests/daemon/probe.h"

/** A victim with a daemon of its own; a third process that it calls; and one that comes to the victim with the third one's name.
 */
static void nobody_gets_the_calls_of_another(void **state)
{
    (void)state;
    corbel_error error = CORBEL_ERROR_INIT;
    static probe_server victim, third;
    test_end impostor;
    crb_waiter waiter;
    crb_buf message = CRB_BUF_INIT, answer = CRB_BUF_INIT;
    probe_server_start(&victim, NULL, "127.0.0.1:0");
    probe_server_start(&third, NULL, "127.0.0.1:0");
    crb_waiter_init(&waiter, CRB_WAITER_CALLER);

    crb_address address = test_address(strchr(victim.uri, '@') + 1);
    test_dial(&impostor, &address);
    free(address.host);
    crb_frame hello = hostile_hello_frame();
    hello.u.hello.name = "the third, it says";
    memcpy(hello.u.hello.instance, third.runtime->instance, sizeof hello.u.hello.instance);
    memcpy(hello.u.hello.secret, third.runtime->secret, sizeof hello.u.hello.secret);
    const crb_frame ping = { .type = CRB_WIRE_PING };
    for (int i = 0; i < 2; i++) { /* HELLO, and PING's answer: its own HELLO was taken */
        hostile_frame(&message, i == 0 ? &hello : &ping);
        test_end_send(&impostor, message.data, message.len);
        crb_buf_clear(&message);
        assert_true(test_end_take(&impostor, &waiter, &answer));
        crb_buf_clear(&answer);
    }

    probe_Probe *probe = NULL;
    int32_t sum = 0;
    MUST(probe_Probe_from_uri(victim.runtime, third.uri, &probe, &error));
    MUST(probe_Probe_add(probe, 2, 3, &sum, &error));
    assert_int_equal(sum, 5);
    assert_int_equal(atomic_load(&third.state.entered), 1);
    assert_int_equal(impostor.received, 2);
    probe_Probe_unref(probe);
    impostor.link->ops->close(impostor.link, false);
    assert_true(test_end_wait_closed(&impostor, &waiter));
    test_end_clear(&impostor);
    probe_server_stop(&third);
    probe_server_stop(&victim);
}

static void broken(void *context, const corbel_error *why)
{
    (void)why;
    atomic_fetch_add((_Atomic unsigned *)context, 1);
}

/** Dials the server and says HELLO as somebody; takes one answer, and leaves answer to be cleared. */
static void introduce(test_end *end, const char *uri, const corbel_runtime *as, bool right_secret, uint64_t supersedes,
                      crb_waiter *waiter, crb_buf *answer)
{
    crb_buf message = CRB_BUF_INIT;
    crb_address address = test_address(strchr(uri, '@') + 1);
    test_dial(end, &address);
    free(address.host);
    crb_frame hello = hostile_hello_frame();
    memcpy(hello.u.hello.instance, as->instance, sizeof hello.u.hello.instance);
    memcpy(hello.u.hello.secret, as->secret, sizeof hello.u.hello.secret);
    hello.u.hello.secret[3] ^= right_secret ? 0 : 1;
    hello.u.hello.session = 12345;
    hello.u.hello.supersedes = supersedes;
    hostile_frame(&message, &hello);
    test_end_send(end, message.data, message.len);
    crb_buf_clear(&message);
    assert_true(test_end_take(end, waiter, answer));
}

static void leave(test_end *end, crb_waiter *waiter)
{
    end->link->ops->close(end->link, false);
    assert_true(test_end_wait_closed(end, waiter));
    test_end_clear(end);
}

/** The name of the only session of a runtime. */
static uint64_t session_of(corbel_runtime *runtime)
{
    pthread_mutex_lock(&runtime->lock);
    assert_non_null(runtime->peers);
    assert_null(runtime->peers->next);
    const uint64_t id = runtime->peers->id;
    pthread_mutex_unlock(&runtime->lock);
    return id;
}

/** The last frame of a message. */
static crb_frame last_frame(const crb_buf *message, crb_scratch *scratch)
{
    static const crb_frame_limits limits = { 64 };
    const uint8_t *at = message->data, *data = NULL;
    size_t left = message->len, len = 0;
    crb_frame frame = { 0 };
    while (left > 0) {
        const char *why = NULL;
        assert_true(crb_frame_split(&at, &left, &data, &len));
        assert_int_equal(crb_frame_unpack(&frame, data, len, &limits, scratch, &why), CRB_FRAME_OK);
    }
    return frame;
}

/** A client that is known; others come, say that they are it, and that its session is over. */
static void a_known_instance_needs_its_secret(void **state)
{
    (void)state;
    corbel_error error = CORBEL_ERROR_INIT;
    static probe_server server;
    static probe_listener_state listening;
    static _Atomic unsigned told;
    corbel_runtime *client = NULL;
    probe_Probe *probe = NULL;
    test_end forger;
    crb_waiter waiter;
    crb_buf answer = CRB_BUF_INIT;
    crb_scratch scratch;
    crb_scratch_init(&scratch);
    crb_waiter_init(&waiter, CRB_WAITER_CALLER);
    probe_server_start(&server, NULL, "127.0.0.1:0");
    MUST(corbel_runtime_new(NULL, &client, &error));
    MUST(probe_Probe_from_uri(client, server.uri, &probe, &error));
    probe_listener_init(&listening);
    probe_Listener *const listener = probe_listener_new(client, &listening);
    MUST(probe_Probe_keep(probe, listener, &error));
    assert_int_equal(corbel_object_on_broken(probe_Listener_as_object(server.state.kept), broken, (void *)(uintptr_t)&told),
                     CORBEL_OK);
    const uint64_t id = session_of(client);
    assert_int_equal(session_of(server.runtime), id);
    for (int i = 0; i < 5; i++) {
        introduce(&forger, server.uri, client, false, id, &waiter, &answer);
        const crb_frame frame = last_frame(&answer, &scratch);
        assert_int_equal(frame.type, CRB_WIRE_ABORT);
        assert_true(frame.u.abort.refused);
        assert_non_null(strstr(frame.u.abort.why, "belongs to another process"));
        crb_buf_clear(&answer);
        leave(&forger, &waiter);
        int32_t sum = 0;
        MUST(probe_Probe_add_by_kept(probe, 1, 2, &sum, &error)); /* both ways */
        assert_int_equal(sum, 3);
        assert_int_equal(session_of(client), id);
    }
    assert_int_equal(atomic_load(&told), 0);
    /* Who knows the secret, but not the name of the session, ends nothing either: he is told to use the one that is there. */
    introduce(&forger, server.uri, client, true, id + 1, &waiter, &answer);
    crb_frame frame = last_frame(&answer, &scratch);
    assert_int_equal(frame.type, CRB_WIRE_HELLO);
    assert_int_equal(frame.u.hello.session, id);
    crb_buf_clear(&answer);
    MUST(probe_Probe_add_by_kept(probe, 1, 2, NULL, &error));
    assert_int_equal(atomic_load(&told), 0);
    leave(&forger, &waiter);
    crb_scratch_reset(&scratch, 0);
    probe_Probe_unref(probe);
    probe_Listener_unref(listener);
    corbel_runtime_unref(client);
    probe_server_stop(&server);
}

/** One that says that it is the very process that it comes to. */
static void nobody_is_taken_for_ourselves(void **state)
{
    (void)state;
    corbel_error error = CORBEL_ERROR_INIT;
    static probe_server server;
    test_end forger;
    crb_waiter waiter;
    crb_buf answer = CRB_BUF_INIT;
    crb_scratch scratch;
    crb_scratch_init(&scratch);
    crb_waiter_init(&waiter, CRB_WAITER_CALLER);
    probe_server_start(&server, NULL, "127.0.0.1:0");
    introduce(&forger, server.uri, server.runtime, false, 0, &waiter, &answer);
    const crb_frame frame = last_frame(&answer, &scratch);
    assert_int_equal(frame.type, CRB_WIRE_ABORT);
    assert_true(frame.u.abort.refused);
    crb_buf_clear(&answer);
    leave(&forger, &waiter);
    crb_scratch_reset(&scratch, 0);
    corbel_error_clear(&error);
    probe_server_stop(&server);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(nobody_gets_the_calls_of_another),
                                        cmocka_unit_test(a_known_instance_needs_its_secret),
                                        cmocka_unit_test(nobody_is_taken_for_ourselves) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
