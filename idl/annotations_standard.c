/* The table of known annotations. */
#include "idl/annotations.h"
#include "idl/text.h"

#include <string.h>

#define ON(kind) IDL_TARGET(IDL_##kind)
#define CONSTRUCTED (ON(STRUCT) | ON(UNION) | ON(ENUM) | ON(BITSET) | ON(BITMASK))
#define VALUES (ON(MEMBER) | ON(PARAMETER) | ON(ATTRIBUTE) | ON(OPERATION) | ON(TYPEDEF) | ON(BITFIELD) | IDL_TARGET_TYPE)
#define FLAG                                                                                                                     \
    {                                                                                                                            \
        {                                                                                                                        \
            "value", IDL_PARAMETER_BOOLEAN, false, NULL                                                                          \
        }                                                                                                                        \
    }
#define ONE(kind)                                                                                                                \
    {                                                                                                                            \
        {                                                                                                                        \
            "value", IDL_PARAMETER_##kind, true, NULL                                                                            \
        }                                                                                                                        \
    }
#define WORD(required, words)                                                                                                    \
    {                                                                                                                            \
        {                                                                                                                        \
            "value", IDL_PARAMETER_WORD, required, words                                                                         \
        }                                                                                                                        \
    }
#define NONE                                                                                                                     \
    {                                                                                                                            \
        {                                                                                                                        \
            NULL, IDL_PARAMETER_BOOLEAN, false, NULL                                                                             \
        }                                                                                                                        \
    }

