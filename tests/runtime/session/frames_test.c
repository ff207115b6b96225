/* One exchange in which each side sends and receives every type of frame. */
#include "tests/runtime/session/world.h"

static const char *const frame_names[] = { "HELLO", "BIND", "CALL",   "BODY", "RETURN",        "FINISH", "RELEASE", "CREDIT",
                                           "GONE",  "PING", "GOAWAY", "BYE",  "UNIMPLEMENTED", "STREAM", "ABORT" };

/** Items for whoever asks. */
static void frames_stream(side *at, crb_event *event)
{
    if (event->kind == CRB_EVENT_CALL) {
        static const uint8_t item[] = { 2, 9 };
        assert_int_equal(crb_session_stream_put(at->session, event->stream_out, item, sizeof item, NULL, 0), CORBEL_OK);
    }
}

/** Everything but the endings, in both directions. */
static void frames_exchange(world *w)
{
    for (int i = 0; i < 2; i++) {
        side *const at = &w->sides[i];
        side *const other = &w->sides[1 - i];
        other->answers_itself = true;
        asked *const bind = world_bind(at, "5", NULL);
        world_run(w, 10);
        world_call(at, &(call_options) { .target = bind->ref, .args = 300000 }, NULL);
        world_run(w, 100);
        for (int k = 0; k < 40; k++) {
            world_call(at, &(call_options) { .target = bind->ref, .args = 4000 }, NULL);
            world_run(w, 10);
        }
        other->stream = frames_stream;
        world_call(at, &(call_options) { .target = bind->ref, .args = 8, .stream_out = true }, NULL);
        world_run(w, 10);
        crb_session_withdraw(other->session, &other->objects[5], "for the test");
        world_finish(bind, false);
        world_release_all(at);
        static const uint8_t from_the_future[] = { 3, 0x8a, 0x02, 0 };
        crb_session_input(at->session, from_the_future, sizeof from_the_future, world_now(w));
        world_run(w, 11000); /* silence, so PING */
    }
    crb_session_goaway(w->sides[0].session);
    crb_session_goaway(w->sides[1].session);
    world_run(w, 10);
}

static void test_every_type_is_sent_and_received(void **state)
{
    (void)state;
    assert_int_equal(LENGTH_OF(frame_names), CRB_FRAME_TYPES);
    uint64_t sent[2][CRB_FRAME_TYPES] = { { 0 } }, received[2][CRB_FRAME_TYPES] = { { 0 } };
    for (int round = 0; round < 4; round++) {
        /* The second round ends by the other side. */
        world *const w = world_new(NULL, NULL, NULL);
        world_open(w);
        if (round < 2) {
            frames_exchange(w);
            crb_session_bye(w->sides[round].session, world_now(w));
        } else {
            crb_session_abort(w->sides[round - 2].session, "for the test", world_now(w));
        }
        world_run(w, 100);
        for (int i = 0; i < 2; i++) {
            assert_true(w->sides[i].closed);
            const crb_session_stats stats = crb_session_get_stats(w->sides[i].session);
            for (int type = 0; type < CRB_FRAME_TYPES; type++) {
                sent[i][type] += stats.sent[type];
                received[i][type] += stats.received[type];
            }
        }
        world_check_over(w);
        world_check_tables_empty(w);
        world_free(w);
    }
    for (int i = 0; i < 2; i++) {
        for (int type = 0; type < CRB_FRAME_TYPES; type++) {
            if (sent[i][type] == 0 || received[i][type] == 0) {
                fail_msg("side %d: %s sent %lu times, received %lu times", i, frame_names[type], (unsigned long)sent[i][type],
                         (unsigned long)received[i][type]);
            }
            /* Nothing gets lost, but what was made by hand. */
            if (type != CRB_FRAME_UNIMPLEMENTED) {
                assert_int_equal(sent[i][type], received[1 - i][type]);
            }
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_type_is_sent_and_received),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
