/* Calls that are cancelled at random moments, a great many; and peers that trickle. In virtual time; the arguments are the first
 * seed, and how many calls are to be cancelled. The books of the world say what is wrong; at the end of each seed nothing is left
 * in any table. A seed that fails is run again alone: session_cancel_test SEED 1. */
#include "tests/runtime/session/world.h"

#include <stdlib.h>
#include <string.h>

enum { CALLS = 1000 };

static uint64_t first_seed = 1, wanted = 1000, current_seed;

typedef struct run {
    world *w;
    uint64_t random;
    crb_import *targets[2]; /* what each side calls */
    asked *open[2];         /* a promise of each that is not kept yet, or NULL */
    uint64_t cancelled;
} run;

static uint64_t pick(run *r, uint64_t n)
{
    return crb_scripted_random(&r->random) % n;
}

static void run_call(run *r, int i)
{
    side *const at = &r->w->sides[i];
    asked *const promise = r->open[i] != NULL && pick(r, 5) == 0 ? r->open[i] : NULL;
    static const uint32_t path[] = { 1 };
    crb_ref_out ref = world_ref_object(at, (int)pick(r, 8));
    const call_options options = {
        .target = promise == NULL ? r->targets[i] : NULL,
        .promise = promise,
        .path = path,
        .n_path = promise == NULL ? 0 : 1,
        .promised = pick(r, 8) == 0,
        .args = 8 + (size_t)(pick(r, 12) == 0 ? pick(r, 60000) : pick(r, 200)),
        .hop = (uint32_t)pick(r, 2),
        .lane = pick(r, 4),
        .deadline_ms = pick(r, 4) == 0 ? 1 + pick(r, 60) : 0,
        .refs = &ref,
        .n_refs = pick(r, 6) == 0,
        .stream_in = promise == NULL && pick(r, 10) == 0,
        .stream_out = promise == NULL && pick(r, 10) == 0,
    };
    corbel_status status = CORBEL_OK;
    asked *const a = world_call(at, &options, &status);
    if (a != NULL && options.promised && r->open[i] == NULL) {
        r->open[i] = a;
    }
}

static void run_cancel(run *r)
{
    if (r->w->n_asked == 0) {
        return;
    }
    asked *const a = &r->w->asked[pick(r, r->w->n_asked)];
    if (!a->bind && !a->oneway && a->question != NULL) {
        r->cancelled += a->done ? 0 : 1;
        for (int i = 0; i < 2; i++) {
            r->open[i] = r->open[i] == a ? NULL : r->open[i];
        }
        world_finish(a, true);
    }
}

static void run_answer(run *r, side *at)
{
    pending *const p = at->n_pending == 0 ? NULL : at->pending[pick(r, at->n_pending)];
    if (p == NULL || (!p->complete && !p->cancelled)) {
        return;
    }
    if (p->complete && !p->cancelled && pick(r, 2) == 0) {
        world_enter(at, p);
    }
    if (p->asked == NULL || pick(r, 5) == 0 || p->cancelled) {
        world_return_error(at, p, CORBEL_CANCELLED, CORBEL_COMPLETED_MAYBE, "cancelled");
    } else {
        crb_ref_out ref = world_ref_object(at, (int)pick(r, 8));
        ref.tag = 1;
        world_return(at, p, pick(r, 12) == 0 ? pick(r, 60000) : pick(r, 200), &ref, pick(r, 3) == 0);
    }
}

static void run_step(run *r)
{
    for (uint64_t acts = pick(r, 6); acts > 0; acts--) {
        const int i = (int)pick(r, 2);
        switch (pick(r, 8)) {
        case 0:
        case 1:
        case 2:
            if (r->w->n_asked < CALLS) {
                run_call(r, i);
            }
            break;
        case 3:
            run_answer(r, &r->w->sides[i]);
            break;
        default:
            run_cancel(r);
            break;
        }
        world_events(r->w);
    }
    crb_scripted_step(r->w->pipe, world_now(r->w) + pick(r, 3) * MS);
    world_events(r->w);
}

/** Answers whatever waits, until nothing does. */
static void run_end(run *r)
{
    world *const w = r->w;
    for (int round = 0; round < 400; round++) {
        for (int i = 0; i < 2; i++) {
            side *const at = &w->sides[i];
            for (size_t k = 0; k < at->n_pending;) {
                const size_t before = at->n_pending;
                run_answer(r, at);
                k += at->n_pending == before ? 1 : 0;
            }
        }
        world_run(w, 20);
    }
    for (size_t i = 0; i < w->n_asked; i++) {
        asked *const a = &w->asked[i];
        assert_true(a->done);
        if ((a->bind || a->kept) && a->question != NULL) {
            world_finish(a, false);
        }
    }
    world_run(w, 200);
    assert_int_equal(w->sides[0].n_pending + w->sides[1].n_pending, 0);
    world_check_counts(w);
    world_release_all(&w->sides[0]);
    world_release_all(&w->sides[1]);
    world_run(w, 200);
    world_check_over(w);
    world_check_tables_empty(w);
}

