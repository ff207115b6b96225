/* From text to pieces. The lexer reads the tokens; comments and directives, which it drops, are found in the gaps between them.
 * What is known of a comment's place (format_pieces.h) is all that is kept of the white space. */
#include "idl/format_pieces.h"
#include "idl/text.h"

#include <stdlib.h>
#include <string.h>

#define TAB 8

typedef struct scanner {
    idl_lexer *lexer;
    idl_pieces *pieces;
    idl_shape *shape;
    const char *at; /* the end of what has become pieces */
    const char *line_start;
    uint32_t line;
} scanner;

static bool is_blank(char c)
{
    return c == ' ' || c == '\t'; /* there are no others any more: see format.c */
}

static idl_piece *append(scanner *s, idl_piece piece)
{
    idl_pieces *pieces = s->pieces;
    if (pieces->length == pieces->room) {
        const size_t room = pieces->room == 0 ? 256 : 2 * pieces->room;
        idl_piece *larger = realloc(pieces->items, room * sizeof *larger);
        if (larger == NULL) {
            idl_stop(s->lexer->arena, IDL_STOP_MEMORY);
        }
        pieces->items = larger;
        pieces->room = room;
    }
    if (pieces->length > 0) {
        const idl_piece *before = &pieces->items[pieces->length - 1];
        const bool on_lines = before->kind == IDL_PIECE_DIRECTIVE || before->kind == IDL_PIECE_VERBATIM;
        piece.marks |= piece.line == before->last_line && !on_lines ? IDL_PIECE_SAME_LINE : 0;
        piece.marks |= piece.line > before->last_line + 1 ? IDL_PIECE_BLANK : 0;
    }
    pieces->items[pieces->length] = piece;
    return &pieces->items[pieces->length++];
}

static void newline(scanner *s)
{
    s->at++;
    s->line++;
    s->line_start = s->at;
}

/* Where it stands on a screen, from 1. */
static uint32_t column_of(const scanner *s, const char *at)
{
    uint32_t column = 0;
    for (const char *c = s->line_start; c < at; c++) {
        if (*c == '\t') {
            column += TAB - column % TAB;
        } else if (((unsigned char)*c & 0xC0) != 0x80) {
            column++;
        }
    }
    return column + 1;
}

static const char *trimmed(const char *start, const char *end)
{
    while (end > start && is_blank(end[-1])) {
        end--;
    }
    return end;
}

static bool is_trailing_doc(const idl_piece *piece)
{
    return piece->length >= 4 && memcmp(piece->start, "///<", 4) == 0;
}

static void line_comment(scanner *s, const char *limit)
{
    const char *end = memchr(s->at, '\n', (size_t)(limit - s->at));
    end = end == NULL ? limit : end;
    idl_piece piece = { .kind = IDL_PIECE_LINE_COMMENT, .start = s->at, .line = s->line, .last_line = s->line };
    piece.length = (uint32_t)(trimmed(s->at, end) - s->at);
    piece.column = column_of(s, s->at);
    s->at = end;
    const size_t index = s->pieces->length;
    idl_piece *now = append(s, piece);
    if (index == 0 || (now->marks & IDL_PIECE_SAME_LINE) != 0) {
        return;
    }
    const idl_piece *above = &s->pieces->items[index - 1];
    const bool goes_on = above->kind == IDL_PIECE_LINE_COMMENT && above->line + 1 == now->line &&
                         (above->marks & (IDL_PIECE_SAME_LINE | IDL_PIECE_CONTINUES)) != 0;
    if (goes_on && (above->column == now->column || (is_trailing_doc(above) && is_trailing_doc(now)))) {
        now->marks |= IDL_PIECE_CONTINUES;
    }
}

static void block_comment(scanner *s, const char *limit)
{
    idl_piece piece = { .kind = IDL_PIECE_BLOCK_COMMENT, .start = s->at, .line = s->line };
    piece.column = column_of(s, s->at);
    s->at += 2;
    while (limit - s->at >= 2 && !(s->at[0] == '*' && s->at[1] == '/')) {
        if (*s->at == '\n') {
            newline(s);
        } else {
            s->at++;
        }
    }
    s->at += 2;
    piece.length = (uint32_t)(s->at - piece.start);
    piece.last_line = s->line;
    append(s, piece);
}

/* Blanks, splices and comments before limit, where a token begins. */
static void gap(scanner *s, const char *limit)
{
    while (s->at < limit) {
        if (*s->at == '\n') {
            newline(s);
        } else if (s->at[0] == '/' && s->at[1] == '/') {
            line_comment(s, limit);
        } else if (s->at[0] == '/' && s->at[1] == '*') {
            block_comment(s, limit);
        } else {
            s->at++;
        }
    }
}

/* ---- directives ---- */

