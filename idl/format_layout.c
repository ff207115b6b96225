/* From pieces to text: which definitions follow each other closely, how deep they stand, how unions look. */
#include "idl/format.h"
#include "idl/format_line.h"

#include <string.h>

#define DEPTHS (IDL_EXPECTED_LIMIT + 1)
#define LABELS_WIDTH 40 /* labels wider than this have no members beside them */

/* What the blank line before something depends on. */
typedef struct neighbour {
    idl_item item;
    size_t name; /* the token that is its name; 0: none */
} neighbour;

typedef struct layout {
    const idl_pieces *pieces;
    idl_writer writer;
    neighbour previous;
    size_t guard_define; /* of the include guard; 0: there is none */
    size_t guard_end;
    size_t names[DEPTHS];         /* of the definition whose body is open at that depth */
    bool is_member[DEPTHS];       /* it is part of a member */
    size_t label_columns[DEPTHS]; /* of the union whose body is open there: where its members begin; 0: below their labels */
} layout;

static const idl_piece *at(const layout *l, size_t index)
{
    return &l->pieces->items[index];
}

static bool is_token(const idl_piece *piece)
{
    return piece->kind == IDL_PIECE_TOKEN;
}

static bool is_role(const idl_piece *piece, idl_role role)
{
    return is_token(piece) && piece->role == role;
}

/* Whether what began at first is over before or with i: at its ';', or, where it has none, at what comes next. */
static bool is_over(const layout *l, size_t first, size_t i)
{
    const idl_piece *piece = at(l, i);
    return piece->kind == IDL_PIECE_END || is_role(piece, IDL_ROLE_END) ||
           (i > first && is_token(piece) && (piece->marks & IDL_PIECE_ITEM) != 0);
}

/* The first token from index on, or the END. */
static size_t next_token(const layout *l, size_t index)
{
    while (!is_token(at(l, index)) && at(l, index)->kind != IDL_PIECE_END) {
        index++;
    }
    return index;
}

/* ---- what it is ---- */

static bool is_condition(const idl_piece *piece)
{
    return (piece->kind == IDL_PIECE_DIRECTIVE || piece->kind == IDL_PIECE_VERBATIM) && piece->item == IDL_ITEM_CONDITION;
}

static bool begins_with(const idl_piece *piece, const char *text)
{
    return piece->length >= strlen(text) && memcmp(piece->start, text, strlen(text)) == 0;
}

static bool ends_condition(const idl_piece *piece)
{
    return begins_with(piece, "#endif");
}

static bool begins_condition(const idl_piece *piece)
{
    return begins_with(piece, "#if");
}

/* What begins at a directive, an item's first token, a '}' or the END. */
static idl_item item_at(const layout *l, size_t index)
{
    const idl_piece *piece = at(l, index);
    if (piece->kind == IDL_PIECE_DIRECTIVE || piece->kind == IDL_PIECE_VERBATIM) {
        return (idl_item)piece->item;
    }
    if (!is_token(piece) || (piece->marks & IDL_PIECE_ITEM) == 0) {
        return IDL_ITEM_CLOSE;
    }
    if (piece->item != IDL_ITEM_BLOCK && piece->item != IDL_ITEM_TYPEDEF) {
        return (idl_item)piece->item;
    }
    for (size_t i = index; !is_over(l, index, i); i++) {
        if (is_role(at(l, i), IDL_ROLE_OPEN_BODY)) {
            return is_role(at(l, i + 1), IDL_ROLE_CLOSE_BODY) ? IDL_ITEM_EMPTY : IDL_ITEM_BLOCK;
        }
    }
    return (idl_item)piece->item;
}

/* The name that a definition gives, for typedefs that follow it; 0: none. */
static size_t name_of(const layout *l, size_t index)
{
    size_t parentheses = 0;
    for (size_t i = index; !is_over(l, index, i); i++) {
        const idl_piece *piece = at(l, i);
        if (!is_token(piece)) {
            continue;
        }
        parentheses += piece->symbol == '(';
        parentheses -= piece->symbol == ')' && parentheses > 0;
        const bool of_annotation = i > index && (is_role(piece - 1, IDL_ROLE_AT) || is_role(piece - 1, IDL_ROLE_SCOPE));
        if (piece->symbol == IDL_SYMBOL_NAME && parentheses == 0 && !of_annotation) {
            return i;
        }
        if (piece->role == IDL_ROLE_OPEN_BODY) {
            break;
        }
    }
    return 0;
}

