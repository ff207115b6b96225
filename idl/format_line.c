/* What stands on a line. A definition that fits is one line; else its annotations get lines of their own, then its "raises"; then
 * there is one parameter a line; and what is still too long is broken behind commas and operators. Enumerators are on one line or
 * on one each. */
#include "idl/format_line.h"

#include "idl/format.h"

#include <string.h>

bool idl_piece_is_comment(const idl_piece *piece)
{
    return piece->kind == IDL_PIECE_LINE_COMMENT || piece->kind == IDL_PIECE_BLOCK_COMMENT;
}

bool idl_is_doc(const idl_piece *piece)
{
    return piece->length >= 3 && (piece->start[2] == piece->start[1] || piece->start[2] == '!') &&
           (piece->length == 3 || piece->start[3] != piece->start[1]);
}

bool idl_is_tail(const idl_pieces *pieces, size_t index)
{
    const idl_piece *piece = &pieces->items[index];
    if (index == 0 || !idl_piece_is_comment(piece)) {
        return false;
    }
    if ((piece->marks & IDL_PIECE_CONTINUES) != 0) {
        return idl_is_tail(pieces, index - 1);
    }
    if ((piece->marks & IDL_PIECE_SAME_LINE) == 0) {
        return false;
    }
    const idl_piece *before = piece - 1;
    if (before->kind != IDL_PIECE_TOKEN) {
        return idl_is_tail(pieces, index - 1);
    }
    if (piece->kind == IDL_PIECE_LINE_COMMENT) {
        return true;
    }
    const bool names_what_is_before = piece->length > 4 && memcmp(piece->start, "/**<", 4) == 0;
    return before->role != IDL_ROLE_OPEN_PARAMS && (names_what_is_before || (piece->marks & IDL_PIECE_LAST) != 0);
}

size_t idl_write_tails(idl_writer *w, const idl_pieces *pieces, size_t index)
{
    size_t at = index;
    bool aligned = false;
    for (; idl_is_tail(pieces, at); at++) {
        const idl_piece *before = &pieces->items[at - 1];
        if ((pieces->items[at].marks & IDL_PIECE_CONTINUES) == 0) {
            const bool opens = before->role == IDL_ROLE_OPEN_BODY || before->role == IDL_ROLE_OPEN_LIST;
            const bool shares = at + 1 < pieces->length && idl_is_tail(pieces, at + 1) &&
                                (pieces->items[at + 1].marks & IDL_PIECE_CONTINUES) == 0;
            aligned = before->kind == IDL_PIECE_TOKEN && !opens && !shares;
        }
        idl_write_tail(w, &pieces->items[at], !aligned);
    }
    return at;
}

/* Line comments of these kinds become one comment when they stand below each other, to the language. */
static bool are_of_one_kind(const idl_piece *above, const idl_piece *below)
{
    if (above->kind != IDL_PIECE_LINE_COMMENT || below->kind != IDL_PIECE_LINE_COMMENT || !idl_is_doc(above) ||
        !idl_is_doc(below)) {
        return false;
    }
    return (above->length > 3 && above->start[3] == '<') == (below->length > 3 && below->start[3] == '<');
}

void idl_write_own(idl_writer *w, const idl_pieces *pieces, size_t index, size_t indent)
{
    const idl_piece *piece = &pieces->items[index];
    const bool after_comment = index > 0 && idl_piece_is_comment(piece - 1);
    const bool apart = (piece->marks & IDL_PIECE_BLANK) != 0;
    if (after_comment && (!idl_is_tail(pieces, index - 1) || are_of_one_kind(piece - 1, piece))) {
        w->owed = IDL_OWES_LINE;
        apart ? idl_write_blank_line(w, indent) : idl_write_line(w, indent);
    } else if (index > 0 && piece[-1].role == IDL_ROLE_OPEN_PARAMS && piece[-1].kind == IDL_PIECE_TOKEN &&
               piece->kind == IDL_PIECE_BLOCK_COMMENT) {
        w->owed = w->owed == IDL_OWES_SPACE ? IDL_OWES_NOTHING : w->owed; /* behind the parenthesis */
    } else {
        idl_write_line(w, indent);
    }
    idl_write_comment(w, piece);
    idl_write_line(w, indent);
}

