#include "tests/kitchen/values.h"

#include <corbel/any.h>

#include <float.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

corbel_object *kitchen_object;

typedef struct chunk {
    struct chunk *next;
    max_align_t data[];
} chunk;
static chunk *chunks;

void *kitchen_take(size_t size)
{
    chunk *const one = calloc(1, sizeof *one + size);
    if (one == NULL) {
        abort();
    }
    one->next = chunks;
    chunks = one;
    return one->data;
}

typedef struct kept_any {
    struct kept_any *next;
    corbel_any *any;
} kept_any;
static kept_any *anys;

void kitchen_values_free(void)
{
    for (; anys != NULL; anys = anys->next) {
        corbel_any_unref(anys->any);
    }
    while (chunks != NULL) {
        chunk *const next = chunks->next;
        free(chunks);
        chunks = next;
    }
}

typedef struct maker {
    unsigned which;
    uint64_t random;
    unsigned depth; /* recursive types end somewhere */
} maker;

static uint64_t next_random(maker *m)
{
    m->random = m->random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return m->random >> 24 ^ m->random << 30;
}

static void make(maker *m, const corbel_type *type, void *at);

/** Of n things. */
static size_t choose(maker *m, size_t n)
{
    if (n == 0 || m->which <= KITCHEN_LOWEST) {
        return 0;
    }
    return m->which == KITCHEN_HIGHEST ? n - 1 : (size_t)(next_random(m) % n);
}

static void store_signed(const corbel_type *type, int64_t value, void *at)
{
    const int8_t i8 = (int8_t)value;
    const int16_t i16 = (int16_t)value;
    const int32_t i32 = (int32_t)value;
    const void *const from = type->size == 1   ? (const void *)&i8
                             : type->size == 2 ? (const void *)&i16
                             : type->size == 4 ? (const void *)&i32
                                               : (const void *)&value;
    memcpy(at, from, type->size);
}

static bool is_signed(corbel_kind kind)
{
    return kind == CORBEL_KIND_INT8 || kind == CORBEL_KIND_INT16 || kind == CORBEL_KIND_INT32 || kind == CORBEL_KIND_INT64;
}

static int64_t signed_end(const corbel_type *type, bool highest)
{
    const int64_t most = (int64_t)(UINT64_MAX >> (65 - 8 * type->size));
    if (type->range != NULL && (highest ? type->range->has_max : type->range->has_min)) {
        return highest ? type->range->max.i : type->range->min.i;
    }
    return highest ? most : -most - 1;
}

static uint64_t unsigned_end(const corbel_type *type, bool highest)
{
    if (type->range != NULL && (highest ? type->range->has_max : type->range->has_min)) {
        return highest ? type->range->max.u : type->range->min.u;
    }
    const uint64_t most = type->kind == CORBEL_KIND_BOOL ? 1 : UINT64_MAX >> (64 - 8 * type->size);
    return highest ? most : 0;
}

static void make_floating(maker *m, const corbel_type *type, void *at)
{
    const bool is_float = type->kind == CORBEL_KIND_FLOAT;
    const corbel_range *const range = type->range;
    double value = m->which == KITCHEN_EMPTY     ? 0
                   : m->which == KITCHEN_LOWEST  ? (is_float ? -FLT_MAX : -DBL_MAX)
                   : m->which == KITCHEN_HIGHEST ? (is_float ? FLT_MAX : DBL_MAX)
                   : next_random(m) % 8 == 0     ? HUGE_VAL
                                                 : (double)(int64_t)next_random(m) / 1024;
    if (range != NULL && range->has_min && !(value >= range->min.d)) {
        value = range->min.d;
    }
    if (range != NULL && range->has_max && !(value <= range->max.d)) {
        value = range->max.d;
    }
    const float f = (float)value;
    memcpy(at, is_float ? (const void *)&f : (const void *)&value, type->size);
}

static void make_number(maker *m, const corbel_type *type, void *at)
{
    if (is_signed(type->kind)) {
        const int64_t low = signed_end(type, false), high = signed_end(type, true);
        const uint64_t span = (uint64_t)high - (uint64_t)low;
        const bool has_zero = low <= 0 && high >= 0;
        const int64_t value = m->which == KITCHEN_EMPTY     ? (has_zero ? 0 : low)
                              : m->which == KITCHEN_LOWEST  ? low
                              : m->which == KITCHEN_HIGHEST ? high
                              : span == UINT64_MAX          ? (int64_t)next_random(m)
                                                            : (int64_t)((uint64_t)low + next_random(m) % (span + 1));
        store_signed(type, value, at);
    } else {
        const uint64_t low = unsigned_end(type, false), high = unsigned_end(type, true);
        const uint64_t span = high - low;
        const uint64_t value = m->which <= KITCHEN_LOWEST    ? low
                               : m->which == KITCHEN_HIGHEST ? high
                               : span == UINT64_MAX          ? next_random(m)
                                                             : low + next_random(m) % (span + 1);
        store_signed(type, (int64_t)value, at);
    }
}

