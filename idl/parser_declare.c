/* Declarations, their names, and the names that refer to them. */
#include "idl/parser.h"
#include "idl/text.h"

#include <stdio.h>
#include <string.h>

/* identifier */
bool idl_parse_identifier(idl_parser *parser, const char *what, idl_token *ret)
{
    const idl_token *token = &parser->token;
    if (token->kind == IDL_TOKEN_KEYWORD && idl_keyword_is_young(token->keyword)) {
        idl_warning(parser->diagnostics, IDL_WARNING_KEYWORD_AS_NAME, &token->range,
                    "'%s' is a keyword of newer IDL: as a name it is written '_%s'", idl_keyword_word(token->keyword),
                    idl_keyword_word(token->keyword));
        *ret = *token;
        ret->kind = IDL_TOKEN_NAME;
        ret->name = idl_keyword_word(token->keyword);
        idl_parser_advance(parser);
        return true;
    }
    if (token->kind == IDL_TOKEN_KEYWORD) {
        idl_error(parser->diagnostics, &token->range, "'%s' is a keyword: as a name it is written '_%s'",
                  idl_keyword_word(token->keyword), idl_keyword_word(token->keyword));
        *ret = *token;
        ret->name = idl_keyword_word(token->keyword);
        idl_parser_advance(parser);
        return true;
    }
    if (token->kind != IDL_TOKEN_NAME) {
        return idl_parser_unexpected(parser, what);
    }
    const idl_keyword keyword = token->escaped ? IDL_KEYWORD_NONE : idl_keyword_find(token->name, strlen(token->name));
    if (keyword != IDL_KEYWORD_NONE && idl_keyword_is_young(keyword)) {
        idl_warning(parser->diagnostics, IDL_WARNING_KEYWORD_AS_NAME, &token->range,
                    "'%s' differs only in case from '%s', a keyword of newer IDL: as a name it is written '_%s'", token->name,
                    idl_keyword_word(keyword), token->name);
    } else if (keyword != IDL_KEYWORD_NONE) {
        idl_error(parser->diagnostics, &token->range,
                  "'%s' differs only in case from the keyword '%s': as a name it is written '_%s'", token->name,
                  idl_keyword_word(keyword), token->name);
    } else if (token->name[0] == '_' || idl_is_digit(token->name[0])) {
        idl_error(parser->diagnostics, &token->range, "an identifier begins with a letter");
    }
    *ret = *token;
    idl_parser_advance(parser);
    return true;
}

static const char *scoped_name(idl_parser *parser, idl_decl_kind kind, const idl_token *name)
{
    /* An enumerator is a child of its enum, but its name belongs to the scope around. */
    const idl_decl *owner = parser->owner == NULL ? NULL : &parser->owner->decl;
    if (owner != NULL && kind == IDL_ENUMERATOR) {
        owner = owner->parent;
    }
    if (owner == NULL) {
        return name->name;
    }
    const size_t size = strlen(owner->scoped_name) + 2 + strlen(name->name) + 1;
    if (size > IDL_SCOPED_NAME_LIMIT + 1) {
        idl_error(parser->diagnostics, &name->range, "with its scopes this name is longer than %d bytes", IDL_SCOPED_NAME_LIMIT);
        return name->name;
    }
    char *text = idl_arena_alloc(parser->arena, size);
    snprintf(text, size, "%s::%s", owner->scoped_name, name->name);
    return text;
}

idl_node *idl_make_node(idl_parser *parser, idl_decl_kind kind, const idl_token *name, const char *doc)
{
    idl_node *node = idl_arena_alloc(parser->arena, sizeof *node);
    node->decl.kind = kind;
    node->decl.name = name->name;
    node->decl.scoped_name = scoped_name(parser, kind, name);
    node->decl.range = name->range;
    node->decl.doc = doc;
    node->decl.parent = parser->owner == NULL ? NULL : &parser->owner->decl;
    node->key = idl_key(parser->arena, name->name);
    node->prefix = parser->prefix;
    return node;
}

void idl_append(idl_parser *parser, idl_node *node)
{
    idl_decl **first = parser->owner == NULL ? &parser->unit->definitions : &parser->owner->decl.children;
    idl_decl **last = parser->owner == NULL ? &parser->last : &parser->owner->last;
    *(*last == NULL ? first : &(*last)->next) = &node->decl;
    *last = &node->decl;
    if (parser->owner != NULL) {
        parser->owner->n_children++;
    }
}

