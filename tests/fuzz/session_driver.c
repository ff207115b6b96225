#include "tests/fuzz/session_driver.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void driver_require(bool condition)
{
    if (!condition) {
        abort();
    }
}

bool driver_open(driver *d, bool dialer)
{
    crb_session_config config = { .dialer = dialer, .name = "target", .limits = CRB_SESSION_LIMITS_DEFAULT };
    config.limits.max_body = 100000;
    config.limits.max_queued = 300000;
    config.limits.window_requests = 20000;
    config.limits.max_questions = 40;
    config.limits.max_exports = 5000;
    *d = (driver) { .now = DRIVER_STEP, .limits = config.limits };
    d->session = crb_session_new(&config, d->now);
    return d->session != NULL;
}

static crb_ref_out driver_ref(driver *d, size_t i)
{
    if (d->n_imports > 0 && i % 3 == 2) {
        return (crb_ref_out) { .tag = i + 1, .interface = "a::B", .import = d->imports[i % d->n_imports] };
    }
    return (crb_ref_out) { .tag = i + 1, .interface = "a::B", .object = &d->objects[i % DRIVER_OBJECTS] };
}

static void driver_count(driver *d, const crb_ref_out *ref)
{
    if (ref->fresh) {
        d->holds[(int *)ref->object - d->objects]++;
    }
}

/** A body of zeros: small, or (one in eight) some of them fill a window, or (one in eight) of more than one piece. */
static crb_buf driver_body(uint8_t how)
{
    static const uint8_t bytes[25000];
    crb_buf body = CRB_BUF_INIT;
    crb_buf_append(&body, bytes, how % 8 == 7 ? sizeof bytes : how % 8 == 5 ? how * (size_t)60 : how);
    return body;
}

static void driver_answer(driver *d, size_t i, uint8_t how)
{
    crb_answer *const answer = d->answers[i];
    if (how % 8 == 6 && !d->entered[i]) {
        crb_session_enter(d->session, answer);
        d->entered[i] = true;
        return;
    }
    const bool oneway = d->oneway[i];
    const bool entered = d->entered[i];
    d->n_answers--;
    d->answers[i] = d->answers[d->n_answers];
    d->oneway[i] = d->oneway[d->n_answers];
    d->entered[i] = d->entered[d->n_answers];
    if (how % 2 == 0 && !entered) {
        crb_session_enter(d->session, answer);
    }
    if (oneway) {
        crb_session_done(d->session, answer);
        return;
    }
    crb_buf body = driver_body(how);
    corbel_error error = { CORBEL_FAILED, CORBEL_COMPLETED_YES, "it failed", NULL };
    crb_ref_out ref = driver_ref(d, how);
    if (body.len >= 2 && ref.tag < 128) { /* a result with that reference in its field 1 */
        body.data[0] = 0x08;
        body.data[1] = (uint8_t)ref.tag;
    }
    crb_result result = { .body = &body, .exception = "a::E", .error = &error };
    result.outcome = (crb_outcome)(how % 3);
    if (result.outcome == CRB_OUTCOME_RESULT) {
        result.refs_out = &ref;
        result.n_refs_out = 1;
    }
    crb_session_return(d->session, answer, &result, d->now);
    crb_buf_clear(&body);
    driver_count(d, &ref);
}

/** Items, some with a reference, as many as there is room for. */
static void driver_stream(driver *d, crb_stream *stream, uint8_t how)
{
    static const uint8_t plain[3000] = { 0xE8, 0x2E };
    static const uint8_t with_reference[] = { 5, 1, 0x08, 0x01 };
    for (int i = 0; stream != NULL && i < how % 8 && crb_session_stream_has_room(d->session, stream); i++) {
        crb_ref_out ref = driver_ref(d, how);
        const bool refers = i % 2 == 1 && ref.tag != 0;
        if (crb_session_stream_put(d->session, stream, refers ? with_reference : plain,
                                   refers ? sizeof with_reference : sizeof plain, refers ? &ref : NULL,
                                   refers ? 1 : 0) == CORBEL_OK &&
            refers) {
            driver_count(d, &ref);
        }
    }
    if (stream != NULL && how % 4 == 0) {
        crb_session_stream_end(d->session, stream);
    }
}

static driver_asked *driver_free_place(driver *d)
{
    for (size_t i = 0; i < DRIVER_ASKED; i++) {
        if (!d->asked[i].used) {
            return &d->asked[i];
        }
    }
    return NULL;
}

/** The how-th bind (or call) of those that may still be used. */
static driver_asked *driver_find_asked(driver *d, bool bind, size_t how)
{
    for (size_t i = 0; i < DRIVER_ASKED; i++) {
        driver_asked *const asked = &d->asked[(i + how) % DRIVER_ASKED];
        if (asked->question != NULL && (asked->bind || asked->kept) == bind) {
            return asked;
        }
    }
    return NULL;
}

