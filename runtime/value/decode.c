/* The reader: hostile bytes come in, C values of trusted shape go out. Rules that keep it safe:
 *  - lengths are compared with the bytes that are left, never added to addresses first;
 *  - memory is charged to the limit before it is taken, so that a short message cannot become a large value;
 *  - a field that comes again replaces (numbers, texts, octets, unions, arrays), continues (sequences, maps) or is read over
 *    (structs) the earlier one, as proto3 has it but for unions and arrays; what continues moves to new memory, charged again;
 *  - each message in a message takes one off the depth, whatever it stands for;
 *  - what is not known is skipped, except groups, which proto3 does not have. */
#include "runtime/value/decode.h"
#include "runtime/base/fail.h"
#include "runtime/value/any.h"

#include <stdarg.h>
#include <stdio.h>

enum { DECODE_SPARE = 4096 };

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

bool crb_decoder_charge(crb_decoder *d, size_t size, const crb_path *path)
{
    size_t n = 0;
    return decode_charge(d, 1, size, path, &n);
}

void *crb_decoder_take(crb_decoder *d, size_t count, size_t size, size_t align, const crb_path *path)
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
    void *at = crb_decoder_take(d, count, size, crb_align_of(size), path);
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

bool crb_decoder_value(crb_decoder *d, const corbel_type *type, void *at, crb_span span, const crb_path *path)
{
    if (type->kind == CORBEL_KIND_UNION) {
        return crb_decode_union(d, type, at, span, path);
    }
    const crb_layout layout = { type->members, type->count, true, at };
    return crb_decoder_message(d, &layout, span, path);
}

/** A message in the message; around what has no place of its own, one of the one field 1. */
static bool decode_message(crb_decoder *d, const corbel_type *type, void *at, crb_span contents, const crb_path *path)
{
    if ((type->flags & CORBEL_BYTES) != 0) {
        return crb_decode_text(d, type, at, contents, path);
    }
    if (!crb_decode_enter(d, path)) {
        return false;
    }
    if (crb_is_repeated(type)) {
        corbel_member member;
        crb_layout_member(&member, NULL, 1, 0, type);
        const crb_layout layout = { &member, 1, true, at };
        if (!crb_decoder_message(d, &layout, contents, path)) {
            return false;
        }
    } else if (!crb_decoder_value(d, type, at, contents, path)) {
        return false;
    }
    d->depth_left++;
    return true;
}

static bool decode_any(crb_decoder *d, void *at, crb_span contents, const crb_path *path)
{
    if (!crb_decode_enter(d, path) || !crb_any_read(d, at, contents, path)) {
        return false;
    }
    d->depth_left++;
    return true;
}

bool crb_decode_single(crb_decoder *d, const corbel_type *type, void *at, crb_wire_type wire, crb_span *span,
                       const crb_path *path)
{
    if (!crb_decode_expect(d, wire, crb_wire_type_of(type), path)) {
        return false;
    }
    if (wire != CRB_WIRE_LEN) {
        return crb_decode_scalar(d, type, at, wire, span, path);
    }
    crb_span contents = { NULL, NULL };
    if (!crb_decode_delimited(d, span, path, &contents)) {
        return false;
    }
    switch (type->kind) {
    case CORBEL_KIND_STRUCT:
    case CORBEL_KIND_UNION:
    case CORBEL_KIND_SEQUENCE:
    case CORBEL_KIND_ARRAY:
    case CORBEL_KIND_MAP:
        return decode_message(d, type, at, contents, path);
    case CORBEL_KIND_ANY:
        return decode_any(d, at, contents, path);
    default:
        return crb_decode_text(d, type, at, contents, path);
    }
}

/** A member of any kind; its views are counted. */
static bool decode_other(crb_decoder *d, const crb_layout *layout, const corbel_member *member, crb_arrays *arrays,
                         crb_wire_type wire, crb_span *span, const crb_path *path)
{
    void *const at = layout->base + member->offset;
    if ((member->flags & CORBEL_OPTIONAL) != 0) {
        return crb_decode_optional(d, member->type, at, wire, span, path);
    }
    if (member->type->kind == CORBEL_KIND_ARRAY && crb_is_repeated(member->type)) {
        return crb_decode_array(d, layout, member, arrays, wire, span, path);
    }
    if (crb_is_counted(member->type)) {
        return crb_decode_counted(d, member->type, at, wire, span, path);
    }
    return crb_decode_single(d, member->type, at, wire, span, path);
}

bool crb_decoder_message(crb_decoder *d, const crb_layout *layout, crb_span span, const crb_path *path)
{
    crb_arrays arrays;
    arrays.counts = NULL;
    bool counted = false;
    uint32_t cursor = 0;
    while (span.at < span.end) {
        const crb_span rest = span;
        uint32_t id = 0;
        crb_wire_type wire = CRB_WIRE_VARINT;
        if (!crb_decode_tag(d, &span, path, &id, &wire)) {
            return false;
        }
        const corbel_member *member = crb_decode_find(layout, id, &cursor);
        if (member == NULL) {
            crb_span skipped = { NULL, NULL };
            if (!crb_decode_skip(d, wire, &span, path, &skipped)) {
                return false;
            }
            continue;
        }
        const crb_path named = { .up = path, .name = member->name };
        const crb_path *here = member->name != NULL ? &named : path;
        if (member->type->kind <= CORBEL_KIND_STRUCT && (member->flags & CORBEL_OPTIONAL) == 0) {
            void *const at = layout->base + member->offset;
            const bool number = crb_is_scalar(member->type) && wire == crb_wire_type_of(member->type);
            if (number ? !crb_decode_scalar(d, member->type, at, wire, &span, here)
                       : !crb_decode_single(d, member->type, at, wire, &span, here)) {
                return false;
            }
            continue;
        }
        if (!counted && crb_decode_is_counted(member)) {
            counted = true;
            if (!crb_decode_count(d, layout, rest, path)) {
                return false;
            }
        }
        if (!decode_other(d, layout, member, &arrays, wire, &span, here)) {
            return false;
        }
    }
    return (!counted || crb_decode_settle(d, layout, path)) &&
           (arrays.counts == NULL || crb_decode_check_arrays(d, layout, &arrays, path));
}
