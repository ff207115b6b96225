/* Lines, comments and their alignment. */
#include "idl/format_writer.h"

#include "idl/format.h"

#include <stdlib.h>
#include <string.h>

static bool is_blank(char c)
{
    return c == ' ' || c == '\t'; /* there are no others any more: see format.c */
}

static void put(idl_writer *w, const char *text, size_t length)
{
    if (w->failed || length == 0) {
        return;
    }
    if (w->room - w->length <= length) {
        const size_t room = 2 * w->room + length + 4096;
        char *larger = realloc(w->text, room);
        if (larger == NULL) {
            w->failed = true;
            return;
        }
        w->text = larger;
        w->room = room;
    }
    memcpy(w->text + w->length, text, length);
    w->length += length;
}

static void put_blanks(idl_writer *w, size_t n)
{
    static const char blanks[] = "                                                                ";
    for (w->column += n; n > 0;) {
        const size_t some = n < sizeof blanks - 1 ? n : sizeof blanks - 1;
        put(w, blanks, some);
        n -= some;
    }
}

static void put_newline(idl_writer *w)
{
    put(w, "\n", 1);
    w->line++;
    w->column = 0;
}

void idl_write_space(idl_writer *w)
{
    w->owed = w->owed == IDL_OWES_NOTHING ? IDL_OWES_SPACE : w->owed;
}

void idl_write_line(idl_writer *w, size_t indent)
{
    w->owed = w->owed == IDL_OWES_BLANK_LINE ? IDL_OWES_BLANK_LINE : IDL_OWES_LINE;
    w->indent = indent;
}

void idl_write_blank_line(idl_writer *w, size_t indent)
{
    w->owed = IDL_OWES_BLANK_LINE;
    w->indent = indent;
}

/* What is owed. */
static void settle(idl_writer *w)
{
    if (w->owed >= IDL_OWES_LINE) {
        if (w->length > 0) {
            put_newline(w);
            if (w->owed == IDL_OWES_BLANK_LINE) {
                put_newline(w);
            }
        }
        put_blanks(w, w->indent);
    } else if (w->owed == IDL_OWES_SPACE) {
        put_blanks(w, 1);
    }
    w->owed = IDL_OWES_NOTHING;
}

size_t idl_text_width(const char *text, size_t length)
{
    size_t width = 0;
    for (size_t i = 0; i < length; i++) {
        width += ((unsigned char)text[i] & 0xC0) != 0x80;
    }
    return width;
}

void idl_write_text(idl_writer *w, const char *text, size_t length)
{
    settle(w);
    put(w, text, length);
    w->column += idl_text_width(text, length);
}

bool idl_has_lines(const idl_piece *piece)
{
    return piece->line != piece->last_line;
}

/* ---- block comments ---- */

typedef struct text_line {
    const char *start; /* behind its leading blanks */
    const char *end;   /* before those at its end */
    size_t blanks;     /* before start */
} text_line;

/* The line that begins at *at, which moves to the next one. */
static text_line next_line(const char **at, const char *end)
{
    const char *newline = memchr(*at, '\n', (size_t)(end - *at));
    const char *line_end = newline == NULL ? end : newline;
    text_line line = { .start = *at, .end = line_end };
    while (line.start < line_end && is_blank(*line.start)) {
        line.start++;
    }
    line.blanks = (size_t)(line.start - *at);
    while (line.end > line.start && is_blank(line.end[-1])) {
        line.end--;
    }
    *at = newline == NULL ? end : newline + 1;
    return line;
}

static bool is_close(const text_line *line)
{
    return line->end - line->start == 2 && line->start[0] == '*';
}

/* How the lines of a comment behind its first one begin. */
typedef struct block_style {
    bool stars;         /* each with a star */
    bool plain;         /* none with a star, apart from the end of the comment */
    size_t common;      /* blanks that all have, the same ones */
    const char *blanks; /* these */
} block_style;

static block_style style_of(const idl_piece *piece)
{
    const char *end = piece->start + piece->length;
    const char *at = memchr(piece->start, '\n', piece->length);
    block_style style = { .stars = true, .plain = true, .common = SIZE_MAX };
    at = at == NULL ? end : at + 1;
    while (at < end) {
        const char *begin = at;
        const text_line line = next_line(&at, end);
        if (line.start >= line.end) {
            continue;
        }
        if (is_close(&line)) {
            continue;
        }
        style.plain = style.plain && *line.start != '*';
        style.stars = style.stars && *line.start == '*';
        if (style.common == SIZE_MAX) {
            style.common = line.blanks;
            style.blanks = begin;
        }
        size_t same = 0;
        while (same < style.common && same < line.blanks && begin[same] == style.blanks[same]) {
            same++;
        }
        style.common = same;
    }
    style.common = style.common == SIZE_MAX ? 0 : style.common;
    return style;
}

/* The lines of a comment that has several, with the first where the writer stands. */
static void put_block(idl_writer *w, const idl_piece *piece)
{
    const block_style style = style_of(piece);
    const size_t column = w->column;
    const char *end = piece->start + piece->length;
    const char *at = piece->start;
    const text_line first = next_line(&at, end);
    size_t marker = 2;
    while (first.start + marker < first.end && marker < 4 && (first.start[marker] == '*' || first.start[marker] == '<')) {
        marker++;
    }
    marker = marker > 2 && first.start[2] == '<' ? 2 : marker;
    put(w, first.start, (size_t)(first.end - first.start));
    while (at < end) {
        const text_line line = next_line(&at, end);
        put_newline(w);
        if (line.start >= line.end) {
            continue;
        }
        if (is_close(&line) || style.stars) {
            put_blanks(w, column + 1);
        } else if (style.plain) {
            put_blanks(w, column + marker + 1);
            put(w, line.start - (line.blanks - style.common), line.blanks - style.common);
        } else {
            put(w, line.start - line.blanks, line.blanks);
        }
        put(w, line.start, (size_t)(line.end - line.start));
        w->column += idl_text_width(line.start, (size_t)(line.end - line.start));
    }
}

