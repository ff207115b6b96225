/** Batches: noting calls, sending them together, waiting for all of them.
 *
 *  A call that was begun in a batch is an ordinary call without a question; what it will send waits in an entry, on the batch's
 *  list. corbel_batch_run() takes the whole list. From then on the list is the run's own, and the calls complete as all calls do:
 *  under their guard, where each tells the run (crb_batch_note_locked). In stop mode, and where a call is to another object than
 *  the one before it, the order is the session's business: crb_call_out.after.
 *
 *  Locks: the batch's own guards its list and the calls' way back to their entries; no other is taken under it. */
#include "runtime/call/batch.h"

#include "runtime/base/clock.h"
#include "runtime/base/fork.h"
#include "runtime/call/promise.h"
#include "runtime/describe/describe.h"

#include <stdlib.h>
#include <string.h>

/** A call that waits. */
typedef struct batch_entry {
    struct batch_entry *next, *prev;
    corbel_call *call; /* counted; NULL: a oneway */
    const corbel_operation *operation;
    crb_start start; /* what it is to send; target NULL: it has failed, or was given up */
    uint32_t deadline_ms;
    bool sends; /* it is to be sent by the run */
    crb_lent lent;
} batch_entry;

struct corbel_batch {
    _Atomic uint32_t refs; /* the user's, those of references and of calls */
    corbel_runtime *runtime;
    corbel_batch_mode mode;
    pthread_mutex_t lock; /* guards: */
    batch_entry *first, *last;
    bool closed; /* the user has given it back */
};

/** A failure of a run, with what came of it. */
typedef struct batch_failure {
    struct batch_failure *next;
    size_t index; /* of its call */
    crb_outcome_value value;
} batch_failure;

/** One corbel_batch_run(). What its calls note is guarded by their guard, which is one for all. */
typedef struct crb_batch_run {
    corbel_runtime *runtime;
    size_t n;
    bool stops;      /* at the first error */
    crb_peer *peer;  /* all calls go there; NULL: they stay in this process */
    uint64_t latest; /* the last of the deadlines */
    crb_wait wait;
    bool ordered;  /* the call sent last waits for the one before it */
    size_t left;   /* calls that are under way */
    bool all_sent; /* no more will be */
    _Atomic bool done;
    size_t first_failed; /* the lowest index, from 1; 0: none */
    corbel_status first_status;
    const corbel_operation *first_operation;
    batch_failure *failures; /* each with a lower index than the next; the first is of first_failed, unless memory ran out */
} crb_batch_run;

static corbel_batch batch_no_memory; /* runtime NULL */

/* ---- life ---- */

corbel_batch *crb_batch_ref(corbel_batch *batch)
{
    if (batch != NULL && batch != &batch_no_memory) {
        atomic_fetch_add_explicit(&batch->refs, 1, memory_order_relaxed);
    }
    return batch;
}

void crb_batch_unref(corbel_batch *batch)
{
    if (batch != NULL && batch != &batch_no_memory && atomic_fetch_sub(&batch->refs, 1) == 1) {
        corbel_runtime *const runtime = batch->runtime;
        pthread_mutex_destroy(&batch->lock);
        free(batch);
        crb_runtime_unref_memory(runtime);
    }
}

corbel_batch *corbel_batch_new(corbel_runtime *runtime, corbel_batch_mode mode)
{
    corbel_batch *const batch = runtime == NULL || crb_forked() ? NULL : calloc(1, sizeof *batch);
    if (batch == NULL) {
        return &batch_no_memory;
    }
    atomic_init(&batch->refs, 1);
    batch->runtime = runtime;
    batch->mode = mode;
    pthread_mutex_init(&batch->lock, NULL);
    crb_runtime_ref_memory(runtime);
    return batch;
}

/* ---- entries ---- */

