/* Making calls again that were begun: nobody waits on the stack.
 *
 * Invariants: a call that is to be made again is not complete; its guard stays the same, whatever session the attempts go to.
 * Every attempt is a call of its own (again_attempt), which nobody else knows, and which ends by again_outcome(). What ends the
 * call from outside meanwhile (cancelling, its deadline, the end of the runtime) completes it at once, and the attempt is
 * cancelled. A count of the call goes from the queue to the attempt. */
#include "runtime/call/again.h"

#include "runtime/base/clock.h"
#include "runtime/describe/describe.h"

#include <assert.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#define AGAIN_IDLE CRB_SECOND        /* how long a repeater stays without work */
#define AGAIN_CREDIT (5 * CRB_MS)    /* when to look again whether a peer takes more */
#define AGAIN_STOPPING (20 * CRB_MS) /* how long crb_again_has_stopped() waits */

/** One attempt. */
typedef struct again_attempt {
    corbel_call call;     /* first: see again_answered() */
    corbel_call *of;      /* counted */
    crb_later cancelling; /* of the peer of the call that it is of */
} again_attempt;

/** What a call has once it is being repeated. */
typedef struct crb_again_repeats {
    struct crb_again_repeats *next; /* in the runtime's queue */
    corbel_call *call;
    uint64_t due;           /* guarded by the runtime's again.lock, as next; the rest by call->guard: */
    bool under_way;         /* between a failure and the outcome of the next attempt */
    bool sending;           /* it may be on its way, and is not in attempt yet */
    bool remembered;        /* the next attempt goes only where the call is known */
    crb_retry_step refused; /* why there is no next one, though its outcome would allow it */
    uint32_t serial;        /* of the attempt */
    crb_again_run run;
    crb_again_session session; /* of the attempt whose outcome is being looked at; has false: that of the call itself */
    crb_peer *charged;         /* that session's; counted by the attempt */
    again_attempt *attempt;    /* counted; NULL: there is none, or its sender is at it */
    corbel_error last;
    crb_timer timer; /* at the deadline */
} crb_again_repeats;

struct crb_again {
    crb_target *target; /* the reference's, counted */
    const corbel_interface *interface, *agree;
    bool implicit, local, waits, child;
    bool stays; /* it has what it takes */
    uint64_t of, lane;
    uint32_t hop;
    crb_again_place places[2];
    crb_ref_list refs;
    crb_buf context;
    crb_given_back back; /* of a local one, once it was refused */
    crb_again_repeats *repeats;
    size_t n_args;
    uint8_t args[];
};

/* ---- keeping what it takes ---- */

crb_again *crb_again_new(const corbel_object *self, const crb_start *start)
{
    const bool local = !crb_start_leaves(start);
    if (self->no_retry || start->runtime->no_retry || start->route != NULL || start->args.len > CRB_AGAIN_KEEPS) {
        return NULL;
    }
    const size_t n_args = local ? 0 : start->args.len;
    crb_again *const again = malloc(sizeof *again + n_args);
    if (again == NULL) { /* it just is not repeated */
        return NULL;
    }
    *again = (crb_again) { .target = crb_target_ref(self->target),
                           .interface = self->interface,
                           .agree = self->agree,
                           .implicit = start->implicit,
                           .local = local,
                           .waits = self->wait_for_ready || start->runtime->wait_for_ready,
                           .child = start->child,
                           .of = start->of,
                           .lane = start->lane,
                           .hop = start->hop,
                           .places = { start->places[0], start->places[1] },
                           .stays = !local,
                           .n_args = n_args };
    if (!local) {
        again->refs = start->refs;
        again->context = start->context;
    }
    if (n_args > 0) {
        memcpy(again->args, start->args.data, n_args);
    }
    return again;
}

crb_given_back *crb_again_back(crb_again *again)
{
    return &again->back;
}

static void again_drop_back(crb_given_back *back)
{
    if (back->target != NULL) {
        crb_buf_clear(&back->args);
        crb_buf_clear(&back->context);
        crb_refs_free(back->refs, back->n_refs);
        crb_target_unref(back->target);
    }
    *back = (crb_given_back) { .target = NULL };
}

