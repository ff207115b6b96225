/** The reader's inside: reads messages into memory that decode.c takes from an arena. Entry points in args.c (arguments) and
 *  results.c (blocks).
 *
 *  A sequence is counted before it is read, by one scan of its message that looks at tags and lengths only, so that its items
 *  get memory once. While a message is read, the len of such a view holds two numbers: items read (low half) and items there is
 *  room for (high half); no item is ever stored beyond the second. */
#ifndef CRB_DECODE_H
#define CRB_DECODE_H

#include "runtime/base/block.h"
#include "runtime/value/codec.h"
#include "runtime/value/field.h"

/** No C type of a value needs more. */
enum { CRB_VALUE_ALIGN = 8 };

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

/** limits may be NULL: the default ones. */
void crb_decoder_init(crb_decoder *d, const crb_codec_limits *limits, const crb_ref_reader *refs, size_t len,
                      corbel_completion completion);
/** Fills in d->error and returns false. */
CORBEL_PRINTF(4, 5)
bool crb_decoder_fail(crb_decoder *d, corbel_status status, const crb_path *path, const char *format, ...);
/** Checks the length of the whole message. */
bool crb_decoder_check_len(crb_decoder *d);
/** Zeroed memory of count times size bytes, charged to the limit; NULL: d->error tells. */
void *crb_decoder_alloc(crb_decoder *d, size_t count, size_t size, const crb_path *path);
/** The same, as the value of a block in d->arena. */
void *crb_decoder_root(crb_decoder *d, size_t count, size_t size, const crb_path *path);
/** Charges memory that comes from elsewhere to the limit. */
bool crb_decoder_charge(crb_decoder *d, size_t size, const crb_path *path);
/** Takes a field from the front of span; what it holds is checked for nothing but its length. */
bool crb_decoder_field(crb_decoder *d, crb_span *span, const crb_path *path, uint32_t *ret_id, crb_wire_type *ret_wire,
                       crb_span *ret_contents);
bool crb_decoder_varint(crb_decoder *d, crb_span *span, const crb_path *path, uint64_t *ret);
/** Makes zeroed memory a value: strings are "". */
void crb_decoder_start_value(const corbel_type *type, void *value);
/** Reads the message in span. Members that it lacks are left as they are. */
bool crb_decoder_message(crb_decoder *d, const crb_layout *layout, crb_span span, const crb_path *path);

#endif /* CRB_DECODE_H */
