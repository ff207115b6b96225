/** Calls of serial objects: when they come to the gate of their object, when they are let in, and what they are told when they
 * are not. What decides is serial.c; here it is told of requests, and they of it.
 *
 *  A call comes to its gate when it is complete and all before it in its lane have; so the order at a gate is that of arrival,
 * and never against a lane. It holds the gate until it is over: a deferred one until it is answered, one with streams until these
 * have ended. Who waits stands in no queue of the workers. Everything here is under dispatch_lock. */
#include "daemon/host.h"

#include "runtime/base/clock.h"
#include "runtime/base/fail.h"

#include <corbel/dynamic.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Who waits in vain is told a little before its caller's deadline, so that the reason arrives there in time: an eighth of the
 * time that it has, at most this. */
#define TURNS_MARGIN (30 * CRB_MS)
#define TURNS_TICK (4 * CRB_MS) /* between two looks at all that wait */
#define TURNS_SPARES 64u
#define TURNS_TEXT 2048u
#define TURNS_HOPS 16u /* of a chain that are told */

/* ---- gates ---- */

bool crb_turns_open_gate(crb_target *target)
{
    corbel_runtime *const runtime = target->runtime;
    if ((target->local.skeleton.interface->flags & CORBEL_SERIAL) == 0) {
        return true;
    }
    pthread_mutex_lock(&runtime->dispatch_lock);
    if (runtime->serial == NULL) {
        runtime->serial = calloc(1, sizeof *runtime->serial);
    }
    if (runtime->serial != NULL) {
        target->gate = crb_gate_get(runtime->serial, target->local.self);
    }
    pthread_mutex_unlock(&runtime->dispatch_lock);
    return target->gate != NULL;
}

void crb_turns_close_gate(crb_target *target)
{
    corbel_runtime *const runtime = target->runtime;
    pthread_mutex_lock(&runtime->dispatch_lock);
    crb_gate_put(target->gate);
    target->gate = NULL;
    pthread_mutex_unlock(&runtime->dispatch_lock);
}

bool crb_turns_is_open_locked(crb_target *target, uint64_t chain)
{
    return crb_serial_is_open(target->gate, chain);
}

/* ---- places ---- */

static crb_queued *turns_new(crb_dispatch *dispatch, corbel_request *request)
{
    crb_queued *queued = dispatch->spare_queued;
    if (queued != NULL) {
        dispatch->spare_queued = queued->next;
        dispatch->n_spare_queued--;
        memset(queued, 0, sizeof *queued);
    } else {
        queued = calloc(1, sizeof *queued);
    }
    if (queued != NULL) {
        queued->request = request;
        queued->turn.user = queued;
        request->queued = queued;
    }
    return queued;
}

static void turns_delete(crb_dispatch *dispatch, crb_queued *queued)
{
    queued->request->queued = NULL;
    if (dispatch->n_spare_queued < TURNS_SPARES) {
        queued->next = dispatch->spare_queued;
        dispatch->spare_queued = queued;
        dispatch->n_spare_queued++;
    } else {
        free(queued);
    }
}

void crb_turns_free(crb_dispatch *dispatch)
{
    while (dispatch->spare_queued != NULL) {
        crb_queued *const queued = dispatch->spare_queued;
        dispatch->spare_queued = queued->next;
        free(queued);
    }
}

/** Operations that every object has by itself touch no servant. */
static bool turns_concerns_servant(const corbel_request *request)
{
    const crb_raw *const raw = request->target->local.raw;
    return request->method != NULL ||
           (raw != NULL && (raw->everything || strcmp(request->interface, crb_object_is_a.interface) != 0));
}

