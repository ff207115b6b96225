/* How long a session holds what its peer was sent: until it gives it back; until its goodbye; a while longer when it was lost.
 * And the books: over random traffic, references sent less references released, as read off the frames themselves, is what is
 * held. */
#include "tests/runtime/session/world.h"

#include <string.h>

enum { THOUSAND = 1000 };

static int held(const side *at)
{
    int n = 0;
    for (size_t i = 0; i < WORLD_OBJECTS; i++) {
        assert_true(at->objects[i].holds == 0 || at->objects[i].holds == 1);
        n += at->objects[i].holds;
    }
    return n;
}

/** The client gets n of the server's objects, in answers with up to 100. */
static void give(world *w, crb_import *object, int n)
{
    side *const client = &w->sides[0];
    side *const server = &w->sides[1];
    crb_ref_out refs[100];
    for (int given = 0; given < n;) {
        asked *const a = world_call(client, &(call_options) { .target = object }, NULL);
        world_run(w, 10);
        size_t some = 0;
        while (some < 100 && given < n) {
            refs[some++] = world_ref_object(server, 1 + given++);
        }
        world_return(server, world_next(server), 8, refs, some);
        world_run(w, 10);
        assert_true(a->done);
    }
    assert_int_equal(held(server), n + 1); /* and the object that was bound */
    assert_int_equal(client->n_imports, n + 1);
}

static void test_a_thousand_through_a_silent_network(void **state)
{
    (void)state;
    world *const w = world_new(NULL, NULL, NULL);
    side *const server = &w->sides[1];
    give(w, world_open_and_bind(w), THOUSAND);
    const uint64_t silent = world_now(w);
    crb_scripted_stall(w->pipe, 0, true);
    crb_scripted_stall(w->pipe, 1, true);
    while (!server->closed) {
        assert_true(crb_scripted_step(w->pipe, silent + 20 * SECOND));
    }
    const uint64_t lost = world_now(w);
    assert_string_equal(server->why, "no answer to PING");
    assert_true(lost - silent >= 14 * SECOND && lost - silent <= 15 * SECOND);
    assert_int_equal(held(server), THOUSAND + 1);
    while (held(server) > 0) {
        assert_true(crb_scripted_step(w->pipe, silent + 20 * SECOND));
    }
    assert_true(world_now(w) - lost == 2 * SECOND);
    assert_true(world_now(w) - silent <= 18 * SECOND);
    assert_int_equal(server->events[CRB_EVENT_UNEXPORTED], THOUSAND + 1);
    world_run(w, 60000);
    assert_int_equal(server->events[CRB_EVENT_UNEXPORTED], THOUSAND + 1); /* each once */
    world_check_and_free(w);
}

/** How a session ended, and whether what the peer held is kept. */
static void test_who_keeps(void **state)
{
    (void)state;
    enum end { LOST, OUR_BYE, THEIR_BYE, OUR_ABORT, THEIR_ABORT, LOST_AFTER_OUR_BYE, LOST_AND_ALLOWED_NOTHING, ENDS };
    static const bool keeps[ENDS] = { [LOST] = true, [OUR_ABORT] = true, [THEIR_ABORT] = true };
    size_t rows = 0;
    for (int end = 0; end < ENDS; end++, rows++) {
        crb_session_limits limits = CRB_SESSION_LIMITS_DEFAULT;
        assert_int_equal(limits.keep_lost_ms, 2000);
        limits.keep_lost_ms = end == LOST_AND_ALLOWED_NOTHING ? 0 : 2000;
        world *const w = world_new(NULL, &limits, NULL);
        side *const client = &w->sides[0];
        side *const server = &w->sides[1];
        give(w, world_open_and_bind(w), 5);
        switch ((enum end)end) {
        case LOST:
        case LOST_AND_ALLOWED_NOTHING:
            crb_scripted_cut(w->pipe, "cut");
            break;
        case OUR_BYE:
            crb_session_bye(server->session, world_now(w));
            break;
        case THEIR_BYE:
            crb_session_bye(client->session, world_now(w));
            break;
        case OUR_ABORT:
            crb_session_abort(server->session, "a test", world_now(w));
            break;
        case THEIR_ABORT:
            crb_session_abort(client->session, "a test", world_now(w));
            break;
        case LOST_AFTER_OUR_BYE:
            crb_session_bye(server->session, world_now(w));
            world_events(w);
            crb_scripted_cut(w->pipe, "cut");
            break;
        case ENDS:
            break;
        }
        world_events(w);
        world_run(w, 10);
        assert_true(server->closed);
        assert_int_equal(held(server), keeps[end] ? 6 : 0);
        assert_int_equal(crb_session_keeps(server->session), keeps[end]);
        world_check_over(w);
        world_check_tables_empty(w);
        assert_int_equal(server->events[CRB_EVENT_UNEXPORTED], 6);
        world_free(w);
    }
    assert_int_equal(rows, 7);
}

