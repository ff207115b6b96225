/** Three runtimes in a row, of which the one in the middle lacks the types: anys, exceptions and Object go through it with their
 *  references. The tables are by hand: each runtime has its own view of the interface, as programs of different ages have. */
#include "probe.h"

#include <corbel/generated.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* ---- what the client and the far one know ---- */

typedef struct lost { /* as the far one has it */
    const char *why;
    probe_Listener *who;
    int32_t extra;
} lost;
static const corbel_type listener_type = {
    .kind = CORBEL_KIND_REFERENCE, .name = "probe::Listener", .size = sizeof(void *), .interface = &probe_Listener_interface
};
static const corbel_member lost_members[] = {
    { .name = "why", .id = 1, .offset = offsetof(lost, why), .type = &corbel_string_type },
    { .name = "who", .id = 2, .offset = offsetof(lost, who), .type = &listener_type },
    { .name = "extra", .id = 3, .offset = offsetof(lost, extra), .type = &corbel_int32_type },
};
static const corbel_type lost_type = {
    .kind = CORBEL_KIND_STRUCT, .name = "carrier::Lost", .size = sizeof(lost), .count = 3, .members = lost_members
};
/* as an older program has it: without extra */
static const corbel_type old_lost_type = {
    .kind = CORBEL_KIND_STRUCT, .name = "carrier::Lost", .size = sizeof(lost), .count = 2, .members = lost_members
};

static const corbel_param pass_in[] = { { .name = "value", .id = 1, .type = &corbel_any_type } };
static const corbel_param pass_out[] = { { .name = "ret", .id = 1, .type = &corbel_any_type } };
static const corbel_param meet_in[] = { { .name = "one", .id = 1, .type = &corbel_object_type },
                                        { .name = "more", .id = 2, .type = &corbel_object_seq_type } };
static const corbel_param meet_out[] = { { .name = "ret", .id = 1, .type = &corbel_object_type },
                                         { .name = "all", .id = 3, .type = &corbel_object_seq_type } };
static const corbel_param lose_in[] = { { .name = "who", .id = 1, .type = &corbel_object_type },
                                        { .name = "forward", .id = 2, .type = &corbel_bool_type } };
static const corbel_type *const raises_lost[] = { &lost_type, NULL };
static const corbel_type *const raises_old_lost[] = { &old_lost_type, NULL };

#define LOSE .interface = "carrier::Carrier", .name = "lose", .n_in = 2, .in = lose_in
static const corbel_operation pass = {
    .interface = "carrier::Carrier", .name = "pass", .n_in = 1, .n_out = 1, .in = pass_in, .out = pass_out
};
static const corbel_operation meet = {
    .interface = "carrier::Carrier", .name = "meet", .n_in = 2, .n_out = 2, .in = meet_in, .out = meet_out
};
static const corbel_operation lose = { LOSE, .raises = raises_lost };
static const corbel_operation lose_old = { LOSE, .raises = raises_old_lost };
static const corbel_operation lose_undeclared = { LOSE };

/* ---- the servants ---- */

typedef struct carrier {
    corbel_object *next; /* NULL: the last one */
} carrier;

/** The sum that the listener in a parcel makes, as an any beside the parcel's own reference. */
static corbel_status far_pass(corbel_request *request, const corbel_any *value, corbel_any **ret)
{
    lost *parcel = NULL;
    int32_t sum = 0;
    corbel_error error = CORBEL_ERROR_INIT;
    if (corbel_value_from_any(&lost_type, value, &parcel, &error) ||
        probe_Listener_add(parcel->who, parcel->extra, 1, &sum, &error)) {
        corbel_block_free(parcel);
        return corbel_request_forward(request, &error);
    }
    const lost answer = { .why = "back", .who = parcel->who, .extra = sum };
    corbel_any *inside = NULL;
    corbel_status status = corbel_value_to_any(&lost_type, &answer, &inside, &error);
    if (status == CORBEL_OK) {
        status = corbel_any_to_any(inside, ret, &error); /* one in another */
    }
    corbel_any_unref(inside);
    corbel_block_free(parcel);
    return status == CORBEL_OK ? status : corbel_request_forward(request, &error);
}

