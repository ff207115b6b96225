/* Unions: the discriminator, the labels, and which values no label covers. */
#include "idl/parser.h"

#include <inttypes.h>
#include <string.h>

/* A union while it is read. */
typedef struct open_union {
    idl_node *node;
    const idl_type *type; /* of the discriminator; the bad type: labels are not checked */
    idl_names labels;     /* idl_range of each, by its value's bytes */
    uint64_t n_labels;
    const idl_node *first_default;
    idl_range default_range;
    bool faulty; /* something about a label was reported */
} open_union;

/* The labels of one member. */
typedef struct label_list {
    idl_value *items;
    uint32_t length;
    uint32_t room;
    bool is_default;
} label_list;

static bool is_discriminator(const idl_type *type)
{
    switch (type->kind) {
    case IDL_BOOLEAN:
    case IDL_OCTET:
    case IDL_CHAR:
    case IDL_WCHAR:
    case IDL_INT8:
    case IDL_UINT8:
    case IDL_INT16:
    case IDL_UINT16:
    case IDL_INT32:
    case IDL_UINT32:
    case IDL_INT64:
    case IDL_UINT64:
        return true;
    case IDL_NAMED:
        return type->decl->kind == IDL_ENUM;
    default:
        return false;
    }
}

/* How many values the discriminator has; 0: more than a text can list. */
static uint64_t count_values(const idl_type *type)
{
    switch (type->kind) {
    case IDL_BOOLEAN:
        return 2;
    case IDL_OCTET:
    case IDL_CHAR:
    case IDL_INT8:
    case IDL_UINT8:
        return 256;
    case IDL_INT16:
    case IDL_UINT16:
        return 65536;
    case IDL_NAMED:
        return idl_node_of(type->decl)->n_children;
    default:
        return 0;
    }
}

/* Twice the same label is an error. */
static void enter_label(idl_parser *parser, open_union *open, const idl_value *value, const idl_range *range)
{
    typedef struct label_key {
        uint64_t magnitude;
        uint64_t negative;
    } label_key;
    const idl_value *number = value->kind == IDL_VALUE_ENUM ? &value->enumerator->value : value;
    label_key *key = idl_arena_alloc(parser->arena, sizeof *key);
    *key = (label_key) { number->magnitude, number->negative && number->magnitude > 0 };
    const idl_range *old = idl_names_get(&open->labels, (const char *)key, sizeof *key);
    if (old != NULL) {
        idl_error(parser->diagnostics, IDL_DIAG_DUPLICATE_LABEL, range, "this label is already used");
        idl_note(parser->diagnostics, old, "used here");
        open->faulty = true;
        return;
    }
    idl_range *kept = idl_arena_alloc(parser->arena, sizeof *kept);
    *kept = *range;
    idl_names_put(&open->labels, parser->arena, (const char *)key, sizeof *key, kept);
    open->n_labels++;
}

static void add_label(idl_parser *parser, label_list *list, const idl_value *value)
{
    if (list->length == list->room) {
        list->room = list->room == 0 ? 2 : 2 * list->room;
        idl_value *larger = idl_arena_alloc(parser->arena, list->room * sizeof *larger);
        if (list->length > 0) {
            memcpy(larger, list->items, list->length * sizeof *larger);
        }
        list->items = larger;
    }
    list->items[list->length++] = *value;
}