/** len bytes, or with CORBEL_WIDE code points. */
static char *text_of(maker *m, size_t len, bool wide)
{
    static const char *const signs[] = { "z", "\xc3\xbc", "\xe2\x82\xac", "\xf0\x9d\x84\x9e" };
    char *const text = kitchen_take(len * 4 + 1);
    size_t at = 0;
    for (size_t i = 0; i < len;) {
        const size_t size = m->which == KITCHEN_HIGHEST && !wide ? 1 : next_random(m) % 4 + 1;
        if (!wide && size > len - i) {
            continue;
        }
        memcpy(text + at, signs[size - 1], size);
        at += size;
        i += wide ? 1 : size;
    }
    return text;
}

static void set_text(void *at, const char *text)
{
    memcpy(at, &text, sizeof text);
}

static void make_string(maker *m, const corbel_type *type, void *at)
{
    const size_t most = type->bound > 0 && type->bound < 2000 ? type->bound : 300;
    if (m->which != KITCHEN_EMPTY) {
        const size_t len = m->which == KITCHEN_LOWEST ? 0 : m->which == KITCHEN_HIGHEST ? most : next_random(m) % (most + 1);
        set_text(at, text_of(m, len, (type->flags & CORBEL_WIDE) != 0));
    }
}

static char *fixed_text(size_t whole, size_t behind, char digit, bool negative)
{
    char *const text = kitchen_take(whole + behind + 4);
    char *at = text;
    if (negative) {
        *at++ = '-';
    }
    if (whole == 0) {
        *at++ = '0';
    }
    memset(at, digit, whole);
    at += whole;
    if (behind > 0) {
        *at++ = '.';
        memset(at, digit, behind);
    }
    return text;
}

static void make_fixed(maker *m, const corbel_type *type, void *at)
{
    const size_t whole = type->bound - type->count;
    if (m->which == KITCHEN_LOWEST || m->which == KITCHEN_HIGHEST) {
        set_text(at, fixed_text(whole, type->count, '9', m->which == KITCHEN_LOWEST));
    } else if (m->which >= KITCHEN_RANDOM) {
        set_text(at, fixed_text(next_random(m) % (whole + 1), next_random(m) % (type->count + 1),
                                (char)('0' + next_random(m) % 10), next_random(m) % 2 == 0));
    }
}

typedef struct view {
    size_t len;
    const void *items;
} view;

static size_t length_of(maker *m, const corbel_type *type, size_t most)
{
    if (type->bound > 0 && type->bound < most) {
        most = type->bound;
    }
    if (m->depth > 4) {
        return 0;
    }
    return m->which == KITCHEN_EMPTY     ? 0
           : m->which == KITCHEN_LOWEST  ? 1
           : m->which == KITCHEN_HIGHEST ? most
                                         : next_random(m) % (most + 1);
}

static void make_sequence(maker *m, const corbel_type *type, void *at)
{
    view v = { length_of(m, type, m->depth > 2 ? 2 : 20), NULL };
    if (v.len > 0) {
        uint8_t *const items = kitchen_take(v.len * type->element->size);
        for (size_t i = 0; i < v.len; i++) {
            make(m, type->element, items + i * type->element->size);
        }
        v.items = items;
    }
    memcpy(at, &v, sizeof v);
}

/** The i-th of n keys, ascending. */
static void make_key(const corbel_type *type, size_t i, void *at)
{
    char *text = NULL;
    switch (type->kind) {
    case CORBEL_KIND_STRING:
        text = kitchen_take(8);
        snprintf(text, 8, "%c", (char)('a' + i));
        set_text(at, i == 0 ? "" : text);
        break;
    case CORBEL_KIND_ENUM:
        memcpy(at, &type->enumerators[i].value, sizeof type->enumerators[i].value);
        break;
    default:
        store_signed(
            type, is_signed(type->kind) ? signed_end(type, false) + (int64_t)i : (int64_t)unsigned_end(type, false) + (int64_t)i,
            at);
        break;
    }
}

