/* The arguments of annotations: of a known one by name or position, each of its parameter's type; of an unknown one whatever they
 * are. */
#include "idl/annotation_arguments.h"

#include "idl/text.h"

#include <stdio.h>
#include <string.h>

/* To behind the ')' that closes what is open. */
void idl_parser_skip_arguments(idl_parser *parser)
{
    size_t depth = 1;
    while (parser->token.kind != IDL_TOKEN_END && !idl_parser_is_mark(parser, '{') && !idl_parser_is_mark(parser, '}') &&
           !idl_parser_is_mark(parser, ';')) {
        depth += idl_parser_is_mark(parser, '(') ? 1 : 0;
        depth -= idl_parser_is_mark(parser, ')') ? 1 : 0;
        idl_parser_advance(parser);
        if (depth == 0) {
            return;
        }
    }
    parser->token.bad = true; /* where it ends instead is no news */
}

static void add_argument(idl_parser *parser, idl_open_annotation *open, const idl_argument *argument)
{
    if (open->length == open->room) {
        open->room = open->room == 0 ? 2 : 2 * open->room;
        idl_argument *larger = idl_arena_alloc(parser->arena, open->room * sizeof *larger);
        if (open->length > 0) {
            memcpy(larger, open->arguments, open->length * sizeof *larger);
        }
        open->arguments = larger;
    }
    open->arguments[open->length++] = *argument;
}

/* identifier "=", which begins a named argument. */
static bool at_named(const idl_parser *parser)
{
    return (parser->token.kind == IDL_TOKEN_NAME || parser->token.kind == IDL_TOKEN_KEYWORD) && idl_parser_peek(parser) == '=';
}

const char *idl_parser_take_word(idl_parser *parser)
{
    const char *name = parser->token.kind == IDL_TOKEN_NAME ? parser->token.name : idl_keyword_word(parser->token.keyword);
    idl_parser_advance(parser);
    return name;
}

/* ---- arguments of unknown annotations: whatever they are ---- */

static idl_value literal_value(const idl_token *token)
{
    switch (token->kind) {
    case IDL_TOKEN_INTEGER:
        return (idl_value) { .kind = IDL_VALUE_INTEGER, .magnitude = token->integer };
    case IDL_TOKEN_FLOAT:
        return (idl_value) { .kind = IDL_VALUE_FLOAT, .number = token->number };
    case IDL_TOKEN_CHAR:
        return (idl_value) { .kind = token->is_wide ? IDL_VALUE_WCHAR : IDL_VALUE_CHAR, .magnitude = token->integer };
    case IDL_TOKEN_FIXED:
        return (idl_value) { .kind = IDL_VALUE_FIXED, .string = token->string };
    case IDL_TOKEN_STRING:
        if (!idl_is_utf8(token->string, token->string_length)) {
            break;
        }
        return (idl_value) { .kind = token->is_wide ? IDL_VALUE_WSTRING : IDL_VALUE_STRING, .string = token->string };
    case IDL_TOKEN_KEYWORD:
        if (token->keyword == IDL_KEYWORD_TRUE || token->keyword == IDL_KEYWORD_FALSE) {
            return (idl_value) { .kind = IDL_VALUE_BOOLEAN, .magnitude = token->keyword == IDL_KEYWORD_TRUE };
        }
        break;
    default:
        break;
    }
    return (idl_value) { 0 };
}

/* The text of an argument grows token by token. */
typedef struct argument_text {
    char *text;
    size_t length;
    size_t room;
    size_t tokens;
} argument_text;

static void add_token(idl_parser *parser, argument_text *out)
{
    const idl_token *token = &parser->token;
    const size_t more = token->length + 2;
    if (out->length + more > out->room) {
        out->room = 2 * out->room + more + 32;
        char *larger = idl_arena_alloc(parser->arena, out->room);
        if (out->length > 0) {
            memcpy(larger, out->text, out->length);
        }
        out->text = larger;
    }
    if (out->tokens++ > 0 && !token->adjacent) {
        out->text[out->length++] = ' ';
    }
    memcpy(out->text + out->length, token->text, token->length);
    out->length += token->length;
    out->text[out->length] = '\0';
}

