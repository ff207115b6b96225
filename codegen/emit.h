/** What the emitters share: one run, its files, and the names that everything has in C.
 *
 *  A file's output depends on that file and on what it includes, directly or not, and on nothing else: not on the other main
 *  files, their order, the folder, the time. So names are given out file by file, each seeing its includes only. */
#ifndef EMIT_EMIT_H
#define EMIT_EMIT_H

#include "codegen/buf.h"
#include "idl/diagnostics.h"
#include "idl/model.h"
#include "idl/names.h"

#include <stdbool.h>
#include <stdint.h>

typedef struct emit_decls {
    const idl_decl **items;
    size_t length;
    size_t capacity;
} emit_decls;

/** A sequence type's view, declared by one file. */
typedef struct emit_view {
    const char *name;         /* "bank_Entry_seq" */
    const char *element_name; /* "bank_Entry", "corbel_int32_seq" */
    const idl_type *element;
    const idl_decl *root; /* the innermost element's declaration; NULL for a basic type */
    bool is_foreign;      /* root is not of this file: other files may declare the same view, so guard it */
} emit_view;

typedef struct emit_file {
    struct emit_run *run;
    const idl_file *file;
    struct emit_file *next;
    const char *stem;           /* "bank": the base name without .idl */
    emit_decls decls;           /* its definitions, in order: everything but modules and enumerators, operations, members */
    struct emit_file **closure; /* what it includes, directly or not, a file after those that it includes; not itself */
    size_t n_closure;
    enum { EMIT_UNNAMED, EMIT_NAMING, EMIT_NAMED } state;
    idl_names taken;   /* emit_taken by C name: its own and those of the closure */
    idl_names derived; /* C names (char *) of what is derived from its declarations, by a key of names.c */
    struct emit_taken *own;
    struct emit_taken **own_end;
    emit_view *views;
    size_t n_views;
    bool views_known;
    idl_names statics; /* names (char *) of the file's private type tables, by what they describe */
    emit_buf static_tables;
} emit_file;

typedef struct emit_run {
    idl_arena *arena;
    const idl_unit *unit;
    idl_diagnostics *diagnostics;
    emit_file *files; /* in the unit's order */
    idl_names calls;  /* emit_calls by the address of the interface's declaration */
    emit_buf scratch; /* for a text that nobody keeps */
} emit_run;

/** Collects files and declarations. */
emit_run *emit_run_new(idl_arena *arena, const idl_unit *unit, idl_diagnostics *diagnostics);
emit_file *emit_file_of(const emit_run *run, const idl_file *file);

/* ---- names (names.c) ---- */

/** Gives all of the file's declarations and what is derived from them their names; errors and warnings go to diagnostics. */
void emit_names_give(emit_file *file);
/** "bank_Account"; of an enumerator "bank_DEPOSIT". */
const char *emit_name(emit_run *run, const idl_decl *decl);
/** What the names in C are made of, where the declaration has a part in them: its @c_name, else its name. */
const char *emit_own_name(const idl_decl *decl);
/** "bank_Account_new"; member: what of decl it is derived from, or NULL. */
const char *emit_derived(emit_run *run, const idl_decl *decl, const idl_decl *member, const char *suffix);
/** A name for a file-scope static, which gives way to every other name in sight. */
const char *emit_static_name(emit_file *file, const char *wanted);
/** The C name of a struct member or a parameter. */
const char *emit_local_name(emit_file *file, const char *name, bool is_parameter);
const char *emit_member_name(emit_file *file, const idl_decl *member);
/** Is the name that of a constant that the file can see? As a macro it would replace what bears it. */
bool emit_is_constant(const emit_file *file, const char *name);
bool emit_is_reserved(const char *name);
bool emit_is_reserved_parameter(const char *name);
/** For a test: they are looked up by bisection. */
bool emit_reserved_are_sorted(void);
/** A constant of this name would, as a macro, break the headers and the generated code. */
bool emit_is_reserved_macro(const char *name);

/* ---- operations and attributes as calls (calls.c) ---- */

typedef struct emit_param {
    const char *name;   /* in IDL */
    const char *c_name; /* what its names in C are made of */
    const idl_decl *decl;
    const idl_type *type;
    idl_direction direction;
    uint32_t in_id, out_id; /* protobuf field numbers; 0: not there */
} emit_param;