static void make_map(maker *m, const corbel_type *type, void *at)
{
    const corbel_member *const key = &type->element->members[0], *const value = &type->element->members[1];
    size_t most = key->type->kind == CORBEL_KIND_BOOL ? 2 : key->type->kind == CORBEL_KIND_ENUM ? key->type->count : 20;
    most = m->depth > 2 && most > 2 ? 2 : most;
    view v = { length_of(m, type, most), NULL };
    if (v.len > 0) {
        uint8_t *const items = kitchen_take(v.len * type->element->size);
        for (size_t i = 0; i < v.len; i++) {
            make_key(key->type, i, items + i * type->element->size + key->offset);
            make(m, value->type, items + i * type->element->size + value->offset);
        }
        v.items = items;
    }
    memcpy(at, &v, sizeof v);
}

/** Is the member's C value a pointer to a value of the type? */
static bool is_pointed(const corbel_member *member)
{
    const corbel_kind kind = member->type->kind;
    return (member->flags & CORBEL_OPTIONAL) != 0 && kind != CORBEL_KIND_STRING && kind != CORBEL_KIND_FIXED &&
           kind != CORBEL_KIND_REFERENCE && kind != CORBEL_KIND_ANY;
}

static void make_member(maker *m, const corbel_member *member, void *base)
{
    uint8_t *const at = (uint8_t *)base + member->offset;
    if ((member->flags & CORBEL_OPTIONAL) != 0 &&
        (m->which == KITCHEN_EMPTY || m->depth > 4 || (m->which >= KITCHEN_RANDOM && next_random(m) % 2 == 0))) {
        return;
    }
    if (!is_pointed(member)) {
        make(m, member->type, at);
        return;
    }
    void *const value = kitchen_take(member->type->size);
    make(m, member->type, value);
    memcpy(at, &value, sizeof value);
}

static void make_union(maker *m, const corbel_type *type, void *at)
{
    const corbel_member *const d = &type->members[0];
    const corbel_member *const one = &type->members[1 + choose(m, type->count - 1)];
    if (one->n_labels > 0) {
        store_signed(d->type, one->labels[choose(m, one->n_labels)], (uint8_t *)at + d->offset);
    } else {
        /* The default case alone: the first value that is nobody's label. */
        int64_t free_value = d->type->kind == CORBEL_KIND_ENUM && d->type->count > 0 ? d->type->enumerators[0].value : 0;
        for (bool taken = true; taken;) {
            taken = false;
            for (uint32_t i = 1; i < type->count && !taken; i++) {
                for (uint32_t k = 0; k < type->members[i].n_labels && !taken; k++) {
                    taken = type->members[i].labels[k] == free_value;
                }
            }
            free_value += taken;
        }
        store_signed(d->type, free_value, (uint8_t *)at + d->offset);
    }
    make_member(m, one, at);
}

static void make_any(maker *m, void *at)
{
    static const corbel_type *const types[] = { &corbel_int32_type,      &corbel_string_type, &corbel_bytes_type,
                                                &corbel_double_seq_type, &corbel_object_type, &corbel_any_type };
    if (m->which == KITCHEN_EMPTY || m->depth > 4) {
        return;
    }
    const corbel_type *const type = types[choose(m, sizeof types / sizeof *types)];
    void *const value = kitchen_take(type->size);
    corbel_any *any = NULL;
    make(m, type, value);
    if (corbel_value_to_any(type, value, &any, NULL) != CORBEL_OK) {
        abort();
    }
    kept_any *const kept = kitchen_take(sizeof *kept);
    *kept = (kept_any) { anys, any };
    anys = kept;
    memcpy(at, &any, sizeof any);
}

