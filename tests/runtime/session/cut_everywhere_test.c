/* A recorded exchange (two calls, a callback, a stream both ways, calls on promises, a batch) cut after every single byte, each
 * way. Up to the cut each run is the recording, byte for byte. After it every call has completed exactly once and truthfully,
 * both tables are empty, and nothing is held. */
#include "tests/runtime/session/world.h"

#include <stdlib.h>
#include <string.h>

enum { ONE, TWO, CALLING, FLOW, GIVE, ON, BATCH_1, BATCH_2, BATCH_3, BATCH_4, CALLS };
enum { ITEMS = 4, ITEM = 50, STEPS = 2000, RECORDED = 1 << 16 };

/** What both sides sent: whole messages, one behind the other. */
typedef struct recording {
    uint8_t bytes[2][RECORDED];
    size_t len[2];
} recording;

typedef struct play {
    world *w;
    side *client, *server;
    bool together;            /* all begins at once; else one thing after the other */
    const recording *compare; /* NULL: this run is recorded */
    recording *record;
    size_t sent[2];
    asked *bind, *calls[CALLS], *callback;
    size_t begun;                 /* of calls */
    size_t put;                   /* items */
    crb_stream *read, *written;   /* the servant's, as long as its call is not answered */
    bool read_end, asker_end;     /* of items, seen by the servant and by the asker */
    size_t came[2], refs_came[2]; /* bytes and references in items, to each side */
} play;

/* ---- the recording ---- */

static void play_watch(side *at, const uint8_t *message, size_t len)
{
    play *const p = at->watch_user;
    const int i = at->index;
    if (p->record != NULL) {
        assert_true(p->record->len[i] + len <= RECORDED);
        memcpy(p->record->bytes[i] + p->record->len[i], message, len);
        p->record->len[i] += len;
        return;
    }
    assert_true(p->sent[i] + len <= p->compare->len[i]);
    assert_memory_equal(p->compare->bytes[i] + p->sent[i], message, len);
    p->sent[i] += len;
}

/* ---- streams ---- */

static const uint8_t item_bytes[ITEM] = { 7 };

static void play_put(side *from, crb_stream *stream)
{
    crb_ref_out ref = world_ref_object(from, 20);
    if (crb_session_stream_put(from->session, stream, item_bytes, ITEM, &ref, 1) == CORBEL_OK) {
        world_count_fresh(&ref, 1);
    } else {
        assert_true(crb_session_stream_is_closed(stream));
    }
}

/** The servant sends an item back for each that comes. */
static void play_stream(side *at, crb_event *event)
{
    play *const p = at->stream_user;
    if (event->kind == CRB_EVENT_CALL) {
        p->read = event->stream_in;
        p->written = event->stream_out;
    }
    if (event->kind != CRB_EVENT_ITEMS) {
        return;
    }
    const size_t before = p->came[at->index];
    p->came[at->index] += event->items.len;
    p->refs_came[at->index] += event->n_refs;
    crb_session_stream_taken(at->session, event->stream, event->items.len + CRB_STREAM_REF_COST * (uint64_t)event->n_refs);
    if (at == p->client) {
        assert_false(p->asker_end);
        p->asker_end = event->end;
        return;
    }
    assert_false(p->read_end);
    for (size_t i = before / ITEM; i < p->came[1] / ITEM; i++) {
        play_put(p->server, p->written);
    }
    if (event->end) {
        p->read_end = true;
        crb_session_stream_end(at->session, p->written);
    }
}

/* ---- the servants ---- */

static const char *const names[CALLS] = { "one", "two",     "calling", "flow",    "give",
                                          "on",  "batch_1", "batch_2", "batch_3", "batch_4" };

static bool play_is(const pending *q, int call)
{
    return strcmp(q->operation, names[call]) == 0;
}

/** Answers what can be answered of what waits at both ends. */
static void play_serve(play *p)
{
    for (int i = 0; i < 2; i++) {
        side *const at = &p->w->sides[i];
        for (size_t k = 0; k < at->n_pending && !at->closed;) {
            pending *const q = at->pending[k];
            k++;
            if (!q->complete || q->bind) {
                continue;
            }
            if (!q->asked->entered) {
                world_enter(at, q);
                if (play_is(q, CALLING)) {
                    assert_non_null(q->ref);
                    corbel_status status = CORBEL_OK;
                    const call_options options = { .target = q->ref, .operation = "back", .hop = 1 };
                    p->callback = world_call(at, &options, &status);
                }
            }
            if (play_is(q, FLOW)) {
                if (!p->read_end) {
                    continue;
                }
                p->read = p->written = NULL;
            }
            if (play_is(q, CALLING) && p->callback != NULL && !p->callback->done) {
                continue;
            }
            crb_ref_out ref = world_ref_object(at, 8);
            if (play_is(q, GIVE)) {
                world_return_bytes(at, q, "\x08\x09", 2, &ref, 1);
            } else if (play_is(q, BATCH_2)) {
                world_return_error(at, q, CORBEL_FAILED, CORBEL_COMPLETED_YES, "the second fails");
            } else if (q->oneway) {
                world_done(at, q);
            } else {
                world_return(at, q, q->args_len, &ref, play_is(q, ONE) ? 1 : 0);
            }
            k = 0;
        }
    }
}

