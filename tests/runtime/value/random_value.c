#include "tests/runtime/value/random_value.h"
#include "runtime/value/field.h"
#include "runtime/value/union.h"
#include "tests/runtime/value/fake_object.h"

#include <math.h>
#include <stdio.h>

enum { FEW = 4 };

uint64_t chance_next(chance *c)
{
    if (c->len > 0) {
        const size_t n = c->len < 2 ? c->len : 2;
        uint64_t bits = 0;
        memcpy(&bits, c->data, n);
        c->data += n;
        c->len -= n;
        c->state = (c->state ^ bits) * 0x9e3779b97f4a7c15ULL + 1;
        c->state += c->state == 0;
        return bits << 48 | bits << 32 | bits << 11 | bits;
    }
    c->state ^= c->state << 13;
    c->state ^= c->state >> 7;
    c->state ^= c->state << 17;
    return c->state;
}

size_t chance_below(chance *c, size_t n)
{
    return (size_t)(chance_next(c) >> 11) % n;
}

uint64_t chance_number(chance *c)
{
    const size_t bits = chance_below(c, 66);
    const uint64_t all = chance_next(c);
    if (bits == 0) {
        return 0;
    }
    if (bits == 65) {
        return (uint64_t)0 - chance_below(c, 3);
    }
    return bits == 64 ? all : all & (((uint64_t)1 << bits) - 1);
}

/** Between the ends, which come often. */
static uint64_t in_range(chance *c, uint64_t min, uint64_t max)
{
    const uint64_t width = max - min;
    switch (chance_below(c, 4)) {
    case 0:
        return min;
    case 1:
        return max;
    default:
        return width == UINT64_MAX ? chance_next(c) : min + chance_next(c) % (width + 1);
    }
}

static double real(chance *c, const corbel_type *type)
{
    if (type->range != NULL) {
        return type->range->min.d + (type->range->max.d - type->range->min.d) * (double)chance_below(c, 9) / 8;
    }
    return (double)(int64_t)chance_number(c) / 8000.0;
}

static void scalar(chance *c, const corbel_type *type, void *at)
{
    uint64_t number = chance_number(c);
    if (type->kind == CORBEL_KIND_FLOAT) {
        const float value = (float)real(c, type);
        memcpy(at, &value, sizeof value);
        return;
    }
    if (type->kind == CORBEL_KIND_DOUBLE) {
        const double value = real(c, type);
        memcpy(at, &value, sizeof value);
        return;
    }
    if (type->kind == CORBEL_KIND_BOOL) {
        number &= 1;
    } else if (type->kind == CORBEL_KIND_BITMASK && type->bound < 64) {
        number &= ((uint64_t)1 << type->bound) - 1;
    } else if (type->kind == CORBEL_KIND_WCHAR) {
        static const uint32_t edges[] = { 0, 1, 0x7f, 0x80, 0xd7ff, 0xe000, 0xffff, 0x10000, 0x10ffff };
        number = edges[number % (sizeof edges / sizeof *edges)];
    } else if (type->range != NULL) {
        const bool is_signed = crb_is_signed(type->kind);
        const uint64_t least = type->range->has_min ? type->range->min.u : is_signed ? (uint64_t)INT8_MIN : 0;
        number = in_range(c, least, type->range->has_max ? type->range->max.u : INT8_MAX);
    }
    memcpy(at, &number, type->size); /* the lowest bytes */
}

static const char *text(chance *c, const corbel_type *type)
{
    static const char *const letters[] = { "a", "Z", "~", "\n", "\x7f", "\xc3\xa9", "\xe2\x82\xac", "\xf0\x9f\x98\x80" };
    const bool wide = (type->flags & CORBEL_WIDE) != 0;
    size_t n = chance_below(c, 40) == 0 ? 100 + chance_below(c, 200) : chance_below(c, 9);
    n = type->bound > 0 && n > type->bound ? type->bound : n;
    if (n == 0 && chance_below(c, 2) == 0) {
        return NULL;
    }
    char *out = crb_arena_alloc(c->arena, n * 4 + 1, 1);
    char *at = out;
    for (size_t i = 0; i < n; i++) {
        const char *letter = letters[chance_below(c, type->bound > 0 && !wide ? 5 : 8)];
        at = stpcpy(at, letter);
    }
    return out;
}

/** With what does not count, too: signs, zeros. */
static const char *fixed(chance *c, const corbel_type *type)
{
    const size_t whole = type->bound - type->count;
    const size_t n = chance_below(c, whole + 1), zeros = chance_below(c, 3), m = chance_below(c, type->count + 1);
    if (n + zeros == 0) {
        return NULL;
    }
    char *out = crb_arena_alloc(c->arena, type->bound + 10, 1);
    char *at = out;
    if (chance_below(c, 3) == 0) {
        *at++ = chance_below(c, 2) == 0 ? '-' : '+';
    }
    for (size_t i = 0; i < zeros; i++) {
        *at++ = '0';
    }
    for (size_t i = 0; i < n; i++) {
        *at++ = (char)('0' + chance_below(c, 10));
    }
    if (m > 0) {
        *at++ = '.';
        for (size_t i = 0; i < m; i++) {
            *at++ = (char)('0' + chance_below(c, 4) % 3);
        }
        *at++ = '0';
    }
    return out;
}