void crb_again_free(crb_again *again)
{
    if (again == NULL) {
        return;
    }
    crb_again_repeats *const repeats = again->repeats;
    if (repeats != NULL) {
        crb_timer_stop(&repeats->timer);
        if (repeats->attempt != NULL) {
            crb_call_unref(&repeats->attempt->call);
        }
        corbel_error_clear(&repeats->last);
        free(repeats);
    }
    again_drop_back(&again->back);
    crb_refs_free(again->refs.items, again->refs.len);
    if (again->context.data != NULL) {
        crb_buf_clear(&again->context);
    }
    crb_target_unref(again->target);
    free(again);
}

/* ---- the queue ---- */

static void *again_repeater(void *user);

/** Under again.lock. False: there is no thread to be had. */
static bool again_needs_thread(corbel_runtime *runtime)
{
    if (runtime->again.n_idle > 0 || runtime->again.n_repeaters == CRB_AGAIN_REPEATERS) {
        return true;
    }
    pthread_t thread;
    pthread_attr_t attributes;
    sigset_t all, before; /* the application's signals are the application's threads' */
    pthread_attr_init(&attributes);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    crb_runtime_ref_memory(runtime);
    runtime->again.n_repeaters++;
    const bool started = pthread_create(&thread, &attributes, again_repeater, runtime) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_attr_destroy(&attributes);
    if (!started) {
        runtime->again.n_repeaters--;
        crb_runtime_unref_memory(runtime); /* not the last: the caller's call has one */
    }
    return started || runtime->again.n_repeaters > 0;
}

/** Takes over a count of the call. False: nothing was done. */
static bool again_queue(corbel_runtime *runtime, crb_again_repeats *repeats, uint64_t due)
{
    pthread_mutex_lock(&runtime->again.lock);
    const bool queued = !runtime->again.stopped && again_needs_thread(runtime);
    if (queued) {
        repeats->due = due;
        repeats->next = runtime->again.queue;
        runtime->again.queue = repeats;
        pthread_cond_broadcast(&runtime->again.changed);
    }
    pthread_mutex_unlock(&runtime->again.lock);
    return queued;
}

/* ---- outcomes ---- */

static void again_deadline(void *user)
{
    corbel_call *const call = user;
    crb_outcome_value value = { .outcome = CRB_OUTCOME_ERROR, .error = CORBEL_ERROR_INIT };
    void (*completed)(corbel_call *) = NULL;
    crb_fail(&value.error, CORBEL_DEADLINE, CORBEL_COMPLETED_NO, "%s::%s: the deadline passed", call->operation->interface,
             call->operation->name);
    if (call->peer != NULL) {
        crb_peer_lock(call->peer);
    } else {
        pthread_mutex_lock(call->guard);
    }
    if (!atomic_load(&call->done) && call->again->repeats->under_way) {
        crb_call_complete_locked(call, &value);
        completed = call->peer == NULL ? call->completed : NULL;
    }
    if (call->peer != NULL) {
        crb_peer_unlock(call->peer);
    } else {
        pthread_mutex_unlock(call->guard);
    }
    crb_outcome_clear(&value);
    if (completed != NULL) {
        completed(call);
    }
}

static crb_again_repeats *again_repeats_of(corbel_call *call)
{
    crb_again *const again = call->again;
    if (again->repeats == NULL && (again->repeats = calloc(1, sizeof *again->repeats)) != NULL) {
        again->repeats->call = call;
        again->repeats->last = (corbel_error)CORBEL_ERROR_INIT;
        crb_timer_init(&again->repeats->timer, again_deadline, call);
    }
    return again->repeats;
}

static void again_cancel_attempt(crb_later *later)
{
    again_attempt *const attempt = (again_attempt *)((char *)later - offsetof(again_attempt, cancelling));
    corbel_call_cancel(&attempt->call);
    crb_call_unref(&attempt->call);
}