static corbel_status carrier_pass(const void *servant, void *self, corbel_request *request, const void *const *in,
                                  void *const *out)
{
    const carrier *const this = self;
    corbel_any *const value = *(corbel_any *const *)in[0];
    (void)servant;
    if (this->next == NULL) {
        return far_pass(request, value, out[0]);
    }
    corbel_error error = CORBEL_ERROR_INIT;
    if (corbel_stub_call(this->next, &pass, in, out, &error)) {
        return corbel_request_forward(request, &error);
    }
    return CORBEL_OK; /* what came is given away */
}

static corbel_status carrier_meet(const void *servant, void *self, corbel_request *request, const void *const *in,
                                  void *const *out)
{
    const carrier *const this = self;
    (void)servant;
    if (this->next != NULL) {
        corbel_object_seq all = { 0, NULL };
        corbel_error error = CORBEL_ERROR_INIT;
        if (corbel_stub_call(this->next, &meet, in, (void *const[]) { out[0], &all }, &error)) {
            return corbel_request_forward(request, &error);
        }
        const corbel_status status = corbel_request_copy(request, &corbel_object_seq_type, &all, out[1]);
        corbel_object_seq_clear(&all);
        return status;
    }
    corbel_object *const one = *(corbel_object *const *)in[0];
    *(corbel_object **)out[0] = corbel_object_ref(one);
    return corbel_request_copy(request, &corbel_object_seq_type, in[1], out[1]);
}

static corbel_status carrier_lose(const void *servant, void *self, corbel_request *request, const void *const *in,
                                  void *const *out)
{
    const carrier *const this = self;
    corbel_error error = CORBEL_ERROR_INIT;
    (void)servant;
    (void)out;
    if (this->next != NULL) {
        const corbel_status status = corbel_stub_call(this->next, &lose_undeclared, in, NULL, &error);
        assert_int_equal(status, CORBEL_UNDECLARED);
        assert_string_equal(corbel_error_exception(&error), "carrier::Lost");
        if (*(const bool *)in[1]) {
            return corbel_request_forward(request, &error);
        }
        corbel_error_clear(&error);
        return CORBEL_OK;
    }
    corbel_object *who = NULL;
    corbel_object *const given = *(corbel_object *const *)in[0];
    if (given != NULL && corbel_object_cast(given, &probe_Listener_interface, &who, &error)) {
        return corbel_request_forward(request, &error);
    }
    const lost exception = { .why = "nobody there", .who = (probe_Listener *)who, .extra = 77 };
    const corbel_status status = corbel_skeleton_raise(request, &lost_type, &exception);
    corbel_object_unref(who);
    return status;
}

static const corbel_method far_methods[] = { { &pass, carrier_pass }, { &meet, carrier_meet }, { &lose, carrier_lose } };
static const corbel_method middle_methods[] = { { &pass, carrier_pass },
                                                { &meet, carrier_meet },
                                                { &lose_undeclared, carrier_lose } };
static const corbel_interface far_interface = { .name = "carrier::Carrier", .n_methods = 3, .methods = far_methods };
static const corbel_interface middle_interface = { .name = "carrier::Carrier", .n_methods = 3, .methods = middle_methods };

/* ---- all of it ---- */

typedef struct place {
    corbel_runtime *runtime;
    corbel_daemon *daemon;
    corbel_object *object;
    char *uri;
    carrier state;
} place;

static place middle, far;
static corbel_runtime *client;
static corbel_object *at_middle;
static probe_listener_state heard;
static probe_Listener *listener;

static void house_start(place *house, const corbel_interface *interface)
{
    static const char functions = 0;
    corbel_error error = CORBEL_ERROR_INIT;
    MUST(corbel_runtime_new(NULL, &house->runtime, &error));
    MUST(corbel_daemon_new(house->runtime, NULL, &house->daemon, &error));
    house->object = corbel_object_new(house->runtime, (corbel_skeleton) { interface, &functions }, &house->state, NULL);
    MUST(corbel_daemon_register(house->daemon, "carrier", house->object, &error));
    MUST(corbel_daemon_uri(house->daemon, "carrier", &house->uri, &error));
}

static void house_stop(place *house)
{
    corbel_object_unref(house->state.next);
    corbel_daemon_unref(house->daemon);
    corbel_object_unref(house->object);
    corbel_string_free(house->uri);
    corbel_runtime_unref(house->runtime);
}