static long double exact(chance *c)
{
    const long double value = (long double)(int64_t)chance_next(c);
    return chance_below(c, 4) == 0 ? 0 : ldexpl(value, (int)chance_below(c, 32000) - 16000);
}

static size_t length(chance *c, const corbel_type *type)
{
    const size_t n = chance_below(c, 12);
    const size_t len = n < FEW ? n : n == FEW ? 20 + chance_below(c, 60) : 0;
    const size_t less = crb_is_packable(type->element) || crb_is_bytes(type) ? len : len % 5;
    return type->bound > 0 && less > type->bound ? type->bound : less;
}

static void items(chance *c, const corbel_type *type, void *at, unsigned depth)
{
    size_t n = depth > 0 || crb_is_scalar(type->element) ? length(c, type) : 0;
    uint8_t *to = n > 0 ? crb_arena_alloc(c->arena, n, type->element->size) : NULL;
    for (size_t i = 0; i < n; i++) {
        random_value(c, type->element, to + i * type->element->size, depth > 0 ? depth - 1 : 0);
    }
    if (type->kind == CORBEL_KIND_MAP) {
        const corbel_member *key = &type->element->members[0];
        const size_t size = type->element->size;
        size_t kept = n > 0;
        corbel_map_sort(type, to, n);
        for (size_t i = 1; i < n; i++) {
            if (!corbel_value_equal(key->type, to + i * size + key->offset, to + (kept - 1) * size + key->offset)) {
                memmove(to + kept * size, to + i * size, size);
                kept++;
            }
        }
        n = kept;
    }
    crb_view_set(at, (crb_view) { n, n > 0 ? to : NULL });
}

static void member(chance *c, const corbel_member *member, uint8_t *value, unsigned depth)
{
    void *at = value + member->offset;
    if ((member->flags & CORBEL_PRESENT) != 0 && chance_below(c, 2) == 0) {
        memcpy(at, member->fallback, member->type->size);
        return;
    }
    if ((member->flags & CORBEL_OPTIONAL) != 0) {
        const bool recursive = !crb_is_pointer(member->type) && (member->type->flags & CORBEL_PLAIN) == 0;
        if (chance_below(c, 2) == 0 || (depth == 0 && recursive)) {
            return;
        }
        if (!crb_is_pointer(member->type)) {
            void *there = crb_arena_alloc(c->arena, 1, member->type->size);
            crb_pointer_set(at, there);
            at = there;
        }
    }
    random_value(c, member->type, at, depth > 0 ? depth - 1 : 0);
}

static void choose(chance *c, const corbel_type *type, uint8_t *at, unsigned depth)
{
    const corbel_member *d = &type->members[0];
    const corbel_member *wanted = &type->members[chance_below(c, type->count)];
    if (wanted->n_labels > 0) {
        memcpy(at + d->offset, &wanted->labels[chance_below(c, wanted->n_labels)], d->type->size);
    } else {
        scalar(c, d->type, at + d->offset);
    }
    const corbel_member *selected = crb_union_case(type, at);
    if (selected != NULL) {
        member(c, selected, at, depth);
    }
}

void random_value(chance *c, const corbel_type *type, void *at, unsigned depth)
{
    const char *string = NULL;
    long double number = 0;
    switch (type->kind) {
    case CORBEL_KIND_STRING:
    case CORBEL_KIND_FIXED:
        string = type->kind == CORBEL_KIND_FIXED ? fixed(c, type) : text(c, type);
        crb_string_set(at, string);
        break;
    case CORBEL_KIND_LONG_DOUBLE:
        number = exact(c);
        memset(at, 0, sizeof number);
        memcpy(at, &number, sizeof number);
        break;
    case CORBEL_KIND_REFERENCE: {
        const size_t n = chance_below(c, FAKE_OBJECTS + 1);
        crb_reference_set(at, n < FAKE_OBJECTS ? &fake_objects[n] : NULL);
        break;
    }
    case CORBEL_KIND_STRUCT:
        for (uint32_t i = 0; i < type->count; i++) {
            member(c, &type->members[i], at, depth);
        }
        break;
    case CORBEL_KIND_UNION:
        choose(c, type, at, depth);
        break;
    case CORBEL_KIND_ARRAY:
        for (size_t i = 0; i < type->bound; i++) {
            random_value(c, type->element, (uint8_t *)at + i * type->element->size, depth > 0 ? depth - 1 : 0);
        }
        break;
    case CORBEL_KIND_SEQUENCE:
    case CORBEL_KIND_MAP:
        items(c, type, at, depth);
        break;
    case CORBEL_KIND_ANY:
        break;
    default:
        scalar(c, type, at);
        break;
    }
}