static void make(maker *m, const corbel_type *type, void *at)
{
    m->depth++;
    switch (type->kind) {
    case CORBEL_KIND_FLOAT:
    case CORBEL_KIND_DOUBLE:
        make_floating(m, type, at);
        break;
    case CORBEL_KIND_LONG_DOUBLE: {
        const long double value = m->which == KITCHEN_EMPTY     ? 0
                                  : m->which == KITCHEN_LOWEST  ? -LDBL_MAX
                                  : m->which == KITCHEN_HIGHEST ? LDBL_MAX
                                                                : (long double)(int64_t)next_random(m) / 3;
        memset(at, 0, type->size);
        memcpy(at, &value, 10);
        break;
    }
    case CORBEL_KIND_WCHAR: {
        static const uint32_t some[] = { 1, 'A', 0xd7ff, 0xe000, 0xffff, 0x10000 };
        const uint32_t value = m->which <= KITCHEN_LOWEST ? 0 : m->which == KITCHEN_HIGHEST ? 0x10ffff : some[next_random(m) % 6];
        memcpy(at, &value, sizeof value);
        break;
    }
    case CORBEL_KIND_BITMASK: {
        const uint64_t all = type->bound >= 64 ? UINT64_MAX : (UINT64_C(1) << type->bound) - 1;
        store_signed(type,
                     (int64_t)(m->which <= KITCHEN_LOWEST    ? 0
                               : m->which == KITCHEN_HIGHEST ? all
                                                             : next_random(m) & all),
                     at);
        break;
    }
    case CORBEL_KIND_ENUM: {
        const int32_t value = type->count == 0 ? 0 : type->enumerators[choose(m, type->count)].value;
        memcpy(at, &value, sizeof value);
        break;
    }
    case CORBEL_KIND_STRING:
        make_string(m, type, at);
        break;
    case CORBEL_KIND_FIXED:
        make_fixed(m, type, at);
        break;
    case CORBEL_KIND_STRUCT:
        for (uint32_t i = 0; i < type->count; i++) {
            make_member(m, &type->members[i], at);
        }
        break;
    case CORBEL_KIND_UNION:
        make_union(m, type, at);
        break;
    case CORBEL_KIND_SEQUENCE:
        make_sequence(m, type, at);
        break;
    case CORBEL_KIND_ARRAY:
        for (uint32_t i = 0; i < type->bound; i++) {
            make(m, type->element, (uint8_t *)at + i * type->element->size);
        }
        break;
    case CORBEL_KIND_MAP:
        make_map(m, type, at);
        break;
    case CORBEL_KIND_ANY:
        make_any(m, at);
        break;
    case CORBEL_KIND_REFERENCE:
        if (m->which == KITCHEN_HIGHEST || (m->which >= KITCHEN_RANDOM && next_random(m) % 2 == 0)) {
            memcpy(at, &kitchen_object, sizeof kitchen_object);
        }
        break;
    default:
        make_number(m, type, at);
        break;
    }
    m->depth--;
}

void kitchen_value(const corbel_type *type, unsigned which, void *ret)
{
    maker m = { .which = which, .random = which * UINT64_C(0x9e3779b97f4a7c15) + 1 };
    make(&m, type, ret);
}

/* ---- bad ones ---- */

/** Counts k down at each way to spoil the value at `at`; spoils it in the way at which k was 0 and returns true. */
static bool spoil(const corbel_type *type, unsigned *k, void *at);

static bool spoil_now(unsigned *k)
{
    return (*k)-- == 0;
}

static bool spoil_text(const corbel_type *type, unsigned *k, void *at)
{
    if (spoil_now(k)) {
        set_text(at, "\xc3(");
        return true;
    }
    if (type->bound > 0 && spoil_now(k)) {
        maker m = { .which = KITCHEN_HIGHEST, .random = 7 };
        set_text(at, text_of(&m, type->bound + 1, (type->flags & CORBEL_WIDE) != 0));
        return true;
    }
    return false;
}

static bool spoil_fixed(const corbel_type *type, unsigned *k, void *at)
{
    static const char *const texts[] = { "1e3", "--1", "1.2.3", "1,5", " 1", "." };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        if (spoil_now(k)) {
            set_text(at, texts[i]);
            return true;
        }
    }
    if (spoil_now(k)) {
        set_text(at, fixed_text(type->bound - type->count + 1, type->count, '9', false));
        return true;
    }
    if (spoil_now(k)) {
        set_text(at, fixed_text(type->bound - type->count, type->count + 1, '9', true));
        return true;
    }
    return false;
}