static bool uses_name(const layout *l, size_t index, size_t name)
{
    for (size_t i = index; name != 0 && !is_over(l, index, i); i++) {
        if (is_token(at(l, i)) && at(l, i)->length == at(l, name)->length &&
            memcmp(at(l, i)->start, at(l, name)->start, at(l, name)->length) == 0) {
            return true;
        }
    }
    return false;
}

/* ---- blank lines ---- */

/* A blank line stands before what begins at index unless it is of the kind of the one before it and needs one line, or is a
 * typedef of that. */
static bool wants_blank(const layout *l, neighbour previous, size_t index, bool commented)
{
    const idl_item item = item_at(l, index);
    if (previous.item == IDL_ITEM_NONE || previous.item == IDL_ITEM_MEMBER || item == IDL_ITEM_MEMBER) {
        return false;
    }
    if (item == IDL_ITEM_CLOSE) {
        return commented && at(l, index)->kind == IDL_PIECE_END;
    }
    if (commented) {
        return true;
    }
    if (item == previous.item && item != IDL_ITEM_BLOCK) {
        return false;
    }
    return item != IDL_ITEM_TYPEDEF || !uses_name(l, index, previous.name);
}

/* What comments stand before from index on: a directive, a token, the END. Its index. */
static size_t next_head(const layout *l, size_t index)
{
    while (idl_piece_is_comment(at(l, index))) {
        index++;
    }
    return index;
}

/* Conditions let the blank line pass that would stand between what is around them: it goes behind the last #endif among them,
 * else before the first #if. Returns the head that gets it, or SIZE_MAX. */
static size_t blank_around_conditions(const layout *l, size_t first, size_t last)
{
    size_t begins = SIZE_MAX;
    size_t behind = SIZE_MAX;
    size_t head = first;
    for (; head != last && is_condition(at(l, head)); head = next_head(l, head + 1)) {
        begins = begins == SIZE_MAX && begins_condition(at(l, head)) ? head : begins;
        behind = ends_condition(at(l, head)) ? next_head(l, head + 1) : behind;
    }
    const bool commented = idl_piece_is_comment(at(l, head - 1));
    if (!wants_blank(l, l->previous, head, commented) || item_at(l, head) == IDL_ITEM_CLOSE) {
        return SIZE_MAX;
    }
    return behind != SIZE_MAX ? behind : begins;
}

/* The comments before a head, and what is owed before the head itself. */
static void write_comments(layout *l, size_t first, size_t head, bool blank)
{
    const idl_piece *piece = at(l, head);
    const bool closes = is_role(piece, IDL_ROLE_CLOSE_BODY);
    const size_t indent = (size_t)(piece->depth + (closes ? 1 : 0)) * IDL_INDENT;
    const bool in_file = piece->kind != IDL_PIECE_END;
    const bool is_banner = first == 0 && head > 0 && !idl_is_doc(at(l, head - 1));
    if (blank) {
        idl_write_blank_line(&l->writer, indent);
    } else {
        idl_write_line(&l->writer, indent);
    }
    for (size_t i = first; i < head; i++) {
        idl_write_own(&l->writer, l->pieces, i, indent);
    }
    if (is_banner && in_file) {
        idl_write_blank_line(&l->writer, indent);
    }
    if (closes) {
        idl_write_line(&l->writer, indent - IDL_INDENT);
    }
}

/* All that stands before the next token; its index. */
static size_t write_before(layout *l, size_t index)
{
    size_t first = idl_write_tails(&l->writer, l->pieces, index);
    const size_t token = next_token(l, first);
    size_t blank_head = SIZE_MAX; /* decided when the run of conditions began */
    bool in_conditions = false;
    for (;;) {
        const size_t head = next_head(l, first);
        const idl_piece *piece = at(l, head);
        const bool condition = is_condition(piece);
        bool blank;
        if (condition && !in_conditions) {
            blank_head = blank_around_conditions(l, head, token);
        }
        if (condition || in_conditions) {
            const bool commented = head > first && l->previous.item != IDL_ITEM_NONE && l->previous.item != IDL_ITEM_MEMBER;
            blank = head == blank_head || (condition && commented);
        } else {
            blank = wants_blank(l, l->previous, head, head > first);
        }
        in_conditions = condition;
        blank = blank || (l->guard_define != 0 && (head == l->guard_end || next_head(l, l->guard_define + 1) == head));
        write_comments(l, first, head, blank);
        if (head == token) {
            return token;
        }
        idl_write_directive(&l->writer, piece);
        if (!condition) {
            l->previous = (neighbour) { .item = (idl_item)piece->item };
        }
        first = head + 1;
    }
}

