/* The kitchen sink: every type of the language as in, out, inout, result, member of an exception and of a struct, and element of
 * a sequence, with its empty, lowest, highest and random values, and with all that is one past what it allows; called through the
 * generated stubs and served by the generated skeletons, inside one process, over a Unix socket and over TCP. */
#include "tests/kitchen/kitchen.h"

#include <corbel/any.h>
#include <corbel/daemon.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

/* ---- the world ---- */

static corbel_runtime *server_runtime, *client_runtime;
static corbel_daemon *daemon_;
static kitchen_Sink *served;
enum { SEEDS = 6 };
static unsigned long cases, bad_cases, any_cases;

static corbel_status thing_number(void *self, corbel_request *request, int32_t *ret)
{
    (void)self;
    (void)request;
    *ret = 42;
    return CORBEL_OK;
}
static const kitchen_Thing_servant thing_servant = { .get_number = thing_number };

static void must(corbel_status status, corbel_error *error, const char *what)
{
    if (status != CORBEL_OK) {
        fprintf(stderr, "%s: %s: %s\n", what, corbel_status_name(status), error->message);
        abort();
    }
}

static int set_up(void **state)
{
    (void)state;
    corbel_error error = CORBEL_ERROR_INIT;
    char listen[100];
    kitchen_find_types();
    must(corbel_runtime_new(NULL, &server_runtime, &error), &error, "runtime");
    must(corbel_runtime_new(NULL, &client_runtime, &error), &error, "runtime");
    snprintf(listen, sizeof listen, "localhost:0,unix:@kitchen-%ld", (long)getpid());
    must(corbel_daemon_new(server_runtime, listen, &daemon_, &error), &error, "daemon");
    served = kitchen_Sink_new(server_runtime, &kitchen_servant, NULL, NULL);
    must(corbel_daemon_register(daemon_, "sink", kitchen_Sink_as_object(served), &error), &error, "register");
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    kitchen_Sink_unref(served);
    corbel_runtime_unref(client_runtime);
    corbel_daemon_unref(daemon_);
    corbel_runtime_unref(server_runtime);
    return 0;
}

/** The reference over the addresses of the daemon that begin with prefix. */
static kitchen_Sink *dial(const char *prefix)
{
    corbel_error error = CORBEL_ERROR_INIT;
    kitchen_Sink *sink = NULL;
    char *all = NULL, *rest = NULL;
    char uri[200] = "";
    must(corbel_daemon_uri(daemon_, "sink", &all, &error), &error, "uri");
    char *at = strchr(all, '@') + 1;
    for (char *address = strtok_r(at, ",", &rest); address != NULL; address = strtok_r(NULL, ",", &rest)) {
        if ((strncmp(address, "unix:", 5) == 0) == (strcmp(prefix, "unix:") == 0)) {
            snprintf(uri, sizeof uri, "corbel:sink@%s", address);
            break;
        }
    }
    corbel_string_free(all);
    assert_true(uri[0] != '\0');
    must(kitchen_Sink_from_uri(client_runtime, uri, &sink, &error), &error, uri);
    return sink;
}

static void fail_row(const kitchen_row *row, const char *where, unsigned which, const corbel_error *error)
{
    fail_msg("%s, value %u, %s: %s: %s", row->operation, which, where, corbel_status_name(error->status), error->message);
}

static void call_value(kitchen_Sink *sink, size_t index, unsigned which)
{
    const kitchen_row *const row = &kitchen_rows[index];
    const corbel_type *const type = kitchen_type((unsigned)index);
    corbel_error error = CORBEL_ERROR_INIT;
    kitchen_slot b_out = { 0 }, c = { 0 }, ret = { 0 };
    assert_true(type->size <= sizeof(kitchen_slot));
    void *const a = kitchen_take(type->size), *const b = kitchen_take(type->size);
    kitchen_value(type, which, a);
    kitchen_value(type, which + 1, b);
    if (row->call(sink, a, b, &b_out, &c, &ret, &error) != CORBEL_OK) {
        fail_row(row, "call", which, &error);
    }
    if (!corbel_value_equal(type, kitchen_slot_value(type, &ret), a) ||
        !corbel_value_equal(type, kitchen_slot_value(type, &c), b) ||
        !corbel_value_equal(type, kitchen_slot_value(type, &b_out), a)) {
        fail_row(row, "what came back is not what was sent", which, &error);
    }
    kitchen_slot_release(type, &b_out);
    kitchen_slot_release(type, &c);
    kitchen_slot_release(type, &ret);
    if (row->raise != NULL) {
        if (row->raise(sink, a, &error) != CORBEL_RAISED || row->of(&error) == NULL ||
            !corbel_value_equal(type, row->of(&error), a)) {
            fail_row(row, "exception", which, &error);
        }
        corbel_error_clear(&error);
        cases++;
    }
    cases++;
    kitchen_values_free();
}

