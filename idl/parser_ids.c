/* What only says under which repository id a declaration is known: typeid, typeprefix, and the pragmas of the standard. */
#include "idl/parser.h"
#include "idl/text.h"

#include <string.h>

/* The names and strings of a pragma's line. */
typedef struct pragma_reader {
    idl_parser *parser;
    const idl_token *token;
    const char *at;
    const char *end;
} pragma_reader;

static void skip_blank(pragma_reader *reader)
{
    while (reader->at < reader->end && (*reader->at == ' ' || *reader->at == '\t')) {
        reader->at++;
    }
}

/* scoped_name; NULL: there is none here */
static char *read_name(pragma_reader *reader)
{
    skip_blank(reader);
    const char *start = reader->at;
    while (reader->at < reader->end && (idl_is_name_part(*reader->at) || *reader->at == ':')) {
        reader->at++;
    }
    return reader->at == start ? NULL : idl_arena_text(reader->parser->arena, start, (size_t)(reader->at - start));
}

/* string_literal, without escapes; NULL: there is none here */
static char *read_string(pragma_reader *reader)
{
    skip_blank(reader);
    if (reader->at == reader->end || *reader->at != '"') {
        return NULL;
    }
    const char *start = reader->at + 1;
    const char *close = memchr(start, '"', (size_t)(reader->end - start));
    if (close == NULL || !idl_is_utf8(start, (size_t)(close - start))) {
        return NULL;
    }
    reader->at = close + 1;
    return idl_arena_text(reader->parser->arena, start, (size_t)(close - start));
}

/* digits "." digits */
static char *read_version(pragma_reader *reader)
{
    skip_blank(reader);
    const char *start = reader->at;
    size_t points = 0;
    while (reader->at < reader->end && (idl_is_digit(*reader->at) || *reader->at == '.')) {
        points += *reader->at++ == '.' ? 1 : 0;
    }
    const bool is_version = points == 1 && *start != '.' && reader->at[-1] != '.';
    return is_version ? idl_arena_text(reader->parser->arena, start, (size_t)(reader->at - start)) : NULL;
}

/* What a name in a pragma stands for; NULL: nothing, which was reported. */
static idl_node *find_named(pragma_reader *reader, const char *name)
{
    idl_parser *parser = reader->parser;
    const idl_scope *scope = parser->scope;
    bool outward = true;
    const char *at = name;
    if (strncmp(at, "::", 2) == 0) {
        scope = idl_file_scope(scope);
        outward = false;
        at += 2;
    }
    idl_node *found = NULL;
    while (scope != NULL) {
        const size_t length = strcspn(at, ":");
        char *part = idl_arena_text(parser->arena, at, length);
        part += *part == '_' && length > 1 ? 1 : 0;
        found = outward ? idl_scope_find_outward(scope, part, NULL) : idl_scope_find(scope, part, NULL);
        at += length;
        if (found == NULL || strncmp(at, "::", 2) != 0) {
            break;
        }
        at += 2;
        scope = found->scope;
        outward = false;
        found = NULL;
    }
    if (found == NULL || *at != '\0' || found->is_builtin) {
        idl_error(parser->diagnostics, IDL_DIAG_UNKNOWN_NAME, &reader->token->range, "unknown name '%s' in #pragma %s", name,
                  reader->token->string);
        return NULL;
    }
    return found;
}