/* case_label = "case" const_expr ":" | "default" ":" */
static bool case_label(idl_parser *parser, open_union *open, label_list *list)
{
    idl_range range = parser->token.range;
    if (idl_parser_take_keyword(parser, IDL_KEYWORD_DEFAULT)) {
        if (open->default_range.line > 0) {
            idl_error(parser->diagnostics, IDL_DIAG_DUPLICATE_DEFAULT, &range, "a second 'default'");
            idl_note(parser->diagnostics, &open->default_range, "the first is here");
        } else {
            open->default_range = range;
        }
        list->is_default = true;
        return idl_parser_expect(parser, ':', "':'");
    }
    idl_parser_advance(parser);
    range = parser->token.range;
    const idl_value value = idl_parse_const_expr(parser, open->type);
    idl_range_extend(&range, &parser->previous);
    if (value.kind != IDL_VALUE_NONE) {
        enter_label(parser, open, &value, &range);
        add_label(parser, list, &value);
    } else {
        open->faulty = true;
        if (parser->forgive_semicolon && !idl_parser_is_mark(parser, ':')) {
            parser->forgive_semicolon = false;
            return false;
        }
    }
    parser->forgive_semicolon = false;
    return idl_parser_expect(parser, ':', "':'");
}

static bool at_label(const idl_parser *parser)
{
    return idl_parser_is_keyword(parser, IDL_KEYWORD_CASE) || idl_parser_is_keyword(parser, IDL_KEYWORD_DEFAULT);
}

/* case = { annotation_appl } case_label { case_label } element_spec ";"
 * element_spec = { annotation_appl } constr_type_spec declarator */
static bool case_(idl_parser *parser, open_union *open)
{
    label_list list = { 0 };
    idl_token name;
    const char *doc = parser->token.doc;
    idl_annotation *before = idl_parse_annotations(parser);
    if (!at_label(parser)) {
        return idl_parser_unexpected(parser, IDL_DIAG_EXPECTED_WORD, "'case', 'default' or '}'");
    }
    while (at_label(parser)) {
        if (!case_label(parser, open, &list)) {
            return false;
        }
        doc = doc == NULL ? parser->token.doc : doc;
    }
    idl_annotation *annotations = idl_parse_annotations(parser);
    doc = doc == NULL ? parser->token.doc : doc;
    const idl_type *type = idl_check_member_type(parser, idl_parse_constr_type_spec(parser));
    idl_annotation *more = idl_parse_annotations(parser);
    if (!idl_parse_declarator(parser, "a name for the member", &type, &name)) {
        return false;
    }
    idl_node *node = idl_declare(parser, IDL_MEMBER, &name, doc);
    node->decl.type = type;
    node->decl.labels = list.items;
    node->decl.n_labels = list.length;
    node->decl.is_default = list.is_default;
    idl_annotate(parser, node, before);
    idl_annotate(parser, node, annotations);
    idl_annotate(parser, node, more);
    idl_node *owner = open->node;
    const uint32_t depth = 1 + idl_type_depth(type);
    owner->depth = owner->depth < depth ? depth : owner->depth;
    owner->has_native = owner->has_native || idl_type_has_native(type);
    const bool ok = idl_parser_expect_semicolon(parser, "a member");
    idl_take_trailing(parser, node);
    return ok;
}

/* switch_type_spec = integer_type | char_type | wide_char_type | boolean_type | octet_type | scoped_name | enum_dcl */
static const idl_type *switch_type_spec(idl_parser *parser)
{
    idl_annotation *annotations = idl_parse_annotations(parser);
    const idl_type *type = idl_parse_constr_type_spec(parser);
    if (type != parser->bad_type && !is_discriminator(idl_type_resolve(type))) {
        idl_error(parser->diagnostics, IDL_DIAG_DISCRIMINATOR_TYPE, &type->range,
                  "a union is switched by an integer, a character, a boolean, an octet or an enum");
        return parser->bad_type;
    }
    return idl_annotate_type(parser, type, annotations, IDL_TARGET_DISCRIMINATOR);
}

/* Which values are left? */
static void check_coverage(idl_parser *parser, open_union *open)
{
    idl_decl *decl = &open->node->decl;
    const bool has_default = open->default_range.line > 0;
    decl->has_implicit_default = false;
    if (open->type == parser->bad_type || open->faulty) {
        return;
    }
    const uint64_t values = count_values(idl_type_resolve(open->type));
    const bool all_covered = values > 0 && open->n_labels == values;
    decl->has_implicit_default = !has_default && !all_covered;
    if (has_default && all_covered) {
        idl_error(parser->diagnostics, IDL_DIAG_USELESS_DEFAULT, &open->default_range,
                  "the labels of union '%s' cover all values: 'default' is for none", decl->name);
    }
}

