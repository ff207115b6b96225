/* Definitions that the grammar has and this compiler does not: one error, and their names are known from then on. */
#include "idl/parser.h"

typedef struct unsupported {
    idl_keyword keyword;
    const char *what;
} unsupported;

static const unsupported table[] = {
    { IDL_KEYWORD_UNION, "unions are" },
    { IDL_KEYWORD_NATIVE, "native types are" },
    { IDL_KEYWORD_BITSET, "bitsets are" },
    { IDL_KEYWORD_BITMASK, "bitmasks are" },
    { IDL_KEYWORD_ABSTRACT, "abstract interfaces and value types are" },
    { IDL_KEYWORD_LOCAL, "local interfaces are" },
    { IDL_KEYWORD_VALUETYPE, "value types are" },
    { IDL_KEYWORD_CUSTOM, "value types are" },
    { IDL_KEYWORD_EVENTTYPE, "event types are" },
    { IDL_KEYWORD_COMPONENT, "components are" },
    { IDL_KEYWORD_HOME, "homes are" },
    { IDL_KEYWORD_PORTTYPE, "port types are" },
    { IDL_KEYWORD_CONNECTOR, "connectors are" },
    { IDL_KEYWORD_TYPEID, "typeid is" },
    { IDL_KEYWORD_TYPEPREFIX, "typeprefix is" },
    { IDL_KEYWORD_IMPORT, "import is" },
    { IDL_KEYWORD_ALIAS, "alias is" },
};

bool idl_parse_unsupported_definition(idl_parser *parser)
{
    const unsupported *found = NULL;
    for (size_t i = 0; i < sizeof table / sizeof *table && parser->token.kind == IDL_TOKEN_KEYWORD; i++) {
        if (table[i].keyword == parser->token.keyword) {
            found = &table[i];
        }
    }
    if (found == NULL) {
        return false;
    }
    const bool defines =
        found->keyword != IDL_KEYWORD_TYPEID && found->keyword != IDL_KEYWORD_TYPEPREFIX && found->keyword != IDL_KEYWORD_IMPORT;
    idl_parser_unsupported(parser, &parser->token.range, found->what);
    while (parser->token.kind == IDL_TOKEN_KEYWORD) {
        idl_parser_advance(parser);
    }
    if (defines) {
        idl_declare_poisoned(parser, &parser->token);
    }
    idl_parser_recover(parser);
    return true;
}
