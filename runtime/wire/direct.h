/** The two frames that a small call consists of, CALL of a bound operation and RETURN of a result, both without references, and
 *  BODY, of which a large one consists, written and read without protobuf-c: same bytes, a tenth of the time. Whatever is not
 * exactly that goes the general way. */
#ifndef CRB_WIRE_DIRECT_H
#define CRB_WIRE_DIRECT_H

#include "runtime/wire/frame.h"

/** Appends the frame with its length in front, byte for byte as protobuf-c would. False: it is not for here, nothing was done.
 *  out->failed: no memory. */
bool crb_direct_pack(crb_buf *out, const crb_frame *frame);
/** Reads what crb_direct_pack() writes, and what another implementation writes as simply: fields in ascending order, each once.
 *  Nothing is copied: frame points into data. frame is zeroed before. False: it is not for here, whether it is valid or not;
 *  frame is undefined. */
bool crb_direct_unpack(crb_frame *frame, const uint8_t *data, size_t len);

#endif /* CRB_WIRE_DIRECT_H */
