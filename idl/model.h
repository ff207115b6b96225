/** The model of a compiled IDL file: what the parser makes, the checks complete, and the emitters read.
 *
 *  Everything belongs to one idl_unit and lives until idl_unit_free(). After a successful idl_compile() the model is complete
 *  and consistent: every name is resolved, every constant evaluated, every bound known; emitters need no checks of their own.
 *  The model is not changed after that; any thread may read it. */
#ifndef IDL_MODEL_H
#define IDL_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct idl_file idl_file;
typedef struct idl_type idl_type;
typedef struct idl_decl idl_decl;

/** A stretch of one source line. Lines and columns count from 1, columns and length in bytes. */
typedef struct idl_range {
    const idl_file *file;
    uint32_t line;
    uint32_t column;
    uint32_t length;
} idl_range;

/** A source file that was read. */
struct idl_file {
    const char *path;     /* as given on the command line, or found for an #include: for messages and -MD */
    const char *spelling; /* of an included file: what stood between the quotes; of a main file: its base name */
    bool is_main;         /* given on the command line: its declarations are emitted */
    const char *text;     /* whole, NUL-terminated */
    size_t length;
    idl_file *next;                       /* all files of the unit, in the order in which they were first read */
    const idl_file *const *includes;      /* NULL-terminated: the files that this one includes directly, in order, each once */
    const char *const *include_spellings; /* of each of includes: what first stood between the quotes here */
};

typedef enum idl_type_kind {
    IDL_VOID,
    IDL_BOOLEAN,
    IDL_OCTET,
    IDL_CHAR,
    IDL_INT16, /* short */
    IDL_UINT16,
    IDL_INT32, /* long */
    IDL_UINT32,
    IDL_INT64, /* long long */
    IDL_UINT64,
    IDL_FLOAT,
    IDL_DOUBLE,
    IDL_STRING,   /* bound */
    IDL_SEQUENCE, /* element, bound */
    IDL_NAMED     /* decl: an enum, a struct, a typedef or an interface (never a forward declaration: that is resolved) */
} idl_type_kind;

struct idl_type {
    idl_type_kind kind;
    uint64_t bound; /* 0: unbounded */
    const idl_type *element;
    const idl_decl *decl;
    idl_range range;
};

/** Follows typedefs: never returns an IDL_NAMED of a typedef. */
const idl_type *idl_type_resolve(const idl_type *type);

/** The value of a constant or of an enumerator. */
typedef struct idl_value {
    enum {
        IDL_VALUE_NONE,
        IDL_VALUE_INTEGER,
        IDL_VALUE_FLOAT,
        IDL_VALUE_BOOLEAN,
        IDL_VALUE_CHAR,
        IDL_VALUE_STRING,
        IDL_VALUE_ENUM
    } kind;
    bool negative;              /* INTEGER: the value is -magnitude */
    uint64_t magnitude;         /* INTEGER, CHAR, BOOLEAN */
    double number;              /* FLOAT */
    const char *string;         /* STRING: its bytes, escapes resolved, NUL-terminated (no NUL inside) */
    const idl_decl *enumerator; /* ENUM */
} idl_value;

typedef enum idl_decl_kind {
    IDL_MODULE,     /* children: its definitions; a reopened module is several of these with the same scoped name */
    IDL_CONST,      /* type, value */
    IDL_TYPEDEF,    /* type; one declaration for each declarator */
    IDL_ENUM,       /* children: enumerators */
    IDL_ENUMERATOR, /* value: INTEGER, counted from 0; lives in the scope that contains the enum */
    IDL_STRUCT,     /* children: members */
    IDL_EXCEPTION,  /* children: members */
    IDL_MEMBER,     /* type */
    IDL_FORWARD,    /* interface X; definition: where it is defined (of the unit, never NULL after the checks) */
    IDL_INTERFACE,  /* bases; children: attributes and operations, in order */
    IDL_ATTRIBUTE,  /* type, is_readonly; one declaration for each declarator */
    IDL_OPERATION,  /* type (IDL_VOID for void), is_oneway, raises; children: parameters */
    IDL_PARAMETER   /* type, direction */
} idl_decl_kind;

typedef enum idl_direction { IDL_IN, IDL_OUT, IDL_INOUT } idl_direction;

/** A list of declarations that belong elsewhere. */
typedef struct idl_decl_list {
    size_t length;
    const idl_decl *const *items;
} idl_decl_list;

struct idl_decl {
    idl_decl_kind kind;
    const char *name;        /* "Account", an escape's underscore removed; never NULL */
    const char *scoped_name; /* "bank::Account"; of a member, parameter, …: its owner's, "::", its own */
    idl_range range;         /* of the name */
    const char *doc;         /* the comment right before it (or behind it on the same line), markers and indentation removed,
                                lines separated by \n; NULL when there is none. Only doc comments count: slash-star-star,
                                triple slash, and the trailing forms with '<' */
    idl_decl *parent;        /* the scope in which it was declared; NULL at file level */
    idl_decl *next;          /* the next in the same parent, in source order */
    idl_decl *children;      /* the first */
    const idl_type *type;
    idl_value value;
    bool is_readonly;
    bool is_oneway;
    idl_direction direction;
    idl_decl_list bases;     /* of an interface: as written */
    idl_decl_list all_bases; /* of an interface: direct and indirect ones, each once, a base always before its heirs */
    idl_decl_list members;   /* of an interface: what idl_interface_members() gives */
    idl_decl_list raises;    /* of an operation: as written */
    const idl_decl *definition;
};

/** Everything that one run compiled. */
typedef struct idl_unit {
    idl_file *files;       /* all that were read; main ones in the order given */
    idl_decl *definitions; /* of all files, top level, in source order, includes before what follows them */
} idl_unit;

/** The operations and attributes that an interface has, inherited ones first (all_bases in order, then its own), in order. */
idl_decl_list idl_interface_members(const idl_unit *unit, const idl_decl *interface);

#endif /* IDL_MODEL_H */
