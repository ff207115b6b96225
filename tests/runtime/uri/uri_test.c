#include "runtime/uri/uri.h"
#include "tests/runtime/support/alloc_fail.h"
#include "tests/runtime/support/test.h"

#include <corbel/value.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct good_row {
    const char *text;
    const char *formatted; /* NULL: the same */
    crb_uri_kind kind;
    const char *id;
    size_t n;
    crb_address addresses[3];
} good_row;

#define TCP(host, port)                                                                                                          \
    {                                                                                                                            \
        CRB_ADDRESS_TCP, (char *)(uintptr_t)(host), port, true                                                                   \
    }
#define SRV(host)                                                                                                                \
    {                                                                                                                            \
        CRB_ADDRESS_TCP, (char *)(uintptr_t)(host), 0, false                                                                     \
    }
#define TLS(host, port)                                                                                                          \
    {                                                                                                                            \
        CRB_ADDRESS_TLS, (char *)(uintptr_t)(host), port, true                                                                   \
    }
#define UNIX(path)                                                                                                               \
    {                                                                                                                            \
        CRB_ADDRESS_UNIX, (char *)(uintptr_t)(path), 0, false                                                                    \
    }
#define ABSTRACT(name)                                                                                                           \
    {                                                                                                                            \
        CRB_ADDRESS_ABSTRACT, (char *)(uintptr_t)(name), 0, false                                                                \
    }

static const good_row good_rows[] = {
    { "corbel:bank@localhost:9676", NULL, CRB_URI_OBJECT, "bank", 1, { TCP("localhost", 9676) } },
    { "CorBEL:bank@TLS:Host:1,UNIX:/x",
      "corbel:bank@tls:Host:1,unix:/x",
      CRB_URI_OBJECT,
      "bank",
      2,
      { TLS("Host", 1), UNIX("/x") } },
    { "corbel:a.b:c/d@10.0.0.1:65535", NULL, CRB_URI_OBJECT, "a.b:c/d", 1, { TCP("10.0.0.1", 65535) } },
    { "corbel:x@[::1]:9676,[fe80::1]", NULL, CRB_URI_OBJECT, "x", 2, { TCP("::1", 9676), SRV("fe80::1") } },
    { "corbel:x@tls:[2001:db8::1]:443", NULL, CRB_URI_OBJECT, "x", 1, { TLS("2001:db8::1", 443) } },
    { "corbel:x@example.org", NULL, CRB_URI_OBJECT, "x", 1, { SRV("example.org") } },
    { "corbel:x@my_host-1.a.:2", NULL, CRB_URI_OBJECT, "x", 1, { TCP("my_host-1.a.", 2) } },
    { "corbel:x@tls:unix:80", NULL, CRB_URI_OBJECT, "x", 1, { TLS("unix", 80) } },
    { "corbel:x@tls,unix", NULL, CRB_URI_OBJECT, "x", 2, { SRV("tls"), SRV("unix") } },
    { "corbel:a%20b%2c%40%25%0A@h:1", "corbel:a%20b%2C%40%25%0A@h:1", CRB_URI_OBJECT, "a b,@%\n", 1, { TCP("h", 1) } },
    { "corbel:%62ank@h:1", "corbel:bank@h:1", CRB_URI_OBJECT, "bank", 1, { TCP("h", 1) } },
    { "corbel:caf\xc3\xa9@h:1", NULL, CRB_URI_OBJECT, "caf\xc3\xa9", 1, { TCP("h", 1) } },
    { "corbel:caf%C3%A9@h:1", "corbel:caf\xc3\xa9@h:1", CRB_URI_OBJECT, "caf\xc3\xa9", 1, { TCP("h", 1) } },
    { "corbel:x@unix:/run/a%2Cb%40%20c/s,h:1", NULL, CRB_URI_OBJECT, "x", 2, { UNIX("/run/a,b@ c/s"), TCP("h", 1) } },
    { "corbel:x@unix:@name/%40", NULL, CRB_URI_OBJECT, "x", 1, { ABSTRACT("name/@") } },
    { "corbelname:example.hello", NULL, CRB_URI_NAME, "example.hello", 0, { { 0 } } },
    { "CORBELNAME:a%40b@h:1,h:2", "corbelname:a%40b@h:1,h:2", CRB_URI_NAME, "a@b", 2, { TCP("h", 1), TCP("h", 2) } },
    { "corbelname:corbel:x@h:1", NULL, CRB_URI_NAME, "corbel:x", 1, { TCP("h", 1) } },
};

