/** What the files parser_*.c share. The parser resolves names and evaluates constants as it reads: IDL declares before use. */
#ifndef IDL_PARSER_H
#define IDL_PARSER_H

#include "idl/preprocess.h"
#include "idl/scope.h"

/** How deep types, expressions and modules nest. */
#define IDL_NESTING_LIMIT 64
/** How many bases and members all interfaces of a unit inherit, taken together: a short file can make it a great many. */
#define IDL_INHERITED_LIMIT 1000000

typedef struct idl_parser {
    idl_arena *arena;
    idl_diagnostics *diagnostics;
    idl_preprocessor *preprocessor;
    idl_unit *unit;
    idl_decl *last;           /* the last definition at file level */
    idl_token token;          /* the next one */
    idl_range previous;       /* of the token before it */
    idl_scope *scope;         /* the innermost */
    idl_node *owner;          /* what gets the declarations; NULL: the file level. Of a reopened module: this opening */
    uint32_t modules;         /* open ones */
    uint32_t nesting;         /* of the type or expression being read */
    bool forgive_semicolon;   /* something was reported after which a missing semicolon is no news */
    bool in_bound;            /* '>' ends the expression */
    const idl_type *bad_type; /* stands for a type whose error was reported */
    idl_names reported;       /* unknown names that were reported, as spelt */
    uint64_t mark;
    size_t inherited;
} idl_parser;

/* Tokens (parser.c). A function that returns false has reported an error and left the rest to idl_parser_recover(). */
void idl_parser_advance(idl_parser *parser);
bool idl_parser_is_mark(const idl_parser *parser, int mark);
bool idl_parser_is_keyword(const idl_parser *parser, idl_keyword keyword);
bool idl_parser_take_mark(idl_parser *parser, int mark);
bool idl_parser_take_keyword(idl_parser *parser, idl_keyword keyword);
/** "expected WANTED, found …" at the next token. Always false. */
bool idl_parser_unexpected(idl_parser *parser, const char *wanted);
bool idl_parser_expect(idl_parser *parser, int mark, const char *wanted);
/** A missing semicolon at the end of a line is reported and taken as if it were there. */
bool idl_parser_expect_semicolon(idl_parser *parser, const char *after);
/** The '}' of a block whose '{' stood at open. Missing before a definition on a new line, it is reported and taken as if there.
 */
bool idl_parser_expect_close(idl_parser *parser, const idl_range *open);
/** Skips to behind the next ';' or the '}' of a block that opens on the way, or to before the '}' of the block around. */
void idl_parser_recover(idl_parser *parser);
/** "WHAT are not supported yet" at the range. */
void idl_parser_unsupported(idl_parser *parser, const idl_range *range, const char *what);
/** Reports annotations as not supported and skips them. */
void idl_parser_annotations(idl_parser *parser);
/** Skips what stands between '(' and ')', which is next if it is there. */
void idl_parser_skip_parentheses(idl_parser *parser);
/** The same for '<' and '>'. */
void idl_parser_skip_angles(idl_parser *parser);
/** The next token begins a definition that cannot stand in a struct or enum: a '}' is missing. */
bool idl_parser_at_definition(const idl_parser *parser);

/* Declarations (parser_declare.c). */

/** identifier. what: "a name for the struct". */
bool idl_parse_identifier(idl_parser *parser, const char *what, idl_token *ret);
/** Makes a declaration, appends it to its owner and puts it under its name in the scope; reports if the name is taken. */
idl_node *idl_declare(idl_parser *parser, idl_decl_kind kind, const idl_token *name, const char *doc);
/** Makes a declaration that belongs nowhere yet. */
idl_node *idl_make_node(idl_parser *parser, idl_decl_kind kind, const idl_token *name, const char *doc);
void idl_append(idl_parser *parser, idl_node *node);
void idl_put_or_report(idl_parser *parser, idl_node *node);
/** The name stands for something that was reported: its uses are silent. */
void idl_declare_poisoned(idl_parser *parser, const idl_token *name);
/** Gives node a scope of its own inside the present one, and enters it. */
void idl_enter_scope(idl_parser *parser, idl_node *node);
/** Back to outside. */
void idl_leave_scope(idl_parser *parser, idl_node *outer_owner);
/** A trailing doc comment before the next token belongs to the declaration and those after it in its owner. */
void idl_take_trailing(idl_parser *parser, idl_node *first);

/** scoped_name, as what is wanted. NULL: there is no such thing, which was reported now or before. */
idl_node *idl_parse_scoped_name(idl_parser *parser, idl_wanted wanted, idl_range *ret_range);

/* Grammar. */
void idl_parse_specification(idl_parser *parser);
bool idl_parse_type_dcl(idl_parser *parser, const char *doc);
bool idl_parse_except_dcl(idl_parser *parser, const char *doc);
bool idl_parse_interface_dcl(idl_parser *parser, const char *doc);
bool idl_parse_const_dcl(idl_parser *parser, const char *doc);
/** type_spec; never NULL: bad_type if it was reported. */
const idl_type *idl_parse_type_spec(idl_parser *parser);
/** declarator: an identifier; an array's is reported, and *type becomes the bad type. */
bool idl_parse_declarator(idl_parser *parser, const char *what, const idl_type **type, idl_token *ret_name);
/** The first token of a definition that this compiler does not support: reports and skips it. False: it is none. */
bool idl_parse_unsupported_definition(idl_parser *parser);
/** How deep a type nests. */
uint32_t idl_type_depth(const idl_type *type);
/** const_expr, for a constant of the type: its value, converted and checked; NONE if that was reported. */
idl_value idl_parse_const_expr(idl_parser *parser, const idl_type *type);
/** positive_int_const, of a string or a sequence; 0 if it was reported. */
uint64_t idl_parse_bound(idl_parser *parser);

/* Checks (check_*.c). */

/** Sets the bases of an interface whose scope exists, and what it inherits from them. */
void idl_check_bases(idl_parser *parser, idl_node *interface, idl_decl_list bases, const idl_range *ranges);
/** Makes the list of its members, once its body was read. */
void idl_list_members(idl_parser *parser, idl_node *interface);
/** What was declared forward has to be defined. */
void idl_check_forwards(idl_parser *parser);

#endif /* IDL_PARSER_H */
