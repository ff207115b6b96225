/* Applying annotations, and defining them. What an annotation means to the declaration behind it is the
 * matter of annotations.c.
 */
#include "idl/annotation_arguments.h"
#include "idl/text.h"

#include <stdio.h>
#include <string.h>

static bool at_annotation_dcl(const idl_parser *parser)
{
    static const char word[] = "annotation";
    const idl_lexer *lexer = &parser->preprocessor->input->lexer;
    const char *at = lexer->at;
    while (at < lexer->end && (*at == ' ' || *at == '\t')) {
        at++;
    }
    return (size_t)(lexer->end - at) >= sizeof word - 1 && memcmp(at, word, sizeof word - 1) == 0 &&
           !idl_is_name_part(at[sizeof word - 1]);
}

/* The definition of that name in sight. */
static const idl_node *find_definition(idl_parser *parser, const char *name)
{
    const idl_scope *scope = parser->scope;
    bool outward = true;
    for (;;) {
        const char *end = strstr(name, "::");
        if (end == name) {
            scope = idl_file_scope(scope);
            outward = false;
            name += 2;
            continue;
        }
        if (end == NULL) {
            break;
        }
        const char *part = idl_arena_text(parser->arena, name, (size_t)(end - name));
        const idl_node *found = outward ? idl_scope_find_outward(scope, part, NULL) : idl_scope_find(scope, part, NULL);
        if (found == NULL || found->scope == NULL) {
            return NULL;
        }
        scope = found->scope;
        outward = false;
        name = end + 2;
    }
    const size_t size = strlen(name) + 2;
    char *key = idl_arena_alloc(parser->arena, size);
    snprintf(key, size, "@%s", idl_key(parser->arena, name));
    for (; scope != NULL; scope = outward ? scope->outer : NULL) {
        const idl_node *found = idl_names_get(&scope->names, key, size - 1);
        if (found != NULL && strcmp(found->decl.name, name) == 0) {
            return found;
        }
    }
    return NULL;
}

/* scoped_name, of whatever words. */
static const char *annotation_name(idl_parser *parser, idl_range *range)
{
    char text[IDL_SCOPED_NAME_LIMIT + 1];
    size_t length = 0;
    text[0] = '\0';
    for (;;) {
        if (idl_parser_is_mark(parser, IDL_MARK_SCOPE)) {
            length += (size_t)snprintf(text + length, sizeof text - length, "::");
            idl_parser_advance(parser);
        }
        if (parser->token.kind != IDL_TOKEN_NAME && parser->token.kind != IDL_TOKEN_KEYWORD) {
            idl_parser_unexpected(parser, IDL_DIAG_EXPECTED_NAME, "the name of an annotation");
            return NULL;
        }
        idl_range_extend(range, &parser->token.range);
        const char *part = idl_parser_take_word(parser);
        if (length + strlen(part) + 3 > sizeof text) {
            idl_error(parser->diagnostics, IDL_DIAG_NAME_TOO_LONG, range, "this name is longer than %d bytes",
                      IDL_SCOPED_NAME_LIMIT);
            return NULL;
        }
        length += (size_t)snprintf(text + length, sizeof text - length, "%s", part);
        if (!idl_parser_is_mark(parser, IDL_MARK_SCOPE)) {
            return idl_arena_text(parser->arena, text, length);
        }
    }
}

static void warn_unknown(idl_parser *parser, const idl_annotation *annotation)
{
    const size_t size = strlen(annotation->name) + 2;
    char *key = idl_arena_alloc(parser->arena, size);
    snprintf(key, size, "@%s", annotation->name);
    if (idl_names_get(&parser->reported, key, size - 1) != NULL) {
        return;
    }
    idl_names_put(&parser->reported, parser->arena, key, size - 1, key);
    const char *near = idl_standard_annotation_suggest(annotation->name);
    idl_warning(parser->diagnostics, IDL_DIAG_UNKNOWN_ANNOTATION, &annotation->range, "unknown annotation '@%s'%s%s%s",
                annotation->name, near == NULL ? "" : ": did you mean '@", near == NULL ? "" : near, near == NULL ? "" : "'?");
}

/* annotation_appl = "@" scoped_name [ "(" annotation_appl_params ")" ]; NULL: it was reported */
static idl_annotation *annotation_appl(idl_parser *parser)
{
    idl_annotation *annotation = idl_arena_alloc(parser->arena, sizeof *annotation);
    idl_open_annotation open = { .annotation = annotation };
    annotation->range = parser->token.range;
    idl_parser_advance(parser);
    annotation->name = annotation_name(parser, &annotation->range);
    if (annotation->name == NULL) {
        if (idl_parser_take_mark(parser, '(')) {
            idl_parser_skip_arguments(parser);
        }
        return NULL;
    }
    open.standard = idl_standard_annotation_find(annotation->name);
    const idl_node *definition = open.standard != NULL ? NULL : find_definition(parser, annotation->name);
    annotation->definition = definition == NULL ? NULL : &definition->decl;
    annotation->is_known = open.standard != NULL || definition != NULL;
    if (!annotation->is_known) {
        warn_unknown(parser, annotation);
    }
    return idl_parse_annotation_arguments(parser, &open) ? annotation : NULL;
}

