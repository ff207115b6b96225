/** What the files parser_*.c share. The parser resolves names and evaluates constants as it reads: IDL declares before use. */
#ifndef IDL_PARSER_H
#define IDL_PARSER_H

#include "idl/annotations.h"
#include "idl/constant.h"
#include "idl/preprocess.h"
#include "idl/scope.h"

/** How deep types, expressions and modules nest. */
#define IDL_NESTING_LIMIT 64
/** How many dimensions an array has. */
#define IDL_DIMENSIONS_LIMIT 16
/** How many annotations stand before one declaration, and how many arguments one has. */
#define IDL_ANNOTATIONS_LIMIT 256
/** How many bases and members all interfaces of a unit inherit, taken together: a short file can make it a great many. */
#define IDL_INHERITED_LIMIT 1000000

typedef struct idl_parser {
    idl_arena *arena;
    idl_diagnostics *diagnostics;
    idl_preprocessor *preprocessor;
    idl_unit *unit;
    idl_decl *last;             /* the last definition at file level */
    idl_token token;            /* the next one */
    idl_range previous;         /* of the token before it */
    idl_scope *scope;           /* the innermost */
    idl_node *owner;            /* what gets the declarations; NULL: the file level. Of a reopened module: this opening */
    uint32_t modules;           /* open ones */
    uint32_t nesting;           /* of the type or expression being read */
    bool forgive_semicolon;     /* something was reported after which a missing semicolon is no news */
    bool in_bound;              /* '>' ends the expression */
    bool has_old_types;         /* a typedef has the name of an integer type of newer IDL */
    bool in_const_type;         /* `fixed` stands alone */
    struct idl_pragma *pragmas; /* that were read ahead: idl_run_pragmas() */
    struct idl_pragma *last_pragma;
    const char *prefix;          /* what #pragma prefix said in a module or interface that is open; NULL: the file's holds */
    const idl_type *bad_type;    /* stands for a type whose error was reported */
    const idl_unsupported *used; /* what the definition being read uses, in a file that is only included; NULL: nothing such */
    idl_names reported;          /* unknown names that were reported, as spelt */
    uint64_t mark;
    size_t inherited;
} idl_parser;

/** A #pragma that was read ahead. */
typedef struct idl_pragma {
    struct idl_pragma *next;
    idl_token token;
} idl_pragma;

/** Where a definition began. */
typedef struct idl_definition_mark {
    idl_decl *last; /* the last declaration before it in its owner; NULL: none */
    size_t n_children;
    const idl_unsupported *used;
} idl_definition_mark;

/** What stands before a declaration. */
typedef struct idl_lead {
    const char *doc;
    idl_annotation *annotations;
} idl_lead;

/** A list of names with where each was written. */
typedef struct idl_name_list {
    const idl_decl **items;
    idl_range *ranges;
    size_t length;
    size_t room;
} idl_name_list;

/* Tokens (parser.c). A function that returns false has reported an error and left the rest to idl_parser_recover(). */
void idl_parser_advance(idl_parser *parser);
/** The first token of a file. */
void idl_parser_begin(idl_parser *parser);
/** The character that the token behind the next one begins with, if no directive stands before it. */
char idl_parser_peek(const idl_parser *parser);
/** A name, perhaps one that begins with "::" or is a keyword that old IDL does not have, is next. */
bool idl_parser_at_name(const idl_parser *parser);
bool idl_parser_is_mark(const idl_parser *parser, int mark);
bool idl_parser_is_keyword(const idl_parser *parser, idl_keyword keyword);
bool idl_parser_take_mark(idl_parser *parser, int mark);
bool idl_parser_take_keyword(idl_parser *parser, idl_keyword keyword);
/** "expected WANTED, found …" at the next token. Always false. */
bool idl_parser_unexpected(idl_parser *parser, idl_diagnostic_id id, const char *wanted);
bool idl_parser_expect(idl_parser *parser, int mark, const char *wanted);
/** A missing semicolon at the end of a line is reported and taken as if it were there. */
bool idl_parser_expect_semicolon(idl_parser *parser, const char *after);
/** The '}' of a block whose '{' stood at open. Missing before a definition on a new line, it is reported and taken as if there.
 */
bool idl_parser_expect_close(idl_parser *parser, const idl_range *open);
/** Skips to behind the next ';' or the '}' of a block that opens on the way, or to before the '}' of the block around. */
void idl_parser_recover(idl_parser *parser);
/** "WHAT are not supported yet" at the range. */
void idl_parser_unsupported(idl_parser *parser, const idl_range *range, const idl_unsupported *what);
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
/** A struct, union or exception: its children are members, and what else is defined in it stands before it. NULL is none. */
bool idl_has_members(const idl_node *node);
/** At the end of a struct, union or exception: the types that its members define now stand before it, as if they had been
 *  written there; but their names are still its own. */
