/** Targets and references: making, counting, ending them. */
#include "runtime/call/target.h"

#include "runtime/base/clock.h"
#include "runtime/base/fail.h"
#include "runtime/base/fork.h"
#include "runtime/call/batch.h"
#include "runtime/call/promise.h"
#include "runtime/call/watch.h"
#include "runtime/describe/describe.h"

#include <corbel/dynamic.h>
#include <stdlib.h>
#include <string.h>

static crb_target *target_new(corbel_runtime *runtime, crb_target_kind kind)
{
    crb_target *const target = calloc(1, sizeof *target);
    if (target != NULL) {
        atomic_init(&target->refs, 1);
        target->kind = kind;
        target->runtime = runtime;
        target->key = (uintptr_t)target;
        crb_runtime_ref_memory(runtime);
    }
    return target;
}

crb_target *crb_target_new_local(corbel_runtime *runtime, corbel_skeleton skeleton, void *self, corbel_finalizer finalize)
{
    crb_target *const target = target_new(runtime, CRB_TARGET_LOCAL);
    if (target != NULL) {
        target->local.skeleton = skeleton;
        target->local.self = self;
        target->local.finalize = finalize;
        const uint64_t key[2] = { crb_random_id(), crb_random_id() };
        memcpy(target->local.key, key, sizeof target->local.key);
    }
    return target;
}

crb_target *crb_target_new_uri(corbel_runtime *runtime, const corbel_interface *interface, const char *text, crb_uri *uri)
{
    char *const copy = strdup(text);
    crb_target *const target = copy == NULL ? NULL : target_new(runtime, CRB_TARGET_URI);
    if (target == NULL) {
        free(copy);
        return NULL;
    }
    target->uri.text = copy;
    target->key = 14695981039346656037u;
    for (const char *at = copy; *at != '\0'; at++) {
        target->key = (target->key ^ (uint8_t)*at) * 1099511628211u;
    }
    target->uri.uri = *uri;
    *uri = (crb_uri) { 0 };
    target->uri.interface = crb_interface_is_counted(interface) ? NULL : interface; /* it may go before the target */
    pthread_mutex_init(&target->uri.bind_lock, NULL);
    return target;
}

crb_target *crb_target_new_promise(corbel_runtime *runtime)
{
    return target_new(runtime, CRB_TARGET_PROMISE);
}

crb_peer *crb_target_peer(const crb_target *target)
{
    return target->kind == CRB_TARGET_IMPORT    ? target->import.peer
           : target->kind == CRB_TARGET_PROMISE ? target->promise.peer
                                                : NULL;
}

bool crb_target_try_ref(crb_target *target)
{
    uint32_t refs = atomic_load_explicit(&target->refs, memory_order_relaxed);
    while (refs != 0) {
        if (atomic_compare_exchange_weak(&target->refs, &refs, refs + 1)) {
            return true;
        }
    }
    return false;
}

uint64_t crb_target_fingerprint(const crb_target *target, const char *interface)
{
    if (target->kind == CRB_TARGET_LOCAL) {
        const corbel_interface *const found = crb_interface_find(target->local.skeleton.interface, interface);
        return found == NULL ? 0 : found->fingerprint;
    }
    if (target->kind == CRB_TARGET_IMPORT) {
        if (strcmp(target->import.interface, interface) == 0) {
            return target->import.fingerprint;
        }
        for (const crb_known *known = atomic_load(&target->import.others); known != NULL; known = known->next) {
            if (strcmp(known->interface, interface) == 0) {
                return known->fingerprint;
            }
        }
    }
    return 0;
}

/** Under no lock or the peer's; several threads may. */
static void target_learn(crb_target *target, const char *interface, uint64_t fingerprint)
{
    if (fingerprint == 0 || crb_target_fingerprint(target, interface) != 0) {
        return;
    }
    const size_t size = strlen(interface) + 1;
    crb_known *const known = malloc(sizeof *known + size);
    if (known != NULL) { /* without memory it stays unknown */
        known->fingerprint = fingerprint;
        memcpy(known->interface, interface, size);
        known->next = atomic_load(&target->import.others);
        while (!atomic_compare_exchange_weak(&target->import.others, &known->next, known)) {
        }
        atomic_store(&target->import.agreed, NULL);
    }
}

