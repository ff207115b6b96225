/* Arbitrary messages to an open session whose driver answers. The input: a byte of options, then messages, each with two bytes of
 * length and one that says what the driver does before it. A session of the peer's own making (HELLO and all) is option 1. */
#include "runtime/session/session.h"
#include "runtime/session/session_impl.h"
#include "runtime/wire/frame.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { FUZZ_HELD = 256, FUZZ_OBJECTS = 4 };
#define FUZZ_STEP UINT64_C(3000000)

typedef struct fuzz {
    crb_session *session;
    crb_answer *answers[FUZZ_HELD];
    bool oneway[FUZZ_HELD];
    size_t n_answers;
    crb_import *imports[FUZZ_HELD];
    size_t n_imports;
    crb_question *bind;
    int objects[FUZZ_OBJECTS];
    int holds[FUZZ_OBJECTS];
    uint64_t now;
    uint64_t asked, returned;
    bool closed;
} fuzz;

static void fuzz_require(bool condition)
{
    if (!condition) {
        abort();
    }
}

static crb_ref_out fuzz_ref(fuzz *f, size_t i)
{
    if (f->n_imports > 0 && i % 3 == 2) {
        return (crb_ref_out) { .tag = i + 1, .interface = "a::B", .import = f->imports[i % f->n_imports] };
    }
    return (crb_ref_out) { .tag = i + 1, .interface = "a::B", .object = &f->objects[i % FUZZ_OBJECTS] };
}

static void fuzz_count(fuzz *f, const crb_ref_out *ref)
{
    if (ref->fresh) {
        f->holds[(int *)ref->object - f->objects]++;
    }
}

static void fuzz_answer(fuzz *f, size_t i, uint8_t how)
{
    crb_answer *const answer = f->answers[i];
    const bool oneway = f->oneway[i];
    f->n_answers--;
    f->answers[i] = f->answers[f->n_answers];
    f->oneway[i] = f->oneway[f->n_answers];
    if (how % 2 == 0) {
        crb_session_enter(f->session, answer);
    }
    if (oneway) {
        crb_session_done(f->session, answer);
        return;
    }
    static uint8_t bytes[40000];
    crb_buf body = CRB_BUF_INIT;
    crb_buf_append(&body, bytes, how % 8 == 7 ? sizeof bytes : how);
    corbel_error error = { CORBEL_FAILED, CORBEL_COMPLETED_YES, "it failed", NULL };
    crb_ref_out ref = fuzz_ref(f, how);
    crb_result result = { .body = &body, .exception = "a::E", .error = &error };
    result.outcome = (crb_outcome)(how % 3);
    if (result.outcome == CRB_OUTCOME_RESULT) {
        result.refs_out = &ref;
        result.n_refs_out = 1;
    }
    crb_session_return(f->session, answer, &result, f->now);
    fuzz_count(f, &ref);
}

static void fuzz_call(fuzz *f, uint8_t how)
{
    static uint8_t bytes[40000];
    crb_buf args = CRB_BUF_INIT;
    crb_buf_append(&args, bytes, how % 8 == 7 ? sizeof bytes : how);
    crb_ref_out ref = fuzz_ref(f, how);
    crb_call_out call = {
        .target = f->n_imports > 0 ? f->imports[how % f->n_imports] : NULL,
        .interface = "a::B",
        .operation = how % 2 == 0 ? "op" : "other",
        .lane = how % 3,
        .deadline = how % 4 == 0 ? f->now + 5 * FUZZ_STEP : UINT64_MAX,
        .hop = how % 2,
        .oneway = how % 5 == 0,
        .refs = &ref,
        .n_refs = how % 2,
        .args = &args,
        .user = f,
    };
    crb_question *question = NULL;
    if (call.target == NULL) {
        call.promise = f->bind;
    }
    if ((call.target != NULL || call.promise != NULL) &&
        crb_session_call(f->session, &call, f->now, &question, NULL) == CORBEL_OK) {
        f->asked += question != NULL;
        fuzz_count(f, &ref);
        if (question != NULL && how % 16 == 9) {
            crb_session_finish(f->session, question, true);
        }
    }
    crb_buf_clear(&args);
}

static void fuzz_events(fuzz *f)
{
    crb_event event;
    while (crb_session_next_event(f->session, &event)) {
        fuzz_require(!f->closed || event.kind == CRB_EVENT_UNEXPORTED);
        for (size_t i = 0; i < event.n_refs; i++) {
            if (event.refs[i].import != NULL && f->n_imports < FUZZ_HELD) {
                f->imports[f->n_imports++] = event.refs[i].import;
            } else if (event.refs[i].import != NULL) {
                crb_session_release(f->session, event.refs[i].import, 1);
            } else if (event.refs[i].object != NULL) {
                fuzz_require(f->holds[(int *)event.refs[i].object - f->objects] > 0);
            }
        }
        switch (event.kind) {
        case CRB_EVENT_BIND:
        case CRB_EVENT_CALL:
            fuzz_require(event.object == NULL || f->holds[(int *)event.object - f->objects] > 0);
            f->oneway[f->n_answers] = event.oneway;
            f->answers[f->n_answers++] = event.answer;
            if (f->n_answers == FUZZ_HELD) {
                fuzz_answer(f, 0, 3);
            }
            break;
        case CRB_EVENT_RETURN:
            f->returned++;
            break;
        case CRB_EVENT_UNEXPORTED:
            fuzz_require(--f->holds[(int *)event.object - f->objects] >= 0);
            break;
        case CRB_EVENT_CLOSED:
            f->closed = true;
            break;
        default:
            break;
        }
        crb_buf_clear(&event.args);
        crb_buf_clear(&event.body);
        corbel_error_clear(&event.error);
    }
}