/* An interface's types, constants and exceptions may hide those of its bases. */
static bool can_redeclare(const idl_node *node, const idl_node *inherited)
{
    const bool in_interface = node->decl.parent != NULL && node->decl.parent->kind == IDL_INTERFACE;
    const idl_node *const both[] = { node, inherited };
    for (size_t i = 0; i < 2; i++) {
        if (both[i]->decl.kind == IDL_OPERATION || both[i]->decl.kind == IDL_ATTRIBUTE) {
            return false;
        }
    }
    return in_interface || node->decl.kind == IDL_ENUMERATOR;
}

void idl_put_or_report(idl_parser *parser, idl_node *node)
{
    idl_scope *scope = parser->scope;
    const idl_node *old = idl_scope_put(scope, parser->arena, node);
    const idl_node *inherited = idl_names_get(&scope->inherited, node->key, strlen(node->key));
    if (old == NULL && inherited != NULL && !inherited->is_poisoned && !can_redeclare(node, inherited)) {
        node->is_poisoned = true;
        idl_error(parser->diagnostics, &node->decl.range, "'%s' is already inherited: '%s'", node->decl.name,
                  inherited->decl.scoped_name);
        idl_note(parser->diagnostics, &inherited->decl.range, "declared here");
    }
    if (old == NULL || old->is_poisoned) {
        return;
    }
    const idl_range *there = &old->decl.range;
    const idl_range *here = &node->decl.range;
    if (there->file == here->file && there->line == here->line && there->column == here->column) {
        idl_error(parser->diagnostics, here, "'%s' is declared again: this file is included twice and lacks an include guard",
                  node->decl.name);
        return;
    }
    if (strcmp(old->decl.name, node->decl.name) == 0) {
        idl_error(parser->diagnostics, &node->decl.range, "'%s' is already declared as %s", node->decl.name,
                  idl_kind_text(&old->decl));
    } else {
        idl_error(parser->diagnostics, &node->decl.range, "'%s' differs only in case from '%s', which is %s", node->decl.name,
                  old->decl.name, idl_kind_text(&old->decl));
    }
    idl_note(parser->diagnostics, old->forward != NULL && !old->is_defined ? &old->forward->range : &old->decl.range,
             "declared here");
}

idl_node *idl_declare(idl_parser *parser, idl_decl_kind kind, const idl_token *name, const char *doc)
{
    idl_node *node = idl_make_node(parser, kind, name, doc);
    idl_append(parser, node);
    idl_put_or_report(parser, node);
    return node;
}

void idl_declare_poisoned(idl_parser *parser, const idl_token *name)
{
    if (name->kind == IDL_TOKEN_NAME) {
        idl_node *node = idl_make_node(parser, IDL_TYPEDEF, name, NULL);
        node->is_poisoned = true;
        node->decl.type = parser->bad_type;
        idl_scope_put(parser->scope, parser->arena, node);
    }
}

void idl_enter_scope(idl_parser *parser, idl_node *node)
{
    if (node->scope == NULL) {
        node->scope = idl_arena_alloc(parser->arena, sizeof *node->scope);
        node->scope->outer = parser->scope;
        node->scope->owner = node;
    }
    parser->scope = node->scope;
    parser->owner = node;
}

void idl_leave_scope(idl_parser *parser, idl_node *outer_owner)
{
    parser->scope = parser->scope->outer;
    parser->owner = outer_owner;
}

void idl_take_trailing(idl_parser *parser, idl_node *first)
{
    const char *trailing = parser->token.trailing;
    parser->token.trailing = NULL;
    if (trailing == NULL) {
        return;
    }
    for (idl_decl *decl = &first->decl; decl != NULL; decl = decl->next) {
        if (decl->doc == NULL) {
            decl->doc = trailing;
            continue;
        }
        const size_t size = strlen(decl->doc) + 1 + strlen(trailing) + 1;
        char *both = idl_arena_alloc(parser->arena, size);
        snprintf(both, size, "%s\n%s", decl->doc, trailing);
        decl->doc = both;
    }
}

static const char *wanted_text(idl_wanted wanted)
{
    switch (wanted) {
    case IDL_WANT_TYPE:
        return "type";
    case IDL_WANT_EXCEPTION:
        return "exception";
    case IDL_WANT_INTERFACE:
        return "interface";
    case IDL_WANT_CONSTANT:
        return "constant";
    case IDL_WANT_STRUCT:
        return "struct";
    case IDL_WANT_BITSET:
        return "bitset";
    case IDL_WANT_SCOPE:
        return "module or interface";
    case IDL_WANT_ANYTHING:
        break;
    }
    return "name";
}

/* A name being resolved: what was read of it so far. */
typedef struct name_reference {
    char text[IDL_SCOPED_NAME_LIMIT + 1];
    size_t length;
    idl_range range; /* from its first to its last token, if they stand on one line */
    bool reported;
} name_reference;

