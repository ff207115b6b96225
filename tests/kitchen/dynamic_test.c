/** The kitchen sink, called by somebody who has no generated code: a second runtime asks corbel.Daemon for the description over
 *  TCP, makes tables of it, values from those, and calls every operation. What comes back is compared byte for byte with what
 *  the tables of the generated stubs get. */
#include "runtime/base/buf.h"
#include "runtime/describe/describe.h"
#include "runtime/value/codec.h"
#include "tests/kitchen/kitchen.h"

#include <corbel/daemon.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { DYNAMIC_OUTS = 3, DYNAMIC_SEEDS = 2 };

typedef struct world {
    corbel_runtime *server, *with, *without; /* generated code */
    corbel_daemon *daemon;
    kitchen_Sink *served;
    corbel_object *sink, *dynamic; /* as the two clients see it */
    crb_tables *tables;
} world;

static const kitchen_Thing_servant thing_servant = { .get_number = NULL };

static void must(corbel_status status, const corbel_error *error)
{
    if (status != CORBEL_OK) {
        fail_msg("%s: %s", corbel_status_name(status), error->message);
    }
}

static int set_up(void **state)
{
    static world w;
    corbel_error error = CORBEL_ERROR_INIT;
    char *uri = NULL, *builtin = NULL;
    corbel_Daemon *server = NULL;
    corbel_InterfaceDescription *description = NULL;
    kitchen_find_types();
    must(corbel_runtime_new(NULL, &w.server, &error), &error);
    must(corbel_runtime_new(NULL, &w.with, &error), &error);
    must(corbel_runtime_new(NULL, &w.without, &error), &error);
    must(corbel_daemon_new(w.server, "localhost:0", &w.daemon, &error), &error);
    w.served = kitchen_Sink_new(w.server, &kitchen_servant, NULL, NULL);
    must(corbel_daemon_register(w.daemon, "sink", kitchen_Sink_as_object(w.served), &error), &error);
    must(corbel_daemon_uri(w.daemon, "sink", &uri, &error), &error);
    must(corbel_daemon_uri(w.daemon, "corbel.Daemon", &builtin, &error), &error);
    must(corbel_object_from_uri(w.with, NULL, uri, &w.sink, &error), &error);
    must(corbel_object_from_uri(w.without, NULL, uri, &w.dynamic, &error), &error);
    must(corbel_Daemon_from_uri(w.without, builtin, &server, &error), &error);
    must(corbel_Daemon_describe(server, "kitchen::Sink", 0, &description, &error), &error);
    must(crb_tables_new(description, NULL, &w.tables, &error), &error);
    corbel_InterfaceDescription_free(description);
    corbel_Daemon_unref(server);
    corbel_string_free(builtin);
    corbel_string_free(uri);
    *state = &w;
    return 0;
}

static int tear_down(void **state)
{
    world *const w = *state;
    corbel_object_unref(w->sink);
    corbel_object_unref(w->dynamic);
    kitchen_Sink_unref(w->served);
    corbel_runtime_unref(w->with);
    corbel_runtime_unref(w->without);
    crb_tables_free(w->tables); /* a session remembers the addresses of operations: not before its runtime */
    corbel_daemon_unref(w->daemon);
    corbel_runtime_unref(w->server);
    return 0;
}

static uint64_t any_tag(void *user, corbel_object *object, const corbel_interface *interface, corbel_error *reterr)
{
    (void)user;
    (void)object;
    (void)interface;
    (void)reterr;
    return 1;
}
static const crb_ref_writer writer = { .add = any_tag };

/** Calls the operation, and writes what came back, results or exception, as a message. */
static corbel_status call(corbel_object *object, const corbel_operation *operation, unsigned which, crb_buf *sent, crb_buf *got)
{
    corbel_error error = CORBEL_ERROR_INIT, refused = CORBEL_ERROR_INIT;
    const void *in[DYNAMIC_OUTS] = { NULL }, *back[DYNAMIC_OUTS] = { NULL };
    void *out[DYNAMIC_OUTS] = { NULL };
    kitchen_slot slots[DYNAMIC_OUTS] = { { .pointer = NULL } };
    assert_true(operation->n_in <= DYNAMIC_OUTS && operation->n_out <= DYNAMIC_OUTS);
    for (uint32_t i = 0; i < operation->n_in; i++) {
        void *const value = kitchen_take(operation->in[i].type->size);
        kitchen_value(operation->in[i].type, which + i, value);
        in[i] = value;
    }
    for (uint32_t i = 0; i < operation->n_out; i++) {
        assert_true(operation->out[i].type->size <= sizeof(kitchen_slot));
        out[i] = &slots[i];
    }
    must(crb_encode_params(operation->in, operation->n_in, in, &writer, sent, &refused), &refused);
    const corbel_status status = corbel_stub_call(object, operation, in, out, &error);
    if (status == CORBEL_OK) {
        for (uint32_t i = 0; i < operation->n_out; i++) {
            back[i] = kitchen_slot_value(operation->out[i].type, &slots[i]);
        }
        must(crb_encode_params(operation->out, operation->n_out, back, &writer, got, &refused), &refused);
        for (uint32_t i = 0; i < operation->n_out; i++) {
            kitchen_slot_release(operation->out[i].type, &slots[i]);
        }
    } else if (status == CORBEL_RAISED) {
        const void *const exception = corbel_error_raised(&error, operation->raises[0]);
        assert_non_null(exception);
        must(crb_encode_struct(operation->raises[0], exception, &writer, got, &refused), &refused);
    } else {
        fail_msg("%s, value %u: %s", operation->name, which, error.message);
    }
    corbel_error_clear(&error);
    kitchen_values_free();
    return status;
}

