/** Comments of the output: the IDL's own words, made harmless for a C compiler, and what Corbel adds to them. */
#ifndef EMIT_COMMENT_H
#define EMIT_COMMENT_H

#include "codegen/buf.h"

#include <stdbool.h>

/** A doc comment: the IDL's text (or NULL), line by line, then the facts (or NULL) as one paragraph; nothing when both are
 *  empty. Lines that are too long are broken at spaces. */
void emit_comment(emit_buf *out, int indent, const char *doc, const emit_strings *facts);

/** A plain comment, filled. */
void emit_remark(emit_buf *out, const char *text);

/** doc on one line for a place behind something, made harmless; NULL when it has several lines or none. */
const char *emit_inline_doc(idl_arena *arena, const char *doc);

/** A UTF-8 character that does not look like what it is: one that turns the writing direction round, or a C1 control. */
bool emit_is_deceptive(const char *at, size_t length);

/** A separating line of full width: "---- title ----…". A short doc stands behind the title, a longer one below, as a plain
 *  comment. */
void emit_heading(emit_buf *out, const char *title, const char *doc);

#endif /* EMIT_COMMENT_H */
