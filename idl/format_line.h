/** One definition's tokens on lines: blanks, and where a line that is too long is broken. For format*.c. */
#ifndef IDL_FORMAT_LINE_H
#define IDL_FORMAT_LINE_H

#include "idl/format_writer.h"

#define IDL_INDENT ((size_t)4)

bool idl_piece_is_comment(const idl_piece *piece);

/** Whether the comment stands behind what comes before it: behind a token that ends something, on its line. */
bool idl_is_tail(const idl_pieces *pieces, size_t index);

/** A doc comment as the language has them: three slashes, or a slash and two stars. */
bool idl_is_doc(const idl_piece *piece);

/** Writes the comments, directives and dead text from index on, up to the next token: tails behind what was written, all else on
 *  lines of its own. The index of that token. */
size_t idl_write_between(idl_writer *writer, const idl_pieces *pieces, size_t index, size_t indent);

/** Writes the tails from index on; the index behind them. */
size_t idl_write_tails(idl_writer *writer, const idl_pieces *pieces, size_t index);

/** Writes the own-line comment at index; a line is owed then. */
void idl_write_own(idl_writer *writer, const idl_pieces *pieces, size_t index, size_t indent);

/** Writes a directive or dead text, on lines of its own. */
void idl_write_directive(idl_writer *writer, const idl_piece *piece);

/** How wide the pieces from first up to end are on one line; more than limit: they are wider, or cannot be on one line. */
size_t idl_flat_width(const idl_pieces *pieces, size_t first, size_t end, size_t limit);

/** Writes a run of tokens that begins something, up to end, which is behind its ';' or '{'. */
void idl_write_segment(idl_writer *writer, const idl_pieces *pieces, size_t first, size_t end, size_t indent);

/** Writes pieces one after the other, breaking lines where that is allowed and needed. */
void idl_write_fill(idl_writer *writer, const idl_pieces *pieces, size_t first, size_t end, size_t indent);

#endif /* IDL_FORMAT_LINE_H */
