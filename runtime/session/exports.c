/* Objects of ours that the peer can name, by index and generation.
 *
 * count is what the peer has received and not given back, counted when a frame is pulled; holds are what will be received (frames
 * that wait) and what binds promise. At the end of both the slot is free, with another generation, and the driver is told.
 *
 * Invariant: an index and generation never stand for two objects. A generation that would wrap retires its slot. */
#include "runtime/session/session_impl.h"

#include <stdlib.h>
#include <string.h>

enum {
    EXPORTS_FIRST_SLOTS = 16,
    EXPORTS_REF_SIZE = 49,     /* of an entry on the wire, but for its text and promise, at most */
    EXPORTS_PROMISE_SIZE = 14, /* of that, but for its path */
    EXPORTS_STEP_SIZE = 5      /* of a step of it */
};

static bool exports_slot(crb_session *session, uint32_t *ret)
{
    if (session->first_free != CRB_NO_SLOT) {
        *ret = session->first_free;
        session->first_free = session->slots[*ret].next_free;
        return true;
    }
    if (session->n_slots == session->slots_capacity) {
        const uint32_t capacity = session->slots_capacity == 0 ? EXPORTS_FIRST_SLOTS : session->slots_capacity * 2;
        crb_export_slot *const slots = realloc(session->slots, capacity * sizeof *slots);
        if (slots == NULL) {
            return false;
        }
        session->slots = slots;
        session->slots_capacity = capacity;
    }
    *ret = session->n_slots++;
    session->slots[*ret] = (crb_export_slot) { .generation = 1 };
    return true;
}

static void exports_slot_free(crb_session *session, crb_export *export)
{
    crb_export_slot *const slot = &session->slots[export->index];
    assert(slot->export == export && slot->generation == export->generation);
    slot->export = NULL;
    slot->generation++;
    if (slot->generation != 0) {
        slot->next_free = session->first_free;
        session->first_free = export->index;
    }
    export->in_slot = false;
    session->n_exports--;
}

/** The driver's hold ends with an event. */
static void export_report(crb_session *session, crb_export *export)
{
    if (export->object != NULL) {
        HASH_DELETE(hh, session->exports, export);
        export->reported = export->object;
        export->object = NULL;
        crb_event_queue(session, &export->unexported);
    }
}

void crb_export_settle(crb_session *session, crb_export *export)
{
    if (export->in_slot && export->count == 0 && export->holds == 0) {
        export_report(session, export);
        exports_slot_free(session, export);
    }
    if (!export->in_slot && !crb_node_linked(&export->unexported.node)) {
        assert(!crb_out_waits(&export->gone));
        free(export->why);
        free(export);
    }
}

static uint32_t exports_max(const crb_session *session)
{
    const uint32_t peers = session->phase == CRB_PHASE_NEW ? CRB_EARLY_CALLS * CRB_EARLY_REFERENCES : session->peer.max_exports;
    return session->limits.max_exports < peers ? session->limits.max_exports : peers;
}

/** One hold more on the object's export; NULL: *ret_status. */
static crb_export *export_get(crb_session *session, void *object, bool *ret_fresh, corbel_status *ret_status)
{
    crb_export *export = NULL;
    HASH_FIND(hh, session->exports, &object, sizeof object, export);
    *ret_fresh = export == NULL;
    if (export != NULL) {
        export->holds++;
        return export;
    }
    *ret_status = CORBEL_LIMIT;
    if (session->n_exports >= exports_max(session)) {
        return NULL;
    }
    *ret_status = CORBEL_NO_MEMORY;
    export = calloc(1, sizeof *export);
    if (export == NULL) {
        return NULL;
    }
    export->object = object;
    export->unexported.kind = CRB_EVENT_UNEXPORTED;
    export->gone.kind = CRB_OUT_GONE;
    HASH_ADD(hh, session->exports, object, sizeof object, export);
    if (export->hh.tbl == NULL) {
        free(export);
        return NULL;
    }
    if (!exports_slot(session, &export->index)) {
        HASH_DELETE(hh, session->exports, export);
        free(export);
        return NULL;
    }
    session->slots[export->index].export = export;
    export->generation = session->slots[export->index].generation;
    export->in_slot = true;
    export->holds = 1;
    session->n_exports++;
    return export;
}

