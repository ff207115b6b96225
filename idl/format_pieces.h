/** A file as the formatter sees it: tokens, comments and directives one after the other, and what the grammar says of each. For
 *  the files format*.c and their tests. */
#ifndef IDL_FORMAT_PIECES_H
#define IDL_FORMAT_PIECES_H

#include "idl/lexer.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum idl_piece_kind {
    IDL_PIECE_TOKEN,
    IDL_PIECE_LINE_COMMENT,  /* without the blanks at its end */
    IDL_PIECE_BLOCK_COMMENT, /* as it stands, line ends too */
    IDL_PIECE_DIRECTIVE,     /* from its '#', with single blanks */
    IDL_PIECE_VERBATIM,      /* whole lines of what "#if 0" takes out */
    IDL_PIECE_END
} idl_piece_kind;

/** What a token is for: it decides about blanks and breaks. */
typedef enum idl_role {
    IDL_ROLE_WORD,
    IDL_ROLE_END,          /* ';' of a definition, member, ... */
    IDL_ROLE_OPEN_BODY,    /* '{' of things that end in ';' */
    IDL_ROLE_CLOSE_BODY,   /* '}' */
    IDL_ROLE_OPEN_LIST,    /* '{' of enumerators */
    IDL_ROLE_CLOSE_LIST,   /* '}' */
    IDL_ROLE_LIST_COMMA,   /* between enumerators */
    IDL_ROLE_OPEN_PARAMS,  /* '(' of parameters */
    IDL_ROLE_CLOSE_PARAMS, /* ')' */
    IDL_ROLE_PARAM_COMMA,  /* between parameters */
    IDL_ROLE_OPEN,         /* '(' after a keyword, or in an expression */
    IDL_ROLE_OPEN_TIGHT,   /* '<' of a type, '[', '(' of an annotation: no blank before it */
    IDL_ROLE_CLOSE,        /* the ends of these */
    IDL_ROLE_COMMA,        /* any other */
    IDL_ROLE_AT,           /* '@' */
    IDL_ROLE_SCOPE_LEAD,   /* '::' that begins a name */
    IDL_ROLE_SCOPE,        /* '::' inside a name */
    IDL_ROLE_LABEL_COLON,  /* ':' of a case */
    IDL_ROLE_BINARY,       /* an operator between two values, ':' before bases, '=' of a constant */
    IDL_ROLE_EQUALS,       /* '=' of an argument */
    IDL_ROLE_SHIFT,        /* the first '>' of ">>" */
    IDL_ROLE_SHIFT_END,    /* the second one */
    IDL_ROLE_UNARY         /* an operator before its value */
} idl_role;

/** What begins at a token with IDL_MARK_ITEM. */
typedef enum idl_item {
    IDL_ITEM_BLOCK, /* a definition with a body; also what has no kind of its own */
    IDL_ITEM_EMPTY, /* one whose body is empty */
    IDL_ITEM_CONST,
    IDL_ITEM_TYPEDEF,
    IDL_ITEM_NATIVE,
    IDL_ITEM_FORWARD,
    IDL_ITEM_IDS, /* typeid, typeprefix */
    IDL_ITEM_IMPORT,
    IDL_ITEM_ATTRIBUTE,
    IDL_ITEM_OPERATION,
    IDL_ITEM_MEMBER, /* of a struct, a union, a bitset, an annotation: they stand close together */
    IDL_ITEM_INCLUDE,
    IDL_ITEM_DEFINE,
    IDL_ITEM_PRAGMA,
    IDL_ITEM_CONDITION, /* #if and its kin, and text that #if 0 takes out */
    IDL_ITEM_CLOSE,     /* '}' or the end of the file */
    IDL_ITEM_NONE       /* '{' or the beginning of the file */
} idl_item;

