/** The look at a frame's bytes before protobuf-c sees them: it bounds nothing by itself. */
#ifndef CRB_WIRE_CHECK_H
#define CRB_WIRE_CHECK_H

#include "runtime/wire/frame.h"

/** Walks the fields by the schema, without allocating: the encoding is whole, every text is UTF-8 and short enough, every
 *  repeated field has few enough entries, there is at most one body. *ret_type: the body's field number (the first unknown one
 *  where none is known). NULL: all is well; else what is wrong, a static text. */
const char *crb_wire_check(const uint8_t *data, size_t len, const crb_frame_limits *limits, uint32_t *ret_type);

#endif /* CRB_WIRE_CHECK_H */
