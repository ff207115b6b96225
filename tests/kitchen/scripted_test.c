/* The kitchen sink over the scripted transport: two sessions, a pipe that delays and splits, virtual time. The values are written
 * and read by the codec as calls do it, and served by the generated skeletons. */
#include "tests/kitchen/kitchen.h"
#include "tests/runtime/session/world.h"

#include "daemon/host.h"
#include "runtime/value/codec.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SEEDS = 3, SPLIT = 7 };

/* One reference stands for all: the object of both sides. */
typedef struct one_reference {
    bool used;
} one_reference;

static uint64_t add_reference(void *user, corbel_object *object, const corbel_interface *interface, corbel_error *reterr)
{
    (void)object;
    (void)interface;
    (void)reterr;
    ((one_reference *)user)->used = true;
    return 1;
}

static corbel_object *take_reference(void *user, uint64_t tag, const corbel_interface *interface, corbel_error *reterr)
{
    (void)user;
    (void)interface;
    (void)reterr;
    assert_true(tag >= 1);
    return corbel_object_ref(kitchen_object);
}

static const corbel_method *find_method(const char *name)
{
    for (uint32_t i = 0; i < kitchen_Sink_interface.n_methods; i++) {
        if (strcmp(kitchen_Sink_interface.methods[i].operation->name, name) == 0) {
            return &kitchen_Sink_interface.methods[i];
        }
    }
    return NULL;
}

/** What the daemon does with a call, without the daemon. */
static corbel_status serve(void *user, const char *operation, const uint8_t *args, size_t len, crb_buf *body, crb_ref_out *refs,
                           size_t *n_refs, const char **exception)
{
    side *const at = user;
    const corbel_method *const method = find_method(operation);
    const crb_ref_reader reader = { take_reference, NULL };
    one_reference sent = { false };
    const crb_ref_writer writer = { add_reference, &sent };
    corbel_request request = { .method = method, .arena = crb_arena_new(0), .deadline = UINT64_MAX };
    corbel_error error = CORBEL_ERROR_INIT;
    crb_held held;
    const void *ins[4];
    void *outs[4];
    corbel_status status = crb_decode_args(method->operation->in, method->operation->n_in, args, len, NULL, &reader,
                                           request.arena, &held, ins, &error);
    *exception = NULL;
    for (uint32_t i = 0; i < method->operation->n_out; i++) {
        outs[i] = crb_arena_alloc(request.arena, 1, method->operation->out[i].type->size);
    }
    if (status == CORBEL_OK) {
        status = method->thunk(&kitchen_servant, NULL, &request, ins, outs);
        if (status == CORBEL_OK) {
            status = crb_encode_params(method->operation->out, method->operation->n_out, (const void *const *)outs, &writer, body,
                                       &error);
            for (uint32_t i = 0; i < method->operation->n_out; i++) {
                crb_value_release_refs(method->operation->out[i].type, outs[i]);
            }
        } else if (status == CORBEL_RAISED) {
            status = CORBEL_OK;
            *exception = request.exception;
            sent.used = request.exception_refs.len > 0;
            crb_buf_append(body, request.exception_body.data, request.exception_body.len);
        }
        crb_buf_clear(&request.exception_body);
        crb_refs_free(request.exception_refs.items, request.exception_refs.len);
        crb_held_release(&held);
    }
    assert_true(status == CORBEL_OK || error.message[0] != '\0');
    corbel_error_clear(&error);
    crb_arena_free(request.arena);
    if (sent.used) {
        refs[(*n_refs)++] = world_ref_object(at, 0);
    }
    return status;
}

static corbel_status thing_number(void *self, corbel_request *request, int32_t *ret)
{
    (void)self;
    (void)request;
    *ret = 42;
    return CORBEL_OK;
}
static const kitchen_Thing_servant thing_servant = { .get_number = thing_number };

/** Makes the call, and waits for its end in virtual time. */
static asked *call(world *w, crb_import *sink, const char *operation, const crb_buf *args, bool with_reference, crb_buf *result)
{
    crb_ref_out ref = world_ref_object(&w->sides[0], 0);
    asked *const one = world_call(
        &w->sides[0],
        &(call_options) {
            .target = sink, .operation = operation, .value = args, .keep = result, .refs = &ref, .n_refs = with_reference },
        NULL);
    for (unsigned i = 0; i < 1000 && !one->done; i++) {
        world_run(w, 100);
    }
    assert_true(one->done);
    return one;
}

static void release_all_but(world *w, const crb_import *sink)
{
    for (int i = 0; i < 2; i++) {
        for (size_t n = w->sides[i].n_imports; n-- > 0;) {
            if (w->sides[i].imports[n] != sink) {
                world_release(&w->sides[i], w->sides[i].imports[n]);
            }
        }
    }
    world_run(w, 10);
}

