/* Types and exceptions of interfaces, recursive types, what attributes raise, and references to interfaces that nobody defines:
 * from a client to a servant in another runtime. And local interfaces: calls within a runtime take references to them, others
 * do not. */
#include "declared.corbel.h"
#include "probe.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static corbel_status plant(void *self, corbel_request *request, const declared_Forest_Tree *sapling, const char *name,
                           const declared_Forest_Nothing *none, declared_Forest_Nothing *ret_same, declared_Forest_Tree *ret)
{
    (void)self;
    declared_Forest_Tree *const branches = corbel_request_alloc(request, 2, sizeof *branches);
    if (branches == NULL) {
        return CORBEL_NO_MEMORY;
    }
    *ret_same = *none;
    branches[0] = *sapling;
    branches[1] = (declared_Forest_Tree) { .name = name };
    *ret = (declared_Forest_Tree) { .name = name, .branches = { 2, branches } };
    return CORBEL_OK;
}

static bool raise_numbers(corbel_request *request, declared_Odd *odd)
{
    declared_Even *const evens = corbel_request_alloc(request, odd->below.len, sizeof *evens);
    if (evens == NULL) {
        return false;
    }
    odd->number++;
    for (size_t i = 0; i < odd->below.len; i++) {
        const declared_Even *const even = &odd->below.items[i];
        declared_Odd *const odds = corbel_request_alloc(request, even->below.len, sizeof *odds);
        if (odds == NULL) {
            return false;
        }
        for (size_t k = 0; k < even->below.len; k++) {
            odds[k] = even->below.items[k];
            if (!raise_numbers(request, &odds[k])) {
                return false;
            }
        }
        evens[i] = (declared_Even) { .number = even->number + 1, .below = { even->below.len, odds } };
    }
    odd->below.items = evens;
    return true;
}

static corbel_status count(void *self, corbel_request *request, const declared_Odd *numbers, declared_Odd *ret)
{
    (void)self;
    *ret = *numbers;
    return raise_numbers(request, ret) ? CORBEL_OK : CORBEL_NO_MEMORY;
}

static corbel_status pass(void *self, corbel_request *request, declared_Never *one, declared_Never_seq more,
                          declared_Never_seq *ret_all, declared_Never **ret)
{
    (void)self;
    declared_Never **const items = corbel_request_alloc(request, more.len, sizeof(declared_Never *));
    if (items == NULL) {
        return CORBEL_NO_MEMORY;
    }
    for (size_t i = 0; i < more.len; i++) {
        items[i] = declared_Never_ref(more.items[i]);
    }
    *ret_all = (declared_Never_seq) { more.len, items };
    *ret = declared_Never_ref(one);
    return CORBEL_OK;
}

static corbel_status get_keeper(void *self, corbel_request *request, const char **ret)
{
    (void)self;
    (void)ret;
    return declared_Forest_Dead_raise(request, &(declared_Forest_Dead) { .since = declared_Forest_AUTUMN });
}

static corbel_status set_keeper(void *self, corbel_request *request, const char *keeper)
{
    (void)self;
    return strcmp(keeper, "nobody") == 0
               ? declared_Forest_Dead_raise(request, &(declared_Forest_Dead) { .since = declared_Forest_SPRING })
               : CORBEL_OK;
}

static corbel_status tour(void *self, corbel_request *request, declared_Visitor *one, int32_t *inout_steps,
                          declared_Visitor **ret)
{
    (void)self;
    corbel_error error = CORBEL_ERROR_INIT;
    if (declared_Visitor_visit(one, NULL, inout_steps, &error)) {
        return corbel_request_forward(request, &error);
    }
    *ret = declared_Visitor_ref(one);
    return CORBEL_OK;
}

static declared_Visitor *last; /* of the servant's runtime */

static corbel_status greet(void *self, corbel_request *request, declared_Guest *one, declared_Guest **ret)
{
    (void)self;
    (void)request;
    (void)one;
    *ret = declared_Guest_ref(declared_Visitor_as_Guest(last));
    return CORBEL_OK;
}

static corbel_status lose(void *self, corbel_request *request)
{
    (void)self;
    return declared_Forest_Lost_raise(request, &(declared_Forest_Lost) { .who = declared_Visitor_as_Guest(last) });
}