/** The how-th call under way that others may be after; NULL: none. */
static crb_question *driver_find_guard(driver *d, size_t how)
{
    for (size_t i = 0; i < DRIVER_ASKED; i++) {
        const driver_asked *const asked = &d->asked[(i + how) % DRIVER_ASKED];
        if (asked->question != NULL && asked->guard && !asked->returned) {
            return asked->question;
        }
    }
    return NULL;
}

static void driver_settle(driver_asked *asked)
{
    if (asked->returned && asked->question == NULL) {
        *asked = (driver_asked) { 0 };
    }
}

static void driver_call(driver *d, uint8_t how)
{
    static const uint32_t path[] = { 1 };
    driver_asked *const place = driver_free_place(d);
    const driver_asked *const promise = d->n_imports == 0 || how % 6 == 5 ? driver_find_asked(d, true, how) : NULL;
    if (place == NULL || (promise == NULL && d->n_imports == 0)) {
        return;
    }
    crb_buf args = driver_body(how);
    crb_ref_out ref = driver_ref(d, how);
    crb_question *const after = d->batches && how % 13 >= 8 ? driver_find_guard(d, how) : NULL;
    const driver_asked *const passed = how % 3 == 1 ? driver_find_asked(d, true, how) : NULL;
    if (passed != NULL) {
        ref = (crb_ref_out) { .tag = ref.tag, .interface = ref.interface, .promise = passed->question, .path = path };
        ref.n_path = passed->bind ? 0 : 1;
    }
    crb_call_out call = {
        .target = promise == NULL ? d->imports[how % d->n_imports] : NULL,
        .promise = promise != NULL ? promise->question : NULL,
        .interface = "a::B",
        .operation = how % 2 == 0 ? "op" : "other",
        .lane = how % 3,
        .deadline = how % 4 == 0 ? d->now + 5 * DRIVER_STEP : UINT64_MAX,
        .hop = how % 2,
        .oneway = how % 5 == 0,
        .refs = &ref,
        .n_refs = how % 2,
        .path = path,
        .n_path = promise == NULL || promise->bind ? 0 : 1,
        .keep = how % 7 == 3 && how % 5 != 0,
        .guard = d->batches && how % 13 >= 7 && how % 5 != 0,
        .after = after,
        .anyway = after != NULL && how % 13 == 12,
        .args = &args,
        .user = place,
        .stream_in = how % 11 < 2 && how % 5 != 0 && how % 7 != 3,
        .stream_out = how % 11 > 0 && how % 11 < 3 && how % 5 != 0 && how % 7 != 3,
    };
    crb_question *question = NULL;
    if (crb_session_call(d->session, &call, d->now, &question, NULL) == CORBEL_OK) {
        driver_require((question == NULL) == call.oneway);
        *place = (driver_asked) { .used = question != NULL, .question = question, .kept = call.keep, .guard = call.guard };
        driver_count(d, &ref);
        driver_stream(d, question == NULL ? NULL : crb_question_stream_in(question), how);
    }
    crb_buf_clear(&args);
}

static void driver_bind(driver *d)
{
    driver_asked *const place = driver_free_place(d);
    crb_question *question = NULL;
    if (place != NULL && crb_session_bind(d->session, "id", "", 0, UINT64_MAX, place, d->now, &question, NULL) == CORBEL_OK) {
        *place = (driver_asked) { .used = true, .bind = true, .question = question };
    }
}

static void driver_finish(driver *d, driver_asked *asked, bool cancel)
{
    if (asked != NULL) {
        crb_question *const question = asked->question;
        asked->question = NULL;
        crb_session_finish(d->session, question, cancel);
        driver_settle(asked);
    }
}

static void driver_release(driver *d, size_t i)
{
    crb_import *const import = d->imports[i];
    d->imports[i] = d->imports[--d->n_imports];
    crb_session_release(d->session, import, 1);
}