static void test_keeping_can_be_ended(void **state)
{
    (void)state;
    world *const w = world_new(NULL, NULL, NULL);
    side *const server = &w->sides[1];
    give(w, world_open_and_bind(w), 5);
    crb_session_keep_no_more(server->session); /* nothing is kept yet */
    crb_scripted_cut(w->pipe, "cut");
    crb_session_tick(server->session, world_now(w));
    world_events(w);
    assert_int_equal(held(server), 6);
    crb_session_keep_no_more(server->session);
    world_events(w);
    assert_int_equal(held(server), 0);
    assert_true(crb_session_next_tick(server->session) == UINT64_MAX);
    crb_session_tick(server->session, world_now(w) + 10 * SECOND);
    world_check_and_free(w);
}

/** A result was on its way when the pipe broke: perhaps it arrived. What was never written did not. */
static void test_kept_is_what_may_have_arrived(void **state)
{
    (void)state;
    world *const w = world_new(NULL, NULL, NULL);
    side *const client = &w->sides[0];
    side *const server = &w->sides[1];
    crb_import *const object = world_open_and_bind(w);
    world_call(client, &(call_options) { .target = object }, NULL);
    world_call(client, &(call_options) { .target = object }, NULL);
    world_run(w, 10);
    crb_ref_out on_its_way = world_ref_object(server, 1), unsent = world_ref_object(server, 2);
    world_return(server, world_next(server), 8, &on_its_way, 1);
    crb_buf message = CRB_BUF_INIT;
    assert_true(crb_session_pull(server->session, &message, world_now(w)));
    crb_buf_clear(&message);
    world_return(server, world_next(server), 8, &unsent, 1);
    crb_session_lost(server->session, "cut", world_now(w));
    world_events(w);
    assert_int_equal(server->objects[1].holds, 1);
    assert_int_equal(server->objects[2].holds, 0);
    crb_scripted_cut(w->pipe, "cut");
    world_check_and_free(w);
}

static void test_nothing_held_nothing_kept(void **state)
{
    (void)state;
    world *const w = world_new(NULL, NULL, NULL);
    world_open_and_bind(w);
    world_release_all(&w->sides[0]);
    world_run(w, 10);
    crb_scripted_cut(w->pipe, "cut");
    world_events(w);
    assert_false(crb_session_keeps(w->sides[0].session) || crb_session_keeps(w->sides[1].session));
    assert_true(crb_session_next_tick(w->sides[1].session) == UINT64_MAX);
    world_free(w);
}

/* ---- the books, by the frames alone ---- */

/** References of one side's that its frames sent, less those that the other side's frames gave back, by index and generation. */
typedef struct ledger {
    struct {
        uint32_t index, generation;
        uint64_t alive;
    } rows[4096];
    size_t n;
    uint64_t sent, released;
} ledger;

