/** The annotations that the compiler knows: those of OMG IDL 4.2 (all groups), of DDS-XTypes, and Corbel's own. */
#ifndef IDL_ANNOTATIONS_H
#define IDL_ANNOTATIONS_H

#include "idl/model.h"

#define IDL_PARAMETERS_MOST 3

/** Where an annotation may stand: 1 << an idl_decl_kind, and two places that are no declarations. */
#define IDL_TARGET(kind) (UINT32_C(1) << (kind))
#define IDL_TARGET_TYPE (UINT32_C(1) << 30)          /* before the type of an element: sequence<@external T> */
#define IDL_TARGET_DISCRIMINATOR (UINT32_C(1) << 31) /* before the type that a union is switched by */
#define IDL_TARGET_ALL UINT32_MAX

typedef enum idl_parameter_kind {
    IDL_PARAMETER_BOOLEAN,
    IDL_PARAMETER_UINT16,
    IDL_PARAMETER_UINT32,
    IDL_PARAMETER_STRING,
    IDL_PARAMETER_WORD,  /* one of words */
    IDL_PARAMETER_WORDS, /* some of them, with "|" between */
    IDL_PARAMETER_ANY    /* of the type of what is annotated */
} idl_parameter_kind;

typedef struct idl_parameter {
    const char *name; /* NULL: no more */
    idl_parameter_kind kind;
    bool is_required;
    const char *words; /* "SEQUENTIAL HASH" */
} idl_parameter;

typedef enum idl_meaning {
    IDL_MEANING_NONE, /* it is kept and described */
    IDL_MEANING_ID,
    IDL_MEANING_AUTOID,
    IDL_MEANING_HASHID,
    IDL_MEANING_OPTIONAL,
    IDL_MEANING_POSITION,
    IDL_MEANING_VALUE,
    IDL_MEANING_EXTENSIBILITY,
    IDL_MEANING_FINAL,
    IDL_MEANING_APPENDABLE,
    IDL_MEANING_MUTABLE,
    IDL_MEANING_KEY,
    IDL_MEANING_DEFAULT_LITERAL,
    IDL_MEANING_DEFAULT,
    IDL_MEANING_RANGE,
    IDL_MEANING_MIN,
    IDL_MEANING_MAX,
    IDL_MEANING_UNIT,
    IDL_MEANING_BIT_BOUND,
    IDL_MEANING_DEPRECATED,
    IDL_MEANING_ONEWAY,
    IDL_MEANING_C_NAME,
    IDL_MEANING_STREAM,
    IDL_MEANING_DEADLINE,
    IDL_MEANING_REFUSED /* its meaning is not kept yet, and it says something about calls */
} idl_meaning;

typedef struct idl_standard_annotation {
    const char *name;
    idl_meaning meaning;
    uint32_t targets;
    const char *place; /* "members and parameters": the targets, for a message */
    bool may_repeat;
    idl_parameter parameters[IDL_PARAMETERS_MOST];
} idl_standard_annotation;

/** NULL: it is unknown. */
const idl_standard_annotation *idl_standard_annotation_find(const char *name);
/** The known one whose name is nearest; NULL: none is near. */
const char *idl_standard_annotation_suggest(const char *name);
/** The i-th, for tests; NULL: there are no more. */
const idl_standard_annotation *idl_standard_annotation_at(size_t i);

#endif /* IDL_ANNOTATIONS_H */
