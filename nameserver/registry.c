/* The registry: what makes a name valid, who holds a lease, and how a store's answers become results and exceptions.
 *
 * It has no state of its own but the store and a count: one for the name server's object and one for each registration object,
 * so that the store outlives the last lease. */
#include "nameserver/registry.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

typedef struct registry {
    ns_store *store;
    _Atomic size_t count;
} registry;

/* What a lessee holds. When its last reference is gone, also because its session has ended, the name goes; it does not wait for
 * that when the lessee is lost. */
typedef struct registration {
    registry *registry;
    uint64_t number;
    corbel_Lessee *lessee; /* NULL: not known */
    char name[];
} registration;

static void registry_release(registry *self)
{
    if (atomic_fetch_sub(&self->count, 1) == 1) {
        self->store->free(self->store);
        free(self);
    }
}

/* The length of the UTF-8 sequence at text, if it is one and stands for a printable character; else 0. */
static size_t registry_character(const unsigned char *text)
{
    static const struct {
        unsigned char first, last, low, high; /* of the first byte; of the second */
        size_t length;
    } forms[] = {
        { 0x20, 0x7e, 0, 0, 1 },       { 0xc2, 0xc2, 0xa0, 0xbf, 2 }, { 0xc3, 0xdf, 0x80, 0xbf, 2 },
        { 0xe0, 0xe0, 0xa0, 0xbf, 3 }, { 0xe1, 0xec, 0x80, 0xbf, 3 }, { 0xed, 0xed, 0x80, 0x9f, 3 },
        { 0xee, 0xef, 0x80, 0xbf, 3 }, { 0xf0, 0xf0, 0x90, 0xbf, 4 }, { 0xf1, 0xf3, 0x80, 0xbf, 4 },
        { 0xf4, 0xf4, 0x80, 0x8f, 4 },
    };
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        if (text[0] < forms[i].first || text[0] > forms[i].last) {
            continue;
        }
        if (forms[i].length > 1 && (text[1] < forms[i].low || text[1] > forms[i].high)) {
            return 0;
        }
        for (size_t k = 2; k < forms[i].length; k++) {
            if (text[k] < 0x80 || text[k] > 0xbf) {
                return 0;
            }
        }
        return forms[i].length;
    }
    return 0;
}

const char *ns_why_not_a_name(const char *text)
{
    size_t length = 0;
    while (text[length] != '\0') {
        const size_t step = registry_character((const unsigned char *)text + length);
        if (step == 0) {
            return "has a control character, or bytes that are not UTF-8";
        }
        length += step;
        if (length > NS_MAX_NAME) {
            return "is longer than 255 bytes";
        }
    }
    return length == 0 ? "is empty" : NULL;
}

/* A store's answer as a result or an exception. uri: of the entry that is in the way, with NS_TAKEN. */
static corbel_status registry_answer(corbel_request *request, ns_outcome outcome, const char *name, const char *uri)
{
    switch (outcome) {
    case NS_DONE:
        return CORBEL_OK;
    case NS_NO_SUCH_NAME:
        return corbel_NoSuchName_raise(request, &(corbel_NoSuchName) { .name = name });
    case NS_TAKEN:
        return corbel_NameTaken_raise(request, &(corbel_NameTaken) { .name = name, .uri = uri });
    case NS_FULL:
        return corbel_request_fail(request, CORBEL_LIMIT, "the name server takes no more names");
    case NS_NO_MEMORY:
        break;
    }
    return corbel_request_fail(request, CORBEL_NO_MEMORY, "the name server is out of memory");
}

static corbel_status registry_invalid(corbel_request *request, const char *what, const char *why)
{
    const char *reason = corbel_request_printf(request, "%s %s", what, why);
    return corbel_InvalidEntry_raise(request, &(corbel_InvalidEntry) { .reason = reason });
}

static int registry_by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* The tags in ascending order, each once, in the request's memory. */
static corbel_status registry_check_tags(corbel_request *request, corbel_Tags tags, corbel_Tags *ret)
{
    if (tags.len > NS_MAX_TAGS) {
        return registry_invalid(request, "the list of tags", "is longer than 32");
    }
    const char **sorted = corbel_request_alloc(request, tags.len + 1, sizeof *sorted);
    if (sorted == NULL) {
        return registry_answer(request, NS_NO_MEMORY, NULL, NULL);
    }
    for (size_t i = 0; i < tags.len; i++) {
        const char *why = ns_why_not_a_name(tags.items[i]);
        if (why != NULL) {
            return registry_invalid(request, "a tag", why);
        }
        sorted[i] = tags.items[i];
    }
    if (tags.len > 1) {
        qsort(sorted, tags.len, sizeof *sorted, registry_by_text);
    }
    size_t n = 0;
    for (size_t i = 0; i < tags.len; i++) {
        if (n == 0 || strcmp(sorted[n - 1], sorted[i]) != 0) {
            sorted[n++] = sorted[i];
        }
    }
    *ret = (corbel_Tags) { n, sorted };
    return CORBEL_OK;
}

