/* The reader: hostile bytes come in, C values of trusted shape go out. Rules that keep it safe:
 *  - lengths are compared with the bytes that are left, never added to addresses first;
 *  - memory is charged to the limit before it is taken, so that a short message cannot become a large value;
 *  - a field that comes again replaces (numbers, strings, octets), continues (sequences) or is read over (structs) the earlier
 *    one, as proto3 has it; a sequence that continues moves to new memory, charged again;
 *  - what is not known is skipped, except groups, which proto3 does not have. */
#include "runtime/value/decode.h"
#include "runtime/base/fail.h"
#include "runtime/base/utf8.h"
#include "runtime/value/any.h"

#include <stdarg.h>
#include <stdio.h>

_Static_assert(sizeof(size_t) == 8, "two counts share the len of a view");

enum { DECODE_FEW = 16, DECODE_SPARE = 4096 };

static bool decode_single(crb_decoder *d, const corbel_type *type, void *at, crb_wire_type wire, crb_span *span,
                          const crb_path *path);

void crb_decoder_init(crb_decoder *d, const crb_codec_limits *limits, const crb_ref_reader *refs, size_t len,
                      corbel_completion completion)
{
    const crb_codec_limits defaults = CRB_CODEC_LIMITS_DEFAULT;
    *d = (crb_decoder) { .refs = refs, .len = len, .completion = completion, .error = CORBEL_ERROR_INIT };
    d->limits = limits != NULL ? *limits : defaults;
    d->memory_left = d->limits.memory;
    d->depth_left = d->limits.depth;
}

bool crb_decoder_fail(crb_decoder *d, corbel_status status, const crb_path *path, const char *format, ...)
{
    char where[CRB_MAX_PATH], text[256];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    crb_fail(&d->error, status, d->completion, "%s: %s", crb_path_print(path, where), text);
    return false;
}

bool crb_decoder_check_len(crb_decoder *d)
{
    return d->len <= UINT32_MAX || crb_decoder_fail(d, CORBEL_LIMIT, NULL, "%zu bytes", d->len);
}

static bool decode_charge(crb_decoder *d, size_t count, size_t size, const crb_path *path, size_t *ret)
{
    if (__builtin_mul_overflow(count, size, ret) || *ret > d->memory_left) {
        return crb_decoder_fail(d, CORBEL_LIMIT, path, "the values need more than %zu bytes of memory", d->limits.memory);
    }
    d->memory_left -= *ret;
    return true;
}

/** n bytes, not zeroed, charged. */
static void *decode_take(crb_decoder *d, size_t count, size_t size, size_t align, const crb_path *path)
{
    size_t n = 0;
    if (!decode_charge(d, count, size, path, &n)) {
        return NULL;
    }
    void *at = crb_arena_take(d->arena, n, align);
    if (at == NULL) {
        crb_decoder_fail(d, CORBEL_NO_MEMORY, path, "no memory for it");
    }
    return at;
}

void *crb_decoder_alloc(crb_decoder *d, size_t count, size_t size, const crb_path *path)
{
    void *at = decode_take(d, count, size, CRB_VALUE_ALIGN, path);
    return at != NULL ? memset(at, 0, count * size) : NULL;
}

void *crb_decoder_root(crb_decoder *d, size_t count, size_t size, const crb_path *path)
{
    size_t n = 0;
    if (!decode_charge(d, count, size, path, &n)) {
        return NULL;
    }
    if (d->arena == NULL) {
        const size_t spare = d->len < DECODE_SPARE ? d->len : DECODE_SPARE;
        d->arena = n < SIZE_MAX / 2 ? crb_arena_new_sized(0, CRB_BLOCK_OVERHEAD + n + spare) : NULL;
    }
    crb_block *block = d->arena != NULL ? crb_block_new(d->arena, n) : NULL;
    if (block == NULL) {
        crb_decoder_fail(d, CORBEL_NO_MEMORY, path, "no memory for it");
        return NULL;
    }
    d->block = block;
    return crb_block_value(block);
}

void crb_decoder_start_value(const corbel_type *type, void *value)
{
    if (type->kind == CORBEL_KIND_STRING) {
        crb_string_set(value, "");
    } else if (type->kind == CORBEL_KIND_STRUCT && (type->flags & CORBEL_PLAIN) == 0) {
        for (uint32_t i = 0; i < type->count; i++) {
            const corbel_member *member = &type->members[i];
            crb_decoder_start_value(member->type, (uint8_t *)value + member->offset);
        }
    }
}

