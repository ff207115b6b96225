/** The reserved words of IDL 4.2. */
#ifndef IDL_KEYWORDS_H
#define IDL_KEYWORDS_H

#include <stdbool.h>
#include <stddef.h>

/* Sorted by the word in lower case. */
#define IDL_KEYWORDS(X)                                                                                                          \
    X(ABSTRACT, "abstract")                                                                                                      \
    X(ALIAS, "alias")                                                                                                            \
    X(ANY, "any")                                                                                                                \
    X(ATTRIBUTE, "attribute")                                                                                                    \
    X(BITFIELD, "bitfield")                                                                                                      \
    X(BITMASK, "bitmask")                                                                                                        \
    X(BITSET, "bitset")                                                                                                          \
    X(BOOLEAN, "boolean")                                                                                                        \
    X(CASE, "case")                                                                                                              \
    X(CHAR, "char")                                                                                                              \
    X(COMPONENT, "component")                                                                                                    \
    X(CONNECTOR, "connector")                                                                                                    \
    X(CONST, "const")                                                                                                            \
    X(CONSUMES, "consumes")                                                                                                      \
    X(CONTEXT, "context")                                                                                                        \
    X(CUSTOM, "custom")                                                                                                          \
    X(DEFAULT, "default")                                                                                                        \
    X(DOUBLE, "double")                                                                                                          \
    X(EMITS, "emits")                                                                                                            \
    X(ENUM, "enum")                                                                                                              \
    X(EVENTTYPE, "eventtype")                                                                                                    \
    X(EXCEPTION, "exception")                                                                                                    \
    X(FACTORY, "factory")                                                                                                        \
    X(FALSE, "FALSE")                                                                                                            \
    X(FINDER, "finder")                                                                                                          \
    X(FIXED, "fixed")                                                                                                            \
    X(FLOAT, "float")                                                                                                            \
    X(GETRAISES, "getraises")                                                                                                    \
    X(HOME, "home")                                                                                                              \
    X(IMPORT, "import")                                                                                                          \
    X(IN, "in")                                                                                                                  \
    X(INOUT, "inout")                                                                                                            \
    X(INT16, "int16")                                                                                                            \
    X(INT32, "int32")                                                                                                            \
    X(INT64, "int64")                                                                                                            \
    X(INT8, "int8")                                                                                                              \
    X(INTERFACE, "interface")                                                                                                    \
    X(LOCAL, "local")                                                                                                            \
    X(LONG, "long")                                                                                                              \
    X(MANAGES, "manages")                                                                                                        \
    X(MAP, "map")                                                                                                                \
    X(MIRRORPORT, "mirrorport")                                                                                                  \
    X(MODULE, "module")                                                                                                          \
    X(MULTIPLE, "multiple")                                                                                                      \
    X(NATIVE, "native")                                                                                                          \
    X(OBJECT, "Object")                                                                                                          \
    X(OCTET, "octet")                                                                                                            \
    X(ONEWAY, "oneway")                                                                                                          \
    X(OUT, "out")                                                                                                                \
    X(PORT, "port")                                                                                                              \
    X(PORTTYPE, "porttype")                                                                                                      \
    X(PRIMARYKEY, "primarykey")                                                                                                  \
    X(PRIVATE, "private")                                                                                                        \
    X(PROVIDES, "provides")                                                                                                      \
    X(PUBLIC, "public")                                                                                                          \
    X(PUBLISHES, "publishes")                                                                                                    \
    X(RAISES, "raises")                                                                                                          \
    X(READONLY, "readonly")                                                                                                      \
    X(SEQUENCE, "sequence")                                                                                                      \
    X(SETRAISES, "setraises")                                                                                                    \
    X(SHORT, "short")                                                                                                            \
    X(STRING, "string")                                                                                                          \
    X(STRUCT, "struct")                                                                                                          \
    X(SUPPORTS, "supports")                                                                                                      \
    X(SWITCH, "switch")                                                                                                          \
    X(TRUE, "TRUE")                                                                                                              \
    X(TRUNCATABLE, "truncatable")                                                                                                \
    X(TYPEDEF, "typedef")                                                                                                        \
    X(TYPEID, "typeid")                                                                                                          \
    X(TYPENAME, "typename")                                                                                                      \
    X(TYPEPREFIX, "typeprefix")                                                                                                  \
    X(UINT16, "uint16")                                                                                                          \
    X(UINT32, "uint32")                                                                                                          \
    X(UINT64, "uint64")                                                                                                          \
    X(UINT8, "uint8")                                                                                                            \
    X(UNION, "union")                                                                                                            \
    X(UNSIGNED, "unsigned")                                                                                                      \
    X(USES, "uses")                                                                                                              \
    X(VALUEBASE, "ValueBase")                                                                                                    \
    X(VALUETYPE, "valuetype")                                                                                                    \
    X(VOID, "void")                                                                                                              \
    X(WCHAR, "wchar")                                                                                                            \
    X(WSTRING, "wstring")

typedef enum idl_keyword {
    IDL_KEYWORD_NONE,
#define X(name, word) IDL_KEYWORD_##name,
    IDL_KEYWORDS(X)
#undef X
        IDL_N_KEYWORDS
} idl_keyword;

/** The reserved word that a name is, in any mixture of upper and lower case. */
idl_keyword idl_keyword_find(const char *name, size_t length);

/** It came with value types, components and what followed: older files use it as a name, which is taken with a warning, since no
 *  rule of the grammar has both a name and this keyword in one place. */
bool idl_keyword_is_young(idl_keyword keyword);

/** It begins a type, and files use it as the name of a member: "sequence", and "int8" to "uint64", which old IDL does not have.
 */
bool idl_keyword_is_new_type(idl_keyword keyword);
/** int8 to int64, uint8 to uint64. */
bool idl_keyword_is_new_integer(idl_keyword keyword);

/** As it has to be written. */
const char *idl_keyword_word(idl_keyword keyword);

#endif /* IDL_KEYWORDS_H */
