/* The memory store: a hash table of entries under one mutex. An entry is one block that holds its strings, never changed but
 * replaced as a whole; so a failed allocation leaves everything as it was. */
#include "nameserver/store.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

/* Without memory the entry that was to be added is not in the table: put() looks. */
#define HASH_NONFATAL_OOM 1
#include <uthash.h>

typedef struct memory_entry {
    ns_entry entry;
    UT_hash_handle hh;
} memory_entry;

typedef struct memory_store {
    ns_store store;
    pthread_mutex_t lock;
    memory_entry *entries;
    size_t max_names;
    uint64_t last_registration, last_revision;
} memory_store;

/* One block: the entry, the array of tags, the strings. */
static memory_entry *memory_entry_new(const ns_entry *from)
{
    const size_t name_size = strlen(from->name) + 1, uri_size = strlen(from->uri) + 1;
    size_t size = sizeof(memory_entry) + from->n_tags * sizeof(char *) + name_size + uri_size;
    for (size_t i = 0; i < from->n_tags; i++) {
        size += strlen(from->tags[i]) + 1;
    }
    memory_entry *self = calloc(1, size);
    if (self == NULL) {
        return NULL;
    }
    const char **tags = (const char **)(self + 1);
    char *text = (char *)(tags + from->n_tags);
    self->entry = *from;
    self->entry.tags = tags;
    self->entry.name = memcpy(text, from->name, name_size);
    text += name_size;
    self->entry.uri = memcpy(text, from->uri, uri_size);
    text += uri_size;
    for (size_t i = 0; i < from->n_tags; i++) {
        const size_t tag_size = strlen(from->tags[i]) + 1;
        tags[i] = memcpy(text, from->tags[i], tag_size);
        text += tag_size;
    }
    return self;
}

static memory_entry *memory_find_locked(memory_store *self, const char *name)
{
    memory_entry *found = NULL;
    HASH_FIND_STR(self->entries, name, found);
    return found;
}

/* Puts fresh in the place of old, which may be NULL. fresh is the store's afterwards, or freed when there was no memory. */
static ns_outcome memory_replace_locked(memory_store *self, memory_entry *old, memory_entry *fresh)
{
    fresh->entry.revision = self->last_revision + 1;
    /* Added before the old one goes: adding may fail, removing cannot. Both carry the same name for that moment, and removing
     * goes by address. */
    HASH_ADD_KEYPTR(hh, self->entries, fresh->entry.name, strlen(fresh->entry.name), fresh);
    if (fresh->hh.tbl == NULL) {
        free(fresh);
        return NS_NO_MEMORY;
    }
    self->last_revision++;
    if (old != NULL) {
        HASH_DEL(self->entries, old);
        free(old);
    }
    return NS_DONE;
}

static ns_outcome memory_put(ns_store *store, const ns_entry *entry, bool replace, ns_visit visit, void *user)
{
    memory_store *self = (memory_store *)store;
    memory_entry *fresh = memory_entry_new(entry);
    if (fresh == NULL) {
        return NS_NO_MEMORY;
    }
    ns_outcome outcome = NS_DONE;
    pthread_mutex_lock(&self->lock);
    memory_entry *stands = memory_find_locked(self, entry->name);
    if (stands != NULL && !replace) {
        outcome = NS_TAKEN;
    } else if (stands == NULL && HASH_COUNT(self->entries) >= self->max_names) {
        outcome = NS_FULL;
    }
    if (outcome == NS_DONE) {
        fresh->entry.registration = self->last_registration + 1;
        outcome = memory_replace_locked(self, stands, fresh);
        stands = fresh;
        self->last_registration += outcome == NS_DONE;
    } else {
        free(fresh);
    }
    if (visit != NULL && (outcome == NS_DONE || outcome == NS_TAKEN)) {
        visit(user, &stands->entry);
    }
    pthread_mutex_unlock(&self->lock);
    return outcome;
}

