/** What the lexer makes of source text and the preprocessor hands to the parser. */
#ifndef IDL_TOKEN_H
#define IDL_TOKEN_H

#include "idl/keywords.h"
#include "idl/model.h"

typedef enum idl_token_kind {
    IDL_TOKEN_END,        /* of the file, included files too */
    IDL_TOKEN_NEWLINE,    /* only inside a directive */
    IDL_TOKEN_DIRECTIVE,  /* '#' as the first thing on its line; only from the lexer */
    IDL_TOKEN_NAME,       /* name */
    IDL_TOKEN_KEYWORD,    /* keyword */
    IDL_TOKEN_INTEGER,    /* integer */
    IDL_TOKEN_FLOAT,      /* number */
    IDL_TOKEN_CHAR,       /* integer */
    IDL_TOKEN_STRING,     /* string */
    IDL_TOKEN_FIXED,      /* string: its digits and point */
    IDL_TOKEN_PRAGMA,     /* string: "prefix", "ID" or "version"; text: what follows it. Only between preprocessor and parser */
    IDL_TOKEN_PUNCTUATION /* mark: the character, or one of IDL_MARK_… */
} idl_token_kind;

enum { IDL_MARK_SCOPE = 256 /* :: */, IDL_MARK_SHIFT_LEFT /* << */ };

typedef struct idl_token {
    idl_token_kind kind;
    idl_keyword keyword;
    int mark;
    idl_range range;  /* of a token from a macro: where the macro is used */
    const char *text; /* as written, range.length bytes; not NUL-terminated */
    size_t length;    /* of text */
    const char *name; /* NAME: without an escape's underscore */
    bool escaped;     /* NAME: it was written with the underscore */
    bool bad;         /* something was reported: it is unexpected in silence, and a literal has no value */
    bool is_wide;     /* CHAR, STRING: L'x', L"x" */
    bool adjacent;    /* nothing stands between it and the token before it */
    bool begins_line; /* the first one on its line */
    uint64_t integer;
    double number;
    const char *string;
    size_t string_length;
    const char *doc;      /* the doc comment before it, cleaned; NULL: none */
    const char *trailing; /* the doc comment before it that belongs to what stands before the comment */
} idl_token;

#endif /* IDL_TOKEN_H */
