/** Frames: what a transport message is made of. This is the one folder that speaks protobuf-c; the session core sees the plain
 *  structs below. docs/protocol.md says what they mean.
 *
 *  Pure functions; a scratch belongs to one thread at a time. */
#ifndef CRB_FRAME_H
#define CRB_FRAME_H

#include "runtime/base/buf.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CRB_PROTOCOL_MAJOR 1
#define CRB_PROTOCOL_MINOR 0

#define CRB_FRAME_MAX (256u << 10)     /* bytes of one frame; what is longer ends the session */
#define CRB_FRAME_MAX_FEATURES 64u     /* in a HELLO */
#define CRB_FRAME_MAX_TEXT 1024u       /* bytes of a name, an id, a reason */
#define CRB_FRAME_MAX_MESSAGE 8192u    /* bytes of an error's message */
#define CRB_FRAME_MAX_HOP_TEXT 256u    /* bytes of each text in a hop */
#define CRB_FRAME_MAX_HOPS 128u        /* in an error */
#define CRB_FLAG_ONEWAY 1u             /* of a CALL */
#define CRB_FLAG_KEEP 2u               /* of a CALL */
#define CRB_FRAME_MAX_PATH 64u         /* steps of a path into a result */
#define CRB_FLAG_GUARD 4u              /* later calls may name it in after: if it fails, FINISH tells when none will any more */
#define CRB_FLAG_ANYWAY 8u             /* it waits for the call in after, but does not care how that ended */
#define CRB_FLAG_STREAM_IN 16u         /* of a CALL: the caller streams items */
#define CRB_FLAG_STREAM_OUT 32u        /* of a CALL: the servant does */
#define CRB_FLAG_AGAIN 64u             /* of a CALL with a key: an attempt before it may have arrived */
#define CRB_FLAGS_CRITICAL 0xFFFF0000u /* who does not know one of these ends the session */

/** Field numbers of Frame's bodies: what UNIMPLEMENTED carries. */
typedef enum crb_wire_type {
    CRB_WIRE_HELLO = 2,
    CRB_WIRE_BIND = 3,
    CRB_WIRE_CALL = 4,
    CRB_WIRE_BODY = 5,
    CRB_WIRE_RETURN = 6,
    CRB_WIRE_FINISH = 7,
    CRB_WIRE_RELEASE = 8,
    CRB_WIRE_CREDIT = 9,
    CRB_WIRE_GONE = 10,
    CRB_WIRE_PING = 11,
    CRB_WIRE_GOAWAY = 12,
    CRB_WIRE_BYE = 13,
    CRB_WIRE_UNIMPLEMENTED = 14,
    CRB_WIRE_STREAM = 15,
    CRB_WIRE_ABORT = 16
} crb_wire_type;

typedef struct crb_wire_bytes {
    const uint8_t *data;
    size_t len;
} crb_wire_bytes;

typedef struct crb_wire_ref {
    uint64_t tag;
    bool yours; /* of the receiver's exports */
    uint32_t index, generation;
    const char *interface;
    uint64_t fingerprint;
    uint64_t promise; /* 0: none */
    const uint32_t *path;
    size_t n_path;
} crb_wire_ref;

typedef struct crb_wire_hop {
    const char *daemon, *object, *operation, *message;
} crb_wire_hop;

typedef struct crb_wire_hello {
    uint32_t major, minor;
    const char *const *features;
    size_t n_features;
    uint8_t instance[16], secret[16];
    const char *name;
    uint64_t max_body;
    uint32_t window_requests, window_nested, window_responses, window_bulk;
    uint32_t max_questions, max_exports, max_operations, max_references, max_hops;
    uint32_t ping_idle_ms, ping_timeout_ms;
    uint32_t window_stream, max_streams;
    uint64_t session, supersedes; /* 0: none */
} crb_wire_hello;

typedef struct crb_wire_bind {
    uint64_t question;
    const char *id, *interface;
    uint64_t fingerprint;
    uint64_t remaining_us;
} crb_wire_bind;

typedef struct crb_wire_call {
    uint64_t question;
    uint64_t promise;
    uint32_t index, generation;
    uint32_t operation;
    const char *interface, *name; /* NULL when packing: left out; "" when it was left out */
    uint64_t lane;
    uint32_t flags;
    uint64_t remaining_us;
    uint64_t chain;
    uint32_t hop;
    const crb_wire_ref *refs;
    size_t n_refs;
    uint64_t length;
    crb_wire_bytes args;
    uint64_t after;
    const uint32_t *path;
    size_t n_path;
    crb_wire_bytes context; /* packed; empty: none */
    uint64_t once, acknowledged;
    crb_wire_bytes once_instance; /* 16 bytes; empty: the sender's */
} crb_wire_call;