static bool addresses_equal(const crb_address *a, const crb_address *b)
{
    return a->kind == b->kind && strcmp(a->host, b->host) == 0 && a->has_port == b->has_port && a->port == b->port;
}

static bool uris_equal(const crb_uri *a, const crb_uri *b)
{
    bool equal = a->kind == b->kind && strcmp(a->id, b->id) == 0 && a->n_addresses == b->n_addresses;
    for (size_t i = 0; equal && i < a->n_addresses; i++) {
        equal = addresses_equal(&a->addresses[i], &b->addresses[i]);
    }
    return equal;
}

static void uris_are_read_and_written(void **state)
{
    (void)state;
    assert_int_equal(LENGTH_OF(good_rows), 18);
    for (size_t i = 0; i < LENGTH_OF(good_rows); i++) {
        const good_row *row = &good_rows[i];
        crb_uri uri, again;
        corbel_error error = CORBEL_ERROR_INIT;
        if (crb_uri_parse(row->text, &uri, &error) != CORBEL_OK) {
            fail_msg("%s: %s", row->text, error.message);
        }
        const crb_uri expected = { row->kind, (char *)(uintptr_t)row->id, (crb_address *)(uintptr_t)row->addresses, row->n };
        if (!uris_equal(&uri, &expected)) {
            fail_msg("%s: read as something else", row->text);
        }
        char *text = crb_uri_format(&uri);
        assert_string_equal(text, row->formatted != NULL ? row->formatted : row->text);
        assert_int_equal(crb_uri_parse(text, &again, NULL), CORBEL_OK);
        assert_true(uris_equal(&uri, &again));
        corbel_string_free(text);
        crb_uri_clear(&uri);
        crb_uri_clear(&again);
    }
}

typedef struct bad_row {
    const char *text;
    const char *message;
} bad_row;

#define LABEL63 "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefghijk"