/** Completes a call that was not sent, unless it is complete. Takes value. No lock held. */
static void call_end(corbel_call *call, crb_outcome_value *value)
{
    if (call->guard == NULL) { /* it has failed when it was begun */
        corbel_error_clear(&value->error);
    } else if (call->peer == NULL) {
        atomic_fetch_add(&call->refs, 1); /* which is given back there */
        crb_call_complete(call, value);
    } else {
        crb_peer_lock(call->peer);
        if (!atomic_load(&call->done)) {
            crb_call_complete_locked(call, value);
        }
        crb_peer_unlock(call->peer);
        corbel_error_clear(&value->error);
    }
}

static void entry_free(batch_entry *entry)
{
    crb_start_clear(&entry->start);
    if (entry->call != NULL) {
        crb_call_unref(entry->call);
    }
    crb_operation_release(entry->operation);
    free(entry);
}

/** False: the batch was given back; the entry is still the caller's. */
static bool entry_add(corbel_batch *batch, batch_entry *entry)
{
    pthread_mutex_lock(&batch->lock);
    const bool open = !batch->closed;
    if (open) {
        entry->prev = batch->last;
        *(batch->last != NULL ? &batch->last->next : &batch->first) = entry;
        batch->last = entry;
        if (entry->call != NULL) {
            entry->call->batched = entry;
        }
    }
    pthread_mutex_unlock(&batch->lock);
    return open;
}

bool crb_batch_cancel(corbel_call *call)
{
    crb_outcome_value value = { .outcome = CRB_OUTCOME_ERROR, .error = CORBEL_ERROR_INIT };
    atomic_fetch_add(&call->refs, 1); /* the entry's goes */
    const bool waited = crb_batch_forget(call);
    if (waited && !atomic_load(&call->done)) {
        crb_fail(&value.error, CORBEL_CANCELLED, CORBEL_COMPLETED_NO, "%s::%s: cancelled by the caller",
                 call->operation->interface, call->operation->name);
        call_end(call, &value);
    }
    crb_call_unref(call);
    return waited;
}

bool crb_batch_forget(corbel_call *call)
{
    corbel_batch *const batch = call->batch;
    pthread_mutex_lock(&batch->lock);
    batch_entry *const entry = call->batched;
    if (entry != NULL) {
        *(entry->prev != NULL ? &entry->prev->next : &batch->first) = entry->next;
        *(entry->next != NULL ? &entry->next->prev : &batch->last) = entry->prev;
        call->batched = NULL;
    }
    pthread_mutex_unlock(&batch->lock);
    if (entry != NULL) {
        entry_free(entry);
    }
    return entry != NULL;
}

/** The whole list; its calls wait no more. */
static batch_entry *batch_take(corbel_batch *batch, bool close)
{
    pthread_mutex_lock(&batch->lock);
    batch_entry *const first = batch->first;
    batch->first = NULL;
    batch->last = NULL;
    batch->closed = batch->closed || close;
    for (batch_entry *entry = first; entry != NULL; entry = entry->next) {
        if (entry->call != NULL) {
            entry->call->batched = NULL;
        }
    }
    pthread_mutex_unlock(&batch->lock);
    return first;
}

/* ---- beginning ---- */

static corbel_status begin_fail_closed(const corbel_operation *operation, corbel_error *reterr)
{
    return crb_fail(reterr, CORBEL_MISUSE, CORBEL_COMPLETED_NO, "%s::%s: the batch of the reference was given back",
                    operation->interface, operation->name);
}

static corbel_status begin_no_memory(const corbel_operation *operation, corbel_error *reterr)
{
    return crb_fail(reterr, CORBEL_NO_MEMORY, CORBEL_COMPLETED_NO, "%s::%s: no memory for a call in a batch",
                    operation->interface, operation->name);
}