/** The value inside an any, through an operation that gives anys back. */
static void call_in_any(kitchen_Sink *sink, size_t index, unsigned which)
{
    const kitchen_row *const row = &kitchen_rows[index];
    const corbel_type *const type = kitchen_type((unsigned)index);
    corbel_error error = CORBEL_ERROR_INIT;
    corbel_any *any = NULL, *b = NULL, *c = NULL, *ret = NULL;
    kitchen_slot back = { 0 };
    void *const a = kitchen_take(type->size);
    kitchen_value(type, which, a);
    if (corbel_value_to_any(type, a, &any, &error) != CORBEL_OK) {
        fail_row(row, "into an any", which, &error);
    }
    if (kitchen_Sink_call_T_Any(sink, any, NULL, &b, &c, &ret, &error) != CORBEL_OK) {
        fail_row(row, "an any", which, &error);
    }
    assert_null(c);
    assert_true(corbel_any_equal(any, ret) && corbel_any_equal(any, b));
    if (corbel_value_from_any(type, ret, &back, &error) != CORBEL_OK ||
        !corbel_value_equal(type, kitchen_slot_value(type, &back), a)) {
        fail_row(row, "out of an any", which, &error);
    }
    kitchen_slot_release(type, &back);
    corbel_any_unref(any);
    corbel_any_unref(ret);
    corbel_any_unref(b);
    any_cases++;
    kitchen_values_free();
}

/** Were they equal, "equal to what was sent" would say nothing. */
static bool values_differ(size_t index)
{
    const corbel_type *const type = kitchen_type((unsigned)index);
    void *const low = kitchen_take(type->size), *const high = kitchen_take(type->size);
    kitchen_value(type, KITCHEN_EMPTY, low);
    kitchen_value(type, KITCHEN_HIGHEST, high);
    const bool differ = !corbel_value_equal(type, low, high);
    kitchen_values_free();
    return differ;
}

static void call_bad_values(kitchen_Sink *sink, size_t index)
{
    const kitchen_row *const row = &kitchen_rows[index];
    const corbel_type *const type = kitchen_type((unsigned)index);
    for (unsigned k = 0;; k++) {
        void *const a = kitchen_take(type->size), *const b = kitchen_take(type->size);
        if (!kitchen_bad_value(type, k, a)) {
            break;
        }
        kitchen_value(type, KITCHEN_EMPTY, b);
        corbel_error error = CORBEL_ERROR_INIT;
        kitchen_slot b_out = { 0 }, c = { 0 }, ret = { 0 };
        const unsigned before = atomic_load(&kitchen_entered);
        const corbel_status status = row->call(sink, a, b, &b_out, &c, &ret, &error);
        if (status != CORBEL_INVALID_ARGUMENT || error.completion != CORBEL_COMPLETED_NO || error.message[0] != 'a' ||
            atomic_load(&kitchen_entered) != before) {
            fail_row(row, "a bad value", k, &error);
        }
        corbel_error_clear(&error);
        bad_cases++;
        kitchen_values_free();
    }
    kitchen_values_free();
}

static void call_all(kitchen_Sink *sink)
{
    cases = 0;
    bad_cases = 0;
    any_cases = 0;
    unsigned same = 0;
    kitchen_Thing *const thing = kitchen_Thing_new(client_runtime, &thing_servant, NULL, NULL);
    kitchen_object = kitchen_Thing_as_object(thing);
    for (size_t i = 0; i < kitchen_n_rows; i++) {
        for (unsigned which = 0; which < KITCHEN_RANDOM + SEEDS; which++) {
            call_value(sink, i, which);
            call_in_any(sink, i, which);
        }
        same += !values_differ(i);
        call_bad_values(sink, i);
    }
    kitchen_Thing_unref(thing);
    print_message("%zu types: %lu cases, %lu in an any, %lu refused\n", kitchen_n_rows, cases, any_cases, bad_cases);
    assert_int_equal(same, 4); /* what has no member, an array of two, and a struct and a union with nothing else */
    assert_true(cases >= KITCHEN_FLOOR);
    assert_true(any_cases >= KITCHEN_ANY_FLOOR);
    assert_true(bad_cases >= KITCHEN_BAD_FLOOR);
}

static void every_value_comes_back_over_tcp(void **state)
{
    (void)state;
    kitchen_Sink *const sink = dial("localhost:");
    call_all(sink);
    kitchen_Sink_unref(sink);
}

static void every_value_comes_back_over_a_unix_socket(void **state)
{
    (void)state;
    kitchen_Sink *const sink = dial("unix:");
    call_all(sink);
    kitchen_Sink_unref(sink);
}

static void every_value_comes_back_inside_one_process(void **state)
{
    (void)state;
    call_all(served);
}

/** The reply, with two copies in it, is the first message to be too long: two fields of tag, length and bytes. */
static void messages_go_up_to_the_limit(void **state)
{
    (void)state;
    enum { LIMIT = 64 << 20, MOST = LIMIT / 2 - 5 };
    kitchen_Sink *const sink = dial("localhost:");
    uint8_t *const data = calloc(1, MOST + 1);
    assert_non_null(data);
    memset(data, 'x', MOST + 1);
    for (int more = 0; more < 2; more++) {
        corbel_error error = CORBEL_ERROR_INIT;
        corbel_bytes a = { (size_t)MOST + (size_t)more, data }, none = { 0, NULL }, ret = none, b = none, c = none;
        const corbel_status status = kitchen_Sink_call_T_Octets(sink, a, none, &b, &c, &ret, &error);
        assert_int_equal(status, more ? CORBEL_LIMIT : CORBEL_OK);
        if (more == 0) {
            assert_true(ret.len == MOST && b.len == MOST && c.len == 0 && memcmp(ret.items, data, MOST) == 0);
        }
        corbel_bytes_clear(&ret);
        corbel_bytes_clear(&b);
        corbel_error_clear(&error);
    }
    free(data);
    kitchen_Sink_unref(sink);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_value_comes_back_inside_one_process),
        cmocka_unit_test(every_value_comes_back_over_a_unix_socket),
        cmocka_unit_test(every_value_comes_back_over_tcp),
        cmocka_unit_test(messages_go_up_to_the_limit),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
