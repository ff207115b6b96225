/** Text on its way into a laid-out file: blanks and line ends that are owed are written before the next text, so that the last
 *  word on them wins. Comments at line ends are aligned when all is there. For format*.c. */
#ifndef IDL_FORMAT_WRITER_H
#define IDL_FORMAT_WRITER_H

#include "idl/format_pieces.h"

typedef enum idl_owed { IDL_OWES_NOTHING, IDL_OWES_SPACE, IDL_OWES_LINE, IDL_OWES_BLANK_LINE } idl_owed;

/** A comment at the end of a line, or a line that goes on with it. */
typedef struct idl_tail {
    size_t offset;   /* where blanks may be put in */
    uint32_t line;   /* of the text */
    uint32_t column; /* from 0, before that */
    uint32_t width;
    bool continues;
} idl_tail;

typedef struct idl_writer {
    char *text; /* malloc() */
    size_t length;
    size_t room;
    size_t column; /* from 0 */
    size_t indent; /* of the line that is owed */
    uint32_t line;
    idl_owed owed;
    bool failed; /* no memory: nothing more happens */
    idl_tail *tails;
    size_t n_tails;
    size_t tails_room;
} idl_writer;

/** A blank, if no line is owed. */
void idl_write_space(idl_writer *writer);

/** A new line with that indentation, if the owed one is not the like already; the indentation is the last one that was said. */
void idl_write_line(idl_writer *writer, size_t indent);

/** One blank line before it, too. */
void idl_write_blank_line(idl_writer *writer, size_t indent);

void idl_write_text(idl_writer *writer, const char *text, size_t length);

/** A comment where the writer stands: lines of a block comment move with its first one. */
void idl_write_comment(idl_writer *writer, const idl_piece *piece);

/** A comment behind what was written; it may be moved to the right, to stand below its neighbours. */
void idl_write_tail(idl_writer *writer, const idl_piece *piece, bool is_alone);

/** Lines as they stand, without the blanks at their ends. */
void idl_write_verbatim(idl_writer *writer, const idl_piece *piece);

/** Columns of text that has no line end, in characters. */
size_t idl_text_width(const char *text, size_t length);

/** Whether a comment has more than one line. */
bool idl_has_lines(const idl_piece *piece);

/** The whole text, NUL-terminated. NULL: no memory. The caller frees it; the writer is over. */
char *idl_write_end(idl_writer *writer, size_t *ret_length);

#endif /* IDL_FORMAT_WRITER_H */