/** Everything but the call itself. NULL: reterr. */
static batch_entry *begin_entry(corbel_object *self, const corbel_operation *operation, const void *const *in,
                                corbel_error *reterr)
{
    batch_entry *const entry = self->batch == &batch_no_memory ? NULL : calloc(1, sizeof *entry);
    if (entry == NULL) {
        begin_no_memory(operation, reterr);
        return NULL;
    }
    entry->operation = operation;
    crb_operation_hold(operation);
    entry->deadline_ms = self->target == NULL ? 0 : crb_deadline_ms(self, operation);
    if (crb_start_prepare(self, operation, in, true, &entry->start, reterr)) {
        entry_free(entry);
        return NULL;
    }
    return entry;
}

corbel_call *crb_batch_begin(corbel_object *self, const corbel_operation *operation, const void *const *in, bool keep)
{
    corbel_error error = CORBEL_ERROR_INIT;
    batch_entry *entry = begin_entry(self, operation, in, &error);
    corbel_call *call = entry == NULL ? NULL : crb_call_new(operation, &entry->start);
    if (entry != NULL && call == NULL) {
        entry_free(entry);
        entry = NULL;
        begin_no_memory(operation, &error);
    }
    if (entry == NULL) { /* it has failed, and stands in the batch all the same: what comes behind it may have to be skipped */
        call = crb_call_failed(self, operation, &error);
        entry = call->operation == NULL || self->batch == &batch_no_memory ? NULL : calloc(1, sizeof *entry);
        if (entry == NULL) {
            return call;
        }
        entry->operation = operation;
        crb_operation_hold(operation);
    }
    call->deadline = CRB_NEVER; /* until it is run */
    call->unsent = true;
    call->keep = keep && call->peer != NULL;
    call->batch = crb_batch_ref(self->batch);
    entry->call = call;
    atomic_fetch_add(&call->refs, 1);
    if (entry_add(self->batch, entry)) {
        return call;
    }
    entry_free(entry);
    crb_call_unref(call);
    begin_fail_closed(operation, &error);
    return crb_call_failed(self, operation, &error);
}

corbel_status crb_batch_call(corbel_object *self, const corbel_operation *operation, const void *const *in, corbel_error *reterr)
{
    if ((operation->flags & CORBEL_ONEWAY) == 0) {
        return crb_fail(reterr, CORBEL_MISUSE, CORBEL_COMPLETED_NO,
                        "%s::%s called on a reference of a batch: calls in a batch are begun, and run by corbel_batch_run()",
                        operation->interface, operation->name);
    }
    corbel_error error = CORBEL_ERROR_INIT;
    batch_entry *const entry = begin_entry(self, operation, in, &error);
    if (entry == NULL) {
        const corbel_status status = error.status;
        crb_error_move(reterr, &error);
        return status;
    }
    if (entry->start.route != NULL) { /* which wants to know when it is over: it is a call whose answer nobody takes */
        entry->call = crb_call_new(operation, &entry->start);
        if (entry->call == NULL) {
            entry_free(entry);
            return begin_no_memory(operation, reterr);
        }
        entry->call->deadline = CRB_NEVER;
    }
    if (!entry_add(self->batch, entry)) {
        entry_free(entry);
        return begin_fail_closed(operation, reterr);
    }
    return CORBEL_OK;
}

/* ---- failures ---- */

/** False: no memory. What is counted is counted once more, under whatever lock. */
static bool failure_clone(const crb_outcome_value *from, crb_outcome_value *to)
{
    *to = (crb_outcome_value) { .outcome = from->outcome, .error = CORBEL_ERROR_INIT };
    if (from->outcome == CRB_OUTCOME_ERROR) {
        crb_error_copy(&to->error, &from->error);
        return true;
    }
    crb_error_add_hops(&to->error, &from->error);
    to->exception = strdup(from->exception);
    to->refs = from->n_refs == 0 ? NULL : calloc(from->n_refs, sizeof *to->refs);
    crb_buf_append(&to->body, from->body.data, from->body.len);
    if (to->exception == NULL || (to->refs == NULL && from->n_refs > 0) || to->body.failed) {
        corbel_error_clear(&to->error);
        free(to->exception);
        free(to->refs);
        crb_buf_clear(&to->body);
        return false;
    }
    for (size_t i = 0; i < from->n_refs; i++) {
        to->refs[i] = from->refs[i];
        if (to->refs[i].target != NULL) {
            crb_target_ref(to->refs[i].target);
        }
    }
    to->n_refs = from->n_refs;
    return true;
}

