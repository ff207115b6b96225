/* The life of a session: from both HELLOs, through silence and PING, to its end by BYE, by ABORT or by loss.
 *
 * Invariant: whatever ends it, everything under way completes at once and CRB_EVENT_CLOSED comes last; after it only frames that
 * were queued before still go out, and nothing comes in. */
#include "runtime/session/session_impl.h"

#include <stdlib.h>
#include <string.h>

#define SESSION_MS UINT64_C(1000000)
#define SESSION_FLUSH_MS 1000u /* what BYE waits at most for results that the peer does not take */

static const char session_no_memory[] = "out of memory";

static uint32_t session_at_least(uint32_t value, uint32_t least)
{
    return value > least ? value : least;
}

static uint64_t session_after(uint64_t now, uint32_t ms)
{
    const uint64_t ns = ms * SESSION_MS;
    return now > UINT64_MAX - ns ? UINT64_MAX : now + ns;
}

crb_session *crb_session_new(const crb_session_config *config, uint64_t now)
{
    crb_session *const session = calloc(1, sizeof *session);
    if (session == NULL) {
        return NULL;
    }
    session->dialer = config->dialer;
    memcpy(session->instance, config->instance, sizeof session->instance);
    memcpy(session->secret, config->secret, sizeof session->secret);
    crb_text_fit(config->name, session->name, sizeof session->name);
    session->id = config->dialer ? config->id : 0;
    session->supersedes = config->dialer ? config->supersedes : 0;
    session->limits = config->limits;
    session->limits.window_requests = session_at_least(config->limits.window_requests, CRB_WINDOW_MIN);
    session->limits.window_nested = session_at_least(config->limits.window_nested, CRB_WINDOW_MIN);
    session->limits.window_responses = session_at_least(config->limits.window_responses, CRB_WINDOW_MIN);
    session->limits.window_stream = session_at_least(config->limits.window_stream, CRB_WINDOW_MIN);
    session->rx[CRB_WIN_REQUESTS].size = session->limits.window_requests;
    session->rx[CRB_WIN_NESTED].size = session->limits.window_nested;
    session->rx[CRB_WIN_RESPONSES].size = session->limits.window_responses;
    session->rx[CRB_WIN_BULK].size = CRB_WINDOW_BULK;
    session->hello_until = session_after(now, config->limits.hello_timeout_ms);
    session->heard = now;
    session->first_free = CRB_NO_SLOT;
    crb_list_init(&session->all_questions);
    crb_list_init(&session->all_answers);
    crb_list_init(&session->spare_questions);
    crb_list_init(&session->spare_answers);
    crb_list_init(&session->imports_all);
    crb_list_init(&session->out);
    crb_list_init(&session->ring);
    crb_list_init(&session->stream_ring);
    crb_list_init(&session->events);
    session->goaway.kind = CRB_OUT_GOAWAY;
    session->duplicate.kind = CRB_OUT_GOAWAY;
    session->open_event.kind = CRB_EVENT_OPEN;
    session->credit_event.kind = CRB_EVENT_CREDIT;
    session->draining_event.kind = CRB_EVENT_DRAINING;
    session->duplicate_event.kind = CRB_EVENT_DRAINING;
    session->closed_event.kind = CRB_EVENT_CLOSED;
    crb_scratch_init(&session->scratch);
    return session;
}

void crb_session_free(crb_session *session)
{
    if (session == NULL) {
        return;
    }
    session->phase = CRB_PHASE_ENDED;
    crb_output_clear(session);
    crb_answers_free(session);
    crb_questions_free(session);
    crb_events_free(session);
    crb_exports_free(session);
    crb_imports_free(session);
    crb_operations_free(session);
    crb_due_heap_clear(&session->due);
    crb_scratch_reset(&session->scratch, 0);
    free(session);
}

/* ---- HELLO ---- */

