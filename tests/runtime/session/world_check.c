/* What must be true of both sides when all is over, or quiet; and messages made by hand. */
#include "tests/runtime/session/world.h"

#include <stdlib.h>
#include <string.h>

/* ---- at the end ---- */

void world_pass_keeping(world *w)
{
    for (int i = 0; i < 2; i++) {
        side *const at = &w->sides[i];
        if (!crb_session_keeps(at->session)) {
            continue;
        }
        assert_true(at->closed && !at->clean);
        const uint64_t begin = world_now(w), unexported = at->events[CRB_EVENT_UNEXPORTED];
        const uint64_t until = begin + at->session->limits.keep_lost_ms * MS;
        if (crb_session_next_tick(at->session) == 0) {
            crb_session_tick(at->session, begin);
            world_side_events(at);
        }
        assert_true(crb_session_next_tick(at->session) <= until);
        crb_session_tick(at->session, crb_session_next_tick(at->session) - 1);
        world_side_events(at);
        assert_int_equal(at->events[CRB_EVENT_UNEXPORTED], unexported);
        assert_true(crb_session_keeps(at->session));
        crb_session_tick(at->session, crb_session_next_tick(at->session));
        world_side_events(at);
        assert_false(crb_session_keeps(at->session));
        assert_true(crb_session_next_tick(at->session) == UINT64_MAX || at->session->phase == CRB_PHASE_FLUSHING);
    }
}

void world_check_over(world *w)
{
    world_events(w);
    world_pass_keeping(w);
    for (size_t i = 0; i < w->n_asked; i++) {
        const asked *const a = &w->asked[i];
        if (a->oneway) {
            continue;
        }
        assert_true(a->done);
        if (!a->bind) {
            assert_true(a->completion != CORBEL_COMPLETED_NO || !a->entered);
            assert_true(a->completion != CORBEL_COMPLETED_YES || a->entered);
        }
    }
    for (int i = 0; i < 2; i++) {
        side *const at = &w->sides[i];
        if (!at->closed) {
            continue;
        }
        for (size_t k = 0; k < WORLD_OBJECTS; k++) {
            assert_int_equal(at->objects[k].holds, 0);
        }
        for (size_t k = 0; k < at->n_pending; k++) {
            assert_true(at->pending[k]->cancelled);
        }
        while (at->n_pending > 0) {
            pending *const p = at->pending[0];
            if (p->oneway) {
                crb_session_done(at->session, p->answer);
                world_remove(at, p);
            } else {
                world_return_error(at, p, CORBEL_CANCELLED, CORBEL_COMPLETED_MAYBE, "too late");
            }
        }
        world_release_all(at);
    }
    for (size_t i = 0; i < w->n_asked; i++) {
        if (w->asked[i].question != NULL && (w->asked[i].bind || w->asked[i].kept)) {
            world_finish(&w->asked[i], false);
        }
    }
}

void world_check_tables_empty(world *w)
{
    for (int i = 0; i < 2; i++) {
        const crb_session_stats stats = crb_session_get_stats(w->sides[i].session);
        assert_int_equal(stats.questions, 0);
        assert_int_equal(stats.answers, 0);
        assert_int_equal(stats.exports, 0);
        assert_int_equal(stats.imports, 0);
        assert_int_equal(stats.queued_bytes, 0);
        assert_int_equal(w->sides[i].session->questions.count, 0);
        assert_int_equal(w->sides[i].session->due.n, 0);
        assert_true(crb_list_empty(&w->sides[i].session->all_questions));
        assert_true(crb_list_empty(&w->sides[i].session->all_answers));
        assert_true(crb_list_empty(&w->sides[i].session->imports_all));
        for (size_t k = 0; k < WORLD_OBJECTS; k++) {
            assert_int_equal(w->sides[i].objects[k].holds, 0);
        }
    }
}

void world_check_lanes(const world *w)
{
    for (int i = 0; i < 2; i++) {
        for (size_t lane = 1; lane < WORLD_LANES; lane++) {
            static uint64_t last[WORLD_ASKED + 1]; /* by promise; 0: of calls on no promise */
            memset(last, 0, sizeof last);
            for (size_t k = 0; k < w->sides[i].lane_arrivals[lane]; k++) {
                const uint64_t number = w->sides[i].lane_numbers[lane][k];
                if (number != 0) {
                    const asked *const on = w->asked[number - 1].on;
                    uint64_t *const before = &last[on == NULL ? 0 : on->number];
                    assert_true(number > *before);
                    *before = number;
                }
            }
        }
    }
}

void world_check_counts(world *w)
{
    for (int i = 0; i < 2; i++) {
        const crb_session *const owner = w->sides[i].session;
        const crb_session *const holder = w->sides[1 - i].session;
        uint64_t receipts = 0;
        assert_int_equal(owner->n_exports, holder->n_imports);
        for (const crb_node *node = holder->imports_all.next; node != &holder->imports_all; node = node->next) {
            const crb_import *const import = CRB_CONTAINER(node, const crb_import, all);
            const crb_export *const export = crb_export_find(owner, import->index, import->generation);
            assert_non_null(export);
            assert_int_equal(export->count, import->received);
            receipts += import->count;
        }
        assert_int_equal(receipts, w->sides[1 - i].n_imports);
    }
}

/* ---- by hand ---- */

void world_frame(crb_buf *message, const crb_frame *frame)
{
    crb_scratch scratch;
    crb_scratch_init(&scratch);
    crb_frame_pack(message, frame, &scratch);
    crb_scratch_reset(&scratch, 0);
    assert_false(message->failed);
}

void world_hello(crb_frame *frame)
{
    static const crb_session_limits limits = CRB_SESSION_LIMITS_DEFAULT;
    memset(frame, 0, sizeof *frame);
    frame->type = CRB_WIRE_HELLO;
    frame->u.hello = (crb_wire_hello) {
        .major = CRB_PROTOCOL_MAJOR,
        .minor = CRB_PROTOCOL_MINOR,
        .name = "by hand",
        .max_body = limits.max_body,
        .window_requests = limits.window_requests,
        .window_nested = limits.window_nested,
        .window_responses = limits.window_responses,
        .window_bulk = CRB_WINDOW_BULK,
        .max_questions = limits.max_questions,
        .max_exports = limits.max_exports,
        .max_operations = limits.max_operations,
        .max_references = limits.max_references,
        .max_hops = limits.max_hops,
        .ping_idle_ms = limits.ping_idle_ms,
        .ping_timeout_ms = limits.ping_timeout_ms,
        .window_stream = limits.window_stream,
        .max_streams = limits.max_streams,
    };
}

void world_check_and_free(world *w)
{
    world_check_over(w);
    world_check_tables_empty(w);
    world_free(w);
}