/** Under the guard of the run's calls, or where nobody else can note anything. value is borrowed. */
static void failure_note(crb_batch_run *run, size_t index, const corbel_operation *operation, const crb_outcome_value *value)
{
    const bool skipped = value->outcome == CRB_OUTCOME_ERROR && value->error.status == CORBEL_SKIPPED;
    if (value->outcome == CRB_OUTCOME_RESULT || skipped || (run->first_failed != 0 && run->first_failed < index)) {
        return; /* what is skipped was skipped for one that failed before */
    }
    batch_failure *const failure = malloc(sizeof *failure);
    run->first_failed = index;
    run->first_operation = operation;
    run->first_status = value->outcome == CRB_OUTCOME_EXCEPTION ? CORBEL_RAISED : value->error.status;
    if (failure != NULL && !failure_clone(value, &failure->value)) {
        free(failure);
    } else if (failure != NULL) {
        failure->index = index;
        failure->next = run->failures;
        run->failures = failure;
    }
}

void crb_batch_note_locked(corbel_call *call, const crb_outcome_value *value)
{
    crb_batch_run *const run = call->run;
    call->run = NULL;
    failure_note(run, call->index, call->operation, value);
    if (--run->left == 0 && run->all_sent) {
        atomic_store(&run->done, true);
        crb_io_wake(&run->wait.waiter);
    }
}

/** It will not be sent. run may be NULL. No lock held. */
static void entry_fail(batch_entry *entry, crb_batch_run *run, size_t index, corbel_status status, const char *message)
{
    crb_outcome_value value = { .outcome = CRB_OUTCOME_ERROR, .error = CORBEL_ERROR_INIT };
    corbel_call *const call = entry->call;
    crb_fail(&value.error, status, CORBEL_COMPLETED_NO, "%s::%s: %s", entry->operation->interface, entry->operation->name,
             message);
    if (run != NULL) {
        failure_note(run, index, entry->operation, &value);
    }
    if (call == NULL) {
        corbel_error_clear(&value.error);
    } else {
        call_end(call, &value);
    }
    crb_start_clear(&entry->start);
}

/* ---- running ---- */

static crb_peer *entry_peer(const batch_entry *entry)
{
    return crb_target_peer(entry->start.target);
}

/** Where the batch goes, and what of it cannot go there. */
static void run_sort(crb_batch_run *run, batch_entry *first)
{
    const batch_entry *leader = first;
    while (leader != NULL && leader->start.target == NULL) {
        leader = leader->next;
    }
    run->peer = leader == NULL ? NULL : entry_peer(leader);
    size_t index = 0;
    bool stopped = false;
    for (batch_entry *entry = first; entry != NULL; entry = entry->next) {
        index++;
        if (entry->start.target == NULL) {
            failure_note(run, index, entry->operation, &entry->call->value);
            stopped = run->stops;
        } else if (entry_peer(entry) != run->peer) {
            entry_fail(entry, run, index, CORBEL_MISUSE,
                       "the object is reached by another session than that of the batch's first call");
            stopped = run->stops;
        } else {
            entry->sends = !stopped;
        }
    }
}

/** Its time begins. False: it is complete already, as somebody has cancelled it. Under the guard of its call, if there is one. */
static bool entry_starts_locked(batch_entry *entry, crb_batch_run *run, size_t index)
{
    const crb_context *const context = crb_context_current();
    const uint32_t ms = entry->deadline_ms != 0 ? entry->deadline_ms : run->runtime->default_deadline_ms;
    uint64_t deadline = crb_after_ms(crb_now(), ms);
    if (context != NULL && context->deadline < deadline) {
        deadline = context->deadline;
    }
    entry->start.deadline = deadline;
    run->latest = deadline > run->latest ? deadline : run->latest;
    corbel_call *const call = entry->call;
    if (call == NULL) {
        return true;
    }
    if (atomic_load(&call->done)) {
        failure_note(run, index, entry->operation, &call->value);
        return false;
    }
    call->deadline = deadline;
    call->unsent = false;
    call->run = run;
    call->index = index;
    run->left++;
    if (call->timed) {
        crb_timer_set(&call->timer, deadline);
    }
    return true;
}

