/** Connecting: several addresses in turn, failing at once or waiting until somebody is there, and finding an object again that
 *  has moved or was registered anew. */
#include "probe.h"

#include "runtime/base/clock.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

/* ---- peers that are none ---- */

/** A listening socket of the kernel's choice; backlog below 0: nobody listens on it. */
typedef struct hole {
    int fd;
    uint16_t port;
} hole;

static void hole_open(hole *h, int backlog)
{
    struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t len = sizeof at;
    const int one = 1;
    h->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(h->fd >= 0);
    assert_int_equal(setsockopt(h->fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one), 0);
    assert_int_equal(bind(h->fd, (struct sockaddr *)&at, sizeof at), 0);
    assert_int_equal(getsockname(h->fd, (struct sockaddr *)&at, &len), 0);
    h->port = ntohs(at.sin_port);
    if (backlog >= 0) {
        assert_int_equal(listen(h->fd, backlog), 0);
    }
}

/** Somebody has come; he is sent away. */
static void hole_send_away(const hole *h)
{
    struct pollfd event = { .fd = h->fd, .events = POLLIN };
    assert_int_equal(poll(&event, 1, (int)(20000 * probe_slow)), 1);
    const int fd = accept(h->fd, NULL, NULL);
    assert_true(fd >= 0);
    close(fd);
}

/** The port of a URI whose only address has one. */
static unsigned port_of(const char *uri)
{
    return (unsigned)strtoul(strrchr(uri, ':') + 1, NULL, 10);
}

static corbel_runtime *client;

static int set_up(void **state)
{
    corbel_error error = CORBEL_ERROR_INIT;
    (void)state;
    MUST(corbel_runtime_new(NULL, &client, &error));
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    corbel_runtime_unref(client);
    return 0;
}

/** A reference to "probe" at addresses, with a deadline. */
static probe_Probe *reference(const char *addresses, uint32_t deadline_ms, bool wait_for_ready)
{
    corbel_error error = CORBEL_ERROR_INIT;
    probe_Probe *made = NULL;
    char uri[300];
    (void)snprintf(uri, sizeof uri, "corbel:probe@%s", addresses);
    MUST(probe_Probe_from_uri(client, uri, &made, &error));
    corbel_options options = CORBEL_OPTIONS_INIT;
    options.deadline_ms = deadline_ms;
    options.wait_for_ready = wait_for_ready;
    probe_Probe *const derived = probe_Probe_with(made, &options);
    probe_Probe_unref(made);
    return derived;
}

/* ---- several addresses ---- */

static void addresses_are_tried_in_turn(void **state)
{
    corbel_error error = CORBEL_ERROR_INIT;
    probe_server server;
    hole refused, silent;
    char addresses[200];
    int32_t sum = 0;
    (void)state;
    probe_server_start(&server, NULL, "127.0.0.1:0");
    hole_open(&refused, -1);
    hole_open(&silent, 8);
    (void)snprintf(addresses, sizeof addresses, "127.0.0.1:%u,127.0.0.1:%u,127.0.0.1:%u", refused.port, silent.port,
                   port_of(server.uri));
    probe_Probe *const probe = reference(addresses, 6000 * probe_slow, false);
    MUST(probe_Probe_add(probe, 1, 2, &sum, &error)); /* who is silent has had no more than his share of the time */
    assert_int_equal(sum, 3);
    probe_Probe_unref(probe);
    close(refused.fd);
    close(silent.fd);
    probe_server_stop(&server);
}

