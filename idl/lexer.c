/* The scanner. Invariant: at never passes end, and the byte at end is NUL (files are NUL-terminated), so looking at one more
 * character is always allowed; a NUL before end is an error of the source. */
#include "idl/lexer.h"

#include "idl/text.h"

#include <string.h>

void idl_lexer_init(idl_lexer *lexer, idl_arena *arena, idl_diagnostics *diagnostics, idl_source *source)
{
    *lexer = (idl_lexer) { .arena = arena, .diagnostics = diagnostics, .source = source, .line = 1, .line_begins = true };
    lexer->at = source->file.text;
    lexer->end = lexer->at + source->file.length;
    lexer->line_start = lexer->at;
    if (source->file.length >= 3 && memcmp(lexer->at, "\xEF\xBB\xBF", 3) == 0) {
        lexer->at += 3; /* a byte order mark; columns count it, as editors that show bytes do */
    }
}

idl_range idl_lex_range(const idl_lexer *lexer, const char *start, const char *end)
{
    return (idl_range) { .file = &lexer->source->file,
                         .line = lexer->line,
                         .column = (uint32_t)(start - lexer->line_start) + 1,
                         .length = (uint32_t)(end - start) };
}

static void newline(idl_lexer *lexer)
{
    lexer->at++;
    lexer->line++;
    lexer->line_start = lexer->at;
    lexer->line_begins = true;
}

static bool is_splice(const idl_lexer *lexer)
{
    return lexer->at[0] == '\\' && (lexer->at[1] == '\n' || (lexer->at[1] == '\r' && lexer->at[2] == '\n'));
}

static void splice(idl_lexer *lexer)
{
    lexer->at += lexer->at[1] == '\r' ? 2 : 1;
    const bool begins = lexer->line_begins;
    newline(lexer);
    lexer->line_begins = begins;
}

/* A comment with a doc marker: what it belongs to, and joined to the line comment above it. */
static void keep_comment(idl_lexer *lexer, const char *start, uint32_t line, bool is_block)
{
    if (lexer->silent || lexer->in_directive) {
        return;
    }
    const char *end = lexer->at;
    const size_t length = (size_t)(end - start);
    const bool is_doc =
        is_block ? length >= 5 && start[2] == '*' && start[3] != '*' : length >= 3 && start[2] == '/' && start[3] != '/';
    if (!is_doc) {
        return;
    }
    idl_comment *last = lexer->was_trailing ? &lexer->trailing : &lexer->doc;
    const bool trailing = start[3] == '<';
    const bool continues =
        !is_block && last->start != NULL && !last->is_block && last->last_line + 1 == line && lexer->line_begins;
    if (continues && trailing == lexer->was_trailing) {
        last->end = end;
        last->last_line = line;
        return;
    }
    const idl_comment comment = { .start = start, .end = end, .last_line = lexer->line, .is_block = is_block };
    if (!trailing) {
        lexer->doc = comment;
        lexer->was_trailing = false;
    } else if (lexer->previous_line == line && lexer->trailing.start == NULL) {
        lexer->trailing = comment;
        lexer->was_trailing = true;
    }
}

static void skip_line_comment(idl_lexer *lexer)
{
    const char *start = lexer->at;
    const char *end = memchr(start, '\n', (size_t)(lexer->end - start));
    lexer->at = end == NULL ? lexer->end : end;
    keep_comment(lexer, start, lexer->line, false);
}

static void skip_block_comment(idl_lexer *lexer)
{
    const char *start = lexer->at;
    const uint32_t line = lexer->line;
    const idl_range range = idl_lex_range(lexer, start, start + 2);
    const bool begins = lexer->line_begins;
    lexer->at += 2;
    while (lexer->at < lexer->end) {
        if (lexer->at[0] == '*' && lexer->at[1] == '/') {
            lexer->at += 2;
            lexer->line_begins = begins;
            keep_comment(lexer, start, line, true);
            return;
        }
        if (*lexer->at == '\n') {
            newline(lexer);
        } else {
            lexer->at++;
        }
    }
    lexer->line_begins = begins;
    idl_error(lexer->diagnostics, IDL_DIAG_UNCLOSED_COMMENT, &range, "this comment is not closed");
}

void idl_lex_skip_blank(idl_lexer *lexer)
{
    while (lexer->at < lexer->end) {
        const char c = *lexer->at;
        if (c == '\n') {
            if (lexer->in_directive) {
                return;
            }
            newline(lexer);
        } else if (c == ' ' || c == '\t' || c == '\r' || c == '\f' || c == '\v') {
            lexer->at++;
        } else if (is_splice(lexer)) {
            splice(lexer);
        } else if (c == '/' && lexer->at[1] == '/') {
            skip_line_comment(lexer);
        } else if (c == '/' && lexer->at[1] == '*') {
            skip_block_comment(lexer);
        } else {
            return;
        }
    }
}