static bool spoil_items(const corbel_type *type, unsigned *k, void *at)
{
    view v;
    memcpy(&v, at, sizeof v);
    const size_t size = type->element->size;
    if (type->bound > 0 && type->bound < 10000 && spoil_now(k)) {
        uint8_t *const items = kitchen_take((type->bound + 1) * size);
        for (size_t i = 0; i <= type->bound && v.len > 0; i++) {
            memcpy(items + i * size, (const uint8_t *)v.items + i % v.len * size, size);
        }
        v = (view) { type->bound + 1, items };
        memcpy(at, &v, sizeof v);
        return true;
    }
    if (v.len == 0 || (type->flags & CORBEL_BYTES) != 0) {
        return false;
    }
    uint8_t *const items = kitchen_take(v.len * size);
    memcpy(items, v.items, v.len * size);
    if (type->kind == CORBEL_KIND_MAP && v.len >= 2) {
        if (spoil_now(k)) { /* twice the same key */
            memcpy(items + size, items, size);
            v.items = items;
            memcpy(at, &v, sizeof v);
            return true;
        }
        if (spoil_now(k)) { /* not ascending */
            memcpy(items, (const uint8_t *)v.items + size, size);
            memcpy(items + size, v.items, size);
            v.items = items;
            memcpy(at, &v, sizeof v);
            return true;
        }
    }
    if (type->kind == CORBEL_KIND_SEQUENCE ? spoil(type->element, k, items + (v.len - 1) * size)
                                           : spoil(type->element->members[1].type, k, items + type->element->members[1].offset)) {
        v.items = items;
        memcpy(at, &v, sizeof v);
        return true;
    }
    return false;
}

static bool spoil_member(const corbel_member *member, unsigned *k, void *base)
{
    uint8_t *at = (uint8_t *)base + member->offset;
    if (!is_pointed(member)) {
        return spoil(member->type, k, at);
    }
    void *value = NULL;
    memcpy(&value, at, sizeof value);
    return value != NULL && spoil(member->type, k, value);
}

static bool spoil_number(const corbel_type *type, unsigned *k, void *at)
{
    const corbel_range *const range = type->range;
    if (range == NULL) {
        return false;
    }
    const bool floating = type->kind == CORBEL_KIND_FLOAT || type->kind == CORBEL_KIND_DOUBLE;
    for (int highest = 0; highest < 2; highest++) {
        if (!(highest ? range->has_max : range->has_min)) {
            continue;
        }
        if (floating) {
            if (spoil_now(k)) {
                const double value = highest ? range->max.d * 2 + 1 : range->min.d * 2 - 1;
                const float f = (float)value;
                memcpy(at, type->kind == CORBEL_KIND_FLOAT ? (const void *)&f : (const void *)&value, type->size);
                return true;
            }
            continue;
        }
        const corbel_type all = { .kind = type->kind == CORBEL_KIND_ENUM ? CORBEL_KIND_INT32 : type->kind, .size = type->size };
        const bool is_int = is_signed(all.kind);
        const bool can = is_int ? signed_end(type, highest) != signed_end(&all, highest)
                                : unsigned_end(type, highest) != unsigned_end(&all, highest);
        if (can && spoil_now(k)) {
            const int64_t end = is_int ? signed_end(type, highest) : (int64_t)unsigned_end(type, highest);
            store_signed(type, highest ? end + 1 : end - 1, at);
            return true;
        }
    }
    return false;
}

static bool spoil(const corbel_type *type, unsigned *k, void *at)
{
    switch (type->kind) {
    case CORBEL_KIND_STRING:
        return spoil_text(type, k, at);
    case CORBEL_KIND_FIXED:
        return spoil_fixed(type, k, at);
    case CORBEL_KIND_SEQUENCE:
    case CORBEL_KIND_MAP:
        return spoil_items(type, k, at);
    case CORBEL_KIND_STRUCT:
        for (uint32_t i = 0; i < type->count; i++) {
            if (spoil_member(&type->members[i], k, at)) {
                return true;
            }
        }
        return false;
    case CORBEL_KIND_UNION:
        return type->count > 1 && spoil_member(&type->members[type->count - 1], k, at);
    case CORBEL_KIND_ARRAY:
        return spoil(type->element, k, (uint8_t *)at + (type->bound - 1) * type->element->size);
    case CORBEL_KIND_WCHAR: {
        static const uint32_t bad[] = { 0xd800, 0xdfff, 0x110000, UINT32_MAX };
        for (size_t i = 0; i < 4; i++) {
            if (spoil_now(k)) {
                memcpy(at, &bad[i], sizeof bad[i]);
                return true;
            }
        }
        return false;
    }
    case CORBEL_KIND_BITMASK:
        if (type->bound < 8 * type->size && spoil_now(k)) {
            store_signed(type, (int64_t)(UINT64_C(1) << type->bound), at);
            return true;
        }
        return false;
    default:
        return type->kind <= CORBEL_KIND_ENUM && spoil_number(type, k, at);
    }
}

bool kitchen_bad_value(const corbel_type *type, unsigned k, void *ret)
{
    maker m = { .which = KITCHEN_HIGHEST, .random = 3 };
    make(&m, type, ret);
    return spoil(type, &k, ret);
}
