/* Working memory of one frame: protobuf-c takes many small pieces for each, and gives them back one by one; here they come from
 * a piece of the session's own memory and go back at once. The budget bounds what a frame of a peer's can make of itself. */
#include "runtime/wire/frame.h"

#include <stdlib.h>

enum { SCRATCH_ALIGN = _Alignof(max_align_t), SCRATCH_CHUNK = 16384 };

typedef struct crb_scratch_chunk {
    struct crb_scratch_chunk *next;
    size_t at, size;
    _Alignas(max_align_t) uint8_t data[];
} crb_scratch_chunk;

void crb_scratch_init(crb_scratch *scratch)
{
    scratch->chunks = NULL;
    crb_scratch_reset(scratch, 0);
}

void crb_scratch_reset(crb_scratch *scratch, size_t budget)
{
    while (scratch->chunks != NULL) {
        crb_scratch_chunk *const next = scratch->chunks->next;
        free(scratch->chunks);
        scratch->chunks = next;
    }
    scratch->used = 0;
    scratch->at = 0;
    scratch->budget = budget;
    scratch->failed = false;
    scratch->over_budget = false;
}

void *crb_scratch_alloc(crb_scratch *scratch, size_t size)
{
    if (size > scratch->budget - scratch->used) {
        scratch->over_budget = true;
        return NULL;
    }
    const size_t rounded = (size + SCRATCH_ALIGN - 1) / SCRATCH_ALIGN * SCRATCH_ALIGN;
    uint8_t *at;
    if (rounded <= sizeof scratch->fixed - scratch->at) {
        at = scratch->fixed + scratch->at;
        scratch->at += rounded;
    } else {
        crb_scratch_chunk *chunk = scratch->chunks;
        if (chunk == NULL || rounded > chunk->size - chunk->at) {
            const size_t room = rounded > SCRATCH_CHUNK ? rounded : SCRATCH_CHUNK;
            chunk = malloc(sizeof *chunk + room);
            if (chunk == NULL) {
                scratch->failed = true;
                return NULL;
            }
            chunk->next = scratch->chunks;
            chunk->at = 0;
            chunk->size = room;
            scratch->chunks = chunk;
        }
        at = chunk->data + chunk->at;
        chunk->at += rounded;
    }
    scratch->used += size;
    return at;
}