static void add_text(name_reference *reference, const char *text)
{
    const size_t length = strlen(text);
    const size_t left = sizeof reference->text - 1 - reference->length;
    memcpy(reference->text + reference->length, text, length < left ? length : left);
    reference->length += length < left ? length : left;
    reference->text[reference->length] = '\0';
}

static void add_range(name_reference *reference, const idl_range *range)
{
    idl_range *whole = &reference->range;
    if (whole->file == range->file && whole->line == range->line && range->column >= whole->column) {
        whole->length = range->column + range->length - whole->column;
    }
}

/* There is no such name: says so once for each spelling. */
static void report_unknown(idl_parser *parser, name_reference *reference, const idl_scope *scope, const char *name, bool outward,
                           idl_wanted wanted)
{
    reference->reported = true;
    if (idl_names_get(&parser->reported, reference->text, reference->length) != NULL) {
        return;
    }
    char *kept = idl_arena_text(parser->arena, reference->text, reference->length);
    idl_names_put(&parser->reported, parser->arena, kept, reference->length, kept);
    const idl_node *near = idl_scope_suggest(scope, name, wanted, outward);
    if (near == NULL) {
        idl_error(parser->diagnostics, &reference->range, "unknown %s '%s'", wanted_text(wanted), reference->text);
    } else {
        const int qualification = (int)(reference->length - strlen(name));
        idl_error(parser->diagnostics, &reference->range, "unknown %s '%s': did you mean '%.*s%s'?", wanted_text(wanted),
                  reference->text, qualification, reference->text, near->decl.name);
    }
}

/* One identifier of the name, in scope (outward: and those around it). */
static idl_node *resolve_step(idl_parser *parser, name_reference *reference, const idl_scope *scope, bool outward,
                              const char *name, idl_wanted wanted)
{
    idl_node *similar = NULL;
    idl_node *found = outward ? idl_scope_find_outward(scope, name, &similar) : idl_scope_find(scope, name, &similar);
    if (found == NULL && similar != NULL && (similar->is_poisoned || idl_is_wanted(&similar->decl, wanted))) {
        if (!similar->is_poisoned) {
            idl_error(parser->diagnostics, &reference->range, "'%s' differs only in case from '%s'", reference->text,
                      similar->decl.name);
            idl_note(parser->diagnostics, &similar->decl.range, "declared here");
        }
        found = similar;
    }
    if (found == NULL) {
        report_unknown(parser, reference, scope, name, outward, wanted);
    }
    return found;
}

static void report_unwanted(idl_parser *parser, const name_reference *reference, const idl_node *found, idl_wanted wanted)
{
    const idl_decl *decl = &found->decl;
    if (wanted == IDL_WANT_TYPE && decl->kind == IDL_EXCEPTION) {
        idl_error(parser->diagnostics, &reference->range, "exception '%s' cannot be used as a type", reference->text);
    } else if (wanted == IDL_WANT_SCOPE && decl->kind == IDL_ENUM) {
        idl_error(parser->diagnostics, &reference->range, "enum '%s' is no scope: its enumerators belong to the scope around it",
                  reference->text);
    } else {
        const char *text = wanted_text(wanted);
        idl_error(parser->diagnostics, &reference->range, "'%s' is %s, not %s %s", reference->text, idl_kind_text(decl),
                  text[0] == 'i' || text[0] == 'e' ? "an" : "a", text);
    }
    if (!found->is_builtin) {
        idl_note(parser->diagnostics, &decl->range, "declared here");
    }
}

/* It is not supported, or it stands for two things. */
static void report_unusable(idl_parser *parser, const name_reference *reference, const idl_node *found)
{
    if (found->unsupported != NULL) {
        idl_parser_unsupported(parser, &reference->range, found->unsupported);
        idl_note(parser->diagnostics, &found->decl.range, "declared here");
        return;
    }
    idl_error(parser->diagnostics, &reference->range, "'%s' is ambiguous: '%s' or '%s'", reference->text, found->decl.scoped_name,
              found->ambiguous->decl.scoped_name);
    idl_note(parser->diagnostics, &found->decl.range, "one is declared here");
    idl_note(parser->diagnostics, &found->ambiguous->decl.range, "the other here");
}

/* Where a file uses a declaration, the code that is made of it needs that of the declaration's file: it has to include that
 * itself, not happen to come after it. */
