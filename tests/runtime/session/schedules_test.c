/* Thousands of seeded schedules: both sides do anything at random, over a pipe that delays, splits and cuts at random; the books
 * of the world say what is wrong. The arguments are the first seed and the last: so much work, however long it takes. A seed that
 * fails is run again alone: session_schedules_test SEED SEED. */
#include "tests/runtime/session/world.h"

#include <stdlib.h>
#include <string.h>

enum { SCHEDULE_STEPS = 150 };

static uint64_t first_seed = 1, last_seed = 100, current_seed;

typedef struct schedule {
    world *w;
    uint64_t random;
    bool ended;
} schedule;

static uint64_t pick(schedule *s, uint64_t n)
{
    return crb_scripted_random(&s->random) % n;
}

static crb_session_limits schedule_limits(schedule *s)
{
    crb_session_limits limits = CRB_SESSION_LIMITS_DEFAULT;
    if (pick(s, 2) == 0) {
        limits.window_requests = 1024 + (uint32_t)pick(s, 20000);
        limits.window_nested = 1024 + (uint32_t)pick(s, 10000);
        limits.window_responses = 1024 + (uint32_t)pick(s, 20000);
    }
    if (pick(s, 3) == 0) {
        limits.max_body = 20000 + pick(s, 100000);
        limits.max_queued = 50000 + pick(s, 200000);
    }
    if (pick(s, 4) == 0) {
        limits.max_questions = 1 + (uint32_t)pick(s, 20);
        limits.max_exports = 1 + (uint32_t)pick(s, 10);
        limits.max_operations = (uint32_t)pick(s, 3);
        limits.max_references = 1 + (uint32_t)pick(s, 4);
        limits.max_hops = 1 + (uint32_t)pick(s, 3);
    }
    limits.ping_idle_ms = 20 + (uint32_t)pick(s, 100);
    limits.ping_timeout_ms = 5000;
    return limits;
}

static crb_script schedule_script(schedule *s)
{
    crb_script script = CRB_SCRIPT_INIT;
    script.seed = crb_scripted_random(&s->random);
    for (int i = 0; i < 2; i++) {
        script.delay_us[i] = (uint32_t)pick(s, 5000);
        script.jitter_us[i] = (uint32_t)pick(s, 3) * 2000;
        if (pick(s, 6) == 0) {
            script.cut_after[i] = pick(s, 30000);
        }
    }
    script.split = pick(s, 2) == 0 ? 0 : 1 + (uint32_t)pick(s, 700);
    script.capacity = pick(s, 2) == 0 ? 0 : 1 + (size_t)pick(s, 100000);
    return script;
}

static size_t schedule_size(schedule *s)
{
    return 8 + (size_t)(pick(s, 6) == 0 ? pick(s, 120000) : pick(s, 300));
}

static size_t schedule_refs(schedule *s, side *at, crb_ref_out refs[4])
{
    const size_t n = pick(s, 3) == 0 ? (size_t)pick(s, 5) : 0;
    for (size_t i = 0; i < n; i++) {
        refs[i] = at->n_imports > 0 && pick(s, 3) == 0 ? world_ref_import(at->imports[pick(s, at->n_imports)])
                                                       : world_ref_object(at, (int)pick(s, 12));
    }
    return n;
}

/** A bind or kept call of the side's that is not finished; NULL: none. */
static asked *schedule_promise(schedule *s, side *at)
{
    asked *found = NULL;
    uint64_t n = 0;
    for (size_t i = 0; i < s->w->n_asked; i++) {
        asked *const a = &s->w->asked[i];
        if ((a->bind || a->kept) && a->from == at && a->question != NULL && pick(s, ++n) == 0) {
            found = a;
        }
    }
    return found;
}

static const uint32_t result[] = { 1 };