bool crb_turns_enter_locked(corbel_request *request, corbel_request *behind)
{
    crb_dispatch *const dispatch = request->runtime->dispatch;
    if (request->target->gate != NULL && turns_concerns_servant(request) && !crb_once_passes_locked(request)) {
        crb_queued *const queued = turns_new(dispatch, request);
        if (queued != NULL) {
            queued->behind = behind;
        }
        return queued != NULL;
    }
    if (behind != NULL && request->hop > 0) { /* a call from outside of all operations: nobody waits in its chain */
        (void)turns_new(dispatch, request);   /* without memory a cycle through this lane ends by deadline */
    }
    return true;
}

/* ---- the list of those that wait ---- */

static void turns_set_timer(corbel_runtime *runtime, uint64_t when)
{
    crb_dispatch *const dispatch = runtime->dispatch;
    if (when != CRB_NEVER && (dispatch->turns_when == 0 || when < dispatch->turns_when)) {
        dispatch->turns_when = when;
        crb_timer_set(&dispatch->turns, when);
    }
}

static void turns_list(crb_queued *queued)
{
    const corbel_request *const request = queued->request;
    crb_dispatch *const dispatch = request->runtime->dispatch;
    queued->since = crb_now();
    const uint64_t left = request->deadline > queued->since ? request->deadline - queued->since : 0;
    const uint64_t margin = left / 8 < TURNS_MARGIN ? left / 8 : TURNS_MARGIN;
    queued->until = request->deadline == CRB_NEVER ? CRB_NEVER : queued->since + left - margin;
    queued->prev = NULL;
    queued->next = dispatch->waiting;
    if (queued->next != NULL) {
        queued->next->prev = queued;
    }
    dispatch->waiting = queued;
    turns_set_timer(request->runtime, queued->until);
    if (dispatch->draining) { /* it may be the last that crb_workers_end() waits for */
        pthread_cond_broadcast(&dispatch->changed);
    }
}

static void turns_unlist(crb_queued *queued)
{
    if (queued->prev != NULL) {
        queued->prev->next = queued->next;
    } else {
        queued->request->runtime->dispatch->waiting = queued->next;
    }
    if (queued->next != NULL) {
        queued->next->prev = queued->prev;
    }
    queued->next = queued->prev = NULL;
}

/* ---- what they are told ---- */

typedef struct turns_text {
    size_t len;
    char text[TURNS_TEXT];
} turns_text;

CORBEL_PRINTF(2, 3) static void turns_say(turns_text *text, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    const int n = vsnprintf(text->text + text->len, sizeof text->text - text->len, format, arguments);
    va_end(arguments);
    const size_t room = sizeof text->text - text->len - 1;
    text->len += n < 0 ? 0 : (size_t)n < room ? (size_t)n : room;
}

/** "bank::Account::withdraw of savings" */
static void turns_say_call(turns_text *text, const corbel_request *request)
{
    char object[300];
    crb_target_name_local_locked(request->target, object, sizeof object);
    turns_say(text, "%s::%s of %s", corbel_request_interface(request), corbel_request_operation(request), object);
}

static const corbel_request *turns_request(const crb_turn *turn)
{
    return ((const crb_queued *)turn->user)->request;
}

/** Why a call fails that would close the cycle: closing. */
static void turns_tell_cycle(const corbel_request *closing, const crb_cycle *cycle, corbel_error *ret)
{
    turns_text text = { 0 };
    const uint32_t n = cycle->n < CRB_SERIAL_STEPS ? cycle->n : CRB_SERIAL_STEPS;
    turns_say(&text, "calls wait for each other in %s: ", closing->runtime->name);
    for (uint32_t i = 0; i < n; i++) {
        turns_say(&text, "%s", i == 0 ? "" : ", which waits in ");
        turns_say_call(&text, cycle->steps[i].waits == NULL ? closing : turns_request(cycle->steps[i].waits));
        turns_say(&text, "%s", i == 0 ? " waits for " : " for ");
        turns_say_call(&text, turns_request(cycle->steps[i].holds));
        turns_say(&text, " (from %s)", corbel_request_caller_address(turns_request(cycle->steps[i].holds)));
    }
    if (cycle->n > n) {
        turns_say(&text, ", and so on by %" PRIu32 " more calls", cycle->n - n);
    }
    turns_say(&text, ", which waits for the first");
    crb_fail(ret, CORBEL_DEADLOCK, CORBEL_COMPLETED_NO, "%s", text.text);
}

