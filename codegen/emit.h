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

/** The view of a sequence or map, declared by one file. */
typedef struct emit_view {
    const char *name;     /* "bank_Entry_seq", "bank_Entry_by_string" */
    const idl_type *type; /* resolved, and without a bound of its own */
    const idl_decl *root; /* the last in the file of what it is made of: it stands there; NULL: nothing is of the file */
    bool is_foreign;      /* nothing that it is made of is of this file: other files may declare it, too, so guard it */
} emit_view;

/** The stream of an item's type, declared by one file. */
typedef struct emit_stream {
    const char *name; /* "bank_Entry_stream" */
    const idl_type *item;
    bool is_foreign; /* nothing of the item is of this file: other files may declare it, too, so guard it */
} emit_stream;

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
    emit_stream *streams;
    size_t n_streams;
    bool streams_known;
    idl_names statics; /* names (char *) of the file's private type tables, by what they describe */
    emit_buf static_tables;
} emit_file;

typedef struct emit_run {
    idl_arena *arena;
    const idl_unit *unit;
    idl_diagnostics *diagnostics;
    emit_file *files; /* in the unit's order */
    idl_names calls;  /* emit_calls by the address of the interface's declaration */
    idl_names plain;  /* "plain" or "" by the scoped name of a struct, union or array that was looked at */
    idl_names native; /* the same of what holds a native value: "native" or "" */
    idl_names zero;   /* the same of what starts as zeros: "zero" or "" */
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
/** What has that name, or derives it, in the file's sight; NULL: nothing. */
const idl_decl *emit_taken_by(const emit_file *file, const char *name);
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
    bool is_stream;           /* then it has a number and no row */
    uint32_t in_id, out_id;   /* protobuf field numbers; 0: not there */
    uint32_t in_row, out_row; /* its place among the ins, the outs: they ascend by number */
} emit_param;

typedef struct emit_call {
    const idl_decl *owner; /* the interface that declares it */
    const idl_decl *decl;  /* operation or attribute */
    enum { EMIT_OPERATION, EMIT_GETTER, EMIT_SETTER } role;
    const char *wire_name; /* "withdraw", "get_balance" */
    const char *stem;      /* what its names in C are made of: "withdraw", "get_balance" */
    const char *servant_member;
    const idl_type *result;      /* NULL: none, or a stream */
    const emit_param *stream_in; /* that of params which is a stream; NULL: none */
    const idl_type *stream_out;  /* the result, if it is a stream: the sequence; NULL: it is not */
    const idl_decl_list *raises;
    const emit_param *params;
    size_t n_params;
    uint32_t n_in, n_out; /* without streams */
} emit_call;

typedef struct emit_calls {
    const emit_call *items;
    size_t length;
} emit_calls;

/** The parameter in that row of the ins or of the outs; NULL: the result, which is the first of the outs. */
const emit_param *emit_param_at(const emit_call *call, uint32_t row, bool is_out);
/** inherited: those of all bases come first; else its own only. Made once an interface. */
emit_calls emit_calls_of(emit_run *run, const idl_decl *interface, bool inherited);
/** "bank_Branch_get_name", with suffix "_begin" and the like; interface: the one under whose name it is meant. */
const char *emit_call_name(emit_run *run, const idl_decl *interface, const emit_call *call, const char *suffix);
/** Is it interface's own operation, declared under the IDL's very name (and not derived)? */
bool emit_call_is_plain_name(const idl_decl *interface, const emit_call *call);

/* ---- promises (emit_promises.c) ---- */

