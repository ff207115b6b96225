/* Definitions that the grammar has and this compiler does not: one error, and their names are known from then on. In a file that
 * is only included, the error waits until something in a main file uses the name, or something that uses it there. */
#include "idl/parser.h"

const idl_unsupported idl_unsupported_value_type = { IDL_DIAG_UNSUPPORTED_VALUE_TYPE, "value types are" };
const idl_unsupported idl_unsupported_template = { IDL_DIAG_UNSUPPORTED_TEMPLATE, "template modules are" };
const idl_unsupported idl_unsupported_import = { IDL_DIAG_UNSUPPORTED_IMPORT, "import is" };

typedef struct unsupported_row {
    idl_keyword keyword;
    idl_unsupported is;
} unsupported_row;

static const unsupported_row table[] = {
    { IDL_KEYWORD_VALUETYPE, { IDL_DIAG_UNSUPPORTED_VALUE_TYPE, "value types are" } },
    { IDL_KEYWORD_CUSTOM, { IDL_DIAG_UNSUPPORTED_VALUE_TYPE, "value types are" } },
    { IDL_KEYWORD_EVENTTYPE, { IDL_DIAG_UNSUPPORTED_VALUE_TYPE, "event types are" } },
    { IDL_KEYWORD_COMPONENT, { IDL_DIAG_UNSUPPORTED_COMPONENT, "components are" } },
    { IDL_KEYWORD_HOME, { IDL_DIAG_UNSUPPORTED_COMPONENT, "homes are" } },
    { IDL_KEYWORD_PORTTYPE, { IDL_DIAG_UNSUPPORTED_COMPONENT, "port types are" } },
    { IDL_KEYWORD_CONNECTOR, { IDL_DIAG_UNSUPPORTED_COMPONENT, "connectors are" } },
    { IDL_KEYWORD_ALIAS, { IDL_DIAG_UNSUPPORTED_TEMPLATE, "alias is" } },
};

static const unsupported_row *find(const idl_parser *parser)
{
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        if (idl_parser_is_keyword(parser, table[i].keyword)) {
            return &table[i];
        }
    }
    return NULL;
}

/* Ranges only lend the file; it is the parser's own, and nobody has read the mark yet. */
static void mark_partial(const idl_file *file)
{
    ((idl_file *)(uintptr_t)file)->is_partial = true;
}

void idl_declare_unsupported(idl_parser *parser, const idl_token *name, const idl_range *range, const idl_unsupported *what)
{
    if (range->file->is_main) {
        idl_parser_unsupported(parser, range, what);
        idl_declare_poisoned(parser, name);
        return;
    }
    mark_partial(range->file);
    const idl_node *old = name->kind == IDL_TOKEN_NAME ? idl_scope_find(parser->scope, name->name, NULL) : NULL;
    if (name->kind != IDL_TOKEN_NAME || (old != NULL && !old->is_builtin)) {
        return; /* declared forward before */
    }
    idl_node *node = idl_make_node(parser, IDL_NATIVE, name, NULL);
    node->unsupported = what;
    idl_put_or_report(parser, node);
}

idl_definition_mark idl_mark_definition(idl_parser *parser)
{
    const idl_node *owner = parser->owner;
    const idl_definition_mark mark = {
        .last = owner == NULL ? parser->last : owner->last,
        .n_children = owner == NULL ? 0 : owner->n_children,
        .used = parser->used,
    };
    parser->used = NULL;
    return mark;
}

void idl_drop_unsupported(idl_parser *parser, const idl_definition_mark *mark)
{
    idl_node *owner = parser->owner;
    if (parser->used != NULL) {
        idl_decl **first = mark->last != NULL ? &mark->last->next
                           : owner == NULL    ? &parser->unit->definitions
                                              : &owner->decl.children;
        for (const idl_decl *decl = *first; decl != NULL; decl = decl->next) {
            mark_partial(decl->range.file);
            idl_node_of(decl)->unsupported = parser->used;
            idl_node_of(decl)->is_poisoned = false; /* its uses are to be reported */
        }
        *first = NULL;
        *(owner == NULL ? &parser->last : &owner->last) = mark->last;
        if (owner != NULL) {
            owner->n_children = mark->n_children;
        }
    }
    parser->used = mark->used;
}

bool idl_parse_unsupported_definition(idl_parser *parser)
{
    const unsupported_row *found = find(parser);
    if (found == NULL) {
        return false;
    }
    const idl_range range = parser->token.range;
    while (parser->token.kind == IDL_TOKEN_KEYWORD && find(parser) != NULL) {
        idl_parser_advance(parser);
    }
    idl_declare_unsupported(parser, &parser->token, &range, &found->is);
    idl_parser_recover(parser);
    return true;
}