static void fuzz_act(fuzz *f, uint8_t what)
{
    const uint8_t how = what / 8;
    switch (what % 8) {
    case 0:
    case 1:
        if (f->n_answers > 0) {
            fuzz_answer(f, how % f->n_answers, how);
        }
        break;
    case 2:
    case 3:
        fuzz_call(f, how);
        break;
    case 4:
        if (f->n_imports > 0) {
            crb_import **const place = &f->imports[how % f->n_imports];
            crb_import *const import = *place;
            *place = f->imports[--f->n_imports];
            crb_session_release(f->session, import, 1);
        }
        break;
    case 5:
        crb_session_withdraw(f->session, &f->objects[how % FUZZ_OBJECTS], "withdrawn");
        break;
    case 6:
        if (how == 31) {
            crb_session_bye(f->session, f->now);
        } else if (f->bind == NULL) {
            f->asked += crb_session_bind(f->session, "id", "", 0, UINT64_MAX, f, f->now, &f->bind, NULL) == CORBEL_OK;
        } else if (how % 4 == 0) {
            crb_session_finish(f->session, f->bind, how % 8 == 0);
            f->bind = NULL;
        }
        break;
    default:
        f->now += how * FUZZ_STEP * 100;
        crb_session_tick(f->session, f->now);
        break;
    }
    fuzz_events(f);
}

static void fuzz_pull(fuzz *f)
{
    crb_buf out = CRB_BUF_INIT;
    while (crb_session_pull(f->session, &out, f->now)) {
        out.len = 0;
    }
    crb_buf_clear(&out);
    fuzz_events(f);
}

static void fuzz_open(fuzz *f)
{
    crb_frame frame = { .type = CRB_WIRE_HELLO };
    frame.u.hello = (crb_wire_hello) { .major = CRB_PROTOCOL_MAJOR,
                                       .name = "fuzz",
                                       .max_body = 30000,
                                       .window_requests = 100000,
                                       .window_nested = 100000,
                                       .window_responses = 2000,
                                       .window_bulk = CRB_WINDOW_BULK_MIN,
                                       .max_questions = 50,
                                       .max_exports = 50,
                                       .max_operations = 1,
                                       .max_references = 10,
                                       .max_hops = 5,
                                       .ping_idle_ms = 1000,
                                       .ping_timeout_ms = 1000 };
    crb_scratch scratch;
    crb_scratch_init(&scratch);
    crb_buf message = CRB_BUF_INIT;
    crb_frame_pack(&message, &frame, &scratch);
    crb_scratch_reset(&scratch, 0);
    crb_session_input(f->session, message.data, message.len, f->now);
    crb_buf_clear(&message);
    fuzz_events(f);
    fuzz_require(crb_session_is_open(f->session));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0) {
        return 0;
    }
    fuzz f = { .now = FUZZ_STEP };
    crb_session_config config = { .dialer = (data[0] & 2) != 0, .name = "target", .limits = CRB_SESSION_LIMITS_DEFAULT };
    config.limits.max_body = 100000;
    config.limits.max_queued = 300000;
    config.limits.window_requests = 20000;
    config.limits.max_questions = 40;
    config.limits.max_exports = 5000;
    f.session = crb_session_new(&config, f.now);
    if (f.session == NULL) {
        return 0;
    }
    const bool by_itself = (data[0] & 1) == 0;
    if (by_itself) {
        fuzz_open(&f);
    }
    size_t at = 1;
    while (at + 3 <= size) {
        fuzz_act(&f, data[at + 2]);
        const size_t wanted = data[at] | (size_t)data[at + 1] << 8;
        at += 3;
        const size_t len = wanted < size - at ? wanted : size - at;
        /* On the heap, exactly as long, so that a read behind the end is seen. */
        uint8_t *const message = malloc(len > 0 ? len : 1);
        if (message == NULL) {
            break;
        }
        memcpy(message, data + at, len);
        at += len;
        f.now += FUZZ_STEP;
        crb_session_input(f.session, message, len, f.now);
        free(message);
        fuzz_events(&f);
        fuzz_pull(&f);
        fuzz_require(crb_session_get_stats(f.session).queued_bytes <= 2 * config.limits.max_queued);
    }
    crb_session_lost(f.session, "the end of the input", f.now);
    fuzz_events(&f);
    fuzz_require(f.closed);
    fuzz_require(f.asked == f.returned);
    if (crb_session_keeps(f.session)) { /* what a lost peer held, for as long as the limits say */
        crb_session_tick(f.session, f.now);
        crb_session_tick(f.session, f.now + config.limits.keep_lost_ms * UINT64_C(1000000));
        fuzz_events(&f);
        fuzz_require(!crb_session_keeps(f.session));
    }
    for (size_t i = 0; i < FUZZ_OBJECTS; i++) {
        fuzz_require(f.holds[i] == 0);
    }
    if (f.bind != NULL) {
        crb_session_finish(f.session, f.bind, false);
    }
    while (f.n_answers > 0) {
        fuzz_answer(&f, 0, 0);
    }
    while (f.n_imports > 0) {
        crb_session_release(f.session, f.imports[--f.n_imports], 1);
    }
    const crb_session_stats stats = crb_session_get_stats(f.session);
    fuzz_require(stats.questions + stats.answers + stats.exports + stats.imports + stats.queued_bytes == 0);
    crb_session_free(f.session);
    return 0;
}
