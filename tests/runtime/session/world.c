/* The two drivers. They allocate little, so that failing allocations hit the core. */
#include "tests/runtime/session/world.h"

#include "runtime/base/fail.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- books ---- */

static uint8_t world_pattern(size_t i)
{
    return (uint8_t)(i * 31 + (i >> 8) * 7);
}

static bool world_fill(crb_buf *buf, uint64_t number, size_t len)
{
    uint8_t *const at = crb_buf_reserve(buf, len);
    if (at == NULL) {
        crb_buf_clear(buf);
        return false;
    }
    for (size_t i = 0; i < len; i++) {
        at[i] = (uint8_t)(i < 8 ? number >> (8 * i) : world_pattern(i));
    }
    buf->len += len;
    return true;
}

static bool world_is_good(const crb_buf *buf)
{
    for (size_t i = 8; i < buf->len; i++) {
        if (buf->data[i] != world_pattern(i)) {
            return false;
        }
    }
    return true;
}

static uint64_t world_number(const crb_buf *buf)
{
    uint64_t number = 0;
    for (size_t i = 0; i < 8 && i < buf->len; i++) {
        number |= (uint64_t)buf->data[i] << (8 * i);
    }
    return number;
}

static void world_take_refs(side *at, const crb_event *event, crb_import **ret_ref, void **ret_own)
{
    for (size_t i = 0; i < event->n_refs; i++) {
        const crb_ref_in *const ref = &event->refs[i];
        assert_true(ref->tag != 0);
        assert_true(ref->object == NULL || ref->import == NULL);
        if (ref->import != NULL) {
            assert_true(at->n_imports < WORLD_IMPORTS);
            at->imports[at->n_imports++] = ref->import;
        }
        if (ref->object != NULL) {
            assert_true(((world_object *)ref->object)->holds > 0);
        }
        if (i == 0) {
            *ret_ref = ref->import;
            *ret_own = ref->object;
        }
    }
}

void world_count_fresh(const crb_ref_out *refs, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (refs[i].fresh) {
            ((world_object *)refs[i].object)->holds++;
        }
    }
}

crb_ref_out world_ref_object(side *at, int object)
{
    return (crb_ref_out) { .tag = (uint64_t)object + 1, .interface = "test::Object", .object = &at->objects[object] };
}

crb_ref_out world_ref_import(crb_import *import)
{
    return (crb_ref_out) { .tag = 99, .interface = "test::Object", .import = import };
}

void world_release(side *at, crb_import *import)
{
    for (size_t i = 0; i < at->n_imports; i++) {
        if (at->imports[i] == import) {
            at->imports[i] = at->imports[--at->n_imports];
            crb_session_release(at->session, import, 1);
            return;
        }
    }
    fail_msg("released what is not held");
}

void world_release_all(side *at)
{
    while (at->n_imports > 0) {
        world_release(at, at->imports[0]);
    }
}

/* ---- answering ---- */

void world_remove(side *at, pending *p)
{
    for (size_t i = 0; i < at->n_pending; i++) {
        if (at->pending[i] == p) {
            memmove(&at->pending[i], &at->pending[i + 1], (at->n_pending - i - 1) * sizeof *at->pending);
            at->n_pending--;
            crb_buf_clear(&p->args);
            free(p);
            return;
        }
    }
    fail_msg("answered twice");
}

pending *world_next(side *at)
{
    return at->n_pending == 0 ? NULL : at->pending[0];
}

void world_enter(side *at, pending *p)
{
    assert_true(p->complete);
    if (p->asked != NULL) {
        assert_false(p->asked->entered);
        p->asked->entered = true;
    }
    crb_session_enter(at->session, p->answer);
}

static void world_answer(side *at, pending *p, crb_result *result)
{
    if (p->asked != NULL) {
        p->asked->answered = true;
    }
    crb_session_return(at->session, p->answer, result, world_now(at->world));
    world_count_fresh(result->refs_out, result->n_refs_out);
    world_remove(at, p);
}