/** The calls of the two chains that are here, by their place in the chain. */
static size_t turns_collect(const corbel_request *request, uint64_t holder, const corbel_request **ret)
{
    size_t n = 0;
    for (const corbel_request *at = request->runtime->dispatch->requests; at != NULL && n < TURNS_HOPS; at = at->next) {
        if (at != request && at->target->kind == CRB_TARGET_LOCAL && (at->chain == request->chain || at->chain == holder)) {
            size_t place = n++;
            for (; place > 0 && ret[place - 1]->hop > at->hop; place--) {
                ret[place] = ret[place - 1];
            }
            ret[place] = at;
        }
    }
    return n;
}

/** Why a call fails that comes back to a strict object. The way through other processes is in the hops of the error, which are
 *  added as it goes back. */
static void turns_tell_way(const corbel_request *request, corbel_error *ret)
{
    turns_text text = { 0 };
    const corbel_request *calls[TURNS_HOPS];
    const crb_turn *const holder = request->target->gate->holders;
    const size_t n = turns_collect(request, holder->edge.from, calls);
    turns_say_call(&text, request);
    turns_say(&text, " comes back to an object of %s that still serves its own chain, which @serial(strict) forbids; the cycle: ",
              request->runtime->name);
    uint32_t hop = 0;
    for (size_t i = 0; i <= n; i++) {
        const corbel_request *const call = i < n ? calls[i] : request;
        const uint32_t between = i > 0 && call->hop > hop + 1 ? call->hop - hop - 1 : 0;
        if (between > 0) {
            turns_say(&text, " > %" PRIu32 " %s", between, between == 1 ? "call elsewhere" : "calls elsewhere");
        }
        turns_say(&text, "%s", i == 0 ? "" : " > ");
        turns_say_call(&text, call);
        hop = call->hop;
    }
    crb_fail(ret, CORBEL_DEADLOCK, CORBEL_COMPLETED_NO, "%s", text.text);
}

static void turns_tell_holder(const crb_queued *queued, uint64_t now, corbel_error *ret)
{
    turns_text text = { 0 };
    const crb_turn *const holder = queued->turn.gate->holders;
    const crb_queued *const holds = holder->user;
    turns_say_call(&text, queued->request);
    turns_say(&text, ": its turn did not come within %" PRIu64 " ms: in %s the object serves ",
              (uint64_t)((now - queued->since) / CRB_MS), queued->request->runtime->name);
    turns_say_call(&text, holds->request);
    const uint64_t held = now > holds->since ? (now - holds->since) / CRB_MS : 0;
    turns_say(&text, " for %s, since %" PRIu64 " ms%s", corbel_request_caller_address(holds->request), held,
              holder->later ? ", and has deferred the reply" : "");
    crb_fail(ret, CORBEL_DEADLINE, CORBEL_COMPLETED_NO, "%s", text.text);
}

/* ---- refusing and letting in ---- */

/** It is answered with that; takes the error. It holds nothing, and waits for nothing. */
static void turns_break(corbel_request *request, corbel_error *error)
{
    crb_error_move(&request->error, error);
    request->broken = true;
}

/** One that waits is not let in: it leaves, and is answered with that, wherever it is in its lane. */
static void turns_refuse(crb_queued *queued, corbel_error *error)
{
    turns_unlist(queued);
    (void)crb_serial_leave(&queued->turn); /* who waits holds up nobody */
    turns_break(queued->request, error);
    crb_dispatch_run_now_locked(queued->request);
}