/* "#pragma" ( "prefix" string_literal | "ID" scoped_name string_literal | "version" scoped_name digits "." digits ) */
static void pragma(idl_parser *parser, const idl_token *token)
{
    pragma_reader reader = { .parser = parser, .token = token, .at = token->text, .end = token->text + token->length };
    const bool is_prefix = strcmp(token->string, "prefix") == 0;
    const bool is_id = strcmp(token->string, "ID") == 0;
    const char *name = is_prefix ? "" : read_name(&reader);
    char *value = name == NULL ? NULL : is_prefix || is_id ? read_string(&reader) : read_version(&reader);
    if (value == NULL) {
        idl_error(parser->diagnostics, IDL_DIAG_PRAGMA_SYNTAX, &token->range, "#pragma %s needs %s", token->string,
                  is_prefix ? "a string"
                  : is_id   ? "a name and a string"
                            : "a name and a version, such as 1.2");
        return;
    }
    if (is_prefix && parser->owner == NULL) {
        ((idl_source *)token->range.file)->prefix = value;
        return;
    }
    if (is_prefix) {
        parser->prefix = value; /* to the end of what is open */
        return;
    }
    idl_node *node = find_named(&reader, name);
    if (node == NULL) {
        return;
    }
    if (is_id) {
        idl_set_type_id(parser, node, value, &token->range);
    } else if (node->version != NULL && strcmp(node->version, value) != 0) {
        idl_error(parser->diagnostics, IDL_DIAG_REPEATED_ID, &token->range, "'%s' already has the version %s",
                  node->decl.scoped_name, node->version);
    } else {
        node->version = value;
    }
}

void idl_run_pragmas(idl_parser *parser)
{
    const idl_pragma *at = parser->pragmas;
    parser->pragmas = NULL;
    parser->last_pragma = NULL;
    for (; at != NULL; at = at->next) {
        pragma(parser, &at->token);
    }
}

void idl_set_type_id(idl_parser *parser, idl_node *node, const char *id, const idl_range *range)
{
    if (strchr(id, ':') == NULL) {
        idl_error(parser->diagnostics, IDL_DIAG_REPOSITORY_ID_SYNTAX, range,
                  "a repository id has a format and a colon in front: \"IDL:bank/Account:1.0\"");
    } else if (node->type_id != NULL && strcmp(node->type_id, id) != 0) {
        idl_error(parser->diagnostics, IDL_DIAG_REPEATED_ID, range, "'%s' already has the repository id \"%s\"",
                  node->decl.scoped_name, node->type_id);
    } else {
        node->type_id = id;
    }
}

/* type_id_dcl = "typeid" scoped_name string_literal ";"
 * type_prefix_dcl = "typeprefix" scoped_name string_literal ";"
 * import_dcl = "import" ( scoped_name | string_literal ) ";" */
bool idl_parse_id_dcl(idl_parser *parser)
{
    const bool is_id = idl_parser_is_keyword(parser, IDL_KEYWORD_TYPEID);
    if (idl_parser_is_keyword(parser, IDL_KEYWORD_IMPORT)) {
        idl_parser_unsupported(parser, &parser->token.range, &idl_unsupported_import);
        idl_parser_recover(parser);
        return true;
    }
    if (!is_id && !idl_parser_is_keyword(parser, IDL_KEYWORD_TYPEPREFIX)) {
        return false;
    }
    idl_range range;
    idl_parser_advance(parser);
    idl_node *node = idl_parse_scoped_name(parser, IDL_WANT_ANYTHING, &range);
    range = parser->token.range;
    if (parser->token.kind != IDL_TOKEN_STRING) {
        idl_parser_unexpected(parser, IDL_DIAG_EXPECTED_STRING, "a string");
        idl_parser_recover(parser);
        return true;
    }
    const bool bad = parser->token.bad || !idl_is_utf8(parser->token.string, parser->token.string_length);
    const char *text = parser->token.string;
    idl_parser_advance(parser);
    if (node != NULL && !bad && is_id) {
        idl_set_type_id(parser, node, text, &range);
    } else if (node != NULL && !bad && node->type_prefix != NULL && strcmp(node->type_prefix, text) != 0) {
        idl_error(parser->diagnostics, IDL_DIAG_REPEATED_ID, &range, "'%s' already has the prefix \"%s\"", node->decl.scoped_name,
                  node->type_prefix);
    } else if (node != NULL && !bad) {
        node->type_prefix = text;
    }
    if (parser->token.begins_line && !idl_parser_is_mark(parser, ';')) {
        return true; /* CORBA's own orb.idl has none */
    }
    idl_parser_expect_semicolon(parser, is_id ? "a typeid" : "a typeprefix");
    return true;
}