void idl_write_comment(idl_writer *w, const idl_piece *piece)
{
    settle(w);
    if (piece->kind == IDL_PIECE_BLOCK_COMMENT && idl_has_lines(piece)) {
        put_block(w, piece);
    } else {
        put(w, piece->start, piece->length);
        w->column += idl_text_width(piece->start, piece->length);
    }
}

void idl_write_verbatim(idl_writer *w, const idl_piece *piece)
{
    const char *end = piece->start + piece->length;
    while (end > piece->start && (is_blank(end[-1]) || end[-1] == '\n')) {
        end--;
    }
    w->indent = 0;
    w->owed = IDL_OWES_LINE;
    settle(w);
    for (const char *at = piece->start; at < end;) {
        const text_line line = next_line(&at, end);
        put(w, line.start - line.blanks, line.start < line.end ? (size_t)(line.end - line.start) + line.blanks : 0);
        if (line.start < line.end && line.end[-1] == '\\' && is_blank(*line.end) &&
            !(line.end[0] == '\r' && line.end[1] == '\n')) {
            put(w, " ", 1); /* without it the next line would go on with this one */
        }
        if (at < end) {
            put_newline(w);
        }
    }
    if (end > piece->start && end[-1] == '\\') {
        put_newline(w); /* the empty line that it takes away is needed */
    }
}

/* ---- comments behind code ---- */

static void keep_tail(idl_writer *w, const idl_piece *piece, bool continues)
{
    if (w->n_tails == w->tails_room) {
        const size_t room = 2 * w->tails_room + 64;
        idl_tail *larger = realloc(w->tails, room * sizeof *larger);
        if (larger == NULL) {
            w->failed = true;
            return;
        }
        w->tails = larger;
        w->tails_room = room;
    }
    w->tails[w->n_tails++] = (idl_tail) { .offset = w->length,
                                          .line = w->line,
                                          .column = (uint32_t)w->column,
                                          .width = (uint32_t)idl_text_width(piece->start, piece->length),
                                          .continues = continues };
}

void idl_write_tail(idl_writer *w, const idl_piece *piece, bool is_alone)
{
    const bool continues = (piece->marks & IDL_PIECE_CONTINUES) != 0;
    if (continues) {
        /* The column of the one above, which nothing has moved yet. */
        size_t column = 0;
        size_t line_start = w->length;
        while (!w->failed && line_start > 0 && w->text[line_start - 1] != '\n') {
            line_start--;
        }
        column = idl_text_width(w->text + line_start, w->length - line_start);
        column -= idl_text_width(piece[-1].start, piece[-1].length);
        w->owed = IDL_OWES_LINE;
        w->indent = column;
    } else {
        w->owed = w->column == 0 ? IDL_OWES_NOTHING : IDL_OWES_SPACE;
    }
    settle(w);
    if (!is_alone && !idl_has_lines(piece) && !w->failed) {
        keep_tail(w, piece, continues);
    }
    idl_write_comment(w, piece);
}

/* The comments from first on that are aligned together: how many, and in which column. A comment and the lines that go on with it
 * stay together; nobody is moved over the edge by a neighbour. */
static size_t section(const idl_writer *w, size_t first, uint32_t *ret_column)
{
    uint32_t column = 0;
    uint32_t width = 0;
    size_t at = first;
    while (at < w->n_tails && (at == first || w->tails[at].line == w->tails[at - 1].line + 1)) {
        uint32_t new_column = column > w->tails[at].column ? column : w->tails[at].column;
        uint32_t new_width = width;
        size_t next = at;
        do {
            new_width = new_width > w->tails[next].width ? new_width : w->tails[next].width;
            next++;
        } while (next < w->n_tails && w->tails[next].continues && w->tails[next].line == w->tails[next - 1].line + 1);
        if (at > first && new_column + new_width > IDL_FORMAT_WIDTH) {
            break;
        }
        column = new_column;
        width = new_width;
        at = next;
    }
    *ret_column = column;
    return at - first;
}

char *idl_write_end(idl_writer *w, size_t *ret_length)
{
    idl_writer whole = { .failed = w->failed };
    if (w->length > 0) {
        put_newline(w);
    }
    size_t done = 0;
    for (size_t i = 0; i < w->n_tails && !w->failed;) {
        uint32_t column;
        const size_t n = section(w, i, &column);
        for (const size_t end = i + n; i < end; i++) {
            put(&whole, w->text + done, w->tails[i].offset - done);
            put_blanks(&whole, column - w->tails[i].column);
            done = w->tails[i].offset;
        }
    }
    if (w->length > done) {
        put(&whole, w->text + done, w->length - done);
    }
    put(&whole, "", 1);
    free(w->text);
    free(w->tails);
    if (whole.failed || w->failed) {
        free(whole.text);
        return NULL;
    }
    *ret_length = whole.length - 1;
    return whole.text;
}
