/** long double as it travels: IEEE binary128, the lowest byte first. */
#ifndef CRB_LONG_DOUBLE_H
#define CRB_LONG_DOUBLE_H

#include <stdint.h>

enum { CRB_LONG_DOUBLE_WIRE = 16 };

/** at: of a long double. Exact. Sixteen zero bytes are +0.0 and nothing else. */
void crb_long_double_load(const void *at, uint8_t out[CRB_LONG_DOUBLE_WIRE]);
/** The reverse. Rounds to the nearest value, even at a tie, that this machine's long double has: beyond the largest, infinity. */
void crb_long_double_store(const uint8_t in[CRB_LONG_DOUBLE_WIRE], void *at);

#endif /* CRB_LONG_DOUBLE_H */
