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

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(nobody_gets_the_calls_of_another) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