/* The canonical text of one while it grows, in the arena. */
typedef struct directive_text {
    idl_arena *arena;
    char *start;
    size_t length;
    size_t room;
    bool after_splice;
} directive_text;

#define SPLICE " \\\n        "

static void put(directive_text *text, const char *start, size_t length)
{
    if (length == 0) {
        return;
    }
    if (text->room - text->length < length) {
        const size_t room = 2 * text->room + length + 64;
        char *larger = idl_arena_alloc(text->arena, room);
        if (text->length > 0) {
            memcpy(larger, text->start, text->length);
        }
        text->start = larger;
        text->room = room;
    }
    memcpy(text->start + text->length, start, length);
    text->length += length;
    text->after_splice = false;
}

static void put_space(directive_text *text)
{
    if (!text->after_splice) {
        put(text, " ", 1);
    }
}

/* What stands between two words of a directive; is_last: nothing follows. */
static void put_gap(directive_text *text, const char *at, const char *limit, bool is_last)
{
    const bool is_empty = at == limit;
    while (at < limit) {
        const bool is_block = at[0] == '/' && at[1] == '*';
        if (is_block || (at[0] == '/' && at[1] == '/')) {
            const char *end = is_block ? memmem(at + 2, (size_t)(limit - at) - 2, "*/", 2) : limit;
            end = end == NULL ? limit : end + (is_block ? 2 : 0);
            put_space(text);
            put(text, at, (size_t)((is_block ? end : trimmed(at, end)) - at));
            at = end;
        } else if (*at == '\\' && !text->after_splice && !is_last) {
            put(text, SPLICE, sizeof SPLICE - 1);
            text->after_splice = true;
            at++;
        } else {
            at++;
        }
    }
    if (!is_empty && !is_last) {
        put_space(text);
    }
}

static bool is_word(const idl_token *token, const char *word)
{
    return token->length == strlen(word) && memcmp(token->text, word, token->length) == 0;
}

static bool is_one_of(const idl_token *token, const char *const *words, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (is_word(token, words[i])) {
            return true;
        }
    }
    return false;
}

/* The rest of a directive that consists of words. n_tokens and last: how many, and the last one. */
static bool put_words(scanner *s, directive_text *text, bool is_include, size_t *n_tokens, idl_token *last)
{
    idl_lexer *lexer = s->lexer;
    const char *name;
    bool angled;
    idl_range range;
    const char *before = lexer->at;
    *n_tokens = 0;
    if (is_include) {
        idl_lex_skip_blank(lexer);
        const char *start = lexer->at;
        if (idl_lex_header_name(lexer, &name, &angled, &range)) {
            put_gap(text, before, start, false);
            if (before == start) {
                put_space(text);
            }
            put(text, start, (size_t)(lexer->at - start));
            before = lexer->at;
        } else {
            lexer->at = before;
        }
    }
    for (;;) {
        idl_token token;
        idl_lex(lexer, &token);
        if (lexer->diagnostics->errors > 0) {
            return false;
        }
        const bool is_last = token.kind == IDL_TOKEN_NEWLINE;
        put_gap(text, before, token.text, is_last);
        if (is_last) {
            return true;
        }
        put(text, token.text, token.length);
        before = lexer->at;
        *last = token;
        ++*n_tokens;
    }
}