static int set_up(void **state)
{
    corbel_error error = CORBEL_ERROR_INIT;
    (void)state;
    middle = far = (place) { 0 };
    house_start(&far, &far_interface);
    house_start(&middle, &middle_interface);
    MUST(corbel_object_from_uri(middle.runtime, NULL, far.uri, &middle.state.next, &error));
    MUST(corbel_runtime_new(NULL, &client, &error));
    MUST(corbel_object_from_uri(client, NULL, middle.uri, &at_middle, &error));
    probe_listener_init(&heard);
    listener = probe_listener_new(client, &heard);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    probe_Listener_unref(listener);
    corbel_object_unref(at_middle);
    corbel_runtime_unref(client);
    house_stop(&middle);
    house_stop(&far);
    assert_true(probe_event_wait(&heard.finalized, atomic_load(&heard.made))); /* nothing holds the listener any more */
    return 0;
}

static void an_any_of_a_type_that_the_middle_lacks(void **state)
{
    corbel_error error = CORBEL_ERROR_INIT;
    const lost parcel = { .why = "there", .who = listener, .extra = 41 };
    corbel_any *any = NULL, *ret = NULL, *inside = NULL;
    lost *answer = NULL;
    int32_t sum = 0;
    (void)state;
    MUST(corbel_value_to_any(&lost_type, &parcel, &any, &error));
    MUST(corbel_stub_call(at_middle, &pass, (const void *const[]) { &any }, (void *const[]) { &ret }, &error));
    assert_string_equal(corbel_any_type_name(ret), "any");
    MUST(corbel_any_from_any(ret, &inside, &error));
    MUST(corbel_value_from_any(&lost_type, inside, &answer, &error));
    assert_string_equal(answer->why, "back");
    assert_int_equal(answer->extra, 42); /* far has called the listener, through the middle */
    assert_true(corbel_object_equal(probe_Listener_as_object(answer->who), probe_Listener_as_object(listener)));
    MUST(probe_Listener_add(answer->who, 1, 2, &sum, &error));
    assert_int_equal(sum, 3);
    corbel_block_free(answer);
    corbel_any_unref(inside);
    corbel_any_unref(ret);
    corbel_any_unref(any);
}

static void an_any_that_holds_nothing(void **state)
{
    corbel_error error = CORBEL_ERROR_INIT;
    corbel_any *any = NULL, *ret = NULL;
    (void)state;
    assert_int_equal(corbel_stub_call(at_middle, &pass, (const void *const[]) { &any }, (void *const[]) { &ret }, &error),
                     CORBEL_INVALID_ARGUMENT);
    assert_string_equal(error.message, "the any holds nothing, not carrier::Lost");
    assert_int_equal(corbel_error_hops(&error), 2);
    assert_null(ret);
    corbel_error_clear(&error);
}

static void objects_of_any_interface(void **state)
{
    corbel_error error = CORBEL_ERROR_INIT;
    corbel_object *const one = probe_Listener_as_object(listener);
    corbel_object *items[] = { far.object, NULL, one };
    const corbel_object_seq more = CORBEL_SEQ(items);
    corbel_object *ret = NULL, *nil = one;
    corbel_object_seq all = { 0, NULL };
    (void)state;
    MUST(corbel_stub_call(at_middle, &meet, (const void *const[]) { &one, &more }, (void *const[]) { &ret, &all }, &error));
    assert_true(corbel_object_equal(ret, one));
    assert_int_equal(all.len, 3);
    assert_null(all.items[1]);
    assert_true(corbel_object_equal(all.items[2], one));
    probe_Listener *typed = NULL;
    probe_Node *node = NULL;
    int32_t sum = 0;
    MUST(probe_Listener_cast(all.items[2], &typed, &error));
    MUST(probe_Listener_add(typed, 5, 6, &sum, &error));
    assert_int_equal(sum, 11);
    assert_int_equal(probe_Node_cast(all.items[0], &node, &error), CORBEL_WRONG_INTERFACE);
    probe_Listener_unref(typed);
    corbel_object_unref(ret);
    corbel_object_seq_clear(&all);
    items[0] = NULL;
    MUST(corbel_stub_call(at_middle, &meet, (const void *const[]) { &items[0], &(corbel_object_seq) { 0, NULL } },
                          (void *const[]) { &nil, &all }, &error));
    assert_null(nil);
    assert_int_equal(all.len, 0);
    corbel_error_clear(&error);
}

/** Has far raise carrier::Lost, of which the middle knows nothing. */
static corbel_status lose_through_the_middle(const corbel_operation *operation, bool forward, corbel_error *error)
{
    corbel_object *const who = probe_Listener_as_object(listener);
    return corbel_stub_call(at_middle, operation, (const void *const[]) { &who, &forward }, NULL, error);
}

