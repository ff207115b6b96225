/** Serial objects: one chain at a time, in the order of arrival, and a chain that comes back; who waits, and how waiting ends. */
#include "actors.h"

#include "daemon/host.h"
#include "runtime/base/clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* Objects 0 and 1 are serial, 2 is an heir, 3 is not serial, 4 is strict. */
static actors_stage stage;
static corbel_runtime *client;
/** What each test calls: across a session, and in the objects' own process. */
static serial_Node *nodes[2][5];

static int set_up(void **state)
{
    corbel_error error = CORBEL_ERROR_INIT;
    (void)state;
    actors_start(&stage, "sshnt", "", NULL, NULL);
    MUST(corbel_runtime_new(NULL, &client, &error));
    for (unsigned i = 0; i < 5; i++) {
        MUST(serial_Node_from_uri(client, stage.uris[i], &nodes[0][i], &error));
        nodes[1][i] = serial_Node_ref(stage.own[i]);
    }
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 5; i++) {
        serial_Node_unref(nodes[0][i]);
        serial_Node_unref(nodes[1][i]);
    }
    corbel_runtime_unref(client);
    actors_stop(&stage);
    assert_int_equal(probe_event_count(&stage.finalized), 5);
    return 0;
}

static int forget(void **state)
{
    (void)state;
    actors_forget(&stage);
    return 0;
}

#define FOR_BOTH(node) for (serial_Node *const *node = nodes[0]; node != NULL; node = node == nodes[0] ? nodes[1] : NULL)

static void call_ok(serial_Node *node, const char *script)
{
    corbel_error error = CORBEL_ERROR_INIT;
    MUST(serial_Node_run(node, script, NULL, &error));
}

static void end_ok(actors_caller *caller)
{
    const corbel_status status = actors_end(caller);
    probe_must(status, &caller->error, caller->script);
}

/* ---- one at a time ---- */

typedef struct crowd {
    serial_Node *node;
    char name;
} crowd;

static void *crowd_main(void *argument)
{
    const crowd *const self = argument;
    for (unsigned i = 0; i < 100; i++) {
        const char script[4] = { self->name, '0', '0', '\0' }; /* it comes back each time */
        call_ok(self->node, script);
    }
    return NULL;
}

static void one_chain_at_a_time(void **state)
{
    pthread_t threads[8];
    crowd crowds[8];
    (void)state;
    for (unsigned i = 0; i < 8; i++) {
        crowds[i] = (crowd) { nodes[i % 2][0], (char)('A' + i) };
        assert_int_equal(pthread_create(&threads[i], NULL, crowd_main, &crowds[i]), 0);
    }
    for (unsigned i = 0; i < 8; i++) {
        pthread_join(threads[i], NULL);
    }
    assert_int_equal(atomic_load(&stage.offences), 0);
    assert_int_equal(actors_entered(&stage, 0), 8 * 100 * 3);
}

/** The twin of the test above: where two chains are let in it is seen. */
static void others_overlap(void **state)
{
    actors_caller a, b;
    (void)state;
    actors_call(&a, nodes[0][3], "Aw0", 0);
    assert_true(probe_event_wait(&stage.reached[0], 1));
    actors_call(&b, nodes[0][3], "Bw0", 0);
    assert_true(probe_event_wait(&stage.reached[0], 2));
    actors_go(&stage, 0);
    end_ok(&a);
    end_ok(&b);
    assert_int_equal(atomic_load(&stage.overlaps), 1);
}

static void in_the_order_of_arrival(void **state)
{
    (void)state;
    FOR_BOTH(node)
    {
        actors_caller callers[6];
        char script[8];
        actors_forget(&stage);
        actors_call(&callers[0], node[0], "Aw0", 0);
        assert_true(probe_event_wait(&stage.reached[0], 1));
        for (unsigned i = 1; i < 6; i++) {
            (void)snprintf(script, sizeof script, "%c", 'A' + i);
            actors_call(&callers[i], nodes[i % 2][0], script, 0);
            assert_true(actors_wait_waiting(stage.runtime, i));
        }
        actors_go(&stage, 0);
        for (unsigned i = 0; i < 6; i++) {
            end_ok(&callers[i]);
        }
        assert_string_equal(actors_order(&stage, 0), "ABCDEF");
        assert_int_equal(atomic_load(&stage.offences), 0);
    }
}