static void each_address_is_named_with_its_reason(void **state)
{
    corbel_error error = CORBEL_ERROR_INIT;
    hole refused[2], silent;
    char addresses[200], start[3][40];
    (void)state;
    hole_open(&refused[0], -1);
    hole_open(&silent, 8);
    hole_open(&refused[1], -1);
    (void)snprintf(addresses, sizeof addresses, "127.0.0.1:%u,127.0.0.1:%u,127.0.0.1:%u", refused[0].port, silent.port,
                   refused[1].port);
    probe_Probe *const probe = reference(addresses, 1000, false);
    assert_int_equal(probe_Probe_add(probe, 1, 2, NULL, &error), CORBEL_UNREACHABLE);
    assert_int_equal(error.completion, CORBEL_COMPLETED_NO);
    (void)snprintf(start[0], sizeof start[0], "127.0.0.1:%u: ", refused[0].port);
    (void)snprintf(start[1], sizeof start[1], "127.0.0.1:%u: ", silent.port);
    (void)snprintf(start[2], sizeof start[2], "127.0.0.1:%u: ", refused[1].port);
    static const char *const why[] = { "refused", "no answer", "refused" };
    size_t n = 0;
    for (const char *tried = NULL; (tried = corbel_error_address(&error, n)) != NULL; n++) {
        assert_in_range(n, 0, 2);
        assert_int_equal(strncmp(tried, start[n], strlen(start[n])), 0);
        assert_non_null(strstr(tried, why[n]));
    }
    assert_int_equal(n, 3);
    corbel_error_clear(&error);
    probe_Probe_unref(probe);
    close(refused[0].fd);
    close(refused[1].fd);
    close(silent.fd);
}

static void an_open_session_is_used_before_others_are_tried(void **state)
{
    corbel_error error = CORBEL_ERROR_INIT;
    probe_server server;
    hole silent;
    char addresses[200];
    (void)state;
    probe_server_start(&server, NULL, "127.0.0.1:0");
    hole_open(&silent, 8);
    (void)snprintf(addresses, sizeof addresses, "127.0.0.1:%u", port_of(server.uri));
    probe_Probe *const first = reference(addresses, 0, false);
    MUST(probe_Probe_add(first, 1, 2, NULL, &error));
    (void)snprintf(addresses, sizeof addresses, "127.0.0.1:%u,127.0.0.1:%u", silent.port, port_of(server.uri));
    probe_Probe *const second = reference(addresses, 0, false);
    MUST(probe_Probe_add(second, 1, 2, NULL, &error));
    struct pollfd event = { .fd = silent.fd, .events = POLLIN };
    assert_int_equal(poll(&event, 1, 0), 0); /* nobody has come */
    probe_Probe_unref(first);
    probe_Probe_unref(second);
    close(silent.fd);
    probe_server_stop(&server);
}

/* ---- who waits, and for whom ---- */

typedef struct caller {
    pthread_t thread;
    probe_Probe *probe;
    corbel_status status;
    corbel_error error;
    uint64_t took;
    probe_event over;
} caller;

static void *caller_run(void *argument)
{
    caller *const c = argument;
    const uint64_t begin = crb_now();
    c->status = probe_Probe_add(c->probe, 1, 2, NULL, &c->error);
    c->took = crb_now() - begin;
    probe_event_add(&c->over, 1);
    return NULL;
}

static void caller_start(caller *c, probe_Probe *probe)
{
    memset(c, 0, sizeof *c);
    c->probe = probe;
    c->error = (corbel_error)CORBEL_ERROR_INIT;
    probe_event_init(&c->over);
    assert_int_equal(pthread_create(&c->thread, NULL, caller_run, c), 0);
}

static void caller_join(caller *c)
{
    assert_true(probe_event_wait(&c->over, 1));
    assert_int_equal(pthread_join(c->thread, NULL), 0);
    probe_Probe_unref(c->probe);
}

static void who_is_dialled_in_vain_holds_nobody_up(void **state)
{
    corbel_error error = CORBEL_ERROR_INIT;
    probe_server server;
    hole silent;
    caller stuck;
    char addresses[100];
    (void)state;
    probe_server_start(&server, NULL, "127.0.0.1:0");
    hole_open(&silent, 8);
    (void)snprintf(addresses, sizeof addresses, "127.0.0.1:%u", silent.port);
    caller_start(&stuck, reference(addresses, 3000, false));
    struct pollfd event = { .fd = silent.fd, .events = POLLIN };
    assert_int_equal(poll(&event, 1, (int)(20000 * probe_slow)), 1); /* it dials */
    (void)snprintf(addresses, sizeof addresses, "127.0.0.1:%u", port_of(server.uri));
    probe_Probe *const other = reference(addresses, 0, false);
    for (int i = 0; i < 20; i++) {
        MUST(probe_Probe_add(other, 1, 2, NULL, &error));
    }
    assert_int_equal(probe_event_count(&stuck.over), 0); /* nor did it end meanwhile */
    caller_join(&stuck);
    assert_int_equal(stuck.status, CORBEL_UNREACHABLE);
    assert_int_equal(stuck.error.completion, CORBEL_COMPLETED_NO);
    corbel_error_clear(&stuck.error);
    probe_Probe_unref(other);
    close(silent.fd);
    probe_server_stop(&server);
}