static uint64_t *ledger_row(ledger *l, uint32_t index, uint32_t generation)
{
    for (size_t i = 0; i < l->n; i++) {
        if (l->rows[i].index == index && l->rows[i].generation == generation) {
            return &l->rows[i].alive;
        }
    }
    assert_true(l->n < sizeof l->rows / sizeof l->rows[0]);
    l->rows[l->n].index = index;
    l->rows[l->n].generation = generation;
    l->rows[l->n].alive = 0;
    return &l->rows[l->n++].alive;
}

static void ledger_refs(ledger *l, const crb_wire_ref *refs, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (!refs[i].yours) {
            ++*ledger_row(l, refs[i].index, refs[i].generation);
            l->sent++;
        }
    }
}

/** Reads every frame that leaves a side. */
static void ledger_watch(side *at, const uint8_t *message, size_t len)
{
    ledger *const ledgers = at->watch_user;
    const crb_frame_limits limits = { 4096 };
    crb_scratch scratch;
    crb_scratch_init(&scratch);
    while (len > 0) {
        const uint8_t *data = NULL;
        size_t size = 0;
        crb_frame frame;
        const char *why = NULL;
        assert_true(crb_frame_split(&message, &len, &data, &size));
        crb_scratch_reset(&scratch, 1 << 20);
        assert_int_equal(crb_frame_unpack(&frame, data, size, &limits, &scratch, &why), CRB_FRAME_OK);
        if (frame.type == CRB_WIRE_CALL) {
            ledger_refs(&ledgers[at->index], frame.u.call.refs, frame.u.call.n_refs);
        } else if (frame.type == CRB_WIRE_RETURN) {
            ledger_refs(&ledgers[at->index], frame.u.ret.refs, frame.u.ret.n_refs);
        } else if (frame.type == CRB_WIRE_RELEASE) {
            ledger *const theirs = &ledgers[1 - at->index];
            uint64_t *const alive = ledger_row(theirs, frame.u.release.index, frame.u.release.generation);
            assert_true(frame.u.release.count <= *alive); /* nobody gives back what was not sent */
            *alive -= frame.u.release.count;
            theirs->released += frame.u.release.count;
        }
    }
    crb_scratch_reset(&scratch, 0);
}

/** When all is quiet: both sides' tables say what the frames say. */
static void ledger_check(world *w, const ledger *ledgers)
{
    for (int i = 0; i < 2; i++) {
        const ledger *const l = &ledgers[i];
        const side *const owner = &w->sides[i];
        const crb_session *const holder = w->sides[1 - i].session;
        uint64_t alive = 0;
        size_t exports = 0;
        for (size_t k = 0; k < l->n; k++) {
            const crb_export *const export = crb_export_find(owner->session, l->rows[k].index, l->rows[k].generation);
            assert_int_equal(export == NULL ? 0 : export->count, l->rows[k].alive);
            alive += l->rows[k].alive;
            exports += export != NULL;
        }
        assert_int_equal(alive, l->sent - l->released);
        assert_int_equal(exports, owner->session->n_exports);
        assert_int_equal(exports, held(owner)); /* an object is held exactly as long as something of it is out */
        uint64_t known = 0;
        for (const crb_node *node = holder->imports_all.next; node != &holder->imports_all; node = node->next) {
            known += CRB_CONTAINER(node, const crb_import, all)->received;
        }
        assert_int_equal(alive, known);
    }
    world_check_counts(w);
}

static uint64_t pick(world *w, uint64_t n)
{
    return crb_scripted_random(&w->random) % n;
}

static size_t random_refs(world *w, side *at, crb_ref_out refs[6])
{
    const size_t n = pick(w, 7);
    for (size_t i = 0; i < n; i++) {
        refs[i] = at->n_imports > 0 && pick(w, 3) == 0 ? world_ref_import(at->imports[pick(w, at->n_imports)])
                                                       : world_ref_object(at, (int)pick(w, 20));
    }
    return n;
}