/** As if it had never been: for a call that was not queued. */
static void export_undo(crb_session *session, crb_export *export, bool fresh)
{
    export->holds--;
    if (fresh) {
        HASH_DELETE(hh, session->exports, export);
        export->object = NULL;
        crb_export_settle(session, export);
    }
}

crb_export *crb_export_find(const crb_session *session, uint32_t index, uint32_t generation)
{
    if (index >= session->n_slots || session->slots[index].generation != generation) {
        return NULL;
    }
    return session->slots[index].export;
}

void *crb_export_object(const crb_export *export)
{
    return export->object != NULL ? export->object : crb_node_linked(&export->unexported.node) ? export->reported : NULL;
}

void crb_export_hold(crb_export *export)
{
    export->holds++;
}

void crb_export_unhold(crb_session *session, crb_export *export)
{
    assert(export->holds > 0);
    export->holds--;
    crb_export_settle(session, export);
}

/* ---- tables of frames ---- */

const char *crb_refs_check(const crb_ref_out *refs, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (!crb_text_is_name(refs[i].interface)) {
            return "the name of an interface is not valid";
        }
        if (refs[i].n_path > CRB_FRAME_MAX_PATH) {
            return "a path in a result is too long";
        }
    }
    return crb_refs_size(refs, n) > CRB_FRAME_MAX / 2 ? "the reference table does not fit a frame" : NULL;
}

crb_sent_refs *crb_refs_hold(crb_session *session, crb_ref_out *refs, size_t n, corbel_status *ret_status)
{
    size_t text = 0, steps = 0;
    for (size_t i = 0; i < n; i++) {
        text += strlen(refs[i].interface) + 1;
        steps += refs[i].n_path;
        refs[i].fresh = false;
    }
    crb_sent_refs *const table =
        n == 0 ? NULL : malloc(sizeof *table + n * sizeof *table->items + steps * sizeof(uint32_t) + text);
    *ret_status = CORBEL_NO_MEMORY;
    if (table == NULL) {
        return NULL;
    }
    table->n = n;
    uint32_t *path = (uint32_t *)(void *)&table->items[n];
    char *at = (char *)(path + steps);
    for (size_t i = 0; i < n; i++) {
        crb_sent_ref *const item = &table->items[i];
        assert(refs[i].tag != 0 && (refs[i].object != NULL) + (refs[i].import != NULL) + (refs[i].promise != NULL) == 1);
        *item = (crb_sent_ref) { .tag = refs[i].tag, .interface = at, .fingerprint = refs[i].fingerprint };
        const size_t size = strlen(refs[i].interface) + 1;
        memcpy(at, refs[i].interface, size);
        at += size;
        if (refs[i].promise != NULL) {
            item->promise = refs[i].promise;
            item->path = path;
            item->n_path = refs[i].n_path;
            if (refs[i].n_path > 0) { /* a bind has no path */
                memcpy(path, refs[i].path, refs[i].n_path * sizeof *path);
            }
            path += refs[i].n_path;
            refs[i].promise->waiting++;
            continue;
        }
        if (refs[i].object == NULL) {
            item->import = refs[i].import;
            item->index = refs[i].import->index;
            item->generation = refs[i].import->generation;
            crb_import_hold(item->import);
            continue;
        }
        item->export = export_get(session, refs[i].object, &refs[i].fresh, ret_status);
        if (item->export == NULL) {
            refs[i].fresh = false;
            while (i > 0) {
                i--;
                if (table->items[i].promise != NULL) {
                    table->items[i].promise->waiting--; /* its driver has not finished it */
                }
                if (table->items[i].export != NULL) {
                    export_undo(session, table->items[i].export, refs[i].fresh);
                } else if (table->items[i].import != NULL) {
                    crb_import_unhold(session, table->items[i].import);
                }
                refs[i].fresh = false;
            }
            free(table);
            return NULL;
        }
        item->index = item->export->index;
        item->generation = item->export->generation;
    }
    return table;
}

