/** Stores: where a name server keeps its names. A small interface, so that a registry need not know whether they are in memory,
 *  in a file or elsewhere.
 *
 *  A store knows nothing of what makes a name valid (registry.c does) nor who may change it; it keeps what it is given, and
 *  counts. Every operation is atomic, and may be called from any thread. */
#ifndef NS_STORE_H
#define NS_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** A name and what it stands for. Borrowed wherever it is passed. */
typedef struct ns_entry {
    const char *name;
    const char *uri;
    const char *const *tags;
    size_t n_tags;
    bool leased;           /* goes when its registration ends */
    uint64_t registration; /* given by put(), kept until the name is removed or put again; never 0, never used again */
    uint64_t revision;     /* given by every change; grows over the whole store; never 0 */
} ns_entry;

typedef enum ns_outcome {
    NS_DONE,
    NS_NO_SUCH_NAME,
    NS_TAKEN,    /* put() without replace: the name exists */
    NS_FULL,     /* the store has as many names as it takes */
    NS_NO_MEMORY /* nothing was changed */
} ns_outcome;

/** Told of an entry, which is valid during the call only. The store may hold a lock: it must not call the store.
 *  false: enough. */
typedef bool (*ns_visit)(void *user, const ns_entry *entry);

typedef struct ns_store ns_store;
struct ns_store {
    /** Adds entry (its registration and revision are the store's to give), or replaces what has its name. Shows visit, unless it
     *  is NULL, what then stands under the name: the entry that was made, or with NS_TAKEN the one that is in the way. */
    ns_outcome (*put)(ns_store *self, const ns_entry *entry, bool replace, ns_visit visit, void *user);
    /** Shows the entry to visit. */
    ns_outcome (*get)(ns_store *self, const char *name, ns_visit visit, void *user);
    /** Shows all entries whose names begin with prefix ("" for all), in the order of their bytes. */
    ns_outcome (*list)(ns_store *self, const char *prefix, ns_visit visit, void *user);
    ns_outcome (*set_tags)(ns_store *self, const char *name, const char *const *tags, size_t n_tags);
    /** registration 0: whatever it is. Else only if the name still belongs to that registration, else NS_NO_SUCH_NAME. */
    ns_outcome (*remove)(ns_store *self, const char *name, uint64_t registration);
    void (*free)(ns_store *self);
};

/** In memory: gone with the process. max_names 0: NS_MAX_NAMES. NULL: out of memory. */
ns_store *ns_memory_store_new(size_t max_names);
#define NS_MAX_NAMES 1000000

#endif /* NS_STORE_H */
