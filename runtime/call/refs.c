/** Reference tables of messages: writing and reading them. */
#include "runtime/base/fail.h"
#include "runtime/call/promise.h"
#include "runtime/value/codec.h"

#include <stdlib.h>

/** A reference by URI that was found already travels as what it was found to be: then its own peer gets itself back. */
static crb_target *refs_settled(crb_target *target)
{
    if (target->kind == CRB_TARGET_URI) {
        pthread_mutex_lock(&target->uri.bind_lock);
        crb_target *const bound = target->uri.bound;
        const bool usable = bound != NULL && (bound->kind == CRB_TARGET_LOCAL || atomic_load(&bound->import.peer->alive));
        crb_target *const settled = crb_target_ref(usable ? bound : target);
        pthread_mutex_unlock(&target->uri.bind_lock);
        return settled;
    }
    crb_target *const settled = target->kind == CRB_TARGET_PROMISE ? crb_promise_settled(target) : NULL;
    return settled != NULL ? settled : crb_target_ref(target);
}

uint64_t crb_ref_list_add(void *user, corbel_object *object, const corbel_interface *interface, corbel_error *reterr)
{
    static _Atomic uint64_t last_tag; /* never used again: a stale tag can not name another reference */
    crb_ref_list *const list = user;
    if (object->target == NULL) {
        crb_fail(reterr, CORBEL_NO_MEMORY, CORBEL_COMPLETED_NO, "a reference that is passed was made without memory");
        return 0;
    }
    const corbel_error *const failed = object->target->kind == CRB_TARGET_PROMISE ? crb_promise_failed(object->target) : NULL;
    if (failed != NULL) {
        crb_fail(reterr, failed->status, CORBEL_COMPLETED_NO, "%s", failed->message);
        return 0;
    }
    if (list->len == list->capacity) {
        const size_t capacity = list->capacity == 0 ? 4 : 2 * list->capacity;
        crb_ref *const items = realloc(list->items, capacity * sizeof *items);
        if (items == NULL) {
            crb_fail(reterr, CORBEL_NO_MEMORY, CORBEL_COMPLETED_NO, "no memory for a reference that is passed");
            return 0;
        }
        list->items = items;
        list->capacity = capacity;
    }
    const uint64_t tag = list->indexes ? list->len + 1 : atomic_fetch_add_explicit(&last_tag, 1, memory_order_relaxed) + 1;
    const corbel_interface *const as = interface != NULL ? interface : object->interface; /* Object, any: as what it is known */
    list->items[list->len++] =
        (crb_ref) { .tag = tag, .target = refs_settled(object->target), .interface = as != NULL ? as->name : NULL };
    return tag;
}

static corbel_object *refs_new(crb_target *target, const corbel_interface *interface, corbel_error *reterr)
{
    corbel_object *const object = crb_object_new(crb_target_ref(target), interface);
    if (object == NULL) {
        crb_fail(reterr, CORBEL_NO_MEMORY, CORBEL_COMPLETED_NO, "no memory for a reference");
    }
    return object;
}

/** The interface as which a target is seen whose own may be another. False: it cannot be. */
static bool refs_sees(const crb_target *target, const corbel_interface **interface, corbel_error *reterr)
{
    const corbel_interface *const is = target->local.skeleton.interface;
    if (*interface == NULL) {
        *interface = is;
    } else if (!crb_interface_is_a(is, (*interface)->name)) {
        crb_fail(reterr, CORBEL_DECODE, CORBEL_COMPLETED_NO, "the object is a %s, not a %s", is->name, (*interface)->name);
        return false;
    }
    return true;
}

/** Of what it stands for, as far as that is known. */
static corbel_object *refs_view_promise(crb_target *target, const corbel_interface *interface, corbel_error *reterr)
{
    crb_target *const known = crb_promise_known(target);
    const bool here = known == NULL ? target->promise.peer == NULL : known->kind == CRB_TARGET_LOCAL;
    bool fits = known == NULL || !here || refs_sees(known, &interface, reterr);
    crb_target_unref(known);
    if (fits && !here && interface != NULL && (interface->flags & CORBEL_LOCAL) != 0) {
        fits = false;
        crb_fail(reterr, CORBEL_DECODE, CORBEL_COMPLETED_NO, "a %s came from another process, and the interface is local",
                 interface->name);
    }
    return fits ? refs_new(target, interface, reterr) : NULL;
}

/** A new reference to the target, seen as interface; NULL: as whatever it is. */
static corbel_object *refs_view(crb_target *target, const corbel_interface *interface, corbel_error *reterr)
{
    if (target->kind == CRB_TARGET_LOCAL) {
        if (!refs_sees(target, &interface, reterr)) {
            return NULL;
        }
    } else if (target->kind == CRB_TARGET_PROMISE) {
        return refs_view_promise(target, interface, reterr);
    } else if (interface != NULL && (interface->flags & CORBEL_LOCAL) != 0) {
        crb_fail(reterr, CORBEL_DECODE, CORBEL_COMPLETED_NO, "a %s came from another process, and the interface is local",
                 interface->name);
        return NULL;
    }
    return refs_new(target, interface, reterr);
}

corbel_object *crb_object_as(corbel_object *object, const corbel_interface *interface, corbel_error *reterr)
{
    if (interface == NULL || object->interface == interface) {
        return corbel_object_ref(object);
    }
    if (object->target == NULL) {
        crb_fail(reterr, CORBEL_NO_MEMORY, CORBEL_COMPLETED_NO, "a reference that is passed was made without memory");
        return NULL;
    }
    return refs_view(object->target, interface, reterr);
}

corbel_object *crb_ref_table_take(void *user, uint64_t tag, const corbel_interface *interface, corbel_error *reterr)
{
    const crb_ref_table *const table = user;
    for (size_t i = 0; i < table->len; i++) {
        if (table->items[i].tag != tag) {
            continue;
        }
        crb_target *const target = table->items[i].target;
        if (target == NULL) {
            crb_fail(reterr, CORBEL_NOT_FOUND, CORBEL_COMPLETED_NO, "the object that is passed does not exist any more");
            return NULL;
        }
        return refs_view(target, interface, reterr);
    }
    crb_fail(reterr, CORBEL_DECODE, CORBEL_COMPLETED_NO, "no reference with this tag came along");
    return NULL;
}

corbel_status crb_refs_may_leave(const crb_ref *refs, size_t n, corbel_status refusal, corbel_completion completion,
                                 corbel_error *reterr)
{
    for (size_t i = 0; i < n; i++) {
        const crb_target *const target = refs[i].target;
        const corbel_interface *const promised =
            target != NULL && target->kind == CRB_TARGET_PROMISE ? target->promise.interface : NULL;
        if (promised != NULL && (promised->flags & CORBEL_LOCAL) != 0) {
            return crb_fail(reterr, refusal, completion, "a reference to a %s cannot leave the process: the interface is local",
                            promised->name);
        }
        if (target != NULL && target->kind == CRB_TARGET_LOCAL && (target->local.skeleton.interface->flags & CORBEL_LOCAL) != 0) {
            return crb_fail(reterr, refusal, completion, "a reference to a %s cannot leave the process: the interface is local",
                            target->local.skeleton.interface->name);
        }
    }
    return CORBEL_OK;
}

void crb_refs_free(crb_ref *refs, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        crb_target_unref(refs[i].target);
    }
    free(refs);
}