/* The file is wrapped in "#ifndef X", "#define X", "#endif". */
static void find_guard(layout *l)
{
    const size_t first = next_head(l, 0);
    const idl_piece *opens = at(l, first);
    if (opens->kind != IDL_PIECE_DIRECTIVE || !begins_with(opens, "#ifndef ")) {
        return;
    }
    const size_t second = next_head(l, first + 1);
    const idl_piece *defines = at(l, second);
    const size_t name = sizeof "#ifndef " - 1;
    size_t length = 0;
    while (name + length < opens->length && opens->start[name + length] != ' ') {
        length++;
    }
    if (defines->kind != IDL_PIECE_DIRECTIVE || !begins_with(defines, "#define ") || defines->length < name + length ||
        memcmp(defines->start + name, opens->start + name, length) != 0) {
        return;
    }
    size_t last = l->pieces->length - 1;
    while (last > second && at(l, last)->kind != IDL_PIECE_DIRECTIVE && !is_token(at(l, last))) {
        last--;
    }
    if (last > second && !is_token(at(l, last)) && ends_condition(at(l, last))) {
        l->guard_define = second;
        l->guard_end = last;
    }
}

/* ---- unions ---- */

/* The first token of the member behind the labels of the case at index; 0: there are comments or bodies in the way. */
static size_t member_of_case(const layout *l, size_t index, size_t *ret_end)
{
    size_t member = 0;
    size_t i = index;
    for (; !is_role(at(l, i), IDL_ROLE_END); i++) {
        if (!is_token(at(l, i)) || at(l, i)->role == IDL_ROLE_OPEN_BODY || at(l, i)->role == IDL_ROLE_OPEN_LIST) {
            return 0;
        }
        member = (at(l, i)->marks & IDL_PIECE_LABELLED) != 0 ? i : member;
    }
    *ret_end = i + 1;
    return member;
}

/* The column for the members of the union whose body begins at index, depth deep: all of its cases fit on a line each. 0: they do
 * not, or it is no union. */
static size_t label_column(const layout *l, size_t index, size_t depth)
{
    const size_t indent = depth * IDL_INDENT;
    size_t labels = 0;
    size_t members = 0;
    size_t i = index;
    for (; at(l, i)->kind != IDL_PIECE_END && !(is_role(at(l, i), IDL_ROLE_CLOSE_BODY) && at(l, i)->depth + 1U == depth); i++) {
        if (!is_token(at(l, i)) || (at(l, i)->marks & IDL_PIECE_ITEM) == 0) {
            continue;
        }
        size_t end;
        const size_t member = member_of_case(l, i, &end);
        if (member == 0) {
            return 0;
        }
        const size_t label = idl_flat_width(l->pieces, i, member, IDL_FORMAT_WIDTH);
        const size_t width = idl_flat_width(l->pieces, member, end, IDL_FORMAT_WIDTH);
        labels = labels > label ? labels : label;
        members = members > width ? members : width;
        i = end - 1;
    }
    const size_t column = indent + labels + 1;
    return labels == 0 || labels > LABELS_WIDTH || column + members > IDL_FORMAT_WIDTH ? 0 : column;
}

/* A case whose member stands below its labels, a label a line. */
static void write_open_case(layout *l, size_t first, size_t end, size_t indent)
{
    idl_writer *w = &l->writer;
    size_t from = first;
    bool labelled = false;
    for (size_t i = first; i <= end; i++) {
        const bool is_label = i < end && is_token(at(l, i)) && (at(l, i)->marks & IDL_PIECE_LABEL) != 0;
        const bool is_member = i < end && is_token(at(l, i)) && (at(l, i)->marks & IDL_PIECE_LABELLED) != 0;
        if (i < end && !is_member && !(is_label && labelled)) {
            labelled = labelled || is_label;
            continue;
        }
        size_t stop = i;
        while (i < end && stop > from && !is_token(at(l, stop - 1))) {
            stop--;
        }
        if (i == end) {
            idl_write_segment(w, l->pieces, from, end, indent);
            return;
        }
        idl_write_fill(w, l->pieces, from, stop, indent + 2 * IDL_INDENT);
        const size_t deeper = indent + (is_member ? IDL_INDENT : 0);
        idl_write_line(w, deeper);
        from = idl_write_between(w, l->pieces, stop, deeper);
        i = from;
        indent = deeper;
    }
}