typedef struct emit_call {
    const idl_decl *owner; /* the interface that declares it */
    const idl_decl *decl;  /* operation or attribute */
    enum { EMIT_OPERATION, EMIT_GETTER, EMIT_SETTER } role;
    const char *wire_name; /* "withdraw", "get_balance" */
    const char *stem;      /* what its names in C are made of: "withdraw", "get_balance" */
    const char *servant_member;
    const idl_type *result; /* NULL: none */
    const idl_decl_list *raises;
    const emit_param *params;
    size_t n_params;
    uint32_t n_in, n_out;
} emit_call;

typedef struct emit_calls {
    const emit_call *items;
    size_t length;
} emit_calls;

/** inherited: those of all bases come first; else its own only. Made once an interface. */
emit_calls emit_calls_of(emit_run *run, const idl_decl *interface, bool inherited);
/** "bank_Branch_get_name", with suffix "_begin" and the like; interface: the one under whose name it is meant. */
const char *emit_call_name(emit_run *run, const idl_decl *interface, const emit_call *call, const char *suffix);
/** Is it interface's own operation, declared under the IDL's very name (and not derived)? */
bool emit_call_is_plain_name(const idl_decl *interface, const emit_call *call);

/* ---- types (types.c, views.c) ---- */

typedef enum emit_shape { EMIT_PLAIN, EMIT_STRING, EMIT_STRUCT, EMIT_SEQUENCE, EMIT_REFERENCE } emit_shape;
emit_shape emit_shape_of(const idl_type *type);

/* C types, ending in a space or a star, so that a name can follow at once. */
const char *emit_value_type(emit_run *run, const idl_type *type);       /* a member, an item: "const char *" */
const char *emit_in_type(emit_run *run, const idl_type *type);          /* "const bank_Entry *" */
const char *emit_out_type(emit_run *run, const idl_type *type);         /* of a caller: "char **", "bank_Entry **" */
const char *emit_servant_out_type(emit_run *run, const idl_type *type); /* "const char **", "bank_Entry *" */
const char *emit_const_pointer(emit_run *run, const idl_type *type);    /* to a value: "const char *const *" */

/** What releases an output: "bank_Entry_free", or NULL. */
const char *emit_release(emit_run *run, const idl_type *type);
/** What starts a value: "NULL", "bank_Entry_INIT". */
const char *emit_initial(emit_run *run, const idl_type *type);
/** "at most 12 bytes", or NULL. */
const char *emit_bound_note(emit_run *run, const idl_type *type);
/** Is the resolved type a sequence whose view is the library's (corbel_int32_seq), or a basic type? Its suffix-free name,
 *  "int32"; NULL for everything else. */
const char *emit_basic_name(const idl_type *type);
const char *emit_view_name(emit_run *run, const idl_type *sequence);
/** The views that the file has to declare. */
void emit_views_collect(emit_file *file);
/** "bank_Entry_seq_clear", "_copy". */
const char *emit_view_function(emit_run *run, const emit_view *view, const char *suffix);
const emit_view *emit_view_visible(const emit_file *file, const char *name);

/* ---- tables (tables.c, fingerprint.c) ---- */

/** "&bank_Entry_type"; makes the private table that it may need. */
const char *emit_type_address(emit_file *file, const idl_type *type);
void emit_enum_table(emit_file *file, emit_buf *out, const idl_decl *decl);
void emit_struct_table(emit_file *file, emit_buf *out, const idl_decl *decl);
void emit_operation_table(emit_file *file, emit_buf *out, const idl_decl *interface, const emit_call *call);
const char *emit_operation_name(emit_file *file, const idl_decl *interface, const emit_call *call);
uint64_t emit_fingerprint(emit_run *run, const idl_decl *interface);
/** The same of one operation or half of an attribute alone. */
uint64_t emit_call_fingerprint(emit_run *run, const emit_call *call);

/* ---- what tables repeat of the IDL (described.c) ---- */

/** "@key @unit(\"m\")": what compiles to the same again; NULL: there are none. */
const char *emit_annotations(emit_run *run, const idl_annotation *first);
/** The fields .doc and .annotations of a table, a line or more each; nothing for NULL. */
void emit_described(emit_buf *out, const char *doc, const char *annotations);
/** row, "{ .name = …", with the same two fields and its " }", for emit_rows(). */
const char *emit_described_row(idl_arena *arena, const char *row, const char *doc, const char *annotations);

/* ---- enums (enums.c) ---- */

/** "-5". */
const char *emit_enumerator_value(emit_run *run, const idl_decl *enumerator);
/** What _INIT holds: the @default_literal, else the one that is zero, else "(shop_Size)0": C++ takes no 0 for an enum. */
const char *emit_initial_enumerator(emit_run *run, const idl_decl *decl);
void emit_enum_functions(emit_file *file, emit_buf *out, const idl_decl *decl);

