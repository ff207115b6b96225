/** Values as protobuf-c has them: the members of its messages, found by their numbers. Nothing of the codec is used for it. */
#ifndef CRB_TEST_TO_PROTOBUF_H
#define CRB_TEST_TO_PROTOBUF_H

#include "runtime/base/arena.h"

#include <corbel/generated.h>
#include <protobuf-c/protobuf-c.h>

/** value: of a struct or union. */
ProtobufCMessage *to_protobuf(crb_arena *arena, const corbel_type *type, const void *value,
                              const ProtobufCMessageDescriptor *descriptor);

#endif /* CRB_TEST_TO_PROTOBUF_H */