crb_target *crb_target_for_import_locked(crb_peer *peer, crb_import *import, const char *interface, uint64_t fingerprint)
{
    crb_target *target = crb_import_user(import);
    if (target != NULL && crb_target_try_ref(target)) {
        target->import.receipts++;
        target_learn(target, interface, fingerprint);
        return target;
    }
    target = target_new(peer->runtime, CRB_TARGET_IMPORT);
    char *const name = strdup(interface);
    if (target == NULL || name == NULL) {
        if (target != NULL) {
            crb_runtime_unref_memory(target->runtime);
        }
        free(target);
        free(name);
        crb_session_release(peer->session, import, 1);
        return NULL;
    }
    target->import.peer = crb_peer_ref(peer);
    target->import.import = import;
    target->import.receipts = 1;
    target->import.interface = name;
    target->import.fingerprint = fingerprint;
    crb_import_set_user(import, target); /* the one before, if any, is dying and gives back its own receipts */
    return target;
}

crb_target *crb_target_ref(crb_target *target)
{
    atomic_fetch_add_explicit(&target->refs, 1, memory_order_relaxed);
    return target;
}

void crb_target_unref(crb_target *target)
{
    if (target != NULL && atomic_fetch_sub(&target->refs, 1) == 1) {
        crb_target_destroy(target);
    }
}

static void target_free(crb_target *target)
{
    corbel_runtime *const runtime = target->runtime;
    free(target);
    crb_runtime_unref_memory(runtime);
}

static void target_finalize(crb_work *work)
{
    crb_target *const target = (crb_target *)((char *)work - offsetof(crb_target, local.finalizer));
    if (target->local.finalize != NULL) {
        target->local.finalize(target->local.self);
    }
    target_free(target);
}

static void target_release_import(crb_target *target)
{
    crb_peer *const peer = target->import.peer;
    crb_peer_lock(peer);
    if (crb_import_user(target->import.import) == target) {
        crb_import_set_user(target->import.import, NULL);
    }
    crb_session_release(peer->session, target->import.import, target->import.receipts);
    crb_peer_unlock(peer);
    crb_peer_unref(peer);
    free(target->import.interface);
    for (crb_known *known = atomic_load(&target->import.others); known != NULL;) {
        crb_known *const next = known->next;
        free(known);
        known = next;
    }
}

void crb_target_destroy(crb_target *target)
{
    switch (target->kind) {
    case CRB_TARGET_LOCAL:
        if (target->gate != NULL) {
            crb_host_get()->gate_put(target);
        }
        free(target->local.id);
        corbel_interface_unref(target->local.skeleton.interface);
        free((void *)(uintptr_t)target->local.raw);
        if (target->local.finalize == NULL) {
            break;
        }
        target->local.finalizer.run = target_finalize;
        crb_host_get()->post(target->runtime, &target->local.finalizer); /* only the host makes local targets */
        return;
    case CRB_TARGET_IMPORT:
        target_release_import(target);
        break;
    case CRB_TARGET_URI:
        crb_target_unref(target->uri.bound);
        pthread_mutex_destroy(&target->uri.bind_lock);
        crb_uri_clear(&target->uri.uri);
        free(target->uri.text);
        break;
    case CRB_TARGET_PROMISE:
        crb_promise_destroy(target);
        break;
    }
    target_free(target);
}

const corbel_interface *crb_interface_find(const corbel_interface *interface, const char *name)
{
    if (name[0] == '\0' || interface->name[0] == '\0' || strcmp(interface->name, name) == 0) {
        return interface; /* one without a name is whatever it is taken for: see corbel_raw_new() */
    }
    for (const corbel_interface *const *base = interface->bases; base != NULL && *base != NULL; base++) {
        if (strcmp((*base)->name, name) == 0) {
            return *base;
        }
    }
    return NULL;
}