static uint64_t run_seed(uint64_t seed)
{
    run r = { .random = seed };
    crb_session_limits limits = CRB_SESSION_LIMITS_DEFAULT;
    crb_script script = CRB_SCRIPT_INIT;
    script.seed = crb_scripted_random(&r.random);
    for (int i = 0; i < 2; i++) {
        script.delay_us[i] = (uint32_t)pick(&r, 3000);
        script.jitter_us[i] = (uint32_t)pick(&r, 2) * 1000;
    }
    script.split = pick(&r, 2) == 0 ? 0 : 1 + (uint32_t)pick(&r, 700);
    if (pick(&r, 2) == 0) {
        limits.window_requests = 4096 + (uint32_t)pick(&r, 20000);
        limits.window_responses = 4096 + (uint32_t)pick(&r, 20000);
    }
    r.w = world_new(&limits, &limits, &script);
    r.targets[0] = world_open_and_bind(r.w);
    crb_ref_out ref = world_ref_object(&r.w->sides[0], 9); /* what the other side is to call */
    ref.tag = 1;
    world_call(&r.w->sides[0], &(call_options) { .target = r.targets[0], .refs = &ref, .n_refs = 1 }, NULL);
    world_run(r.w, 50);
    pending *const p = world_next(&r.w->sides[1]);
    assert_non_null(p);
    r.targets[1] = p->ref;
    assert_non_null(r.targets[1]);
    world_return(&r.w->sides[1], p, 8, NULL, 0);
    while (r.w->n_asked < CALLS) {
        run_step(&r);
    }
    run_end(&r);
    world_free(r.w);
    return r.cancelled;
}

static void test_at_random(void **state)
{
    uint64_t cancelled = 0, seeds = 0;
    (void)state;
    for (uint64_t seed = first_seed; cancelled < wanted; seed++, seeds++) {
        current_seed = seed;
        cancelled += run_seed(seed);
        current_seed = 0;
    }
    print_message("[   seen   ] %lu calls cancelled in %lu seeds\n", (unsigned long)cancelled, (unsigned long)seeds);
}

/** Runs after a failure, too. */
static int tell_seed(void **state)
{
    (void)state;
    if (current_seed != 0) {
        print_error("the seed was %lu\n", (unsigned long)current_seed);
    }
    return 0;
}

/** Sends the rest of a large body by hand, a byte every ms of virtual time, until somebody says that it is enough. */
static void trickle(side *to, uint64_t question, bool result, uint64_t n, const bool *enough)
{
    for (uint64_t i = 0; i < n && !*enough; i++) {
        crb_buf message = CRB_BUF_INIT;
        const uint8_t byte = 0;
        const crb_frame frame = { .type = CRB_WIRE_BODY,
                                  .u.body = { .question = question, .result = result, .data = { &byte, 1 } } };
        world_frame(&message, &frame);
        const uint64_t now = world_now(to->world) + (i + 1) * MS;
        crb_session_tick(to->session, now);
        crb_session_input(to->session, message.data, message.len, now);
        crb_buf_clear(&message);
        world_events(to->world);
    }
}

/** A result that comes a byte at a time does not keep its call beyond the deadline. */
static void test_a_result_in_tiny_pieces(void **state)
{
    (void)state;
    world *const w = world_new(NULL, NULL, NULL);
    crb_import *const object = world_open_and_bind(w);
    asked *const a = world_call(&w->sides[0], &(call_options) { .target = object, .deadline_ms = 50 }, NULL);
    world_run(w, 1);
    assert_non_null(world_next(&w->sides[1]));
    world_enter(&w->sides[1], world_next(&w->sides[1]));
    crb_buf message = CRB_BUF_INIT;
    const crb_frame header = { .type = CRB_WIRE_RETURN,
                               .u.ret = { .question = a->question->by_id.id, .length = 1000, .message = "", .exception = "" } };
    const uint64_t question = a->question->by_id.id;
    world_frame(&message, &header);
    crb_session_input(w->sides[0].session, message.data, message.len, world_now(w));
    crb_buf_clear(&message);
    world_events(w);
    assert_false(a->done);
    trickle(&w->sides[0], question, true, 1000, &a->done);
    assert_true(a->done);
    assert_int_equal(a->status, CORBEL_DEADLINE);
    assert_int_equal(a->completion, CORBEL_COMPLETED_YES); /* a result has begun to come */
    world_free(w);
}

/** Arguments that come a byte at a time do not keep a call at its servant beyond the deadline. */
static void test_arguments_in_tiny_pieces(void **state)
{
    (void)state;
    world *const w = world_new(NULL, NULL, NULL);
    const crb_import *const object = world_open_and_bind(w);
    side *const server = &w->sides[1];
    crb_buf message = CRB_BUF_INIT;
    const uint64_t question = 2; /* behind the bind */
    const crb_frame header = { .type = CRB_WIRE_CALL,
                               .u.call = { .question = question,
                                           .index = object->index,
                                           .generation = object->generation,
                                           .interface = "test::Object",
                                           .name = "trickled",
                                           .operation = 1,
                                           .remaining_us = 50000,
                                           .chain = 1,
                                           .length = 1000,
                                           .args = { (const uint8_t *)"12345678", 8 } } };
    world_frame(&message, &header);
    crb_session_input(server->session, message.data, message.len, world_now(w));
    crb_buf_clear(&message);
    world_events(w);
    pending *const p = world_next(server);
    assert_non_null(p);
    assert_false(p->complete);
    trickle(server, question, false, 900, &p->cancelled);
    assert_true(p->cancelled);
    assert_false(p->complete);
    world_free(w);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_result_in_tiny_pieces),
        cmocka_unit_test(test_arguments_in_tiny_pieces),
        cmocka_unit_test_teardown(test_at_random, tell_seed),
    };
    first_seed = argc > 1 ? strtoull(argv[1], NULL, 10) : first_seed;
    wanted = argc > 2 ? strtoull(argv[2], NULL, 10) : wanted;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