/** A frame with that entry waits no more. */
static void exports_no_promise(crb_session *session, const crb_sent_ref *item, bool settle)
{
    if (item->promise != NULL) {
        item->promise->waiting--;
        if (settle) {
            crb_question_settle(session, item->promise);
        }
    }
}

void crb_refs_sent(crb_session *session, crb_sent_refs *refs)
{
    for (size_t i = 0; refs != NULL && i < refs->n; i++) {
        crb_export *const export = refs->items[i].export;
        if (export != NULL) {
            export->count++;
            export->holds--;
            assert(export->in_slot && export->count > 0);
        } else if (refs->items[i].import != NULL) {
            crb_import_unhold(session, refs->items[i].import);
        }
        exports_no_promise(session, &refs->items[i], true);
    }
}

void crb_refs_take_back(crb_session *session, crb_sent_refs *refs, bool settle)
{
    for (size_t i = 0; refs != NULL && i < refs->n; i++) {
        if (refs->items[i].export != NULL) {
            crb_export_unhold(session, refs->items[i].export);
        } else if (refs->items[i].import != NULL) {
            crb_import_unhold(session, refs->items[i].import);
        }
        exports_no_promise(session, &refs->items[i], settle);
    }
    free(refs);
}

size_t crb_refs_size(const crb_ref_out *refs, size_t n)
{
    size_t size = 0;
    for (size_t i = 0; i < n; i++) {
        size += strlen(refs[i].interface) + EXPORTS_REF_SIZE;
        size += refs[i].promise == NULL ? 0 : EXPORTS_PROMISE_SIZE + refs[i].n_path * EXPORTS_STEP_SIZE;
    }
    return size;
}

/* ---- what the peer and the driver say ---- */

const char *crb_export_on_release(crb_session *session, uint32_t index, uint32_t generation, uint64_t count)
{
    crb_export *const export = crb_export_find(session, index, generation);
    if (export == NULL) {
        return "RELEASE of a reference that is not held";
    }
    if (count == 0 || count > export->count) {
        return "RELEASE of more references than were sent";
    }
    export->count -= count;
    crb_export_settle(session, export);
    return NULL;
}

void crb_session_withdraw(crb_session *session, void *object, const char *why)
{
    crb_export *export = NULL;
    HASH_FIND(hh, session->exports, &object, sizeof object, export);
    if (export == NULL || crb_session_over(session)) {
        return;
    }
    export->why = malloc(CRB_FRAME_MAX_TEXT + 1);
    if (export->why == NULL) {
        crb_session_no_memory(session);
        crb_session_end_without_memory(session);
        return;
    }
    crb_text_fit(why, export->why, CRB_FRAME_MAX_TEXT + 1);
    export->holds++;
    export_report(session, export);
    crb_out_queue(session, &export->gone);
}

/* ---- the end ---- */

void crb_exports_report(crb_session *session)
{
    for (uint32_t i = 0; i < session->n_slots; i++) {
        if (session->slots[i].export != NULL) {
            export_report(session, session->slots[i].export);
        }
    }
}

void crb_exports_forget(crb_session *session)
{
    for (uint32_t i = 0; i < session->n_slots; i++) {
        crb_export *const export = session->slots[i].export;
        if (export != NULL) {
            export->count = 0;
            crb_export_settle(session, export);
        }
    }
}

void crb_exports_free(crb_session *session)
{
    for (uint32_t i = 0; i < session->n_slots; i++) {
        crb_export *const export = session->slots[i].export;
        if (export != NULL) {
            crb_event_drop(&export->unexported);
            if (export->object != NULL) {
                HASH_DELETE(hh, session->exports, export);
            }
            free(export->why);
            free(export);
        }
    }
    free(session->slots);
    session->slots = NULL;
    session->n_slots = 0;
}
