/* Making calls again whose thread waits, and what both ways share. */
#include "runtime/call/again.h"

#include "runtime/base/clock.h"
#include "runtime/describe/describe.h"
#include "runtime/value/codec.h"

#include <string.h>

#define AGAIN_LOOKS (20 * CRB_MS) /* how often a pause looks whether it is still wanted */

/* ---- lanes ---- */

static uint32_t again_place_of(uint64_t lane, uint64_t key)
{
    uint64_t mixed = (lane ^ (key >> 4)) * 0x9e3779b97f4a7c15u;
    mixed ^= mixed >> 32;
    return (uint32_t)(mixed % CRB_LANE_PLACES);
}

void crb_again_mark_slowly(crb_start *start)
{
    const uint64_t keys[2] = { start->of, start->target->key };
    for (size_t i = 0; i < 2; i++) {
        const uint32_t at = again_place_of(start->lane, keys[i]);
        if (i == 1 && at == start->places[0].at) {
            start->places[1] = start->places[0];
            return;
        }
        start->places[i].at = at;
        start->places[i].mark = atomic_fetch_add(&start->runtime->lane_marks[at], 1) + 1;
    }
}

bool crb_again_has_successors(corbel_runtime *runtime, const crb_again_place places[2], uint64_t lane)
{
    return lane != 0 && (atomic_load(&runtime->lane_marks[places[0].at]) != places[0].mark ||
                         atomic_load(&runtime->lane_marks[places[1].at]) != places[1].mark);
}

/* ---- what both ways share ---- */

crb_again_session crb_again_session_locked(const crb_peer *peer, bool implicit)
{
    const crb_session_stats stats = crb_session_get_stats(peer->session);
    return (crb_again_session) {
        .has = true,
        .broken = implicit && (!atomic_load(&peer->alive) || !crb_session_is_open(peer->session)),
        .calls = stats.sent[CRB_FRAME_CALL],
        .retries = atomic_load(&peer->retries),
    };
}

crb_again_session crb_again_session_of(crb_target *target, bool implicit)
{
    if (target == NULL || target->kind != CRB_TARGET_IMPORT) {
        return (crb_again_session) { .has = false };
    }
    crb_peer *const peer = target->import.peer;
    crb_peer_lock(peer);
    const crb_again_session session = crb_again_session_locked(peer, implicit);
    crb_peer_unlock(peer);
    return session;
}

void crb_again_count(crb_again_run *run, const crb_target *target, const corbel_error *error)
{
    run->attempts++;
    run->completion = crb_retry_worse(run->completion, error->completion);
    if (error->completion != CORBEL_COMPLETED_NO && target != NULL && target->kind == CRB_TARGET_IMPORT && !run->ran) {
        run->ran = true;
        memcpy(run->instance, target->import.peer->instance, sizeof run->instance);
    }
}

crb_retry_step crb_again_goes(const crb_again_run *run, const crb_target *target)
{
    const bool same = run->ran && target->kind == CRB_TARGET_IMPORT &&
                      memcmp(run->instance, target->import.peer->instance, sizeof run->instance) == 0;
    return crb_retry_goes(same, target->kind == CRB_TARGET_IMPORT && atomic_load(&target->import.durable));
}

void crb_again_word(const crb_again_run *run, crb_retry_step step, corbel_error *error)
{
    error->completion = run->completion;
    if (run->attempts > 1) {
        crb_error_reword(error, "%s (after %u attempts: %s)", error->message, run->attempts, crb_retry_why(step));
    }
}

/* ---- calls whose thread waits ---- */

static crb_retry_kind again_kind(const corbel_object *self, const corbel_operation *operation, const crb_start *start)
{
    if ((operation->flags & CORBEL_ONEWAY) != 0) {
        return CRB_RETRY_OF_ONEWAY;
    }
    if (self->target->kind == CRB_TARGET_PROMISE) {
        return CRB_RETRY_OF_PROMISE;
    }
    if (start->target != NULL && start->target->kind == CRB_TARGET_LOCAL) {
        return CRB_RETRY_OF_LOCAL;
    }
    return (operation->flags & (CRB_RAW | CRB_COUNTED)) != 0 ? CRB_RETRY_OF_DYNAMIC : CRB_RETRY_OF_SYNC;
}