void world_return(side *at, pending *p, size_t len, crb_ref_out *refs, size_t n_refs)
{
    if (p->asked != NULL && !p->asked->entered && p->complete) {
        world_enter(at, p);
    }
    crb_buf body = CRB_BUF_INIT;
    if (len > 0 && !world_fill(&body, 0, len)) {
        world_return_error(at, p, CORBEL_NO_MEMORY, CORBEL_COMPLETED_YES, "no memory");
        return;
    }
    crb_result result = { .outcome = CRB_OUTCOME_RESULT, .body = &body, .refs_out = refs, .n_refs_out = n_refs };
    world_answer(at, p, &result);
}

void world_return_bytes(side *at, pending *p, const char *bytes, size_t len, crb_ref_out *refs, size_t n_refs)
{
    if (!p->asked->entered) {
        world_enter(at, p);
    }
    crb_buf body = CRB_BUF_INIT;
    assert_true(len <= 8);
    crb_buf_append(&body, (const uint8_t *)bytes, len);
    if (body.failed) {
        crb_buf_clear(&body);
        world_return_error(at, p, CORBEL_NO_MEMORY, CORBEL_COMPLETED_YES, "no memory");
        return;
    }
    crb_result result = { .outcome = CRB_OUTCOME_RESULT, .body = &body, .refs_out = refs, .n_refs_out = n_refs };
    world_answer(at, p, &result);
}

void world_raise(side *at, pending *p, const char *exception, size_t len)
{
    world_enter(at, p);
    crb_buf body = CRB_BUF_INIT;
    assert_true(world_fill(&body, 0, len));
    crb_result result = { .outcome = CRB_OUTCOME_EXCEPTION, .body = &body, .exception = exception };
    world_answer(at, p, &result);
}

void world_return_error(side *at, pending *p, corbel_status status, corbel_completion completion, const char *message)
{
    corbel_error error = CORBEL_ERROR_INIT;
    crb_fail(&error, status, completion, "%s", message);
    crb_error_add_hop(&error, "daemon", "object", "operation", message);
    crb_result result = { .outcome = CRB_OUTCOME_ERROR, .error = &error };
    world_answer(at, p, &result);
    corbel_error_clear(&error);
}

void world_done(side *at, pending *p)
{
    if (p->complete && !p->asked->entered) {
        world_enter(at, p);
    }
    crb_session_done(at->session, p->answer);
    world_remove(at, p);
}

/** Has the side's own servant answer. */
static void world_serve(side *at, pending *p)
{
    crb_ref_out refs[WORLD_SERVED_REFS];
    crb_buf body = CRB_BUF_INIT;
    size_t n_refs = 0;
    const char *exception = NULL;
    world_enter(at, p);
    const corbel_status status =
        at->serve(at->serve_user, p->operation, p->args.data + 8, p->args.len - 8, &body, refs, &n_refs, &exception);
    if (status != CORBEL_OK) {
        crb_buf_clear(&body);
        world_return_error(at, p, status, CORBEL_COMPLETED_YES, "the servant failed");
        return;
    }
    crb_result result = { .outcome = exception == NULL ? CRB_OUTCOME_RESULT : CRB_OUTCOME_EXCEPTION,
                          .body = &body,
                          .exception = exception,
                          .refs_out = refs,
                          .n_refs_out = n_refs };
    world_answer(at, p, &result);
}

static void world_answer_itself(side *at, pending *p)
{
    if (p->bind && (at->answers_itself || at->answers_binds)) {
        if (strcmp(p->id, "none") == 0) {
            world_return_error(at, p, CORBEL_NOT_FOUND, CORBEL_COMPLETED_NO, "no such object");
        } else {
            crb_ref_out ref = world_ref_object(at, atoi(p->id));
            world_return(at, p, 0, &ref, 1);
        }
    } else if (!p->bind && at->serve != NULL && p->complete) {
        world_serve(at, p);
    } else if (!p->bind && at->answers_itself && p->complete) {
        if (p->oneway) {
            world_done(at, p);
        } else if (p->object == NULL) {
            world_return_error(at, p, CORBEL_NOT_FOUND, CORBEL_COMPLETED_NO, "no such object");
        } else {
            world_return(at, p, p->args_len, NULL, 0);
        }
    }
}

/* ---- events ---- */

static pending *world_find(side *at, const crb_answer *answer)
{
    for (size_t i = 0; i < at->n_pending; i++) {
        if (at->pending[i]->answer == answer) {
            return at->pending[i];
        }
    }
    fail_msg("an event of an unknown call");
    return NULL;
}

