#include "tests/runtime/value/random_kinds.h"
#include "tests/runtime/value/fake_object.h"

#include <string.h>

typedef struct chance {
    uint64_t state;
    crb_arena *arena;
} chance;

static uint64_t next(chance *c)
{
    c->state ^= c->state << 13;
    c->state ^= c->state >> 7;
    c->state ^= c->state << 17;
    return c->state;
}

static size_t below(chance *c, size_t n)
{
    return (size_t)(next(c) >> 11) % n;
}

/** 64 bits: often few of them, at the edge of a varint's length, or none. */
static uint64_t number(chance *c)
{
    const size_t bits = below(c, 66);
    const uint64_t all = next(c);
    if (bits == 0) {
        return 0;
    }
    if (bits == 65) {
        return (uint64_t)0 - below(c, 3);
    }
    return bits == 64 ? all : all & (((uint64_t)1 << bits) - 1);
}

static double real(chance *c)
{
    return (double)(int64_t)number(c) / 8000.0;
}

static const char *text(chance *c)
{
    static const char *const letters[] = { "a", "Z", "~", "\n", "\x7f", "\xc3\xa9", "\xe2\x82\xac", "\xf0\x9f\x98\x80" };
    if (below(c, 8) == 0) {
        return NULL;
    }
    const size_t n = below(c, 10) == 0 ? 100 + below(c, 200) : below(c, 12);
    char *out = crb_arena_alloc(c->arena, n * 4 + 1, 1);
    for (size_t i = 0; i < n; i++) {
        strcat(out, letters[below(c, sizeof letters / sizeof *letters)]);
    }
    return out;
}

static kinds_Thing *thing(chance *c)
{
    const size_t n = below(c, FAKE_OBJECTS + 1);
    return n < FAKE_OBJECTS ? &fake_objects[n] : NULL;
}

static size_t length(chance *c)
{
    const size_t n = below(c, 12);
    return n < 6 ? n : n == 6 ? 20 + below(c, 200) : 0;
}

#define FILL(view, item)                                                                                                         \
    do {                                                                                                                         \
        (view).len = length(c);                                                                                                  \
        if ((view).len > 0) {                                                                                                    \
            void *memory = crb_arena_alloc(c->arena, (view).len, sizeof *(view).items);                                          \
            (view).items = memory;                                                                                               \
            for (size_t i = 0; i < (view).len; i++) {                                                                            \
                memcpy((uint8_t *)memory + i * sizeof *(view).items, &(item), sizeof *(view).items);                             \
            }                                                                                                                    \
        }                                                                                                                        \
    } while (0)

static corbel_int32_seq numbers(chance *c)
{
    corbel_int32_seq seq = { 0 };
    FILL(seq, (int32_t) { (int32_t)number(c) });
    return seq;
}

static kinds_Inner inner(chance *c, unsigned depth);

static kinds_Inner_seq inners(chance *c, unsigned depth)
{
    kinds_Inner_seq seq = { 0 };
    if (depth > 0) {
        seq.len = length(c) % 6;
        kinds_Inner *items = crb_arena_alloc(c->arena, seq.len, sizeof *items);
        for (size_t i = 0; i < seq.len; i++) {
            items[i] = inner(c, depth - 1);
        }
        seq.items = seq.len > 0 ? items : NULL;
    }
    return seq;
}

static kinds_Point point(chance *c)
{
    return below(c, 3) == 0 ? (kinds_Point) { 0, 0 } : (kinds_Point) { (int32_t)number(c), real(c) };
}

static kinds_Inner inner(chance *c, unsigned depth)
{
    if (below(c, 5) == 0) {
        return (kinds_Inner) { 0 };
    }
    return (kinds_Inner) { text(c), numbers(c), point(c), thing(c), inners(c, depth) };
}

static corbel_bytes octets(chance *c)
{
    corbel_bytes bytes = { 0 };
    FILL(bytes, (uint8_t) { (uint8_t)next(c) });
    return bytes;
}

const kinds_All *random_all(crb_arena *arena, uint64_t seed)
{
    chance chances = { .state = (seed + 1) * 0x9e3779b97f4a7c15ULL, .arena = arena };
    chance *c = &chances;
    kinds_All *all = crb_arena_alloc(arena, 1, sizeof *all);
    if (seed % 16 == 0) {
        return all; /* nothing at all */
    }
    all->b = below(c, 2) == 0;
    all->octet = (uint8_t)number(c);
    all->c = (char)number(c);
    all->i16 = (int16_t)number(c);
    all->u16 = (uint16_t)number(c);
    all->i32 = (int32_t)number(c);
    all->u32 = (uint32_t)number(c);
    all->i64 = (int64_t)number(c);
    all->u64 = number(c);
    all->f = (float)real(c);
    all->d = real(c);
    all->color = (kinds_Color)(int32_t)number(c);
    all->text = text(c);
    all->inner = inner(c, 3);
    all->object = thing(c);
    all->data = octets(c);
    FILL(all->bools, (bool) { below(c, 2) == 0 });
    FILL(all->chars, (char) { (char)number(c) });
    FILL(all->i16s, (int16_t) { (int16_t)number(c) });
    FILL(all->u16s, (uint16_t) { (uint16_t)number(c) });
    all->i32s = numbers(c);
    FILL(all->u32s, (uint32_t) { (uint32_t)number(c) });
    FILL(all->i64s, (int64_t) { (int64_t)number(c) });
    FILL(all->u64s, (uint64_t) { number(c) });
    FILL(all->floats, (float) { (float)real(c) });
    FILL(all->doubles, (double) { real(c) });
    FILL(all->colors, (int32_t) { (int32_t)number(c) });
    FILL(all->texts, (const char *) { text(c) });
    all->inners = inners(c, 3);
    FILL(all->objects, (kinds_Thing *) { thing(c) });
    FILL(all->blobs, (corbel_bytes[]) { octets(c) }[0]);
    FILL(all->numbers, (corbel_int32_seq[]) { numbers(c) }[0]);
    FILL(all->inner_lists, (kinds_Inner_seq[]) { inners(c, 2) }[0]);
    all->last = point(c);
    return all;
}