static const bad_row bad_rows[] = {
    { "", "column 1: a URI begins with corbel: or corbelname:" },
    { "hello", "column 1: a URI begins with corbel: or corbelname:" },
    { " corbel:x@h:1", "column 1: a URI begins with corbel: or corbelname:" },
    { "corbel", "column 1: a URI begins with corbel: or corbelname:" },
    { "corbelmeta:a,b", "column 1: corbelmeta: is not supported yet" },
    { "CorbelMeta:a@h:1", "column 1: corbelmeta: is not supported yet" },
    { "corbel:", "column 8: the object id is empty" },
    { "corbel:@h:1", "column 8: the object id is empty" },
    { "corbelname:", "column 12: the name is empty" },
    { "corbelname:@h:1", "column 12: the name is empty" },
    { "corbel:x", "column 9: @ADDRESS is missing" },
    { "corbel:a b@h:1", "column 9: in the object id this character is written %20" },
    { "corbel:a,b@h:1", "column 9: in the object id this character is written %2C" },
    { "corbel:a\tb@h:1", "column 9: in the object id this character is written %09" },
    { "corbel:a\x7f@h:1", "column 9: in the object id this character is written %7F" },
    { "corbel:a%@h:1", "column 9: % without two hex digits" },
    { "corbel:a%4@h:1", "column 9: % without two hex digits" },
    { "corbel:a%4g@h:1", "column 9: % without two hex digits" },
    { "corbel:a%00@h:1", "column 9: a NUL in the object id" },
    { "corbel:a\xff@h:1", "column 8: the object id is not UTF-8" },
    { "corbel:a%ff@h:1", "column 8: the object id is not UTF-8" },
    { "corbel:x@", "column 10: an address is missing" },
    { "corbelname:x@", "column 14: an address is missing" },
    { "corbel:x@,h:1", "column 10: an address is missing" },
    { "corbel:x@h:1,", "column 14: an address is missing" },
    { "corbel:x@h:1,,h:2", "column 14: an address is missing" },
    { "corbel:x@h:1 ", "column 13: a port is a number" },
    { "corbel:x@h:", "column 12: the port is missing" },
    { "corbel:x@h:0", "column 12: a port is 1 to 65535" },
    { "corbel:x@h:65536", "column 12: a port is 1 to 65535" },
    { "corbel:x@h:18446744073709551617", "column 12: a port is 1 to 65535" },
    { "corbel:x@h:080", "column 12: a port is 1 to 65535" },
    { "corbel:x@h:-1", "column 12: a port is a number" },
    { "corbel:x@h:8o", "column 13: a port is a number" },
    { "corbel:x@:80", "column 10: the host is missing" },
    { "corbel:x@tls:", "column 14: the host is missing" },
    { "corbel:x@tls:9676", "column 14: neither a host name nor an IPv4 address" },
    { "corbel:x@1.2.3:80", "column 14: neither a host name nor an IPv4 address" },
    { "corbel:x@1.2.3.256:80", "column 16: neither a host name nor an IPv4 address" },
    { "corbel:x@1.2.3.4.:80", "column 16: neither a host name nor an IPv4 address" },
    { "corbel:x@a..b:80", "column 12: not a host name" },
    { "corbel:x@.a:80", "column 10: not a host name" },
    { "corbel:x@-a:80", "column 10: not a host name" },
    { "corbel:x@b.a-:80", "column 12: not a host name" },
    { "corbel:x@" LABEL63 "l:80", "column 10: not a host name" },
    { "corbel:x@" LABEL63 "." LABEL63 "." LABEL63 "." LABEL63 ":80", "column 10: a host name of 255 bytes, at most 253" },
    { "corbel:x@h\xc3\xa9:80", "column 11: not a character of a host name" },
    { "corbel:x@h%41:80", "column 11: not a character of a host name" },
    { "corbel:x@h@i:80", "column 11: not a character of a host name" },
    { "corbel:x@::1:80", "column 10: the host is missing" },
    { "corbel:x@fe80::1", "column 10: more than one colon; an IPv6 address stands in brackets" },
    { "corbel:x@[::1", "column 10: [ without ]" },
    { "corbel:x@[]:1", "column 11: not an IPv6 address" },
    { "corbel:x@[::g]:1", "column 11: not an IPv6 address" },
    { "corbel:x@[1.2.3.4]:1", "column 11: not an IPv6 address" },
    { "corbel:x@[fe80::1%25eth0]:1", "column 11: not an IPv6 address" },
    { "corbel:x@[::1]80", "column 15: behind ] stands :PORT or nothing" },
    { "corbel:x@unix:", "column 15: behind unix: stands /PATH or @NAME" },
    { "corbel:x@unix:/", "column 15: behind unix: stands /PATH or @NAME" },
    { "corbel:x@unix:run/x", "column 15: behind unix: stands /PATH or @NAME" },
    { "corbel:x@unix:80", "column 15: behind unix: stands /PATH or @NAME" },
    { "corbel:x@unix:@", "column 16: the socket's name is empty" },
    { "corbel:x@unix:/a@b", "column 17: in the path this character is written %40" },
    { "corbel:x@unix:/a%00", "column 17: a NUL in the path" },
    { "corbel:x@tls:unix:/x", "column 19: a port is a number" },
};

static void what_is_no_uri_is_refused_with_its_column(void **state)
{
    (void)state;
    assert_int_equal(LENGTH_OF(bad_rows), 65);
    for (size_t i = 0; i < LENGTH_OF(bad_rows); i++) {
        crb_uri uri;
        corbel_error error = CORBEL_ERROR_INIT;
        assert_int_equal(crb_uri_parse(bad_rows[i].text, &uri, &error), CORBEL_INVALID_ARGUMENT);
        assert_int_equal(error.completion, CORBEL_COMPLETED_NO);
        if (strcmp(error.message, bad_rows[i].message) != 0) {
            fail_msg("%s: %s", bad_rows[i].text, error.message);
        }
        assert_int_equal(crb_uri_parse(bad_rows[i].text, &uri, NULL), CORBEL_INVALID_ARGUMENT);
        corbel_error_clear(&error);
    }
}