/** Somebody else ends the call: value is what he says. */
static void again_ends_locked(corbel_call *call, crb_outcome_value *value)
{
    crb_again_repeats *const repeats = call->again->repeats;
    repeats->under_way = false;
    value->error.completion = crb_retry_worse(value->error.completion, repeats->run.completion);
    if (repeats->attempt != NULL || repeats->sending) { /* it may be running */
        value->error.completion = crb_retry_worse(value->error.completion, CORBEL_COMPLETED_MAYBE);
    }
    if (repeats->last.status != CORBEL_OK) {
        crb_error_reword(&value->error, "%s (after %u attempts: %s)", value->error.message, repeats->run.attempts,
                         repeats->last.message);
    }
    if (repeats->attempt != NULL && call->peer != NULL) {
        repeats->attempt->cancelling.run = again_cancel_attempt;
        crb_peer_later_locked(call->peer, &repeats->attempt->cancelling);
        repeats->attempt = NULL;
    } else if (repeats->attempt != NULL && repeats->attempt->call.request != NULL) {
        crb_host_get()->cancel_locked(repeats->attempt->call.request);
    }
}

/** Does the call pass something that hung on a session which is over? Nobody could use it. */
static bool again_passes_broken(const corbel_call *call)
{
    const crb_again *const again = call->again;
    for (size_t i = 0; i < again->refs.len; i++) {
        const crb_target *const passed = again->refs.items[i].target;
        if (passed->kind == CRB_TARGET_IMPORT &&
            (!atomic_load(&passed->import.peer->alive) ||
             (passed->import.peer == call->peer && !crb_session_is_open(call->peer->session)))) { /* whose lock is held */
            return true;
        }
    }
    return false;
}

/** Under the guard. Is the call made again, after value? */
static crb_retry_verdict again_judge(corbel_call *call, crb_again_repeats *repeats, const crb_outcome_value *value)
{
    const crb_again *const again = call->again;
    const bool first = repeats->run.attempts == 0;
    if (first) {
        repeats->session = (crb_again_session) { .has = false };
    }
    if (first && call->peer != NULL) {
        repeats->session = crb_again_session_locked(call->peer, again->implicit);
        repeats->charged = call->peer;
    }
    if (first) {
        crb_again_count(&repeats->run, call->target, &value->error);
    }
    const crb_retry_facts facts = {
        .kind = again->local                                              ? CRB_RETRY_OF_LOCAL
                : (call->operation->flags & (CRB_RAW | CRB_COUNTED)) != 0 ? CRB_RETRY_OF_DYNAMIC
                : call->completed != NULL                                 ? CRB_RETRY_OF_CALLBACK
                                                                          : CRB_RETRY_OF_BEGUN,
        .status = value->error.status,
        .completion = repeats->run.completion,
        .no_retry = atomic_load(&call->runtime->closed) || !again->stays,
        .waits = again->waits,
        .idempotent = (call->operation->flags & CORBEL_IDEMPOTENT) != 0,
        .once = call->once != NULL,
        .broken = repeats->session.broken || again_passes_broken(call),
        .successors = crb_again_has_successors(call->runtime, again->places, again->lane),
        .has_session = repeats->session.has,
        .calls = repeats->session.calls,
        .retries = repeats->session.retries,
        .hint_ms = corbel_error_retry_after_ms(&value->error),
        .attempts = repeats->run.attempts,
        .now = crb_now(),
        .deadline = call->deadline,
        .random = crb_random_id(),
    };
    if (call->once != NULL && repeats->run.completion != CORBEL_COMPLETED_NO) {
        call->once->again = true;
    }
    return crb_retry_judge(&facts);
}