/** A reference in an out parameter, or inside a struct that comes out. */
typedef struct emit_promise {
    const char *name; /* of its path: "main", "entry_owner" */
    const idl_type *type;
    const uint32_t *path; /* field numbers, from the outputs inwards */
    size_t n_path;
} emit_promise;
typedef struct emit_promises {
    const emit_promise *items;
    size_t length;
} emit_promises;
/** Has it a _promise()? */
bool emit_is_promised(emit_run *run, const emit_call *call);
emit_promises emit_promises_of(emit_run *run, const emit_call *call);
/** "_promised_main". */
const char *emit_promised_suffix(emit_run *run, const emit_promise *promise);
void emit_promise_stubs(emit_file *file, emit_buf *out, const idl_decl *interface, const emit_call *call);
/** Under the heir's name. */
void emit_promise_forward(emit_file *file, emit_buf *out, const idl_decl *interface, const emit_call *call);
void emit_header_promises(emit_file *file, emit_buf *out, const idl_decl *interface, bool with_rules);
void emit_header_inherited_promises(emit_file *file, emit_buf *out, const idl_decl *interface, const emit_call *call);

/* ---- types (emit_types.c, emit_views.c) ---- */

/** What a type is like where it is passed. FLAT: a struct, union, bitset or named array without a pointer inside: in by address,
 * out into the caller's storage. STRING: all that is text. SEQUENCE: maps, too. ARRAY: one without a name, in a member only. */
typedef enum emit_shape {
    EMIT_PLAIN,
    EMIT_STRING,
    EMIT_STRUCT,
    EMIT_FLAT,
    EMIT_SEQUENCE,
    EMIT_REFERENCE,
    EMIT_ANY,
    EMIT_ARRAY
} emit_shape;
emit_shape emit_shape_of(emit_run *run, const idl_type *type);
/** Follows typedefs, but for that of an array, which is a struct in C: an IDL_NAMED of it is returned. */
const idl_type *emit_resolve(const idl_type *type);
/** A typedef that is a struct of an array in C. */
bool emit_is_array_decl(const idl_decl *decl);
/** What is a struct with functions in C: struct, union, bitset, named array. */
bool emit_is_value_decl(const idl_decl *decl);
/** No pointer inside: CORBEL_PLAIN. */
bool emit_is_plain(emit_run *run, const idl_type *type);
/** Text, references, any: optional ones have no pointer to them. */
bool emit_is_pointer(emit_run *run, const idl_type *type);

/* C types, ending in a space or a star, so that a name can follow at once. */
const char *emit_value_type(emit_run *run, const idl_type *type); /* a member, an item: "const char *"; of an array's items */
const char *emit_in_type(emit_run *run, const idl_type *type);    /* "const bank_Entry *" */
const char *emit_out_type(emit_run *run, const idl_type *type);   /* of a caller: "char **", "bank_Entry **" */
const char *emit_servant_out_type(emit_run *run, const idl_type *type); /* "const char **", "bank_Entry *" */
const char *emit_const_pointer(emit_run *run, const idl_type *type);    /* to a value: "const char *const *" */
/** "[3][4]" of an array without a name, else "". */
const char *emit_dimensions(emit_run *run, const idl_type *type);
/** "const int64_t *name", "const char *name", "const int32_t (*name)[3]". */
const char *emit_optional_member(emit_run *run, const idl_type *type, const char *name);

/** What releases an output: "bank_Entry_free", or NULL. */
const char *emit_release(emit_run *run, const idl_type *type);
/** Of a basic type the "int32" of corbel_int32_seq, the "wstring" of corbel_wstring_type, the "INT32" of CORBEL_KIND_INT32; NULL
 * for everything else. */