/* Characters that begin no token: one message for the run of them. */
static void skip_illegal(idl_lexer *lexer)
{
    const char *start = lexer->at;
    const size_t length = idl_utf8_length(start, lexer->end);
    if (length == 0 || *start == '\0') {
        lexer->at++;
        if (!lexer->silent && !lexer->source->bad_bytes_reported) {
            lexer->source->bad_bytes_reported = true;
            const idl_range range = idl_lex_range(lexer, start, lexer->at);
            if (*start == '\0') {
                idl_error(lexer->diagnostics, IDL_DIAG_NUL_BYTE, &range, "a NUL byte in the source");
            } else {
                idl_error(lexer->diagnostics, IDL_DIAG_NOT_UTF8, &range, "this is not UTF-8");
            }
        }
        return;
    }
    lexer->at += length;
    while (lexer->at < lexer->end && ((unsigned char)*lexer->at >= 0x80 || *lexer->at == *start)) {
        const size_t more = idl_utf8_length(lexer->at, lexer->end);
        if (more == 0) {
            break;
        }
        lexer->at += more;
    }
    if (!lexer->silent) {
        const idl_range range = idl_lex_range(lexer, start, lexer->at);
        idl_error(lexer->diagnostics, IDL_DIAG_UNEXPECTED_CHARACTER, &range, "unexpected '%.*s'",
                  (int)(range.length > 40 ? 40 : range.length), start);
    }
}

static void lex_name(idl_lexer *lexer, idl_token *token)
{
    const char *start = lexer->at;
    while (idl_is_name_part(*lexer->at)) {
        lexer->at++;
    }
    size_t length = (size_t)(lexer->at - start);
    token->kind = IDL_TOKEN_NAME;
    if (length > IDL_NAME_LIMIT) {
        if (!lexer->silent) {
            const idl_range range = idl_lex_range(lexer, start, lexer->at);
            idl_error(lexer->diagnostics, IDL_DIAG_NAME_TOO_LONG, &range, "this identifier is longer than %d bytes",
                      IDL_NAME_LIMIT);
        }
        length = IDL_NAME_LIMIT;
    }
    if (*start == '_' && length > 1) {
        token->escaped = true;
        token->name = idl_arena_text(lexer->arena, start + 1, length - 1);
        return;
    }
    token->name = idl_arena_text(lexer->arena, start, length);
    const idl_keyword keyword = idl_keyword_find(start, length);
    if (keyword != IDL_KEYWORD_NONE && strcmp(idl_keyword_word(keyword), token->name) == 0) {
        token->kind = IDL_TOKEN_KEYWORD;
        token->keyword = keyword;
    }
}

static void lex_punctuation(idl_lexer *lexer, idl_token *token)
{
    const char *at = lexer->at;
    token->kind = IDL_TOKEN_PUNCTUATION;
    token->mark = (unsigned char)*at;
    size_t length = 1;
    if (at[0] == ':' && at[1] == ':') {
        token->mark = IDL_MARK_SCOPE;
        length = 2;
    } else if (at[0] == '<' && at[1] == '<') {
        token->mark = IDL_MARK_SHIFT_LEFT;
        length = 2;
    }
    lexer->at += length;
}

/* True if a token was read; false if what stood there was none and was reported. */
static bool lex_token(idl_lexer *lexer, idl_token *token)
{
    const char *at = lexer->at;
    if (at == lexer->end) {
        token->kind = lexer->in_directive ? IDL_TOKEN_NEWLINE : IDL_TOKEN_END;
        lexer->in_directive = false;
    } else if (*at == '\n') {
        token->kind = IDL_TOKEN_NEWLINE;
        lexer->in_directive = false;
    } else if (*at == '#' && lexer->line_begins && !lexer->in_directive) {
        token->kind = IDL_TOKEN_DIRECTIVE;
        lexer->in_directive = true;
        lexer->at++;
    } else if (at[0] == 'L' && (at[1] == '"' || at[1] == '\'')) {
        lexer->at++;
        token->is_wide = true;
        *lexer->at == '"' ? idl_lex_string(lexer, token) : idl_lex_char(lexer, token);
    } else if (idl_is_name_start(*at)) {
        lex_name(lexer, token);
    } else if (idl_is_digit(*at) || (*at == '.' && idl_is_digit(at[1]))) {
        idl_lex_number(lexer, token);
    } else if (*at == '"') {
        idl_lex_string(lexer, token);
    } else if (*at == '\'') {
        idl_lex_char(lexer, token);
    } else if (*at != '\0' && strchr("{}()[]<>,;:=+-*/%~|^&@!", *at) != NULL) {
        lex_punctuation(lexer, token);
    } else {
        skip_illegal(lexer);
        return false;
    }
    return true;
}