/* "{" case { case } "}" */
static bool switch_body(idl_parser *parser, open_union *open)
{
    const idl_range brace = parser->token.range;
    if (!idl_parser_expect(parser, '{', "'{'")) {
        return false;
    }
    idl_node *outer = parser->owner;
    idl_node *node = open->node;
    const uint32_t errors = parser->diagnostics->errors;
    idl_enter_scope(parser, node);
    node->is_open = true;
    while (parser->token.kind != IDL_TOKEN_END && !idl_parser_is_mark(parser, '}') && !idl_parser_at_definition(parser)) {
        if (!case_(parser, open)) {
            open->faulty = true;
            idl_parser_recover(parser);
        }
    }
    const uint32_t depth = node->depth;
    node->depth = 0;
    idl_set_depth(parser, node, depth);
    node->is_open = false;
    idl_leave_scope(parser, outer);
    idl_place_nested(parser, node);
    if (node->decl.children == NULL && errors == parser->diagnostics->errors) {
        idl_error(parser->diagnostics, IDL_DIAG_EMPTY_DEFINITION, &node->decl.range, "union '%s' has no members",
                  node->decl.name);
        open->faulty = true;
    }
    return idl_parser_expect_close(parser, &brace);
}

/* union_def = "union" identifier "switch" "(" { annotation_appl } switch_type_spec ")" "{" case { case } "}"
 * union_forward_dcl = "union" identifier */
bool idl_parse_union_dcl(idl_parser *parser, idl_lead lead, idl_node **ret)
{
    idl_token name;
    idl_parser_advance(parser);
    if (idl_parser_is_keyword(parser, IDL_KEYWORD_SWITCH)) { /* not a keyword as a name: the name is missing */
        return idl_parser_unexpected(parser, IDL_DIAG_EXPECTED_NAME, "a name for the union");
    }
    if (!idl_parse_identifier(parser, "a name for the union", &name)) {
        return false;
    }
    if (idl_parser_is_mark(parser, ';') && !idl_has_members(parser->owner)) {
        *ret = idl_declare_forward(parser, idl_find_known(parser, IDL_UNION, &name), IDL_UNION, &name, lead);
        return true;
    }
    idl_node *node = idl_begin_definition(parser, IDL_UNION, &name, lead);
    open_union open = { .node = node, .type = parser->bad_type };
    *ret = node;
    idl_node *outer = parser->owner;
    idl_enter_scope(parser, node); /* so that even a union with a broken body has one */
    idl_leave_scope(parser, outer);
    node->decl.type = parser->bad_type;
    node->is_defined = true; /* also when what follows is broken */
    if (!idl_parser_take_keyword(parser, IDL_KEYWORD_SWITCH)) {
        return idl_parser_unexpected(parser, IDL_DIAG_EXPECTED_WORD, "'switch'");
    }
    if (!idl_parser_expect(parser, '(', "'('")) {
        return false;
    }
    idl_enter_scope(parser, node);
    open.type = switch_type_spec(parser);
    idl_leave_scope(parser, outer);
    node->decl.type = open.type;
    if (!idl_parser_is_mark(parser, ')') && open.type == parser->bad_type) {
        while (parser->token.kind != IDL_TOKEN_END && !idl_parser_is_mark(parser, ')') && !idl_parser_is_mark(parser, '{') &&
               !idl_parser_is_mark(parser, ';')) {
            idl_parser_advance(parser);
        }
    }
    if (!idl_parser_expect(parser, ')', "')'")) {
        return false;
    }
    node->is_defined = false;
    const bool ok = switch_body(parser, &open);
    node->is_defined = true;
    check_coverage(parser, &open);
    idl_check_ids(parser, node);
    return ok;
}