const char *emit_basic_name(const idl_type *type);
const char *emit_basic_table(const idl_type *type);
const char *emit_basic_kind(const idl_type *type);
/** Of a sequence or map. */
const char *emit_view_name(emit_run *run, const idl_type *view);
/** Its view is the library's own (corbel_int32_seq). */
bool emit_is_library_view(const idl_type *view);
/** "uint32_t": as narrow as its bits allow. */
const char *emit_bitmask_type(const idl_decl *bitmask);
/** "bank_Entry_seq_clear", "_copy". */
const char *emit_view_function(emit_run *run, const idl_type *view, const char *suffix);
/** The views that the file has to declare. */
void emit_views_collect(emit_file *file);
const emit_view *emit_view_visible(const emit_file *file, const char *name);
/** Those that stand at root. is_complete: root has its members already; else items of maps follow with emit_map_items(). */
void emit_views_of(emit_file *file, emit_buf *out, const idl_decl *root, bool is_complete);
void emit_map_items(emit_file *file, emit_buf *out, const idl_decl *root);
void emit_foreign_views(emit_file *file, emit_buf *out);
bool emit_has_maps(const emit_file *file);
/** In the .c; shared: before the type. */
void emit_map_functions(emit_file *file, emit_buf *out, const emit_view *view, const char *shared);
/** What a lookup in a map or union gives: a pointer to the value, of text, references and any the value itself. */
const char *emit_found_type(emit_run *run, const idl_type *type);

/* ---- streams (emit_streams.c) ---- */

bool emit_has_streams(const emit_call *call);
/** What a sequence is one of. */
const idl_type *emit_item_of(const idl_type *sequence);
/** Of a sequence's items: "bank_Entry_stream"; of its functions "bank_Entry_stream_next", "_put", "_end". */
const char *emit_stream_name(emit_run *run, const idl_type *sequence);
const char *emit_stream_function(emit_run *run, const idl_type *sequence, const char *suffix);
/** The streams that the file has to declare. */
void emit_streams_collect(emit_file *file);
void emit_stream_types(emit_file *file, emit_buf *out);
void emit_stream_functions(emit_file *file, emit_buf *out);

/* ---- values (emit_values.c) ---- */

/** The members that have a place in C: of a struct the base's first, of a bitset those with a name, of an exception or union its
 *  own. */
typedef struct emit_members {
    const idl_decl *const *items;
    size_t length;
} emit_members;
emit_members emit_members_of(emit_run *run, const idl_decl *decl);
/** Its protobuf field number; not of a bit field. */
uint32_t emit_member_id(const idl_decl *member);
/** Those that travel, with their numbers, which ascend. */
typedef struct emit_field {
    uint32_t id;
    const idl_decl *member;
} emit_field;
typedef struct emit_fields {
    const emit_field *items;
    size_t length;
} emit_fields;
emit_fields emit_fields_of(emit_run *run, const idl_decl *decl);
/** It has that annotation of the standard or of Corbel's, which is a flag, and not FALSE. */
bool emit_is_marked(const idl_decl *decl, const char *flag);
/** @non_serialized: it stays here. */
bool emit_is_unsent(const idl_decl *member);

/** What a value may be, by @range, @min, @max on the way from decl (or NULL) through its typedefs, and by a bit field's width. */
typedef struct emit_range {
    idl_value min, max; /* NONE: there is none */
} emit_range;
emit_range emit_range_of(const idl_type *type, const idl_decl *decl);

/** What starts a value: "NULL", "bank_Entry_INIT". */
const char *emit_initial(emit_run *run, const idl_type *type);
/** The same of a member, with its default. */
const char *emit_initial_member(emit_run *run, const idl_decl *member);
/** A constant expression of the type: "12", "true", "bank_FEE", "\"text\"". */
const char *emit_literal(emit_run *run, const idl_type *type, const idl_value *value);
/** The same for a comment: "-12" without parentheses. */
const char *emit_written(emit_run *run, const idl_type *type, const idl_value *value);
/** "at most 12 bytes", "0 to 5", or NULL; decl: what has the type, for its own range, or NULL. */
const char *emit_bound_note(emit_run *run, const idl_type *type, const idl_decl *decl);

/* ---- unions (emit_unions.c) ---- */

void emit_union(emit_file *file, emit_buf *out, const idl_decl *decl);
void emit_union_functions(emit_file *file, emit_buf *out, const idl_decl *decl, bool is_header);
/** A value of the discriminator that selects the case. */
const char *emit_case_label(emit_run *run, const idl_decl *decl, const idl_decl *member);

/* ---- any and JSON (emit_conversions.c) ---- */

