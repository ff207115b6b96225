/** Messages that are wrong, or odd, in one place: a field twice, in another order, of another kind, an item more or less. */
#ifndef CRB_TEST_MUTATE_H
#define CRB_TEST_MUTATE_H

#include "runtime/base/buf.h"
#include "tests/runtime/value/random_value.h"

/** Appends to out the message in data with one change at some depth. What is no message is cut or has a byte changed. */
void mutate(chance *c, const uint8_t *data, size_t len, crb_buf *out);

#endif /* CRB_TEST_MUTATE_H */