void crb_session_hello(const crb_session *session, crb_frame *frame)
{
    const crb_session_limits *const limits = &session->limits;
    memset(frame, 0, sizeof *frame);
    frame->type = CRB_WIRE_HELLO;
    frame->u.hello = (crb_wire_hello) {
        .major = CRB_PROTOCOL_MAJOR,
        .minor = CRB_PROTOCOL_MINOR,
        .name = session->name,
        .max_body = limits->max_body,
        .window_requests = limits->window_requests,
        .window_nested = limits->window_nested,
        .window_responses = limits->window_responses,
        .window_bulk = CRB_WINDOW_BULK,
        .max_questions = limits->max_questions,
        .max_exports = limits->max_exports,
        .max_operations = limits->max_operations,
        .max_references = limits->max_references,
        .max_hops = limits->max_hops,
        .ping_idle_ms = limits->ping_idle_ms,
        .ping_timeout_ms = limits->ping_timeout_ms,
        .window_stream = limits->window_stream,
        .max_streams = limits->max_streams,
        .session = session->dialer ? session->id : session->instead,
        .supersedes = session->dialer ? session->supersedes : 0,
    };
    memcpy(frame->u.hello.instance, session->instance, sizeof session->instance);
    memcpy(frame->u.hello.secret, session->secret, sizeof session->secret);
}

/** Appends text and a number in decimal; both are short. */
static char *session_append(char *at, const char *text, uint32_t number)
{
    at = stpcpy(at, text);
    char digits[10];
    size_t n = 0;
    do {
        digits[n++] = (char)('0' + number % 10);
        number /= 10;
    } while (number > 0);
    while (n > 0) {
        *at++ = digits[--n];
    }
    *at = '\0';
    return at;
}

static const char *session_version_differs(crb_session *session, const crb_wire_hello *hello, uint64_t now)
{
    char why[96];
    char *at = session_append(why, "protocol ", CRB_PROTOCOL_MAJOR);
    at = session_append(at, ".", CRB_PROTOCOL_MINOR);
    at = session_append(at, " here, ", hello->major);
    at = session_append(at, ".", hello->minor);
    stpcpy(at, " there");
    crb_session_abort(session, why, now);
    return NULL;
}

/** The smaller of two wishes; 0 is none. */
static uint32_t session_wish(uint32_t ours, uint32_t theirs)
{
    return ours == 0 || (theirs != 0 && theirs < ours) ? theirs : ours;
}

const char *crb_session_on_hello(crb_session *session, const crb_wire_hello *hello, uint64_t now)
{
    if (hello->major != CRB_PROTOCOL_MAJOR) {
        return session_version_differs(session, hello, now);
    }
    if (hello->window_requests < CRB_WINDOW_MIN || hello->window_nested < CRB_WINDOW_MIN ||
        hello->window_responses < CRB_WINDOW_MIN || hello->window_stream < CRB_WINDOW_MIN ||
        hello->window_bulk < CRB_WINDOW_BULK_MIN) {
        return "a HELLO with a window that is too small";
    }
    memcpy(session->peer_instance, hello->instance, sizeof session->peer_instance);
    memcpy(session->peer_secret, hello->secret, sizeof session->peer_secret);
    crb_text_fit(hello->name, session->peer_name, sizeof session->peer_name);
    session->peer = (crb_session_limits) {
        .max_body = hello->max_body,
        .window_requests = hello->window_requests,
        .window_nested = hello->window_nested,
        .window_responses = hello->window_responses,
        .max_questions = hello->max_questions,
        .max_exports = hello->max_exports,
        .max_operations = hello->max_operations,
        .max_references = hello->max_references,
        .max_hops = hello->max_hops,
        .ping_idle_ms = session_wish(session->limits.ping_idle_ms, hello->ping_idle_ms),
        .ping_timeout_ms = session_wish(session->limits.ping_timeout_ms, hello->ping_timeout_ms),
        .window_stream = hello->window_stream,
        .max_streams = hello->max_streams,
    };
    session->peer_window_bulk = hello->window_bulk;
    if (session->dialer) {
        session->instead = hello->session;
    } else {
        session->id = hello->session;
        session->supersedes = hello->supersedes;
    }
    session->phase = CRB_PHASE_OPEN;
    crb_event_queue(session, &session->open_event);
    crb_flow_opened(session);
    crb_streams_opened(session);
    return NULL;
}

/* ---- time ---- */

uint64_t crb_session_deadline(uint64_t now, uint64_t remaining_us)
{
    if (remaining_us == 0 || remaining_us > (UINT64_MAX - now) / 1000) {
        return UINT64_MAX;
    }
    return now + remaining_us * 1000;
}

uint64_t crb_session_remaining(uint64_t deadline, uint64_t now)
{
    if (deadline == UINT64_MAX) {
        return 0;
    }
    const uint64_t left = deadline > now ? deadline - now : 0;
    return left / 1000 + (left % 1000 != 0 || left == 0);
}

