/** What generated .c files say to the library, and what <corbel/dynamic.h> gives to read; nobody else includes it. Guarded by
 * CORBEL_GENERATED_VERSION. */
#ifndef CORBEL_GENERATED_H
#define CORBEL_GENERATED_H

#include <corbel/corbel.h>

#define CORBEL_GENERATED_VERSION 1

CORBEL_BEGIN_DECLS

typedef enum corbel_kind {
    CORBEL_KIND_BOOL,
    CORBEL_KIND_UINT8, /* octet (CORBEL_OCTET), uint8 */
    CORBEL_KIND_CHAR,
    CORBEL_KIND_INT16,
    CORBEL_KIND_UINT16,
    CORBEL_KIND_INT32,
    CORBEL_KIND_UINT32,
    CORBEL_KIND_INT64,
    CORBEL_KIND_UINT64,
    CORBEL_KIND_FLOAT,
    CORBEL_KIND_DOUBLE,
    CORBEL_KIND_INT8,
    CORBEL_KIND_WCHAR,   /* uint32_t, a code point */
    CORBEL_KIND_BITMASK, /* an unsigned integer of the type's size */
    CORBEL_KIND_ENUM,    /* the last of the scalars */
    CORBEL_KIND_STRING,
    CORBEL_KIND_STRUCT, /* exceptions and bitsets, too */
    CORBEL_KIND_SEQUENCE,
    CORBEL_KIND_REFERENCE,
    CORBEL_KIND_FIXED, /* const char *, exact decimal text */
    CORBEL_KIND_LONG_DOUBLE,
    CORBEL_KIND_UNION,
    CORBEL_KIND_ARRAY,
    CORBEL_KIND_MAP,
    CORBEL_KIND_ANY
} corbel_kind;

enum {
    CORBEL_OPTIONAL = 1, /* of a member: a pointer, NULL when absent (of what is a pointer already: that) */
    CORBEL_PRESENT = 2,  /* of a member: always written; absent, it reads as its fallback */
    CORBEL_PLAIN = 4,    /* of a type: no pointer inside, returned in the caller's storage */
    CORBEL_BYTES = 8,    /* of a sequence or an array: octets, one protobuf bytes field */
    CORBEL_WIDE = 16,    /* of a string: its bound counts code points, not bytes */
    CORBEL_DEFAULT = 32, /* of a union's case: selected by every value that no other case has for a label */
    CORBEL_BITSET = 64,  /* of a struct: a bitset; the widths of its fields are those of their ranges */
    CORBEL_OCTET = 128   /* of a uint8: an octet */
};

/** The lowest and the highest value of a number, as its kind says: signed, unsigned or floating. */
typedef struct corbel_range {
    bool has_min, has_max;
    union {
        int64_t i;
        uint64_t u;
        double d;
    } min, max;
} corbel_range;

/** A member of a struct or exception, the discriminator (first, "_d") or a case of a union, key or value of a map's item. */
typedef struct corbel_member {
    const char *name;
    uint32_t id; /* protobuf field number */
    uint32_t flags;
    size_t offset;
    const corbel_type *type;
    const void *fallback;  /* with CORBEL_PRESENT: a C value of the type */
    const int64_t *labels; /* of a case: the discriminator's values that select it (the bits of a uint64_t) */
    uint32_t n_labels;
    const char *doc;         /* the IDL's comment, without its markers; NULL: none */
    const char *annotations; /* as the IDL has them: "@key @unit(\"m\")"; NULL: none */
} corbel_member;

/** An enumerator, or a flag of a bitmask, whose value is its bit's position. */
typedef struct corbel_enumerator {
    const char *name;
    int32_t value;
    const char *doc, *annotations;
} corbel_enumerator;

/** How values look in memory and on the wire. On the wire: bool, unsigned, enum, bitmask and wchar are varints, signed integers
 *  zigzag varints (sint32, sint64), octet and char varints, float fixed32, double fixed64, long double 16 bytes (IEEE binary128,
 *  the lowest byte first), strings, fixed and octet sequences length-delimited, structs embedded messages, sequences repeated
 *  fields (numbers packed), references a varint tag of the message's reference table (0: NULL). Members with zero values (-0.0 is
 *  none; a struct of zero members is one) are not written, except as items of a sequence, and what is optional or has a default.
 *  Unions are messages: the discriminator, then the selected case, zero or not. Arrays are repeated fields of exactly bound
 * items, of octets a bytes field, always written. Maps are repeated messages of key (1) and value (2), ascending by key. An any
 * is a message of its type's text (1), its value's message (2) and the tags of the references in it (3). Where a repeated field
 * can have no place of its own (a sequence, map or array, not of octets, as an item, an optional member or a case) it is wrapped
 * in a message of the one field 1. */