/** Calls of one lane that came before another thread's stand before it, though they have to wait for each other, too. */
static void lanes_arrive_as_they_came(void **state)
{
    corbel_error error = CORBEL_ERROR_INIT;
    (void)state;
    FOR_BOTH(node)
    {
        actors_caller a, c;
        actors_forget(&stage);
        actors_call(&a, node[0], "Aw0", 0);
        assert_true(probe_event_wait(&stage.reached[0], 1));
        corbel_call *const b1 = serial_Node_run_begin(node[0], "B");
        corbel_call *const b2 = serial_Node_run_begin(node[0], "B");
        assert_true(actors_wait_waiting(stage.runtime, 2));
        actors_call(&c, node[0], "C", 0);
        assert_true(actors_wait_waiting(stage.runtime, 3));
        actors_go(&stage, 0);
        end_ok(&a);
        end_ok(&c);
        MUST(serial_Node_run_finish(b1, NULL, &error));
        MUST(serial_Node_run_finish(b2, NULL, &error));
        assert_string_equal(actors_order(&stage, 0), "ABBC");
    }
}

/* ---- coming back ---- */

static void chains_come_back(void **state)
{
    static const char *const scripts[] = {
        "A0",      /* to itself */
        "A1010",   /* by another one, twice */
        "A30303",  /* by one that is not serial */
        "Ab0",     /* with a call that it begins and waits for */
        "Ap0",     /* the same with two waits */
        "Ab1b0b1", /* of which the last is waited for by all */
        "Al0",     /* behind a call of its own that stands in the same lane */
        "Al3l0",   "A1l0b10",
    };
    (void)state;
    FOR_BOTH(node)
    {
        for (size_t i = 0; i < sizeof scripts / sizeof *scripts; i++) {
            call_ok(node[0], scripts[i]);
        }
    }
    assert_int_equal(atomic_load(&stage.offences), 0);
    assert_true(actors_wait_waiting(stage.runtime, 0));
}

/** Through another process: its objects are at another daemon. */
static void through_another_runtime(void **state)
{
    corbel_error error = CORBEL_ERROR_INIT;
    actors_stage other;
    serial_Node *there = NULL, *back = NULL;
    (void)state;
    actors_start(&other, "s", "far", NULL, NULL);
    MUST(serial_Node_from_uri(stage.runtime, other.uris[0], &there, &error));
    actors_set(&stage, 5, there);
    MUST(serial_Node_from_uri(other.runtime, stage.uris[0], &back, &error));
    actors_set(&other, 0, back);
    FOR_BOTH(node)
    {
        call_ok(node[0], "A50");
        call_ok(node[0], "A5050");
        call_ok(node[0], "Ab50");
        call_ok(node[0], "Al50");
    }
    actors_set(&stage, 5, NULL);
    actors_stop(&other);
    assert_int_equal(atomic_load(&stage.offences), 0);
}

static void strict_ones_do_not_let_them_come_back(void **state)
{
    static const char *const scripts[] = { "A4", "A14", "A34", "Ab4", "A1b34", "Al4", "Ap4" };
    (void)state;
    actors_stage other;
    corbel_error error = CORBEL_ERROR_INIT;
    serial_Node *there = NULL, *back = NULL;
    actors_start(&other, "n", "far", NULL, NULL);
    MUST(serial_Node_from_uri(stage.runtime, other.uris[0], &there, &error));
    actors_set(&stage, 5, there);
    MUST(serial_Node_from_uri(other.runtime, stage.uris[4], &back, &error));
    actors_set(&other, 4, back);
    FOR_BOTH(node)
    {
        for (size_t i = 0; i < sizeof scripts / sizeof *scripts; i++) {
            const corbel_status status = serial_Node_run(node[4], scripts[i], NULL, &error);
            assert_int_equal(status, CORBEL_DEADLOCK);
            assert_non_null(strstr(error.message, "serial::Node::run of 4 comes back to an object of "));
            assert_non_null(strstr(error.message, "serial::Node::run of 4 > "));
        }
        call_ok(node[4], "A"); /* it is free again */
        assert_int_equal(serial_Node_run(node[4], "A1354", NULL, &error), CORBEL_DEADLOCK);
        assert_non_null(strstr(error.message, "serial::Node::run of 4 > serial::Node::run of 1 > serial::Node::run of 3 > "
                                              "1 call elsewhere > serial::Node::run of 4"));
        assert_int_equal(corbel_error_hops(&error), 5);
    }
    corbel_error_clear(&error);
    actors_set(&stage, 5, NULL);
    actors_stop(&other);
}

