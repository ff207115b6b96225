/* Nothing leaves loopback: names go to a server of the test's own. */
#include "runtime/base/clock.h"
#include "runtime/dns/dns.h"
#include "runtime/dns/resolve.h"
#include "tests/runtime/dns/name_server.h"
#include "tests/runtime/support/test.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static const record records[] = {
    { "one.test", RECORD_A, "127.0.0.11", 0, 0, 0 },
    { "both.test", RECORD_A, "127.0.0.12", 0, 0, 0 },
    { "both.test", RECORD_A, "127.0.0.13", 0, 0, 0 },
    { "both.test", RECORD_AAAA, "::1", 0, 0, 0 },
    { "six.test", RECORD_AAAA, "::1", 0, 0, 0 },
    { "none.test", RECORD_SRV, "one.test", 0, 0, 1 }, /* exists, without address */
    { "_corbel._tcp.svc.test", RECORD_SRV, "six.test", 20, 0, 2020 },
    { "_corbel._tcp.svc.test", RECORD_SRV, "one.test", 10, 0, 1010 },
    { "_corbel._tcp.svc.test", RECORD_SRV, "lost.test", 15, 0, 1515 },
    { "_corbel._tcp.gone.test", RECORD_SRV, "lost.test", 0, 0, 1 },
    { "_corbel._tcp.not.test", RECORD_SRV, "", 0, 0, 1 }, /* "no such service here" */
    { "_corbel._tcp.even.test", RECORD_SRV, "one.test", 0, 0, 1 },
    { "_corbel._tcp.even.test", RECORD_SRV, "one.test", 0, 30, 2 },
};

static uint64_t in_ms(uint32_t ms)
{
    return crb_after_ms(crb_now(), ms);
}

/** The address as text resolved, as text: "127.0.0.1:1 [::1]:1", or the error. */
static char *resolved(const crb_dns_options *options, const char *text, uint64_t deadline)
{
    static char out[512];
    crb_address *address = NULL, *found = NULL;
    size_t n = 0;
    corbel_error error = CORBEL_ERROR_INIT;
    assert_int_equal(crb_addresses_parse(text, &address, &n, NULL), CORBEL_OK);
    const corbel_status status = crb_resolve_with(options, address, deadline, &found, &n, &error);
    crb_addresses_free(address, 1);
    *out = '\0';
    if (status != CORBEL_OK) {
        assert_int_equal(status, CORBEL_UNREACHABLE);
        assert_int_equal(error.status, CORBEL_UNREACHABLE);
        assert_int_equal(error.completion, CORBEL_COMPLETED_NO);
        snprintf(out, sizeof out, "%s", error.message);
        corbel_error_clear(&error);
        return out;
    }
    for (size_t i = 0; i < n; i++) {
        char *one = crb_address_format(&found[i]);
        const size_t len = strlen(out);
        snprintf(out + len, sizeof out - len, "%s%s", i > 0 ? " " : "", one);
        free(one);
    }
    crb_addresses_free(found, n);
    return out;
}

typedef struct row {
    const char *text, *expected;
} row;

static void what_needs_no_question_asks_none(void **state)
{
    (void)state;
    static const row rows[] = {
        { "localhost:9676", "127.0.0.1:9676 [::1]:9676" },
        { "LocalHost.:1", "127.0.0.1:1 [::1]:1" },
        { "tls:localhost:1", "tls:127.0.0.1:1 tls:[::1]:1" },
        { "10.1.2.3:4", "10.1.2.3:4" },
        { "[2001:db8::1]:4", "[2001:db8::1]:4" },
        { "tls:10.1.2.3:4", "tls:10.1.2.3:4" },
        { "unix:/run/x", "unix:/run/x" },
        { "unix:@x", "unix:@x" },
        { "localhost", "localhost has no port" },
        { "10.1.2.3", "10.1.2.3 has no port" },
        { "[::1]", "::1 has no port" },
    };
    assert_int_equal(LENGTH_OF(rows), 11);
    name_server *server = name_server_start(records, LENGTH_OF(records), 1);
    const crb_dns_options options = { .servers = name_server_address(server), .lookups = "b" };
    for (size_t i = 0; i < LENGTH_OF(rows); i++) {
        /* Even when the time is over. */
        assert_string_equal(resolved(&options, rows[i].text, 0), rows[i].expected);
    }
    assert_int_equal(name_server_questions(server), 0);
    name_server_stop(server);

    crb_address address = { CRB_ADDRESS_TCP, (char *)(uintptr_t) "localhost", 5, true };
    crb_address *found = NULL;
    size_t n = 0;
    assert_int_equal(crb_resolve(&address, in_ms(1000), &found, &n, NULL), CORBEL_OK);
    assert_int_equal(n, 2);
    crb_addresses_free(found, n);
}