/* The rest of a pragma or of an unknown directive, from before on: as it stands; of Corbel's own pragmas, single blanks. */
static bool put_line(scanner *s, directive_text *text, const char *before, bool is_pragma)
{
    static const char *const ours[] = { "prefix", "ID", "version" };
    idl_lexer *lexer = s->lexer;
    const char *start = before;
    if (is_pragma) {
        idl_lex_skip_blank(lexer); /* as the preprocessor does: a comment here may have several lines */
    }
    const char *first = lexer->at;
    const char *rest;
    size_t length;
    idl_range range;
    idl_lex_rest_of_line(lexer, &rest, &length, &range);
    const char *end = trimmed(before, rest + length); /* of a directive that is a line comment alone, that */
    if (end > before && end[-1] == '\\') {
        /* Without the blanks behind it, or with the line end that is missing, it would join lines. */
        idl_error(lexer->diagnostics, IDL_DIAG_DIRECTIVE_SYNTAX, &range, "a backslash with nothing behind it");
        return false;
    }
    while (start < end && (is_blank(*start) || *start == '\n' || (*start == '\\' && start < first))) {
        start++;
    }
    bool is_ours = false;
    for (size_t i = 0; is_pragma && i < sizeof ours / sizeof *ours; i++) {
        const size_t size = strlen(ours[i]);
        is_ours = is_ours || ((size_t)(end - first) >= size && memcmp(first, ours[i], size) == 0 &&
                              (first + size == end || !idl_is_name_part(first[size])));
    }
    if (start < end && start > before) {
        put_space(text);
    }
    bool quoted = false;
    for (; start < end; start++) {
        if (is_ours && !quoted && end - start > 1 && start[0] == '/' && (start[1] == '/' || start[1] == '*')) {
            const char *close = start[1] == '/' ? NULL : memmem(start + 2, (size_t)(end - start) - 2, "*/", 2);
            close = close == NULL ? end : close + 2;
            put(text, start, (size_t)(close - start)); /* a comment is kept as it stands */
            start = close - 1;
            continue;
        }
        quoted = quoted != (*start == '"');
        if (is_ours && !quoted && *start == '\\' && start[1 + (start[1] == '\r')] == '\n') {
            if (!is_blank(start[-1])) {
                put(text, " ", 1); /* two lines in one */
            }
            start += 1 + (start[1] == '\r');
            continue;
        }
        const bool surplus = is_ours && !quoted && is_blank(*start) && (is_blank(start[-1]) || start[-1] == '\n');
        if (!surplus) {
            put(text, is_ours && !quoted && is_blank(*start) ? " " : start, 1);
        }
    }
    const char *const made = trimmed(text->start, text->start + text->length);
    if (is_ours && made > text->start && made[-1] == '\\') { /* what was behind it is left out: it would join lines now */
        idl_error(lexer->diagnostics, IDL_DIAG_DIRECTIVE_SYNTAX, &range, "a backslash with nothing behind it");
        return false;
    }
    idl_token token;
    idl_lex(lexer, &token); /* NEWLINE */
    return true;
}

static void count_lines(scanner *s, const char *end)
{
    while (s->at < end) {
        if (*s->at == '\n') {
            newline(s);
        } else {
            s->at++;
        }
    }
}

static bool read_directive(scanner *s, idl_token *hash);

static bool looks_like(const char *at, const char *end, const char *word)
{
    const size_t size = strlen(word);
    return (size_t)(end - at) >= size && memcmp(at, word, size) == 0 && !idl_is_name_part(at[size]);
}

/* Behind "#if 0": the lines up to the directive that ends it, which is read then. */
static bool skip_dead(scanner *s, const idl_range *range)
{
    idl_lexer *lexer = s->lexer;
    const idl_piece piece = { .kind = IDL_PIECE_VERBATIM, .start = s->at, .line = s->line, .item = IDL_ITEM_CONDITION };
    size_t inner = 0;
    for (;;) {
        idl_token token;
        idl_lex_skip_to_directive(lexer, &token);
        if (lexer->diagnostics->errors > 0) {
            return false;
        }
        if (token.kind == IDL_TOKEN_END) {
            idl_error(lexer->diagnostics, IDL_DIAG_CONDITION_NOT_CLOSED, range, "this #if has no #endif");
            return false;
        }
        idl_lex_skip_blank(lexer); /* as the preprocessor does */
        const char *word = lexer->at;
        const bool ends = looks_like(word, lexer->end, "endif");
        if (inner == 0 && (ends || looks_like(word, lexer->end, "else") || looks_like(word, lexer->end, "elif"))) {
            idl_piece dead = piece;
            dead.length = (uint32_t)(token.text - piece.start);
            count_lines(s, token.text);
            dead.last_line = s->line - 1;
            if (trimmed(piece.start, token.text) > piece.start) {
                append(s, dead);
            }
            return read_directive(s, &token);
        }
        inner +=
            looks_like(word, lexer->end, "if") || looks_like(word, lexer->end, "ifdef") || looks_like(word, lexer->end, "ifndef");
        inner -= ends;
        const char *text;
        size_t length;
        idl_range rest;
        idl_lex_rest_of_line(lexer, &text, &length, &rest);
        idl_lex(lexer, &token); /* NEWLINE */
    }
}

static idl_item item_of(const idl_token *word)
{
    return is_word(word, "include")                                                                     ? IDL_ITEM_INCLUDE
           : is_word(word, "define") || is_word(word, "undef")                                          ? IDL_ITEM_DEFINE
           : word->length > 1 && (memcmp(word->text, "if", 2) == 0 || memcmp(word->text, "el", 2) == 0) ? IDL_ITEM_CONDITION
           : is_word(word, "endif")                                                                     ? IDL_ITEM_CONDITION
                                                                                                        : IDL_ITEM_PRAGMA;
}

