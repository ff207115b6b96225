/** `--proto`: what travels, in proto3. One .proto a main file: messages for structs, exceptions, unions and bitsets, enums, a
 *  service for each interface, whose requests and replies are messages.
 *
 *  The package is the modules that all declarations of the file have in common; what stands in modules beyond has their names
 *  before its own, joined with '_', as in C. References to types are always from the root (".bank.Entry"), so that no name of
 *  the language is in the way of a keyword of proto3. */
#ifndef PROTO_PROTO_H
#define PROTO_PROTO_H

#include "codegen/emit.h"

typedef struct proto_file {
    emit_file *file;
    emit_run *run;
    emit_decls decls;    /* what it gives messages, enums and services, in order */
    const char *package; /* "bank", "bank.retail", "" */
    size_t depth;        /* how many modules that are */
    idl_names taken;     /* names of its package that it gives, by themselves */
    idl_names given;     /* char * by scoped name, and by "scoped name::operation request" and " reply" */
    bool uses_any;
} proto_file;

/** All files of the run: their packages and names. */
typedef struct proto_run {
    emit_run *run;
    proto_file *files; /* in the run's order */
    size_t n_files;
} proto_run;

/** Names for everything. */
proto_run *proto_names_give(emit_run *run);
proto_file *proto_file_of(const proto_run *all, const idl_file *file);
/** "Entry", "retail_Entry": in its package. */
const char *proto_name(const proto_run *all, const idl_decl *decl);
/** Of an enum without one: what its zero is called. */
const char *proto_zero_name(const proto_run *all, const idl_decl *decl);
/** The first enumerator that is 0; NULL: there is none. */
const idl_decl *proto_zero_of(const idl_decl *decl);
/** ".bank.Entry" */
const char *proto_full_name(const proto_run *all, const idl_decl *decl);
/** The request or the reply of an operation, in its package. what: "request", "reply". */
const char *proto_call_name(const proto_run *all, const emit_call *call, const char *what);

/** The names within one message: protoc wants them apart even without case and underscores. */
typedef struct proto_scope {
    idl_arena *arena;
    idl_names used;
} proto_scope;
/** wanted, or wanted_2, … */
const char *proto_scope_enter(proto_scope *scope, const char *wanted);

/** Another file that includes this one: proto3 has no imports in a circle, so that neither imports the other. */
bool proto_is_circle(const proto_file *file, const idl_file *other);
/** The messages of decl's file are not in sight. */
bool proto_is_unseen(const proto_file *file, const idl_decl *decl);

/** One field. */
typedef struct proto_field {
    const char *name;
    const idl_decl *decl; /* for its comment and its bounds; or NULL */
    const idl_type *type;
    uint32_t id;
    bool has_presence; /* absent is told from zero: @optional, @default */
} proto_field;

/** The field, with the messages that it needs before it. */
void proto_emit_field(proto_run *all, proto_file *file, proto_scope *scope, emit_buf *out, int indent, const proto_field *field);
/** In a union: what its cases need, before the oneof. */
const char *proto_single_type(proto_run *all, proto_file *file, proto_scope *scope, emit_buf *out, int indent,
                              const idl_type *type, const char *stem);
/** A comment of whole lines: the IDL's words, then a fact (or NULL). */
void proto_comment(emit_buf *out, int indent, const char *doc, const char *fact);
/** What a value may be: "At most 12 bytes."; NULL: nothing to say. */
const char *proto_facts(const proto_file *file, const proto_field *field);

/** A whole .proto. */
void proto_emit(proto_run *all, proto_file *file, emit_buf *out);

#endif /* PROTO_PROTO_H */