static void check_included(idl_parser *parser, const name_reference *reference, const idl_node *found)
{
    idl_sources *sources = parser->preprocessor->sources;
    const idl_file *here = reference->range.file;
    bool sees = idl_source_sees(sources, here, found->decl.range.file);
    for (const idl_decl *forward = found->forward; forward != NULL && !sees; forward = idl_node_of(forward)->forward) {
        sees = idl_source_sees(sources, here, forward->range.file);
    }
    if (!sees) {
        idl_error(parser->diagnostics, &reference->range, "'%s' is declared in '%s', which '%s' does not include",
                  reference->text, found->decl.range.file->spelling, here->spelling);
        idl_note(parser->diagnostics, &found->decl.range, "declared here");
    }
}

/* scoped_name = identifier | "::" identifier | scoped_name "::" identifier */
idl_node *idl_parse_scoped_name(idl_parser *parser, idl_wanted wanted, idl_range *ret_range)
{
    name_reference reference = { .range = parser->token.range };
    const idl_scope *scope = parser->scope;
    bool outward = true;
    if (idl_parser_take_mark(parser, IDL_MARK_SCOPE)) {
        scope = idl_file_scope(scope);
        outward = false;
        add_text(&reference, "::");
    }
    idl_node *found = NULL;
    for (;;) {
        idl_token name = parser->token;
        if (name.kind == IDL_TOKEN_KEYWORD && idl_keyword_is_young(name.keyword)) {
            name.name = idl_keyword_word(name.keyword); /* a warning stands at its declaration */
        } else if (name.kind != IDL_TOKEN_NAME) {
            idl_parser_unexpected(parser, "a name");
            found = NULL;
            break;
        }
        add_text(&reference, name.name);
        add_range(&reference, &name.range);
        idl_parser_advance(parser);
        const bool last = !idl_parser_is_mark(parser, IDL_MARK_SCOPE);
        if (!reference.reported) {
            const idl_wanted step = last ? wanted : IDL_WANT_SCOPE;
            found = resolve_step(parser, &reference, scope, outward, name.name, step);
            if (found != NULL && found->is_poisoned) {
                reference.reported = true;
            } else if (found != NULL && (found->unsupported != NULL || found->ambiguous != NULL)) {
                report_unusable(parser, &reference, found);
                reference.reported = true;
            } else if (found != NULL && !idl_is_wanted(&found->decl, step)) {
                report_unwanted(parser, &reference, found, step);
                reference.reported = true;
            }
        }
        if (last) {
            break;
        }
        idl_parser_advance(parser);
        add_text(&reference, "::");
        scope = found == NULL ? NULL : found->scope;
        outward = false;
    }
    *ret_range = reference.range;
    if (found != NULL && !reference.reported && !found->is_builtin) {
        check_included(parser, &reference, found);
    }
    return reference.reported ? NULL : found;
}

/* How many names an inheritance specification or a raises expression can list. */
#define LIST_LIMIT 1024

void idl_name_list_add(idl_parser *parser, idl_name_list *list, const idl_decl *decl, const idl_range *range)
{
    if (list->length == LIST_LIMIT) {
        idl_error(parser->diagnostics, range, "this list has more than %d names", LIST_LIMIT);
        return;
    }
    if (list->length == list->room) {
        const size_t room = list->room == 0 ? 4 : 2 * list->room;
        const idl_decl **items = idl_arena_alloc(parser->arena, room * sizeof *items);
        idl_range *ranges = idl_arena_alloc(parser->arena, room * sizeof *ranges);
        if (list->length > 0) {
            memcpy(items, list->items, list->length * sizeof *items);
            memcpy(ranges, list->ranges, list->length * sizeof *ranges);
        }
        list->items = items;
        list->ranges = ranges;
        list->room = room;
    }
    list->items[list->length] = decl;
    list->ranges[list->length++] = *range;
}

bool idl_name_list_has(const idl_name_list *list, const idl_decl *decl)
{
    for (size_t i = 0; i < list->length; i++) {
        if (list->items[i] == decl) {
            return true;
        }
    }
    return false;
}

/* scoped_name { "," scoped_name } */
bool idl_parse_name_list(idl_parser *parser, idl_wanted wanted, const char *again, idl_name_list *list)
{
    do {
        idl_range range;
        const uint32_t errors = parser->diagnostics->errors;
        const idl_node *node = idl_parse_scoped_name(parser, wanted, &range);
        if (node == NULL) {
            continue;
        }
        if (idl_name_list_has(list, &node->decl)) {
            idl_error(parser->diagnostics, &range, "%s '%s' twice", again, node->decl.name);
            continue;
        }
        idl_name_list_add(parser, list, &node->decl, &range);
        if (parser->diagnostics->errors > errors) {
            return false; /* too long */
        }
    } while (idl_parser_take_mark(parser, ','));
    return true;
}