bool crb_interface_is_a(const corbel_interface *interface, const char *name)
{
    return crb_interface_find(interface, name) != NULL;
}

/* ---- references ---- */

static corbel_object object_no_memory, object_nil; /* target NULL */

corbel_object *crb_object_nil(void)
{
    return &object_nil;
}

corbel_object *crb_object_no_memory(void)
{
    return &object_no_memory;
}

corbel_object *crb_object_new(crb_target *target, const corbel_interface *interface)
{
    corbel_object *const object = calloc(1, sizeof *object);
    if (object == NULL) {
        crb_target_unref(target);
        return NULL;
    }
    atomic_init(&object->refs, 1);
    if (crb_interface_is_counted(interface)) {
        interface = NULL; /* it may go before the reference */
    }
    object->target = target;
    object->interface = interface;
    object->agree = interface;
    return object;
}

corbel_object *corbel_object_ref(corbel_object *self)
{
    if (self != NULL && self->target != NULL) {
        atomic_fetch_add_explicit(&self->refs, 1, memory_order_relaxed);
    }
    return self;
}

corbel_object *corbel_object_unref(corbel_object *self)
{
    if (self != NULL && self->target != NULL && !crb_forked() && atomic_fetch_sub(&self->refs, 1) == 1) {
        if (atomic_load(&self->watches) != NULL) {
            crb_watch_forget(self);
        }
        crb_target_unref(self->target);
        corbel_lane_unref(self->lane);
        crb_batch_unref(self->batch);
        corbel_context_unref(self->context);
        corbel_context_unref(self->reply);
        free(self);
    }
    return NULL;
}

/** False: no memory. */
static bool object_take_contexts(corbel_object *self, const corbel_options *options)
{
    if (options->size >= offsetof(corbel_options, context) + sizeof options->context && options->context != NULL) {
        corbel_context *const merged = crb_carried_merge(self->context, options->context);
        if (merged == NULL) {
            return false;
        }
        corbel_context_unref(self->context);
        self->context = merged;
    }
    if (options->size >= offsetof(corbel_options, reply) + sizeof options->reply && options->reply != NULL) {
        corbel_context_unref(self->reply);
        self->reply = crb_carried_ref(options->reply);
    }
    return true;
}

corbel_object *corbel_object_with(corbel_object *self, const corbel_options *options)
{
    if (self == NULL || self->target == NULL) {
        return crb_object_no_memory();
    }
    corbel_object *const derived = crb_object_new(crb_target_ref(self->target), self->interface);
    if (derived == NULL) {
        return crb_object_no_memory();
    }
    derived->agree = self->agree;
    derived->deadline_ms = self->deadline_ms;
    derived->wait_for_credit = self->wait_for_credit;
    derived->wait_for_ready = self->wait_for_ready;
    derived->overlap = self->overlap;
    derived->no_retry = self->no_retry;
    derived->lane = corbel_lane_ref(self->lane);
    corbel_batch *batch = self->batch;
    derived->context = crb_carried_ref(self->context);
    derived->reply = crb_carried_ref(self->reply);
    if (options != NULL) {
        if (options->size >= offsetof(corbel_options, deadline_ms) + sizeof options->deadline_ms && options->deadline_ms != 0) {
            derived->deadline_ms = options->deadline_ms;
        }
        if (options->size >= offsetof(corbel_options, wait_for_credit) + sizeof options->wait_for_credit) {
            derived->wait_for_credit = derived->wait_for_credit || options->wait_for_credit;
        }
        if (options->size >= offsetof(corbel_options, wait_for_ready) + sizeof options->wait_for_ready) {
            derived->wait_for_ready = derived->wait_for_ready || options->wait_for_ready;
        }
        if (options->size >= offsetof(corbel_options, overlap) + sizeof options->overlap) {
            derived->overlap = derived->overlap || options->overlap;
        }
        if (options->size >= offsetof(corbel_options, lane) + sizeof options->lane && options->lane != NULL) {
            corbel_lane_unref(derived->lane);
            derived->lane = corbel_lane_ref(options->lane);
            derived->overlap = false; /* the younger wish */
        }
        if (options->size >= offsetof(corbel_options, batch) + sizeof options->batch && options->batch != NULL) {
            batch = options->batch;
        }
        if (options->size >= offsetof(corbel_options, no_retry) + sizeof options->no_retry) {
            derived->no_retry = derived->no_retry || options->no_retry;
        }
        if (!object_take_contexts(derived, options)) {
            corbel_object_unref(derived);
            return crb_object_no_memory();
        }
    }
    derived->batch = crb_batch_ref(batch);
    return derived;
}