/** Are two calls of one lane, which keeps their order by itself? */
static bool entry_same_lane(const batch_entry *a, const batch_entry *b)
{
    return a->start.lane != 0 && a->start.lane == b->start.lane && a->call->target == b->start.target;
}

/** One in front of that call has failed, and that is the end. */
static bool run_has_stopped(const crb_batch_run *run, size_t index)
{
    return run->stops && run->first_failed != 0 && run->first_failed < index;
}

/** Under the peer's lock, which it lets go of while it waits for credit. before: the two-way call sent last, or NULL. Anything
 *  but CORBEL_OK: it was not sent; CORBEL_SKIPPED: another one has failed. */
static corbel_status entry_send_locked(batch_entry *entry, crb_batch_run *run, size_t index, const batch_entry *before,
                                       bool guard, crb_ref_out *refs, corbel_error *reterr)
{
    for (;;) {
        if (entry->call != NULL && atomic_load(&entry->call->done)) {
            return CORBEL_CANCELLED; /* while it waited for credit */
        }
        if (run_has_stopped(run, index)) {
            return crb_fail(reterr, CORBEL_SKIPPED, CORBEL_COMPLETED_NO, "%s", corbel_status_text(CORBEL_SKIPPED));
        }
        const crb_send_after after = { .call = run->ordered ? before->call : NULL, .anyway = !run->stops, .guard = guard };
        const corbel_status status = crb_start_send_locked(&entry->start, entry->operation, &after, entry->call, refs, reterr);
        if (status != CORBEL_WOULD_BLOCK) {
            return status;
        }
        corbel_error_clear(reterr); /* it only had to wait */
        if (!crb_peer_wait_lending_locked(run->peer, &run->wait, entry->start.deadline) && crb_now() >= entry->start.deadline) {
            return crb_fail(reterr, CORBEL_DEADLINE, CORBEL_COMPLETED_NO,
                            "the deadline passed while waiting for the peer to take what was sent before");
        }
    }
}

/** Returns whether it was sent. Under the peer's lock, as above. */
static bool run_send_locked(crb_batch_run *run, batch_entry *entry, size_t index, const batch_entry *before)
{
    crb_outcome_value value = { .outcome = CRB_OUTCOME_ERROR, .error = CORBEL_ERROR_INIT };
    crb_ref_out few[8];
    const size_t n_refs = entry->start.refs.len;
    crb_ref_out *const refs = n_refs <= sizeof few / sizeof few[0] ? few : calloc(n_refs, sizeof *refs);
    corbel_status status = CORBEL_OK;
    if (!entry_starts_locked(entry, run, index)) {
        return false;
    }
    /* A call that waits for another is in no lane yet: what comes behind it has to wait, too. */
    run->ordered = before != NULL && (run->stops || run->ordered || !entry_same_lane(before, entry));
    if (refs == NULL) {
        status = begin_no_memory(entry->operation, &value.error);
    } else if (n_refs > 0) {
        status = crb_refs_may_leave(entry->start.refs.items, n_refs, CORBEL_INVALID_ARGUMENT, CORBEL_COMPLETED_NO, &value.error);
    }
    if (status == CORBEL_OK) {
        const bool guard = run->stops && entry->next != NULL && entry->next->sends;
        status = entry_send_locked(entry, run, index, before, guard, refs, &value.error);
    }
    if (refs != few) {
        free(refs);
    }
    if (status == CORBEL_OK) {
        return true;
    }
    if (entry->call != NULL && atomic_load(&entry->call->done)) {
        corbel_error_clear(&value.error);
    } else if (entry->call != NULL) {
        crb_call_complete_locked(entry->call, &value);
    } else {
        failure_note(run, index, entry->operation, &value);
        corbel_error_clear(&value.error);
    }
    return false;
}