/** What the call that is refused itself is told. */
static void refused_calls_did_not_run(void **state)
{
    corbel_error error = CORBEL_ERROR_INIT;
    actors_caller holder;
    (void)state;
    actors_call(&holder, nodes[0][4], "Aw0b4", 0);
    assert_true(probe_event_wait(&stage.reached[0], 1));
    actors_go(&stage, 0);
    assert_int_equal(actors_end(&holder), CORBEL_DEADLOCK);
    assert_int_equal(actors_entered(&stage, 4), 1);
    corbel_error_clear(&holder.error);
    corbel_error_clear(&error);
}

/* ---- gates ---- */

static void one_servant_has_one_gate(void **state)
{
    corbel_error error = CORBEL_ERROR_INIT;
    actors_caller a, b;
    (void)state;
    serial_Node *const twin = actors_twin(&stage, 0);
    MUST(corbel_daemon_register(stage.daemon, "twin", serial_Node_as_object(twin), &error));
    actors_set(&stage, 6, serial_Node_ref(twin));
    actors_call(&a, nodes[0][0], "Aw06", 0); /* and comes back by the other id */
    assert_true(probe_event_wait(&stage.reached[0], 1));
    actors_call(&b, twin, "B", 0);
    assert_true(actors_wait_waiting(stage.runtime, 1));
    actors_go(&stage, 0);
    end_ok(&a);
    end_ok(&b);
    assert_string_equal(actors_order(&stage, 0), "AAB");
    actors_set(&stage, 6, NULL);
    MUST(corbel_daemon_unregister(stage.daemon, "twin", &error));
    serial_Node_unref(twin);
    assert_true(probe_event_wait(&stage.finalized, 1));
    actors_forget_event(&stage.finalized);
}

static void heirs_are_serial(void **state)
{
    corbel_error error = CORBEL_ERROR_INIT;
    actors_caller a;
    serial_Heir *heir = NULL;
    (void)state;
    MUST(serial_Heir_cast(serial_Node_as_object(nodes[0][2]), &heir, &error)); /* looking is no call of the servant's */
    actors_call(&a, nodes[0][2], "Aw0", 0);
    assert_true(probe_event_wait(&stage.reached[0], 1));
    corbel_call *const more = serial_Heir_more_begin(heir);
    assert_true(actors_wait_waiting(stage.runtime, 1));
    actors_go(&stage, 0);
    end_ok(&a);
    MUST(serial_Heir_more_finish(more, &error));
    assert_string_equal(actors_order(&stage, 2), "A+");
    serial_Heir_unref(heir);
}

/** What every object answers by itself needs no turn. */
static void a_busy_object_says_what_it_is(void **state)
{
    corbel_error error = CORBEL_ERROR_INIT;
    corbel_runtime *another = NULL;
    corbel_object *object = NULL;
    serial_Serial *is = NULL;
    actors_caller a;
    (void)state;
    actors_call(&a, nodes[0][0], "Aw0", 0);
    assert_true(probe_event_wait(&stage.reached[0], 1));
    MUST(corbel_runtime_new(NULL, &another, &error));
    MUST(corbel_object_from_uri(another, NULL, stage.uris[0], &object, &error));
    MUST(serial_Serial_cast(object, &is, &error));
    serial_Serial_unref(is);
    corbel_object_unref(object);
    corbel_runtime_unref(another);
    actors_go(&stage, 0);
    end_ok(&a);
}

/* ---- how long it is held ---- */

