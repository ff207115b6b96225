#include "runtime/base/block.h"

#include <stdint.h>
#include <string.h>

/* The value follows the header directly, so the header's size must keep it aligned. */
_Static_assert(sizeof(crb_block) % _Alignof(void *) == 0, "a value behind the header would be misaligned");
enum { BLOCK_HEADER = (sizeof(crb_block) + _Alignof(max_align_t) - 1) / _Alignof(max_align_t) * _Alignof(max_align_t) };

crb_block *crb_block_new(crb_arena *arena, size_t size)
{
    if (size > SIZE_MAX - BLOCK_HEADER) {
        return NULL;
    }
    crb_block *block = crb_arena_alloc(arena, 1, BLOCK_HEADER + size);
    if (block != NULL) {
        block->arena = arena;
    }
    return block;
}

void *crb_block_value(crb_block *block)
{
    return (uint8_t *)block + BLOCK_HEADER;
}

char *crb_block_string(const char *text, size_t len)
{
    if (len > SIZE_MAX - 2 * CRB_BLOCK_OVERHEAD) {
        return NULL;
    }
    crb_arena *arena = crb_arena_new_sized(0, CRB_BLOCK_OVERHEAD + len + 1);
    crb_block *block = arena != NULL ? crb_block_new(arena, len + 1) : NULL;
    if (block == NULL) {
        crb_arena_free(arena);
        return NULL;
    }
    return memcpy(crb_block_value(block), text, len); /* the NUL is there */
}

void *corbel_block_free(const void *value)
{
    if (value != NULL) {
        crb_block *block = (crb_block *)((uintptr_t)value - BLOCK_HEADER);
        for (size_t i = 0; i < block->refs.len; i++) {
            block->unref(block->refs.items[i]);
        }
        for (const crb_held_any *held = block->refs.anys; held != NULL; held = held->next) {
            block->unref_any(held->any);
        }
        crb_arena_free(block->arena);
    }
    return NULL;
}

char *corbel_string_free(char *string)
{
    return corbel_block_free(string);
}