static void world_arguments(side *at, pending *p, crb_buf *args)
{
    p->complete = true;
    p->args_len = args->len;
    assert_true(args->len >= 8);
    assert_true(at->serve != NULL || world_is_good(args));
    const uint64_t number = world_number(args);
    assert_true(number >= 1 && number <= at->world->n_asked);
    p->asked = &at->world->asked[number - 1];
    assert_ptr_not_equal(p->asked->from, at);
    assert_true(!p->asked->seen);
    p->asked->seen = true;
    if (p->lane < WORLD_LANES) {
        assert_int_equal(p->asked->lane, p->lane);
        at->lane_numbers[p->lane][p->arrival] = number;
    }
    if (at->serve != NULL) {
        p->args = *args;
        *args = (crb_buf)CRB_BUF_INIT;
    }
    crb_buf_clear(args);
}

static pending *world_asked_here(side *at, crb_event *event)
{
    assert_true(at->n_pending < WORLD_PENDING);
    pending *const p = calloc(1, sizeof *p);
    if (p == NULL) {
        return NULL; /* an allocation that was made to fail: refused below */
    }
    p->answer = event->answer;
    p->bind = event->kind == CRB_EVENT_BIND;
    p->oneway = event->oneway;
    p->object = event->object;
    p->peers_own = event->kind == CRB_EVENT_CALL ? event->import : NULL;
    if (p->peers_own != NULL) {
        assert_null(event->object);
        assert_true(at->n_imports < WORLD_IMPORTS);
        at->imports[at->n_imports++] = p->peers_own;
    }
    p->lane = event->lane;
    p->chain = event->chain;
    p->deadline = event->deadline;
    p->hop = event->hop;
    snprintf(p->operation, sizeof p->operation, "%s", event->operation != NULL ? event->operation : "");
    snprintf(p->interface, sizeof p->interface, "%s", event->interface);
    snprintf(p->id, sizeof p->id, "%s", event->id != NULL ? event->id : "");
    if (event->kind == CRB_EVENT_CALL && event->lane < WORLD_LANES) {
        p->arrival = at->lane_arrivals[event->lane]++;
    }
    crb_answer_set_user(event->answer, p);
    assert_ptr_equal(crb_answer_user(event->answer), p);
    at->pending[at->n_pending++] = p;
    p->enter = event->enter;
    p->memo = event->memo;
    if (event->kind == CRB_EVENT_CALL && event->complete) {
        world_arguments(at, p, &event->args);
    }
    return p;
}

static void world_refuse_without_memory(side *at, crb_event *event)
{
    crb_import *ref = NULL;
    void *own = NULL;
    world_take_refs(at, event, &ref, &own);
    crb_buf_clear(&event->args);
    if (event->oneway) {
        crb_session_done(at->session, event->answer);
        return;
    }
    corbel_error error = CORBEL_ERROR_INIT;
    crb_fail(&error, CORBEL_NO_MEMORY, CORBEL_COMPLETED_NO, "no memory");
    crb_result result = { .outcome = CRB_OUTCOME_ERROR, .error = &error };
    crb_session_return(at->session, event->answer, &result, world_now(at->world));
    corbel_error_clear(&error);
}

static void world_returned(side *at, crb_event *event)
{
    asked *const a = event->user;
    assert_ptr_equal(a->from, at);
    assert_false(a->done);
    assert_false(a->oneway);
    a->done = true;
    a->outcome = event->outcome;
    if (!a->bind && !a->kept) {
        a->question = NULL;
    }
    world_take_refs(at, event, &a->ref, &a->own);
    a->body_len = event->body.len;
    a->body_good = a->keep != NULL || world_is_good(&event->body);
    if (a->keep != NULL) {
        crb_buf_clear(a->keep);
        *a->keep = event->body;
        event->body = (crb_buf)CRB_BUF_INIT;
    }
    crb_buf_clear(&event->body);
    if (event->outcome == CRB_OUTCOME_ERROR) {
        a->status = event->error.status;
        a->completion = event->error.completion;
        assert_true(a->status != CORBEL_OK);
        snprintf(a->message, sizeof a->message, "%s", event->error.message);
        a->n_hops = corbel_error_hops(&event->error);
        assert_int_equal(event->n_refs, 0);
        corbel_error_clear(&event->error);
    } else {
        a->completion = CORBEL_COMPLETED_YES;
        assert_true(a->body_good);
    }
    if (event->outcome == CRB_OUTCOME_EXCEPTION) {
        snprintf(a->exception, sizeof a->exception, "%s", event->exception);
    }
    /* The truth about the servant, as far as it stands now: a NO holds for ever, a YES is never early. */
    if (!a->bind) {
        assert_true(a->completion != CORBEL_COMPLETED_NO || !a->entered);
        assert_true(a->completion != CORBEL_COMPLETED_YES || a->entered);
    }
}