void idl_write_directive(idl_writer *w, const idl_piece *piece)
{
    idl_write_line(w, 0);
    if (piece->kind == IDL_PIECE_VERBATIM) {
        idl_write_verbatim(w, piece);
    } else {
        idl_write_text(w, piece->start, piece->length);
        const char *newline = memrchr(piece->start, '\n', piece->length);
        for (const char *c = piece->start; newline != NULL && c <= newline; c++) {
            w->line += *c == '\n';
        }
    }
    idl_write_line(w, 0);
}

size_t idl_write_between(idl_writer *w, const idl_pieces *pieces, size_t index, size_t indent)
{
    size_t at = idl_write_tails(w, pieces, index);
    if (at > index) {
        idl_write_line(w, indent);
    }
    for (; pieces->items[at].kind != IDL_PIECE_TOKEN && pieces->items[at].kind != IDL_PIECE_END; at++) {
        if (idl_piece_is_comment(&pieces->items[at])) {
            idl_write_own(w, pieces, at, indent);
        } else {
            idl_write_directive(w, &pieces->items[at]);
        }
    }
    if (w->owed >= IDL_OWES_LINE) {
        w->indent = indent;
    }
    return at;
}

/* ---- blanks ---- */

static bool wants_nothing_behind(const idl_piece *token)
{
    switch (token->role) {
    case IDL_ROLE_OPEN_PARAMS:
    case IDL_ROLE_OPEN:
    case IDL_ROLE_OPEN_TIGHT:
    case IDL_ROLE_AT:
    case IDL_ROLE_SCOPE:
    case IDL_ROLE_SCOPE_LEAD:
    case IDL_ROLE_SHIFT:
    case IDL_ROLE_UNARY:
        return true;
    default:
        return false;
    }
}

static bool wants_nothing_before(const idl_piece *token)
{
    switch (token->role) {
    case IDL_ROLE_END:
    case IDL_ROLE_LIST_COMMA:
    case IDL_ROLE_OPEN_PARAMS:
    case IDL_ROLE_CLOSE_PARAMS:
    case IDL_ROLE_PARAM_COMMA:
    case IDL_ROLE_OPEN_TIGHT:
    case IDL_ROLE_CLOSE:
    case IDL_ROLE_COMMA:
    case IDL_ROLE_SCOPE:
    case IDL_ROLE_LABEL_COLON:
    case IDL_ROLE_SHIFT_END:
        return true;
    default:
        return false;
    }
}

static bool ends_something(const idl_piece *token)
{
    switch (token->role) {
    case IDL_ROLE_END:
    case IDL_ROLE_LIST_COMMA:
    case IDL_ROLE_CLOSE_PARAMS:
    case IDL_ROLE_PARAM_COMMA:
    case IDL_ROLE_CLOSE:
    case IDL_ROLE_COMMA:
        return true;
    default:
        return false;
    }
}

/* Whether a blank stands between two neighbours on a line. */
static bool has_space(const idl_piece *before, const idl_piece *piece)
{
    if (piece->kind == IDL_PIECE_LINE_COMMENT) {
        return true;
    }
    if (before->kind == IDL_PIECE_TOKEN && wants_nothing_behind(before)) {
        return false;
    }
    if (piece->kind != IDL_PIECE_TOKEN || before->kind != IDL_PIECE_TOKEN) {
        return piece->kind != IDL_PIECE_TOKEN || !ends_something(piece);
    }
    if (piece->role == IDL_ROLE_CLOSE && before->role == IDL_ROLE_CLOSE && *piece->start == '>' && *before->start == '>') {
        return true; /* to other compilers ">>" is a shift */
    }
    return !wants_nothing_before(piece);
}

/* Whether a line may be broken between two tokens. */
static bool can_break(const idl_piece *before, const idl_piece *piece)
{
    if (before->kind != IDL_PIECE_TOKEN || piece->kind != IDL_PIECE_TOKEN) {
        return false;
    }
    return before->role == IDL_ROLE_COMMA || before->role == IDL_ROLE_BINARY || before->role == IDL_ROLE_SHIFT_END ||
           (piece->marks & (IDL_PIECE_ANNOTATED | IDL_PIECE_CLAUSE)) != 0 ||
           (before->symbol == IDL_SYMBOL_STRING && piece->symbol == IDL_SYMBOL_STRING);
}