bool crb_again_keeps_locked(corbel_call *call, crb_outcome_value *value)
{
    crb_again *const again = call->again;
    if (again->local) {
        again->stays = again->back.target != NULL;
    }
    crb_again_repeats *const repeats = again_repeats_of(call);
    if (repeats == NULL) {
        return false;
    }
    if (repeats->under_way) {
        again_ends_locked(call, value);
        return false;
    }
    if (repeats->refused != CRB_RETRY_AGAIN) {
        crb_again_word(&repeats->run, repeats->refused, &value->error);
        return false;
    }
    const crb_retry_verdict verdict = again_judge(call, repeats, value);
    if (verdict.step != CRB_RETRY_AGAIN) {
        crb_again_word(&repeats->run, verdict.step, &value->error);
        return false;
    }
    if (repeats->session.has) {
        atomic_fetch_add(&repeats->charged->retries, 1);
    }
    crb_call_taken_locked(call);
    repeats->remembered = verdict.remembered;
    repeats->under_way = true;
    repeats->serial++;
    crb_error_move(&repeats->last, &value->error);
    atomic_fetch_add(&call->refs, 1);
    if (!again_queue(call->runtime, repeats, crb_now() + verdict.pause)) {
        atomic_fetch_sub(&call->refs, 1); /* not the last: whoever completes it has one */
        repeats->under_way = false;
        crb_error_move(&value->error, &repeats->last);
        crb_again_word(&repeats->run, CRB_RETRY_SWITCHED_OFF, &value->error);
        return false;
    }
    crb_timer_set(&repeats->timer, call->deadline);
    return true;
}

bool crb_again_keeps(corbel_call *call, corbel_error *error)
{
    crb_outcome_value value = { .outcome = CRB_OUTCOME_ERROR, .error = *error };
    *error = (corbel_error)CORBEL_ERROR_INIT;
    crb_peer_lock(call->peer);
    const bool keeps = crb_again_keeps_locked(call, &value);
    crb_peer_unlock(call->peer);
    if (!keeps) {
        crb_error_move(error, &value.error);
    }
    return keeps;
}

/** The attempt with that number, to target (NULL: it was not found), has come to value, which is taken over; or it was not made,
 *  because of step. A count of the call is the caller's. No lock held. */
static void again_outcome(corbel_call *call, uint32_t serial, crb_outcome_value *value, crb_target *target, crb_retry_step step)
{
    crb_again_repeats *const repeats = call->again->repeats;
    void (*completed)(corbel_call *) = NULL;
    corbel_call *attempt = NULL;
    const crb_again_session session = crb_again_session_of(target, call->again->implicit);
    if (call->peer != NULL) {
        crb_peer_lock(call->peer);
    } else {
        pthread_mutex_lock(call->guard);
    }
    if (!atomic_load(&call->done) && repeats->under_way && repeats->serial == serial) {
        attempt = repeats->attempt == NULL ? NULL : &repeats->attempt->call;
        repeats->attempt = NULL;
        repeats->under_way = false;
        repeats->sending = false;
        repeats->session = session;
        repeats->charged = session.has ? crb_target_peer(target) : NULL;
        repeats->refused = step;
        if (step != CRB_RETRY_AGAIN) { /* the last failure stands */
            crb_error_move(&value->error, &repeats->last);
        } else if (value->outcome == CRB_OUTCOME_ERROR) {
            crb_again_count(&repeats->run, target, &value->error);
        }
        crb_call_complete_locked(call, value);
        completed = call->peer == NULL && atomic_load(&call->done) ? call->completed : NULL;
    }
    if (call->peer != NULL) {
        crb_peer_unlock(call->peer);
    } else {
        pthread_mutex_unlock(call->guard);
    }
    crb_outcome_clear(value);
    if (attempt != NULL) {
        crb_call_unref(attempt);
    }
    if (completed != NULL) {
        completed(call);
    }
}

/** completed() of an attempt: no lock held. */
static void again_answered(corbel_call *call)
{
    again_attempt *const attempt = (again_attempt *)(void *)call;
    crb_outcome_value value = call->value;
    call->value = (crb_outcome_value) { .error = CORBEL_ERROR_INIT };
    again_outcome(attempt->of, (uint32_t)call->index, &value, call->target, CRB_RETRY_AGAIN);
    crb_call_unref(attempt->of);
    crb_call_unref(call);
}

