/** The codec: C values to protobuf bytes and back, from corbel_type tables, in one pass, with every check inside it. */
#ifndef CRB_CODEC_H
#define CRB_CODEC_H

#include "runtime/base/arena.h"
#include "runtime/base/block.h"
#include "runtime/base/buf.h"

#include <corbel/generated.h>

/** Where the writer enters references: add() returns the tag of the table entry (never 0), or 0 when it failed, in which case
 *  it has filled in reterr. object is never NULL. */
typedef struct crb_ref_writer {
    uint64_t (*add)(void *user, corbel_object *object, const corbel_interface *interface, corbel_error *reterr);
    void *user;
} crb_ref_writer;

/** Where the reader finds them: take() returns a counted reference for the tag, seen as interface, or NULL with reterr filled
 *  in. A tag may be taken more than once. */
typedef struct crb_ref_reader {
    corbel_object *(*take)(void *user, uint64_t tag, const corbel_interface *interface, corbel_error *reterr);
    void *user;
} crb_ref_reader;

/** The object seen as interface (NULL: as what it is), counted, without asking anybody; NULL with reterr filled in: it is known
 * not to be one, or there is no memory. In runtime/call; object is not NULL. */
corbel_object *crb_object_as(corbel_object *object, const corbel_interface *interface, corbel_error *reterr);

/** What a reader allows. */
typedef struct crb_codec_limits {
    size_t memory;  /* bytes of C values one message may become: structs, items, text with its NUL, the list of references */
    uint32_t depth; /* messages in messages: structs, inner ones of sequences of sequences; writers keep the default */
} crb_codec_limits;
#define CRB_CODEC_LIMITS_DEFAULT                                                                                                 \
    {                                                                                                                            \
        (size_t)256 << 20, 64                                                                                                    \
    }
/** Bytes of a JSON text that is read: the parser's tree takes up to 80 times as much. */
#define CRB_JSON_MAX_TEXT 4194304

/* What readers take from a peer, everywhere below: numbers packed or not; of a field that comes again the last number, text,
 * octets, union or array, all items of sequences and maps, and structs read one over the other. Unknown fields are skipped,
 * unknown enum values kept. Refused: groups, the wrong wire type, numbers out of the member's range, text that is not UTF-8 or
 * has a NUL, what is over a bound, arrays with another number of items, maps out of order, a union's case that is not the
 * selected one. Statuses: CORBEL_DECODE; CORBEL_LIMIT for limits; CORBEL_NO_MEMORY; what take() says. The bytes must not change
 * while they are read. limits may be NULL (the default ones), refs, too (references are refused). */

/** Appends the message of the n parameters, in their order. values[i]: address of the C value of params[i]. Checks bounds, UTF-8
 *  and depth; the error (CORBEL_INVALID_ARGUMENT, completion NO) names the member: "profile.address.zip: 21 bytes, at most 12".
 *  On failure out has the length it had; references that were added stay in the table. refs may be NULL as above. */
corbel_status crb_encode_params(const corbel_param *params, uint32_t n, const void *const *values, const crb_ref_writer *refs,
                                crb_buf *out, corbel_error *reterr);
/** The same for one struct, exception or union. */
corbel_status crb_encode_struct(const corbel_type *type, const void *value, const crb_ref_writer *refs, crb_buf *out,
                                corbel_error *reterr);

/** Servant side: reads the message of n parameters. values[i] becomes the address of a C value in arena. The references read
 *  are counted; they are collected in held (no need to initialise it), for crb_held_release(). On failure nothing stays counted.
 *  Completion NO. */
corbel_status crb_decode_args(const corbel_param *params, uint32_t n, const uint8_t *data, size_t len,
                              const crb_codec_limits *limits, const crb_ref_reader *refs, crb_arena *arena, crb_held *held,
                              const void **values, corbel_error *reterr);
void crb_held_release(crb_held *held);

/** Caller side: reads the message of n outputs into out[i] as corbel_stub_call() describes (NULL: skipped): one block each, the
 *  references inside counted by the block. All or nothing: on failure no out[i] is
 *  touched. An output that is not wanted is not checked either. Completion YES. */
corbel_status crb_decode_results(const corbel_param *params, uint32_t n, const uint8_t *data, size_t len,
                                 const crb_codec_limits *limits, const crb_ref_reader *refs, void *const *out,
                                 corbel_error *reterr);
/** Reads a struct, exception or union into one block, released by corbel_block_free(). Completion YES. */
corbel_status crb_decode_struct(const corbel_type *type, const uint8_t *data, size_t len, const crb_codec_limits *limits,
                                const crb_ref_reader *refs, void **ret, corbel_error *reterr);

/** Copies value deeply into ret, in arena, counting its references (which the caller of the codec gives away later). NULL strings
 *  become "", of fixed numbers "0". CORBEL_NO_MEMORY; CORBEL_LIMIT: nested more than 256 deep. On failure ret is untouched and
 * nothing is counted. */
corbel_status crb_value_copy_into(const corbel_type *type, const void *value, crb_arena *arena, void *ret);
/** Gives back the count of every reference and any in value, at any depth, and sets it to NULL where it can (top level). What a
 *  servant gives away. */
void crb_value_release_refs(const corbel_type *type, const void *value);

#endif /* CRB_CODEC_H */
