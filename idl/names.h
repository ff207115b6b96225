/** A table from names to things, in the arena. The only place that knows uthash. */
#ifndef IDL_NAMES_H
#define IDL_NAMES_H

#include "idl/arena.h"

#include <stddef.h>

typedef struct idl_names {
    struct idl_name *first; /* in the order in which they were put */
} idl_names;

/** NULL when there is none. */
void *idl_names_get(const idl_names *names, const char *key, size_t length);

/** The key is kept, not copied; it must not be in the table. */
void idl_names_put(idl_names *names, idl_arena *arena, const char *key, size_t length, void *value);

/** Takes it out, if it is there. */
void idl_names_remove(idl_names *names, const char *key, size_t length);

/** Walks the table: start with NULL, pass what came back; NULL after the last. Its value goes to ret_value. */
const struct idl_name *idl_names_next(const idl_names *names, const struct idl_name *previous, void **ret_value);

#endif /* IDL_NAMES_H */