static bool ends_arguments(const idl_parser *parser)
{
    return parser->token.kind == IDL_TOKEN_END || idl_parser_is_mark(parser, '{') || idl_parser_is_mark(parser, '}') ||
           idl_parser_is_mark(parser, ';');
}

/* One argument, up to its ',' or the closing ')'. */
static void unknown_argument(idl_parser *parser, idl_open_annotation *open)
{
    idl_argument argument = { .name = "value", .range = parser->token.range };
    argument_text text = { 0 };
    size_t depth = 0;
    if (at_named(parser)) {
        argument.name = idl_parser_take_word(parser);
        idl_parser_advance(parser);
        argument.range = parser->token.range;
    }
    const idl_value value = literal_value(&parser->token);
    while (!ends_arguments(parser) && !(depth == 0 && (idl_parser_is_mark(parser, ',') || idl_parser_is_mark(parser, ')')))) {
        depth += idl_parser_is_mark(parser, '(') ? 1 : 0;
        depth -= idl_parser_is_mark(parser, ')') ? 1 : 0;
        add_token(parser, &text);
        idl_parser_advance(parser);
    }
    argument.text = text.text == NULL ? "" : text.text;
    if (text.tokens == 1) {
        argument.value = value;
    }
    idl_range_extend(&argument.range, &parser->previous);
    add_argument(parser, open, &argument);
}

static bool unknown_arguments(idl_parser *parser, idl_open_annotation *open)
{
    if (idl_parser_take_mark(parser, ')')) {
        return true;
    }
    do {
        unknown_argument(parser, open);
    } while (idl_parser_take_mark(parser, ',') && open->length < IDL_ANNOTATIONS_LIMIT);
    return idl_parser_expect(parser, ')', "')'");
}

/* ---- arguments of known ones ---- */

/* A parameter, of whichever origin. */
typedef struct any_parameter {
    const char *name;
    const idl_parameter *standard;
    const idl_decl *member;
    bool is_required;
} any_parameter;

static bool parameter_at(const idl_open_annotation *open, size_t i, any_parameter *ret)
{
    if (open->standard != NULL) {
        const idl_parameter *at = i < IDL_PARAMETERS_MOST ? &open->standard->parameters[i] : NULL;
        if (at == NULL || at->name == NULL) {
            return false;
        }
        *ret = (any_parameter) { at->name, at, NULL, at->is_required };
        return true;
    }
    for (const idl_decl *child = open->annotation->definition->children; child != NULL; child = child->next) {
        if (child->kind == IDL_MEMBER && i-- == 0) {
            *ret = (any_parameter) { child->name, NULL, child, child->default_value.kind == IDL_VALUE_NONE };
            return true;
        }
    }
    return false;
}

/* The one that needs no name: the only one that is required, or the first if none is. */
static bool positional_parameter(const idl_open_annotation *open, any_parameter *ret)
{
    any_parameter at;
    bool found = false;
    size_t required = 0;
    for (size_t i = 0; parameter_at(open, i, &at); i++) {
        required += at.is_required ? 1 : 0;
        if (!found || (at.is_required && required == 1)) {
            *ret = at;
            found = true;
        }
    }
    return found && required < 2;
}

static bool named_parameter(const idl_open_annotation *open, const char *name, any_parameter *ret)
{
    for (size_t i = 0; parameter_at(open, i, ret); i++) {
        if (strcmp(ret->name, name) == 0) {
            return true;
        }
    }
    return false;
}

static bool word_value(idl_parser *parser, const idl_parameter *parameter, idl_argument *argument);