void crb_target_name_local_locked(const crb_target *target, char *out, size_t max)
{
    const char *const id = target->local.id;
    (void)snprintf(out, max, "%s", id == NULL ? "" : id);
    if (out[0] == '\0') { /* its key is a right to call: four bytes of a hash tell objects apart, and no more */
        uint32_t hash = 2166136261u;
        for (size_t i = 0; i < sizeof target->local.key; i++) {
            hash = (hash ^ target->local.key[i]) * 16777619u;
        }
        const char *const name = target->local.skeleton.interface->name;
        (void)snprintf(out, max, "%s#%08x", *name == '\0' ? "any" : name, hash);
    }
}

void crb_target_name(const crb_target *target, char *out, size_t max)
{
    const char *name = "";
    out[0] = '\0';
    if (target->kind == CRB_TARGET_LOCAL) {
        pthread_mutex_lock(&target->runtime->dispatch_lock);
        crb_target_name_local_locked(target, out, max);
        pthread_mutex_unlock(&target->runtime->dispatch_lock);
        return;
    }
    if (target->kind == CRB_TARGET_IMPORT) {
        name = target->import.interface;
    } else if (target->kind == CRB_TARGET_PROMISE) {
        name = target->promise.interface == NULL ? "" : target->promise.interface->name;
    } else if (target->uri.uri.id != NULL) {
        name = target->uri.uri.id;
    }
    (void)snprintf(out, max, "%s", name);
}

/** What a URI was found to be, if that still holds; counted. */
static crb_target *target_bound(crb_target *target)
{
    if (target->kind == CRB_TARGET_PROMISE) {
        crb_target *const known = crb_promise_known(target);
        return known != NULL ? known : crb_target_ref(target);
    }
    if (target->kind != CRB_TARGET_URI) {
        return crb_target_ref(target);
    }
    pthread_mutex_lock(&target->uri.bind_lock);
    crb_target *const bound = crb_target_ref(target->uri.bound != NULL ? target->uri.bound : target);
    pthread_mutex_unlock(&target->uri.bind_lock);
    return bound;
}

void crb_target_learn(crb_target *target, const char *interface, uint64_t fingerprint)
{
    crb_target *const bound = target_bound(target);
    if (bound->kind == CRB_TARGET_IMPORT) {
        target_learn(bound, interface, fingerprint);
    }
    crb_target_unref(bound);
}

bool corbel_object_equal(const corbel_object *a, const corbel_object *b)
{
    if (a == b) {
        return true;
    }
    if (a == NULL || b == NULL || a->target == NULL || b->target == NULL) {
        return false;
    }
    if (crb_forked()) {
        return false; /* what they are bound to stands under locks that may be held for ever */
    }
    crb_target *const left = target_bound(a->target);
    crb_target *const right = target_bound(b->target);
    const bool equal =
        left == right ||
        (left->kind == CRB_TARGET_URI && right->kind == CRB_TARGET_URI && strcmp(left->uri.text, right->uri.text) == 0) ||
        (left->kind == CRB_TARGET_IMPORT && right->kind == CRB_TARGET_IMPORT && left->import.import == right->import.import);
    crb_target_unref(left);
    crb_target_unref(right);
    return equal;
}

