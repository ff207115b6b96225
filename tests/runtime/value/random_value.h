/** Random values of any type, made from its table, so that they keep all its rules. */
#ifndef CRB_TEST_RANDOM_VALUE_H
#define CRB_TEST_RANDOM_VALUE_H

#include "runtime/base/arena.h"

#include <corbel/generated.h>

/** Where decisions come from: bytes while there are any, then a generator that they and the seed started. */
typedef struct chance {
    uint64_t state; /* not 0 */
    const uint8_t *data;
    size_t len;
    crb_arena *arena; /* where values go */
} chance;

uint64_t chance_next(chance *c);
/** 0 to n - 1; n is not 0. */
size_t chance_below(chance *c, size_t n);
/** 64 bits: often few of them, at the edge of a varint's length, or none. */
uint64_t chance_number(chance *c);

/** Makes zeroed memory a value. depth: how far it may nest. No NaN, so that it equals itself. References are fake_objects. */
void random_value(chance *c, const corbel_type *type, void *at, unsigned depth);

#endif /* CRB_TEST_RANDOM_VALUE_H */