/** When silence asks for something; UINT64_MAX: never. */
static uint64_t session_silence(const crb_session *session)
{
    if (session->phase != CRB_PHASE_OPEN || session->peer.ping_idle_ms == 0 || session->peer.ping_timeout_ms == 0) {
        return UINT64_MAX;
    }
    return session->pinged != 0 ? session_after(session->pinged, session->peer.ping_timeout_ms)
                                : session_after(session->heard, session->peer.ping_idle_ms);
}

uint64_t crb_session_next_tick(const crb_session *session)
{
    if (!crb_list_empty(&session->events) || session->bye_came) {
        return 0;
    }
    const uint64_t kept = session->keeps ? session->keep_until : UINT64_MAX;
    if (session->phase == CRB_PHASE_FLUSHING) {
        return session->flush_until < kept ? session->flush_until : kept;
    }
    if (session->phase == CRB_PHASE_ENDED) {
        return kept;
    }
    uint64_t next = session->phase == CRB_PHASE_NEW ? session->hello_until : session_silence(session);
    const crb_due *const due = crb_due_first(&session->due);
    if (due != NULL && due->when < next) {
        next = due->when;
    }
    return next;
}

static void session_tick_deadlines(crb_session *session, uint64_t now)
{
    for (;;) {
        crb_due *const due = crb_due_first(&session->due);
        if (due == NULL || due->when > now) {
            return;
        }
        crb_due_remove(&session->due, due);
        if (due->is_answer) {
            crb_answer_cancel(session, CRB_CONTAINER(due, crb_answer, due));
        } else {
            crb_question_expire(session, CRB_CONTAINER(due, crb_question, due));
        }
    }
}

static void session_tick_kept(crb_session *session, uint64_t now)
{
    if (session->keep_until == 0) {
        session->keep_until = session_after(now, session->limits.keep_lost_ms);
    } else if (now >= session->keep_until) {
        crb_session_keep_no_more(session);
    }
}

void crb_session_tick(crb_session *session, uint64_t now)
{
    if (session->keeps) {
        session_tick_kept(session, now);
    }
    if (session->phase == CRB_PHASE_FLUSHING && now >= session->flush_until) {
        crb_output_stop(session);
    }
    if (crb_session_over(session) || session->bye_came) {
        return;
    }
    if (session->phase == CRB_PHASE_NEW && now >= session->hello_until) {
        crb_session_abort(session, "no HELLO in time", now);
        return;
    }
    session_tick_deadlines(session, now);
    if (now >= session_silence(session)) {
        if (session->pinged != 0) {
            crb_session_lost(session, "no answer to PING", now);
        } else {
            session->ping_wanted = true;
            session->pinged = now > 0 ? now : 1;
        }
    }
}

/* ---- the end ---- */

typedef enum session_ending { SESSION_LOST, SESSION_ABORT, SESSION_BYE } session_ending;

/** calls: how many of our CALLs the peer took up, or UINT64_MAX where nobody knows. */
static void session_end(crb_session *session, session_ending ending, const char *why, bool clean, uint64_t calls)
{
    assert(!crb_session_over(session));
    session->final_calls = session->calls_handed; /* what was not seen before the end is not seen any more */
    session->final_is_abort = ending == SESSION_ABORT;
    session->phase = ending == SESSION_LOST ? CRB_PHASE_ENDED : CRB_PHASE_FLUSHING;
    session->clean = clean;
    session->bye_came = false;
    crb_text_fit(why, session->why, sizeof session->why);
    crb_event_drop(&session->credit_event);
    crb_answers_end(session, ending == SESSION_BYE);
    crb_questions_end(session, session->why, calls, ending == SESSION_BYE);
    if (ending == SESSION_BYE) {
        crb_exports_report(session);
        crb_output_keep(session);
    } else {
        crb_output_clear(session); /* what was never sent is not held by the peer */
        session->keeps = !clean && session->n_exports > 0 && session->limits.keep_lost_ms > 0;
        if (!session->keeps) {
            crb_exports_report(session);
            crb_exports_forget(session);
        }
    }
    crb_event_queue(session, &session->closed_event);
}

bool crb_session_keeps(const crb_session *session)
{
    return session->keeps;
}

void crb_session_keep_no_more(crb_session *session)
{
    if (session->keeps) {
        session->keeps = false;
        crb_exports_report(session);
        crb_exports_forget(session);
    }
}

void crb_session_no_memory(crb_session *session)
{
    session->out_of_memory = true;
}

void crb_session_end_without_memory(crb_session *session)
{
    if (session->out_of_memory) {
        session->out_of_memory = false;
        crb_session_lost(session, session_no_memory, 0);
    }
}