/* An object's own URI, not a name: a name that stands for another could go in circles. */
static corbel_status registry_check_uri(corbel_request *request, const char *uri)
{
    corbel_error error = CORBEL_ERROR_INIT;
    corbel_NameServer *reference = NULL;
    corbel_status status = CORBEL_OK;
    if (strlen(uri) > NS_MAX_URI) {
        status = registry_invalid(request, "the URI", "is longer than 4096 bytes");
    } else if (strncasecmp(uri, "corbel:", strlen("corbel:")) != 0) {
        status = registry_invalid(request, "the URI", "does not begin with corbel:");
    } else if (corbel_NameServer_from_uri(corbel_request_runtime(request), uri, &reference, &error)) {
        status = error.status == CORBEL_INVALID_ARGUMENT ? registry_invalid(request, "the URI is none:", error.message)
                                                         : corbel_request_forward(request, &error);
    }
    corbel_NameServer_unref(reference);
    corbel_error_clear(&error);
    return status;
}

/* Names of the form that the name server keeps for itself. */
static corbel_status registry_check_own(corbel_request *request, const char *name)
{
    if (strcmp(name, NS_OBJECT_ID) == 0) {
        return corbel_request_fail(request, CORBEL_REFUSED, "%s is the name server itself, and stays", NS_OBJECT_ID);
    }
    return CORBEL_OK;
}

/* What put() showed. */
typedef struct registry_stands {
    corbel_request *request;
    uint64_t registration, revision;
    const char *uri;
} registry_stands;

static bool registry_note(void *user, const ns_entry *entry)
{
    registry_stands *stands = user;
    stands->registration = entry->registration;
    stands->revision = entry->revision;
    stands->uri = corbel_request_strdup(stands->request, entry->uri);
    return true;
}

static corbel_status registry_put(registry *self, corbel_request *request, ns_entry entry, corbel_Tags tags, bool replace,
                                  registry_stands *ret)
{
    const char *why = ns_why_not_a_name(entry.name);
    corbel_status status = CORBEL_OK;
    if (why != NULL) {
        return registry_invalid(request, "the name", why);
    }
    if ((status = registry_check_own(request, entry.name)) || (status = registry_check_uri(request, entry.uri)) ||
        (status = registry_check_tags(request, tags, &tags))) {
        return status;
    }
    entry.tags = tags.items;
    entry.n_tags = tags.len;
    *ret = (registry_stands) { .request = request };
    const ns_outcome outcome = self->store->put(self->store, &entry, replace, registry_note, ret);
    return registry_answer(request, outcome, entry.name, ret->uri);
}

/* ---- the operations ---- */

static corbel_status registry_ping(void *self, corbel_request *request)
{
    (void)self, (void)request;
    return CORBEL_OK;
}

/* Entries on their way from the store to the caller: an array in the request's memory that grows. */
typedef struct registry_answer_list {
    corbel_request *request;
    corbel_NameEntry *items;
    size_t len, capacity;
    corbel_status status;
} registry_answer_list;

static bool registry_collect(void *user, const ns_entry *entry)
{
    registry_answer_list *list = user;
    if (list->len == list->capacity) {
        const size_t capacity = list->capacity == 0 ? 16 : list->capacity * 2;
        corbel_NameEntry *items = corbel_request_alloc(list->request, capacity, sizeof *items);
        if (items == NULL) {
            list->status = CORBEL_NO_MEMORY;
            return false;
        }
        if (list->len > 0) {
            memcpy(items, list->items, list->len * sizeof *items);
        }
        list->items = items;
        list->capacity = capacity;
    }
    const corbel_NameEntry found = {
        .name = entry->name,
        .uri = entry->uri,
        .tags = { entry->n_tags, entry->tags },
        .leased = entry->leased,
        .revision = entry->revision,
    };
    list->status = corbel_NameEntry_copy_for(list->request, &found, &list->items[list->len]);
    if (list->status != CORBEL_OK) {
        return false;
    }
    list->len++;
    return true;
}

static corbel_status registry_lookup(void *self, corbel_request *request, const char *name, corbel_NameEntry *ret)
{
    registry *r = self;
    registry_answer_list list = { .request = request };
    const ns_outcome outcome = r->store->get(r->store, name, registry_collect, &list);
    if (outcome != NS_DONE || list.status != CORBEL_OK) {
        return registry_answer(request, outcome == NS_DONE ? NS_NO_MEMORY : outcome, name, NULL);
    }
    *ret = list.items[0];
    return CORBEL_OK;
}

