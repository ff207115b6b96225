/** kinds_All as protobuf-c's struct. */
#ifndef CRB_TEST_AS_PROTOBUF_H
#define CRB_TEST_AS_PROTOBUF_H

#include "runtime/base/arena.h"
#include "tests/runtime/value/kinds.h"

#include "kinds.pb-c.h"

/** In arena. Structs that are all zero are left out, as the codec does. */
Kinds__All *as_protobuf(crb_arena *arena, const kinds_All *all);

#endif /* CRB_TEST_AS_PROTOBUF_H */
