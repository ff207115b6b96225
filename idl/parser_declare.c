/* Declarations and their names. */
#include "idl/parser.h"
#include "idl/text.h"

#include <stdio.h>
#include <string.h>

/* A keyword that can be taken as a name here. Words that begin a type can where only a declarator's name stands: nothing but a
 * declaration uses those of members and parameters; those of typedefs are looked up where the words are used. */
static bool is_name_all_the_same(idl_parser *parser, const char *what)
{
    const idl_keyword keyword = parser->token.keyword;
    if (parser->token.kind != IDL_TOKEN_KEYWORD) {
        return false;
    }
    if (strstr(what, "typedef") != NULL && idl_keyword_is_new_integer(keyword)) {
        parser->has_old_types = true;
        return true;
    }
    return idl_keyword_is_young(keyword) || (idl_keyword_is_new_type(keyword) && strstr(what, "member") != NULL) ||
           (idl_keyword_is_new_type(keyword) && strstr(what, "parameter") != NULL);
}

/* identifier */
bool idl_parse_identifier(idl_parser *parser, const char *what, idl_token *ret)
{
    const idl_token *token = &parser->token;
    if (is_name_all_the_same(parser, what)) {
        idl_warning(parser->diagnostics, IDL_DIAG_KEYWORD_AS_NAME, &token->range,
                    "'%s' is a keyword%s: as a name it is written '_%s'", idl_keyword_word(token->keyword),
                    token->keyword == IDL_KEYWORD_SEQUENCE ? "" : " of newer IDL", idl_keyword_word(token->keyword));
        *ret = *token;
        ret->kind = IDL_TOKEN_NAME;
        ret->name = idl_keyword_word(token->keyword);
        idl_parser_advance(parser);
        return true;
    }
    if (token->kind == IDL_TOKEN_KEYWORD) {
        idl_error(parser->diagnostics, IDL_DIAG_RESERVED_WORD, &token->range, "'%s' is a keyword: as a name it is written '_%s'",
                  idl_keyword_word(token->keyword), idl_keyword_word(token->keyword));
        *ret = *token;
        ret->name = idl_keyword_word(token->keyword);
        idl_parser_advance(parser);
        if (token->kind == IDL_TOKEN_NAME) { /* "long long long x": the one mistake is told, and x was meant */
            *ret = *token;
            idl_parser_advance(parser);
        }
        return true;
    }
    if (token->kind != IDL_TOKEN_NAME) {
        return idl_parser_unexpected(parser, IDL_DIAG_EXPECTED_NAME, what);
    }
    const idl_keyword keyword = token->escaped ? IDL_KEYWORD_NONE : idl_keyword_find(token->name, strlen(token->name));
    if (keyword != IDL_KEYWORD_NONE && idl_keyword_is_young(keyword)) {
        idl_warning(parser->diagnostics, IDL_DIAG_KEYWORD_AS_NAME, &token->range,
                    "'%s' differs only in case from '%s', a keyword of newer IDL: as a name it is written '_%s'", token->name,
                    idl_keyword_word(keyword), token->name);
    } else if (keyword != IDL_KEYWORD_NONE) {
        idl_error(parser->diagnostics, IDL_DIAG_RESERVED_WORD, &token->range,
                  "'%s' differs only in case from the keyword '%s': as a name it is written '_%s'", token->name,
                  idl_keyword_word(keyword), token->name);
    } else if (token->name[0] == '_' || idl_is_digit(token->name[0])) {
        idl_error(parser->diagnostics, IDL_DIAG_NAME_SYNTAX, &token->range, "an identifier begins with a letter");
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
        idl_error(parser->diagnostics, IDL_DIAG_NAME_TOO_LONG, &name->range, "with its scopes this name is longer than %d bytes",
                  IDL_SCOPED_NAME_LIMIT);
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
    node->prefix = parser->prefix != NULL ? parser->prefix : ((const idl_source *)name->range.file)->prefix;
    return node;
}

/* Where declarations are appended. */
typedef struct child_list {
    idl_decl **first;
    idl_decl **last;
} child_list;

static child_list children_of(idl_parser *parser, idl_node *owner)
{
    return owner == NULL ? (child_list) { &parser->unit->definitions, &parser->last }
                         : (child_list) { &owner->decl.children, &owner->last };
}

bool idl_has_members(const idl_node *node)
{
    return node != NULL && (node->decl.kind == IDL_STRUCT || node->decl.kind == IDL_UNION || node->decl.kind == IDL_EXCEPTION);
}

void idl_append(idl_parser *parser, idl_node *node)
{
    idl_node *owner = parser->owner;
    const bool is_nested = idl_has_members(owner) && node->decl.kind != IDL_MEMBER;
    const child_list list = is_nested ? (child_list) { &owner->nested, &owner->last_nested } : children_of(parser, owner);
    node->before = *list.last;
    *(*list.last == NULL ? list.first : &(*list.last)->next) = &node->decl;
    *list.last = &node->decl;
    if (owner != NULL && !is_nested) {
        owner->n_children++;
    }
}

void idl_place_nested(idl_parser *parser, idl_node *node)
{
    idl_node *owner = (idl_node *)node->decl.parent;
    const bool is_nested = idl_has_members(owner);
    const child_list list = is_nested ? (child_list) { &owner->nested, &owner->last_nested } : children_of(parser, owner);
    if (node->nested != NULL) {
        *(node->before == NULL ? list.first : &node->before->next) = node->nested;
        node->last_nested->next = &node->decl;
        node->nested = NULL;
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

/* "struct T { long x; } t;": a member that differs only in case from a type, or its enumerator, that its own struct defines. */
static bool is_of_nested_type(const idl_node *node, const idl_node *old)
{
    const idl_decl *scope = old->decl.kind == IDL_ENUMERATOR ? old->decl.parent->parent : old->decl.parent;
    return node->decl.kind == IDL_MEMBER && old->decl.kind != IDL_MEMBER && scope == node->decl.parent &&
           strcmp(node->decl.name, old->decl.name) != 0;
}

void idl_put_or_report(idl_parser *parser, idl_node *node)
{
    idl_scope *scope = parser->scope;
    idl_node *old = idl_scope_put(scope, parser->arena, node);
    if (old != NULL && is_of_nested_type(node, old)) {
        if (old->member == NULL) {
            old->member = node;
            return;
        }
        old = old->member;
    }
    const idl_node *inherited = idl_names_get(&scope->inherited, node->key, strlen(node->key));
    if (old == NULL && inherited != NULL && !inherited->is_poisoned && !can_redeclare(node, inherited)) {
        node->is_poisoned = true;
        idl_error(parser->diagnostics, IDL_DIAG_REDEFINES_INHERITED, &node->decl.range, "'%s' is already inherited: '%s'",
                  node->decl.name, inherited->decl.scoped_name);
        idl_note(parser->diagnostics, &inherited->decl.range, "declared here");
    }
    if (old == NULL || old->is_poisoned) {
        return;
    }
    const idl_range *there = &old->decl.range;
    const idl_range *here = &node->decl.range;
    if (there->file == here->file && there->line == here->line && there->column == here->column) {
        idl_error(parser->diagnostics, IDL_DIAG_MISSING_INCLUDE_GUARD, here,
                  "'%s' is declared again: this file is included twice and lacks an include guard", node->decl.name);
        return;
    }
    if (strcmp(old->decl.name, node->decl.name) == 0) {
        idl_error(parser->diagnostics, IDL_DIAG_DUPLICATE_NAME, &node->decl.range, "'%s' is already declared as %s",
                  node->decl.name, idl_kind_text(&old->decl));
    } else {
        node->is_poisoned = true;
        old->twin = node;
        idl_error(parser->diagnostics, IDL_DIAG_CASE_COLLISION, &node->decl.range,
                  "'%s' differs only in case from '%s', which is %s", node->decl.name, old->decl.name, idl_kind_text(&old->decl));
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