/* { "|" word }: their names, joined. */
static bool more_words(idl_parser *parser, const idl_parameter *parameter, idl_argument *argument)
{
    const char *first = argument->value.string;
    if (parser->nesting >= IDL_NESTING_LIMIT || !idl_parser_take_mark(parser, '|')) {
        return true;
    }
    parser->nesting++;
    const bool ok = word_value(parser, parameter, argument);
    parser->nesting--;
    if (ok) {
        const size_t size = strlen(first) + strlen(argument->value.string) + 4;
        char *joined = idl_arena_alloc(parser->arena, size);
        snprintf(joined, size, "%s | %s", first, argument->value.string);
        argument->value.string = joined;
    }
    return ok;
}

/* One of the words of a parameter that is of a standard's enum. */
static bool word_value(idl_parser *parser, const idl_parameter *parameter, idl_argument *argument)
{
    char wanted[160] = "one of ";
    size_t length = strlen(wanted);
    for (const char *at = parameter->words; *at != '\0';) {
        const size_t word = strcspn(at, " ");
        const bool is_it = parser->token.kind == IDL_TOKEN_NAME && strlen(parser->token.name) == word &&
                           memcmp(parser->token.name, at, word) == 0;
        if (is_it) {
            argument->value = (idl_value) { .kind = IDL_VALUE_STRING, .string = parser->token.name };
            idl_parser_advance(parser);
            return parameter->kind != IDL_PARAMETER_WORDS || more_words(parser, parameter, argument);
        }
        length += (size_t)snprintf(wanted + length, sizeof wanted - length, "%s%.*s", at == parameter->words ? "" : ", ",
                                   (int)word, at);
        at += word + (at[word] == ' ' ? 1 : 0);
    }
    const bool is_only = strchr(parameter->words, ' ') == NULL;
    return idl_parser_unexpected(parser, IDL_DIAG_EXPECTED_VALUE, is_only ? parameter->words : wanted);
}

/* A name that stands alone can be an enumerator of an enum that the annotation itself declares. */
static bool own_constant(idl_parser *parser, const idl_decl *member, idl_value *ret)
{
    const idl_type *type = idl_type_resolve(member->type);
    const char behind = idl_parser_peek(parser);
    if (parser->token.kind != IDL_TOKEN_NAME || (behind != ',' && behind != ')') || type->kind != IDL_NAMED) {
        return false;
    }
    const idl_node *found = idl_scope_find(idl_node_of(member->parent)->scope, parser->token.name, NULL);
    if (found == NULL || found->decl.kind != IDL_ENUMERATOR || found->of_enum != type->decl) {
        return false;
    }
    *ret = (idl_value) { .kind = IDL_VALUE_ENUM, .enumerator = &found->decl };
    idl_parser_advance(parser);
    return true;
}

static bool parameter_value(idl_parser *parser, const any_parameter *parameter, idl_argument *argument)
{
    static const idl_type types[] = {
        [IDL_PARAMETER_BOOLEAN] = { .kind = IDL_BOOLEAN },
        [IDL_PARAMETER_UINT16] = { .kind = IDL_UINT16 },
        [IDL_PARAMETER_UINT32] = { .kind = IDL_UINT32 },
        [IDL_PARAMETER_STRING] = { .kind = IDL_STRING },
    };
    const idl_parameter *standard = parameter->standard;
    argument->name = parameter->name;
    argument->range = parser->token.range;
    if (standard != NULL && (standard->kind == IDL_PARAMETER_WORD || standard->kind == IDL_PARAMETER_WORDS)) {
        return word_value(parser, standard, argument);
    }
    if (parameter->member != NULL && own_constant(parser, parameter->member, &argument->value)) {
        return true;
    }
    argument->value = idl_parse_any_expr(parser, &argument->range);
    if (argument->value.kind == IDL_VALUE_NONE) {
        return false;
    }
    const bool is_any = standard != NULL ? standard->kind == IDL_PARAMETER_ANY : parameter->member->type->kind == IDL_ANY;
    if (!is_any) {
        const idl_type *type = standard != NULL ? &types[standard->kind] : parameter->member->type;
        argument->value = idl_convert_value(parser, &argument->value, type, &argument->range);
    }
    return argument->value.kind != IDL_VALUE_NONE;
}