static void assert_same(const crb_buf *a, const crb_buf *b, const char *operation, const char *what)
{
    if (a->len != b->len || (a->len > 0 && memcmp(a->data, b->data, a->len) != 0)) {
        fail_msg("%s: other bytes %s", operation, what);
    }
}

static void every_operation_without_generated_code(void **state)
{
    world *const w = *state;
    const corbel_interface *const here = &kitchen_Sink_interface, *const there = crb_tables_interface(w->tables);
    unsigned long n = 0, raised = 0;
    assert_int_equal(here->n_methods, there->n_methods);
    assert_true(here != there && here->fingerprint == there->fingerprint);
    for (uint32_t m = 0; m < there->n_methods; m++) {
        const corbel_operation *const a = here->methods[m].operation, *const b = there->methods[m].operation;
        assert_string_equal(a->name, b->name);
        for (unsigned which = 0; which < KITCHEN_RANDOM + DYNAMIC_SEEDS; which++) {
            crb_buf sent[2] = { CRB_BUF_INIT, CRB_BUF_INIT }, got[2] = { CRB_BUF_INIT, CRB_BUF_INIT };
            kitchen_Thing *thing = kitchen_Thing_new(w->with, &thing_servant, NULL, NULL);
            kitchen_object = kitchen_Thing_as_object(thing);
            const corbel_status one = call(w->sink, a, which, &sent[0], &got[0]);
            kitchen_Thing_unref(thing);
            thing = kitchen_Thing_new(w->without, &thing_servant, NULL, NULL);
            kitchen_object = kitchen_Thing_as_object(thing);
            assert_int_equal(call(w->dynamic, b, which, &sent[1], &got[1]), one);
            kitchen_Thing_unref(thing);
            assert_same(&sent[0], &sent[1], a->name, "sent");
            assert_same(&got[0], &got[1], a->name, "came back");
            assert_int_equal(one, strncmp(a->name, "raise_", 6) == 0 ? CORBEL_RAISED : CORBEL_OK);
            raised += one == CORBEL_RAISED;
            n++;
            for (int i = 0; i < 2; i++) {
                crb_buf_clear(&sent[i]);
                crb_buf_clear(&got[i]);
            }
        }
    }
    print_message("%u operations: %lu calls, %lu raised\n", (unsigned)there->n_methods, n, raised);
    assert_true(n >= KITCHEN_DYNAMIC_FLOOR && raised >= KITCHEN_DYNAMIC_FLOOR / 10);
}

/** What the tables forbid is refused before it is sent. */
static void bad_values_without_generated_code(void **state)
{
    world *const w = *state;
    const corbel_interface *const there = crb_tables_interface(w->tables);
    kitchen_Thing *const thing = kitchen_Thing_new(w->without, &thing_servant, NULL, NULL);
    unsigned long n = 0;
    kitchen_object = kitchen_Thing_as_object(thing);
    for (uint32_t m = 0; m < there->n_methods; m++) {
        const corbel_operation *const operation = there->methods[m].operation;
        if (operation->n_in != 1) {
            continue;
        }
        for (unsigned k = 0;; k++) {
            corbel_error error = CORBEL_ERROR_INIT;
            void *const value = kitchen_take(operation->in[0].type->size);
            if (!kitchen_bad_value(operation->in[0].type, k, value)) {
                break;
            }
            const void *const in[] = { value };
            const unsigned before = atomic_load(&kitchen_entered);
            assert_int_equal(corbel_stub_call(w->dynamic, operation, in, NULL, &error), CORBEL_INVALID_ARGUMENT);
            assert_int_equal(error.completion, CORBEL_COMPLETED_NO);
            assert_int_equal(atomic_load(&kitchen_entered), before);
            corbel_error_clear(&error);
            n++;
            kitchen_values_free();
        }
        kitchen_values_free();
    }
    kitchen_Thing_unref(thing);
    print_message("%lu refused\n", n);
    assert_true(n >= 50);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_operation_without_generated_code),
        cmocka_unit_test(bad_values_without_generated_code),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