static void call_value(world *w, crb_import *sink, size_t index, unsigned which)
{
    const kitchen_row *const row = &kitchen_rows[index];
    const corbel_operation *const operation = find_method(row->operation)->operation;
    const corbel_type *const type = kitchen_type((unsigned)index);
    one_reference sent = { false };
    const crb_ref_writer writer = { add_reference, &sent };
    const crb_ref_reader reader = { take_reference, NULL };
    corbel_error error = CORBEL_ERROR_INIT;
    crb_buf args = CRB_BUF_INIT, result = CRB_BUF_INIT;
    void *const a = kitchen_take(type->size), *const b = kitchen_take(type->size);
    kitchen_value(type, which, a);
    kitchen_value(type, which + 1, b);
    assert_int_equal(operation->n_in, 2);
    assert_int_equal(operation->n_out, 3);
    assert_int_equal(crb_encode_params(operation->in, 2, (const void *const[]) { a, b }, &writer, &args, &error), CORBEL_OK);
    const asked *const one = call(w, sink, row->operation, &args, sent.used, &result);
    if (one->outcome != CRB_OUTCOME_RESULT) {
        fail_msg("%s, value %u: %s", row->operation, which, one->message);
    }
    kitchen_slot slots[3] = { 0 };
    if (crb_decode_results(operation->out, 3, result.data, result.len, NULL, &reader,
                           (void *const[]) { &slots[0], &slots[1], &slots[2] }, &error) != CORBEL_OK) {
        fail_msg("%s, value %u: %s", row->operation, which, error.message);
    }
    if (!corbel_value_equal(type, kitchen_slot_value(type, &slots[0]), a) ||
        !corbel_value_equal(type, kitchen_slot_value(type, &slots[1]), a) ||
        !corbel_value_equal(type, kitchen_slot_value(type, &slots[2]), b)) {
        fail_msg("%s, value %u: what came back is not what was sent", row->operation, which);
    }
    for (size_t i = 0; i < 3; i++) {
        kitchen_slot_release(type, &slots[i]);
    }
    crb_buf_clear(&args);
    crb_buf_clear(&result);
    kitchen_values_free();
    release_all_but(w, sink);
}

static void raise_value(world *w, crb_import *sink, size_t index, unsigned which)
{
    char name[100];
    snprintf(name, sizeof name, "raise_%s", kitchen_rows[index].operation + strlen("call_"));
    const corbel_operation *const operation = find_method(name)->operation;
    const corbel_type *const type = kitchen_type((unsigned)index), *const raised = operation->raises[0];
    one_reference sent = { false };
    const crb_ref_writer writer = { add_reference, &sent };
    const crb_ref_reader reader = { take_reference, NULL };
    corbel_error error = CORBEL_ERROR_INIT;
    crb_buf args = CRB_BUF_INIT, result = CRB_BUF_INIT;
    void *const a = kitchen_take(type->size);
    kitchen_value(type, which, a);
    assert_int_equal(crb_encode_params(operation->in, 1, (const void *const[]) { a }, &writer, &args, &error), CORBEL_OK);
    const asked *const one = call(w, sink, name, &args, sent.used, &result);
    void *exception = NULL;
    if (one->outcome != CRB_OUTCOME_EXCEPTION || strcmp(one->exception, raised->name) != 0 ||
        crb_decode_struct(raised, result.data, result.len, NULL, &reader, &exception, &error) != CORBEL_OK ||
        !corbel_value_equal(type, (const uint8_t *)exception + raised->members[0].offset, a)) {
        fail_msg("%s, value %u: %s %s", name, which, one->message, error.message);
    }
    corbel_block_free(exception);
    crb_buf_clear(&args);
    crb_buf_clear(&result);
    kitchen_values_free();
    release_all_but(w, sink);
}

static void every_value_comes_back(void **state)
{
    (void)state;
    corbel_error error = CORBEL_ERROR_INIT;
    corbel_runtime *runtime = NULL;
    unsigned long cases = 0;
    assert_int_equal(corbel_runtime_new(NULL, &runtime, &error), CORBEL_OK);
    kitchen_Thing *const thing = kitchen_Thing_new(runtime, &thing_servant, NULL, NULL);
    kitchen_object = kitchen_Thing_as_object(thing);
    kitchen_find_types();
    for (size_t i = 0; i < kitchen_n_rows; i++) {
        crb_script script = CRB_SCRIPT_INIT;
        script.seed = i + 1;
        script.split = SPLIT;
        script.jitter_us[0] = script.jitter_us[1] = 500;
        world *const w = world_new(NULL, NULL, &script);
        crb_import *const sink = world_open_and_bind(w);
        w->sides[1].serve = serve;
        w->sides[1].serve_user = &w->sides[1];
        for (unsigned which = 0; which < KITCHEN_RANDOM + SEEDS; which++, cases++) {
            call_value(w, sink, i, which);
            if (kitchen_rows[i].raise != NULL) {
                raise_value(w, sink, i, which);
                cases++;
            }
        }
        world_release_all(&w->sides[0]);
        world_run(w, 100);
        world_check_and_free(w);
    }
    kitchen_Thing_unref(thing);
    corbel_runtime_unref(runtime);
    print_message("%lu cases\n", cases);
    assert_true(cases >= KITCHEN_SCRIPTED_FLOOR);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_value_comes_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
