/* A chain of chunks, the first in the same allocation as the arena itself. Only the newest chunk is carved from; what does not
 * fit into it gets a new one, at least as large as the one before up to a cap. */
#include "runtime/base/arena.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { ARENA_FIRST = 960, ARENA_LARGEST = 64 * 1024 };

typedef struct arena_chunk {
    struct arena_chunk *next;
} arena_chunk;

struct crb_arena {
    size_t budget; /* bytes left; SIZE_MAX: no bound */
    size_t next_size;
    uint8_t *at, *end; /* of the newest chunk */
    size_t first;      /* bytes behind this struct */
    arena_chunk *chunks;
};

crb_arena *crb_arena_new_sized(size_t budget, size_t first)
{
    if (first > SIZE_MAX - sizeof(crb_arena)) {
        return NULL;
    }
    crb_arena *arena = malloc(sizeof *arena + first);
    if (arena == NULL) {
        return NULL;
    }
    arena->budget = budget > 0 ? budget : SIZE_MAX;
    arena->next_size = ARENA_FIRST;
    arena->at = (uint8_t *)(arena + 1);
    arena->end = arena->at + first;
    arena->first = first;
    arena->chunks = NULL;
    return arena;
}

crb_arena *crb_arena_new(size_t budget)
{
    return crb_arena_new_sized(budget, ARENA_FIRST);
}

/** The padding that brings at to align. */
static size_t arena_padding(const uint8_t *at, size_t align)
{
    return (size_t)(0 - (uintptr_t)at) & (align - 1);
}

static void *arena_take_from_new_chunk(crb_arena *arena, size_t n, size_t align)
{
    if (n > SIZE_MAX - sizeof(arena_chunk) - align) {
        return NULL;
    }
    const size_t size = n + align > arena->next_size ? n + align : arena->next_size;
    arena_chunk *chunk = malloc(sizeof *chunk + size);
    if (chunk == NULL) {
        return NULL;
    }
    chunk->next = arena->chunks;
    arena->chunks = chunk;
    if (arena->next_size < ARENA_LARGEST) {
        arena->next_size *= 2;
    }
    uint8_t *at = (uint8_t *)(chunk + 1);
    uint8_t *const end = at + size;
    at += arena_padding(at, align);
    /* A large piece does not end the use of a chunk that has more left. */
    if (arena->end - arena->at < end - (at + n)) {
        arena->at = at + n;
        arena->end = end;
    }
    return at;
}

void *crb_arena_take(crb_arena *arena, size_t n, size_t align)
{
    if (n > arena->budget) {
        return NULL;
    }
    const size_t padding = arena_padding(arena->at, align);
    const size_t left = (size_t)(arena->end - arena->at);
    void *at = NULL;
    if (padding <= left && n <= left - padding) {
        at = arena->at + padding;
        arena->at += padding + n;
    } else {
        at = arena_take_from_new_chunk(arena, n, align);
        if (at == NULL) {
            return NULL;
        }
    }
    if (arena->budget != SIZE_MAX) {
        arena->budget -= n;
    }
    return at;
}

void *crb_arena_alloc(crb_arena *arena, size_t count, size_t size)
{
    if (size > 0 && count > SIZE_MAX / size) {
        return NULL;
    }
    void *at = crb_arena_take(arena, count * size, _Alignof(max_align_t));
    return at != NULL ? memset(at, 0, count * size) : NULL;
}

size_t crb_arena_left(const crb_arena *arena)
{
    return arena->budget;
}

static void arena_free_chunks(crb_arena *arena)
{
    arena_chunk *chunk = arena->chunks;
    while (chunk != NULL) {
        arena_chunk *next = chunk->next;
        free(chunk);
        chunk = next;
    }
}

void crb_arena_reset(crb_arena *arena)
{
    if (arena->chunks != NULL) {
        arena_free_chunks(arena);
        arena->chunks = NULL;
        arena->next_size = ARENA_FIRST;
    }
    arena->at = (uint8_t *)(arena + 1);
    arena->end = arena->at + arena->first;
}

void crb_arena_free(crb_arena *arena)
{
    if (arena == NULL) {
        return;
    }
    arena_free_chunks(arena);
    free(arena);
}
