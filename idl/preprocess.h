/** Directives and macros: turns the files of a unit into one stream of tokens. */
#ifndef IDL_PREPROCESS_H
#define IDL_PREPROCESS_H

#include "idl/lexer.h"
#include "idl/names.h"

/** How deep #includes nest. */
#define IDL_INCLUDE_DEPTH 64
/** How many #includes one unit carries out, and how many bytes they may add up to: includes can multiply. */
#define IDL_INCLUSIONS 10000
#define IDL_INCLUDED_BYTES ((size_t)256 << 20)
/** How many tokens may come from macros in one unit: macros can multiply too. */
#define IDL_EXPANDED_TOKENS 1000000
/** How deep parentheses nest in #if. */
#define IDL_CONDITION_DEPTH 64

typedef struct idl_macro {
    const char *name;
    idl_range range;
    idl_token *tokens;
    size_t n_tokens;
    bool busy; /* being expanded: its own name in its tokens stands for itself */
} idl_macro;

typedef struct idl_condition {
    struct idl_condition *outer;
    idl_range range; /* of the #if */
    bool taken;      /* one of its groups was read */
    bool had_else;
} idl_condition;

typedef struct idl_input {
    struct idl_input *below; /* the file that includes this one; NULL: this is the main file */
    idl_source *source;
    idl_lexer lexer;
    idl_condition *conditions;
    uint32_t depth;
    bool silent; /* only its directives count: see idl_preprocess_main() */
} idl_input;

typedef struct idl_expansion {
    struct idl_expansion *outer;
    idl_macro *macro;
    size_t next;
    idl_token use;
} idl_expansion;

typedef struct idl_preprocessor {
    idl_arena *arena;
    idl_diagnostics *diagnostics;
    idl_sources *sources;
    const idl_options *options;
    idl_source *command_line; /* where -D macros are defined */
    idl_input *input;
    idl_expansion *expansion;
    idl_names macros;
    uint32_t main_number;
    uint32_t inclusions;
    uint32_t expanded;
    size_t bytes;
    uint32_t braces; /* open ones */
} idl_preprocessor;

/** Starts a main file. Macros begin anew. A file that an earlier main file has already brought in gives no tokens again, but its
 *  directives are carried out: every main file sees the macros that it would see alone, and the unit has each declaration once.
 */
void idl_preprocess_main(idl_preprocessor *preprocessor, idl_source *source);

/** The next token. A PRAGMA may come between any two. END comes at the end of every file that gives tokens; then call
 * idl_preprocess_leave(). */
void idl_preprocess_next(idl_preprocessor *preprocessor, idl_token *token);

/** After an END: goes back to the including file. False: it was the main file's. */
bool idl_preprocess_leave(idl_preprocessor *preprocessor);

/** Carries out the directive whose DIRECTIVE token was read (directive.c). True: it is a pragma for the parser, and token is its
 *  PRAGMA. */
bool idl_directive(idl_preprocessor *preprocessor, idl_token *token);

/** Enters a file. */
void idl_preprocess_enter(idl_preprocessor *preprocessor, idl_source *source);

/** The value of the condition of an #if or #elif, read up to and with its NEWLINE (condition.c). */
bool idl_condition_value(idl_preprocessor *preprocessor);

/** What a token looks like in a message. The buffer has room for 64 bytes and is returned. */
#define IDL_TOKEN_TEXT 64
const char *idl_token_text(const idl_token *token, char *buffer);

#endif /* IDL_PREPROCESS_H */