static void limits_hold(void **state)
{
    (void)state;
    static char text[CRB_MAX_URI + 200];
    crb_uri uri;
    corbel_error error = CORBEL_ERROR_INIT;
    char id[CRB_MAX_OBJECT_ID + 2];
    memset(id, 'a', sizeof id);
    id[CRB_MAX_OBJECT_ID + 1] = '\0';
    snprintf(text, sizeof text, "corbelname:%s", id);
    assert_int_equal(crb_uri_parse(text, &uri, &error), CORBEL_INVALID_ARGUMENT);
    assert_string_equal(error.message, "column 12: the name has 256 bytes, at most 255");
    assert_string_equal(crb_object_id_fault(id), "more than 255 bytes");
    id[CRB_MAX_OBJECT_ID] = '\0';
    snprintf(text, sizeof text, "corbelname:%s", id);
    assert_int_equal(crb_uri_parse(text, &uri, &error), CORBEL_OK);
    crb_uri_clear(&uri);
    assert_null(crb_object_id_fault(id));
    assert_string_equal(crb_object_id_fault(""), "empty");
    assert_string_equal(crb_object_id_fault("\xff"), "not UTF-8");

    for (int n = CRB_MAX_ADDRESSES; n <= CRB_MAX_ADDRESSES + 1; n++) {
        int len = snprintf(text, sizeof text, "corbelname:x");
        for (int i = 0; i < n; i++) {
            len += snprintf(text + len, sizeof text - (size_t)len, "%sh:%d", i == 0 ? "@" : ",", i + 1);
        }
        const corbel_status status = crb_uri_parse(text, &uri, &error);
        assert_int_equal(status, n > CRB_MAX_ADDRESSES ? CORBEL_INVALID_ARGUMENT : CORBEL_OK);
        if (status == CORBEL_OK) {
            assert_int_equal(uri.n_addresses, CRB_MAX_ADDRESSES);
            crb_uri_clear(&uri);
        } else {
            assert_string_equal(error.message, "column 85: more than 16 addresses");
        }
    }

    /* A Unix path fills a socket's address with its NUL. */
    for (int n = 107; n <= 108; n++) {
        snprintf(text, sizeof text, "corbelname:x@unix:/%.*s", n - 1, id);
        assert_int_equal(crb_uri_parse(text, &uri, &error), n == 107 ? CORBEL_OK : CORBEL_INVALID_ARGUMENT);
        if (n == 107) {
            crb_uri_clear(&uri);
        }
    }
    assert_string_equal(error.message, "column 19: the path has 108 bytes, at most 107");

    memset(text, 'a', sizeof text - 1);
    memcpy(text, "corbelname:", 11);
    assert_int_equal(crb_uri_parse(text, &uri, &error), CORBEL_INVALID_ARGUMENT);
    assert_string_equal(error.message, "column 8193: more than 8192 bytes");
    crb_address *addresses = NULL;
    size_t n = 0;
    assert_int_equal(crb_addresses_parse(text, &addresses, &n, &error), CORBEL_INVALID_ARGUMENT);
    corbel_error_clear(&error);
}

static void lists_of_addresses_may_listen(void **state)
{
    (void)state;
    crb_address *addresses = NULL;
    size_t n = 0;
    corbel_error error = CORBEL_ERROR_INIT;
    assert_int_equal(crb_addresses_parse("127.0.0.1:0,unix:/run/x,[::]:9", &addresses, &n, NULL), CORBEL_OK);
    assert_int_equal(n, 3);
    static const char *const expected[] = { "127.0.0.1:0", "unix:/run/x", "[::]:9" };
    for (size_t i = 0; i < n; i++) {
        char *text = crb_address_format(&addresses[i]);
        assert_string_equal(text, expected[i]);
        free(text);
    }
    crb_addresses_free(addresses, n);
    assert_int_equal(crb_addresses_parse("", &addresses, &n, &error), CORBEL_INVALID_ARGUMENT);
    assert_string_equal(error.message, "column 1: an address is missing");
    assert_int_equal(crb_addresses_parse("a:1,b:x", &addresses, &n, &error), CORBEL_INVALID_ARGUMENT);
    assert_string_equal(error.message, "column 7: a port is a number");
    corbel_error_clear(&error);
    crb_addresses_free(NULL, 0);
}

static uint64_t chance_state = 88172645463325252ULL;