static void deferred_requests_hold_it(void **state)
{
    corbel_error error = CORBEL_ERROR_INIT;
    uint64_t held = 0;
    (void)state;
    FOR_BOTH(node)
    {
        actors_caller b;
        corbel_call *const a = serial_Node_hold_begin(node[0]);
        assert_true(probe_event_wait(&stage.held, ++held));
        actors_call(&b, node[0], "B", 0);
        assert_true(actors_wait_waiting(stage.runtime, 1));
        assert_false(atomic_load(&b.over));
        serial_Node_hold_reply(actors_held(&stage, 0));
        MUST(serial_Node_hold_finish(a, &error));
        end_ok(&b);
    }
}

static void streams_hold_it(void **state)
{
    corbel_error error = CORBEL_ERROR_INIT;
    (void)state;
    FOR_BOTH(node)
    {
        actors_caller b;
        corbel_int32_stream *numbers = NULL;
        int32_t item = -1;
        actors_forget(&stage);
        corbel_call *const a = serial_Node_count_begin(node[0], 2, &numbers);
        assert_true(probe_event_wait(&stage.reached[9], 1));
        actors_call(&b, node[0], "B", 0);
        assert_true(actors_wait_waiting(stage.runtime, 1));
        actors_go(&stage, 9);
        assert_true(corbel_int32_stream_next(numbers, &item));
        assert_false(atomic_load(&b.over));
        actors_go(&stage, 9);
        assert_true(corbel_int32_stream_next(numbers, &item));
        assert_int_equal(item, 1);
        end_ok(&b);
        MUST(serial_Node_count_finish(a, &error));
        assert_string_equal(actors_order(&stage, 0), "#B");
        assert_int_equal(atomic_load(&stage.offences), 0);
    }
}

static void oneways_take_their_turn(void **state)
{
    corbel_error error = CORBEL_ERROR_INIT;
    (void)state;
    FOR_BOTH(node)
    {
        actors_caller a, c;
        actors_forget(&stage);
        actors_call(&a, node[0], "Aw0", 0);
        assert_true(probe_event_wait(&stage.reached[0], 1));
        MUST(serial_Node_tell(node[0], "B", &error));
        assert_true(actors_wait_waiting(stage.runtime, 1));
        actors_call(&c, node[0], "C", 0);
        assert_true(actors_wait_waiting(stage.runtime, 2));
        actors_go(&stage, 0);
        end_ok(&a);
        end_ok(&c);
        assert_string_equal(actors_order(&stage, 0), "ABC");
    }
}

/* ---- waiting ---- */

/** Many that wait take no thread, and hold up no other object. */
static void waiting_takes_no_worker(void **state)
{
    corbel_error error = CORBEL_ERROR_INIT;
    corbel_runtime_options options = CORBEL_RUNTIME_OPTIONS_INIT;
    actors_stage small;
    serial_Node *serial = NULL, *plain = NULL;
    corbel_call *calls[200];
    (void)state;
    options.max_workers = 2;
    actors_start(&small, "sn", "", &options, NULL);
    MUST(serial_Node_from_uri(client, small.uris[0], &serial, &error));
    MUST(serial_Node_from_uri(client, small.uris[1], &plain, &error));
    actors_caller a;
    actors_call(&a, serial, "Aw0", 0);
    assert_true(probe_event_wait(&small.reached[0], 1));
    corbel_options aside = CORBEL_OPTIONS_INIT;
    aside.overlap = true;
    serial_Node *const overlapping = serial_Node_with(serial, &aside);
    for (size_t i = 0; i < 200; i++) {
        calls[i] = serial_Node_run_begin(overlapping, "B");
    }
    assert_true(actors_wait_waiting(small.runtime, 200));
    call_ok(plain, "C");
    call_ok(plain, "C1");
    assert_int_equal(small.runtime->dispatch->n_threads, 2);
    actors_go(&small, 0);
    end_ok(&a);
    for (size_t i = 0; i < 200; i++) {
        MUST(serial_Node_run_finish(calls[i], NULL, &error));
    }
    serial_Node_unref(overlapping);
    serial_Node_unref(serial);
    serial_Node_unref(plain);
    actors_stop(&small);
}

