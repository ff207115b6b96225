/* A bump allocator over zeroed chunks that double in size. */
#include "idl/arena.h"

#include <stdalign.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_CHUNK ((size_t)16 << 10)
#define LARGEST_CHUNK ((size_t)1 << 20)

typedef struct idl_chunk {
    struct idl_chunk *next;
    size_t length;
    alignas(max_align_t) char bytes[];
} idl_chunk;

void *idl_arena_try(idl_arena *arena, size_t size)
{
    const size_t unit = alignof(max_align_t);
    const size_t limit = arena->limit == 0 || arena->limit > IDL_MEMORY_LIMIT ? IDL_MEMORY_LIMIT : arena->limit;
    if (size > limit - arena->total) {
        return NULL;
    }
    size = (size + unit - 1) / unit * unit;
    if (arena->next == NULL || size > (size_t)(arena->end - arena->next)) {
        size_t length = FIRST_CHUNK;
        while (length < arena->total && length < LARGEST_CHUNK) {
            length *= 2;
        }
        if (length < size) {
            length = size;
        }
        idl_chunk *chunk = calloc(1, sizeof *chunk + length);
        if (chunk == NULL) {
            return NULL;
        }
        arena->total += length;
        if (arena->total > limit) {
            arena->total = limit;
        }
        chunk->length = length;
        chunk->next = arena->chunks;
        arena->chunks = chunk;
        arena->next = chunk->bytes;
        arena->end = chunk->bytes + length;
    }
    void *memory = arena->next;
    arena->next += size;
    return memory;
}

void *idl_arena_alloc(idl_arena *arena, size_t size)
{
    void *memory = idl_arena_try(arena, size);
    if (memory == NULL) {
        idl_stop(arena, IDL_STOP_MEMORY);
    }
    return memory;
}

/* The link that leads to the chunk of a block of its own; to NULL for no block. */
static idl_chunk **find_link(idl_arena *arena, const void *block)
{
    idl_chunk **link = &arena->chunks;
    while (*link != NULL && (const void *)(*link)->bytes != block) {
        link = &(*link)->next;
    }
    return link;
}

void *idl_arena_resize(idl_arena *arena, void *old, size_t size)
{
    idl_chunk **link = old == NULL ? &arena->chunks : find_link(arena, old);
    idl_chunk *chunk = old == NULL ? NULL : *link;
    idl_chunk *const rest = old == NULL ? arena->chunks : chunk->next;
    const size_t before = chunk == NULL ? 0 : chunk->length;
    if (size > before && size - before > IDL_MEMORY_LIMIT - arena->total) {
        idl_stop(arena, IDL_STOP_MEMORY);
    }
    chunk = realloc(chunk, sizeof *chunk + size);
    if (chunk == NULL) {
        idl_stop(arena, IDL_STOP_MEMORY);
    }
    arena->total = arena->total - before + size;
    *chunk = (idl_chunk) { .next = rest, .length = size };
    *link = chunk;
    return chunk->bytes;
}

void idl_arena_release(idl_arena *arena, void *block)
{
    idl_chunk **link = find_link(arena, block);
    idl_chunk *chunk = *link;
    if (chunk != NULL) {
        *link = chunk->next;
        arena->total -= chunk->length;
        free(chunk);
    }
}

char *idl_arena_text(idl_arena *arena, const char *text, size_t length)
{
    char *copy = idl_arena_alloc(arena, length + 1);
    if (length > 0) {
        memcpy(copy, text, length);
    }
    return copy;
}

void idl_stop(idl_arena *arena, idl_stop_reason reason)
{
    longjmp(*arena->stop, (int)reason);
}

void idl_arena_free(idl_arena *arena)
{
    idl_chunk *chunk = arena->chunks;
    while (chunk != NULL) {
        idl_chunk *next = chunk->next;
        free(chunk);
        chunk = next;
    }
    *arena = (idl_arena) { 0 };
}
