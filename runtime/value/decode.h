/** The reader's inside: reads messages into memory that decode.c takes from an arena. Entry points in args.c (arguments) and
 *  results.c (blocks).
 *
 *  A sequence or map is counted before it is read, by one scan of its message that looks at tags and lengths only, so that its
 *  items get memory once. While a message is read, the len of such a view holds two numbers: items read (low half) and items
 * there is room for (high half); no item is ever stored beyond the second. An array has its room; the items read of it are
 * counted beside the message (crb_arrays).
 *
 *  Functions that read return false with d->error filled in. */
#ifndef CRB_DECODE_H
#define CRB_DECODE_H

#include "runtime/base/block.h"
#include "runtime/value/codec.h"
#include "runtime/value/field.h"

typedef struct crb_decoder {
    crb_arena *arena; /* NULL: made by the first crb_decoder_root() */
    const crb_ref_reader *refs;
    crb_held *held;
    const void *root;   /* the view or string whose contents are to stand in a block of their own; NULL: none */
    crb_block *block;   /* that block, once there is one */
    size_t len;         /* of the message: a hint for the arena's size */
    size_t memory_left; /* of limits->memory */
    uint32_t depth_left;
    crb_codec_limits limits;
    corbel_completion completion;
    corbel_error error;
} crb_decoder;

typedef struct crb_span {
    const uint8_t *at, *end;
} crb_span;

/** Where the members of a message go. */
typedef struct crb_layout {
    const corbel_member *members;
    uint32_t n;
    bool ascending; /* ids */
    uint8_t *base;
} crb_layout;

/** A member as the reader needs it: what only tables say is left out. */
static inline void crb_layout_member(corbel_member *member, const char *name, uint32_t id, size_t offset, const corbel_type *type)
{
    member->name = name;
    member->id = id;
    member->flags = 0;
    member->offset = offset;
    member->type = type;
}

/* ---- decode.c: life, memory, messages ---- */

/** limits may be NULL: the default ones. */
void crb_decoder_init(crb_decoder *d, const crb_codec_limits *limits, const crb_ref_reader *refs, size_t len,
                      corbel_completion completion);
/** Fills in d->error and returns false. */
CORBEL_PRINTF(4, 5)
bool crb_decoder_fail(crb_decoder *d, corbel_status status, const crb_path *path, const char *format, ...);
/** Checks the length of the whole message. */
bool crb_decoder_check_len(crb_decoder *d);
/** Memory of count times size bytes, charged to the limit, not zeroed; NULL: d->error tells. */
void *crb_decoder_take(crb_decoder *d, size_t count, size_t size, size_t align, const crb_path *path);
/** The same for C values of size bytes, zeroed. */
void *crb_decoder_alloc(crb_decoder *d, size_t count, size_t size, const crb_path *path);
/** The same, as the value of a block in d->arena. */
void *crb_decoder_root(crb_decoder *d, size_t count, size_t size, const crb_path *path);
/** Charges memory that comes from elsewhere to the limit. */
bool crb_decoder_charge(crb_decoder *d, size_t size, const crb_path *path);
/** Reads the message in span. Members that it lacks are left as they are. */
bool crb_decoder_message(crb_decoder *d, const crb_layout *layout, crb_span span, const crb_path *path);
/** The same for a struct's or a union's value; a union is started anew. */
bool crb_decoder_value(crb_decoder *d, const corbel_type *type, void *at, crb_span span, const crb_path *path);
/** One field into the value at that address. A repeated field is wrapped in a message, as it is everywhere but in a message's
 *  own members. */
bool crb_decode_single(crb_decoder *d, const corbel_type *type, void *at, crb_wire_type wire, crb_span *span,
                       const crb_path *path);

/* ---- start.c ---- */

/** Makes zeroed memory the value of a type of which nothing was read: strings are "", members with a default have it. false: all
 *  of it is still zero. */
bool crb_decoder_start_value(const corbel_type *type, void *value);
/** The same for n values in a row. */
void crb_decoder_start_values(const corbel_type *type, void *values, size_t n);

/* ---- decode_scalar.c, decode_text.c ---- */

bool crb_decode_scalar(crb_decoder *d, const corbel_type *type, void *at, crb_wire_type wire, crb_span *span,
                       const crb_path *path);
/** Texts, octets, numbers of more than 64 bits: what is neither packed nor a message. contents: of the field. */
bool crb_decode_text(crb_decoder *d, const corbel_type *type, void *at, crb_span contents, const crb_path *path);

/* ---- decode_list.c, decode_array.c ---- */

/** One field of a list: an item, or several packed ones, behind the *n that there are already of the room for more. */
bool crb_decode_items(crb_decoder *d, const corbel_type *type, uint8_t *items, size_t *n, size_t room, crb_wire_type wire,
                      crb_span *span, const crb_path *path);
/** One field of a member that was counted. */
bool crb_decode_counted(crb_decoder *d, const corbel_type *type, void *at, crb_wire_type wire, crb_span *span,
                        const crb_path *path);