struct corbel_type {
    corbel_kind kind;
    uint32_t flags;
    const char *name;             /* "bank::Entry"; NULL for unnamed types */
    size_t size;                  /* of the C type */
    uint32_t bound;               /* string: bytes, sequence, map: items, at most; array: items of all dimensions; fixed: digits;
                                     bitmask: bits; 0: none */
    uint32_t count;               /* members or enumerators; fixed: scale */
    const corbel_member *members; /* ascending ids; of a union the discriminator first */
    const corbel_enumerator *enumerators;
    const corbel_type *element;        /* of a sequence or array; of a map: its item, a struct of key and value */
    const corbel_interface *interface; /* of a reference; NULL: Object */
    const corbel_range *range;         /* of a number; NULL: all of its type */
    const uint32_t *dimensions;        /* of an array: zero-terminated; NULL: one */
    const char *doc, *annotations;
};

typedef struct corbel_param {
    const char *name;
    uint32_t id; /* protobuf field number in the request or the reply; an item of a stream is a message of that one field */
    const corbel_type *type;
    uint32_t
        position; /* among all parameters, from 1; 0: those that go in by their ids, then those that only come out by theirs */
    const char *doc, *annotations;
} corbel_param;

enum {
    CORBEL_ONEWAY = 1,
    CORBEL_IDEMPOTENT = 2,
    CORBEL_LOCAL = 4,     /* of an interface: references to it do not leave the process */
    CORBEL_OVERLAP = 8,   /* of an operation: its calls are in no lane */
    CORBEL_PROMISES = 16, /* of an operation: of a call that was begun corbel_stub_promised() may ask */
    CORBEL_ONCE = 32,     /* of an operation: repeated with a key, so that its effect happens once */
    CORBEL_SERIAL = 64,   /* of an interface: its objects take one chain of calls at a time */
    CORBEL_STRICT = 128   /* with CORBEL_SERIAL: and a chain that comes back is refused */
};

typedef struct corbel_operation {
    const char *interface; /* the one that declares it: "bank::Account" */
    const char *name;      /* "withdraw", "get_balance" */
    uint32_t flags;
    uint32_t n_in, n_out;                       /* streams do not count */
    const corbel_param *in, *out;               /* the result first in out */
    const corbel_type *const *raises;           /* NULL-terminated, or NULL */
    const char *attribute;                      /* reads or writes this attribute; NULL: an operation of its own */
    uint64_t fingerprint;                       /* of the operation, its types and exceptions */
    const char *doc, *annotations;              /* of an attribute both operations have them */
    const corbel_param *stream_in, *stream_out; /* the @stream parameter and the @stream result, NULL: none; type: of an item */
    uint32_t deadline_ms;                       /* @deadline, its own or its interface's; 0: none */
} corbel_operation;

/** Calls the servant's member. in[i], out[i]: address of the C value of that parameter; behind them, at in[n_in] and out[n_out],
 *  the addresses of the corbel_stream * of the streams. */
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
    uint32_t flags;
    const char *doc, *annotations;
};

/* Stubs. in: the address of the C value of each in parameter (of a string: of its const char *; of a struct: of the struct).
 * out: where each output goes: T * for plain types, sequences and references, char ** for strings, T ** for structs; NULL for
 * one that is not wanted. Both may be NULL when there are none. */
CORBEL_API CORBEL_MUST_CHECK corbel_status corbel_stub_call(corbel_object *self, const corbel_operation *operation,
                                                            const void *const *in, void *const *out, corbel_error *reterr);
CORBEL_API corbel_call *corbel_stub_begin(corbel_object *self, const corbel_operation *operation, const void *const *in);
/* The same of an operation with streams. ret_in, ret_out: where the stream that is written and the one that is read go, never
 * NULL, the call's; NULL where there is none. */
CORBEL_API corbel_call *corbel_stub_begin_streams(corbel_object *self, const corbel_operation *operation, const void *const *in,
                                                  corbel_stream **ret_in, corbel_stream **ret_out);
CORBEL_API CORBEL_MUST_CHECK corbel_status corbel_stub_finish(corbel_call *call, const corbel_operation *operation,
                                                              void *const *out, corbel_error *reterr);
/* Promises: a reference to the result, or to what path leads to in the outputs (field numbers). Yours, never NULL. */
CORBEL_API corbel_object *corbel_stub_promise(corbel_object *self, const corbel_operation *operation, const void *const *in,
                                              const corbel_interface *interface);
CORBEL_API corbel_object *corbel_stub_promised(corbel_call *call, const corbel_operation *operation, const uint32_t *path,
                                               size_t n, const corbel_interface *interface);
/* Skeletons. */
CORBEL_API corbel_status corbel_skeleton_raise(corbel_request *request, const corbel_type *type, const void *exception);
/** in order of operation->out: the address of each output. */
CORBEL_API void corbel_skeleton_reply(corbel_request *request, const corbel_operation *operation, const void *const *out);
/** corbel_request_defer() with the arguments lent: args[i] is where the i-th goes, as the servant's function has it. */
CORBEL_API CORBEL_MUST_CHECK corbel_status corbel_skeleton_defer(corbel_request *request, const corbel_operation *operation,
                                                                 void *const *args);
CORBEL_API const void *corbel_error_raised(const corbel_error *error, const corbel_type *type);

CORBEL_END_DECLS
#endif /* CORBEL_GENERATED_H */