static const idl_standard_annotation table[] = {
    /* OMG IDL 4.2, general purpose */
    { "id", IDL_MEANING_ID, ON(MEMBER) | ON(PARAMETER), "members and parameters", false, ONE(UINT32) },
    { "autoid", IDL_MEANING_AUTOID, ON(MODULE) | ON(STRUCT) | ON(UNION) | ON(EXCEPTION),
      "modules, structs, unions and exceptions", false, WORD(false, "SEQUENTIAL HASH") },
    { "optional", IDL_MEANING_OPTIONAL, ON(MEMBER), "members of structs and exceptions", false, FLAG },
    { "position", IDL_MEANING_POSITION, ON(BIT), "the bits of a bitmask", false, ONE(UINT16) },
    { "value", IDL_MEANING_VALUE, ON(ENUMERATOR), "enumerators", false, ONE(ANY) },
    { "extensibility", IDL_MEANING_EXTENSIBILITY, CONSTRUCTED, "structs, unions, enums, bitsets and bitmasks", false,
      WORD(true, "FINAL APPENDABLE MUTABLE") },
    { "final", IDL_MEANING_FINAL, CONSTRUCTED, "structs, unions, enums, bitsets and bitmasks", false, NONE },
    { "appendable", IDL_MEANING_APPENDABLE, CONSTRUCTED, "structs, unions, enums, bitsets and bitmasks", false, NONE },
    { "mutable", IDL_MEANING_MUTABLE, CONSTRUCTED, "structs, unions, enums, bitsets and bitmasks", false, NONE },
    /* data modelling */
    { "key", IDL_MEANING_KEY, ON(MEMBER) | IDL_TARGET_DISCRIMINATOR, "members and discriminators", false, FLAG },
    { "must_understand", IDL_MEANING_NONE, ON(MEMBER) | IDL_TARGET_DISCRIMINATOR, "members and discriminators", false, FLAG },
    { "default_literal", IDL_MEANING_DEFAULT_LITERAL, ON(ENUMERATOR), "enumerators", false, NONE },
    /* units and ranges */
    { "default", IDL_MEANING_DEFAULT, ON(MEMBER) | IDL_TARGET_DISCRIMINATOR, "members", false, ONE(ANY) },
    { "range",
      IDL_MEANING_RANGE,
      VALUES | IDL_TARGET_DISCRIMINATOR,
      "values",
      false,
      { { "min", IDL_PARAMETER_ANY, true, NULL }, { "max", IDL_PARAMETER_ANY, true, NULL } } },
    { "min", IDL_MEANING_MIN, VALUES | IDL_TARGET_DISCRIMINATOR, "values", false, ONE(ANY) },
    { "max", IDL_MEANING_MAX, VALUES | IDL_TARGET_DISCRIMINATOR, "values", false, ONE(ANY) },
    { "unit", IDL_MEANING_UNIT, VALUES | ON(CONST) | IDL_TARGET_DISCRIMINATOR, "values and constants", false, ONE(STRING) },
    /* data implementation */
    { "bit_bound", IDL_MEANING_BIT_BOUND, ON(ENUM) | ON(BITMASK), "enums and bitmasks", false, ONE(UINT16) },
    { "external", IDL_MEANING_NONE, ON(MEMBER) | ON(TYPEDEF) | IDL_TARGET_TYPE, "members and elements", false, FLAG },
    { "nested", IDL_MEANING_NONE, CONSTRUCTED | ON(TYPEDEF), "types", false, FLAG },
    /* code generation */
    { "verbatim",
      IDL_MEANING_NONE,
      IDL_TARGET_ALL,
      "everything",
      true,
      { { "text", IDL_PARAMETER_STRING, true, NULL },
        { "language", IDL_PARAMETER_STRING, false, NULL },
        { "placement", IDL_PARAMETER_WORD, false,
          "BEGIN_FILE BEFORE_DECLARATION BEGIN_DECLARATION END_DECLARATION AFTER_DECLARATION END_FILE" } } },
    /* interfaces */
    { "service", IDL_MEANING_NONE, ON(INTERFACE), "interfaces", true, { { "platform", IDL_PARAMETER_STRING, false, NULL } } },
    { "oneway", IDL_MEANING_ONEWAY, ON(OPERATION), "operations", false, FLAG },
    { "ami", IDL_MEANING_NONE, ON(INTERFACE) | ON(OPERATION) | ON(MODULE), "modules, interfaces and operations", false, FLAG },
    /* DDS-XTypes */
    { "hashid", IDL_MEANING_HASHID, ON(MEMBER), "members", false, { { "value", IDL_PARAMETER_STRING, false, NULL } } },
    { "default_nested", IDL_MEANING_NONE, ON(MODULE), "modules", false, FLAG },
    { "ignore_literal_names", IDL_MEANING_NONE, ON(ENUM), "enums", false, FLAG },
    { "try_construct", IDL_MEANING_NONE, ON(MEMBER) | ON(TYPEDEF) | IDL_TARGET_TYPE | IDL_TARGET_DISCRIMINATOR,
      "members and elements", false, WORD(false, "DISCARD USE_DEFAULT TRIM") },
    { "non_serialized", IDL_MEANING_NONE, ON(MEMBER), "members", false, FLAG },
    { "data_representation",
      IDL_MEANING_NONE,
      CONSTRUCTED | ON(MODULE),
      "modules and types",
      true,
      { { "allowed", IDL_PARAMETER_WORDS, true, "XCDR1 XML XCDR2" } } },
    { "topic",
      IDL_MEANING_NONE,
      CONSTRUCTED | ON(TYPEDEF),
      "types",
      true,
      { { "name", IDL_PARAMETER_STRING, false, NULL }, { "platform", IDL_PARAMETER_STRING, false, NULL } } },
    /* Corbel's */
    { "deprecated",
      IDL_MEANING_DEPRECATED,
      IDL_TARGET_ALL,
      "everything",
      false,
      { { "value", IDL_PARAMETER_STRING, false, NULL } } },
    { "c_name", IDL_MEANING_C_NAME, IDL_TARGET_ALL & ~(IDL_TARGET_TYPE | IDL_TARGET_DISCRIMINATOR | ON(MODULE)),
      "what has a name in C", false, ONE(STRING) },
    { "idempotent", IDL_MEANING_NONE, ON(OPERATION) | ON(ATTRIBUTE), "operations and attributes", false, NONE },
    { "readonly_op", IDL_MEANING_NONE, ON(OPERATION), "operations", false, NONE },
    { "once", IDL_MEANING_NONE, ON(OPERATION) | ON(ATTRIBUTE), "operations and attributes", false, NONE },
    { "stream", IDL_MEANING_STREAM, ON(OPERATION) | ON(PARAMETER), "operations and parameters", false, NONE },
    { "deadline", IDL_MEANING_DEADLINE, ON(OPERATION) | ON(ATTRIBUTE) | ON(INTERFACE), "interfaces, operations and attributes",
      false, ONE(UINT32) },
    { "instance", IDL_MEANING_REFUSED, ON(INTERFACE), "interfaces", false, WORD(true, "single session percall") },
    { "serial", IDL_MEANING_NONE, ON(INTERFACE), "interfaces", false, WORD(false, "strict") },
    { "overlap", IDL_MEANING_NONE, ON(INTERFACE) | ON(OPERATION), "interfaces and operations", false, NONE },
};

const idl_standard_annotation *idl_standard_annotation_at(size_t i)
{
    return i < sizeof table / sizeof *table ? &table[i] : NULL;
}

const idl_standard_annotation *idl_standard_annotation_find(const char *name)
{
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        if (strcmp(table[i].name, name) == 0) {
            return &table[i];
        }
    }
    return NULL;
}

const char *idl_standard_annotation_suggest(const char *name)
{
    const size_t length = strlen(name);
    size_t limit = length < 3 ? 0 : length < 6 ? 1 : 2;
    const char *best = NULL;
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        const size_t distance = idl_edit_distance(name, table[i].name, limit);
        if (distance <= limit && (best == NULL || distance < limit)) {
            best = table[i].name;
            limit = distance;
        }
    }
    return best;
}