static const declared_Forest_servant servant = { .plant = plant,
                                                 .count = count,
                                                 .pass = pass,
                                                 .get_keeper = get_keeper,
                                                 .set_keeper = set_keeper,
                                                 .tour = tour,
                                                 .greet = greet,
                                                 .lose = lose };

static corbel_status visit(void *self, corbel_request *request, declared_Forest *place, int32_t *inout_steps)
{
    (void)self;
    (void)request;
    (void)place;
    *inout_steps += 1;
    return CORBEL_OK;
}

static corbel_status bake(void *self, corbel_request *request, declared_Cookie dough, declared_Cookie *inout_swapped,
                          const declared_Tray *tray, declared_Tray *ret_same, declared_Cookie_seq all, declared_Cookie *ret)
{
    (void)self;
    (void)request;
    *ret = *inout_swapped;
    *inout_swapped = dough;
    *ret_same = *tray;
    return all.len == 2 && all.items[0] == dough && all.items[1] == NULL ? CORBEL_OK : CORBEL_FAILED;
}

static const declared_Visitor_servant visitor_servant = { .visit = visit, .bake = bake };

static probe_server server;
static corbel_runtime *client;
static declared_Forest *forest;
static declared_Forest *own;

static int set_up(void **state)
{
    corbel_error error = CORBEL_ERROR_INIT;
    char *uri = NULL;
    (void)state;
    probe_server_start(&server, NULL, NULL);
    own = declared_Forest_new(server.runtime, &servant, NULL, NULL);
    last = declared_Visitor_new(server.runtime, &visitor_servant, NULL, NULL);
    MUST(corbel_daemon_register(server.daemon, "forest", declared_Forest_as_object(own), &error));
    MUST(corbel_daemon_uri(server.daemon, "forest", &uri, &error));
    MUST(corbel_runtime_new(NULL, &client, &error));
    MUST(declared_Forest_from_uri(client, uri, &forest, &error));
    corbel_string_free(uri);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    declared_Forest_unref(forest);
    corbel_runtime_unref(client);
    declared_Visitor_unref(last);
    declared_Forest_unref(own);
    probe_server_stop(&server);
    return 0;
}

static void a_type_that_contains_itself(void **state)
{
    enum { DEPTH = 20 };
    corbel_error error = CORBEL_ERROR_INIT;
    declared_Forest_Tree trees[DEPTH] = { { .name = "leaf" } };
    declared_Forest_Nothing nothing = declared_Forest_Nothing_INIT;
    declared_Forest_Tree *grown = NULL;
    (void)state;
    for (size_t i = 1; i < DEPTH; i++) {
        trees[i] = (declared_Forest_Tree) { .name = "branch", .branches = { 1, &trees[i - 1] } };
    }
    MUST(declared_Forest_plant(forest, &trees[DEPTH - 1], "oak", &nothing, NULL, &grown, &error));
    assert_string_equal(grown->name, "oak");
    assert_int_equal(grown->branches.len, 2);
    assert_true(declared_Forest_Tree_equal(&grown->branches.items[0], &trees[DEPTH - 1]));
    assert_string_equal(grown->branches.items[1].name, "oak");
    declared_Forest_Tree *copy = declared_Forest_Tree_copy(grown);
    assert_non_null(copy);
    assert_true(declared_Forest_Tree_equal(grown, copy));
    declared_Forest_Tree_free(grown);
    trees[0].name = "bud";
    assert_false(declared_Forest_Tree_equal(&copy->branches.items[0], &trees[DEPTH - 1]));
    declared_Forest_Tree_free(copy);
}

