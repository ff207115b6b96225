/* The kitchen sink in streams: every type of the language as an item, in both directions of one operation, with its empty,
 * lowest, highest and random values, and with all that is one past what it allows; through the generated streams, inside one
 * process, over a Unix socket and over TCP. */
#include "tests/kitchen/kitchen.h"

#include <corbel/daemon.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

enum { SEEDS = 6, VALUES = KITCHEN_RANDOM + SEEDS };

/** What comes back, item by item: the address of the C value. */
typedef void (*flow_seen)(void *user, const void *value);
typedef struct flow_row {
    const char *operation;
    corbel_status (*flow)(kitchen_Flow *self, const void *const *values, size_t n, flow_seen seen, void *user,
                          corbel_error *reterr);
} flow_row;

static _Atomic unsigned flowed; /* through the servant */

static void flow_count(void)
{
    atomic_fetch_add(&flowed, 1);
}

#include "kitchen_flow.inc"

enum { ROWS = sizeof flow_rows / sizeof *flow_rows };

static corbel_runtime *server_runtime, *client_runtime;
static corbel_daemon *daemon_;
static kitchen_Flow *served;

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
    must(corbel_runtime_new(NULL, &server_runtime, &error), &error, "runtime");
    must(corbel_runtime_new(NULL, &client_runtime, &error), &error, "runtime");
    snprintf(listen, sizeof listen, "localhost:0,unix:@kitchen-flow-%ld", (long)getpid());
    must(corbel_daemon_new(server_runtime, listen, &daemon_, &error), &error, "daemon");
    served = kitchen_Flow_new(server_runtime, &flow_servant, NULL, NULL);
    must(corbel_daemon_register(daemon_, "flow", kitchen_Flow_as_object(served), &error), &error, "register");
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    kitchen_Flow_unref(served);
    corbel_runtime_unref(client_runtime);
    corbel_daemon_unref(daemon_);
    corbel_runtime_unref(server_runtime);
    return 0;
}

/** The reference over the address of the daemon that is a Unix socket, or the one that is not. */
static kitchen_Flow *dial(bool is_unix)
{
    corbel_error error = CORBEL_ERROR_INIT;
    kitchen_Flow *flow = NULL;
    char *all = NULL, *rest = NULL;
    char uri[200] = "";
    must(corbel_daemon_uri(daemon_, "flow", &all, &error), &error, "uri");
    for (char *address = strtok_r(strchr(all, '@') + 1, ",", &rest); address != NULL; address = strtok_r(NULL, ",", &rest)) {
        if ((strncmp(address, "unix:", 5) == 0) == is_unix) {
            snprintf(uri, sizeof uri, "corbel:flow@%s", address);
        }
    }
    corbel_string_free(all);
    assert_true(uri[0] != '\0');
    must(kitchen_Flow_from_uri(client_runtime, uri, &flow, &error), &error, uri);
    return flow;
}

static const corbel_type *item_type(const char *operation)
{
    for (uint32_t i = 0; i < kitchen_Flow_interface.n_methods; i++) {
        const corbel_operation *const one = kitchen_Flow_interface.methods[i].operation;
        if (strcmp(one->name, operation) == 0) {
            assert_true(one->n_in == 0 && one->n_out == 0 && one->stream_in->id == 1 && one->stream_out->id == 1);
            assert_ptr_equal(one->stream_in->type, one->stream_out->type);
            return one->stream_in->type;
        }
    }
    fail_msg("there is no %s", operation);
    return NULL;
}

typedef struct checked {
    const corbel_type *type;
    const void *const *values;
    size_t n, n_seen, n_wrong;
} checked;

static void check_item(void *user, const void *value)
{
    checked *const c = user;
    c->n_wrong += c->n_seen >= c->n || !corbel_value_equal(c->type, value, c->values[c->n_seen]);
    c->n_seen++;
}

static unsigned long flow_good_values(kitchen_Flow *flow, const flow_row *row, const corbel_type *type)
{
    const void *values[VALUES];
    corbel_error error = CORBEL_ERROR_INIT;
    checked c = { .type = type, .values = values, .n = VALUES };
    for (unsigned which = 0; which < VALUES; which++) {
        void *const value = kitchen_take(type->size);
        kitchen_value(type, which, value);
        values[which] = value;
    }
    const corbel_status status = row->flow(flow, values, VALUES, check_item, &c, &error);
    if (status != CORBEL_OK || c.n_seen != VALUES || c.n_wrong > 0) {
        fail_msg("%s: %s: %s; %zu came back, %zu of them wrong", row->operation, corbel_status_name(status), error.message,
                 c.n_seen, c.n_wrong);
    }
    kitchen_values_free();
    return VALUES;
}

/** A good one, a bad one, which is refused before it leaves, and one that is not sent any more. */
static unsigned long flow_bad_values(kitchen_Flow *flow, const flow_row *row, const corbel_type *type)
{
    for (unsigned k = 0;; k++) {
        void *const good = kitchen_take(type->size), *const bad = kitchen_take(type->size);
        if (!kitchen_bad_value(type, k, bad)) {
            kitchen_values_free();
            return k;
        }
        kitchen_value(type, KITCHEN_EMPTY, good);
        const void *const values[] = { good, bad, good };
        corbel_error error = CORBEL_ERROR_INIT;
        checked c = { .type = type, .values = values, .n = 1 };
        const corbel_status status = row->flow(flow, values, 3, check_item, &c, &error);
        if (status != CORBEL_INVALID_ARGUMENT || c.n_seen > 1 || c.n_wrong > 0) {
            fail_msg("%s, bad value %u: %s: %s; %zu came back, %zu of them wrong", row->operation, k, corbel_status_name(status),
                     error.message, c.n_seen, c.n_wrong);
        }
        corbel_error_clear(&error);
        kitchen_values_free();
    }
}

static void flow_all(kitchen_Flow *flow)
{
    unsigned long good = 0, bad = 0;
    const unsigned before = atomic_load(&flowed);
    kitchen_Thing *const thing = kitchen_Thing_new(client_runtime, &thing_servant, NULL, NULL);
    kitchen_object = kitchen_Thing_as_object(thing);
    for (size_t i = 0; i < ROWS; i++) {
        const corbel_type *const type = item_type(flow_rows[i].operation);
        good += flow_good_values(flow, &flow_rows[i], type);
        bad += flow_bad_values(flow, &flow_rows[i], type);
    }
    kitchen_Thing_unref(thing);
    print_message("%d types: %lu items, %lu refused\n", ROWS, good, bad);
    assert_true(atomic_load(&flowed) - before >= good);
    assert_true(good >= KITCHEN_FLOW_FLOOR);
    assert_true(bad >= KITCHEN_FLOW_BAD_FLOOR);
}

static void every_item_comes_back_inside_one_process(void **state)
{
    (void)state;
    flow_all(served);
}

static void every_item_comes_back_over_a_unix_socket(void **state)
{
    (void)state;
    kitchen_Flow *const flow = dial(true);
    flow_all(flow);
    kitchen_Flow_unref(flow);
}

static void every_item_comes_back_over_tcp(void **state)
{
    (void)state;
    kitchen_Flow *const flow = dial(false);
    flow_all(flow);
    kitchen_Flow_unref(flow);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_item_comes_back_inside_one_process),
        cmocka_unit_test(every_item_comes_back_over_a_unix_socket),
        cmocka_unit_test(every_item_comes_back_over_tcp),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