static void names_and_services_are_looked_up(void **state)
{
    (void)state;
    static const row rows[] = {
        { "one.test:5", "127.0.0.11:5" },
        { "tls:one.test:5", "tls:127.0.0.11:5" },
        { "six.test:5", "[::1]:5" },
        { "svc.test", "127.0.0.11:1010 [::1]:2020" },
        { "tls:svc.test", "tls:127.0.0.11:1010 tls:[::1]:2020" },
        { "gone.test", "lost.test: Domain name not found" },
        { "not.test", "no port, and for _corbel._tcp.not.test: DNS server returned answer with no data" },
        { "one.test", "no port, and for _corbel._tcp.one.test: Domain name not found" },
        { "none.test:5", "none.test: DNS server returned answer with no data" },
        { "nothing.invalid:5", "nothing.invalid: Domain name not found" },
    };
    assert_int_equal(LENGTH_OF(rows), 10);
    name_server *server = name_server_start(records, LENGTH_OF(records), 0);
    const crb_dns_options options = { .servers = name_server_address(server), .lookups = "b" };
    for (size_t i = 0; i < LENGTH_OF(rows); i++) {
        assert_string_equal(resolved(&options, rows[i].text, in_ms(20000)), rows[i].expected);
    }
    const char *both = resolved(&options, "both.test:5", in_ms(20000));
    assert_non_null(strstr(both, "127.0.0.12:5"));
    assert_non_null(strstr(both, "127.0.0.13:5"));
    assert_non_null(strstr(both, "[::1]:5"));
    assert_int_equal(strlen(both), strlen("127.0.0.12:5 127.0.0.13:5 [::1]:5"));
    name_server_stop(server);
}

static void weights_choose_the_first(void **state)
{
    (void)state;
    name_server *server = name_server_start(records, LENGTH_OF(records), 0);
    const crb_dns_options options = { .servers = name_server_address(server), .lookups = "b" };
    unsigned heavy = 0;
    for (int i = 0; i < 60; i++) {
        heavy += strcmp(resolved(&options, "even.test", in_ms(20000)), "127.0.0.11:2 127.0.0.11:1") == 0;
    }
    assert_in_range(heavy, 31, 60); /* 31 in 32: fewer than 31 of 60 would be a miracle */
    name_server_stop(server);
}

static void a_silent_server_costs_the_deadline_and_no_more(void **state)
{
    (void)state;
    name_server *server = name_server_start(records, LENGTH_OF(records), 1);
    const crb_dns_options options = { .servers = name_server_address(server), .lookups = "b" };
    const uint64_t start = crb_now();
    assert_string_equal(resolved(&options, "one.test:5", in_ms(200)), "one.test: no answer from DNS within the deadline");
    assert_string_equal(resolved(&options, "svc.test", in_ms(200)), "svc.test: no answer from DNS within the deadline");
    const uint64_t took = crb_now() - start;
    assert_true(took >= 390 * CRB_MS && took < 20 * CRB_SECOND);
    assert_true(name_server_questions(server) > 0);
    assert_string_equal(resolved(&options, "one.test:5", 0), "one.test: no answer from DNS within the deadline");
    name_server_stop(server);
}