static crb_retry_verdict again_judge(const corbel_object *self, const corbel_operation *operation, const crb_start *start,
                                     crb_again_run *run, const corbel_error *error)
{
    const crb_again_session session = crb_again_session_of(start->target, start->implicit);
    crb_again_count(run, start->target, error);
    const crb_retry_facts facts = {
        .kind = again_kind(self, operation, start),
        .status = error->status,
        .completion = run->completion,
        .no_retry = self->no_retry || start->runtime->no_retry || atomic_load(&start->runtime->closed),
        .waits = self->wait_for_ready || start->runtime->wait_for_ready,
        .idempotent = (operation->flags & CORBEL_IDEMPOTENT) != 0,
        .once = start->once != NULL,
        .broken = session.broken,
        .cancelled = crb_cancel_seen() != CORBEL_OK,
        .successors = start->shares_lane && crb_again_has_successors(start->runtime, start->places, start->lane),
        .has_session = session.has,
        .calls = session.calls,
        .retries = session.retries,
        .hint_ms = corbel_error_retry_after_ms(error),
        .attempts = run->attempts,
        .now = crb_now(),
        .deadline = start->deadline,
        .random = crb_random_id(),
    };
    if (start->once != NULL && run->completion != CORBEL_COMPLETED_NO) {
        start->once->again = true;
    }
    const crb_retry_verdict verdict = crb_retry_judge(&facts);
    if (verdict.step == CRB_RETRY_AGAIN && session.has) {
        atomic_fetch_add(&start->target->import.peer->retries, 1);
    }
    return verdict;
}

/** Sleeps, and runs what the chain brings meanwhile: an attempt that may have run may still call back. False: the operation that
 *  makes the call is over for its caller. */
static bool again_pause(const crb_start *start, uint64_t pause)
{
    const _Atomic bool never = false;
    const uint64_t until = crb_now() + pause;
    const bool looks = crb_context_current() != NULL; /* nobody wakes a call that is not under way */
    bool goes_on = true;
    crb_wait wait;
    crb_wait_begin(&wait, start->runtime, start->chain);
    for (uint64_t now = crb_now(); now < until && goes_on; now = crb_now()) {
        (void)crb_wait_until(&wait, &never, &start->runtime->dispatch_lock,
                             looks && now + AGAIN_LOOKS < until ? now + AGAIN_LOOKS : until);
        goes_on = crb_cancel_seen() == CORBEL_OK && !atomic_load(&start->runtime->closed);
    }
    crb_wait_end(&wait);
    return goes_on;
}

/** Makes start what it was before the attempt: the object is looked for, and what was sent is encoded anew. */
static corbel_status again_prepare(const corbel_object *self, const corbel_operation *operation, const void *const *in,
                                   crb_start *start, corbel_error *reterr)
{
    if (start->target != NULL && start->target->kind == CRB_TARGET_LOCAL) { /* it was given back */
        return CORBEL_OK;
    }
    crb_target_unref(start->target);
    start->target = NULL;
    if (start->args.data == NULL) {
        crb_refs_free(start->refs.items, start->refs.len);
        start->refs = (crb_ref_list) { 0 };
        const corbel_status status = crb_start_encode(operation, in, start, reterr);
        if (status != CORBEL_OK) {
            return status;
        }
    }
    return crb_start_find(self, operation, start, reterr);
}

corbel_status crb_again_call(corbel_object *self, crb_start *start, const corbel_operation *operation, const void *const *in,
                             void *const *out, corbel_error *error,
                             corbel_status (*call)(corbel_object *self, crb_start *start, const corbel_operation *operation,
                                                   void *const *out, corbel_error *reterr))
{
    crb_again_run run = { .attempts = 0 };
    corbel_status status = error->status;
    if (start->target == NULL) { /* in this process, and what it brought is not there any more */
        return status;
    }
    for (;;) {
        const crb_retry_verdict verdict = again_judge(self, operation, start, &run, error);
        if (verdict.step != CRB_RETRY_AGAIN) {
            crb_again_word(&run, verdict.step, error);
            return status;
        }
        if (!again_pause(start, verdict.pause)) {
            const corbel_status over = crb_cancel_seen();
            if (over != CORBEL_OK) {
                status = crb_fail(error, over, run.completion, "%s", error->message);
            }
            crb_again_word(&run, CRB_RETRY_CANCELLED, error);
            return status;
        }
        corbel_error next = CORBEL_ERROR_INIT;
        status = again_prepare(self, operation, in, start, &next);
        if (status == CORBEL_OK && verdict.remembered && crb_again_goes(&run, start->target) != CRB_RETRY_AGAIN) {
            crb_again_word(&run, CRB_RETRY_INSTANCE, error);
            return error->status;
        }
        const bool goes = status == CORBEL_OK;
        if (goes) {
            status = call(self, start, operation, out, &next);
        }
        if (status == CORBEL_OK) {
            corbel_error_clear(error);
            return CORBEL_OK;
        }
        crb_error_move(error, &next);
        if (status == CORBEL_RAISED || (goes && start->target == NULL)) {
            return status;
        }
    }
}
