/** A growing byte buffer. One failed allocation marks it: later writes do nothing, so that writers check once, at the end. */
#ifndef CRB_BUF_H
#define CRB_BUF_H

#include "runtime/base/spare.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

typedef struct crb_buf {
    uint8_t *data;
    size_t len;
    size_t capacity;
    bool failed; /* memory ran out; the contents are not to be used */
} crb_buf;
#define CRB_BUF_INIT                                                                                                             \
    {                                                                                                                            \
        NULL, 0, 0, false                                                                                                        \
    }

/** Makes room for n more bytes and returns where they go, without changing len; NULL: no memory (failed is set). */
uint8_t *crb_buf_reserve(crb_buf *buf, size_t n);
void crb_buf_append(crb_buf *buf, const void *data, size_t len);
void crb_buf_varint(crb_buf *buf, uint64_t value);
/** Frees the memory and makes it CRB_BUF_INIT again. */
static inline void crb_buf_clear(crb_buf *buf)
{
    if (buf->data != NULL) { /* it is mostly called in case of */
        if (buf->capacity < CRB_SPARE_LEAST) {
            free(buf->data);
        } else {
            crb_spare_give(buf->data, buf->capacity);
        }
    }
    *buf = (crb_buf)CRB_BUF_INIT;
}

#endif /* CRB_BUF_H */