/* ---- attempts ---- */

/** One count for who sends it, one for its completion. NULL: no memory. */
static again_attempt *again_attempt_new(corbel_call *of, crb_start *start, uint32_t serial)
{
    again_attempt *const attempt = calloc(1, sizeof *attempt);
    if (attempt == NULL) {
        return NULL;
    }
    corbel_call *const call = &attempt->call;
    attempt->of = of;
    atomic_init(&call->refs, 2);
    call->runtime = of->runtime;
    call->operation = of->operation;
    crb_operation_hold(of->operation);
    call->target = crb_target_ref(start->target);
    call->chain = start->chain;
    call->deadline = start->deadline;
    call->index = serial;
    call->completed = again_answered;
    call->value.error = (corbel_error)CORBEL_ERROR_INIT;
    call->peer = crb_target_peer(start->target);
    call->guard = call->peer != NULL ? &call->peer->lock : &of->runtime->dispatch_lock;
    return attempt;
}

/** It is on its way: whoever ends the call ends it, too. */
static void again_sent(crb_again_repeats *repeats, again_attempt *attempt)
{
    corbel_call *const call = repeats->call;
    if (call->peer != NULL) {
        crb_peer_lock(call->peer);
    } else {
        pthread_mutex_lock(call->guard);
    }
    const bool over = atomic_load(&call->done);
    const bool wanted = !over && repeats->under_way && repeats->serial == (uint32_t)attempt->call.index;
    if (wanted) {
        repeats->attempt = attempt;
        repeats->sending = false;
    }
    if (call->peer != NULL) {
        crb_peer_unlock(call->peer);
    } else {
        pthread_mutex_unlock(call->guard);
    }
    if (over) {
        corbel_call_cancel(&attempt->call);
    }
    if (!wanted) {
        crb_call_unref(&attempt->call);
    }
}

/** From here on who ends the call cannot say that it did not run. False: it has ended. */
static bool again_goes_out(crb_again_repeats *repeats)
{
    corbel_call *const call = repeats->call;
    pthread_mutex_lock(call->guard);
    const bool goes = !atomic_load(&call->done);
    repeats->sending = goes;
    pthread_mutex_unlock(call->guard);
    return goes;
}

static corbel_status again_send_there(crb_again_repeats *repeats, crb_start *start, again_attempt *attempt,
                                      crb_retry_step *ret_step, corbel_error *error)
{
    const crb_again *const again = repeats->call->again;
    crb_peer *const peer = attempt->call.peer;
    corbel_status status = CORBEL_OK;
    if (start->refs.len > 0) {
        status = crb_refs_may_leave(start->refs.items, start->refs.len, CORBEL_INVALID_ARGUMENT, CORBEL_COMPLETED_NO, error);
    }
    crb_ref_out *const refs = start->refs.len == 0 ? NULL : calloc(start->refs.len, sizeof *refs);
    if (status == CORBEL_OK && refs == NULL && start->refs.len > 0) {
        status = crb_fail(error, CORBEL_NO_MEMORY, CORBEL_COMPLETED_NO, "no memory for the references of a call");
    }
    if (status == CORBEL_OK) {
        crb_peer_lock(peer);
        /* What is sent behind it takes this lock after it has left its mark. */
        if (crb_again_has_successors(start->runtime, again->places, again->lane)) {
            *ret_step = CRB_RETRY_SUCCESSORS;
        } else {
            status = crb_start_send_locked(start, repeats->call->operation, &(crb_send_after) { .call = NULL }, &attempt->call,
                                           refs, error);
        }
        crb_peer_unlock(peer);
    }
    free(refs);
    return status;
}