/* ---- the caller ---- */

static void play_begin(play *p, int call)
{
    static const uint32_t path[] = { 1 };
    corbel_status status = CORBEL_OK;
    crb_ref_out ref = world_ref_object(p->client, 1);
    call_options options = { .target = p->bind->ref, .operation = names[call], .args = 40, .lane = 1 };
    switch (call) {
    case CALLING:
        options.refs = &ref;
        options.n_refs = 1;
        break;
    case FLOW:
        options.stream_in = options.stream_out = true;
        break;
    case GIVE:
        options.promised = true;
        break;
    case ON:
        options.target = NULL;
        options.promise = p->calls[GIVE];
        options.path = path;
        options.n_path = 1;
        break;
    case BATCH_1:
    case BATCH_2:
        options.guard = true;
        options.lane = 0;
        options.after = call == BATCH_2 ? p->calls[BATCH_1] : NULL;
        break;
    case BATCH_3: /* skipped: the second fails */
        options.lane = 0;
        options.after = p->calls[BATCH_2];
        break;
    case BATCH_4:
        options.lane = 0;
        options.after = p->calls[BATCH_2];
        options.anyway = true;
        break;
    default:
        break;
    }
    p->calls[call] = world_call(p->client, &options, &status);
    assert_true(p->calls[call] != NULL || p->client->closed);
}

/** GIVE and ON go in one step, and so do the four of the batch: what a later one names must not have been taken. */
static size_t play_group(size_t call)
{
    return call == GIVE ? 2 : call == BATCH_1 ? 4 : 1;
}

static bool play_done(const play *p, size_t calls)
{
    for (size_t i = 0; i < calls; i++) {
        if (p->calls[i] == NULL || !p->calls[i]->done) {
            return false;
        }
    }
    return true;
}

static void play_ask(play *p)
{
    if (p->client->closed || p->bind == NULL || p->bind->ref == NULL) {
        return;
    }
    while (p->begun < CALLS && (p->together || play_done(p, p->begun)) && !p->client->closed) {
        const size_t n = play_group(p->begun);
        for (size_t i = 0; i < n; i++, p->begun++) {
            play_begin(p, (int)p->begun);
        }
    }
    const asked *const flow = p->calls[FLOW];
    if (flow != NULL && flow->question != NULL && p->put <= ITEMS) {
        crb_stream *const stream = crb_question_stream_in(flow->question);
        if (p->put < ITEMS) {
            play_put(p->client, stream);
        } else {
            crb_session_stream_end(p->client->session, stream);
        }
        p->put++;
    }
}

/** As far as the pipe lets it. True: to its end. */
static bool play_run(play *p)
{
    corbel_status status = CORBEL_OK;
    bool released = false;
    p->server->answers_binds = true;
    p->bind = world_bind(p->client, "0", &status);
    asked *const early = world_call(p->client, &(call_options) { .promise = p->bind, .operation = "early" }, &status);
    for (int step = 0; step < STEPS; step++) {
        if (!crb_scripted_step(p->w->pipe, world_now(p->w) + 20 * MS) && (crb_scripted_is_over(p->w->pipe) || released)) {
            break;
        }
        play_serve(p);
        play_ask(p);
        if (!released && p->begun == CALLS && play_done(p, CALLS) && early->done && !p->client->closed) {
            released = true;
            world_finish(p->calls[GIVE], false);
            world_finish(p->bind, false);
            world_release_all(p->client);
            world_release_all(p->server);
        }
    }
    return released && !crb_scripted_is_over(p->w->pipe);
}

static void play_new(play *p, const crb_script *script, bool together)
{
    *p = (play) { .w = world_new(NULL, NULL, script), .together = together };
    assert_non_null(p->w);
    p->client = &p->w->sides[0];
    p->server = &p->w->sides[1];
    for (int i = 0; i < 2; i++) {
        p->w->sides[i].watch = play_watch;
        p->w->sides[i].stream = play_stream;
        p->w->sides[i].watch_user = p->w->sides[i].stream_user = p;
    }
}

static void play_check_streams(const play *p)
{
    for (int i = 0; i < 2; i++) {
        assert_int_equal(p->w->sides[i].session->n_streams, 0);
        assert_int_equal(p->w->sides[i].session->items_queued, 0);
        assert_int_equal(p->w->sides[i].session->n_returns_waiting, 0);
    }
}