static void types_that_contain_each_other(void **state)
{
    corbel_error error = CORBEL_ERROR_INIT;
    const declared_Odd low[] = { { .number = 5 }, { .number = 7 } };
    const declared_Even evens[] = { { .number = 2, .below = { 2, low } }, { .number = 4 } };
    const declared_Odd odd = { .number = 1, .below = CORBEL_SEQ(evens) };
    declared_Odd *counted = NULL;
    (void)state;
    MUST(declared_Forest_count(forest, &odd, &counted, &error));
    assert_int_equal(counted->number, 2);
    assert_int_equal(counted->below.len, 2);
    assert_int_equal(counted->below.items[0].number, 3);
    assert_int_equal(counted->below.items[0].below.items[1].number, 8);
    assert_int_equal(counted->below.items[1].number, 5);
    assert_false(declared_Odd_equal(counted, &odd));
    declared_Odd *const copy = declared_Odd_copy(counted);
    assert_true(declared_Odd_equal(counted, copy));
    declared_Odd_free(counted);
    declared_Odd_free(copy);

    const declared_Odd many[] = { { .number = 1 }, { .number = 2 }, { .number = 3 } };
    const declared_Even full = { .below = CORBEL_SEQ(many) };
    const declared_Odd over = { .below = { 1, &full } };
    assert_int_equal(declared_Forest_count(forest, &over, NULL, &error), CORBEL_INVALID_ARGUMENT);
    assert_string_equal(error.message, "numbers.below[0].below: 3 items, at most 2");
    corbel_error_clear(&error);
}

static void attributes_raise(void **state)
{
    corbel_error error = CORBEL_ERROR_INIT;
    (void)state;
    char *keeper = NULL;
    assert_int_equal(declared_Forest_get_keeper(forest, &keeper, &error), CORBEL_RAISED);
    assert_int_equal(declared_Forest_Dead_of(&error)->since, declared_Forest_AUTUMN);
    corbel_error_clear(&error);
    MUST(declared_Forest_set_keeper(forest, "somebody", &error));
    assert_int_equal(declared_Forest_set_keeper(forest, "nobody", &error), CORBEL_RAISED);
    assert_int_equal(declared_Forest_Dead_of(&error)->since, declared_Forest_SPRING);
    corbel_error_clear(&error);
    assert_int_equal(declared_Forest_get_age(forest, NULL, &error), CORBEL_UNIMPLEMENTED);
    corbel_error_clear(&error);
}

static void a_reference_to_what_nobody_defines_comes_back(void **state)
{
    corbel_error error = CORBEL_ERROR_INIT;
    static const int no_functions;
    const corbel_skeleton skeleton = { &declared_Never_interface, &no_functions };
    declared_Never *const never = CORBEL_CAST(declared_Never *, corbel_object_new(client, skeleton, NULL, NULL));
    declared_Never *const more[] = { never, NULL, never };
    declared_Never_seq all = { 0, NULL };
    declared_Never *back = NULL;
    (void)state;
    MUST(declared_Forest_pass(forest, never, (declared_Never_seq)CORBEL_SEQ(more), &all, &back, &error));
    assert_true(corbel_object_equal(CORBEL_CAST(corbel_object *, back), CORBEL_CAST(corbel_object *, never)));
    assert_int_equal(all.len, 3);
    assert_null(all.items[1]);
    assert_true(corbel_object_equal(CORBEL_CAST(corbel_object *, all.items[2]), CORBEL_CAST(corbel_object *, never)));
    declared_Never_seq_clear(&all);
    declared_Never_unref(back);
    declared_Never_unref(never);
}

/* Within a runtime its references are arguments, results and exceptions like any others. */
static void local_references_pass_within_a_runtime(void **state)
{
    corbel_error error = CORBEL_ERROR_INIT;
    int32_t steps = 3;
    declared_Visitor *back = NULL, *cast = NULL;
    declared_Guest *guest = NULL;
    (void)state;
    MUST(declared_Forest_tour(own, last, &steps, &back, &error));
    assert_int_equal(steps, 4);
    assert_true(corbel_object_equal(declared_Visitor_as_object(back), declared_Visitor_as_object(last)));
    MUST(declared_Forest_greet(own, NULL, &guest, &error));
    MUST(declared_Visitor_cast(declared_Guest_as_object(guest), &cast, &error));
    assert_int_equal(declared_Forest_lose(own, &error), CORBEL_RAISED);
    assert_true(
        corbel_object_equal(declared_Guest_as_object(declared_Forest_Lost_of(&error)->who), declared_Visitor_as_object(last)));
    corbel_error_clear(&error);
    declared_Visitor_unref(cast);
    declared_Guest_unref(guest);
    declared_Visitor_unref(back);
}

