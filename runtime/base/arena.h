/** Memory that is freed as a whole, with a budget. Not thread-safe. */
#ifndef CRB_ARENA_H
#define CRB_ARENA_H

#include <stddef.h>

typedef struct crb_arena crb_arena;

/** budget: bytes that may be taken from it in all; 0: no bound. NULL: out of memory. */
crb_arena *crb_arena_new(size_t budget);
/** Zeroed, aligned for any type; count 0 gives a valid pointer. NULL: out of memory, over the budget, or an overflow. */
void *crb_arena_alloc(crb_arena *arena, size_t count, size_t size);
/** Takes NULL. */
void crb_arena_free(crb_arena *arena);

#endif /* CRB_ARENA_H */
