/** What a call carries beside its arguments: contexts, as values and as the bytes that travel (Context of session.proto). */
#ifndef CRB_CARRIED_H
#define CRB_CARRIED_H

#include "runtime/base/buf.h"
#include "runtime/call/trace.h"

#include <corbel/context.h>
#include <corbel/error.h>
#include <stdatomic.h>
#include <stdint.h>

#define CRB_CONTEXT_DRAWN 33 /* a correlation id that was drawn, with its NUL */

/** How far a value goes. */
typedef enum crb_carried_scope {
    CRB_CARRIED_ON,   /* with everything that the call causes */
    CRB_CARRIED_HERE, /* to whom is called */
    CRB_CARRIED_CAME  /* it was for here, and has arrived */
} crb_carried_scope;

typedef struct crb_carried_value {
    char *name; /* malloc'ed, the value behind it in the same piece */
    const char *value;
    crb_carried_scope scope;
} crb_carried_value;

struct corbel_context {
    _Atomic uint32_t refs;
    bool constant;                 /* somebody else's: users may not change it */
    char *correlation;             /* malloc'ed; NULL: none */
    char drawn[CRB_CONTEXT_DRAWN]; /* for calls that have none otherwise; "": none */
    crb_trace trace;
    char trace_text[CRB_TRACE_TEXT];
    crb_carried_value *values;
    size_t n, room;
};

/** How much a runtime takes and gives. */
typedef struct crb_carried_limits {
    uint32_t bytes, values;
} crb_carried_limits;

/** Nothing; constant, never counted. */
extern corbel_context crb_context_empty;

/** Takes NULL, returns its argument. */
corbel_context *crb_carried_ref(corbel_context *context);
/** A constant copy of own, over inherited (may be NULL); with a correlation id drawn where neither has one. NULL: no memory. */
corbel_context *crb_carried_merge(const corbel_context *inherited, const corbel_context *own);
/** The same as something to change, for one call. */
corbel_context *crb_carried_merge_for_call(const corbel_context *inherited, const corbel_context *own);

/** The bytes of what a call carries that inherits inherited, on a reference with own (each may be NULL), with a span of its own.
 *  CORBEL_LIMIT, CORBEL_NO_MEMORY, completion NO. On failure ret is empty. */
corbel_status crb_carried_pack(const corbel_context *inherited, const corbel_context *own, const crb_carried_limits *limits,
                               crb_buf *ret, corbel_error *reterr);
/** The bytes of a reply's values alone. completion as the caller sets it; failures as above. */
corbel_status crb_carried_pack_values(const corbel_context *context, const crb_carried_limits *limits, crb_buf *ret,
                                      corbel_error *reterr);
/** The reverse of both; a constant context. CORBEL_LIMIT: too long, too many; CORBEL_INVALID_ARGUMENT: a text that is
 *  not valid; CORBEL_DECODE: no Context at all. Completion NO. */
corbel_status crb_carried_unpack(const uint8_t *data, size_t len, const crb_carried_limits *limits, corbel_context **ret,
                                 corbel_error *reterr);
/** Replaces what to has by the values of from (may be NULL: none). False: no memory. */
bool crb_carried_replace(corbel_context *to, const corbel_context *from);

/* Between carried.c and carried_wire.c. */
/** Sets a value whose texts were checked. False: no memory. */
bool crb_carried_put(corbel_context *context, const char *name, size_t name_len, const char *value, size_t value_len,
                     crb_carried_scope scope);
bool crb_carried_put_correlation(corbel_context *context, const char *id, size_t len);
void crb_carried_take_out(corbel_context *context, const char *name);
void crb_carried_put_trace(corbel_context *context, const crb_trace *trace);
const crb_carried_value *crb_carried_find(const corbel_context *context, const char *name, size_t len);
/** NULL: no memory. */
corbel_context *crb_carried_new(void);

/* context.c */
/** What the calls of this thread inherit; NULL: nothing. */
const corbel_context *crb_carried_inherited(void);

#endif /* CRB_CARRIED_H */