static void schedule_call(schedule *s, side *at)
{
    asked *const promise = pick(s, 3) == 0 ? schedule_promise(s, at) : NULL;
    if (promise == NULL && at->n_imports == 0) {
        return;
    }
    static const char *const names[] = { "one", "two", "three", "four" };
    static const char keys[4];
    const size_t name = (size_t)pick(s, 4);
    crb_ref_out refs[4];
    const size_t n_refs = schedule_refs(s, at, refs);
    for (size_t i = 0; i < n_refs; i++) {
        const asked *const passed = pick(s, 3) == 0 ? schedule_promise(s, at) : NULL;
        if (passed != NULL) {
            refs[i] = (crb_ref_out) { .tag = 50 + i, .interface = "test::Object", .promise = passed->question, .path = result };
            refs[i].n_path = passed->bind ? 0 : 1;
        }
    }
    const bool oneway = pick(s, 4) == 0;
    const call_options options = {
        .promise = promise,
        .path = result,
        .n_path = promise == NULL || promise->bind ? 0 : 1,
        .promised = !oneway && pick(s, 3) == 0,
        .target = promise != NULL ? NULL : at->imports[pick(s, at->n_imports)],
        .args = schedule_size(s),
        .oneway = oneway,
        .hop = pick(s, 3) == 0 ? 1 + (uint32_t)pick(s, 3) : 0,
        .lane = pick(s, WORLD_LANES),
        .deadline_ms = pick(s, 3) == 0 ? 1 + pick(s, 40) : 0,
        .operation = names[name],
        .key = pick(s, 2) == 0 ? &keys[name] : NULL,
        .refs = refs,
        .n_refs = n_refs,
    };
    corbel_status status = CORBEL_OK;
    world_call(at, &options, &status);
}

static void schedule_answer(schedule *s, side *at, pending *p)
{
    crb_ref_out refs[4];
    if (p->oneway) {
        world_done(at, p);
    } else if (p->bind) {
        if (pick(s, 5) == 0) {
            world_return_error(at, p, CORBEL_NOT_FOUND, CORBEL_COMPLETED_NO, "no such object");
        } else {
            refs[0] = world_ref_object(at, (int)pick(s, 12));
            world_return(at, p, 0, refs, 1);
        }
    } else if (!p->complete || (!p->asked->entered && pick(s, 6) == 0)) {
        world_return_error(at, p, CORBEL_REFUSED, CORBEL_COMPLETED_NO, "not now");
    } else if (!p->asked->entered) {
        world_enter(at, p);
    } else if (pick(s, 6) == 0) {
        world_return_error(at, p, CORBEL_FAILED, CORBEL_COMPLETED_YES, "it failed");
    } else if (pick(s, 2) == 0) {
        const int object = (int)pick(s, 12);
        refs[0] = world_ref_object(at, object);
        world_return_bytes(at, p, (const char[]) { 0x08, (char)(object + 1) }, 2, refs, 1);
    } else {
        const size_t n_refs = schedule_refs(s, at, refs);
        world_return(at, p, schedule_size(s), refs, n_refs);
    }
}

static void schedule_act(schedule *s)
{
    side *const at = &s->w->sides[pick(s, 2)];
    corbel_status status = CORBEL_OK;
    switch (pick(s, 16)) {
    case 0:
        world_bind(at, "7", &status);
        break;
    case 1:
    case 2:
    case 3:
    case 4:
    case 5:
        schedule_call(s, at);
        break;
    case 6:
    case 7:
    case 8:
    case 9:
        if (at->n_pending > 0) {
            schedule_answer(s, at, at->pending[pick(s, at->n_pending)]);
        }
        break;
    case 10:
    case 11:
        if (at->n_imports > 0) {
            world_release(at, at->imports[pick(s, at->n_imports)]);
        }
        break;
    case 12: {
        asked *const a = schedule_promise(s, at);
        if (a != NULL) {
            world_finish(a, pick(s, 2) == 0);
        }
        break;
    }
    case 13:
        if (s->w->n_asked > 0) {
            asked *const a = &s->w->asked[pick(s, s->w->n_asked)];
            if (!a->bind && !a->kept && a->question != NULL) {
                world_finish(a, true);
            }
        }
        break;
    case 14:
        if (pick(s, 4) == 0) {
            crb_session_withdraw(at->session, &at->objects[pick(s, 12)], "withdrawn");
        }
        break;
    default:
        if (pick(s, 60) == 0) {
            crb_session_goaway(at->session);
        } else if (pick(s, 150) == 0) {
            crb_session_bye(at->session, world_now(s->w));
        } else if (pick(s, 250) == 0) {
            crb_session_abort(at->session, "at random", world_now(s->w));
        }
        break;
    }
    world_events(s->w);
}