/** A promise that it waited for failed. */
static void world_fail(side *at, pending *p, corbel_error *error)
{
    if (p->oneway) {
        crb_session_done(at->session, p->answer);
        world_remove(at, p);
    } else {
        crb_result result = { .outcome = CRB_OUTCOME_ERROR, .error = error };
        world_answer(at, p, &result);
    }
    corbel_error_clear(error);
}

static void world_stream(side *at, crb_event *event)
{
    crb_import *ref = NULL;
    void *own = NULL;
    world_take_refs(at, event, &ref, &own);
    if (at->stream != NULL) {
        at->stream(at, event);
    } else if (event->kind == CRB_EVENT_ITEMS) {
        crb_session_stream_taken(at->session, event->stream, event->items.len + CRB_STREAM_REF_COST * (uint64_t)event->n_refs);
    }
    crb_buf_clear(&event->items);
}

static void world_event(side *at, crb_event *event)
{
    assert_true(!at->closed || event->kind == CRB_EVENT_UNEXPORTED); /* the end of what was kept of a lost peer's */
    at->events[event->kind]++;
    switch (event->kind) {
    case CRB_EVENT_OPEN:
    case CRB_EVENT_CREDIT:
    case CRB_EVENT_DRAINING:
        break;
    case CRB_EVENT_BIND:
    case CRB_EVENT_CALL: {
        pending *const p = world_asked_here(at, event);
        if (p == NULL) {
            if (event->kind == CRB_EVENT_CALL && event->import != NULL) {
                at->imports[at->n_imports++] = event->import;
            }
            world_refuse_without_memory(at, event);
            break;
        }
        world_take_refs(at, event, &p->ref, &p->own);
        if (p->object != NULL) {
            assert_true(((world_object *)p->object)->holds > 0);
            assert_ptr_equal(((world_object *)p->object)->side, at);
        }
        if (at->stream != NULL && (event->stream_in != NULL || event->stream_out != NULL)) {
            at->stream(at, event);
        }
        world_answer_itself(at, p);
        break;
    }
    case CRB_EVENT_ITEMS:
    case CRB_EVENT_ROOM:
        world_stream(at, event);
        break;
    case CRB_EVENT_BODY: {
        pending *const p = world_find(at, event->answer);
        assert_ptr_equal(crb_answer_user(event->answer), p);
        if (event->error.status != CORBEL_OK) {
            assert_int_equal(event->n_refs, 0);
            world_fail(at, p, &event->error);
            break;
        }
        world_take_refs(at, event, &p->ref, &p->own);
        world_arguments(at, p, &event->args);
        world_answer_itself(at, p);
        break;
    }
    case CRB_EVENT_CANCEL: {
        pending *const p = world_find(at, event->answer);
        assert_false(p->cancelled);
        p->cancelled = true;
        break;
    }
    case CRB_EVENT_RETURN:
        world_returned(at, event);
        break;
    case CRB_EVENT_UNEXPORTED: {
        world_object *const object = event->object;
        assert_ptr_equal(object->side, at);
        assert_true(object->holds > 0);
        object->holds--;
        break;
    }
    case CRB_EVENT_GONE:
        at->gone = event->import;
        snprintf(at->gone_why, sizeof at->gone_why, "%s", event->why);
        break;
    case CRB_EVENT_CLOSED:
        at->closed = true;
        at->clean = event->clean;
        snprintf(at->why, sizeof at->why, "%s", event->why);
        break;
    }
}

void world_side_events(side *at)
{
    crb_event event;
    while (!at->world->paused_events && crb_session_next_event(at->session, &event)) {
        world_event(at, &event);
    }
}

