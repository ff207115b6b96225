/** W3C Trace Context: the traceparent. Pure functions, but for what is drawn. */
#ifndef CRB_TRACE_H
#define CRB_TRACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CRB_TRACE_TEXT 56 /* of version 00, with its NUL */

/** Zero: no trace. */
typedef struct crb_trace {
    uint8_t id[16];  /* of the trace; not all zero */
    uint8_t span[8]; /* the parent id: who calls; not all zero */
    uint8_t flags;   /* sampled and random: the others are not defined, and cleared as the recommendation says */
} crb_trace;

bool crb_trace_is_set(const crb_trace *trace);
/** Version 00 exactly; of a newer one what 00 has. NULL: valid; else what is wrong, a static text. */
const char *crb_trace_parse(const char *text, size_t len, crb_trace *ret);
/** out has CRB_TRACE_TEXT bytes; "" for none. */
void crb_trace_format(const crb_trace *trace, char *out);
/** A new trace. */
void crb_trace_draw(crb_trace *trace, bool sampled);
/** Another span of the same trace. */
void crb_trace_draw_span(crb_trace *trace);

#endif /* CRB_TRACE_H */