/* ---- what annotations add (remarks.c) ---- */

/** CORBEL_DEPRECATED("text") for a place at that column, or NULL. */
const char *emit_deprecated(emit_run *run, const idl_decl *decl, size_t column);
/** The same with a space before it, or "". */
const char *emit_deprecated_behind(emit_run *run, const idl_decl *decl, size_t column);
/** Is there anything deprecated in the file or in what it includes? */
bool emit_has_deprecated(const emit_file *file);
/** Facts for the comment; name: of the parameter that they are of, or NULL. */
void emit_add_deprecation(emit_strings *facts, const char *name, const idl_decl *decl);
void emit_add_unit(emit_strings *facts, const char *name, const idl_decl *decl);
/** The texts that the IDL wants at that place: "BEFORE_DECLARATION", …; of a file: "BEGIN_FILE", "END_FILE". */
void emit_verbatim(emit_buf *out, const idl_decl *decl, const char *placement);
void emit_verbatim_of_file(const emit_file *file, emit_buf *out, const char *placement);
void emit_check_verbatim(const emit_file *file);

/* ---- parts of the two outputs ---- */

void emit_header(emit_file *file, emit_buf *out);
/** text in quotes; if that does not fit behind column, in several literals: before the first stands before, and so on. */
const char *emit_string_literal(idl_arena *arena, const char *text, size_t column, const char *before, const char *between);
/** Its #define. */
void emit_constant(emit_file *file, emit_buf *out, const idl_decl *decl);
void emit_header_interface(emit_file *file, emit_buf *out, const idl_decl *interface, bool with_rules);
void emit_header_inherited(emit_file *file, emit_buf *out, const idl_decl *interface);
void emit_header_small_print(emit_file *file, emit_buf *out);
void emit_source(emit_file *file, emit_buf *out);
void emit_stubs(emit_file *file, emit_buf *out, const idl_decl *interface);
void emit_inherited_stubs(emit_file *file, emit_buf *out, const idl_decl *interface);
void emit_skeleton(emit_file *file, emit_buf *out, const idl_decl *interface);
void emit_references(emit_file *file, emit_buf *out, const idl_decl *interface);
/** Of interfaces that are opaque. */
void emit_opaque_references(emit_file *file, emit_buf *out);

/* What the header and the .c agree on (signatures.c). The lists are complete, self or call first. */
typedef enum emit_half { EMIT_WHOLE, EMIT_BEGIN, EMIT_FINISH, EMIT_SERVANT } emit_half;
emit_strings emit_call_params(emit_file *file, const idl_decl *interface, const emit_call *call, emit_half half);
/** Expressions for the arrays of addresses of a stub. */
emit_strings emit_in_addresses(emit_file *file, const emit_call *call, emit_half half);
emit_strings emit_out_addresses(emit_file *file, const emit_call *call, emit_half half);
/** The names that the parameters of that half have. */
emit_strings emit_call_arguments(emit_file *file, const emit_call *call, emit_half half);
/** The calls of which there are two halves: all but oneways. */
bool emit_has_halves(const emit_call *call);

/** "bank.corbel.h" as the includer must write it, for the i-th include. */
const char *emit_include_name(emit_run *run, const idl_file *includer, size_t index);

/** What the emitters cannot write yet is an error, at its place (emit_gate.c). It comes before everything else: they never see
 * it. */
void emit_gate(emit_run *run);
/** A value of the type, or of the items of a sequence, can be written. */
bool emit_gate_knows(const idl_type *type);

/** What the language has and a C program with these tables cannot: field numbers in protobuf's own band,
 *  parameters that meet. Errors go to diagnostics. */
void emit_check(emit_file *file);

/** Declared in another file that this one does not include (a forward declaration only)? */
bool emit_is_unseen(const emit_file *file, const idl_decl *decl);
bool emit_is_own(const emit_file *file, const idl_decl *decl);
/** An interface of which this file knows no more than its name: it is defined in a file that this one does not include, if at
 *  all. What the file needs of it is written here, weak, whether or not another file has it. */
bool emit_is_opaque(const emit_file *file, const idl_decl *interface);
/** Is the i-th of the file's declarations the first forward one of its definition here? */
bool emit_is_first_forward(const emit_file *file, size_t index);
/** Has this file a forward declaration of it? Then its typedef and views stand at the top. */
bool emit_is_announced(const emit_file *file, const idl_decl *decl);

#endif /* EMIT_EMIT_H */