enum {
    IDL_PIECE_ITEM = 1,       /* a definition, member, ... begins */
    IDL_PIECE_ELEMENT = 2,    /* an enumerator or a parameter begins */
    IDL_PIECE_ANNOTATED = 4,  /* an annotation ends before it */
    IDL_PIECE_CLAUSE = 8,     /* "raises" and its kin */
    IDL_PIECE_LABELLED = 16,  /* the member after the labels of a case */
    IDL_PIECE_LABEL = 32,     /* "case", "default" */
    IDL_PIECE_SAME_LINE = 64, /* it begins on the line on which the piece before it ends */
    IDL_PIECE_BLANK = 128,    /* one or more blank lines stand before it */
    IDL_PIECE_LAST = 256,     /* a comment with nothing but comments behind it on the line on which it ends */
    IDL_PIECE_CONTINUES = 512 /* a line comment that goes on with the one above it, which stands behind a token */
};

typedef struct idl_piece {
    const char *start;
    uint32_t length;
    uint32_t line;
    uint32_t last_line;
    uint32_t column; /* from 1, in bytes */
    uint16_t symbol; /* TOKEN: what the grammar calls it, IDL_SYMBOL_... */
    uint16_t marks;  /* IDL_PIECE_... */
    uint16_t depth;  /* how many bodies are open before it */
    uint8_t kind;
    uint8_t role;
    uint8_t item; /* idl_item */
    bool begins_line;
    bool adjacent;
} idl_piece;

typedef struct idl_pieces {
    idl_piece *items; /* malloc(); the last one is END */
    size_t length;
    size_t room;
} idl_pieces;

/** Terminals: punctuation is its character or IDL_MARK_..., keywords follow from KEYWORD on. */
enum {
    IDL_SYMBOL_NAME = 1,
    IDL_SYMBOL_NUMBER,
    IDL_SYMBOL_STRING,
    IDL_SYMBOL_END,
    IDL_SYMBOL_MEMBER_NAME,
    IDL_SYMBOL_KEYWORD = 300
};

/** The grammar's state: what is expected, the nearest on top (format_grammar.c). */
#define IDL_EXPECTED_LIMIT 2048
#define IDL_CONDITIONS_LIMIT 64

typedef struct idl_expected {
    uint32_t *items; /* malloc() */
    size_t length;
    uint16_t depth;
} idl_expected;

/** A conditional that is open. */
typedef struct idl_branch {
    idl_expected before;
    idl_expected after; /* of its first branch */
    idl_range range;
    bool has_after;
    bool had_else;
} idl_branch;

typedef struct idl_shape {
    idl_diagnostics *diagnostics;
    idl_pieces *pieces;
    idl_expected expected;
    uint32_t pending; /* marks of the next token */
    size_t item;      /* where the current one begins */
    const idl_token *token;
    uint16_t previous;
    idl_range previous_range;
    idl_branch branches[IDL_CONDITIONS_LIMIT];
    size_t n_branches;
} idl_shape;

/** False: no memory. */
bool idl_shape_init(idl_shape *shape, idl_diagnostics *diagnostics, idl_pieces *pieces);
void idl_shape_free(idl_shape *shape);

/** The token that was appended to the pieces last. False: it was reported that it cannot stand there. */
bool idl_shape_token(idl_shape *shape, const idl_token *token);

/** #if, #else, #endif: each branch of a conditional begins where the first one did. False: reported. */
bool idl_shape_if(idl_shape *shape, const idl_range *range);
bool idl_shape_else(idl_shape *shape, const idl_range *range, bool is_last);
bool idl_shape_endif(idl_shape *shape, const idl_range *range);

/** Reads the file to its END and has each token shaped (format_scan.c). False: an error was reported. Leaves through idl_stop()
 *  without memory. */
bool idl_pieces_scan(idl_lexer *lexer, idl_pieces *pieces, idl_shape *shape);

/** The text of it, in canonical layout (format_layout.c). NULL: no memory. The caller frees it. */
char *idl_pieces_layout(const idl_pieces *pieces, size_t *ret_length);

#endif /* IDL_FORMAT_PIECES_H */