/** A queue for connections that is full: the kernel drops whoever dials. */
static void a_hasty_dialler_ends_nobody_elses_wait(void **state)
{
    corbel_error error = CORBEL_ERROR_INIT;
    hole full;
    int waiting[2];
    caller patient;
    char addresses[100];
    (void)state;
    hole_open(&full, 0);
    struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK), .sin_port = htons(full.port) };
    for (size_t i = 0; i < 2; i++) {
        waiting[i] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        assert_true(waiting[i] >= 0);
        assert_true(connect(waiting[i], (struct sockaddr *)&at, sizeof at) == 0 || errno == EINPROGRESS);
    }
    (void)snprintf(addresses, sizeof addresses, "127.0.0.1:%u", full.port);
    caller hasty;
    caller_start(&hasty, reference(addresses, 300, false));
    caller_start(&patient, reference(addresses, 1500, false));
    caller_join(&hasty);
    assert_int_equal(hasty.status, CORBEL_UNREACHABLE);
    caller_join(&patient);
    assert_int_equal(patient.status, CORBEL_UNREACHABLE);
    assert_true(patient.took >= 1400 * CRB_MS);
    corbel_error_clear(&hasty.error);
    corbel_error_clear(&patient.error);
    corbel_error_clear(&error);
    close(waiting[0]);
    close(waiting[1]);
    close(full.fd);
}

/* ---- failing at once, or waiting ---- */

static void fails_after_one_pass(void **state)
{
    corbel_error error = CORBEL_ERROR_INIT;
    hole once;
    caller c;
    char addresses[100];
    (void)state;
    hole_open(&once, 8);
    (void)snprintf(addresses, sizeof addresses, "127.0.0.1:%u", once.port);
    caller_start(&c, reference(addresses, 20000 * probe_slow, false));
    hole_send_away(&once);
    caller_join(&c);
    assert_int_equal(c.status, CORBEL_UNREACHABLE);
    assert_int_equal(c.error.completion, CORBEL_COMPLETED_NO);
    struct pollfd event = { .fd = once.fd, .events = POLLIN };
    assert_int_equal(poll(&event, 1, 0), 0); /* he has not come a second time */
    corbel_error_clear(&c.error);
    corbel_error_clear(&error);
    close(once.fd);
}

static void waits_until_somebody_is_there(void **state)
{
    corbel_error error = CORBEL_ERROR_INIT;
    probe_server server;
    hole before;
    caller c;
    char addresses[100];
    (void)state;
    hole_open(&before, 8);
    (void)snprintf(addresses, sizeof addresses, "127.0.0.1:%u", before.port);
    caller_start(&c, reference(addresses, 20000 * probe_slow, true));
    hole_send_away(&before);
    hole_send_away(&before); /* again */
    assert_int_equal(probe_event_count(&c.over), 0);
    close(before.fd);
    probe_server_start(&server, NULL, addresses); /* the object is not there at once: that is waited for, too */
    caller_join(&c);
    probe_must(c.status, &c.error, "the call that waited");
    probe_server_stop(&server);
    corbel_error_clear(&error);
}

static void waits_until_the_deadline(void **state)
{
    hole refused;
    caller c;
    char addresses[100];
    (void)state;
    hole_open(&refused, -1);
    (void)snprintf(addresses, sizeof addresses, "127.0.0.1:%u", refused.port);
    caller_start(&c, reference(addresses, 500, true));
    caller_join(&c);
    assert_int_equal(c.status, CORBEL_UNREACHABLE);
    assert_int_equal(c.error.completion, CORBEL_COMPLETED_NO);
    assert_non_null(corbel_error_address(&c.error, 0));
    assert_non_null(strstr(c.error.message, "waited"));
    assert_true(c.took >= 400 * CRB_MS);
    corbel_error_clear(&c.error);
    close(refused.fd);
}

