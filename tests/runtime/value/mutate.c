#include "tests/runtime/value/mutate.h"

#include <stdbool.h>
#include <string.h>

enum { MOST_FIELDS = 400 };

/** A field: from its tag to its end, and what is in it. */
typedef struct field {
    size_t at, contents, end;
    uint64_t tag;
} field;

static bool varint(const uint8_t *data, size_t len, size_t *at, uint64_t *ret)
{
    *ret = 0;
    for (unsigned i = 0; i < 10 && *at < len; i++) {
        const uint8_t byte = data[(*at)++];
        *ret |= (uint64_t)(byte & 0x7f) << (7 * i);
        if (byte < 0x80) {
            return true;
        }
    }
    return false;
}

/** The fields of a message; 0: it is none, or has too many. */
static size_t split(const uint8_t *data, size_t len, field fields[MOST_FIELDS])
{
    size_t at = 0, n = 0;
    while (at < len) {
        uint64_t number = 0;
        if (n == MOST_FIELDS) {
            return 0;
        }
        field *f = &fields[n++];
        f->at = at;
        if (!varint(data, len, &at, &f->tag) || f->tag < 8) {
            return 0;
        }
        f->contents = at;
        switch (f->tag & 7) {
        case 0:
            if (!varint(data, len, &at, &number)) {
                return 0;
            }
            break;
        case 1:
        case 5:
            number = (f->tag & 7) == 1 ? 8 : 4;
            if (number > len - at) {
                return 0;
            }
            at += number;
            break;
        case 2:
            if (!varint(data, len, &at, &number) || number > len - at) {
                return 0;
            }
            f->contents = at;
            at += number;
            break;
        default:
            return 0;
        }
        f->end = at;
    }
    return n;
}

static void put_delimited(crb_buf *out, uint64_t tag, const uint8_t *data, size_t len)
{
    crb_buf_varint(out, tag);
    crb_buf_varint(out, len);
    crb_buf_append(out, data, len);
}

/** A field with something else in it. */
static void change_contents(chance *c, const uint8_t *data, const field *f, crb_buf *out)
{
    const size_t len = f->end - f->contents;
    const uint8_t *contents = data + f->contents;
    crb_buf inner = CRB_BUF_INIT;
    if ((f->tag & 7) != 2) {
        crb_buf_varint(out, f->tag);
        if ((f->tag & 7) == 0) {
            crb_buf_varint(out, chance_number(c));
        } else {
            crb_buf_append(out, contents, len);
            out->data[out->len - 1 - chance_below(c, len)] ^= (uint8_t)chance_next(c);
        }
        return;
    }
    switch (chance_below(c, 12)) {
    case 0: /* nothing */
        put_delimited(out, f->tag, contents, 0);
        break;
    case 1: /* in two pieces */
        put_delimited(out, f->tag, contents, len / 2);
        put_delimited(out, f->tag, contents + len / 2, len - len / 2);
        break;
    case 2: /* not packed */
        for (size_t at = 0, start = 0; at < len; start = at) {
            uint64_t number = 0;
            if (!varint(contents, len, &at, &number)) {
                break;
            }
            crb_buf_varint(out, f->tag & ~(uint64_t)7);
            crb_buf_append(out, contents + start, at - start);
        }
        break;
    case 3: /* in a message of the one field 1 */
        crb_buf_varint(&inner, 1 << 3 | 2);
        crb_buf_varint(&inner, len);
        crb_buf_append(&inner, contents, len);
        put_delimited(out, f->tag, inner.data, inner.len);
        break;
    case 4: /* the same again behind it */
        crb_buf_append(&inner, contents, len);
        crb_buf_append(&inner, contents, len);
        put_delimited(out, f->tag, inner.data, inner.len);
        break;
    default:
        mutate(c, contents, len, &inner);
        put_delimited(out, f->tag, inner.data, inner.len);
        break;
    }
    crb_buf_clear(&inner);
}

static void mutate_text(chance *c, const uint8_t *data, size_t len, crb_buf *out)
{
    const size_t keep = len > 0 ? chance_below(c, len + 1) : 0;
    crb_buf_append(out, data, keep);
    switch (chance_below(c, 3)) {
    case 0: /* cut */
        break;
    case 1: { /* a byte more */
        const uint8_t byte = (uint8_t)chance_next(c);
        crb_buf_append(out, &byte, 1);
        crb_buf_append(out, data + keep, len - keep);
        break;
    }
    default: /* a byte changed */
        crb_buf_append(out, data + keep, len - keep);
        if (keep < len) {
            out->data[out->len - (len - keep)] ^= (uint8_t)(1 << chance_below(c, 8));
        }
        break;
    }
}

void mutate(chance *c, const uint8_t *data, size_t len, crb_buf *out)
{
    field fields[MOST_FIELDS];
    data = len > 0 ? data : (const uint8_t *)"";
    const size_t n = split(data, len, fields);
    if (n == 0) {
        mutate_text(c, data, len, out);
        return;
    }
    const size_t chosen = chance_below(c, n), other = chance_below(c, n);
    const size_t what = chance_below(c, 16);
    for (size_t i = 0; i < n; i++) {
        const field *f = &fields[i];
        const size_t size = f->end - f->at;
        if (i != chosen) {
            crb_buf_append(out, data + f->at, size);
            continue;
        }
        switch (what) {
        case 0: /* dropped */
            break;
        case 1: /* twice */
            crb_buf_append(out, data + f->at, size);
            crb_buf_append(out, data + f->at, size);
            break;
        case 2: /* another in front of it, which comes twice or moves back */
        case 3:
            crb_buf_append(out, data + fields[other].at, fields[other].end - fields[other].at);
            crb_buf_append(out, data + f->at, size);
            break;
        case 4: /* another number */
            crb_buf_varint(out, (f->tag & 7) | (1 + chance_below(c, 60)) << 3);
            crb_buf_append(out, data + f->contents, f->end - f->contents);
            break;
        case 5: { /* another wire type */
            crb_buf_varint(out, (f->tag & ~(uint64_t)7) | chance_below(c, 8));
            crb_buf_append(out, data + f->contents, f->end - f->contents);
            break;
        }
        default:
            change_contents(c, data, f, out);
            break;
        }
    }
    if (what == 15) { /* at the end, one that nobody knows, or that was there */
        crb_buf_varint(out, (1 + chance_below(c, 5000)) << 3 | 2);
        crb_buf_varint(out, 0);
    }
}
