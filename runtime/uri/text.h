/** What the parsers of URIs and addresses share: errors with a column, percent-encoding. */
#ifndef CRB_URI_TEXT_H
#define CRB_URI_TEXT_H

#include "runtime/base/buf.h"
#include "runtime/uri/uri.h"

/** A text being parsed. */
typedef struct crb_text {
    const char *start;
    const char *end;
    bool may_listen; /* port 0 is allowed */
    corbel_error *reterr;
} crb_text;

/** "column 12: …", CORBEL_INVALID_ARGUMENT; at: the offending byte, inside text or its end. */
CORBEL_PRINTF(3, 4)
corbel_status crb_text_fail(const crb_text *text, const char *at, const char *format, ...);
/** Decodes [from, to), which is called what in errors: at most max bytes of UTF-8, not empty. ret: malloc'ed. */
corbel_status crb_text_decode(const crb_text *text, const char *from, const char *to, const char *what, size_t max, char **ret);
/** Appends the text, encoded. */
void crb_text_encode(crb_buf *out, const char *decoded);
/** Does [at, end) begin with the prefix, in any case? */
bool crb_text_begins(const char *at, const char *end, const char *prefix);

/** Parses [from, text->end) as addresses. */
corbel_status crb_text_addresses(const crb_text *text, const char *from, crb_address **ret, size_t *ret_n);
/** Appends the address. */
void crb_text_put_address(crb_buf *out, const crb_address *address);

#endif /* CRB_URI_TEXT_H */