/** In the .c: of a type, of a view; nothing for what has none. */
void emit_conversions(emit_file *file, emit_buf *out, const idl_decl *decl);
void emit_view_conversions(emit_file *file, emit_buf *out, const emit_view *view);
/** In the header, of all of the file. */
void emit_conversion_prototypes(emit_file *file, emit_buf *out);

/* ---- tables (emit_tables.c, emit_private_tables.c, emit_fingerprint.c) ---- */

/** "&bank_Entry_type"; makes the private table that it may need. decl: what has the type, for its range, or NULL. */
const char *emit_type_address(emit_file *file, const idl_type *type, const idl_decl *decl);
/** The table of an array; head: "static const corbel_type name"; decl: its typedef, or NULL. */
void emit_array_table(emit_file *file, emit_buf *out, const idl_type *array, const char *head, const idl_decl *decl);
/** "{ .name = …, .value = … }" of each. */
emit_strings emit_enumerator_rows(emit_run *run, const idl_decl *decl);
void emit_enum_table(emit_file *file, emit_buf *out, const idl_decl *decl);
void emit_bitmask_table(emit_file *file, emit_buf *out, const idl_decl *decl);
/** Of a struct, exception, union, bitset or named array. */
void emit_value_table(emit_file *file, emit_buf *out, const idl_decl *decl);
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
/** A line of a struct or union; note: what is to be said of it beside its bounds, or NULL. */
void emit_member(emit_file *file, emit_buf *out, const idl_decl *member, int indent, const char *note);
void emit_header_interface(emit_file *file, emit_buf *out, const idl_decl *interface, bool with_rules);
void emit_header_inherited(emit_file *file, emit_buf *out, const idl_decl *interface);
void emit_header_small_print(emit_file *file, emit_buf *out);
/** Of structs, unions and the like, sequences and maps. */
void emit_small_values(emit_file *file, emit_buf *out);
/** A prototype with up to four parameters; NULL: no more. */
void emit_prototype(emit_file *file, emit_buf *out, const char *prefix, const char *name, const char *first, const char *second,
                    const char *third, const char *fourth);
void emit_source(emit_file *file, emit_buf *out);
void emit_stubs(emit_file *file, emit_buf *out, const idl_decl *interface);
void emit_inherited_stubs(emit_file *file, emit_buf *out, const idl_decl *interface);
void emit_skeleton(emit_file *file, emit_buf *out, const idl_decl *interface);
/** _reply and _defer of its own operations (emit_replies.c). */
void emit_replies(emit_file *file, emit_buf *out, const idl_decl *interface);
void emit_header_replies(emit_file *file, emit_buf *out, const idl_decl *interface);
/** Has it _args and _defer()? */
bool emit_lends_arguments(const emit_call *call);
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
/** The calls that are in no lane: @overlap, of the operation or of the interface that declares it. */
bool emit_overlaps(const emit_call *call);
/* In milliseconds; 0: none. */
uint32_t emit_deadline(const emit_call *call);

/** @serial, of the interface or of a base: an heir's objects keep what is said of them as the base's. */
typedef enum emit_serial { EMIT_NOT_SERIAL, EMIT_SERIAL, EMIT_STRICT } emit_serial;
emit_serial emit_serial_of(const idl_decl *interface);

/** "bank.corbel.h" as the includer must write it, for the i-th include. */
const char *emit_include_name(emit_run *run, const idl_file *includer, size_t index);
/** Was the i-th include found from the includer's own folder, and not below a root? */
bool emit_is_beside(const idl_file *includer, size_t index);

/** What the emitters cannot write yet is an error, at its place (emit_gate.c). It comes before everything else: they never see
 * it. */
void emit_gate(emit_run *run);

/** What the language has and a C program with these tables cannot: field numbers in protobuf's own band,
 *  parameters that meet. Errors go to diagnostics. */
void emit_check(emit_file *file);
/** An error if protobuf reserves the field number. */
void emit_check_number(emit_run *run, const idl_decl *decl, uint32_t number);

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