/** Counts the items of all views in span, the rest of the message, and gives them memory. */
bool crb_decode_count(crb_decoder *d, const crb_layout *layout, crb_span span, const crb_path *path);
/** Ends the time of two numbers in one len; maps are in order or it fails. */
bool crb_decode_settle(crb_decoder *d, const crb_layout *layout, const crb_path *path);

enum { CRB_FEW_ARRAYS = 16 };
/** Items read of the arrays of one message, by the place of the member. A struct that comes twice has its arrays replaced: so
 *  nothing is kept between messages. */
typedef struct crb_arrays {
    uint32_t *counts; /* NULL: no array yet */
    uint32_t few[CRB_FEW_ARRAYS];
} crb_arrays;
bool crb_decode_array(crb_decoder *d, const crb_layout *layout, const corbel_member *member, crb_arrays *arrays,
                      crb_wire_type wire, crb_span *span, const crb_path *path);
/** At the end of the message. */
bool crb_decode_check_arrays(crb_decoder *d, const crb_layout *layout, const crb_arrays *arrays, const crb_path *path);

/* ---- decode_union.c ---- */

/** All of a union's message; what is at that address was there before, and is forgotten. */
bool crb_decode_union(crb_decoder *d, const corbel_type *type, void *at, crb_span span, const crb_path *path);
/** at: of the member, a pointer. */
bool crb_decode_optional(crb_decoder *d, const corbel_type *type, void *at, crb_wire_type wire, crb_span *span,
                         const crb_path *path);

/* ---- decode_wire.c ---- */

/** The error of a message that is too short. */
bool crb_decode_cut(crb_decoder *d, const crb_path *path);
bool crb_decode_long_varint(crb_decoder *d, crb_span *span, const crb_path *path, uint64_t *ret);
/** The contents of a field of the wire type; for those that are not delimited, ret is all of it. */
bool crb_decode_skip(crb_decoder *d, crb_wire_type wire, crb_span *span, const crb_path *path, crb_span *ret);
bool crb_decode_bad_id(crb_decoder *d, const crb_path *path);
bool crb_decode_bad_wire(crb_decoder *d, crb_wire_type wire, crb_wire_type wanted, const crb_path *path);
bool crb_decode_too_deep(crb_decoder *d, const crb_path *path);

static inline bool crb_decode_varint(crb_decoder *d, crb_span *span, const crb_path *path, uint64_t *ret)
{
    if (span->at < span->end && *span->at < 0x80) {
        *ret = *span->at++;
        return true;
    }
    return crb_decode_long_varint(d, span, path, ret);
}

static inline bool crb_decode_tag(crb_decoder *d, crb_span *span, const crb_path *path, uint32_t *ret_id, crb_wire_type *ret_wire)
{
    uint64_t tag = 0;
    if (!crb_decode_varint(d, span, path, &tag)) {
        return false;
    }
    if (tag >> 3 == 0 || tag >> 3 > CRB_MAX_FIELD_ID) {
        return crb_decode_bad_id(d, path);
    }
    *ret_id = (uint32_t)(tag >> 3);
    *ret_wire = (crb_wire_type)(tag & 7);
    return true;
}

/** Takes a field from the front of span; what it holds is checked for nothing but its length. */
static inline bool crb_decode_field(crb_decoder *d, crb_span *span, const crb_path *path, uint32_t *ret_id,
                                    crb_wire_type *ret_wire, crb_span *ret_contents)
{
    return crb_decode_tag(d, span, path, ret_id, ret_wire) && crb_decode_skip(d, *ret_wire, span, path, ret_contents);
}

/** Takes n bytes from the front of span. */
static inline bool crb_decode_bytes(crb_decoder *d, crb_span *span, uint64_t n, const crb_path *path, crb_span *ret)
{
    if (n > (size_t)(span->end - span->at)) {
        return crb_decode_cut(d, path);
    }
    *ret = (crb_span) { span->at, span->at + n };
    span->at += n;
    return true;
}

static inline bool crb_decode_delimited(crb_decoder *d, crb_span *span, const crb_path *path, crb_span *ret)
{
    uint64_t len = 0;
    return crb_decode_varint(d, span, path, &len) && crb_decode_bytes(d, span, len, path, ret);
}

static inline bool crb_decode_expect(crb_decoder *d, crb_wire_type wire, crb_wire_type wanted, const crb_path *path)
{
    return wire == wanted || crb_decode_bad_wire(d, wire, wanted, path);
}

/** Begins a message within the message; d->depth_left++ ends it. */
static inline bool crb_decode_enter(crb_decoder *d, const crb_path *path)
{
    if (d->depth_left == 0) {
        return crb_decode_too_deep(d, path);
    }
    d->depth_left--;
    return true;
}

/** Does the member stand for a view whose items are counted first? */
static inline bool crb_decode_is_counted(const corbel_member *member)
{
    return crb_is_counted(member->type) && (member->flags & CORBEL_OPTIONAL) == 0;
}

/** A member by its number; NULL: there is none. cursor: where the last one was found, 0 at first. */
const corbel_member *crb_decode_find(const crb_layout *layout, uint32_t id, uint32_t *cursor);

#endif /* CRB_DECODE_H */