/** It got the turn: it holds its gate already. */
static void turns_let_in(crb_queued *queued)
{
    turns_unlist(queued);
    queued->since = crb_now();
    crb_dispatch_let_in_locked(queued->request);
}

static bool turns_is_strict(const corbel_request *request)
{
    return (request->target->local.skeleton.interface->flags & CORBEL_STRICT) != 0;
}

/** A chain waits for another one from now on, in a lane (in it, a call that stands there) or as a thread (NULL). */
static void turns_settle_block(corbel_runtime *runtime, const crb_await *block, corbel_request *in_lane)
{
    crb_serial *const serial = runtime->serial;
    crb_cycle cycle;
    crb_turn *turn;
    corbel_error error = CORBEL_ERROR_INIT;
    while ((turn = crb_serial_freed(serial, block->to)) != NULL) {
        crb_queued *const queued = turn->user;
        if (turns_is_strict(queued->request)) {
            turns_tell_way(queued->request, &error);
            turns_refuse(queued, &error);
        } else {
            crb_serial_admit(turn);
            turns_let_in(queued);
        }
    }
    if (!block->proven || !crb_serial_closes(serial, block->edge.from, block->to, &cycle, &turn)) {
        return;
    }
    if (in_lane != NULL && in_lane->complete && in_lane->queued->turn.state == CRB_TURN_NONE) {
        turns_tell_cycle(in_lane, &cycle, &error);
        turns_break(in_lane, &error);
        in_lane->queued->arrived = true;
        crb_dispatch_run_now_locked(in_lane);
    } else {
        crb_queued *const queued = turn->user;
        turns_tell_cycle(queued->request, &cycle, &error);
        turns_refuse(queued, &error);
    }
}

/* ---- coming ---- */

/** It comes to its gate. */
static void turns_arrive_one(corbel_request *request)
{
    crb_queued *const queued = request->queued;
    crb_cycle cycle;
    corbel_error error = CORBEL_ERROR_INIT;
    queued->arrived = true;
    if (request->broken || atomic_load(&request->cancelled)) {
        return; /* it will not be entered */
    }
    /* A peer that does not number its chains has one for each call. */
    const uint64_t chain = request->chain == 0 ? crb_random_id() : request->chain;
    switch (crb_serial_arrive(request->target->gate, &queued->turn, chain, turns_is_strict(request), &cycle)) {
    case CRB_ENTERS:
        queued->since = crb_now();
        return;
    case CRB_WAITS:
        turns_list(queued);
        return;
    case CRB_COMES_BACK:
        turns_tell_way(request, &error);
        break;
    case CRB_DEADLOCKS:
        turns_tell_cycle(request, &cycle, &error);
        break;
    }
    turns_break(request, &error);
}

static bool turns_may_arrive(const corbel_request *request)
{
    const crb_queued *const queued = request->queued;
    const corbel_request *const behind = queued == NULL ? NULL : queued->behind;
    return queued != NULL && request->complete && !queued->arrived &&
           (behind == NULL || (behind->queued != NULL && behind->queued->arrived));
}

bool crb_turns_may_run_locked(corbel_request *request)
{
    corbel_request *at = request;
    if (request->queued == NULL) {
        return true;
    }
    while (at != NULL && turns_may_arrive(at)) {
        corbel_request *const next = at->next_in_lane;
        turns_arrive_one(at);
        if (at->broken && at->lane != NULL && at->lane->first != at) {
            crb_dispatch_run_now_locked(at); /* who is the first of its lane is run by the caller */
        }
        at = next;
    }
    return request->queued->arrived && request->queued->turn.state != CRB_TURN_WAITS;
}