/** Sends it, or puts it into this process. *ret_step says why it is not sent; it and the status CORBEL_OK: it is on its way. */
static corbel_status again_send(crb_again_repeats *repeats, crb_start *start, crb_retry_step *ret_step, corbel_error *error)
{
    corbel_call *const call = repeats->call;
    crb_again *const again = call->again;
    again_attempt *const attempt = again_attempt_new(call, start, repeats->serial);
    if (attempt == NULL) {
        return crb_fail(error, CORBEL_NO_MEMORY, CORBEL_COMPLETED_NO, "no memory for a call");
    }
    corbel_status status = CORBEL_OK;
    atomic_fetch_add(&call->refs,
                     1); /* once the attempt is sent its answer may come, and the call be finished, before this goes on */
    if (!again->local) {
        status = again_send_there(repeats, start, attempt, ret_step, error);
    } else {
        atomic_fetch_add(&attempt->call.refs, 1); /* the request's */
        attempt->call.back = &again->back;
        crb_incoming incoming = crb_start_incoming(start, call->operation, &attempt->call, false);
        crb_start_handed_over(start);
        crb_host_get()->call(call->runtime, &incoming);
    }
    if (status != CORBEL_OK || *ret_step != CRB_RETRY_AGAIN) {
        attempt->call.completed = NULL;
        crb_call_unref(&attempt->call);
        crb_call_unref(&attempt->call);
        crb_call_unref(call); /* not the last: the caller has one */
        return status;
    }
    again_sent(repeats, attempt); /* the other count of the call is the attempt's */
    crb_call_unref(call);
    return CORBEL_OK;
}

/** Finds the object again. */
static corbel_status again_find(crb_again_repeats *repeats, crb_start *start, corbel_error *error)
{
    crb_again *const again = repeats->call->again;
    if (again->local) {
        crb_start_given_back(start, &again->back);
        return CORBEL_OK;
    }
    const corbel_object self = {
        .target = again->target, .interface = again->interface, .agree = again->agree, .wait_for_ready = again->waits
    };
    const corbel_status status = crb_start_find(&self, repeats->call->operation, start, error);
    if (status == CORBEL_OK && start->target->kind != CRB_TARGET_IMPORT) {
        return crb_fail(error, CORBEL_GONE, CORBEL_COMPLETED_NO, "the object is in this process now");
    }
    if (status == CORBEL_OK && again->n_args > 0) {
        crb_buf_append(&start->args, again->args, again->n_args);
    }
    return status == CORBEL_OK && start->args.failed
               ? crb_fail(error, CORBEL_NO_MEMORY, CORBEL_COMPLETED_NO, "no memory for the arguments of a call")
               : status;
}

/** What is due: a count of its call is ours. stopped: the runtime ends. */
static void again_make_held(crb_again_repeats *repeats, bool stopped)
{
    corbel_call *const call = repeats->call;
    crb_again *const again = call->again;
    const uint32_t serial = repeats->serial; /* nobody else changes it as long as this attempt is under way */
    crb_start start = { .runtime = call->runtime,
                        .implicit = again->implicit,
                        .args = CRB_BUF_INIT,
                        .of = again->of,
                        .lane = again->lane,
                        .hop = again->hop,
                        .chain = call->chain,
                        .deadline = call->deadline,
                        .child = again->child,
                        .refs = again->refs,
                        .context = again->context,
                        .once = call->once };
    corbel_error error = CORBEL_ERROR_INIT;
    crb_retry_step step = stopped ? CRB_RETRY_SWITCHED_OFF : CRB_RETRY_AGAIN;
    corbel_status status = CORBEL_OK;
    if (atomic_load(&call->done)) {
        crb_call_unref(call);
        return;
    }
    if (step == CRB_RETRY_AGAIN) {
        status = again_find(repeats, &start, &error);
    }
    if (status == CORBEL_OK && step == CRB_RETRY_AGAIN && repeats->remembered) {
        step = crb_again_goes(&repeats->run, start.target);
    }
    if (status == CORBEL_OK && step == CRB_RETRY_AGAIN && !again_goes_out(repeats)) {
        step = CRB_RETRY_CANCELLED;
    }
    if (status == CORBEL_OK && step == CRB_RETRY_AGAIN) {
        status = again_send(repeats, &start, &step, &error);
    }
    if (!again->local) { /* they are kept */
        start.refs = (crb_ref_list) { 0 };
        start.context = (crb_buf)CRB_BUF_INIT;
    }
    start.once = NULL;
    if (status == CORBEL_OK && step == CRB_RETRY_AGAIN) {
        crb_start_clear(&start);
        return;
    }
    if (status != CORBEL_WOULD_BLOCK || !again_queue(call->runtime, repeats, crb_now() + AGAIN_CREDIT)) {
        crb_outcome_value value = { .outcome = CRB_OUTCOME_ERROR, .error = error };
        again_outcome(call, serial, &value, start.target, step);
        crb_call_unref(call);
    } else {
        corbel_error_clear(&error); /* its deadline is watched by its timer */
    }
    crb_start_clear(&start);
}

