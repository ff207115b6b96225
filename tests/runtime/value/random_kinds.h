/** Random values of kinds_All, by seed. */
#ifndef CRB_TEST_RANDOM_KINDS_H
#define CRB_TEST_RANDOM_KINDS_H

#include "runtime/base/arena.h"
#include "tests/runtime/value/kinds.h"

/** A fresh value in arena, the same for the same seed. Never holds a NaN or -0.0, for which protobuf-c differs. */
const kinds_All *random_all(crb_arena *arena, uint64_t seed);

#endif /* CRB_TEST_RANDOM_KINDS_H */
