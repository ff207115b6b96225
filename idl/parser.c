/* Tokens and recovery. */
#include "idl/parser.h"

#include <string.h>

void idl_parser_begin(idl_parser *parser)
{
    for (;;) {
        idl_preprocess_next(parser->preprocessor, &parser->token);
        if (parser->token.kind != IDL_TOKEN_PRAGMA) {
            return;
        }
        idl_pragma *pragma = idl_arena_alloc(parser->arena, sizeof *pragma);
        pragma->token = parser->token;
        if (parser->pragmas == NULL) {
            parser->pragmas = pragma;
        } else {
            parser->last_pragma->next = pragma;
        }
        parser->last_pragma = pragma;
    }
}

void idl_parser_advance(idl_parser *parser)
{
    if (parser->token.kind == IDL_TOKEN_END) {
        return; /* idl_parse_specification() leaves the file */
    }
    parser->previous = parser->token.range;
    idl_parser_begin(parser);
}

char idl_parser_peek(const idl_parser *parser)
{
    const idl_expansion *expansion = parser->preprocessor->expansion;
    while (expansion != NULL && expansion->next == expansion->macro->n_tokens) {
        expansion = expansion->outer;
    }
    if (expansion != NULL) {
        return *expansion->macro->tokens[expansion->next].text;
    }
    const idl_lexer *lexer = &parser->preprocessor->input->lexer;
    const char *at = lexer->at;
    while (at < lexer->end) {
        const char *close = NULL;
        if (at[0] == '/' && at[1] == '*') {
            close = memmem(at + 2, (size_t)(lexer->end - at) - 2, "*/", 2);
        } else if (at[0] == '/' && at[1] == '/') {
            close = memchr(at, '\n', (size_t)(lexer->end - at));
        } else if (*at != ' ' && *at != '\t' && *at != '\r' && *at != '\n') {
            break;
        }
        if (*at == '/') {
            at = close == NULL ? lexer->end : close + (at[1] == '*' ? 2 : 1);
        } else {
            at++;
        }
    }
    return *at;
}

bool idl_parser_at_name(const idl_parser *parser)
{
    return parser->token.kind == IDL_TOKEN_NAME || idl_parser_is_mark(parser, IDL_MARK_SCOPE) ||
           (parser->token.kind == IDL_TOKEN_KEYWORD && idl_keyword_is_young(parser->token.keyword));
}

void idl_range_extend(idl_range *range, const idl_range *to)
{
    if (range->file == to->file && range->line == to->line && to->column >= range->column) {
        range->length = to->column + to->length - range->column;
    }
}

bool idl_parser_is_mark(const idl_parser *parser, int mark)
{
    return parser->token.kind == IDL_TOKEN_PUNCTUATION && parser->token.mark == mark;
}

bool idl_parser_is_keyword(const idl_parser *parser, idl_keyword keyword)
{
    return parser->token.kind == IDL_TOKEN_KEYWORD && parser->token.keyword == keyword;
}

bool idl_parser_take_mark(idl_parser *parser, int mark)
{
    const bool is = idl_parser_is_mark(parser, mark);
    if (is) {
        idl_parser_advance(parser);
    }
    return is;
}

bool idl_parser_take_keyword(idl_parser *parser, idl_keyword keyword)
{
    const bool is = idl_parser_is_keyword(parser, keyword);
    if (is) {
        idl_parser_advance(parser);
    }
    return is;
}

bool idl_parser_unexpected(idl_parser *parser, idl_diagnostic_id id, const char *wanted)
{
    char text[IDL_TOKEN_TEXT];
    if (!parser->token.bad) {
        idl_error(parser->diagnostics, id, &parser->token.range, "expected %s, found %s", wanted,
                  idl_token_text(&parser->token, text));
    }
    return false;
}

bool idl_parser_expect(idl_parser *parser, int mark, const char *wanted)
{
    const bool is_separator = mark == ',' || mark == ':' || mark == '=';
    return idl_parser_take_mark(parser, mark) ||
           idl_parser_unexpected(parser, is_separator ? IDL_DIAG_EXPECTED_SEPARATOR : IDL_DIAG_EXPECTED_BRACKET, wanted);
}

bool idl_parser_expect_semicolon(idl_parser *parser, const char *after)
{
    const bool forgive_semicolon = parser->forgive_semicolon;
    parser->forgive_semicolon = false;
    if (idl_parser_take_mark(parser, ';') || forgive_semicolon) {
        return true;
    }
    const bool line_ended = parser->token.begins_line || idl_parser_is_mark(parser, '}') || parser->token.kind == IDL_TOKEN_END;
    if (!line_ended) {
        return idl_parser_unexpected(parser, IDL_DIAG_MISSING_SEMICOLON, "';'");
    }
    idl_range range = parser->previous;
    range.column += range.length;
    range.length = 1;
    idl_error(parser->diagnostics, IDL_DIAG_MISSING_SEMICOLON, &range, "expected ';' after %s", after);
    return true;
}

bool idl_parser_expect_close(idl_parser *parser, const idl_range *open)
{
    if (idl_parser_take_mark(parser, '}')) {
        return true;
    }
    const idl_range *unclosed = &parser->diagnostics->unclosed;
    if (unclosed->file != open->file || unclosed->line < open->line) { /* else a literal has swallowed it, which was reported */
        idl_parser_unexpected(parser, IDL_DIAG_MISSING_BRACE, "'}'");
        idl_note(parser->diagnostics, open, "to close this");
    }
    parser->forgive_semicolon = idl_parser_at_definition(parser);
    return parser->forgive_semicolon;
}

void idl_parser_recover(idl_parser *parser)
{
    uint32_t depth = 0;
    while (parser->token.kind != IDL_TOKEN_END) {
        if (idl_parser_is_mark(parser, '{')) {
            depth++;
        } else if (idl_parser_is_mark(parser, '}')) {
            if (depth == 0) {
                return;
            }
            if (--depth == 0) {
                idl_parser_advance(parser);
                idl_parser_take_mark(parser, ';');
                return;
            }
        } else if (depth == 0 && idl_parser_is_mark(parser, ';')) {
            idl_parser_advance(parser);
            return;
        }
        idl_parser_advance(parser);
    }
}

void idl_parser_unsupported(idl_parser *parser, const idl_range *range, const idl_unsupported *what)
{
    idl_error(parser->diagnostics, what->id, range, "%s not supported yet", what->what);
}

void idl_parser_skip_parentheses(idl_parser *parser)
{
    uint32_t depth = 0;
    while (parser->token.kind != IDL_TOKEN_END && !idl_parser_is_mark(parser, '{') && !idl_parser_is_mark(parser, '}') &&
           !idl_parser_is_mark(parser, ';')) {
        if (idl_parser_is_mark(parser, '(')) {
            depth++;
        } else if (depth == 0) {
            return;
        } else if (idl_parser_is_mark(parser, ')') && --depth == 0) {
            idl_parser_advance(parser);
            return;
        }
        idl_parser_advance(parser);
    }
}

bool idl_parser_at_definition(const idl_parser *parser)
{
    return parser->token.kind == IDL_TOKEN_KEYWORD && parser->token.begins_line &&
           (parser->token.keyword == IDL_KEYWORD_MODULE || parser->token.keyword == IDL_KEYWORD_INTERFACE ||
            parser->token.keyword == IDL_KEYWORD_EXCEPTION || parser->token.keyword == IDL_KEYWORD_TYPEDEF ||
            parser->token.keyword == IDL_KEYWORD_CONST);
}