static void who_gives_up_leaves_the_queue(void **state)
{
    corbel_error error = CORBEL_ERROR_INIT;
    (void)state;
    FOR_BOTH(node)
    {
        actors_caller a;
        actors_forget(&stage);
        actors_call(&a, node[0], "Aw0", 0);
        assert_true(probe_event_wait(&stage.reached[0], 1));
        corbel_call *const b = serial_Node_run_begin(node[0], "B");
        corbel_call *const c = serial_Node_run_begin(node[0], "C");
        corbel_call *const d = serial_Node_run_begin(node[0], "D");
        assert_true(actors_wait_waiting(stage.runtime, 3));
        corbel_call_cancel(c);
        assert_int_equal(serial_Node_run_finish(c, NULL, &error), CORBEL_CANCELLED);
        assert_true(actors_wait_waiting(stage.runtime, 2));
        corbel_call_drop(b);
        assert_true(actors_wait_waiting(stage.runtime, 1));
        actors_go(&stage, 0);
        end_ok(&a);
        MUST(serial_Node_run_finish(d, NULL, &error));
        assert_string_equal(actors_order(&stage, 0), "AD");
    }
    corbel_error_clear(&error);
}

static void a_lost_session_leaves_the_queue(void **state)
{
    corbel_error error = CORBEL_ERROR_INIT;
    corbel_runtime *another = NULL;
    serial_Node *node = NULL;
    actors_caller a, c;
    (void)state;
    MUST(corbel_runtime_new(NULL, &another, &error));
    MUST(serial_Node_from_uri(another, stage.uris[0], &node, &error));
    actors_call(&a, nodes[0][0], "Aw0", 0);
    assert_true(probe_event_wait(&stage.reached[0], 1));
    corbel_call *const b = serial_Node_run_begin(node, "B");
    assert_true(actors_wait_waiting(stage.runtime, 1));
    actors_call(&c, nodes[0][0], "C", 0);
    assert_true(actors_wait_waiting(stage.runtime, 2));
    corbel_call_drop(b);
    serial_Node_unref(node);
    corbel_runtime_unref(another);
    assert_true(actors_wait_waiting(stage.runtime, 1));
    actors_go(&stage, 0);
    end_ok(&a);
    end_ok(&c);
    assert_string_equal(actors_order(&stage, 0), "AC");
}

/** Who waits in vain is told who has it, in time; and both sides mean the same time. */
static void who_waits_in_vain_learns_for_whom(void **state)
{
    (void)state;
    FOR_BOTH(node)
    {
        actors_caller a, b, c;
        actors_forget(&stage);
        actors_call(&a, node[0], "Aw0", 0);
        assert_true(probe_event_wait(&stage.reached[0], 1));
        actors_call(&b, node[0], "B", 400 * probe_slow);
        assert_true(actors_wait_waiting(stage.runtime, 1));
        actors_call(&c, node[0], "C", 0);
        assert_true(actors_wait_waiting(stage.runtime, 2));
        assert_int_equal(actors_end(&b), CORBEL_DEADLINE);
        assert_int_equal(b.error.completion, CORBEL_COMPLETED_NO);
        assert_non_null(strstr(b.error.message, "serial::Node::run of 0: its turn did not come within "));
        assert_non_null(strstr(b.error.message, "the object serves serial::Node::run of 0 for "));
        assert_true(b.seconds > 0.3 * probe_slow); /* not before it was as good as lost */
        assert_true(actors_wait_waiting(stage.runtime, 1));
        actors_go(&stage, 0);
        end_ok(&a);
        end_ok(&c);
        assert_string_equal(actors_order(&stage, 0), "AC");
        corbel_error_clear(&b.error);
    }
}

/** The user's own threads run everything, also what a thread that waits is to run. */
typedef struct loop {
    corbel_runtime *runtime;
    _Atomic bool stop;
} loop;

static void *loop_main(void *argument)
{
    loop *const self = argument;
    while (!atomic_load(&self->stop)) {
        (void)corbel_runtime_dispatch(self->runtime, 20);
    }
    return NULL;
}