void world_events(world *w)
{
    world_side_events(&w->sides[0]);
    world_side_events(&w->sides[1]);
}

/* ---- the ends of the pipe ---- */

static bool end_pull(void *user, crb_buf *out, uint64_t now)
{
    side *const at = user;
    world_side_events(at);
    const bool some = crb_session_pull(at->session, out, now);
    if (some) {
        at->messages++;
        at->longest = out->len > at->longest ? out->len : at->longest;
        if (at->watch != NULL) {
            at->watch(at, out->data, out->len);
        }
    }
    world_side_events(at);
    return some;
}

static void end_received(void *user, const uint8_t *message, size_t len, uint64_t now)
{
    side *const at = user;
    crb_session_input(at->session, message, len, now);
    world_side_events(at);
}

static void end_lost(void *user, const char *why, uint64_t now)
{
    side *const at = user;
    crb_session_lost(at->session, why, now);
    world_side_events(at);
}

static void end_tick(void *user, uint64_t now)
{
    side *const at = user;
    crb_session_tick(at->session, now);
    world_side_events(at);
}

static uint64_t end_next_tick(void *user)
{
    return crb_session_next_tick(((side *)user)->session);
}

static bool end_wants_close(void *user)
{
    return crb_session_wants_close(((side *)user)->session);
}

static crb_scripted_end world_end(side *at)
{
    return (crb_scripted_end) { at, end_pull, end_received, end_lost, end_tick, end_next_tick, end_wants_close };
}

/* ---- the world ---- */

world *world_new(const crb_session_limits *first, const crb_session_limits *second, const crb_script *script)
{
    static const crb_script plain = CRB_SCRIPT_INIT;
    world *const w = calloc(1, sizeof *w);
    if (w == NULL) {
        return NULL;
    }
    w->random = script != NULL ? script->seed : 1;
    for (int i = 0; i < 2; i++) {
        side *const at = &w->sides[i];
        at->world = w;
        at->index = i;
        for (size_t k = 0; k < WORLD_OBJECTS; k++) {
            at->objects[k].side = at;
        }
        const crb_session_limits *const limits = i == 0 ? first : second;
        crb_session_config config = { .dialer = i == 0,
                                      .name = i == 0 ? "dialer" : "acceptor",
                                      .limits = CRB_SESSION_LIMITS_DEFAULT };
        memset(config.instance, i + 1, sizeof config.instance);
        memset(config.secret, i + 11, sizeof config.secret);
        if (limits != NULL) {
            config.limits = *limits;
        }
        at->session = crb_session_new(&config, WORLD_START);
        if (at->session == NULL) {
            world_free(w);
            return NULL;
        }
    }
    w->pipe = crb_scripted_new(script != NULL ? script : &plain, world_end(&w->sides[0]), world_end(&w->sides[1]), WORLD_START);
    if (w->pipe == NULL) {
        world_free(w);
        return NULL;
    }
    return w;
}

void world_free(world *w)
{
    for (int i = 0; i < 2; i++) {
        for (size_t k = 0; k < w->sides[i].n_pending; k++) {
            crb_buf_clear(&w->sides[i].pending[k]->args);
            free(w->sides[i].pending[k]);
        }
        crb_session_free(w->sides[i].session);
    }
    crb_scripted_free(w->pipe);
    free(w);
}

uint64_t world_now(const world *w)
{
    return w->pipe != NULL ? crb_scripted_now(w->pipe) : WORLD_START;
}

void world_run(world *w, uint64_t ms)
{
    const uint64_t until = world_now(w) + ms * MS;
    while (crb_scripted_step(w->pipe, until)) {
    }
    world_events(w);
}

void world_open(world *w)
{
    while (!crb_session_is_open(w->sides[0].session) || !crb_session_is_open(w->sides[1].session)) {
        assert_true(crb_scripted_step(w->pipe, world_now(w) + SECOND));
    }
    world_events(w);
}

crb_import *world_open_and_bind(world *w)
{
    const bool answers = w->sides[1].answers_binds;
    w->sides[1].answers_binds = true;
    asked *const a = world_bind(&w->sides[0], "0", NULL);
    world_run(w, 100);
    assert_true(a->done);
    assert_int_equal(a->outcome, CRB_OUTCOME_RESULT);
    assert_non_null(a->ref);
    world_finish(a, false);
    world_run(w, 100);
    w->sides[1].answers_binds = answers;
    return a->ref;
}