/* The width of one piece; more than limit: it has no width. */
static size_t piece_width(const idl_piece *piece, size_t limit)
{
    const bool flat = piece->kind == IDL_PIECE_TOKEN || (piece->kind == IDL_PIECE_BLOCK_COMMENT && !idl_has_lines(piece));
    return flat ? idl_text_width(piece->start, piece->length) : limit + 1;
}

/* A comment about an enumerator or a parameter: then each has a line of its own. */
static bool is_about_element(const idl_piece *before, const idl_piece *piece)
{
    if (!idl_piece_is_comment(piece) || before->kind != IDL_PIECE_TOKEN) {
        return false;
    }
    return before->role == IDL_ROLE_OPEN_LIST || before->role == IDL_ROLE_LIST_COMMA || before->role == IDL_ROLE_OPEN_PARAMS ||
           before->role == IDL_ROLE_PARAM_COMMA;
}

size_t idl_flat_width(const idl_pieces *pieces, size_t first, size_t end, size_t limit)
{
    size_t width = 0;
    for (size_t i = first; i < end && width <= limit; i++) {
        if (i > first && is_about_element(&pieces->items[i - 1], &pieces->items[i])) {
            return limit + 1;
        }
        width += i > first && has_space(&pieces->items[i - 1], &pieces->items[i]);
        width += piece_width(&pieces->items[i], limit);
    }
    return width;
}

static bool fits(const idl_writer *w, const idl_pieces *pieces, size_t first, size_t end)
{
    const size_t column = w->owed >= IDL_OWES_LINE ? w->indent : w->column + (w->owed == IDL_OWES_SPACE);
    return column < IDL_FORMAT_WIDTH && idl_flat_width(pieces, first, end, IDL_FORMAT_WIDTH) <= (size_t)IDL_FORMAT_WIDTH - column;
}

void idl_write_fill(idl_writer *w, const idl_pieces *pieces, size_t first, size_t end, size_t indent)
{
    for (size_t i = first; i < end; i++) {
        const idl_piece *piece = &pieces->items[i];
        const idl_piece *before = piece - 1;
        if (piece->kind == IDL_PIECE_DIRECTIVE || piece->kind == IDL_PIECE_VERBATIM) {
            idl_write_directive(w, piece);
            idl_write_line(w, indent);
            continue;
        }
        if (i > first && has_space(before, piece)) {
            size_t next = i + 1;
            while (next < end && next - i < IDL_FORMAT_WIDTH && !can_break(&pieces->items[next - 1], &pieces->items[next])) {
                next++;
            }
            idl_write_space(w);
            if (can_break(before, piece) && !fits(w, pieces, i, next)) {
                idl_write_line(w, indent);
            }
        }
        if (piece->kind == IDL_PIECE_LINE_COMMENT) {
            if ((piece->marks & IDL_PIECE_SAME_LINE) == 0) {
                idl_write_line(w, indent);
            }
            idl_write_comment(w, piece);
            idl_write_line(w, indent);
        } else if (piece->kind == IDL_PIECE_BLOCK_COMMENT) {
            idl_write_comment(w, piece);
        } else {
            idl_write_text(w, piece->start, piece->length);
        }
    }
}

/* ---- lists ---- */

static size_t find_role(const idl_pieces *pieces, size_t first, size_t end, idl_role role)
{
    size_t i = first;
    while (i < end && !(pieces->items[i].kind == IDL_PIECE_TOKEN && pieces->items[i].role == role)) {
        i++;
    }
    return i;
}

/* Ends an element before its comma: what has lines of its own. */
static bool parts_lines(const idl_piece *piece)
{
    return piece->kind == IDL_PIECE_LINE_COMMENT || piece->kind == IDL_PIECE_DIRECTIVE || piece->kind == IDL_PIECE_VERBATIM;
}