static void a_dead_server_is_told_before_the_deadline(void **state)
{
    (void)state;
    /* A port that nobody has: bound, looked up, closed. */
    const int fd = socket(AF_INET, SOCK_DGRAM, 0);
    struct sockaddr_in self = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t size = sizeof self;
    assert_int_equal(bind(fd, (struct sockaddr *)&self, size), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&self, &size), 0);
    close(fd);
    char servers[32];
    snprintf(servers, sizeof servers, "127.0.0.1:%u", (unsigned)ntohs(self.sin_port));
    const crb_dns_options options = { .servers = servers, .lookups = "b", .timeout_ms = 50 };
    const uint64_t start = crb_now();
    const char *message = resolved(&options, "nothing.invalid:5", in_ms(60000));
    /* c-ares does not see every refusal; then its own timeouts tell. */
    if (strcmp(message, "nothing.invalid: Could not contact DNS servers") != 0) {
        assert_string_equal(message, "nothing.invalid: Timeout while contacting DNS servers");
    }
    assert_true(crb_now() - start < 20 * CRB_SECOND);
}

static void the_hosts_file_is_honoured(void **state)
{
    (void)state;
    /* The first name in it that is not localhost, which is ours; on Debian at least ip6-localhost. */
    FILE *file = fopen("/etc/hosts", "r");
    char line[512], address[64], name[128] = "";
    while (file != NULL && fgets(line, sizeof line, file) != NULL) {
        char names[3][128] = { "", "", "" };
        const int n = sscanf(line, "%63s %127s %127s %127s", address, names[0], names[1], names[2]) - 1;
        for (int i = 0; i < n && *name == '\0' && *address != '#'; i++) {
            if (*names[i] == '#') {
                break;
            }
            if (strcmp(names[i], "localhost") != 0) {
                memcpy(name, names[i], sizeof name);
            }
        }
        if (*name != '\0') {
            break;
        }
    }
    if (file != NULL) {
        fclose(file);
    }
    if (*name == '\0') {
        skip();
    }
    const crb_dns_options options = { .servers = "127.0.0.1:1" };
    char text[300], expected[100];
    snprintf(text, sizeof text, "%s:7", name);
    snprintf(expected, sizeof expected, strchr(address, ':') != NULL ? "[%s]:7" : "%s:7", address);
    const char *found = resolved(&options, text, in_ms(20000));
    if (strstr(found, expected) == NULL) {
        fail_msg("%s: %s, not %s", text, found, expected);
    }
}

static void *resolve_many(void *user)
{
    const crb_dns_options options = { .servers = user, .lookups = "b" };
    const crb_address address = { CRB_ADDRESS_TCP, (char *)(uintptr_t) "one.test", 5, true };
    for (int i = 0; i < 50; i++) {
        crb_address *found = NULL;
        size_t n = 0;
        if (crb_resolve_with(&options, &address, in_ms(20000), &found, &n, NULL) != CORBEL_OK || n != 1) {
            return user;
        }
        crb_addresses_free(found, n);
    }
    return NULL;
}

static void threads_do_not_meet(void **state)
{
    (void)state;
    name_server *server = name_server_start(records, LENGTH_OF(records), 0);
    pthread_t threads[4];
    for (size_t i = 0; i < LENGTH_OF(threads); i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, resolve_many, (void *)(uintptr_t)name_server_address(server)), 0);
    }
    for (size_t i = 0; i < LENGTH_OF(threads); i++) {
        void *failed = NULL;
        assert_int_equal(pthread_join(threads[i], &failed), 0);
        assert_null(failed);
    }
    name_server_stop(server);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_needs_no_question_asks_none),
        cmocka_unit_test(names_and_services_are_looked_up),
        cmocka_unit_test(weights_choose_the_first),
        cmocka_unit_test(a_silent_server_costs_the_deadline_and_no_more),
        cmocka_unit_test(a_dead_server_is_told_before_the_deadline),
        cmocka_unit_test(the_hosts_file_is_honoured),
        cmocka_unit_test(threads_do_not_meet),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