static ns_outcome memory_get(ns_store *store, const char *name, ns_visit visit, void *user)
{
    memory_store *self = (memory_store *)store;
    pthread_mutex_lock(&self->lock);
    const memory_entry *found = memory_find_locked(self, name);
    if (found != NULL) {
        visit(user, &found->entry);
    }
    pthread_mutex_unlock(&self->lock);
    return found == NULL ? NS_NO_SUCH_NAME : NS_DONE;
}

static int memory_by_name(const void *a, const void *b)
{
    return strcmp((*(const memory_entry *const *)a)->entry.name, (*(const memory_entry *const *)b)->entry.name);
}

static ns_outcome memory_list(ns_store *store, const char *prefix, ns_visit visit, void *user)
{
    memory_store *self = (memory_store *)store;
    const size_t prefix_len = strlen(prefix);
    ns_outcome outcome = NS_DONE;
    size_t n = 0;
    pthread_mutex_lock(&self->lock);
    const memory_entry **sorted = calloc((size_t)HASH_COUNT(self->entries) + 1, sizeof(const memory_entry *));
    if (sorted == NULL) {
        outcome = NS_NO_MEMORY;
        goto done;
    }
    for (const memory_entry *each = self->entries; each != NULL; each = each->hh.next) {
        if (strncmp(each->entry.name, prefix, prefix_len) == 0) {
            sorted[n++] = each;
        }
    }
    qsort(sorted, n, sizeof *sorted, memory_by_name);
    for (size_t i = 0; i < n; i++) {
        if (!visit(user, &sorted[i]->entry)) {
            break;
        }
    }
done:
    pthread_mutex_unlock(&self->lock);
    free(sorted);
    return outcome;
}

static ns_outcome memory_set_tags(ns_store *store, const char *name, const char *const *tags, size_t n_tags)
{
    memory_store *self = (memory_store *)store;
    ns_outcome outcome = NS_NO_SUCH_NAME;
    pthread_mutex_lock(&self->lock);
    memory_entry *old = memory_find_locked(self, name);
    if (old != NULL) {
        ns_entry changed = old->entry;
        changed.tags = tags;
        changed.n_tags = n_tags;
        memory_entry *fresh = memory_entry_new(&changed);
        outcome = fresh == NULL ? NS_NO_MEMORY : memory_replace_locked(self, old, fresh);
    }
    pthread_mutex_unlock(&self->lock);
    return outcome;
}

static ns_outcome memory_remove(ns_store *store, const char *name, uint64_t registration)
{
    memory_store *self = (memory_store *)store;
    pthread_mutex_lock(&self->lock);
    memory_entry *found = memory_find_locked(self, name);
    if (found != NULL && registration != 0 && found->entry.registration != registration) {
        found = NULL;
    }
    if (found != NULL) {
        HASH_DEL(self->entries, found);
        self->last_revision++;
    }
    pthread_mutex_unlock(&self->lock);
    free(found);
    return found == NULL ? NS_NO_SUCH_NAME : NS_DONE;
}

static void memory_free(ns_store *store)
{
    memory_store *self = (memory_store *)store;
    memory_entry *each = NULL, *next = NULL;
    HASH_ITER(hh, self->entries, each, next)
    {
        HASH_DEL(self->entries, each);
        free(each);
    }
    pthread_mutex_destroy(&self->lock);
    free(self);
}

ns_store *ns_memory_store_new(size_t max_names)
{
    memory_store *self = calloc(1, sizeof *self);
    if (self == NULL) {
        return NULL;
    }
    if (pthread_mutex_init(&self->lock, NULL) != 0) {
        free(self);
        return NULL;
    }
    self->max_names = max_names == 0 ? NS_MAX_NAMES : max_names;
    self->store = (ns_store) { memory_put, memory_get, memory_list, memory_set_tags, memory_remove, memory_free };
    return &self->store;
}