/** The thread lends itself to the chains of all the calls. No lock held. */
static void run_lend(crb_batch_run *run, batch_entry *first)
{
    pthread_mutex_lock(&run->runtime->dispatch_lock);
    for (batch_entry *entry = first; entry != NULL; entry = entry->next) {
        if (entry->sends && entry->call != NULL) {
            crb_wait_lend_locked(&run->wait, &entry->lent, entry->start.chain);
        }
    }
    pthread_mutex_unlock(&run->runtime->dispatch_lock);
}

static void run_keep(crb_batch_run *run, batch_entry *first)
{
    pthread_mutex_lock(&run->runtime->dispatch_lock);
    for (batch_entry *entry = first; entry != NULL; entry = entry->next) {
        if (entry->sends && entry->call != NULL) {
            crb_wait_keep_locked(&run->wait, &entry->lent);
        }
    }
    pthread_mutex_unlock(&run->runtime->dispatch_lock);
}

static void run_remote(crb_batch_run *run, batch_entry *first)
{
    const batch_entry *before = NULL;
    size_t index = 0;
    crb_wait_begin(&run->wait, run->runtime, 0);
    run_lend(run, first);
    crb_peer_lock(run->peer);
    for (batch_entry *entry = first; entry != NULL; entry = entry->next) {
        index++;
        if (entry->sends && run_send_locked(run, entry, index, before) && entry->call != NULL) {
            before = entry;
        }
    }
    run->all_sent = true;
    const bool nothing = run->left == 0;
    crb_peer_unlock(run->peer);
    for (const batch_entry *entry = first; entry != NULL && crb_context_current() != NULL; entry = entry->next) {
        if (entry->sends && entry->call != NULL) {
            crb_cancel_under_current(entry->call);
        }
    }
    if (!nothing && !crb_wait_until(&run->wait, &run->done, &run->peer->lock, run->latest)) {
        crb_peer_lock(run->peer);
        if (!atomic_load(&run->done)) {
            crb_session_tick(run->peer->session, crb_now()); /* the deadlines have passed: they complete here */
            crb_peer_settle_locked(run->peer);
        }
        crb_peer_unlock(run->peer);
        crb_wait_until(&run->wait, &run->done, &run->peer->lock, CRB_NEVER);
    }
    run_keep(run, first);
    crb_wait_end(&run->wait);
}

/** One call in this process, to its end. */
static void run_local_call(crb_batch_run *run, batch_entry *entry, size_t index)
{
    corbel_call *const call = entry->call;
    crb_incoming incoming = crb_start_incoming(&entry->start, entry->operation, call, false);
    atomic_fetch_add(&call->refs, 1); /* the request's */
    if (!entry->start.shares_lane && entry->start.route == NULL && crb_host_get()->call_direct(run->runtime, &incoming)) {
        crb_start_handed_over(&entry->start);
    } else {
        atomic_fetch_sub(&call->refs, 1);
        crb_call_queue(&entry->start, entry->operation, call);
    }
    if (!atomic_load(&call->done)) {
        crb_cancel_under_current(call);
    }
    if (atomic_load(&call->done) || crb_call_wait_local(call)) {
        return;
    }
    crb_outcome_value late = { .outcome = CRB_OUTCOME_ERROR, .error = CORBEL_ERROR_INIT };
    crb_fail(&late.error, CORBEL_DEADLINE, CORBEL_COMPLETED_MAYBE, "%s", corbel_status_text(CORBEL_DEADLINE));
    pthread_mutex_lock(call->guard);
    if (call->run != NULL) {
        call->run = NULL;
        run->left--;
        failure_note(run, index, entry->operation, &late);
    }
    pthread_mutex_unlock(call->guard);
    corbel_error_clear(&late.error);
}