void idl_place_nested(idl_parser *parser, idl_node *node);
void idl_put_or_report(idl_parser *parser, idl_node *node);
/** The name stands for something that was reported: its uses are silent. */
void idl_declare_poisoned(idl_parser *parser, const idl_token *name);
/** Gives node a scope of its own inside the present one, and enters it. */
void idl_enter_scope(idl_parser *parser, idl_node *node);
/** Back to outside. */
void idl_leave_scope(idl_parser *parser, idl_node *outer_owner);
/** A trailing doc comment before the next token belongs to the declaration and those after it in its owner. */
void idl_take_trailing(idl_parser *parser, idl_node *first);

/* Names that refer to declarations (parser_names.c). */

/** scoped_name, as what is wanted. NULL: there is no such thing, which was reported now or before. */
idl_node *idl_parse_scoped_name(idl_parser *parser, idl_wanted wanted, idl_range *ret_range);

/* Grammar. */
void idl_parse_specification(idl_parser *parser);
bool idl_parse_type_dcl(idl_parser *parser, idl_lead lead);
bool idl_parse_except_dcl(idl_parser *parser, idl_lead lead);
bool idl_parse_interface_dcl(idl_parser *parser, idl_lead lead);
bool idl_parse_const_dcl(idl_parser *parser, idl_lead lead);
/** The next token begins a type_dcl. */
bool idl_parser_at_type_dcl(const idl_parser *parser);
/* Up to the ';', which is not read. *ret: NULL if nothing can use it. */
bool idl_parse_struct_dcl(idl_parser *parser, idl_lead lead, idl_node **ret);
bool idl_parse_union_dcl(idl_parser *parser, idl_lead lead, idl_node **ret);
bool idl_parse_enum_dcl(idl_parser *parser, idl_lead lead, idl_node **ret);
bool idl_parse_bitset_dcl(idl_parser *parser, idl_lead lead, idl_node **ret);
bool idl_parse_bitmask_dcl(idl_parser *parser, idl_lead lead, idl_node **ret);
bool idl_parse_native_dcl(idl_parser *parser, idl_lead lead, idl_node **ret);
/** A forward declaration of what known stands for, or, if that is NULL, of something new. */
idl_node *idl_declare_forward(idl_parser *parser, idl_node *known, idl_decl_kind kind, const idl_token *name, idl_lead lead);
/** The node that becomes the definition: that which a forward declaration promised, or a new one. */
idl_node *idl_begin_definition(idl_parser *parser, idl_decl_kind kind, const idl_token *name, idl_lead lead);
/** What a forward declaration in this scope promised, or a definition, of that kind; NULL: nothing. */
idl_node *idl_find_known(idl_parser *parser, idl_decl_kind kind, const idl_token *name);
/** member, of a struct, an exception. */
bool idl_parse_member(idl_parser *parser, idl_node *owner);
/** The type of a member: complete, and not what is being defined. Otherwise reported, and the bad type. */
const idl_type *idl_check_member_type(idl_parser *parser, const idl_type *type);
/** Sets how deep a type nests, and reports if that is too deep. */
void idl_set_depth(idl_parser *parser, idl_node *node, uint32_t depth);
/** scoped_name { "," scoped_name }, each once. */
bool idl_parse_name_list(idl_parser *parser, idl_wanted wanted, const char *again, idl_name_list *list);
bool idl_name_list_has(const idl_name_list *list, const idl_decl *decl);
/** Reports if the list is full. */
void idl_name_list_add(idl_parser *parser, idl_name_list *list, const idl_decl *decl, const idl_range *range);
/** { annotation_appl }; NULL: none. */
idl_annotation *idl_parse_annotations(idl_parser *parser);
/** "@annotation", behind the '@'. */
bool idl_parse_annotation_dcl(idl_parser *parser, const char *doc);
/** typeid, typeprefix, import. False: none of them is next. */
bool idl_parse_id_dcl(idl_parser *parser);
/** Gives a declaration its repository id; a second one is reported at the range. */
void idl_set_type_id(idl_parser *parser, idl_node *node, const char *id, const idl_range *range);
/** Before and behind a definition of a file that is only included: if it used something unsupported in between, it becomes
 *  unsupported itself, and is no part of the unit: what uses it says so. */
idl_definition_mark idl_mark_definition(idl_parser *parser);
void idl_drop_unsupported(idl_parser *parser, const idl_definition_mark *mark);
/** The name stands for something unsupported, which is reported at the range now or, in a file that is not
 * main, where it is used. */
