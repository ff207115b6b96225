/* Objects of the peer's that we may call. Each is in a table by the peer's index, page by page, so that a high index costs
 * little.
 *
 * Invariant: count is what the driver has received and not given back; received, what the peer has counted. The peer is told
 * once, when count is 0 and no frame that waits names it: from then on the same index and generation, received again, is another
 * import. */
#include "runtime/session/session_impl.h"

#include <stdlib.h>
#include <string.h>

enum { IMPORTS_PAGE = 64 };

static uint32_t imports_max(const crb_session *session)
{
    const uint32_t early = CRB_EARLY_CALLS * CRB_EARLY_REFERENCES;
    return session->limits.max_exports > early ? session->limits.max_exports : early;
}

static crb_import **imports_place(crb_session *session, uint32_t index)
{
    const uint32_t page = index / IMPORTS_PAGE;
    return page < session->n_import_pages && session->import_pages[page] != NULL
               ? &session->import_pages[page][index % IMPORTS_PAGE]
               : NULL;
}

/** NULL: no memory. */
static crb_import **imports_make_place(crb_session *session, uint32_t index)
{
    const uint32_t page = index / IMPORTS_PAGE;
    if (page >= session->n_import_pages) {
        const uint32_t n = page + 1 > session->n_import_pages * 2 ? page + 1 : session->n_import_pages * 2;
        crb_import ***const pages = realloc(session->import_pages, n * sizeof *pages);
        if (pages == NULL) {
            return NULL;
        }
        memset(pages + session->n_import_pages, 0, (n - session->n_import_pages) * sizeof *pages);
        session->import_pages = pages;
        session->n_import_pages = n;
    }
    if (session->import_pages[page] == NULL) {
        session->import_pages[page] = calloc(IMPORTS_PAGE, sizeof **session->import_pages);
        if (session->import_pages[page] == NULL) {
            return NULL;
        }
    }
    return &session->import_pages[page][index % IMPORTS_PAGE];
}

/** One receipt. NULL: *ret_why, or no memory. */
static crb_import *import_receive(crb_session *session, uint32_t index, uint32_t generation, const char **ret_why)
{
    if (generation == 0 || index >= imports_max(session)) {
        *ret_why = "a reference whose index or generation cannot be";
        return NULL;
    }
    crb_import **const place = imports_make_place(session, index);
    if (place == NULL) {
        return NULL;
    }
    if (*place != NULL && (*place)->generation != generation) {
        *ret_why = "a reference whose index is in use";
        return NULL;
    }
    if (*place == NULL) {
        if (session->n_imports >= imports_max(session)) {
            *ret_why = "more references than the limit";
            return NULL;
        }
        crb_import *const import = calloc(1, sizeof *import);
        if (import == NULL) {
            return NULL;
        }
        import->index = index;
        import->generation = generation;
        import->gone.kind = CRB_EVENT_GONE;
        import->release.kind = CRB_OUT_RELEASE;
        crb_list_append(&session->imports_all, &import->all);
        session->n_imports++;
        *place = import;
    }
    (*place)->count++;
    (*place)->received++;
    return *place;
}