static bool decode_cut(crb_decoder *d, const crb_path *path)
{
    return crb_decoder_fail(d, CORBEL_DECODE, path, "ends in the middle of a field");
}

static bool decode_varint(crb_decoder *d, crb_span *span, const crb_path *path, uint64_t *ret)
{
    uint64_t value = 0;
    for (unsigned i = 0; i < CRB_MAX_VARINT; i++) {
        if (span->at == span->end) {
            return decode_cut(d, path);
        }
        const uint8_t byte = *span->at++;
        if (i == CRB_MAX_VARINT - 1 && byte > 1) {
            break;
        }
        value |= (uint64_t)(byte & 0x7f) << (7 * i);
        if (byte < 0x80) {
            *ret = value;
            return true;
        }
    }
    return crb_decoder_fail(d, CORBEL_DECODE, path, "a number of more than 64 bits");
}

static bool decode_tag(crb_decoder *d, crb_span *span, const crb_path *path, uint32_t *ret_id, crb_wire_type *ret_wire)
{
    uint64_t tag = 0;
    if (!decode_varint(d, span, path, &tag)) {
        return false;
    }
    if (tag >> 3 == 0 || tag >> 3 > CRB_MAX_FIELD_ID) {
        return crb_decoder_fail(d, CORBEL_DECODE, path, "a field number that cannot be");
    }
    *ret_id = (uint32_t)(tag >> 3);
    *ret_wire = (crb_wire_type)(tag & 7);
    return true;
}

/** Takes n bytes from the front of span. */
static bool decode_bytes(crb_decoder *d, crb_span *span, uint64_t n, const crb_path *path, crb_span *ret)
{
    if (n > (size_t)(span->end - span->at)) {
        return decode_cut(d, path);
    }
    *ret = (crb_span) { span->at, span->at + n };
    span->at += n;
    return true;
}

static bool decode_delimited(crb_decoder *d, crb_span *span, const crb_path *path, crb_span *ret)
{
    uint64_t len = 0;
    return decode_varint(d, span, path, &len) && decode_bytes(d, span, len, path, ret);
}

/** The contents of a field of the wire type; for those that are not delimited, ret is all of it. */
static bool decode_skip(crb_decoder *d, crb_wire_type wire, crb_span *span, const crb_path *path, crb_span *ret)
{
    uint64_t number = 0;
    switch (wire) {
    case CRB_WIRE_VARINT:
        ret->at = span->at;
        if (!decode_varint(d, span, path, &number)) {
            return false;
        }
        ret->end = span->at;
        return true;
    case CRB_WIRE_I64:
        return decode_bytes(d, span, 8, path, ret);
    case CRB_WIRE_LEN:
        return decode_delimited(d, span, path, ret);
    case CRB_WIRE_I32:
        return decode_bytes(d, span, 4, path, ret);
    default:
        return crb_decoder_fail(d, CORBEL_DECODE, path, "wire type %d", (int)wire);
    }
}

static bool decode_expect(crb_decoder *d, crb_wire_type wire, crb_wire_type wanted, const crb_path *path)
{
    return wire == wanted || crb_decoder_fail(d, CORBEL_DECODE, path, "wire type %d, not %d", (int)wire, (int)wanted);
}

static bool decode_deeper(crb_decoder *d, const crb_path *path)
{
    if (d->depth_left == 0) {
        return crb_decoder_fail(d, CORBEL_LIMIT, path, "nested more than %u deep", d->limits.depth);
    }
    d->depth_left--;
    return true;
}

/** The number in front of span, as it travels. */
static bool decode_number(crb_decoder *d, crb_wire_type wire, crb_span *span, const crb_path *path, uint64_t *ret)
{
    if (wire == CRB_WIRE_VARINT) {
        if (span->at < span->end && *span->at < 0x80) {
            *ret = *span->at++;
            return true;
        }
        return decode_varint(d, span, path, ret);
    }
    const size_t size = wire == CRB_WIRE_I64 ? 8 : 4;
    crb_span bytes = { NULL, NULL };
    *ret = 0;
    if (!decode_bytes(d, span, size, path, &bytes)) {
        return false;
    }
    memcpy(ret, bytes.at, size);
    return true;
}

