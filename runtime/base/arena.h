/** Memory that is freed as a whole, with a budget. Not thread-safe. */
#ifndef CRB_ARENA_H
#define CRB_ARENA_H

#include <stddef.h>

typedef struct crb_arena crb_arena;

/** budget: bytes that may be taken from it in all; 0: no bound. NULL: out of memory. */
crb_arena *crb_arena_new(size_t budget);
/** The same; the first allocation of memory holds at least first bytes, so that who knows its needs takes one block. */
crb_arena *crb_arena_new_sized(size_t budget, size_t first);
/** Zeroed, aligned for any type; count 0 gives a valid pointer. NULL: out of memory, over the budget, or an overflow. */
void *crb_arena_alloc(crb_arena *arena, size_t count, size_t size);
/** Like crb_arena_alloc(), but not zeroed, and aligned to align, a power of two not above that of max_align_t. For n bytes of
 *  padding and contents together, n + align - 1 are always enough. */
void *crb_arena_take(crb_arena *arena, size_t n, size_t align);
/** Gives all back but the first piece of memory, for the next use. The budget stays what is left of it. */
void crb_arena_reset(crb_arena *arena);
/** Bytes that are left of the budget; SIZE_MAX: it has none. */
size_t crb_arena_left(const crb_arena *arena);
/** Takes NULL. */
void crb_arena_free(crb_arena *arena);

#endif /* CRB_ARENA_H */
