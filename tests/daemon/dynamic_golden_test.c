/** The golden interfaces of tests/codegen over a session, to a caller that has their descriptions alone, beside one with the
 * generated tables: both get the same, results and exceptions, from an object that serves any of them. */
#include "probe.h"
#include "runtime/base/buf.h"
#include "runtime/value/codec.h"
#include "tests/kitchen/values.h"

#include <corbel/dynamic.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* clang-format off */
#define INTERFACES(X) \
    X(bank_Watcher) X(bank_Account) X(bank_Named) X(bank_Branch) X(described_Guide) X(diamond_Top) \
    X(diamond_Left) X(diamond_Right) X(diamond_Bottom) X(diamond_Both) X(diamond_Lower) \
    X(sink_Thing) X(sink_Bare) X(shades_Mixer) X(arrays_Lamp) X(maps_Account) X(members_Thing) \
    X(unions_Account) X(kinds_Thing) X(plant_Probe) X(plant_Robot) X(m_One) X(m_Two) \
    X(clash_Account) X(clash_Heir) X(limits_Shop)
/* clang-format on */
#define DECLARE(name) extern const corbel_interface name##_interface;
INTERFACES(DECLARE)
#define ADDRESS(name) &name##_interface,
static const corbel_interface *const interfaces[] = { INTERFACES(ADDRESS) };
enum { N_INTERFACES = sizeof interfaces / sizeof *interfaces, MOST = 32, SLOT = 8192, SEEDS = 3 };
_Static_assert(N_INTERFACES == 26, "an interface was lost");

static corbel_runtime *server, *client;
static corbel_daemon *daemon_;
static pthread_mutex_t values_lock = PTHREAD_MUTEX_INITIALIZER; /* of values.c */
static _Atomic unsigned raise_which;                            /* 0: nothing; else the exception of that number, from 1 */
static _Atomic unsigned told;

static const corbel_operation *same_operation(const corbel_interface *interface, const char *declared_by, const char *name)
{
    for (uint32_t i = 0; i < interface->n_methods; i++) {
        const corbel_operation *const operation = interface->methods[i].operation;
        if (strcmp(operation->name, name) == 0 && strcmp(operation->interface, declared_by) == 0) {
            return operation;
        }
    }
    return NULL;
}

/** Answers with the highest values that there are, or raises. self: the interface. */
static corbel_status serve(void *self, corbel_request *request)
{
    const void *values[MOST];
    corbel_message reply = CORBEL_MESSAGE_INIT;
    corbel_error error = CORBEL_ERROR_INIT;
    const corbel_operation *const operation =
        same_operation(self, corbel_request_interface(request), corbel_request_operation(request));
    if (operation == NULL) {
        return CORBEL_UNIMPLEMENTED;
    }
    pthread_mutex_lock(&values_lock);
    corbel_status status = CORBEL_OK;
    if (raise_which > 0) {
        const corbel_type *const type = operation->raises[raise_which - 1];
        void *const value = kitchen_take(type->size);
        kitchen_value(type, KITCHEN_HIGHEST, value);
        status = corbel_skeleton_raise(request, type, value);
    } else {
        for (uint32_t i = 0; i < operation->n_out; i++) {
            void *const value = kitchen_take(operation->out[i].type->size);
            kitchen_value(operation->out[i].type, KITCHEN_HIGHEST, value);
            values[i] = value;
        }
        status = corbel_message_encode(operation->out, operation->n_out, values, &reply, &error);
        status = status == CORBEL_OK ? corbel_request_reply_raw(request, &reply) : corbel_request_forward(request, &error);
    }
    pthread_mutex_unlock(&values_lock);
    corbel_message_clear(&reply);
    atomic_fetch_add(&told, corbel_request_is_oneway(request) ? 1 : 0);
    return status;
}

static uint64_t same_tag(void *user, corbel_object *object, const corbel_interface *interface, corbel_error *reterr)
{
    (void)user;
    (void)object;
    (void)interface;
    (void)reterr;
    return 1;
}
static const crb_ref_writer same_tags = { .add = same_tag };

