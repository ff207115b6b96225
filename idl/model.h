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
typedef struct idl_annotation idl_annotation;

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
    bool is_partial;  /* only included here, and it defines what is not supported: it cannot be compiled itself, so there is no
                         header  of it */
    const char *text; /* whole, NUL-terminated */
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
    IDL_NAMED, /* decl: a typedef, enum, struct, union, interface, bitset, bitmask or native (never a forward declaration: that is
                  resolved) */
    IDL_INT8,
    IDL_UINT8, /* as octet, but a number */
    IDL_LONG_DOUBLE,
    IDL_WCHAR,   /* a code point */
    IDL_WSTRING, /* bound, in code points */
    IDL_FIXED,   /* digits, scale */
    IDL_ANY,
    IDL_OBJECT,   /* a reference to an object of any interface */
    IDL_TYPECODE, /* CORBA::TypeCode */
    IDL_MAP,      /* key, element, bound */
    IDL_ARRAY     /* element, dimensions */
} idl_type_kind;

struct idl_type {
    idl_type_kind kind;
    uint64_t bound; /* 0: unbounded */
    const idl_type *element;
    const idl_type *key; /* of a map: an integer, char, wchar, boolean, octet, string, wstring or enum, also by a typedef */
    const idl_decl *decl;
    const uint32_t *dimensions; /* of an array: of [2][3] 2 and 3; each at least 1, and the product below 2^32 */
    uint32_t n_dimensions;
    uint32_t digits; /* of a fixed: 1 to 31; 0 in the type of a constant (`const fixed`), whose value has its own */
    uint32_t scale;  /* of a fixed: how many of the digits stand behind the point */
    const idl_annotation *annotations; /* before an element's type: sequence<@external T> */
    const idl_decl *limits; /* of an annotated type: what its annotations say, in the fields of a typedef (min, max, unit);
                               NULL: it has none */
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
        IDL_VALUE_ENUM,
        IDL_VALUE_WCHAR,
        IDL_VALUE_WSTRING,
        IDL_VALUE_FIXED,
        IDL_VALUE_BITS
    } kind;
    bool negative;              /* INTEGER: the value is -magnitude */
    uint64_t magnitude;         /* INTEGER, CHAR, BOOLEAN; WCHAR: the code point; BITS: of a bitmask, which bits are set */
    double number;              /* FLOAT */
    const char *string;         /* STRING: its bytes, escapes resolved, NUL-terminated (no NUL inside); WSTRING: the same, always
                                   UTF-8; FIXED: "-12.50", as many digits behind the point as the literal or the result has */
    const idl_decl *enumerator; /* ENUM */
} idl_value;

typedef enum idl_decl_kind {
    IDL_MODULE,     /* children: its definitions; a reopened module is several of these with the same scoped name */
    IDL_CONST,      /* type, value */
    IDL_TYPEDEF,    /* type; one declaration for each declarator */
    IDL_ENUM,       /* children: enumerators; bits: its @bit_bound, or 0 */
    IDL_ENUMERATOR, /* value: INTEGER, counted from 0 or given by @value; lives in the scope that contains the enum */
    IDL_STRUCT,     /* bases: none or one; children: its own members; members: the base's, then these */
    IDL_EXCEPTION,  /* children: members */
    IDL_MEMBER,     /* type, id; of a union also labels and is_default; of an annotation default_value */
    IDL_FORWARD,    /* interface, struct or union X; definition: where it is defined (of the unit, never NULL after the checks) */
    IDL_INTERFACE,  /* bases; children: attributes, operations and nested definitions, in order; members: without the latter */
    IDL_ATTRIBUTE,  /* type, is_readonly, raises, set_raises; one declaration for each declarator */
    IDL_OPERATION,  /* type (IDL_VOID for void), is_oneway, raises; children: parameters */
    IDL_PARAMETER,  /* type, direction */
    IDL_UNION,      /* type: of the discriminator; children: members; has_implicit_default */
    IDL_BITSET,     /* bases: none or one; children: its own bit fields; bits: the width of all, the base's too */
    IDL_BITFIELD,   /* type: of its value; bits: its width; offset; an anonymous one, for padding, has the name "" */
    IDL_BITMASK,    /* children: bits; bits: its @bit_bound, 32 if there is none */
    IDL_BIT,        /* value: INTEGER, its position, 0 the lowest; lives in the scope of its bitmask */
    IDL_NATIVE,     /* nothing is known of it */
    IDL_ANNOTATION_TYPE /* @annotation X; children: members and nested types, constants */
} idl_decl_kind;