/* annotation_appl_param = identifier "=" const_expr */
static bool named_argument(idl_parser *parser, idl_open_annotation *open)
{
    idl_argument argument = { 0 };
    any_parameter parameter;
    const idl_range range = parser->token.range;
    if (!at_named(parser)) {
        return idl_parser_unexpected(parser, IDL_DIAG_EXPECTED_NAME, "a parameter's name and '='");
    }
    const char *name = idl_parser_take_word(parser);
    idl_parser_advance(parser);
    if (!named_parameter(open, name, &parameter)) {
        idl_error(parser->diagnostics, IDL_DIAG_ANNOTATION_UNKNOWN_PARAMETER, &range, "'@%s' has no parameter '%s'",
                  open->annotation->name, name);
        return false;
    }
    for (size_t i = 0; i < open->length; i++) {
        if (strcmp(open->arguments[i].name, name) == 0) {
            idl_error(parser->diagnostics, IDL_DIAG_ANNOTATION_REPEATED_ARGUMENT, &range, "'%s' is given twice", name);
            return false;
        }
    }
    if (!parameter_value(parser, &parameter, &argument)) {
        return false;
    }
    add_argument(parser, open, &argument);
    return true;
}

/* annotation_appl_params = const_expr | annotation_appl_param { "," annotation_appl_param } */
static bool known_arguments(idl_parser *parser, idl_open_annotation *open)
{
    if (idl_parser_take_mark(parser, ')')) {
        return true;
    }
    if (!at_named(parser)) {
        any_parameter parameter;
        idl_argument argument = { 0 };
        if (!parameter_at(open, 0, &parameter)) {
            idl_error(parser->diagnostics, IDL_DIAG_ANNOTATION_NO_PARAMETERS, &parser->token.range, "'@%s' has no parameters",
                      open->annotation->name);
            return false;
        }
        if (!positional_parameter(open, &parameter)) {
            return idl_parser_unexpected(parser, IDL_DIAG_EXPECTED_NAME, "a parameter's name and '='");
        }
        if (!parameter_value(parser, &parameter, &argument)) {
            return false;
        }
        add_argument(parser, open, &argument);
        return idl_parser_expect(parser, ')', "')'");
    }
    do {
        if (!named_argument(parser, open)) {
            return false;
        }
    } while (idl_parser_take_mark(parser, ','));
    return idl_parser_expect(parser, ')', "',' or ')'");
}

/* What has no default has to be there. */
static bool has_required(idl_parser *parser, const idl_open_annotation *open)
{
    any_parameter parameter;
    for (size_t i = 0; parameter_at(open, i, &parameter); i++) {
        bool given = !parameter.is_required;
        for (size_t j = 0; j < open->length && !given; j++) {
            given = strcmp(open->arguments[j].name, parameter.name) == 0;
        }
        if (!given) {
            idl_error(parser->diagnostics, IDL_DIAG_ANNOTATION_MISSING_ARGUMENT, &open->annotation->range,
                      "'@%s' needs its parameter '%s'", open->annotation->name, parameter.name);
            return false;
        }
    }
    return true;
}

bool idl_parse_annotation_arguments(idl_parser *parser, idl_open_annotation *open)
{
    idl_annotation *annotation = open->annotation;
    const bool in_bound = parser->in_bound;
    parser->in_bound = false;
    bool ok = true;
    if (idl_parser_take_mark(parser, '(')) {
        ok = annotation->is_known ? known_arguments(parser, open) : unknown_arguments(parser, open);
        if (!ok) {
            idl_parser_skip_arguments(parser);
        }
    }
    parser->in_bound = in_bound;
    annotation->arguments = open->arguments;
    annotation->n_arguments = open->length;
    return ok && (!annotation->is_known || has_required(parser, open));
}
