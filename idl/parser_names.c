/* Names that refer to declarations: lookup as the standard has it, step by step, and what is said when it fails. */
#include "idl/parser.h"
#include "idl/text.h"

#include <stdio.h>
#include <string.h>

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

/* A type of IDL's own that was meant: one of almost that spelling, or what C, ROS and others call otherwise. NULL: none. */
static const char *suggest_basic_type(const char *name)
{
    static const char *const others[][2] = {
        { "int", "long" },   { "bool", "boolean" },  { "byte", "octet" },     { "char8", "char" },
        { "str", "string" }, { "float32", "float" }, { "float64", "double" }, { "char16", "wchar" },
    };
    static const char *const words[] = {
        "long",    "short", "string", "boolean", "double", "float", "octet",  "void",   "unsigned", "sequence",
        "wstring", "int8",  "int16",  "int32",   "int64",  "uint8", "uint16", "uint32", "uint64",   "Object",
    };
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        if (strcmp(name, others[i][0]) == 0) {
            return others[i][1];
        }
    }
    const char *best = NULL;
    size_t limit = strlen(name) < 3 ? 0 : strlen(name) < 6 ? 1 : 2;
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        const size_t distance = idl_edit_distance(name, words[i], limit);
        if (distance <= limit && (best == NULL || distance < limit)) {
            best = words[i];
            limit = distance;
        }
    }
    return best;
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
    const bool is_plain = reference->length == strlen(name);
    const char *basic = near == NULL && is_plain && wanted == IDL_WANT_TYPE ? suggest_basic_type(name) : NULL;
    if (basic != NULL) {
        idl_error(parser->diagnostics, IDL_DIAG_UNKNOWN_NAME, &reference->range, "unknown type '%s': did you mean '%s'?", name,
                  basic);
    } else if (near == NULL) {
        idl_error(parser->diagnostics, IDL_DIAG_UNKNOWN_NAME, &reference->range, "unknown %s '%s'", wanted_text(wanted),
                  reference->text);
    } else {
        const int qualification = (int)(reference->length - strlen(name));
        idl_error(parser->diagnostics, IDL_DIAG_UNKNOWN_NAME, &reference->range, "unknown %s '%s': did you mean '%.*s%s'?",
                  wanted_text(wanted), reference->text, qualification, reference->text, near->decl.name);
    }
}

/* One identifier of the name, in scope (outward: and those around it). */
static idl_node *resolve_step(idl_parser *parser, name_reference *reference, const idl_scope *scope, bool outward,
                              const char *name, idl_wanted wanted)
{
    idl_node *similar = NULL;
    idl_node *found = outward ? idl_scope_find_outward(scope, name, &similar) : idl_scope_find(scope, name, &similar);
    if (similar != NULL && similar->twin != NULL && strcmp(similar->twin->decl.name, name) == 0) {
        similar = similar->twin;
    }
    if (found == NULL && similar != NULL && (similar->is_poisoned || idl_is_wanted(&similar->decl, wanted))) {
        if (!similar->is_poisoned) {
            idl_error(parser->diagnostics, IDL_DIAG_CASE_OF_REFERENCE, &reference->range, "'%s' differs only in case from '%s'",
                      reference->text, similar->decl.name);
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
        idl_error(parser->diagnostics, IDL_DIAG_EXCEPTION_AS_TYPE, &reference->range, "exception '%s' cannot be used as a type",
                  reference->text);
    } else if (wanted == IDL_WANT_SCOPE && decl->kind == IDL_ENUM) {
        idl_error(parser->diagnostics, IDL_DIAG_ENUM_IS_NO_SCOPE, &reference->range,
                  "enum '%s' is no scope: its enumerators belong to the scope around it", reference->text);
    } else {
        const char *text = wanted_text(wanted);
        idl_error(parser->diagnostics, IDL_DIAG_WRONG_KIND_OF_NAME, &reference->range, "'%s' is %s, not %s %s", reference->text,
                  idl_kind_text(decl), text[0] == 'i' || text[0] == 'e' ? "an" : "a", text);
    }
    if (!found->is_builtin) {
        idl_note(parser->diagnostics, &decl->range, "declared here");
    }
}

/* It is not supported, or it stands for two things. */
static void report_unusable(idl_parser *parser, const name_reference *reference, const idl_node *found)
{
    if (found->unsupported != NULL && !reference->range.file->is_main) {
        parser->used = found->unsupported; /* whether that matters, who uses this will see */
        return;
    }
    if (found->unsupported != NULL) {
        if (found->decl.kind == IDL_NATIVE) {
            idl_parser_unsupported(parser, &reference->range, found->unsupported);
        } else {
            idl_error(parser->diagnostics, found->unsupported->id, &reference->range, "'%s' cannot be used: %s not supported yet",
                      found->decl.scoped_name, found->unsupported->what);
        }
        idl_note(parser->diagnostics, &found->decl.range, "declared here");
        return;
    }
    idl_error(parser->diagnostics, IDL_DIAG_AMBIGUOUS_NAME, &reference->range, "'%s' is ambiguous: '%s' or '%s'", reference->text,
              found->decl.scoped_name, found->ambiguous->decl.scoped_name);
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
        idl_error(parser->diagnostics, IDL_DIAG_NOT_INCLUDED, &reference->range,
                  "'%s' is declared in '%s', which '%s' does not include", reference->text, found->decl.range.file->spelling,
                  here->spelling);
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
        } else if (name.kind == IDL_TOKEN_KEYWORD && idl_keyword_is_new_integer(name.keyword) && parser->has_old_types) {
            name.name = idl_keyword_word(name.keyword);
        } else if (name.kind != IDL_TOKEN_NAME) {
            idl_parser_unexpected(parser, IDL_DIAG_EXPECTED_NAME, "a name");
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
        idl_error(parser->diagnostics, IDL_DIAG_LIST_LIMIT, range, "this list has more than %d names", LIST_LIMIT);
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
            idl_error(parser->diagnostics, IDL_DIAG_REPEATED_NAME, &range, "%s '%s' twice", again, node->decl.name);
            continue;
        }
        idl_name_list_add(parser, list, &node->decl, &range);
        if (parser->diagnostics->errors > errors) {
            return false; /* too long */
        }
    } while (idl_parser_take_mark(parser, ','));
    return true;
}