/** That of what it has become. */
static corbel_status target_promise_to_uri(const corbel_object *self, char **ret, corbel_error *reterr)
{
    crb_target *const known = crb_promise_known(self->target);
    if (known == NULL) {
        return crb_fail(reterr, CORBEL_NOT_FOUND, CORBEL_COMPLETED_NO,
                        "the reference is a promise: what it stands for is not known yet");
    }
    corbel_object *const object = crb_object_new(known, self->interface);
    if (object == NULL) {
        return crb_fail(reterr, CORBEL_NO_MEMORY, CORBEL_COMPLETED_NO, "no memory for a URI");
    }
    const corbel_status status = corbel_object_to_uri(object, ret, reterr);
    corbel_object_unref(object);
    return status;
}

corbel_status corbel_object_to_uri(corbel_object *self, char **ret, corbel_error *reterr)
{
    if (crb_forked()) {
        return crb_fail_forked(reterr, "corbel_object_to_uri()");
    }
    if (self == NULL) {
        return crb_fail(reterr, CORBEL_NIL_REFERENCE, CORBEL_COMPLETED_NO, "a NULL reference has no URI");
    }
    char *uri = NULL;
    if (self->target == NULL) {
        return crb_fail(reterr, CORBEL_NO_MEMORY, CORBEL_COMPLETED_NO, "the reference was made without memory");
    }
    if (self->target->kind == CRB_TARGET_PROMISE) {
        return target_promise_to_uri(self, ret, reterr);
    }
    const crb_target *const target = self->target;
    if (target->kind == CRB_TARGET_URI) {
        uri = crb_uri_format(&target->uri.uri);
        if (uri == NULL) {
            return crb_fail(reterr, CORBEL_NO_MEMORY, CORBEL_COMPLETED_NO, "no memory for a URI");
        }
    } else if (target->kind == CRB_TARGET_LOCAL) {
        uri = crb_host_get()->uri(self->target);
    }
    if (uri == NULL) {
        return crb_fail(
            reterr, CORBEL_NOT_FOUND, CORBEL_COMPLETED_NO, "%s",
            target->kind == CRB_TARGET_IMPORT
                ? "the reference has no URI, because it came in a message"
                : "the object has no URI: only registered objects have one; register it with corbel_daemon_register()");
    }
    *ret = uri;
    return CORBEL_OK;
}

corbel_status corbel_object_from_uri(corbel_runtime *runtime, const corbel_interface *interface, const char *uri,
                                     corbel_object **ret, corbel_error *reterr)
{
    if (crb_forked()) {
        return crb_fail_forked(reterr, "corbel_object_from_uri()");
    }
    crb_uri parsed = { 0 };
    if (runtime == NULL || uri == NULL || ret == NULL) {
        return crb_fail(reterr, CORBEL_MISUSE, CORBEL_COMPLETED_NO, "a reference from a URI needs a runtime, a URI and a result");
    }
    if (interface != NULL && (interface->flags & CORBEL_LOCAL) != 0) {
        return crb_fail(reterr, CORBEL_INVALID_ARGUMENT, CORBEL_COMPLETED_NO, "no URI leads to a %s: the interface is local",
                        interface->name);
    }
    const corbel_status status = crb_uri_parse(uri, &parsed, reterr);
    if (status != CORBEL_OK) {
        return status;
    }
    crb_target *const target = crb_target_new_uri(runtime, interface, uri, &parsed);
    corbel_object *const object = target == NULL ? NULL : crb_object_new(target, interface);
    if (object == NULL) {
        crb_uri_clear(&parsed);
        return crb_fail(reterr, CORBEL_NO_MEMORY, CORBEL_COMPLETED_NO, "no memory for a reference");
    }
    *ret = object;
    return CORBEL_OK;
}
