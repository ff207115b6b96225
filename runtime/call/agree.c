/** Do caller and callee mean the same by an interface?
 *
 *  A reference comes with the fingerprint that its interface has where the object is. Where it is ours, and where nothing is
 * known of it, nothing is asked. Else the object's process is asked once for its description, by whoever calls first; others wait
 * for that. It is compared with our tables operation by operation, and the outcome is kept with the peer, for each of our
 * interfaces and each fingerprint there. Calls that both sides understand go on as ever; the others fail here, before anything is
 * sent.
 *
 *  The question goes to the object itself (corbel::Object::daemon, then corbel::Daemon::describe), so it finds its way through
 *  processes that only pass calls on. Who cannot answer (an older peer, one that hides its interfaces) breaks nothing: then what
 * does not fit is found when it is read. */
#include "runtime/base/clock.h"
#include "runtime/base/fail.h"
#include "runtime/call/call_impl.h"
#include "runtime/describe/describe.h"

#include <stdlib.h>
#include <string.h>

/* Asking takes at most half of the caller's time, and this: a peer that does not answer must not stop calls. */
#define AGREE_MOST (5 * CRB_SECOND)
/* Who had less than this learned nothing about the peer by waiting in vain. */
#define AGREE_LEAST CRB_SECOND
/* A peer can send any number of fingerprints: the oldest are forgotten. */
#define AGREE_KEPT 64u

enum { AGREE_TEXT = 400 };

/** An operation of ours that is another one there. */
typedef struct agree_difference {
    struct agree_difference *next;
    const corbel_operation *operation;
    corbel_status status;
    char text[];
} agree_difference;

typedef struct crb_agreement {
    struct crb_agreement *next;
    const corbel_interface *here;
    uint64_t there;
    bool known; /* else somebody is asking */
    agree_difference *differences;
} crb_agreement;

static void agree_free(crb_agreement *agreement)
{
    while (agreement->differences != NULL) {
        agree_difference *const next = agreement->differences->next;
        free(agreement->differences);
        agreement->differences = next;
    }
    free(agreement);
}

void crb_agreements_free(crb_peer *peer)
{
    while (peer->agreements != NULL) {
        crb_agreement *const next = peer->agreements->next;
        agree_free(peer->agreements);
        peer->agreements = next;
    }
}

/* ---- under the peer's lock ---- */

static crb_agreement *agree_find_locked(const crb_peer *peer, const corbel_interface *here, uint64_t there)
{
    crb_agreement *agreement = peer->agreements;
    while (agreement != NULL && (agreement->here != here || agreement->there != there)) {
        agreement = agreement->next;
    }
    return agreement;
}

/** The caller is the one to ask. NULL: no memory. */
static crb_agreement *agree_begin_locked(crb_peer *peer, const corbel_interface *here, uint64_t there)
{
    uint32_t n = 0;
    crb_agreement **oldest = NULL;
    for (crb_agreement **at = &peer->agreements; *at != NULL; at = &(*at)->next) {
        n++;
        oldest = (*at)->known ? at : oldest;
    }
    if (n >= AGREE_KEPT && oldest != NULL) {
        crb_agreement *const gone = *oldest;
        *oldest = gone->next;
        agree_free(gone);
    }
    crb_agreement *const agreement = calloc(1, sizeof *agreement);
    if (agreement != NULL) {
        agreement->here = here;
        agreement->there = there;
        agreement->next = peer->agreements;
        peer->agreements = agreement;
    }
    return agreement;
}

static void agree_forget_locked(crb_peer *peer, crb_agreement *agreement)
{
    crb_agreement **at = &peer->agreements;
    while (*at != agreement) {
        at = &(*at)->next;
    }
    *at = agreement->next;
    agree_free(agreement);
}