static void run_local(crb_batch_run *run, batch_entry *first)
{
    size_t index = 0;
    for (batch_entry *entry = first; entry != NULL; entry = entry->next) {
        index++;
        entry->sends = entry->sends && !run_has_stopped(run, index);
        if (!entry->sends) {
            continue;
        }
        if (entry->start.route != NULL && crb_promise_waits(entry->start.route)) {
            entry->sends = false;
            entry_fail(entry, run, index, CORBEL_MISUSE, "it is called on what another batch promises, which was not run yet");
            continue;
        }
        pthread_mutex_lock(&run->runtime->dispatch_lock);
        const bool starts = entry_starts_locked(entry, run, index);
        pthread_mutex_unlock(&run->runtime->dispatch_lock);
        if (entry->call == NULL) {
            crb_call_queue(&entry->start, entry->operation, NULL);
        } else if (starts) {
            run_local_call(run, entry, index);
        }
    }
}

/** Everything is complete: says what became of it. */
static corbel_status run_tell(crb_batch_run *run, corbel_error *reterr)
{
    if (run->first_failed == 0) {
        return CORBEL_OK;
    }
    corbel_error error = CORBEL_ERROR_INIT;
    batch_failure *const first = run->failures;
    corbel_status status = run->first_status;
    if (first != NULL && first->index == run->first_failed) {
        status = crb_outcome_take(run->runtime, run->first_operation, &first->value, NULL, &error);
    } else {
        crb_fail(&error, status, CORBEL_COMPLETED_MAYBE, "%s", corbel_status_text(status));
    }
    crb_error_reword(&error, "call %zu of %zu of the batch, %s::%s: %s", run->first_failed, run->n,
                     run->first_operation->interface, run->first_operation->name, error.message);
    crb_error_move(reterr, &error);
    while (run->failures != NULL) {
        batch_failure *const failure = run->failures;
        run->failures = failure->next;
        crb_outcome_clear(&failure->value);
        free(failure);
    }
    return status;
}

corbel_status corbel_batch_run(corbel_batch *self, corbel_error *reterr)
{
    if (self == NULL || self == &batch_no_memory) {
        return crb_fail(reterr, self == NULL ? CORBEL_MISUSE : CORBEL_NO_MEMORY, CORBEL_COMPLETED_NO, "corbel_batch_run(): %s",
                        self == NULL ? "no batch" : "no memory for the batch");
    }
    if (crb_forked()) {
        return crb_fail_forked(reterr, "corbel_batch_run()");
    }
    batch_entry *first = batch_take(self, false);
    crb_batch_run run = { .runtime = self->runtime, .stops = self->mode == CORBEL_BATCH_STOP_AT_FIRST_ERROR };
    for (const batch_entry *entry = first; entry != NULL; entry = entry->next) {
        run.n++;
    }
    run_sort(&run, first);
    if (run.peer != NULL) {
        run_remote(&run, first);
    } else {
        run_local(&run, first);
    }
    size_t index = 0;
    while (first != NULL) {
        batch_entry *const next = first->next;
        index++;
        if (!first->sends && first->start.target != NULL) {
            entry_fail(first, &run, index, CORBEL_SKIPPED, corbel_status_text(CORBEL_SKIPPED));
        }
        entry_free(first);
        first = next;
    }
    return run_tell(&run, reterr);
}

corbel_batch *corbel_batch_unref(corbel_batch *self)
{
    if (self == NULL || self == &batch_no_memory || crb_forked()) {
        return NULL;
    }
    batch_entry *first = batch_take(self, true);
    while (first != NULL) {
        batch_entry *const next = first->next;
        entry_fail(first, NULL, 0, CORBEL_CANCELLED, "the batch was given back before it was run");
        entry_free(first);
        first = next;
    }
    crb_batch_unref(self);
    return NULL;
}