/* ---- asking ---- */

static asked *world_new_asked(side *from)
{
    world *const w = from->world;
    assert_true(w->n_asked < WORLD_ASKED);
    asked *const a = &w->asked[w->n_asked++];
    a->number = w->n_asked;
    a->from = from;
    return a;
}

static asked *world_refused(world *w, corbel_status status, corbel_status *ret_status, const corbel_error *error)
{
    assert_true(status != CORBEL_OK);
    assert_int_equal(error->status, status);
    assert_int_equal(error->completion, CORBEL_COMPLETED_NO);
    w->n_asked--;
    memset(&w->asked[w->n_asked], 0, sizeof w->asked[0]);
    if (ret_status == NULL) {
        fail_msg("refused: %s", error->message);
    }
    *ret_status = status;
    return NULL;
}

asked *world_call(side *from, const call_options *options, corbel_status *ret_status)
{
    world *const w = from->world;
    asked *const a = world_new_asked(from);
    crb_buf args = CRB_BUF_INIT;
    corbel_error error = CORBEL_ERROR_INIT;
    a->oneway = options->oneway;
    a->lane = options->lane;
    a->keep = options->keep;
    a->kept = options->promised;
    a->on = options->promise;
    const bool filled = world_fill(&args, a->number, options->args < 8 || options->value != NULL ? 8 : options->args);
    if (filled && options->value != NULL) {
        crb_buf_append(&args, options->value->data, options->value->len);
    }
    if (!filled || args.failed) {
        crb_fail(&error, CORBEL_NO_MEMORY, CORBEL_COMPLETED_NO, "no memory");
        world_refused(w, CORBEL_NO_MEMORY, ret_status, &error);
        corbel_error_clear(&error);
        return NULL;
    }
    crb_call_out call = {
        .target = options->target,
        .promise = options->promise != NULL ? options->promise->question : NULL,
        .path = options->path,
        .n_path = options->n_path,
        .keep = options->promised,
        .operation_key = options->key,
        .interface = "test::Object",
        .operation = options->operation != NULL ? options->operation : "op",
        .lane = options->lane,
        .deadline = options->deadline_ms == 0 ? UINT64_MAX : world_now(w) + options->deadline_ms * MS,
        .chain = UINT64_C(0x1122334455667788),
        .hop = options->hop,
        .oneway = options->oneway,
        .refs = options->refs,
        .n_refs = options->n_refs,
        .stream_in = options->stream_in,
        .stream_out = options->stream_out,
        .args = &args,
        .user = a,
        .after = options->after != NULL ? options->after->question : NULL,
        .anyway = options->anyway,
        .guard = options->guard,
    };
    const corbel_status status = crb_session_call(from->session, &call, world_now(w), &a->question, &error);
    if (status != CORBEL_OK) {
        assert_non_null(args.data);
        for (size_t i = 0; i < options->n_refs; i++) {
            assert_false(options->refs[i].fresh);
        }
        crb_buf_clear(&args);
        world_refused(w, status, ret_status, &error);
        corbel_error_clear(&error);
        return NULL;
    }
    assert_null(args.data);
    assert_int_equal(a->question == NULL, options->oneway);
    world_count_fresh(options->refs, options->n_refs);
    if (ret_status != NULL) {
        *ret_status = CORBEL_OK;
    }
    return a;
}

asked *world_bind(side *from, const char *id, corbel_status *ret_status)
{
    asked *const a = world_new_asked(from);
    corbel_error error = CORBEL_ERROR_INIT;
    a->bind = true;
    const corbel_status status =
        crb_session_bind(from->session, id, "test::Object", 42, UINT64_MAX, a, world_now(from->world), &a->question, &error);
    if (status != CORBEL_OK) {
        world_refused(from->world, status, ret_status, &error);
        corbel_error_clear(&error);
        return NULL;
    }
    if (ret_status != NULL) {
        *ret_status = CORBEL_OK;
    }
    return a;
}

void world_finish(asked *a, bool cancel)
{
    crb_session_finish(a->from->session, a->question, cancel);
    a->question = NULL;
}