/** What came back, as bytes. */
static corbel_status call(corbel_object *object, const corbel_operation *operation, const corbel_operation *generated,
                          unsigned which, crb_buf *ret)
{
    static max_align_t room[MOST][SLOT / sizeof(max_align_t)];
    corbel_error error = CORBEL_ERROR_INIT;
    const void *in[MOST] = { NULL }, *back[MOST] = { NULL };
    void *out[MOST] = { NULL };
    assert_true(operation->n_in <= MOST && operation->n_out <= MOST);
    pthread_mutex_lock(&values_lock);
    for (uint32_t i = 0; i < operation->n_in; i++) {
        void *const value = kitchen_take(operation->in[i].type->size);
        kitchen_value(operation->in[i].type, which + i, value);
        in[i] = value;
    }
    pthread_mutex_unlock(&values_lock);
    for (uint32_t i = 0; i < operation->n_out; i++) {
        assert_true(corbel_output_size(operation->out[i].type) <= SLOT);
        out[i] = room[i];
    }
    const corbel_status status = corbel_stub_call(object, operation, in, out, &error);
    if (status == CORBEL_OK && (operation->flags & CORBEL_ONEWAY) == 0) {
        for (uint32_t i = 0; i < operation->n_out; i++) {
            back[i] = corbel_output_value(operation->out[i].type, out[i]);
        }
        assert_int_equal(crb_encode_params(operation->out, operation->n_out, back, &same_tags, ret, NULL), CORBEL_OK);
        for (uint32_t i = 0; i < operation->n_out; i++) {
            corbel_output_clear(operation->out[i].type, out[i]);
        }
    } else if (status == CORBEL_RAISED) {
        const corbel_type *const type = generated->raises[raise_which - 1];
        const void *const exception = corbel_error_raised(&error, type);
        assert_non_null(exception);
        assert_int_equal(crb_encode_struct(type, exception, &same_tags, ret, NULL), CORBEL_OK);
    } else if (status != CORBEL_OK && status != CORBEL_INVALID_ARGUMENT) { /* some values are out of some ranges */
        fail_msg("%s::%s: %s: %s", operation->interface, operation->name, corbel_status_name(status), error.message);
    }
    corbel_error_clear(&error);
    return status;
}

static void every_golden_interface(void **state)
{
    unsigned n = 0, raised = 0, refused = 0, oneways = 0;
    (void)state;
    for (size_t i = 0; i < N_INTERFACES; i++) {
        const corbel_interface *const here = interfaces[i];
        const corbel_interface *there = NULL;
        corbel_error error = CORBEL_ERROR_INIT;
        corbel_object *seen = NULL;
        char *uri = NULL;
        corbel_object *const object = corbel_raw_new(server, here, 0, serve, (void *)(uintptr_t)here, NULL);
        MUST(corbel_daemon_register(daemon_, here->name, object, &error));
        MUST(corbel_daemon_uri(daemon_, here->name, &uri, &error));
        MUST(corbel_object_from_uri(client, NULL, uri, &seen, &error));
        MUST(corbel_object_describe(seen, NULL, &there, &error));
        assert_true(there->fingerprint == here->fingerprint && there->n_methods == here->n_methods);
        for (uint32_t m = 0; m < here->n_methods; m++) {
            const corbel_operation *const a = here->methods[m].operation, *const b = there->methods[m].operation;
            unsigned n_raises = 0;
            while (a->raises != NULL && a->raises[n_raises] != NULL) {
                n_raises++;
            }
            if (a->stream_in != NULL || a->stream_out != NULL) {
                assert_int_equal(corbel_json_call(seen, there, b->name, "{}", NULL, &error), CORBEL_MISUSE);
                continue;
            }
            for (unsigned k = 0; k < (1 + n_raises) * SEEDS; k++) {
                crb_buf one = CRB_BUF_INIT, two = CRB_BUF_INIT;
                atomic_store(&raise_which, k / SEEDS);
                const corbel_status status = call(seen, a, a, k % SEEDS + KITCHEN_LOWEST, &one);
                assert_int_equal(call(seen, b, a, k % SEEDS + KITCHEN_LOWEST, &two), status);
                assert_true(one.len == two.len && (one.len == 0 || memcmp(one.data, two.data, one.len) == 0));
                n += status == CORBEL_OK;
                raised += status == CORBEL_RAISED;
                refused += status == CORBEL_INVALID_ARGUMENT;
                oneways += status == CORBEL_OK && (a->flags & CORBEL_ONEWAY) != 0 ? 2 : 0;
                crb_buf_clear(&one);
                crb_buf_clear(&two);
            }
        }
        corbel_error_clear(&error);
        corbel_interface_unref(there);
        corbel_object_unref(seen);
        corbel_object_unref(object);
        corbel_string_free(uri);
    }
    print_message("%u calls, %u raised, %u refused, %u oneways\n", n, raised, refused, oneways);
    assert_true(n > 300 && raised > 50 && refused < n / 4);
}

static int set_up(void **state)
{
    corbel_error error = CORBEL_ERROR_INIT;
    (void)state;
    MUST(corbel_runtime_new(NULL, &server, &error));
    MUST(corbel_runtime_new(NULL, &client, &error));
    MUST(corbel_daemon_new(server, NULL, &daemon_, &error));
    MUST(corbel_object_from_uri(server, NULL, "corbel:nobody@localhost:1", &kitchen_object, &error));
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    corbel_object_unref(kitchen_object);
    corbel_runtime_unref(client);
    corbel_daemon_unref(daemon_);
    corbel_runtime_unref(server);
    kitchen_values_free();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(every_golden_interface) };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