/** Remembers a counted reference; gives it back when it cannot. */
static bool decode_hold(crb_decoder *d, corbel_object *object, const crb_path *path)
{
    crb_held *held = d->held;
    if (held->len == held->capacity) {
        const size_t capacity = held->capacity > 0 ? held->capacity * 2 : 4;
        if (d->arena == NULL) {
            d->arena = crb_arena_new_sized(0, capacity * sizeof *held->items);
        }
        corbel_object **items = NULL;
        if (d->arena == NULL) {
            crb_decoder_fail(d, CORBEL_NO_MEMORY, path, "no memory for it");
        } else {
            items = decode_take(d, capacity, sizeof(corbel_object *), CRB_VALUE_ALIGN, path);
        }
        if (items == NULL) {
            corbel_object_unref(object);
            return false;
        }
        if (held->len > 0) {
            memcpy(items, held->items, held->len * sizeof *items);
        }
        held->items = items;
        held->capacity = capacity;
    }
    held->items[held->len++] = object;
    return true;
}

static bool decode_reference(crb_decoder *d, const corbel_type *type, void *at, uint64_t tag, const crb_path *path)
{
    corbel_object *object = NULL;
    if (tag != 0) {
        if (d->refs == NULL) {
            return crb_decoder_fail(d, CORBEL_DECODE, path, "a reference cannot stand here");
        }
        object = d->refs->take(d->refs->user, tag, type->interface, &d->error);
        if (object == NULL) {
            const corbel_status status = d->error.status;
            return crb_decoder_fail(d, status != CORBEL_OK ? status : CORBEL_DECODE, path, "%s",
                                    status != CORBEL_OK ? d->error.message : "no such reference");
        }
        if (!decode_hold(d, object, path)) {
            return false;
        }
    }
    crb_reference_set(at, object);
    return true;
}

static bool decode_scalar_or_reference(crb_decoder *d, const corbel_type *type, void *at, crb_wire_type wire, crb_span *span,
                                       const crb_path *path)
{
    uint64_t number = 0;
    if (!decode_number(d, wire, span, path, &number)) {
        return false;
    }
    if (type->kind == CORBEL_KIND_REFERENCE) {
        return decode_reference(d, type, at, number, path);
    }
    return crb_scalar_store(type, at, number) || crb_decoder_fail(d, CORBEL_DECODE, path, "out of range");
}

static bool decode_string(crb_decoder *d, const corbel_type *type, void *at, crb_span text, const crb_path *path)
{
    const size_t len = (size_t)(text.end - text.at);
    if (type->bound > 0 && len > type->bound) {
        return crb_decoder_fail(d, CORBEL_DECODE, path, "%zu bytes, at most %u", len, type->bound);
    }
    if (!crb_utf8_valid(text.at, len)) {
        return crb_decoder_fail(d, CORBEL_DECODE, path, "not UTF-8, or a NUL in it");
    }
    char *copy = at == d->root ? crb_decoder_root(d, len + 1, 1, path) : decode_take(d, len + 1, 1, 1, path);
    if (copy == NULL) {
        return false;
    }
    memcpy(copy, text.at, len);
    copy[len] = '\0';
    crb_string_set(at, copy);
    return true;
}

static bool decode_octets(crb_decoder *d, const corbel_type *type, void *at, crb_span bytes, const crb_path *path)
{
    const size_t len = (size_t)(bytes.end - bytes.at);
    if (type->bound > 0 && len > type->bound) {
        return crb_decoder_fail(d, CORBEL_DECODE, path, "%zu bytes, at most %u", len, type->bound);
    }
    crb_view view = { 0, NULL };
    if (len > 0) {
        void *copy = at == d->root ? crb_decoder_root(d, len, 1, path) : decode_take(d, len, 1, 1, path);
        if (copy == NULL) {
            return false;
        }
        view = (crb_view) { len, memcpy(copy, bytes.at, len) };
    }
    crb_view_set(at, view);
    return true;
}

static bool decode_any(crb_decoder *d, void *at, crb_span contents, const crb_path *path)
{
    if (!decode_deeper(d, path) || !crb_any_read(d, at, contents, path)) {
        return false;
    }
    d->depth_left++;
    return true;
}

/** Anything but a sequence of other things than octets. */
static bool decode_single(crb_decoder *d, const corbel_type *type, void *at, crb_wire_type wire, crb_span *span,
                          const crb_path *path)
{
    if (!decode_expect(d, wire, crb_wire_type_of(type), path)) {
        return false;
    }
    if (wire != CRB_WIRE_LEN) {
        return decode_scalar_or_reference(d, type, at, wire, span, path);
    }
    crb_span contents = { NULL, NULL };
    if (!decode_delimited(d, span, path, &contents)) {
        return false;
    }
    if (type->kind == CORBEL_KIND_STRING) {
        return decode_string(d, type, at, contents, path);
    }
    if (type->kind == CORBEL_KIND_SEQUENCE) {
        return decode_octets(d, type, at, contents, path);
    }
    if (type->kind == CORBEL_KIND_ANY) {
        return decode_any(d, at, contents, path);
    }
    const crb_layout layout = { type->members, type->count, true, at };
    if (!decode_deeper(d, path) || !crb_decoder_message(d, &layout, contents, path)) {
        return false;
    }
    d->depth_left++;
    return true;
}