void crb_session_lost(crb_session *session, const char *why, uint64_t now)
{
    (void)now;
    if (session->phase == CRB_PHASE_FLUSHING) {
        crb_output_drop(session);
    } else if (session->bye_came) {
        return; /* it ends by that, in its turn */
    } else if (session->phase != CRB_PHASE_ENDED) {
        session_end(session, SESSION_LOST, why, false, UINT64_MAX);
    }
}

void crb_session_closed_by_peer(crb_session *session, const char *why, bool clean, uint64_t calls)
{
    session_end(session, SESSION_LOST, why, clean, calls);
}

void crb_session_end_by_bye(crb_session *session)
{
    crb_session_closed_by_peer(session, "the peer said goodbye", true, session->bye_calls);
}

void crb_session_abort(crb_session *session, const char *why, uint64_t now)
{
    if (session->phase == CRB_PHASE_FLUSHING) {
        crb_session_lost(session, why, now);
    } else if (session->phase != CRB_PHASE_ENDED) {
        session->flush_until = session_after(now, SESSION_FLUSH_MS);
        session_end(session, SESSION_ABORT, why, false, UINT64_MAX);
    }
}

void crb_session_refuse(crb_session *session, const char *why, uint64_t now)
{
    session->final_refuses = true;
    crb_session_abort(session, why, now);
}

void crb_session_bye(crb_session *session, uint64_t now)
{
    if (!crb_session_over(session)) {
        session->flush_until = session_after(now, SESSION_FLUSH_MS);
        session_end(session, SESSION_BYE, "this side said goodbye", true, UINT64_MAX);
    }
}

void crb_session_goaway(crb_session *session)
{
    if (!session->goaway_sent && !crb_session_over(session)) {
        session->goaway_sent = true;
        crb_out_queue(session, &session->goaway);
    }
}

void crb_session_tell_duplicate(crb_session *session, uint64_t id)
{
    if (session->duplicate_told == 0 && id != 0 && !crb_session_over(session)) {
        session->duplicate_told = id;
        crb_out_queue(session, &session->duplicate);
    }
}

bool crb_session_wants_close(const crb_session *session)
{
    return session->phase == CRB_PHASE_ENDED;
}

/* ---- about it ---- */

bool crb_session_is_open(const crb_session *session)
{
    return session->phase == CRB_PHASE_OPEN;
}

bool crb_session_has_ended(const crb_session *session)
{
    return crb_session_over(session);
}

const uint8_t *crb_session_peer_instance(const crb_session *session)
{
    return session->peer_instance;
}

const uint8_t *crb_session_peer_secret(const crb_session *session)
{
    return session->peer_secret;
}

uint64_t crb_session_id(const crb_session *session)
{
    return session->id;
}

uint64_t crb_session_supersedes(const crb_session *session)
{
    return session->dialer ? 0 : session->supersedes;
}

void crb_session_set_instead(crb_session *session, uint64_t id)
{
    assert(!session->dialer && !session->hello_pulled);
    session->instead = id;
}

uint64_t crb_session_instead(const crb_session *session)
{
    return session->dialer ? session->instead : 0;
}

bool crb_session_was_refused(const crb_session *session)
{
    return session->refused;
}

bool crb_session_is_quiet(const crb_session *session)
{
    return session->n_questions == 0 && session->n_answers == 0 && session->n_exports == 0 && session->n_imports == 0 &&
           crb_list_empty(&session->out) && crb_list_empty(&session->events);
}

const char *crb_session_peer_name(const crb_session *session)
{
    return session->peer_name;
}

void crb_answer_set_user(crb_answer *answer, void *user)
{
    answer->user = user;
}

void *crb_answer_user(const crb_answer *answer)
{
    return answer->user;
}

uint32_t crb_session_type_index(uint32_t wire_type)
{
    return wire_type >= CRB_WIRE_HELLO && wire_type <= CRB_WIRE_ABORT ? wire_type - CRB_WIRE_HELLO : CRB_FRAME_TYPES;
}

crb_session_stats crb_session_get_stats(const crb_session *session)
{
    crb_session_stats stats = {
        .questions = session->n_questions,
        .answers = session->answers.count,
        .exports = session->n_exports,
        .imports = session->n_imports,
        .queued_bytes = session->reserved + session->results_queued + session->args_queued + session->items_queued,
    };
    memcpy(stats.sent, session->sent, sizeof stats.sent);
    memcpy(stats.received, session->received, sizeof stats.received);
    return stats;
}