static void schedule_invariants(const schedule *s)
{
    for (int i = 0; i < 2; i++) {
        const side *const at = &s->w->sides[i];
        const crb_session *const session = at->session;
        for (int k = 0; k < CRB_WINDOWS; k++) {
            const bool early = k == CRB_WIN_REQUESTS || k == CRB_WIN_NESTED;
            const uint64_t most = early && session->tx[k].size < CRB_EARLY_BYTES ? CRB_EARLY_BYTES : session->tx[k].size;
            assert_true(session->tx[k].used <= most);
            assert_true(session->rx[k].owed <= session->rx[k].used);
            if (!s->w->sides[1 - i].closed && !at->closed && session->phase == CRB_PHASE_OPEN) {
                assert_true(session->rx[k].used <= s->w->sides[1 - i].session->tx[k].used);
            }
        }
        assert_true(session->reserved <= session->limits.max_queued);
        assert_true(session->results_queued <= session->limits.max_queued);
        /* Nobody of ours breaks the protocol. */
        if (at->closed && session->final_is_abort && strcmp(at->why, "at random") != 0) {
            fail_msg("side %d aborted: %s", i, at->why);
        }
    }
}

/** All ends in order: everything is answered, given back and finished, and nothing is left. */
static void schedule_quiet_end(schedule *s)
{
    world *const w = s->w;
    for (int round = 0; round < 400; round++) {
        for (int i = 0; i < 2; i++) {
            side *const at = &w->sides[i];
            for (size_t k = 0; k < at->n_pending;) {
                const size_t before = at->n_pending;
                pending *const p = at->pending[k];
                if (p->complete || p->cancelled || p->bind) {
                    schedule_answer(s, at, p);
                }
                k += at->n_pending == before && (p->asked == NULL || !p->complete);
            }
        }
        world_run(w, 20);
    }
    if (w->sides[0].closed || w->sides[1].closed) {
        return;
    }
    for (size_t i = 0; i < w->n_asked; i++) {
        asked *const a = &w->asked[i];
        assert_true(a->oneway || a->done);
        if ((a->bind || a->kept) && a->question != NULL) {
            world_finish(a, false);
        }
    }
    world_run(w, 200);
    world_check_counts(w);
    world_release_all(&w->sides[0]);
    world_release_all(&w->sides[1]);
    world_run(w, 200);
    world_pass_keeping(w); /* the script may have cut the pipe at the very end */
    world_check_tables_empty(w);
}

static void run_schedule(uint64_t seed)
{
    schedule s = { .random = seed };
    const crb_session_limits first = schedule_limits(&s), second = schedule_limits(&s);
    const crb_script script = schedule_script(&s);
    s.w = world_new(&first, &second, &script);
    world_bind(&s.w->sides[0], "7", NULL);
    for (int step = 0; step < SCHEDULE_STEPS; step++) {
        const uint64_t acts = pick(&s, 4);
        for (uint64_t i = 0; i < acts; i++) {
            schedule_act(&s);
            schedule_invariants(&s);
        }
        crb_scripted_step(s.w->pipe, world_now(s.w) + pick(&s, 5) * MS);
        schedule_invariants(&s);
    }
    if (pick(&s, 2) == 0) {
        schedule_quiet_end(&s);
        schedule_invariants(&s);
    }
    if (!crb_scripted_is_over(s.w->pipe)) {
        crb_scripted_cut(s.w->pipe, "the end of the schedule");
    }
    world_check_lanes(s.w);
    world_check_over(s.w);
    world_check_tables_empty(s.w);
    world_free(s.w);
}

static void test_schedules(void **state)
{
    (void)state;
    assert_true(first_seed > 0 && first_seed <= last_seed);
    for (uint64_t seed = first_seed; seed <= last_seed; seed++) {
        current_seed = seed;
        run_schedule(seed);
        current_seed = 0;
    }
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

int main(int argc, char **argv)
{
    if (argc > 2) {
        first_seed = strtoull(argv[1], NULL, 10);
        last_seed = strtoull(argv[2], NULL, 10);
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_schedules, tell_seed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
