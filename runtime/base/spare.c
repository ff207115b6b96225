/* A slot is taken and filled by one atomic exchange: who has got a block out of it is the only one that has it. */
#include "runtime/base/spare.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

enum { SPARE_WASTE = 8 }; /* a block is not given to who needs less than this part of it */

/* Each begins with its capacity. */
static _Atomic(size_t *) spare_slots[CRB_SPARE_BLOCKS];

static void spare_keep(size_t *block)
{
    for (size_t i = 0; i < CRB_SPARE_BLOCKS; i++) {
        size_t *empty = NULL;
        if (atomic_compare_exchange_strong(&spare_slots[i], &empty, block)) {
            return;
        }
    }
    free(block);
}

void *crb_spare_take(size_t needed, size_t *ret_capacity)
{
    for (size_t i = 0; i < CRB_SPARE_BLOCKS && needed > CRB_SPARE_LEAST / 2 && needed <= CRB_SPARE_MOST; i++) {
        size_t *const block = atomic_exchange(&spare_slots[i], NULL);
        if (block == NULL) {
            continue;
        }
        const size_t capacity = *block;
        if (capacity >= needed && capacity / SPARE_WASTE <= needed) {
            *ret_capacity = capacity;
            return block;
        }
        if (capacity < needed) { /* it makes room for one that is of use */
            free(block);
        } else {
            spare_keep(block);
        }
    }
    return NULL;
}

void crb_spare_give(void *block, size_t capacity)
{
    if (!CRB_SPARE_KEEPS || capacity < CRB_SPARE_LEAST || capacity > CRB_SPARE_MOST) {
        free(block);
        return;
    }
    memcpy(block, &capacity, sizeof capacity);
    spare_keep(block);
}
