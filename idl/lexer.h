/** Tokens of one file, comments taken out. Directives are recognised here and carried out by the preprocessor. */
#ifndef IDL_LEXER_H
#define IDL_LEXER_H

#include "idl/source.h"
#include "idl/token.h"

/** The longest identifier, in bytes. */
#define IDL_NAME_LIMIT 255

/** A doc comment, or several line comments one below the other. */
typedef struct idl_comment {
    const char *start; /* NULL: none */
    const char *end;
    uint32_t last_line;
    bool is_block;
} idl_comment;

typedef struct idl_lexer {
    idl_arena *arena;
    idl_diagnostics *diagnostics;
    idl_source *source;
    const char *at;
    const char *end;
    const char *line_start;
    uint32_t line;
    bool line_begins;       /* no token has been read on this line */
    bool in_directive;      /* until the NEWLINE */
    bool silent;            /* the file was read before: no messages about its tokens, no docs */
    bool was_trailing;      /* the comment that was read last is a trailing one */
    uint32_t previous_line; /* where the previous token stands */
    const char *previous_end;
    idl_comment doc;
    idl_comment trailing;
} idl_lexer;

/** Starts at the beginning of the file. */
void idl_lexer_init(idl_lexer *lexer, idl_arena *arena, idl_diagnostics *diagnostics, idl_source *source);

/** The next token. After a DIRECTIVE, tokens up to its NEWLINE belong to it. */
void idl_lex(idl_lexer *lexer, idl_token *token);

/** The rest of the directive as it stands, trimmed, without its NEWLINE, which the next idl_lex() gives. */
void idl_lex_rest_of_line(idl_lexer *lexer, const char **ret_text, size_t *ret_length, idl_range *ret_range);

/** The quoted or angled name of an #include. False: there is none at this place; nothing was read. */
bool idl_lex_header_name(idl_lexer *lexer, const char **ret_name, bool *ret_angled, idl_range *ret_range);

/** Skips lines up to the next directive, whose DIRECTIVE token it gives, or to the END. */
void idl_lex_skip_to_directive(idl_lexer *lexer, idl_token *token);

/** Skips spaces and comments (in a directive: within it). For literal.c and this file. */
void idl_lex_skip_blank(idl_lexer *lexer);

/** A range on the current line. */
idl_range idl_lex_range(const idl_lexer *lexer, const char *start, const char *end);

/** Literals (literal.c); at stands on the first character. */
void idl_lex_number(idl_lexer *lexer, idl_token *token);
void idl_lex_char(idl_lexer *lexer, idl_token *token);
void idl_lex_string(idl_lexer *lexer, idl_token *token);

/** The text of a doc comment without markers and common indentation (doc.c). NULL: nothing is left. */
const char *idl_doc_clean(idl_arena *arena, const idl_comment *comment);

#endif /* IDL_LEXER_H */
