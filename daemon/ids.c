/** Objects of this runtime: making them, and entering them under ids. */
#include "daemon/daemon_impl.h"

#include "runtime/base/clock.h"
#include "runtime/base/fail.h"
#include "runtime/base/fork.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

corbel_object *corbel_object_new(corbel_runtime *runtime, corbel_skeleton skeleton, void *self, corbel_finalizer finalize)
{
    crb_target *const target = runtime == NULL ? NULL : crb_target_new_local(runtime, skeleton, self, finalize);
    corbel_object *object = NULL;
    if (target != NULL && !crb_turns_open_gate(target)) {
        crb_target_unref(target); /* its end finalizes */
    } else if (target != NULL) {
        object = crb_object_new(target, skeleton.interface); /* on failure the target's end finalizes */
    } else if (finalize != NULL) {
        finalize(self);
    }
    return object == NULL ? crb_object_no_memory() : object;
}

crb_target *crb_ids_find(corbel_runtime *runtime, const char *id, const char *interface, corbel_error *reterr)
{
    crb_target *target = NULL;
    bool draining = false;
    pthread_mutex_lock(&runtime->dispatch_lock);
    if (strcmp(id, CRB_BUILTIN_ID) == 0) {
        target = crb_builtin_daemon_locked(runtime);
        draining = runtime->dispatch != NULL && runtime->dispatch->draining;
    } else if (runtime->dispatch != NULL) {
        crb_registered *registered = NULL;
        HASH_FIND_STR(runtime->dispatch->ids, id, registered);
        target = registered == NULL ? NULL : crb_target_ref(registered->target);
        draining = runtime->dispatch->draining;
    }
    pthread_mutex_unlock(&runtime->dispatch_lock);
    if (target == NULL) {
        crb_fail(reterr, draining ? CORBEL_DRAINING : CORBEL_NOT_FOUND, CORBEL_COMPLETED_NO,
                 "no object is registered under the id '%s'", id);
    } else if (!crb_interface_is_a(target->local.skeleton.interface, interface)) {
        crb_fail(reterr, CORBEL_WRONG_INTERFACE, CORBEL_COMPLETED_NO, "object '%s' is a %s, not a %s", id,
                 target->local.skeleton.interface->name, interface);
        /* The registration or the runtime holds it: this is not the last count. Were it taken back at this very moment, the
         * session's lock, under which we may be, must not see the end of the target: nothing of a local target's end takes a lock
         * of a session.
         */
        crb_target_unref(target);
        target = NULL;
    }
    return target;
}

char *crb_ids_uri(crb_target *target)
{
    corbel_runtime *const runtime = target->runtime;
    char *uri = NULL;
    pthread_mutex_lock(&runtime->dispatch_lock);
    if (target->local.id != NULL) {
        uri = crb_daemon_uri_text(target->local.daemon, target->local.id);
    }
    pthread_mutex_unlock(&runtime->dispatch_lock);
    return uri;
}

/** "object-" and 128 random bits: nobody guesses it. */
static void ids_random(char *out, size_t max)
{
    const uint64_t bits[2] = { crb_random_id(), crb_random_id() };
    (void)snprintf(out, max, "object-%016llx%016llx", (unsigned long long)bits[0], (unsigned long long)bits[1]);
}

static corbel_status ids_check(const corbel_daemon *self, const char *id, const corbel_object *object, corbel_error *reterr)
{
    if (object != NULL && object->target == NULL) {
        return crb_fail(reterr, CORBEL_NO_MEMORY, CORBEL_COMPLETED_NO, "the reference was made without memory");
    }
    if (object == NULL || object->target->kind != CRB_TARGET_LOCAL || object->target->runtime != self->runtime) {
        return crb_fail(reterr, CORBEL_INVALID_ARGUMENT, CORBEL_COMPLETED_NO,
                        "only objects of the daemon's own runtime can be registered, as made by _new()");
    }
    const corbel_interface *const interface = object->target->local.skeleton.interface;
    if ((interface->flags & CORBEL_LOCAL) != 0) {
        return crb_fail(reterr, CORBEL_INVALID_ARGUMENT, CORBEL_COMPLETED_NO, "a %s cannot be registered: the interface is local",
                        interface->name);
    }
    const size_t len = id == NULL ? 1 : strlen(id);
    if (len == 0 || len > CRB_MAX_OBJECT_ID) {
        return crb_fail(reterr, CORBEL_INVALID_ARGUMENT, CORBEL_COMPLETED_NO, "an object id has 1 to %d bytes, this one has %zu",
                        CRB_MAX_OBJECT_ID, len);
    }
    if (id != NULL && strcmp(id, CRB_BUILTIN_ID) == 0) {
        return crb_fail(reterr, CORBEL_EXISTS, CORBEL_COMPLETED_NO, "the object id '%s' is that of the built-in object", id);
    }
    return CORBEL_OK;
}

