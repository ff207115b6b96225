/** Names and what they stand for: scopes, declaring in them, looking up in them. */
#ifndef IDL_SCOPE_H
#define IDL_SCOPE_H

#include "idl/diagnostics.h"
#include "idl/names.h"

/** The longest scoped name, in bytes. */
#define IDL_SCOPED_NAME_LIMIT 1023

/** What the grammar has and this compiler does not. */
typedef struct idl_unsupported {
    idl_diagnostic_id id;
    const char *what; /* "value types are" */
} idl_unsupported;

/** An idl_decl and what only the checks need to know of it. */
typedef struct idl_node {
    idl_decl decl;           /* first: an idl_decl of ours is an idl_node */
    struct idl_scope *scope; /* what it contains by name: module, interface, struct, exception, operation */
    const char *key;         /* its name in lower case: names that differ only in case are the same name to the standard */
    idl_decl *last;          /* its last child */
    size_t n_children;
    idl_decl *before;        /* of a struct, union or exception: what was last in its parent when it began; NULL: nothing */
    struct idl_node *member; /* of a type or enumerator defined in a struct: its member that differs only in case; NULL: none */
    idl_decl *nested; /* types that are defined in its members, in order; once it ends they stand before it in its parent */
    idl_decl *last_nested;
    bool is_measured;                          /* its depth is final */
    bool is_builtin;                           /* CORBA::TypeCode: it has no file, and makes way for a declaration of its name */
    bool has_native;                           /* of a type: a value of it may contain one of a native type */
    const char *prefix;                        /* of #pragma prefix, where it was declared; NULL: none */
    const char *type_prefix;                   /* typeprefix; NULL: none */
    const char *type_id;                       /* typeid, #pragma ID; NULL: none */
    const char *version;                       /* #pragma version; NULL: 1.0 */
    const struct idl_unsupported *unsupported; /* not in a main file, so only its uses are errors; NULL: it is supported */
    struct idl_node *twin;            /* declared after it, with a name that differs only in case: reported there, and poisoned */
    const struct idl_node *ambiguous; /* in a scope's inherited names: one of several things of this name; decl is another */
    uint32_t depth;                   /* of a typedef, struct or exception: how deep its type nests */
    bool is_open;                     /* its definition has begun and not yet ended */
    bool is_defined;                  /* of an interface: it has a definition, not only forward declarations */
    bool is_poisoned;                 /* something about it was reported: what it is used for is not */
    const idl_decl *forward;          /* of an interface: its first forward declaration; of such a one: the next */
    const idl_decl *of_enum;          /* of an enumerator */
    uint64_t mark;                    /* for walks that visit each node once */
} idl_node;

typedef struct idl_scope {
    struct idl_scope *outer; /* of file level: what is built in; of that: NULL */
    bool is_file_level;
    idl_node *owner;     /* NULL: file level; of a module: its first opening */
    idl_names names;     /* by key */
    idl_names inherited; /* of an interface: the names of all its bases, by key */
} idl_scope;

idl_node *idl_node_of(const idl_decl *decl);

/** What it is: "a struct", "an operation". */
const char *idl_kind_text(const idl_decl *decl);

/** The name in lower case. */
const char *idl_key(idl_arena *arena, const char *name);

/** What a name means in this very scope; of an interface also what it inherits. NULL: nothing; then *ret_similar (unless NULL) is
 *  what differs only in case, if it was NULL before. */
idl_node *idl_scope_find(const idl_scope *scope, const char *name, idl_node **ret_similar);

/** What a name without qualification means: this scope, then outward. */
idl_node *idl_scope_find_outward(const idl_scope *scope, const char *name, idl_node **ret_similar);

/** The scope of file level; what is outside of it is built in. */
const idl_scope *idl_file_scope(const idl_scope *scope);

/** Puts a node under its name. What was there already keeps the name: it is returned and nothing was put. */
idl_node *idl_scope_put(idl_scope *scope, idl_arena *arena, idl_node *node);

/** Which things a name was wanted for. */
typedef enum idl_wanted {
    IDL_WANT_TYPE,
    IDL_WANT_EXCEPTION,
    IDL_WANT_INTERFACE,
    IDL_WANT_STRUCT,
    IDL_WANT_BITSET,
    IDL_WANT_CONSTANT, /* also a bit, whose value only annotations can use */
    IDL_WANT_SCOPE,
    IDL_WANT_ANYTHING
} idl_wanted;

/** Whether a declaration is what was wanted. */
bool idl_is_wanted(const idl_decl *decl, idl_wanted wanted);

/** The most similar name of what was wanted, in this scope and (outward) those around it. NULL: none is near. */
const idl_node *idl_scope_suggest(const idl_scope *scope, const char *name, idl_wanted wanted, bool outward);

#endif /* IDL_SCOPE_H */