typedef struct crb_wire_body {
    uint64_t question;
    bool result, abandoned;
    crb_wire_bytes data;
} crb_wire_body;

typedef struct crb_wire_return {
    uint64_t question;
    uint32_t outcome;
    const crb_wire_ref *refs;
    size_t n_refs;
    uint64_t length;
    crb_wire_bytes body;
    const char *exception;
    uint32_t status, completion;
    const char *message;
    const crb_wire_hop *hops;
    size_t n_hops;
    crb_wire_bytes context;
    bool durable;
    uint32_t retry_after_ms;
} crb_wire_return;

typedef struct crb_wire_stream {
    uint64_t question;
    bool result;
    crb_wire_bytes items;
    const crb_wire_ref *refs;
    size_t n_refs;
    uint64_t credit;
    bool end, enough;
} crb_wire_stream;

typedef struct crb_frame {
    uint32_t type; /* crb_wire_type, or in a frame that came in any other number: unknown, nothing else is set */
    bool critical;
    union {
        crb_wire_hello hello;
        crb_wire_bind bind;
        crb_wire_call call;
        crb_wire_body body;
        crb_wire_return ret;
        crb_wire_stream stream;
        struct {
            uint64_t question;
            bool cancel;
        } finish;
        struct {
            uint32_t index, generation;
            uint64_t count;
        } release;
        struct {
            uint64_t requests, nested, responses, bulk;
        } credit;
        struct {
            uint32_t index, generation;
            const char *why;
        } gone;
        struct {
            bool answer;
        } ping;
        struct {
            uint64_t duplicate; /* 0: it drains */
        } goaway;
        struct {
            uint64_t calls;
        } bye;
        struct {
            uint32_t type;
        } unimplemented;
        struct {
            const char *why;
            uint32_t major, minor;
            uint64_t calls;
            bool refused;
        } abort;
    } u;
} crb_frame;

/** Working memory of one frame: the first kilobytes in itself, more from the heap up to a budget, all given back at once. */
typedef struct crb_scratch {
    struct crb_scratch_chunk *chunks;
    size_t used, budget;
    size_t at; /* in fixed */
    bool failed, over_budget;
    _Alignas(max_align_t) uint8_t fixed[3072];
} crb_scratch;
void crb_scratch_init(crb_scratch *scratch);
/** Gives everything back and sets what may be taken until the next reset. */
void crb_scratch_reset(crb_scratch *scratch, size_t budget);
/** Aligned for any type, not zeroed. NULL: no memory (failed is set), or over the budget (over_budget is set). */
void *crb_scratch_alloc(crb_scratch *scratch, size_t size);

/** What a receiver takes. */
typedef struct crb_frame_limits {
    uint32_t max_references;
} crb_frame_limits;

/** Appends the frame with its length in front; scratch is reset. out->failed: no memory. Texts must be UTF-8. */
void crb_frame_pack(crb_buf *out, const crb_frame *frame, crb_scratch *scratch);

typedef enum crb_frame_result { CRB_FRAME_OK, CRB_FRAME_NO_MEMORY, CRB_FRAME_MALFORMED } crb_frame_result;

/** Unpacks one frame (without its length). What frame points to lives in scratch until the next reset, or in
 *  data; strings are valid UTF-8.
 *  Counts, texts and memory are bounded before anything is allocated by them. MALFORMED: *ret_why is a static text. */
crb_frame_result crb_frame_unpack(crb_frame *frame, const uint8_t *data, size_t len, const crb_frame_limits *limits,
                                  crb_scratch *scratch, const char **ret_why);

/** Takes the length at the front of a message. False: it is not there whole, overlong, above CRB_FRAME_MAX or beyond the end. */
bool crb_frame_split(const uint8_t **message, size_t *len, const uint8_t **ret_frame, size_t *ret_len);

/** Copies text (NULL is "") to out, at most max - 1 bytes and a NUL, cut between characters; what is not UTF-8 becomes '?'.
 * Returns the length. */
size_t crb_text_fit(const char *text, char *out, size_t max);
/** Is text (not NULL) UTF-8 of at most CRB_FRAME_MAX_TEXT bytes? */
bool crb_text_is_name(const char *text);

#endif /* CRB_FRAME_H */