/* { annotation_appl } */
idl_annotation *idl_parse_annotations(idl_parser *parser)
{
    idl_annotation *first = NULL;
    idl_annotation **end = &first;
    size_t n = 0;
    while (idl_parser_is_mark(parser, '@') && !at_annotation_dcl(parser)) {
        if (++n > IDL_ANNOTATIONS_LIMIT) {
            idl_fatal(parser->diagnostics, IDL_DIAG_ANNOTATION_LIMIT, &parser->token.range, "more than %d annotations stand here",
                      IDL_ANNOTATIONS_LIMIT);
        }
        *end = annotation_appl(parser);
        end = *end == NULL ? end : &(*end)->next;
    }
    return first;
}

/* ---- definition ---- */

/* annotation_member = ( const_type | "any" ) identifier [ "default" const_expr ] */
static bool annotation_member(idl_parser *parser)
{
    const char *doc = parser->token.doc;
    idl_token name;
    parser->in_const_type = true;
    const idl_type *type = idl_parse_type_spec(parser);
    parser->in_const_type = false;
    if (!idl_parse_simple_declarator(parser, "a name for the parameter", &type, &name)) {
        return false;
    }
    if (type != parser->bad_type && type->kind != IDL_ANY && !idl_is_constant_type(type)) {
        idl_error(parser->diagnostics, IDL_DIAG_ANNOTATION_PARAMETER_TYPE, &type->range,
                  "a parameter of an annotation is 'any' or of a constant's type");
        type = parser->bad_type;
    }
    idl_node *node = idl_declare(parser, IDL_MEMBER, &name, doc);
    node->decl.type = type;
    if (idl_parser_take_keyword(parser, IDL_KEYWORD_DEFAULT)) {
        idl_range range = parser->token.range;
        idl_value value = idl_parse_any_expr(parser, &range);
        if (value.kind == IDL_VALUE_NONE) {
            return false;
        }
        if (type->kind != IDL_ANY) {
            value = idl_convert_value(parser, &value, type, &range);
        }
        node->decl.default_value = value;
    }
    return idl_parser_expect_semicolon(parser, "a parameter");
}

/* annotation_body = { annotation_member ";" | enum_dcl ";" | const_dcl ";" | typedef_dcl ";" } */
static bool annotation_body(idl_parser *parser)
{
    if (idl_parser_is_keyword(parser, IDL_KEYWORD_CONST)) {
        return idl_parse_const_dcl(parser, (idl_lead) { .doc = parser->token.doc });
    }
    if (idl_parser_is_keyword(parser, IDL_KEYWORD_ENUM) || idl_parser_is_keyword(parser, IDL_KEYWORD_TYPEDEF)) {
        return idl_parse_type_dcl(parser, (idl_lead) { .doc = parser->token.doc });
    }
    return annotation_member(parser);
}

/* annotation_dcl = "@annotation" identifier "{" annotation_body "}" */
bool idl_parse_annotation_dcl(idl_parser *parser, const char *doc)
{
    idl_token name;
    idl_parser_advance(parser);
    if (parser->token.kind == IDL_TOKEN_KEYWORD) {
        name = parser->token; /* @annotation default { … }: any word will do */
        name.name = idl_keyword_word(name.keyword);
        idl_parser_advance(parser);
    } else if (!idl_parse_identifier(parser, "a name for the annotation", &name)) {
        return false;
    }
    idl_node *node = idl_make_node(parser, IDL_ANNOTATION_TYPE, &name, doc);
    const size_t size = strlen(node->key) + 2;
    char *key = idl_arena_alloc(parser->arena, size);
    snprintf(key, size, "@%s", node->key);
    node->key = key;
    idl_append(parser, node);
    idl_put_or_report(parser, node);
    const idl_range open = parser->token.range;
    if (!idl_parser_expect(parser, '{', "'{'")) {
        return false;
    }
    idl_node *outer = parser->owner;
    idl_enter_scope(parser, node);
    while (parser->token.kind != IDL_TOKEN_END && !idl_parser_is_mark(parser, '}')) {
        if (!annotation_body(parser)) {
            idl_parser_recover(parser);
        }
    }
    idl_leave_scope(parser, outer);
    return idl_parser_expect_close(parser, &open) && idl_parser_expect_semicolon(parser, "an annotation");
}