static void native_values_pass_within_a_runtime(void **state)
{
    corbel_error error = CORBEL_ERROR_INIT;
    int one = 1, other = 2;
    declared_Cookie swapped = &other, back = NULL;
    const declared_Cookie all[] = { &one, NULL };
    const declared_Tray tray = { .first = &other, .label = "warm" };
    declared_Tray *same = NULL;
    (void)state;
    MUST(declared_Visitor_bake(last, &one, &swapped, &tray, &same, (declared_Cookie_seq)CORBEL_SEQ(all), &back, &error));
    assert_ptr_equal(back, &other);
    assert_ptr_equal(swapped, &one);
    assert_true(declared_Tray_equal(same, &tray));
    assert_ptr_equal(same->first, &other);
    declared_Tray_free(same);
}

static void refused(corbel_status expected, corbel_completion completion, const char *part, corbel_status status,
                    corbel_error *error)
{
    if (status != expected || error->completion != completion || strstr(error->message, part) == NULL) {
        fail_msg("%s: %s", corbel_status_name(status), error->message);
    }
    corbel_error_clear(error);
}

/* The servant's runtime is another process, as far as that goes. */
static void local_references_do_not_leave(void **state)
{
    static const char why[] = "a reference to a declared::Visitor cannot leave the process: the interface is local";
    corbel_error error = CORBEL_ERROR_INIT;
    int32_t steps = 3;
    declared_Guest *guest = NULL;
    (void)state;
    declared_Visitor *const visitor = declared_Visitor_new(client, &visitor_servant, NULL, NULL);
    declared_Guest *const as_guest = declared_Visitor_as_Guest(visitor);
    refused(CORBEL_INVALID_ARGUMENT, CORBEL_COMPLETED_NO, why, declared_Forest_tour(forest, visitor, &steps, NULL, &error),
            &error);
    refused(CORBEL_INVALID_ARGUMENT, CORBEL_COMPLETED_NO, why, declared_Forest_greet(forest, as_guest, NULL, &error), &error);
    corbel_call *const call = declared_Forest_greet_begin(forest, as_guest);
    refused(CORBEL_INVALID_ARGUMENT, CORBEL_COMPLETED_NO, why, declared_Forest_greet_finish(call, NULL, &error), &error);
    refused(CORBEL_BAD_REPLY, CORBEL_COMPLETED_YES, why, declared_Forest_greet(forest, NULL, &guest, &error), &error);
    assert_null(guest);
    refused(CORBEL_BAD_REPLY, CORBEL_COMPLETED_YES, why, declared_Forest_lose(forest, &error), &error);
    assert_int_equal(steps, 3);
    declared_Visitor_unref(visitor);
}

static void objects_of_local_interfaces_are_not_registered(void **state)
{
    corbel_error error = CORBEL_ERROR_INIT;
    declared_Visitor *found = NULL;
    corbel_object *object = NULL;
    (void)state;
    refused(CORBEL_INVALID_ARGUMENT, CORBEL_COMPLETED_NO, "a declared::Visitor cannot be registered: the interface is local",
            corbel_daemon_register(server.daemon, "visitor", declared_Visitor_as_object(last), &error), &error);
    refused(CORBEL_WRONG_INTERFACE, CORBEL_COMPLETED_NO, "the interface is local",
            declared_Visitor_cast(declared_Forest_as_object(forest), &found, &error), &error);
    refused(CORBEL_INVALID_ARGUMENT, CORBEL_COMPLETED_NO, "no URI leads to a declared::Visitor",
            corbel_object_from_uri(client, &declared_Visitor_interface, server.uri, &object, &error), &error);
    assert_null(found);
    assert_null(object);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_type_that_contains_itself),
        cmocka_unit_test(types_that_contain_each_other),
        cmocka_unit_test(attributes_raise),
        cmocka_unit_test(local_references_pass_within_a_runtime),
        cmocka_unit_test(native_values_pass_within_a_runtime),
        cmocka_unit_test(local_references_do_not_leave),
        cmocka_unit_test(objects_of_local_interfaces_are_not_registered),
        cmocka_unit_test(a_reference_to_what_nobody_defines_comes_back),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