static corbel_status registry_list(void *self, corbel_request *request, const char *prefix, corbel_NameEntries *ret)
{
    registry *r = self;
    registry_answer_list list = { .request = request };
    const ns_outcome outcome = r->store->list(r->store, prefix, registry_collect, &list);
    if (outcome != NS_DONE || list.status != CORBEL_OK) {
        return registry_answer(request, outcome == NS_DONE ? NS_NO_MEMORY : outcome, prefix, NULL);
    }
    *ret = (corbel_NameEntry_seq) { list.len, list.items };
    return CORBEL_OK;
}

static corbel_status registry_register(void *self, corbel_request *request, const char *name, const char *uri, corbel_Tags tags,
                                       bool replace, uint64_t *ret)
{
    registry_stands stands;
    const corbel_status status = registry_put(self, request, (ns_entry) { .name = name, .uri = uri }, tags, replace, &stands);
    if (status == CORBEL_OK) {
        *ret = stands.revision;
    }
    return status;
}

static corbel_status registration_get_name(void *self, corbel_request *request, const char **ret)
{
    (void)request;
    *ret = ((const registration *)self)->name; /* constant as long as the object lives, and so the call */
    return CORBEL_OK;
}

/* Somebody may have taken the name over, or removed it: then there is nothing to do. */
static void registration_end(registration *self)
{
    (void)self->registry->store->remove(self->registry->store, self->name, self->number);
}

static void registration_lost(void *context, const corbel_error *why)
{
    (void)why;
    registration_end(context);
}

static void registration_finalize(void *self)
{
    registration *r = self;
    corbel_Lessee_unref(r->lessee); /* nobody is told any more */
    registration_end(r);
    registry_release(r->registry);
    free(r);
}

static const corbel_Registration_servant registration_servant = { .get_name = registration_get_name };

static corbel_status registry_lease(void *self, corbel_request *request, const char *name, const char *uri, corbel_Tags tags,
                                    bool replace, corbel_Lessee *lessee, corbel_Registration **ret)
{
    registry *r = self;
    const size_t name_size = strlen(name) + 1;
    registry_stands stands;
    registration *lease = calloc(1, sizeof *lease + name_size);
    if (lease == NULL) {
        return registry_answer(request, NS_NO_MEMORY, name, NULL);
    }
    const corbel_status status =
        registry_put(r, request, (ns_entry) { .name = name, .uri = uri, .leased = true }, tags, replace, &stands);
    if (status != CORBEL_OK) {
        free(lease);
        return status;
    }
    atomic_fetch_add(&r->count, 1);
    lease->registry = r;
    lease->number = stands.registration;
    memcpy(lease->name, name, name_size);
    lease->lessee = corbel_Lessee_ref(lessee);
    const corbel_status watched =
        lessee == NULL ? CORBEL_OK : corbel_object_on_broken(corbel_Lessee_as_object(lessee), registration_lost, lease);
    if (watched != CORBEL_OK) {
        registration_finalize(lease);
        return corbel_request_fail(request, watched, "the lessee cannot be watched");
    }
    *ret = corbel_Registration_new(corbel_request_runtime(request), &registration_servant, lease, registration_finalize);
    return CORBEL_OK;
}

static corbel_status registry_remove(void *self, corbel_request *request, const char *name)
{
    registry *r = self;
    const corbel_status status = registry_check_own(request, name);
    return status ? status : registry_answer(request, r->store->remove(r->store, name, 0), name, NULL);
}

static corbel_status registry_set_tags(void *self, corbel_request *request, const char *name, corbel_Tags tags)
{
    registry *r = self;
    corbel_status status = CORBEL_OK;
    if ((status = registry_check_own(request, name)) || (status = registry_check_tags(request, tags, &tags))) {
        return status;
    }
    return registry_answer(request, r->store->set_tags(r->store, name, tags.items, tags.len), name, NULL);
}

static const corbel_NameServer_servant registry_servant = {
    .ping = registry_ping,
    .lookup = registry_lookup,
    .list = registry_list,
    .register_ = registry_register,
    .lease = registry_lease,
    .remove = registry_remove,
    .set_tags = registry_set_tags,
};

/* ---- making one ---- */

static void registry_finalize(void *self)
{
    registry_release(self);
}

corbel_NameServer *ns_registry_new(corbel_runtime *runtime, ns_store *store)
{
    registry *self = calloc(1, sizeof *self);
    if (self == NULL) {
        store->free(store);
        return NULL;
    }
    self->store = store;
    atomic_init(&self->count, 1);
    return corbel_NameServer_new(runtime, &registry_servant, self, registry_finalize);
}

ns_outcome ns_registry_enter_itself(ns_store *store, const char *uri)
{
    return store->put(store, &(ns_entry) { .name = NS_OBJECT_ID, .uri = uri }, true, NULL, NULL);
}
