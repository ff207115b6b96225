/** What generated .c files say to the library; nobody else includes it. Guarded by CORBEL_GENERATED_VERSION. */
#ifndef CORBEL_GENERATED_H
#define CORBEL_GENERATED_H

#include <corbel/corbel.h>

#define CORBEL_GENERATED_VERSION 1

CORBEL_BEGIN_DECLS

typedef enum corbel_kind {
    CORBEL_KIND_BOOL,
    CORBEL_KIND_UINT8,
    CORBEL_KIND_CHAR,
    CORBEL_KIND_INT16,
    CORBEL_KIND_UINT16,
    CORBEL_KIND_INT32,
    CORBEL_KIND_UINT32,
    CORBEL_KIND_INT64,
    CORBEL_KIND_UINT64,
    CORBEL_KIND_FLOAT,
    CORBEL_KIND_DOUBLE,
    CORBEL_KIND_ENUM,
    CORBEL_KIND_STRING,
    CORBEL_KIND_STRUCT, /* exceptions, too */
    CORBEL_KIND_SEQUENCE,
    CORBEL_KIND_REFERENCE
} corbel_kind;

enum {
    CORBEL_PLAIN = 4, /* of a type: no pointer inside, returned in the caller's storage */
    CORBEL_BYTES = 8  /* of a sequence: octets, one protobuf bytes field */
};

/** A member of a struct or exception. */
typedef struct corbel_member {
    const char *name;
    uint32_t id; /* protobuf field number */
    uint32_t flags;
    size_t offset;
    const corbel_type *type;
} corbel_member;

typedef struct corbel_enumerator {
    const char *name;
    int32_t value;
} corbel_enumerator;

/** How values look in memory and on the wire. On the wire: bool, unsigned and enum are varints, signed integers zigzag
 *  varints (sint32, sint64), octet and char varints, float fixed32, double fixed64, strings and octet sequences
 *  length-delimited, structs embedded messages, sequences repeated fields (numbers packed), references a varint tag of the
 *  message's reference table (0: NULL). Members with zero values (-0.0 is none; a struct of zero members is one) are not
 *  written, except as items of a sequence. A sequence of sequences wraps each inner one in a message of the one field 1, but
 *  for inner octet sequences, which are repeated bytes. */
struct corbel_type {
    corbel_kind kind;
    uint32_t flags;
    const char *name;             /* "bank::Entry"; NULL for unnamed types */
    size_t size;                  /* of the C type */
    uint32_t bound;               /* string: bytes, sequence: items, at most; 0: none */
    uint32_t count;               /* members or enumerators */
    const corbel_member *members; /* ascending ids */
    const corbel_enumerator *enumerators;
    const corbel_type *element; /* of a sequence */
    const corbel_interface *interface;
};

CORBEL_API extern const corbel_type corbel_bool_type, corbel_uint8_type, corbel_char_type, corbel_int16_type, corbel_uint16_type,
    corbel_int32_type, corbel_uint32_type, corbel_int64_type, corbel_uint64_type, corbel_float_type, corbel_double_type,
    corbel_string_type, corbel_bytes_type, corbel_bool_seq_type, corbel_char_seq_type, corbel_int16_seq_type,
    corbel_uint16_seq_type, corbel_int32_seq_type, corbel_uint32_seq_type, corbel_int64_seq_type, corbel_uint64_seq_type,
    corbel_float_seq_type, corbel_double_seq_type, corbel_string_seq_type;

typedef struct corbel_param {
    const char *name;
    uint32_t id; /* protobuf field number in the request or the reply */
    const corbel_type *type;
} corbel_param;

enum { CORBEL_ONEWAY = 1, CORBEL_IDEMPOTENT = 2 };

typedef struct corbel_operation {
    const char *interface; /* the one that declares it: "bank::Account" */
    const char *name;      /* "withdraw", "get_balance" */
    uint32_t flags;
    uint32_t n_in, n_out;
    const corbel_param *in, *out;     /* the result first in out */
    const corbel_type *const *raises; /* NULL-terminated, or NULL */
} corbel_operation;

/** Calls the servant's member. in[i], out[i]: address of the C value of that parameter. */
typedef corbel_status (*corbel_thunk)(const void *servant, void *self, corbel_request *request, const void *const *in,
                                      void *const *out);
typedef struct corbel_method {
    const corbel_operation *operation;
    corbel_thunk thunk;
} corbel_method;

struct corbel_interface {
    const char *name;
    uint64_t fingerprint; /* of its own and inherited operations, their types and exceptions */
    uint32_t n_methods;   /* its own and the inherited ones */
    const corbel_method *methods;
    const corbel_interface *const *bases; /* all of them, NULL-terminated, or NULL */
};

/* Stubs. in: the address of the C value of each in parameter (of a string: of its const char *; of a struct: of the struct).
 * out: where each output goes: T * for plain types, sequences and references, char ** for strings, T ** for structs; NULL for
 * one that is not wanted. Both may be NULL when there are none. */
CORBEL_API CORBEL_MUST_CHECK corbel_status corbel_stub_call(corbel_object *self, const corbel_operation *operation,
                                                            const void *const *in, void *const *out, corbel_error *reterr);
CORBEL_API corbel_call *corbel_stub_begin(corbel_object *self, const corbel_operation *operation, const void *const *in);
CORBEL_API CORBEL_MUST_CHECK corbel_status corbel_stub_finish(corbel_call *call, const corbel_operation *operation,
                                                              void *const *out, corbel_error *reterr);
/* Skeletons. */
CORBEL_API corbel_status corbel_skeleton_raise(corbel_request *request, const corbel_type *type, const void *exception);
CORBEL_API const void *corbel_error_raised(const corbel_error *error, const corbel_type *type);

CORBEL_END_DECLS
#endif /* CORBEL_GENERATED_H */