static void random_act(world *w)
{
    side *const at = &w->sides[pick(w, 2)];
    crb_ref_out refs[6];
    corbel_status status = CORBEL_OK;
    switch (pick(w, 8)) {
    case 0:
    case 1:
    case 2:
        if (at->n_imports > 0) {
            const size_t n = random_refs(w, at, refs);
            world_call(at,
                       &(call_options) { .target = at->imports[pick(w, at->n_imports)],
                                         .refs = refs,
                                         .n_refs = n,
                                         .oneway = pick(w, 4) == 0,
                                         .args = 8 + (size_t)pick(w, 40000),
                                         .deadline_ms = pick(w, 4) == 0 ? 1 + pick(w, 20) : 0 },
                       &status);
        }
        break;
    case 3:
    case 4: {
        pending *const p = world_next(at);
        if (p != NULL && p->complete && p->oneway) {
            world_done(at, p);
        } else if (p != NULL && p->complete && !p->bind) {
            const size_t n = random_refs(w, at, refs);
            world_return(at, p, 8 + (size_t)pick(w, 40000), refs, n);
        }
        break;
    }
    case 5:
    case 6:
        if (at->n_imports > 1) {
            world_release(at, at->imports[1 + pick(w, at->n_imports - 1)]);
        }
        break;
    case 7:
        if (w->n_asked > 0) {
            asked *const a = &w->asked[pick(w, w->n_asked)];
            if (!a->bind && a->question != NULL) {
                world_finish(a, true);
            }
        }
        break;
    }
}

static void quiet(world *w)
{
    for (int round = 0; round < 60; round++) {
        for (int i = 0; i < 2; i++) {
            side *const at = &w->sides[i];
            pending *p = NULL;
            while ((p = world_next(at)) != NULL && (p->complete || p->cancelled)) {
                if (p->oneway) {
                    world_done(at, p);
                } else {
                    world_return(at, p, 8, NULL, 0);
                }
            }
        }
        world_run(w, 20);
    }
}

static void test_sent_less_released_is_alive(void **state)
{
    (void)state;
    enum { SEEDS = 60, ROUNDS = 12, ACTS = 40 };
    uint64_t sent = 0, checks = 0;
    static ledger ledgers[2];
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        crb_script script = CRB_SCRIPT_INIT;
        script.seed = seed;
        script.jitter_us[0] = 3000;
        script.jitter_us[1] = 500;
        script.split = seed % 2 == 0 ? 300 : 0;
        world *const w = world_new(NULL, NULL, &script);
        memset(ledgers, 0, sizeof ledgers);
        for (int i = 0; i < 2; i++) {
            w->sides[i].watch = ledger_watch;
            w->sides[i].watch_user = ledgers;
        }
        w->random = seed * 0x9e3779b97f4a7c15u;
        world_open_and_bind(w);
        for (int round = 0; round < ROUNDS; round++) {
            for (int act = 0; act < ACTS; act++) {
                random_act(w);
                crb_scripted_step(w->pipe, world_now(w) + pick(w, 3) * MS);
            }
            quiet(w);
            assert_false(w->sides[0].closed || w->sides[1].closed);
            ledger_check(w, ledgers);
            checks++;
        }
        sent += ledgers[0].sent + ledgers[1].sent;
        world_release_all(&w->sides[0]);
        world_release_all(&w->sides[1]);
        quiet(w);
        ledger_check(w, ledgers);
        assert_int_equal(held(&w->sides[0]) + held(&w->sides[1]), 0);
        assert_int_equal(ledgers[0].sent, ledgers[0].released);
        assert_int_equal(ledgers[1].sent, ledgers[1].released);
        world_check_tables_empty(w);
        world_free(w);
    }
    print_message("%lu references, the books right at %lu quiet moments\n", (unsigned long)sent, (unsigned long)checks);
    assert_true(sent > SEEDS * 100);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_thousand_through_a_silent_network),
        cmocka_unit_test(test_who_keeps),
        cmocka_unit_test(test_keeping_can_be_ended),
        cmocka_unit_test(test_kept_is_what_may_have_arrived),
        cmocka_unit_test(test_nothing_held_nothing_kept),
        cmocka_unit_test(test_sent_less_released_is_alive),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