static void the_runtime_has_a_default(void **state)
{
    corbel_error error = CORBEL_ERROR_INIT;
    corbel_runtime_options options = CORBEL_RUNTIME_OPTIONS_INIT;
    corbel_runtime *const other = client;
    hole refused;
    caller c;
    char addresses[100];
    (void)state;
    options.wait_for_ready = true;
    options.default_deadline_ms = 500;
    MUST(corbel_runtime_new(&options, &client, &error));
    hole_open(&refused, -1);
    (void)snprintf(addresses, sizeof addresses, "127.0.0.1:%u", refused.port);
    caller_start(&c, reference(addresses, 0, false));
    caller_join(&c);
    assert_int_equal(c.status, CORBEL_UNREACHABLE);
    assert_non_null(strstr(c.error.message, "waited"));
    corbel_error_clear(&c.error);
    close(refused.fd);
    corbel_runtime_unref(client);
    client = other;
}

/* ---- finding it again ---- */

static void a_reference_by_uri_survives_a_restart(void **state)
{
    corbel_error error = CORBEL_ERROR_INIT;
    probe_server server;
    char addresses[100];
    int32_t sum = 0;
    (void)state;
    probe_server_start(&server, NULL, "127.0.0.1:0");
    (void)snprintf(addresses, sizeof addresses, "127.0.0.1:%u", port_of(server.uri));
    probe_Probe *const probe = reference(addresses, 0, false);
    MUST(probe_Probe_add(probe, 1, 2, &sum, &error));
    probe_server_stop(&server);
    assert_int_not_equal(probe_Probe_add(probe, 1, 2, &sum, &error), CORBEL_OK);
    assert_int_equal(error.completion, CORBEL_COMPLETED_NO);
    corbel_error_clear(&error);
    probe_server_start(&server, NULL, addresses);
    MUST(probe_Probe_add(probe, 2, 3, &sum, &error));
    assert_int_equal(sum, 5);
    probe_Probe_unref(probe);
    probe_server_stop(&server);
}

static void an_object_that_was_registered_again_is_found(void **state)
{
    corbel_error error = CORBEL_ERROR_INIT;
    probe_server server;
    char addresses[100];
    (void)state;
    probe_server_start(&server, NULL, "127.0.0.1:0");
    (void)snprintf(addresses, sizeof addresses, "127.0.0.1:%u", port_of(server.uri));
    probe_Probe *const probe = reference(addresses, 0, false);
    for (int i = 0; i < 50; i++) {
        MUST(probe_Probe_add(probe, 1, 2, NULL, &error));
        MUST(corbel_daemon_unregister(server.daemon, "probe", &error));
        const corbel_status status = probe_Probe_add(probe, 1, 2, NULL, &error);
        assert_int_equal(status, CORBEL_NOT_FOUND);
        assert_int_equal(error.completion, CORBEL_COMPLETED_NO);
        corbel_error_clear(&error);
        MUST(corbel_daemon_register(server.daemon, "probe", probe_Probe_as_object(server.object), &error));
    }
    MUST(probe_Probe_add(probe, 1, 2, NULL, &error));
    probe_Probe_unref(probe);
    probe_server_stop(&server);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(addresses_are_tried_in_turn, set_up, tear_down),
        cmocka_unit_test_setup_teardown(each_address_is_named_with_its_reason, set_up, tear_down),
        cmocka_unit_test_setup_teardown(an_open_session_is_used_before_others_are_tried, set_up, tear_down),
        cmocka_unit_test_setup_teardown(who_is_dialled_in_vain_holds_nobody_up, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_hasty_dialler_ends_nobody_elses_wait, set_up, tear_down),
        cmocka_unit_test_setup_teardown(fails_after_one_pass, set_up, tear_down),
        cmocka_unit_test_setup_teardown(waits_until_somebody_is_there, set_up, tear_down),
        cmocka_unit_test_setup_teardown(waits_until_the_deadline, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_runtime_has_a_default, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_reference_by_uri_survives_a_restart, set_up, tear_down),
        cmocka_unit_test_setup_teardown(an_object_that_was_registered_again_is_found, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