void idl_lex(idl_lexer *lexer, idl_token *token)
{
    const char *start;
    for (bool after_illegal = false;; after_illegal = true) {
        idl_lex_skip_blank(lexer);
        start = lexer->at;
        *token = (idl_token) { .begins_line = lexer->line_begins, .bad = after_illegal };
        if (lex_token(lexer, token)) {
            break;
        }
    }

    token->range = idl_lex_range(lexer, start, lexer->at);
    token->text = start;
    token->length = (size_t)(lexer->at - start);
    token->adjacent = start == lexer->previous_end;
    lexer->previous_line = lexer->line;
    lexer->previous_end = lexer->at;
    if (token->kind == IDL_TOKEN_NEWLINE && start < lexer->end) {
        newline(lexer);
        return;
    }
    lexer->line_begins = false;
    if (!lexer->in_directive) {
        token->doc = lexer->doc.start == NULL || token->kind == IDL_TOKEN_END ? NULL : idl_doc_clean(lexer->arena, &lexer->doc);
        token->trailing = lexer->trailing.start == NULL ? NULL : idl_doc_clean(lexer->arena, &lexer->trailing);
    }
    lexer->doc = (idl_comment) { 0 };
    lexer->trailing = (idl_comment) { 0 };
    lexer->was_trailing = false;
}

void idl_lex_rest_of_line(idl_lexer *lexer, const char **ret_text, size_t *ret_length, idl_range *ret_range)
{
    while (lexer->at < lexer->end && (*lexer->at == ' ' || *lexer->at == '\t')) {
        lexer->at++;
    }
    const char *start = lexer->at;
    const idl_lexer first = *lexer; /* the range is told from where it begins */
    while (lexer->at < lexer->end && *lexer->at != '\n') {
        if (is_splice(lexer)) {
            splice(lexer);
        } else {
            lexer->at++;
        }
    }
    const char *end = lexer->at;
    while (end > start && (end[-1] == ' ' || end[-1] == '\t' || end[-1] == '\r')) {
        end--;
    }
    *ret_text = start;
    *ret_length = (size_t)(end - start);
    *ret_range = idl_lex_range(&first, start, end);
}

bool idl_lex_header_name(idl_lexer *lexer, const char **ret_name, bool *ret_angled, idl_range *ret_range)
{
    idl_lex_skip_blank(lexer);
    const char *start = lexer->at;
    if (start == lexer->end || (*start != '"' && *start != '<')) {
        return false;
    }
    const char close = *start == '"' ? '"' : '>';
    const char *end = start + 1;
    while (end < lexer->end && *end != close) {
        if (*end == '\n' || *end == '\0') {
            return false;
        }
        end++;
    }
    if (end == lexer->end) {
        return false;
    }
    *ret_name = idl_arena_text(lexer->arena, start + 1, (size_t)(end - start) - 1);
    *ret_angled = close == '>';
    *ret_range = idl_lex_range(lexer, start, end + 1);
    lexer->at = end + 1;
    return true;
}

void idl_lex_skip_to_directive(idl_lexer *lexer, idl_token *token)
{
    const char *unclosed_until = NULL; /* up to here quotes are ordinary characters: one of them was never closed */
    for (;;) {
        idl_lex_skip_blank(lexer);
        if (lexer->at == lexer->end || (*lexer->at == '#' && lexer->line_begins)) {
            idl_lex(lexer, token);
            return;
        }
        /* A quote may hide what looks like the start of a comment, and may not be closed. */
        lexer->line_begins = false;
        const char quote = *lexer->at++;
        if ((quote != '"' && quote != '\'') || (unclosed_until != NULL && lexer->at <= unclosed_until)) {
            continue;
        }
        const char *at = lexer->at;
        while (at < lexer->end && *at != '\n' && *at != quote) {
            at += *at == '\\' && at + 1 < lexer->end && at[1] != '\n' ? 2 : 1;
        }
        if (at < lexer->end && *at == quote) {
            lexer->at = at + 1;
        } else {
            unclosed_until = at;
        }
    }
}