static bool decode_is_counted(const corbel_type *type)
{
    return type->kind == CORBEL_KIND_SEQUENCE && !crb_is_bytes(type);
}

static const corbel_member *decode_find(const crb_layout *layout, uint32_t id, uint32_t *cursor)
{
    /* Writers go up: it is this one or the next. */
    const uint32_t n = layout->n;
    for (uint32_t i = *cursor; i < n && i < *cursor + 2; i++) {
        if (layout->members[i].id == id) {
            *cursor = i;
            return &layout->members[i];
        }
    }
    if (layout->ascending && n > DECODE_FEW) {
        uint32_t low = 0, high = n;
        while (low < high) {
            const uint32_t middle = low + (high - low) / 2;
            if (layout->members[middle].id < id) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        if (low < n && layout->members[low].id == id) {
            *cursor = low;
            return &layout->members[low];
        }
        return NULL;
    }
    for (uint32_t i = 0; i < n; i++) {
        if (layout->members[i].id == id) {
            *cursor = i;
            return &layout->members[i];
        }
    }
    return NULL;
}

/** How many items the field holds. */
static size_t decode_count(const corbel_type *element, crb_wire_type wire, crb_span contents)
{
    if (wire != CRB_WIRE_LEN || !crb_is_packable(element)) {
        return 1;
    }
    const size_t len = (size_t)(contents.end - contents.at);
    if (element->kind == CORBEL_KIND_FLOAT) {
        return len / 4;
    }
    if (element->kind == CORBEL_KIND_DOUBLE) {
        return len / 8;
    }
    size_t n = 0;
    for (const uint8_t *at = contents.at; at < contents.end; at++) {
        n += *at < 0x80;
    }
    return n;
}

/** Gives one counted sequence memory for the items in the high half of its len, behind those it has already. */
static bool decode_make_room(crb_decoder *d, const corbel_type *type, void *at, const crb_path *path)
{
    crb_view view = crb_view_get(at);
    const size_t more = view.len >> 32, old = view.len & UINT32_MAX;
    if (more == 0) {
        return true;
    }
    const corbel_type *element = type->element;
    if (type->bound > 0 && old + more > type->bound) {
        return crb_decoder_fail(d, CORBEL_DECODE, path, "%zu items, at most %u", old + more, type->bound);
    }
    if (old + more > UINT32_MAX) {
        return crb_decoder_fail(d, CORBEL_LIMIT, path, "%zu items", old + more);
    }
    uint8_t *items = at == d->root ? crb_decoder_root(d, old + more, element->size, path)
                                   : crb_decoder_alloc(d, old + more, element->size, path);
    if (items == NULL) {
        return false;
    }
    if (old > 0) {
        memcpy(items, view.items, old * element->size);
    }
    if (!crb_is_packable(element)) {
        for (size_t i = old; i < old + more; i++) {
            crb_decoder_start_value(element, items + i * element->size);
        }
    }
    crb_view_set(at, (crb_view) { (old + more) << 32 | old, items });
    return true;
}

/** Counts the items of all sequences in what is left of the message, and gives them memory. */
static bool decode_count_sequences(crb_decoder *d, const crb_layout *layout, crb_span span, const crb_path *path)
{
    uint32_t cursor = 0;
    while (span.at < span.end) {
        uint32_t id = 0;
        crb_wire_type wire = CRB_WIRE_VARINT;
        crb_span contents = { NULL, NULL };
        if (!decode_tag(d, &span, path, &id, &wire) || !decode_skip(d, wire, &span, path, &contents)) {
            return false;
        }
        const corbel_member *member = decode_find(layout, id, &cursor);
        if (member != NULL && decode_is_counted(member->type)) {
            crb_view view = crb_view_get(layout->base + member->offset);
            view.len += decode_count(member->type->element, wire, contents) << 32;
            crb_view_set(layout->base + member->offset, view);
        }
    }
    for (uint32_t i = 0; i < layout->n; i++) {
        const corbel_member *member = &layout->members[i];
        if (decode_is_counted(member->type)) {
            const crb_path here = { path, member->name, 0 };
            if (!decode_make_room(d, member->type, layout->base + member->offset, member->name != NULL ? &here : path)) {
                return false;
            }
        }
    }
    return true;
}

/** Ends the time of two numbers in one len. */
static void decode_settle_sequences(const crb_layout *layout)
{
    for (uint32_t i = 0; i < layout->n; i++) {
        const corbel_member *member = &layout->members[i];
        if (decode_is_counted(member->type)) {
            crb_view view = crb_view_get(layout->base + member->offset);
            view.len &= UINT32_MAX;
            crb_view_set(layout->base + member->offset, view);
        }
    }
}

/** The inner sequence of a sequence of sequences: a message of the one field 1. */
static bool decode_wrapped(crb_decoder *d, const corbel_type *type, void *at, crb_wire_type wire, crb_span *span,
                           const crb_path *path)
{
    crb_span contents = { NULL, NULL };
    if (!decode_expect(d, wire, CRB_WIRE_LEN, path) || !decode_delimited(d, span, path, &contents) || !decode_deeper(d, path)) {
        return false;
    }
    const corbel_member member = { .name = NULL, .id = 1, .type = type };
    const crb_layout layout = { &member, 1, true, at };
    if (!crb_decoder_message(d, &layout, contents, path)) {
        return false;
    }
    d->depth_left++;
    return true;
}

/** One field of a counted sequence: an item, or several packed ones. */
static bool decode_items(crb_decoder *d, const corbel_type *type, void *at, crb_wire_type wire, crb_span *span,
                         const crb_path *path)
{
    const corbel_type *element = type->element;
    crb_view view = crb_view_get(at);
    const size_t room = view.len >> 32;
    size_t n = view.len & UINT32_MAX;
    uint8_t *const items = (uint8_t *)(uintptr_t)view.items;
    crb_path here = { path, NULL, n };
    const bool packed = wire == CRB_WIRE_LEN && crb_is_packable(element);
    crb_span contents = { NULL, NULL };
    crb_span *from = span;
    if (packed) {
        if (!decode_delimited(d, span, path, &contents)) {
            return false;
        }
        wire = crb_wire_type_of(element);
        from = &contents;
    }
    while (!packed || contents.at < contents.end) {
        here.index = n;
        if (n >= room) {
            return decode_cut(d, &here);
        }
        void *const item = items + n * element->size;
        bool done = false;
        if (packed) {
            done = decode_scalar_or_reference(d, element, item, wire, from, &here);
        } else if (decode_is_counted(element)) {
            done = decode_wrapped(d, element, item, wire, from, &here);
        } else {
            done = decode_single(d, element, item, wire, from, &here);
        }
        if (!done) {
            return false;
        }
        n++;
        if (!packed) {
            break;
        }
    }
    crb_view_set(at, (crb_view) { (size_t)room << 32 | n, items });
    return true;
}

bool crb_decoder_message(crb_decoder *d, const crb_layout *layout, crb_span span, const crb_path *path)
{
    bool counted = false;
    uint32_t cursor = 0;
    while (span.at < span.end) {
        const crb_span rest = span;
        uint32_t id = 0;
        crb_wire_type wire = CRB_WIRE_VARINT;
        if (!decode_tag(d, &span, path, &id, &wire)) {
            return false;
        }
        const corbel_member *member = decode_find(layout, id, &cursor);
        if (member == NULL) {
            crb_span skipped = { NULL, NULL };
            if (!decode_skip(d, wire, &span, path, &skipped)) {
                return false;
            }
            continue;
        }
        const crb_path named = { path, member->name, 0 };
        const crb_path *here = member->name != NULL ? &named : path;
        void *const at = layout->base + member->offset;
        if (!decode_is_counted(member->type)) {
            if (!decode_single(d, member->type, at, wire, &span, here)) {
                return false;
            }
            continue;
        }
        if (!counted && !decode_count_sequences(d, layout, rest, path)) {
            return false;
        }
        counted = true;
        if (!decode_items(d, member->type, at, wire, &span, here)) {
            return false;
        }
    }
    if (counted) {
        decode_settle_sequences(layout);
    }
    return true;
}

bool crb_decoder_charge(crb_decoder *d, size_t size, const crb_path *path)
{
    size_t n = 0;
    return decode_charge(d, 1, size, path, &n);
}

bool crb_decoder_field(crb_decoder *d, crb_span *span, const crb_path *path, uint32_t *ret_id, crb_wire_type *ret_wire,
                       crb_span *ret_contents)
{
    return decode_tag(d, span, path, ret_id, ret_wire) && decode_skip(d, *ret_wire, span, path, ret_contents);
}

bool crb_decoder_varint(crb_decoder *d, crb_span *span, const crb_path *path, uint64_t *ret)
{
    return decode_varint(d, span, path, ret);
}