void crb_turns_follows_locked(corbel_request *request, corbel_request *behind)
{
    corbel_runtime *const runtime = request->runtime;
    crb_queued *const queued = request->queued;
    if (queued == NULL) {
        return;
    }
    queued->behind = behind;
    crb_serial_unblock(runtime->serial, &queued->block);
    if (behind == NULL) {
        return;
    }
    if (request->hop > 0 && behind->chain != request->chain) {
        queued->block = (crb_await) { 0 };
        crb_serial_block(runtime->serial, &queued->block, request->chain, behind->chain, true);
        turns_settle_block(runtime, &queued->block, request);
    }
    if (request->target->gate != NULL && request->lane != NULL) { /* it is still there */
        (void)crb_turns_may_run_locked(request);
    }
}

/* ---- going ---- */

bool crb_turns_give_up_locked(corbel_request *request)
{
    crb_queued *const queued = request->queued;
    if (queued->turn.state != CRB_TURN_WAITS) {
        return false;
    }
    turns_unlist(queued);
    (void)crb_serial_leave(&queued->turn);
    return true;
}

void crb_turns_over_locked(corbel_request *request)
{
    crb_queued *const queued = request->queued;
    if (queued->turn.state == CRB_TURN_WAITS) {
        turns_unlist(queued);
    }
    crb_serial_unblock(request->runtime->serial, &queued->block);
    const crb_turn *const next = crb_serial_leave(&queued->turn);
    turns_delete(request->runtime->dispatch, queued);
    if (next != NULL) {
        turns_let_in(next->user);
    }
}

void crb_turns_deferred_locked(corbel_request *request)
{
    request->queued->turn.later = true;
}

uint32_t crb_turns_n_waiting_locked(const corbel_runtime *runtime)
{
    return runtime->serial == NULL ? 0 : runtime->serial->n_waiting;
}

void crb_turns_end_locked(corbel_runtime *runtime)
{
    while (runtime->dispatch->waiting != NULL) {
        corbel_error error = CORBEL_ERROR_INIT;
        crb_fail(&error, CORBEL_GONE, CORBEL_COMPLETED_NO, "the runtime ended before the object was free");
        turns_refuse(runtime->dispatch->waiting, &error);
    }
}

void crb_turns_tick(void *user)
{
    corbel_runtime *const runtime = user;
    pthread_mutex_lock(&runtime->dispatch_lock);
    crb_dispatch *const dispatch = runtime->dispatch;
    const uint64_t now = crb_now();
    uint64_t next = CRB_NEVER;
    if (dispatch != NULL) {
        dispatch->turns_when = 0;
    }
    crb_queued *following;
    for (crb_queued *at = dispatch == NULL ? NULL : dispatch->waiting; at != NULL; at = following) {
        following = at->next; /* a refusal lets nobody in: only at leaves the list */
        if (at->until <= now) {
            corbel_error error = CORBEL_ERROR_INIT;
            turns_tell_holder(at, now, &error);
            turns_refuse(at, &error);
        } else if (at->until < next) {
            next = at->until;
        }
    }
    if (dispatch != NULL) {
        turns_set_timer(runtime, next == CRB_NEVER || next > now + TURNS_TICK ? next : now + TURNS_TICK);
    }
    pthread_mutex_unlock(&runtime->dispatch_lock);
}

/* ---- threads that wait ---- */

void crb_turns_blocks_locked(crb_wait *wait, crb_lent *lent, bool proven)
{
    const crb_context *const context = crb_context_current();
    if (context == NULL || context->chain == lent->chain || wait->runtime->dispatch == NULL) {
        return;
    }
    lent->block = calloc(1, sizeof *lent->block);
    if (lent->block != NULL) { /* without memory a cycle through this wait ends by deadline */
        crb_serial_block(wait->runtime->serial, lent->block, context->chain, lent->chain, proven);
        turns_settle_block(wait->runtime, lent->block, NULL);
    }
}

void crb_turns_unblocks_locked(crb_wait *wait, crb_lent *lent)
{
    crb_serial_unblock(wait->runtime->serial, lent->block);
    free(lent->block);
    lent->block = NULL;
}