/* hash is the DIRECTIVE token. */
static bool read_directive(scanner *s, idl_token *hash)
{
    static const char *const of_words[] = { "include", "define", "undef", "if", "ifdef", "ifndef", "elif", "else", "endif" };
    idl_lexer *lexer = s->lexer;
    idl_token word;
    idl_piece piece = { .kind = IDL_PIECE_DIRECTIVE, .line = hash->range.line };

    gap(s, hash->text);
    idl_lex_skip_blank(lexer);
    const bool has_word = idl_is_name_start(*lexer->at);
    if (has_word) {
        idl_lex(lexer, &word);
    } else {
        word = (idl_token) { .text = "", .length = 0 };
    }
    const bool is_words = has_word && is_one_of(&word, of_words, sizeof of_words / sizeof *of_words);
    const bool is_include = is_words && is_word(&word, "include");
    size_t n_tokens = 0;
    idl_token last = { 0 };
    directive_text text = { .arena = lexer->arena };
    put(&text, "#", 1);
    if (has_word && memchr(hash->text, '/', (size_t)(word.text - hash->text)) != NULL) {
        put_gap(&text, hash->text + 1, word.text, false); /* there is a comment */
    }
    put(&text, word.text, word.length);
    if (is_words) {
        if (!put_words(s, &text, is_include, &n_tokens, &last)) {
            return false;
        }
    } else if (!put_line(s, &text, has_word ? lexer->at : hash->text + 1, has_word && is_word(&word, "pragma"))) {
        return false;
    }
    count_lines(s, lexer->at);
    piece.start = text.start;
    piece.length = (uint32_t)(trimmed(text.start, text.start + text.length) - text.start);
    piece.last_line = s->line > piece.line ? s->line - 1 : piece.line;
    piece.item = (uint8_t)item_of(&word);
    piece.depth = s->shape->expected.depth;
    append(s, piece);
    if (is_words && (is_word(&word, "if") || is_word(&word, "ifdef") || is_word(&word, "ifndef"))) {
        const bool is_dead = is_word(&word, "if") && n_tokens == 1 && is_word(&last, "0");
        return idl_shape_if(s->shape, &word.range) && (!is_dead || skip_dead(s, &word.range));
    }
    if (is_words && (is_word(&word, "else") || is_word(&word, "elif"))) {
        return idl_shape_else(s->shape, &word.range, is_word(&word, "else"));
    }
    return !is_words || !is_word(&word, "endif") || idl_shape_endif(s->shape, &word.range);
}

/* ---- tokens ---- */

static uint16_t symbol_of(const idl_token *token)
{
    switch (token->kind) {
    case IDL_TOKEN_NAME:
        return IDL_SYMBOL_NAME;
    case IDL_TOKEN_KEYWORD:
        return (uint16_t)(IDL_SYMBOL_KEYWORD + token->keyword);
    case IDL_TOKEN_STRING:
        return IDL_SYMBOL_STRING;
    case IDL_TOKEN_PUNCTUATION:
        return (uint16_t)token->mark;
    case IDL_TOKEN_END:
        return IDL_SYMBOL_END;
    default:
        return IDL_SYMBOL_NUMBER;
    }
}

/* Comments that only comments follow on their line: known once all is read. */
static void mark_last(const idl_pieces *pieces)
{
    for (size_t i = pieces->length - 1; i-- > 0;) {
        idl_piece *piece = &pieces->items[i];
        if (piece->kind != IDL_PIECE_LINE_COMMENT && piece->kind != IDL_PIECE_BLOCK_COMMENT) {
            continue;
        }
        const idl_piece *next = piece + 1;
        const bool is_comment = next->kind == IDL_PIECE_LINE_COMMENT || next->kind == IDL_PIECE_BLOCK_COMMENT;
        if (next->kind == IDL_PIECE_END || next->line > piece->last_line || (is_comment && (next->marks & IDL_PIECE_LAST) != 0)) {
            piece->marks |= IDL_PIECE_LAST;
        }
    }
}

bool idl_pieces_scan(idl_lexer *lexer, idl_pieces *pieces, idl_shape *shape)
{
    scanner s = { .lexer = lexer, .pieces = pieces, .shape = shape, .at = lexer->at, .line_start = lexer->at, .line = 1 };
    for (;;) {
        idl_token token;
        idl_lex(lexer, &token);
        if (lexer->diagnostics->errors > 0) {
            return false;
        }
        if (token.kind == IDL_TOKEN_DIRECTIVE) {
            if (!read_directive(&s, &token)) {
                return false;
            }
            continue;
        }
        gap(&s, token.text);
        const bool is_end = token.kind == IDL_TOKEN_END;
        append(&s, (idl_piece) { .kind = is_end ? IDL_PIECE_END : IDL_PIECE_TOKEN,
                                 .start = token.text,
                                 .length = (uint32_t)token.length,
                                 .line = s.line,
                                 .last_line = s.line,
                                 .symbol = symbol_of(&token),
                                 .begins_line = token.begins_line,
                                 .adjacent = token.adjacent });
        if (!idl_shape_token(shape, &token)) {
            return false;
        }
        if (is_end) {
            mark_last(pieces);
            return true;
        }
        s.at = token.text + token.length;
    }
}