static void with_user_dispatch(void **state)
{
    corbel_error error = CORBEL_ERROR_INIT;
    corbel_runtime_options options = CORBEL_RUNTIME_OPTIONS_INIT;
    actors_stage own;
    serial_Node *node = NULL;
    pthread_t threads[2];
    loop run = { 0 };
    (void)state;
    options.user_dispatch = true;
    actors_start(&own, "sst", "", &options, NULL);
    MUST(serial_Node_from_uri(client, own.uris[0], &node, &error));
    run.runtime = own.runtime;
    for (unsigned i = 0; i < 2; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, loop_main, &run), 0);
    }
    call_ok(node, "A010");
    call_ok(node, "Ab0l1b0");
    call_ok(own.own[0], "Ab0l1b0");
    assert_int_equal(serial_Node_run(node, "A22", NULL, &error), CORBEL_DEADLOCK);
    actors_caller a, b;
    actors_call(&a, node, "Aw0", 0);
    assert_true(probe_event_wait(&own.reached[0], 1));
    actors_call(&b, own.own[0], "B", 0);
    assert_true(actors_wait_waiting(own.runtime, 1));
    call_ok(own.own[1], "C");
    actors_go(&own, 0);
    end_ok(&a);
    end_ok(&b);
    atomic_store(&run.stop, true);
    for (unsigned i = 0; i < 2; i++) {
        pthread_join(threads[i], NULL);
    }
    corbel_error_clear(&error);
    serial_Node_unref(node);
    actors_stop(&own);
}

/** A reply that never comes: at the end of the runtime those that wait behind it are told. */
static void the_end_of_the_runtime(void **state)
{
    corbel_error error = CORBEL_ERROR_INIT;
    actors_stage short_lived;
    serial_Node *node = NULL;
    (void)state;
    actors_start(&short_lived, "s", "", NULL, NULL);
    MUST(serial_Node_from_uri(client, short_lived.uris[0], &node, &error));
    corbel_call *const a = serial_Node_hold_begin(node);
    assert_true(probe_event_wait(&short_lived.held, 1));
    corbel_call *const b = serial_Node_run_begin(node, "B");
    MUST(serial_Node_tell(node, "C", &error));
    assert_true(actors_wait_waiting(short_lived.runtime, 2));
    corbel_request *const held = actors_held(&short_lived, 0);
    actors_stop(&short_lived);
    serial_Node_hold_reply(held);
    assert_int_not_equal(serial_Node_hold_finish(a, &error), CORBEL_OK);
    assert_int_not_equal(serial_Node_run_finish(b, NULL, &error), CORBEL_OK);
    corbel_error_clear(&error);
    serial_Node_unref(node);
    assert_int_equal(actors_entered(&short_lived, 0), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(one_chain_at_a_time, forget),
        cmocka_unit_test_setup(others_overlap, forget),
        cmocka_unit_test_setup(in_the_order_of_arrival, forget),
        cmocka_unit_test_setup(lanes_arrive_as_they_came, forget),
        cmocka_unit_test_setup(chains_come_back, forget),
        cmocka_unit_test_setup(through_another_runtime, forget),
        cmocka_unit_test_setup(strict_ones_do_not_let_them_come_back, forget),
        cmocka_unit_test_setup(refused_calls_did_not_run, forget),
        cmocka_unit_test_setup(one_servant_has_one_gate, forget),
        cmocka_unit_test_setup(heirs_are_serial, forget),
        cmocka_unit_test_setup(a_busy_object_says_what_it_is, forget),
        cmocka_unit_test_setup(deferred_requests_hold_it, forget),
        cmocka_unit_test_setup(streams_hold_it, forget),
        cmocka_unit_test_setup(oneways_take_their_turn, forget),
        cmocka_unit_test_setup(waiting_takes_no_worker, forget),
        cmocka_unit_test_setup(who_gives_up_leaves_the_queue, forget),
        cmocka_unit_test_setup(a_lost_session_leaves_the_queue, forget),
        cmocka_unit_test_setup(who_waits_in_vain_learns_for_whom, forget),
        cmocka_unit_test_setup(with_user_dispatch, forget),
        cmocka_unit_test(the_end_of_the_runtime),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