corbel_status corbel_daemon_register(corbel_daemon *self, const char *id, corbel_object *object, corbel_error *reterr)
{
    if (crb_forked()) {
        return crb_fail_forked(reterr, "corbel_daemon_register()");
    }
    char made[64];
    corbel_status status = ids_check(self, id, object, reterr);
    if (status != CORBEL_OK) {
        return status;
    }
    if (id == NULL) {
        ids_random(made, sizeof made);
        id = made;
    }
    const size_t size = strlen(id) + 1;
    crb_registered *registered = calloc(1, sizeof *registered + size);
    char *const copy = strdup(id);
    crb_registered *taken = NULL;
    crb_target *const target = object->target;
    corbel_runtime *const runtime = self->runtime;
    status = CORBEL_NO_MEMORY;
    pthread_mutex_lock(&runtime->dispatch_lock);
    crb_dispatch *const dispatch = crb_dispatch_get_locked(runtime);
    if (dispatch != NULL && registered != NULL && copy != NULL) {
        HASH_FIND_STR(dispatch->ids, id, taken);
        if (taken != NULL || target->local.id != NULL) {
            status = CORBEL_EXISTS;
        } else {
            memcpy(registered->id, id, size);
            HASH_ADD_STR(dispatch->ids, id, registered);
            if (registered->hh.tbl != NULL) {
                registered->target = crb_target_ref(target);
                registered->daemon = self;
                target->local.id = copy;
                target->local.daemon = self;
                status = CORBEL_OK;
            }
        }
    }
    pthread_mutex_unlock(&runtime->dispatch_lock);
    if (status != CORBEL_OK) {
        free(registered);
        free(copy);
    } else {
        crb_runtime_shows(runtime, target->local.skeleton.interface);
    }
    if (status == CORBEL_EXISTS) {
        return taken != NULL ? crb_fail(reterr, status, CORBEL_COMPLETED_NO, "the object id '%s' is taken", id)
                             : crb_fail(reterr, status, CORBEL_COMPLETED_NO, "the object is registered under another id already");
    }
    return status == CORBEL_OK ? status : crb_fail(reterr, status, CORBEL_COMPLETED_NO, "no memory to register '%s'", id);
}

/** Tells a session that may hold the object. */
static void ids_withdraw(crb_peer *peer, void *target)
{
    crb_peer_lock(peer);
    crb_session_withdraw(peer->session, target, "unregistered");
    crb_peer_unlock(peer);
}

static void ids_take_out(corbel_runtime *runtime, crb_registered *registered)
{
    HASH_DEL(runtime->dispatch->ids, registered);
    free(registered->target->local.id);
    registered->target->local.id = NULL;
    registered->target->local.daemon = NULL;
}

corbel_status corbel_daemon_unregister(corbel_daemon *self, const char *id, corbel_error *reterr)
{
    if (crb_forked()) {
        return crb_fail_forked(reterr, "corbel_daemon_unregister()");
    }
    corbel_runtime *const runtime = self->runtime;
    crb_registered *registered = NULL;
    pthread_mutex_lock(&runtime->dispatch_lock);
    if (id != NULL && runtime->dispatch != NULL) {
        HASH_FIND_STR(runtime->dispatch->ids, id, registered);
    }
    if (registered != NULL && registered->daemon == self) {
        ids_take_out(runtime, registered);
    } else {
        registered = NULL;
    }
    pthread_mutex_unlock(&runtime->dispatch_lock);
    if (registered == NULL) {
        return crb_fail(reterr, CORBEL_NOT_FOUND, CORBEL_COMPLETED_NO, "no object is registered under the id '%s'",
                        id == NULL ? "" : id);
    }
    crb_runtime_each_peer(runtime, ids_withdraw, registered->target);
    crb_target_unref(registered->target);
    free(registered);
    return CORBEL_OK;
}

void crb_ids_forget(corbel_daemon *daemon)
{
    corbel_runtime *const runtime = daemon->runtime;
    for (;;) {
        crb_registered *registered = NULL;
        pthread_mutex_lock(&runtime->dispatch_lock);
        if (runtime->dispatch != NULL) {
            for (registered = runtime->dispatch->ids; registered != NULL && registered->daemon != daemon;
                 registered = registered->hh.next) {
            }
            if (registered != NULL) {
                ids_take_out(runtime, registered);
            }
        }
        pthread_mutex_unlock(&runtime->dispatch_lock);
        if (registered == NULL) {
            return;
        }
        crb_target_unref(registered->target);
        free(registered);
    }
}