static void write_case(layout *l, size_t first, size_t end)
{
    const size_t depth = at(l, first)->depth;
    const size_t indent = depth * IDL_INDENT;
    const size_t column = depth < DEPTHS ? l->label_columns[depth] : 0;
    size_t member = first;
    while (member < end && (at(l, member)->marks & IDL_PIECE_LABELLED) == 0) {
        member++;
    }
    if (column == 0 || member == end) {
        write_open_case(l, first, end, indent);
        return;
    }
    idl_writer *w = &l->writer;
    idl_write_fill(w, l->pieces, first, member, indent);
    while (w->column + 1 < column) {
        w->owed = IDL_OWES_NOTHING;
        idl_write_text(w, " ", 1);
    }
    idl_write_space(w);
    idl_write_fill(w, l->pieces, member, end, indent);
}

/* ---- definitions ---- */

static bool is_case(const layout *l, size_t first, size_t end)
{
    for (size_t i = first; i < end; i++) {
        if (is_token(at(l, i)) && (at(l, i)->marks & IDL_PIECE_LABEL) != 0) {
            return true;
        }
    }
    return false;
}

/* The piece behind the ';' or '{' that ends the run of tokens from first on. */
static size_t segment_end(const layout *l, size_t first)
{
    size_t i = first;
    for (; at(l, i)->kind != IDL_PIECE_END; i++) {
        if (!is_token(at(l, i))) {
            continue;
        }
        if (i > first && (at(l, i)->role == IDL_ROLE_CLOSE_BODY || (at(l, i)->marks & IDL_PIECE_ITEM) != 0)) {
            while (!is_token(at(l, i - 1))) {
                i--;
            }
            return i;
        }
        if (at(l, i)->role == IDL_ROLE_END) {
            return i + 1;
        }
        if (at(l, i)->role == IDL_ROLE_OPEN_BODY) {
            /* An empty body is no body. */
            if (!is_role(at(l, i + 1), IDL_ROLE_CLOSE_BODY)) {
                return i + 1;
            }
            i++;
        }
    }
    while (i > first + 1 && !is_token(at(l, i - 1))) {
        i--;
    }
    return i;
}

static void open_body(layout *l, size_t first, size_t end, bool is_item)
{
    const size_t depth = (size_t)at(l, end - 1)->depth + 1;
    if (depth < DEPTHS) {
        l->names[depth] = is_item ? name_of(l, first) : 0;
        l->is_member[depth] = is_item && at(l, first)->item == IDL_ITEM_MEMBER;
        l->label_columns[depth] = label_column(l, end, depth);
    }
    l->previous = (neighbour) { .item = IDL_ITEM_NONE };
}

/* The run of tokens from first on, up to its ';' or '{'. */
static size_t write_segment(layout *l, size_t first)
{
    const size_t end = segment_end(l, first);
    const idl_piece *piece = at(l, first);
    const bool is_item = (piece->marks & IDL_PIECE_ITEM) != 0;
    const size_t indent = (size_t)piece->depth * IDL_INDENT;
    if (is_item && piece->item == IDL_ITEM_MEMBER && is_case(l, first, end)) {
        write_case(l, first, end);
    } else {
        idl_write_segment(&l->writer, l->pieces, first, end, indent);
    }
    if (is_role(at(l, end - 1), IDL_ROLE_OPEN_BODY)) {
        open_body(l, first, end, is_item);
    } else if (is_item) {
        l->previous = (neighbour) { .item = item_at(l, first), .name = name_of(l, first) };
    } else {
        const size_t depth = (size_t)piece->depth + 1;
        const bool known = piece->role == IDL_ROLE_CLOSE_BODY && depth < DEPTHS;
        const size_t declared = name_of(l, first); /* of a typedef */
        l->previous = (neighbour) { .item = known && l->is_member[depth] ? IDL_ITEM_MEMBER : IDL_ITEM_BLOCK,
                                    .name = declared != 0 ? declared
                                            : known       ? l->names[depth]
                                                          : 0 };
    }
    return end;
}

char *idl_pieces_layout(const idl_pieces *pieces, size_t *ret_length)
{
    layout l = { .pieces = pieces, .previous = { .item = IDL_ITEM_NONE } };
    find_guard(&l);
    size_t index = 0;
    for (;;) {
        index = write_before(&l, index);
        if (at(&l, index)->kind == IDL_PIECE_END) {
            return idl_write_end(&l.writer, ret_length);
        }
        index = write_segment(&l, index);
    }
}