typedef enum idl_direction { IDL_IN, IDL_OUT, IDL_INOUT } idl_direction;

/** How a struct or union may change from one version of its file to the next. */
typedef enum idl_extensibility { IDL_EXTENSIBILITY_NONE, IDL_FINAL, IDL_APPENDABLE, IDL_MUTABLE } idl_extensibility;

/** One argument of an annotation. */
typedef struct idl_argument {
    const char *name; /* of the parameter: never NULL when the annotation is known, "value" for one without a name otherwise */
    idl_value value;  /* NONE if the annotation is unknown and this is no plain literal; a word of a standard's own enum, such as
                         HASH, is a STRING */
    const char *text; /* of an unknown annotation: as written, a space where there was any; else NULL */
    idl_range range;
} idl_argument;

/** An annotation that stands before a declaration or a type, checked if it is a standard one, one of Corbel's or one that the
 *  unit defines. What the standard ones say stands in the declaration's own fields, too. */
struct idl_annotation {
    const char *name;           /* "id", "m::mine" as written, without the '@' */
    const idl_decl *definition; /* the @annotation of the unit; NULL: a standard one, one of Corbel's, or unknown */
    bool is_known;
    const idl_argument *arguments; /* as written; those left out have their defaults */
    size_t n_arguments;
    idl_range range;      /* from the '@' to the end of its name */
    idl_annotation *next; /* in the order of the text */
};

/** The first annotation of that name; NULL: none. */
const idl_annotation *idl_annotation_find(const idl_annotation *first, const char *name);
/** Its argument of that name; NULL: it was left out. */
const idl_argument *idl_argument_find(const idl_annotation *annotation, const char *name);

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
    bool is_local;             /* of an interface */
    bool is_abstract;          /* of an interface */
    bool is_undefined;         /* of an interface: it has forward declarations only, and stands in no list of children */
    bool is_default;           /* of a union's member: it has the label `default`; of an enumerator: @default_literal */
    bool has_implicit_default; /* of a union: no member is_default, and the labels leave values of the discriminator free */
    bool has_id;               /* of a member or parameter: @id, @hashid or @autoid(HASH) gave the id */
    bool is_optional;          /* @optional */
    bool is_key;               /* @key */
    bool is_deprecated;        /* @deprecated */
    uint32_t deadline_ms;      /* @deadline of an operation, an attribute, or an interface, for what that declares; 0: none */
    bool is_stream;            /* @stream: of an operation its result, of one `in` parameter; then the type is a sequence without
                                  a bound */
    idl_direction direction;
    idl_extensibility extensibility;
    uint32_t id;       /* of a member: counted from 0, or given; of a parameter only if has_id */
    uint32_t bits;     /* of a bit field, bitset, bitmask, enum */
    uint32_t offset;   /* of a bit field: its lowest bit */
    uint32_t n_labels; /* of a union's member */
    const idl_value *labels;
    idl_value default_value; /* of a member: @default, or the @default_literal of its enum if that is not zero; of an annotation's
                                member: what stands behind `default` */
    idl_value min;           /* @min, @range; NONE: there is none */
    idl_value max;           /* @max, @range */
    const char *unit;        /* @unit; NULL: there is none */
    const char *c_name;      /* @c_name; NULL: there is none */
    const char *repository_id; /* "IDL:omg.org/bank/Account:1.0", of what has one: all that has a scope or is a type; else NULL */
    idl_annotation *annotations; /* all of them, in order; those of a union's discriminator are its type's */
    idl_decl_list bases;         /* of an interface, struct, bitset: as written */
    idl_decl_list all_bases;     /* of an interface: direct and indirect ones, each once, a base always before its heirs */
    idl_decl_list members;       /* of an interface: what idl_interface_members() gives; of a struct: all, the base's first */
    idl_decl_list raises;        /* of an operation: as written; of an attribute: when it is read */
    idl_decl_list set_raises;    /* of an attribute: when it is written */
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