static size_t chance(size_t n)
{
    chance_state ^= chance_state << 13;
    chance_state ^= chance_state >> 7;
    chance_state ^= chance_state << 17;
    return (size_t)(chance_state >> 11) % n;
}

/** Up to max bytes of characters that are awkward in URIs, behind prefix. */
static char *random_text(const char *prefix, size_t max)
{
    static const char *const letters[] = {
        "a", "Z", "0", ",", "@", "%", " ", ":", "/", "\n", "\x7f", "[", "%41", "\xc3\xa9", "."
    };
    char *text = calloc(1, max + 1);
    assert_non_null(text);
    strcpy(text, prefix);
    for (size_t i = 0, n = 1 + chance(max); i < n; i++) {
        const char *letter = letters[chance(LENGTH_OF(letters))];
        if (strlen(text) + strlen(letter) <= max) {
            strcat(text, letter);
        }
    }
    return text;
}

static crb_address random_address(void)
{
    static const char *const hosts[] = { "localhost", "a.b-c", "10.1.2.3", "::1", "fe80::1:2", "x_y.org." };
    crb_address address = { .kind = (crb_address_kind)chance(4) };
    if (address.kind == CRB_ADDRESS_UNIX || address.kind == CRB_ADDRESS_ABSTRACT) {
        address.host = random_text(address.kind == CRB_ADDRESS_UNIX ? "/x" : "", 107);
        return address;
    }
    const char *host = hosts[chance(LENGTH_OF(hosts))];
    address.host = malloc(strlen(host) + 1);
    assert_non_null(address.host);
    strcpy(address.host, host);
    address.has_port = chance(4) > 0;
    address.port = (uint16_t)(address.has_port ? 1 + chance(UINT16_MAX) : 0);
    return address;
}

static void what_is_formatted_is_parsed_back(void **state)
{
    (void)state;
    size_t longest = 0;
    for (int round = 0; round < 4000; round++) {
        crb_uri uri = { .kind = (crb_uri_kind)chance(2), .id = random_text("", CRB_MAX_OBJECT_ID) }, back;
        uri.n_addresses = chance(CRB_MAX_ADDRESSES) + (uri.kind == CRB_URI_OBJECT ? 1 : 0);
        uri.addresses = calloc(uri.n_addresses + 1, sizeof *uri.addresses);
        for (size_t i = 0; i < uri.n_addresses; i++) {
            uri.addresses[i] = random_address();
        }
        char *text = crb_uri_format(&uri);
        assert_non_null(text);
        longest = strlen(text) > longest ? strlen(text) : longest;
        corbel_error error = CORBEL_ERROR_INIT;
        if (crb_uri_parse(text, &back, &error) != CORBEL_OK) {
            fail_msg("%s: %s", text, error.message);
        }
        assert_true(uris_equal(&uri, &back));
        corbel_string_free(text);
        crb_uri_clear(&uri);
        crb_uri_clear(&back);
    }
    assert_true(longest > 2000);
}

static void without_memory_nothing_is_left(void **state)
{
    (void)state;
    bool failed = true;
    size_t n = 0;
    for (; failed; n++) {
        const size_t live = alloc_fail_live();
        alloc_fail_at(n);
        crb_uri uri;
        char *text = NULL;
        const corbel_status status = crb_uri_parse("corbel:x@h:1,unix:/y,tls:[::1]:2", &uri, NULL);
        if (status == CORBEL_OK) {
            text = crb_uri_format(&uri);
            char *address = crb_address_format(&uri.addresses[0]);
            failed = alloc_fail_end();
            assert_int_equal(text == NULL || address == NULL, failed);
            free(address);
            crb_uri_clear(&uri);
        } else {
            assert_int_equal(status, CORBEL_NO_MEMORY);
            failed = alloc_fail_end();
            assert_true(failed);
        }
        corbel_string_free(text);
        assert_int_equal(alloc_fail_live(), live);
    }
    assert_true(n > 7);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(uris_are_read_and_written),
        cmocka_unit_test(what_is_no_uri_is_refused_with_its_column),
        cmocka_unit_test(limits_hold),
        cmocka_unit_test(lists_of_addresses_may_listen),
        cmocka_unit_test(what_is_formatted_is_parsed_back),
        cmocka_unit_test(without_memory_nothing_is_left),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
