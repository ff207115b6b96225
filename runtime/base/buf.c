/* Growth is by doubling; a failed allocation leaves the old contents in place, so that crb_buf_clear() frees them. */
#include "runtime/base/buf.h"

#include <stdlib.h>
#include <string.h>

enum { BUF_SMALL = 64 /* quick to get, whatever else is there */, BUF_FIRST_CAPACITY = 256, BUF_MAX_VARINT = 10 };

static bool buf_grow(crb_buf *buf, size_t n)
{
    if (n > SIZE_MAX - buf->len) {
        return false;
    }
    const size_t needed = buf->len + n;
    size_t capacity = buf->capacity > BUF_SMALL ? buf->capacity : needed <= BUF_SMALL ? BUF_SMALL : BUF_FIRST_CAPACITY;
    while (capacity < needed) {
        capacity = capacity > SIZE_MAX / 2 ? needed : capacity * 2;
    }
    uint8_t *data = needed > CRB_SPARE_LEAST / 2 ? crb_spare_take(needed, &capacity) : NULL;
    if (data != NULL) {
        if (buf->len > 0) {
            memcpy(data, buf->data, buf->len);
        }
        free(buf->data);
    } else {
        data = realloc(buf->data, capacity);
    }
    if (data == NULL) {
        return false;
    }
    buf->data = data;
    buf->capacity = capacity;
    return true;
}

uint8_t *crb_buf_reserve(crb_buf *buf, size_t n)
{
    if (buf->failed) {
        return NULL;
    }
    if (buf->data == NULL || n > buf->capacity - buf->len) {
        if (!buf_grow(buf, n)) {
            buf->failed = true;
            return NULL;
        }
    }
    return buf->data + buf->len;
}

void crb_buf_append(crb_buf *buf, const void *data, size_t len)
{
    uint8_t *at = crb_buf_reserve(buf, len);
    if (at != NULL && len > 0) {
        memcpy(at, data, len);
        buf->len += len;
    }
}

void crb_buf_varint(crb_buf *buf, uint64_t value)
{
    uint8_t *at = crb_buf_reserve(buf, BUF_MAX_VARINT);
    if (at == NULL) {
        return;
    }
    size_t n = 0;
    while (value >= 0x80) {
        at[n++] = (uint8_t)(value | 0x80);
        value >>= 7;
    }
    at[n++] = (uint8_t)value;
    buf->len += n;
}