static void driver_event(driver *d, crb_event *event)
{
    driver_require(!d->closed || event->kind == CRB_EVENT_UNEXPORTED);
    for (size_t i = 0; i < event->n_refs; i++) {
        if (event->refs[i].import != NULL && d->n_imports < DRIVER_HELD) {
            d->imports[d->n_imports++] = event->refs[i].import;
        } else if (event->refs[i].import != NULL) {
            crb_session_release(d->session, event->refs[i].import, 1);
        } else if (event->refs[i].object != NULL) {
            driver_require(d->holds[(int *)event->refs[i].object - d->objects] > 0);
        }
    }
    driver_asked *const asked = event->user;
    switch (event->kind) {
    case CRB_EVENT_BIND:
    case CRB_EVENT_CALL:
        if (event->kind == CRB_EVENT_CALL && event->import != NULL) {
            crb_session_release(d->session, event->import, 1);
        }
        driver_require(event->object == NULL || d->holds[(int *)event->object - d->objects] > 0);
        if (d->n_answers == DRIVER_HELD) {
            driver_answer(d, 0, 3);
        }
        d->oneway[d->n_answers] = event->oneway;
        d->entered[d->n_answers] = false;
        d->answers[d->n_answers++] = event->answer;
        driver_stream(d, event->stream_out, (uint8_t)(event->chain + event->lane));
        break;
    case CRB_EVENT_ITEMS:
        if (event->items.len % 3 == 1) {
            crb_session_stream_enough(d->session, event->stream);
        } else {
            crb_session_stream_taken(d->session, event->stream, event->items.len + CRB_STREAM_REF_COST * (uint64_t)event->n_refs);
        }
        break;
    case CRB_EVENT_RETURN:
        driver_require(asked->used && !asked->returned);
        asked->returned = true;
        if (!asked->bind && !asked->kept) {
            asked->question = NULL;
        }
        driver_settle(asked);
        break;
    case CRB_EVENT_UNEXPORTED:
        driver_require(--d->holds[(int *)event->object - d->objects] >= 0);
        break;
    case CRB_EVENT_CLOSED:
        d->closed = true;
        (void)snprintf(d->why, sizeof d->why, "%s", event->why == NULL ? "" : event->why);
        break;
    default:
        break;
    }
    crb_buf_clear(&event->args);
    crb_buf_clear(&event->context);
    free(event->once);
    crb_buf_clear(&event->body);
    crb_buf_clear(&event->items);
    corbel_error_clear(&event->error);
}

static void driver_events(driver *d)
{
    crb_event event;
    while (crb_session_next_event(d->session, &event)) {
        driver_event(d, &event);
    }
}

void driver_act(driver *d, uint8_t what)
{
    const uint8_t how = what / 8;
    switch (what % 8) {
    case 0:
    case 1:
        if (d->n_answers > 0) {
            driver_answer(d, how % d->n_answers, how);
        }
        break;
    case 2:
    case 3:
        driver_call(d, how);
        break;
    case 4:
        if (d->n_imports > 0) {
            driver_release(d, how % d->n_imports);
        }
        break;
    case 5:
        if (how % 4 == 3) {
            driver_finish(d, driver_find_asked(d, false, how), true);
        } else {
            crb_session_withdraw(d->session, &d->objects[how % DRIVER_OBJECTS], "withdrawn");
        }
        break;
    case 6:
        if (how == 31) {
            crb_session_bye(d->session, d->now);
        } else if (how == 30) {
            crb_session_goaway(d->session);
        } else if (how == 29) {
            crb_session_keep_no_more(d->session);
        } else if (how % 2 == 0) {
            driver_bind(d);
        } else {
            driver_finish(d, driver_find_asked(d, true, how), how % 4 == 1);
        }
        break;
    default:
        d->now += how * DRIVER_STEP * 100;
        crb_session_tick(d->session, d->now);
        break;
    }
    driver_events(d);
}

void driver_input(driver *d, const uint8_t *message, size_t len)
{
    uint8_t *const copy = malloc(len > 0 ? len : 1);
    driver_require(copy != NULL);
    if (len > 0) {
        memcpy(copy, message, len);
    }
    d->now += DRIVER_STEP;
    crb_session_input(d->session, copy, len, d->now);
    free(copy);
    driver_events(d);
    driver_require(crb_session_get_stats(d->session).queued_bytes <= 2 * d->limits.max_queued);
}

bool driver_pull(driver *d, crb_buf *out)
{
    const bool told = crb_session_has_output(d->session);
    const bool pulled = crb_session_pull(d->session, out, d->now);
    driver_require(told || !pulled);
    driver_events(d);
    return pulled;
}

void driver_end(driver *d)
{
    crb_session_lost(d->session, "the end of the input", d->now);
    driver_events(d);
    driver_require(d->closed);
    if (crb_session_keeps(d->session)) { /* what a lost peer held, for as long as the limits say */
        crb_session_tick(d->session, d->now);
        crb_session_tick(d->session, d->now + d->limits.keep_lost_ms * UINT64_C(1000000));
        driver_events(d);
        driver_require(!crb_session_keeps(d->session));
    }
    for (size_t i = 0; i < DRIVER_OBJECTS; i++) {
        driver_require(d->holds[i] == 0);
    }
    for (size_t i = 0; i < DRIVER_ASKED; i++) {
        driver_require(!d->asked[i].used || d->asked[i].returned);
        if (d->asked[i].question != NULL) {
            driver_finish(d, &d->asked[i], false);
        }
    }
    while (d->n_answers > 0) {
        driver_answer(d, 0, 0);
    }
    while (d->n_imports > 0) {
        driver_release(d, 0);
    }
    const crb_session_stats stats = crb_session_get_stats(d->session);
    driver_require(stats.questions + stats.answers + stats.exports + stats.imports + stats.queued_bytes == 0);
    crb_session_free(d->session);
    d->session = NULL;
}