/* Elements from first on, one a line; the index of what closes them. */
static size_t write_elements(idl_writer *w, const idl_pieces *pieces, size_t first, size_t end, idl_role comma, idl_role close,
                             size_t indent)
{
    size_t at = idl_write_between(w, pieces, first, indent);
    while (at < end && pieces->items[at].role != close) {
        const bool begins_with_comma = pieces->items[at].role == comma;
        size_t next = at;
        while (!begins_with_comma && next < end && !parts_lines(&pieces->items[next]) &&
               !(pieces->items[next].kind == IDL_PIECE_TOKEN &&
                 (pieces->items[next].role == comma || pieces->items[next].role == close))) {
            next++;
        }
        const bool has_comma = next < end && pieces->items[next].kind == IDL_PIECE_TOKEN && pieces->items[next].role == comma;
        size_t stop = has_comma ? next + 1 : next;
        /* Comments before the end have lines of their own, unless they had none. */
        for (const idl_piece *last = &pieces->items[stop - 1];
             stop > at + 1 && last->kind != IDL_PIECE_TOKEN &&
             (last->kind != IDL_PIECE_BLOCK_COMMENT || (last->marks & IDL_PIECE_SAME_LINE) == 0 ||
              (last->marks & IDL_PIECE_LAST) != 0);
             last--) {
            stop--;
        }
        idl_write_fill(w, pieces, at, stop, indent + IDL_INDENT);
        if (begins_with_comma) {
            idl_write_space(w);
        } else if (has_comma) {
            idl_write_line(w, indent);
        }
        at = idl_write_between(w, pieces, stop, indent);
    }
    return at;
}

/* The column for parameters below each other: behind the parenthesis, unless one would not fit there. */
static size_t parameter_column(const idl_writer *w, const idl_pieces *pieces, size_t first, size_t end, size_t indent)
{
    const size_t column = w->column;
    const size_t hanging = indent + 2 * IDL_INDENT;
    if (column <= hanging) {
        return column;
    }
    for (size_t at = first; at < end;) {
        size_t next = find_role(pieces, at, end, IDL_ROLE_PARAM_COMMA);
        const size_t stop = next < end ? next + 1 : end;
        while (at < stop && pieces->items[at].kind != IDL_PIECE_TOKEN) {
            at++;
        }
        const size_t width = idl_flat_width(pieces, at, stop, IDL_FORMAT_WIDTH);
        if (width <= IDL_FORMAT_WIDTH && column + width + (next == end) > IDL_FORMAT_WIDTH) {
            return hanging;
        }
        at = stop;
    }
    return column;
}

static void write_parameters(idl_writer *w, const idl_pieces *pieces, size_t first, size_t open, size_t close, size_t indent)
{
    idl_write_fill(w, pieces, first, open + 1, indent + IDL_INDENT);
    const size_t column = parameter_column(w, pieces, open + 1, close, indent);
    if (column < w->column) {
        idl_write_line(w, column);
    }
    const size_t at = write_elements(w, pieces, open + 1, close + 1, IDL_ROLE_PARAM_COMMA, IDL_ROLE_CLOSE_PARAMS, column);
    idl_write_fill(w, pieces, at, close + 1, column);
}

static void write_enumerators(idl_writer *w, const idl_pieces *pieces, size_t open, size_t end, size_t indent)
{
    const size_t close = find_role(pieces, open, end, IDL_ROLE_CLOSE_LIST);
    idl_write_line(w, indent + IDL_INDENT);
    const size_t at =
        write_elements(w, pieces, open + 1, close + 1, IDL_ROLE_LIST_COMMA, IDL_ROLE_CLOSE_LIST, indent + IDL_INDENT);
    idl_write_line(w, indent);
    idl_write_fill(w, pieces, at, end, indent + IDL_INDENT);
}

/* ---- segments ---- */

/* Where the annotations that begin it end: the index of the first other token; first: there are none. */
static size_t annotations_end(const idl_pieces *pieces, size_t first, size_t end)
{
    size_t at = first;
    while (at < end && pieces->items[at].role == IDL_ROLE_AT) {
        size_t next = at + 1;
        while (next < end &&
               !(pieces->items[next].kind == IDL_PIECE_TOKEN && (pieces->items[next].marks & IDL_PIECE_ANNOTATED) != 0)) {
            next++;
        }
        if (next == end) {
            return at;
        }
        at = next;
    }
    return at;
}