void idl_declare_unsupported(idl_parser *parser, const idl_token *name, const idl_range *range, const idl_unsupported *what);
extern const idl_unsupported idl_unsupported_value_type;
extern const idl_unsupported idl_unsupported_template;
extern const idl_unsupported idl_unsupported_import;
/** Carries out the pragmas that were read ahead. */
void idl_run_pragmas(idl_parser *parser);
/** type_spec; never NULL: bad_type if it was reported. */
const idl_type *idl_parse_type_spec(idl_parser *parser);
/** The same where CORBA let a type be defined: of a member, or what a union is switched by. */
const idl_type *idl_parse_constr_type_spec(idl_parser *parser);
/** A type's definition where none can stand: skipped up to the '}' that closes it. */
void idl_skip_definition(idl_parser *parser);
/** The same from behind its name on. */
void idl_skip_definition_rest(idl_parser *parser, bool is_enum);
const idl_type *idl_parse_string_type(idl_parser *parser);
const idl_type *idl_parse_sequence_type(idl_parser *parser);
const idl_type *idl_parse_map_type(idl_parser *parser);
const idl_type *idl_parse_fixed_type(idl_parser *parser);
/** The dimensions of an array of that element, whose name was read; the bad type if something was reported. */
const idl_type *idl_parse_array(idl_parser *parser, const idl_type *element, const idl_range *name);
/** declarator: an identifier; of an array, *type becomes the array. */
bool idl_parse_declarator(idl_parser *parser, const char *what, const idl_type **type, idl_token *ret_name);
/** simple_declarator: no array, which is reported. */
bool idl_parse_simple_declarator(idl_parser *parser, const char *what, const idl_type **type, idl_token *ret_name);
idl_type *idl_make_type(idl_parser *parser, idl_type_kind kind, const idl_range *range);
/** Up to the end of to, if that stands on the same line. */
void idl_range_extend(idl_range *range, const idl_range *to);
/** The first token of a definition that this compiler does not support: reports and skips it. False: it is none. */
bool idl_parse_unsupported_definition(idl_parser *parser);
/** How deep a type nests. */
uint32_t idl_type_depth(const idl_type *type);
/** A value of it may contain one of a native type. */
bool idl_type_has_native(const idl_type *type);
/** const_expr, for a constant of the type: its value, converted and checked; NONE if that was reported. */
idl_value idl_parse_const_expr(idl_parser *parser, const idl_type *type);
/** positive_int_const, of a string, a sequence, an array; 0 if it was reported. */
uint64_t idl_parse_bound(idl_parser *parser);
/** A constant of 0 to highest; false if it was reported. */
bool idl_parse_unsigned(idl_parser *parser, uint64_t highest, uint64_t *ret, idl_range *ret_range);
/** const_expr, of whatever type it has by itself: names mean what they mean here. */
idl_value idl_parse_any_expr(idl_parser *parser, idl_range *ret_range);
/** There are constants of the type. */
bool idl_is_constant_type(const idl_type *type);
/** The value as a constant of the type, converted and checked; NONE if that was reported at the range. */
idl_value idl_convert_value(idl_parser *parser, const idl_value *value, const idl_type *type, const idl_range *range);

/* Checks (check_*.c). */

/** Attaches annotations to a declaration, after those that it has, and carries out the standard ones. */
void idl_annotate(idl_parser *parser, idl_node *node, idl_annotation *annotations);
/** The type with annotations: of an element (IDL_TARGET_TYPE), or what a union is switched by (IDL_TARGET_DISCRIMINATOR). */
const idl_type *idl_annotate_type(idl_parser *parser, const idl_type *type, idl_annotation *annotations, uint32_t target);
/** The id that @autoid(HASH) gives a member of that name. */
uint32_t idl_hash_id(const char *name);
/** Those of all members, parameters, …, once all are there: ids. */
void idl_check_ids(idl_parser *parser, idl_node *node);
/** Whether the @streams of an operation that has been read are where they may be. */
void idl_check_streams(idl_parser *parser, idl_node *operation);
/* Has '@once' a meaning there? After idl_check_streams(). */
void idl_check_once(idl_parser *parser, const idl_decl *decl);
/** Makes the scope of file level, and what is known before it: CORBA::TypeCode, also as TypeCode. */
void idl_begin_scopes(idl_parser *parser);
/** Depth and repository ids of all that was declared, and what only a whole unit can tell. */
void idl_finish_unit(idl_parser *parser);

/** Sets the bases of an interface whose scope exists, and what it inherits from them. */
void idl_check_bases(idl_parser *parser, idl_node *interface, idl_decl_list bases, const idl_range *ranges);
/** The names that a struct or bitset has, and inherits, are names in its heir, too. */
void idl_inherit_names(idl_parser *parser, idl_node *heir, const idl_node *base);
/** Counts what is inherited: a short file can make it a great many. */
void idl_charge_inherited(idl_parser *parser, const idl_node *heir, size_t count);
/** Makes the list of its members, once its body was read. */
void idl_list_members(idl_parser *parser, idl_node *interface);
/** What was declared forward has to be defined. */
void idl_check_forwards(idl_parser *parser);

#endif /* IDL_PARSER_H */