/* ---- the tests ---- */

/** The whole of it, and that it is what the head of this file says. */
static void play_record(recording *record, const crb_script *script, bool together, uint64_t bytes[2])
{
    play p;
    play_new(&p, script, together);
    p.record = record;
    assert_true(play_run(&p));
    for (int call = 0; call < CALLS; call++) {
        const asked *const a = p.calls[call];
        const bool fails = call == BATCH_2 || call == BATCH_3;
        assert_int_equal(a->outcome, fails ? CRB_OUTCOME_ERROR : CRB_OUTCOME_RESULT);
        assert_int_equal(a->entered, call != BATCH_3);
    }
    assert_int_equal(p.calls[BATCH_3]->status, CORBEL_SKIPPED);
    assert_true(p.callback != NULL && p.callback->outcome == CRB_OUTCOME_RESULT && p.callback->entered);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(p.came[i], ITEMS * ITEM);
        assert_int_equal(p.refs_came[i], ITEMS);
        bytes[i] = crb_scripted_arrived(p.w->pipe, i);
    }
    assert_true(p.read_end); /* the asker may see it by the RETURN */
    const crb_session_stats stats = crb_session_get_stats(p.client->session);
    assert_int_equal(stats.sent[CRB_FRAME_CALL], CALLS + 1);
    assert_int_equal(stats.received[CRB_FRAME_CALL], 1);
    assert_true(stats.sent[CRB_FRAME_STREAM] > 0 && stats.received[CRB_FRAME_STREAM] > 0);
    play_check_streams(&p);
    world_check_and_free(p.w);
}

/** How the calls of runs that were cut ended. */
typedef struct tally {
    size_t ended[3][2]; /* by completion, and whether the servant was entered */
    size_t runs;
} tally;

static void play_cut(const recording *compare, const crb_script *script, bool together, tally *t)
{
    play p;
    play_new(&p, script, together);
    p.compare = compare;
    assert_false(play_run(&p));
    if (!crb_scripted_is_over(p.w->pipe)) {
        crb_scripted_cut(p.w->pipe, "nothing came");
    }
    world_check_over(p.w);
    world_check_tables_empty(p.w);
    play_check_streams(&p);
    for (size_t i = 0; i < p.w->n_asked; i++) {
        const asked *const a = &p.w->asked[i];
        if (!a->bind) {
            assert_true(a->done);
            assert_true((int)a->completion >= 0 && (int)a->completion < 3);
            t->ended[a->completion][a->entered]++;
        }
    }
    t->runs++;
    world_free(p.w);
}

static void cut_everywhere(const crb_script *plain, bool together)
{
    static recording record;
    uint64_t bytes[2];
    tally t = { 0 };
    memset(&record, 0, sizeof record);
    play_record(&record, plain, together, bytes);
    assert_true(bytes[0] > 1000 && bytes[1] > 700);
    for (int direction = 0; direction < 2; direction++) {
        for (uint64_t cut = 0; cut < bytes[direction]; cut++) {
            crb_script script = *plain;
            script.cut_after[direction] = cut;
            play_cut(&record, &script, together, &t);
        }
    }
    assert_int_equal(t.runs, bytes[0] + bytes[1]);
    /* All that may happen did, and nothing else. */
    assert_true(t.ended[CORBEL_COMPLETED_NO][0] > 0 && t.ended[CORBEL_COMPLETED_YES][1] > 0);
    assert_true(t.ended[CORBEL_COMPLETED_MAYBE][0] > 0 && t.ended[CORBEL_COMPLETED_MAYBE][1] > 0);
    assert_true(t.ended[CORBEL_COMPLETED_NO][1] == 0 && t.ended[CORBEL_COMPLETED_YES][0] == 0);
}

static void test_one_thing_after_the_other(void **state)
{
    (void)state;
    const crb_script script = CRB_SCRIPT_INIT;
    cut_everywhere(&script, false);
}

static void test_all_at_once(void **state)
{
    (void)state;
    const crb_script script = CRB_SCRIPT_INIT;
    cut_everywhere(&script, true);
}

/** The way to the servant is slow, then the way back: what crosses what changes. */
static void test_all_at_once_on_uneven_ways(void **state)
{
    (void)state;
    for (int slow = 0; slow < 2; slow++) {
        crb_script script = CRB_SCRIPT_INIT;
        script.delay_us[slow] = 7000;
        script.split = 11;
        script.seed = 5;
        cut_everywhere(&script, true);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_thing_after_the_other),
        cmocka_unit_test(test_all_at_once),
        cmocka_unit_test(test_all_at_once_on_uneven_ways),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