static void check_lost(const lost *exception, int32_t extra)
{
    corbel_error error = CORBEL_ERROR_INIT;
    int32_t sum = 0;
    assert_non_null(exception);
    assert_string_equal(exception->why, "nobody there");
    assert_int_equal(exception->extra, extra);
    MUST(probe_Listener_add(exception->who, 20, 22, &sum, &error)); /* the reference came along */
    assert_int_equal(sum, 42);
}

static void an_exception_that_the_middle_lacks_is_declared_by_the_caller(void **state)
{
    corbel_error error = CORBEL_ERROR_INIT;
    (void)state;
    assert_int_equal(lose_through_the_middle(&lose, true, &error), CORBEL_RAISED);
    assert_string_equal(corbel_error_exception(&error), "carrier::Lost");
    check_lost(corbel_error_raised(&error, &lost_type), 77);
    assert_string_equal(corbel_any_type_name(corbel_error_exception_any(&error)), "carrier::Lost");
    corbel_error_clear(&error);
}

static void an_exception_that_nobody_here_declares_is_kept(void **state)
{
    corbel_error error = CORBEL_ERROR_INIT;
    (void)state;
    assert_int_equal(lose_through_the_middle(&lose_undeclared, true, &error), CORBEL_UNDECLARED);
    assert_string_equal(error.message, "carrier::Carrier::lose raised carrier::Lost, which it does not declare here");
    assert_int_equal(error.completion, CORBEL_COMPLETED_YES);
    assert_string_equal(corbel_error_exception(&error), "carrier::Lost");
    check_lost(corbel_error_raised(&error, &lost_type), 77); /* who knows the type can look at it */
    assert_ptr_equal(corbel_error_raised(&error, &lost_type), corbel_error_raised(&error, &lost_type));
    assert_null(corbel_error_raised(&error, &probe_Refused_type));
    lost *value = NULL;
    MUST(corbel_value_from_any(&lost_type, corbel_error_exception_any(&error), &value, NULL));
    check_lost(value, 77);
    corbel_block_free(value);
    corbel_error_clear(&error);
}

static void members_that_a_reader_lacks_survive_in_the_any(void **state)
{
    corbel_error error = CORBEL_ERROR_INIT;
    (void)state;
    assert_int_equal(lose_through_the_middle(&lose_old, true, &error), CORBEL_RAISED);
    check_lost(corbel_error_raised(&error, &old_lost_type), 0);
    check_lost(corbel_error_raised(&error, &lost_type), 77); /* by a table that has them all */
    corbel_error_clear(&error);
}

static void an_exception_that_is_dropped_gives_its_references_back(void **state)
{
    corbel_error error = CORBEL_ERROR_INIT;
    (void)state;
    MUST(lose_through_the_middle(&lose, false, &error));
    assert_int_equal(lose_through_the_middle(&lose, true, NULL), CORBEL_RAISED);
    assert_int_equal(lose_through_the_middle(&lose_undeclared, true, NULL), CORBEL_UNDECLARED);
    /* tear_down() waits for the listener's end */
}

static void in_one_process(void **state)
{
    corbel_error error = CORBEL_ERROR_INIT;
    (void)state;
    corbel_object *who = NULL;
    const bool forward = true;
    assert_int_equal(corbel_stub_call(far.object, &lose_undeclared, (const void *const[]) { &who, &forward }, NULL, &error),
                     CORBEL_UNDECLARED);
    const lost *const exception = corbel_error_raised(&error, &lost_type);
    assert_string_equal(exception->why, "nobody there");
    assert_null(exception->who);
    assert_int_equal(corbel_stub_call(middle.object, &lose, (const void *const[]) { &who, &forward }, NULL, &error),
                     CORBEL_RAISED);
    assert_int_equal(((const lost *)corbel_error_raised(&error, &lost_type))->extra, 77);
    corbel_error_clear(&error);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(an_any_of_a_type_that_the_middle_lacks),
        TEST(an_any_that_holds_nothing),
        TEST(objects_of_any_interface),
        TEST(an_exception_that_the_middle_lacks_is_declared_by_the_caller),
        TEST(an_exception_that_nobody_here_declares_is_kept),
        TEST(members_that_a_reader_lacks_survive_in_the_any),
        TEST(an_exception_that_is_dropped_gives_its_references_back),
        TEST(in_one_process),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