crb_received_refs *crb_refs_receive(crb_session *session, const crb_wire_ref *refs, size_t n, bool promises, const char **ret_why)
{
    size_t text = 0;
    for (size_t i = 0; i < n; i++) {
        text += strlen(refs[i].interface) + 1;
    }
    crb_received_refs *const table =
        n == 0 ? NULL : malloc(sizeof *table + n * (sizeof *table->items + sizeof *table->exports) + text);
    *ret_why = NULL;
    if (table == NULL) {
        if (n > 0) {
            crb_session_no_memory(session);
        }
        return NULL;
    }
    table->next = NULL;
    table->n = n;
    table->exports = (crb_export **)(void *)&table->items[n];
    char *at = (char *)&table->exports[n];
    for (size_t i = 0; i < n; i++) {
        table->items[i] = (crb_ref_in) { .tag = refs[i].tag, .interface = at, .fingerprint = refs[i].fingerprint };
        table->exports[i] = NULL;
        const size_t size = strlen(refs[i].interface) + 1;
        memcpy(at, refs[i].interface, size);
        at += size;
        if (refs[i].tag == 0) {
            *ret_why = "a reference without a tag";
        } else if (refs[i].promise != 0 || refs[i].n_path > 0) {
            if (refs[i].promise != 0 && promises && !refs[i].yours && refs[i].index == 0 && refs[i].generation == 0) {
                continue;
            }
            *ret_why = "a promise where none can be";
        } else if (refs[i].yours) {
            table->exports[i] = crb_export_find(session, refs[i].index, refs[i].generation);
            if (table->exports[i] != NULL) {
                crb_export_hold(table->exports[i]);
            }
            continue;
        } else {
            table->items[i].import = import_receive(session, refs[i].index, refs[i].generation, ret_why);
        }
        if (table->items[i].import == NULL) {
            table->n = i;
            crb_refs_drop(session, table);
            if (*ret_why == NULL) {
                crb_session_no_memory(session);
            }
            return NULL;
        }
    }
    return table;
}

void crb_refs_resolve(crb_session *session, crb_received_refs *refs)
{
    for (size_t i = 0; i < refs->n; i++) {
        crb_export *const export = refs->exports[i];
        if (export != NULL) {
            refs->items[i].object = crb_export_object(export);
            crb_export_unhold(session, export);
        }
    }
}

void crb_refs_drop(crb_session *session, crb_received_refs *refs)
{
    for (size_t i = 0; refs != NULL && i < refs->n; i++) {
        if (refs->exports[i] != NULL) {
            crb_export_unhold(session, refs->exports[i]);
        }
        if (refs->items[i].import != NULL) {
            crb_session_release(session, refs->items[i].import, 1);
        }
    }
    free(refs);
}

void crb_import_free(crb_import *import)
{
    crb_list_remove(&import->all);
    free(import->why);
    free(import);
}

/** Nobody holds or names it any more: the peer is told. */
static void import_settle(crb_session *session, crb_import *import)
{
    if (import->count > 0 || import->holds > 0) {
        return;
    }
    *imports_place(session, import->index) = NULL;
    session->n_imports--;
    crb_event_drop(&import->gone);
    if (crb_session_over(session)) {
        crb_import_free(import);
    } else {
        crb_out_queue(session, &import->release);
    }
}

void crb_session_release(crb_session *session, crb_import *import, uint64_t n)
{
    assert(n <= import->count);
    import->count -= n;
    import_settle(session, import);
}

void crb_import_hold(crb_import *import)
{
    import->holds++;
}

void crb_import_unhold(crb_session *session, crb_import *import)
{
    assert(import->holds > 0);
    import->holds--;
    import_settle(session, import);
}

const char *crb_import_on_gone(crb_session *session, uint32_t index, uint32_t generation, const char *why)
{
    crb_import *const *const place = imports_place(session, index);
    crb_import *const import = place != NULL && *place != NULL && (*place)->generation == generation ? *place : NULL;
    if (import == NULL || import->withdrawn) {
        return NULL; /* given back in the meantime */
    }
    const size_t size = strlen(why) + 1;
    import->why = malloc(size);
    if (import->why == NULL) {
        crb_session_no_memory(session);
        return NULL;
    }
    memcpy(import->why, why, size);
    import->withdrawn = true;
    crb_event_queue(session, &import->gone);
    return NULL;
}

void crb_import_set_user(crb_import *import, void *user)
{
    import->user = user;
}

void *crb_import_user(const crb_import *import)
{
    return import->user;
}

void crb_imports_free(crb_session *session)
{
    while (!crb_list_empty(&session->imports_all)) {
        crb_import *const import = CRB_CONTAINER(session->imports_all.next, crb_import, all);
        crb_event_drop(&import->gone);
        crb_list_remove(&import->release.node);
        crb_import_free(import);
    }
    for (uint32_t i = 0; i < session->n_import_pages; i++) {
        free(session->import_pages[i]);
    }
    free(session->import_pages);
}
