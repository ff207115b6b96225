/* uthash over the arena: it frees nothing, and its allocations never fail (they leave through idl_stop()). */
#include "idl/names.h"

#include <stdint.h>

#define uthash_malloc(size) idl_arena_alloc(arena, size)
#define uthash_free(memory, size) ((void)0)
#include <uthash.h>

typedef struct idl_name {
    void *value;
    UT_hash_handle hh;
} idl_name;

void *idl_names_get(const idl_names *names, const char *key, size_t length)
{
    idl_name *found = NULL;
    if (names->first != NULL) {
        HASH_FIND(hh, names->first, key, (unsigned)length, found);
    }
    return found == NULL ? NULL : found->value;
}

void idl_names_put(idl_names *names, idl_arena *arena, const char *key, size_t length, void *value)
{
    idl_name *name = idl_arena_alloc(arena, sizeof *name);
    name->value = value;
    HASH_ADD_KEYPTR(hh, names->first, key, (unsigned)length, name);
}

void idl_names_remove(idl_names *names, const char *key, size_t length)
{
    idl_name *found = NULL;
    if (names->first != NULL) {
        HASH_FIND(hh, names->first, key, (unsigned)length, found);
    }
    if (found != NULL) {
        HASH_DEL(names->first, found);
    }
}

const idl_name *idl_names_next(const idl_names *names, const idl_name *previous, void **ret_value)
{
    const idl_name *next = previous == NULL ? names->first : previous->hh.next;
    *ret_value = next == NULL ? NULL : next->value;
    return next;
}