/* Annotations on lines of their own. */
static void write_annotations(idl_writer *w, const idl_pieces *pieces, size_t first, size_t end, size_t indent)
{
    size_t stop = end;
    while (stop > first && pieces->items[stop - 1].kind != IDL_PIECE_TOKEN) {
        stop--;
    }
    const bool together = fits(w, pieces, first, stop);
    for (size_t from = first; from < stop;) {
        size_t next = from + 1;
        while (next < stop &&
               (together || pieces->items[next].role != IDL_ROLE_AT || (pieces->items[next].marks & IDL_PIECE_ANNOTATED) == 0)) {
            next++;
        }
        size_t end_of_one = next;
        while (end_of_one > from && pieces->items[end_of_one - 1].kind != IDL_PIECE_TOKEN) {
            end_of_one--;
        }
        idl_write_fill(w, pieces, from, end_of_one, indent + IDL_INDENT);
        idl_write_line(w, indent);
        idl_write_between(w, pieces, end_of_one, indent);
        from = next;
    }
}

static bool has_comment(const idl_pieces *pieces, size_t first, size_t end)
{
    return end > first && pieces->items[end - 1].kind != IDL_PIECE_TOKEN;
}

void idl_write_segment(idl_writer *w, const idl_pieces *pieces, size_t first, size_t end, size_t indent)
{
    const size_t annotated = annotations_end(pieces, first, end);
    const bool commented = has_comment(pieces, first, annotated);
    if (!commented && fits(w, pieces, first, end)) {
        idl_write_fill(w, pieces, first, end, indent);
        return;
    }
    const size_t list = find_role(pieces, first, end, IDL_ROLE_OPEN_LIST);
    const size_t head = list < end ? list + 1 : end;
    if (annotated > first && (commented || !fits(w, pieces, first, head))) {
        write_annotations(w, pieces, first, annotated, indent);
        first = annotated;
        if (fits(w, pieces, first, end)) {
            idl_write_fill(w, pieces, first, end, indent);
            return;
        }
    }
    if (list < end) {
        idl_write_fill(w, pieces, first, list + 1, indent + 2 * IDL_INDENT);
        write_enumerators(w, pieces, list, end, indent);
        return;
    }
    size_t clause = first;
    while (clause < end && (pieces->items[clause].marks & IDL_PIECE_CLAUSE) == 0) {
        clause++;
    }
    const size_t open = find_role(pieces, first, end, IDL_ROLE_OPEN_PARAMS);
    const size_t close = find_role(pieces, open, end, IDL_ROLE_CLOSE_PARAMS);
    size_t stop = clause;
    while (clause < end && stop > first && pieces->items[stop - 1].kind != IDL_PIECE_TOKEN) {
        stop--;
    }
    if (open < end && close < end && !fits(w, pieces, first, stop)) {
        write_parameters(w, pieces, first, open, close, indent);
        if (stop > close + 1) {
            idl_write_fill(w, pieces, close + 1, stop, indent + IDL_INDENT);
        }
    } else {
        const bool has_body = end > first && pieces->items[end - 1].role == IDL_ROLE_OPEN_BODY;
        idl_write_fill(w, pieces, first, stop, indent + (has_body ? 2U : 1U) * IDL_INDENT);
    }
    while (clause < end) {
        size_t next = clause + 1;
        while (next < end && (pieces->items[next].marks & IDL_PIECE_CLAUSE) == 0) {
            next++;
        }
        idl_write_between(w, pieces, stop, indent + IDL_INDENT);
        idl_write_line(w, indent + IDL_INDENT);
        stop = next;
        while (next < end && stop > clause && pieces->items[stop - 1].kind != IDL_PIECE_TOKEN) {
            stop--;
        }
        idl_write_fill(w, pieces, clause, stop, indent + 2 * IDL_INDENT);
        clause = next;
    }
}