/** What was found out about the operation. */
static corbel_status agree_verdict(const crb_agreement *agreement, const corbel_operation *operation, corbel_error *reterr)
{
    for (const agree_difference *at = agreement->differences; at != NULL; at = at->next) {
        if (strcmp(at->operation->name, operation->name) == 0 && strcmp(at->operation->interface, operation->interface) == 0) {
            return crb_fail(reterr, at->status, CORBEL_COMPLETED_NO, "%s::%s: %s (its IDL differs between caller and callee)",
                            operation->interface, operation->name, at->text);
        }
    }
    return CORBEL_OK;
}

/* ---- asking ---- */

/** The description of here's name by the process that has the object. */
static corbel_status agree_ask(corbel_runtime *runtime, crb_target *target, const char *name, uint64_t there, uint64_t deadline,
                               corbel_InterfaceDescription **ret, corbel_error *reterr)
{
    /* In the caller's chain: where that waits for us in a process with few workers, the same thread answers. */
    const crb_context *const outer = crb_context_current();
    crb_context asking = { .runtime = runtime,
                           .chain = outer == NULL ? crb_random_id() : outer->chain,
                           .deadline = deadline,
                           .hop = outer == NULL ? 0 : outer->hop,
                           .apart = true };
    corbel_object *const object = crb_object_new(crb_target_ref(target), NULL); /* as no interface: nothing is asked about it */
    corbel_object *server = NULL;
    if (object == NULL) {
        return crb_fail(reterr, CORBEL_NO_MEMORY, CORBEL_COMPLETED_NO, "no memory for a reference");
    }
    crb_context_enter(&asking);
    void *const out[] = { &server };
    corbel_status status = corbel_stub_call(object, &crb_object_daemon, NULL, out, reterr);
    if (status == CORBEL_OK && server == NULL) {
        status = crb_fail(reterr, CORBEL_UNIMPLEMENTED, CORBEL_COMPLETED_NO, "the object's process has no corbel.Daemon");
    }
    if (status == CORBEL_OK) {
        status = corbel_Daemon_describe((corbel_Daemon *)server, name, there, ret, reterr);
    }
    crb_context_leave(&asking);
    corbel_object_unref(server);
    corbel_object_unref(object);
    return status;
}

static const corbel_operation *agree_same_there(const corbel_interface *there, const corbel_operation *here)
{
    for (uint32_t i = 0; i < there->n_methods; i++) {
        const corbel_operation *const one = there->methods[i].operation;
        if (strcmp(one->name, here->name) == 0 && strcmp(one->interface, here->interface) == 0) {
            return one;
        }
    }
    return NULL;
}

/** Compares all operations; ret is what differs. Without memory for a difference it is left out. */
static void agree_compare(const corbel_interface *here, const corbel_interface *there, agree_difference **ret)
{
    for (uint32_t i = 0; i < here->n_methods; i++) {
        const corbel_operation *const ours = here->methods[i].operation;
        const corbel_operation *const theirs = agree_same_there(there, ours);
        char text[AGREE_TEXT];
        if (theirs != NULL && theirs->fingerprint == ours->fingerprint && ours->fingerprint != 0) {
            continue;
        }
        if (crb_operations_agree(ours, theirs, text, sizeof text)) {
            continue;
        }
        const size_t size = strlen(text) + 1;
        agree_difference *const difference = malloc(sizeof *difference + size);
        if (difference != NULL) {
            difference->operation = ours;
            difference->status = theirs == NULL ? CORBEL_UNIMPLEMENTED : CORBEL_MISMATCH;
            memcpy(difference->text, text, size);
            difference->next = *ret;
            *ret = difference;
        }
    }
}

/** A failure that says nothing about the peer's IDL, and may not come again. */
static bool agree_is_passing(corbel_status status, uint64_t allowed)
{
    switch (status) {
    case CORBEL_DEADLINE:
        return allowed < AGREE_LEAST;
    case CORBEL_NO_MEMORY:
    case CORBEL_CANCELLED:
    case CORBEL_UNREACHABLE:
    case CORBEL_WOULD_BLOCK:
    case CORBEL_OVERLOADED:
    case CORBEL_DRAINING:
    case CORBEL_GONE:
        return true;
    default:
        return false;
    }
}