/** The attempt may have ended, and given its count back, before its sender is through. */
static void again_make(crb_again_repeats *repeats, bool stopped)
{
    corbel_call *const call = repeats->call;
    atomic_fetch_add(&call->refs, 1);
    again_make_held(repeats, stopped);
    crb_call_unref(call);
}

/* ---- repeaters ---- */

/** The one that is due first. Under again.lock. */
static crb_again_repeats **again_first(corbel_runtime *runtime)
{
    crb_again_repeats **first = NULL;
    for (crb_again_repeats **at = &runtime->again.queue; *at != NULL; at = &(*at)->next) {
        if (first == NULL || (*at)->due < (*first)->due) {
            first = at;
        }
    }
    return first;
}

/** Under again.lock. False: the time has come. */
static bool again_wait(corbel_runtime *runtime, uint64_t until)
{
    const struct timespec when = { .tv_sec = (time_t)(until / CRB_SECOND), .tv_nsec = (long)(until % CRB_SECOND) };
    runtime->again.n_idle++;
    const int result = pthread_cond_timedwait(&runtime->again.changed, &runtime->again.lock, &when);
    runtime->again.n_idle--;
    return result != ETIMEDOUT;
}

static void *again_repeater(void *user)
{
    corbel_runtime *const runtime = user;
    pthread_mutex_lock(&runtime->again.lock);
    for (;;) {
        crb_again_repeats **const first = again_first(runtime);
        const bool stopped = runtime->again.stopped;
        if (first != NULL && (stopped || (*first)->due <= crb_now())) {
            crb_again_repeats *const repeats = *first;
            *first = repeats->next;
            if (runtime->again.queue != NULL && !stopped) {
                (void)again_needs_thread(runtime); /* this one may block */
            }
            pthread_mutex_unlock(&runtime->again.lock);
            again_make(repeats, stopped);
            pthread_mutex_lock(&runtime->again.lock);
        } else if (stopped || (!again_wait(runtime, first != NULL ? (*first)->due : crb_now() + AGAIN_IDLE) &&
                               runtime->again.queue == NULL)) {
            break;
        }
    }
    runtime->again.n_repeaters--;
    pthread_cond_broadcast(&runtime->again.changed);
    pthread_mutex_unlock(&runtime->again.lock);
    crb_runtime_unref_memory(runtime);
    return NULL;
}

void crb_again_init(corbel_runtime *runtime)
{
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_mutex_init(&runtime->again.lock, NULL);
    pthread_cond_init(&runtime->again.changed, &attributes);
    pthread_condattr_destroy(&attributes);
}

void crb_again_stop(corbel_runtime *runtime)
{
    pthread_mutex_lock(&runtime->again.lock);
    runtime->again.stopped = true;
    pthread_cond_broadcast(&runtime->again.changed);
    pthread_mutex_unlock(&runtime->again.lock);
}

bool crb_again_has_stopped(corbel_runtime *runtime)
{
    const uint64_t until = crb_now() + AGAIN_STOPPING;
    pthread_mutex_lock(&runtime->again.lock);
    while (runtime->again.n_repeaters > 0 && again_wait(runtime, until)) {
    }
    const bool stopped = runtime->again.n_repeaters == 0;
    pthread_mutex_unlock(&runtime->again.lock);
    return stopped;
}
