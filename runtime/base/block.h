/** Blocks: memory that a call or a copy hands out. One arena a block; a hidden header in front of the value lists the references
 *  that the block counts. */
#ifndef CRB_BLOCK_H
#define CRB_BLOCK_H

#include "runtime/base/arena.h"

#include <corbel/any.h>
#include <corbel/object.h>

/** A counted any, in an arena. */
typedef struct crb_held_any {
    struct crb_held_any *next;
    corbel_any *any;
} crb_held_any;

/** A list of counted references, in an arena, and one of anys. */
typedef struct crb_held {
    corbel_object **items;
    size_t len, capacity;
    crb_held_any *anys;
} crb_held;

/** What stands in front of a block's value. */
typedef struct crb_block {
    crb_arena *arena; /* holds this header, the value, and what it points to */
    crb_held refs;
    /* For refs; kept here, so that a block without references needs nobody. */
    corbel_object *(*unref)(corbel_object *object);
    corbel_any *(*unref_any)(corbel_any *any);
} crb_block;

/** Bytes that a block takes from its arena beside the value: for sizing the arena. */
#define CRB_BLOCK_OVERHEAD (sizeof(crb_block) + 2 * _Alignof(max_align_t))

/** Makes a block in arena, which it owns from then on; with a value of size bytes, zeroed. NULL: no memory, arena is
 *  still the caller's. Until then crb_arena_free() is enough; afterwards corbel_block_free(crb_block_value(block)). */
crb_block *crb_block_new(crb_arena *arena, size_t size);
/** The address of the value. */
void *crb_block_value(crb_block *block);
/** A string as a block. NULL: no memory. */
char *crb_block_string(const char *text, size_t len);

#endif /* CRB_BLOCK_H */