/** False: nothing was learned. True: differences has what is known; nothing, too, when the peer cannot say. */
static bool agree_learn(corbel_runtime *runtime, crb_target *target, const corbel_interface *here, uint64_t there,
                        uint64_t deadline, agree_difference **differences)
{
    const uint64_t now = crb_now();
    const uint64_t half = deadline <= now ? 0 : (deadline - now) / 2;
    const uint64_t allowed = half > AGREE_MOST ? AGREE_MOST : half;
    corbel_InterfaceDescription *description = NULL;
    crb_tables *tables = NULL;
    corbel_error error = CORBEL_ERROR_INIT;
    corbel_status status = agree_ask(runtime, target, here->name, there, now + allowed, &description, &error);
    /* Another fingerprint: the one that the reference came with is not there any more. */
    if (status == CORBEL_OK && description->fingerprint == there && strcmp(description->name, here->name) == 0) {
        status = crb_tables_new(description, NULL, &tables, &error);
    }
    corbel_error_clear(&error);
    if (tables != NULL) {
        agree_compare(here, crb_tables_interface(tables), differences);
    }
    crb_tables_free(tables);
    corbel_InterfaceDescription_free(description);
    return status == CORBEL_OK || !agree_is_passing(status, allowed);
}

/* ---- all of it ---- */

static corbel_status agree_slowly(crb_target *target, const corbel_interface *here, uint64_t there,
                                  const corbel_operation *operation, uint64_t deadline, corbel_error *reterr)
{
    crb_peer *const peer = target->import.peer;
    corbel_status status = CORBEL_OK;
    bool waited = false;
    crb_peer_lock(peer);
    crb_agreement *agreement = agree_find_locked(peer, here, there);
    while (agreement != NULL && !agreement->known && status == CORBEL_OK) {
        waited = true;
        if (!crb_peer_wait_locked(peer, deadline) && crb_now() >= deadline) {
            status = crb_fail(reterr, CORBEL_DEADLINE, CORBEL_COMPLETED_NO,
                              "%s::%s: the deadline passed while the callee was asked for its version of the IDL",
                              operation->interface, operation->name);
        }
        agreement = agree_find_locked(peer, here, there);
    }
    if (status != CORBEL_OK || (agreement == NULL && waited)) {
        crb_peer_unlock(peer); /* too late; or who asked learned nothing: this call goes on as it is */
        return status;
    }
    if (agreement == NULL && (agreement = agree_begin_locked(peer, here, there)) != NULL) {
        agree_difference *differences = NULL;
        crb_peer_unlock(peer);
        const bool learned = agree_learn(target->runtime, target, here, there, deadline, &differences);
        crb_peer_lock(peer);
        agreement->known = true; /* it is still there: only known ones are forgotten */
        agreement->differences = differences;
        if (!learned) {
            agree_forget_locked(peer, agreement);
            agreement = NULL;
        }
        crb_peer_changed_locked(peer);
    }
    if (agreement != NULL && agreement->differences == NULL) {
        atomic_store(&target->import.agreed, here);
    } else if (agreement != NULL) {
        status = agree_verdict(agreement, operation, reterr);
    }
    crb_peer_unlock(peer);
    return status;
}

corbel_status crb_agree(const corbel_object *self, crb_target *target, const corbel_operation *operation, uint64_t deadline,
                        corbel_error *reterr)
{
    const corbel_interface *const here = self->agree;
    if (here == NULL || strcmp(operation->interface, crb_object_is_a.interface) == 0) {
        return CORBEL_OK;
    }
    const uint64_t there = crb_target_fingerprint(target, here->name);
    if (there == 0 || there == here->fingerprint || here->fingerprint == 0) {
        atomic_store(&target->import.agreed, here);
        return CORBEL_OK;
    }
    return agree_slowly(target, here, there, operation, deadline, reterr);
}
